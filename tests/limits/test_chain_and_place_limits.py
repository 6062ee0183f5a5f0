"""Limits L8 (local Leontief links) and L16 (choice of a place), through the engine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from simulator.engine.choose import choose
from simulator.foundation.randomness import Origin, entity_ids
from simulator.mechanisms.linkages import LARGEST_LOCAL_SHARE, solve_gross
from simulator.mechanisms.location import utility
from simulator.world.founding import settle_links
from tests.limits.handmade import ENGINE, OFF, Handmade, parameters, still

PURCHASES = np.array([[0.1, 0.3, 0.0], [0.2, 0.05, 0.25], [0.05, 0.1, 0.1]])
LOCAL = np.array([0.4, 0.5, 0.6])
LINKED = OFF._replace(links=1.0)

Number = npt.NDArray[np.float64]


def gross_of(external: Number, shares: Number, purchases: Number = PURCHASES) -> Number:
    """Revenue of three chains of three firms each after a quarter, with local shares as given."""
    split = np.array([0.5, 0.3, 0.2])
    p = parameters(LINKED, rpc=1.0, capable_node_size=1e-6)
    world = Handmade(
        np.outer(external, split).ravel(),
        p,
        still(chains=3, linkage=[shares - 1.0]),
        purchases,
        chain=np.repeat([0, 1, 2], 3),
        node=np.repeat([0, 1, 2], 3),
    )
    world.step()
    assert world.sales == pytest.approx(world.external + world.intermediate, rel=1e-14)
    final = np.bincount(world.chain, world.external, 3)
    assert world.city("core_revenue_consolidated") == pytest.approx(final.sum(), rel=1e-12)
    assert world.city("core_revenue") == pytest.approx(world.sales.sum(), rel=1e-12)
    # Shared among the firms of a chain in proportion to their external sales.
    ratio = (world.intermediate / world.external).reshape(3, 3)
    assert np.ptp(ratio, axis=1).max() < 1e-14
    return np.asarray(world.measures.chain[0].copy())


def test_l8_column_multipliers() -> None:
    """What one more yuan of final sales of a chain adds to the revenue of all: 1.2103, 1.2503, 1.2301."""
    base = np.array([10.0, 10.0, 10.0])
    theory = np.linalg.inv(np.eye(3) - LOCAL[:, None] * PURCHASES)
    before = gross_of(base, LOCAL)
    assert before == pytest.approx(theory @ base, rel=1e-12)
    for chain in range(3):
        more = base + np.eye(3)[chain]
        added = gross_of(more, LOCAL) - before
        assert added == pytest.approx(theory[:, chain], rel=1e-10)
    assert theory.sum(axis=0).round(4).tolist() == [1.2103, 1.2503, 1.2301]


def test_l8_national_multipliers_of_the_same_solver() -> None:
    theory = np.linalg.inv(np.eye(3) - PURCHASES)
    found = np.empty((3, 3))
    for chain in range(3):
        gross = np.empty(3)
        solve_gross(np.eye(3)[chain], np.ones(3), PURCHASES, np.empty((3, 3)), gross)
        found[:, chain] = gross
    assert found == pytest.approx(theory, rel=1e-13)
    assert found.sum(axis=0).round(4).tolist() == [1.5814, 1.7193, 1.5887]


def test_l8_rounds_of_purchases_converge_to_the_model() -> None:
    base = np.array([10.0, 0.5, 3.0])
    local = LOCAL[:, None] * PURCHASES
    gross = gross_of(base, LOCAL)
    norm = np.abs(local).sum(axis=0).max()
    total, wave = np.zeros(3), base.copy()
    for rounds in range(60):
        total += wave
        wave = local @ wave
        bound = norm ** (rounds + 1) / (1.0 - norm) * base.sum()
        assert np.abs(gross - total).sum() <= bound + 1e-11
    assert np.abs(gross - total).max() < 1e-12


def test_l8_without_local_purchases_revenue_is_final_sales() -> None:
    base = np.array([4.0, 5.0, 6.0])
    assert gross_of(base, np.zeros(3)) == pytest.approx(base, rel=1e-14)
    assert (gross_of(base, LOCAL) > base).all()


def test_l8_value_added_is_conserved() -> None:
    """Σ(1 − Σ_c R̂_c A_cd)·x_d = Σf at the largest local share the model allows; beyond it the share is cut."""
    base = np.array([4.0, 5.0, 6.0])
    most = np.full(3, LARGEST_LOCAL_SHARE)
    gross = gross_of(base, np.full(3, 5.0))
    assert gross == pytest.approx(gross_of(base, most), rel=1e-14)
    value_added = 1.0 - (most[:, None] * PURCHASES).sum(axis=0)
    assert value_added @ gross == pytest.approx(base.sum(), rel=1e-12)


def test_founding_inverts_what_the_engine_solves() -> None:
    """Final sales from the founding's inversion, put through a quarter, give back the revenue founded."""
    from simulator.registry import load_library
    from simulator.world.places import load_ground

    ground = load_ground(load_library())
    rng = np.random.default_rng(4)
    n, chains = 4000, len(ground.chains)
    chain = rng.integers(0, chains, n)
    sales = np.exp(rng.normal(0.0, 1.0, n))
    p = parameters(LINKED, rpc=0.8, io_column_sum=0.6)
    columns = {"chain": chain, "node": ground.first_node[chain]}
    world = Handmade(sales, p, still(chains=chains), **columns)
    world.world.links = settle_links(world.world.firms, ground, p)
    final = world.external.sum()
    world.step()
    assert world.sales == pytest.approx(sales, rel=1e-12)
    assert final < 0.9 * sales.sum()


