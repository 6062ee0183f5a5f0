"""Who simulates the members of the page: threads of this process, or processes beside it.

Python runs one thread of a process at a time, and the server's own thread is one of them: members in threads would
hold up the page and each other. So each worker of the server is a process that waits for tasks; a study is made ready
there, once for a scenario, and the members are those of `simulate run` whoever computes them.
"""

import contextlib
import importlib
import io
import multiprocessing
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Final, NamedTuple, Protocol

import numpy as np

from simulator.experiments.cases import Floats, Models, Study
from simulator.experiments.workers import interrupts_held
from simulator.foundation.calendar import Quarter
from simulator.registry import Library
from simulator.scenario import Scenario

STUDIES_HELD: Final = 12
STARTS: Final = 3
"""How often a task is given to a new process when the one that had it died."""


class Row(NamedTuple):
    """One member: its series and what it drew."""

    table: Floats  # (quarters, series)
    drawn: Floats  # (parameters,)


class Shape(NamedTuple):
    """What the rows of a scenario mean."""

    quarters: tuple[Quarter, ...]
    series: tuple[str, ...]
    parameter_names: tuple[str, ...]


class Done(NamedTuple):
    """What came of a task: rows, or why there is none, by member; `broken` when the scenario cannot be made ready."""

    shape: Shape | None
    rows: dict[int, Row | str]
    broken: str = ""


class Task(NamedTuple):
    """Some members of a scenario, which is known by its key."""

    scenario: Scenario
    key: str
    members: Sequence[int]


class Worker(Protocol):
    """Does one task after another."""

    def start(self) -> None:
        """Get ready before the first task."""
        ...

    def simulate(self, task: Task) -> Done:
        """Do a task; does not raise."""
        ...

    def close(self) -> None:
        """Let go of what is being done; called from another thread."""
        ...


class _Held:
    """A study while it is in use, made once."""

    def __init__(self) -> None:
        self.making = threading.Lock()
        self.study: Study | None = None


class Here:
    """Does tasks in the calling thread; threads may share it, and with it the studies of the last scenarios."""

    def __init__(self, prepare: Callable[[Scenario], Study], engine: str) -> None:
        self._prepare, self._engine = prepare, engine
        self._studies: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """There is nothing to start."""

    def simulate(self, task: Task) -> Done:
        """Make the scenario ready unless it is, and simulate."""
        return self.work(task.key, lambda: task.scenario, task.members)

    def work(self, key: str, scenario: Callable[[], Scenario], members: Sequence[int]) -> Done:
        """As `simulate`; the scenario is asked for only where its study is not held."""
        with self._lock:
            held = self._studies.setdefault(key, _Held())
            self._studies.move_to_end(key)
            while len(self._studies) > STUDIES_HELD:
                self._studies.popitem(last=False)
        try:
            with held.making:
                study = held.study or self._prepare(scenario())
                held.study = study
            shape = Shape(tuple(study.quarters), tuple(study.series), tuple(study.parameter_names))
        except Exception as problem:  # the page says so; a worker that died would only be silent
            return Done(None, {}, _said(problem))
        rows: dict[int, Row | str] = {}
        for member in members:
            if self._closed:
                break
            try:
                result = study.simulate(member, self._engine)
            except Exception as problem:
                rows[member] = _said(problem)
            else:
                rows[member] = Row(np.array(result.values), np.array(result.parameters))
        return Done(shape, rows)

    def close(self) -> None:
        """End after the member each thread is at."""
        self._closed = True


class Beside:
    """A process that does the tasks; it is started with the first one, and anew when it dies."""

    def __init__(self, engine: str, name: str = "members") -> None:
        self.name = name
        self._engine = engine
        self._process: multiprocessing.process.BaseProcess | None = None
        self._wire: Connection | None = None
        self._library: Library | None = None
        self._packed: tuple[str, bytes] = ("", b"")
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process unless it runs; it then loads what members need, which takes some seconds."""
        with self._lock:
            if self._closed or self._process is not None:
                return
            context = multiprocessing.get_context("spawn")
            self._wire, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._engine), name=self.name, daemon=True
            )
            with interrupts_held():
                self._process.start()
            theirs.close()

    def simulate(self, task: Task) -> Done:
        """Hand the task over and wait."""
        reason = ""
        for _ in range(STARTS):
            self.start()
            wire = self._wire
            if self._closed or wire is None:
                break
            try:
                if self._library is None:
                    wire.send(task.scenario.library)
                    self._library = task.scenario.library
                wire.send((task.key, self._pack(task), tuple(task.members)))
                found: Done = wire.recv()
            except (EOFError, OSError) as problem:
                reason = f"a worker process died ({type(problem).__name__})"
                self._end()
            else:
                return found
        return Done(None, {}, "" if self._closed else reason)

    def close(self) -> None:
        """End the process at once: what it is at is wanted by nobody."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
                self._process.join()

    def _end(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()
            if self._wire is not None:
                self._wire.close()
            self._process = self._wire = self._library = None
            self._packed = ("", b"")

    def _pack(self, task: Task) -> bytes:
        if self._packed[0] != task.key:
            stream = io.BytesIO()
            _Packer(stream, self._library).dump(task.scenario)
            self._packed = task.key, stream.getvalue()
        return self._packed[1]


class _Packer(pickle.Pickler):
    """Writes a scenario without its library, which the process has had since it started."""

    def __init__(self, stream: io.BytesIO, library: Library | None) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._library = library

    def persistent_id(self, thing: object) -> str | None:
        return "library" if thing is self._library else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, packed: bytes, library: Library) -> None:
        super().__init__(io.BytesIO(packed))
        self._library = library

    def persistent_load(self, name: str) -> Library:
        return self._library


def _serve(wire: Connection, engine: str) -> None:
    """The life of a worker process; it ends with the server, whose end of the wire is then closed."""
    importlib.import_module("simulator.model")  # while the page is still being opened
    here = Here(Models(), engine)
    with contextlib.suppress(EOFError, OSError):
        library: Library = wire.recv()
        while True:
            key, packed, members = wire.recv()

            def scenario(packed: bytes = packed) -> Scenario:
                found: Scenario = _Unpacker(packed, library).load()
                return found

            wire.send(here.work(key, scenario, members))


def _said(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"
