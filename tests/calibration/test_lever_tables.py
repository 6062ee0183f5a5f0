"""Every lever of the plan in force has a reasoned size, and every effect an existing parameter."""

from pathlib import Path

import pytest

from simulator.foundation.findings import InputError
from simulator.foundation.parameters import load_priors
from simulator.policy.effects import (
    ATTRIBUTES,
    CHANNELS,
    load_lever_assumptions,
    load_lever_effects,
)
from simulator.registry import load_registry

PLAN = "tj-2025-2027"
REGISTRY = load_registry()
PRIORS = load_priors()
ASSUMPTIONS = load_lever_assumptions(REGISTRY)
EFFECTS = load_lever_effects(REGISTRY, PRIORS)
LEVERS = {lever.id: lever for lever in REGISTRY.levers if lever.document == PLAN}
NO_EFFECT = {"l-tj27-safety", "l-tj27-organisation"}


def total(channel: str, parameter: str | None = None) -> float:
    """Summed scale × default dose of one channel."""
    return sum(
        effect.scale * ASSUMPTIONS[effect.lever].default
        for effect in EFFECTS
        if effect.channel == channel and effect.parameter == parameter
    )


def test_each_of_the_forty_levers_has_a_row() -> None:
    assert len(LEVERS) == 40
    assert set(LEVERS) <= set(ASSUMPTIONS)


def test_a_size_is_reasoned_in_both_languages_and_leaves_room_to_play() -> None:
    for lever in LEVERS:
        assumption = ASSUMPTIONS[lever]
        assert assumption.unit == ATTRIBUTES[assumption.attribute], lever
        assert assumption.low == 0.0 <= assumption.default < assumption.high, lever
        assert assumption.cost_per_unit > 0.0, lever
        assert len(assumption.reasoning.en) > 30, lever
        assert any("一" <= letter <= "鿿" for letter in assumption.reasoning.zh), lever


def test_a_lever_acts_or_is_known_not_to() -> None:
    acting = {effect.lever for effect in EFFECTS}
    assert acting == set(LEVERS) - NO_EFFECT


def test_stated_sizes_are_those_of_the_plan() -> None:
    stated = {lever for lever in LEVERS if ASSUMPTIONS[lever].grade == "stated"}
    assert stated == {
        "l-tj27-ai-research",
        "l-tj27-ai-manufacturing",
        "l-tj27-ai-eldercare",
        "l-tj27-benchmarks",
    }
    for lever in stated:
        size = LEVERS[lever].size
        assert size is not None
        assert 3 * ASSUMPTIONS[lever].default == pytest.approx(size.value, abs=0.02)


def test_the_firm_ladder_takes_its_target_for_no_dose() -> None:
    ladder = ASSUMPTIONS["l-tj27-firm-ladder"]
    assert (ladder.attribute, ladder.default) == ("intensity", 1.0)


def test_effects_name_priors_that_the_model_reads() -> None:
    named = {effect.parameter for effect in EFFECTS if effect.parameter is not None}
    assert named
    assert all(PRIORS[name].use == "model" for name in named)
    assert all(effect.scale > 0.0 for effect in EFFECTS)


def test_the_parameter_has_the_unit_of_its_channel() -> None:
    for effect in EFFECTS:
        if effect.parameter is None:
            continue
        unit, wanted = PRIORS[effect.parameter].unit, CHANNELS[effect.channel].unit
        # A level effect becomes a growth effect by the share of it that falls into one year.
        bought = unit == "个/亿元" and wanted == "个/年"  # a number for each 亿元 of a yearly dose
        spread = unit == "log-points" and wanted == "log-points/yr" and effect.scale <= 0.2
        assert unit == wanted or spread or bought, effect


def test_channels_lie_within_what_the_clause_acts_on() -> None:
    reads = {
        "arrivals": {"entry"},
        "fund": {"entry", "growth"},
        "location": {"entry", "growth", "demand"},
        "milestone": {"demand"},
        "technology": {"knowledge"},
    }
    beyond = {
        (effect.lever, effect.channel)
        for effect in EFFECTS
        if reads.get(effect.channel, {effect.channel}).isdisjoint(LEVERS[effect.lever].acts_on)
    }
    # Compute vouchers and district money act where there is no direct path from subsidy to growth;
    # pilot-zone studies measure growth.
    assert beyond == {
        ("l-tj27-compute-platforms", "demand"),
        ("l-tj27-district-money", "survival"),
        ("l-tj27-national-zones", "growth"),
    }


