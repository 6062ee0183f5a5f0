"""At an origin nothing later is known; naive forecasts and scores are what their formulas say."""

import math
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from simulator.experiments.backtest import (
    ORIGINS,
    Origin,
    crps_of,
    forecast_from,
    judge,
    load_outcomes,
    record_of,
    records_of,
    sentence,
    with_error,
)
from simulator.experiments.calibration import SERIES
from simulator.experiments.moments import Block, Moment, day_of, load_moments, source_days
from simulator.experiments.reference import Reference
from simulator.experiments.vintage import make_vintage
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import InputError
from simulator.foundation.tables import read_table, shipped
from simulator.registry import Name, load_registry
from simulator.scenario import load_scenario

DAYS = sorted({origin.day for origin in ORIGINS})
TABLES = (
    "priors.csv",
    "lever_assumptions.csv",
    "founding/age_classes.csv",
    "founding/carried_projects.csv",
    "founding/chain_mix.csv",
    "founding/constructions.csv",
    "founding/named_firms.csv",
    "founding/national_growth.csv",
    "founding/place_shares.csv",
    "founding/software_size_classes_2017.csv",
)


@pytest.mark.parametrize("day", DAYS)
def test_a_vintage_cites_nothing_later_and_founds_a_scenario(day: date, tmp_path: Path) -> None:
    vintage = make_vintage(tmp_path, day)
    days = source_days()
    for name in TABLES:
        for row in read_table(tmp_path / name):
            late = [s for s in row["sources"].split(";") if days[s.strip()] >= day]
            assert not late, f"{name}: {row} cites {late}"
    scenario = load_scenario(vintage.scenario, data=vintage.folder)
    model = [p for p in scenario.parameters.values() if p.use == "model"]
    known = {row["name"] for row in read_table(tmp_path / "priors.csv")}
    for parameter in model:
        if parameter.name not in known:
            assert all(days[source] < day for source in parameter.sources), parameter.name
    assert scenario.plans == vintage.plans and scenario.fit is None


def test_a_figure_published_later_changes_no_byte(tmp_path: Path) -> None:
    tables = tmp_path / "calibration"
    shutil.copytree(shipped("calibration"), tables)
    for name, column in (("priors.csv", "central"), ("vintage_priors.csv", "central")):
        text = (tables / name).read_text(encoding="utf-8")
        lines = text.splitlines()
        place = next(
            i
            for i, line in enumerate(lines)
            if "caict-2024-07" in line and line.startswith("g_nat_ai")
        )
        assert column in lines[0]
        lines[place] = lines[place].replace("0.045", "0.2").replace("0.055", "0.2")
        assert lines[place] != text.splitlines()[place]
        (tables / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    one, two = tmp_path / "one", tmp_path / "two"
    make_vintage(one, date(2020, 9, 1))
    make_vintage(two, date(2020, 9, 1), calibration=tables)
    for path in sorted(one.rglob("*.*")):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path


def test_a_parameter_without_an_earlier_prior_is_an_error(tmp_path: Path) -> None:
    tables = tmp_path / "calibration"
    shutil.copytree(shipped("calibration"), tables)
    text = (tables / "vintage_priors.csv").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("loading_national")]
    (tables / "vintage_priors.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="loading_national was not yet known"):
        make_vintage(tmp_path / "v", date(2018, 10, 23), calibration=tables)


def test_the_fit_does_not_count_a_figure_twice(tmp_path: Path) -> None:
    days = source_days()
    facts = [m for m in load_moments() if m.role == "fit"]
    sources = {m.source for m in facts}
    vintage = make_vintage(tmp_path, None, sources, ("loading_national", "k_drawdown"))
    rows = {row["name"]: row for row in read_table(tmp_path / "priors.csv")}
    assert {"loading_national", "k_drawdown"} <= set(vintage.replaced)
    for name in ("loading_national", "k_drawdown"):
        assert not sources & set(rows[name]["sources"].split(";"))
    assert all(source in days for source in sources)


def reference(folder: Path, n: int = 200) -> Reference:
    """A made-up ensemble on a real study: software grows by one rate a member."""
    from simulator.model import prepare

    vintage = make_vintage(folder, date(2020, 9, 1))
    study = prepare(load_scenario(vintage.scenario, {"period.end": "2021Q4"}, vintage.folder))
    quarters = tuple(Quarter(2017, 4).shift(step) for step in range(17))
    chooser = np.random.default_rng(5)
    rate = chooser.normal(0.12, 0.05, n)
    years = np.array([q.year - 2017 for q in quarters])
    values = {name: np.full((n, 17), 50.0) for name in SERIES}
    values["software_revenue"] = 1353.0 * np.exp(rate[:, None] * years)
    national = {year: np.full(n, 0.2) for year in range(2018, 2022)}
    names = study.parameter_names
    draws = np.column_stack([chooser.normal(size=n) for _ in names])
    return Reference(study, np.arange(n), names, draws, Block(quarters, values, national))


def test_a_planted_future_figure_moves_no_forecast(tmp_path: Path) -> None:
    made = reference(tmp_path)
    origin = Origin(date(2020, 9, 1), "software", 2021, Name("", ""))
    moments = load_moments()
    planted = Moment("planted", "software_revenue", "growth", "2019", 0.9, "share/yr", 0.001, "two", "x",
                     "software", "judgement", date(2023, 1, 1), "fit", Name("", ""))  # fmt: skip
    before = forecast_from(origin, made, moments)
    after = forecast_from(origin, made, (*moments, planted))
    assert [(f.method, f.value, f.low, f.high) for f in before] == [
        (f.method, f.value, f.low, f.high) for f in after
    ]
    known = Moment(*(getattr(planted, name) for name in ("id", "observable", "reduction", "period", "value", "unit",
                     "sd", "side", "basis", "perimeter", "source")), date(2020, 1, 1), "fit", Name("", ""))  # fmt: skip
    moved = forecast_from(origin, made, (*moments, known))
    assert [f.value for f in moved] != [f.value for f in before]


def test_the_random_walk_of_software_is_its_own_arithmetic(tmp_path: Path) -> None:
    origin = Origin(date(2019, 6, 30), "software", 2021, Name("", ""))
    found = forecast_from(origin, reference(tmp_path), load_moments())
    walk = [f for f in found if f.method == "random_walk"]
    levels = [1185 / 1.174, 1185, 1633 / 1.207, 1633]
    drift = np.mean(np.diff(np.log(levels)))
    assert [f.moment.last_year for f in walk] == [2019, 2020, 2021]
    assert [f.value for f in walk] == pytest.approx([1633 * math.exp(drift * h) for h in (1, 2, 3)])
    grid = [f for f in found if f.method == "gbm"]
    assert grid[0].value == pytest.approx(1633 * math.exp(0.18))
    assert walk[-1].error == pytest.approx(math.log(walk[-1].value / 2634.0))


def normal_crps(mean: float, sd: float, outcome: float) -> float:
    z = (outcome - mean) / sd
    below = 0.5 * math.erfc(-z / math.sqrt(2))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return sd * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))


