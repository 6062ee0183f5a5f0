"""What it would take: the cheapest lever packages that lift a target to a wished probability, or that none does.

Three steps. (1) One lever at a time is moved over its bounds on paired members: with the same draws a flow's logarithm
(a count itself) is nearly additive in levers, so these effects, member by member, make a response surface. A few scouts
go first: a lever that moves none of them is idle, and the many that hardly move anybody are taken as linear. (2) On
the surface the best package for a budget is a smooth problem with linear cost and box bounds, solved by scipy's SLSQP;
the package is then run, and the surface is moved onto what the run gave, until they agree. (3) Every package that is
reported is run on fresh members that took no part in choosing it: both probabilities are printed, and how far gains
over the cheapest package differ between them is the winner's curse. The surface only guides; every probability reported
comes from runs. What a level costs is corrected by the fresh members and has their interval, carried from probability
to money along the surface.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import (
    Aim,
    CaseOutcomes,
    Cases,
    Factor,
    aim_of,
    budget_of,
    changed,
    constant,
    cost_is_assumed,
    headline_of,
    lever_cost,
    lever_factors,
)
from simulator.experiments.intervals import Estimate, mean_of
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.policy.effects import lever_tables
from simulator.scenario import Scenario
from simulator.targets import (
    Goal,
    Probability,
    judged_bar,
    judged_level,
    measured_by,
    probability,
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Status = Literal["reached", "within_error", "not_confirmed", "not_reachable", "over_budget"]
Who = Literal["scouts", "choosing", "fresh"]
"""Which members a package is run on; scouts are the first of the choosing ones."""

LEVELS: Final = (0.5, 0.8, 0.95)
ROUNDS: Final = 5
"""Runs of one package at most while the surface is moved onto them."""
FRONTIER_POINTS: Final = 5
SCOUTS: Final = 12
STRAIGHT: Final = 0.02
"""Levers whose effects together make no more than this share of all effects are taken as linear in their dose."""
NEGLIGIBLE: Final = 1e-9
USED: Final = 1e-3
"""A package uses a lever whose dose is above this share of its range."""
COST_LOG_SD: Final = {True: 0.5, False: 0.2}
"""Assumed log spread of a lever's unit cost: a factor of 2.3 either way (90 %) where it is assumed, 1.4 where not."""


class Lever(NamedTuple):
    """One dimension of a package: bounds in `unit`, cost in 亿元 of a unit of dose over the whole period."""

    factor: Factor
    cost: float
    assumed: bool

    @property
    def key(self) -> str:
        """The lever's key."""
        return self.factor.key


class Run(NamedTuple):
    """What running a package gives: levels (members, goals) and whether all goals are met (members,)."""

    levels: Floats
    met: Flags


class Runner(Protocol):
    """Runs packages of doses on scouts, on the members chosen with, or on fresh ones."""

    def __call__(self, packages: Sequence[Floats], who: Who) -> list[Run]:
        """Each package's run, in order; all of one call on the same members."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of doses: cost, the probability it was chosen with, and that on fresh members.

    `binding` is the lever at its upper bound whose further rise would bring most, or "" where money alone stands in
    the way. `assumed_share` is the share of the cost that rests on assumed unit costs.
    """

    doses: tuple[float, ...]
    cost: float
    chosen: Probability
    fresh: Probability
    binding: str
    assumed_share: float


@dataclass(frozen=True, slots=True)
class Level:
    """One wished probability: its cheapest package found, or why there is none.

    `reached` and `within_error` are judged on fresh members, `not_confirmed` met it only on the members it was chosen
    with. `not_reachable` and `over_budget` have no package: the nearest one is no answer. `cost` is what the level
    itself costs by the fresh members, in 亿元 with its interval; infinite where the bounds end before it.
    """

    level: float
    status: Status
    package: Package | None
    cost: Estimate | None


class Rank(NamedTuple):
    """One lever at its upper bound beside all others: what it adds to the probability, its cost, how sure its place is.

    `overtaken` is the probability that the next lever brings more for the money, when unit costs are uncertain.
    """

    key: str
    gain: Estimate
    cost: float
    overtaken: float


