"""From saved results to people: figures, tables on the terminal, files for other programs.

Nothing here runs a model. Every public function takes an ensemble that is already stored, so that
the same pictures come from the command line, a notebook and a test.
"""

from typing import Literal, Protocol

from simulator.registry import Name
from simulator.targets import Answered, Floats, Terms

Lang = Literal["zh", "en", "both"]


class Told(Terms, Protocol):
    """What a report says of the scenario behind an ensemble."""

    @property
    def name(self) -> Name:
        """Its name in both languages."""

    @property
    def stem(self) -> str:
        """The name of its file, without ending."""

    def digest(self) -> str:
        """SHA-256 of the resolved sheet, hexadecimal."""


class Ensemble(Answered, Protocol):
    """A stored run as the reports read it."""

    @property
    def scenario(self) -> Told:
        """The scenario that was run."""

    @property
    def n(self) -> int:
        """How many members have results."""

    @property
    def seed(self) -> int:
        """The seed of all draws."""

    @property
    def hash(self) -> str:
        """SHA-256 of scenario, data, source and seed, hexadecimal: what the run folder is named after."""

    def values(self, series: str, /) -> Floats:
        """One series of every member, a column for each quarter, the founding quarter first."""
