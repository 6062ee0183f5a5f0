"""Cases × members → outcomes: the one evaluator of every question that changes a scenario many times.

A case is a scenario with some values changed: the dose of a lever, the value of an assumption, a mechanism on or off.
All cases meet the same members, so that their outcomes are paired draw by draw, and a case that was computed is not
computed again. Nothing is stored on disk: what people want to keep is run with `simulate run`.
"""

import dataclasses
import os
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simulator.experiments.comparison import parse_metric
from simulator.experiments.errors import StoreError
from simulator.foundation.calendar import Quarter, Schedule
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.foundation.parameters import Distribution
from simulator.foundation.units import format_quantity
from simulator.observables import observable_of
from simulator.policy.effects import UNDERSTOOD, LeverAssumption, lever_tables
from simulator.registry import Library, Name
from simulator.scenario import MECHANISMS, LeverSetting, Scenario
from simulator.targets import Flags, Goal, goals_of, judged_level, measurable, met, score
from simulator.world.draws import ParameterDraws

if TYPE_CHECKING:
    from simulator.experiments.store import Run

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]
FactorKind = Literal["lever", "assumption", "mechanism"]

JOINT: Final = "joint:"
KEPT: Final = ("city", "target")
"""Dimensions of the series that a case keeps; chains and districts belong to run folders."""
SECONDS_A_MEMBER: Final = 0.03
"""What a member of twelve quarters takes one core with making its case ready, measured; only for telling ahead."""
CLOSED: Final = "arrivals_rate"
"""The assumption that the founding check overrules while it stands at its prior."""
SWITCHES: Final = tuple(name for name in MECHANISMS if name != "firms")
"""Mechanisms that can be weighed against the rest; without firms hardly any lever has anything left to move."""
LABELS: Final = frozenset({"name", "description", "stem", "file", "members", "parameters"})
"""Fields of a scenario that change no member: words, and what its data state anyway."""
TASK_MEMBERS: Final = 16
DRAWS_HELD: Final = 16


class CaseError(StoreError):
    """Cases leave too few members with results to compare."""


@dataclass(frozen=True, eq=False)
class CaseOutcomes:
    """What the members of one case gave; judged like a run.

    `members` are those with results, in order; `failed` holds the numbers of the others with the reason. Annual
    figures cover the founding year and every year of the period, with the sums of a run folder in its order, so that
    a case is the run to the last digit.
    """

    scenario: Scenario
    members: Integers
    failed: tuple[tuple[int, str], ...]
    quarters: tuple[Quarter, ...]
    series: tuple[str, ...]
    parameter_names: tuple[str, ...]
    table: Floats = field(repr=False)  # (members, quarters, series)
    drawn: Floats = field(repr=False)  # (members, parameters)

    @property
    def library(self) -> Library:
        """The data of the city."""
        return self.scenario.library

    @cached_property
    def years(self) -> tuple[int, ...]:
        """The founding year, then those of the period."""
        return tuple(dict.fromkeys(quarter.year for quarter in self.quarters))

    def annual(self, series: str, /) -> Floats:
        """Annual figures, (members, years): mean of a flow, last quarter of a stock; KeyError as `values`."""
        values = self.values(series)
        rows = [
            [row for row, quarter in enumerate(self.quarters) if quarter.year == year]
            for year in self.years
        ]
        if observable_of(series).kind == "stock":
            return np.asarray(values[:, [found[-1] for found in rows]])
        return np.stack([values[:, found].mean(axis=1) for found in rows], axis=-1)

    def values(self, series: str, /) -> Floats:
        """Quarterly figures, (members, quarters); KeyError for a series that is not kept."""
        if series not in self.series:
            raise KeyError(series)
        return np.ascontiguousarray(self.table[:, :, self.series.index(series)])

    def parameters(self, name: str, /) -> Floats:
        """One drawn parameter, (members,); KeyError when there is none."""
        if name not in self.parameter_names:
            raise KeyError(name)
        return np.asarray(self.drawn[:, self.parameter_names.index(name)])

    def only(self, members: Integers) -> "CaseOutcomes":
        """The same case seen through some of its members."""
        rows = np.searchsorted(self.members, members)
        return dataclasses.replace(
            self, members=members, table=self.table[rows], drawn=self.drawn[rows]
        )

    def head(self, members: int, /) -> "CaseOutcomes":
        """The same case seen through its first members."""
        return self.only(self.members[:members])