@dataclass(frozen=True, slots=True)
class Frontier:
    """What a search found: the best package of each budget by rising cost, the best of all, levels, levers ranked.

    `runs` counts the packages that were run.
    """

    levers: tuple[Lever, ...]
    idle: tuple[Lever, ...]
    best: Package
    packages: tuple[Package, ...]
    levels: tuple[Level, ...]
    ranking: tuple[Rank, ...]
    runs: int

    def used(self, package: Package) -> tuple[tuple[Lever, float], ...]:
        """The levers that a package uses with their doses: those above USED of their range."""
        return tuple(
            (lever, dose)
            for lever, dose in zip(self.levers, package.doses, strict=True)
            if dose > lever.factor.low + USED * (lever.factor.high - lever.factor.low)
        )

    @property
    def curse(self) -> float:
        """How much of their gain over the cheapest package the others lose from the members they were chosen with.

        Few members choose, and theirs may be good or bad luck for every package alike; that is no curse.
        """
        first, *others = self.packages
        gains = [
            (each.chosen.value - first.chosen.value) - (each.fresh.value - first.fresh.value)
            for each in others
        ]
        return float(np.mean(gains)) if gains else 0.0


@dataclass(frozen=True, slots=True)
class Reach:
    """The frontier of a scenario, beside what the scenario itself costs and reaches (on the fresh members)."""

    scenario: Scenario
    aim: Aim
    budget: float | None
    members: int
    fresh_members: int
    own_cost: float
    own: Probability
    frontier: Frontier


class Surface:
    """Levels of every member and goal as a sum of one-lever effects, moved onto packages that were run."""

    def __init__(
        self,
        levers: Sequence[Lever],
        thresholds: Floats,
        logarithmic: Flags,
        base: Floats,
        half: Floats,
        full: Floats,
    ) -> None:
        """`base` (members, goals) at every lower bound; `half`, `full` (levers, members, goals), one lever up."""
        self.low = np.array([lever.factor.low for lever in levers])
        self.high = np.array([lever.factor.high for lever in levers])
        self.cost = np.array([lever.cost for lever in levers])
        self._log = logarithmic
        self._goal = self._scaled(thresholds[np.newaxis])[0]
        self._base = self._scaled(base)
        self._half = self._scaled(half) - self._base
        self._full = self._scaled(full) - self._base
        self._shift = np.zeros_like(self._base)
        gap = self._base + self._full.sum(axis=0) - self._goal
        spread = gap.std(axis=0)
        # A bandwidth that falls slowly with the members (Silverman); counts get half a unit at least.
        silverman = 1.06 * spread * len(gap) ** -0.2
        self._width = np.where(logarithmic, np.maximum(silverman, 1e-3), np.maximum(silverman, 0.5))

    def chance(self, doses: Floats) -> float:
        """Smoothed share of members that meet every goal."""
        return float(self.chances(doses).mean())

    def chances(self, doses: Floats) -> Floats:
        """Smoothed probability of each member, (members,)."""
        return np.asarray(np.prod(self._met(doses), axis=1))

    def slope(self, doses: Floats) -> Floats:
        """Its gradient by dose, (levers,)."""
        from scipy.special import ndtr

        share = self._share(doses)
        z = (self._level(share) - self._goal) / self._width
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / self._width
        each = ndtr(z)
        # Product rule: the density of one goal times the probability of the others.
        others = np.stack(
            [np.prod(np.delete(each, k, axis=1), axis=1) for k in range(z.shape[1])], 1
        )
        weight = density * others
        # d/ds of the quadratic through 0, half and full.
        curve = (4.0 * self._half - self._full) + 4.0 * share[:, None, None] * (
            self._full - 2.0 * self._half
        )
        by_share = np.einsum("mk,jmk->j", weight, curve) / len(weight)
        return np.asarray(by_share / (self.high - self.low))

    def move(self, doses: Floats, run: Run) -> None:
        """Put the surface onto a run: what it missed there is added for every member and goal."""
        self._shift = np.zeros_like(self._base)
        self._shift = self._scaled(run.levels) - self._level(self._share(doses))

    def _share(self, doses: Floats) -> Floats:
        return np.asarray((doses - self.low) / (self.high - self.low))

    def _level(self, share: Floats) -> Floats:
        one = share[:, np.newaxis, np.newaxis]
        quadratic = one * (4.0 * self._half - self._full) + 2.0 * one * one * (
            self._full - 2.0 * self._half
        )
        return np.asarray(self._base + quadratic.sum(axis=0) + self._shift)

    def _met(self, doses: Floats) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr((self._level(self._share(doses)) - self._goal) / self._width))

    def _scaled(self, levels: Floats) -> Floats:
        return _scaled(levels, self._log)


