"""Own elementary functions: accuracy, exact points, and one definition for numbers and columns."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from simulator.foundation.mathematics import exp, log, maximum, minimum, power, root, select, sqrt


def ulps(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.max(np.abs(found - true) / np.spacing(np.abs(true))))


def test_exp_and_log_stay_within_two_ulp_of_the_library():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-700, 700, 100_000), rng.normal(0, 0.1, 100_000)])
    assert ulps(exp(x), np.exp(x)) <= 2.0
    y = np.exp(rng.uniform(-700, 700, 200_000))
    assert ulps(log(y), np.log(y)) <= 2.0


def test_exact_points_that_identities_lean_on():
    assert float(exp(0.0)) == 1.0 and float(exp(-0.0)) == 1.0
    assert float(log(1.0)) == 0.0
    assert float(power(7.5, 0.0)) == 1.0


def test_numbers_and_columns_agree_bit_for_bit():
    x = np.random.default_rng(1).uniform(0.01, 50, 500)
    for function in (exp, log, sqrt):
        assert [float(function(v)) for v in x] == function(x).tolist()


def test_the_argument_of_exp_is_held_so_that_nothing_overflows():
    assert np.isfinite(exp(np.array([-1e9, 1e9]))).all()
    assert float(exp(-1e9)) == pytest.approx(0.0, abs=1e-300)


def test_choices_take_the_side_they_name():
    assert select(np.array([True, False]), 1.0, 2.0).tolist() == [1.0, 2.0]
    assert (float(minimum(1.0, 2.0)), float(maximum(1.0, 2.0))) == (1.0, 2.0)


def test_a_root_is_found_in_the_steps_of_scipy():
    for shift in np.linspace(-5.0, 5.0, 60):

        def function(x, shift=shift):
            return (x - shift) ** 3 + 0.3 * math.sin(x) + 0.2 * x

        expected = brentq(function, -9.0, 9.0, xtol=1e-10, rtol=1e-12)
        assert root(function, -9.0, 9.0) == expected
    assert root(lambda x: x - 2.0, 2.0, 5.0) == 2.0
    assert root(lambda x: x - 5.0, 2.0, 5.0) == 5.0
    with pytest.raises(ValueError, match="same sign"):
        root(lambda x: x * x + 1.0, -1.0, 1.0)
