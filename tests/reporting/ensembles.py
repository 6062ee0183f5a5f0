"""A stored run as the reports read it, with made-up numbers of a realistic size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.foundation.calendar import Period, Quarter
from simulator.registry import Library, Name, load_library
from simulator.scenario import ExtraTarget

Floats = NDArray[np.float64]
STOCKS = (
    "milestones_delivered",
    "firms_10",
    "firms_50",
    "firms_100",
    "catalogue_firms",
    "chain_catalogue_firms",
)


LITERAL = ExtraTarget(
    key="literal_core_revenue",
    name=Name(zh="按任务书字面：1 万亿元", en="Literal reading of “1000 billion yuan”"),
    note=Name(zh="是规划的十倍", en="ten times the plan"),
    metric="core_revenue",
    comparator=">",
    value=10000.0,
    unit="亿元",
    flow_or_stock="level_at_deadline",
    year=2027,
)


@dataclass(frozen=True)
class Sheet:
    """What a report says of a scenario."""

    name: Name
    stem: str
    extra_targets: tuple[ExtraTarget, ...] = (LITERAL,)
    plans: tuple[str, ...] = ("tj-2025-2027",)
    readings: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """A fixed digest by name."""
        return (self.stem.encode().hex() * 8)[:64]


@dataclass(frozen=True)
class Made:
    """An ensemble in memory."""

    scenario: Sheet
    quarters: tuple[Quarter, ...]
    table: Mapping[str, Floats]
    drawn: Mapping[str, Floats]
    seed: int = 1
    version: str = "0.1.0"
    hash: str = "0123456789abcdef" * 4
    path: Path = Path("results/baseline-62617365")
    library: Library = field(default_factory=load_library)

    @property
    def n(self) -> int:
        return len(next(iter(self.table.values())))

    @property
    def members(self) -> NDArray[np.int64]:
        return np.arange(self.n)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(self.drawn)

    @property
    def series(self) -> tuple[str, ...]:
        return tuple(self.table)

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(quarter.year for quarter in self.quarters))

    def values(self, series: str, /) -> Floats:
        return self.table[series]

    def annual(self, series: str, /) -> Floats:
        values = self.table[series]
        blocks = [[i for i, q in enumerate(self.quarters) if q.year == year] for year in self.years]
        if series.partition("[")[0] in STOCKS:
            return values[:, [block[-1] for block in blocks]]
        return np.stack([values[:, block].mean(axis=1) for block in blocks], axis=1)

    def parameters(self, name: str, /) -> Floats:
        return self.drawn[name]


def scenario(stem: str, zh: str, en: str, extra: Sequence[ExtraTarget] = (LITERAL,)) -> Sheet:
    """A sheet with names."""
    return Sheet(Name(zh=zh, en=en), stem, tuple(extra))


def ensemble(
    sheet: Sheet | None = None, *, n: int = 400, end: int = 2027, lift: float = 0.0, seed: int = 1
) -> Made:
    """A run of `n` members to the fourth quarter of `end`; `lift` adds growth a year."""
    rng = np.random.default_rng(20250101)
    quarters = (Quarter(2024, 4), *Period(Quarter(2025, 1), Quarter(end, 4)).quarters)
    years = np.array([quarter.year - 2024 for quarter in quarters])
    index = rng.choice(4, size=n, p=[0.25, 0.25, 0.30, 0.20])
    base = np.array([250.0, 325.0, 500.0, 650.0])[index] * np.exp(0.12 * rng.normal(size=n))
    yearly = 0.16 + 0.15 * rng.normal(size=(n, years[-1] + 1))
    yearly[:, 0] = 0.0
    path = np.cumsum(yearly, axis=1) + lift * np.arange(years[-1] + 1)
    core = base[:, None] * np.exp(path[:, years])
    noise = 1.0 + 0.08 * np.abs(rng.normal(size=(n, 1))) * (years > 0)
    table: dict[str, Floats] = {
        "core_revenue": core,
        "core_revenue_published": core * noise,
        "firms_10": np.floor(core / 38.0 + rng.normal(size=(n, 1))),
        "firms_50": np.floor(core / 220.0),
        "firms_100": np.floor(core / 450.0),
        "catalogue_firms": np.floor(180.0 + core / 4.0),
    }
    registry = load_library().registry
    weights = np.array([0.55, 0.05, 0.04, 0.12, 0.08, 0.10, 0.06])
    drift = np.exp(0.03 * rng.normal(size=(7, n, 1)) * years)
    for chain, weight, own in zip(registry.chains, weights, drift, strict=True):
        table[f"chain_core_revenue[{chain.id}]"] = core * weight * own
    shares = rng.dirichlet(np.full(len(registry.places), 0.6))
    for place, share in zip(registry.places, shares, strict=True):
        own = np.exp(0.05 * rng.normal(size=(n, 1)) * years)
        table[f"district_core_revenue[{place.id}]"] = core * share * own
    drawn = {
        "base_core_revenue": base,
        "construction": index.astype(np.float64),
        "loading_national": 0.75 + 0.25 * rng.normal(size=n),
        "g_nat_ai": np.full(n, 0.22),
        "gbm_volatility": np.full(n, 0.15),
    }
    own_sheet = sheet or scenario("baseline", "基准情景", "Baseline")
    return Made(own_sheet, quarters, table, drawn, seed)


def with_series(run: Made, **series: Floats) -> Made:
    """The run with some series replaced."""
    return replace(run, table={**run.table, **series})
