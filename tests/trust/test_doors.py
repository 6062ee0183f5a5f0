"""A sample of the trials of every door, and each fault that longer runs of them found, held mended."""

# ruff: noqa: E501 - tables of odd words

import asyncio
import json
import math
import shutil
from pathlib import Path
from typing import Any
from unicodedata import normalize

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from simulator.cli import program
from simulator.experiments.errors import DamagedError
from simulator.experiments.folder import RunFolder
from simulator.experiments.runs import run
from simulator.experiments.store import Run, open_run
from simulator.experiments.sweeps import axis_of, points_of
from simulator.experiments.update import read_figures
from simulator.explorer.asking import RefusedError, read_json
from simulator.explorer.guards import HEADERS, Guards
from simulator.foundation.findings import LONGEST, MOST, Finding, InputError, UsageError
from simulator.foundation.tables import parse_yaml, read_yaml
from simulator.registry import load_library, load_registry
from simulator.scenario import load_scenario
from simulator.world.population import read_population
from tests.trust.doors import DOORS, bench_in, knock
from tests.trust.doors.bench import CITY, ROOT, call, limited, wrong_with
from tests.trust.doors.scenarios import harmless

BASELINE = ROOT / "scenarios/baseline.yaml"
SAMPLE = {"scenario": 8, "set": 5, "data": 3, "firms": 8, "facts": 3, "fit": 2, "marks": 1, "run": 4, "command": 5, "setting": 2, "explorer": 8}  # fmt: skip
HEAD = "名称,营业收入（万元）,产业链,区\n"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(BASELINE, n=2, out=tmp_path_factory.mktemp("stored") / "run", engine="plain")


def test_every_door_holds_against_a_sample(tmp_path: Path) -> None:
    assert set(SAMPLE) == set(DOORS)
    with bench_in(tmp_path / "bench") as bench:
        found = [knock(door, bench, seed) for door, n in SAMPLE.items() for seed in range(n)]
    assert len(found) == sum(SAMPLE.values())
    assert not [trial for trial in found if trial.fault]
    assert {"read", "refused", "4xx"} <= {trial.outcome for trial in found}


def test_only_what_means_the_same_is_harmless() -> None:
    assert harmless({"low": "0billion CNY"}, {"low": "0亿元"}) and harmless(["b", "a"], ["a", "b"])
    assert harmless({"low": "2億元", "plans": ["a--b"]}, {"low": "2亿元", "plans": ["a-b"]})
    assert not harmless({"low": "0.1亿元"}, {"low": "0亿元"})
    assert not harmless({"low": "10亿元"}, {"low": "0亿元"})


# YAML


@pytest.mark.parametrize("text", ["x: " + "[" * 100_000, "{a: " * 20_000, "x:\n" + "  [\n" * 3_000])
def test_what_nests_very_deeply_is_refused_at_once_and_at_its_place(text: str) -> None:
    with pytest.raises(InputError, match="nested too deeply") as caught:
        parse_yaml(text, "deep.yaml")
    (finding,) = caught.value.findings
    assert finding.line >= 1 and finding.column > 1


def test_a_scenario_of_a_megabyte_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_text("".join(f"k{i}: {{a: [1, 2]}}\n" for i in range(40_000)), encoding="utf-8")
    with pytest.raises(InputError, match="larger than 100000 bytes"):
        load_scenario(file)
    with pytest.raises(InputError, match="not plain block YAML"):
        read_yaml(file)


