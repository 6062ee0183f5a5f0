"""Another city is a folder of data and no code: the fictional one runs end to end on the command line."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import simulator
from simulator.cli import program
from simulator.experiments.errors import MismatchError
from simulator.foundation.findings import InputError, UsageError
from simulator.registry import load_library
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[1]
CITY = ROOT / "examples" / "city_xingang"
BASELINE = str(CITY / "baseline.yaml")


def call(*arguments: str) -> Result:
    environment = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "en", "NO_COLOR": "1"}
    return CliRunner(env=environment).invoke(program, list(arguments))


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    results = str(tmp_path_factory.mktemp("results"))
    done = call("run", BASELINE, "--data", str(CITY), "-n", "20", "--results", results, "--json")
    assert done.exit_code == 0, done.output
    told: dict[str, object] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def folder(answer: dict[str, object]) -> Path:
    return Path(str(answer["run"]))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CITY, tmp_path / "city"))


def test_its_plans_are_judged(answer, folder: Path) -> None:
    assert answer["failed"] == 0 and answer["members"] == 20
    rows = list(csv.DictReader(io.StringIO((folder / "targets.csv").read_text("utf-8-sig"))))
    status = {row["target"]: row["status"] for row in rows}
    assert status == {
        "xg_core_revenue": "scored",
        "xg_firms_10": "scored",
        "xg_scenarios": "scored",
        "xg_fund": "input",
        "gb_key_tech": "scored",
        "gb_front_rank": "by_hand",
    }
    revenue = next(row for row in rows if row["target"] == "xg_core_revenue")
    assert 0.0 <= float(revenue["probability"]) <= 1.0
    assert {part.split("=")[0] for part in revenue["by_construction"].split("; ")} <= {
        "narrow",
        "wide",
    }


def test_its_figures_and_series_are_those_of_its_chains_and_districts(folder: Path) -> None:
    for name in ("core_revenue", "scorecard", "chains", "districts"):
        assert (folder / "figures" / f"{name}.png").stat().st_size > 10_000
    run = simulator.open_run(folder)
    chains = {name for name in run.series if name.startswith("chain_core_revenue")}
    assert chains == {f"chain_core_revenue[{c}]" for c in ("drones", "smart_port", "marine_ai")}
    places = {name for name in run.series if name.startswith("district_core_revenue")}
    assert len(places) == 5
    assert set(run.parameters("construction")) <= {0.0, 1.0}
    drawing = (folder / "figures" / "districts.svg").read_text("utf-8")
    assert "Xingang" in drawing or drawing.count("<path") > 20
    assert run.library.registry.city.id == "xingang"


def test_a_run_folder_carries_its_data(folder: Path, copied: Path, tmp_path: Path) -> None:
    told = call("targets", str(folder))
    assert told.exit_code == 0 and "xg_core_revenue" in told.stdout
    assert call("plot", str(folder), "chains", "-o", str(tmp_path / "chains")).exit_code == 0
    exported = call("export", str(folder), "-o", str(tmp_path / "tables"))
    assert exported.exit_code == 0
    table = next(path for path in (tmp_path / "tables").glob("*.csv") if "param" not in path.name)
    assert "Xingang (fictional)|lanwan" in table.read_text("utf-8-sig")
    longer = Path(shutil.copytree(folder, tmp_path / "longer"))
    assert simulator.open_run(longer).scenario.plans == ("xg-2025-2027", "gb-2025-2027")
    extended = call("extend", str(longer), "-n", "22", "--json")
    assert extended.exit_code == 0 and json.loads(extended.stdout)["members"] == 22
    mix = copied / "founding" / "chain_mix.csv"
    mix.write_text(mix.read_text("utf-8").replace("0.3,", "0.2,").replace("0.5,", "0.6,"), "utf-8")
    from simulator.experiments.runs import extend

    with pytest.raises(MismatchError, match="data founding"):
        extend(longer, 24, data=copied)


def test_catalogues_and_scenarios_take_the_folder(tmp_path: Path) -> None:
    data = ("--data", str(CITY))
    levers = call("levers", *data, "--json")
    assert len(json.loads(levers.stdout)["levers"]) == 8
    assert len(json.loads(call("plans", *data, "--json").stdout)["plans"]) == 2
    assert len(json.loads(call("targets", *data, "--json").stdout)["targets"]) == 6
    assert call("check", BASELINE, str(CITY / "push.yaml"), *data).exit_code == 0
    assert "xg_fund" in call("show", BASELINE, *data).stdout
    assert "xg_scenarios" in call("diff", BASELINE, str(CITY / "push.yaml"), *data).stdout
    child = tmp_path / "child.yaml"
    assert call("new", str(child), "--extends", BASELINE, *data).exit_code == 0
    assert call("check", str(child), *data).exit_code == 0
    lines = child.read_text("utf-8").splitlines(keepends=True)
    first = lines.index("# levers:\n")
    for place, line in enumerate(lines[first : first + 3], start=first):
        lines[place] = line.removeprefix("# ")
    child.write_text("".join(lines), "utf-8")
    assert call("check", str(child), *data).exit_code == 0, call("check", str(child), *data).output
    schema = json.loads(call("schema", *data).stdout)
    assert set(schema["properties"]["levers"]["properties"]) >= {"xg_fund", "gb_compute"}


def test_without_the_folder_its_scenario_is_refused() -> None:
    refused = call("check", BASELINE)
    assert refused.exit_code == 3 and "no document 'xg-2025-2027'" in refused.stdout


def test_two_cities_are_not_compared(folder: Path, tmp_path: Path) -> None:
    here = simulator.run(ROOT / "scenarios/baseline.yaml", n=2, results=tmp_path, engine="plain")
    with pytest.raises(UsageError, match="different cities"):
        simulator.compare(here, simulator.open_run(folder))


def test_what_editors_and_systems_lay_beside_is_passed_over(copied: Path) -> None:
    for name in ("priors.csv~", "._priors.csv", ".tiles.yaml.swp", "founding/._chain_mix.csv"):
        (copied / name).write_bytes(b"\0")
    assert load_library(copied).digests == load_library(CITY).digests


def test_every_missing_file_and_misspelt_table_is_named(copied: Path) -> None:
    (copied / "levers.yaml").unlink()
    (copied / "lever_effects.csv").unlink()
    (copied / "founding" / "chain_mix.csv").rename(copied / "founding" / "chains_mix.csv")
    with pytest.raises(InputError) as caught:
        load_library(copied)
    found = [str(item) for item in caught.value.findings]
    assert len(found) == 4
    for name in ("levers.yaml", "lever_effects.csv", "founding/chain_mix.csv"):
        assert any(f"{name}: this file" in line for line in found)
    assert "did you mean: chain_mix.csv" in found[-1]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("founding/chain_mix.csv", "drones,0.3", "drones,0.4", "sum to 1.1"),
        ("founding/chain_mix.csv", "drones,0.3", "drone,0.3", "did you mean: drones"),
        ("founding/named_firms.csv", "crane_control", "crane", "'crane' is unknown"),
        ("founding/place_shares.csv", "lanwan,0.2", "lanwan,", "share is empty"),
        ("founding/constructions.csv", "haiyan:1", "haiyam:1", "did you mean: haiyan"),
        ("founding/constructions.csv", ",18,", ",7.5,", "narrow lies outside the bounds"),
        ("priors.csv", "n10_2024", "n10_2023", "did you mean: n10_2024"),
        ("lever_effects.csv", "l-gb-compute", "l-gb-computer", "did you mean: l-gb-compute"),
    ],
)
def test_faults_of_its_tables_have_a_place(
    copied: Path, file: str, old: str, new: str, words: str
) -> None:
    path = copied / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError, match=words) as caught:
        load_scenario(copied / "baseline.yaml", data=copied)
    assert all(item.line > 0 for item in caught.value.findings)


def test_a_city_may_know_no_firm_by_name_and_one_construction(copied: Path) -> None:
    founding = copied / "founding"
    named = (founding / "named_firms.csv").read_text("utf-8").splitlines()[0]
    (founding / "named_firms.csv").write_text(named + "\n", "utf-8")
    head, row, _ = (founding / "constructions.csv").read_text("utf-8").splitlines()
    row = row.replace("0.6,18", "1,18").replace("haiyan:1", "")
    (founding / "constructions.csv").write_text(f"{head}\n{row}\n", "utf-8")
    from simulator.model import TianjinAI, prepare

    study = prepare(load_scenario(copied / "baseline.yaml", data=copied))
    for member in range(4):
        model = TianjinAI(study, member)
        model.step()
        assert model.measures["core_revenue"] > 0.0


def test_2017_needs_the_size_classes_of_that_year(copied: Path) -> None:
    path = copied / "baseline.yaml"
    path.write_text(path.read_text("utf-8").replace("2025Q1", "2018Q1"), "utf-8")
    with pytest.raises(InputError, match=r"no founding state .* allowed: 2025Q1"):
        load_scenario(path, data=copied)


def test_a_changed_folder_is_another_library(copied: Path) -> None:
    before = load_library(copied)
    assert before is load_library(copied) and before.digests == load_library(CITY).digests
    path = copied / "priors.csv"
    path.write_text(path.read_text("utf-8").replace("fixed(value=5)", "fixed(value=5.0)"), "utf-8")
    assert load_library(copied).digests != before.digests
    assert load_library(None).priors["fund_paid_in"].central == 615.0
    assert before.priors["fund_paid_in"].central == 5.0
