"""Members of many scenarios, simulated in the background, what is looked at first.

Every asker (a tab of a browser) wants some scenarios with some members and replaces its own want with each move of a
slider, so that nobody waits for what nobody looks at any more. Work is handed out a few members at a time: the
scenarios of a want advance together, stage by stage, and the askers take turns. What was simulated is kept, the
longest unused scenario leaving first, and all scenarios of a seed meet the same draws.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.experiments.cases import CaseOutcomes, Study, default_workers
from simulator.explorer.members import Beside, Here, Row, Shape, Task, Worker
from simulator.scenario import Scenario

STAGES: Final = (64, 256, 1000)
"""Members after which an answer is given; every scenario of a want reaches one before any goes on."""
MOST: Final = STAGES[-1]
TASK_MEMBERS: Final = 4
BYTES_HELD: Final = 768 * 2**20
LEASE_SECONDS: Final = 30.0
"""How long a want holds without being asked again: a tab that asks is there, one that does not may be gone."""


class Want(NamedTuple):
    """A scenario, the key it is held by, and how many members of it are wanted, from the first on."""

    scenario: Scenario
    key: str
    members: int

    @staticmethod
    def of(scenario: Scenario, members: int) -> "Want":
        """What is simulated and the seed make the key; scenarios that differ in their names only share it."""
        return Want(scenario, f"{scenario.digest()}/{scenario.seed}", members)


class _Wanted(NamedTuple):
    move: int
    until: float
    cases: "tuple[tuple[_Case, int], ...]"


class LeftError(Exception):
    """A scenario whose members were dropped because nobody wants them any more."""


class BrokenScenarioError(Exception):
    """A scenario that cannot be made ready, or none of whose members has a result; says why."""


class _Case:
    """What is known of one scenario: rows of members, and how many are handed out."""

    def __init__(self, scenario: Scenario, key: str) -> None:
        self.scenario = scenario
        self.key = key
        self.rows: dict[int, Row | str] = {}
        self.taken = 0
        self.known = 0  # members from the first on without a gap
        self.broken = ""
        self.shape: Shape | None = None
        self.gathered: CaseOutcomes | None = None

    @property
    def bytes(self) -> int:
        first = next((row for row in self.rows.values() if isinstance(row, Row)), None)
        each = first.table.nbytes + first.drawn.nbytes if first else 0
        held = self.gathered.table.nbytes if self.gathered else 0
        return each * len(self.rows) + held


class Ensembles:
    """Simulates what the askers want; `listen` is called from a worker whenever some members are done.

    `workers` processes (default: as many as this one may use processors), or threads where `prepare` makes scenarios
    ready in another way than the model; neither changes a number. `close` ends them.
    """

    def __init__(
        self,
        workers: int | None = None,
        engine: str = "auto",
        prepare: Callable[[Scenario], Study] | None = None,
        bytes_held: int = BYTES_HELD,
    ) -> None:
        self.listen: Callable[[], None] = lambda: None
        self.computed = 0
        self._bytes_held = bytes_held
        self._cases: OrderedDict[str, _Case] = OrderedDict()
        self._wants: OrderedDict[str, _Wanted] = OrderedDict()
        self._work = threading.Condition()
        self._closed = False
        self._proven = threading.Event()
        count = workers or default_workers()
        self._workers: list[Worker]
        if prepare is None:
            self._workers = [Beside(engine, f"members-{number}") for number in range(count)]
        else:
            self._workers = [Here(prepare, engine)] * count
            self._proven.set()
        self._threads = [
            threading.Thread(
                target=self._run, args=(worker, number), name=f"members-{number}", daemon=True
            )
            for number, worker in enumerate(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def warm(self) -> None:
        """Start the processes before anybody asks."""
        for worker in self._workers:
            worker.start()

    def ask(self, asker: str, move: int, wants: Sequence[Want]) -> bool:
        """Replace what an asker wants; False, and nothing changed, when it has made a later move already."""
        with self._work:
            if asker in self._wants and self._wants[asker].move > move:
                return False
            cases = tuple((self._case(want), want.members) for want in wants)
            self._wants[asker] = _Wanted(move, time.monotonic() + LEASE_SECONDS, cases)
            self._drop_unused()
            self._work.notify_all()
        return True

    def leave(self, asker: str, move: int) -> None:
        """Want nothing more, unless the asker has made a later move."""
        with self._work:
            if asker in self._wants and self._wants[asker].move <= move:
                del self._wants[asker]
                self._drop_unused()

    def current(self, asker: str, move: int) -> bool:
        """Whether this is still what the asker wants."""
        with self._work:
            return asker in self._wants and self._wants[asker].move == move

    def known(self, want: Want) -> int:
        """How many members are done from the first on; BrokenScenarioError when none will ever be."""
        with self._work:
            case = self._cases.get(want.key)
            if case is None:
                return 0
            if case.broken:
                raise BrokenScenarioError(case.broken)
            return case.known

    def outcomes(self, want: Want, members: int) -> CaseOutcomes:
        """The first members of a scenario, all known to be done.

        BrokenScenarioError when every one of them failed, LeftError when nobody wanted them any more and they are
        gone, also where somebody else has begun with them again.
        """
        with self._work:
            case = self._cases.get(want.key)
            if case is not None and case.broken:
                raise BrokenScenarioError(case.broken)
            if case is None or case.known < members:
                raise LeftError(want.key)
            self._cases.move_to_end(want.key)
            held = case.gathered
            rows = None if held and _reach(held) == members else dict(case.rows)
        if rows is None:
            assert held is not None
            return held
        gathered = _gathered(case, rows, members)
        with self._work:
            case.gathered = gathered
        return gathered

    def close(self) -> None:
        """End the workers."""
        with self._work:
            self._closed = True
            self._work.notify_all()
        self._proven.set()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            thread.join()

    def _case(self, want: Want) -> _Case:
        case = self._cases.setdefault(want.key, _Case(want.scenario, want.key))
        self._cases.move_to_end(want.key)
        return case

    def _drop_unused(self) -> None:
        """Let the longest unused scenarios go once too much is held."""
        wanted = {id(case) for want in self._wants.values() for case, _ in want.cases}
        total = sum(case.bytes for case in self._cases.values())
        for key in list(self._cases):
            if total <= self._bytes_held:
                return
            case = self._cases[key]
            if id(case) not in wanted:
                total -= case.bytes
                del self._cases[key]

    def _run(self, worker: Worker, number: int) -> None:
        # The first one to enter the compiled loops may have to compile them; the others then read them from disk.
        if number > 0:
            self._proven.wait()
        while True:
            with self._work:
                task = None
                while not self._closed and (task := self._next()) is None:
                    self._work.wait()
                if task is None:
                    return
            case, members = task
            done = worker.simulate(Task(case.scenario, case.key, members))
            self._proven.set()
            with self._work:
                case.shape = case.shape or done.shape
                case.rows.update(done.rows)
                case.broken = case.broken or done.broken
                while case.known in case.rows:
                    case.known += 1
                self.computed += len(done.rows)
            self.listen()

    def _next(self) -> tuple[_Case, range] | None:
        """Some members of the scenario that is furthest behind in the want of the asker whose turn it is."""
        for asker, (_, until, cases) in list(self._wants.items()):
            if until < time.monotonic():
                del self._wants[asker]
                continue
            for stage in (*STAGES, max((members for _, members in cases), default=0)):
                for case, members in cases:
                    end = min(stage, members)
                    if case.taken < end and not case.broken:
                        self._wants.move_to_end(asker)
                        first, case.taken = case.taken, min(case.taken + TASK_MEMBERS, end)
                        return case, range(first, case.taken)
        return None


def stage_of(known: int, wanted: int) -> int:
    """The last stage that so many members have reached, of those up to what is wanted; 0 before the first."""
    stages = [stage for stage in STAGES if stage < wanted] + [wanted]
    return max((stage for stage in stages if stage <= known), default=0)


def _reach(outcomes: CaseOutcomes) -> int:
    return int(outcomes.members.size) + len(outcomes.failed)


def _gathered(case: _Case, rows: dict[int, Row | str], members: int) -> CaseOutcomes:
    good = {m: row for m in range(members) if isinstance(row := rows[m], Row)}
    failed = tuple((m, row) for m in range(members) if isinstance(row := rows[m], str))
    if not good or case.shape is None:
        raise BrokenScenarioError(failed[0][1] if failed else "no member has a result")
    return CaseOutcomes(
        case.scenario,
        np.array(list(good), dtype=np.int64),
        failed,
        *case.shape,
        np.stack([row.table for row in good.values()]),
        np.stack([row.drawn for row in good.values()]),
    )
