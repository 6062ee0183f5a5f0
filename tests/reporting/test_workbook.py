"""The workbook opens, in the language asked for, with native charts, units, formats and a head that stays."""

from pathlib import Path

import numpy as np
import pytest

from simulator.reporting import Lang
from simulator.reporting.export import export
from simulator.targets import goals_of, score
from tests.reporting.ensembles import ensemble

RUN = ensemble(n=40)
SHEETS: dict[Lang, list[str]] = {
    "zh": ["目标", "全市", "产业链", "区域", "假设", "来源"],
    "en": ["Targets", "City", "Chains", "Districts", "Assumptions", "Provenance"],
    "both": [
        "目标 Targets",
        "全市 City",
        "产业链 Chains",
        "区域 Districts",
        "假设 Assumptions",
        "来源 Provenance",
    ],
}


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_sheets_are_in_the_language_with_heads_that_stay(lang: Lang, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    (path,) = export(RUN, tmp_path, "xlsx", lang=lang)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == SHEETS[lang]
    assert all(sheet.freeze_panes == "B2" for sheet in book)
    charts = {sheet.title: len(sheet._charts) for sheet in book}
    assert list(charts.values()) == [1, 1, 1, 1, 0, 0]
    told = [str(cell.value) for row in book[SHEETS[lang][-1]].iter_rows() for cell in row]
    assert RUN.scenario.digest() in told
    assert any("未校准" in text or "uncalibrated" in text for text in told)


def test_numbers_units_and_formats_are_those_of_the_run(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    (path,) = export(RUN, tmp_path, "xlsx", lang="en")
    book = openpyxl.load_workbook(path)
    rows = [[cell.value for cell in row] for row in book["City"].iter_rows()]
    core = [row for row in rows if row[0] == "core_revenue"]
    assert [row[3] for row in core] == list(RUN.years)
    assert core[-1][2] == "亿元 (10亿元 = 1 billion CNY)"
    annual = RUN.annual("core_revenue")[:, -1]
    assert core[-1][4] == pytest.approx(annual.mean())
    assert core[-1][5:10] == pytest.approx(np.quantile(annual, [0.05, 0.25, 0.5, 0.75, 0.95]))
    targets = list(book["Targets"].iter_rows())
    held = {row[1].value: row[5] for row in targets[1:]}
    for item in score(goals_of(RUN), RUN):
        cell = held[item.key]
        if item.probability is None:
            assert cell.value == "–"
        else:
            assert cell.value == pytest.approx(item.probability.value)
            assert cell.number_format == "0.0%"


def test_charts_point_at_the_cells_of_the_run(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    (path,) = export(RUN, tmp_path, "xlsx", lang="en")
    book = openpyxl.load_workbook(path)
    (fan,) = book["City"]._charts
    assert len(fan.series) == 5
    reference = fan.series[2].val.numRef.f.split("!")[1].replace("$", "")
    cells = [cell.value for (cell,) in book["City"][reference]]
    assert cells == pytest.approx(np.median(RUN.annual("core_revenue"), axis=0))
    (bars,) = book["Targets"]._charts
    count = sum(isinstance(row[5].value, int | float) for row in book["Targets"].iter_rows())
    assert bars.series[0].val.numRef.f.endswith(f"$F${count + 1}")


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    one, two = (export(RUN, tmp_path / name, "xlsx", lang="zh")[0] for name in "ab")
    assert one.read_bytes() == two.read_bytes()
