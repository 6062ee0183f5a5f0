"""Every interval that a table of decisions prints holds what endless members would say, about as often as it claims.

Each question is asked again and again on members of other seeds, on toys that cost nothing. An interval is held against
the known answer of the toy, or against the mean of all the other repetitions; how often it holds it is counted, and an
interval that is always right by being far too wide fails as well.
"""

import math
from collections.abc import Sequence
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest

from simulator.experiments import attribution, reach, robustness, sensitivity
from simulator.experiments.cases import Factor
from simulator.experiments.discovery import Box, box_on
from simulator.experiments.intervals import (
    Estimate,
    change_of_share,
    jackknifed,
    mean_of,
    median_of,
    rank_correlation,
    share_interval,
)
from simulator.registry import Name
from simulator.targets import Probability, probability, wilson
from tests.experiments.test_reach import LEVERS, analytic_chance, analytic_cost, toy_of

NORMAL = NormalDist()
Interval = Estimate | Probability


def check(found: Sequence[Interval], truth: float | None = None, *, least: float = 0.85) -> float:
    """Share of intervals that hold the truth, or the mean of the other repetitions; not far too wide either."""
    values = np.array([each.value for each in found])
    others = (values.sum() - values) / (len(values) - 1)
    wanted = others if truth is None else np.full(len(values), truth)
    low, high = (np.array([getattr(each, end) for each in found]) for end in ("low", "high"))
    share = float(((low <= wanted) & (wanted <= high)).mean())
    closed = np.isfinite(high)
    width = float((high - low)[closed].mean()) / (
        2 * 1.96 * max(float(values[closed].std()), 1e-12)
    )
    assert share >= least, f"{share:.2f} of {len(found)} intervals hold it"
    assert width <= 2.5, f"intervals are {width:.1f} times as wide as the spread of the repetitions"
    return share


def seeds(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng([20270101, seed]) for seed in range(count)]


def test_means_medians_and_changes_of_shares_on_skewed_members() -> None:
    """What `sweep`, `conditions`, `diff` and `compare` print."""
    draws = [generator.lognormal(6.0, 0.5, 48) for generator in seeds(400)]
    check([mean_of(draw) for draw in draws], math.exp(6.0 + 0.125), least=0.91)
    check([median_of(draw) for draw in draws], math.exp(6.0), least=0.93)
    for before, after in ((0.1, 0.3), (0.5, 0.55), (0.02, 0.05)):
        flips = [generator.random(64) for generator in seeds(400)]
        gaps = [(u < after).astype(float) - (u < before) for u in flips]
        check([change_of_share(gap) for gap in gaps], after - before, least=0.93)
    assert (
        change_of_share(np.zeros(64)).high > 0.03
    )  # no flip among 64 is no proof that there is none
    assert mean_of(np.ones(5)) == (1.0, 1.0, 1.0)


def test_a_share_of_nobody_keeps_a_width_and_agrees_with_wilson() -> None:
    """What `update` prints, with the effective number of members."""
    assert share_interval(0.0, 40.0) == pytest.approx(wilson(0, 40))
    assert share_interval(1.0, 12.5)[0] < 0.8
    assert share_interval(0.3, 50.0) == pytest.approx(wilson(15, 50))
    assert share_interval(0.0, 40.0)[1] > 0.08


