"""The fitted layer: rows of a posterior drawn together, below every file, with its verdict."""

from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.provenance import identify
from simulator.foundation.findings import InputError
from simulator.foundation.parameters import POSTERIOR, Distribution
from simulator.foundation.tables import shipped
from simulator.model import prepare
from simulator.scenario import load_scenario, sheet_text
from simulator.scenario.showing import origin_rows
from simulator.targets import UNTESTED, trust_in

BASELINE = shipped("scenarios", "baseline.yaml")
ROWS = "weight,loading_national,k_drawdown\n1,0.5,0.05\n3,1.0,0.1\n"
VERDICT = "verdict: {zh: 已回测：不优于朴素基准, en: 'backtested: no better than naive'}\nstanding: no_better\n"


def written(folder: Path, rows: str = ROWS, more: str = VERDICT) -> Path:
    (folder / "posterior.csv").write_text(rows, encoding="utf-8")
    path = folder / "fitted.yaml"
    path.write_text(f"schema_version: 1\nposterior: posterior.csv\n{more}", encoding="utf-8")
    return path


def test_members_draw_whole_rows_by_weight(tmp_path: Path) -> None:
    scenario = load_scenario(BASELINE, {"fit": str(written(tmp_path))})
    draws = prepare(scenario).draws
    pairs = [
        (v["loading_national"], v["k_drawdown"]) for v in (draws.of(m).values for m in range(400))
    ]
    assert set(pairs) == {(0.5, 0.05), (1.0, 0.1)}
    share = np.mean([pair[0] == 1.0 for pair in pairs])
    assert share == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 400))
    again = prepare(scenario).draws
    assert [again.of(m).values["k_drawdown"] for m in range(50)] == [b for _, b in pairs[:50]]


def test_other_parameters_keep_their_draws(tmp_path: Path) -> None:
    plain = prepare(load_scenario(BASELINE, {"fit": "none"})).draws.of(7).values
    fitted = prepare(load_scenario(BASELINE, {"fit": str(written(tmp_path))})).draws.of(7).values
    moved = {name for name in plain if plain[name] != fitted[name]}
    assert moved == {"loading_national", "k_drawdown"}


def test_a_file_or_set_beats_the_fit_and_origins_name_it(tmp_path: Path) -> None:
    fit = written(tmp_path)
    scenario = load_scenario(BASELINE, {"fit": str(fit), "assumptions.k_drawdown": "0.2 1/yr"})
    assert scenario.assumptions["k_drawdown"] == Distribution.fixed(0.2)
    assert scenario.assumptions["loading_national"].kind == POSTERIOR
    origins = {row.path: row for row in origin_rows(scenario)}
    assert origins["assumptions.loading_national"].layer == "fitted"
    assert origins["assumptions.loading_national"].place.endswith("posterior.csv:1")
    assert "2 rows" in origins["assumptions.loading_national"].value
    assert origins["assumptions.k_drawdown"].layer == "--set"


def test_the_default_fit_of_the_data_can_be_switched_off(tmp_path: Path) -> None:
    fit = written(tmp_path)
    assert load_scenario(BASELINE, fitted=fit).fit is not None
    off = load_scenario(BASELINE, {"fit": "none"}, fitted=fit)
    assert off.fit is None
    priors = {name: parameter.distribution for name, parameter in off.library.priors.items()}
    assert all(off.assumptions[name] == priors[name] for name in off.assumptions)


def test_a_fit_states_the_first_quarter_of_a_run_that_takes_it(tmp_path: Path) -> None:
    asked = load_scenario(BASELINE, {"fit": str(written(tmp_path, more="from: 2025Q3\n"))})
    assert asked.fit is not None and str(asked.fit.begins) == "2025Q3"
    with pytest.raises(InputError, match="is not a quarter"):
        load_scenario(BASELINE, {"fit": str(written(tmp_path, more="from: later\n"))})


