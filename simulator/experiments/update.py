"""New figures on an old ensemble: members weighted by how well they agree, without simulating anything again.

A figure of a series and year has an error sd, so each member gets the density of the figure around what it would have
published; figures multiply. What the weights are worth is shown as an effective number of members: below `FEWEST`, or
below a tenth of the members, the answer rests on a handful of histories and the run should be made again with the
figure in its scenario.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from simulator.experiments.inference import Floats, Interval, effective_size, weighted_quantiles
from simulator.experiments.intervals import share_interval
from simulator.experiments.moments import PERIMETERS, WORDS
from simulator.experiments.store import Run
from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import (
    CellError,
    cell_choice,
    cell_number,
    cell_text,
    cell_whole,
)
from simulator.foundation.tables import Row, read_table
from simulator.foundation.units import QuantityError, parse_quantity
from simulator.registry import Name
from simulator.targets import Goal, goals_of, judged_level, measurable, met

FEWEST: Final = 50
SMALLEST_SHARE: Final = 0.1
COLUMNS: Final = ("series", "year", "value", "sd", "perimeter", "side")


@dataclass(frozen=True, slots=True)
class NewFigure:
    """A figure of a series and year: `value` in the unit of the series, `sd` its error in log points."""

    series: str
    year: int
    value: float
    unit: str
    sd: float
    perimeter: str
    side: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One target before and after: probability with its error, median and 90 % interval of what it is held against."""

    key: str
    name: Name
    before: float
    after: float
    low: float  # 95 % Monte Carlo interval of `after`, by Wilson with the effective number of members
    high: float
    outcome_before: Interval
    outcome_after: Interval
    unit: str


@dataclass(frozen=True, slots=True)
class Update:
    """Everything `simulate update` finds."""

    figures: tuple[NewFigure, ...]
    surprise: tuple[float, ...]  # rank of each figure among the members, 0 … 1
    weights: Floats
    effective: float
    members: int
    shifts: tuple[Shift, ...]

    @property
    def needs_rerun(self) -> bool:
        """Whether too few members carry the answer."""
        return self.effective < max(FEWEST, SMALLEST_SHARE * self.members)


def read_figures(path: Path, run: Run) -> tuple[NewFigure, ...]:
    """The figures of a table with columns series, year, value (with unit), sd, perimeter and, at will, side.

    Raises InputError with every fault: a series or year the run does not have, a unit that does not fit, and a
    perimeter that is not the series' own, which names both.
    """
    found: list[NewFigure] = []
    findings: list[Finding] = []
    rows = read_table(path)
    columns = Allowed.one_of(COLUMNS)
    for name in rows[0] if rows else ():
        if name not in COLUMNS:
            near = nearest(name, COLUMNS) or ""
            what, zh = f"no column is called {name}", f"没有名为“{name}”的列"
            unknown = rows[0].finding(name, what, zh, allowed=columns, suggestion=near)
            findings.append(replace(unknown, line=1))
    for row in rows:
        try:
            figure = _figure(row, run)
        except CellError as fault:
            findings.append(fault.finding(row))
            continue
        if figure in found:
            what, zh = (
                "the same figure stands above already; it would count twice",
                "与上文重复，会被计算两次",
            )
            findings.append(row.finding("series", what, zh))
        found.append(figure)
    if findings:
        raise InputError(findings)
    if not found:
        what, zh = "the table holds no figure", "表中没有数字"
        raise InputError([Finding(str(path), 1, 1, "", what, zh, allowed=columns)])
    return tuple(found)


def update(run: Run, figures: Sequence[NewFigure]) -> Update:
    """Weigh the members of a run by new figures and judge its targets again. Deterministic.

    Raises InputError when no member is anywhere near a figure.
    """
    weights = np.ones(run.n)
    surprise = []
    for figure in figures:
        levels = figure_of(run, figure)
        weights = weights * agreement(levels, figure)
        surprise.append(float(np.mean(levels < figure.value)))
    if not weights.sum() > 0.0:
        what = "no member comes near these figures; make the run again with them in its scenario"
        zh = "没有成员接近这些数字；请在情景中写入后重新运行"
        raise InputError([Finding(str(run.path), 0, 0, "", what, zh)])
    weights = weights / weights.sum()
    shifts = [shift for goal in goals_of(run) if (shift := _shift(run, goal, weights)) is not None]
    return Update(
        tuple(figures), tuple(surprise), weights, effective_size(weights), run.n, tuple(shifts)
    )


