"""Simulating the members that a run folder lacks, part by part.

Only a few tasks are out at a time and a part leaves memory when it is on disk, so that nothing but files grows with the
number of members.
"""

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator.experiments.errors import MemoryShortError, StoreError
from simulator.experiments.folder import Failure, Floats, Manifest, Part, RunFolder, Span, spans
from simulator.experiments.stopping import Tally
from simulator.experiments.store import Run
from simulator.experiments.workers import Done, Workers
from simulator.targets import Flags

Progress = Callable[[int, int], None]
# A task long enough to hide what handing it out costs, short enough for an even end and Ctrl-C.
_TASK_SECONDS = 0.1
_TASK_MEMBERS = 25
# A member whose worker died so often while it was simulated alone is what kills it.
_DEATHS_ALONE = 2


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C while members were simulated; what is done is stored at `path`."""

    def __init__(self, path: Path, done: int, total: int) -> None:
        """Keep where the run stands."""
        super().__init__(f"{path}: {done} of {total} members are stored")
        self.path = path
        self.done = done
        self.total = total


@dataclass(frozen=True, slots=True)
class Judging:
    """How a run is judged while it grows; it goes on at least to `least` members."""

    tally: Tally
    flags: Callable[[Run], Flags]
    least: int = 0


@dataclass(slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Whole:
    """A part that is on disk already."""

    span: Span
    stored: Part


def simulate(
    folder: RunFolder,
    manifest: Manifest,
    parts: Sequence[Part],
    workers: Workers,
    report: Progress,
    judging: Judging | None = None,
) -> int:
    """Simulate what `parts` lack of the manifest's members and return how many the run has.

    With `judging`, parts are written and judged in their order, and the run ends with the first that is enough; what
    was simulated beyond it is dropped. Raises RunInterrupted on Ctrl-C (what is known is stored), StoreError where the
    disk refuses, MemoryShortError where there is too little memory, ClusterError where the workers are lost for good.
    """
    return _Simulation(folder, manifest, parts, workers, report, judging).run()


class _Simulation:
    def __init__(
        self,
        folder: RunFolder,
        manifest: Manifest,
        parts: Sequence[Part],
        workers: Workers,
        report: Progress,
        judging: Judging | None,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._workers = workers
        self._report = report
        self._judging = judging
        self._total = manifest.members
        self._done = sum(len(part.good) for part in parts if part.span.first < self._total)
        self._line = _missing(spans(self._total), parts)
        self._tasks = _Tasks()
        self._flying: dict[Future[Done], tuple[_Gathering, Sequence[int]]] = {}
        self._open: deque[_Gathering | _Whole] = deque()  # parts begun, in order
        self._suspects: deque[tuple[_Gathering, int]] = deque()
        self._alone: int | None = None  # the suspect that is simulated with nothing beside it
        self._deaths: Counter[int] = Counter()
        self._size = 1
        self._enough = False

    def run(self) -> int:
        self._tell()
        try:
            while True:
                self._hand_out()
                self._settle()
                if self._enough or not self._flying:
                    break
                ready, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                if self._take_in(ready):
                    self._workers.renew()
                self._settle()
                self._tell()
        except KeyboardInterrupt:
            self._workers.stop()
            self._save_open()
            kept = sum(len(part.good) for part in self._folder.parts())
            raise RunInterrupted(self._folder.path, kept, self._total) from None
        except MemoryError as problem:
            self._workers.stop()
            raise _memory_short(self._folder.path) from problem
        return self._total

    def _tell(self) -> None:
        total = self._total
        if self._judging is not None and not self._enough:
            total = max(self._done, min(total, self._judging.tally.expected))
        self._report(self._done, total)

    def _hand_out(self) -> None:
        """Keep every worker busy; members over which a worker died go one by one, each alone."""
        if self._suspects:
            if not self._flying:
                gathering, self._alone = self._suspects.popleft()
                self._submit(gathering, [self._alone])
            return
        while len(self._flying) < 2 * self._workers.count:
            taken = self._tasks.take(self._size)
            if taken is not None:
                self._submit(*taken)
                continue
            # Full parts that wait to be judged behind a slow one take memory: not too many of them.
            if self._judging is not None and len(self._open) > 2 + 2 * self._workers.count:
                return
            part = next(self._line, None)
            if part is None:
                return
            self._open.append(part)
            if isinstance(part, _Gathering):
                self._tasks.begin(part)
            else:
                self._settle()
                if self._enough:
                    return

    def _submit(self, gathering: _Gathering, members: Sequence[int]) -> None:
        self._flying[self._workers.submit(members)] = gathering, members

    def _take_in(self, ready: Iterable[Future[Done]]) -> bool:
        """Keep what came back; True when a worker was lost."""
        lost = False
        for future in ready:
            gathering, members = self._flying.pop(future)
            try:
                done = future.result()
            except self._workers.lost:
                lost = True
                self._suspect(gathering, members)
                continue
            gathering.results |= done.results
            gathering.failures |= done.failures
            self._done += len(done.results) + len(done.failures)
            self._size = max(1, min(_TASK_MEMBERS, int(_TASK_SECONDS / max(done.pace, 1e-9))))
        return lost

    def _suspect(self, gathering: _Gathering, members: Sequence[int]) -> None:
        for member in members:
            self._deaths[member] += member == self._alone
            if self._deaths[member] < _DEATHS_ALONE:
                self._suspects.append((gathering, member))
                continue
            error = "WorkerLost: the worker died each time it simulated this member"
            gathering.failures[member] = Failure(member, error, error)
            self._done += 1

    def _settle(self) -> None:
        """Write parts that are full: any of them, or in their order when a run is judged as it grows."""
        if self._judging is None:
            for part in [part for part in self._open if isinstance(part, _Whole) or part.is_full]:
                self._write(part)
                self._open.remove(part)
            return
        while self._open and not self._enough:
            part = self._open[0]
            if isinstance(part, _Gathering) and not part.is_full:
                return
            self._open.popleft()
            self._judge(self._write(part), part.span)

    def _write(self, part: _Gathering | _Whole) -> Part:
        if isinstance(part, _Whole):
            return part.stored
        return _write_gathering(self._folder, self._manifest, part, part.span)

    def _judge(self, part: Part, span: Span) -> None:
        assert self._judging is not None
        tally = self._judging.tally
        if part.good:
            tally.add(self._judging.flags(Run(self._folder, self._manifest, [part])), span.last)
        if tally.met_at is not None and span.last + 1 >= self._judging.least:
            self._enough, self._total = True, span.last + 1

    def _save_open(self) -> None:
        """After Ctrl-C: store what the parts in the making have from their first member on."""
        for future, (gathering, _) in self._flying.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                done = future.result()
                gathering.results |= done.results
                gathering.failures |= done.failures
        begun = [part for part in self._open if isinstance(part, _Gathering)]
        if self._judging is not None:
            # A later part would be judged before its turn when the run is finished.
            begun = begun[:1]
        # An interruption must not end as a complaint about the disk: what is not stored is redone.
        with contextlib.suppress(StoreError):
            for gathering in begun:
                span = gathering.prefix
                if span and (gathering.stored is None or span.last > gathering.stored.span.last):
                    _write_gathering(self._folder, self._manifest, gathering, span)


class _Tasks:
    """Hands out the missing members of one part after another, a few at a time."""

    def __init__(self) -> None:
        self._part: _Gathering | None = None
        self._position = 0

    def begin(self, part: _Gathering) -> None:
        """Go on with this part."""
        self._part, self._position = part, 0

    def take(self, size: int) -> tuple[_Gathering, Sequence[int]] | None:
        """At most `size` members of the part begun; None when all of them are handed out."""
        if self._part is None:
            return None
        members = self._part.missing[self._position : self._position + size]
        self._position += len(members)
        return (self._part, members) if members else None


def _memory_short(path: Path) -> MemoryShortError:
    return MemoryShortError(
        f"{path}: not enough memory; finished parts are kept: go on with fewer members at a time, "
        f"'simulate resume {path} --workers 1', or raise the limit (ulimit -v)",
        f"{path}：内存不足；已完成的部分保留：请减少同时计算的成员（“simulate resume {path} --workers 1”），"
        "或提高内存上限（ulimit -v）",
    )


def _missing(planned: Iterable[Span], parts: Iterable[Part]) -> Iterator[_Gathering | _Whole]:
    """The spans of a run in order, made when their turn comes: whole ones, others with what they lack."""
    by_first = {part.span.first: part for part in parts}
    for span in planned:
        part = by_first.get(span.first)
        if part is not None and part.span == span and not part.failed:
            yield _Whole(span, part)
            continue
        missing: Sequence[int] = span.members
        if part is not None:
            good = set(part.good)
            missing = [member for member in span.members if member not in good]
        yield _Gathering(span, part, missing)


def _write_gathering(
    folder: RunFolder, manifest: Manifest, gathering: _Gathering, span: Span
) -> Part:
    """Store the members of `span`, those read back from the disk and the new ones in order."""
    rows: Mapping[int, tuple[Floats, Floats]] = gathering.results
    old = gathering.stored
    if old is not None and old.good:
        series = [series.name for series in manifest.series]
        stored = folder.read_values(old, series, len(manifest.quarters))
        drawn = folder.read_parameters(old, manifest.parameters)
        rows = {member: (stored[row], drawn[row]) for row, member in enumerate(old.good)}
        rows |= gathering.results
    members = [member for member in span.members if member in rows]
    values = np.empty((len(members), len(manifest.quarters), len(manifest.series)))
    parameters = np.empty((len(members), len(manifest.parameters)))
    for row, member in enumerate(members):
        values[row], parameters[row] = rows[member]
    failed = [failure for member, failure in gathering.failures.items() if member <= span.last]
    return folder.write_part(manifest, span, members, values, parameters, failed)
