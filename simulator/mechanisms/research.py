"""Research stocks, grants and the growth they bring.

(M6)  H' = (1 − δΔ)·H + Δ·ρ·revenue                    own research stock of a firm, 亿元; δ by kind of research
      G' = (1 − δΔ)·G + Δ·effective grant of the year   what its grants have added to it, 亿元
      effective = min(g, (1 + additionality)·(1 − misuse)·G₀·(g/G₀)^φ)   of a grant g, 亿元; concave for φ < 1
      lead = ln(1 + G/H)
      τ(t) = elasticity·(lead(t−L) − lead(t−L−Δ))/Δ     log points a year, L whole quarters, at most five years
      A stock is linear in what is spent, so K(t) = H(t−L) + G(t−L) is the working stock, K⁰(t) = H(t−L) the same
      stock without any grant, and ln K − ln K⁰ is the lead a lag ago: ordinary research is already in national growth.
      H is founded on the balanced path, ρ·revenue/(δ + g), g the systematic growth of incumbents.
      Once a year the grant money of a chain (what is left of earlier years included) makes grants of
      1/technologies_per_money each to its AI firms in order of their score; what does not fill a grant waits for the
      next year, and where there are more grants than firms each gets an equal, larger one.
      score = ln quality + logistic noise: better firms are granted, so a naive comparison finds an effect that is
      not there. A grant is paid at once and spent evenly over its year. No subsidy acts on growth but through G.

Source: elasticity `chen-etal-2021` and `hall-mairesse-mohnen-2010`; depreciation `li-bea-2016`; misuse
`boeing-peters-2021`; additionality `dimos-pugh-2016`; selection by score after `wang-li-furman-2017`; noise assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import log, minimum, power

LOGISTIC_SCALE = 0.5513288954217921  # √3/π: of a logistic law with standard deviation one


class Research(NamedTuple):
    """Parameters of research stocks and grants (M6)."""

    rd_share: float
    rd_additionality: float
    rd_misuse: float
    rd_grant_reference: float
    subsidy_concavity: float
    eta_rd: float
    delta_rd_software: float
    delta_rd_hw: float
    delta_rd_semi: float
    lag_rd: float
    technologies_per_money: float
    grant_score_noise: float


def research_stock(stock: Any, spending: Any, depreciation: Any, dt: Any) -> Any:
    """Stock after one step (M6); 亿元, 亿元/yr, 1/yr, yr → 亿元."""
    return (1.0 - depreciation * dt) * stock + dt * spending


def balanced_stock(spending: Any, depreciation: Any, growth: Any) -> Any:
    """Stock of a firm whose spending has always grown by ``growth`` a year (M6); 亿元."""
    return spending / (depreciation + growth)


def effective_grant(
    grant: Any, additionality: Any, misuse: Any, reference: Any, concavity: Any
) -> Any:
    """Research a grant adds (M6), concave in its size and never above it; 亿元, ``grant`` > 0."""
    kept = (1.0 + additionality) * (1.0 - misuse)
    return minimum(grant, kept * reference * power(grant / reference, concavity))


def research_lead(granted: Any, own: Any) -> Any:
    """Log of the working stock over the same stock without any grant (M6)."""
    return log(1.0 + granted / own)


def technology_growth(lead: Any, lead_before: Any, elasticity: Any, dt: Any) -> Any:
    """Growth τ that a rise of the lead brings (M6), log points a year."""
    return elasticity * (lead - lead_before) / dt


def grant_score(quality: Any, uniform: Any, noise: Any) -> Any:
    """Score by which a firm is ranked for grants (M6); ``noise`` is the standard deviation of its error."""
    return log(quality) + noise * LOGISTIC_SCALE * log(uniform / (1.0 - uniform))
