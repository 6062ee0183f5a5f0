"""Every lever of every plan has a reasoned size, and every effect an existing parameter."""

from pathlib import Path

import numpy as np
import pytest

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import InputError
from simulator.foundation.parameters import load_priors
from simulator.policy.effects import (
    ATTRIBUTES,
    CHANNELS,
    load_lever_assumptions,
    load_lever_effects,
    sized_targets,
)
from simulator.registry import load_registry
from simulator.scenario import load_scenario

REGISTRY = load_registry()
PRIORS = load_priors()
ASSUMPTIONS = load_lever_assumptions(REGISTRY)
EFFECTS = load_lever_effects(REGISTRY, PRIORS)
LEVERS = {lever.id: lever for lever in REGISTRY.levers}
TARGETS = {target.id: target for target in REGISTRY.targets}
LATEST = "tj-2025-2027"
EARLIER_CITY_PLANS = ("tj-2018-2020", "chains-2018-2020")
SHIPPED = Path(__file__).parents[2] / "scenarios"

DECLARES_NO_EFFECT = {
    "l-tj18-coordination",
    "l-tj18-monitoring",
    "l-ch18-expert-group",
    "l-ch18-publicity",
    "l-jz18-coordination",
    "l-jz18-publicity",
    "l-pz24-governance",
    "l-pz24-organisation",
    "l-tj27-safety",
    "l-tj27-organisation",
    # Protection raises the return on research but brings no research money.
    "l-jz18-ip",
    "l-pz24-ip",
}
RESTATING = {"l-ch18-smartmfg-fund", "l-ch18-fund-group"}
# What the clause gives a size for is a goal or an area, so the dose measures something else.
SIZED_BUT_NO_DOSE = {
    "l-tj27-firm-ladder",
    "l-ch18-leaders",
    "l-pz24-leaders",
    "l-pz24-clusters",
    "l-jz18-transport",
}


def of(*documents: str) -> set[str]:
    """Levers of these documents."""
    return {lever for lever, entry in LEVERS.items() if entry.document in documents}


def total(channel: str, levers: set[str], parameter: str | None = None) -> float:
    """Summed scale × default dose of one channel."""
    return sum(
        effect.scale * ASSUMPTIONS[effect.lever].default
        for effect in EFFECTS
        if effect.lever in levers and effect.channel == channel and effect.parameter == parameter
    )


def test_each_of_the_143_levers_has_a_row() -> None:
    assert len(LEVERS) == 143
    assert set(ASSUMPTIONS) == set(LEVERS)


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
    assert acting == set(LEVERS) - DECLARES_NO_EFFECT - RESTATING
    for lever in DECLARES_NO_EFFECT:
        assert "declares no effect" in ASSUMPTIONS[lever].reasoning.en, lever
        assert "无效应" in ASSUMPTIONS[lever].reasoning.zh, lever


def test_what_is_promised_again_counts_once() -> None:
    restating = {lever for lever, entry in LEVERS.items() if entry.restates}
    assert restating == RESTATING
    for lever in restating:
        # Without a default dose its money does not count twice either.
        assert ASSUMPTIONS[lever].default == 0.0
        assert "counted there" in ASSUMPTIONS[lever].reasoning.en
        assert ASSUMPTIONS[LEVERS[lever].restates or ""].default > 0.0


def test_stated_sizes_are_those_of_the_plans() -> None:
    sized = {lever for lever, entry in LEVERS.items() if entry.size is not None}
    assert len(sized) == 18
    stated = {lever for lever in LEVERS if ASSUMPTIONS[lever].grade == "stated"}
    assert stated == sized - SIZED_BUT_NO_DOSE - RESTATING
    for lever in stated:
        entry = LEVERS[lever]
        assert entry.size is not None
        promised = ASSUMPTIONS[lever].default * (entry.end - entry.start + 1)
        # Of a range of projects to win, the upper end is applied for.
        assert promised == pytest.approx(entry.size.value_high or entry.size.value, abs=0.02), lever


def test_a_goal_is_taken_for_no_dose() -> None:
    for lever in SIZED_BUT_NO_DOSE - {"l-jz18-transport"}:
        assumption = ASSUMPTIONS[lever]
        assert (assumption.attribute, assumption.default) == ("intensity", 1.0), lever
        assert "target" in assumption.reasoning.en, lever


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
    }
    beyond = {
        (effect.lever, effect.channel)
        for effect in EFFECTS
        if effect.target is None
        and reads.get(effect.channel, {effect.channel}).isdisjoint(LEVERS[effect.lever].acts_on)
    }
    # Money for firms and compute vouchers act where there is no direct path from subsidy to growth;
    # pilot-zone studies measure growth.
    assert beyond == {
        ("l-tj27-compute-platforms", "demand"),
        ("l-tj27-district-money", "survival"),
        ("l-tj27-national-zones", "growth"),
        ("l-jz18-funding", "survival"),
        ("l-pz24-support-mix", "survival"),
    }


