"""How fast the simulator is, against other ways of writing the same quarter and against its own goals.

    python benchmarks/compare.py            everything; writes docs/performance.md, its figure and latest.json
    python benchmarks/compare.py --quick    tiny sizes in a minute or so: whether it works, not how fast it is
    python benchmarks/compare.py --only mesa_objects --only c_twin

Ratios of CPU time in one process, by turns, median of the rounds with a bootstrap interval; a goal is judged on the bad
end of its interval.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import measuring, page
from benchmarks.yardstick import c_code, mesa_objects, numpy_stream, worlds
from benchmarks.yardstick.luck import Stream

ROOT = Path(__file__).resolve().parents[1]
LATEST = Path(__file__).resolve().parent / "latest.json"


@dataclass(frozen=True)
class Size:
    """How large everything is; `quick` checks that it works."""

    firms: int = 2000
    quarters: int = 40
    object_quarters: int = 8
    rounds: int = 15
    object_rounds: int = 5
    members: int = 1000
    many_firms: int = 1_000_000
    few_firms: int = 5000
    engine: str = "compiled"


QUICK = Size(60, 4, 4, 2, 2, 4, 400, 100, "plain")


@dataclass(frozen=True)
class Result:
    """One measured goal: `value` with its interval, against `gate` and `aim`; `better` is `more` or `less`."""

    key: str
    goal: int
    zh: str
    en: str
    value: float
    low: float
    high: float
    unit: str
    better: str
    gate: float
    aim: float | None = None
    note: str = ""
    rows: list[list[float]] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether the bad end of the interval is within the gate."""
        return self.low >= self.gate if self.better == "more" else self.high <= self.gate


Measure = Callable[[Size], Result]
MEASURES: dict[str, Measure] = {}


def measure(function: Measure) -> Measure:
    """List a measure under its name."""
    MEASURES[function.__name__] = function
    return function


class SkippedError(Exception):
    """A measure that this machine cannot take, with the reason."""


def _against(
    size: Size,
    other: Callable[[worlds.Start], Callable[[], object]],
    start: worlds.Start,
    rounds: int,
):
    """Ratio of another way's CPU time to the engine's on the same founded world; founding is not counted."""

    def own() -> float:
        world = worlds.fresh(start)
        return measuring.cpu_seconds(lambda: worlds.walk(start, world, size.engine))

    def theirs() -> float:
        ready = other(start)
        return measuring.cpu_seconds(ready)

    return measuring.alternate(theirs, own, rounds)


def _times(
    key: str,
    goal: int,
    zh: str,
    en: str,
    found: measuring.Ratio,
    gate: float,
    aim: float,
    start: worlds.Start,
):
    steps = worlds.walk(start, worlds.fresh(start), "plain")[1]
    theirs, own = (seconds / steps * 1e9 for seconds in (found.numerator, found.denominator))
    note = f"{theirs:.0f} / {own:.0f} ns a firm-step, {found.rounds} rounds"
    return Result(
        key, goal, zh, en, found.ratio, found.low, found.high, "×", "more", gate, aim, note
    )


@measure
def mesa_objects_(size: Size) -> Result:
    start = worlds.founded(size.object_quarters, size.firms)

    def other(start: worlds.Start) -> Callable[[], object]:
        city = mesa_objects.City(start, worlds.fresh(start), Stream(1))
        return lambda: mesa_objects.walk(city)

    found = _against(size, other, start, size.object_rounds)
    return _times(
        "mesa_objects", 1, "普通 Mesa 对象", "plain Mesa objects", found, 100.0, 200.0, start
    )


@measure
def numpy_stream_(size: Size) -> Result:
    start = worlds.founded(size.quarters, size.firms)

    def other(start: worlds.Start) -> Callable[[], object]:
        city = numpy_stream.City(start, worlds.fresh(start), Stream(1))
        return lambda: numpy_stream.walk(city)

    found = _against(size, other, start, size.rounds)
    return _times(
        "numpy_stream",
        2,
        "常规 numpy（不配对）",
        "idiomatic numpy, unpaired",
        found,
        4.0,
        6.0,
        start,
    )


