"""What goes wrong around a command: a sample of kills, locks, full disks, clocks, two at once."""

import errno
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from simulator.checklist import checklist, read_marks, set_marks
from simulator.experiments.errors import DiskError
from simulator.foundation import files
from simulator.foundation.files import BusyError, alone, write_alone
from simulator.registry import load_library
from simulator.scenario import load_scenario, sheet_text
from tests.experiments.conftest import Lab

ROOT = Path(__file__).parents[2]
ITEMS = checklist(load_library())
POSIX = pytest.mark.skipif(os.name != "posix", reason="kills and forks of POSIX systems")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "results")


def numbers(folder: Path) -> dict[str, bytes]:
    """Every file of a run but `run.json`, which tells when and how long."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@POSIX
def test_killed_at_five_moments_everything_ends_at_the_same_bytes() -> None:
    """A sample of `python -m tests.trust.faults`, with the plain engine and parts of four members."""
    words = ["-m", "tests.trust.faults", "--trials", "5", "--seed", "8", "--members", "6"]
    done = subprocess.run(
        [
            sys.executable,
            *words,
            "--engine",
            "plain",
            "--only",
            "run",
            "extend",
            "tasks mark",
            "update",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 of 5" in done.stdout


def test_the_lock_of_a_killed_process_is_in_nobodys_way(lab: Lab, tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from simulator.foundation.files import take_lock
        held = [take_lock(Path(name)) for name in sys.argv[1:]]
        print(len([each for each in held if each is not None]), flush=True)
        time.sleep(60)
    """)
    place, marks = lab.root / "place", tmp_path / "marks.csv"
    place.mkdir(parents=True)
    locks = [place / ".lock", tmp_path / ".marks.csv.lock"]
    (tmp_path / ".marks.csv.999999999.tmp").write_text("half a dra")
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, locks)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == b"2\n"
    with pytest.raises(BusyError, match="another process") as told, alone(marks, seconds=0.05):
        pass
    assert str(process.pid) in told.value.text("zh") and told.value.exit_code == 4
    process.kill()
    process.wait()
    process.stdout.close()
    assert all(lock.exists() for lock in locks)
    assert lab.run(10, out=place).n == 10
    set_marks(marks, ITEMS, [ITEMS[0].id], "done")
    assert not any(path.name.startswith(".") for path in [*tmp_path.iterdir(), *place.iterdir()])
    # Killed after its last file and before it let go: the next call finds the run whole and clears the rest.
    locks[0].write_text("99999")
    (place / ".targets.csv.999999999.tmp").write_text("half")
    assert lab.run(10, out=place).reused
    assert not any(path.name.startswith(".") for path in place.iterdir())


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_lock", refuse)
    with pytest.raises(DiskError, match="no locks") as told:
        lab.run(10, out=tmp_path / "place")
    assert told.value.exit_code == 4 and "--out" in told.value.text("zh")
    assert list((tmp_path / "place").iterdir()) == []
    write_alone(tmp_path / "picture.svg", b"whole")
    set_marks(tmp_path / "marks.csv", ITEMS, [ITEMS[0].id], "done")
    assert (tmp_path / "picture.svg").read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["marks.csv", "picture.svg", "place"]


def test_a_clock_that_jumps_changes_no_byte(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = lab.run(120, out=tmp_path / "straight")
    jumps = iter([0.0, 1e9, -1e9, 1e-3, 86_400.0, -3600.0] * 10_000)
    lock, real = threading.Lock(), time.monotonic

    def jumping() -> float:
        with lock:
            return real() + next(jumps)

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(time, "monotonic", jumping)
    lab.run(60, out=tmp_path / "jumped")
    longer = lab.run(120, out=tmp_path / "jumped")
    monkeypatch.undo()
    assert numbers(longer.path) == numbers(straight.path)
    assert lab.run(120, out=tmp_path / "jumped").reused


@POSIX
def test_a_current_directory_that_vanished_is_said(tmp_path: Path) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        gone = tmp_path / "gone"
        gone.mkdir()
        script = "import os, sys; os.rmdir(os.getcwd()); from simulator.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", script, "--lang", "both", *words],
            cwd=gone,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    scenario, out = str(ROOT / "scenarios/baseline.yaml"), str(tmp_path / "made")
    lost = call("run", scenario, "-n", "1", "--engine", "plain", "--no-figures", "--out", out)
    assert lost.returncode == 2, lost.stderr
    assert (
        "the current directory no longer exists" in lost.stderr
        and "当前目录已不存在" in lost.stderr
    )
    assert "Traceback" not in lost.stderr and not (tmp_path / "made").exists()


def test_two_who_mark_at_once_lose_no_mark(tmp_path: Path) -> None:
    """Two processes of two threads each, every mark one reading and one writing of the same file."""
    script = textwrap.dedent("""
        import sys, threading
        from pathlib import Path
        from simulator.checklist import checklist, set_marks
        from simulator.registry import load_library
        items = checklist(load_library())
        def mark(first):
            for item in items[first:40:4]:
                set_marks(Path(sys.argv[1]), items, [item.id], "done", sys.argv[2])
        threads = [threading.Thread(target=mark, args=(int(n),)) for n in sys.argv[3:]]
        print("ready", flush=True)
        sys.stdin.readline()
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """)
    marks = tmp_path / "marks.csv"
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(marks), name, *numbers_],
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
        )
        for name, numbers_ in (("one", ("0", "1")), ("other", ("2", "3")))
    ]
    for process in both:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    for process in both:
        process.communicate(b"go\n", timeout=120)
        assert process.returncode == 0
    found = read_marks(marks, ITEMS)
    assert set(found) == {item.id for item in ITEMS[:40]}
    notes = [found[item.id].note for item in ITEMS[:40]]
    assert notes == ["one", "one", "other", "other"] * 10
    assert [path.name for path in tmp_path.iterdir()] == ["marks.csv"]


def test_two_who_write_one_file_take_turns(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    pages = [letter * 200_000 for letter in (b"a", b"b", b"c", b"d")]
    met: list[bytes] = []
    problems: list[Exception] = []
    ended = threading.Event()

    def write(page: bytes) -> None:
        try:
            for _ in range(10):
                write_alone(target, page)
        except Exception as problem:
            problems.append(problem)

    def look() -> None:
        while not ended.is_set():
            if target.exists():
                met.append(target.read_bytes())

    write_alone(target, pages[0])
    writers = [threading.Thread(target=write, args=(page,)) for page in pages]
    reader = threading.Thread(target=look)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    reader.join()
    assert problems == [] and met and set(met) <= set(pages)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(FileExistsError):
        write_alone(target, b"other", force=False)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "figure.svg"
    write_alone(target, b"old")

    def full(*rest: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space"):
        write_alone(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["figure.svg"]


def test_a_run_of_a_shortened_period_can_be_opened_again(tmp_path: Path) -> None:
    """Its sheet holds a target of the years that a later layer cut away."""
    short = load_scenario(ROOT / "scenarios/baseline.yaml", {"period.end": "2025Q4"})
    assert any(target.year > 2025 for target in short.extra_targets)
    sheet = tmp_path / "scenario.resolved.yaml"
    sheet.write_text(sheet_text(short.stored()), encoding="utf-8")
    (tmp_path / "fit").mkdir()
    for name, content in short.papers().items():
        (tmp_path / name).write_bytes(content)
    again = load_scenario(sheet)
    assert again.digest() == short.digest() and again.extra_targets == short.extra_targets