def test_crps_is_that_of_a_normal() -> None:
    """Of one draw with its error exactly; of normal draws with an error, that of the wider normal."""
    exact = normal_crps(0.3, 0.05, 0.4)
    assert crps_of(np.array([0.3]), np.ones(1), 0.05, 0.4) == pytest.approx(exact, rel=1e-12)
    draws = norm.ppf((np.arange(1000) + 0.5) / 1000, 0.3, 0.5)
    for sd in (1e-6, 0.05, 0.4):
        wide = normal_crps(0.3, math.hypot(0.5, sd), 1.0)
        assert crps_of(draws, np.ones(1000), sd, 1.0) == pytest.approx(wide, rel=2e-3)


def test_intervals_carry_the_whole_error_of_the_report() -> None:
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    alone = with_error(np.array([0.3]), np.ones(1), 0.05, shares)
    assert alone == pytest.approx(norm.ppf(shares, 0.3, 0.05))
    draws = norm.ppf((np.arange(2000) + 0.5) / 2000, 0.3, 0.06)
    both = with_error(draws, np.full(2000, 0.7), 0.05, shares)
    assert both == pytest.approx(norm.ppf(shares, 0.3, math.hypot(0.06, 0.05)), abs=2e-4)
    weighted = with_error(np.array([0.0, 1.0]), np.array([3.0, 1.0]), 0.01, (0.5, 0.9))
    assert weighted == pytest.approx([0.01 * norm.ppf(2 / 3), 1 + 0.01 * norm.ppf(0.6)])


def test_a_day_where_few_members_agree_is_told(tmp_path: Path) -> None:
    origin = Origin(date(2020, 9, 1), "software", 2021, Name("", ""))
    degrees = []
    for members in (40, 600):
        forecasts = forecast_from(
            origin, reference(tmp_path / str(members), members), load_moments()
        )
        degrees.append(judge(forecasts, (), members, 1).degree)
    assert degrees[0] < 2 == degrees[1]


def test_the_verdict_follows_the_ratio_and_counts_its_points(tmp_path: Path) -> None:
    origin = Origin(date(2019, 6, 30), "software", 2021, Name("", ""))
    found = judge(
        forecast_from(origin, reference(tmp_path), load_moments()), load_outcomes(), 200, 1
    )
    assert found.points == 3
    assert found.standing == (
        "worse" if found.ratio > 1.1 else "beats" if found.ratio < 0.9 else "no_better"
    )
    assert "3 overlapping points" in found.verdict.en and "3 个重叠的点" in found.verdict.zh
    for standing in ("beats", "no_better", "worse"):
        words = sentence(standing, 1.0, 3, None)
        assert ("ranking levers only" in words.en) == (standing != "beats")
        assert ("只宜比较" in words.zh) == (standing != "beats")


def test_earlier_promises_are_remembered_by_kind() -> None:
    outcomes = load_outcomes()
    assert record_of("title", outcomes)[:2] == (1, 0)
    met, missed, _ = record_of("market", outcomes)
    assert missed > met
    records = records_of(load_registry())
    assert (
        "missed" in records["tj27_core_revenue"].en and "未达到" in records["tj27_core_revenue"].zh
    )
    sources = {row["id"]: row for row in read_table(shipped("calibration", "sources.csv"))}
    for row in read_table(shipped("calibration", "outcomes.csv")):
        assert set(row["sources"].split(";")) <= set(sources)
        assert day_of(sources[row["sources"].split(";")[-1]]["date"])
