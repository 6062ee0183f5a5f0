"""`simulate targets` over several plans, under each reading, and split by where the doubt comes from."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simulator.cli import program

PLANS = ["scenarios/plans/jizhou-2018-2020.yaml", "scenarios/plans/tj-2025-2027.yaml"]


def call(*arguments: str, **environment: str) -> Result:
    env = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "en", "NO_COLOR": "1", "COLUMNS": "80"}
    return CliRunner(env={**env, **environment}).invoke(program, list(arguments))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def told(results: Path) -> dict[str, Any]:
    done = call("targets", *PLANS, "-n", "12", "--results", str(results), "--readings", "--json")
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def folders(told: dict[str, Any]) -> list[str]:
    return [run["path"] for run in told["runs"]]


def test_every_target_is_printed_once_on_the_run_of_its_plan(told: dict[str, Any]) -> None:
    rows = {row["key"]: row for row in told["targets"]}
    assert len(told["targets"]) == len(rows) == 55
    for row in rows.values():
        assert row["clause"] and row["definition"]["zh"] and row["unit"] and row["deadline"]
        assert row["verdict"]["zh"] and row["verdict"]["en"]
    assert rows["tj27_core_revenue"]["run"] == "tj-2025-2027"
    assert rows["tj27_core_revenue"]["base_year"] == 2024
    live = rows["jz18_sorting_live"]
    assert (live["run"], live["base_year"]) == ("jizhou-2018-2020", 2017)
    assert live["probability"]["members"] == 12
    assert rows["tj18_core_revenue"]["run"] is None
    assert rows["tj18_core_revenue"]["verdict"]["en"] == "no run given has this plan in force"
    assert rows["tj18_standing"]["verdict"]["en"].startswith("scored by hand")
    assert [item["document"] for item in told["joint"]] == ["jizhou-2018-2020", "tj-2025-2027"]


def test_readings_are_told_for_each_plan(told: dict[str, Any]) -> None:
    rows = {(r["target"], r["ambiguity"], r["reading"]): r for r in told["reading_scores"]}
    taken = rows["jz18_sorting_live", "day_deadline", "completed_quarter"]
    later = rows["jz18_sorting_live", "day_deadline", "containing_quarter"]
    assert taken["in_force"] and not later["in_force"]
    assert taken["probability"]["value"] <= later["probability"]["value"]
    assert rows["tj27_key_tech", "key_tech_mixed", "running"]["reason"]["en"].startswith("this run")


@pytest.mark.parametrize("width", ["80", "140"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_fits_its_terminal(folders: list[str], lang: str, width: str) -> None:
    from rich.cells import cell_len

    done = call("--lang", lang, "targets", *folders, "--readings", COLUMNS=width)
    assert done.exit_code == 0, done.output
    lines = done.stdout.split("\n")
    assert max(map(cell_len, lines)) <= int(width)
    assert sum(line.startswith("tj27_core_revenue") for line in lines) == 2  # judged, and read
    words = {"zh": "项目标：概率", "en": "targets: "}
    assert any(words[lang] in line for line in lines)


def test_the_table_is_offered_as_values(folders: list[str]) -> None:
    done = call("targets", *folders, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 55
    core = next(row for row in rows if row["target"] == "tj27_core_revenue")
    assert 0.0 <= float(core["low"]) <= float(core["probability"]) <= float(core["high"]) <= 1.0
    assert core["clause"] and core["base_year"] == "2024" and core["verdict_zh"]


def test_stored_runs_are_taken(results: Path, folders: list[str]) -> None:
    before = {path: (Path(path) / "run.json").read_bytes() for path in folders}
    assert call("targets", *PLANS, "-n", "12", "--results", str(results)).exit_code == 0
    assert before == {path: (Path(path) / "run.json").read_bytes() for path in folders}


def test_a_split_names_its_parts_and_is_kept(folders: list[str]) -> None:
    ask = ("targets", folders[1], "--split", "--repeats", "2", "--target", "tj27_firms_50yi")
    done = call(*ask, "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["splits"]
    assert (found["draws"], found["repeats"]) == (12, 2)
    assert (Path(folders[1]) / "repeats" / "1" / "run.json").exists()
    if found["luck"]:
        parts = [found[name]["value"] for name in ("luck", "base", "parameters")]
        assert sum(parts) == pytest.approx(1.0)
    text = call(*ask).stdout
    assert "other" in text and "tj27_firms_50yi" in text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["targets", "--split"], "--split needs a run"),
        (["targets", "--csv"], "--csv needs a run"),
        (["targets", "RUN", "RUN", "--split"], "take one run"),
        (["targets", "RUN", "RUN", "--check", "joint>0"], "take one run"),
        (["targets", "RUN", "-n", "5"], "-n goes with a scenario file"),
        (["targets", "RUN", "--readings", "--target", "tj27_core_revenu"], "tj27_core_revenue"),
        (["targets", "RUN", "--split", "--draws", "99"], "at most the 12 of the run"),
    ],
)
def test_what_cannot_be_asked_is_said(folders: list[str], arguments: list[str], word: str) -> None:
    done = call(*(folders[1] if word_ == "RUN" else word_ for word_ in arguments))
    assert done.exit_code == 2, done.output
    assert word in " ".join(done.output.split())
