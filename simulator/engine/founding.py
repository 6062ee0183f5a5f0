"""Founding and the firms to come as compiled loops: same steps, order and sums as the numpy text in `simulator.world`.

Each public function stands in for the text of the same name (see `simulator.world.founding.Loops`); the text is what
an economist reads, and what runs without Numba. Quantiles of scipy are called by address: the same machine code, so
the same bits. Exponentials that the text takes with numpy are taken with numpy here too, between two loops.
Raises ImportError where Numba is not installed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine.compiled import (
    _U,
    _ZERO,
    _both_uniforms,
    _equation,
    _first_uniforms,
    _race,
)
from simulator.engine.numba_tools import LOOP, njit, special
from simulator.engine.titles import count_titles, open_titles, review_titles
from simulator.foundation import mathematics
from simulator.foundation.randomness import (
    ORDINAL_BITS,
    Decision,
    Origin,
    dated_ids,
    entity_id,
    name_group,
)
from simulator.mechanisms import adoption as m19
from simulator.mechanisms import demand as m2
from simulator.mechanisms import demography as m14
from simulator.mechanisms import finance as m8
from simulator.mechanisms import milestones as m16
from simulator.mechanisms import observation as m20
from simulator.mechanisms import research as m6
from simulator.mechanisms.milestones import DURATION_SHAPE
from simulator.world.firms import LABELS, NUMBERS, SPARE, Table
from simulator.world.founding import (
    LAG_SHAPE,
    LARGEST_OUTSIDER,
    LARGEST_TAIL_SHARE,
    NAMED_AGE,
    NORMAL_ABOVE,
    QUALITY_LOG_SD,
    SMALLEST_FIRM,
    TIER,
    WARM_UP,
    balanced_links,
    check_total,
    place_utility,
    place_weight,
    sources_of,
    startup_rate,
    unnamed_firms,
)
from simulator.world.paths import FundPaths, GrowthPaths, growth_before
from simulator.world.pipelines import QUARTERS_A_YEAR, ROUNDING, Pipelines, single_luck
from simulator.world.state import NOBODY, Projects

Ids = npt.NDArray[np.uint64]
Label = npt.NDArray[np.int64]
__all__ = [
    "adoption_path",
    "append_unnamed",
    "contract_spending",
    "count_titles",
    "crude_exit",
    "expected_losses",
    "fit_sizes",
    "found_2024",
    "fund_paths",
    "growth_paths",
    "lay_out_births",
    "open_titles",
    "review_titles",
    "run_pipelines",
    "settle_links",
    "settle_research",
]
DT = 0.25
_KIND, _SPOT = _U(Decision.FOUNDING_KIND), _U(Decision.FOUNDING_PLACE)
_FOUNDING_SIZE = _U(Decision.FOUNDING_SIZE)
_FOUNDING_IDS = tuple(_U(entity_id(Origin.FOUNDING, group)) for group in range(3))
_AGE, _QUALITY = _U(Decision.FOUNDING_AGE), _U(Decision.QUALITY)
_COUNT, _SIZE, _BIRTH = _U(Decision.BIRTH_COUNT), _U(Decision.BIRTH_SIZE), _U(Decision.BIRTH_KIND)
_LAG, _PROJECT = _U(Decision.ARRIVAL_LAG), _U(Decision.PROJECT)
_PROJECT_SIZE, _TICKET = _U(Decision.PROJECT_SIZE), _U(Decision.TICKET_SIZE)
_NATION, _CITY = _U(Decision.NATIONAL_GROWTH), _U(Decision.CITY_SHOCK)
_CHAIN, _DEVIATION = _U(Decision.CHAIN_SHOCK), _U(Decision.CHAIN_DEVIATION)
_NOISE = _U(Decision.REPORTING_NOISE)
_60, _STARTUP, _POLICY = _U(60), _U(Origin.STARTUP), _U(Origin.POLICY_ARRIVAL)

EXTERNAL, SALES, CAPACITY = (NUMBERS.index(name) for name in ("external", "sales", "capacity"))
QUALITY, AI_SHARE = (NUMBERS.index(name) for name in ("quality", "ai_share"))
INTERMEDIATE, RESEARCH = (NUMBERS.index(name) for name in ("intermediate", "research"))
AGE, CHAIN, NODE, PLACE = (LABELS.index(name) for name in ("age", "chain", "node", "place"))
CATALOGUE, SOFTWARE, AI = (LABELS.index(name) for name in ("catalogue", "software", "ai"))
NAMED = LABELS.index("named")
CARRIER, TECHNOLOGY, SINGLE, INVESTED_IN, EARLIER = range(5)  # what a pipeline is
MOST_PROJECTS = 1 << ORDINAL_BITS

_ndtri = special("ndtri", 1)
_gammaincinv = special("gammaincinv", 2)
_open_bracket = njit(**LOOP)(mathematics.open_bracket)
_narrowed = njit(**LOOP)(mathematics.narrowed)
_mean_size = njit(**LOOP)(m14.truncated_pareto_mean)
_truncated_pareto = _equation(m14.truncated_pareto)
_drawdown = _equation(m8.drawdown)
_ticket_size = _equation(m8.ticket_size)
_project_investment = _equation(m16.project_investment)
_started_units = _equation(m16.started_units)
_national_growth = _equation(m2.national_growth)
_chain_drift = _equation(m2.chain_drift)
_published_factor = _equation(m20.published_factor)
_adopted_share = _equation(m19.adopted_share)
_mean_share = _equation(m19.mean_share)
_balanced_stock = _equation(m6.balanced_stock)
_age_hazard = _equation(m14.age_hazard)
_yearly_hazard = _equation(m14.yearly_hazard)


@njit(**LOOP)
def _sum(column):
    """The sum as numpy takes it: pairwise over blocks of at most 128, each in eight strands."""
    n = column.shape[0]
    if n < 8:
        total = 0.0
        for i in range(n):
            total += column[i]
        return total
    if n > 128:
        half = n // 2
        half -= half % 8
        return _sum(column[:half]) + _sum(column[half:])
    s0, s1, s2, s3 = column[0], column[1], column[2], column[3]
    s4, s5, s6, s7 = column[4], column[5], column[6], column[7]
    whole = n - n % 8
    for i in range(8, whole, 8):
        s0 += column[i]
        s1 += column[i + 1]
        s2 += column[i + 2]
        s3 += column[i + 3]
        s4 += column[i + 4]
        s5 += column[i + 5]
        s6 += column[i + 6]
        s7 += column[i + 7]
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for i in range(whole, n):
        total += column[i]
    return total


@njit(**LOOP)
def _expected_excess(exponent, n, total, smallest, largest):
    return n * _mean_size(smallest, largest, exponent) / total - 1.0


@njit(**LOOP)
def _excess(exponent, luck, sizes, total, smallest, largest):
    for i in range(luck.shape[0]):
        sizes[i] = _truncated_pareto(luck[i], smallest, largest, exponent)
    return _sum(sizes) / total - 1.0


@njit(**LOOP)
def _fit_sizes(luck, total, smallest, largest):
    n = luck.shape[0]
    sizes = np.empty(n)
    low, high = -60.0, 60.0
    f_low = _expected_excess(low, n, total, smallest, largest)
    f_high = _expected_excess(high, n, total, smallest, largest)
    bracket = _open_bracket(low, high, f_low, f_high)
    while not bracket.found:
        f = _expected_excess(bracket.x, n, total, smallest, largest)
        bracket = _narrowed(bracket, f)
    low, high = bracket.x - 0.5, bracket.x + 0.5
    f_low = _excess(low, luck, sizes, total, smallest, largest)
    while f_low < 0.0:
        low -= 2.0
        f_low = _excess(low, luck, sizes, total, smallest, largest)
    f_high = _excess(high, luck, sizes, total, smallest, largest)
    while f_high > 0.0:
        high += 2.0
        f_high = _excess(high, luck, sizes, total, smallest, largest)
    bracket = _open_bracket(low, high, f_low, f_high)
    while not bracket.found:
        f = _excess(bracket.x, luck, sizes, total, smallest, largest)
        bracket = _narrowed(bracket, f)
    _excess(bracket.x, luck, sizes, total, smallest, largest)
    sizes[np.argmax(sizes)] += total - _sum(sizes)
    return sizes


def fit_sizes(luck, total, smallest, largest):
    """Compiled twin of `simulator.world.founding.fit_sizes`, without its check."""
    return _fit_sizes(luck, float(total), float(smallest), float(largest))


@njit(**LOOP)
def _pick(edges, luck):
    """Index drawn from the running sum of shares, as `simulator.world.founding.pick` draws it."""
    x = luck * edges[-1]
    k = 0
    while k < edges.shape[0] - 1 and edges[k] <= x:
        k += 1
    return k


@njit(**LOOP)
def _node(first_node, chain, luck):
    count = first_node[chain + 1] - first_node[chain]
    return first_node[chain] + min(np.int64(luck * count), count - 1)


@njit(**LOOP)
def _draw_unnamed(
    ids,
    numbers,
    labels,
    start,
    chain_edges,
    place_edges,
    first_node,
    age_edges,
    ages,
    software_share,
    seed,
    member,
):
    n = ids.shape[0]
    first, second = np.empty(n), np.empty(n)
    _both_uniforms(ids, _ZERO, _KIND, seed, member, first, second)
    for i in range(n):
        chain = _pick(chain_edges, first[i])
        labels[CHAIN, start + i] = chain
        labels[NODE, start + i] = _node(first_node, chain, second[i])
    _both_uniforms(ids, _ZERO, _SPOT, seed, member, first, second)
    for i in range(n):
        labels[PLACE, start + i] = _pick(place_edges[labels[CHAIN, start + i]], first[i])
        labels[SOFTWARE, start + i] = second[i] < software_share
    _first_uniforms(ids, n, (_ZERO, _AGE), seed, member, first)
    for i in range(n):
        x = first[i] * age_edges[-1]
        k = 0
        while k < age_edges.shape[0] - 2 and age_edges[k + 1] <= x:
            k += 1
        slope = (ages[k + 1] - ages[k]) / (age_edges[k + 1] - age_edges[k])
        labels[AGE, start + i] = np.int64(np.floor((slope * (x - age_edges[k]) + ages[k]) / DT))
    _log_quality(ids, numbers, start, seed, member)


@njit(**LOOP)
def _found_2024(
    ids,
    numbers,
    labels,
    named,
    above,
    below,
    rest,
    base,
    chain_edges,
    place_edges,
    first_node,
    age_edges,
    ages,
    d,
    seed,
    member,
):
    """All firms of 2024; returns what tail and body had to add up to, and whether they could."""
    n_named = named.ids.shape[0]
    n = ids.shape[0]
    for i in range(n_named):
        ids[i] = named.ids[i]
        numbers[SALES, i] = named.revenue[i]
        numbers[QUALITY, i] = 1.0
        labels[CHAIN, i] = named.chain[i]
        labels[NODE, i] = named.node[i]
        labels[PLACE, i] = named.place[i]
        labels[SOFTWARE, i] = named.software[i]
        labels[NAMED, i] = 1
        labels[CATALOGUE, i] = 1
        labels[AI, i] = 1
        labels[AGE, i] = NAMED_AGE
    body, outside = n_named + above, n_named + above + below
    for i in range(n_named, body):
        ids[i] = base.tail_id + _U(i - n_named)
    for i in range(body, outside):
        ids[i] = base.body_id + _U(i - body)
    for i in range(outside, n):
        ids[i] = base.outside_id + _U(i - outside)
    luck, kind = np.empty(n - n_named), np.empty(n - n_named)
    _both_uniforms(ids[n_named:], _ZERO, _FOUNDING_SIZE, seed, member, luck, kind)
    sizes = numbers[SALES]
    largest = base.unnamed_max_size
    for i in range(above):
        sizes[n_named + i] = _truncated_pareto(luck[i], TIER, largest, base.founding_tail)
    total = LARGEST_TAIL_SHARE * rest
    if above > 0 and _sum(sizes[n_named:body]) > total:
        if not above * TIER < total < above * largest:
            return total, 0.0, False
        sizes[n_named:body] = _fit_sizes(luck[:above], total, TIER, largest)
    smallest = d.catalogue_threshold
    body_total = rest - _sum(sizes[n_named:body])
    if not below * smallest < body_total < below * TIER:
        return total, body_total, False
    for i in range(below):
        luck[above + i] = (i + luck[above + i]) / below
    sizes[body:outside] = _fit_sizes(luck[above : above + below], body_total, smallest, TIER)
    for i in range(n_named, outside):
        labels[CATALOGUE, i] = 1
        labels[AI, i] = 1
    for i in range(outside, n):
        k = i - n_named
        does_ai = kind[k] < d.ecosystem_ai_share
        labels[AI, i] = does_ai
        sizes[i] = _truncated_pareto(
            luck[k], SMALLEST_FIRM, smallest if does_ai else LARGEST_OUTSIDER, base.founding_tail
        )
    for i in range(n):
        numbers[AI_SHARE, i] = d.core_ai_share
    _draw_unnamed(
        ids[n_named:],
        numbers,
        labels,
        n_named,
        chain_edges,
        place_edges,
        first_node,
        age_edges,
        ages,
        d.software_share,
        seed,
        member,
    )
    return total, body_total, True


class _Base(NamedTuple):
    """What is drawn of the stock of 2024, and the first ids of its unnamed firms."""

    founding_tail: float
    unnamed_max_size: float
    tail_id: np.uint64
    body_id: np.uint64
    outside_id: np.uint64


def found_2024(ground, base, p, draw):
    """Compiled twin of `simulator.world.founding.found_2024`."""
    named = ground.perimeters[base.construction]
    rest, above, below = unnamed_firms(named, base, p)
    outside = round(base.ecosystem_firms)
    n = len(named.ids) + above + below + outside
    table = Table(int(SPARE * n))
    columns = table.columns
    tail_total, body_total, possible = _found_2024(
        columns.ids[:n],
        columns.numbers,
        columns.labels,
        named,
        above,
        below,
        rest,
        _Base(base.founding_tail, base.unnamed_max_size, *_FOUNDING_IDS),
        ground.chain_edges,
        np.cumsum(place_weight(ground, p), axis=1),
        ground.first_node,
        ground.age_edges,
        ground.age_bounds,
        p.demography,
        _U(draw.seed),
        _U(draw.member),
    )
    if not possible:
        check_total(above, tail_total, TIER, base.unnamed_max_size)
        check_total(below, body_total, p.demography.catalogue_threshold, TIER)
    table.n = n
    quality = columns.numbers[QUALITY, len(named.ids) : n]
    np.exp(quality, out=quality)
    return table


@njit(**LOOP)
def _log_quality(ids, numbers, start, seed, member):
    """The log of quality into its column; numpy takes the exponential, whose bits are its own."""
    n = ids.shape[0]
    luck = np.empty(n)
    _first_uniforms(ids, n, (_ZERO, _QUALITY), seed, member, luck)
    for i in range(n):
        numbers[QUALITY, start + i] = QUALITY_LOG_SD * _ndtri(luck[i], 0) - 0.5 * QUALITY_LOG_SD**2


@njit(**LOOP)
def _counts(mean, none, ids, seed, member):
    """Poisson counts by inversion, as `simulator.world.founding.inverse_poisson`; ``none`` is e^−mean."""
    n = ids.shape[0]
    luck = np.empty(n)
    counts = np.zeros(n, dtype=np.int64)
    _first_uniforms(ids, n, (_ZERO, _COUNT), seed, member, luck)
    for i in range(n):
        if mean[i] > NORMAL_ABOVE:
            normal = mean[i] + np.sqrt(mean[i]) * _ndtri(luck[i], 0)
            counts[i] = np.int64(max(np.rint(normal), 0.0))
        else:
            term = none[i]
            total = term
            k = 0
            while luck[i] > total and k < 2000:
                k += 1
                term = term * mean[i] / k
                total = total + term
            counts[i] = k
    return counts


@njit(**LOOP)
def _newcomers(
    mean,
    none,
    cells,
    firsts,
    n_chains,
    weights,
    largest,
    does_ai,
    index,
    industry,
    how,
    seed,
    member,
):
    """Start-ups, then newcomers by source, sorted by the step in which they enter; sizes of start-ups as exponents."""
    n_steps = index.shape[0]
    startup_cells = n_steps * n_chains
    counts = _counts(mean, none, cells, seed, member)
    total = counts.sum()
    ids = np.empty(total, dtype=np.uint64)
    cell = np.empty(total, dtype=np.int64)
    n = 0
    for k in range(counts.shape[0]):
        for j in range(counts[k]):
            ids[n] = firsts[k] + _U(j)
            cell[n] = k
            n += 1
    startups = counts[:startup_cells].sum()
    step = np.empty(total, dtype=np.int64)
    for i in range(startups):
        step[i] = cell[i] // n_chains
    arrivals = total - startups
    lag, cause = np.empty(arrivals), np.empty(arrivals)
    _both_uniforms(ids[startups:], _ZERO, _LAG, seed, member, lag, cause)
    quarters = n_steps + WARM_UP
    kept = startups
    for j in range(arrivals):
        i = startups + j
        years = _gammaincinv(LAG_SHAPE, lag[j], 0) * how.attract_lag / LAG_SHAPE
        signed = (cell[i] - startup_cells) % quarters - WARM_UP
        due = signed + min(np.int64(np.rint(years / DT)), WARM_UP)
        comes = 0 <= due < n_steps
        if ids[i] >> _60 == _POLICY:
            comes = comes and cause[j] < how.butfor_attract
        if comes:
            ids[kept] = ids[i]
            cell[kept] = cell[i]
            step[kept] = due
            kept += 1
    first_birth = np.zeros(n_steps + 1, dtype=np.int64)
    for i in range(kept):
        first_birth[step[i] + 1] += 1
    for t in range(n_steps):
        first_birth[t + 1] += first_birth[t]
    free = first_birth.copy()
    born = np.empty(kept, dtype=np.uint64)
    origin = np.empty(kept, dtype=np.int64)
    when = np.empty(kept, dtype=np.int64)
    for i in range(kept):
        row = free[step[i]]
        free[step[i]] += 1
        born[row] = ids[i]
        origin[row] = cell[i]
        when[row] = step[i]
    size_luck, node_luck = np.empty(kept), np.empty(kept)
    kind_luck, software_luck = np.empty(kept), np.empty(kept)
    _both_uniforms(born, _ZERO, _SIZE, seed, member, size_luck, node_luck)
    _both_uniforms(born, _ZERO, _BIRTH, seed, member, kind_luck, software_luck)
    exponent = np.zeros(kept)
    size = np.empty(kept)
    chain = np.empty(kept, dtype=np.int64)
    ai = np.ones(kept, dtype=np.int64)
    for i in range(kept):
        k = origin[i]
        if k < startup_cells:
            chain[i] = k % n_chains
            ai[i] = kind_luck[i] < how.ecosystem_ai_share
            exponent[i] = how.entrant_log_sd * _ndtri(size_luck[i], 0)
            size[i] = how.median_size * index[when[i]]
        else:
            source = (k - startup_cells) // quarters
            chain[i] = _pick(weights[source], kind_luck[i])
            ai[i] = does_ai[source]
            size[i] = industry[when[i]] * _truncated_pareto(
                size_luck[i],
                how.arrival_size_min,
                largest[source],
                how.arrival_size_exponent,
            )
    return (born, when, chain, ai, node_luck, software_luck), size, exponent, first_birth


@njit(**LOOP)
def _write_newcomers(
    columns_ids,
    numbers,
    labels,
    born,
    size,
    grown,
    final_share,
    first_node,
    value,
    addresses,
    how,
    seed,
    member,
):
    ids, when, chain, ai, node_luck, software_luck = born
    n = ids.shape[0]
    place = np.zeros(n, dtype=np.int64)
    _race(value, addresses, ids, chain, when, seed, member, place)
    for i in range(n):
        c = chain[i]
        sales = size[i] * grown[i] if ids[i] >> _60 == _STARTUP else size[i]
        columns_ids[i] = ids[i]
        numbers[EXTERNAL, i] = final_share[c] * sales
        numbers[SALES, i] = sales
        numbers[CAPACITY, i] = (1.0 + how.capacity_headroom) * sales
        numbers[AI_SHARE, i] = how.core_ai_share
        labels[CHAIN, i] = c
        labels[NODE, i] = _node(first_node, c, node_luck[i])
        labels[PLACE, i] = place[i]
        labels[AI, i] = ai[i]
        labels[CATALOGUE, i] = ai[i] if sales >= how.catalogue_threshold else 0
        labels[SOFTWARE, i] = software_luck[i] < how.software_share
    _log_quality(ids, numbers, 0, seed, member)


def lay_out_births(plan, ground, p, draw):
    """Compiled twin of `simulator.world.founding.lay_out_births`."""
    d, n_chains, steps = p.demography, len(ground.chains), len(plan.size_index)
    sources = sources_of(plan, ground, p)
    signed = DT * np.concatenate([source.rates for source in sources])
    mean = np.concatenate([startup_rate(plan, ground, p, draw.loops).ravel(), signed])
    levers = tuple((source.name, int(source.origin)) for source in sources)
    cells, firsts = _addresses(ground.chains, levers, plan.first_quarter, steps)
    how = _How(
        d.attract_lag,
        d.butfor_attract,
        d.ecosystem_ai_share,
        d.entrant_log_sd,
        d.entrant_size * plan.median_size,
        d.arrival_size_min,
        d.arrival_size_exponent,
        p.finance.capacity_headroom,
        d.core_ai_share,
        d.catalogue_threshold,
        plan.software_share,
    )
    seed, member = _U(draw.seed), _U(draw.member)
    born, size, exponent, first_birth = _newcomers(
        mean,
        np.exp(-mean),
        cells,
        firsts,
        n_chains,
        np.cumsum([source.weights for source in sources], axis=1),
        np.array([source.largest for source in sources]),
        np.array([source.does_ai for source in sources], dtype=np.int64),
        plan.size_index,
        plan.industry_index,
        how,
        seed,
        member,
    )
    table = Table(len(size))
    columns = table.columns
    _write_newcomers(
        columns.ids,
        columns.numbers,
        columns.labels,
        born,
        size,
        np.exp(exponent),
        plan.final_share,
        ground.first_node,
        place_utility(plan, ground, p),
        ground.place_addresses,
        how,
        seed,
        member,
    )
    table.n = len(size)
    quality = columns.numbers[QUALITY, : table.n]
    np.exp(quality, out=quality)
    return table, first_birth


class _How(NamedTuple):
    """How firms are born: parameters of one member."""

    attract_lag: float
    butfor_attract: float
    ecosystem_ai_share: float
    entrant_log_sd: float
    median_size: float  # of start-ups at founding, 亿元/yr
    arrival_size_min: float
    arrival_size_exponent: float
    capacity_headroom: float
    core_ai_share: float
    catalogue_threshold: float
    software_share: float


@lru_cache(maxsize=64)
def _addresses(chains, sources, first_quarter, steps):
    """Addresses of all counts, and the first id that each count gives: start-ups by step and chain, then sources."""
    groups = tuple(name_group(chain) for chain in chains)
    cells = [dated_ids(Origin.PROCESS, groups, first_quarter, steps).ravel()]
    firsts = [dated_ids(Origin.STARTUP, groups, first_quarter, steps).ravel()]
    for name, origin in sources:
        dates = (name_group(name),), first_quarter - WARM_UP, steps + WARM_UP
        cells.append(dated_ids(Origin.PROCESS, *dates, origin).ravel())
        firsts.append(dated_ids(origin, *dates).ravel())
    return np.concatenate(cells), np.concatenate(firsts)


@njit(**LOOP)
def _quarters_of(total, so_far):
    """The quarter in which each of ``total`` projects begins."""
    begun = np.empty(total, dtype=np.int64)
    t = 0
    for k in range(total):
        while so_far[t] <= k:
            t += 1
        begun[k] = t
    return begun


@njit(**LOOP)
def _pipelines(
    rates, lengths, first_ids, column, kind, single, year_start, n_targets, p, seed, member
):
    """Projects of every pipeline in turn; ``kind`` says of each whether it is technology, its carrier and more."""
    n_quarters = year_start.shape[0]
    started = np.zeros((n_quarters, n_targets))
    delivered = np.zeros((n_quarters, n_targets))
    longest = rates.shape[1]
    so_far = np.empty((rates.shape[0], longest), dtype=np.int64)
    counts = np.zeros(rates.shape[0], dtype=np.int64)
    carried = 0
    for r in range(rates.shape[0]):
        length = lengths[r]
        listed = np.zeros(length)
        earlier = kind[r, EARLIER] > 0
        for t in range(length):
            if earlier:
                listed[t] = rates[r, t]
            else:
                listed[year_start[t]] += DT * rates[r, t]
        execution = 1.0 if kind[r, TECHNOLOGY] > 0 else p.execution_counts
        total = 0.0
        for t in range(length):
            total += listed[t]
            if kind[r, SINGLE] > 0:
                so_far[r, t] = _started_units(total, p.execution_counts) > single[r]
            else:
                so_far[r, t] = np.int64(np.floor(_started_units(total, execution) + ROUNDING))
        counts[r] = so_far[r, length - 1] if length > 0 else 0
        if counts[r] > MOST_PROJECTS:
            raise ValueError("more projects of one target than ids can number")
        if not earlier and kind[r, CARRIER] != NOBODY:
            carried += counts[r]
    begun_all = np.empty(carried, dtype=np.int64)
    due_all = np.empty(carried, dtype=np.int64)
    succeeds_all = np.empty(carried, dtype=np.int64)
    of = np.empty(carried, dtype=np.int64)
    investment_all = np.zeros(carried)
    n = 0
    for r in range(rates.shape[0]):
        technology = kind[r, TECHNOLOGY] > 0
        mean = p.technology_duration if technology else p.milestone_duration
        success = p.technology_success if technology else p.milestone_success
        count = counts[r]
        begun = _quarters_of(count, so_far[r])
        ids = np.empty(count, dtype=np.uint64)
        for k in range(count):
            ids[k] = first_ids[r] + _U(k)
        time_luck, fate = np.empty(count), np.empty(count)
        _both_uniforms(ids, _ZERO, _PROJECT, seed, member, time_luck, fate)
        size_luck = np.empty(count)
        if kind[r, INVESTED_IN] > 0:
            _first_uniforms(ids, count, (_ZERO, _PROJECT_SIZE), seed, member, size_luck)
        done = np.zeros(n_quarters)
        for k in range(count):
            years = _gammaincinv(DURATION_SHAPE, time_luck[k], 0) * mean / DURATION_SHAPE
            due = begun[k] + np.int64(np.floor(years / DT))
            succeeds = fate[k] < success
            if kind[r, EARLIER] > 0:
                due -= lengths[r]
                if succeeds and 0 <= due < n_quarters:
                    done[due] += 1.0
                continue
            started[begun[k], column[r]] += 1.0
            if kind[r, CARRIER] == NOBODY:
                if succeeds and due < n_quarters:
                    done[due] += 1.0
                continue
            begun_all[n], due_all[n], succeeds_all[n], of[n] = begun[k], due, succeeds, r
            if kind[r, INVESTED_IN] > 0:
                investment_all[n] = _project_investment(
                    _ndtri(size_luck[k], 0), p.project_size, p.project_log_sd, p.project_realised
                )
            n += 1
        for t in range(n_quarters):
            delivered[t, column[r]] += done[t]
    for t in range(1, n_quarters):
        for c in range(n_targets):
            started[t, c] += started[t - 1, c]
            delivered[t, c] += delivered[t - 1, c]
    first_of = np.zeros(n_quarters + 1, dtype=np.int64)
    for i in range(n):
        first_of[begun_all[i] + 1] += 1
    for t in range(n_quarters):
        first_of[t + 1] += first_of[t]
    free = first_of.copy()
    begun = np.empty(n, dtype=np.int64)
    due = np.empty(n, dtype=np.int64)
    succeeds = np.empty(n, dtype=np.int64)
    target = np.empty(n, dtype=np.int64)
    carrier = np.empty(n, dtype=np.int64)
    investment = np.empty(n)
    for i in range(n):
        row = free[begun_all[i]]
        free[begun_all[i]] += 1
        begun[row], due[row], succeeds[row] = begun_all[i], due_all[i], succeeds_all[i]
        target[row], carrier[row] = column[of[i]], kind[of[i], CARRIER]
        investment[row] = investment_all[i]
    years = 0
    for t in range(n_quarters):
        years += year_start[t] == t
    first = np.empty(years + 1, dtype=np.int64)
    y = 0
    for t in range(n_quarters):
        if year_start[t] == t:
            first[y] = first_of[t]
            y += 1
    first[years] = n
    return started, delivered, first, begun, due, succeeds, target, carrier, investment


class _Pipelines(NamedTuple):
    """What does not change of the pipelines of a scenario, those of firms first, then those listed before it."""

    lengths: Label
    first_ids: Ids
    column: Label
    kind: Label


@lru_cache(maxsize=64)
def _standing(reserved, earlier, targets, quarters):
    """Pipelines from what identifies them; ``reserved`` are without their rates."""
    names, column, kind = [], [], []
    for target, technology, carrier, invested_in, single, drawn_as in reserved:
        names.append(f"{drawn_as or target}/{technology}")
        column.append(targets.index(target))
        kind.append((carrier, technology, single, invested_in, False))
    for target, _ in earlier:
        names.append(f"{target}/carried")
        column.append(targets.index(target))
        kind.append((NOBODY, False, False, False, True))
    lengths = [quarters] * len(reserved) + [QUARTERS_A_YEAR * years for _, years in earlier]
    return _Pipelines(
        np.array(lengths, dtype=np.int64),
        np.array([entity_id(Origin.PROCESS, name_group(n)) for n in names], dtype=np.uint64),
        np.array(column, dtype=np.int64),
        np.array(kind, dtype=np.int64).reshape(-1, 5),
    )


def run_pipelines(reserved, carried, targets, year_start, p, draw):
    """Compiled twin of `simulator.world.pipelines.run_pipelines`."""
    before = [earlier for earlier in carried if earlier.target in targets]
    standing = _standing(
        tuple((r.target, r.technology, *r[3:]) for r in reserved),
        tuple((earlier.target, earlier.years_before) for earlier in before),
        tuple(targets),
        len(year_start),
    )
    lengths = standing.lengths
    rates, single = np.zeros((len(lengths), lengths.max(initial=0))), np.zeros(len(lengths))
    for r, pipeline in enumerate(reserved):
        rates[r, : len(year_start)] = pipeline.rates
        if pipeline.single:
            single[r] = single_luck(pipeline.target, draw)
    for r, earlier in enumerate(before, start=len(reserved)):
        rates[r, : lengths[r] : QUARTERS_A_YEAR] = earlier.listed_a_year
    started, delivered, *columns = _pipelines(
        rates,
        *standing,
        single,
        year_start,
        len(targets),
        p,
        _U(draw.seed),
        _U(draw.member),
    )
    return Pipelines(started, delivered, Projects(*columns))


@njit(**LOOP)
def _fund_paths(commitments, first_id, funds_on, f, seed, member):
    committed, paid_in, spendable = f.fund_committed, f.fund_paid_in, 0.0
    steps = commitments.shape[0]
    stocks = np.empty((steps, 2))
    money = np.empty(steps)
    for t in range(steps):
        committed += DT * commitments[t]
        new = _drawdown(committed, paid_in, f.k_drawdown, DT)
        paid_in += new
        spendable += funds_on * f.haihe_ai_share * f.fund_landing_share * new
        stocks[t, 0], stocks[t, 1], money[t] = committed, paid_in, spendable
    sizes = np.empty(0)
    while _sum(sizes) <= spendable:
        count = 2 * sizes.shape[0] + 32
        ids = np.empty(count, dtype=np.uint64)
        for k in range(count):
            ids[k] = first_id + _U(k)
        sizes = np.empty(count)
        _first_uniforms(ids, count, (_ZERO, _TICKET), seed, member, sizes)
        for k in range(count):
            sizes[k] = _ticket_size(_ndtri(sizes[k], 0), f.ticket_mean, f.ticket_log_sd)
    first = np.zeros(steps + 1, dtype=np.int64)
    spent, issued = 0.0, 0
    for t in range(steps):
        while issued < sizes.shape[0] and spent + sizes[issued] <= money[t]:
            spent += sizes[issued]
            issued += 1
        first[t + 1] = issued
    return stocks, sizes[:issued].copy(), first


def fund_paths(commitments, p, draw):
    """Compiled twin of `simulator.world.paths.fund_paths`."""
    first_id = _U(entity_id(Origin.TICKET))
    seed, member = _U(draw.seed), _U(draw.member)
    return FundPaths(*_fund_paths(commitments, first_id, p.switches.funds, p.finance, seed, member))


@njit(**LOOP)
def _normals(ids, purpose, seed, member):
    normal = np.empty(ids.shape[0])
    _first_uniforms(ids, ids.shape[0], (_ZERO, purpose), seed, member, normal)
    for i in range(ids.shape[0]):
        normal[i] = _ndtri(normal[i], 0)
    return normal


@njit(**LOOP)
def _growth_paths(
    nation, city, chains, total_drift, level, mean, d, noise_sd, observed, seed, member
):
    n_years, n_chains = nation.shape[0], chains.shape[1]
    luck = _normals(nation, _NATION, seed, member)
    city_luck = _normals(city, _CITY, seed, member)
    noise = _normals(city, _NOISE, seed, member)
    deviation = _normals(chains[0], _DEVIATION, seed, member)
    national, published = np.empty(n_years), np.ones(n_years)
    drift = np.empty((n_years, n_chains))
    for y in range(n_years):
        level = _national_growth(level, mean, d.g_nat_persistence, d.g_nat_yearly_sd, luck[y])
        national[y] = level
        shock = _normals(chains[y + 1], _CHAIN, seed, member)
        for c in range(n_chains):
            drift[y, c] = _chain_drift(
                level,
                d.chain_deviation_sd * deviation[c],
                d.chain_shock_sd * shock[c],
                d.city_shock_sd * city_luck[y],
                d.loading_national,
                d.net_entry_share_national,
            )
        if observed > 0.0:
            published[y] = _published_factor(total_drift[y], noise_sd, noise[y])
    return national, drift, published


@lru_cache(maxsize=64)
def _yearly_addresses(chains, first, count):
    """Addresses of the nation and the city by year, and of the chains: once for ever, then by year."""

    def dated(names, first, count):
        return dated_ids(Origin.PROCESS, tuple(name_group(n) for n in names), first, count)

    nation, city = dated(("nation",), first, count).ravel(), dated(("city",), first, count).ravel()
    return nation, city, np.concatenate([dated(chains, 0, 1), dated(chains, first, count)])


def growth_paths(years, founding_year, definition_drift, ground, p, draw):
    """Compiled twin of `simulator.world.paths.growth_paths`; the years follow each other."""
    level, mean = growth_before(founding_year, ground, p)
    found = _growth_paths(
        *_yearly_addresses(ground.chains, years[0], len(years)),
        np.cumsum(definition_drift),
        level,
        mean,
        p.demand,
        p.observation.reporting_noise_sd,
        p.switches.observation,
        _U(draw.seed),
        _U(draw.member),
    )
    return GrowthPaths(*found)


def append_unnamed(table, ids, sizes, catalogue, ai, ground, p, draw):
    """Compiled twin of `simulator.world.founding.append_unnamed`."""
    d = p.demography
    rows = table.append(ids, sales=sizes, catalogue=catalogue, ai=ai, ai_share=d.core_ai_share)
    columns = table.columns
    _draw_unnamed(
        ids,
        columns.numbers,
        columns.labels,
        rows.start,
        ground.chain_edges,
        np.cumsum(place_weight(ground, p), axis=1),
        ground.first_node,
        ground.age_edges,
        ground.age_bounds,
        d.software_share,
        _U(draw.seed),
        _U(draw.member),
    )
    quality = columns.numbers[QUALITY, rows]
    np.exp(quality, out=quality)


@njit(**LOOP)
def _adoption_path(ends, p):
    path = np.empty(ends.shape[0] - 1)
    before = _adopted_share(p.ai_adopt_now, ends[0], p.bass_p, p.bass_q)
    for t in range(path.shape[0]):
        after = _adopted_share(p.ai_adopt_now, ends[t + 1], p.bass_p, p.bass_q)
        path[t] = _mean_share(before, after, p.bass_p, p.bass_q, DT)
        before = after
    return path


def adoption_path(ends, p):
    """Compiled twin of `simulator.world.goals.adoption_path`, from the ends of the quarters in years."""
    return _adoption_path(ends, p)


@njit(**LOOP)
def _expected_losses(numbers, labels, n, reference, leaves, d):
    lost = np.empty(n)
    for i in range(n):
        table = _age_hazard(np.floor(labels[AGE, i] * DT), d)
        size = numbers[EXTERNAL, i] / reference
        hazard = _yearly_hazard(table, size, labels[NAMED, i], 0.0, d)
        lost[i] = leaves * hazard * numbers[SALES, i]
    return lost


def expected_losses(table, p, reference):
    """Compiled twin of `simulator.world.founding.expected_losses`."""
    columns, leaves = table.columns, p.switches.exit
    return _expected_losses(
        columns.numbers, columns.labels, table.n, reference, leaves, p.demography
    )


@njit(**LOOP)
def _crude_exit(weight, d):
    exits = np.empty(weight.shape[0])
    for years in range(weight.shape[0]):
        exits[years] = weight[years] * _age_hazard(float(years), d)
    return _sum(exits) / _sum(weight) * d.h_hightech_mult


def crude_exit(ground, d):
    """Compiled twin of `simulator.world.founding.crude_exit`."""
    return _crude_exit(ground.age_weight, d)


@njit(**LOOP)
def _gross(numbers, labels, n, node_chain, n_chains, capable_size):
    gross = np.zeros(n_chains)
    largest = np.zeros(node_chain.shape[0])
    for i in range(n):
        sales, node = numbers[SALES, i], labels[NODE, i]
        gross[labels[CHAIN, i]] += sales
        largest[node] = max(largest[node], sales)
    nodes, capable = np.zeros(n_chains), np.zeros(n_chains)
    for k in range(node_chain.shape[0]):
        nodes[node_chain[k]] += 1.0
        capable[node_chain[k]] += 1.0 if largest[k] >= capable_size else 0.0
    return gross, capable / nodes


@njit(**LOOP)
def _split_sales(numbers, labels, n, part, room):
    for i in range(n):
        sales = numbers[SALES, i]
        external = sales * part[labels[CHAIN, i]]
        numbers[EXTERNAL, i] = external
        numbers[INTERMEDIATE, i] = sales - external
        numbers[CAPACITY, i] = room * sales


def settle_links(table, ground, p):
    """Compiled twin of `simulator.world.founding.settle_links`."""
    columns = table.columns
    gross, coverage = _gross(
        columns.numbers,
        columns.labels,
        table.n,
        ground.node_chain,
        len(ground.chains),
        p.linkages.capable_node_size,
    )
    links, part = balanced_links(gross, coverage, ground, p)
    room = 1.0 + p.finance.capacity_headroom
    _split_sales(columns.numbers, columns.labels, table.n, part, room)
    return links


@njit(**LOOP)
def _settle_research(numbers, labels, n, depreciation, share, growth):
    for i in range(n):
        rate = depreciation[labels[SOFTWARE, i], labels[NODE, i]]
        numbers[RESEARCH, i] = _balanced_stock(share * numbers[SALES, i], rate, growth)


def settle_research(table, depreciation, p, growth):
    """Compiled twin of `simulator.world.founding.settle_research`, at the growth of incumbents."""
    columns, share = table.columns, p.research.rd_share
    _settle_research(columns.numbers, columns.labels, table.n, depreciation, share, growth)


@njit(**LOOP)
def _contract_spending(opened, quarters):
    spending = np.zeros_like(opened)
    for lag in range(min(int(np.ceil(quarters)), opened.shape[0])):
        part = min(1.0, quarters - lag) / quarters
        for t in range(lag, opened.shape[0]):
            for c in range(opened.shape[1]):
                spending[t, c] += part * opened[t - lag, c]
    return spending


def contract_spending(opened, duration):
    """Compiled twin of `simulator.world.paths.contract_spending`."""
    return _contract_spending(opened, duration / DT)
