"""The budget ledger: double entry from doses to who is paid, in whole yuan.

Every amount leaves one account and enters another, so that what is budgeted equals what is received, misused,
administered, lapsed and unspent together, to the last yuan. Amounts are integers (1亿元 = 10⁸ yuan): flows are
differences of rounded running totals, so rounding creates no money and no account falls below zero.

    budgets → plan's money → appropriated → lapsed, administration                                (M21)
                                          → projects opened → local suppliers | paid elsewhere    (M10)
                                          → research grants: research in firms | misused          (M6)
                                          → delivery: the rest, spent within the year, moves no demand
              appropriated, fund partners → committed → paid in → AI money → landed → firms       (M8)
    carried over (committed before the start, not yet paid in) ↗      ↘ other sectors ↘ elsewhere

- A government's money is what its plan spends over the period; an adaptive one may take it out earlier or later (M21).
- Administration is a share of every budget. Of an announced special fund the part that is not executed lapses.
- Research grants are what the knowledge channel of a lever pays, as far as its budget has it; a part is misused.
- Opened projects that cost more than the budget of their lever are paid by their owners.
- Commitments of funds do not lapse with a plan: funds draw down over years, and what is not paid in yet is unspent, as
  is what opened projects have still to spend.

Which district receives is not measured by lever: money that firms here receive is split over the districts of the
lever's places by their founding share of firms, in whole yuan. Arrays have one row a member.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

from simulator.foundation.calendar import Quarter
from simulator.mechanisms.finance import drawdown
from simulator.policy.budgets import (
    MUNICIPALITY,
    district_of,
    is_announced,
    office_of,
    places_of,
    yearly_rate,
)
from simulator.policy.effects import LeverAssumption, LeverEffect
from simulator.policy.levers import Channels, Setting, open_channels
from simulator.registry import Name
from simulator.world.paths import contract_spending
from simulator.world.places import Ground

Number = npt.NDArray[np.float64]
Yuan = npt.NDArray[np.int64]
NumberOrYuan = TypeVar("NumberOrYuan", Number, Yuan)

YUAN: Final = 1e8  # in one 亿元
GRANTED: Final = "knowledge"  # the channel that pays research grants
DT: Final = 0.25
NO_LEVER: Final = ""
"""Lever of money that is no single lever's: a plan's money, funds committed before the start, the pool of funds."""


class Account(NamedTuple):
    """An account: where money comes from (source), waits (held), or has gone; `layer` names a layer of funds."""

    key: str
    role: str
    name: Name
    layer: str = ""


CITY_BUDGET = "city_budget"
OWNERS = "project_owners"
FUND_PARTNERS = "fund_partners"
CARRIED_OVER = "carried_over"
PRIVATE = "private_investors"
ENVELOPE = "plan_money"
APPROPRIATED = "appropriated"
OPENED = "projects_opened"
COMMITTED = "fund_committed"
PAID_IN = "fund_paid_in"
AI_MONEY = "fund_ai"
WAITING = "fund_landed_waiting"
LAPSED = "lapsed"
ADMINISTRATION = "administration"
MISUSED = "misused"
GRANTS = "research_grants"
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
    Account(ENVELOPE, "held", Name("规划资金未安排", "plan's money, not budgeted")),
    Account(APPROPRIATED, "held", Name("已安排", "appropriated")),
    Account(OPENED, "held", Name("已立项未支出", "opened, not yet spent")),
    Account(COMMITTED, "held", Name("已认缴未实缴", "committed, not paid in"), "committed"),
    Account(PAID_IN, "held", Name("已实缴未投", "paid in, not allotted"), "paid_in"),
    Account(AI_MONEY, "held", Name("人工智能份额", "AI share, not placed"), "ai"),
    Account(WAITING, "held", Name("在津待投", "landed here, waiting for a firm"), "landed"),
    Account(GRANTS, "received", Name("企业研发（补助）", "research in firms (grants)")),
    Account(DELIVERY, "received", Name("实施支出", "delivery of programmes")),
    Account(LOCAL, "received", Name("本地供应商直接营收", "local suppliers, direct revenue")),
    Account(ELSEWHERE, "received", Name("其余（外地与自用）", "the rest: elsewhere and own cost")),
    Account(OTHER_SECTORS, "received", Name("基金投向其他行业", "funds into other sectors")),
    Account(FUND_ELSEWHERE, "received", Name("基金投向外地", "funds into firms elsewhere")),
    Account(FIRMS, "received", Name("名录企业", "catalogue firms")),
    Account(MISUSED, "misused", Name("补助挪用", "grants misused")),
    Account(ADMINISTRATION, "administered", Name("项目管理费", "administration")),
    Account(LAPSED, "lapsed", Name("已宣布未执行", "announced, not executed")),
)
ROLES: Final = {account.key: account.role for account in ACCOUNTS}
LAYERS: Final = {account.key: account.layer for account in ACCOUNTS}
SPENT: Final = ("received", "misused", "administered", "lapsed")
"""Roles of accounts that money does not leave."""
IN_DISTRICTS: Final = (GRANTS, DELIVERY, LOCAL, FIRMS)
"""Accounts whose money is received in the city, and so in some district."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Money moved within a year from one account to another, in yuan for each member; never negative.

    `district` is that of the government whose lever it is, empty for the municipality.
    """

    year: int
    source: str
    destination: str
    lever: str
    kind: str
    district: str
    amount: Yuan  # (members,)

    @property
    def layer(self) -> str:
        """Layer of the funds the money enters, or else leaves; empty outside the funds."""
        return LAYERS[self.destination] or LAYERS[self.source]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money received in a district within a year, all levers together, in yuan for each member."""

    year: int
    destination: str
    district: str
    amount: Yuan  # (members,)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries of a scenario's members, in order of year.

    `shares` of D districts by lever, `adapted` budgets over plan by government and year where they differ from one.
    """

    entries: tuple[Entry, ...]
    members: int
    districts: tuple[str, ...] = ()
    shares: Mapping[str, Number] = field(default_factory=dict)  # (D,) adding up to one
    adapted: Mapping[tuple[str, int], Number] = field(default_factory=dict)  # (members,)

    def balance(self, account: str, until: int | None = None, lever: str | None = None) -> Yuan:
        """What entered an account less what left it, up to and including a year; (members,) yuan."""
        total = np.zeros(self.members, dtype=np.int64)
        for entry in self.entries:
            if (until is None or entry.year <= until) and (lever is None or entry.lever == lever):
                total += (entry.destination == account) * entry.amount
                total -= (entry.source == account) * entry.amount
        return total

    def total(self, role: str) -> Yuan:
        """Balance of all accounts of a role at the end: source (negative), held, or one of `SPENT`."""
        balances = [self.balance(a.key) for a in ACCOUNTS if a.role == role]
        return np.asarray(np.sum(balances, axis=0, dtype=np.int64))

    def receipts(self) -> Iterator[Receipt]:
        """What each district receives, by year and account; the districts add up to the account's year."""
        for year in self.years:
            for account in IN_DISTRICTS:
                received = np.zeros((self.members, len(self.districts)), dtype=np.int64)
                for entry in self.entries:
                    if entry.year == year and entry.destination == account:
                        edges = np.cumsum(self.shares[entry.lever])
                        edges[-1] = 1.0  # the last district takes what rounding leaves
                        parts = np.rint(entry.amount[:, np.newaxis] * edges).astype(np.int64)
                        received += np.diff(parts, axis=1, prepend=0)
                for district, amount in zip(self.districts, received.T, strict=True):
                    if amount.any():
                        yield Receipt(year, account, district, amount)

    @property
    def years(self) -> tuple[int, ...]:
        """Years with entries."""
        return tuple(sorted({entry.year for entry in self.entries}))


