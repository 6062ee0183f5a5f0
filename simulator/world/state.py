"""The state of one member: firms, the paths that drive them, chain structure and money invested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

from simulator.mechanisms.adoption import Adoption
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
from simulator.mechanisms.research import Research
from simulator.mechanisms.talent import Talent
from simulator.mechanisms.titles import Titles
from simulator.world.firms import Columns, Ids, Table
from simulator.world.people import People, PeoplePaths

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
    talent: float = 1.0
    research: float = 1.0
    firms: float = 1.0  # off: firms stay as they were founded


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
    titles: Titles
    adoption: Adoption
    talent: Talent
    research: Research
    budgets: Budgets
    switches: Switches


def parameters_of(values: Mapping[str, float], switches: Switches) -> Parameters:
    """Sort drawn values into the mechanisms' parameters by field name; KeyError for a missing one."""
    drawn = _DRAWN(values)
    return Parameters._make([*(kind(*drawn[own]) for kind, own in _MECHANISMS), switches])


_KINDS = [kind for kind in get_type_hints(Parameters).values() if kind is not Switches]
_DRAWN = itemgetter(*(field for kind in _KINDS for field in kind._fields))
_ENDS = list(accumulate((len(kind._fields) for kind in _KINDS), initial=0))
_MECHANISMS = [(kind, slice(*ends)) for kind, ends in zip(_KINDS, pairwise(_ENDS), strict=True)]


class Projects(NamedTuple):
    """Projects that firms carry (M7, M16), in order of the year that lists them; each starts with its year."""

    first: Label  # (Y + 1,) projects [first[y], first[y+1]) are listed in year y
    begun: Label  # (projects,) step of its first quarter
    due: Label  # (projects,) step in which it is finished
    succeeds: Label  # (projects,) 1 unless it fails
    target: Label  # (projects,) position among the counted targets
    carrier: Label  # (projects,) `RESEARCHER` or `BUILDER`
    investment: Number  # (projects,) money a builder invests, 亿元; 0 for researchers


NOBODY, RESEARCHER, BUILDER = range(3)


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
    people: PeoplePaths
    grants: Number  # (Y, C) research grant money of the year, 亿元
    research_depreciation: (
        Number  # (2, nodes) of firms that do no software, then of those that do, 1/yr
    )
    projects: Projects


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
    people: People
    grant_pot: Number  # (C,) grant money that waits for the next round, 亿元
    grants_paid: Number  # (1,) grants paid since the start, 亿元
    slots_used: Label  # (1,) firms that ever held a grant or a project
    row: Label  # (slots,) row of each such firm in this quarter, −1 when it is gone; slot 0 stands for nobody
    grant: Number  # (slots,) research its grant of this year adds, 亿元/yr
    granted: Number  # (slots,) G: research stock from grants, 亿元
    lead: Number  # (slots, L + 2) ring of ln(1 + G/H) by absolute quarter
    project_slot: Label  # (projects,) slot of the firm that carries it, 0 before
    delivered: Number  # (T, targets) projects of firms delivered since the start, by quarter


def open_stocks(
    tickets: int,
    chain_sales: Number,
    reference: float,
    people: People,
    holders: int = 0,
    lag: int = 0,
    projects: int = 0,
    counted: tuple[int, int] = (1, 0),
) -> Stocks:
    """Stocks before the first quarter: no ticket placed, no contract, no grant; ``reference`` as in `Stocks`.

    ``holders`` is the largest number of firms that may ever hold a grant or a project, ``lag`` that of research in
    quarters, ``counted`` the quarters and counted targets to come (T, targets).
    """
    slots = holders + 1
    return Stocks(
        invested=np.zeros(3),
        owner=np.zeros(tickets, dtype=np.uint64),
        amount=np.zeros(tickets),
        due=np.full(tickets, -1, dtype=np.int64),
        chain_sales=chain_sales,
        chain_contract=np.zeros(len(chain_sales)),
        catalogue_reference=np.array([reference]),
        people=people,
        grant_pot=np.zeros(len(chain_sales)),
        grants_paid=np.zeros(1),
        slots_used=np.zeros(1, dtype=np.int64),
        row=np.full(slots, -1, dtype=np.int64),
        grant=np.zeros(slots),
        granted=np.zeros(slots),
        lead=np.zeros((slots, lag + 2)),
        project_slot=np.zeros(projects, dtype=np.int64),
        delivered=np.zeros(counted),
    )


def carry_stocks(
    stocks: Stocks, tickets: tuple[int, int], projects: tuple[int, int], holders: int
) -> Stocks:
    """The same stocks with other numbers of tickets and projects to come; what has happened keeps its place.

    ``tickets`` and ``projects`` are those issued or listed so far, and those there will be in all.
    """

    def carried(old: Any, size: int, kept: int, empty: float = 0.0) -> Any:
        new = np.full((size, *old.shape[1:]), empty, dtype=old.dtype)
        new[:kept] = old[:kept]
        return new

    issued, all_tickets = tickets
    slots = holders + 1
    used = min(slots, len(stocks.row))
    return stocks._replace(
        owner=carried(stocks.owner, all_tickets, issued),
        amount=carried(stocks.amount, all_tickets, issued),
        due=carried(stocks.due, all_tickets, issued),
        row=carried(stocks.row, slots, used, -1),
        grant=carried(stocks.grant, slots, used),
        granted=carried(stocks.granted, slots, used),
        lead=carried(stocks.lead, slots, used),
        project_slot=carried(stocks.project_slot, projects[1], projects[0]),
    )


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


class Stretch(NamedTuple):
    """Quarters to compute in one call: steps [start, stop) of a member."""

    seed: int
    member: int
    first_quarter: int  # absolute quarter of step 0
    first_january: int  # absolute first quarter of the forcing's first year
    start: int
    stop: int


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
    projects: Number  # (T, 2·targets) projects started, then those delivered that no firm carries, by target
    hired: Label  # (H,) which counted targets count people, who are delivered once hired

    @property
    def columns(self) -> Columns:
        """Storage of the living firms."""
        return self.firms.columns
