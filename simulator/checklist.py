"""The qualitative side of the plans as a register that users mark: tasks, and targets without a number.

Each item says which lever or metric of the model answers to it. Marks live in a small CSV of the
user's (`id, status, note, marked_on`), beside the project and never in the data that is shipped.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from simulator.foundation.files import alone, write_alone, write_atomically
from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.tables import Row, read_table, shipped, shown_file
from simulator.registry import (
    Actor,
    Clause,
    Lever,
    Library,
    Lookup,
    Metric,
    Name,
    Sector,
    Target,
    Task,
    UnknownName,
    load_tasks,
)

Status = Literal["open", "under_way", "done", "missed"]

STATUSES: Final[Mapping[str, Name]] = {
    "open": Name(zh="未开始", en="open"),
    "under_way": Name(zh="进行中", en="under way"),
    "done": Name(zh="已完成", en="done"),
    "missed": Name(zh="未达到", en="missed"),
}
"""What an item can be marked as; an item without a mark is open."""

TYPES: Final[Mapping[str, Name]] = {
    "task": Name(zh="任务", en="task"),
    "goal": Name(zh="目标表述", en="goal"),
    "principle": Name(zh="原则", en="principle"),
    "safeguard": Name(zh="保障措施", en="safeguard"),
    "target": Name(zh="定性目标", en="qualitative target"),
}

COLUMNS: Final = ("id", "status", "note", "marked_on")
"""Columns of a file of marks."""

EXPORTED: Final = (
    "id",
    "document",
    "clause",
    "clause_name_en",
    "type",
    "type_zh",
    "name_zh",
    "name_en",
    "sector",
    "sector_zh",
    "sector_en",
    "responsible_zh",
    "responsible_en",
    "due",
    "levers",
    "metrics",
    "metrics_via_lever",
    "targets",
    "model_role",
    "status",
    "status_zh",
    "note",
    "marked_on",
)
"""Columns of an exported checklist; lists are joined by semicolons."""

LABEL: Final = Name("清单条目", "checklist item")


class ChecklistError(Exception):
    """Marks cannot be set or written as asked; said in English and Chinese (exit code 2)."""

    exit_code = 2

    def __init__(self, what: str, what_zh: str) -> None:
        """Keep both texts."""
        super().__init__(what)
        self.what, self.what_zh = what, what_zh

    def text(self, lang: str = "en") -> str:
        """The message in `lang`: `en`, `zh`, or `both`."""
        return {"en": self.what, "zh": self.what_zh}.get(lang, f"{self.what} | {self.what_zh}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """One item: a qualitative task (`q-…`) or a target without a number (`t-…`).

    `levers`, `metrics`, `metrics_via_lever` (moved by those levers) and `targets` are what in the
    model answers to it; all empty for an item of context. `sector` is None for a target; `due` is
    the year or day that a clause gives, or None.
    """

    id: str
    key: str
    name: Name
    clause: Clause
    type: str
    sector: Sector | None
    responsible: tuple[Actor, ...]
    due: str | None
    levers: tuple[Lever, ...]
    metrics: tuple[Metric, ...]
    metrics_via_lever: tuple[Metric, ...]
    targets: tuple[Target, ...]
    model_role: str

    @property
    def document(self) -> str:
        """The id of the plan."""
        return self.clause.document

    @property
    def type_name(self) -> Name:
        """The type in words."""
        return TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a user noted of an item; `day` is the ISO date on which it was marked, or empty."""

    status: Status
    note: str = ""
    day: str = ""


Marks: TypeAlias = Mapping[str, Mark]
"""Marks by the id of the item."""