class Member(Protocol):
    """What a study gives for one member."""

    @property
    def values(self) -> Floats:
        """(quarters, series)."""

    @property
    def parameters(self) -> Floats:
        """(parameters,)."""


class Study(Protocol):
    """A scenario made ready."""

    @property
    def quarters(self) -> Sequence[Quarter]:
        """The founding quarter, then those of the period."""

    @property
    def series(self) -> Sequence[str]:
        """Names of the recorded series."""

    @property
    def parameter_names(self) -> Sequence[str]:
        """Names of the drawn parameters."""

    def simulate(self, member: int, engine: str = ...) -> Member:
        """One member."""


class _Row(NamedTuple):
    """Kept series by quarter and drawn parameters of one member."""

    table: Floats
    drawn: Floats


class _Shape(NamedTuple):
    """What the rows of a case mean, and which recorded series are kept."""

    quarters: tuple[Quarter, ...]
    series: tuple[str, ...]
    parameter_names: tuple[str, ...]
    columns: Integers

    @staticmethod
    def of(study: Study) -> "_Shape":
        quarters = tuple(study.quarters)
        kept = [i for i, name in enumerate(study.series) if observable_of(name).dimension in KEPT]
        series = tuple(study.series[i] for i in kept)
        columns = np.array(kept, dtype=np.int64)
        return _Shape(quarters, series, tuple(study.parameter_names), columns)


class _Case:
    """What is held of one case; its study is made when the first member asks and dropped at the end."""

    def __init__(self, scenario: Scenario, prepare: Callable[[Scenario], Study]) -> None:
        self.rows: dict[int, _Row | str] = {}
        self.shape: _Shape | None = None
        self._scenario, self._prepare = scenario, prepare
        self._study: Study | None = None
        self._lock = threading.Lock()

    def ready(self) -> tuple[Study, _Shape]:
        with self._lock:
            if self._study is None:
                self._study = self._prepare(self._scenario)
            if self.shape is None:
                self.shape = _Shape.of(self._study)
            return self._study, self.shape

    def rest(self) -> None:
        self._study = None


class Models:
    """Makes scenarios ready; those that differ only in levers share their parameter draws.

    Draws are a function of assumptions, construction, years and seed, and come in blocks of members: without sharing, a
    case of one member would draw a whole block.
    """

    def __init__(self) -> None:
        self._draws: dict[object, ParameterDraws] = {}
        self._lock = threading.Lock()

    def __call__(self, scenario: Scenario) -> Study:
        """A study of the scenario."""
        from simulator.model import prepare

        study = prepare(scenario)
        assumptions = tuple(scenario.assumptions.items())
        key = (assumptions, scenario.base_construction, study.years, scenario.seed)
        with self._lock:
            study.draws = self._draws.setdefault(key, study.draws)
            while len(self._draws) > DRAWS_HELD:
                self._draws.pop(next(iter(self._draws)))
        return study


