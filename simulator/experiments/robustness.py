"""Scenarios under external conditions, and packages over contested mechanisms.

A condition is a layer file laid over any scenario; a rival is a reading of a contested mechanism, from
`simulator/data/rivals.yaml`. Futures cross structures (the central reading, each rival reading alone, and all rival
readings together) with conditions, so that the variance of the outcome splits into main effects as in an analysis of
variance, and packages can be ranked by regret and by how often they satisfice.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from simulator.experiments.attribution import headline_of
from simulator.experiments.cases import (
    Aim,
    CaseOutcomes,
    Cases,
    aim_of,
    budget_of,
    metric_unit,
    metric_values,
    paired,
)
from simulator.foundation.findings import UsageError
from simulator.foundation.tables import read_yaml, shipped
from simulator.registry import Data, Name
from simulator.scenario import Scenario, load_scenario
from simulator.targets import Probability, probability

Floats = npt.NDArray[np.float64]
CENTRAL: Final = Name("中心读法", "central reading")
ALL_RIVALS: Final = Name("全部对立读法", "all rival readings")
AS_IT_IS: Final = Name("无外部变化", "no external change")


class Reading(NamedTuple):
    """A variant of a contested mechanism: what it sets, as `--set` would."""

    id: str
    name: Name
    changes: Mapping[str, object]
    source: str


class Rival(NamedTuple):
    """A contested mechanism; the first reading is the centre of the priors."""

    id: str
    name: Name
    readings: tuple[Reading, ...]


class Unavailable(NamedTuple):
    """A reading or a condition that the model has no equation for, and what it would need."""

    id: str
    name: Name
    needs: str


class Structure(NamedTuple):
    """One reading of every contested mechanism."""

    name: Name
    changes: Mapping[str, object]


class Row(NamedTuple):
    """One condition: quantiles of the metric (5, 25, 50, 75, 95 %) and the chance of the target."""

    name: Name
    low: float
    lower: float
    median: float
    upper: float
    high: float
    chance: Probability


@dataclass(frozen=True, slots=True)
class Across:
    """A scenario under each external condition; the first row is the scenario itself."""

    scenario: Scenario
    metric: str
    unit: str
    aim: Aim
    members: int
    rows: tuple[Row, ...]
    unavailable: tuple[Unavailable, ...]


class Standing(NamedTuple):
    """A package over all futures.

    `means` and `regrets` are the metric's mean and its distance to the best package, by future; `satisficing` is the
    share of futures in which the chance of the target is at least the wished one. Regret does not count the money.
    """

    name: Name
    stem: str
    cost: float
    means: Floats
    regrets: Floats
    chances: Floats
    worst_regret: float
    mean_regret: float
    satisficing: float


@dataclass(frozen=True, slots=True)
class Robust:
    """Packages ranked by their largest regret, and where the variance of the outcome comes from.

    `structure`, `external`, `crossed` and `members_share` are shares of the variance of the metric over futures and
    members, for the first package named: contested mechanisms, external conditions, both together, and what members
    draw (assumptions and luck). `rank_changes` counts the futures whose best package is not the most robust one.
    """

    scenario: Scenario
    metric: str
    aim: Aim
    wished: float
    members: int
    futures: tuple[Name, ...]
    packages: tuple[Standing, ...]
    structure: float
    external: float
    crossed: float
    members_share: float
    rank_changes: int
    unavailable: tuple[Unavailable, ...]


def load_rivals(path: Path | None = None) -> tuple[tuple[Rival, ...], tuple[Unavailable, ...]]:
    """The contested mechanisms, and what is not available; InputError when the file cannot be read."""
    sheet = cast(dict[str, object], read_yaml(path or shipped("data", "rivals.yaml")).value)
    rivals = tuple(
        Rival(
            str(item["id"]),
            _name(item["name"]),
            tuple(_reading(r) for r in _list(item["variants"])),
        )
        for item in _list(sheet["rivals"])
    )
    missing = tuple(
        Unavailable(str(item["id"]), _name(item["name"]), str(item["needs"]))
        for item in _list(sheet["unavailable"])
    )
    return rivals, missing


def structures_of(rivals: Sequence[Rival]) -> tuple[Structure, ...]:
    """The central reading, every rival reading alone, and all first rival readings together."""
    centre: dict[str, object] = {}
    for rival in rivals:
        centre.update(rival.readings[0].changes)
    alone = [
        Structure(reading.name, centre | dict(reading.changes))
        for rival in rivals
        for reading in rival.readings[1:]
    ]
    together = dict(centre)
    for rival in rivals:
        together.update(rival.readings[1].changes)
    return (Structure(CENTRAL, centre), *alone, Structure(ALL_RIVALS, together))


def condition_files(given: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The layers asked for, or those that are shipped, by name."""
    if given:
        return tuple(given)
    return tuple(sorted(shipped("scenarios", "conditions").glob("*.yaml")))


def conditions(
    path: Path,
    layers: Sequence[Path] = (),
    *,
    overrides: Mapping[str, object] | None = None,
    data: Data = None,
    metric: str = "core_revenue",
    target: str = "",
    members: int = 128,
    cases: Cases | None = None,
) -> Across:
    """A scenario file under each condition, on the same members; errors as for `load_scenario` and `aim_of`."""
    files = condition_files(layers)
    scenario = load_scenario(path, overrides, data)
    laid = [load_scenario(path, overrides, data, layers=[file]) for file in files]
    held = cases or Cases()
    held.plan((1 + len(files)) * members)
    found = paired(held.evaluate_all([scenario, *laid], range(members)))
    full, _ = metric_values(found[0], metric)
    aim = aim_of(scenario, target or headline_of(found[0], full.partition("@")[0]), found[0])
    names = [AS_IT_IS, *(layer_name(file) for file in files)]
    rows = tuple(_row(name, outcome, full, aim) for name, outcome in zip(names, found, strict=True))
    return Across(
        scenario,
        full,
        metric_unit(full),
        aim,
        int(found[0].members.size),
        rows,
        load_rivals()[1],
    )


