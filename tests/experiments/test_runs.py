"""Running, reusing, extending, resuming: always the same bytes, and nothing ever lost."""

import errno
import gc
import json
import os
import shutil
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulator.experiments import folder as folders
from simulator.experiments import runs
from simulator.experiments.comparison import compare
from simulator.experiments.errors import (
    DiskError,
    LockedError,
    MismatchError,
    NotARunError,
    StoreError,
)
from simulator.experiments.runs import (
    AllFailedError,
    RunInterrupted,
    extend,
    folder_name,
    resume,
    run,
)
from simulator.experiments.store import open_run
from simulator.foundation.findings import UsageError


def test_a_run_leaves_the_folder_of_the_contract(lab, contents):
    made = lab.run(120)
    assert made.path == lab.root / folder_name("toy", made.hash)
    assert set(contents(made.path)) == {
        "scenario.resolved.yaml",
        "manifest.json",
        "summary.parquet",
        "targets.csv",
        "parts/index.jsonl",
        *(
            f"parts/{kind}-{span}.parquet"
            for kind in ("members", "parameters")
            for span in ("000000-000049", "000050-000099", "000100-000119")
        ),
    }
    assert (made.path / "run.json").exists()
    assert (lab.root / "latest").resolve() == made.path.resolve()
    assert not made.reused and made.n == made.requested == 120


def test_same_scenario_gives_same_bytes_whatever_the_workers(lab, contents, tmp_path):
    one = lab.run(120, out=tmp_path / "one", workers=1)
    four = lab.run(120, out=tmp_path / "four", workers=4)
    assert contents(one.path) == contents(four.path)
    assert one.digest() == four.digest()


def test_papers_name_no_time_or_path(lab, contents, tmp_path):
    made = lab.run(60)
    today = datetime.now(UTC).date().isoformat()
    assert today in (made.path / "run.json").read_text()
    for name, data in contents(made.path).items():
        for word in (str(tmp_path), today):
            assert word.encode() not in data, f"{word} in {name}"


def test_digest_knows_values_not_labels(lab):
    plain = lab.run(60)
    renamed = lab.run(60, scenario=replace(lab.studies[0].scenario, stem="other"))
    pushed = lab.run(60, scenario=replace(lab.studies[0].scenario, push=1.0))
    assert plain.path != renamed.path
    assert plain.digest() == renamed.digest() != pushed.digest()


def test_complete_run_is_reused(lab, contents):
    first = lab.run(120)
    before = contents(first.path)
    again = lab.run(120)
    assert again.reused and len(lab.studies) == 1
    assert contents(again.path) == before
    assert again.digest() == first.digest()
    assert "already computed" in again.notices[0].text("en")


def test_fewer_members_show_the_stored_run_and_say_so(lab):
    lab.run(120)
    fewer = lab.run(60)
    assert fewer.reused and fewer.n == 120
    assert "60 members were asked for" in fewer.notices[1].text("en")
    assert "60" in fewer.notices[1].text("zh")


@pytest.mark.parametrize("first", [1, 49, 50, 70, 100])
def test_extended_run_equals_straight_run(lab, contents, tmp_path, first):
    lab.run(first, out=tmp_path / "grown")
    grown = lab.run(130, out=tmp_path / "grown")
    assert lab.simulated == list(range(first, 130)), "only the missing members are simulated"
    straight = lab.run(130, out=tmp_path / "straight")
    assert contents(grown.path) == contents(straight.path)
    assert open_run(grown.path).digest() == straight.digest()


# The signal is real and lands anywhere, now and then between opening a file and entering its `with`.
@pytest.mark.filterwarnings("ignore:.*:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_interrupted_run_continues_to_the_same_bytes(lab, contents, tmp_path):
    straight = lab.run(400, out=tmp_path / "straight")

    def press(member):
        if member == 230:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.0005)

    lab.on_member = press
    with pytest.raises(RunInterrupted) as stopped:
        lab.run(400, out=tmp_path / "stopped")
    kept = stopped.value.done
    assert 0 < kept < 400
    with pytest.raises(StoreError, match="incomplete") as told:
        open_run(tmp_path / "stopped")
    assert told.value.exit_code == 4 and f"{kept} of 400" in told.value.text("en")
    lab.on_member = lambda member: None
    finished = resume(tmp_path / "stopped", workers=2, machinery=lab.machinery)
    assert len(lab.simulated) == 400 - kept
    assert contents(finished.path) == contents(straight.path)
    gc.collect()  # so that a file the signal left open is noticed here and not in another test


