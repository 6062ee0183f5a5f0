"""What the plans say: targets, how each is judged, their readings, their arithmetic, the checklist."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulator.checklist import STATUSES as CHECK_STATUSES
from simulator.checklist import CheckItem, Marks, count_statuses
from simulator.coherence import KINDS, Implication
from simulator.registry import Ambiguity, Name, Registry, Target, key_of
from simulator.registry.translations import in_both
from simulator.reporting import Lang
from simulator.reporting.terminal.tables import Plain, clause_json, counted, grid, named, page
from simulator.reporting.wording import (
    UNITS,
    lines,
    said,
    unit_name,
)
from simulator.targets import (
    STATUSES,
    Judged,
    goal_text,
)


def ledger(
    registry: Registry, items: Sequence[Judged], lang: Lang = "both", *, readings: bool = False
) -> str:
    """The target ledger: goal, deadline, clause, perimeter, definition, and how each is judged.

    `readings` adds the ambiguities of these targets, with every reading and the one taken.
    """
    parts: list[RenderableType] = [_ledger_table(registry, items, lang)]
    if readings:
        parts += ["", *_reading_parts(_ambiguities(registry, _targets(items)), lang)]
    return page(*parts, "", _count_line(items, lang))


def ledger_json(registry: Registry, items: Sequence[Judged], *, readings: bool = False) -> Plain:
    """The target ledger; every target names its ambiguities, `readings` adds them in full."""
    found: Plain = {
        "targets": [
            {**plain, **ledger_json_of(registry, item.target)}
            for plain, item in zip(judged_json(items), items, strict=True)
        ]
    }
    if readings:
        found.update(readings_json(registry, _targets(items)))
    return found


def readings(registry: Registry, targets: Sequence[Target], lang: Lang = "both") -> str:
    """The ambiguities of the targets and of their plans, with the readings and the one taken."""
    return page(*_reading_parts(_ambiguities(registry, targets), lang))


def readings_json(registry: Registry, targets: Sequence[Target]) -> Plain:
    """The ambiguities of the targets and of their plans."""
    return {
        "ambiguities": [
            {
                "id": item.id,
                "key": item.key,
                "name": item.name._asdict(),
                "documents": list(item.documents),
                "targets": [key_of(id_) for id_ in item.targets],
                "readings": [
                    {"key": reading.key, **reading.name._asdict()} for reading in item.readings
                ],
                "taken": in_both(item.recommended_reading)._asdict(),
            }
            for item in _ambiguities(registry, targets)
        ]
    }


def coherence(found: Sequence[Implication], lang: Lang = "both") -> str:
    """What the targets imply for one another, by kind, with arithmetic, clauses and conditions."""
    parts: list[RenderableType] = []
    for kind, name in KINDS.items():
        own = [item for item in found if item.kind == kind]
        if own:
            parts += [Text(said(name, lang, " / "), style="bold"), _coherence_table(own, lang), ""]
    counts = {kind: sum(item.kind == kind for item in found) for kind in KINDS}
    zh = "，".join(f"{KINDS[kind].zh} {count}" for kind, count in counts.items() if count)
    en = "; ".join(f"{KINDS[kind].en}: {count}" for kind, count in counts.items() if count)
    total = Name(f"共 {len(found)} 条推论：{zh}", f"{len(found)} implications: {en}")
    return page(*parts, Text("\n".join(lines(total, lang))))


def coherence_json(found: Sequence[Implication]) -> list[Plain]:
    """What the targets imply for one another."""
    return [
        {
            "key": item.key,
            "rule": item.rule,
            "kind": item.kind,
            "name": item.name._asdict(),
            "says": item.says._asdict(),
            "condition": item.condition._asdict() if item.condition else None,
            "amounts": [{**part._asdict(), "label": part.label._asdict()} for part in item.amounts],
            "inputs": [
                {
                    "id": part.id,
                    "key": part.key,
                    "name": part.name._asdict(),
                    "stated": part.stated,
                    "year": part.year,
                    **clause_json(part.clause),
                }
                for part in item.inputs
            ],
            "perimeters": [
                {
                    "metric": part.metric,
                    "name": part.name._asdict(),
                    "definition": part.definition._asdict(),
                    "document": part.document,
                }
                for part in item.perimeters
            ],
            "ambiguities": list(item.ambiguities),
        }
        for item in found
    ]


def checklist(rows: Sequence[CheckItem], marks: Marks, lang: Lang = "both") -> str:
    """The checklist: item, clause, what in the model answers to it, and how it was marked."""
    table = grid(
        lang,
        ("left", Name("条目与条款", "Item and clause")),
        ("left", Name("对应的工具或指标", "lever or metric")),
        ("left", Name("状态", "status")),
        keys=[row.key for row in rows],
    )
    for row in rows:
        name = Text(row.key, style="bold")
        for text in lines(row.name, lang):
            name.append("\n" + text, style="default")
        name.append(f"\n{row.clause}", style="dim")
        about = [said(row.type_name, lang, " / ")]
        if row.sector is not None:
            about.append(said(row.sector.name, lang, " / "))
        if row.due:
            about.append(row.due)
        name.append("\n" + " · ".join(about), style="dim")
        answers = Text("\n".join(_answers(row, lang)))
        mark = marks.get(row.id)
        status = Text(said(CHECK_STATUSES[mark.status if mark else "open"], lang, "\n"))
        status.stylize(_CHECK_STYLE[mark.status if mark else "open"])
        if mark and mark.note:
            status.append(f"\n{mark.note}", style="default")
        if mark and mark.day:
            status.append(f"\n{mark.day}", style="dim")
        table.add_row(name, answers, status)
    counts = count_statuses(rows, marks)
    zh = "，".join(f"{CHECK_STATUSES[key].zh} {count}" for key, count in counts.items() if count)
    en = ", ".join(f"{CHECK_STATUSES[key].en} {count}" for key, count in counts.items() if count)
    total = Name(
        f"共 {len(rows)} 项" + f"：{zh}" * bool(zh), f"{len(rows)} items" + f": {en}" * bool(en)
    )
    return page(*((table, "") if rows else ()), Text("\n".join(lines(total, lang))))


def checklist_json(rows: Sequence[CheckItem], marks: Marks) -> Plain:
    """The checklist with its marks."""
    return {
        "tasks": [
            {
                "id": row.id,
                "key": row.key,
                "name": row.name._asdict(),
                **clause_json(row.clause),
                "type": row.type,
                "sector": row.sector.id if row.sector else None,
                "responsible": [
                    {"id": actor.id, "name": actor.name._asdict()} for actor in row.responsible
                ],
                "due": row.due,
                "levers": [lever.key for lever in row.levers],
                "metrics": [metric.id for metric in row.metrics],
                "metrics_via_lever": [metric.id for metric in row.metrics_via_lever],
                "targets": [target.key for target in row.targets],
                "model_role": row.model_role,
                "status": marks[row.id].status if row.id in marks else "open",
                "note": marks[row.id].note if row.id in marks else "",
                "day": marks[row.id].day if row.id in marks else "",
            }
            for row in rows
        ],
        "counts": count_statuses(rows, marks),
    }


def judged_json(items: Sequence[Judged]) -> list[Plain]:
    """How each target is judged."""
    return [
        {
            "id": item.target.id,
            "key": item.target.key,
            "name": item.target.name._asdict(),
            "document": item.target.document,
            "clause": item.target.clause.key,
            "metric": item.target.metric,
            "comparator": item.target.comparator,
            "value": item.target.value,
            "value_high": item.target.value_high,
            "unit": item.target.unit,
            "deadline": item.target.deadline.isoformat(),
            "headline": item.target.headline,
            "modelled_how": item.target.modelled_how,
            "how": item.how._asdict(),
            "status": item.status,
            "mechanism": item.mechanism,
            "series": item.series,
        }
        for item in items
    ]


def plans(registry: Registry, items: Sequence[Judged], lang: Lang = "both") -> str:
    """The plan documents, each with its targets and how they are judged."""
    parts: list[RenderableType] = []
    for document in registry.documents:
        own = [item for item in items if item.target.document == document.id]
        if not own:
            continue
        years = f"{document.start.year}–{document.end.year}"
        number_ = document.number or ""
        head = Text("\n".join(lines(document.name, lang)), style="bold")
        parts += [head, Text(f"{document.id}  {years}  {number_}".rstrip(), style="dim")]
        parts += [_judged_table(own, lang), ""]
    return page(*parts, _count_line(items, lang))


def plans_json(registry: Registry, items: Sequence[Judged]) -> list[Plain]:
    """The plan documents with their targets."""
    return [
        {
            "id": document.id,
            "name": document.name._asdict(),
            "number": document.number,
            "start": document.start.isoformat(),
            "end": document.end.isoformat(),
            "targets": judged_json([i for i in items if i.target.document == document.id]),
        }
        for document in registry.documents
        if any(item.target.document == document.id for item in items)
    ]


_FLOW_OR_STOCK: Mapping[str, Name] = {
    "level_at_deadline": Name("期末水平", "level at the deadline"),
    "cumulative_over_plan": Name("规划期累计", "cumulative over the plan"),
}


_DEADLINE_BASIS: Mapping[str, Name] = {
    "stated": Name("条款载明", "date stated"),
    "implied_by_section": Name("由章节推定", "date from the section"),
    "implied_plan_end": Name("取规划期末", "plan end taken"),
}


_GOAL_UNITS: Mapping[str, Name] = {
    **UNITS,
    "平方米": Name("平方米", "square metres"),
    "次/秒": Name("次/秒", "operations per second"),
    "种": Name("种", "kinds"),
}


_CHECK_STYLE: Mapping[str, str] = {
    "open": "default",
    "under_way": "yellow",
    "done": "green",
    "missed": "red",
}


def _judged_table(items: Sequence[Judged], lang: Lang) -> Table:
    table = grid(
        lang,
        ("left", Name("目标", "Target")),
        ("left", Name("目标值", "goal")),
        ("left", Name("期限", "by")),
        ("left", Name("如何判断", "how it is judged")),
        keys=[item.target.key for item in items],
    )
    for item in items:
        target = item.target
        name = Text(target.key, style="bold")
        for text in lines(target.name, lang):
            name.append("\n" + text, style="default")
        unit = target.unit
        if lang == "en" and unit != "亿元":
            unit = f" {_GOAL_UNITS.get(unit, unit_name(unit)).en}"
        goal = goal_text(target.comparator, target.value, target.value_high, unit)
        if target.comparator == "by_date" and target.value is not None:
            stage = Name(f"第 {target.value:g} 阶段", f"stage {target.value:g}")
            goal = said(stage, lang, " / ")
        status = STATUSES[item.status]
        how = Text(said(status, lang), style="green" if item.status == "scored" else "default")
        if item.status == "not_modelled":
            how.append(f": {item.mechanism}")
        if item.status == "scored":
            how.append(f": {item.series}")
        how.append("\n" + said(item.how, lang, "\n"), style="dim")
        table.add_row(name, goal, f"{target.deadline:%Y-%m}", how)
    return table


def _targets(items: Sequence[Judged]) -> list[Target]:
    return [item.target for item in items]


def _ledger_table(registry: Registry, items: Sequence[Judged], lang: Lang) -> Table:
    table = grid(
        lang,
        ("left", Name("目标与条款", "Target and clause")),
        ("left", Name("目标值与期限", "goal and deadline")),
        ("left", Name("口径与判断方式", "perimeter, and how it is judged")),
        keys=[item.target.key for item in items],
    )
    # Shrinking three wide columns alike would cut the first below its keys, and the line with it.
    table.columns[1].max_width = 20
    for item in items:
        table.add_row(*ledger_cells(registry, item, lang))
        table.add_section()
    return table


def ledger_cells(registry: Registry, item: Judged, lang: Lang) -> tuple[Text, Text, Text]:
    """A target's name and clause; goal and deadline; perimeter, and how it is judged."""
    target = item.target
    name = Text(target.key, style="bold")
    for text in lines(target.name, lang):
        name.append("\n" + text, style="default")
    name.append(f"\n{target.clause.text(lang)}", style="dim")
    goal = Text("\n".join(_goal(target, lang)), style="bold")
    basis = _DEADLINE_BASIS[target.deadline_basis]
    for part in (_FLOW_OR_STOCK[target.flow_or_stock], named(f"{target.deadline}"), basis):
        goal.append("\n" + said(part, lang, "\n"), style="default")
    what = Text(said(in_both(registry.metric(target.metric).definition), lang, "\n"))
    for line in _perimeter_lines(registry, target, lang):
        what.append("\n" + line)
    status = f"\n{said(STATUSES[item.status], lang)}"
    behind = item.mechanism if item.status == "not_modelled" else item.series
    status += f": {behind}" if behind else ""
    what.append(status, style="green" if item.status == "scored" else "default")
    what.append("\n" + said(item.how, lang, "\n"), style="dim")
    return name, goal, what


