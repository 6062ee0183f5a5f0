"""Figures of the fit, the backtest and early warning."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.figures.page import (
    BASELINE,
    COLOURS,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    RULE,
    TARGET,
    TRACK,
    Page,
    foot,
)
from simulator.reporting.figures.rows import name_row
from simulator.reporting.figures.scales import draw_bands
from simulator.reporting.wording import amount, number, percent, said
from simulator.targets import UNCALIBRATED

if TYPE_CHECKING:
    from simulator.experiments.backtest import Backtest, Forecast
    from simulator.experiments.calibration import Calibration
    from simulator.experiments.deciding import Decided
    from simulator.experiments.early_warning import Watch
    from simulator.experiments.store import Run

_ROW = 0.62
_LEFT, _RIGHT = 4.3, 8.1
SHOWN = 9
"""Causes that get a bar of their own; the rest are one."""


def learned(found: "Calibration", verdict: Name | None = None, *, lang: Lang = "both") -> Figure:
    """Prior and fitted interval of each parameter on the width of its prior, with the word on it."""
    words = {
        "moved": Name("数据移动了它", "moved"),
        "slightly": Name("略有移动", "a little"),
        "prior": Name("留在先验", "at its prior"),
    }
    moved = [item for item in found.learned if item.verdict != "prior"]
    stayed = len(found.learned) - len(moved)
    title = Name(
        f"公布数移动了 {len(moved)} 个参数，{stayed} 个留在先验",
        f"The figures moved {len(moved)} parameters; {stayed} stayed at the prior",
    )
    subtitle = Name(
        f"灰：先验 90 % 区间；蓝：拟合后 90 % 区间与中位数；{len(found.facts)} 项公布数，{found.members} 个成员，"
        f"等效 {found.effective:.0f}",
        f"Grey: prior 90 % interval; blue: fitted 90 % interval and median; {len(found.facts)} figures, "
        f"{found.members} members worth {found.effective:.0f}",
    )
    footer = Name(
        f"来源：simulate calibrate；种子 {found.seed}",
        f"Source: simulate calibrate; seed {found.seed}",
    )
    page = Page(
        lang,
        title,
        subtitle,
        body=_ROW * len(found.learned) + 0.25,
        footer=footer,
        caution=verdict or UNCALIBRATED,
    )
    for place, item in enumerate(found.learned):
        y = 0.3 + place * _ROW
        page.write(MARGIN, y - 0.09, item.name, 10.0, INK)
        page.write(MARGIN, y + 0.1, _short(said(item.meaning, lang), 50), 8.0, MUTED)
        low = min(item.prior.low, item.posterior.low)
        width = max(item.prior.high, item.posterior.high) - low

        def across(value: float, low: float = low, width: float = width) -> float:
            return _LEFT + (value - low) / width * (_RIGHT - _LEFT)

        page.bar(
            across(item.prior.low),
            y - 0.09,
            across(item.prior.high) - across(item.prior.low),
            0.18,
            TRACK,
        )
        start, end = across(item.posterior.low), across(item.posterior.high)
        page.bar(start, y - 0.05, end - start, 0.1, COLOURS[0])
        page.dot(across(item.posterior.median), y, INK, 6.0)
        page.write(_LEFT, y + 0.21, number(low), 7.5, FAINT)
        page.write(_RIGHT, y + 0.21, number(low + width), 7.5, FAINT, ha="right")
        colour = INK if item.verdict != "prior" else MUTED
        page.write(_RIGHT + 0.15, y, said(words[item.verdict], lang), 9.0, colour)
    page.finish()
    return page.figure


def forecasts(found: "Backtest", *, lang: Lang = "both") -> Figure:
    """Software revenue from each origin: the model's 90 % interval, the random walk, and what came."""
    rows = [f for f in found.forecasts if f.subject == "software" and f.method == "model"]
    title = Name(
        f"软件业收入：模型误差为随机游走的 {found.ratio:.1f} 倍（{found.points} 个点）",
        f"Software revenue: the model's errors are {found.ratio:.1f} times the random walk's ({found.points} points)",
    )
    subtitle = Name(
        "每行一个起点与年份，只用当日已公布的数；蓝：模型中位数与 90 % 区间；灰：带漂移随机游走；红线：实际公布值 = 1",
        "A row is an origin and a year, with what was public on the day; blue: model median and 90 % interval; "
        "grey: random walk with drift; red line: what was published = 1",
    )
    footer = Name(
        f"来源：simulate backtest；每个起点 {found.members} 个成员，种子 {found.seed}",
        f"Source: simulate backtest; {found.members} members an origin, seed {found.seed}",
    )
    step = 0.34
    page = Page(
        lang, title, subtitle, body=step * len(rows) + 0.55, footer=footer, caution=found.verdict
    )
    low, high = math.log(0.4), math.log(2.5)

    def across(ratio: float) -> float:
        return 2.9 + (min(max(math.log(ratio), low), high) - low) / (high - low) * 6.4

    bottom = step * len(rows) + 0.15
    for tick in (0.5, 0.7, 1.0, 1.4, 2.0):
        page.upright(
            across(tick), 0.05, bottom, TARGET if tick == 1.0 else RULE, 1.2 if tick == 1.0 else 0.8
        )
        page.write(across(tick), bottom + 0.16, f"{tick:g}", 9.0, MUTED, ha="center")
    last = None
    for place, f in enumerate(rows):
        y = 0.25 + place * step
        if f.origin != last:
            page.write(MARGIN, y, f.origin.isoformat(), 9.5, INK)
            last = f.origin
        year = f.moment.last_year
        page.write(1.75, y, f"→ {year}", 9.5, MUTED)
        page.bar(
            across(f.low / f.outcome),
            y - 0.05,
            across(f.high / f.outcome) - across(f.low / f.outcome),
            0.1,
            TRACK,
        )
        page.line(across(f.low / f.outcome), y, across(f.high / f.outcome), y, COLOURS[0])
        page.dot(across(f.value / f.outcome), y, COLOURS[0], 6.5)
        walk = _walk(found, f)
        if walk is not None:
            page.dot(across(walk.value / f.outcome), y, BASELINE, 5.5, hollow=True)
    page.finish()
    return page.figure


