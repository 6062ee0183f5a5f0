"""Tables for the terminal, and the same content as plain data for other programs.

Every table has a twin that ends in `_json`: dictionaries, lists, numbers and texts in both
languages, ready for one JSON object. Tables are plain text unless standard output is a terminal;
`NO_COLOR` and `COLUMNS` are respected. They are laid out for 80 columns: a figure and its interval
share a cell on two lines, and nothing is cut off, texts wrap.
"""

import io
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.checklist import STATUSES as CHECK_STATUSES
from simulator.checklist import CheckItem, Marks, count_statuses
from simulator.coherence import KINDS, Implication
from simulator.foundation.findings import Finding
from simulator.observables import Observable
from simulator.policy.effects import AWAITED, lever_tables
from simulator.registry import Ambiguity, Clause, Lever, Library, Name, Registry, Target, key_of
from simulator.registry.translations import in_both
from simulator.reporting import Ensemble, Lang
from simulator.reporting.wording import (
    UNITS,
    amount,
    interval,
    lines,
    number,
    percent,
    said,
    spread,
)
from simulator.targets import (
    STATUSES,
    UNCALIBRATED,
    JointScore,
    Judged,
    Probability,
    Spread,
    TargetScore,
    goal_text,
    trust_in,
)

if TYPE_CHECKING:
    from simulator.experiments.comparison import Comparison, Difference
    from simulator.experiments.store import RunEntry
    from simulator.experiments.validation import Validation
    from simulator.scenario import OriginRow

SCHEMA_VERSION = 1
Plain = dict[str, Any]

_WIDEST = 140


def scores(
    run: Ensemble,
    found: Sequence[TargetScore],
    together: Sequence[JointScore],
    lang: Lang = "both",
    resting: Sequence[tuple[Name, float]] = (),
    records: Mapping[str, Name] | None = None,
) -> str:
    """The target table of a run: numbers, what is not judged yet and why, base constructions.

    `resting` are shares of variance that rest on assumed parameters, `records` what became of earlier targets of the
    same kind, by target key.
    """
    plan = [item for item in found if not item.extra]
    scored = [item for item in plan if item.probability]
    parts: list[RenderableType] = [_headline(run, lang)]
    if scored:
        parts.append(_score_table(scored, lang))
        parts += [_joint_line(item, lang) for item in together if len(item.keys) > 1]
        parts.append(Text(said(_LEGEND, lang, "\n"), style="dim"))
    waiting = [item for item in plan if item.probability is None]
    if waiting:
        parts += ["", _status_table(waiting, lang)]
    for item in found:
        if item.by_construction and not item.extra:
            parts += ["", _construction_table(item, lang)]
    apart = [item for item in found if item.extra]
    if apart:
        head = Name(zh="情景另加的目标，不属于任何规划", en="Added by the scenario, in no plan")
        parts += ["", Text(said(head, lang), style="bold")]
        parts.append(_score_table([item for item in apart if item.probability], lang))
        parts += [Text(said(i.note, lang, "\n"), style="dim") for i in apart if i.note]
        unjudged = [item for item in apart if item.probability is None]
        if unjudged:
            parts.append(_status_table(unjudged, lang))
    told = [item for item in scored if records and item.key in records]
    if told and records:
        head = Name(zh="同类承诺过去的结果", en="What became of earlier promises of the same kind")
        parts += ["", Text(said(head, lang), style="bold")]
        for record in dict.fromkeys(records[item.key] for item in told):
            keys = ", ".join(item.key for item in told if records[item.key] == record)
            parts.append(Text(f"{said(record, lang)}\n  {keys}", style="dim"))
    if resting:
        shares = {name: percent(share) for name, share in resting}
        words = Name(
            zh="方差中基于假定参数的份额：" + "；".join(f"{n.zh} {s}" for n, s in shares.items()),
            en="Share of the variance that rests on assumed parameters: "
            + "; ".join(f"{n.en} {s}" for n, s in shares.items()),
        )
        parts += ["", Text(said(words, lang, "\n"), style="dim")]
    return _text(*parts, "", Text(said(trust_in(run).caution, lang, "\n"), style="yellow"))


def scores_json(found: Sequence[TargetScore], together: Sequence[JointScore]) -> Plain:
    """All scores and joint probabilities; None where there is no number."""
    return {
        "schema_version": SCHEMA_VERSION,
        "calibrated": all(item.calibrated for item in found) and bool(found),
        "caution": (found[0].caution if found else UNCALIBRATED)._asdict(),
        "targets": [_score_json(item) for item in found],
        "joint": [
            {
                "document": item.document,
                "name": item.name._asdict(),
                "targets": list(item.keys),
                "total": item.total,
                "probability": _probability_json(item.probability),
                "published": _probability_json(item.published),
                "calibrated": item.calibrated,
            }
            for item in together
        ],
    }