def robust(
    paths: Sequence[Path],
    layers: Sequence[Path] = (),
    *,
    overrides: Mapping[str, object] | None = None,
    data: Data = None,
    metric: str = "core_revenue",
    target: str = "",
    wished: float = 0.1,
    members: int = 24,
    cases: Cases | None = None,
) -> Robust:
    """Rank packages (scenario files) over rivals and conditions; UsageError for fewer than two packages."""
    if len(paths) < 2:
        raise UsageError(f"robust ranks at least two scenarios; found {len(paths)}")
    rivals, missing = load_rivals()
    structures = structures_of(rivals)
    externals: list[tuple[Name, list[Path]]] = [(AS_IT_IS, [])]
    externals += [(layer_name(file), [file]) for file in condition_files(layers)]
    futures = list(itertools.product(structures, externals))
    held = cases or Cases()
    held.plan(len(paths) * len(futures) * members)
    scenarios = [
        # A condition outranks a reading where both set the same assumption.
        load_scenario(
            path,
            {
                k: v
                for k, v in {**structure.changes, **(overrides or {})}.items()
                if k not in set_by(file)
            },
            data,
            layers=file,
        )
        for path in paths
        for structure, (_, file) in futures
    ]
    found = paired(held.evaluate_all(scenarios, range(members)))
    plain = [load_scenario(path, overrides, data) for path in paths]
    full, _ = metric_values(found[0], metric)
    aim = aim_of(plain[0], target or headline_of(found[0], full.partition("@")[0]), found[0])
    shape = (len(paths), len(futures), -1)
    values = np.array([metric_values(outcome, full)[1] for outcome in found]).reshape(shape)
    chances = np.array([aim.flags(outcome).mean() for outcome in found]).reshape(shape[:2])
    means = values.mean(axis=2)
    regrets = means.max(axis=0) - means
    standings = [
        Standing(
            scenario.name,
            scenario.stem,
            sum(budget_of(scenario).values()),
            means[i],
            regrets[i],
            chances[i],
            float(regrets[i].max()),
            float(regrets[i].mean()),
            float((chances[i] >= wished).mean()),
        )
        for i, scenario in enumerate(plain)
    ]
    standings.sort(key=lambda row: (row.worst_regret, row.cost))
    best = next(i for i, scenario in enumerate(plain) if scenario.stem == standings[0].stem)
    crossed = values[0].reshape(len(structures), len(externals), -1)
    names = tuple(
        Name(f"{structure.name.zh}；{name.zh}", f"{structure.name.en}; {name.en}")
        for structure, (name, _) in futures
    )
    return Robust(
        plain[0],
        full,
        aim,
        wished,
        int(found[0].members.size),
        names,
        tuple(standings),
        *variance_shares(crossed),
        int(np.count_nonzero(regrets[best] > 1e-9)),
        missing,
    )


def variance_shares(values: Floats) -> tuple[float, float, float, float]:
    """Shares of variance by (structures, conditions, members): structure, condition, both crossed, members.

    A balanced analysis of variance: main effects of the first two, their interaction, and the rest.
    """
    whole = float(values.var())
    if whole <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    cell = values.mean(axis=2)
    first, second = float(cell.mean(axis=1).var()), float(cell.mean(axis=0).var())
    crossed = max(float(cell.var()) - first - second, 0.0)
    rest = whole - float(cell.var())
    return first / whole, second / whole, crossed / whole, rest / whole


def layer_name(path: Path) -> Name:
    """The bilingual name of a layer file."""
    sheet = read_yaml(path).value
    name = sheet.get("name") if isinstance(sheet, dict) else None
    return _name(name) if isinstance(name, dict) else Name(path.stem, path.stem)


def set_by(files: Sequence[Path]) -> set[str]:
    """Dotted paths of the assumptions and mechanisms that layers set."""
    found: set[str] = set()
    for file in files:
        sheet = read_yaml(file).value
        for section in ("assumptions", "mechanisms"):
            held = sheet.get(section) if isinstance(sheet, dict) else None
            found |= {f"{section}.{key}" for key in held} if isinstance(held, dict) else set()
    return found


def _row(name: Name, outcome: CaseOutcomes, metric: str, aim: Aim) -> Row:
    _, values = metric_values(outcome, metric)
    low, lower, median, upper, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    return Row(name, low, lower, median, upper, high, probability(aim.flags(outcome)))


def _reading(item: Mapping[str, object]) -> Reading:
    changes = {
        f"{section}.{key}": value
        for section in ("assumptions", "mechanisms")
        for key, value in cast(dict[str, object], item.get(section, {})).items()
    }
    return Reading(str(item["id"]), _name(item["name"]), changes, str(item["source"]))


def _name(value: object) -> Name:
    entry = cast(dict[str, str], value)
    return Name(entry["zh"], entry["en"])


def _list(value: object) -> list[dict[str, object]]:
    return cast(list[dict[str, object]], value)
