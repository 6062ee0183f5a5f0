"""What commands print of a scenario: where its values come from, and how two of them differ."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from simulator.foundation.findings import UsageError
from simulator.foundation.parameters import MIXED, NUMBERS, POSTERIOR, Distribution
from simulator.foundation.units import exact_quantity, format_quantity
from simulator.registry import Data, Name
from simulator.scenario.entries import (
    EVERY,
    SCHEMA_VERSION,
    LeverSetting,
    Origin,
    Scenario,
    distribution_sheet,
    name_sheet,
)
from simulator.scenario.loading import load_scenario, shipped_scenario
from simulator.scenario.reading import LEVER_KEYS
from simulator.scenario.text import sheet_text


class OriginRow(NamedTuple):
    """One value of a resolved scenario and the layer that set it."""

    path: str
    name: Name
    value: str
    layer: str
    place: str


class Difference(NamedTuple):
    """One value in which two scenarios differ; empty text where a scenario lacks it."""

    path: str
    name: Name
    before: str
    after: str


def origin_rows(scenario: Scenario, lang: str = "en") -> tuple[OriginRow, ...]:
    """Every value of the resolved scenario, with its unit, and where it was set."""
    rows: list[OriginRow] = []
    for path, leaf in _leaves(scenario, lang).items():
        origin = scenario.origins.get(path, Origin("default", ""))
        rows.append(OriginRow(path, leaf.name, leaf.text, origin.layer, origin.place))
    return tuple(rows)


def differences(before: Scenario, after: Scenario, lang: str = "en") -> tuple[Difference, ...]:
    """The values in which two scenarios differ, in the order of the resolved sheet."""
    one, two = _leaves(before, lang), _leaves(after, lang)
    nothing = _Leaf(Name("", ""), None, "")
    rows: list[Difference] = []
    for path in dict.fromkeys((*one, *two)):
        old, new = one.get(path, nothing), two.get(path, nothing)
        # A lever that only one scenario has is one difference, its dose.
        missing = path not in one or path not in two
        detail = path.startswith("levers.") and path.rpartition(".")[2] in LEVER_KEYS
        if old.value != new.value and not (missing and detail):
            name = new.name if path in two else old.name
            rows.append(Difference(path, name, old.text, new.text))
    return tuple(rows)


def child_text(parent: Path, child: Path, name: Name | None = None, data: Data = None) -> str:
    """The text of a new scenario file at `child` that extends `parent`.

    It holds a name and commented examples, and loads as it stands. A `parent` that is no file may be the bare name of a
    shipped scenario. Raises InputError when the parent is not a valid scenario, UsageError
    when it is the child.
    """
    named = shipped_scenario(parent.as_posix()) if data is None and not parent.is_file() else None
    scenario = load_scenario(named or parent, data=data)
    if child.exists() and child.samefile(named or parent):
        raise UsageError("a scenario cannot extend itself", "情景不能继承自身")
    title = name or Name(f"{scenario.name.zh}（变体）", f"{scenario.name.en}, variant")
    beside = Path(os.path.relpath(parent.resolve(), child.resolve().parent))
    extends = parent.as_posix() if named else beside.as_posix()
    head: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "extends": extends,
        "name": name_sheet(title),
    }
    return (
        sheet_text(head)
        + "# Write only what differs from the parent. 只写与上级情景不同之处。\n"
        + _lever_examples(scenario)
        + """\
# assumptions:
#   base_core_revenue: {dist: lognormal, median: 480亿元, sigma: 0.3}
# mechanisms: {exit: off}
"""
    )


def _lever_examples(scenario: Scenario) -> str:
    """Commented doses of two levers, one stepwise by year and one that moves evenly."""
    if scenario.library.folder is None:
        return """\
