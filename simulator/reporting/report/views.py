"""The pictures of the report, each with its finding in words and its numbers in a table."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.experiments.store import Run
from simulator.observables import observable_of
from simulator.policy.ledger import ACCOUNTS
from simulator.registry import Name
from simulator.reporting import Lang, figures
from simulator.reporting.figures.counted import deadlines, pipelines_of
from simulator.reporting.figures.firms import COUNTS, size_classes
from simulator.reporting.figures.page import Picture
from simulator.reporting.figures.tiles import districts_of
from simulator.reporting.report.cells import (
    Cell,
    Said,
    Text,
    name_cell,
    number_cell,
    share_cell,
    unit_of,
    with_unit,
)
from simulator.reporting.report.findings import NUMBER, WORD, scenario_name
from simulator.reporting.report.markup import Sheet
from simulator.reporting.report.pictures import Gallery
from simulator.reporting.report.results import Results, convention
from simulator.targets import Floats

MOST_FANS: Final = 4
BAND: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


class View(NamedTuple):
    """A picture: how to draw it, its finding, how to read it, and its numbers as a table."""

    key: str
    draw: Callable[[Lang], Picture]
    finding: Text
    how: Text
    table: str


def shown(sheet: Sheet, gallery: Gallery, view: View) -> str:
    """A figure with its finding as heading and its numbers behind a summary."""
    title, about = f"{view.key}-title", f"{view.key}-how"
    by = f"{title} {about}"
    pictures = {lang: gallery.add(view.draw(lang), by) for lang in sheet.drawn_in}
    picture = pictures[sheet.lang]
    if len(pictures) > 1:
        picture = "".join(f'<div class="of-{lang}">{own}</div>' for lang, own in pictures.items())
    numbers = sheet.details(Text("数据表", "Data table"), view.table)
    return (
        f'<figure id="{view.key}"><figcaption>{sheet.heading(3, view.finding, title)}'
        f'<div id="{about}">{sheet.block("p", view.how, class_="how")}</div></figcaption>'
        f'<div class="card" tabindex="0" role="group" aria-labelledby="{title}">{picture}</div>{numbers}</figure>'
    )


def outlook(sheet: Sheet, gallery: Gallery, results: Results, others: Sequence[Results]) -> str:
    """Fans of what the targets are measured by, chains, districts, firm sizes."""
    run = results.run
    views = [_fan(sheet, results, series) for series in fans(results)]
    if others:
        views.insert(0, _overlay(sheet, [results, *others]))
    if any(name.startswith("chain_core_revenue[") for name in run.series):
        views.append(_chains(sheet, results))
    if districts_of(run):
        views.append(_districts(sheet, results))
    if all(name in run.series for name in COUNTS):
        views.append(_sizes(sheet, results))
    content = "".join(shown(sheet, gallery, view) for view in views)
    return sheet.section("outlook", Text("走势", "Outlook"), content)


def projects(sheet: Sheet, gallery: Gallery, results: Results) -> str:
    """What the plans count: planned, under way, delivered; nothing where a run counts no projects."""
    if not pipelines_of(results.run):
        return ""
    content = shown(sheet, gallery, _pipelines(sheet, results))
    return sheet.section("projects", Text("项目进度", "Projects"), content)


def money(sheet: Sheet, gallery: Gallery, results: Results) -> str:
    """The ledger: planned, spent, lost, left; every yuan from one account to another."""
    title = Text("资金账", "Ledger")
    if not results.entries:
        none = Text("本次运行没有资金分录。", "No money moves in this run.")
        return sheet.section("money", title, sheet.block("p", none))
    parts: dict[str, Said] = {
        "planned": results.planned(),
        "sources": results.put_up(),
        "spent": results.into("received"),
        "lost": results.lost(),
        "left": results.left(),
        "one": convention("yuan"),
        "million": convention("million"),
    }
    told = Text(
        "规划期内各级预算 {planned}亿元，计入基金出资人、项目业主与社会资本共 {sources}亿元：支出 {spent}亿元，"
        "挪用、管理与未执行 {lost}亿元，期末未用 {left}亿元。",
        "Budgets of {planned}亿元 over the period; with partners of funds, owners of projects and private investors "
        "{sources}亿元: {spent}亿元 is spent, {lost}亿元 misused, administered or not executed, {left}亿元 unspent at "
        "the end.",
        parts,
    )
    note = Text(
        "均为成员均值；复式记账，各处收支相等；多数工具的规模与费用为假定。"
        "金额单位：{one}亿元 = {million} million CNY。",
        "Means over members; double entry, every pot gives on what it got; most sizes and costs of levers are assumed. "
        "{one}亿元 = {million} million CNY.",
        parts,
    )
    content = sheet.block("p", told) + sheet.block("p", note, class_="about")
    content += shown(sheet, gallery, _flow(sheet, results))
    return sheet.section("money", title, content)


def fans(results: Results) -> list[str]:
    """The city series that the plans' scored targets are measured by, core revenue first."""
    scored = [
        score.series for score in results.run.targets() if score.probability and not score.extra
    ]
    found = dict.fromkeys(series for series in scored if observable_of(series).dimension == "city")
    # A series that is the same in every member makes no fan.
    spread = [s for s in found if _spreads(results, s)]
    ordered = sorted(spread, key=lambda series: series != "core_revenue")
    return ordered[:MOST_FANS] or ["core_revenue"]


