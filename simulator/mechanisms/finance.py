"""Funds and capacity.

(M8)  D' = D + (C − D)·(1 − e^{−kΔ})                committed C and paid-in D, one vintage, 亿元
      money to tickets = ΔD × AI share × landing share; tickets lognormal with the reported mean;
      a ticket goes to a catalogue firm drawn ∝ √e·quality; private money = crowd-in × ticket;
      while it works it adds vc_growth_effect·min(1, (ticket + private money)/e) to the firm's growth: the studies
      behind the effect are of firms about as large as their ticket, and a ticket does not lift a giant (decision 0007)
(M9)  κ' = κ·(1 − δ_K·Δ) + private + rev_capital_ratio·I(t − lag)
      private = min(max(0, (1+h)·demand − κ(1−δ_KΔ)), limit·κ)
      limit = what wears out (δ_K·Δ), and in the first quarter the yearly rate on top: demand states a whole year's
      average from its first quarter on, so the year's growth of capacity counts from there too (decision 0004)
      a lucky year brings its capacity: κ is multiplied by max(1, e^ε), because the law of ε is measured on growth
      that happened (decision 0004)
      sales = min(demand, κ), demand = e + contracts + intermediate
Source: stocks and landing share `tj-finance-2025-05`; crowd-in `ssrn-3221997`; capacity parameters assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import exp, log, maximum, minimum, select, sqrt


class Finance(NamedTuple):
    """Parameters of funds and capacity (M8–M9)."""

    fund_committed: float
    fund_paid_in: float
    k_drawdown: float
    haihe_ai_share: float
    fund_landing_share: float
    ticket_mean: float
    ticket_log_sd: float
    m_crowdin: float
    lag_inv_rev: float
    ticket_effective_years: float
    vc_growth_effect: float
    rev_capital_ratio: float
    capacity_headroom: float
    capacity_max_rate: float
    capacity_depreciation: float


def drawdown(committed: Any, paid_in: Any, rate: Any, dt: Any) -> Any:
    """Money paid in during one step (M8), never more than is committed; 亿元."""
    return (committed - paid_in) * (1.0 - exp(-rate * dt))


def ticket_size(normal: Any, mean: Any, log_sd: Any) -> Any:
    """Size of a fund ticket (M8): lognormal with the given arithmetic mean; 亿元."""
    return mean * exp(log_sd * normal - 0.5 * log_sd * log_sd)


def ticket_waiting(uniform: Any, external: Any, quality: Any) -> Any:
    """Race time of a firm for a ticket (M8): the shortest wins, with odds ∝ √e·quality."""
    return -log(uniform) / (sqrt(external) * quality)


def venture_lift(amount: Any, external: Any, effect: Any) -> Any:
    """Growth a ticket adds to its firm while it works (M8), log points a year; ``amount`` in 亿元."""
    return effect * minimum(1.0, amount / external)


def capacity_of_luck(shock: Any) -> Any:
    """Factor by which a year's luck carries capacity along (M9): growth that happened was not held back."""
    return maximum(1.0, exp(shock))


def kept_capacity(capacity: Any, depreciation: Any, dt: Any) -> Any:
    """What is left of last quarter's capacity (M9); 亿元/yr."""
    return capacity * (1.0 - depreciation * dt)


def investment_limit(first_of_year: Any, rate: Any, depreciation: Any, dt: Any) -> Any:
    """Largest private growth of capacity in a quarter, as a share of capacity (M9)."""
    return select(first_of_year, rate, 0.0) + depreciation * dt


def private_capacity(kept: Any, capacity: Any, demand: Any, headroom: Any, limit: Any) -> Any:
    """Capacity a firm adds by itself in one step (M9), toward demand with headroom; 亿元/yr."""
    return minimum(maximum(0.0, (1.0 + headroom) * demand - kept), limit * capacity)
