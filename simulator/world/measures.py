"""What a quarter is measured by: the layout of the block the engines fill.

The order of a list is the order of the rows. The catalogue of observables (`simulator.observables`) gives each
measure its bilingual name, unit and perimeter; a test holds the two lists together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CITY = (
    "core_revenue",
    "core_revenue_published",
    "core_revenue_consolidated",
    "core_scale",
    "software_revenue",
    "ecosystem_revenue",
    "contract_revenue",
    "intermediate_revenue",
    "lost_to_capacity",
    "top10_share",
    "firms",
    "catalogue_firms",
    "firms_10",
    "firms_50",
    "firms_100",
    "entries",
    "arrivals",
    "exits",
    "fund_committed",
    "fund_paid_in",
    "fund_invested",
    "private_coinvestment",
    "tickets",
    "feature_clusters",
    "budget_factor",
)
(
    CORE_REVENUE,
    CORE_REVENUE_PUBLISHED,
    CORE_REVENUE_CONSOLIDATED,
    CORE_SCALE,
    SOFTWARE_REVENUE,
    ECOSYSTEM_REVENUE,
    CONTRACT_REVENUE,
    INTERMEDIATE_REVENUE,
    LOST_TO_CAPACITY,
    TOP10_SHARE,
    FIRMS,
    CATALOGUE_FIRMS,
    FIRMS_10,
    FIRMS_50,
    FIRMS_100,
    ENTRIES,
    ARRIVALS,
    EXITS,
    FUND_COMMITTED,
    FUND_PAID_IN,
    FUND_INVESTED,
    PRIVATE_COINVESTMENT,
    TICKETS,
    FEATURE_CLUSTERS,
    BUDGET_FACTOR,
) = range(len(CITY))

BY_CHAIN = ("chain_core_revenue", "chain_catalogue_firms")
CHAIN_CORE_REVENUE, CHAIN_CATALOGUE_FIRMS = range(len(BY_CHAIN))

BY_TARGET = ("milestones_started", "milestones_delivered")

BY_PLACE = ("district_core_revenue", "district_catalogue_firms", "district_budget_factor")
PLACE_CORE_REVENUE, PLACE_CATALOGUE_FIRMS, PLACE_BUDGET_FACTOR = range(len(BY_PLACE))


class Measures(NamedTuple):
    """Measures of one quarter; flows at annual rates."""

    city: npt.NDArray[np.float64]  # (len(CITY),)
    chain: npt.NDArray[np.float64]  # (len(BY_CHAIN), C)
    place: npt.NDArray[np.float64]  # (len(BY_PLACE), P)
    cell: npt.NDArray[np.float64]  # (C, P) core revenue, not recorded


def measure_names(
    chains: tuple[str, ...], places: tuple[str, ...], targets: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Names of the series in the order of a recorded row: city, chains, places, then counted targets."""
    by_chain = tuple(f"{m}[{c}]" for m in BY_CHAIN for c in chains)
    by_place = tuple(f"{m}[{p}]" for m in BY_PLACE for p in places)
    by_target = tuple(f"{m}[{t}]" for m in BY_TARGET for t in targets)
    return CITY + by_chain + by_place + by_target


def measures_of(row: npt.NDArray[np.float64], n_chains: int, n_places: int) -> Measures:
    """Views into one recorded row of shape (len(measure_names),), and room for the cells."""
    a = len(CITY)
    b = a + len(BY_CHAIN) * n_chains
    c = b + len(BY_PLACE) * n_places
    return Measures(
        row[:a],
        row[a:b].reshape(len(BY_CHAIN), n_chains),
        row[b:c].reshape(len(BY_PLACE), n_places),
        np.zeros((n_chains, n_places)),
    )
