"""Whoever asks about a target gets the probability and the figure that `targets` has, as the scenario reads it."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.experiments import reach as searching
from simulator.experiments.attribution import attribute
from simulator.experiments.attribution_table import answers, keep_attribution, stored_attribution
from simulator.experiments.cases import Cases, aim_of, changed, headline_of, outcome_function
from simulator.experiments.comparison import compare
from simulator.experiments.early_warning import watch
from simulator.experiments.hinges import answer_of
from simulator.experiments.resting import headline, outcome_of
from simulator.experiments.runs import run, the_machinery
from simulator.experiments.store import Run
from simulator.experiments.sweeps import sweep
from simulator.experiments.update import NewFigure, update
from simulator.foundation.findings import UsageError
from simulator.targets import (
    TargetScore,
    goals_of,
    joint,
    judged_bar,
    judged_level,
    judged_path,
    met,
)

CORE = "tj27_core_revenue"
BASELINE = "scenarios/baseline.yaml"
PICKED = {"readings.core_definition": "same_perimeter", "readings.tier_nesting": "added"}
ASKED = {
    "picked": (BASELINE, PICKED),
    "2018": ("scenarios/plans/tj-2018-2020.yaml", {"readings.related_overlap": "contains"}),
    "jizhou": ("scenarios/plans/jizhou-2018-2020.yaml", {}),
}
MEMBERS = 12


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: run(path, n=MEMBERS, set=changes, out=folder / name, workers=1)
        for name, (path, changes) in ASKED.items()
    }


@pytest.fixture(scope="module", params=ASKED)
def asked(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    return runs[request.param]


def scored(asked: Run) -> dict[str, TargetScore]:
    return {item.key: item for item in asked.targets() if item.probability is not None}


def chance(item: TargetScore) -> float:
    assert item.probability is not None
    return item.probability.value


def median(item: TargetScore) -> float:
    assert item.outcome is not None
    return item.outcome.median


def test_readings_and_moments_make_a_difference_in_what_is_asked(runs: dict[str, Run]) -> None:
    at_year_end = {
        name: {
            item.key: float(np.median(asked.annual(item.series)[:, asked.years.index(item.year)]))
            for item in scored(asked).values()
        }
        for name, asked in runs.items()
    }
    sums = ("tj18_investment", "tj18_new_sales", "tj18_related_revenue")
    for name, keys in (("2018", sums), ("jizhou", ("jz18_sorting_live",))):
        for key in keys:
            goal = next(goal for goal in goals_of(runs[name]) if goal.key == key)
            year = runs[name].years.index(goal.deadline.year)
            plain = runs[name].annual(scored(runs[name])[key].series)[:, year]
            assert not np.array_equal(judged_level(goal, runs[name]), plain), key
            assert at_year_end[name][key] == np.median(plain)
    core = scored(runs["picked"])[CORE]
    assert core.series == "core_scale" and core.read_as
    assert median(core) < np.median(runs["picked"].annual("core_revenue")[:, -1])


def test_update_begins_where_targets_stands(asked: Run) -> None:
    usual = float(np.median(asked.annual("core_revenue")[:, 1]))
    figure = NewFigure("core_revenue", asked.years[1], usual, "亿元", 0.3, "catalogue", "two")
    shifts = {shift.key: shift for shift in update(asked, [figure]).shifts}
    assert shifts.keys() == scored(asked).keys()
    for key, item in scored(asked).items():
        assert shifts[key].before == chance(item)
        assert shifts[key].outcome_before.median == pytest.approx(median(item), rel=1e-9)
        assert shifts[key].unit == item.unit


def test_a_warning_leads_to_what_targets_judges(asked: Run) -> None:
    watched = {item.key: item for item in watch(asked)}
    assert watched.keys() == scored(asked).keys()
    goals = {goal.key: goal for goal in goals_of(asked)}
    for key, item in scored(asked).items():
        found, goal = watched[key], goals[key]
        flags = met(goal, asked)
        assert (found.chance, found.goal, found.unit) == (chance(item), judged_bar(goal), item.unit)
        years, path = judged_path(goal, asked)
        assert found.years == years and np.array_equal(path[:, -1], judged_level(goal, asked))
        for members, quantiles in ((flags, found.path), (~flags, found.path_failed)):
            if members.any():
                assert quantiles[2, -1] == np.median(path[members, -1])
        annual = asked.annual(item.series)[:, : len(years)]
        assert (found.counted is None) == np.array_equal(path, annual), key


def test_doubt_is_parted_for_what_targets_judges(asked: Run) -> None:
    for goal in headline(asked, list(scored(asked))):
        level = outcome_of(asked, goal)
        assert level is not None
        own = judged_level(goal, asked)
        assert np.array_equal(np.argsort(level, kind="stable"), np.argsort(own, kind="stable"))
        assert float(np.median(own)) == pytest.approx(median(scored(asked)[goal.key]))


def test_an_aim_is_met_as_targets_says_and_on_its_side_of_the_bar(asked: Run) -> None:
    for key, item in scored(asked).items():
        aim = aim_of(asked.scenario, key, asked)
        flags, (goal,) = aim.flags(asked), aim.goals
        level = aim.levels(asked)[:, 0]
        assert flags.mean() == chance(item) and np.median(level) == pytest.approx(median(item))
        passed = level > judged_bar(goal) if goal.comparator == ">" else level >= judged_bar(goal)
        assert np.array_equal(passed, flags)
    for plan in joint(goals_of(asked), asked):
        together = aim_of(asked.scenario, f"joint:{plan.document}", asked)
        assert together.flags(asked).mean() == plan.probability.value


def test_precision_is_measured_on_what_targets_judges(asked: Run) -> None:
    for key, item in scored(asked).items():
        wanted, judge = the_machinery().judge(asked, key)
        assert wanted == key and judge(asked).mean() == chance(item)


def test_a_comparison_judges_both_as_the_first_reads_them(runs: dict[str, Run]) -> None:
    compared = compare(runs["picked"], runs["picked"])
    for row in compared.targets:
        if not row.published:
            assert (
                row.probability_first
                == row.probability_this
                == chance(scored(runs["picked"])[row.key])
            )


def test_search_asks_for_the_bar_and_the_levels_that_are_judged(
    monkeypatch: pytest.MonkeyPatch, runs: dict[str, Run]
) -> None:
    seen: dict[str, Any] = {}

    def stop(levers: object, bars: object, *rest: object, **options: object) -> None:
        seen.update(bars=bars)
        raise UsageError("seen", "已见")

    monkeypatch.setattr(searching, "search", stop)
    for name, key, bar in (("picked", "tj27_firms_10yi", 28.0), ("2018", "tj18_investment", 350.0)):
        scenario = runs[name].scenario
        with pytest.raises(UsageError, match="seen"):
            searching.reach(scenario, key, members=3, cases=Cases(workers=1))
        assert list(seen["bars"]) == [bar]


def test_every_question_about_cases_reads_as_its_scenario(runs: dict[str, Run]) -> None:
    scenario, item = runs["picked"].scenario, scored(runs["picked"])[CORE]
    held = Cases(workers=1)
    assert headline_of(runs["picked"]) == CORE
    many = {"g_nat_ai": 0.5}  # a nation that grows fast enough for some to reach the target
    fast = held.evaluate(changed(scenario, many), range(MEMBERS))
    (goal,) = (goal for goal in goals_of(fast) if goal.key == CORE)
    share = float(met(goal, fast).mean())
    assert share != float((fast.annual("core_revenue")[:, -1] > 1000.0).mean())
    (point,) = sweep(scenario, ["g_nat_ai=0.5"], members=MEMBERS, cases=held).points
    assert point.chance.value == share
    asked = outcome_function(scenario, [f"P({CORE})"], range(MEMBERS), held)
    assert asked()[f"P({CORE})"] == chance(item) and asked(**many)[f"P({CORE})"] == share
    hinge = answer_of(changed(scenario, many), MEMBERS, f"t-{CORE.replace('_', '-')}", workers=1)
    assert hinge.chance == share and np.array_equal(hinge.revenue, judged_level(goal, fast))
    plain = changed(scenario, {"tj27_funds": 500.0})
    shared = attribute(scenario, plain, members=MEMBERS, cases=held)
    assert shared.outcomes[1].after == chance(item)
    assert shared.aim.goals == (next(g for g in goals_of(runs["picked"]) if g.key == CORE),)
    keep_attribution(runs["picked"], shared)
    assert answers(stored_attribution(runs["picked"]), runs["picked"], plain, MEMBERS)


@pytest.mark.parametrize("forgotten", ["targets_due", "read"])
def test_goals_come_from_one_place_so_that_readings_cannot_be_forgotten(forgotten: str) -> None:
    """Only `goals_of`, which has the scenario with the outcomes, makes goals; two modules try readings on purpose."""
    importing = re.compile(rf"from simulator\.targets import [^()\n]*\b{forgotten}\b|"
                           rf"from simulator\.targets import \([^)]*\b{forgotten}\b")  # fmt: skip
    sources = Path("simulator").rglob("*.py")
    found = {str(path) for path in sources if importing.search(path.read_text(encoding="utf-8"))}
    trying = {"simulator/readings.py", "simulator/experiments/split.py"}
    assert found == (trying if forgotten == "read" else set())


def test_no_one_else_reads_a_series_at_a_deadline() -> None:
    """The year of a deadline is no place in a series: `judged_level` knows the moment and what is counted."""
    at_deadline = re.compile(r"years\.index\([^)]*(deadline|\.year)\b")
    for path in Path("simulator").rglob("*.py"):
        if path.name != "targets.py":
            for line in path.read_text(encoding="utf-8").splitlines():
                assert "deadline" not in line or not at_deadline.search(line), f"{path}: {line}"
