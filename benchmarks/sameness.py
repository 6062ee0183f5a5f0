"""Goal 11: the same bytes however a run is computed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.result import COUNT, Result, Section, Size, measure
from benchmarks.yardstick import worlds


@measure
def digests(size: Size) -> Section:
    """One ensemble computed in every way there is; how many digests differ from the first."""
    import simulator
    from simulator.experiments.runs import extend

    members = min(60, size.members)
    engines = ("plain",) if size.engine == "plain" else ("compiled", "plain")
    ways: dict[str, dict[str, Any]] = {
        f"{engine} {workers}": {"engine": engine, "workers": workers}
        for engine in engines
        for workers in (1, 2, 4)
    }
    ways["processes"] = {"engine": size.engine, "workers": 2, "executor": "processes"}
    try:
        import distributed  # noqa: F401
    except ImportError:
        absent = " (Dask –)"
    else:
        absent = ""
        ways["Dask"] = {"engine": size.engine, "cluster": "local"}
    place = Path(tempfile.mkdtemp(prefix="simulate-benchmark-"))
    found = {}
    try:
        for name, how in ways.items():
            out = place / name.replace(" ", "-")
            found[name] = simulator.run(worlds.BASELINE, members, out=out, **how).digest()
        out = place / "extended"
        simulator.run(worlds.BASELINE, members // 3, out=out, engine=size.engine)
        found["extended"] = extend(out, members, engine=size.engine).digest()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    first = next(iter(found.values()))
    odd = [name for name, digest in found.items() if digest != first]
    count = float(len(odd))
    zh, en = "与首个不同的摘要", "digests that differ from the first"
    note = f"{members} members · 成员: {', '.join(found)}{absent}"
    if odd:
        note += f"; odd · 不同: {', '.join(odd)}"
    return Section(
        [Result("digests", 11, zh, en, count, count, count, COUNT, "less", 0.0, None, note)]
    )
