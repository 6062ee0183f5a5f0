"""The registry: everything the plans state, and finding it by name."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from simulator.registry.entries import (
    Actor,
    Ambiguity,
    Baseline,
    Chain,
    Channel,
    City,
    Derived,
    Document,
    Kind,
    Lever,
    Linkage,
    Metric,
    Number,
    Place,
    Region,
    Sector,
    Target,
    Track,
    Weakness,
)
from simulator.registry.names import Lookup, Name

LABELS = {
    "documents": Name("文件", "document"),
    "metrics": Name("指标", "metric"),
    "targets": Name("目标", "target"),
    "ambiguities": Name("歧义", "ambiguity"),
    "levers": Name("政策工具", "lever"),
    "channels": Name("作用渠道", "channel"),
    "kinds": Name("工具类别", "lever kind"),
    "chains": Name("产业链", "chain"),
    "linkages": Name("链间联系", "linkage"),
    "places": Name("区域", "place"),
    "actors": Name("主体", "actor"),
    "sectors": Name("领域", "sector"),
    "weaknesses": Name("薄弱环节", "weakness"),
    "tracks": Name("赛道", "track"),
    "regions": Name("市外地区", "outside region"),
    "baselines": Name("起点条件", "baseline"),
    "numbers": Name("数字", "number"),
    "derived": Name("推算", "derived figure"),
    "tasks": Name("任务", "task"),
}
"""What the entries of each table are called in messages."""


@dataclass(frozen=True, eq=False)
class Registry:
    """All tables of one city, in the order of their files.

    The lookups (`target`, `lever`, `chain`, `place`, `document` …) take an id, the key people type,
    a name in either language or an alias, and raise `UnknownName` (a `KeyError` with
    `.suggestion`). `digest` is the SHA-256 of the data files, in hexadecimal.
    """

    directory: str
    digest: str
    city: City
    documents: tuple[Document, ...]
    metrics: tuple[Metric, ...]
    targets: tuple[Target, ...]
    ambiguities: tuple[Ambiguity, ...]
    levers: tuple[Lever, ...]
    channels: tuple[Channel, ...]
    kinds: tuple[Kind, ...]
    chains: tuple[Chain, ...]
    linkages: tuple[Linkage, ...]
    weaknesses: tuple[Weakness, ...]
    tracks: tuple[Track, ...]
    places: tuple[Place, ...]
    regions: tuple[Region, ...]
    actors: tuple[Actor, ...]
    sectors: tuple[Sector, ...]
    baselines: tuple[Baseline, ...]
    numbers: tuple[Number, ...]
    derived: tuple[Derived, ...]

    @cached_property
    def document(self) -> Lookup[Document]:
        """The document called so."""
        return Lookup(LABELS["documents"], self.documents)

    @cached_property
    def metric(self) -> Lookup[Metric]:
        """The metric called so."""
        return Lookup(LABELS["metrics"], self.metrics)

    @cached_property
    def target(self) -> Lookup[Target]:
        """The target called so."""
        return Lookup(LABELS["targets"], self.targets)

    @cached_property
    def ambiguity(self) -> Lookup[Ambiguity]:
        """The ambiguity called so."""
        return Lookup(LABELS["ambiguities"], self.ambiguities)

    @cached_property
    def lever(self) -> Lookup[Lever]:
        """The lever called so."""
        return Lookup(LABELS["levers"], self.levers)

    @cached_property
    def kind(self) -> Lookup[Kind]:
        """The lever kind called so."""
        return Lookup(LABELS["kinds"], self.kinds)

    @cached_property
    def channel(self) -> Lookup[Channel]:
        """The channel called so."""
        return Lookup(LABELS["channels"], self.channels)

    @cached_property
    def chain(self) -> Lookup[Chain]:
        """The chain called so."""
        return Lookup(LABELS["chains"], self.chains)

    @cached_property
    def place(self) -> Lookup[Place]:
        """The district or functional zone called so."""
        return Lookup(LABELS["places"], self.places)

    @cached_property
    def actor(self) -> Lookup[Actor]:
        """The actor called so."""
        return Lookup(LABELS["actors"], self.actors)

    @cached_property
    def sector(self) -> Lookup[Sector]:
        """The sector called so."""
        return Lookup(LABELS["sectors"], self.sectors)

    @cached_property
    def chain_ids(self) -> tuple[str, ...]:
        """The ids of all chains: the order of every vector by chain."""
        return tuple(chain.id for chain in self.chains)

    @cached_property
    def place_ids(self) -> tuple[str, ...]:
        """The ids of all districts and zones: the order of every vector by district."""
        return tuple(place.id for place in self.places)

    def levers_of(self, document: str) -> tuple[Lever, ...]:
        """The levers of the document with that id."""
        return tuple(lever for lever in self.levers if lever.document == document)

    def targets_of(self, document: str) -> tuple[Target, ...]:
        """The targets of the document with that id."""
        return tuple(target for target in self.targets if target.document == document)

    def due_after(self, year: int, plans: Collection[str] = ()) -> tuple[Target, ...]:
        """The targets due in a later year: of `plans`, or without any of all documents."""
        later = (target for target in self.targets if target.deadline.year > year)
        return tuple(target for target in later if not plans or target.document in plans)

    def zones_of(self, place: str) -> tuple[Place, ...]:
        """The functional zones inside the district with that id."""
        return tuple(zone for zone in self.places if zone.parent == place)