def checklist(library: Library) -> tuple[CheckItem, ...]:
    """Every qualitative task and every target without a number, by plan in the order of the data.

    Raises InputError where the data are invalid.
    """
    registry = library.registry
    levers = {lever.id: lever for lever in registry.levers}
    metrics = {metric.id: metric for metric in registry.metrics}
    targets = {target.id: target for target in registry.targets}
    actors = {actor.id: actor for actor in registry.actors}

    def of_task(task: Task) -> CheckItem:
        return CheckItem(
            id=task.id,
            key=task.key,
            name=task.name,
            clause=task.clause,
            type=task.type,
            sector=registry.sector(task.sector),
            responsible=tuple(actors[id_] for id_ in task.responsible),
            due=task.due,
            levers=tuple(levers[id_] for id_ in task.levers),
            metrics=tuple(metrics[id_] for id_ in task.metrics),
            metrics_via_lever=tuple(metrics[id_] for id_ in task.metrics_via_lever),
            targets=tuple(targets[id_] for id_ in task.targets),
            model_role=task.model_role,
        )

    def of_target(target: Target) -> CheckItem:
        linked = [lever for lever in registry.levers if target.id in lever.linked_targets]
        return CheckItem(
            id=target.id,
            key=target.key,
            name=target.name,
            clause=target.clause,
            type="target",
            sector=None,
            responsible=(),
            due=target.deadline.isoformat(),
            levers=tuple(linked),
            metrics=(metrics[target.metric],),
            metrics_via_lever=(),
            targets=(),
            model_role="lever" if linked else "metric",
        )

    numberless = [target for target in registry.targets if target.value is None]
    items = [*map(of_target, numberless), *map(of_task, load_tasks(library.folder))]
    order = {document.id: place for place, document in enumerate(registry.documents)}
    return tuple(sorted(items, key=lambda item: order[item.document]))


def chosen(
    items: Iterable[CheckItem],
    marks: Marks,
    *,
    plan: str = "",
    sector: str = "",
    lever: str = "",
    status: str = "",
    words: str = "",
) -> tuple[CheckItem, ...]:
    """The items that fit every filter given: ids of plan, sector and lever, a status, some words.

    The words are looked for in key, names, clause and responsible bodies, in either language.
    """
    return tuple(
        item
        for item in items
        if (not plan or item.document == plan)
        and (not sector or (item.sector is not None and item.sector.id == sector))
        and (not lever or any(entry.id == lever for entry in item.levers))
        and (not status or status_of(item, marks) == status)
        and words.casefold() in _spoken(item)
    )


def status_of(item: CheckItem, marks: Marks) -> Status:
    """How the item is marked; open without a mark."""
    return marks[item.id].status if item.id in marks else "open"


def count_statuses(items: Iterable[CheckItem], marks: Marks) -> dict[str, int]:
    """How many of the items have each status."""
    found = [status_of(item, marks) for item in items]
    return {status: found.count(cast(Status, status)) for status in STATUSES}


def read_marks(path: Path, items: Sequence[CheckItem]) -> dict[str, Mark]:
    """The marks of a file; raises InputError with every fault: columns, ids, statuses, repeats."""
    known = {item.id: item for item in items}
    rows = read_table(path)
    columns = tuple(rows[0]) if rows else _header(path)
    findings = list(_column_findings(columns, shown_file(path)))
    marks: dict[str, Mark] = {}
    for row in () if findings else rows:
        id_, status = row["id"], row["status"]
        if id_ not in known:
            findings.append(_unknown(row, "id", id_, known, f"no item {id_}", f"没有条目 {id_}"))
        elif id_ in marks:
            findings.append(row.finding("id", f"{id_} is marked twice", f"{id_} 重复"))
        if status not in STATUSES:
            what, what_zh = f"{status!r} is no status", f"“{status}”不是状态"
            findings.append(_unknown(row, "status", status, STATUSES, what, what_zh))
        marks[id_] = Mark(cast(Status, status), row["note"], row["marked_on"])
    if findings:
        raise InputError(findings)
    return marks


def set_marks(
    path: Path,
    items: Sequence[CheckItem],
    words: Sequence[str],
    status: Status,
    note: str | None = None,
    day: str = "",
) -> tuple[CheckItem, ...]:
    """Mark the items called `words` in the file, which is made if need be; gives those items.

    A note of None keeps the one that is there. Nothing is written when anything is wrong: raises
    ChecklistError for unknown items (naming the nearest) and for a path among the shipped data,
    InputError for a file that holds anything but marks.
    """
    _refuse_place(path)
    wanted = find(items, words)
    file = path.resolve()  # a link stays a link
    # From reading to writing, so that of two who mark at once neither loses the other's mark.
    with alone(file):
        marks = read_marks(path, items) if path.exists() else {}
        for item in wanted:
            kept = marks[item.id].note if item.id in marks else ""
            marks[item.id] = Mark(status, kept if note is None else " ".join(note.split()), day)
        placed = [(item.id, marks[item.id]) for item in items if item.id in marks]
        rows = [(id_, mark.status, mark.note, mark.day) for id_, mark in placed]
        write_atomically(file, _csv_bytes(COLUMNS, rows))
    return wanted


