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
    "specialised_smes",
    "hightech_niche_leaders",
    "leading_firms",
    "leading_firms_brand",
    "leading_firms_top3",
    "large_clusters",
    "related_revenue",
    "smart_tech_revenue",
    "talent_pool",
    "talent_wanted",
    "talent_fill",
    "grants_paid",
    "project_investment",
    "project_sales",
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
    SPECIALISED_SMES,
    HIGHTECH_NICHE_LEADERS,
    LEADING_FIRMS,
    LEADING_FIRMS_BRAND,
    LEADING_FIRMS_TOP3,
    LARGE_CLUSTERS,
    RELATED_REVENUE,
    SMART_TECH_REVENUE,
    TALENT_POOL,
    TALENT_WANTED,
    TALENT_FILL,
    GRANTS_PAID,
    PROJECT_INVESTMENT,
    PROJECT_SALES,
    BUDGET_FACTOR,
) = range(len(CITY))

BY_CHAIN = ("chain_core_revenue", "chain_catalogue_firms", "chain_revenue")
CHAIN_CORE_REVENUE, CHAIN_CATALOGUE_FIRMS, CHAIN_REVENUE = range(len(BY_CHAIN))

BY_TARGET = ("milestones_started", "milestones_delivered")

BY_SIZE = ("project_size_begun", "project_size_delivered")
BY_NAMED_FIRMS = ("named_firm_revenue", "named_firms_reached")
BY_NAMED_CLUSTER = ("named_cluster_scale",)


class OwnSeries(NamedTuple):
    """Keys of the targets that are measured by series of their own, by what measures them."""

    sized: tuple[str, ...] = ()  # single projects of a planned size
    named_firms: tuple[str, ...] = ()
    named_clusters: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the series, a row for each measure of each target."""
        groups = zip((BY_SIZE, BY_NAMED_FIRMS, BY_NAMED_CLUSTER), self, strict=True)
        return tuple(f"{m}[{t}]" for measures, keys in groups for m in measures for t in keys)


BY_PLACE = (
    "district_core_revenue",
    "district_catalogue_firms",
    "district_talent_fill",
    "district_budget_factor",
)
PLACE_CORE_REVENUE, PLACE_CATALOGUE_FIRMS, PLACE_TALENT_FILL, PLACE_BUDGET_FACTOR = range(
    len(BY_PLACE)
)


class Measures(NamedTuple):
    """Measures of one quarter; flows at annual rates."""

    city: npt.NDArray[np.float64]  # (len(CITY),)
    chain: npt.NDArray[np.float64]  # (len(BY_CHAIN), C)
    place: npt.NDArray[np.float64]  # (len(BY_PLACE), P)
    cell: npt.NDArray[np.float64]  # (C, P) core revenue, not recorded


def measure_names(
    chains: tuple[str, ...],
    places: tuple[str, ...],
    targets: tuple[str, ...] = (),
    own: OwnSeries = OwnSeries(),  # noqa: B008 - a tuple of tuples never changes
) -> tuple[str, ...]:
    """Names of the series in the order of a recorded row: city, chains, places, counted targets, own series."""
    by_chain = tuple(f"{m}[{c}]" for m in BY_CHAIN for c in chains)
    by_place = tuple(f"{m}[{p}]" for m in BY_PLACE for p in places)
    by_target = tuple(f"{m}[{t}]" for m in BY_TARGET for t in targets)
    return CITY + by_chain + by_place + by_target + own.names


def measures_of(row: npt.NDArray[np.float64], cell: npt.NDArray[np.float64]) -> Measures:
    """Views into one recorded row of shape (len(measure_names),), beside the cells (C, P) of its quarter."""
    n_chains, n_places = cell.shape
    a = len(CITY)
    b = a + len(BY_CHAIN) * n_chains
    c = b + len(BY_PLACE) * n_places
    return Measures(
        row[:a],
        row[a:b].reshape(len(BY_CHAIN), n_chains),
        row[b:c].reshape(len(BY_PLACE), n_places),
        cell,
    )


def place_columns(measure: int, n_chains: int, n_places: int) -> slice:
    """Columns of a recorded row that hold one measure of the places."""
    first = len(CITY) + len(BY_CHAIN) * n_chains + measure * n_places
    return slice(first, first + n_places)
