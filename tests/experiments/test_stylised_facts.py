"""Statistics on data whose answer is known, and the table of facts."""

import numpy as np
import pytest

from simulator.experiments.stylised_facts import (
    FACTS,
    YEARS_NEEDED,
    Growth,
    growth_memory,
    lognormal_survives,
    size_slope,
    standardised,
    subbotin_shape,
    tail_exponent,
    variance_exponent,
    vuong,
    yearly_hazards,
)
from simulator.experiments.validation import load_facts


def made(rate: np.ndarray, before: np.ndarray, earlier: np.ndarray | None = None) -> Growth:
    year = np.arange(len(rate)) % 4
    memory = np.full(len(rate), np.nan) if earlier is None else earlier
    return Growth(year, rate, before, before + rate, memory)


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_subbotin_shape_knows_laplace_from_normal(rng: np.random.Generator) -> None:
    assert subbotin_shape(rng.laplace(size=40_000)) == pytest.approx(1.0, abs=0.04)
    assert subbotin_shape(rng.normal(size=40_000)) == pytest.approx(2.0, abs=0.08)


def test_tail_exponent_of_a_pareto_law(rng: np.random.Generator) -> None:
    found = [tail_exponent(rng.uniform(size=5_000) ** (-1.0 / 1.2)) for _ in range(30)]
    assert np.mean(found) == pytest.approx(1.2, abs=0.05)


def test_vuong_tells_which_tail_it_is(rng: np.random.Generator) -> None:
    assert vuong(np.abs(rng.normal(size=4_000))) < -2.0
    assert abs(vuong(rng.exponential(size=4_000))) < 2.0
    # The upper piece is heavier: log sizes curve upward, which no lognormal tail does.
    log_size = rng.exponential(size=20_000)
    assert vuong(np.where(log_size > 3.0, 3.0 + 4.0 * (log_size - 3.0), log_size)) > 2.0
    assert lognormal_survives(np.exp(rng.normal(size=3_000)))


def test_size_laws_are_found_again(rng: np.random.Generator) -> None:
    before = rng.normal(0.0, 2.0, 60_000)
    sd = 0.3 * np.exp(-0.15 * before)
    growth = made(0.05 - 0.02 * before + sd * rng.laplace(size=before.size), before)
    assert size_slope(growth) == pytest.approx(-0.02, abs=0.01)
    even = made(sd * rng.normal(size=before.size), before)
    # Bins average sizes and spreads within them, which the law of a power does not: hence the room.
    assert variance_exponent(even) == pytest.approx(0.15, abs=0.03)
    assert standardised(even).std() == pytest.approx(1.0, abs=0.01)


def test_growth_memory_is_the_slope(rng: np.random.Generator) -> None:
    earlier = rng.laplace(size=20_000)
    rate = -0.2 * earlier + rng.laplace(size=earlier.size)
    growth = made(rate, np.zeros(rate.size), earlier)
    everyone = np.ones(rate.size, dtype=bool)
    assert growth_memory(growth, everyone) == pytest.approx(-0.2, abs=0.02)


def test_a_quarterly_exit_share_becomes_a_yearly_hazard() -> None:
    hazard = yearly_hazards(np.array([400.0, 0.0]), np.array([10.0, 0.0]))
    assert hazard[0] == pytest.approx(1.0 - 0.975**4)
    assert np.isnan(hazard[1])


def test_every_fact_is_computed_or_waits_with_a_reason() -> None:
    facts = load_facts()
    assert len({fact.id for fact in facts}) == len(facts) == 37
    assert {fact.id for fact in facts if not fact.waits_for} == set(FACTS)
    assert set(YEARS_NEEDED) <= set(FACTS)
    for fact in facts:
        assert fact.low < fact.high and fact.source and fact.name.zh and fact.name.en
        if fact.waits_for or fact.miss:
            assert fact.reason.zh and fact.reason.en, fact.id
