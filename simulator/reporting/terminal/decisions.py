"""Tables of what it would take, for the terminal, and the same content as plain data.

Attribution, reach, sensitivity, sweeps, discovery, conditions and robustness; the words are those of the figures.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.registry import Library, Name
from simulator.reporting import Lang
from simulator.reporting.terminal.tables import grid, page
from simulator.reporting.wording import (
    GRADES,
    UNBOUNDED,
    chance_text,
    channels_text,
    condition_text,
    cost_text,
    end_text,
    interval,
    is_unbounded,
    lines,
    mechanism_text,
    number,
    percent,
    points,
    said,
    setting_text,
    unit_name,
    unit_suffix,
)
from simulator.scenario import Scenario
from simulator.targets import trust_in

if TYPE_CHECKING:
    from simulator.experiments.attribution import Attribution
    from simulator.experiments.change_note import ChangeNote
    from simulator.experiments.discovery import Discovery
    from simulator.experiments.explanation import FirmStory, ParameterStory, ValueStory
    from simulator.experiments.intervals import Estimate
    from simulator.experiments.reach import Package, Reach
    from simulator.experiments.robustness import Across, Robust
    from simulator.experiments.sensitivity import Sensitivity
    from simulator.experiments.sweeps import Sweep

FLIP = 0.1
"""A rank is called unsure when the next lever overtakes it with at least this probability."""

UNTOLD = frozenset({"goals", "distribution", "library", "table", "flags"})
"""Parts of results that plain data leaves out: what is told elsewhere, and members one by one."""

UNRELATED = Name(
    "?：区间含零；互不相关的变量中，每二十个约有一个的区间不含零",
    "?: the interval holds zero; of twenty that are unrelated, one has an interval that does not",
)

STATUSES: Mapping[str, Name] = {
    "reached": Name("可达到（新成员证实）", "reached, confirmed on fresh members"),
    "within_error": Name("在抽样误差内达到", "reached within sampling error on fresh members"),
    "not_confirmed": Name("新成员未能证实", "met when chosen, not confirmed on fresh members"),
    "not_reachable": Name("在上下限内达不到", "not reachable within the bounds"),
    "over_budget": Name("超出预算", "not reachable within the budget"),
}


def attribution(found: "Attribution", lang: Lang = "both") -> str:
    """Shapley shares with intervals, the effect alone and last, residual and interaction."""
    how = "exact" if found.exact else f"{found.orders} orders"
    head = Name(
        f"{found.scenario.name.zh}（{found.scenario.stem}）相对 {found.against.stem}：Shapley 份额（"
        f"{'精确' if found.exact else f'{found.orders} 种抽取顺序'}），{found.coalitions} 个组合 × "
        f"{found.members} 个配对成员；"
        f"预算 {number(found.extra_cost, sign=True)}亿元（全期）",
        f"{found.scenario.stem} against {found.against.stem}: Shapley shares ({how}), {found.coalitions} coalitions × "
        f"{found.members} paired members; budget {number(found.extra_cost, sign=True)}亿元 over the period",
    )
    parts: list[Any] = [said(head, lang, "\n")]
    for outcome in found.outcomes:
        chance = outcome.unit == "share"

        def text(value: float, chance: bool = chance) -> str:
            return points(value) if chance else number(value, sign=True)

        unit = Name("百分点", "points") if chance else unit_name(outcome.unit)
        table = grid(
            lang,
            ("left", Name(f"{outcome.name.zh}（{unit.zh}）", f"{outcome.name.en} ({unit.en})")),
            ("right", Name("份额\n95% 区间", "share\n95% interval")),
            ("right", Name("占比", "of total")),
            ("right", Name("单独", "alone")),
            ("right", Name("最后", "last")),
        )
        total = outcome.total.value
        some = abs(total) > 1e-12
        for share in outcome.shares:
            table.add_row(
                said(share.group.name, lang, "\n"),
                ranged(share.share, text),
                percent(share.share.value / total) if some else "–",
                ranged(share.alone, text),
                ranged(share.last, text),
            )
        whole = "100%" if some else "–"
        table.add_row(
            said(Name("合计", "total"), lang, "\n"), ranged(outcome.total, text), whole, "", ""
        )
        before, after = (
            percent(v) if chance else number(v) for v in (outcome.before, outcome.after)
        )
        foot = Name(
            f"{before} → {after}；余量 {text(outcome.residual)}，交互 {text(outcome.interaction)}",
            f"{before} → {after}; residual {text(outcome.residual)}, interaction {text(outcome.interaction)}",
        )
        parts += ["", table, said(foot, lang, "\n")]
    return page(
        *parts, *_failures(found.failed, lang), "", said(trust_in(found).caution, lang, "\n")
    )


def reach(found: "Reach", lang: Lang = "both") -> str:
    """Levels, packages, frontier, ranking; where nothing reaches a level, that in plain words."""
    front = found.frontier
    half = (front.best.fresh.high - front.best.fresh.low) / 2
    head = Name(
        f"{found.aim.name.zh}（{found.aim.key}）：{found.members} 个成员用于选择，"
        f"{found.fresh_members} 个新成员用于检验",
        f"{found.aim.name.en} ({found.aim.key}): {found.members} members choose, "
        f"{found.fresh_members} fresh ones check",
    )
    parts: list[Any] = [said(head, lang, "\n"), ""]
    for level in front.levels:
        status = STATUSES[level.status]
        if level.package is None:
            most = f"{percent(front.best.fresh.value)} ± {half * 100:.0f}"
            zh = f"{level.level:.0%}：{status.zh}；最高为 {most} 个百分点"
            en = f"{level.level:.0%}: {status.en}; the best is {most} points"
        else:
            assert level.cost is not None
            cost = cost_text(level.cost)
            zh = f"{level.level:.0%}：{status.zh}；该概率约需 {cost.zh}"
            en = f"{level.level:.0%}: {status.en}; this probability takes {cost.en}"
        parts.append(said(Name(zh, en), lang, "\n"))
    table = grid(
        lang,
        ("left", Name("方案", "package")),
        ("right", Name("费用\n亿元", "cost\n亿元")),
        ("right", Name("新成员\n95% 区间", "fresh\n95% interval")),
        ("right", Name("选择时", "when\nchosen")),
        ("right", Name("假定\n费用", "cost\nassumed")),
        ("left", Name("约束", "binding")),
    )

    def add(name: Name, package: "Package") -> None:
        money = Name("预算", "money").zh if lang == "zh" else "money"
        table.add_row(
            said(name, lang, "\n"),
            number(package.cost),
            f"{percent(package.fresh.value)}\n{interval(package.fresh)}",
            percent(package.chosen.value),
            percent(package.assumed_share),
            package.binding or money,
        )

    for level in front.levels:
        if level.package is not None:
            add(Name(f"达到 {level.level:.0%}", f"for {level.level:.0%}"), level.package)
    add(Name("概率最高", "highest chance"), front.best)
    for package in front.packages:
        if package != front.best and all(package != level.package for level in front.levels):
            add(Name("前沿", "on the frontier"), package)
    own = Name(
        f"{found.scenario.name.zh}本身：{number(found.own_cost)}亿元，{percent(found.own.value)}（{interval(found.own)}）",
        f"{found.scenario.name.en} itself: {number(found.own_cost)}亿元, {percent(found.own.value)} "
        f"({interval(found.own)})",
    )
    curse = Name(
        f"赢家诅咒：其余方案相对费用最低者的增益，从选择时到新成员平均变化 {-front.curse * 100:+.1f} 个百分点",
        f"Winner's curse: from the members they were chosen with to fresh ones, gains over the cheapest package change "
        f"by {-front.curse * 100:+.1f} points on average",
    )
    parts += ["", table, *(said(name, lang, "\n") for name in (own, curse))]
    parts += ["", *_doses(found, lang), "", _ranks(found, lang)]
    unsure = [row for row in front.ranking[:8] if row.overtaken >= FLIP]
    if unsure:
        keys = ", ".join(f"{row.key} ({percent(row.overtaken)})" for row in unsure)
        words = Name(
            f"单位费用不确定时名次会变：被后一位超过的概率 {keys}",
            f"Ranks flip when unit costs are uncertain; overtaken by the next with probability: {keys}",
        )
        parts.append(said(words, lang, "\n"))
    if front.idle:
        names = ", ".join(lever.key for lever in front.idle)
        words = Name(f"对该目标没有作用：{names}", f"No effect on this target: {names}")
        parts += ["", said(words, lang, "\n")]
    return page(*parts, "", said(trust_in(found).caution, lang, "\n"))


def sensitivity(found: "Sensitivity", lang: Lang = "both", most: int = 25) -> str:
    """Factors by weight, the strongest first."""
    morris = found.method == "morris"
    rows = Name("条轨道", "trajectories") if morris else Name("个基点", "base points")
    head = Name(
        f"{found.outcome}：{found.method}，{found.size} {rows.zh}，每{rows.zh[1:]} {found.members} 个自己的成员，共 "
        f"{found.cases} 个情形；均值 {number(found.mean)}，标准差 {number(found.sd)}",
        f"{found.outcome}: {found.method}, {found.size} {rows.en}, each with {found.members} members of its own, "
        f"{found.cases} cases in all; mean {number(found.mean)}, sd {number(found.sd)}",
    )
    scatter = Name("离散", "scatter")
    names = (
        (Name("μ*", "μ*"), Name("μ", "μ"), scatter)
        if morris
        else (Name("ST", "ST"), Name("S1", "S1"), Name("ST−S1", "ST−S1"))
    )
    table = grid(
        lang,
        ("left", Name("因素", "factor")),
        *(("right", Name(f"{name.zh}\n95% 区间", f"{name.en}\n95% interval")) for name in names),
        ("left", Name("等级", "grade")),
        keys=[effect.factor.key for effect in found.effects[:most]],
    )
    for effect in found.effects[:most]:
        table.add_row(
            "\n".join((effect.factor.key, *lines(effect.factor.name, lang))),
            ranged(effect.whole, number),
            ranged(effect.first, signed),
            ranged(effect.spread, number if morris else signed),
            said(GRADES[effect.factor.grade], lang, " / ") if effect.factor.grade else "",
        )
    rest = len(found.effects) - most
    more = [
        said(Name(f"另有 {rest} 个因素影响更小", f"{rest} more factors matter less"), lang, "\n")
    ]
    tail = more if rest > 0 else []
    parts = [
        each for effect in found.effects for each in (effect.whole, effect.first, effect.spread)
    ]
    if any(is_unbounded(each, end) for each in parts for end in (each.low, each.high)):
        note = Name(
            f"∞：超过估计值的 {UNBOUNDED:g} 倍，{rows.zh[1:]}太少，无法界定",
            f"∞: more than {UNBOUNDED:g} times the estimate; too few {rows.en} to bound it",
        )
        tail = [*tail, said(note, lang, "\n")]
    return page(said(head, lang, "\n"), "", table, *tail, *_failures(found.failed, lang))


def sweep(found: "Sweep", lang: Lang = "both") -> str:
    """One row a case: values, mean and range of the metric, chance of the target."""
    axes = [
        Name(*(f"{axis.factor.key}\n{unit}".rstrip() for unit in _beside(axis.factor.unit)))
        for axis in found.axes
    ]
    unit = _beside(found.unit)
    table = grid(
        lang,
        *(("right", name) for name in axes),
        (
            "right",
            Name(
                f"{found.metric}\n{unit.zh} 均值\n95% 区间", f"{found.metric}\n{unit.en} mean\n95%"
            ),
        ),
        ("right", Name("5–95%", "5–95%")),
        ("right", Name(f"P({found.aim.key})\n95%", f"P({found.aim.key})\n95%")),
    )
    for point in found.points:
        table.add_row(
            *(
                setting_text(axis.factor, value)
                for axis, value in zip(found.axes, point.values, strict=True)
            ),
            ranged(point.mean, number),
            f"{number(point.low)}–{number(point.high)}",
            f"{percent(point.chance.value)}\n{interval(point.chance)}",
        )
    return page(table, "", said(trust_in(found).caution, lang, "\n"))


def _beside(unit: str) -> Name:
    """A unit in a heading; nothing for pure numbers."""
    return Name(unit_suffix(unit, "zh").strip(), unit_suffix(unit, "en").strip())


def discovery(found: "Discovery", lang: Lang = "both") -> str:
    """The box: its conditions, and how it does on members that took no part in finding it."""
    verb = Name("未实现", "missed") if found.missed else Name("实现", "reached")
    head = Name(
        f"{found.aim.name.zh}（{found.aim.key}）：{found.members} 个成员中 {chance_text(found.hits)} {verb.zh}",
        f"{found.aim.name.en} ({found.aim.key}): {verb.en} by {chance_text(found.hits)} of {found.members} members",
    )
    if not found.conditions:
        none = Name("没有找到超出偶然的条件", "no condition beyond chance was found")
        return page(said(head, lang, "\n"), "", said(none, lang, "\n"))
    table = grid(
        lang,
        ("left", Name("条件", "condition")),
        ("right", Name("范围", "range")),
        ("right", Name("偶然的\n概率", "chance\nalone")),
        ("left", Name("种类", "kind")),
        keys=[condition.factor.key for condition in found.conditions],
    )
    for condition in found.conditions:
        p = "<0.001" if condition.p_value < 0.001 else f"{condition.p_value:.3f}"
        table.add_row(
            "\n".join((condition.factor.key, *lines(condition.factor.name, lang))),
            condition_text(condition, lang),
            p,
            condition.factor.kind,
        )
    box, tested = found.found, found.tested
    density, coverage, mass = map(chance_text, (tested.density, tested.coverage, tested.mass))
    halves = (
        Name(
            f"用于寻找的一半：盒内达成率 {percent(box.density)}，覆盖 {percent(box.coverage)}，"
            f"占成员 {percent(box.mass)}",
            f"half that found it: density {percent(box.density)}, coverage {percent(box.coverage)}, "
            f"mass {percent(box.mass)}",
        ),
        Name(
            f"用于检验的一半：盒内达成率 {density}，覆盖 {coverage}，占成员 {mass}",
            f"half that tests it: density {density}, coverage {coverage}, mass {mass}",
        ),
    )
    told = [said(half, lang, "\n") for half in halves]
    rest = [*_failures(found.failed, lang), "", said(trust_in(found).caution, lang, "\n")]
    return page(said(head, lang, "\n"), "", table, *told, *rest)


def across(found: "Across", lang: Lang = "both") -> str:
    """The scenario under each condition, then what cannot be asked."""
    head = Name(
        f"{found.scenario.name.zh}，{found.members} 个配对成员，{found.metric}（{unit_name(found.unit).zh}）",
        f"{found.scenario.name.en}, {found.members} paired members, {found.metric} ({unit_name(found.unit).en})",
    )
    table = grid(
        lang,
        ("left", Name("外部条件", "condition")),
        ("right", Name("中位数\n95% 区间", "median\n95% interval")),
        ("right", Name("5–95%", "5–95%")),
        ("right", Name("均值变化\n95% 区间", "mean change\n95% interval")),
        ("right", Name(f"P({found.aim.key})\n95%", f"P({found.aim.key})\n95%")),
        ("right", Name("概率变化\n百分点", "change of P\npoints")),
    )
    for place, row in enumerate(found.rows):
        table.add_row(
            said(row.name, lang, "\n"),
            ranged(row.median, number),
            f"{number(row.low)}–{number(row.high)}",
            ranged(row.change, signed) if place else "–",
            f"{percent(row.chance.value)}\n{interval(row.chance)}",
            ranged(row.chance_change, points) if place else "–",
        )
    return page(said(head, lang, "\n"), "", table, *_unavailable(found.unavailable, lang))


def robust(found: "Robust", lang: Lang = "both") -> str:
    """Packages by their largest regret, the split of the variance, and what cannot be asked."""
    head = Name(
        f"{len(found.futures)} 种前景（机制读法 × 外部条件）× {found.members} 个配对成员，{found.metric}；"
        "后悔值不计费用，费用另列",
        f"{len(found.futures)} futures (readings of mechanisms × conditions) × {found.members} paired members, "
        f"{found.metric}; regret does not count the money, which stands beside it",
    )
    table = grid(
        lang,
        ("left", Name("方案", "package")),
        ("right", Name("费用\n亿元", "cost\n亿元")),
        ("right", Name("最大\n后悔", "largest\nregret")),
        ("right", Name("平均\n后悔", "mean\nregret")),
        (
            "right",
            Name(
                f"P≥{percent(found.wished)}\n前景份额", f"futures with\nP≥{percent(found.wished)}"
            ),
        ),
        ("right", Name("P 最低\n95% 区间", "lowest P\n95% interval")),
    )
    for row in found.packages:
        table.add_row(
            said(row.name, lang, "\n"),
            number(row.cost),
            ranged(row.worst_regret, number),
            ranged(row.mean_regret, number),
            ranged(row.satisficing, percent),
            f"{percent(row.lowest.value)}\n{interval(row.lowest)}",
        )
    first = found.scenario.name
    parts_of = (found.structure, found.external, found.crossed, found.members_share)
    one, two, both, rest = map(chance_text, parts_of)
    split = Name(
        f"{first.zh}的方差：机制之争 {one}，外部条件 {two}，二者交互 {both}，成员（参数与运气）{rest}",
        f"Variance of {first.en}: contested mechanisms {one}, external conditions {two}, both together {both}, "
        f"members (assumptions, luck) {rest}",
    )
    flips = Name(
        f"在 {found.rank_changes} 种前景下最好的不是最稳健的方案；"
        f"换一批成员，首位不变的可能为 {percent(found.sure_of_first)}",
        f"In {found.rank_changes} futures another package than the most robust one is best; with other members the "
        f"first place stays in {percent(found.sure_of_first)} of draws",
    )
    parts = [said(name, lang, "\n") for name in (split, flips)]
    return page(said(head, lang, "\n"), "", table, *parts, *_unavailable(found.unavailable, lang))


def plain(found: object) -> Any:
    """A result as dictionaries, lists, numbers and texts; scenarios as their name, file and digest."""
    match found:
        case None | bool() | int() | str():
            return found
        case float() | np.floating():
            return float(found) if math.isfinite(found) else None
        case np.integer() | np.bool_():
            return found.item()
        case np.ndarray():
            return [plain(item) for item in found.tolist()]
        case Scenario():
            return {"stem": found.stem, "name": found.name._asdict(), "digest": found.digest()}
        case Library():
            return found.registry.digest
        case Mapping():
            return {str(key): plain(value) for key, value in found.items()}
        case tuple() if hasattr(found, "_asdict"):
            return {key: plain(value) for key, value in found._asdict().items()}
        case list() | tuple():
            return [plain(item) for item in found]
    if dataclasses.is_dataclass(found):
        rows = ((f.name, getattr(found, f.name)) for f in dataclasses.fields(found))
        return {name: plain(value) for name, value in rows if name not in UNTOLD}
    return str(found)


def signed(value: float) -> str:
    """A number with its sign."""
    return number(value, sign=True)


def ranged(found: "Estimate", text: Callable[[float], str]) -> str:
    """A number over its interval, as a cell shows it; one that is exact stands alone."""
    if found.low == found.high:
        return text(found.value)
    low, high = (end_text(found, end, text) for end in (found.low, found.high))
    return f"{text(found.value)}\n{low}…{high}"


def spanned(found: "Estimate", text: Callable[[float], str]) -> str:
    """A number and its interval in one line: `652 (630–671)`; one that is exact stands alone."""
    if found.low == found.high:
        return text(found.value)
    return f"{text(found.value)} ({text(found.low)}–{text(found.high)})"


def _doses(found: "Reach", lang: Lang) -> list[str]:
    """The doses of the best package and of every level's."""
    front = found.frontier
    named = [(Name("概率最高", "highest chance"), front.best)]
    named += [
        (Name(f"达到 {v.level:.0%}", f"for {v.level:.0%}"), v.package)
        for v in front.levels
        if v.package is not None
    ]
    rows = []
    for name, package in named:
        doses = [
            f"{lever.key} {lever.factor.text(dose, lang)}" for lever, dose in front.used(package)
        ]
        rows.append(f"{said(name, lang, ' / ')}: {', '.join(doses) or '–'}")
    return rows


