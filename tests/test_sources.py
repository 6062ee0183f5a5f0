"""Every source a mechanism names is a row of calibration/sources.csv."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "simulator" / "mechanisms").glob("[a-z]*.py"))


def known() -> set[str]:
    with (ROOT / "calibration" / "sources.csv").open(encoding="utf-8") as table:
        return {row["id"] for row in csv.DictReader(table)}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_mechanism_names_its_equations_and_known_sources(file):
    text = file.read_text(encoding="utf-8").split('"""')[1]
    assert re.search(r"^\(M\d+\)", text, re.MULTILINE), "opens with numbered equations"
    sources = text.partition("Source:")[2]
    assert sources.strip(), "says what it rests on"
    named = set(re.findall(r"`([^`]+)`", sources))
    assert named <= known(), named - known()
