"""Limit L13 and constant growth: what the model returns with nothing left but growth and a common shock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from simulator.model import TianjinAI, prepare
from simulator.registry import load_library
from simulator.scenario import Scenario
from simulator.world.founding import Draw
from simulator.world.paths import growth_paths
from simulator.world.places import load_ground
from tests.limits.handmade import ENGINE, NOTHING, OFF, Handmade, parameters, scenario, still

YEARS = (2025, 2026, 2027)
VOLATILITY, TARGET = 0.15, 1000.0
BASES = (300.0, 400.0, 500.0, 600.0, 700.0, 800.0)


def bare(mu: float, volatility: float = 0.0) -> dict[str, float]:
    """Assumptions under which a year adds μ plus a city shock to every firm and nothing else.

    Nobody outside the catalogue does AI: admission has no switch, and who outgrows the threshold would join.
    """
    return {
        "ecosystem_ai_share": 0.0,
        "g_nat_ai": float(np.expm1(mu)),
        "g_nat_yearly_sd": 0.0,
        "g_nat_persistence": 0.0,
        "loading_national": 1.0,
        "net_entry_share_national": 0.0,
        "chain_deviation_sd": 0.0,
        "chain_shock_sd": 0.0,
        "city_shock_sd": volatility,
    }


def annual(scenario_: Scenario, member: int, series: str = "core_revenue") -> dict[int, float]:
    """The figure of each year: the mean of its four quarterly rates; the founding year's is row 0."""
    study = prepare(scenario_)
    values = study.simulate(member).values[:, study.series.index(series)]
    figures = {study.quarters[0].year: float(values[0])}
    for year in study.years:
        rows = [i for i, q in enumerate(study.quarters) if i and q.year == year]
        figures[year] = float(values[rows].mean())
    return figures


@pytest.mark.parametrize("member", [0, 7])
@pytest.mark.parametrize("on", [(), ("links", "capacity", "contracts", "funds", "observation")])
def test_constant_growth_gives_three_years_of_it(member: int, on: tuple[str, ...]) -> None:
    """annual(2027) = X₀·e^{3g}; links and capacity that do not bind change nothing of it."""
    g = 0.2
    quiet = {"capable_node_size": 1e-9, "vc_growth_effect": 0.0, "capacity_headroom": 0.3}
    figures = annual(
        scenario(mechanisms=NOTHING | dict.fromkeys(on, True), **bare(g), **quiet), member
    )
    base = figures[2024]
    theory = {2024 + years: base * np.exp(g * years) for years in range(4)}
    assert figures == pytest.approx(theory, rel=1e-11)