@measure
def c_twin(size: Size) -> Result:
    _need_compiler()
    start = worlds.founded(size.quarters, size.firms)

    def other(start: worlds.Start) -> Callable[[], object]:
        return c_code.Twin(start, worlds.fresh(start)).walk

    found = _against(size, other, start, size.rounds)
    return _times("c_twin", 3, "标量 C（-O3）", "scalar C, -O3", found, 1.0 / 0.6, 1.0 / 0.4, start)


@measure
def lower_bound(size: Size) -> Result:
    _need_compiler()
    start = worlds.founded(size.quarters, size.firms)
    steps = worlds.walk(start, worlds.fresh(start), "plain")[1]

    def bound() -> float:
        world = worlds.fresh(start)
        done: list[int] = []
        seconds = measuring.cpu_seconds(lambda: done.append(c_code.lower_bound(start, world)))
        return (
            seconds * steps / done[0]
        )  # the bound keeps its founding firms; per firm-step it is the same

    def own() -> float:
        world = worlds.fresh(start)
        return measuring.cpu_seconds(lambda: worlds.walk(start, world, size.engine))

    found = measuring.alternate(own, bound, size.rounds)
    note = f"{found.numerator / steps * 1e9:.0f} / {found.denominator / steps * 1e9:.0f} ns a firm-step"
    zh, en = "相对下限（抽样、数学函数、内存）", "over the bound of draws, maths, memory"
    return Result(
        "lower_bound", 4, zh, en, found.ratio, found.low, found.high, "×", "less", 2.5, 1.8, note
    )


@measure
def ensemble(size: Size) -> Result:
    with _results(size) as run:
        run(2)  # warm
        times = [
            measuring.wall_seconds(lambda k=k: run(size.members, seed=10 + k)) for k in range(3)
        ]
    zh, en = (
        "集合：成员 × 约 2000 企业 × 季度，含写表",
        "ensemble of members × about 2000 firms × quarters, tables written",
    )
    note = f"{size.members} members, {size.quarters} quarters, wall time, worst of 3"
    middle = sorted(times)[1]
    return Result(
        "ensemble", 5, zh, en, middle, min(times), max(times), "s", "less", 5.0, 3.0, note
    )


@measure
def warm_run(size: Size) -> Result:
    members = min(64, size.members)
    with _results(size) as run:
        run(2)
        times = [measuring.wall_seconds(lambda k=k: run(members, seed=100 + k)) for k in range(5)]
    zh, en = "热进程中 64 个成员", "64 members in a warm process"
    middle = sorted(times)[2]
    note = f"{members} members, wall time; the explorer's first answer"
    return Result(
        "warm_run", 5, zh, en, middle, min(times), max(times), "s", "less", 1.0, 0.5, note
    )


@measure
def two_threads(size: Size) -> Result:
    members = min(200, size.members)
    with _results(size) as run:
        seeds = iter(range(1000, 10_000))

        def timed(workers: int) -> float:
            return measuring.wall_seconds(lambda: run(members, seed=next(seeds), workers=workers))

        found = measuring.alternate(lambda: timed(1), lambda: timed(2), size.object_rounds)
    zh, en = "两线程相对一线程", "gain of two threads over one"
    return Result(
        "two_threads",
        6,
        zh,
        en,
        found.ratio,
        found.low,
        found.high,
        "×",
        "more",
        1.6,
        1.8,
        "wall time",
    )


MEMORY = """
import tempfile, simulator
scenario, n, engine = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with tempfile.TemporaryDirectory() as place:
    simulator.run(scenario, n=n, engine=engine, workers=2, out=place + '/run')
"""


