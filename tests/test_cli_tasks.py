"""`simulate tasks`, `plans --coherence`, `targets --readings`: languages, JSON, exit codes."""

import csv
import json
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulator.cli import program
from simulator.registry import load_registry

ID = "q-tj27-2-4-1-05"


def call(*arguments: str, **environment: str) -> Result:
    clean = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "", "NO_COLOR": "1", **environment}
    return CliRunner(env=clean).invoke(program, list(arguments))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [("tasks",), ("tasks", "mark"), ("tasks", "export")])
def test_help_in_both_languages(words: tuple[str, ...]) -> None:
    english, chinese = call(*words, "-h"), call("--lang", "zh", *words, "-h")
    assert english.exit_code == chinese.exit_code == 0
    assert english.stdout.startswith(f"Usage: simulate {' '.join(words)}")
    assert chinese.stdout.startswith(f"用法：simulate {' '.join(words)}")
    assert "示例" in chinese.stdout and "Example" in english.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["tasks", "--plan", "tj-2025-2027"],
        ["plans", "--coherence"],
        ["plans", "--coherence", "--plan", "tj-2018-2020"],
        ["targets", "--readings"],
    ],
    ids=" ".join,
)
def test_in_every_language_and_as_json(arguments: list[str]) -> None:
    printed = {}
    for lang in ("en", "zh", "both"):
        result = call("--lang", lang, *arguments, COLUMNS="80")
        assert result.exit_code == 0, result.stderr
        printed[lang] = result.stdout
        for line in result.stdout.split("\n"):
            assert sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) <= 80
    assert len(set(printed.values())) == 3
    told = json.loads(call(*arguments, "--json").stdout)
    assert told["schema_version"] == 1 and len(told) > 1


def test_the_list_is_filtered_and_marked(place: Path) -> None:
    done = call("tasks", "mark", ID, "t-tj27-standing", "done", "--note", "签约 signed")
    assert done.exit_code == 0 and "2 marked as done" in done.stdout
    assert {path.name for path in place.iterdir()} == {"my_tasks.csv"}
    told = json.loads(call("tasks", "--status", "done", "--json").stdout)
    assert [task["id"] for task in told["tasks"]] == ["t-tj27-standing", ID]
    assert told["tasks"][1]["levers"] == ["tj27_funds"]
    assert told["tasks"][1]["note"] == "签约 signed" and told["tasks"][1]["day"]
    assert told["counts"] == {"open": 0, "under_way": 0, "done": 2, "missed": 0}
    everything = json.loads(call("tasks", "--json").stdout)
    assert len(everything["tasks"]) == 504 and everything["counts"]["open"] == 502
    for filters in (("--lever", "tj27_funds"), ("--grep", "三类投资基金"), ("--sector", "金融")):
        text = call("--lang", "both", "tasks", "--plan", "tj_2025_2027", *filters).stdout
        assert "tj27_2_4_1_05" in text and "签约" in text and "已完成" in text


def test_marks_in_a_file_of_ones_own(place: Path) -> None:
    (place / "sub").mkdir()
    words = ("tasks", "mark", ID, "missed", "--file", "sub/marks.csv", "--json")
    told = json.loads(call(*words).stdout)
    assert told["marked"] == [ID] and told["file"] == "sub/marks.csv"
    shown = json.loads(call("tasks", "--json", SIMULATE_TASKS_FILE="sub/marks.csv").stdout)
    assert shown["counts"]["missed"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["tasks", "mark", "q-tj27-2-4-1-5", "done"], 2, "did you mean: tj27_2_4_1_05?"),
        (["tasks", "mark", ID, "don"], 2, "Did you mean 'done'?"),
        (["tasks", "mark", "done"], 2, "ID"),
        (["tasks", "mrak", ID, "done"], 2, "Did you mean 'mark'?"),
        (["tasks", "--plan", "tj-2025-2028"], 2, "Did you mean 'tj-2025-2027'?"),
        (["tasks", "--sector", "helth"], 2, "Did you mean 'health'?"),
        (["tasks", "--lever", "tj27_fund"], 2, "Did you mean 'tj27_funds'?"),
        (["tasks", "--status", "don"], 2, "Did you mean 'done'?"),
        (["tasks", "--file", "none.csv"], 2, "none.csv"),
        (["tasks", "--file", "a.csv", "mark", ID, "done"], 2, "behind 'mark'"),
        (["tasks", "export", "-o", "broken.csv"], 2, "broken.csv"),
        (["tasks", "--file", "broken.csv"], 3, "broken.csv:2:2: status"),
        (["tasks", "mark", ID, "done", "--file", "broken.csv"], 3, "broken.csv:2:2: status"),
        (["targets", "--readings", "no/such/run"], 2, "no/such/run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_told_and_change_nothing(
    arguments: list[str], code: int, says: str, place: Path
) -> None:
    broken = place / "broken.csv"
    broken.write_text(f"id,status,note,marked_on\n{ID},finished,,\n", encoding="utf-8")
    before = broken.read_bytes()
    result = call(*arguments)
    assert result.exit_code == code, result.stderr
    assert says in result.stderr and "Traceback" not in result.stderr
    chinese = call("--lang", "zh", *arguments)
    assert chinese.exit_code == code and chinese.stderr != result.stderr
    assert broken.read_bytes() == before and [p.name for p in place.iterdir()] == ["broken.csv"]


def test_export_writes_the_filtered_table(place: Path) -> None:
    assert call("tasks", "mark", ID, "done").exit_code == 0
    words = ("tasks", "export", "--status", "done", "-o", "out.csv")
    assert json.loads(call(*words, "--json").stdout) == {
        "schema_version": 1,
        "file": "out.csv",
        "items": 1,
    }
    with (place / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["id"] for row in csv.DictReader(stream)] == [ID]
    assert call(*words).exit_code == 2 and call(*words, "--force").exit_code == 0


def test_the_ledger_has_every_target_with_clause_perimeter_and_readings() -> None:
    registry = load_registry()
    plain = json.loads(call("targets", "--json").stdout)
    assert "ambiguities" not in plain and len(plain["targets"]) == 55
    for told, target in zip(plain["targets"], registry.targets, strict=True):
        assert told["clause"] == target.clause.key and told["document"] == target.document
        assert told["definition"]["zh"] and told["definition"]["en"]
        assert told["unit"] == target.unit and told["comparator"] == target.comparator
        assert told["deadline"] == f"{target.deadline}" and told["deadline_basis"]
    told = json.loads(call("targets", "--readings", "--json").stdout)
    assert len(told["ambiguities"]) == len(registry.ambiguities)
    keys = {item["key"] for item in told["ambiguities"]}
    assert {key for target in told["targets"] for key in target["ambiguities"]} <= keys
    nesting = next(item for item in told["ambiguities"] if item["key"] == "tier_nesting")
    assert len(nesting["readings"]) == 2 and nesting["taken"]["zh"].startswith("以包含")
    text = call("--lang", "both", "targets", "--readings", COLUMNS="120").stdout
    for target in registry.targets:
        assert target.key in text
    assert "包含：共 25 家" in text and "Nested: 25 in all" in text
