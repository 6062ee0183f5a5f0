"""The ledger balances to the yuan for any doses, spends nothing it has not, and agrees with the model."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulator.foundation.calendar import Quarter, Schedule
from simulator.model import Study, prepare
from simulator.policy.effects import lever_tables
from simulator.policy.ledger import (
    ACCOUNTS,
    AI_MONEY,
    APPROPRIATED,
    CITY_BUDGET,
    COMMITTED,
    FIRMS,
    LOCAL,
    OPENED,
    PAID_IN,
    PRIVATE,
    SPENT,
    YUAN,
    Flows,
    Ledger,
    keep_ledger,
)
from simulator.scenario import Scenario, load_scenario

MEMBERS = 3
HELD = [account.key for account in ACCOUNTS if account.role == "held"]


@cache
def baseline() -> Scenario:
    return load_scenario("scenarios/baseline.yaml")


def booked(scenario: Scenario, members: int = MEMBERS) -> tuple[Study, Ledger, np.ndarray]:
    study = prepare(scenario)
    results = [study.simulate(member) for member in range(members)]
    values = np.stack([result.values for result in results])
    drawn = np.stack([result.parameters for result in results])
    flows = Flows(
        {name: drawn[:, column] for column, name in enumerate(study.parameter_names)},
        values[:, 1:, study.series.index("fund_invested")],
        values[:, 1:, study.series.index("private_coinvestment")],
        bool(study.switches.funds),
        bool(study.switches.contracts),
    )
    tables = lever_tables(study.library)
    ledger = keep_ledger(
        scenario.levers, tables.assumptions, study.effects, study.ground, study.simulated, flows
    )
    return study, ledger, values


def at_random(scenario: Scenario, seed: int) -> Scenario:
    """Every lever at a random dose, or none, in a random stretch of the period."""
    rng = np.random.default_rng(seed)
    high = lever_tables(prepare(scenario).library).assumptions
    levers = []
    for setting in scenario.levers:
        if rng.random() < 0.3:
            continue
        first = int(rng.integers(2025, 2028))
        points = tuple(
            (year, float(rng.random() ** 3 * high[setting.lever.id].high))
            for year in range(first, 2028)
        )
        span = (Quarter(first, int(rng.integers(1, 5))), Quarter(2027, int(rng.integers(1, 5))))
        levers.append(replace(setting, dose=Schedule(points, bool(rng.random() < 0.5), *span)))
    return replace(scenario, levers=tuple(levers))


@pytest.mark.parametrize("seed", range(4))
def test_budget_is_received_or_unspent_to_the_yuan(seed: int) -> None:
    _, ledger, _ = booked(at_random(baseline(), seed))
    put_in = -ledger.total("source")
    assert (put_in > 0).all()
    gone = sum(ledger.total(role) for role in SPENT)
    assert put_in.tolist() == (gone + ledger.total("held")).tolist()
    for entry in ledger.entries:
        assert entry.amount.dtype == np.int64
        assert (entry.amount >= 0).all() and entry.amount.any()


@pytest.mark.parametrize("seed", range(4))
def test_spending_never_exceeds_what_exists(seed: int) -> None:
    _, ledger, _ = booked(at_random(baseline(), seed))
    for account in HELD:
        for year in ledger.years:
            assert (ledger.balance(account, until=year) >= 0).all(), (account, year)
    for lever in {entry.lever for entry in ledger.entries if entry.lever}:
        for account in (APPROPRIATED, OPENED, COMMITTED, PAID_IN, AI_MONEY):
            assert (ledger.balance(account, lever=lever) >= 0).all(), (account, lever)


def test_the_model_says_the_same() -> None:
    study, ledger, values = booked(baseline())
    series = {name: values[:, -1, study.series.index(name)] for name in study.series}
    committed = ledger.balance(COMMITTED) / YUAN
    expected = series["fund_committed"] - series["fund_paid_in"]
    assert committed == pytest.approx(expected, abs=1e-6)
    # Nothing had to be held back: every ticket the model placed is booked in full.
    firms = sum(e.amount for e in ledger.entries if e.destination == FIRMS and e.source != PRIVATE)
    assert firms == pytest.approx(series["fund_invested"] * YUAN, abs=2.0)
    contracts = values[:, 1:, study.series.index("contract_revenue")].sum(axis=1) / 4.0
    local = ledger.balance(LOCAL) / YUAN
    assert (contracts <= local + 1e-6).all() and (contracts > 0.2 * local).all()


def test_a_dose_of_zero_leaves_no_entry() -> None:
    scenario = baseline()
    idle = tuple(replace(s, dose=replace(s.dose, points=((None, 0.0),))) for s in scenario.levers)
    _, with_zeros, _ = booked(replace(scenario, levers=idle))
    _, without, _ = booked(replace(scenario, levers=()))
    assert not [entry for entry in with_zeros.entries if entry.lever or entry.source == CITY_BUDGET]
    for a, b in zip(with_zeros.entries, without.entries, strict=True):
        assert (a.year, a.source, a.destination) == (b.year, b.source, b.destination)
        assert a.amount.tolist() == b.amount.tolist()


def test_budget_is_dose_times_cost() -> None:
    scenario = baseline()
    _, ledger, _ = booked(scenario, members=1)
    known = lever_tables(prepare(scenario).library).assumptions
    for setting in scenario.levers:
        doses = sum(setting.dose.values(scenario.period.quarters)) / 4.0
        expected = doses * known[setting.lever.id].cost_per_unit
        entries = [
            e.amount[0]
            for e in ledger.entries
            if e.lever == setting.lever.id and e.destination == APPROPRIATED
        ]
        assert sum(entries) / YUAN == pytest.approx(expected, abs=1e-7), setting.lever.id


def test_switches_stop_the_money_where_they_stand() -> None:
    off = {**baseline().mechanisms, "funds": False, "contracts": False}
    _, ledger, _ = booked(replace(baseline(), mechanisms=off), members=1)
    received = {e.destination for e in ledger.entries}
    assert FIRMS not in received and LOCAL not in received
    assert ledger.balance(PAID_IN)[0] > 0
    assert set(ledger.balance(APPROPRIATED)) == {0}
