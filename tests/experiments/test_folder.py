"""The folder of a run: its papers read back, its parts as told, and every trouble of a disk said for what it is."""

import contextlib
import errno
import hashlib
import json
import os
import stat
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.experiments import folder
from simulator.experiments.errors import DamagedError, DiskError, LockedError, MismatchError
from simulator.experiments.folder import (
    FORMAT,
    INDEX,
    MANIFEST,
    RUN,
    SHEET,
    Completion,
    Failure,
    Part,
    Precision,
    RunFolder,
    Span,
    beside,
    clear_errors,
    encode_table,
    locked,
    settle,
    spans,
    swap,
    values_digest,
)
from simulator.foundation.files import write_atomically

DONE = Completion(FORMAT, "a" * 64, "b" * 64, 5, 1, "plain", 2, 3.5, "2026-01-01T00:00:00+00:00")


@pytest.fixture
def made(lab) -> RunFolder:
    """The folder of a small run."""
    return RunFolder(lab.run(5).path)


def test_papers_read_back_as_written(made) -> None:
    manifest = made.manifest()
    assert manifest is not None and manifest.precision is None
    aimed = replace(manifest, precision=Precision("core", 0.02, 1000, 350, 0.0199))
    for paper in (aimed, replace(aimed, precision=Precision("core", 0.02, 1000)), manifest):
        made.write_json(MANIFEST, paper.to_json())
        assert made.manifest() == paper
    assert list(manifest.to_json()["data"]) == ["registry"]
    for completion in (DONE, replace(DONE, executor="cluster")):
        made.complete(completion)
        assert made.completion() == completion
    assert DONE.executor == "threads"
    text = (made.path / RUN).read_text(encoding="utf-8")
    assert text.startswith('{\n "format": 1,') and text.endswith("}\n")
    made.write_json("other.json", {"name": "玩具"})
    assert "玩具" in (made.path / "other.json").read_text(encoding="utf-8")


def test_what_is_absent_is_none_or_empty(tmp_path) -> None:
    nothing = RunFolder(tmp_path / "nothing")
    assert nothing.manifest() is None and nothing.completion() is None
    assert nothing.sheet() == b"" and nothing.parts() == () and nothing.sound_parts() == ()
    assert nothing.data is None
    (tmp_path / "file").write_text("not a folder")
    assert RunFolder(tmp_path / "file").manifest() is None
    nothing.path.mkdir()
    nothing.remove("no such file")
    (nothing.path / "data").mkdir()
    assert nothing.data == nothing.path / "data"


@pytest.mark.parametrize(
    ("found", "age", "age_zh"),
    [(0, "an older", "旧版本"), (2, "another", "其他版本"), ("1", "another", "其他版本")],
)
def test_another_format_is_refused_by_name(made, found, age: str, age_zh: str) -> None:
    made.write_json(MANIFEST, {"format": found, "version": "0.0.9"})
    with pytest.raises(MismatchError, match=f"written by {age} version of simulate .0.0.9") as told:
        made.manifest()
    assert f"由{age_zh}" in told.value.what_zh and "0.0.9" in told.value.what_zh
    made.write_json(MANIFEST, {"format": found})
    with pytest.raises(MismatchError, match=r"simulate \(\?, folder format"):
        made.manifest()


def test_a_damaged_paper_is_named_with_the_reason_in_both_languages(made) -> None:
    for name, read in ((MANIFEST, made.manifest), (RUN, made.completion)):
        (made.path / name).write_text("[1]")
        with pytest.raises(DamagedError, match=rf"{name}: damaged \(not an object\)") as told:
            read()
        assert "不是对象" in told.value.what_zh and "--force" in told.value.what_zh
        (made.path / name).write_text('{"format": 1, "version": "0"}')
        with pytest.raises(DamagedError, match=rf"{name}: damaged \(.+\)") as told:
            read()
        assert "None" not in str(told.value) and name in told.value.what_zh
    (made.path / INDEX).write_text("{}\n")
    with pytest.raises(DamagedError, match=r"index\.jsonl: damaged \('span'\)") as told:
        made.parts()
    assert "（'span'）" in told.value.what_zh
    assert made.sound_parts() == ()