@dataclass(frozen=True, slots=True)
class Flows:
    """What the members of a run drew and recorded, M members and T quarters.

    `drawn` are parameters by name, (M,). `invested` and `coinvested` are money placed since the start, (M, T) 亿元.
    `factors` are budgets over plan by the id of a government, (M, T); one where it is not named.
    """

    drawn: Mapping[str, Number]
    invested: Number
    coinvested: Number
    funds_on: bool = True
    contracts_on: bool = True
    factors: Mapping[str, Number] = field(default_factory=dict)


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
    before = _Owner(NO_LEVER, "fund", MUNICIPALITY)
    funds = [(before, np.repeat(uncalled[:, np.newaxis], len(quarters), axis=1))]
    book.book(CARRIED_OVER, COMMITTED, before, funds[0][1])
    levers = [
        _Lever(setting, assumptions[setting.lever.id], office_of(setting, ground), quarters)
        for setting in settings
        if setting.lever.id in assumptions
    ]
    levers = [lever for lever in levers if lever.planned.any()]
    _book_plans(book, levers)
    for lever in levers:
        owner, ones = lever.owner, np.ones_like(flows.invested)
        factor = flows.factors.get(owner.district, ones)
        channels = open_channels([lever.setting], assumptions, effects, ground, quarters)
        budget = np.cumsum(DT * factor * lever.planned, axis=1)
        opened = np.cumsum(DT * factor * _money(channels, "demand", flows), axis=1)
        pledged = np.cumsum(DT * factor * _money(channels, "fund", flows), axis=1)
        granted = np.cumsum(DT * factor * _granted(lever, effects, flows), axis=1)
        lapsed = np.zeros_like(budget)
        if is_announced(lever.setting, lever.assumption):
            lapsed = (1.0 - flows.drawn["special_fund_exec"][:, np.newaxis]) * budget
        administered = flows.drawn["administration_share"][:, np.newaxis] * (budget - lapsed)
        to_spend = budget - lapsed - administered
        to_projects = np.minimum(to_spend, opened)
        to_funds = np.minimum(_free(to_spend - to_projects), pledged)
        grants = np.minimum(_free(to_spend - to_projects - to_funds), granted)
        misused = flows.drawn["rd_misuse"][:, np.newaxis] * grants
        book.book(ENVELOPE, APPROPRIATED, owner, budget, pooled=True)
        book.book(APPROPRIATED, LAPSED, owner, lapsed)
        book.book(APPROPRIATED, ADMINISTRATION, owner, administered)
        book.book(APPROPRIATED, OPENED, owner, to_projects)
        book.book(OWNERS, OPENED, owner, opened - to_projects)
        book.book(APPROPRIATED, COMMITTED, owner, to_funds)
        book.book(FUND_PARTNERS, COMMITTED, owner, pledged - to_funds)
        book.book(APPROPRIATED, MISUSED, owner, misused)
        book.book(APPROPRIATED, GRANTS, owner, grants - misused)
        book.drain(APPROPRIATED, DELIVERY, owner)
        if opened.any():
            spent = _convolved(kernel, np.diff(opened, axis=1, prepend=0.0))
            local = flows.contracts_on * flows.drawn["scenario_direct"][:, np.newaxis] * spent
            book.book(OPENED, LOCAL, owner, local)
            book.book(OPENED, ELSEWHERE, owner, spent - local)
        if pledged.any():
            funds.append((owner, pledged))
    for owner, pledged in funds:
        _book_fund(book, owner, pledged, flows)
    book.book(WAITING, FIRMS, before, flows.invested, pooled=True)
    book.book(PRIVATE, FIRMS, before, flows.coinvested)
    districts, shares = _district_shares(settings, ground)
    ends = {quarter.year: t for t, quarter in enumerate(quarters)}
    adapted = {
        (office, year): factor[:, t]
        for office, factor in sorted(flows.factors.items())
        for year, t in ends.items()
        if (factor[:, t] != 1.0).any()
    }
    return Ledger(tuple(book.entries()), book.members, districts, shares, adapted)


