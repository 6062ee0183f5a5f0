"""Files that are never half there: written whole or not at all, one writer at a time.

A lock is a small file beside what it guards, held by the system for the process that opened it: it ends with that
process, however it ends, so that a stale one is in nobody's way.
"""

import contextlib
import errno
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What a file system says that knows no locks."""
_TURN_SECONDS = 30.0
_DRAFT = re.compile(r"\.(?P<name>.+)\.(?P<process>[0-9]+)\.tmp", re.DOTALL)


class BusyError(OSError):
    """Another process has been writing the same file for too long; said in English and Chinese."""

    exit_code = 4

    def __init__(self, path: Path, holder: str) -> None:
        """Keep whom to wait for."""
        super().__init__(errno.EAGAIN, "another process is writing it", str(path))
        self.holder = holder

    def text(self, lang: str = "en") -> str:
        """The message in `lang`: `en`, `zh`, or `both`."""
        what = f"{self.filename}: another process ({self.holder}) is writing this file; try again"
        what_zh = f"{self.filename}：另一进程（{self.holder}）正在写入该文件；请稍后再试"
        return {"en": what, "zh": what_zh}.get(lang, f"{what} | {what_zh}")


def write_atomically(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file so that a reader, or a power cut, meets the old bytes or the new, never a mix.

    Temporary file in the same folder, fsync, rename, with `sync` fsync of the folder. OSError passes through.
    """
    draft = draft_of(path)
    try:
        with draft.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def write_alone(path: Path, data: bytes, *, force: bool = True) -> None:
    """Write a file atomically and in turn; FileExistsError for one that is there, unless `force`.

    A link stays a link; what is there and no regular file (a FIFO, a device) is written straight.
    """
    with _place(path) as file:
        if path.exists() and not force:
            raise FileExistsError(errno.EEXIST, "file exists; --force overwrites it", str(path))
        if file is None:
            path.write_bytes(data)
        else:
            write_atomically(file, data)


@contextlib.contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A draft for a writer that wants a path; what it holds at the end is written as by `write_alone`.

    For what is too large, or too much its own format's, to be made in memory.
    """
    with _place(path) as file, contextlib.ExitStack() as last:
        if file is None:
            draft = Path(last.enter_context(tempfile.TemporaryDirectory())) / path.name
        else:
            draft = draft_of(file)
            last.callback(draft.unlink, missing_ok=True)
        yield draft
        if file is None:
            with draft.open("rb") as made, path.open("wb") as there:
                shutil.copyfileobj(made, there)
        else:
            os.replace(draft, file)


@contextlib.contextmanager
def _place(path: Path) -> Iterator[Path | None]:
    """The file that a path leads to, ours alone; None for what can be written but not replaced."""
    if path.exists() and not path.is_file():
        yield None
        return
    file = Path(os.path.realpath(path))
    with alone(file):
        yield file


@contextlib.contextmanager
def alone(path: Path, seconds: float = _TURN_SECONDS) -> Iterator[None]:
    """Be the only process that writes this file; drafts of it that killed ones left are cleared away.

    Waits for its turn, at most `seconds`: then BusyError. Where the file system knows no locks it goes on without one
    and clears nothing.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        descriptor = _wait_for(lock, path, seconds)
    except OSError as problem:
        if problem.errno not in WITHOUT_LOCKS:
            if problem.filename is not None:
                problem.filename = str(path)
            raise
        yield
        return
    try:
        clear_drafts(path.parent.iterdir(), path.name)
        yield
    finally:
        release_lock(descriptor, lock)


def draft_of(path: Path) -> Path:
    """Where this process writes a file before it takes its place."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def clear_drafts(entries: Iterable[Path], name: str | None = None) -> None:
    """Remove the drafts among these files, of one name or of any, whose process is no more."""
    for entry in entries:
        found = _DRAFT.fullmatch(entry.name)
        if found and name in (None, found["name"]) and not _is_running(int(found["process"])):
            entry.unlink(missing_ok=True)


def take_lock(path: Path) -> int | None:
    """An open descriptor that holds the lock at `path`; None when somebody else has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor)
        except OSError as problem:
            os.close(descriptor)
            if problem.errno in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK):
                return None
            if problem.errno in WITHOUT_LOCKS:
                path.unlink(missing_ok=True)
            raise
        # The holder before us may have removed the file after we opened it: then start again.
        if _is_same_file(descriptor, path):
            os.truncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return descriptor
        os.close(descriptor)


def release_lock(descriptor: int, path: Path) -> None:
    """Let go of a lock; its file goes too, unless the folder around it was moved away meanwhile."""
    with contextlib.suppress(OSError):
        if _is_same_file(descriptor, path):
            path.unlink(missing_ok=True)
    os.close(descriptor)


def holder_of(lock: Path) -> str:
    """The number of the process that has a lock, or `?`."""
    try:
        return lock.read_text(encoding="utf-8") or "?"
    except OSError:
        return "?"


def _wait_for(lock: Path, path: Path, seconds: float) -> int:
    until = time.monotonic() + seconds
    while (descriptor := take_lock(lock)) is None:
        if time.monotonic() >= until:
            raise BusyError(path, holder_of(lock))
        time.sleep(0.02)
    return descriptor


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Far behind the process number, which others must still be able to read.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

    def _is_running(process: int) -> bool:
        # Asking as elsewhere would end the process; a draft that stays is in nobody's way.
        return True

    def sync_folder(folder: Path) -> None:
        """Windows cannot open a folder to flush it; the rename is enough there."""

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _is_running(process: int) -> bool:
        try:
            os.kill(process, 0)
        except PermissionError:
            return True
        except (ProcessLookupError, OverflowError):
            return False
        return True

    def sync_folder(folder: Path) -> None:
        """Bring the names in a folder safely to disk."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
