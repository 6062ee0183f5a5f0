"""Titles and ranks of firms, read from their state once a year, at its end.

(M17) an eligible firm is awarded a title at a rate a year: it holds it after k year-ends of eligibility when its one
      draw lies below 1 − (1 − rate)^k; a title stays with the firm and goes with it, and a higher rate only adds
      specialised SME: AI or software, revenue within the band of the rule, two years old, quality reached
      high-tech firm: AI, one year old, quality reached
      national size of rank k in a niche: s_k = s_1·k^(−1/ζ), and s_1 moves with national growth; a firm leads its
      niche (a node of its chain) at rank k when it is as large and among the k largest of the city in it
      high-tech niche leader: high-tech and leading at rank 10; domestic top three: leading at rank 3;
      international brand: as large as the national number one of a niche, quality reached;
      leading firm: one of the latter two
Source: award rate from `tj-sme-2025-01`; age and size bounds after the national rules for SMEs, from memory; the rest
is assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import power

SME_AGE, HIGHTECH_AGE = 2.0, 1.0  # years in the market that the national rules ask for (memory)
SME_SINCE, HIGHTECH_SINCE = 2019, 2008  # first year-end of each programme (memory)
NICHE_LEADERS, TOP = 10, 3  # ranks in a national niche


class Titles(NamedTuple):
    """Parameters of titles and ranks (M17)."""

    title_award_rate: float
    hightech_award_rate: float
    title_quality: float
    sme_smallest: float
    sme_largest: float
    niche_first_size: float
    founding_tail: float


def holds_title(luck: Any, year_ends: Any, rate: Any) -> Any:
    """Whether a firm holds a title after so many year-ends of eligibility (M17); rate per year, below one."""
    return luck < 1.0 - power(1.0 - rate, year_ends)


def specialised(fits: Any, sales: Any, years: Any, quality: Any, p: Titles) -> Any:
    """Whether a firm may be awarded the SME title (M17); ``fits`` for AI or software firms, sales in 亿元/yr."""
    inside = (sales >= p.sme_smallest) & (sales < p.sme_largest)
    return fits & inside & (years >= SME_AGE) & (quality >= p.title_quality)


def high_tech(does_ai: Any, years: Any, quality: Any, p: Titles) -> Any:
    """Whether a firm may be recognised as a high-tech AI firm (M17)."""
    return does_ai & (years >= HIGHTECH_AGE) & (quality >= p.title_quality)


def rank_size(first: Any, rank: Any, p: Titles) -> Any:
    """Size of a rank in a national niche by the rank–size rule (M17); 亿元/yr."""
    return first * power(rank, -1.0 / p.founding_tail)
