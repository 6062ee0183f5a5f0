"""Limits L1 and L2: stocks, ages and the order kill → age → enter, through the engine's quarter.

The stock is counted at the end of the quarter, after entry: newborns are in it at age zero and have not yet
run a risk. With one entry a year in the first quarter that is the yearly law of L1 exactly, because four
quarterly hazards make the yearly one.
"""

from __future__ import annotations

import numpy as np
import pytest

from simulator.foundation.randomness import Origin, entity_ids
from simulator.mechanisms.demography import age_hazard, quarterly_hazard
from simulator.model import TianjinAI, prepare
from simulator.world.firms import Table
from tests.limits.handmade import OFF, Handmade, parameters, scenario

CLASSES = ("h_age0", "h_age1", "h_age2", "h_age3_6", "h_age7p")
REGISTRY = dict(zip(CLASSES, (0.016, 0.063, 0.095, 0.086, 0.065), strict=True))
ONLY_EXIT = OFF._replace(exit=1.0)


def flat(hazard: float) -> dict[str, float]:
    return dict.fromkeys(CLASSES, hazard) | {"h_hightech_mult": 1.0, "exit_size_exponent": 0.0}


def entrants(count: int) -> Table:
    table = Table(count)
    columns = dict.fromkeys(("external", "sales", "quality", "catalogue", "ai"), 1)
    table.append(entity_ids(Origin.STARTUP, 1, 0, count), capacity=1e9, **columns)
    return table


def live(world: Handmade, quarters: int, yearly: float, every: int, growth: float = 0.0) -> None:
    """Let entrants come every few quarters, ``yearly`` of them a year at first, each with a new id."""
    most = int(yearly * every / 4 * (1.0 + growth) ** (quarters / 4)) + 1
    world.world.births = entrants(most)
    for t in range(quarters):
        count = round(yearly * every / 4 * (1.0 + growth) ** (t / 4)) if t % every == 0 else 0
        world.step(t, first_of_year=t % 4 == 0, births=(0, count))
        world.world.births.columns.ids[:] += np.uint64(most)


def test_l1_constant_hazard_one_entry_a_year() -> None:
    hazard, yearly = 0.08, 400
    world = Handmade([1.0], parameters(ONLY_EXIT, **flat(hazard)))
    live(world, 4 * 150 + 1, yearly, every=4)
    years = world.age // 4
    assert (world.age % 4 == 0).all()
    stock, mean_age = yearly / hazard, (1.0 - hazard) / hazard
    stock_se = np.sqrt(stock * (1.0 - hazard) / (2.0 - hazard))  # binomial survivors of each cohort
    age_se = np.sqrt(1.0 - hazard) / hazard / np.sqrt(stock)
    assert world.world.firms.n == pytest.approx(stock, abs=4.0 * stock_se)
    assert years.mean() == pytest.approx(mean_age, abs=4.0 * age_se)
    share = np.bincount(years, minlength=20)[:20] / len(years)
    theory = hazard * (1.0 - hazard) ** np.arange(20)
    assert np.abs(share - theory).max() < 4.0 * np.sqrt(hazard / stock)
    assert np.count_nonzero(years == 0) == yearly  # the newborn of this very quarter: all of them


def test_l1_constant_hazard_entry_every_quarter() -> None:
    hazard, yearly = 0.08, 400
    world = Handmade([1.0], parameters(ONLY_EXIT, **flat(hazard)))
    live(world, 4 * 150, yearly, every=1)
    risk = 1.0 - (1.0 - hazard) ** 0.25
    stock, mean_age = yearly / 4 / risk, (1.0 - risk) / risk / 4.0
    assert world.world.firms.n == pytest.approx(stock, abs=4.0 * np.sqrt(stock / 2.0))
    assert world.age.mean() / 4.0 == pytest.approx(mean_age, abs=4.0 * mean_age / np.sqrt(stock))
    assert np.count_nonzero(world.age == 0) == yearly // 4


