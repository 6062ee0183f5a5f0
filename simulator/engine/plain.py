"""The quarter on numpy columns: needs no compiler, and is the oracle of the compiled engine.

Every stage has the name, the order and the sums of its twin in `simulator.engine.compiled`; `numpy.bincount` adds
in row order, exactly as a loop does, so the two engines agree bit for bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.foundation.mathematics import exp, log
from simulator.foundation.randomness import Decision, Origin, uniforms
from simulator.mechanisms import contracts as m10
from simulator.mechanisms import demand as m2
from simulator.mechanisms import demography as m14
from simulator.mechanisms import finance as m9
from simulator.mechanisms import linkages as m11
from simulator.mechanisms import location as m15
from simulator.mechanisms import milestones as m16
from simulator.mechanisms import research as m6
from simulator.mechanisms import talent as m4
from simulator.world import measures as at
from simulator.world.firms import Columns, Firms, living
from simulator.world.measures import Measures, measures_of
from simulator.world.people import People
from simulator.world.places import node_coverage
from simulator.world.state import (
    BUILDER,
    COINVESTED,
    COMMITTED,
    INVESTED,
    PAID_IN,
    TICKETS_ISSUED,
    Address,
    Forcing,
    Links,
    Parameters,
    Stocks,
    Stretch,
)

NAME = "plain"
DT = 0.25
ROUNDING = 1e-9  # a hundred times 0.02 is two grants, whatever the last bit says
__all__ = ["NAME", "choose_place", "count_people", "quarter", "quarters", "record", "uniforms"]


def choose_place(
    value: npt.NDArray[np.float64],
    addresses: npt.NDArray[np.int64],
    ids: npt.NDArray[np.uint64],
    chain: npt.NDArray[np.int64],
    step: npt.NDArray[np.int64],
    seed: int,
    member: int,
) -> npt.NDArray[np.int64]:
    """Place with the largest utility plus Gumbel noise (M15), one addressed draw per firm and place.

    ``value`` is the utility (T, C, P), ``addresses`` (P,) number the places by name; ``ids``, ``chain`` and ``step``
    describe n newcomers; returns shape (n,).
    """
    best = np.full(len(ids), -np.inf)
    choice = np.zeros(len(ids), dtype=np.int64)
    for place in range(value.shape[2]):
        luck = uniforms(ids, 0, Decision.BIRTH_PLACE, seed, member, int(addresses[place]))[0]
        noisy = value[step, chain, place] + m15.gumbel(luck)
        better = noisy > best
        best[better] = noisy[better]
        choice[better] = place
    return choice


def quarters(
    columns: Columns,
    n: int,
    births: Columns,
    first_birth: npt.NDArray[np.int64],
    p: Parameters,
    forcing: Forcing,
    links: Links,
    stocks: Stocks,
    when: Stretch,
    block: npt.NDArray[np.float64],
    cells: npt.NDArray[np.float64],
) -> int:
    """Advance the quarters of a stretch; returns the number of living firms.

    Step t writes row t + 1 of ``block`` (T + 1, series) and of ``cells`` (T + 1, C, P); ``columns`` has room for all
    that enter.
    """
    for t in range(when.start, when.stop):
        absolute = when.first_quarter + t
        year = (absolute - when.first_january) // 4
        now = Address(when.seed, when.member, absolute, t, year, absolute % 4 == 0)
        first, last = int(first_birth[t]), int(first_birth[t + 1])
        measures = measures_of(block[t + 1], cells[t + 1])
        n = quarter(columns, n, births, first, last, p, forcing, links, stocks, now, measures)
    return n


def quarter(
    columns: Columns,
    n: int,
    births: Columns,
    first: int,
    last: int,
    p: Parameters,
    forcing: Forcing,
    links: Links,
    stocks: Stocks,
    now: Address,
    measures: Measures,
) -> int:
    """Advance one quarter (model order 3–10); returns the number of living firms.

    ``columns`` has room for ``n + last - first`` rows; rows [first, last) of ``births`` enter.
    """
    exits = 0
    if p.switches.firms > 0.0:
        survivors = leave(columns, n, p, forcing, now)
        exits = n - survivors
        n = enter(columns, survivors, births, first, last)
        firms = living(columns.firms, n)
        ids = columns.ids[:n]
        admit(firms, p)
        if now.first_of_year:
            grow_yearly(firms, ids, p, forcing, stocks, now)
        grow_quarterly(firms, p, forcing, stocks, now)
        if now.first_of_year:
            award(firms, ids, p, forcing, stocks, now)
        learn(firms, p, forcing, stocks, now)
        invest(firms, ids, p, forcing, stocks, now)
        build(firms, ids, p, forcing, stocks, now)
        sell(firms, p, forcing, links, stocks, now)
        deliver(firms, p, forcing, stocks, now, measures)
        staff(p, forcing, stocks, now)
    else:
        last = first
    record(columns, n, p, measures)
    count_people(stocks.people, measures)
    published = forcing.published[now.year]
    measures.city[at.CORE_REVENUE_PUBLISHED] = measures.city[at.CORE_REVENUE] * published
    origins = births.ids[first:last] >> np.uint64(60)
    started = float(np.count_nonzero(origins == np.uint64(Origin.STARTUP)))
    measures.city[at.ENTRIES] = started / DT
    measures.city[at.ARRIVALS] = (last - first - started) / DT
    measures.city[at.EXITS] = exits / DT
    measures.city[at.FUND_COMMITTED] = forcing.fund[now.step, COMMITTED]
    measures.city[at.FUND_PAID_IN] = forcing.fund[now.step, PAID_IN]
    measures.city[at.FUND_INVESTED] = stocks.invested[INVESTED]
    measures.city[at.PRIVATE_COINVESTMENT] = stocks.invested[COINVESTED]
    measures.city[at.TICKETS] = stocks.invested[TICKETS_ISSUED]
    measures.city[at.GRANTS_PAID] = stocks.grants_paid[0]
    return n


def leave(columns: Columns, n: int, p: Parameters, forcing: Forcing, now: Address) -> int:
    """Exits (M14), then a quarter of age for those who stay; returns how many stay."""
    firms = living(columns.firms, n)
    table = m14.age_hazard(np.floor(firms.age * DT), p.demography)
    survival = forcing.survival[now.step][firms.chain, firms.place]
    size = firms.external / forcing.reference[now.year]
    yearly = m14.yearly_hazard(table, size, firms.named, survival, p.demography)
    hazard = p.switches.exit * m14.quarterly_hazard(yearly)
    luck = uniforms(columns.ids[:n], now.quarter, Decision.EXIT, now.seed, now.member)[0]
    stay = luck >= hazard
    count = int(np.count_nonzero(stay))
    for block in columns[:3]:
        block[..., :count] = block[..., :n][..., stay]
    columns.firms.age[:count] += 1
    return count


def enter(columns: Columns, n: int, births: Columns, first: int, last: int) -> int:
    """Append the firms that start or arrive this quarter (M12, M13); returns the new number of firms."""
    end = n + last - first
    for block, newborn in zip(columns[:3], births[:3], strict=True):
        block[..., n:end] = newborn[..., first:last]
    return end


def admit(firms: Firms, p: Parameters) -> None:
    """AI firms whose revenue passes the threshold join the catalogue (M12)."""
    firms.catalogue[(firms.ai > 0) & (firms.sales >= p.demography.catalogue_threshold)] = 1


def grow_yearly(
    firms: Firms,
    ids: npt.NDArray[np.uint64],
    p: Parameters,
    forcing: Forcing,
    stocks: Stocks,
    now: Address,
) -> None:
    """The year's growth and luck of firms that were there before (M2, M3)."""
    n_chains = forcing.drift.shape[1]
    drift = _held_drift(p, forcing, stocks, now)
    old = (firms.age > 0).astype(np.float64)
    group = firms.catalogue * n_chains + firms.chain
    log_external = log(firms.external)
    log_age = log(1.0 + firms.age * DT)
    weight = old * firms.external
    counts = np.bincount(group, old, 2 * n_chains)
    sums = np.bincount(group, old * log_external, 2 * n_chains)
    means = np.where(counts > 0.0, sums / np.where(counts > 0.0, counts, 1.0), 0.0)
    gap = log_external - means[group]
    total = np.bincount(firms.catalogue, weight, 2)
    total = np.where(total > 0.0, total, 1.0)
    weighted_log_age = np.bincount(firms.catalogue, weight * log_age, 2) / total
    weighted_gap = np.bincount(firms.catalogue, weight * gap, 2) / total
    age = m2.age_term(log_age, weighted_log_age[firms.catalogue], p.demand.age_growth_slope)
    reversion = m2.reversion_term(gap, weighted_gap[firms.catalogue], p.demand.rho_size)
    scale = m2.laplace_scale(
        firms.external,
        stocks.catalogue_reference[0],
        p.demand.laplace_b_small,
        p.demand.beta_size_var,
        p.demand.b_cap,
    )
    luck = uniforms(ids, now.quarter, Decision.FIRM_SHOCK, now.seed, now.member)[0]
    shock = p.switches.firm_shocks * m2.compensated_shock(luck, scale)
    growth = (
        drift[firms.chain, firms.place]
        + p.switches.age_effect * age
        + p.switches.reversion * reversion
        + shock
    )
    carried = firms.capacity * m9.capacity_of_luck(shock)
    firms.capacity[:] = np.where(old > 0.0, carried, firms.capacity)
    firms.external[:] = np.where(old > 0.0, firms.external * exp(growth), firms.external)


