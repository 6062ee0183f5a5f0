"""Founding: the firms that are there before the first simulated quarter, and those that will come.

2024Q4 is founded on the base value X₀ with its perimeter (one of four constructions, drawn together): the named firms
inside it at their reported size, the unnamed firms above 10亿元 from their prior count, the rest from a size law
fitted so that the catalogue adds up to X₀ exactly. Outside the catalogue stands the ecosystem of smaller firms.
2017Q4 is founded on the size classes of software firms instead. External sales follow from revenue through the
local links, so nothing jumps in the first quarter.

Start-ups and arrivals do not depend on the state, so the firms to come are laid out here too, in order of quarter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtri

from simulator.foundation.mathematics import root
from simulator.foundation.randomness import (
    Decision,
    Ids,
    Origin,
    dated_ids,
    entity_ids,
    name_group,
    repeated_ids,
)
from simulator.mechanisms.demography import (
    Demography,
    age_hazard,
    truncated_pareto,
    truncated_pareto_mean,
    yearly_hazard,
)
from simulator.mechanisms.linkages import local_share
from simulator.mechanisms.location import utility
from simulator.mechanisms.research import balanced_stock
from simulator.world.firms import SPARE, Table
from simulator.world.places import Ground, Perimeter, node_coverage
from simulator.world.state import Links, Parameters

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]
Uniforms = Callable[..., tuple[Number, Number]]

TIER = 10.0  # 亿元: firms above it are counted by a prior of their own
LARGEST_TAIL_SHARE = 0.75  # of the unnamed revenue, at most this much in firms above the tier
QUALITY_LOG_SD = 0.5  # spread of the fixed quality draw (assumed); its mean is one
SMALLEST_FIRM = 0.02  # 亿元, smallest firm outside the catalogue (assumed)
LARGEST_OUTSIDER = 10.0  # 亿元, largest firm that does no AI (assumed)
LAG_SHAPE = 4.0  # of the gamma booking lag (assumed); lags beyond the warm-up are held to it
OUTSIDE = "outside the catalogue"  # address of newcomers that no policy courts
NORMAL_ABOVE = 500.0  # mean count above which the normal law stands in for the Poisson law
WARM_UP = 12  # quarters of signings before the start, or the lag would starve the first years
SMALLEST_FINAL_SHARE = 0.1  # of a chain's revenue, sold outside the seven chains (assumed)
NAMED_AGE = 40  # quarters, of firms with a reported revenue (assumed)
DT = 0.25


class Base(NamedTuple):
    """What is drawn about the stock of 2024 (its priors are in priors.csv)."""

    base_core_revenue: float  # X₀, 亿元
    construction: int  # index of the perimeter
    n10_2024: float  # draws of counts, rounded here
    catalogue_firms: float
    ecosystem_firms: float
    founding_tail: float
    unnamed_max_size: float


class Loops(Protocol):
    """An engine's loops for founding and year-ends; each does as the text of the same name, to the last bit."""

    fit_sizes: Callable[..., Number]
    found_2024: Callable[..., Table]
    append_unnamed: Callable[..., None]
    lay_out_births: Callable[..., tuple[Table, Label]]
    run_pipelines: Callable[..., Any]
    fund_paths: Callable[..., Any]
    growth_paths: Callable[..., Any]
    adoption_path: Callable[..., Number]
    expected_losses: Callable[..., Number]
    crude_exit: Callable[..., float]
    settle_links: Callable[..., Links]
    settle_research: Callable[..., None]
    contract_spending: Callable[..., Number]
    open_titles: Callable[..., None]
    review_titles: Callable[..., None]
    count_titles: Callable[..., None]


class Draw(NamedTuple):
    """Who draws: seed, member, the engine's addressed uniforms and choice of place, and its loops if it has any."""

    seed: int
    member: int
    uniforms: Uniforms
    choose_place: Callable[[Number, Label, Ids, Label, Label, int, int], Label]
    loops: Loops | None = None

    def pair(self, ids: Ids, decision: Decision, option: int = 0) -> tuple[Number, Number]:
        """Two uniforms per id for one decision, independent of the quarter."""
        return self.uniforms(ids, 0, decision, self.seed, self.member, option)


class Newcomers(NamedTuple):
    """Firms that come from elsewhere whatever policy does, signed a year: into the catalogue, and outside it."""

    catalogue: float
    outside: float


