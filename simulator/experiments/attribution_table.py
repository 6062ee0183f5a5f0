"""An attribution kept in the folder of the run that it explains, so that a report need not compute it again."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.experiments.attribution import Attribution
from simulator.experiments.intervals import Estimate
from simulator.experiments.store import Run
from simulator.experiments.summary import encode_csv
from simulator.foundation.files import write_alone

FILE: Final = "attribution.csv"
COLUMNS: Final = (
    "run", "against_zh", "against_en", "against_digest", "members", "by", "exact", "outcome", "name_zh", "name_en",
    "unit", "before", "after", "group", "group_zh", "group_en", "share", "share_low", "share_high", "alone", "last",
    "order_error",
)  # fmt: skip
TOTAL: Final = "total"
"""The group of the row that holds the whole change."""


@dataclass(frozen=True, slots=True)
class StoredAttribution:
    """The rows of an attribution as stored, by outcome and group; `against_digest` names the scenario held against."""

    against_digest: str
    members: int
    rows: Mapping[tuple[str, str], Mapping[str, str]]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What was taken apart: a metric, then the chance of a target."""
        return tuple(dict.fromkeys(outcome for outcome, _ in self.rows))

    def groups(self, outcome: str) -> tuple[str, ...]:
        """The groups of an outcome, the largest share first, without the total."""
        own = [group for found, group in self.rows if found == outcome and group != TOTAL]
        return tuple(sorted(own, key=lambda g: -abs(float(self.rows[outcome, g]["share"]))))


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


def stored_attribution(run: Run) -> StoredAttribution | None:
    """The attribution in the run's folder; None without one, or where it is of another run."""
    path = run.path / FILE
    if not path.is_file():
        return None
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    if not rows or any(row["run"] != run.hash for row in rows):
        return None
    held = {(row["outcome"], row["group"]): row for row in rows}
    return StoredAttribution(rows[0]["against_digest"], int(rows[0]["members"]), held)


def _plain(found: Estimate) -> tuple[float, float, float]:
    return found.value, found.low, found.high
