"""Titles and ranks of the living firms, once a year at its end (M17): a plain pass over their columns.

The engines know nothing of it: they only carry the two columns that count year-ends of eligibility.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.foundation.randomness import Decision
from simulator.mechanisms.titles import (
    HIGHTECH_AGE,
    HIGHTECH_SINCE,
    NICHE_LEADERS,
    SME_AGE,
    SME_SINCE,
    TOP,
    Titles,
    high_tech,
    holds_title,
    rank_size,
    specialised,
)
from simulator.world import measures as at
from simulator.world.firms import Firms, Table, living
from simulator.world.founding import Draw, Loops

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
QUARTERS_A_YEAR = 4


class Eligible(NamedTuple):
    """Who may be awarded which title; a flag for each firm."""

    sme: Flags
    hightech: Flags


def open_titles(table: Table, founding_year: int, p: Titles, loops: Loops | None = None) -> None:
    """Count the year-ends of eligibility before the start, as if a firm had qualified ever since it could by age.

    None before the programme of the title began; the year-end of founding is among them.
    """
    if loops is not None:
        loops.open_titles(table, founding_year, p)
        return
    firms = living(table.columns.firms, table.n)
    eligible = _eligible(firms, p)
    years = firms.age // QUARTERS_A_YEAR
    for column, flags, age, since in (
        (firms.sme_years, eligible.sme, SME_AGE, SME_SINCE),
        (firms.hightech_years, eligible.hightech, HIGHTECH_AGE, HIGHTECH_SINCE),
    ):
        past = np.minimum(years - int(age), founding_year - since) + 1
        column[:] = np.where(flags, np.maximum(past, 0), 0)


def review_titles(table: Table, year: int, p: Titles, loops: Loops | None = None) -> None:
    """Add the year-end of ``year`` for the firms that are eligible at it."""
    if loops is not None:
        loops.review_titles(table, year, p)
        return
    firms = living(table.columns.firms, table.n)
    eligible = _eligible(firms, p)
    firms.sme_years[:] += eligible.sme * int(year >= SME_SINCE)
    firms.hightech_years[:] += eligible.hightech * int(year >= HIGHTECH_SINCE)


def count_titles(table: Table, first: float, p: Titles, draw: Draw, city: Number) -> None:
    """Write the counts of titles and ranks into the city's measures; ``first`` is s₁ of the year, 亿元/yr."""
    if draw.loops is not None:
        draw.loops.count_titles(table, first, p, draw, city)
        return
    firms = living(table.columns.firms, table.n)
    sme_luck, hightech_luck = draw.pair(table.ids, Decision.TITLE)
    ai = firms.ai > 0
    recognised = holds_title(hightech_luck, firms.hightech_years, p.hightech_award_rate)
    brand = ai & (firms.sales >= first) & (firms.quality >= p.title_quality)
    top3 = leads_niche(firms, ai, float(rank_size(first, TOP, p)), TOP)
    leader = leads_niche(firms, ai, float(rank_size(first, NICHE_LEADERS, p)), NICHE_LEADERS)
    for measure, flags in (
        (at.SPECIALISED_SMES, holds_title(sme_luck, firms.sme_years, p.title_award_rate)),
        (at.HIGHTECH_NICHE_LEADERS, recognised & leader),
        (at.LEADING_FIRMS, brand | top3),
        (at.LEADING_FIRMS_BRAND, brand),
        (at.LEADING_FIRMS_TOP3, top3),
    ):
        city[measure] = float(np.count_nonzero(flags))


def leads_niche(firms: Firms, able: Flags, size: float, places: int) -> Flags:
    """Firms that are ``able``, reach the ``size`` (亿元/yr) and are among the ``places`` largest of their node."""
    leads = np.zeros(len(able), dtype=bool)
    rows = np.flatnonzero(able & (firms.sales >= size))
    rows = rows[np.lexsort((-firms.sales[rows], firms.node[rows]))]
    node = firms.node[rows]
    standing = np.arange(len(rows)) - np.searchsorted(node, node)
    leads[rows[standing < places]] = True
    return leads


def _eligible(firms: Firms, p: Titles) -> Eligible:
    years = np.floor(firms.age / QUARTERS_A_YEAR)
    ai = firms.ai > 0
    related = ai | (firms.software > 0)
    return Eligible(
        specialised(related, firms.sales, years, firms.quality, p),
        high_tech(ai, years, firms.quality, p),
    )
