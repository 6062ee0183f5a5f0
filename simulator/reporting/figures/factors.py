"""Figures of what an outcome hangs on: the ranking of factors, responses to them, the conditions of a box.

A factor is a lever between its bounds or an assumption within its prior. A point is what was run, a line joins points
only where they are one family, and every interval is Monte Carlo error of paired members.
"""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.figures.page import (
    BASELINE,
    COLOURS,
    INK,
    MUTED,
    TARGET,
    TRACK,
    Page,
    study_foot,
    tint,
)
from simulator.reporting.figures.rows import Bar, draw_bars, ends_text, name_row, scale_of
from simulator.reporting.figures.scales import (
    name_scales,
    scale_up,
    ticks_between,
)
from simulator.reporting.wording import (
    amount,
    chance_text,
    condition_text,
    metric_name,
    number,
    percent,
    said,
    setting_text,
    unit_name,
    unit_suffix,
)
from simulator.targets import Floats

if TYPE_CHECKING:
    from simulator.experiments.discovery import Condition, Discovery
    from simulator.experiments.sensitivity import Sensitivity
    from simulator.experiments.sweeps import Sweep

PALEST = "#f1f6f8"
"""The palest cell of a heat map."""


def ranking(found: "Sensitivity", *, lang: Lang = "both", most: int = 16) -> Figure:
    """Factors by their weight in an outcome, levers and assumptions in two colours, with intervals."""
    rows = [effect for effect in found.effects if effect.whole.value > 0.0][:most]
    levers = [
        place for place, effect in enumerate(found.effects, 1) if effect.factor.kind == "lever"
    ]
    first = rows[0].factor if rows else found.effects[0].factor
    metric = metric_name(found.outcome)
    measure = Name(
        f"平均影响幅度 μ*{unit_suffix(found.unit, 'zh')}",
        f"mean size of the effect μ*{unit_suffix(found.unit, 'en')}",
    )
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
            ends_text(effect.whole, text),
        )
        for effect in rows
    ]
    step = 0.5 if lang == "both" else 0.4
    low, high = scale_of(bars)
    if any(bar.low < low or bar.high > high for bar in bars):
        subtitle = Name(
            f"{subtitle.zh}；箭头：区间超出图幅，{design.zh[1:]}太少",
            f"{subtitle.en}; arrows: the interval leaves the scale, too few {design.en}",
        )
    page = Page(
        lang,
        Name(zh, en),
        subtitle,
        body=len(bars) * step + 0.3,
        **study_foot(found.scenario, found.size * found.members),
    )
    draw_bars(page, bars, 0.1, step)
    page.finish()
    return page.figure


def response(found: "Sweep", *, lang: Lang = "both") -> Figure:
    """A sweep: a response curve for one axis, a heat map for a grid of two, points for each axis otherwise."""
    if found.design == "grid" and len(found.axes) == 2:
        return _heat(found, lang)
    panels = found.axes
    values = [point.mean.value for point in found.points]
    chances = [point.chance.value for point in found.points]
    metric = metric_name(found.metric)
    zh = f"{metric.zh}均值在 {number(min(values))} 至 {amount(max(values), found.unit, 'zh')}之间，"
    en = (
        f"{metric.en}: mean from {number(min(values))} to {amount(max(values), found.unit, 'en')}, "
    )
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
        **study_foot(found.scenario, found.members),
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
        scale_up(left, max(point.high for point in shown) * 1.05, shares=found.unit == "share")
        scale_up(right, min(1.0, max(p.chance.high for p in shown) * 1.1 + 0.01), shares=True)
        for axes, word in (
            (left, unit_name(found.unit)),
            (right, Name("实现概率", "probability")),
        ):
            span = max(x) - min(x) or 1.0
            axes.set_xlim(min(x) - 0.04 * span, max(x) + 0.04 * span)
            switch = axis.factor.kind == "mechanism"
            ticks = list(axis.values) if switch else ticks_between(min(x), max(x))
            name, unit = axis.factor.name, axis.factor.unit
            axes.set_xticks(
                ticks,
                [
                    setting_text(axis.factor, tick) if switch else _tick_text(tick, unit)
                    for tick in ticks
                ],
            )
            words = Name(
                f"{name.zh}{_unit_beside(unit, 'zh')}",
                f"{axis.factor.key}{_unit_beside(unit, 'en')}",
            )
            name_scales(page, axes, top + height, words, word)
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
        **study_foot(found.scenario, found.members),
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