def best_within(surface: Surface, budget: float, starts: Sequence[Floats]) -> Floats:
    """The package with the highest smoothed probability that costs at most `budget` 亿元; SLSQP from each start."""
    from scipy.optimize import minimize

    low, high, cost = surface.low, surface.high, surface.cost
    span = high - low
    spare = budget - float(cost @ low)
    if spare < 0.0:
        return low.copy()
    # In shares of the bounds, and cost as a share of the whole, so that all numbers are near one.
    weights = cost * span
    whole = max(float(weights.sum()), NEGLIGIBLE)
    best, found = low.copy(), surface.chance(low)
    if not len(low):
        return best
    for start in starts:
        share = np.clip((start - low) / span, 0.0, 1.0)
        spent = float(weights @ share)
        if spent > spare:
            share *= spare / spent
        result = minimize(
            lambda s: -surface.chance(low + s * span),
            share,
            jac=lambda s: -surface.slope(low + s * span) * span,
            bounds=[(0.0, 1.0)] * len(low),
            constraints=[
                {
                    "type": "ineq",
                    "fun": lambda s: (spare - weights @ s) / whole,
                    "jac": lambda s: -weights / whole,
                }
            ],
            method="SLSQP",
            options={"maxiter": 120, "ftol": 1e-7},
        )
        for candidate in (share, np.clip(result.x, 0.0, 1.0)):
            spent = float(weights @ candidate)
            if spent > spare:
                candidate = candidate * (spare / spent)
            doses = low + candidate * span
            chance = surface.chance(doses)
            if chance > found + NEGLIGIBLE:
                best, found = doses, chance
    return best


def cheapest_for(
    surface: Surface, level: float, most: float, starts: Sequence[Floats]
) -> Floats | None:
    """The cheapest package whose smoothed probability reaches `level`, by halving the budget; None within `most`."""
    low = float(surface.cost @ surface.low)
    top = best_within(surface, most, starts)
    if surface.chance(top) < level:
        return None
    best, high = top, float(surface.cost @ top)
    for _ in range(14):
        if high - low <= 1e-3 * max(high, 1.0):
            break
        middle = 0.5 * (low + high)
        tried = best_within(surface, middle, [best])
        if surface.chance(tried) >= level:
            best, high = tried, min(middle, float(surface.cost @ tried))
        else:
            low = middle
    return best


def search(
    levers: Sequence[Lever],
    thresholds: Floats,
    logarithmic: Flags,
    run: Runner,
    *,
    levels: Sequence[float] = LEVELS,
    budget: float | None = None,
) -> Frontier:
    """The frontier and the levels, for any runner of packages.

    `thresholds` and `logarithmic` have an entry for each goal. Levers that move no goal of any member stay at their
    lower bound and are named `idle`. UsageError where the budget is below the cost of all lower bounds.
    """
    return _Search(levers, thresholds, logarithmic, run, levels, budget).frontier()


