"""Threads, processes and a cluster give the same bytes, and a killed worker loses nothing."""

import collections
import functools
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc
from pathlib import Path

import pytest

import simulator
from simulator.experiments import runs, workers
from simulator.experiments.errors import ClusterError
from simulator.experiments.folder import PART_MEMBERS
from simulator.experiments.workers import Crew
from simulator.foundation.findings import UsageError

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HERE = os.getpid()


def die(marker: Path, victim: int, parent: int, member: int) -> None:
    """Kill the worker at one member, each time until the marker is there."""
    if member == victim and os.getpid() != parent and not marker.exists():
        if marker.suffix == ".once":
            marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def doze(seconds: float, member: int) -> None:
    time.sleep(seconds)


def linger(marker: Path, parent: int, kill: bool, member: int) -> None:
    """Let the others come to their share; leave a mark, or die, when in another process."""
    time.sleep(0.03)
    if os.getpid() != parent and member and not marker.exists():
        marker.touch()
        if kill:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("kill", [False, True])
def test_processes_join_a_thread_in_long_work(lab, contents, tmp_path, monkeypatch, kill):
    straight = lab.run(200, out=tmp_path / "threads")
    monkeypatch.setattr(workers, "_LONG_WORK", 0)
    marker = tmp_path / "seen"
    lab.on_member = functools.partial(linger, marker, HERE, kill)
    made = lab.run(200, out=tmp_path / "joint", executor="auto", workers=2)
    assert marker.exists() and not made.failures
    assert contents(made.path) == contents(straight.path)
    assert '"executor": "joint"' in (made.path / "run.json").read_text()


def test_where_no_process_starts_the_thread_does_it_all(
    lab, contents, tmp_path, monkeypatch, caplog
):
    straight = lab.run(60, out=tmp_path / "threads")

    def refuse(_):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(workers, "_LONG_WORK", 0)
    monkeypatch.setattr(workers._Processes, "_started", refuse)
    # The command line, tried before in this process, has handlers and a level of its own.
    monkeypatch.setattr(logging.getLogger("simulator"), "propagate", True)
    caplog.set_level(logging.WARNING, logger="simulator")
    made = lab.run(60, out=tmp_path / "alone", executor="auto", workers=2)
    assert contents(made.path) == contents(straight.path)
    assert "no more processes" in caplog.text and "一个线程" in caplog.text


@pytest.mark.parametrize(
    ("crew", "work", "kind"),
    [
        (Crew(2, "auto"), 100_000, "joint"),
        (Crew(2, "auto"), 1000, "threads"),
        (Crew(1, "auto"), 100_000, "threads"),
        (Crew(2, "threads"), 100_000, "threads"),
        (Crew(2, "processes"), 1, "processes"),
        (Crew(2, "auto", "local"), 100_000, "cluster"),
    ],
)
def test_who_simulates_follows_from_the_work(crew, work, kind):
    assert crew.kind(work) == kind


def test_a_killed_process_loses_no_member(lab, contents, tmp_path):
    straight = lab.run(120, out=tmp_path / "threads")
    lab.on_member = functools.partial(die, tmp_path / "killed.once", 70, HERE)
    made = lab.run(120, out=tmp_path / "processes", executor="processes")
    assert (tmp_path / "killed.once").exists()
    assert not made.failures
    assert contents(made.path) == contents(straight.path)
    assert '"executor": "processes"' in (made.path / "run.json").read_text()


@pytest.mark.slow
def test_a_member_that_kills_its_worker_is_a_failure_and_the_others_are_kept(lab, tmp_path):
    lab.on_member = functools.partial(die, tmp_path / "never", 70, HERE)
    made = lab.run(120, out=tmp_path / "processes", executor="processes")
    assert [failure.member for failure in made.failures] == [70]
    assert "WorkerLost" in made.failures[0].error and made.n == 119


