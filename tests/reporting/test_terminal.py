"""Tables for the terminal: complete, readable at 80 columns, with plain twins."""

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from simulator.experiments.comparison import Comparison, Difference, Price, TargetDifference
from simulator.experiments.store import RunEntry
from simulator.observables import CATALOGUE
from simulator.registry import Name, load_library, load_registry
from simulator.reporting import Lang, terminal
from simulator.scenario import OriginRow
from simulator.targets import goals_of, joint, judge_all, score
from tests.reporting.ensembles import ensemble

LANGS: tuple[Lang, ...] = ("zh", "en", "both")
REGISTRY = load_registry()
RUN = ensemble(n=300)
GOALS = goals_of(RUN)
SCORES = score(GOALS, RUN)
JOINTS = joint(GOALS, RUN)
JUDGED = judge_all(load_library())
LEVERS = terminal.lever_rows(load_library(), REGISTRY.levers)
ENTRIES = (
    RunEntry(
        Path("results/baseline-7f3a12cd"),
        "baseline",
        "7f3a12cd" * 8,
        1,
        1000,
        "complete",
        datetime(2025, 5, 1, 8, 30, tzinfo=UTC),
        "0.1.0",
        12_345_678,
    ),
    RunEntry(Path("results/push-0a"), "push", "0a" * 32, 2, 4000, "incomplete", None, "0.1.0", 10),
)
ORIGINS = (OriginRow("period.start", Name("起点", "start"), "2025Q1", "file", "a.yaml:3"),)


def difference(series: str, label: str, year: int, mean: float, spread: float) -> Difference:
    low, high = mean - spread, mean + spread
    return Difference(
        label=label,
        series=series,
        year=year,
        unit="亿元",
        mean_first=600.0,
        mean_this=600.0 + mean,
        mean=mean,
        low=low,
        high=high,
        p05=low,
        p25=low,
        p50=mean,
        p75=high,
        p95=high,
        half_width=spread,
        half_width_unpaired=9.0,
    )


COMPARISON = Comparison(
    runs=cast("tuple[Any, ...]", (RUN, RUN)),
    labels=("baseline", "push"),
    members=np.arange(300),
    years=RUN.years,
    differences=tuple(
        difference(series, "push", year, 20.0, 0.0 if series == "entries" else 1.5)
        for series in ("core_revenue", "core_revenue_consolidated", "entries", "exits", "firms")
        for year in RUN.years
    ),
    targets=(
        TargetDifference(
            "push",
            "tj27_core_revenue",
            Name("核心营收", "Core revenue"),
            False,
            *(0.11, 0.13, 0.02, 0.01, 0.03, 6, 0),
        ),
    ),
    prices=(
        Price(
            "push",
            "tj27_core_revenue",
            Name("核心营收", "Core revenue"),
            False,
            *(99.9, 159.9, 60.0, 60.0, 60.0, 2.0, 1.0, 3.0, "price", 30.0, 20.0, 60.0),
        ),
        Price(
            "push",
            "tj27_firms_10yi",
            Name("10亿级以上企业", "Firms at the 1 bn yuan tier"),
            True,
            *(99.9, 159.9, 60.0, 59.0, 61.0, 0.0, -1.4, 1.4, "unclear"),
        ),
    ),
)