class _Search:
    """One search: the surface, what was run, and how many packages."""

    def __init__(
        self,
        levers: Sequence[Lever],
        thresholds: Floats,
        logarithmic: Flags,
        run: Runner,
        levels: Sequence[float],
        budget: float | None,
    ) -> None:
        self.everything = tuple(levers)
        self.floor = np.array([lever.factor.low for lever in levers])
        self.runner, self.levels, self.budget = run, levels, budget
        self.runs = 0
        self.nothing, whole = self._all_or_nothing(logarithmic)
        self.levers = tuple(levers[j] for j in self.moving)
        bent = [j for j in self.moving if j not in self.straight]
        halves = dict(zip(bent, self.run([self._alone(j, 0.5) for j in bent]), strict=True))
        base = self.nothing.levels
        full = np.array([whole[j].levels for j in self.moving]).reshape(-1, *base.shape)
        half = np.array(
            [
                halves[j].levels if j in halves else _halfway(base, levels, logarithmic)
                for j, levels in zip(self.moving, full, strict=True)
            ]
        ).reshape(full.shape)
        self.surface = Surface(self.levers, thresholds, logarithmic, base, half, full)
        self.most = float(self.surface.cost @ self.surface.high)
        self.limit = self.most if budget is None else min(self.most, budget)
        if self.limit < self.surface.cost @ self.surface.low:
            raise UsageError(
                f"a budget of {budget:g}亿元 is below the cost of all lower bounds",
                f"预算 {budget:g}亿元低于全部下限的费用",
            )

    def _all_or_nothing(self, logarithmic: Flags) -> tuple[Run, dict[int, Run]]:
        """Every lever at its lower bound, and each that moves a scout alone at its upper one."""
        alone = [self._alone(j, 1.0) for j in range(len(self.everything))]
        base, *scouted = self.run([self.floor, *alone], "scouts")
        moves = [bool((each.levels != base.levels).any()) for each in scouted]
        self.moving = [j for j, moved in enumerate(moves) if moved]
        nothing, *full = self.run([self.floor, *(alone[j] for j in self.moving)])
        level = _scaled(nothing.levels, logarithmic)
        spread = np.maximum(level.std(axis=0), NEGLIGIBLE)
        sizes = np.array(
            [
                float((np.abs(_scaled(each.levels, logarithmic) - level) / spread).mean())
                for each in full
            ]
        )
        order = np.argsort(sizes)
        small = np.cumsum(sizes[order]) <= STRAIGHT * sizes.sum()
        self.straight = {self.moving[i] for i in order[small].tolist()}
        return nothing, dict(zip(self.moving, full, strict=True))

    def frontier(self) -> Frontier:
        high = self.surface.high
        (whole,) = self.run_moving([high])
        self.surface.move(high, whole)
        ranking = self._ranking()
        best = self._best(whole)
        found = {level: self._reaching(level, best) for level in self.levels}
        low = self.surface.low
        # What little money buys is where the frontier bends: points lie close at the cheap end.
        bend = np.linspace(0.0, 1.0, FRONTIER_POINTS + 2)[1:-1] ** 2.5
        spent = self._cost(low) + bend * (self._cost(best[0]) - self._cost(low))
        between = [self._at(float(budget), best[0]) for budget in spent]
        points = [(low, self.nothing), *between, best, *(p for p in found.values() if p)]
        fresh = self.run_moving([doses for doses, _ in points], "fresh")
        packages = [self._package(*point, anew) for point, anew in zip(points, fresh, strict=True)]
        reached = iter(zip(points, packages, strict=True))
        for _ in range(len(between) + 2):
            next(reached)
        levels = tuple(
            self._judged(level, *next(reached)) if point else self._refused(level, whole)
            for level, point in found.items()
        )
        idle = tuple(lever for j, lever in enumerate(self.everything) if j not in self.moving)
        return Frontier(
            self.levers,
            idle,
            packages[len(between) + 1],
            tuple(sorted(packages, key=lambda package: package.cost)),
            levels,
            ranking,
            self.runs,
        )

    def run(self, packages: Sequence[Floats], who: Who = "choosing") -> list[Run]:
        self.runs += len(packages)
        return self.runner(packages, who) if packages else []

    def run_moving(self, packages: Sequence[Floats], who: Who = "choosing") -> list[Run]:
        whole = [self.floor.copy() for _ in packages]
        for doses, moving in zip(whole, packages, strict=True):
            doses[self.moving] = moving
        return self.run(whole, who)

    def _alone(self, j: int, share: float) -> Floats:
        doses = self.floor.copy()
        factor = self.everything[j].factor
        doses[j] = factor.low + share * (factor.high - factor.low)
        return doses

    def _cost(self, doses: Floats) -> float:
        return float(self.surface.cost @ doses)

    def _best(self, whole: Run) -> tuple[Floats, Run]:
        """The package with the highest probability that the budget allows."""
        high = self.surface.high
        best = (high, whole) if self.most <= self.limit else (self.surface.low, self.nothing)
        start = high
        for _ in range(ROUNDS):
            doses = best_within(self.surface, self.limit, [start])
            (ran,) = self.run_moving([doses])
            self.surface.move(doses, ran)
            if ran.met.mean() <= best[1].met.mean():
                break
            best, start = (doses, ran), doses
        return best

    def _reaching(self, level: float, best: tuple[Floats, Run]) -> tuple[Floats, Run] | None:
        """The cheapest package found that reaches a level on the members it is chosen with, or comes nearest to it."""
        if best[1].met.mean() < level:
            return None
        kept: tuple[Floats, Run] | None = None
        near, asked = best, level
        for _ in range(ROUNDS):
            doses = cheapest_for(self.surface, asked, self.limit, [near[0]])
            if doses is None:
                break
            (ran,) = self.run_moving([doses])
            self.surface.move(doses, ran)
            near = (doses, ran)
            # The surface is smoothed, the runs are counted: what that differs by is asked on top, a member at least.
            short = level - float(ran.met.mean())
            asked = self.surface.chance(doses) + (
                max(short, 1 / len(ran.met)) if short > 0.0 else short
            )
            if short <= 0.0:
                settled = kept is not None and self._cost(kept[0]) < 1.01 * self._cost(doses)
                if kept is None or self._cost(doses) < self._cost(kept[0]):
                    kept = near
                if settled or short > -1 / len(ran.met):
                    break
        return kept or near

    def _at(self, budget: float, start: Floats) -> tuple[Floats, Run]:
        """The best package for a budget."""
        doses = best_within(self.surface, budget, [start])
        (ran,) = self.run_moving([doses])
        self.surface.move(doses, ran)
        return doses, ran

    def _package(self, doses: Floats, chosen: Run, fresh: Run) -> Package:
        self.surface.move(doses, chosen)
        span = self.surface.high - self.surface.low
        bound = doses >= self.surface.high - 1e-3 * span
        worth = np.where(bound, self.surface.slope(doses) * span, 0.0)
        j = int(np.argmax(worth)) if len(worth) else 0
        costs = self.surface.cost * doses
        assumed = np.array([lever.assumed for lever in self.levers], dtype=np.bool_)
        total = float(costs.sum())
        return Package(
            tuple(doses.tolist()),
            total,
            probability(chosen.met),
            probability(fresh.met),
            self.levers[j].key if len(worth) and worth[j] > 1e-4 else "",
            float(costs[assumed].sum()) / total if total > 0.0 else 0.0,
        )

    def _refused(self, level: float, whole: Run) -> Level:
        capped = self.limit < self.most and float(whole.met.mean()) >= level
        return Level(level, "over_budget" if capped else "not_reachable", None, None)

    def _judged(self, level: float, point: tuple[Floats, Run], package: Package) -> Level:
        cost = self._cost_of(level, point, package)
        if package.fresh.value >= level:
            return Level(level, "reached", package, cost)
        near = package.fresh.high >= level
        return Level(level, "within_error" if near else "not_confirmed", package, cost)

    def _cost_of(self, level: float, point: tuple[Floats, Run], package: Package) -> Estimate:
        """What the level costs if the package's true probability is that of the fresh members, or an end of theirs."""
        doses, chosen = point
        self.surface.move(doses, chosen)
        here = self.surface.chance(doses)

        def cost(probability: float) -> float:
            asked = here + level - probability
            found = cheapest_for(self.surface, asked, self.most, [doses, self.surface.high])
            return math.inf if found is None else self._cost(found)

        fresh = package.fresh
        return Estimate(cost(fresh.value), cost(fresh.high), cost(fresh.low))

    def _ranking(self) -> tuple[Rank, ...]:
        """Levers by probability for the money, each alone above the lower bounds, on the smoothed surface."""
        low, high = self.surface.low, self.surface.high
        rows = []
        for j, lever in enumerate(self.levers):
            top, bottom = high.copy(), high.copy()
            bottom[j] = low[j]
            gain = mean_of(self.surface.chances(top) - self.surface.chances(bottom))
            rows.append((lever, gain, lever.cost * float(high[j] - low[j])))
        rows.sort(key=lambda row: -row[1].value / max(row[2], NEGLIGIBLE))
        return tuple(
            Rank(
                lever.key,
                gain,
                cost,
                overtaken(row, rows[place + 1] if rows[place + 1 :] else None),
            )
            for place, row in enumerate(rows)
            for lever, gain, cost in [row]
        )


