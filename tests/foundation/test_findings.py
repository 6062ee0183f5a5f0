"""Findings and the nearest known name."""

import pytest

from simulator.foundation.findings import Finding, InputError, nearest


def test_a_finding_is_one_line() -> None:
    finding = Finding("a.yaml", 3, 7, "levers.x", "no lever 'x'", "没有“x”", "a, b", "a")
    assert str(finding) == "a.yaml:3:7: levers.x: no lever 'x'; allowed: a, b; did you mean: a?"
    assert finding.text("zh") == "a.yaml:3:7: levers.x: 没有“x”；允许：a, b；是否想写：a？"
    assert finding.text("both") == f"{finding} | 没有“x”"


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
