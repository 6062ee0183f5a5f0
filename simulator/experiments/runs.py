"""Running a scenario: an ensemble of members, stored in parts as it grows.

`run` is the one way from a scenario to a run folder, for a first run, a continued one and a longer
one alike: it looks at what the folder already holds and simulates what is missing. Members are
addressed by (seed, member), so neither workers, order nor interruptions leave a mark on the bytes.
"""

import contextlib
import os
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from simulator.experiments.errors import (
    DamagedError,
    DiskError,
    MismatchError,
    NotARunError,
    StoreError,
)
from simulator.experiments.folder import (
    FORMAT,
    RUN,
    SHEET,
    Completion,
    Failure,
    Floats,
    Manifest,
    Part,
    RunFolder,
    Series,
    Span,
    beside,
    clear_errors,
    locked,
    settle,
    spans,
    swap,
    values_digest,
    write_atomically,
)
from simulator.experiments.provenance import Identity, identify, versions
from simulator.experiments.store import LATEST, Notice, Run, open_folder, resolve_path
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UsageError, nearest
from simulator.registry import Data
from simulator.scenario import Scenario, load_scenario, sheet_text
from simulator.scenario.reading import LARGEST_SEED, MOST_MEMBERS

if TYPE_CHECKING:
    from simulator.policy.ledger import Ledger
    from simulator.targets import TargetScore

Progress = Callable[[int, int], None]
ENGINES = ("auto", "compiled", "plain")
RESULTS = "results"
# A task long enough to hide what handing it out costs, short enough for an even end and Ctrl-C.
_TASK_SECONDS = 0.1
_TASK_MEMBERS = 25


class MemberResult(Protocol):
    """What a study gives for one member."""

    @property
    def values(self) -> Floats:
        """float64[quarters, series]."""
        ...

    @property
    def parameters(self) -> Floats:
        """float64[parameters]."""
        ...


class Study(Protocol):
    """A scenario made ready: simulates any member, from any thread."""

    @property
    def quarters(self) -> Sequence[Quarter]:
        """The founding quarter, then those of the period."""
        ...

    @property
    def series(self) -> Sequence[str]:
        """Names of the recorded series."""
        ...

    @property
    def parameter_names(self) -> Sequence[str]:
        """Names of the drawn parameters."""
        ...

    def simulate(self, member: int, engine: str = ..., luck: int | None = ...) -> MemberResult:
        """One member, addressed by its number; with `luck`, its parameters meet another member's luck."""
        ...


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C while members were simulated; what is done is stored at `path`."""

    def __init__(self, path: Path, done: int, total: int) -> None:
        """Keep where the run stands."""
        super().__init__(f"{path}: {done} of {total} members are stored")
        self.path = path
        self.done = done
        self.total = total


class AllFailedError(StoreError):
    """Not one member could be simulated."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """What a run needs of the rest of the simulator; tests put their own in its place."""

    load: Callable[[Path, Mapping[str, object], Data], Scenario]
    identify: Callable[[Scenario], Identity]
    prepare: Callable[[Scenario], Study]
    describe: Callable[[Sequence[str]], tuple[Series, ...]]
    score: "Callable[[Run], tuple[TargetScore, ...]]"
    book: "Callable[[Run], Ledger | None]" = lambda run: None


def run(
    scenario: Scenario | str | Path,
    n: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    engine: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
    data: Data = None,
    *,
    results: str | Path = RESULTS,
    machinery: Machinery | None = None,
) -> Run:
    """Run a scenario, or take what is stored of it, and return the opened run.

    `n` is the total number of members (default: the scenario's), `set` overrides keys of a
    scenario file, `out` is the run folder itself (default: `results/<stem>-<hash>`), `workers` the
    number of threads (default: the processors of this process; never changes a byte), `engine`
    `auto`, `compiled` or `plain`, and `progress` is called with (done, total). `data` is the folder
    of another city; the run folder keeps a copy of it.

    A folder of the same hash that is complete is returned as it is (`reused`), also when fewer
    members are asked for; one with fewer members is extended, an incomplete one is finished.
    `force` computes everything anew beside it and then swaps. Failed members are listed in
    `failures` and tried again by the next call.

    Raises InputError for an invalid scenario, UsageError for an invalid argument, MismatchError
    for an `out` that holds another run, RunInterrupted on Ctrl-C and StoreError where the disk
    refuses; the last two leave a folder that the same call continues.
    """
    tools = machinery or the_machinery()
    chosen = _chosen(scenario, n, seed, set, data, tools)
    identity = tools.identify(chosen)
    path = Path(out) if out is not None else Path(results) / folder_name(chosen.stem, identity.hash)
    job = _Job(chosen, identity, path, _workers(workers), _engine(engine), progress, tools)
    done = _compute_anew(job) if force else _continue(job)
    if out is None:
        _point_latest(path)
    return done


def resume(
    path: str | Path,
    workers: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    data: Data = None,
    *,
    machinery: Machinery | None = None,
) -> Run:
    """Finish an interrupted run folder as it was asked for; a complete one is returned.

    NotARunError where there is none; MismatchError, naming both digests, when source or data
    have changed since; otherwise as `run`.
    """
    return _go_on(path, None, workers, engine, progress, data, machinery)


def extend(
    path: str | Path,
    n: int,
    workers: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    data: Data = None,
    *,
    machinery: Machinery | None = None,
) -> Run:
    """Add members to a run folder until there are `n`; errors as for `resume`."""
    return _go_on(path, n, workers, engine, progress, data, machinery)


def the_machinery() -> Machinery:
    """The simulator's own."""
    from simulator.observables import CATALOGUE

    catalogue = {observable.key: observable for observable in CATALOGUE}

    def load(path: Path, overrides: Mapping[str, object], data: Data) -> Scenario:
        return load_scenario(path, overrides, data)

    def prepare(scenario: Scenario) -> Study:
        from simulator.model import prepare

        return prepare(scenario)

    def describe(names: Sequence[str]) -> tuple[Series, ...]:
        described = []
        for name in names:
            key, _, element = name.removesuffix("]").partition("[")
            found = catalogue[key]
            described.append(
                Series(
                    name,
                    key,
                    element,
                    found.unit,
                    found.kind,
                    found.dimension,
                    found.name.zh,
                    found.name.en,
                )
            )
        return tuple(described)

    def book(run: Run) -> "Ledger":
        from simulator.experiments.ledger import ledger_of

        return ledger_of(run)

    return Machinery(load, identify, prepare, describe, Run.targets, book)


def folder_name(stem: str, run_hash: str) -> str:
    """`<stem>-<hash8>`, without what a file system could object to."""
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stem)
    return f"{kept.strip('._') or 'scenario'}-{run_hash[:8]}"


