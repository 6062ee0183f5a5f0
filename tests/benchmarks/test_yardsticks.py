"""The yardsticks are the same mechanisms: with the engine's draws they give its totals. Timings are never asserted."""

import numpy as np
import pytest

from benchmarks import ratios
from benchmarks.yardstick import c_code, mesa_objects, numpy_stream, worlds
from benchmarks.yardstick.luck import Addressed, Stream
from simulator.engine import plain
from simulator.foundation import mathematics


@pytest.fixture(
    scope="module",
    params=[(8, worlds.BASELINE), (24, worlds.HINDCAST)],
    ids=["baseline", "hindcast"],
)
def start(request):
    """One member of the plan from 2025, and one from 2018, whose projects end and whose grants bear fruit."""
    quarters, scenario = request.param
    return worlds.founded(quarters, scenario=scenario)


@pytest.fixture(scope="module")
def expected(start):
    found, steps = worlds.walk(start, worlds.fresh(start), "plain")
    assert found["fund_invested"] > 0.0 and found["exits"] > 0.0 and steps > 8 * 500
    assert found["grants_paid"] > 0.0 and found["talent_fill"] < 1.0
    assert sum(value for name, value in found.items() if name.startswith("delivered")) > 5.0
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


def test_every_stage_leaves_its_mark(start, expected):
    """A total that no stage moves would hold a yardstick to nothing."""
    zero = {name for name, value in expected.items() if value == 0.0}
    if start.study.simulated[0].year == 2018:
        assert sum(value for name, value in expected.items() if name.startswith("hired")) > 5.0
        assert expected["project_sales"] > 0.0 and start.world.parameters.research.lag_rd * 4 < 24
    moving = (
        "talent_pool",
        "grants_paid",
        "chain_revenue[0]",
        "district_talent_fill[0]",
        "tickets",
    )
    assert not zero & set(moving)


def test_enlarged_and_divided_worlds_walk():
    start = worlds.founded(4)
    larger = worlds.founded(4, 2500)
    assert len(set(larger.world.firms.ids.tolist())) == 2500
    assert worlds.walk(larger, worlds.fresh(larger), "plain")[0]["firms"] > 2000
    finer = worlds.divided(start, 4)
    found, _ = worlds.walk(finer, worlds.fresh(finer), "plain")
    assert len([name for name in found if name.startswith("chain_core_revenue")]) == 14
    assert found["firms"] == worlds.walk(start, worlds.fresh(start), "plain")[0]["firms"]


def test_quarters_one_by_one_are_the_walk():
    start = worlds.founded(4)
    stepped, walked = worlds.fresh(start), worlds.fresh(start)
    worlds.walk_by_quarters(start, stepped, plain.quarter)
    worlds.walk(start, walked, "plain")
    assert stepped.firms.column("sales").tobytes() == walked.firms.column("sales").tobytes()


def test_the_profile_names_every_stage():
    spent = ratios.stage_seconds(worlds.founded(4, 60), "plain")
    assert set(mesa_objects.STAGES) <= spent.keys() and min(spent.values()) > 0.0


def test_the_lower_bound_counts_no_more_than_the_engine_does(monkeypatch):
    """Draws, logs and exps of the plain engine, which also does them for firms that the bound leaves out."""
    if c_code.compiler() is None:
        pytest.skip("no C compiler")
    start = worlds.founded(8)
    done = {"draws": 0, "logs": 0, "exps": 0}
    draw, compiled = plain.uniforms, list(mathematics._loops)

    def uniforms(ids, *rest):
        done["draws"] += len(ids)
        return draw(ids, *rest)

    def counted(name, function):
        def count(x):
            done[name] += x.size
            mathematics.use_loops(None)
            found = function(x)
            mathematics.use_loops(loops)
            return found

        return count

    loops = mathematics.Loops(counted("exps", mathematics.exp), counted("logs", mathematics.log))
    bound = c_code.LowerBound(start, worlds.fresh(start))
    monkeypatch.setattr(plain, "uniforms", uniforms)
    mathematics.use_loops(loops)
    try:
        steps = worlds.walk(start, worlds.fresh(start), "plain")[1]
    finally:
        mathematics.use_loops(compiled[0] if compiled else None)
    for name, counts in zip(
        done, zip(*(counts for _, *counts in bound.quarters), strict=True), strict=True
    ):
        least = sum(sum(list(part)[1:]) for part in counts) / bound.steps
        assert 0.4 * done[name] / steps < least <= done[name] / steps, name


def test_the_bound_computes_what_it_claims():
    """Its exp and log are the real ones: a cheaper pair would be no bound."""
    if c_code.compiler() is None:
        pytest.skip("no C compiler")
    x = np.linspace(0.01, 20.0, 500)
    for name, function in (("bound_log_column", np.log), ("bound_exp_column", np.exp)):
        y = x.copy()
        c_code.apply(name, y)
        assert np.abs(y / np.where(function(x) == 0.0, 1.0, function(x)) - 1.0).max() < 1e-14
