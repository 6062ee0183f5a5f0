"""Feature areas: a group of places that is large and specialised in its chains.

(M18) a candidate area counts when its revenue in its own chains reaches the threshold and its location quotient
      (share of the chains in the area over their share in the city) is at least one
Candidates are the pilot-zone levers that a plan links to the target. Areas may overlap; each is counted by itself.
Source: the rule is an assumption, the plans give none.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Clusters(NamedTuple):
    """Parameters of feature areas (M18)."""

    cluster_threshold: float


def is_feature_area(own: Any, area: Any, chains: Any, city: Any, threshold: Any) -> Any:
    """Whether an area counts (M18): revenue of its chains in it, of the area, of the chains, of the city; 亿元/yr."""
    return (own >= threshold) & (own * city >= area * chains)