@dataclass(frozen=True, slots=True)
class _Job:
    """One call of `run`, with everything resolved."""

    scenario: Scenario
    identity: Identity
    path: Path
    workers: int
    engine: str
    progress: Progress | None
    tools: Machinery
    whole: bool = False  # finish what was asked for when the folder was begun

    @property
    def members(self) -> int:
        return self.scenario.members

    def report(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)


def _go_on(
    path: str | Path,
    n: int | None,
    workers: int | None,
    engine: str,
    progress: Progress | None,
    data: Data,
    machinery: Machinery | None,
) -> Run:
    tools = machinery or the_machinery()
    where = resolve_path(Path(path))
    settle(where)
    manifest = RunFolder(where).manifest()
    if manifest is None:
        raise _not_a_run(where)
    # Without being told otherwise, a folder goes on with the data that it carries.
    loaded = tools.load(where / SHEET, {}, RunFolder(where).data if data is None else data)
    chosen = replace(
        loaded, stem=manifest.stem, members=_total(manifest.members if n is None else n)
    )
    identity = tools.identify(chosen)
    whole = n is None
    return _continue(
        _Job(chosen, identity, where, _workers(workers), _engine(engine), progress, tools, whole)
    )


def _chosen(
    scenario: Scenario | str | Path,
    n: int | None,
    seed: int | None,
    overrides: Mapping[str, object] | None,
    data: Data,
    tools: Machinery,
) -> Scenario:
    if isinstance(scenario, (str, Path)):
        scenario = tools.load(Path(scenario), overrides or {}, data)
    elif overrides or data is not None:
        name = "set=" if overrides else "data="
        raise UsageError(f"{name} goes with a scenario file; give its path, not a loaded scenario")
    if seed is not None and not (_is_whole(seed) and 0 <= seed <= LARGEST_SEED):
        raise UsageError(f"seed is {seed!r}; allowed: a whole number from 0 to {LARGEST_SEED}")
    return replace(
        scenario,
        members=scenario.members if n is None else _total(n),
        seed=scenario.seed if seed is None else int(seed),
    )


