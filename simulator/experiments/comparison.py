"""Scenarios beside each other, member by member with the same draws.

Members are paired by (seed, member): firm by firm they share every shock, so that a difference
between scenarios is what the scenario does and hardly any of it is luck. Each later scenario is
held against the first.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from simulator.experiments.fan import quantiles
from simulator.experiments.folder import Floats
from simulator.experiments.intervals import change_of_share, standard_error, student_95
from simulator.experiments.runs import RESULTS, Machinery, run
from simulator.experiments.store import Run, open_run
from simulator.foundation.findings import Hint, UsageError, did_you_mean
from simulator.registry import Data
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from simulator.registry import Name

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """How one annual figure differs from the first scenario's, over paired members.

    `mean` is the mean difference (this scenario minus the first) with its 95 % interval `low` to
    `high`, which holds Monte Carlo error only; `p05` to `p95` are quantiles of the members' own
    differences. `half_width` is half the interval; `half_width_unpaired` what it would be if the
    two scenarios had drawn independently, and `variance_ratio` the second over the first: how
    many times sharper pairing makes the comparison (infinite where all differences are equal,
    None where nothing varies at all).
    """

    label: str
    series: str
    year: int
    unit: str
    mean_first: float
    mean_this: float
    mean: float
    low: float
    high: float
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float
    half_width: float
    half_width_unpaired: float

    @property
    def variance_ratio(self) -> float | None:
        """`half_width_unpaired` over `half_width`."""
        if self.half_width > 0.0:
            return self.half_width_unpaired / self.half_width
        return math.inf if self.half_width_unpaired > 0.0 else None

    @property
    def relative(self) -> float | None:
        """The mean difference as a share of the first scenario's mean; None where that is zero."""
        return self.mean / self.mean_first if self.mean_first else None


@dataclass(frozen=True, slots=True)
class TargetDifference:
    """How the probability of a target differs from the first scenario's, over paired members.

    `gained` members meet the target here and not in the first scenario, `lost` the reverse; the
    95 % interval is that of Bonett and Price (2012, J. Educ. Behav. Stat. 37) for paired shares.
    `published` tells whether the published figure was judged or the true one.
    """

    label: str
    key: str
    name: "Name"
    published: bool
    probability_first: float
    probability_this: float
    difference: float
    low: float
    high: float
    gained: int
    lost: int


PricedAs = Literal[
    "price", "saving", "cheaper_and_likelier", "dearer_and_less_likely", "same_budget", "unclear"
]


