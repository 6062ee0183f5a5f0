"""Figures of what it would take: attribution, frontier, sensitivity, sweeps, conditions, robustness.

Drawn on the same page as the other figures, with the finding in the title. A point is what was run, a line joins
points only where they are one family, and every interval is Monte Carlo error of paired members.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.observables import observable_of
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.figures.page import (
    BASELINE,
    COLOURS,
    INK,
    MARGIN,
    MUTED,
    RULE,
    TARGET,
    TRACK,
    Page,
    round_ticks,
    shorten,
    wrap,
)
from simulator.reporting.terminal.decisions import (
    chance_text,
    condition_text,
    cost_text,
    points,
    unit_suffix,
)
from simulator.reporting.wording import lines, number, percent, said, unit_text
from simulator.targets import Floats, bar_on, trust_of

if TYPE_CHECKING:
    from simulator.experiments.attribution import Attributed, Attribution
    from simulator.experiments.discovery import Condition, Discovery
    from simulator.experiments.intervals import Estimate
    from simulator.experiments.reach import Lever, Reach
    from simulator.experiments.robustness import Across, Robust
    from simulator.experiments.sensitivity import Sensitivity
    from simulator.experiments.sweeps import Sweep
    from simulator.scenario import Scenario

NOTHING = Name("", "")
LEFT = 3.75
RIGHT = 8.35
_BUDGET = Name("预算（亿元，全期合计）", "budget over the period (10亿元 = 1 billion CNY)")


class Bar(NamedTuple):
    """A row of a bar chart: its name, value, interval, and the texts at its end."""

    name: Name
    value: float
    low: float
    high: float
    text: str
    colour: str = COLOURS[0]
    ends: str = ""


def attribution(found: "Attribution", *, lang: Lang = "both") -> Figure:
    """Shapley shares of each group in the metric and in the probability, with intervals and the total."""
    metric, chance = found.outcomes
    one, two = found.scenario.name, found.against.name
    parts = (
        _moved(metric, number(metric.total.value, sign=True) + metric.unit),
        _moved(chance, points(chance.total.value), Name(" 个百分点", " points")),
    )
    title = Name(
        f"{one.zh}相对{two.zh}：" + "；".join(part.zh for part in parts),
        f"{one.en} against {two.en}: " + "; ".join(part.en for part in parts),
    )
    how = Name(
        "精确" if found.exact else f"{found.orders} 种顺序",
        "exact" if found.exact else f"{found.orders} orders",
    )
    subtitle = Name(
        f"Shapley 份额（{how.zh}），{found.members} 个配对成员，细线为 95% 区间；"
        f"全期预算 {number(found.extra_cost, sign=True)}亿元",
        f"Shapley shares ({how.en}), {found.members} paired members, thin lines: 95% intervals; "
        f"budget {number(found.extra_cost, sign=True)}亿元 over the period",
    )
    step = 0.5 if lang == "both" else 0.4
    head = 0.58 if lang == "both" else 0.4
    block = head + 0.28 + (len(metric.shares) + 1) * step
    page = Page(
        lang, title, subtitle, body=2 * block + 0.1, **_source(found.scenario, found.members)
    )
    _shares(page, metric, 0.1, head, step, hundredths=False)
    _shares(page, chance, 0.1 + block, head, step, hundredths=True)
    page.finish()
    return page.figure


def frontier(found: "Reach", *, lang: Lang = "both") -> Figure:
    """Cost against probability: packages as chosen and on fresh members, the levels asked for, the scenario itself."""
    front = found.frontier
    best = front.best
    half = (best.fresh.high - best.fresh.low) / 2
    reached = [level for level in front.levels if level.status in ("reached", "within_error")]
    if reached:
        top = reached[-1]
        assert top.cost is not None
        cost = cost_text(top.cost)
        title = Name(
            f"{found.aim.name.zh}：概率达到 {top.level:.0%} 约需 {cost.zh}；上下限内最高 {percent(best.fresh.value)}",
            f"{found.aim.name.en}: {top.level:.0%} takes {cost.en}; "
            f"the most within the bounds is {percent(best.fresh.value)}",
        )
    else:
        lowest = min((level.level for level in front.levels), default=0.5)
        within = Name("上下限内", "within the bounds")
        if any(level.status == "over_budget" for level in front.levels):
            within = Name("预算内", "within the budget")
        title = Name(
            f"{found.aim.name.zh}：{within.zh}达不到 {lowest:.0%}，最高 {percent(best.fresh.value)}"
            f"（±{half * 100:.0f} 个百分点）",
            f"{found.aim.name.en}: {lowest:.0%} is not reachable {within.en}; "
            f"the best is {percent(best.fresh.value)} ± {half * 100:.0f} points",
        )
    subtitle = Name(
        f"实心点：{found.fresh_members} 个未参与选择的成员，竖线为 95% 区间；空心点：选择时的 {found.members} 个成员；"
        f"灰色菱形：{found.scenario.name.zh}本身；横线：所求概率费用的 95% 区间。费用为全期财政预算，多为假定",
        f"Solid: {found.fresh_members} fresh members, uprights 95% intervals; hollow: the {found.members} members "
        f"chosen with; grey diamond: {found.scenario.name.en} itself; level lines: 95% interval of what a wished "
        "probability costs. Cost is budget over the period, mostly assumed",
    )
    doses = _package_rows(found, lang)
    page = Page(
        lang,
        title,
        subtitle,
        body=4.3 + 0.3 + 0.24 * len(doses),
        **_source(found.scenario, found.fresh_members),
    )
    axes = page.axes(0.78, 0.32, 8.6, 3.4)
    _scale(axes, max(package.cost for package in (*front.packages, best)) * 1.06 + 1e-9, "x")
    highest = max(p.high for p in [found.own, *(package.fresh for package in front.packages)])
    _scale(
        axes,
        min(1.0, max(highest * 1.15, min((v.level for v in front.levels), default=0.0) * 1.1)),
        "y",
    )
    right = axes.get_xlim()[1]
    for level in front.levels:
        if level.level <= axes.get_ylim()[1]:
            axes.axhline(level.level, color=TARGET, linewidth=1.2, dashes=(5, 3), zorder=1)
        if level.cost is not None and level.cost.low < right:
            ends = [level.cost.low, min(level.cost.high, right)]
            axes.plot(ends, [level.level] * 2, color=TARGET, linewidth=3.0, solid_capstyle="butt")
    costs = [package.cost for package in front.packages]
    axes.plot(costs, [p.chosen.value for p in front.packages], "o", markerfacecolor="white",
              markeredgecolor=COLOURS[0], markersize=6, zorder=3)  # fmt: skip
    fresh = [package.fresh for package in front.packages]
    axes.vlines(
        costs, [p.low for p in fresh], [p.high for p in fresh], color=COLOURS[0], linewidth=1.4
    )
    axes.plot(
        costs,
        [p.value for p in fresh],
        "-o",
        color=COLOURS[0],
        markersize=7,
        linewidth=1.6,
        zorder=4,
    )
    axes.vlines([found.own_cost], found.own.low, found.own.high, color=BASELINE, linewidth=1.4)
    axes.plot([found.own_cost], [found.own.value], "D", color=BASELINE, markersize=8, zorder=5)
    _axis_words(page, axes, 3.4 + 0.32, _BUDGET,
                Name("实现概率", "probability"))  # fmt: skip
    y = 4.45
    for text, colour in doses:
        page.write(0.78, y, text, 9.0, colour)
        y += 0.24
    page.finish()
    return page.figure


def ranking(found: "Sensitivity", *, lang: Lang = "both", most: int = 16) -> Figure:
    """Factors by their weight in an outcome, levers and assumptions in two colours, with intervals."""
    rows = [effect for effect in found.effects if effect.whole.value > 0.0][:most]
    levers = [
        place for place, effect in enumerate(found.effects, 1) if effect.factor.kind == "lever"
    ]
    first = rows[0].factor if rows else found.effects[0].factor
    metric, unit = _metric_name(found.outcome), unit_suffix(found.unit)
    measure = Name(f"平均影响幅度 μ*{unit}", f"mean size of the effect μ*{unit}")
    design = Name("条轨道", "trajectories")
    if found.method == "sobol":
        measure = Name("总效应占方差比重 ST", "share of variance, total effect ST")
        design = Name("个基点", "base points")
    zh, en = f"影响最大的是“{first.name.zh}”", f"What matters most: {first.name.en}"
    if levers:
        lever = found.effects[levers[0] - 1].factor.name
        zh += f"；首个政策工具（{lever.zh}）排第 {levers[0]}"
        en += f"; the first lever ({lever.en}) ranks {levers[0]}"
    subtitle = Name(
        f"{metric.zh}，{measure.zh}，细线为 95% 区间；{found.size} {design.zh}，{found.cases} 个情形；"
        "蓝色为政策工具，在其上下限之间；橙色为假设，在其先验之内",
        f"{metric.en}, {measure.en}, thin lines: 95% intervals; {found.size} {design.en}, {found.cases} cases; "
        "blue: levers over their bounds, orange: assumptions over their priors",
    )
    text = number if found.method == "morris" else percent
    bars = [
        Bar(
            effect.factor.name,
            *effect.whole._replace(low=max(effect.whole.low, 0.0)),
            text(effect.whole.value),
            COLOURS[0] if effect.factor.kind == "lever" else COLOURS[1],
            _ends(effect.whole, text),
        )
        for effect in rows
    ]
    step = 0.5 if lang == "both" else 0.4
    page = Page(
        lang,
        Name(zh, en),
        subtitle,
        body=len(bars) * step + 0.3,
        **_source(found.scenario, found.size * found.members),
    )
    _bars(page, bars, 0.1, step)
    page.finish()
    return page.figure


def response(found: "Sweep", *, lang: Lang = "both") -> Figure:
    """A sweep: a response curve for one axis, a heat map for a grid of two, points for each axis otherwise."""
    if found.design == "grid" and len(found.axes) == 2:
        return _heat(found, lang)
    panels = found.axes
    values = [point.mean.value for point in found.points]
    chances = [point.chance.value for point in found.points]
    metric = _metric_name(found.metric)
    zh = f"{metric.zh}均值在 {number(min(values))} 至 {number(max(values))}{found.unit}之间，"
    en = f"{metric.en}: mean from {number(min(values))} to {number(max(values))} {found.unit}, "
    title = Name(
        zh + f"目标概率 {percent(min(chances))} 至 {percent(max(chances))}",
        en + f"chance of the target from {percent(min(chances))} to {percent(max(chances))}",
    )
    subtitle = Name(
        f"{found.scenario.name.zh}；{len(found.points)} 个情形 × {found.members} 个配对成员；"
        f"左：均值（粗线为 95% 区间）与 5–95% 范围；右：{found.aim.name.zh}的概率与 95% 区间",
        f"{found.scenario.name.en}; {len(found.points)} cases × {found.members} paired members; "
        "left: mean (thick: 95% interval) and 5–95% range, right: chance of "
        f"{found.aim.name.en} with its 95% interval",
    )
    height = 2.35
    page = Page(
        lang,
        title,
        subtitle,
        body=(height + 0.95) * len(panels),
        **_source(found.scenario, found.members),
    )
    for row, axis in enumerate(panels):
        top = 0.35 + row * (height + 0.95)
        order = np.argsort([point.values[row] for point in found.points])
        shown = [found.points[i] for i in order]
        x = [point.values[row] for point in shown]
        joined = len(panels) == 1
        left, right = page.axes(0.78, top, 3.9, height), page.axes(5.5, top, 3.9, height)
        left.vlines(
            x,
            [p.low for p in shown],
            [p.high for p in shown],
            color=COLOURS[0],
            alpha=0.35,
            linewidth=2,
        )
        means = [p.mean for p in shown]
        left.vlines(
            x, [m.low for m in means], [m.high for m in means], color=COLOURS[0], linewidth=4.5
        )
        left.plot(
            x,
            [p.mean.value for p in shown],
            "-o" if joined else "o",
            color=COLOURS[0],
            markersize=5,
        )
        right.vlines(x, [p.chance.low for p in shown], [p.chance.high for p in shown], color=COLOURS[0],
                     alpha=0.35, linewidth=2)  # fmt: skip
        right.plot(
            x,
            [p.chance.value for p in shown],
            "-o" if joined else "o",
            color=COLOURS[0],
            markersize=5,
            clip_on=False,
        )
        _scale(left, max(point.high for point in shown) * 1.05, "y")
        _scale(right, min(1.0, max(p.chance.high for p in shown) * 1.1 + 0.01), "y")
        for axes, word in (
            (left, Name(found.unit, found.unit)),
            (right, Name("实现概率", "probability")),
        ):
            span = max(x) - min(x) or 1.0
            axes.set_xlim(min(x) - 0.04 * span, max(x) + 0.04 * span)
            ticks = _ticks_between(min(x), max(x))
            name, unit = axis.factor.name, axis.factor.unit
            axes.set_xticks(ticks, [_tick_text(tick, unit) for tick in ticks])
            beside = _unit_beside(unit)
            words = Name(f"{name.zh}{beside}", f"{axis.factor.key}{beside}")
            _axis_words(page, axes, top + height, words, word)
    page.finish()
    return page.figure


def box(found: "Discovery", *, lang: Lang = "both") -> Figure:
    """The members on the two strongest conditions of a box, and every condition as a range of its factor."""
    verb = Name("未实现", "is missed") if found.missed else Name("实现", "is reached")
    if found.conditions:
        title = Name(
            f"{found.aim.name.zh}：{percent(found.hits.value)} 的成员{verb.zh}；"
            f"满足 {len(found.conditions)} 个条件时为 {percent(found.tested.density.value)}",
            f"{found.aim.name.en} {verb.en} in {percent(found.hits.value)} of members, "
            f"under {_counted(len(found.conditions))} in {percent(found.tested.density.value)}",
        )
    else:
        title = Name(
            f"{found.aim.name.zh}：没有找到能区分是否{verb.zh}的条件",
            f"No condition tells whether {found.aim.name.en} {verb.en}",
        )
    density, coverage, mass = map(
        chance_text, (found.tested.density, found.tested.coverage, found.tested.mass)
    )
    subtitle = Name(
        f"PRIM，一半成员寻找，另一半检验，括号内为 95% 区间：盒内达成率 {density}，含全部{verb.zh}者的 {coverage}，"
        f"占成员 {mass}；寻找时达成率 {percent(found.found.density)}；共 {found.members} 个成员",
        f"PRIM, half of the members find, the other half test, 95% intervals: share of hits inside {density}, "
        f"it holds {coverage} of all hits and {mass} of members; when found {percent(found.found.density)}; "
        f"{found.members} members",
    )
    if not found.conditions:
        subtitle = Name(f"PRIM；共 {found.members} 个成员", f"PRIM; {found.members} members")
    shown = found.conditions
    step = 0.52 if lang == "both" else 0.42
    plot = 3.3 if shown else 0.0
    page = Page(
        lang,
        title,
        subtitle,
        body=plot + 0.85 + step * max(len(shown), 1),
        **_source(found.scenario, found.members),
    )
    if shown:
        _members_plot(page, found, plot - 0.25)
    y = plot + 0.75
    for condition in shown:
        j = found.factors.index(condition.factor)
        _condition_row(page, found.table[:, j], condition, y)
        y += step
    page.finish()
    return page.figure


def across(found: "Across", *, lang: Lang = "both") -> Figure:
    """One scenario under each external condition: the metric's spread and the chance of the target."""
    rows = found.rows
    base, metric = rows[0], _metric_name(found.metric)
    worst, best = (pick(rows[1:], key=lambda row: row.chance.value) for pick in (min, max))
    title = Name(
        f"目标概率 {percent(base.chance.value)}：{worst.name.zh}下为 {percent(worst.chance.value)}，"
        f"{best.name.zh}下为 {percent(best.chance.value)}",
        f"Chance of the target {percent(base.chance.value)}: {percent(worst.chance.value)} under "
        f"{worst.name.en}, {percent(best.chance.value)} under {best.name.en}",
    )
    subtitle = Name(
        f"{found.scenario.name.zh}，{metric.zh}：中位数、50% 与 90% 范围；右：{found.aim.name.zh}的概率及 95% 区间；"
        f"{found.members} 个配对成员",
        f"{found.scenario.name.en}, {metric.en}: median, 50 and 90% ranges; right: chance of {found.aim.name.en} "
        f"with its 95% interval; {found.members} paired members",
    )
    step = 0.56 if lang == "both" else 0.44
    page = Page(
        lang,
        title,
        subtitle,
        body=0.75 + step * len(rows),
        **_source(found.scenario, found.members),
    )
    top = max(row.high for row in rows)
    series = found.metric.partition("@")[0]
    bars = (bar_on(goal, series) for goal in found.aim.goals)
    goal = next((bar for bar in bars if bar is not None), None)
    left, right = LEFT, 6.6
    most = max(top, goal or 0.0) * 1.02

    def x(value: float) -> float:
        return left + (right - left) * value / most

    def share(value: float) -> float:
        return 7.15 + 1.5 * value

    for tick in round_ticks(most):
        page.upright(x(tick), 0.3, 0.4 + step * len(rows), RULE)
        page.write(x(tick), 0.52 + step * len(rows), number(tick), 9.0, MUTED, ha="center")
    page.write(left, 0.12, unit_text(found.unit, lang), 9.0, MUTED)
    if goal is not None and goal <= most:
        page.upright(x(goal), 0.3, 0.4 + step * len(rows), TARGET, 1.3)
    for place, row in enumerate(rows):
        y = 0.38 + step * (place + 0.5)
        colour = BASELINE if place == 0 else COLOURS[0]
        _named_row(page, row.name, y, LEFT - 0.6)
        page.rule(x(row.low), x(row.high), y, colour, 1.3)
        page.rule(x(row.lower), x(row.upper), y, colour, 5.0)
        page.dot(x(row.median.value), y, colour, 7.5)
        page.rule(share(row.chance.low), share(row.chance.high), y, colour, 1.3)
        page.dot(share(row.chance.value), y, colour, 7.0)
        page.write(9.55, y, percent(row.chance.value), 10.0, INK, ha="right")
    for tick in (0.0, 0.5, 1.0):
        page.upright(share(tick), 0.3, 0.4 + step * len(rows), RULE)
        page.write(share(tick), 0.52 + step * len(rows), percent(tick), 9.0, MUTED, ha="center")
    page.write(share(0.0), 0.12, said(Name("实现概率", "probability"), lang), 9.0, MUTED)
    page.finish()
    return page.figure


