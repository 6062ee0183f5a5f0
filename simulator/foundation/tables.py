"""Text tables read at the door: YAML with positions, CSV with line numbers.

YAML is version 1.2 without surprises: no tags, no anchors or aliases, no duplicate keys; keys are
words or whole numbers; every number is finite; `no` and `2027-12-31` are text. Whatever is wrong
is reported with file, line and column, as many faults at once as can be seen.
"""

import csv
import hashlib
import io
import math
import os
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.foundation.blocks import NotPlain, read_blocks
from simulator.foundation.findings import UNSAID, Allowed, Finding, InputError, Severity, reason_zh

Steps = tuple[str | int, ...]
"""The way to a value: mapping keys and list indices (from 0), as in `("levers", 3, "size")`."""

# A shorter text goes to the general parser at once: it takes milliseconds, and its positions are
# wanted anyway. The plain reader pays for the long registries.
_LONG = 10_000
_MOST_YAML = 1_000_000
"""Bytes of a YAML file: four times the longest registry."""
_MOST_GENERAL = 300_000
"""Characters the general parser is asked to read: half a minute of its work."""
# Flow brackets that stand open on one line and in all: beyond these the general parser takes minutes.
_OPEN_ON_LINE, _OPEN = 50, 500
_CORE = "tag:yaml.org,2002:"
_Node = Any  # of ruamel.yaml, which is imported only when a text needs it


