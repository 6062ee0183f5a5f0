"""One bilingual text, two pages: what stays, what goes, and nothing is lost."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

SITE = Path(__file__).parent.parent.parent / "docs" / "site"


def load(name: str) -> ModuleType:
    """A module of the site, which is no package."""
    spec = importlib.util.spec_from_file_location(name, SITE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


languages = load("languages")


def divided(*parts: nodes.Node | str, language: str) -> str:
    line = nodes.paragraph()
    for part in parts:
        line += nodes.Text(part) if isinstance(part, str) else part.deepcopy()
    languages.reduce(line, language)
    return str(line.astext())


CODE = nodes.literal("", "simulate run")


@pytest.mark.parametrize(
    ("parts", "en", "zh"),
    [
        (["Guide · 指南"], "Guide", "指南"),
        (["Money is in 亿元 (1亿元 = 0.1 billion CNY)."],)
        + ("Money is in 亿元 (1亿元 = 0.1 billion CNY).",) * 2,
        (["It runs.\n程序运行。"], "It runs.", "程序运行。"),
        (["Shown twice. 基线：UTF-8、GBK 均可读。"], "Shown twice.", "基线：UTF-8、GBK 均可读。"),
        (
            [CODE, " does it. ", CODE, " 可以做到。"],
            "simulate run does it.",
            "simulate run 可以做到。",
        ),
        (["one · two · 甲乙 · 丙丁"], "one · two", "甲乙 · 丙丁"),
        (["2018 · 2020"], "2018 · 2020", "2018 · 2020"),
        (
            ["Needs the extra:\n", CODE, "需要附加组件："],
            "Needs the extra:",
            "simulate run需要附加组件：",
        ),
        (
            [nodes.strong("", "Money · 金额."), " It counts. 要紧。"],
            "Money. It counts.",
            "金额.要紧。",
        ),
        (["1. Purpose · 目的"], "1. Purpose", "1. 目的"),
        (["0012 · Readings, verdicts · 读法"], "0012 · Readings, verdicts", "0012 · 读法"),
        (["M1, M2 · 增长 · growth"], "M1, M2 · growth", "M1, M2 · 增长"),
    ],
)
def test_a_line_is_divided(parts: list[nodes.Node | str], en: str, zh: str) -> None:
    assert divided(*parts, language="en") == en
    assert divided(*parts, language="zh") == zh


@pytest.mark.parametrize(
    ("cell", "en", "zh"),
    [
        ("明示 stated", "stated", "明示"),
        ("firm 企业", "firm", "企业"),
        ("新增 PFLOPS", "新增 PFLOPS", "新增 PFLOPS"),
        ("人工智能 AI", "人工智能 AI", "人工智能 AI"),
        ("Guide / 指南", "Guide", "指南"),
        ("存放运行的目录；默认 results。", *["存放运行的目录；默认 results。"] * 2),
        (
            "四、保障措施（二） (Policy)",
            "四、保障措施（二） (Policy)",
            "四、保障措施（二） (Policy)",
        ),
    ],
)
def test_a_name_in_a_cell_is_divided(cell: str, en: str, zh: str) -> None:
    assert languages.name_of(cell, "en") == en
    assert languages.name_of(cell, "zh") == zh


def divide(document: nodes.document, language: str) -> None:
    document.settings.env = SimpleNamespace(
        docname="page", config=SimpleNamespace(pages_with_summary=[], language=language)
    )
    languages.Divide(document).settle(document, language)


def settled(language: str, *texts: str) -> nodes.document:
    document = new_document("page")
    for text in texts:
        document += nodes.paragraph("", text)
    divide(document, language)
    return document


ENGLISH = "The interval of a difference is far narrower than that of either of the two scenarios."
CHINESE = "差异的区间远窄于两个情景各自的区间，因为两者的成员一一配对。"


def test_a_translated_paragraph_goes_without_trace() -> None:
    for texts in ((ENGLISH, CHINESE), (CHINESE, ENGLISH)):
        assert settled("en", *texts).astext() == ENGLISH
        assert settled("zh", *texts).astext() == CHINESE


def test_what_is_only_summed_up_stays_folded() -> None:
    page = settled("zh", ENGLISH, ENGLISH, ENGLISH, "一句摘要。")
    raw = [node.astext() for node in page.findall(nodes.raw)]
    assert (
        raw[0].startswith('<details class="original" lang="en"><summary>英文原文')
        and raw[1] == "</details>"
    )
    assert page.astext().count(ENGLISH) == 3 and len(raw) == 2
    # Where there is nothing else to read, it stands open.
    assert " open>" in settled("zh", ENGLISH).astext()
    assert not list(settled("en", ENGLISH, "一句摘要。").findall(nodes.raw))


def test_twin_columns_become_one() -> None:
    def table() -> nodes.table:
        rows = (("file", "what", "内容"), ("a.csv", "list of firms", "企业名单"))
        group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in range(3)), cols=3)
        body = nodes.tbody()
        for row in rows:
            body += nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in row))
        group += body
        return nodes.table("", group)

    for language, kept in (("en", "list of firms"), ("zh", "企业名单")):
        page = new_document("page")
        page += table()
        divide(page, language)
        cells = [entry.astext() for entry in page.findall(nodes.entry)]
        assert len(cells) == 4 and cells[3] == kept
        assert next(iter(page.findall(nodes.tgroup)))["cols"] == 2
