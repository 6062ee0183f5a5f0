"""What was known on a day: a data folder that holds no number published later, priors included.

A vintage is an ordinary data folder, so that scenario, model and run read it as they read another city's: nothing
else in the house knows of origins. A prior stays where all its sources were public; otherwise the row of
`calibration/vintage_priors.csv` that was known last takes its place, and a parameter without one is an error. Rows of
founding and lever tables that cite later sources are left out or give way to equal shares; a lever whose size a plan
states keeps that size.
"""

import csv
import io
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from simulator.experiments.moments import day_of, source_days
from simulator.foundation.findings import Finding, InputError
from simulator.foundation.tables import Row, read_table, shipped
from simulator.registry import load_registry

SCENARIO: Final = "vintage.yaml"
FIRST, LAST = "2018Q1", "2025Q4"
REGISTRY: Final = (
    "documents",
    "targets",
    "levers",
    "chains",
    "districts",
    "actors",
    "baselines",
    "qualitative",
)
LATER: Final = {"pilot-zone-2020-2024": date(2020, 8, 31), "tj-2025-2027": date(2025, 5, 31)}
"""Plans whose text states no day: the month they were published in, from the registry's notes."""
STOCKS: Final = ("fund_committed", "fund_paid_in")
"""Stocks at founding: the shipped priors hold those of 2025, a start in 2018 those of 2017."""
RESTATED: Final = ("pilot-zone-2020-2024", "l-pz24-environment", "pz24_environment")
"""The congress that two plans name brings firms under the earlier one until 2020, as in the hindcast."""


@dataclass(frozen=True, slots=True)
class Vintage:
    """A data folder of what was known, and the scenario founded at the end of 2017 that runs on it.

    `replaced` names the parameters whose prior gave way, `dropped` the rows of other tables that did, `plans`
    the plans already published.
    """

    folder: Path
    scenario: Path
    replaced: tuple[str, ...]
    dropped: tuple[str, ...]
    plans: tuple[str, ...]


def make_vintage(
    folder: Path,
    origin: date | None = None,
    without: Collection[str] = (),
    fitted: Collection[str] = (),
    *,
    calibration: Path | None = None,
    data: Path | None = None,
) -> Vintage:
    """Write the data folder of what was public before `origin`.

    The priors of the parameters `fitted` also know nothing of the sources `without`: those of the figures that will be
    fitted, which would count twice.
    Raises InputError naming every parameter whose prior was not yet known and has no earlier one.
    """
    tables = calibration or shipped("calibration")
    root = data or shipped("data")
    days = source_days(tables / "sources.csv")

    def admitted(row: Mapping[str, str]) -> bool:
        cited = _cited(row)
        told = set(without) if row.get("name") in fitted else set()
        return not told & set(cited) and all(origin is None or days[s] < origin for s in cited)

    (folder / "founding").mkdir(parents=True, exist_ok=True)
    for name in REGISTRY:
        shutil.copyfile(root / f"{name}.yaml", folder / f"{name}.yaml")
    plans = tuple(
        document.id
        for document in load_registry(data).documents
        if _published(document.id, data, origin)
    )
    replaced = _write_priors(folder, tables, origin, admitted)
    dropped = _write_tables(folder, root, tables, origin, admitted)
    scenario = folder / SCENARIO
    scenario.write_text(_sheet(plans, folder), encoding="utf-8")
    return Vintage(folder, scenario, replaced, dropped, plans)


def _published(document: str, data: Path | None, origin: date | None) -> bool:
    stated = next(d for d in load_registry(data).documents if d.id == document).issued
    day = stated or LATER.get(document)
    return day is not None and (origin is None or day <= origin)


def _write_priors(
    folder: Path, tables: Path, origin: date | None, admitted: Callable[[Mapping[str, str]], bool]
) -> tuple[str, ...]:
    """The city's own `priors.csv`: rows for every prior that was not yet known; their names."""
    shipped_rows = read_table(tables / "priors.csv")
    earlier: dict[str, list[Row]] = {}
    for row in read_table(tables / "vintage_priors.csv"):
        earlier.setdefault(row["name"], []).append(row)
    rows: list[dict[str, str]] = []
    findings: list[Finding] = []
    for row in shipped_rows:
        if row["use"] not in ("model", "later"):
            continue
        if admitted(row) and row["name"] not in STOCKS:
            continue
        fitting = [
            item for item in earlier.get(row["name"], []) if admitted(item) and _since(item, origin)
        ]
        if not fitting and row["use"] == "later":
            continue
        if not fitting:
            findings.append(
                row.finding(
                    "sources",
                    f"the prior of {row['name']} was not yet known and vintage_priors.csv has no earlier one",
                    f"{row['name']} 的先验当时尚不可知，vintage_priors.csv 也没有更早的一行",
                )
            )
            continue
        chosen = max(fitting, key=lambda item: item["known_from"])
        low, high = float(chosen["low"]), float(chosen["high"])
        rows.append(
            {
                **dict(row),
                **{
                    name: chosen[name]
                    for name in ("low", "central", "high", "distribution", "sources")
                },
                "minimum": f"{min(float(row['minimum']), low):g}",
                "maximum": f"{max(float(row['maximum']), high):g}",
                "grade": "assumed",
                "verified": "assumed",
                "note": chosen["note_en"],
            }
        )
    if findings:
        raise InputError(findings)
    _write(folder / "priors.csv", list(shipped_rows[0]), rows)
    return tuple(row["name"] for row in rows)