class BirthPlan(NamedTuple):
    """What decides who will come; T quarters, C chains, P places."""

    first_quarter: int  # absolute index of the first simulated quarter
    n_founding: int  # N₀, all firms at founding
    median_size: float  # median revenue at founding, 亿元/yr
    final_share: Number  # (C,) final sales per yuan of revenue at founding
    size_index: Number  # (T,) growth of sizes since founding
    entry: Number  # (T, C) start-up rate multiplier
    incentive: Number  # (T, C, P) location channel
    newcomers: Newcomers  # who comes without policy
    industry_index: Number  # (T,) growth of the whole industry since founding, newcomers included
    software_share: float  # of firms that are born
    policy: tuple[
        tuple[str, Number, Number], ...
    ]  # lever, (T,) signings a year, (C,) chain weights


class Cohort(NamedTuple):
    """Firms that will be born; one row each."""

    ids: Ids
    step: Label  # simulated quarter in which they enter
    chain: Label
    size: Number  # revenue, 亿元/yr
    ai: npt.NDArray[np.bool_]


def found_2024(ground: Ground, base: Base, p: Parameters, draw: Draw) -> Table:
    """Found the catalogue at X₀ and the ecosystem around it; sales are set, external sales not yet."""
    if draw.loops is not None:
        return draw.loops.found_2024(ground, base, p, draw)
    named = ground.perimeters[base.construction]
    rest, above, below = unnamed_firms(named, base, p)
    threshold = p.demography.catalogue_threshold
    tail_ids = entity_ids(Origin.FOUNDING, 0, 0, above)
    body_ids = entity_ids(Origin.FOUNDING, 1, 0, below)
    tail = tail_sizes(draw.pair(tail_ids, Decision.FOUNDING_SIZE)[0], rest, base, draw.loops)
    strata = (np.arange(below) + draw.pair(body_ids, Decision.FOUNDING_SIZE)[0]) / below
    body = body_sizes(strata, rest - float(tail.sum()), threshold, draw.loops)
    table = Table(int(SPARE * (len(named.ids) + above + below + round(base.ecosystem_firms))))
    table.append(
        named.ids,
        sales=named.revenue,
        chain=named.chain,
        node=named.node,
        place=named.place,
        software=named.software,
        named=1,
        catalogue=1,
        ai=1,
        quality=1.0,
        ai_share=p.demography.core_ai_share,
        age=NAMED_AGE,
    )
    unnamed = np.concatenate([tail_ids, body_ids])
    sizes = np.concatenate([tail, body])
    append_unnamed(table, unnamed, sizes, 1, 1, ground, p, draw)
    append_outside(table, base, ground, p, draw)
    return table


def unnamed_firms(named: Perimeter, base: Base, p: Parameters) -> tuple[float, int, int]:
    """Revenue of the unnamed catalogue firms, 亿元, and how many stand above and below the tier."""
    rest = base.base_core_revenue - float(named.revenue.sum())
    named_above = int(np.count_nonzero(named.revenue >= TIER))
    above = max(0, round(base.n10_2024) - named_above)
    smallest = p.demography.catalogue_threshold
    feasible = int((1.0 - LARGEST_TAIL_SHARE) * rest / (1.25 * smallest))
    below = min(max(round(base.catalogue_firms) - len(named.ids) - above, 1), max(feasible, 1))
    return rest, above, below


def append_outside(table: Table, base: Base, ground: Ground, p: Parameters, draw: Draw) -> None:
    """Add the ecosystem of smaller firms outside the catalogue."""
    ids = entity_ids(Origin.FOUNDING, 2, 0, round(base.ecosystem_firms))
    luck, kind = draw.pair(ids, Decision.FOUNDING_SIZE)
    does_ai = kind < p.demography.ecosystem_ai_share
    largest = np.where(does_ai, p.demography.catalogue_threshold, LARGEST_OUTSIDER)
    sizes = truncated_pareto(luck, SMALLEST_FIRM, largest, base.founding_tail)
    append_unnamed(table, ids, sizes, 0, does_ai, ground, p, draw)