def _total(n: int) -> int:
    if not _is_whole(n) or not 1 <= n <= MOST_MEMBERS:
        raise UsageError(
            f"the number of members is {n!r}; allowed: a whole number from 1 to {MOST_MEMBERS}"
        )
    return int(n)


def _workers(workers: int | None) -> int:
    if workers is None:
        # The processors this process may use, which can be fewer than the machine has.
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if not _is_whole(workers) or workers < 1:
        raise UsageError(f"workers is {workers!r}; allowed: a whole number from 1 on")
    return int(workers)


def _engine(engine: str) -> str:
    if engine not in ENGINES:
        near = nearest(str(engine), ENGINES)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageError(f"engine is {engine!r}; allowed: {', '.join(ENGINES)}{hint}")
    return engine


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _continue(job: _Job) -> Run:
    """Return what is stored when it is enough; otherwise simulate what is missing."""
    settle(job.path)
    folder = RunFolder(job.path)
    stored = _stored(folder, job.identity)
    if stored is not None and (found := _reused(folder, stored, job)):
        return found
    study = job.tools.prepare(job.scenario)
    with _held(job.path):
        # Another process may have begun or finished the same run while we made ready.
        folder = RunFolder(job.path)
        stored = _stored(folder, job.identity)
        if stored is not None and (found := _reused(folder, stored, job)):
            return found
        return _fill(folder, stored, study, job)


def _compute_anew(job: _Job) -> Run:
    """Compute beside the folder, then swap: the old run stays until the new one is whole."""
    settle(job.path)
    if RunFolder(job.path).is_fresh():
        return _continue(job)
    with contextlib.suppress(MismatchError, DamagedError):
        if RunFolder(job.path).manifest() is None:
            raise _not_a_run(job.path)
    study = job.tools.prepare(job.scenario)
    with _held(job.path):
        new = beside(job.path)
        with clear_errors(new):
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
        try:
            _fill(RunFolder(new), None, study, replace(job, path=new))
        except RunInterrupted as stopped:
            raise RunInterrupted(job.path, 0, stopped.total) from None
        finally:
            if not (new / RUN).exists():
                shutil.rmtree(new, ignore_errors=True)
        swap(new, job.path)
    return open_folder(RunFolder(job.path), scenario=job.scenario)


def _stored(folder: RunFolder, identity: Identity) -> Manifest | None:
    """The manifest of what the folder holds; None when it is free, an error when not ours."""
    manifest = folder.manifest()
    if manifest is None:
        if not folder.is_fresh():
            raise _not_a_run(folder.path)
        return None
    if manifest.hash != identity.hash:
        raise _other_run(folder.path, manifest, identity)
    return manifest


def _reused(folder: RunFolder, stored: Manifest, job: _Job) -> Run | None:
    """The stored run when it is complete, sound and large enough."""
    completion = folder.completion()
    if completion is None or completion.failed or stored.members < job.members:
        return None
    notices = [
        Notice(
            f"already computed: {folder.path}",
            f"已有结果：{folder.path}",
        )
    ]
    if stored.members > job.members:
        notices.append(
            Notice(
                f"{job.members} members were asked for; the stored run has {stored.members}, all "
                "of which are shown",
                f"要求 {job.members} 个成员；已存 {stored.members} 个，全部显示",
            )
        )
    scenario = replace(job.scenario, members=stored.members)
    try:
        found = open_folder(folder, scenario=scenario, reused=True, notices=notices)
    except DamagedError:
        return None
    # A folder that may only be read is still good to show, under the name it was stored with.
    with contextlib.suppress(DiskError):
        return _relabelled(folder, stored, found, job)
    return found


def _relabelled(folder: RunFolder, stored: Manifest, found: Run, job: _Job) -> Run:
    """Bring the names in the papers up to date: they are no part of the hash."""
    scenario = found.scenario
    sheet = _sheet(scenario)
    manifest = _named_after(stored, scenario)
    if manifest == stored and sheet == folder.sheet():
        return found
    with _held(folder.path):
        folder.write(SHEET, sheet)
        folder.write_json("manifest.json", manifest.to_json())
        renamed = open_folder(folder, scenario=scenario, reused=True, notices=found.notices)
        _write_tables(folder, renamed, job.tools)
    return renamed


