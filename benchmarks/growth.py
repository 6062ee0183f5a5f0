"""Goal 8 and the curves behind it: cost by firms, quarters and chain × district cells, and a million firms at once."""

from __future__ import annotations

import numpy as np

from benchmarks import measuring
from benchmarks.result import BYTES, RATIO, SECONDS, Growth, Result, Section, Size, measure
from benchmarks.yardstick import worlds

NS = "ns"
FEW = 500


def _timed(start: worlds.Start, engine: str) -> tuple[float, int]:
    """CPU seconds of one walk on a fresh copy, and its firm-steps."""
    world, steps = worlds.fresh(start), [0]

    def walk() -> None:
        steps[0] = worlds.walk(start, world, engine)[1]

    return measuring.cpu_seconds(walk), steps[0]


def _curve(starts: dict[float, worlds.Start], size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Seconds by round and size of all worlds, taken by turns, and their firm-steps."""
    for start in starts.values():
        _timed(start, size.engine)
    seconds = np.empty((size.few_rounds, len(starts)))
    steps = np.empty(len(starts))
    for k in range(size.few_rounds):
        order = list(enumerate(starts.values()))
        for position, start in order[::-1] if k % 2 else order:
            seconds[k, position], steps[position] = _timed(start, size.engine)
    return seconds, steps


def exponent(sizes: np.ndarray, costs: np.ndarray) -> tuple[float, float, float]:
    """Slope of log cost in log size: middle of the rounds with its bootstrap interval; costs (rounds, sizes)."""
    x = np.log(sizes) - np.log(sizes).mean()
    slopes = (np.log(costs) @ x) / (x @ x)
    return measuring.middle(slopes)


@measure
def firms(size: Size) -> Section:
    """A year of ever more firms: time a firm-step, and the exponent of the whole time in firms."""
    numbers = [500, size.few_firms, 50_000, size.most_firms]
    numbers = [n for n in numbers if n <= size.most_firms]
    starts = {n: worlds.founded(4, n) for n in sorted({*numbers})}
    seconds, steps = _curve(starts, size)
    each = seconds / steps * 1e9
    sizes = np.array(list(starts), dtype=float)
    few = list(starts).index(size.few_firms)
    ratio = measuring.middle(each[:, -1] / each[:, few])
    zh = f"每企业每步耗时，{size.most_firms:,} 家 ÷ {size.few_firms:,} 家"
    en = f"time a firm-step, {size.most_firms:,} ÷ {size.few_firms:,} firms"
    note = f"{np.median(each[:, -1]):.0f} / {np.median(each[:, few]):.0f} ns"
    result = Result("firms", 8, zh, en, *ratio, RATIO, "less", 2.0, 1.5, note, profiles=("stages",))
    points = tuple(zip(sizes.tolist(), np.median(each, axis=0).tolist(), strict=True))
    # Among few firms what a call costs weighs more than firms do: the exponent is of the larger worlds.
    slope = exponent(sizes[few:], seconds[:, few:])
    labels = "每企业每步耗时", "time a firm-step", "企业数", "firms", NS
    return Section([result], [Growth("firms", *labels, points, *slope)])


@measure
def quarters(size: Size) -> Section:
    lengths = [4, 12, 20, 40] if size.quarters >= 40 else [4, 8]
    starts = {float(n): worlds.founded(n, size.firms) for n in lengths}
    seconds, steps = _curve(starts, size)
    slope = exponent(np.array(lengths, dtype=float), seconds)
    each = np.median(seconds / steps * 1e9, axis=0)
    labels = "每企业每步耗时", "time a firm-step", "季度数", "quarters", NS
    points = tuple(zip(map(float, lengths), each.tolist(), strict=True))
    return Section(growths=[Growth("quarters", *labels, points, *slope)])


@measure
def cells(size: Size) -> Section:
    """The same firms in ever more chain × district cells."""
    start = worlds.founded(4, size.firms)
    starts = {}
    for factor in (1, 4, 16):
        finer = worlds.divided(start, factor)
        starts[float(finer.world.forcing.growth[0].size)] = finer
    seconds, steps = _curve(starts, size)
    sizes = np.array(list(starts))
    slope = exponent(sizes, seconds)
    each = np.median(seconds / steps * 1e9, axis=0)
    labels = "每企业每步耗时", "time a firm-step", "产业链 × 区", "chains × districts", NS
    points = tuple(zip(sizes.tolist(), each.tolist(), strict=True))
    return Section(growths=[Growth("cells", *labels, points, *slope)])


MILLION = """
import time
from benchmarks.yardstick import worlds
firms, quarters, engine = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
worlds.walk(*(lambda start: (start, start.world))(worlds.founded(4, 500)), engine)
start = worlds.founded(quarters, firms)
begun = time.process_time()
_, steps = worlds.walk(start, start.world, engine)
print(time.process_time() - begun, steps)
"""


@measure
def large(size: Size) -> Section:
    """As many firms as are asked for, in one process and one run: largest memory above the same process with few."""
    few, many = (
        measuring.child(MILLION, str(n), str(size.quarters), size.engine)
        for n in (FEW, size.most_firms)
    )
    seconds, steps = (float(word) for word in many.printed.split())
    most, living = size.most_firms, steps / size.quarters
    each = 1e6 * (many.megabytes - few.megabytes) * 1.048576 / (most - FEW)
    zh = f"{most:,} 家企业 × {size.quarters} 季度一次运行的内存，每家"
    en = f"memory a firm, {most:,} firms × {size.quarters} quarters in one run"
    note = f"{many.megabytes:.0f} MB, of a process with {FEW} firms · 同一进程 {FEW} 家时 {few.megabytes:.0f} MB"
    memory = Result("large", 8, zh, en, each, each, each, BYTES, "less", 250.0, 150.0, note)
    note = f"{steps:.3g} firm-steps · 企业步, {seconds / steps * 1e9:.0f} ns each · 每步"
    zh, en = "同上，用时", "the same, time"
    span = Result("large_seconds", 8, zh, en, seconds, seconds, seconds, SECONDS, note=note)
    figures = {"bytes": each, "living": living, "ns": seconds / steps * 1e9}
    return Section([memory, span], figures=figures)
