"""What scenario files are checked against: registry, priors, lever sizes and their channels."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import CellError, Parameter, cell_number
from simulator.foundation.tables import read_table, shipped, shown_file
from simulator.observables import BY_KEY
from simulator.policy.effects import UNDERSTOOD, LeverAssumption, LeverEffect, lever_tables
from simulator.registry import Entry, Library, Registry
from simulator.registry.loading import Stamp
from simulator.scenario.entries import Founding, Origin


class DoseSpec(NamedTuple):
    """Key, unit and bounds of a lever's dose; `understood` as in `simulator.policy.effects.UNDERSTOOD`."""

    attribute: str
    unit: str
    low: float
    high: float
    understood: str = ""


FOUNDING_FIRMS: Final = ("catalogue_firms", "ecosystem_firms")
"""Parameters that say how many firms are modelled at founding."""
FOUNDINGS: Final[Mapping[Quarter, Founding]] = {
    Quarter(2018, 1): "2017Q4",
    Quarter(2025, 1): "2024Q4",
}


@dataclass(frozen=True)
class Facts:
    """What scenario files are checked against."""

    library: Library
    registry: Registry
    priors: Mapping[str, Parameter]
    sizes: Mapping[str, LeverAssumption]
    channels: Mapping[str, frozenset[str]]
    effects: Mapping[str, tuple[LeverEffect, ...]]
    constructions: tuple[str, ...]
    foundings: Mapping[Quarter, Founding]

    @staticmethod
    def of(library: Library) -> "Facts":
        """The facts of a city's data. Raises InputError when they are invalid."""
        return _facts_of(library)

    def size_origin(self, lever: str) -> Origin:
        """Where the assumed size of a lever stands, by the lever's id."""
        table = self.library.lever_assumptions
        return Origin(
            "lever sizes",
            _shown(self.library, table),
            _lines(table, "lever", self.library.stamp)[lever],
        )

    def prior_origin(self, name: str) -> Origin:
        """Where the prior of a parameter stands."""
        own = self.library.own_priors
        if own is not None and name in (lines := _lines(own, "name", self.library.stamp)):
            return Origin("priors", shown_file(own), lines[name])
        lines = _lines(shipped("calibration", "priors.csv"), "name", ())
        return Origin("priors", "calibration/priors.csv", lines[name])

    def dose(self, lever: str) -> DoseSpec:
        """What the dose of a lever is called, its unit and its bounds, by the lever's id."""
        size = self.sizes.get(lever)
        if size is None:
            return DoseSpec("intensity", "1", 0.0, 3.0)
        # Zero is always a dose: it is what "without this lever" means.
        low, understood = min(0.0, size.low), UNDERSTOOD.get(size.attribute, "")
        return DoseSpec(size.attribute, size.unit, low, size.high, understood)

    def firms_in(self, chains: Sequence[str], places: Sequence[str]) -> float:
        """Firms expected at founding in some chains and places; none named means all of them."""
        mix, shares = (
            _shares(self.library, "chain_mix.csv"),
            _shares(self.library, "place_shares.csv"),
        )
        registry = self.registry
        inside = {p.id for p in registry.places if p.id in places or p.parent in places}
        firms = sum(self.priors[name].central for name in FOUNDING_FIRMS)
        in_chains = sum(mix.get(chain, 0.0) for chain in chains or registry.chain_ids)
        return firms * in_chains * sum(shares.get(p, 0.0) for p in inside or registry.place_ids)

    @staticmethod
    def in_order(ids: Iterable[str], entries: Sequence[Entry]) -> tuple[str, ...]:
        """The ids in the order of their registry table."""
        order = [entry.id for entry in entries]
        return tuple(sorted(ids, key=order.index))


@cache
def _facts_of(library: Library) -> Facts:
    _check_series(library)
    tables = lever_tables(library)
    effects: dict[str, list[LeverEffect]] = {}
    for effect in tables.effects:
        effects.setdefault(effect.lever, []).append(effect)
    return Facts(
        library=library,
        registry=library.registry,
        priors=library.priors,
        sizes=tables.assumptions,
        channels={lever: frozenset(e.channel for e in own) for lever, own in effects.items()},
        effects={lever: tuple(own) for lever, own in effects.items()},
        constructions=tuple(item.id for item in library.constructions),
        foundings={
            start: founding
            for start, founding in FOUNDINGS.items()
            if founding == "2024Q4" or library.founds_2017
        },
    )


def _check_series(library: Library) -> None:
    """The series that readings name are recorded ones. Raises InputError with every one that is not."""
    file = "simulator/data/targets.yaml"
    if library.folder is not None:
        file = shown_file(library.folder / "targets.yaml")
    findings = [
        Finding(
            file,
            0,
            0,
            path=f"ambiguities.{ambiguity.id}.readings.{reading.key}",
            what=f"no series is called {rule.series}",
            what_zh=f"没有名为 {rule.series} 的序列",
            allowed=Allowed("a name that `simulate metrics` lists", "“simulate metrics”所列的名称"),
            suggestion=nearest(rule.series, BY_KEY) or "",
        )
        for ambiguity in library.registry.ambiguities
        for reading in ambiguity.choices
        for rule in reading.rules.values()
        if rule.series is not None and rule.series.partition("[")[0] not in BY_KEY
    ]
    if findings:
        raise InputError(tuple(dict.fromkeys(findings)))


@cache
def _shares(library: Library, table: str) -> Mapping[str, float]:
    """The shares of a founding table by chain or place; what cannot be read is noted when a run founds itself."""
    found: dict[str, float] = {}
    for row in library.founding(table):
        with suppress(CellError):
            found[row.get("chain") or row["place"]] = cell_number(row, "share")
    return found


def _shown(library: Library, table: Path) -> str:
    return f"simulator/data/{table.name}" if library.folder is None else shown_file(table)


@cache
def _lines(table: Path, column: str, stamp: Stamp) -> Mapping[str, int]:
    """The line of each row of a table, by the text in one of its columns."""
    return {row[column]: row.line for row in read_table(table)}