def test_a_part_holds_its_members_in_the_order_of_quarters(made) -> None:
    manifest = made.manifest()
    assert manifest is not None
    quarters, series = len(manifest.quarters), len(manifest.series)
    values = np.arange(2.0 * quarters * series).reshape(2, quarters, series)
    draws = np.array([[300.0, 1.0], [310.0, 2.0]])
    failures = (Failure(9, "b", ""), Failure(7, "a", ""))
    part = made.write_part(manifest, Span(6, 9), (6, 8), values, draws, failures)
    assert part.good == (6, 8) and [failure.member for failure in part.failed] == [7, 9]
    assert part.members.name == "members-000006-000009.parquet"
    assert part.parameters.name == "parameters-000006-000009.parquet"
    table = pq.read_table(made.path / "parts" / part.members.name)
    assert table["member"].to_pylist() == [6] * quarters + [8] * quarters
    assert table["member"].type == table["quarter"].type == pa.int32()
    first = 2024 * 4 + 3
    assert table["quarter"].to_pylist() == 2 * list(range(first, first + quarters))
    for position, name in enumerate(each.name for each in manifest.series):
        assert table[name].to_pylist() == values[:, :, position].reshape(-1).tolist()
    drawn = pq.read_table(made.path / "parts" / part.parameters.name)
    assert drawn["member"].to_pylist() == [6, 8] and drawn["member"].type == pa.int32()
    for opened in (made, RunFolder(made.path)):
        assert opened.read_parameters(part, manifest.parameters).tolist() == draws.tolist()
        assert (
            opened.read_values(part, [manifest.series[1].name], quarters)[..., 0] == values[..., 1]
        ).all()
        assert opened.parts()[-1] == part
    for file in (part.members, part.parameters):
        data = (made.path / "parts" / file.name).read_bytes()
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    digest = hashlib.sha256()
    for block in (np.array([6, 8], "<i8"), values.astype("<f8"), draws.astype("<f8")):
        digest.update(block.tobytes())
    assert part.values == digest.hexdigest()


def test_a_part_with_the_same_first_member_is_replaced_and_a_torn_line_is_none(made) -> None:
    manifest = made.manifest()
    (old,) = made.parts()
    assert manifest is not None
    shape = (2, len(manifest.quarters), len(manifest.series))
    later = made.write_part(manifest, Span(5, 6), (5, 6), np.ones(shape), np.ones((2, 2)))
    new = made.write_part(manifest, Span(0, 1), (0, 1), np.ones(shape), np.ones((2, 2)))
    assert made.parts() == (new, later) and later.failed == ()
    with (made.path / INDEX).open("ab") as stream:
        stream.write(b'{"span": [7')
    assert made.parts() == (new, later)
    (made.path / "parts" / ".x.tmp").write_text("rest")
    (made.path / ".y.999999999.tmp").write_text("rest")
    made.keep_only((new,))
    assert made.parts() == (new,)
    names = {entry.name for entry in (made.path / "parts").iterdir()}
    assert names == {"index.jsonl", new.members.name, new.parameters.name}
    assert not (made.path / ".y.999999999.tmp").exists() and old != new


def test_what_another_process_is_writing_beside_is_left_to_it(made) -> None:
    theirs = [
        made.path / f".{name}.{os.getppid()}.tmp" for name in ("report.html", "attribution.csv")
    ]
    for draft in theirs:
        draft.write_text("half of it")
    made.tidy()
    made.keep_only(made.parts())
    assert all(draft.exists() for draft in theirs)


def test_sizes_are_added_up_and_an_altered_file_is_named_by_its_members(made) -> None:
    (part,) = made.parts()
    assert made.check_sizes([part]) == part.members.size + part.parameters.size
    assert made.check_sizes([]) == 0
    for file in (part.members, part.parameters):
        path = made.path / "parts" / file.name
        kept = path.read_bytes()
        path.write_bytes(b"\0" + kept[1:])
        assert made.check_sizes([part]) > 0
        for opened in (made, RunFolder(made.path)):
            with pytest.raises(
                DamagedError, match=rf"{file.name}: members 0 to 4 are damaged"
            ) as told:
                opened.verify([part])
            assert "成员 0 至 4" in told.value.what_zh and file.name in told.value.what_zh
        path.unlink()
        for refuses in (made.check_sizes, made.verify):
            with pytest.raises(DamagedError, match="members 0 to 4"):
                refuses([part])
        assert made.sound_parts() == ()
        path.write_bytes(kept)
    assert made.sound_parts() == (part,)


