"""The JSON Schema says what files may hold: shipped files pass, damaged ones do not, and every key is explained."""

import re
from collections.abc import Mapping
from copy import deepcopy

import pytest

from simulator.foundation.parameters import KINDS
from simulator.foundation.tables import read_yaml, shipped
from simulator.registry import load_library, load_registry
from simulator.scenario import MECHANISMS, json_schema
from simulator.scenario.entries import EVERY
from simulator.scenario.facts import Facts
from simulator.scenario.reading import (
    COMPARATORS,
    LARGEST_SEED,
    LEVER_KEYS,
    MOST_MEMBERS,
    SWITCH_WORDS,
    TARGET_KEYS,
    TOP_KEYS,
    between,
)
from simulator.scenario.schema import KEYS, LEVER, SWITCHES, TARGET

SCHEMA = json_schema()
REGISTRY = load_registry()
LIBRARY = load_library()
TYPES = {
    "object": Mapping,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
}
SILENT = {"description", "title", "$schema", "$defs"}
FILES = sorted(path.name for path in shipped("scenarios").glob("*.yaml"))


def allows(schema: Mapping, value: object) -> bool:
    """Whether a value passes; only by the keywords of JSON Schema (2020-12) that are spelled out here."""
    return all(
        rule(keyword, told, schema, value)
        for keyword, told in schema.items()
        if keyword not in SILENT
    )


def rule(keyword: str, told: object, schema: Mapping, value: object) -> bool:
    match keyword, told:
        case "$ref", str():
            assert told.startswith("#/$defs/")
            return allows(SCHEMA["$defs"][told.removeprefix("#/$defs/")], value)
        case "type", str() | list():
            kinds = [told] if isinstance(told, str) else told
            return any(
                isinstance(value, TYPES[kind])
                and (kind == "boolean" or not isinstance(value, bool))
                for kind in kinds
            )
        case "const", _:
            return value == told
        case "enum", list():
            return any(value == each and type(value) is type(each) for each in told)
        case "anyOf", list():
            return any(allows(each, value) for each in told)
        case (("minimum" | "maximum"), int()):
            return not isinstance(value, int) or (
                value >= told if keyword == "minimum" else value <= told
            )
        case "pattern", str():
            return not isinstance(value, str) or re.search(told, value) is not None
        case "items", Mapping():
            return not isinstance(value, list) or all(allows(told, each) for each in value)
        case "minItems", int():
            return not isinstance(value, list) or len(value) >= told
        case "minProperties", int():
            return not isinstance(value, Mapping) or len(value) >= told
        case "required", list():
            return not isinstance(value, Mapping) or set(told) <= set(value)
        case (("properties" | "patternProperties" | "additionalProperties"), _):
            return not isinstance(value, Mapping) or all(
                allows(spec, value[key]) if isinstance(spec, Mapping) else spec is not False
                for key in value
                for spec in specs(keyword, told, schema, str(key))
            )
    raise AssertionError(f"no keyword for an editor: {keyword}: {told!r}")


def specs(keyword: str, told: object, schema: Mapping, key: str) -> list[object]:
    """What a keyword about keys says of one key."""
    if keyword == "properties":
        assert isinstance(told, Mapping)
        return [told[key]] if key in told else []
    if keyword == "patternProperties":
        assert isinstance(told, Mapping)
        return [spec for pattern, spec in told.items() if re.search(pattern, key)]
    patterns = schema.get("patternProperties", {})
    named = key in schema.get("properties", {}) or any(re.search(each, key) for each in patterns)
    return [] if named else [told]


