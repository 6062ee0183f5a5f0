"""A few mutants of the mechanisms and the targets die of the tests; what cannot be noticed is not tried."""

import os
from pathlib import Path

import pytest

from tests.trust.mutants import Mutable, Mutant
from tests.trust.mutation import GROUPS, ROOT, Group, nursery, reasons, sample
from tests.trust.records import Said

FIRMS = Group(
    Said("企业", "Firms"),
    ("simulator/mechanisms/demand.py", "simulator/mechanisms/titles.py", "simulator/targets.py"),
    ("tests/mechanisms/test_firms.py", "tests/test_targets.py"),
)
SEED, DRAWN = 7, 4
FIXED = (
    ("simulator/targets.py", "return level > judged_bar(goal)", "return level >= judged_bar(goal)"),
    ("simulator/targets.py", "t.deadline.year in set(years)", "t.deadline.year not in set(years)"),
    ("simulator/mechanisms/demand.py", "distance = uniform - 0.5", "distance = uniform + 0.5"),
)

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forks")


def changes(tmp_path: Path, text: str) -> set[tuple[str, str]]:
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    file = Mutable(tmp_path, "a.py")
    mutants = [file.mutant(number) for number in range(len(file))]
    return {(mutant.before, mutant.after) for mutant in mutants if mutant is not None}


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring of 1 line."""\n',
        "from os import path\nimport sys\n",
        "Number = list[float]\n",
        "def f(x: 'int') -> 'int': ...\n",
        "@cache(1)\ndef f(x): ...\n",
        "assert 1 < 2\n",
        "del said['words for people'], said['给人看的话']\n",
        "len(names)\nisinstance(name, str)\n",
        "if sys.platform == 'win32':\n    x = 1\n",
    ],
)
def test_what_no_run_could_show_is_left_alone(tmp_path: Path, text: str) -> None:
    assert not changes(tmp_path, text)


def test_a_change_is_one_token_and_the_rest_stays(tmp_path: Path) -> None:
    text = "# why\nX = 1\n\n\ndef f(x):\n    return x < 2  # so\n"
    assert changes(tmp_path, text) == {
        ("X = 1", "X = None"),
        ("1", "2"),
        ("< 2", "<= 2"),
        ("2", "3"),
    }
    file = Mutable(tmp_path, "a.py")
    mutants = [mutant for n in range(len(file)) if (mutant := file.mutant(n)) is not None]
    texts = {mutant.text: (mutant.line, mutant.within) for mutant in mutants}
    assert texts[text.replace("<", "<=")] == texts[text.replace("2", "3")] == (6, 6)
    assert texts[text.replace("1", "2")] == (2, 0)


def test_of_a_call_the_words_and_the_encoding_stay_as_they_are(tmp_path: Path) -> None:
    found = changes(tmp_path, "f(p, 'a b', encoding='c')\n")
    assert {after.replace(" ", "") for _, after in found} == {
        "f(None,'ab',encoding='c')",
        "f(p,None,encoding='c')",
        "f('ab',encoding='c')",
        "f(p,encoding='c')",
    }


def test_a_sample_is_the_same_for_the_same_seed_and_takes_from_every_file() -> None:
    modules = GROUPS[0].modules[1:4]
    files = [Mutable(ROOT, path) for path in modules]
    one, same, other = (sample(files, 12, seed) for seed in (1, 1, 2))
    assert one == same != other
    assert {mutant.path for mutant in one} == set(modules)
    assert all(mutant.text != (ROOT / mutant.path).read_text(encoding="utf-8") for mutant in one)


def test_every_module_and_test_of_a_group_is_there() -> None:
    for group in GROUPS:
        assert all((ROOT / path).is_file() for path in group.modules)
        assert all((ROOT / path.partition("::")[0]).exists() for path in group.tests)
    assert all(said.zh and said.en for said in reasons().values())


@needs_fork
@pytest.mark.slow
def test_mutants_die_and_the_sources_as_they_are_do_not() -> None:
    """A survivor here wants a test of its own, or a line with the reason in survivors.csv."""
    files = [Mutable(ROOT, path) for path in FIRMS.modules]
    mutants = sample(files[:2], DRAWN, SEED)
    for path, before, after in FIXED:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert text.count(before) == 1
        line = text[: text.index(before)].count("\n") + 1
        mutants.append(Mutant(path, line, line, before, after, text.replace(before, after)))
    with nursery(FIRMS) as made:
        assert not made.trial(Mutant(files[0].path, 0, 0, "", "", files[0].text)).killed
        verdicts = [made.trial(mutant) for mutant in mutants]
    known = reasons()
    left = [v.mutant for v in verdicts if not v.killed]
    assert not [m[:-1] for m in left if (m.path, m.before, m.after) not in known]
    assert all(verdict.by.startswith("tests/") for verdict in verdicts if verdict.killed)
