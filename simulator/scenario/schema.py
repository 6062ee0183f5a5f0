"""The JSON Schema of scenario files, by which editors complete and check them."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from simulator.foundation.parameters import KINDS
from simulator.registry import Data, Name, load_library
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

KEYS: Final[Mapping[str, Name]] = {
    "schema_version": Name("本格式的版本", "version of this format"),
    "extends": Name(
        "在其上书写差异的情景文件，路径相对本文件；或随附情景之名，如 baseline",
        "the scenario file on which this one writes its differences, relative to this file, or the name of a "
        "shipped scenario such as baseline",
    ),
    "name": Name("情景名称，中英文各一", "name of the scenario in both languages"),
    "description": Name("一两句说明，中英文各一", "a sentence or two in both languages"),
    "period": Name("起止季度", "first and last quarter"),
    "plans": Name("施行的规划：编号或名称", "the plans in force, by id or name"),
    "population": Name(
        "自有企业名单，路径相对本文件", "a list of firms of your own, relative to this file"
    ),
    "fit": Name(
        "拟合结果 fitted.yaml 的路径；none 表示只用先验",
        "a fit, the path of its fitted.yaml; none for the priors alone",
    ),
    "levers": Name("政策工具：键名见工具目录", "levers, by the keys of the catalogue of levers"),
    "assumptions": Name(
        "参数的取值或分布，替换先验", "values or distributions of parameters in place of the priors"
    ),
    "mechanisms": Name("逐项开关机制", "mechanisms on or off, one by one"),
    "government": Name(
        "预算规则：fixed 按规划，adaptive 逐年按公布数调整",
        "how budgets are set: fixed as planned, adaptive by last year's published figures",
    ),
    "targets": Name("规划之外自设的目标", "targets of your own, that no plan holds"),
    "readings": Name(
        "所选读法：歧义的键与读法的键", "readings picked: key of the ambiguity, key of the reading"
    ),
    "members": Name("成员数，即历史的条数", "number of members, that is of possible histories"),
    "seed": Name("全部随机抽取的种子", "seed of all draws"),
}
"""What each key of a scenario says."""

LEVER: Final[Mapping[str, Name]] = {
    "chains": Name("限于哪些产业链", "the chains it is aimed at"),
    "districts": Name("限于哪些区或功能区", "the districts or zones it is aimed at"),
    "start": Name("自该年或季度起", "first year or quarter"),
    "end": Name("至该年或季度止", "last year or quarter"),
}
"""What the keys of a lever say beside its dose."""

TARGET: Final[Mapping[str, Name]] = {
    "name": Name("名称，中英文各一", "its name in both languages"),
    "note": Name("为何设此目标", "why it is there"),
    "metric": Name("所衡量的指标", "the metric it is about"),
    "comparator": Name("达到（>=）或超过（>）", "reach (>=) or exceed (>)"),
    "value": Name("目标值，带单位", "the figure, with its unit"),
    "deadline": Name("截止年份", "year of the deadline"),
}
"""What the keys of a target of one's own say."""

SWITCHES: Final[Mapping[str, Name]] = {
    "entry": Name("新创企业（M12）", "start-ups (M12)"),
    "arrivals": Name("引进企业（M13）", "attracted firms (M13)"),
    "exit": Name("退出（M14）", "exit (M14)"),
    "capacity": Name("产能上限（M9）", "the ceiling of capacity (M9)"),
    "links": Name("链间购销（M11）", "purchases among chains (M11)"),
    "contracts": Name("场景合同（M10）", "scenario contracts (M10)"),
    "funds": Name("基金链（M8）", "the fund chain (M8)"),
    "age_effect": Name("增速随企业年龄变化（M2）", "growth that depends on a firm's age (M2)"),
    "reversion": Name("增速随企业规模变化（M2）", "growth that depends on a firm's size (M2)"),
    "firm_shocks": Name("企业冲击（M3）", "firm shocks (M3)"),
    "observation": Name(
        "公布口径的漂移与噪声（M20）", "drift and noise of published figures (M20)"
    ),
    "talent": Name("人才（M4、M5）", "people (M4, M5)"),
    "research": Name("研发（M6）", "research (M6)"),
    "firms": Name(
        "企业的一切变化；关闭则停在期初", "all that firms do; off leaves them as founded"
    ),
}
"""What each switch of `mechanisms` turns off."""


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
        attribute, unit, low, high, _ = facts.dose(lever.id)
        bounds = between(low, high, unit).en
        levers[lever.key] = {
            **_object(
                {
                    attribute: {"$ref": "#/$defs/dose", "description": f"{unit}; {bounds}"},
                    **_told(
                        {
                            "chains": _names_schema(chains),
                            "districts": _names_schema(places),
                            "start": edge,
                            "end": edge,
                        },
                        LEVER,
                    ),
                }
            ),
            "description": lever.name.text("both"),
        }
    assumptions: dict[str, object] = {
        key: {
            "$ref": "#/$defs/assumption",
            "description": f"{prior.meaning.text('both')} [{prior.unit}]; "
            + between(prior.minimum, prior.maximum, prior.unit).en,
        }
        for key, prior in facts.priors.items()
    }
    assumptions["base_construction"] = {"enum": list(facts.constructions)}
    target = _told(
        {
            "name": name,
            "note": name,
            "metric": {"enum": [metric.id for metric in facts.registry.metrics]},
            "comparator": {"enum": list(COMPARATORS)},
            "value": {"type": ["string", "number"]},
            "deadline": {"type": "integer"},
        },
        TARGET,
    )
    documents = [document.id for document in facts.registry.documents]
    schema = _object(
        _told(
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
                "mechanisms": _object(_told(dict.fromkeys(MECHANISMS, switch), SWITCHES)),
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
            },
            KEYS,
        )
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


def _told(
    properties: Mapping[str, object], explained: Mapping[str, Name]
) -> dict[str, dict[str, object]]:
    """The properties, each with its explanation for the editor to show."""
    return {
        key: {**cast(Mapping[str, object], spec), "description": explained[key].text("both")}
        for key, spec in properties.items()
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
