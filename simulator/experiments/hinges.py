"""What the answer hinges on: leave out each figure, double each width, move the base value, and see what moves.

Every variant simulates the same members with the same draws, so that what moves is the variant's own doing and the
error of a difference is far below that of the answer. A fitted parameter stands for its figures: to double its width is
to put its prior, and then its doubled prior, in the place of the fit.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np

from simulator.experiments.calibration import APART, FITTED, SERIES, posterior_of
from simulator.experiments.cases import CaseError, Cases
from simulator.experiments.inference import Flags, Floats, Posterior
from simulator.experiments.intervals import change_of_share
from simulator.experiments.moments import Moment, known_by, load_moments
from simulator.experiments.reference import Progress, Reference, simulate_reference
from simulator.experiments.vintage import make_vintage
from simulator.foundation.findings import UsageError
from simulator.foundation.parameters import MIXED, POSTERIOR, Distribution, Parameter
from simulator.policy.effects import revenue_goal
from simulator.registry import Name
from simulator.scenario import Scenario
from simulator.targets import Goal, goals_of, judged_at, judged_bar, judged_level, measurable, met

Kind = Literal["base", "figure", "width", "answer"]
MEMBERS: Final = 400
FIT_MEMBERS: Final = 1200
SHARE: Final = 0.3
NAMES: Final = tuple(name for name in FITTED if name not in APART)
BASE: Final = "base_core_revenue"
SHIFT: Final = 0.2
WIDE: Final = (
    "loading_national",
    "net_entry_share_national",
    "laplace_b_small",
    "beta_size_var",
    "g_nat_ai",
    "n10_2024",
    BASE,
)
"""Parameters whose widths are doubled: the fitted ones of growth, the nation's, and what founding hangs on."""


class Answer(NamedTuple):
    """What the core revenue target is held against, (n,) 亿元, and whether it is met."""

    goal: Goal
    revenue: Floats
    met: Flags

    @property
    def median(self) -> float:
        """Median core revenue, 亿元."""
        return float(np.median(self.revenue))

    @property
    def chance(self) -> float:
        """Share of members that meet the target."""
        return float(np.mean(self.met))


@dataclass(frozen=True, slots=True)
class Hinge:
    """One variant beside what it is compared with: the median (亿元), the chance, and how far both move.

    `moved` is the relative change of the median, `points` the change of the chance, `low` to `high` its 95 %
    interval over paired members, which has a width where no member changed.
    """

    kind: Kind
    key: str
    name: Name
    median: float
    chance: float
    moved: float
    points: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Hinges:
    """Everything `simulate hinges` finds; `hinges` by kind, the largest move first."""

    scenario: str
    goal: float
    year: int
    members: int
    fit_members: int
    degree: int  # of the regression that adjusted the fit, the same in every variant
    median: float
    chance: float
    hinges: tuple[Hinge, ...]


def hinges(
    scenario: Scenario,
    members: int = MEMBERS,
    fit_members: int = FIT_MEMBERS,
    *,
    workers: int = 2,
    engine: str = "auto",
    progress: Progress | None = None,
    figures: Sequence[str] | None = None,
    widths: Sequence[str] = WIDE,
) -> Hinges:
    """Move everything once; `figures` are the moments left out in turn, by default every fitted one.

    Raises UsageError for a scenario without a core revenue target or with a base value that is not drawn, CaseError
    where a member has no result.
    """
    period = scenario.period
    goal = revenue_goal(scenario.library.registry, scenario.plans, period.start.shift(-1).year)
    due = goal is not None and goal.deadline.year in period.years
    if goal is None or not due or scenario.assumptions[BASE].kind != "constructions":
        raise _unfit()
    reference, facts = _reference(scenario.seed, fit_members, workers, engine, progress)
    asked = [m for m in facts if figures is None or m.id in figures]
    fit = posterior_of(reference, NAMES, facts, SHARE)
    fitted = rows_of(fit)
    now = replace(scenario, assumptions={**scenario.assumptions, **fitted})
    priors = scenario.library.priors
    done, total = 0, members * (3 + len(asked) + len(widths) + sum(w in fitted for w in widths))

    def report() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    def answer(changed: Mapping[str, Distribution]) -> Answer:
        varied = replace(now, assumptions={**now.assumptions, **changed})
        return answer_of(varied, members, goal.id, workers, engine, report)

    def without(left: Moment) -> Posterior:
        others = [m for m in facts if m.id != left.id]
        # Fewer figures could hold a higher degree: what moves then would not be the figure's doing alone.
        return posterior_of(reference, NAMES, others, SHARE, fit.degree)

    start = answer({})
    found = [
        _hinge("figure", m.id, _left_out(m), answer(rows_of(without(m))), start) for m in asked
    ]
    for name in widths:
        before = answer({name: priors[name].distribution}) if name in fitted else start
        wide = widened(
            now.assumptions[name] if name not in fitted else priors[name].distribution, priors[name]
        )
        found.append(_hinge("width", name, _doubled(priors[name]), answer({name: wide}), before))
    for sign, word in ((1.0 + SHIFT, "+20 %"), (1.0 - SHIFT, "−20 %")):
        moved = scaled(now.assumptions[BASE], sign)
        words = Name(f"基数整体 {word}", f"base value {word} throughout")
        found.append(_hinge("base", word, words, answer({BASE: moved}), start))
    order = ("base", "width", "figure")
    found.sort(key=lambda hinge: (order.index(hinge.kind), -abs(hinge.points)))
    return Hinges(
        scenario.stem,
        judged_bar(start.goal),
        judged_at(start.goal).year,
        members,
        fit_members,
        fit.degree,
        start.median,
        start.chance,
        tuple(found),
    )


