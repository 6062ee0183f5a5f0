"""What a file says is what is meant: every way of writing a value, where it came from, and what holds without it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import Allowed, Finding, InputError
from simulator.foundation.tables import shipped
from simulator.registry import Library, Name, Rule, load_library
from simulator.scenario import (
    MECHANISMS,
    Scenario,
    assembly,
    facts,
    load_scenario,
    loading,
    sheet_text,
)
from simulator.scenario.entries import Origin
from simulator.scenario.facts import Facts
from simulator.scenario.loading import shipped_scenario
from simulator.scenario.reading import between, number_with_unit, shown, with_unit

SCENARIOS = shipped("scenarios")
BASELINE = SCENARIOS / "baseline.yaml"
LIBRARY = load_library()
FACTS = Facts.of(LIBRARY)
EVERYTHING = f"""\
schema_version: 1
extends: {BASELINE}
name: {{zh: "  甲  乙 ", en: " A  b "}}
description: {{zh: 丙, en: C}}
period: {{start: 2025q1, end: 2030Q4}}
plans: [tj-2025-2027, tj-2018-2020]
levers:
  tj27_funds: {{size: {{2027: 3亿元, '2025': 1 亿元}}, start: 2025, end: "2028 "}}
  l-tj27-talent: {{intake: {{from: {{2025: 60人/年, 2027: 150人/年}}, interpolate: linear}}, end: 2050}}
  tj27_alliance: {{intensity: 3, chains: all, districts: all, start: 2025Q3, end: 2030q2}}
  tj27_data: {{intensity: 0.5, chains: [大数据, smart_security], districts: [东丽区, heping]}}
  tj27_finance: {{intensity: {{2025: 0}}, start: 2000}}
assumptions:
  base_construction: tail
  rpc: 0.9
  exit_named: 10 %/yr
  k_drawdown: {{dist: beta, mean: 0.1 1/yr, sd: 0.02 1/yr, upper: 0.15 1/yr}}
  base_core_revenue:
    dist: constructions
    upper: 800亿元
    components:
      - {{weight: 0.5, label: low, dist: fixed, value: 300亿元}}
      - {{weight: 0.5, label: tail, dist: lognormal, median: 40 billion CNY, sigma: 0.2, lower: 350亿元}}
mechanisms: {{exit: OFF, links: " off ", talent: false, entry: true, research: On}}
government: {{rule: adaptive}}
targets:
  mine: {{name: {{zh: 甲, en: A}}, metric: core_revenue, comparator: ">=", value: 50 billion CNY, deadline: 2030}}
  b_2:
    name: {{zh: 乙, en: B}}
    note: {{zh: 注, en: Note}}
    metric: firms_revenue_ge_10yi
    comparator: ">"
    value: 0
    deadline: 2025
readings: {{tier_nesting: added, a-ranges: upper_end}}
members: 1000000
seed: 4294967295
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reading") / "everything.yaml"
    path.write_text(EVERYTHING, encoding="utf-8")
    return path


@pytest.fixture
def read(file: Path) -> Scenario:
    return load_scenario(file)