def _ranks(found: "Reach", lang: Lang) -> Any:
    """Levers by what they add for the money, from everything at its upper bound."""
    table = grid(
        lang,
        ("left", Name("政策工具（其余均在上限）", "lever (all others at their bound)")),
        ("right", Name("增加百分点\n95% 区间", "adds points\n95% interval")),
        ("right", Name("费用\n亿元", "cost\n亿元")),
        ("right", Name("被超过\n的概率", "overtaken\nby next")),
        keys=[row.key for row in found.frontier.ranking[:8]],
    )
    for row in found.frontier.ranking[:8]:
        gain = ranged(row.gain, points)
        table.add_row(row.key, gain, number(row.cost), percent(row.overtaken))
    return table


def _failures(failed: int, lang: Lang) -> list[str]:
    if not failed:
        return []
    words = Name(
        f"{failed} 个成员或情形有失败，已从各情形中一并剔除",
        f"{failed} members or cases had failures and were left out everywhere",
    )
    return [said(words, lang, "\n")]


def _unavailable(rows: Any, lang: Lang) -> list[str]:
    head = Name(
        "模型不能回答的（缺少方程，不作假）：", "Not available (no equation, nothing is faked):"
    )
    return [
        "",
        said(head, lang, "\n"),
        *(f"  {said(row.name, lang, ' / ')}: {said(row.needs, lang, ' / ')}" for row in rows),
    ]


