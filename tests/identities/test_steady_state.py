"""With growth, hazards, entry and shocks at zero nothing moves: the founding is in balance."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model import TianjinAI, prepare
from tests.limits.handmade import NOTHING, scenario

STILL = {
    "g_nat_ai": 0.0,  # what leads a niche is measured against the nation
    "g_nat_2024": 0.0,
    "g_nat_yearly_sd": 0.0,
    "loading_national": 0.0,
    "chain_deviation_sd": 0.0,
    "chain_shock_sd": 0.0,
    "city_shock_sd": 0.0,
    "title_award_rate": 0.0,
    "hightech_award_rate": 0.0,
    "def_drift": 0.0,
    "reporting_noise_sd": 0.0,
}
PAST = {"period.start": "2018Q1", "period.end": "2020Q4"}
# Revenue is held by links and capacity, the two mechanisms whose stocks the founding must set right.
HELD = NOTHING | dict.fromkeys(("links", "capacity", "contracts", "observation"), True)


@pytest.mark.parametrize("overrides", [{}, PAST], ids=["2024Q4", "2017Q4"])
@pytest.mark.parametrize("member", [0, 1, 2, 3, 11, 68])
def test_nothing_moves(overrides: dict[str, str], member: int) -> None:
    study = prepare(scenario(mechanisms=HELD, overrides=overrides, **STILL))
    block = study.simulate(member).values
    # Money committed and projects listed before the period are paid and delivered in it, and others adopt AI,
    # whatever firms do.
    apart = ("fund_paid_in", "related_revenue", "smart_tech_revenue")
    booked = [name in apart or name.startswith("milestones_") for name in study.series]
    moving = block[:, ~np.array(booked)]
    founding = moving[0]
    assert founding[0] > 0.0 and study.simulate(member).values[0, 1] == founding[0]
    relative = np.abs(moving - founding) / np.maximum(np.abs(founding), 1.0)
    names = np.array(study.series)[~np.array(booked)]
    assert names[(relative > 1e-12).any(axis=0)].tolist() == []


@pytest.mark.parametrize("member", [0, 5])
def test_hazard_alone_only_takes_firms_away(member: int) -> None:
    """Survivors stand still, firm by firm, when nothing but exit is on (links off: no shared pools)."""
    study = prepare(scenario(mechanisms=NOTHING | {"exit": True}, **STILL))
    model = TianjinAI(study, member)
    names = model.world.firms.ids.tolist()
    founded = dict(zip(names, model.world.firms.column("external").tolist(), strict=True))
    for _ in study.simulated:
        model.step()
    ids = model.world.firms.ids.tolist()
    assert len(ids) < 0.95 * len(founded)
    assert model.world.firms.column("external").tolist() == [founded[i] for i in ids]


@pytest.mark.parametrize("switch", ["age_effect", "reversion", "firm_shocks", "entry", "exit"])
def test_each_mechanism_alone_moves_something(switch: str) -> None:
    """The stillness above is not because nothing could move."""
    study = prepare(scenario(mechanisms=HELD | {switch: True}, **STILL))
    block = study.simulate(0).values
    assert np.abs(block[-1] - block[0]).max() > 0.01
