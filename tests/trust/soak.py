"""Long use: an explorer under ten clients for minutes, an ensemble of a hundred thousand members.

    python -m tests.trust.soak [--minutes M] [--clients N] [--members N] [--until QUARTER] [--stored N] [--record]

The explorer is the real server in a process of its own, with so small a store of members that scenarios leave it all
the time. Clients ask as the page does: they move sliders and overtake themselves, open, leave, read slowly, hang up in
the middle, save, send what is no question. Every picture is held against numbers made from the members of that
scenario alone. Meanwhile memory, open files and threads of the server are read from /proc; so are those of a run of
many members of the model (`--members`, to the quarter `--until`), and of one whose members take no time, so that only
what stores them is at work (`--stored`). What is given as 0 is not measured, and the record keeps its figures.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simulator.experiments.cases import CaseOutcomes, Cases
from simulator.scenario import load_scenario
from simulator.targets import goals_of, measurable, met
from tests.trust import records
from tests.trust.records import Record, Row, Said

ROOT = Path(__file__).resolve().parents[2]
BASELINE = "scenarios/baseline.yaml"
MOST = 64
"""Members of a question: few, so that much is asked in little time."""
UNTIL = "2027Q4"
HELD_MIB = 24
POSITIONS = tuple(range(60, 700, 40))
"""Sizes of the funds that a slider is moved to, 亿元: together more than the server may hold."""
PATIENCE = 120.0
"""Seconds that a client waits; a busy machine makes every answer late."""
TELLING = ("core_revenue", "talent_pool", "software_revenue")
WARM_SHARE = 0.3
"""The part of the samples that is warm-up: libraries, the first pictures, the store of members filling."""
SLOPE_SHARE = 0.05
"""What memory may grow from the end of the warm-up to the end, by its straight line; allocators breathe by less."""

SERVER = """
import functools, sys
from simulator.explorer import server
from simulator.explorer.shelf import Shelf
held = functools.partial(server.Ensembles, bytes_held=int(sys.argv[2]) << 20)
server.Ensembles = held
server.serve(Shelf([sys.argv[1]]), port=0, browse=False, workers=2, engine=sys.argv[3],
             told=lambda address: print(address, flush=True))
