"""What the findings stand on: assumptions with grade, clause and source, what is left out, where it all comes from."""

from collections import Counter
from typing import Final

from simulator.experiments.backtest import records_of
from simulator.experiments.resting import ALIKE, FEWEST, drawn, resting
from simulator.foundation.parameters import GRADES
from simulator.foundation.tables import read_table, shipped
from simulator.policy.effects import lever_tables
from simulator.registry import Name
from simulator.reporting.report.cells import (
    Cell,
    Said,
    Text,
    joined,
    name_cell,
    number_cell,
    share_cell,
    unit_of,
    word_cell,
)
from simulator.reporting.report.findings import NUMBER, WORD, lead_of, scenario_name
from simulator.reporting.report.markup import Sheet
from simulator.reporting.report.results import Results, convention, whole
from simulator.reporting.wording import number
from simulator.scenario import LeverSetting

GRADE_NAMES: Final = {
    "stated": Text("规划明示", "stated by a plan"),
    "reported": Text("公布统计", "published figure"),
    "literature": Text("文献", "literature"),
    "assumed": Text("假定", "assumed"),
}
SHEET: Final = "scenario.resolved.yaml"
LEFT_OUT: Final = (
    Text(
        "价格、工资、信贷与利率、居民消费、出口与汇率：企业的全国市场按趋势外生给定。",
        "Prices, wages, credit and interest, households, exports and exchange rates: a firm's national market follows "
        "an external trend.",
    ),
    Text(
        "其他城市的应对，除非作为外部条件加在情景之上。",
        "How other cities answer, unless laid over the scenario as a condition.",
    ),
    Text(
        "没有数字的任务与定性目标：列入清单，由人评定。",
        "Tasks and qualitative targets without a number: they stand in the checklist and are marked by people.",
    ),
    Text(
        "资金到账的法律与程序细节；哪家企业得到哪笔钱只在统计意义上模拟。",
        "Law and procedure of payments; which firm gets which money is simulated in a statistical sense only.",
    ),
)
LIMITS: Final = (
    Text(
        "抽样区间只反映成员数，不反映模型之外的因素；结构、口径与假定的不确定性另列，不并入区间。",
        "Sampling intervals measure the number of members only, not what the model leaves out; doubt about structure, "
        "readings and assumptions stands beside them and is never folded in.",
    ),
    Text(
        "多数政策工具没有公布规模，其规模、费用与作用为假定，附理由与等级；规划期短，科研与人才的作用多在其后。",
        "Most levers state no size; theirs is assumed, with cost and effect, a reason and a grade. The period is "
        "short: much of what research and talent do comes later.",
    ),
    Text(
        "适合比较政策工具、看清目标需要什么；不是对任何企业的预测，不构成投资或拨款依据。",
        "Fit for ranking levers and for seeing what a target would take; not a forecast of any firm, and no basis for "
        "investment or for paying out money.",
    ),
    Text(
        "比较情景时看配对之差；两次独立运行的概率之差多半是运气。",
        "Compare scenarios by paired differences; the gap between two unpaired runs is mostly luck.",
    ),
)


def assumptions(sheet: Sheet, results: Results) -> str:
    """Parameters by grade, what the headline outcome rests on, levers with clause and size, every parameter drawn."""
    title = Text("假定与依据", "Assumptions and sources")
    content = _grades(sheet, results) + _resting(sheet, results) + _records(sheet, results)
    content += _levers(sheet, results) + _parameters(sheet, results)
    return sheet.section("assumptions", title, content)


def _grades(sheet: Sheet, results: Results) -> str:
    """How many drawn parameters stand on what."""
    names, _, grades = drawn(results.run)
    if not names:
        return sheet.block("p", Text(f"{ALIKE.zh}。", f"{ALIKE.en.capitalize()}."))
    held = Counter(grades)
    parts: dict[str, Said] = {"all": results.count("drawn parameters", len(names))}
    zh, en = [], []
    for grade in GRADES:
        if held[grade]:
            parts[grade] = results.count(f"drawn parameters {grade}", held[grade])
            zh.append(f"{GRADE_NAMES[grade].zh} {{{grade}}} 个")
            en.append(f"{{{grade}}} {GRADE_NAMES[grade].en}")
    text = Text(
        f"每个成员抽取 {{all}} 个不确定参数，按依据：{'，'.join(zh)}。",
        f"Each member draws {{all}} uncertain parameters; what they stand on: {', '.join(en)}.",
        parts,
    )
    return sheet.block("p", text)