def test_a_folder_is_fresh_until_something_of_value_is_in_it(tmp_path, made) -> None:
    new = RunFolder(tmp_path / "new")
    assert new.is_fresh()
    new.path.mkdir()
    assert new.is_fresh()
    for name in (".lock", ".x.tmp"):
        (new.path / name).write_text("")
    (new.path / "parts").mkdir()
    assert new.is_fresh()
    (new.path / "data").mkdir()
    (new.path / "data" / "a.csv").write_text("mine")
    assert not new.is_fresh(), "data without a sheet are somebody's own"
    (new.path / SHEET).write_text("")
    assert new.is_fresh(), "a sheet and its data are what a kill leaves"
    (new.path / MANIFEST).write_text("")
    assert not new.is_fresh()
    assert not made.is_fresh()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    assert not RunFolder(tmp_path / "notes").is_fresh()
    assert not RunFolder(tmp_path / "notes" / "a.txt").is_fresh()


def test_beginning_again_makes_a_run_incomplete_and_lays_its_papers_beside(made) -> None:
    manifest = made.manifest()
    assert manifest is not None
    made.begin(manifest, b"sheet", {"data/a/b.csv": b"1", "fit/fitted.yaml": b"2"})
    assert made.completion() is None and made.manifest() == manifest
    assert made.sheet() == b"sheet"
    assert (made.path / "data/a/b.csv").read_bytes() == b"1"
    assert (made.path / "fit/fitted.yaml").read_bytes() == b"2"
    deep = RunFolder(made.path / "far" / "away")
    deep.begin(manifest, b"")
    assert deep.manifest() == manifest and deep.parts() == ()


@pytest.mark.parametrize(
    ("number", "en", "zh"),
    [
        (errno.ENOSPC, "no room left", "磁盘空间不足"),
        (errno.EDQUOT, "no room left", "磁盘空间不足"),
        (errno.EFBIG, "no room left", "磁盘空间不足"),
        (errno.EACCES, "no permission", "没有权限"),
        (errno.EPERM, "no permission", "不允许该操作"),
        (errno.EROFS, "no permission", "文件系统只读"),
        (errno.EIO, os.strerror(errno.EIO), "读写出错"),
    ],
)
def test_every_trouble_of_a_disk_is_said_for_what_it_is(number: int, en: str, zh: str) -> None:
    with pytest.raises(DiskError, match=en) as told, clear_errors(Path("place")):
        raise OSError(number, os.strerror(number))
    assert told.value.errno == number
    assert told.value.what.startswith("place") and os.strerror(number) in told.value.what
    assert told.value.what_zh.startswith("place") and zh in told.value.what_zh
    with pytest.raises(DiskError) as again, clear_errors(Path("elsewhere")):
        raise told.value
    assert again.value is told.value
    with pytest.raises(DiskError, match=r"^place: odd$"), clear_errors(Path("place")):
        raise OSError("odd")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, b"old")

    def refuse(source, target):
        assert Path(source).read_bytes() == b"new" and Path(source).parent == tmp_path
        assert Path(source).name.startswith(".a.txt.") and Path(source).name.endswith(".tmp")
        raise OSError("no")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="no"):
        patched.setattr(os, "replace", refuse)
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_the_disk_is_told_to_keep_a_file_before_it_takes_its_name(tmp_path, monkeypatch) -> None:
    calls = []
    fsync, rename = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def renamed(source, target) -> None:
        calls.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    write_atomically(tmp_path / "a", b"1")
    write_atomically(tmp_path / "b", b"2", sync=False)
    assert calls == ["file", "rename", "folder", "file", "rename"]


def test_a_lock_names_its_holder_and_goes_with_it(tmp_path) -> None:
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
        with (
            pytest.raises(LockedError, match=rf"another process \({os.getpid()}\)") as told,
            locked(tmp_path),
        ):
            pass
        assert f"另一进程（{os.getpid()}）" in told.value.what_zh
    assert not (tmp_path / ".lock").exists()
    (tmp_path / ".lock").write_text("123456789, left by a process that was killed")
    with contextlib.suppress(KeyError), locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
        raise KeyError
    assert not (tmp_path / ".lock").exists()
    with locked(tmp_path):
        (tmp_path / ".lock").unlink()
        (tmp_path / ".lock").write_text("of somebody else")
    assert (tmp_path / ".lock").read_text() == "of somebody else"
    with pytest.raises(DiskError, match="nowhere"), locked(tmp_path / "nowhere"):
        pass


