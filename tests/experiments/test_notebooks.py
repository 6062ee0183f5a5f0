"""The example notebooks run from top to bottom and carry no outputs; runs and comparisons show themselves."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from simulator.experiments.comparison import Comparison
from simulator.experiments.store import Run

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[str]:
    sheet = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in sheet["cells"] if cell["cell_type"] == kind]


def executed(path: Path) -> dict[str, Any]:
    """The names a notebook leaves behind, with three members and the engine that needs no compiling."""
    names: dict[str, Any] = {}
    for number, text in enumerate(cells(path, "code")):
        small = text.replace("n=200", 'n=3, engine="plain"')
        exec(compile(small, f"{path.name} cell {number}", "exec"), names)
    return names


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["one_run", "what_changes"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped_and_texts_are_in_both_languages(path: Path) -> None:
    sheet = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in sheet["cells"] if cell["cell_type"] == "code"]
    assert code and all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    for text in cells(path, "markdown"):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
        assert any(letter.isascii() and letter.isalpha() for letter in text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "scenarios").symlink_to(EXAMPLES.parent / "scenarios")
    here = Path.cwd()
    os.chdir(tmp_path / "examples")
    try:
        names = executed(path)
        held = names.get("run") or names["compared"]
        assert isinstance(held, Run | Comparison)
        shown = held._repr_html_()
    finally:
        os.chdir(here)
    assert "人工智能基础核心企业营业收入" in shown and "<table>" in shown
    if isinstance(held, Run):
        assert "<svg" in shown and held.hash[:8] in shown
    else:
        assert "core_revenue@2027" in shown and "push" in shown