def _resting(sheet: Sheet, results: Results) -> str:
    """What share of the headline outcome's variance rests on assumed parameters, and what moves it most."""
    key = lead_of(results)
    if results.run.n < FEWEST or key is None:
        return ""
    found = resting(results.run, [key])
    if not found:
        return ""
    item, table = found[0], results.table("resting")

    def cells(row: str, values: tuple[float, float, float]) -> dict[str, Said]:
        places = zip(("low", "median", "high"), values, strict=True)
        return {column: share_cell(table, f"{key}@{row}", column, v) for column, v in places}

    told = Text(
        "{target}的方差中，假定的参数解释 {median}（{low} 至 {high}），有依据的参数解释 {evidence}，"
        "其余为运气与参数的共同作用。",
        "Of the variance of {target}, assumed parameters explain {median} ({low} to {high}), parameters with evidence "
        "{evidence}; the rest is luck and parameters acting together.",
        {
            "target": results.target_name(key),
            **cells("assumed", item.assumed),
            "evidence": cells("evidence", item.evidence)["median"],
        },
    )
    rows = []
    for first in item.first:
        own = cells(first.name, first.share)
        span = Text("{low}–{high}", "{low}–{high}", own)
        name = name_cell("priors.csv", first.name, "meaning", first.meaning)
        rows.append(
            [
                sheet.inline(name),
                sheet.inline(GRADE_NAMES[first.grade]),
                f"{sheet.inline(own['median'])}<small>{sheet.inline(span)}</small>",
            ]
        )
    if not rows:
        return sheet.block("p", told)
    heads = [
        (Text("参数", "Parameter"), WORD),
        (Text("依据", "Stands on"), WORD),
        (Text("占方差", "Share of variance"), NUMBER),
    ]
    caption = Text(
        "单独作用最大的参数，份额下方为 {most} 区间",
        "Parameters that alone move it most, below a share its {most} interval",
        {"most": convention("most")},
    )
    return sheet.block("p", told) + sheet.table(heads, rows, caption, "narrow")


def _records(sheet: Sheet, results: Results) -> str:
    """What became of earlier promises of the same kinds; nothing for another city."""
    library = results.run.library
    if library.folder is not None:
        return ""
    records = records_of(library.registry)
    told = {records[key]: key for key in reversed(results.plan_targets) if key in records}
    if not told:
        return ""
    cells = [
        name_cell("target_outcomes", key, "record", record)
        for record, key in reversed(told.items())
    ]
    head = Text("同类承诺过去的结果", "What became of earlier promises of the same kind")
    return sheet.heading(3, head, "records") + sheet.bullets(cells)


def _levers(sheet: Sheet, results: Results) -> str:
    """The levers in force with their doses, clauses and the grade of their assumed size."""
    registry = results.run.library.registry
    assumed = lever_tables(results.run.library).assumptions
    rows, idle = [], []
    for setting in results.run.scenario.levers:
        lever = setting.lever
        name = name_cell("registry/levers", lever.id, "name", lever.name)
        if not any(setting.dose.values(results.run.scenario.period.quarters)):
            idle.append(name)
            continue
        clause = lever.clause
        place = name_cell(
            "registry/levers", lever.id, "clause", Name(clause.text("zh"), clause.text("en"))
        )
        dose = Cell(
            results.table(SHEET), f"levers.{lever.key}", setting.attribute, None, _dose(setting)
        )
        unit = f"<small>{sheet.inline(_yearly(setting.unit))}</small>"
        row = assumed.get(lever.id)
        grade = sheet.inline(GRADE_NAMES[row.grade]) if row is not None else "–"
        key = f'<span class="key">{sheet.inline(word_cell("registry/levers", lever.id, "key", lever.key))}</span>'
        rows.append(
            [sheet.inline(name) + key, sheet.inline(dose) + unit, grade, sheet.inline(place)]
        )
    if not rows:
        none = Text("没有起作用的政策工具。", "No lever acts.")
        return sheet.block("p", none)
    heads = [
        (Text("政策工具", "Lever"), WORD),
        (Text("剂量", "Dose"), NUMBER),
        (Text("规模依据", "Size stands on"), WORD),
        (Text("条款", "Clause"), WORD),
    ]
    table = sheet.table(heads, rows, Text("起作用的政策工具", "Levers that act"))
    if idle:
        parts = {"levers": joined(idle, "、", ", ")}
        told = Text(
            "剂量为零而不起作用：{levers}。", "Dose zero, so without effect: {levers}.", parts
        )
        table += sheet.block("p", told, class_="about")
    documents = [registry.document(id_) for id_ in results.run.scenario.plans]
    cells = [name_cell("registry/documents", item.id, "name", item.name) for item in documents]
    head = sheet.heading(3, Text("政策工具与条款", "Levers and clauses"), "levers")
    counts = results.run.scenario.lever_counts()
    count = {
        "all": results.count("levers", counts.levers),
        "act": results.count("levers that act", counts.act),
        "zero": results.count("levers at zero", counts.at_zero),
        "none": results.count("levers without effect", counts.without_effect),
    }
    summary = Text(
        "{all} 项政策工具的剂量、依据与条款：{act} 项起作用，{zero} 项剂量为零，{none} 项对所模拟者无作用",
        "Dose, grade and clause of {all} levers: {act} act, {zero} at zero, {none} without effect on what is modelled",
        count,
    )
    plans = Text(
        "施行的规划：{plans}。",
        "Plans in force: {plans}.",
        {"plans": joined(cells, "；", "; ")},
    )
    return head + (sheet.block("p", plans) if cells else "") + sheet.details(summary, table)