def _spreads(results: Results, series: str) -> bool:
    low, high = (results.level(series, results.last, quantile) for quantile in (0.05, 0.95))
    return low.value != high.value


def series_name(run: Run, series: str) -> Cell:
    """The name of a recorded series."""
    about = run.describe(series)
    return name_cell("observables", series, "name", Name(about.name_zh, about.name_en))


def bands() -> dict[str, Said]:
    """The shares of members that bands hold."""
    return {
        "half": convention("half"),
        "most": convention("most"),
        "low": convention("low"),
        "high": convention("high"),
    }


def _fan(sheet: Sheet, results: Results, series: str) -> View:
    run, year = results.run, results.last
    unit = run.describe(series).unit
    low, middle, high = (results.level(series, year, q) for q in (0.05, 0.5, 0.95))
    parts: dict[str, Said] = {
        "name": series_name(run, series),
        "year": results.calendar(year),
        "middle": with_unit(middle, unit),
        "low": low,
        "high": high,
    }
    finding = Text(
        "{name}：{year} 年中位数 {middle}（{low}–{high}）",
        "{name}: median {middle} in {year} ({low}–{high})",
        parts,
    )
    how = Text(
        "深色带含 {half}、浅色带含 {most} 的成员；红线为目标。",
        "Bands hold {half} and {most} of members; red: the target.",
        bands(),
    )
    rows = [
        [
            sheet.inline(results.calendar(y)),
            *(sheet.inline(results.level(series, y, q)) for q in BAND),
        ]
        for y in run.years
    ]
    heads = [(Text("年份", "Year"), WORD)]
    heads += [(Text("{q}", "{q}", {"q": convention(str(q))}), NUMBER) for q in BAND]
    caption = Text(
        "{name}，{unit}：成员的分位数",
        "{name}, {unit}: quantiles over members",
        {"name": parts["name"], "unit": unit_of(unit)},
    )
    table = sheet.table(heads, rows, caption, "narrow")
    return View(
        f"fan-{series}", lambda lang: figures.fan(run, series, lang=lang), finding, how, table
    )


def _overlay(sheet: Sheet, results: Sequence[Results]) -> View:
    series, run = "core_revenue", results[0].run
    # Runs of different periods are held against each other where all of them have figures.
    years = [y for y in run.years if all(y in item.run.years for item in results)]
    year = years[-1]
    last = [(scenario_name(item), item.level(series, year, 0.5)) for item in results]
    parts: dict[str, Said] = {"name": series_name(run, series), "year": results[0].calendar(year)}
    words = []
    for n, (name, level) in enumerate(last):
        parts |= {f"n{n}": name, f"v{n}": level}
        words.append(f"{{n{n}}} {{v{n}}}亿元")
    finding = Text(
        f"{{name}}，{{year}} 年中位数：{'，'.join(words)}",
        f"{{name}}, medians of {{year}}: {', '.join(words)}",
        parts,
    )
    how = Text(
        "线为中位数，浅带含首个情景 {half} 的成员；下方为逐成员配对之差，细线含 {most} 的成员，P 为达标概率。",
        "Lines: medians, band: {half} of members of the first; below, paired differences, thin line: {most} of "
        "members; P: chance of the target.",
        bands(),
    )
    heads = [(Text("年份", "Year"), WORD)]
    heads += [(Text("{n}", "{n}", {"n": scenario_name(item)}), NUMBER) for item in results]
    rows = [
        [
            sheet.inline(results[0].calendar(y)),
            *(sheet.inline(r.level(series, y, 0.5)) for r in results),
        ]
        for y in years
    ]
    table = sheet.table(heads, rows, Text("中位数，亿元", "Medians, 亿元"), "narrow")
    runs = [item.run for item in results]
    return View(
        "overlay", lambda lang: figures.overlay(runs, series, lang=lang), finding, how, table
    )


