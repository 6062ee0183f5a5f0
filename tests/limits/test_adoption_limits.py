"""Limit L7: adoption is Bass's law exactly, whatever the step; nothing but the law of the curve enters."""

import numpy as np
import pytest

from simulator.foundation.calendar import Quarter
from simulator.mechanisms.adoption import Adoption, adopted_share, mean_share, related_revenue
from simulator.world.goals import adoption_path

P, Q = 0.016, 0.38


def bass(t, p=P, q=Q):
    decay = np.exp(-(p + q) * t)
    return (1.0 - decay) / (1.0 + q / p * decay)


def test_from_nothing_it_is_the_closed_form():
    t = np.linspace(0.0, 40.0, 161)
    assert adopted_share(0.0, t, P, Q) == pytest.approx(bass(t), abs=1e-14)
    turning = np.log(Q / P) / (P + Q)
    assert adopted_share(0.0, turning, P, Q) == pytest.approx(0.5 - P / (2 * Q), abs=1e-14)


@pytest.mark.parametrize("steps", [1, 4, 365])
def test_many_steps_are_one(steps):
    share = 0.03
    for _ in range(steps):
        share = adopted_share(share, 5.0 / steps, P, Q)
    assert share == pytest.approx(adopted_share(0.03, 5.0, P, Q), rel=1e-12)


def test_without_imitation_it_is_exponential_and_without_influence_logistic():
    t = np.linspace(0.0, 20.0, 81)
    assert adopted_share(0.0, t, P, 0.0) == pytest.approx(1.0 - np.exp(-P * t), abs=1e-14)
    logistic = 1.0 / (1.0 + (1.0 / 0.05 - 1.0) * np.exp(-Q * t))
    assert adopted_share(0.05, t, 0.0, Q) == pytest.approx(logistic, abs=1e-14)


def test_it_runs_backward_to_the_day_it_began():
    began = float(adopted_share(0.0, 6.0, P, Q))
    back = adopted_share(began, np.array([-3.0, -6.0, -9.0]), P, Q)
    assert back == pytest.approx([bass(3.0), 0.0, 0.0], abs=1e-12)


@pytest.mark.parametrize(
    ("p", "q", "start"), [(P, Q, 0.0), (P, Q, 0.14), (P, 0.0, 0.14), (0.0, Q, 0.1)]
)
def test_the_mean_of_a_step_is_the_integral(p, q, start):
    fine = np.linspace(0.0, 0.25, 20001)
    share = adopted_share(start, fine, p, q)
    integral = np.trapezoid(share, fine) / 0.25
    assert mean_share(start, share[-1], p, q, 0.25) == pytest.approx(integral, rel=1e-7)


def test_a_step_in_which_adoption_begins_counts_only_from_there():
    later = float(adopted_share(0.0, 0.1, P, Q))
    whole = float(mean_share(0.0, later, P, Q, 0.1))
    assert mean_share(0.0, later, P, Q, 0.25) == pytest.approx(whole * 0.1 / 0.25, rel=1e-9)
    assert mean_share(0.0, 0.0, P, Q, 0.25) == 0.0


def test_the_path_passes_the_surveyed_share_and_has_no_step_error():
    p = Adoption(P, Q, 0.14, 2.0, 4500.0)
    quarters = tuple(Quarter(2024, 4).shift(k) for k in range(-28, 13))
    path = adoption_path(quarters, p)
    assert (np.diff(path) >= 0.0).all() and path[0] == 0.0
    year = [i for i, q in enumerate(quarters) if q.year == 2027]
    exact = mean_share(adopted_share(0.14, 2.0, P, Q), adopted_share(0.14, 3.0, P, Q), P, Q, 1.0)
    assert path[year].mean() == pytest.approx(float(exact), rel=1e-12)


def test_related_revenue_follows_core_revenue_yuan_for_yuan():
    p = Adoption(P, Q, 0.14, 2.5, 4000.0)
    assert related_revenue(100.0, 0.1, p) == pytest.approx(650.0)
    assert related_revenue(110.0, 0.1, p) - related_revenue(100.0, 0.1, p) == pytest.approx(25.0)
