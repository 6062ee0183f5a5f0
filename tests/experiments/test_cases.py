"""Cases: paired with runs, never computed twice, refused at the door."""

import numpy as np
import pytest

from simulator.experiments.cases import (
    CaseError,
    Cases,
    aim_of,
    assumption_factors,
    budget_of,
    changed,
    factors_named,
    lever_factors,
    mechanism_factors,
    metric_values,
    outcome_function,
    paired,
)
from simulator.experiments.runs import run
from simulator.foundation.findings import UsageError
from simulator.model import prepare
from simulator.scenario import load_scenario
from simulator.targets import met

BASELINE = load_scenario("scenarios/baseline.yaml")


@pytest.fixture(scope="module")
def cases() -> Cases:
    return Cases(workers=2)


def test_a_case_is_the_run_of_the_same_scenario(cases: Cases, tmp_path: object) -> None:
    stored = run("scenarios/baseline.yaml", n=3, out=f"{tmp_path}/run")
    found = cases.evaluate(BASELINE, range(3))
    assert found.years == stored.years
    for series in found.series:
        assert np.array_equal(found.annual(series), stored.annual(series)), series
    assert np.array_equal(found.parameters("k_drawdown"), stored.parameters("k_drawdown"))
    assert all("chain" not in series and "district" not in series for series in found.series)


def test_nothing_is_computed_twice_and_order_changes_nothing(cases: Cases) -> None:
    more = changed(BASELINE, {"tj27_funds": 300.0})
    before = cases.computed
    first = cases.evaluate_all([more, BASELINE], range(4))
    again = cases.evaluate_all([BASELINE, more, BASELINE], range(4))
    assert cases.computed <= before + 4 + 4
    assert np.array_equal(first[0].table, again[1].table)
    alone = Cases(workers=1).evaluate(more, range(2, 4))
    assert np.array_equal(alone.table, first[0].table[2:4])
    # Levers apart, the draws are those of a study of its own.
    assert np.array_equal(alone.drawn[0], prepare(more).simulate(2).parameters)


def test_changes_are_those_of_a_scenario_file() -> None:
    overrides = {
        "levers.tj27_funds.size": "300亿元",
        "assumptions.m_crowdin": 0.2,
        "mechanisms.exit": "off",
    }
    by_file = load_scenario("scenarios/baseline.yaml", overrides)
    values = {"levers.tj27_funds.size": 300.0, "m_crowdin": 0.2, "exit": 0.0}
    assert changed(BASELINE, values).digest() == by_file.digest()
    assert changed(BASELINE, {"l-tj27-funds": 300.0}) == changed(BASELINE, {"tj27_funds": 300.0})
    assert changed(BASELINE, {}).digest() == BASELINE.digest()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"tj27_fund": 1.0}, "did you mean tj27_funds"),
        ({"tj27_funds": 1e6}, "out of bounds"),
        ({"m_crowdin": 9.0}, "out of bounds"),
    ],
)
def test_changes_are_refused_at_the_door(values: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        changed(BASELINE, values)


def test_targets_are_judged_as_in_a_run(cases: Cases) -> None:
    found = cases.evaluate(BASELINE, range(4))
    one = aim_of(BASELINE, "t-tj27-core-revenue", found)
    level = one.levels(found)[:, 0]
    assert np.array_equal(one.flags(found), level > 1000.0)
    together = aim_of(BASELINE, "joint:tj-2025-2027", found)
    for k, goal in enumerate(together.goals):
        above = together.levels(found)[:, k]
        passed = above > goal.value if goal.comparator == ">" else above >= goal.value
        assert np.array_equal(passed, met(goal, found)), goal.key
    with pytest.raises(UsageError, match="did you mean tj27_core_revenue"):
        aim_of(BASELINE, "tj27_core_revenu", found)
    with pytest.raises(UsageError, match="did you mean joint:tj-2025-2027"):
        aim_of(BASELINE, "joint:tj-2025-2028", found)
    published = aim_of(BASELINE, "tj27_core_revenue", found, published=True)
    assert np.array_equal(
        published.levels(found)[:, 0], found.annual("core_revenue_published")[:, -1]
    )


def test_factors_say_bounds_and_reference() -> None:
    funds, crowd, exits = factors_named(BASELINE, ["tj27_funds", "m_crowdin", "exit"])
    assert (funds.low, funds.high, funds.reference) == (0.0, 1000.0, 100.0)
    assert crowd.at(0.0) < crowd.reference < crowd.at(1.0)
    assert (exits.kind, exits.reference, exits.at(0.2)) == ("mechanism", 1.0, 0.0)
    # Without firms nothing is left that levers could be weighed by: a yardstick's switch, no factor.
    assert "firms" not in {factor.key for factor in mechanism_factors(BASELINE)}
    for ask in (
        lambda: factors_named(BASELINE, ["firms"]),
        lambda: changed(BASELINE, {"firms": 0}),
    ):
        with pytest.raises(UsageError, match="firms"):
            ask()
    assert "tj27_safety" not in {factor.key for factor in lever_factors(BASELINE)}
    assert sum(budget_of(BASELINE).values()) == pytest.approx(99.9114)
    # Fixing what the founding check sets would switch the check off in every case.
    assert "arrivals_rate" not in {factor.key for factor in assumption_factors(BASELINE)}
    named = changed(BASELINE, {"arrivals_rate": 5.0})
    assert prepare(BASELINE).closes_entry_account and not prepare(named).closes_entry_account


def test_a_failing_member_is_told_and_left_out_everywhere() -> None:
    class Broken:
        def __init__(self, scenario: object) -> None:
            self.inner = prepare(BASELINE)
            self.quarters, self.series = self.inner.quarters, self.inner.series
            self.parameter_names = self.inner.parameter_names
            self.bad = {1} if scenario is BASELINE else {2}

        def simulate(self, member: int, engine: str = "auto") -> object:
            if member in self.bad:
                raise ValueError("no world")
            return self.inner.simulate(member, engine)

    cases = Cases(workers=1, prepare=Broken)  # type: ignore[arg-type]
    other = changed(BASELINE, {"tj27_funds": 1.0})
    one, two = cases.evaluate_all([BASELINE, other], range(4))
    assert one.failed == ((1, "ValueError: no world"),)
    assert [each.members.tolist() for each in paired([one, two])] == [[0, 3], [0, 3]]
    with pytest.raises(CaseError, match="at least 2"):
        paired(cases.evaluate_all([BASELINE, other], range(3)))


def test_the_model_is_a_plain_function(cases: Cases) -> None:
    outcomes = ["core_revenue@2027", "P(tj27_core_revenue)"]
    model = outcome_function(BASELINE, outcomes, range(4), cases)
    told = model(tj27_funds=100.0)
    found = cases.evaluate(changed(BASELINE, {"tj27_funds": 100.0}), range(4))
    assert told["core_revenue@2027"] == metric_values(found, "core_revenue@2027")[1].mean()
    assert 0.0 <= told["P(tj27_core_revenue)"] <= 1.0
    assert model(tj27_hq_attraction=60.0)["core_revenue@2027"] >= told["core_revenue@2027"]
