"""Pages whose tables come from the program itself: commands, scenario keys, levers, targets, series.

A page says where with `<!-- catalogue: levers -->`; what stands there is written anew by every build, in the
language of the build, so that no copy can go stale.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import click
from languages import SETTLED
from sphinx.application import Sphinx

from simulator.cli import program
from simulator.cli.program import Argument, Command, Family, Option, global_options
from simulator.cli.session import Language, Session
from simulator.foundation.parameters import NUMBERS
from simulator.foundation.units import accepted_units
from simulator.observables import CATALOGUE
from simulator.policy.effects import CHANNELS
from simulator.registry import Name, load_library
from simulator.reporting.model_description import DIMENSIONS, GRADES, KINDS
from simulator.reporting.terminal import lever_rows
from simulator.reporting.wording import unit_name, unit_text
from simulator.scenario.schema import KEYS, LEVER, SWITCHES, TARGET, json_schema
from simulator.targets import judge_all

MARKER: Final = re.compile(r"^<!-- catalogue: (\w+) -->$", re.MULTILINE)
SCALES: Final[Mapping[str, Name]] = {
    "city": Name("全市", "city"),
    "chain": Name("产业链", "chain"),
    "district": Name("区域", "place"),
    "target": Name("目标", "target"),
}
STATES: Final[Mapping[str, Name]] = {
    "scored": Name("由序列衡量", "a series answers it"),
    "not_modelled": Name("未建模", "not modelled"),
    "input": Name("是投入，不是结果", "an input, not an outcome"),
    "by_hand": Name("人工核对", "checked by hand"),
}
MIXTURES: Final = {
    "mixture": "components: [{weight: …, dist: …}, …]",
    "constructions": "components: [{label: …, weight: …, dist: …}, …]",
}
"""What a distribution made of others says."""


def commands(lang: Language) -> str:
    """Every command with its arguments, options and example, as its help says."""
    parts = []
    for en, zh, names in program.sections:
        parts.append(f"## {_say(lang, zh, en)}")
        parts += [_command(program.commands[name], lang, f"simulate {name}") for name in names]
    shared = click.Context(program, info_name="simulate", obj=Session(lang=lang))
    parts.append(f"## {_say(lang, '处处可用', 'Everywhere')}")
    parts.append(_options(global_options(), shared, lang))
    return "\n\n".join(parts)


def _command(command: click.Command, lang: Language, path: str) -> str:
    assert isinstance(command, Command)
    context = Command.context_class(command, info_name=path, obj=Session(lang=lang))
    told = command.zh if lang == "zh" else " ".join((command.help or "").split())
    usage = " ".join([path, *command.collect_usage_pieces(context)[1:]])
    parts = [f"### {path}", told, f"```text\n{usage}\n```"]
    arguments = [
        (f"`{parameter.make_metavar(context)}`", parameter.zh if lang == "zh" else parameter.en)
        for parameter in command.params
        if isinstance(parameter, Argument)
    ]
    if arguments:
        parts.append(_table(lang, ("参数", "argument"), ("含义", "meaning"), rows=arguments))
    everywhere = {option.name for option in global_options()}
    own = [p for p in command.params if isinstance(p, Option) and p.name not in everywhere]
    if own:
        parts.append(_options(own, context, lang))
    if command.example:
        parts.append(f"```bash\nsimulate {command.example}\n```")
    if isinstance(command, Family):
        parts += [
            _command(below, lang, f"{path} {name}") for name, below in command.commands.items()
        ]
    return "\n\n".join(parts)


def _options(options: Iterable[Option], context: click.Context, lang: Language) -> str:
    records = [record for option in options if (record := option.get_help_record(context))]
    rows = [(f"`{spelled}`", told) for spelled, told in records]
    return _table(lang, ("选项", "option"), ("含义", "meaning"), rows=rows)


HEAD: Final = (("键", "key"), ("含义", "meaning"), ("允许", "allowed"))


def keys(lang: Language) -> str:
    """Every key of a scenario file, from the schema that editors get."""
    schema: Any = json_schema()
    rows = [
        (f"`{key}`", KEYS[key].text(lang), _allowed(key, spec, lang))
        for key, spec in schema["properties"].items()
    ]
    return _table(lang, *HEAD, rows=rows)


def lever_keys(lang: Language) -> str:
    """What a lever of a scenario may say: its dose, with the units it takes, and where and when."""
    library = load_library()
    measured: dict[str, set[str]] = {}
    for row in lever_rows(library, library.registry.levers):
        if row.attribute:
            measured.setdefault(row.attribute, set()).add(row.unit)
    dose = _say(lang, "剂量", "the dose")
    rows = [
        (
            f"`{name}`",
            dose,
            ", ".join(f"`{u}`" for unit in sorted(units) for u in accepted_units(unit)),
        )
        for name, units in sorted(measured.items())
    ]
    rows += [(f"`{key}`", name.text(lang), _lever_key(key, lang)) for key, name in LEVER.items()]
    return _table(lang, *HEAD, rows=rows)


def distributions(lang: Language) -> str:
    """The distributions that an assumption may have, with their numbers."""
    rows = []
    for kind, numbers in NUMBERS.items():
        words = (n.name if n.default is None else f"{n.name} = {n.default:g}" for n in numbers)
        rows.append((f"`{kind}`", f"`{', '.join(words)}`"))
    rows += [(f"`{kind}`", f"`{words}`") for kind, words in MIXTURES.items()]
    return _table(lang, ("`dist`", "`dist`"), ("数", "numbers"), rows=rows)


def switches(lang: Language) -> str:
    """The switches of mechanisms."""
    rows = [(f"`{key}`", name.text(lang)) for key, name in SWITCHES.items()]
    return _table(lang, ("键", "key"), ("关闭什么", "what it turns off"), rows=rows)


def own_target(lang: Language) -> str:
    """What a target of a scenario's own says."""
    rows = [(f"`{key}`", name.text(lang)) for key, name in TARGET.items()]
    return _table(lang, *HEAD[:2], rows=rows)