def overtaken(
    row: tuple[Lever, Estimate, float], following: tuple[Lever, Estimate, float] | None
) -> float:
    """Probability that the following (lever, gain, cost) brings more for the money when unit costs are lognormal."""
    if following is None or min(row[2], following[2]) <= 0.0:
        return 0.0
    one, two = row[1].value, following[1].value
    if min(one, two) <= 0.0:
        return 0.0
    ahead = math.log(one / row[2]) - math.log(two / following[2])
    spread = math.hypot(COST_LOG_SD[row[0].assumed], COST_LOG_SD[following[0].assumed])
    return 0.5 * math.erfc(ahead / spread / math.sqrt(2.0))


def levers_for(scenario: Scenario, only: Sequence[str] = ()) -> tuple[Lever, ...]:
    """The levers in force that act, with their cost over the period; `only` keeps keys or kinds.

    UsageError for a word in `only` that is neither.
    """
    sizes = lever_tables(scenario.library).assumptions
    quarters = scenario.period.quarters
    by_key = {setting.lever.key: setting for setting in scenario.levers}
    found = []
    for factor in lever_factors(scenario):
        setting = by_key[factor.key]
        size = sizes[setting.lever.id]
        one = dataclasses.replace(setting, dose=constant(setting.dose, 1.0))
        found.append(Lever(factor, lever_cost(one, size, quarters), cost_is_assumed(size)))
    words = {*(lever.key for lever in found), *(lever.factor.group for lever in found)}
    for word in only:
        if word not in words:
            hint = did_you_mean(word, words)
            raise UsageError(
                f"{word!r} is neither an acting lever nor a kind of levers{hint.en}",
                f"{word!r} 既不是起作用的政策工具，也不是工具类别{hint.zh}",
            )
    return tuple(
        lever for lever in found if not only or {lever.key, lever.factor.group} & set(only)
    )


