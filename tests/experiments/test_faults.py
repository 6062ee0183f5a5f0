"""Killed, out of room, not allowed: a run ends clearly and continues to the same bytes."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from simulator.cli import program
from simulator.experiments import runs
from simulator.experiments.errors import DamagedError, DiskError, MemoryShortError, StoreError
from simulator.experiments.folder import RunFolder
from simulator.experiments.store import open_run

ROOT = Path(__file__).parents[2]
SLOW = pytest.mark.slow
SEEDS = [*range(3), *(pytest.param(seed, marks=SLOW) for seed in range(3, 13))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_killed_at_any_moment_continues_to_the_same_bytes(lab, contents, tmp_path, seed):
    straight = lab.run(300, out=tmp_path / "straight")
    script = textwrap.dedent(f"""
        import functools, sys
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from tests.experiments.conftest import Lab
        from tests.experiments.test_workers import doze
        lab = Lab(Path({str(tmp_path / "results")!r}))
        lab.on_member = functools.partial(doze, 0.002)
        print("go", flush=True)
        lab.run(300, out={str(tmp_path / "killed")!r})
    """)
    moments = np.random.default_rng(seed).uniform(0.0, 0.8, 1 + seed % 3)
    for moment in moments:
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline() == b"go\n"
        time.sleep(moment)
        process.kill()
        process.wait()
        process.stdout.close()
    finished = lab.run(300, out=tmp_path / "killed")
    assert contents(finished.path) == contents(straight.path)
    assert open_run(finished.path).digest() == straight.digest()


WITH_LITTLE_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from simulator.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.mark.parametrize("room", [40_000, pytest.param(3_000, marks=SLOW)])
def test_a_full_disk_ends_with_code_four_and_the_same_command_finishes(contents, tmp_path, room):
    """The kernel refuses to let a file grow past `room` bytes: a real refusal inside a real run."""
    pytest.importorskip("resource")
    words = ["--lang", "both", "run", str(ROOT / "scenarios/baseline.yaml"), "-n", "2"]
    words += ["--engine", "plain", "--no-figures", "--out"]
    stopped = subprocess.run(
        [sys.executable, "-c", WITH_LITTLE_ROOM, str(room), *words, str(tmp_path / "full")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert stopped.returncode == 4, stopped.stderr
    assert "no room left" in stopped.stderr and "磁盘空间不足" in stopped.stderr
    assert "Traceback" not in stopped.stderr and not (tmp_path / "full" / "run.json").exists()
    for name in ("full", "straight"):
        done = CliRunner().invoke(program, [*words, str(tmp_path / name)])
        assert done.exit_code == 0, done.stderr
    assert contents(tmp_path / "full") == contents(tmp_path / "straight")


@pytest.fixture
def somebody():
    """Nobody in particular: root may write anywhere, so it steps down for the length of a test."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.fixture
def read_only(lab, tmp_path):
    """A run in a results folder that may not be written to; libraries are loaded by now."""
    made = lab.run(60, out=tmp_path / "results" / "mine")
    for folder in (made.path, made.path / "parts", made.path.parent):
        folder.chmod(0o555)
    for folder in [tmp_path, *tmp_path.parents][:4]:
        folder.chmod(0o755)
    yield made
    for folder in (made.path.parent, made.path, made.path / "parts"):
        folder.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users to change to")
def test_a_folder_without_write_permission_is_said_and_untouched(
    lab, read_only, contents, somebody
):
    before = contents(read_only.path)
    for out, members in ((read_only.path.parent / "other", 10), (read_only.path, 100)):
        with pytest.raises(DiskError, match="no permission") as told:
            lab.run(members, out=out)
        assert told.value.exit_code == 4
        assert "--out" in told.value.text("en") and "没有权限" in told.value.text("zh")
    assert contents(read_only.path) == before
    assert lab.run(60, out=read_only.path).reused


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_file_where_the_folder_should_be_is_said_and_untouched(lab, tmp_path, name):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError) as told:
        lab.run(10, out=tmp_path / name)
    assert told.value.exit_code in (2, 4) and str(tmp_path / "file") in str(told.value)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=SLOW)])
def test_ctrl_c_in_a_terminal_names_the_command_that_goes_on(tmp_path, executor):
    """The signal reaches the whole group of processes, as from a keyboard."""
    words = [sys.executable, "-m", "simulator", "run", str(ROOT / "scenarios/baseline.yaml")]
    words += ["-n", "900", "--engine", "plain", "--no-figures", "--out", str(tmp_path / "cut")]
    words += ["--executor", executor]
    begun = "manifest.json" if executor == "threads" else "parts/index.jsonl"
    process = subprocess.Popen(
        words, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        file, until = tmp_path / "cut" / begun, time.monotonic() + 60.0
        while not (file.exists() and file.stat().st_size) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, told
    assert f"simulate resume {tmp_path / 'cut'}" in told and "Traceback" not in told


class EarlierClock(datetime):
    """A clock somebody set back."""

    @classmethod
    def now(cls, tz=None):
        return cls(1999, 12, 31, tzinfo=tz)


def _begin(words, out, begun, **streams):
    """A run in a process of its own session, once it has stored something named `begun`."""
    command = [sys.executable, "-m", "simulator", "--lang", "both", "run"]
    command += [str(ROOT / "scenarios/baseline.yaml"), "-n", "900", "--engine", "plain"]
    command += ["--no-figures", "--out", str(out), *words]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **streams)
    file, until = out / begun, time.monotonic() + 90.0
    while not (file.exists() and file.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)
    return process


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
@pytest.mark.parametrize("name", ["SIGTERM", pytest.param("SIGHUP", marks=SLOW)])
def test_a_polite_kill_ends_as_ctrl_c_does(tmp_path, name):
    process = _begin([], tmp_path / "cut", "manifest.json", stderr=subprocess.PIPE, text=True)
    try:
        process.send_signal(getattr(signal, name))
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, told
    assert f"simulate resume {tmp_path / 'cut'}" in told and "已中断" in told
    assert "Traceback" not in told


