"""Growth, birth, death and titles of firms: the laws of M1–M3, M12–M14 and M17 at points where they are known."""

import math

import numpy as np
import pytest

from simulator.mechanisms.demand import (
    age_term,
    chain_drift,
    compensated_shock,
    laplace,
    laplace_scale,
    national_growth,
    reversion_term,
)
from simulator.mechanisms.demography import (
    LARGEST_HAZARD,
    LARGEST_SIZE_FACTOR,
    SINGULAR,
    Demography,
    age_hazard,
    highest_hazard,
    quarterly_hazard,
    truncated_pareto,
    truncated_pareto_mean,
    yearly_hazard,
)
from simulator.mechanisms.titles import (
    NICHE_LEADERS,
    TOP,
    Titles,
    high_tech,
    holds_title,
    rank_size,
    specialised,
)

# A grid of midpoints, on which means of inversions are integrals.
UNIFORM = (np.arange(200_000) + 0.5) / 200_000
HAZARDS = Demography(*(0.0 for _ in Demography._fields))._replace(
    h_age0=0.10,
    h_age1=0.14,
    h_age2=0.12,
    h_age3_6=0.08,
    h_age7p=0.05,
    h_hightech_mult=0.7,
    exit_size_exponent=0.2,
    exit_named=0.003,
)
TITLES = Titles(
    title_award_rate=0.2,
    hightech_award_rate=0.3,
    title_quality=1.1,
    sme_smallest=0.1,
    sme_largest=4.0,
    niche_first_size=100.0,
    founding_tail=1.25,
)


def test_national_growth_returns_to_its_mean_and_keeps_its_spread() -> None:
    assert national_growth(0.3, 0.2, 0.0, 0.05, 0.0) == pytest.approx(0.2)
    assert national_growth(0.3, 0.2, 0.6, 0.05, 0.0) == pytest.approx(0.26)
    previous, normal = np.random.default_rng(1).standard_normal((2, 400_000))
    following = national_growth(0.2 + 0.05 * previous, 0.2, 0.6, 0.05, normal)
    assert following.mean() == pytest.approx(0.2, abs=4 * 0.05 / math.sqrt(normal.size))
    assert following.std() == pytest.approx(0.05, rel=0.01)


def test_incumbents_get_what_net_entry_leaves_of_national_growth() -> None:
    told = {"loading": 1.2, "net_entry_share": 0.25}
    assert chain_drift(0.2, 0.0, 0.0, 0.0, **told) == pytest.approx(0.75 * 1.2 * 0.2)
    assert chain_drift(0.0, 0.1, 0.0, 0.0, **told) == pytest.approx(1.2 * 0.1)
    assert chain_drift(0.2, 0.1, 0.03, 0.02, **told) == pytest.approx(0.18 + 0.12 + 0.05)


def test_age_and_reversion_move_growth_between_firms_and_add_none() -> None:
    weights = np.array([0.2, 0.5, 0.3])
    for term, slope in ((age_term, -0.04), (reversion_term, 0.9)):
        values = np.array([0.0, 1.0, 2.5])
        moved = term(values, weights @ values, slope)
        assert weights @ moved == pytest.approx(0.0, abs=1e-15)
        assert moved[0] > moved[1] > moved[2]  # old and large firms grow more slowly
    assert age_term(2.0, 1.5, -0.04) == pytest.approx(-0.02)
    assert reversion_term(2.0, 1.5, 0.9) == pytest.approx(-0.05)
    assert reversion_term(2.0, 1.5, 1.0) == 0.0


def test_luck_spreads_less_among_large_firms_and_is_capped() -> None:
    assert laplace_scale(1.0, 1.0, 0.3, 0.2, 0.6) == pytest.approx(0.3)
    assert laplace_scale(32.0, 1.0, 0.3, 0.2, 0.6) == pytest.approx(0.15)
    assert laplace_scale(1.0, 32.0, 0.3, 0.1, 0.9) == pytest.approx(0.3 * math.sqrt(2.0))
    assert laplace_scale(1e-9, 1.0, 0.3, 0.2, 0.6) == 0.6


def test_luck_is_laplace() -> None:
    assert laplace(0.5, 0.4) == 0.0
    for tail in (0.01, 0.2, 0.4):
        below, above = laplace(tail, 0.4), laplace(1.0 - tail, 0.4)
        assert 0.5 * math.exp(below / 0.4) == pytest.approx(tail)
        assert above == pytest.approx(-below)
    assert np.abs(laplace(UNIFORM, 0.4)).mean() == pytest.approx(0.4, rel=1e-4)
    assert (np.diff(laplace(UNIFORM, 0.4)) > 0.0).all()


def test_luck_creates_no_revenue() -> None:
    for scale in (0.05, 0.3, 0.45):
        assert np.exp(compensated_shock(UNIFORM, scale)).mean() == pytest.approx(1.0, abs=2e-3)
    assert compensated_shock(0.5, 0.3) == pytest.approx(math.log(1.0 - 0.09))


def test_hazard_is_the_table_of_whole_years() -> None:
    ages = np.array([0.0, 0.99, 1.0, 1.99, 2.0, 2.99, 3.0, 6.99, 7.0, 40.0])
    expected = [0.10, 0.10, 0.14, 0.14, 0.12, 0.12, 0.08, 0.08, 0.05, 0.05]
    assert age_hazard(ages, HAZARDS).tolist() == expected