def test_messages_stay_short_whatever_they_quote(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_text("x" * 50_000 + ": 1\n", encoding="utf-8")
    heard = call("--lang", "both", "run", str(file))
    assert heard.code == 3 and max(map(len, heard.err.splitlines())) < 3_000
    assert len(Finding("f", 1, 1, "y" * 9_000, "x" * 9_000, "中" * 9_000).what) <= LONGEST
    many = InputError(Finding("f", line, 1, "", "a", "甲") for line in range(MOST + 7)).findings
    assert len(many) == MOST + 1 and "7 more" in many[-1].what and many[-1].line == MOST


def test_what_is_allowed_is_said_in_chinese_too() -> None:
    heard = call("--lang", "zh", "run", "nothing.yaml")
    assert "允许：已有的情景文件" in heard.err
    assert "允许：数字加单位：亿元/年、" in call(
        "--lang", "zh", "show", str(BASELINE), "--set", "levers.tj27_funds.size=300"
    ).err.replace(", ", "、")


def test_a_word_of_any_length_is_refused_in_chinese_at_once() -> None:
    """The patterns of click's messages took its square: half a minute at two hundred thousand letters."""
    with limited(2.0):
        heard = call("--lang", "zh", "check", str(BASELINE), "--set", "name" + "a" * 200_000)
    assert heard.code == 2 and "的值无效" in heard.err and len(heard.err) < 2_000


# Numbers on the command line, and settings


def test_every_count_has_an_upper_bound() -> None:
    def counts(command: click.Command) -> list[click.IntRange]:
        own = [p.type for p in command.params if isinstance(p.type, click.IntRange)]
        below = command.commands.values() if isinstance(command, click.Group) else ()
        return [*own, *(kind for each in below for kind in counts(each))]

    found = counts(program)
    assert len(found) > 40
    # `-v` counts how often it stands there.
    assert all(kind.max is not None for kind in found if kind.min != 0 or kind.max is not None)
    assert call("robust", str(BASELINE), "--wished", "nan").code == 2


@pytest.mark.parametrize(
    "text", ["tj27_funds=", "tj27_funds=1_0,2", "tj27_funds=nan,1", "tj27_funds=0:inf:3",
             "tj27_funds=0:500:99999999999", "tj27_funds=0:500:1"],
)  # fmt: skip
def test_an_axis_is_numbers_and_not_what_python_takes_besides(text: str) -> None:
    with pytest.raises(UsageError, match="axis"):
        axis_of(load_scenario(BASELINE), text)


def test_a_grid_beyond_all_patience_is_refused() -> None:
    axis = axis_of(load_scenario(BASELINE), "tj27_funds=0:500:900")
    with pytest.raises(UsageError, match="810000 cases"):
        points_of([axis, axis], "grid", 0, 1)


@pytest.mark.parametrize(
    ("name", "near"),
    [("SIMULATE_RUN_MEMBRS", "SIMULATE_RUN_MEMBERS"), ("SIMULATE_CHECK_SET", "SIMULATE_CHECK_OVERRIDES"),
     ("SIMULATE_RESULT", "SIMULATE_RESULTS")],
)  # fmt: skip
def test_a_setting_that_nothing_reads_is_said(name: str, near: str) -> None:
    heard = call("check", str(BASELINE), **{name: "5"})
    assert heard.code == 0 and f"{name} is not read; did you mean {near}?" in heard.err
    assert not call("check", str(BASELINE), SIMULATE_CHROMIUM="/usr/bin/chromium").err


def test_a_name_too_long_for_the_system_is_said_in_both_languages() -> None:
    for words in (("diff", "x" * 300, str(BASELINE)), ("targets", "x" * 300)):
        heard = call("--lang", "both", *words)
        assert (
            heard.code in (2, 4) and "File name too long" in heard.err and "名称过长" in heard.err
        )


def test_a_name_that_is_no_text_is_shown_as_escapes() -> None:
    heard = call("--json", "--lang", "both", "show", "a\udcffb")
    assert heard.code == 3 and "\\udcff" in heard.out and not wrong_with(heard)


# Lists of firms


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "firms.csv"
    path.write_text(text, encoding="utf-8")
    try:
        return [str(note) for note in read_population(path, load_registry()).notes]
    except InputError as error:
        return [str(finding) for finding in error.findings]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "甲,1_000,大数据,南开区\n", "is not an amount"),
        (HEAD + "甲,3.2亿元,大数据,南开区\n", "stands where amounts are in 万元"),
        ("名称,营业收入（亿元）,单位,产业链,区\n甲,3,万元,大数据,南开区\n", "header of the revenue says 亿元"),
        ("名称,营业收入（亿元/万元）,产业链,区\n甲,3,大数据,南开区\n", "unit '亿元/万元' is unknown"),
        ("名称,营业收入（亿元）,产业链,区\n甲,12000,大数据,南开区\n", "1200 billion CNY) a year; check the unit"),
        ("名称,营业收入（元）,产业链,区\n甲,5000,大数据,南开区\n", "(5000 CNY) a year; check the unit"),
    ],
)  # fmt: skip
def test_one_slip_of_a_unit_never_passes_unsaid(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in line for line in faults(tmp_path, text)), faults(tmp_path, text)


