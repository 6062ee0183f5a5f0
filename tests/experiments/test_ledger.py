"""The ledger of a stored run: its table and its figure."""

import csv
import io
from pathlib import Path

import pytest

import simulator
from simulator.experiments.store import Run
from simulator.policy.ledger import ROLES
from simulator.reporting import figures

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    root = tmp_path_factory.mktemp("results")
    return {
        name: simulator.run(SCENARIOS / f"{name}.yaml", n=4, results=root)
        for name in ("baseline", "no_policy")
    }


def rows_of(run: Run) -> list[dict[str, str]]:
    text = (run.path / "ledger.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", ["baseline", "no_policy"])
def test_the_table_balances(runs: dict[str, Run], name: str) -> None:
    entries = [row for row in rows_of(runs[name]) if row["variable"] == "entry"]
    balance = dict.fromkeys(ROLES, 0.0)
    for row in entries:
        balance[row["account_to"]] += float(row["mean"])
        balance[row["account_from"]] -= float(row["mean"])
        assert float(row["median"]) >= 0.0 and float(row["mean"]) > 0.0
        assert (row["p05"] == "") == (row["p95"] == "")
    assert sum(balance.values()) == pytest.approx(0.0, abs=1e-9)
    for account, role in ROLES.items():
        assert balance[account] <= 0.0 if role == "source" else balance[account] >= -1e-9, account


def test_levers_stand_only_where_they_are_in_force(runs: dict[str, Run]) -> None:
    levers = {row["lever"] for row in rows_of(runs["baseline"])} - {""}
    assert "l-tj27-funds" in levers and len(levers) > 20
    assert {row["lever"] for row in rows_of(runs["no_policy"])} == {""}


def test_districts_share_what_the_city_receives(runs: dict[str, Run]) -> None:
    rows = rows_of(runs["baseline"])
    for account in ("delivery", "local_suppliers", "research_grants", "catalogue_firms"):
        whole = sum(
            float(r["mean"]) for r in rows if (r["variable"], r["account_to"]) == ("entry", account)
        )
        parts = [r for r in rows if (r["variable"], r["account_to"]) == ("received", account)]
        assert len({row["district"] for row in parts}) == 16
        assert sum(float(row["mean"]) for row in parts) == pytest.approx(whole, abs=1e-7)
    binhai = [r for r in rows if r["variable"] == "entry" and r["district"] == "binhai"]
    assert {row["lever"] for row in binhai} == {"", "l-tj27-zone-smart-city"}
    assert not [row for row in rows if row["variable"] == "budget_factor"]


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_the_figure_is_drawn(runs: dict[str, Run], lang: str, tmp_path: Path) -> None:
    for name, run in runs.items():
        drawn = figures.save(figures.money(run, lang=lang), tmp_path / name)  # type: ignore[arg-type]
        assert all(file.stat().st_size > 5_000 for file in drawn)