def _dose(setting: LeverSetting) -> Name:
    """The doses as the scenario has them: one, one a year, or a line between years."""
    points = [
        number(value) if year is None else f"{year}: {number(value)}"
        for year, value in setting.dose.points
    ]
    text = (" → " if setting.dose.linear else ", ").join(points)
    return Name(text, text)


def _yearly(unit: str) -> Text:
    """A unit with `/年` in words of both languages."""
    whole_unit, slash, _ = unit.partition("/年")
    word = unit_of(whole_unit)
    if slash:
        return Text(f"{word.zh}/年", f"{word.en or 'items'} a year")
    return Text(word.zh, word.en or "items")


def _parameters(sheet: Sheet, results: Results) -> str:
    """Every drawn parameter with the range that the members hold, its grade and its sources."""
    names, _, grades = drawn(results.run)
    if not names:
        return ""
    parameters = results.run.scenario.parameters
    rows = []
    used: dict[str, None] = {}
    order = sorted(
        zip(names, grades, strict=True), key=lambda item: (GRADES.index(item[1]), item[0])
    )
    for name, grade in order:
        parameter = parameters[name]
        middle, low, high = results.drawn(name)
        meaning = name_cell(
            "priors.csv", name, "meaning", Name(parameter.meaning.zh, parameter.meaning.en)
        )
        key = (
            f'<span class="key">{sheet.inline(word_cell("priors.csv", name, "name", name))}</span>'
        )
        span = Text("{low}–{high}", "{low}–{high}", {"low": low, "high": high})
        unit = word_cell(
            "priors.csv", name, "unit", "" if parameter.unit == "1" else parameter.unit
        )
        sources = [word_cell("priors.csv", name, "sources", source) for source in parameter.sources]
        used |= dict.fromkeys(parameter.sources)
        rows.append(
            [
                sheet.inline(meaning) + key,
                f"{sheet.inline(middle)}<small>{sheet.inline(span)}</small>",
                sheet.inline(unit),
                sheet.inline(GRADE_NAMES[grade]),
                sheet.inline(joined(sources, "、", ", ")),
            ]
        )
    heads = [
        (Text("参数", "Parameter"), WORD),
        (Text("中位数", "Median"), NUMBER),
        (Text("单位", "Unit"), WORD),
        (Text("依据", "Stands on"), WORD),
        (Text("来源", "Sources"), WORD),
    ]
    caption = Text(
        "成员抽取的中位数与 {low}–{high} 范围",
        "Medians and {low}–{high} ranges of what members draw",
        {"low": convention("low"), "high": convention("high")},
    )
    count = {"n": results.count("drawn parameters", len(names))}
    summary = Text("全部 {n} 个参数与来源", "All {n} parameters and their sources", count)
    table = sheet.table(heads, rows, caption) + _sources(sheet, list(used))
    head = sheet.heading(3, Text("参数与来源", "Parameters and sources"), "parameters")
    return head + sheet.details(summary, table)


