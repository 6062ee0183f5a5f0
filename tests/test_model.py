"""The model as a Mesa user meets it."""

import dataclasses
import gc
import subprocess
import sys
import weakref
from pathlib import Path

import mesa
import numpy as np
import pytest

from simulator.model import TianjinAI, prepare
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def study():
    return prepare(load_scenario(ROOT / "scenarios/baseline.yaml"))


def test_one_step_is_one_quarter(study):
    model = TianjinAI(study, 0)
    assert isinstance(model, mesa.Model)
    assert str(model.quarter) == "2024Q4"
    model.step()
    assert str(model.quarter) == "2025Q1" and model.steps == 1
    assert model.measures["core_revenue"] > 0.0
    assert model.measures["firms"] == model.world.firms.n


def test_stepping_by_hand_gives_what_a_run_gives(study):
    model = TianjinAI(study, 4)
    for _ in study.simulated:
        model.step()
    assert model.block.tobytes() == study.simulate(4).values.tobytes()
    with pytest.raises(RuntimeError, match="the period ends with 2027Q4"):
        model.step()


def test_a_scenario_is_enough_to_make_a_model():
    model = TianjinAI(load_scenario(ROOT / "scenarios/no_policy.yaml"))
    model.step()
    assert np.isfinite(model.block[:2]).all()


def test_members_are_functions_of_seed_and_number(study):
    again = prepare(load_scenario(ROOT / "scenarios/baseline.yaml"))
    for member in (51, 0, 49):  # any order, any block
        a, b = study.simulate(member), again.simulate(member)
        assert a.values.tobytes() == b.values.tobytes()
        assert a.parameters.tobytes() == b.parameters.tobytes()
    other = prepare(dataclasses.replace(study.scenario, seed=2))
    assert other.simulate(0).values.tobytes() != study.simulate(0).values.tobytes()


def test_a_longer_period_keeps_the_years_it_shares(study):
    period = study.scenario.period
    longer = prepare(
        dataclasses.replace(
            study.scenario, period=period._replace(end=period.end.shift(8)), levers=()
        )
    )
    shorter = prepare(dataclasses.replace(study.scenario, levers=()))
    assert (longer.simulate(3).values[:13] == shorter.simulate(3).values).all()


def test_a_closed_model_is_let_go(study):
    model = TianjinAI(study, 0)
    columns = weakref.ref(model.world.firms)
    gc.disable()
    try:
        model.close()
        assert columns() is None
    finally:
        gc.enable()


def test_a_run_needs_no_mesa_and_gives_the_bytes_of_the_mesa_model(study):
    code = (
        "import sys\n"
        "from simulator.model import prepare\n"
        "from simulator.scenario import load_scenario\n"
        "values = prepare(load_scenario('scenarios/baseline.yaml')).simulate(3, 'plain').values\n"
        "heavy = {'mesa', 'pandas', 'networkx', 'matplotlib', 'pyarrow', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.stdout.buffer.write(values.tobytes())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    model = TianjinAI(study, 3, engine="plain")
    model.advance(len(study.simulated))
    assert model.block.tobytes() == done.stdout
