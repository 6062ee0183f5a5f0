"""Compiles and calls the C yardsticks; without a C compiler they are left out, and the report says so."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.yardstick.worlds import Start, addresses, blank, totals
from simulator.foundation.randomness import Decision
from simulator.world.firms import LABELS, NUMBERS
from simulator.world.measures import CITY
from simulator.world.state import Parameters, World

HERE = Path(__file__).parent
FLAGS = {
    "twin": ("-O3", "-ffp-contract=off"),
    "lower_bound": ("-O3", "-march=native", "-ffast-math"),
}
WORLD = (
    "ids",
    "numbers",
    "labels",
    "chain_sales",
    "chain_contract",
    "purchases",
    "coverage",
    "node_chain",
)
STOCKS = ("owner", "amount", "due", "invested")
ARRAYS = ("survival", "growth", "drift", "contracts", "linkage", "tickets")
NUMBERS_OF = ("quarter", "seed", "member", "chains", "places", "nodes")
SPANS = ("first_birth", "last_birth", "first_ticket", "last_ticket", "first_of_year")
WHOLE = {
    "ids": "uint64_t",
    "labels": "int64_t",
    "node_chain": "int64_t",
    "owner": "uint64_t",
    "due": "int64_t",
}


class CWorld(ctypes.Structure):
    """Firms and stocks as C sees them."""

    _fields_ = [
        ("n", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("catalogue_reference", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in (*WORLD, *STOCKS)),
    ]


class CForcing(ctypes.Structure):
    """What drives one quarter."""

    _fields_ = [
        ("reference", ctypes.c_double),
        *((name, ctypes.c_int64) for name in (*NUMBERS_OF, *SPANS)),
        *((name, ctypes.c_void_p) for name in ARRAYS),
    ]


class CMeasures(ctypes.Structure):
    """Where a quarter is recorded."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("city", "chain", "place", "cell")]


