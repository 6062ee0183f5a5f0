"""A schematic map of the districts: a tile each, roughly where it lies, shaded by what its firms earn.

The layout is data (`district_tiles.csv`); a city without one gets its districts in rows by size. No border and no
distance is drawn, and the figure says so.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from simulator.registry import Name, Registry
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    MARGIN,
    MUTED,
    Page,
    colour_of,
    foot,
    ink_on,
    tint,
    wrap,
)
from simulator.reporting.wording import lines, number, percent
from simulator.targets import Floats

SERIES = "district_core_revenue"
STEPS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Bounds of the shades, 亿元: a district may earn a thousandth of another."""
STRENGTHS = (0.06, 0.16, 0.3, 0.48, 0.7, 1.0)
GAP = 0.07


class District(NamedTuple):
    """A district with its zones: members' core revenue in the founding and in the last year, 亿元."""

    id: str
    name: Name
    first: Floats
    last: Floats

    @property
    def median(self) -> float:
        """Median of the last year."""
        return float(np.median(self.last))


def district_map(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Core revenue of each district in the last year, on a schematic map.

    A district's figure adds its functional zones. KeyError for a run without series by district.
    """
    found = districts_of(run)
    if not found:
        raise KeyError(f"the run holds no {SERIES} series")
    spots = _spots(found, run.library.tiles)
    schematic = all(district.id in run.library.tiles for district in found)
    years = (run.quarters[0].year, run.years[-1])
    title, subtitle = _words(run, found, years, schematic)
    columns = 1 + max(column for column, _ in spots.values())
    rows = 1 + max(row for _, row in spots.values())
    width, height = min(1.5, 7.2 / columns), 0.9 if lang == "both" else 0.78
    page = Page(lang, title, subtitle, body=rows * height + 0.25, **foot(run))
    left = page.width - MARGIN - columns * width
    colour = colour_of(run.scenario.stem)
    for district in found:
        column, row = spots[district.id]
        _tile(page, district, left + column * width, 0.12 + row * height, width, height, colour)
    _legend(page, colour, years)
    page.finish()
    return page.figure


def districts_of(run: Ensemble) -> list[District]:
    """The districts that the run has series of, the largest first; zones are added to theirs."""
    found = []
    for place in run.library.registry.places:
        if place.parent:
            continue
        names = [f"{SERIES}[{p}]" for p in (place.id, *_zones(run.library.registry, place.id))]
        held = [name for name in names if name in run.series]
        if held:
            found.append(District(place.id, place.name, *first_and_last(run, held)))
    return sorted(found, key=lambda district: -district.median)


def first_and_last(run: Ensemble, series: Sequence[str]) -> tuple[Floats, Floats]:
    """Sum of the series in the founding quarter and in the last year, for each member."""
    first: Floats = np.sum([run.values(key)[:, 0] for key in series], axis=0)
    last: Floats = np.sum([run.annual(key)[:, -1] for key in series], axis=0)
    return first, last


def shade(value: float, colour: str) -> str:
    """The scenario's colour, as strong as the value is large, in six steps."""
    return tint(colour, STRENGTHS[sum(value >= step for step in STEPS)])


def shades() -> list[tuple[float, str]]:
    """The strength of each shade, and the amounts that it stands for."""
    bounds = pairwise(("", *(number(step) for step in STEPS), ""))
    texts = [
        f"{low}–{high}" if low and high else f"< {high}" if high else f"≥ {low}"
        for low, high in bounds
    ]
    return list(zip(STRENGTHS, texts, strict=True))


def _zones(registry: Registry, district: str) -> list[str]:
    return [place.id for place in registry.places if place.parent == district]


def _spots(
    found: list[District], tiles: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    """Where each district goes: as the layout has it, or in rows by size where it lacks one."""
    if all(district.id in tiles for district in found):
        return {district.id: tiles[district.id] for district in found}
    columns = math.ceil(math.sqrt(len(found)))
    return {district.id: (i % columns, i // columns) for i, district in enumerate(found)}


def _words(
    run: Ensemble, found: list[District], years: tuple[int, int], schematic: bool
) -> tuple[Name, Name]:
    total = np.sum([district.last for district in found], axis=0)
    filled = total > 0.0

    def share(chosen: list[District]) -> str:
        part = np.sum([district.last for district in chosen], axis=0)
        return percent(float(np.median(part[filled] / total[filled])) if filled.any() else 0.0)

    small = [district for district in found if district.median < 0.01 * float(np.median(total))]
    top = found[0].name
    zh = f"{years[1]} 年{top.zh}约占全市核心营收的 {share(found[:1])}"
    en = f"{top.en}: about {share(found[:1])} of core revenue in {years[1]}"
    if len(small) > 1:
        zh += f"；{len(small)} 个区各不足 1%"
        en += f"; {len(small)} districts hold less than 1% each"
    where = Name("示意图：一格一区，按大致方位排列，不表示边界与距离", "schematic: a tile a district, "
                 "roughly where it lies; no borders or distances")  # fmt: skip
    if not schematic:
        where = Name("按大小排列，不是地图", "in order of size, not a map")
    subtitle = Name(
        f"{run.scenario.name.zh}；各区核心营收（含其功能区）的中位数；{where.zh}",
        f"{run.scenario.name.en}; median core revenue by district with its zones; {where.en}",
    )
    return Name(zh, en), subtitle


def _tile(
    page: Page,
    district: District,
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str,
) -> None:
    """One tile: name, median of the last year."""
    fill = shade(district.median, colour)
    ink = ink_on(fill)
    page.bar(x, y, width - GAP, height - GAP, fill)
    inside = x + 0.1
    down = y + 0.16
    for place, text in enumerate(lines(district.name, page.lang)):
        size = 10.0 if place == 0 else 7.5
        text = text.removesuffix(" District").removesuffix(" New Area")
        for part in wrap(text, width - GAP - 0.2, size):
            page.write(inside, down, part, size, ink)
            down += size / 72 * 1.5
    page.write(
        x + width - GAP - 0.1,
        y + height - GAP - 0.16,
        number(district.median),
        12.0,
        ink,
        ha="right",
    )


def _legend(page: Page, colour: str, years: tuple[int, int]) -> None:
    """What the shades stand for, in the empty corner of the map."""
    y = 0.22
    head = Name(f"{years[1]} 年核心营收", f"core revenue {years[1]}")
    unit = Name("亿元，中位数", "亿元, median")
    for text in (*lines(head, page.lang), *lines(unit, page.lang)):
        page.write(MARGIN, y, text, 9.0, MUTED)
        y += 0.19
    y += 0.08
    for strength, text in shades():
        page.bar(MARGIN, y, 0.32, 0.2, tint(colour, strength))
        page.write(MARGIN + 0.42, y + 0.1, text, 8.5, MUTED)
        y += 0.23
