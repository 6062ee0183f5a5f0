"""Commands about this machine: doctor, warmup."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from simulator.cli.pages import columns
from simulator.cli.program import command
from simulator.cli.session import Session, session_of

LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "mesa",
    "numba",
    "matplotlib",
    "click",
    "rich",
    "ruamel.yaml",
    "zhplot",
)
BOTH_SCRIPTS = "天津人工智能产业規劃營業收入億元"


@command("doctor", zh="自检：版本、引擎、字体、数据与终端。", example="doctor")
def doctor() -> None:
    """Versions, engine, fonts, data and terminal of this machine."""
    session = session_of()
    found = dict(_facts(session))
    labels = {
        "simulate": "simulate",
        "commit": session.phrase("commit", "提交"),
        "python": "python",
        "platform": session.phrase("platform", "平台"),
        "processors": session.phrase("processors", "处理器"),
        "engine": session.phrase("engine", "引擎"),
        "compiled_cache": session.phrase("compiled code", "编译缓存"),
        "chinese_font": session.phrase("font for figures", "作图字体"),
        "data": session.phrase("data", "数据"),
        "data_digest": session.phrase("data digest", "数据摘要"),
        "fit": session.phrase("fit", "拟合"),
        "results": session.phrase("results folder", "结果目录"),
        "terminal": session.phrase("terminal", "终端"),
    }
    rows = [(labels.get(name, name), value) for name, value in found.items()]
    session.answer(columns(rows), {"doctor": found})


@command(
    "warmup",
    zh="预先编译快速引擎，使第一次运行不必等待。",
    example="warmup",
)
def warmup() -> None:
    """Compile the fast engine once, so that the first run need not wait."""
    import time

    from simulator.engine.choose import choose
    from simulator.foundation.tables import shipped
    from simulator.model import prepare
    from simulator.scenario import load_scenario

    session = session_of()
    engine = choose("auto").NAME
    begun = time.perf_counter()
    prepare(load_scenario(shipped("scenarios", "baseline.yaml"))).simulate(0, engine)
    seconds = time.perf_counter() - begun
    text = session.phrase(
        f"engine {engine} is ready ({seconds:.1f} s)", f"引擎 {engine} 已就绪（{seconds:.1f} 秒）"
    )
    session.answer(text, {"engine": engine, "seconds": round(seconds, 3)})


def _facts(session: Session) -> Iterator[tuple[str, str]]:
    """Name and value of everything worth knowing when something does not work."""
    from importlib.metadata import PackageNotFoundError, version

    from simulator import __version__
    from simulator.engine.choose import has_numba, is_compiled
    from simulator.experiments.calibration import shipped_fit
    from simulator.experiments.provenance import versions
    from simulator.registry import load_registry
    from simulator.reporting.fonts import typeface

    yield "simulate", f"{__version__} ({Path(__file__).resolve().parents[1]})"
    yield "commit", versions().commit or "–"
    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "platform", platform.platform()
    yield "processors", str(os.cpu_count())
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "–"
    engine = "compiled" if has_numba() else "plain"
    yield "engine", engine
    if engine == "compiled":
        from simulator.engine.cache import folder

        ready = (
            session.phrase("ready", "已就绪")
            if is_compiled()
            else session.phrase("empty: simulate warmup", "空：simulate warmup")
        )
        yield "compiled_cache", f"{folder()} ({ready})"
    try:
        yield "chinese_font", str(typeface(BOTH_SCRIPTS))
    except RuntimeError as error:
        yield "chinese_font", f"– ({error})"
    registry = load_registry()
    yield (
        "data",
        session.phrase(
            f"{len(registry.documents)} plans, {len(registry.targets)} targets, "
            f"{len(registry.levers)} levers, {len(registry.chains)} chains, "
            f"{len(registry.places)} districts and zones",
            f"{len(registry.documents)} 个规划，{len(registry.targets)} 项目标，"
            f"{len(registry.levers)} 项政策工具，{len(registry.chains)} 条产业链，"
            f"{len(registry.places)} 个区与功能区",
        ),
    )
    yield "data_digest", registry.digest
    state = shipped_fit()
    yield "fit", session.phrase(state.en, state.zh)
    results = Path(os.environ.get("SIMULATE_RESULTS", "results"))
    place = results if results.exists() else Path.cwd()
    writable = (
        session.phrase("writable", "可写")
        if os.access(place, os.W_OK)
        else session.phrase("not writable", "不可写")
    )
    yield "results", f"{results.resolve()} ({writable})"
    shown = (
        session.phrase("terminal", "终端")
        if sys.stdout.isatty()
        else session.phrase("not a terminal", "不是终端")
    )
    yield "terminal", f"{shown}, {sys.stdout.encoding}, {os.environ.get('LANG', '–')}"
