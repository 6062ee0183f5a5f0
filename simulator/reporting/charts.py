"""Charts as plotly figures: plain dictionaries, drawn by the browser, in the colours of the pages' theme.

Pure functions of arrays and words; plotly itself is not imported. Both modes take their colours from `theme.css`, so
that page and charts are one look. Titles and findings stand in the page around a chart, where screen readers find
them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from simulator.reporting.wording import number

Floats = npt.NDArray[np.float64]
Chart: TypeAlias = dict[str, Any]
"""A plotly figure: `data` and `layout`."""
Mode = Literal["light", "dark"]

THEME: Final = Path(__file__).with_name("theme.css")
BAR_HEIGHT: Final = 24


@dataclass(frozen=True)
class Look:
    """The tokens of one mode of the theme, by name without dashes in front."""

    tokens: Mapping[str, str]

    def __getitem__(self, token: str) -> str:
        """The value of a token: a colour, or a list of typefaces."""
        return self.tokens[token]

    def series(self, position: int) -> str:
        """The colour of a scenario by its place on the page."""
        return self.tokens[f"series-{position % 6 + 1}"]


class Strand(NamedTuple):
    """One scenario in a fan: bands are float64[5, times], its quantiles 5, 25, 50, 75 and 95 %."""

    label: str
    colour: str
    bands: Floats
    filled: bool


class Dot(NamedTuple):
    """A figure at one time that is no outcome of the scenario: published, or hollow for one that was constructed."""

    time: str
    value: float
    label: str
    hollow: bool


class Row(NamedTuple):
    """One bar of a chart of bars: the value here and, where there is one, in the comparison."""

    label: str
    value: float
    reference: float | None = None


class Swing(NamedTuple):
    """One line of a tornado: what the outcome is at the low and at the high end of one uncertainty."""

    label: str
    low: float
    high: float
    low_text: str
    high_text: str


@cache
def look(mode: Mode) -> Look:
    """The theme's tokens for one mode; what the dark mode does not name is as in the light one."""
    css = re.sub(r"/\*.*?\*/", "", THEME.read_text(encoding="utf-8"), flags=re.DOTALL)
    found: dict[str, dict[str, str]] = {}
    for selector, body in re.findall(r"(:root[^{,]*?)\s*\{([^{}]*)\}", css):
        tokens = re.findall(r"--([\w-]+):\s*([^;]+);", body)
        found.setdefault(selector, {}).update({k: " ".join(v.split()) for k, v in tokens})
    light = found[":root"]
    return Look(light if mode == "light" else light | found[':root[data-theme="dark"]'])


def fan(
    strands: Sequence[Strand],
    labels: Sequence[str],
    unit: str,
    look: Look,
    *,
    goal: tuple[float, str] | None = None,
    dots: Sequence[Dot] = (),
    dot_names: tuple[str, str] = ("", ""),
) -> Chart:
    """Medians with their 50 and 90 % bands over time; a strand that is not filled is drawn as lines.

    `goal` is a level with its words, drawn as a dashed line. The last strand lies on top, and under it the dots, whose
    names in the legend are those of filled and of hollow ones.
    """
    data: list[Chart] = []
    times = list(labels)
    for strand in strands:
        low, quarter, middle, three_quarters, high = strand.bands
        outer = _clear(strand.colour, 0.16)
        if strand.filled:
            data += [_edge(times, low), _area(times, high, outer)]
            data += [_edge(times, quarter), _area(times, three_quarters, outer)]
        else:
            dotted = {"color": strand.colour, "width": 1, "dash": "dot"}
            data += [_edge(times, low, dotted), _edge(times, high, dotted)]
        spans = [[f"{number(a)}–{number(b)}"] for a, b in zip(low, high, strict=True)]
        if strand is strands[-1]:
            data += _dotted(dots, dot_names, unit, look)
        data.append(
            {
                "type": "scatter",
                "x": times,
                "y": middle.tolist(),
                "name": strand.label,
                "mode": "lines+markers",
                "line": {"color": strand.colour, "width": 2.5},
                "marker": {"color": strand.colour, "size": 5},
                "customdata": spans,
                "hovertemplate": f"%{{y:,.4~g}} (90 %: %{{customdata[0]}}) {unit}",
            }
        )
    layout = _layout(look, 320)
    layout["xaxis"] |= {"type": "category", "nticks": 8, "showgrid": False}
    layout["yaxis"] |= {"rangemode": "tozero"}
    keyed = len(strands) > 1 or bool(dots)
    layout |= {"hovermode": "x unified", "showlegend": keyed}
    layout["margin"]["t"] = 36 if keyed else 12
    if goal is not None:
        value, words = goal
        line = {"color": look["target"], "width": 1.5, "dash": "dash"}
        place: Chart = {"xref": "paper", "yref": "y"}
        layout["shapes"] = [
            {"type": "line", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line, **place}
        ]
        layout["annotations"] = [
            {
                "text": words,
                "x": 0,
                "y": value,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"color": look["target"], "size": 12},
                **place,
            }
        ]
        # The line is in sight, and so are its words above it.
        top = max(
            *(float(np.max(strand.bands)) for strand in strands), *(d.value for d in dots), 0.0
        )
        layout["yaxis"]["range"] = [0, 1.12 * max(top, value)]
    return {"data": data, "layout": layout}