def tail_sizes(luck: Number, rest: float, base: Base, loops: Loops | None = None) -> Number:
    """Sizes of the unnamed firms above the tier: truncated Pareto with the founding exponent.

    If they would take more than their largest share of ``rest`` (亿元), the exponent is raised until they fit.
    """
    sizes: Number = truncated_pareto(luck, TIER, base.unnamed_max_size, base.founding_tail)
    room = LARGEST_TAIL_SHARE * rest
    if sizes.sum() <= room or not len(sizes):
        return sizes
    return fit_sizes(luck, room, TIER, base.unnamed_max_size, loops)


def body_sizes(luck: Number, total: float, smallest: float, loops: Loops | None = None) -> Number:
    """Sizes of the catalogue firms below the tier, fitted so that they add up to ``total`` (亿元) exactly."""
    return fit_sizes(luck, total, smallest, TIER, loops)


def fit_sizes(
    luck: Number, total: float, smallest: float, largest: float, loops: Loops | None = None
) -> Number:
    """Truncated Pareto sizes whose exponent is solved so that they add up to ``total``.

    Raises ValueError when no exponent can: the total lies outside (n·smallest, n·largest).
    """
    n = len(luck)
    check_total(n, total, smallest, largest)
    if loops is not None:
        return loops.fit_sizes(luck, total, smallest, largest)

    def mean_excess(exponent: float) -> float:
        return n * truncated_pareto_mean(smallest, largest, exponent) / total - 1.0

    def excess(exponent: float) -> float:
        return float(np.sum(truncated_pareto(luck, smallest, largest, exponent))) / total - 1.0

    expected = root(mean_excess, -60.0, 60.0)
    low, high = expected - 0.5, expected + 0.5
    while excess(low) < 0.0:
        low -= 2.0
    while excess(high) > 0.0:
        high += 2.0
    sizes: Number = truncated_pareto(luck, smallest, largest, root(excess, low, high))
    sizes[int(np.argmax(sizes))] += total - float(sizes.sum())
    return sizes


def check_total(n: int, total: float, smallest: float, largest: float) -> None:
    """Raise ValueError unless firms of these sizes can add up to the total."""
    if not n * smallest < total < n * largest:
        raise ValueError(f"{n} firms between {smallest:g} and {largest:g} cannot sum to {total:g}")


def found_2017(ground: Ground, known_from: float, p: Parameters, draw: Draw) -> Table:
    """Found the software firms of 2017 from their size classes, each class at its reported revenue.

    A firm does AI with the share ``core_firms_2017``; those that do and pass the threshold are the core catalogue.
    Firms above ``known_from`` (亿元, the largest that nobody names) leave as named firms do. Sales are set, external
    sales not yet.
    """
    table = Table(0)
    for k, size_class in enumerate(ground.software_classes):
        ids = entity_ids(Origin.FOUNDING, 3 + k, 0, size_class.firms)
        luck, kind = draw.pair(ids, Decision.FOUNDING_SIZE)
        strata = (np.arange(size_class.firms) + luck) / size_class.firms
        sizes = fit_sizes(
            strata, size_class.revenue, size_class.smallest, size_class.largest, draw.loops
        )
        does_ai = kind < p.demography.core_firms_2017
        listed = does_ai & (sizes >= p.demography.catalogue_threshold)
        append_unnamed(table, ids, sizes, listed, does_ai, ground, p, draw)
    table.column("software")[:] = 1
    table.column("named")[:] = table.column("sales") > known_from
    return table


def append_unnamed(
    table: Table,
    ids: Ids,
    sizes: Number,
    catalogue: npt.ArrayLike,
    ai: npt.ArrayLike,
    ground: Ground,
    p: Parameters,
    draw: Draw,
) -> None:
    """Add founding firms of given size with drawn chain, node, place, age and kind."""
    if draw.loops is not None:
        draw.loops.append_unnamed(table, ids, sizes, catalogue, ai, ground, p, draw)
        return
    chain_luck, node_luck = draw.pair(ids, Decision.FOUNDING_KIND)
    place_luck, software_luck = draw.pair(ids, Decision.FOUNDING_PLACE)
    age_luck, _ = draw.pair(ids, Decision.FOUNDING_AGE)
    chain = pick(ground.chain_mix, chain_luck)
    weight = place_weight(ground, p)
    place = np.empty(len(ids), dtype=np.int64)
    for c in range(len(ground.chains)):
        rows = np.flatnonzero(chain == c)
        place[rows] = pick(weight[c], place_luck[rows])
    table.append(
        ids,
        sales=sizes,
        chain=chain,
        node=draw_node(ground, chain, node_luck),
        place=place,
        catalogue=catalogue,
        ai=ai,
        software=software_luck < p.demography.software_share,
        quality=draw_quality(draw, ids),
        ai_share=p.demography.core_ai_share,
        age=draw_age(ground, age_luck),
    )


