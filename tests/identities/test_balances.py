"""Money and heads balance in every quarter, whatever levers are pulled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model import TianjinAI, prepare
from simulator.policy.effects import load_lever_assumptions
from simulator.registry import load_registry
from simulator.world.paths import contract_spending
from simulator.world.places import node_coverage
from simulator.world.state import COINVESTED, INVESTED, PAID_IN, TICKETS_ISSUED
from tests.limits.handmade import OFF, Handmade, parameters, scenario, still, with_doses

BASELINE = scenario("baseline", overrides={"period.end": "2026Q4"})
PAST = scenario("no_policy", overrides={"period.start": "2018Q1", "period.end": "2019Q4"})
HIGHEST = {k: a.high for k, a in load_lever_assumptions(load_registry()).items()}
ROUNDING = 1e-11


@st.composite
def models(draw: st.DrawFn) -> TianjinAI:
    """A member of some seed under some doses of some levers, some mechanisms off, either founding."""
    if draw(st.integers(0, 4)) == 0:
        case = PAST
    else:
        ids = [setting.lever.id for setting in BASELINE.levers]
        chosen = draw(st.lists(st.sampled_from(ids), max_size=12, unique=True))
        share = st.floats(0.0, 1.0, allow_nan=False)
        case = with_doses(BASELINE, {i: HIGHEST[i] * draw(share) for i in chosen})
    living = sorted(
        case.mechanisms.keys() - {"firms"}
    )  # with firms frozen nothing is done, balanced or not
    off = draw(st.sets(st.sampled_from(living), max_size=2))
    case = dataclasses.replace(
        case,
        seed=draw(st.integers(0, 2**32 - 1)),
        mechanisms={**case.mechanisms, **dict.fromkeys(off, False)},
    )
    return TianjinAI(prepare(case), draw(st.integers(0, 200)))


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(models())
def test_every_quarter_balances(model: TianjinAI) -> None:
    study = model.study
    before = model.world.firms.n
    names = dict(zip(study.series, range(len(study.series)), strict=True))
    assert model.block[0, names["firms"]] == before
    people = model.measures["talent_pool"]
    for _ in study.simulated:
        known = _last_sales(model)
        model.step()
        _check_heads(model, before)
        _check_sales(model, known)
        _check_sums(model)
        _check_money(model)
        people = _check_people(model, people)
        _check_projects(model)
        before = model.world.firms.n
    model.close()


def _last_sales(model: TianjinAI) -> dict[int, float]:
    """Last sales by id, of those who live now and those who enter in the coming quarter."""
    world, t = model.world, model.quarters_done
    first, last = world.first_birth[t], world.first_birth[t + 1]
    born = world.births
    ids = [*world.firms.ids.tolist(), *born.ids[first:last].tolist()]
    sales = [*world.firms.column("sales"), *born.column("sales")[first:last]]
    return dict(zip(ids, sales, strict=True))


def _check_heads(model: TianjinAI, before: int) -> None:
    """firms(t) = firms(t−1) + ¼·(entries + arrivals − exits): flows are annual rates."""
    city = model.measures
    world = model.world
    assert world.firms.n == before + (city["entries"] + city["arrivals"] - city["exits"]) / 4.0
    assert city["firms"] == world.firms.n
    assert len(np.unique(world.firms.ids)) == world.firms.n
    t = model.quarters_done - 1
    newborn = int(world.first_birth[t + 1] - world.first_birth[t])
    assert np.count_nonzero(world.firms.column("age") == 0) == newborn
    assert (world.firms.column("age") >= 0).all()
    switches = world.parameters.switches
    assert city["entries"] == 0.0 or switches.entry
    assert city["arrivals"] == 0.0 or switches.arrivals
    assert city["exits"] == 0.0 or switches.exit


def _check_sales(model: TianjinAI, last_sales: dict[int, float]) -> None:
    """sales = min(demand, capacity), exactly; x = (I − R̂A)⁻¹f; contracts spend what the projects buy locally."""
    world, ground = model.world, model.study.ground
    firm = {name: world.firms.column(name) for name in type(world.columns.firms)._fields}
    demand = firm["external"] + firm["contract"] + firm["intermediate"]
    p = world.parameters
    expected = np.minimum(demand, firm["capacity"]) if p.switches.capacity else demand
    assert firm["sales"].tobytes() == expected.tobytes()
    assert (firm["external"] > 0.0).all() and (firm["capacity"] > 0.0).all()
    assert (firm["contract"] >= 0.0).all() and (firm["intermediate"] >= 0.0).all()
    chains = len(ground.chains)
    t = model.quarters_done - 1
    external = np.bincount(firm["chain"], firm["external"], chains)
    contract = np.bincount(firm["chain"], firm["contract"], chains)
    pool = p.contracts.scenario_direct * world.forcing.contracts[t] * p.switches.contracts
    sellers = np.bincount(firm["chain"], firm["ai"], chains) > 0
    assert contract == pytest.approx(np.where(sellers, pool, 0.0), rel=ROUNDING)
    assert not firm["contract"][firm["ai"] == 0].any()
    induced = np.bincount(firm["chain"], firm["intermediate"], chains)
    if not p.switches.links:
        assert not induced.any()
        return
    gross = external + contract + induced
    known = np.array([last_sales[i] for i in world.firms.ids.tolist()])
    coverage = node_coverage(firm["node"], known, p.linkages.capable_node_size, ground.node_chain)
    assert ((coverage >= 0.0) & (coverage <= 1.0)).all()
    shares = p.linkages.rpc * (coverage / world.links.coverage * (1.0 + world.forcing.linkage[t]))
    local = np.minimum(0.9, shares)[:, None] * world.links.purchases
    assert gross == pytest.approx(
        np.linalg.solve(np.eye(chains) - local, external + contract), rel=ROUNDING
    )


def _check_sums(model: TianjinAI) -> None:
    """Chains and places both add up to the city; gross less consolidated is what chains sold to each other."""
    city, study, world = model.measures, model.study, model.world
    row = model.block[model.quarters_done]
    for total, by_chain, by_place in (
        ("core_revenue", "chain_core_revenue", "district_core_revenue"),
        ("catalogue_firms", "chain_catalogue_firms", "district_catalogue_firms"),
    ):
        for part in (by_chain, by_place):
            parts = [row[i] for i, s in enumerate(study.series) if s.startswith(f"{part}[")]
            assert sum(parts) == pytest.approx(city[total], rel=ROUNDING)
            assert min(parts) >= 0.0
    firm = {name: world.firms.column(name) for name in type(world.columns.firms)._fields}
    listed = firm["catalogue"] == 1
    demand = firm["external"] + firm["contract"] + firm["intermediate"]
    sold = firm["sales"] / demand
    between = np.sum((sold * firm["intermediate"])[listed])
    assert city["core_revenue"] - city["core_revenue_consolidated"] == pytest.approx(
        between, rel=1e-9, abs=1e-9
    )
    every = city["core_revenue"] + city["ecosystem_revenue"]
    assert every == pytest.approx(firm["sales"].sum(), rel=ROUNDING)
    lost = city["core_revenue"] + city["lost_to_capacity"]
    assert lost == pytest.approx(demand[listed].sum(), rel=ROUNDING)
    assert 0.0 < city["top10_share"] <= 1.0 + ROUNDING
    largest = np.sort(firm["sales"][listed])[::-1]
    assert city["top10_share"] * city["core_revenue"] == pytest.approx(
        largest[:10].sum(), rel=ROUNDING
    )
    for name, size in (("firms_10", 10.0), ("firms_50", 50.0), ("firms_100", 100.0)):
        assert city[name] == np.count_nonzero(largest >= size)
    assert city["core_scale"] <= city["core_revenue"]
    published = world.forcing.published[model.quarter.year - study.years[0]]
    assert city["core_revenue_published"] == city["core_revenue"] * published


def _check_money(model: TianjinAI) -> None:
    """Invested ≤ paid in × shares ≤ committed × shares; money that waits is never negative."""
    world = model.world
    finance, forcing, stocks = world.parameters.finance, world.forcing, world.stocks
    t = model.quarters_done - 1
    city = model.measures
    assert finance.fund_paid_in <= city["fund_paid_in"] <= city["fund_committed"]
    drawn = forcing.fund[t, PAID_IN] - finance.fund_paid_in
    money = finance.haihe_ai_share * finance.fund_landing_share * drawn
    money *= world.parameters.switches.funds
    invested = stocks.invested[INVESTED]
    assert 0.0 <= invested <= money * (1.0 + ROUNDING)
    listed = np.any(world.firms.column("catalogue"))
    issued = int(forcing.first_ticket[t + 1])
    if listed:
        assert invested == pytest.approx(forcing.tickets[:issued].sum(), rel=ROUNDING)
        assert stocks.invested[TICKETS_ISSUED] == issued
    assert stocks.invested[COINVESTED] == pytest.approx(finance.m_crowdin * invested, rel=ROUNDING)
    assert [city[k] for k in ("fund_invested", "private_coinvestment", "tickets")] == list(
        stocks.invested
    )
    placed = stocks.owner != 0
    assert placed.sum() == stocks.invested[TICKETS_ISSUED]
    assert stocks.amount[placed].sum() == pytest.approx(
        (1.0 + finance.m_crowdin) * invested, rel=ROUNDING
    )


def _check_people(model: TianjinAI, before: float) -> float:
    """pool' = pool·(1 + ¼(graduates − attrition)) + ¼·retention·programme; fill lies in (0, 1]; returns the pool."""
    world, city, t = model.world, model.measures, model.quarters_done - 1
    talent, people = world.parameters.talent, world.stocks.people
    pool = city["talent_pool"]
    moves = world.parameters.switches.talent
    own = before * (talent.talent_graduates - talent.talent_attrition)
    came = talent.talent_retention * world.forcing.people.programme[t].sum()
    assert pool == pytest.approx(before + moves * (own + came) / 4.0, rel=1e-9)
    assert (people.pool >= 0.0).all() and ((people.fill >= 0.0) & (people.fill <= 1.0)).all()
    assert city["talent_fill"] <= 1.0 + ROUNDING
    assert city["talent_wanted"] == pytest.approx(people.wanted.sum(), rel=ROUNDING)
    return pool