"""


class Sample(NamedTuple):
    """A process and its children at one moment: seconds or members so far, resident MiB, descriptors, threads."""

    at: float
    rss: float
    open_files: int
    threads: int


class Held(NamedTuple):
    """What a series of samples says after its warm-up."""

    begun: float
    grown: float
    most: float
    open_files: tuple[int, int]
    threads: tuple[int, int]
    more_later: int
    """How many more threads there were at most in the second half than in the first."""

    @property
    def flat(self) -> bool:
        """Whether memory stands still, by the straight line through it."""
        return self.grown <= SLOPE_SHARE * self.begun


def sample(pid: int, at: float) -> Sample:
    """The process and those it started as /proc shows them now, added up; ProcessLookupError when it is gone."""
    rss = files = threads = 0
    for one in _family(pid):
        try:
            told = dict(
                line.split(":", 1)
                for line in Path(f"/proc/{one}/status").read_text().splitlines()
                if line
            )
            opened = len(os.listdir(f"/proc/{one}/fd"))
        except FileNotFoundError:
            told = {}
        if "VmRSS" not in told:
            if one == pid:
                raise ProcessLookupError(pid)
            continue  # it ended while we looked
        rss, files = rss + int(told["VmRSS"].split()[0]), files + opened
        threads += int(told["Threads"])
    return Sample(at, rss / 1024, files, threads)


def _family(pid: int) -> list[int]:
    """A process, those it started, those they started."""
    family = [pid]
    for one in family:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                family += map(int, task.read_text().split())
    return family


def held(samples: Sequence[Sample]) -> Held:
    """Memory at the end of the warm-up and its growth from there to the end, fitted; ranges of the others."""
    after = samples[int(WARM_SHARE * len(samples)) :]
    at = np.array([each.at for each in after])
    rss = np.array([each.rss for each in after])
    slope, level = np.polyfit(at - at[0], rss, 1)
    files, threads = [each.open_files for each in after], [each.threads for each in after]
    return Held(
        float(level),
        float(slope * (at[-1] - at[0])),
        float(rss.max()),
        (min(files), max(files)),
        (min(threads), max(threads)),
        max(threads[len(threads) // 2 :]) - max(threads[: len(threads) // 2 + 1]),
    )


# The explorer -----------------------------------------------------------------------------


class Direct:
    """Numbers of a position from its members alone, without anything of the explorer."""

    def __init__(self, folder: Path, members: int, cases: Cases) -> None:
        self._members, self._cases, self._folder = members, cases, folder
        self._known: dict[float | None, CaseOutcomes] = {}

    def make(self, sizes: Sequence[float | None]) -> None:
        """Simulate these positions; None is the file as it is."""
        for size in sizes:
            moved = {} if size is None else {"levers.tj27_funds.size": f"{size:g}亿元"}
            scenario = load_scenario(self._folder / BASELINE, moved)
            self._known[size] = self._cases.evaluate(scenario, range(self._members))

    def probabilities(self, size: float | None, members: int) -> dict[str, float]:
        """How often each target is met among the first members."""
        case = self._known[size].head(members)
        goals = [goal for goal in goals_of(case) if measurable(goal, case)]
        return {goal.key: float(np.mean(met(goal, case))) for goal in goals}

    def median(self, size: float | None, metric: str, members: int) -> float:
        """The median of the last figure that the fan shows."""
        case = self._known[size].head(members)
        return float(np.median(_shown(case, metric)[:, -1]))


def _shown(case: CaseOutcomes, metric: str) -> Any:
    from simulator.observables import observable_of

    flow = observable_of(metric).kind == "flow"
    return case.annual(metric) if flow else case.values(metric)


class Tally:
    """What the clients did and met; shared by their threads."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def add(self, what: str) -> None:
        """One more of these."""
        with self._lock:
            self.done[what] += 1

    def complain(self, what: str) -> None:
        """An answer that is not right."""
        with self._lock:
            self.wrong.append(what)


