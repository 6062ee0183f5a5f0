"""A run as a workbook for people: targets, city series, chains, districts, assumptions, provenance, with native charts.

Every table carries its units; money is in 亿元. Written with xlsxwriter (extra `excel`), without formulas or macros;
the same run gives the same bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.experiments.extras import extra
from simulator.experiments.runs import folder_name
from simulator.observables import observable_of, series_name
from simulator.registry import Name
from simulator.reporting.wording import GRADES, said, unit_name, unit_text
from simulator.targets import goals_of, score, trust_in

if TYPE_CHECKING:
    from simulator.reporting import Lang
    from simulator.reporting.export import Exportable

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIMENSIONS = (
    ("city", Name("全市", "City")),
    ("chain", Name("产业链", "Chains")),
    ("district", Name("区域", "Districts")),
    ("target", Name("计数项目", "Counted projects")),
)
FIRST_QUANTILE = 5  # column of the lowest quantile in a sheet of series
MADE = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""The day that a workbook says it was made: of the plan, not of the clock, so that bytes repeat."""


class Span(NamedTuple):
    """The rows of one series in a sheet, both included."""

    series: str
    first: int
    last: int


def write_workbook(run: "Exportable", path: Path, lang: "Lang" = "both") -> None:
    """Write the workbook; UsageError without the library that writes it."""
    with extra("xlsxwriter", "excel").Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"title": said(run.scenario.name, lang), "created": MADE})
        bold = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#EEF1F4"}
        )
        share = book.add_format({"num_format": "0.0%"})
        plain = book.add_format({"num_format": "#,##0.###"})
        rows = list(_targets(run, lang))
        formats = {3: plain, 5: share, 6: share, 7: share, 8: share}
        sheet = _sheet(book, Name("目标", "Targets"), lang, bold, rows, formats)
        _target_chart(book, sheet, rows, lang)
        for dimension, title in DIMENSIONS:
            rows, spans = _series(run, dimension, lang)
            if spans:
                formats = {column: plain for column in range(4, 10)}
                sheet = _sheet(book, title, lang, bold, rows, formats)
                _series_charts(book, sheet, rows, spans, dimension, lang)
        formats = {2: plain, 3: plain, 4: plain}
        _sheet(book, Name("假设", "Assumptions"), lang, bold, _assumptions(run, lang), formats)
        _sheet(book, Name("来源", "Provenance"), lang, bold, _provenance(run, lang), {})


def _sheet(
    book: Any,
    title: Name,
    lang: "Lang",
    bold: Any,
    rows: Iterable[Sequence[object]],
    formats: dict[int, Any],
) -> Any:
    """One sheet: a bold head that stays in view, then the rows; a dash where there is no number."""
    sheet = book.add_worksheet(said(title, lang)[:31])
    widths: dict[int, int] = {}
    last = 0
    for number, row in enumerate(rows):
        last = number
        for column, value in enumerate(row):
            if isinstance(value, float) and not np.isfinite(value):
                value = "–"
            sheet.write(
                number,
                column,
                "–" if value is None else value,
                bold if number == 0 else formats.get(column),
            )
            length = sum(2 if ord(c) > 0x2E7F else 1 for c in str(value))
            widths[column] = min(
                max(widths.get(column, 8), length if number else min(length, 16)), 60
            )
    for column, width in widths.items():
        sheet.set_column(column, column, width + 1)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, last, max(widths))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return sheet


