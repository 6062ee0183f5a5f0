"""Sampling intervals: what a number computed from so many members may differ from that of endless members.

All are 95 % and hold Monte Carlo error only. Members are independent draws; numbers of the same members under several
scenarios are paired, so intervals are made from each member's own difference.
"""

import functools
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Z95: Final = NormalDist().inv_cdf(0.975)


class Estimate(NamedTuple):
    """A number with its 95 % interval (Monte Carlo error only); `high` is infinite where it is open."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2


@functools.cache
def student_95(freedom: int) -> float:
    """The 97.5 % quantile of Student's t by its expansion about the normal one.

    Abramowitz and Stegun (1964), 26.7.5; within 0.002 from 5 degrees of freedom on, and below
    that the exact quantiles.
    """
    exact = (12.706204736, 4.302652730, 3.182446305, 2.776445105, 2.570581836)
    if freedom <= len(exact):
        return exact[freedom - 1]
    z = Z95
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def standard_error(values: Floats) -> float:
    """Standard error of the mean; exactly zero where all values are equal."""
    if values.size < 2 or values.min() == values.max():
        return 0.0
    return float(values.std(ddof=1)) / math.sqrt(values.size)


def mean_of(values: Floats) -> Estimate:
    """Mean of the members' values with Student's interval; no width where all are equal."""
    mean = float(values.mean())
    half = student_95(values.size - 1) * standard_error(values) if values.size > 1 else 0.0
    return Estimate(mean, mean - half, mean + half)


def median_of(values: Floats) -> Estimate:
    """Median with the interval between two order statistics, whatever the distribution (Thompson 1936)."""
    ordered = np.sort(values)
    rank = max(1, math.floor(values.size / 2 - Z95 * math.sqrt(values.size) / 2))
    return Estimate(float(np.median(values)), float(ordered[rank - 1]), float(ordered[-rank]))


def share_interval(share: float, members: float) -> tuple[float, float]:
    """Wilson's interval of a share of members, of weighted ones by their effective number; it has a width at 0 and 1.

    Wilson (1927, JASA 22).
    """
    spread = Z95 * Z95 / members
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = Z95 / (1.0 + spread) * math.sqrt(share * (1.0 - share) / members + spread / members / 4)
    return (
        0.0 if share <= 0.0 else max(0.0, centre - half),
        1.0 if share >= 1.0 else min(1.0, centre + half),
    )


def change_of_share(values: Floats) -> Estimate:
    """Mean of changes between −1 and 1, such as of a member that meets a target or no longer meets it.

    One member that gains and one that loses are added, after Bonett and Price (2012, J. Educ. Behav. Stat. 37) for
    paired shares, so that the interval keeps a width where no member changed.
    """
    total = values.size + 2
    centre = float(values.sum()) / total
    spread = (float((values * values).sum()) + 2.0) / total - centre * centre
    half = Z95 * math.sqrt(spread / total)
    return Estimate(float(values.mean()), max(-1.0, centre - half), min(1.0, centre + half))


def rank_correlation(one: Floats, two: Floats) -> Estimate:
    """Spearman's rank correlation of the members' values, ties at their mean rank; zero where one does not vary.

    Fisher's z with the variance (1 + r²/2)/(n − 3) of Bonett and Wright (2000, Psychometrika 65:23–28). Members in
    perfect order are taken to be half a swap of two neighbours from it, so that the interval keeps a width; three
    members or fewer say nothing.
    """
    from scipy.stats import rankdata

    count = one.size
    if count < 2 or one.min() == one.max() or two.min() == two.max():
        return Estimate(0.0, 0.0, 0.0)
    value = float(np.corrcoef(rankdata(one), rankdata(two))[0, 1])
    value = min(1.0, max(-1.0, value))
    if count < 4:
        return Estimate(value, -1.0, 1.0)
    most = 1.0 - 6.0 / (count**3 - count)
    centre = math.atanh(min(most, max(-most, value)))
    half = Z95 * math.sqrt((1.0 + value * value / 2.0) / (count - 3))
    low, high = math.tanh(centre - half), math.tanh(centre + half)
    return Estimate(value, min(value, low), max(value, high))


def jackknifed(
    rows: Floats, statistic: Callable[[Floats], Floats], positive: bool = False
) -> tuple[Floats, Floats, Floats]:
    """A statistic of two independent rows or more with the ends of its interval: jackknife with Student's t.

    `statistic` takes (rows, …) and gives an array of any shape, which the three that are returned share. Of a mean it
    is the usual interval. Statistics that are `positive`, as sizes and variances are, have theirs on the scale of
    logarithms, since few rows show too little of a long upper tail; one that is zero keeps the plain one.
    """
    value = statistic(rows)
    without = np.array([statistic(np.delete(rows, i, axis=0)) for i in range(len(rows))])
    half = _jackknife_half(without)
    low, high = value - half, value + half
    if positive:
        logs = (value > 0.0) & (without > 0.0).all(axis=0)
        factor = np.exp(_jackknife_half(np.log(np.where(logs, without, 1.0))))
        low, high = np.where(logs, value / factor, low), np.where(logs, value * factor, high)
    return value, low, high


def _jackknife_half(without: Floats) -> Floats:
    """Half widths from a statistic with each row left out in turn, (rows, …)."""
    count = len(without)
    variance = (count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray(student_95(count - 1) * np.sqrt(variance))