def test_growth_of_the_channel_comes_by_quarter() -> None:
    """A growth channel of g a year lifts quarter k by e^{gk/4}; yearly laws step at once in the first quarter."""
    g, drift = 0.1, 0.3
    forcing = still(years=3, quarters=12, growth=np.full((12, 1, 1), g), drift=[[drift]] * 3)
    world = Handmade([10.0], parameters(OFF), forcing)
    rates = []
    for t in range(12):
        world.step(t, first_of_year=t % 4 == 0, at=t, year=t // 4)
        rates.append(world.city("core_revenue"))
    k = np.arange(1, 13)
    assert rates == pytest.approx(10.0 * np.exp(g * k / 4 + drift * (1 + (k - 1) // 4)), rel=1e-13)


def growth_factors(mu: float, members: int) -> npt.NDArray[np.float64]:
    """annual(2027)/X₀ of many members: drawn paths of the model, driven through the engine's quarters."""
    ground = load_ground(load_library())
    p = parameters(OFF, **bare(mu, VOLATILITY))
    chains = len(ground.chains)
    world = Handmade(np.ones(chains), p, still(years=3, chains=chains), chain=np.arange(chains))
    factors = np.empty(members)
    for member in range(members):
        draw = Draw(1, member, ENGINE.uniforms, ENGINE.choose_place)
        drift = growth_paths(YEARS, 2024, np.zeros(3), ground, p, draw).drift
        world.world.forcing = world.world.forcing._replace(drift=drift)
        world.external[:] = 1.0
        rates = []
        for t in range(12):
            world.step(t, first_of_year=t % 4 == 0, year=t // 4, member=member)
            rates.append(world.city("core_revenue"))
        factors[member] = np.mean(rates[8:]) / chains
    return factors


def hold_to_the_grid(mu: float, factors: npt.NDArray[np.float64]) -> None:
    """Probability of 1000 亿元 in 2027 from every base value of the benchmark's grid."""
    for base in BASES:
        theory = norm.sf((np.log(TARGET / base) - 3.0 * mu) / (VOLATILITY * np.sqrt(3.0)))
        found = np.mean(base * factors >= TARGET)
        se = np.sqrt(theory * (1.0 - theory) / len(factors))
        assert found == pytest.approx(theory, abs=4.0 * se + 1.0 / len(factors)), base
    logs = np.log(factors)
    spread = VOLATILITY * np.sqrt(3.0)
    assert logs.mean() == pytest.approx(3.0 * mu, abs=4.0 * spread / np.sqrt(len(factors)))
    assert logs.std() == pytest.approx(spread, rel=4.0 / np.sqrt(2.0 * len(factors)))


@pytest.mark.parametrize("mu", [0.10, 0.25])
def test_l13_probability_of_the_target(mu: float) -> None:
    hold_to_the_grid(mu, growth_factors(mu, 1200))


@pytest.mark.slow
def test_l13_probability_of_the_target_closely() -> None:
    hold_to_the_grid(0.25, growth_factors(0.25, 8_000))


@pytest.mark.slow
def test_l13_through_the_whole_model() -> None:
    """Founding, calendar and recording included: 2000 members at X₀ = 400 return 0.261."""
    fixed = bare(0.25, VOLATILITY) | {"base_core_revenue": 400.0, "ecosystem_firms": 10.0}
    study = prepare(scenario(mechanisms=NOTHING, **fixed))
    column = study.series.index("core_revenue")
    figures = [study.simulate(m).values[-4:, column].mean() for m in range(2000)]
    assert np.mean(np.array(figures) >= TARGET) == pytest.approx(0.2611, abs=4 * 0.00982)


def test_l13_the_whole_model_follows_its_paths() -> None:
    """What ties the two above: annual(y) = X₀·exp(Σ drift), with every mechanism off, member by member."""
    fixed = bare(0.25, VOLATILITY) | {"base_core_revenue": 400.0}
    study = prepare(scenario(mechanisms=NOTHING, **fixed))
    seen = set()
    for member in range(5):
        model = TianjinAI(study, member)
        drift = model.world.forcing.drift
        assert np.ptp(drift, axis=1).max() < 1e-15  # one common shock for all chains
        for _ in study.simulated:
            model.step()
        figures = model.block[1:, 0].reshape(3, 4).mean(axis=1)
        assert model.block[0, 0] == pytest.approx(400.0, rel=1e-12)
        assert figures == pytest.approx(400.0 * np.exp(np.cumsum(drift[:, 0])), rel=1e-12)
        seen.add(float(drift[0, 0]))
    assert len(seen) == 5


def test_published_figure_is_the_true_one_times_drift_and_noise() -> None:
    """M20 with drift and without noise: e^{drift·(y − 2024)}; switched off, it is the true figure."""
    drift = 0.08
    fixed = {"def_drift": drift, "reporting_noise_sd": 0.0}
    for on in (True, False):
        case = scenario(mechanisms={"observation": on}, **fixed)
        true, published = annual(case, 1), annual(case, 1, "core_revenue_published")
        for year in true:
            factor = np.exp(drift * (year - 2024)) if on else 1.0
            assert published[year] == pytest.approx(factor * true[year], rel=1e-13)


def test_national_growth_is_a_stationary_autoregression() -> None:
    """Across members: ln(1+g) starts at the published 2024, forgets it by ρ a year, settles at mean and sd (M1)."""
    mean, sd, rho = np.log1p(0.22), 0.07, 0.5
    ground = load_ground(load_library())
    p = parameters(OFF, g_nat_yearly_sd=sd, g_nat_persistence=rho, g_nat_2024=0.6)
    years = tuple(range(2025, 2036))
    draws = [Draw(1, member, ENGINE.uniforms, ENGINE.choose_place) for member in range(800)]
    steady = np.zeros(len(years))
    paths = np.array(
        [growth_paths(years, 2024, steady, ground, p, draw).national for draw in draws]
    )
    ahead = np.arange(1, len(years) + 1)
    theory = mean + rho**ahead * (np.log1p(0.6) - mean)
    spread = sd * np.sqrt(1.0 - rho ** (2 * ahead))
    assert (np.abs(paths.mean(axis=0) - theory) < 4.0 * spread / np.sqrt(800)).all()
    assert paths[:, -1].std() == pytest.approx(sd, rel=4.0 / np.sqrt(1600))
