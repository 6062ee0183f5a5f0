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

from simulator.foundation.findings import InputError
from simulator.foundation.tables import shipped
from simulator.registry import load_registry
from simulator.scenario import Scenario

DISTRIBUTION = "tianjin-ai-simulator"
_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = ("numpy", "scipy", "pyarrow", "numba", "mesa")
_DATA: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("founding", (("data", "founding"),)),
    ("levers", (("data", "lever_assumptions.csv"), ("data", "lever_effects.csv"))),
    ("priors", (("calibration", "priors.csv"),)),
)


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


def identify(scenario: Scenario, data: Path | None = None) -> Identity:
    """The identity of a scenario's runs on this installation, with its data or those in `data`.

    Raises InputError where a data file is missing or the registry is invalid.
    """
    return Identity(
        # Neither label nor number of members is part of it: more members are the same run, longer.
        scenario=scenario.digest(),
        source=source_digest(),
        data=_data_digests(data),
        seed=scenario.seed,
    )


@functools.cache
def source_digest() -> str:
    """SHA-256 over every Python file of the package, by name and content."""
    return _files_digest(_PACKAGE, _PACKAGE.rglob("*.py"))


@functools.cache
def versions() -> Versions:
    """Commit and versions of what runs now."""
    return Versions(_version(), _commit(), platform.python_version(), tuple(_installed()))


def _fitted() -> tuple[tuple[str, ...], ...]:
    """The fitted values, which a first installation does not have."""
    try:
        shipped("calibration", "fitted.yaml")
    except InputError:
        return ()
    return (("calibration", "fitted.yaml"),)


def _data_digests(folder: Path | None) -> tuple[tuple[str, str], ...]:
    digests = [("registry", load_registry(folder).digest)]
    if folder is not None:
        digests.append(("folder", _files_digest(folder, _files_in(folder))))
    for name, places in (*_DATA, ("fit", _fitted())):
        digest = hashlib.sha256()
        for place in places:
            path = shipped(*place)
            files = _files_in(path) if path.is_dir() else [path]
            digest.update(_files_digest(path.parent, files).encode())
        digests.append((name, digest.hexdigest()))
    return tuple(sorted(digests))


def _files_in(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _files_digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over names and content; line ends do not count, so that checkouts agree."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


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