def robust(found: "Robust", *, lang: Lang = "both") -> Figure:
    """Packages over all futures: the regret of each, and how often it satisfices."""
    rows = found.packages
    best, metric = rows[0], _metric_name(found.metric)
    title = Name(
        f"最稳健的是{best.name.zh}：最大后悔值 {number(best.worst_regret.value)}亿元；"
        f"结果方差中 {percent(found.structure.value)} 来自机制之争，{percent(found.external.value)} 来自外部条件",
        f"Most robust: {best.name.en}, largest regret {number(best.worst_regret.value)}亿元; contested mechanisms make "
        f"{percent(found.structure.value)} of the variance, external conditions {percent(found.external.value)}",
    )
    subtitle = Name(
        f"{metric.zh}；{len(found.futures)} 种前景 × {found.members} 个配对成员；每点为一种前景下的后悔值，即与该前景下"
        f"最好方案之差，橙色为最大值及其 95% 区间；右：目标概率不低于 {percent(found.wished)} 的前景份额，"
        "及不计入后悔值的费用",
        f"{metric.en}; {len(found.futures)} futures × {found.members} paired members; a dot is the regret in one "
        "future, the distance to the best package there, orange the largest with its 95% interval; right: share of "
        f"futures with a chance of at least {percent(found.wished)}, and the cost, which regret does not count",
    )
    step = 0.56 if lang == "both" else 0.44
    page = Page(
        lang,
        title,
        subtitle,
        body=0.75 + step * len(rows),
        **_source(found.scenario, found.members),
    )
    ends = [float(row.regrets.max()) for row in rows] + [row.worst_regret.high for row in rows]
    most = 1.05 * max(*ends, 1e-9)
    left, right = LEFT, 7.5

    def x(value: float) -> float:
        return left + (right - left) * value / most

    for tick in round_ticks(most):
        page.upright(x(tick), 0.3, 0.4 + step * len(rows), RULE)
        page.write(x(tick), 0.52 + step * len(rows), number(tick), 9.0, MUTED, ha="center")
    page.write(left, 0.12, unit_text("亿元", lang), 9.0, MUTED)
    for place, row in enumerate(rows):
        y = 0.38 + step * (place + 0.5)
        _named_row(page, row.name, y, LEFT - 0.6)
        for regret in row.regrets:
            page.dot(x(float(regret)), y, COLOURS[0], 4.5, hollow=True)
        page.upright(x(row.worst_regret.value), y - 0.13, y + 0.13, COLOURS[1], 2.2)
        page.rule(x(row.worst_regret.low), x(row.worst_regret.high), y, COLOURS[1], 1.4)
        page.write(8.45, y, percent(row.satisficing.value), 10.0, INK, ha="right")
        page.write(9.55, y, f"{number(row.cost)}亿元", 10.0, MUTED, ha="right")
    heads = (
        (8.45, Name(f"P ≥ {percent(found.wished)}", f"P ≥ {percent(found.wished)}")),
        (9.55, Name("费用", "cost")),
    )
    for edge, head in heads:
        page.write(edge, 0.12, said(head, lang), 9.0, MUTED, ha="right")
    page.finish()
    return page.figure