def member_runs(levers: int, members: int, fresh: int, levels: int) -> int:
    """At most about how many member runs a search takes; for telling people ahead."""
    scouts = (1 + levers) * min(SCOUTS, members)
    return (
        scouts
        + (2 * levers + 4 + 3 * levels + FRONTIER_POINTS) * members
        + (FRONTIER_POINTS + 3 + levels) * fresh
    )


def reach(
    scenario: Scenario,
    target: str = "",
    *,
    levels: Sequence[float] = LEVELS,
    budget: float | None = None,
    only: Sequence[str] = (),
    members: int = 64,
    fresh: int = 240,
    published: bool = False,
    cases: Cases | None = None,
) -> Reach:
    """The cheapest lever packages that lift a target, or a plan jointly, to the levels; by default the headline.

    Doses are held constant while a lever is in force; levers not searched keep the scenario's own doses. `budget` in
    亿元 is what the searched levers may cost over the period. Members 0 … `members`−1 choose, the next `fresh` check.
    UsageError for an unknown target or lever, levels outside 0 to 1, or a budget below the lower bounds.
    """
    for level in levels:
        if not 0.0 < level < 1.0:
            raise UsageError(
                f"a level is {level:g}; allowed: between 0 and 1, such as 0.8",
                f"概率水平 {level:g} 无效；允许 0 与 1 之间，例如 0.8",
            )
    levers = levers_for(scenario, only)
    if not levers:
        raise UsageError(
            f"{scenario.stem} has no lever in force that acts",
            f"{scenario.stem} 没有起作用的政策工具",
        )
    held = cases or Cases()
    held.plan(member_runs(len(levers), members, fresh, len(levels)))
    choosing, checking = range(members), range(members, members + fresh)
    asked: dict[Who, range] = {
        "scouts": range(min(SCOUTS, members)),
        "choosing": choosing,
        "fresh": checking,
    }
    first = held.evaluate(scenario, choosing)
    aim = aim_of(scenario, target or headline_of(first), first, published)
    keys = [lever.key for lever in levers]

    def run(packages: Sequence[Floats], who: Who) -> list[Run]:
        chosen = [
            changed(scenario, dict(zip(keys, doses.tolist(), strict=True))) for doses in packages
        ]
        found = held.evaluate_all(chosen, asked[who])
        # A dose fails no founding: the members that fail are the same in every package.
        return [Run(aim.levels(outcome), aim.flags(outcome)) for outcome in found]

    thresholds = np.array([judged_bar(goal) for goal in aim.goals])
    logarithmic = np.array([_is_flow(goal, first) for goal in aim.goals], dtype=np.bool_)
    frontier = search(levers, thresholds, logarithmic, run, levels=levels, budget=budget)
    checked = held.evaluate(scenario, checking)
    cost = budget_of(scenario)
    return Reach(
        scenario,
        aim,
        budget,
        members,
        fresh,
        sum(cost[lever.key] for lever in frontier.levers),
        probability(aim.flags(checked)),
        frontier,
    )


def _is_flow(goal: Goal, outcomes: CaseOutcomes) -> bool:
    """Whether what a goal is held against is a flow above zero, whose logarithm adds up."""
    measured = measured_by(goal, outcomes)
    if measured is None or measured.kind != "flow":
        return False
    above = (outcomes.annual(measured.key) > 0.0).all() and (judged_level(goal, outcomes) > 0).all()
    return bool(above)


def _scaled(levels: Floats, logarithmic: Flags) -> Floats:
    """Levels on the scale on which effects of levers add up."""
    return np.where(logarithmic, np.log(np.maximum(levels, 1e-9)), levels)


def _halfway(base: Floats, full: Floats, logarithmic: Flags) -> Floats:
    """Levels at half a dose that acts in proportion."""
    middle = np.sqrt(np.maximum(base, 1e-9) * np.maximum(full, 1e-9))
    return np.where(logarithmic, middle, (base + full) / 2)