def value_story(found: "ValueStory", lang: Lang = "both", most: int = 20) -> str:
    """A number, the levers and assumptions behind it with their places, sources and grades."""
    observable = found.observable
    unit = Name(unit_suffix(observable.unit, "zh"), unit_suffix(observable.unit, "en"))
    mean, median = (spanned(each, number) for each in (found.mean, found.median))
    head = Name(
        f"{found.metric}：{observable.name.zh}，均值 {mean}{unit.zh}，中位数 {median}，"
        f"5–95% {number(found.low)}–{number(found.high)}；{found.members} 个成员；口径：{observable.perimeter.zh}；"
        f"方程 {', '.join(found.equations)}",
        f"{found.metric}: {observable.name.en}, mean {mean}{unit.en}, median {median}, "
        f"5–95% {number(found.low)}–{number(found.high)}; {found.members} members; perimeter: "
        f"{observable.perimeter.en}; equations {', '.join(found.equations)}",
    )
    if found.median_with_zones is not None:
        whole = number(found.median_with_zones)
        head = Name(
            f"{head.zh}；连同其中功能区的中位数为 {whole}{unit.zh}",
            f"{head.en}; with its functional zones the median is {whole}{unit.en}",
        )
    levers = grid(
        lang,
        ("left", Name("政策工具", "lever")),
        ("left", Name("力度，设于", "dose, set at")),
        ("left", Name("渠道", "channels")),
        ("right", Name("费用\n亿元", "cost\n亿元")),
        ("left", Name("等级", "grade")),
        keys=[line.lever.key for line in found.levers],
    )
    for line in found.levers[:most]:
        levers.add_row(
            line.lever.key,
            f"{line.dose}\n{line.place}",
            channels_text(line.channels, lang),
            number(line.cost),
            said(GRADES[line.grade], lang, " / "),
        )
    assumptions = grid(
        lang,
        ("left", Name("假设", "assumption")),
        ("left", Name("取值，设于；来源", "value, set at; sources")),
        ("right", Name("秩相关\n95% 区间", "rank\ncorrelation\n95% interval")),
        ("left", Name("等级", "grade")),
        keys=[line.parameter.name for line in found.parameters[:most]],
    )
    for row in found.parameters[:most]:
        assumptions.add_row(
            f"{row.parameter.name} ({mechanism_text(row.parameter.mechanism, lang)})",
            f"{row.value}\n{row.place}\n{', '.join(row.parameter.sources)}",
            _association(row.association),
            said(GRADES[row.parameter.grade], lang, " / "),
        )
    none = said(Name("没有政策工具进入这些方程", "no lever in force enters these equations"), lang)
    return page(
        said(head, lang, "\n"),
        "",
        levers if found.levers else none,
        "",
        assumptions,
        said(UNRELATED, lang, "\n"),
    )