def place_weight(ground: Ground, p: Parameters) -> Number:
    """Weights of the places for the founding firms of each chain (M15); shape (C, P)."""
    value = utility(ground.place_share, ground.specialised, 0.0, p.location)
    return np.asarray(ground.place_share * np.exp(value - np.log(ground.place_share)))


def pick(shares: Number, luck: Number) -> Label:
    """Index drawn from shares (K,) at uniforms (n,), by inversion."""
    edges = np.cumsum(shares)
    index = np.searchsorted(edges, luck * edges[-1], side="right")
    return np.asarray(np.minimum(index, len(shares) - 1), dtype=np.int64)


def draw_node(ground: Ground, chain: Label, luck: Number) -> Label:
    """A node of the firm's chain, each equally likely."""
    first = ground.first_node[chain]
    count = ground.first_node[chain + 1] - first
    return np.asarray(first + np.minimum((luck * count).astype(np.int64), count - 1))


def draw_quality(draw: Draw, ids: Ids) -> Number:
    """Fixed quality of a firm: lognormal with mean one."""
    normal = ndtri(draw.pair(ids, Decision.QUALITY)[0])
    return np.asarray(np.exp(QUALITY_LOG_SD * normal - 0.5 * QUALITY_LOG_SD**2))


def draw_age(ground: Ground, luck: Number) -> Label:
    """Ages in quarters from the reported age classes (never from the stationary law)."""
    years = np.interp(luck * ground.age_edges[-1], ground.age_edges, ground.age_bounds)
    return np.asarray(np.floor(years / DT).astype(np.int64))


def settle_links(table: Table, ground: Ground, p: Parameters, loops: Loops | None = None) -> Links:
    """Invert gross revenue through the links (M11) so that quarter one starts in balance.

    With x₀ the revenue by chain, f₀ = (I − R̂A)x₀ ≥ 0 and e_i = revenue_i·f₀/x₀. Writes external, intermediate
    sales and capacity. A chain cannot sell more inside the seven than it makes: where the drawn perimeter would ask
    for that, its row of purchases is cut so that a tenth of its revenue stays final.
    """
    if loops is not None:
        return loops.settle_links(table, ground, p)
    chain, sales = np.asarray(table.column("chain")), np.asarray(table.column("sales"))
    coverage = node_coverage(
        np.asarray(table.column("node"), dtype=np.int64),
        np.asarray(sales, dtype=np.float64),
        p.linkages.capable_node_size,
        ground.node_chain,
    )
    gross = np.asarray(np.bincount(chain, sales, len(ground.chains)), dtype=np.float64)
    links, part = balanced_links(gross, coverage, ground, p)
    table.column("external")[:] = sales * part[chain]
    table.column("intermediate")[:] = sales - table.column("external")
    table.column("capacity")[:] = (1.0 + p.finance.capacity_headroom) * sales
    return links


def balanced_links(
    gross: Number, coverage: Number, ground: Ground, p: Parameters
) -> tuple[Links, Number]:
    """Links in balance with the revenue of each chain (M11), and the part of it that is final; both shapes (C,)."""
    purchases = p.linkages.io_column_sum * ground.purchases
    links = Links(purchases, ground.node_chain, np.where(coverage > 0.0, coverage, 1.0))
    final = gross.copy()
    if p.switches.links > 0.0:
        shares = local_share(p.linkages.rpc, coverage, links.coverage, np.zeros(len(gross)))
        inside = shares * (purchases @ gross)
        room = (1.0 - SMALLEST_FINAL_SHARE) * gross
        cut = np.where(inside > room, room / np.where(inside > 0.0, inside, 1.0), 1.0)
        purchases *= cut[:, np.newaxis]
        final = gross - cut * inside
    return links, np.where(gross > 0.0, final / np.where(gross > 0.0, gross, 1.0), 1.0)


def node_depreciation(ground: Ground, p: Parameters) -> Number:
    """Depreciation of research (M6), 1/yr: rows for firms that do no software and that do, a column for each node.

    Firms at a semiconductor node take its rate; elsewhere the software flag decides between software and hardware.
    """
    r = p.research
    rates = np.array([[r.delta_rd_hw], [r.delta_rd_software]])
    return np.where(ground.semiconductor > 0, r.delta_rd_semi, rates)


