"""The run folder on disk: parts of members, written so that nothing is ever half there.

A folder holds `manifest.json` and `scenario.resolved.yaml` (written first, with a copy of the files
that the sheet refers to: `data/` where it was another city's), `parts/` with two
Parquet files for every fifty members (for every five hundred beyond the ten thousandth) and
`index.jsonl` (one line for each part, appended when its
files are safely on disk), the tables made from the parts, and `run.json` (written last: a folder
without it is incomplete). A process killed at any moment leaves a folder that can be continued:
what the index does not name, or names with another digest, is simulated again.
"""

import contextlib
import errno
import hashlib
import itertools
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

import numpy as np
import numpy.typing as npt

from simulator.experiments.errors import (
    DamagedError,
    DiskError,
    LockedError,
    MismatchError,
    StoreError,
)
from simulator.foundation.calendar import Quarter
from simulator.foundation.files import (
    WITHOUT_LOCKS,
    clear_drafts,
    holder_of,
    release_lock,
    sync_folder,
    take_lock,
    write_atomically,
)
from simulator.foundation.findings import reason_zh
from simulator.scenario.entries import FIT, POPULATION, STORED

FORMAT = 1
PART_MEMBERS = 50
# Small parts lose little to a kill and answer early; a million members should not be 40 000 files.
LARGE_FROM, LARGE_PART_MEMBERS = 10_000, 500
MANIFEST = "manifest.json"
SHEET = STORED
RUN = "run.json"
INDEX = "parts/index.jsonl"
DATA = "data"

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Made = TypeVar("Made")


class Span(NamedTuple):
    """Members `first` to `last`, both included."""

    first: int
    last: int

    @property
    def members(self) -> range:
        """The member numbers."""
        return range(self.first, self.last + 1)

    def __str__(self) -> str:
        return f"{self.first:06d}-{self.last:06d}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A member that could not be simulated: what was raised, and where."""

    member: int
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a part: its name inside `parts`, size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the index: a span of members, its two files, and who failed.

    `values` is a digest over members, series and parameters as numbers, so that it does not
    depend on the file format.
    """

    span: Span
    members: StoredFile
    parameters: StoredFile
    values: str
    failed: tuple[Failure, ...] = ()

    @property
    def good(self) -> tuple[int, ...]:
        """The members that have results, in order."""
        failed = {failure.member for failure in self.failed}
        return tuple(member for member in self.span.members if member not in failed)


@dataclass(frozen=True, slots=True)
class Series:
    """A recorded series: its unit, and what it measures where."""

    name: str
    key: str
    element: str
    unit: str
    kind: str
    dimension: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Precision:
    """Until when a run was to grow: until the Wilson half width of `target` is at most `half_width`.

    `most` is the number of members at which it would end in any case, `met_at` the number at which the bound was first
    met (None: not yet, or not within `most`) and `reached` the half width then, or at the end.
    """

    target: str
    half_width: float
    most: int
    met_at: int | None = None
    reached: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where the numbers of a folder come from; the same on every machine.

    `scenario`, `source` and the second entry of each `data` pair are SHA-256 digests; `hash` is
    the digest of these and the seed, and names the folder.
    """

    format: int
    version: str
    commit: str
    python: str
    packages: tuple[tuple[str, str], ...]
    stem: str
    name_zh: str
    name_en: str
    hash: str
    scenario: str
    source: str
    data: tuple[tuple[str, str], ...]
    seed: int
    members: int
    quarters: tuple[str, ...]
    series: tuple[Series, ...]
    parameters: tuple[str, ...]
    precision: Precision | None = None

    def to_json(self) -> dict[str, object]:
        """As written to `manifest.json`."""
        sheet = asdict(self)
        sheet["packages"] = dict(self.packages)
        sheet["data"] = dict(self.data)
        return sheet


