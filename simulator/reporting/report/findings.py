"""The findings: the answer, the scorecard, the comparison, who moved it. No sentence here holds a digit of its own."""

from collections.abc import Sequence
from typing import Final

from simulator.experiments.attribution_table import FILE, TOTAL, Stored, StoredAttribution
from simulator.experiments.comparison import Comparison, Difference, TargetDifference
from simulator.registry import Name
from simulator.reporting.report.cells import (
    Cell,
    Said,
    Text,
    name_cell,
    number_cell,
    share_cell,
    unit_of,
    with_unit,
    word_cell,
)
from simulator.reporting.report.markup import Sheet
from simulator.reporting.report.results import Results, convention, signed, whole
from simulator.reporting.wording import number, passing
from simulator.targets import goals_of, joint, trust_in

NUMBER: Final = "number"
WORD: Final = "word"
BAR: Final = "drawn"
COMPARISON: Final = "comparison"


def lead_of(results: Results) -> str | None:
    """The key of the target that the answer is about: core revenue's, else the first with a probability."""
    scored = [key for key in results.plan_targets if results.targets[key]["probability"]]
    revenue = [key for key in scored if results.targets[key]["metric"] == "core_revenue"]
    return next(iter((*revenue, *scored)), None)


def answer(sheet: Sheet, results: Results) -> str:
    """The answer in a sentence, what moves it, and what may be believed of it."""
    key = lead_of(results)
    if key is None:
        none = Text(
            "本次运行的年份内没有带概率的目标。", "No target of this run has a probability."
        )
        return sheet.block("p", none) + caution(sheet, results)
    parts: dict[str, Said] = {
        "scenario": scenario_name(results),
        "target": results.target_name(key),
        "year": results.target(key, "year", whole),
        "aim": aim(results, key),
        "verb": _verb(results, key),
        "chance": results.target(key, "probability"),
        "low": results.target(key, "probability_low"),
        "high": results.target(key, "probability_high"),
        "level": convention("interval"),
        "members": results.target(key, "members", whole),
    }
    lines = [
        Text(
            "在“{scenario}”下，{target}到 {year} 年{verb} {aim}的概率为 {chance}（{level} 抽样区间 {low} 至 {high}，"
            "{members} 个成员）。",
            "{scenario}: {target}, {chance} chance of {verb} {aim} by {year} ({level} sampling interval {low} to "
            "{high}, {members} members).",
            parts,
        ),
        *_doubts(results, key),
        *_together(results),
    ]
    told = "".join(sheet.block("p", line) for line in lines)
    about = Text("{target}，{year} 年", "{target}, {year}", parts)
    share = (
        f'<p class="share">{sheet.inline(parts["chance"])}<small>{sheet.inline(about)}</small></p>'
    )
    return (
        f'<div class="answer">{share}<div class="lead">{told}</div></div>{caution(sheet, results)}'
    )


def _doubts(results: Results, key: str) -> list[Text]:
    """What moves the answer more than sampling does: the base, the published figure, the naive benchmark."""
    lines = []
    built = sorted(results.constructions(key), key=lambda item: item.chance.number)
    if len(built) > 1:
        lines.append(
            Text(
                "起点没有公布：按其构造方式，概率由 {low}（{one}）到 {high}（{two}）不等，抽样区间不含这一差别。",
                "The base is unpublished: by how it is built the chance runs from {low} ({one}) to {high} ({two}), "
                "which the sampling interval does not hold.",
                {
                    "low": built[0].chance,
                    "one": built[0].name,
                    "high": built[-1].chance,
                    "two": built[-1].name,
                },
            )
        )
    published, naive = (results.target(key, name) for name in ("published", "benchmark_gbm"))
    if published.value is not None and naive.value is not None:
        lines.append(
            Text(
                "按公布口径为 {published}；只知起点与全国趋势的简单基准（几何布朗运动）为 {naive}。",
                "As published figures would show it: {published}. A naive benchmark that knows only base and national "
                "trend (geometric Brownian motion): {naive}.",
                {"published": published, "naive": naive},
            )
        )
    return lines


def _together(results: Results) -> list[Text]:
    """All targets of a plan met by the same member."""
    run, table = results.run, results.table("joint")
    return [
        Text(
            "{document}中可评估的 {counted} 项目标（共 {total} 项）同时实现的概率为 {chance}（{low} 至 {high}）。",
            "{document}: the {counted} targets that can be judged, of {total}, are all met together with a chance of "
            "{chance} ({low} to {high}).",
            {
                "document": name_cell(table, item.document, "name", item.name),
                "counted": number_cell(table, item.document, "counted", float(len(item.keys))),
                "total": number_cell(table, item.document, "total", float(item.total)),
                "chance": share_cell(table, item.document, "probability", item.probability.value),
                "low": share_cell(table, item.document, "probability_low", item.probability.low),
                "high": share_cell(table, item.document, "probability_high", item.probability.high),
            },
        )
        for item in joint(goals_of(run), run)
        if len(item.keys) > 1
    ]


