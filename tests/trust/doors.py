"""Bad input at every door: thousands of damaged files, tables, folders, arguments, settings and requests.

Each trial damages one thing and knocks. It must end with a documented exit code and no traceback; what is refused must
be named in both languages with its place; nothing may be left behind, hang, swell or be read otherwise than it stands.

    python -m tests.trust.doors [--trials N] [--seed S] [--door NAME] [--record]
"""

# ruff: noqa: E501 - tables of odd words

import argparse
import asyncio
import contextlib
import csv
import io
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.testing import CliRunner

from simulator.cli import program
from simulator.explorer.guards import HEADERS
from simulator.explorer.site import Site, application
from simulator.foundation.findings import InputError
from simulator.foundation.tables import parse_yaml
from simulator.registry import load_library
from simulator.scenario import Scenario, load_scenario
from simulator.world.population import NO, UNITS, YES, read_population
from tests.explorer.pages import open_site, question
from tests.trust.mutators import TABLE, VALUES, YAML, damage, json_damage, json_text_damage
from tests.trust.records import Record, Row, Said

ROOT = Path(__file__).resolve().parents[2]
CITY = ROOT / "examples" / "city_xingang"
SLOW = 20.0
"""Seconds of a processor after which a trial counts as hanging: a hundred times what most take."""
SWOLLEN = 600
"""Mebibytes by which one trial may raise the peak of the process."""
LONGEST = 3_000
"""Characters of one line of a message."""
CODES = frozenset({0, 2, 3})
_CHINESE = re.compile("[一-鿿]")
_PROSE = re.compile("[a-z]+ [a-z]+ [a-z]+")
_CLEAN = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "", "NO_COLOR": "1", "COLUMNS": "100"}


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
        done = CliRunner(env={**_CLEAN, **environment}).invoke(program, list(arguments))
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
        if not (_CHINESE.search(message) and re.search("[A-Za-z]{2}", message)):
            return f"not in both languages: {message[:200]}"
    if error is None and not findings:
        return "refused without a finding"
    for found in findings:
        if not (found["file"] and found["what"] and found["what_zh"]):
            return f"a finding without file or words: {found}"
        if not _CHINESE.search(found["what_zh"]):
            return f"no Chinese in: {found['what_zh']}"
        if bool(found["allowed"]) != bool(found["allowed_zh"]) or _PROSE.search(
            found["allowed_zh"]
        ):
            return f"what is allowed is not in Chinese: {found['allowed_zh']}"
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


# Scenarios, layers and single values


def scenario_door(bench: Bench, chance: random.Random) -> Trial:
    """A scenario file, checked or shown; one that is taken must say what it stands for."""
    whole = chance.choice(sorted(bench.folder.glob("scenarios/**/*.yaml")))
    found = damage(whole.read_text(encoding="utf-8"), YAML, chance)
    # Beside the whole one, so that what it extends is found.
    file = whole.with_name("damaged.yaml")
    file.write_bytes(found.data)
    conditions = whole.parent.name == "conditions"
    try:
        if conditions:
            heard = call(*SPEAKING, "show", str(bench.baseline), "--layer", str(file))
        else:
            heard = call(*SPEAKING, chance.choice(("check", "show")), str(file))
        fault = wrong_with(heard)
        if not fault and heard.code == 3:
            named = {Path(item["file"]).name for item in findings_of(heard)}
            fault = "" if "damaged.yaml" in named else f"another file is named: {named}"
        if not fault and heard.code == 0 and not conditions:
            fault = wrongly_taken(file, whole, chance)
    finally:
        file.unlink()
    return Trial(
        "layer" if conditions else "scenario", found.kind, outcome(heard), fault, shown(found.data)
    )


def wrongly_taken(file: Path, whole: Path, chance: random.Random) -> str:
    """What of a damaged scenario that loads was passed over; empty where all of it was read."""
    scenario, before = load_scenario(file), whole_scenario(whole)
    document = parse_yaml(file.read_text(encoding="utf-8-sig"), str(file))
    read = {(origin.line, origin.column) for origin in scenario.origins.values()}
    for path in leaves(document.value):
        if document.position(path, key=True) not in read:
            return f"{path} was not read"
    again = file.with_name("again.yaml")
    from simulator.scenario import sheet_text

    again.write_text(sheet_text(scenario.resolved()), encoding="utf-8")
    try:
        # The fit is a layer of its own and stands in no sheet: laid over the sheet it changes nothing.
        resolved = load_scenario(
            again, fitted=scenario.fit.file if scenario.fit else "none"
        ).resolved()
    finally:
        again.unlink()
    if resolved != scenario.resolved():
        return "its resolved sheet reads otherwise"
    if scenario.resolved() == before.resolved() and [n.what for n in scenario.notes] == [
        n.what for n in before.notes
    ]:
        value = parse_yaml(whole.read_text(encoding="utf-8"), str(whole)).value
        if not harmless(document.value, value):
            return "nothing came of a changed value"
    return runs(scenario) if chance.random() < 0.05 else ""


@cache
def whole_scenario(path: Path) -> Scenario:
    """A scenario of the bench as it was."""
    return load_scenario(path)


