"""What the page may show: the scenario or run that was opened, and what can be held against it.

The page names an entry by its id and never by a path, so that a request can reach no other file. Scenarios of the
opened one's folder are there when their members can be paired with it: same city, period, founding and seed.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from simulator.experiments.cases import CaseOutcomes
from simulator.experiments.store import Run, open_run
from simulator.explorer.ensembles import Want
from simulator.foundation.calendar import Schedule
from simulator.foundation.findings import InputError, UsageError
from simulator.foundation.units import exact_quantity
from simulator.policy.effects import lever_tables
from simulator.registry import Data, Lever
from simulator.scenario import Scenario, load_scenario

HELD: Final = 256
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
        """How `--set` states it: `300亿元`, `{2025: 200亿元, 2026: 300亿元}`."""
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
        self._held: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], Scenario] = OrderedDict()
        self._lock = threading.Lock()
        self.entries: dict[str, Entry] = {}
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

    def add(self, path: Path) -> Entry:
        """Add a scenario file that was just written."""
        entry = self._opened(path)
        self.entries[entry.id] = entry
        with self._lock:
            for key in [key for key in self._held if key[0] == entry.id]:
                del self._held[key]
        return entry

    def pairs(self, entry: Entry) -> bool:
        """Whether members of an entry can be held against those of the opened one."""
        return _paired_by(entry.scenario) == _paired_by(self.home.scenario)

    def scenario(self, entry: Entry, doses: Mapping[str, Dose]) -> Scenario:
        """An entry with some doses changed, read by the same door as `--set`; InputError as there."""
        overrides = self.overrides(doses)
        if not overrides:
            return entry.scenario
        key = (entry.id, tuple(overrides.items()))
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        found = load_scenario(entry.path, overrides, self.data)
        with self._lock:
            self._held[key] = found
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        return found

    def want(self, entry: Entry, doses: Mapping[str, Dose], members: int) -> Want:
        """What is to be simulated of an entry with some doses changed."""
        return Want.of(self.scenario(entry, doses), members)

    def overrides(self, doses: Mapping[str, Dose]) -> dict[str, str]:
        """The changes as `--set` takes them, in the order of the levers; KeyError for an unknown lever."""
        sizes = lever_tables(self.home.scenario.library).assumptions
        found = {}
        for key in sorted(doses):
            size = sizes[self.levers[key].id]
            found[f"levers.{key}.{size.attribute}"] = doses[key].text(size.unit)
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


def _paired_by(scenario: Scenario) -> tuple[object, ...]:
    registry = scenario.library.registry
    return registry.digest, scenario.period, scenario.founding, scenario.seed
