"""Laws L9 and L10: why the model's luck is Laplace and why its spread falls with size.

Both are checks of published laws. Micro-shocks are simulated here and must give the closed form; what the engine draws
must then be that law.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.limits.handmade import OFF, Handmade, parameters

Number = npt.NDArray[np.float64]

FIRMS, OPPORTUNITIES = 2000, 400_000
LUCK = OFF._replace(firm_shocks=1.0)


def island_growth(rng: np.random.Generator, urn: bool) -> Number:
    """Standardised growth of firms that each sum the normal shocks of the opportunities they took.

    With the urn an opportunity goes to a firm in proportion to one plus what it has taken (Dirichlet-multinomial);
    without it each firm is as likely as any other.
    """
    odds = rng.dirichlet(np.ones(FIRMS)) if urn else np.full(FIRMS, 1.0 / FIRMS)
    taken = rng.multinomial(OPPORTUNITIES, odds)
    return np.asarray(np.sqrt(taken / (OPPORTUNITIES / FIRMS)) * rng.standard_normal(FIRMS))


def kurtosis(growth: Number) -> float:
    return float(np.mean(growth**4) / np.mean(growth**2) ** 2)


def engine_growth(sizes: Number, b: float, beta: float) -> Number:
    """One year's shock of the engine, its compensation taken off (reference size one)."""
    changed = {"laplace_b_small": b, "beta_size_var": beta, "b_cap": 0.6}
    world = Handmade(sizes, parameters(LUCK, **changed))
    world.step()
    scale = np.minimum(0.6, b * sizes**-beta)
    return np.asarray(np.log(world.external / sizes) - np.log(1.0 - scale**2))


@pytest.mark.parametrize("urn", [True, False])
def test_l9_island_model_has_its_finite_kurtosis(urn: bool) -> None:
    """3·[2M(M−1)/(N(N+1)) + M/N]/(M/N)² with the urn, 3 + 3N/M without; 4 s.e. over independent islands."""
    n, m = FIRMS, OPPORTUNITIES
    laplace = 3.0 * (2.0 * m * (m - 1) / (n * (n + 1)) + m / n) / (m / n) ** 2
    theory = laplace if urn else 3.0 + 3.0 * n / m
    islands = [island_growth(np.random.default_rng([9, i]), urn) for i in range(300)]
    fourth = np.array([np.mean(growth**4) for growth in islands])  # E growth² is one exactly
    assert fourth.mean() == pytest.approx(theory, abs=4.0 * fourth.std() / np.sqrt(len(islands)))
    assert theory == pytest.approx(6.012 if urn else 3.015, abs=5e-4)


def test_l9_the_engine_draws_the_law_of_the_island_model() -> None:
    """Quantiles of many islands, scaled to one variance, are those of the engine's shock."""
    islands = np.concatenate(
        [island_growth(np.random.default_rng([9, i]), urn=True) for i in range(100)]
    )
    shocks = engine_growth(np.ones(len(islands)), b=0.2, beta=0.0) / (0.2 * np.sqrt(2.0))
    levels = np.array([0.01, 0.05, 0.25, 0.75, 0.95, 0.99])
    density = np.sqrt(2.0) * np.minimum(levels, 1.0 - levels)
    se = np.sqrt(2.0 * levels * (1.0 - levels) / len(islands)) / density
    gap = np.abs(np.quantile(islands, levels) - np.quantile(shocks, levels))
    assert (gap < 4.0 * se + 0.01).all()  # M/N = 200 leaves the centre a little flatter
    assert kurtosis(shocks) == pytest.approx(6.0, rel=0.05)
    control = np.concatenate(
        [island_growth(np.random.default_rng([9, i]), urn=False) for i in range(100)]
    )
    assert (np.abs(np.quantile(control, levels) - np.quantile(shocks, levels)) > 4.0 * se).any()


@pytest.mark.parametrize(("correlation", "theory"), [(0.0, 0.5), (1.0, 0.0)])
def test_l10_equal_units_give_the_size_variance_exponent(correlation: float, theory: float) -> None:
    """K independent units: sd of growth ∝ K^(−1/2); perfectly correlated units: no fall at all."""
    rng = np.random.default_rng(10)
    units = np.array([1, 4, 16, 64, 256])
    draws = 20_000
    spread = []
    for k in units:
        common = rng.standard_normal(draws)
        own = rng.standard_normal(draws) / np.sqrt(k)  # mean of k independent units
        spread.append(np.std(np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own))
    slope = np.polyfit(np.log(units), np.log(spread), 1)[0]
    assert -slope == pytest.approx(theory, abs=4.0 * np.sqrt(0.5 / draws) / np.log(units).std())


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.22])
def test_l10_the_engine_follows_its_size_variance_exponent(beta: float) -> None:
    """Spread of growth by size class falls with the exponent asked for, up to where the cap holds."""
    each, b = 40_000, 0.2
    sizes = np.array([1.0, 10.0, 100.0, 1000.0])
    shocks = engine_growth(np.repeat(sizes, each), b, beta).reshape(len(sizes), each)
    slope = np.polyfit(np.log(sizes), np.log(shocks.std(axis=1)), 1)[0]
    se = np.sqrt(1.25 / each) / (np.log(sizes).std() * np.sqrt(len(sizes)))
    assert -slope == pytest.approx(beta, abs=4.0 * se)
    tiny = engine_growth(np.full(each, 1e-9), b, 0.22)
    assert tiny.std() == pytest.approx(0.6 * np.sqrt(2.0), rel=4.0 * np.sqrt(1.25 / each))
