"""Numba as the compiled engine uses it: the cache folder first, then the few tools with their settings.

No ``fastmath``: the compiler may not reorder or fuse, or the engines would no longer agree bit for bit.
Raises ImportError where Numba is not installed.
"""

from __future__ import annotations

from typing import Any

from simulator.engine import cache

cache.point_numba_to_folder()

import llvmlite.binding as binding  # noqa: E402  Numba reads its cache setting when it loads
import llvmlite.ir as ir  # noqa: E402
import numba  # noqa: E402
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


@intrinsic
def bits_of(context: Any, x: Any) -> Any:
    """Bit pattern of a double as int64, inside compiled code."""
    return types.int64(types.float64), lambda c, b, s, a: b.bitcast(a[0], ir.IntType(64))


@intrinsic
def from_bits(context: Any, x: Any) -> Any:
    """Double of an int64 bit pattern, inside compiled code."""
    return types.float64(types.int64), lambda c, b, s, a: b.bitcast(a[0], ir.DoubleType())


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