def test_interrupted_run_can_be_finished_smaller(lab):
    def press(member):
        if member == 120:
            raise KeyboardInterrupt

    lab.on_member = press
    with pytest.raises(KeyboardInterrupt):
        lab.run(1000, workers=1)
    lab.on_member = lambda member: None
    stored = sum(len(part.good) for part in folders.RunFolder(next(lab.root.glob("toy*"))).parts())
    finished = lab.run(60)
    assert 60 < stored <= finished.n < 1000
    assert lab.simulated == [] or finished.n == stored


def test_extend_and_resume_by_path(lab, contents, tmp_path):
    lab.run(60, out=tmp_path / "one")
    longer = extend(tmp_path / "one", 90, machinery=lab.machinery)
    assert longer.n == 90 and longer.stem == "toy"
    assert contents(longer.path) == contents(lab.run(90, out=tmp_path / "two").path)
    assert resume(tmp_path / "one", machinery=lab.machinery).reused


def test_members_added_by_other_versions_are_told(lab, monkeypatch):
    made = lab.run(60)
    assert extend(made.path, 70, machinery=lab.machinery).notices == ()
    now = runs.versions()
    libraries = tuple((name, "0.1" if name == "numpy" else v) for name, v in now.packages)
    other = replace(now, python="3.0", packages=libraries)
    monkeypatch.setattr(runs, "versions", lambda: other)
    longer = extend(made.path, 80, machinery=lab.machinery)
    (notice,) = longer.notices
    for lang, words in (("en", "other versions"), ("zh", "不同版本")):
        assert words in notice.text(lang) and "scipy" not in notice.text(lang)
        assert f"Python {now.python} / 3.0" in notice.text(lang)
        assert f"numpy {dict(now.packages)['numpy']} / 0.1" in notice.text(lang)
    assert longer.manifest["python"] == now.python
    assert extend(made.path, 80, machinery=lab.machinery).reused
    assert not lab.run(20, seed=5).notices and not lab.run(60, force=True).notices


def test_resume_refuses_changed_source_and_names_both_digests(lab):
    made = lab.run(60)
    lab.source = "c" * 64
    with pytest.raises(MismatchError, match="source aaaaaaaa / cccccccc") as told:
        extend(made.path, 100, machinery=lab.machinery)
    assert told.value.exit_code == 3
    assert open_run(made.path).n == 60


def test_out_of_another_run_is_refused_and_untouched(lab, contents, tmp_path, scenario):
    made = lab.run(60, out=tmp_path / "mine")
    before = contents(made.path)
    with pytest.raises(MismatchError, match="holds another run"):
        lab.run(60, out=tmp_path / "mine", scenario=replace(scenario, push=2.0))
    assert contents(made.path) == before


@pytest.mark.parametrize("force", [False, True])
def test_folder_of_something_else_is_never_touched(lab, tmp_path, force):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").write_text("years of work")
    with pytest.raises(NotARunError):
        lab.run(60, out=tmp_path / "thesis", force=force)
    assert [file.name for file in (tmp_path / "thesis").iterdir()] == ["chapter.md"]


def test_force_computes_beside_and_swaps(lab, contents, tmp_path, scenario):
    first = lab.run(60, out=tmp_path / "place")
    (first.path / "figures").mkdir()
    (first.path / "figures" / "old.png").write_bytes(b"old")
    again = lab.run(60, out=tmp_path / "place", force=True)
    assert not again.reused and lab.simulated == list(range(60))
    assert not (again.path / "figures").exists()
    other = lab.run(60, out=tmp_path / "place", force=True, scenario=replace(scenario, push=3.0))
    assert other.digest() != again.digest()
    assert [file.name for file in tmp_path.iterdir() if file.name != "results"] == ["place"]


def test_interrupted_force_keeps_the_old_run(lab, contents):
    first = lab.run(60)
    before = contents(first.path)

    def press(member):
        if member == 30:
            raise KeyboardInterrupt

    lab.on_member = press
    with pytest.raises(KeyboardInterrupt):
        lab.run(60, force=True)
    assert contents(first.path) == before
    assert open_run(first.path).n == 60
    assert not folders.beside(first.path).exists()


