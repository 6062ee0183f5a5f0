"""How an outcome answers: sweeps of factors over a grid, a list of values, or a Sobol design."""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import (
    Aim,
    Cases,
    Factor,
    aim_of,
    changed,
    factors_named,
    headline_of,
    metric_unit,
    metric_values,
)
from simulator.experiments.intervals import Estimate, mean_of
from simulator.foundation.findings import UsageError
from simulator.foundation.units import QuantityError, read_understood
from simulator.scenario import Scenario
from simulator.targets import Probability, probability

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Design = Literal["grid", "list", "sobol"]
DESIGNS: Final[tuple[Design, ...]] = ("grid", "list", "sobol")
MOST_STEPS: Final = 1_000
MOST_CASES: Final = 65_536
_SWITCH: Final = {"on": 1.0, "off": 0.0, "1": 1.0, "0": 0.0}
_BARE: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


class Axis(NamedTuple):
    """A factor and the values it takes, in its unit; of a Sobol design only the first and the last count."""

    factor: Factor
    values: tuple[float, ...]


class Point(NamedTuple):
    """One case of a sweep: the values of the axes, mean and 5–95 % of the metric, probability of the target."""

    values: tuple[float, ...]
    mean: Estimate
    low: float
    high: float
    chance: Probability


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep on the same members throughout."""

    scenario: Scenario
    design: Design
    axes: tuple[Axis, ...]
    metric: str
    unit: str
    aim: Aim
    members: int
    points: tuple[Point, ...]

    def to_frame(self) -> "pd.DataFrame":
        """One row a case: a column for each axis by key, then mean, p05, p95 and probability, with intervals."""
        import pandas as pd

        rows = [
            [*p.values, *p.mean, p.low, p.high, p.chance.value, p.chance.low, p.chance.high]
            for p in self.points
        ]
        names = [axis.factor.key for axis in self.axes]
        outcome = [
            "mean",
            "mean_low",
            "mean_high",
            "p05",
            "p95",
            "probability",
            "probability_low",
            "probability_high",
        ]
        return pd.DataFrame(rows, columns=[*names, *outcome])


def axis_of(scenario: Scenario, text: str) -> Axis:
    """`tj27_funds=0:500:6` (six steps), `tj27_funds=100,200亿元/年`, or `tj27_funds` (its bounds in five steps).

    A mechanism is a switch: `exit=on,off`, or `exit` (off and on).

    UsageError for another form, an unknown factor or a value that is no quantity in its unit.
    """
    key, equals, given = text.partition("=")
    (factor,) = factors_named(scenario, [key])
    if factor.kind == "mechanism":
        return Axis(factor, _switches(text, given) if equals else (0.0, 1.0))
    if not equals:
        return Axis(factor, tuple(float(x) for x in np.linspace(factor.low, factor.high, 5)))
    try:
        if ":" in given:
            low, high, *steps = given.split(":")
            count = int(steps[0]) if steps else 5
            if not 2 <= count <= MOST_STEPS or len(steps) > 1:
                raise ValueError
            ends = _quantity(low, factor), _quantity(high, factor)
            return Axis(factor, tuple(float(x) for x in np.linspace(*ends, count)))
        return Axis(factor, tuple(_quantity(value, factor) for value in given.split(",")))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no axis; write KEY=LOW:HIGH:STEPS (2 to {MOST_STEPS}) or KEY=VALUE,VALUE in {factor.unit}"
            + (f" ({error})" if isinstance(error, QuantityError) else ""),
            f"{text!r} 不是有效的轴；写作 KEY=低:高:步数（2 至 {MOST_STEPS}）或 KEY=值,值，单位 {factor.unit}"
            + (f"（{error.zh}）" if isinstance(error, QuantityError) else ""),
        ) from None


def points_of(
    axes: Sequence[Axis], design: Design, points: int, seed: int
) -> list[tuple[float, ...]]:
    """The values of every case: all combinations, the lists side by side, or `points` of a Sobol sequence."""
    if design == "grid":
        cases = math.prod(len(axis.values) for axis in axes)
        if cases > MOST_CASES:
            raise UsageError(
                f"the grid has {cases} cases; allowed: at most {MOST_CASES}, fewer steps or --design sobol",
                f"网格共有 {cases} 个情形；最多 {MOST_CASES} 个，请减少步数或使用 --design sobol",
            )
        return list(itertools.product(*(axis.values for axis in axes)))
    if design == "list":
        lengths = {len(axis.values) for axis in axes}
        if len(lengths) > 1:
            raise UsageError(
                "--design list needs as many values on each axis",
                "--design list 要求各轴取值个数相同",
            )
        return list(zip(*(axis.values for axis in axes), strict=True))
    from scipy.stats import qmc

    if points < 2 or points & (points - 1):
        raise UsageError(
            f"a Sobol design takes a power of two of points; found {points}",
            f"Sobol 设计的点数须为 2 的幂；给出 {points}",
        )
    shares = qmc.Sobol(len(axes), rng=np.random.default_rng(seed)).random(points)
    low = np.array([min(axis.values) for axis in axes])
    high = np.array([max(axis.values) for axis in axes])
    table = low + shares * (high - low)
    switches = [axis.factor.kind == "mechanism" for axis in axes]
    table[:, switches] = np.round(table[:, switches])
    return [tuple(row) for row in table.tolist()]


def sweep(
    scenario: Scenario,
    axes: Sequence[str],
    *,
    design: Design = "grid",
    points: int = 32,
    metric: str = "core_revenue",
    target: str = "",
    members: int = 64,
    cases: Cases | None = None,
) -> Sweep:
    """Run every case of a design on the same members; errors as for `axis_of`, `points_of` and `changed`."""
    if not axes:
        raise UsageError(
            "name at least one factor, such as --over tj27_funds=0:500:6",
            "至少给出一个因素，例如 --over tj27_funds=0:500:6",
        )
    over = tuple(axis_of(scenario, text) for text in axes)
    if len({axis.factor.key for axis in over}) < len(over):
        raise UsageError("a factor is named twice", "同一因素给出了两次")
    rows = points_of(over, design, points, scenario.seed)
    held = cases or Cases()
    held.plan(len(rows) * members)
    keys = [axis.factor.key for axis in over]
    found = held.evaluate_all(
        [changed(scenario, dict(zip(keys, row, strict=True))) for row in rows], range(members)
    )
    aim = aim_of(scenario, target or headline_of(found[0], metric.partition("@")[0]), found[0])
    judged = []
    for row, outcome in zip(rows, found, strict=True):
        full, values = metric_values(outcome, metric)
        low, high = np.quantile(values, [0.05, 0.95])
        chance = probability(aim.flags(outcome))
        judged.append(Point(row, mean_of(values), float(low), float(high), chance))
    return Sweep(scenario, design, over, full, metric_unit(full), aim, members, tuple(judged))


def _switches(text: str, given: str) -> tuple[float, ...]:
    """`on,off` as one and zero; UsageError for anything between."""
    words = [word.strip().lower() for word in given.split(",")]
    if not all(word in _SWITCH for word in words):
        raise UsageError(
            f"{text!r} is no axis: a mechanism is on or off; write KEY, KEY=on,off or KEY=off",
            f"{text!r} 不是有效的轴：机制只有开与关；写作 KEY、KEY=on,off 或 KEY=off",
        )
    return tuple(_SWITCH[word] for word in words)


def _quantity(text: str, factor: Factor) -> float:
    # A bare number is in the factor's unit; what Python takes besides (nan, inf, 1_000) is none.
    if _BARE.fullmatch(text.strip()):
        return float(text)
    return read_understood(text.strip(), factor.unit, factor.understood)[0]
