"""The model description is current, and its generated parts hold everything they should."""

from pathlib import Path

import pytest

from simulator.foundation.parameters import load_priors
from simulator.observables import CATALOGUE
from simulator.reporting import model_description as description

PATH = Path(__file__).parent.parent.parent / description.DESCRIPTION
TEXT = PATH.read_text(encoding="utf-8")


def test_the_file_is_current() -> None:
    assert description.renewed(TEXT) == TEXT, f"{PATH} is out of date: run {description.COMMAND}"


def test_a_stale_part_is_renewed() -> None:
    stale = TEXT.replace("`core_revenue_published`", "`core_revenue_gone`")
    assert stale != TEXT
    assert description.renewed(stale).count("core_revenue_gone") == 0


@pytest.mark.parametrize(
    "damage",
    [
        TEXT.replace("<!-- end: series -->", ""),
        TEXT + "<!-- generated: equations -->",
        TEXT + "<!-- generated: nothing -->",
    ],
)
def test_lost_markers_are_told(damage: str) -> None:
    with pytest.raises(ValueError, match=r"markers|generated"):
        description.renewed(damage)


def test_every_equation_parameter_and_series_is_there() -> None:
    for mechanism in description.mechanisms():
        assert mechanism.path in TEXT
        for paragraph in mechanism.paragraphs:
            first = paragraph.partition("\nSource: ")[0].removeprefix("Source: ")
            assert first.split("\n")[0] in TEXT
    for name in load_priors():
        assert f"\n| `{name}` |" in TEXT
    for observable in CATALOGUE:
        assert f"\n| `{observable.key}` |" in TEXT


def test_what_is_not_built_says_so() -> None:
    built = {number for mechanism in description.mechanisms() for number in mechanism.numbers}
    rows = description.status_table().splitlines()[2:]
    for row in rows:
        number = int(row.split("|")[1].strip().removeprefix("M"))
        assert ("已建 built" in row) == (number in built)


def test_every_section_has_a_chinese_summary() -> None:
    sections = TEXT.split("\n## ")[1:]
    assert len(sections) == 7
    for section in sections:
        assert "**摘要.**" in section, section.partition("\n")[0]