def filled(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_text(path.name)
    return path


def test_a_finished_folder_takes_the_place_of_the_old_one(tmp_path) -> None:
    old, new = filled(tmp_path / "run", RUN), filled(tmp_path / ".run.new", RUN)
    assert beside(old) == new
    swap(new, old)
    assert (old / RUN).read_text() == ".run.new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    settle(old)
    assert (old / RUN).read_text() == ".run.new"


@pytest.mark.parametrize("state", ["old away, new whole", "old away, new cut", "new in place"])
def test_a_swap_that_was_killed_is_ended(tmp_path, state: str) -> None:
    run = tmp_path / "run"
    filled(tmp_path / ".run.old", RUN)
    if state == "new in place":
        filled(run, RUN)
    else:
        filled(tmp_path / ".run.new", *([RUN] if "whole" in state else []))
    settle(run)
    kept = {"old away, new whole": ".run.new", "old away, new cut": ".run.old"}
    assert (run / RUN).read_text() == kept.get(state, "run")
    assert not (tmp_path / ".run.old").exists()


def test_a_living_swap_is_left_alone(tmp_path) -> None:
    old = filled(tmp_path / ".run.old", RUN)
    with locked(old), pytest.raises(LockedError):
        settle(tmp_path / "run")
    assert (old / RUN).exists() and not (tmp_path / "run").exists()


def test_tables_are_compressed_plainly_and_say_nothing_of_who_wrote_them() -> None:
    columns = {
        "x": np.linspace(0.0, 1.0, 1000),
        "name": ["甲"] * 1000,
        "even": np.arange(1000) % 2 == 0,
    }
    file = pq.ParquetFile(pa.BufferReader(encode_table(columns)))
    assert file.read().to_pydict() == {name: list(values) for name, values in columns.items()}
    group = file.metadata.row_group(0)
    for position in range(3):
        column = group.column(position)
        assert column.compression == "ZSTD" and "RLE_DICTIONARY" not in column.encodings
    assert b"ARROW:schema" not in (file.metadata.metadata or {})


def test_the_digest_of_values_knows_names_and_parts_and_no_file(made) -> None:
    manifest, parts = made.manifest(), made.parts()
    assert manifest is not None
    head = [list(manifest.quarters), [s.name for s in manifest.series], list(manifest.parameters)]
    expected = hashlib.sha256(json.dumps(head).encode() + parts[0].values.encode())
    assert values_digest(manifest, parts) == expected.hexdigest()
    relabelled = replace(manifest, stem="other", seed=7, version="9")
    assert values_digest(relabelled, parts) == values_digest(manifest, parts)


def test_parts_are_of_fifty_members_and_of_five_hundred_beyond_ten_thousand() -> None:
    cut = list(spans(11_000))
    assert cut[:2] == [Span(0, 49), Span(50, 99)] and cut[199:] == [
        Span(9950, 9999),
        Span(10_000, 10_499),
        Span(10_500, 10_999),
    ]
    assert list(spans(1)) == [Span(0, 0)] and list(spans(0)) == []
    assert str(Span(3, 12_345)) == "000003-012345" and list(Span(3, 5).members) == [3, 4, 5]
    assert folder.PART_MEMBERS == 50


def test_a_line_of_the_index_keeps_failures_and_their_words(made) -> None:
    (part,) = made.parts()
    failed = replace(part, failed=(Failure(2, "没有企业", "trace"),))
    made.keep_only((failed,))
    assert made.parts() == (failed,) and isinstance(made.parts()[0], Part)
    assert failed.good == (0, 1, 3, 4)
    line = (made.path / INDEX).read_text(encoding="utf-8")
    assert "没有企业" in line and json.loads(line)["failed"] == [asdict(failed.failed[0])]


@pytest.mark.parametrize(
    ("value", "kind", "good"),
    [
        (1, int, True),
        (True, int, False),
        (1.0, int, False),
        ("1", int, False),
        (1, float, True),
        (1.5, float, True),
        (False, float, False),
        (float("inf"), float, False),
        (float("nan"), float, False),
        ("a", str, True),
        (1, str, False),
        (None, int | None, True),
        (1, int | None, True),
        ("a", int | None, False),
        (None, int, False),
        (("a", "b"), tuple[str, str], True),
        (("a",), tuple[str, str], False),
        (("a", 1), tuple[str, str], False),
        (["a", "b"], tuple[str, str], False),
        ((), tuple[str, ...], True),
        (("a", "b", "c"), tuple[str, ...], True),
        (("a", "b", 1), tuple[str, ...], False),
        ("abc", tuple[str, ...], False),
        ((("a", "b"),), tuple[tuple[str, str], ...], True),
        ((("a", 1),), tuple[tuple[str, str], ...], False),
        (Span(0, 1), Span, True),
        ((0, 1), Span, False),
    ],
)
def test_what_a_paper_says_must_be_of_its_kind(value: object, kind: object, good: bool) -> None:
    assert folder._is_of(value, kind) is good


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"span": [0, 4, 5]}, "too many values"),
        ({"span": [0, True]}, r"span \[0, True\]"),
        ({"span": ["0", 4]}, r"span \['0', 4\]"),
        ({"span": [-1, 4]}, "span -1 to 4"),
        ({"span": [5, 4]}, "span 5 to 4"),
        ({"span": [0, 500]}, "span 0 to 500"),
        ({"span": [1, 4]}, "files of span 000001-000004"),
        ({"members": {"name": "members-000000-000004.parquet", "size": 1}}, "sha256"),
        ({"values": 3}, "values: 3"),
        ({"failed": [{"member": "2", "error": "", "traceback": ""}]}, "member: '2'"),
        ({"failed": [{"member": 2, "error": ""}]}, "traceback"),
        ({"failed": 3}, "not iterable"),
    ],
)
def test_an_odd_line_of_the_index_is_damage_and_says_which(made, change: dict, words: str) -> None:
    line = json.loads((made.path / INDEX).read_text(encoding="utf-8"))
    (made.path / INDEX).write_text(json.dumps(line | change) + "\n", encoding="utf-8")
    with pytest.raises(DamagedError, match=rf"index\.jsonl: damaged \(.*{words}"):
        made.parts()


