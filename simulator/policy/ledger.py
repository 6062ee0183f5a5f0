"""The budget ledger: double entry from doses to who is paid, in whole yuan.

Every amount leaves one account and enters another, so that what is budgeted equals what is received plus what is
unspent, to the last yuan. Amounts are integers (1亿元 = 10⁸ yuan): flows are differences of rounded running totals, so
rounding creates no money and no account falls below zero. What the model computes is booked, nothing more:

    city budget → appropriated → projects opened → paid to local suppliers | paid elsewhere      (M10)
                              ↘ delivery: spent within the year, adds no demand in the model
    city budget, fund partners → committed → paid in → AI money → landed here → tickets in firms  (M8)
    carried over (committed before the start, not yet paid in) ↗      ↘ other sectors ↘ elsewhere

Opened projects that cost more than the budget of their lever are paid by their owners. Projects spend over their
duration, funds draw down over years: what is left in such an account at the end is unspent. Misuse of
research grants (M6) is not booked: they stand in the delivery of their lever. Arrays have one row a member.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.foundation.calendar import Quarter
from simulator.mechanisms.finance import drawdown
from simulator.policy.effects import LeverAssumption, LeverEffect
from simulator.policy.levers import Channels, Setting, open_channels
from simulator.registry import Name
from simulator.world.paths import contract_spending
from simulator.world.places import Ground

Number = npt.NDArray[np.float64]
Yuan = npt.NDArray[np.int64]

YUAN: Final = 1e8  # in one 亿元
DT: Final = 0.25
CARRIED: Final = (
    ""  # lever of money that was committed before the start, or of the fund pool as a whole
)


class Account(NamedTuple):
    """An account: where money comes from (source), waits (held), or has gone (received)."""

    key: str
    role: str
    name: Name


CITY_BUDGET = "city_budget"
OWNERS = "project_owners"
FUND_PARTNERS = "fund_partners"
CARRIED_OVER = "carried_over"
PRIVATE = "private_investors"
APPROPRIATED = "appropriated"
OPENED = "projects_opened"
COMMITTED = "fund_committed"
PAID_IN = "fund_paid_in"
AI_MONEY = "fund_ai"
WAITING = "fund_landed_waiting"
DELIVERY = "delivery"
LOCAL = "local_suppliers"
ELSEWHERE = "paid_elsewhere"
OTHER_SECTORS = "fund_other_sectors"
FUND_ELSEWHERE = "fund_landed_elsewhere"
FIRMS = "catalogue_firms"

ACCOUNTS: Final[tuple[Account, ...]] = (
    Account(CITY_BUDGET, "source", Name("财政预算", "city and district budgets")),
    Account(OWNERS, "source", Name("项目业主自筹", "owners of projects")),
    Account(FUND_PARTNERS, "source", Name("基金其他出资人", "other partners of funds")),
    Account(CARRIED_OVER, "source", Name("期初已认缴未实缴", "committed before the start")),
    Account(PRIVATE, "source", Name("社会资本跟投", "private co-investors")),
    Account(APPROPRIATED, "held", Name("已安排", "appropriated")),
    Account(OPENED, "held", Name("已立项未支出", "opened, not yet spent")),
    Account(COMMITTED, "held", Name("已认缴未实缴", "committed, not paid in")),
    Account(PAID_IN, "held", Name("已实缴未投", "paid in, not allotted")),
    Account(AI_MONEY, "held", Name("人工智能份额", "AI share, not placed")),
    Account(WAITING, "held", Name("在津待投", "landed here, waiting for a firm")),
    Account(DELIVERY, "received", Name("实施支出", "delivery of programmes")),
    Account(LOCAL, "received", Name("本地供应商直接营收", "local suppliers, direct revenue")),
    Account(ELSEWHERE, "received", Name("其余（外地与自用）", "the rest: elsewhere and own cost")),
    Account(OTHER_SECTORS, "received", Name("基金投向其他行业", "funds into other sectors")),
    Account(FUND_ELSEWHERE, "received", Name("基金投向外地", "funds into firms elsewhere")),
    Account(FIRMS, "received", Name("名录企业", "catalogue firms")),
)
ROLES: Final = {account.key: account.role for account in ACCOUNTS}


@dataclass(frozen=True, slots=True)
class Entry:
    """Money moved within a year from one account to another, in yuan for each member; never negative."""

    year: int
    source: str
    destination: str
    lever: str
    kind: str
    amount: Yuan  # (members,)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries of a scenario's members, in order of year."""

    entries: tuple[Entry, ...]
    members: int

    def balance(self, account: str, until: int | None = None, lever: str | None = None) -> Yuan:
        """What entered an account less what left it, up to and including a year; (members,) yuan."""
        total = np.zeros(self.members, dtype=np.int64)
        for entry in self.entries:
            if (until is None or entry.year <= until) and (lever is None or entry.lever == lever):
                total += (entry.destination == account) * entry.amount
                total -= (entry.source == account) * entry.amount
        return total

    def total(self, role: str) -> Yuan:
        """Balance of all accounts of a role at the end: source (negative), held, received."""
        balances = [self.balance(a.key) for a in ACCOUNTS if a.role == role]
        return np.asarray(np.sum(balances, axis=0, dtype=np.int64))

    @property
    def years(self) -> tuple[int, ...]:
        """Years with entries."""
        return tuple(sorted({entry.year for entry in self.entries}))


