"""Made-up answers of decision questions, of realistic size: what their tables and figures are drawn from in tests."""

import math
from datetime import date
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.experiments.attribution import Attributed, Attribution, Group, Share
from simulator.experiments.cases import Aim, assumption_factors, lever_factors
from simulator.experiments.discovery import Condition, Discovery, box_on, choose, peel
from simulator.experiments.early_warning import Rule, Watch
from simulator.experiments.intervals import Estimate
from simulator.experiments.reach import Frontier, Level, Package, Rank, Reach, levers_for
from simulator.experiments.robustness import AS_IT_IS, Across, Robust, Row, Standing, Unavailable
from simulator.experiments.sensitivity import Effect, Sensitivity
from simulator.experiments.sweeps import Axis, Point, Sweep, axis_of
from simulator.policy.ledger import (
    ACCOUNTS,
    APPROPRIATED,
    CITY_BUDGET,
    ENVELOPE,
    YUAN,
    Entry,
    Ledger,
)
from simulator.registry import Name
from simulator.scenario import Scenario, load_scenario
from simulator.targets import Probability, probability

LONG = Name("很长很长的政策工具组合名称" * 4, "a very long name of a group of levers " * 4)


@cache
def scenario(stem: str = "baseline") -> Scenario:
    return load_scenario(f"scenarios/{stem}.yaml")


@cache
def aim() -> Aim:
    sheet = scenario()
    goal = sheet.library.registry.target("tj27_core_revenue")
    return Aim(goal.key, goal.name, (goal,))


def share(hits: int, members: int = 240) -> Probability:
    return probability(np.arange(members) < hits)


def around(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half)


def attribution(*, groups: int = 5, zero: bool = False, long: bool = False) -> Attribution:
    kinds = [kind.name for kind in scenario().library.registry.kinds]
    names = [LONG if long else kinds[i % len(kinds)] for i in range(groups)]
    scale = 0.0 if zero else 1.0

    def parts(size: float, half: float) -> tuple[Share, ...]:
        return tuple(
            Share(
                Group(name, (f"l-{i}",)),
                *(around(scale * size * (-0.4) ** i, scale * half) for _ in range(3)),
                0.0,
            )
            for i, name in enumerate(names)
        )

    def one(key: str, name: Name, unit: str, size: float, half: float, before: float) -> Attributed:
        shares = parts(size, half)
        total = sum(row.share.value for row in shares)
        return Attributed(
            key, name, unit, before, before + total, around(total, scale * half), shares, 0.0, 0.0
        )

    revenue = Name("核心企业营收，2027 年", "Revenue of core enterprises, 2027")
    chance = Name(f"实现概率：{aim().name.zh}", f"Chance of: {aim().name.en}")
    return Attribution(
        scenario("push"),
        scenario(),
        aim(),
        "kind",
        groups <= 8,
        0 if groups <= 8 else 24,
        2**groups,
        200,
        0,
        scale * 141.6,
        (
            one("core_revenue@2027", revenue, "亿元", 46.0, 8.0, 652.0),
            one("P(tj27_core_revenue)", chance, "share", 0.031, 0.02, 0.12),
        ),
    )


def reach(kind: str = "unreachable") -> Reach:
    levers = levers_for(scenario())
    top = np.array([lever.factor.high for lever in levers])
    costs = np.array([lever.cost for lever in levers])

    def package(part: float, chosen: int, fresh: int, binding: str = "") -> Package:
        doses = top * part
        return Package(
            tuple(doses.tolist()),
            float(costs @ doses),
            share(chosen, 64),
            share(fresh),
            binding,
            0.7,
        )

    steps = [(0.0, 6, 20), (0.02, 9, 31), (0.1, 12, 40), (0.3, 15, 55), (0.6, 18, 60)]
    if kind == "nothing":
        steps = [(part, 0, 0) for part, _, _ in steps]
    packages = [package(*step) for step in steps]
    best = package(1.0, *((0, 0) if kind == "nothing" else (22, 75)), "tj27_funds")
    unreached = [Level(level, "not_reachable", None, None) for level in (0.5, 0.8, 0.95)]
    levels = unreached
    if kind == "reached":
        packages = [package(p, int(2.2 * c), int(2.4 * f), "tj27_funds") for p, c, f in steps]
        best = package(1.0, 60, 225)
        cost = packages[3].cost
        levels = [
            Level(0.5, "reached", packages[3], Estimate(cost, 0.8 * cost, 1.3 * cost)),
            Level(0.8, "within_error", best, Estimate(3 * cost, 2 * cost, math.inf)),
            unreached[2],
        ]
    ranks = tuple(
        Rank(lever.key, around(0.06 / (i + 1), 0.02), 100.0 / (i + 1), 0.3 if i == 1 else 0.02)
        for i, lever in enumerate(levers[:10])
    )
    front = Frontier(levers, levers[:2], best, (*packages, best), tuple(levels), ranks, 60)
    return Reach(scenario(), aim(), None, 64, 240, 63.0, share(28), front)