def _sources(sheet: Sheet, ids: list[str]) -> str:
    """The titles of the sources that parameters name."""
    known = {row["id"]: row for row in read_table(shipped("calibration", "sources.csv"))}
    rows = []
    for id_ in sorted(set(ids) & set(known)):
        title = word_cell("sources.csv", id_, "title", known[id_]["title"])
        day = word_cell("sources.csv", id_, "date", known[id_]["date"])
        key = word_cell("sources.csv", id_, "id", id_)
        rows.append(
            [
                f'<span class="key">{sheet.inline(key)}</span>',
                sheet.inline(title),
                sheet.inline(day),
            ]
        )
    heads = [
        (Text("来源", "Source"), WORD),
        (Text("题名", "Title"), WORD),
        (Text("日期", "Date"), WORD),
    ]
    return sheet.table(heads, rows, Text("来源", "Sources"))


def left_out(sheet: Sheet, results: Results) -> str:
    """What is not modelled: in general, and what this scenario sets that has no effect."""
    notes = results.run.scenario.notes
    content = sheet.bullets(LEFT_OUT)
    if notes:
        cells = [
            Text(
                "{path}：{what}",
                "{path}: {what}",
                {
                    "path": word_cell(results.table("notes"), str(n), "path", note.path),
                    "what": name_cell(
                        results.table("notes"), str(n), "what", Name(note.what_zh, note.what)
                    ),
                },
            )
            for n, note in enumerate(notes)
        ]
        head = Text(
            "本情景中没有作用或需注意之处", "In this scenario without effect, or to be noted"
        )
        content += sheet.heading(3, head, "notes") + sheet.bullets(cells)
    return sheet.section("left-out", Text("没有建模的", "What is not modelled"), content)


def limits(sheet: Sheet, results: Results) -> str:
    """What the report may be used for."""
    return sheet.section("limits", Text("使用范围", "Limits of use"), sheet.bullets(LIMITS))


def manifest(sheet: Sheet, results: Results) -> str:
    """Where the numbers come from, and the command that makes them again."""
    run, papers = results.run, []

    def line(zh: str, en: str, said: Said) -> None:
        papers.append(f"<dt>{sheet.inline(Text(zh, en))}</dt><dd>{sheet.inline(said)}</dd>")

    line("情景文件", "scenario file", results.paper("stem"))
    span = {"start": word_cell(results.table(SHEET), "period", "start", str(run.scenario.period.start)),
            "end": word_cell(results.table(SHEET), "period", "end", str(run.scenario.period.end))}  # fmt: skip
    line("时期", "period", Text("{start}–{end}", "{start}–{end}", span))
    line("有结果的成员", "members with results", results.members())
    failed = results.table("failures.csv")
    failures = number_cell(failed, "", "rows", float(len(run.failures)), whole)
    line("未成功的成员", "members that failed", failures)
    line("随机种子", "seed", results.paper("seed"))
    line("运行摘要", "digest of the run", results.paper("hash"))
    line("情景摘要", "digest of the scenario", results.paper("scenario"))
    line("源代码摘要", "digest of the source", results.paper("source"))
    line(
        "结果摘要",
        "digest of the values",
        word_cell(results.table("run.json"), "", "digest", run.digest()),
    )
    for name in run.manifest["data"]:
        what = word_cell(results.table("manifest.json"), "data", "name", name)
        line(
            "数据摘要：" + what.shown.zh,
            "digest of data: " + what.shown.en,
            results.paper("data", name),
        )
    line("程序版本", "version", results.paper("version"))
    line("提交", "commit", results.paper("commit"))
    line("Python", "Python", results.paper("python"))
    for name in run.manifest["packages"]:
        line(name, name, results.paper("packages", name))
    again = {
        "stem": results.paper("stem"),
        "n": results.members(),
        "seed": results.paper("seed"),
    }
    command = "simulate run scenarios/{stem}.yaml -n {n} --seed {seed}"
    told = Text(
        "同一情景、种子与版本给出逐字节相同的结果。重算（若情景文件在此处、取值未另行改动）：",
        "The same scenario, seed and version give the same bytes. To make them again (if the file lies here and no "
        "value was set otherwise):",
    )
    code = f"<pre><code>{sheet.inline(Text(command, command, again))}</code></pre>"
    content = f'<dl class="papers">{"".join(papers)}</dl>{sheet.block("p", told)}{code}'
    title = Text("出处：{name}", "Provenance: {name}", {"name": scenario_name(results)})
    return sheet.section(f"manifest-{results.label}", title, content)