def settle_research(
    table: Table, depreciation: Number, p: Parameters, loops: Loops | None = None
) -> None:
    """Write every firm's own research stock on the balanced path of its revenue (M6).

    ``depreciation`` is by software flag and node, (2, N); growth is the systematic part of incumbents.
    """
    growth = (1.0 - p.demand.net_entry_share_national) * p.demand.loading_national
    growth *= float(np.log1p(max(p.demand.g_nat_ai, 0.0)))
    if loops is not None:
        loops.settle_research(table, depreciation, p, growth)
        return
    kind = depreciation[table.column("software"), table.column("node")]
    spending = p.research.rd_share * table.column("sales")
    table.column("research")[:] = balanced_stock(spending, kind, growth)


def close_entry_account(
    table: Table,
    ground: Ground,
    p: Parameters,
    growth: float,
    reference: float,
    loops: Loops | None = None,
) -> Newcomers:
    """Newcomers that close the account of net entry (founding check of M1), each rate at least zero.

    ``growth`` is λ·ln(1+ḡ), log points a year. Inside the catalogue and outside it net entry must bring n·growth of the
    revenue there: newcomers (and inside, firms that outgrow the threshold; outside, start-ups), less exits.
    """
    firms = table.columns.firms
    n = table.n
    d = p.demography
    share = p.demand.net_entry_share_national
    sales = firms.sales[:n]
    lost = (expected_losses if loops is None else loops.expected_losses)(table, p, reference)
    listed = firms.catalogue[:n] > 0
    grown = outgrown_revenue(sales[(firms.ai[:n] > 0) & ~listed], p, (1.0 - share) * growth)
    owed = [float(np.sum(share * growth * sales[of] + lost[of])) for of in (listed, ~listed)]
    started = startups_a_year(n, ground, p, loops) * startup_size(float(np.median(sales)), d)
    low, exponent = d.arrival_size_min, d.arrival_size_exponent
    return Newcomers(
        max(0.0, owed[0] - grown) / truncated_pareto_mean(low, d.arrival_size_max, exponent),
        max(0.0, owed[1] + grown - started)
        / truncated_pareto_mean(low, LARGEST_OUTSIDER, exponent),
    )


def expected_losses(table: Table, p: Parameters, reference: float) -> Number:
    """Revenue that each firm is expected to take along by leaving, 亿元/yr²; (n,). ``reference`` is the median size."""
    firms, n, d = table.columns.firms, table.n, p.demography
    years = np.floor(firms.age[:n] * DT)
    hazard = yearly_hazard(
        age_hazard(years, d), firms.external[:n] / reference, firms.named[:n], 0.0, d
    )
    lost: Number = p.switches.exit * hazard * firms.sales[:n]
    return lost


def startups_a_year(firms: int, ground: Ground, p: Parameters, loops: Loops | None = None) -> float:
    """Start-ups in the first year without policy (M12)."""
    crude = (crude_exit if loops is None else loops.crude_exit)(ground, p.demography)
    return p.switches.entry * firms * (crude + p.demography.g_entry)


def startup_size(median: float, d: Demography) -> float:
    """Mean revenue of a start-up where the median firm has ``median`` (M12), 亿元/yr."""
    return float(d.entrant_size * median * np.exp(0.5 * d.entrant_log_sd**2))


def outgrown_revenue(sales: Number, p: Parameters, drift: float) -> float:
    """Expected revenue a year of outside AI firms that pass the catalogue threshold (Laplace law of M3); 亿元/yr."""
    b = p.demand.laplace_b_small * p.switches.firm_shocks
    if not len(sales):
        return 0.0
    needed = np.log(p.demography.catalogue_threshold / sales) - drift
    if b <= 0.0:
        return float(np.sum(np.where(needed <= 0.0, sales * np.exp(drift), 0.0)))
    b = min(b, p.demand.b_cap)
    needed = needed - np.log(1.0 - b * b)
    above = np.exp(-np.maximum(needed, 0.0) * (1.0 - b) / b) / (2.0 * (1.0 - b))
    return float(np.sum(sales * np.exp(drift) * (1.0 - b * b) * above))