def _target_chart(book: Any, sheet: Any, rows: Sequence[Sequence[object]], lang: "Lang") -> None:
    """Probabilities as bars with their intervals, below the table; the rows that have one come first."""
    last = sum(isinstance(row[5], float) for row in rows)
    if not last:
        return
    share, low, high = (
        [_number(row[column]) for row in rows[1 : last + 1]] for column in (5, 6, 7)
    )
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": said(Name("达成概率", "probability"), lang),
            "categories": [sheet.get_name(), 1, 0, last, 0],
            "values": [sheet.get_name(), 1, 5, last, 5],
            "fill": {"color": "#1F6F8B"},
            "gap": 60,
            "x_error_bars": {
                "type": "custom",
                "plus_values": [h - s for s, h in zip(share, high, strict=True)],
                "minus_values": [s - w for s, w in zip(share, low, strict=True)],
                "line": {"color": "#1F2933"},
            },
        }
    )
    chart.set_title({"name": said(Name("目标达成概率", "Probability of each target"), lang)})
    chart.set_x_axis({"min": 0, "max": 1, "num_format": "0%", "major_gridlines": {"visible": True}})
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"none": True})
    chart.set_size({"width": 860, "height": 90 + 34 * last})
    sheet.insert_chart(len(rows) + 1, 0, chart)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _series_charts(
    book: Any,
    sheet: Any,
    rows: Sequence[Sequence[object]],
    spans: Sequence[Span],
    dimension: str,
    lang: "Lang",
) -> None:
    """Of the city a fan of core revenue, of chains and districts their medians as lines; right of the table."""
    if dimension == "city":
        chosen = [span for span in spans if span.series == "core_revenue"]
        if chosen:
            _fan_chart(book, sheet, rows, chosen[0], lang)
        return
    wanted = {"chain": "chain_core_revenue", "district": "district_core_revenue"}.get(dimension)
    own = [span for span in spans if span.series.partition("[")[0] == wanted]
    own.sort(key=lambda span: -_number(rows[span.last][FIRST_QUANTILE + 2]))
    if not own:
        return
    chart = book.add_chart({"type": "line"})
    for span in own[:8]:
        chart.add_series(
            {
                "name": [sheet.get_name(), span.first, 1],
                "categories": [sheet.get_name(), span.first, 3, span.last, 3],
                "values": [sheet.get_name(), *_column(span, 2)],
                "line": {"width": 2},
            }
        )
    chart.set_title({"name": said(Name("核心营收中位数", "Core revenue, medians"), lang)})
    chart.set_y_axis({"name": unit_text("亿元", lang), "min": 0})
    chart.set_legend({"position": "right"})
    chart.set_size({"width": 860, "height": 420})
    sheet.insert_chart(1, FIRST_QUANTILE + len(QUANTILES) + 1, chart)


def _fan_chart(
    book: Any, sheet: Any, rows: Sequence[Sequence[object]], span: Span, lang: "Lang"
) -> None:
    chart = book.add_chart({"type": "line"})
    for place, quantile in enumerate(QUANTILES):
        middle = quantile == 0.5
        chart.add_series(
            {
                "name": f"{quantile:.0%}",
                "categories": [sheet.get_name(), span.first, 3, span.last, 3],
                "values": [sheet.get_name(), *_column(span, place)],
                "line": {
                    "color": "#1F6F8B" if middle else "#8FB7C5",
                    "width": 2.75 if middle else 1.25,
                },
            }
        )
    chart.set_title({"name": str(rows[span.first][1])})
    chart.set_y_axis({"name": unit_text("亿元", lang), "min": 0})
    chart.set_legend({"position": "right"})
    chart.set_size({"width": 720, "height": 380})
    sheet.insert_chart(1, FIRST_QUANTILE + len(QUANTILES) + 1, chart)


def _column(span: Span, quantile: int) -> tuple[int, int, int, int]:
    """The cells of one quantile of a series: first row, column, last row, column."""
    column = FIRST_QUANTILE + quantile
    return span.first, column, span.last, column


