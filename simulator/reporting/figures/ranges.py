"""Chains and districts in rows: the first and the last year, with the ranges of the members."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from simulator.registry import Name
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    FAINT,
    INK,
    MARGIN,
    MUTED,
    RULE,
    Page,
    colour_of,
    foot,
    lighter,
    text_width,
    wrap,
)
from simulator.reporting.figures.scales import QUANTILES, round_ticks
from simulator.reporting.figures.tiles import SERIES, districts_of, first_and_last
from simulator.reporting.wording import lines, number, percent, said, unit_text
from simulator.targets import Floats

_CORE = Name("核心营收", "core revenue")


class _Range(NamedTuple):
    """One row of a range chart: the members' figures in the first and in the last year."""

    name: Name
    depth: int
    first: Floats
    last: Floats

    def growth(self, years: tuple[int, int]) -> float:
        """Growth a year of the median between two years; zero where the base is empty."""
        base, end = float(np.median(self.first)), float(np.median(self.last))
        span = years[1] - years[0]
        return (end / base) ** (1.0 / span) - 1.0 if base > 0.0 and span > 0 else 0.0


def chains(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Core revenue of each chain: base year and last year, with 50 and 90 % ranges."""
    registry = run.library.registry
    rows = []
    for chain in registry.chains:
        series = f"chain_core_revenue[{chain.id}]"
        if series in run.series:
            rows.append(_Range(chain.name, 0, *first_and_last(run, (series,))))
    if not rows:
        raise KeyError("the run holds no chain_core_revenue series")
    rows.sort(key=lambda row: -float(np.median(row.last)))
    years = (run.quarters[0].year, run.years[-1])
    lead = rows[0]
    share = percent(_share(lead.last, rows))
    ranked = sorted(rows, key=lambda row: row.growth(years), reverse=True)
    fast, rate = ranked[0], percent(ranked[0].growth(years))
    if len(ranked) > 1 and percent(ranked[1].growth(years)) == rate:
        growth = Name(zh="各链增速相近", en="the chains grow at similar rates")
    else:
        growth = Name(
            zh=f"“{fast.name.zh}”增长最快，年均 {rate}",
            en=f"fastest growth: {fast.name.en}, {rate} a year",
        )
    title = Name(
        zh=f"{years[1]} 年“{lead.name.zh}”约占核心营收的 {share}；{growth.zh}",
        en=f"{lead.name.en}: about {share} of core revenue in {years[1]}; {growth.en}",
    )
    return _ranges(run, rows, title, years, lang, logarithmic=False)


def districts(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Core revenue of each district with its functional zones, and of the zones under it.

    A firm in a zone is counted in the zone's series only; a district's row adds its zones.
    """
    found = districts_of(run)
    if not found:
        raise KeyError(f"the run holds no {SERIES} series")
    tops = [_Range(district.name, 0, district.first, district.last) for district in found]
    rows = []
    for district, whole in zip(found, tops, strict=True):
        parts = [
            _Range(zone.name, 1, *first_and_last(run, (f"{SERIES}[{zone.id}]",)))
            for zone in run.library.registry.places
            if zone.parent == district.id and f"{SERIES}[{zone.id}]" in run.series
        ]
        rows += [whole, *sorted(parts, key=lambda row: -float(np.median(row.last)))]
    years = (run.quarters[0].year, run.years[-1])
    first = percent(_share(tops[0].last, tops))
    three = percent(_share(np.sum([row.last for row in tops[:3]], axis=0), tops))
    title = Name(
        zh=f"{years[1]} 年{tops[0].name.zh}约占全市核心营收的 {first}，前三个区合计约 {three}",
        en=f"{tops[0].name.en} holds about {first} of the city's core revenue in {years[1]}, "
        f"the first three districts about {three}",
    )
    what = Name("核心营收，各区含其功能区", "core revenue, each district with its functional zones")
    return _ranges(run, rows, title, years, lang, logarithmic=True, what=what)


def _share(part: Floats, rows: Sequence[_Range]) -> float:
    """Median over members of a part's share in the total; zero where all is empty."""
    total = np.sum([row.last for row in rows], axis=0)
    return float(np.median(np.divide(part, total, out=np.zeros_like(part), where=total > 0.0)))


def _ranges(
    run: Ensemble,
    rows: Sequence[_Range],
    title: Name,
    years: tuple[int, int],
    lang: Lang,
    *,
    logarithmic: bool,
    what: Name = _CORE,
) -> Figure:
    """Rows with a dot for the base year, a dot with ranges for the last year, and the numbers."""
    unit = unit_text("亿元", lang)
    top = max(float(np.quantile(row.last, 0.95)) for row in rows)
    logarithmic = logarithmic and top > 0.0
    scale = Name(zh="，对数刻度" if logarithmic else "", en=", log scale" if logarithmic else "")
    subtitle = Name(
        zh=f"{run.scenario.name.zh}；{what.zh}{scale.zh}；空心点 {years[0]} 年中位数，"
        f"实心点 {years[1]} 年中位数，粗线 50%、细线 90% 的成员",
        en=f"{run.scenario.name.en}; {what.en}{scale.en}; hollow dot: median {years[0]}, "
        f"solid dot: median {years[1]}, thick line 50%, thin line 90% of members",
    )
    left = 3.75 if lang == "both" else 3.2 if lang == "en" else 2.3
    tight = len(rows) > 10
    names = [_range_name(row, lang, left - 0.2 - MARGIN - 0.2 * row.depth, tight) for row in rows]
    rises = [0.155 * (len({y for _, _, y, *_ in words}) - 1) for words in names]
    heights = [0.29 + rise if tight else 0.5 for rise in rises]
    page = Page(lang, title, subtitle, body=0.55 + sum(heights), **foot(run))
    colour = colour_of(run.scenario.stem)
    right = 6.85
    floor = 0.0
    if logarithmic:
        smallest = min(float(np.quantile(row.last, 0.05)) for row in rows)
        floor = 10.0 ** np.floor(np.log10(max(smallest, top / 2e3)))
        ticks = [10.0**p for p in range(int(np.log10(floor)), int(np.ceil(np.log10(top))) + 1)]
        top = ticks[-1]
    else:
        ticks = round_ticks(top * 1.02)
        top = max(top * 1.02, ticks[-1])

    def across(value: float) -> float:
        share = value / top
        if logarithmic:
            share = float(np.log(max(value, floor) / floor) / np.log(top / floor))
        return left + min(share, 1.0) * (right - left)

    head = 0.42
    bottom = head + sum(heights) + 0.06
    for tick in ticks:
        page.upright(across(tick), head, bottom, RULE)
        page.write(across(tick), head - 0.1, number(tick), 8.5, FAINT, ha="center")
    page.write(MARGIN, head - 0.1, unit, 8.5, FAINT)
    headings = (str(years[0]), str(years[1]), "5–95%", said(Name(zh="年均", en="/yr"), lang))
    columns = (7.5, 8.05, 8.9, 9.55)
    for x, text in zip(columns, headings, strict=True):
        page.write(x, head - 0.1, text, 8.5, FAINT, ha="right")
    y = head + 0.05
    for row, words, height in zip(rows, names, heights, strict=True):
        y += height / 2
        low, below, middle, above, high = np.quantile(row.last, QUANTILES).tolist()
        tint = colour if row.depth == 0 else lighter(colour)
        for text, x, down, size, tone in words:
            page.write(MARGIN + 0.2 * row.depth + x, y + down, text, size, tone)
        page.rule(across(low), across(high), y, tint, 1.3)
        page.rule(across(below), across(above), y, tint, 4.5)
        base = float(np.median(row.first))
        page.dot(across(base), y, tint, 6.0, hollow=True)
        page.dot(across(middle), y, tint, 8.0)
        ink = INK if row.depth == 0 else MUTED
        growth = f"{row.growth(years) * 100:+.0f}%" if base > 0.0 else "–"
        cells = (number(base), number(middle), f"{number(low)}–{number(high)}", growth)
        for place_x, text, tone in zip(columns, cells, (MUTED, ink, MUTED, MUTED), strict=True):
            page.write(place_x, y, text, 9.0 if tight else 10.0, tone, ha="right")
        y += height / 2
    page.finish()
    return page.figure


def _range_name(
    row: _Range, lang: Lang, room: float, tight: bool
) -> list[tuple[str, float, float, float, str]]:
    """The name of a row as texts: words, shift right and down in inches, size, colour.

    In a tight chart both languages share a line where they fit, else they stand on two.
    """
    ink = INK if row.depth == 0 else MUTED
    size = (9.5 if row.depth == 0 else 8.5) if tight else 10.5
    words = lines(row.name, lang)
    if len(words) == 2 and tight:
        start = text_width(words[0], size) + 0.1
        if start + text_width(words[1], size - 1.5) <= room:
            return [(words[0], 0.0, 0.0, size, ink), (words[1], start, 0.0, size - 1.5, MUTED)]
    parts = []
    for place, text in enumerate(words):
        own = size - 2.0 * place if not tight else size - 1.0 * place
        parts += [
            (part, own, INK if row.depth == 0 and place == 0 else MUTED)
            for part in wrap(text, room, own)
        ]
    gap = 0.185 if not tight else 0.155
    first = -gap * (len(parts) - 1) / 2
    return [(text, 0.0, first + gap * i, own, tone) for i, (text, own, tone) in enumerate(parts)]
