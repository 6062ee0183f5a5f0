"""Timing one thing against another so that a noisy machine changes both: alternating, CPU time, ratios by round."""

from __future__ import annotations

import atexit
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from simulator.engine.cache import sources_digest

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
    first, second = np.median(times, axis=0)
    return Ratio(*middle(times[:, 0] / times[:, 1]), float(first), float(second), rounds)


def middle(values: np.ndarray) -> tuple[float, float, float]:
    """Median of repeated values with its 95 % bootstrap interval."""
    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(np.median(values[drawn], axis=1), [0.025, 0.975])
    return float(np.median(values)), float(low), float(high)


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
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{_TELL}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        env=_environment(),
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    printed, _, last = done.stdout.rstrip().rpartition("\n")
    seconds, megabytes = last.split()
    return Child(float(seconds), float(megabytes), printed)


@cache
def _environment() -> dict[str, str]:
    """That of this process, but with compiled sources kept: an installation has them, and a checkout need not."""
    place = tempfile.TemporaryDirectory(prefix="simulate-benchmark-")
    atexit.register(place.cleanup)
    rest = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return rest | {"PYTHONPYCACHEPREFIX": place.name}


# Linux lets a child begin with its parent's mark in `ru_maxrss`; its own is told by /proc.
_TELL = """
import resource
_used = resource.getrusage(resource.RUSAGE_SELF)
try:
    with open("/proc/self/status") as _status:
        _most = next(int(line.split()[1]) for line in _status if line.startswith("VmHWM"))
except OSError:
    _most = _used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print("\\n", _used.ru_utime + _used.ru_stime, _most / 1024)
"""


def machine() -> dict[str, object]:
    """What the figures are measured on, and by which sources."""
    names = ("numpy", "numba", "mesa", "pyarrow", "click")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in names},
        "compiler": _compiler(),
        "sources": sources_digest()[:12],
    }


def load() -> float:
    """Processes that want a processor, over the last minute; not a number where it is not told."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _compiler() -> str:
    cc = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if cc is None:
        return "–"
    told = subprocess.run([cc, "--version"], capture_output=True, text=True, check=False).stdout
    return told.partition("\n")[0]


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            named = [
                line.partition(":")[2].strip() for line in lines if line.startswith("model name")
            ]
    except OSError:
        named = []
    return named[0] if named else platform.processor() or platform.machine()