@dataclass(frozen=True, slots=True)
class Price:
    """What an extra point of probability of a headline target costs against the first scenario.

    `extra` is the mean extra budget of all governments over the period in 亿元, with its 95 % interval; `points` the
    extra probability in percentage points, with that of `TargetDifference`. `cost` is their quotient, 亿元 a point,
    and `low` to `high` its interval from the ends of both: exactly 95 % where budgets do not vary over members,
    more where they do. There is a quotient only where both differences have the same sign (`price`; `saving` where
    less money buys less); `unclear` where the interval of the probability contains zero.
    """

    label: str
    key: str
    name: "Name"
    published: bool
    budget_first: float
    budget_this: float
    extra: float
    extra_low: float
    extra_high: float
    points: float
    points_low: float
    points_high: float
    priced_as: PricedAs
    cost: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two or more runs with the same draws; the first is the one the others are held against.

    `labels` name the runs, `members` are those that every run has results for, `years` the years
    that all of them cover.
    """

    runs: tuple[Run, ...]
    labels: tuple[str, ...]
    members: npt.NDArray[np.int64]
    years: tuple[int, ...]
    differences: tuple[Difference, ...]
    targets: tuple[TargetDifference, ...]
    prices: tuple[Price, ...] = ()

    @property
    def n(self) -> int:
        """The number of paired members."""
        return int(self.members.size)

    def difference(self, metric: str, label: str | None = None) -> Difference:
        """The difference of `core_revenue@2027` in the scenario `label` (default: the second).

        UsageError for a metric or label that was not compared.
        """
        series, year = parse_metric(metric, self.runs[0].series, self.years)
        chosen = self.labels[1] if label is None else label
        for found in self.differences:
            if (found.series, found.year, found.label) == (series, year, chosen):
                return found
        raise UsageError(
            f"{metric} of {chosen} was not compared; labels: {', '.join(self.labels)}",
            f"未比较 {chosen} 的 {metric}；可用：{'、'.join(self.labels)}",
        )

    def paired(self, series: str, position: int) -> Floats:
        """Annual figures of one run for the paired members, float64[n, years]."""
        return _aligned(self.runs[position], self.members, self.years, series)

    def to_frame(self) -> "pd.DataFrame":
        """The table of differences, one row for each scenario, series and year."""
        import pandas as pd

        names = [*Difference.__dataclass_fields__, "variance_ratio"]
        rows = [[getattr(row, name) for name in names] for row in self.differences]
        return pd.DataFrame(rows, columns=names)

    def targets_frame(self) -> "pd.DataFrame":
        """The table of target probabilities, one row for each scenario and target."""
        import pandas as pd

        names = [name for name in TargetDifference.__dataclass_fields__ if name != "name"]
        rows = [
            [*(getattr(row, name) for name in names), row.name.zh, row.name.en]
            for row in self.targets
        ]
        return pd.DataFrame(rows, columns=[*names, "name_zh", "name_en"])

    def prices_frame(self) -> "pd.DataFrame":
        """The cost of an extra point of probability, one row for each scenario and headline target."""
        import pandas as pd

        names = [name for name in Price.__dataclass_fields__ if name != "name"]
        rows = [
            [*(getattr(row, name) for name in names), row.name.zh, row.name.en]
            for row in self.prices
        ]
        return pd.DataFrame(rows, columns=[*names, "name_zh", "name_en"])

    def _repr_html_(self) -> str:
        from simulator.experiments.notebook import comparison_html

        return comparison_html(self)


def compare(
    *scenarios: Scenario | Run | str | Path,
    n: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    metrics: Sequence[str] | None = None,
    unpaired: bool = False,
    workers: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    data: Data = None,
    executor: str = "threads",
    cluster: str | None = None,
    results: str | Path = RESULTS,
    machinery: Machinery | None = None,
) -> Comparison:
    """Run (or reuse) two or more scenarios with the same draws and compare them by member.

    Each of `scenarios` is a scenario, its file, an opened run or a run folder. `n` and `seed`
    hold for all of them; without `n` it is that of the first scenario, and with opened runs the
    members they share are used. `metrics` are annual figures such as `core_revenue@2027` or
    whole series such as `core_revenue` (default: every series of the city). With `unpaired` the
    later scenarios are also run with other seeds, so that `variance_ratio` is measured rather
    than computed from the spread of the two runs.

    Raises UsageError for fewer than two scenarios, an unknown metric, or runs that cannot be
    paired (other seeds, no common members or years); otherwise as `run`.
    """
    if len(scenarios) < 2:
        raise UsageError(
            f"compare needs at least two scenarios; found {len(scenarios)}",
            f"compare 至少需要两个情景；给出 {len(scenarios)} 个",
        )

    def once(scenario: Scenario | Run | str | Path, others: int = 0) -> Run:
        if isinstance(scenario, Run):
            return scenario
        if isinstance(scenario, (str, Path)) and Path(scenario).is_dir():
            return open_run(scenario)
        return run(
            scenario,
            n=total,
            seed=draws + others if draws is not None else None,
            set=set if isinstance(scenario, (str, Path)) else None,
            workers=workers,
            engine=engine,
            progress=progress,
            data=data if isinstance(scenario, (str, Path)) else None,
            executor=executor,
            cluster=cluster,
            results=results,
            machinery=machinery,
        )

    total, draws = n, seed
    first = once(scenarios[0])
    # What the others take from the first when it is not said: scenarios with their own number of
    # members or seed could not be paired.
    total = first.requested if n is None else n
    draws = first.seed if seed is None else seed
    runs = (first, *(once(scenario) for scenario in scenarios[1:]))
    if not unpaired:
        return compare_runs(runs, metrics, limit=n)
    others = []
    for position, scenario in enumerate(scenarios[1:], start=1):
        if isinstance(scenario, Run) or (
            isinstance(scenario, (str, Path)) and Path(scenario).is_dir()
        ):
            scenario = runs[position].scenario
        others.append(once(scenario, position))
    return compare_runs(runs, metrics, others, limit=n)


def compare_runs(
    runs: Sequence[Run],
    metrics: Sequence[str] | None = None,
    others: Sequence[Run] = (),
    *,
    limit: int | None = None,
) -> Comparison:
    """Compare runs in hand; `others` are the later runs with other seeds, in the same order.

    With `limit`, only members with a lower number are used. Targets are those of the first run, each
    judged as its scenario reads it.
    """
    first = runs[0]
    if len({run.library.registry.digest for run in runs}) > 1:
        raise UsageError(
            "runs of different cities (--data) cannot be compared member by member",
            "不同城市（--data）的运行不能逐成员比较",
        )
    members, years = _common(runs, limit)
    labels = _labels(runs)
    chosen = _metrics(metrics, first, years)
    differences: list[Difference] = []
    targets: list[TargetDifference] = []
    prices: list[Price] = []
    for position, (label, later) in enumerate(zip(labels[1:], runs[1:], strict=True)):
        other = others[position] if others else None
        for series in dict.fromkeys(series for series, _ in chosen):
            if series not in later.series:
                continue
            before = _aligned(first, members, years, series)
            after = _aligned(later, members, years, series)
            apart = None if other is None else _independent(other, later, members, years, series)
            for year in (year for name, year in chosen if name == series):
                column = years.index(year)
                differences.append(
                    _difference(
                        label,
                        (series, year, first.describe(series).unit),
                        before[:, column],
                        after[:, column],
                        after[:, column] if apart is None else apart[:, column],
                    )
                )
        found = _target_differences(label, first, later, members)
        targets += found
        prices += _prices(found, first, later, members)
    return Comparison(
        tuple(runs), labels, members, years, tuple(differences), tuple(targets), tuple(prices)
    )


def price(found: TargetDifference, before: Floats, after: Floats) -> Price:
    """Price the extra probability of a target by the budgets of the paired members, 亿元."""
    gap = after - before
    extra = float(gap.mean())
    half = student_95(gap.size - 1) * standard_error(gap)
    money = (extra - half, extra + half)
    points = (100.0 * found.low, 100.0 * found.high)
    quotient: tuple[float | None, float | None, float | None] = (None, None, None)
    priced_as: PricedAs = "unclear"
    if not points[0] <= 0.0 <= points[1]:
        if money[0] <= 0.0 <= money[1]:
            priced_as = "same_budget"
        elif (extra > 0.0) == (found.difference > 0.0):
            priced_as = "price" if extra > 0.0 else "saving"
            ends = [m / p for m in money for p in points]
            quotient = (extra / (100.0 * found.difference), min(ends), max(ends))
        else:
            priced_as = "cheaper_and_likelier" if extra < 0.0 else "dearer_and_less_likely"
    return Price(
        found.label,
        found.key,
        found.name,
        found.published,
        float(before.mean()),
        float(after.mean()),
        extra,
        *money,
        100.0 * found.difference,
        *points,
        priced_as,
        *quotient,
    )


def parse_metric(text: str, series: Sequence[str], years: Sequence[int]) -> tuple[str, int]:
    """`core_revenue@2027` as series and year; without a year, the last.

    UsageError names what is allowed and the nearest name.
    """
    name, at, year = text.partition("@")
    if name not in series:
        catalogue = Hint("; see `simulate metrics`", "；见 simulate metrics")
        hint = did_you_mean(name, series, catalogue)
        raise UsageError(
            f"{text!r}: no series {name!r}{hint.en}", f"{text!r}：没有序列 {name!r}{hint.zh}"
        )
    if not at:
        return name, years[-1]
    if not year.isascii() or not year.isdigit() or int(year) not in years:
        raise UsageError(
            f"{text!r}: no year {year!r}; allowed: {', '.join(str(each) for each in years)}",
            f"{text!r}：没有年份 {year!r}；可用：{'、'.join(str(each) for each in years)}",
        )
    return name, int(year)


def paired_shares(
    before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> tuple[float, float, float, int, int]:
    """Difference of two paired shares: value, 95 % interval, and how many gained and lost."""
    change = change_of_share(after.astype(np.float64) - before)
    gained = int(np.count_nonzero(after & ~before))
    lost = int(np.count_nonzero(before & ~after))
    return *change, gained, lost


def _common(
    runs: Sequence[Run], limit: int | None
) -> tuple[npt.NDArray[np.int64], tuple[int, ...]]:
    seeds = sorted({each.seed for each in runs})
    if len(seeds) > 1:
        told = [str(seed) for seed in seeds]
        raise UsageError(
            f"runs with seeds {', '.join(told)} share no draws; compare runs of one seed",
            f"种子 {'、'.join(told)} 的运行没有共同的抽样；请比较同一种子的运行",
        )
    members = functools.reduce(np.intersect1d, [each.members for each in runs])
    if limit is not None:
        members = members[members < limit]
    if members.size < 2:
        raise UsageError(
            f"the runs have {members.size} members in common; at least 2 are needed",
            f"各运行只有 {members.size} 个共同成员；至少需要 2 个",
        )
    years = tuple(year for year in runs[0].years if all(year in each.years for each in runs))
    if not years:
        raise UsageError("the runs have no year in common", "各运行没有共同的年份")
    return members, years


def _labels(runs: Sequence[Run]) -> tuple[str, ...]:
    """The stems; where two are the same, with the hash of the run."""
    stems = [each.stem for each in runs]
    return tuple(
        each.stem if stems.count(each.stem) == 1 else f"{each.stem}-{each.hash[:8]}"
        for each in runs
    )


def _metrics(
    metrics: Sequence[str] | None, first: Run, years: Sequence[int]
) -> list[tuple[str, int]]:
    if metrics is None:
        metrics = [name for name in first.series if first.describe(name).dimension == "city"]
    chosen: list[tuple[str, int]] = []
    for text in metrics:
        series, year = parse_metric(text, first.series, years)
        chosen += [(series, year)] if "@" in text else [(series, each) for each in years]
    return list(dict.fromkeys(chosen))


def _aligned(
    source: Run, members: npt.NDArray[np.int64], years: Sequence[int], series: str
) -> Floats:
    rows = np.searchsorted(source.members, members)
    columns = [source.years.index(year) for year in years]
    return source.annual(series)[rows][:, columns]


def _independent(
    other: Run,
    later: Run,
    members: npt.NDArray[np.int64],
    years: Sequence[int],
    series: str,
) -> Floats:
    if other.seed == later.seed:
        raise UsageError(
            "the runs for the unpaired comparison have the same seed",
            "不配对比较所用的运行种子相同",
        )
    shared = np.intersect1d(members, other.members)
    return _aligned(other, shared, years, series)


def _difference(
    label: str, what: tuple[str, int, str], before: Floats, after: Floats, apart: Floats
) -> Difference:
    gap = after - before
    mean = float(gap.mean())
    half = student_95(gap.size - 1) * standard_error(gap)
    unpaired = student_95(gap.size - 1) * math.hypot(standard_error(before), standard_error(apart))
    p05, p25, p50, p75, p95 = quantiles(gap).tolist()
    return Difference(
        label=label,
        series=what[0],
        year=what[1],
        unit=what[2],
        mean_first=float(before.mean()),
        mean_this=float(after.mean()),
        mean=mean,
        low=mean - half,
        high=mean + half,
        p05=p05,
        p25=p25,
        p50=p50,
        p75=p75,
        p95=p95,
        half_width=half,
        half_width_unpaired=unpaired,
    )


class Members:
    """A run seen through some of its members, as the judge of targets takes it."""

    def __init__(self, source: Run, members: npt.NDArray[np.int64]) -> None:
        self._source = source
        self._rows = np.searchsorted(source.members, members)
        self.library = source.library
        self.quarters = source.quarters
        self.years = source.years
        self.series = source.series

    def annual(self, series: str, /) -> Floats:
        """Annual figures of these members."""
        return self._source.annual(series)[self._rows]

    def values(self, series: str, /) -> Floats:
        """One series of these members, by quarter."""
        return self._source.values(series)[self._rows]

    def parameters(self, name: str, /) -> Floats:
        """One drawn parameter of these members."""
        return self._source.parameters(name)[self._rows]


def _prices(
    targets: Sequence[TargetDifference], first: Run, later: Run, members: npt.NDArray[np.int64]
) -> list[Price]:
    """Prices of the headline targets; budgets are read only where there is one."""
    headline = {target.key for target in first.library.registry.targets if target.headline}
    judged = [target for target in targets if target.key in headline]
    if not judged:
        return []
    from simulator.experiments.ledger import budgets_of

    before, after = (
        budgets_of(source)[np.searchsorted(source.members, members)] for source in (first, later)
    )
    return [price(target, before, after) for target in judged]


def _target_differences(
    label: str, first: Run, later: Run, members: npt.NDArray[np.int64]
) -> list[TargetDifference]:
    from simulator.targets import goals_of, measurable, met, score

    before, after = Members(first, members), Members(later, members)
    years = [year for year in first.years if year in later.years]
    goals = goals_of(first, years=years)
    found: list[TargetDifference] = []
    for goal, judged in zip(goals, score(goals, before), strict=True):
        if judged.status != "scored" or not measurable(goal, after):
            continue
        for published in (False, True) if judged.published else (False,):
            one = met(goal, before, published=published)
            two = met(goal, after, published=published)
            difference, low, high, gained, lost = paired_shares(one, two)
            found.append(
                TargetDifference(
                    label,
                    goal.key,
                    goal.name,
                    published,
                    float(one.mean()),
                    float(two.mean()),
                    difference,
                    low,
                    high,
                    gained,
                    lost,
                )
            )
    return found
