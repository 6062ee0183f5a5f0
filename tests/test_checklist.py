"""The checklist holds every qualitative item, and marks are written whole or not at all."""

import csv
import io
import os
from pathlib import Path

import pytest

from simulator.checklist import (
    COLUMNS,
    STATUSES,
    ChecklistError,
    Mark,
    checklist,
    chosen,
    count_statuses,
    export_csv,
    find,
    read_marks,
    set_marks,
)
from simulator.foundation.findings import InputError
from simulator.foundation.tables import shipped
from simulator.registry import load_library, load_tasks

LIBRARY = load_library()
ITEMS = checklist(LIBRARY)
ONE, OTHER = "q-tj27-2-4-1-05", "t-tj27-standing"


def test_every_task_and_every_target_without_a_number_is_there_once() -> None:
    tasks = {task.id for task in load_tasks()}
    numberless = {t.id for t in LIBRARY.registry.targets if t.comparator == "qualitative"}
    assert len(tasks) == 489 and len(numberless) == 15
    assert {item.id for item in ITEMS} == tasks | numberless
    assert len(ITEMS) == len(tasks) + len(numberless)
    plans = [item.document for item in ITEMS]
    assert list(dict.fromkeys(plans)) == [d.id for d in LIBRARY.registry.documents]


def test_each_item_says_what_answers_to_it_or_is_context() -> None:
    for item in ITEMS:
        answered = bool(item.levers or item.metrics or item.metrics_via_lever or item.targets)
        assert answered == (item.model_role != "context"), item.id
    standing = find(ITEMS, [OTHER])[0]
    assert standing.type == "target" and [m.id for m in standing.metrics] == ["standing"]
    assert standing.due == "2027-12-31"


def test_filters_narrow_and_search_both_languages() -> None:
    marks = {ONE: Mark("done")}
    assert {i.sector.id for i in chosen(ITEMS, marks, sector="health") if i.sector} == {"health"}
    funds = chosen(ITEMS, marks, plan="tj-2025-2027", lever="l-tj27-funds")
    assert [item.id for item in funds] == [ONE]
    assert [item.id for item in chosen(ITEMS, marks, status="done")] == [ONE]
    assert len(chosen(ITEMS, marks, status="open")) == len(ITEMS) - 1
    chinese, english = chosen(ITEMS, marks, words="基金"), chosen(ITEMS, marks, words="FUNDS")
    assert 0 < len(chinese) < len(ITEMS) and 0 < len(english) < len(ITEMS)
    assert chosen(ITEMS, marks, words="市科技局")  # bodies responsible are searched too
    assert count_statuses(ITEMS, marks) == {
        **dict.fromkeys(STATUSES, 0),
        "open": len(ITEMS) - 1,
        "done": 1,
    }


def test_marks_come_back_and_a_note_stays_until_another_is_given(tmp_path: Path) -> None:
    file = tmp_path / "my_tasks.csv"
    marked = set_marks(
        file, ITEMS, ["tj27_2_4_1_05", OTHER], "under_way", 'a "b",\n 第一步', "2026-01-02"
    )
    assert [item.id for item in marked] == [ONE, OTHER]
    assert file.read_bytes().startswith(b"\xef\xbb\xbfid,status,note,marked_on\r\n")
    set_marks(file, ITEMS, [ONE], "done", None, "2026-02-03")
    assert read_marks(file, ITEMS) == {
        ONE: Mark("done", 'a "b", 第一步', "2026-02-03"),
        OTHER: Mark("under_way", 'a "b", 第一步', "2026-01-02"),
    }
    set_marks(file, ITEMS, [ONE], "open", "")
    assert read_marks(file, ITEMS)[ONE] == Mark("open", "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["my_tasks.csv"]


def test_an_unknown_id_is_refused_with_the_nearest_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "my_tasks.csv"
    with pytest.raises(ChecklistError) as caught:
        set_marks(file, ITEMS, [ONE, "q-tj27-2-4-1-5", "天津"], "done")
    assert "did you mean: tj27_2_4_1_05?" in caught.value.text("en")
    assert "天津" in caught.value.text("zh") and not file.exists()


@pytest.mark.parametrize("part", ["data", "calibration"])
def test_shipped_data_are_never_written(part: str) -> None:
    file = shipped(part) / "my_tasks.csv"
    for write in (
        lambda: set_marks(file, ITEMS, [ONE], "done"),
        lambda: export_csv(file, ITEMS, {}),
    ):
        with pytest.raises(ChecklistError, match="shipped"):
            write()
    assert not file.exists()
    with pytest.raises(ChecklistError, match=r"\.csv"):
        set_marks(Path("my_tasks.yaml"), ITEMS, [ONE], "done")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,status,note,marked_on\nq-tj27-9-9,done,,\n", ":2:1: id: no item q-tj27-9-9"),
        (f"id,status,note,marked_on\n{ONE},don,,\n", "did you mean: done?"),
        (f"id,status,note,marked_on\n{ONE},done,,\n{ONE},open,,\n", ":3:1: id: "),
        (f"id,state,note,marked_on\n{ONE},done,,\n", "column status is missing"),
        ("firm,revenue\n", "column firm is not known"),
        ("", "the table is empty"),
    ],
)
def test_a_file_of_anything_else_is_refused_and_kept(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        set_marks(file, ITEMS, [ONE], "done")
    assert says in str(caught.value)
    assert file.read_text(encoding="utf-8") == text


def test_a_failed_write_leaves_the_old_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my_tasks.csv"
    set_marks(file, ITEMS, [ONE], "done")
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        set_marks(file, ITEMS, [OTHER], "missed")
    assert file.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    set_marks(real, ITEMS, [ONE], "done")
    link.symlink_to(real)
    set_marks(link, ITEMS, [ONE], "missed")
    assert link.is_symlink() and read_marks(real, ITEMS)[ONE].status == "missed"


def test_export_is_a_table_for_spreadsheets(tmp_path: Path) -> None:
    file = tmp_path / "out" / "tasks.csv"
    export_csv(file, ITEMS, {ONE: Mark("done", "n", "2026-01-02")})
    data = file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [item.id for item in ITEMS]
    row = next(row for row in rows if row["id"] == ONE)
    assert (row["levers"], row["status"], row["note"]) == ("tj27_funds", "done", "n")
    assert set(COLUMNS) <= set(row) and row["name_zh"] and row["name_en"]
    with pytest.raises(FileExistsError):
        export_csv(file, ITEMS, {})
    export_csv(file, (), {}, force=True)
    assert file.read_text(encoding="utf-8-sig").strip() == ",".join(row)