def _cited(row: Mapping[str, str]) -> list[str]:
    return [source.strip() for source in row["sources"].split(";") if source.strip()]


def _since(row: Row, origin: date | None) -> bool:
    return origin is None or not row["known_from"] or day_of(row["known_from"]) < origin


def _write_tables(
    folder: Path,
    root: Path,
    tables: Path,
    origin: date | None,
    admitted: Callable[[Mapping[str, str]], bool],
) -> tuple[str, ...]:
    """Founding and lever tables without later rows; which rows gave way."""
    dropped: list[str] = []

    def keep(name: str) -> list[dict[str, str]]:
        rows = read_table(root / name)
        gone = [row for row in rows if not admitted(row)]
        dropped.extend(f"{name}:{next(iter(row.values()))}" for row in gone)
        return [dict(row) for row in rows if admitted(row)]

    levers = []
    for row in read_table(root / "lever_assumptions.csv"):
        public = [source for source in _cited(row) if admitted({"sources": source})]
        if admitted(row) or (row["grade"] == "stated" and public):
            levers.append(dict(row) | {"sources": ";".join(public)})
    header = list(read_table(root / "lever_assumptions.csv")[0])
    _write(folder / "lever_assumptions.csv", header, levers)
    sized = {row["lever"] for row in levers}
    dropped += [
        row["lever"]
        for row in read_table(root / "lever_assumptions.csv")
        if row["lever"] not in sized
    ]
    effects = [dict(row) for row in read_table(root / "lever_effects.csv") if row["lever"] in sized]
    _write(folder / "lever_effects.csv", list(read_table(root / "lever_effects.csv")[0]), effects)
    for name in ("age_classes.csv", "national_growth.csv", "carried_projects.csv"):
        header = list(read_table(root / "founding" / name)[0])
        _write(folder / "founding" / name, header, keep(f"founding/{name}"))
    for name in ("chain_mix.csv", "place_shares.csv"):
        rows = [dict(row) for row in read_table(root / "founding" / name)]
        if not all(admitted(row) for row in rows):
            dropped.append(f"founding/{name}")
            rows = _equal(rows)
        _write(folder / "founding" / name, list(rows[0]), rows)
    classes = read_table(root / "founding" / "software_size_classes_2017.csv")
    if not all(admitted(row) for row in classes) and origin is not None:
        dropped.append("founding/software_size_classes_2017.csv")
        classes = read_table(tables / "vintage_size_classes.csv")
    _write(
        folder / "founding" / "software_size_classes_2017.csv",
        list(classes[0]),
        [dict(r) for r in classes],
    )
    for name in ("constructions.csv", "named_firms.csv"):
        # Read for a start in 2025 only; a start in 2018 knows neither firms nor base of 2024.
        rows = [dict(row) for row in read_table(root / "founding" / name)]
        kept = [row | _NOWHERE for row in rows[:1]] if name == "constructions.csv" else []
        _write(folder / "founding" / name, list(rows[0]), kept)
    return tuple(dropped)


_NOWHERE: Final = {
    "id": "unknown",
    "weight": "1",
    "median": "400",
    "sigma": "0.5",
    "inside": "",
    "reasoning_zh": "不参与",
    "reasoning_en": "Plays no part.",
    "sources": "judgement",
}


def _equal(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Equal shares: what can be said before any statistic."""
    return [
        row | {"share": repr(1.0 / len(rows)), "sources": "judgement", "grade": "assumed"}
        for row in rows
    ]


def _sheet(plans: Sequence[str], folder: Path) -> str:
    plan, lever, key = RESTATED
    sized = {row["lever"] for row in read_table(folder / "lever_assumptions.csv")}
    restated = plan in plans and lever in sized
    levers = f"levers:\n  {key}: {{start: 2021Q1}}\n" if restated else ""
    return f"""schema_version: 1
name: {{zh: 回测, en: Backtest}}
period: {{start: {FIRST}, end: {LAST}}}
plans: [{", ".join(plans)}]
{levers}"""


def _write(path: Path, header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(header), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