MEANT: dict[str, object] = {
    "name": {"zh": "甲 乙", "en": "A b"},
    "description": {"zh": "丙", "en": "C"},
    "period": {"start": "2025Q1", "end": "2030Q4"},
    "plans": ["tj-2018-2020", "tj-2025-2027"],
    "levers.tj27_funds.size": {2025: "1亿元/年", 2027: "3亿元/年"},
    "levers.tj27_funds.chains": [chain.id for chain in LIBRARY.registry.chains],
    "levers.tj27_funds.districts": "all",
    "levers.tj27_funds.start": "2025Q1",
    "levers.tj27_funds.end": "2028Q4",
    "levers.tj27_talent.intake": {
        "from": {2025: "60人/年", 2027: "150人/年"},
        "interpolate": "linear",
    },
    "levers.tj27_talent.start": "2025Q1",
    "levers.tj27_talent.end": "2050Q4",
    "levers.tj27_alliance.intensity": 3,
    "levers.tj27_alliance.chains": [chain.id for chain in LIBRARY.registry.chains],
    "levers.tj27_alliance.districts": "all",
    "levers.tj27_alliance.start": "2025Q3",
    "levers.tj27_alliance.end": "2030Q2",
    "levers.tj27_data.intensity": 0.5,
    "levers.tj27_data.chains": ["smart_security", "big_data"],
    "levers.tj27_data.districts": ["heping", "dongli"],
    "levers.tj27_data.end": "2027Q4",
    "levers.tj27_finance.intensity": {2025: 0},
    "levers.tj27_finance.start": "2000Q1",
    "levers.tj27_compute_rd.budget": "0.25亿元/年",
    "levers.tj27_zone_connected.chains": ["connected_vehicles"],
    "assumptions.base_construction": "tail",
    "assumptions.rpc": 0.9,
    "assumptions.exit_named": "0.1 1/yr",
    "assumptions.base_core_revenue": {
        "dist": "constructions",
        "components": [
            {"weight": 0.5, "label": "low", "dist": "fixed", "value": "300亿元"},
            {
                "weight": 0.5,
                "label": "tail",
                "dist": "lognormal",
                "median": "400亿元",
                "sigma": 0.2,
                "lower": "350亿元",
            },
        ],
        "lower": "30亿元",
        "upper": "800亿元",
    },
    "mechanisms": dict.fromkeys(MECHANISMS, True)
    | dict.fromkeys(("exit", "links", "talent"), False),
    "government": {"rule": "adaptive"},
    "targets.mine": {
        "name": {"zh": "甲", "en": "A"},
        "note": {"zh": "甲", "en": "A"},
        "metric": "core_revenue",
        "comparator": ">=",
        "value": "500亿元",
        "deadline": 2030,
    },
    "targets.b_2.note": {"zh": "注", "en": "Note"},
    "targets.b_2.value": 0,
    "targets.b_2.deadline": 2025,
    "targets.literal_core_revenue.deadline": 2027,
    "readings": {"tier_nesting": "added", "ranges": "upper_end"},
    "assumptions.k_drawdown": {
        "dist": "beta",
        "a": pytest.approx(22.4),
        "b": pytest.approx(201.6),
        "lower": "0 1/yr",
        "upper": "0.15 1/yr",
    },
    "members": 1_000_000,
    "seed": 4_294_967_295,
}


def test_what_is_said_is_what_is_meant(read: Scenario) -> None:
    for path, meant in MEANT.items():
        value: object = read.resolved()
        for key in path.split("."):
            assert isinstance(value, dict)
            value = value[key]
        assert value == meant, path


def test_every_value_remembers_its_key_in_the_file(read: Scenario, file: Path) -> None:
    lines = EVERYTHING.splitlines()
    own = {path: origin for path, origin in read.origins.items() if origin.layer == "file"}
    said = {path for path in own if "." not in path}
    assert said == {"name", "description", "plans", "members", "seed"}
    assert {path for path in own if path.startswith(("period", "government"))} == {
        "period.start",
        "period.end",
        "government.rule",
    }
    names = {"tj27_talent": "l-tj27-talent", "ranges": "a-ranges"}
    for path, origin in own.items():
        assert Path(origin.file) == file
        key = path.rpartition(".")[2]
        assert lines[origin.line - 1][origin.column - 1 :].startswith(f"{names.get(key, key)}:"), (
            path
        )
    for section in ("levers", "assumptions", "mechanisms", "targets", "readings"):
        assert any(path.startswith(f"{section}.") for path in own), section
    assert own["levers.tj27_talent.end"].line == 9


