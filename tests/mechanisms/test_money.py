"""Funds, contracts, budgets, grants and projects: M6, M8–M10, M16 and M20–M21 at points where they are known."""

import math

import numpy as np
import pytest

from simulator.foundation.mathematics import log
from simulator.mechanisms import contracts, research
from simulator.mechanisms.budgets import granted, path_level, wanted_factor
from simulator.mechanisms.finance import (
    capacity_of_luck,
    drawdown,
    investment_limit,
    kept_capacity,
    private_capacity,
    ticket_size,
    ticket_waiting,
    venture_lift,
)
from simulator.mechanisms.milestones import (
    DURATION_SHAPE,
    Milestones,
    kind_parameters,
    project_investment,
    project_sales,
    project_waiting,
    started_units,
)
from simulator.mechanisms.observation import published_factor

NORMAL = np.random.default_rng(8).standard_normal(400_000)


def test_a_fund_is_paid_in_exponentially_whatever_the_step() -> None:
    paid = 0.0
    for _ in range(8):
        paid += drawdown(100.0, paid, 0.3, 0.25)
    assert paid == pytest.approx(100.0 * (1.0 - math.exp(-0.6)))
    assert drawdown(100.0, 100.0, 0.3, 0.25) == 0.0


@pytest.mark.parametrize("draw", [ticket_size, lambda z, m, s: project_investment(z, m, s, 1.0)])
def test_lognormal_amounts_keep_their_arithmetic_mean(draw) -> None:
    amounts = draw(NORMAL, 0.8, 0.5)
    assert amounts.mean() == pytest.approx(0.8, rel=0.005)
    assert np.median(amounts) == pytest.approx(0.8 * math.exp(-0.125), rel=0.005)
    assert draw(0.0, 0.8, 0.0) == pytest.approx(0.8)


def test_only_the_realised_part_of_a_project_is_invested() -> None:
    assert project_investment(0.0, 20.0, 0.0, 0.6) == pytest.approx(12.0)


@pytest.mark.parametrize(
    ("race", "odds"), [(ticket_waiting, math.sqrt(9.0) * 2.0), (project_waiting, 9.0 * 2.0)]
)
def test_races_are_won_by_odds(race, odds: float) -> None:
    """The shortest of exponential times wins in proportion to their rates."""
    uniform = np.random.default_rng(5).uniform(size=(2, 200_000))
    won = race(uniform[0], 9.0, 2.0) < race(uniform[1], 1.0, 1.0)
    assert won.mean() == pytest.approx(odds / (odds + 1.0), abs=0.004)
    assert race(math.exp(-1.0), 9.0, 2.0) == pytest.approx(1.0 / odds)


def test_a_ticket_does_not_lift_a_giant() -> None:
    assert venture_lift(2.0, 1.0, 0.15) == pytest.approx(0.15)
    assert venture_lift(2.0, 8.0, 0.15) == pytest.approx(0.0375)


def test_capacity_wears_out_and_private_money_restores_it() -> None:
    assert capacity_of_luck(-0.4) == 1.0
    assert capacity_of_luck(0.4) == pytest.approx(math.exp(0.4))
    assert kept_capacity(10.0, 0.2, 0.25) == pytest.approx(9.5)
    assert investment_limit(False, 0.3, 0.2, 0.25) == pytest.approx(0.05)
    assert investment_limit(True, 0.3, 0.2, 0.25) == pytest.approx(0.35)
    kept = kept_capacity(10.0, 0.2, 0.25)
    assert kept + private_capacity(kept, 10.0, 50.0, 0.1, 0.05) == pytest.approx(10.0)
    assert private_capacity(9.5, 10.0, 9.0, 0.1, 0.35) == pytest.approx(0.4)  # headroom of 10 %
    assert private_capacity(9.5, 10.0, 5.0, 0.1, 0.35) == 0.0


def test_contracts_go_to_those_who_may_have_them_by_size() -> None:
    assert contracts.size_weight(16.0, 1, 0.5) == pytest.approx(4.0)
    assert contracts.size_weight(16.0, 0, 0.5) == 0.0


