"""What is promised by count: projects that are reserved, started and delivered, or fail.

(M16) a year's projects are listed at its start, as the yearly lists of the city are;
      started(t) = ⌊execution × Σ listed⌋: announced counts are not all carried out, titles may be exceeded;
      projects listed before the period and still under way are delivered within it, with or without a plan;
      a project is delivered after a gamma-distributed time, unless it fails
      a single named project of a planned size begins when execution × Σ listed reaches its one draw: it is carried
      out or not; begun it has its planned size, delivered the planned size times the share realised
(M7)  technology projects start with money (a number for each 亿元), take a gamma-distributed time and succeed with a
      probability; the counter of each plan starts at zero
      a major project is carried by an AI firm, the year's projects by those with the shortest −ln(U)/(e·quality);
      it invests realised × size (lognormal with the stated mean) evenly until it is due, whether it succeeds or not;
      once delivered it adds rev_capital_ratio·investment to its firm's capacity, and its own sales rise to that
      within a ramp: they are recorded, not added to the firm's external sales, which arrivals and growth already
      book; a firm that exits ends its projects
(M7)  technology and product projects are carried by firms: each year's by the firms granted that year in order of
      their score, in turn (by AI firms in that order where nobody was granted); technology projects start with money
      (a number for each 亿元), take a gamma-distributed time and succeed with a probability, and a project is
      delivered only if its firm is still there; the counter of each plan starts at zero
A project is an address (its target and its ordinal): a larger dose keeps the earlier projects and adds to them.
Source: execution `smart-factory-targets` and judgement; size of major projects `tj-2018-2020`; durations, success,
realised share, spread and ramp assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import exp, log, minimum, select

DURATION_SHAPE = 4.0  # of the gamma law of a project's time (assumed)


class Milestones(NamedTuple):
    """Parameters of counted projects (M7, M16)."""

    execution_counts: float
    milestone_duration: float
    milestone_success: float
    technology_duration: float
    technology_success: float
    project_size_realised: float
    project_size: float
    project_log_sd: float
    project_realised: float
    project_ramp: float


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


def project_investment(normal: Any, mean: Any, log_sd: Any, realised: Any) -> Any:
    """Money a major project invests (M16): lognormal around its announced mean, the realised part of it; 亿元."""
    return realised * mean * exp(log_sd * normal - 0.5 * log_sd * log_sd)


def project_waiting(uniform: Any, external: Any, quality: Any) -> Any:
    """Race time of a firm for a major project (M16): the shortest win, with odds ∝ e·quality."""
    return -log(uniform) / (external * quality)


def project_sales(investment: Any, ratio: Any, years: Any, ramp: Any) -> Any:
    """Sales of a delivered project's plant, ``years`` after it opened (M16); 亿元/yr."""
    return ratio * investment * minimum(1.0, years / ramp)