def _moved(found: "Attributed", total: str, unit: Name = NOTHING) -> Name:
    """What one outcome changed by, and the group with most of it, as far as members tell it from nothing."""
    name = Name(found.name.zh.partition("：")[0], found.name.en.partition(" of: ")[0])
    if found.total.low <= 0.0 <= found.total.high:
        return Name(f"{name.zh}无可分辨的变化", f"{name.en} shows no distinguishable change")
    top = max(found.shares, key=lambda share: share.share.value / found.total.value)
    most = points(top.share.value) if unit.en else number(top.share.value, sign=True)
    return Name(
        f"{name.zh} {total}{unit.zh}，其中{top.group.name.zh} {most}",
        f"{name.en} {total}{unit.en}, {top.group.name.en} {most}",
    )


def _shares(
    page: Page, found: "Attributed", top: float, head: float, step: float, *, hundredths: bool
) -> None:
    """One outcome's block: a heading, a bar for each group, the total."""

    def text(value: float) -> str:
        return points(value) if hundredths else number(value, sign=True)

    before, after = (percent(v) if hundredths else number(v) for v in (found.before, found.after))
    unit = Name("百分点", "points") if hundredths else Name(found.unit, found.unit)
    words = Name(
        f"{found.name.zh}：{before} → {after}，各组份额（{unit.zh}）",
        f"{found.name.en}: {before} → {after}; shares in {unit.en}",
    )
    for place, line in enumerate(lines(words, page.lang)):
        size = 10.5 if place == 0 else 9.0
        colour = INK if place == 0 else MUTED
        page.write(MARGIN, top + 0.12 + 0.19 * place, shorten(line, 9.1, size), size, colour)

    def bar(name: Name, share: "Estimate", colour: str = COLOURS[0]) -> Bar:
        ends = _ends(share, text) if share.low < share.high else ""
        return Bar(name, *share, text(share.value), colour, ends)

    shares = sorted(found.shares, key=lambda s: -abs(s.share.value))
    bars = [bar(s.group.name, s.share) for s in shares]
    bars.append(bar(Name("合计", "total"), found.total, BASELINE))
    _bars(page, bars, top + head, step)


