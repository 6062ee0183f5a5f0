"""Layers, overrides, doses, distributions, listed findings and the resolved sheet."""

import json
import pickle
import re
from pathlib import Path

import pytest

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import Finding, InputError
from simulator.foundation.parameters import Distribution
from simulator.foundation.tables import shipped
from simulator.scenario import Scenario, assembly, load_scenario, sheet_text

SCENARIOS = shipped("scenarios")
BASELINE = SCENARIOS / "baseline.yaml"
FILES = sorted(SCENARIOS.glob("*.yaml"))
HEAD = (
    "schema_version: 1\nname: {zh: 甲, en: A}\n"
    "period: {start: 2025Q1, end: 2027Q4}\nplans: [tj-2025-2027]\n"
)


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def setting(scenario: Scenario, key: str) -> list[float]:
    """Doses of a lever in the first quarters of the period's years."""
    (found,) = (item for item in scenario.levers if item.lever.key == key)
    return found.dose.values(Quarter(year, 1) for year in scenario.period.years)


def notes(scenario: Scenario) -> str:
    return "\n".join(map(str, scenario.notes))


def faults(path: Path, **overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_scenario(path, {key.replace("__", "."): value for key, value in overrides.items()})
    return str(caught.value)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_files_are_bilingual_and_extend_the_baseline(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.stem == file.stem
    for text in (scenario.name, scenario.description):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)
        assert text.en.isprintable() and text.en != text.zh
    assert scenario.members == 1000 and scenario.seed == 1
    (literal,) = scenario.extra_targets
    assert literal.key == "literal_core_revenue"
    assert (literal.comparator, literal.value, literal.unit) == (">", 10000.0, "亿元")
    assert (literal.metric, literal.deadline.year) == ("core_revenue", 2027)
    assert "literal" in literal.name.en and "字面" in literal.name.zh


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_files_use_no_lever_without_effect(file: Path) -> None:
    scenario = load_scenario(file)
    own = [note for note in scenario.notes if Path(note.file).name == file.name]
    # Where plans are put in force, their levers without effect are noted.
    own = [note for note in own if note.path != "plans" and "no effect" not in note.what]
    assert own == []


def test_shipped_files_all_differ() -> None:
    digests = {load_scenario(file).digest() for file in FILES}
    assert len(digests) == len(FILES) == 10


def test_no_policy_has_no_levers() -> None:
    assert load_scenario(SCENARIOS / "no_policy.yaml").levers == ()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_resolved_sheet_reads_back(file: Path, tmp_path: Path) -> None:
    scenario = load_scenario(file)
    sheet = scenario.resolved()
    again = load_scenario(write(tmp_path, sheet_text(sheet)))
    assert again.resolved() == sheet
    assert again.digest() == scenario.digest()


def test_the_resolved_sheet_reads_back_as_json(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIOS / "push.yaml")
    # JSON is YAML too, though its keys are all text.
    plain = write(tmp_path, json.dumps(scenario.resolved(), ensure_ascii=False))
    assert load_scenario(plain).digest() == scenario.digest()


def test_labels_seed_and_members_leave_the_digest_alone() -> None:
    whole = load_scenario(BASELINE)
    labelled = load_scenario(
        BASELINE,
        {"name": "{zh: 乙, en: B}", "members": "7", "seed": "9", "description.zh": "丙"}
        | {"description.en": "C"},
    )
    assert (labelled.members, labelled.seed, labelled.name.en) == (7, 9, "B")
    assert labelled.digest() == whole.digest()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("levers.tj27_funds.size", "300亿元"),
        ("levers.tj27_funds.size", "{2025: 100亿元, 2026: 150亿元}"),
        ("levers.tj27_funds.start", "2026"),
        ("levers.tj27_alliance.chains", "[big_data]"),
        ("levers.tj27_alliance.districts", "[dongli]"),
        ("assumptions.base_core_revenue", "480亿元"),
        ("assumptions.base_construction", "tail"),
        ("period.end", "2030Q4"),
        ("mechanisms.exit", "off"),
        ("government", "adaptive"),
        ("plans", "[]"),
        ("targets.literal_core_revenue.value", "20000亿元"),
    ],
)
def test_what_is_simulated_changes_the_digest(path: str, value: str) -> None:
    assert load_scenario(BASELINE, {path: value}).digest() != load_scenario(BASELINE).digest()


