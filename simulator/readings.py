"""Where the way a target is read changes the answer.

Each ambiguity of the registry that changes how a target is judged is tried reading by reading, all
else as the scenario has it, on the same members. A probability is *likely* from two thirds on,
*unlikely* up to one third and *open* between; a reading changes the verdict when its class differs
from that of the reading in force.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from simulator.observables import CATALOGUE, Observable
from simulator.registry import Ambiguity, Name, Reading, Target
from simulator.targets import Outcomes, Probability, read, score

Verdict = Literal["likely", "open", "unlikely"]

LIKELY: Final = 2.0 / 3.0
UNLIKELY: Final = 1.0 / 3.0

VERDICTS: Final[Mapping[Verdict, Name]] = {
    "likely": Name("较可能", "likely"),
    "open": Name("未定", "open"),
    "unlikely": Name("不大可能", "unlikely"),
}


class ReadingScore(NamedTuple):
    """One target under one reading; `probability` is None where `reason` says why.

    `in_force` marks the reading by which the scenario has it judged, `changes` one whose verdict is
    another than that.
    """

    target: Target
    ambiguity: Ambiguity
    reading: Reading
    in_force: bool
    probability: Probability | None
    reason: Name
    changes: bool

    @property
    def verdict(self) -> Verdict | None:
        """The class of the probability; None without one."""
        return verdict_of(self.probability.value) if self.probability else None


def verdict_of(probability: float) -> Verdict:
    """`likely` from two thirds on, `unlikely` up to one third, `open` between."""
    if probability >= LIKELY:
        return "likely"
    return "unlikely" if probability <= UNLIKELY else "open"


def reading_scores(
    targets: Sequence[Target],
    outcomes: Outcomes,
    picked: Mapping[str, str],
    catalogue: Sequence[Observable] = CATALOGUE,
) -> tuple[ReadingScore, ...]:
    """Every target under every reading of each of its ambiguities, one at a time, targets in order.

    `picked` are the readings of the scenario, by ambiguity id; the rest stays as they have it. The
    reading in force comes first.
    """
    registry = outcomes.library.registry
    found: list[ReadingScore] = []
    for target in targets:
        own = registry.target(target.id)
        for ambiguity in registry.ambiguities:
            if target.id not in ambiguity.judged:
                continue
            taken = ambiguity.choices[0]
            ours = [taken, *(item for item in ambiguity.choices if target.id in item.rules)]
            rows = [
                ReadingScore(
                    target,
                    ambiguity,
                    reading,
                    reading.key == picked.get(ambiguity.id, taken.key),
                    *_judged(own, {**picked, ambiguity.id: reading.key}, outcomes, catalogue),
                    False,
                )
                for reading in ours
            ]
            if not any(row.in_force for row in rows):  # what is picked leaves this target as it is
                rows[0] = rows[0]._replace(in_force=True)
            rows.sort(key=lambda row: not row.in_force)
            ruling = rows[0].verdict
            found += [
                row._replace(changes=None not in (row.verdict, ruling) and row.verdict != ruling)
                for row in rows
            ]
    return tuple(found)


def _judged(
    target: Target,
    picked: Mapping[str, str],
    outcomes: Outcomes,
    catalogue: Sequence[Observable],
) -> tuple[Probability | None, Name]:
    try:
        goal = read(target, outcomes.library.registry, picked)
    except ValueError as clash:
        return None, Name(
            f"与所选的另一读法冲突（{clash}）", f"clashes with another reading picked ({clash})"
        )
    (found,) = score([goal], outcomes, catalogue)
    return found.probability, found.reason
