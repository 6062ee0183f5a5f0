"""Every node of every shipped file, damaged: an answer with a place, or a value really taken.

Each mapping entry and list item is dropped, duplicated, renamed, re-indented and given values of
other types, one at a time. A damaged file must be refused with its place, or must load into a
scenario whose every key was read; nothing else may happen.
"""

import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulator.foundation.findings import InputError
from simulator.foundation.tables import parse_yaml, shipped
from simulator.scenario import Scenario, load_scenario

FOLDER = shipped("scenarios")
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
SEED = 20252027
FEWEST = 500

RETYPED = (
    "",
    "[]",
    "{}",
    "null",
    "true",
    "off",
    "-1",
    "0",
    "1234567",
    "0.5",
    "1e999",
    ".nan",
    "-.inf",
    "一二三",
    "'quoted words'",
    "300亿元",
    "3 apples",
    "2025Q1",
    "[a, b]",
    "{a: b}",
    "!!python/object/apply:os.getcwd []",
    "&anchor 1",
    "*missing",
    "'",
    "@",
)


class Slot(NamedTuple):
    """A mapping entry or a list item: spans of its key and value in the text."""

    path: tuple[str | int, ...]
    key: tuple[int, int] | None
    value: tuple[int, int]
    in_flow: bool

    @property
    def start(self) -> int:
        return self.value[0] if self.key is None else self.key[0]


class Mutant(NamedTuple):
    file: str
    kind: str
    path: tuple[str | int, ...]
    text: str


def slots(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[Slot]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            span = (key.start_mark.index, key.end_mark.index)
            yield Slot(here, span, _span(value), bool(node.flow_style))
            yield from slots(value, here)
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            here = (*path, index)
            yield Slot(here, None, _span(value), bool(node.flow_style))
            yield from slots(value, here)


def _span(node: Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def mutants(file: str, text: str, chance: random.Random) -> Iterator[Mutant]:
    for slot in slots(YAML(pure=True).compose(text)):
        start, end = slot.start, slot.value[1]
        entry = text[start:end].rstrip()
        end = start + len(entry)
        line = text.rfind("\n", 0, start) + 1

        def made(kind: str, changed: str, slot: Slot = slot) -> Mutant:
            return Mutant(file, kind, slot.path, changed)

        if slot.in_flow:
            after = text[end:].lstrip()
            cut = len(text) - len(after[1:].lstrip()) if after.startswith(",") else end
            yield made("drop", text[:start] + text[cut:])
            yield made("duplicate", f"{text[:end]}, {entry}{text[end:]}")
        else:
            gap = text[line:start]
            yield made("drop", text[:line] + text[end:].removeprefix("\n"))
            yield made("duplicate", f"{text[:end]}\n{gap}{entry}{text[end:]}")
            for shift in (1, 2, 5):
                yield made("indent", text[:line] + " " * shift + text[line:])
            if gap:
                yield made("indent", text[:line] + text[line + 1 :])
                yield made("indent", text[:line] + text[start:])
                yield made("indent", text[:line] + "\t" + text[start:])
        if slot.key is not None:
            key = text[slot.key[0] : slot.key[1]]
            spot = chance.randrange(len(key))
            for word in (key + "x", key[:spot] + key[spot + 1 :], key.upper(), "链", "7"):
                yield made("rename", text[: slot.key[0]] + word + text[slot.key[1] :])
        for value in chance.sample(RETYPED, 9):
            yield made("retype", text[: slot.value[0]] + value + text[end:])


def all_mutants() -> list[Mutant]:
    chance = random.Random(SEED)
    found: list[Mutant] = []
    for file in FILES:
        text = (FOLDER / file).read_text(encoding="utf-8")
        found += mutants(file, text, chance)
    return found


def sample() -> list[Mutant]:
    """Every slot of every file is met at least once by each kind; the rest is drawn."""
    chance = random.Random(SEED)
    by_slot: dict[tuple[str, str, tuple[str | int, ...]], list[Mutant]] = {}
    for mutant in all_mutants():
        by_slot.setdefault((mutant.file, mutant.kind, mutant.path), []).append(mutant)
    return [chance.choice(group) for group in by_slot.values()]


MUTANTS = sample()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mutants")
    for file in FILES:
        shutil.copy(FOLDER / file, place / file)
    return place


def test_there_are_enough_mutants_of_each_kind() -> None:
    kinds = Counter(mutant.kind for mutant in MUTANTS)
    assert len(MUTANTS) >= FEWEST
    assert min(kinds[kind] for kind in ("drop", "duplicate", "rename", "indent", "retype")) >= 50
    assert {mutant.file for mutant in MUTANTS} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_damage_is_named_or_taken(file: str, folder: Path) -> None:
    whole = load_scenario(FOLDER / file)
    outcomes: Counter[str] = Counter()
    target = folder / file
    for mutant in (mutant for mutant in MUTANTS if mutant.file == file):
        target.write_text(mutant.text, encoding="utf-8")
        label = f"{mutant.kind} {mutant.path} in {file}:\n{mutant.text}"
        try:
            scenario = load_scenario(target)
        except InputError as error:
            _has_its_place(error, target, label)
            outcomes["refused"] += 1
        else:
            outcomes[_was_taken(scenario, whole, mutant, target, label)] += 1
    shutil.copy(FOLDER / file, target)
    assert outcomes["refused"] > 20
    assert outcomes["changed"] > 0


def _has_its_place(error: InputError, file: Path, label: str) -> None:
    assert error.findings, label
    for finding in error.findings:
        assert finding.what and finding.what_zh, label
        assert not re.search("[a-z]+ [a-z]+ [a-z]+", finding.allowed.zh), f"{finding}\n{label}"
        assert finding.line >= 1 and finding.column >= 1, f"{finding}\n{label}"
        assert Path(finding.file).name == file.name, f"{finding}\n{label}"


def _was_taken(scenario: Scenario, whole: Scenario, mutant: Mutant, file: Path, label: str) -> str:
    """How a damaged file that loads differs from the whole one; fails when a key was not read."""
    document = parse_yaml(mutant.text, str(file))
    read = {(origin.line, origin.column) for origin in scenario.origins.values()}
    for path in _leaves(document.value):
        assert document.position(path, key=True) in read, f"{path} was not read\n{label}"
    if scenario.resolved() != whole.resolved():
        return "changed"
    if [note.what for note in scenario.notes] != [note.what for note in whole.notes]:
        return "noted"
    before = parse_yaml((FOLDER / mutant.file).read_text(encoding="utf-8"), mutant.file).value
    harmless = (
        # Names are known in capitals too.
        repr(document.value).casefold() == repr(before).casefold()
        # What was dropped, or is now said, is the default that holds without it.
        or mutant.path in {("members",), ("seed",)}
    )
    assert harmless, f"nothing came of {label}"
    return "same"


SECTIONS = {
    "period": 2,
    "levers": 3,
    "assumptions": 2,
    "mechanisms": 2,
    "readings": 2,
    "government": 2,
    "targets": 3,
}


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The keys that set something of their own."""
    depth = SECTIONS.get(str(path[0]), 1) if path else 2
    if isinstance(value, dict) and len(path) < depth:
        for key, entry in value.items():
            if path or key not in ("schema_version", "extends"):
                yield from _leaves(entry, (*path, key))
    else:
        yield path