def parameter_story(found: "ParameterStory", lang: Lang = "both") -> str:
    """One assumption, the levers that act through it, the series that go with it."""
    parameter = found.parameter
    meaning = Name(parameter.meaning.zh, parameter.meaning.en)
    head = [
        f"{parameter.name}: {said(meaning, lang, ' / ')}",
        f"{found.value}; {found.place}; {mechanism_text(parameter.mechanism, lang)}; "
        f"{said(GRADES[parameter.grade], lang, ' / ')}; {', '.join(parameter.sources)}",
        said(Name(f"{found.members} 个成员", f"{found.members} members"), lang, " / "),
    ]
    if found.levers:
        keys = ", ".join(lever.key for lever in found.levers)
        head.append(
            said(
                Name(f"经它起作用的政策工具：{keys}", f"levers that act through it: {keys}"),
                lang,
                "\n",
            )
        )
    table = grid(
        lang,
        ("left", Name("序列", "series")),
        ("right", Name("秩相关\n95% 区间", "rank correlation\n95% interval")),
        keys=[row.metric for row in found.moved],
    )
    for row in found.moved:
        table.add_row(
            "\n".join((row.metric, *lines(row.name, lang))), _association(row.association)
        )
    return page(*head, "", table, said(UNRELATED, lang, "\n"))


