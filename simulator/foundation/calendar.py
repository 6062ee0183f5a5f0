"""Quarters, periods and doses over time: the only clock of the simulator."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_QUARTER = re.compile(r"(?P<year>\d{4})\s*[Qq](?P<quarter>[1-4])")


class Quarter(NamedTuple):
    """A calendar quarter: `year`, and `quarter` 1 to 4; ordered by time."""

    year: int
    quarter: int

    @property
    def index(self) -> int:  # type: ignore[override]  # nobody searches in a quarter
        """Quarters since the first quarter of year 0; consecutive quarters differ by one."""
        return self.year * 4 + self.quarter - 1

    @classmethod
    def from_index(cls, index: int) -> "Quarter":
        """The quarter whose `index` is the given one."""
        year, quarter = divmod(index, 4)
        return cls(year, quarter + 1)

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        """Read `2025Q1`; ValueError for anything else."""
        found = _QUARTER.fullmatch(text.strip()) if text.isascii() else None
        if found is None:
            raise ValueError(f"{text!r} is not a quarter; write it as 2025Q1")
        return cls(int(found["year"]), int(found["quarter"]))

    def shift(self, quarters: int) -> "Quarter":
        """The quarter that many steps later (earlier when negative)."""
        return Quarter.from_index(self.index + quarters)

    def __str__(self) -> str:
        """As people write it: `2025Q1`."""
        return f"{self.year:04d}Q{self.quarter}"


class Period(NamedTuple):
    """The quarters from `start` to `end`, both included."""

    start: Quarter
    end: Quarter

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """Every quarter of the period in order; empty when `end` is before `start`."""
        return tuple(Quarter.from_index(i) for i in range(self.start.index, self.end.index + 1))

    @property
    def years(self) -> tuple[int, ...]:
        """Every calendar year the period touches, in order."""
        return tuple(range(self.start.year, self.end.year + 1))

    def __str__(self) -> str:
        """As people write it: `2025Q1–2027Q4`."""
        return f"{self.start}–{self.end}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A dose over time, in the unit of whatever carries it.

    `points` are (year, dose) pairs in order of years; the year None stands alone and means every
    year. A named year's dose holds in its four quarters. Between named years the dose of the
    earlier one holds on, or, when `linear`, moves by equal yearly amounts; after the last named
    year it stays, before the first it is zero. Outside `start … end` the dose is zero.
    """

    points: tuple[tuple[int | None, float], ...]
    linear: bool
    start: Quarter
    end: Quarter

    def at(self, quarter: Quarter) -> float:
        """The dose in force in a quarter."""
        if not self.start <= quarter <= self.end:
            return 0.0
        return self._of_year(quarter.year)

    def values(self, quarters: Iterable[Quarter]) -> list[float]:
        """The dose of each quarter."""
        return [self.at(quarter) for quarter in quarters]

    def _of_year(self, year: int) -> float:
        before: tuple[int, float] | None = None
        for named, dose in self.points:
            if named is None or named == year:
                return dose
            if named > year:
                if before is None:
                    return 0.0
                if not self.linear:
                    return before[1]
                passed = (year - before[0]) / (named - before[0])
                return before[1] + passed * (dose - before[1])
            before = (named, dose)
        return before[1] if before else 0.0
