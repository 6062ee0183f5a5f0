"""Chains, nodes and places as arrays: the ground every member stands on, read once from registry and tables.

Source: the plan registries for chains, nodes, links and specialisations; `data/founding/` for shares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import (
    CellError,
    Construction,
    cell_choice,
    cell_number,
    cell_text,
    cell_whole,
)
from simulator.foundation.randomness import Ids, Origin, entity_id, name_group
from simulator.foundation.tables import Row, shown_file
from simulator.mechanisms.clusters import is_feature_area
from simulator.mechanisms.linkages import OWN_CHAIN_SHARE
from simulator.registry import Library, Registry

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]
Entry = TypeVar("Entry")


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


@dataclass(frozen=True, eq=False)
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
class GoalFirm:
    """A firm that a target names, with what is assumed of its size in 2017."""

    target: str  # id
    id: str
    revenue: float  # 亿元/yr, median
    log_sd: float


@dataclass(frozen=True)
class GoalCluster:
    """A cluster that a target names: its nodes, and what of it lies outside the chains (M18)."""

    target: str  # id
    nodes: Label  # positions in the list of all nodes
    outside: float  # 亿元/yr in ``year``, median
    log_sd: float
    year: int


class Perimeter(NamedTuple):
    """The named firms inside a construction of the base value, in table order."""

    ids: Ids
    revenue: Number  # the part that is counted, 亿元/yr
    chain: Label
    node: Label
    place: Label
    software: Label


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
    goal_firms: tuple[GoalFirm, ...]
    goal_clusters: tuple[GoalCluster, ...]
    semiconductor: Label  # (N,) 1 for a node whose research is in semiconductors

    @cached_property
    def perimeters(self) -> tuple[Perimeter, ...]:
        """The named firms inside each construction."""
        return tuple(self._perimeter(dict(c.inside)) for c in self.constructions)

    def _perimeter(self, shares: dict[str, float]) -> Perimeter:
        inside = [firm for firm in self.named if firm.id in shares]
        ids = [entity_id(Origin.NAMED, name_group(firm.id)) for firm in inside]
        labels = [(firm.chain, firm.node, firm.place, firm.software) for firm in inside]
        return Perimeter(
            np.array(ids, dtype=np.uint64),
            np.array([firm.revenue * shares[firm.id] for firm in inside]),
            *np.array(labels, dtype=np.int64).reshape(-1, 4).T,
        )

    @cached_property
    def chain_edges(self) -> Number:
        """(C,) running sum of the shares of chains."""
        return np.cumsum(self.chain_mix)

    @cached_property
    def place_addresses(self) -> Label:
        """(P,) addresses of the draws for places."""
        return np.array([name_group(place) for place in self.places], dtype=np.int64)

    @cached_property
    def age_edges(self) -> Number:
        """Running sum of the shares of age classes, from zero on."""
        return np.cumsum([0.0, *(c.share for c in self.ages)])

    @cached_property
    def age_bounds(self) -> Number:
        """Ages in years at the edges of the age classes."""
        return np.array([self.ages[0].youngest, *(c.oldest for c in self.ages)])

    @cached_property
    def age_weight(self) -> Number:
        """Share of firms by whole years of age at founding, even within a class."""
        years = np.arange(0.0, max(c.oldest for c in self.ages))
        weight = np.zeros(len(years))
        for c in self.ages:
            inside = (years >= c.youngest) & (years < c.oldest)
            weight[inside] = c.share / max(int(inside.sum()), 1)
        return weight


def load_ground(library: Library) -> Ground:
    """Read the founding tables of a city against its registry.

    Raises InputError with every finding of every table.
    """
    registry = library.registry
    findings: list[Finding] = []
    reader = _Tables(library, findings)
    chains, places = registry.chain_ids, registry.place_ids
    for chain in registry.chains:
        if not chain.nodes:
            what = f"chain {chain.id} has no node, so no firm can stand in it"
            file = shown_file(Path(registry.directory) / "chains.yaml")
            findings.append(Finding(file, 0, 0, chain.id, what, f"产业链 {chain.id} 没有环节"))
    nodes = [(c, node.id) for c, chain in enumerate(registry.chains) for node in chain.nodes]
    node_chain = np.array([c for c, _ in nodes], dtype=np.int64)
    first_node = np.searchsorted(node_chain, np.arange(len(chains) + 1)).astype(np.int64)
    specialised = np.zeros((len(chains), len(places)))
    for p, place in enumerate(registry.places):
        for specialisation in place.specialisations:
            for chain_id in specialisation.chains:
                specialised[chains.index(chain_id), p] = 1.0
    node_at = {(chains[c], node): i for i, (c, node) in enumerate(nodes)}

    def named_firm(row: Row) -> NamedFirm:
        chain = cell_choice(row, "chain", chains)
        node = cell_choice(row, "node", [n.id for n in registry.chain(chain).nodes])
        return NamedFirm(
            cell_text(row, "id"),
            cell_number(row, "revenue"),
            chains.index(chain),
            node_at[chain, node],
            places.index(cell_choice(row, "place", places)),
            cell_choice(row, "software", ("0", "1")) == "1",
        )

    def age_class(row: Row) -> AgeClass:
        return AgeClass(*(cell_number(row, name) for name in ("from", "to", "share")))

    def size_class(row: Row) -> SizeClass:
        low, high, firms, revenue = (
            cell_number(row, name) for name in ("from", "to", "firms", "revenue")
        )
        return SizeClass(low, high, int(firms), revenue)

    def carried(row: Row) -> CarriedProjects:
        return CarriedProjects(
            cell_choice(row, "target", [target.id for target in registry.targets]),
            cell_number(row, "listed_a_year"),
            cell_whole(row, "years_before"),
        )

    def target_of(row: Row) -> str:
        return cell_choice(row, "target", [target.id for target in registry.targets])

    def goal_firm(row: Row) -> GoalFirm:
        firm = cell_choice(row, "id", [actor.id for actor in registry.actors])
        return GoalFirm(
            target_of(row), firm, cell_number(row, "revenue"), cell_number(row, "log_sd")
        )

    def goal_cluster(row: Row) -> GoalCluster:
        names = {f"{chains[c]}/{node}": i for i, (c, node) in enumerate(nodes)}
        wanted = [name for name in cell_text(row, "nodes", empty=True).split(";") if name]
        for name in wanted:
            if name not in names:
                raise CellError(
                    "nodes",
                    f"no node {name!r}",
                    f"没有环节“{name}”",
                    allowed=Allowed("chain/node", "产业链/环节"),
                    suggestion=nearest(name, names) or "",
                )
        return GoalCluster(
            target_of(row),
            np.array([names[name] for name in wanted], dtype=np.int64),
            cell_number(row, "outside"),
            cell_number(row, "log_sd"),
            cell_whole(row, "year"),
        )

    def semiconductor(row: Row) -> int:
        chain = cell_choice(row, "chain", chains)
        node = cell_choice(row, "node", [n.id for n in registry.chain(chain).nodes])
        return node_at[chain, node]

    def growth(row: Row) -> tuple[int, float]:
        return cell_whole(row, "year"), cell_number(row, "growth")

    ground = Ground(
        chains,
        places,
        tuple(place.parent or "" for place in registry.places),
        node_chain,
        first_node,
        purchase_pattern(registry),
        reader.shares("chain_mix.csv", "chain", chains),
        reader.shares("place_shares.csv", "place", places),
        specialised,
        reader.rows("named_firms.csv", named_firm),
        library.constructions,
        reader.rows("age_classes.csv", age_class),
        dict(reader.rows("national_growth.csv", growth)),
        reader.rows("software_size_classes_2017.csv", size_class),
        feature_area_candidates(registry),
        reader.rows("carried_projects.csv", carried),
        reader.rows("goal_firms.csv", goal_firm),
        reader.rows("goal_clusters.csv", goal_cluster),
        np.zeros(len(nodes), dtype=np.int64),
    )
    ground.semiconductor[list(reader.rows("semiconductor_nodes.csv", semiconductor))] = 1
    if findings:
        raise InputError(findings)
    return ground


class _Tables:
    """Reads founding tables; whatever is wrong becomes a finding."""

    def __init__(self, library: Library, findings: list[Finding]) -> None:
        self.library = library
        self.findings = findings

    def rows(self, name: str, entry: Callable[[Row], Entry]) -> tuple[Entry, ...]:
        """What `entry` makes of each row of a table."""
        found = []
        for row in self._read(name):
            try:
                found.append(entry(row))
            except CellError as error:
                self.findings.append(error.finding(row))
        return tuple(found)

    def shares(self, name: str, key: str, order: tuple[str, ...]) -> Number:
        """Positive shares in the order of the registry, adding up to one."""
        shares: dict[str, float] = {}
        rows = self._read(name)
        before = len(self.findings)
        for row in rows:
            try:
                entry, share = cell_choice(row, key, order), cell_number(row, "share")
                if entry in shares:
                    raise CellError(key, f"{entry} occurs twice", f"{entry} 重复")
                if not share > 0.0:
                    raise CellError("share", "a share must be above 0", "份额须大于 0")
                shares[entry] = share
            except CellError as error:
                self.findings.append(error.finding(row))
        missing = [entry for entry in order if entry not in shares]
        total = sum(shares.values())
        if len(self.findings) == before and rows and (missing or abs(total - 1.0) > 1e-6):
            what, what_zh = f"the shares sum to {total:g}, not 1", f"份额之和为 {total:g}，不是 1"
            if missing:
                names = ", ".join(missing)
                what, what_zh = f"no row for {names}", f"缺少 {names}"
            self.findings.append(rows[-1].finding(key, what, what_zh))
        return np.array([shares.get(entry, 0.0) / (total or 1.0) for entry in order])

    def _read(self, name: str) -> list[Row]:
        try:
            return self.library.founding(name)
        except InputError as error:
            self.findings.extend(error.findings)
            return []


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


@lru_cache(maxsize=64)
def _members(areas: tuple[Area, ...]) -> tuple[Number, Number]:
    """Which chains and places belong to each area, as ones and zeros; (areas, C) and (areas, P)."""
    chains, places = ([getattr(a, name) for a in areas] for name in ("chains", "places"))
    return np.array(chains, dtype=np.float64), np.array(places, dtype=np.float64)


def count_feature_areas(areas: tuple[Area, ...], cells: Number, threshold: float) -> Number:
    """Number of areas that pass the rule of M18 in K quarters; ``cells`` are core revenue (K, C, P), 亿元/yr."""
    if not areas:
        return np.zeros(len(cells))
    chains, places = _members(areas)
    by_chain, by_place = cells.sum(axis=2), cells.sum(axis=1)
    own = ((chains @ cells) * places).sum(axis=2)
    city = by_chain.sum(axis=1)[:, np.newaxis]
    passes = is_feature_area(own, by_place @ places.T, by_chain @ chains.T, city, threshold)
    return np.asarray(passes.sum(axis=1), dtype=np.float64)


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