# levers:
#   tj27_funds: {size: {2025: 200亿元/年, 2026: 300亿元/年}}
#   tj27_talent: {intake: {from: {2025: 60人/年, 2027: 150人/年}, interpolate: linear}}
"""
    first, last = scenario.period.start, scenario.period.end
    lines = []
    for setting, moving in zip(scenario.levers[:2], (False, True), strict=False):
        before = exact_quantity(setting.dose.at(first), setting.unit)
        after = exact_quantity(setting.dose.at(last), setting.unit)
        points = f"{{{first.year}: {before}, {last.year}: {after}}}"
        dose = f"{{from: {points}, interpolate: linear}}" if moving else points
        lines.append(f"#   {setting.lever.key}: {{{setting.attribute}: {dose}}}\n")
    return "".join(["# levers:\n", *lines]) if lines else ""


_DISTRIBUTION_WORDS: Final[Mapping[str, str]] = {
    "uniform": "均匀",
    "normal": "正态",
    "lognormal": "对数正态",
    "triangular": "三角",
    "beta": "贝塔",
    "gamma": "伽马",
    "halfnormal": "半正态",
    "mixture": "混合",
    "constructions": "各口径",
    "value": "值",
    "low": "低",
    "high": "高",
    "mean": "均值",
    "sd": "标准差",
    "median": "中位数",
    "sigma": "σ",
    "shift": "平移",
    "mode": "众数",
    "a": "a",
    "b": "b",
    "scale": "尺度",
    "location": "位置",
}
"""What a scenario file calls a distribution and its numbers, in Chinese."""


class _Leaf(NamedTuple):
    """One value: what it is called, the value itself, and its text with units."""

    name: Name
    value: object
    text: str


def _leaves(scenario: Scenario, lang: str) -> dict[str, _Leaf]:
    """Every value of a scenario by dotted path."""
    period = scenario.period
    leaves: dict[str, _Leaf] = {}

    def put(path: str, name: Name, value: object, text: str) -> None:
        leaves[path] = _Leaf(name, value, text)

    put("name", Name("名称", "name"), scenario.name, scenario.name.text(lang))
    description = scenario.description
    put("description", Name("说明", "description"), description, description.text(lang))
    put("period.start", Name("起始季度", "first quarter"), period.start, str(period.start))
    put("period.end", Name("结束季度", "last quarter"), period.end, str(period.end))
    plans = scenario.plans
    put("plans", Name("规划文件", "plans in force"), plans, ", ".join(plans) or "–")
    firms = scenario.population
    if firms is not None:
        total = format_quantity(firms.catalogue_revenue, "亿元", lang)
        text = f"{firms.file} ({len(firms.firms)} 家, {total})"
        put("population", Name("企业名单", "list of firms"), firms.digest, text)
    if scenario.fit is not None:
        put("fit", Name("拟合", "fit in force"), scenario.fit.digest, scenario.fit.file)
    for setting in scenario.levers:
        path, name, dose = f"levers.{setting.lever.key}", setting.lever.name, setting.dose
        shape = (dose.points, dose.linear)
        put(f"{path}.{setting.attribute}", name, shape, _dose_text(setting, lang))
        put(f"{path}.chains", name, setting.chains, ", ".join(setting.chains))
        put(f"{path}.districts", name, setting.places, ", ".join(setting.places) or EVERY)
        put(f"{path}.start", name, dose.start, str(dose.start))
        put(f"{path}.end", name, dose.end, str(dose.end))
    for key, distribution in scenario.assumptions.items():
        parameter = scenario.parameters[key]
        meaning = Name(parameter.meaning.zh, parameter.meaning.en)
        text = _distribution_text(distribution, parameter.unit, lang)
        sheet = distribution_sheet(distribution, parameter.unit)
        put(f"assumptions.{key}", meaning, sheet, text)
    if scenario.base_construction is not None:
        name = Name("基数口径", "construction of the base value")
        construction = scenario.base_construction
        put("assumptions.base_construction", name, construction, construction)
    for key, switch in scenario.mechanisms.items():
        put(f"mechanisms.{key}", Name("机制开关", "switch"), switch, "on" if switch else "off")
    rule = scenario.government
    put("government.rule", Name("政府预算规则", "rule of budgets"), rule, rule)
    for target in scenario.extra_targets:
        path, name = f"targets.{target.key}", target.name
        quantity = format_quantity(target.value, target.unit, lang)
        put(f"{path}.name", name, target.name, target.name.text(lang))
        put(f"{path}.note", name, target.note, target.note.text(lang))
        put(f"{path}.metric", name, target.metric, target.metric)
        put(f"{path}.comparator", name, target.comparator, target.comparator)
        put(f"{path}.value", name, (target.value, target.unit), quantity)
        put(f"{path}.deadline", name, target.year, str(target.year))
    for ambiguity in scenario.library.registry.ambiguities:
        if ambiguity.choices:
            key = scenario.readings.get(ambiguity.id, ambiguity.choices[0].key)
            reading = next(item for item in ambiguity.choices if item.key == key)
            text = f"{key}: {reading.name.text(lang)}"
            # The English name of an ambiguity is a paragraph; its key says as much as a cell can hold.
            name = Name(ambiguity.name.zh, ambiguity.key.replace("_", " "))
            put(f"readings.{ambiguity.key}", name, key, text)
    put("members", Name("成员数", "members"), scenario.members, str(scenario.members))
    put("seed", Name("随机种子", "seed"), scenario.seed, str(scenario.seed))
    return leaves


def _dose_text(setting: LeverSetting, lang: str) -> str:
    texts = []
    for year, dose in setting.dose.points:
        quantity = format_quantity(dose, setting.unit, lang)
        texts.append(quantity if year is None else f"{year}: {quantity}")
    moving = Name("（线性变动）", " (linear)").text(lang) if setting.dose.linear else ""
    return ", ".join(texts) + moving


def _distribution_text(distribution: Distribution, unit: str, lang: str) -> str:
    if distribution.is_fixed:
        return format_quantity(distribution.numbers[0], unit, lang)
    if distribution.kind == POSTERIOR:
        low, middle, high = (
            format_quantity(distribution.quantile(share), unit, lang) for share in (0.05, 0.5, 0.95)
        )
        rows = len(distribution.numbers)
        if lang == "zh":
            return f"后验（{middle}，90 %：{low} … {high}；{rows} 行）"
        return f"posterior({middle}, 90 %: {low} … {high}; {rows} rows)"
    if distribution.kind in MIXED:
        parts = zip(distribution.weights, distribution.components, strict=True)
        inside = "; ".join(
            f"{weight:g}: {_distribution_text(part, unit, lang)}" for weight, part in parts
        )
    else:
        named = zip(NUMBERS[distribution.kind], distribution.numbers, strict=True)
        inside = ", ".join(
            f"{_word(number.name, lang)} {format_quantity(value, unit if number.has_unit else '1', lang)}"
            for number, value in named
            if value != number.default
        )
    low, high = (
        format_quantity(bound, unit, lang) if math.isfinite(bound) else ""
        for bound in distribution.truncation
    )
    cut = f" [{low} … {high}]" if low or high else ""
    return f"{_word(distribution.kind, lang)}({inside}){cut}"


def _word(word: str, lang: str) -> str:
    """A word of a distribution as a file writes it, or what it means in Chinese."""
    return _DISTRIBUTION_WORDS[word] if lang == "zh" else word
