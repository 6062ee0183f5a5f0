"""The whole path with the real registry, scenarios and model: a few members, the same bytes."""

import csv
import io
from pathlib import Path

import pytest

import simulator
from simulator.experiments.provenance import identify, source_digest
from simulator.foundation.findings import InputError

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    return simulator.run(
        SCENARIOS / "baseline.yaml", n=6, engine="plain", results=tmp_path_factory.mktemp("results")
    )


def test_a_run_holds_what_the_model_measures(baseline):
    assert not baseline.failures
    assert baseline.years[0] == 2024 and baseline.years[-1] >= 2027
    assert baseline.annual("core_revenue").min() > 0.0
    assert set(baseline.parameters("construction")) <= {0.0, 1.0, 2.0, 3.0}
    chains = sum(
        baseline.annual(name) for name in baseline.series if name.startswith("chain_core_revenue[")
    )
    assert chains == pytest.approx(baseline.annual("core_revenue"), rel=1e-9)


def test_stored_sheet_reads_back_to_the_same_run(baseline):
    again = simulator.open_run(baseline.path)
    assert identify(again.scenario).hash == baseline.hash
    assert again.scenario.stem == "baseline" and again.scenario.members == 6


def test_targets_of_the_plan_are_all_in_the_table(baseline):
    text = (baseline.path / "targets.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    plan = [row for row in rows if row["extra"] == "False" and "2025" in row["document"]]
    assert len(plan) == 11
    revenue = next(row for row in rows if row["target"] == "tj27_core_revenue")
    assert 0.0 <= float(revenue["probability"]) <= 1.0
    assert "literal_core_revenue" in {row["target"] for row in rows if row["extra"] == "True"}


def test_a_longer_run_begins_with_the_shorter_one(baseline, tmp_path):
    longer = simulator.run(
        SCENARIOS / "baseline.yaml", n=8, engine="plain", workers=1, out=tmp_path / "longer"
    )
    for name in ("core_revenue", "catalogue_firms"):
        assert longer.values(name)[:6].tolist() == baseline.values(name).tolist()


def test_scenarios_are_compared_with_the_same_draws(baseline, tmp_path):
    found = simulator.compare(
        baseline,
        SCENARIOS / "no_policy.yaml",
        engine="plain",
        metrics=["core_revenue@2027"],
        results=tmp_path,
    )
    row = found.difference("core_revenue@2027")
    assert row.mean < 0.0 and row.variance_ratio > 1.0
    judged = {(target.key, target.published) for target in found.targets}
    assert {("tj27_core_revenue", False), ("tj27_core_revenue", True)} <= judged
    assert len(found.targets_frame()) == len(found.targets)
    headline = {target.key for target in baseline.library.registry.targets if target.headline}
    assert {price.key for price in found.prices} == headline & {key for key, _ in judged}
    for price in found.prices:
        assert price.budget_this == 0.0 and price.extra == pytest.approx(-99.9114)
    assert len(found.prices_frame()) == len(found.prices)


def test_adaptive_governments_give_the_same_bytes_with_any_number_of_workers(tmp_path):
    one, three = (
        simulator.run(SCENARIOS / "adaptive.yaml", n=6, workers=w, out=tmp_path / str(w))
        for w in (1, 3)
    )
    assert one.digest() == three.digest()
    assert (one.annual("budget_factor")[:, 2] != 1.0).any()
    assert (one.path / "ledger.csv").read_bytes() == (three.path / "ledger.csv").read_bytes()
    rows = csv.DictReader(io.StringIO((one.path / "ledger.csv").read_text(encoding="utf-8-sig")))
    factors = [row for row in rows if row["variable"] == "budget_factor"]
    assert {row["year"] for row in factors} == {"2026", "2027"}
    assert {row["district"] for row in factors} == {"", "binhai"}


def test_a_wrong_scenario_leaves_no_folder(tmp_path):
    with pytest.raises(InputError):
        simulator.run(
            SCENARIOS / "baseline.yaml",
            n=2,
            set={"levers.tj27_funds.size": "30000 尺"},
            results=tmp_path / "results",
        )
    assert not (tmp_path / "results").exists()


def test_identity_follows_what_decides_the_numbers(baseline):
    scenario = simulator.load_scenario(SCENARIOS / "baseline.yaml")
    plain = identify(scenario)
    changed = simulator.load_scenario(
        SCENARIOS / "baseline.yaml", {"levers.tj27_funds.size": "123亿元"}
    )
    assert identify(changed).hash != plain.hash
    assert plain.source == source_digest() and len(plain.data) >= 4


def test_pairing_sharpens_the_effect_of_a_demand_lever_at_least_five_times(tmp_path):
    """Half-width of the mean difference over 256 members, other member seeds over paired ones."""
    without, with_more = (
        simulator.run(
            SCENARIOS / "baseline.yaml",
            n=256,
            set={"levers.tj27_benchmarks.projects": dose},
            results=tmp_path,
        )
        for dose in ("0 个/年", "100 个/年")
    )
    found = simulator.compare(
        without, with_more, metrics=["core_revenue@2027"], results=tmp_path, unpaired=True
    )
    row = found.difference("core_revenue@2027")
    assert row.mean > 0.0
    assert row.variance_ratio >= 5.0