def _held_drift(
    p: Parameters, forcing: Forcing, stocks: Stocks, now: Address
) -> npt.NDArray[np.float64]:
    """The year's systematic growth by chain and place, held where people are scarce (M5); shape (C, P)."""
    left = m4.growth_share(stocks.people.fill, forcing.people.national_fill[now.year], p.talent)
    return np.asarray(m4.held_growth(forcing.drift[now.year][:, np.newaxis], left))


def grow_quarterly(
    firms: Firms, p: Parameters, forcing: Forcing, stocks: Stocks, now: Address
) -> None:
    """Growth channel, uplift of data-rich contracts and the venture effect, by quarter (M2)."""
    uplift = m10.data_uplift(stocks.chain_contract, stocks.chain_sales, p.contracts)
    cell = exp(DT * (forcing.growth[now.step] + uplift[:, np.newaxis]))
    firms.external[:] = firms.external * cell[firms.chain, firms.place]
    lifted = firms.ticket_until >= now.quarter
    firms.external[lifted] = firms.external[lifted] * exp(DT * firms.lift[lifted])


def award(
    firms: Firms,
    ids: npt.NDArray[np.uint64],
    p: Parameters,
    forcing: Forcing,
    stocks: Stocks,
    now: Address,
) -> None:
    """The year's grant round (M6) and who carries the projects it lists (M7, M16), by one draw a firm."""
    projects = forcing.projects
    listed = range(projects.first[now.year], projects.first[now.year + 1])
    stocks.grant[:] = 0.0
    stocks.grant_pot[:] += p.switches.research * forcing.grants[now.year]
    if not listed and not (stocks.grant_pot > 0.0).any():
        return
    r = p.research
    able = np.flatnonzero(firms.ai > 0)
    noise, luck = uniforms(ids[able], now.quarter, Decision.GRANT_ROUND, now.seed, now.member)
    score = m6.grant_score(firms.quality[able], noise, r.grant_score_noise)
    waiting = m16.project_waiting(luck, firms.external[able], firms.quality[able])
    ranked = able[np.argsort(-score, kind="stable")]
    builders = able[np.argsort(waiting, kind="stable")]
    added = np.zeros(len(stocks.grant_pot))
    wins = np.zeros(len(firms.ai), dtype=bool)
    for chain in range(len(added)):
        eligible = ranked[firms.chain[ranked] == chain]
        count = int(np.floor(stocks.grant_pot[chain] * r.technologies_per_money + ROUNDING))
        size = 1.0 / r.technologies_per_money
        if count > len(eligible) > 0:
            count, size = len(eligible), stocks.grant_pot[chain] / len(eligible)
        if count == 0 or not len(eligible):
            continue
        paid = count * size
        stocks.grant_pot[chain] = max(0.0, stocks.grant_pot[chain] - paid)
        stocks.grants_paid[0] += paid
        added[chain] = m6.effective_grant(
            size, r.rd_additionality, r.rd_misuse, r.rd_grant_reference, r.subsidy_concavity
        )
        wins[eligible[:count]] = True
    granted = ranked[wins[ranked]]
    for row in granted:
        stocks.grant[_slot(firms, stocks, row)] = added[firms.chain[row]]
    researchers = granted if len(granted) else ranked
    research_turn = build_turn = 0
    for project in listed:
        if not len(able):
            return
        if projects.carrier[project] == BUILDER:
            row = builders[build_turn % len(builders)]
            build_turn += 1
        else:
            row = researchers[research_turn % len(researchers)]
            research_turn += 1
        stocks.project_slot[project] = _slot(firms, stocks, row)


