"""A change note between two scenarios or two runs: values set differently, money moved, change expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simulator.experiments.cases import lever_cost
from simulator.experiments.comparison import Comparison, compare_runs
from simulator.experiments.store import open_run
from simulator.policy.effects import lever_tables
from simulator.registry import Data, Name
from simulator.scenario import Difference, LeverSetting, Scenario, differences, load_scenario


class Money(NamedTuple):
    """Budget of a lever that costs another amount than before: totals and years, 亿元."""

    key: str
    name: Name
    before: float
    after: float
    by_year: tuple[tuple[int, float], ...]  # after less before


class Shift(NamedTuple):
    """A lever in force in other years than before; "" where it is not in force at all."""

    key: str
    name: Name
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """What changed from `before` to `after`.

    `expected` are the paired differences, when both are runs of one seed. Budgets are in 亿元 over the period.
    """

    before: Scenario
    after: Scenario
    values: tuple[Difference, ...]
    money: tuple[Money, ...]
    budget_before: float
    budget_after: float
    shifts: tuple[Shift, ...]
    expected: Comparison | None


def change_note(before: Path, after: Path, *, data: Data = None, lang: str = "en") -> ChangeNote:
    """The note between two scenario files or two run folders, or one of each.

    InputError for a file that is no scenario; UsageError where two runs share no members.
    """
    runs = [open_run(path) if path.is_dir() else None for path in (before, after)]
    one, two = (
        run.scenario if run is not None else load_scenario(path, data=data)
        for run, path in zip(runs, (before, after), strict=True)
    )
    opened = [run for run in runs if run is not None]
    expected = (
        compare_runs(opened, [f"core_revenue@{opened[0].years[-1]}"]) if len(opened) == 2 else None
    )
    money, totals = _money(one, two)
    values = differences(one, two, lang)
    return ChangeNote(one, two, values, money, *totals, _shifts(one, two), expected)


def _money(before: Scenario, after: Scenario) -> tuple[tuple[Money, ...], tuple[float, float]]:
    budgets = [_by_year(scenario) for scenario in (before, after)]
    names = {s.lever.key: s.lever.name for scenario in (before, after) for s in scenario.levers}
    rows = []
    for key in names:
        one, two = (budget.get(key, {}) for budget in budgets)
        gaps = {year: two.get(year, 0.0) - one.get(year, 0.0) for year in sorted({*one, *two})}
        if any(abs(gap) > 1e-12 for gap in gaps.values()):
            rows.append(
                Money(key, names[key], sum(one.values()), sum(two.values()), tuple(gaps.items()))
            )
    rows.sort(key=lambda row: -abs(row.after - row.before))
    totals = [sum(sum(years.values()) for years in budget.values()) for budget in budgets]
    return tuple(rows), (totals[0], totals[1])


def _by_year(scenario: Scenario) -> dict[str, dict[int, float]]:
    """Budget of each lever by year, 亿元."""
    sizes = lever_tables(scenario.library).assumptions
    quarters = scenario.period.quarters

    def cost(setting: LeverSetting, year: int) -> float:
        own = [quarter for quarter in quarters if quarter.year == year]
        return lever_cost(setting, sizes[setting.lever.id], own)

    return {
        setting.lever.key: {year: cost(setting, year) for year in scenario.period.years}
        for setting in scenario.levers
    }


def _shifts(before: Scenario, after: Scenario) -> tuple[Shift, ...]:
    windows = [_windows(scenario.levers) for scenario in (before, after)]
    names = {s.lever.key: s.lever.name for s in (*before.levers, *after.levers)}
    return tuple(
        Shift(key, name, windows[0].get(key, ""), windows[1].get(key, ""))
        for key, name in names.items()
        if windows[0].get(key) != windows[1].get(key) and all(key in window for window in windows)
    )


def _windows(levers: Sequence[LeverSetting]) -> dict[str, str]:
    return {item.lever.key: f"{item.dose.start}–{item.dose.end}" for item in levers}
