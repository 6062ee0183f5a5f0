"""The budget ledger of a stored run: its scenario's levers, its members' draws, recorded fund money and budgets."""

from typing import Protocol, Self

import numpy as np

from simulator.experiments.folder import Floats
from simulator.experiments.store import Run
from simulator.model import prepare
from simulator.policy.effects import lever_tables
from simulator.policy.ledger import GRANTED, YUAN, Flows, Ledger, keep_ledger
from simulator.scenario import Scenario

DRAWN = (
    "contract_duration",
    "scenario_direct",
    "fund_committed",
    "fund_paid_in",
    "k_drawdown",
    "haihe_ai_share",
    "fund_landing_share",
    "administration_share",
    "special_fund_exec",
    "rd_misuse",
)
"""Parameters the ledger needs besides those that scale a lever's effect."""


MEMBERS = 2000
"""Members that are booked: the entries of one take some 10 kB, and two thousand pin their quantiles down."""


class Booked(Protocol):
    """Members whose money can be booked: those of a run folder, or of a case in memory."""

    @property
    def scenario(self) -> Scenario:
        """The scenario that they ran."""

    def head(self, members: int, /) -> Self:
        """The first of them, `members` or a few more."""

    def parameters(self, name: str, /) -> Floats:
        """One drawn parameter, (members,)."""

    def values(self, series: str, /) -> Floats:
        """Quarterly figures, (members, quarters)."""


def ledger_of(run: Booked) -> Ledger:
    """Book the first `MEMBERS` members of a run, one row a member. KeyError when it holds no fund series."""
    run = run.head(MEMBERS)
    study = prepare(run.scenario)
    effects = {e.parameter for e in study.effects if e.channel in ("demand", "fund", GRANTED)}
    names = {*DRAWN, *(name for name in effects if name)}
    flows = Flows(
        drawn={name: run.parameters(name) for name in sorted(names)},
        invested=run.values("fund_invested")[:, 1:],
        coinvested=run.values("private_coinvestment")[:, 1:],
        funds_on=bool(study.switches.funds),
        contracts_on=bool(study.switches.contracts),
        factors={
            office.id: run.values(_factor(office.id))[:, 1:]
            for office in study.offices
            if office.planned.any()
        },
    )
    return keep_ledger(
        run.scenario.levers,
        lever_tables(study.library).assumptions,
        study.effects,
        study.ground,
        study.simulated,
        flows,
    )


def budgets_of(run: Run) -> Floats:
    """Budgets of all governments over the period, (members,) 亿元 in whole yuan: plan times what was made of it."""
    total = np.zeros(len(run.members))
    for office in prepare(run.scenario).offices:
        if office.planned.any():
            total += run.annual(_factor(office.id))[:, 1:] @ office.planned
    return np.asarray(np.rint(total * YUAN) / YUAN)


def _factor(office: str) -> str:
    """Series of a government's budget over its plan."""
    return f"district_budget_factor[{office}]" if office else "budget_factor"
