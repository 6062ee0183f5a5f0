"""What targets are judged by besides the sums of the engines: clusters, related revenue, named firms, single projects.

The paths here do not depend on the state of firms; they are laid out at founding, a value for the founding quarter
and each after it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from simulator.foundation.calendar import Quarter
from simulator.foundation.randomness import Decision, Ids, Origin, entity_id, name_group, name_ids
from simulator.mechanisms.adoption import Adoption, adopted_share, mean_share, related_revenue
from simulator.mechanisms.clusters import cluster_scale
from simulator.world import measures as at
from simulator.world.firms import Table, living
from simulator.world.founding import Draw, Loops
from simulator.world.places import GoalCluster, Ground
from simulator.world.state import Parameters

Number = npt.NDArray[np.float64]
DT = 0.25
SURVEY = Quarter(2024, 4)  # at whose end the share of adopters is known (`ai_adopt_now`)
STATED_FOR = 2024  # year of the prior of the national number one's size


class Backdrop(NamedTuple):
    """What does not depend on the city's firms; a row for the founding quarter and each of T simulated ones."""

    niche_first: Number  # (T + 1,) s₁, revenue of the national number one of a niche, 亿元/yr
    adopted: Number  # (T + 1,) mean share of the quarter that has adopted AI
    outside: Number  # (T + 1, clusters) part of each named cluster outside the chains, 亿元/yr
    named: tuple[
        Ids, ...
    ]  # for each target that names firms, who of the founding firms stands for them


def lay_out_backdrop(
    quarters: tuple[Quarter, ...],
    national: Number,
    clusters: tuple[GoalCluster, ...],
    named: tuple[Ids, ...],
    p: Parameters,
    draw: Draw,
) -> Backdrop:
    """The paths of one member: ``quarters`` begin with the founding one, ``national`` is ln(1+g) of the years after."""
    index = np.concatenate([[0.0], np.cumsum(national)])
    since = _years_since(quarters)
    mean = float(np.log1p(p.demand.g_nat_ai))
    first = np.exp(index[since] - mean * (STATED_FOR - quarters[0].year))
    luck = draw.pair(name_ids(tuple(c.target for c in clusters)), Decision.NAMED_SCALE)
    outside = [
        c.outside
        * np.exp(c.log_sd * ndtri(u))
        * np.exp(
            p.demand.loading_national * (index[since] - _log_index(c, quarters[0], index, mean))
        )
        for c, u in zip(clusters, luck[0], strict=True)
    ]
    shape = (len(quarters), len(clusters))
    return Backdrop(
        p.titles.niche_first_size * first,
        adoption_path(quarters, p.adoption, draw.loops),
        np.array(outside).T.reshape(shape),
        named,
    )


def _log_index(cluster: GoalCluster, founding: Quarter, index: Number, mean: float) -> float:
    """National growth from founding to the year a cluster's scale is stated for, log points; at its mean before."""
    years = cluster.year - founding.year
    if years < 0:
        return mean * years
    return float(index[min(years, len(index) - 1)]) + mean * max(0, years - len(index) + 1)


@lru_cache(maxsize=64)
def _years_since(quarters: tuple[Quarter, ...]) -> npt.NDArray[np.int64]:
    """Years from that of the first quarter to that of each."""
    return np.array([quarter.year - quarters[0].year for quarter in quarters])


@lru_cache(maxsize=64)
def _ends(quarters: tuple[Quarter, ...]) -> Number:
    """Years from the survey to the ends of the quarters, the one before the first included."""
    return np.array([(q.index - SURVEY.index) * DT for q in (quarters[0].shift(-1), *quarters)])


def adoption_path(quarters: tuple[Quarter, ...], p: Adoption, loops: Loops | None = None) -> Number:
    """Mean share of adopters in each quarter (M19), exact in the quarter."""
    ends = _ends(quarters)
    if loops is not None:
        return loops.adoption_path(ends, p)
    share = adopted_share(p.ai_adopt_now, ends, p.bass_p, p.bass_q)
    return np.asarray(mean_share(share[:-1], share[1:], p.bass_p, p.bass_q, DT), dtype=np.float64)


def stand_ins(table: Table, ground: Ground, draw: Draw) -> tuple[Ids, ...]:
    """For each target that names firms: the ids of the founding firms nearest in size to a draw of each firm's own.

    Firms without a reported revenue at founding are not founded by name; another of their size stands for each, and
    none for two.
    """
    log_sales = np.log(np.asarray(table.column("sales"), dtype=np.float64))
    found = []
    for target in named_firm_targets(ground):
        firms = [firm for firm in ground.goal_firms if firm.target == target]
        addresses = [entity_id(Origin.NAMED, name_group(firm.id)) for firm in firms]
        luck = draw.pair(np.array(addresses, dtype=np.uint64), Decision.NAMED_SCALE)[0]
        free = np.ones(table.n, dtype=bool)
        rows = []
        for firm, normal in zip(firms, ndtri(luck), strict=True):
            size = np.log(firm.revenue) + firm.log_sd * normal
            rows.append(int(np.argmin(np.where(free, np.abs(log_sales - size), np.inf))))
            free[rows[-1]] = False
        found.append(table.ids[rows].copy())
    return tuple(found)


def named_firm_targets(ground: Ground) -> tuple[str, ...]:
    """Ids of the targets that name firms, in table order."""
    return tuple(dict.fromkeys(firm.target for firm in ground.goal_firms))


def measure_related(
    rows: slice, block: Number, chains: int, backdrop: Backdrop, p: Parameters
) -> None:
    """Write related revenue and large clusters into recorded rows (M18, M19), from what the engines summed there.

    ``block`` is (T + 1, series); ``rows`` are quarters counted from founding.
    """
    city = block[rows].T
    related = related_revenue(city[at.CORE_REVENUE], backdrop.adopted[rows], p.adoption)
    city[at.RELATED_REVENUE] = related
    city[at.SMART_TECH_REVENUE] = city[at.CORE_REVENUE] + city[at.ECOSYSTEM_REVENUE] + related
    first = len(at.CITY)
    core = city[first + at.CHAIN_CORE_REVENUE * chains :][:chains]
    modelled = city[first + at.CHAIN_REVENUE * chains :][:chains]
    scale = cluster_scale(modelled, core, p.adoption.related_pull_through)
    large = np.count_nonzero(scale >= p.clusters.large_cluster_size, axis=0)
    city[at.LARGE_CLUSTERS] = large.astype(np.float64)


def measure_named(
    table: Table,
    row: int,
    backdrop: Backdrop,
    clusters: tuple[GoalCluster, ...],
    goals: Number,
    p: Parameters,
) -> Number:
    """What the targets that name firms or a cluster are judged by, in one quarter.

    ``goals`` is the value asked by each target that names firms. Returns the revenue of the smallest named firm and
    the number that reach the goal, (2·targets,), then the scale of each cluster, (clusters,).
    """
    firms = living(table.columns.firms, table.n)
    pull = p.adoption.related_pull_through
    scale = backdrop.outside[row].copy()
    for k, cluster in enumerate(clusters):
        inside = np.isin(firms.node, cluster.nodes)
        sales = firms.sales[inside]
        core = sales[firms.catalogue[inside] > 0]
        scale[k] += float(cluster_scale(sales.sum(), core.sum(), pull))
    reached = np.zeros((2, len(backdrop.named)))
    for k, ids in enumerate(backdrop.named):
        revenue = [float(firms.sales[table.ids == id_].sum()) for id_ in ids]
        reached[:, k] = min(revenue), sum(r >= goals[k] for r in revenue)
    return np.concatenate([reached.ravel(), scale])