@dataclass(frozen=True)
class Document:
    """One YAML file: its value in plain Python types, and where each part of it stands.

    `value` is made of dict (keys str or int), list, str, int, float, bool and None; `file` is the
    path as shown to people.
    """

    value: object
    file: str
    text: str = field(repr=False)

    def position(self, path: Steps, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path`, or of its `key`.

        A path that leads nowhere gives the place of the deepest part of it that exists.
        """
        places = self._places
        for length in range(len(path), -1, -1):
            found = places.get(path[:length])
            if found:
                return found[0] if key else found[1]
        return 1, 1

    def finding(
        self,
        path: Steps,
        what: str,
        what_zh: str,
        *,
        allowed: Allowed = UNSAID,
        suggestion: str = "",
        severity: Severity = "error",
        key: bool = False,
        shown: str | None = None,
    ) -> Finding:
        """A finding about the value (or the `key`) at `path`; `shown` replaces the path's text."""
        line, column = self.position(path, key=key)
        label = show_path(path) if shown is None else shown
        return Finding(self.file, line, column, label, what, what_zh, allowed, suggestion, severity)

    @cached_property
    def _places(self) -> "_Places":
        # Positions are wanted for errors and origins only, so a long file is composed a second
        # time when the first of them is asked for.
        return _compose(self.text, self.file)[1]


_Places = dict[Steps, tuple[tuple[int, int], tuple[int, int]]]


def show_path(path: Steps) -> str:
    """A path as people write it: `levers[3].size`."""
    text = ""
    for step in path:
        if isinstance(step, int) and step < 1000:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else str(step)
    return text


def read_yaml(
    path: Path, limit: int = _MOST_YAML, *, only: Collection[str] | None = None
) -> Document:
    """Read a YAML file of at most `limit` bytes; raises `InputError` with every fault found.

    With `only`, other top-level entries of a long plain file may be left out unread.
    """
    file = shown_file(path)
    text = _read_text(path, file, limit)
    if len(text) > _LONG:
        try:
            return Document(read_blocks(text, only), file, text)
        except NotPlain:
            pass
    if len(text) > _MOST_GENERAL:
        what = f"longer than {_MOST_GENERAL} characters and not plain block YAML throughout"
        what_zh = f"超过 {_MOST_GENERAL} 个字符，且不全是简单的块状 YAML"
        raise InputError([Finding(file, 0, 0, "", what, what_zh)])
    value, places = _compose(text, file)
    document = Document(value, file, text)
    document.__dict__["_places"] = places
    return document


def parse_yaml(text: str, file: str) -> Document:
    """Read YAML from memory; `file` names it in findings. Raises `InputError`."""
    value, places = _compose(text, file)
    document = Document(value, file, text)
    document.__dict__["_places"] = places
    return document


@dataclass(frozen=True)
class Row(Mapping[str, str]):
    """One line of a CSV table: cells by column name, stripped of outer blanks."""

    cells: dict[str, str]
    file: str
    line: int

    def __getitem__(self, column: str) -> str:
        """The cell under `column`."""
        return self.cells[column]

    def __iter__(self) -> Iterator[str]:
        """The column names in the order of the header."""
        return iter(self.cells)

    def __len__(self) -> int:
        """The number of columns."""
        return len(self.cells)

    def finding(
        self,
        column: str,
        what: str,
        what_zh: str,
        *,
        allowed: Allowed = UNSAID,
        suggestion: str = "",
        severity: Severity = "error",
    ) -> Finding:
        """A finding about the cell under `column`; its column is the cell's number from 1."""
        names = list(self.cells)
        number = names.index(column) + 1 if column in self.cells else 1
        return Finding(
            self.file, self.line, number, column, what, what_zh, allowed, suggestion, severity
        )


def read_table(path: Path, limit: int = 5_000_000) -> list[Row]:
    """Read a CSV table in UTF-8 (with or without BOM) whose first line names the columns.

    Empty lines are passed over. Raises `InputError` for a missing or repeated column name, and for
    each row with more or fewer cells than the header.
    """
    file = shown_file(path)
    rows, findings = parse_table(_read_text(path, file, limit), file)
    if findings:
        raise InputError(findings)
    return rows


def parse_table(text: str, file: str, separator: str = ",") -> tuple[list[Row], list[Finding]]:
    """Read a CSV table from memory: the rows that fit under the header, and what is wrong."""
    findings: list[Finding] = []
    rows: list[Row] = []
    header: list[str] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    line = 1
    try:
        for cells in reader:
            start, line = line, reader.line_num + 1
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not header:
                header = cells
                findings += _header_findings(header, file, start)
            elif len(cells) != len(header):
                what = f"{len(cells)} cells under {len(header)} columns"
                what_zh = f"{len(header)} 列的表中有 {len(cells)} 格"
                column = min(len(cells), len(header)) + 1
                findings.append(Finding(file, start, column, "", what, what_zh))
            else:
                rows.append(Row(dict(zip(header, cells, strict=True)), file, start))
    except csv.Error as error:
        findings.append(
            Finding(file, line, 1, "", f"not a CSV table: {error}", f"不是 CSV 表：{error}")
        )
    if not header and not findings:
        findings.append(Finding(file, 1, 1, "", "the table is empty", "表是空的"))
    return rows, findings


def shipped(*parts: str) -> Path:
    """The path of a data file or folder that comes with the simulator.

    `shipped("calibration", "priors.csv")` finds it beside the package in a checkout and inside the
    package in an installed wheel. Raises `InputError` when it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package, package.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    name = "/".join(parts)
    raise InputError(
        [
            Finding(
                name,
                0,
                0,
                "",
                f"this part of the installation is missing; looked under {package} and its parent",
                f"安装中缺少这一部分；已在 {package} 及其上级目录中查找",
            )
        ]
    )


def files_digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over names below `root` and content; line ends do not count, so that checkouts agree."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def shown_file(path: Path) -> str:
    """A path as people know it: relative to the working folder when it lies inside."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return str(path) if relative.startswith("..") else relative


def _header_findings(header: list[str], file: str, line: int) -> list[Finding]:
    findings = []
    for number, name in enumerate(header, start=1):
        if not name:
            findings.append(
                Finding(file, line, number, "", "a column has no name", "有一列没有名称")
            )
        elif name in header[: number - 1]:
            what, what_zh = f"column {name} occurs twice", f"列 {name} 重复"
            findings.append(Finding(file, line, number, name, what, what_zh))
    return findings


def read_bytes(path: Path, limit: int = 5_000_000) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises `InputError`."""
    file = shown_file(path)

    def refuse(what: str, what_zh: str) -> InputError:
        return InputError([Finding(file, 0, 0, "", what, what_zh)])

    try:
        if path.exists() and not path.is_file():
            raise refuse("not a regular file", "不是普通文件")
        with path.open("rb") as handle:
            data = handle.read(limit + 1)
    except FileNotFoundError:
        raise refuse("no such file", "没有这个文件") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        zh = reason_zh(error) if isinstance(error, OSError) else "路径无效"
        raise refuse(f"cannot be read: {reason}", f"无法读取：{zh}") from None
    if len(data) > limit:
        raise refuse(f"larger than {limit} bytes", f"大于 {limit} 字节")
    return data


def _read_text(path: Path, file: str, limit: int) -> str:
    def refuse(what: str, what_zh: str, line: int = 0, column: int = 0) -> InputError:
        return InputError([Finding(file, line, column, "", what, what_zh)])

    data = read_bytes(path, limit)
    if b"\0" in data:
        raise refuse("a binary file, not text", "是二进制文件，不是文本")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise refuse(
            "not UTF-8 text; save the file as UTF-8",
            "不是 UTF-8 文本；请另存为 UTF-8",
            line,
            column,
        ) from None


def _compose(text: str, file: str) -> tuple[object, _Places]:
    """Value and positions by the general parser; raises `InputError`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    def refuse(what: str, what_zh: str, line: int = 1, column: int = 1) -> InputError:
        return InputError([Finding(file, line, column, "", what, what_zh)])

    directive = re.search(r"^%", text, re.MULTILINE)
    if directive:
        line = text.count("\n", 0, directive.start()) + 1
        raise refuse("YAML directives are not used here", "此处不使用 YAML 指令", line)
    deep = _too_deep(text)
    if deep is not None:
        line = text.count("\n", 0, deep) + 1
        raise refuse("nested too deeply", "嵌套过深", line, deep - text.rfind("\n", 0, deep))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # repeated anchors; refused below as anchors
            node = YAML(typ="safe", pure=True).compose(text)
        building = _Building(file)
        value = building.value(node, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(part) for part in (error.context, error.problem) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise refuse(f"not YAML: {reason}", f"不是有效的 YAML：{reason}", line, column) from None
    except RecursionError:
        raise refuse("nested too deeply", "嵌套过深") from None
    except InputError:
        raise
    except Exception as error:
        # The parser also fails in ways of its own on broken text; for the reader of the message
        # they are faults of the file all the same.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise refuse(f"not YAML: {reason}", f"不是有效的 YAML：{reason}") from None
    if building.findings:
        raise InputError(building.findings)
    return value, building.places


def _too_deep(text: str) -> int | None:
    """Where brackets nest deeper than any data do; brackets in quoted words are counted with the rest."""
    on_line = all_open = 0
    for found in re.finditer(r"[\[\]{}\n]", text):
        if found[0] == "\n":
            on_line = 0
            continue
        step = 1 if found[0] in "[{" else -1
        on_line, all_open = max(0, on_line + step), max(0, all_open + step)
        if on_line > _OPEN_ON_LINE or all_open > _OPEN:
            return found.start()
    return None


class _Building:
    """Turns composed nodes into plain values, noting places and faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.places: _Places = {}
        self.seen: set[int] = set()

    def value(self, node: _Node, path: Steps, key_place: tuple[int, int] | None = None) -> object:
        if node is None:
            return None
        place = _place(node)
        self.places[path] = (key_place or place, place)
        if id(node) in self.seen:  # by an alias, whose anchor is a fault already
            return None
        if node.anchor is not None:
            self.seen.add(id(node))
            what = "anchors and aliases are not used here; write the value out"
            self.fault(node, path, what, "此处不使用锚点和别名；请直接写出值")
            return None
        kind = str(node.tag).removeprefix(_CORE)
        if node.id == "mapping" and kind == "map":
            return self.mapping(node, path)
        if node.id == "sequence" and kind == "seq":
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        if node.id == "scalar":
            return self.scalar(node, kind, path)
        self.fault(node, path, f"tag {node.tag} is not used here", f"此处不使用标签 {node.tag}")
        return None

    def mapping(self, node: _Node, path: Steps) -> dict[str | int, object]:
        mapping: dict[str | int, object] = {}
        met: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key is None:
                continue
            line = key_node.start_mark.line + 1
            # 2025 and "2025" would be told apart by nobody who reads the file.
            if str(key) in met:
                what = f"key {key} occurs twice, first on line {met[str(key)]}"
                what_zh = f"键 {key} 重复，首次出现在第 {met[str(key)]} 行"
                self.fault(key_node, (*path, key), what, what_zh)
                continue
            met[str(key)] = line
            mapping[key] = self.value(value_node, (*path, key), _place(key_node))
        return mapping

    def key(self, node: _Node, path: Steps) -> str | int | None:
        if node.id == "scalar" and node.anchor is None:
            kind = str(node.tag).removeprefix(_CORE)
            if kind in ("str", "timestamp"):
                return str(node.value)
            if kind == "int":
                number = self.scalar(node, kind, path)
                return number if isinstance(number, int) else None
        found = found_zh = f"{node.value!s:.40}"
        if node.id != "scalar":
            found, found_zh = f"a {node.id}", "列表" if node.id == "sequence" else "键值映射"
        allowed = Allowed("a word or a whole number", "词或整数")
        self.fault(node, path, f"{found} cannot be a key", f"{found_zh}不能作键", allowed)
        return None

    def scalar(self, node: _Node, kind: str, path: Steps) -> object:
        text = str(node.value)
        if kind in ("str", "timestamp"):
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind in ("int", "float"):
            try:
                return _integer(text) if kind == "int" else _float(text)
            except ValueError:
                what = f"{text:.40} is not a number that can be used"
                allowed = Allowed("a finite number", "有限的数")
                self.fault(node, path, what, f"{text:.40} 不是可用的数", allowed)
                return None
        self.fault(node, path, f"tag or word {text:.40} is not used here", f"此处不使用 {text:.40}")
        return None

    def fault(
        self, node: _Node, path: Steps, what: str, what_zh: str, allowed: Allowed = UNSAID
    ) -> None:
        line, column = _place(node)
        self.findings.append(
            Finding(self.file, line, column, show_path(path), what, what_zh, allowed)
        )


def _place(node: _Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    for prefix, base in (("0x", 16), ("0o", 8), ("0b", 2)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    return sign * int(digits, 10)


def _float(text: str) -> float:
    number = float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError(text)
    return number