@dataclass(frozen=True, slots=True)
class Completion:
    """What `run.json` says of a finished run; times are UTC, `seconds` is wall time.

    `executor` is `threads`, `processes`, `joint` (a thread and processes) or `cluster`.
    """

    format: int
    hash: str
    digest: str
    members: int
    failed: int
    engine: str
    workers: int
    seconds: float
    finished: str
    executor: str = "threads"


class RunFolder:
    """One run folder: reads its papers and parts, writes them atomically.

    Every OSError becomes a `StoreError` that names the file and says what to do.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is touched on disk."""
        self.path = path
        self._verified: set[str] = set()

    # Papers -------------------------------------------------------------------------------

    def manifest(self) -> Manifest | None:
        """The manifest; None when there is none. MismatchError for another folder format."""
        sheet = self._read_json(MANIFEST)
        if sheet is None:
            return None
        found = sheet.get("format")
        if found != FORMAT:
            wrote = sheet.get("version", "?")
            age, age_zh = ("an older", "旧") if _older(found) else ("another", "其他")
            raise MismatchError(
                f"{self.path}: written by {age} version of simulate ({wrote}, folder format "
                f"{found}); this version reads format {FORMAT}; run the scenario again",
                f"{self.path}：由{age_zh}版本的 simulate 写成（{wrote}，文件夹格式 {found}）；"
                f"本版本只读格式 {FORMAT}；请重新运行该情景",
            )
        try:
            sheet["packages"] = tuple(sorted(sheet["packages"].items()))
            sheet["data"] = tuple(sorted(sheet["data"].items()))
            sheet["series"] = tuple(_made(Series, each) for each in sheet["series"])
            sheet["quarters"] = tuple(sheet["quarters"])
            sheet["parameters"] = tuple(sheet["parameters"])
            if sheet.get("precision") is not None:
                sheet["precision"] = _made(Precision, sheet["precision"])
            manifest = _made(Manifest, sheet)
            for quarter in manifest.quarters:
                Quarter.parse(quarter)
            return manifest
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise self.damaged(MANIFEST, str(problem)) from problem

    def completion(self) -> Completion | None:
        """What `run.json` says; None while the run is incomplete."""
        sheet = self._read_json(RUN)
        if sheet is None:
            return None
        try:
            completion = _made(Completion, sheet)
            if datetime.fromisoformat(completion.finished).tzinfo is None:
                raise ValueError(f"finished: {completion.finished!r:.60}")
            return completion
        except (TypeError, ValueError) as problem:
            raise self.damaged(RUN, str(problem)) from problem

    def sheet(self) -> bytes:
        """The resolved scenario as stored; empty when absent."""
        with clear_errors(self.path / SHEET):
            try:
                return (self.path / SHEET).read_bytes()
            except FileNotFoundError:
                return b""

    def is_fresh(self) -> bool:
        """True when nothing of value is in the folder: absent, empty, or only our own remains."""
        with clear_errors(self.path):
            if not self.path.exists():
                return True
            if not self.path.is_dir():
                return False
            return (
                all(
                    entry.name.startswith(".")
                    or entry.name == SHEET
                    or _is_empty_folder(entry)
                    or ((self.path / SHEET).exists() and entry.name in (DATA, FIT, POPULATION))
                    for entry in self.path.iterdir()
                )
                and not (self.path / MANIFEST).exists()
            )

    @property
    def data(self) -> Path | None:
        """The copy of another city's data; None where the shipped data were used."""
        return self.path / DATA if (self.path / DATA).is_dir() else None

    def begin(
        self, manifest: Manifest, sheet: bytes, papers: Mapping[str, bytes] | None = None
    ) -> None:
        """Make the folder and write its papers; from now on it is incomplete until `complete`.

        `papers` are the files that the sheet refers to, by their names in the folder.
        """
        with clear_errors(self.path):
            (self.path / "parts").mkdir(parents=True, exist_ok=True)
            (self.path / RUN).unlink(missing_ok=True)
        self.write(SHEET, sheet)
        for name, content in (papers or {}).items():
            with clear_errors(self.path / name):
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            self.write(name, content)
        self.write_json(MANIFEST, manifest.to_json())

    def complete(self, completion: Completion) -> None:
        """Write `run.json`, the last file of a run."""
        self.write_json(RUN, asdict(completion))

    def write(self, name: str, data: bytes) -> None:
        """Replace a file of the folder atomically."""
        with clear_errors(self.path / name):
            write_atomically(self.path / name, data)

    def write_json(self, name: str, sheet: object) -> None:
        """Replace a JSON file of the folder atomically."""
        self.write(name, (json.dumps(sheet, ensure_ascii=False, indent=1) + "\n").encode())

    def remove(self, name: str) -> None:
        """Remove a file of the folder when it is there."""
        with clear_errors(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    # Parts --------------------------------------------------------------------------------

    def parts(self) -> tuple[Part, ...]:
        """The parts the index names, by first member; a torn last line does not count."""
        with clear_errors(self.path / INDEX):
            try:
                text = (self.path / INDEX).read_bytes()
            except FileNotFoundError:
                return ()
        found: dict[int, Part] = {}
        for line in text.split(b"\n")[:-1]:
            try:
                part = _part_from_json(json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError) as problem:
                raise self.damaged(INDEX, str(problem)) from problem
            found[part.span.first] = part
        return tuple(found[first] for first in sorted(found))

    def sound_parts(self) -> tuple[Part, ...]:
        """The parts whose files hold what was written; others are as good as missing."""
        try:
            named = self.parts()
        except DamagedError:
            return ()
        return tuple(part for part in named if self._is_sound(part))

    def keep_only(self, parts: Sequence[Part]) -> None:
        """Rewrite the index in order, and remove every file of `parts/` that it does not name."""
        lines = b"".join(_part_line(part) for part in parts)
        self.write(INDEX, lines)
        named = {file.name for part in parts for file in (part.members, part.parameters)}
        with clear_errors(self.path / "parts"):
            for entry in (self.path / "parts").iterdir():
                if entry.name not in named and entry.name != Path(INDEX).name:
                    entry.unlink(missing_ok=True)
            copied = [(self.path / name).rglob(".*.tmp") for name in (DATA, FIT)]
            clear_drafts([*self.path.glob(".*.tmp"), *itertools.chain(*copied)])

    def tidy(self) -> None:
        """Clear away what a process killed at its very end left in a finished folder: its lock, drafts.

        What another process holds, or nobody may write to, is left alone.
        """
        if any(self.path.glob(".*")):
            with contextlib.suppress(StoreError), locked(self.path), clear_errors(self.path):
                clear_drafts(self.path.glob(".*.tmp"))

    def write_part(
        self,
        manifest: Manifest,
        span: Span,
        members: Sequence[int],
        values: Floats,
        parameters: Floats,
        failed: Iterable[Failure] = (),
    ) -> Part:
        """Store the results of a span of members, and only then name them in the index.

        `members` are the m members with results; `values` is float64[m, quarters, series] and
        `parameters` float64[m, parameters]. A part with the same first member is replaced.
        """
        quarters = [_quarter_index(quarter) for quarter in manifest.quarters]
        number = np.asarray(members, dtype=np.int64)
        columns: dict[str, npt.NDArray[Any]] = {
            "member": np.repeat(number.astype(np.int32), len(quarters)),
            "quarter": np.tile(np.asarray(quarters, dtype=np.int32), len(number)),
        }
        for position, series in enumerate(manifest.series):
            columns[series.name] = np.ascontiguousarray(values[:, :, position]).reshape(-1)
        draws: dict[str, npt.NDArray[Any]] = {"member": number.astype(np.int32)}
        for position, name in enumerate(manifest.parameters):
            draws[name] = np.ascontiguousarray(parameters[:, position])
        part = Part(
            span,
            self._write_table(f"members-{span}.parquet", columns),
            self._write_table(f"parameters-{span}.parquet", draws),
            _values_digest(number, values, parameters),
            tuple(sorted(failed, key=lambda failure: failure.member)),
        )
        with clear_errors(self.path / INDEX):
            sync_folder(self.path / "parts")
            with (self.path / INDEX).open("ab") as index:
                index.write(_part_line(part))
        self._verified |= {part.members.name, part.parameters.name}
        return part

    def read_values(self, part: Part, series: Sequence[str], quarters: int) -> Floats:
        """Some series of a part, float64[members, quarters, series]; DamagedError if altered."""
        columns = self._read_columns(part, part.members, series)
        shape = (len(part.good), quarters)
        return np.stack([column.reshape(shape) for column in columns], axis=-1)

    def read_parameters(self, part: Part, names: Sequence[str]) -> Floats:
        """Some parameters of a part, float64[members, names]; DamagedError if altered."""
        return np.stack(self._read_columns(part, part.parameters, names), axis=-1)

    def verify(self, parts: Iterable[Part]) -> None:
        """Check every file of these parts against its digest; DamagedError names the members."""
        for part in parts:
            for file in (part.members, part.parameters):
                self._read_checked(part, file)

    def check_sizes(self, parts: Iterable[Part]) -> int:
        """Check that the files are there with their sizes; returns the bytes they hold together."""
        total = 0
        for part in parts:
            for file in (part.members, part.parameters):
                path = self.path / "parts" / file.name
                with clear_errors(path):
                    size = path.stat().st_size if path.exists() else -1
                if size != file.size:
                    raise self._altered(part, file)
                total += size
        return total

    def damaged(self, name: str, reason: str, reason_zh: str = "") -> DamagedError:
        """The error that says that a paper of the folder is damaged, and how to mend it."""
        return DamagedError(
            f"{self.path / name}: damaged ({reason}); run the scenario again with --force",
            f"{self.path / name}：文件已损坏（{reason_zh or reason}）；请用 --force 重新运行该情景",
        )

    def _is_sound(self, part: Part) -> bool:
        try:
            self.verify([part])
        except DamagedError:
            return False
        return True

    def _write_table(self, name: str, columns: dict[str, npt.NDArray[Any]]) -> StoredFile:
        data = encode_table(columns)
        path = self.path / "parts" / name
        with clear_errors(path):
            write_atomically(path, data, sync=False)
        return StoredFile(name, len(data), hashlib.sha256(data).hexdigest())

    def _read_checked(self, part: Part, file: StoredFile) -> bytes:
        path = self.path / "parts" / file.name
        with clear_errors(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                data = b""
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise self._altered(part, file)
        self._verified.add(file.name)
        return data

    def _read_columns(self, part: Part, file: StoredFile, names: Sequence[str]) -> list[Floats]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        # The digest is checked on the first reading; later ones touch only the columns asked for.
        path = self.path / "parts" / file.name
        source: Any = path
        if file.name not in self._verified:
            source = pa.BufferReader(self._read_checked(part, file))
        with clear_errors(path):
            table = pq.ParquetFile(source).read(columns=list(names), use_threads=False)
        return [np.asarray(table.column(name).to_numpy(), dtype=np.float64) for name in names]

    def _read_json(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        with clear_errors(path):
            try:
                text = path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        try:
            sheet = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise self.damaged(name, str(problem)) from problem
        if not isinstance(sheet, dict):
            raise self.damaged(name, "not an object", "不是对象")
        return sheet

    def _altered(self, part: Part, file: StoredFile) -> DamagedError:
        first, last = part.span
        return DamagedError(
            f"{self.path / 'parts' / file.name}: members {first} to {last} are damaged or missing "
            "(the digest differs from the one in the index); run the scenario again and only "
            "these members are simulated anew",
            f"{self.path / 'parts' / file.name}：成员 {first} 至 {last} 已损坏或缺失（摘要与索引"
            "不符）；重新运行该情景，只会重算这些成员",
        )


def encode_table(columns: dict[str, npt.NDArray[Any]] | dict[str, list[Any]]) -> bytes:
    """A Parquet file (zstd) of these columns; the same columns give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def array(column: npt.NDArray[Any] | list[Any]) -> Any:
        if isinstance(column, list) or column.dtype.kind not in "iuf":
            return pa.array(column)
        # As it lies in memory: pa.array would look at every number, and load pandas to do so.
        held = pa.py_buffer(np.ascontiguousarray(column))
        return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [None, held])

    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.table({name: array(column) for name, column in columns.items()}),
        sink,
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        store_schema=False,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def values_digest(manifest: Manifest, parts: Iterable[Part]) -> str:
    """SHA-256 over column names and values of all members: neither label, seed nor file format."""
    head = [manifest.quarters, [series.name for series in manifest.series], manifest.parameters]
    digest = hashlib.sha256(json.dumps(head).encode())
    for part in parts:
        digest.update(part.values.encode())
    return digest.hexdigest()


def spans(total: int) -> Iterator[Span]:
    """How `total` members are cut into parts; the cuts do not depend on `total`."""
    first = 0
    while first < total:
        size = PART_MEMBERS if first < LARGE_FROM else LARGE_PART_MEMBERS
        yield Span(first, min(first + size, total) - 1)
        first += size


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes; LockedError when one has it.

    The lock ends with the process, however it ends; the file that carries it goes when released.
    """
    path = folder / ".lock"
    with clear_errors(path):
        try:
            descriptor = take_lock(path)
        except OSError as problem:
            if problem.errno in WITHOUT_LOCKS:
                raise _without_locks(folder, problem) from problem
            raise
    if descriptor is None:
        holder = holder_of(path)
        raise LockedError(
            f"{folder}: another process ({holder}) is writing to this folder; wait for it, or "
            "use --out with another folder",
            f"{folder}：另一进程（{holder}）正在写入该文件夹；请等待其结束，或用 --out 指定"
            "其他文件夹",
        )
    try:
        yield
    finally:
        release_lock(descriptor, path)


def swap(new: Path, folder: Path) -> None:
    """Put a finished folder in the place of an old one; `settle` mends what a kill leaves."""
    with clear_errors(folder):
        old = _retired(folder)
        os.replace(folder, old)
        os.replace(new, folder)
        sync_folder(folder.parent)
        shutil.rmtree(old)


def settle(folder: Path) -> None:
    """End a `swap` that was killed half-way: the new folder if it is in place or whole.

    LockedError while the process that swaps is still at it.
    """
    old, new = _retired(folder), beside(folder)
    if not old.exists():
        return
    try:
        # The lock of a folder moves with it, so a living process still holds the retired one.
        with locked(old):
            if not folder.exists():
                os.replace(new if (new / RUN).exists() else old, folder)
            if old.exists():
                shutil.rmtree(old)
    except FileNotFoundError:
        return
    except StoreError as problem:
        # The swap may have ended between our two looks.
        if problem.errno != errno.ENOENT:
            raise
    except OSError as problem:
        raise _explained(problem, folder) from problem


def beside(folder: Path) -> Path:
    """Where a folder is computed anew before it takes the place of the old one."""
    return folder.with_name(f".{folder.name}.new")


def _retired(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn an OSError on `path` into a StoreError that says what happened and what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as problem:
        raise _explained(problem, path) from problem


def _without_locks(folder: Path, problem: OSError) -> DiskError:
    reason = problem.strerror or str(problem)
    made = DiskError(
        f"{folder}: this file system knows no locks ({reason}), so that two processes could write the same run; "
        "choose a folder on another one with --out and copy the finished run",
        f"{folder}：该文件系统不支持文件锁（{reason_zh(problem)}），无法防止两个进程同时写入同一运行；"
        "请用 --out 指定其他文件系统上的文件夹，完成后再复制",
    )
    made.errno = problem.errno
    return made


def _explained(problem: OSError, path: Path) -> DiskError:
    reason, zh = problem.strerror or str(problem), reason_zh(problem)
    if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        made = DiskError(
            f"{path}: no room left ({reason}); what is complete is kept: free some space and run "
            "the same command again",
            f"{path}：磁盘空间不足（{zh}）；已完成的部分保留：请腾出空间后重新运行同一命令",
        )
    elif problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        made = DiskError(
            f"{path}: no permission ({reason}); choose another folder with --out",
            f"{path}：无法读写（{zh}）；请用 --out 指定其他文件夹",
        )
    else:
        made = DiskError(f"{path}: {reason}", f"{path}：{zh}")
    made.errno = problem.errno
    return made


def _values_digest(members: Integers, values: Floats, parameters: Floats) -> str:
    digest = hashlib.sha256()
    for block, kind in ((members, "<i8"), (values, "<f8"), (parameters, "<f8")):
        digest.update(np.ascontiguousarray(block, dtype=kind).tobytes())
    return digest.hexdigest()


def _quarter_index(text: str) -> int:
    return int(text[:4]) * 4 + int(text[5]) - 1


def _part_line(part: Part) -> bytes:
    return (json.dumps(asdict(part), ensure_ascii=False) + "\n").encode()


def _part_from_json(sheet: dict[str, Any]) -> Part:
    first, last = sheet["span"]
    if not (_is_of(first, int) and _is_of(last, int)):
        raise TypeError(f"span {sheet['span']!r:.60}")
    # A part is no longer than it is written, whatever the line says: its members are counted in memory.
    if not 0 <= first <= last < first + LARGE_PART_MEMBERS:
        raise ValueError(f"span {first} to {last}")
    span = Span(first, last)
    files = [_made(StoredFile, sheet[name]) for name in ("members", "parameters")]
    if [file.name for file in files] != [f"members-{span}.parquet", f"parameters-{span}.parquet"]:
        raise ValueError(f"files of span {span}")
    failed = tuple(_made(Failure, failure) for failure in sheet["failed"])
    return _made(
        Part,
        dict(zip(("span", "members", "parameters"), (span, *files), strict=True))
        | {"values": sheet["values"], "failed": failed},
    )


def _made(kind: type[Made], sheet: Mapping[str, Any]) -> Made:
    """A dataclass of what a paper says; TypeError for a missing, unknown or wrongly typed entry."""
    made = kind(**sheet)
    for field in fields(kind):  # type: ignore[arg-type]
        value = getattr(made, field.name)
        if not _is_of(value, field.type):
            raise TypeError(f"{field.name}: {value!r:.60}")
    return made


def _is_of(value: object, kind: Any) -> bool:
    """Whether a value is of an annotated kind: plain types, dataclasses, tuples of them, or None."""
    inside = get_args(kind)
    if get_origin(kind) is tuple:
        each = (
            inside[:1] * len(value)
            if isinstance(value, tuple) and inside[-1:] == (...,)
            else inside
        )
        pairs = zip(value, each, strict=False) if isinstance(value, tuple) else ()
        return (
            isinstance(value, tuple)
            and len(value) == len(each)
            and all(_is_of(v, k) for v, k in pairs)
        )
    if inside:
        return any(_is_of(value, each) for each in inside)
    if kind in (int, float):
        plain = isinstance(value, int if kind is int else int | float)
        return plain and not isinstance(value, bool) and (kind is int or math.isfinite(value))  # type: ignore[arg-type]
    return isinstance(value, kind)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _older(found: object) -> bool:
    return isinstance(found, int) and found < FORMAT
