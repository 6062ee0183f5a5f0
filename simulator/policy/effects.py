"""What each lever is assumed to cost, to be sized like, and to move.

The plans state a size for few levers and an effect for none. Both tables are therefore assumptions
with their reasoning in two languages: `lever_assumptions.csv` (dose, bounds, cost, ramp) and
`lever_effects.csv` (effect of one unit of dose = scale × a parameter, on one channel). A lever
without a row of effects declares that it has none.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, cast

from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import (
    GRADES,
    CellError,
    Grade,
    Meaning,
    Parameter,
    cell_choice,
    cell_list,
    cell_number,
    cell_text,
)
from simulator.foundation.tables import Row, read_table, shipped
from simulator.registry import Library, Registry, Target

ATTRIBUTES: Final[Mapping[str, str]] = {
    "size": "亿元/年",
    "projects": "个/年",
    "intensity": "1",
    "signings": "家/年",
    "intake": "人/年",
    "budget": "亿元/年",
}
"""What a dose measures, and its unit. A size is new fund commitments."""
UNDERSTOOD: Final[Mapping[str, str]] = {"size": "亿元"}
"""Units without their year, in which a dose may be written too and means the same number a year.

So the table of sizes and the digest of a scenario hold it; people are always told the year.
"""


class ChannelSpec(NamedTuple):
    """A channel: unit of dose × effect, and the equation that reads it."""

    unit: str
    mechanism: str
    meaning: Meaning


CHANNELS: Final[Mapping[str, ChannelSpec]] = {
    "entry": ChannelSpec(
        "ratio", "M12", Meaning("新创率相对提升", "relative rise of the start-up rate")
    ),
    "arrivals": ChannelSpec(
        "家/年", "M13", Meaning("签约企业数", "firms signed, before the but-for probability")
    ),
    "growth": ChannelSpec(
        "log-points/yr", "M2", Meaning("企业额外增速", "growth added while the lever is in force")
    ),
    "survival": ChannelSpec(
        "ratio", "M14", Meaning("退出率相对下降", "relative fall of the exit hazard")
    ),
    "demand": ChannelSpec(
        "亿元/年", "M10", Meaning("场景支出", "scenario money opened, before the direct share")
    ),
    "linkage": ChannelSpec(
        "ratio",
        "M11",
        Meaning("本地采购份额相对提升", "relative rise of the local purchase share"),
    ),
    "location": ChannelSpec(
        "1", "M15", Meaning("选址效用", "utility added in the choice of district")
    ),
    "fund": ChannelSpec("亿元/年", "M8", Meaning("新增认缴", "new fund commitments")),
    "milestone": ChannelSpec(
        "个/年", "M16", Meaning("计数项目", "projects reserved that count toward a target")
    ),
    "technology": ChannelSpec(
        "个/年", "M7", Meaning("技术攻关项目", "technology projects started toward a target")
    ),
    "knowledge": ChannelSpec(
        "亿元/年",
        "M6",
        Meaning("研发补助", "research grants to AI firms"),
    ),
    "talent_supply": ChannelSpec(
        "人/年",
        "M4",
        Meaning("新增人才（留存前）", "AI people beyond those who come anyway, before retention"),
    ),
    "hires": ChannelSpec(
        "人/年",
        "M5",
        Meaning("招引到岗人才", "people promised by count, who are there once a firm has a post"),
    ),
}
"""The ways a lever may act."""

GRANTS: Final = "knowledge"
"""The channel that is research grants: money, never more than its lever costs."""

COUNT_UNITS: Final = ("个", "家", "项", "种", "名", "stage")
"""Units of targets that count projects; a target in another unit asks for the size of one project."""

GOAL_METRIC: Final = "core_revenue"
"""The metric whose target adaptive governments steer by."""

COUNTED: Final = ("milestone", "technology", "hires")
"""Channels whose projects or people count toward a target, which the effect names."""


@dataclass(frozen=True, slots=True)
class LeverAssumption:
    """Size, bounds, cost and ramp of one lever.

    `default`, `low`, `high` are doses in `unit`, a year; `cost_per_unit` is in 亿元 for a unit of
    dose (a year of it for an intensity); `ramp_years` pass until the full effect.
    """

    lever: str
    attribute: str
    unit: str
    default: float
    low: float
    high: float
    cost_per_unit: float
    ramp_years: float
    grade: Grade
    sources: tuple[str, ...]
    reasoning: Meaning


@dataclass(frozen=True, slots=True)
class LeverEffect:
    """Effect of one unit of a lever's dose on one channel: `scale` × value of `parameter`.

    Without a parameter the effect is `scale` itself. `target` is the id of the target that the projects
    of a counted channel go toward, None for the other channels.
    """

    lever: str
    channel: str
    parameter: str | None
    scale: float
    target: str | None
    reasoning: Meaning


def counted_targets(effects: Sequence[LeverEffect]) -> tuple[str, ...]:
    """Ids of the targets that some lever's projects count toward, sorted."""
    return tuple(sorted({effect.target for effect in effects if effect.target}))


