"""A search for packages on a toy whose frontier is known, and on the model in a small form."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest

from simulator.experiments.cases import Cases, Factor, lever_factors
from simulator.experiments.intervals import Estimate
from simulator.experiments.reach import (
    Frontier,
    Lever,
    Run,
    Runner,
    Surface,
    Who,
    best_within,
    levers_for,
    overtaken,
    reach,
    search,
)
from simulator.foundation.findings import UsageError
from simulator.registry import Name
from simulator.scenario import load_scenario

NORMAL = NormalDist()
EFFECTS = (0.10, 0.06, 0.02, 0.0)
COSTS = (1.0, 1.0, 2.0, 1.0)
HIGHS = (5.0, 5.0, 10.0, 3.0)
SPREAD, GOAL = 0.4, 0.8  # ln Y = spread · z + Σ effect · dose, to exceed the goal


def lever(j: int, assumed: bool = True) -> Lever:
    factor = Factor(
        f"l{j}", "lever", Name("杠杆", "lever"), "1", 0.0, HIGHS[j], 0.0, "assumed", "k"
    )
    return Lever(factor, COSTS[j], assumed)


LEVERS = tuple(lever(j) for j in range(len(EFFECTS)))


def toy_of(generator: np.random.Generator) -> Runner:
    """The toy on drawn members, each with effects of its own."""
    luck = {who: generator.normal(size=count) for who, count in (("choosing", 64), ("fresh", 240))}
    own = {who: generator.normal(1.0, 0.05, (4, z.size)) for who, z in luck.items()}

    def run(packages: Sequence[np.ndarray], who: Who) -> list[Run]:
        few = 12 if who == "scouts" else None
        group = "fresh" if who == "fresh" else "choosing"
        return [_ran(luck[group][:few], own[group][:, :few], doses) for doses in packages]

    return run


def _ran(z: np.ndarray, own: np.ndarray, doses: np.ndarray) -> Run:
    level = np.exp(SPREAD * z + (np.array(EFFECTS) * doses) @ own)[:, np.newaxis]
    return Run(level, level[:, 0] > math.exp(GOAL))


def toy(packages: Sequence[np.ndarray], who: Who) -> list[Run]:
    """Members at the quantiles of a normal; the fresh ones lie between those chosen with."""
    count = {"scouts": 12, "choosing": 400, "fresh": 801}[who]
    z = np.array([NORMAL.inv_cdf((i + 0.5) / count) for i in range(count)])
    return [_ran(z, np.ones((len(EFFECTS), count)), doses) for doses in packages]


def analytic_chance(gain: float) -> float:
    return 1.0 - NORMAL.cdf((GOAL - gain) / SPREAD)


def analytic_cost(level: float) -> float | None:
    """Fill the levers in the order of effect for the money until the gain is there."""
    gain = GOAL + SPREAD * NORMAL.inv_cdf(level)
    cost = 0.0
    for effect, price, high in zip(EFFECTS, COSTS, HIGHS, strict=True):
        if effect == 0.0:
            continue
        dose = min(high, max(gain, 0.0) / effect)
        gain, cost = gain - dose * effect, cost + dose * price
    return cost if gain <= 1e-9 else None


def found(**rest: object) -> Frontier:
    goal, flow = np.array([math.exp(GOAL)]), np.array([True])
    return search(LEVERS, goal, flow, toy, **rest)  # type: ignore[arg-type]


def test_the_frontier_of_a_monotone_toy_is_the_analytic_one() -> None:
    front = found(levels=(0.3, 0.5, 0.65))
    for level in front.levels:
        wanted = analytic_cost(level.level)
        assert wanted is not None and level.package is not None
        assert level.status in ("reached", "within_error")
        assert level.package.cost == pytest.approx(wanted, rel=0.03, abs=0.1)
    for package in front.packages:
        gain = float(np.dot([e for e in EFFECTS if e], package.doses))
        assert package.fresh.value == pytest.approx(analytic_chance(gain), abs=0.01)
        # No cheaper way to the same gain exists.
        best = analytic_cost(analytic_chance(gain))
        assert best is not None and package.cost <= best * 1.05 + 0.2


def test_the_levers_that_bind_and_idle_and_rank_are_named() -> None:
    front = found(levels=(0.5, 0.65))
    assert [item.key for item in front.idle] == ["l3"]
    assert [row.key for row in front.ranking] == ["l0", "l1", "l2"]
    half, more = (level.package for level in front.levels)
    assert half is not None and half.binding == "l0"  # the first lever is used up, the second not
    assert more is not None and more.binding == "l0"
    assert half.assumed_share == 1.0


def test_an_unreachable_target_is_reported_as_such() -> None:
    front = found(levels=(0.65, 0.99))
    top = analytic_chance(float(np.dot(EFFECTS, HIGHS)))
    assert top < 0.99
    assert front.levels[1].status == "not_reachable" and front.levels[1].package is None
    assert front.best.fresh.value == pytest.approx(top, abs=0.01)


def test_a_budget_that_is_too_small_is_told_apart_from_the_bounds() -> None:
    front = found(levels=(0.2, 0.65, 0.99), budget=6.0)
    assert [level.status for level in front.levels[1:]] == ["over_budget", "not_reachable"]
    assert all(package.cost <= 6.0 + 1e-6 for package in front.packages)
    assert front.best.cost == pytest.approx(6.0, abs=0.05)


def test_a_lever_that_harms_is_left_alone() -> None:
    def harmful(packages: Sequence[np.ndarray], who: Who) -> list[Run]:
        turned = [np.array([doses[0], -doses[1], doses[2], doses[3]]) for doses in packages]
        return toy(turned, who)

    goal, flow = np.array([math.exp(GOAL)]), np.array([True])
    front = search(LEVERS, goal, flow, harmful, levels=())
    assert front.best.doses[1] == pytest.approx(0.0, abs=1e-6)
    assert front.best.doses[0] == pytest.approx(HIGHS[0], abs=1e-3)


def test_the_slope_of_the_surface_is_that_of_its_chance() -> None:
    rng = np.random.default_rng(5)
    base = np.exp(rng.normal(0.0, 0.3, (50, 2)))
    half = base * np.exp(rng.uniform(0.0, 0.2, (4, 50, 2)))
    full = half * np.exp(rng.uniform(0.0, 0.2, (4, 50, 2)))
    surface = Surface(LEVERS, np.array([1.3, 1.2]), np.array([True, False]), base, half, full)
    doses = np.array([1.0, 4.0, 2.0, 0.5])
    slope = surface.slope(doses)
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-5
        measured = (surface.chance(doses + step) - surface.chance(doses - step)) / 2e-5
        assert slope[j] == pytest.approx(measured, rel=1e-4, abs=1e-7)
    assert best_within(surface, 3.0, [doses]) @ surface.cost <= 3.0 + 1e-6


def test_ranks_flip_under_uncertain_costs_as_often_as_lognormals_cross() -> None:
    def row(j: int, gain: float, assumed: bool = True) -> tuple[Lever, Estimate, float]:
        return lever(j, assumed), Estimate(gain, gain, gain), 1.0

    assert overtaken(row(0, 0.2), row(1, 0.2)) == pytest.approx(0.5)
    assert overtaken(row(0, 0.2), row(1, 0.02)) < 0.001
    wide = overtaken(row(0, 0.2), row(1, 0.15))
    assert overtaken(row(0, 0.2, False), row(1, 0.15, False)) < wide < 0.5
    assert overtaken(row(0, 0.2), None) == 0.0


def test_words_that_mean_nothing_are_refused() -> None:
    scenario = load_scenario("scenarios/baseline.yaml")
    with pytest.raises(UsageError, match="did you mean tj27_funds"):
        levers_for(scenario, ["tj27_fund"])
    with pytest.raises(UsageError, match="between 0 and 1"):
        reach(scenario, "tj27_core_revenue", levels=(50.0,))
    only = levers_for(scenario, ["fund"])
    assert {item.factor.group for item in only} == {"fund"}
    assert {item.key for item in only} <= {factor.key for factor in lever_factors(scenario)}


def test_the_model_is_searched_and_says_not_reachable() -> None:
    scenario = load_scenario("scenarios/baseline.yaml")
    cases = Cases(workers=1)
    result = reach(
        scenario,
        "tj27_core_revenue",
        levels=(0.95,),
        only=["tj27_funds", "tj27_benchmarks"],
        members=4,
        fresh=4,
        cases=cases,
    )
    assert result.frontier.levels[0].status == "not_reachable"
    assert result.frontier.best.fresh.members == 4
    assert result.frontier.best.cost > 0.0
    assert result.own_cost == pytest.approx(63.0)
