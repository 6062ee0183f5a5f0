"""What the plans state, entry by entry.

Facts and figures are the documents'; every entry taken from a plan carries its `document` (an id)
and its `clause`. Ids, not objects, refer from one table to another; they are checked at load, so
a lookup by such an id always succeeds. Money is in 亿元 (1亿元 = 100 million CNY).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Literal

from simulator.registry.names import Name, key_of

Comparator = Literal[">=", ">", "between", "by_date", "qualitative"]
FlowOrStock = Literal["level_at_deadline", "cumulative_over_plan"]
TargetCategory = Literal["quantitative", "dated_qualitative", "input_commitment", "restatement"]
DeadlineBasis = Literal["stated", "implied_by_section", "implied_plan_end"]
ModelledHow = Literal["endogenous", "milestone", "input", "checklist"]
Scope = Literal["city", "district"]
Position = Literal["upstream", "midstream", "downstream"]
LinkageKind = Literal["general", "input", "demand", "two_way"]
PlaceKind = Literal["district", "functional_zone"]
Strength = Literal["direct", "partial", "weak"]
TaskType = Literal["task", "goal", "principle", "safeguard"]
ModelRole = Literal["lever", "metric", "context"]
RangeReading = Literal["lower_end", "inside", "upper_end"]
Counting = Literal["as_registered", "last_year", "increase"]
Moment = Literal["completed_quarter", "containing_quarter", "year_end", "year_start"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A place in a plan: document id, clause key as printed, and what it is about."""

    document: str
    key: str
    name_en: str

    def text(self, lang: str = "both") -> str:
        """`tj-2025-2027 二、重点任务（三）4`, with the English heading unless `lang` is `zh`."""
        place = f"{self.document} {self.key}"
        return place if lang == "zh" else f"{place} ({self.name_en})"

    def __str__(self) -> str:
        return self.text("zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Anything with an id and a name."""

    id: str
    name: Name

    @property
    def key(self) -> str:
        """The id as people type it: without prefix letter, hyphens as underscores."""
        return key_of(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Entry):
    """An entry that a plan states."""

    document: str
    clause: Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A body that issued, forwarded or drafted a plan; `actor` is an id or None."""

    name: Name
    actor: str | None
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Entry):
    """A plan document: its period (`start` to `end`, days), where it holds, and its clauses.

    `scope_place` is the city's id or a place id; `implements` is the plan it carries out, or None.
    """

    issuers: tuple[Issuer, ...]
    number: str | None
    issued: date | None
    start: date
    end: date
    scope: Scope
    scope_place: str
    implements: str | None
    clauses: tuple[Clause, ...]
    notes: str

    @property
    def years(self) -> tuple[int, ...]:
        """The calendar years of the plan, in order."""
        return tuple(range(self.start.year, self.end.year + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Entry):
    """A quantity that targets speak of, with its definition and unit."""

    unit: str
    flow_or_stock: str
    definition: str
    model_output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a reading has a target judged; every field left alone means: as the target is registered.

    `series` measures it instead, and the targets with the ids `plus` count in. `value` replaces its
    figure, of which `share` suffices; `range` says where in a range it is met. `counting` takes what
    the last year alone adds, or the increase since the plan began, for the whole. `at` is the moment
    that a deadline names, and nothing from before `since` counts.
    """

    series: str | None = None
    plus: tuple[str, ...] = ()
    value: float | None = None
    share: float = 1.0
    range: RangeReading = "lower_end"
    counting: Counting = "as_registered"
    at: Moment = "completed_quarter"
    since: date | None = None

    def joined(self, other: "Rule") -> "Rule":
        """Both rules in one. Raises ValueError where they say different things of the same."""
        said = {}
        for part in fields(Rule):
            mine, theirs = getattr(self, part.name), getattr(other, part.name)
            if theirs == part.default:
                continue
            if mine not in (part.default, theirs):
                raise ValueError(f"{part.name}: {mine} and {theirs}")
            said[part.name] = theirs
        return replace(self, **said)


AS_REGISTERED = Rule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Sourced):
    """A dated target: `metric` `comparator` `value` (to `value_high` when between) in `unit`.

    `value` is None for qualitative targets only. `subset_of` and `restates` name other targets;
    `lever` names the lever that a promised input feeds; `chains`, `places` and `actors` narrow the
    scope and are empty when the target is the whole city's. `rule` and `read_as` are what readings
    other than the one taken make of it; the registry's own targets have none.
    """

    category: TargetCategory
    metric: str
    comparator: Comparator
    value: float | None
    value_high: float | None
    unit: str
    flow_or_stock: FlowOrStock
    deadline: date
    deadline_basis: DeadlineBasis
    modelled_how: ModelledHow
    headline: bool
    wording: str
    scope: Scope
    chains: tuple[str, ...]
    places: tuple[str, ...]
    actors: tuple[str, ...]
    lever: str | None
    subset_of: str | None
    restates: str | None
    notes: str
    rule: Rule = AS_REGISTERED
    read_as: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read a passage; `rules` are the targets (ids) that it has judged otherwise.

    A reading without a `key` is told, and cannot be picked: it changes nothing in how a target is
    judged, or nothing that the model measures.
    """

    key: str
    name: Name
    rules: Mapping[str, Rule] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """A passage that can be read in several ways, and the reading taken."""

    id: str
    documents: tuple[str, ...]
    targets: tuple[str, ...]
    name: Name
    readings: tuple[Reading, ...]
    recommended_reading: str
    model_impact: str

    @property
    def key(self) -> str:
        """The id as people type it."""
        return key_of(self.id)

    @property
    def choices(self) -> tuple[Reading, ...]:
        """The readings that can be picked, the one taken first; empty where none changes a judgement."""
        return tuple(sorted((r for r in self.readings if r.key), key=lambda r: bool(r.rules)))

    @property
    def judged(self) -> tuple[str, ...]:
        """The ids of the targets that some reading has judged otherwise, each once."""
        return tuple(dict.fromkeys(id_ for reading in self.choices for id_ in reading.rules))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Entry):
    """A family of levers: funds, talent, platforms … (our classification, in no plan)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Entry):
    """A way by which policy enters the model (our classification, in no plan)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector(Entry):
    """A field of application or government that tasks and levers address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A figure a plan gives for a lever: `value` (to `value_high`) in `unit`, and of what."""

    value: float
    value_high: float | None
    unit: str
    what: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever(Sourced):
    """A policy lever.

    `size` is the figure the plan states, or None (most state none); `also` holds further figures
    of the same lever. `start` and `end` are years, both included. `chains` are the chains it is
    aimed at: all of them when the plan says so and also when it names none (`chain_basis` tells);
    `priority_chains` are those it puts first. `places` is empty when it is not tied to any.
    `acts_on` are channels; `restates` is the lever whose money or programme it names again.
    """

    kind: str
    size: Size | None
    also: tuple[Size, ...]
    start: int
    end: int
    period_basis: str
    scope: Scope
    chains: tuple[str, ...]
    chain_basis: str
    priority_chains: tuple[str, ...]
    places: tuple[str, ...]
    sectors: tuple[str, ...]
    acts_on: tuple[str, ...]
    mechanism: str
    linked_targets: tuple[str, ...]
    restates: str | None
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Sourced):
    """A stage of a chain, such as operating systems; `basis` says who names it."""

    position: Position
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainActor:
    """An organisation that a plan ties to a chain."""

    actor: str
    document: str
    clause: Clause
    basis: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPlace:
    """A place that a plan ties to a chain."""

    place: str
    document: str
    clause: Clause
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Sourced):
    """An industrial chain with its nodes; the clause is the one that names the chains."""

    order: int
    nodes: tuple[Node, ...]
    organisations: tuple[ChainActor, ...]
    places: tuple[ChainPlace, ...]
    leading_firm_support_named: bool
    firm_attraction_named: bool
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage(Sourced):
    """A link from one chain to another; `source` and `destination` are ids, None for any chain."""

    source: str | None
    destination: str | None
    kind: LinkageKind
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness(Sourced):
    """A weakness a plan admits, the channel it sits in, and the levers that address it."""

    channel: str
    levers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackChain:
    """How strongly a later industry track belongs to one of the chains."""

    chain: str
    strength: Strength
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Track(Sourced):
    """An industry track of a later plan and the chains it maps to."""

    nodes: tuple[Name, ...]
    chains: tuple[TrackChain, ...]
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialisation:
    """What a plan assigns to a place."""

    name: Name
    document: str
    clause: Clause
    role: str
    chains: tuple[str, ...]
    chain_basis: str
    levers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Entry):
    """A district, or a functional zone inside the district `parent`.

    The clauses that name a place stand with its specialisations; a place that no plan names has
    none.
    """

    kind: PlaceKind
    parent: str | None
    aliases: tuple[str, ...]
    specialisations: tuple[Specialisation, ...]
    roles: tuple[str, ...]
    documents: tuple[str, ...]
    notes: str

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses that assign something to the place, each once."""
        return tuple(dict.fromkeys(entry.clause for entry in self.specialisations))


