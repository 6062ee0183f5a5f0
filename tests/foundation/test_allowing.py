"""What an input may hold is said in Chinese wherever it is said in English words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.foundation.allowing import allowed_zh

ROOT = Path(__file__).parents[2]
PROSE = re.compile(r"[a-z]+ [a-z]+ [a-z]+")


def phrases() -> Iterator[tuple[str, str]]:
    """Every phrase given as `allowed=` in the sources, a number in place of what is filled in."""
    for path in sorted((ROOT / "simulator").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.keyword) or node.arg != "allowed":
                continue
            value = node.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield f"{path.name}:{value.lineno}", value.value
            elif isinstance(value, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "7" for p in value.values]
                yield f"{path.name}:{value.lineno}", "".join(map(str, parts))


def test_no_phrase_stays_english() -> None:
    found = dict(phrases())
    assert len(found) > 30
    left = {place: text for place, text in found.items() if PROSE.search(allowed_zh(text))}
    assert not left


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("a whole number from 1 to 12", "1 至 12 的整数"),
        ("a whole number", "整数"),
        ("亿元, 万元 or 元", "亿元, 万元 或 元"),
    ],
)
def test_numbers_and_units_are_kept(english: str, chinese: str) -> None:
    assert allowed_zh(english) == chinese
