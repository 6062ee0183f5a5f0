"""People against closed forms: a pool at rest, fill that multiplies growth, scarcity relative to the nation."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.mechanisms.talent import growth_share, held_growth, next_pool
from simulator.world.people import national_fill, revenue_per_head, settle_people
from simulator.world.state import Switches
from tests.limits.handmade import OFF, Handmade, parameters, still

PEOPLE = OFF._replace(talent=1.0)
LEVEL = {"revenue_per_head_growth": 0.0, "talent_slack0": 0.0}


def people_paths(forcing, **changed):
    """The forcing with some of its paths of people changed."""
    return forcing._replace(people=forcing.people._replace(**changed))


def test_a_constant_programme_against_attrition_settles_at_its_pool() -> None:
    """S* = retention·programme/attrition without graduates; with them the attrition they make up for goes off."""
    for graduates in (0.0, 0.03):
        p = parameters(
            PEOPLE, talent_graduates=graduates, talent_attrition=0.08, talent_retention=0.7, **LEVEL
        )
        rest = 0.7 * 50.0 / (0.08 - graduates)
        quarters = 2400
        forcing = people_paths(
            still(quarters=quarters), programme=np.full((quarters, 1), 50.0), per_head=np.ones(1)
        )
        world = Handmade([10.0], p, forcing)
        pool = []
        for t in range(quarters):
            world.step(t, first_of_year=False, at=t)
            pool.append(float(world.world.stocks.people.pool[0]))
        shrinking = 1.0 - (0.08 - graduates) / 4.0
        first = float(next_pool(pool[0], 1.0, pool[0], 50.0, p.talent, 0.25))
        assert pool[1] == pytest.approx(first, rel=1e-14)
        assert pool[10] - rest == pytest.approx((pool[0] - rest) * shrinking**10, rel=1e-9)
        assert pool[-1] == pytest.approx(rest, rel=1e-6)


@pytest.mark.parametrize("drift", [0.3, -0.2])
@pytest.mark.parametrize("nation", [1.0, 0.9, 0.5])
def test_fill_multiplies_growth_and_spares_decline(drift: float, nation: float) -> None:
    """ln e grows by γ·min(1, f/f°)^α where γ > 0 and by γ where it is not; levers and luck are never touched."""
    p = parameters(PEOPLE, alpha_skill=0.4, **LEVEL)
    forcing = people_paths(
        still(drift=[[drift]], growth=[[[0.1]]], places=1), national_fill=np.array([nation])
    )
    world = Handmade([10.0], p, forcing)
    world.world.stocks.people.fill[:] = 0.8
    world.step()
    left = min(1.0, 0.8 / nation) ** 0.4
    held = drift * left if drift > 0.0 else drift
    assert world.external[0] == pytest.approx(10.0 * np.exp(held + 0.1 / 4.0), rel=1e-14)
    assert float(held_growth(drift, left)) == held


def test_luck_is_never_multiplied() -> None:
    """With the same fill, growth with luck less growth without it is the luck itself."""
    logs = []
    for shocks in (0.0, 1.0):
        for lacking in (False, True):
            p = parameters(PEOPLE._replace(firm_shocks=shocks), **LEVEL)
            world = Handmade(np.ones(50), p, still(drift=[[0.2]]))
            if lacking:
                world.world.stocks.people.fill[:] = 0.5
            world.step()
            logs.append(np.log(world.external))
    full, scarce, full_lucky, scarce_lucky = logs
    assert scarce_lucky - scarce == pytest.approx(full_lucky - full, abs=1e-14)
    assert (scarce < full).all() and np.ptp(full_lucky) > 0.1


def test_without_the_mechanism_or_with_enough_people_growth_is_untouched_to_the_bit() -> None:
    sizes = np.exp(np.random.default_rng(1).normal(size=40))
    drift = [[0.2], [0.15]]
    forcing = still(years=2, quarters=8, drift=drift)
    ends = []
    for switches, slack in ((OFF, 0.0), (PEOPLE, 5.0)):
        p = parameters(switches, talent_slack0=slack)
        world = Handmade(sizes, p, people_paths(forcing, per_head=np.full(2, 0.03)))
        for t in range(8):
            world.step(t, first_of_year=t % 4 == 0, at=t, year=t // 4)
        ends.append(world.external.tobytes())
    assert ends[0] == ends[1]
    assert float(growth_share(1.0, 0.7, parameters(Switches()).talent)) == 1.0


def test_a_city_that_grows_like_the_nation_is_no_scarcer_than_it() -> None:
    """Fill falls in both alike where revenue outruns people, so nothing is taken off growth."""
    years = 8
    national = np.full(years, 0.2)
    p = parameters(PEOPLE, talent_slack0=0.0, net_entry_share_national=0.0)
    forcing = still(years=years, quarters=4 * years, drift=national[:, None])
    forcing = people_paths(
        forcing,
        per_head=np.array([revenue_per_head(2025 + y, p.talent) for y in range(years)]),
        national_fill=national_fill(national, p.talent),
    )
    world = Handmade([10.0, 30.0], p, forcing)
    for t in range(4 * years):
        world.step(t, first_of_year=t % 4 == 0, at=t, year=t // 4)
    people = world.world.stocks.people
    assert people.fill[0] < 0.75
    assert world.external == pytest.approx(np.array([10.0, 30.0]) * np.exp(0.2 * years), rel=1e-12)


def test_founding_fills_every_place_alike() -> None:
    """1 + slack of those wanted everywhere, in heads of the figures: 2634亿元 need 10.4万 people in 2021."""
    sales = np.array([2000.0, 0.0, 34.0, 600.0])
    for slack in (-0.05, 0.0, 0.1):
        t = parameters(PEOPLE, talent_slack0=slack).talent
        people = settle_people(sales, 2024, (1, 0), t, 1.0)
        assert people.fill == pytest.approx(np.where(sales > 0.0, min(1.0, 1.0 + slack), 1.0))
        assert people.pool == pytest.approx((1.0 + slack) * people.wanted)
    reported = settle_people(sales, 2021, (1, 0), t._replace(revenue_per_head=2634e4 / 10.4e4), 1.0)
    assert reported.wanted.sum() == pytest.approx(104_000.0)
