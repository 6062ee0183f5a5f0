"""What is moved moves the answer in the direction and by the size that it must, and nothing else moves."""

import numpy as np
import pytest

from simulator.experiments.calibration import FITTED
from simulator.experiments.hinges import Answer, _hinge, answer_of, hinges, scaled, widened
from simulator.foundation.parameters import Distribution
from simulator.foundation.tables import shipped
from simulator.registry import Name, load_library
from simulator.scenario import load_scenario

BASELINE = shipped("scenarios", "baseline.yaml")
CORE = "t-tj27-core-revenue"


@pytest.mark.parametrize(
    "name", ["loading_national", "laplace_b_small", "beta_size_var", "g_nat_ai", "n10_2024"]
)
def test_a_doubled_width_is_wider_about_the_same_middle(name: str) -> None:
    parameter = load_library().priors[name]
    wide = widened(parameter.distribution, parameter)
    luck = np.linspace(0.005, 0.995, 199)
    before, after = parameter.distribution.quantile(luck), wide.quantile(luck)
    assert after.std() > 1.2 * before.std()
    assert parameter.minimum <= after.min() and after.max() <= parameter.maximum
    middle = np.quantile(before, 0.75) - np.quantile(before, 0.25)
    assert abs(np.median(after) - np.median(before)) < 0.75 * middle


def test_what_has_no_width_is_refused() -> None:
    parameter = load_library().priors["g_nat_2024"]
    with pytest.raises(ValueError, match="no width"):
        widened(Distribution.fixed(1.0), parameter)


def test_a_scaled_base_moves_every_construction_by_the_factor() -> None:
    base = load_scenario(BASELINE).assumptions["base_core_revenue"]
    more = scaled(base, 1.2)
    assert [
        b.numbers[0] / a.numbers[0] for a, b in zip(base.components, more.components, strict=True)
    ] == (pytest.approx([1.2] * 4))
    assert more.weights == base.weights and more.labels == base.labels


def test_paired_answers_differ_by_the_base_value_only() -> None:
    scenario = load_scenario(BASELINE, {"fit": "none"})
    start = answer_of(scenario, 8, CORE)
    again = answer_of(scenario, 8, CORE)
    assert np.array_equal(start.revenue, again.revenue)
    base = "assumptions.base_core_revenue"
    higher, lower = (
        answer_of(load_scenario(BASELINE, {"fit": "none", base: size}), 8, CORE)
        for size in ("600亿元", "400亿元")
    )
    ratio = np.log(higher.revenue / lower.revenue)
    assert ratio.mean() == pytest.approx(np.log(1.5), abs=0.12)
    assert np.array_equal(start.met, start.revenue > 1000.0) and start.chance == start.met.mean()


def test_a_variant_that_moves_nobody_keeps_an_interval() -> None:
    scenario = load_scenario(BASELINE, {"fit": "none"})
    goal = answer_of(scenario, 2, CORE).goal
    some = Answer(goal, np.full(40, 500.0), np.zeros(40, dtype=bool))
    found = _hinge("figure", "x", Name("x", "x"), some, some)
    assert found.points == 0.0
    assert found.low < -0.03
    assert found.high > 0.03


@pytest.mark.slow
def test_the_answer_moves_as_the_guide_says() -> None:
    """The base value moves the answer most and in its own direction; no single figure moves it as much."""
    found = hinges(
        load_scenario(BASELINE),
        60,
        200,
        figures=("software-growth-2021",),
        widths=("base_core_revenue",),
    )
    by = {hinge.key: hinge for hinge in found.hinges}
    assert 0.10 < by["+20 %"].moved < 0.30 and by["+20 %"].points > 0.0
    assert -0.30 < by["−20 %"].moved < -0.10 and by["−20 %"].points < 0.0
    left_out = by["software-growth-2021"]
    assert abs(left_out.moved) < by["+20 %"].moved
    assert by["base_core_revenue"].kind == "width" and set(FITTED) >= {"loading_national"}


def test_a_widened_base_still_holds_what_the_named_firms_earn() -> None:
    scenario = load_scenario(BASELINE)
    base = scenario.assumptions["base_core_revenue"]
    wide = widened(base, scenario.library.priors["base_core_revenue"])
    for before, after in zip(base.components, wide.components, strict=True):
        assert after.truncation[0] == before.truncation[0] and after.numbers[1] > before.numbers[1]
