"""The stylised facts of firms, one function each, on histories of single firms.

Growth is the log difference of revenue between two whole years. Every statistic is taken per member and summed up by
its median and 5–95 % range over members, so that the range holds luck and parameters alike.
Source of facts and recipes: `calibration/stylised_facts.csv`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.histories import Floats, History
from simulator.targets import probability

Flags = npt.NDArray[np.bool_]

SIZE_BINS = 10
WILDEST = 3.0  # log points; larger yearly growth is a change of perimeter, not growth
FUND_YEAR = 2025  # the eighth year of the fund
TAIL_SHARE, TAIL_FIRMS = 0.1, 50
Z95 = 1.96
PANEL_SIZE = 0.2  # 亿元, above-scale threshold of the industrial panel


class Sample(NamedTuple):
    """A statistic over members: median and 5–95 % range (a share of members: Wilson 95 %)."""

    value: float
    low: float
    high: float


class Growth(NamedTuple):
    """Growth of surviving firms of one member, a row for each firm and year."""

    year: npt.NDArray[np.int64]
    rate: Floats  # log points
    before: Floats  # ln revenue of the year before
    after: Floats
    earlier: Floats  # growth of the year before, NaN where there is none


class Evidence(NamedTuple):
    """What the facts are computed from: histories, and three small experiments of their own."""

    histories: tuple[History, ...]
    growth: tuple[Growth, ...]
    luck: Floats  # growth of the total in worlds whose firms only have luck (SF26)
    luck_expected: float  # its standard deviation by Gabaix's formula
    zones: tuple[
        tuple[History, History], ...
    ]  # same member without and with all zones (SF37, SF38)


def growth_of(history: History) -> Growth:
    """All pairs of whole years of every firm."""
    size = np.log(np.where(history.revenue > 0.0, history.revenue, np.nan))
    rate = np.diff(size, axis=0)
    rows, firms = np.nonzero(np.isfinite(rate))
    earlier = np.full(rate.shape, np.nan)
    earlier[1:] = rate[:-1]
    return Growth(
        rows, rate[rows, firms], size[rows, firms], size[rows + 1, firms], earlier[rows, firms]
    )


def size_bins(size: Floats, bins: int = SIZE_BINS) -> npt.NDArray[np.int64]:
    """Number of the equal-count bin of each firm, by rank."""
    order = np.argsort(np.argsort(size, kind="stable"), kind="stable")
    return np.asarray(order * bins // len(size))


def demeaned(values: Floats, group: npt.NDArray[np.int64]) -> Floats:
    """Values less the mean of their group."""
    count = np.bincount(group)
    mean = np.bincount(group, values) / np.where(count > 0, count, 1)
    return np.asarray(values - mean[group])


def standardised(growth: Growth) -> Floats:
    """Growth less its year's mean, over the standard deviation of its size bin; |g| > 3 left out."""
    kept = np.abs(growth.rate) <= WILDEST
    rate = demeaned(growth.rate[kept], growth.year[kept])
    bins = size_bins(growth.before[kept])
    scale = np.array([rate[bins == k].std() for k in range(SIZE_BINS)])
    return np.asarray(rate / np.where(scale > 0.0, scale, 1.0)[bins])


def subbotin_shape(values: Floats) -> float:
    """Shape b of the Subbotin law by maximum likelihood: 1 Laplace, 2 normal (golden section on the profile)."""
    centred = np.abs(values - np.median(values))
    centred = centred[centred > 0.0]
    logs = np.log(centred)

    def loss(shape: float) -> float:
        mean = float(np.exp(shape * logs).mean())
        # Scale at its optimum a^b = b·mean|x|^b; what is left is constant in the data.
        scale = (shape * mean) ** (1.0 / shape)
        return math.log(2.0 * scale) + math.lgamma(1.0 + 1.0 / shape) + 1.0 / shape

    low, high = 0.3, 3.0
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    while high - low > 1e-3:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return (low + high) / 2.0


def tail_exponent(sizes: Floats) -> float:
    """Exponent of the upper tail: OLS of ln(rank − 1/2) on ln size (Gabaix & Ibragimov 2011)."""
    count = min(len(sizes), max(TAIL_FIRMS, int(TAIL_SHARE * len(sizes))))
    top = np.log(np.sort(sizes)[::-1][:count])
    rank = np.log(np.arange(1, count + 1) - 0.5)
    return -_slope(top, rank)


