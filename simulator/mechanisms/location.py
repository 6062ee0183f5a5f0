"""Where a new firm settles.

(M15) V_d = (1 + loc)·ln(share_d) + spec·registered specialisation_{cd} + location channel_{cd};
      the place with the largest V_d + Gumbel noise wins, so shares follow e^{V_d}/Σe^{V} (limit L16).
      The size of a place enters with exponent one (a place with twice the firms draws twice the newcomers), and the
      localisation elasticity adds own-chain specialisation on top of it.
Source: logit utilities assumed; localisation elasticity `melo-2009`, shrunk for publication bias.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import log


class Location(NamedTuple):
    """Parameters of the choice of a place (M15)."""

    logit_specialisation: float
    agg_local: float


def utility(place_share: Any, specialised: Any, incentive: Any, p: Any) -> Any:
    """Systematic utility V_d of a place for a chain (M15); ``place_share`` > 0, ``specialised`` 0 or 1."""
    return (1.0 + p.agg_local) * log(place_share) + p.logit_specialisation * specialised + incentive


def gumbel(uniform: Any) -> Any:
    """Standard Gumbel noise by inversion of one uniform."""
    return -log(-log(uniform))
