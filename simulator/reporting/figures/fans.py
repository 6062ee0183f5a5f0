"""One series over time as a fan of members, and several scenarios in one with their paired differences."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.foundation.findings import UsageError
from simulator.observables import observable_of, series_name
from simulator.registry import Name, Registry
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    FAINT,
    INK,
    MARGIN,
    MUTED,
    RULE,
    TARGET,
    Page,
    colour_of,
    colours_of,
    foot,
)
from simulator.reporting.figures.rows import name_row
from simulator.reporting.figures.scales import QUANTILES, draw_bands, round_ticks, rule_ticks
from simulator.reporting.wording import (
    amount,
    lines,
    number,
    passing,
    percent,
    said,
    unit_text,
)
from simulator.targets import (
    Floats,
    Goal,
    Probability,
    bar_on,
    construction_groups,
    goal_text,
    goals_of,
    judged_at,
    met,
    probability,
)


class _Track(NamedTuple):
    """One series over time: members by points; `times` in years, a stock at quarter ends."""

    times: Floats
    table: Floats
    name: Name
    unit: str
    yearly: bool


class _Base(NamedTuple):
    """Where one construction puts the base value: the median of its members."""

    name: Name
    value: float


class _Difference(NamedTuple):
    """Paired difference of the last figure to the first run: mean, its 95 % error, quantiles."""

    mean: float
    half_width: float
    low: float
    high: float
    relative: float


def fan(
    run: Ensemble,
    key: str = "core_revenue",
    *,
    lang: Lang = "both",
) -> Figure:
    """Median and 50 and 90 % bands of one series over time; flows by year, stocks by quarter.

    The plan's target is a labelled line, the base year shows the constructions of the base value.
    Raises KeyError for a series that the run does not hold.
    """
    registry = run.library.registry
    track = _track(run, key, registry)
    colour = colour_of(run.scenario.stem)
    line = _line_on(run, key)
    title, subtitle = _fan_words(run, key, track, line)
    page = Page(lang, title, subtitle, body=4.45, **foot(run))
    axes = page.axes(0.78, 0.3, 7.25, 3.85)
    quantiles = np.quantile(track.table, QUANTILES, axis=0)
    low, _, middle, _, high = quantiles
    draw_bands(axes, track.times, quantiles, colour)
    axes.plot(track.times, middle, color=colour, linewidth=2.4, solid_capstyle="round")
    if track.yearly:
        axes.plot(track.times[1:], middle[1:], "o", color=colour, markersize=5)
    bases = _bases(run) if key == "core_revenue" else ()
    ceiling = max(float(high.max()), line.bar if line else 0.0)
    _frame(page, axes, track, ceiling, room_left=bool(bases))
    _unit_above(page, axes, track.unit)
    _end_labels(
        page,
        axes,
        [
            (float(high[-1]), f"95%  {number(float(high[-1]))}", MUTED, 9.5),
            (
                float(middle[-1]),
                f"{said(Name(zh='中位数', en='median'), lang)}  {number(float(middle[-1]))}",
                INK,
                11.0,
            ),
            (float(low[-1]), f"5%  {number(float(low[-1]))}", MUTED, 9.5),
        ],
    )
    if bases:
        _base_dots(page, axes, bases, float(track.times[0]), colour)
    if line is not None:
        _target_line(page, axes, line)
    page.finish()
    return page.figure


def overlay(
    runs: Sequence[Ensemble],
    key: str = "core_revenue",
    *,
    lang: Lang = "both",
) -> Figure:
    """Several scenarios in one fan, and their paired differences to the first at the end.

    Members are paired by number: runs of different seeds are refused with ValueError, of different
    sizes are cut to the smallest, of different periods to the years of all; UsageError without one.
    """
    if len(runs) < 2:
        raise ValueError("an overlay needs at least two runs")
    if len({run.seed for run in runs}) != 1:
        raise ValueError("runs with different seeds share no draws and cannot be paired")
    registry = runs[0].library.registry
    members = min(run.n for run in runs)
    tracks = _common([_track(run, key, registry, members) for run in runs])
    colours = colours_of([run.scenario.stem for run in runs])
    line = _line_on(runs[0], key)
    steps = [_difference(track, tracks[0]) for track in tracks[1:]]
    title, subtitle = _overlay_words(runs, tracks, steps, line is not None)
    marker = "o" if tracks[0].times.size == 1 else None
    row = 0.62 if lang == "both" else 0.5
    below = 0.95 + row * len(steps)
    page = Page(lang, title, subtitle, body=4.15 + below, **foot(*runs))
    axes = page.axes(0.78, 0.3, 6.75, 3.4)
    ceiling = line.bar if line else 0.0
    labels = []
    for run, track, colour in zip(runs, tracks, colours, strict=True):
        low, middle, high = np.quantile(track.table, [0.25, 0.5, 0.75], axis=0)
        if run is runs[0]:
            axes.fill_between(track.times, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            track.times,
            middle,
            color=colour,
            linewidth=2.3,
            solid_capstyle="round",
            marker=marker,
        )
        ceiling = max(ceiling, float(high.max()))
        chance = _chance(run, line.goal, members) if line is not None else None
        figure = number(float(middle[-1]))
        figure += f"  ·  P {percent(chance.value)}" if chance else ""
        text = "\n".join([*lines(run.scenario.name, lang), figure])
        labels.append((float(middle[-1]), text, colour, 9.5))
    _frame(page, axes, tracks[0], ceiling * 1.02, room_left=False)
    _unit_above(page, axes, tracks[0].unit)
    _end_labels(page, axes, labels)
    if line is not None:
        _target_line(page, axes, line)
    _difference_rows(page, runs, colours, steps, tracks[0], 4.15, row)
    page.finish()
    return page.figure


def _track(run: Ensemble, key: str, registry: Registry, members: int | None = None) -> _Track:
    if key not in run.series:
        raise KeyError(f"the run holds no series {key}")
    observable = observable_of(key)
    quarterly = run.values(key)[:members]
    name = series_name(key, registry)
    if observable.kind == "stock":
        # A stock is that of the quarter's end; the founding quarter closes the base year.
        times = np.array([quarter.year + quarter.quarter / 4.0 - 1.0 for quarter in run.quarters])
        return _Track(times, quarterly, name, observable.unit, False)
    return _Track(
        np.array(run.years, dtype=np.float64),
        run.annual(key)[:members],
        name,
        observable.unit,
        True,
    )


def _common(tracks: Sequence[_Track]) -> list[_Track]:
    """The tracks cut to the times that all of them cover."""
    times = reduce(np.intersect1d, [track.times for track in tracks])
    if not times.size:
        raise UsageError("the runs have no year in common", "各运行没有共同的年份")
    return [
        track._replace(times=times, table=track.table[:, np.isin(track.times, times)])
        for track in tracks
    ]


class _Line(NamedTuple):
    """A goal whose bar stands as a line on the picture of a series; `own` where it is judged on that very series."""

    goal: Goal
    bar: float
    own: bool


def _line_on(run: Ensemble, key: str) -> _Line | None:
    """The plan's target that the series is held against, if it has one; a published series also its true twin's."""
    if "[" in key:
        return None
    for goal in (goal for goal in goals_of(run) if goal.document):
        for series in dict.fromkeys((key, key.removesuffix("_published"))):
            bar = bar_on(goal, series, run.series)
            if bar is not None:
                return _Line(goal, bar, series == key)
    return None


def _chance(run: Ensemble, goal: Goal, members: int) -> Probability | None:
    try:
        return probability(met(goal, run)[:members])
    except KeyError:
        return None


def _fan_words(run: Ensemble, key: str, track: _Track, line: _Line | None) -> tuple[Name, Name]:
    year = int(np.ceil(track.times[-1])) if not track.yearly else int(track.times[-1])
    low, middle, high = (float(q) for q in np.quantile(track.table[:, -1], [0.05, 0.5, 0.95]))
    zh = f"{track.name.zh}：{year} 年中位数 {amount(middle, track.unit, 'zh')}"
    en = f"{track.name.en}: median {amount(middle, track.unit, 'en')} in {year}"
    chance = _chance(run, line.goal, run.n) if line is not None and line.own else None
    if chance is not None and line is not None:
        goal = line.goal
        verb, by = passing(goal.comparator), goal.deadline.year
        zh += f"，{'' if by == year else f'{by} 年'}{verb.zh} {amount(line.bar, goal.unit, 'zh')}"
        zh += f"的概率 {percent(chance.value)}"
        en += f", {percent(chance.value)} chance of {verb.en} {amount(line.bar, goal.unit, 'en')}"
        en += "" if by == year else f" in {by}"
    else:
        zh += f"（5–95%：{number(low)}–{number(high)}）"
        en += f" (5–95%: {number(low)}–{number(high)})"
    drawn = Name(
        zh="年度值" if track.yearly else "季末值",
        en="annual figures" if track.yearly else "quarter ends",
    )
    dots = Name(zh="", en="")
    if key == "core_revenue" and _bases(run):
        dots = Name(
            zh="；空心点为 2024 年基期的四种构造（无公布值）",
            en="; hollow dots: the constructions of the unpublished 2024 base",
        )
    return Name(zh=zh, en=en), Name(
        zh=f"{run.scenario.name.zh}，{drawn.zh}；深色带含 50%、浅色带含 90% 的成员{dots.zh}",
        en=f"{run.scenario.name.en}, {drawn.en}; bands hold 50 and 90% of members{dots.en}",
    )


def _overlay_words(
    runs: Sequence[Ensemble],
    tracks: Sequence[_Track],
    steps: Sequence[_Difference],
    judged: bool,
) -> tuple[Name, Name]:
    largest = max(range(len(steps)), key=lambda i: abs(steps[i].mean))
    step, run = steps[largest], runs[largest + 1]
    year = int(np.ceil(tracks[0].times[-1]))
    more = amount(abs(step.mean), tracks[0].unit, "zh")
    more_en = amount(abs(step.mean), tracks[0].unit, "en")
    relative = f"{step.relative * 100:+.1f}%".replace("-", "−")
    if abs(step.mean) <= step.half_width:
        zh = f"{year} 年“{run.scenario.name.zh}”与“{runs[0].scenario.name.zh}”无可分辨的差别"
        en = f"{run.scenario.name.en} cannot be told from {runs[0].scenario.name.en} in {year}"
    else:
        zh = (
            f"{year} 年“{run.scenario.name.zh}”比“{runs[0].scenario.name.zh}”"
            f"平均{'多' if step.mean > 0 else '少'} {more}（{relative}）"
        )
        en = (
            f"{run.scenario.name.en}: {more_en} {'more' if step.mean > 0 else 'less'} than "
            f"{runs[0].scenario.name.en} on average in {year} ({relative})"
        )
    chance = Name(
        zh="，P 为达标概率" if judged else "", en=", P: chance of the target" if judged else ""
    )
    cut = Name("", "")
    if len({run.years for run in runs}) > 1:
        first = int(np.ceil(tracks[0].times[0]))
        span = Name(f"{first}–{year} 年", f"{first}–{year}")
        if first == year:
            span = Name(f"{year} 年", f"{year} alone")
        cut = Name(f"；只画各运行共有的 {span.zh}", f"; only what all runs cover: {span.en}")
    return Name(zh=zh, en=en), Name(
        zh=f"{tracks[0].name.zh}；线为中位数，浅带含首个情景 50% 的成员{chance.zh}{cut.zh}",
        en=f"{tracks[0].name.en}; lines: medians, band: 50% of members of the first{chance.en}{cut.en}",
    )


def _frame(page: Page, axes: Axes, track: _Track, ceiling: float, *, room_left: bool) -> None:
    """Scale, horizontal rules and year marks of a chart over time."""
    years = sorted({int(np.ceil(t)) for t in track.times})
    every = max(1, len(years) // 8)
    span = float(track.times[-1] - track.times[0]) or 1.0
    left = span * 0.09 if room_left else span * 0.03
    axes.set_xlim(float(track.times[0]) - left, float(track.times[-1]) + span * 0.02)
    shown = years[::-1][::every][::-1]
    if track.yearly:
        axes.set_xticks(shown, [str(year) for year in shown])
    else:
        # The tick of a year stands at its end, where its last quarter is.
        axes.set_xticks(shown, [f"{year} Q4" for year in shown])
    ticks = round_ticks(ceiling * 1.06)
    axes.set_ylim(0.0, max(ticks[-1], ceiling * 1.08))
    rule_ticks(axes, ticks, [number(tick) for tick in ticks])


def _unit_above(page: Page, axes: Axes, unit: str) -> None:
    box = axes.get_position()
    page.write(
        MARGIN,
        (1.0 - box.y1) * page.height - page.top - 0.2,
        unit_text(unit, page.lang),
        9.0,
        MUTED,
    )


def _target_line(page: Page, axes: Axes, line: _Line) -> None:
    """The target as a labelled line up to the quarter it is judged at, with a mark there."""
    goal, bar = line.goal, line.bar
    moment = judged_at(goal)
    year = moment.year + moment.quarter / 4.0 - 1.0
    left, right = axes.get_xlim()
    for ends, strength in (((left, min(year, right)), 1.0), ((min(year, right), right), 0.35)):
        axes.plot(ends, [bar] * 2, color=TARGET, linewidth=1.4, dashes=(5, 3), alpha=strength)
    axes.plot([year], [bar], marker="D", color=TARGET, markersize=6, zorder=6, clip_on=False)
    one_end = goal.comparator == "between" and bar != goal.value
    sign = ">=" if one_end else goal.comparator
    aim = goal_text(sign, bar, goal.value_high, "").replace(" ", "")
    billion = f" ({number(bar / 10)} billion CNY)" if goal.unit == "亿元" else ""
    unit = goal.unit if goal.unit == "亿元" else ""
    name = Name(
        zh=f"目标：{goal.deadline.year} 年 {aim}{goal.unit}",
        en=f"Target {goal.deadline.year}: {aim}{unit}{billion}",
    )
    above = _y_inches(page, axes, bar) - 0.13
    page.write(
        axes.get_position().x0 * page.width + 0.05,
        above,
        said(name, page.lang, joint="  ·  "),
        9.5,
        TARGET,
    )


def _bases(run: Ensemble) -> tuple[_Base, ...]:
    groups = construction_groups(run)
    base = run.parameters("base_core_revenue") if groups else np.empty(0)
    return tuple(_Base(group.name, float(np.median(base[group.inside]))) for group in groups)


def _base_dots(page: Page, axes: Axes, bases: Sequence[_Base], year: float, colour: str) -> None:
    """The constructions of the base value: hollow dots at the base year, with their values."""
    values = [base.value for base in bases]
    axes.plot(
        [year] * len(values),
        values,
        "o",
        markersize=7,
        markerfacecolor="white",
        markeredgecolor=colour,
        markeredgewidth=1.5,
        zorder=5,
        clip_on=False,
    )
    wanted = [_y_inches(page, axes, value) for value in values]
    placed = _apart(wanted, [0.16] * len(values))
    if max(abs(y - wish) for y, wish in zip(placed, wanted, strict=True)) > 0.1:
        return  # too dense on this scale to tell which number belongs to which dot
    for value, y in zip(values, placed, strict=True):
        page.write(_x_inches(page, axes, year) - 0.12, y, number(value), 8.5, MUTED, ha="right")


def _end_labels(page: Page, axes: Axes, labels: Sequence[tuple[float, str, str, float]]) -> None:
    """Labels at the right end of lines, moved apart where they would touch."""
    edge = axes.get_position().x1 * page.width
    heights = [size / 72 * (1.42 * (text.count("\n") + 1) + 0.25) for _, text, _, size in labels]
    wanted = [_y_inches(page, axes, value) for value, *_ in labels]
    placed = _apart(wanted, heights)
    moved = any(abs(y - wish) > 0.05 for y, wish in zip(placed, wanted, strict=True))
    x = edge + (0.34 if moved else 0.08)
    for y, wish, (_, text, colour, size) in zip(placed, wanted, labels, strict=True):
        if moved:
            page.line(edge + 0.02, wish, x - 0.07, y, colour)
        page.write(x, y, text, size, colour)


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Move centres apart until blocks of these heights no longer overlap; order is kept."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Pool neighbours that touch, as in isotonic regression: each pool sits at its mean wish.
    pools: list[list[int]] = []
    starts: list[float] = []
    for i in order:
        pools.append([i])
        starts.append(wanted[i] - heights[i] / 2)
        while len(pools) > 1:
            extent = sum(heights[j] for j in pools[-2])
            if starts[-2] + extent <= starts[-1]:
                break
            merged = pools[-2] + pools[-1]
            offset, wish = 0.0, 0.0
            for j in merged:
                wish += wanted[j] - (offset + heights[j] / 2)
                offset += heights[j]
            pools[-2:] = [merged]
            starts[-2:] = [wish / len(merged)]
    placed = [0.0] * len(wanted)
    for pool, start in zip(pools, starts, strict=True):
        for j in pool:
            placed[j] = start + heights[j] / 2
            start += heights[j]
    return placed


def _y_inches(page: Page, axes: Axes, value: float) -> float:
    """Inches from the top of the body at which a value of the vertical scale lies."""
    box = axes.get_position()
    low, high = axes.get_ylim()
    share = (value - low) / (high - low)
    return float((1.0 - (box.y0 + share * (box.y1 - box.y0))) * page.height - page.top)


def _x_inches(page: Page, axes: Axes, value: float) -> float:
    box = axes.get_position()
    low, high = axes.get_xlim()
    return float((box.x0 + (value - low) / (high - low) * (box.x1 - box.x0)) * page.width)


def _difference(track: _Track, other: _Track) -> _Difference:
    gap = track.table[:, -1] - other.table[:, -1]
    mean = float(gap.mean())
    error = 1.96 * float(gap.std(ddof=1)) / float(np.sqrt(gap.size)) if gap.size > 1 else 0.0
    low, high = np.quantile(gap, [0.05, 0.95])
    base = float(other.table[:, -1].mean())
    return _Difference(mean, error, float(low), float(high), mean / base if base else 0.0)


def _difference_rows(
    page: Page,
    runs: Sequence[Ensemble],
    colours: Sequence[str],
    steps: Sequence[_Difference],
    track: _Track,
    y: float,
    height: float,
) -> None:
    """Below the fan: what each scenario changes, member by member."""
    unit = unit_text(track.unit, page.lang)
    head = Name(
        zh=f"与“{runs[0].scenario.name.zh}”逐成员配对之差，细线含 90% 的成员",
        en=f"Paired difference to {runs[0].scenario.name.en}, thin line: 90% of members",
    )
    page.write(MARGIN, y + 0.18, said(head, page.lang, "  ·  "), 9.5, MUTED)
    low = min(0.0, *(min(s.low, s.mean - s.half_width) for s in steps))
    high = max(0.0, *(max(s.high, s.mean + s.half_width) for s in steps))
    span = (high - low) or 1.0
    low, high = low - 0.04 * span, high + 0.04 * span
    left, right = 3.3, 7.2

    def across(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    top, bottom = y + 0.55, y + 0.6 + height * len(steps)
    step = round_ticks((high - low) * 0.99)[1]
    first = int(np.ceil(low / step))
    for i in range(first, int(np.floor(high / step)) + 1):
        x = across(i * step)
        page.upright(x, top, bottom, RULE if i else FAINT, 0.8)
        page.write(x, top - 0.1, number(i * step, sign=i != 0), 8.5, FAINT, ha="center")
    page.write(MARGIN, top - 0.1, unit, 8.5, FAINT)
    page.write(
        page.width - MARGIN,
        top - 0.1,
        said(Name(zh="均值 ± 95% 误差", en="mean ± 95% error"), page.lang),
        8.5,
        FAINT,
        ha="right",
    )
    for place, (run, colour, gap) in enumerate(zip(runs[1:], colours[1:], steps, strict=True)):
        at = top + height * (place + 0.5) + 0.05
        name_row(page, run.scenario.name, at, left - 0.7, sizes=(10.5, 8.5), down=(-0.09, 0.09))
        page.rule(across(gap.low), across(gap.high), at, colour, 1.3)
        page.rule(
            across(gap.mean - gap.half_width), across(gap.mean + gap.half_width), at, colour, 6.0
        )
        page.dot(across(gap.mean), at, colour, 6.5)
        text = f"{number(gap.mean, sign=True)} ± {number(gap.half_width)}"
        page.write(page.width - MARGIN, at, text, 10.5, INK, ha="right")
