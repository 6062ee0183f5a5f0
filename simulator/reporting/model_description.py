"""The generated parts of the model description, `docs/model.md`.

Equations, parameters, channels and series are written where they live: in the docstrings of the mechanisms, in
`calibration/priors.csv`, in `policy/effects.py` and in the catalogue of observables. This module sets them into the
description between markers, so that no copy can go stale:

    python -m simulator.reporting.model_description           # rewrite docs/model.md
    python -m simulator.reporting.model_description --check   # only tell whether it is current
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import simulator.mechanisms
from simulator.foundation.parameters import Parameter, load_priors
from simulator.foundation.tables import read_table, shipped
from simulator.observables import CATALOGUE
from simulator.policy.effects import CHANNELS
from simulator.registry import Name

DESCRIPTION: Final = Path("docs") / "model.md"
COMMAND: Final = "python -m simulator.reporting.model_description"

NUMBERS: Final[Mapping[int, Name]] = {
    1: Name("全国与各链增长", "national and chain growth"),
    2: Name("企业对外销售的增长", "growth of a firm's external sales"),
    3: Name("企业冲击", "firm shocks"),
    4: Name("人才存量", "talent stocks"),
    5: Name("人才充足率与通勤", "talent fill and commuting"),
    6: Name("研发存量与补助", "research stocks and grants"),
    7: Name("技术攻关", "technology projects"),
    8: Name("基金链", "the fund chain"),
    9: Name("产能", "capacity"),
    10: Name("场景合同", "scenario contracts"),
    11: Name("本地投入产出联系", "local input–output links"),
    12: Name("新创企业与入名录", "start-ups and admission to the catalogue"),
    13: Name("引进企业", "attracted firms"),
    14: Name("退出", "exit"),
    15: Name("选址", "choice of a place"),
    16: Name("里程碑项目", "milestone pipelines"),
    17: Name("企业称号与计数", "firm titles and counts"),
    18: Name("特色产业聚集区与集群", "feature areas and clusters"),
    19: Name("带动产业营收", "related revenue"),
    20: Name("公布口径", "observation"),
    21: Name("自适应政府", "adaptive government"),
}
"""Every equation of the model's plan, built or not."""

GRADES: Final[Mapping[str, str]] = {
    "stated": "明示 stated",
    "reported": "统计 reported",
    "literature": "文献 literature",
    "assumed": "假定 assumed",
}
USES: Final[Mapping[str, Name]] = {
    "model": Name("现用", "used now"),
    "later": Name("待后续机制使用", "for a mechanism that is not built yet"),
    "check": Name("只作核对，从不输入", "checks only, never an input"),
    "left_out": Name("有意不用", "left out on purpose"),
}
DIMENSIONS: Final[Mapping[str, str]] = {
    "city": "全市 city",
    "chain": "产业链 chain",
    "district": "区域 place",
    "target": "目标 target",
}
KINDS: Final[Mapping[str, str]] = {"flow": "流量 flow", "stock": "存量 stock"}


class Mechanism(NamedTuple):
    """One module of equations: its path, its docstring, and the numbers it opens with."""

    path: str
    title: str
    paragraphs: tuple[str, ...]
    numbers: tuple[int, ...]


def mechanisms() -> tuple[Mechanism, ...]:
    """All modules of `simulator.mechanisms` that state equations, by their first number."""
    found = []
    for module in pkgutil.iter_modules(simulator.mechanisms.__path__):
        text = importlib.import_module(f"simulator.mechanisms.{module.name}").__doc__ or ""
        title, *paragraphs = text.strip().split("\n\n")
        # A bracket may hold several numbers that one block states together: "(M4, M5)".
        heads = re.findall(r"^\((M\d+(?:[,–\- ]+M\d+)*)\)", text, re.MULTILINE)
        numbers = sorted({int(number) for head in heads for number in re.findall(r"\d+", head)})
        if numbers:
            path = f"simulator/mechanisms/{module.name}.py"
            found.append(Mechanism(path, title, tuple(paragraphs), tuple(numbers)))
    return tuple(sorted(found, key=lambda mechanism: mechanism.numbers))


def status_table() -> str:
    """Which equations are built, and where; which are not."""
    homes = {number: m.path for m in mechanisms() for number in m.numbers}
    measured: dict[int, list[str]] = {}
    for observable in CATALOGUE:
        for number in _numbers(observable.equation):
            measured.setdefault(number, []).append(observable.key)
    rows = []
    for number in sorted({*NUMBERS, *homes}):
        name = NUMBERS.get(number, Name(f"M{number}", f"M{number}"))
        home = homes.get(number)
        if home:
            status = "已建 built"
        elif number in measured:
            status = "仅有计数序列 counted only"
        else:
            status = "未建 not built"
        series = ", ".join(f"`{key}`" for key in measured.get(number, ()))
        link = f"[{home.removeprefix('simulator/')}](../{home})" if home else "–"
        rows.append((f"M{number}", f"{name.zh} {name.en}", status, link, series or "–"))
    return _table(("方程 equation", "内容 what", "状态 status", "位置 where", "序列 series"), rows)


