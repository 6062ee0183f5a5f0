"""How a series spreads over the members of a run, and a small picture of it for notebooks.

The picture is plain SVG, drawn with the reader's own fonts, so that showing a run loads no
plotting library; the figures of a report are made elsewhere from the same numbers.
"""

from dataclasses import dataclass
from html import escape

import numpy as np

from simulator.experiments.folder import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 44, 34


@dataclass(frozen=True, eq=False, slots=True)
class Fan:
    """Quantiles of one series over time.

    `bands` is float64[quantiles, times] in `unit`, `times` are years (2025.25 is the second
    quarter) and `labels` how to write them.
    """

    key: str
    name_zh: str
    name_en: str
    unit: str
    times: tuple[float, ...]
    labels: tuple[str, ...]
    quantiles: tuple[float, ...]
    bands: Floats

    @property
    def median(self) -> Floats:
        """The middle band, float64[times]."""
        middle: Floats = self.bands[self.quantiles.index(0.5)]
        return middle

    def _repr_html_(self) -> str:
        return self._repr_svg_()

    def _repr_svg_(self) -> str:
        first, width = self.times[0], max(self.times[-1] - self.times[0], 1e-9)
        low_end = min(0.0, float(np.nanmin(self.bands, initial=0.0)))
        height = self._top() - low_end

        def across(time: float) -> float:
            return _LEFT + (time - first) / width * (_WIDTH - _LEFT - _RIGHT)

        def up(value: float) -> float:
            return _HEIGHT - _BOTTOM - (value - low_end) / height * (_HEIGHT - _TOP - _BOTTOM)

        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="12" '
            f'role="img" aria-label="{escape(self._title())}">',
            f'<text x="{_LEFT}" y="18" font-size="14">{escape(self._title())}</text>',
            f'<text x="{_LEFT}" y="34" fill="#666">{escape(self.unit)} · 50 %, 90 %</text>',
        ]
        for value in self._ticks():
            y = up(value)
            lines.append(
                f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="#ddd"/><text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" '
                f'fill="#666">{value:g}</text>'
            )
        # At most seven dates, so that labels of a long run do not run into each other.
        stride = -(-len(self.times) // 7)
        for time, label in list(zip(self.times, self.labels, strict=True))[::stride]:
            lines.append(
                f'<text x="{across(time):.1f}" y="{_HEIGHT - 12}" text-anchor="middle" '
                f'fill="#666">{escape(label)}</text>'
            )
        pairs = len(self.quantiles) // 2
        for low in range(pairs):
            rise = [f"{across(t):.1f},{up(v):.1f}" for t, v in self._points(low)]
            fall = [f"{across(t):.1f},{up(v):.1f}" for t, v in self._points(-1 - low)]
            lines.append(
                f'<polygon points="{" ".join(rise + fall[::-1])}" fill="#2b6cb0" '
                f'fill-opacity="{0.18 + 0.14 * low:.2f}"/>'
            )
        middle = " ".join(f"{across(t):.1f},{up(v):.1f}" for t, v in self._points(pairs))
        lines.append(
            f'<polyline points="{middle}" fill="none" stroke="#1a4f8b" stroke-width="2"/></svg>'
        )
        return "\n".join(lines)

    def _title(self) -> str:
        return f"{self.name_zh} {self.name_en}" if self.name_zh != self.name_en else self.name_en

    def _points(self, band: int) -> list[tuple[float, float]]:
        return list(zip(self.times, self.bands[band].tolist(), strict=True))

    def _ticks(self) -> list[float]:
        """About five round values from zero to the highest band."""
        top = self._top()
        step = 10.0 ** np.floor(np.log10(top / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if top / (step * factor) <= 6)
        return [float(value) for value in np.arange(0.0, top * 1.0001, step)]

    def _top(self) -> float:
        top = float(np.nanmax(self.bands, initial=0.0))
        return top if top > 0.0 else 1.0


def quantiles(values: Floats) -> Floats:
    """The quantiles of `QUANTILES` over members, float64[quantiles, times]."""
    found: Floats = np.quantile(values, QUANTILES, axis=0)
    return found