class TestRankCorrelation:
    """What `explain` prints: members of a normal pair, bent so that only ranks stay, or cut into a few steps."""

    def found(
        self, strength: float, members: int, generator: np.random.Generator, steps: int = 0
    ) -> Estimate:
        one, luck = generator.normal(size=(2, members))
        two = strength * one + math.sqrt(1.0 - strength * strength) * luck
        if steps:
            two = np.floor(steps * np.vectorize(NORMAL.cdf)(two))
        return rank_correlation(np.exp(2.0 * one), two**3)

    @pytest.mark.parametrize("strength", [0.0, -0.35, 0.6, 0.9])
    @pytest.mark.parametrize("members", [12, 64])
    def test_of_normal_pairs(self, strength: float, members: int) -> None:
        truth = 6.0 / math.pi * math.asin(strength / 2.0)  # Pearson (1907)
        runs = [self.found(strength, members, generator) for generator in seeds(400)]
        check(runs, truth, least=0.92)

    @pytest.mark.parametrize("steps", [2, 5])
    @pytest.mark.parametrize("strength", [0.0, 0.6])
    def test_of_counts_with_many_ties(self, strength: float, steps: int) -> None:
        runs = [self.found(strength, 64, generator, steps) for generator in seeds(300)]
        truth = self.found(strength, 400_000, np.random.default_rng(4), steps).value
        check(runs, truth, least=0.92)

    def test_at_the_ends(self) -> None:
        one = np.arange(20.0)
        up, down = rank_correlation(one, np.exp(one)), rank_correlation(one, -one)
        assert up.value == up.high == pytest.approx(1.0) and 0.98 < up.low < up.value
        assert down == pytest.approx((-up.value, -up.high, -up.low))
        assert rank_correlation(one[:4], one[:4]).low < 0.0  # four in order may well be luck
        assert rank_correlation(one[:3], one[:3]) == pytest.approx((1.0, -1.0, 1.0))
        assert rank_correlation(one, np.ones(20)) == (0.0, 0.0, 0.0)
        assert rank_correlation(one[:1], one[:1]) == (0.0, 0.0, 0.0)


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    rows = np.random.default_rng(3).normal(size=(12, 4))
    value, low, high = jackknifed(rows, lambda kept: kept.mean(axis=0))
    for j in range(4):
        assert (value[j], low[j], high[j]) == pytest.approx(mean_of(rows[:, j]))


class TestAttribution:
    """Shapley shares of three groups that work on each other, in a metric and in the chance to pass a goal."""

    EFFECTS = (0.25, 0.12, 0.0)

    def values(
        self, members: int, generator: np.random.Generator
    ) -> dict[frozenset[int], np.ndarray]:
        base = generator.normal(6.0, 0.4, members)
        own = [effect * generator.lognormal(0.0, 0.5, members) for effect in self.EFFECTS]
        every = [frozenset(i for i in range(3) if on[i]) for on in product((0, 1), repeat=3)]
        return {
            on: np.exp(base + sum(own[i] for i in on) + (0.05 if {0, 1} <= on else 0.0))
            for on in every
        }

    def found(
        self, members: int, generator: np.random.Generator, orders: int | None = None
    ) -> tuple[attribution.Attributed, attribution.Attributed]:
        groups = [attribution.Group(Name(str(i), str(i)), (str(i),)) for i in range(3)]
        levels = self.values(members, generator)
        flags = {on: (values > 520.0).astype(float) for on, values in levels.items()}
        still = attribution.unmoved(3, levels)
        walked, _ = attribution.coalitions_of(3, orders, int(generator.integers(1 << 30)))
        name = Name("", "")
        return tuple(  # type: ignore[return-value]
            attribution._attributed("", name, "", groups, values, walked, kind)
            for values, kind in ((levels, None), (flags, still))
        )

    @pytest.mark.parametrize("orders", [None, 4])
    def test_shares_and_totals(self, orders: int | None) -> None:
        truth = self.found(200_000, np.random.default_rng(9))
        runs = [self.found(64, generator, orders) for generator in seeds(150)]
        for k in range(2):
            check([run[k].total for run in runs], truth[k].total.value, least=0.9)
            for i in range(2):
                for part in ("share", "alone", "last"):
                    held = [getattr(run[k].shares[i], part) for run in runs]
                    check(held, getattr(truth[k].shares[i], part).value, least=0.9)
        for run in runs:
            for k in range(2):  # a group that moves nothing has a share of nothing, and surely
                assert run[k].shares[2].alone == (0.0, 0.0, 0.0)