def test_the_same_amount_in_other_words_is_the_same_scenario() -> None:
    plain = ("300亿元", "30 billion CNY", "3e6 万元", "3e10 CNY", "３００ 億元")
    yearly = ("300亿元/年", "300亿元/yr", "30 billion CNY/yr", "3e6 万元/年", "３００ 億元／年")
    words = (*plain, *yearly)
    digests = {
        load_scenario(BASELINE, {f"levers.{lever}.size": word}).digest()
        for word in words
        for lever in ("tj27_funds", "l-tj27-funds", "天使、创业与产业投资基金")
    }
    assert len(digests) == 1


def test_chains_and_districts_go_by_any_name_in_any_order() -> None:
    ways = (
        {"districts": "[西青区, dongli]", "chains": "[connected_vehicles, 大数据]"},
        {"districts": "[东丽, Xiqing District]", "chains": "[big_data, 智能网联车]"},
    )
    settings = [
        load_scenario(BASELINE, {f"levers.tj27_zone_connected.{k}": v for k, v in way.items()})
        for way in ways
    ]
    assert settings[0].digest() == settings[1].digest()
    (found,) = (s for s in settings[0].levers if s.lever.key == "tj27_zone_connected")
    assert found.places == ("dongli", "xiqing")
    assert found.chains == ("big_data", "connected_vehicles")


def test_later_layers_win_value_by_value_and_say_so(tmp_path: Path) -> None:
    write(
        tmp_path,
        HEAD + "levers:\n  tj27_talent: {intake: 60人/年, chains: [big_data]}\nseed: 3\n",
        "eldest.yaml",
    )
    write(
        tmp_path,
        "schema_version: 1\nextends: eldest.yaml\nlevers:\n  tj27_talent: {intake: 90人/年}\n",
        "parent.yaml",
    )
    fitted = write(tmp_path, "assumptions: {rpc: 0.2, b_cap: 0.55}\n", "fitted.yaml")
    child = write(
        tmp_path,
        "schema_version: 1\nextends: parent.yaml\nassumptions: {b_cap: 0.65}\nmembers: 50\n",
    )
    scenario = load_scenario(child, {"members": "60"}, fitted=fitted)
    assert setting(scenario, "tj27_talent") == [90.0, 90.0, 90.0]
    assert (scenario.members, scenario.seed) == (60, 3)
    assert scenario.assumptions["rpc"] == Distribution.fixed(0.2)
    assert scenario.assumptions["b_cap"] == Distribution.fixed(0.65)
    origins = {
        path: (scenario.origins[path].layer, Path(scenario.origins[path].file).name)
        for path in (
            "levers.tj27_talent.intake",
            "levers.tj27_talent.chains",
            "seed",
            "members",
            "assumptions.rpc",
            "assumptions.b_cap",
            "assumptions.g_nat_ai",
        )
    }
    assert origins == {
        "levers.tj27_talent.intake": ("extended file", "parent.yaml"),
        "levers.tj27_talent.chains": ("extended file", "eldest.yaml"),
        "seed": ("extended file", "eldest.yaml"),
        "members": ("--set", "--set"),
        "assumptions.rpc": ("fitted", "fitted.yaml"),
        "assumptions.b_cap": ("file", "a.yaml"),
        "assumptions.g_nat_ai": ("priors", "priors.csv"),
    }
    assert scenario.origins["levers.tj27_talent.intake"].line == 4


def test_a_fitted_file_holds_assumptions_only(tmp_path: Path) -> None:
    fitted = write(tmp_path, "schema_version: 1\nmembers: 3\n", "fitted.yaml")
    with pytest.raises(InputError, match=r"fitted.yaml:2:1: members: unknown key"):
        load_scenario(BASELINE, fitted=fitted)


@pytest.mark.parametrize("name", ['"a\\0b.yaml"', '"\\ud800"', "x" * 300, "/", "[]", "''"])
def test_no_name_of_a_parent_breaks_the_reader(name: str, tmp_path: Path) -> None:
    file = write(tmp_path, f"schema_version: 1\nextends: {name}\n")
    with pytest.raises(InputError, match=r"a\.yaml:2:10: extends"):
        load_scenario(file)


