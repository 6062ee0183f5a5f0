"""README and the guide are true: every command in them runs, every command is in README."""

import os
import re
import shlex
import shutil
import subprocess
from glob import glob
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import program
from simulator.cli.runs import FIGURES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide" / "README.md").read_text(encoding="utf-8")
WOULD = (ROOT / "docs" / "guide" / "what_would_it_take.md").read_text(encoding="utf-8")
MEMBERS = {
    "run": 4,
    "compare": 4,
    "extend": 6,
    "reach": 2,
    "attribute": 2,
    "sensitivity": 1,
    "sweep": 2,
    "discover": 60,
    "conditions": 2,
    "robust": 2,
    "targets": 4,
    "validate": 4,
}
SMALL = {
    "reach": ["--fresh", "2", "--lever", "fund"],
    "sensitivity": ["--size", "2", "--factor", "loading_national", "--factor", "tj27_funds"],
    "robust": ["--layer", "scenarios/conditions/national_slump.yaml"],
}
QUESTIONS = {"reach", "attribute", "sensitivity", "discover", "robust"}
"""Computed anew each time and leaving no run: asked once, however often a page repeats the line."""


SERVES = {"explore"}
"""Goes on until it is told to end; tests/explorer runs it."""


def commands(text: str) -> list[str]:
    """Every `simulate …` of the text in its order: lines of code blocks, then the table's cells."""
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL))
    lines = re.findall(r"^simulate .+$", blocks, re.MULTILINE)
    cells = re.findall(r"^\| `(simulate [^`]+)` \|", text, re.MULTILINE)
    return [line.partition("  #")[0].strip() for line in (*lines, *cells)]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a checkout as README's reader has it: scenarios, examples, room for results."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "scenarios", place / "scenarios")
    shutil.copytree(ROOT / "examples", place / "examples")
    return place


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """The questions that another page has asked already."""
    return set()


@pytest.mark.slow
@pytest.mark.parametrize("text", [README, GUIDE, WOULD], ids=["README", "guide", "would"])
def test_commands_run(text: str, workplace: Path, asked: set[str]) -> None:
    found = commands(text)
    assert found
    here = Path.cwd()
    os.chdir(workplace)
    try:
        for line in found:
            words = _as_shell(line)[1:]
            if line in asked:
                continue
            if words[0] in SERVES:
                continue
            if words[0] in QUESTIONS:
                asked.add(line)
            # The same command with fewer members; what is said of a run folder has its members.
            if words[0] in MEMBERS and (words[0] != "targets" or "-n" in words):
                few = ["-n", str(MEMBERS[words[0]])]
                small = SMALL.get(words[0], [])
                words = [*words[:1], *_without_members(words[1:]), *few, *small]
            result = CliRunner(env={"SIMULATE_LANG": "en"}).invoke(program, words)
            assert result.exit_code == 0, f"{line}\n{result.output}\n{result.stderr}"
    finally:
        os.chdir(here)


def _as_shell(line: str) -> list[str]:
    """The words of a command as a shell hands them on: names for patterns, no `> file`."""
    words = shlex.split(line.partition(" > ")[0])
    return [name for word in words for name in (sorted(glob(word)) if "*" in word else [word])]


def _without_members(words: list[str]) -> list[str]:
    if "-n" not in words:
        return words
    place = words.index("-n")
    return [*words[:place], *words[place + 2 :]]


def test_readme_names_every_command() -> None:
    named = {shlex.split(line)[1] for line in commands(README)}
    assert named == set(program.commands)


def test_first_two_commands_are_marked_and_real() -> None:
    first, second = (
        re.search(rf"<!-- {marker} -->\n```bash\n(.+)\n```", README)
        for marker in ("first-command", "test-command")
    )
    assert first and second and first.start() < second.start()
    assert "simulate run scenarios/baseline.yaml" in first[1] and "-n" not in first[1].split()
    assert "pytest" in second[1]
    for line in (first[1], second[1]):
        assert "-c constraints.txt" in line and (ROOT / "constraints.txt").is_file()
        assert "\n" not in line
    if shutil.which("bash"):
        for line in (first[1], second[1]):
            subprocess.run(["bash", "-n", "-c", line], check=True)


def test_figure_command_is_one_that_plot_takes() -> None:
    line = re.search(r"`simulate plot results/latest ([\w:]+) [^`]+-o ([\w/\-]+)`", README)
    assert line is not None
    assert line[1].partition(":")[0] in FIGURES
    assert f"{line[2]}.png" in README


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_constraints_name_each_library_once_for_each_python() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(
        re.fullmatch(r'[\w.\-]+==[\w.]+(; python_version [<>=]+ "3\.\d+")?', p) for p in pins
    )
    assert len(set(pins)) == len(pins)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project[project.index("\ndependencies") : project.index("[project.scripts]")]
    wanted = {name.lower() for name in re.findall(r'^    "([A-Za-z][\w.\-]*)[>=]', block, re.M)}
    pinned = {re.split("==", pin)[0].lower() for pin in pins}
    assert len(wanted) > 10 and wanted <= pinned