def lognormal_survives(sizes: Floats) -> bool:
    """Whether Vuong's test leaves a lognormal tail standing against a Pareto tail above the best cut."""
    logs = np.sort(np.log(sizes))
    cuts = np.unique(
        logs[np.linspace(len(logs) // 2, max(len(logs) - TAIL_FIRMS, 1), 30).astype(int)]
    )
    best = min(cuts, key=lambda cut: _distance(logs[logs >= cut] - cut))
    return vuong(logs[logs >= best] - best) < Z95


def vuong(excess: Floats) -> float:
    """Vuong's statistic of an exponential law against a normal cut off at zero; positive favours the former.

    ``excess`` is ln size over the cut: a Pareto tail against a lognormal one.
    """
    exponent = 1.0 / excess.mean()
    pareto = np.log(exponent) - exponent * excess
    mu, sigma = _normal_above_zero(excess)
    above = 0.5 * math.erfc(-mu / sigma / math.sqrt(2.0))
    normal = -0.5 * ((excess - mu) / sigma) ** 2 - math.log(sigma * math.sqrt(2 * math.pi) * above)
    difference = pareto - normal
    spread = float(difference.std())
    return float(difference.mean()) / spread * math.sqrt(len(excess)) if spread else 0.0


def variance_exponent(growth: Growth) -> float:
    """β of the size–variance law: ln sd(g) on ln mean size over ten bins of equal count, sign turned."""
    rate = demeaned(growth.rate, growth.year)
    bins = size_bins(growth.before)
    size = np.array([math.log(np.exp(growth.before[bins == k]).mean()) for k in range(SIZE_BINS)])
    sd = np.array([rate[bins == k].std() for k in range(SIZE_BINS)])
    return -_slope(size, np.log(np.maximum(sd, 1e-12)))


def size_slope(growth: Growth, chosen: Flags | None = None) -> float:
    """Slope of growth on the log size of the year before, with year effects."""
    rows = np.ones(len(growth.rate), dtype=bool) if chosen is None else chosen
    year = growth.year[rows]
    return _slope(demeaned(growth.before[rows], year), demeaned(growth.rate[rows], year))


def growth_memory(growth: Growth, chosen: Flags) -> float:
    """Slope of growth on the growth of the year before by least absolute deviations, around year medians."""
    rows = chosen & np.isfinite(growth.earlier)
    year, x, y = growth.year[rows], growth.earlier[rows].copy(), growth.rate[rows].copy()
    for values in (x, y):
        for k in np.unique(year):
            values[year == k] -= np.median(values[year == k])
    kept = np.abs(x) > 1e-12
    ratio, weight = y[kept] / x[kept], np.abs(x[kept])
    order = np.argsort(ratio)
    reached = np.cumsum(weight[order])
    return float(ratio[order][np.searchsorted(reached, reached[-1] / 2.0)])


def yearly_hazards(lived: Floats, died: Floats) -> Floats:
    """Life table: exit hazard of each year of life from quarterly exposure; NaN where nobody lived."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1.0 - (1.0 - died / lived) ** 4)


def entry_share(history: History, start: int, end: int) -> float:
    """Net entry's share of the growth of revenue between two years (rows of the history)."""
    first, last = np.nan_to_num(history.revenue[start]), np.nan_to_num(history.revenue[end])
    stayed = (first > 0.0) & (last > 0.0)
    return float((last[~stayed].sum() - first[~stayed].sum()) / (last.sum() - first.sum()))


def _tail(e: Evidence) -> Sample:
    return _over(e, lambda h: np.mean([tail_exponent(_sizes(h, y)) for y in _last(h, 5)]))


def _lognormal(e: Evidence) -> Sample:
    share = probability(np.array([lognormal_survives(_sizes(h, -1)) for h in e.histories]))
    return Sample(share.value, share.low, share.high)


def _hump(e: Evidence) -> Sample:
    lived = np.sum([h.lived for h in e.histories], axis=0)
    hazard = yearly_hazards(lived, np.sum([h.died for h in e.histories], axis=0))
    peak = float(np.nanargmax(hazard[:8]) + 1)
    return Sample(peak, peak, peak)


def _survival(e: Evidence) -> Sample:
    return _over(e, lambda h: np.prod(1.0 - yearly_hazards(h.lived, h.died)[:5]))


def _panel_exit(e: Evidence) -> Sample:
    def share(h: History) -> float:
        there = np.nan_to_num(h.revenue) >= PANEL_SIZE
        return float(1.0 - (there[:-1] & there[1:]).sum() / there[:-1].sum())

    return _over(e, share)


def _zone_entry(e: Evidence) -> Sample:
    """Share of the zones' effect on core revenue in the last year that comes from firms only one world has."""

    def parts(off: History, on: History) -> tuple[float, float]:
        a, b = _core(off), _core(on)
        shared = np.intersect1d(off.ids[a > 0.0], on.ids[b > 0.0], assume_unique=True)
        new = b[~np.isin(on.ids, shared)].sum() - a[~np.isin(off.ids, shared)].sum()
        return float(new), float(b.sum() - a.sum())

    found = np.array([parts(off, on) for off, on in e.zones])
    # A member's own effect may be near zero, so the ratio is taken of means, its range by resampling members.
    picks = np.random.default_rng(1).integers(0, len(found), (400, len(found)))
    means = found[picks].mean(axis=1)
    low, high = np.quantile(means[:, 0] / means[:, 1], (0.05, 0.95)).tolist()
    return Sample(float(found[:, 0].mean() / found[:, 1].mean()), low, high)


def _zone_level(e: Evidence) -> Sample:
    return _of(np.array([_core(on).sum() / _core(off).sum() - 1.0 for off, on in e.zones]))


def _granular(e: Evidence) -> Sample:
    ratio = float(e.luck.std()) / e.luck_expected
    picks = np.random.default_rng(1).integers(0, len(e.luck), (400, len(e.luck)))
    low, high = (np.quantile(e.luck[picks].std(axis=1), (0.05, 0.95)) / e.luck_expected).tolist()
    return Sample(ratio, low, high)


def _fund(
    e: Evidence, ratio: Callable[[Mapping[str, Floats], Mapping[str, float]], float]
) -> Sample:
    return _over(e, lambda h: ratio(h.series, h.parameters))


def _ai_money(series: Mapping[str, Floats], drawn: Mapping[str, float]) -> float:
    """AI money of the fund in the period: what went to local tickets, before the landing share; 亿元."""
    return float(series["fund_invested"][-1]) / drawn["fund_landing_share"]


def _paid_in_share(history: History) -> float:
    """Paid in over committed at the end of `FUND_YEAR`, or at the end of a period that stops before."""
    paid, committed = history.series["fund_paid_in"], history.series["fund_committed"]
    at = min(max(4 * (FUND_YEAR - history.years[0]), 0), len(paid) - 1)
    return float(paid[at] / committed[at])


FACTS: Final[Mapping[str, Callable[[Evidence], Sample]]] = {
    "SF01": _tail,
    "SF03": _lognormal,
    "SF04": lambda e: _of(np.array([subbotin_shape(standardised(g)) for g in e.growth])),
    "SF05": lambda e: _of(np.array([_excess_kurtosis(demeaned(g.rate, g.year)) for g in e.growth])),
    "SF06": lambda e: _of(np.array([variance_exponent(g) for g in e.growth])),
    "SF08": lambda e: _of(np.array([size_slope(g) for g in e.growth])),
    "SF09": lambda e: _of(np.array([size_slope(g, _largest(g)) for g in e.growth])),
    "SF11": lambda e: _of(np.array([growth_memory(g, ~_largest(g)) for g in e.growth])),
    "SF12": lambda e: _of(np.array([growth_memory(g, _largest(g)) for g in e.growth])),
    "SF14": _hump,
    "SF15": lambda e: _over(e, lambda h: yearly_hazards(h.lived, h.died)[2]),
    "SF16": lambda e: _over(e, lambda h: np.mean(h.exits / h.present[:-1].sum(axis=1))),
    "SF17": _survival,
    "SF18": lambda e: _over(e, lambda h: h.young[-1]),
    "SF20": _panel_exit,
    "SF23": lambda e: _over(e, lambda h: entry_share(h, 1, min(9, len(h.years) - 1))),
    "SF26": _granular,
    "SF27": lambda e: _over(e, lambda h: h.series["top10_share"][0]),
    "SF28": lambda e: _over(e, lambda h: h.national.mean()),
    "SF29": lambda e: _over(e, _paid_in_share),
    "SF30": lambda e: _fund(
        e, lambda s, p: _ai_money(s, p) / (s["fund_paid_in"][-1] - s["fund_paid_in"][0])
    ),
    "SF31": lambda e: _fund(
        e,
        lambda s, p: (s["fund_invested"][-1] + s["private_coinvestment"][-1]) / _ai_money(s, p),
    ),
    "SF37": _zone_entry,
    "SF38": _zone_level,
    "SF40": lambda e: _over(e, lambda h: 1.0 - h.parameters["butfor_attract"]),
    "SF41": lambda e: _over(e, lambda h: h.multiplier),
}  # fmt: skip
"""What is computed, by the id of the fact."""

YEARS_NEEDED: Final[Mapping[str, int]] = {
    "SF01": 5, "SF11": 3, "SF12": 3, "SF14": 8, "SF15": 4, "SF17": 6, "SF18": 5, "SF23": 6, "SF38": 10,
}  # fmt: skip
"""Years the period must have; one is enough for the others."""


def _of(values: Floats) -> Sample:
    low, middle, high = np.nanquantile(values, (0.05, 0.5, 0.95)).tolist()
    return Sample(middle, low, high)


def _over(e: Evidence, statistic: Callable[[History], float | np.floating]) -> Sample:
    return _of(np.array([float(statistic(h)) for h in e.histories]))


def _last(history: History, count: int) -> Sequence[int]:
    return range(len(history.years) - count, len(history.years))


def _sizes(history: History, year: int) -> Floats:
    row = history.revenue[year]
    return np.asarray(row[np.isfinite(row) & (row > 0.0)])


def _core(history: History) -> Floats:
    """Revenue of each firm in the last year, of those in the catalogue; (F,)."""
    return np.where(history.catalogue[-1], np.nan_to_num(history.revenue[-1]), 0.0)


def _largest(growth: Growth) -> Flags:
    return np.asarray(size_bins(growth.before, 4) == 3)


def _excess_kurtosis(values: Floats) -> float:
    low, high = np.quantile(values, (0.01, 0.99))
    held = np.clip(values, low, high)
    held = held - held.mean()
    return float((held**4).mean() / (held**2).mean() ** 2 - 3.0)


def _slope(x: Floats, y: Floats) -> float:
    centred = x - x.mean()
    return float((centred * (y - y.mean())).sum() / (centred**2).sum())


def _distance(excess: Floats) -> float:
    """Kolmogorov–Smirnov distance of log excesses (sorted) from the exponential law fitted to them."""
    if excess.mean() <= 0.0:
        return math.inf
    model = 1.0 - np.exp(-excess / excess.mean())
    steps = np.arange(len(excess) + 1) / len(excess)
    return float(np.maximum(np.abs(model - steps[:-1]), np.abs(model - steps[1:])).max())


def _normal_above_zero(values: Floats) -> tuple[float, float]:
    """Mean and sd of a normal law cut off below zero, by likelihood on a grid that closes in."""
    mean, square = float(values.mean()), float((values**2).mean())

    def loss(mu: float, sigma: float) -> float:
        above = 0.5 * math.erfc(-mu / sigma / math.sqrt(2.0))
        if above < 1e-280:
            return math.inf
        off = square - 2.0 * mu * mean + mu * mu
        return math.log(sigma) + off / (2.0 * sigma * sigma) + math.log(above)

    best, reach = (0.0, math.log(values.std())), (12.0 * mean, 2.0)
    for _ in range(8):
        grid = [
            (best[0] + a * reach[0] / 8.0, best[1] + b * reach[1] / 8.0)
            for a in range(-8, 9)
            for b in range(-8, 9)
        ]
        best = min(grid, key=lambda point: loss(point[0], math.exp(point[1])))
        reach = (reach[0] / 3.0, reach[1] / 3.0)
    return best[0], math.exp(best[1])