def caution(sheet: Sheet, results: Results) -> str:
    """The verdict of the backtest, or that there is none."""
    verdict = trust_in(results.run).caution
    cell = name_cell(results.table("trust"), "verdict", "caution", verdict)
    return sheet.block("p", cell, class_="caution")


def scenario_name(results: Results) -> Cell:
    """The name of the scenario."""
    place = results.table("scenario.resolved.yaml")
    return name_cell(place, "name", "name", results.run.scenario.name)


def aim(results: Results, key: str) -> Said:
    """The goal's figure with its unit."""
    row = results.targets[key]
    low = results.target(key, "value", number)
    text = with_unit(low, row["unit"])
    if row["comparator"] != "between" or not row["value_high"]:
        return text
    ends = {"low": low, "high": results.target(key, "value_high", number)}
    return Text(text.zh, text.en, {"n": Text("{low}–{high}", "{low}–{high}", ends)})


def _verb(results: Results, key: str) -> Text:
    zh, en = passing(results.targets[key]["comparator"])
    return Text(zh, en)


def scorecard(sheet: Sheet, results: Results) -> str:
    """Every target of the plans in force: probability, outcome, shortfall, first year reached, clause."""
    scored = [key for key, row in results.targets.items() if row["probability"]]
    waiting = [key for key, row in results.targets.items() if not row["probability"]]
    plan = [key for key in scored if key in results.plan_targets]
    likely = [key for key in plan if results.target(key, "probability").number > 0.5]
    told = Text(
        "规划的 {all} 项目标中 {scored} 项有概率，其中 {likely} 项过半。",
        "{scored} of the plan's {all} targets have a probability; {likely} of them are likelier than not.",
        {
            "all": results.count("targets", len(results.plan_targets)),
            "scored": results.count("scored", len(plan)),
            "likely": results.count("likely", len(likely)),
        },
    )
    heads = [
        (Text("目标与条款", "Target and clause"), WORD),
        (Text("", ""), BAR),
        (Text("概率", "Probability"), NUMBER),
        (Text("结果", "Outcome"), NUMBER),
        (Text("缺口", "Shortfall"), NUMBER),
        (Text("首次达到", "First reached"), NUMBER),
    ]
    caption = Text(
        "概率下方为 {level} 抽样区间，只反映成员数；结果与缺口为成员中位数，单位同目标，"
        "结果下方为 {low} 至 {high} 的成员范围。",
        "Below a probability its {level} sampling interval, which measures the number of members only; outcomes and "
        "shortfalls are medians over members in the target's unit, below an outcome the range from {low} to {high}.",
        {"level": convention("interval"), "low": convention("low"), "high": convention("high")},
    )
    rows = [_score_row(sheet, results, key) for key in scored]
    content = sheet.block("p", told) + sheet.table(heads, rows, caption, "scores")
    if waiting:
        items = ((results.target_name(key), results.target_name(key, "reason")) for key in waiting)
        lines = [Text("{n}：{r}", "{n}: {r}", {"n": name, "r": why}) for name, why in items]
        head = Text("没有概率的目标", "Targets without a probability")
        content += sheet.heading(3, head, "unscored") + sheet.bullets(lines)
    return sheet.section("scorecard", Text("目标记分", "Target scorecard"), content)


def _score_row(sheet: Sheet, results: Results, key: str) -> list[str]:
    row = results.targets[key]
    parts: dict[str, Said] = {
        "verb": _verb(results, key),
        "aim": aim(results, key),
        "year": results.target(key, "year", whole),
    }
    about = Text("{verb} {aim}，{year} 年", "{verb} {aim}, {year}", parts)
    if key in results.plan_targets:
        clause = results.run.library.registry.target(row["id"]).clause
        place = Name(clause.text("zh"), clause.text("en"))
        parts |= {
            "about": about,
            "clause": name_cell("registry/targets", row["id"], "clause", place),
        }
        about = Text("{about} · {clause}", "{about} · {clause}", parts)
    chance, low, high = (results.target(key, f"probability{end}") for end in ("", "_low", "_high"))
    median, least, most = (
        results.target(key, f"outcome_{end}", number) for end in ("median", "p05", "p95")
    )
    share = results.target(key, "first_reached_share")
    year = results.target(key, "first_reached_year", whole)
    when = "–"
    if share.value is not None:
        of = Text("{share} 的成员", "{share} of members", {"share": share})
        when = f"{sheet.inline(year)}<small>{sheet.inline(of)}</small>"
    return [
        f"{sheet.inline(results.target_name(key))}<small>{sheet.inline(about)}</small>",
        bar(chance.number, low.number, high.number),
        _over(sheet, chance, low, high),
        _over(sheet, median, least, most),
        sheet.inline(results.target(key, "shortfall_median", number)),
        when,
    ]


