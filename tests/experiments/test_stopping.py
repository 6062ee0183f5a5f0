"""A run that grows until its interval is narrow enough: the same number and bytes however it is made."""

import json
import time

import numpy as np
import pytest

from simulator.experiments.runs import RunInterrupted, resume
from simulator.experiments.stopping import Tally, most_members, read_rule
from simulator.experiments.store import open_run
from simulator.foundation.findings import UsageError
from simulator.targets import wilson


def half_width(flags):
    low, high = wilson(int(flags.sum()), flags.size)
    return (high - low) / 2.0


def without_manifest(files):
    return {name: data for name, data in files.items() if name != "manifest.json"}


@pytest.fixture
def straight(lab, tmp_path):
    """A plain run and the number at which each bound is first met on its members, by hand."""
    made = lab.run(1000, out=tmp_path / "plain")
    flags = made.annual("core_revenue")[:, -1] > 400.0

    def first(bound):
        return next(n for n in range(50, 1001, 50) if half_width(flags[:n]) <= bound)

    return made, first


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_run_stops_with_the_first_part_that_is_enough(lab, straight, tmp_path, contents, workers):
    _, first = straight
    made = lab.run(out=tmp_path / "until", until_half_width=0.05, workers=workers)
    assert made.n == first(0.05) and 100 < made.n < 1000
    plain = lab.run(made.n, out=tmp_path / "same")
    assert without_manifest(contents(made.path)) == without_manifest(contents(plain.path))
    assert made.digest() == plain.digest() == open_run(made.path).digest()
    told = json.loads((made.path / "manifest.json").read_text())["precision"]
    assert told == {
        "target": "over_400",
        "half_width": 0.05,
        "most": read_rule(0.05).most,
        "met_at": made.n,
        "reached": pytest.approx(half_width(made.annual("core_revenue")[:, -1] > 400.0)),
    }
    assert plain.manifest["precision"] is None
    (notice,) = made.notices
    assert f"{made.n} members" in notice.text("en") and "半宽" in notice.text("zh")


def test_a_forced_run_says_as_much_as_a_first_one(lab, tmp_path):
    first = lab.run(out=tmp_path / "x", until_half_width=0.05)
    again = lab.run(out=tmp_path / "x", until_half_width=0.05, force=True)
    assert again.scenario.members == first.scenario.members == again.n
    assert again.notices == first.notices != ()


def test_an_interrupted_run_goes_on_to_the_same_number(lab, straight, tmp_path, contents):
    _, first = straight
    whole = lab.run(out=tmp_path / "whole", until_half_width="over_400:0.04")

    def press(member):
        if member == 260:
            raise KeyboardInterrupt

    lab.on_member = press
    with pytest.raises(RunInterrupted):
        lab.run(out=tmp_path / "cut", until_half_width="over_400:0.04", workers=3)
    lab.on_member = lambda member: None
    finished = resume(tmp_path / "cut", machinery=lab.machinery)
    assert finished.n == whole.n == first(0.04) > 260
    assert contents(finished.path) == contents(whole.path)


def test_the_largest_number_ends_a_run_and_is_said(lab, tmp_path):
    made = lab.run(120, out=tmp_path / "most", until_half_width=0.01)
    assert made.n == 120 and made.manifest["precision"]["met_at"] is None
    assert "largest number is reached" in made.notices[-1].text("en")


def test_what_is_stored_is_used_and_never_shortened(lab, straight, tmp_path):
    made, first = straight
    again = lab.run(out=made.path, until_half_width=0.05)
    assert again.reused and again.n == 1000
    assert f"at {first(0.05)}" in again.notices[-1].text("en")
    lab.run(70, out=tmp_path / "small")
    grown = lab.run(out=tmp_path / "small", until_half_width=0.05)
    assert grown.n == first(0.05) and lab.simulated[0] == 70
    assert lab.run(grown.n + 10, out=tmp_path / "small").manifest["precision"] is None


def test_failed_members_are_not_judged(lab, tmp_path):
    lab.fails = frozenset(range(0, 100, 2))
    made = lab.run(out=tmp_path / "failed", until_half_width=0.07, workers=1)
    flags = made.annual("core_revenue")[:, -1] > 400.0
    assert made.requested % 50 == 0 and half_width(flags) <= 0.07
    assert len(made.failures) == 50


def test_memory_of_what_waits_to_be_judged_is_bounded(lab, tmp_path, monkeypatch):
    """One slow member holds up the judging; the others must not run ahead without end."""
    ahead, seen = [0], []

    def wait_for_it(member):
        ahead.append(member)
        if member == 0:
            time.sleep(1.0)
            seen.append(max(ahead))

    lab.on_member = wait_for_it
    lab.run(5000, out=tmp_path / "slow", until_half_width=0.02, workers=2)
    assert 50 < seen[0] < 50 * 8


def test_a_rule_that_cannot_be_answered_leaves_nothing(lab):
    for wrong in ("", "wide", "0", "0.5", "over_1:", "0.02%"):
        with pytest.raises(UsageError, match="half width"):
            lab.run(until_half_width=wrong)
    with pytest.raises(UsageError, match="no target 'nothing'"):
        lab.run(until_half_width="nothing:0.02")
    with pytest.raises(UsageError, match="-n"):
        lab.run(until_half_width=1e-5)
    assert not lab.root.exists()


def test_the_bound_alone_says_how_many_members_can_be_needed():
    for bound in (0.2, 0.05, 0.02, 0.001):
        most = most_members(read_rule(bound))
        assert most % 50 == 0
        low, high = wilson(most // 2, most)
        assert (high - low) / 2.0 <= bound
        if most > 50:
            low, high = wilson((most - 50) // 2, most - 50)
            assert (high - low) / 2.0 > bound


def test_no_hits_at_all_still_give_an_interval():
    tally = Tally("t", 0.02, 2400)
    tally.add(np.zeros(50, dtype=bool), 49)
    assert tally.met_at is None and tally.expected == 100
    tally.add(np.zeros(50, dtype=bool), 99)
    assert tally.met_at == 100
