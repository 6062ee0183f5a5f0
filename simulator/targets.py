"""The plans' targets, judged on what an ensemble produced.

Each target of the registry has exactly one status: `scored` (a measured series answers it),
`not_modelled` (the mechanism that would answer it is named), `input` (the city promises it, so it
is fed to a lever and never counted as an outcome) or `by_hand` (no number to compare with). None is
ever silently missing.

A probability carries the Wilson 95 % interval of its Monte Carlo error only. What moves the answer
more than sampling does is kept apart and shown beside it: the probability per construction of the
base value, the published figure (with drift of the definition) next to the true one, and the
two-parameter benchmark of limit L13. Every score says what it may be trusted with: the verdict of the
backtest where a tested fit is in force, that it is uncalibrated elsewhere.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.observables import CATALOGUE, PROJECTS, Observable
from simulator.policy.effects import counted_targets, lever_tables, sized_targets
from simulator.registry import AS_REGISTERED, Library, Name, Registry, Target
from simulator.scenario import ExtraTarget

Goal: TypeAlias = Target | ExtraTarget
"""What can be judged: a plan's target, or one that a scenario adds under its own label."""

Status = Literal["scored", "not_modelled", "input", "by_hand"]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Z95 = 1.959963984540054

BASE_YEAR = 2024
"""The year whose core revenue no document states; its constructions are the base of a run."""

UNCALIBRATED = Name(
    zh="未校准：未采用经回测的拟合，概率只宜用来比较方案，不是预测",
    en="uncalibrated: no backtested fit is in force; use the probabilities to compare, not to forecast",
)


class Trust(NamedTuple):
    """What may be believed of an ensemble's probabilities: calibrated only where a backtest stands beside them."""

    calibrated: bool
    caution: Name


UNTESTED = Trust(False, UNCALIBRATED)


def trust_in(outcomes: object) -> Trust:
    """The verdict of the fit behind an ensemble; untested where it has none or no backtest was made."""
    return trust_of(getattr(outcomes, "scenario", None))


def trust_of(scenario: object) -> Trust:
    """The verdict of the fit that a scenario draws from; untested where it has none or no backtest was made."""
    verdict: Name | None = getattr(getattr(scenario, "fit", None), "verdict", None)
    return UNTESTED if verdict is None else Trust(True, verdict)


STATUSES: Mapping[str, Name] = {
    "scored": Name(zh="已评估", en="scored"),
    "not_modelled": Name(zh="尚未建模", en="not modelled yet"),
    "input": Name(zh="政策投入", en="policy input"),
    "by_hand": Name(zh="人工评分", en="scored by hand"),
}

HOW: Mapping[str, Name] = {
    "endogenous": Name(zh="由企业模型内生", en="from the firm model"),
    "milestone": Name(zh="由里程碑过程", en="from a milestone process"),
    "input": Name(zh="作为投入，只看是否到位", en="as an input: delivered or not"),
    "checklist": Name(zh="无数字，按清单人工评分", en="no number: checklist, by hand"),
}

MECHANISMS: Mapping[str, Name] = {
    "M4": Name(zh="人才", en="talent"),
    "M7": Name(zh="技术攻关", en="technology projects"),
    "M16": Name(zh="里程碑项目", en="milestone pipelines"),
    "M17": Name(zh="企业称号与计数", en="firm titles and counts"),
    "M18": Name(zh="产业集群", en="clusters"),
    "M19": Name(zh="带动产业", en="related revenue"),
}

MISSING: Mapping[str, str] = {
    "major_projects": "M16",
    "key_technologies": "M7",
    "key_new_products": "M7",
    "smart_equipment_breakthroughs": "M7",
    "fields_in_national_layout": "M16",
    "national_platforms": "M16",
    "demo_scenarios": "M16",
    "benchmark_scenarios": "M16",
    "smart_manufacturing_projects": "M16",
    "smart_factories": "M16",
    "vertical_science_models": "M16",
    "smart_eldercare_complexes": "M16",
    "logistics_centre_area": "M16",
    "sorting_platform": "M16",
    "supercomputer_scale": "M16",
    "talent_teams": "M4",
    "leading_talents": "M4",
    "rd_talents": "M4",
}
"""Metrics that no series measures yet, and the mechanism (model equation) that will."""