def test_a_name_holds_no_control_characters(tmp_path: Path) -> None:
    file = write(tmp_path, HEAD.replace("en: A", 'en: "A\\e[31m"'))
    with pytest.raises(InputError, match=r"a\.yaml:2:19: name.en: holds a control character"):
        load_scenario(file)


def test_a_scenario_travels_between_processes() -> None:
    scenario = load_scenario(SCENARIOS / "push.yaml")
    again = pickle.loads(pickle.dumps(scenario))
    assert again.digest() == scenario.digest()


def test_a_stored_sheet_lists_what_its_scenario_listed(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIOS / "push.yaml")
    again = load_scenario(write(tmp_path, sheet_text(scenario.resolved())))
    assert [note.what for note in again.notes] == [note.what for note in scenario.notes]


def test_a_schedule_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "levers: {tj27_funds: {size: {2025: 200亿元, 2027: 300亿元}}}\n")
    text = "schema_version: 1\nextends: a.yaml\nlevers: {tj27_funds: {size: {2026: 50亿元}}}\n"
    scenario = load_scenario(write(tmp_path, text, "b.yaml"))
    assert setting(scenario, "tj27_funds") == [0.0, 50.0, 50.0]
    assert "no dose for 2025: zero until 2026" in notes(scenario)


@pytest.mark.parametrize(
    ("dose", "expected"),
    [
        ("60人/年", [60.0, 60.0, 60.0, 60.0]),
        ("{2025: 60人/年, 2027: 150人/年}", [60.0, 60.0, 150.0, 150.0]),
        ("{from: {2025: 60人/年, 2027: 150人/年}, interpolate: linear}", [60, 105, 150, 150]),
        ("{from: {2025: 60人/年, 2027: 150人/年}, interpolate: step}", [60, 60, 150, 150]),
        ("{2026: 60人/年, 2027: 0人/年}", [0.0, 60.0, 0.0, 0.0]),
    ],
)
def test_doses_over_time(dose: str, expected: list[float]) -> None:
    scenario = load_scenario(
        BASELINE,
        {"levers.tj27_talent.intake": dose, "levers.tj27_talent.end": "2028"}
        | {"period.end": "2028Q4"},
    )
    assert setting(scenario, "tj27_talent") == expected


def test_a_lever_acts_only_between_its_start_and_end() -> None:
    scenario = load_scenario(
        BASELINE,
        {"levers.tj27_funds.start": "2025Q3", "levers.tj27_funds.end": "2026", "seed": "2"}
        | {"levers.tj27_funds.size": "10亿元", "period.end": "2030Q4"},
    )
    (funds,) = (item for item in scenario.levers if item.lever.key == "tj27_funds")
    acting = [str(q) for q in scenario.period.quarters if funds.dose.at(q)]
    assert acting == ["2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4"]


def test_levers_of_other_plans_are_in_force_once_named() -> None:
    key = "levers.tj27_funds.size"
    scenario = load_scenario(SCENARIOS / "no_policy.yaml", {key: "10亿元"})
    assert [item.lever.key for item in scenario.levers] == ["tj27_funds"]


def test_the_founding_state_precedes_the_start() -> None:
    assert load_scenario(BASELINE).founding == "2024Q4"
    earlier = load_scenario(BASELINE, {"period.start": "2018Q1"})
    assert earlier.founding == "2017Q4"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("480亿元", Distribution.fixed(480.0)),
        (
            "{dist: lognormal, median: 48 billion CNY, sigma: 0.3}",
            Distribution("lognormal", (480.0, 0.3, 0.0), (30.0, 3000.0)),
        ),
        (
            "{dist: uniform, low: 300亿元, high: 600亿元, upper: 500亿元}",
            Distribution("uniform", (300.0, 600.0), (30.0, 500.0)),
        ),
        (
            "{dist: mixture, components: ["
            "{weight: 0.5, dist: uniform, low: 300亿元, high: 400亿元}, "
            "{weight: 0.5, dist: fixed, value: 650亿元}]}",
            Distribution(
                "mixture",
                truncation=(30.0, 3000.0),
                weights=(0.5, 0.5),
                components=(
                    Distribution("uniform", (300.0, 400.0)),
                    Distribution.fixed(650.0),
                ),
            ),
        ),
    ],
)
def test_assumptions(value: str, expected: Distribution) -> None:
    scenario = load_scenario(BASELINE, {"assumptions.base_core_revenue": value})
    assert scenario.assumptions["base_core_revenue"] == expected


