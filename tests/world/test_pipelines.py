"""Counted projects: more money adds to them, delivered is not the dose, and feature areas follow their rule."""

from pathlib import Path

import numpy as np
import pytest

from simulator.foundation.randomness import uniforms
from simulator.mechanisms.milestones import Milestones
from simulator.model import TianjinAI, prepare
from simulator.scenario import load_scenario
from simulator.world.founding import Draw
from simulator.world.pipelines import Reserved, run_pipelines
from simulator.world.places import CarriedProjects, count_feature_areas
from simulator.world.state import BUILDER, RESEARCHER

ROOT = Path(__file__).resolve().parents[2]
YEARS = 4
YEAR_START = np.repeat(np.arange(YEARS) * 4, 4)
SURE = Milestones(1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 10.0, 1.0, 1.0, 2.0)


def pipelines(rate, p=SURE, technology=False, carried=(), member=0):
    reserved = [Reserved("t-a", technology, np.full(4 * YEARS, float(rate)))] if rate else []
    draw = Draw(1, member, uniforms, lambda *_: np.empty(0, dtype=np.int64))
    found = run_pipelines(reserved, carried, ["t-a"], YEAR_START, p, draw)
    return found.started[:, 0], found.delivered[:, 0]


def test_a_years_projects_start_with_the_year_and_take_their_time():
    started, delivered = pipelines(400)
    assert started.tolist() == np.repeat([400.0, 800.0, 1200.0, 1600.0], 4).tolist()
    assert (np.diff(delivered) >= 0.0).all()
    assert (delivered <= started).all()
    # Gamma(4) with a mean of one year: 0.567 of a cohort are done within the year that lists them.
    assert delivered[3] == pytest.approx(0.567 * 400, abs=4 * (400 * 0.567 * 0.433) ** 0.5)


def test_execution_and_failure_thin_what_is_delivered():
    half = SURE._replace(execution_counts=0.5)
    assert pipelines(400, half)[0][-1] == 800.0
    failing = SURE._replace(milestone_success=0.25)
    kept = pipelines(4000, failing)[1][-1] / pipelines(4000)[1][-1]
    assert kept == pytest.approx(0.25, abs=0.02)


def test_technologies_have_their_own_time_and_success_and_no_execution_rate():
    p = SURE._replace(execution_counts=0.1, technology_success=0.5)
    started, delivered = pipelines(400, p, technology=True)
    assert started[-1] == 1600.0
    assert 0.0 < delivered[-1] < 0.5 * started[-1]


def test_a_larger_dose_keeps_the_earlier_projects():
    for member in range(5):
        few, many = pipelines(30, member=member), pipelines(45, member=member)
        assert (many[0] >= few[0]).all() and (many[1] >= few[1]).all()


def test_zero_reserves_nothing_and_carried_projects_need_no_lever():
    assert not pipelines(0)[1].any()
    carried = (CarriedProjects("t-a", 100.0, 3),)
    started, delivered = pipelines(0, carried=carried)
    assert not started.any()
    # Of three cohorts of 100, those that had not finished by the start: 1 - F(4), 1 - F(8), 1 - F(12).
    assert delivered[-1] == pytest.approx(100 * (0.433 + 0.042 + 0.002), abs=20)


def test_delivered_is_not_the_dose_on_the_shipped_baseline():
    study = prepare(load_scenario(ROOT / "scenarios/baseline.yaml"))
    column = study.series.index("milestones_delivered[tj27_benchmarks]")
    ends = [study.simulate(member).values[-1, column] for member in range(8)]
    assert len(set(ends)) > 2 and max(ends) < 60.0 and 30.0 not in {np.mean(ends)}


