"""Addressed randomness: a draw is a function of who draws, when and for what, never of call order.

A draw is addressed by (seed, member, decision, quarter, entity). The address is fed to Philox4x32-10
(Salmon et al. 2011, Random123), a counter-based generator whose 128 output bits give two uniforms of 52 bits.
Scenarios that share an address share the draw: one firm more or less shifts nothing.

An entity's id is an address too (origin, group, quarter, ordinal packed into 64 bits), not a counter, so a
firm that enters under two scenarios is the same firm with the same luck.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

MULTIPLIER_0, MULTIPLIER_1 = 0xD2511F53, 0xCD9E8D57
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
LOW_WORD = 0xFFFFFFFF
ROUNDS = 10


class Decision(IntEnum):
    """What a draw decides; a number is never reused for another purpose."""

    PARAMETER = 1
    NATIONAL_GROWTH = 2
    CHAIN_DEVIATION = 3
    CHAIN_SHOCK = 4
    CITY_SHOCK = 5
    FIRM_SHOCK = 6
    EXIT = 7
    FOUNDING_SIZE = 8
    FOUNDING_PLACE = 9
    FOUNDING_KIND = 10
    FOUNDING_AGE = 11
    QUALITY = 12
    BIRTH_COUNT = 13
    BIRTH_SIZE = 14
    BIRTH_KIND = 15
    BIRTH_PLACE = 16
    ARRIVAL_LAG = 17  # its second uniform is the but-for coin of a signing (18 is retired)
    TICKET_SIZE = 19
    TICKET_CHOICE = 20
    REPORTING_NOISE = 21
    DEFINITION_DRIFT = 22
    PROJECT = 23
    TITLE = 40
    NAMED_SCALE = 41
    SINGLE_PROJECT = 42
    PROJECT_SIZE = 30
    GRANT_ROUND = 31  # first uniform: noise of the score; second: race for major projects
    REPORTED_FIGURE = 43  # the error of a published figure, by its id


class Origin(IntEnum):
    """Where an entity comes from: the first part of its id."""

    FOUNDING = 1
    NAMED = 2
    STARTUP = 3
    ARRIVAL = 4
    POLICY_ARRIVAL = 5
    TICKET = 6
    PROCESS = 7


GROUP_BITS, QUARTER_BITS, ORDINAL_BITS = 24, 14, 22


@cache
def name_group(name: str) -> int:
    """Stable 24-bit number of a name (blake2b), for ids and addresses that carry a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=3).digest(), "big")


def entity_id(origin: int, group: int = 0, quarter: int = 0, ordinal: int = 0) -> int:
    """Pack (origin 4 bits, group 24, quarter 14, ordinal 22) into one 64-bit id.

    Raises ValueError when a part does not fit.
    """
    if not (0 <= group < 1 << GROUP_BITS and 0 <= quarter < 1 << QUARTER_BITS):
        raise ValueError(f"id part out of range: group {group}, quarter {quarter}")
    if not 0 <= ordinal < 1 << ORDINAL_BITS:
        raise ValueError(f"id ordinal out of range: {ordinal}")
    high = (int(origin) << GROUP_BITS) | group
    return (((high << QUARTER_BITS) | quarter) << ORDINAL_BITS) | ordinal


def entity_ids(origin: int, group: int, quarter: int, count: int) -> Ids:
    """Ids of ``count`` entities with consecutive ordinals; uint64 array of shape (count,)."""
    entity_id(origin, group, quarter, max(count - 1, 0))
    first = np.uint64(entity_id(origin, group, quarter, 0))
    return np.asarray(first + np.arange(count, dtype=np.uint64), dtype=np.uint64)


@lru_cache(maxsize=4096)
def dated_ids(
    origin: int, groups: tuple[int, ...], first: int, count: int, ordinal: int = 0
) -> Ids:
    """Ids of groups at consecutive dates from ``first`` on, shape (count, groups); kept, so not to be written to."""
    rows = [
        [entity_id(origin, group, first + t, ordinal) for group in groups] for t in range(count)
    ]
    ids: Ids = np.array(rows, dtype=np.uint64).reshape(count, len(groups))
    ids.flags.writeable = False
    return ids


def repeated_ids(firsts: Ids, counts: npt.NDArray[np.int64]) -> Ids:
    """Consecutive ids after each first id: ``counts[k]`` of them after ``firsts[k]``; shape (sum of counts,)."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    ordinals = np.arange(total) - np.repeat(ends - counts, counts)
    return np.asarray(np.repeat(firsts, counts) + ordinals.astype(np.uint64), dtype=np.uint64)


def name_ids(names: tuple[str, ...]) -> Ids:
    """64-bit ids of names (blake2b), for draws addressed by a name such as a parameter's."""
    digests = [hashlib.blake2b(n.encode(), digest_size=8).digest() for n in names]
    return np.array([int.from_bytes(d, "big") for d in digests], dtype=np.uint64)


def philox(c0: Ids, c1: Ids, c2: Ids, c3: Ids, k0: int, k1: int | Ids) -> tuple[Ids, Ids, Ids, Ids]:
    """Philox4x32-10 on columns of 32-bit words held in uint64; four words back, of the shape all have together."""
    m0, m1, low, shift = (
        np.uint64(MULTIPLIER_0),
        np.uint64(MULTIPLIER_1),
        np.uint64(LOW_WORD),
        np.uint64(32),
    )
    key: Any = np.asarray(k1, dtype=np.uint64)
    for _ in range(ROUNDS):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1 = (p1 >> shift) ^ c1 ^ np.uint64(k0), p1 & low
        c2, c3 = (p0 >> shift) ^ c3 ^ key, p0 & low
        k0, key = (k0 + WEYL_0) & LOW_WORD, (key + np.uint64(WEYL_1)) & low
    return c0, c1, c2, c3


def unit(high: Ids, low: Ids) -> Floats:
    """Two 32-bit words → a uniform in (0, 1) with 52 bits, never 0 or 1."""
    whole = ((high >> np.uint64(6)) << np.uint64(26)) | (low >> np.uint64(6))
    return (whole.astype(np.float64) + 0.5) * 2.0**-52


def uniforms(
    ids: Ids, quarter: int, decision: int, seed: int, member: int | Ids, option: int = 0
) -> tuple[Floats, Floats]:
    """Two independent uniforms per id, addressed by (seed, member, decision, option, quarter, id).

    ``option`` numbers the alternatives of one choice (a place, a ticket), 0 to 2**24 - 1. Several members are drawn
    at once by a column of their numbers. Returns two float64 arrays of the shape of ``ids`` and members together.
    """
    c2 = np.full_like(ids, quarter)
    c3 = np.full_like(ids, int(decision) | (option << 8))
    o0, o1, o2, o3 = philox(ids & np.uint64(LOW_WORD), ids >> np.uint64(32), c2, c3, seed, member)
    return unit(o0, o1), unit(o2, o3)