def _slot(firms: Firms, stocks: Stocks, row: np.int64) -> int:
    """The firm's slot, a new one where it has none."""
    if firms.slot[row] == 0:
        stocks.slots_used[0] += 1
        firms.slot[row] = stocks.slots_used[0]
    return int(firms.slot[row])


def learn(firms: Firms, p: Parameters, forcing: Forcing, stocks: Stocks, now: Address) -> None:
    """Research stocks of all firms, and the growth that grants of a lag ago bring (M6)."""
    depreciation = forcing.research_depreciation[firms.software, firms.node]
    own = m6.research_stock(firms.research, p.research.rd_share * firms.sales, depreciation, DT)
    firms.research[:] = own
    holders = np.flatnonzero(firms.slot)
    slot = firms.slot[holders]
    stocks.row[:] = -1
    stocks.row[slot] = holders
    stocks.granted[slot] = m6.research_stock(
        stocks.granted[slot], stocks.grant[slot], depreciation[holders], DT
    )
    quarters = stocks.lead.shape[1]  # L + 2: the oldest two are those of L and L + 1 quarters ago
    stocks.lead[slot, now.quarter % quarters] = m6.research_lead(stocks.granted[slot], own[holders])
    lead = stocks.lead[slot, (now.quarter + 2) % quarters]
    before = stocks.lead[slot, (now.quarter + 1) % quarters]
    growth = m6.technology_growth(lead, before, p.research.eta_rd, DT)
    firms.external[holders] = firms.external[holders] * exp(DT * growth)


