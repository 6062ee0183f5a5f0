"""Killed at any moment: every command leaves its folder untouched, resumable or finished, and ends at the same bytes.

    python -m tests.trust.faults --trials N [--seed S] [--members N] [--engine NAME] [--only COMMAND …] [--record]

A trial starts one command of the program in a process of its own (a fork of this one, so that only the command itself
takes time) and kills it with SIGKILL: after a random time, or before the k-th time it opens, renames, links or removes
a file of its folder. Then every file that can be seen must be as it was before or as an undisturbed call leaves it,
every part that the index names must be sound, and `latest` must name a run. The same command again, or `simulate
resume`, must end at the bytes of the undisturbed call and leave nothing behind. The explorer is killed while clients
ask and save. With `--record` the other faults are looked at too: the tests that hold them are run one by one.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from simulator.cli import program
from simulator.cli import runs as cli_runs
from simulator.experiments import folder as folders
from simulator.experiments.folder import RunFolder
from simulator.experiments.store import open_run, resolve_path
from tests.explorer.pages import Client, question
from tests.trust.records import Record, Row, Said

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "scenarios" / "baseline.yaml"
PERIOD = ("--set", "period.end=2025Q4")
PART = 4
"""Members of a part in trials, instead of fifty: a kill meets a folder of many parts though the run is small."""
SECONDS = 240.0
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TOUCHING = (
    "os.rename",
    "os.remove",
    "os.link",
    "os.symlink",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
)
TIMES = ("seconds", "finished", "workers")
Files = Mapping[str, str]


class Trial(NamedTuple):
    """One kill: the command, when, what it left, and what the next call made of it."""

    command: str
    when: str
    outcome: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A command: how its folder begins, its words there, and those that go on with a run begun."""

    name: str
    words: Callable[[Path], list[str]]
    begin: Callable[[Path], None]
    resume: Callable[[Path], list[str]] | None = None
    refuses_whole: bool = False
    """Finished by the kill, the same command refuses to overwrite what is there (exit code 2)."""
    weight: int = 1


@dataclass(slots=True)
class Straight:
    """An undisturbed call: the files before and after it, how long it took, how often it touched a file."""

    before: Files
    after: Files
    seconds: float
    touches: int


@dataclass(slots=True)
class Bench:
    """Everything that trials share."""

    root: Path
    members: int
    engine: str
    straight: dict[str, Straight] = field(default_factory=dict)

    def run_words(self, members: int) -> list[str]:
        """The words of a run of so many members."""
        words = ["run", str(SCENARIO), *PERIOD, "-n", str(members), "--engine", self.engine]
        return [*words, "--workers", "2", "--no-figures"]

    def cases(self) -> list[Case]:
        """The commands that are killed."""
        few, many, engine = self.members // 2, self.members, self.engine
        made = self.root / "made"
        whole = made / "whole"

        def copied(source: str) -> Callable[[Path], None]:
            def copy(place: Path) -> None:
                shutil.copytree(made / source, place / "run")

            return copy

        def run_of(place: Path) -> str:
            found = [path for path in place.glob("baseline-*") if path.is_dir()]
            return str(found[0]) if found else str(place / "none")

        if not whole.exists():
            for name, members in (("half", few), ("whole", many)):
                code = in_fork([*self.run_words(members), "--out", str(made / name)], self.root)
                assert code == 0, (self.root / "said.txt").read_text()
        fit = ["calibrate", "-n", "80", "--held", "20", "--no-backtest", "--engine", engine]
        facts = str(ROOT / "examples" / "new_facts.csv")
        plainly = ["--engine", engine]
        return [
            Case(
                "run",
                lambda place: [*self.run_words(many), "--results", str(place)],
                lambda place: None,
                lambda place: ["resume", run_of(place), *plainly],
                weight=8,
            ),
            Case(
                "extend",
                lambda place: ["extend", str(place / "run"), "-n", str(many), *plainly],
                copied("half"),
                lambda place: ["resume", str(place / "run"), *plainly],
                weight=6,
            ),
            Case(
                "run --force",
                lambda place: [*self.run_words(many), "--out", str(place / "run"), "--force"],
                copied("half"),
                weight=2,
            ),
            Case(
                "calibrate",
                lambda place: [*fit, "--workers", "2", "-o", str(place / "fit")],
                lambda place: None,
                refuses_whole=True,
                weight=2,
            ),
            Case(
                "export",
                lambda place: [
                    "export",
                    str(place / "run"),
                    "--format",
                    "parquet",
                    "-o",
                    str(place / "run/t.parquet"),
                    "--force",
                ],
                copied("whole"),
            ),
            Case(
                "plot",
                lambda place: ["plot", str(place / "run"), "scorecard"],
                copied("whole"),
            ),
            Case(
                "update",
                lambda place: [
                    *("update", str(place / "run"), "--facts", facts),
                    *("-o", str(place / "run" / "weights.csv")),
                ],
                copied("whole"),
                refuses_whole=True,
            ),
            Case(
                "tasks mark",
                lambda place: [
                    *("tasks", "mark", "q-tj27-2-4-1-05", "done", "--note", "x"),
                    *("--file", str(place / "marks.csv")),
                ],
                lambda place: None,
            ),
        ]