def _association(found: "Estimate") -> str:
    doubt = "" if found.low > 0.0 or found.high < 0.0 else "? "
    return doubt + ranged(found, lambda value: f"{value:+.2f}".replace("-", "−"))


def firm_story(found: "FirmStory", lang: Lang = "both") -> str:
    """The life of a firm in sentences, the same firm without levers, and where they part."""
    name = said(found.name, lang, " / ")
    parts: list[Any] = []
    for life, title in (
        (found.life, found.life.scenario.name),
        (found.without, Name("没有任何政策工具", "without any lever")),
    ):
        parts.append(f"{name} ({found.firm}), {said(title, lang, ' / ')}:")
        if not life.moments:
            parts.append("  " + said(Name("从未出现", "never appears"), lang, " / "))
        parts += [
            f"  {moment.quarter}  {said(moment.text, lang, ' / ')}" for moment in life.moments
        ]
        parts.append("")
    if found.divergence is None:
        parts.append(
            said(
                Name("两种情形完全相同", "the two lives are the same to the last digit"), lang, "\n"
            )
        )
    else:
        head = Name("首次分歧", "First divergence")
        text = said(found.divergence.text, lang, " / ")
        parts.append(f"{said(head, lang, ' / ')}: {found.divergence.quarter}  {text}")
    return page(*parts)


