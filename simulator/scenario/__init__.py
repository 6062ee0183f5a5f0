"""Scenario files: YAML with a parent, layered onto the priors, into one frozen `Scenario`.

Layers, the later over the earlier: priors < fitted values < extended files < the file < `--set`.
Every value remembers the layer, file and line that set it. Whatever is wrong, in any layer, is
reported at once with its place; what is merely without effect becomes a listed note. A schedule,
a distribution and a list are replaced whole; everything else is replaced value by value.
"""

from simulator.foundation.calendar import Schedule
from simulator.scenario.entries import MECHANISMS, ExtraTarget, LeverSetting, Origin, Scenario
from simulator.scenario.loading import load_scenario
from simulator.scenario.schema import json_schema
from simulator.scenario.showing import Difference, OriginRow, child_text, differences, origin_rows
from simulator.scenario.text import sheet_text

__all__ = [
    "MECHANISMS",
    "Difference",
    "ExtraTarget",
    "LeverSetting",
    "Origin",
    "OriginRow",
    "Scenario",
    "Schedule",
    "child_text",
    "differences",
    "json_schema",
    "load_scenario",
    "origin_rows",
    "sheet_text",
]
