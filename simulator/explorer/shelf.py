"""What the page may show: the scenario or run that was opened, and what can be held against it.

The page names an entry by its id and never by a path, so that a request can reach no other file. Scenarios of the
opened one's folder are there when their members can be paired with it: same city, period, founding and seed. External
conditions of its folder `conditions` can be laid over any of them.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from simulator.experiments.cases import CaseOutcomes
from simulator.experiments.store import Run, open_run
from simulator.explorer.ensembles import Want
from simulator.foundation.calendar import Schedule
from simulator.foundation.findings import InputError, UsageError
from simulator.foundation.tables import read_yaml
from simulator.foundation.units import exact_quantity
from simulator.policy.effects import lever_tables
from simulator.registry import Data, Lever, Name
from simulator.scenario import Scenario, load_scenario

HELD: Final = 256
CONDITIONS: Final = "conditions"
"""The folder beside a scenario that holds external conditions."""
RUN_MEMBERS: Final = 4000
"""Members of a saved run that the page reads: its first ones."""


@dataclass(frozen=True, slots=True)
class Dose:
    """The dose of a lever as a file states it: one value for every year (None), or values by year."""

    points: tuple[tuple[int | None, float], ...]
    linear: bool = False

    def sheet(self, unit: str) -> object:
        """How a scenario file states it."""
        years: dict[int, object] = {}
        for year, value in self.points:
            if year is None:
                return exact_quantity(value, unit)
            years[year] = exact_quantity(value, unit)
        return {"from": years, "interpolate": "linear"} if self.linear else years

    def text(self, unit: str) -> str:
        """How `--set` states it: `300亿元/年`, `{2025: 200亿元/年, 2026: 300亿元/年}`."""
        sheet = self.sheet(unit)
        if not isinstance(sheet, dict):
            return str(sheet)
        years = sheet["from"] if self.linear else sheet
        inside = ", ".join(f"{year}: {value}" for year, value in years.items())
        return f"{{from: {{{inside}}}, interpolate: linear}}" if self.linear else f"{{{inside}}}"

    @staticmethod
    def of(schedule: Schedule) -> "Dose":
        """The dose of a scenario's lever."""
        return Dose(schedule.points, schedule.linear)


class Aim(NamedTuple):
    """The chains and places that a lever acts on, by their ids; empty where the entry's own are kept."""

    chains: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """External conditions that can be laid over an entry, and the doses they set."""

    id: str
    path: Path
    name: Name
    doses: Mapping[str, Schedule]


