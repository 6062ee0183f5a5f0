"""Sensitivity, sweeps, discovery, conditions, robustness: on toys with known answers, then on the model, small."""

from pathlib import Path

import numpy as np
import pytest

from simulator.experiments import sensitivity as analysis
from simulator.experiments.cases import Cases, changed
from simulator.experiments.discovery import choose, discover, p_value, peel
from simulator.experiments.extras import extra
from simulator.experiments.robustness import (
    condition_files,
    conditions,
    load_rivals,
    robust,
    structures_of,
    variance_shares,
)
from simulator.experiments.sensitivity import chosen_factors, sensitivity
from simulator.experiments.sweeps import axis_of, points_of, sweep
from simulator.foundation.findings import InputError, UsageError
from simulator.scenario import load_scenario

PATH = Path("scenarios/baseline.yaml")
BASELINE = load_scenario(PATH)


@pytest.fixture(scope="module")
def cases() -> Cases:
    return Cases(workers=2)


def test_prim_finds_the_box_that_was_hidden() -> None:
    rng = np.random.default_rng(3)
    table = rng.random((1500, 4))
    flags = (table[:, 0] > 0.7) & (table[:, 2] < 0.4)
    box = choose(peel(table, flags))
    assert box.density > 0.9 and box.coverage > 0.85
    assert box.low[0] == pytest.approx(0.7, abs=0.04)
    assert box.high[2] == pytest.approx(0.4, abs=0.04)
    assert p_value(0, box, table, flags) < 1e-6
    whole = peel(table, flags)[0]
    assert whole.coverage == whole.mass == 1.0 and whole.density == flags.mean()


def test_prim_of_noise_keeps_no_condition_beyond_chance() -> None:
    rng = np.random.default_rng(4)
    table, flags = rng.random((400, 6)), rng.random(400) < 0.3
    box = choose(peel(table[::2], flags[::2]))
    assert box.inside(table[1::2]).any()
    tested = flags[1::2][box.inside(table[1::2])].mean()
    assert abs(tested - 0.3) < 0.12  # nothing there for members that did not find it


def test_variance_is_split_as_in_a_balanced_analysis() -> None:
    structure, external = np.array([0.0, 1.0]), np.array([0.0, 2.0, 4.0])
    added = structure[:, None, None] + external[None, :, None] + np.zeros((2, 3, 5))
    one, two, crossed, members = variance_shares(added)
    assert one == pytest.approx(0.25 / (0.25 + 8 / 3)) and two == pytest.approx(1 - one)
    assert crossed == pytest.approx(0.0, abs=1e-12) and members == pytest.approx(0.0, abs=1e-12)
    assert variance_shares(np.zeros((2, 2, 2))) == (0.0, 0.0, 0.0, 0.0)


def test_axes_and_designs() -> None:
    assert axis_of(BASELINE, "tj27_funds=0:600:4").values == (0.0, 200.0, 400.0, 600.0)
    assert axis_of(BASELINE, "tj27_funds=100亿元,2e2,300亿元/年").values == (100.0, 200.0, 300.0)
    with pytest.raises(UsageError, match="measures money, not money a year"):
        axis_of(BASELINE, "tj27_fiscal=1亿元,2亿元/年")
    assert len(axis_of(BASELINE, "m_crowdin").values) == 5
    one, two = axis_of(BASELINE, "tj27_funds=0,100"), axis_of(BASELINE, "m_crowdin=0,0.5,1")
    assert len(points_of([one, two], "grid", 0, 1)) == 6
    switch = axis_of(BASELINE, "exit")
    assert switch.values == (0.0, 1.0) and axis_of(BASELINE, "exit=on,off").values == (1.0, 0.0)
    assert {row[0] for row in points_of([switch], "sobol", 8, 1)} == {0.0, 1.0}
    for wrong in ("exit=0.25", "exit=0:1:5"):
        with pytest.raises(UsageError, match="on or off"):
            axis_of(BASELINE, wrong)
    spread = points_of([one, two], "sobol", 8, 1)
    assert len(spread) == 8 and all(0.0 <= x <= 100.0 and 0.0 <= y <= 1.0 for x, y in spread)
    assert spread == points_of([one, two], "sobol", 8, 1)
    for bad, design in (("list", "list"), ("sobol", "sobol")):
        with pytest.raises(UsageError):
            points_of([one, two], design, 7, 1)  # type: ignore[arg-type]
        assert bad
    for text in ("tj27_funds=1:2:1", "tj27_funds=a:b", "tj27_funds=3 persons", "nothing=1,2"):
        with pytest.raises(UsageError):
            axis_of(BASELINE, text)


def test_a_sweep_of_the_model_is_monotone_in_attraction(cases: Cases) -> None:
    found = sweep(BASELINE, ["tj27_hq_attraction=0,60"], members=6, cases=cases)
    low, high = found.points
    assert high.mean.value > low.mean.value and high.chance.value >= low.chance.value
    assert list(found.to_frame().columns)[:2] == ["tj27_hq_attraction", "mean"]


def test_morris_and_sobol_rank_the_base_above_a_small_lever(cases: Cases) -> None:
    keys = ["base_core_revenue", "tj27_data", "loading_national"]
    found = sensitivity(BASELINE, "core_revenue@2027", factors=keys, size=2, members=2, cases=cases)
    assert found.cases == 2 * (3 + 1)
    assert found.effects[0].factor.key == "base_core_revenue" and not found.failed
    assert found.effects[-1].factor.key == "tj27_data"
    shares = sensitivity(BASELINE, "core_revenue", method="sobol", factors=keys, size=4, members=2,
                         cases=cases)  # fmt: skip
    assert shares.cases == 4 * (3 + 2)
    assert shares.effects[0].factor.key == "base_core_revenue"


