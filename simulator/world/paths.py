"""The paths that drive a member whatever its firms do: national growth, shocks, published factors, fund money.

Every draw is addressed by what it is about and its year, so a longer period or another scenario keeps the draws of
the years they share.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from simulator.foundation.randomness import Decision, Origin, dated_ids, entity_ids, name_group
from simulator.mechanisms.demand import chain_drift, national_growth
from simulator.mechanisms.finance import drawdown, ticket_size
from simulator.mechanisms.observation import published_factor
from simulator.world.founding import Draw
from simulator.world.places import Ground
from simulator.world.state import Parameters

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]
DT = 0.25


class GrowthPaths(NamedTuple):
    """Yearly paths; Y years, C chains."""

    national: Number  # (Y,) ln(1+g)
    drift: Number  # (Y, C) systematic growth of incumbents, log points
    published: Number  # (Y,) published over true


class FundPaths(NamedTuple):
    """Fund money by quarter (M8); T quarters."""

    stocks: Number  # (T, 2) committed, paid in, 亿元
    tickets: Number  # sizes in order of issue, 亿元
    first_ticket: Label  # (T + 1,)


def growth_paths(
    years: tuple[int, ...],
    founding_year: int,
    definition_drift: Number,
    ground: Ground,
    p: Parameters,
    draw: Draw,
) -> GrowthPaths:
    """Draw national growth, chain and city shocks and the published factor of each year (M1, M2, M20).

    ``definition_drift`` is each year's own drift, shape (Y,), log points.
    """
    if draw.loops is not None:
        found: GrowthPaths = draw.loops.growth_paths(
            years, founding_year, definition_drift, ground, p, draw
        )
        return found
    total_drift = np.cumsum(definition_drift)
    d = p.demand
    level, mean = growth_before(founding_year, ground, p)
    deviation = d.chain_deviation_sd * normals(ground.chains, 0, Decision.CHAIN_DEVIATION, draw)
    national: list[float] = []
    drift: list[Number] = []
    published: list[float] = []
    for year in years:
        z = normals(("nation",), year, Decision.NATIONAL_GROWTH, draw)[0]
        level = float(national_growth(level, mean, d.g_nat_persistence, d.g_nat_yearly_sd, z))
        chain_shock = d.chain_shock_sd * normals(ground.chains, year, Decision.CHAIN_SHOCK, draw)
        city_shock = d.city_shock_sd * normals(("city",), year, Decision.CITY_SHOCK, draw)[0]
        noise = normals(("city",), year, Decision.REPORTING_NOISE, draw)[0]
        national.append(level)
        drift.append(
            chain_drift(
                level,
                deviation,
                chain_shock,
                city_shock,
                d.loading_national,
                d.net_entry_share_national,
            )
        )
        factor = published_factor(
            total_drift[len(published)], p.observation.reporting_noise_sd, noise
        )
        published.append(float(factor) if p.switches.observation > 0.0 else 1.0)
    return GrowthPaths(np.array(national), np.array(drift), np.array(published))


def growth_before(founding_year: int, ground: Ground, p: Parameters) -> tuple[float, float]:
    """National growth of the founding year and its long-run mean, ln(1+g)."""
    d = p.demand
    before = ground.national_growth.get(founding_year, d.g_nat_ai)
    level = np.log1p(d.g_nat_2024 if founding_year == 2024 else before)
    return float(level), float(np.log1p(d.g_nat_ai))


def fund_paths(commitments: Number, p: Parameters, draw: Draw) -> FundPaths:
    """Paid-in money and the tickets it buys (M8); ``commitments`` are (T,) new commitments, 亿元 a year.

    Tickets are one sequence of addressed sizes: more money issues the same tickets earlier, and more of them.
    What is left below the next ticket's size waits, so spending never exceeds what was paid in.
    """
    if draw.loops is not None:
        found: FundPaths = draw.loops.fund_paths(commitments, p, draw)
        return found
    f = p.finance
    committed, paid_in, spendable = f.fund_committed, f.fund_paid_in, 0.0
    stocks, money = [], []
    for added in commitments:
        committed += DT * added
        new = float(drawdown(committed, paid_in, f.k_drawdown, DT))
        paid_in += new
        spendable += p.switches.funds * f.haihe_ai_share * f.fund_landing_share * new
        stocks.append((committed, paid_in))
        money.append(spendable)
    sizes = np.empty(0)
    while sizes.sum() <= spendable:
        count = 2 * len(sizes) + 32
        normal = ndtri(draw.pair(entity_ids(Origin.TICKET, 0, 0, count), Decision.TICKET_SIZE)[0])
        sizes = np.asarray(ticket_size(normal, f.ticket_mean, f.ticket_log_sd))
    issued = np.searchsorted(np.cumsum(sizes), money, side="right")
    first = np.concatenate([[0], issued]).astype(np.int64)
    return FundPaths(np.array(stocks), sizes[: int(first[-1])], first)


def contract_spending(opened: Number, duration: float) -> Number:
    """Spending of scenario projects (M10): money opened (T, C) 亿元 a year → spent evenly over ``duration`` years.

    A project opened in quarter t spends from t on; what falls beyond the last quarter is not spent in the period.
    """
    spending = np.zeros_like(opened)
    quarters = duration / DT
    for lag in range(min(int(np.ceil(quarters)), len(opened))):
        part = min(1.0, quarters - lag) / quarters
        spending[lag:] += part * opened[: len(opened) - lag]
    return spending


def normals(names: tuple[str, ...], year: int, decision: Decision, draw: Draw) -> Number:
    """One standard normal per name, addressed by name, year and decision."""
    return np.asarray(ndtri(yearly_luck(names, year, decision, draw)))


def yearly_luck(names: tuple[str, ...], year: int, decision: Decision, draw: Draw) -> Number:
    """One uniform per name, addressed by name, year and decision."""
    ids = dated_ids(Origin.PROCESS, tuple(name_group(name) for name in names), year, 1)[0]
    return draw.pair(ids, decision)[0]