def sensitivity(*, method: Any = "morris", zero: bool = False, wide: bool = False) -> Sensitivity:
    factors = [*assumption_factors(scenario())[:14], *lever_factors(scenario())[:12]]
    if method == "sobol":
        factors = factors[:4]
    top = 1.0 if method == "sobol" else 320.0
    effects = [
        Effect(
            factor,
            around(size, size / 3),
            Estimate(size, size / 2, size * 1.8),
            around(size / 2, size / 4),
        )
        for i, factor in enumerate(factors)
        for size in [0.0 if zero else top * 0.6 * 0.75**i]
    ]
    if wide:
        first = effects[0]
        effects[0] = first._replace(whole=first.whole._replace(low=0.0, high=6.32e18))
    outcome = "P(tj27_core_revenue)" if zero else "core_revenue@2027"
    unit = "share" if zero else "亿元"
    return Sensitivity(
        scenario(), method, outcome, unit, tuple(effects), 16, 2336, 1, 0, 640.0, 210.0
    )


def sweep(kind: str = "curve") -> Sweep:
    texts = {
        "curve": ["loading_national"],
        "heat": ["tj27_funds=0:600:4", "tj27_hq_attraction=0:60:4"],
        "wide": ["tj27_funds=0:600:12", "tj27_hq_attraction=0:60:10"],
        "flat": ["tj27_funds=0:600:4", "tj27_hq_attraction=0:60:4"],
        "zero": ["tj27_funds=0:600:3"],
    }[kind]
    axes = tuple(axis_of(scenario(), text) for text in texts)
    rows = [(x, y) for x in axes[0].values for y in (axes[1].values if len(axes) > 1 else (None,))]
    points = []
    for i, row in enumerate(rows):
        lift = 0.0 if kind in ("flat", "zero") else i / len(rows)
        mean = 0.0 if kind == "zero" else 600.0 + 90.0 * lift
        values = tuple(x for x in row if x is not None)
        points.append(
            Point(
                values, around(mean, 0.03 * mean), 0.5 * mean, 1.7 * mean, share(int(20 * lift), 48)
            )
        )
    return Sweep(scenario(), "grid", axes, "core_revenue@2027", "亿元", aim(), 48, tuple(points))


def spread_sweep() -> Sweep:
    axes = tuple(
        Axis(axis_of(scenario(), key).factor, (0.0, 1.0))
        for key in ("tj27_funds", "tj27_hq_attraction", "m_crowdin")
    )
    rng = np.random.default_rng(1)
    points = tuple(
        Point(
            tuple(axis.factor.at(float(x)) for axis, x in zip(axes, row, strict=True)),
            around(600.0 + 80.0 * float(row.sum()), 15.0), 300.0, 1100.0, share(int(9 * row.sum()), 48),
        )
        for row in rng.random((16, 3))
    )  # fmt: skip
    return Sweep(scenario(), "sobol", axes, "core_revenue@2027", "亿元", aim(), 48, points)


def discovery(conditions: int = 2, *, missed: bool = False) -> Discovery:
    factors = (*lever_factors(scenario()), *assumption_factors(scenario()))
    rng = np.random.default_rng(2)
    table = np.array([[factor.at(float(u)) for factor in factors] for u in rng.random(300)])
    for j, factor in enumerate(factors):
        table[:, j] = [factor.at(float(u)) for u in rng.random(300)]
    keys = ["g_nat_ai", "loading_national", "tj27_funds"][:conditions]
    places = [next(j for j, f in enumerate(factors) if f.key == key) for key in keys]
    edges = [float(np.quantile(table[:, j], 0.6)) for j in places]
    inside = np.ones(300, dtype=bool)
    for j, edge in zip(places, edges, strict=True):
        inside &= table[:, j] >= edge
    flags = rng.random(300) < np.where(inside, 0.55, 0.05)
    trajectory = peel(table[::2], flags[::2])
    low = np.full(len(factors), -np.inf)
    low[places] = edges
    box = choose(trajectory)._replace(low=low, high=np.full(len(factors), np.inf))
    told = tuple(
        Condition(factors[j], edge, np.inf, 1e-5) for j, edge in zip(places, edges, strict=True)
    )
    tested = box_on(box, table[1::2], flags[1::2])
    return Discovery(
        scenario(), aim(), missed, probability(flags), 300, 0, told, box, tested, trajectory, factors,
        table, flags,
    )  # fmt: skip


MISSING = (Unavailable("node_embargo", Name("节点禁运", "Embargo on a node"), "an equation"),)


