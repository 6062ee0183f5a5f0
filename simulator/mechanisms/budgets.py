"""How a government sets its budget for a year.

(M21) in Q1 of each year but the first, where the rule is adaptive:
      budget_y = min(plan_y·clip(1 + κ·ln(path_{y−1}/published_{y−1}), 0.5, 2), money left)
      path_y = X₀·(X*/X₀)^{(y − y₀)/(y* − y₀)}: geometric from founding revenue X₀ to the target X* at its deadline y*
      money left = what the plan spends over the whole period, less the budgets so far: what a year does not spend
      carries over, and a government that spent ahead runs out
      published_{y−1} is last year's published figure (M20), drift and noise included; a district reads its own revenue
      in that figure against the path times its share of X₀
      the doses of the government's levers are the plan's times budget_y/plan_y until the year ends
      no yardstick, budget as planned: without a target in force, after its deadline, where founding revenue is nil
      of a budget the administration share runs the programme itself, and of an announced special fund the part that
      is not executed lapses; neither moves a firm, the ledger books them

Source: gain and administration share are assumed, `judgement`; executed share of a special fund `enorth-2020-10`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from simulator.foundation.mathematics import log, maximum, minimum, power

LOWEST: Final = 0.5
HIGHEST: Final = 2.0


class Budgets(NamedTuple):
    """Parameters of the budget round and of its books (M21)."""

    adaptive_gain: float
    administration_share: float
    special_fund_exec: float


def path_level(base: Any, target: Any, passed: Any) -> Any:
    """Revenue a geometric path from ``base`` to ``target`` has reached when a share ``passed`` of its years is over."""
    return base * power(target / base, passed)


def wanted_factor(gain: Any, path: Any, published: Any) -> Any:
    """Share of its planned budget that a government wants (M21); ``path`` and ``published`` above zero, one unit."""
    return minimum(maximum(1.0 + gain * log(path / published), LOWEST), HIGHEST)


def granted(planned: Any, factor: Any, left: Any) -> Any:
    """Money of the year: what is wanted, as far as there is some left; 亿元."""
    return minimum(planned * factor, left)
