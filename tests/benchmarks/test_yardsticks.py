"""The yardsticks are the same mechanisms: with the engine's draws they give its totals. Timings are never asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import compare, measuring, page
from benchmarks.yardstick import c_code, mesa_objects, numpy_stream, worlds
from benchmarks.yardstick.luck import Addressed, Stream

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def start():
    """One member with as many firms as it is founded with, and tickets, births and deaths over two years."""
    return worlds.founded(8)


@pytest.fixture(scope="module")
def expected(start):
    found, steps = worlds.walk(start, worlds.fresh(start), "plain")
    assert found["fund_invested"] > 0.0 and found["exits"] > 0.0 and steps > 8 * 500
    return found


def by_mesa(start):
    return mesa_objects.walk(mesa_objects.City(start, worlds.fresh(start), Addressed()))


def by_numpy(start):
    return numpy_stream.walk(numpy_stream.City(start, worlds.fresh(start), Addressed()))


def by_c(start):
    if c_code.compiler() is None:
        pytest.skip("no C compiler")
    return c_code.Twin(start, worlds.fresh(start)).walk()


@pytest.mark.parametrize("yardstick", [by_mesa, by_numpy, by_c])
def test_every_total_is_the_engines(start, expected, yardstick):
    found = yardstick(start)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_a_world_is_walked_twice_to_the_same_totals(start, expected):
    assert worlds.walk(start, worlds.fresh(start), "plain")[0] == expected


@pytest.mark.parametrize("module", [mesa_objects, numpy_stream])
def test_a_stream_of_its_own_gives_other_luck(start, expected, module):
    found = module.walk(module.City(start, worlds.fresh(start), Stream(1)))
    assert found["core_revenue"] != expected["core_revenue"]
    assert found["core_revenue"] == pytest.approx(expected["core_revenue"], rel=0.5)


def test_yardsticks_have_the_same_stages():
    assert mesa_objects.STAGES == numpy_stream.STAGES


def test_enlarged_and_divided_worlds_walk(start, expected):
    larger = worlds.founded(4, 2500)
    ids = larger.world.firms.ids
    assert len(set(ids.tolist())) == 2500
    assert worlds.walk(larger, worlds.fresh(larger), "plain")[0]["firms"] > 2000
    finer = worlds.divided(start, 4)
    found, _ = worlds.walk(finer, worlds.fresh(finer), "plain")
    assert len([name for name in found if name.startswith("chain_core_revenue")]) == 14
    assert found["firms"] == expected["firms"]


def test_ratios_are_judged_on_the_bad_end():
    order = []

    def told(name, seconds):
        order.append(name)
        return seconds

    found = measuring.alternate(lambda: told("a", 3.0), lambda: told("b", 1.5), 3)
    assert "".join(order) == "abbaabba"
    assert (found.ratio, found.low, found.high, found.rounds) == (2.0, 2.0, 2.0, 3)
    result = compare.Result("x", 1, "", "", 2.0, 1.5, 2.5, "×", "more", 1.8)
    assert not result.met
    assert compare.Result("x", 1, "", "", 2.0, 1.5, 2.5, "×", "less", 2.6).met


@pytest.mark.slow
def test_the_script_runs_and_its_page_is_written(tmp_path):
    told = tmp_path / "told.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/compare.py"), "--quick", "--json", str(told)],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sheet = json.loads(told.read_text())
    keys = {name.rstrip("_") for name in compare.MEASURES}
    assert {result["key"] for result in sheet["results"]} | set(sheet["skipped"]) == keys
    (tmp_path / "docs").mkdir()
    copied = tmp_path / "docs" / "performance.md"
    copied.write_text((ROOT / "docs/performance.md").read_text())
    page.write(sheet, tmp_path / "docs")
    text = copied.read_text()
    assert text.count(page.BEGIN) == 1 and "| 12 |" in text and "全国" in text
    assert (tmp_path / "docs" / "figures" / "performance.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_engine_is_not_slower_than_a_third_of_what_is_asked():
    """A tripwire with threefold slack on ratios, no compiler of C needed; the real goals are compare.py's."""
    size = compare.Size(
        firms=2000, quarters=8, object_quarters=4, rounds=5, object_rounds=3, engine="compiled"
    )
    for name in ("mesa_objects_", "numpy_stream_"):
        result = compare.MEASURES[name](size)
        assert result.value > result.gate / 3.0, result