def _chains(sheet: Sheet, results: Results) -> View:
    run, years = results.run, (results.run.years[0], results.last)
    found = []
    for chain in run.library.registry.chains:
        series = f"chain_core_revenue[{chain.id}]"
        if series in run.series:
            name = name_cell("registry/chains", chain.id, "name", chain.name)
            found.append((name, series, results.level(series, years[1], 0.5)))
    found.sort(key=lambda item: -item[2].number)
    parts: dict[str, Said] = {
        "year": results.calendar(years[1]),
        "chain": found[0][0],
        "level": found[0][2],
        "second": found[min(1, len(found) - 1)][0],
        "next": found[min(1, len(found) - 1)][2],
    }
    finding = Text(
        "{year} 年核心营收最多的产业链：{chain} {level}亿元，其次{second} {next}亿元",
        "Largest chains by core revenue in {year}: {chain} {level}亿元, {second} {next}亿元",
        parts,
    )
    how = Text(
        "空心点为起始年中位数，实心点为末年中位数，粗线含 {half}、细线含 {most} 的成员。",
        "Hollow dot: median of the first year, solid dot: of the last; thick line {half}, thin line {most} of members.",
        bands(),
    )
    rows = [
        [sheet.inline(name), *_levels(sheet, results, series, years)] for name, series, _ in found
    ]
    table = sheet.table(_range_heads(results, years, Text("产业链", "Chain")), rows, _MEDIANS)
    return View("chains", lambda lang: figures.chains(run, lang=lang), finding, how, table)


def _districts(sheet: Sheet, results: Results) -> View:
    run, table = results.run, results.table("districts")
    found = districts_of(run)

    def cells(id_: str, first: Floats, last: Floats) -> dict[str, Cell]:
        low, high = np.quantile(last, [0.05, 0.95]).tolist()
        values = {
            "first": float(np.median(first)),
            "last": float(np.median(last)),
            "p05": low,
            "p95": high,
        }
        return {name: number_cell(table, id_, name, value) for name, value in values.items()}

    total = np.sum([district.last for district in found], axis=0)
    lead = found[0]
    share = float(np.median(lead.last / np.where(total > 0.0, total, 1.0)))
    parts: dict[str, Said] = {
        "year": results.calendar(results.last),
        "place": name_cell("registry/places", lead.id, "name", lead.name),
        "share": share_cell(table, lead.id, "share", share),
        "level": cells(lead.id, lead.first, lead.last)["last"],
    }
    finding = Text(
        "{year} 年{place}的核心营收为 {level}亿元，约占全市 {share}",
        "{place}: core revenue of {level}亿元 in {year}, about {share} of the city's",
        parts,
    )
    how = Text(
        "中位数，各区含其功能区。示意图：一格一区，按大致方位排列，不表示边界与距离。",
        "Medians, each district with its zones. Schematic: a tile a district, roughly where it lies; no borders or "
        "distances.",
    )
    rows = []
    for district in found:
        own = cells(district.id, district.first, district.last)
        name = name_cell("registry/places", district.id, "name", district.name)
        span = Text("{p05}–{p95}", "{p05}–{p95}", own)
        rows.append([sheet.inline(item) for item in (name, own["first"], own["last"], span)])
    heads = _range_heads(results, (run.years[0], results.last), Text("区", "District"))
    numbers = sheet.table(heads, rows, _MEDIANS)
    return View(
        "districts", lambda lang: figures.district_map(run, lang=lang), finding, how, numbers
    )


