"""New figures reweight as a rerun would, alarms are judged on members they did not see, shares are those put in."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulator.experiments.early_warning import isotonic, lowest_hope
from simulator.experiments.inference import effective_size
from simulator.experiments.resting import (
    DEGREE,
    explained,
    first_order,
    first_span,
    group_shares,
    smooth,
)
from simulator.experiments.update import NewFigure, Update, agreement, read_figures
from simulator.foundation.findings import InputError
from simulator.registry import Name


def histories(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Level of one year and whether a later goal is met."""
    chooser = np.random.default_rng(seed)
    level = 400.0 * np.exp(0.3 * chooser.normal(size=n))
    return level, level * np.exp(0.25 + 0.2 * chooser.normal(size=n)) > 600.0


@pytest.mark.parametrize(("side", "value"), [("two", 500.0), ("lower", 450.0), ("upper", 350.0)])
def test_reweighting_equals_a_rerun_under_the_same_constraint(side: str, value: float) -> None:
    figure = NewFigure("core_revenue", 2025, value, "亿元", 0.08, "catalogue", side)
    level, met = histories(4000, 1)
    weights = agreement(level, figure)
    weights /= weights.sum()
    reweighted = float(weights @ met)
    error = float(np.sqrt(np.sum(weights**2 * (met - reweighted) ** 2)))
    fresh, fresh_met = histories(60_000, 2)
    # A rerun that keeps a member with the probability that the figure would have come from it.
    kept = np.random.default_rng(3).random(60_000) < agreement(fresh, figure)
    rerun = float(fresh_met[kept].mean())
    rerun_error = np.sqrt(rerun * (1 - rerun) / kept.sum())
    assert abs(reweighted - rerun) < 4 * np.hypot(error, rerun_error)
    assert abs(reweighted - met.mean()) > 4 * error


def test_a_sharper_figure_is_worth_fewer_members() -> None:
    level, _ = histories(1000, 1)
    sizes = [
        effective_size(
            agreement(level, NewFigure("x", 2025, 500.0, "亿元", sd, "catalogue", "two"))
        )
        for sd in (1.5, 0.3, 0.05, 0.005)
    ]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 900 > 30 > sizes[-1]
    few = Update((), (), np.ones(1), sizes[-1], 1000, ())
    assert few.needs_rerun and not Update((), (), np.ones(1), sizes[0], 1000, ()).needs_rerun


class Stored:
    """What reading a table of new figures asks of a run."""

    series = ("core_revenue", "software_revenue", "fund_paid_in")
    years = (2024, 2025, 2026)

    def describe(self, series: str) -> Any:
        class Unit:
            unit = "亿元"

        return Unit


GOOD = "series,year,value,sd,perimeter,side\ncore_revenue,2025,52 billion CNY,0.05,catalogue,two\n"


def test_new_figures_are_read_with_their_units(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text(GOOD.replace("52 billion CNY", "520亿元"), encoding="utf-8")
    (figure,) = read_figures(path, Stored())  # type: ignore[arg-type]
    assert (figure.value, figure.year, figure.side) == (520.0, 2025, "two")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("catalogue,two", "software,two"), "never spliced"),
        (("2025", "2024"), "2024 is not simulated"),
        (("core_revenue", "core_revenu"), "is unknown"),
        (("0.05", "5"), "sd in log points"),
        (("52 billion CNY", "520人"), "人"),
        (("two", "left"), "is unknown"),
    ],
)
def test_a_bad_new_figure_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "new.csv"
    path.write_text(GOOD.replace("52 billion CNY", "520亿元").replace(*change), encoding="utf-8")
    if change[0].startswith("52"):
        path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_figures(path, Stored())  # type: ignore[arg-type]
    assert said in caught.value.findings[0].what


def test_isotonic_regression_pools_what_falls() -> None:
    shares = isotonic(np.array([0.1, 0.5, 0.3, 0.9]), np.array([1.0, 1.0, 3.0, 1.0]))
    assert shares.tolist() == pytest.approx([0.1, 0.35, 0.35, 0.9])
    assert isotonic(np.array([3.0, 2.0, 1.0]), np.ones(3)).tolist() == [2.0, 2.0, 2.0]


def test_the_threshold_lies_where_success_stops_being_unlikely() -> None:
    chooser = np.random.default_rng(4)
    values = chooser.uniform(0.0, 10.0, 20_000)
    chance = 1.0 / (1.0 + np.exp(-2.0 * (values - 5.0)))
    threshold = lowest_hope(values, chooser.random(20_000) < chance)
    exact = 5.0 + np.log(0.2 / 0.8) / 2.0
    assert threshold == pytest.approx(exact, abs=0.25)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_nothing_separates_there_is_no_threshold(share: float) -> None:
    flags = np.full(200, bool(share))
    assert lowest_hope(np.arange(200.0), flags) is None


