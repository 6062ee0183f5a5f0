"""The firms: how many there are of each size year by year, and how their growth and sizes are distributed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.registry import Name
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    COLOURS,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    TARGET,
    Page,
    colour_of,
    foot,
)
from simulator.reporting.figures.scales import QUANTILES, draw_bands, round_ticks, rule_ticks
from simulator.reporting.wording import lines, number, said
from simulator.targets import Floats

if TYPE_CHECKING:
    from simulator.experiments.validation import Validation

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
        quantiles = np.quantile(found.counts, QUANTILES, axis=0)
        low, _, middle, _, high = quantiles
        draw_bands(axes, years, quantiles, colour)
        axes.plot(years, middle, "-o", color=colour, linewidth=2.2, markersize=4, clip_on=False)
        # Firms are counted: no tick between two of them.
        ticks = [t for t in round_ticks(max(float(high.max()), 1.0) * 1.04) if t == int(t)]
        axes.set_ylim(0.0, max(ticks[-1], float(high.max()) * 1.04))
        rule_ticks(axes, ticks, [number(tick) for tick in ticks])
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


def size_classes(run: Ensemble) -> tuple[SizeClass, ...]:
    """Counts of catalogue firms by revenue, smallest class first. KeyError where the run lacks a count."""
    missing = [name for name in COUNTS if name not in run.series]
    if missing:
        raise KeyError(f"the run holds no series {', '.join(missing)}")
    above = [run.annual(name) for name in COUNTS]
    counts = [one - two for one, two in zip(above, [*above[1:], 0.0 * above[0]], strict=True)]
    return tuple(SizeClass(name, count) for name, count in zip(CLASSES, counts, strict=True))


def firm_shapes(found: "Validation", *, lang: Lang = "both") -> Figure:
    """Growth rates of single firms against Laplace's law, and the tail of their sizes, on log axes."""
    by_id = {item.fact.id: item for item in found.judgements}
    shape, tail = by_id["SF04"].sample, by_id["SF01"].sample
    b = f"{shape.value:.2f}" if shape else "–"
    zeta = f"{tail.value:.2f}" if tail else "–"
    year = found.period.years[-1]
    title = Name(
        zh=f"企业增速形状 b = {b}（1 为拉普拉斯，2 为正态）；{year} 年规模上尾指数 {zeta}（1 为齐普夫）",
        en=f"Growth of firms: shape b = {b} (1 Laplace, 2 normal); size tail in {year}: "
        f"exponent {zeta} (1 is Zipf)",
    )
    subtitle = Name(
        zh=f"{found.name.zh}，{found.period}；左：年度对数增速减当年均值、除以规模组标准差；"
        "右：营收不低于某值的企业占比，每线一个成员",
        en=f"{found.name.en}, {found.period}; left: yearly log growth less the year's mean, over "
        "the sd of its size bin; right: share of firms at or above a revenue, a line a member",
    )
    footer = Name(
        zh=f"来源：simulate validate；{found.members} 个成员，种子 {found.seed}",
        en=f"Source: simulate validate; {found.members} members, seed {found.seed}",
    )
    page = Page(lang, title, subtitle, body=4.35, footer=footer)
    _growth_panel(page, page.axes(0.85, 0.35, 3.75, 3.3), found.shapes.growth)
    _tail_panel(page, page.axes(5.65, 0.35, 3.75, 3.3), found.shapes.sizes)
    page.finish()
    return page.figure


def _growth_panel(page: Page, axes: Axes, growth: Floats) -> None:
    edges = np.linspace(-6.0, 6.0, 61)
    counts, _ = np.histogram(growth, edges)
    centres = (edges[1:] + edges[:-1]) / 2.0
    density = counts / (len(growth) * (edges[1] - edges[0]))
    seen = density > 10.0**-5.1
    fine = np.linspace(-6.0, 6.0, 241)
    laplace = -np.log10(np.sqrt(2.0)) - np.sqrt(2.0) * np.abs(fine) / np.log(10.0)
    normal = -0.5 * np.log10(2.0 * np.pi) - 0.5 * fine**2 / np.log(10.0)
    axes.set_xlim(-6.2, 6.2)
    axes.set_ylim(-5.2, 0.25)
    rule_ticks(axes, range(-5, 1), [f"{10.0**k:.{-k}f}" for k in range(-5, 1)], base=None)
    axes.set_xticks(range(-6, 7, 2), [str(k).replace("-", "−") for k in range(-6, 7, 2)])
    axes.plot(fine[normal > -5.2], normal[normal > -5.2], color=FAINT, linewidth=1.2)
    axes.plot(fine, laplace, color=TARGET, linewidth=1.6)
    axes.plot(centres[seen], np.log10(density[seen]), "o", color=COLOURS[0], markersize=3.6)
    said_here = (
        (Name(zh="模型企业", en="model firms"), COLOURS[0]),
        (Name(zh="拉普拉斯", en="Laplace"), TARGET),
        (Name(zh="正态", en="normal"), FAINT),
    )
    for row, (name, colour) in enumerate(said_here):
        page.write(0.95, 0.45 + 0.2 * row, said(name, page.lang), 9.0, colour)
    words = Name(zh="密度（对数刻度）", en="density (log scale)")
    page.write(MARGIN, 0.14, said(words, page.lang), 9.0, MUTED)
    words = Name(zh="标准化增速（标准差）", en="standardised growth (sd)")
    page.write(2.72, 4.1, said(words, page.lang), 9.0, MUTED, ha="center")


def _tail_panel(page: Page, axes: Axes, sizes: Sequence[Floats]) -> None:
    top = max(float(row[0]) for row in sizes)
    ends = (-2, int(np.ceil(np.log10(top))))
    axes.set_xlim(ends[0] - 0.1, ends[1] + 0.1)
    axes.set_ylim(-3.8, 0.15)
    rule_ticks(axes, range(-3, 1), [f"{10.0**k:g}" for k in range(-3, 1)], base=None)
    axes.set_xticks(
        range(ends[0], ends[1] + 1), [f"{10.0**k:g}" for k in range(ends[0], ends[1] + 1)]
    )
    for row in sizes:
        share = np.arange(1, len(row) + 1) / len(row)
        axes.plot(np.log10(row), np.log10(share), color=COLOURS[0], linewidth=0.7, alpha=0.3)
    # Zipf's law as a rule to lay beside the curves, through one firm in ten at the median member.
    tenth = float(np.median([np.log10(row[len(row) // 10]) for row in sizes]))
    axes.plot([tenth - 0.2, tenth + 2.6], [-0.8, -3.6], color=TARGET, linewidth=1.6)
    zipf = Name(zh="齐普夫，斜率 −1", en="Zipf, slope −1")
    page.write(9.4, 0.65, said(zipf, page.lang), 9.0, TARGET, ha="right")
    each = Name(zh="每线一个成员", en="a line a member")
    page.write(9.4, 0.45, said(each, page.lang), 9.0, COLOURS[0], ha="right")
    words = Name(zh="企业占比（对数刻度）", en="share of firms (log scale)")
    page.write(5.15, 0.14, said(words, page.lang), 9.0, MUTED)
    words = Name(zh="营收 亿元（对数刻度）", en="revenue, 亿元 (log scale)")
    page.write(7.52, 4.1, said(words, page.lang), 9.0, MUTED, ha="center")