def harmless(after: object, before: object) -> bool:
    """Whether two sheets may well mean the same: spelt or ordered otherwise, or a default said or left out."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            pairs = {str(k).casefold(): plain(v) for k, v in value.items()}
            return {
                k: v for k, v in pairs.items() if k not in ("members", "seed", "schema_version")
            }
        if isinstance(value, list):
            return sorted(map(repr, map(plain, value)))
        return re.sub(r"\s", "", unicodedata.normalize("NFKC", str(value))).casefold()

    return plain(after) == plain(before)


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The keys of a scenario sheet that set something of their own."""
    from tests.scenario.test_mutations import SECTIONS

    depth = SECTIONS.get(str(path[0]), 1) if path else 2
    if isinstance(value, dict) and len(path) < depth:
        for key, entry in value.items():
            if path or key not in ("schema_version", "extends"):
                yield from leaves(entry, (*path, key))
    else:
        yield path


def runs(scenario: Scenario) -> str:
    """What is wrong with simulating one member of a scenario that was found valid."""
    from simulator.model import prepare

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = prepare(scenario).simulate(0, engine="plain")
    except InputError as error:
        return f"found valid, and refused when it runs: {error}"
    except Exception as error:
        return f"found valid, and breaks when it runs: {type(error).__name__}: {error}"
    return "" if result.values.size else "nothing was simulated"


KEYS = (
    "levers.tj27_funds.size", "levers.tj27_talent.intake", "levers.tj27_funds", "levers", "assumptions.rpc",
    "assumptions.base_core_revenue", "assumptions.k_drawdown", "members", "seed", "period.end", "period", "plans",
    "mechanisms.exit", "government", "government.rule", "name", "name.zh", "population", "fit", "readings", "targets.x",
    "targets.x.value", "extends", "schema_version", "levers.tj27_funds.size.2026", "levers.tj27_funds.chains", "", ".",
    "levers..size", "levers.tj27_fund.size", "a" * 5000, "链", "\u202e", "levers.tj27_funds.size.2026.x", "__class__",
)  # fmt: skip
SIZES = (
    "300亿元",
    "30",
    "3e2亿元",
    "{2025: 100亿元}",
    "{from: {2025: 1亿元}, interpolate: linear}",
    "2027Q4",
    "0.5",
    "all",
)


def set_door(bench: Bench, chance: random.Random) -> Trial:
    """One or two `--set`."""
    pairs = []
    for _ in range(chance.choice((1, 1, 2))):
        value = chance.choice(VALUES if chance.random() < 0.7 else SIZES)
        pairs.append(
            f"{chance.choice(KEYS)}{chance.choice(('=', '=', '=', ' = ', '==', ''))}{value}"
        )
    command = chance.choice(("check", "show"))
    words = [word for pair in pairs for word in ("--set", pair)]
    heard = call(*SPEAKING, command, str(bench.baseline), *words)
    fault = wrong_with(heard)
    if not fault and heard.code == 0 and command == "show":
        before = json.loads(call(*SPEAKING, command, str(bench.baseline)).out)
        after = json.loads(heard.out)
        default = {p.replace(" ", "").partition("=")[2] for p in pairs} <= {
            "300亿元",
            "2027Q4",
            "true",
            "all",
        }
        if before["scenario"] == after["scenario"] and not default:
            fault = "accepted and without effect"
    return Trial("--set", command, outcome(heard), fault, " ".join(pairs)[:300])


# Data of another city, lists of firms, figures, fits, marks


def data_door(bench: Bench, chance: random.Random) -> Trial:
    """One file of a city's folder, damaged, renamed or left out."""
    city = bench.work / f"city{chance.randrange(10**9)}"
    shutil.copytree(bench.folder / "city", city)
    try:
        file = chance.choice(
            sorted(path for path in city.rglob("*") if path.suffix in (".yaml", ".csv"))
        )
        act, exhibit = chance.random(), ""
        if act < 0.05:
            kind = f"{file.name} left out"
            file.unlink()
        elif act < 0.1:
            kind = f"{file.name} under another name"
            file.rename(file.with_name(f"{file.stem}s{file.suffix}"))
        elif act < 0.13:
            kind = f"{file.name} is a folder"
            file.unlink()
            file.mkdir()
        else:
            mutators = YAML if file.suffix == ".yaml" else TABLE
            found = damage(file.read_text(encoding="utf-8-sig"), mutators, chance)
            file.write_bytes(found.data)
            kind, exhibit = f"{found.kind} in {file.name}", shown(found.data)
        command = chance.choice(("check", "check", "show", "levers", "plans", "tasks"))
        words = [str(city / "baseline.yaml")] if command in ("check", "show") else []
        if command == "plans" and chance.random() < 0.5:
            words.append("--coherence")
        heard = call(*SPEAKING, command, *words, "--data", str(city))
        fault = wrong_with(heard)
        if (
            not fault
            and heard.code == 3
            and not any(
                city.name in f["file"] or f["file"].endswith("calibration/priors.csv")
                for f in findings_of(heard)
            )
        ):
            fault = f"another place is named: {findings_of(heard)[0]['file']}"
        if not fault and heard.code == 0 and command == "check" and chance.random() < 0.3:
            fault = runs(load_scenario(city / "baseline.yaml", data=city))
    finally:
        shutil.rmtree(city)
    return Trial("--data", kind, outcome(heard), fault, exhibit)