def _ends(found: "Estimate", text: Callable[[float], str]) -> str:
    """An interval in brackets; some of its ends are negative, so that no dash stands between them."""
    return f"({text(found.low)}, {text(found.high)})"


def _bars(page: Page, bars: Sequence[Bar], top: float, step: float) -> None:
    """Horizontal bars from a common zero, with intervals and the value at the right edge."""
    low = min([0.0, *(bar.low for bar in bars), *(bar.value for bar in bars)])
    high = max([1e-12, *(bar.high for bar in bars), *(bar.value for bar in bars)])

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

    page.upright(x(0.0), top, top + step * len(bars), MUTED, 0.8)
    for place, bar in enumerate(bars):
        y = top + step * (place + 0.5)
        _named_row(page, bar.name, y, LEFT - 0.6)
        left, right = sorted((x(0.0), x(bar.value)))
        if bar.value != 0.0:
            page.bar(left, y - 0.1, right - left, 0.2, bar.colour)
        if bar.high > bar.low:
            page.rule(x(bar.low), x(bar.high), y, INK, 1.1)
        page.write(9.55, y - (0.07 if bar.ends else 0.0), bar.text, 10.0, INK, ha="right")
        if bar.ends:
            page.write(9.55, y + 0.1, bar.ends, 8.0, MUTED, ha="right")