def _heat(found: "Sweep", lang: Lang) -> Figure:
    """Two axes: one square a case, coloured by the chance of the target, the mean of the metric written in it."""
    first, second = found.axes
    metric = metric_name(found.metric)
    chances = np.array([point.chance.value for point in found.points])
    shape = (len(first.values), len(second.values))
    table = chances.reshape(shape)
    means = np.array([point.mean.value for point in found.points]).reshape(shape)
    # Where no cell differs in its chance, the colours show the mean instead.
    coloured = table if table.min() < table.max() else means
    best = np.unravel_index(int(coloured.argmax()), shape)
    one = setting_text(first.factor, first.values[best[0]])
    two = setting_text(second.factor, second.values[best[1]])
    # The best by chance is no winner over cells whose intervals hold as much.
    most = float(coloured.max())
    ends = [point.chance.high if coloured is table else point.mean.high for point in found.points]
    alike = sum(end >= most for end in ends)
    where = Name(
        f"最高处{first.factor.name.zh} {one}、{second.factor.name.zh} {two}"
        + (f"（95% 区间内相当者共 {alike} 格）" if alike > 1 else ""),
        f"highest at {first.factor.key} {one}, {second.factor.key} {two}"
        + (f" ({alike} cells as high within 95% intervals)" if alike > 1 else ""),
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
        f"格内上行为概率，95% 区间至多 ±{wide}；下行为{metric.zh}均值（{unit_name(found.unit).zh}）；"
        f"情形 × 配对成员：{size}",
        f"In each cell the chance, with 95% intervals of at most ±{wide}; below it the mean of {metric.en} "
        f"({unit_name(found.unit).en}); cases × paired members: {size}",
    )
    cell = 0.62
    page = Page(
        lang,
        title,
        subtitle,
        body=cell * shape[1] + 0.95,
        **study_foot(found.scenario, found.members),
    )
    left, width = 1.6, min(1.25, 7.9 / shape[0])
    least, span = float(coloured.min()), float(np.ptp(coloured)) or 1.0
    for i in range(shape[0]):
        for j in range(shape[1]):
            x, y = left + i * width, 0.2 + (shape[1] - 1 - j) * cell
            strength = (coloured[i, j] - least) / span
            page.bar(x, y, width - 0.04, cell - 0.04, tint(COLOURS[0], float(strength), PALEST))
            colour = "white" if strength > 0.6 else INK
            page.write(
                x + width / 2, y + 0.2, percent(float(table[i, j])), 10.5, colour, ha="center"
            )
            page.write(
                x + width / 2, y + 0.42, number(float(means[i, j])), 8.5, colour, ha="center"
            )
    for j, value in enumerate(second.values):
        page.write(
            left - 0.1,
            0.2 + (shape[1] - 0.5 - j) * cell,
            setting_text(second.factor, value),
            9.5,
            MUTED,
            ha="right",
        )
    for i, value in enumerate(first.values):
        page.write(
            left + (i + 0.5) * width,
            0.34 + shape[1] * cell,
            setting_text(first.factor, value),
            9.5,
            MUTED,
            ha="center",
        )
    down = 0.62 + shape[1] * cell
    words = [
        f"{sign} {said(axis.factor.name, lang)} ({axis.factor.key}{unit_suffix(axis.factor.unit, lang)})"
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
        ticks = ticks_between(low, high)
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
        Name(f"{f.name.zh}{_unit_beside(f.unit, 'zh')}", f"{f.name.en}{_unit_beside(f.unit, 'en')}")
        for f in names
    ]
    up = (
        words[1]
        if len(words) > 1
        else Name("高度无含义，只为分开各点", "height only parts the dots")
    )
    name_scales(
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
    name_row(page, condition.factor.name, y, 3.95)
    page.rule(left, right, y, TRACK, 6.0)
    ends = [left + (right - left) * (edge - low) / span for edge in inside]
    page.rule(ends[0], ends[1], y, TARGET, 6.0)
    page.write(9.55, y, condition_text(condition, page.lang), 10.0, INK, ha="right")


def _tick_text(value: float, unit: str) -> str:
    return percent(value) if unit.startswith("share") else number(value)


def _unit_beside(unit: str, lang: Lang) -> str:
    """A unit behind the name of an axis; shares are written as percents."""
    return unit_suffix(unit.replace("share", "%") if unit != "share" else "1", lang)


def _counted(count: int) -> str:
    return f"{count} condition" + ("" if count == 1 else "s")