class TestReach:
    """Packages of a toy whose frontier is known, chosen on 64 members and checked on 240 others."""

    def runs(self, count: int) -> list[reach.Frontier]:
        goal, flow = np.array([math.exp(0.8)]), np.array([True])
        return [
            reach.search(LEVERS, goal, flow, toy_of(generator), levels=(0.3, 0.5))
            for generator in seeds(count)
        ]

    def check(self, count: int) -> None:
        runs = self.runs(count)
        effects = np.array([0.10, 0.06, 0.02])
        held = [
            package.fresh.low
            <= analytic_chance(float(effects @ np.array(package.doses)))
            <= package.fresh.high
            for run in runs
            for package in run.packages
        ]
        assert np.mean(held) >= 0.9
        for k, level in enumerate((0.3, 0.5)):
            costs = [run.levels[k].cost for run in runs]
            found = [cost for cost in costs if cost is not None]
            assert len(found) >= 0.9 * count  # both levels lie well within the bounds
            check(found, analytic_cost(level))
        # Gains come from a smoothed surface: held against the other repetitions.
        for key in ("l0", "l1", "l2"):
            check([rank.gain for run in runs for rank in run.ranking if rank.key == key])

    def test_probabilities_costs_and_gains(self) -> None:
        self.check(12)

    @pytest.mark.slow
    def test_probabilities_costs_and_gains_many_times(self) -> None:
        self.check(80)


