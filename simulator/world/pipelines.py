"""Counted projects of a member: what is started and delivered toward each target, quarter by quarter (M7, M16).

Projects depend on levers and draws, not on firms, so they are laid out at founding like births.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from simulator.foundation.randomness import Decision, Origin, entity_ids, name_group
from simulator.mechanisms.milestones import (
    DURATION_SHAPE,
    Milestones,
    kind_parameters,
    started_units,
)
from simulator.world.founding import Draw
from simulator.world.places import CarriedProjects

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]
DT = 0.25
QUARTERS_A_YEAR = 4
ROUNDING = 1e-9  # a hundred times 0.1 is ten projects, whatever the last bit says


class Reserved(NamedTuple):
    """Projects reserved toward one target; T quarters."""

    target: str
    technology: bool
    rates: Number  # (T,) projects a year
    drawn_as: str = ""  # the target whose draws its projects take, "" for its own


def run_pipelines(
    reserved: Sequence[Reserved],
    carried: Sequence[CarriedProjects],
    targets: Sequence[str],
    year_start: Label,
    p: Milestones,
    draw: Draw,
) -> tuple[Number, Number]:
    """Projects started and delivered since the start toward each target; two arrays of shape (T, targets).

    ``year_start`` gives for each of the T quarters the first one of its year, where the year's projects are listed.
    Carried projects were started before: they only show when they are delivered.
    """
    n_quarters = len(year_start)
    started = np.zeros((n_quarters, len(targets)))
    delivered = np.zeros((n_quarters, len(targets)))
    for pipeline in reserved:
        listed = np.asarray(np.bincount(year_start, DT * pipeline.rates, n_quarters), dtype=float)
        name = f"{pipeline.drawn_as or pipeline.target}/{pipeline.technology}"
        units, done = _projects(listed, name, pipeline.technology, p, draw)
        column = targets.index(pipeline.target)
        started[:, column] += np.cumsum(units)
        delivered[:, column] += _delivered(done, n_quarters)
    for earlier in carried:
        if earlier.target in targets:
            before = np.zeros(earlier.years_before * QUARTERS_A_YEAR)
            before[::QUARTERS_A_YEAR] = earlier.listed_a_year
            _, done = _projects(before, f"{earlier.target}/carried", False, p, draw)
            done = done - len(before)
            delivered[:, targets.index(earlier.target)] += _delivered(done[done >= 0], n_quarters)
    return started, delivered


def _projects(
    listed: Number, name: str, technology: bool, p: Milestones, draw: Draw
) -> tuple[Label, Label]:
    """Units started in each quarter, and the quarters in which those that succeed are delivered."""
    execution, mean, success = (float(value) for value in kind_parameters(technology, p))
    so_far = np.floor(started_units(np.cumsum(listed), execution) + ROUNDING).astype(np.int64)
    begun = np.searchsorted(so_far, np.arange(so_far[-1]), side="right")
    ids = entity_ids(Origin.PROCESS, name_group(name), 0, len(begun))
    time_luck, fate = draw.pair(ids, Decision.PROJECT)
    years = gammaincinv(DURATION_SHAPE, time_luck) * mean / DURATION_SHAPE
    done = begun + np.floor(years / DT).astype(np.int64)  # a project starts with its quarter
    return np.diff(so_far, prepend=0), done[fate < success]


def _delivered(done: Label, n_quarters: int) -> Number:
    """Running count of deliveries by quarter; shape (T,)."""
    return np.cumsum(np.bincount(done[done < n_quarters], minlength=n_quarters)).astype(np.float64)