def test_every_prior_is_resolved() -> None:
    scenario = load_scenario(BASELINE, {"fit": "none"})
    assert set(scenario.assumptions) == set(scenario.parameters)
    assert all(
        scenario.assumptions[name] == parameter.distribution
        for name, parameter in scenario.parameters.items()
    )


def test_overrides_are_checked_like_files() -> None:
    text = faults(
        BASELINE,
        levers__tj27_fund__size="300亿元",
        levers__tj27_talent__intake="300",
        members="many",
        seed="[1",
        period__ende="2030Q4",
        extends="lean.yaml",
    )
    assert text.splitlines() == [line for line in text.splitlines() if line.startswith("--set: ")]
    for words in (
        "levers.tj27_fund: no lever",
        "did you mean: 300 人/年?",
        "members: 'many' is not a whole number",
        "seed: '[1' cannot be read",
        "period.ende: unknown key 'ende'",
        "extends: unknown key",
    ):
        assert words in text


@pytest.mark.parametrize("path", ["", ".", "levers.", "a..b"])
def test_overrides_need_a_path(path: str) -> None:
    with pytest.raises(InputError, match="names no single value"):
        load_scenario(BASELINE, {path: "1"})


@pytest.mark.parametrize(
    "pair", [("members", "members.x"), ("members.x", "members"), ("seed", " seed")]
)
def test_overrides_may_not_clash(pair: tuple[str, str]) -> None:
    with pytest.raises(InputError):
        load_scenario(BASELINE, dict.fromkeys(pair, "1"))


def test_overrides_may_be_plain_values() -> None:
    scenario = load_scenario(
        BASELINE, {"members": 5, "levers.tj27_talent.intake": {2025: "60人/年"}}
    )
    assert scenario.members == 5
    assert setting(scenario, "tj27_talent") == [60.0, 60.0, 60.0]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            {"levers.tj27_funds.size": "0亿元"},
            "levers.tj27_funds: can never act: its dose is zero throughout",
        ),
        (
            {"levers.tj27_funds.start": "2030", "levers.tj27_funds.end": "2031"},
            "levers.tj27_funds: can never act",
        ),
        (
            {"levers.tj27_funds.size": "{2026: 1亿元}", "levers.tj27_alliance.start": "2027Q2"},
            "no dose for 2025",
        ),
        ({"levers.tj18_haihe_fund.intensity": "2"}, "levers.tj18_haihe_fund: can never act"),
        ({"levers.tj27_safety.intensity": "2"}, "levers.tj27_safety: declares no effect"),
        (
            {"mechanisms.funds": "off"},
            "levers.tj27_funds: can never act: its mechanisms are switched off (funds)",
        ),
        (
            {"levers.tj27_funds.start": "2030", "levers.tj27_funds.end": "2031"},
            "can never act: it is in force in 2030Q1–2031Q4, outside 2025Q1–2027Q4",
        ),
        (
            {"assumptions.butfor_attract": "0"},
            "levers.tj27_hq_attraction: can never act: arrivals (butfor_attract is zero)",
        ),
        (
            {"mechanisms.contracts": "off"},
            "levers act in part only; without effect: demand (contracts switched off)",
        ),
        (
            {"mechanisms.entry": "off", "mechanisms.arrivals": "off"},
            "location (arrivals, entry switched off)",
        ),
        ({"assumptions.fund_landing_share": "0"}, "fund (fund_landing_share is zero)"),
        (
            {"levers.tj27_funds.size": "{2025: 1亿元, 2029: 2亿元}", "period.end": "2030Q4"},
            "did you mean: end: 2029?",
        ),
        (
            {"assumptions.report_bias": "0.01 log-points/yr"},
            "report_bias: unused parameter: its mechanism is not built",
        ),
        (
            {"assumptions.rd_share": "0.1", "mechanisms.research": "off"},
            "rd_share: unused parameter: its mechanism is switched off (research)",
        ),
        (
            {"assumptions.rd_share": "0.1", "mechanisms.firms": "off"},
            "rd_share: unused parameter: its mechanism is switched off (firms)",
        ),
        ({"mechanisms.firms": "off"}, "levers.tj27_firm_ladder: can never act"),
        (
            {"assumptions.exit_named": "0.003 1/yr", "mechanisms.exit": "off"}
            | {"mechanisms.entry": "off"},
            "exit_named: unused parameter: its mechanism is switched off (exit, entry)",
        ),
        (
            {"assumptions.base_core_revenue": "1200亿元"},
            "1200亿元 (120 billion CNY) is outside the evidence",
        ),
        (
            {"assumptions.base_core_revenue": "{dist: lognormal, median: 48亿元, sigma: 0.3}"},
            "48亿元 (4.8 billion CNY) is outside the evidence; ten times as much is inside",
        ),
        (
            {"assumptions.base_core_revenue": "{dist: lognormal, median: 2500亿元, sigma: 0.3}"},
            "2500亿元 (250 billion CNY) is outside the evidence; a tenth of it is inside",
        ),
        (
            {"targets.literal_core_revenue.deadline": "2026", "period.end": "2026Q4"},
            "",
        ),
        ({"plans": "[tj-2018-2020, tj-2025-2027]"}, "levers of tj-2018-2020 have a dose of zero"),
        ({"period.start": "2018Q1", "period.end": "2020Q4"}, "never judged: 2027 is outside"),
        (
            {"period.start": "2018Q1", "period.end": "2020Q4"},
            "40 levers of tj-2025-2027 have a dose of zero throughout",
        ),
    ],
)
def test_what_has_no_effect_is_listed(overrides: dict[str, str], words: str) -> None:
    scenario = load_scenario(BASELINE, overrides)
    before = {str(note) for note in load_scenario(BASELINE).notes}
    new = [note for note in scenario.notes if str(note) not in before]
    assert words in "\n".join(map(str, new))
    assert all(note.severity == "note" for note in scenario.notes)
    assert all(re.search("[一-鿿]", note.what_zh) for note in scenario.notes)
    assert not [note for note in scenario.notes if "None" in note.what + note.what_zh]