def lay_out_births(
    plan: BirthPlan, ground: Ground, p: Parameters, draw: Draw
) -> tuple[Table, Label]:
    """All firms that start or arrive in T quarters (M12, M13, M15), in order of their quarter.

    Returns the table and (T + 1,) row offsets: rows [offset[t], offset[t+1]) enter in step t.
    """
    if draw.loops is not None:
        return draw.loops.lay_out_births(plan, ground, p, draw)
    cohorts = [_startups(plan, ground, p, draw), *_arrivals(plan, ground, p, draw)]
    born = in_order(cohorts)
    _, node_luck = draw.pair(born.ids, Decision.BIRTH_SIZE)
    _, software_luck = draw.pair(born.ids, Decision.BIRTH_KIND)
    value = place_utility(plan, ground, p)
    table = Table(len(born.ids))
    table.append(
        born.ids,
        external=plan.final_share[born.chain] * born.size,
        sales=born.size,
        capacity=(1.0 + p.finance.capacity_headroom) * born.size,
        chain=born.chain,
        node=draw_node(ground, born.chain, node_luck),
        place=draw.choose_place(
            value, ground.place_addresses, born.ids, born.chain, born.step, draw.seed, draw.member
        ),
        ai=born.ai,
        catalogue=born.ai & (born.size >= p.demography.catalogue_threshold),
        software=software_luck < plan.software_share,
        quality=draw_quality(draw, born.ids),
        ai_share=p.demography.core_ai_share,
    )
    offsets = np.searchsorted(born.step, np.arange(len(plan.size_index) + 1))
    return table, offsets.astype(np.int64)


def in_order(cohorts: Sequence[Cohort]) -> Cohort:
    """All cohorts as one, sorted by the quarter of entry, ties as they stand."""
    order = np.argsort(np.concatenate([cohort.step for cohort in cohorts]), kind="stable")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(cohort, name) for cohort in cohorts])[order]
        for name in Cohort._fields
    }
    return Cohort(**columns)


def startup_rate(
    plan: BirthPlan, ground: Ground, p: Parameters, loops: Loops | None = None
) -> Number:
    """Expected start-ups of a quarter (M12); shape (T, C)."""
    trend = (1.0 + p.demography.g_entry) ** (DT * np.arange(len(plan.size_index)))
    yearly = startups_a_year(plan.n_founding, ground, p, loops)
    return yearly * DT * trend[:, np.newaxis] * ground.chain_mix * plan.entry


def _startups(plan: BirthPlan, ground: Ground, p: Parameters, draw: Draw) -> Cohort:
    """Firms that start in the city (M12)."""
    n_steps = len(plan.size_index)
    d = p.demography
    rate = startup_rate(plan, ground, p)
    groups = tuple(name_group(chain) for chain in ground.chains)
    cells, firsts = (
        dated_ids(origin, groups, plan.first_quarter, n_steps).ravel()
        for origin in (Origin.PROCESS, Origin.STARTUP)
    )
    counts = inverse_poisson(rate.ravel(), draw.pair(cells, Decision.BIRTH_COUNT)[0])
    cell_step, cell_chain = np.divmod(np.arange(len(counts)), len(groups))
    ids, step, chain = (
        repeated_ids(firsts, counts),
        np.repeat(cell_step, counts),
        np.repeat(cell_chain, counts),
    )
    size_luck, _ = draw.pair(ids, Decision.BIRTH_SIZE)
    ai_luck, _ = draw.pair(ids, Decision.BIRTH_KIND)
    median = d.entrant_size * plan.median_size * plan.size_index[step]
    size = median * np.exp(d.entrant_log_sd * ndtri(size_luck))
    return Cohort(ids, step, chain, size, ai_luck < d.ecosystem_ai_share)


def _arrivals(plan: BirthPlan, ground: Ground, p: Parameters, draw: Draw) -> list[Cohort]:
    """Firms that come from elsewhere, a cohort for each source (M13): those that do AI, and others.

    Their sizes grow with the whole industry, or the account of net entry would open again year by year.
    """
    d = p.demography
    cohorts = []
    for source, ids, due in _signings(plan, ground, p, draw):
        size_luck, _ = draw.pair(ids, Decision.BIRTH_SIZE)
        chain_luck, _ = draw.pair(ids, Decision.BIRTH_KIND)
        size = plan.industry_index[due] * truncated_pareto(
            size_luck, d.arrival_size_min, source.largest, d.arrival_size_exponent
        )
        chain = pick(source.weights, chain_luck)
        cohorts.append(Cohort(ids, due, chain, size, np.full(len(ids), source.does_ai)))
    return cohorts


