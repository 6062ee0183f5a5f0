"""What `show --origins`, `diff`, `new` and `schema` print."""

import subprocess
import sys
from pathlib import Path

import pytest

from simulator.foundation.findings import InputError
from simulator.foundation.tables import parse_yaml, shipped
from simulator.registry import Name, load_registry
from simulator.scenario import (
    MECHANISMS,
    child_text,
    differences,
    json_schema,
    load_scenario,
    origin_rows,
    sheet_text,
)

SCENARIOS = shipped("scenarios")
BASELINE = SCENARIOS / "baseline.yaml"


def test_every_value_has_an_origin_with_a_place() -> None:
    scenario = load_scenario(SCENARIOS / "push.yaml", {"seed": "5"})
    rows = {row.path: row for row in origin_rows(scenario)}
    assert set(rows) == set(scenario.origins)
    assert all(row.name.zh and row.name.en and row.value for row in rows.values())
    assert rows["seed"].layer == "--set"
    assert rows["plans"].layer == "extended file" and "baseline.yaml:9" in rows["plans"].place
    funds = rows["levers.tj27_funds.size"]
    assert (funds.layer, funds.value) == (
        "file",
        "2025: 200亿元/yr (20 billion CNY/yr), 2026: 300亿元/yr (30 billion CNY/yr)",
    )
    assert rows["levers.tj27_funds.start"] == (
        *rows["levers.tj27_funds.start"][:2],
        "2025Q1",
        "plan",
        "tj-2025-2027",
    )
    default = rows["levers.tj27_alliance.intensity"]
    assert (default.layer, default.value) == ("lever sizes", "1")
    assert default.place.startswith("simulator/data/lever_assumptions.csv:")
    prior = rows["assumptions.catalogue_threshold"]
    table = shipped("calibration", "priors.csv").read_text(encoding="utf-8-sig").splitlines()
    line = int(prior.place.rpartition(":")[2])
    assert table[line - 1].startswith("catalogue_threshold,")
    fitted = rows["assumptions.k_drawdown"]
    assert (fitted.layer, fitted.place) == ("fitted", "calibration/posterior.csv:1")
    assert rows["mechanisms.exit"].layer == "default"


def test_the_priors_of_another_city_are_named_as_its_own() -> None:
    city = Path(__file__).resolve().parents[2] / "examples" / "city_xingang"
    rows = {
        row.path: row.place
        for row in origin_rows(load_scenario(city / "baseline.yaml", data=city))
        if row.layer == "priors"
    }
    table = (city / "priors.csv").read_text(encoding="utf-8-sig").splitlines()
    own = {place for place in rows.values() if "city_xingang" in place}
    shipped_ones = set(rows.values()) - own
    assert own and all(place.startswith("calibration/priors.csv:") for place in shipped_ones)
    for path, place in rows.items():
        file, _, line = place.rpartition(":")
        if place in own:
            assert file.endswith("city_xingang/priors.csv")
            assert table[int(line) - 1].startswith(f"{path.removeprefix('assumptions.')},")


def test_values_are_shown_in_either_language() -> None:
    scenario = load_scenario(BASELINE, {"levers.tj27_funds.size": "300亿元"})
    texts = {
        lang: next(r.value for r in origin_rows(scenario, lang) if r.path.endswith("funds.size"))
        for lang in ("zh", "en")
    }
    assert texts == {"zh": "300亿元/年", "en": "300亿元/yr (30 billion CNY/yr)"}


def test_differences_name_value_and_unit() -> None:
    before = load_scenario(BASELINE)
    after = load_scenario(
        BASELINE,
        {"levers.tj27_funds.size": "300亿元", "levers.tj27_talent.intake": "60.0000001 人/年"}
        | {"assumptions.base_core_revenue": "480亿元", "mechanisms.exit": "off"},
    )
    rows = {row.path: row for row in differences(before, after)}
    assert set(rows) == {
        "levers.tj27_funds.size",
        "levers.tj27_talent.intake",
        "assumptions.base_core_revenue",
        "mechanisms.exit",
    }
    assert rows["levers.tj27_funds.size"].after == "300亿元/yr (30 billion CNY/yr)"
    assert rows["mechanisms.exit"][2:] == ("on", "off")
    assert "constructions" in rows["assumptions.base_core_revenue"].before
    assert differences(before, before) == ()


def test_a_lever_that_one_scenario_lacks_is_one_difference() -> None:
    before, after = load_scenario(BASELINE), load_scenario(SCENARIOS / "no_policy.yaml")
    rows = [row for row in differences(before, after) if row.path.startswith("levers.")]
    assert len(rows) == len(before.levers) == 40
    assert all(row.before and not row.after for row in rows)


def test_a_new_child_loads_as_it_stands_and_as_its_examples_say(tmp_path: Path) -> None:
    child = tmp_path / "deep" / "mine.yaml"
    child.parent.mkdir()
    text = child_text(BASELINE, child, Name("我的情景", "Mine: #1, 100 %"))
    child.write_text(text, encoding="utf-8")
    scenario = load_scenario(child)
    assert scenario.name == Name("我的情景", "Mine: #1, 100 %")
    assert scenario.digest() == load_scenario(BASELINE).digest()
    lines = text.splitlines()
    examples = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("# "))
    head = "\n".join(line for line in lines if not line.startswith("#"))
    told = examples.split("\n", 1)[1]
    child.write_text(f"{head}\n{told}\n", encoding="utf-8")
    assert len(differences(scenario, load_scenario(child))) == 4


def test_a_child_needs_a_valid_parent(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        child_text(tmp_path / "nobody.yaml", tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    "text",
    [
        *("no", "off", "Null", "1e5", "0x1F", "2027-12-31", "3.5", "a: b", "- a", "#x", "", " p "),
        *("{a}", "[a]", "'", '"', "a #b", "é\u2028x", "300亿元", "0.12 1/yr", "1_000", "~", "="),
        *("!x", "tj-2025-2027", "&a", "*a", "%x", "a:", "多行\n文字", "50 %", "2025Q1", ".inf"),
    ],
)
def test_text_reads_back_as_it_was(text: str) -> None:
    written = sheet_text({"key": text, "list": [text, 1], "within": {"a": text}})
    value = parse_yaml(written, "sheet").value
    assert value == {"key": text, "list": [text, 1], "within": {"a": text}}


def test_the_schema_covers_what_files_may_say() -> None:
    schema = json_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    levers = properties["levers"]["properties"]
    assert set(levers) == {lever.key for lever in load_registry().levers}
    assert set(levers["tj27_funds"]["properties"]) == {
        "size",
        "chains",
        "districts",
        "start",
        "end",
    }
    assert set(properties["mechanisms"]["properties"]) == set(MECHANISMS)
    overrides = {"assumptions.base_construction": "tail", "fit": "none"}
    scenario = load_scenario(SCENARIOS / "push.yaml", overrides)
    sheet = scenario.resolved()
    assert set(sheet) < set(properties)
    assert set(sheet["assumptions"]) == set(properties["assumptions"]["properties"])  # type: ignore[call-overload]


def test_checking_a_file_loads_nothing_heavy() -> None:
    code = (
        "import sys; from simulator.scenario import load_scenario; "
        f"load_scenario({str(BASELINE)!r}); "
        "print(*(sys.modules.keys() & {'numpy', 'scipy', 'pandas', 'numba', 'mesa', "
        "'matplotlib', 'pyarrow', 'rich'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
