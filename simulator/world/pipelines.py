"""Counted projects of a member: what is started and delivered toward each target, quarter by quarter (M7, M16).

Projects depend on levers and draws, not on firms, so they are laid out at founding like births. Those that firms
carry are laid out too, when they begin and would be finished; who carries them, and whether it lives to deliver, is
found as the member runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtri

from simulator.foundation.randomness import Decision, Ids, Origin, entity_id, entity_ids, name_group
from simulator.mechanisms.milestones import (
    DURATION_SHAPE,
    Milestones,
    kind_parameters,
    project_investment,
    started_units,
)
from simulator.world.founding import Draw
from simulator.world.places import CarriedProjects
from simulator.world.state import BUILDER, NOBODY, RESEARCHER, Projects

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]
DT = 0.25
QUARTERS_A_YEAR = 4
ROUNDING = 1e-9  # a hundred times 0.1 is ten projects, whatever the last bit says

CARRIERS: Final = {
    "major_projects": BUILDER,
    "smart_factories": BUILDER,
    "key_technologies": RESEARCHER,
    "key_new_products": RESEARCHER,
    "smart_equipment_breakthroughs": RESEARCHER,
}
"""Which firms carry the projects of a metric; technology projects are always a researcher's.

A smart factory is refitted by an AI firm that supplies it, so it counts only if that firm lives to deliver.
"""

INVESTED_IN: Final = ("major_projects",)
"""Metrics whose projects are plants of their own: money is invested in them (M16)."""


def carrier_of(metric: str, technology: bool) -> int:
    """Who carries the projects toward a target of this metric: `NOBODY`, a `RESEARCHER` or a `BUILDER`."""
    return RESEARCHER if technology else CARRIERS.get(metric, NOBODY)


class Reserved(NamedTuple):
    """Projects reserved toward one target; T quarters."""

    target: str
    technology: bool
    rates: Number  # (T,) projects a year
    carrier: int = NOBODY
    invested_in: bool = False
    single: bool = False  # one named project of a planned size
    drawn_as: str = ""  # the target whose draws its projects take, "" for its own


class Pipelines(NamedTuple):
    """Projects of a member; T quarters."""

    started: Number  # (T, targets) since the start
    delivered: Number  # (T, targets) since the start, of those that no firm carries
    carried: Projects  # by firms


class _Batch(NamedTuple):
    """The projects of one pipeline, in order of their start."""

    started: Label  # (T,) units by quarter
    begun: Label
    due: Label
    succeeds: npt.NDArray[np.bool_]
    ids: Ids


def run_pipelines(
    reserved: Sequence[Reserved],
    carried: Sequence[CarriedProjects],
    targets: Sequence[str],
    year_start: Label,
    p: Milestones,
    draw: Draw,
) -> Pipelines:
    """Projects started and delivered since the start toward each target, and those that firms carry.

    ``year_start`` gives for each of the T quarters the first one of its year, where the year's projects are listed.
    Carried projects were started before: they only show when they are delivered.
    """
    if draw.loops is not None:
        found: Pipelines = draw.loops.run_pipelines(reserved, carried, targets, year_start, p, draw)
        return found
    n_quarters = len(year_start)
    started = np.zeros((n_quarters, len(targets)))
    delivered = np.zeros((n_quarters, len(targets)))
    by_firms = [_carried(_no_projects(), 0, Reserved("", False, np.zeros(0)), p, draw)]
    for pipeline in reserved:
        listed = np.asarray(np.bincount(year_start, DT * pipeline.rates, n_quarters), dtype=float)
        name = f"{pipeline.drawn_as or pipeline.target}/{pipeline.technology}"
        chance = single_luck(pipeline.target, draw) if pipeline.single else None
        batch = _projects(listed, name, pipeline.technology, p, draw, chance)
        column = targets.index(pipeline.target)
        started[:, column] += np.cumsum(batch.started)
        if pipeline.carrier == NOBODY:
            delivered[:, column] += _delivered(batch.due[batch.succeeds], n_quarters)
        else:
            by_firms.append(_carried(batch, column, pipeline, p, draw))
    for earlier in carried:
        if earlier.target in targets:
            before = np.zeros(earlier.years_before * QUARTERS_A_YEAR)
            before[::QUARTERS_A_YEAR] = earlier.listed_a_year
            batch = _projects(before, f"{earlier.target}/carried", False, p, draw)
            done = batch.due[batch.succeeds] - len(before)
            delivered[:, targets.index(earlier.target)] += _delivered(done[done >= 0], n_quarters)
    return Pipelines(started, delivered, _by_year(by_firms, year_start))


def single_luck(target: str, draw: Draw) -> float:
    """The draw that decides whether a target's single project is carried out."""
    address = np.array([entity_id(Origin.PROCESS, name_group(target))], dtype=np.uint64)
    return float(draw.pair(address, Decision.SINGLE_PROJECT)[0][0])