class Visitor:
    """One tab with its habits; `step` does one of them."""

    def __init__(self, number: int, address: str, direct: Direct, tally: Tally) -> None:
        self._name = f"visitor-{number}"
        host, port = address.removeprefix("http://").strip("/").split(":")
        self._place = (host, int(port))
        self._direct, self._tally = direct, tally
        self._chance = random.Random(number)
        self._move = 0
        self._token = ""
        self.open()

    def open(self) -> None:
        """Open the page and what it loads first."""
        page = self._get("/").decode()
        self._token = page.partition('name="token" content="')[2].partition('"')[0]
        for path in ("/explorer.js", "/explorer.css", "/theme.css"):
            self._get(path)
        self._tally.add("open")

    def step(self) -> None:
        """Something that people do."""
        habits: tuple[tuple[Callable[[], None], int], ...] = (
            (self.look, 8),
            (self.drag, 4),
            (self.open, 1),
            (self.hang_up, 2),
            (self.load_half, 1),
            (self.save, 1),
            (self.mumble, 1),
            (self.rest, 2),
        )
        self._chance.choices([habit for habit, _ in habits], [often for _, often in habits])[0]()

    def look(self) -> None:
        """Move the slider and look until all members are there, or until something else is of interest."""
        asked = self._question()
        slowly = self._chance.random() < 0.2
        patience = self._chance.choice((1, 3, 40))
        for _ in range(patience):
            told = self._ask(asked, slowly)
            if told.get("stale"):
                self._tally.complain(f"{self._name}: the newest move is called stale")
                return
            if "picture" in told:
                asked["after"] = told["picture"]["members"]
                self._check(asked, told["picture"])
            if told.get("final"):
                self._tally.add("final")
                return
        self._tally.add("left")

    def drag(self) -> None:
        """Several moves in short order; each hangs up on the one before, as the page does."""
        for _ in range(self._chance.randint(3, 8)):
            connection = self._send(self._question())
            time.sleep(0.09)
            connection.close()
            self._tally.add("overtaken")
        self.look()

    def hang_up(self) -> None:
        """Leave in the middle of a question's sending or of its answer."""
        body = json.dumps(self._question()).encode()
        with socket.create_connection(self._place, PATIENCE) as line:
            head = (
                f"POST /ask HTTP/1.1\r\nhost: {self._place[0]}:{self._place[1]}\r\n"
                f"content-type: application/json\r\nx-explorer-token: {self._token}\r\n"
                f"content-length: {len(body)}\r\n\r\n"
            )
            half = self._chance.random() < 0.5
            line.sendall(head.encode() + (body[: len(body) // 2] if half else body))
            if not half:
                line.recv(100)
        self._tally.add("hung up")

    def load_half(self) -> None:
        """Leave while the largest file is on its way."""
        with socket.create_connection(self._place, PATIENCE) as line:
            line.sendall(
                f"GET /plotly.js HTTP/1.1\r\nhost: {self._place[0]}:{self._place[1]}\r\n\r\n".encode()
            )
            line.recv(50_000)
        self._tally.add("hung up")

    def save(self) -> None:
        """Save what is shown, over what was saved before."""
        sheet = {
            "shown": self._question()["current"],
            "file": self._name,
            "zh": "耐久",
            "en": "Soak",
            "overwrite": True,
            "lang": "zh",
        }
        status, told = self._post("/save", sheet)
        if status != 201:
            self._tally.complain(f"{self._name}: saving gave {status} {told}")
        self._tally.add("saved")

    def mumble(self) -> None:
        """Something that is no question."""
        status, _ = self._post("/ask", {"asker": self._name, "move": "soon"})
        if status != 400:
            self._tally.complain(f"{self._name}: a wrong question gave {status}")
        self._tally.add("refused")

    def rest(self) -> None:
        """Be somewhere else for a while."""
        time.sleep(self._chance.uniform(0.5, 2.0))

    def _question(self) -> dict[str, Any]:
        self._move += 1
        size = self._chance.choice(POSITIONS)
        return {
            "asker": self._name,
            "move": self._move,
            "current": {"entry": BASELINE, "doses": {"tj27_funds": size}},
            "against": {"entry": BASELINE},
            "beside": [],
            "metric": self._chance.choice(TELLING),
            "view": self._chance.choice(("table", "matters", "sources", "ledger")),
            "lang": self._chance.choice(("zh", "en")),
            "mode": self._chance.choice(("light", "dark")),
            "after": 0,
            "members": MOST,
        }

    def _check(self, asked: dict[str, Any], picture: dict[str, Any]) -> None:
        """Every probability, every change against the comparison, the median of the fan."""
        size = float(asked["current"]["doses"]["tj27_funds"])
        members = picture["members"]
        own = self._direct.probabilities(size, members)
        base = self._direct.probabilities(None, members)
        wrong = []
        checked = 0
        for card in picture["cards"]:
            key = card["key"]
            if key not in own or card["probability"] is None:
                continue
            checked += 1
            if card["probability"] != own[key]:
                wrong.append(f"{key} {card['probability']} for {own[key]}")
            if abs(card["change"]["value"] - (own[key] - base[key])) > 1e-12:
                wrong.append(f"change of {key} {card['change']['value']}")
        drawn = picture["fan"]["chart"]["data"][-1]["y"][-1]
        median = self._direct.median(size, asked["metric"], members)
        if abs(drawn - median) > 1e-9 * abs(median):
            wrong.append(f"median of {asked['metric']} {drawn} for {median}")
        if f"size={size:g}亿元" not in picture["command"]:
            wrong.append(picture["command"])
        if wrong or not checked:
            self._tally.complain(f"{self._name}: {size:g} with {members}: {wrong or 'no card'}")
        self._tally.add("picture")

    def _ask(self, sheet: dict[str, Any], slowly: bool = False) -> dict[str, Any]:
        connection = self._send(sheet)
        try:
            reply = connection.getresponse()
            body = b""
            while piece := reply.read(2_000 if slowly else 10_000_000):
                body += piece
                if slowly:
                    time.sleep(0.01)
            if reply.status != 200:
                self._tally.complain(f"{self._name}: {reply.status} {body[:200]!r}")
                return {}
            return dict(json.loads(body))
        finally:
            connection.close()

    def _send(self, sheet: dict[str, Any]) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(*self._place, timeout=PATIENCE)
        headers = {"content-type": "application/json", "x-explorer-token": self._token}
        connection.request("POST", "/ask", json.dumps(sheet).encode(), headers)
        return connection

    def _post(self, path: str, sheet: dict[str, Any]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self._place, timeout=PATIENCE)
        headers = {"content-type": "application/json", "x-explorer-token": self._token}
        try:
            connection.request("POST", path, json.dumps(sheet).encode(), headers)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()[:300]
        finally:
            connection.close()

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(*self._place, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


class Explored(NamedTuple):
    """What a soak of the explorer found."""

    minutes: float
    clients: int
    samples: tuple[Sample, ...]
    idle: Sample
    tally: Tally


def explore(minutes: float, clients: int, engine: str, folder: Path) -> Explored:
    """Let the clients loose on a server in a process of its own; `idle` is the server after they left."""
    (folder / "scenarios").mkdir(parents=True)
    text = f"extends: {ROOT / BASELINE}\nperiod: {{end: {UNTIL}}}\n"
    (folder / BASELINE).write_text(text, encoding="utf-8")
    direct = Direct(folder, MOST, Cases(workers=1, engine=engine))
    direct.make([None, *POSITIONS])
    complaints = folder / "said.txt"
    with complaints.open("wb") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder / BASELINE), str(HELD_MIB), engine],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        tally = Tally()
        ended = threading.Event()

        def visit(number: int) -> None:
            try:
                visitor = Visitor(number, address, direct, tally)
                while not ended.is_set():
                    visitor.step()
            except Exception as problem:
                tally.complain(f"visitor-{number}: {type(problem).__name__}: {problem}")

        visitors = [threading.Thread(target=visit, args=(number,)) for number in range(clients)]
        begun = time.monotonic()
        for visitor in visitors:
            visitor.start()
        samples = []
        while time.monotonic() - begun < 60 * minutes:
            samples.append(sample(server.pid, time.monotonic() - begun))
            time.sleep(0.5)
        ended.set()
        for visitor in visitors:
            visitor.join()
        time.sleep(3.0)
        idle = sample(server.pid, time.monotonic() - begun)
        server.terminate()
        if server.wait(60) != 0:
            tally.complain(f"the server ended with {server.returncode}")
        if told := complaints.read_text(encoding="utf-8"):
            tally.complain(f"the server said {told[-2000:]}")
    finally:
        server.kill()
        server.wait()
    return Explored(minutes, clients, tuple(samples), idle, tally)


# The ensemble -----------------------------------------------------------------------------

STORE = """
import collections, sys
from pathlib import Path
from tests.experiments.conftest import FakeStudy, Lab

class Quick(Lab):
    def _prepare(self, scenario):
        study = FakeStudy(scenario)
        study.simulated = collections.deque(maxlen=1)
        return study

out = Path(sys.argv[1])
Quick(out.parent).run(int(sys.argv[2]), out=out, workers=1)
"""
"""A run whose members are a few draws: what is left is handing out, storing, and the tables."""


class Grown(NamedTuple):
    """What a run of many members showed: samples by members stored, and while its tables were written."""

    members: int
    samples: tuple[Sample, ...]
    tables: tuple[Sample, ...]


def model_words(members: int, until: str, engine: str, out: Path) -> list[str]:
    """A run of the model with one worker."""
    words = ["-m", "simulator", "-q", "run", BASELINE, "-n", str(members), "--engine", engine]
    words += ["--workers", "1", "--set", f"period.end={until}", "--no-figures"]
    return [*words, "--out", str(out)]


def grow(members: int, words: Sequence[str], out: Path) -> Grown:
    """Watch a process that writes a run folder; RuntimeError when it does not end well."""
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    samples: list[Sample] = []
    tables: list[Sample] = []
    try:
        while process.poll() is None:
            stored = _stored(out)
            try:
                found = sample(process.pid, stored)
            except (ProcessLookupError, FileNotFoundError):
                break
            if stored == members:
                tables.append(found)
            elif stored:
                samples.append(found)
            time.sleep(min(0.5, 0.01 * (1 + len(samples))))
        code = process.wait()
    finally:
        process.kill()
    if code != 0 or not (out / "run.json").exists():
        raise RuntimeError(f"the run ended with {code}")
    return Grown(members, tuple(samples), tuple(tables))


def _stored(out: Path) -> int:
    """Members that the index names, from the first on: one worker writes the parts in order."""
    try:
        lines = (out / "parts" / "index.jsonl").read_bytes().split(b"\n")
    except FileNotFoundError:
        return 0
    return int(json.loads(lines[-2])["span"][1]) + 1 if len(lines) > 1 else 0


# The record -------------------------------------------------------------------------------

NOT_SO = Said("不成立：", "does not hold: ")


def _row(what: Said, good: bool, found: Said) -> Row:
    word = Said("", "") if good else NOT_SO
    return Row(what, Said(word.zh + found.zh, word.en + found.en))


def _memory(told: Held) -> Said:
    return Said(
        f"由 {told.begun:.0f} MiB 变化 {told.grown:+.1f} MiB，最高 {told.most:.0f} MiB",
        f"from {told.begun:.0f} MiB by {told.grown:+.1f} MiB, at most {told.most:.0f} MiB",
    )


def explorer_rows(found: Explored) -> list[Row]:
    """What the clients met, and what the server took."""
    told, done, wrong = held(found.samples), found.tally.done, len(found.tally.wrong)
    first, idle = found.samples[0].open_files, found.idle.open_files
    zh, en = "探索页面：", "explorer: "
    answers = Said(
        f"{done['picture']} 次回答与直接计算的数相等，{wrong} 次不符；被后一次移动取代 {done['overtaken']}，中途离开 "
        f"{done['left']}，断开 {done['hung up']}，保存 {done['saved']}，拒绝无效提问 {done['refused']}，"
        f"打开页面 {done['open']}",
        f"{done['picture']} pictures equal to numbers computed directly, {wrong} not; {done['overtaken']} overtaken, "
        f"{done['left']} left, {done['hung up']} hung up, {done['saved']} saved, {done['refused']} refused, "
        f"{done['open']} opened",
    )
    threads = f"{told.threads[0]}–{told.threads[1]}"
    return [
        _row(
            Said(
                f"{zh}{found.clients} 个客户端，{found.minutes:g} 分钟（至 {UNTIL}，每问 {MOST} 个成员）",
                f"{en}{found.clients} clients, {found.minutes:g} minutes (to {UNTIL}, {MOST} members a question)",
            ),
            wrong == 0 and done["picture"] > 0,
            answers,
        ),
        _row(
            Said(f"{zh}内存（预热后的直线）", f"{en}memory (straight line after the warm-up)"),
            told.flat,
            _memory(told),
        ),
        _row(
            Said(
                f"{zh}打开的文件（使用中；客户端离开后）",
                f"{en}open files (in use; after the clients left)",
            ),
            idle <= first + 4,
            Said(
                f"{told.open_files[0]}–{told.open_files[1]}；{idle}",
                f"{told.open_files[0]}–{told.open_files[1]}; {idle}",
            ),
        ),
        _row(
            Said(f"{zh}线程", f"{en}threads"),
            told.more_later <= 2,
            Said(threads, threads),
        ),
    ]


def run_rows(found: Grown, what: Said) -> list[Row]:
    """What a run took while members were stored, and while its tables were written."""
    told = held(found.samples)
    files = f"{told.open_files[0]}–{told.open_files[1]}"
    rows = [
        _row(
            Said(
                f"{what.zh}：{found.members} 个成员，内存（预热后的直线）",
                f"{what.en}: {found.members} members, memory (straight line after the warm-up)",
            ),
            told.flat,
            _memory(told),
        ),
        _row(
            Said(f"{what.zh}：打开的文件；线程", f"{what.en}: open files; threads"),
            told.open_files[1] - told.open_files[0] <= 3 and told.more_later <= 0,
            Said(f"{files}；{told.threads[1]}", f"{files}; {told.threads[1]}"),
        ),
    ]
    if found.tables:
        most = max(each.rss for each in found.tables)
        about = Said(
            f"{what.zh}：写汇总表时的内存", f"{what.en}: memory while its tables are written"
        )
        rows.append(Row(about, Said(f"最高 {most:.0f} MiB", f"at most {most:.0f} MiB")))
    return rows


MODEL = Said("模型集合", "ensemble of the model")
STUB = Said("存储（不耗时的成员）", "store (members that take no time)")
PARTS = ("explorer: ", STUB.en, MODEL.en)


def record(rows: Sequence[Row], command: str) -> Record:
    """The rows measured now, and those of an earlier record for what was not."""

    def part(row: Row) -> int:
        return next(i for i, name in enumerate(PARTS) if row.what.en.startswith(name))

    now = {part(row) for row in rows}
    earlier = next((each.rows for each in records.read() if each.item == "soak"), ())
    every = sorted([*(row for row in earlier if part(row) not in now), *rows], key=part)
    broken = [row.what for row in every if row.found.en.startswith(NOT_SO.en)]
    finding = Said(
        f"{len(every)} 项观察中 {len(broken)} 项不成立：" + "、".join(what.zh for what in broken),
        f"{len(broken)} of {len(every)} observations do not hold: "
        + ", ".join(what.en for what in broken),
    )
    if not broken:
        finding = Said(
            "长时间使用与大量成员都不使内存、打开的文件或线程增长；探索页面的每个回答都与直接计算的数相等。",
            "Neither long use nor many members make memory, open files or threads grow; every answer of the explorer "
            "equals the numbers computed directly.",
        )
    name = Said("耐久：长时间使用与大量成员", "Soak: long use and many members")
    return Record("soak", name, command, finding, every)


def main() -> None:
    """Measure, print, and keep the figures if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--until", default="2027Q4")
    parser.add_argument("--stored", type=int, default=100_000)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="simulate-soak-") as name:
        folder = Path(name).resolve()
        if given.minutes:
            seen = explore(given.minutes, given.clients, given.engine, folder / "explorer")
            rows += explorer_rows(seen)
            for problem in seen.tally.wrong[:20]:
                print(problem)
        if given.stored:
            out = folder / "store" / "run"
            rows += run_rows(
                grow(given.stored, ["-c", STORE, str(out), str(given.stored)], out), STUB
            )
        if given.members:
            out = folder / "model" / "run"
            words = model_words(given.members, given.until, given.engine, out)
            what = Said(f"{MODEL.zh}（至 {given.until}）", f"{MODEL.en} (to {given.until})")
            rows += run_rows(grow(given.members, words, out), what)
    made = record(rows, f"python -m tests.trust.soak --until {given.until} --record")
    print(made.show())
    if given.record:
        print(made.write())
    if any(row.found.en.startswith(NOT_SO.en) for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
