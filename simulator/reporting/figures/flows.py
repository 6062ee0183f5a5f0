"""Money from fund to firm: who puts it up, through which pot it goes, who has it at the end, and what is lost.

The pots are accounts of the budget ledger taken together. Amounts are whole yuan summed over members, so that every pot
gives on exactly what it got, less what is unspent in it; what is drawn and printed is the mean of a member.
"""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from simulator.policy.ledger import (
    ACCOUNTS,
    ADMINISTRATION,
    AI_MONEY,
    APPROPRIATED,
    CARRIED_OVER,
    CITY_BUDGET,
    COMMITTED,
    DELIVERY,
    ELSEWHERE,
    ENVELOPE,
    FIRMS,
    FUND_ELSEWHERE,
    FUND_PARTNERS,
    GRANTS,
    LAPSED,
    LOCAL,
    MISUSED,
    OPENED,
    OTHER_SECTORS,
    OWNERS,
    PAID_IN,
    PRIVATE,
    WAITING,
    YUAN,
    Ledger,
)
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.figures.page import (
    BASELINE,
    COLOURS,
    INK,
    LOST,
    MARGIN,
    MUTED,
    Page,
    foot,
    wrap,
)
from simulator.reporting.wording import lines, number

if TYPE_CHECKING:
    from simulator.experiments.store import Run

BUDGETS: Final = "budgets"
PROJECTS: Final = "projects"
FUNDS: Final = "funds"
UNSPENT: Final = "unspent"
POTS: Final[Mapping[str, tuple[str, ...]]] = {
    BUDGETS: (ENVELOPE, APPROPRIATED),
    PROJECTS: (OPENED,),
    FUNDS: (COMMITTED, PAID_IN, AI_MONEY, WAITING),
}
"""Accounts that hold money on its way, taken together as a reader thinks of them."""
NAMES: Final[Mapping[str, Name]] = {account.key: account.name for account in ACCOUNTS} | {
    BUDGETS: Name("预算", "budgets"),
    PROJECTS: Name("场景与工程项目", "projects opened"),
    FUNDS: Name("产业基金", "funds"),
    UNSPENT: Name("期末未用", "unspent at the end"),
}
COLUMNS: Final = (
    (CITY_BUDGET, OWNERS, CARRIED_OVER, FUND_PARTNERS, PRIVATE),
    (BUDGETS,),
    (PROJECTS, FUNDS),
    (
        DELIVERY, GRANTS, MISUSED, ADMINISTRATION, LAPSED, LOCAL, ELSEWHERE, UNSPENT, OTHER_SECTORS,
        FUND_ELSEWHERE, FIRMS,
    ),
)  # fmt: skip
"""Nodes from left to right, each column from the top."""
LOSSES: Final = (MISUSED, ADMINISTRATION, LAPSED)
_COLUMN: Final = {node: n for n, column in enumerate(COLUMNS) for node in column}
_RANK: Final = {node: n for column in COLUMNS for n, node in enumerate(column)}
_X: Final = (2.3, 3.85, 5.35, 7.05)
_WIDE: Final = 0.13
TALL: Final = 3.1  # inches that all the money fills together
_GAP: Final = 0.1


class Flow(NamedTuple):
    """Money from one node to another, in yuan of all members together."""

    source: str
    destination: str
    yuan: int


class MoneyFlow(NamedTuple):
    """All flows of a ledger, and how many members they are summed over."""

    flows: tuple[Flow, ...]
    members: int

    def into(self, node: str) -> int:
        """What enters a node, in yuan of all members together."""
        return sum(flow.yuan for flow in self.flows if flow.destination == node)

    def out_of(self, node: str) -> int:
        """What leaves a node, in yuan of all members together."""
        return sum(flow.yuan for flow in self.flows if flow.source == node)

    def mean(self, yuan: int) -> float:
        """Of an amount of all members together that of the mean member, 亿元."""
        return yuan / self.members / YUAN


def money_flow(ledger: Ledger) -> MoneyFlow:
    """The flows between sources, pots and ends; what pots still hold goes to `UNSPENT`."""
    pot_of = {account: pot for pot, accounts in POTS.items() for account in accounts}
    sums: dict[tuple[str, str], int] = {}
    for entry in ledger.entries:
        source = pot_of.get(entry.source, entry.source)
        destination = pot_of.get(entry.destination, entry.destination)
        if source != destination:
            pair = source, destination
            sums[pair] = sums.get(pair, 0) + int(entry.amount.sum())
    for pot, accounts in POTS.items():
        left = sum(int(ledger.balance(account).sum()) for account in accounts)
        sums[pot, UNSPENT] = left
    order = sorted(sums, key=lambda pair: (_COLUMN[pair[0]], _RANK[pair[0]], _RANK[pair[1]]))
    flows = tuple(Flow(*pair, sums[pair]) for pair in order if sums[pair])
    return MoneyFlow(flows, ledger.members)


