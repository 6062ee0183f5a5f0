"""The fit: eight parameters of the model given reported figures, and what the figures could not tell.

Order of work: an ensemble from priors that know none of the fitted figures; the prior predictive check; the draws that
agree (`inference`); recovery of known parameters from figures the model made itself; words on what moved. What stayed
at its prior is said to have stayed there. The base value of 2024 has no published observation and is never fitted.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np

from simulator.experiments.inference import (
    DEGREE,
    Floats,
    Interval,
    Posterior,
    degree_held,
    leave_one_out,
    moved_to_zero,
    posterior,
    uniformity,
    weighted_quantiles,
)
from simulator.experiments.moments import (
    Moment,
    known_by,
    load_moments,
    measured,
    report_error,
    reported,
    statistics,
)
from simulator.experiments.reference import Progress, Reference, simulate_reference
from simulator.experiments.vintage import Vintage, make_vintage
from simulator.foundation.files import write_alone
from simulator.foundation.findings import UsageError
from simulator.foundation.tables import files_digest, read_yaml, shipped
from simulator.registry import Name
from simulator.scenario import sheet_text

FITTED: Final = (
    "loading_national",
    "net_entry_share_national",
    "laplace_b_small",
    "beta_size_var",
    "arrivals_rate",
    "k_drawdown",
    "m_crowdin",
    "def_drift",
)
"""The parameters a fit may move; everything else keeps its prior and is integrated over."""
APART: Final[dict[str, Name]] = {
    "arrivals_rate": Name(
        "由净进入账户闭合，不单独抽取；公布数未给出核心企业引进数",
        "closed by the account of net entry, not drawn; no figure counts arrivals of core firms",
    ),
    "def_drift": Name(
        "逐年抽取；名录口径没有任何公布数，留在先验",
        "drawn anew every year; no figure of the catalogue was ever published, so it stays at its prior",
    ),
}
"""Parameters a fit might move and does not, with the reason."""
MEMBERS: Final = 2400
SHARE: Final = 0.2
HELD: Final = 300
ROWS: Final = 400
WITNESSES: Final = 2
"""Members whose statistics stand with a fit, so that a model that makes others is noticed."""
FROM: Final = "2025Q1"
"""A run that starts earlier does not take the fit unasked: its figures were not yet known."""
ROUGH: Final[dict[int, Name]] = {
    0: Name(
        "与公布数相符的成员太少，未作回归校正：拟合粗略，区间偏宽，移动偏小；请增加成员，默认数量已足够",
        "too few members agree with the figures for any regression adjustment: a rough fit, its intervals too wide and "
        "its moves too small; more members mend it, the default number is enough",
    ),
    1: Name(
        "与公布数相符的成员太少，只作线性校正：拟合粗略；请增加成员，默认数量已足够",
        "too few members agree with the figures for more than a linear adjustment: a rough fit; more members mend it, "
        "the default number is enough",
    ),
}
"""What is said of a fit whose adjustment is of a lower degree than `DEGREE`."""
SERIES: Final = (
    "software_revenue",
    "core_revenue",
    "core_scale",
    "fund_committed",
    "fund_paid_in",
    "fund_invested",
    "tickets",
)
Verdict = Literal["moved", "slightly", "prior", "closed"]


@dataclass(frozen=True, slots=True)
class Learned:
    """One parameter before and after: central 90 % intervals and a word on it."""

    name: str
    meaning: Name
    unit: str
    prior: Interval
    posterior: Interval
    verdict: Verdict
    shrinkage: float  # share of the prior's variance that the figures took away; below zero when they took none
    coverage50: float
    coverage90: float
    uniform: float  # p-value of the rank test


@dataclass(frozen=True, slots=True)
class Predicted:
    """One figure: what the priors said of it, and what the fit says; quantities in the figure's unit."""

    moment: Moment
    prior: Interval
    fitted: Interval
    rank: float  # where the figure stands among the prior's draws, 0 … 1
    used: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything `simulate calibrate` finds."""

    vintage: Vintage
    seed: int
    members: int
    facts: tuple[Moment, ...]
    names: tuple[str, ...]
    learned: tuple[Learned, ...]
    predicted: tuple[Predicted, ...]
    rows: Floats  # (ROWS, names) drawn from the posterior, equal weight or weighted
    weights: Floats
    effective: float
    degree: int  # of the regression that adjusted the draws: 2, or fewer where few draws agree
    held: int
    prior_draws: Floats  # (n, names)
    witness: Floats  # (WITNESSES, facts) statistics of the first members

    def correlation(self) -> Floats:
        """Weighted correlation of the fitted parameters, (P, P)."""
        centred = self.rows - np.average(self.rows, axis=0, weights=self.weights)
        covariance = (centred * self.weights[:, np.newaxis]).T @ centred
        sd = np.sqrt(np.diag(covariance))
        return np.asarray(covariance / np.outer(sd, sd))


def calibrate(
    folder: Path,
    members: int = MEMBERS,
    *,
    seed: int = 1,
    origin: date | None = None,
    share: float = SHARE,
    held: int = HELD,
    moments: Sequence[Moment] | None = None,
    calibration: Path | None = None,
    workers: int = 2,
    engine: str = "auto",
    progress: Progress | None = None,
    kept: Path | None = None,
) -> Calibration:
    """Fit to the moments of role `fit` known before `origin`; the vintage's data folder is written to `folder`.

    The priors of the fit cite none of the sources of the figures it uses, so that no figure counts twice. `kept` is
    where members lie that an interrupted fit had simulated.
    Raises UsageError for too few members, InputError for bad tables.
    """
    if members < 10 * len(FITTED):
        raise UsageError(
            f"a fit needs at least {10 * len(FITTED)} members",
            f"拟合至少需要 {10 * len(FITTED)} 个成员",
        )
    everything = load_moments() if moments is None else tuple(moments)
    facts = tuple(m for m in known_by(everything, origin) if m.role == "fit")
    vintage = make_vintage(
        folder, origin, {m.source for m in facts}, FITTED, calibration=calibration
    )
    reference = simulate_reference(
        vintage.scenario,
        vintage.folder,
        members,
        SERIES,
        seed=seed,
        workers=workers,
        engine=engine,
        progress=progress,
        kept=kept,
    )
    return fit(reference, vintage, facts, known_by(everything, origin), share=share, held=held)


def fit(
    reference: Reference,
    vintage: Vintage,
    facts: Sequence[Moment],
    everything: Sequence[Moment],
    *,
    share: float = SHARE,
    held: int = HELD,
) -> Calibration:
    """The fit of a reference ensemble to `facts`; `everything` is shown beside what was predicted of it."""
    years = (reference.block.quarters[0].year, *reference.study.years)
    facts = measured(facts, tuple(reference.block.values), years)
    seed = reference.study.scenario.seed
    names = tuple(
        name
        for name in FITTED
        if name not in APART and not reference.study.scenario.assumptions[name].is_fixed
    )
    draws = np.column_stack([reference.column(name) for name in names])
    bounds = reference.bounds(names)
    told = noisy_statistics(reference, facts)
    scales = spread_of(told)
    observed = reported(facts, scales)
    found = posterior_of(reference, names, facts, share)
    held_out = np.linspace(0, len(draws) - 1, min(held, len(draws)), dtype=np.int64)
    ranks, _ = leave_one_out(
        draws,
        told,
        scales,
        observed.sides,
        held_out,
        share=share,
        degree=found.degree,
        bounds=bounds,
    )
    learned = tuple(
        _learned(reference, name, i, draws, found, ranks) for i, name in enumerate(names)
    )
    rows, weights = _thinned(found, ROWS)
    return Calibration(
        vintage,
        seed,
        len(draws),
        facts,
        names,
        learned,
        tuple(
            _predictions(
                reference, measured(everything, tuple(reference.block.values), years), facts, found
            )
        ),
        rows,
        weights,
        found.effective,
        found.degree,
        len(held_out),
        draws,
        statistics(facts, reference.block)[:WITNESSES],
    )


def posterior_of(
    reference: Reference,
    names: Sequence[str],
    facts: Sequence[Moment],
    share: float = SHARE,
    degree: int | None = None,
) -> Posterior:
    """Draws of these parameters that agree with the facts the reference can be held against."""
    years = (reference.block.quarters[0].year, *reference.study.years)
    held = measured(facts, tuple(reference.block.values), years)
    told = noisy_statistics(reference, held)
    draws = np.column_stack([reference.column(name) for name in names])
    observed = reported(held, spread_of(told))
    return posterior(
        draws, told, observed, share=share, degree=degree, bounds=reference.bounds(names)
    )


def noisy_statistics(reference: Reference, facts: Sequence[Moment]) -> Floats:
    """What each member would have had published for each fact, (n, K): its statistic and an error of the report."""
    exact = statistics(facts, reference.block)
    if not facts:
        return np.empty((len(reference.members), 0))
    return np.asarray(exact + report_error(facts, reference.members, reference.study.scenario.seed))


def spread_of(told: Floats) -> Floats:
    """Unit of distance of each statistic: its median absolute deviation over the ensemble, (K,)."""
    if not told.shape[1]:
        return np.empty(0)
    deviation = np.abs(told - np.median(told, axis=0))
    return np.asarray(np.maximum(np.median(deviation, axis=0), 1e-9))


def _learned(
    reference: Reference, name: str, i: int, draws: Floats, found: Posterior, ranks: Floats
) -> Learned:
    parameter = reference.study.scenario.parameters[name]
    before = draws[:, i]
    low, middle, high = np.quantile(before, (0.05, 0.5, 0.95)).tolist()
    prior, after = Interval(low, middle, high), found.interval(i)
    mean = float(np.average(found.rows[:, i], weights=found.weights))
    variance = float(np.average((found.rows[:, i] - mean) ** 2, weights=found.weights))
    width = prior.high - prior.low
    kept, shift = (after.high - after.low) / width, abs(after.median - prior.median) / width
    # An interval from a few hundred draws is itself uncertain; a word must not rest on that.
    error = 2.0 / math.sqrt(2.0 * found.effective)
    word: Verdict = "prior"
    if kept < 1.0 - max(0.3, 1.5 * error) or shift > max(0.25, error):
        word = "moved"
    elif kept < 1.0 - max(0.1, error) or shift > max(0.1, 0.6 * error):
        word = "slightly"
    inside = np.abs(ranks[:, i] - 0.5)
    return Learned(
        name,
        Name(parameter.meaning.zh, parameter.meaning.en),
        parameter.unit,
        prior,
        after,
        word,
        1.0 - variance / float(before.var()),
        float(np.mean(inside <= 0.25)),
        float(np.mean(inside <= 0.45)),
        uniformity(ranks[:, i]),
    )


def _predictions(
    reference: Reference, checked: Sequence[Moment], facts: Sequence[Moment], found: Posterior
) -> Sequence[Predicted]:
    """Prior and fitted predictions of every measured figure, with an error of the report."""
    exact, told = statistics(checked, reference.block), noisy_statistics(reference, checked)
    observed = reported(facts)
    used = {m.id for m in facts}
    gaps = observed.gaps(noisy_statistics(reference, facts))[found.index] if facts else None
    rows = []
    for k, moment in enumerate(checked):
        column = told[:, k]
        after = moved_to_facts(exact[found.index, k], gaps, found.weights)
        rows.append(
            Predicted(
                moment,
                _quantity(moment, np.quantile(column, (0.05, 0.5, 0.95))),
                _quantity(moment, weighted_quantiles(after, found.weights, (0.05, 0.5, 0.95))),
                float(np.mean(column < moment.logarithm)),
                moment.id in used,
            )
        )
    return rows


def moved_to_facts(values: Floats, gaps: Floats | None, weights: Floats) -> Floats:
    """Values of the accepted draws (m,), moved to where the facts are met by as much regression as they can hold."""
    if gaps is None:
        return values
    return moved_to_zero(values[:, np.newaxis], gaps, weights, degree_held(gaps, weights))[:, 0]


def _quantity(moment: Moment, logarithms: Floats) -> Interval:
    low, middle, high = np.exp(logarithms) - (1.0 if moment.is_rate else 0.0)
    return Interval(float(low), float(middle), float(high))


def _thinned(found: Posterior, rows: int) -> tuple[Floats, Floats]:
    """At most `rows` rows that carry the posterior: all of it, or a systematic resample of equal weight."""
    if len(found.rows) <= rows:
        return found.rows, found.weights
    edges = np.cumsum(found.weights)
    picks = np.searchsorted(edges / edges[-1], (np.arange(rows) + 0.5) / rows)
    return found.rows[picks], np.full(rows, 1.0 / rows)


def inputs_digest() -> str:
    """SHA-256 of the shipped tables that a fit and its backtest read; wording of plans does not count."""
    calibration = shipped("calibration", "priors.csv").parent
    data = shipped("data", "levers.yaml").parent
    tables = ("priors", "vintage_priors", "vintage_size_classes", "moments", "sources")
    told = [
        files_digest(calibration, [calibration / f"{name}.csv" for name in tables]),
        files_digest(data, [*data.glob("lever_*.csv"), *data.glob("founding/*.csv")]),
    ]
    return hashlib.sha256("".join(told).encode()).hexdigest()


def shipped_fit() -> Name:
    """Whether the shipped fit was made from the tables that are here; its witness is for the tests."""
    made = read_yaml(shipped("calibration", FITTED_FILE)).value
    told = made.get("made") if isinstance(made, dict) else None
    tables = told.get("tables") if isinstance(told, dict) else None
    if tables == inputs_digest():
        return Name("由现有数据表得出", "made from the tables that are here")
    return Name(
        "由其他数据表得出，请重新运行 simulate calibrate",
        "made from other tables: run simulate calibrate again",
    )


def witnesses(
    folder: Path, members: int = WITNESSES, *, seed: int = 1, engine: str = "auto"
) -> Floats:
    """What the model says today where a fit has its witness, (members, facts); `folder` takes the vintage's data."""
    everything = load_moments()
    facts = tuple(m for m in everything if m.role == "fit")
    vintage = make_vintage(folder, None, {m.source for m in facts}, FITTED)
    reference = simulate_reference(
        vintage.scenario, vintage.folder, members, SERIES, seed=seed, workers=1, engine=engine
    )
    years = (reference.block.quarters[0].year, *reference.study.years)
    return statistics(measured(facts, tuple(reference.block.values), years), reference.block)


