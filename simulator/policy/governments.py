"""Governments: the municipality and the districts, which set their budgets once a year (M21)."""

from __future__ import annotations

from simulator.mechanisms.budgets import granted, path_level, wanted_factor
from simulator.policy.budgets import Office

ROUNDING = 1e-12  # of the plan's money: so much room that a plan kept to the letter never falls short by a last bit


class Government:
    """One government of one member: what it planned, what it has left, and what it reads.

    `factor` is the share of the planned doses that its levers have this year, `left` the money that exists and is
    not spent yet (亿元).
    """

    def __init__(self, office: Office, gain: float, base: float, goal: float | None) -> None:
        """``base`` is the founding revenue it steers from and ``goal`` where it must get; None: no yardstick."""
        self.office = office
        self.gain = gain
        self.base = base
        self.goal = goal
        self.left = office.money * (1.0 + ROUNDING)
        self.factor = 1.0

    def keep_to_plan(self, year: int) -> None:
        """Spend what the plan says for a year of the period (0 is the first)."""
        self._spend(year, 1.0)

    def adapt(self, year: int, passed: float, published: float) -> None:
        """Set the budget of a year by last year's published revenue.

        ``passed`` is the share of the path's years that last year completed, above one after the deadline;
        ``published`` is the revenue of the government's own places in last year's published figure, 亿元.
        """
        wanted = 1.0
        if self.gain > 0.0 and self.goal is not None and self.base > 0.0 and passed <= 1.0:
            # Where nothing is left to publish, the path is infinitely far above it.
            path = path_level(self.base, self.goal, passed)
            wanted = float(wanted_factor(self.gain, path, max(published, 1e-300)))
        self._spend(year, wanted)

    def _spend(self, year: int, wanted: float) -> None:
        planned = float(self.office.planned[year])
        if planned == 0.0:
            # Without money in a year there is nothing to scale: levers that cost nothing stay as planned.
            self.factor = 1.0
            return
        money = float(granted(planned, wanted, self.left))
        short = money < planned * wanted
        self.factor = money / planned if short else wanted
        self.left -= money