def _check_projects(model: TianjinAI) -> None:
    """What is started or delivered never goes back; more is never delivered than was started or carried over.

    Grants paid and grant money that waits are what the lists of the years so far held, to rounding.
    """
    study, world, done = model.study, model.world, model.quarters_done
    rows = model.block[done - 1 : done + 1]
    carried = {earlier.target for earlier in study.ground.carried}
    for target in study.counted:
        key = study.registry.target(target).key
        started = rows[:, study.series.index(f"milestones_started[{key}]")]
        delivered = rows[:, study.series.index(f"milestones_delivered[{key}]")]
        assert started[1] >= started[0] >= 0.0 and delivered[1] >= delivered[0] >= 0.0
        assert delivered[1] <= started[1] or target in carried
    p, stocks = world.parameters, world.stocks
    year = model.quarter.year - study.years[0]
    listed = p.switches.research * world.forcing.grants[: year + 1].sum()
    paid = model.measures["grants_paid"]
    assert paid + stocks.grant_pot.sum() == pytest.approx(listed, rel=ROUNDING, abs=1e-12)
    assert paid >= 0.0 and (stocks.grant_pot >= 0.0).all()


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.floats(0.0, 100.0, allow_nan=False), min_size=1, max_size=16),
    st.floats(0.05, 6.0, allow_nan=False),
)
def test_projects_spend_their_money_and_no_more(opened: list[float], duration: float) -> None:
    """Every yuan opened is spent once when the period is long enough, and never before it is opened."""
    money = np.array(opened)[:, None]
    spent = contract_spending(money, duration)
    assert (np.cumsum(spent) <= np.cumsum(money) * (1.0 + 1e-12) + 1e-12).all()
    tail = np.zeros((int(np.ceil(duration * 4)) + 1, 1))
    whole = contract_spending(np.concatenate([money, tail]), duration)
    assert whole.sum() == pytest.approx(money.sum(), rel=1e-12, abs=1e-12)
    assert whole[: len(money)].tobytes() == spent.tobytes()