@dataclass(frozen=True, slots=True, kw_only=True)
class City(Entry):
    """The city that the registry describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Entry):
    """A region outside the city that the plans speak of."""

    mentions: tuple[Clause, ...]
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A clause that names an actor, and the role it gives."""

    document: str
    clause: Clause
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor(Entry):
    """A department, firm, institute or other body, with every mention of it."""

    kind: str
    aliases: tuple[str, ...]
    mentions: tuple[Mention, ...]
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(Sourced):
    """A condition or stock a plan states for its start; `value` is None when it gives no figure."""

    kind: str
    value: float | None
    unit: str | None
    chains: tuple[str, ...]
    lever: str | None
    weakness: str | None
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A figure of a plan that is no target: the `token` as printed and what it means."""

    id: str
    document: str
    clause: Clause
    token: str
    meaning: str
    kind: str
    value: float | str | None

    @property
    def key(self) -> str:
        """The id as people type it."""
        return key_of(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Entry):
    """Arithmetic on targets, stated by no plan: `formula` over the targets `inputs`."""

    value: float
    unit: str
    formula: str
    inputs: tuple[str, ...]
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Sourced):
    """A qualitative task, goal, principle or safeguard, and what in the model answers to it.

    `responsible` are actor ids; `due` is the year or day a clause gives, as printed, or None.
    """

    type: TaskType
    responsible: tuple[str, ...]
    responsible_basis: str
    sector: str
    due: str | None
    quantified: bool
    levers: tuple[str, ...]
    metrics: tuple[str, ...]
    metrics_via_lever: tuple[str, ...]
    targets: tuple[str, ...]
    model_role: ModelRole
