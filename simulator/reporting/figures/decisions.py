"""Figures of what it would take: attribution, frontier, external conditions, robustness.

Drawn on the same page as the other figures, with the finding in the title. A point is what was run, a line joins
points only where they are one family, and every interval is Monte Carlo error of paired members.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

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
    Page,
    shorten,
    study_foot,
    wrap,
)
from simulator.reporting.figures.rows import LEFT, Bar, draw_bars, ends_text, name_row
from simulator.reporting.figures.scales import (
    name_scales,
    round_ticks,
    scale_across,
    scale_up,
)
from simulator.reporting.wording import (
    cost_text,
    lines,
    metric_name,
    number,
    percent,
    points,
    said,
    unit_suffix,
    unit_text,
)
from simulator.targets import bar_on

if TYPE_CHECKING:
    from simulator.experiments.attribution import Attributed, Attribution
    from simulator.experiments.intervals import Estimate
    from simulator.experiments.reach import Lever, Reach
    from simulator.experiments.robustness import Across, Robust

NOTHING = Name("", "")
_BUDGET = Name("预算（亿元，全期合计）", "budget over the period (10亿元 = 1 billion CNY)")


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
        lang, title, subtitle, body=2 * block + 0.1, **study_foot(found.scenario, found.members)
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
        **study_foot(found.scenario, found.fresh_members),
    )
    axes = page.axes(0.78, 0.32, 8.6, 3.4)
    scale_across(axes, max(package.cost for package in (*front.packages, best)) * 1.06 + 1e-9)
    highest = max(p.high for p in [found.own, *(package.fresh for package in front.packages)])
    least = min((level.level for level in front.levels), default=0.0)
    scale_up(axes, min(1.0, max(highest * 1.15, least * 1.1)), shares=True)
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
    name_scales(page, axes, 3.4 + 0.32, _BUDGET,
                Name("实现概率", "probability"))  # fmt: skip
    y = 4.45
    for text, colour in doses:
        page.write(0.78, y, text, 9.0, colour)
        y += 0.24
    page.finish()
    return page.figure


def across(found: "Across", *, lang: Lang = "both") -> Figure:
    """One scenario under each external condition: the metric's spread and the chance of the target."""
    rows = found.rows
    base, metric = rows[0], metric_name(found.metric)
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
        **study_foot(found.scenario, found.members),
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

    _rule_rows(page, [(x(tick), number(tick)) for tick in round_ticks(most)], step * len(rows))
    page.write(left, 0.12, unit_text(found.unit, lang), 9.0, MUTED)
    if goal is not None and goal <= most:
        page.upright(x(goal), 0.3, 0.4 + step * len(rows), TARGET, 1.3)
    for place, row in enumerate(rows):
        y = 0.38 + step * (place + 0.5)
        colour = BASELINE if place == 0 else COLOURS[0]
        name_row(page, row.name, y, LEFT - 0.55)
        page.rule(x(row.low), x(row.high), y, colour, 1.3)
        page.rule(x(row.lower), x(row.upper), y, colour, 5.0)
        page.dot(x(row.median.value), y, colour, 7.5)
        page.rule(share(row.chance.low), share(row.chance.high), y, colour, 1.3)
        page.dot(share(row.chance.value), y, colour, 7.0)
        page.write(9.55, y, percent(row.chance.value), 10.0, INK, ha="right")
    halves = (0.0, 0.5, 1.0)
    _rule_rows(page, [(share(tick), percent(tick)) for tick in halves], step * len(rows))
    page.write(share(0.0), 0.12, said(Name("实现概率", "probability"), lang), 9.0, MUTED)
    page.finish()
    return page.figure


def robust(found: "Robust", *, lang: Lang = "both") -> Figure:
    """Packages over all futures: the regret of each, and how often it satisfices."""
    rows = found.packages
    best, metric = rows[0], metric_name(found.metric)
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
        **study_foot(found.scenario, found.members),
    )
    ends = [float(row.regrets.max()) for row in rows] + [row.worst_regret.high for row in rows]
    most = 1.05 * max(*ends, 1e-9)
    left, right = LEFT, 7.5

    def x(value: float) -> float:
        return left + (right - left) * value / most

    _rule_rows(page, [(x(tick), number(tick)) for tick in round_ticks(most)], step * len(rows))
    page.write(left, 0.12, unit_text("亿元", lang), 9.0, MUTED)
    for place, row in enumerate(rows):
        y = 0.38 + step * (place + 0.5)
        name_row(page, row.name, y, LEFT - 0.55)
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


def _rule_rows(page: Page, ticks: Sequence[tuple[float, str]], height: float) -> None:
    """Rules down through rows of this height in all, at inches from the left, with what they stand for below."""
    for x, text in ticks:
        page.upright(x, 0.3, 0.4 + height, RULE)
        page.write(x, 0.52 + height, text, 9.0, MUTED, ha="center")


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
        ends = ends_text(share, text) if share.low < share.high else ""
        return Bar(name, *share, text(share.value), colour, ends)

    shares = sorted(found.shares, key=lambda s: -abs(s.share.value))
    bars = [bar(s.group.name, s.share) for s in shares]
    bars.append(bar(Name("合计", "total"), found.total, BASELINE))
    draw_bars(page, bars, top + head, step)


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
        doses = sorted(front.used(package), key=lambda row: -row[0].cost * row[1])
        names = {lever.key: _lever_name(lever, lang) for lever in front.levers}
        shown = [
            f"{names[lever.key]} {number(dose)}{unit_suffix(lever.factor.unit, lang)}"
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