class Source(NamedTuple):
    """Where firms come from that are no start-ups: elsewhere without policy, or courted by a lever."""

    name: str
    origin: Origin
    rates: Number  # (WARM_UP + T,) signed a year
    weights: Number  # (C,) of chains
    does_ai: bool
    largest: float  # revenue, 亿元/yr


def sources_of(plan: BirthPlan, ground: Ground, p: Parameters) -> list[Source]:
    """All sources of arrival, those without policy first (M13)."""
    on, largest = p.switches, p.demography.arrival_size_max
    steps = WARM_UP + len(plan.size_index)
    listed, outside = plan.newcomers
    courted, other = np.full(steps, on.arrivals * listed), np.full(steps, on.entry * outside)
    sources = [
        Source("", Origin.ARRIVAL, courted, ground.chain_mix, True, largest),
        Source(OUTSIDE, Origin.STARTUP, other, ground.chain_mix, False, LARGEST_OUTSIDER),
    ]
    for lever, rates, weights in plan.policy:
        padded = np.concatenate([np.zeros(WARM_UP), on.arrivals * rates])
        sources.append(Source(lever, Origin.POLICY_ARRIVAL, padded, weights, True, largest))
    return sources


def _signings(
    plan: BirthPlan, ground: Ground, p: Parameters, draw: Draw
) -> Sequence[tuple[Source, Ids, Label]]:
    """For each source: ids and steps of booking of the firms that really come (M13)."""
    n_steps = len(plan.size_index)
    booked = []
    for source in sources_of(plan, ground, p):
        name, origin, rates = source.name, source.origin, source.rates
        dates = (name_group(name),), plan.first_quarter - WARM_UP, len(rates)
        cells = dated_ids(Origin.PROCESS, *dates, int(origin)).ravel()
        counts = inverse_poisson(DT * rates, draw.pair(cells, Decision.BIRTH_COUNT)[0])
        if not counts.any():
            continue
        ids = repeated_ids(dated_ids(origin, *dates).ravel(), counts)
        step = np.repeat(np.arange(len(rates)) - WARM_UP, counts)
        lag_luck, cause = draw.pair(ids, Decision.ARRIVAL_LAG)
        years = gammaincinv(LAG_SHAPE, lag_luck) * p.demography.attract_lag / LAG_SHAPE
        due = step + np.minimum(np.rint(years / DT).astype(np.int64), WARM_UP)
        comes = (due >= 0) & (due < n_steps)
        if origin == Origin.POLICY_ARRIVAL:
            comes &= cause < p.demography.butfor_attract
        if comes.any():
            booked.append((source, ids[comes], due[comes]))
    return booked


def place_utility(plan: BirthPlan, ground: Ground, p: Parameters) -> Number:
    """Systematic utility of every place (M15); shape (T, C, P)."""
    return np.asarray(
        utility(ground.place_share, ground.specialised, plan.incentive, p.location), dtype=float
    )


def crude_exit(ground: Ground, d: Demography) -> float:
    """Yearly exit rate of the founding age classes under the hazard table (M12), before size."""
    weight = ground.age_weight
    years = np.arange(float(len(weight)))
    return float(np.sum(weight * age_hazard(years, d)) / weight.sum() * d.h_hightech_mult)


def inverse_poisson(mean: Number, luck: Number) -> Label:
    """Poisson counts by inversion of one uniform each: a higher mean keeps the earlier counts and adds to them.

    Above a mean of `NORMAL_ABOVE` the normal law stands in, still by inversion and monotone in both arguments.
    """
    counts = np.zeros(mean.shape, dtype=np.int64)
    large = mean > NORMAL_ABOVE
    if large.any():
        normal = mean[large] + np.sqrt(mean[large]) * ndtri(luck[large])
        counts[large] = np.maximum(np.rint(normal), 0.0).astype(np.int64)
    term = np.exp(-mean)
    total = term.copy()
    k = 0
    open_ = (luck > total) & ~large
    while open_.any() and k < 2000:
        k += 1
        term = term * mean / k
        total = total + term
        counts[open_] = k
        open_ &= luck > total
    return counts
