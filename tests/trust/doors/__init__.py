"""Bad input at every door: thousands of damaged files, tables, folders, arguments, settings and requests.

Each trial damages one thing and knocks. It must end with a documented exit code and no traceback; what is refused must
be named in both languages with its place; nothing may be left behind, hang, swell or be read otherwise than it stands.

    python -m tests.trust.doors [--trials N] [--seed S] [--door NAME] [--record]
"""

import contextlib
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.trust.doors.bench import SLOW, SWOLLEN, Bench, HangingError, Trial, limited
from tests.trust.doors.commands import command_door, processes, setting_door
from tests.trust.doors.explorer import close, explorer_door
from tests.trust.doors.folders import run_door
from tests.trust.doors.scenarios import scenario_door, set_door
from tests.trust.doors.tables import data_door, facts_door, firms_door, fit_door, marks_door

DOORS: Mapping[str, tuple[Callable[[Bench, random.Random], Trial], float]] = {
    "scenario": (scenario_door, 0.3),
    "set": (set_door, 0.1),
    "data": (data_door, 0.12),
    "firms": (firms_door, 0.14),
    "facts": (facts_door, 0.05),
    "fit": (fit_door, 0.05),
    "marks": (marks_door, 0.02),
    "run": (run_door, 0.08),
    "command": (command_door, 0.06),
    "setting": (setting_door, 0.03),
    "explorer": (explorer_door, 0.15),
}
"""Every door with its share of the trials."""


def knock(name: str, bench: Bench, seed: int) -> Trial:
    """One trial of a door, of which everything follows from the seed."""
    chance = random.Random(f"{name} {seed}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    try:
        with limited():
            trial = DOORS[name][0](bench, chance)
    except HangingError:
        trial = Trial(name, "?", "hangs", f"no end after {SLOW:.0f} s")
    except Exception as error:
        trial = Trial(name, "?", "breaks", f"{type(error).__name__}: {error}")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    if grown > SWOLLEN and not trial.fault:
        trial = trial._replace(fault=f"took {grown:.0f} MiB")
    worked = time.process_time() - begun
    if worked > 0.7 * SLOW and not trial.fault:
        trial = trial._replace(fault=f"worked {worked:.1f} s")
    return trial


@contextlib.contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    """A bench in a folder, worked at from its working folder."""
    before = Path.cwd()
    bench = Bench(folder)
    os.chdir(bench.work)
    try:
        yield bench
    finally:
        os.chdir(before)
        close(bench)


def at_door(name: str, trials: int, seed: int) -> list[Trial]:
    """Some trials at one door, or in processes of their own, on a bench of their own."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        bench_in(Path(folder).resolve() / "bench") as bench,
    ):
        if name == "process":
            found = processes(bench, trials, seed)
        else:
            bench.run()
            found = [knock(name, bench, seed + number) for number in range(trials)]
    for number, trial in enumerate(found):
        if trial.fault:
            print(
                f"{name} {seed + number}: {trial.damage}: {trial.fault}\n    {trial.exhibit[:300]!r}",
                flush=True,
            )
    counted = Counter(trial.outcome for trial in found)
    print(f"{name}: {trials} {dict(counted)}", file=sys.stderr, flush=True)
    return found