def readings(lang: Language) -> str:
    """The ambiguities of which a scenario may pick a reading."""
    rows = [
        (
            f"`{item.key}`",
            item.name.text(lang),
            ", ".join(f"`{reading.key}`" for reading in item.choices),
        )
        for item in load_library().registry.ambiguities
        if item.choices
    ]
    return _table(lang, *HEAD[:2], ("读法", "readings"), rows=rows)


def _allowed(key: str, spec: Mapping[str, Any], lang: Language) -> str:
    if key == "levers":
        return _say(lang, "见“一项政策工具”", "see “A lever”")
    if key == "assumptions":
        return _say(lang, "见“一项假设”", "see “An assumption”")
    if key in {"targets", "mechanisms", "readings"}:
        return _say(lang, "见下文", "see below")
    if key == "plans":
        return ", ".join(f"`{document.id}`" for document in load_library().registry.documents)
    if key == "period":
        return "`{start: 2025Q1, end: 2027Q4}`"
    if key == "government":
        return ", ".join(f"`{word}`" for word in spec["anyOf"][0]["enum"])
    if "const" in spec:
        return f"`{spec['const']}`"
    if "maximum" in spec:
        return f"{spec['minimum']}–{spec['maximum']}"
    if spec.get("type") == "object":
        return "`{zh: …, en: …}`"
    return _say(lang, "文本", "text")


def _lever_key(key: str, lang: Language) -> str:
    registry = load_library().registry
    if key == "chains":
        return "`all`, " + ", ".join(f"`{chain.id}`" for chain in registry.chains)
    if key == "districts":
        return _say(lang, "`all`，或下列名称的任一语言", "`all`, or names in either language")
    return "`2026`, `2026Q3`"


def levers(lang: Language) -> str:
    """Every lever of every plan: key, dose with its bounds, clause, channels."""
    library = load_library()
    parts = []
    for document in library.registry.documents:
        rows = []
        for row in lever_rows(library, library.registry.levers_of(document.id)):
            lever = row.lever
            unit = "" if row.unit == "1" else f" {getattr(unit_name(row.unit), lang)}"
            dose = (
                "–" if row.default is None else f"{row.default:g}{unit}<br>{row.low:g}–{row.high:g}"
            )
            grade = GRADES[row.grade].split(" ")[0 if lang == "zh" else 1] if row.grade else "–"
            moves = "; ".join(
                f"{getattr(CHANNELS[channel].meaning, lang)} ({CHANNELS[channel].mechanism})"
                for channel in row.channels
            )
            where = (
                lever.clause.key if lang == "zh" else f"{lever.clause.key} ({lever.clause.name_en})"
            )
            attribute = f".{row.attribute}" if row.attribute else ""
            rows.append(
                (
                    f"{lever.name.text(lang)}<br>`{lever.key}{attribute}`",
                    f"{lever.start}–{lever.end}",
                    dose,
                    grade,
                    moves or row.effect.text(lang),
                    where,
                )
            )
        if rows:
            parts.append(f"## {document.name.text(lang)}")
            parts.append(
                _table(
                    lang,
                    ("政策工具", "lever"), ("年份", "years"), ("默认剂量与范围", "dose, bounds"),
                    ("等级", "grade"), ("作用", "what it moves"), ("条款", "clause"),
                    rows=rows,
                )
            )  # fmt: skip
    return "\n\n".join(parts)


