"""A small study in place of the model: numbers from (seed, member), so that bytes can be held."""

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from simulator.experiments.folder import Series
from simulator.experiments.provenance import Identity
from simulator.experiments.runs import Machinery, run
from simulator.experiments.store import Run
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UsageError
from simulator.registry import Name

QUARTERS = tuple(Quarter(2024, 4).shift(step) for step in range(13))
SERIES = (
    Series("core_revenue", "core_revenue", "", "亿元", "flow", "city", "营收", "Core revenue"),
    Series("firms", "firms", "", "家", "stock", "city", "企业数", "Firms"),
    Series("fund_invested", "fund_invested", "", "亿元", "stock", "city", "投资", "Invested"),
    *(
        Series(f"chain_core_revenue[{chain}]", "chain_core_revenue", chain, "亿元", "flow", "chain",
               "链营收", "Chain revenue")
        for chain in ("indigenous_it", "connected_vehicles")
    ),
)  # fmt: skip
TOY = Name("玩具", "Toy")
PARAMETERS = ("base_core_revenue", "construction")


@dataclass(frozen=True)
class FakeScenario:
    stem: str = "toy"
    name: Name = TOY
    push: float = 0.0
    members: int = 120
    seed: int = 1
    extra_targets: tuple[Any, ...] = ()
    readings: dict[str, str] = field(default_factory=dict, hash=False)

    def resolved(self) -> dict[str, object]:
        return {
            "name": {"zh": self.name.zh, "en": self.name.en},
            "push": self.push,
            "members": self.members,
            "seed": self.seed,
        }

    def stored(self) -> dict[str, object]:
        return self.resolved()

    def papers(self) -> dict[str, bytes]:
        return {}

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.push).encode()).hexdigest()


class FakeResult(NamedTuple):
    values: np.ndarray
    parameters: np.ndarray


@dataclass
class FakeStudy:
    """Core revenue grows by shocks addressed by (seed, member); `push` adds a little to it."""

    scenario: FakeScenario
    fails: frozenset[int] = frozenset()
    on_member: Callable[[int], None] = lambda member: None
    quarters: Sequence[Quarter] = QUARTERS
    series: Sequence[str] = tuple(series.name for series in SERIES)
    parameter_names: Sequence[str] = PARAMETERS
    simulated: list[int] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def simulate(self, member: int, engine: str = "auto", luck: int | None = None) -> FakeResult:
        self.on_member(member)
        with self._lock:
            self.simulated.append(member)
        if member in self.fails:
            raise ZeroDivisionError(f"no firm left in member {member}")
        draws = np.random.default_rng([self.scenario.seed, member])
        base = 300.0 * np.exp(draws.normal(0.0, 0.3))
        if luck is not None:
            draws = np.random.default_rng([self.scenario.seed, luck, 1])
        shocks = draws.normal(0.05, 0.1, len(QUARTERS)).cumsum()
        core = base * np.exp(shocks) + self.scenario.push * np.arange(13) * (1 + shocks / 50)
        values = np.zeros((len(QUARTERS), len(SERIES)))
        values[:, 0] = core
        values[:, 1] = 100 + member % 7
        values[:, 2] = self.scenario.push * np.arange(13)
        values[:, 3], values[:, 4] = 0.25 * core, 0.75 * core
        return FakeResult(values, np.array([base, float(member % 4)]))


def _judge(run: Run, wanted: str | None) -> tuple[str, Callable[[Run], np.ndarray]]:
    """One target: core revenue of 2027 above a bound in its name, by default 400."""
    key = wanted or "over_400"
    if not key.startswith("over_"):
        raise UsageError(f"no target {key!r}", f"没有目标 {key!r}")
    bound = float(key.removeprefix("over_"))
    return key, lambda members: members.annual("core_revenue")[:, -1] > bound


@dataclass
class Lab:
    """Runs fake scenarios under one results root, and remembers the studies it made."""

    root: Path
    fails: frozenset[int] = frozenset()
    on_member: Callable[[int], None] = lambda member: None
    source: str = "a" * 64
    studies: list[FakeStudy] = field(default_factory=list)

    @property
    def machinery(self) -> Machinery:
        return Machinery(
            load=lambda path, overrides, data: self._load(path),
            identify=lambda scenario: Identity(
                scenario.digest(), self.source, (("registry", "b" * 64),), scenario.seed
            ),
            prepare=self._prepare,
            describe=lambda names: tuple(s for name in names for s in SERIES if s.name == name),
            score=lambda run: (),
            judge=_judge,
        )

    def run(self, n: int | None = None, **rest: Any) -> Run:
        scenario = rest.pop("scenario", FakeScenario())
        rest.setdefault("workers", 2)
        return run(scenario, n, results=self.root, machinery=self.machinery, **rest)

    @property
    def simulated(self) -> list[int]:
        """Members the newest study simulated."""
        return sorted(self.studies[-1].simulated)

    def _prepare(self, scenario: FakeScenario) -> FakeStudy:
        self.studies.append(FakeStudy(scenario, self.fails, self.on_member))
        return self.studies[-1]

    def _load(self, path: Path) -> FakeScenario:
        from simulator.foundation.tables import read_yaml

        sheet: Any = read_yaml(path).value
        sheet["name"] = Name(**sheet["name"])
        return replace(FakeScenario(), **sheet)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "results")


@pytest.fixture
def scenario() -> FakeScenario:
    return FakeScenario()


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a folder by name, without `run.json`, which tells when and how long."""

    def read(path: Path) -> dict[str, bytes]:
        files = (file for file in path.rglob("*") if file.is_file())
        return {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in files
            if file.name != "run.json"
        }

    return read
