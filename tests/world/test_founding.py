"""Founding: the stock of 2024 adds up, large firms stand at their size, and nothing jumps."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from simulator.foundation.parameters import Distribution
from simulator.foundation.randomness import Origin
from simulator.mechanisms.demography import truncated_pareto_mean
from simulator.model import TianjinAI, prepare
from simulator.scenario import load_scenario
from simulator.world.founding import fit_sizes, inverse_poisson

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def baseline():
    return load_scenario(ROOT / "scenarios/baseline.yaml")


@pytest.fixture(scope="module")
def study(baseline):
    return prepare(baseline)


def founded(study, member):
    model = TianjinAI(study, member)
    values = dict(zip(study.parameter_names, model.parameter_row.tolist(), strict=True))
    return model, values


@pytest.mark.parametrize("member", range(12))
def test_the_catalogue_adds_up_to_the_base_value(study, member):
    model, values = founded(study, member)
    firms = model.world.firms
    listed = np.asarray(firms.column("catalogue")) == 1
    sales = np.asarray(firms.column("sales"))
    assert sales[listed].sum() == pytest.approx(values["base_core_revenue"], rel=1e-9)
    assert (sales[listed] >= values["catalogue_threshold"] * (1 - 1e-9)).all()
    assert np.count_nonzero(sales[listed] >= 10.0) == round(values["n10_2024"])
    unnamed = np.asarray(firms.column("named")) == 0
    assert sales[unnamed].max() <= values["unnamed_max_size"]
    assert model.measures["core_revenue"] == pytest.approx(values["base_core_revenue"], rel=1e-9)


def test_named_firms_stand_at_their_reported_size_inside_each_perimeter(study):
    reported = {firm.id: firm.revenue for firm in study.ground.named}
    seen = {}
    for member in range(40):
        model, values = founded(study, member)
        firms = model.world.firms
        named = np.asarray(firms.column("named")) == 1
        seen[study.constructions[int(values["construction"])].id] = sorted(
            np.asarray(firms.column("sales"))[named].round(6).tolist()
        )
    for construction in study.constructions:
        expected = sorted(reported[firm] * share for firm, share in construction.inside)
        assert seen[construction.id] == pytest.approx(expected)


def test_revenue_is_inverted_through_the_links_without_negative_sales(study):
    for member in (0, 67, 120):
        model, _ = founded(study, member)
        firms = model.world.firms
        external = np.asarray(firms.column("external"))
        assert (external > 0.0).all()
        total = external + np.asarray(firms.column("intermediate"))
        assert total == pytest.approx(np.asarray(firms.column("sales")), rel=1e-12)


def test_ids_are_unique_over_founding_and_births(study):
    model, _ = founded(study, 5)
    ids = np.concatenate([model.world.firms.ids, model.world.births.ids])
    assert len(np.unique(ids)) == len(ids)


def test_more_signings_keep_the_earlier_arrivals_and_add_to_them(baseline):
    def arrivals(signings):
        levers = tuple(
            dataclasses.replace(s, dose=dataclasses.replace(s.dose, points=((None, signings),)))
            if s.lever.key == "tj27_hq_attraction"
            else s
            for s in baseline.levers
        )
        study = prepare(dataclasses.replace(baseline, levers=levers))
        found = set()
        for member in range(6):
            ids = TianjinAI(study, member).world.births.ids
            kept = ids[(ids >> np.uint64(60)) == np.uint64(Origin.POLICY_ARRIVAL)]
            found |= {(member, int(i)) for i in kept}
        return found

    few, many = arrivals(4.0), arrivals(60.0)
    assert few < many and len(many) > len(few) + 5


def test_a_fixed_base_takes_the_nearest_perimeter_unless_told(baseline):
    def construction(value, **changes):
        assumptions = dict(baseline.assumptions) | {"base_core_revenue": Distribution.fixed(value)}
        study = prepare(dataclasses.replace(baseline, assumptions=assumptions, **changes))
        values = founded(study, 0)[1]
        return study.constructions[int(values["construction"])].id, values["base_core_revenue"]

    assert construction(250.0) == ("low", 250.0)
    assert construction(480.0) == ("tail", 480.0)
    assert construction(480.0, base_construction="generous") == ("generous", 480.0)


def test_sizes_are_fitted_to_their_total_or_refused():
    luck = (np.arange(200) + 0.5) / 200
    sizes = fit_sizes(luck, 300.0, 0.2, 10.0)
    assert sizes.sum() == pytest.approx(300.0, rel=1e-12)
    assert sizes.min() >= 0.2 and sizes.max() <= 10.0
    with pytest.raises(ValueError, match="cannot sum"):
        fit_sizes(luck, 30.0, 0.2, 10.0)


@pytest.mark.parametrize("exponent", [-2.0, 0.0, 0.7, 1.0, 1.1, 3.0])
def test_mean_of_the_size_law_is_its_integral(exponent):
    x = np.exp(np.linspace(np.log(0.5), np.log(40.0), 400_001))
    density = x ** (-exponent - 1.0)
    expected = np.trapezoid(density * x, x) / np.trapezoid(density, x)
    assert truncated_pareto_mean(0.5, 40.0, exponent) == pytest.approx(expected, rel=1e-5)


def test_inverse_poisson_has_the_law_and_grows_with_its_mean():
    luck = (np.arange(100_000) + 0.5) / 100_000
    for mean in (0.3, 4.0, 60.0):
        counts = inverse_poisson(np.full(luck.shape, mean), luck)
        assert counts.mean() == pytest.approx(mean, rel=2e-3)
        assert counts.var() == pytest.approx(mean, rel=2e-2)
        more = inverse_poisson(np.full(luck.shape, 1.3 * mean), luck)
        assert (more >= counts).all()
    assert (inverse_poisson(np.zeros(5), np.linspace(0.1, 0.999999, 5)) == 0).all()
    large = inverse_poisson(np.full(luck.shape, 2000.0), luck)
    assert large.mean() == pytest.approx(2000.0, rel=1e-3)


def test_2017_is_founded_on_its_software_classes(baseline):
    period = dataclasses.replace(baseline).period._replace(
        start=baseline.period.start.shift(-28), end=baseline.period.start.shift(-17)
    )
    scenario = dataclasses.replace(
        baseline, founding="2017Q4", period=period, plans=(), levers=(), extra_targets=()
    )
    study = prepare(scenario)
    model = TianjinAI(study, 0)
    assert str(study.quarters[0]) == "2017Q4"
    assert model.measures["software_revenue"] == pytest.approx(1353.0, rel=1e-3)
    sales = np.asarray(model.world.firms.column("sales"))
    assert np.count_nonzero(sales >= 8.285) == 20
    assert 0.0 < model.measures["core_revenue"] < 1353.0