class _Owner(NamedTuple):
    """Whose money it is: lever, its kind, and the district of its government."""

    lever: str
    kind: str
    district: str


class _Lever:
    """A lever with what its plan spends a year, (T,) 亿元, and its doses."""

    def __init__(
        self,
        setting: Setting,
        assumption: LeverAssumption,
        office: str,
        quarters: Sequence[Quarter],
    ) -> None:
        self.setting = setting
        self.assumption = assumption
        self.owner = _Owner(setting.lever.id, setting.lever.kind, office)
        self.planned = yearly_rate(setting, assumption, quarters)
        self.doses = np.array([setting.dose.at(quarter) for quarter in quarters])


def _book_plans(book: _Book, levers: Sequence[_Lever]) -> None:
    """Give every government the money of its plan, once and for the whole period.

    Each lever's money is rounded by itself, so that budgets as planned use it up to the yuan.
    """
    for office in sorted({lever.owner.district for lever in levers}):
        own = [lever for lever in levers if lever.owner.district == office]
        money = sum(float(np.rint(DT * lever.planned.sum() * YUAN)) for lever in own) / YUAN
        everything = np.full((book.members, book.quarters), money)
        book.book(CITY_BUDGET, ENVELOPE, _Owner(NO_LEVER, NO_LEVER, office), everything)