def bars(
    rows: Sequence[Row],
    unit: str,
    look: Look,
    *,
    names: tuple[str, str],
    colour: str | None = None,
) -> Chart:
    """Lying bars, the first row on top; the comparison is a mark on each bar.

    `names` are those of this scenario and of the comparison.
    """
    labels = [row.label for row in rows][::-1]
    here = [row.value for row in rows][::-1]
    data: list[Chart] = [
        {
            "type": "bar",
            "orientation": "h",
            "x": here,
            "y": labels,
            "name": names[0],
            "marker": {"color": colour or look.series(0)},
            "hovertemplate": f"%{{x:,.4~g}} {unit}",
        }
    ]
    if any(row.reference is not None for row in rows):
        data.append(
            {
                "type": "scatter",
                "x": [row.reference for row in rows][::-1],
                "y": labels,
                "name": names[1],
                "mode": "markers",
                "marker": {
                    "symbol": "line-ns",
                    "size": 13,
                    "line": {"color": look["ink"], "width": 2},
                },
                "hovertemplate": f"%{{x:,.4~g}} {unit}",
            }
        )
    layout = _layout(look, BAR_HEIGHT * len(rows) + 44)
    layout["xaxis"] |= {"rangemode": "tozero", "nticks": 6, "tickangle": 0}
    layout["yaxis"] |= {"showgrid": False, "zeroline": False}
    layout |= {"bargap": 0.35, "showlegend": False}
    return {"data": data, "layout": layout}


def tornado(rows: Sequence[Swing], middle: float, unit: str, look: Look) -> Chart:
    """Bars from the outcome at the low end of each uncertainty to that at its high end, about the middle."""
    rows = rows[::-1]
    labels = [row.label for row in rows]
    data: list[Chart] = []
    for end, colour in (("low", look["lost"]), ("high", look["accent"])):
        values = [getattr(row, end) for row in rows]
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "base": middle,
                "x": [value - middle for value in values],
                "y": labels,
                "marker": {"color": colour},
                "customdata": [
                    [getattr(row, f"{end}_text"), number(value)]
                    for row, value in zip(rows, values, strict=True)
                ],
                "hovertemplate": f"%{{customdata[0]}}: %{{customdata[1]}} {unit}<extra></extra>",
            }
        )
    layout = _layout(look, BAR_HEIGHT * len(rows) + 40)
    layout["xaxis"] |= {"zeroline": False, "nticks": 6, "tickangle": 0}
    layout["yaxis"] |= {"showgrid": False}
    layout |= {"barmode": "overlay", "bargap": 0.35, "showlegend": False}
    layout["shapes"] = [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": middle,
            "x1": middle,
            "y0": 0,
            "y1": 1,
            "line": {"color": look["ink"], "width": 1},
        }
    ]
    return {"data": data, "layout": layout}


def _dotted(dots: Sequence[Dot], names: tuple[str, str], unit: str, look: Look) -> Iterator[Chart]:
    """The filled dots, then the hollow ones."""
    for hollow, name in zip((False, True), names, strict=True):
        own = [dot for dot in dots if dot.hollow is hollow]
        if own:
            symbol = "circle-open" if hollow else "circle"
            yield {
                "type": "scatter",
                "x": [dot.time for dot in own],
                "y": [dot.value for dot in own],
                "name": name,
                "legendrank": 1,  # last: fills between traces turn the order of a legend about
                "mode": "markers",
                "marker": {
                    "symbol": symbol,
                    "size": 9,
                    "color": look["ink"],
                    "line": {"width": 1.5},
                },
                "customdata": [[dot.label] for dot in own],
                "hovertemplate": f"%{{y:,.4~g}} {unit} · %{{customdata[0]}}<extra></extra>",
            }


def _edge(times: Sequence[str], values: Floats, line: Chart | None = None) -> Chart:
    return {
        "type": "scatter",
        "x": list(times),
        "y": values.tolist(),
        "mode": "lines",
        "line": line or {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _area(times: Sequence[str], values: Floats, colour: str) -> Chart:
    return _edge(times, values) | {"fill": "tonexty", "fillcolor": colour}


def _layout(look: Look, height: int) -> Chart:
    axis = {
        "gridcolor": look["rule"],
        "zerolinecolor": look["rule"],
        "linecolor": look["rule"],
        "automargin": True,
        "fixedrange": True,
        "separatethousands": True,
        "tickfont": {"color": look["muted"]},
    }
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": look["sans"], "size": 13, "color": look["ink"]},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        "legend": {"orientation": "h", "x": 0, "y": 1, "yref": "container", "yanchor": "top"},
        "hoverlabel": {
            "bgcolor": look["panel"],
            "bordercolor": look["rule"],
            "font": {"color": look["ink"], "family": look["sans"]},
        },
        "dragmode": False,
    }


def _clear(colour: str, opacity: float) -> str:
    red, green, blue = _channels(colour)
    return f"rgba({red},{green},{blue},{opacity:g})"


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