def test_a_part_may_be_of_one_member_and_of_five_hundred(made) -> None:
    line = json.loads((made.path / INDEX).read_text(encoding="utf-8"))
    for span in (Span(0, 0), Span(0, 499)):
        line["span"] = list(span)
        for kind in ("members", "parameters"):
            line[kind]["name"] = f"{kind}-{span}.parquet"
        (made.path / INDEX).write_text(json.dumps(line) + "\n", encoding="utf-8")
        (part,) = made.parts()
        assert part.span == span


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": "1"}, "seed: '1'"),
        ({"seed": True}, "seed: True"),
        ({"members": 1.5}, r"members: 1\.5"),
        ({"quarters": ["2025Q5"]}, "2025Q5"),
        ({"quarters": [1]}, "quarters"),
        ({"packages": ["numpy"]}, "items"),
        ({"data": {"registry": 1}}, "data"),
        ({"series": [{}]}, "name"),
        ({"precision": {"target": "core"}}, "half_width"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_an_odd_manifest_is_damage_and_says_where(made, change: dict, words: str) -> None:
    sheet = json.loads((made.path / MANIFEST).read_text(encoding="utf-8"))
    made.write_json(MANIFEST, sheet | change)
    with pytest.raises(DamagedError, match=rf"manifest\.json: damaged \(.*{words}"):
        made.manifest()


def test_drafts_of_a_killed_process_go_and_other_files_stay(made) -> None:
    (part,) = made.parts()
    drafts = tuple(f"{name}.999999999.tmp" for name in (".a", "data/.b", "data/deep/.c", "fit/.d"))
    kept = (".a.tmp", "a.tmp", ".note", "data/own.csv", "fit/fitted.yaml", "fit/x.tmp")
    for name in (*drafts, *kept):
        (made.path / name).parent.mkdir(parents=True, exist_ok=True)
        (made.path / name).write_text("")
    (made.path / ".note").write_text("")
    made.keep_only([part])
    assert not [name for name in drafts if (made.path / name).exists()]
    assert all((made.path / name).exists() for name in kept)
    assert made.sound_parts() == (part,)


def test_tidying_clears_what_nobody_holds(made) -> None:
    files = {entry.name for entry in made.path.iterdir()}
    made.tidy()
    assert {entry.name for entry in made.path.iterdir()} == files
    draft = ".x.999999999.tmp"  # no system gives out that number
    for name in (draft, ".keep", ".lock"):
        (made.path / name).write_text("")
    with locked(made.path):
        made.tidy()
        assert (made.path / draft).exists()
    made.tidy()
    assert {entry.name for entry in made.path.iterdir()} == files | {".keep"}


def test_only_the_columns_asked_for_are_read_and_the_file_is_checked_once(
    made, monkeypatch
) -> None:
    (part,) = made.parts()
    manifest = made.manifest()
    assert manifest is not None
    asked = []
    read = pq.ParquetFile.read

    def noted(self, columns=None, **rest):
        asked.append(columns)
        return read(self, columns=columns, **rest)

    monkeypatch.setattr(pq.ParquetFile, "read", noted)
    opened = RunFolder(made.path)
    opened.read_values(part, ["firms"], len(manifest.quarters))
    opened.read_parameters(part, ["construction"])
    assert asked == [["firms"], ["construction"]]
    checked = []
    monkeypatch.setattr(RunFolder, "_read_checked", lambda self, part, file: checked.append(file))
    opened.read_values(part, ["firms", "core_revenue"], len(manifest.quarters))
    opened.read_parameters(part, ["construction"])
    assert checked == []


def test_numbers_are_written_as_they_lie_in_memory(monkeypatch) -> None:
    def refuse(column):
        raise AssertionError(f"every number of {column.dtype} was looked at")

    monkeypatch.setattr(pa, "array", refuse)
    columns = {kind: np.arange(5).astype(kind) for kind in ("int32", "int64", "uint8", "float64")}
    columns["strided"] = np.arange(10.0)[::2]
    data = encode_table(columns)
    monkeypatch.undo()
    table = pq.read_table(pa.BufferReader(data))
    for name, column in columns.items():
        assert table[name].to_numpy().tolist() == column.tolist()
        assert table[name].type == pa.from_numpy_dtype(column.dtype)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, number: int) -> None:
    def refuse(path):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder, "take_lock", refuse)
    with pytest.raises(DiskError, match="knows no locks") as told, locked(tmp_path):
        pass
    assert told.value.errno == number and os.strerror(number) in told.value.what
    assert "不支持文件锁" in told.value.what_zh and str(tmp_path) in told.value.what_zh


