"""People of one member: those who are there, those who are wanted, and the paths that drive both.

Source: founding in balance by construction; see `simulator.mechanisms.talent`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.mechanisms.talent import (
    PER_HEAD_YEAR,
    PERSON_YEAR,
    Talent,
    fill,
    share_of,
    supplied,
)

Number = npt.NDArray[np.float64]
DT = 0.25
QUARTERS_A_YEAR = 4


class People(NamedTuple):
    """Stocks by place, written by the engines; H counted targets of people."""

    sales: Number  # (P,) revenue of all firms of the place in the last quarter, 亿元/yr
    wanted: Number  # (P,) persons
    pool: Number  # (P,) persons who live there
    fill: Number  # (P,) share of wanted people who are there
    posts: Number  # (P,) open posts for high-end people
    hired: Number  # (T, H) people or teams hired since the start, by quarter


class PeoplePaths(NamedTuple):
    """What drives people whatever firms do; T quarters, Y years, P places, H counted targets of people."""

    per_head: Number  # (Y,) revenue of a head, 亿元/yr
    national_fill: Number  # (Y,) the nation's fill at the end of the year before
    programme: Number  # (T, P) people the programmes add, persons a year before retention
    promised: Number  # (T, H, P) people promised by count that come for a post, a year


def revenue_per_head(year: int, p: Talent) -> float:
    """Revenue of a head in a year, 亿元."""
    growth = float(np.exp(p.revenue_per_head_growth * (year - PER_HEAD_YEAR)))
    return PERSON_YEAR * p.revenue_per_head * growth


def settle_people(
    place_sales: Number, year: int, counted: tuple[int, int], p: Talent, on: float
) -> People:
    """People of the founding ``year``: everywhere 1 + slack of those wanted, so that nothing jumps in quarter one.

    ``place_sales`` (P,) is the revenue of all firms, 亿元/yr; ``counted`` are the quarters and targets
    (T, H) to come. Without the mechanism nobody is wanted and none lacks.
    """
    wanted = place_sales / revenue_per_head(year, p) if on > 0.0 else np.zeros(len(place_sales))
    pool = (1.0 + p.talent_slack0) * wanted
    working = supplied(pool, share_of(wanted, wanted.sum()), pool.sum(), p)
    return People(
        sales=np.array(place_sales, dtype=np.float64),
        wanted=wanted,
        pool=pool,
        fill=np.array(fill(working, wanted), dtype=np.float64),
        posts=np.zeros(len(place_sales)),
        hired=np.zeros(counted),
    )


def people_paths(
    years: tuple[int, ...], national: Number, programme: Number, promised: Number, p: Talent
) -> PeoplePaths:
    """Paths of a member; ``national`` is ln(1+g) of each year, shape (Y,)."""
    return PeoplePaths(
        np.array([revenue_per_head(year, p) for year in years]),
        national_fill(national, p),
        np.ascontiguousarray(programme),
        np.ascontiguousarray(promised),
    )


def national_fill(national: Number, p: Talent) -> Number:
    """Fill of the nation at the end of the year before each year (M5): full at founding; shape (Y,)."""
    people = (1.0 + DT * (p.talent_graduates - p.talent_attrition)) ** QUARTERS_A_YEAR
    yearly = people * np.exp(p.revenue_per_head_growth - national)
    ratio = np.concatenate([[1.0], np.cumprod(yearly[:-1])])
    return np.asarray(np.minimum(1.0, ratio))
