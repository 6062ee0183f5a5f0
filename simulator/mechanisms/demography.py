"""Birth, arrival and death of firms.

(M12) start-ups of a chain in a quarter ~ Poisson(N₀·share_c·(crude exit + g_entry)·(1+g_entry)^t·Δ·(1 + entry channel))
      size lognormal about entrant_size × median incumbent; a start-up that does AI joins the catalogue at the threshold
(M13) signings ~ Poisson(rate·Δ), from three years before the start; booked after a gamma lag; size truncated Pareto;
      a signing caused by policy is real only with the but-for probability, else the firm would have come anyway
(M14) yearly hazard h = table(age)·h_mult·min(1.5, (e/median)^(−θ))·(1 − survival channel); named firms their own;
      quarterly 1 − (1−h)^Δ.   Order in a quarter: kill → age → enter (limit L1).
Source: hazard table `saic-2013`; but-for share `bartik-2018`; the rest assumed.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from simulator.foundation.mathematics import exp, log, maximum, minimum, power, select, sqrt

LARGEST_SIZE_FACTOR = 1.5  # smaller firms die more often, but not without bound (M14)
LARGEST_HAZARD = 0.95
SINGULAR = 1e-7  # distance kept from exponents at which a closed form divides by zero


class Demography(NamedTuple):
    """Parameters of entry, attraction and exit (M12–M14)."""

    h_age0: float
    h_age1: float
    h_age2: float
    h_age3_6: float
    h_age7p: float
    h_hightech_mult: float
    exit_size_exponent: float
    exit_named: float
    g_entry: float
    entrant_size: float
    entrant_log_sd: float
    arrivals_rate: float
    arrival_size_min: float
    arrival_size_max: float
    arrival_size_exponent: float
    attract_lag: float
    butfor_attract: float
    catalogue_threshold: float
    ecosystem_ai_share: float
    core_ai_share: float
    core_firms_2017: float
    software_share: float


def age_hazard(age: Any, p: Any) -> Any:
    """Yearly registry hazard by whole years of age (table in M14); ``age`` in years, a number or column."""
    late = select(age < 7.0, p.h_age3_6, p.h_age7p)
    return select(
        age < 1.0, p.h_age0, select(age < 2.0, p.h_age1, select(age < 3.0, p.h_age2, late))
    )


def yearly_hazard(table: Any, relative_size: Any, named: Any, survival: Any, p: Any) -> Any:
    """Yearly exit hazard of a firm (M14); ``relative_size`` is e over the reference median, ``named`` 0 or 1."""
    size = minimum(LARGEST_SIZE_FACTOR, power(relative_size, -p.exit_size_exponent))
    ordinary = table * p.h_hightech_mult * size
    own = select(named > 0, p.exit_named, ordinary)
    return minimum(LARGEST_HAZARD, own * maximum(0.0, 1.0 - survival))


def highest_hazard(survival: Any, p: Any) -> Any:
    """Yearly hazard that no firm exceeds (M14) where the survival channel is nowhere below ``survival``."""
    young = maximum(p.h_age0, maximum(p.h_age1, p.h_age2))
    table = maximum(young, maximum(p.h_age3_6, p.h_age7p))
    own = maximum(p.exit_named, table * p.h_hightech_mult * LARGEST_SIZE_FACTOR)
    return minimum(LARGEST_HAZARD, own * maximum(0.0, 1.0 - survival))


def quarterly_hazard(yearly: Any) -> Any:
    """1 − (1−h)^(1/4): the only place where a yearly hazard becomes a quarterly one."""
    return 1.0 - sqrt(sqrt(1.0 - yearly))


def truncated_pareto(uniform: Any, smallest: Any, largest: Any, exponent: Any) -> Any:
    """Size by inversion from a Pareto law cut to [smallest, largest]; the exponent may be negative, not zero."""
    tail = exp(-exponent * log(largest / smallest))
    return smallest * exp(-log(1.0 - uniform * (1.0 - tail)) / exponent)


def truncated_pareto_mean(smallest: float, largest: float, exponent: float) -> float:
    """Mean of the truncated Pareto law, exponents near 0 and 1 by their limits."""
    if abs(exponent) < SINGULAR or abs(exponent - 1.0) < SINGULAR:
        exponent += 2.0 * SINGULAR
    ratio = math.log(largest / smallest)
    tail, top = math.exp(-exponent * ratio), math.exp((1.0 - exponent) * ratio)
    return exponent / (exponent - 1.0) * smallest * (1.0 - top) / (1.0 - tail)
