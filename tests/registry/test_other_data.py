"""Other data directories: another city, and broken files."""

import re
import shutil
from pathlib import Path

import pytest

from simulator.foundation.findings import InputError
from simulator.foundation.tables import shipped
from simulator.registry import load_registry, load_tasks

SMALL = {
    "documents": """\
schema_version: 1
documents:
  - id: yz-2025
    title_zh: 永州人工智能计划
    title_en: Yongzhou AI plan
    issuer:
      - name_zh: 市政府
        name_en: City government
        actor: city_hall
        role: issuer
    period_start: '2025-01-01'
    period_end: '2026-12-31'
    scope: city
    scope_entity: yongzhou
    clauses:
      - clause: 第一条
        name_en: Goals
      - clause: 第二条
        name_en: Measures
""",
    "targets": """\
schema_version: 1
metrics:
  - id: core_revenue
    name_zh: 核心营收
    name_en: Core revenue
    unit: 亿元
    flow_or_stock: annual level
    definition: Revenue of core firms.
    model_output: Sum of revenue.
  - id: standing
    name_zh: 位次
    name_en: Standing
    unit: qualitative
    flow_or_stock: level
    definition: Rank among cities.
    model_output: None.
targets:
  - id: t-yz-core-revenue
    document: yz-2025
    clause: 第一条
    name_zh: 核心营收
    name_en: Core revenue
    class: quantitative
    metric: core_revenue
    comparator: '>='
    value: 20.5
    unit: 亿元
    value_cny: 2050000000
    flow_or_stock: level_at_deadline
    deadline: 2026-12-31
    deadline_basis: stated
    wording: reach
    scope: city
    modelled_how: endogenous
  - id: t-yz-standing
    document: yz-2025
    clause: 第一条
    name_zh: 全省前列
    name_en: Front rank
    class: dated_qualitative
    metric: standing
    comparator: qualitative
    value: null
    unit: qualitative
    flow_or_stock: level_at_deadline
    deadline: '2026-12-31'
    deadline_basis: stated
    wording: reach
    scope: city
    modelled_how: checklist
ambiguities: []
""",
    "levers": """\
schema_version: 1
kinds:
  - id: fund
    name_zh: 基金
    name_en: Fund
channels:
  - id: growth
    name_zh: 成长
    name_en: Growth
levers:
  - id: l-yz-fund
    document: yz-2025
    clause: 第一条
    name_zh: 产业基金
    name_en: Industry fund
    kind: fund
    size:
      value: 5
      unit: 亿元
      value_cny: 500000000
    start: 2025
    end: 2026
    period_basis: document period
    scope: city
    target_chains: all
    chain_basis: stated
    target_districts: []
    target_sectors: []
    acts_on: [growth]
    mechanism: Equity for young firms.
    linked_targets: [t-yz-core-revenue]
  - id: l-yz-drone-zone
    document: yz-2025
    clause: 第二条
    name_zh: 无人机示范区
    name_en: Drone zone
    kind: fund
    size: null
    start: 2025
    end: 2026
    period_basis: document period
    scope: city
    target_chains: [drones]
    chain_basis: stated
    target_districts: [lengshuitan]
    target_sectors: []
    acts_on: [growth]
    mechanism: A place to fly.
    linked_targets: []
""",
    "chains": """\
schema_version: 1
chain_count: 1
chain_basis_clause:
  document: yz-2025
  clause: 第一条
chains:
  - id: drones
    order: 1
    name_zh: 无人机
    name_en: Drones
    nodes:
      - id: airframe
        name_zh: 机体
        name_en: Airframe
        position: upstream
        document: yz-2025
        clause: 第一条
        basis: stated
      - id: motor
        name_zh: 电机
        name_en: Motor
        position: upstream
        document: yz-2025
        clause: 第一条
        basis: stated
    organisations:
      - actor: city_hall
        document: yz-2025
        clause: 第一条
        basis: stated
weaknesses:
  - id: w-small
    name_zh: 规模偏小
    name_en: Small firms
    document: yz-2025
    clause: 第一条
    acts_on: growth
    addressed_by: [l-yz-fund]
linkages: []
""",
    "districts": """\
schema_version: 1
city:
  id: yongzhou
  name_zh: 永州市
  name_en: Yongzhou
districts:
  - id: lengshuitan
    name_zh: 冷水滩区
    name_en: Lengshuitan District
    kind: district
    specialisations:
      - document: yz-2025
        clause: 第二条
        name_zh: 示范区
        name_en: Drone zone
        role: pilot_zone
        chains: [drones]
        chain_basis: stated
        levers: [l-yz-drone-zone]
    named_in: [yz-2025]
  - id: lingling
    name_zh: 零陵区
    name_en: Lingling District
    kind: district
    specialisations: []
  - id: airfield
    name_zh: 飞行基地
    name_en: Airfield
    kind: functional_zone
    parent: lingling
    specialisations: []
district_list_2025:
  document: yz-2025
  clause: 第二条
  groups:
    - lever: l-yz-drone-zone
      name_zh: 示范区
      name_en: Drone zone
      areas: [lengshuitan]
never_named:
  districts: [lingling]
""",
    "actors": """\
schema_version: 1
actors:
  - id: city_hall
    name_zh: 永州市人民政府
    name_en: Yongzhou city government
    kind: municipal_department
    names_in_documents: [市政府]
    mentions:
      - document: yz-2025
        clause: 第一条
        role: issuer
""",
    "baselines": """\
schema_version: 1
baselines:
  - id: b-yz-small
    document: yz-2025
    clause: 第一条
    name_zh: 规模偏小
    name_en: Small firms
    value: null
    unit: null
    kind: weakness
    weakness: w-small
""",
}


