"""Reported figures are read with their perimeter, source and date, and refused where these do not fit."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.moments import (
    Block,
    day_of,
    known_by,
    load_moments,
    measured,
    report_error,
    reported,
    statistics,
)
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import InputError
from simulator.foundation.tables import shipped

HEADER = "id,observable,reduction,period,value,unit,sd,side,basis,perimeter,source,source_date,role,note_en,note_zh\n"
GOOD = "a,software_revenue,level,2018,1633,亿元,0.02,two,bureau,software,tj-software-2018,2019-05-23,fit,,\n"
QUARTERS = tuple(Quarter(2017, 4).shift(step) for step in range(9))


def written(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "moments.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def block() -> Block:
    """Two members; software doubles in 2018 and stands in 2019."""
    software = np.array([[100.0, *[200.0] * 4, *[200.0] * 4], [100.0, *[100.0] * 8]])
    stock = np.linspace(1.0, 9.0, 9)
    return Block(
        QUARTERS,
        {
            "software_revenue": software,
            "fund_paid_in": np.stack([stock, 2 * stock]),
            "fund_committed": np.full((2, 9), 10.0),
        },
        {2018: np.array([0.1, 0.2])},
    )


def test_shipped_figures_load_and_name_known_sources() -> None:
    found = load_moments()
    assert len({m.id for m in found}) == len(found) > 25
    fitted = [m for m in found if m.role == "fit"]
    assert {m.perimeter for m in fitted} == {"software", "fund_group"}
    assert all(m.observable for m in fitted)
    # Nothing was ever published of the target's own perimeter, so nothing may be fitted on it.
    assert not [m for m in found if m.perimeter == "catalogue"]


def test_weak_figures_are_never_fitted() -> None:
    weak = [m for m in load_moments() if m.source == "sthtlaw-core-2022"]
    assert weak and all(m.role == "check" for m in weak)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("software,tj", "catalogue,tj"),
            "software and IT services, the figure of catalogue firms: never spliced",
        ),
        (("2019-05-23", "2019-05-24"), "is not the date of tj-software-2018"),
        (("tj-software-2018", "tj-softwear-2018"), "no row of sources.csv"),
        ((",1633,", ",-5,"), "must be above 0"),
        (("level,2018", "growth,2018Q1"), "no period of a growth"),
        (("software_revenue", ""), "no series measures a moment to fit"),
        (("software_revenue", "softwear_revenue"), "has no perimeter here"),
        (("two", "both"), "'both' is unknown"),
        (("level", "share"), "a share needs two series"),
    ],
)
def test_a_bad_row_is_named_with_its_place(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_moments(written(tmp_path, GOOD.replace(*change)))
    finding = caught.value.findings[0]
    assert said in finding.what and finding.what_zh and finding.line == 2


def test_a_repeated_id_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stands twice"):
        load_moments(written(tmp_path, GOOD, GOOD))


def test_statistics_of_each_reduction(tmp_path: Path) -> None:
    rows = [
        GOOD,
        GOOD.replace("a,", "b,", 1).replace("level,2018,1633", "growth,2018,0.2"),
        GOOD.replace("a,", "c,", 1).replace("level,2018,1633", "ratio,2018-2019,1.2"),
        GOOD.replace("a,", "d,", 1).replace("level,2018,1633", "trend,2016,0.17"),
        GOOD.replace("a,", "f,", 1).replace("level,2018,1633", "spread,2018-2019,0.1"),
        GOOD.replace("a,", "g,", 1).replace("level,2018,1633", "spread,2016-2017,0.1"),
        "e,fund_paid_in/fund_committed,share,2018Q4,0.5,share,0.1,two,x,fund_group,tj-finance-2025-05,2025-05-27,fit,,\n",
    ]
    found = load_moments(written(tmp_path, *rows))
    told = statistics(found, block())
    double = math.log(2.0)
    # A spread of years before the founding is held against as many first years: here the same two.
    spread = math.log(double / math.sqrt(2.0))
    assert told[0] == pytest.approx(
        [math.log(200.0), double, 0.0, double / 2, spread, spread, math.log(0.5)]
    )
    assert told[1] == pytest.approx(
        [math.log(100.0), 0.0, 0.0, 0.0, math.log(1e-9), math.log(1e-9), 0.0]
    )
    assert reported(found).values[1] == pytest.approx(math.log1p(0.2))


def test_only_what_a_run_reaches_is_measured() -> None:
    years = (2017, 2018, 2019)
    found = measured(load_moments(), ("software_revenue",), years)
    assert {m.id for m in found} >= {"software-growth-2018", "software-growth-2016"}
    assert not [m for m in found if m.last_year > 2019]


def test_what_was_not_public_is_not_known() -> None:
    found = known_by(load_moments(), date(2019, 5, 23))
    assert {m.source for m in found} == {"tj-software-2016"}
    assert known_by(load_moments(), None) == load_moments()


def test_dates_are_read_as_the_last_day_they_may_mean() -> None:
    assert day_of("2024") == date(2024, 12, 31)
    assert day_of("2024-02") == date(2024, 2, 29)
    assert day_of("2024-02-03") == date(2024, 2, 3)


def test_errors_of_reports_are_addressed_by_figure() -> None:
    found = [m for m in load_moments() if m.role == "fit"]
    members = np.arange(400)
    errors = report_error(found, members, 1)
    alone = report_error(found[2:3], members[5:6], 1)
    assert alone[0, 0] == errors[5, 2]
    assert errors.std(axis=0) == pytest.approx([m.sd for m in found], rel=0.15)


def test_the_table_is_where_the_readme_says() -> None:
    assert shipped("calibration", "moments.csv").is_file()
