"""Early warning: what has to be seen by when, if a target is still to be reached.

For each target with a yearly series: the path of the members that reach it, and for each year and observable the
level below which success is unlikely. A rule is learned on half of the members and judged on the other half: how
many failures it announced (hits) and how many successes it wrote off (false alarms).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulator.experiments.fan import QUANTILES
from simulator.experiments.inference import Flags, Floats
from simulator.experiments.store import Run
from simulator.observables import Observable
from simulator.registry import Name
from simulator.targets import (
    Goal,
    goals_of,
    judged_at,
    judged_bar,
    judged_path,
    measured_by,
    met,
)

UNLIKELY: Final = 0.2
FEWEST: Final = 20
ENOUGH_HITS, MOST_FALSE = 0.5, 0.2
"""A rule is worth acting on when it catches half of the failures and writes off at most a fifth of the successes."""
OBSERVABLES: Final = (
    "core_revenue",
    "core_revenue_published",
    "catalogue_firms",
    "firms_10",
    "firms_50",
    "software_revenue",
    "arrivals",
    "entries",
    "fund_paid_in",
    "fund_invested",
)
"""City series that a bureau could follow from year to year, beside the target's own."""


class Observed(NamedTuple):
    """What is followed from year to year: yearly figures of a series, or what a target counts by then."""

    series: str
    name: Name
    unit: str
    values: Floats  # (members, years)


@dataclass(frozen=True, slots=True)
class Rule:
    """Below `threshold` in `year`, success was unlikely among the members that taught it.

    On the others: `hits` of those that failed were below, `false_alarms` of those that succeeded were below; `alarms`
    is the share of all that were below, `chance_below` the share of these that succeeded after all.
    """

    series: str
    name: Name
    unit: str
    year: int
    threshold: float
    hits: float
    false_alarms: float
    alarms: float
    chance_below: float
    power: float  # hits less false alarms among the members that taught it; rules are chosen by it


@dataclass(frozen=True, slots=True)
class Watch:
    """One target: yearly path of the members that reach it, and the rules by year and observable.

    `path` is float64[quantiles, years] of what the target is held against, as if it were judged at each year's end, and
    `goal` the bar, both in `unit`; `counted` says what the path holds where it is not the series' own yearly figure.
    `soonest` is the first rule worth acting on, the sharpest of its year. Where success or failure is too rare to learn
    from there are no rules, and `reason` says so.
    """

    key: str
    name: Name
    unit: str
    series: str
    goal: float
    chance: float
    years: tuple[int, ...]
    path: Floats
    path_failed: Floats
    rules: tuple[Rule, ...]
    soonest: Rule | None
    reason: Name | None
    counted: Name | None = None


def watch(run: Run, keys: Sequence[str] = ()) -> tuple[Watch, ...]:
    """Early warning for every scored target of a run, or those of `keys`; paths and rules in table order."""
    found = []
    for goal in goals_of(run):
        if keys and goal.key not in keys:
            continue
        measured = measured_by(goal, run)
        if measured is not None:
            found.append(_watch(run, goal, measured))
    return tuple(found)


def _watch(run: Run, goal: Goal, measured: Observable) -> Watch:
    flags = met(goal, run)
    years, path = judged_path(goal, run)
    yearly = np.array_equal(path, run.annual(measured.key)[:, : len(years)])
    counted = None if yearly else _counted(goal, measured)
    own = Observed(measured.key, goal.name if counted else measured.name, goal.unit, path)
    reached, failed = int(flags.sum()), int((~flags).sum())
    rules: tuple[Rule, ...] = ()
    reason = None
    if min(reached, failed) < FEWEST:
        reason = Name(
            f"{run.n} 个成员中仅 {min(reached, failed)} 个{'达标' if reached < failed else '未达标'}，不足以学习",
            f"only {min(reached, failed)} of {run.n} members {'reach' if reached < failed else 'miss'} it: "
            "too few to learn from",
        )
    else:
        others = (name for name in OBSERVABLES if name in run.series and name != own.series)
        watched = (own, *(_observed(run, name) for name in others))
        rules = tuple(
            rule
            for position, year in enumerate(years[1:-1], 1)
            for item in watched
            if (rule := _rule(item, position, year, flags)) is not None
        )
    sound = [r for r in rules if r.hits >= ENOUGH_HITS and r.false_alarms <= MOST_FALSE]
    soonest = min(sound, key=lambda rule: (rule.year, -rule.power), default=None)
    nothing = np.full((len(QUANTILES), len(years)), np.nan)
    return Watch(
        goal.key,
        goal.name,
        own.unit,
        own.series,
        judged_bar(goal),
        float(flags.mean()),
        years,
        np.quantile(path[flags], QUANTILES, axis=0) if reached else nothing,
        np.quantile(path[~flags], QUANTILES, axis=0) if failed else nothing,
        rules,
        soonest,
        reason,
        counted,
    )


def _observed(run: Run, series: str) -> Observed:
    described = run.describe(series)
    name = Name(described.name_zh, described.name_en)
    return Observed(series, name, described.unit, run.annual(series))


def _counted(goal: Goal, measured: Observable) -> Name:
    """What the path of a goal holds where it is not the yearly figures of the series."""
    moment = judged_at(goal)
    return Name(
        f"各年所列为该目标至当年末计得之数，末年计至 {moment}（依据：{measured.name.zh}）",
        f"each year: what the target counts by its end, at last by {moment} (from {measured.name.en})",
    )


def _rule(observed: Observed, position: int, year: int, flags: Flags) -> Rule | None:
    """The threshold below which success was unlikely among every second member, judged on the others."""
    values = observed.values[:, position]
    teach = np.arange(len(values)) % 2 == 0
    threshold = lowest_hope(values[teach], flags[teach])
    if threshold is None:
        return None
    low, good = values[teach] < threshold, flags[teach]
    below, met_held = values[~teach] < threshold, flags[~teach]
    if not met_held.any() or met_held.all():
        return None
    return Rule(
        observed.series,
        observed.name,
        observed.unit,
        year,
        threshold,
        float(below[~met_held].mean()),
        float(below[met_held].mean()),
        float(below.mean()),
        float(met_held[below].mean()) if below.any() else 0.0,
        float(low[~good].mean() - low[good].mean()),
    )


def lowest_hope(values: Floats, flags: Flags) -> float | None:
    """The level at which success stops being unlikely: the smallest value from which on its share is `UNLIKELY`.

    The share is the isotonic regression of success on the value (pooled adjacent violators), so that it never falls as
    the value rises. None where no value separates: all likely, or all unlikely.
    """
    levels, place = np.unique(values, return_inverse=True)
    count = np.bincount(place).astype(np.float64)
    share = isotonic(np.bincount(place, flags) / count, count)
    hopeful = np.flatnonzero(share >= UNLIKELY)
    if not len(hopeful) or hopeful[0] == 0:
        return None
    return float(levels[hopeful[0]])


def isotonic(shares: Floats, weights: Floats) -> Floats:
    """The nearest sequence that never falls, in weighted squares (pooled adjacent violators)."""
    blocks: list[list[float]] = []  # mean, weight, length
    for mean, weight in zip(shares.tolist(), weights.tolist(), strict=True):
        blocks.append([mean, weight, 1.0])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            later = blocks.pop()
            total = blocks[-1][1] + later[1]
            blocks[-1][0] = (blocks[-1][0] * blocks[-1][1] + later[0] * later[1]) / total
            blocks[-1][1], blocks[-1][2] = total, blocks[-1][2] + later[2]
    return np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])