def test_a_later_layer_may_shorten_the_period_of_a_schedule() -> None:
    scenario = load_scenario(SCENARIOS / "push.yaml", {"period.end": "2025Q4"})
    (note,) = (note for note in scenario.notes if note.path == "levers.tj27_funds.size")
    assert (Path(note.file).name, note.line, note.column) == ("push.yaml", 8, 44)
    assert "the dose of 2026 is never used" in note.what


def money_notes(scenario: Scenario) -> list[Finding]:
    """The notes of a scenario on how the size of its funds is read."""
    return [note for note in scenario.notes if "read as new commitments" in note.what]


@pytest.mark.parametrize(
    ("changes", "en", "zh"),
    [
        (
            {"size": "300亿元"},
            "300亿元 is read as new commitments of 300亿元 a year, 3 × 300 = 900亿元 over 2025–2027; "
            "write 300亿元/yr to say so, or 100亿元/yr for 300亿元 in all",
            "300亿元读作每年新增认缴300亿元，2025–2027 年共 3 × 300 = 900亿元；写作 300亿元/年 即明示，"
            "若指全期共300亿元则写 100亿元/年",
        ),
        (
            {"size": "30 billion CNY", "start": "2026Q3"},
            "300亿元 is read as new commitments of 300亿元 a year, 150 + 300 = 450亿元 over 2026Q3–2027Q4; "
            "write 300亿元/yr to say so, or 200亿元/yr for 300亿元 in all",
            "300亿元读作每年新增认缴300亿元，2026Q3–2027Q4 共 150 + 300 = 450亿元；写作 300亿元/年 即明示，"
            "若指全期共300亿元则写 200亿元/年",
        ),
        (
            {"size": "300亿元", "end": "2025"},
            "300亿元 is read as new commitments of 300亿元 a year, 300亿元 over 2025; write 300亿元/yr to say so",
            "300亿元读作每年新增认缴300亿元，2025 年共 300亿元；写作 300亿元/年 即明示",
        ),
        (
            {"size": "{2025: 200亿元, 2026: 300亿元/年}"},
            "2025: 200亿元, 2026: 300亿元 are read as new commitments a year, "
            "200 + 2 × 300 = 800亿元 over 2025–2027; write 亿元/yr to say so",
            "2025: 200亿元, 2026: 300亿元 读作每年新增认缴，2025–2027 年共 200 + 2 × 300 = 800亿元；"
            "写作 亿元/年 即明示",
        ),
        (
            {"size": "{from: {2025: 100亿元, 2027: 300亿元}, interpolate: linear}"},
            "2025: 100亿元, 2027: 300亿元 are read as new commitments a year, "
            "100 + 200 + 300 = 600亿元 over 2025–2027; write 亿元/yr to say so",
            "2025: 100亿元, 2027: 300亿元 读作每年新增认缴，2025–2027 年共 100 + 200 + 300 = 600亿元；"
            "写作 亿元/年 即明示",
        ),
    ],
)
def test_money_without_its_year_is_told_with_its_sum(
    changes: dict[str, str], en: str, zh: str
) -> None:
    overrides = {f"levers.tj27_funds.{key}": value for key, value in changes.items()}
    (note,) = money_notes(load_scenario(BASELINE, overrides))
    assert (note.severity, note.file, note.path) == ("note", "--set", "levers.tj27_funds.size")
    assert (note.what, note.what_zh) == (en, zh)


