import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.foundation.files import alone, clear_drafts, draft_of, drafted, write_alone

NOBODY = 999_999_999  # beyond the numbers that a system gives to processes


def through_a_draft(path: Path, data: bytes) -> None:
    with drafted(path) as draft:
        draft.write_bytes(data)


@contextmanager
def reader_of(fifo: Path) -> Iterator[list[bytes]]:
    heard: list[bytes] = []
    thread = threading.Thread(target=lambda: heard.append(fifo.read_bytes()), daemon=True)
    thread.start()
    yield heard
    thread.join(timeout=10)


@pytest.fixture(params=[write_alone, through_a_draft])
def write(request: pytest.FixtureRequest) -> Callable[[Path, bytes], None]:
    return request.param


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_link_stays_a_link_and_its_file_holds_the_new_text(tmp_path: Path, write) -> None:
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / "real.txt", tmp_path / "link.txt"
    link.symlink_to(Path("far") / "real.txt")
    for text in (b"first", b"second"):
        write(link, text)
        assert link.is_symlink() and not real.is_symlink() and real.read_bytes() == text
    assert names(tmp_path) == {"far", "link.txt"} and names(real.parent) == {"real.txt"}


def test_a_pipe_stays_a_pipe_and_its_reader_gets_every_byte(tmp_path: Path, write) -> None:
    fifo, link = tmp_path / "fifo", tmp_path / "link"
    os.mkfifo(fifo)
    link.symlink_to("fifo")
    for path in (fifo, link):
        with reader_of(fifo) as heard:
            write(path, b"all of it")
        assert heard == [b"all of it"]
        assert stat.S_ISFIFO(fifo.stat().st_mode) and link.is_symlink()
    assert names(tmp_path) == {"fifo", "link"}


def test_what_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_text("mine")
    for name in ("fifo", "file"):
        with pytest.raises(FileExistsError):
            write_alone(tmp_path / name, b"new", force=False)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_draft_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyError), drafted(tmp_path / "file") as draft:
        draft.write_text("half")
        raise KeyError
    assert names(tmp_path) == {"file"} and (tmp_path / "file").read_text() == "old"


def test_only_drafts_of_the_same_name_and_of_no_living_process_are_cleared(tmp_path: Path) -> None:
    page = tmp_path / "page"
    kept = {
        draft_of(page).name,  # another thread of ours may be writing it
        f".page.{os.getppid()}.tmp",
        ".page.x.tmp",
        f"page.{NOBODY}.tmp",
    }
    others = {f".page.html.{NOBODY}.tmp", f".page.5.{NOBODY}.tmp"}
    for name in (*kept, *others, f".page.{NOBODY}.tmp", f".page.{10**40}.tmp"):
        (tmp_path / name).write_text("half")
    with alone(page):
        assert names(tmp_path) == kept | others | {".page.lock"}
    clear_drafts(tmp_path.iterdir())
    assert names(tmp_path) == kept
