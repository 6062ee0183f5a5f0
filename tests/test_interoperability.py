"""Other people's tools run the model as a plain function, and read what it writes."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.experiments.cases import Cases, outcome_function
from simulator.experiments.discovery import peel
from simulator.experiments.runs import run
from simulator.experiments.store import Run
from simulator.reporting.export import export
from simulator.scenario import load_scenario

REVENUE = "core_revenue@2027"
BOUNDS = {"tj27_hq_attraction": (0.0, 60.0), "tj27_benchmarks": (0.0, 100.0)}


@pytest.fixture(scope="module")
def model() -> Any:
    baseline = load_scenario("scenarios/baseline.yaml")
    return outcome_function(baseline, [REVENUE], range(2), Cases(workers=2))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run("scenarios/baseline.yaml", n=3, out=tmp_path_factory.mktemp("stored") / "run")


def test_salib_calls_the_model(model: Any) -> None:
    from SALib.analyze import morris as analysis
    from SALib.sample import morris as sample

    problem = {"num_vars": 2, "names": list(BOUNDS), "bounds": [list(b) for b in BOUNDS.values()]}
    design = sample.sample(problem, 2, num_levels=4, seed=1)
    values = np.array([model(**dict(zip(BOUNDS, row, strict=True)))[REVENUE] for row in design])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = analysis.analyze(problem, design, values, num_levels=4, seed=1)
    assert all(found["mu_star"] >= 0.0) and found["mu_star"].max() > 0.0


def test_optuna_finds_more_than_nothing(model: Any) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))

    def objective(trial: Any) -> float:
        doses = {key: trial.suggest_float(key, *bounds) for key, bounds in BOUNDS.items()}
        return float(model(**doses)[REVENUE])

    study.optimize(objective, n_trials=6)
    assert study.best_value > model(**dict.fromkeys(BOUNDS, 0.0))[REVENUE]


@pytest.mark.slow
def test_ema_workbench_runs_the_model_and_its_prim_agrees(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns about parts that are not used here
        from ema_workbench import Model, RealParameter, ScalarOutcome, perform_experiments
        from ema_workbench.analysis import prim
        from ema_workbench.em_framework.evaluators import SequentialEvaluator

        outer = Model("simulate", function=model)
        outer.uncertainties = [RealParameter(key, *bounds) for key, bounds in BOUNDS.items()]
        outer.outcomes = [ScalarOutcome("revenue", variable_name=REVENUE)]
        with SequentialEvaluator(outer) as evaluator:
            cases, outcomes = perform_experiments(outer, scenarios=4, evaluator=evaluator)
        for position in range(4):
            doses = {key: float(cases[key].iloc[position]) for key in BOUNDS}
            assert outcomes["revenue"][position] == model(**doses)[REVENUE]
        # The same hidden corner found by the library's PRIM and by ours.
        import pandas as pd

        rng = np.random.default_rng(2)
        table = rng.random((400, 3))
        flags = (table[:, 0] > 0.6) & (table[:, 1] < 0.5)
        found = prim.Prim(pd.DataFrame(table, columns=list("abc")), flags, threshold=0.5)
        theirs = found.find_box().peeling_trajectory
        ours = peel(table, flags)
    assert ours[-1].density == pytest.approx(float(theirs["density"].iloc[-1]), abs=0.1)
    best = max(2 * b.density * b.coverage / (b.density + b.coverage) for b in ours)
    their_best = (2 * theirs["density"] * theirs["coverage"]) / (
        theirs["density"] + theirs["coverage"]
    )
    assert best == pytest.approx(float(their_best.max()), abs=0.05)


def test_tables_are_read_by_pandas_duckdb_and_arrow(stored: Run, tmp_path: Path) -> None:
    import duckdb
    import pandas as pd
    import pyarrow.parquet as pq

    (table,) = export(stored, tmp_path / "run.parquet", "parquet")
    frame = pd.read_parquet(table)
    mean = frame.query("variable == 'core_revenue' and year == 2027")["value"].mean()
    assert mean == pytest.approx(stored.annual("core_revenue")[:, -1].mean())
    query = "select avg(value) from read_parquet(?) where variable = 'core_revenue' and year = 2027"
    with duckdb.connect() as reader:
        assert reader.execute(query, [str(table)]).fetchall() == [(pytest.approx(mean),)]
    # What R's arrow and nanoparquet read: plain columns, zstd, strings and numbers only.
    schema = pq.read_schema(table)
    kinds = {str(field.type) for field in schema}
    assert kinds <= {
        "dictionary<values=string, indices=int32, ordered=0>",
        "int32",
        "int64",
        "double",
    }
    assert pq.ParquetFile(table).metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_long_table_is_one_that_pyam_accepts(
    stored: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    csv, _ = export(stored, tmp_path / "run.csv", "csv")
    frame = pd.read_csv(csv, encoding="utf-8-sig")
    one = frame[(frame["member"] == 0) & (frame["variable"] == "core_revenue")]
    # Its units are kept on disk with the paths of the installation that read them first, perhaps gone since.
    monkeypatch.setenv("IAM_UNITS_CACHE", str(tmp_path / "units"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's and pandas' advice on their future releases
        import pyam

        accepted = pyam.IamDataFrame(one.drop(columns="member"))
    assert accepted.variable == ["core_revenue"] and accepted.year == list(stored.years)
    assert accepted.unit == ["亿元"]


@pytest.mark.parametrize(("lang", "first"), [("zh", "目标"), ("en", "Targets")])
def test_the_workbook_opens_in_the_language_asked_for(
    stored: Run, tmp_path: Path, lang: str, first: str
) -> None:
    import openpyxl

    (file,) = export(stored, tmp_path / "run.xlsx", "xlsx", lang=lang)  # type: ignore[arg-type]
    book = openpyxl.load_workbook(file)
    assert book.sheetnames[0] == first and len(book.sheetnames) == 7
    city = list(book.worksheets[1].values)
    last = next(row for row in city if row[0] == "core_revenue" and row[3] == 2027)
    assert last[4] == pytest.approx(stored.annual("core_revenue")[:, -1].mean())
    assert str(last[2]).startswith("亿元")
    provenance = dict(list(book.worksheets[-1].values)[1:])
    assert stored.scenario.digest() in provenance.values() and 3 in provenance.values()
    formulas = [
        c for s in book.worksheets for row in s.values for c in row if str(c).startswith("=")
    ]
    assert not formulas