def write(directory: Path, files: dict[str, str]) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    return directory


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped("data"), tmp_path / "data"))


def edit(directory: Path, name: str, old: str, new: str) -> None:
    path = directory / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults(directory: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_registry(directory)
    for finding in caught.value.findings:
        assert finding.what_zh
        assert finding.severity == "error"
    return [str(finding) for finding in caught.value.findings]


def test_another_city_is_read_from_its_own_directory(tmp_path: Path) -> None:
    registry = load_registry(write(tmp_path / "yz", SMALL))
    assert registry.city.name.en == "Yongzhou"
    assert registry.target("核心营收").value == 20.5
    assert registry.lever("yz_fund").chains == ("drones",)
    assert registry.place("冷水滩").id == "lengshuitan"
    assert registry.place("airfield").parent == "lingling"
    assert (registry.sectors, registry.numbers, registry.derived) == ((), (), ())
    assert load_tasks(tmp_path / "yz") == ()
    assert registry.digest != load_registry().digest


def test_actors_and_baselines_may_be_left_out(tmp_path: Path) -> None:
    files = {name: text.replace("actor: city_hall", "actor: null") for name, text in SMALL.items()}
    files["chains"] = SMALL["chains"].split("    organisations:")[0] + "linkages: []\n"
    del files["actors"], files["baselines"]
    registry = load_registry(write(tmp_path / "yz", files))
    assert (registry.actors, registry.baselines, registry.weaknesses) == ((), (), ())


def test_the_digest_follows_the_content_only(tmp_path: Path) -> None:
    one = load_registry(write(tmp_path / "one", SMALL))
    same = load_registry(write(tmp_path / "two", SMALL))
    windows = {name: text.replace("\n", "\r\n") for name, text in SMALL.items()}
    (tmp_path / "win").mkdir()
    for name, text in windows.items():
        (tmp_path / "win" / f"{name}.yaml").write_bytes(text.encode())
    other = {**SMALL, "levers": SMALL["levers"].replace("young", "old")}
    assert one.digest == same.digest == load_registry(tmp_path / "win").digest
    assert one.digest != load_registry(write(tmp_path / "three", other)).digest


def test_a_missing_file_and_a_missing_directory_are_named(tmp_path: Path) -> None:
    write(tmp_path / "yz", {name: text for name, text in SMALL.items() if name != "levers"})
    found = faults(tmp_path / "yz")
    assert len(found) == 1 and "levers.yaml: no such file" in found[0]
    assert "no such directory" in faults(tmp_path / "nowhere")[0]


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "yz", {**SMALL, "levers": "- a\n- b\n", "chains": ""})
    found = faults(tmp_path / "yz")
    assert sum("the file must hold a mapping" in line for line in found) == 2