def _named_row(page: Page, name: Name, y: float, width: float) -> None:
    """A name left of its row, cut to one line a language."""
    words = lines(name, page.lang)
    for place, word in enumerate(words):
        size = 10.0 if place == 0 else 8.5
        offset = 0.0 if len(words) == 1 else (-0.09 if place == 0 else 0.1)
        colour = INK if place == 0 else MUTED
        page.write(MARGIN, y + offset, shorten(word, width + 0.05, size), size, colour)


def _heat(found: "Sweep", lang: Lang) -> Figure:
    """Two axes: one square a case, coloured by the chance of the target, the mean of the metric written in it."""
    first, second = found.axes
    metric = _metric_name(found.metric)
    chances = np.array([point.chance.value for point in found.points])
    shape = (len(first.values), len(second.values))
    table = chances.reshape(shape)
    means = np.array([point.mean.value for point in found.points]).reshape(shape)
    # Where no cell differs in its chance, the colours show the mean instead.
    coloured = table if table.min() < table.max() else means
    best = np.unravel_index(int(coloured.argmax()), shape)
    one, two = number(first.values[best[0]]), number(second.values[best[1]])
    where = Name(
        f"最高处{first.factor.name.zh} {one}、{second.factor.name.zh} {two}",
        f"highest at {first.factor.key} {one}, {second.factor.key} {two}",
    )
    low, high = percent(float(chances.min())), percent(float(chances.max()))
    bottom, top = number(float(means.min())), number(float(means.max()))
    if low == high:
        title = Name(
            f"{found.aim.name.zh}的概率各处均为 {low}；{metric.zh}均值 {bottom} 至 {top}，{where.zh}",
            f"Chance of {found.aim.name.en}: {low} everywhere; mean of {metric.en} from {bottom} to {top}, "
            f"{where.en}",
        )
    else:
        title = Name(
            f"{found.aim.name.zh}的概率在 {low} 至 {high} 之间，{where.zh}",
            f"Chance of {found.aim.name.en}: from {low} to {high}, {where.en}",
        )
    size = f"{len(found.points)} × {found.members}"
    wide = f"{max((p.chance.high - p.chance.low) / 2 for p in found.points) * 100:.0f}%"
    subtitle = Name(
        f"格内上行为概率，95% 区间至多 ±{wide}；下行为{metric.zh}均值（{found.unit}）；情形 × 配对成员：{size}",
        f"In each cell the chance, with 95% intervals of at most ±{wide}; below it the mean of {metric.en} "
        f"({found.unit}); cases × paired members: {size}",
    )
    cell = 0.62
    page = Page(
        lang,
        title,
        subtitle,
        body=cell * shape[1] + 0.95,
        **_source(found.scenario, found.members),
    )
    left, width = 1.6, min(1.25, 7.9 / shape[0])
    least, span = float(coloured.min()), float(np.ptp(coloured)) or 1.0
    for i in range(shape[0]):
        for j in range(shape[1]):
            x, y = left + i * width, 0.2 + (shape[1] - 1 - j) * cell
            strength = (coloured[i, j] - least) / span
            page.bar(x, y, width - 0.04, cell - 0.04, _shade(float(strength)))
            colour = "white" if strength > 0.6 else INK
            page.write(
                x + width / 2, y + 0.2, percent(float(table[i, j])), 10.5, colour, ha="center"
            )
            page.write(
                x + width / 2, y + 0.42, number(float(means[i, j])), 8.5, colour, ha="center"
            )
    for j, value in enumerate(second.values):
        page.write(
            left - 0.1, 0.2 + (shape[1] - 0.5 - j) * cell, number(value), 9.5, MUTED, ha="right"
        )
    for i, value in enumerate(first.values):
        page.write(
            left + (i + 0.5) * width, 0.34 + shape[1] * cell, number(value), 9.5, MUTED, ha="center"
        )
    down = 0.62 + shape[1] * cell
    words = [
        f"{sign} {said(axis.factor.name, lang)} ({axis.factor.key}{unit_suffix(axis.factor.unit)})"
        for sign, axis in (("→", first), ("↑", second))
    ]
    page.write(left, down, words[0], 9.0, MUTED)
    page.write(left, down + 0.2, words[1], 9.0, MUTED)
    page.finish()
    return page.figure