@dataclass(frozen=True, slots=True)
class Flows:
    """What the members of a run drew and recorded, M members and T quarters.

    `drawn` are parameters by name, (M,). `invested` and `coinvested` are money placed since the start, (M, T) 亿元.
    """

    drawn: Mapping[str, Number]
    invested: Number
    coinvested: Number
    funds_on: bool = True
    contracts_on: bool = True


def keep_ledger(
    settings: Sequence[Setting],
    assumptions: Mapping[str, LeverAssumption],
    effects: Sequence[LeverEffect],
    ground: Ground,
    quarters: Sequence[Quarter],
    flows: Flows,
) -> Ledger:
    """Book a scenario: its levers' doses × cost, and what the members' draws make of the money.

    ``quarters`` are the T simulated ones. Entries of nothing in every member are left out.
    """
    book = _Book(quarters, len(flows.invested))
    kernel = np.stack(
        [
            contract_spending(np.eye(1, len(quarters)).T, float(duration))[:, 0]
            for duration in flows.drawn["contract_duration"]
        ]
    )
    uncalled = flows.drawn["fund_committed"] - flows.drawn["fund_paid_in"]
    stocks = [(CARRIED, "fund", np.repeat(uncalled[:, np.newaxis], len(quarters), axis=1))]
    book.book(CARRIED_OVER, COMMITTED, CARRIED, "fund", stocks[0][2])
    for setting in settings:
        lever = setting.lever
        assumption = assumptions.get(lever.id)
        if assumption is None:
            continue
        doses = np.array([setting.dose.at(quarter) for quarter in quarters])
        if not doses.any():
            continue
        budget = _running(DT * assumption.cost_per_unit * doses, book.members)
        channels = open_channels([setting], assumptions, effects, ground, quarters)
        opened = _running(DT * _money(channels, "demand", flows, len(quarters)), book.members)
        pledged = _running(DT * _money(channels, "fund", flows, len(quarters)), book.members)
        to_projects = np.minimum(budget, opened)
        to_funds = np.minimum(budget - to_projects, pledged)
        book.book(CITY_BUDGET, APPROPRIATED, lever.id, lever.kind, budget)
        book.book(APPROPRIATED, OPENED, lever.id, lever.kind, to_projects)
        book.book(OWNERS, OPENED, lever.id, lever.kind, opened - to_projects)
        book.book(APPROPRIATED, COMMITTED, lever.id, lever.kind, to_funds)
        book.book(FUND_PARTNERS, COMMITTED, lever.id, lever.kind, pledged - to_funds)
        book.drain(APPROPRIATED, DELIVERY, lever.id, lever.kind)
        if opened.any():
            spent = _convolved(kernel, np.diff(opened, axis=1, prepend=0.0))
            local = flows.contracts_on * flows.drawn["scenario_direct"][:, np.newaxis] * spent
            book.book(OPENED, LOCAL, lever.id, lever.kind, local)
            book.book(OPENED, ELSEWHERE, lever.id, lever.kind, spent - local)
        if pledged.any():
            stocks.append((lever.id, lever.kind, pledged))
    for lever_id, kind, pledged in stocks:
        _book_fund(book, lever_id, kind, pledged, flows)
    book.book(WAITING, FIRMS, CARRIED, "fund", flows.invested, pooled=True)
    book.book(PRIVATE, FIRMS, CARRIED, "fund", flows.coinvested)
    return Ledger(tuple(book.entries()), book.members)


