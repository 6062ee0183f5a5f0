"""What is published is not what is.

(M20) published(y) = true(y)·exp(Σ_{k ≤ y} drift(k) + noise(y));  drift in log points, drawn anew each year: mostly a
      little, rarely a redefinition; the multiplier form only
Source: drift from the 2023/24 break of the national series `caict-2024-07`; noise assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import exp


class Observation(NamedTuple):
    """Parameters of the observation layer (M20); the drift of each year is drawn from ``def_drift``."""

    def_drift: float  # mean over the years of the period, log points a year
    reporting_noise_sd: float


def published_factor(total_drift: Any, noise_sd: Any, normal: Any) -> Any:
    """Factor between the true and the published figure of a year (M20); drift summed since founding."""
    return exp(total_drift + noise_sd * normal)