def test_factors_by_word_and_their_faults() -> None:
    both = chosen_factors(BASELINE, [])
    assert {factor.kind for factor in both} == {"lever", "assumption"}
    assert {f.kind for f in chosen_factors(BASELINE, ["levers"])} == {"lever"}
    with pytest.raises(UsageError, match="two factors"):
        chosen_factors(BASELINE, ["m_crowdin"])
    with pytest.raises(UsageError, match="power of two"):
        sensitivity(BASELINE, method="sobol", factors=["levers"], size=3)


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"no_such_library; install it with: .*\[analysis\]"):
        extra("no_such_library.sample", "analysis")
    monkeypatch.setattr(analysis, "extra", lambda module, name: extra("no_such_library", name))
    with pytest.raises(UsageError, match=r"\[analysis\]"):
        sensitivity(BASELINE, factors=["levers"], size=2)


def test_conditions_are_found_on_the_model(cases: Cases) -> None:
    high = load_scenario("scenarios/baseline.yaml", {"assumptions.g_nat_ai": "0.35 share/yr"})
    found = discover(high, members=60, levers=False, cases=cases)
    assert found.members == 60 and 0.0 < found.hits.value < 1.0
    assert found.found.coverage <= 1.0 and len(found.trajectory) >= 1
    assert found.table.shape == (60, len(found.factors))
    with pytest.raises(UsageError, match="at least 40"):
        discover(BASELINE, members=10)


def test_levers_are_varied_member_by_member(cases: Cases) -> None:
    found = discover(BASELINE, "tj27_smart_factories", missed=True, members=40, cases=cases)
    column = [f.key for f in found.factors].index("tj27_ai_manufacturing")
    assert np.ptp(found.table[:, column]) > 300.0
    # Those that miss have the small doses, which is what a box would say with more members.
    assert found.table[found.flags, column].max() < np.median(found.table[~found.flags, column])


def test_shipped_conditions_and_rivals_load_on_every_scenario() -> None:
    files = condition_files()
    assert len(files) >= 6
    for file in files:
        laid = load_scenario("scenarios/push.yaml", layers=[file])
        assert laid.stem == f"push-{file.stem}" and "+" in laid.name.en
        assert "see" not in laid.name.zh and any(o.layer == "layer" for o in laid.origins.values())
        assert laid.levers == load_scenario("scenarios/push.yaml").levers
    rivals, missing = load_rivals()
    structures = structures_of(rivals)
    assert len(structures) == 2 + sum(len(rival.readings) - 1 for rival in rivals)
    digests = {load_scenario(PATH, structure.changes).digest() for structure in structures}
    assert len(digests) == len(structures)
    assert {"node_embargo", "leader_leaves"} <= {item.id for item in missing}


def test_a_layer_lies_between_file_and_set(tmp_path: Path) -> None:
    layer = tmp_path / "dear.yaml"
    layer.write_text(
        "schema_version: 1\nname: {zh: 甲, en: A}\nassumptions: {m_crowdin: 0.1, rpc: 0.2}\n",
        encoding="utf-8",
    )
    laid = load_scenario(PATH, {"assumptions.rpc": 0.3}, layers=[layer])
    assert laid.assumptions["m_crowdin"].median == 0.1 and laid.assumptions["rpc"].median == 0.3
    assert laid.origins["assumptions.m_crowdin"].line == 3
    layer.write_text("schema_version: 1\nplans: []\nassumptions: {m_crowdn: 0.1}\n", "utf-8")
    with pytest.raises(InputError) as error:
        load_scenario(PATH, layers=[layer, tmp_path / "none.yaml"])
    text = str(error.value)
    assert "m_crowdin" in text and "plans" in text and "name is missing" in text
    assert "none.yaml" in text


def test_a_scenario_across_conditions(cases: Cases) -> None:
    files = [file for file in condition_files() if file.stem.startswith("national")]
    found = conditions(PATH, files, members=4, cases=cases)
    base, boom, slump = found.rows
    assert slump.median.value < base.median.value < boom.median.value
    assert slump.change.value < 0.0 == base.change.value < boom.change.value
    assert found.unavailable


def test_leaders_that_leave_are_not_made_good_by_arrivals(cases: Cases) -> None:
    file = next(f for f in condition_files() if f.stem == "leading_firms_leave")
    named = changed(BASELINE, {"arrivals_rate": 5.0})
    left, stayed = cases.evaluate_all([load_scenario(PATH, layers=[file]), named], range(8))
    assert (left.parameters("arrivals_signed") == 5.0).all()
    assert left.annual("core_revenue")[:, -1].mean() < stayed.annual("core_revenue")[:, -1].mean()


def test_packages_over_futures(cases: Cases) -> None:
    files = [file for file in condition_files() if file.stem == "national_slump"]
    packages = [Path("scenarios/no_policy.yaml"), Path("scenarios/push.yaml")]
    found = robust(packages, files, target="tj27_core_revenue", members=2, cases=cases)
    assert found.packages[0].stem == "push" and found.packages[0].worst_regret.value == 0.0
    assert found.packages[1].worst_regret.value > 0.0 and found.packages[1].cost == 0.0
    shares = (found.structure, found.external, found.crossed, found.members_share)
    assert sum(share.value for share in shares) == pytest.approx(1.0)
    assert all(share.low <= share.value <= share.high for share in shares)
    assert found.packages[0].satisficing.low <= found.packages[0].satisficing.high <= 1.0
    assert 0.0 <= found.sure_of_first <= 1.0
    assert len(found.futures) == 2 * len(structures_of(load_rivals()[0]))
    with pytest.raises(UsageError, match="two scenarios"):
        robust([PATH])
