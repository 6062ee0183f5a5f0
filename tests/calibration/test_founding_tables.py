"""Founding tables match the registry, sum to one, and agree with the figures they come from."""

import math

import pytest

from simulator.foundation.parameters import load_priors
from simulator.foundation.tables import Row, read_table, shipped
from simulator.registry import load_registry

REGISTRY = load_registry()


def table(name: str) -> list[Row]:
    return read_table(shipped("data", "founding", name))


def test_shares_cover_chains_and_places_and_sum_to_one() -> None:
    for name, key, ids in (
        ("chain_mix.csv", "chain", REGISTRY.chain_ids),
        ("place_shares.csv", "place", REGISTRY.place_ids),
    ):
        rows = table(name)
        assert [row[key] for row in rows] == list(ids)
        shares = [float(row["share"]) for row in rows]
        assert min(shares) > 0.0
        assert math.fsum(shares) == pytest.approx(1.0, abs=1e-9)


def test_reported_registrations_are_kept() -> None:
    share = {row["place"]: float(row["share"]) for row in table("place_shares.csv")}
    total: dict[str, float] = dict(share)
    for place in REGISTRY.places:
        if place.parent is not None:
            total[place.parent] += share[place.id]
    reported = {
        "binhai": 3487,
        "wuqing": 611,
        "xiqing": 550,
        "jinnan": 460,
        "dongli": 453,
        "nankai": 386,
        "binhai_hightech": 1542,
    }
    for place_id, firms in reported.items():
        assert total[place_id] == pytest.approx(firms / 7912, abs=2e-5)
    districts = [place.id for place in REGISTRY.places if place.parent is None]
    for district in set(districts) - set(reported):
        assert total[district] < 386 / 7912


def test_named_firms_stand_on_registered_ground() -> None:
    actors = {actor.id: actor for actor in REGISTRY.actors}
    for row in table("named_firms.csv"):
        chain = REGISTRY.chain(row["chain"])
        assert row["node"] in {node.id for node in chain.nodes}
        assert row["place"] in REGISTRY.place_ids
        if row["id"] in actors:
            assert row["name_zh"][-2:] in actors[row["id"]].name.zh
        assert row["software"] in ("0", "1")
        assert row["grade"] == "reported"
        assert row["name_zh"] and row["name_en"] and row["note_en"] and row["note_zh"]
    revenue = {row["id"]: float(row["revenue"]) for row in table("named_firms.csv")}
    assert revenue == {"hygon": 91.62, "sugon": 131.48, "qihoo360": 74.8}
    assert revenue["qihoo360"] == pytest.approx(56.09 * 4 / 3, abs=0.05)


def test_age_classes_join_and_sum_to_one() -> None:
    rows = table("age_classes.csv")
    assert [row["to"] for row in rows[:-1]] == [row["from"] for row in rows[1:]]
    assert math.fsum(float(row["share"]) for row in rows) == pytest.approx(1.0)


def test_software_classes_are_the_counts_of_2018_carried_back() -> None:
    rows = table("software_size_classes_2017.csv")
    firms = [int(row["firms"]) for row in rows]
    assert (firms[-1], sum(firms[-2:]), sum(firms)) == (20, 103, 700)
    assert [row["to"] for row in rows[:-1]] == [row["from"] for row in rows[1:]]
    assert [float(row["from"]) * 1.207 for row in rows] == pytest.approx([0.05, 1, 10], rel=1e-3)
    revenue = [float(row["revenue"]) for row in rows]
    assert math.fsum(revenue) == pytest.approx(1353, abs=0.2)
    for row, count, amount in zip(rows, firms, revenue, strict=True):
        assert float(row["from"]) < amount / count < float(row["to"])


def test_national_growth_has_one_rate_a_year_and_no_level() -> None:
    rows = table("national_growth.csv")
    years = [int(row["year"]) for row in rows]
    assert years == sorted(set(years))
    assert all(0.0 < float(row["growth"]) < 0.5 for row in rows)
    assert all(row["source_date"] >= row["year"] for row in rows)
    growth = dict(zip(years, (float(row["growth"]) for row in rows), strict=True))
    assert growth[2024] == load_priors()["g_nat_2024"].central
    # 9000/5784 mixes two definitions and must never enter.
    assert growth[2024] < 0.3
