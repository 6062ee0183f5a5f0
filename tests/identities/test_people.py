"""Heads balance; people help and never hurt; who is promised by count needs a firm with a post."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.model import TianjinAI, prepare
from tests.identities.test_steady_state import HELD, STILL
from tests.limits.handmade import (
    NOTHING,
    OFF,
    Handmade,
    no_doses,
    parameters,
    scenario,
    still,
    with_doses,
)

PILOT = "plans/pilot-zone-2020-2024"
TALENT = ("l-tj27-talent",)


def annual_end(study, member: int, name: str) -> np.ndarray:
    """A series at the end of each year."""
    values = study.simulate(member).values[1:, study.series.index(name)]
    return values[3::4]


@pytest.mark.parametrize(("stem", "member"), [("baseline", 4), (PILOT, 1)])
def test_heads_balance_every_quarter(stem: str, member: int) -> None:
    """Σ pool' = Σ pool + in − out, and everybody works somewhere: Σ_d supplied = Σ_k pool."""
    model = TianjinAI(prepare(scenario(stem)), member)
    people, p = model.world.stocks.people, model.world.parameters.talent
    for t in range(len(model.study.simulated)):
        pool = people.pool.sum()
        joining = p.talent_retention * model.world.forcing.people.programme[t].sum()
        joining += p.talent_graduates * pool
        model.step()
        after = pool + (joining - p.talent_attrition * pool) / 4.0
        assert people.pool.sum() == pytest.approx(after, rel=1e-9)
        assert model.measures["talent_pool"] == pytest.approx(after, rel=1e-9)
        job_share = people.wanted / people.wanted.sum()
        working = p.commute_home_share * people.pool
        working = working + (1.0 - p.commute_home_share) * job_share * people.pool.sum()
        assert working.sum() == pytest.approx(people.pool.sum(), rel=1e-9)
        full = np.where(people.wanted > 0.0, working / np.maximum(people.wanted, 1e-300), 1.0)
        assert people.fill == pytest.approx(np.minimum(1.0, full), rel=1e-9)
        per_head = p.revenue_per_head * np.exp(
            p.revenue_per_head_growth * (model.quarter.year - 2021)
        )
        assert people.wanted.sum() == pytest.approx(
            10_000.0 * model.world.firms.column("sales").sum() / per_head, rel=1e-9
        )
        assert (people.pool >= 0.0).all() and (people.posts >= 0.0).all()


@pytest.mark.parametrize("member", [0, 3])
def test_people_at_rest_stay_at_rest(member: int) -> None:
    """Graduates make up for attrition, revenue per head and firms stand still: neither pool nor fill moves."""
    at_rest = STILL | {
        "revenue_per_head_growth": 0.0,
        "talent_graduates": 0.08,
        "talent_attrition": 0.08,
    }
    study = prepare(scenario(mechanisms=HELD | {"talent": True}, **at_rest))
    block = study.simulate(member).values
    people = np.array(["talent" in name and "milestones" not in name for name in study.series])
    assert people.sum() == 3 + len(study.ground.places)
    assert block[:, people] == pytest.approx(np.tile(block[0, people], (len(block), 1)), rel=1e-12)
    assert block[0, study.series.index("talent_pool")] > 1000.0


def test_more_programme_brings_more_people_and_no_lower_fill() -> None:
    case = scenario("baseline", talent_slack0=-0.05)
    fills, pools = [], []
    for dose in (0.0, 50.0, 2000.0):
        study = prepare(with_doses(case, dict.fromkeys(TALENT, dose)))
        fills.append(annual_end(study, 3, "talent_fill"))
        pools.append(annual_end(study, 3, "talent_pool"))
    assert (np.diff(pools, axis=0) > 0.0).all()
    assert (np.diff(fills, axis=0) >= 0.0).all() and (fills[2] > fills[0]).all()


def test_a_place_cut_in_two_is_nothing_to_its_firms() -> None:
    """Like firms in both halves: the same fill, and every firm of the city grows as before."""
    p = parameters(OFF._replace(talent=1.0), talent_slack0=-0.1, talent_graduates=0.05)
    ends, fills = [], []
    for place in ([0, 0, 1], [0, 2, 1]):
        places = max(place) + 1
        forcing = still(years=3, quarters=12, places=places, drift=[[0.4]] * 3)
        world = Handmade([10.0, 10.0, 40.0], p, forcing, place=place)
        for t in range(12):
            world.step(t, first_of_year=t % 4 == 0, at=t, year=t // 4)
        ends.append(world.external.copy())
        fills.append(world.world.stocks.people.fill[place])
    assert ends[1] == pytest.approx(ends[0], rel=1e-12)
    assert fills[1] == pytest.approx(fills[0], rel=1e-12) and fills[0].max() < 0.8


def test_no_dose_leaves_every_byte() -> None:
    """Of the levers of people alone, in a plan that has nothing else."""
    for stem, lever in (("baseline", "l-tj27-talent"), (PILOT, "l-pz24-talent")):
        case = scenario(stem)
        only = dataclasses.replace(
            case, levers=tuple(s for s in case.levers if s.lever.id == lever)
        )
        silent = prepare(with_doses(only, no_doses(only))).simulate(2).values
        none = prepare(dataclasses.replace(case, levers=())).simulate(2).values
        acting = prepare(only).simulate(2).values
        assert silent.tobytes() == none.tobytes() != acting.tobytes()


def hired_and_came(study, member: int, key: str) -> tuple[float, float]:
    """People hired and people who came toward a target by the end."""
    values = study.simulate(member).values[-1]
    names = (f"milestones_delivered[{key}]", f"milestones_started[{key}]")
    return tuple(float(values[study.series.index(name)]) for name in names)


def test_talent_targets_go_through_firms() -> None:
    """Who comes is the executed dose, who counts has a post: fewer, in all three tiers of the pilot-zone plan."""
    study = prepare(scenario(PILOT, execution_counts=1.0))
    open_ = prepare(scenario(PILOT, execution_counts=1.0, high_end_posts=1.0))
    hired, came = hired_and_came(study, 1, "pz24_rd_talents")
    assert came == 1000.0 and 0.0 < hired < came
    assert hired < hired_and_came(open_, 1, "pz24_rd_talents")[0] <= came
    leading, leading_came = hired_and_came(study, 1, "pz24_leading_talents")
    assert (leading, leading_came) == (np.floor(hired / 10.0), 100.0)
    assert hired_and_came(study, 1, "pz24_talent_teams")[1] == 10.0


def test_nobody_is_hired_where_no_post_opens() -> None:
    """Firms that neither grow nor lose people open no post, whatever is promised; nor without the mechanism."""
    rest = {"revenue_per_head_growth": 0.0, "talent_graduates": 0.0, "talent_attrition": 0.0}
    for on, fixed in ((True, STILL | rest), (False, {})):
        case = scenario(PILOT, NOTHING | {"talent": on}, **fixed)
        only = tuple(s for s in case.levers if s.lever.id == "l-pz24-talent")
        study = prepare(dataclasses.replace(case, levers=only))
        hired, came = hired_and_came(study, 0, "pz24_rd_talents")
        assert hired == 0.0 and came > 500.0