class Cases:
    """Evaluates cases in this process, each member of each case once.

    `workers` threads (default: the processors of this process) change no number. `progress` is called with
    (member runs done, member runs planned); `plan` says ahead how many are to come. `computed` counts members
    simulated, without those that were there already.
    """

    def __init__(
        self,
        workers: int | None = None,
        engine: str = "auto",
        progress: Progress | None = None,
        prepare: Callable[[Scenario], Study] | None = None,
    ) -> None:
        self.workers = workers or default_workers()
        self.done = 0
        self.computed = 0
        self.planned = 0
        self._engine = engine
        self._progress = progress
        self._prepare = prepare or Models()
        self._cases: dict[Hashable, _Case] = {}
        self._lock = threading.Lock()

    def plan(self, member_runs: int) -> None:
        """Add what is to come to the total that the progress is measured against."""
        self.planned += member_runs

    def evaluate(self, scenario: Scenario, members: range) -> CaseOutcomes:
        """One case; errors as for `evaluate_all`."""
        return self.evaluate_all([scenario], members)[0]

    def evaluate_all(
        self,
        scenarios: Sequence[Scenario],
        members: range | Sequence[range],
        *,
        every: bool = True,
    ) -> list[CaseOutcomes]:
        """Every case on the same members, or each on its own range of them.

        CaseError when a case has no member with a result; unless `every` has to, when none of them has one.
        """
        own = [members] * len(scenarios) if isinstance(members, range) else list(members)
        cases = [self._case(scenario) for scenario in scenarios]
        missing: dict[_Case, dict[int, None]] = {}
        for case, wanted in zip(cases, own, strict=True):
            new = [member for member in wanted if member not in case.rows]
            missing.setdefault(case, {}).update(dict.fromkeys(new))
            self.done += len(wanted) - len(new)
        self._report()
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                futures = [
                    pool.submit(self._simulate, case, list(new)[start : start + TASK_MEMBERS])
                    for case, new in missing.items()
                    for start in range(0, len(new), TASK_MEMBERS)
                ]
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        for case in missing:
            case.rest()
        found = [
            _gathered(scenario, case, wanted)
            for scenario, case, wanted in zip(scenarios, cases, own, strict=True)
        ]
        empty = [outcome for outcome in found if not outcome.members.size]
        if empty and (every or len(empty) == len(found)):
            why = empty[0].failed[0][1] if empty[0].failed else ""
            raise CaseError(
                f"no member of a case has a result; the first failed with {why}",
                f"某一情形没有任何成员得到结果；首个失败原因：{why}",
            )
        return found

    def _case(self, scenario: Scenario) -> _Case:
        return self._cases.setdefault(_identity(scenario), _Case(scenario, self._prepare))

    def _simulate(self, case: _Case, members: Sequence[int]) -> None:
        study, shape = case.ready()
        for member in members:
            row: _Row | str
            try:
                result = study.simulate(member, self._engine)
            except (ValueError, RuntimeError) as error:
                # No world fits these parameters, or a result is no number: the case says so.
                row = f"{type(error).__name__}: {error}"
            else:
                row = _Row(result.values[:, shape.columns], np.array(result.parameters))
            with self._lock:
                case.rows[member] = row
                self.done += 1
                self.computed += 1
                self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self.done, max(self.planned, self.done))


def _identity(scenario: Scenario) -> Hashable:
    """Equal for scenarios that simulate the same; the digest says so too, at fifty times the price."""
    values = (
        getattr(scenario, field.name)
        for field in dataclasses.fields(scenario)
        if field.compare and field.name not in LABELS
    )
    own = tuple(
        tuple(sorted(value.items())) if isinstance(value, Mapping) else value for value in values
    )
    return own, id(scenario.library)


def _gathered(scenario: Scenario, case: _Case, members: range) -> CaseOutcomes:
    rows = {m: row for m in members if isinstance(row := case.rows[m], _Row)}
    failed = tuple((m, row) for m in members if isinstance(row := case.rows[m], str))
    if case.shape is None:
        raise CaseError("a case was asked for no member", "某一情形未要求任何成员")
    shape = case.shape
    tables, drawn = [row.table for row in rows.values()], [row.drawn for row in rows.values()]
    return CaseOutcomes(
        scenario,
        np.array(list(rows), dtype=np.int64),
        failed,
        shape.quarters,
        shape.series,
        shape.parameter_names,
        np.array(tables).reshape(len(rows), len(shape.quarters), len(shape.series)),
        np.array(drawn).reshape(len(rows), len(shape.parameter_names)),
    )


def paired(outcomes: Sequence[CaseOutcomes]) -> list[CaseOutcomes]:
    """The cases seen through the members that all of them have results for; CaseError below two."""
    members = outcomes[0].members
    for other in outcomes[1:]:
        members = np.intersect1d(members, other.members)
    if members.size < 2:
        raise CaseError(
            f"the cases have {members.size} members with results in common; at least 2 are needed",
            f"各情形只有 {members.size} 个共同成员得到结果，至少需要 2 个",
        )
    return [outcome.only(members) for outcome in outcomes]


