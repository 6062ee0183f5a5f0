"""The oracle: one quarter computed firm by firm in plain Python from the equations of the docstrings.

No numpy, no engine, none of the equation functions: only `math`, and the addressed uniforms, which have tests of
their own. Agreement is to 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from simulator.foundation.randomness import Decision, uniforms
from simulator.model import TianjinAI, prepare
from simulator.world.state import BUILDER, Parameters, World
from tests.limits.handmade import scenario, with_doses

YEAR = 4  # quarters
Firm = dict[str, Any]


def rows(table: Any, first: int, last: int) -> list[Firm]:
    """Rows of a table of firms as plain dictionaries of Python numbers."""
    names = type(table.columns.firms)._fields
    return [
        {"id": int(table.columns.ids[i])}
        | {name: getattr(table.columns.firms, name)[i].item() for name in names}
        for i in range(first, last)
    ]


class Luck:
    """The addressed uniforms of the coming quarter, looked up firm by firm."""

    def __init__(self, model: TianjinAI) -> None:
        self.model = model

    def __call__(
        self, firms: list[Firm], decision: Decision, option: int = 0, which: int = 0
    ) -> dict[int, float]:
        """Uniform of each firm by id; ``which`` of the two of an address."""
        ids = np.array([firm["id"] for firm in firms], dtype=np.uint64)
        now = self.model.study.simulated[self.model.quarters_done].index
        seed = self.model.study.scenario.seed
        drawn = uniforms(ids, now, decision, seed, self.model.member, option)[which]
        return dict(zip(ids.tolist(), drawn.tolist(), strict=True))


def hazard(firm: Firm, reference: float, survival: float, p: Parameters) -> float:
    """M14: table(age)·h_mult·min(1.5, (e/median)^(−θ))·(1 − survival); named firms their own; 1 − (1−h)^¼."""
    d = p.demography
    years = firm["age"] // YEAR
    table = [d.h_age0, d.h_age1, d.h_age2, *[d.h_age3_6] * 4][years] if years < 7 else d.h_age7p
    size = min(1.5, (firm["external"] / reference) ** -d.exit_size_exponent)
    yearly = d.exit_named if firm["named"] else table * d.h_hightech_mult * size
    yearly = min(0.95, yearly * max(0.0, 1.0 - survival))
    return float(1.0 - (1.0 - yearly) ** 0.25)


def mean_by(firms: Iterable[Firm], group: Callable[[Firm], Any], value: Callable[[Firm], float],
            weight: Callable[[Firm], float]) -> dict[Any, float]:  # fmt: skip
    """Weighted means by group."""
    sums: dict[Any, list[float]] = {}
    for firm in firms:
        sums.setdefault(group(firm), [0.0, 0.0])
        sums[group(firm)][0] += weight(firm) * value(firm)
        sums[group(firm)][1] += weight(firm)
    return {k: total / weights for k, (total, weights) in sums.items()}


def grow_a_year(firms: list[Firm], draw: Luck, world: World, year: int) -> None:
    """M2 and M3 in the first quarter of a year, for firms that were there before."""
    p = world.parameters
    d, on = p.demand, p.switches
    old = [firm for firm in firms if firm["age"] > 0]

    def perimeter(firm: Firm) -> int:
        return int(firm["catalogue"])

    def cell(firm: Firm) -> tuple[int, int]:
        return firm["catalogue"], firm["chain"]

    def log_size(firm: Firm) -> float:
        return math.log(firm["external"])

    def log_age(firm: Firm) -> float:
        return math.log(1.0 + firm["age"] / YEAR)

    middle = mean_by(old, cell, log_size, lambda firm: 1.0)

    def gap(firm: Firm) -> float:
        return log_size(firm) - middle[cell(firm)]

    def revenue(firm: Firm) -> float:
        return float(firm["external"])

    mean_age = mean_by(old, perimeter, log_age, revenue)
    mean_gap = mean_by(old, perimeter, gap, revenue)
    reference = float(world.stocks.catalogue_reference[0])
    people_fill = world.stocks.people.fill.tolist()
    luck = draw(old, Decision.FIRM_SHOCK)
    grown = []
    for firm in old:
        age = d.age_growth_slope * (log_age(firm) - mean_age[perimeter(firm)])
        reversion = -(1.0 - d.rho_size) * (gap(firm) - mean_gap[perimeter(firm)])
        b = min(d.b_cap, d.laplace_b_small * (firm["external"] / reference) ** -d.beta_size_var)
        u = luck[firm["id"]] - 0.5
        shock = math.copysign(-b * math.log(1.0 - 2.0 * abs(u)), u) + math.log(1.0 - b * b)
        total = float(world.forcing.drift[year, firm["chain"]])
        fill, national = people_fill[firm["place"]], world.forcing.people.national_fill[year]
        if total > 0.0:
            total *= min(1.0, fill / national) ** p.talent.alpha_skill
        total += on.age_effect * age + on.reversion * reversion + on.firm_shocks * shock
        firm["capacity"] *= max(1.0, math.exp(on.firm_shocks * shock))
        grown.append(firm["external"] * math.exp(total))
    for firm, external in zip(old, grown, strict=True):
        firm["external"] = external


def award(firms: list[Firm], draw: Luck, world: World, year: int) -> tuple[dict[int, float], Any]:
    """M6 in the first quarter of a year: research each slot's grant adds, and the slot of each project (M7, M16)."""
    p, forcing, stocks = world.parameters, world.forcing, world.stocks
    r, projects = p.research, forcing.projects
    able = [firm for firm in firms if firm["ai"]]
    noise = draw(able, Decision.GRANT_ROUND)
    race = draw(able, Decision.GRANT_ROUND, which=1)

    def score(firm: Firm) -> float:
        u = noise[firm["id"]]
        scale = r.grant_score_noise * math.sqrt(3.0) / math.pi
        return math.log(firm["quality"]) + scale * math.log(u / (1.0 - u))

    def waiting(firm: Firm) -> float:
        return -math.log(race[firm["id"]]) / (firm["external"] * firm["quality"])

    ranked = sorted(able, key=score, reverse=True)
    builders = sorted(able, key=waiting)
    grants: dict[int, float] = {}
    for c, pot in enumerate(stocks.grant_pot.tolist()):
        money = pot + p.switches.research * float(forcing.grants[year, c])
        own = [firm for firm in ranked if firm["chain"] == c]
        count = math.floor(money * r.technologies_per_money + 1e-9)
        size = money / len(own) if count > len(own) else 1.0 / r.technologies_per_money
        useful = (1.0 + r.rd_additionality) * (1.0 - r.rd_misuse) * r.rd_grant_reference
        added = useful * (size / r.rd_grant_reference) ** r.subsidy_concavity
        for firm in own[:count]:
            grants[firm["id"]] = min(size, added)
    granted = [firm for firm in ranked if firm["id"] in grants]
    used = int(stocks.slots_used[0])
    slots = stocks.project_slot.tolist()
    mine = range(projects.first[year], projects.first[year + 1])
    builds = [k for k in mine if projects.carrier[k] == BUILDER]
    studies = [k for k in mine if projects.carrier[k] != BUILDER]
    owners = {k: (granted or ranked)[i % len(granted or ranked)] for i, k in enumerate(studies)}
    owners |= {k: builders[i % len(builders)] for i, k in enumerate(builds)}
    for firm in [*granted, *(owners[k] for k in mine)]:
        if not firm["slot"]:
            used += 1
            firm["slot"] = used
    for k, owner in owners.items():
        slots[k] = owner["slot"]
    return {firm["slot"]: grants[firm["id"]] for firm in granted}, slots