class Outcomes(Protocol):
    """What an ensemble offers to the judge; all in member order.

    `annual` and `parameters` have a row for each member.
    """

    @property
    def library(self) -> Library:
        """The data of the city that was run: plans, targets, constructions."""

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """The founding quarter, then those of the period."""

    @property
    def years(self) -> tuple[int, ...]:
        """The founding year, then every full year of the period."""

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the recorded series."""

    def values(self, series: str, /) -> Floats:
        """Quarterly figures, members by quarters; flows are annual rates."""

    def annual(self, series: str, /) -> Floats:
        """Annual figures, members by years: mean of a flow, last quarter of a stock."""

    def parameters(self, name: str, /) -> Floats:
        """One drawn parameter, one number for each member; KeyError when there is none."""


class Terms(Protocol):
    """What a scenario says of how its outcomes are judged."""

    @property
    def plans(self) -> tuple[str, ...]:
        """Ids of the plan documents in force."""

    @property
    def extra_targets(self) -> tuple[ExtraTarget, ...]:
        """The targets it adds to those of the plans."""

    @property
    def readings(self) -> Mapping[str, str]:
        """Readings picked in place of those taken, by ambiguity id."""


class Answered(Outcomes, Protocol):
    """Outcomes that know the scenario they answer."""

    @property
    def scenario(self) -> Terms:
        """The scenario that was simulated."""


class Probability(NamedTuple):
    """A share of members with its Wilson 95 % interval."""

    value: float
    low: float
    high: float
    members: int


class Spread(NamedTuple):
    """Median and the 5 and 95 % quantiles over members."""

    median: float
    low: float
    high: float


class FirstReached(NamedTuple):
    """When the target is first met: median year of the members that meet it, and their share."""

    year: int | None
    share: float


class ConstructionScore(NamedTuple):
    """The probability within one construction of the base value.

    `base` is the median base value of those members (亿元), `benchmark` their GBM probability.
    """

    construction: str
    name: Name
    probability: Probability
    published: Probability | None
    base: float
    benchmark: float | None


class Judged(NamedTuple):
    """How one target is judged, known before any run.

    `mechanism` names what is missing (`M7`), `series` what measures it; either may be empty.
    """

    target: Target
    how: Name
    status: Status
    mechanism: str
    series: str


@dataclass(frozen=True, slots=True)
class TargetScore:
    """One target after a run; every number is None unless `status` is `scored`.

    `outcome` and `shortfall` are in `unit`; `shortfall` is the median over members of what is
    missing to `value`; `year` is the deadline's. `extra` marks a target that no plan holds, and its
    `note` says why it is there. `read_as` names the readings by which the scenario has it judged,
    where they are not those taken.
    """

    id: str
    key: str
    name: Name
    document: str
    metric: str
    comparator: str
    value: float | None
    value_high: float | None
    unit: str
    year: int
    headline: bool
    extra: bool
    how: Name
    status: Status
    mechanism: str
    series: str
    reason: Name
    note: Name | None = None
    read_as: tuple[Name, ...] = ()
    probability: Probability | None = None
    published: Probability | None = None
    by_construction: tuple[ConstructionScore, ...] = ()
    outcome: Spread | None = None
    outcome_published: Spread | None = None
    shortfall: float | None = None
    first_reached: FirstReached | None = None
    benchmark: float | None = None
    calibrated: bool = False
    caution: Name = UNCALIBRATED


@dataclass(frozen=True, slots=True)
class JointScore:
    """All scored targets of one plan met together.

    `keys` are those counted; `total` is the number of targets in the plan, so that nobody reads
    a joint probability of three as one of eleven.
    """

    document: str
    name: Name
    keys: tuple[str, ...]
    total: int
    probability: Probability
    published: Probability
    calibrated: bool = False
    caution: Name = UNCALIBRATED


DELIVERED: Final = "milestones_delivered"
"""Key of the series that hold projects delivered toward a target."""

BEGUN: Final = "project_size_begun"
"""Key of the series that hold the size of a single project; begun is the registry's reading of such targets."""


def score(
    goals: Sequence[Goal],
    outcomes: Outcomes,
    catalogue: Sequence[Observable] = CATALOGUE,
) -> tuple[TargetScore, ...]:
    """Judge every goal on the outcomes, in the order given.

    Raises ValueError where a series and a goal have different units (perimeters are never
    spliced) or the ensemble is empty.
    """
    plan_ids = {target.id for target in outcomes.library.registry.targets}
    trust = trust_in(outcomes)
    return tuple(
        replace(
            _score(goal, goal.id in plan_ids, outcomes, catalogue),
            calibrated=trust.calibrated,
            caution=trust.caution,
        )
        for goal in goals
    )