def _targets(run: "Exportable", lang: "Lang") -> Iterable[Sequence[object]]:
    heads = (
        Name("目标", "target"),
        Name("编号", "key"),
        Name("期限", "deadline"),
        Name("数值", "value"),
        Name("单位", "unit"),
        Name("概率", "probability"),
        Name("区间下限", "interval low"),
        Name("区间上限", "interval high"),
        Name("公布口径概率", "probability as published"),
        Name("说明", "remark"),
    )
    yield [said(head, lang) for head in heads]
    scores = score(goals_of(run), run)
    for item in sorted(scores, key=lambda item: item.probability is None):
        found, twin = item.probability, item.published
        numbers = (found.value, found.low, found.high) if found else (None, None, None)
        remark = "" if found else said(item.reason, lang)
        name = said(item.name, lang)
        yield [
            name,
            item.key,
            item.year,
            item.value,
            said(unit_name(item.unit), lang),
            *numbers,
            twin and twin.value,
            remark,
        ]


def _series(
    run: "Exportable", dimension: str, lang: "Lang"
) -> tuple[list[Sequence[object]], list[Span]]:
    """The rows of a sheet of series, its head first, and where each series stands."""
    heads = [
        Name("序列", "series"),
        Name("名称", "name"),
        Name("单位", "unit"),
        Name("年份", "year"),
        Name("均值", "mean"),
    ]
    rows: list[Sequence[object]] = [
        [*(said(head, lang) for head in heads), *(f"{q:.0%}" for q in QUANTILES)]
    ]
    spans = []
    for series in run.series:
        observable = observable_of(series)
        if observable.dimension != dimension:
            continue
        annual = run.annual(series)
        quantiles = np.quantile(annual, QUANTILES, axis=0)
        spans.append(Span(series, len(rows), len(rows) + len(run.years) - 1))
        name = said(series_name(series, run.library.registry), lang)
        for column, year in enumerate(run.years):
            mean = float(annual[:, column].mean())
            unit = unit_text(observable.unit, lang)
            rows.append([series, name, unit, year, mean, *quantiles[:, column].tolist()])
    return rows, spans


def _assumptions(run: "Exportable", lang: "Lang") -> Iterable[Sequence[object]]:
    heads = (
        ("参数", "parameter"),
        ("含义", "meaning"),
        ("均值", "mean"),
        ("5%", "5%"),
        ("95%", "95%"),
        ("单位", "unit"),
    )
    more = ("等级", "grade"), ("来源", "sources")
    yield [said(Name(*head), lang) for head in (*heads, *more)]
    priors = run.library.priors
    for name in run.parameter_names:
        drawn = run.parameters(name)
        low, high = np.quantile(drawn, [0.05, 0.95]).tolist()
        prior = priors.get(name)
        about: tuple[str, ...] = ("", "", "")
        if prior is not None:
            unit, grade = unit_name(prior.unit), GRADES[prior.grade]
            about = (said(unit, lang), said(grade, lang), ", ".join(prior.sources))
        meaning = "" if prior is None else said(Name(prior.meaning.zh, prior.meaning.en), lang)
        yield [name, meaning, float(drawn.mean()), low, high, *about]


def _provenance(run: "Exportable", lang: "Lang") -> Iterable[Sequence[object]]:
    yield [said(Name("项目", "item"), lang), said(Name("内容", "content"), lang)]
    yield [
        said(Name("情景", "scenario"), lang),
        f"{said(run.scenario.name, lang)} ({run.scenario.stem})",
    ]
    yield [said(Name("运行", "run"), lang), folder_name(run.scenario.stem, run.hash)]
    yield [said(Name("情景摘要", "scenario digest"), lang), run.scenario.digest()]
    yield [said(Name("数据摘要", "data digest"), lang), run.library.registry.digest]
    yield [said(Name("成员数", "members"), lang), run.n]
    yield [said(Name("随机种子", "seed"), lang), run.seed]
    yield [said(Name("程序", "program"), lang), f"simulate {run.version}"]
    yield [
        said(Name("金额", "money"), lang),
        said(Name("1亿元 = 100 million CNY", "1亿元 = 100 million CNY"), lang),
    ]
    yield [said(Name("说明", "caution"), lang), said(trust_in(run).caution, lang)]
