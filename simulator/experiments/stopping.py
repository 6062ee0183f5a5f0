"""When an ensemble is large enough: a bound on the Monte Carlo interval of one target.

Members are judged in order and in whole parts, so that the number at which a run stops depends neither on the workers
nor on interruptions. Looking after every part makes the interval a little too narrow (optional stopping); with the
Wilson interval and parts of fifty this is far below the bound itself.
"""

import math
import re
from dataclasses import dataclass

from simulator.experiments.folder import PART_MEMBERS, Precision
from simulator.foundation.findings import UsageError
from simulator.scenario.reading import MOST_MEMBERS
from simulator.targets import Z95, Flags, wilson

_RULE = re.compile(r"\s*(?:(?P<target>[\w\-]+)\s*[:=])?\s*(?P<bound>\d*\.?\d+(?:[eE]-?\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Rule:
    """Go on until the Wilson half width of a target's probability is at most `half_width`.

    `target` is the key of a target; None means the headline target of the run.
    """

    target: str | None
    half_width: float

    @property
    def most(self) -> int:
        """Members that are enough whatever the probability turns out to be, in whole parts."""
        needed = (Z95 / (2.0 * self.half_width)) ** 2 - Z95 * Z95
        parts = math.ceil(needed / PART_MEMBERS)
        return PART_MEMBERS * max(1, parts)


def read_rule(text: str | float) -> Rule:
    """Read `0.02` or `tj27_core_revenue:0.02`; UsageError for another form or a bound outside (0, 0.5)."""
    found = _RULE.fullmatch(str(text))
    bound = float(found["bound"]) if found else 0.0
    if found is None or not 0.0 < bound < 0.5:
        raise UsageError(
            f"{text!r} is not a half width; write 0.02, or a target and 0.02 as in "
            "tj27_core_revenue:0.02; allowed: above 0, below 0.5",
            f"{text!r} 不是半宽；写 0.02，或目标加 0.02，例如 tj27_core_revenue:0.02；允许大于 0、小于 0.5",
        )
    target = found["target"]
    return Rule(target.replace("-", "_").removeprefix("t_") if target else None, bound)


def most_members(rule: Rule) -> int:
    """`Rule.most`, or UsageError where that is more than a run may have and `-n` has to say how many."""
    if rule.most > MOST_MEMBERS:
        raise UsageError(
            f"a half width of {rule.half_width:g} can need {rule.most} members; allowed: up to {MOST_MEMBERS}; "
            "give the largest number with -n",
            f"半宽 {rule.half_width:g} 可能需要 {rule.most} 个成员；最多 {MOST_MEMBERS} 个；请用 -n 给出上限",
        )
    return rule.most


class Tally:
    """Members judged so far, in order; `met_at` is the number at which the rule was first met."""

    def __init__(self, target: str, half_width: float, most: int) -> None:
        """Of a target and its bound, for at most `most` members."""
        self.target = target
        self.bound = half_width
        self.most = most
        self.hits = 0
        self.judged = 0
        self.met_at: int | None = None
        self._met_with = 0.0

    def add(self, flags: Flags, last: int) -> None:
        """Count the members of the next part; `last` is its last member, failed ones included."""
        self.hits += int(flags.sum())
        self.judged += int(flags.size)
        if self.met_at is None and self.half_width <= self.bound:
            self.met_at, self._met_with = last + 1, self.half_width

    @property
    def half_width(self) -> float:
        """Half of the Wilson interval so far; infinite without members."""
        if not self.judged:
            return math.inf
        low, high = wilson(self.hits, self.judged)
        return (high - low) / 2.0

    @property
    def expected(self) -> int:
        """Members the run is likely to take, going by the share so far; for the progress shown."""
        if not self.judged:
            return self.most
        share, members = self.hits / self.judged, self.judged
        while members < self.most:
            low, high = wilson(round(share * members), members)
            if (high - low) / 2.0 <= self.bound:
                break
            members += PART_MEMBERS
        return min(members, self.most)

    def precision(self) -> Precision:
        """What the manifest says of it."""
        if self.met_at is not None:
            return Precision(self.target, self.bound, self.most, self.met_at, self._met_with)
        reached = self.half_width if self.judged else None
        return Precision(self.target, self.bound, self.most, None, reached)
