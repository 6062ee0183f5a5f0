"""Which engine runs: the compiled one where Numba is installed, else the plain one. Same bytes either way."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from simulator.world.founding import Loops

ENGINES = ("auto", "compiled", "plain")
SMALL_WORK = 3000  # quarters of members; the plain engine is done while loops still compile
COMPILING = (
    "compiling the fast engine, once, about a minute (`simulate warmup` does it ahead) · "
    "正在编译快速引擎，仅此一次，约一分钟（可用 `simulate warmup` 预先完成）"
)

_ANNOUNCING = threading.Lock()


class Engine(Protocol):
    """What both engines offer; see `simulator.engine.plain` for the arguments."""

    NAME: str
    quarter: Any
    quarters: Any
    record: Any
    count_people: Any
    uniforms: Any
    choose_place: Any


def choose(name: str = "auto") -> Engine:
    """Return the engine of that name; ``auto`` takes the compiled one if it can be imported.

    Raises ValueError for an unknown name, ImportError if ``compiled`` is asked for without Numba.
    """
    if name not in ENGINES:
        raise ValueError(f"engine {name!r}; allowed: {', '.join(ENGINES)}")
    if name == "auto":
        try:
            return _load("compiled")
        except ImportError:
            name = "plain"
    return _load(name)


def engine_for(name: str, work: int) -> str:
    """The engine that ``auto`` stands for when ``work`` quarters of members are to be computed.

    The plain one without Numba, and where the loops are not compiled yet and that would take longer than the work.
    """
    if name != "auto":
        return name
    if not has_numba():
        return "plain"
    return "compiled" if work > SMALL_WORK or is_compiled() else "plain"


def has_numba() -> bool:
    """Whether the compiled engine can be imported."""
    try:
        return importlib.util.find_spec("numba") is not None
    except ImportError:
        return False


def is_compiled() -> bool:
    """Whether loops of the present sources are in the cache; needs Numba installed, does not load it."""
    from simulator.engine.cache import folder

    return any(folder().glob("*/compiled._quarters-*.nbi"))


def founding_loops(engine: Engine) -> Loops | None:
    """The loops for founding that go with an engine; the plain one has none, since there the text itself runs."""
    if engine.NAME != "compiled":
        return None
    loops: Any = importlib.import_module("simulator.engine.founding")
    return cast("Loops", loops)


def _load(name: str) -> Engine:
    module = f"simulator.engine.{name}"
    # One thread announces and imports; the others find the module.
    with _ANNOUNCING:
        if name == "compiled" and module not in sys.modules and has_numba() and not is_compiled():
            logging.getLogger("simulator").warning(COMPILING)
        engine: Engine = importlib.import_module(module)
    return engine
