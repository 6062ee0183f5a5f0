"""External sales: the growth of a firm's own market.

(M1)  γ_c(y) = ln(1+g(y)) + d_c + s_c(y)              log points a year, by chain c and year y
      ln(1+g(y)) = m + ρ·(ln(1+g(y−1)) − m) + sd·√(1−ρ²)·z      national growth, stationary sd
(M2)  in the first quarter of a year, for a firm i that was there before:
      Δln e_i = (1−n)·λ·ln(1+g) + λ·d_c + s_c + u + A_i + B_i + ε_i − ln E e^{ε_i}
      A_i = η·[ln(1+a_i) − Σ_j w_j ln(1+a_j)]          age, η ≤ 0, a in years
      B_i = −r·[(ln e_i − m_c) − Σ_j w_j (ln e_j − m_c(j))]     reversion, r = 1 − rho_size
      every quarter: Δln e_i = Δ·(v_i + z_cd)           growth channel, venture effect, uplift
(M3)  ε_i ~ Laplace(b_i),  b_i = min(b_cap, b·(e_i/e_ref)^(−β)),  ln E e^{ε} = −ln(1−b²)

Weights w are shares of external sales within the firm's own perimeter (catalogue, or outside it), so that age and
reversion move growth between firms and never take it from the perimeter a target is about.
National growth already contains net entry: incumbents get the share 1 − n of it.
Source: shape of ε and size–variance law `bottazzi-secchi-2006`, `amaral-1997`; national series
`caict-2022-07` to `caict-2025-12`; loading assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import log, minimum, power, select, sqrt


class Demand(NamedTuple):
    """Parameters of external sales (M1–M3); priors.csv carries unit, bounds, source and grade."""

    g_nat_ai: float
    g_nat_yearly_sd: float
    g_nat_persistence: float
    g_nat_2024: float
    loading_national: float
    net_entry_share_national: float
    chain_deviation_sd: float
    chain_shock_sd: float
    city_shock_sd: float
    age_growth_slope: float
    rho_size: float
    laplace_b_small: float
    beta_size_var: float
    b_cap: float


def national_growth(previous: Any, mean: Any, persistence: Any, sd: Any, normal: Any) -> Any:
    """Log national growth of a year from the year before (M1); log points."""
    return (
        mean + persistence * (previous - mean) + sd * sqrt(1.0 - persistence * persistence) * normal
    )


def chain_drift(
    national: Any,
    deviation: Any,
    chain_shock: Any,
    city_shock: Any,
    loading: Any,
    net_entry_share: Any,
) -> Any:
    """What a year adds to ln e of every incumbent of a chain (M2, without A, B and ε); log points."""
    return (
        (1.0 - net_entry_share) * loading * national
        + loading * deviation
        + chain_shock
        + city_shock
    )


def age_term(log_age: Any, weighted_log_age: Any, slope: Any) -> Any:
    """Redistribution of growth by age (A in M2); ``log_age`` is ln(1 + age in years)."""
    return slope * (log_age - weighted_log_age)


def reversion_term(gap: Any, weighted_gap: Any, rho: Any) -> Any:
    """Redistribution of growth by size (B in M2); ``gap`` is ln e minus the chain's mean ln e."""
    return (rho - 1.0) * (gap - weighted_gap)


def laplace_scale(external: Any, reference: Any, scale: Any, exponent: Any, cap: Any) -> Any:
    """Scale b_i of a firm's yearly shock (M3); falls with size, held below ``cap`` < 1."""
    return minimum(cap, scale * power(external / reference, -exponent))


def laplace(uniform: Any, scale: Any) -> Any:
    """Laplace shock by inversion of one uniform in (0, 1): monotone, so paired scenarios stay paired."""
    distance = uniform - 0.5
    size = -scale * log(1.0 - 2.0 * abs(distance))
    return select(distance < 0.0, -size, size)


def compensated_shock(uniform: Any, scale: Any) -> Any:
    """Laplace shock with the mean of its exponential taken off (M3): luck creates no revenue."""
    return laplace(uniform, scale) + log(1.0 - scale * scale)
