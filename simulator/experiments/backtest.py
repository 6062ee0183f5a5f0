"""The backtest: forecasts from rolling origins with what was known on the day, held against what came.

At an origin the model runs from a vintage of its data (priors included), is fitted to the figures known by then, and
forecasts the rest; naive forecasts know the same figures. Points are few and overlap, so the report gives errors,
skill, coverage and their number, and claims no significance.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np

from simulator.experiments.calibration import SERIES, moved_to_facts, noisy_statistics, spread_of
from simulator.experiments.inference import DEGREE, Floats, Integers, degree_held, posterior
from simulator.experiments.moments import (
    NATIONAL,
    Moment,
    annual,
    known_by,
    load_moments,
    measured,
    reported,
)
from simulator.experiments.reference import Progress, Reference, simulate_reference
from simulator.experiments.vintage import make_vintage
from simulator.foundation.parameters import cell_number, cell_text, cell_whole
from simulator.foundation.tables import read_table, shipped
from simulator.registry import Name, Registry

Standing = Literal["beats", "no_better", "worse"]
MODEL, WALK, AR1, GRID, TARGET = "model", "random_walk", "ar1", "gbm", "target"
METHODS: Final[dict[str, Name]] = {
    MODEL: Name("模型", "model"),
    WALK: Name("带漂移随机游走", "random walk with drift"),
    AR1: Name("AR(1)", "AR(1)"),
    GRID: Name("几何布朗运动（μ = 0.18，σ = 0.15）", "GBM (μ = 0.18, σ = 0.15)"),
    TARGET: Name("目标值本身", "the target itself"),
}
GRID_DRIFTS: Final = (0.10, 0.18, 0.25)
GRID_VOLATILITY: Final = 0.15
SMALLEST_SD: Final = 0.02
SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MEMBERS: Final = 600
SHARE: Final = 0.3
MARGIN: Final = 0.1
"""A ratio of errors within this of one is called no better: a dozen overlapping points tell no finer."""


class Origin(NamedTuple):
    """A day to forecast from: what is forecast, and for which plan."""

    day: date
    subject: Literal["software", "national", "funds"]
    until: int
    name: Name


ORIGINS: Final = (
    Origin(
        date(2018, 10, 23), "software", 2021, Name("2018 年规划发布后", "after the plan of 2018")
    ),
    Origin(date(2019, 6, 30), "software", 2021, Name("2019 年年中", "middle of 2019")),
    Origin(
        date(2020, 9, 1),
        "software",
        2021,
        Name("2020 年试验区规划后", "after the pilot-zone plan of 2020"),
    ),
    Origin(date(2022, 4, 1), "software", 2021, Name("2022 年春", "spring of 2022")),
    Origin(date(2022, 8, 31), "national", 2023, Name("2022 年夏", "summer of 2022")),
    Origin(date(2023, 11, 30), "national", 2024, Name("2023 年秋", "autumn of 2023")),
    Origin(date(2024, 8, 31), "national", 2024, Name("2024 年夏", "summer of 2024")),
    Origin(date(2018, 10, 23), "funds", 2025, Name("2018 年规划发布后", "after the plan of 2018")),
    Origin(
        date(2020, 9, 1),
        "funds",
        2025,
        Name("2020 年试验区规划后", "after the pilot-zone plan of 2020"),
    ),
)
SOFTWARE_FOUNDING: Final = 1391.0
"""Level of 2017 as it could be extrapolated in 2018: 1185 (2016) grown by its own 17.4 %, 亿元."""
FUND_TARGET: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """One forecast of one figure: central value and interval in the unit of the figure, error in log points.

    `crps` is the continuous ranked probability score in log points, `inside50` and `inside90` whether the figure lies
    within the central interval; None for a forecast without a spread. `degree` is that of the regression that moved the
    model's draws to the figures known on the day; of the naive ones it says nothing.
    """

    origin: date
    subject: str
    moment: Moment
    horizon: int
    method: str
    value: float
    low: float
    high: float
    outcome: float
    error: float
    crps: float | None
    inside50: bool | None
    inside90: bool | None
    degree: int = DEGREE


@dataclass(frozen=True, slots=True)
class Score:
    """How one method did on one subject."""

    subject: str
    method: str
    points: int
    mean_error: float
    absolute_error: float
    root_square: float
    crps: float | None
    coverage50: float | None
    coverage90: float | None
    skill: float | None  # 1 − RMSE over that of the random walk; None where there is none


@dataclass(frozen=True, slots=True)
class Outcome:
    """An earlier target and what became of it."""

    id: str
    name: Name
    kind: str
    goal: float
    unit: str
    deadline: int
    outcome: float | None
    period: str
    verdict: str
    note: Name


@dataclass(frozen=True, slots=True)
class Backtest:
    """Everything `simulate backtest` finds; `verdict` is a sentence that stands beside every probability.

    `degree` is the lowest at any origin: below `DEGREE` too few members agreed with the figures known there.
    """

    forecasts: tuple[Forecast, ...]
    scores: tuple[Score, ...]
    outcomes: tuple[Outcome, ...]
    standing: Standing
    ratio: float  # RMSE of the model over that of the random walk, software revenue
    points: int
    verdict: Name
    members: int
    seed: int
    degree: int


def backtest(
    members: int = MEMBERS,
    *,
    seed: int = 1,
    origins: Sequence[Origin] = ORIGINS,
    moments: Sequence[Moment] | None = None,
    calibration: Path | None = None,
    workers: int = 2,
    engine: str = "auto",
    progress: Progress | None = None,
    kept: Path | None = None,
) -> Backtest:
    """Forecast from every origin and score; vintages live in a temporary folder that is removed.

    Origins of one day share their ensemble; `kept` is where members lie that an interrupted backtest had simulated.
    Raises InputError for bad tables.
    """
    everything = load_moments() if moments is None else tuple(moments)
    days = sorted({origin.day for origin in origins})
    forecasts: list[Forecast] = []
    total = members * len(days)
    for number, day in enumerate(days):
        at_day = [origin for origin in origins if origin.day == day]
        until = max(origin.until for origin in at_day)

        def report(done: int, _: int, number: int = number) -> None:
            if progress is not None:
                progress(number * members + done, total)

        with tempfile.TemporaryDirectory(prefix="simulate-vintage-") as name:
            vintage = make_vintage(Path(name), day, calibration=calibration)
            reference = simulate_reference(
                vintage.scenario,
                vintage.folder,
                members,
                SERIES,
                seed=seed,
                until=until,
                workers=workers,
                engine=engine,
                progress=report,
                kept=kept,
            )
        for origin in at_day:
            forecasts += forecast_from(origin, reference, everything)
    order = [(origin.day, str(origin.subject)) for origin in origins]
    forecasts.sort(key=lambda f: order.index((f.origin, f.subject)))
    return judge(forecasts, load_outcomes(), members, seed)


def judge(
    forecasts: Sequence[Forecast], outcomes: Sequence[Outcome], members: int, seed: int
) -> Backtest:
    """Scores by subject and method, and the verdict on software revenue."""
    scores = tuple(
        score
        for subject in dict.fromkeys(f.subject for f in forecasts)
        for method in METHODS
        if (score := _score(forecasts, subject, method)) is not None
    )
    mine = next((s for s in scores if s.subject == "software" and s.method == MODEL), None)
    walk = next((s for s in scores if s.subject == "software" and s.method == WALK), None)
    ratio = mine.root_square / walk.root_square if mine and walk else math.nan
    standing: Standing = "no_better"
    if ratio < 1.0 - MARGIN:
        standing = "beats"
    elif ratio > 1.0 + MARGIN:
        standing = "worse"
    points = mine.points if mine else 0
    return Backtest(
        tuple(forecasts),
        scores,
        tuple(outcomes),
        standing,
        ratio,
        points,
        sentence(standing, ratio, points, mine),
        members,
        seed,
        min((f.degree for f in forecasts), default=DEGREE),
    )


def sentence(standing: Standing, ratio: float, points: int, mine: Score | None) -> Name:
    """The verdict in words, with the number of points and no claim of significance."""
    covered = mine.coverage90 if mine and mine.coverage90 is not None else math.nan
    held = Name(
        f"{points} 个重叠的点，90 % 区间覆盖 {covered:.0%}，不作显著性判断",
        f"{points} overlapping points, 90 % intervals covered {covered:.0%}; no significance claimed",
    )
    head = {
        "beats": Name(
            f"已回测：软件业收入预测误差为随机游走的 {ratio:.2f} 倍，优于朴素基准",
            f"backtested: errors on software revenue are {ratio:.2f} of the random walk's, it beats the naive forecast",
        ),
        "no_better": Name(
            f"已回测：软件业收入预测误差为随机游走的 {ratio:.2f} 倍，不优于朴素基准，只宜比较政策工具",
            f"backtested: errors on software revenue are {ratio:.2f} of the random walk's, no better than naive; "
            "offered for ranking levers only",
        ),
        "worse": Name(
            f"已回测：软件业收入预测误差为随机游走的 {ratio:.2f} 倍，劣于朴素基准，只宜比较政策工具，不是预测",
            f"backtested: errors on software revenue are {ratio:.2f} times the random walk's, worse than naive; "
            "offered for ranking levers only, not as a forecast",
        ),
    }[standing]
    return Name(f"{head.zh}（{held.zh}）", f"{head.en} ({held.en})")


def forecast_from(
    origin: Origin, reference: Reference, moments: Sequence[Moment]
) -> list[Forecast]:
    """Every method's forecasts of the subject's figures published from the origin on."""
    if origin.subject == "software":
        return _software(origin, reference, moments)
    if origin.subject == "national":
        return _national(origin, reference, moments)
    return _funds(origin, reference, moments)


def load_outcomes(path: Path | None = None) -> tuple[Outcome, ...]:
    """Earlier targets beside what became of them, in table order. Raises InputError."""
    found = []
    for row in read_table(path or shipped("calibration", "outcomes.csv")):
        got = cell_text(row, "outcome", empty=True)
        found.append(
            Outcome(
                cell_text(row, "id"),
                Name(cell_text(row, "name_zh"), cell_text(row, "name_en")),
                cell_text(row, "kind"),
                cell_number(row, "goal"),
                cell_text(row, "unit"),
                cell_whole(row, "deadline"),
                cell_number(row, "outcome") if got else None,
                cell_text(row, "outcome_period", empty=True),
                cell_text(row, "verdict"),
                Name(cell_text(row, "note_zh", empty=True), cell_text(row, "note_en", empty=True)),
            )
        )
    return tuple(found)


def kinds_of_metrics(path: Path | None = None) -> dict[str, str]:
    """What kind of promise each plan metric is: market, money, commitment, title or physical."""
    return {
        row["metric"]: row["kind"]
        for row in read_table(path or shipped("calibration", "target_kinds.csv"))
    }


def record_of(kind: str, outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    """Of earlier targets of a kind: how many were met, missed or likely missed, and not known."""
    own = [outcome for outcome in outcomes if outcome.kind == kind]
    met = sum(outcome.verdict in MET for outcome in own)
    missed = sum(outcome.verdict in MISSED for outcome in own)
    return met, missed, len(own) - met - missed


def records_of(registry: Registry) -> dict[str, Name]:
    """For each plan target, by key, what became of earlier targets of its kind; none where the kind is unknown."""
    kinds, outcomes = kinds_of_metrics(), load_outcomes()
    found: dict[str, Name] = {}
    for target in registry.targets:
        kind = kinds.get(target.metric)
        if kind is None:
            continue
        met, missed, unknown = record_of(kind, outcomes)
        if met + missed + unknown:
            word = KINDS[kind]
            found[target.key] = Name(
                f"{word.zh}：{met} 项达到，{missed} 项未达到或很可能未达到，{unknown} 项结果未见",
                f"{word.en}: {met} met, {missed} missed or likely missed, {unknown} not found",
            )
    return found


MET: Final = ("beaten", "met", "late")
MISSED: Final = ("missed", "likely_missed")
VERDICTS: Final[dict[str, Name]] = {
    "beaten": Name("超额达到", "beaten"),
    "met": Name("达到", "met"),
    "late": Name("逾期达到", "met late"),
    "missed": Name("未达到", "missed"),
    "likely_missed": Name("很可能未达到", "likely missed"),
    "wider_perimeter": Name("口径不同，不可比", "other perimeter, not comparable"),
    "unknown": Name("结果未见", "outcome not found"),
}
KINDS: Final[dict[str, Name]] = {
    "market": Name("市场结果", "market outcomes"),
    "money": Name("实际资金", "money actually spent"),
    "commitment": Name("承诺金额", "money committed"),
    "title": Name("企业称号", "firm titles"),
    "physical": Name("实物计数", "physical counts"),
    "perimeter": Name("宽口径统计", "wide statistics"),
}


def _software(origin: Origin, reference: Reference, moments: Sequence[Moment]) -> list[Forecast]:
    """Levels of software revenue, as growth of the model on the last level known on the day."""
    series = "software_revenue"
    levels = _known_levels(known_by(moments, origin.day))
    last = max(levels)
    history = [math.log(levels[y] / levels[y - 1]) for y in sorted(levels) if y - 1 in levels]
    # Before the figures of 2018 the level of 2017 is an extrapolation, and the founding is made from it.
    start = max(last, reference.block.quarters[0].year)
    base = levels.get(start, SOFTWARE_FOUNDING)
    outcomes = _levels(moments)
    targets = [y for y in sorted(outcomes) if y > last and y <= origin.until]
    near = _agreeing(reference, _to_fit(origin, reference, moments))
    found: list[Forecast] = []
    for year in targets:
        moment = outcomes[year][1]
        growth = np.log(
            annual(reference.block, series, year) / annual(reference.block, series, start)
        )
        draws = math.log(base) + moved_to_facts(growth[near.places], near.gaps, near.weights)
        outcome = math.log(outcomes[year][0])
        horizon = year - last
        found.append(_scored(origin, moment, horizon, draws, near, outcome))
        naive = math.log(levels[last])
        drift = float(np.mean(history))
        sd = (
            max(float(np.std(history, ddof=1)), SMALLEST_SD)
            if len(history) > 1
            else GRID_VOLATILITY
        )
        spread = sd * math.sqrt(horizon * (1.0 + horizon / max(len(history), 1)))
        found.append(
            _normal(origin, moment, horizon, WALK, naive + drift * horizon, spread, outcome)
        )
        found.append(
            _normal(origin, moment, horizon, AR1, naive + _ar1(history, horizon), spread, outcome)
        )
        found.append(
            _normal(
                origin,
                moment,
                horizon,
                GRID,
                naive + GRID_DRIFTS[1] * horizon,
                GRID_VOLATILITY * math.sqrt(horizon),
                outcome,
            )
        )
    return found


def _national(origin: Origin, reference: Reference, moments: Sequence[Moment]) -> list[Forecast]:
    """Growth of the national industry a year at a time; levels are never chained across the re-basing."""
    own = [m for m in moments if m.observable == NATIONAL]
    known = {m.last_year: m.logarithm for m in own if m.known < origin.day}
    coming = [m for m in own if m.known >= origin.day and m.last_year <= origin.until]
    history = [known[y] for y in sorted(known)]
    last = max(known)
    near = _agreeing(reference, [m for m in own if m.known < origin.day])
    forecasts: list[Forecast] = []
    for moment in coming:
        horizon = max(moment.last_year - last, 1)
        growth = reference.block.national[moment.last_year][near.places]
        draws = moved_to_facts(growth, near.gaps, near.weights)
        outcome = moment.logarithm
        forecasts.append(_scored(origin, moment, horizon, draws, near, outcome))
        drift = float(np.mean(history))
        sd = (
            max(float(np.std(history, ddof=1)), SMALLEST_SD)
            if len(history) > 1
            else GRID_VOLATILITY
        )
        spread = sd * math.sqrt(1.0 + 1.0 / len(history))
        forecasts.append(_normal(origin, moment, horizon, WALK, drift, spread, outcome))
        step = _ar1(history, horizon) - _ar1(history, horizon - 1)
        forecasts.append(_normal(origin, moment, horizon, AR1, step, spread, outcome))
        forecasts.append(
            _normal(origin, moment, horizon, GRID, GRID_DRIFTS[1], GRID_VOLATILITY, outcome)
        )
    return forecasts


def _funds(origin: Origin, reference: Reference, moments: Sequence[Moment]) -> list[Forecast]:
    """The fund chain of 2025: committed, paid in, landed; the plan's own figure is the naive forecast of each."""
    coming = [
        m
        for m in moments
        if m.perimeter == "fund_group"
        and m.reduction == "level"
        and m.unit == "亿元"
        and m.known >= origin.day
    ]
    near = _agreeing(reference, _to_fit(origin, reference, moments))
    forecasts: list[Forecast] = []
    for moment in coming:
        quarter = next(i for i, q in enumerate(reference.block.quarters) if str(q) == moment.period)
        values = reference.block.values[moment.observable][near.places, quarter]
        draws = moved_to_facts(np.log(np.maximum(values, 1e-3)), near.gaps, near.weights)
        outcome, horizon = moment.logarithm, moment.last_year - origin.day.year
        forecasts.append(_scored(origin, moment, horizon, draws, near, outcome))
        error = math.log(FUND_TARGET) - outcome
        forecasts.append(
            Forecast(
                origin.day,
                origin.subject,
                moment,
                horizon,
                TARGET,
                FUND_TARGET,
                FUND_TARGET,
                FUND_TARGET,
                moment.value,
                error,
                None,
                None,
                None,
            )
        )
    return forecasts