def test_shares_of_the_ground_sum_to_one() -> None:
    ground = prepare(BASELINE).ground
    assert ground.chain_mix.sum() == pytest.approx(1.0, abs=1e-14)
    assert ground.place_share.sum() == pytest.approx(1.0, abs=1e-14)
    assert ground.purchases.sum(axis=0) == pytest.approx(1.0, abs=1e-14)
    assert sum(age.share for age in ground.ages) == pytest.approx(1.0, abs=1e-12)
    assert sum(c.weight for c in ground.constructions) == pytest.approx(1.0, abs=1e-12)


def test_each_investment_is_finished_after_its_own_lag() -> None:
    """κ' = κ + rev_capital_ratio·I(t − lag) (M9), also for a firm that wins twice within the lag."""
    p = parameters(
        OFF, lag_inv_rev=1.0, rev_capital_ratio=0.8, m_crowdin=0.5, capacity_depreciation=0.0
    )
    tickets = np.array([2.0, 6.0])
    forcing = still(quarters=8, tickets=tickets, first_ticket=[0, 1, 1, 2, 2, 2, 2, 2, 2])
    world = Handmade([10.0], p, forcing, capacity=100.0)
    capacity = []
    for t in range(8):
        world.step(t, first_of_year=t % 4 == 0, at=t)
        capacity.append(float(world.capacity[0]))
    added = 0.8 * 1.5 * tickets
    assert capacity[3] == 100.0
    assert capacity[7] == pytest.approx(100.0 + added.sum(), rel=1e-14)
    assert capacity[4:6] == pytest.approx([100.0 + added[0]] * 2, rel=1e-14)
    assert capacity[6] == pytest.approx(100.0 + added.sum(), rel=1e-14)
