"""The figures: pure functions from stored ensembles to matplotlib figures.

The title says the finding, the line under it says what is drawn, the foot says where it comes from and what may be
believed of it; labels step aside where they would touch. One scenario keeps one colour everywhere, the baseline is
grey, targets are red.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.observables import Observable, observable_of
from simulator.policy.ledger import ACCOUNTS, APPROPRIATED, ENVELOPE, YUAN
from simulator.registry import Name, Place, Registry
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.counted import pipelines
from simulator.reporting.figures.cross import cross
from simulator.reporting.figures.flows import flow
from simulator.reporting.figures.page import (
    COLOURS,
    FAINT,
    INK,
    LOST,
    MARGIN,
    MUTED,
    RULE,
    TARGET,
    TRACK,
    Page,
    colour_of,
    colours_of,
    foot,
    lighter,
    round_ticks,
    save,
    shorten,
    text_width,
    wrap,
)
from simulator.reporting.figures.sizes import firm_sizes
from simulator.reporting.figures.tiles import district_map
from simulator.reporting.wording import (
    amount,
    interval,
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
    JointScore,
    Probability,
    TargetScore,
    bar_on,
    construction_groups,
    goal_text,
    goals_of,
    joint,
    judged_at,
    met,
    probability,
    score,
)

__all__ = [
    "chains",
    "cross",
    "district_map",
    "districts",
    "fan",
    "firm_shapes",
    "firm_sizes",
    "flow",
    "money",
    "overlay",
    "pipelines",
    "save",
    "scorecard",
]

if TYPE_CHECKING:
    from simulator.experiments.store import Run
    from simulator.experiments.validation import Validation


MONEY_LEFT = 3.6


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
    low, below, middle, above, high = np.quantile(
        track.table, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0
    )
    axes.fill_between(track.times, low, high, color=colour, alpha=0.14, linewidth=0)
    axes.fill_between(track.times, below, above, color=colour, alpha=0.26, linewidth=0)
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


def scorecard(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Every target due in the run: probability with its interval, or why there is none.

    The revenue target is followed by its published figure, the benchmark L13 and the probability
    within each construction of the base value; targets that no plan holds stand apart at the end.
    """
    goals = goals_of(run)
    scores = score(goals, run)
    joints = joint(goals, run)
    colour = colour_of(run.scenario.stem)
    rows = _scorecard_rows(scores, joints, lang)
    title, subtitle = _scorecard_words(run, scores, joints)
    page = Page(lang, title, subtitle, body=sum(row.height for row in rows) + 0.45, **foot(run))
    _scorecard_scale(page, rows, 0.32)
    y = 0.42
    for row in rows:
        _scorecard_row(page, row, y, colour)
        y += row.height
    page.finish()
    return page.figure