def figure_of(run: Run, figure: NewFigure) -> Floats:
    """What each member would have for a figure, (n,)."""
    return np.asarray(run.annual(figure.series)[:, run.years.index(figure.year)])


def agreement(levels: Floats, figure: NewFigure) -> Floats:
    """Relative density of a figure around each member's level, (n,): 1 where it agrees fully.

    Errors are in log points. A lower or upper bound agrees with everything on its side.
    """
    with np.errstate(divide="ignore"):
        z = (np.log(np.maximum(levels, 1e-12)) - math.log(figure.value)) / figure.sd
    if figure.side == "lower":
        z = np.minimum(z, 0.0)
    elif figure.side == "upper":
        z = np.maximum(z, 0.0)
    return np.asarray(np.exp(-0.5 * z * z))


def weights_table(run: Run, found: Update) -> bytes:
    """Weight of each member, as CSV, for use elsewhere."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("member", "weight"))
    writer.writerows(zip(run.members.tolist(), found.weights.tolist(), strict=True))
    return text.getvalue().encode()


def _shift(run: Run, goal: Goal, weights: Floats) -> Shift | None:
    if not measurable(goal, run):
        return None
    flags, level = met(goal, run), judged_level(goal, run)
    even = np.full(run.n, 1.0 / run.n)
    # Weights add up to one only to the last bit.
    after = min(1.0, float(weights @ flags)) if not flags.all() else 1.0
    return Shift(
        goal.key,
        goal.name,
        float(flags.mean()),
        after,
        *share_interval(after, effective_size(weights)),
        _interval(level, even),
        _interval(level, weights),
        goal.unit,
    )


def _interval(column: Floats, weights: Floats) -> Interval:
    low, middle, high = weighted_quantiles(column, weights, (0.05, 0.5, 0.95)).tolist()
    return Interval(low, middle, high)


def _figure(row: Row, run: Run) -> NewFigure:
    series = cell_choice(row, "series", run.series)
    year = cell_whole(row, "year")
    if year not in run.years[1:]:
        raise CellError(
            "year",
            f"{year} is not simulated in this run",
            f"本次运行不含 {year} 年",
            allowed=Allowed.span(run.years[1], run.years[-1]),
        )
    unit = run.describe(series).unit
    try:
        value = parse_quantity(cell_text(row, "value"), unit)
    except QuantityError as error:
        allowed = Allowed(f"a number in {unit}", f"以 {unit} 为单位的数")
        raise CellError("value", str(error), error.zh, allowed) from None
    sd = cell_number(row, "sd")
    if not value > 0.0 or not 0.0 < sd < 2.0:
        raise CellError("sd", "value must be above 0, sd in log points between 0 and 2",
                        "数值须大于 0，sd（对数点）在 0 与 2 之间")  # fmt: skip
    perimeter = cell_text(row, "perimeter")
    own = PERIMETERS.get(series.partition("[")[0], "catalogue")
    if perimeter != own:
        word = WORDS.get(perimeter, Name(perimeter, perimeter))
        raise CellError(
            "perimeter",
            f"{series} speaks of {WORDS[own].en}, the figure of {word.en}: never spliced",
            f"{series} 的口径为“{WORDS[own].zh}”，该数的口径为“{word.zh}”：不可拼接",
            allowed=Allowed.same(own),
            suggestion=nearest(perimeter, (own,)) or "",
        )
    side = cell_choice(row, "side", ("two", "lower", "upper")) if row.get("side") else "two"
    return NewFigure(series, year, value, unit, sd, perimeter, side)