def test_what_no_file_says_is_of_the_plan_the_tables_or_the_default(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(
        "schema_version: 1\nname: {zh: 甲, en: A}\nperiod: {start: 2025Q1, end: 2027Q4}\n"
        "plans: [tj-2025-2027]\n"
        "targets: {mine: {name: {zh: 甲, en: A}, metric: core_revenue, comparator: '>', value: 1亿元,"
        " deadline: 2027}}\n",
        encoding="utf-8",
    )
    bare = load_scenario(path)
    assert (bare.members, bare.seed, bare.government) == (1000, 1, "fixed")
    assert bare.description == bare.name and bare.readings == {} and bare.base_construction is None
    assert bare.stem == "bare" and bare.file.endswith("bare.yaml") and all(bare.mechanisms.values())
    for key in (
        "description",
        "members",
        "seed",
        "government.rule",
        "mechanisms.exit",
        "targets.mine.note",
    ):
        assert bare.origins[key] == Origin("default", ""), key
    assert bare.origins["readings.ranges"] == Origin("registry", "")
    for key in ("chains", "districts", "start", "end"):
        assert bare.origins[f"levers.tj27_funds.{key}"] == Origin("plan", "tj-2025-2027")
    for path_, folder, name, column in (
        ("levers.tj27_funds.size", "simulator/data", "lever_assumptions.csv", "l-tj27-funds"),
        ("assumptions.rpc", "calibration", "priors.csv", "rpc"),
    ):
        origin = bare.origins[path_]
        assert origin.file == f"{folder}/{name}"
        table = (
            LIBRARY.lever_assumptions if "lever" in name else shipped("calibration", "priors.csv")
        )
        lines = table.read_text(encoding="utf-8-sig").splitlines()
        assert lines[origin.line - 1].startswith(f"{column},")
    (target,) = bare.extra_targets
    assert (target.id, target.key, target.note, target.year) == ("mine", "mine", target.name, 2027)
    assert target.deadline == date(2027, 12, 31) and target.notes == target.name.text("both")
    assert target.flow_or_stock == "level_at_deadline" and not target.headline
    assert target.modelled_how == "endogenous" and (target.document, target.clause) == ("", "")
    assert target.value_high is None


def test_a_place_is_told_with_its_line_if_it_has_one() -> None:
    assert Origin("file", "a.yaml", 3, 5).text() == "file (a.yaml:3)"
    assert Origin("plan", "tj-2025-2027").text() == "plan (tj-2025-2027)"
    assert Origin("default", "").text() == "default"
    assert Origin("plan", "tj-2025-2027").text("zh") == "规划 (tj-2025-2027)"


@pytest.mark.parametrize(
    ("value", "unit", "meant"),
    [
        ("300", "亿元", "300 亿元"),
        (300, "亿元", "300 亿元"),
        (" -1.5e3 ", "亿元", "-1.5e3 亿元"),
        ("300 亿圆", "亿元", "300 亿元"),
        ("300亿", "亿元", "300 亿元"),
        ("300 亿元", "亿元", ""),
        ("300 x", "亿元", ""),
        ("many", "亿元", ""),
        ("0.5", "share", ""),
        ("0.5", "1", ""),
        ("12", "1/yr", "12 1/yr"),
        ("10 家每年", "家/年", "10 家/年"),
    ],
)
def test_a_quantity_without_its_unit_is_offered_the_likely_one(
    value: object, unit: str, meant: str
) -> None:
    assert with_unit(value, unit) == meant


def test_bounds_and_units_are_said_in_both_languages() -> None:
    assert between(0.0, 0.9, "share") == Allowed("0 … 0.9 (0 % … 90 %)", "0 … 0.9 (0% … 90%)")
    assert between(1.0, 2.0, "亿元") == Allowed(
        "1亿元 (100 million CNY) … 2亿元 (200 million CNY)", "1亿元 … 2亿元"
    )
    assert number_with_unit("家/年") == Allowed(
        "a number with one of 家/年", "数字加单位：家/年 之一"
    )
    assert len(number_with_unit("亿元").en.split(", ")) == 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1}, "a mapping"),
        ([], "a list"),
        (None, "nothing"),
        ("a", "'a'"),
        (3, "3"),
        (True, "True"),
        ("x" * 58, f"'{'x' * 58}'"),
        ("x" * 59, f"'{'x' * 56}…"),
    ],
)
def test_a_found_value_is_shown_shortly(value: object, text: str) -> None:
    assert shown(value) == text and len(text) <= 60


def test_a_lever_of_no_known_size_takes_an_intensity_up_to_three() -> None:
    assert FACTS.dose("l-nobody") == ("intensity", "1", 0.0, 3.0, "")
    assert FACTS.dose("l-tj27-funds") == ("size", "亿元/年", 0.0, 1000.0, "亿元")
    assert all(FACTS.dose(lever).low <= 0.0 for lever in FACTS.sizes)


def test_firms_are_expected_where_the_founding_tables_put_them() -> None:
    priors = FACTS.priors
    firms = priors["catalogue_firms"].central + priors["ecosystem_firms"].central
    assert FACTS.firms_in((), ()) == pytest.approx(firms, rel=1e-6)
    everywhere = tuple(chain.id for chain in FACTS.registry.chains)
    assert sum(FACTS.firms_in((chain,), ()) for chain in everywhere) == pytest.approx(
        firms, rel=1e-6
    )
    # A district has its zones with it; a zone is a part of its district.
    zones = [place.id for place in FACTS.registry.places if place.parent == "binhai"]
    assert zones and 0.0 < FACTS.firms_in((), zones) < FACTS.firms_in((), ("binhai",)) < firms
    assert FACTS.firms_in(("big_data",), ("binhai",)) == pytest.approx(
        FACTS.firms_in(("big_data",), ()) * FACTS.firms_in((), ("binhai",)) / firms
    )


