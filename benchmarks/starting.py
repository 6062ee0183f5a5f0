"""Goals 9 and 10: how long it takes until something is there to read."""

from __future__ import annotations

from benchmarks import measuring
from benchmarks.result import COUNT, Result, Section, Size, judged, measure
from benchmarks.yardstick import worlds

HEAVY = ("numpy", "scipy", "pandas", "pyarrow", "mesa", "numba", "matplotlib", "rich")
HELP = """
sys.argv = ['simulate', '-h']
from simulator.cli import main
try: main()
except SystemExit: pass
"""
LOADED = HELP + f"print([name for name in {HEAVY!r} if name in sys.modules])"
FIRST = """
from simulator.model import prepare
from simulator.scenario import load_scenario
prepare(load_scenario(sys.argv[1])).simulate(0, sys.argv[2])
"""


@measure
def help_page(size: Size) -> Section:
    rounds = 2 * size.few_rounds
    found = measuring.alternate(
        lambda: measuring.child(HELP).seconds,
        lambda: measuring.child("import click").seconds,
        rounds,
    )
    zh, en = "帮助页 --help ÷ import click", "the help page ÷ import click"
    note = f"{found.numerator * 1e3:.0f} / {found.denominator * 1e3:.0f} ms CPU, bare Python included · 含 Python 启动"
    latency = judged("help_page", 9, zh, en, found, "less", 2.0, note=note)
    loaded = measuring.child(LOADED).printed.strip().rpartition("\n")[2]
    count = float(len(loaded.strip("[]").split(",")) if loaded != "[]" else 0)
    zh, en = "--help 载入的大型库", "heavy libraries that --help loads"
    note = ", ".join(HEAVY)
    none = Result("help_modules", 9, zh, en, count, count, count, COUNT, "less", 0.0, None, note)
    return Section([latency, none])


@measure
def first_result(size: Size) -> Section:
    found = measuring.alternate(
        lambda: measuring.child(FIRST, str(worlds.BASELINE), size.engine).seconds,
        lambda: measuring.child("import numba").seconds,
        size.few_rounds,
    )
    zh, en = "首个成员（已预编译）÷ import numba", "first member, compiled before ÷ import numba"
    note = f"{found.numerator:.2f} / {found.denominator:.2f} s CPU"
    profiles = ("first",)
    first = judged("first_result", 10, zh, en, found, "less", 3.0, note=note, profiles=profiles)
    return Section([first])
