"""Under which conditions a target is reached or missed: boxes found by the patient rule induction method (PRIM).

Every member draws its own assumptions; the doses of levers are laid over their bounds by a Sobol design, one point a
member. PRIM peels the box of all members, 5 % of what is left at a time, at the end that raises the share of hits
most for what it takes away. Half of the members find the box, the other half test it; a condition stays only if
dropping it would lower the share of hits by more than chance explains.

The method is short, so it is written out here: the one kept library that has it takes seconds to import and brings a
simulation framework along; a test holds the two against each other.
Source: Friedman and Fisher (1999); Bryant and Lempert (2010) for the test of conditions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import (
    Aim,
    Cases,
    Factor,
    aim_of,
    assumption_factors,
    changed,
    headline_of,
    lever_factors,
)
from simulator.experiments.sensitivity import values_at
from simulator.foundation.findings import UsageError
from simulator.registry import Name
from simulator.scenario import Scenario
from simulator.targets import Probability, probability

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
PEEL: Final = 0.05
LEAST_MASS: Final = 0.05
SIGNIFICANT: Final = 0.05


class Box(NamedTuple):
    """A box in the space of factors: `low`, `high` by factor; infinite where a side was never peeled.

    `coverage` is the share of all hits inside, `density` the share of hits among those inside, `mass` the share of
    members inside.
    """

    low: Floats
    high: Floats
    coverage: float
    density: float
    mass: float

    def inside(self, table: Floats) -> Flags:
        """Which rows of (members, factors) lie in the box."""
        return np.asarray(((table >= self.low) & (table <= self.high)).all(axis=1))


class Tested(NamedTuple):
    """A box on members that took no part in finding it; as of `Box`, with Wilson intervals."""

    coverage: Probability
    density: Probability
    mass: Probability


class Condition(NamedTuple):
    """One side condition of a box, and how likely chance alone would make it as useful (binomial test)."""

    factor: Factor
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """The box found for one target, tested on members that took no part in finding it.

    `hits` is the share of all members that reach the target (or miss it, when `missed`). `tested` is the same box on
    the other half; `failed` members had no result and are left out. `table` and `flags` hold the members for figures:
    (members, factors) and (members,).
    """

    scenario: Scenario
    aim: Aim
    missed: bool
    hits: Probability
    members: int
    failed: int
    conditions: tuple[Condition, ...]
    found: Box
    tested: Tested
    trajectory: tuple[Box, ...]
    factors: tuple[Factor, ...]
    table: Floats
    flags: Flags


def discover(
    scenario: Scenario,
    target: str = "",
    *,
    missed: bool = False,
    members: int = 500,
    levers: bool = True,
    published: bool = False,
    cases: Cases | None = None,
) -> Discovery:
    """Find the conditions under which a target is reached, or `missed`.

    With `levers`, doses vary over their bounds; without, the scenario's own doses stay. UsageError for an unknown
    target, fewer than 40 members, or a target that every member or none reaches.
    """
    if members < 40:
        raise UsageError(
            f"discover needs at least 40 members; found {members}",
            f"discover 至少需要 40 个成员；给出 {members} 个",
        )
    held = cases or Cases()
    held.plan(members)
    doses = lever_factors(scenario) if levers else ()
    drawn = assumption_factors(scenario)
    if doses:
        from scipy.stats import qmc

        power = math.ceil(math.log2(members))
        design = qmc.Sobol(len(doses), rng=np.random.default_rng(scenario.seed)).random_base2(power)
        scenarios = [changed(scenario, values_at(doses, point)) for point in design[:members]]
        each = [range(m, m + 1) for m in range(members)]
        every = held.evaluate_all(scenarios, each, every=False)
        outcomes = [outcome for outcome in every if outcome.members.size]
    else:
        whole = held.evaluate(scenario, range(members))
        outcomes = [whole.only(whole.members[m : m + 1]) for m in range(len(whole.members))]
    aim = aim_of(scenario, target or headline_of(outcomes[0]), outcomes[0], published)
    flags = np.array([bool(aim.flags(outcome)[0]) for outcome in outcomes]) != missed
    table = np.array(
        [
            [
                *(_dose(outcome.scenario, factor) for factor in doses),
                *(float(outcome.parameters(factor.key)[0]) for factor in drawn),
            ]
            for outcome in outcomes
        ]
    )
    if flags.all() or not flags.any():
        word = Name("全部", "every member") if flags.all() else Name("没有一个", "no member")
        verb = Name("未实现", "misses") if missed else Name("实现", "reaches")
        raise UsageError(
            f"{word.en} of {len(flags)} {verb.en} {aim.key}: no conditions to find",
            f"{len(flags)} 个成员中{word.zh}{verb.zh} {aim.key}：无条件可寻",
        )
    factors = (*doses, *drawn)
    finding, testing = slice(0, None, 2), slice(1, None, 2)
    trajectory = peel(table[finding], flags[finding])
    chosen, conditions = _plain(choose(trajectory), factors, table[finding], flags[finding])
    tested = box_on(chosen, table[testing], flags[testing])
    return Discovery(
        scenario,
        aim,
        missed,
        probability(flags),
        len(flags),
        members - len(flags),
        conditions,
        chosen,
        tested,
        trajectory,
        factors,
        table,
        flags,
    )


def peel(
    table: Floats, flags: Flags, alpha: float = PEEL, least: float = LEAST_MASS
) -> tuple[Box, ...]:
    """The boxes of one peeling, the first with everything in it; each takes a slice of the one before.

    `table` is (rows, factors), `flags` (rows,). A slice holds at least one row and at most `alpha` of what is left
    plus ties. The gain compared is the rise of density for the share of rows taken (the lenient criterion).
    """
    low = np.full(table.shape[1], -np.inf)
    high = np.full(table.shape[1], np.inf)
    boxes = [_boxed(low, high, table, flags)]
    inside = np.ones(len(table), dtype=np.bool_)
    while True:
        own, hit = table[inside], flags[inside]
        best: tuple[float, int, bool, float] | None = None
        for j in range(table.shape[1]):
            for upper in (False, True):
                edge = float(np.quantile(own[:, j], 1.0 - alpha if upper else alpha))
                keep = own[:, j] < edge if upper else own[:, j] > edge
                if keep.all() or not keep.any():
                    continue
                limit = float(own[keep, j].max() if upper else own[keep, j].min())
                gain = (hit[keep].mean() - hit.mean()) / (1.0 - keep.mean())
                if best is None or gain > best[0]:
                    best = (float(gain), j, upper, limit)
        if best is None or best[0] <= 0.0:
            return tuple(boxes)
        _, j, upper, limit = best
        low, high = low.copy(), high.copy()
        (high if upper else low)[j] = limit
        box = _boxed(low, high, table, flags)
        if box.mass < least:
            return tuple(boxes)
        boxes.append(box)
        inside = box.inside(table)


def choose(boxes: Sequence[Box]) -> Box:
    """The box with the best balance of coverage and density: their harmonic mean is largest."""
    return max(
        boxes, key=lambda b: 2.0 * b.coverage * b.density / max(b.coverage + b.density, 1e-12)
    )


def box_on(box: Box, table: Floats, flags: Flags) -> Tested:
    """How a box does on other members: `table` (rows, factors), `flags` (rows,)."""
    inside = box.inside(table)
    return Tested(_share(inside[flags]), _share(flags[inside]), _share(inside))


def p_value(j: int, box: Box, table: Floats, flags: Flags) -> float:
    """Chance of at least as many hits among the rows inside if condition j selected nothing (binomial)."""
    from scipy.stats import binom

    low, high = box.low.copy(), box.high.copy()
    low[j], high[j] = -np.inf, np.inf
    without = flags[((table >= low) & (table <= high)).all(axis=1)].mean()
    inside = box.inside(table)
    return float(binom.sf(int(flags[inside].sum()) - 1, int(inside.sum()), float(without)))


def _plain(
    box: Box, factors: Sequence[Factor], table: Floats, flags: Flags
) -> tuple[Box, tuple[Condition, ...]]:
    """The box without the conditions that chance explains, the weakest dropped first."""
    while True:
        bound = [
            j for j in range(len(factors)) if np.isfinite(box.low[j]) or np.isfinite(box.high[j])
        ]
        values = {j: p_value(j, box, table, flags) for j in bound}
        weakest = max(values, key=lambda j: values[j], default=None)
        if weakest is None or values[weakest] <= SIGNIFICANT / max(len(factors), 1):
            rows = [
                Condition(factors[j], float(box.low[j]), float(box.high[j]), values[j])
                for j in sorted(bound, key=lambda j: values[j])
            ]
            return box, tuple(rows)
        low, high = box.low.copy(), box.high.copy()
        low[weakest], high[weakest] = -np.inf, np.inf
        box = _boxed(low, high, table, flags)


def _boxed(low: Floats, high: Floats, table: Floats, flags: Flags) -> Box:
    inside = ((table >= low) & (table <= high)).all(axis=1)
    hits = int(flags[inside].sum())
    total = int(flags.sum())
    return Box(
        low,
        high,
        hits / total if total else 0.0,
        hits / int(inside.sum()) if inside.any() else 0.0,
        float(inside.mean()),
    )


def _share(flags: Flags) -> Probability:
    """A share of members; of none, nothing is known."""
    return probability(flags) if flags.size else Probability(math.nan, 0.0, 1.0, 0)


def _dose(scenario: Scenario, factor: Factor) -> float:
    """The constant dose of a lever in a case."""
    setting = next(item for item in scenario.levers if item.lever.key == factor.key)
    return float(setting.dose.points[0][1])