FITTED_FILE: Final = "fitted.yaml"
POSTERIOR_FILE: Final = "posterior.csv"
RECOVERY_FILE: Final = "learned.csv"


def write_fit(
    found: Calibration, folder: Path, verdict: Name | None, standing: str, *, force: bool = False
) -> tuple[Path, ...]:
    """Write the fitted file, the rows of its posterior and what was learned to a folder; the files written.

    FileExistsError when one of them is there and `force` is not given. Without a verdict the fit may be used, but
    nothing drawn from it is called calibrated.
    """
    papers = fit_papers(found, verdict, standing)
    files = tuple(folder / name for name in papers)
    for file in files:
        if file.exists() and not force:
            raise FileExistsError(17, "exists; use --force to replace it", str(file))
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(files, papers.values(), strict=True):
        write_alone(file, content)
    return files


def fit_papers(found: Calibration, verdict: Name | None, standing: str) -> dict[str, bytes]:
    """What `write_fit` writes, by file name; the fitted file, which names the others, comes last."""
    return {
        POSTERIOR_FILE: _rows_table(found),
        RECOVERY_FILE: _learned_table(found),
        FITTED_FILE: _fitted_text(found, verdict, standing).encode(),
    }


def _rows_table(found: Calibration) -> bytes:
    header = ",".join(("weight", *found.names))
    lines = [
        ",".join([f"{weight:.6g}", *(f"{value:.6g}" for value in row)])
        for weight, row in zip(found.weights.tolist(), found.rows.tolist(), strict=True)
    ]
    return ("\n".join([header, *lines]) + "\n").encode()


