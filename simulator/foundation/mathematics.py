"""Elementary functions in plain arithmetic, so that every engine returns the same bits.

``exp`` and ``log`` use only ``+ - * /`` and the bit layout of a double, in one fixed order: numpy columns,
numpy scalars and the compiled loops (which carry a twin of these two bodies) agree to the last bit on
every IEEE-754 machine. Within 2 ulp of the C library (a test measures it) for ``exp`` on [-708, 709] and ``log`` on
normal positive numbers.
Source: rational approximation of exp after Cephes, polynomial of log after fdlibm (see NOTICE).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]

EXP_LOWEST, EXP_HIGHEST = -708.0, 709.0
LOG2_E = 1.4426950408889634
ROUNDER = 6755399441055744.0  # 1.5 * 2**52: adding it rounds a double to the nearest integer
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
EXP_P = (1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1)
EXP_Q = (3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2.0)
LOG_EVEN = (3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01)
LOG_ODD = (
    6.666666666666735130e-01,
    2.857142874366239149e-01,
    1.818357216161805012e-01,
    1.479819860511658591e-01,
)
ONE_BITS = 0x3FF0000000000000
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
ROOT_ABSOLUTE, ROOT_RELATIVE = 1e-10, 1e-12


class Loops(NamedTuple):
    """Compiled twins of ``exp`` and ``log`` for contiguous columns: the same operations, so the same bits."""

    exp: Callable[[Column], Column]
    log: Callable[[Column], Column]


_loops: list[Loops] = []


def use_loops(loops: Loops | None) -> None:
    """Let compiled loops do the arithmetic of columns, one pass in place of twenty; None goes back to numpy."""
    _loops[:] = [] if loops is None else [loops]


def exp(x: Any) -> Any:
    """Exponential of a number or an array; the argument is held to [-708, 709]."""
    if _loops and type(x) is np.ndarray and x.dtype == np.float64:
        return _loops[0].exp(x.ravel()).reshape(x.shape)
    x = np.minimum(np.maximum(x, EXP_LOWEST), EXP_HIGHEST)
    t = x * LOG2_E + ROUNDER
    n = t - ROUNDER
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    z = r * r
    px = r * ((EXP_P[0] * z + EXP_P[1]) * z + EXP_P[2])
    q = ((EXP_Q[0] * z + EXP_Q[1]) * z + EXP_Q[2]) * z + EXP_Q[3]
    e = 1.0 + 2.0 * (px / (q - px))
    return e * ((np.asarray(t).view(np.int64) << 52) + ONE_BITS).view(np.float64)


def log(x: Any) -> Any:
    """Natural logarithm of a positive normal number or array (zero and below are not caught here)."""
    if _loops and type(x) is np.ndarray and x.dtype == np.float64:
        return _loops[0].log(x.ravel()).reshape(x.shape)
    bits = np.asarray(x, dtype=np.float64).view(np.int64)
    e = (bits - SQRT_HALF_BITS) >> 52
    f = (bits - (e << 52)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (LOG_EVEN[0] + w * (LOG_EVEN[1] + w * LOG_EVEN[2]))
    odd = z * (LOG_ODD[0] + w * (LOG_ODD[1] + w * (LOG_ODD[2] + w * LOG_ODD[3])))
    half = 0.5 * f * f
    k = e.astype(np.float64)
    return k * LN2_HIGH - ((half - (s * (half + (even + odd)) + k * LN2_LOW)) - f)


def power(x: Any, exponent: Any) -> Any:
    """Positive ``x`` to a real exponent, as ``exp(exponent · log x)``."""
    return exp(exponent * log(x))


def select(condition: Any, if_true: Any, if_false: Any) -> Any:
    """``if_true`` where the condition holds, else ``if_false``; both sides are evaluated."""
    return np.where(condition, if_true, if_false)


def minimum(x: Any, y: Any) -> Any:
    """Smaller of two numbers, element by element."""
    return np.minimum(x, y)


def maximum(x: Any, y: Any) -> Any:
    """Larger of two numbers, element by element."""
    return np.maximum(x, y)


def sqrt(x: Any) -> Any:
    """Square root, correctly rounded by IEEE-754."""
    return np.sqrt(x)


class Bracket(NamedTuple):
    """Where a root is sought: the latest point, the one before, and one beyond the root, with the function's values."""

    x: float
    before: float
    other: float
    f_before: float
    f_other: float
    last: float  # the step before the latest
    step: float
    found: bool  # x is the root


def open_bracket(low: float, high: float, f_low: float, f_high: float) -> Bracket:
    """Bracket of a function that changes sign between two points. Raises ValueError when it does not."""
    if f_low == 0.0:
        return Bracket(low, high, high, f_high, f_high, 0.0, 0.0, True)
    if f_high != 0.0 and (f_low < 0.0) == (f_high < 0.0):
        raise ValueError("the function has the same sign at both bounds")
    return Bracket(high, low, low, f_low, f_low, high - low, high - low, f_high == 0.0)


def narrowed(b: Bracket, f: float) -> Bracket:
    """The bracket after one step of Brent's method; ``f`` is the function at ``b.x``, the next ``x`` is to be tried.

    The root is found to 1e-10, or 1e-12 of its size. Source: Brent (1973), in the steps of scipy's ``brentq``.
    """
    x, before, other, f_before, f_other, last, step, _ = b
    if f_before != 0.0 and f != 0.0 and (f_before < 0.0) != (f < 0.0):
        other, f_other = before, f_before
        last = step = x - before
    if abs(f_other) < abs(f):
        before, x, other = x, other, x
        f_before, f, f_other = f, f_other, f
    delta = (ROOT_ABSOLUTE + ROOT_RELATIVE * abs(x)) / 2.0
    halved = (other - x) / 2.0
    if f == 0.0 or abs(halved) < delta:
        return Bracket(x, before, other, f_before, f_other, last, step, True)
    short = False
    tried = 0.0
    if abs(last) > delta and abs(f) < abs(f_before):
        if before == other:
            tried = -f * (x - before) / (f - f_before)
        else:
            slope = (f_before - f) / (before - x)
            slope_other = (f_other - f) / (other - x)
            rise = f_other * slope_other - f_before * slope
            tried = -f * rise / (slope_other * slope * (f_other - f_before))
        short = 2.0 * abs(tried) < min(abs(last), 3.0 * abs(halved) - delta)
    last, step = (step, tried) if short else (halved, halved)
    before, f_before = x, f
    moved = step if abs(step) > delta else delta if halved > 0.0 else -delta
    return Bracket(x + moved, before, other, f_before, f_other, last, step, False)


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of a function between two points where it has different signs; raises ValueError when it has not."""
    bracket = open_bracket(low, high, function(low), function(high))
    while not bracket.found:
        bracket = narrowed(bracket, function(bracket.x))
    return bracket.x
