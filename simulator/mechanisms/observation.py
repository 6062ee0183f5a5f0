"""What is published is not what is.

(M20) published(y) = true(y)·exp(drift·(y − y₀) + noise(y));  drift in log points a year, the multiplier form only
Source: drift from the 2023/24 break of the national series `caict`; noise assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import exp


class Observation(NamedTuple):
    """Parameters of the observation layer (M20)."""

    def_drift: float
    reporting_noise_sd: float


def published_factor(drift: Any, years: Any, noise_sd: Any, normal: Any) -> Any:
    """Factor between the true and the published figure of a year (M20)."""
    return exp(drift * years + noise_sd * normal)
