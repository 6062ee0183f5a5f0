"""What a report quotes: the tables of a run folder, and what is added up from them, cell by cell."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from simulator.experiments.runs import folder_name
from simulator.experiments.store import Run
from simulator.foundation.findings import UsageError
from simulator.policy.ledger import CITY_BUDGET, ENVELOPE, ROLES
from simulator.registry import Name
from simulator.reporting.report.cells import (
    Cell,
    Value,
    name_cell,
    number_cell,
    share_cell,
    word_cell,
)
from simulator.reporting.wording import number, percent

TARGETS: Final = "targets.csv"
SUMMARY: Final = "summary.parquet"
MONEY: Final = "ledger.csv"
MANIFEST: Final = "manifest.json"
CONVENTIONS: Final = "conventions"
SHARES: Final = {
    "interval": 0.95, "low": 0.05, "high": 0.95, "half": 0.5, "most": 0.9,
    **{str(q): q for q in (0.05, 0.25, 0.5, 0.75, 0.95)},
}  # fmt: skip
"""Levels that the program uses throughout: of its intervals, its bands, its quantiles."""
COUNTS: Final = {"yuan": 1.0, "million": 100.0, "10yi": 10.0, "50yi": 50.0, "100yi": 100.0}
"""Numbers that the program uses throughout: one 亿元 in million CNY, bounds of firm sizes in 亿元."""
_PART: Final = re.compile(r"(\w+)=(\S+) \[(\S+), (\S+)\] n=(\d+)")


class Construction(NamedTuple):
    """A target's probability within one construction of the base value."""

    name: Cell
    chance: Cell


