"""Districts against chains: one square for each pair, as dark as the chain's core revenue there is large."""

import numpy as np
from matplotlib.figure import Figure

from simulator.experiments.cross import Cross
from simulator.registry import Name, Place
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    INK,
    MARGIN,
    MUTED,
    Page,
    colour_of,
    foot,
    ink_on,
    shorten,
    text_width,
    tint,
    wrap,
)
from simulator.reporting.figures.tiles import shade, shades
from simulator.reporting.wording import lines, number, percent, said
from simulator.targets import Floats

LEFT = 3.1
GAP = 0.04
LEAST = 6.0  # points of the smallest name
GROUPS = (
    ("district", Name("行政区（不含其功能区）", "Districts without their zones")),
    ("functional_zone", Name("功能区", "Functional zones")),
)


def cross(run: Ensemble, found: Cross, *, lang: Lang = "both") -> Figure:
    """Median core revenue of each chain in each district and zone in the last year, in six shades and in figures."""
    registry = run.library.registry
    last = found.table[:, -1]
    medians = np.median(last, axis=0)
    columns = sorted(range(len(found.chains)), key=lambda c: -float(medians[c].sum()))
    colour = colour_of(run.scenario.stem)
    title, subtitle = _words(run, found, last)
    height = 0.36 if lang == "both" else 0.29
    heads = [
        [
            (part, size)
            for size, text in zip((9.0, 7.5), lines(registry.chain(found.chains[c]).name, lang), strict=False)
            for part in wrap(text, _width(found) - 0.1, size)
        ]
        for c in columns
    ]  # fmt: skip
    deep = 0.17 * max(map(len, heads)) + 0.1
    groups = [(name, _rows(run, found, medians, kind)) for kind, name in GROUPS]
    groups = [(name, rows) for name, rows in groups if rows]
    body = deep + sum(0.34 + height * len(rows) for _, rows in groups) + 0.55
    page = Page(lang, title, subtitle, body=body, **foot(run))
    for column, words in enumerate(heads):
        middle = LEFT + _width(found) * (column + 0.5)
        for n, (text, size) in enumerate(words):
            y = deep - 0.1 - 0.17 * (len(words) - 1 - n)
            page.write(middle, y, text, size, INK if size > 8.0 else MUTED, ha="center")
    y = deep
    for name, rows in groups:
        page.write(MARGIN, y + 0.2, said(name, lang, "  "), 9.0, MUTED)
        y += 0.34
        for place, at in rows:
            _name(page, place, y + (height - GAP) / 2)
            for n, c in enumerate(columns):
                _square(
                    page, float(medians[c, at]), LEFT + n * _width(found), y, height, found, colour
                )
            y += height
    _legend(page, colour, y + 0.18)
    page.finish()
    return page.figure


def _width(found: Cross) -> float:
    """Inches of one column."""
    return (Page.width - MARGIN - LEFT) / len(found.chains)


def _rows(run: Ensemble, found: Cross, medians: Floats, kind: str) -> list[tuple[Place, int]]:
    """Places of a kind with their row in the cross, the largest first."""
    rows = [
        (place, found.places.index(place.id))
        for place in run.library.registry.places
        if place.kind == kind
    ]
    return sorted(rows, key=lambda row: -float(medians[:, row[1]].sum()))


def _words(run: Ensemble, found: Cross, last: Floats) -> tuple[Name, Name]:
    """The finding: how much the largest pair holds, and how few pairs hold nine tenths."""
    registry = run.library.registry
    whole = last.sum(axis=(1, 2))
    share_of = np.divide(
        last, whole[:, None, None], where=whole[:, None, None] > 0.0, out=np.zeros_like(last)
    )
    shares = np.median(share_of, axis=0)
    c, p = np.unravel_index(int(np.argmax(shares)), shares.shape)
    chain, place = registry.chain(found.chains[c]).name, registry.place(found.places[p]).name
    ordered = np.sort(last.reshape(len(last), -1), axis=1)[:, ::-1].cumsum(axis=1)
    few = int(np.median(1 + (ordered < 0.9 * whole[:, None]).sum(axis=1)))
    year, share = found.years[-1], percent(float(shares[c, p]))
    title = Name(
        f"{year} 年{place.zh}的“{chain.zh}”约占全市核心营收的 {share}；{shares.size} 格中约 {few} 格合计占九成",
        f"{chain.en} in {place.en}: about {share} of core revenue in {year}; some {few} of {shares.size} squares hold "
        "nine tenths",
    )
    subtitle = Name(
        f"{run.scenario.name.zh}；各产业链在各区的核心营收，亿元，成员中位数；功能区内的企业只计入功能区；空白处中位数为零",
        f"{run.scenario.name.en}; core revenue of each chain in each district, 亿元, medians over members; firms in a "
        "zone count in the zone only; medians of zero are left blank",
    )
    return title, subtitle


def _name(page: Page, place: Place, middle: float) -> None:
    """A name left of its row, in letters as small as its room asks for."""
    words = lines(place.name, page.lang)
    room = LEFT - MARGIN - 0.1
    for n, text in enumerate(words):
        size, ink = (9.0, INK) if n == 0 else (7.0, MUTED)
        size = max(LEAST, min(size, size * room / text_width(text, size)))
        down = 0.0 if len(words) == 1 else (-0.07 if n == 0 else 0.08)
        page.write(MARGIN, middle + down, shorten(text, room + 0.1, size), size, ink)


def _square(
    page: Page, value: float, x: float, y: float, height: float, found: Cross, colour: str
) -> None:
    if value > 0.0:
        fill = shade(value, colour)
        page.bar(x, y, _width(found) - GAP, height - GAP, fill)
        middle = x + (_width(found) - GAP) / 2
        text = number(float(f"{value:.2g}")) if value < 10.0 else number(value)
        page.write(middle, y + (height - GAP) / 2, text, 8.5, ink_on(fill), ha="center")


def _legend(page: Page, colour: str, y: float) -> None:
    """What the shades stand for, in one row under the squares."""
    page.write(
        MARGIN, y + 0.1, said(Name("亿元，中位数", "亿元, median"), page.lang, "  "), 8.5, MUTED
    )
    x = LEFT
    for strength, text in shades():
        page.bar(x, y, 0.32, 0.2, tint(colour, strength))
        page.write(x + 0.4, y + 0.1, text, 8.5, MUTED)
        x += 1.12