def firms_door(bench: Bench, chance: random.Random) -> Trial:
    """A list of firms; one that is taken is read again by hand."""
    found = damage((bench.folder / "firms.csv").read_text(encoding="utf-8-sig"), TABLE, chance)
    file = bench.put("firms.csv", found.data)
    text = f"extends: {os.path.relpath(bench.baseline, bench.work)}\nschema_version: 1\npopulation: firms.csv\n"
    own = bench.put("own.yaml", text.encode())
    try:
        heard = call(*SPEAKING, "check", str(own))
        fault = wrong_with(heard)
        if not fault and heard.code == 3:
            named = {Path(item["file"]).name for item in findings_of(heard)}
            fault = "" if "firms.csv" in named else f"another file is named: {named}"
        if not fault and heard.code == 0:
            fault = misread_firms(file)
            if not fault and chance.random() < 0.03:
                fault = runs(load_scenario(own))
    finally:
        file.unlink()
        own.unlink()
    return Trial("firms.csv", found.kind, outcome(heard), fault, shown(found.data))


def misread_firms(file: Path) -> str:
    """What of a list was read otherwise than it stands, by a second reading that shares no code with the first."""
    data = file.read_bytes()
    codes = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    text = ""
    for code in codes:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(code)
            break
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    mark = max(",\t;", key=text.lstrip("\n").partition("\n")[0].count)
    rows = [
        row for row in csv.reader(io.StringIO(text), delimiter=mark) if any(map(str.strip, row))
    ]
    head = [plain(cell) for cell in rows[0]]
    names = next(i for i, word in enumerate(head) if re.search("name|名称|企业", word))
    money = next(i for i, word in enumerate(head) if re.search("revenue|营收|营业收入|收入", word))
    units = next((i for i, word in enumerate(head) if word in ("单位", "unit")), None)
    stated = re.findall("亿元|万元|元|cny", head[money])
    expected = {}
    for row in rows[1:]:
        cell = plain(row[money]).replace(",", "")
        own = (
            re.findall("亿元|万元|元|cny", cell)
            or (units is not None and [plain(row[units])])
            or stated
        )
        try:
            number = Decimal(re.sub("[^0-9.eE+-]", "", cell.replace("cny", "")))
        except InvalidOperation:
            return f"{row[money]!r} was taken for an amount"
        expected[plain(row[names])] = float(number) * UNITS[own[0] or stated[0]]
    read = {
        firm.name.casefold(): firm.revenue
        for firm in read_population(file, load_library().registry).firms
    }
    if set(read) != set(expected) or len(read) != len(rows) - 1:
        return f"{len(rows) - 1} rows, {len(read)} firms"
    for name, value in expected.items():
        if abs(read[name] - value) > 1e-9 * abs(value):
            return f"{name}: {read[name]} read, {value} written"
    assert YES and NO
    return ""