def test_all_faults_of_all_files_come_at_once_with_their_places(copied: Path) -> None:
    edit(
        copied, "levers", "target_chains: [industrial_robots,", "target_chains: [industral_robots,"
    )
    edit(copied, "levers", "acts_on: [entry, growth]", "acts_on: [entry, grwth]")
    edit(copied, "targets", "metric: related_revenue", "metric: relatd_revenue")
    edit(copied, "targets", "value_cny: 130000000000", "value_cny: 1300000000000")
    edit(copied, "districts", "parent: binhai", "parent: bihai")
    edit(copied, "chains", "clause: 三、重点任务（一）1", "clause: 三、重点任务（一）99")
    edit(copied, "actors", "kind: municipal_department", "kimd: municipal_department")
    found = faults(copied)
    text = "\n".join(found)
    for line, words in {
        "levers.yaml": "no chain has the id industral_robots; did you mean: industrial_robots?",
        "levers.yaml:": "no channel has the id grwth; did you mean: growth?",
        "targets.yaml": "no metric has the id relatd_revenue; did you mean: related_revenue?",
        "targets.yaml:": "1300 亿元 are 130000000000 CNY",
        "districts.yaml": "no district has the id bihai; did you mean: binhai?",
        "chains.yaml": "document chains-2018-2020 has no clause 三、重点任务（一）99",
        "actors.yaml": "unknown key kimd",
    }.items():
        assert any(words in one and line in one for one in found), (words, text)
    # A key that is misspelt is also missing; nothing else may follow from the seven slips.
    assert len(found) == 8, text
    for finding in found:
        line, column = finding.split(".yaml:")[1].split(":")[:2]
        assert int(line) > 6 and int(column) > 1


