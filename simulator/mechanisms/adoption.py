"""Related industries: what core firms pull along, and what adopts AI anyway.

(M19) related = pull-through·core + ceiling·F̄, 亿元 a year; policy reaches it through core revenue only
      F: share of related industries that has adopted AI, Bass: F' = (p + qF)(1 − F), with F known at one date
      exactly: y = (p + qF)/(1 − F) grows as e^{(p+q)t}, and F = (y − p)/(y + q), zero before adoption began
      F̄ over a quarter, exactly: [ln((1−F)/(1−F')) − pτ]/(qΔ), τ the part of the quarter in which F is above zero
      related is apart from core, as the plan does not say that it contains it
      smart technology = all modelled firms + related
Source: `bass-table` for p and q, `sas-2024` for the share of 2024 (a selected sample); pull-through and ceiling are
assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import exp, log, maximum, minimum, select

SMALLEST = 1e-300  # stands for zero where a logarithm or a quotient needs a positive number


class Adoption(NamedTuple):
    """Parameters of related revenue (M19)."""

    bass_p: float
    bass_q: float
    ai_adopt_now: float
    related_pull_through: float
    related_ceiling: float


def adopted_share(known: Any, years: Any, p: Any, q: Any) -> Any:
    """Share adopted ``years`` after a share was ``known`` (M19, limit L7); negative years look back, never below 0."""
    y = (p + q * known) / (1.0 - known) * exp((p + q) * years)
    return maximum(0.0, (y - p) / maximum(y + q, SMALLEST))


def mean_share(before: Any, after: Any, p: Any, q: Any, dt: Any) -> Any:
    """Mean share over a step of ``dt`` years from ``before`` to ``after`` (M19), exact; p + q above zero."""
    since_start = log(maximum((p + q * after) / (1.0 - after), SMALLEST) / maximum(p, SMALLEST))
    spent = select(before > 0.0, dt, minimum(dt, since_start / maximum(p + q, SMALLEST)))
    imitated = (log((1.0 - before) / (1.0 - after)) - p * spent) / maximum(q * dt, SMALLEST)
    alone = (spent - (after - before) / maximum(p, SMALLEST)) / dt
    return select(after > 0.0, select(q > 0.0, imitated, alone), 0.0)


def related_revenue(core: Any, adopted: Any, p: Adoption) -> Any:
    """Revenue of related industries from core revenue and the mean adopted share (M19); 亿元/yr."""
    return p.related_pull_through * core + p.related_ceiling * adopted