def test_data_rich_contracts_lift_a_chain_by_their_share_of_it() -> None:
    p = contracts.Contracts(0.5, 2.0, 0.5, 0.3, 0.2)
    assert contracts.data_uplift(10.0, 100.0, p) == pytest.approx(0.3 * 0.2 / 2.5 * 0.1)
    assert contracts.data_uplift(np.array([10.0]), np.array([0.0]), p).tolist() == [0.0]
    assert contracts.data_uplift(0.4, 0.5, p) == pytest.approx(0.3 * 0.2 / 2.5 * 0.8)


def test_the_path_of_a_target_is_geometric() -> None:
    assert path_level(400.0, 1000.0, 0.0) == pytest.approx(400.0)
    assert path_level(400.0, 1000.0, 1.0) == pytest.approx(1000.0)
    assert path_level(400.0, 900.0, 0.5) == pytest.approx(600.0)


def test_who_is_behind_its_path_wants_more_within_half_and_double() -> None:
    assert wanted_factor(0.8, 500.0, 500.0) == pytest.approx(1.0)
    assert wanted_factor(0.8, 600.0, 500.0) == pytest.approx(1.0 + 0.8 * math.log(1.2))
    assert wanted_factor(0.0, 600.0, 500.0) == pytest.approx(1.0)
    assert (wanted_factor(5.0, 100.0, 500.0), wanted_factor(5.0, 500.0, 100.0)) == (0.5, 2.0)


def test_a_year_spends_what_is_wanted_as_far_as_there_is_some_left() -> None:
    assert (granted(10.0, 1.5, 40.0), granted(10.0, 1.5, 12.0)) == (15.0, 12.0)


def test_a_balanced_research_stock_grows_with_its_spending() -> None:
    dt, growth = 1e-4, 0.2
    stock = research.balanced_stock(5.0, 0.15, growth)
    after = research.research_stock(stock, 5.0, 0.15, dt)
    assert (after / stock - 1.0) / dt == pytest.approx(growth)
    assert research.research_stock(40.0, 8.0, 0.15, 0.25) == pytest.approx(40.0 * 0.9625 + 2.0)


def test_a_grant_adds_less_the_larger_it_is_and_never_more_than_itself() -> None:
    told = {"additionality": 0.3, "misuse": 0.2, "reference": 0.1, "concavity": 0.5}
    assert research.effective_grant(0.1, **told) == pytest.approx(0.1)
    assert research.effective_grant(0.001, **told) == 0.001
    assert research.effective_grant(0.4, **told) == pytest.approx(1.3 * 0.8 * 0.2)


def test_growth_from_research_is_the_rise_of_the_lead() -> None:
    lead = research.research_lead(5.0, 20.0)
    assert lead == pytest.approx(math.log(1.25))
    assert research.research_lead(0.0, 20.0) == 0.0
    assert research.technology_growth(lead, 0.1, 0.08, 0.25) == pytest.approx(
        0.08 * (math.log(1.25) - 0.1) / 0.25
    )


def test_the_error_of_a_score_has_the_stated_spread() -> None:
    uniform = (np.arange(400_000) + 0.5) / 400_000
    scores = research.grant_score(math.e, uniform, 0.7)
    assert scores.mean() == pytest.approx(1.0, abs=1e-6)
    assert scores.std() == pytest.approx(0.7, rel=1e-3)
    assert (np.diff(scores) > 0.0).all()
    assert research.grant_score(2.0, 0.3, 0.0) == log(2.0)


def test_projects_start_as_far_as_lists_are_carried_out() -> None:
    assert started_units(40.0, 0.75) == pytest.approx(30.0)
    assert DURATION_SHAPE == 4.0


def test_technology_projects_have_their_own_odds_and_all_start() -> None:
    p = Milestones(0.8, 1.5, 0.9, 2.5, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert [float(x) for x in kind_parameters(True, p)] == [1.0, 2.5, 0.6]
    assert [float(x) for x in kind_parameters(False, p)] == [0.8, 1.5, 0.9]


def test_a_plant_reaches_its_sales_within_its_ramp() -> None:
    assert project_sales(10.0, 0.5, 1.0, 2.0) == pytest.approx(2.5)
    assert project_sales(10.0, 0.5, 3.0, 2.0) == pytest.approx(5.0)


def test_the_published_figure_drifts_by_log_points() -> None:
    assert published_factor(0.0, 0.05, 0.0) == 1.0
    assert published_factor(0.1, 0.05, -1.0) == pytest.approx(math.exp(0.05))