def test_a_fault_points_at_line_and_column(tmp_path: Path) -> None:
    directory = write(tmp_path / "yz", SMALL)
    edit(directory, "levers", "acts_on: [growth]", "acts_on: [growth, grwth]")
    lines = SMALL["levers"].splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "acts_on" in line)
    (finding,) = faults(directory)
    assert f"levers.yaml:{number}:23: levers.l-yz-fund.acts_on[1]: no channel" in finding


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("levers", "id: l-yz-drone-zone", "id: l-yz-fund", "occurs twice, first on line 11"),
        ("levers", "id: l-yz-drone-zone", "id: l-yz_fund", "are both typed"),
        ("levers", "id: l-yz-fund", "id: 'L yz'", "is not an id"),
        ("levers", "start: 2025", "start: 2031", "ends before it starts"),
        ("levers", "start: 2025", "start: 2024", "starts outside the period"),
        ("levers", "start: 2025", "start: '2025'", "is not a whole number"),
        ("levers", "start: 2025", "start: null", "start is missing"),
        ("levers", "start: 2025", "start: true", "is not a whole number"),
        ("levers", "value: 5\n", "value: lots\n", "lots is not a number"),
        ("levers", "value_cny: 500000000\n", "value_cny: 50000000\n", "are 500000000 CNY"),
        ("levers", "target_chains: all", "target_chains: every", "is not a list"),
        ("levers", "acts_on: [growth]", "acts_on: [growth, growth]", "listed twice"),
        ("levers", "acts_on: [growth]", "acts_on: [growth, 3]", "acts_on[1]: 3 is not text"),
        ("levers", "acts_on: [growth]", "acts_on: {growth: 1}", "a mapping is not a list"),
        ("levers", "name_zh: 产业基金", "name_zh: ''", "is not text"),
        ("levers", "size: null", "size: 3", "3 is not a mapping"),
        ("levers", "schema_version: 1", "schema_version: 2", "version 2 cannot be read"),
        ("levers", "schema_version: 1", "schema_version: 1\nextra: 2", "unknown key extra"),
        ("levers", "scope: city", "scope: city\n    scope: city", "key scope occurs twice"),
        ("levers", "  - id: growth\n", "  - growth\n  - id: growth\n", "is not a mapping"),
        ("targets", "comparator: '>='", "comparator: '=>'", "unknown word =>"),
        ("targets", "comparator: '>='", "comparator: between", "value_high goes with"),
        ("targets", "comparator: '>='", "comparator: qualitative", "has a value unless"),
        ("targets", "value: null", "value: null\n    value_cny: 3", "value_cny goes with"),
        ("targets", "value_cny: 2050000000", "notes: a", "value_cny is missing"),
        ("targets", "2026-12-31", "2026-13-31", "is not a day"),
        ("targets", "2026-12-31", "2027-12-31", "outside the period of yz-2025"),
        (
            "targets",
            "unit: 亿元\n    value_cny",
            "unit: 万元\n    value_cny",
            "万元 is not that of",
        ),
        ("targets", "value: 20.5\n", "value: .inf\n", "not a number that can be used"),
        ("chains", "chain_count: 1", "chain_count: 7", "chain_count is 7"),
        ("chains", "position: upstream", "position: upsteam", "did you mean: upstream?"),
        ("chains", "- id: motor\n", "- id: airframe\n", "node airframe occurs twice"),
        ("chains", "actor: city_hall", "actor: city_hal", "did you mean: city_hall?"),
        ("chains", "clause: 第一条", "clause: 第九条", "has no clause 第九条"),
        ("chains", "document: yz-2025", "document: yz-2026", "did you mean: yz-2025?"),
        ("chains", "[l-yz-fund]", "[l-yz-fnd]", "did you mean: l-yz-fund?"),
        ("districts", "kind: functional_zone", "kind: district", "a district has none"),
        ("districts", "parent: lingling", "parent: airfield", "no district has the id airfield"),
        ("districts", "areas: [lengshuitan]", "areas: [lingling]", "no specialisation with"),
        ("districts", "districts: [lingling]", "districts: [lengshuitan]", "is named in yz-2025"),
        ("documents", "'2026-12-31'", "'2024-12-31'", "ends before"),
        ("documents", "actor: city_hall", "actor: city_hal", "did you mean: city_hall?"),
        ("documents", "clause: 第二条", "clause: 第一条", "clause 第一条 occurs twice"),
        ("documents", "scope_entity: yongzhou", "scope_entity: yongzho", "mean: yongzhou?"),
        ("actors", "kind: municipal", "kimd: municipal", "unknown key kimd"),
        ("baselines", "weakness: w-small", "weakness: w-smal", "did you mean: w-small?"),
        ("baselines", "id: b-yz-small\n", "id: l-yz-fund\n", "is taken in levers.levers"),
    ],
)
def test_a_slip_in_the_data_is_found(
    tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    directory = write(tmp_path / "yz", SMALL)
    edit(directory, name, old, new)
    found = [line for line in faults(directory) if words in line]
    assert found and f"{name}.yaml:" in found[0]


def test_a_slip_in_the_checklist_is_found_when_tasks_are_read(copied: Path) -> None:
    edit(copied, "qualitative", "responsible: [st_bureau,", "responsible: [st_bureu,")
    edit(copied, "qualitative", "type: task", "type: tsk")
    assert load_registry(copied).sectors
    with pytest.raises(InputError) as caught:
        load_tasks(copied)
    text = str(caught.value)
    assert len(caught.value.findings) == 2
    assert "did you mean: st_bureau?" in text and "did you mean: task?" in text


READING = """\
ambiguities:
  - id: a-yz-count
    documents: [yz-2025]
    targets: [t-yz-revenue]
    name_zh: 口径
    description_en: What counts is not said.
    readings:
      - Only told
      - key: whole
        name_zh: 全部
        name_en: All of it
      - key: half
        name_zh: 一半
        name_en: Half of it
        rules:
          - share: 0.5
    recommended_reading: All of it.
    model_impact: Half.
"""


def with_reading(folder: Path, *changes: tuple[str, str]) -> Path:
    text = READING
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    target = re.search(r"id: (t-yz-[\w-]+)", SMALL["targets"])
    assert target is not None
    text = text.replace("[t-yz-revenue]", f"[{target[1]}]")
    return write(folder, {**SMALL, "targets": SMALL["targets"].replace("ambiguities: []\n", text)})


def test_readings_of_another_city_are_read(tmp_path: Path) -> None:
    (found,) = load_registry(with_reading(tmp_path / "yz")).ambiguities
    assert [reading.key for reading in found.readings] == ["", "whole", "half"]
    assert [reading.key for reading in found.choices] == ["whole", "half"]
    assert [rule.share for rule in found.choices[1].rules.values()] == [0.5]
    assert found.judged == found.targets


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("          - share: 0.5", "          - share: 1.0", "a rule that changes nothing"),
        ("          - share: 0.5", "          - share: 1.5", "1.5 is not a share"),
        ("          - share: 0.5", "          - range: inside", "is not a range"),
        ("          - share: 0.5", "          - rnge: inside", "did you mean: range?"),
        ("          - share: 0.5", "          - at: yearend", "did you mean: year_end?"),
        ("          - share: 0.5", "          - targets: [t-yz-standing]\n            share: 0.5",
         "t-yz-standing has no number to judge"),
        ("          - share: 0.5", "          - plus: [t-yz-none]", "no target has the id t-yz-none"),
        ("          - share: 0.5", "          - share: 0.5\n          - value: 3", "two rules for"),
        ("        rules:\n          - share: 0.5\n", "", "2 readings with a key have no rules"),
        ("key: half", "key: whole", "reading whole occurs twice"),
        ("      - Only told", "      - 7", "7 is neither text nor a mapping"),
    ],
)  # fmt: skip
def test_a_reading_that_cannot_be_judged_is_found(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    found = faults(with_reading(tmp_path / "yz", (old, new)))
    assert any(what in line for line in found), found


def test_a_missing_table_is_one_finding(tmp_path: Path) -> None:
    text = SMALL["targets"].split("ambiguities:")[0]
    found = faults(write(tmp_path / "yz", {**SMALL, "targets": text}))
    assert len(found) == 1 and "ambiguities is missing" in found[0]
