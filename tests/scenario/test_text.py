"""Sheets are written as a person would, quoted where another reader of YAML may take a word for something else."""

import pytest

from simulator.foundation.tables import parse_yaml
from simulator.scenario import sheet_text

SHEET = {
    "version": 1,
    "name": {"zh": "甲", "en": "A: b"},
    "plans": ["tj-2025-2027", "x y"],
    "none": [],
    "parts": [{"weight": 0.5, "of": {"low": "300亿元", "2025": True}}, {"weight": 1e-07}],
    "deep": {2025: "60人/年", "last": {"list": [1, False]}},
}
TEXT = """\
version: 1
name:
  zh: 甲
  en: "A: b"
plans: [tj-2025-2027, x y]
none: []
parts:
  - weight: 0.5
    of:
      low: 300亿元
      "2025": true
  - weight: 1e-07
deep:
  2025: 60人/年
  last:
    list: [1, false]
"""


def test_a_sheet_is_written_line_by_line() -> None:
    assert sheet_text(SHEET) == TEXT
    assert parse_yaml(TEXT, "sheet").value == SHEET
    assert sheet_text({}) == ""


@pytest.mark.parametrize(
    "word",
    [
        *("true", "false", "null", "yes", "no", "on", "off", "y", "n", "YES", "No", "Off", "TRUE"),
        *("1", "1.5", "1e5", "2025", "2027-12-31", "1_000", "3 apples", "12:30", "0x1F", "2025Q5"),
        *("", " a", "a ", "a: b", "a #b", "-a", "_a", "[a", "{a", "'a", "@a", "a-", "a:", "a\nb"),
    ],
)
def test_what_could_be_read_as_something_else_is_quoted(word: str) -> None:
    written = sheet_text({"key": word})
    assert written.startswith('key: "') and written.endswith('"\n')
    assert parse_yaml(written, "sheet").value == {"key": word}


@pytest.mark.parametrize(
    "word",
    [
        *("a", "甲", "a b", "tj-2025-2027", "scenarios/a.yaml", "a+b", "50%", "50 %", "2025Q1"),
        *("300亿元", "0.12 1/yr", "1e+20亿元", "1.5e-3 1/yr", "norway", "year", "one", "60人/年"),
    ],
)
def test_plain_words_and_quantities_stand_as_they_are(word: str) -> None:
    written = sheet_text({"key": word, word: [word]})
    assert written == f"key: {word}\n{word}: [{word}]\n"
    assert parse_yaml(written, "sheet").value == {"key": word, word: [word]}
