"""Members of many scenarios, simulated in background threads, what is looked at first.

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

from simulator.experiments.cases import CaseOutcomes, Floats, Models, Study, default_workers
from simulator.foundation.calendar import Quarter
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


class BrokenScenarioError(Exception):
    """A scenario that cannot be made ready, or none of whose members has a result; says why."""


class _Row(NamedTuple):
    table: Floats  # (quarters, series)
    drawn: Floats  # (parameters,)


class _Shape(NamedTuple):
    quarters: tuple[Quarter, ...]
    series: tuple[str, ...]
    parameter_names: tuple[str, ...]


class _Case:
    """What is known of one scenario: rows of members, how many are handed out, and the study while it is wanted."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.rows: dict[int, _Row | str] = {}
        self.taken = 0
        self.known = 0  # members from the first on without a gap
        self.broken = ""
        self.study: Study | None = None
        self.shape: _Shape | None = None
        self.making = threading.Lock()
        self.gathered: CaseOutcomes | None = None

    @property
    def bytes(self) -> int:
        first = next((row for row in self.rows.values() if isinstance(row, _Row)), None)
        each = first.table.nbytes + first.drawn.nbytes if first else 0
        held = self.gathered.table.nbytes if self.gathered else 0
        return each * len(self.rows) + held


class Ensembles:
    """Simulates what the askers want; `listen` is called from a worker whenever some members are done.

    `workers` threads (default: the processors of this process) change no number. `close` ends them.
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
        self._engine = engine
        self._prepare = prepare or Models()
        self._bytes_held = bytes_held
        self._cases: OrderedDict[str, _Case] = OrderedDict()
        self._wants: OrderedDict[str, _Wanted] = OrderedDict()
        self._work = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"members-{number}", daemon=True)
            for number in range(workers or default_workers())
        ]
        for thread in self._threads:
            thread.start()

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
        """The first members of a scenario, all known to be done; BrokenScenarioError when every one of them failed."""
        with self._work:
            case = self._cases[want.key]
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
        """End the workers after the member each is at."""
        with self._work:
            self._closed = True
            self._work.notify_all()
        for thread in self._threads:
            thread.join()

    def _case(self, want: Want) -> _Case:
        case = self._cases.setdefault(want.key, _Case(want.scenario))
        self._cases.move_to_end(want.key)
        return case

    def _drop_unused(self) -> None:
        """Let studies of unwanted scenarios go, and the longest unused scenarios once too much is held."""
        wanted = {id(case) for want in self._wants.values() for case, _ in want.cases}
        total = 0
        for case in self._cases.values():
            if id(case) not in wanted:
                case.study = None
            total += case.bytes
        for key in list(self._cases):
            if total <= self._bytes_held:
                return
            case = self._cases[key]
            if id(case) not in wanted:
                total -= case.bytes
                del self._cases[key]

    def _run(self) -> None:
        while True:
            with self._work:
                task = None
                while not self._closed and (task := self._next()) is None:
                    self._work.wait()
                if task is None:
                    return
            case, members = task
            rows, broken = self._simulate(case, members)
            with self._work:
                case.rows.update(rows)
                case.broken = case.broken or broken
                while case.known in case.rows:
                    case.known += 1
                self.computed += len(rows)
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

    def _simulate(self, case: _Case, members: range) -> tuple[dict[int, _Row | str], str]:
        rows: dict[int, _Row | str] = {}
        try:
            with case.making:
                study = case.study or self._prepare(case.scenario)
                case.study = study
                names = tuple(study.series), tuple(study.parameter_names)
                case.shape = case.shape or _Shape(tuple(study.quarters), *names)
        except Exception as problem:  # the page says so; a thread that died would only be silent
            return rows, f"{type(problem).__name__}: {problem}"
        for member in members:
            if self._closed:
                break
            try:
                result = study.simulate(member, self._engine)
            except Exception as problem:
                rows[member] = f"{type(problem).__name__}: {problem}"
            else:
                rows[member] = _Row(np.array(result.values), np.array(result.parameters))
        return rows, ""


def stage_of(known: int, wanted: int) -> int:
    """The last stage that so many members have reached, of those up to what is wanted; 0 before the first."""
    stages = [stage for stage in STAGES if stage < wanted] + [wanted]
    return max((stage for stage in stages if stage <= known), default=0)


def _reach(outcomes: CaseOutcomes) -> int:
    return int(outcomes.members.size) + len(outcomes.failed)


def _gathered(case: _Case, rows: dict[int, _Row | str], members: int) -> CaseOutcomes:
    good = {m: row for m in range(members) if isinstance(row := rows[m], _Row)}
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