class Agreeing(NamedTuple):
    """The members that agree with what was known on a day: their places, weights and gaps (m, K) to it."""

    places: Integers
    weights: Floats
    gaps: Floats

    @property
    def degree(self) -> int:
        """Degree of the regression that moves them to the figures."""
        return degree_held(self.gaps, self.weights)


def _agreeing(reference: Reference, facts: Sequence[Moment]) -> Agreeing:
    told = noisy_statistics(reference, facts)
    observed = reported(facts, spread_of(told))
    found = posterior(reference.draws, told, observed, share=SHARE, degree=0)
    return Agreeing(found.index, found.weights, observed.gaps(told)[found.index])


def _to_fit(origin: Origin, reference: Reference, moments: Sequence[Moment]) -> Sequence[Moment]:
    """The figures to fit known on the day that the reference can be held against."""
    years = (reference.block.quarters[0].year, *reference.study.years)
    facts = [m for m in known_by(moments, origin.day) if m.role == "fit"]
    return measured(facts, tuple(reference.block.values), years)


def _known_levels(known: Sequence[Moment]) -> dict[int, float]:
    """Yearly levels of software revenue as they could be written down from the figures known."""
    levels = {
        m.last_year: m.value
        for m in known
        if m.observable == "software_revenue" and m.reduction == "level"
    }
    rates = {
        m.last_year: m.value for m in known if m.observable == "software_revenue" and m.is_rate
    }
    for year in sorted(rates, reverse=True):
        if year in levels and year - 1 not in levels:
            levels[year - 1] = levels[year] / (1.0 + rates[year])
    for year in sorted(rates):
        if year - 1 in levels and year not in levels:
            levels[year] = levels[year - 1] * (1.0 + rates[year])
    return levels