# Processes --------------------------------------------------------------------------------


def in_fork(
    words: Sequence[str],
    place: Path,
    *,
    after: float | None = None,
    touch: int | None = None,
    counted: Path | None = None,
) -> int:
    """Run the program in a child; its exit code, −9 for one killed after `after` seconds or at touch number `touch`.

    What it prints goes to `said.txt` beside `place`; `counted` is a file that gets the number of touches.
    """
    child = fork(words, place, touch=touch, counted=counted)
    until = time.monotonic() + (SECONDS if after is None else after)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            if after is None:
                raise TimeoutError(f"{' '.join(words)} did not end")
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)


def fork(
    words: Sequence[str], place: Path, *, touch: int | None = None, counted: Path | None = None
) -> int:
    """Start the program in a child of its own; its process number."""
    said = place.parent / "said.txt" if place.name == "place" else place / "said.txt"
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        touches = count_touches(place, touch)
        try:
            program.main(list(words))
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        if counted is not None:
            counted.write_text(str(touches[0]))
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def count_touches(place: Path, fatal: int | None) -> list[int]:
    """Count how often a file below `place` is opened for writing, renamed or removed; die before number `fatal`."""
    touches, inside = [0], str(place)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            if not (isinstance(arguments[2], int) and arguments[2] & WRITING):
                return
        elif event not in TOUCHING:
            return
        if any(isinstance(each, str | os.PathLike) and inside in str(each) for each in arguments):
            touches[0] += 1
            if touches[0] == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return touches


# What is there ----------------------------------------------------------------------------


def seen(place: Path) -> dict[str, str]:
    """Every file that people and programs look at, by name; `run.json` without its times, links by their aim."""
    import hashlib

    found = {}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if any(part.startswith(".") for part in Path(name).parts) or path.is_dir():
            if path.is_symlink() and not name.startswith("."):
                found[name] = f"-> {os.readlink(path)}"
            continue
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
            continue
        content = path.read_bytes()
        if path.name == "run.json":
            sheet = json.loads(content)
            content = json.dumps({k: v for k, v in sheet.items() if k not in TIMES}).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def hidden(place: Path) -> list[str]:
    """Drafts, locks and half-made folders, and what an interrupted fit keeps."""
    return sorted(
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.name.startswith(".") or path.name == "unfinished"
    )