def _members_plot(page: Page, found: "Discovery", height: float) -> None:
    """Members on the two strongest conditions; on one condition, against the order of its factor alone."""
    chosen = [found.factors.index(condition.factor) for condition in found.conditions[:2]]
    x = found.table[:, chosen[0]]
    y = found.table[:, chosen[1]] if len(chosen) > 1 else np.linspace(0.0, 1.0, len(x))
    axes = page.axes(0.9, 0.3, 8.4, height - 0.45)
    hit = found.flags
    axes.plot(x[~hit], y[~hit], "o", color=BASELINE, alpha=0.28, markersize=3.5, markeredgewidth=0)
    axes.plot(x[hit], y[hit], "o", color=COLOURS[1], alpha=0.85, markersize=4.5, markeredgewidth=0)
    for axis, values, place in (("x", x, 0), ("y", y, 1)):
        low, high = float(values.min()), float(values.max())
        span = high - low or 1.0
        getattr(axes, f"set_{axis}lim")(low - 0.03 * span, high + 0.03 * span)
        ticks = _ticks_between(low, high)
        unit = found.factors[chosen[place]].unit if len(chosen) > place else ""
        shown = [_tick_text(tick, unit) if unit else "" for tick in ticks]
        getattr(axes, f"set_{axis}ticks")(ticks, shown)
    edges = []
    for place in range(2):
        limits = axes.get_xlim() if place == 0 else axes.get_ylim()
        if place < len(chosen):
            condition = found.conditions[place]
            edges.append((max(condition.low, limits[0]), min(condition.high, limits[1])))
        else:
            edges.append(limits)
    (x0, x1), (y0, y1) = edges
    axes.fill([x0, x1, x1, x0], [y0, y0, y1, y1], facecolor="none", edgecolor=TARGET, linewidth=1.8)
    names = [found.conditions[place].factor for place in range(len(chosen))]
    verb = Name("未实现", "missed") if found.missed else Name("实现", "reached")
    words = [
        Name(f"{f.name.zh}{_unit_beside(f.unit)}", f"{f.name.en}{_unit_beside(f.unit)}")
        for f in names
    ]
    up = (
        words[1]
        if len(words) > 1
        else Name("高度无含义，只为分开各点", "height only parts the dots")
    )
    _axis_words(
        page,
        axes,
        height - 0.15,
        words[0],
        Name(f"橙：{verb.zh}；{up.zh}", f"orange: {verb.en}; {up.en}"),
    )