def _goal(target: Target, lang: Lang) -> tuple[str, ...]:
    """Comparator, value and unit in words."""
    if target.value is None:
        return lines(Name("无数字", "no number"), lang)
    if target.comparator == "by_date":
        stage = f"{target.value:g}"
        return lines(Name(f"到期达到阶段 {stage}", f"stage {stage} by the date"), lang)
    unit = _GOAL_UNITS.get(target.unit, named(target.unit))
    bare = goal_text(target.comparator, target.value, target.value_high, "")
    english = bare + (unit.en if target.unit == "亿元" else f" {unit.en}")
    return lines(Name(f"{bare}{unit.zh}", english), lang)


def _perimeter_lines(registry: Registry, target: Target, lang: Lang) -> Iterable[str]:
    """Where and for whom the target holds, and what it is a part of."""
    if target.places:
        where = [registry.place(id_).name for id_ in target.places]
    elif target.scope == "city":
        where = [registry.city.name]
    else:
        where = []
    yield from (said(name, lang) for name in where)
    if target.chains == registry.chain_ids:
        yield said(
            Name(f"全部{len(target.chains)}条产业链", f"all {len(target.chains)} chains"),
            lang,
            " / ",
        )
    elif target.chains:
        yield ", ".join(said(registry.chain(id_).name, lang) for id_ in target.chains)
    if target.actors:
        yield ", ".join(said(registry.actor(id_).name, lang) for id_ in target.actors)
    for label, id_ in (
        (Name("属于", "part of"), target.subset_of),
        (Name("重述", "restates"), target.restates),
        (Name("投入：工具", "input: lever"), target.lever),
    ):
        if id_ is not None:
            yield f"{said(label, lang, ' / ')} {key_of(id_)}"