def learn(firms: list[Firm], grants: dict[int, float], world: World, now: int) -> None:
    """M6: own stock and stock from grants; growth is the rise of ln(1 + G/H) a lag ago."""
    p, forcing, stocks = world.parameters, world.forcing, world.stocks
    lag = math.floor(YEAR * p.research.lag_rd + 0.5)
    for firm in firms:
        left = 1.0 - float(forcing.research_depreciation[firm["software"], firm["node"]]) / YEAR
        firm["research"] = left * firm["research"] + p.research.rd_share * firm["sales"] / YEAR
        slot = firm["slot"]
        if slot:
            stock = left * float(stocks.granted[slot]) + grants.get(slot, 0.0) / YEAR
            lead = {
                q: float(stocks.lead[slot, q % stocks.lead.shape[1]])
                for q in range(now - lag - 1, now)
            }
            lead[now] = math.log(1.0 + stock / firm["research"])
            rise = lead[now - lag] - lead[now - lag - 1]
            firm["external"] *= math.exp(p.research.eta_rd * rise)


def deliver(
    firms: list[Firm], slots: list[int], world: World, t: int, year: int
) -> dict[str, float]:
    """M16: what the plants of firms that are still there invest and sell."""
    p, projects = world.parameters, world.forcing.projects
    at_home = {firm["slot"]: firm for firm in firms if firm["slot"]}
    flows = {"project_investment": 0.0, "project_sales": 0.0, "delivered": 0.0}
    for k in range(projects.first[year + 1]):
        owner = at_home.get(slots[k])
        begun, due, money = (
            float(x[k]) for x in (projects.begun, projects.due, projects.investment)
        )
        if owner is None:
            continue
        if t < max(due, begun + 1):
            flows["project_investment"] += YEAR * money / max(due - begun, 1)
        if projects.succeeds[k] and t >= due:
            plant = p.finance.rev_capital_ratio * money
            flows["project_sales"] += plant * min(
                1, (t - due + 1) / YEAR / p.milestones.project_ramp
            )
            if t == due:
                owner["capacity"] += plant
                flows["delivered"] += 1.0
    return flows


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """(I − M)⁻¹·right by adding rounds of purchases until nothing more is bought."""
    total, wave = [0.0] * len(right), list(right)
    while max(map(abs, wave)) > 1e-18:
        total = [a + b for a, b in zip(total, wave, strict=True)]
        wave = [sum(m * w for m, w in zip(row, wave, strict=True)) for row in matrix]
    return total