def test_shares_of_variance_are_those_put_in() -> None:
    chooser = np.random.default_rng(6)
    draws = chooser.normal(size=(1500, 12))
    outcome = np.column_stack(
        [
            2.0 * draws[:, 0]
            + 1.0 * draws[:, 1] ** 2 / np.sqrt(2.0)
            + 2.0 * chooser.normal(size=1500)
        ]
    )
    features = smooth(draws)
    assumed = np.repeat(np.arange(12) == 0, DEGREE)
    alone, other, luck = group_shares(features, outcome, assumed)[:, 0]
    assert alone == pytest.approx(4 / 9, abs=0.05)
    assert other == pytest.approx(1 / 9, abs=0.05)
    assert luck == pytest.approx(4 / 9, abs=0.06)


def test_noise_explains_nothing() -> None:
    chooser = np.random.default_rng(7)
    outcome = chooser.normal(size=(400, 3))
    assert explained(smooth(chooser.normal(size=(400, 60))), outcome).max() < 0.03
    orders = [first_order(chooser.normal(size=400), outcome[:, 0]) for _ in range(20)]
    assert np.mean(orders) < 0.01


def test_where_no_parameter_differs_all_is_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.experiments import deciding, resting
    from simulator.reporting.terminal import calibration as terminal

    goal, level = SimpleNamespace(key="aim", name=Name("目标", "aim")), np.arange(300.0)
    run: Any = SimpleNamespace(
        n=300,
        parameter_names=("g",),
        parameters=lambda name: np.ones(300),
        scenario=SimpleNamespace(parameters={"g": SimpleNamespace(use="model")}),
    )
    for module in (deciding, resting):
        monkeypatch.setattr(module, "headline", lambda run, keys=(): (goal,))
        monkeypatch.setattr(module, "outcome_of", lambda run, goal: level)
    names, draws, grades = resting.drawn(run)
    assert (names, draws.shape, grades) == ((), (300, 0), ())
    (found,) = resting.resting(run)
    shares = (found.assumed.median, found.evidence.median, found.luck.median)
    assert shares == (0.0, 0.0, 1.0) and found.first == ()
    assert "no parameter differs" in terminal.resting([found], "en")
    assert resting.resting_shares(run) == ((goal.name, 0.0),)
    (told,) = deciding.decided([run])
    assert [(cause.key, cause.share.median) for cause in told.causes] == [(deciding.REST, 1.0)]


def test_first_order_of_a_linear_parameter() -> None:
    chooser = np.random.default_rng(8)
    x = chooser.normal(size=4000)
    share = first_order(x, x + chooser.normal(size=4000), bins=20)
    assert share == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0.95, 0.05), (0.2, 0.8, 0.12)])
def test_the_interval_of_a_first_order_share_holds_it(
    share: float, least: float, most: float
) -> None:
    """A share of nought is hardly ever excluded, where percentiles of resampled shares did so in one of six."""
    chooser = np.random.default_rng(9)
    normal = chooser.normal(size=100_000)
    put_in = share * first_order(normal, normal)
    worlds, held, above = 60, 0, 0
    for _ in range(worlds):
        x, luck = chooser.normal(size=(2, 400))
        outcome = np.sqrt(share) * x + np.sqrt(1.0 - share) * luck
        low, middle, high = first_span(x, outcome, chooser)
        assert 0.0 <= low <= middle <= high <= 1.0
        held += low <= put_in <= high
        above += low > put_in
    assert held / worlds >= least
    assert above / worlds <= most


def test_what_decides_is_what_was_put_in_and_sums_to_one() -> None:
    from simulator.experiments.deciding import LUCK, MIXED, REST, components, shares

    chooser = np.random.default_rng(8)
    n = 3000
    draws = chooser.uniform(-1.0, 1.0, size=(n, 40))
    perimeter = np.where(draws[:, 0] > 0.0, 1.0, 0.0)
    luck, other = chooser.normal(0.0, 1.0, size=(2, n))
    known = 3.0 * draws[:, 0] + 1.5 * draws[:, 1] + 2.0 * draws[:, 2] * draws[:, 3]
    outcome = known + luck
    names = ["base_core_revenue", "loading_national", *(f"weak{i}" for i in range(38))]
    groups = ["stock", "loading", *("other" for _ in range(38))]
    terms = components(draws, outcome)
    again = (luck - other) ** 2 / 2.0
    found = {c.key: c for c in shares(names, groups, terms, outcome, perimeter, again[:400])}
    total = 3.0 + 0.75 + 4.0 / 9.0 + 1.0
    # A uniform base falls into its half (three quarters of its variance) and the place in it.
    put_in = {"perimeter": 2.25, "base level": 0.75, "loading": 0.75, MIXED: 4.0 / 9.0, LUCK: 1.0}
    for key, part in put_in.items():
        assert found[key].share.median == pytest.approx(part / total, abs=0.035), key
        assert found[key].share.low <= found[key].share.median <= found[key].share.high
    assert abs(found["other"].share.median) < 0.02
    assert sum(c.share.median for c in found.values()) == pytest.approx(1.0)
    alone = shares(names, groups, terms, outcome, perimeter, None)
    assert {c.key for c in alone} >= {REST} and not {c.key for c in alone} & {LUCK, MIXED}
    assert sum(c.share.median for c in alone) == pytest.approx(1.0)
    medians = [c.share.median for c in alone]
    assert medians == sorted(medians, reverse=True)
