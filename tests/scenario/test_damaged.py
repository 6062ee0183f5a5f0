"""Damaged files, one fault each: refused with one clear message at the right place."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.foundation.findings import InputError
from simulator.foundation.tables import shipped
from simulator.scenario import load_scenario

FOLDER = Path(__file__).parent / "damaged"


class Fault(NamedTuple):
    """Where the finding stands, and a part of its message."""

    line: int
    column: int
    path: str
    words: str
    file: str = ""


FAULTS = {
    "aliases": Fault(4, 9, "levers", "anchors and aliases are not used"),
    "bare_money": Fault(6, 31, "levers.tj27_funds.size.2026", "did you mean: 300 亿元/年?"),
    "binary": Fault(0, 0, "", "binary"),
    "code_tag": Fault(4, 10, "members", "os.system is not used here"),
    "cycle": Fault(2, 10, "extends", "cycle.yaml → cycle_other.yaml → cycle.yaml", "cycle_other"),
    "cycle_other": Fault(2, 10, "extends", "extend each other in a circle", "cycle"),
    "damaged_parent": Fault(4, 10, "members", "0 is not a whole number", "zero_members"),
    "deeply_nested": Fault(3, 59, "", "nested too deeply"),
    "distribution_without_number": Fault(
        5, 22, "assumptions.base_core_revenue", "lognormal needs sigma"
    ),
    "dose_out_of_bounds": Fault(5, 25, "levers.tj27_talent.intake", "out of bounds"),
    "duplicate_district": Fault(5, 42, "levers.tj27_zone_connected.districts[1]", "西青区"),
    "duplicate_key": Fault(5, 1, "members", "occurs twice, first on line 4"),
    "duplicate_lever": Fault(6, 3, "levers.l-tj27-funds", "before as 'tj27_funds'"),
    "empty_rule": Fault(4, 1, "government", "says nothing; allowed: rule"),
    "empty": Fault(1, 1, "", "the file is empty"),
    "extends_itself": Fault(2, 10, "extends", "in a circle"),
    "impossible_distribution": Fault(5, 8, "assumptions.rpc", "low ≤ mode ≤ high"),
    "infinite": Fault(5, 62, "assumptions.base_core_revenue.sigma", "a finite number"),
    "later_schema": Fault(1, 17, "schema_version", "2 is not a known version; allowed: 1"),
    "lever_ends_before_start": Fault(5, 29, "levers.tj27_funds.end", "before its start in 2027Q1"),
    "lever_ends_before_start_by_year": Fault(
        5, 29, "levers.tj27_funds.end", "ends in 2025Q4, before its start in 2027Q1"
    ),
    "lever_says_nothing": Fault(5, 3, "levers.tj27_funds", "says nothing; allowed: size"),
    "list_at_top": Fault(1, 1, "", "a list is not a mapping"),
    "members_as_fraction": Fault(4, 10, "members", "200.5 is not a whole number"),
    "members_as_switch": Fault(4, 10, "members", "True is not a whole number"),
    "members_as_text": Fault(4, 10, "members", "'200' is not a whole number"),
    "misplaced_rule": Fault(4, 1, "rule", "did you mean: government.rule?"),
    "misplaced_key": Fault(4, 1, "start", "did you mean: period.start?"),
    "misplaced_lever": Fault(5, 3, "assumptions.tj27_funds", "did you mean: levers.tj27_funds?"),
    "misplaced_parameter": Fault(
        4, 1, "base_core_revenue", "did you mean: assumptions.base_core_revenue?"
    ),
    "missing_parent": Fault(2, 10, "extends", "did you mean: unknown_key.yaml?"),
    "name_in_one_language": Fault(3, 7, "name", "no text in zh"),
    "negative_dose": Fault(5, 22, "levers.tj27_funds.size", "allowed: 0亿元"),
    "negative_seed": Fault(4, 7, "seed", "-1 is not a whole number from 0"),
    "no_districts": Fault(5, 36, "levers.tj27_zone_connected.districts", "is empty"),
    "no_mass_in_bounds": Fault(5, 8, "assumptions.rpc", "nothing of the distribution"),
    "no_year": Fault(5, 23, "levers.tj27_funds.size[25]", "25 is not a year"),
    "not_a_number": Fault(5, 8, "assumptions.rpc", "a finite number"),
    "only_comments": Fault(1, 1, "", "the file is empty"),
    "other_encoding": Fault(2, 12, "", "not UTF-8 text"),
    "parent_is_folder": Fault(2, 10, "extends", "is a folder"),
    "parents_in_a_list": Fault(2, 10, "extends", "a list is not a file name"),
    "period_as_list": Fault(4, 9, "period", "a list is not a mapping"),
    "period_backwards": Fault(4, 25, "period.end", "2024Q4 is before 2025Q1"),
    "period_in_part": Fault(4, 10, "period.end", "not the last quarter of a year"),
    "period_no_quarter": Fault(4, 15, "period.end", "'2027Q5' is not a quarter"),
    "period_without_founding": Fault(4, 10, "period.start", "allowed: 2018Q1, 2025Q1"),
    "rate_without_unit": Fault(5, 15, "assumptions.k_drawdown", "did you mean: 0.12 1/yr?"),
    "seed_beyond_32_bits": Fault(4, 7, "seed", "from 0 to 4294967295"),
    "separated_thousands": Fault(5, 22, "levers.tj27_funds.size", "without separators"),
    "share_out_of_bounds": Fault(5, 20, "assumptions.scenario_direct", "allowed: 0 … 1 (0 % …"),
    "switch_without_a_word": Fault(5, 9, "mechanisms.exit", "neither on nor off"),
    "tab_indent": Fault(5, 1, "", "cannot start any token"),
    "target_in_other_unit": Fault(
        5, 26, "targets.literal_core_revenue.value", "measures firms, not money"
    ),
    "target_in_part": Fault(5, 10, "targets.mine.value", "value is missing"),
    "target_of_a_plan": Fault(5, 3, "targets.tj27_core_revenue", "names a target of a plan"),
    "target_outside_period": Fault(
        5, 26, "targets.literal_core_revenue.deadline", "outside the period; allowed: 2025 … 2027"
    ),
    "ten_times_the_base": Fault(
        5, 22, "assumptions.base_core_revenue", "… 3000亿元 (300 billion CNY)"
    ),
    "text_at_top": Fault(1, 1, "", "'simulate this' is not a mapping"),
    "too_large_a_number": Fault(5, 8, "assumptions.rpc", "a finite number"),
    "two_documents": Fault(4, 1, "", "another document"),
    "unclosed": Fault(5, 1, "", "expected ',' or '}'"),
    "unknown_chain": Fault(5, 34, "levers.tj27_zone_connected.chains[0]", "did you mean: 大数据?"),
    "unknown_construction": Fault(
        4, 34, "assumptions.base_construction", "allowed: low, anchors, tail, generous"
    ),
    "unknown_distribution": Fault(
        5, 29, "assumptions.base_core_revenue.dist", "did you mean: lognormal?"
    ),
    "unknown_district": Fault(
        5, 37, "levers.tj27_zone_connected.districts[0]", "did you mean: dongli?"
    ),
    "unknown_district_zh": Fault(
        8, 9, "levers.tj27_zone_connected.districts[1]", "did you mean: 西青区?"
    ),
    "unknown_interpolation": Fault(
        5, 70, "levers.tj27_funds.size.interpolate", "did you mean: linear?"
    ),
    "unknown_government_key": Fault(4, 14, "government.rul", "did you mean: rule?"),
    "unknown_key": Fault(4, 1, "membres", "did you mean: members?"),
    "unknown_lever": Fault(5, 3, "levers.tj27_fund", "did you mean: tj27_funds?"),
    "unknown_lever_zh": Fault(5, 3, "levers.强化人才引进", "did you mean: 强化人才引育?"),
    "unknown_mechanism": Fault(4, 14, "mechanisms.exits", "did you mean: exit?"),
    "unknown_metric": Fault(5, 46, "targets.mine.metric", "did you mean: core_revenue?"),
    "series_as_metric": Fault(
        5,
        46,
        "targets.mine.metric",
        "is a series, not a metric of targets; allowed: firms_revenue_ge_10yi",
    ),
    "unknown_parameter": Fault(
        5, 3, "assumptions.base_core_revenu", "did you mean: base_core_revenue?"
    ),
    "unknown_plan": Fault(4, 9, "plans[0]", "no document 'tj-2025-2028'"),
    "unknown_rule": Fault(4, 13, "government", "did you mean: adaptive?"),
    "unknown_unit": Fault(5, 22, "levers.tj27_funds.size", "did you mean: 300 亿元/年?"),
    "without_plans": Fault(1, 1, "plans", "plans is missing"),
    "wrong_dose": Fault(5, 16, "levers.tj27_funds.intensity", "allowed: size, chains"),
    "wrong_indent": Fault(7, 4, "", "expected <block end>"),
    "wrong_unit": Fault(5, 22, "levers.tj27_funds.size", "measures persons a year, not money"),
    "year_outside_period": Fault(
        8, 13, "levers.tj27_funds.size.2029", "outside the period; allowed: 2025 … 2027"
    ),
    "year_written_twice": Fault(5, 36, "levers.tj27_funds.size.2025", "occurs twice"),
    "zero_members": Fault(4, 10, "members", "0 is not a whole number from 1"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_gives_one_finding_at_its_place(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(FOLDER / f"{name}.yaml")
    (finding,) = caught.value.findings
    fault = FAULTS[name]
    assert Path(finding.file).stem == (fault.file or name)
    assert (finding.line, finding.column, finding.path) == fault[:3]
    assert fault.words in str(finding)
    assert re.search("[一-鿿]", finding.what_zh) and finding.severity == "error"
    assert "None" not in finding.what + finding.what_zh + "".join(finding.allowed)
    assert bool(finding.allowed.en) == bool(finding.allowed.zh)
    assert not re.search("[a-z]+ [a-z]+ [a-z]+", finding.allowed.zh)


def test_bounds_are_said_in_the_units_of_each_language() -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(FOLDER / "negative_dose.yaml")
    (finding,) = caught.value.findings
    assert finding.allowed.en == "0亿元/yr (0 CNY/yr) … 1000亿元/yr (100 billion CNY/yr)"
    assert finding.allowed.zh == "0亿元/年 … 1000亿元/年"


@pytest.mark.parametrize(("key", "value"), [("start", "2030"), ("end", "2024")])
def test_a_lever_that_would_end_before_it_starts_is_told_at_what_was_said(
    key: str, value: str
) -> None:
    with pytest.raises(InputError, match=rf"levers\.tj27_funds\.{key}: ends in") as caught:
        load_scenario(shipped("scenarios", "baseline.yaml"), {f"levers.tj27_funds.{key}": value})
    (finding,) = caught.value.findings
    assert "早于开始" in finding.what_zh and value in finding.what_zh


def test_every_damaged_file_is_expected() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*FAULTS, "several"}


def test_all_faults_are_named_at_once_line_by_line() -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(FOLDER / "several.yaml")
    found = [(finding.line, finding.path) for finding in caught.value.findings]
    assert found == [
        (4, "membres"),
        (5, "members"),
        (7, "levers.tj27_funds.size"),
        (7, "levers.tj27_funds.chains[0]"),
        (8, "levers.tj27_fund"),
        (10, "assumptions.rpc"),
        (11, "period.end"),
    ]
    assert str(caught.value).count("\n") == len(found) - 1


def test_a_200_mb_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as handle:
        handle.write(b"schema_version: 1\n# ")
        handle.truncate(200_000_000)
    with pytest.raises(InputError, match="larger than 100000 bytes"):
        load_scenario(file)


@pytest.mark.parametrize("place", ["nowhere.yaml", "", "."])
def test_a_file_that_is_no_file(place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_scenario(tmp_path / place)


def test_a_missing_file_is_offered_its_neighbour() -> None:
    with pytest.raises(InputError, match=r"did you mean: zero_members\.yaml\?"):
        load_scenario(FOLDER / "zero_member.yaml")


def test_a_long_chain_of_parents_ends_well(tmp_path: Path) -> None:
    head = "name: {zh: 甲, en: A}\nperiod: {start: 2025Q1, end: 2027Q4}\nplans: []\n"
    (tmp_path / "s0.yaml").write_text(head, encoding="utf-8")
    for number in range(1, 41):
        text = f"schema_version: 1\nextends: s{number - 1}.yaml\nseed: {number}\n"
        (tmp_path / f"s{number}.yaml").write_text(text, encoding="utf-8")
    assert load_scenario(tmp_path / "s40.yaml").seed == 40