def invest(
    firms: Firms,
    ids: npt.NDArray[np.uint64],
    p: Parameters,
    forcing: Forcing,
    stocks: Stocks,
    now: Address,
) -> None:
    """Place this quarter's fund tickets with catalogue firms (M8)."""
    lag = int(np.floor(p.finance.lag_inv_rev / DT + 0.5))
    effective = int(np.floor(p.finance.ticket_effective_years / DT + 0.5))
    listed = firms.catalogue > 0
    if not listed.any():
        return
    for ticket in range(forcing.first_ticket[now.step], forcing.first_ticket[now.step + 1]):
        option = ticket - forcing.first_ticket[now.step]
        luck = uniforms(
            ids, now.quarter, Decision.TICKET_CHOICE, now.seed, now.member, int(option)
        )[0]
        waiting = m9.ticket_waiting(luck, firms.external, firms.quality)
        winner = int(np.argmin(np.where(listed, waiting, np.inf)))
        private = p.finance.m_crowdin * forcing.tickets[ticket]
        stocks.owner[ticket] = ids[winner]
        stocks.amount[ticket] = forcing.tickets[ticket] + private
        firms.lift[winner] = m9.venture_lift(
            stocks.amount[ticket], firms.external[winner], p.finance.vc_growth_effect
        )
        stocks.due[ticket] = now.quarter + lag
        firms.ticket_until[winner] = now.quarter + effective
        stocks.invested[INVESTED] += forcing.tickets[ticket]
        stocks.invested[COINVESTED] += private
        stocks.invested[TICKETS_ISSUED] += 1.0


def build(
    firms: Firms,
    ids: npt.NDArray[np.uint64],
    p: Parameters,
    forcing: Forcing,
    stocks: Stocks,
    now: Address,
) -> None:
    """Wear, private investment toward demand, and fund investment that is finished (M9).

    An investment whose firm is gone is lost with it.
    """
    demand = firms.external + firms.contract + firms.intermediate
    kept = m9.kept_capacity(firms.capacity, p.finance.capacity_depreciation, DT)
    limit = m9.investment_limit(
        now.first_of_year, p.finance.capacity_max_rate, p.finance.capacity_depreciation, DT
    )
    private = m9.private_capacity(kept, firms.capacity, demand, p.finance.capacity_headroom, limit)
    firms.capacity[:] = kept + private
    for ticket in range(forcing.first_ticket[now.step + 1]):
        if stocks.due[ticket] == now.quarter:
            at_home = np.flatnonzero(ids == stocks.owner[ticket])
            firms.capacity[at_home] += p.finance.rev_capital_ratio * stocks.amount[ticket]