def change_note(found: "ChangeNote", before: str, after: str, lang: Lang = "both") -> str:
    """Values, money and years that differ, and what two runs expect of it."""
    if not found.values and not found.expected:
        return said(Name("取值相同", "the same values"), lang, " / ")
    rows = [f"--- {before}", f"+++ {after}"]
    for item in found.values:
        name = said(item.name, lang, " / ")
        rows.append(f"{item.path}  ({name})" if name else item.path)
        rows += [f"  - {item.before or '–'}", f"  + {item.after or '–'}"]
    if found.money:
        head = Name(
            f"资金：预算 {number(found.budget_before)} → {number(found.budget_after)}亿元（全期）",
            f"Money: budget {number(found.budget_before)} → {number(found.budget_after)}亿元 over the period",
        )
        rows += ["", said(head, lang, " / ")]
        for money in found.money:
            years = ", ".join(f"{year} {number(gap, sign=True)}" for year, gap in money.by_year)
            gap = number(money.after - money.before, sign=True)
            rows.append(f"  {money.key}  {gap}亿元  ({years})")
    if found.shifts:
        rows += ["", said(Name("年份变动", "Years shifted"), lang, " / ")]
        rows += [f"  {shift.key}  {shift.before} → {shift.after}" for shift in found.shifts]
    if found.expected is not None:
        expected = found.expected
        head = Name(
            f"预期变化：{expected.n} 个配对成员，95% 区间",
            f"Expected change: {expected.n} paired members, 95% intervals",
        )
        rows += ["", said(head, lang, " / ")]
        for row in expected.differences:
            low, high = number(row.low, sign=True), number(row.high, sign=True)
            rows.append(
                f"  {row.series}@{row.year}  {number(row.mean, sign=True)} ({low} … {high})"
                f"{unit_suffix(row.unit, lang)}"
            )
        for goal in expected.targets:
            if not goal.published:
                chance = f"{percent(goal.probability_first)} → {percent(goal.probability_this)}"
                gap = f"{points(goal.difference)} ({points(goal.low)} … {points(goal.high)})"
                rows.append(
                    f"  P({goal.key})  {chance}, {gap} {said(Name('百分点', 'points'), lang, '/')}"
                )
    return "\n".join(rows)


def change_note_json(found: "ChangeNote") -> dict[str, Any]:
    """The note as plain data, beside the differing values."""
    expected = found.expected
    return {
        "money": plain(found.money),
        "budget": {"before": found.budget_before, "after": found.budget_after, "unit": "亿元"},
        "shifts": plain(found.shifts),
        "expected": None
        if expected is None
        else {
            "members": expected.n,
            "differences": plain(expected.differences),
            "targets": plain(expected.targets),
        },
    }
