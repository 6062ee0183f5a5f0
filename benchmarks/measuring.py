"""Timing one thing against another so that a noisy machine changes both: alternating, CPU time, ratios by round."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

RESAMPLES = 2000


class Ratio(NamedTuple):
    """Median of the ratios by round with its 95 % bootstrap interval, and the two median times in seconds."""

    ratio: float
    low: float
    high: float
    numerator: float
    denominator: float
    rounds: int


def alternate(
    numerator: Callable[[], float], denominator: Callable[[], float], rounds: int
) -> Ratio:
    """Time two things by turns, the order swapped from round to round; each gives the seconds that it took."""
    numerator(), denominator()  # once unmeasured: compilation, caches, imports
    times = np.empty((rounds, 2))
    for k in range(rounds):
        for side in (0, 1) if k % 2 else (1, 0):
            times[k, side] = (numerator, denominator)[side]()
    ratios = times[:, 0] / times[:, 1]
    drawn = np.random.default_rng(0).integers(0, rounds, (RESAMPLES, rounds))
    low, high = np.quantile(np.median(ratios[drawn], axis=1), [0.025, 0.975])
    first, second = np.median(times, axis=0)
    return Ratio(
        float(np.median(ratios)), float(low), float(high), float(first), float(second), rounds
    )


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of this process that `work` takes, all threads together."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def wall_seconds(work: Callable[[], object]) -> float:
    """Wall time of `work`: only for what is about waiting or about threads beside each other."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Child(NamedTuple):
    """What a process took: CPU seconds, its largest memory in MB, and what it printed."""

    seconds: float
    megabytes: float
    printed: str


def child(code: str, *arguments: str) -> Child:
    """Run Python code in a fresh process; RuntimeError with its complaint when it fails."""
    told = (
        "import resource, sys\n" + code + "\nu = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('\\n', u.ru_utime + u.ru_stime, u.ru_maxrss / (1024**2 if sys.platform == 'darwin' else 1024))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    printed, _, last = done.stdout.rstrip().rpartition("\n")
    seconds, megabytes = last.split()
    return Child(float(seconds), float(megabytes), printed)


def machine() -> dict[str, object]:
    """What the figures were measured on, and how busy it was."""
    names = ("numpy", "numba", "mesa", "pyarrow", "click")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in names},
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            named = [
                line.partition(":")[2].strip() for line in lines if line.startswith("model name")
            ]
    except OSError:
        named = []
    return named[0] if named else platform.processor() or platform.machine()