class _Book:
    """Running totals in yuan by entry, held to what the account they leave has."""

    def __init__(self, quarters: Sequence[Quarter], members: int) -> None:
        self.members = members
        self.years = tuple(dict.fromkeys(quarter.year for quarter in quarters))
        self._last = [max(i for i, q in enumerate(quarters) if q.year == y) for y in self.years]
        self._totals: dict[tuple[str, str, str, str], Yuan] = {}

    def book(
        self,
        source: str,
        destination: str,
        lever: str,
        kind: str,
        running: Number,
        pooled: bool = False,
    ) -> None:
        """Book a running total (members, quarters) of 亿元; `pooled` draws on the account of all levers."""
        total = np.rint(running[:, self._last] * YUAN).astype(np.int64)
        if ROLES[source] == "held":
            total = np.minimum(total, self._held(source, None if pooled else lever))
        self._totals[source, destination, lever, kind] = np.maximum.accumulate(total, axis=1)

    def drain(self, source: str, destination: str, lever: str, kind: str) -> None:
        """Book everything a held account has at the end of each year."""
        self._totals[source, destination, lever, kind] = self._held(source, lever)

    def entries(self) -> Iterator[Entry]:
        """Yearly entries that move money in at least one member, by year."""
        for position, year in enumerate(self.years):
            for (source, destination, lever, kind), total in self._totals.items():
                before = total[:, position - 1] if position else 0
                amount = total[:, position] - before
                if amount.any():
                    yield Entry(year, source, destination, lever, kind, amount)

    def _held(self, account: str, lever: str | None) -> Yuan:
        """What is in an account at the end of each year, (members, years)."""
        held = np.zeros((self.members, len(self.years)), dtype=np.int64)
        for (source, destination, owner, _), total in self._totals.items():
            if lever is None or owner == lever:
                held += (destination == account) * total
                held -= (source == account) * total
        return held


def _book_fund(book: _Book, lever: str, kind: str, pledged: Number, flows: Flows) -> None:
    """Draw down one lever's commitments and pass them on (M8); linear, so levers add up to the pool."""
    rate = flows.drawn["k_drawdown"]
    paid = np.zeros_like(pledged)
    so_far = np.zeros(len(pledged))
    for t in range(pledged.shape[1]):
        so_far = so_far + np.asarray(drawdown(pledged[:, t], so_far, rate, DT))
        paid[:, t] = so_far
    book.book(COMMITTED, PAID_IN, lever, kind, paid)
    if not flows.funds_on:
        return
    ai = flows.drawn["haihe_ai_share"][:, np.newaxis] * paid
    landed = flows.drawn["fund_landing_share"][:, np.newaxis] * ai
    book.book(PAID_IN, AI_MONEY, lever, kind, ai)
    book.drain(PAID_IN, OTHER_SECTORS, lever, kind)
    book.book(AI_MONEY, WAITING, lever, kind, landed)
    book.drain(AI_MONEY, FUND_ELSEWHERE, lever, kind)


def _money(channels: Channels, name: str, flows: Flows, n_quarters: int) -> Number:
    """Money a lever moves in a channel, (members, T) 亿元 a year, all chains together."""
    members = len(flows.invested)
    table = np.zeros((members, n_quarters))
    for exposure in channels.exposures:
        if exposure.channel == name:
            rate = exposure.table.reshape(n_quarters, -1).sum(axis=1)
            strength = flows.drawn[exposure.parameter] if exposure.parameter else np.ones(members)
            table += strength[:, np.newaxis] * rate
    return table


def _running(amounts: Number, members: int) -> Number:
    """Running totals (members, T) of money by quarter, (T,) or (members, T)."""
    return np.asarray(np.cumsum(np.broadcast_to(amounts, (members, amounts.shape[-1])), axis=1))


def _convolved(kernel: Number, opened: Number) -> Number:
    """Running total spent when money opened by quarter is spent by the kernel; all (members, T)."""
    spent = np.zeros_like(opened)
    for lag in range(opened.shape[1]):
        spent[:, lag:] += kernel[:, lag, np.newaxis] * opened[:, : opened.shape[1] - lag]
    return np.asarray(np.cumsum(spent, axis=1))
