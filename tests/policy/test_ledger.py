"""The ledger balances to the yuan for any doses, spends nothing it has not, and agrees with the model."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.foundation.calendar import Quarter, Schedule
from simulator.model import Study, prepare
from simulator.policy.effects import lever_tables
from simulator.policy.ledger import (
    ACCOUNTS,
    AI_MONEY,
    APPROPRIATED,
    CITY_BUDGET,
    COMMITTED,
    ENVELOPE,
    FIRMS,
    GRANTS,
    IN_DISTRICTS,
    LAPSED,
    LOCAL,
    OPENED,
    OTHER_SECTORS,
    PAID_IN,
    PRIVATE,
    SPENT,
    WAITING,
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
        {
            office.id: values[:, 1:, study.series.index(column)]
            for office in study.offices
            for column in [f"district_budget_factor[{office.id}]" if office.id else "budget_factor"]
        },
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


@st.composite
def cases(draw: st.DrawFn) -> Scenario:
    """Any levers of two foundings: doses within bounds, places, chains and schedules of their own, either rule."""
    start = draw(st.sampled_from([2025, 2018]))
    scenario = baseline() if start == 2025 else past()
    last = scenario.period.end.year
    known = lever_tables(scenario.library).assumptions
    registry = scenario.library.registry
    levers = []
    for setting in draw(st.lists(st.sampled_from(scenario.levers), unique_by=id, max_size=15)):
        first = draw(st.integers(start, last))
        shares = draw(st.lists(st.floats(0.0, 1.0), min_size=last - first + 1, max_size=3))
        points = tuple((first + i, s * known[setting.lever.id].high) for i, s in enumerate(shares))
        dose = Schedule(
            points,
            draw(st.booleans()),
            Quarter(first, draw(st.integers(1, 4))),
            Quarter(draw(st.integers(first, last)), 4),
        )
        chains = draw(st.lists(st.sampled_from(registry.chain_ids), unique=True, max_size=3))
        places = draw(st.lists(st.sampled_from(registry.place_ids), unique=True, max_size=3))
        aimed = {"chains": tuple(chains) or setting.chains, "places": tuple(places)}
        levers.append(replace(setting, dose=dose, **aimed))
    return replace(
        scenario,
        levers=tuple(levers),
        government=draw(st.sampled_from(["fixed", "adaptive"])),
        seed=draw(st.integers(0, 1000)),
    )


@cache
def past() -> Scenario:
    return load_scenario(
        "scenarios/no_policy.yaml",
        {
            "period.start": "2018Q1",
            "period.end": "2020Q4",
            "plans": "[tj-2018-2020, chains-2018-2020, jizhou-2018-2020]",
        },
    )


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(cases())
def test_any_policy_balances_to_the_yuan(scenario: Scenario) -> None:
    study, ledger, values = booked(scenario, members=2)
    sources, others = {a.key for a in ACCOUNTS if a.role == "source"}, set(HELD)
    for year in ledger.years:
        # Within every year what accounts give is what accounts get, and no held account falls below zero.
        gave = sum(ledger.balance(a, until=year) for a in sources)
        got = sum(ledger.balance(a.key, until=year) for a in ACCOUNTS if a.key not in sources)
        assert (gave + got == 0).all()
        assert all((ledger.balance(account, until=year) >= 0).all() for account in others)
    assert all((entry.amount >= 0).all() for entry in ledger.entries)
    # Per government: what its plan has is what it budgeted and what is left; it never budgets more.
    for office in study.offices:
        own = [e for e in ledger.entries if e.district == office.id]
        plan = sum(e.amount for e in own if e.destination == ENVELOPE)
        spent = sum(e.amount for e in own if e.source == ENVELOPE)
        assert np.all(spent <= plan)
        assert np.asarray(plan) / YUAN == pytest.approx(office.planned.sum(), abs=1e-6)
        column = f"district_budget_factor[{office.id}]" if office.id else "budget_factor"
        factor = values[:, 4::4, study.series.index(column)]
        assert np.asarray(spent) / YUAN == pytest.approx(factor @ office.planned, abs=1e-6)
    # What districts receive adds up to the accounts, year by year.
    for year in ledger.years:
        for account in IN_DISTRICTS:
            paid = sum(
                e.amount for e in ledger.entries if (e.year, e.destination) == (year, account)
            )
            found = sum(
                r.amount for r in ledger.receipts() if (r.year, r.destination) == (year, account)
            )
            assert np.array_equal(np.asarray(paid), np.asarray(found))


def test_grants_are_misused_and_budgets_administered_by_the_members_shares() -> None:
    study, ledger, _ = booked(baseline())
    share = {
        name: np.array([study.simulate(m).parameters[study.parameter_names.index(name)]
                        for m in range(MEMBERS)])
        for name in ("rd_misuse", "administration_share")
    }  # fmt: skip
    budgets = sum(e.amount for e in ledger.entries if e.destination == APPROPRIATED)
    administered = ledger.total("administered")
    assert administered / budgets == pytest.approx(share["administration_share"], rel=1e-6)
    misused, research = ledger.total("misused"), ledger.balance(GRANTS)
    assert misused / (misused + research) == pytest.approx(share["rd_misuse"], rel=1e-6)
    assert ledger.total("lapsed").tolist() == [0] * MEMBERS


def test_an_announced_special_fund_lapses_in_part() -> None:
    """The 100亿元 of 2018: of what is announced the executed share of each member is spent, the rest lapses."""
    fund = tuple(s for s in past().levers if s.lever.id == "l-tj18-fiscal-fund")
    study, ledger, _ = booked(replace(past(), levers=fund))
    executed = np.array(
        [study.draws.of(member).values["special_fund_exec"] for member in range(MEMBERS)]
    )
    announced = sum(e.amount for e in ledger.entries if e.destination == APPROPRIATED) / YUAN
    assert announced == pytest.approx(np.full(MEMBERS, 99.99))
    assert ledger.balance(LAPSED) / YUAN == pytest.approx((1.0 - executed) * announced, rel=1e-8)


def test_a_layer_is_that_of_the_fund_account_money_enters_or_leaves() -> None:
    _, ledger, _ = booked(baseline(), members=1)
    layers = {(e.source, e.destination): e.layer for e in ledger.entries}
    assert layers[APPROPRIATED, COMMITTED] == "committed"
    assert layers[COMMITTED, PAID_IN] == layers[PAID_IN, OTHER_SECTORS] == "paid_in"
    assert layers[PAID_IN, AI_MONEY] == "ai" and layers[WAITING, FIRMS] == "landed"
    assert layers[CITY_BUDGET, ENVELOPE] == layers[OPENED, LOCAL] == ""


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
