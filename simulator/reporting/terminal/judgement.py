"""What came of every target of every plan, where a reading changes it, and where the doubt comes from."""

import csv
import io
import shutil
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from simulator.readings import VERDICTS, ReadingScore
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.terminal.plans import judged_json, ledger_cells, ledger_json_of
from simulator.reporting.terminal.tables import Plain, counted, grid, page
from simulator.reporting.wording import amount, interval, lines, number, percent, said, spread
from simulator.targets import STATUSES, TargetScore, trust_in

if TYPE_CHECKING:
    from simulator.experiments.judgement import Judgement, PlanJoint, PlanRow
    from simulator.experiments.split import Share, Split

_WIDE = 110
"""Columns from which the result has a column of its own."""


def judgement(found: "Judgement", lang: Lang = "both") -> str:
    """Every target once: clause, goal, base and deadline, perimeter, and its probability or verdict."""
    registry = found.runs[0].library.registry
    wide = _is_wide()
    heads = [
        ("left", Name("目标与条款", "Target and clause")),
        ("left", Name("目标值、基年与期限", "goal, base year, deadline")),
        ("left", Name("结果", "result")),
    ]
    perimeter = Name("口径与判断方式", "perimeter, and how it is judged")
    if wide:
        heads.append(("left", perimeter))
    else:
        heads[2] = ("left", Name(f"结果；{perimeter.zh}", f"result; {perimeter.en}"))
    table = grid(lang, *heads, keys=[row.judged.target.key for row in found.rows])
    table.columns[1].max_width = 20
    for row in found.rows:
        name, goal, what = ledger_cells(registry, row.judged, lang)
        if row.base_year is not None:
            base = Name(f"基年 {row.base_year}（推定）", f"base {row.base_year} (implied)")
            goal.append("\n" + said(base, lang, "\n"), style="default")
        result = _result(row, lang)
        if wide:
            table.add_row(name, goal, result, what)
        else:
            result.append("\n")
            result.append_text(what)
            table.add_row(name, goal, result)
        table.add_section()
    parts: list[RenderableType] = [table, _tally(found.rows, lang)]
    parts += ["", *(_joint(item, lang) for item in found.joints)]
    told = (Text(said(name, lang, "\n"), style="yellow") for name in _cautions(found))
    return page(*parts, "", *told)


def judgement_json(found: "Judgement") -> Plain:
    """Every target with how it is judged and what came of it."""
    registry = found.runs[0].library.registry
    told = judged_json([row.judged for row in found.rows])
    return {
        "runs": [
            {
                "path": str(run.path),
                "scenario": run.stem,
                "members": run.n,
                "seed": run.seed,
                "plans": list(run.scenario.plans),
            }
            for run in found.runs
        ],
        "targets": [
            {
                **plain,
                **ledger_json_of(registry, row.judged.target),
                "run": row.run or None,
                "base_year": row.base_year,
                "probability": _probability(row),
                "published": (
                    row.score.published._asdict() if row.score and row.score.published else None
                ),
                "median": row.score.outcome.median if row.score and row.score.outcome else None,
                "promise": row.promise._asdict() if row.promise else None,
                "verdict": _verdict(row)._asdict(),
                "read_as": [name._asdict() for name in row.score.read_as] if row.score else [],
            }
            for plain, row in zip(told, found.rows, strict=True)
        ],
        "joint": [
            {
                "document": item.score.document,
                "run": item.run,
                "targets": list(item.score.keys),
                "total": item.score.total,
                "probability": item.score.probability._asdict(),
                "published": item.score.published._asdict(),
            }
            for item in found.joints
        ],
        "calibrated": all(trust_in(run).calibrated for run in found.runs),
        "caution": Name(*map(" | ".join, zip(*_cautions(found), strict=True)))._asdict(),
    }


def _cautions(found: "Judgement") -> tuple[Name, ...]:
    """What is said of the fits behind the runs, each once, with the runs where they differ."""
    cautions: dict[Name, list[str]] = {}
    for run in found.runs:
        cautions.setdefault(trust_in(run).caution, []).append(run.path.name)
    if len(cautions) == 1:
        return tuple(cautions)
    return tuple(
        Name(f"{'、'.join(names)}：{caution.zh}", f"{', '.join(names)}: {caution.en}")
        for caution, names in cautions.items()
    )


