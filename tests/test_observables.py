"""The catalogue of observables and the recorded layout are one list."""

import pytest

from simulator.observables import BY_KEY, CATALOGUE, observable_of
from simulator.registry import load_registry
from simulator.world.measures import BY_CHAIN, BY_PLACE, CITY, measure_names


def keys(dimension):
    return tuple(o.key for o in CATALOGUE if o.dimension == dimension)


def test_every_recorded_measure_is_catalogued_once():
    assert sorted(keys("city")) == sorted(CITY)
    assert keys("chain") == BY_CHAIN and keys("district") == BY_PLACE
    assert len(BY_KEY) == len(CATALOGUE)


def test_every_observable_speaks_both_languages_and_names_a_known_metric():
    metrics = {metric.id for metric in load_registry().metrics}
    for observable in CATALOGUE:
        assert observable.name.zh and observable.name.en and observable.unit
        assert observable.metric in metrics | {""}


def test_series_lead_back_to_their_observable():
    names = measure_names(("a", "b"), ("x",))
    assert names[-5:] == (
        "chain_revenue[b]",
        "district_core_revenue[x]",
        "district_catalogue_firms[x]",
        "district_talent_fill[x]",
        "district_budget_factor[x]",
    )
    assert observable_of("chain_core_revenue[a]").dimension == "chain"
    with pytest.raises(KeyError):
        observable_of("no_such_series")
