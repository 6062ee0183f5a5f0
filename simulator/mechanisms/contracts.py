"""Scenario projects and what they buy locally.

(M10) a project opened at t spends its money evenly over D years;
      direct revenue of chain c = direct share × spending (the direct share is the local share: not multiplied again),
      shared among the chain's AI firms ∝ size^ω;
      data-rich contracts lift growth of the chain by z_c = data_rich·commercial/T·(contract revenue / revenue of c)
Source: `beraja-yang-yuchtman-2023` for the direction of the commercial effect; sizes assumed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import power, select

COMMERCIAL_YEARS = 2.5  # the extra commercial revenue is booked 2–3 years after the contract


class Contracts(NamedTuple):
    """Parameters of scenario contracts (M10)."""

    scenario_direct: float
    contract_duration: float
    contract_size_exponent: float
    contract_data_rich_share: float
    scenario_commercial: float


def size_weight(external: Any, eligible: Any, exponent: Any) -> Any:
    """Weight of a firm in sharing a chain's contracts (M10): size^ω if eligible (1), else nothing (0)."""
    return select(eligible > 0, power(external, exponent), 0.0)


def data_uplift(contract: Any, revenue: Any, p: Any) -> Any:
    """Growth that data-rich contracts add to a chain (M10), log points a year; zero for an empty chain."""
    share = select(revenue > 0.0, contract / select(revenue > 0.0, revenue, 1.0), 0.0)
    return p.contract_data_rich_share * p.scenario_commercial / COMMERCIAL_YEARS * share
