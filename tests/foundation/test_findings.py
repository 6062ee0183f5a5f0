"""Findings and the nearest known name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.foundation.findings import Allowed, Finding, InputError, nearest

PACKAGE = Path(__file__).parents[2] / "simulator"


def test_a_finding_is_one_line() -> None:
    known = Allowed.one_of("ab")
    finding = Finding("a.yaml", 3, 7, "levers.x", "no lever 'x'", "没有“x”", known, "a")
    assert str(finding) == "a.yaml:3:7: levers.x: no lever 'x'; allowed: a, b; did you mean: a?"
    assert finding.text("zh") == "a.yaml:3:7: levers.x: 没有“x”；允许：a, b；是否想写：a？"
    assert finding.text("both") == f"{finding} | 没有“x”"


def test_what_is_allowed_is_said_in_the_language_asked_for() -> None:
    finding = Finding("a", 1, 1, "", "bad", "错", Allowed("a list", "列表"))
    assert finding.text("en") == "a:1:1: bad; allowed: a list"
    assert finding.text("zh") == "a:1:1: 错；允许：列表"


def allowed_in_the_package() -> Iterator[tuple[str, bool, list[str]]]:
    """Each `Allowed` that the sources make: its place, whether it is the same twice, its literal text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("Allowed"):
                texts = ["".join(literals(argument)) for argument in node.args]
                same = isinstance(node.func, ast.Attribute)
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", same, texts


def literals(node: ast.expr) -> Iterator[str]:
    for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
        if isinstance(part, ast.Constant):
            yield str(part.value)


def test_what_is_allowed_is_said_in_chinese_wherever_it_is_said_in_english() -> None:
    met = list(allowed_in_the_package())
    assert len(met) > 70
    for place, same, texts in met:
        if same:
            assert not any(re.search("[a-z]+ [a-z]+", text) for text in texts), place
        elif re.search("[A-Za-z]", texts[0]):
            assert re.search("[一-鿿]", texts[1]), place


def test_what_is_not_known_is_left_out() -> None:
    assert str(Finding("a.yaml", 0, 0, "", "binary", "二进制")) == "a.yaml: binary"


def test_what_cannot_be_seen_is_escaped() -> None:
    finding = Finding("a", 1, 1, "\ud800", "\x1b[31m 区\n", "区")
    assert str(finding) == "a:1:1: \\ud800: \\x1b[31m 区\\n"


def test_an_input_error_shows_all_findings() -> None:
    findings = [Finding("a", n, 1, "", f"fault {n}", f"问题 {n}") for n in (1, 2)]
    error = InputError(findings)
    assert error.findings == tuple(findings)
    assert str(error) == "a:1:1: fault 1\na:2:1: fault 2"


@pytest.mark.parametrize(
    ("word", "options", "found"),
    [
        ("membres", ["members", "seed"], "members"),
        ("TJ27-Funds", ["tj27_funds", "tj27_fiscal"], "tj27_funds"),
        ("西清区", ["西青区", "北辰区"], "西青区"),
        ("zzz", ["members", "seed"], None),
        ("x", [], None),
    ],
)
def test_nearest(word: str, options: list[str], found: str | None) -> None:
    assert nearest(word, options) == found