def test_an_area_counts_when_it_is_large_and_specialised():
    study = prepare(load_scenario(ROOT / "scenarios/baseline.yaml"))
    ground = study.ground
    levers = {area.lever for area in ground.areas}
    assert "l-tj27-zone-compute" in levers and "l-tj27-labelling-area" not in levers
    area = next(a for a in ground.areas if a.lever == "l-tj27-zone-connected")
    cell = np.full((len(ground.chains), len(ground.places)), 0.1)
    assert count_feature_areas(ground.areas, cell[np.newaxis], 100.0) == 0
    cell[np.ix_(area.chains, area.places)] = 30.0
    assert count_feature_areas(ground.areas, cell[np.newaxis], 100.0) == 1
    cell[np.ix_(~area.chains, area.places)] = 300.0  # large, but no longer specialised
    others = tuple(a for a in ground.areas if a is area)
    assert count_feature_areas(others, cell[np.newaxis], 100.0) == 0


def test_both_rows_of_areas_and_projects_are_recorded():
    study = prepare(load_scenario(ROOT / "scenarios/baseline.yaml"))
    model = TianjinAI(study, 0)
    model.step()
    assert model.measures["feature_clusters"] == round(model.measures["feature_clusters"])
    assert model.measures["milestones_started[tj27_benchmarks]"] > 0.0


def test_projects_of_firms_are_laid_out_by_year_and_not_counted_before_a_firm_delivers():
    reserved = [
        Reserved("t-b", False, np.full(4 * YEARS, 5.0), BUILDER, True),
        Reserved("t-a", True, np.full(4 * YEARS, 20.0), RESEARCHER),
    ]
    draw = Draw(1, 0, uniforms, lambda *_: np.empty(0, dtype=np.int64))
    found = run_pipelines(reserved, [], ["t-a", "t-b"], YEAR_START, SURE, draw)
    assert found.started[-1].tolist() == [80.0, 20.0] and not found.delivered.any()
    projects = found.carried
    assert projects.first.tolist() == [0, 25, 50, 75, 100]
    assert (np.diff(projects.begun) >= 0).all() and (projects.due >= projects.begun).all()
    builds = projects.carrier == BUILDER
    assert ((projects.investment > 0.0) == builds).all()
    assert set(projects.target[builds]) == {1} and set(projects.target[~builds]) == {0}


def test_the_mean_investment_of_a_major_project_is_the_announced_one_realised():
    reserved = [Reserved("t-a", False, np.full(4 * YEARS, 5000.0), BUILDER, True)]
    draw = Draw(1, 0, uniforms, lambda *_: np.empty(0, dtype=np.int64))
    p = SURE._replace(project_realised=0.7, project_log_sd=0.8)
    money = run_pipelines(reserved, [], ["t-a"], YEAR_START, p, draw).carried.investment
    assert money.mean() == pytest.approx(7.0, abs=4 * money.std() / len(money) ** 0.5)
    assert np.log(money).std() == pytest.approx(0.8, abs=0.02)


def test_the_years_of_2018_spend_what_their_projects_were_given():
    """Investment recorded over the years adds up to that of the projects whose firms stay; sales ramp up after."""
    study = prepare(load_scenario(ROOT / "scenarios/plans/tj-2018-2020.yaml"))
    model = TianjinAI(study, 2)
    for _ in study.simulated:
        model.step()
    projects = model.world.forcing.projects
    column = {name: model.block[1:, study.series.index(name)] for name in
              ("project_investment", "project_sales")}  # fmt: skip
    whole = projects.investment.sum()
    assert 0.5 * whole < 0.25 * column["project_investment"].sum() <= whole
    plant = model.world.parameters.finance.rev_capital_ratio * whole
    assert 0.0 == column["project_sales"][0] <= column["project_sales"][-1] < plant


def test_the_stages_of_one_platform_are_the_same_projects():
    study = prepare(load_scenario(ROOT / "scenarios/plans/jizhou-2018-2020.yaml"))
    assert study.last_stage == {
        "t-jz18-sorting-plan": "t-jz18-sorting-live",
        "t-jz18-sorting-live": "t-jz18-sorting-live",
    }
    values = study.simulate(2, "plain").values
    plan, live = (
        values[:, study.series.index(f"milestones_delivered[jz18_sorting_{stage}]")]
        for stage in ("plan", "live")
    )
    assert live[-1] > 0.0 and plan.tolist() == live.tolist()
