"""People, places, links and clusters: M4–M5, M11, M15 and M18 at points where they are known."""

import math

import numpy as np
import pytest

from simulator.mechanisms import talent
from simulator.mechanisms.clusters import cluster_scale, is_feature_area
from simulator.mechanisms.linkages import LARGEST_LOCAL_SHARE, local_share, solve_gross
from simulator.mechanisms.location import Location, gumbel, utility
from simulator.registry import load_registry
from simulator.world.places import purchase_pattern

PEOPLE = talent.Talent(
    revenue_per_head=150.0,
    revenue_per_head_growth=0.05,
    talent_slack0=0.1,
    talent_graduates=0.06,
    talent_attrition=0.04,
    talent_retention=0.8,
    commute_home_share=0.75,
    high_end_posts=0.1,
    alpha_skill=0.5,
)


def test_a_part_of_nothing_is_nothing() -> None:
    assert talent.share_of(3.0, 12.0) == pytest.approx(0.25)
    assert talent.share_of(0.2, 0.8) == pytest.approx(0.25)
    assert talent.share_of(np.array([3.0]), np.array([0.0])).tolist() == [0.0]


def test_the_pool_loses_some_and_gains_graduates_and_who_is_kept() -> None:
    bare = PEOPLE._replace(talent_graduates=0.0, talent_retention=0.0)
    assert talent.next_pool(100.0, 0.5, 400.0, 20.0, bare, 0.25) == pytest.approx(99.0)
    assert talent.next_pool(100.0, 0.5, 400.0, 20.0, PEOPLE, 0.25) == pytest.approx(
        99.0 + 0.25 * (0.06 * 0.5 * 400.0 + 0.8 * 20.0)
    )


def test_everybody_works_somewhere() -> None:
    pool, jobs = np.array([50.0, 30.0, 20.0]), np.array([0.6, 0.3, 0.1])
    working = talent.supplied(pool, jobs, pool.sum(), PEOPLE)
    assert working.sum() == pytest.approx(pool.sum())
    assert working[0] == pytest.approx(0.75 * 50.0 + 0.25 * 60.0)


def test_nobody_is_missing_where_nobody_is_wanted() -> None:
    assert talent.fill(30.0, 40.0) == pytest.approx(0.75)
    assert talent.fill(0.3, 0.4) == pytest.approx(0.75)
    assert talent.fill(50.0, 40.0) == 1.0
    assert talent.fill(np.array([0.0]), np.array([0.0])).tolist() == [1.0]


def test_scarcity_takes_of_growth_only_what_the_nation_does_not_lack_too() -> None:
    assert talent.growth_share(0.5, 0.5, PEOPLE) == pytest.approx(1.0)
    assert talent.growth_share(0.9, 0.5, PEOPLE) == pytest.approx(1.0)
    assert talent.growth_share(0.2, 0.8, PEOPLE) == pytest.approx(0.5)
    assert talent.held_growth(0.2, 0.5) == pytest.approx(0.1)
    assert talent.held_growth(-0.2, 0.5) == pytest.approx(-0.2)


def test_posts_open_as_firms_grow_and_people_leave() -> None:
    assert talent.new_posts(100.0, 120.0, PEOPLE, 0.25) == pytest.approx(0.1 * 21.0)
    assert talent.new_posts(100.0, 90.0, PEOPLE, 0.25) == 0.0
    assert talent.placed_share(5.0, 20.0) == pytest.approx(0.25)
    assert talent.placed_share(50.0, 20.0) == 1.0
    assert talent.posts_left(50.0, 1.0, 20.0) == pytest.approx(30.0)
    assert talent.posts_left(5.0, 0.5, 20.0) == 0.0


def test_local_purchases_follow_capable_nodes_up_to_a_bound() -> None:
    assert local_share(0.3, 0.5, 0.5, 0.0) == pytest.approx(0.3)
    assert local_share(0.3, 0.6, 0.4, 0.2) == pytest.approx(0.3 * 1.5 * 1.2)
    assert local_share(0.8, 0.6, 0.4, 0.2) == LARGEST_LOCAL_SHARE == 0.9


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_gross_sales_solve_the_input_output_system(size: int) -> None:
    rng = np.random.default_rng(size)
    final, shares = rng.uniform(1.0, 50.0, size), rng.uniform(0.1, 0.9, size)
    purchases = rng.uniform(0.0, 1.0, (size, size))
    purchases *= 0.5 / purchases.sum(axis=0)
    gross, work = np.full(size, np.nan), np.full((size, size), np.nan)
    solve_gross(final, shares, purchases, work, gross)
    links = shares[:, None] * purchases
    assert gross == pytest.approx(np.linalg.solve(np.eye(size) - links, final), rel=1e-12)
    assert gross == pytest.approx(final + links @ gross, rel=1e-12)


def test_half_of_what_a_chain_buys_within_the_seven_is_its_own() -> None:
    registry = load_registry()
    pattern = purchase_pattern(registry)
    assert pattern.sum(axis=0) == pytest.approx(np.ones(len(registry.chains)))
    fed = {link.destination for link in registry.linkages if link.source != link.destination}
    fed -= {link.destination for link in registry.linkages if link.source == link.destination}
    own = [pattern[i, i] for i, chain in enumerate(registry.chains) if chain.id in fed]
    assert own == [0.5] * len(own) and own


def test_newcomers_choose_places_by_the_logit() -> None:
    p = Location(logit_specialisation=0.4, agg_local=0.1)
    assert utility(1.0, 0, 0.0, p) == 0.0
    assert utility(0.2, 0, 0.0, p) == pytest.approx(1.1 * math.log(0.2))
    assert utility(1.0, 1, 0.3, p) == pytest.approx(0.7)
    value = np.array([utility(0.2, 1, 0.0, p), utility(0.5, 0, 0.1, p)])
    noise = gumbel(np.random.default_rng(4).uniform(size=(200_000, 2)))
    odds = np.exp(value) / np.exp(value).sum()
    assert ((value + noise).argmax(axis=1) == 0).mean() == pytest.approx(odds[0], abs=0.005)
    assert gumbel(math.exp(-1.0)) == pytest.approx(0.0, abs=1e-15)


def test_an_area_counts_when_it_is_large_and_specialised() -> None:
    # 10 of 20 in the area, 100 of 200 in the city: a location quotient of one exactly.
    assert is_feature_area(10.0, 20.0, 100.0, 200.0, 10.0)
    assert not is_feature_area(10.0, 20.0, 100.0, 200.0, 10.1)
    assert not is_feature_area(10.0, 20.1, 100.0, 200.0, 10.0)
    assert not is_feature_area(10.0, 20.0, 100.1, 200.0, 10.0)


def test_a_cluster_is_its_firms_and_what_those_in_the_catalogue_pull_along() -> None:
    assert cluster_scale(30.0, 20.0, 2.5) == pytest.approx(80.0)
