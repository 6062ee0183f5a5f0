"""Who simulates the members: threads of this process, other processes, both, or a Dask cluster.

All are given the same tasks and return the same numbers, since a member is addressed by (seed, member) and by nothing
else. A member that raises becomes a `Failure`; a worker that dies takes no member with it: `LOST` names the errors by
which its tasks come back, and `renew` makes ready to hand them out again.
"""

import contextlib
import logging
import os
import pickle
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from simulator.experiments.errors import ClusterError, MismatchError
from simulator.experiments.folder import Failure, Floats
from simulator.experiments.provenance import source_digest
from simulator.foundation.calendar import Quarter
from simulator.foundation.memory import is_short_of_memory

LOCAL = "local"
EXECUTORS = ("auto", "threads", "processes")
# Workers that die as they start would otherwise be started for ever; four starts get past one member that kills them.
_MOST_STARTS = 4
_MOST_STARTS_LATER = 12
# Quarters of members that take several times as long as processes take to start.
_LONG_WORK = 10_000
_CONNECT_SECONDS = 10
_AWAIT_SECONDS = 60


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
    """A scenario made ready: simulates any member, from any thread; travels to other processes by pickle."""

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


class Done(NamedTuple):
    """What came of one task: results and failures by member, and the seconds for one member."""

    results: dict[int, tuple[Floats, Floats]]
    failures: dict[int, Failure]
    pace: float


def simulate_members(
    study: Study, members: Sequence[int], engine: str, stop: threading.Event | None = None
) -> Done:
    """Simulate some members one after another; what one of them raises is kept and loses no other."""
    results: dict[int, tuple[Floats, Floats]] = {}
    failures: dict[int, Failure] = {}
    begun = time.monotonic()
    for member in members:
        if stop is not None and stop.is_set():
            break
        try:
            results[member] = _checked(study, study.simulate(member, engine))
        except Exception as problem:
            if is_short_of_memory(problem):
                # Says something of the machine, nothing of the member.
                raise MemoryError(f"member {member}: {problem}") from problem
            failures[member] = _failure(member, problem)
    return Done(results, failures, (time.monotonic() - begun) / len(members))


class Workers(Protocol):
    """Takes tasks and gives futures of what came of them."""

    lost: tuple[type[BaseException], ...]
    """Raised by the future of a task whose worker died."""

    @property
    def count(self) -> int:
        """Tasks that run at the same time; may change while a cluster grows or shrinks."""
        ...

    def submit(self, members: Sequence[int]) -> Future[Done]:
        """Hand out some members."""
        ...

    def renew(self) -> None:
        """Make ready again after a worker died; ClusterError when that is hopeless."""
        ...

    def stop(self) -> None:
        """Drop what waits and let what runs come to its end."""
        ...


@dataclass(frozen=True, slots=True)
class Crew:
    """Which workers to take: `workers` of them, `executor` one of `EXECUTORS`, or those of a `cluster`.

    `auto` is threads for short work, a thread and processes for long. `cluster` is the address of a Dask scheduler,
    `local` for one that is started for the run, or None.
    """

    workers: int
    executor: str = "threads"
    cluster: str | None = None

    def kind(self, work: int) -> str:
        """Who does `work` quarters of members; `run.json` says it: an executor, `joint` or `cluster`."""
        if self.cluster is not None:
            return "cluster"
        if self.executor == "auto":
            return "joint" if self.workers > 1 and work > _LONG_WORK else "threads"
        return self.executor


@contextlib.contextmanager
def open_workers(crew: Crew, study: Study, engine: str, work: int) -> Iterator[Workers]:
    """The workers of a crew for `work` quarters of members, let go at the end; ClusterError without the cluster."""
    workers: Workers
    if crew.cluster is not None:
        with _cluster(crew) as client:
            workers = _Cluster(client, study, engine)
            try:
                yield workers
            finally:
                workers.stop()
        return
    made: dict[str, type[_Threads | _Processes | _Joint]] = {
        "threads": _Threads,
        "processes": _Processes,
        "joint": _Joint,
    }
    workers = made[crew.kind(work)](study, engine, crew.workers)
    try:
        yield workers
    finally:
        workers.stop()


class _Threads:
    """Threads of this process: they share the study, and a task can be stopped between members."""

    lost: tuple[type[BaseException], ...] = ()

    def __init__(self, study: Study, engine: str, count: int) -> None:
        self.count = count
        self._study = study
        self._engine = engine
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="member")

    def submit(self, members: Sequence[int]) -> Future[Done]:
        return self._executor.submit(
            simulate_members, self._study, members, self._engine, self._stop
        )

    def renew(self) -> None:
        """Threads do not die."""

    def stop(self) -> None:
        self._stop.set()
        self._executor.shutdown(wait=True, cancel_futures=True)


