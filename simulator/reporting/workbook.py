"""A run as a workbook for people: one sheet each for targets, city series, chains, districts, assumptions, provenance.

Every table carries its units; money is in 亿元. Written with xlsxwriter (extra `excel`), without formulas or macros.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.foundation.findings import UsageError
from simulator.observables import observable_of
from simulator.registry import Name
from simulator.reporting.wording import said, unit_text
from simulator.targets import UNCALIBRATED, goals_of, score

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


def write_workbook(run: "Exportable", path: Path, lang: "Lang" = "both") -> None:
    """Write the workbook; UsageError without the library that writes it."""
    try:
        import xlsxwriter
    except ImportError as missing:
        raise UsageError(
            "xlsx needs xlsxwriter; install it with: pip install 'tianjin-ai-simulator[excel]'",
            "xlsx 需要 xlsxwriter；安装：pip install 'tianjin-ai-simulator[excel]'",
        ) from missing
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        share = book.add_format({"num_format": "0.0%"})
        plain = book.add_format({"num_format": "#,##0.###"})
        _sheet(
            book,
            Name("目标", "Targets"),
            lang,
            bold,
            _targets(run, lang),
            {5: share, 6: share, 7: share, 8: share, 3: plain},
        )
        for dimension, title in DIMENSIONS:
            rows = list(_series(run, dimension, lang))
            if len(rows) > 1:
                _sheet(book, title, lang, bold, rows, {i: plain for i in range(4, 10)})
        _sheet(
            book,
            Name("假设", "Assumptions"),
            lang,
            bold,
            _assumptions(run, lang),
            {2: plain, 3: plain, 4: plain},
        )
        _sheet(book, Name("来源", "Provenance"), lang, bold, _provenance(run, lang), {})


def _sheet(
    book: Any,
    title: Name,
    lang: "Lang",
    bold: Any,
    rows: Iterable[Sequence[object]],
    formats: dict[int, Any],
) -> None:
    """One sheet: a bold head that stays in view, then the rows; a dash where there is no number."""
    sheet = book.add_worksheet(said(title, lang)[:31])
    widths: dict[int, int] = {}
    for number, row in enumerate(rows):
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
    scenario = run.scenario
    goals = goals_of(run.library.registry, run.years, scenario.extra_targets, scenario.plans)
    for item in score(goals, run):
        found, twin = item.probability, item.published
        numbers = (found.value, found.low, found.high) if found else (None, None, None)
        remark = "" if found else said(item.reason, lang)
        name = said(item.name, lang)
        yield [
            name,
            item.key,
            item.year,
            item.value,
            item.unit,
            *numbers,
            twin and twin.value,
            remark,
        ]


def _series(run: "Exportable", dimension: str, lang: "Lang") -> Iterable[Sequence[object]]:
    heads = [
        Name("序列", "series"),
        Name("名称", "name"),
        Name("单位", "unit"),
        Name("年份", "year"),
        Name("均值", "mean"),
    ]
    yield [*(said(head, lang) for head in heads), *(f"{q:.0%}" for q in QUANTILES)]
    for series in run.series:
        observable = observable_of(series)
        if observable.dimension != dimension:
            continue
        annual = run.annual(series)
        quantiles = np.quantile(annual, QUANTILES, axis=0)
        for column, year in enumerate(run.years):
            spread = quantiles[:, column].tolist()
            unit = unit_text(observable.unit, lang)
            yield [
                series,
                said(observable.name, lang),
                unit,
                year,
                float(annual[:, column].mean()),
                *spread,
            ]


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
        about = (
            ("", "", "") if prior is None else (prior.unit, prior.grade, ", ".join(prior.sources))
        )
        meaning = "" if prior is None else said(Name(prior.meaning.zh, prior.meaning.en), lang)
        yield [name, meaning, float(drawn.mean()), low, high, *about]


def _provenance(run: "Exportable", lang: "Lang") -> Iterable[Sequence[object]]:
    yield [said(Name("项目", "item"), lang), said(Name("内容", "content"), lang)]
    yield [
        said(Name("情景", "scenario"), lang),
        f"{said(run.scenario.name, lang)} ({run.scenario.stem})",
    ]
    yield [said(Name("情景摘要", "scenario digest"), lang), run.scenario.digest()]
    yield [said(Name("数据摘要", "data digest"), lang), run.library.registry.digest]
    yield [said(Name("成员数", "members"), lang), run.n]
    yield [said(Name("随机种子", "seed"), lang), run.seed]
    yield [said(Name("程序", "program"), lang), f"simulate {run.version}"]
    yield [
        said(Name("金额", "money"), lang),
        said(Name("1亿元 = 100 million CNY", "1亿元 = 100 million CNY"), lang),
    ]
    yield [said(Name("说明", "caution"), lang), said(UNCALIBRATED, lang)]