def compiler() -> str | None:
    """The C compiler of this machine; None without one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def names() -> str:
    """The C header that names columns, parameters, measures and draws as the model does."""
    lines = ["#include <stdint.h>"]
    for block, fields in (("numbers", NUMBERS), ("labels", LABELS)):
        lines += [
            f"#define {f}(i) w->{block}[{k} * w->capacity + (i)]" for k, f in enumerate(fields)
        ]
    lines += [f"#define p_{name} p[{k}]" for k, name in enumerate(_parameter_names())]
    lines += [f"#define {name.upper()} {k}" for k, name in enumerate(CITY)]
    lines += [f"#define DECISION_{d.name} {int(d)}u" for d in Decision]
    lines += [
        f"#define N_CITY {len(CITY)}",
        f"#define N_NUMBERS {len(NUMBERS)}",
        f"#define N_LABELS {len(LABELS)}",
    ]
    lines += ["#define MOST_CHAINS 16", "#define MOST_PLACES 64", "#define MOST_NODES 256"]
    for structure, title in ((CWorld, "World"), (CForcing, "Forcing"), (CMeasures, "Measures")):
        lines.append("typedef struct {")
        for name, kind in structure._fields_:
            whole = {ctypes.c_int64: "int64_t ", ctypes.c_double: "double "}
            lines.append(f"    {whole.get(kind) or WHOLE.get(name, 'double') + ' *'}{name};")
        lines.append(f"}} {title};")
    return "\n".join(lines) + "\n"


def _parameter_names() -> tuple[str, ...]:
    return tuple(f for kind in Parameters.__annotations__ for f in _fields(kind))


def _fields(part: str) -> tuple[str, ...]:
    from typing import get_type_hints

    fields: tuple[str, ...] = get_type_hints(Parameters)[part]._fields
    return fields


@cache
def library(name: str) -> ctypes.CDLL:
    """A yardstick as a loaded library; RuntimeError without a compiler."""
    cc = compiler()
    if cc is None:
        raise RuntimeError("no C compiler (cc, gcc or clang) on this machine")
    folder = Path(tempfile.mkdtemp(prefix="simulate-yardstick-"))
    try:
        (folder / "names.h").write_text(names())
        built = folder / f"{name}.so"
        words = [
            cc,
            *FLAGS[name],
            "-shared",
            "-fPIC",
            f"-I{folder}",
            str(HERE / f"{name}.c"),
            "-o",
            str(built),
            "-lm",
        ]
        subprocess.run(words, check=True, capture_output=True, text=True)
        return ctypes.CDLL(str(built))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _address(array: np.ndarray) -> int:
    assert array.flags.c_contiguous
    return int(array.ctypes.data)


class Twin:
    """The scalar C twin of one world; `step` is one quarter."""

    def __init__(self, start: Start, world: World) -> None:
        self.start, self.world = start, world
        most = world.firms.n + world.births.n
        world.firms.reserve(most - world.firms.n)
        self.measures = blank(start)
        self.parameters = np.array(
            [value for part in world.parameters for value in part], dtype=np.float64
        )
        self.work = np.empty(2 * most)
        self.firms = self._c_world(world.firms)
        self.births = self._c_world(world.births)
        self.recorded = CMeasures(*(_address(part) for part in self.measures))
        self.call = library("twin").quarter
        self.call.restype = None
        self.kept: list[Any] = []

    def _c_world(self, table: Any) -> CWorld:
        columns, stocks, links = table.columns, self.world.stocks, self.world.links
        return CWorld(
            table.n,
            table.capacity,
            float(stocks.catalogue_reference[0]),
            *(_address(block) for block in columns[:3]),
            _address(stocks.chain_sales),
            _address(stocks.chain_contract),
            *(_address(part) for part in (links.purchases, links.coverage, links.node_chain)),
            *(_address(getattr(stocks, name)) for name in STOCKS),
        )

    def walk(self) -> dict[str, float]:
        """Step through the calendar; the totals at the end."""
        x, world = self.world.forcing, self.world
        ground = self.start.study.ground
        sizes = len(ground.chains), len(ground.places), len(world.links.node_chain)
        for now in addresses(self.start):
            t = now.step
            forcing = CForcing(
                float(x.reference[now.year]),
                now.quarter,
                now.seed,
                now.member,
                *sizes,
                *(int(world.first_birth[t + k]) for k in (0, 1)),
                *(int(x.first_ticket[t + k]) for k in (0, 1)),
                int(now.first_of_year),
                _address(x.survival[t]),
                _address(x.growth[t]),
                _address(x.drift[now.year]),
                _address(x.contracts[t]),
                _address(x.linkage[t]),
                _address(x.tickets),
            )
            self.call(
                ctypes.byref(self.firms),
                ctypes.byref(self.births),
                ctypes.byref(forcing),
                ctypes.c_void_p(_address(self.parameters)),
                ctypes.byref(self.recorded),
                ctypes.c_void_p(_address(self.work)),
            )
        return totals(self.measures)


class Needs:
    """What a firm cannot go without in a quarter, counted from the equations; a new stage adds its own."""

    draws, yearly_draws = 1, 1  # exit; the year's shock
    logs, yearly_logs = (
        2,
        5,
    )  # size in the hazard and in contracts; size, age, scale, Laplace, compensation
    exps, yearly_exps = 2, 3  # the same two powers; scale, capacity of luck, growth
    columns = len(NUMBERS)


def lower_bound(start: Start, world: World) -> int:
    """Go through the draws, the maths and the memory of a run without its model; the firm-steps done."""
    call = library("lower_bound").bound
    call.restype = ctypes.c_double
    table, steps = world.firms, 0
    work = np.empty(table.n)
    whole = [ctypes.c_int64(part) for part in (table.capacity, table.n, Needs.columns)]
    for now in addresses(start):
        first = now.first_of_year
        call(
            ctypes.c_void_p(_address(table.columns.ids)),
            ctypes.c_void_p(_address(table.columns.numbers)),
            *whole,
            ctypes.c_int64(Needs.draws + first * Needs.yearly_draws),
            ctypes.c_int64(Needs.logs + first * Needs.yearly_logs),
            ctypes.c_int64(Needs.exps + first * Needs.yearly_exps),
            ctypes.c_uint64(now.quarter),
            ctypes.c_void_p(_address(work)),
        )
        steps += table.n
    return steps