class _Book:
    """Running totals in yuan by entry, held to what the account they leave has."""

    def __init__(self, quarters: Sequence[Quarter], members: int) -> None:
        self.members = members
        self.quarters = len(quarters)
        self.years = tuple(dict.fromkeys(quarter.year for quarter in quarters))
        self._last = [max(i for i, q in enumerate(quarters) if q.year == y) for y in self.years]
        self._totals: dict[tuple[str, str, _Owner], Yuan] = {}
        self._balances: dict[str, dict[_Owner, Yuan]] = {}

    def book(
        self, source: str, destination: str, owner: _Owner, running: Number, pooled: bool = False
    ) -> None:
        """Book a running total (members, quarters) of 亿元; `pooled` draws on what a government's levers share."""
        total = np.rint(running[:, self._last] * YUAN).astype(np.int64)
        total = np.maximum.accumulate(np.maximum(total, 0), axis=1)
        if ROLES[source] == "held":
            total = np.minimum(total, self._free(source, owner, pooled))
        self._move(source, destination, owner, total)

    def drain(self, source: str, destination: str, owner: _Owner) -> None:
        """Book everything that is free in a held account at the end of each year; at the end of the last, all."""
        self._move(source, destination, owner, self._free(source, owner, pooled=False))

    def entries(self) -> Iterator[Entry]:
        """Yearly entries that move money in at least one member, by year."""
        for position, year in enumerate(self.years):
            for (source, destination, owner), total in self._totals.items():
                before = total[:, position - 1] if position else 0
                amount = total[:, position] - before
                if amount.any():
                    yield Entry(year, source, destination, *owner, amount)

    def _free(self, account: str, owner: _Owner, pooled: bool) -> Yuan:
        """What an owner, or a pool of owners, can take from an account by the end of each year, (members, years).

        What a later year has booked out already is not free now. The plan's money is pooled by government, fund money
        by the city as a whole.
        """
        held = np.zeros((self.members, len(self.years)), dtype=np.int64)
        for other, balance in self._balances.get(account, {}).items():
            shared = account == WAITING or other.district == owner.district
            if other == owner or (pooled and shared):
                held += balance
        return _free(held)

    def _move(self, source: str, destination: str, owner: _Owner, total: Yuan) -> None:
        self._totals[source, destination, owner] = total
        for account, sign in ((source, -1), (destination, 1)):
            owners = self._balances.setdefault(account, {})
            owners[owner] = owners.get(owner, np.zeros_like(total)) + sign * total


def _book_fund(book: _Book, owner: _Owner, pledged: Number, flows: Flows) -> None:
    """Draw down one lever's commitments and pass them on (M8); linear, so levers add up to the pool."""
    rate = flows.drawn["k_drawdown"]
    paid = np.zeros_like(pledged)
    so_far = np.zeros(len(pledged))
    for t in range(pledged.shape[1]):
        so_far = so_far + np.asarray(drawdown(pledged[:, t], so_far, rate, DT))
        paid[:, t] = so_far
    book.book(COMMITTED, PAID_IN, owner, paid)
    if not flows.funds_on:
        return
    ai = flows.drawn["haihe_ai_share"][:, np.newaxis] * paid
    landed = flows.drawn["fund_landing_share"][:, np.newaxis] * ai
    book.book(PAID_IN, AI_MONEY, owner, ai)
    book.drain(PAID_IN, OTHER_SECTORS, owner)
    book.book(AI_MONEY, WAITING, owner, landed)
    book.drain(AI_MONEY, FUND_ELSEWHERE, owner)


def _district_shares(
    settings: Sequence[Setting], ground: Ground
) -> tuple[tuple[str, ...], dict[str, Number]]:
    """Districts, and each lever's shares of them by the founding share of firms in its places."""
    districts = tuple(name for name, up in zip(ground.places, ground.parent, strict=True) if not up)
    at = np.array([districts.index(district_of(ground, p)) for p in range(len(ground.places))])

    def shares(places: Sequence[int]) -> Number:
        weight = np.bincount(at[places], ground.place_share[places], len(districts))
        return np.asarray(weight / weight.sum())

    found = {NO_LEVER: shares(range(len(at)))}
    return districts, found | {s.lever.id: shares(places_of(s, ground)) for s in settings}


def _free(left: NumberOrYuan) -> NumberOrYuan:
    """What can be spent by each date, when ``left`` is what other uses leave then: a later use keeps its money."""
    return cast(NumberOrYuan, np.minimum.accumulate(left[:, ::-1], axis=1)[:, ::-1])


def _money(channels: Channels, name: str, flows: Flows) -> Number:
    """Money a lever moves in a channel as planned, (members, T) 亿元 a year, all chains together."""
    table = np.zeros_like(flows.invested)
    for exposure in channels.exposures:
        if exposure.channel == name:
            rate = exposure.table.reshape(table.shape[1], -1).sum(axis=1)
            strength = (
                flows.drawn[exposure.parameter] if exposure.parameter else np.ones(len(table))
            )
            table += strength[:, np.newaxis] * rate
    return table


def _granted(lever: _Lever, effects: Sequence[LeverEffect], flows: Flows) -> Number:
    """Research grants a lever pays as planned, (members, T) 亿元 a year."""
    table = np.zeros_like(flows.invested)
    for effect in effects:
        if effect.lever == lever.owner.lever and effect.channel == GRANTED:
            strength = flows.drawn[effect.parameter] if effect.parameter else np.ones(len(table))
            table += strength[:, np.newaxis] * (effect.scale * lever.doses)
    return table


def _convolved(kernel: Number, opened: Number) -> Number:
    """Running total spent when money opened by quarter is spent by the kernel; all (members, T)."""
    spent = np.zeros_like(opened)
    for lag in range(opened.shape[1]):
        spent[:, lag:] += kernel[:, lag, np.newaxis] * opened[:, : opened.shape[1] - lag]
    return np.asarray(np.cumsum(spent, axis=1))
