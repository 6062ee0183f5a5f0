"""Addressed draws: known answers, a pure-integer twin, and what an address promises."""

import numpy as np
import pytest

from simulator.foundation.randomness import (
    GROUP_BITS,
    LOW_WORD,
    MULTIPLIER_0,
    MULTIPLIER_1,
    ORDINAL_BITS,
    QUARTER_BITS,
    ROUNDS,
    WEYL_0,
    WEYL_1,
    Decision,
    Origin,
    entity_id,
    entity_ids,
    name_ids,
    philox,
    repeated_ids,
    uniforms,
)


def word(value: int) -> np.ndarray:
    return np.array([value], dtype=np.uint64)


def integer_philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 in Python integers, written from the paper's description."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        p0, p1 = MULTIPLIER_0 * c0, MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (p1 >> 32) ^ c1 ^ k0,
            p1 & LOW_WORD,
            (p0 >> 32) ^ c3 ^ k1,
            p0 & LOW_WORD,
        )
        k0, k1 = (k0 + WEYL_0) & LOW_WORD, (k1 + WEYL_1) & LOW_WORD
    return c0, c1, c2, c3


# Random123's published known-answer vectors for philox4x32-10.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((LOW_WORD,) * 4, (LOW_WORD,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_published_vectors(counter, key, answer):
    words = philox(*(word(c) for c in counter), *key)
    assert tuple(int(w[0]) for w in words) == answer
    assert integer_philox(counter, key) == answer


def test_uniforms_follow_the_address_and_match_the_integer_twin():
    ids = entity_ids(Origin.FOUNDING, 5, 8100, 40)
    first, second = uniforms(ids, 8101, Decision.EXIT, 7, 11, option=3)
    for i, identity in enumerate(ids):
        identity = int(identity)
        counter = (identity & LOW_WORD, identity >> 32, 8101, int(Decision.EXIT) | 3 << 8)
        o = integer_philox(counter, (7, 11))
        for value, high, low in ((first[i], o[0], o[1]), (second[i], o[2], o[3])):
            assert value == (((high >> 6) << 26 | low >> 6) + 0.5) * 2.0**-52


@pytest.mark.parametrize(
    "changed",
    [{"quarter": 8102}, {"decision": 9}, {"seed": 8}, {"member": 12}, {"option": 4}],
)
def test_any_part_of_the_address_changes_the_draws(changed):
    ids = entity_ids(Origin.FOUNDING, 5, 8100, 200)
    address = {"quarter": 8101, "decision": 7, "seed": 7, "member": 11, "option": 3}
    a = uniforms(ids, **address)[0]
    b = uniforms(ids, **(address | changed))[0]
    assert not (a == b).any()
    assert abs(float(np.corrcoef(a, b)[0, 1])) < 0.25


def test_a_draw_does_not_depend_on_who_else_draws():
    ids = entity_ids(Origin.STARTUP, 1, 8100, 100)
    whole = uniforms(ids, 1, 2, 3, 4)[0]
    assert (uniforms(ids[::-1].copy(), 1, 2, 3, 4)[0] == whole[::-1]).all()
    assert (uniforms(ids[17:18].copy(), 1, 2, 3, 4)[0] == whole[17]).all()


def test_uniforms_are_uniform_and_never_touch_the_ends():
    u, v = uniforms(entity_ids(Origin.FOUNDING, 0, 0, 200_000), 0, 1, 2, 3)
    for sample in (u, v):
        assert sample.min() > 0.0 and sample.max() < 1.0
        assert abs(float(sample.mean()) - 0.5) < 4 * (1 / 12 / 200_000) ** 0.5
        counts = np.histogram(sample, bins=64, range=(0, 1))[0]
        assert np.abs(counts - 200_000 / 64).max() < 5 * (200_000 / 64) ** 0.5
    assert abs(float(np.corrcoef(u, v)[0, 1])) < 4 / 200_000**0.5


def test_ids_are_unique_addresses_and_refuse_what_does_not_fit():
    ids = {
        entity_id(origin, group, quarter, ordinal)
        for origin in (1, 15)
        for group in (0, (1 << GROUP_BITS) - 1)
        for quarter in (0, (1 << QUARTER_BITS) - 1)
        for ordinal in (0, (1 << ORDINAL_BITS) - 1)
    }
    assert len(ids) == 16
    assert max(ids) == 2**64 - 1 and all(i >> 60 in (1, 15) for i in ids)
    with pytest.raises(ValueError, match="out of range"):
        entity_id(1, 1 << GROUP_BITS)
    with pytest.raises(ValueError, match="out of range"):
        entity_id(1, 0, 1 << QUARTER_BITS)
    with pytest.raises(ValueError, match="out of range"):
        entity_ids(1, 0, 0, (1 << ORDINAL_BITS) + 1)


def test_repeated_ids_count_on_from_each_first():
    firsts = np.array([10, 100, 1000], dtype=np.uint64)
    assert repeated_ids(firsts, np.array([2, 0, 3])).tolist() == [10, 11, 1000, 1001, 1002]
    assert repeated_ids(firsts[:0], np.array([], dtype=np.int64)).tolist() == []


def test_a_new_name_shifts_no_other_draw():
    a = uniforms(name_ids(("b", "c")), 0, Decision.PARAMETER, 1, 0)[0]
    b = uniforms(name_ids(("a", "b", "c")), 0, Decision.PARAMETER, 1, 0)[0]
    assert (a == b[1:]).all()


def test_decisions_are_numbered_once_and_fit_beside_an_option():
    numbers = [int(d) for d in Decision]
    assert len(set(numbers)) == len(numbers) and max(numbers) < 256