def _sizes(sheet: Sheet, results: Results) -> View:
    run, table = results.run, results.table("size_classes")
    bounds = ("", "10yi", "50yi", "100yi", "")
    classes = size_classes(run)
    rows = []
    for n, found in enumerate(classes):
        low, high = (convention(b) if b else None for b in bounds[n : n + 2])
        row = [sheet.inline(_class_name(low, high))]
        for place, year in enumerate(run.years):
            middle = float(np.median(found.counts[:, place]))
            row.append(sheet.inline(number_cell(table, f"class{n}@{year}", "median", middle)))
        rows.append(row)
    last = run.years[-1]
    parts: dict[str, Said] = {
        "name": series_name(run, "firms_10"),
        "year": results.calendar(last),
        "first": results.calendar(run.years[0]),
        "middle": with_unit(results.level("firms_10", last, 0.5), "家"),
        "before": with_unit(results.level("firms_10", run.years[0], 0.5), "家"),
    }
    finding = Text(
        "{name}：{first} 年 {before}，{year} 年 {middle}（中位数）",
        "{name}: {before} in {first}, {middle} in {year} (medians)",
        parts,
    )
    how = Text(
        "年末各营收规模的名录企业数；深色带含 {half}、浅色带含 {most} 的成员；各图刻度不同。",
        "Catalogue firms by revenue at the end of each year; bands hold {half} and {most} of members; each panel has "
        "its own scale.",
        bands(),
    )
    heads = [(Text("营收", "Revenue"), WORD)]
    heads += [(Text("{y}", "{y}", {"y": results.calendar(year)}), NUMBER) for year in run.years]
    caption = Text("名录企业数，中位数", "Catalogue firms, medians")
    numbers = sheet.table(heads, rows, caption, "narrow")
    return View("sizes", lambda lang: figures.firm_sizes(run, lang=lang), finding, how, numbers)


def _class_name(low: Cell | None, high: Cell | None) -> Text:
    if low is None and high is not None:
        return Text("{high}亿元以下", "below {high}亿元", {"high": high})
    if high is None and low is not None:
        return Text("{low}亿元以上", "{low}亿元 or above", {"low": low})
    assert low is not None and high is not None
    return Text("{low}–{high}亿元", "{low}–{high}亿元", {"low": low, "high": high})


def _pipelines(sheet: Sheet, results: Results) -> View:
    run, table = results.run, results.table("pipelines")
    found = pipelines_of(run)
    first, last = (results.calendar(year) for year in deadlines(found))
    parts: dict[str, Said] = {
        "all": results.count("pipelines", len(found)),
        "done": results.count("pipelines reached", sum(item.likely for item in found)),
        "first": first,
        "last": last,
    }
    due = "{last}" if first == last else "{first}–{last}"
    finding = Text(
        f"{{all}} 项计数目标（{due} 年到期）中，{{done}} 项的中位数按期达到规划数",
        f"{{done}} of {{all}} counted targets due {due}: the median reaches what is planned in time",
        parts,
    )
    how = Text(
        "深色为已交付，浅色为在建（中位数），细线为交付数的 {low}–{high}，红线为规划数，均为到期时的数；各行刻度不同；"
        "按规模计的单个项目以启动为准。",
        "Dark: delivered, light: under way (medians), thin line: {low}–{high} of deliveries, red: planned, all at the "
        "deadline; each row to its own scale; a single project of a size is judged once begun.",
        bands(),
    )
    rows = []
    for item in found:
        low, high = np.quantile(item.delivered, [0.05, 0.95]).tolist()
        values = {
            "planned": item.planned,
            "delivered": float(np.median(item.delivered)),
            "p05": low,
            "p95": high,
            "under_way": float(np.median(item.under_way)),
        }
        own = {name: number_cell(table, item.key, name, value) for name, value in values.items()}
        span = Text("{p05}–{p95}", "{p05}–{p95}", own)
        name = results.target_name(item.key)
        chance = results.target(item.key, "probability")
        cells = (name, own["planned"], own["delivered"], span, own["under_way"], chance)
        rows.append([sheet.inline(cell) for cell in cells])
    heads = [
        (Text("目标", "Target"), WORD),
        (Text("规划", "Planned"), NUMBER),
        (Text("已交付", "Delivered"), NUMBER),
        (Text("{low}–{high}", "{low}–{high}", bands()), NUMBER),
        (Text("在建", "Under way"), NUMBER),
        (Text("达成概率", "Probability"), NUMBER),
    ]
    numbers = sheet.table(heads, rows, Text("成员中位数", "Medians over members"))
    return View("pipelines", lambda lang: figures.pipelines(run, lang=lang), finding, how, numbers)


