"""How many catalogue firms there are of each size, year by year."""

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
    round_ticks,
)
from simulator.reporting.wording import lines, number
from simulator.targets import Floats

COUNTS = ("catalogue_firms", "firms_10", "firms_50", "firms_100")
CLASSES = (
    Name("10亿元以下", "below 10亿元"),
    Name("10–50亿元", "10–50亿元"),
    Name("50–100亿元", "50–100亿元"),
    Name("100亿元以上", "100亿元 or above"),
)


class SizeClass(NamedTuple):
    """Catalogue firms of one size class: members by years, at the end of each year."""

    name: Name
    counts: Floats


def size_classes(run: Ensemble) -> tuple[SizeClass, ...]:
    """Counts of catalogue firms by revenue, smallest class first. KeyError where the run lacks a count."""
    missing = [name for name in COUNTS if name not in run.series]
    if missing:
        raise KeyError(f"the run holds no series {', '.join(missing)}")
    above = [run.annual(name) for name in COUNTS]
    counts = [one - two for one, two in zip(above, [*above[1:], 0.0 * above[0]], strict=True)]
    return tuple(SizeClass(name, count) for name, count in zip(CLASSES, counts, strict=True))


def firm_sizes(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """A panel for each size class: median and 50 and 90 % bands of the number of firms over the years."""
    classes = size_classes(run)
    years = run.years
    large = sum((found.counts for found in classes[1:]), 0.0 * classes[0].counts)
    first, last = (float(np.median(large[:, place])) for place in (0, -1))
    title = Name(
        f"10亿元以上的名录企业由 {years[0]} 年的 {number(first)} 家变为 {years[-1]} 年的 {number(last)} 家（中位数）",
        f"Catalogue firms at 10亿元 (1 bn CNY) or above: {number(first)} in {years[0]}, "
        f"{number(last)} in {years[-1]} (medians)",
    )
    subtitle = Name(
        f"{run.scenario.name.zh}；年末各营收规模的名录企业数；线为中位数，深色带含 50%、浅色带含 90% 的成员"
        "；各图刻度不同",
        f"{run.scenario.name.en}; catalogue firms by revenue at the end of each year; line: median, bands hold "
        "50 and 90% of members; each panel has its own scale",
    )
    page = Page(lang, title, subtitle, body=3.1, **foot(run))
    colour = colour_of(run.scenario.stem)
    room = (page.width - 2 * MARGIN) / len(classes)
    span = max(years[-1] - years[0], 1)
    for place, found in enumerate(classes):
        left = MARGIN + place * room
        y = 0.14
        for n, text in enumerate(lines(found.name, lang)):
            page.write(left, y, text, 10.5 if n == 0 else 8.5, INK if n == 0 else MUTED)
            y += 0.2
        axes = page.axes(left + 0.3, 0.6, room - 0.85, 2.05)
        low, below, middle, above, high = np.quantile(
            found.counts, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0
        )
        axes.fill_between(years, low, high, color=colour, alpha=0.14, linewidth=0)
        axes.fill_between(years, below, above, color=colour, alpha=0.26, linewidth=0)
        axes.plot(years, middle, "-o", color=colour, linewidth=2.2, markersize=4, clip_on=False)
        # Firms are counted: no tick between two of them.
        ticks = [t for t in round_ticks(max(float(high.max()), 1.0) * 1.04) if t == int(t)]
        axes.set_ylim(0.0, max(ticks[-1], float(high.max()) * 1.04))
        axes.set_yticks(ticks, [number(tick) for tick in ticks])
        for tick in ticks:
            axes.axhline(tick, color=RULE, linewidth=0.8 if tick else 1.2, zorder=0)
        axes.set_xlim(years[0] - 0.06 * span, years[-1] + 0.06 * span)
        ends = (years[0], years[-1])
        axes.set_xticks(ends, [str(year) for year in ends])
        top, bottom = axes.get_ylim()[1], 0.6 + 2.05
        end = bottom - 2.05 * float(middle[-1]) / top
        page.write(left + room - 0.46, end, number(float(middle[-1])), 11.0, INK)
        spread = f"{number(float(low[-1]))}–{number(float(high[-1]))}"
        page.write(left + room - 0.46, end + 0.18, spread, 7.5, FAINT)
    page.finish()
    return page.figure
