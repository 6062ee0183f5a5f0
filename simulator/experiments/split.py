"""How much of a probability's uncertainty is luck, base value, other parameters, and reading.

A member draws parameters and luck together, so one run cannot tell them apart. Here every member of
a run is simulated again with the parameters it has and the luck of other members: parameters θ of m
members, each met by k lucks. With y = 1 where the target is met,

    p(1 − p) = E[Var(y | θ)] + E[Var(E[y | θ] | construction)] + Var(E[y | construction])
                  luck              other parameters                base construction

estimated without bias by nested analysis of variance (Searle, Casella and McCulloch 1992, ch. 3),
with intervals from resampling members. Readings are no draws: nobody knows how likely each is. Their
share is that of the variance over readings taken as equally likely, a convention that says how far
the answer hangs on the words; beside it stand the lowest and the highest probability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.comparison import Members
from simulator.experiments.errors import MismatchError
from simulator.experiments.runs import Machinery, run, the_machinery
from simulator.experiments.simulation import Progress
from simulator.experiments.store import Run
from simulator.experiments.workers import MemberResult, Study
from simulator.foundation.findings import UsageError
from simulator.readings import reading_scores
from simulator.registry import Name, Target
from simulator.targets import Flags, construction_groups, goals_of, met, read, score

REPEATS: Final = 4
"""Lucks for each set of parameters, the run's own among them."""
DRAWS: Final = 200
"""Sets of parameters, at most, unless more are asked for."""
FOLDER: Final = "repeats"
STRIDE: Final = 1 << 20
"""Between the lucks of a member; above the largest number of members, so that none is met twice."""
RESAMPLES: Final = 1000

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


FEWEST: Final = 10
"""Members that must differ from the rest, over all lucks, before a share is more than noise."""


class Components(NamedTuple):
    """Parts of p(1 − p), estimated without bias: a small one may come out below zero."""

    luck: float
    parameters: float
    base: float


class Share(NamedTuple):
    """A share of the uncertainty with its 95 % interval, all from 0 to 1."""

    value: float
    low: float
    high: float


class OverReadings(NamedTuple):
    """The shares when every one of `tried` readings is equally likely, and how far they move p."""

    luck: float
    base: float
    parameters: float
    reading: float
    lowest: float
    highest: float
    tried: int


class Split(NamedTuple):
    """The uncertainty of one target's probability by where it comes from.

    The shares are None where nearly every member gives the same answer, `base` also where the run draws no
    construction of the base value, and `readings` where the target can be read in one way only.
    """

    key: str
    name: Name
    probability: float
    draws: int
    repeats: int
    luck: Share | None
    base: Share | None
    parameters: Share | None
    readings: OverReadings | None


class _OtherLuck:
    """A study whose members keep their parameters and take the luck of other members."""

    def __init__(self, study: Study, shift: int) -> None:
        self._study = study
        self._shift = shift
        self.quarters = study.quarters
        self.series = study.series
        self.parameter_names = study.parameter_names

    def simulate(self, member: int, engine: str = "auto", luck: int | None = None) -> MemberResult:
        return self._study.simulate(
            member, engine, (member if luck is None else luck) + self._shift
        )


def repeat_luck(
    first: Run,
    repeats: int = REPEATS,
    draws: int | None = None,
    workers: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    *,
    machinery: Machinery | None = None,
) -> tuple[Run, ...]:
    """The run, and its members again with other luck: `repeats` runs of the same parameters in all.

    They are kept in the folder of the run, as runs of their own; what is stored already is taken.
    `draws` is how many members are repeated (default: the run's, at most 200). Raises UsageError
    for fewer than two repeats or draws and MismatchError where the source or the data of the run
    are no longer those installed; otherwise as `run`.
    """
    tools = machinery or the_machinery()
    members = min(first.requested, DRAWS) if draws is None else draws
    if repeats < 2 or not 2 <= members <= first.requested:
        raise UsageError(
            f"{repeats} repeats of {members} members; allowed: two repeats or more of two members "
            f"or more, at most the {first.requested} of the run",
            f"{members} 个成员各重复 {repeats} 次不可行；至少两个成员、各两次，且不超过运行的 {first.requested} 个成员",
        )
    if tools.identify(first.scenario).hash != first.hash:
        raise MismatchError(
            f"{first.path}: made by another version of the source or the data; run the scenario again",
            f"{first.path}：由另一版本的源代码或数据生成；请重新运行该情景",
        )
    whole = members * (repeats - 1)

    def repeat(number: int) -> Run:
        before = members * (number - 1)

        def report(done: int, total: int) -> None:
            if progress is not None:
                progress(before + min(done, members), whole)

        own = replace(
            tools,
            prepare=lambda scenario: _OtherLuck(tools.prepare(scenario), number * STRIDE),
            identify=lambda scenario: replace(
                tools.identify(scenario), scenario=f"{scenario.digest()}, luck {number}"
            ),
            score=lambda run: (),
            book=lambda run: None,
        )
        return run(
            first.scenario,
            members,
            out=first.path / FOLDER / str(number),
            workers=workers,
            engine=engine,
            progress=report,
            machinery=own,
        )

    return (first, *(repeat(number) for number in range(1, repeats)))


