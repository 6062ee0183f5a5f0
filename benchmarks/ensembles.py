"""Goals 5 to 7: many members at once, on two processors, with flat memory, and a folder of very many read elsewhere."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks import measuring
from benchmarks.growth import exponent
from benchmarks.result import (
    MEGABYTES,
    RATIO,
    SECONDS,
    Growth,
    Result,
    Section,
    Size,
    SkippedError,
    judged,
    measure,
    spread,
)
from benchmarks.yardstick import worlds


def overrides(size: Size) -> dict[str, object]:
    """The baseline with about 2000 founding firms, for as many quarters as are measured."""
    return {
        "period.end": f"{2024 + size.quarters // 4}Q4",
        "assumptions.ecosystem_firms": "1700家",
        "assumptions.catalogue_firms": "300家",
    }


@contextmanager
def results(size: Size) -> Iterator[Callable[..., object]]:
    """A function that runs so many members into a folder of its own, tables written."""
    import simulator

    place = Path(tempfile.mkdtemp(prefix="simulate-benchmark-"))

    def run(members: int, seed: int = 1, workers: int = 2, executor: str = "auto") -> object:
        out = place / f"{members}-{seed}-{workers}"
        done = simulator.run(
            worlds.BASELINE,
            members,
            seed,
            overrides(size),
            out,
            workers,
            size.engine,
            executor=executor,
        )
        shutil.rmtree(out)
        return done

    try:
        yield run
    finally:
        shutil.rmtree(place, ignore_errors=True)


@measure
def ensemble(size: Size) -> Section:
    with results(size) as run:
        run(2)  # warm
        times = [
            measuring.wall_seconds(lambda k=k: run(size.members, seed=10 + k)) for k in range(3)
        ]
    zh = f"{size.members} 成员 × 约 2000 企业 × {size.quarters} 季度，两个处理器，含写表"
    en = f"{size.members} members × about 2000 firms × {size.quarters} quarters, two processors, tables written"
    note = "wall time, worst of 3 · 实际用时，三次中最差"
    judged_by = SECONDS, "less", 5.0, 3.0, note, ("member", "stages")
    return Section([Result("ensemble", 5, zh, en, *spread(times), *judged_by)])


@measure
def warm_run(size: Size) -> Section:
    members = min(64, size.members)
    with results(size) as run:
        run(2)
        times = [measuring.wall_seconds(lambda k=k: run(members, seed=100 + k)) for k in range(5)]
    zh, en = f"热进程中 run，{members} 成员", f"run of {members} members in a warm process"
    return Section([Result("warm_run", 5, zh, en, *spread(times), SECONDS, note="wall · 实际用时")])


@measure
def threads(size: Size) -> Section:
    members = min(200, size.members)
    seeds = iter(range(1000, 10_000))
    with results(size) as run:

        def timed(workers: int) -> float:
            return measuring.wall_seconds(lambda: run(members, next(seeds), workers, "threads"))

        found = measuring.alternate(lambda: timed(1), lambda: timed(2), size.few_rounds)
    zh, en = "两线程相对一线程", "gain of two threads over one"
    note = f"{members} members · 成员, wall · 实际用时"
    return Section(
        [judged("threads", 6, zh, en, found, "more", 1.6, aim=1.8, note=note, profiles=("member",))]
    )


ENSEMBLE = """
import json, tempfile, simulator
scenario, n, engine, sheet = sys.argv[1], int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
with tempfile.TemporaryDirectory() as place:
    simulator.run(scenario, n=n, set=sheet, engine=engine, workers=2, out=place + '/run')
print(*sys.modules)
"""
IMPORTS = """
import contextlib, importlib
for name in sys.argv[1].split():
    with contextlib.suppress(Exception):
        importlib.import_module(name)