def examine(case: Case, place: Path, straight: Straight) -> tuple[str, list[str]]:
    """What a kill left (`untouched`, `resumable`, `finished`), and everything in it that should not be."""
    wrong = []
    now = seen(place)
    kept = {name: told for name, told in now.items() if "unfinished/" not in name}
    for name, told in kept.items():
        if "/parts/" in name:
            continue
        if told not in (straight.before.get(name), straight.after.get(name)):
            wrong.append(f"{name} is neither old nor new")
    for path in [path.parent for path in place.rglob("manifest.json")]:
        if any(part.startswith(".") for part in path.relative_to(place).parts):
            continue
        folder = RunFolder(path)
        try:
            folder.verify(folder.parts())
        except OSError as problem:
            wrong.append(f"the index names what is not whole: {problem}")
        if (path / "run.json").exists():
            open_run(path).verify()
    latest = place / "latest"
    if os.path.lexists(latest) and not (resolve_path(latest) / "manifest.json").exists():
        wrong.append("latest names no run")
    if kept == dict(straight.after):
        return "finished", wrong
    return ("untouched" if kept == dict(straight.before) else "resumable"), wrong


def undisturbed(case: Case, bench: Bench) -> Straight:
    """The call as it should be."""
    place = fresh(bench)
    case.begin(place)
    before = seen(place)
    counted = bench.root / "touches"
    begun = time.monotonic()
    code = in_fork(case.words(place), place, counted=counted)
    seconds = time.monotonic() - begun
    assert code == 0, f"{case.name}: {code}: {(bench.root / 'said.txt').read_text()}"
    assert not hidden(place), hidden(place)
    return Straight(before, seen(place), seconds, int(counted.read_text()))


def fresh(bench: Bench) -> Path:
    """An empty folder; always the same one, since outputs may name it."""
    place = bench.root / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


# Trials -----------------------------------------------------------------------------------


def try_once(case: Case, bench: Bench, chance: random.Random) -> Trial:
    """Kill one call, look, and let the next one finish."""
    if case.name not in bench.straight:
        bench.straight[case.name] = undisturbed(case, bench)
    straight = bench.straight[case.name]
    place = fresh(bench)
    case.begin(place)
    if chance.random() < 0.5:
        touch = chance.randint(1, straight.touches)
        when = f"before touch {touch} of {straight.touches}"
        code = in_fork(case.words(place), place, touch=touch)
    else:
        after = chance.uniform(0.0, straight.seconds)
        when = f"after {after:.3f} of {straight.seconds:.3f} s"
        code = in_fork(case.words(place), place, after=after)
    outcome, wrong = examine(case, place, straight)
    if code not in (-signal.SIGKILL, 0):
        wrong.append(f"exit code {code}")
    again = case.words(place)
    begun = (place / "run").exists() or any(place.glob("baseline-*/manifest.json"))
    if case.resume and begun and outcome != "untouched" and chance.random() < 0.5:
        again, when = case.resume(place), f"{when}, then resume"
    code = in_fork(again, place)
    if again[0] == "resume" and code == 0 and seen(place) == dict(straight.before):
        # Killed before it had said how many members are wanted: resuming gave back the run that was there.
        code = in_fork(case.words(place), place)
    allowed = (0, 2) if case.refuses_whole and outcome == "finished" else (0,)
    if code not in allowed:
        wrong.append(f"then exit code {code}: {(bench.root / 'said.txt').read_text()[-600:]}")
    after_all = seen(place)
    if again[0] == "resume":
        after_all.setdefault("latest", straight.after.get("latest", ""))
        after_all = {name: told for name, told in after_all.items() if told}
    if after_all != dict(straight.after):
        names = {
            n for n in {*after_all, *straight.after} if after_all.get(n) != straight.after.get(n)
        }
        wrong.append(f"not the same in the end: {sorted(names)[:6]}")
    if left := hidden(place):
        wrong.append(f"left behind: {left}")
    return Trial(case.name, when, outcome, tuple(wrong))


FUNDS = {"entry": "scenarios/baseline.yaml", "doses": {"tj27_funds": 300}}
SAVING = {
    "shown": FUNDS,
    "file": "mine",
    "zh": "我的",
    "en": "Mine",
    "overwrite": True,
    "lang": "en",
}


