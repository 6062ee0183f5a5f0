"""Where the numbers of a run come from: digests of scenario, data and source, and what they name.

Two runs with the same digests and seed have the same numbers, so their digest together is the
hash of the run and part of the folder's name. Number of members, time, place and path are left
out on purpose.
"""

import functools
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from simulator.foundation.tables import files_digest
from simulator.scenario import Scenario

DISTRIBUTION = "tianjin-ai-simulator"
_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = ("numpy", "scipy", "pyarrow", "numba", "mesa")


@dataclass(frozen=True, slots=True)
class Identity:
    """What decides the numbers of a run; `data` holds pairs of name and SHA-256."""

    scenario: str
    source: str
    data: tuple[tuple[str, str], ...]
    seed: int

    @property
    def hash(self) -> str:
        """SHA-256 of all of it; its first eight letters name the folder."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that made the numbers, and the commit (empty outside a checkout)."""

    version: str
    commit: str
    python: str
    packages: tuple[tuple[str, str], ...]


def identify(scenario: Scenario) -> Identity:
    """The identity of a scenario's runs on this installation, with the data it was read against."""
    return Identity(
        # Neither label nor number of members is part of it: more members are the same run, longer.
        scenario=scenario.digest(),
        source=source_digest(),
        data=scenario.library.digests,
        seed=scenario.seed,
    )


@functools.cache
def source_digest() -> str:
    """SHA-256 over every Python file of the package, by name and content."""
    return files_digest(_PACKAGE, _PACKAGE.rglob("*.py"))


@functools.cache
def versions() -> Versions:
    """Commit and versions of what runs now."""
    return Versions(_version(), _commit(), platform.python_version(), tuple(_installed()))


def _version() -> str:
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    # Only our own checkout counts: an installed wheel may lie inside somebody else's repository.
    if not (_PACKAGE.parent / ".git").exists():
        return ""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=_PACKAGE.parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _installed() -> Iterable[tuple[str, str]]:
    for name in _LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