class TestSensitivity:
    """A product of factors with luck: μ, μ*, scatter and Sobol indices by SALib's designs on members of their own."""

    WEIGHTS = np.array([0.8, 0.5, 0.25, 0.0])

    def factors(self) -> list[Factor]:
        name = Name("因素", "factor")
        return [Factor(f"x{i}", "lever", name, "1", 0.0, 1.0, 0.0, "", "") for i in range(4)]

    def values(self, design: np.ndarray, rows: int, generator: np.random.Generator) -> np.ndarray:
        luck = np.repeat(generator.normal(size=rows), len(design) // rows)
        return np.asarray(np.exp(design @ self.WEIGHTS * (1.0 + 0.2 * luck) + 0.2 * luck))

    def found(
        self, method: sensitivity.Method, size: int, generator: np.random.Generator
    ) -> dict[str, sensitivity.Effect]:
        over, seed = self.factors(), int(generator.integers(1 << 30))
        design = sensitivity._design(method, over, size, seed)
        table = self.values(design, size, generator).reshape(size, -1)
        if method == "morris":
            rows = sensitivity.elementary_effects(design.reshape(size, -1, len(over)), table)
            found = sensitivity._effects(over, rows, sensitivity.morris_indices, (1, 2))
        else:
            found = sensitivity._effects(over, table, sensitivity.sobol_indices, (1,))
        return {effect.factor.key: effect for effect in found}

    @pytest.mark.parametrize(("method", "size"), [("morris", 16), ("sobol", 64)])
    def test_indices(self, method: sensitivity.Method, size: int) -> None:
        runs = [self.found(method, size, generator) for generator in seeds(160)]
        for key, part in product(("x0", "x1", "x2"), ("first", "whole", "spread")):
            check([getattr(run[key], part) for run in runs])
        assert all(run["x3"].whole.high < 0.01 for run in runs)

    def test_indices_are_those_of_the_library(self) -> None:
        from SALib.analyze import morris, sobol

        problem = {"num_vars": 4, "names": [f"x{i}" for i in range(4)], "bounds": [[0.0, 1.0]] * 4}
        generator = np.random.default_rng(8)
        design = sensitivity._design("morris", self.factors(), 12, 1)
        values = self.values(design, 12, generator)
        theirs = morris.analyze(problem, design, values, num_levels=4, num_resamples=2, seed=1)
        rows = sensitivity.elementary_effects(design.reshape(12, 5, 4), values.reshape(12, 5))
        ours = sensitivity.morris_indices(rows)
        for row, key in zip(ours[:2], ("mu", "mu_star"), strict=True):
            assert row == pytest.approx(np.asarray(theirs[key]), rel=1e-9)
        design = sensitivity._design("sobol", self.factors(), 128, 1)
        values = self.values(design, 128, generator)
        theirs = sobol.analyze(problem, values, calc_second_order=False, num_resamples=2, seed=1)
        ours = sensitivity.sobol_indices(values.reshape(128, 6))
        assert ours[0] == pytest.approx(theirs["S1"], abs=0.02)
        assert ours[1] == pytest.approx(theirs["ST"], abs=1e-9)


class TestRobustness:
    """Regrets of three packages over six futures, and where the variance comes from."""

    STRUCTURE, EXTERNAL = np.array([0.0, 25.0, -20.0]), np.array([0.0, 60.0])
    GAPS = np.array([0.0, 8.0, 12.0])

    def values(self, members: int, generator: np.random.Generator) -> np.ndarray:
        """(packages, structures, conditions, members)."""
        base = generator.normal(500.0, 60.0, members)
        external = self.EXTERNAL[:, None] * generator.lognormal(0.0, 0.3, members)
        structure = self.STRUCTURE[:, None] * generator.lognormal(0.0, 0.3, members)
        cell = base + structure[:, None] + external + 0.1 * structure[:, None] * external / 10.0
        # The third package is the best one in all structures but the second.
        turn = np.array([1.0, -1.0, 1.0])[:, None, None]
        own = self.GAPS[:, None] * generator.lognormal(0.0, 0.4, members)
        lift = np.stack([own[0] + 0 * turn, own[1] + 0 * turn, own[2] * turn])
        return np.asarray(cell + lift + generator.normal(0.0, 3.0, (3, *cell.shape)))

    def test_regrets(self) -> None:
        truth = self.values(100_000, np.random.default_rng(1)).reshape(3, 6, -1).mean(axis=2)
        regrets = robustness.regrets_of(truth)
        costs = np.array([1.0, 2.0, 3.0])
        runs = [
            robustness._resampled(self.values(24, generator).reshape(3, 6, -1), costs)
            for generator in seeds(120)
        ]
        for i in range(3):
            check([run[0][i] for run in runs], float(regrets[i].max()), least=0.88)
            check([run[1][i] for run in runs], float(regrets[i].mean()), least=0.88)

    def test_shares_of_variance(self) -> None:
        truth = robustness.variance_shares(self.values(100_000, np.random.default_rng(2))[0])
        runs = [
            robustness.shares_of_variance(self.values(24, generator)[0]) for generator in seeds(120)
        ]
        for k in range(4):
            check([run[k] for run in runs], truth[k], least=0.88)


def test_a_box_on_members_that_did_not_find_it() -> None:
    box = Box(np.array([0.6, -np.inf]), np.array([np.inf, 0.5]), 0.0, 0.0, 0.0)
    runs = []
    for generator in seeds(300):
        table = generator.random((150, 2))
        flags = generator.random(150) < np.where(box.inside(table), 0.7, 0.1)
        runs.append(box_on(box, table, flags))
    check([run.mass for run in runs], 0.2, least=0.92)
    check([run.density for run in runs], 0.7, least=0.92)
    check([run.coverage for run in runs], 0.2 * 0.7 / (0.2 * 0.7 + 0.8 * 0.1), least=0.92)
    empty = box_on(box, np.zeros((5, 2)), np.zeros(5, dtype=bool))
    assert math.isnan(empty.density.value) and (empty.density.low, empty.density.high) == (0.0, 1.0)


def test_what_satisfices_surely_and_possibly() -> None:
    truth = [0.04, 0.07, 0.25, 0.3, 0.6]
    wished = float(np.mean([p >= 0.1 for p in truth]))
    runs = []
    for generator in seeds(200):
        chances = [probability(generator.random(24) < p) for p in truth]
        ends = (np.mean([getattr(c, e) >= 0.1 for c in chances]) for e in ("value", "low", "high"))
        runs.append(Estimate(*map(float, ends)))
    check(runs, wished)