def targets_due(registry: Registry, years: Sequence[int]) -> tuple[Target, ...]:
    """The registry's targets whose deadline lies in the years, in registry order.

    A target belongs to a run by its deadline, not by the levers in force: a run without the
    plan's levers is judged on the plan's targets all the same.
    """
    return tuple(t for t in registry.targets if t.deadline.year in set(years))


class Group(NamedTuple):
    """The members whose base value was drawn from one construction: `inside` is a flag each."""

    id: str
    name: Name
    inside: Flags


def construction_groups(outcomes: Outcomes) -> tuple[Group, ...]:
    """Members by the construction of their base value, in table order; empty groups are left out.

    No groups where the run is not founded on the base value of 2024.
    """
    index = _parameter(outcomes, "construction")
    if index is None or _base_year(outcomes) != BASE_YEAR:
        return ()
    groups = (
        Group(item.id, Name(item.meaning.zh, item.meaning.en), index == position)
        for position, item in enumerate(outcomes.library.constructions)
    )
    return tuple(group for group in groups if group.inside.any())


def goals_of(
    outcomes: Answered, scenario: Terms | None = None, years: Sequence[int] = ()
) -> tuple[Goal, ...]:
    """What outcomes are judged on: the plans' targets due in them as their scenario reads them, then its own.

    With plans in force only their targets: a run of one plan says nothing of another's. Without any all that is due is
    judged, so that a run without policy can be held against one with it. What was due in the founding year lies behind
    the run. `scenario` judges by the terms of another scenario, `years` (the founding one first) in some years only.
    """
    terms = scenario or outcomes.scenario
    registry = outcomes.library.registry
    due = targets_due(registry, (years or outcomes.years)[1:])
    own = (target for target in due if not terms.plans or target.document in terms.plans)
    return (*(read(target, registry, terms.readings) for target in own), *terms.extra_targets)


def read(target: Target, registry: Registry, readings: Mapping[str, str]) -> Target:
    """The target as the readings have it judged, by the ids of ambiguities; itself where they say nothing of it.

    Raises KeyError for an ambiguity or a reading that the registry does not hold, ValueError for two that clash.
    """
    rule, read_as = AS_REGISTERED, []
    for ambiguity, key in readings.items():
        found = registry.ambiguity(ambiguity)
        reading = next((item for item in found.choices if item.key == key), None)
        if reading is None:
            raise KeyError(f"{found.key} has no reading {key!r}")
        if target.id in reading.rules:
            rule = rule.joined(reading.rules[target.id])
            read_as.append(reading.name)
    return replace(target, rule=rule, read_as=tuple(read_as)) if read_as else target


def judge_all(library: Library, catalogue: Sequence[Observable] = CATALOGUE) -> tuple[Judged, ...]:
    """How each target of a city's plans is judged, without a run."""
    registry, effects = library.registry, lever_tables(library).effects
    held = {f"{DELIVERED}[{registry.target(t).key}]" for t in counted_targets(effects)}
    held |= {f"{BEGUN}[{registry.target(t).key}]" for t in sized_targets(effects, registry)}
    by_metric = {o.metric: o.key for o in catalogue if o.metric and o.dimension == "target"}
    tables = [library.founding(name) for name in ("goal_firms.csv", "goal_clusters.csv")]
    named = [registry.target(row["target"]) for table in tables for row in table]
    held |= {f"{by_metric[t.metric]}[{t.key}]" for t in named if t.metric in by_metric}
    return tuple(_judge(target, catalogue, held) for target in registry.targets)


def joint(
    goals: Sequence[Goal],
    outcomes: Outcomes,
    catalogue: Sequence[Observable] = CATALOGUE,
) -> tuple[JointScore, ...]:
    """For each plan among the goals with a scored target: all of them met by the same member.

    A target that restates another of the plan is that one again, so it counts once.
    """
    registry = outcomes.library.registry
    plan_ids = {target.id for target in registry.targets if target.restates is None}
    trust = trust_in(outcomes)
    scores = []
    for document in dict.fromkeys(goal.document for goal in goals if goal.id in plan_ids):
        own = [goal for goal in goals if goal.document == document and goal.id in plan_ids]
        scored = [goal for goal in own if measurable(goal, outcomes, catalogue)]
        if not scored:
            continue
        true = [met(goal, outcomes, catalogue) for goal in scored]
        published = [met(goal, outcomes, catalogue, published=True) for goal in scored]
        scores.append(
            JointScore(
                document=document,
                name=registry.document(document).name,
                keys=tuple(goal.key for goal in scored),
                total=len(own),
                probability=probability(np.logical_and.reduce(true)),
                published=probability(np.logical_and.reduce(published)),
                calibrated=trust.calibrated,
                caution=trust.caution,
            )
        )
    return tuple(scores)