@measure
def memory(size: Size) -> Result:
    few, many = max(2, size.members // 10), size.members
    small, large = (
        measuring.child(MEMORY, str(worlds.BASELINE), str(n), size.engine).megabytes
        for n in (few, many)
    )
    note = f"largest memory of the process; {few} members take {small:.0f} MB"
    zh, en = "整个进程的内存", "memory of the whole process"
    return Result(
        "memory",
        7,
        zh,
        en,
        large,
        large,
        large,
        "MB",
        "less",
        400.0,
        250.0,
        note,
        [[few, small], [many, large]],
    )


@measure
def many_firms(size: Size) -> Result:
    rows = []
    for firms in (size.few_firms, size.many_firms):
        start = worlds.founded(4, firms)
        world = worlds.fresh(start)
        held = sum(block.nbytes for block in world.firms.columns[:3]) / world.firms.capacity
        steps = [0]
        worlds.walk(start, worlds.fresh(start), size.engine)
        seconds = measuring.cpu_seconds(
            lambda s=start, w=world, k=steps: k.__setitem__(0, worlds.walk(s, w, size.engine)[1])
        )
        rows.append([firms, seconds / steps[0] * 1e9, held])
    ratio = rows[1][1] / rows[0][1]
    note = f"{rows[1][2]:.0f} bytes a firm (gate 250); {rows[0][1]:.0f} and {rows[1][1]:.0f} ns a firm-step"
    zh = f"{size.many_firms} 家企业每步耗时相对 {size.few_firms} 家"
    en = f"time a firm-step at {size.many_firms} firms over {size.few_firms}"
    return Result("many_firms", 8, zh, en, ratio, ratio, ratio, "×", "less", 2.0, 1.5, note, rows)


HELP = "sys.argv = ['simulate', '-h']\nfrom simulator.cli import main\ntry: main()\nexcept SystemExit: pass"


@measure
def help_page(size: Size) -> Result:
    found = measuring.alternate(
        lambda: measuring.child(HELP).seconds,
        lambda: measuring.child("import click").seconds,
        size.object_rounds,
    )
    zh, en = "--help 相对 import click", "--help over import click"
    note = f"{found.numerator * 1e3:.0f} ms of CPU"
    return Result(
        "help_page", 9, zh, en, found.ratio, found.low, found.high, "×", "less", 2.0, None, note
    )


FIRST = """
from simulator.model import prepare
from simulator.scenario import load_scenario
prepare(load_scenario(sys.argv[1])).simulate(0, sys.argv[2])
"""


@measure
def first_result(size: Size) -> Result:
    found = measuring.alternate(
        lambda: measuring.child(FIRST, str(worlds.BASELINE), size.engine).seconds,
        lambda: measuring.child("import numba").seconds,
        size.object_rounds,
    )
    zh, en = (
        "首个结果（已编译）相对 import numba",
        "first result, compiled before, over import numba",
    )
    note = f"{found.numerator:.2f} s of CPU"
    return Result(
        "first_result", 10, zh, en, found.ratio, found.low, found.high, "×", "less", 3.0, None, note
    )


@measure
def python_share(size: Size) -> Result:
    from simulator.engine.choose import choose
    from simulator.model import prepare
    from simulator.scenario import load_scenario

    end = f"{2024 + size.quarters // 4}Q4"
    study = prepare(load_scenario(worlds.BASELINE, {"period.end": end}))
    engine = choose(size.engine)
    study.simulate(0, size.engine)
    genuine, spent = engine.quarter, [0.0]

    def clocked(*rest: object) -> int:
        begun = time.thread_time()
        n = genuine(*rest)
        spent[0] += time.thread_time() - begun
        return int(n)

    shares = []
    for member in range(1, 1 + max(4, size.rounds)):
        spent[0] = 0.0
        engine.quarter = clocked
        try:
            begun = time.thread_time()
            study.simulate(member, size.engine)
            whole = time.thread_time() - begun
        finally:
            engine.quarter = genuine
        shares.append(100.0 * (1.0 - spent[0] / whole))
    shares.sort()
    zh, en = (
        "成员耗时中循环之外的份额（含建立）",
        "share of a member's time outside the loops, founding included",
    )
    middle = shares[len(shares) // 2]
    return Result(
        "python_share", 12, zh, en, middle, shares[0], shares[-1], "%", "less", 25.0, 10.0
    )


@measure
def by_quarters(size: Size) -> Result:
    rows = []
    for quarters in (4, 20, 40) if size.quarters >= 40 else (4, 8):
        start = worlds.founded(quarters, size.firms)
        worlds.walk(start, worlds.fresh(start), size.engine)
        world, steps = worlds.fresh(start), [0]
        seconds = measuring.cpu_seconds(
            lambda s=start, w=world, k=steps: k.__setitem__(0, worlds.walk(s, w, size.engine)[1])
        )
        rows.append([quarters, seconds / steps[0] * 1e9])
    worst = max(row[1] for row in rows) / min(row[1] for row in rows)
    zh, en = (
        "每企业每步耗时随季度数的变化",
        "time a firm-step by number of quarters, worst over best",
    )
    return Result("by_quarters", 8, zh, en, worst, worst, worst, "×", "less", 2.0, None, "", rows)


@measure
def by_members(size: Size) -> Result:
    rows = []
    with _results(size) as run:
        run(2)
        for k, members in enumerate((size.members // 4, size.members)):
            rows.append(
                [
                    members,
                    measuring.cpu_seconds(lambda n=members, k=k: run(n, seed=500 + k))
                    / members
                    * 1e3,
                ]
            )
    ratio = rows[1][1] / rows[0][1]
    zh, en = "每成员耗时随成员数的变化", "time a member, four times as many members over as many"
    note = f"{rows[1][1]:.1f} ms of CPU a member, tables included"
    return Result("by_members", 5, zh, en, ratio, ratio, ratio, "×", "less", 1.2, None, note, rows)


@measure
def by_cells(size: Size) -> Result:
    rows = []
    for factor in (1, 4):
        start = worlds.divided(worlds.founded(8, size.firms), factor)
        worlds.walk(start, worlds.fresh(start), size.engine)
        world, steps = worlds.fresh(start), [0]
        seconds = measuring.cpu_seconds(
            lambda s=start, w=world, k=steps: k.__setitem__(0, worlds.walk(s, w, size.engine)[1])
        )
        rows.append([world.forcing.growth[0].size, seconds / steps[0] * 1e9])
    ratio = rows[1][1] / rows[0][1]
    zh, en = (
        "每企业每步耗时随产业链 × 区数的变化",
        "time a firm-step, 4 times as many chain × district cells over as many",
    )
    note = f"{rows[0][0]:.0f} and {rows[1][0]:.0f} cells"
    return Result("by_cells", 8, zh, en, ratio, ratio, ratio, "×", "less", 2.0, None, note, rows)


@contextmanager
def _results(size: Size) -> Iterator[Callable[..., object]]:
    """A function that runs the baseline with about 2000 firms into a folder of its own."""
    import simulator

    place = Path(tempfile.mkdtemp(prefix="simulate-benchmark-"))
    overrides = {
        "period.end": f"{2024 + size.quarters // 4}Q4",
        "assumptions.ecosystem_firms": "1700家",
        "assumptions.catalogue_firms": "300家",
    }

    def run(members: int, seed: int = 1, workers: int | None = 2) -> object:
        out = place / f"{members}-{seed}-{workers}"
        done = simulator.run(worlds.BASELINE, members, seed, overrides, out, workers, size.engine)
        shutil.rmtree(out)
        return done

    try:
        yield run
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _need_compiler() -> None:
    if c_code.compiler() is None:
        raise SkippedError("no C compiler (cc, gcc or clang) on this machine")


def main(words: list[str] | None = None) -> int:
    """Measure, print a line for each goal, and write the page unless it is a quick check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes; writes no page")
    parser.add_argument(
        "--only", action="append", choices=[name.rstrip("_") for name in MEASURES], help="a measure"
    )
    parser.add_argument(
        "--json",
        type=Path,
        help="where the numbers go; by default benchmarks/latest.json, unless quick",
    )
    given = parser.parse_args(words)
    size = QUICK if given.quick else Size()
    results, skipped = [], {}
    for name, function in MEASURES.items():
        key = name.rstrip("_")
        if given.only and key not in given.only:
            continue
        try:
            result = function(size)
        except SkippedError as reason:
            skipped[key] = str(reason)
            print(f"{key}: skipped, {reason}", flush=True)
            continue
        results.append(result)
        word = "" if given.quick else "  met" if result.met else "  NOT MET"
        print(
            f"{result.goal:>2} {key:<14}{result.value:10.3g} [{result.low:.3g}, {result.high:.3g}] {result.unit}  "
            f"{result.note}{word}",
            flush=True,
        )
    told = {
        "machine": measuring.machine(),
        "size": asdict(size),
        "skipped": skipped,
        "results": [asdict(result) | {"met": result.met} for result in results],
    }
    target = given.json or (None if given.quick or given.only else LATEST)
    if target is not None:
        target.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if not given.quick and not given.only:
        page.write(told, ROOT / "docs")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