def _levels(moments: Sequence[Moment]) -> dict[int, tuple[float, Moment]]:
    """Final levels of software revenue by year with the figure each rests on.

    The round lower bound of 2019 gives way to what the later growth rates imply.
    """
    two_sided = [m for m in moments if m.side == "two"]
    levels = _known_levels(two_sided)
    rests: dict[int, Moment] = {}
    for m in moments:
        if m.observable != "software_revenue" or m.reduction not in ("level", "growth"):
            continue
        if m.reduction == "level" or m.last_year not in rests:
            rests[m.last_year] = m
    return {year: (levels[year], rests[year]) for year in levels if year in rests}


def _ar1(history: Sequence[float], horizon: int) -> float:
    """Sum of AR(1) growth over the horizon; below four growth rates persistence is not estimable and nought."""
    mean = float(np.mean(history))
    phi = 0.0
    if len(history) > 3:
        before, after = np.array(history[:-1]) - mean, np.array(history[1:]) - mean
        if float(before @ before) > 0.0:
            phi = float(np.clip(before @ after / (before @ before), -0.9, 0.9))
    level, total = history[-1] - mean, 0.0
    for _ in range(horizon):
        level *= phi
        total += mean + level
    return total


def _scored(
    origin: Origin,
    moment: Moment,
    horizon: int,
    draws: Floats,
    near: Agreeing,
    outcome: float,
) -> Forecast:
    """The model's forecast from weighted draws of logs, with the error of the report laid on top."""
    low, quarter, middle, three, high = with_error(draws, near.weights, moment.sd, SHARES)
    return Forecast(
        origin.day,
        origin.subject,
        moment,
        horizon,
        MODEL,
        _unlog(moment, middle),
        _unlog(moment, low),
        _unlog(moment, high),
        _unlog(moment, outcome),
        middle - outcome,
        crps_of(draws, near.weights, moment.sd, outcome),
        quarter <= outcome <= three,
        low <= outcome <= high,
        near.degree,
    )


