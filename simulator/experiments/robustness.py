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

from simulator.experiments.cases import (
    Aim,
    CaseOutcomes,
    Cases,
    aim_of,
    budget_of,
    headline_of,
    metric_unit,
    metric_values,
    paired,
)
from simulator.experiments.intervals import (
    Estimate,
    change_of_share,
    jackknifed,
    mean_of,
    median_of,
    student_95,
)
from simulator.foundation.findings import UsageError
from simulator.foundation.tables import read_yaml, shipped
from simulator.registry import Data, Name
from simulator.scenario import Scenario, load_scenario
from simulator.targets import Probability, probability

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
CENTRAL: Final = Name("中心读法", "central reading")
ALL_RIVALS: Final = Name("全部对立读法", "all rival readings")
AS_IT_IS: Final = Name("无外部变化", "no external change")
RESAMPLED: Final = 400
"""Ensembles of members drawn with replacement, from which regrets have their intervals."""


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
    needs: Name


class Structure(NamedTuple):
    """One reading of every contested mechanism."""

    name: Name
    changes: Mapping[str, object]


class Row(NamedTuple):
    """One condition: quantiles of the metric (5, 25, 50, 75, 95 %), and the chance of the target.

    `change` is the mean paired difference of the metric to the scenario itself, `chance_change` that of the chance.
    """

    name: Name
    low: float
    lower: float
    median: Estimate
    upper: float
    high: float
    chance: Probability
    change: Estimate
    chance_change: Estimate


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
    share of futures in which the chance of the target is at least the wished one, between the shares in which it
    surely and possibly is (Wilson). `lowest` is the chance where it is lowest. Regret does not count the money.
    """

    name: Name
    stem: str
    cost: float
    means: Floats
    regrets: Floats
    chances: Floats
    worst_regret: Estimate
    mean_regret: Estimate
    satisficing: Estimate
    lowest: Probability


@dataclass(frozen=True, slots=True)
class Robust:
    """Packages ranked by their largest regret, and where the variance of the outcome comes from.

    `structure`, `external`, `crossed` and `members_share` are shares of the variance of the metric over futures and
    members, for the first package named: contested mechanisms, external conditions, both together, and what members
    draw (assumptions and luck). `rank_changes` counts the futures whose best package is not the most robust one;
    `sure_of_first` is the share of resampled ensembles in which the package ranked first stays first.
    """

    scenario: Scenario
    metric: str
    aim: Aim
    wished: float
    members: int
    futures: tuple[Name, ...]
    packages: tuple[Standing, ...]
    structure: Estimate
    external: Estimate
    crossed: Estimate
    members_share: Estimate
    rank_changes: int
    sure_of_first: float
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
        Unavailable(str(item["id"]), _name(item["name"]), _name(item["needs"]))
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
    rows = tuple(
        _row(name, outcome, found[0], full, aim) for name, outcome in zip(names, found, strict=True)
    )
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
        raise UsageError(
            f"robust ranks at least two scenarios; found {len(paths)}",
            f"robust 至少比较两个情景；给出 {len(paths)} 个",
        )
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
    flags = np.array([aim.flags(outcome) for outcome in found]).reshape(shape)
    chances = [[probability(future) for future in package] for package in flags]
    means = values.mean(axis=2)
    regrets = regrets_of(means)
    worst, average, first = _resampled(values, np.array([_cost(scenario) for scenario in plain]))
    standings = [
        Standing(
            scenario.name,
            scenario.stem,
            _cost(scenario),
            means[i],
            regrets[i],
            np.array([chance.value for chance in chances[i]]),
            worst[i],
            average[i],
            Estimate(
                *(
                    float(np.mean([getattr(chance, end) >= wished for chance in chances[i]]))
                    for end in ("value", "low", "high")
                )
            ),
            min(chances[i], key=lambda chance: chance.value),
        )
        for i, scenario in enumerate(plain)
    ]
    order = sorted(
        range(len(plain)), key=lambda i: (standings[i].worst_regret.value, standings[i].cost)
    )
    best = order[0]
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
        tuple(standings[i] for i in order),
        *shares_of_variance(crossed),
        int(np.count_nonzero(regrets[best] > 1e-9)),
        float((first == best).mean()),
        missing,
    )


def regrets_of(means: Floats) -> Floats:
    """Distance to the best package of each future, (packages, futures)."""
    return np.asarray(means.max(axis=0) - means)


def _resampled(values: Floats, costs: Floats) -> tuple[list[Estimate], list[Estimate], Labels]:
    """Largest and mean regret of each package with their intervals, and which package is first in each resample.

    `values` are (packages, futures, members); members are drawn with replacement, the same in every package and
    future, and the spread of the resamples is widened by Student's t for few members.
    """
    members = values.shape[2]
    drawn = np.random.default_rng(members).integers(0, members, (RESAMPLED, members))
    weights = np.stack([np.bincount(row, minlength=members) for row in drawn]) / members
    means = np.einsum("pfm,rm->rpf", values, weights)
    regrets = means.max(axis=1, keepdims=True) - means
    told = regrets_of(values.mean(axis=2))
    worst, average = regrets.max(axis=2), regrets.mean(axis=2)
    # Resampling n of n members understates a variance by (n − 1)/n.
    wide = student_95(members - 1) * (members / (members - 1)) ** 0.5

    def estimates(value: Floats, resamples: Floats) -> list[Estimate]:
        half = wide * resamples.std(axis=0)
        # The largest of several means is too large by chance: by about what resampling adds to it again.
        centre = np.maximum(2 * value - resamples.mean(axis=0), 0.0)
        ends = zip(centre.tolist(), half.tolist(), strict=True)
        return [Estimate(c, max(c - h, 0.0), c + h) for c, h in ends]

    first = np.array([np.lexsort((costs, row))[0] for row in worst])
    return estimates(told.max(axis=1), worst), estimates(told.mean(axis=1), average), first


def shares_of_variance(values: Floats) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """`variance_shares` with intervals from leaving out one member at a time."""
    rows = np.moveaxis(values, 2, 0)
    ends = jackknifed(rows, lambda kept: np.array(variance_shares(np.moveaxis(kept, 0, 2))))
    one, two, crossed, members = (
        Estimate(float(value), max(float(low), 0.0), min(float(high), 1.0))
        for value, low, high in zip(*ends, strict=True)
    )
    return one, two, crossed, members


def variance_shares(values: Floats) -> tuple[float, float, float, float]:
    """Shares of variance by (structures, conditions, members): structure, condition, both crossed, members.

    A balanced analysis of variance: main effects of the first two, their interaction, and the rest. What few members
    add to the variance of a mean by chance is taken off (as the expected mean squares say), and never below zero.
    """
    whole = float(values.var())
    if whole <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    centred = values - values.mean(axis=(0, 1))
    first, second = centred.mean(axis=1), centred.mean(axis=0)
    both = centred - first[:, np.newaxis] - second[np.newaxis]
    one, two, crossed = (_between(effects) / whole for effects in (first, second, both))
    return one, two, crossed, max(1.0 - one - two - crossed, 0.0)


def _between(effects: Floats) -> float:
    """Variance of effects over their first axes, without the luck of the members on the last."""
    means = effects.mean(axis=-1)
    members = effects.shape[-1]
    luck = float(effects.var(axis=-1, ddof=1).mean()) / members if members > 1 else 0.0
    return max(float((means**2).mean()) - luck, 0.0)


def _cost(scenario: Scenario) -> float:
    return sum(budget_of(scenario).values())


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


def _row(name: Name, outcome: CaseOutcomes, base: CaseOutcomes, metric: str, aim: Aim) -> Row:
    _, values = metric_values(outcome, metric)
    low, lower, upper, high = np.quantile(values, [0.05, 0.25, 0.75, 0.95]).tolist()
    gap = values - metric_values(base, metric)[1]
    met, own = aim.flags(outcome), aim.flags(base)
    change = change_of_share(met.astype(np.float64) - own)
    if outcome is base:
        change = Estimate(0.0, 0.0, 0.0)
    return Row(
        name, low, lower, median_of(values), upper, high, probability(met), mean_of(gap), change
    )


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
