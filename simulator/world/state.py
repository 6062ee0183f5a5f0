"""The state of one member: firms, the paths that drive them, chain structure and money invested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

from simulator.mechanisms.budgets import Budgets
from simulator.mechanisms.clusters import Clusters
from simulator.mechanisms.contracts import Contracts
from simulator.mechanisms.demand import Demand
from simulator.mechanisms.demography import Demography
from simulator.mechanisms.finance import Finance
from simulator.mechanisms.linkages import Linkages
from simulator.mechanisms.location import Location
from simulator.mechanisms.milestones import Milestones
from simulator.mechanisms.observation import Observation
from simulator.world.firms import Columns, Ids, Table

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]


class Switches(NamedTuple):
    """Mechanisms on (1.0) or off (0.0); floats, so that the compiled engine keeps one type."""

    entry: float = 1.0
    arrivals: float = 1.0
    exit: float = 1.0
    capacity: float = 1.0
    links: float = 1.0
    contracts: float = 1.0
    funds: float = 1.0
    age_effect: float = 1.0
    reversion: float = 1.0
    firm_shocks: float = 1.0
    observation: float = 1.0


class Parameters(NamedTuple):
    """All parameters of one member, by mechanism."""

    demand: Demand
    demography: Demography
    finance: Finance
    contracts: Contracts
    linkages: Linkages
    location: Location
    observation: Observation
    milestones: Milestones
    clusters: Clusters
    budgets: Budgets
    switches: Switches


def parameters_of(values: Mapping[str, float], switches: Switches) -> Parameters:
    """Sort drawn values into the mechanisms' parameters by field name; KeyError for a missing one."""
    mechanisms = {
        name: kind(**{field: values[field] for field in kind._fields})
        for name, kind in get_type_hints(Parameters).items()
        if kind is not Switches
    }
    return Parameters(**mechanisms, switches=switches)


class Forcing(NamedTuple):
    """What does not depend on the state: drawn paths and lever channels. T quarters, Y years, C chains, P places."""

    drift: Number  # (Y, C) systematic yearly growth of incumbents, log points
    reference: Number  # (Y,) size against which hazard measures a firm, 亿元/yr
    published: Number  # (Y,) factor between true and published figure of the year
    growth: Number  # (T, C, P) growth channel, log points a year
    survival: Number  # (T, C, P) relative fall of the exit hazard
    linkage: Number  # (T, C) relative rise of the local purchase share
    contracts: Number  # (T, C) spending of open scenario projects, 亿元/yr
    fund: Number  # (T, 2) fund stocks at the end of each quarter: committed, paid in, 亿元
    tickets: Number  # (tickets,) sizes of fund tickets in order of issue, 亿元
    first_ticket: (
        Label  # (T + 1,) tickets [first_ticket[t], first_ticket[t+1]) are issued in step t
    )


class Links(NamedTuple):
    """Structure of the chains: purchases and nodes."""

    purchases: Number  # (C, C) from row chain per yuan of output of column chain
    node_chain: Label  # (nodes,) chain of each node
    coverage: Number  # (C,) share of capable nodes at founding; one where none was capable


class Stocks(NamedTuple):
    """What lives on between quarters besides the firms, in arrays so that both engines write in place."""

    invested: Number  # (3,) since the start: fund money, private money beside it (亿元), tickets
    owner: Ids  # (tickets,) id of the firm that got the ticket, zero before
    amount: Number  # (tickets,) fund and private money of the ticket, 亿元
    due: Label  # (tickets,) absolute quarter in which its investment is finished
    chain_sales: Number  # (C,) revenue of each chain in the last quarter, 亿元/yr
    chain_contract: Number  # (C,) contract revenue of each chain in the last quarter, 亿元/yr
    catalogue_reference: (
        Number  # (1,) median external sales of catalogue firms at founding, 亿元/yr
    )


def open_stocks(tickets: int, chain_sales: Number, reference: float) -> Stocks:
    """Stocks before the first quarter: no ticket placed, no contract; ``reference`` as in `Stocks`."""
    return Stocks(
        invested=np.zeros(3),
        owner=np.zeros(tickets, dtype=np.uint64),
        amount=np.zeros(tickets),
        due=np.full(tickets, -1, dtype=np.int64),
        chain_sales=chain_sales,
        chain_contract=np.zeros(len(chain_sales)),
        catalogue_reference=np.array([reference]),
    )


def carry_tickets(stocks: Stocks, tickets: int, issued: int) -> Stocks:
    """The same stocks with room for another number of tickets; the first ``issued`` keep owner, amount and due."""
    later = open_stocks(tickets, stocks.chain_sales, 0.0)
    for old, new in (
        (stocks.owner, later.owner),
        (stocks.amount, later.amount),
        (stocks.due, later.due),
    ):
        new[:issued] = old[:issued]
    return stocks._replace(owner=later.owner, amount=later.amount, due=later.due)


COMMITTED, PAID_IN = range(2)
INVESTED, COINVESTED, TICKETS_ISSUED = range(3)


class Address(NamedTuple):
    """Whose draws these are and when: the calendar position of the quarter being computed."""

    seed: int
    member: int
    quarter: int  # absolute: 4·year + quarter − 1
    step: int  # position in the forcing's quarters, 0 for the first simulated one
    year: int  # position in the forcing's years
    first_of_year: bool


@dataclass
class World:
    """Everything that exists in one member."""

    firms: Table
    births: Table  # firms that will enter, in order of their quarter
    first_birth: Label  # (T + 1,) rows [first_birth[t], first_birth[t+1]) enter in step t
    parameters: Parameters
    forcing: Forcing
    links: Links
    stocks: Stocks
    projects: Number  # (T, 2·targets) projects started, then delivered, toward each counted target

    @property
    def columns(self) -> Columns:
        """Storage of the living firms."""
        return self.firms.columns