def sell(
    firms: Firms, p: Parameters, forcing: Forcing, links: Links, stocks: Stocks, now: Address
) -> None:
    """Contracts (M10), links (M11) and sales held by capacity (M9)."""
    n_chains = forcing.drift.shape[1]
    pool = p.switches.contracts * p.contracts.scenario_direct * forcing.contracts[now.step]
    weight = m10.size_weight(firms.external, firms.ai, p.contracts.contract_size_exponent)
    weights = np.bincount(firms.chain, weight, n_chains)
    per_weight = np.where(weights > 0.0, pool / np.where(weights > 0.0, weights, 1.0), 0.0)
    firms.contract[:] = per_weight[firms.chain] * weight
    external = np.bincount(firms.chain, firms.external, n_chains)
    contract = np.bincount(firms.chain, firms.contract, n_chains)
    final = external + contract
    gross = np.empty(n_chains)
    capable = p.linkages.capable_node_size
    coverage = node_coverage(firms.node, firms.sales, capable, links.node_chain)
    linkage = forcing.linkage[now.step]
    shares = m11.local_share(p.linkages.rpc, coverage, links.coverage, linkage)
    m11.solve_gross(final, shares, links.purchases, np.empty((n_chains, n_chains)), gross)
    induced = p.switches.links * (gross - final)
    per_external = np.where(external > 0.0, induced / np.where(external > 0.0, external, 1.0), 0.0)
    firms.intermediate[:] = per_external[firms.chain] * firms.external
    demand = firms.external + firms.contract + firms.intermediate
    held = np.minimum(demand, firms.capacity)
    firms.sales[:] = np.where(p.switches.capacity > 0.0, held, demand)
    stocks.chain_sales[:] = np.bincount(firms.chain, firms.sales, n_chains)
    stocks.chain_contract[:] = contract
    n_places = stocks.people.sales.shape[0]
    stocks.people.sales[:] = np.bincount(firms.place, firms.sales, n_places)


def staff(p: Parameters, forcing: Forcing, stocks: Stocks, now: Address) -> None:
    """People who come and go, those whom firms want by now, and who finds a post (M4, M5)."""
    if p.switches.talent == 0.0:
        return
    people, t = stocks.people, p.talent
    before = people.wanted.copy()
    everybody = _total(people.pool)
    job_share = m4.share_of(before, _total(before))
    programme = forcing.people.programme[now.step]
    people.pool[:] = m4.next_pool(people.pool, job_share, everybody, programme, t, DT)
    people.wanted[:] = people.sales / forcing.people.per_head[now.year]
    everybody = _total(people.pool)
    job_share = m4.share_of(people.wanted, _total(people.wanted))
    working = m4.supplied(people.pool, job_share, everybody, t)
    people.fill[:] = m4.fill(working, people.wanted)
    left_open = np.where(now.first_of_year, 0.0, people.posts)
    posts = left_open + m4.new_posts(before, people.wanted, t, DT)
    looking = np.zeros(len(posts))
    for promised in forcing.people.promised[now.step]:
        looking = looking + DT * promised
    offered = m4.supplied(looking, job_share, _total(looking), t)
    placed = m4.placed_share(posts, offered)
    for target, promised in enumerate(forcing.people.promised[now.step]):
        coming = m4.supplied(DT * promised, job_share, _total(DT * promised), t)
        so_far = people.hired[now.step - 1, target] if now.step > 0 else 0.0
        people.hired[now.step, target] = so_far + _total(placed * coming)
    people.posts[:] = m4.posts_left(posts, placed, offered)


