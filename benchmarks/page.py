"""Writes what was measured into docs/performance.md and draws its figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEGIN, END = (
    "<!-- measured: written by benchmarks/compare.py -->",
    "<!-- end of what was measured -->",
)
CITIES, CITY_FIRMS, CITY_MEMBERS = 300, 2000, 1000
VERDICTS = {
    "aim": "aim · 优",
    "gate": "met · 达标",
    "open": "**open · 未定**",
    "missed": "**missed · 未达标**",
    "told": "–",
}
COLOURS = {"aim": "#1f6f8b", "gate": "#1f6f8b", "open": "#b7791f", "missed": "#b3261e"}
GREY, GRID = "#66727f", "#e4e8ec"
SHORTEST = 0.03  # a part of a profile below this share of the largest is left out

Sheets = dict[str, Any]


def write(told: Sheets, docs: Path) -> None:
    """Replace the measured part of the page and draw its figures; ValueError when the page lost its marks."""
    path = docs / "performance.md"
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path}: the marks {BEGIN} and {END} are gone")
    figures = docs / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    draw_goals(results_of(told), figures / "performance")
    draw_growth(growths_of(told), figures / "performance-growth")
    path.write_text(f"{before}{BEGIN}\n\n{tables(told)}\n{END}{after}", encoding="utf-8")


def results_of(told: Sheets) -> list[dict[str, Any]]:
    """All results in order of their goals, each with the machine state it was measured in."""
    rows = [
        result | {"load": sheet["load"], "origin": _origin(sheet)}
        for sheet in told.values()
        for result in sheet["results"]
    ]
    return sorted(rows, key=lambda row: row["goal"])


def _origin(sheet: dict[str, Any]) -> tuple[str, str]:
    return sheet["machine"]["sources"], sheet["machine"]["processor"]


def growths_of(told: Sheets) -> dict[str, dict[str, Any]]:
    """All curves by key."""
    return {curve["key"]: curve for sheet in told.values() for curve in sheet["growths"]}


def tables(told: Sheets) -> str:
    """The goals with their verdicts, what explains those missed, how costs grow, and what more would take."""
    latest = max(told.values(), key=lambda sheet: sheet["at"])
    machine = latest["machine"]
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
    loads = [sheet["load"] for sheet in told.values()]
    paragraphs = [
        f"{latest['at'][:10]}. {machine['processor']}, {machine['cores']} cores · 核, {machine['platform']}; Python "
        f"{machine['python']}, {libraries}; {machine['compiler']}. Load while measuring · 测量时的系统负载 "
        f"{min(loads):.1f}–{max(loads):.1f}; sources · 源码 `{machine['sources']}`.",
        "\n".join(_goals(told, _origin(latest))),
        "![](figures/performance.png)",
        *_profiles(told),
        *_growths(told),
        *_paper(told),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _goals(told: Sheets, origin: tuple[str, str]) -> Iterator[str]:
    yield (
        "| # | measured · 指标 | value · 值 | interval · 区间 | gate · 门槛 | aim · 目标 | verdict · 判定 | "
        "load · 负载 | note · 说明 |"
    )
    yield "|" + " --- |" * 9
    older = False
    for row in results_of(told):
        sign = "≥" if row["better"] == "more" else "≤"
        gate, aim = (
            "–" if row[bound] is None else f"{sign}{row[bound]:.3g}" for bound in ("gate", "aim")
        )
        mark = "" if row["origin"] == origin else " †"
        older = older or bool(mark)
        interval = f"{_number(row['low'])}–{_number(row['high'])}"
        yield (
            f"| {row['goal']} | {row['zh']} · {row['en']}{mark} | {_number(row['value'])} {row['unit']} | {interval} | "
            f"{gate} | {aim} | {VERDICTS[row['verdict']]} | {row['load']:.1f} | {row['note']} |"
        )
    for name, sheet in told.items():
        if "skipped" in sheet:
            yield f"| – | {name} | – | – | – | – | left out · 未测 | {sheet['load']:.1f} | {sheet['skipped']} |"
    if older:
        yield ""
        yield "† of earlier sources or another machine · 较早的源码或另一台机器所测。"


def _profiles(told: Sheets) -> Iterator[str]:
    """Under each goal that is not met, the profiles that explain it; each profile once."""
    profiles = {part["key"]: part for sheet in told.values() for part in sheet["profiles"]}
    wanted: dict[str, list[str]] = {}
    for row in results_of(told):
        if row["verdict"] in ("missed", "open"):
            for key in row["profiles"]:
                wanted.setdefault(key, []).append(f"{row['goal']} {row['key']}")
    if wanted:
        yield "### What the missed goals spend their time on · 未达标项的耗时构成"
    for key, rows in wanted.items():
        if key not in profiles or not profiles[key]["parts"]:
            continue
        profile = profiles[key]
        largest = max(cost for _, cost in profile["parts"])
        parts = ", ".join(
            f"{name} {_number(cost)}"
            for name, cost in profile["parts"]
            if cost >= SHORTEST * largest
        )
        names = ", ".join(dict.fromkeys(rows))
        yield (f"{names}. {profile['zh']} · {profile['en']} ({profile['unit']}): {parts}.")


def _growths(told: Sheets) -> Iterator[str]:
    curves = growths_of(told).values()
    if not curves:
        return
    lines = [
        "| cost · 成本 | by · 随 | points · 各点 | exponent · 指数 | interval · 区间 |",
        "|" + " --- |" * 5,
    ]
    for curve in curves:
        points = ", ".join(f"{x:,.0f}: {_number(y)}" for x, y in curve["points"])
        lines.append(
            f"| {curve['zh']} · {curve['en']} ({curve['unit']}) | {curve['size_zh']} · {curve['size_en']} | {points} | "
            f"{curve['exponent']:.3f} | {curve['low']:.3f}–{curve['high']:.3f} |"
        )
    yield "### How costs grow · 成本如何增长"
    yield "\n".join(lines)
    yield (
        "The exponent is of the whole cost: 1 means that twice the size costs twice as much, 0 that it costs the same. "
        "指数指总成本：1 为规模加倍成本加倍，0 为成本不变。"
    )
    yield "![](figures/performance-growth.png)"


def _paper(told: Sheets) -> Iterator[str]:
    """What was not run, worked out on paper from what was: all of China, and a million members."""
    curves = growths_of(told)
    large = told.get("large", {}).get("figures", {})
    if large and {"firms", "cells"} <= curves.keys():
        yield from _china(large, curves)
    folder = told.get("folder", {}).get("figures", {})
    if folder and "member_ms" in told.get("members", {}).get("figures", {}):
        yield from _million(folder, told["members"])


def _china(large: dict[str, float], curves: dict[str, Any]) -> Iterator[str]:
    firms = CITIES * CITY_FIRMS
    by_firms, by_cells = curves["firms"], curves["cells"]
    cells = CITIES * by_cells["points"][0][0]
    # From the world that was run, along the measured curves: a firm-step by firms, then by cells.
    least = large["ns"] * (firms / large["living"]) ** (by_firms["exponent"] - 1.0)
    most = least * CITIES ** max(0.0, by_cells["exponent"])
    steps = firms * 40
    seconds = f"{steps * least * 1e-9:.0f}–{steps * most * 1e-9:.0f}"
    hours = "–".join(f"{CITY_MEMBERS * steps * each * 1e-9 / 3600.0:.1f}" for each in (least, most))
    memory = firms * large["bytes"] / 1e9
    yield "### The city of tomorrow: all of China · 明日之城：全国"
    yield (
        f"On paper, not run: {CITIES} cities of {CITY_FIRMS} modelled firms are {firms:,} firms in {cells:,.0f} chain "
        f"× district cells. The {large['living']:,.0f} firms that were run took {large['ns']:.0f} ns a firm-step; "
        f"that becomes {least:.0f} ns by the exponent in firms ({by_firms['exponent']:.3f}), and {most:.0f} ns if the "
        f"exponent in cells ({by_cells['exponent']:.3f}, measured up to {by_cells['points'][-1][0]:,.0f}) holds. One "
        f"member of 40 quarters then takes {seconds} s of one core and {memory:.2f} GB, {CITY_MEMBERS} members "
        f"{hours} core-hours. "
        "Assumed: every city has Tianjin's chains and districts, a newcomer chooses among the districts of one city, "
        "cities do not trade with each other; founding them is not in the time."
    )
    yield (
        f"纸面估算，未实际运行：{CITIES} 城 × {CITY_FIRMS} 家共 {firms:,} 家企业、{cells:,.0f} 个产业链 × 区单元；"
        f"按实测指数外推，每企业每步 {least:.0f}–{most:.0f} ns，一个成员（40 季度）单核 {seconds} 秒、{memory:.2f} GB，"
        f"{CITY_MEMBERS} 个成员 {hours} 核时。假定各城的链与区同天津，新企业只在一城各区中选址，城市之间无贸易；"
        "未计建立世界的时间。"
    )


def _million(folder: dict[str, float], members: dict[str, Any]) -> Iterator[str]:
    quarters, each = members["size"]["quarters"], members["figures"]["member_ms"]
    disk = 1e6 * folder["disk_bytes"] * (quarters + 1) / 1e9
    hours, run = 1e6 * each / 3.6e6, folder["members"]
    yield "### A million members · 一百万成员"
    yield (
        f"A folder of {run:,.0f} short members was run and read. By its bytes a million members of {quarters} "
        f"quarters take {disk:.1f} GB in 2180 parts, and by the time of the largest run here {hours:.1f} core-hours. "
        "What DuckDB takes to read a column of all members stands in the table; "
        "[results/README.md](../results/README.md) has the query."
    )
    yield (
        f"实际运行并读取了 {run:,.0f} 个短成员；按其字节数，一百万个 {quarters} 季度的成员占盘 "
        f"{disk:.1f} GB（2180 个分块），按上表用时约 {hours:.1f} 核时。DuckDB 读取全部成员一列所需内存见上表，查询见 "
        "[results/README.md](../results/README.md)。"
    )


def _pyplot(words: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.font_manager import FontProperties

    from simulator.reporting.fonts import typeface

    return plt, FontProperties(fname=typeface(words), size=8)


def draw_goals(results: list[dict[str, Any]], path: Path) -> None:
    """Each judged figure as its distance to the gate, by what factor it is better or worse; PNG and SVG."""
    shown = [row for row in results if row["gate"] and row["low"] > 0.0][::-1]
    if not shown:
        return
    labels = [f"{row['goal']}  {row['zh']}\n{row['en']}" for row in shown]
    title = "每项指标与其门槛之比 · Each figure over its gate"
    key = (
        "线左达标，线右未达标；三角为目标；线段为区间\n"
        "left of the line: met; right: not met; triangles: aims; bars: intervals"
    )
    plt, font = _pyplot(title + key + "".join(labels) + "0123456789×.")
    figure, axes = plt.subplots(figsize=(9.0, 1.2 + 0.5 * len(shown)), layout="constrained")
    for row, result in enumerate(shown):
        turn = -1.0 if result["better"] == "more" else 1.0
        value, low, high = ((result[k] / result["gate"]) ** turn for k in ("value", "low", "high"))
        colour = COLOURS[result["verdict"]]
        axes.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot(value, row, "o", color=colour)
        if result["aim"]:
            aim = (result["aim"] / result["gate"]) ** turn
            axes.plot(aim, row, "<", color=GREY, fillstyle="none", markersize=5)
    axes.axvline(1.0, color=GREY, linewidth=1)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [x for x in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if low <= x <= high]
    axes.set_xticks(ticks, [f"{x:g}×" for x in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(shown)), labels, fontproperties=font)
    axes.set_xlabel(key, fontproperties=font)
    axes.set_title(title, fontproperties=font, fontsize=11, loc="left")
    _finish(plt, figure, [axes], path)


def draw_growth(curves: dict[str, dict[str, Any]], path: Path) -> None:
    """Each curve on logarithmic axes of the same span of cost; PNG and SVG."""
    if not curves:
        return
    words = "".join(
        curve[k] for curve in curves.values() for k in ("zh", "en", "size_zh", "size_en")
    )
    plt, font = _pyplot(words + "0123456789指数 exponent.,()·")
    columns = 3
    rows = -(-len(curves) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(9.0, 2.9 * rows), layout="constrained", squeeze=False
    )
    panels = list(grid.flat)
    for axes, curve in zip(panels, curves.values(), strict=False):
        x, y = zip(*curve["points"], strict=True)
        axes.plot(x, y, "o-", color=COLOURS["gate"], markersize=4)
        axes.set_xscale("log")
        axes.set_xticks(x, [_short(size) for size in x])
        axes.minorticks_off()
        axes.set_ylim(0.0, 1.25 * max(y))
        axes.set_xlabel(f"{curve['size_zh']} · {curve['size_en']}", fontproperties=font)
        title = f"{curve['zh']} ({curve['unit']})\n{curve['en']}"
        axes.set_title(title, fontproperties=font, loc="left")
        told = f"指数 · exponent {curve['exponent']:.2f}"
        axes.text(0.03, 0.05, told, transform=axes.transAxes, fontproperties=font)
    for axes in panels[len(curves) :]:
        axes.set_axis_off()
    _finish(plt, figure, panels[: len(curves)], path)


def _short(number: float) -> str:
    """A number for a narrow place: 5000 as 5k."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def _number(value: float) -> str:
    """Three digits, without an exponent where a person would write none."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def _finish(plt: Any, figure: Any, panels: list[Any], path: Path) -> None:
    for axes in panels:
        axes.grid(color=GRID)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    for suffix in (".png", ".svg"):
        figure.savefig(path.with_suffix(suffix), dpi=144)
    plt.close(figure)