CLOSING = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX systems")
@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=SLOW)])
def test_a_closed_terminal_leaves_a_run_that_goes_on(tmp_path, executor):
    """The real thing: a terminal of its own, closed while the progress bar is drawn on it."""
    import pty

    ours, theirs = pty.openpty()
    words = ["-m", "simulator", "run", str(ROOT / "scenarios/baseline.yaml"), "-n", "900"]
    words += ["--engine", "plain", "--no-figures", "--executor", executor]
    words += ["--out", str(tmp_path / "cut")]
    process = subprocess.Popen(
        [sys.executable, "-c", CLOSING, *words],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    file = tmp_path / "cut" / ("manifest.json" if executor == "threads" else "parts/index.jsonl")
    until = time.monotonic() + 90.0
    while not (file.exists() and file.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    os.close(ours)
    try:
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
    assert not (tmp_path / "cut" / "run.json").exists()
    assert RunFolder(tmp_path / "cut").sound_parts()


def test_a_member_that_gets_no_memory_stops_the_run_and_fails_nobody(lab, contents, tmp_path):
    straight = lab.run(300, out=tmp_path / "straight")

    def refuse(member):
        if member == 270:
            raise MemoryError("Unable to allocate 8.00 GiB")

    lab.on_member = refuse
    with pytest.raises(MemoryShortError, match="--workers 1") as told:
        lab.run(300, out=tmp_path / "short", workers=1)
    assert told.value.exit_code == 4 and "内存不足" in told.value.text("zh")
    kept = RunFolder(tmp_path / "short").sound_parts()
    assert sum(len(part.good) for part in kept) >= 200
    assert not any(part.failed for part in kept)
    lab.on_member = lambda member: None
    finished = lab.run(300, out=tmp_path / "short")
    assert min(lab.simulated) >= 200
    assert contents(finished.path) == contents(straight.path)


@pytest.mark.parametrize("mebibytes", [300, pytest.param(450, marks=SLOW)])
def test_a_memory_limit_ends_with_code_four_and_the_setting_that_helps(tmp_path, mebibytes):
    """Under so small a limit a library cannot even be loaded: no traceback for that either."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "RLIMIT_AS"):
        pytest.skip("no limit of address space here")
    limited = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({mebibytes << 20},) * 2)\n"
        "from simulator.cli import main\n"
        "main()\n"
    )
    words = ["--lang", "both", "run", str(ROOT / "scenarios/baseline.yaml"), "-n", "8"]
    words += ["--engine", "plain", "--no-figures", "--out", str(tmp_path / "small")]
    done = subprocess.run(
        [sys.executable, "-c", limited, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "not enough memory" in done.stderr and "内存不足" in done.stderr
    assert "ulimit -v" in done.stderr and "Traceback" not in done.stderr


def test_a_folder_that_vanishes_under_a_run_is_said_and_the_same_call_starts_again(
    lab, contents, tmp_path
):
    straight = lab.run(300, out=tmp_path / "straight")

    def remove(member):
        if member == 120:
            os.replace(tmp_path / "gone", tmp_path / "elsewhere")

    lab.on_member = remove
    with pytest.raises(StoreError) as told:
        lab.run(300, out=tmp_path / "gone", workers=1)
    assert str(tmp_path / "gone") in str(told.value) and told.value.exit_code == 4
    lab.on_member = lambda member: None
    assert contents(lab.run(300, out=tmp_path / "gone").path) == contents(straight.path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "removed"])
def test_a_damaged_part_is_named_by_its_members_and_mended_alone(lab, contents, tmp_path, damage):
    straight = lab.run(300, out=tmp_path / "mine")
    before = contents(straight.path)
    part = straight.path / "parts" / "members-000100-000149.parquet"
    data = bytearray(part.read_bytes())
    if damage == "removed":
        part.unlink()
    else:
        data[len(data) // 2] ^= 1
        part.write_bytes({"cut": data[:-9], "flipped": data, "emptied": b""}[damage])
    with pytest.raises(DamagedError, match="members 100 to 149") as told:
        open_run(straight.path).digest(), open_run(straight.path).verify()
    assert told.value.exit_code == 3
    mended = lab.run(300, out=tmp_path / "mine")
    assert lab.simulated == list(range(100, 150))
    assert contents(mended.path) == before


def test_a_clock_set_back_changes_nothing_but_the_time_told(lab, contents, tmp_path, monkeypatch):
    first = lab.run(60, out=tmp_path / "first")
    monkeypatch.setattr(runs, "datetime", EarlierClock)
    second = lab.run(60, out=tmp_path / "second")
    assert contents(second.path) == contents(first.path)
    assert json.loads((second.path / "run.json").read_text())["finished"].startswith("1999")
    assert lab.run(60, out=tmp_path / "first").reused and lab.run(90, out=tmp_path / "first")