def measurable(goal: Goal, outcomes: Outcomes, catalogue: Sequence[Observable] = CATALOGUE) -> bool:
    """Whether a series of the outcomes answers a goal, so that it has a probability."""
    return measured_by(goal, outcomes, catalogue) is not None


def measured_by(
    goal: Goal, outcomes: Outcomes, catalogue: Sequence[Observable] = CATALOGUE
) -> Observable | None:
    """The recorded series that a goal is judged on, None where the outcomes cannot say, with all that counts in."""
    measured = _measured(goal, catalogue, outcomes.series)
    if _status(goal, measured)[0] != "scored" or measured is None or goal.value is None:
        return None
    moment = judged_at(goal)
    held = measured.key in outcomes.series and moment in outcomes.quarters
    if not held or (moment.quarter == 4 and moment.year not in outcomes.years):
        return None
    for other in _counted_with(goal, outcomes):
        beside = _measured(other, catalogue, outcomes.series)
        # What was counted before the run began is not known to it.
        early = _first_year(other, outcomes) <= _base_year(outcomes)
        if beside is None or beside.key not in outcomes.series or early:
            return None
    return measured


def met(
    goal: Goal,
    outcomes: Outcomes,
    catalogue: Sequence[Observable] = CATALOGUE,
    *,
    published: bool = False,
) -> Flags:
    """For each member whether the goal is met at its deadline; paired use in comparisons.

    `published` takes the published figure where one is modelled, the true one elsewhere.
    Raises KeyError for a goal that no series of the outcomes measures.
    """
    return _passes(goal, judged_level(goal, outcomes, catalogue, published=published))


def judged_level(
    goal: Goal,
    outcomes: Outcomes,
    catalogue: Sequence[Observable] = CATALOGUE,
    *,
    published: bool = False,
) -> Floats:
    """What the goal is held against, one number for each member in the goal's unit: `met` where it passes the bar.

    A level at the goal's moment, or what its reading counts: a sum over the plan, the last year, an increase.
    `published` and KeyError as for `met`; ValueError where the series is in another unit.
    """
    measured = _measured_or_error(goal, outcomes, catalogue)
    twin = _published(measured, outcomes) if published else None
    series = measured if twin is None else replace(measured, key=twin)
    return _level_at(judged_at(goal), goal, outcomes, series, catalogue)


def judged_path(
    goal: Goal, outcomes: Outcomes, catalogue: Sequence[Observable] = CATALOGUE
) -> tuple[tuple[int, ...], Floats]:
    """What the goal would be held against at each year's end, members by years; the last column is `judged_level`.

    The years run from the founding one to that of the goal's moment. Errors as for `judged_level`.
    """
    measured = _measured_or_error(goal, outcomes, catalogue)
    moment = judged_at(goal)
    years = tuple(year for year in outcomes.years if year <= moment.year)
    ends = (min(Quarter(year, 4), moment) for year in years)
    columns = [_level_at(end, goal, outcomes, measured, catalogue) for end in ends]
    return years, np.stack(columns, axis=1)


def judged_bar(goal: Goal) -> float:
    """The figure that `judged_level` has to reach, or to pass, as the goal is read; of a goal with a number."""
    if goal.comparator == "between" and goal.rule.range == "upper_end":
        assert goal.value_high is not None
        return goal.rule.share * goal.value_high
    assert goal.value is not None
    return goal.rule.share * (goal.value if goal.rule.value is None else goal.rule.value)


def bar_on(goal: Goal, series: str, held: Collection[str] = ()) -> float | None:
    """The bar of a goal that is held against the plain level of this very series; None of any other goal.

    `held` are the series recorded: one of the goal's own goes before that of the city.
    """
    measured = _measured(goal, CATALOGUE, held)
    plain = measured is not None and measured.key == series and _is_plain(goal)
    return judged_bar(goal) if plain and goal.value is not None else None


def probability(flags: Flags) -> Probability:
    """Share of members that are True, with its Wilson 95 % interval; ValueError when empty."""
    members = int(flags.size)
    if members == 0:
        raise ValueError("a probability needs at least one member")
    hits = int(np.count_nonzero(flags))
    low, high = wilson(hits, members)
    return Probability(hits / members, low, high, members)