def find(items: Sequence[CheckItem], words: Iterable[str]) -> tuple[CheckItem, ...]:
    """The items called so (id, key or name), each once; ChecklistError names every unknown one."""
    lookup = Lookup(LABEL, items)
    found: dict[str, CheckItem] = {}
    unknown: list[UnknownName] = []
    for word in words:
        try:
            item = lookup(word)
        except UnknownName as error:
            unknown.append(error)
        else:
            found[item.id] = item
    if unknown:
        raise ChecklistError(
            "; ".join(error.text("en") for error in unknown),
            "；".join(error.text("zh") for error in unknown),
        )
    return tuple(found.values())


def export_csv(
    path: Path, items: Iterable[CheckItem], marks: Marks, *, force: bool = False
) -> None:
    """Write the items with their marks as CSV (UTF-8 with BOM, for spreadsheets), atomically.

    Raises FileExistsError unless `force`, ChecklistError for a path among the shipped data.
    """
    _refuse_place(path)
    if path.exists() and not force:
        raise FileExistsError(17, "file exists; --force overwrites it", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    content = _csv_bytes(EXPORTED, [_exported(item, marks) for item in items])
    write_alone(path, content, force=force)


def _exported(item: CheckItem, marks: Marks) -> tuple[str, ...]:
    """The cells of an item under `EXPORTED`."""
    mark = marks.get(item.id, Mark("open"))
    sector = item.sector.name if item.sector else Name("", "")
    return (
        item.id,
        item.document,
        item.clause.key,
        item.clause.name_en,
        item.type,
        item.type_name.zh,
        item.name.zh,
        item.name.en,
        item.sector.id if item.sector else "",
        sector.zh,
        sector.en,
        ";".join(actor.name.zh for actor in item.responsible),
        ";".join(actor.name.en for actor in item.responsible),
        item.due or "",
        ";".join(lever.key for lever in item.levers),
        ";".join(metric.id for metric in item.metrics),
        ";".join(metric.id for metric in item.metrics_via_lever),
        ";".join(target.key for target in item.targets),
        item.model_role,
        mark.status,
        STATUSES[mark.status].zh,
        mark.note,
        mark.day,
    )


def _spoken(item: CheckItem) -> str:
    """All that a search looks at."""
    actors = [word for actor in item.responsible for word in actor.name]
    parts = (item.id, item.key, *item.name, item.clause.key, item.clause.name_en, *actors)
    return "\n".join(parts).casefold()


def _header(path: Path) -> tuple[str, ...]:
    """The columns of a table without rows, so that nobody's other file passes for an empty one."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return tuple(cell.strip() for cell in next(csv.reader(stream)))


def _column_findings(columns: Sequence[str], file: str) -> Iterator[Finding]:
    allowed = Allowed.one_of(COLUMNS)
    for column in columns:
        if column not in COLUMNS:
            what, what_zh = f"column {column} is not known", f"没有列 {column}"
            hint = nearest(column, COLUMNS) or ""
            yield Finding(file, 1, 1, column, what, what_zh, allowed, hint)
    for column in COLUMNS:
        if column not in columns:
            what, what_zh = f"column {column} is missing", f"缺少列 {column}"
            yield Finding(file, 1, 1, column, what, what_zh, allowed)


def _unknown(
    row: Row, column: str, word: str, known: Iterable[str], what: str, what_zh: str
) -> Finding:
    options = tuple(known)
    allowed = Allowed.one_of(options if len(options) <= 12 else ())
    hint = nearest(word, options) or ""
    return row.finding(column, what, what_zh, allowed=allowed, suggestion=hint)


def _refuse_place(path: Path) -> None:
    """The data that come with the simulator are never written to."""
    place = path.resolve()
    package = Path(__file__).resolve().parent
    for kept in (package, shipped("data").resolve(), shipped("calibration").resolve()):
        if place.is_relative_to(kept):
            name = shown_file(path)
            raise ChecklistError(
                f"{name} lies among the data that are shipped; choose a file of your own",
                f"{name} 位于随附数据之中；请另选文件",
            )
    if path.suffix.lower() != ".csv":
        name = shown_file(path)
        raise ChecklistError(f"{name} does not end in .csv", f"{name} 不以 .csv 结尾")


def _csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV with a mark at its head by which spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