def test_a_list_that_is_ten_times_too_small_or_too_large_is_noted(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        f"schema_version: 1\nextends: {BASELINE}\npopulation: firms.csv\n", encoding="utf-8"
    )
    for amount, noted in ((3, True), (300, False), (490 * 40, True)):
        rows = "".join(f"企业{i},{amount / 40},大数据,南开区\n" for i in range(40))
        head = "名称,营业收入（亿元）,产业链,区\n"
        (tmp_path / "firms.csv").write_text(head + rows, encoding="utf-8")
        notes = [note for note in load_scenario(own).notes if note.path == "population"]
        assert bool(notes) == noted, amount
        assert all("核对单位" in note.what_zh for note in notes)


# Figures, fits, data folders


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series,year,value,sd,perimeter\ncore_revenue,2025.7,480亿元,0.1,catalogue\n", "not a whole number"),
        ("series,year,value,sd,perimeter,sided\ncore_revenue,2025,480亿元,0.1,catalogue,lower\n", "did you mean: side"),
        ("series,year,value,sd,perimeter\n" + "core_revenue,2025,480亿元,0.1,catalogue\n" * 2, "count twice"),
    ],
)  # fmt: skip
def test_no_figure_is_rounded_ignored_or_counted_twice(
    stored: Run, tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "facts.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_figures(file, stored)


def test_a_long_posterior_is_refused_and_not_cut(tmp_path: Path) -> None:
    table = (ROOT / "calibration/posterior.csv").read_text(encoding="utf-8")
    head, _, rows = table.partition("\n")
    (tmp_path / "posterior.csv").write_text(head + "\n" + rows * 250, encoding="utf-8")
    sheet = (ROOT / "calibration/fitted.yaml").read_text(encoding="utf-8")
    (tmp_path / "fitted.yaml").write_text(sheet, encoding="utf-8")
    with pytest.raises(InputError, match="larger than 5000000 bytes"):
        load_scenario(BASELINE, fitted=tmp_path / "fitted.yaml")


@pytest.mark.parametrize(
    "name", ["prior.csv", "district_tile.csv", "fited.yaml", "qualitatives.yaml"]
)
def test_an_optional_file_under_a_misspelt_name_is_not_passed_over(
    tmp_path: Path, name: str
) -> None:
    city = Path(shutil.copytree(CITY, tmp_path / "city"))
    load_library(city)
    (city / name).write_text("x\n", encoding="utf-8")
    with pytest.raises(InputError, match="this file is not read; did you mean"):
        load_library(city)


# Run folders


def _index(stored: Run, change: Any, tmp_path: Path) -> RunFolder:
    line = json.loads((stored.path / "parts/index.jsonl").read_text(encoding="utf-8"))
    change(line)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/index.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return RunFolder(tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        {"span": [0, 10**12]}, {"span": [5, 1]}, {"span": ["0", "1"]}, {"span": [0.5, 1]}, {"values": 3}, {"failed": [1]},
        {"members": {"name": "../../secret", "size": 1, "sha256": "x"}},
    ],
    ids=str,
)  # fmt: skip
def test_an_index_names_only_parts_as_they_are_written(
    stored: Run, tmp_path: Path, entry: dict[str, Any]
) -> None:
    folder = _index(stored, lambda line: line.update(entry), tmp_path)
    with pytest.raises(DamagedError, match=r"index\.jsonl: damaged"):
        folder.parts()


