"""From a number back and from a parameter forward; the life of a firm; the note between two scenarios or runs."""

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.change_note import change_note
from simulator.experiments.explanation import (
    equations_of,
    explain_firm,
    explain_parameter,
    explain_value,
)
from simulator.experiments.runs import run
from simulator.experiments.store import Run, open_run
from simulator.foundation.findings import UsageError
from simulator.reporting.terminal.decisions import value_story
from simulator.scenario import load_scenario

BASELINE = load_scenario("scenarios/baseline.yaml")
PUSH = load_scenario("scenarios/push.yaml")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("stored") / "run"
    changes = {"levers.tj27_funds.size": "110亿元"}
    run("scenarios/baseline.yaml", n=8, out=folder, set=changes)
    return open_run(folder)


def test_equations_are_read_from_the_catalogue() -> None:
    assert equations_of("M1–M3, M9") == ("M1", "M2", "M3", "M9")
    assert equations_of("M16") == ("M16",) and equations_of("") == ()


def test_a_value_leads_back_to_lines_sources_and_grades(stored: Run) -> None:
    story = explain_value(stored, "core_revenue@2027")
    assert story.mean.value == pytest.approx(stored.annual("core_revenue")[:, -1].mean())
    funds = next(line for line in story.levers if line.lever.key == "tj27_funds")
    assert funds.channels == ("fund",) and funds.cost == pytest.approx(59.4)
    file, _, line = funds.place.partition(":")
    text = (stored.path / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert "110" in text and "亿元" in text
    other = next(line for line in story.levers if line.lever.key == "tj27_benchmarks")
    assert "lever_assumptions.csv:" in other.place and other.grade == "stated"
    first = next(line for line in story.parameters if line.parameter.name == "base_core_revenue")
    assert first.association.value > 0.0  # of eight members the interval holds nearly everything
    assert -1.0 <= first.association.low < first.association.value < first.association.high
    assert "calibration/priors.csv:" in first.place and first.parameter.sources
    assert not any(line.parameter.mechanism == "M16" for line in story.parameters)
    strengths = [abs(line.association.value) for line in story.parameters]
    assert strengths == sorted(strengths, reverse=True)
    with pytest.raises(UsageError, match="did you mean core_revenue"):
        explain_value(stored, "core_revenu@2027")


def test_a_district_says_what_it_leaves_out_and_what_it_is_with_it(stored: Run) -> None:
    story = explain_value(stored, "district_core_revenue[binhai]@2027")
    assert "不含其中功能区" in story.observable.name.zh
    zones = ("binhai", *(z.id for z in stored.library.registry.zones_of("binhai")))
    whole = sum(stored.annual(f"district_core_revenue[{id_}]")[:, -1] for id_ in zones)
    assert story.median_with_zones == pytest.approx(np.median(whole))
    assert "连同其中功能区的中位数为" in value_story(story, "zh").replace("\n", "")
    assert explain_value(stored, "district_core_revenue[xiqing]@2027").median_with_zones is None
    assert explain_value(stored, "district_talent_fill[binhai]@2027").median_with_zones is None


def test_a_parameter_leads_forward(stored: Run) -> None:
    story = explain_parameter(stored, "butfor_attract")
    assert story.parameter.mechanism == "M13" and story.moved
    for row in story.moved:  # eight members leave every correlation wide open
        assert row.association.low < row.association.value < row.association.high
    assert {lever.key for lever in explain_parameter(stored, "startup_response").levers}
    with pytest.raises(UsageError, match="did you mean m_crowdin"):
        explain_parameter(stored, "m_crowdn")


def test_a_firm_has_a_life_and_a_counterfactual() -> None:
    story = explain_firm(PUSH, "largest", 1)
    assert story.life.moments[0].quarter == story.life.quarters[0]
    assert story.life.moments[0].text.zh.startswith(("期初", "出现"))
    assert story.divergence is not None
    t = story.life.quarters.index(story.divergence.quarter)
    for name, values in story.life.columns.items():
        same = np.array_equal(values[:t], story.without.columns[name][:t], equal_nan=True)
        assert same, f"{name} differs before the first divergence"
    assert any(
        not math.isclose(values[t], story.without.columns[name][t], rel_tol=1e-13)
        for name, values in story.life.columns.items()
    )
    again = explain_firm(PUSH, str(story.firm), 1)
    assert again.life.moments == story.life.moments
    with pytest.raises(UsageError, match="largest"):
        explain_firm(PUSH, "hygn", 1)
    with pytest.raises(UsageError, match="has no firm"):
        explain_firm(PUSH, "12345", 1)


def test_without_levers_a_firm_lives_the_same_life_twice() -> None:
    story = explain_firm(load_scenario("scenarios/no_policy.yaml"), "largest", 0)
    assert story.divergence is None and story.life.moments == story.without.moments


def test_the_note_between_scenarios_counts_money_and_years(tmp_path: Path) -> None:
    note = change_note(Path("scenarios/baseline.yaml"), Path("scenarios/push.yaml"))
    moved = {row.key: row.after - row.before for row in note.money}
    assert moved["tj27_funds"] == pytest.approx(90.0)
    assert note.budget_after - note.budget_before == pytest.approx(sum(moved.values()))
    assert dict(note.money[0].by_year)[2026] == pytest.approx(36.0)
    assert note.expected is None and not note.shifts
    late = tmp_path / "late.yaml"
    base = Path("scenarios/baseline.yaml").resolve()
    late.write_text(
        f"schema_version: 1\nextends: {base}\nlevers:\n  tj27_funds: {{start: 2026Q1}}\n", "utf-8"
    )
    shifted = change_note(Path("scenarios/baseline.yaml"), late)
    assert [(row.key, row.after) for row in shifted.shifts] == [("tj27_funds", "2026Q1–2027Q4")]
    assert shifted.money[0].after == pytest.approx(36.0)


def test_the_note_between_runs_tells_what_to_expect(stored: Run, tmp_path: Path) -> None:
    other = run("scenarios/push.yaml", n=8, out=tmp_path / "push")
    note = change_note(stored.path, other.path)
    assert note.expected is not None and note.expected.n == 8
    (row,) = note.expected.differences
    gap = other.annual("core_revenue")[:, -1] - stored.annual("core_revenue")[:, -1]
    assert row.mean == pytest.approx(gap.mean()) and row.low < row.mean < row.high
    assert {item.path for item in note.values} >= {"levers.tj27_funds.size"}
