"""Channels: doses become exposures, zero stays exactly zero."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from simulator.model import prepare
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]


def with_dose(scenario, key, dose):
    levers = tuple(
        dataclasses.replace(s, dose=dataclasses.replace(s.dose, points=((None, dose),)))
        if s.lever.key == key
        else s
        for s in scenario.levers
    )
    return dataclasses.replace(scenario, levers=levers)


@pytest.fixture(scope="module")
def baseline():
    return load_scenario(ROOT / "scenarios/baseline.yaml")


def one(study, channel, shape):
    return study.channels.channel(channel, lambda name: 1.0, shape)


def test_a_zone_moves_only_its_own_cells_and_ramps_up(baseline):
    alone = dataclasses.replace(
        baseline, levers=tuple(s for s in baseline.levers if s.lever.key == "tj27_zone_connected")
    )
    study = prepare(alone)
    shape = (12, len(study.ground.chains), len(study.ground.places))
    entry = one(study, "entry", shape)
    chain = study.ground.chains.index("connected_vehicles")
    places = [
        study.ground.places.index(p)
        for p in ("dongli", "xiqing", "jinnan", "haihe_edu_park", "wuqing", "baodi")
    ]
    outside = entry.copy()
    outside[:, chain, places] = 0.0
    assert not outside.any()
    assert (np.diff(entry[:8, chain, places[0]]) > 0.0).all()
    assert entry[-1, chain, places[0]] == pytest.approx(1.0)


def test_scenario_money_is_split_over_chains_and_adds_up(baseline):
    alone = dataclasses.replace(
        baseline, levers=tuple(s for s in baseline.levers if s.lever.key == "tj27_benchmarks")
    )
    demand = one(prepare(alone), "demand", (12, 7))
    assert demand.sum(axis=1) == pytest.approx(np.full(12, 10 * 0.15))


def test_dose_zero_is_exactly_nothing(baseline):
    scenario = baseline
    for setting in baseline.levers:
        scenario = with_dose(scenario, setting.lever.key, 0.0)
    assert prepare(scenario).channels.exposures == ()
    assert prepare(scenario).channels.signings == ()


def test_doses_add(baseline):
    single = one(prepare(with_dose(baseline, "tj27_funds", 100.0)), "fund", (12,))
    double = one(prepare(with_dose(baseline, "tj27_funds", 200.0)), "fund", (12,))
    assert double == pytest.approx(2.0 * single) and single.any()
