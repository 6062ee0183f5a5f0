"""Opened runs: what an ensemble gave, read from its folder.

A `Run` reads only the columns that are asked for, and checks each part against its digest before
the first number of it is used.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.experiments.errors import (
    DamagedError,
    IncompleteError,
    LockedError,
    MismatchError,
    NotARunError,
    StoreError,
)
from simulator.experiments.fan import QUANTILES, Fan, quantiles
from simulator.experiments.folder import (
    INDEX,
    MANIFEST,
    RUN,
    SHEET,
    Failure,
    Floats,
    Integers,
    Manifest,
    Part,
    RunFolder,
    Series,
    values_digest,
)
from simulator.foundation.calendar import Quarter

if TYPE_CHECKING:
    import pandas as pd

    from simulator.registry import Library
    from simulator.scenario import Scenario
    from simulator.targets import TargetScore

__all__ = [
    "DamagedError",
    "Fan",
    "IncompleteError",
    "LockedError",
    "MismatchError",
    "NotARunError",
    "Notice",
    "Run",
    "RunEntry",
    "StoreError",
    "list_runs",
    "open_run",
]

LATEST = "latest"
# Runs up to this size are checked whole when opened; larger ones part by part as they are read.
_CHECKED_AT_ONCE = 64_000_000
_BLOCK_BYTES = 64_000_000
# Opening a part costs more than a further column of it, so one that is asked for comes with its neighbours.
_AHEAD_SHARE = 8  # of the bytes of a block


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know of a run, in English and Chinese."""

    what: str
    what_zh: str

    def text(self, lang: str = "en") -> str:
        """The words in `lang`: `en`, `zh`, or `both`."""
        if lang == "both":
            return f"{self.what} | {self.what_zh}"
        return self.what_zh if lang == "zh" else self.what