def ledger(
    registry: Registry, items: Sequence[Judged], lang: Lang = "both", *, readings: bool = False
) -> str:
    """The target ledger: goal, deadline, clause, perimeter, definition, and how each is judged.

    `readings` adds the ambiguities of these targets, with every reading and the one taken.
    """
    parts: list[RenderableType] = [_ledger_table(registry, items, lang)]
    if readings:
        parts += ["", *_reading_parts(_ambiguities(registry, _targets(items)), lang)]
    return _text(*parts, "", _count_line(items, lang))


def ledger_json(registry: Registry, items: Sequence[Judged], *, readings: bool = False) -> Plain:
    """The target ledger; every target names its ambiguities, `readings` adds them in full."""
    found: Plain = {
        "targets": [
            {**plain, **_ledger_json(registry, item.target)}
            for plain, item in zip(judged_json(items), items, strict=True)
        ]
    }
    if readings:
        found.update(readings_json(registry, _targets(items)))
    return found


def readings(registry: Registry, targets: Sequence[Target], lang: Lang = "both") -> str:
    """The ambiguities of the targets and of their plans, with the readings and the one taken."""
    return _text(*_reading_parts(_ambiguities(registry, targets), lang))


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
                "readings": [in_both(text)._asdict() for text in item.readings],
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
    return _text(*parts, Text("\n".join(lines(total, lang))))


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
                    **_clause_json(part.clause),
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
    table = _table(
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
    return _text(*((table, "") if rows else ()), Text("\n".join(lines(total, lang))))


def checklist_json(rows: Sequence[CheckItem], marks: Marks) -> Plain:
    """The checklist with its marks."""
    return {
        "tasks": [
            {
                "id": row.id,
                "key": row.key,
                "name": row.name._asdict(),
                **_clause_json(row.clause),
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
    return _text(*parts, _count_line(items, lang))


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


def comparison(found: "Comparison", lang: Lang = "both") -> str:
    """Paired differences to the first scenario, with intervals, and those of the targets."""
    first, seed = found.labels[0], found.runs[0].seed
    head = Name(
        zh=f"与 {first} 之差：{found.n} 个成员逐一配对，种子 {seed}；区间为 95% 蒙特卡洛误差",
        en=f"Differences to {first}: {found.n} paired members, seed {seed}; "
        "95% Monte Carlo intervals",
    )
    parts: list[RenderableType] = [Text(said(head, lang, "\n"))]
    for label in found.labels[1:]:
        rows = _shown([row for row in found.differences if row.label == label])
        parts += ["", Text(label, style="bold"), _difference_table(rows, first, lang)]
        targets = [row for row in found.targets if row.label == label]
        if targets:
            table = _table(
                lang,
                ("left", Name("目标概率", "Probability of the target")),
                ("right", _named(first)),
                ("right", _named(label)),
                ("right", Name("差（百分点）\n95% 区间", "difference, points\n95% interval")),
                ("right", Name("新达标/\n失标", "gained/\nlost")),
            )
            for row in targets:
                name = "\n".join(lines(row.name, lang))
                if row.published:
                    name += "\n" + said(Name("（公布口径）", "(as published)"), lang)
                table.add_row(
                    name,
                    percent(row.probability_first),
                    percent(row.probability_this),
                    f"{_hundredths(row.difference)}\n{_hundredths(row.low)}…{_hundredths(row.high)}",
                    f"{row.gained}/{row.lost}",
                )
            parts.append(table)
    caution = trust_in(found.runs[0]).caution
    return _text(*parts, "", Text(said(caution, lang, "\n"), style="yellow"))


def comparison_json(found: "Comparison") -> Plain:
    """Every paired difference, with how much sharper pairing makes it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "calibrated": all(trust_in(run).calibrated for run in found.runs),
        "caution": trust_in(found.runs[0]).caution._asdict(),
        "reference": found.labels[0],
        "labels": list(found.labels),
        "runs": [str(run.path) for run in found.runs],
        "members": found.n,
        "years": list(found.years),
        "differences": [
            {
                **{name: getattr(row, name) for name in row.__dataclass_fields__},
                "relative": row.relative,
                "variance_ratio": _finite(row.variance_ratio),
            }
            for row in found.differences
        ],
        "targets": [
            {
                **{name: getattr(row, name) for name in row.__dataclass_fields__},
                "name": row.name._asdict(),
            }
            for row in found.targets
        ],
    }


@dataclass(frozen=True, slots=True)
class LeverRow:
    """A lever with what is assumed of it; no numbers where the plan's lever has no size yet.

    `low`, `default` and `high` are doses in `unit`; `channels` are those it moves, `effect` says
    whether it does already.
    """

    lever: Lever
    attribute: str
    unit: str
    default: float | None
    low: float | None
    high: float | None
    cost_per_unit: float | None
    grade: str
    channels: tuple[str, ...]
    effect: Name


def lever_rows(library: Library, levers: Iterable[Lever]) -> tuple[LeverRow, ...]:
    """The levers with their assumed sizes and effects, in the order given."""
    assumed, effects = lever_tables(library)
    moves: dict[str, list[str]] = {}
    for effect in effects:
        moves.setdefault(effect.lever, []).append(effect.channel)
    rows = []
    for lever in levers:
        size = assumed.get(lever.id)
        channels = tuple(dict.fromkeys(moves.get(lever.id, ())))
        rows.append(
            LeverRow(
                lever,
                size.attribute if size else "",
                size.unit if size else "",
                size.default if size else None,
                size.low if size else None,
                size.high if size else None,
                size.cost_per_unit if size else None,
                size.grade if size else "",
                channels,
                _effect(size is not None, channels),
            )
        )
    return tuple(rows)


def levers(rows: Sequence[LeverRow], lang: Lang = "both") -> str:
    """The levers: key, dose with its range, years, channels, clause."""
    table = _table(
        lang,
        ("left", Name("政策工具与条款", "Lever and clause")),
        ("left", Name("默认剂量（范围）", "default dose (range)")),
        ("left", Name("作用渠道", "channels")),
        keys=[row.lever.key for row in rows],
    )
    for row in rows:
        name = Text(row.lever.key, style="bold")
        for text in lines(row.lever.name, lang):
            name.append("\n" + text, style="default")
        name.append(f"\n{row.lever.document} {row.lever.clause.key}", style="dim")
        dose = f"{row.lever.start}–{row.lever.end}"
        if row.default is not None:
            unit = "" if row.unit == "1" else f" {row.unit}"
            dose = (
                f"{row.attribute} {number(row.default)}{unit}\n"
                f"({number(row.low)}–{number(row.high)})\n{dose}"
            )
        effect = ", ".join(row.channels) if row.channels else ""
        if row.effect != _ACTS:
            effect = "\n".join(filter(None, (effect, said(row.effect, lang, "\n"))))
        table.add_row(name, dose, effect)
    return _text(table, _counted(len(rows), Name("项政策工具", "levers"), lang))


def levers_json(rows: Sequence[LeverRow]) -> list[Plain]:
    """The levers with their assumed sizes and effects."""
    return [
        {
            "id": row.lever.id,
            "key": row.lever.key,
            "name": row.lever.name._asdict(),
            "document": row.lever.document,
            "clause": row.lever.clause.key,
            "kind": row.lever.kind,
            "start": row.lever.start,
            "end": row.lever.end,
            "chains": list(row.lever.chains),
            "places": list(row.lever.places),
            "acts_on": list(row.lever.acts_on),
            "attribute": row.attribute,
            "unit": row.unit,
            "default": row.default,
            "low": row.low,
            "high": row.high,
            "cost_per_unit": row.cost_per_unit,
            "grade": row.grade,
            "channels": list(row.channels),
            "effect": row.effect._asdict(),
        }
        for row in rows
    ]


def metrics(rows: Sequence[Observable], lang: Lang = "both") -> str:
    """The measured series: key, name, unit, perimeter, equation."""
    table = _table(
        lang,
        ("left", Name("序列", "Series")),
        ("left", Name("单位\n类型", "unit\nkind")),
        ("left", Name("口径\n方程", "perimeter\nequation")),
        keys=[row.key + _ELEMENT[row.dimension] for row in rows],
    )
    for row in rows:
        name = Text(row.key + _ELEMENT[row.dimension], style="bold")
        for text in lines(row.name, lang):
            name.append("\n" + text, style="default")
        table.add_row(name, f"{row.unit}\n{row.kind}", f"{row.perimeter}\n{row.equation}")
    return _text(table, _counted(len(rows), Name("个序列", "series"), lang))


def metrics_json(rows: Sequence[Observable]) -> list[Plain]:
    """The measured series."""
    return [
        {
            "key": row.key,
            "name": row.name._asdict(),
            "unit": row.unit,
            "dimension": row.dimension,
            "kind": row.kind,
            "perimeter": row.perimeter,
            "metric": row.metric,
            "equation": row.equation,
        }
        for row in rows
    ]


def validation(found: "Validation", lang: Lang = "both") -> str:
    """Every stylised fact with range, value and verdict; why it is missed or not computed; fund accounts."""
    table = _table(
        lang,
        ("left", Name("事实", "Fact")),
        ("right", Name("期望", "expected")),
        ("right", Name("模型\n5–95%", "model\n5–95%")),
        ("left", Name("结论", "verdict")),
        keys=[item.fact.id for item in found.judgements],
    )
    for item in found.judgements:
        fact, sample = item.fact, item.sample
        name = Text(fact.id, style="bold")
        for text in lines(fact.name, lang):
            name.append("\n" + text, style="default")
        value = (
            f"{_figure(sample.value)}\n{_figure(sample.low)}–{_figure(sample.high)}"
            if sample
            else "–"
        )
        verdict = Text(said(_VERDICTS[item.verdict], lang), style=_VERDICT_STYLES[item.verdict])
        if fact.fitted_by and sample:
            verdict.append("\n" + said(_MARKS["fitted"], lang), style="dim")
        table.add_row(name, f"{_figure(fact.low)}–{_figure(fact.high)}", value, verdict)
    parts: list[RenderableType] = [Text(_validation_head(found, lang), style="bold"), table]
    for verdict_key, title in (("miss", _MISSES), ("not_applicable", _WAITING)):
        chosen = [item for item in found.judgements if item.verdict == verdict_key]
        if chosen:
            parts += ["", Text(said(title, lang), style="bold")]
        for item in chosen:
            waits = f" [{item.fact.waits_for}]" if item.fact.waits_for else ""
            parts.append(Text(f"{item.fact.id}{waits}: {said(item.reason, lang)}"))
    if found.accounts:
        parts += ["", _account_table(found, lang)]
        parts += [Text(f"{a.key}: {said(a.note, lang)}", style="dim") for a in found.accounts]
    return _text(*parts)


def validation_json(found: "Validation") -> Plain:
    """Facts and accounts; None where nothing is computed."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": found.stem,
        "seed": found.seed,
        "members": found.members,
        "period": str(found.period),
        "facts": [
            {
                "id": item.fact.id,
                "name": item.fact.name._asdict(),
                "unit": item.fact.unit,
                "expected_low": item.fact.low,
                "expected_high": item.fact.high,
                "value": _finite(item.sample.value) if item.sample else None,
                "low": _finite(item.sample.low) if item.sample else None,
                "high": _finite(item.sample.high) if item.sample else None,
                "verdict": item.verdict,
                "mark": item.fact.mark,
                "fitted_by": item.fact.fitted_by,
                "waits_for": item.fact.waits_for,
                "reason": item.reason._asdict(),
                "how": item.fact.how,
                "source": item.fact.source,
                "url": item.fact.address,
            }
            for item in found.judgements
        ],
        "accounts": [
            {
                "key": item.key,
                "name": item.name._asdict(),
                "unit": item.unit,
                "date": item.date,
                "reported": item.reported,
                "model": _finite(item.model.value),
                "low": _finite(item.model.low),
                "high": _finite(item.model.high),
                "mark": item.mark,
                "fitted_by": item.fitted_by,
                "note": item.note._asdict(),
                "source": item.source,
            }
            for item in found.accounts
        ],
    }


_VERDICTS: Mapping[str, Name] = {
    "pass": Name("符合", "pass"),
    "miss": Name("不符", "miss"),
    "not_applicable": Name("不适用", "not applicable"),
}
_VERDICT_STYLES: Mapping[str, str] = {"pass": "green", "miss": "yellow", "not_applicable": "dim"}
_MARKS: Mapping[str, Name] = {
    "fitted": Name("据此设定", "fitted"),
    "check": Name("核对", "check"),
}
_MISSES = Name(
    "不符之处及原因（原因据默认情景查明）", "Misses, and why (examined on the default scenario)"
)
_WAITING = Name("未计算，所待之机制", "Not computed: what each waits for")


def _validation_head(found: "Validation", lang: Lang) -> str:
    counts = {key: sum(i.verdict == key for i in found.judgements) for key in _VERDICTS}
    name = Name(
        f"{found.name.zh}，{found.period}，{found.members} 个成员：{counts['pass']} 项符合，"
        f"{counts['miss']} 项不符，{counts['not_applicable']} 项不适用",
        f"{found.name.en}, {found.period}, {found.members} members: {counts['pass']} pass, "
        f"{counts['miss']} miss, {counts['not_applicable']} not applicable",
    )
    return said(name, lang, "\n")


def _account_table(found: "Validation", lang: Lang) -> Table:
    table = _table(
        lang,
        ("left", Name("基金账目", "Fund account")),
        ("right", Name("公布", "reported")),
        ("right", Name("模型\n5–95%", "model\n5–95%")),
        ("left", Name("性质", "mark")),
        keys=[item.key for item in found.accounts],
    )
    for item in found.accounts:
        name = Text(item.key, style="bold")
        for text in lines(item.name, lang):
            name.append("\n" + text, style="default")
        sample = item.model
        table.add_row(
            name,
            f"{number(item.reported)} {item.unit}\n{item.date}",
            f"{number(sample.value)}\n{number(sample.low)}–{number(sample.high)}",
            said(_MARKS[item.mark], lang) + (f"\n{item.fitted_by}" if item.fitted_by else ""),
        )
    return table


def _figure(value: float) -> str:
    """A statistic in at most three decimals, a true minus."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def runs(entries: Sequence["RunEntry"], lang: Lang = "both") -> str:
    """The run folders, as given."""
    table = _table(
        lang,
        ("left", Name("运行", "Run")),
        ("right", Name("成员", "members")),
        ("right", Name("种子", "seed")),
        ("left", Name("状态", "status")),
        ("left", Name("完成 (UTC)", "finished (UTC)")),
        ("right", Name("大小", "size")),
        keys=[entry.path.name for entry in entries],
    )
    for entry in entries:
        status = "\n".join(lines(_RUN_STATUS.get(entry.status, _named(entry.status)), lang))
        when = entry.finished.strftime("%Y-%m-%d %H:%M") if entry.finished else "–"
        size = f"{entry.size / 1e6:.1f} MB"
        table.add_row(entry.path.name, str(entry.members), str(entry.seed), status, when, size)
    return _text(table)


def runs_json(entries: Sequence["RunEntry"]) -> list[Plain]:
    """The run folders."""
    return [
        {
            "path": str(entry.path),
            "scenario": entry.stem,
            "hash": entry.hash,
            "seed": entry.seed,
            "members": entry.members,
            "status": entry.status,
            "finished": entry.finished.isoformat() if entry.finished else None,
            "version": entry.version,
            "size": entry.size,
        }
        for entry in entries
    ]


def findings(items: Sequence[Finding], lang: Lang = "both") -> str:
    """What was found in input files, each with its place."""
    table = _table(
        lang,
        ("left", Name("位置", "Place")),
        ("left", Name("发现", "Finding")),
    )
    for item in items:
        place = f"{item.file}:{item.line}:{item.column}" if item.line else item.file
        what = Text("\n".join(lines(Name(item.what_zh, item.what), lang)))
        if item.allowed:
            what.append(f"\n{said(Name('允许：', 'allowed: '), lang, '/ ')}{item.allowed}")
        if item.suggestion:
            hint = said(Name("是否想写：", "did you mean: "), lang, "/ ")
            what.append(f"\n{hint}{item.suggestion}")
        where = Text(f"{place}\n{item.path}".rstrip())
        where.stylize("red" if item.severity == "error" else "yellow", 0, len(place))
        table.add_row(where, what)
    return _text(table)


def findings_json(items: Sequence[Finding]) -> Plain:
    """What was found in input files."""
    return {
        "schema_version": SCHEMA_VERSION,
        "findings": [
            {
                "file": item.file,
                "line": item.line,
                "column": item.column,
                "path": item.path,
                "what": {"zh": item.what_zh, "en": item.what},
                "allowed": item.allowed,
                "suggestion": item.suggestion,
                "severity": item.severity,
            }
            for item in items
        ],
    }


def origins(rows: Sequence["OriginRow"], lang: Lang = "both") -> str:
    """Every value of a scenario, and the layer and place that set it."""
    table = _table(
        lang,
        ("left", Name("键", "Key")),
        ("left", Name("取值", "value")),
        ("left", Name("来源", "set by")),
    )
    for row in rows:
        key = Text(row.path, style="bold")
        for text in lines(row.name, lang):
            key.append("\n" + text, style="dim")
        table.add_row(key, row.value, f"{row.layer}\n{row.place}".rstrip())
    return _text(table)


def origins_json(rows: Sequence["OriginRow"]) -> Plain:
    """Every value of a scenario with its origin."""
    return {
        "schema_version": SCHEMA_VERSION,
        "values": [
            {
                "path": row.path,
                "name": row.name._asdict(),
                "value": row.value,
                "layer": row.layer,
                "place": row.place,
            }
            for row in rows
        ],
    }


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

_ELEMENT: Mapping[str, str] = {
    "city": "",
    "chain": "[chain]",
    "district": "[place]",
    "target": "[target]",
}

_LEGEND = Name(
    zh="公布口径：含口径漂移。缺口：中位数，及其占目标之比。首达：首次达到年份的中位数，"
    "及达到者占比。基准：几何布朗运动（L13）。",
    en="as publ.: with definition drift. short: median shortfall, and its share of the goal. "
    "first: median year first reached, and share of members that do. GBM: benchmark L13.",
)

_RUN_STATUS: Mapping[str, Name] = {
    "complete": Name("完成", "complete"),
    "failed": Name("有成员失败", "failed members"),
    "incomplete": Name("未完成", "incomplete"),
    "damaged": Name("已损坏", "damaged"),
}


def _text(*parts: RenderableType) -> str:
    """The parts as text for standard output: coloured on a terminal unless NO_COLOR is set."""
    out = io.StringIO()
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    console = Console(
        file=out,
        width=max(width, 60),
        force_terminal=sys.stdout.isatty(),
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n")) + "\n"


def _table(lang: Lang, *columns: tuple[str, Name], keys: Iterable[str] = ()) -> Table:
    """A table with bilingual headings; columns of numbers keep their width, texts wrap.

    The first column is wide enough for its `keys`, which people copy.
    """
    widest = max(map(len, keys), default=0)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=False)
    for place, (side, name) in enumerate(columns):
        head = "\n".join(lines(name, lang))
        justify: Any = side
        table.add_column(
            Text(head, style="bold"),
            justify=justify,
            overflow="fold",
            no_wrap=side == "right",
            min_width=widest if place == 0 else None,
            vertical="top",
        )
    return table


def _headline(run: Ensemble, lang: Lang) -> Text:
    name = said(run.scenario.name, lang)
    text = Text(name, style="bold")
    members = Name(zh=f"{run.n} 个成员，种子 {run.seed}", en=f"{run.n} members, seed {run.seed}")
    text.append(f"  {said(members, lang, ' / ')}\n", style="dim")
    return text


def _score_table(found: Sequence[TargetScore], lang: Lang) -> Table:
    table = _table(
        lang,
        ("left", Name("目标", "Target")),
        ("right", Name("概率", "chance")),
        ("right", Name("公布口径", "as publ.")),
        ("right", Name("中位数", "median")),
        ("right", Name("缺口", "short")),
        ("right", Name("首达", "first")),
        ("right", Name("基准", "GBM")),
        keys=[item.key for item in found],
    )
    for item in found:
        assert item.probability is not None
        name = Text("\n".join(lines(item.name, lang)))
        name.append(f"\n{item.key}\n{item.year}  {_aim(item, lang)}", style="dim")
        reached = item.first_reached
        table.add_row(
            name,
            Text.assemble(
                (percent(item.probability.value), "bold"), "\n", interval(item.probability)
            ),
            _chance(item.published),
            f"{number(item.outcome.median if item.outcome else None)}\n{spread(item.outcome)}",
            _short(item),
            f"{reached.year or '–'}\n{percent(reached.share)}" if reached else "",
            percent(item.benchmark) if item.benchmark is not None else "",
        )
        table.add_section()
    return table


def _short(item: TargetScore) -> str:
    """The median shortfall, and its share of the goal."""
    if not item.shortfall or not item.value:
        return "0"
    return f"{number(item.shortfall)}\n{percent(item.shortfall / item.value)}"


def _aim(item: TargetScore, lang: Lang) -> str:
    unit = "" if lang == "en" and item.unit != "亿元" else item.unit
    return goal_text(item.comparator, item.value, item.value_high, unit)


def _joint_line(item: JointScore, lang: Lang) -> Text:
    count, total = len(item.keys), item.total
    chance = f"{percent(item.probability.value)} ({interval(item.probability)})"
    twin = f"{percent(item.published.value)} ({interval(item.published)})"
    name = Name(
        zh=f"以上 {count} 项（规划共 {total} 项）同时达到：{chance}；公布口径 {twin}",
        en=f"all {count} of these together (the plan has {total}): {chance}; as published {twin}",
    )
    return Text("\n".join(lines(name, lang)))


def _status_table(found: Sequence[TargetScore], lang: Lang) -> Table:
    table = _table(
        lang,
        ("left", Name("尚无概率的目标", "Targets without a probability")),
        ("left", Name("目标值", "goal")),
        ("left", Name("原因", "why")),
    )
    for item in found:
        name = "\n".join(lines(item.name, lang))
        table.add_row(name, _aim(item, lang), "\n".join(lines(item.reason, lang)))
    return table


def _construction_table(item: TargetScore, lang: Lang) -> Table:
    table = _table(
        lang,
        (
            "left",
            Name(f"{item.name.zh}：按基期构造", f"{item.name.en}: by construction of the base"),
        ),
        ("right", Name("基期\n中位数", "base\nmedian")),
        ("right", Name("概率", "chance")),
        ("right", Name("公布口径", "as publ.")),
        ("right", Name("基准", "GBM")),
        ("right", Name("成员", "members")),
    )
    for part in item.by_construction:
        table.add_row(
            f"{said(part.name, lang)} ({part.construction})",
            f"{number(part.base)}亿元",
            _chance(part.probability),
            _chance(part.published),
            percent(part.benchmark) if part.benchmark is not None else "",
            str(part.probability.members),
        )
    return table


def _chance(found: Probability | None) -> str:
    """A probability with its interval on a second line."""
    return f"{percent(found.value)}\n{interval(found)}" if found else ""


def _judged_table(items: Sequence[Judged], lang: Lang) -> Table:
    table = _table(
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
        unit = "" if lang == "en" and target.unit != "亿元" else target.unit
        goal = goal_text(target.comparator, target.value, target.value_high, unit)
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
    table = _table(
        lang,
        ("left", Name("目标与条款", "Target and clause")),
        ("left", Name("目标值与期限", "goal and deadline")),
        ("left", Name("口径与判断方式", "perimeter, and how it is judged")),
        keys=[item.target.key for item in items],
    )
    # Shrinking three wide columns alike would cut the first below its keys, and the line with it.
    table.columns[1].max_width = 20
    for item in items:
        target = item.target
        name = Text(target.key, style="bold")
        for text in lines(target.name, lang):
            name.append("\n" + text, style="default")
        name.append(f"\n{target.clause.text(lang)}", style="dim")
        goal = Text("\n".join(_goal(target, lang)), style="bold")
        basis = _DEADLINE_BASIS[target.deadline_basis]
        for part in (_FLOW_OR_STOCK[target.flow_or_stock], _named(f"{target.deadline}"), basis):
            goal.append("\n" + said(part, lang, "\n"), style="default")
        what = Text(said(in_both(registry.metric(target.metric).definition), lang, "\n"))
        for line in _perimeter_lines(registry, target, lang):
            what.append("\n" + line)
        status = f"\n{said(STATUSES[item.status], lang)}"
        behind = item.mechanism if item.status == "not_modelled" else item.series
        status += f": {behind}" if behind else ""
        what.append(status, style="green" if item.status == "scored" else "default")
        what.append("\n" + said(item.how, lang, "\n"), style="dim")
        table.add_row(name, goal, what)
        table.add_section()
    return table


def _goal(target: Target, lang: Lang) -> tuple[str, ...]:
    """Comparator, value and unit in words."""
    if target.value is None:
        return lines(Name("无数字", "no number"), lang)
    if target.comparator == "by_date":
        stage = f"{target.value:g}"
        return lines(Name(f"到期达到阶段 {stage}", f"stage {stage} by the date"), lang)
    unit = _GOAL_UNITS.get(target.unit, _named(target.unit))
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


def _ledger_json(registry: Registry, target: Target) -> Plain:
    return {
        **_clause_json(target.clause),
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


def _clause_json(clause: Clause) -> Plain:
    return {"document": clause.document, "clause": clause.key, "clause_name_en": clause.name_en}


def _ambiguities(registry: Registry, targets: Sequence[Target]) -> list[Ambiguity]:
    """Those about any of the targets, then those about the whole of their plans."""
    ids = {target.id for target in targets}
    plans = {target.document for target in targets}
    near = [item for item in registry.ambiguities if ids & set(item.targets)]
    wide = [i for i in registry.ambiguities if not i.targets and plans & set(i.documents)]
    return near + wide


def _reading_parts(items: Sequence[Ambiguity], lang: Lang) -> list[RenderableType]:
    table = _table(
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
            f"{place}. {said(in_both(text), lang, ' / ')}"
            for place, text in enumerate(item.readings, start=1)
        ]
        text = Text("\n".join(listed))
        text.append(f"\n→ {said(in_both(item.recommended_reading), lang, ' / ')}", style="bold")
        table.add_row(name, text)
        table.add_section()
    return [table, _counted(len(items), Name("处歧义", "ambiguities"), lang)]


def _coherence_table(items: Sequence[Implication], lang: Lang) -> Table:
    table = _table(
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


def _named(word: str) -> Name:
    return Name(word, word)


def _counted(count: int, what: Name, lang: Lang) -> Text:
    return Text(said(Name(f"{count} {what.zh}", f"{count} {what.en}"), lang, " / "), style="dim")


def _shown(rows: Sequence["Difference"]) -> list["Difference"]:
    """All of a short list, of a long one the last year only: the whole is in the JSON twin."""
    if len(rows) <= 12:
        return list(rows)
    last = max(row.year for row in rows)
    return [row for row in rows if row.year == last]


def _difference_table(rows: Sequence["Difference"], first: str, lang: Lang) -> Table:
    table = _table(
        lang,
        ("left", Name("序列@年份", "series@year")),
        ("right", Name(f"{first}\n均值", f"{first}\nmean")),
        ("right", Name("均值差\n95% 区间", "mean difference\n95% interval")),
        ("right", Name("相对", "relative")),
        ("right", Name("配对\n增益", "pairing\ngain")),
        keys=[f"{row.series}@{row.year}" for row in rows],
    )
    for row in rows:
        gain = row.variance_ratio
        gained = "" if gain is None else "∞" if gain == float("inf") else f"×{number(gain)}"
        table.add_row(
            Text(f"{row.series}@{row.year}"),
            amount(row.mean_first, row.unit, lang)
            if row.unit != "share"
            else number(row.mean_first),
            f"{number(row.mean, sign=True)}\n"
            f"{number(row.low, sign=True)}…{number(row.high, sign=True)}",
            "–" if row.relative is None else f"{_hundredths(row.relative)}%",
            gained,
        )
    return table


def _hundredths(share: float) -> str:
    """A signed share in hundredths with one decimal: `+3.7`."""
    return f"{share * 100:+.1f}".replace("-", "−")


_ACTS = Name("起作用", "acts")


def _effect(sized: bool, channels: Sequence[str]) -> Name:
    """Whether a lever acts, and what it waits for if not."""
    if not sized:
        return Name("暂无作用：假设表中尚无其规模", "no effect yet: no size in the assumptions")
    if not channels:
        return Name("声明无直接作用", "declares no effect")
    if set(channels) <= set(AWAITED):
        waits = ", ".join(sorted({AWAITED[channel] for channel in channels}))
        return Name(f"暂无作用：尚缺 {waits}", f"no effect yet: waits for {waits}")
    return _ACTS


def _score_json(item: TargetScore) -> Plain:
    reached = item.first_reached
    return {
        "id": item.id,
        "key": item.key,
        "name": item.name._asdict(),
        "document": item.document,
        "metric": item.metric,
        "comparator": item.comparator,
        "value": item.value,
        "value_high": item.value_high,
        "unit": item.unit,
        "year": item.year,
        "headline": item.headline,
        "extra": item.extra,
        "how": item.how._asdict(),
        "status": item.status,
        "mechanism": item.mechanism,
        "series": item.series,
        "reason": item.reason._asdict(),
        "note": item.note._asdict() if item.note else None,
        "probability": _probability_json(item.probability),
        "published": _probability_json(item.published),
        "outcome": _spread_json(item.outcome),
        "outcome_published": _spread_json(item.outcome_published),
        "shortfall": item.shortfall,
        "first_reached": reached._asdict() if reached else None,
        "benchmark_gbm": item.benchmark,
        "by_construction": [
            {
                "construction": part.construction,
                "name": part.name._asdict(),
                "base": part.base,
                "probability": _probability_json(part.probability),
                "published": _probability_json(part.published),
                "benchmark_gbm": part.benchmark,
            }
            for part in item.by_construction
        ],
        "calibrated": item.calibrated,
        "caution": item.caution._asdict(),
    }


def _probability_json(found: Probability | None) -> Plain | None:
    return found._asdict() if found else None


def _spread_json(found: Spread | None) -> Plain | None:
    return found._asdict() if found else None


def _finite(value: float | None) -> float | None:
    """JSON has no infinity."""
    return None if value is None or value == float("inf") else value