def with_error(
    draws: Floats, weights: Floats, sd: float, shares: Sequence[float]
) -> tuple[float, ...]:
    """Quantiles of weighted draws that each carry an independent normal error: those of the mixture of normals."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    told = weights / weights.sum()
    far = 10.0 * sd
    return tuple(
        float(
            brentq(
                lambda x, share=share: float(told @ ndtr((x - draws) / sd)) - share,
                draws.min() - far,
                draws.max() + far,
            )
        )
        for share in shares
    )


def _normal(
    origin: Origin,
    moment: Moment,
    horizon: int,
    method: str,
    mean: float,
    sd: float,
    outcome: float,
) -> Forecast:
    z = (outcome - mean) / sd
    density, below = (
        math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi),
        0.5 * math.erfc(-z / math.sqrt(2)),
    )
    crps = sd * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))
    return Forecast(
        origin.day,
        origin.subject,
        moment,
        horizon,
        method,
        _unlog(moment, mean),
        _unlog(moment, mean - 1.6449 * sd),
        _unlog(moment, mean + 1.6449 * sd),
        _unlog(moment, outcome),
        mean - outcome,
        crps,
        abs(z) <= 0.6745,
        abs(z) <= 1.6449,
    )


def crps_of(draws: Floats, weights: Floats, sd: float, outcome: float) -> float:
    """Continuous ranked probability score of weighted draws with a normal error: E|X − y| − ½E|X − X'|, both exact.

    Source: the mean of |N(m, s²)|, as Grimit et al. 2006 use it for mixtures of normals, from memory; held to the score
    of one normal and to draws in the tests.
    """
    told = weights / weights.sum()
    apart = _mean_size(draws[:, np.newaxis] - draws, sd * math.sqrt(2.0))
    return float(told @ _mean_size(draws - outcome, sd) - 0.5 * told @ apart @ told)


def _mean_size(middle: Floats, sd: float) -> Floats:
    """E|X| of normals about these middles."""
    from scipy.special import ndtr

    z = middle / sd
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return np.asarray(middle * (2.0 * ndtr(z) - 1.0) + 2.0 * sd * density)


def _unlog(moment: Moment, value: float) -> float:
    return math.exp(value) - 1.0 if moment.observable == NATIONAL else math.exp(value)


def _score(forecasts: Sequence[Forecast], subject: str, method: str) -> Score | None:
    own = [f for f in forecasts if f.subject == subject and f.method == method]
    if not own:
        return None
    errors = np.array([f.error for f in own])
    walk = [f.error for f in forecasts if f.subject == subject and f.method == WALK]
    root = float(np.sqrt(np.mean(errors**2)))
    crps = [f.crps for f in own if f.crps is not None]
    half = [f.inside50 for f in own if f.inside50 is not None]
    most = [f.inside90 for f in own if f.inside90 is not None]
    return Score(
        subject,
        method,
        len(own),
        float(errors.mean()),
        float(np.abs(errors).mean()),
        root,
        float(np.mean(crps)) if crps else None,
        float(np.mean(half)) if half else None,
        float(np.mean(most)) if most else None,
        1.0 - root / float(np.sqrt(np.mean(np.square(walk)))) if walk else None,
    )