def test_a_resolved_sheet_reads_back_and_a_stored_one_carries_its_fit(tmp_path: Path) -> None:
    scenario = load_scenario(BASELINE, {"fit": str(written(tmp_path))})
    sheet = tmp_path / "again.yaml"
    sheet.write_text(sheet_text(scenario.resolved()), encoding="utf-8")
    assert (
        load_scenario(sheet, {"fit": str(tmp_path / "fitted.yaml")}).digest() == scenario.digest()
    )
    folder = tmp_path / "run"
    assert set(scenario.papers()) == {"fit/fitted.yaml", "fit/posterior.csv"}
    for name, content in scenario.papers().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    stored = folder / "scenario.resolved.yaml"
    stored.write_text(sheet_text(scenario.stored()), encoding="utf-8")
    back = load_scenario(stored)
    assert back.digest() == scenario.digest()
    assert back.fit == scenario.fit
    for name in ("loading_national", "k_drawdown"):
        assert back.assumptions[name] == scenario.assumptions[name]


def test_another_posterior_is_another_run(tmp_path: Path) -> None:
    one = identify(load_scenario(BASELINE, {"fit": str(written(tmp_path))})).hash
    two = identify(
        load_scenario(BASELINE, {"fit": str(written(tmp_path, ROWS + "1,0.7,0.1\n"))})
    ).hash
    assert len({one, two, identify(load_scenario(BASELINE)).hash}) == 3


def test_only_a_verdict_makes_a_result_calibrated(tmp_path: Path) -> None:
    class Ensemble:
        scenario = load_scenario(BASELINE, {"fit": str(written(tmp_path))})

    found = trust_in(Ensemble)
    assert found.calibrated and found.caution.en == "backtested: no better than naive"
    Ensemble.scenario = load_scenario(BASELINE, {"fit": str(written(tmp_path, more=""))})
    assert trust_in(Ensemble) == UNTESTED
    Ensemble.scenario = load_scenario(BASELINE, {"fit": "none"})
    assert trust_in(Ensemble) == UNTESTED and trust_in(object()) == UNTESTED
    Ensemble.scenario = load_scenario(BASELINE)
    assert "worse than naive" in trust_in(Ensemble).caution.en


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS.replace("k_drawdown", "k_drawdwn"), "no parameter of the model"),
        (ROWS.replace("0.1\n", "9\n"), "9 is outside the bounds of k_drawdown"),
        (ROWS.replace("3,1.0", "-3,1.0"), "a weight must be above 0"),
        (ROWS.replace("0.05", "much"), "not a number"),
        (ROWS + "1,2\n", "2 cells under 3 columns"),
        ("", "the table is empty"),
    ],
)
def test_a_bad_table_is_named_with_its_place(tmp_path: Path, rows: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(BASELINE, {"fit": str(written(tmp_path, rows))})
    assert any(said in item.what for item in caught.value.findings)
    assert all("posterior.csv" in item.file and item.what_zh for item in caught.value.findings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("posterior: elsewhere.csv\n", "no table 'elsewhere.csv' beside"),
        ("posterior: 3\n", "no table '3' beside"),
        ("posterior: ../posterior.csv\n", "no table '../posterior.csv' beside"),
        ("verdict: good\n", "the verdict needs both languages"),
        ("members: 3\n", "unknown key"),
    ],
)
def test_a_bad_fitted_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    written(tmp_path)
    (tmp_path / "fitted.yaml").write_text(f"schema_version: 1\n{text}", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(BASELINE, {"fit": str(tmp_path / "fitted.yaml")})
    assert any(said in item.what for item in caught.value.findings)


def test_a_missing_fit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        load_scenario(BASELINE, {"fit": str(tmp_path / "nothing.yaml")})


def test_rows_of_a_fit_are_a_distribution() -> None:
    rows = Distribution(POSTERIOR, (3.0, 1.0, 2.0), weights=(0.25, 0.5, 0.25))
    assert (rows.lower, rows.upper, rows.median) == (1.0, 3.0, 1.0)
    assert rows.row_values(np.array([0.1, 0.3, 0.9])).tolist() == [3.0, 1.0, 2.0]
    assert rows.quantile(np.array([0.1, 0.6, 0.9])).tolist() == [1.0, 2.0, 3.0]
    for bad in (((), ()), ((1.0,), (0.0,)), ((np.nan,), (1.0,)), ((1.0, 2.0), (1.0,))):
        with pytest.raises(ValueError, match="rows of a fit"):
            Distribution(POSTERIOR, bad[0], weights=bad[1])
    with pytest.raises(ValueError, match="not cut"):
        rows.truncated(0.0, 1.0)
