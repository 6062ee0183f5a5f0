"""How fast the simulator is, against other ways of writing the same quarter and against its own goals.

    python benchmarks/compare.py                        everything, about ten minutes on two quiet cores
    python benchmarks/compare.py --only mesa c_twin     these measures; the others keep what was measured before
    python benchmarks/compare.py --quick                tiny sizes: whether it works, not how fast it is
    python benchmarks/compare.py --page                 measure nothing, write the page again

What is found goes to benchmarks/measured.json, and from there to docs/performance.md and its figures; a quick run
writes nothing unless told where. Ratios are of processor time, by turns in one process, median of the rounds with a
bootstrap interval; a goal is judged on the bad end of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import (  # noqa: F401  each lists its measures
    ensembles,
    growth,
    measuring,
    member,
    page,
    ratios,
    sameness,
    starting,
)
from benchmarks.result import MEASURES, QUICK, Section, Size, SkippedError

ROOT = Path(__file__).resolve().parents[1]
MEASURED = Path(__file__).resolve().parent / "measured.json"
ORDER = (
    "mesa",
    "numpy",
    "c_twin",
    "lower_bound",
    "stages",
    "ensemble",
    "warm_run",
    "threads",
    "memory",
    "firms",
    "large",
    "help_page",
    "first_result",
    "digests",
    "python",
    "member",
    "quarters",
    "members",
    "cells",
    "folder",
)


def take(name: str, size: Size) -> dict[str, Any]:
    """Take one measure; what it found as plain data, with machine, load and time."""
    sheet: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": measuring.machine(),
        "load": measuring.load(),
        "size": asdict(size),
    }
    begun = time.perf_counter()
    try:
        section = MEASURES[name](size)
    except SkippedError as reason:
        section, sheet["skipped"] = Section(), str(reason)
    sheet["seconds"] = time.perf_counter() - begun
    verdicts = [asdict(result) | {"verdict": result.verdict} for result in section.results]
    return json.loads(json.dumps(sheet | asdict(section) | {"results": verdicts}))


def lines(name: str, sheet: dict[str, Any], judged: bool) -> list[str]:
    """What a measure found, for a terminal."""
    told = [f"{name}: {sheet['seconds']:.0f} s, load {sheet['load']:.1f}"]
    if "skipped" in sheet:
        told[0] += f", skipped: {sheet['skipped']}"
    for result in sheet["results"]:
        interval = f"{result['value']:.4g} [{result['low']:.4g}, {result['high']:.4g}]"
        verdict = f"  {result['verdict']}" if judged else ""
        told.append(
            f"  {result['goal']:>2} {result['key']:<16}{interval} {result['unit']}  {result['note']}{verdict}"
        )
    for curve in sheet["growths"]:
        points = ", ".join(f"{x:g}: {y:.4g}" for x, y in curve["points"])
        told.append(
            f"     {curve['key']:<16}{points} {curve['unit']}; exponent {curve['exponent']:.3f}"
        )
    for profile in sheet["profiles"]:
        parts = ", ".join(f"{part} {cost:.3g}" for part, cost in profile["parts"])
        told.append(f"     {profile['key']} ({profile['unit']}): {parts}")
    return told


def main(words: list[str] | None = None) -> int:
    """Measure, print what each measure found, and write the page unless it is a quick check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes; no verdicts, no page")
    parser.add_argument("--only", nargs="+", choices=ORDER, metavar="NAME", help=", ".join(ORDER))
    parser.add_argument("--page", action="store_true", help="only write the page again")
    parser.add_argument("--json", type=Path, help="where the numbers go, in place of measured.json")
    given = parser.parse_args(words)
    size = QUICK if given.quick else Size()
    target = given.json or (None if given.quick else MEASURED)
    known = json.loads(target.read_text("utf-8")) if target and target.exists() else {}
    begun = time.perf_counter()
    for name in () if given.page else given.only or ORDER:
        known[name] = take(name, size)
        print("\n".join(lines(name, known[name], not given.quick)), flush=True)
        if target is not None:  # kept after each, so that an interruption loses one
            ordered = {name: known[name] for name in ORDER if name in known}
            text = json.dumps(ordered, ensure_ascii=False, indent=1)
            target.write_text(text + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - begun:.0f} s", flush=True)
    if target == MEASURED:
        page.write(known, ROOT / "docs")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