def targets(lang: Language) -> str:
    """Every target of every plan: figure, deadline, clause, how it is judged."""
    library = load_library()
    judged = judge_all(library)
    parts = []
    for document in library.registry.documents:
        rows = []
        for item in judged:
            target = item.target
            if target.document != document.id:
                continue
            if target.value is None:
                figure = "–"
            else:
                high = "" if target.value_high is None else f"–{target.value_high:g}"
                figure = f"{target.comparator} {target.value:g}{high} {_unit(target.unit, lang)}"
            status = STATES[item.status].text(lang)
            rows.append(
                (
                    f"{target.name.text(lang)}<br>`{target.key}`",
                    figure,
                    target.deadline.isoformat(),
                    f"{item.how.text(lang)}; {status}"
                    if lang == "en"
                    else f"{item.how.zh}；{status}",
                    f"`{item.series}`" if item.series else "–",
                    target.clause.key
                    if lang == "zh"
                    else f"{target.clause.key} ({target.clause.name_en})",
                )
            )
        if rows:
            parts.append(f"## {document.name.text(lang)}")
            parts.append(
                _table(
                    lang,
                    ("目标", "target"), ("数值", "figure"), ("期限", "deadline"), ("如何判断", "how it is judged"),
                    ("序列", "series"), ("条款", "clause"),
                    rows=rows,
                )
            )  # fmt: skip
    return "\n\n".join(parts)


def series(lang: Language) -> str:
    """Every recorded series: what it measures, unit, about whom, whose firms, which equation."""
    parts = []
    for dimension in DIMENSIONS:
        rows = [
            (
                f"{item.name.text(lang)}<br>`{item.key}`",
                item.unit if item.unit.startswith("亿元") else _unit(item.unit, lang),
                KINDS[item.kind].split(" ")[0 if lang == "zh" else 1],
                item.perimeter.text(lang),
                item.equation or "–",
            )
            for item in CATALOGUE
            if item.dimension == dimension
        ]
        parts.append(f"## {_say(lang, f'按{SCALES[dimension].zh}', f'By {SCALES[dimension].en}')}")
        parts.append(
            _table(
                lang,
                ("序列", "series"),
                ("单位", "unit"),
                ("类型", "kind"),
                ("口径", "perimeter"),
                ("方程", "equation"),
                rows=rows,
            )
        )
    return "\n\n".join(parts)


def chains(lang: Language) -> str:
    """The chains with their nodes, from upstream to downstream."""
    rows = [
        (
            chain.name.text(lang),
            f"`{chain.id}`",
            ", ".join(dict.fromkeys(node.name.text(lang) for node in chain.nodes)),
        )
        for chain in load_library().registry.chains
    ]
    return _table(lang, ("产业链", "chain"), ("编号", "id"), ("环节", "nodes"), rows=rows)


def places(lang: Language) -> str:
    """The districts and functional zones."""
    registry = load_library().registry
    rows = [
        (
            place.name.text(lang),
            f"`{place.id}`",
            registry.place(place.parent).name.text(lang) if place.parent else "–",
        )
        for place in registry.places
    ]
    return _table(lang, ("名称", "name"), ("编号", "id"), ("所在区", "lies in"), rows=rows)


def _unit(unit: str, lang: Language) -> str:
    """The unit in words; the registry writes that of the plan in both languages."""
    if " " in unit and not unit.isascii():
        zh, _, en = unit.partition(" ")
        return _say(lang, zh, en)
    return "亿元" if unit == "亿元" else unit_text(unit, lang)


def _say(lang: Language, zh: str, en: str) -> str:
    return zh if lang == "zh" else en


def _table(lang: Language, *columns: tuple[str, str], rows: Sequence[Sequence[str]]) -> str:
    head = [zh if lang == "zh" else en for zh, en in columns]
    lines = [head, ["---"] * len(head), *rows]
    return f"{{.{SETTLED}}}\n" + "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


CATALOGUES: Final[Mapping[str, Callable[[Language], str]]] = {
    "commands": commands,
    "keys": keys,
    "lever_keys": lever_keys,
    "distributions": distributions,
    "switches": switches,
    "own_target": own_target,
    "readings": readings,
    "levers": levers,
    "targets": targets,
    "series": series,
    "chains": chains,
    "places": places,
}
"""What a marker may name."""


def fill(app: Sphinx, _: str, source: list[str]) -> None:
    """Put each catalogue where a page's marker says; KeyError for one that does not exist."""
    lang: Language = "zh" if app.config.language.startswith("zh") else "en"
    source[0] = MARKER.sub(lambda found: CATALOGUES[found[1]](lang), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Fill the markers of every page as it is read."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
