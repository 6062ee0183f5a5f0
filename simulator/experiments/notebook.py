"""Runs and comparisons as a notebook shows them: a short table and a chart, without loading a plotting library."""

import csv
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.experiments.comparison import Comparison
    from simulator.experiments.store import Run


def run_html(run: "Run") -> str:
    """What it is, the targets with their probabilities where they are stored, and the fan of core revenue."""
    key = "core_revenue" if "core_revenue" in run.series else run.series[0]
    head = f"{run.stem} · n = {run.n} · seed {run.seed} · {run.hash[:8]}"
    chart = run.fan(key)._repr_svg_()
    return f"<div><p>{escape(head)}</p>{_targets(run.path / 'targets.csv')}{chart}</div>"


def comparison_html(found: "Comparison") -> str:
    """Paired differences: of the targets' probabilities, and of what is measured in the last year."""
    first, year = found.labels[0], found.years[-1]
    members = f"{found.n} 个配对成员 paired members, {first}"
    chances = [
        [
            row.label,
            _both(row.name.zh, row.name.en) + (" (公布口径 as published)" if row.published else ""),
            f"{row.probability_first:.1%}",
            f"{row.probability_this:.1%}",
            f"{100 * row.difference:+.1f} ({100 * row.low:+.1f} … {100 * row.high:+.1f})",
        ]
        for row in found.targets
    ]
    levels = [
        [
            row.label,
            f"{row.series}@{row.year}",
            f"{row.mean_first:.4g}",
            f"{row.mean_this:.4g}",
            f"{row.mean:+.3g} ({row.low:+.3g} … {row.high:+.3g}) {row.unit}",
        ]
        for row in found.differences
        if row.year == year and "[" not in row.series
    ]
    heads = ("情景 scenario", "", first, "此情景 this", "差 difference (95 %)")
    tables = [_table(heads, rows) for rows in (chances, levels) if rows]
    return f"<div><p>{escape(members)}</p>{''.join(tables)}</div>"


def _targets(path: Path) -> str:
    """The targets of a run folder that have a probability; nothing where none are stored."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["probability"]]
    told = [
        [
            _both(row["name_zh"], row["name_en"]),
            f"{row['comparator']} {float(row['value']):g} {row['unit']}",
            row["year"],
            f"{float(row['probability']):.1%}",
            f"{float(row['probability_low']):.1%} – {float(row['probability_high']):.1%}",
            f"{float(row['outcome_median']):.4g}",
        ]
        for row in rows
    ]
    heads = ("目标 target", "", "期限 by", "概率 probability", "95 %", "中位数 median")
    return _table(heads, told) if told else ""


def _both(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} {en}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