@dataclass(frozen=True)
class Entry:
    """Something that can be shown: a scenario file, or a saved run, which is read-only."""

    id: str
    path: Path
    scenario: Scenario
    run: Run | None = None

    @cached_property
    def stored(self) -> CaseOutcomes:
        """The first members of a saved run."""
        assert self.run is not None
        run = self.run.head(RUN_MEMBERS)
        return CaseOutcomes(
            self.scenario,
            np.array(run.members),
            tuple((failure.member, failure.error) for failure in run.failures),
            run.quarters,
            run.series,
            run.parameter_names,
            np.stack([run.values(name) for name in run.series], axis=-1),
            np.stack([run.parameters(name) for name in run.parameter_names], axis=-1),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What the page changes of an entry: doses and aims by lever key, and external conditions laid over it."""

    doses: Mapping[str, Dose] = field(default_factory=dict)
    aims: Mapping[str, Aim] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()


class Shelf:
    """The entries by id, the opened one first, and the scenarios that changes of their levers give."""

    def __init__(self, paths: Sequence[str | Path], data: Data = None, folder: Path | None = None):
        """Open the paths, scenario files or run folders; those after the first can be held against it.

        `folder` is the working folder, by default the current one. InputError for an invalid scenario, StoreError for
        a folder that holds no finished run, UsageError for entries that share no draws with the first.
        """
        self.folder = (folder or Path.cwd()).resolve()
        self.data = data
        self.writing = threading.Lock()
        self._held: OrderedDict[object, Scenario] = OrderedDict()
        self._lock = threading.Lock()
        self.entries: dict[str, Entry] = {}
        self.layers: dict[str, Layer] = {}
        self.home = self._opened(Path(paths[0]))
        self.entries[self.home.id] = self.home
        for path in paths[1:]:
            entry = self._opened(Path(path))
            if not self.pairs(entry):
                raise UsageError(
                    f"{path} cannot be paired with {paths[0]}: another city, period, founding or seed",
                    f"{path} 与 {paths[0]} 的城市、时段、期初或种子不同，无法配对",
                )
            self.entries[entry.id] = entry
        if self.home.run is None:
            self._add_neighbours(self.home.path.parent)
            self._add_layers(self.home.path.parent / CONDITIONS)

    def add(self, path: Path) -> Entry:
        """Add a scenario file that was just written."""
        entry = self._opened(path)
        self.entries[entry.id] = entry
        with self._lock:
            # A scenario that extends the file is another one now, whatever its name.
            self._held.clear()
        return entry

    def pairs(self, entry: Entry) -> bool:
        """Whether members of an entry can be held against those of the opened one."""
        return _paired_by(entry.scenario) == _paired_by(self.home.scenario)

    def scenario(self, entry: Entry, change: Change) -> Scenario:
        """An entry with some of it changed, read by the same door as `--layer` and `--set`; InputError as there."""
        overrides = self.overrides(change)
        if not overrides and not change.layers:
            return entry.scenario
        key = entry.id, tuple(layer.id for layer in change.layers), tuple(overrides.items())
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        layers = [layer.path for layer in change.layers]
        found = load_scenario(entry.path, overrides, self.data, layers=layers)
        with self._lock:
            self._held[key] = found
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        return found

    def want(self, entry: Entry, change: Change, members: int) -> Want:
        """What is to be simulated of an entry with some of it changed."""
        return Want.of(self.scenario(entry, change), members)

    def overrides(self, change: Change) -> dict[str, str]:
        """The changes as `--set` takes them, in the order of the levers; KeyError for an unknown lever."""
        sizes = lever_tables(self.home.scenario.library).assumptions
        found = {}
        for key in sorted({*change.doses, *change.aims}):
            size = sizes[self.levers[key].id]
            if key in change.doses:
                found[f"levers.{key}.{size.attribute}"] = change.doses[key].text(size.unit)
            aim = change.aims.get(key, Aim())
            for word, ids in (("chains", aim.chains), ("districts", aim.places)):
                if ids:
                    found[f"levers.{key}.{word}"] = f"[{', '.join(ids)}]"
        return found

    @cached_property
    def levers(self) -> dict[str, Lever]:
        """The levers that a page may move, by key: those in force in any entry and sized."""
        sizes = lever_tables(self.home.scenario.library).assumptions
        return {
            setting.lever.key: setting.lever
            for entry in tuple(self.entries.values())
            for setting in entry.scenario.levers
            if setting.lever.id in sizes
        }

    def shown(self, path: Path) -> str:
        """A path as people type it here: relative where it lies in the working folder."""
        real = Path(os.path.abspath(self.folder / path))
        inside = real.is_relative_to(self.folder)
        return real.relative_to(self.folder).as_posix() if inside else str(real)

    def _opened(self, path: Path) -> Entry:
        if path.is_dir() or path.name == "latest":
            run = open_run(path)
            return Entry(self.shown(run.path), run.path, run.scenario, run)
        return Entry(self.shown(path), path, load_scenario(path, data=self.data))

    def _add_neighbours(self, folder: Path) -> None:
        """The scenarios of a folder that are valid and can be paired; what is not is passed over."""
        for path in sorted(folder.glob("*.yaml")):
            if self.shown(path) in self.entries:
                continue
            try:
                entry = self._opened(path)
            except InputError:
                continue
            if self.pairs(entry):
                self.entries[entry.id] = entry

    def _add_layers(self, folder: Path) -> None:
        """The external conditions of a folder that can be laid over the opened scenario."""
        own = {setting.lever.key: setting.dose for setting in self.home.scenario.levers}
        for path in sorted(folder.glob("*.yaml")):
            try:
                laid = load_scenario(self.home.path, data=self.data, layers=[path])
                sheet = read_yaml(path).value
            except InputError:
                continue
            doses = {s.lever.key: s.dose for s in laid.levers if own.get(s.lever.key) != s.dose}
            assert isinstance(sheet, dict)
            given = sheet["name"]
            self.layers[self.shown(path)] = Layer(
                self.shown(path), path, Name(str(given["zh"]), str(given["en"])), doses
            )


def _paired_by(scenario: Scenario) -> tuple[object, ...]:
    registry = scenario.library.registry
    return registry.digest, scenario.period, scenario.founding, scenario.seed