def _over(sheet: Sheet, value: Said, low: Cell, high: Cell) -> str:
    """A number with its interval below it."""
    return f"{sheet.inline(value)}<small>{sheet.inline(_span(low, high))}</small>"


def _span(low: Cell, high: Cell) -> Text:
    # A dash beside a minus is hard to read.
    dash = "…" if low.number < 0.0 or low.shown.zh.startswith("+") else "–"
    return Text(f"{{low}}{dash}{{high}}", f"{{low}}{dash}{{high}}", {"low": low, "high": high})


def bar(value: float, low: float, high: float, least: float = 0.0, most: float = 1.0) -> str:
    """A bar from zero to a value on a scale from `least` to `most`, with the ends of its interval; a picture only."""
    span = (most - least) or 1.0

    def across(x: float) -> float:
        return round(min(max((x - least) / span, 0.0), 1.0) * 100.0, 2)

    start, end = sorted((across(0.0), across(value)))
    kind = "minus" if value < 0.0 else "fill"
    return (
        '<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" y="3" width="100" height="6"/>'
        f'<rect class="{kind}" x="{start:g}" y="3" width="{end - start:g}" height="6"/>'
        f'<path class="whisker" d="M{across(low):g} 6H{across(high):g}M{across(low):g} 4v4M{across(high):g} 4v4"/>'
        "</svg>"
    )


def comparison(sheet: Sheet, results: Sequence[Results], found: Comparison) -> str:
    """Paired differences of the other runs to the first: headline figures and probabilities."""
    first, others = results[0], results[1:]
    told = Text(
        "各情景以同样的成员、同样的运气逐一配对（{n} 个成员），差异即情景所致；均与“{first}”相比。",
        "Scenarios are paired member by member, the same firms with the same luck ({n} members), so that a difference "
        "is what the scenario does; each is held against {first}.",
        {
            "n": number_cell(COMPARISON, "", "members", float(found.n), whole),
            "first": scenario_name(first),
        },
    )
    content = sheet.block("p", told)
    for label, other in zip(found.labels[1:], others, strict=True):
        rows = [row for row in found.targets if row.label == label and not row.published]
        heads = [
            (Text("目标概率", "Probability of a target"), WORD),
            (Text("{name}", "{name}", {"name": scenario_name(first)}), NUMBER),
            (Text("{name}", "{name}", {"name": scenario_name(other)}), NUMBER),
            (Text("差，百分点", "Difference, points"), NUMBER),
            (Text("新达标 / 失标的成员", "Members gained / lost"), NUMBER),
        ]
        interval = {"level": convention("interval")}
        caption = Text(
            "差下方为 {level} 抽样区间。",
            "Below a difference its {level} sampling interval.",
            interval,
        )
        content += sheet.heading(3, scenario_name(other), f"against-{label}")
        content += sheet.table(heads, [_chance_row(sheet, row) for row in rows], caption)
        year = found.years[-1]
        levels = [row for row in found.differences if row.label == label and row.year == year]
        heads = [
            (Text("{y} 年均值", "Mean of {y}", {"y": first.calendar(year)}), WORD),
            (Text("{name}", "{name}", {"name": scenario_name(first)}), NUMBER),
            (Text("{name}", "{name}", {"name": scenario_name(other)}), NUMBER),
            (Text("差", "Difference"), NUMBER),
        ]
        shown = [row for row in levels if "[" not in row.series and row.mean != 0.0]
        table = sheet.table(heads, [_level_row(sheet, first, row) for row in shown], caption)
        content += sheet.details(
            Text("全市各序列之差", "Differences of all series of the city"), table
        )
    return sheet.section("comparison", Text("情景比较", "Scenarios compared"), content)


def _chance_row(sheet: Sheet, row: TargetDifference) -> list[str]:
    place = f"{row.label}|{row.key}".replace("|", "@")

    def points(column: str, value: float) -> Cell:
        return number_cell(f"{COMPARISON}/targets", place, f"{column}*100", 100.0 * value, signed)

    shares = {
        column: share_cell(f"{COMPARISON}/targets", place, column, getattr(row, column))
        for column in ("probability_first", "probability_this")
    }
    moved = {
        column: number_cell(
            f"{COMPARISON}/targets", place, column, float(getattr(row, column)), whole
        )
        for column in ("gained", "lost")
    }
    return [
        sheet.inline(name_cell(f"{COMPARISON}/targets", place, "name", row.name)),
        *(sheet.inline(cell) for cell in shares.values()),
        _over(
            sheet,
            points("difference", row.difference),
            points("low", row.low),
            points("high", row.high),
        ),
        sheet.inline(Text("{gained} / {lost}", "{gained} / {lost}", moved)),
    ]