def judgement_csv(found: "Judgement") -> str:
    """The same as a table of one row for each target, comma separated, with a heading."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    registry = found.runs[0].library.registry
    for row in found.rows:
        target, score = row.judged.target, row.score
        chance = score.probability if score else None
        perimeter = [*target.chains, *target.places, *target.actors] or [target.scope]
        verdict = _verdict(row)
        table.writerow(
            [
                target.key,
                target.document,
                target.clause.key,
                target.name.zh,
                target.name.en,
                registry.metric(target.metric).definition,
                target.metric,
                "; ".join(perimeter),
                target.comparator,
                target.value,
                target.value_high,
                target.unit,
                row.base_year,
                target.deadline,
                target.deadline_basis,
                row.judged.status,
                row.run,
                *(
                    (chance.value, chance.low, chance.high, chance.members)
                    if chance
                    else [None] * 4
                ),
                score.published.value if score and score.published else None,
                score.outcome.median if score and score.outcome else None,
                verdict.zh,
                verdict.en,
            ]
        )
    return out.getvalue()


def reading_scores(found: Sequence[ReadingScore], lang: Lang = "both") -> str:
    """Probability of each target as it is read, under each other reading, and where that changes the verdict."""
    table = grid(
        lang,
        ("left", Name("目标与歧义", "Target and ambiguity")),
        ("left", Name("读法", "reading")),
        ("right", Name("概率", "chance")),
        ("left", Name("判断", "verdict")),
        keys=[word for row in found for word in (row.target.key, row.ambiguity.key)],
    )
    if not _is_wide():
        # Shrunk alike, the first would lose its keys and the line its end.
        table.columns[1].max_width, table.columns[3].max_width = 22, 15
    for _, group in groupby(found, key=lambda row: row.target.id):
        rows = list(group)
        if not any(row.probability for row in rows):  # told apart, with the reason
            continue
        ours = [row for row in rows if row.in_force]
        first = ours[0]
        table.add_row(
            Text(first.target.key, style="bold"),
            said(_AS_READ, lang, "\n"),
            _chance(first),
            _ruling(first, lang),
        )
        for row in rows:
            if row.in_force:
                continue
            name = Text(row.ambiguity.key)
            if lang != "en":
                name.append(f"\n{row.ambiguity.name.zh}", style="dim")
            reading = Text(row.reading.key, style="bold")
            reading.append("\n" + said(row.reading.name, lang, "\n"), style="default")
            table.add_row(name, reading, _chance(row), _ruling(row, lang))
        table.add_section()
    changed = list(dict.fromkeys(row.target.key for row in found if row.changes))
    total = (
        Name(
            f"读法改变判断的目标 {len(changed)} 项：{'、'.join(changed)}",
            f"a reading changes the verdict on {len(changed)} targets: {', '.join(changed)}",
        )
        if changed
        else Name("没有读法改变任何判断", "no reading changes a verdict")
    )
    return page(
        table, Text("\n".join(lines(total, lang))), Text(said(_RULE, lang, "\n"), style="dim")
    )


def _is_wide() -> bool:
    return shutil.get_terminal_size((100, 24)).columns >= _WIDE


def _chance(row: ReadingScore) -> str:
    chance = row.probability
    return f"{percent(chance.value)}\n{interval(chance)}" if chance else "–"


def reading_scores_json(found: Sequence[ReadingScore]) -> list[Plain]:
    """Every target under every reading."""
    return [
        {
            "target": row.target.key,
            "ambiguity": row.ambiguity.key,
            "reading": row.reading.key,
            "name": row.reading.name._asdict(),
            "in_force": row.in_force,
            "probability": row.probability._asdict() if row.probability else None,
            "reason": None if row.probability else row.reason._asdict(),
            "verdict": row.verdict,
            "changes_verdict": row.changes,
        }
        for row in found
    ]


def splits(found: Sequence["Split"], lang: Lang = "both") -> str:
    """The uncertainty of each probability by where it comes from."""
    table = grid(
        lang,
        ("left", Name("目标", "Target")),
        ("right", Name("概率", "chance")),
        ("right", Name("运气", "luck")),
        ("right", Name("基数口径", "base")),
        ("right", Name("其余参数", "other\nparam.")),
        ("right", Name("读法*", "reading*")),
        keys=[item.key for item in found],
    )
    for item in found:
        name = Text(item.key, style="bold")
        for text in lines(item.name, lang):
            name.append("\n" + text, style="default")
        over = item.readings
        span = (
            f"{percent(over.reading)}\n{percent(over.lowest)}–{percent(over.highest)}"
            if over
            else "–"
        )
        few = item.luck is None
        table.add_row(
            name,
            percent(item.probability),
            said(_TOO_FEW, lang, "\n") if few else _share(item.luck),
            _share(item.base),
            _share(item.parameters),
            span,
        )
        table.add_section()
    return page(table, Text(said(_SPLIT_LEGEND, lang, "\n"), style="dim"))


def splits_json(found: Sequence["Split"]) -> list[Plain]:
    """The uncertainty of each probability by where it comes from; None where there is none to share."""

    def plain(part: "Share | None") -> Plain | None:
        return part._asdict() if part else None

    return [
        {
            "target": item.key,
            "name": item.name._asdict(),
            "probability": item.probability,
            "draws": item.draws,
            "repeats": item.repeats,
            "luck": plain(item.luck),
            "base": plain(item.base),
            "parameters": plain(item.parameters),
            "readings": item.readings._asdict() if item.readings else None,
        }
        for item in found
    ]


_COLUMNS = (
    *("target", "document", "clause", "name_zh", "name_en", "definition_en", "metric", "perimeter"),
    *("comparator", "value", "value_high", "unit", "base_year", "deadline", "deadline_basis"),
    *("status", "run", "probability", "low", "high", "members", "published", "median"),
    *("verdict_zh", "verdict_en"),
)
_AS_READ = Name("按情景所取的读法", "as the scenario reads it")
_RULE = Name(
    "概率 ≥ 2/3 为较可能，≤ 1/3 为不大可能，其间未定；逐一改换一种读法，其余不变，成员相同。",
    "A probability from 2/3 on is likely, up to 1/3 unlikely, open between. One reading is changed at a time, "
    "on the same members.",
)
_CHANGES = Name("改变判断", "changes the verdict")
_TOO_FEW = Name("达到或未达者过少", "too few\ndiffer")
_SPLIT_LEGEND = Name(
    "p(1−p) 的份额及 95% 区间：同一组参数配以不同运气。*读法：假定各读法等可能时其在总方差中的份额，"
    "下行为各读法概率的最低与最高。",
    "Shares of p(1−p) with 95 % intervals: the same parameters met by other luck. *reading: its share of the whole "
    "variance if all readings were equally likely; below it the lowest and highest probability.",
)


def _share(part: "Share | None") -> str:
    return f"{percent(part.value)}\n{percent(part.low)}–{percent(part.high)}" if part else "–"


def _ruling(row: ReadingScore, lang: Lang) -> Text:
    if row.verdict is None:
        return Text(said(row.reason, lang, "\n"), style="dim")
    text = Text(said(VERDICTS[row.verdict], lang, "\n"))
    if row.changes:
        text.append("\n← " + said(_CHANGES, lang, " / "), style="bold yellow")
    return text


def _result(row: "PlanRow", lang: Lang) -> Text:
    score = row.score
    if score is None or score.probability is None:
        kept = row.promise is not None and row.promise.kept
        return Text(said(_verdict(row), lang, "\n"), style="green" if kept else "yellow")
    chance = score.probability
    text = Text(f"{percent(chance.value)} ({interval(chance)})", style="bold green")
    for label, value in _figures(score, lang):
        text.append(f"\n{said(label, lang, ' / ')} {value}", style="default")
    for name in score.read_as:
        text.append("\n" + said(_read_as(name), lang, "\n"), style="yellow")
    text.append(f"\n{row.run}, n = {chance.members}", style="dim")
    return text


def _figures(score: TargetScore, lang: Lang) -> Iterable[tuple[Name, str]]:
    if score.published is not None:
        chance = f"{percent(score.published.value)} ({interval(score.published)})"
        yield Name("公布口径", "as published"), chance
    if score.outcome is not None:
        middle = amount(score.outcome.median, score.unit, lang)
        yield Name("中位数", "median"), f"{middle} ({spread(score.outcome)})"


def _read_as(name: Name) -> Name:
    return Name(f"读法：{name.zh}", f"read as: {name.en}")


def _verdict(row: "PlanRow") -> Name:
    """What is said of a target in a few words."""
    from simulator.experiments.judgement import NO_RUN

    status = row.judged.status
    if row.score is not None and row.score.probability is not None:
        chance = row.score.probability
        text = f"{percent(chance.value)} ({interval(chance)})"
        return Name(text, text)
    if status == "by_hand":
        return Name("人工评分（simulate tasks）", "scored by hand (simulate tasks)")
    if not row.run:
        return NO_RUN
    if status == "input":
        if row.promise is None:
            return Name("政策投入：情景未投入", "policy input: the scenario puts in nothing")
        unit, value = row.judged.target.unit, row.judged.target.value
        given = f"{number(row.promise.given)}{unit}"
        if row.promise.kept:
            return Name(
                f"政策投入：已按承诺投入 {given}", f"policy input, put in as promised: {given}"
            )
        return Name(
            f"政策投入：投入 {given}，不足 {number(value)}{unit}",
            f"policy input: {given} put in of {number(value)}{unit}",
        )
    return row.score.reason if row.score is not None else STATUSES[status]


def _probability(row: "PlanRow") -> Plain | None:
    return row.score.probability._asdict() if row.score and row.score.probability else None


def _tally(rows: Sequence["PlanRow"], lang: Lang) -> Text:
    with_chance = sum(_probability(row) is not None for row in rows)
    inputs = sum(row.judged.status == "input" for row in rows)
    hands = sum(row.judged.status == "by_hand" for row in rows)
    rest = len(rows) - with_chance - inputs - hands
    name = Name(
        f"项目标：概率 {with_chance}，政策投入 {inputs}，人工评分 {hands}，其余 {rest}",
        f"targets: {with_chance} with a probability, {inputs} policy inputs, {hands} by hand, {rest} others",
    )
    return counted(len(rows), name, lang)


def _joint(item: "PlanJoint", lang: Lang) -> Text:
    score = item.score
    chance = f"{percent(score.probability.value)} ({interval(score.probability)})"
    twin = f"{percent(score.published.value)} ({interval(score.published)})"
    count, total = len(score.keys), score.total
    apart = score.published != score.probability
    name = Name(
        f"{score.document}：有概率的 {count} 项（规划共 {total} 项）同时达到 {chance}"
        + f"；公布口径 {twin}" * apart,
        f"{score.document}: the {count} with a probability (the plan has {total}) together {chance}"
        + f"; as published {twin}" * apart,
    )
    return Text("\n".join(lines(name, lang)))
