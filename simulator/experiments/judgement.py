"""Every target of every plan, each judged once, on the run in which its plan is in force."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from simulator.experiments.store import Run
from simulator.foundation.findings import UsageError
from simulator.registry import Name, Target
from simulator.scenario import Scenario
from simulator.targets import JointScore, Judged, TargetScore, goals_of, joint, judge_all

ROUNDING: Final = 1e-3
"""Doses are stated to two decimals: three years of 333.33 are a promise of 1000 kept."""

NO_RUN = Name("所给运行中没有施行该规划者", "no run given has this plan in force")


class Promise(NamedTuple):
    """What a scenario puts in of what a plan promises, until the deadline, in the target's unit."""

    given: float
    kept: bool


class PlanRow(NamedTuple):
    """One target of a plan: how it is judged, and what came of it.

    `run` is the label of the run it was judged on, `base_year` the year before the plan's first one:
    no plan states its own. They are empty and None where no run has the plan in force. `score` holds
    the numbers of a scored target, `promise` those of a policy input whose lever counts in the
    target's unit.
    """

    judged: Judged
    run: str
    base_year: int | None
    score: TargetScore | None
    promise: Promise | None


class PlanJoint(NamedTuple):
    """All scored targets of one plan together, and the label of the run."""

    run: str
    score: JointScore


class Judgement(NamedTuple):
    """Every target of a city's plans in registry order, and the joint probability of each plan."""

    runs: tuple[Run, ...]
    rows: tuple[PlanRow, ...]
    joints: tuple[PlanJoint, ...]


def judge_plans(runs: Sequence[Run]) -> Judgement:
    """Judge every target on the first of the runs that has its plan in force and reaches its deadline.

    Raises UsageError without a run and for runs of different cities.
    """
    if not runs:
        raise UsageError("no run to judge the plans on", "没有可据以评判规划的运行")
    library = runs[0].library
    registry = library.registry
    if any(run.library.registry.digest != registry.digest for run in runs):
        raise UsageError(
            "the runs are of different plan data: judge those of one city at a time",
            "各运行的规划数据不同：请一次只评判同一座城市的运行",
        )
    scores = {run.path: {item.id: item for item in run.targets()} for run in runs}
    rows = []
    for judged in judge_all(library):
        target = judged.target
        run = _in_force(target, runs)
        if run is None:
            rows.append(PlanRow(judged, "", None, None, None))
            continue
        score = scores[run.path].get(target.id)
        promise = _promise(target, run.scenario) if judged.status == "input" else None
        base = max(registry.document(target.document).start.year - 1, run.quarters[0].year)
        rows.append(PlanRow(judged, run.stem, base, score, promise))
    return Judgement(tuple(runs), tuple(rows), tuple(_joints(runs)))


def _in_force(target: Target, runs: Sequence[Run]) -> Run | None:
    """The first run with the target's plan that reaches the deadline."""
    for run in runs:
        if target.document in run.scenario.plans and target.deadline.year in run.years[1:]:
            return run
    return None


def _promise(target: Target, scenario: Scenario) -> Promise | None:
    """What the lever of a promised input is given until the deadline; None for one in another unit."""
    for setting in scenario.levers:
        if setting.lever.id == target.lever and setting.unit.removesuffix("/年") == target.unit:
            until = [q for q in scenario.period.quarters if q.year <= target.deadline.year]
            given = sum(setting.dose.values(until)) / 4.0
            assert target.value is not None
            return Promise(given, given >= target.value * (1.0 - ROUNDING))
    return None


def _joints(runs: Sequence[Run]) -> list[PlanJoint]:
    found = []
    registry = runs[0].library.registry
    for document in registry.documents:
        for run in runs:
            if document.id not in run.scenario.plans:
                continue
            own = joint([goal for goal in goals_of(run) if goal.document == document.id], run)
            if own:
                found.append(PlanJoint(run.stem, own[0]))
                break
    return found