@pytest.mark.parametrize(
    "entry",
    [
        {"quarters": ["2025Q9"]}, {"seed": None}, {"seed": True}, {"members": "2"}, {"series": [{"name": 1}]}, {"parameters": [1]},
        {"quarters": 5}, {"data": []}, {"precision": {"target": 1}}, {"hash": None}, {"surprise": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_of_other_types_is_damaged(
    stored: Run, tmp_path: Path, entry: dict[str, Any]
) -> None:
    sheet = json.loads((stored.path / "manifest.json").read_text(encoding="utf-8"))
    (tmp_path / "manifest.json").write_text(json.dumps(sheet | entry), encoding="utf-8")
    with pytest.raises(DamagedError, match=r"manifest\.json: damaged"):
        RunFolder(tmp_path).manifest()


def test_papers_that_nest_deeply_or_name_other_series_are_damaged(
    stored: Run, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(stored.path, tmp_path / "run"))
    sheet = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    sheet["series"][0]["name"] = "renamed"
    (folder / "manifest.json").write_text(json.dumps(sheet), encoding="utf-8")
    with pytest.raises(DamagedError, match=r"index\.jsonl: damaged"):
        open_run(folder).values("renamed")
    (folder / "manifest.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(DamagedError, match="damaged"):
        open_run(folder)


# The explorer


@pytest.mark.parametrize(
    "body",
    [b'{"asker": "\\ud800"}', b'{"\\udfff": 1}', b'{"move": 1, "move": 2}', b'{"a": ' * 9_000],
)
def test_halves_of_characters_and_names_twice_are_no_json_here(body: bytes) -> None:
    with pytest.raises(RefusedError, match="not JSON"):
        read_json(body)


def test_even_a_breakdown_is_answered_with_every_header() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"host", b"localhost")], "method": "GET", "path": "/"}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Guards(broken, "127.0.0.1")(scope, None, send))  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert sent[0]["status"] == 500 and HEADERS.items() <= headers.items()
    assert set(json.loads(sent[1]["body"])["error"]) == {"en", "zh"}


# Whatever is typed


numbers = some.floats(allow_nan=True, allow_infinity=True) | some.integers(-(10**30), 10**30)
typed = some.text(max_size=30) | some.builds("{}{}".format, numbers, some.sampled_from(["", "亿元", "万元", "元", " 亿元", "%", "亿"]))  # fmt: skip


@given(cell=typed)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_a_cell_of_revenue_is_read_exactly_or_refused(tmp_path: Path, cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    path = tmp_path / "firms.csv"
    head = "名称,营业收入（亿元）,产业链,区\n"
    path.write_bytes((head + f"甲,{quoted},大数据,南开区\n").encode("utf-8", "replace"))
    try:
        (firm,) = read_population(path, load_registry()).firms
    except InputError as error:
        assert all(item.what and item.what_zh for item in error.findings)
        return
    said = normalize("NFKC", cell).strip().removesuffix("亿元").replace(",", "")
    assert firm.revenue > 0.0 and math.isfinite(firm.revenue)
    assert firm.revenue == float(said)


@given(word=typed, value=typed)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_an_override_is_read_or_refused_in_both_languages(word: str, value: str) -> None:
    try:
        scenario = load_scenario(BASELINE, {f"levers.tj27_funds.{word or 'size'}": value})
    except InputError as error:
        assert all(item.what and item.what_zh for item in error.findings)
        return
    assert scenario.resolved()
