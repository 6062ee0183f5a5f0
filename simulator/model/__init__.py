"""The model: a founded world and the schedule that moves it, one quarter a step.

`prepare` turns a scenario into a `Study`, everything its members share. `TianjinAI` is one member as a Mesa model:

    study = prepare(load_scenario("scenarios/baseline.yaml"))
    model = TianjinAI(study, member=0)
    model.step()            # one quarter
    model.measures["core_revenue"]

`Study.simulate` runs a member to the end and returns its recorded block.
"""

from simulator.model.layout import Founded, Layout, found_world
from simulator.model.member import TianjinAI
from simulator.model.study import MemberResult, Study, prepare

__all__ = ["Founded", "Layout", "MemberResult", "Study", "TianjinAI", "found_world", "prepare"]
