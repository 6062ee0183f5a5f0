"""The tables of a run folder that are made from its parts: for people and other programs.

Long and tidy, in the column order of the IAMC (model, scenario, region, variable, unit, year,
value). CSV files are UTF-8 with a byte order mark, so that spreadsheets show Chinese. None holds a
time, a host or a path: the same run gives the same bytes.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from simulator.experiments.fan import QUANTILES, quantiles
from simulator.experiments.folder import Failure, Floats, Series, encode_table
from simulator.experiments.store import Run
from simulator.policy.ledger import YUAN, Ledger
from simulator.targets import Probability, TargetScore

LEDGER = ("fund_committed", "fund_paid_in", "fund_invested", "private_coinvestment")


def summary_table(run: Run) -> bytes:
    """Quantiles over members of every series, as Parquet.

    Rows for a year (`subannual` is `Year`) hold annual figures, those for a quarter (`Q1` to
    `Q4`) the recorded values; `quantile` is 0.05, 0.25, 0.5, 0.75 or 0.95.
    """
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    quarterly = [(quarter.year, f"Q{quarter.quarter}") for quarter in run.quarters]
    yearly = [(year, "Year") for year in run.years]
    for series, values in run.each_series():
        _add(columns, run, series, yearly, quantiles(run.annual_of(values, series.kind)))
        _add(columns, run, series, quarterly, quantiles(values))
    columns["year"] = np.asarray(columns["year"], dtype=np.int32)  # type: ignore[assignment]
    return encode_table(columns)


def targets_table(scores: Sequence[TargetScore]) -> bytes:
    """One row for each target, with its probabilities by construction of the base, as CSV."""
    rows: list[list[object]] = []
    for score in scores:
        outcome = score.outcome or _NO_SPREAD
        twin = score.outcome_published or _NO_SPREAD
        reached = score.first_reached
        rows.append(
            [
                score.key,
                score.id,
                score.document,
                score.name.zh,
                score.name.en,
                score.metric,
                score.comparator,
                score.value,
                score.value_high,
                score.unit,
                score.year,
                score.headline,
                score.extra,
                score.status,
                score.mechanism,
                score.reason.zh,
                score.reason.en,
                *_probability(score.probability),
                *_probability(score.published),
                outcome.median,
                outcome.low,
                outcome.high,
                twin.median,
                twin.low,
                twin.high,
                score.shortfall,
                reached.year if reached else None,
                reached.share if reached else None,
                score.benchmark,
                score.probability.members if score.probability else None,
                score.calibrated,
                "; ".join(
                    f"{part.construction}={part.probability.value!r}"
                    f" [{part.probability.low!r}, {part.probability.high!r}]"
                    f" n={part.probability.members}"
                    for part in score.by_construction
                ),
                "; ".join(name.zh for name in score.read_as),
                "; ".join(name.en for name in score.read_as),
            ]
        )
    return encode_csv(_TARGET_COLUMNS, rows)


def ledger_table(run: Run, ledger: Ledger | None = None) -> bytes | None:
    """Money by year, as CSV: the stocks of the fund layer, then the budget ledger.

    An `entry` says between which accounts, for which lever and which government (`district`, empty
    for the municipality) and in which layer of the funds; `received` rows split what is received in
    the city over its districts; `budget_factor` rows are budgets over plan where a government
    adapts. A range stands only where members differ. Rows that are zero in every member are not
    written, so that a lever with dose zero leaves none; None when nothing is left.
    """
    rows: list[list[object]] = []
    for key in LEDGER:
        if key not in run.series:
            continue
        series, annual = run.describe(key), run.annual(key)
        for position, year in enumerate(run.years):
            column = annual[:, position]
            if not column.any():
                continue
            low, _, median, _, high = quantiles(column).tolist()
            mean = float(column.mean())
            layer = _LAYER_OF.get(key, "")
            rows.append([key, *_NO_ENTRY, layer, "", series.unit, year, mean, median, low, high])
    if ledger is not None:
        for entry in ledger.entries:
            what = [entry.source, entry.destination, entry.lever, entry.kind, entry.layer]
            amounts = _amounts(entry.amount / YUAN)
            rows.append(["entry", *what, entry.district, "亿元", entry.year, *amounts])
        for receipt in ledger.receipts():
            what = ["", receipt.destination, "", "", "", receipt.district]
            amounts = _amounts(receipt.amount / YUAN)
            rows.append(["received", *what, "亿元", receipt.year, *amounts])
        for (district, year), factor in ledger.adapted.items():
            rows.append(["budget_factor", *_NO_ENTRY, "", district, "1", year, *_amounts(factor)])
    if not rows:
        return None
    return encode_csv(_LEDGER_COLUMNS, rows)


def failures_table(failures: Iterable[Failure], seed: int, own_data: bool = False) -> bytes:
    """One row for each failed member, with the command that repeats it, as CSV.

    The command is meant for the run folder, so that it names no place of one machine; `own_data`
    tells that the folder holds another city's data.
    """
    rows = [
        [failure.member, seed, failure.error, _again(failure.member, own_data), failure.traceback]
        for failure in failures
    ]
    return encode_csv(("member", "seed", "error", "command", "traceback"), rows)


def encode_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with a byte order mark; floats so that they read back the same, None as nothing."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _again(member: int, own_data: bool) -> str:
    data = ", data='data'" if own_data else ""
    return (
        'python -c "import simulator.model as m, simulator.scenario as s; '
        f"m.prepare(s.load_scenario('scenario.resolved.yaml'{data})).simulate({member}, 'plain')\""
    )


_COLUMNS = (
    "model",
    "scenario",
    "region",
    "variable",
    "unit",
    "year",
    "value",
    "quantile",
    "subannual",
)
_TARGET_COLUMNS = (
    "target",
    "id",
    "document",
    "name_zh",
    "name_en",
    "metric",
    "comparator",
    "value",
    "value_high",
    "unit",
    "year",
    "headline",
    "extra",
    "status",
    "mechanism",
    "reason_zh",
    "reason_en",
    "probability",
    "probability_low",
    "probability_high",
    "published",
    "published_low",
    "published_high",
    "outcome_median",
    "outcome_p05",
    "outcome_p95",
    "outcome_published_median",
    "outcome_published_p05",
    "outcome_published_p95",
    "shortfall_median",
    "first_reached_year",
    "first_reached_share",
    "benchmark_gbm",
    "members",
    "calibrated",
    "by_construction",
    "read_as_zh",
    "read_as_en",
)


_LEDGER_COLUMNS = (
    "variable",
    "account_from",
    "account_to",
    "lever",
    "kind",
    "layer",
    "district",
    "unit",
    "year",
    "mean",
    "median",
    "p05",
    "p95",
)


_NO_ENTRY = ("", "", "", "")
_LAYER_OF = {"fund_committed": "committed", "fund_paid_in": "paid_in", "fund_invested": "landed"}


def _amounts(amount: Floats) -> list[float | None]:
    """Mean, median and, where members differ, the 5 and 95 % quantiles."""
    low, _, median, _, high = quantiles(amount).tolist()
    ends = [low, high] if (amount != amount[0]).any() else [None, None]
    return [float(amount.mean()), median, *ends]


class _Blank:
    """Stands in for a spread that a score does not have."""

    median = low = high = None


_NO_SPREAD = _Blank()


def _probability(found: Probability | None) -> list[float | None]:
    return [found.value, found.low, found.high] if found else [None, None, None]


def _add(
    columns: dict[str, list[Any]],
    run: Run,
    series: Series,
    times: Sequence[tuple[int, str]],
    bands: Floats,
) -> None:
    by_place = series.dimension == "district"
    city = run.library.registry.city.name.en
    region = f"{city}|{series.element}" if by_place else city
    variable = f"{series.key}|{series.element}" if series.element and not by_place else series.key
    for position, (year, subannual) in enumerate(times):
        for level, value in zip(QUANTILES, bands[:, position].tolist(), strict=True):
            row = (
                f"simulate {run.version}",
                run.stem,
                region,
                variable,
                series.unit,
                year,
                value,
                level,
                subannual,
            )
            for name, cell in zip(_COLUMNS, row, strict=True):
                columns[name].append(cell)