VALUE = np.array([0.5, 0.0, -0.3, 1.0])
CHOOSERS = entity_ids(Origin.STARTUP, 3, 8100, 200_000)


def shares_of(value: Number, engine: str = "auto", seed: int = 1) -> Number:
    """Shares of places among 200 000 newcomers."""
    zero = np.zeros(len(CHOOSERS), dtype=np.int64)
    chosen = choose(engine).choose_place(
        value[None, None, :], np.arange(len(value)), CHOOSERS, zero, zero, seed, 0
    )
    return np.asarray(np.bincount(chosen, minlength=len(value)) / len(chosen))


@pytest.mark.parametrize("engine", ["plain", "auto"])
def test_l16_shares_are_multinomial_logit(engine: str) -> None:
    theory = np.exp(VALUE) / np.exp(VALUE).sum()
    assert theory.round(4).tolist() == [0.2699, 0.1637, 0.1213, 0.4450]
    se = np.sqrt(theory * (1.0 - theory) / len(CHOOSERS))
    assert (np.abs(shares_of(VALUE, engine) - theory) < 4.0 * se).all()


def test_l16_removing_a_place_moves_only_those_who_chose_it() -> None:
    """Stronger than independence of irrelevant alternatives: with addressed luck the others stay where they are."""
    zero = np.zeros(len(CHOOSERS), dtype=np.int64)
    names = np.array([70, 5, 900, 31])  # a place is addressed by its name, so any one may go
    whole = ENGINE.choose_place(VALUE[None, None, :], names, CHOOSERS, zero, zero, 1, 0)
    for gone in range(4):
        kept = np.delete(np.arange(4), gone)
        value, left = VALUE[None, None, kept], names[kept]
        fewer = kept[ENGINE.choose_place(value, left, CHOOSERS, zero, zero, 1, 0)]
        stayed = whole != gone
        assert (fewer[stayed] == whole[stayed]).all()
    before, after = np.bincount(whole, minlength=4)[:3], np.bincount(fewer, minlength=3)
    ratio, theory = after / after.sum(), before / before.sum()
    se = np.sqrt(theory * (1.0 - theory) / before.sum())
    assert (np.abs(ratio - theory) < 4.0 * se).all()


def test_l16_utility_makes_shares_follow_the_size_of_places() -> None:
    """Without localisation and specialisation V = ln(share): newcomers settle in proportion, however a place is cut."""
    p = parameters(agg_local=0.0, logit_specialisation=0.0).location
    share = np.array([0.5, 0.3, 0.2])
    cut = np.array([0.5, 0.3, 0.05, 0.15])
    for law in (share, cut):
        found = shares_of(np.asarray(utility(law, 0.0, 0.0, p)))
        assert (np.abs(found - law) < 4.0 * np.sqrt(law * (1 - law) / len(CHOOSERS))).all()
    p = parameters(agg_local=0.5, logit_specialisation=1.0).location
    special = np.array([0.0, 0.0, 1.0])
    law = share**1.5 * np.exp(special + np.array([0.0, 0.7, 0.0]))
    law /= law.sum()
    found = shares_of(np.asarray(utility(share, special, np.array([0.0, 0.7, 0.0]), p)))
    assert (np.abs(found - law) < 4.0 * np.sqrt(law * (1 - law) / len(CHOOSERS))).all()