def test_the_same_money_is_counted_once() -> None:
    sector = {
        f"l-tj27-ai-{name}"
        for name in ("medicine", "education", "governance", "transport", "culture")
    }
    assert all(ASSUMPTIONS[lever].default == 0.0 for lever in sector)
    demand = {effect.lever for effect in EFFECTS if effect.channel == "demand"}
    zones = {"l-tj27-zone-eldercare", "l-tj27-zone-smart-city", "l-tj27-zone-smart-mfg"}
    assert demand.isdisjoint(zones)
    grants = {
        "l-tj27-compute-rd": 1.0,
        "l-tj27-algorithms": 1.0,
        "l-tj27-fiscal": 1.0,
        "l-tj27-track-xinchuang": ASSUMPTIONS["l-tj27-track-xinchuang"].cost_per_unit,
        "l-tj27-track-embodied": ASSUMPTIONS["l-tj27-track-embodied"].cost_per_unit,
        "l-tj27-track-lowaltitude": ASSUMPTIONS["l-tj27-track-lowaltitude"].cost_per_unit,
    }
    spent = sum(ASSUMPTIONS[lever].default * cost for lever, cost in grants.items())
    assert spent == pytest.approx(PRIORS["ai_grant_money"].central)
    assert total("arrivals") == PRIORS["arrivals_rate"].central


def test_the_plan_as_written_stays_modest() -> None:
    # All scenario money against a core revenue of some 400亿元, and city-wide growth over a plan.
    assert 1.0 < total("demand") < 10.0
    assert total("growth", "growth_response") * PRIORS["growth_response"].high * 3 < 0.1
    assert total("fund") < 1104 / 8


def test_a_scenario_never_makes_more_demand_than_it_spends() -> None:
    for effect in EFFECTS:
        assumption = ASSUMPTIONS[effect.lever]
        if effect.channel == "demand":
            assert effect.parameter is None
            assert effect.scale <= assumption.cost_per_unit


HEADER = (
    "lever,attribute,unit,default,low,high,cost_per_unit,ramp_years,grade,sources,"
    "reasoning_en,reasoning_zh"
)
SOUND = "l-tj27-funds,size,亿元,100,0,500,0.2,0,assumed,judgement,why,因"


@pytest.mark.parametrize(
    ("old", "new", "column", "reason"),
    [
        ("l-tj27-funds", "l-tj27-fund", "lever", "l-tj27-funds"),
        ("size", "sice", "attribute", "did you mean: size"),
        ("亿元", "万元", "unit", "allowed: 亿元"),
        ("100", "900", "default", "out of order"),
        ("0.2", "-0.2", "cost_per_unit", "negative"),
        ("assumed", "sure", "grade", "unknown"),
        ("因", "", "reasoning_zh", "empty"),
    ],
)
def test_a_bad_assumption_is_refused_at_its_cell(
    tmp_path: Path, old: str, new: str, column: str, reason: str
) -> None:
    table = tmp_path / "lever_assumptions.csv"
    table.write_text(f"{HEADER}\n{SOUND.replace(old, new, 1)}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_lever_assumptions(REGISTRY, table)
    (finding,) = caught.value.findings
    assert (finding.line, finding.path) == (2, column)
    assert reason in str(finding)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("l-tj27-fund,fund,,1,,why,因", "l-tj27-funds"),
        ("l-tj27-funds,fnd,,1,,why,因", "did you mean: fund"),
        ("l-tj27-funds,growth,growth_respons,1,,why,因", "did you mean: growth_response"),
        ("l-tj27-funds,fund,,many,,why,因", "not a number"),
        ("l-tj27-funds,fund,,1,,,因", "empty"),
        ("l-tj27-funds,fund,,1,t-tj27-benchmarks,why,因", "counts toward no target"),
        ("l-tj27-benchmarks,milestone,,1,,why,因", "target"),
        ("l-tj27-benchmarks,milestone,,1,t-tj27-benchmark,why,因", "t-tj27-benchmarks"),
    ],
)
def test_a_bad_effect_is_refused_at_its_cell(tmp_path: Path, text: str, reason: str) -> None:
    table = tmp_path / "lever_effects.csv"
    header = "lever,channel,parameter,scale,target,reasoning_en,reasoning_zh"
    table.write_text(f"{header}\n{text}\n", encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        load_lever_effects(REGISTRY, PRIORS, table)


def test_an_effect_stands_once(tmp_path: Path) -> None:
    table = tmp_path / "lever_effects.csv"
    effect = "l-tj27-funds,fund,,1,,why,因\n"
    table.write_text(
        "lever,channel,parameter,scale,target,reasoning_en,reasoning_zh\n" + effect * 2, encoding="utf-8"
    )
    with pytest.raises(InputError, match="twice"):
        load_lever_effects(REGISTRY, PRIORS, table)