def count_people(people: People, measures: Measures) -> None:
    """People of the quarter, city and places; fill weighted by those wanted."""
    wanted = _total(people.wanted)
    measures.place[at.PLACE_TALENT_FILL] = people.fill
    measures.city[at.TALENT_POOL] = _total(people.pool)
    measures.city[at.TALENT_WANTED] = wanted
    filled = _total(people.wanted * people.fill)
    measures.city[at.TALENT_FILL] = filled / wanted if wanted > 0.0 else 1.0


def deliver(
    firms: Firms,
    p: Parameters,
    forcing: Forcing,
    stocks: Stocks,
    now: Address,
    measures: Measures,
) -> None:
    """Projects of firms that are still there: investment, deliveries, capacity and sales of new plants (M7, M16)."""
    projects = forcing.projects
    ratio = p.finance.rev_capital_ratio
    if now.step > 0:
        stocks.delivered[now.step] = stocks.delivered[now.step - 1]
    invested = sold = 0.0
    for project in range(projects.first[now.year + 1]):
        row = stocks.row[stocks.project_slot[project]]
        if row < 0:
            continue
        begun, due = projects.begun[project], projects.due[project]
        money = projects.investment[project]
        quarters = max(due - begun, 1)
        if now.step < begun + quarters:
            invested += money / (DT * quarters)
        if projects.succeeds[project] > 0 and now.step >= due:
            if now.step == due:
                stocks.delivered[now.step, projects.target[project]] += 1.0
                firms.capacity[row] += ratio * money
            years = DT * (now.step - due + 1)
            sold += m16.project_sales(money, ratio, years, p.milestones.project_ramp)
    measures.city[at.PROJECT_INVESTMENT] = invested
    measures.city[at.PROJECT_SALES] = sold


def record(columns: Columns, n: int, p: Parameters, measures: Measures) -> None:
    """Sums of the quarter by city, chain and place, in row order."""
    firms = living(columns.firms, n)
    listed = firms.catalogue.astype(np.float64)
    core = listed * firms.sales
    demand = firms.external + firms.contract + firms.intermediate
    final = firms.external + firms.contract
    city = measures.city
    city[at.CORE_REVENUE] = _total(core)
    city[at.CORE_REVENUE_CONSOLIDATED] = _total(core * final / demand)
    city[at.CORE_SCALE] = _total(core * firms.ai_share)
    city[at.SOFTWARE_REVENUE] = _total(firms.software * firms.sales)
    city[at.ECOSYSTEM_REVENUE] = _total((1.0 - listed) * firms.sales)
    city[at.CONTRACT_REVENUE] = _total(listed * firms.contract)
    city[at.INTERMEDIATE_REVENUE] = _total(listed * firms.intermediate)
    city[at.LOST_TO_CAPACITY] = _total(listed * (demand - firms.sales))
    largest = np.sort(core)[::-1][:10]
    city[at.TOP10_SHARE] = _total(largest) / max(city[at.CORE_REVENUE], 1e-300)
    city[at.FIRMS] = float(n)
    city[at.CATALOGUE_FIRMS] = _total(listed)
    for measure, size in ((at.FIRMS_10, 10.0), (at.FIRMS_50, 50.0), (at.FIRMS_100, 100.0)):
        city[measure] = float(np.count_nonzero(core >= size))
    n_chains, n_places = measures.chain.shape[1], measures.place.shape[1]
    measures.chain[at.CHAIN_CORE_REVENUE] = np.bincount(firms.chain, core, n_chains)
    measures.chain[at.CHAIN_CATALOGUE_FIRMS] = np.bincount(firms.chain, listed, n_chains)
    measures.chain[at.CHAIN_REVENUE] = np.bincount(firms.chain, firms.sales, n_chains)
    cells = np.bincount(firms.chain * n_places + firms.place, core, n_chains * n_places)
    measures.cell[:] = cells.reshape(n_chains, n_places)
    measures.place[at.PLACE_CORE_REVENUE] = np.bincount(firms.place, core, n_places)
    measures.place[at.PLACE_CATALOGUE_FIRMS] = np.bincount(firms.place, listed, n_places)


def _total(column: npt.NDArray[np.float64]) -> float:
    """Sum in row order, as a loop adds (numpy's own sum adds in pairs)."""
    return float(np.bincount(np.zeros(len(column), dtype=np.int64), column, 1)[0])
