"""A scenario picks how ambiguous targets are read: checked, shown, told apart, and free where it says nothing."""

from pathlib import Path

import pytest

from simulator.foundation.findings import InputError
from simulator.foundation.tables import shipped
from simulator.scenario import Scenario, load_scenario, sheet_text
from simulator.scenario.schema import json_schema
from simulator.scenario.showing import differences, origin_rows

BASELINE = shipped("scenarios", "baseline.yaml")
HEAD = "schema_version: 1\nextends: {parent}\nname: {{zh: 读法, en: Readings}}\nreadings:\n"


def file(folder: Path, readings: str) -> Path:
    path = folder / "picked.yaml"
    lines = "".join(f"  {line}\n" for line in readings.splitlines())
    path.write_text(HEAD.format(parent=BASELINE) + lines, encoding="utf-8")
    return path


def fault(folder: Path, readings: str) -> str:
    with pytest.raises(InputError) as caught:
        load_scenario(file(folder, readings))
    (found,) = caught.value.findings
    assert found.line >= 5 and found.what_zh
    return f"{found.what}; {found.allowed.en}; {found.suggestion}"


@pytest.fixture(scope="module")
def baseline() -> Scenario:
    return load_scenario(BASELINE)


@pytest.mark.parametrize("word", ["tier_nesting", "a-tier-nesting", "量级是否包含"])
def test_an_ambiguity_goes_by_key_id_or_name(tmp_path: Path, word: str, baseline: Scenario) -> None:
    found = load_scenario(file(tmp_path, f"{word}: added"))
    assert found.readings == {"a-tier-nesting": "added"}
    assert found.resolved()["readings"] == {"tier_nesting": "added"}
    assert found.digest() != baseline.digest()
    (row,) = (row for row in differences(baseline, found) if row.path.startswith("readings."))
    assert row.path == "readings.tier_nesting"
    assert row.before.startswith("nested:") and row.after.startswith("added:")
    origin = next(r for r in origin_rows(found) if r.path == "readings.tier_nesting")
    assert (origin.layer, origin.place.rpartition(":")[2]) == ("file", "5")


def test_the_reading_taken_leaves_every_digest_as_it_was(
    tmp_path: Path, baseline: Scenario
) -> None:
    said = load_scenario(file(tmp_path, "tier_nesting: nested\nkey_tech_mixed: reset"))
    assert said.readings == {} and "readings" not in said.resolved()
    assert said.digest() == baseline.digest()
    rows = {row.path: row for row in origin_rows(baseline)}
    assert rows["readings.ranges"].layer == "registry"
    assert rows["readings.ranges"].value.startswith("lower_end:")


def test_a_picked_reading_reads_back_from_the_resolved_sheet(tmp_path: Path) -> None:
    found = load_scenario(file(tmp_path, "ranges: inside\ntier_nesting: added"))
    again = tmp_path / "again.yaml"
    again.write_text(sheet_text(found.resolved()), encoding="utf-8")
    assert load_scenario(again).resolved() == found.resolved()
    assert load_scenario(BASELINE, {"readings.ranges": "inside"}).readings == {"a-ranges": "inside"}


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ("tier_nestin: added", ("no ambiguity 'tier_nestin'", "tier_nesting")),
        ("tier_nesting: aded", ("'aded' is not known here", "nested, added", "added")),
        ("tier_nesting: [added]", ("a list is not known here",)),
        ("tier_tension: any", ("no reading to pick", "tier_nesting")),
        ("tier_nesting: added\na-tier-nesting: nested", ("stands here twice",)),
        ("exit: off", ("no ambiguity 'exit'", "mechanisms.exit")),
        (
            "core_definition: same_perimeter\npublished_figure: published",
            ("clashes with readings.core_definition about tj27_core_revenue: series",),
        ),
    ],
)
def test_what_cannot_be_picked_is_said_with_its_place(
    tmp_path: Path, readings: str, words: tuple[str, ...]
) -> None:
    text = fault(tmp_path, readings)
    assert all(word in text for word in words), text


def test_a_key_of_another_section_is_sent_there(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(
        f"schema_version: 1\nextends: {BASELINE}\nmechanisms: {{tier_nesting: added}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"readings\.tier_nesting"):
        load_scenario(path)


def test_a_reading_of_nothing_that_is_judged_is_noted(tmp_path: Path) -> None:
    found = load_scenario(file(tmp_path, "new_sales: run_rate"))
    (note,) = (note for note in found.notes if note.path == "readings.new_sales")
    assert "changes nothing" in note.what and note.line == 5


@pytest.mark.parametrize("value", ["", "[]", "null", "7", "2025Q1", "{a: b}", "nested x", "-.inf"])
@pytest.mark.parametrize("key", ["tier_nesting", "tier_nestingx", "链", "a-ranges"])
def test_damage_is_named(tmp_path: Path, key: str, value: str) -> None:
    assert fault(tmp_path, f"{key}: {value}")


def test_the_schema_offers_every_reading() -> None:
    properties = json_schema()["properties"]
    assert isinstance(properties, dict)
    offered = properties["readings"]["properties"]
    assert offered["tier_nesting"]["enum"] == ["nested", "added"]
    assert "tier_tension" not in offered
