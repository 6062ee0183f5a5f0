"""README and the pages are true: every command and every example in them runs, every command is in README."""

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
PAGES = [ROOT / "README.md", ROOT / "results" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
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
    "calibrate": 80,
    "backtest": 40,
}
SMALL = {
    "reach": ["--fresh", "2", "--lever", "fund"],
    "sensitivity": ["--size", "2", "--factor", "loading_national", "--factor", "tj27_funds"],
    "robust": ["--layer", "scenarios/conditions/national_slump.yaml"],
    "calibrate": ["--held", "20", "--no-backtest"],
}
QUESTIONS = {
    "reach",
    "attribute",
    "sensitivity",
    "sweep",
    "discover",
    "conditions",
    "robust",
    "validate",
}
QUESTIONS |= {"calibrate", "backtest"}
"""Computed anew each time and leaving no run: asked once, however often pages repeat the line."""
NEEDS_MORE = re.compile(r"--cluster tcp:|\bexplore\b")
"""A scheduler, or a page that stays open: tested where they are tested."""


def commands(text: str) -> list[str]:
    """Every `simulate …` of the text in its order: lines of code blocks, then the table's cells."""
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL))
    lines = re.findall(r"^simulate .+$", blocks, re.MULTILINE)
    cells = re.findall(r"^\| `(simulate [^`]+)` \|", text, re.MULTILINE)
    return [line.partition("  #")[0].strip() for line in (*lines, *cells)]


def examples(text: str) -> list[str]:
    """Every block of Python in the text."""
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def named(page: Path) -> str:
    """The page as the repository calls it."""
    return page.relative_to(ROOT).as_posix()


TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a checkout as README's reader has it: scenarios, examples, room for results."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "scenarios", place / "scenarios")
    shutil.copytree(ROOT / "examples", place / "examples")
    return place


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """The questions that other pages have asked already."""
    return set()


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if commands(TEXTS[page])], ids=named)
def test_commands_run(
    page: Path, workplace: Path, asked: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = commands(TEXTS[page])
    monkeypatch.chdir(workplace)
    if not any(line.startswith("simulate run") for line in found):
        invoke("simulate run scenarios/baseline.yaml -n 4 --no-figures")
    for line in found:
        words = _as_shell(line)[1:]
        if NEEDS_MORE.search(line) or line in asked:
            continue
        if words[0] in QUESTIONS:
            asked.add(line)
        if words[0] == "new":
            (workplace / words[1]).unlink(missing_ok=True)
        # The same command with fewer members; what is said of a run folder has its members.
        if words[0] in MEMBERS and (words[0] != "targets" or "-n" in words):
            few = ["-n", str(MEMBERS[words[0]])]
            small = SMALL.get(words[0], [])
            words = [*words[:1], *_without_members(words[1:]), *few, *small]
        invoke(shlex.join(["simulate", *words]), line)


def invoke(line: str, as_written: str = "") -> None:
    """Run a command of the program; the page's own line is named when it fails."""
    result = CliRunner(env={"SIMULATE_LANG": "en"}).invoke(program, shlex.split(line)[1:])
    assert result.exit_code == 0, f"{as_written or line}\n{result.output}\n{result.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if examples(TEXTS[page])], ids=named)
def test_examples_in_python_run(
    page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    invoke("simulate run scenarios/baseline.yaml -n 4 --no-figures")
    for block in examples(TEXTS[page]):
        small = re.sub(r"\bn=\d+", "n=4", re.sub(r"range\(\d+\)", "range(2)", block))
        exec(compile(small, f"{page.name}, Python", "exec"), {"__name__": "page"})


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_examples_of_scenarios_are_valid(page: Path, workplace: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", TEXTS[page], re.DOTALL)
    for number, block in enumerate(blocks):
        text, place = block, "scenarios"
        if "extends: ../" in text:
            place = "examples"
        elif "extends:" not in text:
            # A condition, or a part of a scenario: it must hold above the baseline.
            text = "extends: baseline.yaml\n" + text
        example = workplace / place / f"{page.parent.name}-{page.stem}-{number}.yaml"
        example.write_text(text, encoding="utf-8")
        try:
            invoke(shlex.join(["simulate", "check", str(example)]))
        finally:
            example.unlink()


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
    assert {shlex.split(line)[1] for line in commands(README)} == set(program.commands)


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
