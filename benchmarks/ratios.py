"""Goals 1 to 4: the engine against other ways of writing the same quarter, and where its own time goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import FunctionType
from typing import Any

from benchmarks import measuring
from benchmarks.result import Profile, Section, Size, SkippedError, judged, measure
from benchmarks.yardstick import c_code, mesa_objects, numpy_stream, worlds
from benchmarks.yardstick.luck import Stream
from simulator.engine.choose import choose

PROFILED_FIRMS = 50_000  # so many that what Python adds to each stage does not show


def _own(size: Size, start: worlds.Start) -> Callable[[], float]:
    """CPU seconds of the engine on a fresh copy of a founded world; the copy is not counted."""

    def timed() -> float:
        world = worlds.fresh(start)
        return measuring.cpu_seconds(lambda: worlds.walk(start, world, size.engine))

    return timed


def _other(make: Callable[[], Callable[[], object]]) -> Callable[[], float]:
    """CPU seconds of another way; what `make` does before the first quarter is not counted."""

    def timed() -> float:
        ready = make()
        return measuring.cpu_seconds(ready)

    return timed


def _note(found: measuring.Ratio, steps: int) -> str:
    first, second = (seconds / steps * 1e9 for seconds in (found.numerator, found.denominator))
    return f"{first:.0f} / {second:.0f} ns · {found.rounds} rounds · 轮"


def _steps(start: worlds.Start, engine: str) -> int:
    return worlds.walk(start, worlds.fresh(start), engine)[1]


def _need_compiler() -> None:
    if c_code.compiler() is None:
        raise SkippedError("no C compiler (cc, gcc or clang) · 没有 C 编译器")


@measure
def mesa(size: Size) -> Section:
    start = worlds.founded(size.object_quarters, size.firms)

    def objects() -> Callable[[], object]:
        city = mesa_objects.City(start, worlds.fresh(start), Stream(1))
        return lambda: mesa_objects.walk(city)

    found = measuring.alternate(_other(objects), _own(size, start), size.few_rounds)
    note = _note(found, _steps(start, size.engine))
    zh, en = "普通 Mesa 对象 ÷ 引擎", "plain Mesa objects ÷ engine"
    profiles = ("stages",)
    result = judged(
        "mesa", 1, zh, en, found, "more", 100.0, aim=200.0, note=note, profiles=profiles
    )
    return Section([result])


@measure
def numpy(size: Size) -> Section:
    start = worlds.founded(size.quarters, size.firms)

    def columns() -> Callable[[], object]:
        city = numpy_stream.City(start, worlds.fresh(start), Stream(1))
        return lambda: numpy_stream.walk(city)

    found = measuring.alternate(_other(columns), _own(size, start), size.rounds)
    note = _note(found, _steps(start, size.engine))
    zh, en = "常规 numpy（不配对）÷ 引擎", "idiomatic numpy, unpaired ÷ engine"
    profiles = ("stages",)
    result = judged("numpy", 2, zh, en, found, "more", 4.0, aim=6.0, note=note, profiles=profiles)
    return Section([result])


@measure
def c_twin(size: Size) -> Section:
    _need_compiler()
    start = worlds.founded(size.quarters, size.firms)

    def twin() -> Callable[[], object]:
        return c_code.Twin(start, worlds.fresh(start)).walk

    found = measuring.alternate(_own(size, start), _other(twin), size.rounds)
    note = _note(found, _steps(start, size.engine))
    zh, en = "引擎 ÷ 标量 C（-O3）", "engine ÷ scalar C, -O3"
    profiles = ("stages",)
    result = judged("c_twin", 3, zh, en, found, "less", 0.6, aim=0.4, note=note, profiles=profiles)
    return Section([result])


@measure
def lower_bound(size: Size) -> Section:
    _need_compiler()
    start = worlds.founded(size.quarters, size.firms)
    steps = _steps(start, size.engine)

    def bound() -> float:
        least = c_code.LowerBound(start, worlds.fresh(start))
        # The bound keeps its founding firms; for a firm-step it is the same.
        return measuring.cpu_seconds(least.walk) * steps / least.steps

    found = measuring.alternate(_own(size, start), bound, size.rounds)
    zh, en = "引擎 ÷ 下限（抽样、数学函数、内存）", "engine ÷ lower bound of draws, maths, memory"
    note, profiles = _note(found, steps), ("stages",)
    result = judged(
        "lower_bound", 4, zh, en, found, "less", 2.5, aim=1.8, note=note, profiles=profiles
    )
    return Section([result])


@measure
def stages(size: Size) -> Section:
    """Each stage of the quarter timed by itself: the quarter's own Python body with a clock around what it calls."""
    firms = PROFILED_FIRMS if size.firms >= 1000 else size.firms
    start = worlds.founded(4, firms)
    spent = stage_seconds(start, size.engine)
    steps = _steps(start, size.engine)
    parts = sorted(
        ((name, s / steps * 1e9) for name, s in spent.items()), key=lambda part: -part[1]
    )
    zh = f"引擎各步骤，{firms} 家企业，每企业每步"
    en = f"stages of the engine at {firms} firms, a firm-step"
    return Section(profiles=[Profile("stages", zh, en, "ns", tuple(parts))])


def stage_seconds(start: worlds.Start, engine_name: str) -> dict[str, float]:
    """Processor seconds of each function that the engine's ``quarter`` calls, over one walk."""
    engine: Any = choose(engine_name)
    body, stages = _body(engine.quarter), _called(engine, engine.quarter)
    while len(stages) == 1:  # a quarter may be the one call of another
        body, stages = _body(*stages.values()), _called(engine, *stages.values())
    spent: dict[str, float] = {}

    def clocked(name: str, stage: Callable[..., Any]) -> Callable[..., Any]:
        call = _callable(stage)

        def timed(*rest: Any) -> Any:
            versions = list(getattr(call, "overloads", {}).values())
            # Numba's look at the types of two hundred fields would drown a short stage.
            enter = versions[0].entry_point if len(versions) == 1 else call
            begun = time.thread_time()
            found = enter(*rest)
            spent[name] = spent.get(name, 0.0) + time.thread_time() - begun
            return found

        return timed

    own = {name: clocked(name.lstrip("_"), stage) for name, stage in stages.items()}
    quarter = FunctionType(body.__code__, body.__globals__ | own, "quarter", body.__defaults__)
    for repeat in range(2):  # once for compilation and caches
        if repeat:
            spent.clear()
        worlds.walk_by_quarters(start, worlds.fresh(start), quarter)
    return spent


def _callable(stage: Any) -> Any:
    """A stage as Python can call it: compiled ones are made to be called by compiled code only."""
    if not hasattr(stage, "py_func"):
        return stage
    from simulator.engine.numba_tools import njit

    names = ", ".join(stage.py_func.__code__.co_varnames[: stage.py_func.__code__.co_argcount])
    space = {"stage": stage}
    exec(f"def call({names}): return stage({names})", space)
    return njit(error_model="numpy", nogil=True)(space["call"])


def _body(function: Any) -> Any:
    """The Python text of a function, compiled or not, also of one that is entered directly."""
    inner = getattr(function, "function", function)
    return getattr(inner, "py_func", inner)


def _called(engine: Any, function: Any) -> dict[str, Any]:
    """Functions of the engine that a function's body names."""
    body = _body(function)
    named = {name: body.__globals__.get(name) for name in body.__code__.co_names}
    return {
        name: found
        for name, found in named.items()
        if callable(found) and getattr(_body(found), "__module__", "") == engine.__name__
    }
