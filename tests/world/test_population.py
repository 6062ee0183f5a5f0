"""A user's own list of firms: every row is read or reported, and it founds the model as it stands."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from simulator.foundation.findings import InputError
from simulator.model import TianjinAI, prepare
from simulator.registry import load_registry
from simulator.scenario import load_scenario
from simulator.world.population import Population, read_population

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "examples/firms_template.csv"
REGISTRY = load_registry()
HEAD = "名称,营业收入（万元）,产业链,区\n"


def read(tmp_path: Path, text: str | bytes) -> Population:
    path = tmp_path / "firms.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_population(path, REGISTRY)


def faults(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert all(item.what_zh for item in caught.value.findings)
    return [str(item).partition("firms.csv:")[2] for item in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + '甲,"12,345.5",大数据,南开\n', 1.23455),
        ("name,revenue,unit,chain,district\n甲,3.5,亿元,big_data,Nankai District\n", 3.5),
        ("name,revenue,unit,chain,district\n甲,350000000,元,Big data,nankai\n", 3.5),
        ("name;revenue/亿元;chain;district\n甲;3.5;big_data;nankai\n", 3.5),
        ("企业名称\t营业收入\t产业链\t行政区\n甲\t３．５亿元\t大数据\t南开区\n", 3.5),
    ],
)
def test_headers_units_and_separators(tmp_path: Path, text: str, expected: float) -> None:
    (firm,) = read(tmp_path, text).firms
    assert firm.revenue == pytest.approx(expected, rel=1e-12)
    assert (firm.name, firm.chain, firm.place) == ("甲", "big_data", "nankai")
    assert (firm.catalogue, firm.ai, firm.software, firm.public) == (True, True, None, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_of_spreadsheets_read_the_same(tmp_path: Path, encoding: str) -> None:
    text = HEAD + "海河智能,100,大数据,南开区\n示例,200,大数据,西青区\n"
    found = read(tmp_path, text.encode(encoding))
    assert found == read(tmp_path, text)
    assert bool(found.notes) == (encoding == "gb18030")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, b"PK\x03\x04\x00\x00\xff\xff")
    assert "not a text table" in line and "save as CSV UTF-8" in line


def test_every_bad_row_is_named_at_once(tmp_path: Path) -> None:
    rows = [
        "甲,100,大数据,南开区",
        "乙,-5,大数据,南开区",
        "丙,many,大数据,南开区",
        '丁,"1,23",大数据,南开区',
        "戊,100,大数居,南开区",
        "己,100,大数据,Nankay",
        "甲,100,大数据,南开区",
        ",100,大数据,南开区",
        "庚,100,大数据",
        "辛,0,,南开区",
    ]
    found = faults(tmp_path, HEAD + "\n".join(rows) + "\n")
    assert [line.split(":")[0] for line in found] == [*"3456789", "10", "11", "11"]
    expected = (
        "not above 0", "is not an amount", "is not an amount", "did you mean: 大数据",
        "did you mean: nankai", "stands on line 2 already", "name is empty",
        "3 cells under 4 columns", "not above 0", "chain is empty",
    )  # fmt: skip
    for line, words in zip(found, expected, strict=True):
        assert words in line, line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("名称,营业收入,产业链,区\n甲,100,大数据,南开区\n", "has no unit"),
        ("名称,营业收入（美元）,产业链,区\n甲,100,大数据,南开区\n", "unit '美元' is unknown"),
        ("名称,产业链,区\n甲,大数据,南开区\n", "the column revenue is missing"),
        ("名称,name,营业收入（亿元）,产业链,区\n甲,乙,1,大数据,南开区\n", "both hold the name"),
        ("名称,营业收入（亿元）,产业链,节点,区\n甲,1,大数据,芯片,南开区\n", "no node '芯片'"),
        ("名称,营业收入（亿元）,产业链,区,成立年份\n甲,1,大数据,南开区,2031\n", "no year"),
        ("名称,营业收入（亿元）,产业链,区,名录\n甲,1,大数据,南开区,也许\n", "neither yes nor no"),
        ("名称,营业收入（亿元）,产业链,区,名录\n甲,1,大数据,南开区,0\n", "no firm of the list"),
        ("名称,营业收入（亿元）,产业链,区,ai\n甲,1,大数据,南开区,0\n", "does AI"),
        (HEAD, "holds no firm"),
    ],
)
def test_what_a_list_must_say(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in line for line in faults(tmp_path, text))


def test_a_column_that_is_not_read_is_noted(tmp_path: Path) -> None:
    text = "名称,营业收入（亿元）,产业链,区,地址\n甲,1,大数据,南开区,某路\n"
    (note,) = read(tmp_path, text).notes
    assert note.path == "地址" and note.severity == "note"


def test_the_stored_copy_reads_back_and_order_does_not_count(tmp_path: Path) -> None:
    found = read_population(TEMPLATE, REGISTRY)
    assert read(tmp_path, found.content) == found
    head, *rows = TEMPLATE.read_text(encoding="utf-8").splitlines()
    turned = read(tmp_path, "\n".join([head, *rows[::-1]]))
    assert turned.digest == found.digest
    other = read(tmp_path, "\n".join([head, *rows[:-1]]))
    assert other.digest != found.digest


@pytest.fixture(scope="module")
def scenario():
    return load_scenario(ROOT / "examples/own_firms.yaml")


def test_the_list_is_the_catalogue(scenario) -> None:
    study = prepare(scenario)
    firms = scenario.population.firms
    total = sum(firm.revenue for firm in firms if firm.catalogue)
    for member in range(3):
        model = TianjinAI(study, member)
        values = dict(zip(study.parameter_names, model.parameter_row.tolist(), strict=True))
        table = model.world.firms
        listed = np.asarray(table.column("catalogue")) == 1
        sales = np.asarray(table.column("sales"))
        assert sales[listed].sum() == pytest.approx(total, rel=1e-12)
        assert sorted(sales[listed].tolist()) == sorted(f.revenue for f in firms if f.catalogue)
        assert values["base_core_revenue"] == pytest.approx(total) and values["construction"] == -1
        assert values["n10_founding"] == 4 and values["catalogue_founding"] == 10
        assert np.unique(table.ids).size == table.n > len(firms)
        nodes = model.study.ground.node_chain[np.asarray(table.column("node"))]
        assert (nodes == np.asarray(table.column("chain"))).all()


def test_order_changes_nothing_and_leaving_one_out_keeps_the_luck_of_others(
    scenario, tmp_path
) -> None:
    head, *rows = TEMPLATE.read_text(encoding="utf-8").splitlines()

    def simulated(rows: list[str]) -> np.ndarray:
        population = read(tmp_path, "\n".join([head, *rows]))
        study = prepare(dataclasses.replace(scenario, population=population))
        return TianjinAI(study, 1).world.firms

    forward, backward = simulated(rows), simulated(rows[::-1])
    assert forward.ids.tolist() == backward.ids.tolist()
    assert forward.column("quality").tolist() == backward.column("quality").tolist()
    fewer = simulated(rows[1:])
    luck = dict(zip(forward.ids.tolist(), forward.column("quality").tolist(), strict=True))
    for id_, quality in zip(fewer.ids.tolist(), fewer.column("quality").tolist(), strict=True):
        assert luck[id_] == quality


def test_a_scenario_names_its_list_and_counts_its_content(scenario, tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    base = ROOT / "scenarios/baseline.yaml"
    (tmp_path / "firms.csv").write_bytes(TEMPLATE.read_bytes())
    path.write_text(f"schema_version: 1\nextends: {base}\npopulation: firms.csv\n", "utf-8")
    same = load_scenario(path)
    assert same.digest() == scenario.digest() != load_scenario(base).digest()
    text = TEMPLATE.read_text(encoding="utf-8").replace("105.5", "106")
    (tmp_path / "firms.csv").write_text(text, "utf-8")
    assert load_scenario(path).digest() != same.digest()
    notes = load_scenario(path, {"assumptions.base_core_revenue": "480亿元"}).notes
    assert any("the list of firms states it" in note.what for note in notes)
    for value, words in (("firm.csv", "did you mean: firms.csv"), ("3", "is not a file name")):
        path.write_text(f"schema_version: 1\nextends: {base}\npopulation: {value}\n", "utf-8")
        with pytest.raises(InputError, match=words):
            load_scenario(path)
    path.write_text(
        f"schema_version: 1\nextends: {base}\npopulation: firms.csv\n"
        "period: {start: 2018Q1, end: 2020Q4}\n",
        "utf-8",
    )
    with pytest.raises(InputError, match="founds a start in 2025Q1 only"):
        load_scenario(path)