def answer_of(
    scenario: Scenario,
    members: int,
    target: str,
    workers: int = 2,
    engine: str = "auto",
    done: Callable[[], None] = lambda: None,
) -> Answer:
    """What the first members of a scenario have for a target, by its id, as the scenario reads it.

    Raises CaseError where a member has no result, UsageError where no series answers the target.
    """
    held = Cases(workers, engine, lambda made, _: done() if made else None)
    found = held.evaluate(scenario, range(members))
    for member, why in found.failed:
        raise CaseError(
            f"member {member} has no result in one of the variants: {why}",
            f"成员 {member} 在某一变体中没有结果：{why}",
        )
    goal = next((goal for goal in goals_of(found) if goal.id == target), None)
    if goal is None or not measurable(goal, found):
        raise _unfit()
    return Answer(goal, judged_level(goal, found), met(goal, found))


def _unfit() -> UsageError:
    return UsageError(
        "needs a plan with a core revenue target and a drawn base value",
        "需要含核心营收目标且基数为抽取的情景",
    )


def rows_of(fit: Posterior) -> dict[str, Distribution]:
    """Joint distribution of the fitted parameters `NAMES`, rows in order of the first parameter.

    Rows in one order keep a member near the same quantile when a figure is left out.
    """
    order = np.argsort(fit.rows[:, 0], kind="stable")
    weights = tuple(fit.weights[order].tolist())
    return {
        name: Distribution(POSTERIOR, tuple(fit.rows[order, i].tolist()), weights=weights)
        for i, name in enumerate(NAMES)
    }


def widened(prior: Distribution, parameter: Parameter, factor: float = 2.0) -> Distribution:
    """The same distribution `factor` times as wide about its middle, its cuts moved along, inside the hard bounds.

    Parts of a mixture keep their lower cut: what the named firms earn bounds a base value from below.
    """
    if prior.kind in MIXED:
        parts = (
            replace(
                wide, truncation=(max(part.truncation[0], wide.truncation[0]), wide.truncation[1])
            )
            for part in prior.components
            for wide in [widened(part, parameter, factor)]
        )
        return replace(prior, components=tuple(parts))
    middle, (low, high) = prior.median, prior.truncation
    numbers = list(prior.numbers)
    if prior.kind in ("normal", "lognormal", "gamma"):
        numbers[1] *= factor
    elif prior.kind == "halfnormal":
        numbers[0] *= factor
    elif prior.kind in ("uniform", "triangular"):
        numbers = [middle + factor * (value - middle) for value in numbers]
    else:
        raise ValueError(f"a {prior.kind} distribution has no width to double")
    if prior.kind == "lognormal" and low > 0.0:
        low, high = middle * (low / middle) ** factor, middle * (high / middle) ** factor
    else:
        low, high = middle + factor * (low - middle), middle + factor * (high - middle)
    cut = (max(low, parameter.minimum), min(high, parameter.maximum))
    return replace(prior, numbers=tuple(numbers), truncation=cut)


def scaled(base: Distribution, factor: float) -> Distribution:
    """The base value times a factor in every construction; what is named there still bounds it from below."""
    parts = [
        replace(part, numbers=(part.numbers[0] * factor, *part.numbers[1:]))
        for part in base.components
    ]
    return replace(base, components=tuple(parts))


def _reference(
    seed: int, members: int, workers: int, engine: str, progress: Progress | None
) -> tuple[Reference, tuple[Moment, ...]]:
    facts = tuple(m for m in known_by(load_moments(), None) if m.role == "fit")
    with tempfile.TemporaryDirectory(prefix="simulate-fit-") as folder:
        vintage = make_vintage(Path(folder), None, {m.source for m in facts}, FITTED)
        reference = simulate_reference(
            vintage.scenario,
            vintage.folder,
            members,
            SERIES,
            seed=seed,
            workers=workers,
            engine=engine,
            progress=progress,
        )
    return reference, facts


def _hinge(kind: Kind, key: str, name: Name, after: Answer, before: Answer) -> Hinge:
    change = after.met.astype(float) - before.met
    return Hinge(
        kind,
        key,
        name,
        after.median,
        after.chance,
        after.median / before.median - 1.0,
        *change_of_share(change),
    )


def _left_out(moment: Moment) -> Name:
    return Name(f"去掉 {moment.id}", f"without {moment.id}")


def _doubled(parameter: Parameter) -> Name:
    return Name(
        f"先验加宽一倍：{parameter.meaning.zh}", f"prior twice as wide: {parameter.meaning.en}"
    )
