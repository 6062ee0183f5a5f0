"""Which engine runs: the compiled one where Numba is installed, else the plain one. Same bytes either way."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from simulator.world.founding import Loops

ENGINES = ("auto", "compiled", "plain")


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


def founding_loops(engine: Engine) -> Loops | None:
    """The loops for founding that go with an engine; the plain one has none, since there the text itself runs."""
    if engine.NAME != "compiled":
        return None
    loops: Any = importlib.import_module("simulator.engine.founding")
    return cast("Loops", loops)


def _load(name: str) -> Engine:
    engine: Engine = importlib.import_module(f"simulator.engine.{name}")
    return engine
