"""What people see is in the language they asked for: no English prose under `--lang zh`, no Chinese under `--lang en`.

Names in code, commands, paths and units stay as they are typed; the commands here need no run and load quickly.
"""

import re

import pytest
from click.testing import CliRunner

from simulator.cli import program
from simulator.registry import load_registry

COMMANDS = (
    ("check", "scenarios/baseline.yaml"),
    ("diff", "scenarios/baseline.yaml", "scenarios/plans/tj-2018-2020.yaml"),
    ("doctor",),
    ("levers", "--grep", "tj27"),
    ("metrics",),
    ("plans", "--plan", "tj-2025-2027"),
    ("show", "scenarios/push.yaml", "--origins"),
)
PLACES = "|".join(place.id for place in load_registry().places)
NAMES = re.compile(
    r"\S*[/\\]\S*"  # paths and units of ratios
    r"|\b\w+[_@\[.]\S*"  # keys, series, versions
    r"|\b[a-z]+\d+\b|\btj-[\w-]+|\bM\d+"  # keys of plans, numbers of equations
    r"|simulate \w+|targets 中的 metric"  # commands, keys of a scenario
    rf"|\b(?:on|off|all|none|{PLACES})\b"  # words that a scenario file writes
    r"|“[^”]*”"  # what is quoted
)
PROSE = re.compile(r"[A-Za-z]{2,}(?:[ ,;:()-]+[A-Za-z]{2,})+")
CHINESE = re.compile(r"[一-鿿]+")
MONEY = re.compile(r"[万亿]+元(?:/年)?|.*tj-\d{4}-\d{4} .*")
"""Money is written alike in both languages; a clause is cited by its number in the plan."""


def told(lang: str, command: tuple[str, ...]) -> list[str]:
    result = CliRunner(env={"COLUMNS": "140"}).invoke(program, [*command, "--lang", lang])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_nothing_is_said_in_the_other_language(command: tuple[str, ...]) -> None:
    chinese = [NAMES.sub("·", line) for line in told("zh", command)]
    assert not [line for line in chinese if PROSE.search(line)]
    english = [MONEY.sub("", line) for line in told("en", command)]
    assert not [line for line in english if CHINESE.search(line)]
