"""The compiled loops do four or more firms at a time, call no library function, and enter without delay."""

import platform
import re
from pathlib import Path

import numpy as np
import pytest

from simulator.foundation.randomness import Decision
from simulator.mechanisms import demography as m14
from simulator.model import TianjinAI, prepare
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
compiled = pytest.importorskip("simulator.engine.compiled", reason="Numba is not installed")
from simulator.engine.numba_tools import Steady, form, move_rows, njit, numba  # noqa: E402

LIBRARY = re.compile(r"(expm?1?|log(1p|2|10)?|pow|sqrt|tanh|fmod|floor)f?")
CALL = re.compile(r"^\s*(?:call\w*|movabsq)\s+\$?(\w+)", re.MULTILINE)
WIDE = r"\bv?{}\s.*%[xyz]mm"

x86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not x86-64")


@pytest.fixture(scope="module")
def model():
    return TianjinAI(prepare(load_scenario(ROOT / "scenarios/baseline.yaml")), engine="compiled")


def assembly(stage, *arguments):
    """Assembly of a stage, compiled anew for these arguments: code from the disk cache shows none."""
    loop = njit(error_model="numpy", nogil=True)(stage.py_func)
    loop(*arguments)
    return "\n".join(loop.inspect_asm().values())


def count(code, instruction):
    return len(re.findall(WIDE.format(instruction), code))


def library_calls(code):
    return {name for name in CALL.findall(code) if LIBRARY.fullmatch(name)}


@x86
def test_draws_are_made_in_wide_registers():
    ids, luck = np.arange(100, dtype=np.uint64), np.empty(100)
    address = np.uint64(8100), np.uint64(Decision.EXIT)
    code = assembly(compiled._first_uniforms, ids, 100, address, np.uint64(1), np.uint64(2), luck)
    assert count(code, "pmuludq") >= 19  # ten rounds of two products, of which the last needs one
    assert not library_calls(code)


@x86
@pytest.mark.slow
def test_the_yearly_growth_is_computed_in_wide_registers(model):
    world, now = model.world, compiled.Address(1, 0, 8100, 0, 0, True)
    columns, n = world.firms.columns, world.firms.n
    code = assembly(
        compiled._grow_yearly,
        *(columns.firms, columns.ids, n, world.parameters, world.forcing, world.stocks, now),
    )
    # One division in each of three exponentials and five logarithms, by the reference size, and for group means.
    assert count(code, "divpd") >= 10
    assert count(code, "pmuludq") >= 19
    assert not library_calls(code)


@x86
def test_the_guard_sees_a_call_of_the_library():
    def column(x, y):
        for i in range(x.shape[0]):
            y[i] = x[i] ** 0.3

    column.py_func = column
    code = assembly(column, np.ones(9), np.ones(9))
    assert library_calls(code) == {"pow"} and count(code, "divpd") == 0


def test_no_hazard_exceeds_the_highest(model):
    """The compiled engine computes hazards only of firms whose draw is below it."""
    rng = np.random.default_rng(5)
    p = model.world.parameters.demography
    for _ in range(200):
        q = p._replace(**{name: rng.uniform(0.0, 1.2) for name in p._fields if name[:2] == "h_"})
        q = q._replace(exit_named=rng.uniform(0.0, 1.0), exit_size_exponent=rng.uniform(-1.0, 1.0))
        survival = rng.uniform(-0.5, 1.5, 50)
        table = m14.age_hazard(rng.integers(0, 12, 50).astype(float), q)
        sizes, named = np.exp(rng.normal(0.0, 3.0, 50)), rng.integers(0, 2, 50)
        yearly = m14.yearly_hazard(table, sizes, named, survival, q)
        highest = m14.highest_hazard(survival.min(), q)
        assert (yearly <= highest).all()
        assert (m14.quarterly_hazard(yearly) <= m14.quarterly_hazard(highest)).all()


@pytest.mark.parametrize(("to", "first", "count_"), [(2, 5, 40), (0, 1, 59), (20, 20, 0)])
def test_rows_move_over_themselves(to, first, count_):
    @njit
    def move(into, to, source, first, count):
        move_rows(into, to, source, first, count)

    column = np.arange(60.0)
    expected = column.copy()
    expected[to : to + count_] = column[first : first + count_].copy()
    move(column, to, column, first, count_)
    assert column.tolist() == expected.tolist()


def test_known_tuples_enter_the_compiled_code_directly_and_others_do_not():
    @njit
    def total(pair, k):
        return pair[0].sum() + pair[1] + k

    asked = []

    class Watched:
        overloads = total.overloads

        def __call__(self, *given):
            asked.append(given)
            return total(*given)

    steady, pair, other = Steady(Watched()), (np.ones(3), 2.0), (np.ones(4), 2.0)
    assert [steady((pair,), (pair, k)) for k in range(3)] == [5.0, 6.0, 7.0]
    assert len(asked) == 1
    assert steady((other,), (other, 1)) == 7.0 and len(asked) == 1  # another tuple of the same form
    whole = (np.ones(3, dtype=np.int64), 2.0)
    assert steady((whole,), (whole, 0)) == 5.0  # a second version of the code
    assert steady((whole,), (whole, 1)) == 6.0 and len(asked) == 3
    assert steady((pair,), (pair, 1)) == 6.0 and len(asked) == 4


@pytest.mark.parametrize(
    "other",
    [
        np.ones(3, dtype=np.int64),
        np.ones((3, 1)),
        np.ones((2, 3))[:, 0],
        np.frombuffer(bytes(24)),  # may not be written to
        3.0,
        1,
        2**63,
        True,
        (np.ones(3),),
    ],
)
def test_what_numba_tells_apart_has_another_form(other):
    assert numba.typeof(other) != numba.typeof(np.ones(3))
    assert form((other,)) != form((np.ones(3),))
    assert form((np.ones(3), 1.0, 7)) == form((np.zeros(8), 2.5, -1))
