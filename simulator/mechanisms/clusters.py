"""Areas and clusters: groups of places and chains that are large, and specialised where the plan says so.

(M18) a candidate area counts when its revenue in its own chains reaches the threshold and its location quotient
      (share of the chains in the area over their share in the city) is at least one
      a large cluster is a chain: all modelled firms in it and what its catalogue firms pull along (M19), city-wide;
      it counts from large_cluster_size on
      a named cluster has the nodes that its clause means and, where it lies outside the chains, a scale of its own that
      moves with national growth times the loading
Candidates of areas are the pilot-zone levers that a plan links to the target. Areas may overlap; each is counted by
itself. Chains are disjoint, and no group of districts holds more than its chain, so none is left out by leaving
districts together.
Source: the rules are assumptions, the plans give none; disjoint and broad is the registry's reading of cluster scale.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Clusters(NamedTuple):
    """Parameters of areas and clusters (M18)."""

    cluster_threshold: float
    large_cluster_size: float


def is_feature_area(own: Any, area: Any, chains: Any, city: Any, threshold: Any) -> Any:
    """Whether an area counts (M18): revenue of its chains in it, of the area, of the chains, of the city; 亿元/yr."""
    return (own >= threshold) & (own * city >= area * chains)


def cluster_scale(firms: Any, core: Any, pull_through: Any) -> Any:
    """Scale of a cluster (M18): its firms, and what those of them in the catalogue pull along; 亿元/yr."""
    return firms + pull_through * core