@pytest.mark.slow
def test_workers_that_never_start_end_the_run_with_advice(tmp_path):
    """A script without a guard starts itself again in every worker."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        import simulator
        simulator.run({str(SCENARIOS / "baseline.yaml")!r}, n=3, engine="plain", workers=1,
                      executor="processes", out={str(tmp_path / "out")!r})
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "ClusterError" in done.stderr and "__main__" in done.stderr
    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.slow
def test_processes_leave_with_a_killed_parent(tmp_path):
    script = textwrap.dedent(f"""
        import sys, functools
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from tests.experiments.conftest import Lab
        from tests.experiments.test_workers import doze
        if __name__ == "__main__":
            lab = Lab(Path({str(tmp_path / "results")!r}))
            lab.on_member = functools.partial(doze, 0.05)
            lab.run(2000, out={str(tmp_path / "killed")!r}, executor="processes")
    """)
    (tmp_path / "script.py").write_text(script)
    process = subprocess.Popen([sys.executable, str(tmp_path / "script.py")])
    try:
        children = _await(lambda: _children(process.pid), lambda found: len(found) >= 2)
    finally:
        process.kill()
        process.wait()
    assert _await(lambda: [pid for pid in children if _runs(pid)], lambda left: not left) == []


def _await(look, enough, seconds=60.0):
    until = time.monotonic() + seconds
    while not enough(found := look()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def _children(pid):
    named = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in named.read_text().split()] if named.exists() else []


def _runs(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_the_model_gives_the_same_bytes_on_processes(contents, tmp_path):
    straight, other = (
        simulator.run(
            SCENARIOS / "baseline.yaml",
            n=4,
            engine="plain",
            workers=2,
            executor=executor,
            out=tmp_path / executor,
        )
        for executor in ("threads", "processes")
    )
    assert contents(other.path) == contents(straight.path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_gives_the_same_bytes_and_survives_a_killed_worker(lab, contents, tmp_path):
    distributed = pytest.importorskip("distributed")
    straight = lab.run(400, out=tmp_path / "threads")
    lab.on_member = functools.partial(doze, 0.01)
    killed = []
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    ) as cluster:

        def kill_one(done, total):
            if not killed and done > 60:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        made = lab.run(
            400,
            out=tmp_path / "cluster",
            cluster=cluster.scheduler_address,
            workers=None,
            progress=kill_one,
        )
    assert killed and not made.failures
    assert contents(made.path) == contents(straight.path)


@pytest.mark.slow
def test_no_scheduler_at_the_address_is_said_clearly(lab, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("simulator.experiments.workers._CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match="dask scheduler") as told:
        lab.run(10, cluster="tcp://127.0.0.1:9", workers=None)
    assert told.value.exit_code == 2 and "工作进程" in told.value.text("zh")


def test_a_missing_extra_is_named(lab, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"\[distributed\]") as told:
        lab.run(10, cluster="local")
    assert told.value.exit_code == 2 and "附加组件" in told.value.text("zh")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"executor": "proceses"}, "did you mean processes"),
        ({"executor": "processes", "cluster": "local"}, "exclude each other"),
        ({"cluster": "tcp://127.0.0.1:8786", "workers": 2}, "its own"),
    ],
)
def test_bad_arguments_leave_nothing_behind(lab, arguments, word):
    with pytest.raises(UsageError, match=word):
        lab.run(10, **arguments)
    assert not lab.root.exists()


def test_memory_does_not_grow_with_members(lab, tmp_path, monkeypatch):
    """Python's and numpy's memory while members stream to parts; only the names of parts may be more."""
    kept, peaks = {}, {}
    genuine = runs.simulate

    def measured(folder, manifest, *rest):
        lab.studies[-1].simulated = collections.deque(maxlen=1)  # the stub's own record
        tracemalloc.start()
        try:
            return genuine(folder, manifest, *rest)
        finally:
            kept[manifest.members], peaks[manifest.members] = tracemalloc.get_traced_memory()
            tracemalloc.stop()

    monkeypatch.setattr("simulator.experiments.folder.os.fsync", lambda descriptor: None)
    lab.run(60, out=tmp_path / "first")  # loads modules, which are no memory of members
    monkeypatch.setattr(runs, "simulate", measured)
    for members in (300, 3000):
        lab.run(members, out=tmp_path / str(members))
    # A part leaves two file names; a member's number alone would leave more than a part's allowance.
    names = 1024 * (3000 - 300) // PART_MEMBERS
    assert kept[3000] - kept[300] < names
    # Where threads happen to be decides how many parts are in the making at once: two more for two workers.
    study = lab.studies[-1]
    numbers = len(study.quarters) * len(study.series) + len(study.parameter_names)
    part = 8 * PART_MEMBERS * numbers
    assert peaks[3000] - peaks[300] < names + 2 * part
