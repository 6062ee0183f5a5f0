"""Charts as plotly reads them, in colours that can be told apart in both modes."""

import re

import numpy as np
import plotly.graph_objects as graphs
import pytest

from simulator.reporting.charts import (
    THEME,
    Look,
    Mode,
    Row,
    Strand,
    Swing,
    bars,
    fan,
    look,
    tornado,
)

MODES: tuple[Mode, ...] = ("light", "dark")
BANDS = np.cumsum(np.ones((5, 4)), axis=0) * [1.0, 2.0, 3.0, 4.0]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_lines_and_words_stand_out_from_the_ground(mode: Mode) -> None:
    found: Look = look(mode)
    for token in ("ink", "muted", "target", "caution"):
        assert contrast(found[token], found["ground"]) >= 4.5, token
    for token in ("accent", "lost", "baseline", *(f"series-{i}" for i in range(1, 7))):
        assert contrast(found[token], found["ground"]) >= 3.0, token


def test_modes_have_the_same_tokens_and_other_colours() -> None:
    light, dark = look("light"), look("dark")
    assert light.tokens.keys() == dark.tokens.keys()
    assert light["ground"] != dark["ground"]


def test_the_dark_tokens_are_the_same_wherever_dark_is_asked_for() -> None:
    css = THEME.read_text(encoding="utf-8")
    asked = (':root:not([data-theme="light"]) {', ':root[data-theme="dark"] {')
    by_system, by_reader = (
        dict(re.findall(r"--([\w-]+): ([^;]+);", css.partition(head)[2].partition("}")[0]))
        for head in asked
    )
    assert by_system == by_reader and len(by_system) > 10


@pytest.mark.parametrize("mode", MODES)
def test_a_fan_draws_bands_medians_and_the_target(mode: Mode) -> None:
    here = look(mode)
    strands = [
        Strand("then", here["baseline"], BANDS, True),
        Strand("beside", here.series(1), BANDS * 2, False),
        Strand("now", here.series(0), BANDS * 3, True),
    ]
    chart = fan(strands, ["2024", "2025", "2026", "2027"], "亿元", here, goal=(1000.0, "target"))
    graphs.Figure(chart)
    medians = [trace for trace in chart["data"] if "name" in trace]
    assert [trace["name"] for trace in medians] == ["then", "beside", "now"]
    assert medians[-1]["y"] == (BANDS[2] * 3).tolist()
    assert chart["layout"]["yaxis"]["range"][1] > 1000.0, "the target is in sight"


@pytest.mark.parametrize("mode", MODES)
def test_bars_keep_their_order_from_the_top(mode: Mode) -> None:
    chart = bars(
        [Row("first", 3.0, 2.0), Row("second", 1.0, 1.5)], "亿元", look(mode), names=("a", "b")
    )
    graphs.Figure(chart)
    assert chart["data"][0]["y"] == ["second", "first"]
    assert chart["data"][1]["x"] == [1.5, 2.0]
    assert len(bars([Row("x", 1.0)], "", look(mode), names=("a", ""))["data"]) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_tornado_swings_about_its_middle(mode: Mode) -> None:
    rows = [Swing("wide", 50.0, 150.0, "low", "high"), Swing("narrow", 99.0, 101.0, "l", "h")]
    chart = tornado(rows, 100.0, "亿元", look(mode))
    graphs.Figure(chart)
    low, high = chart["data"]
    assert low["x"] == [-1.0, -50.0] and high["x"] == [1.0, 50.0]
    assert low["base"] == high["base"] == 100.0