@pytest.mark.parametrize(
    "size", ["300亿元/年", "0亿元", "{2025: 200亿元/年, 2026: 30 billion CNY/yr}"]
)
def test_money_with_its_year_or_none_at_all_is_not_told(size: str) -> None:
    assert not money_notes(load_scenario(BASELINE, {"levers.tj27_funds.size": size}))


def test_money_without_its_year_is_told_where_it_stands(tmp_path: Path) -> None:
    text = HEAD + "levers:\n  tj27_funds: {size: {2025: 200亿元/年, 2026: 300亿元}}\n"
    scenario = load_scenario(write(tmp_path, text))
    (note,) = money_notes(scenario)
    line = text.splitlines().index("  tj27_funds: {size: {2025: 200亿元/年, 2026: 300亿元}}")
    assert (note.line, note.column) == (line + 1, 44)
    # What a folder keeps was told when the run began; a later layer has its own say.
    stored = tmp_path / "scenario.resolved.yaml"
    stored.write_text(text, encoding="utf-8")
    again = load_scenario(stored)
    assert again.digest() == scenario.digest() and not money_notes(again)
    assert not money_notes(load_scenario(tmp_path / "a.yaml", {note.path: "5亿元/年"}))


def test_only_a_size_may_leave_its_year_to_be_understood() -> None:
    with pytest.raises(
        InputError, match=r"measures money, not money a year; .*did you mean: 5 亿元/年"
    ):
        load_scenario(BASELINE, {"levers.tj27_fiscal.budget": "5亿元"})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_scenarios_write_money_a_year_so(file: Path) -> None:
    scenario = load_scenario(file)
    assert not money_notes(scenario)
    for setting in scenario.levers:
        if setting.attribute == "size":
            told = json.dumps(scenario.resolved()["levers"][setting.lever.key], ensure_ascii=False)  # type: ignore[index]
            assert "亿元/年" in told and '亿元"' not in told


def test_a_missing_schema_version_is_noted(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, HEAD.removeprefix("schema_version: 1\n")))
    assert "schema_version is missing" in notes(scenario)


def test_example_of_the_guide(tmp_path: Path) -> None:
    text = f"""\
extends: {BASELINE}
name: {{zh: 加码情景, en: Push}}
period: {{start: 2025Q1, end: 2027Q4}}
levers:
  tj27_funds: {{size: {{2025: 200 亿元, 2026: 300 亿元}}}}             # stepwise by year
  tj27_talent: {{intake: {{from: {{2025: 60 人/年, 2027: 150 人/年}}, interpolate: linear}}}}
  tj27_zone_connected: {{districts: [西青区, dongli], chains: [connected_vehicles]}}
assumptions:
  base_core_revenue: {{dist: lognormal, median: 480 亿元, sigma: 0.3}}
"""
    scenario = load_scenario(write(tmp_path, text))
    assert setting(scenario, "tj27_funds") == [200.0, 300.0, 300.0]
    assert setting(scenario, "tj27_talent") == [60.0, 105.0, 150.0]
    assert scenario.assumptions["base_core_revenue"].numbers == (480.0, 0.3, 0.0)


