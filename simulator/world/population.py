"""A user's own list of firms, read at the door: the real catalogue in place of a drawn one.

A CSV table as spreadsheets write it: English or Chinese headers, a unit column or a unit in the
header, thousands separators; UTF-8, UTF-16 with its mark, or GBK. Every row is read or reported.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import CellError
from simulator.foundation.tables import Row, parse_table, read_bytes, shown_file
from simulator.foundation.units import QuantityError, format_quantity, parse_quantity
from simulator.registry import Lookup, Name, Node, Registry, UnknownName

FOUNDING_YEAR: Final = 2024
MONEY: Final = "亿元"
SMALLEST: Final = 1e-4
LARGEST: Final = 500.0
"""亿元 a year: a firm beyond these is taken and noted, for one slip of a unit is a factor of ten thousand."""
UNITS: Final = {"亿元": 1.0, "万元": 1e-4, "元": 1e-8, "cny": 1e-8}
COLUMNS: Final = {
    "name": ("名称", "企业名称", "企业", "公司名称"),
    "revenue": ("营业收入", "营收", "收入"),
    "unit": ("单位",),
    "chain": ("产业链", "链"),
    "node": ("节点", "环节", "产业链环节"),
    "district": ("区", "行政区", "所在区", "功能区"),
    "founded": ("成立年份", "成立时间", "成立日期"),
    "catalogue": ("名录", "名录内", "在名录"),
    "ai": ("人工智能", "人工智能企业"),
    "software": ("软件", "软件企业"),
    "listed": ("上市", "上市公司"),
}
"""What a column holds, with the Chinese headers that are read the same."""
REQUIRED: Final = ("name", "revenue", "chain", "district")
YES: Final = ("1", "yes", "true", "y", "是", "有")
NO: Final = ("0", "no", "false", "n", "否", "无")

_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:[-/.年].*)?")
_BRACKETS = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]")


@dataclass(frozen=True, slots=True)
class ListedFirm:
    """One firm of a user's list; `revenue` in 亿元 of 2024, chain, node and place by id.

    `node` is empty, `founded` and `software` None where the list says nothing. `public` firms are
    listed on an exchange and rarely vanish.
    """

    name: str
    revenue: float
    chain: str
    node: str
    place: str
    founded: int | None
    catalogue: bool
    ai: bool
    software: bool | None
    public: bool


@dataclass(frozen=True)
class Population:
    """A list of firms in the order of their names; `notes` say what of the file was not read."""

    file: str = field(compare=False)
    firms: tuple[ListedFirm, ...]
    notes: tuple[Finding, ...] = field(default=(), compare=False)

    @property
    def catalogue_revenue(self) -> float:
        """Revenue of the firms in the catalogue together, 亿元."""
        return sum(firm.revenue for firm in self.firms if firm.catalogue)

    @cached_property
    def content(self) -> bytes:
        """The list as a CSV table of its own that reads back to the same firms."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([f"revenue ({MONEY})" if c == "revenue" else c for c in _WRITTEN])
        for firm in self.firms:
            flags = (firm.catalogue, firm.ai, firm.software, firm.public)
            writer.writerow(
                [
                    firm.name,
                    repr(firm.revenue),
                    firm.chain,
                    firm.node,
                    firm.place,
                    "" if firm.founded is None else firm.founded,
                    *("" if flag is None else int(flag) for flag in flags),
                ]
            )
        return text.getvalue().encode("utf-8-sig")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the list says; neither the order of rows nor the encoding counts."""
        return hashlib.sha256(self.content).hexdigest()


_WRITTEN = tuple(name for name in COLUMNS if name != "unit")


def read_population(path: Path, registry: Registry) -> Population:
    """Read a list of firms and check every row.

    Raises InputError with every finding: missing columns, unknown chains, nodes and districts,
    revenue that is no positive amount with a unit, repeated names, rows of another width.
    """
    file = shown_file(path)
    text, notes = _decode(read_bytes(path), file)
    rows, findings = parse_table(text, file, _separator(text))
    columns, unit, more = _columns(rows, file)
    findings += [item for item in more if item.severity == "error"]
    notes += [item for item in more if item.severity == "note"]
    firms: dict[str, ListedFirm] = {}
    if not any(item.line <= 1 for item in findings):
        reader = _Reader(registry, columns, unit)
        met: dict[str, int] = {}
        for row in rows:
            firm = reader.firm(row, findings)
            key = _plain(row[columns["name"]])
            if key in met:
                what = f"{key!r} stands on line {met[key]} already"
                findings.append(
                    row.finding(columns["name"], what, f"“{key}”已见于第 {met[key]} 行")
                )
            elif firm is not None:
                firms[firm.name] = firm
                if not SMALLEST <= firm.revenue <= LARGEST:
                    notes.append(_doubted(row, columns["revenue"], firm))
            met.setdefault(key, row.line)
    if not findings and not any(firm.catalogue for firm in firms.values()):
        what = "no firm of the list is in the catalogue"
        findings.append(Finding(file, 1, 1, "", what, "名单中没有名录内企业"))
    if findings:
        raise InputError(sorted(findings, key=lambda item: (item.line, item.column)))
    return Population(file, tuple(firms[name] for name in sorted(firms)), tuple(notes))


class _Reader:
    """Reads rows into firms; whatever is wrong becomes a finding."""

    def __init__(self, registry: Registry, columns: dict[str, str], unit: str) -> None:
        self.registry = registry
        self.columns = columns
        self.unit = unit
        self.nodes: dict[str, Lookup[Node]] = {}

    def firm(self, row: Row, findings: list[Finding]) -> ListedFirm | None:
        """The firm of a row, or None with all that is wrong in it."""
        before = len(findings)

        def held(error: CellError) -> None:
            findings.append(error.finding(row))

        name, revenue, chain, place = "", 0.0, "", ""
        node, founded = "", None
        try:
            name = self._needed(row, "name")
        except CellError as error:
            held(error)
        try:
            revenue = self._revenue(row)
        except CellError as error:
            held(error)
        try:
            chain = self._entry(row, "chain", self.registry.chain)
        except CellError as error:
            held(error)
        try:
            if chain and self._cell(row, "node"):
                if chain not in self.nodes:
                    own = self.registry.chain(chain).nodes
                    self.nodes[chain] = Lookup(Name("环节", "node"), own)
                node = self._entry(row, "node", self.nodes[chain])
        except CellError as error:
            held(error)
        try:
            place = self._entry(row, "district", self.registry.place)
        except CellError as error:
            held(error)
        try:
            founded = self._year(row)
        except CellError as error:
            held(error)
        flags: dict[str, bool | None] = {}
        for column, default in (
            ("catalogue", True),
            ("ai", True),
            ("software", None),
            ("listed", False),
        ):
            try:
                flags[column] = self._flag(row, column, default)
            except CellError as error:
                held(error)
        if flags.get("catalogue") and flags.get("ai") is False:
            held(
                CellError(
                    self.columns["ai"],
                    "a firm of the catalogue does AI",
                    "名录内企业须为人工智能企业",
                    allowed=Allowed("ai 1, or catalogue 0", "人工智能为 1，或名录为 0"),
                )
            )
        if len(findings) > before:
            return None
        return ListedFirm(
            name,
            revenue,
            chain,
            node,
            place,
            founded,
            bool(flags["catalogue"]),
            bool(flags["ai"]),
            flags["software"],
            bool(flags["listed"]),
        )

    def _cell(self, row: Row, column: str) -> str:
        header = self.columns.get(column)
        return _plain(row[header]) if header is not None else ""

    def _needed(self, row: Row, column: str) -> str:
        text = self._cell(row, column)
        if not text:
            raise CellError(self.columns[column], f"{column} is empty", f"{_zh(column)}为空")
        return text

    def _entry(self, row: Row, column: str, look: Lookup) -> str:  # type: ignore[type-arg]
        text = self._needed(row, column)
        try:
            return str(look(text).id)
        except UnknownName as error:
            raise CellError(
                self.columns[column],
                f"no {column} {text!r}",
                f"没有{_zh(column)}“{text}”",
                suggestion=error.suggestion or "",
            ) from None

    def _revenue(self, row: Row) -> float:
        header, text = self.columns["revenue"], self._needed(row, "revenue")
        number = text.replace(",", "") if _GROUPED.fullmatch(text) else text
        unit = self._cell(row, "unit") or self.unit
        if "unit" in self.columns and unit and unit.casefold() not in UNITS:
            raise CellError(
                self.columns["unit"],
                f"unit {unit!r} is unknown",
                f"未知单位“{unit}”",
                allowed=Allowed.one_of(UNITS),
                suggestion=nearest(unit, UNITS) or "",
            )
        if unit and self.unit and UNITS[unit.casefold()] != UNITS[self.unit]:
            raise CellError(
                self.columns["unit"],
                f"the header of the revenue says {self.unit}, this row {unit}",
                f"收入列名的单位是{self.unit}，本行却是{unit}",
                allowed=Allowed("one of the two", "二者之一"),
            )
        value = float(number) if _NUMBER.fullmatch(number) else float("nan")
        if value != value:
            # A cell may carry its own unit: 3.2亿元, where no other is stated.
            try:
                value = parse_quantity(number, MONEY)
            except QuantityError:
                value = float("nan")
            own = number.lstrip("+-.0123456789eE").strip()
            if value == value and unit and UNITS.get(own.casefold()) != UNITS[unit.casefold()]:
                raise CellError(
                    header,
                    f"{text!r} stands where amounts are in {unit}",
                    f"“{text}”所在列的单位是{unit}",
                    allowed=Allowed(
                        f"an amount in {unit}, without a unit of its own",
                        f"以{unit}计的金额，不另写单位",
                    ),
                )
            unit = MONEY
        if not abs(value) < float("inf"):
            allowed = Allowed(
                "a number such as 1,234.5, or 3.2亿元", "数字，如 1,234.5；或 3.2亿元"
            )
            raise CellError(header, f"{text!r} is not an amount", f"“{text}”不是金额", allowed)
        if not unit:
            allowed = Allowed(
                "a header such as revenue (亿元) or 营业收入（万元）, or a column unit",
                "列名如 revenue (亿元) 或 营业收入（万元），或另设“单位”列",
            )
            raise CellError(header, f"{text!r} has no unit", f"“{text}”没有单位", allowed)
        if not value > 0.0:
            allowed = Allowed("above 0", "大于 0")
            raise CellError(header, f"{text!r} is not above 0", f"“{text}”不大于 0", allowed)
        return value * UNITS[unit.casefold()]

    def _year(self, row: Row) -> int | None:
        text = self._cell(row, "founded")
        if not text:
            return None
        found = _YEAR.fullmatch(text)
        if found is None or not 1800 <= int(found[1]) <= FOUNDING_YEAR:
            raise CellError(
                self.columns["founded"],
                f"{text!r} is no year of founding",
                f"“{text}”不是成立年份",
                allowed=Allowed.span(1800, FOUNDING_YEAR),
            )
        return int(found[1])

    def _flag(self, row: Row, column: str, default: bool | None) -> bool | None:
        text = self._cell(row, column).casefold()
        if not text:
            return default
        if text not in (*YES, *NO):
            raise CellError(
                self.columns[column],
                f"{text!r} is neither yes nor no",
                f"“{text}”既非是也非否",
                allowed=Allowed.same("0, 1, yes, no, 是, 否"),
            )
        return text in YES


def _columns(rows: list[Row], file: str) -> tuple[dict[str, str], str, list[Finding]]:
    """The header of each known column, the unit in that of revenue, and what is wrong or not read."""
    findings: list[Finding] = []
    found: dict[str, str] = {}
    unit = ""
    if not rows:
        return found, unit, [Finding(file, 1, 1, "", "the list holds no firm", "名单中没有企业")]
    known = {word: name for name, words in COLUMNS.items() for word in (name, *words)}
    headers = list(rows[0])
    for number, header in enumerate(headers, start=1):
        words, bracket = _header(header)
        name = next((known[word] for word in words if word in known), None)
        if name is None:
            findings.append(_not_read(file, number, header, known))
        elif name in found:
            what = f"columns {found[name]!r} and {header!r} both hold the {name}"
            what_zh = f"“{found[name]}”与“{header}”两列同为{_zh(name)}"
            findings.append(Finding(file, 1, number, header, what, what_zh))
        else:
            found[name] = header
        if name == "revenue" and bracket:
            unit = bracket
            if unit not in UNITS:
                what, what_zh = f"unit {unit!r} is unknown", f"未知单位“{unit}”"
                allowed = Allowed.one_of(UNITS)
                findings.append(Finding(file, 1, number, header, what, what_zh, allowed))
    for name in REQUIRED:
        if name not in found:
            what = f"the column {name} is missing"
            headings = (name, *COLUMNS[name])
            allowed = Allowed(" or ".join(headings), " 或 ".join(headings))
            near = nearest(name, [h for h in headers if h not in found.values()]) or ""
            zh = f"缺少列“{_zh(name)}”"
            findings.append(Finding(file, 1, 1, name, what, zh, allowed, near))
    return found, unit, findings


def _header(text: str) -> tuple[list[str], str]:
    """The names in a header, `name/名称` or `营业收入（万元）`, and the unit it states."""
    word, unit = _plain(text).casefold(), ""
    split = _BRACKETS.fullmatch(word)
    if split is not None:
        word, unit = split[1], split[2]
    words = [part.strip() for part in word.split("/")]
    if len(words) > 1 and not unit and words[-1] in UNITS:
        unit = words.pop()
    return words, unit


def _not_read(file: str, number: int, header: str, known: Collection[str]) -> Finding:
    return Finding(
        file,
        1,
        number,
        header,
        "this column is not read",
        "该列不读取",
        suggestion=nearest(_plain(header).casefold(), known) or "",
        severity="note",
    )


def _doubted(row: Row, header: str, firm: ListedFirm) -> Finding:
    """A note on a revenue that a wrong unit may have made."""
    return row.finding(
        header,
        f"{firm.name} reads as {format_quantity(firm.revenue, MONEY)} a year; check the unit",
        f"{firm.name}读作每年{format_quantity(firm.revenue, MONEY, 'zh')}，请核对单位",
        severity="note",
    )


def _decode(data: bytes, file: str) -> tuple[str, list[Finding]]:
    """The text of a table as spreadsheets save it, and a note where the encoding was guessed."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings, guessed = ["utf-16"], False
    else:
        encodings, guessed = ["utf-8-sig", "gb18030"], True
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        notes = []
        if guessed and encoding == "gb18030":
            what, what_zh = "not UTF-8; read as GBK (GB18030)", "不是 UTF-8；按 GBK（GB18030）读取"
            notes.append(Finding(file, 1, 1, "", what, what_zh, severity="note"))
        return text.replace("\r\n", "\n").replace("\r", "\n"), notes
    what, what_zh = "not a text table", "不是文本表格"
    allowed = Allowed(
        "CSV in UTF-8, UTF-16 with its mark, or GBK; from Excel: save as CSV UTF-8",
        "UTF-8、带标记的 UTF-16 或 GBK 的 CSV；Excel 请另存为 CSV UTF-8",
    )
    raise InputError([Finding(file, 0, 0, "", what, what_zh, allowed)])


def _separator(text: str) -> str:
    """The mark between cells that the first line has most of."""
    first = text.lstrip("\n").partition("\n")[0]
    return max((",", "\t", ";"), key=first.count)


def _plain(text: str) -> str:
    """Text with full-width letters and marks as plain ones, without outer blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _zh(column: str) -> str:
    return COLUMNS[column][0]