def default_workers() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def expected_seconds(member_runs: int, quarters: int, workers: int) -> float:
    """About how long so many member runs take; for telling people ahead, never for a result."""
    return member_runs * SECONDS_A_MEMBER * quarters / 12 / workers


@dataclass(frozen=True, slots=True)
class Factor:
    """Something a case may change: a lever's dose, an assumption, or a mechanism's switch.

    `low`, `high` bound it in `unit` (a lever's stated or assumed bounds; the central 90 % of a prior; 0 and 1 of a
    switch). `reference` is the scenario's own value: a lever's mean dose while in force, a prior's median. In
    `understood`, where there is one, the same number may be written too.
    """

    key: str
    kind: FactorKind
    name: Name
    unit: str
    low: float
    high: float
    reference: float
    grade: str
    group: str
    distribution: Distribution | None = None
    understood: str = ""

    def at(self, share: float) -> float:
        """The value at a share between 0 and 1: along a lever's bounds, or the quantile of a prior."""
        if self.distribution is not None:
            return float(self.distribution.quantile(share))
        value = self.low + share * (self.high - self.low)
        return float(round(value)) if self.kind == "mechanism" else value

    def text(self, value: float, lang: str = "en") -> str:
        """A value with its unit."""
        if self.kind == "mechanism":
            return "on" if value else "off"
        return format_quantity(value, self.unit, lang)


def lever_factors(scenario: Scenario, *, acting: bool = True) -> tuple[Factor, ...]:
    """The levers in force as factors; with `acting`, only those that move something in the model."""
    tables = lever_tables(scenario.library)
    moves: dict[str, set[str]] = {}
    for effect in tables.effects:
        moves.setdefault(effect.lever, set()).add(effect.channel)
    quarters = scenario.period.quarters
    found = []
    for setting in scenario.levers:
        size = tables.assumptions[setting.lever.id]
        in_force = [q for q in quarters if setting.dose.start <= q <= setting.dose.end]
        if not in_force or (acting and not moves.get(setting.lever.id)):
            continue
        mean = float(np.mean(setting.dose.values(in_force)))
        found.append(
            Factor(
                setting.lever.key,
                "lever",
                setting.lever.name,
                size.unit,
                min(0.0, size.low),
                size.high,
                mean,
                size.grade,
                setting.lever.kind,
                understood=UNDERSTOOD.get(size.attribute, ""),
            )
        )
    return tuple(found)


def assumption_factors(scenario: Scenario) -> tuple[Factor, ...]:
    """The uncertain assumptions that the model reads, as factors over their distributions.

    A rate that the founding check sets itself is none: giving it a number would switch the check off.
    """
    found = []
    for name, distribution in sorted(scenario.assumptions.items()):
        parameter = scenario.parameters[name]
        closed = name == CLOSED and distribution == parameter.distribution
        if parameter.use != "model" or distribution.is_fixed or closed:
            continue
        low, middle, high = (float(distribution.quantile(u)) for u in (0.05, 0.5, 0.95))
        meaning = Name(parameter.meaning.zh, parameter.meaning.en)
        found.append(
            Factor(
                name,
                "assumption",
                meaning,
                parameter.unit,
                low,
                high,
                middle,
                parameter.grade,
                parameter.mechanism,
                distribution,
            )
        )
    return tuple(found)


def mechanism_factors(scenario: Scenario) -> tuple[Factor, ...]:
    """The switches of mechanisms as factors."""
    return tuple(
        Factor(name, "mechanism", Name(f"机制 {name}", f"mechanism {name}"), "1", 0.0, 1.0,
               float(scenario.mechanisms[name]), "", "mechanism")
        for name in SWITCHES
    )  # fmt: skip


