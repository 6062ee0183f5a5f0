"""People: how many there are, how many firms want, and what it costs to lack them.

(M4)  wanted_d = revenue_d / revenue per head(y),  J_d = wanted_d/Σ wanted            persons, by place d and year y
      S_k' = S_k·(1 − attrition·Δ) + Δ·(graduates·J_k·ΣS + retention·programme_k)
      graduates join where the jobs are; the doses of the programmes are AI people already
(M5)  supplied_d = home·S_d + (1 − home)·J_d·ΣS,  f_d = min(1, supplied_d/wanted_d)
      everybody works somewhere: Σ_d supplied_d = Σ_k S_k (decision 0009)
      f° = min(1, S°/wanted°): the nation's own fill, its revenue growing by ln(1+g), its people as here
      min(1, f_d/f°)^α multiplies the positive part of the year's γ (M2): national growth was reached with the
      nation's people, so only what is scarcer here than there is taken off
      posts_d = high_end·max(0, wanted_d' − wanted_d + attrition·Δ·wanted_d), open until the year ends;
      hired_d = min(execution × promised as commuted above, posts_d): who is promised by count is there once a firm
      has a post for him; who finds none goes elsewhere
Source: heads and revenue `tj-gxj-2022-06`, `tj-software-2020-04`; elasticity, rates and commuting assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import maximum, minimum, power, select

PERSON_YEAR = 1e-4  # 亿元 in one 万元, the unit of revenue per head
PER_HEAD_YEAR = 2021  # of the heads and revenue behind revenue per head


class Talent(NamedTuple):
    """Parameters of people (M4–M5)."""

    revenue_per_head: float
    revenue_per_head_growth: float
    talent_slack0: float
    talent_graduates: float
    talent_attrition: float
    talent_retention: float
    commute_home_share: float
    high_end_posts: float
    alpha_skill: float


def share_of(part: Any, total: Any) -> Any:
    """Part of a total; nothing of nothing."""
    return select(total > 0.0, part / select(total > 0.0, total, 1.0), 0.0)


def next_pool(pool: Any, job_share: Any, people: Any, programme: Any, p: Any, dt: Any) -> Any:
    """People of a place a step later (M4); ``people`` are all of the city, ``programme`` persons a year."""
    joining = p.talent_graduates * job_share * people + p.talent_retention * programme
    return pool * (1.0 - p.talent_attrition * dt) + dt * joining


def supplied(pool: Any, job_share: Any, people: Any, p: Any) -> Any:
    """People who work in a place (M5): of those at home a share, the others of the city go by jobs."""
    return p.commute_home_share * pool + (1.0 - p.commute_home_share) * job_share * people


def fill(working: Any, wanted: Any) -> Any:
    """Share of wanted people who are there (M5); one where nobody is wanted."""
    return minimum(1.0, select(wanted > 0.0, working / select(wanted > 0.0, wanted, 1.0), 1.0))


def growth_share(local_fill: Any, national_fill: Any, p: Any) -> Any:
    """Part of growth that local scarcity leaves (M5), 1 where people are no scarcer than in the nation."""
    return power(minimum(1.0, local_fill / national_fill), p.alpha_skill)


def held_growth(drift: Any, share: Any) -> Any:
    """Systematic growth with its positive part held by scarcity (M5); log points."""
    return select(drift > 0.0, drift * share, drift)


def new_posts(before: Any, wanted: Any, p: Any, dt: Any) -> Any:
    """Posts for high-end people that open in a step (M5): growth of firms and those who left."""
    return p.high_end_posts * maximum(0.0, wanted - before + p.talent_attrition * dt * before)


def placed_share(posts: Any, offered: Any) -> Any:
    """Share of the people offered who find a post (M5)."""
    return minimum(1.0, share_of(posts, offered))


def posts_left(posts: Any, placed: Any, offered: Any) -> Any:
    """Posts still open once ``placed`` of the people offered have theirs (M5)."""
    return maximum(0.0, posts - placed * offered)