def _fill(folder: RunFolder, stored: Manifest | None, study: Study, job: _Job) -> Run:
    """Simulate what is missing of a folder we hold, then write its tables and `run.json`."""
    begun = time.monotonic()
    parts = folder.sound_parts() if stored is not None else ()
    total = _target(stored, parts, job, complete=(folder.path / RUN).exists())
    scenario = replace(job.scenario, members=total)
    manifest = _manifest(scenario, job.identity, study, job.tools)
    if stored is not None:
        if (stored.series, stored.parameters) != (manifest.series, manifest.parameters):
            raise _other_run(folder.path, stored, job.identity)
        # What began the run made the first of its numbers: its versions stay.
        manifest = _named_after(replace(stored, members=total), scenario)
    folder.begin(manifest, _sheet(scenario), scenario.papers())
    folder.keep_only(parts)
    gatherings = _missing(spans(total), parts)
    done = total - sum(len(gathering.missing) for gathering in gatherings)
    job.report(done, total)
    _simulate(folder, manifest, study, gatherings, done, job)
    parts = folder.parts()
    folder.keep_only(parts)
    failed = sum(len(part.failed) for part in parts)
    _write_failures(folder, parts, scenario.seed)
    if failed == total:
        raise _all_failed(folder.path, parts)
    finished = Run(folder, manifest, parts, scenario=scenario)
    _write_tables(folder, finished, job.tools)
    folder.complete(
        Completion(
            format=FORMAT,
            hash=manifest.hash,
            digest=values_digest(manifest, parts),
            members=total,
            failed=failed,
            engine=job.engine,
            workers=job.workers,
            seconds=round(time.monotonic() - begun, 3),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )
    return finished


def _target(stored: Manifest | None, parts: Sequence[Part], job: _Job, *, complete: bool) -> int:
    """How many members the folder will have: nothing that is stored is ever thrown away."""
    if stored is None:
        return job.members
    if complete or job.whole:
        return max(job.members, stored.members)
    return max(job.members, 1 + max((part.span.last for part in parts), default=0))


@dataclass(slots=True)
class _Gathering:
    """A part in the making: what was stored of its span, and what has come in since."""

    span: Span
    stored: Part | None
    missing: Sequence[int]
    results: dict[int, tuple[Floats, Floats]] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return len(self.results) + len(self.failures) == len(self.missing)

    @property
    def prefix(self) -> Span | None:
        """The members known from the first on without a gap; None when there is none."""
        known = {*self.results, *self.failures, *(self.stored.good if self.stored else ())}
        last = self.span.first
        while last in known:
            last += 1
        return Span(self.span.first, last - 1) if last > self.span.first else None


class _Task(NamedTuple):
    """What came of one task: results and failures by member, and the seconds for one member."""

    results: dict[int, tuple[Floats, Floats]]
    failures: dict[int, Failure]
    pace: float


def _missing(planned: Iterable[Span], parts: Iterable[Part]) -> list[_Gathering]:
    """The spans that are not whole, each with the members to simulate; failed ones among them."""
    by_first = {part.span.first: part for part in parts}
    gatherings = []
    for span in planned:
        part = by_first.get(span.first)
        if part is not None and part.span == span and not part.failed:
            continue
        # A range where nothing is stored: a million members take no memory before their turn.
        missing: Sequence[int] = span.members
        if part is not None:
            good = set(part.good)
            missing = [member for member in span.members if member not in good]
        gatherings.append(_Gathering(span, part, missing))
    return gatherings


def _simulate(
    folder: RunFolder,
    manifest: Manifest,
    study: Study,
    gatherings: Sequence[_Gathering],
    done: int,
    job: _Job,
) -> None:
    """Simulate all that is missing on threads; a part is written as soon as it is full.

    Only a few tasks are handed out at a time, so that memory does not grow with the members.
    """
    stop = threading.Event()
    flying: dict[Future[_Task], _Gathering] = {}
    executor = ThreadPoolExecutor(job.workers, thread_name_prefix="member")
    tasks = _Tasks(gatherings)
    size = 1
    open_parts: dict[int, _Gathering] = {}
    try:
        while True:
            while len(flying) < 2 * job.workers:
                taken = tasks.take(size)
                if taken is None:
                    break
                gathering, members = taken
                open_parts[gathering.span.first] = gathering
                flying[_submit(executor, study, members, job.engine, stop, manifest)] = gathering
            if not flying:
                break
            ready, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in ready:
                gathering = flying.pop(future)
                task = future.result()
                gathering.results |= task.results
                gathering.failures |= task.failures
                done += len(task.results) + len(task.failures)
                size = max(1, min(_TASK_MEMBERS, int(_TASK_SECONDS / max(task.pace, 1e-9))))
                if gathering.is_full:
                    _write_gathering(folder, manifest, gathering, gathering.span)
                    gathering.results.clear()
                    del open_parts[gathering.span.first]
                job.report(done, manifest.members)
    except KeyboardInterrupt:
        stop.set()
        executor.shutdown(wait=True, cancel_futures=True)
        _save_open(folder, manifest, open_parts, flying)
        kept = sum(len(part.good) for part in folder.parts())
        raise RunInterrupted(folder.path, kept, manifest.members) from None
    finally:
        stop.set()
        executor.shutdown(wait=True, cancel_futures=True)


def _submit(
    executor: Executor,
    study: Study,
    members: Sequence[int],
    engine: str,
    stop: threading.Event,
    manifest: Manifest,
) -> Future[_Task]:
    return executor.submit(_simulate_members, study, members, engine, stop, manifest)


class _Tasks:
    """Hands out the missing members in order, a few of one part at a time."""

    def __init__(self, gatherings: Sequence[_Gathering]) -> None:
        self._left = list(reversed(gatherings))
        self._position = 0

    def take(self, size: int) -> tuple[_Gathering, Sequence[int]] | None:
        """The part and at most `size` of its members; None when all are handed out."""
        while self._left:
            gathering = self._left[-1]
            members = gathering.missing[self._position : self._position + size]
            self._position += len(members)
            if members:
                return gathering, members
            self._left.pop()
            self._position = 0
        return None


def _simulate_members(
    study: Study,
    members: Sequence[int],
    engine: str,
    stop: threading.Event,
    manifest: Manifest,
) -> _Task:
    results: dict[int, tuple[Floats, Floats]] = {}
    failures: dict[int, Failure] = {}
    begun = time.monotonic()
    for member in members:
        if stop.is_set():
            break
        try:
            results[member] = _checked(study.simulate(member, engine), manifest)
        except Exception as problem:
            failures[member] = _failure(member, problem)
    return _Task(results, failures, (time.monotonic() - begun) / len(members))


def _checked(result: MemberResult, manifest: Manifest) -> tuple[Floats, Floats]:
    values = np.array(result.values, dtype=np.float64)
    parameters = np.array(result.parameters, dtype=np.float64)
    expected = (len(manifest.quarters), len(manifest.series))
    if values.shape != expected or parameters.shape != (len(manifest.parameters),):
        raise ValueError(f"shapes {values.shape} and {parameters.shape}, expected {expected}")
    broken = ~np.isfinite(values)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise ValueError(
            f"{manifest.series[column].name} is {values[row, column]} in {manifest.quarters[row]}"
        )
    return values, parameters


def _failure(member: int, problem: Exception) -> Failure:
    """What was raised and where; files by name only, so that no path of a machine is stored."""
    error = f"{type(problem).__name__}: {problem}"
    frames = [
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line or ''}".rstrip()
        for frame in traceback.extract_tb(problem.__traceback__)
    ]
    return Failure(member, error, "\n".join([*frames, error]))