class Run:
    """A stored ensemble.

    `n` members have results (`requested` were asked for; the difference is in `failures`).
    Arrays are in member order and cannot be written to. `quarters` begins with the founding
    quarter; `years` are the founding year and every year of the period with four quarters.
    `reused` and `notices` say how a call of `run` came by it.
    """

    def __init__(
        self,
        folder: RunFolder,
        manifest: Manifest,
        parts: Sequence[Part],
        *,
        scenario: "Scenario | None" = None,
        reused: bool = False,
        notices: Sequence[Notice] = (),
    ) -> None:
        """Of papers already read; use `open_run`."""
        if scenario is not None:
            self.scenario = scenario
        self._folder = folder
        self._manifest = manifest
        self._parts = tuple(parts)
        self.reused = reused
        self.notices: tuple[Notice, ...] = tuple(notices)
        self._cache: dict[str, Floats] = {}

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, n={self.n}, seed={self.seed})"

    @property
    def path(self) -> Path:
        """The run folder."""
        return self._folder.path

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Versions, commit, seed, digests, quarters, series: as in `manifest.json`."""
        return MappingProxyType(self._manifest.to_json())

    @property
    def hash(self) -> str:
        """SHA-256 of scenario, data, source and seed."""
        return self._manifest.hash

    @property
    def version(self) -> str:
        """The version of the simulator that made the run."""
        return self._manifest.version

    @property
    def stem(self) -> str:
        """The name of the scenario file, without its ending."""
        return self._manifest.stem

    @property
    def seed(self) -> int:
        """The seed of all draws."""
        return self._manifest.seed

    @property
    def requested(self) -> int:
        """How many members were asked for."""
        return self._manifest.members

    @property
    def n(self) -> int:
        """How many members have results."""
        return int(self.members.size)

    @functools.cached_property
    def members(self) -> Integers:
        """The numbers of the members with results, int64[n]; draws are addressed by them."""
        numbers = [np.asarray(part.good, dtype=np.int64) for part in self._parts]
        array = np.concatenate(numbers) if numbers else np.zeros(0, dtype=np.int64)
        array.flags.writeable = False
        return array

    @functools.cached_property
    def failures(self) -> tuple[Failure, ...]:
        """The members that failed, by number."""
        return tuple(failure for part in self._parts for failure in part.failed)

    @functools.cached_property
    def quarters(self) -> tuple[Quarter, ...]:
        """The founding quarter, then those of the period."""
        return tuple(Quarter.parse(text) for text in self._manifest.quarters)

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the recorded series, such as `chain_core_revenue[indigenous_it]`."""
        return tuple(series.name for series in self._manifest.series)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the drawn parameters."""
        return self._manifest.parameters

    @functools.cached_property
    def years(self) -> tuple[int, ...]:
        """The founding year and every later year of which all four quarters were run."""
        return tuple(self._year_rows)

    @functools.cached_property
    def scenario(self) -> "Scenario":
        """The scenario as it was run, read from the resolved sheet of the folder."""
        from simulator.scenario import load_scenario

        return replace(load_scenario(self.path / SHEET, data=self.library), stem=self.stem)

    @functools.cached_property
    def library(self) -> "Library":
        """The city's data that it was run on: the copy in its folder, or what is shipped."""
        from simulator.registry import load_library

        return load_library(self._folder.data)

    def describe(self, series: str) -> Series:
        """Unit, kind, dimension and names of a recorded series; KeyError for another name."""
        return self._manifest.series[self._position(series)]

    def values(self, series: str, /) -> Floats:
        """One series of all members, float64[n, quarters], in the unit of the series.

        Flows are annual rates; the founding quarter holds the annual figure of its year. KeyError
        for a series the run does not have, DamagedError where a part was altered.
        """
        place = self._position(series)
        if series not in self._cache:
            names = _with_neighbours(self.series, place, self.n * len(self.quarters))
            chosen, block = next(self._blocks(names))
            self._remember({name: block[:, :, column] for column, name in enumerate(chosen)})
        return self._cache[series]

    def annual(self, series: str, /) -> Floats:
        """Annual figures, float64[n, years]: mean of a flow's quarters, last quarter of a stock."""
        return _sealed(self._annual(self.values(series), self.describe(series).kind))

    def parameters(self, name: str, /) -> Floats:
        """One drawn parameter of all members, float64[n]; KeyError when there is none."""
        if name not in self.parameter_names:
            raise KeyError(name)
        label = f"parameter {name}"
        if label not in self._cache:
            place = self.parameter_names.index(name)
            names = _with_neighbours(self.parameter_names, place, self.n)
            drawn = np.concatenate(
                [self._folder.read_parameters(part, names) for part in self._parts]
            )
            self._remember({f"parameter {each}": drawn[:, i] for i, each in enumerate(names)})
        return self._cache[label]

    def fan(self, key: str) -> Fan:
        """How a series spreads over members: a flow by year, a stock by quarter."""
        series = self.describe(key)
        if series.kind == "flow":
            times = [float(year) for year in self.years]
            labels = [str(year) for year in self.years]
            bands = quantiles(self.annual(key))
        else:
            times = [quarter.year + (quarter.quarter - 1) / 4 for quarter in self.quarters]
            labels = [str(quarter) for quarter in self.quarters]
            bands = quantiles(self.values(key))
        return Fan(
            key,
            series.name_zh,
            series.name_en,
            series.unit,
            tuple(times),
            tuple(labels),
            QUANTILES,
            bands,
        )

    def to_frame(self, dimension: str = "city") -> "pd.DataFrame":
        """Annual figures as a table: member, year, place (`chain` or `district`), one column a key.

        `dimension` is `city`, `chain`, `district` or `target`, or `cross` for chains by districts where that is kept;
        UsageError for another one.
        """
        import pandas as pd

        from simulator.experiments.cross import cross_frame
        from simulator.foundation.findings import UsageError, did_you_mean

        if dimension == "cross":
            return cross_frame(self)

        chosen = [series for series in self._manifest.series if series.dimension == dimension]
        if not chosen:
            known = sorted({series.dimension for series in self._manifest.series})
            hint = did_you_mean(dimension, known)
            raise UsageError(
                f"no series by {dimension!r}; allowed: {', '.join(known)}{hint.en}",
                f"没有按 {dimension!r} 的序列；可用：{'、'.join(known)}{hint.zh}",
            )
        elements = tuple(dict.fromkeys(series.element for series in chosen))
        keys = tuple(dict.fromkeys(series.key for series in chosen))
        annual = {
            series.name: self._annual(block, series.kind)
            for series, block in self.each_series(chosen)
        }
        frames = []
        for element in elements:
            columns: dict[str, Any] = {
                "member": np.repeat(self.members, len(self.years)),
                "year": np.tile(np.asarray(self.years), self.n),
            }
            if dimension != "city":
                columns[dimension] = element
            for key in keys:
                name = f"{key}[{element}]" if element else key
                if name in annual:
                    columns[key] = annual[name].reshape(-1)
            frames.append(pd.DataFrame(columns))
        return pd.concat(frames, ignore_index=True)

    def targets(self) -> "tuple[TargetScore, ...]":
        """The plans' targets due in the years of the run, and the scenario's own, judged on it."""
        from simulator.targets import goals_of, score

        return score(goals_of(self), self)

    def digest(self) -> str:
        """SHA-256 over the column values of all members, without the scenario's label."""
        return values_digest(self._manifest, self._parts)

    def verify(self) -> None:
        """Check every part against its digest; DamagedError names the members."""
        self._folder.verify(self._parts)

    def each_part(self) -> "Iterator[Run]":
        """The run's parts one by one, each as a run of its own members."""
        for part in self._parts:
            yield Run(self._folder, self._manifest, [part])

    def head(self, members: int) -> "Run":
        """The run's first parts, of `members` members or a few more; all of a smaller run."""
        parts = [part for part in self._parts if part.span.first < members]
        return Run(self._folder, self._manifest, parts, scenario=self.scenario)

    @property
    def last(self) -> int:
        """The number of the last member, with or without results; −1 without any."""
        return self._parts[-1].span.last if self._parts else -1

    def each_series(
        self, chosen: Sequence[Series] | None = None
    ) -> Iterator[tuple[Series, Floats]]:
        """Every series (or the `chosen`) with its values, in blocks that bound the memory used."""
        wanted = {series.name: series for series in chosen or self._manifest.series}
        for names, block in self._blocks(list(wanted)):
            for position, name in enumerate(names):
                yield wanted[name], block[:, :, position]

    def annual_of(self, values: Floats, kind: str) -> Floats:
        """Annual figures of values as `each_series` gives them, float64[n, years]."""
        return self._annual(values, kind)

    def _repr_html_(self) -> str:
        from simulator.experiments.notebook import run_html

        return run_html(self)

    @functools.cached_property
    def _year_rows(self) -> dict[int, list[int]]:
        """For each year the rows of its annual figure; the founding year has its single row."""
        rows: dict[int, list[int]] = {}
        for row, quarter in enumerate(self.quarters):
            rows.setdefault(quarter.year, []).append(row)
        founding = self.quarters[0].year
        return {year: found for year, found in rows.items() if year == founding or len(found) == 4}

    def _annual(self, values: Floats, kind: str) -> Floats:
        rows = self._year_rows.values()
        if kind == "stock":
            return values[:, [found[-1] for found in rows]]
        return np.stack([values[:, found].mean(axis=1) for found in rows], axis=-1)

    def _position(self, series: str) -> int:
        try:
            return self._positions[series]
        except KeyError:
            raise KeyError(f"{self.path.name} has no series {series!r}") from None

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {series.name: number for number, series in enumerate(self._manifest.series)}

    def _blocks(self, names: Sequence[str]) -> Iterator[tuple[Sequence[str], Floats]]:
        """Values of some series at a time, float64[n, quarters, names]."""
        length = len(self.quarters)
        size = max(1, _BLOCK_BYTES // max(1, 8 * self.n * length))
        for start in range(0, len(names), size):
            chosen = names[start : start + size]
            block = np.empty((self.n, length, len(chosen)))
            row = 0
            for part in self._parts:
                count = len(part.good)
                block[row : row + count] = self._folder.read_values(part, chosen, length)
                row += count
            yield chosen, block

    def _remember(self, found: Mapping[str, Floats]) -> None:
        for name, values in found.items():
            while self._cache and self._cache_bytes + values.nbytes > _BLOCK_BYTES:
                del self._cache[next(iter(self._cache))]
            self._cache[name] = _sealed(np.ascontiguousarray(values))

    @property
    def _cache_bytes(self) -> int:
        return sum(values.nbytes for values in self._cache.values())


def _with_neighbours(names: Sequence[str], place: int, length: int) -> Sequence[str]:
    """The name at a place with those of its block, as many columns of `length` as a share of a block holds."""
    size = max(1, _BLOCK_BYTES // _AHEAD_SHARE // max(1, 8 * length))
    first = place - place % size
    return names[first : first + size]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One folder of a results root, as `list_runs` finds it.

    `status` is `complete`, `failed` (some members failed), `incomplete` or `damaged`; `finished`
    is UTC and None unless it ended.
    """

    path: Path
    stem: str
    hash: str
    seed: int
    members: int
    status: str
    finished: datetime | None
    version: str
    size: int


def open_run(path: str | Path) -> Run:
    """Open a finished run folder (or the `latest` of a results root).

    NotARunError where there is none, IncompleteError where members are missing, MismatchError
    for a folder of another format, DamagedError naming the members whose file was altered.
    """
    return open_folder(RunFolder(resolve_path(Path(path))))


def open_folder(
    folder: RunFolder,
    *,
    scenario: "Scenario | None" = None,
    reused: bool = False,
    notices: Sequence[Notice] = (),
) -> Run:
    """As `open_run`, for a folder in hand and perhaps the scenario that it holds."""
    manifest = folder.manifest()
    if manifest is None:
        raise NotARunError(
            f"{folder.path}: not a run folder (no {MANIFEST} in it)",
            f"{folder.path}：不是运行结果文件夹（其中没有 {MANIFEST}）",
        )
    completion = folder.completion()
    parts = folder.parts()
    if completion is None:
        done = sum(len(part.good) for part in parts)
        raise IncompleteError(
            f"{folder.path}: the run is incomplete, {done} of {manifest.members} members are "
            "stored; run the scenario again to finish it",
            f"{folder.path}：运行未完成，{manifest.members} 个成员中已存 {done} 个；"
            "重新运行该情景即可续算",
        )
    if completion.hash != manifest.hash or completion.members != manifest.members:
        raise folder.damaged(RUN, "it does not belong to this manifest", "与清单不符")
    if folder.check_sizes(parts) <= _CHECKED_AT_ONCE:
        folder.verify(parts)
    if completion.digest != values_digest(manifest, parts):
        raise folder.damaged(INDEX, "it does not name the parts of this run", "与本次运行不符")
    return Run(folder, manifest, parts, scenario=scenario, reused=reused, notices=notices)


def resolve_path(path: Path) -> Path:
    """The folder meant: where links are not possible, `latest` is a text file with a name."""
    if path.name == LATEST and path.is_file():
        named = path.read_text(encoding="utf-8").strip()
        if re.fullmatch(r"[^/\\]+", named):
            return path.with_name(named)
    if path.name == LATEST and path.is_symlink():
        return path.parent / path.readlink()
    return path


def list_runs(root: str | Path = "results") -> tuple[RunEntry, ...]:
    """The run folders directly under `root`, newest first; what is not a run is passed over."""
    base = Path(root)
    if not base.is_dir():
        return ()
    entries = [
        _entry(path)
        for path in base.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    ]
    return tuple(sorted((each for each in entries if each), key=_newest_first))


def _newest_first(entry: RunEntry) -> tuple[float, str]:
    return (-entry.finished.timestamp() if entry.finished else float("-inf"), entry.path.name)


def _entry(path: Path) -> RunEntry | None:
    folder = RunFolder(path)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    try:
        manifest = folder.manifest()
        if manifest is None:
            return None
        completion = folder.completion()
    except StoreError as problem:
        status = "other version" if isinstance(problem, MismatchError) else "damaged"
        return RunEntry(path, path.name, "", 0, 0, status, None, "", size)
    status, finished = "incomplete", None
    if completion is not None:
        status = "failed" if completion.failed else "complete"
        finished = datetime.fromisoformat(completion.finished)
    return RunEntry(
        path,
        manifest.stem,
        manifest.hash,
        manifest.seed,
        manifest.members,
        status,
        finished,
        manifest.version,
        size,
    )


def _sealed(array: Floats) -> Floats:
    array.flags.writeable = False
    return array