def test_l1_the_model_keeps_its_stock_where_births_balance_exits() -> None:
    """The whole model: start-ups N₀·h·Δ a quarter against a quarterly hazard hold N₀·hΔ/(1−(1−h)^Δ)."""
    hazard = 0.4
    values = flat(hazard) | {"exit_named": hazard, "ecosystem_firms": 3000, "g_entry": 0.0}
    study = prepare(
        scenario(mechanisms={"arrivals": False}, overrides={"period.end": "2035Q4"}, **values)
    )
    result = study.simulate(0)
    firms = result.values[:, study.series.index("firms")]
    risk = 1.0 - (1.0 - hazard) ** 0.25
    balance = firms[0] * hazard / 4.0 / risk
    # Poisson births thinned by binomial deaths leave a Poisson stock; its quarters are one sample each 1/risk
    late = firms[20:]
    se = np.sqrt(balance / max(1.0, len(late) * risk / 2.0))
    assert late.mean() == pytest.approx(balance, abs=4.0 * se)


def test_l2_age_density_follows_survival_and_entry_growth() -> None:
    growth, first = 0.061, 150.0
    years_run = 60
    p = parameters(ONLY_EXIT, **REGISTRY, h_hightech_mult=1.0, exit_size_exponent=0.0)
    world = Handmade([1.0], p)
    live(world, 4 * years_run + 1, first, every=4, growth=growth)
    years = world.age // 4
    ages = np.arange(30)
    by_age = np.array([*REGISTRY.values()])[[0, 1, 2, 3, 3, 3, 3, *[4] * 23]]
    survival = np.concatenate([[1.0], np.cumprod(1.0 - by_age)])[:-1]
    cohort = np.round(first * (1.0 + growth) ** (years_run - ages))
    expected = cohort * survival
    count = np.bincount(years, minlength=30)[:30]
    se = np.sqrt(cohort * survival * (1.0 - survival))
    assert (np.abs(count - expected) <= 4.0 * se + 1e-9).all()
    assert count[0] == cohort[0]


def test_l2_four_quarters_of_the_table_are_one_year_of_it() -> None:
    """Survival through the model's table and its quarterly rule is Π(1 − h_j), to rounding."""
    p = parameters(**REGISTRY).demography
    ages = np.arange(40) / 4.0
    quarterly = quarterly_hazard(age_hazard(np.floor(ages), p))
    survival = np.cumprod(1.0 - quarterly)
    assert survival[3] == pytest.approx(1 - 0.016, rel=1e-14)
    assert survival[19] == pytest.approx(0.984 * 0.937 * 0.905 * 0.914**2, rel=1e-14)
    assert survival[39] == pytest.approx(0.984 * 0.937 * 0.905 * 0.914**4 * 0.935**3, rel=1e-14)


def test_newborns_run_no_risk_in_their_first_quarter_and_named_firms_their_own() -> None:
    p = parameters(ONLY_EXIT, **flat(0.9), exit_named=0.0)
    world = Handmade(np.ones(2000), p, named=np.arange(2000) < 1000)
    world.world.births = entrants(500)
    world.step(births=(0, 500))
    assert np.count_nonzero(world.age == 0) == 500
    assert np.count_nonzero(world.named) == 1000
    gone = 1000 - (world.world.firms.n - 1500)
    risk = 1.0 - 0.1**0.25
    assert gone == pytest.approx(1000 * risk, abs=4.0 * np.sqrt(1000 * risk * (1 - risk)))
    assert world.city("exits") == 4.0 * gone and world.city("entries") == 4.0 * 500


def test_hazard_falls_with_size_as_the_exponent_says() -> None:
    """h(e)/h(1) = min(1.5, e^{−θ})."""
    n, theta, base = 40_000, 0.3, 0.2
    sizes = np.array([0.01, 1.0, 8.0])
    p = parameters(ONLY_EXIT, **flat(base) | {"exit_size_exponent": theta})
    world = Handmade(np.repeat(sizes, n), p)
    world.step()
    stay = np.array([np.count_nonzero(world.external == size) for size in sizes]) / n
    yearly = base * np.minimum(1.5, sizes**-theta)
    theory = (1.0 - yearly) ** 0.25
    se = np.sqrt(theory * (1.0 - theory) / n)
    assert (np.abs(stay - theory) < 4.0 * se).all()


def test_the_mesa_model_walks_the_same_path_as_simulate() -> None:
    study = prepare(scenario("baseline", overrides={"period.end": "2025Q4"}))
    model = TianjinAI(study, 5)
    for _ in range(4):
        model.step()
    assert model.block.tobytes() == study.simulate(5).values.tobytes()
