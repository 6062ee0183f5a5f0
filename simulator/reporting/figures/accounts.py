"""Where the budget goes, by kind of lever and by year, and the accounts it is in at the end."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from simulator.policy.ledger import ACCOUNTS, APPROPRIATED, ENVELOPE, YUAN
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.figures.page import (
    COLOURS,
    INK,
    LOST,
    MARGIN,
    MUTED,
    RULE,
    Page,
    foot,
    lighter,
    shorten,
)
from simulator.reporting.figures.rows import name_row
from simulator.reporting.wording import number, said
from simulator.targets import Floats

if TYPE_CHECKING:
    from simulator.experiments.store import Run

LEFT = 3.6


class _Row(NamedTuple):
    """A row of the money figure: amounts by year in 亿元, and a 5–95 % range."""

    name: Name
    amounts: tuple[tuple[int, float], ...]
    spread: tuple[float, float]
    role: str = "received"

    @property
    def total(self) -> float:
        """All years together."""
        return sum(amount for _, amount in self.amounts)


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
    first = [_row(kinds.get(kind, Name(zh=kind, en=kind)), years) for kind, years in budget.items()]
    first.sort(key=lambda row: -row.total)
    by_year = [
        _row(Name(f"{year} 年", str(year)), {year: spent})
        for year in (ledger.years if ledger.adapted else ())
        for spent in [sum(years[year] for years in budget.values() if year in years)]
        if isinstance(spent, np.ndarray)
    ]
    last = [
        _row(account.name, {0: end}, account.role)
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
        y = _budgets(page, head, by_year, y, step)
    if first:
        head = Name(
            zh="各级预算按工具类别（每段一年）", en="Budgets by kind of lever (a segment a year)"
        )
        y = _budgets(page, head, first, y, step)
    head = Name(
        zh="期末各账户，对数刻度（紫已付，浅未用，橙流失）",
        en="Accounts at the end, log scale (violet paid, light unspent, orange lost)",
    )
    _accounts(page, head, last, y, step)
    page.finish()
    return page.figure


def _row(name: Name, years: Mapping[int, Floats], role: str = "received") -> _Row:
    """A row of medians by year, with the 5–95 % range of all years together."""
    low, high = np.quantile(np.sum(list(years.values()), axis=0), (0.05, 0.95)).tolist()
    amounts = tuple((year, float(np.median(amount))) for year, amount in sorted(years.items()))
    return _Row(name, amounts, (low, high), role)


def _budgets(page: Page, head: Name, rows: Sequence[_Row], y: float, step: float) -> float:
    """Bars of one part of the figure; returns where the next part starts."""
    _head(page, head, y)
    left, room = LEFT, 4.9
    ends = [max(row.total, row.spread[1]) for row in rows]
    largest = max(ends, default=0.0) or 1.0
    y += 0.3
    for row in rows:
        middle = y + step / 2
        _name_and_figures(page, row, middle)
        x = left
        whole = room * row.total / largest
        # Gaps between years, as long as the bar is wide enough to show them.
        parts = [part for _, part in row.amounts] if whole > 0.15 else [row.total]
        for part in parts:
            width = room * part / largest
            page.bar(x, middle - 0.085, max(width - 0.025, 0.6 * width, 0.008), 0.17, COLOURS[0])
            x += width
        if row.spread[1] - row.spread[0] > 1e-6:
            low, high = (left + room * end / largest for end in row.spread)
            page.rule(low, high, middle, INK, 1.0)
        y += step
    return y + 0.3


def _accounts(page: Page, head: Name, rows: Sequence[_Row], y: float, step: float) -> None:
    """A dot for each account with its range, on a scale of logarithms: accounts differ a thousandfold."""
    _head(page, head, y)
    left, room = LEFT + 0.1, 4.7
    amounts = [row.total for row in rows if row.total > 0.0] or [1.0]
    ends = [*amounts, *(row.spread[1] for row in rows if row.spread[1] > 0.0)]
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
        _name_and_figures(page, row, middle)
        tone = tones.get(row.role, LOST)
        if row.spread[1] > 0.0:
            page.rule(x(row.spread[0]), x(row.spread[1]), middle, tone, 2.0)
        if row.total > 0.0:
            page.dot(x(row.total), middle, tone, 7.5)
        y += step


def _head(page: Page, head: Name, y: float) -> None:
    page.write(MARGIN, y + 0.08, shorten(said(head, page.lang), 8.6, 9.5), 9.5, MUTED)
    page.write(9.55, y + 0.08, "亿元", 9.0, MUTED, ha="right")
    page.rule(MARGIN, page.width - MARGIN, y + 0.24)


def _name_and_figures(page: Page, row: _Row, middle: float) -> None:
    """The name of a row and its figures."""
    name_row(page, row.name, middle, LEFT - 0.6, sizes=(9.5, 8.0), down=(-0.085, 0.085))
    figures = number(row.total)
    if row.spread[1] - row.spread[0] > 1e-6:
        figures += f"  ({number(row.spread[0])}–{number(row.spread[1])})"
    page.write(9.55, middle, figures, 9.0, INK, ha="right")