def test_a_swap_in_progress_is_left_alone(lab):
    made = lab.run(60)
    retired = made.path.with_name(f".{made.path.name}.old")
    with folders.locked(made.path):
        os.replace(made.path, retired)
        with pytest.raises(LockedError):
            lab.run(60)
        os.replace(retired, made.path)
    assert lab.run(60).reused


@pytest.mark.parametrize("whole", [True, False])
def test_swap_killed_half_way_is_settled(lab, whole):
    made = lab.run(60)
    retired = made.path.with_name(f".{made.path.name}.old")
    shutil.copytree(made.path, folders.beside(made.path))
    os.replace(made.path, retired)
    broken = retired if whole else folders.beside(made.path)
    (broken / "run.json").unlink()
    again = lab.run(60)
    assert again.reused and again.n == 60
    assert not retired.exists()


def test_failed_members_lose_no_others(lab, tmp_path):
    lab.fails = frozenset({3, 61})
    made = lab.run(100)
    assert made.n == 98 and made.requested == 100
    assert [failure.member for failure in made.failures] == [3, 61]
    assert made.values("core_revenue").shape == (98, 13)
    assert 3 not in made.members and 4 in made.members
    table = (made.path / "failures.csv").read_bytes()
    assert table.startswith(b"\xef\xbb\xbfmember,seed,error,command,traceback")
    text = table.decode("utf-8-sig")
    assert "ZeroDivisionError: no firm left in member 3" in text
    assert "simulate(3, 'plain')" in text and "conftest.py:" in text
    assert str(Path(__file__).parent) not in text


def test_failed_members_are_tried_again_and_heal_to_the_same_bytes(lab, contents, tmp_path):
    lab.fails = frozenset({3, 61})
    lab.run(100, out=tmp_path / "healed")
    lab.fails = frozenset()
    healed = lab.run(100, out=tmp_path / "healed")
    assert lab.simulated == [3, 61]
    assert not healed.failures
    assert contents(healed.path) == contents(lab.run(100, out=tmp_path / "straight").path)


def test_when_every_member_fails_the_first_reason_is_told(lab):
    lab.fails = frozenset(range(10))
    with pytest.raises(AllFailedError, match="member 0 with ZeroDivisionError") as told:
        lab.run(10)
    assert told.value.exit_code == 4
    assert (next(lab.root.glob("toy*")) / "failures.csv").exists()


def test_a_value_that_is_no_number_is_a_failure(lab, monkeypatch):
    lab.run(1)
    study = type(lab.studies[0])
    genuine = study.simulate

    def poisoned(self, member, engine="auto"):
        result = genuine(self, member, engine)
        if member == 2:
            result.values[4, 1] = np.nan
        return result

    monkeypatch.setattr(study, "simulate", poisoned)
    made = lab.run(4)
    assert [failure.error for failure in made.failures] == ["ValueError: firms is nan in 2025Q4"]


def test_flipped_byte_is_caught_and_only_its_members_are_redone(lab, contents, tmp_path):
    made = lab.run(120)
    before = contents(made.path)
    part = made.path / "parts" / "members-000050-000099.parquet"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    with pytest.raises(StoreError, match="members 50 to 99") as told:
        open_run(made.path)
    assert told.value.exit_code == 3 and "50 至 99" in told.value.text("zh")
    mended = lab.run(120)
    assert lab.simulated == list(range(50, 100))
    assert contents(mended.path) == before


def test_a_lost_part_and_a_torn_index_are_redone(lab, contents):
    made = lab.run(120)
    before = contents(made.path)
    (made.path / "run.json").unlink()
    (made.path / "parts" / "parameters-000000-000049.parquet").unlink()
    index = made.path / "parts" / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-20])
    mended = lab.run(120)
    assert lab.simulated == [*range(50), *range(100, 120)]
    assert contents(mended.path) == before


def test_two_processes_cannot_hold_one_folder(lab, tmp_path):
    (tmp_path / "shared").mkdir()
    told = pytest.raises(LockedError, match=str(os.getpid()))
    with folders.locked(tmp_path / "shared"), told:
        lab.run(10, out=tmp_path / "shared")
    assert lab.run(10, out=tmp_path / "shared").n == 10
    assert not (tmp_path / "shared" / ".lock").exists()