def one_quarter(model: TianjinAI) -> tuple[list[Firm], dict[str, float]]:
    """The coming quarter of a model by hand; the model is not touched."""
    world, study = model.world, model.study
    p, forcing, stocks = world.parameters, world.forcing, world.stocks
    t = model.quarters_done
    calendar = study.simulated[t]
    now, year = calendar.index, calendar.year - study.years[0]
    first_of_year = calendar.quarter == 1
    chains = range(len(study.ground.chains))
    firms = rows(world.firms, 0, world.firms.n)
    before = len(firms)
    draw = Luck(model)
    fate = draw(firms, Decision.EXIT)
    firms = [
        firm
        for firm in firms
        if fate[firm["id"]]
        >= p.switches.exit
        * hazard(
            firm,
            float(forcing.reference[year]),
            float(forcing.survival[t, firm["chain"], firm["place"]]),
            p,
        )
    ]
    exits = before - len(firms)
    for firm in firms:
        firm["age"] += 1
    firms += rows(world.births, int(world.first_birth[t]), int(world.first_birth[t + 1]))
    for firm in firms:
        if firm["ai"] and firm["sales"] >= p.demography.catalogue_threshold:
            firm["catalogue"] = 1
    if first_of_year:
        grow_a_year(firms, draw, world, year)
    for firm in firms:  # growth channel, uplift of data-rich contracts, venture effect
        c = firm["chain"]
        share = stocks.chain_contract[c] / stocks.chain_sales[c] if stocks.chain_sales[c] else 0.0
        c10 = p.contracts
        uplift = c10.contract_data_rich_share * c10.scenario_commercial / 2.5 * share
        venture = firm["lift"] if firm["ticket_until"] >= now else 0.0
        rate = forcing.growth[t, c, firm["place"]] + uplift + venture
        firm["external"] *= math.exp(rate / YEAR)
    grants = dict(enumerate(stocks.grant.tolist()))
    slots = stocks.project_slot.tolist()
    if first_of_year:
        grants, slots = award(firms, draw, world, year)
    learn(firms, grants, world, now)
    invested = 0.0
    queue = list(zip(stocks.due.tolist(), stocks.owner.tolist(), stocks.amount, strict=True))
    listed = [firm for firm in firms if firm["catalogue"]]
    for option, ticket in enumerate(range(forcing.first_ticket[t], forcing.first_ticket[t + 1])):
        race = draw(listed, Decision.TICKET_CHOICE, option)
        waiting = {
            firm["id"]: -math.log(race[firm["id"]])
            / (math.sqrt(firm["external"]) * firm["quality"])
            for firm in listed
        }
        first = min(waiting, key=waiting.__getitem__)
        winner = next(firm for firm in listed if firm["id"] == first)
        money = float(forcing.tickets[ticket])
        invested += money
        share = (1.0 + p.finance.m_crowdin) * money / winner["external"]
        winner["lift"] = p.finance.vc_growth_effect * min(1.0, share)
        due = now + round(YEAR * p.finance.lag_inv_rev)
        queue.append((due, winner["id"], (1.0 + p.finance.m_crowdin) * money))
        winner["ticket_until"] = now + round(YEAR * p.finance.ticket_effective_years)
    for firm in firms:  # M9
        f = p.finance
        demand = firm["external"] + firm["contract"] + firm["intermediate"]
        kept = firm["capacity"] * (1.0 - f.capacity_depreciation / YEAR)
        rate = f.capacity_depreciation / YEAR + (f.capacity_max_rate if first_of_year else 0.0)
        own = max(0.0, (1.0 + f.capacity_headroom) * demand - kept)
        finished = sum(money for due, owner, money in queue if (due, owner) == (now, firm["id"]))
        funded = f.rev_capital_ratio * finished
        firm["capacity"] = kept + min(own, rate * firm["capacity"]) + funded
    _sell(firms, world, t, chains)
    plants = deliver(firms, slots, world, t, year)
    return firms, {"exits": 4.0 * exits, "invested": invested} | plants


