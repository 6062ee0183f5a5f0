"""The script runs in parts, judges on the bad end, and writes its page from what is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import compare, growth, measuring, page
from benchmarks.result import MEASURES, RATIO, Growth, Profile, Result, Section

ROOT = Path(__file__).parents[2]


def test_ratios_are_taken_by_turns():
    order = []

    def told(name, seconds):
        order.append(name)
        return seconds

    found = measuring.alternate(lambda: told("a", 3.0), lambda: told("b", 1.5), 3)
    assert "".join(order) == "abbaabba"
    assert (found.ratio, found.low, found.high, found.rounds) == (2.0, 2.0, 2.0, 3)


@pytest.mark.parametrize(
    ("better", "low", "high", "verdict"),
    [
        ("more", 6.5, 7.0, "aim"),
        ("more", 4.5, 7.0, "gate"),
        ("more", 3.5, 7.0, "open"),
        ("more", 3.0, 3.5, "missed"),
        ("less", 3.5, 4.0, "gate"),
        ("less", 3.5, 4.5, "open"),
        ("less", 4.1, 4.5, "missed"),
    ],
)
def test_a_goal_is_judged_on_the_bad_end(better, low, high, verdict):
    aim = 6.0 if better == "more" else 3.0
    assert Result("x", 1, "", "", 5.0, low, high, RATIO, better, 4.0, aim).verdict == verdict
    assert Result("x", 1, "", "", 5.0, low, high, RATIO).verdict == "told"


def test_the_exponent_is_that_of_the_whole_cost():
    sizes = np.array([10.0, 100.0, 1000.0])
    assert growth.exponent(sizes, np.array([3.0 * sizes**1.2] * 4)) == pytest.approx([1.2] * 3)


def test_every_measure_is_in_the_order():
    assert set(compare.ORDER) == set(MEASURES) and len(compare.ORDER) == len(MEASURES)


def test_measures_run_in_parts_and_keep_the_others(tmp_path, capsys):
    told = tmp_path / "told.json"
    words = ["--quick", "--json", str(told), "--only"]
    assert compare.main([*words, "mesa", "stages"]) == 0
    assert compare.main([*words, "firms", "cells", "python"]) == 0
    sheet = json.loads(told.read_text())
    assert list(sheet) == ["mesa", "stages", "firms", "python", "cells"]
    assert sheet["mesa"]["results"][0]["goal"] == 1 and sheet["stages"]["profiles"]
    assert "exponent" in capsys.readouterr().out


def test_a_measure_that_cannot_be_taken_is_told(monkeypatch):
    monkeypatch.setattr("benchmarks.yardstick.c_code.compiler", lambda: None)
    sheet = compare.take("c_twin", compare.QUICK)
    assert "no C compiler" in sheet["skipped"] and not sheet["results"]


@pytest.fixture
def known(monkeypatch):
    """What measures would have found, with one goal missed."""
    found = {
        "c_twin": Section(
            [Result("c_twin", 3, "标量 C", "scalar C", 0.9, 0.8, 1.0, RATIO, "less", 0.6, 0.4,
                    "note", ("stages",))]
        ),
        "stages": Section(profiles=[Profile("stages", "各步骤", "stages", "ns",
                                            (("leave", 9.0), ("sell", 4.0), ("enter", 0.01)))]),
        "firms": Section(growths=[Growth("firms", "用时", "time", "企业", "firms", "ns",
                                         ((500.0, 60.0), (1e6, 40.0)), 1.1, 1.0, 1.2)]),
        "cells": Section(growths=[Growth("cells", "用时", "time", "单元", "cells", "ns",
                                         ((175.0, 60.0), (2800.0, 80.0)), 0.1, 0.0, 0.2)]),
        "large": Section(figures={"bytes": 200.0, "living": 1e6, "ns": 40.0}),
        "members": Section(figures={"member_ms": 4.0}),
        "folder": Section(figures={"disk_bytes": 1000.0, "files": 0.01, "members": 20000.0}),
    }  # fmt: skip
    for name, section in found.items():
        monkeypatch.setitem(MEASURES, name, lambda size, section=section: section)
    return {name: compare.take(name, compare.Size()) for name in found}


def test_the_page_is_written_from_what_is_known(known, tmp_path):
    known["c_twin"]["machine"]["sources"] = "other"
    known["c_twin"]["at"] = "2020-01-01T00:00:00+00:00"
    copied = tmp_path / "performance.md"
    copied.write_text((ROOT / "docs/performance.md").read_text())
    page.write(known, tmp_path)
    text = copied.read_text()
    assert text.count(page.BEGIN) == 1 and text.count(page.END) == 1 and text.count("†") == 2
    assert "未达标" in text and "leave 9, sell 4." in text and "enter 0.01" not in text
    # 600 000 firms × 200 bytes; 24 million firm-steps × 40 ns × 0.6^0.1; a million × 41 quarters × 1000 bytes.
    assert "0.12 GB" in text and "41.0 GB" in text
    assert f"{24e6 * 40e-9 * 0.6**0.1:.0f}–{24e6 * 40e-9 * 0.6**0.1 * 300**0.1:.0f} s" in text
    for name in ("performance", "performance-growth"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 10_000


def test_a_page_without_marks_is_left_alone(known, tmp_path):
    (tmp_path / "performance.md").write_text("mine")
    with pytest.raises(ValueError, match="marks"):
        page.write(known, tmp_path)
    assert (tmp_path / "performance.md").read_text() == "mine"
