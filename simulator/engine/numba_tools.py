"""Numba as the compiled engine uses it: the cache folder first, then the few tools with their settings.

No ``fastmath``: the compiler may not reorder or fuse, or the engines would no longer agree bit for bit.
Raises ImportError where Numba is not installed.
"""

from __future__ import annotations

import threading
from operator import is_
from typing import Any

from simulator.engine import cache

cache.point_numba_to_folder()

import llvmlite.binding as binding  # noqa: E402  Numba reads its cache setting when it loads
import llvmlite.ir as ir  # noqa: E402
import numba  # noqa: E402
import numpy as np  # noqa: E402
from numba import extending, types  # noqa: E402
from numba.core import cgutils  # noqa: E402

njit: Any = numba.njit
overload: Any = extending.overload
intrinsic: Any = extending.intrinsic

LOOP: dict[str, Any] = {"cache": True, "error_model": "numpy", "nogil": True}
INLINE: dict[str, Any] = {**LOOP, "forceinline": True}
STAGE: dict[str, Any] = {**LOOP, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
TWIN: dict[str, Any] = {
    "jit_options": {"error_model": "numpy", "forceinline": True},
    "strict": False,  # the twins carry no annotations
}


_LAYOUT = (
    0x1 | 0x2 | 0x100 | 0x400
)  # rows, columns, alignment, leave to write: what Numba tells arrays apart by


def form(value: Any) -> object:
    """What Numba tells values apart by, read cheaply: the same form, the same Numba type."""
    if isinstance(value, tuple):
        return (type(value), *map(form, value))
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim, value.flags.num & _LAYOUT
    if isinstance(value, int):
        return type(value), value.bit_length() < 64
    return type(value)


def _is_known(value: object, before: object, forms: set[object]) -> bool:
    return value is before or form(value) in forms


class Steady(threading.local):
    """A compiled function that is called again and again with large tuples of the same form.

    Numba looks at the type of each of two hundred fields before every call, which takes as long as a thousand firms.
    Where the tuples are the very objects of the call before, in the same thread, or have the form of some call before,
    their types are known and the compiled code is entered directly. The tuples are kept until the next call.
    """

    def __init__(self, function: Any) -> None:
        """Wrap a function that `njit` made."""
        self.function = function
        self.known: tuple[object, ...] = ()
        self.before: tuple[object, ...] = ()
        self.forms: tuple[set[object], ...] = ()  # of each argument, in calls that Numba looked at
        self.enter: Any = None

    def __call__(self, steady: tuple[object, ...], given: tuple[object, ...]) -> Any:
        """Call with ``given``, of which ``steady`` are the arguments whose identity vouches for their types."""
        if self.enter is not None:
            if all(map(is_, steady, self.known)):
                return self.enter(*given)
            # With one version compiled, each argument has one type, whatever it was seen beside.
            if all(map(_is_known, given, self.before, self.forms)):
                self.known, self.before = steady, given
                return self.enter(*given)
        result = self.function(*given)
        compiled = list(self.function.overloads.values())
        # With more than one version compiled, only Numba's own look tells which is meant.
        self.enter = compiled[0].entry_point if len(compiled) == 1 else None
        if not self.forms or self.enter is None:
            self.forms = tuple(set() for _ in given)
        for value, forms in zip(given, self.forms, strict=True):
            forms.add(form(value))
        self.known, self.before = steady, given
        return result


@intrinsic
def move_rows(context: Any, into: Any, to: Any, source: Any, first: Any, count: Any) -> Any:
    """Copy ``count`` rows of a column from row ``first`` on into another, or over itself, from row ``to`` on."""

    def generate(c: Any, b: Any, s: Any, a: Any) -> Any:
        written, read = (c.make_array(s.args[k])(c, b, a[k]) for k in (0, 2))
        width = c.get_abi_sizeof(c.get_data_type(s.args[0].dtype))
        cgutils.raw_memmove(b, b.gep(written.data, [a[1]]), b.gep(read.data, [a[3]]), a[4], width)
        return c.get_dummy_value()

    return types.void(into, types.int64, source, types.int64, types.int64), generate


def special(name: str, arguments: int) -> Any:
    """A special function of scipy for compiled code: its own machine code, called by address, so the same bits.

    It takes a last argument 0 besides its ``arguments`` doubles: Cython's flag whether to look for an override. The
    symbol, not the address, goes into the cache of compiled code.
    """
    symbol = f"scipy_special_{name}"
    address = extending.get_cython_function_address("scipy.special.cython_special", name)
    binding.add_symbol(symbol, address)
    numbers = [types.float64] * arguments
    return types.ExternalFunction(symbol, types.float64(*numbers, types.int32))


@intrinsic
def bits_of(context: Any, x: Any) -> Any:
    """Bit pattern of a double as int64, inside compiled code."""
    return types.int64(types.float64), lambda c, b, s, a: b.bitcast(a[0], ir.IntType(64))


@intrinsic
def from_bits(context: Any, x: Any) -> Any:
    """Double of an int64 bit pattern, inside compiled code."""
    return types.float64(types.int64), lambda c, b, s, a: b.bitcast(a[0], ir.DoubleType())