def wilson(hits: int, members: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a binomial share (Wilson 1927, JASA 22)."""
    share = hits / members
    spread = Z95 * Z95 / members
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = Z95 / (1.0 + spread) * math.sqrt(share * (1 - share) / members + spread / members / 4)
    # The bounds at no hit and at all hits are exact; rounding must not leave [0, 1].
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == members else centre + half
    return low, high


def geometric_benchmark(
    base: Floats, target: float, years: float, drift: float, volatility: float
) -> float:
    """Limit L13, integrated over the base values: mean of Φ[(ln(X₀/X*) + μT)/(σ√T)].

    `base` and `target` in one unit, `drift` μ in log points a year, `volatility` σ per √year.
    The two-parameter forecast that any answer of the model is printed beside.
    """
    with np.errstate(divide="ignore"):  # a base of zero can never reach the target
        distance = (np.log(base / target) + drift * years) / (volatility * math.sqrt(years))
    return math.fsum(0.5 * math.erfc(-x / math.sqrt(2.0)) for x in distance.tolist()) / base.size


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on a probability, as typed: `tj27_core_revenue>=0.6`.

    `part` is `true` or `published`; the key `joint` asks for all scored targets of a plan.
    """

    text: str
    key: str
    part: Literal["true", "published"]
    comparator: Literal[">=", "<=", ">", "<"]
    bound: float

    def evaluate(
        self, scores: Sequence[TargetScore], joints: Sequence[JointScore] = ()
    ) -> "CheckResult":
        """Compare with the scores; UsageError for a target that is unknown or has no number."""
        found = self._find(scores, joints)
        value = found.value
        passed = {
            ">=": value >= self.bound,
            "<=": value <= self.bound,
            ">": value > self.bound,
            "<": value < self.bound,
        }[self.comparator]
        return CheckResult(self, passed, found)

    def _find(self, scores: Sequence[TargetScore], joints: Sequence[JointScore]) -> Probability:
        if self.key == "joint":
            if len(joints) != 1:
                raise UsageError(
                    f"{self.text}: 'joint' needs exactly one plan in the run, found {len(joints)}",
                    f"{self.text}：joint 要求运行中恰有一项规划，现有 {len(joints)} 项",
                )
            return joints[0].published if self.part == "published" else joints[0].probability
        by_key = {item.key: item for item in scores}
        item = by_key.get(self.key)
        if item is None:
            hint = did_you_mean(self.key, [*by_key, "joint"])
            raise UsageError(
                f"{self.text}: no target {self.key!r} in this run{hint.en}",
                f"{self.text}：该运行中没有目标 {self.key!r}{hint.zh}",
            )
        found = item.published if self.part == "published" else item.probability
        if found is None:
            why = Name("没有公布口径", "it has no published figure")
            why = why if item.probability else item.reason
            raise UsageError(
                f"{self.text}: {item.key} has no probability to check: {why.en}",
                f"{self.text}：{item.key} 没有可检查的概率：{why.zh}",
            )
        return found


class CheckResult(NamedTuple):
    """A check with its verdict and the probability it was held against."""

    check: Check
    met: bool
    probability: Probability


_CHECK = re.compile(
    r"\s*(?P<key>[\w\-]+)(?:\.(?P<part>\w+))?\s*(?P<comparator>>=|<=|>|<)"
    r"\s*(?P<bound>\d+(?:\.\d*)?|\.\d+)\s*(?P<percent>%?)\s*"
)


def check_expression(text: str) -> Check:
    """Read `tj27_core_revenue>=0.6`, `….published >= 60 %` or `joint>0.1`.

    UsageError for another form or a bound outside 0 to 1.
    """
    found = _CHECK.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is not a check; write <target>[.published]>=<probability>, "
            "for example tj27_core_revenue>=0.6",
            f"{text!r} 不是检查式；写作 <目标>[.published]>=<概率>，例如 tj27_core_revenue>=0.6",
        )
    part = found["part"] or "true"
    if part not in ("true", "published"):
        hint = did_you_mean(part, ["true", "published"])
        raise UsageError(
            f"{text!r}: {part!r} is neither 'true' nor 'published'{hint.en}",
            f"{text!r}：{part!r} 既不是 true 也不是 published{hint.zh}",
        )
    bound = float(found["bound"]) / (100.0 if found["percent"] else 1.0)
    if not 0.0 <= bound <= 1.0:
        raise UsageError(
            f"{text!r}: {found['bound']} is not a probability; allowed 0 to 1",
            f"{text!r}：{found['bound']} 不是概率；允许 0 至 1",
        )
    key = found["key"].replace("-", "_")
    return Check(
        text=text.strip(),
        key=key.removeprefix("t_"),
        part=cast(Literal["true", "published"], part),
        comparator=cast(Literal[">=", "<=", ">", "<"], found["comparator"]),
        bound=bound,
    )


