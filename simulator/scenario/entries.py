"""A resolved scenario: what a run needs to know, and the sheet that states all of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NamedTuple, cast

from simulator.foundation.calendar import Period, Quarter, Schedule
from simulator.foundation.findings import Finding
from simulator.foundation.parameters import NUMBERS, POSTERIOR, Distribution, Parameter
from simulator.foundation.units import exact_quantity
from simulator.policy.effects import UNDERSTOOD
from simulator.registry import AS_REGISTERED, Lever, Library, Name, Rule, key_of
from simulator.world.population import Population

SCHEMA_VERSION: Final = 1
MECHANISMS: Final = (
    "entry",
    "arrivals",
    "exit",
    "capacity",
    "links",
    "contracts",
    "funds",
    "age_effect",
    "reversion",
    "firm_shocks",
    "observation",
    "talent",
    "research",
    "firms",
)
"""The switches of a scenario, all on unless a file turns them off."""
RULES: Final = ("fixed", "adaptive")
"""How governments set their budgets: as the plan states, or each year by the last published figures (M21)."""
EVERY: Final = "all"
POPULATION: Final = "population.csv"
FIT: Final = "fit"
STORED: Final = "scenario.resolved.yaml"
"""How a run folder calls the resolved sheet of what was run."""
NO_FIT: Final = "none"
Founding = Literal["2024Q4", "2017Q4"]
BudgetRule = Literal["fixed", "adaptive"]


LAYERS: Final[Mapping[str, Name]] = {
    "default": Name("默认", "default"),
    "registry": Name("规划登记", "registry"),
    "plan": Name("规划", "plan"),
    "lever sizes": Name("工具力度表", "lever sizes"),
    "priors": Name("先验表", "priors"),
    "fitted": Name("拟合", "fitted"),
    "extended file": Name("所继承文件", "extended file"),
    "file": Name("文件", "file"),
    "--set": Name("--set", "--set"),
}
"""What may set a value, as `origins` of a scenario names it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which layer set a value, and where; `line` 0 means that the layer has no lines."""

    layer: str
    file: str
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """The file and the line in it, where there are such."""
        return self.file + (f":{self.line}" if self.line else "")

    def text(self, lang: str = "en") -> str:
        """The layer with its place."""
        layer = LAYERS[self.layer].text(lang)
        return f"{layer} ({self.place})" if self.place else layer


@dataclass(frozen=True, slots=True)
class LeverSetting:
    """A lever in force: its dose over time, and the chains and places it is aimed at.

    No chains means every chain, no places means the whole city.
    """

    lever: Lever
    attribute: str
    unit: str
    dose: Schedule
    chains: tuple[str, ...]
    places: tuple[str, ...]


class LeverCounts(NamedTuple):
    """The levers of a scenario: all of them, those that act, at zero throughout, without effect on what is modelled."""

    levers: int
    act: int
    at_zero: int
    without_effect: int


@dataclass(frozen=True, slots=True)
class ExtraTarget:
    """A target that no plan holds and a scenario adds under its own name.

    It answers to the same names as a plan's target, so that both are judged alike; `year` is the
    year of the deadline and `value` is in `unit`, the unit of its metric.
    """

    key: str
    name: Name
    note: Name
    metric: str
    comparator: str
    value: float
    unit: str
    flow_or_stock: str
    year: int

    id: str = ""
    value_high: float | None = None
    modelled_how: str = "endogenous"
    document: str = ""
    clause: str = ""
    headline: bool = False
    rule: Rule = AS_REGISTERED
    read_as: tuple[Name, ...] = ()

    @property
    def deadline(self) -> date:
        """The last day of the deadline year."""
        return date(self.year, 12, 31)

    @property
    def notes(self) -> str:
        """The note, in both languages."""
        return self.note.text("both")


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit whose posterior the members draw from, with what its backtest said of it.

    Without a `verdict` nothing may be called calibrated. `papers` are its files by their names in a run folder; a run
    that starts before `begins` takes the fit only when it is asked to, since its figures were not yet known.
    """

    file: str = field(compare=False)
    verdict: Name | None
    standing: str
    digest: str
    papers: tuple[tuple[str, bytes], ...] = field(repr=False)
    begins: Quarter | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a run needs to know, resolved and checked.

    `assumptions` holds a distribution for every one of `parameters`, in its unit. `notes` are the
    listed findings. `origins` maps dotted paths of the resolved sheet to the layer that set them.
    `readings` are those picked in place of the ones taken, reading keys by ambiguity id.
    `population` is the user's own list of firms that stands in for the drawn catalogue.
    `library` is the data of the city that the file was read against. `without_effect` are the ids of levers that
    move nothing that is modelled, whatever their dose.
    """

    name: Name
    description: Name
    stem: str
    file: str
    period: Period
    founding: Founding
    plans: tuple[str, ...]
    levers: tuple[LeverSetting, ...]
    assumptions: Mapping[str, Distribution]
    parameters: Mapping[str, Parameter]
    base_construction: str | None
    population: Population | None
    mechanisms: Mapping[str, bool]
    government: BudgetRule
    members: int
    seed: int
    extra_targets: tuple[ExtraTarget, ...]
    readings: Mapping[str, str]
    notes: tuple[Finding, ...] = field(compare=False)
    origins: Mapping[str, Origin] = field(compare=False)
    library: Library = field(compare=False, repr=False)
    fit: Fit | None = None
    without_effect: frozenset[str] = field(default=frozenset(), compare=False)

    def lever_counts(self) -> "LeverCounts":
        """How many levers the scenario holds, and how many of them act."""
        quarters = self.period.quarters
        dosed = [item for item in self.levers if any(item.dose.values(quarters))]
        dead = sum(item.lever.id in self.without_effect for item in dosed)
        return LeverCounts(len(self.levers), len(dosed) - dead, len(self.levers) - len(dosed), dead)

    def resolved(self) -> dict[str, object]:
        """The whole scenario as a plain sheet that reads back to an equal scenario."""
        sheet: dict[str, object] = {
            "schema_version": SCHEMA_VERSION,
            "name": name_sheet(self.name),
            "description": name_sheet(self.description),
            "period": {"start": str(self.period.start), "end": str(self.period.end)},
            "plans": list(self.plans),
        }
        if self.population is not None:
            sheet["population"] = self.population.file
        if self.fit is not None:
            sheet["fit"] = self.fit.file
        elif self.library.fitted is not None:
            sheet["fit"] = NO_FIT
        if self.levers:
            sheet["levers"] = {
                item.lever.key: _lever_sheet(item, item.unit) for item in self.levers
            }
        assumptions: dict[str, object] = {
            name: distribution_sheet(distribution, self.parameters[name].unit)
            for name, distribution in sorted(self.assumptions.items())
            if distribution.kind != POSTERIOR  # stated by the fit
        }
        if self.base_construction is not None:
            assumptions["base_construction"] = self.base_construction
        sheet["assumptions"] = assumptions
        sheet["mechanisms"] = dict(self.mechanisms)
        sheet["government"] = {"rule": self.government}
        if self.extra_targets:
            sheet["targets"] = {item.key: _target_sheet(item) for item in self.extra_targets}
        if self.readings:
            sheet["readings"] = {key_of(id_): key for id_, key in self.readings.items()}
        sheet["members"] = self.members
        sheet["seed"] = self.seed
        return sheet

    def papers(self) -> dict[str, bytes]:
        """The files a stored sheet needs beside it, by name: another city's data, the list of firms."""
        files = self.library.own_files()
        papers = {f"data/{name}": path.read_bytes() for name, path in files.items()}
        if self.population is not None:
            papers[POPULATION] = self.population.content
        if self.fit is not None:
            papers |= dict(self.fit.papers)
        return papers

    def stored(self) -> dict[str, object]:
        """The resolved sheet for a folder that holds the `papers` too."""
        sheet = self.resolved()
        if self.population is not None:
            sheet["population"] = POPULATION
        if self.fit is not None:
            sheet["fit"] = f"{FIT}/fitted.yaml"
        return sheet

    def digest(self) -> str:
        """SHA-256 of what is simulated, as hexadecimal text.

        Name, description, file, origins, seed and number of members do not count: a label
        changes no result, and a run states seed and members on their own. Of a list of firms its
        content counts, not its place. A dose whose year may be understood stands without it.
        """
        labels = ("name", "description", "members", "seed")
        sheet = {key: value for key, value in self.resolved().items() if key not in labels}
        if self.levers:
            sheet["levers"] = {
                item.lever.key: _lever_sheet(item, UNDERSTOOD.get(item.attribute, item.unit))
                for item in self.levers
            }
        if self.population is not None:
            sheet["population"] = self.population.digest
        if self.fit is not None:
            sheet["fit"] = self.fit.digest
        text = json.dumps(sheet, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def name_sheet(name: Name) -> dict[str, object]:
    """How a file states a bilingual text."""
    return {"zh": name.zh, "en": name.en}


def distribution_sheet(distribution: Distribution, unit: str) -> object:
    """How a file states a distribution whose parameter has this unit."""
    if distribution.is_fixed:
        return exact_quantity(distribution.numbers[0], unit)
    return _spread_sheet(distribution.as_mapping(), unit)


def _lever_sheet(setting: LeverSetting, unit: str) -> dict[str, object]:
    return {
        setting.attribute: _dose_sheet(setting.dose, unit),
        "chains": list(setting.chains) or EVERY,
        "districts": list(setting.places) or EVERY,
        "start": str(setting.dose.start),
        "end": str(setting.dose.end),
    }


def _dose_sheet(dose: Schedule, unit: str) -> object:
    years: dict[int, object] = {}
    for year, value in dose.points:
        if year is None:
            return exact_quantity(value, unit)
        years[year] = exact_quantity(value, unit)
    return {"from": years, "interpolate": "linear"} if dose.linear else years


def _spread_sheet(mapping: Mapping[str, object], unit: str) -> dict[str, object]:
    kind = str(mapping["dist"])
    measured = {number.name for number in NUMBERS.get(kind, ()) if number.has_unit}
    sheet: dict[str, object] = {}
    for name, value in mapping.items():
        if name == "components":
            items = cast(list[dict[str, object]], value)
            sheet[name] = [_spread_sheet(item, unit) for item in items]
        elif name in measured or name in ("lower", "upper"):
            sheet[name] = exact_quantity(cast(float, value), unit)
        else:
            sheet[name] = value
    return sheet


def _target_sheet(target: ExtraTarget) -> dict[str, object]:
    return {
        "name": name_sheet(target.name),
        "note": name_sheet(target.note),
        "metric": target.metric,
        "comparator": target.comparator,
        "value": exact_quantity(target.value, target.unit),
        "deadline": target.year,
    }
