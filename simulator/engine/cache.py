"""Where compiled code is kept: a folder keyed by everything it was compiled from.

Numba's own cache misses a change in an inlined function of another file and would run the old equation; a folder
named after the digest of every source the kernels read cannot be stale.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
OURS = "tianjin-ai-simulator"
SOURCES = ("engine", "mechanisms", "world", "foundation/mathematics.py", "foundation/randomness.py")


def sources_digest() -> str:
    """SHA-256 over the sources that compiled code depends on, Numba, numpy and the Python version."""
    digest = hashlib.sha256()
    parts = (
        version("numba"),
        version("llvmlite"),
        version("numpy"),
        sys.version,
        platform.machine(),
    )
    digest.update("\n".join(parts).encode())
    for source in SOURCES:
        path = PACKAGE / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(PACKAGE).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def folder() -> Path:
    """The cache folder of the present sources, under Numba's own setting or the user's cache directory.

    The setting that a parent process left in the environment is replaced: its sources may be others.
    """
    set_by_user = Path(os.environ.get("NUMBA_CACHE_DIR", ""))
    if set_by_user.parent.name == OURS:
        set_by_user = set_by_user.parent.parent
    base = (
        set_by_user
        if set_by_user.name
        else os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    )
    return Path(base) / OURS / sources_digest()[:16]


def point_numba_to_folder() -> None:
    """Tell Numba where to keep compiled code; call before Numba loads."""
    os.environ["NUMBA_CACHE_DIR"] = str(folder())
    if "numba" in sys.modules:  # someone else loaded it: its setting was read already
        sys.modules["numba"].config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