def across(*, zero: bool = False) -> Across:
    names = [AS_IT_IS, Name("全国景气", "National boom"), Name("全国低迷", "National slump"),
             Name("投融资寒冬", "Funding winter"), LONG]  # fmt: skip
    size = 0.0 if zero else 600.0
    rows = tuple(
        Row(
            name, 0.5 * size * lift, 0.8 * size * lift, around(size * lift, 0.05 * size),
            1.3 * size * lift, 1.9 * size * lift, share(0 if zero else int(30 * lift), 96),
            around(size * (lift - 1.0), 0.02 * size), around(0.1 * (lift - 1.0), 0.03),
        )
        for name, lift in zip(names, (1.0, 1.3, 0.8, 0.9, 0.7), strict=True)
    )  # fmt: skip
    return Across(scenario(), "core_revenue@2027", "亿元", aim(), 96, rows, MISSING)


def robust(packages: int = 3, *, zero: bool = False) -> Robust:
    rng = np.random.default_rng(3)
    stems = ["push", "baseline", "lean", "no_policy", "adaptive"]
    futures = tuple(Name(f"前景 {i}", f"future {i}") for i in range(63))
    scale = 0.0 if zero else 1.0
    rows = []
    for i in range(packages):
        regrets = scale * i * (10.0 + 8.0 * rng.random(63))
        chances = scale * rng.random(63) * 0.3 / (i + 1)
        sheet = scenario(stems[i])
        rows.append(
            Standing(
                LONG if i == 3 else sheet.name, sheet.stem, 60.0 * (packages - i), 600.0 - regrets, regrets,
                chances, around(float(regrets.max()), scale * 3.0), around(float(regrets.mean()), scale * 2.0),
                Estimate(scale * 0.4 / (i + 1), 0.0, 0.9), share(0, 24),
            )
        )  # fmt: skip
    shares = [Estimate(x, x / 2, 1.5 * x) for x in (0.04, 0.12, 0.01, 0.6)]
    return Robust(
        scenario(),
        "core_revenue@2027",
        aim(),
        0.1,
        24,
        futures,
        tuple(rows),
        *shares,
        4,
        0.93,
        MISSING,
    )


def ledger(*, empty: bool = False) -> Ledger:
    """Budgets of three kinds over three years, paid into accounts that differ ten thousandfold."""
    rng = np.random.default_rng(4)
    kinds = [kind.id for kind in scenario().library.registry.kinds][:4]
    sinks = [account.key for account in ACCOUNTS if account.role != "source"]
    entries = []
    for year in (2025, 2026, 2027):
        for k, kind in enumerate([] if empty else kinds):
            amount = np.full(64, int(YUAN * 60.0 / 4**k))
            entries.append(Entry(year, ENVELOPE, APPROPRIATED, f"l-{kind}", kind, "", amount))
        for k, sink in enumerate(sinks):
            drawn = (
                YUAN * 300.0 * 10.0 ** (-4 * k / len(sinks)) * rng.lognormal(0.0, 0.4, 64)
            ).astype(np.int64)
            entries.append(Entry(year, CITY_BUDGET, sink, "", "", "", drawn))
    return Ledger(tuple(entries), 64)


def calibration() -> Any:
    """What the figure of a fit reads of one."""

    def interval(low: float, high: float) -> Any:
        return SimpleNamespace(low=low, median=(low + high) / 2, high=high)

    factors = assumption_factors(scenario())[:8]
    learned = [
        SimpleNamespace(
            name=factor.key, meaning=factor.name, prior=interval(factor.low, factor.high),
            posterior=interval(factor.reference, factor.high),
            verdict=("moved", "slightly", "prior")[i % 3],
        )
        for i, factor in enumerate(factors)
    ]  # fmt: skip
    return SimpleNamespace(learned=learned, facts=range(9), members=2000, effective=310.0, seed=1)


def backtest() -> Any:
    """What the figure of a backtest reads of one."""
    days = [date(2018, 10, 23), date(2019, 6, 30), date(2022, 4, 1)]
    forecasts = [
        SimpleNamespace(
            origin=day, subject="software", method=method, value=1000.0 * lift, low=700.0 * lift,
            high=1500.0 * lift, outcome=1100.0, moment=SimpleNamespace(id=f"m{year}", last_year=year),
        )
        for day in days
        for year in (2021, 2022)
        for method, lift in (("model", 0.9), ("random_walk", 1.3))
    ]  # fmt: skip
    verdict = Name("未校准：回测不优于随机游走", "uncalibrated: no better than a random walk")
    return SimpleNamespace(
        forecasts=forecasts, ratio=1.1, points=6, members=400, seed=1, verdict=verdict
    )


def watch(*, other: bool = False) -> Watch:
    """A target with a rule on its own series, or on another one."""
    path = np.outer([0.6, 0.8, 1.0, 1.2, 1.6], [500.0, 650.0, 820.0, 1050.0])
    name = Name("名录企业数", "Firms in the catalogue")
    series = "catalogue_firms" if other else "core_revenue"
    rule = Rule(series, name, "家", 2026, 610.0, 0.8, 0.1, 0.6, 0.05, 0.7)
    return Watch(
        aim().key, aim().name, "亿元", "core_revenue", 1000.0, 0.12, (2024, 2025, 2026, 2027),
        path, 0.7 * path, (rule,), rule, None,
    )  # fmt: skip