def test_facts_are_of_the_registry_and_found_two_starts() -> None:
    assert FACTS.foundings == {Quarter(2018, 1): "2017Q4", Quarter(2025, 1): "2024Q4"}
    assert FACTS.constructions == ("low", "anchors", "tail", "generous")
    assert FACTS.channels["l-tj27-talent"] == {"talent_supply"}
    for lever, effects in FACTS.effects.items():
        assert {effect.channel for effect in effects} == FACTS.channels[lever]
        assert {effect.lever for effect in effects} == {lever}
    assert sum(map(len, FACTS.effects.values())) > len(FACTS.effects)
    city = shipped("scenarios").parent / "examples" / "city_xingang"
    if city.is_dir():
        assert set(Facts.of(load_library(city)).foundings) == {Quarter(2025, 1)}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("baseline", "baseline.yaml"),
        ("plans/tj-2018-2020", "plans/tj-2018-2020.yaml"),
        ("horizon_2035", "horizon_2035.yaml"),
    ],
)
def test_a_bare_name_is_a_shipped_scenario(name: str, file: str) -> None:
    found = shipped_scenario(name)
    assert found is not None and found.samefile(SCENARIOS / file)


@pytest.mark.parametrize(
    "name",
    ["baseline.yaml", "Plans/tj-2018-2020", "conditions/x", "../baseline", "", "nobody", "ｂ"],
)
def test_other_words_are_none(name: str) -> None:
    assert shipped_scenario(name) is None


def layer(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    words = f"schema_version: 1\nname: {{zh: 层{name}, en: Layer {name}}}\n{text}\n"
    path.write_text(words, encoding="utf-8")
    return path


def test_layers_lie_over_the_file_and_below_what_is_set_and_add_their_names(tmp_path: Path) -> None:
    one = layer(tmp_path, "one", "assumptions: {rpc: 0.2, b_cap: 0.55}\nmechanisms: {exit: off}")
    two = layer(tmp_path, "two", "assumptions: {b_cap: 0.65}\nlevers: {tj27_funds: {size: 7亿元}}")
    base = load_scenario(BASELINE)
    found = load_scenario(BASELINE, {"assumptions.rpc": 0.3}, layers=[one, two])
    assert found.name == Name(
        f"{base.name.zh}＋层one＋层two", f"{base.name.en} + Layer one + Layer two"
    )
    assert found.stem == "baseline-one-two"
    numbers = {name: found.assumptions[name].numbers[0] for name in ("rpc", "b_cap")}
    assert numbers == {"rpc": 0.3, "b_cap": 0.65} and not found.mechanisms["exit"]
    places = {
        path: (found.origins[path].layer, Path(found.origins[path].file).name)
        for path in ("assumptions.rpc", "assumptions.b_cap", "mechanisms.exit", "name")
    }
    assert places == {
        "assumptions.rpc": ("--set", "--set"),
        "assumptions.b_cap": ("layer", "two.yaml"),
        "mechanisms.exit": ("layer", "one.yaml"),
        "name": ("file", "baseline.yaml"),
    }
    (funds,) = (each for each in found.levers if each.lever.key == "tj27_funds")
    assert funds.dose.points == ((None, 7.0),)
    assert load_scenario(BASELINE, layers=[two, one]).stem == "baseline-two-one"


def test_a_layer_and_a_file_of_any_allowed_size_is_read(tmp_path: Path) -> None:
    for size, good in ((100_000, True), (100_001, False)):
        path = layer(tmp_path, "long", "assumptions: {rpc: 0.2}")
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "#" * (size - len(text.encode())), encoding="utf-8")
        if good:
            assert load_scenario(BASELINE, layers=[path]).assumptions["rpc"].numbers == (0.2,)
        else:
            with pytest.raises(Exception, match="larger than 100000 bytes"):
                load_scenario(BASELINE, layers=[path])


