"""Members in the background: paired, staged, replaced by later moves, kept, and the same as those of a run."""

import multiprocessing
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.cases import CaseOutcomes
from simulator.explorer.ensembles import BrokenScenarioError, Ensembles, LeftError, Want, stage_of
from simulator.explorer.members import Beside, Task
from simulator.scenario import Scenario, load_scenario
from tests.explorer.pages import ROOT, quick


def scenario(funds: str = "100亿元") -> Scenario:
    return load_scenario(ROOT / "scenarios/baseline.yaml", {"levers.tj27_funds.size": funds})


def reach(ensembles: Ensembles, want: Want, members: int, seconds: float = 20.0) -> CaseOutcomes:
    end = time.monotonic() + seconds
    while ensembles.known(want) < members:
        assert time.monotonic() < end, f"{ensembles.known(want)} of {members} members"
        time.sleep(0.005)
    return ensembles.outcomes(want, members)


@pytest.mark.parametrize(
    ("known", "wanted", "stage"),
    [(0, 1000, 0), (63, 1000, 0), (64, 1000, 64), (999, 1000, 256), (1000, 1000, 1000), (9, 9, 9)],
)
def test_pictures_come_by_stages(known: int, wanted: int, stage: int) -> None:
    assert stage_of(known, wanted) == stage


def test_scenarios_meet_the_same_draws_and_more_members_leave_the_first_as_they_were() -> None:
    ensembles = Ensembles(2, prepare=quick())
    one, other = Want.of(scenario(), 96), Want.of(scenario("300亿元"), 96)
    ensembles.ask("tab", 1, [one, other])
    small = reach(ensembles, one, 64)
    large, pair = reach(ensembles, one, 96), reach(ensembles, other, 96)
    assert np.array_equal(small.table, large.table[:64])
    assert large.members.tolist() == list(range(96)) == pair.members.tolist()
    ratio = pair.annual("core_revenue") / large.annual("core_revenue")
    assert np.allclose(ratio, (1 + 300 / 2000) / (1 + 100 / 2000))
    ensembles.close()


def test_a_later_move_takes_the_place_of_an_earlier_one_and_nothing_is_computed_twice() -> None:
    ensembles = Ensembles(1, prepare=quick(pause=0.002))
    old, new = Want.of(scenario("110亿元"), 1000), Want.of(scenario("120亿元"), 64)
    assert ensembles.ask("tab", 1, [old])
    reach(ensembles, old, 8)
    assert ensembles.ask("tab", 2, [new])
    assert not ensembles.current("tab", 1)
    reach(ensembles, new, 64)
    stopped_at = ensembles.known(old)
    assert stopped_at < 64, "the old move went on"
    assert not ensembles.ask("tab", 1, [old]), "an older move came in late and was taken"
    time.sleep(0.05)
    assert ensembles.known(old) == stopped_at
    assert ensembles.ask("tab", 3, [old._replace(members=32)])
    reach(ensembles, old, 32)
    assert ensembles.computed == 32 + 64
    ensembles.close()


def test_askers_take_turns() -> None:
    ensembles = Ensembles(1, prepare=quick(pause=0.001))
    greedy, modest = Want.of(scenario("130亿元"), 1000), Want.of(scenario("140亿元"), 64)
    ensembles.ask("greedy", 1, [greedy])
    reach(ensembles, greedy, 4)
    ensembles.ask("modest", 1, [modest])
    reach(ensembles, modest, 64)
    assert ensembles.known(greedy) < 300
    ensembles.close()


def test_who_leaves_wants_nothing_more() -> None:
    ensembles = Ensembles(1, prepare=quick(pause=0.001))
    want = Want.of(scenario("150亿元"), 1000)
    ensembles.ask("tab", 1, [want])
    reach(ensembles, want, 4)
    ensembles.leave("tab", 1)
    time.sleep(0.05)
    known = ensembles.known(want)
    time.sleep(0.1)
    assert ensembles.known(want) == known < 1000
    ensembles.close()


def test_the_longest_unused_scenario_leaves_first() -> None:
    ensembles = Ensembles(2, prepare=quick(), bytes_held=3_000_000)
    wants = [Want.of(scenario(f"{size}亿元"), 64) for size in (160, 170, 180, 190)]
    for move, want in enumerate(wants):
        ensembles.ask("tab", move, [want])
        reach(ensembles, want, 64)
    ensembles.ask("tab", len(wants), [wants[-1]])
    held = [ensembles.known(want) for want in wants]
    assert held[0] == 0, "the first is still held"
    assert held[-1] == 64
    with pytest.raises(LeftError):
        ensembles.outcomes(wants[0], 64)
    # Begun with again by somebody, its members are not yet those that the first asker saw done.
    ensembles.ask("another tab", 0, [wants[0]._replace(members=4)])
    reach(ensembles, wants[0], 4)
    with pytest.raises(LeftError):
        ensembles.outcomes(wants[0], 64)
    ensembles.close()


def test_a_scenario_that_cannot_be_made_ready_says_why_and_the_threads_live_on() -> None:
    def refuse(scenario: Scenario) -> object:
        raise ValueError("no ground")

    ensembles = Ensembles(1, prepare=refuse)  # type: ignore[arg-type]
    want = Want.of(scenario(), 8)
    ensembles.ask("tab", 1, [want])
    end = time.monotonic() + 10
    with pytest.raises(BrokenScenarioError, match="no ground"):
        while time.monotonic() < end:
            ensembles.known(want)
            time.sleep(0.005)
    assert any(thread.name.startswith("members-") for thread in threading.enumerate())
    ensembles.close()


def test_a_worker_that_dies_loses_no_member() -> None:
    worker = Beside("plain")
    known = Want.of(scenario(), 2)
    first = worker.simulate(Task(known.scenario, known.key, range(1)))
    (process,) = [p for p in multiprocessing.active_children() if p.name == worker.name]
    process.kill()
    process.join()
    again = worker.simulate(Task(known.scenario, known.key, range(1)))
    assert np.array_equal(first.rows[0].table, again.rows[0].table)  # type: ignore[union-attr]
    assert not again.broken
    worker.close()
    assert worker.simulate(Task(known.scenario, known.key, range(1))).rows == {}
    assert not [p for p in multiprocessing.active_children() if p.name == worker.name]


def test_the_page_has_the_members_of_the_run_folder(tmp_path: Path) -> None:
    """Compiled or plain, here or by `simulate run`: every figure to the last digit."""
    from simulator.experiments.runs import run

    stored = run(
        ROOT / "scenarios/baseline.yaml",
        n=5,
        set={"levers.tj27_funds.size": "300亿元"},
        out=tmp_path / "run",
    )
    ensembles = Ensembles(2)
    want = Want.of(scenario("300亿元"), 5)
    ensembles.ask("tab", 1, [want])
    live = reach(ensembles, want, 5, seconds=300)
    for series in stored.series:
        assert np.array_equal(live.values(series), stored.values(series)), series
    for name in stored.parameter_names:
        assert np.array_equal(live.parameters(name), stored.parameters(name)), name
    ensembles.close()
