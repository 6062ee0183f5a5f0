"""The budget ledger of a stored run: its scenario's levers, its members' draws and recorded fund money."""

import numpy as np

from simulator.experiments.fan import quantiles
from simulator.experiments.store import Run
from simulator.model import prepare
from simulator.policy.effects import lever_tables
from simulator.policy.ledger import YUAN, Entry, Flows, Ledger, keep_ledger

DRAWN = (
    "contract_duration",
    "scenario_direct",
    "fund_committed",
    "fund_paid_in",
    "k_drawdown",
    "haihe_ai_share",
    "fund_landing_share",
)
"""Parameters the ledger needs besides those that scale a lever's effect."""


def ledger_of(run: Run) -> Ledger:
    """Book a run, one row a member. KeyError when it holds no fund series."""
    study = prepare(run.scenario)
    effects = {e.parameter for e in study.effects if e.channel in ("demand", "fund")}
    names = {*DRAWN, *(name for name in effects if name)}
    flows = Flows(
        drawn={name: run.parameters(name) for name in sorted(names)},
        invested=run.values("fund_invested")[:, 1:],
        coinvested=run.values("private_coinvestment")[:, 1:],
        funds_on=bool(study.switches.funds),
        contracts_on=bool(study.switches.contracts),
    )
    return keep_ledger(
        run.scenario.levers,
        lever_tables(study.library).assumptions,
        study.effects,
        study.ground,
        study.simulated,
        flows,
    )


def entry_rows(ledger: Ledger) -> list[list[object]]:
    """Rows of `ledger.csv`: year, accounts, lever, kind, unit, mean, median, and 5–95 % where members differ."""
    return [
        [
            entry.year,
            entry.source,
            entry.destination,
            entry.lever,
            entry.kind,
            "亿元",
            *_summary(entry),
        ]
        for entry in ledger.entries
    ]


def _summary(entry: Entry) -> tuple[float, float, float | None, float | None]:
    amount = entry.amount / YUAN
    if (entry.amount == entry.amount[0]).all():
        return float(amount[0]), float(amount[0]), None, None
    low, _, middle, _, high = quantiles(np.asarray(amount, dtype=np.float64)).tolist()
    return float(amount.mean()), middle, low, high
