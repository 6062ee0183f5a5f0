"""The quarter as compiled loops over living firms: the same stages, order and sums as `simulator.engine.plain`.

Equations come from `simulator.mechanisms` unchanged; only ``exp``, ``log``, ``select``, ``minimum`` and ``maximum``
of `simulator.foundation.mathematics` get a compiled twin here, made of the same operations in the same order.
Raises ImportError where Numba is not installed; `simulator.engine.choose` then takes the plain engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import cache
from simulator.engine.numba_tools import (
    INLINE,
    LOOP,
    STAGE,
    TWIN,
    bits_of,
    from_bits,
    move_rows,
    njit,
    overload,
)
from simulator.foundation import mathematics as plain_mathematics
from simulator.foundation.mathematics import (
    EXP_HIGHEST,
    EXP_LOWEST,
    EXP_P,
    EXP_Q,
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    LOG_EVEN,
    LOG_ODD,
    ONE_BITS,
    ROUNDER,
    SQRT_HALF_BITS,
)
from simulator.foundation.randomness import (
    LOW_WORD,
    MULTIPLIER_0,
    MULTIPLIER_1,
    WEYL_0,
    WEYL_1,
    Decision,
    Origin,
)
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
from simulator.world.state import (
    BUILDER,
    COINVESTED,
    COMMITTED,
    INVESTED,
    PAID_IN,
    TICKETS_ISSUED,
    Address,
)

NAME = "compiled"
DT = 0.25
ROUNDING = 1e-9
EXPONENT_BIAS = 1023
WHOLE_BITS = 0x4330000000000000  # of 2**52, whose last bits count whole numbers
BIASED_WHOLE = 2.0**52 + EXPONENT_BIAS
__all__ = [
    "NAME",
    "cache",
    "choose_place",
    "count_people",
    "quarter",
    "quarters",
    "record",
    "uniforms",
]


_U, _unsigned, _from_unsigned = np.uint64, np.uint64, np.int64
_52 = _U(52)


@njit(**INLINE)
def _exp(x):
    x = min(max(x, EXP_LOWEST), EXP_HIGHEST)
    t = x * LOG2_E + ROUNDER
    n = t - ROUNDER
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    z = r * r
    px = r * ((EXP_P[0] * z + EXP_P[1]) * z + EXP_P[2])
    q = ((EXP_Q[0] * z + EXP_Q[1]) * z + EXP_Q[2]) * z + EXP_Q[3]
    e = 1.0 + 2.0 * (px / (q - px))
    return e * from_bits((bits_of(t) << 52) + ONE_BITS)


@njit(**INLINE)
def _log(x):
    bits = bits_of(x)
    biased = _from_unsigned(_unsigned(bits + (ONE_BITS - SQRT_HALF_BITS)) >> _52)
    f = from_bits(bits - ((biased - EXPONENT_BIAS) << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (LOG_EVEN[0] + w * (LOG_EVEN[1] + w * LOG_EVEN[2]))
    odd = z * (LOG_ODD[0] + w * (LOG_ODD[1] + w * (LOG_ODD[2] + w * LOG_ODD[3])))
    half = 0.5 * f * f
    # The exponent as a double by its bits: AVX2 has neither a shift nor a conversion of signed 64 bits.
    k = from_bits(biased | WHOLE_BITS) - BIASED_WHOLE
    return k * LN2_HIGH - ((half - (s * (half + (even + odd)) + k * LN2_LOW)) - f)


@njit(**LOOP)
def _exp_column(x):
    y = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        y[i] = _exp(x[i])
    return y


@njit(**LOOP)
def _log_column(x):
    y = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        y[i] = _log(x[i])
    return y


plain_mathematics.use_loops(plain_mathematics.Loops(_exp_column, _log_column))


@overload(plain_mathematics.exp, **TWIN)
def _exp_twin(x: Any) -> Callable[..., Any]:
    return lambda x: _exp(float(x))


@overload(plain_mathematics.log, **TWIN)
def _log_twin(x: Any) -> Callable[..., Any]:
    return lambda x: _log(float(x))


@overload(plain_mathematics.power, **TWIN)
def _power_twin(x: Any, exponent: Any) -> Callable[..., Any]:
    return lambda x, exponent: _exp(exponent * _log(x))


@overload(plain_mathematics.select, **TWIN)
def _select_twin(condition: Any, if_true: Any, if_false: Any) -> Callable[..., Any]:
    return lambda condition, if_true, if_false: if_true if condition else if_false


@overload(plain_mathematics.minimum, **TWIN)
def _minimum_twin(x: Any, y: Any) -> Callable[..., Any]:
    return lambda x, y: x if x <= y else y


@overload(plain_mathematics.maximum, **TWIN)
def _maximum_twin(x: Any, y: Any) -> Callable[..., Any]:
    return lambda x, y: x if x >= y else y


@overload(plain_mathematics.sqrt, **TWIN)
def _sqrt_twin(x: Any) -> Callable[..., Any]:
    return lambda x: math.sqrt(x)


def _equation(function: Callable[..., Any]) -> Any:
    """Compile an equation so that it is inlined into the loop that calls it."""
    return njit(**INLINE)(function)


_age_hazard = _equation(m14.age_hazard)
_yearly_hazard = _equation(m14.yearly_hazard)
_highest_hazard = _equation(m14.highest_hazard)
_quarterly_hazard = _equation(m14.quarterly_hazard)
_age_term = _equation(m2.age_term)
_reversion_term = _equation(m2.reversion_term)
_laplace_scale = _equation(m2.laplace_scale)
m2_laplace = _equation(m2.laplace)


@overload(m2.laplace, **TWIN)
def _laplace_twin(uniform: Any, scale: Any) -> Callable[..., Any]:
    return lambda uniform, scale: m2_laplace(uniform, scale)


_compensated_shock = _equation(m2.compensated_shock)
_data_uplift = _equation(m10.data_uplift)
_size_weight = _equation(m10.size_weight)
_ticket_waiting = _equation(m9.ticket_waiting)
_venture_lift = _equation(m9.venture_lift)
_capacity_of_luck = _equation(m9.capacity_of_luck)
_kept_capacity = _equation(m9.kept_capacity)
_investment_limit = _equation(m9.investment_limit)
_private_capacity = _equation(m9.private_capacity)
_gumbel = _equation(m15.gumbel)
_local_share = _equation(m11.local_share)
_grant_score = _equation(m6.grant_score)
_effective_grant = _equation(m6.effective_grant)
_research_stock = _equation(m6.research_stock)
_research_lead = _equation(m6.research_lead)
_technology_growth = _equation(m6.technology_growth)
_project_waiting = _equation(m16.project_waiting)
_project_sales = _equation(m16.project_sales)
_solve_gross = njit(**LOOP)(m11.solve_gross)
_measures_of = njit(**LOOP)(at.measures_of)
m4_share_of = _equation(m4.share_of)


@overload(m4.share_of, **TWIN)
def _share_of_twin(part: Any, total: Any) -> Callable[..., Any]:
    return lambda part, total: m4_share_of(part, total)


_next_pool = _equation(m4.next_pool)
_supplied = _equation(m4.supplied)
_fill = _equation(m4.fill)
_growth_share = _equation(m4.growth_share)
_held_growth = _equation(m4.held_growth)
_new_posts = _equation(m4.new_posts)
_placed_share = _equation(m4.placed_share)
_posts_left = _equation(m4.posts_left)

_M0, _M1, _LOW = _U(MULTIPLIER_0), _U(MULTIPLIER_1), _U(LOW_WORD)
_W0, _W1 = _U(WEYL_0), _U(WEYL_1)
_6, _8, _26, _32, _60 = _U(6), _U(8), _U(26), _U(32), _U(60)
_EXIT, _SHOCK, _TICKET = _U(Decision.EXIT), _U(Decision.FIRM_SHOCK), _U(Decision.TICKET_CHOICE)
_ROUND = _U(Decision.GRANT_ROUND)
_PLACE, _STARTUP, _ZERO = _U(Decision.BIRTH_PLACE), _U(Origin.STARTUP), _U(0)


@njit(**INLINE)
def _round(c0, c1, c2, c3, k0, k1):
    p0 = _M0 * c0
    p1 = _M1 * c2
    return ((p1 >> _32) ^ c1 ^ k0), p1 & _LOW, ((p0 >> _32) ^ c3 ^ k1), p0 & _LOW


@njit(**INLINE)
def _philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds written out: a loop would keep the caller's loop from being vectorised."""
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return _round(c0, c1, c2, c3, k0, k1)


