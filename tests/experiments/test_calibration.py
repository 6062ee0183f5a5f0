"""Known parameters are found from figures made with them; what figures do not tell stays at its prior."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from simulator.cli import program
from simulator.experiments import calibration
from simulator.experiments.calibration import (
    APART,
    FITTED,
    ROUGH,
    SERIES,
    Calibration,
    calibrate,
    fit,
    write_fit,
)
from simulator.experiments.moments import Block, Moment, load_moments
from simulator.experiments.reference import Reference
from simulator.experiments.vintage import make_vintage
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UsageError
from simulator.foundation.tables import read_yaml, shipped
from simulator.model import prepare
from simulator.registry import Name
from simulator.reporting import figures
from simulator.reporting.terminal.calibration import calibration as terminal
from simulator.scenario import load_scenario

N = 1200
TRUTH = {"loading_national": 0.9, "k_drawdown": 0.12}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    """A fit of a made-up world: growth follows the loading, paid-in money the draw-down rate."""
    folder = tmp_path_factory.mktemp("vintage")
    sources = {m.source for m in load_moments() if m.role == "fit"}
    vintage = make_vintage(folder, None, sources, FITTED)
    study = prepare(load_scenario(vintage.scenario, data=vintage.folder))
    draws = np.array([[study.draws.of(m).values[n] for n in study.draws.names] for m in range(N)])
    names = study.draws.names
    quarters = tuple(Quarter(2017, 4).shift(step) for step in range(33))
    chooser = np.random.default_rng(11)

    def column(name: str) -> np.ndarray:
        return draws[:, names.index(name)]

    def world(loading: np.ndarray, k: np.ndarray, luck: np.ndarray) -> Block:
        years = np.array([max(q.year - 2017, 0) for q in quarters])
        path = np.cumsum(np.where(np.diff(years, prepend=0) > 0, 1.0, 0.0))
        shocks = np.concatenate([np.zeros((len(luck), 1)), np.cumsum(luck, axis=1)], axis=1)
        level = 0.2 * loading[:, None] * path + shocks[:, years]
        values = {name: np.full((len(luck), 33), 50.0) for name in SERIES}
        values["software_revenue"] = 1353.0 * np.exp(level)
        values["fund_committed"] = np.full((len(luck), 33), 1104.0)
        time = np.arange(33) / 4
        values["fund_paid_in"] = 1104.0 * (1 - np.exp(-k[:, None] * time)) + 1e-6
        return Block(quarters, values, {y: np.full(len(luck), 0.2) for y in range(2018, 2026)})

    luck = 0.05 * chooser.normal(size=(N, 8))
    block = world(column("loading_national"), column("k_drawdown"), luck)
    truth = world(
        np.array([TRUTH["loading_national"]]), np.array([TRUTH["k_drawdown"]]), np.zeros((1, 8))
    )
    reference = Reference(study, np.arange(N), names, draws, block)
    # The truth has no luck, so how much its growth varies says nothing.
    asked = [m for m in load_moments() if m.role == "fit" and m.reduction != "spread"]
    facts = [_as_in(m, truth) for m in asked if m.id != "software-2019"]
    return fit(reference, vintage, facts, facts, held=300)


def _as_in(moment: Moment, world: Block) -> Moment:
    """The same figure as it would have been published in another world."""
    from dataclasses import replace

    from simulator.experiments.moments import statistics

    log = float(statistics([moment], world)[0, 0])
    return replace(moment, value=float(np.expm1(log) if moment.is_rate else np.exp(log)))


def test_known_parameters_are_recovered(found: Calibration) -> None:
    learned = {item.name: item for item in found.learned}
    for name, truth in TRUTH.items():
        item = learned[name]
        assert item.verdict == "moved" and item.posterior.low < truth < item.posterior.high
        assert item.posterior.median == pytest.approx(truth, rel=0.15)
        assert item.shrinkage > 0.5


def test_intervals_cover_and_ranks_are_uniform(found: Calibration) -> None:
    for item in found.learned:
        assert abs(item.coverage90 - 0.9) < 4 * np.sqrt(0.09 / found.held), item.name
        assert abs(item.coverage50 - 0.5) < 4 * np.sqrt(0.25 / found.held), item.name
        assert item.uniform > 1e-3, item.name


def test_what_the_figures_do_not_tell_stays_at_its_prior(found: Calibration) -> None:
    learned = {item.name: item for item in found.learned}
    for name in ("m_crowdin", "laplace_b_small", "beta_size_var"):
        assert learned[name].verdict == "prior" and learned[name].shrinkage < 0.15
    assert not set(found.names) & set(APART)
    assert len(FITTED) == 8 and set(found.names) | set(APART) == set(FITTED)
    assert "base_core_revenue" not in FITTED


def test_figures_are_met_after_the_fit(found: Calibration) -> None:
    for item in found.predicted:
        assert (item.used and item.fitted.low <= item.moment.value <= item.fitted.high) or (
            abs(item.fitted.median / item.moment.value - 1) < 0.05
        )
        assert item.fitted.high - item.fitted.low < item.prior.high - item.prior.low


def test_a_written_fit_is_drawn_by_members_and_never_overwritten(
    found: Calibration, tmp_path: Path
) -> None:
    verdict = Name("已回测", "backtested")
    files = write_fit(found, tmp_path, verdict, "worse")
    assert {file.name for file in files} == {"fitted.yaml", "posterior.csv", "learned.csv"}
    scenario = load_scenario(
        shipped("scenarios", "baseline.yaml"), {"fit": str(tmp_path / "fitted.yaml")}
    )
    assert scenario.fit is not None and scenario.fit.verdict == verdict
    values = [prepare(scenario).draws.of(m).values["k_drawdown"] for m in range(100)]
    assert np.median(values) == pytest.approx(TRUTH["k_drawdown"], rel=0.15)
    with pytest.raises(FileExistsError):
        write_fit(found, tmp_path, None, "")
    write_fit(found, tmp_path, None, "", force=True)
    again = load_scenario(shipped("scenarios", "baseline.yaml"), {"fit": str(files[2])})
    assert again.fit is not None and again.fit.verdict is None
    assert found.degree == 2 and "  rough:" not in files[2].read_text(encoding="utf-8")


def test_too_few_members_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 80"):
        calibrate(tmp_path, 79)


@pytest.mark.slow
def test_the_model_itself_can_be_fitted(tmp_path: Path) -> None:
    """From eighty members only roughly: nothing collapses, and the table and the file say so."""
    found = calibrate(tmp_path, 80, held=20)
    assert found.degree == 0 and found.effective < 20
    for item in found.learned:
        prior, after = item.prior, item.posterior
        assert after.high - after.low > 0.4 * (prior.high - prior.low), item.name
        assert item.verdict != "moved" and item.coverage90 >= 0.6, item.name
    drawdown = next(item for item in found.learned if item.name == "k_drawdown")
    assert drawdown.posterior.low > 1.3 * drawdown.prior.low
    assert {p.moment.id for p in found.predicted} >= {m.id for m in found.facts}
    for lang in ("zh", "en"):
        words = " ".join(terminal(found, None, lang).split())
        assert getattr(ROUGH[0], lang)[:20] in words
    sheet = read_yaml(write_fit(found, tmp_path, None, "")[2]).value
    assert isinstance(sheet, dict) and sheet["made"]["rough"] == ROUGH[0]._asdict()


def test_a_fit_of_somebody_elses_is_never_taken_for_an_unfinished_one(
    found: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "calibrate", lambda *args, **rest: found)
    monkeypatch.setattr(figures, "save", lambda *args: ())

    def call(write: Callable[..., object] = write_fit) -> int:
        monkeypatch.setattr(calibration, "write_fit", write)
        words = ["calibrate", "-o", str(tmp_path), "--no-backtest"]
        return CliRunner().invoke(program, words).exit_code

    def killed_before(*args: object, **rest: object) -> None:
        raise KeyboardInterrupt

    def killed_within(found: Calibration, folder: Path, *rest: Any, force: bool) -> None:
        for file in write_fit(found, folder, *rest, force=force)[1:]:
            file.unlink()
        raise KeyboardInterrupt

    fitted = tmp_path / "fitted.yaml"
    assert call(killed_before) != 0 and (tmp_path / "unfinished").is_dir()
    fitted.write_text("mine")
    assert call() != 0 and fitted.read_text() == "mine"
    fitted.unlink()
    assert call(killed_within) != 0 and (tmp_path / "posterior.csv").exists()
    assert call() == 0 and not (tmp_path / "unfinished").exists()
    assert call() != 0, "a fit that is there is kept"