def _sell(firms: list[Firm], world: World, t: int, chains: range) -> None:
    """M10, M11 and the capacity limit of M9."""
    p, forcing, links = world.parameters, world.forcing, world.links
    weight = [
        firm["external"] ** p.contracts.contract_size_exponent if firm["ai"] else 0.0
        for firm in firms
    ]
    weights = [
        sum(w for w, f in zip(weight, firms, strict=True) if f["chain"] == c) for c in chains
    ]
    for firm, w in zip(firms, weight, strict=True):
        c = firm["chain"]
        pool = p.switches.contracts * p.contracts.scenario_direct * float(forcing.contracts[t, c])
        firm["contract"] = pool * w / weights[c] if weights[c] else 0.0
    external = [sum(f["external"] for f in firms if f["chain"] == c) for c in chains]
    final = [external[c] + sum(f["contract"] for f in firms if f["chain"] == c) for c in chains]
    largest: dict[int, float] = {}
    for firm in firms:
        largest[firm["node"]] = max(largest.get(firm["node"], 0.0), firm["sales"])
    local = []
    for c in chains:
        nodes = [k for k, owner in enumerate(links.node_chain) if owner == c]
        capable = [k for k in nodes if largest.get(k, 0.0) >= p.linkages.capable_node_size]
        coverage = len(capable) / len(nodes) / float(links.coverage[c])
        share = p.linkages.rpc * coverage * (1.0 + float(forcing.linkage[t, c]))
        local.append([min(0.9, share) * float(links.purchases[c, d]) for d in chains])
    gross = solve(local, final)
    for firm in firms:
        c = firm["chain"]
        induced = p.switches.links * (gross[c] - final[c])
        firm["intermediate"] = induced * firm["external"] / external[c] if external[c] else 0.0
        demand = firm["external"] + firm["contract"] + firm["intermediate"]
        firm["sales"] = min(demand, firm["capacity"]) if p.switches.capacity else demand


def people_by_hand(
    model: TianjinAI, firms: list[Firm], t: int, year: int
) -> dict[str, list[float]]:
    """M4 and M5 in a quarter whose firms have sold, from the people before it; the model is not touched."""
    world = model.world
    p, now, paths = world.parameters.talent, world.stocks.people, world.forcing.people
    places = range(len(model.study.ground.places))
    pool, before = now.pool.tolist(), now.wanted.tolist()

    def commute(heads: list[float], jobs: list[float]) -> list[float]:
        """Column-stochastic: each head of k works in k with the home share, else where the jobs are."""
        at_home = p.commute_home_share
        return [
            sum(
                (at_home * (d == k) + (1.0 - at_home) * jobs[d] / sum(jobs)) * heads[k]
                for k in places
            )
            for d in places
        ]

    people = [
        pool[k] * (1.0 - p.talent_attrition / YEAR)
        + p.talent_graduates / YEAR * before[k] / sum(before) * sum(pool)
        + p.talent_retention / YEAR * float(paths.programme[t, k])
        for k in places
    ]
    grown = p.revenue_per_head * math.exp(
        p.revenue_per_head_growth * (model.study.years[year] - 2021)
    )
    wanted = [
        sum(f["sales"] for f in firms if f["place"] == d) / (grown / 10_000.0) for d in places
    ]
    fill = [
        min(1.0, here / asked) if asked else 1.0
        for here, asked in zip(commute(people, wanted), wanted, strict=True)
    ]
    lost = [p.talent_attrition / YEAR * b for b in before]
    opened = [p.high_end_posts * max(0.0, wanted[d] - before[d] + lost[d]) for d in places]
    kept = [0.0 if t % YEAR == 0 else float(now.posts[d]) for d in places]
    posts = [a + b for a, b in zip(kept, opened, strict=True)]
    looking = [float(paths.promised[t, :, d].sum()) / YEAR for d in places]
    offered = commute(looking, wanted)
    placed = [min(1.0, a / b) if b else 0.0 for a, b in zip(posts, offered, strict=True)]
    hired = []
    before_now = now.hired[t - 1] if t else np.zeros(now.hired.shape[1])
    for h, so_far in enumerate(before_now.tolist()):
        coming = commute((paths.promised[t, h] / YEAR).tolist(), wanted)
        hired.append(so_far + sum(a * b for a, b in zip(placed, coming, strict=True)))
    left = [a - b * c for a, b, c in zip(posts, placed, offered, strict=True)]
    return {"pool": people, "wanted": wanted, "fill": fill, "posts": left, "hired": hired}


