"""Tables for the terminal, and the same content as plain data for other programs.

Every table has a twin that ends in `_json`: dictionaries, lists, numbers and texts in both
languages, ready for one JSON object. Tables are plain text unless standard output is a terminal;
`NO_COLOR` and `COLUMNS` are respected. They are laid out for 80 columns: a figure and its interval
share a cell on two lines, and nothing is cut off, texts wrap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulator.observables import APART, Observable
from simulator.policy.effects import lever_tables
from simulator.registry import Lever, Library, Name
from simulator.reporting import Ensemble, Lang
from simulator.reporting.terminal.judgement import (
    judgement,
    judgement_csv,
    judgement_json,
    reading_scores,
    reading_scores_json,
    splits,
    splits_json,
)
from simulator.reporting.terminal.plans import (
    checklist,
    checklist_json,
    coherence,
    coherence_json,
    judged_json,
    ledger,
    ledger_json,
    plans,
    plans_json,
    readings,
    readings_json,
)
from simulator.reporting.terminal.tables import (
    SCHEMA_VERSION,
    Plain,
    counted,
    finite,
    grid,
    named,
    page,
)
from simulator.reporting.terminal.validation import validation, validation_json
from simulator.reporting.wording import (
    KINDS,
    amount,
    channels_text,
    interval,
    lines,
    number,
    percent,
    said,
    spread,
    unit_name,
    unit_suffix,
)
from simulator.scenario.entries import LAYERS
from simulator.targets import (
    UNCALIBRATED,
    JointScore,
    Probability,
    Spread,
    TargetScore,
    goal_text,
    trust_in,
)

__all__ = [
    "SCHEMA_VERSION",
    "LeverRow",
    "Plain",
    "checklist",
    "checklist_json",
    "coherence",
    "coherence_json",
    "comparison",
    "comparison_json",
    "judged_json",
    "judgement",
    "judgement_csv",
    "judgement_json",
    "later_targets",
    "ledger",
    "ledger_json",
    "lever_rows",
    "levers",
    "levers_json",
    "metrics",
    "metrics_json",
    "origins",
    "origins_json",
    "plans",
    "plans_json",
    "reading_scores",
    "reading_scores_json",
    "readings",
    "readings_json",
    "runs",
    "runs_json",
    "scores",
    "scores_json",
    "splits",
    "splits_json",
    "validation",
    "validation_json",
]

if TYPE_CHECKING:
    from simulator.experiments.comparison import Comparison, Difference, Price
    from simulator.experiments.store import RunEntry
    from simulator.scenario import OriginRow


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
        judged = [item for item in apart if item.probability]
        if judged:
            parts.append(_score_table(judged, lang))
        parts += [Text(said(i.note, lang, "\n"), style="dim") for i in apart if i.note]
        unjudged = [item for item in apart if item.probability is None]
        if unjudged:
            parts.append(_status_table(unjudged, lang))
    later = later_targets(run)
    if later:
        words = Name(
            f"规划中另有 {len(later)} 项目标在 {run.years[-1]} 年之后到期，本次运行不评判：",
            f"{len(later)} further targets of the plans fall due after {run.years[-1]}, not judged in this run: ",
        )
        parts += ["", Text(said(words, lang, "\n") + ", ".join(later), style="dim")]
    told = [item for item in scored if records and item.key in records]
    if told and records:
        head = Name(zh="同类承诺过去的结果", en="What became of earlier promises of the same kind")
        parts += ["", Text(said(head, lang), style="bold")]
        for record in dict.fromkeys(records[item.key] for item in told):
            keys = ", ".join(item.key for item in told if records[item.key] == record)
            here = Name(f"本情景中同类的目标：{keys}", f"targets of that kind here: {keys}")
            parts.append(Text(f"{said(record, lang)}\n  {said(here, lang, ' / ')}", style="dim"))
    if resting:
        shares = {name: percent(share) for name, share in resting}
        words = Name(
            zh="方差中基于假定参数的份额：" + "；".join(f"{n.zh} {s}" for n, s in shares.items()),
            en="Share of the variance that rests on assumed parameters: "
            + "; ".join(f"{n.en} {s}" for n, s in shares.items()),
        )
        parts += ["", Text(said(words, lang, "\n"), style="dim")]
    return page(*parts, "", Text(said(trust_in(run).caution, lang, "\n"), style="yellow"))


def later_targets(run: Ensemble) -> tuple[str, ...]:
    """Keys of the targets of the plans in force that fall due after the run, so that it judges none of them."""
    plans = run.scenario.plans
    due = run.library.registry.due_after(run.years[-1], plans) if plans else ()
    return tuple(target.key for target in due)


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
            table = grid(
                lang,
                ("left", Name("目标概率", "Probability of the target")),
                ("right", named(first)),
                ("right", named(label)),
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
        prices = [row for row in found.prices if row.label == label]
        if prices:
            parts.append(_price_table(prices, lang))
    caution = trust_in(found.runs[0]).caution
    return page(*parts, "", Text(said(caution, lang, "\n"), style="yellow"))


_PRICED_AS: Mapping[str, Name] = {
    "price": Name("每百分点", "a point"),
    "saving": Name("每失一百分点节省", "saved a point lost"),
    "cheaper_and_likelier": Name("更省且概率更高", "cheaper and likelier"),
    "dearer_and_less_likely": Name("更贵且概率更低", "dearer and less likely"),
    "same_budget": Name("预算无差别", "same budget"),
    "unclear": Name("概率无法分辨", "not distinguishable"),
}


def _price_table(prices: Sequence["Price"], lang: Lang) -> Table:
    """Extra budget and what a point of probability costs, one row for each headline target."""
    table = grid(
        lang,
        (
            "left",
            Name("标志性目标\n（均计全部预算之差）", "headline target\n(all extra money for each)"),
        ),
        ("right", Name("预算之差\n亿元", "extra budget\n亿元")),
        ("right", Name("亿元/百分点\n95% 区间", "亿元 a point\n95% interval")),
    )
    for row in prices:
        name = "\n".join(lines(row.name, lang))
        if row.published:
            name += "\n" + said(Name("（公布口径）", "(as published)"), lang)
        money = number(row.extra, sign=True)
        if row.extra_low != row.extra_high:
            money += f"\n{number(row.extra_low, sign=True)}…{number(row.extra_high, sign=True)}"
        words = "\n".join(lines(_PRICED_AS[row.priced_as], lang))
        if row.cost is not None:
            cost = f"{number(row.cost)}\n{number(row.low)}–{number(row.high)}"
            # The head of the column says already what a plain price is of.
            words = cost if row.priced_as == "price" else f"{cost}\n{words}"
        table.add_row(name, money, words)
    return table


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
                "variance_ratio": finite(row.variance_ratio),
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
        "prices": [
            {
                **{name: getattr(row, name) for name in row.__dataclass_fields__},
                "name": row.name._asdict(),
            }
            for row in found.prices
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
    table = grid(
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
            unit = unit_suffix(row.unit, lang)
            dose = (
                f"{row.attribute} {number(row.default)}{unit}\n"
                f"({number(row.low)}–{number(row.high)})\n{dose}"
            )
        effect = channels_text(row.channels, lang)
        if row.effect != _ACTS:
            effect = "\n".join(filter(None, (effect, said(row.effect, lang, "\n"))))
        table.add_row(name, dose, effect)
    return page(table, counted(len(rows), Name("项政策工具", "levers"), lang))


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
    table = grid(
        lang,
        ("left", Name("序列", "Series")),
        ("left", Name("单位\n类型", "unit\nkind")),
        ("left", Name("口径\n方程", "perimeter\nequation")),
        keys=[row.key + _ELEMENT[row.dimension] for row in rows],
    )
    # A long unit wraps, so that keys and perimeters need not.
    table.columns[1].max_width = 16
    for row in rows:
        name = Text(row.key + _ELEMENT[row.dimension], style="bold")
        for text in lines(row.name, lang):
            name.append("\n" + text, style="default")
        if row.dimension == "district":
            for text in lines(APART, lang):
                name.append("\n" + text, style="dim")
        if row.metric:
            told = Name(f"targets 中的 metric：{row.metric}", f"metric of targets: {row.metric}")
            name.append("\n" + said(told, lang, "\n"), style="dim")
        unit = said(unit_name(row.unit), lang)
        kind, perimeter = (said(word, lang, " / ") for word in (KINDS[row.kind], row.perimeter))
        table.add_row(name, f"{unit}\n{kind}", f"{perimeter}\n{row.equation}")
    return page(table, counted(len(rows), Name("个序列", "series"), lang))


def metrics_json(rows: Sequence[Observable]) -> list[Plain]:
    """The measured series."""
    return [
        {
            "key": row.key,
            "name": row.name._asdict(),
            "unit": row.unit,
            "dimension": row.dimension,
            **({"note": APART._asdict()} if row.dimension == "district" else {}),
            "kind": row.kind,
            "perimeter": row.perimeter.en,
            "metric": row.metric,
            "equation": row.equation,
        }
        for row in rows
    ]


def runs(entries: Sequence["RunEntry"], lang: Lang = "both") -> str:
    """The run folders, as given."""
    table = grid(
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
        status = "\n".join(lines(_RUN_STATUS.get(entry.status, named(entry.status)), lang))
        when = entry.finished.strftime("%Y-%m-%d %H:%M") if entry.finished else "–"
        size = f"{entry.size / 1e6:.1f} MB"
        table.add_row(entry.path.name, str(entry.members), str(entry.seed), status, when, size)
    return page(table)


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


def origins(rows: Sequence["OriginRow"], lang: Lang = "both") -> str:
    """Every value of a scenario, and the layer and place that set it."""
    table = grid(
        lang,
        ("left", Name("键", "Key")),
        ("left", Name("取值", "value")),
        ("left", Name("来源", "set by")),
    )
    for row in rows:
        key = Text(row.path, style="bold")
        for text in lines(row.name, lang):
            key.append("\n" + text, style="dim")
        table.add_row(
            key, row.value, f"{said(LAYERS[row.layer], lang, ' / ')}\n{row.place}".rstrip()
        )
    return page(table)


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


ENDLESS = 1e6
"""A gain of pairing beyond this is rounding."""

_ELEMENT: Mapping[str, str] = {
    "city": "",
    "chain": "[chain]",
    "district": "[place]",
    "target": "[target]",
}

_LEGEND = Name(
    zh="公布口径：含口径漂移。缺口：中位数，及其占目标之比。首达：首次达到年份的中位数，"
    "及达到者占比。概率下：Wilson 95% 区间；中位数下：成员的 5–95%。"
    "简单基准：只知起点与全国趋势的随机游走（几何布朗运动）。",
    en="as publ.: with definition drift. short: median shortfall, and its share of the goal. "
    "first: median year first reached, and share of members that do. Under chance: Wilson 95% interval; "
    "under median: 5–95% of members. naive: a random walk (geometric Brownian motion) that knows only the base and "
    "the national trend.",
)

_RUN_STATUS: Mapping[str, Name] = {
    "complete": Name("完成", "complete"),
    "failed": Name("有成员失败", "failed members"),
    "incomplete": Name("未完成", "incomplete"),
    "damaged": Name("已损坏", "damaged"),
}


def _headline(run: Ensemble, lang: Lang) -> Text:
    name = said(run.scenario.name, lang)
    text = Text(name, style="bold")
    members = Name(zh=f"{run.n} 个成员，种子 {run.seed}", en=f"{run.n} members, seed {run.seed}")
    text.append(f"  {said(members, lang, ' / ')}\n", style="dim")
    return text


def _score_table(found: Sequence[TargetScore], lang: Lang) -> Table:
    table = grid(
        lang,
        ("left", Name("目标", "Target")),
        ("right", Name("概率", "chance")),
        ("right", Name("公布口径", "as publ.")),
        ("right", Name("中位数", "median")),
        ("right", Name("缺口", "short")),
        ("right", Name("首达", "first")),
        ("right", Name("简单\n基准", "naive")),
        keys=[item.key for item in found],
    )
    for item in found:
        assert item.probability is not None
        name = Text("\n".join(lines(item.name, lang)))
        name.append(f"\n{item.key}\n{item.year}  {_aim(item, lang)}", style="dim")
        for reading in item.read_as:
            taken = Name(f"读法：{reading.zh}", f"read as: {reading.en}")
            name.append("\n" + said(taken, lang, "\n"), style="yellow")
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
    unit = f" {unit_name(item.unit).en}" if lang == "en" and item.unit != "亿元" else item.unit
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
    table = grid(
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
    table = grid(
        lang,
        (
            "left",
            Name(f"{item.name.zh}：按基期构造", f"{item.name.en}: by construction of the base"),
        ),
        ("right", Name("基期\n中位数", "base\nmedian")),
        ("right", Name("概率", "chance")),
        ("right", Name("公布口径", "as publ.")),
        ("right", Name("简单\n基准", "naive")),
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


def _shown(rows: Sequence["Difference"]) -> list["Difference"]:
    """All of a short list, of a long one the last year only: the whole is in the JSON twin."""
    if len(rows) <= 12:
        return list(rows)
    last = max(row.year for row in rows)
    return [row for row in rows if row.year == last]


def _difference_table(rows: Sequence["Difference"], first: str, lang: Lang) -> Table:
    table = grid(
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
        # Differences that are equal but for rounding gain without end.
        gained = "" if gain is None else "∞" if gain > ENDLESS else f"×{number(gain)}"
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
    """Whether a lever acts, and why if not."""
    if not sized:
        return Name("暂无作用：假设表中尚无其规模", "no effect yet: no size in the assumptions")
    if not channels:
        return Name("声明无直接作用", "declares no effect")
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
        "read_as": [name._asdict() for name in item.read_as],
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
