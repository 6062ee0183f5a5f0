"""What scenario files are checked against: registry, priors, lever sizes and their channels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from simulator.foundation.parameters import Parameter, load_constructions, load_priors
from simulator.foundation.tables import read_table, shipped
from simulator.policy.effects import LeverAssumption, load_lever_assumptions, load_lever_effects
from simulator.registry import Entry, Registry, load_registry


class DoseSpec(NamedTuple):
    """Key, unit and bounds of a lever's dose."""

    attribute: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class Facts:
    """What scenario files are checked against."""

    registry: Registry
    priors: Mapping[str, Parameter]
    sizes: Mapping[str, LeverAssumption]
    channels: Mapping[str, frozenset[str]]
    constructions: tuple[str, ...]

    @classmethod
    def gather(cls, registry: Registry | None, priors: Mapping[str, Parameter] | None) -> "Facts":
        """The facts of a registry and priors, each the shipped one unless given."""
        if priors is None:
            return _facts_of(registry or load_registry())
        return cls._of(registry or load_registry(), priors)

    def dose(self, lever: str) -> DoseSpec:
        """What the dose of a lever is called, its unit and its bounds, by the lever's id."""
        size = self.sizes.get(lever)
        if size is None:
            return DoseSpec("intensity", "1", 0.0, 3.0)
        # Zero is always a dose: it is what "without this lever" means.
        return DoseSpec(size.attribute, size.unit, min(0.0, size.low), size.high)

    @staticmethod
    def in_order(ids: Iterable[str], entries: Sequence[Entry]) -> tuple[str, ...]:
        """The ids in the order of their registry table."""
        order = [entry.id for entry in entries]
        return tuple(sorted(ids, key=order.index))

    @classmethod
    def _of(cls, registry: Registry, priors: Mapping[str, Parameter]) -> "Facts":
        channels: dict[str, set[str]] = {}
        for effect in load_lever_effects(registry, priors):
            channels.setdefault(effect.lever, set()).add(effect.channel)
        return cls(
            registry=registry,
            priors=priors,
            sizes=load_lever_assumptions(registry),
            channels={lever: frozenset(names) for lever, names in channels.items()},
            constructions=tuple(item.id for item in load_constructions()),
        )


@cache
def _facts_of(registry: Registry) -> Facts:
    return Facts._of(registry, load_priors())


@cache
def table_lines(file: str, column: str) -> Mapping[str, int]:
    """The line of each row of a shipped table, by the text in one of its columns."""
    parts = file.removeprefix("simulator/").split("/")
    return {row[column]: row.line for row in read_table(shipped(*parts))}