def test_a_fit_is_taken_unasked_from_its_first_quarter_on(tmp_path: Path) -> None:
    (tmp_path / "posterior.csv").write_text("weight,k_drawdown\n1,0.1\n3,0.12\n", encoding="utf-8")
    fit = tmp_path / "fitted.yaml"
    fit.write_text(
        "schema_version: 1\nposterior: posterior.csv\nfrom: 2025Q1\nstanding: worse\n",
        encoding="utf-8",
    )
    taken = load_scenario(BASELINE, fitted=fit)
    assert taken.fit is not None and taken.fit.begins == Quarter(2025, 1)
    assert (taken.fit.standing, taken.fit.verdict) == ("worse", None)
    assert taken.origins["fit"] == Origin("fitted", str(fit), 1, 1)
    drawn = taken.assumptions["k_drawdown"]
    assert drawn.kind == "posterior" and drawn.numbers == (0.1, 0.12)
    assert drawn.weights == (0.25, 0.75)
    assert taken.origins["assumptions.k_drawdown"].line == 1
    assert taken.origins["assumptions.k_drawdown"].column == 1
    usual = load_scenario(BASELINE)
    assert usual.fit is not None and usual.fit.file == str(LIBRARY.fitted)
    early = {"period.start": "2018Q1"}
    assert load_scenario(BASELINE, early).fit is None
    asked = load_scenario(BASELINE, early, fitted=fit)
    assert asked.fit == taken.fit, "what is asked for is taken whenever the run starts"
    assert asked.origins["fit"].layer == "fitted"
    named = load_scenario(BASELINE, early | {"fit": str(fit)})
    assert named.fit == taken.fit and named.origins["fit"].layer == "--set"
    none = load_scenario(BASELINE, {"fit": "none"}, fitted=fit)
    assert none.fit is None and none.origins["fit"].layer == "--set"
    assert none.resolved()["fit"] == "none" and usual.resolved()["fit"] == str(LIBRARY.fitted)


def test_rows_without_weights_weigh_the_same_and_may_lie_on_the_bounds(tmp_path: Path) -> None:
    (tmp_path / "posterior.csv").write_text("rpc,b_cap\n0,0.5\n0.9,0.6\n", encoding="utf-8")
    fit = tmp_path / "fitted.yaml"
    fit.write_text("posterior: posterior.csv\n", encoding="utf-8")
    found = load_scenario(BASELINE, fitted=fit)
    assert found.assumptions["rpc"].numbers == (0.0, 0.9)
    assert found.assumptions["rpc"].weights == found.assumptions["b_cap"].weights == (0.5, 0.5)
    assert found.fit is not None and (found.fit.standing, found.fit.begins) == ("", None)
    assert set(found.papers()) == {"fit/fitted.yaml", "fit/posterior.csv"}
    assert found.stored()["fit"] == "fit/fitted.yaml"


def test_what_a_fit_or_a_list_of_firms_says_counts_in_the_digest_and_not_where_it_lies(
    tmp_path: Path,
) -> None:
    def made(name: str, line_end: str = "\n", weight: str = "1", size: str = "3") -> Scenario:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "posterior.csv").write_bytes(f"weight,rpc\n{weight},0.2\n1,0.3\n".encode())
        (folder / "fitted.yaml").write_bytes(f"posterior: posterior.csv{line_end}".encode())
        (folder / "firms.csv").write_text(
            f"name,revenue/亿元,chain,district\n甲,{size},big_data,nankai\n乙,300,big_data,nankai\n",
            encoding="utf-8",
        )
        said = {"fit": str(folder / "fitted.yaml"), "population": str(folder / "firms.csv")}
        return load_scenario(BASELINE, said)

    first = made("a")
    assert made("b").digest() == first.digest() == made("c", line_end="\r\n").digest()
    assert len({first.digest(), made("d", weight="2").digest(), made("e", size="4").digest()}) == 3
    assert first.stored()["population"] == "population.csv"
    assert first.papers()["population.csv"].decode("utf-8-sig").startswith("name,revenue")
    assert first.resolved()["population"] == str(tmp_path / "a" / "firms.csv")
    assert first.population is not None and first.fit is not None
    names = [name for name, _ in first.fit.papers]
    assert sorted(names) == ["fit/fitted.yaml", "fit/posterior.csv"]