def _condition_row(page: Page, values: Floats, condition: "Condition", y: float) -> None:
    """One condition: the range of the factor, the part inside the box, and its bounds in words."""
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    inside = (max(condition.low, low), min(condition.high, high))
    left, right = 4.6, 7.4
    _named_row(page, condition.factor.name, y, 3.9)
    page.rule(left, right, y, TRACK, 6.0)
    ends = [left + (right - left) * (edge - low) / span for edge in inside]
    page.rule(ends[0], ends[1], y, TARGET, 6.0)
    page.write(9.55, y, condition_text(condition), 10.0, INK, ha="right")


def _package_rows(found: "Reach", lang: Lang) -> list[tuple[str, str]]:
    """What the best package and each reached level consist of, one line each."""
    front = found.frontier
    named = [(Name("最高概率方案", "highest chance"), front.best)]
    named += [
        (Name(f"{v.level:.0%} 方案", f"for {v.level:.0%}"), v.package)
        for v in front.levels
        if v.package is not None
    ]
    rows = []
    for name, package in named:
        doses = [
            (lever, dose)
            for lever, dose in zip(front.levers, package.doses, strict=True)
            if dose > lever.factor.low + 0.01 * (lever.factor.high - lever.factor.low)
        ]
        doses.sort(key=lambda row: -row[0].cost * row[1])
        names = {lever.key: _lever_name(lever, lang) for lever in front.levers}
        shown = [
            f"{names[lever.key]} {number(dose)}{unit_suffix(lever.factor.unit)}"
            for lever, dose in doses[:4]
        ]
        if len(doses) > 4:
            more = len(doses) - 4
            shown.append(said(Name(f"另 {more} 项", f"{more} more"), lang, " / "))
        comma, semicolon, colon = ("，", "；", "：") if lang == "zh" else (", ", "; ", ": ")
        rows.append((f"{said(name, lang, ' / ')}{comma}{number(package.cost)}亿元", INK))
        text = semicolon.join(shown) or "–"
        if package.binding:
            bound = said(Name("最紧的上限", "tightest bound"), lang, " / ")
            text += f"{semicolon}{bound}{colon}{names.get(package.binding, package.binding)}"
        rows += [(line, MUTED) for line in wrap(text, 8.8, 9.0)]
    return rows