def _write_gathering(
    folder: RunFolder, manifest: Manifest, gathering: _Gathering, span: Span
) -> None:
    """Store the members of `span`, those read back from the disk and the new ones in order."""
    rows = dict(gathering.results)
    old = gathering.stored
    if old is not None and old.good:
        series = [series.name for series in manifest.series]
        stored = folder.read_values(old, series, len(manifest.quarters))
        drawn = folder.read_parameters(old, manifest.parameters)
        rows |= {member: (stored[row], drawn[row]) for row, member in enumerate(old.good)}
    members = [member for member in span.members if member in rows]
    values = np.empty((len(members), len(manifest.quarters), len(manifest.series)))
    parameters = np.empty((len(members), len(manifest.parameters)))
    for row, member in enumerate(members):
        values[row], parameters[row] = rows[member]
    folder.write_part(
        manifest,
        span,
        members,
        values,
        parameters,
        [failure for member, failure in gathering.failures.items() if member <= span.last],
    )


def _save_open(
    folder: RunFolder,
    manifest: Manifest,
    open_parts: Mapping[int, _Gathering],
    flying: Mapping[Future[_Task], _Gathering],
) -> None:
    """After Ctrl-C: store what the parts in the making have from their first member on."""
    for future, gathering in flying.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            task = future.result()
            gathering.results |= task.results
            gathering.failures |= task.failures
    # An interruption must not end as a complaint about the disk: what is not stored is redone.
    with contextlib.suppress(StoreError):
        for gathering in open_parts.values():
            span = gathering.prefix
            if span and (gathering.stored is None or span.last > gathering.stored.span.last):
                _write_gathering(folder, manifest, gathering, span)


