"""The bench of a trial: whole files of every kind, one call of the program, and what may be wrong with its end."""

import contextlib
import json
import re
import shutil
import signal
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from simulator.cli import program

ROOT = Path(__file__).resolve().parents[3]
CITY = ROOT / "examples" / "city_xingang"
SLOW = 20.0
"""Seconds of a processor after which a trial counts as hanging: a hundred times what most take."""
SWOLLEN = 600
"""Mebibytes by which one trial may raise the peak of the process."""
LONGEST = 3_000
"""Characters of one line of a message."""
CODES = frozenset({0, 2, 3})
CHINESE = re.compile("[一-鿿]")
PROSE = re.compile("[a-z]+ [a-z]+ [a-z]+")
CLEAN = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "", "NO_COLOR": "1", "COLUMNS": "100"}


class HangingError(BaseException):
    """A trial took too long; no `except Exception` of the program may swallow it."""


class Heard(NamedTuple):
    """What a call of the program gave."""

    code: int
    out: str
    err: str
    warned: tuple[str, ...]


class Trial(NamedTuple):
    """One knock: at which door, what was damaged, what came of it, and what was wrong with that (empty: nothing)."""

    door: str
    damage: str
    outcome: str
    fault: str = ""
    exhibit: str = ""


class Bench:
    """Where trials take place: a folder of whole files of every kind, and an empty one to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        shutil.copytree(ROOT / "scenarios", folder / "scenarios")
        shutil.copytree(ROOT / "calibration", folder / "calibration")
        shutil.copytree(CITY, folder / "city")
        shutil.copy(ROOT / "examples/firms_template.csv", folder / "firms.csv")
        shutil.copy(ROOT / "examples/new_facts.csv", folder / "facts.csv")
        self.baseline = folder / "scenarios/baseline.yaml"

    def run(self) -> Path:
        """A small stored run, made when it is first needed."""
        path = self.folder / "run"
        if not path.exists():
            made = ("run", str(self.baseline), "-n", "8", "--engine", "plain", "--no-figures")
            heard = call(*made, "--out", str(path))
            assert heard.code == 0, heard
        return path

    def put(self, name: str, data: bytes) -> Path:
        """A file of the working folder."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def listing(self) -> set[str]:
        """Every file there is."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}


@contextlib.contextmanager
def limited(seconds: float = SLOW) -> Iterator[None]:
    """Raise HangingError in what takes longer."""

    def stop(*_: object) -> None:
        raise HangingError

    # The first counts work, so that a busy machine makes nobody late; the second also ends what only waits.
    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, 20 * seconds),
    )
    before = [signal.signal(number, stop) for number, _, _ in timers]
    for _, timer, after in timers:
        signal.setitimer(timer, after)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def call(*arguments: str, **environment: str) -> Heard:
    """One call of the program in this process."""
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        done = CliRunner(env={**CLEAN, **environment}).invoke(program, list(arguments))
    told = tuple(f"{item.category.__name__}: {item.message}" for item in met)
    return Heard(done.exit_code, done.stdout, done.stderr, told)


def wrong_with(heard: Heard, codes: frozenset[int] = CODES) -> str:
    """What is wrong with how a call ended, whatever was asked; empty where nothing is."""
    told = heard.out + heard.err
    if heard.code not in codes:
        return f"exit code {heard.code}: {heard.err.strip()[-300:]}"
    if "Traceback" in told or "internal error:" in told:
        return f"a traceback: {told[-300:]}"
    if heard.warned:
        return f"a warning of a library: {heard.warned[0][:300]}"
    # JSON holds what was found; lines for people show what cannot be seen as escapes.
    lines = heard.err if heard.out.lstrip().startswith("{") else told
    odd = {
        c for c in lines if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t\u200b"
    }
    if odd:
        return f"unseen characters in what is printed: {sorted(map(ascii, odd))}"
    if any(len(line) > LONGEST for line in heard.err.splitlines()):
        return f"a line of {max(map(len, heard.err.splitlines()))} characters in a message"
    if heard.code != 0 and heard.out.lstrip().startswith("{"):
        return wrong_with_words(json.loads(heard.out))
    return ""


def wrong_with_words(told: Mapping[str, Any]) -> str:
    """What is wrong with the words of a refusal under `--json --lang both`."""
    error = told.get("error")
    findings = [f for item in told.get("scenarios", ()) for f in item["findings"]]
    if error is not None:
        findings = error["findings"]
        message = error["message"]
        if not (CHINESE.search(message) and re.search("[A-Za-z]{2}", message)):
            return f"not in both languages: {message[:200]}"
    if error is None and not findings:
        return "refused without a finding"
    for found in findings:
        if not (found["file"] and found["what"] and found["what_zh"]):
            return f"a finding without file or words: {found}"
        if not CHINESE.search(found["what_zh"]):
            return f"no Chinese in: {found['what_zh']}"
        allowed, zh = found["allowed"], found["allowed_zh"]
        if bool(allowed) != bool(zh) or PROSE.search(zh):
            return f"what is allowed is not in Chinese: {zh}"
        if max(len(found[part]) for part in ("what", "what_zh", "allowed", "path")) > LONGEST // 2:
            return f"a finding of {max(map(len, map(str, found.values())))} characters"
    return ""


def findings_of(heard: Heard) -> list[dict[str, Any]]:
    """The findings of a refusal under `--json`."""
    told = json.loads(heard.out)
    if "error" in told:
        return list(told["error"]["findings"])
    return [found for item in told.get("scenarios", ()) for found in item["findings"]]


SPEAKING = ("--json", "--lang", "both")


def outcome(heard: Heard) -> str:
    """How a call ended, in a word."""
    words = {0: "read", 2: "usage", 3: "refused", 4: "incomplete", 5: "not met"}
    return words.get(heard.code, f"exit {heard.code}")


def shown(data: bytes) -> str:
    """Where a damaged text may be looked at."""
    return data[:4000].decode("utf-8", "backslashreplace")