def factors_named(scenario: Scenario, keys: Iterable[str]) -> tuple[Factor, ...]:
    """Factors by key; UsageError names the nearest for an unknown one."""
    known = {
        factor.key: factor
        for factor in (
            *mechanism_factors(scenario),
            *assumption_factors(scenario),
            *lever_factors(scenario, acting=False),
        )
    }
    found = []
    for key in keys:
        plain = plain_key(key)
        if plain not in known:
            hint = did_you_mean(plain, known)
            raise UsageError(
                f"{key!r} is no lever in force, uncertain assumption or mechanism of {scenario.stem}{hint.en}",
                f"{key!r} 不是 {scenario.stem} 中生效的政策工具、不确定的假设或机制{hint.zh}",
            )
        found.append(known[plain])
    return tuple(found)


def plain_key(key: str) -> str:
    """`levers.tj27_funds.size`, `l-tj27-funds` and `tj27_funds` as `tj27_funds`."""
    parts = key.strip().split(".")
    word = (
        parts[1] if parts[0] in ("levers", "assumptions", "mechanisms") and parts[1:] else parts[0]
    )
    return word.replace("-", "_").removeprefix("l_")


def changed(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """The scenario with some values changed, by key: the plain function's arguments.

    A lever takes its dose, held at that value while the lever is in force; an assumption becomes that number; a
    mechanism is on unless zero. Values are in the factor's unit. UsageError for an unknown key or a value out of the
    bounds that a scenario file would be held to.
    """
    facts = lever_tables(scenario.library).assumptions
    levers = {setting.lever.key: setting for setting in scenario.levers}
    assumptions, mechanisms = dict(scenario.assumptions), dict(scenario.mechanisms)
    for given, value in values.items():
        key = plain_key(given)
        if key in levers:
            setting = levers[key]
            size = facts[setting.lever.id]
            _inside(given, value, min(0.0, size.low), size.high, size.unit)
            levers[key] = dataclasses.replace(setting, dose=constant(setting.dose, value))
        elif key in assumptions:
            parameter = scenario.parameters[key]
            _inside(given, value, parameter.minimum, parameter.maximum, parameter.unit)
            assumptions[key] = Distribution.fixed(value)
        elif key in SWITCHES:
            mechanisms[key] = bool(value)
        else:
            factors_named(scenario, [given])
    return dataclasses.replace(
        scenario, levers=tuple(levers.values()), assumptions=assumptions, mechanisms=mechanisms
    )


def constant(dose: Schedule, value: float) -> Schedule:
    """A dose held at one value while the lever is in force."""
    return Schedule(((None, float(value)),), False, dose.start, dose.end)


def _inside(key: str, value: float, low: float, high: float, unit: str) -> None:
    slack = 1e-9 * max(1.0, abs(high))
    if not low - slack <= value <= high + slack:
        told, lowest, highest = (
            Name(format_quantity(each, unit, "zh"), format_quantity(each, unit))
            for each in (value, low, high)
        )
        raise UsageError(
            f"{key}={told.en} is out of bounds; allowed {lowest.en} … {highest.en}",
            f"{key}={told.zh} 超出范围；允许 {lowest.zh} … {highest.zh}",
        )


@dataclass(frozen=True)
class Aim:
    """What is asked for: one target, or all scored targets of a plan together.

    `published` judges the published figure where one is modelled.
    """

    key: str
    name: Name
    goals: tuple[Goal, ...]
    published: bool = False

    def flags(self, outcomes: CaseOutcomes) -> Flags:
        """For each member whether every goal is met at its deadline."""
        each = [met(goal, outcomes, published=self.published) for goal in self.goals]
        return np.asarray(np.logical_and.reduce(each), dtype=np.bool_)

    def levels(self, outcomes: CaseOutcomes) -> Floats:
        """What each goal is held against, (members, goals), in the goal's unit."""
        each = [judged_level(goal, outcomes, published=self.published) for goal in self.goals]
        return np.stack(each, axis=1)


def aim_of(scenario: Scenario, text: str, outcomes: CaseOutcomes, published: bool = False) -> Aim:
    """`tj27_core_revenue`, or `joint:tj-2025-2027` for all scored targets of a plan.

    `outcomes` of any case tell which targets are scored. UsageError for another word, or a target that no series
    measures.
    """
    registry = scenario.library.registry
    goals = goals_of(outcomes, scenario)
    scored = {goal.key: goal for goal in goals if measurable(goal, outcomes)}
    if text.startswith(JOINT):
        plan = text.removeprefix(JOINT)
        plans = sorted({goal.document for goal in goals if goal.document})
        own = tuple(goal for goal in scored.values() if goal.document == plan)
        if not own:
            hint = did_you_mean(text, [JOINT + plan for plan in plans])
            raise UsageError(
                f"{text!r}: no scored target of plan {plan!r} in this scenario{hint.en}",
                f"{text!r}：该情景中规划 {plan!r} 没有可评目标{hint.zh}",
            )
        document = registry.document(plan)
        name = Name(
            f"{document.name.zh}：{len(own)} 项目标同时实现",
            f"all {len(own)} scored targets of {plan}",
        )
        return Aim(text, name, own, published)
    key = text.replace("-", "_").removeprefix("t_")
    if key in scored:
        return Aim(key, scored[key].name, (scored[key],), published)
    known = [*scored, *(JOINT + plan for plan in scenario.plans)]
    hint = did_you_mean(key, known)
    raise UsageError(
        f"no scored target {text!r} in {scenario.stem}{hint.en}",
        f"{scenario.stem} 中没有可评目标 {text!r}{hint.zh}",
    )


def headline_of(outcomes: "CaseOutcomes | Run", series: str = "core_revenue") -> str:
    """The key of the target to ask about when none is named.

    A headline target of the metric or measured by the series, else any headline, else any target; only scored ones.
    """
    scenario = outcomes.scenario
    goals = [goal for goal in goals_of(outcomes) if goal.document]
    scored = [item for item in score(goals, outcomes) if item.probability is not None]
    if not scored:
        raise UsageError(f"{scenario.stem} has no scored target", f"{scenario.stem} 没有可评目标")
    return min(
        scored, key=lambda item: (series not in (item.metric, item.series), not item.headline)
    ).key


def metric_values(outcomes: CaseOutcomes, text: str) -> tuple[str, Floats]:
    """`core_revenue@2027` of every member with its full name; UsageError for an unknown metric."""
    series, year = parse_metric(text, outcomes.series, outcomes.years)
    return f"{series}@{year}", outcomes.annual(series)[:, outcomes.years.index(year)]


def metric_unit(metric: str) -> str:
    """The unit of `core_revenue@2027`."""
    return observable_of(metric.partition("@")[0]).unit


def budget_of(scenario: Scenario) -> dict[str, float]:
    """What each lever costs the budget over the period, 亿元 by lever key: dose × cost of a unit × years."""
    sizes = lever_tables(scenario.library).assumptions
    return {
        setting.lever.key: lever_cost(setting, sizes[setting.lever.id], scenario.period.quarters)
        for setting in scenario.levers
    }


def lever_cost(setting: LeverSetting, size: LeverAssumption, quarters: Sequence[Quarter]) -> float:
    """Budget of one lever over the quarters, 亿元; as the ledger books it."""
    return 0.25 * size.cost_per_unit * sum(setting.dose.values(quarters))


def cost_is_assumed(size: LeverAssumption) -> bool:
    """Whether the cost of a lever rests on an assumption: its row is graded so or leans on judgement."""
    return size.grade == "assumed" or "judgement" in size.sources


def outcome_function(
    scenario: Scenario,
    outcomes: Sequence[str],
    members: range = range(64),
    cases: Cases | None = None,
) -> Callable[..., dict[str, float]]:
    """The model as a plain function of keyword values, for EMA workbench, SALib, optuna or your own loop.

    `outcomes` are annual figures (`core_revenue@2027`, the mean over members) and probabilities
    (`P(tj27_core_revenue)`, the share of members). The function takes levers, assumptions and mechanisms by key, as
    `changed` does, and returns one number for each outcome by its name. The members are the same in every call.
    """
    held = cases or Cases()

    def evaluate(**values: float) -> dict[str, float]:
        found = held.evaluate(changed(scenario, values), members)
        told = {}
        for name in outcomes:
            if name.startswith("P(") and name.endswith(")"):
                told[name] = float(aim_of(scenario, name[2:-1], found).flags(found).mean())
            else:
                told[name] = float(metric_values(found, name)[1].mean())
        return told

    return evaluate