def _write_tables(folder: RunFolder, finished: Run, tools: Machinery) -> None:
    from simulator.experiments.summary import ledger_table, summary_table, targets_table

    folder.write("summary.parquet", summary_table(finished))
    folder.write("targets.csv", targets_table(tools.score(finished)))
    ledger = ledger_table(finished, tools.book(finished))
    if ledger is None:
        folder.remove("ledger.csv")
    else:
        folder.write("ledger.csv", ledger)


def _write_failures(folder: RunFolder, parts: Iterable[Part], seed: int) -> None:
    from simulator.experiments.summary import failures_table

    failures = [failure for part in parts for failure in part.failed]
    if failures:
        folder.write("failures.csv", failures_table(failures, seed, folder.data is not None))
    else:
        folder.remove("failures.csv")


def _manifest(scenario: Scenario, identity: Identity, study: Study, tools: Machinery) -> Manifest:
    made = versions()
    return Manifest(
        format=FORMAT,
        version=made.version,
        commit=made.commit,
        python=made.python,
        packages=tuple(sorted(made.packages)),
        hash=identity.hash,
        scenario=identity.scenario,
        source=identity.source,
        data=tuple(sorted(identity.data)),
        seed=identity.seed,
        members=scenario.members,
        quarters=tuple(str(quarter) for quarter in study.quarters),
        series=tools.describe(study.series),
        parameters=tuple(study.parameter_names),
        stem=scenario.stem,
        name_zh=scenario.name.zh,
        name_en=scenario.name.en,
    )


def _named_after(manifest: Manifest, scenario: Scenario) -> Manifest:
    name = scenario.name
    return replace(manifest, stem=scenario.stem, name_zh=name.zh, name_en=name.en)


def _sheet(scenario: Scenario) -> bytes:
    return sheet_text(scenario.stored()).encode()


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Make the folder if need be and keep other processes from writing to it."""
    with clear_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        yield


def _point_latest(path: Path) -> None:
    """Let `latest` beside a folder name it: a link, or a text file where links are refused."""
    latest = path.parent / LATEST
    fresh = latest.with_name(f".{LATEST}.{os.getpid()}.tmp")
    # Only a convenience: a results root that may not be written to is no reason to fail.
    with contextlib.suppress(OSError):
        if latest.is_symlink() and latest.readlink() == Path(path.name):
            return
        try:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(path.name)
            os.replace(fresh, latest)
        except (OSError, NotImplementedError):
            write_atomically(latest, f"{path.name}\n".encode())


def _not_a_run(path: Path) -> NotARunError:
    return NotARunError(
        f"{path}: exists and is not a run folder; nothing in it was touched",
        f"{path}：已存在且不是运行结果文件夹；其中内容未作改动",
    )


def _other_run(path: Path, manifest: Manifest, identity: Identity) -> MismatchError:
    """Names each thing that differs, as it is in the folder and here."""
    here = {"scenario": identity.scenario, "source": identity.source, "seed": str(identity.seed)}
    there = {"scenario": manifest.scenario, "source": manifest.source, "seed": str(manifest.seed)}
    here |= {f"data {name}": digest for name, digest in identity.data}
    there |= {f"data {name}": digest for name, digest in manifest.data}
    differing = ", ".join(
        f"{name} {there.get(name, '–')[:8]} / {here.get(name, '–')[:8]}"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    )
    return MismatchError(
        f"{path}: holds another run ({manifest.hash[:8]}; this is {identity.hash[:8]}); stored / "
        f"here: {differing or 'recorded series'}; choose another folder or overwrite with --force",
        f"{path}：存有另一次运行（{manifest.hash[:8]}；本次为 {identity.hash[:8]}）；已存 / 本次："
        f"{differing or '记录序列'}；请另选文件夹，或用 --force 覆盖",
    )


def _all_failed(path: Path, parts: Iterable[Part]) -> AllFailedError:
    first = next(failure for part in parts for failure in part.failed)
    return AllFailedError(
        f"{path}: every member failed, member {first.member} with {first.error}; see failures.csv",
        f"{path}：所有成员均失败，成员 {first.member} 的错误为 {first.error}；见 failures.csv",
    )