def _level_row(sheet: Sheet, results: Results, row: Difference) -> list[str]:
    place = f"{row.label}@{row.series}@{row.year}"
    table = f"{COMPARISON}/differences"
    series = results.run.describe(row.series)

    def cell(column: str, *, sign: bool = False) -> Cell:
        value = float(getattr(row, column))
        return number_cell(table, place, column, value, signed if sign else number)

    name = name_cell("observables", row.series, "name", Name(series.name_zh, series.name_en))
    return [
        sheet.inline(name),
        sheet.inline(with_unit(cell("mean_first"), row.unit)),
        sheet.inline(with_unit(cell("mean_this"), row.unit)),
        _over(sheet, cell("mean", sign=True), cell("low", sign=True), cell("high", sign=True)),
    ]


def attribution(sheet: Sheet, results: Results, found: Stored | None) -> str:
    """Who moved it: Shapley shares by group of levers, or why there are none and the command that adds them."""
    title = Text("谁起了作用", "Who moved it")
    if not isinstance(found, StoredAttribution):
        command = word_cell(
            "commands", "report", "against", "simulate report RUN --against SCENARIO"
        )
        none = Text(
            "本报告没有归因。以下命令将其与另一情景相比、按政策工具分组归因，并存入运行文件夹：{command}",
            "This report holds no attribution. This command shares the difference to another scenario out among "
            "groups of levers and keeps it in the run folder: {command}",
            {"command": command},
        )
        content = sheet.block("p", none, class_="about")
        if found is not None:
            unfit = Text(
                f"文件夹中的 {FILE} {found.reason.zh}，未采用。",
                f"The {FILE} in the folder {found.reason.en} and is left out.",
            )
            content = sheet.block("p", unfit, class_="about") + content
        return sheet.section("attribution", title, content)
    table = results.table(FILE)
    first = found.rows[found.outcomes[0], TOTAL]
    parts: dict[str, Said] = {
        "scenario": scenario_name(results),
        "against": name_cell(
            table, TOTAL, "against", Name(first["against_zh"], first["against_en"])
        ),
        "members": number_cell(table, TOTAL, "members", float(found.members), whole),
        "level": convention("interval"),
    }
    told = Text(
        "“{scenario}”与“{against}”之差按组分摊（Shapley 份额：对所有先后顺序取平均，与顺序无关，合计等于总差）；"
        "{members} 个配对成员，区间为 {level} 抽样误差。",
        "The difference of {scenario} to {against}, shared out among groups (Shapley shares: the average over all "
        "orders, so they depend on none and add up to the whole); {members} paired members, {level} sampling "
        "intervals.",
        parts,
    )
    content = sheet.block("p", told)
    for outcome in found.outcomes:
        content += _shares(sheet, results, found, outcome)
    return sheet.section("attribution", title, content)


def _shares(sheet: Sheet, results: Results, found: StoredAttribution, outcome: str) -> str:
    table = results.table(FILE)
    whole_row = found.rows[outcome, TOTAL]
    unit, chance = whole_row["unit"], whole_row["unit"] == "share"
    groups = (*found.groups(outcome), TOTAL)
    ends = [float(found.rows[outcome, g][c]) for g in groups for c in ("share_low", "share_high")]
    least, most = min(0.0, *ends), max(0.0, *ends)

    def cell(group: str, column: str) -> Cell:
        value = float(found.rows[outcome, group][column])
        place, scale = f"{outcome}@{group}", "*100" if chance else ""
        return number_cell(table, place, column + scale, value * (100.0 if chance else 1.0), signed)

    rows = []
    for group in groups:
        row = found.rows[outcome, group]
        share, low, high = (cell(group, name) for name in ("share", "share_low", "share_high"))
        middle, start, end = (float(row[c]) for c in ("share", "share_low", "share_high"))
        drawn = bar(middle, start, end, least, most)
        alone = sheet.inline(cell(group, "alone")) if row["alone"] else "–"
        name = name_cell(
            table, f"{outcome}@{group}", "group", Name(row["group_zh"], row["group_en"])
        )
        rows.append([sheet.inline(name), drawn, _over(sheet, share, low, high), alone])
    points = Text("百分点", "points")
    said = points if chance else unit_of(unit)
    heads = [
        (Text("工具组", "Group of levers"), WORD),
        (Text("", ""), BAR),
        (Text("份额，{unit}", "Share, {unit}", {"unit": said}), NUMBER),
        (Text("单独", "Alone"), NUMBER),
    ]
    name = name_cell(
        table, f"{outcome}@{TOTAL}", "name", Name(whole_row["name_zh"], whole_row["name_en"])
    )
    return sheet.table(heads, rows, Text("{name}", "{name}", {"name": name}), "narrow")