def test_the_smallest_and_the_largest_values_are_taken() -> None:
    target = {"name": {"zh": "甲", "en": "A"}, "metric": "core_revenue", "comparator": ">"}
    said = {
        "members": 1,
        "seed": 0,
        "period.start": "2018Q1",
        "period.end": "2050Q4",
        "levers.tj27_funds.size": "1000亿元/年",
        "levers.tj27_talent.intake": {2018: "0人/年", 2050: "2000人/年"},
        "levers.tj27_alliance.start": 2050,
        "levers.tj27_alliance.end": "2050",
        "assumptions.rpc": 0,
        "targets.first": target | {"value": "0亿元", "deadline": 2018},
        "targets.last": target | {"value": "1亿元", "deadline": 2050},
    }
    found = load_scenario(BASELINE, said)
    assert (found.members, found.seed, str(found.period)) == (1, 0, "2018Q1–2050Q4")
    years = {target.key: target.year for target in found.extra_targets}
    assert years == {"first": 2018, "last": 2050, "literal_core_revenue": 2027}
    settings = {each.lever.key: each for each in found.levers}
    assert settings["tj27_funds"].dose.points == ((None, 1000.0),)
    assert settings["tj27_talent"].dose.points == ((2018, 0.0), (2050, 2000.0))
    assert str(settings["tj27_alliance"].dose.start) == "2050Q1"
    assert str(settings["tj27_alliance"].dose.end) == "2050Q4"
    assert found.assumptions["rpc"].numbers == (0.0,) and found.founding == "2017Q4"


def test_a_stored_sheet_may_hold_years_beyond_its_period_and_another_may_not(
    tmp_path: Path,
) -> None:
    short = load_scenario(SCENARIOS / "push.yaml", {"period.end": "2025Q4", "fit": "none"})
    text = sheet_text(short.stored())
    for name in ("scenario.resolved.yaml", "other.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    stored = load_scenario(tmp_path / "scenario.resolved.yaml")
    assert stored.digest() == short.digest() and stored.stem == "scenario.resolved"
    with pytest.raises(InputError) as caught:
        load_scenario(tmp_path / "other.yaml")
    assert {finding.path for finding in caught.value.findings} == {
        "levers.tj27_ai_manufacturing.projects.2027",
        "levers.tj27_funds.size.2026",
        "levers.tj27_open_scenarios.projects.2026",
        "targets.literal_core_revenue.deadline",
    }


def test_the_series_of_a_reading_must_be_recorded(tmp_path: Path) -> None:
    nesting = LIBRARY.registry.ambiguity("tier_nesting")

    def check(series: str) -> None:
        reading = replace(nesting.readings[0], key="other", rules={"t": Rule(series=series)})
        library = Library(folder=tmp_path if series.startswith("own") else None)
        registry = replace(LIBRARY.registry, ambiguities=(replace(nesting, readings=(reading,)),))
        vars(library)["registry"] = registry
        facts._check_series(library)

    for series in ("core_revenue", "chain_core_revenue[big_data]"):
        check(series)
    with pytest.raises(InputError) as caught:
        check("core_revenu")
    (found,) = caught.value.findings
    assert (found.file, found.line, found.suggestion) == (
        "simulator/data/targets.yaml",
        0,
        "core_revenue",
    )
    assert found.path == "ambiguities.a-tier-nesting.readings.other"
    assert "core_revenu" in found.what and "core_revenu" in found.what_zh and found.allowed.zh
    with pytest.raises(InputError) as caught:
        check("own_series_of_nobody")
    assert caught.value.findings[0].file == str(tmp_path / "targets.yaml")


def test_each_finding_is_kept_once_in_its_order() -> None:
    one, two = (Finding("a", 1, 1, "", what, what) for what in "ab")
    assert assembly._without_repeats([one, two, one]) == (one, two)
    first, second = Finding("b", 9, 1, "", "x", "x"), Finding("b", 2, 5, "", "x", "x")
    third = Finding("b", 2, 3, "", "x", "x")
    assert loading._in_file_order([first, one, second, third, first]) == [third, second, first, one]


def test_ids_stand_in_the_order_of_their_table() -> None:
    chains = LIBRARY.registry.chains
    assert Facts.in_order(["big_data", "indigenous_it"], chains) == ("indigenous_it", "big_data")
    places = ["binhai_hightech", "heping"]
    assert Facts.in_order(places, LIBRARY.registry.places) == ("heping", "binhai_hightech")
