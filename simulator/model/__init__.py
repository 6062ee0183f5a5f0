"""The model: a founded world and the schedule that moves it, one quarter a step.

`prepare` turns a scenario into a `Study`, everything its members share. `TianjinAI` is one member as a Mesa model
(and `Member` the same without Mesa):

    study = prepare(load_scenario("scenarios/baseline.yaml"))
    model = TianjinAI(study, member=0)
    model.step()            # one quarter
    model.measures["core_revenue"]

`Study.simulate` runs a member to the end and returns its recorded block.
"""

import importlib
from typing import TYPE_CHECKING, Any

from simulator.model.layout import Founded, Layout, found_world
from simulator.model.member import Member
from simulator.model.study import MemberResult, Study, prepare

if TYPE_CHECKING:
    from simulator.model.tianjin import TianjinAI

__all__ = [
    "Founded",
    "Layout",
    "Member",
    "MemberResult",
    "Study",
    "TianjinAI",
    "found_world",
    "prepare",
]


def __getattr__(name: str) -> Any:
    """`TianjinAI` when it is asked for: a run needs no Mesa, and Mesa takes longer to load than all else."""
    if name != "TianjinAI":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("simulator.model.tianjin").TianjinAI
