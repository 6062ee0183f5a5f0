"""Goal 12: what one member spends outside the compiled loops, and on what."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measuring
from benchmarks.ensembles import overrides
from benchmarks.result import PERCENT, Profile, Result, Section, Size, measure
from benchmarks.starting import FIRST
from benchmarks.yardstick import worlds
from simulator.engine.choose import choose

ROOT = Path(__file__).resolve().parents[1]
SHOWN = 14


@measure
def python(size: Size) -> Section:
    """Shares of a member's processor time: the loops, Python between them, and founding before them."""
    from simulator.model import Member, prepare
    from simulator.scenario import load_scenario

    study = prepare(load_scenario(worlds.BASELINE, overrides(size)))
    engine: Any = choose(size.engine)
    genuine, looped = engine.quarters, [0.0]

    def clocked(*rest: Any) -> int:
        begun = time.thread_time()
        n = genuine(*rest)
        looped[0] += time.thread_time() - begun
        return int(n)

    study.simulate(0, size.engine)
    shares = np.empty((max(4, 2 * size.rounds), 2))
    for member in range(len(shares)):
        looped[0] = 0.0
        engine.quarters = clocked
        try:
            begun = time.thread_time()
            model = Member(study, member + 1, engine=size.engine)
            founded = time.thread_time()
            model.advance(len(study.simulated))
            ended = time.thread_time()
            model.close()
        finally:
            engine.quarters = genuine
        whole = ended - begun
        shares[member] = ended - founded - looped[0], whole - looped[0]
        shares[member] *= 100.0 / whole
    between, outside = (measuring.middle(column) for column in shares.T)
    zh, en = "循环之间的 Python 占成员耗时", "Python between the loops, share of a member's time"
    first = Result(
        "python", 12, zh, en, *between, PERCENT, "less", 25.0, 10.0, profiles=("member",)
    )
    zh, en = "循环之外（含建立）占成员耗时", "all outside the loops, founding included"
    second = Result("python_founding", 12, zh, en, *outside, PERCENT, note="no gate · 无门槛")
    return Section([first, second])


@measure
def member(size: Size) -> Section:
    """What a member, and a first member in a fresh process, spend their time on, by function."""
    from simulator.model import prepare
    from simulator.scenario import load_scenario

    study = prepare(load_scenario(worlds.BASELINE, overrides(size)))
    study.simulate(0, size.engine)
    times = min(10, size.members)

    def simulate() -> None:
        for number in range(1, 1 + times):
            study.simulate(number, size.engine)

    zh, en = "一个成员的耗时（含被调用函数）", "one member, each with what it calls"
    one = Profile("member", zh, en, "ms", _profile(simulate, times))
    code = (
        "import cProfile, time\nprofile = cProfile.Profile(time.process_time)\nprofile.enable()\n"
    )
    code += FIRST + "profile.disable()\nprofile.dump_stats(sys.argv[3])\n"
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "first.prof"
        measuring.child(code, str(worlds.BASELINE), size.engine, str(file))
        parts = _parts(pstats.Stats(str(file)), 1)
    zh, en = (
        "新进程中的首个成员（含被调用函数）",
        "a first member in a fresh process, each with what it calls",
    )
    return Section(profiles=[one, Profile("first", zh, en, "ms", parts)])


def _profile(work: Callable[[], None], times: int) -> tuple[tuple[str, float], ...]:
    profile = cProfile.Profile(time.process_time)
    profile.runcall(work)
    return _parts(pstats.Stats(profile), times)


def _parts(stats: Any, times: int) -> tuple[tuple[str, float], ...]:
    """The project's functions, and libraries being imported, that take longest with all they call, in ms."""
    inside = f"{ROOT / 'simulator'}/"
    found: dict[str, float] = {}
    for (file, _, function), (_, _, _, cumulative, _) in stats.stats.items():
        package, _, module = file.rpartition("site-packages/")[2].partition("/")
        if function == "<module>" and module == "__init__.py":
            name = f"import {package}"
        elif file.startswith(inside) and not function.startswith("<"):
            name = f"{file.removeprefix(inside).removesuffix('.py')}.{function}"
        else:
            continue
        found[name] = max(found.get(name, 0.0), 1e3 * cumulative / times)
    return tuple(sorted(found.items(), key=lambda part: -part[1])[:SHOWN])