def test_small_firms_die_more_often_within_bounds_and_named_ones_by_their_own_rate() -> None:
    assert yearly_hazard(0.1, 1.0, 0, 0.0, HAZARDS) == pytest.approx(0.07)
    assert yearly_hazard(0.1, 32.0, 0, 0.0, HAZARDS) == pytest.approx(0.035)
    assert yearly_hazard(0.1, 1e-6, 0, 0.0, HAZARDS) == pytest.approx(0.1 * 0.7 * 1.5)
    assert yearly_hazard(0.1, 32.0, 1, 0.0, HAZARDS) == pytest.approx(0.003)
    assert yearly_hazard(0.1, 1.0, 0, 0.25, HAZARDS) == pytest.approx(0.0525)
    assert yearly_hazard(0.1, 1.0, 0, -0.5, HAZARDS) == pytest.approx(0.105)
    assert yearly_hazard(0.1, 1.0, 0, 1.5, HAZARDS) == 0.0
    assert yearly_hazard(3.0, 1.0, 0, 0.0, HAZARDS) == LARGEST_HAZARD == 0.95


@pytest.mark.parametrize("oldest", [0.05, 0.3])
@pytest.mark.parametrize("youngest", [0.10, 0.2])
@pytest.mark.parametrize("named", [0.003, 0.4])
def test_no_firm_exceeds_the_highest_hazard_and_one_reaches_it(
    oldest: float, youngest: float, named: float
) -> None:
    p = HAZARDS._replace(h_age0=youngest, h_age7p=oldest, exit_named=named)
    ages, sizes = np.arange(12.0)[:, None, None], np.array([1e-6, 0.5, 1.0, 20.0])[:, None]
    for survival in (-0.3, 0.0, 0.4, 2.0):
        met = yearly_hazard(age_hazard(ages, p), sizes, np.array([0, 1]), survival, p)
        assert met.max() == pytest.approx(float(highest_hazard(survival, p)))
    assert highest_hazard(-50.0, p) == LARGEST_HAZARD
    for field in ("h_age0", "h_age1", "h_age2", "h_age3_6", "h_age7p"):
        worst = p._replace(**{field: 0.5})
        assert highest_hazard(0.0, worst) == pytest.approx(0.5 * 0.7 * LARGEST_SIZE_FACTOR)


def test_four_quarters_of_hazard_are_a_year() -> None:
    for yearly in (0.0, 0.1, 0.95):
        assert (1.0 - quarterly_hazard(yearly)) ** 4 == pytest.approx(1.0 - yearly)


@pytest.mark.parametrize("exponent", [-0.5, 0.6, 1.0, 1.8])
def test_sizes_of_arrivals_are_pareto_between_their_bounds(exponent: float) -> None:
    sizes = truncated_pareto(UNIFORM, 0.5, 40.0, exponent)
    assert truncated_pareto(0.0, 0.5, 40.0, exponent) == pytest.approx(0.5)
    assert truncated_pareto(1.0, 0.5, 40.0, exponent) == pytest.approx(40.0)
    assert sizes.mean() == pytest.approx(truncated_pareto_mean(0.5, 40.0, exponent), rel=1e-5)
    above = (4.0**-exponent - 40.0**-exponent) / (0.5**-exponent - 40.0**-exponent)
    assert (sizes > 4.0).mean() == pytest.approx(above, abs=1e-5)


def test_the_mean_of_the_pareto_law_passes_through_its_singular_exponents() -> None:
    logarithm = math.log(80.0)
    assert truncated_pareto_mean(0.5, 40.0, 0.0) == pytest.approx(39.5 / logarithm, rel=1e-5)
    one = 0.5 * logarithm / (1.0 - 1.0 / 80.0)
    for exponent in (1.0, 1.0 - 0.3 * SINGULAR, 1.0 + 0.3 * SINGULAR):
        assert truncated_pareto_mean(0.5, 40.0, exponent) == pytest.approx(one, rel=1e-5)
    two = truncated_pareto_mean(0.5, 40.0, 2.0)
    assert two == pytest.approx(2.0 * 0.5 * (1.0 - 1.0 / 80.0) / (1.0 - 1.0 / 6400.0), rel=1e-14)


def test_a_title_comes_at_a_rate_and_stays() -> None:
    for years, share in ((0, 0.0), (1, 0.2), (2, 0.36)):
        assert holds_title(UNIFORM, years, 0.2).mean() == pytest.approx(share, abs=1e-5)
    assert not holds_title(0.0, 0.0, 0.2)  # not before the first year-end
    assert (holds_title(UNIFORM, 2, 0.3) >= holds_title(UNIFORM, 2, 0.2)).all()


def test_each_rule_of_the_sme_title_is_needed() -> None:
    assert specialised(True, 0.1, 2.0, 1.1, TITLES)
    for fits, sales, years, quality in (
        (False, 0.1, 2.0, 1.1),
        (True, 0.0999, 2.0, 1.1),
        (True, 4.0, 2.0, 1.1),
        (True, 0.1, 1.75, 1.1),
        (True, 0.1, 2.0, 1.0999),
    ):
        assert not specialised(fits, sales, years, quality, TITLES)


def test_each_rule_of_the_high_tech_title_is_needed() -> None:
    assert high_tech(True, 1.0, 1.1, TITLES)
    for does_ai, years, quality in ((False, 1.0, 1.1), (True, 0.75, 1.1), (True, 1.0, 1.0999)):
        assert not high_tech(does_ai, years, quality, TITLES)


def test_sizes_in_a_niche_follow_the_rank_size_rule() -> None:
    assert rank_size(100.0, 1.0, TITLES) == pytest.approx(100.0)
    assert rank_size(100.0, 32.0, TITLES) == pytest.approx(100.0 / 16.0)
    assert (TOP, NICHE_LEADERS) == (
        3,
        10,
    )  # domestic top three, and rank 10 as the docstring has it