def flow(run: "Run", *, lang: Lang = "both") -> Figure:
    """Ribbons as wide as the money that goes through them, from who puts it up to who has it at the end.

    KeyError for a run without fund series, ValueError for one without any money.
    """
    from simulator.experiments.ledger import ledger_of

    found = money_flow(ledger_of(run))
    if not found.flows:
        raise ValueError("no money moves in this run")
    title, subtitle = _words(run, found)
    placed = layout(found, lang)
    page = Page(lang, title, subtitle, body=placed.bottom + 0.1, **foot(run))
    for ribbon in placed.ribbons:
        _ribbon(page, ribbon)
    for node, (top, height) in placed.nodes.items():
        x = _X[_COLUMN[node]]
        page.bar(x, top, _WIDE, max(height, 0.012), _colour(node))
    _labels(page, found, placed, lang)
    page.finish()
    return page.figure


class Ribbon(NamedTuple):
    """A band between two columns: x and top of both ends in inches, and its width."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    colour: str


class Layout(NamedTuple):
    """Where nodes lie (top and height in inches from the top of the body), all ribbons, and the lowest label."""

    nodes: dict[str, tuple[float, float]]
    ribbons: list[Ribbon]
    labels: dict[str, float]
    bottom: float


def layout(found: MoneyFlow, lang: Lang) -> Layout:
    """Lay columns out from the top; a flow that passes a column keeps a lane of its own width there."""
    sources = [node for node in COLUMNS[0] if found.out_of(node)]
    scale = TALL / sum(found.out_of(node) for node in sources)
    # Where each flow crosses each column it passes: nodes and lanes in one order from the top.
    tops: dict[tuple[str, str, int], float] = {}
    nodes: dict[str, tuple[float, float]] = {}
    label = 0.4 if lang == "both" else 0.24
    labels: dict[str, float] = {}
    bottoms = []
    for n, column in enumerate(COLUMNS):
        lanes = [f for f in found.flows if _COLUMN[f.source] < n < _COLUMN[f.destination]]
        held = [node for node in column if found.into(node) or found.out_of(node)]
        order: list[tuple[tuple[float, float], str | Flow]] = [
            ((_place(node), 0.0), node) for node in held
        ]
        order += [((_lane(n, lane), _RANK[lane.destination]), lane) for lane in lanes]
        y = 0.3
        for _, item in sorted(order, key=lambda pair: pair[0]):
            if isinstance(item, Flow):
                tops[item.source, item.destination, n] = y
                y += item.yuan * scale + 0.02
                continue
            height = max(found.into(item), found.out_of(item)) * scale
            slot = max(height, 0.0 if n == 1 else label)
            top = y + (slot - height) / 2
            nodes[item] = (top, height)
            labels[item] = y + slot / 2
            y += slot + _GAP
        bottoms.append(y)
    # The left of the picture stands at the middle of the ends, so that no flow has to fall far.
    down = [max(0.0, max(bottoms) - max(bottoms[:3])) / 2] * 3 + [(max(bottoms) - bottoms[3]) / 2]
    tops = {key: y + down[key[2]] for key, y in tops.items()}
    nodes = {node: (y + down[_COLUMN[node]], height) for node, (y, height) in nodes.items()}
    labels = {node: y + down[_COLUMN[node]] for node, y in labels.items()}
    ribbons = []
    leaving = {node: top for node, (top, _) in nodes.items()}
    entering = dict(leaving)
    starts: dict[tuple[str, str], float] = {}
    ends: dict[tuple[str, str], float] = {}
    for item in sorted(found.flows, key=lambda f: (_COLUMN[f.source], _exit(f))):
        starts[item.source, item.destination] = leaving[item.source]
        leaving[item.source] += item.yuan * scale
    for item in sorted(found.flows, key=lambda f: (_COLUMN[f.destination], _entry(f))):
        ends[item.source, item.destination] = entering[item.destination]
        entering[item.destination] += item.yuan * scale
    for item in found.flows:
        pair = item.source, item.destination
        first, last = _COLUMN[item.source], _COLUMN[item.destination]
        points = [(_X[first] + _WIDE, starts[pair])]
        for n in range(first + 1, last):
            points += [(_X[n], tops[(*pair, n)]), (_X[n] + _WIDE, tops[(*pair, n)])]
        points.append((_X[last], ends[pair]))
        colour = _colour(
            item.destination if item.destination in (*LOSSES, UNSPENT) else item.source
        )
        ribbons += [
            Ribbon(one, two, item.yuan * scale, colour) for one, two in itertools.pairwise(points)
        ]
    return Layout(nodes, ribbons, labels, max(bottoms))


def _place(node: str) -> float:
    """Where a node stands among the lanes that pass its column: projects below what budgets pay straight out."""
    return {BUDGETS: 0.0, PROJECTS: 1.0, FUNDS: 2.0}.get(node, float(_RANK[node]))


def _lane(column: int, lane: Flow) -> float:
    if column == 1:
        return 1.0 + _RANK[lane.source]
    return 3.0 if lane.source == PRIVATE else 0.0


def _exit(item: Flow) -> tuple[int, int]:
    """Order in which flows leave a node: straight payments first, then pots from the top."""
    straight = _COLUMN[item.destination] > 2 and _COLUMN[item.source] < 2
    return (0 if straight else 1, _RANK[item.destination])


def _entry(item: Flow) -> int:
    """Order in which flows enter a node: those from further up first."""
    order = (CITY_BUDGET, BUDGETS, OWNERS, PROJECTS, CARRIED_OVER, FUND_PARTNERS, FUNDS, PRIVATE)
    return order.index(item.source)


def _colour(node: str) -> str:
    if node in LOSSES:
        return LOST
    if node == UNSPENT:
        return BASELINE
    if node in (CITY_BUDGET, BUDGETS, DELIVERY, GRANTS):
        return COLOURS[0]
    if node in (OWNERS, PROJECTS, LOCAL, ELSEWHERE):
        return COLOURS[4]
    if node == PRIVATE:
        return COLOURS[2]
    return COLOURS[3]


def _ribbon(page: Page, ribbon: Ribbon) -> None:
    (x0, y0), (x1, y1), width = ribbon.start, ribbon.end, ribbon.width
    middle = (x0 + x1) / 2

    def at(x: float, y: float) -> tuple[float, float]:
        return x / page.width, 1.0 - (page.top + y) / page.height

    points = [
        at(x0, y0), at(middle, y0), at(middle, y1), at(x1, y1),
        at(x1, y1 + width), at(middle, y1 + width), at(middle, y0 + width), at(x0, y0 + width),
        at(x0, y0),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    page.figure.add_artist(
        PathPatch(
            Path(points, codes),
            facecolor=ribbon.colour,
            alpha=0.3,
            linewidth=0,
            transform=page.figure.transFigure,
        )
    )


def _labels(page: Page, found: MoneyFlow, placed: Layout, lang: Lang) -> None:
    """Names and amounts: of sources on the left, of ends on the right, of pots above them."""
    for node, y in placed.labels.items():
        column = _COLUMN[node]
        yuan = max(found.into(node), found.out_of(node))
        words = lines(NAMES[node], lang)
        figure = f"{number(found.mean(yuan))}"
        tone = LOST if node in LOSSES else INK
        if column in (0, 3):
            ha, x = ("right", _X[0] - 0.1) if column == 0 else ("left", _X[3] + _WIDE + 0.1)
            amount_x = MARGIN if column == 0 else page.width - MARGIN
            room = abs(x - amount_x) - 0.5
            parts = [(part, 9.5 if n == 0 else 8.0) for n, text in enumerate(words)
                     for part in wrap(text, room, 9.5 if n == 0 else 8.0)]  # fmt: skip
            for n, (text, size) in enumerate(parts):
                down = 0.165 * (n - (len(parts) - 1) / 2)
                page.write(x, y + down, text, size, tone if n == 0 else MUTED, ha=ha)
            page.write(amount_x, y, figure, 10.0, tone, ha="left" if column == 0 else "right")
            continue
        if column == 1:
            text = f"{' '.join(words)} {figure}"
            page.write(_X[column] + _WIDE / 2, placed.nodes[node][0] - 0.1, text, 8.5, ha="center")
            continue
        for n, text in enumerate((f"{words[0]} {figure}", *words[1:])):
            down = 0.16 * (n - (len(words) - 1) / 2)
            page.write(_X[column] - 0.07, y + down, text, 8.5 - n, INK, ha="right")


def _words(run: "Run", found: MoneyFlow) -> tuple[Name, Name]:
    span = f"{run.years[1]}–{run.years[-1]}" if len(run.years) > 2 else f"{run.years[-1]}"
    put = sum(found.out_of(node) for node in COLUMNS[0])
    lost = sum(found.into(node) for node in LOSSES)
    firms, unspent = found.into(FIRMS), found.into(UNSPENT)
    told = [number(found.mean(yuan)) for yuan in (put, firms, lost, unspent)]
    title = Name(
        f"{span} 年各方投入 {told[0]}亿元：投入名录企业 {told[1]}亿元（基金直投与社会资本跟投），"
        f"挪用、管理与未执行 {told[2]}亿元，期末未用 {told[3]}亿元",
        f"{span}: of {told[0]}亿元 put up, {told[1]}亿元 is invested in catalogue firms (by funds and "
        f"by private co-investors), {told[2]}亿元 is misused, "
        f"administered or lapses, {told[3]}亿元 is unspent at the end",
    )
    subtitle = Name(
        f"{run.scenario.name.zh}；带宽与金额成正比，各处收支相等；成员均值，亿元；橙色为未到受益者手中的资金",
        f"{run.scenario.name.en}; ribbons as wide as the money in them, every pot gives on what it got; means over "
        "members, 亿元; orange: money that reaches nobody it was meant for",
    )
    return title, subtitle
