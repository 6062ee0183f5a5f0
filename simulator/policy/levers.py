"""Levers act through channels: before a member starts, one pass fills tables from neutral values.

A lever's dose over time, times the strength of its effect, times a drawn parameter, adds to a channel in the
lever's chains and places (a district takes in the zones that lie in it). Nothing is multiplied in and divided out
again: a dose of zero adds exactly zero, so it leaves every byte of a run as it was. Effects that only differ by their
parameter's value share one exposure table, filled once a scenario; a member multiplies by its own draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from simulator.foundation.calendar import Quarter
from simulator.policy.effects import LeverAssumption, LeverEffect
from simulator.registry import Lever
from simulator.world.places import Ground

Number = npt.NDArray[np.float64]

CELL_CHANNELS = ("entry", "growth", "survival", "location", "linkage")
MONEY_CHANNELS = ("demand", "fund", "knowledge")
QUARTERS_A_YEAR = 4


class Dose(Protocol):
    """A dose over time, as `simulator.foundation.calendar.Schedule`."""

    def at(self, quarter: Quarter) -> float:
        """Dose in a quarter, in the unit of the lever."""
        ...


class Setting(Protocol):
    """A lever as a scenario sets it; no chains means all chains, no places means the whole city."""

    @property
    def lever(self) -> Lever:
        """The registry's entry."""
        ...

    @property
    def dose(self) -> Dose:
        """How much, when."""
        ...

    @property
    def chains(self) -> tuple[str, ...]:
        """Ids of the chains aimed at."""
        ...

    @property
    def places(self) -> tuple[str, ...]:
        """Ids of the places aimed at."""
        ...


@dataclass(frozen=True)
class Exposure:
    """Summed dose × strength of all effects that share a channel and a parameter; T quarters."""

    channel: str
    parameter: str  # "" stands for one
    table: Number  # (T, C, P) for cells; (T, C) for demand and knowledge; (T, P) for people; (T,) for funds


@dataclass(frozen=True)
class Signings:
    """Firms a lever signs a year, before the but-for probability (M13)."""

    lever: str
    rates: Number  # (T,)
    chain_weights: Number  # (C,)


@dataclass(frozen=True)
class Reservations:
    """Projects that levers reserve toward a target, before the parameter of their strength (M7, M16)."""

    target: str
    technology: bool
    parameter: str  # "" stands for one
    rates: Number  # (T,) projects a year


@dataclass(frozen=True)
class Recruits:
    """People whom levers promise by count toward a target, before the parameter of their strength (M5)."""

    target: str
    parameter: str  # "" stands for one
    rates: Number  # (T, P) people or teams a year


@dataclass(frozen=True)
class Channels:
    """All channels of one scenario before a member's parameters are known."""

    exposures: tuple[Exposure, ...]
    signings: tuple[Signings, ...]
    reservations: tuple[Reservations, ...]
    recruits: tuple[Recruits, ...] = ()

    def channel(self, name: str, value: Callable[[str], float], shape: tuple[int, ...]) -> Number:
        """Table of one channel for a member whose parameters are ``value(name)``; zeros when nothing acts."""
        table = np.zeros(shape)
        for exposure in self.exposures:
            if exposure.channel == name:
                strength = value(exposure.parameter) if exposure.parameter else 1.0
                table += strength * exposure.table
        return table


def open_channels(
    settings: Sequence[Setting],
    assumptions: Mapping[str, LeverAssumption],
    effects: Sequence[LeverEffect],
    ground: Ground,
    quarters: Sequence[Quarter],
    factors: Mapping[str, Number] | None = None,
) -> Channels:
    """Fill the exposure tables of a scenario; ``quarters`` are the T simulated ones.

    ``factors`` scale a lever's ramped doses by quarter, (T,) by lever id, where governments adapt their budgets; one
    leaves every byte as it was.
    """
    tables: dict[tuple[str, str], Number] = {}
    signings: list[Signings] = []
    reserved: dict[tuple[str, bool, str], Number] = {}
    promised: dict[tuple[str, str], Number] = {}
    by_lever: dict[str, list[LeverEffect]] = {}
    for effect in effects:
        by_lever.setdefault(effect.lever, []).append(effect)
    for setting in settings:
        lever_id = setting.lever.id
        doses = np.array([setting.dose.at(q) for q in quarters])
        if not doses.any():
            continue
        chains = [i for i, c in enumerate(ground.chains) if c in setting.chains]
        places = [
            i
            for i, place in enumerate(ground.places)
            if place in setting.places or ground.parent[i] in setting.places
        ]
        places = places or list(range(len(ground.places)))
        chains = chains or list(range(len(ground.chains)))
        mix = np.zeros(len(ground.chains))
        mix[chains] = ground.chain_mix[chains] / ground.chain_mix[chains].sum()
        around = np.zeros(len(ground.places))
        around[places] = ground.place_share[places] / ground.place_share[places].sum()
        ramped = doses * _ramp(doses, assumptions[lever_id].ramp_years)
        if factors is not None:
            ramped = ramped * factors[lever_id]
        for effect in by_lever.get(lever_id, []):
            acting = effect.scale * ramped
            if effect.channel in CELL_CHANNELS:
                table = np.zeros((len(quarters), len(ground.chains), len(ground.places)))
                table[:, np.asarray(chains)[:, None], np.asarray(places)[None, :]] = acting[
                    :, None, None
                ]
            elif effect.channel in ("demand", "knowledge"):
                table = acting[:, None] * mix
            elif effect.channel == "fund":
                table = acting
            elif effect.channel == "talent_supply":
                table = acting[:, None] * around
            elif effect.channel == "hires" and effect.target is not None:
                people = (effect.target, effect.parameter or "")
                promised[people] = promised.get(people, 0.0) + acting[:, None] * around
                continue
            elif effect.target is not None:
                project = (effect.target, effect.channel == "technology", effect.parameter or "")
                reserved[project] = reserved.get(project, np.zeros(len(quarters))) + acting
                continue
            elif effect.channel == "arrivals":
                signings.append(Signings(lever_id, acting, mix))
                continue
            else:
                continue
            key = (effect.channel, effect.parameter or "")
            tables[key] = tables.get(key, np.zeros_like(table)) + table
    exposures = tuple(Exposure(c, n, t) for (c, n), t in sorted(tables.items()))
    reservations = tuple(Reservations(*key, rates) for key, rates in sorted(reserved.items()))
    recruits = tuple(Recruits(*key, rates) for key, rates in sorted(promised.items()))
    return Channels(exposures, tuple(signings), reservations, recruits)


def _ramp(doses: Number, years: float) -> Number:
    """Share of full strength by quarter: rises evenly over ``years`` from the first dose; shape (T,)."""
    active = np.cumsum(doses != 0.0)
    if years <= 0.0:
        return np.ones(len(doses))
    return np.asarray(np.minimum(1.0, active / (QUARTERS_A_YEAR * years)))
