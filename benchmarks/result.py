"""What a measure gives: goals with their verdicts, costs as they grow, and where time goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.measuring import Ratio

RATIO, SECONDS, PERCENT, MEGABYTES, BYTES, COUNT = "×", "s", "%", "MB", "B", ""


@dataclass(frozen=True)
class Size:
    """How large everything is; `QUICK` checks that it works."""

    firms: int = 2000
    quarters: int = 40
    object_quarters: int = 8
    rounds: int = 15
    few_rounds: int = 5
    members: int = 1000
    most_firms: int = 1_000_000
    few_firms: int = 5000
    demonstration: int = 20_000
    engine: str = "compiled"


QUICK = Size(60, 8, 4, 3, 2, 8, 2000, 100, 60, "plain")


@dataclass(frozen=True)
class Result:
    """One measured figure with its interval, against `gate` and `aim`; `better` is `more` or `less`.

    Without a gate it is told, not judged. `profiles` name what explains it where it is missed.
    """

    key: str
    goal: int
    zh: str
    en: str
    value: float
    low: float
    high: float
    unit: str
    better: str = "less"
    gate: float | None = None
    aim: float | None = None
    note: str = ""
    profiles: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`aim` or `gate` when the bad end of the interval is within, `missed` when even the good end is not."""
        if self.gate is None:
            return "told"
        sign = -1.0 if self.better == "more" else 1.0
        good, bad = sorted((sign * self.low, sign * self.high))
        if self.aim is not None and bad <= sign * self.aim:
            return "aim"
        if bad <= sign * self.gate:
            return "gate"
        return "open" if good <= sign * self.gate else "missed"


def judged(
    key: str, goal: int, zh: str, en: str, found: Ratio, better: str, gate: float, **rest: object
) -> Result:
    """A ratio of two things timed by turns, as a result."""
    interval = found.ratio, found.low, found.high
    return Result(key, goal, zh, en, *interval, RATIO, better, gate, **rest)  # type: ignore[arg-type]


def spread(values: list[float]) -> tuple[float, float, float]:
    """Middle, smallest and largest of a few repeated values."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[0], ordered[-1]


@dataclass(frozen=True)
class Growth:
    """How a cost grows: points (size, cost), and the exponent of cost in size with its interval."""

    key: str
    zh: str
    en: str
    size_zh: str
    size_en: str
    unit: str
    points: tuple[tuple[float, float], ...]
    exponent: float
    low: float
    high: float


@dataclass(frozen=True)
class Profile:
    """Where the time of something goes: parts by name, each with its cost in `unit`, the largest first."""

    key: str
    zh: str
    en: str
    unit: str
    parts: tuple[tuple[str, float], ...]


@dataclass
class Section:
    """All that one measure found."""

    results: list[Result] = field(default_factory=list)
    growths: list[Growth] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)  # for what the page works out on paper


class SkippedError(Exception):
    """A measure that this machine cannot take, with the reason."""


Measure = Callable[[Size], Section]
MEASURES: dict[str, Measure] = {}


def measure(function: Measure) -> Measure:
    """List a measure under its name."""
    MEASURES[function.__name__] = function
    return function
