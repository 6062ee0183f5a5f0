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
    """The cache folder of the present sources, under the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "tianjin-ai-simulator" / sources_digest()[:16]


def point_numba_to_folder() -> None:
    """Tell Numba where to keep compiled code, unless the user has said so; call before Numba loads."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder()))
    if "numba" in sys.modules:  # someone else loaded it: its setting was read already
        sys.modules["numba"].config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