class _Processes:
    """Processes started afresh (`spawn`, whatever Mesa or others set for the whole process).

    The first task is done by this process itself, so that the loops are compiled once and only read from disk by the
    others. The pool is that of `concurrent.futures`: `multiprocessing.Pool` waits for ever when a worker is killed.
    """

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, study: Study, engine: str, count: int) -> None:
        self.count = count
        self._study = study
        self._engine = engine
        self._first = True
        self._starts, self._most_starts = 0, _MOST_STARTS
        self._pool: ProcessPoolExecutor | None = None
        self._packed: Path | None = None

    def submit(self, members: Sequence[int]) -> Future[Done]:
        if self._first:
            self._first = False
            return _at_once(self._study, members, self._engine)
        try:
            with interrupts_held():
                future = self._started().submit(_simulate_here, members, self._engine)
        except BrokenExecutor as broken:
            future = Future()
            future.set_exception(broken)
            return future
        future.add_done_callback(self._count_done)
        return future

    def renew(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None
        if self._starts >= self._most_starts:
            raise ClusterError(
                f"worker processes died {self._starts} times in a row without finishing a member; a script that runs "
                "with executor='processes' needs `if __name__ == \"__main__\":` around the call; else use "
                "--executor threads",
                f"工作进程连续 {self._starts} 次在完成任何成员之前终止；脚本中使用 executor='processes' 时须把调用置于 "
                '`if __name__ == "__main__":` 之下；或改用 --executor threads',
            )

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._packed is not None:
            self._packed.unlink(missing_ok=True)

    def start(self) -> Future[Done]:
        """Start every process ahead of its tasks; the future is done, or broken, when the first one is ready."""
        self._first = False
        with interrupts_held():
            pool = self._started()
            first, *_ = [pool.submit(_simulate_here, [0], self._engine) for _ in range(self.count)]
        return first

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            import multiprocessing

            self._starts += 1
            self._pool = ProcessPoolExecutor(
                self.count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_settle_in,
                initargs=(self._file(),),
            )
        return self._pool

    def _file(self) -> Path:
        """The study in a file, since Python itself waits for ever when a child dies that it hands much to."""
        if self._packed is None:
            handle, name = tempfile.mkstemp(prefix="simulate-study-")
            self._packed = Path(name)
            with os.fdopen(handle, "wb") as stream:
                pickle.dump(self._study, stream)
        return self._packed

    def _count_done(self, future: Future[Done]) -> None:
        if not future.cancelled() and future.exception() is None:
            self._starts, self._most_starts = 0, _MOST_STARTS_LATER


class _Joint:
    """A thread of this process, and processes that take their share as soon as they have started.

    Python's own code between the loops keeps threads from running side by side; the start of processes is hidden
    behind the first members. Where none can be started the thread does it all.
    """

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, study: Study, engine: str, count: int) -> None:
        self.count = count
        self._study = study
        self._engine = engine
        self._own = _Threads(study, engine, 1)
        self._others = _Processes(study, engine, count - 1)
        self._ready: Future[Done] | None = None
        self._died = False
        self._lock = threading.Lock()
        self._out = {id(self._own): 0, id(self._others): 0}

    def submit(self, members: Sequence[int]) -> Future[Done]:
        if self._ready is None:
            # Compiles the loops, so that the others only read them from disk.
            done = _at_once(self._study, members, self._engine)
            try:
                self._ready = self._others.start()
            except OSError as problem:
                self._ready = Future()
                self._ready.set_exception(problem)
            self._ready.add_done_callback(_warn)
            return done
        to = self._next()
        self._count(to, 1)
        future = to.submit(members)
        future.add_done_callback(lambda _: self._count(to, -1))
        return future

    def renew(self) -> None:
        # What killed a process is not tried in this one.
        self._died = True
        self._others.renew()

    def stop(self) -> None:
        self._own.stop()
        self._others.stop()

    def _next(self) -> "_Threads | _Processes":
        if self._died:
            return self._others
        assert self._ready is not None
        if not self._ready.done() or self._ready.exception() is not None:
            return self._own
        shares = ((self._out[id(each)] / each.count, each) for each in (self._others, self._own))
        return min(shares, key=lambda share: share[0])[1]

    def _count(self, to: "_Threads | _Processes", change: int) -> None:
        with self._lock:
            self._out[id(to)] += change


