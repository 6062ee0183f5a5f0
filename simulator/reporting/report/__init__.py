"""The report: one self-contained page about one or several runs, in Chinese, English or both.

It reads run folders and never runs a model. The page fetches nothing and runs no script, prints on A4, and every number
in its text carries the table, row and column of the results it was taken from (`data-cell`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simulator.experiments.attribution_table import Stored, stored_attribution
from simulator.experiments.comparison import compare_runs
from simulator.experiments.store import Run
from simulator.foundation.files import write_alone
from simulator.foundation.findings import UsageError
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.report.cells import Said, Text, joined, number_cell
from simulator.reporting.report.findings import (
    answer,
    attribution,
    comparison,
    scenario_name,
    scorecard,
)
from simulator.reporting.report.grounds import assumptions, left_out, limits, manifest
from simulator.reporting.report.markup import Sheet, page
from simulator.reporting.report.pictures import Gallery
from simulator.reporting.report.results import Results, whole
from simulator.reporting.report.views import money, outlook, projects

LARGEST: Final = 6_000_000
"""Bytes that a report may have: it travels by mail."""


def report_html(runs: Sequence[Run], lang: Lang = "both", attributed: Stored | None = None) -> str:
    """The report on the first run, with the others compared to it; the same results give the same text.

    The attribution is the one given or else the one in the first run's folder. UsageError without a run, for a run
    given twice, and for runs that share no draws or period.
    """
    if not runs:
        raise UsageError("no run to report on", "没有可报告的运行")
    if len({run.hash for run in runs}) != len(runs):
        raise UsageError("a run is given twice", "同一运行给出了两次")
    results = [Results(run) for run in runs]
    first, sheet, gallery = results[0], Sheet(lang), Gallery()
    compared = compare_runs(runs) if len(runs) > 1 else None
    parts = [
        _head(sheet, results),
        answer(sheet, first),
        scorecard(sheet, first),
        comparison(sheet, results, compared) if compared is not None else "",
        outlook(sheet, gallery, first, results[1:]),
        attribution(sheet, first, attributed or stored_attribution(runs[0])),
        projects(sheet, gallery, first),
        money(sheet, gallery, first),
        assumptions(sheet, first),
        left_out(sheet, first),
        limits(sheet, first),
        *(manifest(sheet, item) for item in results),
    ]
    names = [run.scenario.name for run in runs]
    title = Name("、".join(name.zh for name in names), ", ".join(name.en for name in names))
    running = Name(f"{title.zh} · 模拟报告", f"{title.en} · simulation report")
    return page(
        sheet, running, running, gallery.letters(), "\n".join(part for part in parts if part)
    )


def write_report(
    runs: Sequence[Run],
    path: Path,
    lang: Lang = "both",
    *,
    force: bool = False,
    attributed: Stored | None = None,
) -> Path:
    """Write the report, all or nothing; FileExistsError for a file that is there already unless `force`."""
    if path.exists() and not force:
        raise FileExistsError(17, "file exists; --force overwrites it", str(path))
    text = report_html(runs, lang, attributed).encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_alone(path, text, force=force)
    return path


def _head(sheet: Sheet, results: Sequence[Results]) -> str:
    """The title: which question, which scenarios, which years."""
    first = results[0]
    city = first.run.library.registry.city.name
    names = joined([scenario_name(item) for item in results], "、", ", ")
    title = Text(f"{city.zh}：规划目标能否实现", f"{city.en}: will the plan's targets be reached?")
    facts: dict[str, Said] = {
        "names": names,
        "start": first.calendar(first.run.years[1]),
        "end": first.calendar(first.last),
        "members": number_cell(
            first.table("targets.csv"), "", "members", float(first.run.n), whole
        ),
        "seed": first.paper("seed"),
        "version": first.paper("version"),
    }
    about = Text(
        "情景：{names}；{start}–{end} 年；{members} 个成员，种子 {seed}；simulate {version}。逐家企业模拟，"
        "答案是带误差的概率，不是一个数。",
        "Scenario: {names}; {start}–{end}; {members} members, seed {seed}; simulate {version}. Firms are simulated one "
        "by one; the answer is a probability with its error, never one number.",
        facts,
    )
    head = f'<h1 id="title">{sheet.inline(title)}</h1>'
    return f"<header>{head}{sheet.block('p', about, class_='about')}</header>"