CASES = [
    pytest.param("push", 5, 4, {}, id="first quarter of the second year, all on"),
    pytest.param("push", 5, 10, {}, id="third quarter of the third year, all on"),
    pytest.param("baseline", 70, 0, {}, id="the very first quarter"),
    pytest.param(
        "baseline", 2, 8, {"age_effect": False, "links": False}, id="no age effect, no links"
    ),
    pytest.param(
        "baseline", 3, 4, {"reversion": False, "capacity": False, "exit": False}, id="less on"
    ),
    pytest.param("plans/tj-2018-2020", 1, 4, {}, id="major projects, second year"),
    pytest.param("plans/tj-2018-2020", 2, 11, {"links": False}, id="major projects, last quarter"),
]


@pytest.mark.parametrize(("stem", "member", "done", "mechanisms"), CASES)
def test_a_quarter_is_what_the_equations_say(
    stem: str, member: int, done: int, mechanisms: dict[str, bool]
) -> None:
    # Much money and a short lag, so that tickets are issued and investments finished.
    case = scenario(stem, mechanisms, lag_inv_rev=0.5, k_drawdown=0.3, ticket_effective_years=0.5,
                    lag_rd=0.25, milestone_duration=0.7)  # fmt: skip
    funds = "l-tj27-funds" if case.period.years[0] == 2025 else "l-tj18-fund-group"
    case = with_doses(case, {funds: 1000.0})
    model = TianjinAI(prepare(case), member)
    for _ in range(done):
        model.step()
    invested = float(model.world.stocks.invested[0])
    delivered = float(model.world.stocks.delivered[done - 1].sum()) if done else 0.0
    firms, flows = one_quarter(model)
    year = model.study.simulated[done].year - model.study.years[0]
    people = people_by_hand(model, firms, done, year)
    model.step()
    for name, expected in people.items():
        counted = getattr(model.world.stocks.people, name)
        counted = counted[done] if name == "hired" else counted
        assert counted.tolist() == pytest.approx(expected, rel=1e-11, abs=1e-9), name
    table = model.world.firms
    assert [firm["id"] for firm in firms] == table.ids.tolist()
    for name in type(table.columns.firms)._fields:
        if name in (
            "sme_years",
            "hightech_years",
        ):  # counted after the quarter, at the end of a year
            continue
        expected = [firm[name] for firm in firms]
        assert table.column(name).tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12), name
    city = model.measures
    listed = [firm for firm in firms if firm["catalogue"]]
    assert city["core_revenue"] == pytest.approx(math.fsum(f["sales"] for f in listed), rel=1e-12)
    assert city["exits"] == flows["exits"]
    assert city["fund_invested"] - invested == pytest.approx(
        flows["invested"], rel=1e-10, abs=1e-10
    )
    for name in ("project_investment", "project_sales"):
        assert city[name] == pytest.approx(flows[name], rel=1e-12, abs=1e-12), name
    assert model.world.stocks.delivered[done].sum() - delivered == flows["delivered"]
    if stem.startswith("plans"):
        assert min(city["project_sales"], city["grants_paid"]) > 0.0
    if done:
        assert any(firm["slot"] for firm in firms)
        assert flows["invested"] > 0.0
        assert any(firm["ticket_until"] for firm in firms)


@pytest.mark.parametrize("done", [0, 10, 12])
def test_people_promised_by_count_are_hired_by_hand_too(done: int) -> None:
    """The pilot-zone plan promises people in three tiers; some of them find a post and some do not."""
    study = prepare(scenario("plans/pilot-zone-2020-2024"))
    model = TianjinAI(study, 1)
    for _ in range(done):
        model.step()
    firms, _ = one_quarter(model)
    expected = people_by_hand(model, firms, done, study.simulated[done].year - study.years[0])
    model.step()
    people = model.world.stocks.people
    for name, numbers in expected.items():
        found = people.hired[done] if name == "hired" else getattr(people, name)
        assert found.tolist() == pytest.approx(numbers, rel=1e-11, abs=1e-9), name
    offered = model.world.forcing.people.promised[: done + 1].sum() / YEAR
    assert 0.0 <= people.hired[done].sum() <= offered * (1.0 + 1e-12)
    assert not done or 0.0 < people.hired[done].sum() < offered
