"""Titles, clusters and single projects: awards only add, ranks follow size, frozen firms answer no lever."""

from itertools import pairwise

import numpy as np
import pytest

from simulator.foundation.randomness import Origin, entity_ids, uniforms
from simulator.mechanisms.titles import holds_title, rank_size
from simulator.model import TianjinAI, prepare
from simulator.world import measures as at
from simulator.world.firms import Table, living
from simulator.world.founding import Draw
from simulator.world.goals import stand_ins
from simulator.world.titles import count_titles, leads_niche, open_titles, review_titles
from tests.limits.handmade import no_doses, parameters, scenario, with_doses

P = parameters().titles
DRAW = Draw(1, 0, uniforms, lambda *_: np.empty(0, dtype=np.int64))


def table(n=1, **columns):
    firms = Table(n)
    given = {"sales": 1.0, "ai": 1, "quality": 1.0, "age": 40} | columns
    firms.append(entity_ids(Origin.FOUNDING, 7, 0, n), **given)
    return firms


def counts(firms, first=15.0, p=P):
    city = np.zeros(len(at.CITY))
    count_titles(firms, first, p, DRAW, city)
    return city


def test_a_higher_rate_and_a_longer_wait_only_add_awards():
    luck = uniforms(entity_ids(1, 0, 0, 4000), 0, 40, 1, 0)[0]
    held = [holds_title(luck, k, 0.15) for k in range(7)]
    assert not held[0].any()
    assert all((later >= earlier).all() for earlier, later in pairwise(held))
    assert (holds_title(luck, 3, 0.25) >= held[3]).all()
    assert held[6].mean() == pytest.approx(1 - 0.85**6, abs=0.025)


def test_only_firms_within_the_rule_gather_years():
    firms = table(5, sales=[1.0, 9.0, 1.0, 1.0, 1.0], age=[40, 40, 4, 40, 40], software=[0, 0, 0, 1, 0],
                  ai=[1, 1, 1, 0, 0], quality=[1, 1, 1, 1, 1])  # fmt: skip
    review_titles(firms, 2018, P)
    assert not firms.column("sme_years").any()  # the programme had not begun
    review_titles(firms, 2020, P)
    assert firms.column("sme_years").tolist() == [1, 0, 0, 1, 0]
    assert firms.column("hightech_years").tolist() == [2, 2, 2, 0, 0]


def test_founding_counts_the_years_since_age_and_programme_allow():
    firms = table(3, age=[40, 12, 4])
    open_titles(firms, 2024, P)
    assert firms.column("sme_years").tolist() == [6, 2, 0]
    assert firms.column("hightech_years").tolist() == [10, 3, 1]
    open_titles(firms, 2017, P)
    assert not firms.column("sme_years").any()


def test_a_title_stays_with_the_firm_that_outgrows_the_rule_and_goes_with_it():
    firms = table(300)
    for year in range(2019, 2025):
        review_titles(firms, year, P)
    before = counts(firms)[at.SPECIALISED_SMES]
    assert before == pytest.approx(300 * (1 - (1 - P.title_award_rate) ** 6), abs=30)
    firms.column("sales")[:] = 90.0
    review_titles(firms, 2025, P)
    assert counts(firms)[at.SPECIALISED_SMES] == before
    firms.remove(np.arange(300))
    assert counts(firms)[at.SPECIALISED_SMES] == 0.0


def test_a_niche_has_three_first_places_and_a_brand_needs_none():
    first = 10.0
    third = float(rank_size(first, 3, P))
    assert third == pytest.approx(first * 3 ** (-1 / P.founding_tail))
    firms = table(
        7,
        sales=[20.0, 19.0, 18.0, 17.0, 5.0, 17.0, 20.0],
        node=[0, 0, 0, 0, 1, 2, 3],
        ai=[1] * 6 + [0],
    )
    row = living(firms.columns.firms, firms.n)
    leads = leads_niche(row, row.ai > 0, third, 3)
    assert leads.tolist() == [True, True, True, False, True, True, False]
    city = counts(firms, first)
    assert city[at.LEADING_FIRMS_TOP3] == 5 and city[at.LEADING_FIRMS_BRAND] == 5
    assert city[at.LEADING_FIRMS] == 6
    assert counts(firms, 4 * first)[at.LEADING_FIRMS] < 6  # the nation grows past the city


@pytest.fixture(scope="module")
def early():
    return prepare(scenario("plans/tj-2018-2020"))


def test_named_firms_are_stood_for_by_firms_of_their_size(early):
    model = TianjinAI(early, 0, engine="plain")
    (ids,) = stand_ins(model.world.firms, early.ground, model.draw)
    assert len(set(ids.tolist())) == len(early.ground.goal_firms) == 6
    sales = [float(model.world.firms.column("sales")[model.world.firms.ids == i][0]) for i in ids]
    assert 30.0 < sales[0] < 130.0 and sales[1] < 10.0
    assert model.measures["named_firm_revenue[pz24_named_firms]"] == min(sales)


def test_a_single_project_begins_or_not_and_has_its_planned_size(early):
    name = early.series.index("project_size_begun[tj18_exascale]")
    built = early.series.index("project_size_delivered[tj18_exascale]")
    runs = [TianjinAI(early, member, engine="plain").block for member in range(24)]
    begun = np.array([block[:, name] for block in runs])
    assert set(np.unique(begun)) == {0.0, 1e18}
    assert (np.diff(begun, axis=1) >= 0.0).all()
    delivered = np.array([block[:, built] for block in runs])
    assert ((delivered == 0.0) | ((delivered > 0.6e18) & (delivered < 1.2e18))).all()
    assert (delivered[begun == 0.0] == 0.0).all() and not begun[:, 0].any()
    without = prepare(with_doses(early.scenario, no_doses(early.scenario)))
    assert not TianjinAI(without, 0, engine="plain").block[:, name].any()


def test_smart_technology_is_modelled_firms_and_what_they_pull_along(early):
    block = early.simulate(1, "plain").values
    series = {name: block[:, early.series.index(name)] for name in at.CITY}
    related = series["smart_tech_revenue"] - series["core_revenue"] - series["ecosystem_revenue"]
    assert related == pytest.approx(series["related_revenue"], rel=1e-12)
    assert (series["leading_firms"] >= series["leading_firms_top3"]).all()
    # Titles are reviewed at the end of a year and stand until the next.
    assert (series["hightech_niche_leaders"][1:4] == series["hightech_niche_leaders"][0]).all()