def test_a_lever_aimed_where_hardly_a_firm_stands_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aimed = {
        "levers.tj27_zone_connected.districts": "[ninghe]",
        "levers.tj27_zone_connected.chains": "[advanced_comm]",
    }
    words = "in part only; without effect: growth (about 2.5 firms are expected"
    assert words not in "\n".join(map(str, load_scenario(BASELINE, aimed).notes))
    monkeypatch.setattr(assembly, "FEWEST_FIRMS", 5.0)
    assert words in "\n".join(map(str, load_scenario(BASELINE, aimed).notes))


def test_a_bare_name_extends_a_shipped_scenario_and_a_file_beside_comes_first(tmp_path):
    child = write(tmp_path, "schema_version: 1\nextends: plans/tj-2018-2020\n", "child.yaml")
    assert load_scenario(child).plans == load_scenario(SCENARIOS / "plans/tj-2018-2020.yaml").plans
    child = write(tmp_path, "schema_version: 1\nextends: push\n", "child.yaml")
    assert load_scenario(child).seed == load_scenario(SCENARIOS / "push.yaml").seed != 9
    write(tmp_path, f"schema_version: 1\nextends: {SCENARIOS}/push.yaml\nseed: 9\n", "push")
    assert load_scenario(child).seed == 9


@pytest.mark.parametrize(
    "name", ["bseline", "baseline.yaml", "../push", "conditions/funding_winter"]
)
def test_what_is_no_bare_name_of_a_shipped_scenario_is_missing(tmp_path, name):
    file = write(tmp_path, f"schema_version: 1\nextends: {name}\n", "child.yaml")
    with pytest.raises(InputError, match="no file"):
        load_scenario(file)


@pytest.mark.parametrize(
    ("text", "place", "words", "zh"),
    [
        ("targets: {mine: {value: true}}", "targets.mine.value", "not a quantity", "带单位的数"),
        ("targets: {mine: {value: [1]}}", "targets.mine.value", "not a quantity", "带单位的数"),
        (
            "levers: {tj27_funds: {size: {2025: [1]}}}",
            "levers.tj27_funds.size.2025",
            "not a quantity",
            "带单位的数",
        ),
        (
            "assumptions: {rpc: {dist: mixture, components: 1}}",
            "assumptions.rpc",
            "needs a list of components",
            "需要 components 列表",
        ),
    ],
)
def test_what_is_no_quantity_is_named_at_its_place(
    tmp_path: Path, text: str, place: str, words: str, zh: str
) -> None:
    file = write(tmp_path, f"schema_version: 1\nextends: {BASELINE}\n{text}\n")
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    (found,) = (each for each in caught.value.findings if words in each.what)
    assert found.path == place and found.line == 3 and zh in found.what_zh


def test_numbers_that_make_no_distribution_are_said_in_both_languages(tmp_path: Path) -> None:
    text = "assumptions: {rpc: {dist: triangular, low: 0.5, mode: 0.3, high: 0.1}}"
    with pytest.raises(InputError) as caught:
        load_scenario(write(tmp_path, f"schema_version: 1\nextends: {BASELINE}\n{text}\n"))
    (found,) = caught.value.findings
    assert "needs low ≤ mode" in found.what and "须满足 low ≤ mode" in found.what_zh
    half = "[{weight: 0.5, dist: uniform, low: 0.1, high: 0.2}]"
    text = f"assumptions: {{rpc: {{dist: mixture, components: {half}}}}}"
    with pytest.raises(InputError) as caught:
        load_scenario(write(tmp_path, f"schema_version: 1\nextends: {BASELINE}\n{text}\n"))
    (found,) = caught.value.findings
    assert "sum to one" in found.what and found.path == "assumptions.rpc" and found.line == 3


@pytest.mark.parametrize("text", ["a: [1", None], ids=["no YAML", "no file"])
def test_a_layer_that_cannot_be_read_is_named_and_says_nothing_more(
    tmp_path: Path, text: str | None
) -> None:
    layer = tmp_path / "layer.yaml" if text is None else write(tmp_path, text, "layer.yaml")
    with pytest.raises(InputError) as caught:
        load_scenario(BASELINE, layers=[layer])
    assert {Path(found.file).name for found in caught.value.findings} == {"layer.yaml"}