@pytest.mark.parametrize("after", [1, 2, 3, 5, 8, 9, 12])
def test_full_disk_ends_clearly_and_continues(lab, contents, monkeypatch, tmp_path, after):
    straight = lab.run(120, out=tmp_path / "straight")
    real, calls = os.fsync, iter(range(10_000))

    def full(descriptor):
        if next(calls) == after:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="no room left") as told:
        lab.run(120, out=tmp_path / "full")
    monkeypatch.undo()
    assert isinstance(told.value, OSError) and told.value.errno == errno.ENOSPC
    assert told.value.exit_code == 4 and "磁盘空间不足" in told.value.text("zh")
    assert contents(lab.run(120, out=tmp_path / "full").path) == contents(straight.path)


def test_no_permission_is_said_clearly(lab, monkeypatch, tmp_path):
    def refuse(self, *rest, **more):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DiskError, match="no permission") as told:
        lab.run(10, out=tmp_path / "locked")
    assert "--out" in told.value.text("en") and "没有权限" in told.value.text("zh")


def test_a_folder_that_may_only_be_read_is_still_shown(lab, monkeypatch, scenario):
    made = lab.run(60)

    def refuse(*rest, **more):
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    renamed = replace(scenario, name=type(scenario.name)("新名", "New name"))
    shown = lab.run(60, scenario=renamed)
    assert shown.reused and shown.digest() == made.digest()


def test_new_name_of_the_same_scenario_is_taken_over(lab, scenario):
    made = lab.run(60)
    renamed = lab.run(60, scenario=replace(scenario, name=type(scenario.name)("新名", "New name")))
    assert renamed.reused and renamed.manifest["name_zh"] == "新名"
    assert open_run(made.path).manifest["name_en"] == "New name"


def test_progress_counts_from_what_is_stored_to_the_total(lab):
    lab.run(60)
    seen = []
    lab.run(150, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (60, 150) and seen[-1] == (150, 150)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"n": 0}, "members"),
        ({"n": True}, "members"),
        ({"n": 10**7}, "members"),
        ({"n": 2.5}, "members"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"workers": 0}, "workers"),
        ({"engine": "compild"}, "did you mean compiled"),
        ({"set": {"push": "1"}}, "scenario file"),
    ],
)
def test_bad_arguments_leave_nothing_behind(lab, arguments, word):
    with pytest.raises(UsageError, match=word):
        lab.run(**arguments)
    assert not lab.root.exists()


def test_an_error_while_preparing_leaves_no_folder(lab, scenario):
    def refuse(chosen):
        raise ValueError("nothing to simulate")

    machinery = replace(lab.machinery, prepare=refuse)
    with pytest.raises(ValueError, match="nothing to simulate"):
        run(scenario, results=lab.root, machinery=machinery)
    assert not lab.root.exists()


def test_manifest_is_the_same_on_every_machine(lab):
    made = lab.run(60)
    sheet = json.loads((made.path / "manifest.json").read_text())
    assert sheet["seed"] == 1 and sheet["hash"] == made.hash and sheet["source"] == lab.source
    assert sheet["data"] == {"registry": "b" * 64}
    assert sheet["packages"]["numpy"] == np.__version__
    assert dict(made.manifest).keys() == sheet.keys()


def test_parts_are_plain_tables_that_others_can_read(lab):
    made = lab.run(60)
    table = pq.read_table(made.path / "parts" / "members-000050-000059.parquet")
    assert table.column_names == ["member", "quarter", *made.series]
    assert table.column("member").to_pylist()[::13] == list(range(50, 60))
    assert table.column("quarter").to_pylist()[:2] == [2024 * 4 + 3, 2025 * 4]
    assert table.schema.metadata is None


@pytest.mark.parametrize("wrong", [["a=1"], "a=1", 3])
def test_changes_that_are_no_mapping_are_refused(wrong):
    with pytest.raises(UsageError, match="set= is") as told:
        run("scenarios/baseline.yaml", n=2, set=wrong)
    assert "应为映射" in told.value.text("zh")


@pytest.mark.parametrize("wrong", [None, 3, {"a": 1}])
def test_what_is_no_scenario_is_refused(wrong):
    with pytest.raises(UsageError, match="a scenario is asked for"):
        run(wrong, n=2)
    with pytest.raises(UsageError, match="a scenario is asked for"):
        compare(wrong, wrong)