def _flow(sheet: Sheet, results: Results) -> View:
    run = results.run
    firms = results.money(account_to="catalogue_firms")
    share = firms.number / (results.put_up().number or 1.0)
    parts: dict[str, Said] = {
        "firms": firms,
        "share": share_cell(firms.table, "account_to=catalogue_firms", "mean/put up", share),
    }
    finding = Text(
        "投入名录企业 {firms}亿元（基金直投与社会资本跟投），占全部投入的 {share}",
        "{firms}亿元 is invested in catalogue firms by funds and private co-investors, {share} of all that is put up",
        parts,
    )
    how = Text(
        "带宽与金额成正比；左为谁出资，右为期末在谁手中；橙色为未到受益者手中的资金。",
        "Ribbons as wide as the money in them; left: who puts it up, right: who has it at the end; orange: money that "
        "reaches nobody it was meant for.",
    )
    numbers = _accounts(sheet, results) + _budgets(sheet, results)
    return View("flow", lambda lang: figures.flow(run, lang=lang), finding, how, numbers)


def _accounts(sheet: Sheet, results: Results) -> str:
    """What enters and leaves each account over the run."""
    rows = []
    for account in ACCOUNTS:
        into = results.money(account_to=account.key)
        out = results.money(account_from=account.key)
        if into.number or out.number:
            name = name_cell("ledger/accounts", account.key, "name", account.name)
            cells = [name, *((x if x.number else None) for x in (into, out))]
            rows.append([sheet.inline(x) if x else "–" for x in cells])
    heads = [
        (Text("账户", "Account"), WORD),
        (Text("收入", "In"), NUMBER),
        (Text("支出", "Out"), NUMBER),
    ]
    caption = Text("各账户收支，亿元，成员均值", "Accounts, 亿元, means over members")
    return sheet.table(heads, rows, caption, "narrow")


def _budgets(sheet: Sheet, results: Results) -> str:
    """What is appropriated for each kind of lever by year."""
    years = results.run.years[1:]
    chosen = {"account_to": "appropriated"}
    rows = []
    for kind in results.run.library.registry.kinds:
        cells = [results.money(**chosen, kind=kind.id, year=str(year)) for year in years]
        if any(cell.number for cell in cells):
            name = name_cell("registry/kinds", kind.id, "name", kind.name)
            rows.append([sheet.inline(name), *(sheet.inline(cell) for cell in cells)])
    heads = [(Text("工具类别", "Kind of lever"), WORD)]
    heads += [(Text("{y}", "{y}", {"y": results.calendar(year)}), NUMBER) for year in years]
    return (
        sheet.table(heads, rows, Text("预算安排，亿元", "Budgets, 亿元"), "narrow") if rows else ""
    )


_MEDIANS: Final = Text("核心营收，亿元，成员中位数", "Core revenue, 亿元, medians over members")


def _range_heads(results: Results, years: tuple[int, int], what: Text) -> list[tuple[Text, str]]:
    one, two = (results.calendar(year) for year in years)
    return [
        (what, WORD),
        (Text("{y}", "{y}", {"y": one}), NUMBER),
        (Text("{y}", "{y}", {"y": two}), NUMBER),
        (Text("{low}–{high}", "{low}–{high}", bands()), NUMBER),
    ]


def _levels(sheet: Sheet, results: Results, series: str, years: tuple[int, int]) -> Iterable[str]:
    low, high = (results.level(series, years[1], q) for q in (0.05, 0.95))
    for year in years:
        yield sheet.inline(results.level(series, year, 0.5))
    yield sheet.inline(Text("{low}–{high}", "{low}–{high}", {"low": low, "high": high}))
