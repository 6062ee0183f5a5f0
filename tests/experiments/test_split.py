"""Luck, base, other parameters and readings: parts of the uncertainty, on toys whose parts are known."""

import numpy as np
import pytest

from simulator.experiments.errors import MismatchError
from simulator.experiments.split import Components, _split, components, repeat_luck, shares
from simulator.foundation.findings import UsageError
from simulator.registry import Name

# Two constructions of the base, in each of them two equally likely parameters: the probability of each.
TOY = np.array([[0.2, 0.4], [0.6, 0.8]])
KNOWN = Components(luck=0.2, parameters=0.01, base=0.04)  # together 0.5 × 0.5


def toy(draws: np.random.Generator, members: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    groups = np.arange(members) % 2
    chance = TOY[groups, draws.integers(0, 2, members)]
    return draws.random((repeats, members)) < chance, groups


@pytest.mark.parametrize(("members", "repeats"), [(12, 2), (20, 4)])
def test_the_parts_are_estimated_without_bias(members: int, repeats: int) -> None:
    assert sum(KNOWN) == pytest.approx(0.25)
    draws = np.random.default_rng(5)
    found = np.array([components(*toy(draws, members, repeats)) for _ in range(1500)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - KNOWN) < 4.0 * error).all()
    # Without the correction for the luck that is left in a mean over few lucks, it would show as parameters.
    assert (error < 0.3 * KNOWN.luck / repeats).all()


def test_luck_alone_and_parameters_alone_are_told_apart() -> None:
    draws = np.random.default_rng(1)
    nobody = np.zeros(400, dtype=np.int64)
    luck = draws.random((4, 400)) < 0.4
    parts = shares(components(luck, nobody))
    assert parts is not None and parts[0] > 0.97
    fixed = np.tile(draws.random(400) < 0.4, (4, 1))
    assert shares(components(fixed, nobody)) == pytest.approx((0.0, 1.0, 0.0))
    by_base = np.tile(np.arange(400) % 2 == 0, (4, 1))
    assert shares(components(by_base, np.arange(400) % 2)) == pytest.approx((0.0, 0.0, 1.0))
    assert shares(components(np.ones((2, 8), dtype=bool), nobody[:8])) is None


def test_intervals_hold_the_known_shares_and_shrink_with_members() -> None:
    flags, groups = toy(np.random.default_rng(3), 400, 4)
    found = _split("toy", Name("玩具", "toy"), flags, groups, [])
    assert found.luck and found.base and found.parameters and found.readings is None
    for share, known in ((found.luck, 0.8), (found.parameters, 0.04), (found.base, 0.16)):
        assert share.low <= known <= share.high
        assert share.low <= share.value <= share.high
    few = _split("toy", Name("玩具", "toy"), flags[:, :50], groups[:50], [])
    assert few.luck and few.luck.high - few.luck.low > 1.5 * (found.luck.high - found.luck.low)


def test_readings_that_are_equally_likely_share_by_their_spread() -> None:
    always, never = np.ones((2, 40), dtype=bool), np.zeros((2, 40), dtype=bool)
    half = np.random.default_rng(2).random((2, 40)) < 0.5
    groups = np.zeros(40, dtype=np.int64)
    found = _split("toy", Name("玩具", "toy"), half, groups, [always, never]).readings
    assert found is not None and (found.lowest, found.highest, found.tried) == (0.0, 1.0, 3)
    assert found.luck + found.base + found.parameters + found.reading == pytest.approx(1.0)
    p = np.array([half.mean(), 1.0, 0.0])
    spread, mean = p.var(), p.mean()
    assert found.reading == pytest.approx(spread / (mean * (1.0 - mean)), rel=0.05)


def test_too_few_that_differ_are_not_parted() -> None:
    flags = np.zeros((4, 100), dtype=bool)
    flags[0, :9] = True
    found = _split("rare", Name("少", "rare"), flags, np.zeros(100, dtype=np.int64), [])
    assert found.luck is None and found.base is None and found.parameters is None


def test_the_same_parameters_meet_other_luck_and_are_kept(lab) -> None:
    first = lab.run(60)
    runs = repeat_luck(first, 3, 40, machinery=lab.machinery)
    assert [run.n for run in runs] == [60, 40, 40]
    assert [run.path.relative_to(first.path).as_posix() for run in runs[1:]] == [
        "repeats/1",
        "repeats/2",
    ]
    for other in runs[1:]:
        assert (
            other.parameters("base_core_revenue") == first.parameters("base_core_revenue")[:40]
        ).all()
    values = [run.values("core_revenue")[:40] for run in runs]
    assert not np.isclose(values[1], values[0]).any() and not np.isclose(values[2], values[1]).any()
    studies = len(lab.studies)
    again = repeat_luck(first, 3, 40, machinery=lab.machinery)
    assert len(lab.studies) == studies and all(run.reused for run in again[1:])
    assert again[1].digest() == runs[1].digest()


def test_a_run_of_another_source_is_not_repeated(lab) -> None:
    first = lab.run(20)
    lab.source = "c" * 64
    with pytest.raises(MismatchError, match="run the scenario again"):
        repeat_luck(first, 2, machinery=lab.machinery)


@pytest.mark.parametrize(("repeats", "draws"), [(1, 10), (2, 1), (2, 21)])
def test_impossible_designs_are_usage_errors(lab, repeats: int, draws: int) -> None:
    first = lab.run(20)
    with pytest.raises(UsageError, match="at most the 20 of the run"):
        repeat_luck(first, repeats, draws, machinery=lab.machinery)