def warning(run: "Run", found: "Watch", *, lang: Lang = "both") -> Figure:
    """Yearly path of the members that reach a target and of those that miss it, with the rule that tells soonest."""
    rule = found.soonest
    if rule is None:
        sign = Name("没有可靠的早期信号", "no reliable early sign")
    else:
        zh, en = amount(rule.threshold, rule.unit, "zh"), amount(rule.threshold, rule.unit, "en")
        sign = Name(
            f"{rule.year} 年低于 {zh}即难以达标", f"unlikely once below {en} in {rule.year}"
        )
        if rule.series != found.series:
            sign = Name(
                f"{rule.year} 年“{rule.name.zh}”低于 {zh}即难以达标",
                f"unlikely once {rule.name.en} is below {en} in {rule.year}",
            )
    title = Name(f"{found.name.zh}：{sign.zh}", f"{found.name.en}: {sign.en}")
    subtitle = Name(
        f"蓝：达标成员的 90 % 与 50 % 区间；灰：未达标成员的中位数；红：目标。达标概率 {percent(found.chance)}"
        + (f"；命中 {percent(rule.hits)}，误报 {percent(rule.false_alarms)}" if rule else ""),
        f"Blue: members that reach it, 90 and 50 % bands; grey: median of those that miss it; red: goal. Chance "
        f"{percent(found.chance)}"
        + (
            f"; hits {percent(rule.hits)}, false alarms {percent(rule.false_alarms)}"
            if rule
            else ""
        ),
    )
    if found.counted is not None:
        subtitle = Name(f"{subtitle.zh}；{found.counted.zh}", f"{subtitle.en}; {found.counted.en}")
    page = Page(lang, title, subtitle, body=4.35, **foot(run))
    axes = page.axes(0.9, 0.45, 8.2, 3.45)
    years = np.array(found.years)
    draw_bands(axes, years, found.path, COLOURS[0])
    axes.plot(years, found.path[2], color=COLOURS[0], linewidth=2.4)
    axes.plot(years, found.path_failed[2], color=BASELINE, linewidth=1.8, linestyle="--")
    axes.axhline(found.goal, color=TARGET, linewidth=1.4)
    if rule is not None and rule.series == found.series:
        axes.plot([rule.year], [rule.threshold], marker="v", color=TARGET, markersize=9)
    axes.set_xticks(years, [str(year) for year in years])
    axes.set_xlim(years[0] - 0.1, years[-1] + 0.1)
    axes.set_ylim(bottom=0.0)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    page.write(MARGIN, 0.1, found.unit, 9.0, MUTED)
    page.finish()
    return page.figure


def decided(run: "Run", found: "Decided", *, lang: Lang = "both") -> Figure:
    """What decides an outcome: a bar for each cause, with its interval; the bars sum to one."""
    first = found.causes[0]
    title = Name(
        f"{found.name.zh}：{percent(first.share.median)} 取决于{first.name.zh}",
        f"{found.name.en}: first cause, {percent(first.share.median)}: {first.name.en}",
    )
    subtitle = Name(
        "方差份额（流量取对数）与 90 % 区间，合计为一",
        "Shares of variance (of logs for flows) with 90 % intervals; they sum to one",
    )
    shown, rest = found.causes[:SHOWN], found.causes[SHOWN:]
    bars = [(c.name, c.share.median, c.share.low, c.share.high) for c in shown]
    if rest:
        left = sum(c.share.median for c in rest)
        words = Name(f"其余 {len(rest)} 项合计", f"the other {len(rest)} together")
        bars.append((words, left, left, left))
    step = 0.5
    page = Page(lang, title, subtitle, body=step * len(bars) + 0.2, **foot(run))
    largest = max(0.05, *(high for *_, high in bars))
    left_edge, room = 4.0, 3.9
    for place, (name, share, low, high) in enumerate(bars):
        y = 0.25 + place * step
        name_row(page, name, y, left_edge - MARGIN - 0.2, sizes=(9.5, 8.0), down=(-0.085, 0.085))
        page.bar(left_edge, y - 0.1, max(share, 0.0) / largest * room, 0.2, COLOURS[0])
        begin, end = (left_edge + max(v, 0.0) / largest * room for v in (low, high))
        page.line(begin, y, end, y, INK)
        figures = f"{100.0 * share:.1f}%"
        if low < high:
            figures += f"  ({100.0 * low:.1f}, {100.0 * high:.1f})"
        page.write(end + 0.1, y, figures.replace("-", "−"), 9.0, MUTED)
    page.finish()
    return page.figure


def _walk(found: "Backtest", f: "Forecast") -> "Forecast | None":
    return next(
        (g for g in found.forecasts if g.method == "random_walk" and g.subject == f.subject
         and g.origin == f.origin and g.moment.id == f.moment.id),
        None,
    )  # fmt: skip


def _short(text: str, most: int) -> str:
    used, kept = 0, ""
    for letter in text:
        used += 2 if ord(letter) > 0x2E80 else 1
        if used > most:
            return kept.rstrip() + "…"
        kept += letter
    return kept


def drawn_for(watches: "Sequence[Watch]") -> "list[Watch]":
    """The targets that there is something to draw of."""
    return [item for item in watches if item.rules]
