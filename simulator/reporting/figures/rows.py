"""Figures in rows: the name left of a row, and bars from a common zero."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from simulator.registry import Name
from simulator.reporting.figures.page import COLOURS, INK, MARGIN, MUTED, Page, shorten
from simulator.reporting.wording import lines

if TYPE_CHECKING:
    from simulator.experiments.intervals import Estimate

LEFT = 3.75
RIGHT = 8.35
"""Where bars begin and end, inches."""


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


def draw_bars(page: Page, bars: Sequence[Bar], top: float, step: float) -> None:
    """Horizontal bars from a common zero, with intervals and the value at the right edge."""
    low = min([0.0, *(bar.low for bar in bars), *(bar.value for bar in bars)])
    high = max([1e-12, *(bar.high for bar in bars), *(bar.value for bar in bars)])

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
            page.rule(x(bar.low), x(bar.high), y, INK, 1.1)
        page.write(9.55, y - (0.07 if bar.ends else 0.0), bar.text, 10.0, INK, ha="right")
        if bar.ends:
            page.write(9.55, y + 0.1, bar.ends, 8.0, MUTED, ha="right")


def ends_text(found: "Estimate", text: Callable[[float], str]) -> str:
    """An interval in brackets; some of its ends are negative, so that no dash stands between them."""
    return f"({text(found.low)}, {text(found.high)})"
