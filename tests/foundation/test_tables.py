"""YAML and CSV at the door."""

from pathlib import Path

import pytest

from simulator.foundation.findings import InputError
from simulator.foundation.tables import parse_yaml, read_table, read_yaml, shipped, show_path


def refused(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yaml")
    assert all(finding.what_zh for finding in caught.value.findings)
    return [str(finding) for finding in caught.value.findings]


def test_values_are_read_as_yaml_1_2() -> None:
    text = "a: no\nb: 2027-12-31\nc: 012\nd: 1_000\ne: 0x1F\nf: 1e3\ng: ~\nh: true\n2025: 200亿元\n"
    assert parse_yaml(text, "f.yaml").value == {
        "a": "no",
        "b": "2027-12-31",
        "c": 12,
        "d": 1000,
        "e": 31,
        "f": 1000.0,
        "g": None,
        "h": True,
        2025: "200亿元",
    }
    assert parse_yaml("", "f.yaml").value is None


def test_positions_of_values_keys_and_items() -> None:
    document = parse_yaml("levers:\n  tj27: {size: {2025: 3}}\n  list: [a, b]\n", "f.yaml")
    assert document.position(("levers", "tj27", "size", 2025)) == (2, 23)
    assert document.position(("levers", "tj27", "size", 2025), key=True) == (2, 17)
    assert document.position(("levers", "list", 1)) == (3, 13)
    assert document.position(("levers", "tj27", "nothing", "there")) == (2, 9)
    finding = document.finding(("levers", "list", 1), "odd", "奇怪", key=True)
    assert str(finding) == "f.yaml:3:13: levers.list[1]: odd"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: a: key a occurs twice, first on line 1"),
        ("2025: 1\n'2025': 2", "key 2025 occurs twice"),
        ("a: &x 1\nb: *x", "f.yaml:1:4: a: anchors and aliases are not used here"),
        ("<<: {a: 1}", "<< cannot be a key"),
        ("null: 1", "null cannot be a key"),
        ("? [a]\n: 1", "a sequence cannot be a key"),
        ("a: !!python/object:os.system x", "is not used here"),
        ("a: !mine [1]", "tag !mine is not used here"),
        ("a: .nan", ".nan is not a number that can be used"),
        ("a: 1e999", "1e999 is not a number that can be used"),
        ("a: " + "9" * 5000, "is not a number that can be used"),
        ("%YAML 1.1\n---\na: no", "directives are not used"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: [1, 2", "f.yaml:1:9: not YAML"),
        ("a:\n\tb: 1", "f.yaml:2:1: not YAML"),
        ('a: "\\UFFFFFFFF"', "not YAML"),
        ("[" * 500, "nested too deeply"),
        ("a: \x07", "not YAML"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(text: str, words: str) -> None:
    assert any(words in line for line in refused(text))


def test_all_faults_come_at_once() -> None:
    assert len(refused("a: .inf\nb: 1\nb: 2\nc: !x y\n~: 3\n")) == 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: \xff\n", "f.yaml:1:4: not UTF-8 text"),
        ("甲: 1\n乙: ".encode() + b"\xe4\xb8", "f.yaml:2:4: not UTF-8 text"),
        (b"a: \0", "a binary file"),
        (b"a: " + b"x" * 200, "larger than 100 bytes"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_yaml(path, limit=100)
    assert words in str(caught.value)


def test_missing_files_and_directories_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="not a regular file"):
        read_yaml(tmp_path)


def test_a_file_is_shown_as_people_know_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f.yaml").write_bytes("\ufeffa: 1\r\nb: [\r\n".encode())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^f\.yaml:\d+:\d+: not YAML"):
        read_yaml(tmp_path / "f.yaml")
    (tmp_path / "f.yaml").write_bytes("\ufeffa: 1\r\nb: x\r\n".encode())
    assert read_yaml(tmp_path / "f.yaml").value == {"a": 1, "b": "x"}


def test_a_long_file_has_positions_too() -> None:
    document = read_yaml(shipped("data", "chains.yaml"))
    assert isinstance(document.value, dict)
    line, column = document.position(("chains", 0, "name_zh"))
    text = document.text.splitlines()[line - 1]
    assert text[column - 1 :] == document.value["chains"][0]["name_zh"]


def test_paths_are_shown_as_written() -> None:
    assert show_path(("levers", 3, "size", 2025)) == "levers[3].size.2025"


def test_a_table_gives_cells_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeffname,note\na,"x\ny"\n\n"b","p, q "\n', encoding="utf-8")
    rows = read_table(path)
    assert [(row["name"], row["note"], row.line) for row in rows] == [
        ("a", "x\ny", 2),
        ("b", "p, q", 5),
    ]
    assert dict(rows[0]) == {"name": "a", "note": "x\ny"}
    finding = rows[1].finding("note", "odd", "奇怪", suggestion="even")
    assert (finding.line, finding.column, finding.path) == (5, 2, "note")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,a\n1,2\n", "t.csv:1:2: a: column a occurs twice"),
        ("a,\n1,2\n", "t.csv:1:2: a column has no name"),
        ("a,b\n1\n1,2,3\n", "t.csv:2:2: 1 cells under 2 columns"),
        ("a,b\n1\n1,2,3\n", "t.csv:3:3: 3 cells under 2 columns"),
        ('a,b\n"x"y,2\n', "not a CSV table"),
        ("", "the table is empty"),
    ],
)
def test_a_table_out_of_shape_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(Path("t.csv"))
    assert words in str(caught.value)


def test_shipped_files_are_found_or_named() -> None:
    assert shipped("data", "levers.yaml").is_file()
    assert shipped("scenarios").is_dir()
    with pytest.raises(InputError, match="data/none"):
        shipped("data", "none")