def plain(text: str) -> str:
    """A cell as people read it."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def facts_door(bench: Bench, chance: random.Random) -> Trial:
    """Figures for `simulate update`."""
    more = "core_revenue_published,2026,700亿元,0.15,catalogue,lower\ncore_revenue,2025,470亿元,0.2,catalogue,two\n"
    text = (bench.folder / "facts.csv").read_text(encoding="utf-8-sig") + more
    found = damage(text, TABLE, chance)
    file = bench.put("facts.csv", found.data)
    output = bench.work / "weights"
    heard = call(*SPEAKING, "update", str(bench.run()), "--facts", str(file), "-o", str(output))
    fault = wrong_with(heard)
    if not fault and heard.code == 0:
        rows = (
            found.data.decode("utf-8-sig")
            .replace("\r\n", "\n")
            .replace("\r", "\n")
            .strip()
            .split("\n")
        )
        told = json.loads(heard.out)
        count = len([row for row in rows[1:] if row.strip(", ")])
        if len(told["figures"]) != count:
            fault = f"{count} rows, {len(told['figures'])} figures"
    file.unlink()
    for left in bench.work.glob("weights*"):
        if heard.code != 0:
            fault = fault or "a file is left of a refused call"
        left.unlink() if left.is_file() else shutil.rmtree(left)
    return Trial("facts.csv", found.kind, outcome(heard), fault, shown(found.data))


def fit_door(bench: Bench, chance: random.Random) -> Trial:
    """A fitted file or its posterior."""
    folder = bench.work / "fit"
    folder.mkdir(exist_ok=True)
    for name in ("fitted.yaml", "posterior.csv"):
        shutil.copy(bench.folder / "calibration" / name, folder)
    name = chance.choice(("fitted.yaml", "posterior.csv"))
    mutators = YAML if name == "fitted.yaml" else TABLE
    found = damage((folder / name).read_text(encoding="utf-8-sig"), mutators, chance)
    (folder / name).write_bytes(found.data)
    extends = os.path.relpath(bench.baseline, folder)
    own = folder / "own.yaml"
    own.write_text(f"schema_version: 1\nextends: {extends}\nfit: fitted.yaml\n", encoding="utf-8")
    try:
        heard = call(*SPEAKING, "check", str(own))
        fault = wrong_with(heard)
        if not fault and heard.code == 3:
            named = {Path(item["file"]).name for item in findings_of(heard)}
            fault = "" if named & {name, "fitted.yaml"} else f"another file is named: {named}"
        if not fault and heard.code == 0:
            fault = misread_fit(folder, own)
    finally:
        shutil.rmtree(folder)
    return Trial("fitted.yaml, posterior.csv", found.kind, outcome(heard), fault, shown(found.data))


def misread_fit(folder: Path, own: Path) -> str:
    """What of a fit was passed over."""
    scenario = load_scenario(own)
    sheet = parse_yaml(
        (folder / "fitted.yaml").read_text(encoding="utf-8-sig"), "fitted.yaml"
    ).value
    assert isinstance(sheet, dict)
    if "posterior" not in sheet:
        return ""
    text = (folder / "posterior.csv").read_text(encoding="utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text)) if any(map(str.strip, row))]
    for name in rows[0]:
        found = scenario.assumptions.get(name.strip())
        if found is not None and len(found.numbers) != len(rows) - 1:
            return f"{name}: {len(rows) - 1} rows, {len(found.numbers)} read"
    return ""


def marks_door(bench: Bench, chance: random.Random) -> Trial:
    """The file of marks of the checklist."""
    file = bench.work / "marks.csv"
    task = json.loads(call("--json", "tasks").out)["tasks"]
    for item in task[:3]:
        assert (
            call("tasks", "mark", item["id"], "done", "--note", "第一", "--file", str(file)).code
            == 0
        )
    found = damage(file.read_text(encoding="utf-8-sig"), TABLE, chance)
    file.write_bytes(found.data)
    words = chance.choice((["tasks"], ["tasks", "mark", task[5]["id"], "open"]))
    heard = call(*SPEAKING, *words, "--file", str(file))
    fault = wrong_with(heard)
    if not fault and heard.code != 0 and file.read_bytes() != found.data:
        fault = "a refused file was written to"
    file.unlink()
    return Trial("marks of tasks", found.kind, outcome(heard), fault, shown(found.data))


# Run folders


PAPERS = (
    "manifest.json", "run.json", "parts/index.jsonl", "scenario.resolved.yaml", "targets.csv", "ledger.csv",
    "summary.parquet", "fit/fitted.yaml", "fit/posterior.csv", "parts",
)  # fmt: skip
READERS = (
    ("targets", "RUN"), ("targets", "RUN", "--csv"), ("targets", "RUN", "--readings"), ("assumed", "RUN"),
    ("warn", "RUN", "--no-figures"), ("runs", "--results", "WORK"), ("diff", "RUN", "BASELINE"),
    ("explain", "RUN", "--value", "core_revenue@2027"), ("export", "RUN", "-o", "WORK/table.csv"), ("explain", "RUN", "--parameter", "rpc"),
)  # fmt: skip


def run_door(bench: Bench, chance: random.Random) -> Trial:
    """A run folder of another version, or with a damaged, missing or strange paper."""
    folder = bench.work / "run"
    for left in bench.work.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    shutil.copytree(bench.run(), folder)
    name = chance.choice(PAPERS)
    paper, exhibit = folder / name, ""
    if name == "parts":
        paper = chance.choice(sorted(paper.glob("*.parquet")))
        name = paper.name
    if chance.random() < 0.08:
        kind = "left out"
        paper.unlink()
    elif chance.random() < 0.05:
        kind = "is a folder"
        paper.unlink()
        paper.mkdir()
    elif paper.suffix == ".parquet":
        data = bytearray(paper.read_bytes())
        kind = chance.choice(("cut short", "a byte turned", "text", "empty"))
        data[chance.randrange(len(data))] ^= 0xFF
        bodies = {
            "cut short": data[: len(data) // 2],
            "a byte turned": data,
            "text": b"x,y\n1,2\n",
            "empty": b"",
        }
        paper.write_bytes(bytes(bodies[kind]))
    else:
        text = paper.read_text(encoding="utf-8-sig")
        if name.endswith((".json", ".jsonl")):
            found = json_text_damage(text.strip(), chance)
            # One line a part: the index keeps its line end.
            found = found._replace(data=found.data + b"\n")
        else:
            found = damage(text, YAML if name.endswith(".yaml") else TABLE, chance)
        paper.write_bytes(found.data)
        kind, exhibit = found.kind, shown(found.data)
    before = bench.listing()
    places = {"RUN": str(folder), "WORK": str(bench.work), "BASELINE": str(bench.baseline)}
    words = [
        places.get(word, word.replace("WORK", str(bench.work))) for word in chance.choice(READERS)
    ]
    heard = call(*SPEAKING, *words)
    fault = wrong_with(heard, CODES | {4})
    left = bench.listing() - before
    if not fault and heard.code != 0 and left:
        fault = f"files are left of a refused call: {sorted(left)[:3]}"
    if not fault and heard.code in (3, 4) and "run" not in heard.out:
        fault = "the folder is not named"
    shutil.rmtree(folder)
    for path in bench.work.glob("table*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Trial(
        "run folder", f"{kind} in {name}", outcome(heard), fault, f"{' '.join(words)} | {exhibit}"
    )


# Arguments and settings


PATHS = (
    "", " ", ".", "..", "/", "nothing.yaml", "/etc/passwd", "/dev/null", "/proc/self/mem", "x" * 300, "链/情景.yaml",
    "\u202egnp.yaml", "-", "--", "~", "*", "http://example.invalid/x.yaml", "file:///etc/passwd", "a\udcffb", "latest", "C:\\x",
    "scenarios", "nothing/there.yaml", "\x1b[31mred",
)  # fmt: skip
WORDS = (
    "", " ", "0", "-1", "1", "2", "1e9", "99999999999999999999", "nan", "inf", "1/0", "亿元", "core_revenue", "core_revenu",
    "core_revenue@2027", "core_revenue@1800", "core_revenue[x]", "tj27_core_revenue", "tj27_core_revenu", "joint:tj-2025-2027",
    "joint:x", "joint:", "tj27_funds=0:500:6", "tj27_funds=0:500:99999999999", "tj27_funds=nan,1", "tj27_funds=1_0", "tj27_funds=",
    "=", "a=b", "tj27_funds=0:inf", "tj27_core_revenue>=0.5", "tj27_core_revenue>=nan", "x" * 5000, "链" * 1000, "[", "(((", "*",
    "'; DROP TABLE x", "$(true)", "`true`", "%n%s", "\u202e", "\x1b[31m", "a\nb", "a\udcffb", "tcp://127.0.0.1:1", "local",
)  # fmt: skip
IDLE = frozenset({"doctor", "warmup", "explore", "calibrate", "backtest", "hinges", "validate"})
"""Commands that would work long, or serve, whatever the words are: only their options are tried, never a good file."""


def command_door(bench: Bench, chance: random.Random) -> Trial:
    """A command with options and arguments by chance, most of them odd."""
    name, chosen = chance.choice(sorted(program.commands.items()))
    words = [
        name
        if chance.random() < 0.95
        else chance.choice((name[:-1], name + "s", name.upper(), "", "链"))
    ]
    if isinstance(chosen, click.Group) and chance.random() < 0.6:
        below, chosen = chance.choice(sorted(chosen.commands.items()))
        words.append(below)
    told = False
    for parameter in chosen.params:
        if isinstance(parameter, click.Argument):
            pool = PATHS if isinstance(parameter.type, click.Path) else PATHS + WORDS
            for _ in range(chance.choice((0, 1, 1, 1, 2))):
                words.append(chance.choice(pool))
        elif chance.random() < 0.2 and parameter.opts[0] != "--version":
            option = max(parameter.opts, key=len)
            told = True
            if chance.random() < 0.1:
                option = chance.choice(
                    (option[:-1], option + "x", option.upper(), "---", option[1:])
                )
            words.append(option)
            if not getattr(parameter, "is_flag", False) or chance.random() < 0.05:
                pool = PATHS if isinstance(parameter.type, click.Path) else WORDS
                words.append(chance.choice(pool))
    if name in IDLE and not told:
        words.append("--nothing")
    if name in ("doctor", "warmup"):
        words.append("--nothing")
    before = bench.listing()
    heard = call(*SPEAKING, *words)
    fault = wrong_with(heard, CODES | {4, 5})
    left = bench.listing() - before
    if not fault and heard.code != 0 and left:
        fault = f"files are left: {sorted(left)[:3]}"
    for path in sorted(left, reverse=True):
        target = bench.folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    return Trial("command line", name, outcome(heard), fault, " ".join(map(ascii, words))[:400])


SETTINGS: Mapping[str, Sequence[str]] = {
    "SIMULATE_LANG": ("fr", "", "ZH", "zh ", "\ud800", "both"),
    "SIMULATE_JSON": ("maybe", "", "1", "0"),
    "SIMULATE_QUIET": ("2", "yes", "-"),
    "SIMULATE_VERBOSE": ("x", "-1", "99", ""),
    "SIMULATE_CHECK_OVERRIDES": ("x", "seed=1", "a=1 a=2", ""),
    "SIMULATE_CHECK_DATA": ("/nothing", "", "."),
    "SIMULATE_CHEK_DATA": ("x",),
    "SIMULATE_RUN_MEMBERS": ("abc", "-1", "0", "1e3", ""),
    "SIMULATE_RESULTS": ("/proc/nothing", "", "a\nb"),
    "COLUMNS": ("0", "-5", "abc", "99999999999", "", "1"),
    "LINES": ("0", "x"),
    "LANG": ("", "zh_CN.GB18030", "C", "xx_YY.ZZ", "zh", "\ud800"),
    "LC_ALL": ("", "zh_CN", "C", "POSIX", "xx"),
    "NO_COLOR": ("", "1", "no"),
    "FORCE_COLOR": ("1", ""),
    "TERM": ("dumb", "", "xterm-9999color"),
    "TZ": ("Nowhere/None", "", ":", "UTC+99"),
    "HOME": ("", "/nothing", "/dev/null"),
    "NUMBA_CACHE_DIR": ("/proc/x", "", "/dev/null"),
    "MPLCONFIGDIR": ("/proc/x", ""),
    "PYTHONHASHSEED": ("0",),
}


def setting_door(bench: Bench, chance: random.Random) -> Trial:
    """A few odd environment variables."""
    names = chance.sample(sorted(SETTINGS), chance.choice((1, 2, 3)))
    settings = {name: chance.choice(SETTINGS[name]).replace("\ud800", "\udcff") for name in names}
    words = chance.choice(
        (
            ["check", str(bench.baseline)],
            ["levers"],
            ["-h"],
            ["run", "-h"],
            ["runs"],
            ["plans"],
            ["show", "no.yaml"],
        )
    )
    heard = call(*words, **settings)
    fault = wrong_with(heard._replace(warned=()))
    return Trial(
        "settings", ", ".join(names), outcome(heard), fault, repr(settings) + " ".join(words)
    )


# The explorer


class Asker:
    """Sends requests to a site in this process, as a server would hand them on."""

    def __init__(self, site: Site) -> None:
        self.site, self.app = site, application(site)
        self.runner = asyncio.Runner()
        self.site._loop = self.runner.get_loop()

    def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        sent: list[dict[str, Any]] = []
        raw = path.encode("utf-8", "surrogatepass")
        inner = raw.partition(b"?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": inner[0].decode("latin-1"), "raw_path": raw, "query_string": inner[2], "root_path": "",
            "headers": [(k.lower().encode("latin-1", "replace"), v.encode("utf-8", "surrogatepass")) for k, v in headers.items()],
            "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8321),
        }  # fmt: skip

        told = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            found = next(told, None)
            if found is None:
                await asyncio.sleep(30)
                return {"type": "http.disconnect"}
            return found

        async def send(message: Any) -> None:
            sent.append(message)

        async def one() -> None:
            await self.app(scope, receive, send)

        self.runner.run(one())
        start = next(message for message in sent if message["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        return (
            start["status"],
            {k.decode(): v.decode("latin-1") for k, v in start["headers"]},
            content,
        )

    def close(self) -> None:
        """End the site."""
        self.site.ensembles.close()
        self.runner.close()


STATUSES = frozenset({200, 201, 204, 400, 403, 404, 405, 409, 413, 415, 421, 422})
_asker: dict[Path, Asker] = {}


def explorer_door(bench: Bench, chance: random.Random) -> Trial:
    """A request of the page, damaged: its body, its address, its headers or its method."""
    if bench.folder not in _asker:
        _asker[bench.folder] = Asker(open_site(bench.folder, workers=1))
    asker = _asker[bench.folder]
    headers = {
        "host": "127.0.0.1:8321",
        "content-type": "application/json",
        "x-explorer-token": asker.site.token,
    }
    method, path, kind = "POST", chance.choice(("/ask", "/ask", "/save")), ""
    shown_: dict[str, Any] = {
        "entry": "scenarios/baseline.yaml",
        "doses": {"tj27_funds": chance.choice((100, 200))},
        "name": "x",
    }
    sheet: dict[str, Any] = {
        "shown": shown_,
        "file": "scenarios/mine.yaml",
        "zh": "我的",
        "en": "Mine",
        "overwrite": True,
        "lang": "zh",
    }
    if path == "/ask":
        sheet = question(current=shown_, beside=[{"entry": "scenarios/push.yaml"}], members=16)
    body = json.dumps(sheet).encode()
    act = chance.random()
    if act < 0.6:
        kind, damaged = json_damage(sheet, chance)
        body = json.dumps(damaged).encode()
    elif act < 0.75:
        found = json_text_damage(json.dumps(sheet, ensure_ascii=False), chance)
        kind, body = found.kind, found.data
    elif act < 0.85:
        name = chance.choice(
            (
                "host",
                "origin",
                "content-type",
                "x-explorer-token",
                "sec-fetch-site",
                "content-length",
                "accept",
                "cookie",
            )
        )
        odd = (
            "",
            "evil.example",
            "null",
            "http://evil.example",
            "text/plain",
            "\xff",
            "a" * 9000,
            "cross-site",
            "[::1",
            "0",
            "127.0.0.1.evil.example",
            "[",
            "%",
        )
        headers[name] = chance.choice(odd)
        kind = f"header {name}"
    elif act < 0.95:
        path = chance.choice((
            "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/explorer.js/../../site.py", "//etc/passwd", "/ask/", "/save?x=1", "/\x00",
            "/" + "a" * 10_000, "/%00", "/链", "/theme.css%00.py", "/?lang=<script>", "/.git/config", "", "*", "/ask#x", "\\..\\x",
        ))  # fmt: skip
        method = chance.choice(("GET", "GET", "POST"))
        kind = "address"
    else:
        method = chance.choice(
            ("GET", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "PATCH", "链", "")
        )
        kind = "method"
    before = bench.listing()
    status, got, content = asker.send(method, path, body, headers)
    fault = ""
    missing = [name for name, value in HEADERS.items() if got.get(name) != value]
    text = content.decode("utf-8", "replace")
    if status not in STATUSES:
        fault = f"status {status}: {text[:200]}"
    elif missing:
        fault = f"headers missing: {missing}"
    elif "Traceback" in text or f"{ROOT}/" in text:
        fault = "tells of its inside"
    elif status >= 400 and method != "HEAD":
        words = json.loads(text)["error"]
        if not (words["en"] and _CHINESE.search(words["zh"])):
            fault = f"not in both languages: {words}"
        elif len(text) > LONGEST:
            fault = f"a refusal of {len(text)} characters"
    left = bench.listing() - before
    if not fault and left and status != 201:
        fault = f"files are left: {sorted(left)[:3]}"
    for item in left:
        (bench.folder / item).unlink(missing_ok=True)
    return Trial(
        "explorer",
        kind,
        f"{status // 100}xx",
        fault,
        f"{method} {path[:80]} {body[:400]!r} {headers}",
    )


DOORS: Mapping[str, tuple[Callable[[Bench, random.Random], Trial], float]] = {
    "scenario": (scenario_door, 0.3),
    "set": (set_door, 0.1),
    "data": (data_door, 0.12),
    "firms": (firms_door, 0.14),
    "facts": (facts_door, 0.05),
    "fit": (fit_door, 0.05),
    "marks": (marks_door, 0.02),
    "run": (run_door, 0.08),
    "command": (command_door, 0.06),
    "setting": (setting_door, 0.03),
    "explorer": (explorer_door, 0.15),
}
"""Every door with its share of the trials."""


def outcome(heard: Heard) -> str:
    """How a call ended, in a word."""
    words = {0: "read", 2: "usage", 3: "refused", 4: "incomplete", 5: "not met"}
    return words.get(heard.code, f"exit {heard.code}")


def shown(data: bytes) -> str:
    """Where a damaged text may be looked at."""
    return data[:4000].decode("utf-8", "backslashreplace")


def knock(name: str, bench: Bench, seed: int) -> Trial:
    """One trial of a door, of which everything follows from the seed."""
    chance = random.Random(f"{name} {seed}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    try:
        with limited():
            trial = DOORS[name][0](bench, chance)
    except HangingError:
        trial = Trial(name, "?", "hangs", f"no end after {SLOW:.0f} s")
    except Exception as error:
        trial = Trial(name, "?", "breaks", f"{type(error).__name__}: {error}")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    if grown > SWOLLEN and not trial.fault:
        trial = trial._replace(fault=f"took {grown:.0f} MiB")
    worked = time.process_time() - begun
    if worked > 0.7 * SLOW and not trial.fault:
        trial = trial._replace(fault=f"worked {worked:.1f} s")
    return trial


@contextlib.contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    """A bench in a folder, worked at from its working folder."""
    before = Path.cwd()
    bench = Bench(folder)
    os.chdir(bench.work)
    try:
        yield bench
    finally:
        os.chdir(before)
        if bench.folder in _asker:
            _asker.pop(bench.folder).close()


def processes(bench: Bench, trials: int, seed: int) -> list[Trial]:
    """Calls in processes of their own, with odd surroundings and an address space of four gibibytes."""
    found = []
    for number in range(trials):
        chance = random.Random(f"process {seed} {number}")
        names = chance.sample(sorted(SETTINGS), 2)
        settings = {n: chance.choice(SETTINGS[n]).replace("\ud800", "\udcff") for n in names}
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("SIMULATE_")}
        surroundings |= {"PYTHONPATH": str(ROOT), **settings}
        surroundings |= chance.choice(
            (
                {},
                {"PYTHONIOENCODING": "ascii"},
                {"PYTHONUTF8": "0", "LC_ALL": "C"},
                {"PYTHONWARNINGS": "error"},
            )
        )
        if chance.random() < 0.2:
            surroundings.pop("HOME", None)
        whole = chance.choice(sorted(bench.folder.glob("scenarios/*.yaml")))
        damaged = damage(whole.read_text(encoding="utf-8"), YAML, chance)
        file = whole.with_name("damaged.yaml")
        file.write_bytes(damaged.data)
        words = chance.choice((
            ["check", str(file)], ["show", str(file)], ["run", str(file), "-n", "1", "--engine", "plain", "--no-figures", "--out", "out"],
            ["levers"], ["runs"], ["targets", "nothing"], ["plans", "--coherence"], ["-h"], ["metrics"],
            ["check", str(bench.baseline), "--set", f"{chance.choice(KEYS)}={chance.choice([v for v in VALUES if chr(0) not in v and len(v) < 5000])}"],
        ))  # fmt: skip
        words = ["--lang", chance.choice(("zh", "en", "both")), *words]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "simulator", *words], env=surroundings, capture_output=True, timeout=600, cwd=bench.work,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
            )  # fmt: skip
            text = done.stderr.decode("utf-8", "backslashreplace")
            heard = Heard(done.returncode, "", re.sub(r"[\x00-\x08\x1b]", "", text), ())
            fault = wrong_with(heard)
            result = outcome(heard)
        except subprocess.TimeoutExpired:
            result, fault = "hangs", "no end after 600 s"
        if result != "read" and (bench.work / "out").exists():
            fault = fault or "a folder is left of a refused call"
        shutil.rmtree(bench.work / "out", ignore_errors=True)
        file.unlink()
        found.append(Trial("process", damaged.kind, result, fault, f"{settings} {' '.join(words)}"))
    return found


def at_door(name: str, trials: int, seed: int) -> list[Trial]:
    """Some trials at one door, or in processes of their own, on a bench of their own."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        bench_in(Path(folder).resolve() / "bench") as bench,
    ):
        if name == "process":
            found = processes(bench, trials, seed)
        else:
            bench.run()
            found = [knock(name, bench, seed + number) for number in range(trials)]
    for number, trial in enumerate(found):
        if trial.fault:
            print(
                f"{name} {seed + number}: {trial.damage}: {trial.fault}\n    {trial.exhibit[:300]!r}",
                flush=True,
            )
    counted = Counter(trial.outcome for trial in found)
    print(f"{name}: {trials} {dict(counted)}", file=sys.stderr, flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, and record them when asked to; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", choices=sorted((*DOORS, "process")))
    parser.add_argument("--processes", type=int, default=0, help="calls in processes of their own")
    parser.add_argument("--jobs", type=int, default=1, help="doors tried at the same time")
    parser.add_argument(
        "--mended", type=int, default=0, help="faults found so far and mended, for the record"
    )
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args(arguments)
    counts = {name: max(1, round(asked.trials * share)) for name, (_, share) in DOORS.items()}
    counts["process"] = asked.processes
    if asked.door:
        counts = {asked.door: asked.trials}
    trials: list[Trial] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=context) as pool:
        begun = [
            pool.submit(at_door, name, n, asked.seed * 1_000_003) for name, n in counts.items()
        ]
        for door in begun:
            trials += door.result()
    told = record(trials, asked.mended, asked.trials, asked.seed, asked.processes)
    print(told.show())
    if asked.record:
        told.write()
    return int(any(trial.fault for trial in trials))


