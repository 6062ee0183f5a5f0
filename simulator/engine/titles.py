"""Titles and ranks as compiled loops: the same bytes as the numpy text in `simulator.world.titles`.

Raises ImportError where Numba is not installed.
"""

from __future__ import annotations

import numpy as np

from simulator.engine.compiled import _U, _ZERO, _both_uniforms, _equation
from simulator.engine.numba_tools import LOOP, njit
from simulator.foundation.randomness import Decision
from simulator.mechanisms import titles as m17
from simulator.mechanisms.titles import (
    HIGHTECH_AGE,
    HIGHTECH_SINCE,
    NICHE_LEADERS,
    SME_AGE,
    SME_SINCE,
    TOP,
)
from simulator.world import measures as at
from simulator.world.firms import LABELS, NUMBERS

_TITLE = _U(Decision.TITLE)
_OLD_SME, _OLD_HIGHTECH = int(SME_AGE), int(HIGHTECH_AGE)
_FIRST_RANKS, _TOP_RANK = float(NICHE_LEADERS), float(TOP)
SALES, QUALITY = (NUMBERS.index(name) for name in ("sales", "quality"))
AGE, NODE, AI = (LABELS.index(name) for name in ("age", "node", "ai"))
SOFTWARE = LABELS.index("software")
SME_YEARS, HIGHTECH_YEARS = (LABELS.index(name) for name in ("sme_years", "hightech_years"))

_holds_title = _equation(m17.holds_title)
_specialised = _equation(m17.specialised)
_high_tech = _equation(m17.high_tech)
_rank_size = _equation(m17.rank_size)


@njit(**LOOP)
def _open(numbers, labels, n, founding_year, p):
    for i in range(n):
        ai, years = labels[AI, i] > 0, labels[AGE, i] // 4
        sales, quality = numbers[SALES, i], numbers[QUALITY, i]
        related = ai | (labels[SOFTWARE, i] > 0)
        past = max(min(years - _OLD_SME, founding_year - SME_SINCE) + 1, 0)
        sme = _specialised(related, sales, float(years), quality, p)
        labels[SME_YEARS, i] = past if sme else 0
        past = max(min(years - _OLD_HIGHTECH, founding_year - HIGHTECH_SINCE) + 1, 0)
        labels[HIGHTECH_YEARS, i] = past if _high_tech(ai, float(years), quality, p) else 0


def open_titles(table, founding_year, p):
    """Compiled twin of `simulator.world.titles.open_titles`."""
    _open(table.columns.numbers, table.columns.labels, table.n, founding_year, p)


@njit(**LOOP)
def _review(numbers, labels, n, sme_year, hightech_year, p):
    for i in range(n):
        ai, years = labels[AI, i] > 0, float(labels[AGE, i] // 4)
        sales, quality = numbers[SALES, i], numbers[QUALITY, i]
        related = ai | (labels[SOFTWARE, i] > 0)
        if _specialised(related, sales, years, quality, p):
            labels[SME_YEARS, i] += sme_year
        if _high_tech(ai, years, quality, p):
            labels[HIGHTECH_YEARS, i] += hightech_year


def review_titles(table, year, p):
    """Compiled twin of `simulator.world.titles.review_titles`."""
    counted = int(year >= SME_SINCE), int(year >= HIGHTECH_SINCE)
    _review(table.columns.numbers, table.columns.labels, table.n, *counted, p)


@njit(**LOOP)
def _lead(sales, node, ai, size, places, leads):
    """Mark the AI firms of at least that size that are among the largest of their node; of equals the earlier row."""
    n = leads.shape[0]
    nodes = 0
    for i in range(n):
        nodes = max(nodes, node[i] + 1)
    largest = np.full((nodes, places), -1)
    for i in range(n):
        if ai[i] > 0 and sales[i] >= size:
            rows = largest[node[i]]
            k = places
            while k > 0 and (rows[k - 1] < 0 or sales[rows[k - 1]] < sales[i]):
                if k < places:
                    rows[k] = rows[k - 1]
                k -= 1
            if k < places:
                rows[k] = i
    for k in range(nodes):
        for j in range(places):
            if largest[k, j] >= 0:
                leads[largest[k, j]] = True


@njit(**LOOP)
def _count(ids, numbers, labels, first, p, seed, member, city):
    n = ids.shape[0]
    sme_luck, hightech_luck = np.empty(n), np.empty(n)
    _both_uniforms(ids, _ZERO, _TITLE, seed, member, sme_luck, hightech_luck)
    sales, quality, ai, node = numbers[SALES], numbers[QUALITY], labels[AI], labels[NODE]
    top3, leads = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    _lead(sales, node, ai, _rank_size(first, _TOP_RANK, p), TOP, top3)
    _lead(sales, node, ai, _rank_size(first, _FIRST_RANKS, p), NICHE_LEADERS, leads)
    smes = niche_leaders = leading = brands = tops = 0
    for i in range(n):
        brand = (ai[i] > 0) & (sales[i] >= first) & (quality[i] >= p.title_quality)
        recognised = _holds_title(
            hightech_luck[i], float(labels[HIGHTECH_YEARS, i]), p.hightech_award_rate
        )
        smes += _holds_title(sme_luck[i], float(labels[SME_YEARS, i]), p.title_award_rate)
        niche_leaders += recognised & leads[i]
        leading += brand | top3[i]
        brands += brand
        tops += top3[i]
    city[at.SPECIALISED_SMES] = float(smes)
    city[at.HIGHTECH_NICHE_LEADERS] = float(niche_leaders)
    city[at.LEADING_FIRMS] = float(leading)
    city[at.LEADING_FIRMS_BRAND] = float(brands)
    city[at.LEADING_FIRMS_TOP3] = float(tops)


def count_titles(table, first, p, draw, city):
    """Compiled twin of `simulator.world.titles.count_titles`."""
    columns = table.columns
    seed, member = _U(draw.seed), _U(draw.member)
    _count(table.ids, columns.numbers, columns.labels, float(first), p, seed, member, city)