def sized_targets(effects: Sequence[LeverEffect], registry: Registry) -> tuple[str, ...]:
    """Ids of the counted targets that ask for the size of one project instead of a count, sorted."""
    return tuple(t for t in counted_targets(effects) if registry.target(t).unit not in COUNT_UNITS)


def revenue_goal(registry: Registry, plans: Collection[str], founding_year: int) -> Target | None:
    """The core-revenue target that adaptive governments steer by: of the plans in force, the first that falls due."""
    due = [
        target
        for target in registry.targets
        if target.metric == GOAL_METRIC
        and target.document in plans
        and target.value is not None
        and target.value > 0.0
        and target.deadline.year > founding_year
    ]
    return min(due, key=lambda target: target.deadline, default=None)


class LeverTables(NamedTuple):
    """What the levers of a city are assumed to cost, to be sized like and to move."""

    assumptions: Mapping[str, LeverAssumption]  # by lever id
    effects: tuple[LeverEffect, ...]  # in table order


@cache
def lever_tables(library: Library) -> LeverTables:
    """Both lever tables of a library, read once. Raises InputError with every finding of a table."""
    registry = library.registry
    assumptions = load_lever_assumptions(registry, library.lever_assumptions)
    effects = load_lever_effects(registry, library.priors, library.lever_effects, assumptions)
    return LeverTables(assumptions, effects)


def load_lever_assumptions(
    registry: Registry, path: Path | None = None
) -> dict[str, LeverAssumption]:
    """Assumptions by lever id, checked against the registry.

    Raises InputError with every finding.
    """
    findings: list[Finding] = []
    assumptions: dict[str, LeverAssumption] = {}
    ids = {lever.id for lever in registry.levers}
    for row in read_table(path or shipped("data", "lever_assumptions.csv")):
        try:
            assumption = _assumption(row, ids)
            if assumption.lever in assumptions:
                raise CellError("lever", "this lever stands in the table twice", "该工具重复")
        except CellError as error:
            findings.append(error.finding(row))
        else:
            assumptions[assumption.lever] = assumption
    if findings:
        raise InputError(findings)
    return assumptions


def load_lever_effects(
    registry: Registry,
    priors: Mapping[str, Parameter],
    path: Path | None = None,
    assumptions: Mapping[str, LeverAssumption] | None = None,
) -> tuple[LeverEffect, ...]:
    """All effects in table order, checked against registry and priors, grants against the cost in ``assumptions``.

    Raises InputError with every finding.
    """
    findings: list[Finding] = []
    effects: list[LeverEffect] = []
    seen: set[tuple[str, str, str | None, str | None]] = set()
    ids = {lever.id for lever in registry.levers}
    targets = {target.id for target in registry.targets}
    for row in read_table(path or shipped("data", "lever_effects.csv")):
        try:
            effect = _effect(row, ids, targets, priors)
            place = (effect.lever, effect.channel, effect.parameter, effect.target)
            if place in seen:
                raise CellError("channel", "this effect stands in the table twice", "该效应重复")
            if effect.channel == GRANTS:
                _check_grants(effect, (assumptions or {}).get(effect.lever))
        except CellError as error:
            findings.append(error.finding(row))
        else:
            seen.add(place)
            effects.append(effect)
    if findings:
        raise InputError(findings)
    return tuple(effects)


