"""The JSON Schema of scenario files, by which editors complete and check them."""

from collections.abc import Mapping, Sequence

from simulator.foundation.parameters import KINDS
from simulator.registry import Data, load_library
from simulator.scenario.entries import EVERY, MECHANISMS, RULES, SCHEMA_VERSION
from simulator.scenario.facts import Facts
from simulator.scenario.reading import (
    COMPARATORS,
    LARGEST_SEED,
    LAST_YEAR,
    MOST_MEMBERS,
    SWITCH_WORDS,
    between,
)


def json_schema(data: Data = None) -> dict[str, object]:
    """The JSON Schema (2020-12) of scenario files, for editors; keys as `simulate levers` lists.

    `data` is the city's data or the folder of them, by default what is shipped.
    """
    facts = Facts.of(load_library(data))
    name = _object({"zh": {"type": "string"}, "en": {"type": "string"}}, ("zh", "en"))
    quarter = {"type": "string", "pattern": r"^\d{4}[Qq][1-4]$"}
    edge = {"anyOf": [quarter, {"type": "integer", "minimum": 2000, "maximum": LAST_YEAR}]}
    switch = {"anyOf": [{"type": "boolean"}, {"enum": list(SWITCH_WORDS)}]}
    rule = {"enum": list(RULES)}
    chains = [chain.id for chain in facts.registry.chains]
    places = [place.id for place in facts.registry.places]
    levers: dict[str, object] = {}
    for lever in facts.registry.levers:
        attribute, unit, low, high = facts.dose(lever.id)
        bounds = between(low, high, unit)
        levers[lever.key] = {
            **_object(
                {
                    attribute: {"$ref": "#/$defs/dose", "description": f"{unit}; {bounds}"},
                    "chains": _names_schema(chains),
                    "districts": _names_schema(places),
                    "start": edge,
                    "end": edge,
                }
            ),
            "description": lever.name.text("both"),
        }
    assumptions: dict[str, object] = {
        key: {
            "$ref": "#/$defs/assumption",
            "description": f"{prior.meaning.text('both')} [{prior.unit}]; "
            + between(prior.minimum, prior.maximum, prior.unit),
        }
        for key, prior in facts.priors.items()
    }
    assumptions["base_construction"] = {"enum": list(facts.constructions)}
    target = {
        "name": name,
        "note": name,
        "metric": {"enum": [metric.id for metric in facts.registry.metrics]},
        "comparator": {"enum": list(COMPARATORS)},
        "value": {"type": ["string", "number"]},
        "deadline": {"type": "integer"},
    }
    documents = [document.id for document in facts.registry.documents]
    schema = _object(
        {
            "schema_version": {"const": SCHEMA_VERSION},
            "extends": {"type": "string"},
            "name": name,
            "description": name,
            "period": _object({"start": quarter, "end": quarter}),
            # Names in either language are valid too; editors offer the keys.
            "plans": {
                "type": "array",
                "items": {"anyOf": [{"enum": documents}, {"type": "string"}]},
            },
            "population": {"type": "string"},
            "fit": {"type": "string"},
            "levers": {"type": "object", "properties": levers},
            "assumptions": _object(assumptions),
            "mechanisms": _object(dict.fromkeys(MECHANISMS, switch)),
            "government": {"anyOf": [rule, _object({"rule": rule}, ("rule",))]},
            "targets": {"type": "object", "additionalProperties": _object(target)},
            "readings": _object(
                {
                    ambiguity.key: {
                        "enum": [reading.key for reading in ambiguity.choices],
                        "description": ambiguity.name.text("both"),
                    }
                    for ambiguity in facts.registry.ambiguities
                    if ambiguity.choices
                }
            ),
            "members": {"type": "integer", "minimum": 1, "maximum": MOST_MEMBERS},
            "seed": {"type": "integer", "minimum": 0, "maximum": LARGEST_SEED},
        }
    )
    quantity = {"type": ["string", "number"]}
    by_year = {
        "type": "object",
        "patternProperties": {r"^\d{4}$": quantity},
        "additionalProperties": False,
        "minProperties": 1,
    }
    moving = _object(
        {"from": by_year, "interpolate": {"enum": ["linear", "step"]}}, ("from", "interpolate")
    )
    spread = {
        "type": "object",
        "properties": {"dist": {"enum": list(KINDS)}},
        "required": ["dist"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simulate scenario / 情景文件",
        **schema,
        "$defs": {
            "dose": {"anyOf": [quantity, by_year, moving]},
            "assumption": {"anyOf": [quantity, spread]},
        },
    }


def _object(properties: Mapping[str, object], required: Sequence[str] = ()) -> dict[str, object]:
    schema: dict[str, object] = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {**schema, "required": list(required)} if required else schema


def _names_schema(ids: Sequence[str]) -> dict[str, object]:
    names = {"type": "array", "items": {"anyOf": [{"enum": list(ids)}, {"type": "string"}]}}
    return {"anyOf": [{"const": EVERY}, {**names, "minItems": 1}]}