def _learned_table(found: Calibration) -> bytes:
    header = (
        "parameter,unit,prior_p05,prior_median,prior_p95,posterior_p05,posterior_median,posterior_p95,"
        "verdict,shrinkage,coverage50,coverage90,rank_test_p"
    )
    lines = [
        ",".join(
            [
                item.name,
                item.unit,
                *(f"{value:.6g}" for value in (*item.prior, *item.posterior)),
                item.verdict,
                *(
                    f"{v:.4g}"
                    for v in (item.shrinkage, item.coverage50, item.coverage90, item.uniform)
                ),
            ]
        )
        for item in found.learned
    ]
    return ("\n".join([header, *lines]) + "\n").encode()


def _fitted_text(found: Calibration, verdict: Name | None, standing: str) -> str:
    sheet: dict[str, object] = {"schema_version": 1, "posterior": POSTERIOR_FILE, "from": FROM}
    if verdict is not None:
        sheet["verdict"] = {"zh": verdict.zh, "en": verdict.en}
        sheet["standing"] = standing
    sheet["made"] = {
        "members": found.members,
        "seed": found.seed,
        "effective": round(found.effective, 1),
        **_rough(found.degree),
        "rows": hashlib.sha256(_rows_table(found)).hexdigest(),
        "tables": inputs_digest(),
        "facts": {
            moment.id: [float(f"{value:.6g}") for value in column]
            for moment, column in zip(found.facts, found.witness.T.tolist(), strict=True)
        },
    }
    head = "# Written by `simulate calibrate`; drawn by members through the rows of the table beside it.\n"
    return head + sheet_text(sheet)


def _rough(degree: int) -> dict[str, object]:
    """What a fitted file says of a fit that is only rough; nothing of any other."""
    return {"rough": ROUGH[degree]._asdict()} if degree < DEGREE else {}