def test_projects_count_toward_a_target_of_their_own_plan() -> None:
    unlinked = set()
    for effect in EFFECTS:
        if effect.target is None:
            continue
        lever, target = LEVERS[effect.lever], TARGETS[effect.target]
        assert target.document == lever.document, effect
        assert target.value is not None, effect
        # What is counted in units can be counted; an area or a speed is that of one project.
        sized = target.id in sized_targets(EFFECTS, REGISTRY)
        assert sized == (target.unit in ("平方米", "次/秒")), effect
        if effect.target not in lever.linked_targets:
            unlinked.add(effect.lever)
    # Grants of no named purpose start technology projects too.
    assert unlinked == {"l-tj27-fiscal", "l-ch18-st-fund"}


def test_a_ramp_never_holds_back_what_is_counted() -> None:
    # A ramp spreads the chance of a single project over years; it holds no count back.
    single = sized_targets(EFFECTS, REGISTRY)
    counted = {e.lever for e in EFFECTS if e.channel == "milestone" and e.target not in single}
    assert all(ASSUMPTIONS[lever].ramp_years == 0.0 for lever in counted)


def test_what_counts_toward_a_target_adds_up_to_the_promise() -> None:
    promised = {
        "t-tj18-major-projects": 35,
        "t-ch18-new-products": 150,
        "t-ch18-platforms": 3,
        "t-ch18-national-fields": 5,
        "t-pz24-demo-scenarios": 100,
        "t-pz24-smart-mfg": 100,
        "t-pz24-equipment": 10,
        "t-pz24-rd-talents": 1000,
        "t-pz24-leading-talents": 100,
        "t-pz24-talent-teams": 10,
    }
    for target, number in promised.items():
        listed = sum(
            effect.scale
            * ASSUMPTIONS[effect.lever].default
            * (LEVERS[effect.lever].end - LEVERS[effect.lever].start + 1)
            for effect in EFFECTS
            if effect.target == target
        )
        assert listed == pytest.approx(number, abs=0.02), target


def test_the_same_money_is_counted_once() -> None:
    sector = {
        f"l-tj27-ai-{name}"
        for name in ("medicine", "education", "governance", "transport", "culture")
    } | {"l-tj18-app-manufacturing"}
    assert all(ASSUMPTIONS[lever].default == 0.0 for lever in sector)
    demand = {effect.lever for effect in EFFECTS if effect.channel == "demand"}
    zones = {"l-tj27-zone-eldercare", "l-tj27-zone-smart-city", "l-tj27-zone-smart-mfg"}
    assert demand.isdisjoint(zones | {"l-ch18-area-teda", "l-pz24-eco-city"})
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
    assert total("arrivals", of(LATEST)) == PRIORS["arrivals_rate"].central


def test_the_two_city_plans_of_2018_share_one_pot_of_grants_and_signings() -> None:
    city = "basic-research chips software sensors vehicles robots security terminals"
    chains = "string-chains basic-supply killer-products st-fund"
    research = {f"l-tj18-{name}" for name in city.split()}
    research |= {f"l-ch18-{name}" for name in chains.split()}
    spent = total("knowledge", research)
    assert spent == pytest.approx(PRIORS["ai_grant_money"].central)
    signed = total("arrivals", of(*EARLIER_CITY_PLANS))
    assert signed == pytest.approx(PRIORS["arrivals_rate"].central, abs=0.1)


def test_the_special_fund_spends_what_was_executed() -> None:
    fund = ASSUMPTIONS["l-tj18-fiscal-fund"]
    assert 3 * fund.default * fund.cost_per_unit == pytest.approx(36.4, abs=0.01)
    used = total("demand", {fund.lever}) + total("knowledge", {fund.lever})
    assert used < fund.default * fund.cost_per_unit


@pytest.mark.parametrize(
    "documents",
    [
        (LATEST,),
        EARLIER_CITY_PLANS,
        ("pilot-zone-2020-2024",),
        ("jizhou-2018-2020",),
    ],
)
def test_the_plans_as_written_stay_modest(documents: tuple[str, ...]) -> None:
    levers = of(*documents)
    # Money for scenarios against city-wide growth over a plan.
    assert 0.1 < total("demand", levers) < 10.0
    assert total("growth", levers, "growth_response") * PRIORS["growth_response"].high * 3 < 0.1
    assert total("linkage", levers, "linkage_response") * PRIORS["linkage_response"].high < 0.7


def test_new_funds_stay_near_what_was_ever_subscribed() -> None:
    assert total("fund", of(LATEST)) < 1104 / 8
    assert 3 * total("fund", of(*EARLIER_CITY_PLANS)) < 1104


def test_a_scenario_never_makes_more_demand_than_it_spends() -> None:
    for effect in EFFECTS:
        assumption = ASSUMPTIONS[effect.lever]
        if effect.channel == "demand":
            assert effect.parameter is None
            assert effect.scale <= assumption.cost_per_unit, effect