def ledger_json_of(registry: Registry, target: Target) -> Plain:
    """What the plans say of one target, beyond how it is judged."""
    return {
        **clause_json(target.clause),
        "flow_or_stock": target.flow_or_stock,
        "deadline_basis": target.deadline_basis,
        "definition": in_both(registry.metric(target.metric).definition)._asdict(),
        "scope": target.scope,
        "chains": list(target.chains),
        "places": list(target.places),
        "actors": list(target.actors),
        "lever": target.lever,
        "subset_of": target.subset_of,
        "restates": target.restates,
        "wording": target.wording,
        "notes": target.notes,
        "ambiguities": [item.key for item in registry.ambiguities if target.id in item.targets],
    }


def _ambiguities(registry: Registry, targets: Sequence[Target]) -> list[Ambiguity]:
    """Those about any of the targets, then those about the whole of their plans."""
    ids = {target.id for target in targets}
    plans = {target.document for target in targets}
    near = [item for item in registry.ambiguities if ids & set(item.targets)]
    wide = [i for i in registry.ambiguities if not i.targets and plans & set(i.documents)]
    return near + wide


def _reading_parts(items: Sequence[Ambiguity], lang: Lang) -> list[RenderableType]:
    table = grid(
        lang,
        ("left", Name("可有几种读法之处", "What can be read in several ways")),
        ("left", Name("各种读法与所取者", "the readings, and the one taken")),
    )
    for item in items:
        name = Text(item.key, style="bold")
        name.append("\n" + said(item.name, lang, "\n"), style="default")
        about = [key_of(id_) for id_ in item.targets] or list(item.documents)
        name.append("\n" + "\n".join(about), style="dim")
        listed = [
            f"{place}. {said(reading.name, lang, ' / ')}"
            + (f" [{reading.key}]" if reading.key else "")
            for place, reading in enumerate(item.readings, start=1)
        ]
        text = Text("\n".join(listed))
        text.append(f"\n→ {said(in_both(item.recommended_reading), lang, ' / ')}", style="bold")
        table.add_row(name, text)
        table.add_section()
    return [table, counted(len(items), Name("处歧义", "ambiguities"), lang)]


