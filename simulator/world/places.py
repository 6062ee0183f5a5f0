"""Chains, nodes and places as arrays: the ground every member stands on, read once from registry and tables.

Source: the plan registries for chains, nodes, links and specialisations; `data/founding/` for shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulator.foundation.parameters import Construction, load_constructions
from simulator.foundation.tables import read_table, shipped
from simulator.mechanisms.clusters import is_feature_area
from simulator.mechanisms.linkages import OWN_CHAIN_SHARE
from simulator.registry import Registry

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NamedFirm:
    """A firm with its own reported revenue."""

    id: str
    revenue: float  # 亿元 in the year it is reported for
    chain: int
    node: int
    place: int
    software: bool


@dataclass(frozen=True)
class AgeClass:
    """A class of firm ages with its share; ages are uniform within it."""

    youngest: float  # years
    oldest: float
    share: float


@dataclass(frozen=True)
class SizeClass:
    """A class of firms by revenue: how many, between which sizes, with what total if reported."""

    smallest: float  # 亿元
    largest: float
    firms: int
    revenue: float  # 亿元, of the class together


@dataclass(frozen=True)
class Area:
    """A candidate feature area (M18): the chains and places a pilot-zone lever names."""

    lever: str
    chains: npt.NDArray[np.bool_]  # (C,)
    places: npt.NDArray[np.bool_]  # (P,) zones of a named district included


@dataclass(frozen=True)
class CarriedProjects:
    """Counted projects that were listed before the period and may be delivered within it (M16)."""

    target: str
    listed_a_year: float
    years_before: int


@dataclass(frozen=True)
class Ground:
    """Static structure: C chains, N nodes, P places. Shares sum to one."""

    chains: tuple[str, ...]
    places: tuple[str, ...]
    parent: tuple[str, ...]  # (P,) id of the district a zone lies in, "" for a district
    node_chain: Label  # (N,)
    first_node: Label  # (C + 1,) nodes of chain c are [first_node[c], first_node[c+1])
    purchases: Number  # (C, C) pattern with column sums one
    chain_mix: Number  # (C,)
    place_share: Number  # (P,)
    specialised: Number  # (C, P) 1 where the plans name the place for the chain
    named: tuple[NamedFirm, ...]
    constructions: tuple[Construction, ...]
    ages: tuple[AgeClass, ...]
    national_growth: dict[int, float]  # year → published growth
    software_classes: tuple[SizeClass, ...]  # of 2017
    areas: tuple[Area, ...]
    carried: tuple[CarriedProjects, ...]


def load_ground(registry: Registry, tables: Path | None = None) -> Ground:
    """Read the founding tables of a data folder against its registry.

    Raises InputError (from the readers) or ValueError when a share table does not match the registry.
    """
    folder = tables or shipped("data", "founding")
    chains = tuple(chain.id for chain in registry.chains)
    places = tuple(place.id for place in registry.places)
    nodes = [(c, node.id) for c, chain in enumerate(registry.chains) for node in chain.nodes]
    node_chain = np.array([c for c, _ in nodes], dtype=np.int64)
    first_node = np.searchsorted(node_chain, np.arange(len(chains) + 1)).astype(np.int64)
    specialised = np.zeros((len(chains), len(places)))
    for p, place in enumerate(registry.places):
        for specialisation in place.specialisations:
            for chain_id in specialisation.chains:
                specialised[chains.index(chain_id), p] = 1.0
    node_at = {(chains[c], node): i for i, (c, node) in enumerate(nodes)}
    named = tuple(
        NamedFirm(
            row["id"],
            float(row["revenue"]),
            chains.index(row["chain"]),
            node_at[row["chain"], row["node"]],
            places.index(row["place"]),
            row["software"] == "1",
        )
        for row in read_table(folder / "named_firms.csv")
    )
    ages = tuple(
        AgeClass(float(row["from"]), float(row["to"]), float(row["share"]))
        for row in read_table(folder / "age_classes.csv")
    )
    growth = {
        int(row["year"]): float(row["growth"]) for row in read_table(folder / "national_growth.csv")
    }
    return Ground(
        chains,
        places,
        tuple(place.parent or "" for place in registry.places),
        node_chain,
        first_node,
        purchase_pattern(registry),
        _shares(folder / "chain_mix.csv", "chain", chains),
        _shares(folder / "place_shares.csv", "place", places),
        specialised,
        named,
        load_constructions(folder / "constructions.csv", folder / "named_firms.csv"),
        ages,
        growth,
        tuple(
            SizeClass(
                float(row["from"]), float(row["to"]), int(row["firms"]), float(row["revenue"])
            )
            for row in read_table(folder / "software_size_classes_2017.csv")
        ),
        feature_area_candidates(registry),
        tuple(
            CarriedProjects(
                registry.target(row["target"]).id,
                float(row["listed_a_year"]),
                int(row["years_before"]),
            )
            for row in read_table(folder / "carried_projects.csv")
        ),
    )


def feature_area_candidates(registry: Registry) -> tuple[Area, ...]:
    """Areas that may count as feature areas: pilot zones with named places that a plan links to such a target."""
    counted = {target.id for target in registry.targets if target.metric == "feature_clusters"}
    return tuple(
        Area(
            lever.id,
            np.array([chain.id in lever.chains for chain in registry.chains]),
            np.array([p.id in lever.places or p.parent in lever.places for p in registry.places]),
        )
        for lever in registry.levers
        if lever.kind == "pilot_zone" and lever.places and counted & set(lever.linked_targets)
    )


def count_feature_areas(areas: tuple[Area, ...], cell: Number, threshold: float) -> int:
    """Number of areas that pass the rule of M18; ``cell`` is core revenue (C, P), 亿元/yr."""
    city = float(cell.sum())
    return sum(
        bool(
            is_feature_area(
                cell[np.ix_(area.chains, area.places)].sum(),
                cell[:, area.places].sum(),
                cell[area.chains].sum(),
                city,
                threshold,
            )
        )
        for area in areas
    )


def purchase_pattern(registry: Registry) -> Number:
    """Where a chain buys within the seven (M11): (C, C), column sums one.

    Half from itself; the other half spread evenly over the registered linkages into it (two-way links count
    both ways), and over all chains where no linkage is registered.
    """
    chains = [chain.id for chain in registry.chains]
    suppliers = np.zeros((len(chains), len(chains)))
    for link in registry.linkages:
        if link.source not in chains or link.destination not in chains:
            continue
        source, destination = chains.index(link.source), chains.index(link.destination)
        suppliers[source, destination] += 1.0
        if link.kind == "two_way":
            suppliers[destination, source] += 1.0
    suppliers[:, suppliers.sum(axis=0) == 0.0] = 1.0
    bought = (1.0 - OWN_CHAIN_SHARE) * suppliers / suppliers.sum(axis=0)
    return np.asarray(bought + OWN_CHAIN_SHARE * np.eye(len(chains)))


def node_coverage(node: Label, sales: Number, capable_size: float, node_chain: Label) -> Number:
    """Share of each chain's nodes whose largest local firm is capable (M11).

    ``node`` and ``sales`` are columns of firms, ``node_chain`` has shape (N,); returns shape (C,).
    """
    n_chains = int(node_chain[-1]) + 1
    largest = np.zeros(node_chain.shape[0])
    np.maximum.at(largest, node, sales)
    capable = (largest >= capable_size).astype(np.float64)
    nodes = np.bincount(node_chain, minlength=n_chains).astype(np.float64)
    return np.asarray(np.bincount(node_chain, capable, n_chains) / nodes)


def _shares(path: Path, key: str, order: tuple[str, ...]) -> Number:
    """Share column of a table in the order of the registry; raises ValueError if they do not match."""
    shares = {row[key]: float(row["share"]) for row in read_table(path)}
    if set(shares) != set(order):
        odd = sorted(set(shares) ^ set(order))
        raise ValueError(f"{path}: shares do not match the registry: {', '.join(odd)}")
    total = sum(shares.values())
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"{path}: shares sum to {total:g}, not 1")
    return np.array([shares[name] / total for name in order])