def chains(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Core revenue of each chain: base year and last year, with 50 and 90 % ranges."""
    registry = run.library.registry
    rows = []
    for chain in registry.chains:
        series = f"chain_core_revenue[{chain.id}]"
        if series in run.series:
            rows.append(_Range(chain.name, 0, *_first_and_last(run, (series,))))
    if not rows:
        raise KeyError("the run holds no chain_core_revenue series")
    rows.sort(key=lambda row: -float(np.median(row.last)))
    years = (run.quarters[0].year, run.years[-1])
    lead = rows[0]
    share = percent(_share(lead.last, rows))
    ranked = sorted(rows, key=lambda row: row.growth(years), reverse=True)
    fast, rate = ranked[0], percent(ranked[0].growth(years))
    if len(ranked) > 1 and percent(ranked[1].growth(years)) == rate:
        growth = Name(zh="各链增速相近", en="the chains grow at similar rates")
    else:
        growth = Name(
            zh=f"“{fast.name.zh}”增长最快，年均 {rate}",
            en=f"fastest growth: {fast.name.en}, {rate} a year",
        )
    title = Name(
        zh=f"{years[1]} 年“{lead.name.zh}”约占核心营收的 {share}；{growth.zh}",
        en=f"{lead.name.en}: about {share} of core revenue in {years[1]}; {growth.en}",
    )
    return _ranges(run, rows, title, years, lang, logarithmic=False)


def districts(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Core revenue of each district with its functional zones, and of the zones under it.

    A firm in a zone is counted in the zone's series only; a district's row adds its zones.
    """
    registry = run.library.registry
    zones: dict[str, list[Place]] = {}
    for place in registry.places:
        if place.parent:
            zones.setdefault(place.parent, []).append(place)
    blocks = []
    for place in registry.places:
        if place.parent:
            continue
        inner = [z for z in zones.get(place.id, []) if _district(z.id) in run.series]
        series = [_district(p.id) for p in (place, *inner) if _district(p.id) in run.series]
        if not series:
            continue
        whole = _Range(place.name, 0, *_first_and_last(run, series))
        parts = [_Range(z.name, 1, *_first_and_last(run, (_district(z.id),))) for z in inner]
        parts.sort(key=lambda row: -float(np.median(row.last)))
        blocks.append((whole, parts))
    if not blocks:
        raise KeyError("the run holds no district_core_revenue series")
    blocks.sort(key=lambda block: -float(np.median(block[0].last)))
    rows = [row for whole, parts in blocks for row in (whole, *parts)]
    years = (run.quarters[0].year, run.years[-1])
    tops = [whole for whole, _ in blocks]
    first = percent(_share(tops[0].last, tops))
    three = percent(_share(np.sum([row.last for row in tops[:3]], axis=0), tops))
    title = Name(
        zh=f"{years[1]} 年{tops[0].name.zh}约占全市核心营收的 {first}，前三个区合计约 {three}",
        en=f"{tops[0].name.en} holds about {first} of the city's core revenue in {years[1]}, "
        f"the first three districts about {three}",
    )
    return _ranges(run, rows, title, years, lang, logarithmic=True)


def overlay(
    runs: Sequence[Ensemble],
    key: str = "core_revenue",
    *,
    lang: Lang = "both",
) -> Figure:
    """Several scenarios in one fan, and their paired differences to the first at the end.

    Members are paired by number: runs of different seeds are refused with ValueError, of different
    sizes are cut to the smallest.
    """
    if len(runs) < 2:
        raise ValueError("an overlay needs at least two runs")
    if len({run.seed for run in runs}) != 1:
        raise ValueError("runs with different seeds share no draws and cannot be paired")
    registry = runs[0].library.registry
    members = min(run.n for run in runs)
    tracks = [_track(run, key, registry, members) for run in runs]
    if any(track.times.shape != tracks[0].times.shape for track in tracks):
        raise ValueError("the runs cover different periods")
    colours = colours_of([run.scenario.stem for run in runs])
    line = _line_on(runs[0], key)
    steps = [_difference(track, tracks[0]) for track in tracks[1:]]
    title, subtitle = _overlay_words(runs, tracks, steps, line is not None)
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
        axes.plot(track.times, middle, color=colour, linewidth=2.3, solid_capstyle="round")
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


def firm_shapes(found: "Validation", *, lang: Lang = "both") -> Figure:
    """Growth rates of single firms against Laplace's law, and the tail of their sizes, on log axes."""
    by_id = {item.fact.id: item for item in found.judgements}
    shape, tail = by_id["SF04"].sample, by_id["SF01"].sample
    b = f"{shape.value:.2f}" if shape else "–"
    zeta = f"{tail.value:.2f}" if tail else "–"
    year = found.period.years[-1]
    title = Name(
        zh=f"企业增速形状 b = {b}（1 为拉普拉斯，2 为正态）；{year} 年规模上尾指数 {zeta}（1 为齐普夫）",
        en=f"Growth of firms: shape b = {b} (1 Laplace, 2 normal); size tail in {year}: "
        f"exponent {zeta} (1 is Zipf)",
    )
    subtitle = Name(
        zh=f"{found.name.zh}，{found.period}；左：年度对数增速减当年均值、除以规模组标准差；"
        "右：营收不低于某值的企业占比，每线一个成员",
        en=f"{found.name.en}, {found.period}; left: yearly log growth less the year's mean, over "
        "the sd of its size bin; right: share of firms at or above a revenue, a line a member",
    )
    footer = Name(
        zh=f"来源：simulate validate；{found.members} 个成员，种子 {found.seed}",
        en=f"Source: simulate validate; {found.members} members, seed {found.seed}",
    )
    page = Page(lang, title, subtitle, body=4.35, footer=footer)
    _growth_panel(page, page.axes(0.85, 0.35, 3.75, 3.3), found.shapes.growth)
    _tail_panel(page, page.axes(5.65, 0.35, 3.75, 3.3), found.shapes.sizes)
    page.finish()
    return page.figure


def _growth_panel(page: Page, axes: Axes, growth: Floats) -> None:
    edges = np.linspace(-6.0, 6.0, 61)
    counts, _ = np.histogram(growth, edges)
    centres = (edges[1:] + edges[:-1]) / 2.0
    density = counts / (len(growth) * (edges[1] - edges[0]))
    seen = density > 10.0**-5.1
    fine = np.linspace(-6.0, 6.0, 241)
    laplace = -np.log10(np.sqrt(2.0)) - np.sqrt(2.0) * np.abs(fine) / np.log(10.0)
    normal = -0.5 * np.log10(2.0 * np.pi) - 0.5 * fine**2 / np.log(10.0)
    axes.set_xlim(-6.2, 6.2)
    axes.set_ylim(-5.2, 0.25)
    for tick in range(-5, 1):
        axes.axhline(tick, color=RULE, linewidth=0.8, zorder=0)
    axes.set_yticks(range(-5, 1), [f"{10.0**k:.{-k}f}" for k in range(-5, 1)])
    axes.set_xticks(range(-6, 7, 2), [str(k).replace("-", "−") for k in range(-6, 7, 2)])
    axes.plot(fine[normal > -5.2], normal[normal > -5.2], color=FAINT, linewidth=1.2)
    axes.plot(fine, laplace, color=TARGET, linewidth=1.6)
    axes.plot(centres[seen], np.log10(density[seen]), "o", color=COLOURS[0], markersize=3.6)
    said_here = (
        (Name(zh="模型企业", en="model firms"), COLOURS[0]),
        (Name(zh="拉普拉斯", en="Laplace"), TARGET),
        (Name(zh="正态", en="normal"), FAINT),
    )
    for row, (name, colour) in enumerate(said_here):
        page.write(0.95, 0.45 + 0.2 * row, said(name, page.lang), 9.0, colour)
    words = Name(zh="密度（对数刻度）", en="density (log scale)")
    page.write(MARGIN, 0.14, said(words, page.lang), 9.0, MUTED)
    words = Name(zh="标准化增速（标准差）", en="standardised growth (sd)")
    page.write(2.72, 4.1, said(words, page.lang), 9.0, MUTED, ha="center")


def _tail_panel(page: Page, axes: Axes, sizes: Sequence[Floats]) -> None:
    top = max(float(row[0]) for row in sizes)
    ends = (-2, int(np.ceil(np.log10(top))))
    axes.set_xlim(ends[0] - 0.1, ends[1] + 0.1)
    axes.set_ylim(-3.8, 0.15)
    for tick in range(-3, 1):
        axes.axhline(tick, color=RULE, linewidth=0.8, zorder=0)
    axes.set_yticks(range(-3, 1), [f"{10.0**k:g}" for k in range(-3, 1)])
    axes.set_xticks(
        range(ends[0], ends[1] + 1), [f"{10.0**k:g}" for k in range(ends[0], ends[1] + 1)]
    )
    for row in sizes:
        share = np.arange(1, len(row) + 1) / len(row)
        axes.plot(np.log10(row), np.log10(share), color=COLOURS[0], linewidth=0.7, alpha=0.3)
    # Zipf's law as a rule to lay beside the curves, through one firm in ten at the median member.
    tenth = float(np.median([np.log10(row[len(row) // 10]) for row in sizes]))
    axes.plot([tenth - 0.2, tenth + 2.6], [-0.8, -3.6], color=TARGET, linewidth=1.6)
    zipf = Name(zh="齐普夫，斜率 −1", en="Zipf, slope −1")
    page.write(9.4, 0.65, said(zipf, page.lang), 9.0, TARGET, ha="right")
    each = Name(zh="每线一个成员", en="a line a member")
    page.write(9.4, 0.45, said(each, page.lang), 9.0, COLOURS[0], ha="right")
    words = Name(zh="企业占比（对数刻度）", en="share of firms (log scale)")
    page.write(5.15, 0.14, said(words, page.lang), 9.0, MUTED)
    words = Name(zh="营收 亿元（对数刻度）", en="revenue, 亿元 (log scale)")
    page.write(7.52, 4.1, said(words, page.lang), 9.0, MUTED, ha="center")


def money(run: "Run", *, lang: Lang = "both") -> Figure:
    """Where the budget goes: by kind of lever and year, and the accounts it is in at the end.

    From the double-entry ledger; medians over members, with 5–95 % lines where members differ.
    """
    from simulator.experiments.ledger import ledger_of

    ledger = ledger_of(run)
    # A kind's name may end in a remark in brackets, which a row has no room for.
    kinds = {
        kind.id: Name(kind.name.zh, kind.name.en.partition(" (")[0])
        for kind in run.library.registry.kinds
    }
    budget: dict[str, dict[int, Floats]] = {}
    for entry in ledger.entries:
        if (entry.source, entry.destination) == (ENVELOPE, APPROPRIATED):
            years = budget.setdefault(entry.kind, {})
            years[entry.year] = years.get(entry.year, 0.0) + entry.amount / YUAN
    first = [
        _money_row(kinds.get(kind, Name(zh=kind, en=kind)), years) for kind, years in budget.items()
    ]
    first.sort(key=lambda row: -row.total)
    by_year = [
        _money_row(Name(f"{year} 年", str(year)), {year: spent})
        for year in (ledger.years if ledger.adapted else ())
        for spent in [sum(years[year] for years in budget.values() if year in years)]
        if isinstance(spent, np.ndarray)
    ]
    last = [
        _money_row(account.name, {0: end}, account.role)
        for account in ACCOUNTS
        if account.role != "source"
        for end in [ledger.balance(account.key) / YUAN]
        if end.any()
    ]
    public = float(np.median(sum(sum(years.values()) for years in budget.values())))
    everything = -float(np.median(ledger.total("source"))) / YUAN
    unspent = float(np.median(ledger.total("held"))) / YUAN
    span = f"{run.years[1]}–{run.years[-1]}" if len(run.years) > 2 else f"{run.years[-1]}"
    put = Name(
        zh=f"各级预算安排 {number(public)}亿元；计入其他来源共"
        if first
        else "无新增预算；其他来源共",
        en=f"budgets put up {number(public)}亿元; with all other sources"
        if first
        else "no new budget; from other sources",
    )
    title = Name(
        zh=f"{span} 年{put.zh} {number(everything)}亿元，其中期末未用 {number(unspent)}亿元",
        en=f"{span}: {put.en} {number(everything)}亿元, of which {number(unspent)}亿元 is unspent "
        "at the end",
    )
    subtitle = Name(
        zh=f"{run.scenario.name.zh}；复式记账，每元有来源有去向；成员中位数，细线为 5–95%；工具规模多为假定",
        en=f"{run.scenario.name.en}; double entry, every yuan from one account to another; medians, thin "
        "lines 5–95%; most sizes of levers are assumed",
    )
    step = 0.42 if lang == "both" else 0.3
    parts = [rows for rows in (by_year, first, last) if rows]
    body = 0.55 * len(parts) + 0.5 + step * sum(map(len, parts))
    page = Page(lang, title, subtitle, body=body, **foot(run))
    y = 0.1
    if by_year:
        head = Name(zh="各级预算按年度（自适应）", en="Budgets by year (adaptive)")
        y = _money_rows(page, head, by_year, y, step, COLOURS[0])
    if first:
        head = Name(
            zh="各级预算按工具类别（每段一年）", en="Budgets by kind of lever (a segment a year)"
        )
        y = _money_rows(page, head, first, y, step, COLOURS[0])
    head = Name(
        zh="期末各账户，对数刻度（紫已付，浅未用，橙流失）",
        en="Accounts at the end, log scale (violet paid, light unspent, orange lost)",
    )
    _money_accounts(page, head, last, y, step)
    page.finish()
    return page.figure


class _Money(NamedTuple):
    """A row of the money figure: amounts by year in 亿元, and a 5–95 % range."""

    name: Name
    amounts: tuple[tuple[int, float], ...]
    spread: tuple[float, float] | None
    role: str = "received"

    @property
    def total(self) -> float:
        """All years together."""
        return sum(amount for _, amount in self.amounts)


def _money_row(name: Name, years: Mapping[int, Floats], role: str = "received") -> _Money:
    """A row of medians by year, with the 5–95 % range of all years together."""
    low, high = np.quantile(np.sum(list(years.values()), axis=0), (0.05, 0.95)).tolist()
    amounts = tuple((year, float(np.median(amount))) for year, amount in sorted(years.items()))
    return _Money(name, amounts, (low, high), role)


def _money_rows(
    page: Page, head: Name, rows: Sequence[_Money], y: float, step: float, colour: str
) -> float:
    """Bars of one half of the money figure; returns where the next half starts."""
    _money_head(page, head, y)
    left, room = MONEY_LEFT, 4.9
    ends = [max(row.total, row.spread[1] if row.spread else 0.0) for row in rows]
    largest = max(ends, default=0.0) or 1.0
    y += 0.3
    for row in rows:
        middle = y + step / 2
        _money_words(page, row, middle)
        x = left
        whole = room * row.total / largest
        # Gaps between years, as long as the bar is wide enough to show them.
        parts = [part for _, part in row.amounts] if whole > 0.15 else [row.total]
        for part in parts:
            width = room * part / largest
            page.bar(x, middle - 0.085, max(width - 0.025, 0.6 * width, 0.008), 0.17, colour)
            x += width
        if row.spread and row.spread[1] - row.spread[0] > 1e-6:
            low, high = (left + room * end / largest for end in row.spread)
            page.rule(low, high, middle, INK, 1.0)
        y += step
    return y + 0.3


def _money_accounts(page: Page, head: Name, rows: Sequence[_Money], y: float, step: float) -> None:
    """A dot for each account with its range, on a scale of logarithms: accounts differ a thousandfold."""
    _money_head(page, head, y)
    left, room = MONEY_LEFT + 0.1, 4.7
    amounts = [row.total for row in rows if row.total > 0.0] or [1.0]
    ends = [*amounts, *(row.spread[1] for row in rows if row.spread and row.spread[1] > 0.0)]
    low = min(math.floor(math.log10(min(amounts))), math.ceil(math.log10(max(ends))) - 1)
    high = max(math.ceil(math.log10(max(ends))), low + 1)

    def x(amount: float) -> float:
        share = (math.log10(max(amount, 10.0**low)) - low) / (high - low)
        return left + room * share

    y += 0.3
    for power in range(low, high + 1):
        page.upright(x(10.0**power), y, y + step * len(rows), RULE)
        page.write(
            x(10.0**power),
            y + step * len(rows) + 0.13,
            number(10.0**power),
            9.0,
            MUTED,
            ha="center",
        )
    tones = {"received": COLOURS[3], "held": lighter(COLOURS[3])}
    for row in rows:
        middle = y + step / 2
        _money_words(page, row, middle)
        tone = tones.get(row.role, LOST)
        if row.spread and row.spread[1] > 0.0:
            page.rule(x(row.spread[0]), x(row.spread[1]), middle, tone, 2.0)
        if row.total > 0.0:
            page.dot(x(row.total), middle, tone, 7.5)
        y += step


def _money_head(page: Page, head: Name, y: float) -> None:
    page.write(MARGIN, y + 0.08, shorten(said(head, page.lang), 8.6, 9.5), 9.5, MUTED)
    page.write(9.55, y + 0.08, "亿元", 9.0, MUTED, ha="right")
    page.rule(MARGIN, page.width - MARGIN, y + 0.24)


def _money_words(page: Page, row: _Money, middle: float) -> None:
    """The name of a row and its figures."""
    words = lines(row.name, page.lang)
    for place, text in enumerate(words):
        down = 0.17 * (place - (len(words) - 1) / 2)
        size, ink = (9.5, INK) if place == 0 else (8.0, MUTED)
        page.write(MARGIN, middle + down, shorten(text, MONEY_LEFT - 0.6, size), size, ink)
    figures = number(row.total)
    if row.spread and row.spread[1] - row.spread[0] > 1e-6:
        figures += f"  ({number(row.spread[0])}–{number(row.spread[1])})"
    page.write(9.55, middle, figures, 9.0, INK, ha="right")


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


class _Range(NamedTuple):
    """One row of a range chart: the members' figures in the first and in the last year."""

    name: Name
    depth: int
    first: Floats
    last: Floats

    def growth(self, years: tuple[int, int]) -> float:
        """Growth a year of the median between two years; zero where the base is empty."""
        base, end = float(np.median(self.first)), float(np.median(self.last))
        span = years[1] - years[0]
        return (end / base) ** (1.0 / span) - 1.0 if base > 0.0 and span > 0 else 0.0


class _Difference(NamedTuple):
    """Paired difference of the last figure to the first run: mean, its 95 % error, quantiles."""

    mean: float
    half_width: float
    low: float
    high: float
    relative: float


class _Row(NamedTuple):
    """One line of the scorecard; `kind` is head, target, minor or empty (no probability).

    `words` are the wrapped lines of the name with their sizes, `note` is the goal.
    """

    kind: str
    words: tuple[tuple[str, float], ...]
    note: str
    height: float
    found: Probability | None = None
    value: float | None = None
    text: Name | None = None
    colour: str = ""


def _series_name(key: str, observable: Observable, registry: Registry) -> Name:
    """The name of a series, with the chain or place of one that has a dimension."""
    member = key.partition("[")[2].rstrip("]")
    if not member:
        return observable.name
    if observable.dimension == "target":
        zh, en = registry.target(member).name
        return Name(zh=f"{zh}·{observable.name.zh}", en=f"{en}: {observable.name.en}")
    find = registry.chain if observable.dimension == "chain" else registry.place
    where = find(member)
    zh, en = where.name
    if any(place.parent == where.id for place in registry.places):
        # Firms in a zone are in the zone's series only: 21亿元 must not pass for all of Binhai.
        zh, en = f"{zh}（不含区内功能区）", f"{en} without its zones"
    return Name(zh=f"{zh}·{observable.name.zh}", en=f"{en}: {observable.name.en}")


def _track(run: Ensemble, key: str, registry: Registry, members: int | None = None) -> _Track:
    if key not in run.series:
        raise KeyError(f"the run holds no series {key}")
    observable = observable_of(key)
    quarterly = run.values(key)[:members]
    name = _series_name(key, observable, registry)
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


def _bases(run: Ensemble) -> tuple[_Base, ...]:
    groups = construction_groups(run)
    base = run.parameters("base_core_revenue") if groups else np.empty(0)
    return tuple(_Base(group.name, float(np.median(base[group.inside]))) for group in groups)


def _first_and_last(run: Ensemble, series: Sequence[str]) -> tuple[Floats, Floats]:
    """Sum of the series in the founding quarter and in the last year, for each member."""
    first: Floats = np.sum([run.values(key)[:, 0] for key in series], axis=0)
    last: Floats = np.sum([run.annual(key)[:, -1] for key in series], axis=0)
    return first, last


def _share(part: Floats, rows: Sequence[_Range]) -> float:
    """Median over members of a part's share in the total; zero where all is empty."""
    total = np.sum([row.last for row in rows], axis=0)
    return float(np.median(np.divide(part, total, out=np.zeros_like(part), where=total > 0.0)))


def _district(place: str) -> str:
    return f"district_core_revenue[{place}]"


def _difference(track: _Track, other: _Track) -> _Difference:
    gap = track.table[:, -1] - other.table[:, -1]
    mean = float(gap.mean())
    error = 1.96 * float(gap.std(ddof=1)) / float(np.sqrt(gap.size)) if gap.size > 1 else 0.0
    low, high = np.quantile(gap, [0.05, 0.95])
    base = float(other.table[:, -1].mean())
    return _Difference(mean, error, float(low), float(high), mean / base if base else 0.0)


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


def _frame(page: Page, axes: Axes, track: _Track, ceiling: float, *, room_left: bool) -> None:
    """Scale, horizontal rules and year marks of a chart over time."""
    years = sorted({int(np.ceil(t)) for t in track.times})
    every = max(1, len(years) // 8)
    span = float(track.times[-1] - track.times[0])
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
    axes.set_yticks(ticks, [number(tick) for tick in ticks])
    for tick in ticks:
        axes.axhline(tick, color=RULE, linewidth=0.8 if tick else 1.2, zorder=0)


def _unit_above(page: Page, axes: Axes, unit: str) -> None:
    box = axes.get_position()
    page.write(
        MARGIN,
        (1.0 - box.y1) * page.height - page.top - 0.2,
        unit_text(unit, page.lang),
        9.0,
        MUTED,
    )


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


def _scorecard_words(
    run: Ensemble, scores: Sequence[TargetScore], joints: Sequence[JointScore]
) -> tuple[Name, Name]:
    plan = [item for item in scores if not item.extra]
    scored = [item for item in plan if item.probability is not None]
    lead = next((item for item in scored if item.metric == "core_revenue"), None)
    lead = lead or (scored[0] if scored else None)
    zh = f"{len(plan)} 项目标中目前可评估 {len(scored)} 项"
    en = f"{len(scored)} of {len(plan)} targets can be judged so far"
    if lead is not None and lead.probability is not None:
        chance, verb = percent(lead.probability.value), passing(lead.comparator)
        aim = amount(lead.value, lead.unit, "zh")
        zh = f"{lead.year} 年{lead.name.zh}{verb.zh} {aim}的概率 {chance}；{zh}"
        aim = amount(lead.value, lead.unit, "en")
        en = f"{lead.name.en}: {chance} chance of {verb.en} {aim} in {lead.year}; {en}"
    return Name(zh=zh, en=en), Name(
        zh=f"{run.scenario.name.zh}；横条为达成概率，细线为 95% 蒙特卡洛区间",
        en=f"{run.scenario.name.en}; bars: probability of reaching the target, "
        "thin line: 95% Monte Carlo interval",
    )


def _scorecard_rows(
    scores: Sequence[TargetScore], joints: Sequence[JointScore], lang: Lang
) -> list[_Row]:
    rows: list[_Row] = []
    plan = [item for item in scores if not item.extra]
    for item in plan:
        if item.probability is not None:
            rows += _scored_rows(item, lang)
    for both in joints:
        if len(both.keys) > 1:
            name = Name(
                zh=f"以上 {len(both.keys)} 项同时达到", en=f"All {len(both.keys)} of these together"
            )
            rows.append(_row("target", name, "", lang, found=both.probability))
    for status, head in (
        ("not_modelled", Name(zh="尚未建模", en="Not modelled yet")),
        ("input", Name(zh="政策投入：看是否到位", en="Policy inputs: delivered or not")),
        ("by_hand", Name(zh="人工评分", en="Scored by hand")),
    ):
        some = [item for item in plan if item.status == status]
        if some:
            rows.append(_row("head", head, "", lang))
        rows += [_row("empty", i.name, _aim(i, lang), lang, text=i.reason) for i in some]
    apart = [item for item in scores if item.extra]
    if apart:
        head = Name(zh="情景另加、不属于规划的目标", en="Added by the scenario, in no plan")
        rows.append(_row("head", head, "", lang))
    for item in apart:
        if item.probability is None:
            rows.append(_row("empty", item.name, _aim(item, lang), lang, text=item.reason))
        else:
            rows.append(_row("target", item.name, _aim(item, lang), lang, found=item.probability))
    return rows


def _row(
    kind: str,
    name: Name,
    note: str,
    lang: Lang,
    *,
    found: Probability | None = None,
    value: float | None = None,
    text: Name | None = None,
) -> _Row:
    """A row with its name wrapped to the column, and as tall as that needs."""
    if kind == "head":
        return _Row(kind, ((said(name, lang, "  "), 9.5),), note, 0.44)
    if kind == "minor":
        return _Row(kind, ((said(name, lang, "  "), 8.5),), note, 0.27, found, value)
    room = _BAR_X - 0.2 - MARGIN
    beside = room - (text_width(note, 9.5) + 0.15 if note else 0.0)
    words: tuple[tuple[str, float], ...] = ()
    for place, part in enumerate(lines(name, lang)):
        size = 10.5 if place == 0 else 8.5
        # The goal stands beside the first line, so that one is the narrower.
        words += tuple((w, size) for w in wrap(part, beside if place == 0 else room, size))
    height = sum(size for _, size in words) / 72 * 1.4 + 0.16
    return _Row(kind, words, note, max(height, 0.36), found, value, text)


def _aim(item: TargetScore, lang: Lang) -> str:
    """The goal beside a name; in English counts go without their Chinese measure word."""
    unit = "" if lang == "en" and item.unit != "亿元" else item.unit
    return goal_text(item.comparator, item.value, item.value_high, unit).replace(" ", "")


def _scored_rows(item: TargetScore, lang: Lang) -> list[_Row]:
    rows = [_row("target", item.name, _aim(item, lang), lang, found=item.probability)]
    if item.published is not None:
        name = Name(zh="按公布口径（含口径漂移）", en="as published, with definition drift")
        rows.append(_row("minor", name, "", lang, found=item.published))
    if item.benchmark is not None:
        name = Name(zh="简单基准（几何布朗运动）", en="naive benchmark (GBM)")
        rows.append(_row("minor", name, "", lang, value=item.benchmark))
    for part in item.by_construction:
        name = Name(
            zh=f"基期 {number(part.base)}亿元：{part.name.zh}",
            en=f"base {number(part.base)}亿元: {part.name.en}",
        )
        rows.append(_row("minor", name, "", lang, found=part.probability))
    return rows


_BAR_X, _BAR_W, _VALUE_X = 5.0, 3.3, 8.45


def _scorecard_scale(page: Page, rows: Sequence[_Row], y: float) -> None:
    """The scale of the bars, written once above them."""
    for share in (0.0, 0.5, 1.0):
        page.write(_BAR_X + share * _BAR_W, y - 0.14, percent(share), 8.5, FAINT, ha="center")
    page.rule(MARGIN, page.width - MARGIN, y)


def _scorecard_row(page: Page, row: _Row, y: float, colour: str) -> None:
    middle = y + row.height / 2
    if row.kind == "head":
        page.write(MARGIN, y + row.height - 0.14, row.words[0][0], row.words[0][1], MUTED)
        page.rule(MARGIN, page.width - MARGIN, y + row.height - 0.01)
        return
    if row.kind == "minor":
        page.write(MARGIN + 0.22, middle, row.words[0][0], row.words[0][1], MUTED)
    else:
        _row_name(page, row, middle)
    if row.text is not None:
        words = "\n".join(lines(row.text, page.lang))
        page.write(_BAR_X, middle, words, 8.5 if page.lang == "both" else 9.0, FAINT)
        return
    share = row.found.value if row.found else row.value or 0.0
    thick = 0.08 if row.kind == "minor" else 0.17
    page.bar(_BAR_X, middle - thick / 2, _BAR_W, thick, TRACK)
    fill = colour if row.kind == "target" else lighter(colour)
    page.bar(_BAR_X, middle - thick / 2, _BAR_W * share, thick, fill)
    if row.found is not None:
        x0, x1 = _BAR_X + row.found.low * _BAR_W, _BAR_X + row.found.high * _BAR_W
        page.rule(x0, x1, middle, INK, 1.1)
        for x in (x0, x1):
            page.upright(x, middle - 0.04, middle + 0.04, INK, 1.1)
    size = 9.0 if row.kind == "minor" else 12.0
    page.write(_VALUE_X + 0.48, middle, percent(share), size, INK, ha="right")
    if row.found is not None:
        page.write(_VALUE_X + 0.56, middle, interval(row.found), 8.5, MUTED)


def _row_name(page: Page, row: _Row, middle: float) -> None:
    """The lines of a target's name, centred, with its goal at the right end of the first."""
    y = middle - sum(size for _, size in row.words) / 72 * 1.4 / 2
    for place, (text, size) in enumerate(row.words):
        step = size / 72 * 1.4
        first = size == row.words[0][1]
        page.write(MARGIN, y + step / 2, text, size, INK if first else MUTED)
        if row.note and place == 0:
            page.write(_BAR_X - 0.2, y + step / 2, row.note, 9.5, MUTED, ha="right")
        y += step


def _ranges(
    run: Ensemble,
    rows: Sequence[_Range],
    title: Name,
    years: tuple[int, int],
    lang: Lang,
    *,
    logarithmic: bool,
) -> Figure:
    """Rows with a dot for the base year, a dot with ranges for the last year, and the numbers."""
    unit = unit_text("亿元", lang)
    top = max(float(np.quantile(row.last, 0.95)) for row in rows)
    logarithmic = logarithmic and top > 0.0
    scale = Name(zh="，对数刻度" if logarithmic else "", en=", log scale" if logarithmic else "")
    subtitle = Name(
        zh=f"{run.scenario.name.zh}；核心营收{scale.zh}；空心点 {years[0]} 年中位数，"
        f"实心点 {years[1]} 年中位数，粗线 50%、细线 90% 的成员",
        en=f"{run.scenario.name.en}; core revenue{scale.en}; hollow dot: median {years[0]}, "
        f"solid dot: median {years[1]}, thick line 50%, thin line 90% of members",
    )
    left = 3.75 if lang == "both" else 3.2 if lang == "en" else 2.3
    tight = len(rows) > 10
    names = [_range_name(row, lang, left - 0.2 - MARGIN - 0.2 * row.depth, tight) for row in rows]
    rises = [0.155 * (len({y for _, _, y, *_ in words}) - 1) for words in names]
    heights = [0.29 + rise if tight else 0.5 for rise in rises]
    page = Page(lang, title, subtitle, body=0.55 + sum(heights), **foot(run))
    colour = colour_of(run.scenario.stem)
    right = 6.85
    floor = 0.0
    if logarithmic:
        smallest = min(float(np.quantile(row.last, 0.05)) for row in rows)
        floor = 10.0 ** np.floor(np.log10(max(smallest, top / 2e3)))
        ticks = [10.0**p for p in range(int(np.log10(floor)), int(np.ceil(np.log10(top))) + 1)]
        top = ticks[-1]
    else:
        ticks = round_ticks(top * 1.02)
        top = max(top * 1.02, ticks[-1])

    def across(value: float) -> float:
        share = value / top
        if logarithmic:
            share = float(np.log(max(value, floor) / floor) / np.log(top / floor))
        return left + min(share, 1.0) * (right - left)

    head = 0.42
    bottom = head + sum(heights) + 0.06
    for tick in ticks:
        page.upright(across(tick), head, bottom, RULE)
        page.write(across(tick), head - 0.1, number(tick), 8.5, FAINT, ha="center")
    page.write(MARGIN, head - 0.1, unit, 8.5, FAINT)
    headings = (str(years[0]), str(years[1]), "5–95%", said(Name(zh="年均", en="/yr"), lang))
    columns = (7.5, 8.05, 8.9, 9.55)
    for x, text in zip(columns, headings, strict=True):
        page.write(x, head - 0.1, text, 8.5, FAINT, ha="right")
    y = head + 0.05
    for row, words, height in zip(rows, names, heights, strict=True):
        y += height / 2
        low, below, middle, above, high = (
            float(q) for q in np.quantile(row.last, [0.05, 0.25, 0.5, 0.75, 0.95])
        )
        tint = colour if row.depth == 0 else lighter(colour)
        for text, x, down, size, tone in words:
            page.write(MARGIN + 0.2 * row.depth + x, y + down, text, size, tone)
        page.rule(across(low), across(high), y, tint, 1.3)
        page.rule(across(below), across(above), y, tint, 4.5)
        base = float(np.median(row.first))
        page.dot(across(base), y, tint, 6.0, hollow=True)
        page.dot(across(middle), y, tint, 8.0)
        ink = INK if row.depth == 0 else MUTED
        growth = f"{row.growth(years) * 100:+.0f}%" if base > 0.0 else "–"
        cells = (number(base), number(middle), f"{number(low)}–{number(high)}", growth)
        for place_x, text, tone in zip(columns, cells, (MUTED, ink, MUTED, MUTED), strict=True):
            page.write(place_x, y, text, 9.0 if tight else 10.0, tone, ha="right")
        y += height / 2
    page.finish()
    return page.figure


def _range_name(
    row: _Range, lang: Lang, room: float, tight: bool
) -> list[tuple[str, float, float, float, str]]:
    """The name of a row as texts: words, shift right and down in inches, size, colour.

    In a tight chart both languages share a line where they fit, else they stand on two.
    """
    ink = INK if row.depth == 0 else MUTED
    size = (9.5 if row.depth == 0 else 8.5) if tight else 10.5
    words = lines(row.name, lang)
    if len(words) == 2 and tight:
        start = text_width(words[0], size) + 0.1
        if start + text_width(words[1], size - 1.5) <= room:
            return [(words[0], 0.0, 0.0, size, ink), (words[1], start, 0.0, size - 1.5, MUTED)]
    parts = []
    for place, text in enumerate(words):
        own = size - 2.0 * place if not tight else size - 1.0 * place
        parts += [
            (part, own, INK if row.depth == 0 and place == 0 else MUTED)
            for part in wrap(text, room, own)
        ]
    gap = 0.185 if not tight else 0.155
    first = -gap * (len(parts) - 1) / 2
    return [(text, 0.0, first + gap * i, own, tone) for i, (text, own, tone) in enumerate(parts)]


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
    return Name(zh=zh, en=en), Name(
        zh=f"{tracks[0].name.zh}；线为中位数，浅带含首个情景 50% 的成员{chance.zh}",
        en=f"{tracks[0].name.en}; lines: medians, band: 50% of members of the first{chance.en}",
    )


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
        words = lines(run.scenario.name, page.lang)
        shift = 0.09 if len(words) == 2 else 0.0
        for n, text in enumerate(words):
            size = 10.5 if n == 0 else 8.5
            spot = at - shift + 2 * n * shift
            page.write(
                MARGIN, spot, shorten(text, left - 0.7, size), size, INK if n == 0 else MUTED
            )
        page.rule(across(gap.low), across(gap.high), at, colour, 1.3)
        page.rule(
            across(gap.mean - gap.half_width), across(gap.mean + gap.half_width), at, colour, 6.0
        )
        page.dot(across(gap.mean), at, colour, 6.5)
        text = f"{number(gap.mean, sign=True)} ± {number(gap.half_width)}"
        page.write(page.width - MARGIN, at, text, 10.5, INK, ha="right")
