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

from benchmarks.yardstick.worlds import TOTALS, Start, addresses, flat
from simulator.foundation.randomness import Decision
from simulator.world.firms import LABELS, NUMBERS
from simulator.world.measures import BY_CHAIN, BY_PLACE, CITY
from simulator.world.state import BUILDER, Address, Parameters, World

HERE = Path(__file__).parent
DT = 0.25
FLAGS = {
    "twin": ("-O3", "-ffp-contract=off"),
    "lower_bound": ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math"),
}
COLUMNS = {"ids": np.uint64, "numbers": np.float64, "labels": np.int64}
LINKS = {"purchases": np.float64, "coverage": np.float64, "node_chain": np.int64}
STOCKS = {
    "chain_sales": np.float64,
    "chain_contract": np.float64,
    "owner": np.uint64,
    "amount": np.float64,
    "due": np.int64,
    "invested": np.float64,
    "grant_pot": np.float64,
    "grants_paid": np.float64,
    "slots_used": np.int64,
    "row": np.int64,
    "grant": np.float64,
    "granted": np.float64,
    "lead": np.float64,
    "project_slot": np.int64,
}
PEOPLE = dict.fromkeys(("wanted", "pool", "fill", "posts"), np.float64)
COUNTED = dict.fromkeys(("delivered", "hired"), np.float64)
DRIVERS = dict.fromkeys(
    ("survival", "growth", "drift", "contracts", "linkage", "tickets", "grants", "depreciation"),
    np.float64,
)
PATHS = dict.fromkeys(("programme", "promised"), np.float64)
PROJECTS = {
    "first_project": np.int64,
    "begun": np.int64,
    "due_step": np.int64,
    "succeeds": np.int64,
    "target": np.int64,
    "carrier": np.int64,
    "investment": np.float64,
}
SIZES = ("chains", "places", "nodes", "slots", "ring", "hired_targets")
CALENDAR = ("quarter", "seed", "member", "step", "year", "first_of_year")
SPANS = ("first_birth", "last_birth", "first_ticket", "last_ticket")
RATES = ("reference", "national_fill", "per_head")
KINDS = COLUMNS | LINKS | STOCKS | PEOPLE | COUNTED | DRIVERS | PATHS | PROJECTS
C_NAMES = {np.float64: "double", np.int64: "int64_t", np.uint64: "uint64_t"}


def _pointers(*groups: dict[str, type]) -> list[tuple[str, type]]:
    return [(name, ctypes.c_void_p) for group in groups for name in group]


