"""Simulator of Tianjin's plans for the artificial-intelligence industry.

    import simulator as sim

    r = sim.run("scenarios/baseline.yaml", n=200, set={"levers.tj27_funds.size": "300亿元/年"})
    r.targets()
    sim.compare("scenarios/baseline.yaml", "scenarios/push.yaml").to_frame()

Importing the package loads nothing; each name loads what it needs when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.experiments.comparison import compare
    from simulator.experiments.runs import run
    from simulator.experiments.store import Run, open_run
    from simulator.model import TianjinAI
    from simulator.scenario import Scenario, load_scenario

    __version__: str

__all__ = [
    "Run",
    "Scenario",
    "TianjinAI",
    "__version__",
    "compare",
    "load_scenario",
    "open_run",
    "run",
]

_HOMES = {
    "Run": "simulator.experiments.store",
    "Scenario": "simulator.scenario",
    "TianjinAI": "simulator.model",
    "compare": "simulator.experiments.comparison",
    "load_scenario": "simulator.scenario",
    "open_run": "simulator.experiments.store",
    "run": "simulator.experiments.runs",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("tianjin-ai-simulator")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