def _lever_name(lever: "Lever", lang: Lang) -> str:
    """A lever's name; in both languages at once its key, which is short."""
    return lever.key if lang == "both" else said(lever.factor.name, lang)


def _scale(axes: Axes, top: float, side: str) -> None:
    ticks = round_ticks(top)
    share = side == "y" and top <= 1.0
    labels = [percent(tick) if share else number(tick) for tick in ticks]
    if side == "x":
        axes.set_xlim(-0.02 * top, top)
        axes.set_xticks(ticks, labels)
    else:
        axes.set_ylim(0.0, top or 1.0)
        axes.set_yticks(ticks, labels)
        for tick in ticks:
            axes.axhline(tick, color=RULE, linewidth=0.8 if tick else 1.2, zorder=0)


def _ticks_between(low: float, high: float) -> list[float]:
    """Three to seven round numbers from `low` to `high`; the one there is where they are the same."""
    if not high > low:
        return [low]
    step = round_ticks((high - low) * 0.999)[1]
    first = int(np.ceil(low / step - 1e-9))
    return [step * i for i in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _tick_text(value: float, unit: str) -> str:
    return percent(value) if unit.startswith("share") else number(value)


def _unit_beside(unit: str) -> str:
    """A unit behind the name of an axis; shares are written as percents."""
    return unit_suffix(unit.replace("share", "%") if unit != "share" else "1")


def _axis_words(page: Page, axes: Axes, bottom: float, x: Name, y: Name) -> None:
    """What the scales measure: above the vertical one, below the horizontal one."""
    area = axes.get_position()
    left, right = area.x0 * page.width, area.x1 * page.width
    top = (1.0 - area.y1) * page.height - page.top
    page.write(left - 0.3, top - 0.17, said(y, page.lang), 9.0, MUTED)
    page.write(right, bottom + 0.42, said(x, page.lang), 9.0, MUTED, ha="right")


def _metric_name(metric: str) -> Name:
    """`core_revenue@2027` as people say it."""
    series, _, year = metric.partition("@")
    if metric.startswith("P("):
        return Name(f"{metric} 的概率", f"chance {metric}")
    name = observable_of(series).name
    return Name(f"{name.zh}（{year} 年）", f"{name.en} in {year}")


def _source(scenario: "Scenario", members: int) -> dict[str, Name]:
    """The foot of a figure: where its numbers come from, and how far the fit behind them may be trusted."""
    label = f"{scenario.stem}-{scenario.digest()[:8]}"
    each = "member" if members == 1 else "members"
    footer = Name(
        f"来源：simulate；情景 {scenario.name.zh}（{label}）；{members} 个成员，种子 {scenario.seed}",
        f"Source: simulate; scenario {scenario.name.en} ({label}); {members} {each}, seed {scenario.seed}",
    )
    return {"footer": footer, "caution": trust_of(scenario).caution}


def _counted(count: int) -> str:
    return f"{count} condition" + ("" if count == 1 else "s")


def _shade(strength: float) -> str:
    """From nearly white to the first colour."""
    full = [int(COLOURS[0][i : i + 2], 16) for i in (1, 3, 5)]
    light = [241, 246, 248]
    mixed = [round(a + (b - a) * strength) for a, b in zip(light, full, strict=True)]
    return "#" + "".join(f"{c:02x}" for c in mixed)
