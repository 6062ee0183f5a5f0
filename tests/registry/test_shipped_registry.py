"""The registry that comes with the simulator."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from simulator.registry import (
    Registry,
    UnknownName,
    load_actors,
    load_registry,
    load_tasks,
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def test_every_table_is_whole(registry: Registry) -> None:
    counts = {
        "documents": 5,
        "metrics": 40,
        "targets": 55,
        "ambiguities": 36,
        "levers": 143,
        "channels": 7,
        "kinds": 14,
        "chains": 7,
        "linkages": 18,
        "weaknesses": 4,
        "tracks": 11,
        "places": 25,
        "regions": 4,
        "actors": 118,
        "sectors": 19,
        "baselines": 32,
        "numbers": 70,
        "derived": 11,
    }
    assert {table: len(getattr(registry, table)) for table in counts} == counts
    assert len(load_tasks()) == 489
    assert load_actors() == registry.actors
    assert sum(place.kind == "district" for place in registry.places) == 16
    assert sum(len(chain.nodes) for chain in registry.chains) == 37
    assert sum(lever.size is not None for lever in registry.levers) == 18


def test_the_headline_target_is_the_plans_figure(registry: Registry) -> None:
    target = registry.target("tj27_core_revenue")
    assert (target.comparator, target.value, target.unit) == (">", 1000.0, "亿元")
    assert target.deadline.isoformat() == "2027-12-31"
    assert target.metric == "core_revenue"
    assert target.document == "tj-2025-2027"
    assert target.clause.text("zh") == f"tj-2025-2027 {target.clause.key}"
    assert target.clause.name_en in target.clause.text("en")


def test_every_sourced_entry_stands_in_a_clause_of_its_document(registry: Registry) -> None:
    clauses = {
        (document.id, clause.key) for document in registry.documents for clause in document.clauses
    }
    sourced = (
        *registry.targets,
        *registry.levers,
        *registry.chains,
        *registry.linkages,
        *registry.weaknesses,
        *registry.tracks,
        *registry.baselines,
        *registry.numbers,
        *load_tasks(),
        *(node for chain in registry.chains for node in chain.nodes),
        *(item for place in registry.places for item in place.specialisations),
        *(mention for actor in registry.actors for mention in actor.mentions),
    )
    assert len(sourced) > 1000
    for entry in sourced:
        assert entry.clause.document == entry.document
        assert (entry.document, entry.clause.key) in clauses
        assert entry.clause.name_en


def test_every_name_is_given_in_both_languages(registry: Registry) -> None:
    for table in ("documents", "targets", "levers", "chains", "places", "metrics"):
        for entry in getattr(registry, table):
            assert entry.name.en.isascii() or "’" in entry.name.en or "é" in entry.name.en, entry.id
            assert not entry.name.zh.isascii(), entry.id
            assert entry.name.text("both") == f"{entry.name.zh} {entry.name.en}"


def test_a_lever_that_names_no_chain_is_aimed_at_all(registry: Registry) -> None:
    funds = registry.lever("tj27_funds")
    assert funds.chain_basis == "none named"
    assert funds.chains == registry.chain_ids
    zone = registry.lever("tj27_zone_connected")
    assert zone.chains == ("connected_vehicles",)
    assert "dongli" in zone.places
    assert (zone.start, zone.end) == (2025, 2027)
    assert registry.lever("tj18_fund_group").size.value == 1000.0  # type: ignore[union-attr]


def test_places_know_their_zones_and_clauses(registry: Registry) -> None:
    binhai = registry.place("滨海新区")
    assert {zone.id for zone in registry.zones_of(binhai.id)} >= {"teda", "eco_city"}
    assert registry.place("teda").parent == "binhai"
    assert registry.place("hexi").clauses[0].key == "二、重点任务（三）4"
    assert registry.place("hongqiao").clauses == ()


def test_linkages_among_any_chains_have_open_ends(registry: Registry) -> None:
    links = {link.id: link for link in registry.linkages}
    assert (links["k-general"].source, links["k-general"].destination) == (None, None)
    assert links["k-chip-iot"].source == "indigenous_it"


def test_entries_of_a_document(registry: Registry) -> None:
    plan = registry.document("tj_2025_2027")
    assert plan.years == (2025, 2026, 2027)
    assert len(registry.levers_of(plan.id)) == 40
    assert len(registry.targets_of(plan.id)) == 11


@pytest.mark.parametrize(
    ("table", "word", "found"),
    [
        ("lever", "l-tj27-funds", "l-tj27-funds"),
        ("lever", "tj27_funds", "l-tj27-funds"),
        ("lever", "TJ27-Funds", "l-tj27-funds"),
        ("target", "t-tj27-core-revenue", "t-tj27-core-revenue"),
        ("target", "tj27_core_revenue", "t-tj27-core-revenue"),
        ("chain", "connected_vehicles", "connected_vehicles"),
        ("chain", "connected-vehicles", "connected_vehicles"),
        ("chain", "Intelligent connected vehicles", "connected_vehicles"),
        ("chain", "智能网联车", "connected_vehicles"),
        ("chain", "智能網聯車", "connected_vehicles"),
        ("chain", "大數據", "big_data"),
        ("place", "西青区", "xiqing"),
        ("place", "西青", "xiqing"),
        ("place", "濱海新區", "binhai"),
        ("place", "滨海", "binhai"),
        ("place", "binhai new area", "binhai"),
        ("place", "经开区", "teda"),
        ("place", "經開區", "teda"),
        ("place", "Hebei District", "hebei_district"),
        ("place", "hebei", "hebei_district"),
        ("place", " dongli ", "dongli"),
        ("document", "tj-2025-2027", "tj-2025-2027"),
        ("actor", "市科委", "st_bureau"),
        ("metric", "core_revenue", "core_revenue"),
        ("kind", "基金", "fund"),
        ("channel", "企业进入", "entry"),
    ],
)
def test_an_entry_is_found_by_any_of_its_names(
    registry: Registry, table: str, word: str, found: str
) -> None:
    assert getattr(registry, table)(word).id == found


@pytest.mark.parametrize("table", ["target", "lever", "chain", "place", "document", "metric"])
def test_every_entry_is_found_by_its_id_and_key(registry: Registry, table: str) -> None:
    lookup = getattr(registry, table)
    for entry in getattr(registry, f"{table}s"):
        assert lookup(entry.id) is entry
        assert lookup(entry.key) is entry
        assert lookup(entry.key.upper().replace("_", "-")) is entry


@pytest.mark.parametrize(
    ("table", "word", "suggestion"),
    [
        ("lever", "tj27_fund", "tj27_funds"),
        ("target", "tj27-core-revnue", "tj27_core_revenue"),
        ("place", "dongly", "dongli"),
        ("place", "滨海心区", "滨海新区"),
        ("chain", "大数居", "大数据"),
        ("chain", "zzzzqqqq", None),
    ],
)
def test_an_unknown_name_comes_with_the_nearest(
    registry: Registry, table: str, word: str, suggestion: str | None
) -> None:
    with pytest.raises(KeyError) as caught:
        getattr(registry, table)(word)
    error = caught.value
    assert isinstance(error, UnknownName)
    assert error.suggestion == suggestion
    assert word in str(error) and word in error.text("zh")
    if suggestion:
        assert suggestion in str(error) and suggestion in error.text("zh")


def test_a_shared_name_is_refused_with_every_owner(registry: Registry) -> None:
    with pytest.raises(UnknownName) as caught:
        registry.lever("知识产权保护")
    assert set(caught.value.matches) == {"l-tj18-ip", "l-jz18-ip", "l-pz24-ip"}
    assert "l-jz18-ip" in str(caught.value)


def test_entries_cannot_be_changed(registry: Registry) -> None:
    with pytest.raises(FrozenInstanceError):
        registry.levers[0].start = 2030  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        registry.levers = ()  # type: ignore[misc]


def test_loading_twice_gives_the_same_registry(registry: Registry) -> None:
    assert load_registry() is registry
    assert load_registry(registry.directory) is registry
    assert len(registry.digest) == 64


def test_loading_needs_neither_a_yaml_parser_nor_numbers() -> None:
    code = (
        "import sys; from simulator.registry import load_registry, load_tasks;"
        "load_registry(); load_tasks();"
        "heavy = {'ruamel.yaml', 'numpy', 'pandas', 'scipy', 'click', 'rich'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
