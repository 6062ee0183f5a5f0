"""Figures in rows: the name left of a row, and bars from a common zero."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from simulator.registry import Name
from simulator.reporting.figures.page import COLOURS, INK, MARGIN, MUTED, Page, shorten
from simulator.reporting.wording import end_text, lines

if TYPE_CHECKING:
    from simulator.experiments.intervals import Estimate

LEFT = 3.75
RIGHT = 8.35
"""Where bars begin and end, inches."""


WIDEST = 4.0
"""How many times the longest bar a scale may reach for the sake of intervals."""


class Bar(NamedTuple):
    """A row of a bar chart: its name, value, interval, and the texts at its end."""

    name: Name
    value: float
    low: float
    high: float
    text: str
    colour: str = COLOURS[0]
    ends: str = ""


def name_row(
    page: Page,
    name: Name,
    y: float,
    room: float,
    *,
    sizes: tuple[float, float] = (10.0, 8.5),
    down: tuple[float, float] = (-0.09, 0.1),
) -> None:
    """A name left of its row, cut to one line of `room` inches a language; two lines stand `down` from its middle."""
    words = lines(name, page.lang)
    for text, size, offset, colour in zip(words, sizes, down, (INK, MUTED), strict=False):
        middle = y + offset if len(words) > 1 else y
        page.write(MARGIN, middle, shorten(text, room, size), size, colour)


def scale_of(bars: Sequence[Bar]) -> tuple[float, float]:
    """From where to where bars are drawn: all intervals, but none so wide that no bar would show."""
    most = WIDEST * max((abs(bar.value) for bar in bars), default=0.0) or float("inf")
    low = min([0.0, *(bar.low for bar in bars), *(bar.value for bar in bars)])
    high = max([1e-12, *(bar.high for bar in bars), *(bar.value for bar in bars)])
    return max(low, -most), min(high, most)


def draw_bars(page: Page, bars: Sequence[Bar], top: float, step: float) -> None:
    """Horizontal bars from a common zero, with intervals and the value at the right edge.

    An interval that leaves the scale ends in an arrow.
    """
    low, high = scale_of(bars)

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

    page.upright(x(0.0), top, top + step * len(bars), MUTED, 0.8)
    for place, bar in enumerate(bars):
        y = top + step * (place + 0.5)
        name_row(page, bar.name, y, LEFT - 0.55)
        left, right = sorted((x(0.0), x(bar.value)))
        if bar.value != 0.0:
            page.bar(left, y - 0.1, right - left, 0.2, bar.colour)
        if bar.high > bar.low:
            ends = x(max(bar.low, low)), x(min(bar.high, high))
            page.rule(*ends, y, INK, 1.1)
            for tip, back, cut in (
                (ends[0], 0.06, bar.low < low),
                (ends[1], -0.06, bar.high > high),
            ):
                for slope in (-0.05, 0.05) if cut else ():
                    page.line(tip, y, tip + back, y + slope, INK)
        page.write(9.55, y - (0.07 if bar.ends else 0.0), bar.text, 10.0, INK, ha="right")
        if bar.ends:
            page.write(9.55, y + 0.1, bar.ends, 8.0, MUTED, ha="right")


def ends_text(found: "Estimate", text: Callable[[float], str]) -> str:
    """An interval in brackets; some of its ends are negative, so that no dash stands between them."""
    return f"({end_text(found, found.low, text)}, {end_text(found, found.high, text)})"