def splits(runs: Sequence[Run], keys: Sequence[str] = ()) -> tuple[Split, ...]:
    """The split of every target that has a probability, or of those named, in plan order.

    `runs` are those of `repeat_luck`. Raises UsageError for a key that is no scored target of them.
    """
    shared = runs[0].members
    for other in runs[1:]:
        shared = np.intersect1d(shared, other.members)
    seen = [Members(item, shared) for item in runs]
    first = runs[0]
    goals = goals_of(first)
    scored = [
        goal for goal, item in zip(goals, score(goals, seen[0]), strict=True) if item.probability
    ]
    unknown = set(keys) - {goal.key for goal in scored}
    if unknown:
        raise UsageError(
            f"no probability to split for {', '.join(sorted(unknown))}; allowed: "
            + ", ".join(goal.key for goal in scored),
            f"{'、'.join(sorted(unknown))} 没有可分解的概率；可用："
            + "、".join(goal.key for goal in scored),
        )
    labels = np.full(shared.size, -1, dtype=np.int64)
    for position, group in enumerate(construction_groups(seen[0])):
        labels[group.inside] = position
    found = []
    for goal in scored:
        if keys and goal.key not in keys:
            continue
        flags = np.stack([met(goal, part) for part in seen])
        picked = first.scenario.readings
        others = _other_readings(goal, seen, picked) if isinstance(goal, Target) else []
        found.append(_split(goal.key, goal.name, flags, labels, others))
    return tuple(found)


def components(flags: Flags, groups: Labels) -> Components:
    """The parts of p(1 − p) for flags (k, m): k lucks of m members, whose construction is in `groups` (m,).

    The groups are weighted by their members. Within a group the variance over members of the mean
    over lucks holds a k-th of that of luck, and the variance over groups that of their means.
    """
    k, m = flags.shape
    mean = flags.mean(axis=0)
    luck = float((mean * (1.0 - mean)).mean()) * k / (k - 1)
    found = np.unique(groups)
    spread_all = float(mean.var(ddof=1))
    within, between, noise = 0.0, 0.0, 0.0
    for group in found:
        own = mean[groups == group]
        weight = own.size / m
        # A group of one member cannot tell its spread: that of all stands in.
        spread = float(own.var(ddof=1)) if own.size > 1 else spread_all
        within += weight * spread
        between += weight * float(own.mean() - mean.mean()) ** 2
        noise += (1.0 - weight) * spread / m
    return Components(luck, within - luck / k, between - noise if len(found) > 1 else 0.0)


def shares(parts: Components) -> tuple[float, float, float] | None:
    """The parts as shares that add up to one; None where there is no uncertainty to share."""
    kept = [max(part, 0.0) for part in parts]
    total = sum(kept)
    if total <= 0.0:
        return None
    return kept[0] / total, kept[1] / total, kept[2] / total


def _split(key: str, name: Name, flags: Flags, groups: Labels, others: Sequence[Flags]) -> Split:
    k, m = flags.shape
    differ = min(np.count_nonzero(flags), np.count_nonzero(~flags))
    middle = shares(components(flags, groups)) if differ >= FEWEST else None
    cells: list[Share | None] = [None, None, None]
    if middle is not None:
        pick = np.random.default_rng(1).integers(0, m, (RESAMPLES, m))
        drawn = [shares(components(flags[:, rows], groups[rows])) for rows in pick]
        table = np.array([row for row in drawn if row is not None])
        low, high = np.quantile(table, (0.025, 0.975), axis=0)
        cells = [Share(v, float(a), float(b)) for v, a, b in zip(middle, low, high, strict=True)]
    several = len(np.unique(groups)) > 1
    return Split(
        key,
        name,
        float(flags.mean()),
        m,
        k,
        luck=cells[0],
        base=cells[2] if several else None,
        parameters=cells[1],
        readings=_over_readings([flags, *others], groups) if others and middle else None,
    )


def _over_readings(readings: Sequence[Flags], groups: Labels) -> OverReadings | None:
    """The shares over readings that are equally likely; None where no reading leaves any doubt."""
    each = [components(flags, groups) for flags in readings]
    met_by = np.array([flags.mean() for flags in readings])
    parts = [max(float(np.mean(part)), 0.0) for part in zip(*each, strict=True)]
    reading = float(met_by.var())
    total = sum(parts) + reading
    if total <= 0.0:
        return None
    luck, parameters, base = (part / total for part in parts)
    return OverReadings(
        luck,
        base,
        parameters,
        reading / total,
        float(met_by.min()),
        float(met_by.max()),
        len(readings),
    )


def _other_readings(
    goal: Target, seen: Sequence[Members], picked: Mapping[str, str]
) -> list[Flags]:
    """Whether the target is met under each reading that the runs can judge and that is not in force."""
    found = []
    registry = seen[0].library.registry
    for row in reading_scores([goal], seen[0], picked):
        if row.in_force or row.probability is None:
            continue
        other = read(
            registry.target(goal.id), registry, {**picked, row.ambiguity.id: row.reading.key}
        )
        found.append(np.stack([met(other, part) for part in seen]))
    return found