def goal_text(comparator: str, value: float | None, value_high: float | None, unit: str) -> str:
    """The goal as a plan writes it: `> 1000亿元`, `3–4个`; empty where there is no number."""
    if value is None:
        return ""
    if comparator == "by_date":
        return f"{unit} {value:g}"
    if comparator == "between" and value_high is not None:
        return f"{value:g}–{value_high:g}{unit}"
    number = f"{value:g}" if abs(value) < 1e6 else f"{value:.0e}".replace("e+", "e")
    return f"{'≥' if comparator == '>=' else comparator} {number}{unit}"


def _judge(target: Target, catalogue: Sequence[Observable], held: Collection[str]) -> Judged:
    status, mechanism, series = _status(target, _measured(target, catalogue, held))
    return Judged(target, HOW[target.modelled_how], status, mechanism, series)


def _status(goal: Goal, measured: Observable | None) -> tuple[Status, str, str]:
    """Status, missing mechanism and series of a goal."""
    if goal.modelled_how == "checklist" or goal.comparator == "qualitative":
        return "by_hand", "", ""
    if goal.modelled_how == "input" and goal.rule.series is None:
        return "input", "", ""
    if measured is None:
        return "not_modelled", MISSING.get(goal.metric, ""), ""
    return "scored", "", measured.key


def _reason(goal: Goal, status: Status, mechanism: str) -> Name:
    if status == "not_modelled" and not mechanism:
        return Name(zh=f"没有序列衡量指标 {goal.metric}", en=f"no series measures {goal.metric}")
    if status == "not_modelled":
        what = MECHANISMS.get(mechanism)
        if what is None:
            return Name(zh=mechanism, en=mechanism)
        return Name(
            zh=f"尚未建模：{mechanism} {what.zh}", en=f"not modelled yet: {mechanism} {what.en}"
        )
    return HOW[goal.modelled_how]


def _score(
    goal: Goal, in_plan: bool, outcomes: Outcomes, catalogue: Sequence[Observable]
) -> TargetScore:
    measured = _measured(goal, catalogue, outcomes.series)
    status, mechanism, series = _status(goal, measured)
    reason = _reason(goal, status, mechanism)
    if status == "scored" and not measurable(goal, outcomes, catalogue):
        status, series, reason = "not_modelled", "", _absence(goal, outcomes)
    base = TargetScore(
        id=goal.id,
        key=goal.key,
        name=goal.name,
        document=goal.document,
        metric=goal.metric,
        comparator=goal.comparator,
        value=goal.value if goal.rule.value is None else goal.rule.value,
        value_high=goal.value_high,
        unit=goal.unit,
        year=goal.deadline.year,
        headline=goal.headline,
        extra=not in_plan,
        how=HOW[goal.modelled_how],
        status=status,
        mechanism=mechanism,
        series=series,
        reason=reason,
        note=goal.note if isinstance(goal, ExtraTarget) else None,
        read_as=goal.read_as,
    )
    if status != "scored" or measured is None or goal.value is None:
        return base
    return _with_numbers(base, goal, outcomes, measured, catalogue)


def _with_numbers(
    base: TargetScore,
    goal: Goal,
    outcomes: Outcomes,
    measured: Observable,
    catalogue: Sequence[Observable],
) -> TargetScore:
    level = judged_level(goal, outcomes, catalogue)
    flags = _passes(goal, level)
    twin = _published(measured, outcomes)
    level_twin = judged_level(goal, outcomes, catalogue, published=True) if twin else None
    flags_twin = None if level_twin is None else _passes(goal, level_twin)
    return replace(
        base,
        probability=probability(flags),
        published=None if flags_twin is None else probability(flags_twin),
        by_construction=_by_construction(goal, outcomes, flags, flags_twin),
        outcome=_spread(level),
        outcome_published=None if level_twin is None else _spread(level_twin),
        shortfall=float(np.median(np.maximum(judged_bar(goal) - level, 0.0))),
        first_reached=_first_reached(goal, outcomes, measured),
        benchmark=_benchmark(goal, outcomes, None),
    )


def _by_construction(
    goal: Goal, outcomes: Outcomes, flags: Flags, flags_twin: Flags | None
) -> tuple[ConstructionScore, ...]:
    """Members grouped by the construction their base value was drawn from; core revenue only."""
    base = _parameter(outcomes, "base_core_revenue")
    if goal.metric != "core_revenue" or base is None:
        return ()
    return tuple(
        ConstructionScore(
            construction=group.id,
            name=group.name,
            probability=probability(flags[group.inside]),
            published=None if flags_twin is None else probability(flags_twin[group.inside]),
            base=float(np.median(base[group.inside])),
            benchmark=_benchmark(goal, outcomes, group.inside),
        )
        for group in construction_groups(outcomes)
    )


