"""One member of a study as a Mesa model, whose agents are the governments.

Mesa is loaded here only: it brings pandas, networkx and scipy with it, which a run does without.
"""

from __future__ import annotations

import mesa
import numpy as np

from simulator.model.member import Member
from simulator.model.study import Study, prepare
from simulator.policy.budgets import Office
from simulator.policy.governments import Government
from simulator.scenario import Scenario


class GovernmentAgent(Government, mesa.Agent):  # type: ignore[misc]
    """A government as an agent of its model."""

    def __init__(
        self, model: TianjinAI, office: Office, gain: float, base: float, goal: float | None
    ) -> None:
        """As `Government`."""
        mesa.Agent.__init__(self, model)
        Government.__init__(self, office, gain, base, goal)


class TianjinAI(Member, mesa.Model):  # type: ignore[misc]
    """One member of a study as a Mesa model; ``step()`` is one quarter, and all else as `Member`.

    Its agents are the governments; firms are columns, being too many for objects.
    """

    def __init__(
        self,
        study: Study | Scenario,
        member: int = 0,
        *,
        engine: str = "auto",
        luck: int | None = None,
    ) -> None:
        """Found the world of one member. Raises ValueError when no world fits the drawn parameters."""
        ready = study if isinstance(study, Study) else prepare(study)
        mesa.Model.__init__(self, rng=np.random.SeedSequence([ready.scenario.seed, member]))
        Member.__init__(self, ready, member, engine=engine, luck=luck)

    def _seat(self, office: Office, gain: float, base: float, goal: float | None) -> Government:
        return GovernmentAgent(self, office, gain, base, goal)

    def _end(self) -> None:
        """Let Mesa forget a model that is done: in 3.3 a class-level table of ids keeps every model with agents alive.

        Later versions have no such table, and nothing is left to do.
        """
        ids = getattr(mesa.Agent, "_ids", None)
        if ids is not None:
            ids.pop(self, None)
