"""Every answer to a person stays as it was read and found good (see answers.py)."""

import re
from pathlib import Path

import pytest

from tests.scenario.answers import CASES, answer, told

TOLD = told()


def test_every_case_has_its_answer() -> None:
    assert list(TOLD) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_the_one_that_was_read(name: str, tmp_path: Path) -> None:
    lines = answer(CASES[name], tmp_path)
    assert lines == TOLD[name]
    for english, chinese in zip(lines[::2], lines[1::2], strict=True):
        assert english != chinese and re.search("[一-鿿]", chinese)
        assert "None" not in english + chinese