def drawn(lang: Lang) -> dict[str, str]:
    return {
        "scores": terminal.scores(RUN, SCORES, JOINTS, lang),
        "judged": terminal.ledger(REGISTRY, JUDGED, lang, readings=True),
        "plans": terminal.plans(REGISTRY, JUDGED, lang),
        "comparison": terminal.comparison(COMPARISON, lang),
        "levers": terminal.levers(LEVERS, lang),
        "metrics": terminal.metrics(CATALOGUE, lang),
        "runs": terminal.runs(ENTRIES, lang),
        "origins": terminal.origins(ORIGINS, lang),
    }


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def squeezed(text: str) -> str:
    """The text without what wrapping puts in."""
    return "".join(text.split())


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [80, 120])
def test_tables_keep_to_the_width_and_are_plain_off_a_terminal(
    lang: Lang, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for name, text in drawn(lang).items():
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert "\x1b" not in text, name
        assert "…" not in text.replace("…+", "").replace("…−", ""), f"{name} is cut off"
        for line in text.split("\n"):
            assert columns(line) <= width, f"{name}: {line}"


@pytest.mark.parametrize("lang", LANGS)
def test_at_80_columns_every_number_and_key_is_there(
    lang: Lang, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tables = drawn(lang)
    for item in SCORES:
        assert (item.key in tables["scores"]) == (item.probability is not None)
    revenue = next(item for item in SCORES if item.key == "tj27_core_revenue")
    for part in revenue.by_construction:
        assert str(part.probability.members) in tables["scores"]
        assert f"({part.construction})" in tables["scores"]
    for judged in JUDGED:
        assert judged.target.key in tables["judged"]
        assert judged.target.key in tables["plans"]
    for row in LEVERS:
        assert row.lever.key in tables["levers"]
        assert squeezed(row.lever.clause.key) in squeezed(tables["levers"])
    for observable in CATALOGUE:
        assert observable.key in tables["metrics"]
        assert observable.equation in tables["metrics"]
        assert observable.perimeter.text("en" if lang == "en" else "zh") in tables["metrics"]
    for entry in ENTRIES:
        assert entry.path.name in tables["runs"]
    assert "4000" in tables["runs"] and "12.3 MB" in tables["runs"]
    for gap in COMPARISON.differences:
        assert (f"{gap.series}@{gap.year}" in tables["comparison"]) == (gap.year == 2027)
    assert "∞" in tables["comparison"] and "6/0" in tables["comparison"]
    assert (
        "20–60" in squeezed(tables["comparison"]).replace(".0", "")
        and "+59…+61" in tables["comparison"]
    )
    words = {"zh": "概率无法分辨", "en": "not distinguishable"}
    assert all(words[each] in tables["comparison"] for each in words if lang in (each, "both"))


def test_the_target_table_says_what_is_missing_and_that_nothing_is_calibrated() -> None:
    english = terminal.scores(RUN, SCORES, JOINTS, "en")
    assert "not modelled yet: M16" in english and "not modelled yet: M7" in english
    assert english.count("no number: checklist, by hand") == 2
    assert "all 3 of these together (the plan has 11)" in english
    assert "Added by the scenario, in no plan" in english and "ten times the plan" in english
    assert "uncalibrated" in english
    chinese = terminal.scores(RUN, SCORES, JOINTS, "zh")
    assert "未校准" in chinese and "尚未建模：M16 里程碑项目" in chinese and "公布口径" in chinese
    assert "GBM" not in chinese and "概率" not in english


def test_a_run_that_scores_nothing_still_lists_its_targets() -> None:
    bare = replace(RUN, table={"catalogue_firms": RUN.table["catalogue_firms"]})
    text = terminal.scores(bare, score(GOALS, bare), joint(GOALS, bare), "en")
    for item in SCORES:
        assert squeezed(item.name.en.replace("“", '"').replace("”", '"'))[:12] in squeezed(text)


def test_all_55_targets_are_listed_and_counted() -> None:
    assert "55 targets: " in terminal.ledger(REGISTRY, JUDGED, "en")
    assert "共 55 项：" in terminal.plans(REGISTRY, JUDGED, "zh")


def test_money_of_a_lever_says_a_year() -> None:
    funds = [row for row in LEVERS if row.attribute in ("size", "budget")]
    assert {"tj27_funds", "tj18_fund_group", "ch18_fund_group", "tj27_fiscal"} <= {
        row.lever.key for row in funds
    }
    assert {row["unit"] for row in terminal.levers_json(funds)} == {"亿元/年"}
    for lang, unit in (("zh", "亿元/年"), ("en", "亿元/yr"), ("both", "亿元/年")):
        listed = squeezed(terminal.levers(funds, lang))
        assert f"size100{unit}" in listed and f"size333{unit}" in listed
        assert listed.count("亿元") == listed.count("亿元/年") + listed.count("亿元/yr")


def test_levers_say_whether_they_act() -> None:
    rows = {row.lever.key: row for row in LEVERS}
    assert rows["tj27_funds"].effect.en == "acts"
    assert rows["tj27_funds"].unit == "亿元/年" and "fund" in rows["tj27_funds"].channels
    assert rows["tj18_fiscal_fund"].effect.en == "acts"
    assert rows["ch18_fund_group"].effect.en == "declares no effect"
    for row in LEVERS:
        assert row.effect.en == ("acts" if row.channels else "declares no effect")
    idle = [row for row in LEVERS if not row.channels]
    assert len(idle) == 14
    assert squeezed(terminal.levers(idle, "en")).count("declaresnoeffect") == len(idle)


def test_a_long_comparison_shows_the_last_year_only() -> None:
    text = terminal.comparison(COMPARISON, "en")
    assert "core_revenue@2027" in text and "core_revenue@2026" not in text
    assert "+20" in text and "+18.5…+21.5" in text and "×6" in text and "∞" in text
    assert "+3.3%" in text and "+2.0 " in text and "+1.0…+3.0" in text and "6/0" in text
    short = replace(COMPARISON, differences=COMPARISON.differences[:4])
    assert "core_revenue@2026" in terminal.comparison(short, "en")


def test_origins_keep_their_places() -> None:
    assert "a.yaml:3" in terminal.origins(ORIGINS, "en")


def test_colour_on_a_terminal_unless_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[33m" in terminal.scores(RUN, SCORES, JOINTS, "en")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[33m" not in terminal.scores(RUN, SCORES, JOINTS, "en")


def test_twins_are_plain_and_hold_both_languages() -> None:
    told: dict[str, Any] = {
        "scores": terminal.scores_json(SCORES, JOINTS),
        "judged": terminal.judged_json(JUDGED),
        "plans": terminal.plans_json(REGISTRY, JUDGED),
        "comparison": terminal.comparison_json(COMPARISON),
        "levers": terminal.levers_json(LEVERS),
        "metrics": terminal.metrics_json(CATALOGUE),
        "runs": terminal.runs_json(ENTRIES),
        "origins": terminal.origins_json(ORIGINS),
    }
    read = json.loads(json.dumps(told, ensure_ascii=False, allow_nan=False))
    assert read == told
    for name in ("scores", "comparison", "origins"):
        assert told[name]["schema_version"] == 1
    assert [item["key"] for item in told["scores"]["targets"]] == [item.key for item in SCORES]
    revenue = next(i for i in told["scores"]["targets"] if i["key"] == "tj27_core_revenue")
    score_ = next(item for item in SCORES if item.key == "tj27_core_revenue")
    assert score_.probability is not None
    assert revenue["probability"]["value"] == score_.probability.value
    assert revenue["calibrated"] is False and revenue["caution"]["zh"].startswith("未校准")
    assert len(revenue["by_construction"]) == 4
    assert len(told["judged"]) == 55
    assert sum(len(plan["targets"]) for plan in told["plans"]) == 55
    assert len(told["levers"]) == len(REGISTRY.levers)
    costs = [(row["priced_as"], row["cost"]) for row in told["comparison"]["prices"]]
    assert costs == [("price", 30.0), ("unclear", None)]
    infinite = [row for row in told["comparison"]["differences"] if row["half_width"] == 0.0]
    assert infinite and all(row["variance_ratio"] is None for row in infinite)


def test_targets_that_fall_due_after_the_run_are_told() -> None:
    shown = " ".join(terminal.scores(ensemble(end=2026), [], [], "en").split())
    assert "11 further targets of the plans fall due after 2026, not judged in this run" in shown
    assert "further targets" not in terminal.scores(ensemble(), [], [], "en")
    assert "Added by the scenario" not in shown