def test_research_grants_are_money_within_the_cost() -> None:
    grants = [effect for effect in EFFECTS if effect.channel == "knowledge"]
    assert len(grants) > 40
    for effect in grants:
        assert effect.parameter is None
        assert effect.scale <= ASSUMPTIONS[effect.lever].cost_per_unit, effect
    # Technology projects start with grant money, so no lever starts more of them than it grants.
    granted = {effect.lever: effect.scale for effect in grants}
    for effect in EFFECTS:
        if effect.channel == "technology" and effect.parameter == "technologies_per_money":
            assert effect.scale == granted[effect.lever]
    low, high = PRIORS["ai_grant_money"].distribution.quantile(np.array([0.25, 0.75]))
    assert low < total("knowledge", of(LATEST)) < high


def test_grants_above_the_cost_of_their_lever_are_found_at_the_door(tmp_path: Path) -> None:
    shipped_rows = (SHIPPED.parent / "simulator/data/lever_effects.csv").read_text(encoding="utf-8")
    table = tmp_path / "lever_effects.csv"
    start = "l-tj27-platforms,knowledge,,"
    assert f"{start}0.05," in shipped_rows
    for scale, words in (("0.6", "0 … 0.5"), ("-0.1", "0 … 0.5")):
        table.write_text(
            shipped_rows.replace(f"{start}0.05,", f"{start}{scale},"), encoding="utf-8"
        )
        with pytest.raises(InputError) as caught:
            load_lever_effects(REGISTRY, PRIORS, table, ASSUMPTIONS)
        (finding,) = caught.value.findings
        assert finding.line > 1 and words in str(finding)


@pytest.mark.parametrize("file", sorted((SHIPPED / "plans").glob("*.yaml")), ids=lambda f: f.stem)
def test_each_document_has_a_scenario_of_its_own(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.plans == (file.stem,) == (scenario.stem,)
    assert {setting.lever.id for setting in scenario.levers} == of(file.stem)
    years = scenario.period.years
    for setting in scenario.levers:
        assert years[0] <= setting.lever.start <= setting.lever.end == years[-1]
    for text in (scenario.name, scenario.description):
        assert any("一" <= letter <= "鿿" for letter in text.zh)
        assert text.en.isascii() or "–" in text.en
    funds = scenario.assumptions["fund_committed"]
    assert funds.median == pytest.approx(1104 if scenario.founding == "2024Q4" else 200, rel=0.01)


def test_the_five_documents_have_five_scenarios() -> None:
    stems = {file.stem for file in (SHIPPED / "plans").glob("*.yaml")}
    assert stems == {document.id for document in REGISTRY.documents}


def test_the_hindcast_holds_every_lever_and_no_signing_twice() -> None:
    scenario = load_scenario(SHIPPED / "hindcast.yaml")
    assert {setting.lever.id for setting in scenario.levers} == set(LEVERS)
    signed = {
        year: sum(
            setting.dose.at(Quarter(year, 4))
            for setting in scenario.levers
            if setting.attribute == "signings"
        )
        for year in scenario.period.years
    }
    assert max(signed.values()) <= PRIORS["arrivals_rate"].central


def test_the_horizon_ends_the_levers_with_their_plan() -> None:
    scenario = load_scenario(SHIPPED / "horizon_2035.yaml")
    assert scenario.period.years[-1] == 2035
    for setting in scenario.levers:
        assert setting.dose.at(Quarter(2028, 1)) == 0.0
    assert any(setting.dose.at(Quarter(2027, 4)) > 0.0 for setting in scenario.levers)


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
        ("亿元", "万元", "unit", "allowed: 亿元/年, 亿元"),
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


@pytest.mark.parametrize("written", ["亿元", "亿元/年"])
def test_a_size_is_money_a_year_however_its_table_writes_it(tmp_path: Path, written: str) -> None:
    table = tmp_path / "lever_assumptions.csv"
    table.write_text(f"{HEADER}\n{SOUND.replace('亿元', written)}\n", encoding="utf-8")
    found = load_lever_assumptions(REGISTRY, table)["l-tj27-funds"]
    assert (found.unit, found.default) == ("亿元/年", 100.0)


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


def test_one_lever_may_count_toward_several_targets(tmp_path: Path) -> None:
    table = tmp_path / "lever_effects.csv"
    rows = [
        f"l-pz24-talent,milestone,,1,t-pz24-{name}-talents,why,因\n" for name in ("rd", "leading")
    ]
    table.write_text(
        "lever,channel,parameter,scale,target,reasoning_en,reasoning_zh\n" + "".join(rows),
        encoding="utf-8",
    )
    assert len(load_lever_effects(REGISTRY, PRIORS, table)) == 2


def test_an_effect_stands_once(tmp_path: Path) -> None:
    table = tmp_path / "lever_effects.csv"
    effect = "l-tj27-funds,fund,,1,,why,因\n"
    table.write_text(
        "lever,channel,parameter,scale,target,reasoning_en,reasoning_zh\n" + effect * 2,
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="twice"):
        load_lever_effects(REGISTRY, PRIORS, table)