def _assumption(row: Row, ids: set[str]) -> LeverAssumption:
    attribute = cell_choice(row, "attribute", ATTRIBUTES)
    default, low, high = (cell_number(row, name) for name in ("default", "low", "high"))
    cost, ramp = cell_number(row, "cost_per_unit"), cell_number(row, "ramp_years")
    if not 0.0 <= low <= default <= high or not high > low:
        raise CellError(
            "default",
            "the bounds are out of order",
            "上下限顺序不对",
            allowed=Allowed.same("0 ≤ low ≤ default ≤ high, low < high"),
        )
    if cost < 0.0 or ramp < 0.0:
        column = "cost_per_unit" if cost < 0.0 else "ramp_years"
        allowed = Allowed("0 or more", "不小于 0")
        raise CellError(column, f"{column} is negative", f"{column} 为负", allowed)
    return LeverAssumption(
        lever=_lever(row, ids),
        attribute=attribute,
        unit=_dose_unit(row, attribute),
        default=default,
        low=low,
        high=high,
        cost_per_unit=cost,
        ramp_years=ramp,
        grade=cast(Grade, cell_choice(row, "grade", GRADES)),
        sources=cell_list(row, "sources"),
        reasoning=_reasoning(row),
    )


def _dose_unit(row: Row, attribute: str) -> str:
    """The unit of an attribute; a table may leave the year of a size to be understood."""
    unit = ATTRIBUTES[attribute]
    cell_choice(row, "unit", (unit, UNDERSTOOD.get(attribute, unit)))
    return unit


def _effect(
    row: Row, ids: set[str], targets: set[str], priors: Mapping[str, Parameter]
) -> LeverEffect:
    named = bool(cell_text(row, "parameter", empty=True))
    channel = cell_choice(row, "channel", CHANNELS)
    target = cell_choice(row, "target", sorted(targets)) if channel in COUNTED else None
    if target is None and cell_text(row, "target", empty=True):
        counted = ", ".join(COUNTED)
        raise CellError(
            "target",
            f"channel {channel} counts toward no target",
            f"通道 {channel} 不计入任何目标",
            allowed=Allowed(f"a target only for {counted}", f"只有{counted}可写目标"),
        )
    return LeverEffect(
        lever=_lever(row, ids),
        channel=channel,
        parameter=cell_choice(row, "parameter", priors) if named else None,
        scale=cell_number(row, "scale"),
        target=target,
        reasoning=_reasoning(row),
    )


def _check_grants(effect: LeverEffect, assumption: LeverAssumption | None) -> None:
    """Raise CellError unless the grants of a lever are money that its dose costs."""
    if effect.parameter is not None:
        what, what_zh = "grants are money: no parameter", "补助即资金，不取参数"
        raise CellError("parameter", what, what_zh, Allowed("empty", "留空"))
    most = math.inf if assumption is None else assumption.cost_per_unit
    if not 0.0 <= effect.scale <= most:
        raise CellError(
            "scale",
            f"grants of {effect.scale:g}亿元 for a unit of dose that costs {most:g}亿元",
            f"每单位剂量补助 {effect.scale:g}亿元，而成本为 {most:g}亿元",
            allowed=Allowed.span(0, f"{most:g}"),
        )


def _lever(row: Row, ids: set[str]) -> str:
    lever = cell_text(row, "lever")
    if lever not in ids:
        raise CellError(
            "lever",
            f"no lever has the id {lever!r}",
            f"没有编号为“{lever}”的政策工具",
            suggestion=nearest(lever, ids) or "",
        )
    return lever


def _reasoning(row: Row) -> Meaning:
    return Meaning(cell_text(row, "reasoning_zh"), cell_text(row, "reasoning_en"))