class Results:
    """One run's tables; every method gives a cell that says where it stands.

    `label` names the run in the cells' places: the scenario's file and the start of the run's hash.
    """

    def __init__(self, run: Run) -> None:
        """Of an opened run; UsageError where its folder lacks a table."""
        self.run = run
        self.label = folder_name(run.stem, run.hash)
        for name in (TARGETS, SUMMARY):
            if not (run.path / name).is_file():
                raise UsageError(
                    f"{run.path} has no {name}; run the scenario again with --force to renew its tables",
                    f"{run.path} 缺少 {name}；请用 --force 重新运行该情景以更新其表",
                )

    def table(self, name: str) -> str:
        """The name of a table in the places of cells."""
        return f"{self.label}/{name}"

    @property
    def last(self) -> int:
        """The last year of the run."""
        return self.run.years[-1]

    @cached_property
    def targets(self) -> dict[str, dict[str, str]]:
        """The rows of `targets.csv` by target key, in its order."""
        return {row["target"]: row for row in _read_csv(self.run.path / TARGETS)}

    @cached_property
    def plan_targets(self) -> tuple[str, ...]:
        """The keys of the plans' own targets, without those that the scenario adds."""
        return tuple(key for key, row in self.targets.items() if row["extra"] != "True")

    def target_name(self, key: str, column: str = "name") -> Cell:
        """A name of `targets.csv` in both languages."""
        row = self.targets[key]
        return name_cell(
            self.table(TARGETS), key, column, Name(row[f"{column}_zh"], row[f"{column}_en"])
        )

    def target(self, key: str, column: str, show: Callable[[float | None], str] = percent) -> Cell:
        """A number of `targets.csv`."""
        return number_cell(self.table(TARGETS), key, column, self.given(key, column), show)

    def given(self, key: str, column: str) -> float | None:
        """The number in a cell of `targets.csv`; None for an empty one."""
        text = self.targets[key][column]
        return float(text) if text else None

    def constructions(self, key: str) -> list[Construction]:
        """The probabilities within the constructions of the base value, as `targets.csv` has them."""
        names = {item.id: item.meaning for item in self.run.library.constructions}
        found = []
        for id_, chance, *_ in _PART.findall(self.targets[key]["by_construction"]):
            meaning = names[id_]
            place = f"by_construction.{id_}"
            found.append(
                Construction(
                    name_cell("constructions.csv", id_, "meaning", Name(meaning.zh, meaning.en)),
                    share_cell(self.table(TARGETS), key, place, float(chance)),
                )
            )
        return found

    def level(self, series: str, year: int, quantile: float) -> Cell:
        """A quantile over members of a series' annual figure, from `summary.parquet`."""
        value = self._levels[series, year, quantile]
        return number_cell(self.table(SUMMARY), f"{series}@{year}", str(quantile), value)

    def calendar(self, year: int) -> Cell:
        """A year of the run."""
        return number_cell(self.table("years"), str(year), "year", float(year), whole)

    @cached_property
    def _levels(self) -> dict[tuple[str, int, float], float]:
        frame = pq.read_table(
            self.run.path / SUMMARY, filters=[("subannual", "=", "Year")]
        ).to_pydict()
        city = self.run.library.registry.city.name.en
        found = {}
        columns = ("region", "variable", "year", "quantile", "value")
        for region, variable, year, quantile, value in zip(
            *(frame[name] for name in columns), strict=True
        ):
            key, _, element = variable.partition("|")
            element = element or region.removeprefix(city).removeprefix("|")
            series = f"{key}[{element}]" if element else key
            found[series, year, quantile] = value
        return found

    @cached_property
    def entries(self) -> list[dict[str, str]]:
        """The entries of `ledger.csv`, from account to account; none where no money moves."""
        path = self.run.path / MONEY
        rows = _read_csv(path) if path.is_file() else []
        return [row for row in rows if row["variable"] == "entry"]

    def money(self, **chosen: str) -> Cell:
        """The sum of the means of the ledger's entries that are as chosen, 亿元; means add up, medians do not."""
        place = ";".join(f"{key}={value}" for key, value in chosen.items())
        return self._sum(place, lambda row: all(row[key] == value for key, value in chosen.items()))

    def into(self, *roles: str) -> Cell:
        """The sum of the entries into all accounts of these roles."""
        place = f"into role={'+'.join(roles)}"
        return self._sum(place, lambda row: ROLES[row["account_to"]] in roles)

    def put_up(self) -> Cell:
        """All money that anybody puts up: the sum of the entries out of sources."""
        return self._sum("out of role=source", lambda row: ROLES[row["account_from"]] == "source")

    def _sum(self, place: str, chosen: Callable[[dict[str, str]], bool]) -> Cell:
        total = sum(float(row["mean"]) for row in self.entries if chosen(row))
        return number_cell(self.table(MONEY), place, "mean", total)

    def planned(self) -> Cell:
        """The money of the governments' plans."""
        return self.money(account_from=CITY_BUDGET, account_to=ENVELOPE)

    def lost(self) -> Cell:
        """Money that reached nobody it was meant for: misused, administered, not executed."""
        return self.into("misused", "administered", "lapsed")

    def left(self) -> Cell:
        """Money that still waits in some account at the end of the run."""
        held = [key for key, role in ROLES.items() if role == "held"]
        into, out = (
            sum(float(row["mean"]) for row in self.entries if row[side] in held)
            for side in ("account_to", "account_from")
        )
        # Means are rounded to the last bit only: what is empty is empty.
        left = into - out if abs(into - out) > 1e-9 else 0.0
        return number_cell(self.table(MONEY), "role=held", "balance", left)

    def paper(self, *path: str) -> Cell:
        """An entry of `manifest.json`, by its path."""
        found: object = self.run.manifest
        for part in path:
            found = found[part]  # type: ignore[index]
        return word_cell(self.table(MANIFEST), ".".join(path), "value", str(found))

    def members(self) -> Cell:
        """How many members have results."""
        return number_cell(self.table(TARGETS), "", "members", float(self.run.n), whole)

    def count(self, what: str, value: int) -> Cell:
        """A number of rows: `what` says of which."""
        return number_cell(self.table("counts"), what, "count", float(value), whole)

    def drawn(self, name: str) -> Iterator[Cell]:
        """Median, 5 and 95 % of a drawn parameter, from `parts/parameters-*.parquet`."""
        values = np.quantile(self.run.parameters(name), (0.5, 0.05, 0.95)).tolist()
        for column, value in zip(("median", "p05", "p95"), values, strict=True):
            yield number_cell(self.table("parameters"), name, column, value)


def convention(name: str) -> Cell:
    """A number that the program uses throughout."""
    if name in COUNTS:
        return number_cell(CONVENTIONS, name, "number", COUNTS[name], whole)
    return number_cell(CONVENTIONS, name, "level", SHARES[name], lambda share: f"{share:.0%}")


def whole(value: Value) -> str:
    """A count or a year."""
    return "–" if value is None else f"{float(value):.0f}"


def _read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def signed(value: float | None) -> str:
    """A number with its sign."""
    return number(value, sign=True)
