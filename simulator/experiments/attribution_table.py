"""An attribution kept in the folder of the run that it explains, so that a report need not compute it again."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from simulator.experiments.attribution import Attribution
from simulator.experiments.cases import JOINT, headline_of
from simulator.experiments.intervals import Estimate
from simulator.experiments.store import Run
from simulator.experiments.summary import encode_csv
from simulator.foundation.files import write_alone
from simulator.registry import Name
from simulator.scenario import Scenario
from simulator.targets import goals_of

FILE: Final = "attribution.csv"
COLUMNS: Final = (
    "run", "against_zh", "against_en", "against_digest", "members", "by", "exact", "outcome", "name_zh", "name_en",
    "unit", "before", "after", "group", "group_zh", "group_en", "share", "share_low", "share_high", "alone", "last",
    "order_error",
)  # fmt: skip
NUMBERS: Final = (
    "before", "after", "share", "share_low", "share_high", "alone", "last", "order_error",
)  # fmt: skip
MAYBE: Final = ("alone", "last", "order_error")
"""Numbers that only groups have."""
TOTAL: Final = "total"
"""The group of the row that holds the whole change."""


GROUPING: Final = "kind"
METRIC: Final = "core_revenue"
"""How a report groups levers, and the series that it takes apart."""


@dataclass(frozen=True, slots=True)
class UnfitAttribution:
    """A table of an attribution that a report may not quote, and why."""

    reason: Name


@dataclass(frozen=True, slots=True)
class StoredAttribution:
    """The rows of an attribution as stored, by outcome and group; `against_digest` names the scenario held against."""

    against_digest: str
    members: int
    by: str
    rows: Mapping[tuple[str, str], Mapping[str, str]]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What was taken apart: a metric, then the chance of a target."""
        return tuple(dict.fromkeys(outcome for outcome, _ in self.rows))

    def groups(self, outcome: str) -> tuple[str, ...]:
        """The groups of an outcome, the largest share first, without the total."""
        own = [group for found, group in self.rows if found == outcome and group != TOTAL]
        return tuple(sorted(own, key=lambda g: -abs(float(self.rows[outcome, g]["share"]))))


Stored: TypeAlias = StoredAttribution | UnfitAttribution
"""What a folder may hold."""


def keep_attribution(run: Run, found: Attribution) -> Path:
    """Write the attribution into the run's folder; the file."""
    rows: list[list[object]] = []
    for outcome in found.outcomes:
        about = [
            run.hash, *found.against.name, found.against.digest(), found.members, found.by, found.exact,
            outcome.outcome, *outcome.name, outcome.unit, outcome.before, outcome.after,
        ]  # fmt: skip
        whole: list[object] = [TOTAL, "合计", "total", *_plain(outcome.total), None, None, None]
        rows.append([*about, *whole])
        for place, share in enumerate(outcome.shares, 1):
            rows.append(
                [
                    *about,
                    f"group{place}",
                    *share.group.name,
                    *_plain(share.share),
                    share.alone.value,
                    share.last.value,
                    share.order_error,
                ]
            )
    path = run.path / FILE
    write_alone(path, encode_csv(COLUMNS, rows))
    return path


def stored_attribution(run: Run) -> Stored | None:
    """The attribution in the run's folder; None without one, unfit where it is not of this run or not whole."""
    path = run.path / FILE
    if not path.is_file():
        return None
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        rows = list(table)
    except (UnicodeDecodeError, csv.Error):
        return _unfit("不是归因表", "is no table of an attribution")
    if tuple(table.fieldnames or ()) != COLUMNS or not rows:
        return _unfit("不是归因表", "is no table of an attribution")
    if not all(_is_sound(row) for row in rows):
        return _unfit(
            "有单元格缺失、多余或不是所应有的数",
            "holds a cell too few, too many or without its number",
        )
    if any(row["run"] != run.hash for row in rows):
        return _unfit("属于另一次运行", "is of another run")
    about = {(row["against_digest"], row["members"], row["by"]) for row in rows}
    held = {(row["outcome"], row["group"]): row for row in rows}
    outcomes = {outcome for outcome, _ in held}
    whole = len(about) == 1 and all((outcome, TOTAL) in held for outcome in outcomes)
    if not whole or len(held) != len(rows):
        return _unfit("内容不完整或相互矛盾", "is not whole or contradicts itself")
    if not outcomes <= _outcomes_of(run):
        return _unfit(
            "说明的序列或目标不在本运行之中",
            "is about a series or a target that the run does not hold",
        )
    digest, members, by = about.pop()
    return StoredAttribution(digest, int(members), by, held)


def answers(stored: Stored | None, run: Run, against: Scenario, members: int) -> bool:
    """Whether what is stored says what a report asks: against this scenario, by kind of lever, with as many members.

    The metric and the target must be those that a report asks for, core revenue of the last year and its headline.
    """
    if not isinstance(stored, StoredAttribution):
        return False
    return (
        stored.against_digest == against.digest()
        and stored.by == GROUPING
        and stored.members >= members
        and stored.outcomes == (f"{METRIC}@{run.years[-1]}", f"P({headline_of(run, METRIC)})")
    )


def _is_sound(row: Mapping[str, str | None]) -> bool:
    """Whether a row has every cell and no other, and numbers where they belong."""
    cells = [row.get(column) for column in COLUMNS]
    if len(row) != len(COLUMNS) or None in cells:
        return False
    try:
        numbers = [
            float(row[name] or "0" if name in MAYBE else row[name] or "") for name in NUMBERS
        ]
        return int(row["members"] or "") > 0 and all(map(math.isfinite, numbers))
    except ValueError:
        return False


def _outcomes_of(run: Run) -> set[str]:
    """Everything that an attribution of this run may be about."""
    goals = goals_of(run)
    plans = {goal.document for goal in goals if goal.document}
    aims = [goal.key for goal in goals] + [f"{JOINT}{plan}" for plan in plans]
    figures = {f"{series}@{year}" for series in run.series for year in run.years}
    return figures | {f"P({aim})" for aim in aims}


def _unfit(zh: str, en: str) -> UnfitAttribution:
    return UnfitAttribution(Name(zh, en))


def _plain(found: Estimate) -> tuple[float, float, float]:
    return found.value, found.low, found.high
