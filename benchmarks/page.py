"""Writes what was measured into docs/performance.md and draws its figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BEGIN, END = (
    "<!-- measured: written by benchmarks/compare.py -->",
    "<!-- end of what was measured -->",
)
CITIES = 300
LINE = "#1f6f8b"


def write(told: dict[str, Any], docs: Path) -> None:
    """Replace the measured part of the page and draw the figure; ValueError when the page lost its marks."""
    path = docs / "performance.md"
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path}: the marks {BEGIN} and {END} are gone")
    draw(told, docs / "figures" / "performance")
    path.write_text(f"{before}{BEGIN}\n\n{tables(told)}\n{END}{after}", encoding="utf-8")


def tables(told: dict[str, Any]) -> str:
    """The goals with their verdicts, how time grows, and what all of China would take."""
    machine, size = told["machine"], told["size"]
    load = ", ".join(f"{part:.1f}" for part in machine["load"])
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, "
        + ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
        + f"; load {load}. {size['firms']} firms, {size['quarters']} quarters.",
        "",
        "| # | measured · 指标 | value · 值 | interval · 区间 | gate · 门槛 | aim · 目标 | met · 达标 | note |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in told["results"]:
        sign = "≥" if result["better"] == "more" else "≤"
        aim = "–" if result["aim"] is None else f"{sign}{result['aim']:.3g}"
        lines.append(
            f"| {result['goal']} | {result['en']} · {result['zh']} | {result['value']:.3g} {result['unit']} "
            f"| {result['low']:.3g}–{result['high']:.3g} | {sign}{result['gate']:.3g} | {aim} "
            f"| {'yes · 是' if result['met'] else '**no · 否**'} | {result['note']} |"
        )
    lines += [
        f"| – | {key} | skipped: {reason} | | | | | |" for key, reason in told["skipped"].items()
    ]
    lines += ["", "![](figures/performance.png)", "", *_china(told)]
    return "\n".join(lines) + "\n"


def _china(told: dict[str, Any]) -> list[str]:
    """A paper estimate from the measured time and memory of a firm-step at the largest number of firms."""
    rows = {result["key"]: result["rows"] for result in told["results"]}
    if "many_firms" not in rows:
        return []
    size = told["size"]
    _, nanoseconds, held = rows["many_firms"][-1]
    firms = CITIES * size["firms"]
    member = firms * size["quarters"] * nanoseconds * 1e-9
    hours = size["members"] * member / 3600.0
    return [
        f"All of China, on paper · 全国估算（纸面）: {CITIES} cities of {size['firms']} firms are {firms} firms and "
        f"{firms * held / 1e6:.0f} MB of columns; a member of {size['quarters']} quarters takes {member:.0f} s of one "
        f"core, {size['members']} members {hours:.1f} core-hours. Links between cities are not in it.",
        "",
    ]


def draw(told: dict[str, Any], path: Path) -> None:
    """Each goal that is a ratio as a dot with its interval, beside its gate, on a logarithmic axis; PNG and SVG."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.font_manager import FontProperties

    from simulator.reporting.fonts import typeface

    shown = [result for result in told["results"] if result["unit"] == "×"][::-1]
    labels = [f"{result['zh']}\n{result['en']}" for result in shown]
    title = "每项目标的比值与门槛 · Ratios and their gates"
    key = (
        "圆点为实测与区间，红色为未达标；三角为门槛，尖端指向达标一侧\n"
        "dots: measured, with interval; red: gate not met; triangles: gates, pointing to where they are met"
    )
    font = typeface(title + key + "".join(labels) + "0123456789×.")
    figure, axes = plt.subplots(figsize=(9.0, 1.0 + 0.55 * len(shown)), layout="constrained")
    for row, result in enumerate(shown):
        colour = LINE if result["met"] else "#b3261e"
        axes.plot([result["low"], result["high"]], [row, row], color=colour, linewidth=3)
        axes.plot(result["value"], row, "o", color=colour)
        mark = ">" if result["better"] == "more" else "<"
        axes.plot(result["gate"], row, mark, color="#66727f", fillstyle="none")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}×")
    axes.set_yticks(range(len(shown)), labels, fontproperties=FontProperties(fname=font, size=8))
    axes.set_xlabel(key, fontproperties=FontProperties(fname=font, size=8))
    axes.grid(axis="x", color="#e4e8ec")
    axes.set_title(title, fontproperties=FontProperties(fname=font, size=11), loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".png", ".svg"):
        figure.savefig(path.with_suffix(suffix), dpi=144)
    plt.close(figure)