def equations() -> str:
    """Every equation block, word for word from its module."""
    parts = []
    for mechanism in mechanisms():
        numbers = ", ".join(f"M{number}" for number in mechanism.numbers)
        names = [NUMBERS[n] for n in mechanism.numbers if n in NUMBERS]
        chinese, english = "；".join(n.zh for n in names), "; ".join(n.en for n in names)
        parts.append(f"#### {numbers} · {chinese} · {english}")
        parts.append(f"{mechanism.title} ([{mechanism.path}](../{mechanism.path}))")
        for paragraph in mechanism.paragraphs:
            body, _, source = paragraph.partition("\nSource: ")
            if body.startswith("Source: "):
                body, source = "", body.removeprefix("Source: ")
            if re.search(r"^\(M\d", body, re.MULTILINE):
                parts.append(f"```text\n{body}\n```")
            elif body:
                parts.append(body)
            if source:
                parts.append(f"来源 Source: {' '.join(source.split())}")
    return "\n\n".join(parts)


def parameter_sheet() -> str:
    """Every parameter of `calibration/priors.csv`, one table for each use, in the order of the equations."""
    written = {
        row["name"]: row["distribution"] for row in read_table(shipped("calibration", "priors.csv"))
    }
    priors = load_priors()
    parts = []
    for use, name in USES.items():
        chosen = [p for p in priors.values() if p.use == use]
        if not chosen:
            continue
        rows = [
            (
                f"`{p.name}`",
                p.meaning.zh,
                p.meaning.en,
                p.unit,
                *(f"{value:g}" for value in (p.low, p.central, p.high)),
                f"`{written[p.name]}`",
                GRADES[p.grade],
                ", ".join(p.sources),
                p.mechanism,
            )
            for p in sorted(chosen, key=_place)
        ]
        parts.append(f"**{name.zh} · {name.en}** ({len(rows)})")
        parts.append(
            _table(
                (
                    "参数 name", "含义", "meaning", "单位 unit", "低 low", "中 central", "高 high",
                    "分布 distribution", "等级 grade", "来源 sources", "方程 equation",
                ),
                rows,
            )
        )  # fmt: skip
    return "\n\n".join(parts)


def channel_table() -> str:
    """The ways policy enters, with the equation that reads each."""
    rows = [
        (
            f"`{key}`",
            spec.meaning.zh,
            spec.meaning.en,
            spec.unit,
            spec.mechanism,
        )
        for key, spec in CHANNELS.items()
    ]
    return _table(("通道 channel", "含义", "meaning", "单位 unit", "方程 equation"), rows)


def series_table() -> str:
    """The catalogue of recorded series."""
    rows = [
        (
            f"`{o.key}`",
            o.name.zh,
            o.name.en,
            o.unit,
            DIMENSIONS[o.dimension],
            KINDS[o.kind],
            o.perimeter.en,
            f"`{o.metric}`" if o.metric else "–",
            o.equation or "–",
        )
        for o in CATALOGUE
    ]
    return _table(
        (
            "序列 series", "名称", "name", "单位 unit", "维度 about", "类型 kind",
            "口径 perimeter", "规划指标 plan metric", "方程 equation",
        ),
        rows,
    )  # fmt: skip


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "status": status_table,
    "equations": equations,
    "channels": channel_table,
    "parameters": parameter_sheet,
    "series": series_table,
}
"""What is generated, by the name in its markers."""


def renewed(text: str) -> str:
    """The description with every generated part as it should be now.

    Raises ValueError when a marker is missing, stands twice, or names nothing.
    """
    for name, make in BLOCKS.items():
        opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        if text.count(opening) != 1 or text.count(closing) != 1:
            raise ValueError(f"the markers of {name!r} must stand exactly once: {opening}")
        before, rest = text.split(opening)
        _, after = rest.split(closing)
        text = f"{before}{opening}\n\n{make()}\n\n{closing}{after}"
    unknown = set(re.findall(r"<!-- generated: (\w+) -->", text)) - set(BLOCKS)
    if unknown:
        raise ValueError(f"nothing is generated for {', '.join(sorted(unknown))}")
    return text


def main(arguments: Sequence[str] = ()) -> int:
    """Rewrite the description, or with `--check` tell whether it is current (exit 1 if not)."""
    path = Path(simulator.mechanisms.__path__[0]).parent.parent / DESCRIPTION
    old = path.read_text(encoding="utf-8")
    new = renewed(old)
    if "--check" in arguments:
        if new != old:
            print(f"{path}: not current; run {COMMAND} · 内容已过时，请运行上述命令")
        return int(new != old)
    if new != old:
        path.write_text(new, encoding="utf-8", newline="\n")
    print(f"{path}: {'renewed 已更新' if new != old else 'was current 已是最新'}")
    return 0


def _numbers(equation: str) -> Iterable[int]:
    """Numbers an equation label names: `M1–M3, M11` gives 1, 2, 3, 11."""
    for first, last in re.findall(r"M(\d+)(?:–M(\d+))?", equation):
        yield from range(int(first), int(last or first) + 1)


def _place(parameter: Parameter) -> tuple[int, str]:
    """Where a parameter stands in its table: by equation, then those of no equation."""
    number = re.fullmatch(r"M(\d+)", parameter.mechanism)
    return (int(number[1]), "") if number else (1000, parameter.mechanism)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
