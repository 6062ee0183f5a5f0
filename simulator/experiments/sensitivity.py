"""What matters: Morris screening and Sobol indices of an outcome over levers and assumptions.

A factor runs over its bounds (a lever) or its prior (an assumption, by quantile, the extreme 1 % left out); the
outcome of a case is the mean, or the share that meets a target, over the same members in every case. Designs and
indices are SALib's.
Source: Morris (1991); Campolongo et al. (2007); Saltelli et al. (2010) as implemented by SALib.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import (
    CaseOutcomes,
    Cases,
    Factor,
    aim_of,
    assumption_factors,
    changed,
    factors_named,
    lever_factors,
    metric_unit,
    metric_values,
)
from simulator.experiments.extras import extra
from simulator.foundation.findings import UsageError
from simulator.scenario import Scenario

Floats = npt.NDArray[np.float64]
Method = Literal["morris", "sobol"]
METHODS: Final[tuple[Method, ...]] = ("morris", "sobol")
TAIL: Final = 0.01
"""Quantiles of a prior stay this far from 0 and 1, where unbounded priors have no number."""
GRID: Final = 4


class Effect(NamedTuple):
    """One factor's weight in an outcome.

    Morris: `first` is μ (the mean change over the factor's range), `whole` is μ* (its mean size), `spread` σ
    (interaction and curvature). Sobol: `first` is S1, `whole` is ST, `spread` is ST − S1. `error` is the half width
    of the 95 % interval of `whole`, from SALib's resampling.
    """

    factor: Factor
    first: float
    whole: float
    spread: float
    error: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Effects on one outcome, the strongest first; `cases` were run on `members` members each.

    `failed` cases had a member without a result and stand with the others' mean.
    """

    scenario: Scenario
    method: Method
    outcome: str
    unit: str
    effects: tuple[Effect, ...]
    cases: int
    members: int
    failed: int
    mean: float
    sd: float


def chosen_factors(scenario: Scenario, words: Sequence[str]) -> tuple[Factor, ...]:
    """Factors by the words `levers`, `assumptions`, or single keys; both groups when no word is given."""
    groups = {"levers": lever_factors(scenario), "assumptions": assumption_factors(scenario)}
    found: dict[str, Factor] = {}
    for word in words or tuple(groups):
        for factor in groups.get(word) or factors_named(scenario, [word]):
            found[factor.key] = factor
    if len(found) < 2:
        raise UsageError("at least two factors are needed")
    return tuple(found.values())


def case_count(method: Method, factors: int, size: int) -> int:
    """How many cases a design takes: `size` trajectories (Morris) or base points (Sobol)."""
    return size * (factors + (1 if method == "morris" else 2))


def sensitivity(
    scenario: Scenario,
    outcome: str = "core_revenue",
    *,
    method: Method = "morris",
    factors: Sequence[str] = (),
    size: int = 6,
    members: int = 8,
    cases: Cases | None = None,
) -> Sensitivity:
    """Rank factors by their weight in `core_revenue@2027` or `P(tj27_core_revenue)`.

    `size` is the number of trajectories of Morris or of base points of Sobol (a power of two). UsageError for unknown
    words, a missing library, or a Sobol size that is no power of two.
    """
    over = chosen_factors(scenario, factors)
    if method == "sobol" and size & (size - 1):
        raise UsageError(f"sobol takes a power of two of base points; found {size}")
    sample = extra(f"SALib.sample.{method}", "analysis")
    analyze = extra(f"SALib.analyze.{method}", "analysis")
    problem = {
        "num_vars": len(over),
        "names": [factor.key for factor in over],
        "bounds": [[0.0, 1.0]] * len(over),
    }
    seed = scenario.seed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own advice on pandas and on sample sizes
        if method == "morris":
            design = sample.sample(problem, size, num_levels=GRID, seed=seed)
        else:
            design = sample.sample(problem, size, calc_second_order=False, seed=seed)
    held = cases or Cases()
    held.plan(len(design) * members)
    scenarios = [changed(scenario, values_at(over, point)) for point in design]
    found = held.evaluate_all(scenarios, range(members))
    name, values = outcome_values(found, outcome)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if method == "morris":
            indices = analyze.analyze(problem, design, values, num_levels=GRID, seed=seed)
        else:
            indices = analyze.analyze(problem, values, calc_second_order=False, seed=seed)
    effects = [_effect(method, factor, indices, i) for i, factor in enumerate(over)]
    effects.sort(key=lambda effect: -effect.whole)
    unit = "share" if outcome.startswith("P(") else metric_unit(name)
    return Sensitivity(
        scenario,
        method,
        name,
        unit,
        tuple(effects),
        len(design),
        members,
        sum(bool(outcome.failed) for outcome in found),
        float(values.mean()),
        float(values.std()),
    )


def values_at(factors: Sequence[Factor], point: Sequence[float] | Floats) -> dict[str, float]:
    """The values of factors at a point of the unit cube."""
    return {
        factor.key: factor.at(
            float(share) if factor.distribution is None else TAIL + (1 - 2 * TAIL) * float(share)
        )
        for factor, share in zip(factors, point, strict=True)
    }


def outcome_values(found: Sequence[CaseOutcomes], outcome: str) -> tuple[str, Floats]:
    """One number a case: the mean of a metric, or the share of members that meet a target; with its full name."""
    if outcome.startswith("P(") and outcome.endswith(")"):
        aim = aim_of(found[0].scenario, outcome[2:-1], found[0])
        return outcome, np.array([float(aim.flags(each).mean()) for each in found])
    pairs = [metric_values(each, outcome) for each in found]
    return pairs[0][0], np.array([float(values.mean()) for _, values in pairs])


def _effect(method: Method, factor: Factor, indices: Any, i: int) -> Effect:
    if method == "morris":
        keys = ("mu", "mu_star", "sigma", "mu_star_conf")
        first, whole, spread, error = (float(indices[key][i]) for key in keys)
    else:
        first, whole, error = (float(indices[key][i]) for key in ("S1", "ST", "ST_conf"))
        spread = whole - first
    return Effect(factor, first, whole, spread, error)