@njit(**INLINE)
def _unit(high, low):
    whole = _from_unsigned(((high >> _6) << _26) | (low >> _6))
    return (from_bits(whole | WHOLE_BITS) - 2.0**52 + 0.5) * 2.0**-52


@njit(**STAGE)
def _first_uniforms(ids, n, address, seed, member, luck):
    """The first of the two uniforms of `randomness.uniforms` for rows [0, n), into ``luck``."""
    quarter, purpose = address
    for i in range(n):
        o0, o1, _, _ = _philox(ids[i] & _LOW, ids[i] >> _32, quarter, purpose, seed, member)
        luck[i] = _unit(o0, o1)


@njit(**LOOP)
def _both_uniforms(ids, address, seed, member, first, second):
    """Both uniforms of `randomness.uniforms`, into ``first`` and ``second``."""
    quarter, purpose = address
    for i in range(ids.shape[0]):
        o0, o1, o2, o3 = _philox(ids[i] & _LOW, ids[i] >> _32, quarter, purpose, seed, member)
        first[i] = _unit(o0, o1)
        second[i] = _unit(o2, o3)


def uniforms(
    ids: npt.NDArray[np.uint64],
    quarter: int,
    decision: int,
    seed: int,
    member: int,
    option: int = 0,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compiled twin of `simulator.foundation.randomness.uniforms`: same address, same bits."""
    first, second = np.empty(len(ids)), np.empty(len(ids))
    purpose = _U(int(decision) | (option << 8))
    _both_uniforms(ids, (_U(quarter), purpose), _U(seed), _U(member), first, second)
    return first, second


@njit(**LOOP)
def _race(value, addresses, ids, chain, step, seed, member, choice):
    n = ids.shape[0]
    luck = np.empty(n)
    best = np.full(n, -np.inf)
    for place in range(value.shape[2]):
        purpose = _PLACE | (_U(addresses[place]) << _8)
        _first_uniforms(ids, n, (_ZERO, purpose), seed, member, luck)
        for i in range(n):
            luck[i] = _gumbel(luck[i])
        for i in range(n):
            noisy = value[step[i], chain[i], place] + luck[i]
            choice[i] = place if noisy > best[i] else choice[i]
            best[i] = max(best[i], noisy)


def choose_place(
    value: npt.NDArray[np.float64],
    addresses: npt.NDArray[np.int64],
    ids: npt.NDArray[np.uint64],
    chain: npt.NDArray[np.int64],
    step: npt.NDArray[np.int64],
    seed: int,
    member: int,
) -> npt.NDArray[np.int64]:
    """Compiled twin of `simulator.engine.plain.choose_place`."""
    choice = np.zeros(len(ids), dtype=np.int64)
    _race(value, addresses, ids, chain, step, _U(seed), _U(member), choice)
    return choice


@njit(**STAGE)
def _leave(columns, n, p, forcing, now):
    """Exits (M14), then a quarter of age for those who stay; returns how many stay.

    Only firms whose draw is below the highest hazard can go, so only their own hazards are computed.
    """
    f = columns.firms
    survival = forcing.survival[now.step]
    lowest = np.inf
    for c in range(survival.shape[0]):
        for place in range(survival.shape[1]):
            lowest = min(lowest, survival[c, place])
    highest = p.switches.exit * _quarterly_hazard(_highest_hazard(lowest, p.demography))
    luck = np.empty(n)
    _first_uniforms(columns.ids, n, (_U(now.quarter), _EXIT), _U(now.seed), _U(now.member), luck)
    gone = np.empty(n, dtype=np.int64)
    at_risk = 0
    for i in range(n):
        gone[at_risk] = i
        at_risk += luck[i] < highest
    reference = forcing.reference[now.year]
    exits = 0
    for k in range(at_risk):
        i = gone[k]
        table = _age_hazard(float(f.age[i] >> 2), p.demography)
        size = f.external[i] / reference
        kept = survival[f.chain[i], f.place[i]]
        yearly = _yearly_hazard(table, size, f.named[i], kept, p.demography)
        gone[exits] = i
        exits += luck[i] < p.switches.exit * _quarterly_hazard(yearly)
    _close_gaps(columns.ids, gone, exits, n)
    for k in range(columns.numbers.shape[0]):
        _close_gaps(columns.numbers[k], gone, exits, n)
    for k in range(columns.labels.shape[0]):
        _close_gaps(columns.labels[k], gone, exits, n)
    for i in range(n - exits):
        f.age[i] += 1
    return n - exits


@njit(**STAGE)
def _close_gaps(column, gone, exits, n):
    """Move the rows that stay over those that are gone, in their order."""
    for k in range(exits):
        end = gone[k + 1] if k + 1 < exits else n
        move_rows(column, gone[k] - k, column, gone[k] + 1, end - gone[k] - 1)


@njit(**STAGE)
def _enter(columns, n, births, first, last):
    """Append the firms that start or arrive this quarter (M12, M13)."""
    move_rows(columns.ids, n, births.ids, first, last - first)
    for k in range(columns.numbers.shape[0]):
        move_rows(columns.numbers[k], n, births.numbers[k], first, last - first)
    for k in range(columns.labels.shape[0]):
        move_rows(columns.labels[k], n, births.labels[k], first, last - first)
    return n + last - first


@njit(**STAGE)
def _admit(f, n, p):
    """AI firms whose revenue passes the threshold join the catalogue (M12)."""
    for i in range(n):
        outgrown = (f.ai[i] > 0) & (f.sales[i] >= p.demography.catalogue_threshold)
        f.catalogue[i] = 1 if outgrown else f.catalogue[i]


@njit(**STAGE)
def _held_drift(p, forcing, stocks, now):
    """The year's systematic growth by chain and place, held where people are scarce (M5)."""
    fill = stocks.people.fill
    national = forcing.people.national_fill[now.year]
    n_chains = forcing.drift.shape[1]
    drift = np.empty((n_chains, fill.shape[0]))
    for place in range(fill.shape[0]):
        left = _growth_share(fill[place], national, p.talent)
        for c in range(n_chains):
            drift[c, place] = _held_growth(forcing.drift[now.year, c], left)
    return drift


@njit(**STAGE)
def _grow_yearly(f, ids, n, p, forcing, stocks, now):
    """The year's growth and luck of firms that were there before (M2, M3)."""
    n_chains = forcing.drift.shape[1]
    drift = _held_drift(p, forcing, stocks, now)
    log_external = np.empty(n)
    log_age = np.empty(n)
    counts = np.zeros(2 * n_chains)
    means = np.zeros(2 * n_chains)
    oldest = 0
    for i in range(n):
        oldest = max(oldest, f.age[i])
    log_of_age = np.empty(oldest + 1)
    for age in range(oldest + 1):
        log_of_age[age] = _log(1.0 + age * DT)
    for i in range(n):
        log_external[i] = _log(f.external[i])
    for i in range(n):
        log_age[i] = log_of_age[_U(f.age[i])]
    for i in range(n):
        if f.age[i] > 0:
            group = f.catalogue[i] * n_chains + f.chain[i]
            counts[group] += 1.0
            means[group] += log_external[i]
    for group in range(2 * n_chains):
        means[group] = means[group] / counts[group] if counts[group] > 0.0 else 0.0
    total = np.zeros(2)
    weighted_log_age = np.zeros(2)
    weighted_gap = np.zeros(2)
    for i in range(n):
        if f.age[i] > 0:
            k = f.catalogue[i]
            gap = log_external[i] - means[k * n_chains + f.chain[i]]
            total[k] += f.external[i]
            weighted_log_age[k] += f.external[i] * log_age[i]
            weighted_gap[k] += f.external[i] * gap
    for k in range(2):
        if total[k] > 0.0:
            weighted_log_age[k] /= total[k]
            weighted_gap[k] /= total[k]
    luck = np.empty(n)
    _first_uniforms(ids, n, (_U(now.quarter), _SHOCK), _U(now.seed), _U(now.member), luck)
    reference = stocks.catalogue_reference[0]
    d = p.demand
    cell_drift = np.empty(n)
    age_mean = np.empty(n)
    gap_mean = np.empty(n)
    gap = np.empty(n)
    scale = np.empty(n)
    for i in range(n):
        k = f.catalogue[i]
        cell_drift[i] = drift[_U(f.chain[i]), _U(f.place[i])]
        age_mean[i] = weighted_log_age[k]
        gap_mean[i] = weighted_gap[k]
        gap[i] = log_external[i] - means[k * n_chains + f.chain[i]]
    shock, growth = luck, gap
    for i in range(n):
        scale[i] = _laplace_scale(
            f.external[i], reference, d.laplace_b_small, d.beta_size_var, d.b_cap
        )
    for i in range(n):
        shock[i] = p.switches.firm_shocks * _compensated_shock(luck[i], scale[i])
    for i in range(n):
        age = _age_term(log_age[i], age_mean[i], d.age_growth_slope)
        reversion = _reversion_term(gap[i], gap_mean[i], d.rho_size)
        growth[i] = (
            cell_drift[i]
            + p.switches.age_effect * age
            + p.switches.reversion * reversion
            + shock[i]
        )
    for i in range(n):
        carried = f.capacity[i] * _capacity_of_luck(shock[i])
        f.capacity[i] = carried if f.age[i] > 0 else f.capacity[i]
    for i in range(n):
        grown = f.external[i] * _exp(growth[i])
        f.external[i] = grown if f.age[i] > 0 else f.external[i]


@njit(**STAGE)
def _grow_quarterly(f, n, p, forcing, stocks, now):
    """Growth channel, uplift of data-rich contracts and the venture effect, by quarter (M2)."""
    growth = forcing.growth[now.step]
    cell = np.empty(growth.shape)
    for c in range(growth.shape[0]):
        uplift = _data_uplift(stocks.chain_contract[c], stocks.chain_sales[c], p.contracts)
        for place in range(growth.shape[1]):
            cell[c, place] = _exp(DT * (growth[c, place] + uplift))
    rows = np.empty(n, dtype=np.int64)
    lifted = 0
    for i in range(n):
        f.external[i] = f.external[i] * cell[_U(f.chain[i]), _U(f.place[i])]
        rows[lifted] = i
        lifted += f.ticket_until[i] >= now.quarter
    for k in range(lifted):
        i = rows[k]
        f.external[i] = f.external[i] * _exp(DT * f.lift[i])


@njit(**STAGE)
def _insert(rows, keys, first, held, room, row, key):
    """Put a row among the ``room`` best from ``first`` on, best first, ties by row; returns how many are held."""
    if held < room:
        k = first + held
        held += 1
    else:
        k = first + held - 1
        if room == 0 or key < keys[k] or (key == keys[k] and row > rows[k]):
            return held
    while k > first and (key > keys[k - 1] or (key == keys[k - 1] and row < rows[k - 1])):
        rows[k] = rows[k - 1]
        keys[k] = keys[k - 1]
        k -= 1
    rows[k] = row
    keys[k] = key
    return held


@njit(**INLINE)
def _slot(slots, used, row):
    """The firm's slot, a new one where it has none."""
    if slots[row] == 0:
        used[0] += 1
        slots[row] = used[0]
    return slots[row]


@njit(**STAGE)
def _award(f, ids, n, p, forcing, stocks, now):
    """The year's grant round (M6) and who carries the projects it lists (M7, M16), by one draw a firm."""
    projects = forcing.projects
    begin, end = projects.first[now.year], projects.first[now.year + 1]
    n_chains = stocks.grant_pot.shape[0]
    r = p.research
    stocks.grant[:] = 0.0
    money = False
    for c in range(n_chains):
        stocks.grant_pot[c] += p.switches.research * forcing.grants[now.year, c]
        money = money or stocks.grant_pot[c] > 0.0
    if begin == end and not money:
        return
    rows = np.empty(n, dtype=np.int64)
    able = 0
    for i in range(n):
        rows[able] = i
        able += f.ai[i] > 0
    eligible = np.zeros(n_chains, dtype=np.int64)
    for k in range(able):
        eligible[f.chain[rows[k]]] += 1
    first = np.zeros(n_chains + 1, dtype=np.int64)
    added = np.zeros(n_chains)
    for c in range(n_chains):
        count = math.floor(stocks.grant_pot[c] * r.technologies_per_money + ROUNDING)
        size = 1.0 / r.technologies_per_money
        if count > eligible[c] and eligible[c] > 0:
            count, size = eligible[c], stocks.grant_pot[c] / eligible[c]
        if count > 0 and eligible[c] > 0:
            paid = count * size
            stocks.grant_pot[c] = max(0.0, stocks.grant_pot[c] - paid)
            stocks.grants_paid[0] += paid
            added[c] = _effective_grant(
                size, r.rd_additionality, r.rd_misuse, r.rd_grant_reference, r.subsidy_concavity
            )
            first[c + 1] = count
        first[c + 1] += first[c]
    n_granted = first[n_chains]
    n_build = n_research = 0
    for project in range(begin, end):
        if projects.carrier[project] == BUILDER:
            n_build += 1
        else:
            n_research += 1
    n_build = min(n_build, able)
    n_research = n_granted if n_granted > 0 else min(n_research, able)
    winners, winner_keys = np.empty(n_granted, dtype=np.int64), np.empty(n_granted)
    held = np.zeros(n_chains, dtype=np.int64)
    researchers, research_keys = np.empty(n_research, dtype=np.int64), np.empty(n_research)
    builders, build_keys = np.empty(n_build, dtype=np.int64), np.empty(n_build)
    ranked = waiting = 0
    listed_ids = np.empty(able, dtype=np.uint64)
    score, race = np.empty(able), np.empty(able)
    external, quality = np.empty(able), np.empty(able)
    for k in range(able):
        listed_ids[k] = ids[rows[k]]
        external[k] = f.external[rows[k]]
        quality[k] = f.quality[rows[k]]
    address = _U(now.quarter), _ROUND
    _both_uniforms(listed_ids, address, _U(now.seed), _U(now.member), score, race)
    for k in range(able):
        score[k] = _grant_score(quality[k], score[k], r.grant_score_noise)
    for k in range(able):
        race[k] = _project_waiting(race[k], external[k], quality[k])
    for k in range(able):
        i = rows[k]
        if n_granted > 0:
            c = f.chain[i]
            room = first[c + 1] - first[c]
            held[c] = _insert(winners, winner_keys, first[c], held[c], room, i, score[k])
        else:
            ranked = _insert(researchers, research_keys, 0, ranked, n_research, i, score[k])
        if n_build > 0:
            waiting = _insert(builders, build_keys, 0, waiting, n_build, i, -race[k])
    for k in range(n_granted):
        ranked = _insert(
            researchers, research_keys, 0, ranked, n_granted, winners[k], winner_keys[k]
        )
    for k in range(n_granted):
        row = researchers[k]
        stocks.grant[_slot(f.slot, stocks.slots_used, row)] = added[f.chain[row]]
    research_turn = build_turn = 0
    if able == 0:
        return
    for project in range(begin, end):
        if projects.carrier[project] == BUILDER:
            row = builders[build_turn % n_build]
            build_turn += 1
        else:
            row = researchers[research_turn % n_research]
            research_turn += 1
        stocks.project_slot[project] = _slot(f.slot, stocks.slots_used, row)


@njit(**STAGE)
def _learn(f, n, p, forcing, stocks, now):
    """Research stocks of all firms, and the growth that grants of a lag ago bring (M6)."""
    quarters = stocks.lead.shape[1]  # L + 2: the oldest two are those of L and L + 1 quarters ago
    this, then, before = (
        now.quarter % quarters,
        (now.quarter + 2) % quarters,
        (now.quarter + 1) % quarters,
    )
    share = p.research.rd_share
    stocks.row[:] = -1
    rows = np.empty(n, dtype=np.int64)
    holders = 0
    for i in range(n):
        depreciation = forcing.research_depreciation[_U(f.software[i]), _U(f.node[i])]
        f.research[i] = _research_stock(f.research[i], share * f.sales[i], depreciation, DT)
        rows[holders] = i
        holders += f.slot[i] > 0
    granted, own, growth = np.empty(holders), np.empty(holders), np.empty(holders)
    for k in range(holders):
        i = rows[k]
        slot = f.slot[i]
        depreciation = forcing.research_depreciation[f.software[i], f.node[i]]
        stocks.row[slot] = i
        granted[k] = _research_stock(stocks.granted[slot], stocks.grant[slot], depreciation, DT)
        stocks.granted[slot] = granted[k]
        own[k] = f.research[i]
    for k in range(holders):
        granted[k] = _research_lead(granted[k], own[k])
    for k in range(holders):
        slot = f.slot[rows[k]]
        stocks.lead[slot, this] = granted[k]
        lead, earlier = stocks.lead[slot, then], stocks.lead[slot, before]
        growth[k] = _technology_growth(lead, earlier, p.research.eta_rd, DT)
    for k in range(holders):
        growth[k] = _exp(DT * growth[k])
    for k in range(holders):
        f.external[rows[k]] = f.external[rows[k]] * growth[k]


@njit(**STAGE)
def _invest(f, ids, n, p, forcing, stocks, now):
    """Place this quarter's fund tickets with catalogue firms (M8)."""
    lag = math.floor(p.finance.lag_inv_rev / DT + 0.5)
    effective = math.floor(p.finance.ticket_effective_years / DT + 0.5)
    first, last = forcing.first_ticket[now.step], forcing.first_ticket[now.step + 1]
    if first == last:
        return
    rows = np.empty(n, dtype=np.int64)
    listed = 0
    for i in range(n):
        rows[listed] = i
        listed += f.catalogue[i] > 0
    if listed == 0:
        return
    listed_ids = np.empty(listed, dtype=np.uint64)
    external = np.empty(listed)
    quality = np.empty(listed)
    waiting = np.empty(listed)
    luck = np.empty(listed)
    for k in range(listed):
        listed_ids[k] = ids[rows[k]]
        external[k] = f.external[rows[k]]
        quality[k] = f.quality[rows[k]]
    quarter, seed, member = _U(now.quarter), _U(now.seed), _U(now.member)
    for ticket in range(first, last):
        purpose = _TICKET | (_U(ticket - first) << _8)
        _first_uniforms(listed_ids, listed, (quarter, purpose), seed, member, luck)
        for k in range(listed):
            waiting[k] = _ticket_waiting(luck[k], external[k], quality[k])
        shortest = 0
        for k in range(1, listed):
            if waiting[k] < waiting[shortest]:
                shortest = k
        winner = rows[shortest]
        private = p.finance.m_crowdin * forcing.tickets[ticket]
        stocks.owner[ticket] = ids[winner]
        stocks.amount[ticket] = forcing.tickets[ticket] + private
        f.lift[winner] = _venture_lift(
            stocks.amount[ticket], f.external[winner], p.finance.vc_growth_effect
        )
        stocks.due[ticket] = now.quarter + lag
        f.ticket_until[winner] = now.quarter + effective
        stocks.invested[INVESTED] += forcing.tickets[ticket]
        stocks.invested[COINVESTED] += private
        stocks.invested[TICKETS_ISSUED] += 1.0


@njit(**STAGE)
def _build(f, ids, n, p, forcing, stocks, now):
    """Wear, private investment toward demand, and fund investment that is finished (M9)."""
    finance = p.finance
    limit = _investment_limit(
        now.first_of_year, finance.capacity_max_rate, finance.capacity_depreciation, DT
    )
    for i in range(n):
        demand = f.external[i] + f.contract[i] + f.intermediate[i]
        kept = _kept_capacity(f.capacity[i], finance.capacity_depreciation, DT)
        private = _private_capacity(kept, f.capacity[i], demand, finance.capacity_headroom, limit)
        f.capacity[i] = kept + private
    for ticket in range(forcing.first_ticket[now.step + 1]):
        if stocks.due[ticket] == now.quarter:
            for i in range(n):
                if ids[i] == stocks.owner[ticket]:
                    f.capacity[i] += finance.rev_capital_ratio * stocks.amount[ticket]


@njit(**STAGE)
def _share_contracts(f, n, p, forcing, now, contract):
    """Contracts of the quarter, by firm and summed by chain; only firms of chains with open projects get any (M10)."""
    n_chains = contract.shape[0]
    pool = np.empty(n_chains)
    for c in range(n_chains):
        pool[c] = (
            p.switches.contracts * p.contracts.scenario_direct * forcing.contracts[now.step, c]
        )
    rows = np.empty(n, dtype=np.int64)
    able = 0
    for i in range(n):
        f.contract[i] = 0.0
        rows[able] = i
        able += (f.ai[i] > 0) & (pool[_U(f.chain[i])] != 0.0)
    weight = np.empty(able)
    for k in range(able):
        weight[k] = f.external[rows[k]]
    for k in range(able):
        weight[k] = _size_weight(weight[k], 1, p.contracts.contract_size_exponent)
    weights = np.zeros(n_chains)
    for k in range(able):
        weights[f.chain[rows[k]]] += weight[k]
    for c in range(n_chains):
        contract[c] = 0.0
        pool[c] = pool[c] / weights[c] if weights[c] > 0.0 else 0.0
    for k in range(able):
        i = rows[k]
        c = f.chain[i]
        f.contract[i] = pool[c] * weight[k]
        contract[c] += f.contract[i]


@njit(**STAGE)
def _sell(f, n, p, forcing, links, stocks, now):
    """Contracts (M10), links (M11) and sales held by capacity (M9)."""
    n_chains = forcing.drift.shape[1]
    n_nodes = links.node_chain.shape[0]
    contract = np.empty(n_chains)
    _share_contracts(f, n, p, forcing, now, contract)
    external = np.zeros(n_chains)
    reached = np.zeros(n_nodes)
    for i in range(n):
        external[_U(f.chain[i])] += f.external[i]
        if f.sales[i] >= p.linkages.capable_node_size:
            reached[_U(f.node[i])] = 1.0
    nodes = np.zeros(n_chains)
    capable = np.zeros(n_chains)
    for k in range(n_nodes):
        nodes[links.node_chain[k]] += 1.0
        capable[links.node_chain[k]] += reached[k]
    shares = np.empty(n_chains)
    final = np.empty(n_chains)
    for c in range(n_chains):
        final[c] = external[c] + contract[c]
        shares[c] = _local_share(
            p.linkages.rpc, capable[c] / nodes[c], links.coverage[c], forcing.linkage[now.step, c]
        )
    gross = np.empty(n_chains)
    _solve_gross(final, shares, links.purchases, np.empty((n_chains, n_chains)), gross)
    per_external = np.zeros(n_chains)
    for c in range(n_chains):
        induced = p.switches.links * (gross[c] - final[c])
        per_external[c] = induced / external[c] if external[c] > 0.0 else 0.0
        stocks.chain_sales[c] = 0.0
        stocks.chain_contract[c] = contract[c]
    sales_at = stocks.people.sales
    sales_at[:] = 0.0
    for i in range(n):
        chain = _U(f.chain[i])
        f.intermediate[i] = per_external[chain] * f.external[i]
        demand = f.external[i] + f.contract[i] + f.intermediate[i]
        held = min(demand, f.capacity[i])
        f.sales[i] = held if p.switches.capacity > 0.0 else demand
        stocks.chain_sales[chain] += f.sales[i]
        sales_at[_U(f.place[i])] += f.sales[i]


@njit(**STAGE)
def _staff(p, forcing, stocks, now):
    """People who come and go, those whom firms want by now, and who finds a post (M4, M5)."""
    if p.switches.talent == 0.0:
        return
    people, t = stocks.people, p.talent
    n_places = people.sales.shape[0]
    programme = forcing.people.programme[now.step]
    promised = forcing.people.promised[now.step]
    before = people.wanted.copy()
    everybody = 0.0
    jobs = 0.0
    for d in range(n_places):
        everybody += people.pool[d]
        jobs += before[d]
    for d in range(n_places):
        share = m4_share_of(before[d], jobs)
        people.pool[d] = _next_pool(people.pool[d], share, everybody, programme[d], t, DT)
        people.wanted[d] = people.sales[d] / forcing.people.per_head[now.year]
    everybody = 0.0
    jobs = 0.0
    for d in range(n_places):
        everybody += people.pool[d]
        jobs += people.wanted[d]
    looking = np.zeros(n_places)
    job_share = np.empty(n_places)
    all_looking = 0.0
    for d in range(n_places):
        for target in range(promised.shape[0]):
            looking[d] += DT * promised[target, d]
        all_looking += looking[d]
        job_share[d] = m4_share_of(people.wanted[d], jobs)
        working = _supplied(people.pool[d], job_share[d], everybody, t)
        people.fill[d] = _fill(working, people.wanted[d])
    placed = np.empty(n_places)
    for d in range(n_places):
        left_open = 0.0 if now.first_of_year else people.posts[d]
        posts = left_open + _new_posts(before[d], people.wanted[d], t, DT)
        offered = _supplied(looking[d], job_share[d], all_looking, t)
        placed[d] = _placed_share(posts, offered)
        people.posts[d] = _posts_left(posts, placed[d], offered)
    for target in range(promised.shape[0]):
        coming = 0.0
        hired = 0.0
        for d in range(n_places):
            coming += DT * promised[target, d]
        for d in range(n_places):
            hired += placed[d] * _supplied(DT * promised[target, d], job_share[d], coming, t)
        so_far = people.hired[now.step - 1, target] if now.step > 0 else 0.0
        people.hired[now.step, target] = so_far + hired


@njit(**LOOP)
def count_people(people, measures):
    """People of the quarter, city and places; fill weighted by those wanted."""
    pool = wanted = filled = 0.0
    for d in range(people.pool.shape[0]):
        pool += people.pool[d]
        wanted += people.wanted[d]
        filled += people.wanted[d] * people.fill[d]
        measures.place[at.PLACE_TALENT_FILL, d] = people.fill[d]
    measures.city[at.TALENT_POOL] = pool
    measures.city[at.TALENT_WANTED] = wanted
    measures.city[at.TALENT_FILL] = filled / wanted if wanted > 0.0 else 1.0


@njit(**STAGE)
def _deliver(f, p, forcing, stocks, now, measures):
    """Projects of firms that are still there: investment, deliveries, capacity and sales of new plants (M7, M16)."""
    projects = forcing.projects
    ratio = p.finance.rev_capital_ratio
    if now.step > 0:
        for target in range(stocks.delivered.shape[1]):
            stocks.delivered[now.step, target] = stocks.delivered[now.step - 1, target]
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
                f.capacity[row] += ratio * money
            years = DT * (now.step - due + 1)
            sold += _project_sales(money, ratio, years, p.milestones.project_ramp)
    measures.city[at.PROJECT_INVESTMENT] = invested
    measures.city[at.PROJECT_SALES] = sold


@njit(**LOOP)
def record(columns, n, p, measures):
    """Sums of the quarter by city, chain and place, in row order; what only catalogue firms add to, over them."""
    f = columns.firms
    core_total = consolidated = scale = software = ecosystem = 0.0
    contract = intermediate = lost = 0.0
    firms_10 = firms_50 = firms_100 = 0
    by_chain = measures.chain
    by_place = measures.place
    by_chain[:] = 0.0
    by_place[:] = 0.0
    measures.cell[:] = 0.0
    rows = np.empty(n, dtype=np.int64)
    listed = 0
    for i in range(n):
        sales = f.sales[i]
        software += f.software[i] * sales
        ecosystem += (1.0 - f.catalogue[i]) * sales
        by_chain[at.CHAIN_REVENUE, _U(f.chain[i])] += sales
        rows[listed] = i
        listed += f.catalogue[i] > 0
    largest = np.zeros(10)
    for m in range(listed):
        i = rows[m]
        core = f.sales[i]
        final = f.external[i] + f.contract[i]
        demand = final + f.intermediate[i]
        core_total += core
        consolidated += core * final / demand
        scale += core * f.ai_share[i]
        contract += f.contract[i]
        intermediate += f.intermediate[i]
        lost += demand - core
        firms_10 += core >= 10.0
        firms_50 += core >= 50.0
        firms_100 += core >= 100.0
        chain, place = _U(f.chain[i]), _U(f.place[i])
        by_chain[at.CHAIN_CORE_REVENUE, chain] += core
        by_chain[at.CHAIN_CATALOGUE_FIRMS, chain] += 1.0
        by_place[at.PLACE_CORE_REVENUE, place] += core
        by_place[at.PLACE_CATALOGUE_FIRMS, place] += 1.0
        measures.cell[chain, place] += core
        if core > largest[9]:
            k = 9
            while k > 0 and core > largest[k - 1]:
                largest[k] = largest[k - 1]
                k -= 1
            largest[k] = core
    city = measures.city
    city[at.CORE_REVENUE] = core_total
    city[at.CORE_REVENUE_CONSOLIDATED] = consolidated
    city[at.CORE_SCALE] = scale
    city[at.SOFTWARE_REVENUE] = software
    city[at.ECOSYSTEM_REVENUE] = ecosystem
    city[at.CONTRACT_REVENUE] = contract
    city[at.INTERMEDIATE_REVENUE] = intermediate
    city[at.LOST_TO_CAPACITY] = lost
    top = 0.0
    for k in range(10):
        top += largest[k]
    city[at.TOP10_SHARE] = top / max(core_total, 1e-300)
    city[at.FIRMS] = float(n)
    city[at.CATALOGUE_FIRMS] = float(listed)
    city[at.FIRMS_10] = float(firms_10)
    city[at.FIRMS_50] = float(firms_50)
    city[at.FIRMS_100] = float(firms_100)


@njit(**LOOP, inline="always")
def _quarter(columns, n, births, first, last, p, forcing, links, stocks, now, measures):
    f = columns.firms
    exits = 0
    if p.switches.firms > 0.0:
        survivors = _leave(columns, n, p, forcing, now)
        exits = n - survivors
        n = _enter(columns, survivors, births, first, last)
        _admit(f, n, p)
        if now.first_of_year:
            _grow_yearly(f, columns.ids, n, p, forcing, stocks, now)
        _grow_quarterly(f, n, p, forcing, stocks, now)
        if now.first_of_year:
            _award(f, columns.ids, n, p, forcing, stocks, now)
        _learn(f, n, p, forcing, stocks, now)
        _invest(f, columns.ids, n, p, forcing, stocks, now)
        _build(f, columns.ids, n, p, forcing, stocks, now)
        _sell(f, n, p, forcing, links, stocks, now)
        _deliver(f, p, forcing, stocks, now, measures)
        _staff(p, forcing, stocks, now)
    else:
        last = first
    record(columns, n, p, measures)
    count_people(stocks.people, measures)
    city = measures.city
    city[at.CORE_REVENUE_PUBLISHED] = city[at.CORE_REVENUE] * forcing.published[now.year]
    started = 0
    for i in range(first, last):
        started += (births.ids[i] >> _60) == _STARTUP
    city[at.ENTRIES] = float(started) / DT
    city[at.ARRIVALS] = float(last - first - started) / DT
    city[at.EXITS] = float(exits) / DT
    city[at.FUND_COMMITTED] = forcing.fund[now.step, COMMITTED]
    city[at.FUND_PAID_IN] = forcing.fund[now.step, PAID_IN]
    city[at.FUND_INVESTED] = stocks.invested[INVESTED]
    city[at.PRIVATE_COINVESTMENT] = stocks.invested[COINVESTED]
    city[at.TICKETS] = stocks.invested[TICKETS_ISSUED]
    city[at.GRANTS_PAID] = stocks.grants_paid[0]
    return n


@njit(**LOOP)
def quarter(columns, n, births, first, last, p, forcing, links, stocks, now, measures):
    """Advance one quarter; arguments and result as `simulator.engine.plain.quarter`."""
    return _quarter(columns, n, births, first, last, p, forcing, links, stocks, now, measures)


@njit(**LOOP)
def quarters(columns, n, births, first_birth, p, forcing, links, stocks, when, block, cells):
    """Advance several quarters in one call; arguments and result as `simulator.engine.plain.quarters`."""
    for t in range(when.start, when.stop):
        quarter_ = when.first_quarter + t
        now = Address(
            when.seed,
            when.member,
            quarter_,
            t,
            (quarter_ - when.first_january) // 4,
            quarter_ % 4 == 0,
        )
        first, last = first_birth[t], first_birth[t + 1]
        measures = _measures_of(block[t + 1], cells[t + 1])
        n = _quarter(columns, n, births, first, last, p, forcing, links, stocks, now, measures)
    return n