@contextlib.contextmanager
def exploring(bench: Bench, place: Path, touch: int | None = None) -> Iterator[tuple[int, Client]]:
    """An explorer of a working folder in a child, and a client of it; the child is killed at the end."""
    (bench.root / "said.txt").unlink(missing_ok=True)
    words = ["--json", "explore", str(place / "scenarios/baseline.yaml"), "--port", "0"]
    here = Path.cwd()
    os.chdir(place)
    try:
        child = fork([*words, "--no-browser", "--engine", bench.engine], place, touch=touch)
    finally:
        os.chdir(here)
    try:
        address, until = "", time.monotonic() + SECONDS
        while not address:
            assert time.monotonic() < until, "the explorer does not answer"
            time.sleep(0.01)
            if (bench.root / "said.txt").exists():
                found = re.search(r"http://[^\"\s]*", (bench.root / "said.txt").read_text())
                address = found[0].rstrip("/") if found else ""
        page = Client(address, "").send("GET", "/").body.decode()
        yield child, Client(address, page.partition('name="token" content="')[2].partition('"')[0])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def explorer_trial(bench: Bench, chance: random.Random) -> Trial:
    """Kill an explorer while it answers and saves; a new one must answer and save as an undisturbed one does."""
    if "explore" not in bench.straight:
        place = working_folder(bench)
        before = seen(place)
        with exploring(bench, place) as (_, client):
            begun = time.monotonic()
            cards = json.dumps(client.settle(asked(0))["cards"])
            assert client.post("/save", SAVING).status == 201
            seconds = time.monotonic() - begun
        after = seen(place) | {"cards": cards}
        bench.straight["explore"] = Straight(before, after, seconds, 0)
    straight = bench.straight["explore"]
    place = working_folder(bench)
    old = chance.random() < 0.5
    if old:
        (place / "mine.yaml").write_text(
            "extends: scenarios/baseline.yaml\nname: {zh: 旧, en: Old}\n"
        )
    before = seen(place)
    touch = chance.randint(1, 12) if chance.random() < 0.5 else None
    delay = chance.uniform(0.0, 1.2 * straight.seconds)
    when = f"before touch {touch}" if touch else f"after {delay:.3f} s"
    with exploring(bench, place, touch) as (child, client):

        def ask(number: int) -> None:
            with contextlib.suppress(OSError, AssertionError, ValueError):
                for move in range(200):
                    client.post("/ask", asked(number, move))

        def keep() -> None:
            with contextlib.suppress(OSError, ValueError):
                while client.post("/save", SAVING).status:
                    time.sleep(0.01)

        busy = [threading.Thread(target=ask, args=(number,)) for number in (1, 2)]
        busy.append(threading.Thread(target=keep))
        for thread in busy:
            thread.start()
        time.sleep(delay if touch is None else 1.2 * straight.seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        for thread in busy:
            thread.join()
    wrong = []
    now = seen(place)
    text = straight.after["mine.yaml"]
    outcome = "finished" if now.get("mine.yaml") == text else "untouched"
    if now != (before | {"mine.yaml": text} if outcome == "finished" else before):
        wrong.append("a saved file is neither whole nor absent")
    with exploring(bench, place) as (_, client):
        if json.dumps(client.settle(asked(0))["cards"]) != straight.after["cards"]:
            wrong.append("the new server answers otherwise")
        if client.post("/save", SAVING).status != 201:
            wrong.append("the new server does not save")
        names = client.send("GET", "/").body.decode()
        if ".tmp" in names:
            wrong.append("a draft is offered as a scenario")
    if seen(place) != {k: v for k, v in straight.after.items() if k != "cards"}:
        wrong.append("not the same in the end")
    if left := hidden(place):
        wrong.append(f"left behind: {left}")
    return Trial("explore", when, outcome, tuple(wrong))


def asked(number: int, move: int = 0) -> dict[str, object]:
    """A question of a tab about larger funds."""
    sizes = {"tj27_funds": 300 + 10 * number}
    moved = {"entry": "scenarios/baseline.yaml", "doses": sizes}
    return question(asker=f"tab {number}", move=move + 1, current=moved, members=16)


def working_folder(bench: Bench) -> Path:
    """A folder with the scenario alone, as one who begins has it."""
    place = fresh(bench)
    (place / "scenarios").mkdir()
    text = f"extends: {SCENARIO}\nperiod: {{end: 2025Q4}}\n"
    (place / "scenarios/baseline.yaml").write_text(text, encoding="utf-8")
    return place


def trials(
    count: int,
    seed: int,
    members: int,
    engine: str,
    root: Path,
    told: Callable[[str], None],
    commands: Sequence[str] = (),
) -> list[Trial]:
    """So many kills, the commands (some, or all of them) drawn by their weights."""
    folders.PART_MEMBERS = PART
    cli_runs._draw = lambda session, done: []  # pictures are killed in trials of `plot`
    bench = Bench(root, members, engine)
    warm(engine)
    cases = bench.cases()
    plan: list[Case | None] = [case for case in cases for _ in range(case.weight)]
    plan += [None, None]
    if commands:
        plan = [case for case in plan if (case.name if case else "explore") in commands]
    chance = random.Random(seed)
    found = []
    for number in range(count):
        case = plan[chance.randrange(len(plan))]
        trial = explorer_trial(bench, chance) if case is None else try_once(case, bench, chance)
        found.append(trial)
        told(f"{number + 1:4d} {trial.command}: {trial.when}: {trial.outcome} {trial.wrong or ''}")
    return found


def warm(engine: str) -> None:
    """Load everything once, so that a fork of this process begins with its command at once."""
    import pandas
    import pyarrow.parquet
    import uvicorn

    import simulator.experiments.backtest
    import simulator.experiments.runs
    import simulator.explorer.server
    import simulator.reporting.figures
    from simulator.experiments.provenance import source_digest, versions
    from simulator.model import prepare
    from simulator.scenario import load_scenario

    source_digest(), versions()
    assert all((pandas, pyarrow, uvicorn, simulator))
    prepare(load_scenario(SCENARIO, {"period.end": "2025Q4"})).simulate(0, engine)


# The record -------------------------------------------------------------------------------


class Condition(NamedTuple):
    """A fault that a test makes: what it is, how it must end, and the test."""

    what: Said
    end: Said
    test: str


EXPERIMENTS = "tests/experiments/test_faults.py"
OWN = "tests/trust/test_faults.py"
CONDITIONS = (
    Condition(
        Said("磁盘写满（文件大小上限，真实拒绝）", "disk full (limit of file size, refused by the kernel)"),
        Said("可续算；退出码 4，提示腾出空间后重跑", "resumable; exit code 4, says to free space and run again"),
        f"{EXPERIMENTS}::test_a_full_disk_ends_with_code_four_and_the_same_command_finishes",
    ),
    Condition(
        Said("写入中注入 ENOSPC（运行）", "ENOSPC injected while a run writes"),
        Said("可续算；退出码 4", "resumable; exit code 4"),
        "tests/experiments/test_runs.py::test_full_disk_ends_clearly_and_continues",
    ),
    Condition(
        Said("写入中注入 ENOSPC（图、报告、导出、标记等单个文件）", "ENOSPC injected while one file is replaced"),
        Said("原文件不变；不留草稿", "the old file stays; no draft is left"),
        f"{OWN}::test_a_full_disk_leaves_the_old_file_and_no_draft",
    ),
    Condition(
        Said("运行中结果文件夹被移走", "results folder removed while a run writes to it"),
        Said("退出码 4，指出文件夹；同一命令重新开始", "exit code 4, names the folder; the same call starts again"),
        f"{EXPERIMENTS}::test_a_folder_that_vanishes_under_a_run_is_said_and_the_same_call_starts_again",
    ),
    Condition(
        Said("分段截断、翻转一个字节、清空或删除", "a part cut short, a flipped byte, emptied or removed"),
        Said("退出码 3，指出成员范围；只重算这些成员", "exit code 3, names the members; only these are run again"),
        f"{EXPERIMENTS}::test_a_damaged_part_is_named_by_its_members_and_mended_alone",
    ),
    Condition(
        Said("两个进程同用一个运行文件夹", "two processes on one run folder"),
        Said("第二个：退出码 4，指出进程号；未作改动", "the second: exit code 4, names the process; untouched"),
        "tests/experiments/test_runs.py::test_two_processes_cannot_hold_one_folder",
    ),
    Condition(
        Said("被杀进程遗留的锁文件", "the lock file of a killed process"),
        Said("不妨碍；完成后清除", "in nobody's way; cleared away"),
        f"{OWN}::test_the_lock_of_a_killed_process_is_in_nobodys_way",
    ),
    Condition(
        Said("文件系统不支持锁", "a file system that knows no locks"),
        Said("运行：退出码 4，建议 --out；未作改动。单个文件：照常整体写入",
             "a run: exit code 4, advises --out; untouched. One file: written whole all the same"),
        f"{OWN}::test_a_file_system_without_locks",
    ),
    Condition(
        Said("时钟拨回、向前向后跳变", "the clock set back, jumping forward and backward"),
        Said("字节相同", "the same bytes"),
        f"{OWN}::test_a_clock_that_jumps_changes_no_byte",
    ),
    Condition(
        Said("SIGTERM、SIGHUP", "SIGTERM, SIGHUP"),
        Said("可续算；退出码 130，给出 resume 命令", "resumable; exit code 130, names the command resume"),
        f"{EXPERIMENTS}::test_a_polite_kill_ends_as_ctrl_c_does",
    ),
    Condition(
        Said("终端关闭", "closed terminal"),
        Said("可续算；退出码 130", "resumable; exit code 130"),
        f"{EXPERIMENTS}::test_a_closed_terminal_leaves_a_run_that_goes_on",
    ),
    Condition(
        Said("Ctrl-C", "Ctrl-C"),
        Said("可续算；退出码 130，给出 resume 命令", "resumable; exit code 130, names the command resume"),
        f"{EXPERIMENTS}::test_ctrl_c_in_a_terminal_names_the_command_that_goes_on",
    ),
    Condition(
        Said("内存上限（ulimit -v）", "memory limit (ulimit -v)"),
        Said("退出码 4，给出可用的设置（ulimit -v、--workers 1）",
             "exit code 4, names what helps (ulimit -v, --workers 1)"),
        f"{EXPERIMENTS}::test_a_memory_limit_ends_with_code_four_and_the_setting_that_helps",
    ),
    Condition(
        Said("某成员得不到内存", "a member that gets no memory"),
        Said("可续算；退出码 4；不记为失败成员", "resumable; exit code 4; no member counts as failed"),
        f"{EXPERIMENTS}::test_a_member_that_gets_no_memory_stops_the_run_and_fails_nobody",
    ),
    Condition(
        Said("文件夹只读", "read-only folder"),
        Said("未作改动；退出码 4，建议 --out；已完成的运行仍可查看",
             "untouched; exit code 4, advises --out; a finished run can still be shown"),
        f"{EXPERIMENTS}::test_a_folder_without_write_permission_is_said_and_untouched",
    ),
    Condition(
        Said("当前目录已被删除", "the current directory has vanished"),
        Said("退出码 2，一句话说明；未作改动", "exit code 2 and one sentence; untouched"),
        f"{OWN}::test_a_current_directory_that_vanished_is_said",
    ),
    Condition(
        Said("工作进程被杀", "a worker process is killed"),
        Said("不丢成员，字节相同", "no member lost, the same bytes"),
        "tests/experiments/test_workers.py::test_a_killed_process_loses_no_member",
    ),
    Condition(
        Said("两个进程同时 tasks mark", "two processes mark tasks at once"),
        Said("不丢任何标记", "no mark lost"),
        f"{OWN}::test_two_who_mark_at_once_lose_no_mark",
    ),
    Condition(
        Said("两个进程同时写同一文件（图、报告、导出）", "two processes write one file (plot, report, export)"),
        Said("依次写入；总是完整的一份；等待过久则退出码 4",
             "one after the other; always one of them whole; exit code 4 after too long a wait"),
        f"{OWN}::test_two_who_write_one_file_take_turns",
    ),
)  # fmt: skip


def held_by_tests(conditions: Sequence[Condition]) -> dict[str, bool]:
    """Run the tests of these conditions; whether every form of each passed and at least one was run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "-p", "no:cacheprovider", f"--junit-xml={report}"]
        tests = sorted({each.test for each in conditions})
        subprocess.run([sys.executable, "-m", "pytest", *words, *tests], cwd=ROOT, check=False)
        told: dict[str, list[bool]] = {}
        for case in ElementTree.parse(report).iter("testcase"):
            name = str(case.get("name")).partition("[")[0]
            passed = all(case.find(tag) is None for tag in ("failure", "error", "skipped"))
            told.setdefault(name, []).append(passed)
    names = {each.test: each.test.rpartition("::")[2] for each in conditions}
    return {test: bool(told.get(name)) and all(told[name]) for test, name in names.items()}


def record(found: Sequence[Trial], held: Mapping[str, bool], command: str) -> Record:
    """The trials by command and by outcome, and the other faults."""
    total, right = len(found), sum(not trial.wrong for trial in found)
    broken = [test for test, good in held.items() if not good]
    by_command: dict[str, Counter[str]] = {}
    for trial in found:
        by_command.setdefault(trial.command, Counter())[trial.outcome] += 1
    rows = [
        Row(
            Said(f"kill −9：{name}", f"kill −9: {name}"),
            Said(
                f"{sum(counts.values())} 次：{_counts(counts, WORDS_ZH, '，')}",
                f"{sum(counts.values())} trials: {_counts(counts, WORDS_EN, ', ')}",
            ),
        )
        for name, counts in sorted(by_command.items())
    ]
    rows.append(
        Row(
            Said(
                "之后字节与未受扰运行相同、无残留文件",
                "then the same bytes as undisturbed, nothing left behind",
            ),
            Said(f"{right} / {total}", f"{right} of {total}"),
        )
    )
    for each in CONDITIONS:
        if each.test in held:
            good = held[each.test]
            word = Said("", "") if good else Said("不成立：", "does not hold: ")
            rows.append(Row(each.what, Said(word.zh + each.end.zh, word.en + each.end.en)))
    fine = right == total and not broken
    finding = Said(
        f"随机时刻杀死 {total} 次：此后 {right} 次与未受扰的运行逐字节相同且无残留，文件夹总是未动、可续算或已完成。",
        f"Killed {total} times at random moments: {right} times the next call ended at the bytes of an undisturbed "
        "one with nothing left behind, the folder being untouched, resumable or finished.",
    )
    if held:
        finding = Said(
            f"{finding.zh}其他 {len(held)} 种故障有 {len(held) - len(broken)} 种按约定结束。",
            f"{finding.en} Of {len(held)} other faults {len(held) - len(broken)} ended as agreed.",
        )
    if not fine:
        finding = Said(f"有不成立者。{finding.zh}", f"Something does not hold. {finding.en}")
    name = Said(
        "故障：随时被杀、磁盘写满、并发写入", "Faults: killed at any moment, disk full, two at once"
    )
    return Record("faults", name, command, finding, rows)


WORDS_ZH = {"finished": "已完成", "resumable": "可续算", "untouched": "未动"}
WORDS_EN = {word: word for word in WORDS_ZH}


def _counts(counts: Counter[str], words: Mapping[str, str], between: str) -> str:
    return between.join(f"{words[each]} {counts[each]}" for each in WORDS_ZH if counts[each])


def main() -> None:
    """Try, print, and keep the figures if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--members", type=int, default=24)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--only", nargs="*", default=(), metavar="COMMAND")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simulate-faults-") as root:
        found = trials(
            given.trials,
            given.seed,
            given.members,
            given.engine,
            Path(root).resolve(),
            lambda line: print(line, flush=True),
            given.only,
        )
    held = held_by_tests(CONDITIONS) if given.record else {}
    made = record(
        found,
        held,
        f"python -m tests.trust.faults --trials {given.trials} --seed {given.seed} --record",
    )
    print(made.show())
    if given.record:
        print(made.write())
    if any(trial.wrong for trial in found) or not all(held.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
