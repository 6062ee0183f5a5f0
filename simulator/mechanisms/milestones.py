"""What is promised by count: projects that are reserved, started and delivered, or fail.

(M16) a year's projects are listed at its start, as the yearly lists of the city are;
      started(t) = ⌊execution × Σ listed⌋: announced counts are not all carried out, titles may be exceeded;
      projects listed before the period and still under way are delivered within it, with or without a plan;
      a project is delivered after a gamma-distributed time, unless it fails
      a single named project of a planned size begins when execution × Σ listed reaches its one draw: it is carried
      out or not; begun it has its planned size, delivered the planned size times the share realised
(M7)  technology projects start with money (a number for each 亿元), take a gamma-distributed time and succeed with a
      probability; the counter of each plan starts at zero
A project is an address (its target and its ordinal): a larger dose keeps the earlier projects and adds to them.
Source: execution `smart-factory-targets` and judgement; durations and success assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import select

DURATION_SHAPE = 4.0  # of the gamma law of a project's time (assumed)


class Milestones(NamedTuple):
    """Parameters of counted projects (M7, M16)."""

    execution_counts: float
    milestone_duration: float
    milestone_success: float
    technology_duration: float
    technology_success: float
    project_size_realised: float


def started_units(listed: Any, execution: Any) -> Any:
    """Units started of what is listed so far (M16), a real number that the caller floors."""
    return execution * listed


def kind_parameters(technology: Any, p: Any) -> tuple[Any, Any, Any]:
    """Execution, mean duration in years and success probability of a pipeline, technology (M7) or not (M16)."""
    return (
        select(technology, 1.0, p.execution_counts),
        select(technology, p.technology_duration, p.milestone_duration),
        select(technology, p.technology_success, p.milestone_success),
    )
