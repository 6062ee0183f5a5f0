"""What matters: Morris screening and Sobol indices of an outcome over levers and assumptions.

A factor runs over its bounds (a lever) or its prior (an assumption, by quantile, the extreme 1 % left out). Each
trajectory of Morris, each base point of Sobol, has members of its own, the same in all of its cases: effects are paired
member by member, and trajectories (base points) are independent rows, so that what their jackknife says of an index
holds the doubt of the design and of the members together. Designs are SALib's.
Source: Morris (1991); Campolongo et al. (2007); Saltelli et al. (2010) for S1, Jansen (1999) for ST.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import (
    CaseOutcomes,
    Cases,
    Factor,
    aim_of,
    assumption_factors,
    changed,
    factors_named,
    lever_factors,
    metric_unit,
    metric_values,
)
from simulator.experiments.errors import StoreError
from simulator.experiments.extras import extra
from simulator.experiments.intervals import Estimate, jackknifed
from simulator.foundation.findings import UsageError
from simulator.scenario import Scenario

Floats = npt.NDArray[np.float64]
Method = Literal["morris", "sobol"]
METHODS: Final[tuple[Method, ...]] = ("morris", "sobol")
SIZES: Final[dict[Method, int]] = {"morris": 16, "sobol": 64}
"""Trajectories, or base points, where none are asked for."""
TAIL: Final = 0.01
"""Quantiles of a prior stay this far from 0 and 1, where unbounded priors have no number."""
GRID: Final = 4


class Effect(NamedTuple):
    """One factor's weight in an outcome, each number with its interval.

    Morris: `first` is μ (the mean change over the factor's range), `whole` is μ* (its mean size), `spread` the mean
    distance of single effects from μ (interaction, curvature, members). It stands for σ, which a few trajectories of
    long-tailed effects do not tell: intervals of σ held the truth four times in five only. Sobol: `first` is S1,
    `whole` is ST, `spread` is ST − S1; shares of the whole variance, with that of the members in it.
    """

    factor: Factor
    first: Estimate
    whole: Estimate
    spread: Estimate


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Effects on one outcome, the strongest first.

    `size` trajectories or base points have `members` members each and are `cases` in all; `failed` of them had a member
    without a result and were left out.
    """

    scenario: Scenario
    method: Method
    outcome: str
    unit: str
    effects: tuple[Effect, ...]
    size: int
    cases: int
    members: int
    failed: int
    mean: float
    sd: float


def chosen_factors(scenario: Scenario, words: Sequence[str]) -> tuple[Factor, ...]:
    """Factors by the words `levers`, `assumptions`, or single keys; both groups when no word is given."""
    groups = {"levers": lever_factors(scenario), "assumptions": assumption_factors(scenario)}
    found: dict[str, Factor] = {}
    for word in words or tuple(groups):
        for factor in groups.get(word) or factors_named(scenario, [word]):
            found[factor.key] = factor
    if len(found) < 2:
        raise UsageError("at least two factors are needed", "至少需要两个因素")
    return tuple(found.values())


def sensitivity(
    scenario: Scenario,
    outcome: str = "core_revenue",
    *,
    method: Method = "morris",
    factors: Sequence[str] = (),
    size: int | None = None,
    members: int = 1,
    cases: Cases | None = None,
) -> Sensitivity:
    """Rank factors by their weight in `core_revenue@2027` or `P(tj27_core_revenue)`.

    `size` is the number of trajectories of Morris (each one case more than there are factors) or of base points of
    Sobol (a power of two, each two more), with `members` members each. UsageError for unknown words, a missing
    library, or a Sobol size that is no power of two.
    """
    over = chosen_factors(scenario, factors)
    rows = SIZES[method] if size is None else size
    if rows < 2:
        raise UsageError(
            f"at least two trajectories or base points tell an effect from chance; found {rows}",
            f"至少需要两条轨道或两个基点才能区分影响与偶然；给出 {rows}",
        )
    if method == "sobol" and rows & (rows - 1):
        raise UsageError(
            f"sobol takes a power of two of base points; found {rows}",
            f"sobol 的基点数须为 2 的幂；给出 {rows}",
        )
    design = _design(method, over, rows, scenario.seed)
    held = cases or Cases()
    held.plan(len(design) * members)
    each = len(design) // rows
    found = held.evaluate_all(
        [changed(scenario, values_at(over, point)) for point in design],
        [range(place // each * members, (place // each + 1) * members) for place in range(len(design))],
        every=False,
    )  # fmt: skip
    whole = [row for row in range(rows) if not any(o.failed for o in _of_row(found, row, each))]
    if len(whole) < 2:
        raise StoreError(
            f"only {len(whole)} of {rows} trajectories or base points have results of all members",
            f"{rows} 条轨道或基点中只有 {len(whole)} 条的全部成员都有结果",
        )
    kept = [outcome for row in whole for outcome in _of_row(found, row, each)]
    name, values = outcome_values(kept, outcome)
    points = design.reshape(rows, each, -1)[whole]
    table = values.reshape(len(whole), each)
    if method == "morris":
        effects = _effects(over, elementary_effects(points, table), morris_indices, (1, 2))
    else:
        effects = _effects(over, table, sobol_indices, (1,))
    unit = "share" if outcome.startswith("P(") else metric_unit(name)
    return Sensitivity(
        scenario,
        method,
        name,
        unit,
        effects,
        rows,
        len(design),
        members,
        rows - len(whole),
        float(values.mean()),
        float(values.std()),
    )


def elementary_effects(points: Floats, values: Floats) -> Floats:
    """What each factor's one step of each trajectory did, for its whole range.

    `points` (trajectories, factors + 1, factors) in shares, `values` (trajectories, factors + 1) →
    (trajectories, factors).
    """
    steps = np.diff(points, axis=1)
    which = np.abs(steps).argmax(axis=2)
    size = np.take_along_axis(steps, which[:, :, None], axis=2)[:, :, 0]
    effects = np.empty((len(points), points.shape[2]))
    np.put_along_axis(effects, which, np.diff(values, axis=1) / size, axis=1)
    return effects


def morris_indices(effects: Floats) -> Floats:
    """μ, μ* and the scatter of elementary effects (trajectories, factors); (3, factors)."""
    mean = effects.mean(axis=0)
    return np.stack([mean, np.abs(effects).mean(axis=0), np.abs(effects - mean).mean(axis=0)])


def sobol_indices(values: Floats) -> Floats:
    """S1, ST and ST − S1 of a design without second order, (base points, factors + 2); (3, factors)."""
    first, mixed, second = values[:, :1], values[:, 1:-1], values[:, -1:]
    centre = (first.mean() + second.mean()) / 2
    variance = np.concatenate([first, second]).var()
    if variance <= 0.0:
        return np.zeros((3, mixed.shape[1]))
    main = ((second - centre) * (mixed - first)).mean(axis=0) / variance
    total = 0.5 * ((first - mixed) ** 2).mean(axis=0) / variance
    return np.stack([main, total, total - main])


def values_at(factors: Sequence[Factor], point: Sequence[float] | Floats) -> dict[str, float]:
    """The values of factors at a point of the unit cube."""
    return {
        factor.key: factor.at(
            float(share) if factor.distribution is None else TAIL + (1 - 2 * TAIL) * float(share)
        )
        for factor, share in zip(factors, point, strict=True)
    }


def outcome_values(found: Sequence[CaseOutcomes], outcome: str) -> tuple[str, Floats]:
    """One number a case: the mean of a metric, or the share of members that meet a target; with its full name."""
    if outcome.startswith("P(") and outcome.endswith(")"):
        aim = aim_of(found[0].scenario, outcome[2:-1], found[0])
        return outcome, np.array([float(aim.flags(each).mean()) for each in found])
    pairs = [metric_values(each, outcome) for each in found]
    return pairs[0][0], np.array([float(values.mean()) for _, values in pairs])


def _design(method: Method, over: Sequence[Factor], rows: int, seed: int) -> Floats:
    """SALib's points of the unit cube, (cases, factors); all cases of a row stand together."""
    sample = extra(f"SALib.sample.{method}", "analysis")
    problem = {
        "num_vars": len(over),
        "names": [factor.key for factor in over],
        "bounds": [[0.0, 1.0]] * len(over),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own advice on pandas and on sample sizes
        if method == "morris":
            return np.asarray(sample.sample(problem, rows, num_levels=GRID, seed=seed))
        return np.asarray(sample.sample(problem, rows, calc_second_order=False, seed=seed))


def _of_row(found: Sequence[CaseOutcomes], row: int, each: int) -> Sequence[CaseOutcomes]:
    return found[row * each : (row + 1) * each]


def _effects(
    over: Sequence[Factor],
    rows: Floats,
    indices: Callable[[Floats], Floats],
    signless: Collection[int],
) -> tuple[Effect, ...]:
    """Indices with their intervals, the largest whole first; those at the places `signless` are never negative."""
    plain, positive = (jackknifed(rows, indices, positive) for positive in (False, True))
    found = []
    for i, factor in enumerate(over):
        first, whole, spread = (
            Estimate(*(float(x[k, i]) for x in (positive if k in signless else plain)))
            for k in range(3)
        )
        if indices is morris_indices and abs(first.value) == whole.value > 0.0:
            # All effects have one sign: μ is μ* with it, and as sure.
            first = whole if first.value > 0.0 else Estimate(-whole.value, -whole.high, -whole.low)
        found.append(Effect(factor, first, whole, spread))
    return tuple(sorted(found, key=lambda effect: -effect.whole.value))