def _benchmark(goal: Goal, outcomes: Outcomes, inside: Flags | None) -> float | None:
    if goal.metric != "core_revenue" or goal.value is None or _base_year(outcomes) != BASE_YEAR:
        return None
    if goal.rule.series is not None:  # another perimeter than that of the base value
        return None
    base, loading, growth, volatility = (
        _parameter(outcomes, name)
        for name in ("base_core_revenue", "loading_national", "g_nat_ai", "gbm_volatility")
    )
    if base is None or loading is None or growth is None or volatility is None:
        return None
    years = goal.deadline.year - _base_year(outcomes)
    if years <= 0:
        return None
    return geometric_benchmark(
        base if inside is None else base[inside],
        judged_bar(goal),
        float(years),
        float(np.median(loading)) * math.log1p(float(np.median(growth))),
        float(np.median(volatility)),
    )


def _base_year(outcomes: Outcomes) -> int:
    """The founding year, whose annual figure is the base value."""
    return outcomes.quarters[0].year


def _first_reached(goal: Goal, outcomes: Outcomes, measured: Observable) -> FirstReached | None:
    if not _is_plain(goal):
        return None
    reached = _passes(goal, outcomes.annual(measured.key))
    ever = reached.any(axis=1)
    if not ever.any():
        return FirstReached(None, 0.0)
    first = np.asarray(outcomes.years)[reached[ever].argmax(axis=1)]
    # A median year has to be a year: the lower of the middle two.
    middle = np.sort(first)[(first.size - 1) // 2]
    return FirstReached(int(middle), float(np.count_nonzero(ever)) / ever.size)


def _is_plain(goal: Goal) -> bool:
    """Whether a goal is held against the level of its series then, with nothing summed, subtracted or counted in."""
    rule = goal.rule
    whole = rule.counting == "as_registered" and rule.since is None
    return goal.flow_or_stock == "level_at_deadline" and whole and not rule.plus


def _measured(
    goal: Goal, catalogue: Sequence[Observable], held: Collection[str]
) -> Observable | None:
    """What measures a goal: a series of its own among those held, else the city series of its metric.

    Of its own series the size of its single project goes before the count of its projects, both in the goal's unit,
    and both before one of its metric. Of several city series the one named like the metric goes first.
    """
    if goal.rule.series is not None:
        return _named(goal.rule.series, goal, catalogue)
    for own in (BEGUN, DELIVERED):
        if f"{own}[{goal.key}]" in held:
            return _named(f"{own}[{goal.key}]", goal, catalogue)
    for named in (o for o in catalogue if o.dimension == "target" and o.metric == goal.metric):
        if f"{named.key}[{goal.key}]" in held:
            return _named(f"{named.key}[{goal.key}]", goal, catalogue)
    fits = [o for o in catalogue if o.metric == goal.metric and o.dimension == "city"]
    fits = [o for o in fits if not o.key.endswith("_published")]
    fits.sort(key=lambda o: o.key != goal.metric)
    return fits[0] if fits else None


def _named(series: str, goal: Goal, catalogue: Sequence[Observable]) -> Observable | None:
    """The observable behind the name of a recorded series; what counts projects does so in the goal's unit."""
    found = next((o for o in catalogue if o.key == series.partition("[")[0]), None)
    if found is None:
        return None
    return replace(found, key=series, unit=goal.unit if found.perimeter == PROJECTS else found.unit)


def _absence(goal: Goal, outcomes: Outcomes) -> Name:
    """Why a goal that some series measures has no number in this run."""
    for other in _counted_with(goal, outcomes):
        if _first_year(other, outcomes) <= _base_year(outcomes):
            return Name(
                zh=f"本次运行始于 {_base_year(outcomes) + 1} 年，不知此前计入 {other.key} 者",
                en=f"this run begins in {_base_year(outcomes) + 1}: what {other.key} counted before is not known",
            )
    return Name(
        zh=f"本次运行不含 {goal.deadline.year} 年或该序列",
        en=f"this run does not hold {goal.deadline.year} or the series",
    )


def _published(measured: Observable, outcomes: Outcomes) -> str | None:
    twin = f"{measured.key}_published"
    return twin if twin in outcomes.series else None


def judged_at(goal: Goal) -> Quarter:
    """The quarter at whose end the goal is held: the last one completed by the deadline, unless read otherwise."""
    day = goal.deadline
    within = Quarter(day.year, (day.month + 2) // 3)
    match goal.rule.at:
        case "containing_quarter":
            return within
        case "year_end":
            return Quarter(day.year, 4)
        case "year_start":
            return Quarter(day.year - 1, 4)
    return completed_by(day)


def completed_by(day: date) -> Quarter:
    """The last quarter of which the day is the end, or that lies before it."""
    within = Quarter(day.year, (day.month + 2) // 3)
    ends = day.month % 3 == 0 and (day + timedelta(days=1)).month != day.month
    return within if ends else within.shift(-1)


def _counted_with(goal: Goal, outcomes: Outcomes) -> tuple[Target, ...]:
    """The other targets whose figures count in by the goal's reading."""
    return tuple(outcomes.library.registry.target(id_) for id_ in goal.rule.plus)


def _first_year(goal: Goal, outcomes: Outcomes) -> int:
    """The first year of the goal's plan; of a target that no plan holds, the first simulated one."""
    if not goal.document:
        return _base_year(outcomes) + 1
    return outcomes.library.registry.document(goal.document).start.year


def _measured_or_error(
    goal: Goal, outcomes: Outcomes, catalogue: Sequence[Observable]
) -> Observable:
    measured = measured_by(goal, outcomes, catalogue)
    if measured is None:
        raise KeyError(f"no series measures {goal.metric} of {goal.id}")
    if measured.unit not in (goal.unit, f"{goal.unit}/年"):
        raise ValueError(
            f"{goal.id} is in {goal.unit} and {measured.key} in {measured.unit}: not comparable"
        )
    return measured


def _level_at(
    now: Quarter,
    goal: Goal,
    outcomes: Outcomes,
    measured: Observable,
    catalogue: Sequence[Observable],
) -> Floats:
    """What the goal would be held against at a quarter's end, one number for each member, in the goal's unit."""
    total = _tally(goal, goal, now, outcomes, measured)
    for other in _counted_with(goal, outcomes):
        beside = _measured(other, catalogue, outcomes.series)
        assert beside is not None
        total = total + _tally(other, goal, now, outcomes, beside)
    return total


def _tally(of: Goal, goal: Goal, now: Quarter, outcomes: Outcomes, measured: Observable) -> Floats:
    """What a series says of one goal, counted as `goal` is read; one number for each member."""
    before = Quarter(max(_first_year(of, outcomes) - 1, _base_year(outcomes)), 4)
    if goal.rule.since is not None:
        before = max(completed_by(goal.rule.since), before)

    def level(at: Quarter) -> Floats:
        """The annual figure then: of a flow that of the four quarters up to it."""
        if at.quarter == 4:
            return outcomes.annual(measured.key)[:, outcomes.years.index(at.year)]
        row = outcomes.quarters.index(at)
        values = outcomes.values(measured.key)
        if measured.kind == "stock":
            return values[:, row]
        # The founding quarter holds a whole year's figure: it stands for every quarter before the run.
        mean: Floats = values[:, [max(row - back, 0) for back in range(4)]].mean(axis=1)
        return mean

    def gained(since: Quarter) -> Floats:
        """The annual figure now above that then; nothing before anything counts."""
        return level(max(now, since)) - level(since)

    summed = of.flow_or_stock == "cumulative_over_plan" and measured.kind == "flow"
    match goal.rule.counting:
        case "increase":
            return gained(before)
        case "last_year" if not summed:
            return gained(max(now.shift(-4), before))
        case "last_year":
            return level(now)
    if summed:
        rows = [i for i, at in enumerate(outcomes.quarters) if before < at <= now]
        added: Floats = outcomes.values(measured.key)[:, rows].sum(axis=1) / 4.0
        return added
    return level(now) if goal.rule.since is None else gained(before)


def _passes(goal: Goal, level: Floats) -> Flags:
    """A range counts as met from its lower end on, as the plans use it, unless read otherwise."""
    if goal.comparator == ">":
        return level > judged_bar(goal)
    reached = level >= judged_bar(goal)
    if goal.comparator == "between" and goal.rule.range == "inside":
        assert goal.value_high is not None
        return reached & (level <= goal.value_high)
    return reached


def _parameter(outcomes: Outcomes, name: str) -> Floats | None:
    try:
        return outcomes.parameters(name)
    except KeyError:
        return None


def _spread(level: Floats) -> Spread:
    low, median, high = np.quantile(level, [0.05, 0.5, 0.95])
    return Spread(float(median), float(low), float(high))