def test_a_swap_that_ends_while_it_is_looked_at_is_no_fault(tmp_path, monkeypatch) -> None:
    filled(tmp_path / ".run.old", RUN)

    def gone(path):
        raise OSError(errno.ENOENT, "gone")

    monkeypatch.setattr(folder, "take_lock", gone)
    settle(tmp_path / "run")
    assert not (tmp_path / "run").exists()

    def closed(path):
        raise OSError(errno.EACCES, "closed")

    monkeypatch.setattr(folder, "take_lock", closed)
    with pytest.raises(DiskError, match="no permission"):
        settle(tmp_path / "run")


def test_a_kill_before_the_first_part_leaves_nothing_of_value(tmp_path) -> None:
    for name in ("data", "fit", "population.csv"):
        begun = RunFolder(tmp_path / name)
        begun.path.mkdir()
        (begun.path / SHEET).write_text("")
        if name == "population.csv":
            (begun.path / name).write_text("1")
        else:
            (begun.path / name).mkdir()
            (begun.path / name / "a").write_text("1")
        assert begun.is_fresh()
        (begun.path / "mine.txt").write_text("1")
        assert not begun.is_fresh()


def test_what_another_process_took_away_is_no_fault_and_a_closed_folder_is_one(
    tmp_path, monkeypatch
) -> None:
    def refuse(number: int):
        def raised(path):
            raise OSError(number, os.strerror(number))

        return raised

    filled(tmp_path / ".run.old", RUN)
    filled(tmp_path / "run", RUN)
    monkeypatch.setattr(folder.shutil, "rmtree", refuse(errno.ENOENT))
    settle(tmp_path / "run")
    monkeypatch.setattr(folder.shutil, "rmtree", refuse(errno.EACCES))
    with pytest.raises(DiskError, match="no permission") as told:
        settle(tmp_path / "run")
    assert str(tmp_path / "run") in told.value.what and told.value.errno == errno.EACCES
