"""The scales of a chart: round ticks, the rules behind them, the bands of an ensemble, and what is measured."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from simulator.registry import Name
from simulator.reporting.figures.page import MUTED, RULE, Page
from simulator.reporting.wording import number, percent, said
from simulator.targets import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The median between the ends of what holds 50 % and 90 % of members."""


def round_ticks(top: float) -> list[float]:
    """Round numbers from zero to at most `top`, four to seven of them."""
    top = top if top > 0.0 else 1.0
    power = 10.0 ** np.floor(np.log10(top / 4.0))
    step = next(s * power for s in (1.0, 2.0, 2.5, 5.0, 10.0) if top / (s * power) <= 7.0)
    return [float(step * i) for i in range(int(top / step + 1e-9) + 1)]


def ticks_between(low: float, high: float) -> list[float]:
    """Three to seven round numbers from `low` to `high`; the one there is where they are the same."""
    if not high > low:
        return [low]
    step = round_ticks((high - low) * 0.999)[1]
    first = int(np.ceil(low / step - 1e-9))
    return [step * i for i in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def rule_ticks(
    axes: Axes, ticks: Sequence[float], labels: Sequence[str], base: float | None = 0.0
) -> None:
    """Ticks of the vertical scale with a rule through each, that of the base a little heavier."""
    axes.set_yticks(ticks, labels)
    for tick in ticks:
        axes.axhline(tick, color=RULE, linewidth=1.2 if tick == base else 0.8, zorder=0)


def scale_across(axes: Axes, top: float) -> None:
    """The horizontal scale from zero to `top`."""
    ticks = round_ticks(top)
    axes.set_xlim(-0.02 * top, top)
    axes.set_xticks(ticks, [number(tick) for tick in ticks])


def scale_up(axes: Axes, top: float, *, shares: bool) -> None:
    """The vertical scale from zero to `top`; shares are written as percents."""
    ticks = round_ticks(top)
    axes.set_ylim(0.0, top or 1.0)
    rule_ticks(axes, ticks, [percent(tick) if shares else number(tick) for tick in ticks])


def draw_bands(axes: Axes, times: Floats | Sequence[int], found: Floats, colour: str) -> None:
    """What holds 90 % of members, light, and 50 %, darker; `found` has a row over time for each of QUANTILES."""
    low, below, _, above, high = found
    axes.fill_between(times, low, high, color=colour, alpha=0.14, linewidth=0)
    axes.fill_between(times, below, above, color=colour, alpha=0.26, linewidth=0)


def name_scales(page: Page, axes: Axes, bottom: float, x: Name, y: Name) -> None:
    """What the scales measure: above the vertical one, below the horizontal one, which ends at `bottom` inches."""
    area = axes.get_position()
    left, right = area.x0 * page.width, area.x1 * page.width
    top = (1.0 - area.y1) * page.height - page.top
    page.write(left - 0.3, top - 0.17, said(y, page.lang), 9.0, MUTED)
    page.write(right, bottom + 0.42, said(x, page.lang), 9.0, MUTED, ha="right")