"""


@measure
def memory(size: Size) -> Section:
    numbers = [max(2, size.members // 4), size.members, 4 * size.members]
    sheet = json.dumps(overrides(size))
    children = [
        measuring.child(ENSEMBLE, str(worlds.BASELINE), str(n), size.engine, sheet) for n in numbers
    ]
    taken = [child.megabytes for child in children]
    modules = children[0].printed.strip().rpartition("\n")[2]
    bare = measuring.child(IMPORTS, modules).megabytes
    zh, en = (
        f"{size.members} 成员时整个进程的内存",
        f"memory of the process, {size.members} members",
    )
    whole = Result("memory", 7, zh, en, *(3 * (taken[1],)), MEGABYTES, "less", 400.0, 250.0)
    zh, en = "其中超出导入库的部分", "of it above imports"
    note = f"imports alone · 仅导入 {bare:.0f} MB"
    over = 3 * (taken[1] - bare,)
    above = Result("memory_above", 7, zh, en, *over, MEGABYTES, "less", 100.0, note=note)
    zh, en = "成员数增至四倍时的内存", "memory with four times the members"
    ratio = 3 * (taken[2] / taken[1],)
    more = Result("memory_growth", 7, zh, en, *ratio, RATIO, "less", 1.05)
    labels = "整个进程的内存", "memory of the process", "成员数", "members", MEGABYTES
    points = tuple(zip(map(float, numbers), taken, strict=True))
    slope = exponent(np.array(numbers, dtype=float), np.array([taken]))
    return Section([whole, above, more], [Growth("memory", *labels, points, *slope)])


@measure
def members(size: Size) -> Section:
    numbers = sorted({max(2, size.members // part) for part in (20, 5, 1)})
    costs = np.empty((2, len(numbers)))
    with results(size) as run:
        run(2)
        for k in range(len(costs)):
            for column, n in enumerate(numbers):
                spent = measuring.cpu_seconds(lambda n=n, k=k: run(n, seed=500 + k))
                costs[k, column] = spent
    slope = exponent(np.array(numbers, dtype=float), costs)
    each = np.median(costs, axis=0) / numbers * 1e3
    labels = (
        "每成员处理器时间，含写表",
        "processor time a member, tables included",
        "成员数",
        "members",
        "ms",
    )
    points = tuple(zip(map(float, numbers), each.tolist(), strict=True))
    figures = {"member_ms": float(each[-1])}
    return Section(growths=[Growth("members", *labels, points, *slope)], figures=figures)


READ = """
import duckdb
files, query = sys.argv[1], sys.argv[2]
duckdb.sql("SET memory_limit = '128MB'")
duckdb.sql("SET threads = 1")
print(len(duckdb.sql(query.format(files=files)).fetchall()))
"""
QUERY = "SELECT quarter, avg(core_revenue), count(*) FROM '{files}' GROUP BY quarter"
FEW_FIRMS = {
    "period.end": "2025Q4",
    "assumptions.ecosystem_firms": "1000家",
    "assumptions.catalogue_firms": "100家",
}


@measure
def folder(size: Size) -> Section:
    """Very many short members in one folder, read by DuckDB in a process of its own, of a tenth of them and of all."""
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise SkippedError("duckdb is not installed · 未安装 duckdb") from None
    import simulator

    place = Path(tempfile.mkdtemp(prefix="simulate-benchmark-"))
    try:
        out, n = place / "run", size.demonstration
        spent = measuring.wall_seconds(
            lambda: simulator.run(worlds.BASELINE, n, 1, FEW_FIRMS, out, 2, size.engine)
        )
        parts = sorted((out / "parts").glob("*.parquet"))
        stored = sum(part.stat().st_size for part in parts)
        quarters = 1 + 4
        few = place / "few"
        few.mkdir()
        tables = sorted((out / "parts").glob("members-*.parquet"))
        for part in tables[: max(1, len(tables) // 10)]:
            (few / part.name).hardlink_to(part)
        tenth, whole = (
            measuring.child(READ, f"{where}/members-*.parquet", QUERY)
            for where in (few, out / "parts")
        )
    finally:
        shutil.rmtree(place, ignore_errors=True)
    each = stored / n
    by_quarter = each / quarters
    zh, en = "DuckDB 读全部 ÷ 读十分之一的内存", "memory of DuckDB over all members ÷ over a tenth"
    note = f"{n} members · 成员, {tenth.megabytes:.0f} → {whole.megabytes:.0f} MB, {whole.seconds:.1f} s"
    ratio = whole.megabytes / tenth.megabytes
    read = Result("folder_memory", 7, zh, en, ratio, ratio, ratio, RATIO, note=note)
    zh, en = "每成员每季度占盘", "disk a member and quarter"
    note = f"{n} members · 成员 × {quarters} quarters · 季度, {stored / 1e6:.0f} MB, {len(parts)} files, {spent:.0f} s"
    disk = Result("folder_disk", 7, zh, en, by_quarter, by_quarter, by_quarter, "B", note=note)
    figures = {"disk_bytes": by_quarter, "files": float(len(parts)) / n, "members": float(n)}
    return Section([read, disk], figures=figures)