def _coherence_table(items: Sequence[Implication], lang: Lang) -> Table:
    table = grid(
        lang,
        ("left", Name("推论", "What follows")),
        ("left", Name("算式与依据", "arithmetic and clauses")),
    )
    for item in items:
        what = Text(said(item.name, lang, "\n"), style="bold")
        what.append("\n" + said(item.says, lang, "\n"), style="default")
        if item.condition is not None:
            head = said(Name("前提：", "If: "), lang, "/ ")
            what.append(f"\n{head}{said(item.condition, lang, ' / ')}", style="dim")
        for part in item.perimeters:
            head = said(Name("口径", "perimeter"), lang, " / ")
            text = f"\n{head} {part.document} {part.metric}: {said(part.definition, lang, ' / ')}"
            what.append(text, style="dim")
        worked = Text(
            "\n".join(f"{said(a.label, lang, ' / ')}: {a.arithmetic}" for a in item.amounts)
        )
        for source in item.inputs:
            stated = f" {source.stated}" if source.stated else ""
            worked.append(f"\n{source.key}{stated}\n  {source.clause}", style="dim")
        if item.ambiguities:
            head = said(Name("歧义", "ambiguity"), lang, " / ")
            worked.append(f"\n{head}: {', '.join(item.ambiguities)}", style="dim")
        table.add_row(what, worked)
        table.add_section()
    return table


def _answers(row: CheckItem, lang: Lang) -> Iterable[str]:
    """Levers, metrics and targets of a checklist item, a line each."""
    for label, entries in (
        (Name("工具", "lever"), row.levers),
        (Name("指标", "metric"), row.metrics),
        (Name("经工具影响的指标", "metric via lever"), row.metrics_via_lever),
        (Name("目标", "target"), row.targets),
    ):
        if entries:
            keys = ", ".join(entry.key for entry in entries)
            yield f"{said(label, lang, ' / ')}: {keys}"
    if not (row.levers or row.metrics or row.metrics_via_lever or row.targets):
        yield said(Name("背景，模型不作回应", "context: nothing in the model answers"), lang, "\n")


def _count_line(items: Sequence[Judged], lang: Lang) -> Text:
    counts = {key: sum(item.status == key for item in items) for key in STATUSES}
    zh = "，".join(f"{STATUSES[key].zh} {count}" for key, count in counts.items() if count)
    en = ", ".join(f"{STATUSES[key].en} {count}" for key, count in counts.items() if count)
    name = Name(zh=f"共 {len(items)} 项：{zh}", en=f"{len(items)} targets: {en}")
    return Text("\n".join(lines(name, lang)))