NAMES: Mapping[str, Said] = {
    "scenario": Said("情景文件", "scenario files"),
    "layer": Said("外部条件文件", "layers of conditions"),
    "--set": Said("--set 取值", "--set values"),
    "--data": Said("另一城市的数据文件夹", "data folders of a city"),
    "firms.csv": Said("企业名单", "lists of firms"),
    "facts.csv": Said("新数据表", "tables of new figures"),
    "fitted.yaml, posterior.csv": Said("拟合文件与后验", "fitted files and posteriors"),
    "marks of tasks": Said("任务标记文件", "files of marks"),
    "run folder": Said("运行文件夹", "run folders"),
    "command line": Said("命令行", "command lines"),
    "settings": Said("环境变量", "environment variables"),
    "explorer": Said("浏览器请求", "requests to the explorer"),
    "process": Said("独立进程", "processes of their own"),
}
OUTCOMES: Mapping[str, Said] = {
    "read": Said("读入", "read"), "refused": Said("拒绝", "refused"), "usage": Said("用法错误", "usage"),
    "incomplete": Said("不完整", "incomplete"), "not met": Said("未达到", "not met"), "2xx": Said("应答", "answered"),
    "4xx": Said("拒绝", "refused"),
}  # fmt: skip


def record(trials: Sequence[Trial], mended: int, asked: int, seed: int, own: int) -> Record:
    """The figures of the trials."""
    faults = [trial for trial in trials if trial.fault]
    rows = []
    for door, name in NAMES.items():
        counted = Counter(trial.outcome for trial in trials if trial.door == door)
        if counted:
            total = counted.total()
            words = [OUTCOMES.get(key, Said(key, key)) for key, _ in counted.most_common()]
            numbers = [number for _, number in counted.most_common()]
            rows.append(
                Row(name, Said(
                    f"{total} 次：" + "、".join(f"{w.zh} {n}" for w, n in zip(words, numbers, strict=True)),
                    f"{total}: " + ", ".join(f"{n} {w.en}" for w, n in zip(words, numbers, strict=True)),
                ))
            )  # fmt: skip
    rows.append(
        Row(
            Said("崩溃、挂起、静默忽略或说明不全", "crashes, hangs, silences, poor words"),
            Said(f"{len(faults)}", f"{len(faults)}"),
        )
    )
    rows.append(
        Row(
            Said("此前试验发现并已修正的缺陷", "faults that earlier trials found, mended"),
            Said(f"{mended}", f"{mended}"),
        )
    )
    zh = f"各入口共 {len(trials)} 次受损输入；"
    en = f"{len(trials)} damaged inputs at every door; "
    if faults:
        finding = Said(f"{zh}{len(faults)} 次结果有误", f"{en}{len(faults)} ended wrongly")
    else:
        finding = Said(
            f"{zh}每次都以约定的退出码结束，无回溯、无遗留文件、无静默忽略",
            f"{en}each ended with a documented code: no traceback, nothing left behind, nothing passed over",
        )
    command = f"python -m tests.trust.doors --trials {asked} --seed {seed} --processes {own}"
    return Record("doors", Said("错误输入", "Bad input"), command, finding, rows)


if __name__ == "__main__":
    sys.exit(main())