class CWorld(ctypes.Structure):
    """Firms and stocks as C sees them."""

    _fields_ = [
        ("n", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("catalogue_reference", ctypes.c_double),
        *_pointers(COLUMNS, LINKS, STOCKS, PEOPLE, COUNTED),
    ]


class CForcing(ctypes.Structure):
    """What drives one quarter."""

    _fields_ = [
        *((name, ctypes.c_double) for name in RATES),
        *((name, ctypes.c_int64) for name in (*CALENDAR, *SIZES, *SPANS)),
        *_pointers(DRIVERS, PATHS, PROJECTS),
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
        f"#define N_NUMBERS {len(NUMBERS)}",
        f"#define N_LABELS {len(LABELS)}",
        f"#define BUILDER {BUILDER}",
    ]
    lines += ["#define MOST_CHAINS 16", "#define MOST_PLACES 64", "#define MOST_NODES 256"]
    for structure, title in ((CWorld, "World"), (CForcing, "Forcing"), (CMeasures, "Measures")):
        lines.append("typedef struct {")
        for name, kind in structure._fields_:
            plain = {ctypes.c_int64: "int64_t ", ctypes.c_double: "double "}.get(kind)
            lines.append(f"    {plain or C_NAMES[KINDS.get(name, np.float64)] + ' *'}{name};")
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


class Twin:
    """The scalar C twin of one world, in columns of its own; `walk` is its whole run."""

    def __init__(self, start: Start, world: World) -> None:
        x, stocks, people = world.forcing, world.stocks, world.stocks.people
        self.kept: list[np.ndarray] = []
        self.delivered = np.zeros(stocks.delivered.shape[1])
        self.hired = np.zeros(people.hired.shape[1])
        most = world.firms.n + world.births.n
        chains, places = x.growth.shape[1:]
        self.city, self.chain = np.zeros(len(CITY)), np.zeros((len(BY_CHAIN), chains))
        self.place, self.cell = np.zeros((len(BY_PLACE), places)), np.zeros((chains, places))
        parts = (self.city, self.chain, self.place, self.cell)
        self.measures = CMeasures(*(self._at(part, np.float64) for part in parts))
        values = [value for part in world.parameters for value in part]
        self.parameters = ctypes.c_void_p(self._at(np.array(values), np.float64))
        self.work = ctypes.c_void_p(self._at(np.empty(2 * most), np.float64))
        shared = [
            self._at(getattr(where, name), kind)
            for where, group in (
                (world.links, LINKS),
                (stocks, STOCKS),
                (people, PEOPLE),
                (self, COUNTED),
            )
            for name, kind in group.items()
        ]
        self.firms, self.births = (
            self._table(table, room, float(stocks.catalogue_reference[0]), shared)
            for table, room in ((world.firms, most), (world.births, world.births.n))
        )
        first, *rest = x.projects
        projects = dict(zip(PROJECTS, (first, *rest), strict=True))
        self.projects = [self._at(part, PROJECTS[name]) for name, part in projects.items()]
        self.sizes = (
            chains,
            places,
            len(world.links.node_chain),
            *stocks.lead.shape,
            len(self.hired),
        )
        self.quarters = [self._forcing(world, now) for now in addresses(start)]
        self.call = library("twin").quarter
        self.call.restype = None

    def _at(self, array: np.ndarray, kind: type) -> int:
        """Address of an array as C has it, kept as long as the twin."""
        self.kept.append(np.ascontiguousarray(array, dtype=kind))
        return int(self.kept[-1].ctypes.data)

    def _table(self, table: Any, room: int, reference: float, shared: list[int]) -> CWorld:
        columns = {"ids": np.zeros((1, room), np.uint64)}
        columns["ids"][0, : table.n] = table.ids
        for block, names in (("numbers", NUMBERS), ("labels", LABELS)):
            columns[block] = np.zeros((len(names), room), COLUMNS[block])
            for row, name in enumerate(names):
                columns[block][row, : table.n] = table.column(name)
        blocks = [self._at(block, COLUMNS[name]) for name, block in columns.items()]
        return CWorld(table.n, room, reference, *blocks, *shared)

    def _forcing(self, world: World, now: Address) -> CForcing:
        x, t, year = world.forcing, now.step, now.year
        rates = x.reference[year], x.people.national_fill[year], x.people.per_head[year]
        calendar = now.quarter, now.seed, now.member, t, year, now.first_of_year
        births, tickets = world.first_birth[t : t + 2], x.first_ticket[t : t + 2]
        drivers = x.survival[t], x.growth[t], x.drift[year], x.contracts[t], x.linkage[t], x.tickets
        paths = x.grants[year], x.research_depreciation, x.people.programme[t], x.people.promised[t]
        return CForcing(
            *(float(rate) for rate in rates),
            *(int(whole) for whole in (*calendar, *self.sizes, *births, *tickets)),
            *(self._at(part, np.float64) for part in (*drivers, *paths)),
            *self.projects,
        )

    def walk(self) -> dict[str, float]:
        """Step through the calendar; the totals at the end."""
        firms, births, measures = (
            ctypes.byref(part) for part in (self.firms, self.births, self.measures)
        )
        for forcing in self.quarters:
            self.call(firms, births, ctypes.byref(forcing), self.parameters, measures, self.work)
        found = {name: float(self.city[CITY.index(name)]) for name in TOTALS}
        found |= flat(BY_CHAIN, self.chain) | flat(BY_PLACE[:3], self.place)
        return found | flat(("delivered", "hired"), (self.delivered, self.hired))


class LowerBound:
    """The draws, the maths and the memory of one world's run without its model; `walk` is the whole run.

    Counted from the equations, for the firms that the world is founded with: each draw, each exp and log, and every
    column that a quarter changes (read and written) or asks for (read), once. A new stage adds its own.
    """

    changed_numbers, asked_numbers = 6, 1  # external to research; ai_share
    changed_labels, asked_labels = (
        1,
        8,
    )  # age; chain to named, ticket_until and slot without the years of titles

    def __init__(self, start: Start, world: World) -> None:
        table = world.firms
        n, listed = table.n, int(np.count_nonzero(table.column("catalogue")))
        able = int(np.count_nonzero(table.column("ai")))
        self.steps = n * len(start.study.simulated)
        self.call = library("lower_bound").bound
        self.call.restype = ctypes.c_double
        self.numbers = np.ones((self.changed_numbers + self.asked_numbers, n))
        self.labels = np.ones((self.changed_labels + self.asked_labels, n), np.int64)
        self.ids, self.work = table.ids.copy(), np.empty(n)
        self.quarters = []
        for now in addresses(start):
            issued = int(np.diff(world.forcing.first_ticket[now.step : now.step + 2])[0])
            draws = [n] + [listed] * issued  # exit; the race for each ticket
            logs = [n, able] + [listed] * issued  # size in the hazard and in contracts; the race
            exps = [n, able]  # the same two powers
            if now.first_of_year:
                draws += [n, able]  # the year's shock; the grant round
                logs += [n] * 5 + [
                    able
                ] * 3  # size, age, scale, Laplace, compensation; scores, race
                exps += [n] * 3  # scale, capacity of luck, growth
            self.quarters.append((now.quarter, *(_counts(part) for part in (draws, logs, exps))))

    def walk(self) -> int:
        """Go through the run; the firm-steps done."""
        held = [_pointer(part) for part in (self.ids, self.numbers, self.labels)]
        whole = [
            ctypes.c_int64(part)
            for part in (
                len(self.ids),
                self.changed_numbers,
                self.asked_numbers,
                self.changed_labels,
                self.asked_labels,
            )
        ]
        work = _pointer(self.work)
        for quarter, *counts in self.quarters:
            self.call(*held, *whole, *counts, ctypes.c_uint64(quarter), work)
        return self.steps


def apply(name: str, x: np.ndarray) -> None:
    """One of the bound's own functions on a column, in place."""
    getattr(library("lower_bound"), name)(_pointer(x), ctypes.c_int64(len(x)))


def _counts(rows: list[int]) -> Any:
    """Rows of each pass as C takes them: how many passes there are, then their rows."""
    return (ctypes.c_int64 * (len(rows) + 1))(len(rows), *rows)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