def projects_so_far(amount: Number) -> Number:
    """Whole projects or people in an amount that has added up so far."""
    return np.asarray(np.floor(amount + ROUNDING))


def _projects(
    listed: Number,
    name: str,
    technology: bool,
    p: Milestones,
    draw: Draw,
    single: float | None = None,
) -> _Batch:
    """Units started in each quarter, and when each is due.

    A ``single`` project begins once the execution of what is listed reaches the draw given for it.
    """
    execution, mean, success = (float(value) for value in kind_parameters(technology, p))
    if single is None:
        so_far = projects_so_far(started_units(np.cumsum(listed), execution)).astype(np.int64)
    else:
        carried_out = started_units(np.cumsum(listed), p.execution_counts) > single
        so_far = carried_out.astype(np.int64)
    begun = np.searchsorted(so_far, np.arange(so_far[-1]), side="right")
    ids = entity_ids(Origin.PROCESS, name_group(name), 0, len(begun))
    time_luck, fate = draw.pair(ids, Decision.PROJECT)
    years = gammaincinv(DURATION_SHAPE, time_luck) * mean / DURATION_SHAPE
    due = begun + np.floor(years / DT).astype(np.int64)  # a project starts with its quarter
    return _Batch(np.diff(so_far, prepend=0), begun, due, fate < success, ids)


def _no_projects() -> _Batch:
    none = np.zeros(0, dtype=np.int64)
    return _Batch(none, none, none, none > 0, none.astype(np.uint64))


def _carried(batch: _Batch, column: int, pipeline: Reserved, p: Milestones, draw: Draw) -> Projects:
    """The projects of one pipeline that firms carry, not yet sorted by year."""
    investment = np.zeros(len(batch.begun))
    if pipeline.invested_in:
        normal = ndtri(draw.pair(batch.ids, Decision.PROJECT_SIZE)[0])
        investment = np.asarray(
            project_investment(normal, p.project_size, p.project_log_sd, p.project_realised)
        )
    same = np.ones(len(batch.begun), dtype=np.int64)
    return Projects(
        first=np.zeros(0, dtype=np.int64),
        begun=batch.begun.astype(np.int64),
        due=batch.due,
        succeeds=batch.succeeds.astype(np.int64),
        target=column * same,
        carrier=pipeline.carrier * same,
        investment=investment,
    )


def _by_year(batches: Sequence[Projects], year_start: Label) -> Projects:
    """All projects that firms carry as one table, in order of the year that lists them."""
    order = np.argsort(np.concatenate([batch.begun for batch in batches]), kind="stable")
    columns = {
        name: np.concatenate([getattr(batch, name) for batch in batches])[order]
        for name in Projects._fields
        if name != "first"
    }
    starts = np.append(np.unique(year_start), len(year_start))
    return Projects(first=np.searchsorted(columns["begun"], starts).astype(np.int64), **columns)


def _delivered(done: Label, n_quarters: int) -> Number:
    """Running count of deliveries by quarter; shape (T,)."""
    return np.cumsum(np.bincount(done[done < n_quarters], minlength=n_quarters)).astype(np.float64)