class _Cluster:
    """The workers of a Dask scheduler; it hands the tasks of a killed worker to another one itself."""

    def __init__(self, client: Any, study: Study, engine: str) -> None:
        from distributed import KilledWorker

        self.lost: tuple[type[BaseException], ...] = (KilledWorker, CancelledError)
        self._client = client
        self._study = study
        self._engine = engine
        self._first = True
        self._starts = 0
        self._executor: Executor = client.get_executor(pure=False)
        self._ready: Any = None

    @property
    def count(self) -> int:
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)

    def submit(self, members: Sequence[int]) -> Future[Done]:
        if self._first:
            self._first = False
            return _at_once(self._study, members, self._engine)
        if self._ready is None:
            # A task of its own rather than scattered data: when the worker that holds it dies, Dask makes it again.
            self._starts += 1
            self._ready = self._client.submit(
                _unpack, pickle.dumps(self._study), source_digest(), pure=False
            )
        future = self._executor.submit(simulate_members, self._ready, members, self._engine)
        future.add_done_callback(self._count_done)
        return future

    def renew(self) -> None:
        if self._client.status != "running" or self._starts >= _MOST_STARTS_LATER:
            raise ClusterError(
                "the Dask cluster is gone or loses every worker; what is complete is kept: run the same command again",
                "Dask 集群已失联或反复丢失工作进程；已完成的部分保留：请重新运行同一命令",
            )
        self._ready = None

    def stop(self) -> None:
        self._executor.shutdown(wait=False)  # Dask's own: cancels what is out
        self._ready = None

    def _count_done(self, future: Future[Done]) -> None:
        if not future.cancelled() and future.exception() is None:
            self._starts = 0


@contextlib.contextmanager
def _cluster(crew: Crew) -> Iterator[Any]:
    """A client of the scheduler at the address, or of a cluster of processes on this machine."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as missing:
        raise ClusterError(
            "--cluster needs the extra [distributed]: pip install 'tianjin-ai-simulator[distributed]'",
            "--cluster 需要附加组件 [distributed]：pip install 'tianjin-ai-simulator[distributed]'",
            exit_code=2,
        ) from missing
    with contextlib.ExitStack() as held:
        address: Any = crew.cluster
        if crew.cluster == LOCAL:
            address = held.enter_context(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=crew.workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
        try:
            client = Client(  # type: ignore[no-untyped-call]
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
            held.enter_context(client)
            client.wait_for_workers(1, timeout=_AWAIT_SECONDS)
        except (OSError, ValueError) as problem:
            raise ClusterError(
                f"no Dask workers at {crew.cluster} ({problem}); start some with `dask scheduler` and `dask worker`, "
                "or use --cluster local",
                f"{crew.cluster} 处没有可用的 Dask 工作进程（{problem}）；请先启动 `dask scheduler` 与 `dask worker`，"
                "或使用 --cluster local",
                exit_code=2,
            ) from problem
        yield client


def _at_once(study: Study, members: Sequence[int], engine: str) -> Future[Done]:
    """A task done here and now, which also compiles the loops and fills what a study keeps."""
    future: Future[Done] = Future()
    future.set_result(simulate_members(study, members, engine))
    return future


def _warn(ready: Future[Done]) -> None:
    if not ready.cancelled() and ready.exception() is not None:
        logging.getLogger("simulator").warning(
            "no further process could be started (%s); one thread does it all · 未能启动其他进程，由一个线程完成",
            ready.exception(),
        )


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C, which reaches every process of a terminal, from processes started meanwhile.

    They inherit what the starting thread blocks, from their first instruction on; the parent alone decides.
    """
    import signal

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_here: Study
"""The study of a worker process, set once when it starts."""


def _settle_in(packed: Path) -> None:
    """Make a fresh worker process ready; it leaves with its parent, also when that is killed."""
    import multiprocessing
    import signal
    from multiprocessing.connection import wait

    global _here
    # Ctrl-C reaches every process of the terminal; the parent alone decides what to do about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):  # and so does the closing of it
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def leave() -> None:
            wait([parent.sentinel])
            packed.unlink(missing_ok=True)
            os._exit(1)

        threading.Thread(target=leave, daemon=True).start()
    _here = pickle.loads(packed.read_bytes())


def _simulate_here(members: Sequence[int], engine: str) -> Done:
    return simulate_members(_here, members, engine)


def _unpack(packed: bytes, source: str) -> Study:
    """The study on a worker of a cluster, whose installation has to be the same."""
    if source != source_digest():
        raise MismatchError(
            f"a worker of the cluster has other simulator sources ({source_digest()[:8]}, here {source[:8]}); install "
            "the same version there",
            f"集群工作进程的模拟器源码不同（{source_digest()[:8]}，本机 {source[:8]}）；请安装相同版本",
        )
    study: Study = pickle.loads(packed)
    return study


def _checked(study: Study, result: MemberResult) -> tuple[Floats, Floats]:
    values = np.array(result.values, dtype=np.float64)
    parameters = np.array(result.parameters, dtype=np.float64)
    expected = (len(study.quarters), len(study.series))
    if values.shape != expected or parameters.shape != (len(study.parameter_names),):
        raise ValueError(f"shapes {values.shape} and {parameters.shape}, expected {expected}")
    broken = ~np.isfinite(values)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise ValueError(
            f"{study.series[column]} is {values[row, column]} in {study.quarters[row]}"
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