def plain(value: object) -> object:
    """Values as an editor has them: keys of a mapping are text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


FULL: dict[str, object] = {
    "schema_version": 1,
    "extends": "baseline.yaml",
    "name": {"zh": "甲", "en": "A"},
    "description": {"zh": "甲", "en": "A"},
    "period": {"start": "2025Q1", "end": "2027q4"},
    "plans": ["tj-2025-2027", "三年行动"],
    "population": "firms.csv",
    "fit": "none",
    "levers": {
        "tj27_funds": {"size": {"2025": "200亿元", "2026": 3}, "start": 2025, "end": "2026Q4"},
        "tj27_talent": {
            "intake": {"from": {"2025": "60人/年"}, "interpolate": "linear"},
            "chains": ["big_data", "大数据"],
            "districts": "all",
        },
    },
    "assumptions": {
        "rpc": 0.2,
        "b_cap": "0.5",
        "base_construction": "tail",
        "base_core_revenue": {"dist": "lognormal", "median": "480亿元", "sigma": 0.3},
    },
    "mechanisms": {"exit": "off", "links": True},
    "government": {"rule": "adaptive"},
    "targets": {
        "mine": {
            "name": {"zh": "甲", "en": "A"},
            "note": {"zh": "甲", "en": "A"},
            "metric": "core_revenue",
            "comparator": ">",
            "value": "500亿元",
            "deadline": 2027,
        }
    },
    "readings": {"tier_nesting": "added"},
    "members": 200,
    "seed": 0,
}


def changed(path: str, value: object) -> dict[str, object]:
    sheet = deepcopy(FULL)
    *branch, last = path.split("/")
    at: dict = sheet
    for key in branch:
        at = at[key]
    at[last] = value
    return sheet


@pytest.mark.parametrize("name", FILES)
def test_shipped_files_pass(name: str) -> None:
    assert allows(SCHEMA, plain(read_yaml(shipped("scenarios", name)).value))


def test_a_file_that_says_everything_passes() -> None:
    assert set(FULL) == set(TOP_KEYS) and allows(SCHEMA, FULL)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("government", "fixed"),
        ("mechanisms/exit", "on"),
        ("levers/tj27_funds/size", 5.0),
        ("levers/tj27_funds/chains", "all"),
        ("levers/tj27_funds/start", 2000),
        ("levers/tj27_funds/start", 2050),
        ("members", 1),
        ("members", 1_000_000),
        ("seed", 2**32 - 1),
        ("targets/mine/value", 500),
        ("targets/mine/comparator", ">="),
        ("levers/tj27_talent/intake/interpolate", "step"),
        ("assumptions/rpc", {"dist": "uniform", "low": 0.1, "high": 0.3}),
    ],
)
def test_what_may_be_said_passes(path: str, value: object) -> None:
    assert allows(SCHEMA, changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 2),
        ("extends", 1),
        ("unknown", 1),
        ("name", {"zh": "甲"}),
        ("name", {"en": "A"}),
        ("name", {"zh": "甲", "en": "A", "fr": "A"}),
        ("name", {"zh": 1, "en": "A"}),
        ("name", {"zh": "甲", "en": 1}),
        ("description", "A"),
        ("period", {}),
        ("period", {"start": "2025Q5"}),
        ("period", {"end": "25Q1"}),
        ("period", {"end": "2025Q1 "}),
        ("period", {"end": "x2025Q1"}),
        ("plans", "tj-2025-2027"),
        ("plans", [1]),
        ("population", 1),
        ("fit", 1),
        ("levers", []),
        ("levers/tj27_funds", {}),
        ("levers/tj27_funds", 1),
        ("levers/tj27_funds/intake", 1),
        ("levers/tj27_funds/size", []),
        ("levers/tj27_funds/size", {}),
        ("levers/tj27_funds/size", {"25": 1}),
        ("levers/tj27_funds/size", {"20255": 1}),
        ("levers/tj27_funds/size", {"2025": []}),
        ("levers/tj27_funds/size", {"from": {"2025": 1}}),
        ("levers/tj27_funds/size", {"interpolate": "linear"}),
        ("levers/tj27_funds/size", {"from": {}, "interpolate": "linear"}),
        ("levers/tj27_funds/size", {"from": {"2025": 1}, "interpolate": "cubic"}),
        ("levers/tj27_funds/chains", []),
        ("levers/tj27_funds/chains", [1]),
        ("levers/tj27_funds/chains", "every"),
        ("levers/tj27_funds/districts", {}),
        ("levers/tj27_funds/start", 1999),
        ("levers/tj27_funds/start", 2051),
        ("levers/tj27_funds/end", "2026"),
        ("assumptions", {}),
        ("assumptions/rpd", 1),
        ("assumptions/rpc", []),
        ("assumptions/rpc", {"low": 1}),
        ("assumptions/rpc", {"dist": "cauchy"}),
        ("assumptions/base_construction", "mine"),
        ("mechanisms", {}),
        ("mechanisms/exits", True),
        ("mechanisms/exit", "maybe"),
        ("mechanisms/exit", 1),
        ("government", "free"),
        ("government", {}),
        ("government", {"rule": "free"}),
        ("targets/mine", {}),
        ("targets/mine/name", "A"),
        ("targets/mine/name", {"zh": "甲"}),
        ("targets/mine/name", {"en": "A"}),
        ("targets/mine/name", {"zh": 1, "en": "A"}),
        ("targets/mine/note", "A"),
        ("targets/mine/metric", "fame"),
        ("targets/mine/comparator", "<"),
        ("targets/mine/value", []),
        ("targets/mine/deadline", "2027"),
        ("targets/mine/unit", "亿元"),
        ("readings", {}),
        ("readings/tier_nesting", "none"),
        ("readings/tier_tension", "nested"),
        ("members", 0),
        ("members", 1_000_001),
        ("members", 2.5),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", "1"),
    ],
)
def test_what_may_not_be_said_does_not_pass(path: str, value: object) -> None:
    assert not allows(SCHEMA, changed(path, value))


def test_editors_are_offered_keys_with_words_in_both_languages() -> None:
    for words, keys in (
        (KEYS, TOP_KEYS),
        (LEVER, LEVER_KEYS),
        (TARGET, TARGET_KEYS),
        (SWITCHES, MECHANISMS),
    ):
        assert set(words) == set(keys)
        assert all(name.zh and name.en and name.zh != name.en for name in words.values())
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "simulate" in SCHEMA["title"]
    properties = SCHEMA["properties"]
    assert {key: spec["description"] for key, spec in properties.items()} == {
        key: name.text("both") for key, name in KEYS.items()
    }
    (plans, free) = properties["plans"]["items"]["anyOf"]
    assert plans["enum"] == [document.id for document in REGISTRY.documents]
    assert free == {"type": "string"}
    levers = properties["levers"]["properties"]
    for lever in REGISTRY.levers:
        told = levers[lever.key]
        assert told["description"] == lever.name.text("both")
        for key in LEVER_KEYS:
            assert told["properties"][key]["description"] == LEVER[key].text("both")
        ids = [[entry.id for entry in table] for table in (REGISTRY.chains, REGISTRY.places)]
        for key, offered in zip(("chains", "districts"), ids, strict=True):
            assert told["properties"][key]["anyOf"][1]["items"]["anyOf"][0]["enum"] == offered
    assert levers["tj27_funds"]["properties"]["size"]["description"].startswith("亿元/年; 0亿元/yr")
    rpc = properties["assumptions"]["properties"]["rpc"]["description"]
    assert "local share of purchases" in rpc and "[share]; 0 … 0.9" in rpc
    mine = properties["targets"]["additionalProperties"]["properties"]
    assert {key: spec["description"] for key, spec in mine.items()} == {
        key: name.text("both") for key, name in TARGET.items()
    }
    nesting = properties["readings"]["properties"]["tier_nesting"]["description"]
    assert nesting == REGISTRY.ambiguity("tier_nesting").name.text("both")


WORDS = {
    "type": lambda told: {told} <= set(TYPES) if isinstance(told, str) else set(told) <= set(TYPES),
    "const": lambda told: told in (1, EVERY),
    "enum": lambda told: bool(told) and len(set(told)) == len(told),
    "pattern": lambda told: bool(re.compile(told).pattern),
    "minimum": lambda told: isinstance(told, int),
    "maximum": lambda told: isinstance(told, int),
    "minItems": lambda told: told == 1,
    "minProperties": lambda told: told == 1,
    "required": lambda told: bool(told) and all(isinstance(word, str) for word in told),
    "description": lambda told: bool(told.strip()) and "None" not in told,
    "$ref": lambda told: told.removeprefix("#/$defs/") in SCHEMA["$defs"],
    "title": bool,
    "$schema": bool,
}


def inside(schema: Mapping, name: str) -> list[tuple[str, Mapping]]:
    """A schema and all within it, by the name under which each stands."""
    found = [(name, schema)]
    for keyword, told in schema.items():
        if keyword in ("properties", "patternProperties", "$defs"):
            for key, each in told.items():
                found += inside(each, key)
        elif keyword == "anyOf":
            for each in told:
                found += inside(each, name)
        elif keyword == "items" or (keyword == "additionalProperties" and told is not False):
            found += inside(told, name)
        else:
            assert keyword == "additionalProperties" or WORDS[keyword](told), f"{keyword}: {told}"
    return found


def test_every_word_of_the_schema_is_one_of_json_schema_and_closed_where_keys_are_known() -> None:
    schemas = inside(json_schema(), "")
    assert len(schemas) > 1000
    for name, schema in schemas:
        if schema.get("type") == "object" and "properties" in schema:
            free = schema.get("additionalProperties") is not False
            assert free == (name in ("levers", "assumption")), name
            assert free or schema["minProperties"] == 1
        assert set(schema) - {"description", "title", "$schema", "$defs"}, f"{name} allows anything"


def test_the_schema_offers_what_the_reader_takes_and_nothing_else() -> None:
    schema = json_schema()
    assert schema == SCHEMA
    properties = SCHEMA["properties"]
    assert SCHEMA["type"] == "object" and SCHEMA["additionalProperties"] is False
    assumptions = properties["assumptions"]["properties"]
    assert set(assumptions) == {*LIBRARY.priors, "base_construction"}
    assert assumptions["base_construction"]["enum"] == [each.id for each in LIBRARY.constructions]
    for key, prior in LIBRARY.priors.items():
        told = assumptions[key]["description"]
        assert told.startswith(f"{prior.meaning.text('both')} [{prior.unit}]; ")
        assert told.endswith(between(prior.minimum, prior.maximum, prior.unit).en)
    target = properties["targets"]["additionalProperties"]["properties"]
    assert target["metric"]["enum"] == [metric.id for metric in REGISTRY.metrics]
    assert target["comparator"]["enum"] == list(COMPARATORS)
    readings = properties["readings"]["properties"]
    assert {key: each["enum"] for key, each in readings.items()} == {
        item.key: [reading.key for reading in item.choices]
        for item in REGISTRY.ambiguities
        if item.choices
    }
    assert (properties["members"]["minimum"], properties["members"]["maximum"]) == (1, MOST_MEMBERS)
    assert (properties["seed"]["minimum"], properties["seed"]["maximum"]) == (0, LARGEST_SEED)
    for switch in properties["mechanisms"]["properties"].values():
        assert switch["anyOf"] == [{"type": "boolean"}, {"enum": list(SWITCH_WORDS)}]
    facts = Facts.of(LIBRARY)
    for lever in REGISTRY.levers:
        dose = facts.dose(lever.id)
        told = properties["levers"]["properties"][lever.key]["properties"]
        assert list(told) == [dose.attribute, *LEVER_KEYS]
        bounds = between(dose.low, dose.high, dose.unit).en
        assert told[dose.attribute]["description"] == f"{dose.unit}; {bounds}"
    spread = SCHEMA["$defs"]["assumption"]["anyOf"][1]
    assert spread["properties"]["dist"]["enum"] == list(KINDS)


def test_the_schema_of_another_city_offers_its_own_levers() -> None:
    city = shipped("scenarios").parent / "examples" / "city_xingang"
    levers = json_schema(city)["properties"]["levers"]["properties"]  # type: ignore[index]
    assert set(levers) == {lever.key for lever in load_library(city).registry.levers}
