"""Checked reading of registry files: every fault is noted, and reading goes on.

A `Sheet` is one file, a `Fields` one mapping in it. A getter that meets a fault notes a finding
and returns a harmless stand-in; the caller builds its entry anyway and the loader raises all
findings together at the end. `Fields.close` notes every key that nobody asked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from simulator.foundation.findings import UNSAID, Allowed, Finding, nearest
from simulator.foundation.tables import Document, Steps
from simulator.registry.entries import Clause
from simulator.registry.names import Name

Clauses = Mapping[str, Mapping[str, Clause]]
"""Every clause, by document id and clause key."""

Word = TypeVar("Word", bound=str)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ID = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_EMPTY: dict[str, object] = {}


class Known:
    """The ids of one table, and what its entries are called in messages."""

    def __init__(self, label: Name, ids: Iterable[str]) -> None:
        self.label = label
        self.ids = tuple(ids)
        self._set = frozenset(self.ids)

    def __contains__(self, word: object) -> bool:
        return word in self._set


class Sheet:
    """One registry file under reading; `findings` collects its faults."""

    def __init__(self, document: Document, findings: list[Finding]) -> None:
        self.document = document
        self.findings = findings
        value = document.value
        if not isinstance(value, dict):
            self.fault((), "the file must hold a mapping", "文件应为映射")
            value = _EMPTY
        self.top = Fields(self, (), value, "")

    def fault(
        self,
        path: Steps,
        what: str,
        what_zh: str,
        *,
        allowed: Allowed = UNSAID,
        suggestion: str | None = None,
        key: bool = False,
        shown: str | None = None,
    ) -> None:
        """Note a fault at `path`."""
        self.findings.append(
            self.document.finding(
                path,
                what,
                what_zh,
                allowed=allowed,
                suggestion=suggestion or "",
                key=key,
                shown=shown,
            )
        )

    def known(self, key: str, label: Name) -> Known:
        """The ids listed under `key`; notes those that are missing, ill-formed or repeated."""
        first: dict[str, int] = {}
        rows = self.top.data.get(key)
        for i, row in enumerate(rows if isinstance(rows, list) else ()):
            if not isinstance(row, dict) or not isinstance(row.get("id"), str):
                continue  # noted when the entry itself is read
            word = row["id"]
            if word in first:
                line = self.document.position((key, first[word], "id"))[0]
                self.fault(
                    (key, i, "id"),
                    f"{label.en} {word} occurs twice, first on line {line}",
                    f"{label.zh} {word} 重复，首次出现在第 {line} 行",
                )
            else:
                first[word] = i
        return Known(label, first)


class Fields:
    """One mapping of a sheet, read key by key."""

    __slots__ = ("_asked", "data", "label", "path", "sheet")

    def __init__(self, sheet: Sheet, path: Steps, data: dict[str, object], label: str) -> None:
        self.sheet = sheet
        self.path = path
        self.data = data
        self.label = label
        self._asked: set[str] = set()

    def fault(
        self,
        key: str,
        what: str,
        what_zh: str,
        *,
        allowed: Allowed = UNSAID,
        suggestion: str | None = None,
        at: int | None = None,
        at_key: bool = False,
    ) -> None:
        """Note a fault in the value under `key` (in its item `at`, or in the key itself)."""
        path: Steps = (*self.path, key) if key else self.path
        shown = ".".join(part for part in (self.label, key) if part)
        if at is not None:
            path, shown = (*path, at), f"{shown}[{at}]"
        self.sheet.fault(
            path,
            what,
            what_zh,
            allowed=allowed,
            suggestion=suggestion,
            key=at_key,
            shown=shown,
        )

    def _get(self, key: str) -> object:
        self._asked.add(key)
        return self.data.get(key)

    def _missing(self, key: str, kind: str, kind_zh: str) -> None:
        found = self.data.get(key)
        if key not in self.data or found is None:
            self.fault(key, f"{key} is missing; it must be {kind}", f"缺少 {key}，应为{kind_zh}")
        else:
            shown = _kind(found)
            self.fault(key, f"{shown.en} is not {kind}", f"{shown.zh} 不是{kind_zh}")

    def ignore(self, *keys: str) -> None:
        """Allow keys that are for people and are not carried further."""
        self._asked.update(keys)

    def close(self) -> None:
        """Note every key that was not asked for."""
        if self._asked.issuperset(self.data):
            return
        for key in self.data:
            if key not in self._asked:
                self.fault(
                    str(key),
                    f"unknown key {key}",
                    f"未知的键 {key}",
                    allowed=Allowed.one_of(sorted(self._asked)),
                    suggestion=nearest(str(key), self._asked),
                    at_key=True,
                )

    def text(self, key: str) -> str:
        """Text that must be there and not be empty."""
        found = self._get(key)
        if isinstance(found, str) and found.strip():
            return found
        self._missing(key, "text", "文本")
        return ""

    def note(self, key: str = "notes") -> str:
        """Text that may be missing or empty."""
        found = self._get(key)
        if found is None or isinstance(found, str):
            return found or ""
        self._missing(key, "text", "文本")
        return ""

    def text_or_none(self, key: str) -> str | None:
        """Text, or None when the value is null or missing."""
        return self.note(key) or None

    def identifier(self, key: str = "id") -> str:
        """An id: lower-case letters and digits in parts joined by hyphen or underscore."""
        found = self.text(key)
        if found and not _ID.fullmatch(found):
            allowed = Allowed(
                "a-z, 0-9, - and _, beginning with a letter", "a-z、0-9、- 与 _，以字母开头"
            )
            self.fault(key, f"{found:.60} is not an id", f"{found:.60} 不是编号", allowed=allowed)
        return found

    def flag(self, key: str, default: bool | None = None) -> bool:
        """True or false; `default` allows the key to be missing."""
        found = self._get(key)
        if isinstance(found, bool):
            return found
        if found is None and key not in self.data and default is not None:
            return default
        self._missing(key, "true or false", " true 或 false")
        return False

    def integer(self, key: str) -> int:
        """A whole number."""
        found = self._get(key)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
        self._missing(key, "a whole number", "整数")
        return 0

    def number(self, key: str) -> float:
        """A number."""
        found = self.number_or_none(key)
        if found is None:
            if self.data.get(key) is None:
                self._missing(key, "a number", "数")
            return 0.0
        return found

    def number_or_none(self, key: str) -> float | None:
        """A number, or None when the value is null or missing."""
        found = self._get(key)
        if found is None:
            return None
        if isinstance(found, int | float) and not isinstance(found, bool):
            return float(found)
        self._missing(key, "a number", "数")
        return None

    def day(self, key: str) -> date:
        """A day, written 2027-12-31."""
        return self.day_or_none(key, required=True) or date.min

    def day_or_none(self, key: str, *, required: bool = False) -> date | None:
        """A day, or None when the value is null or missing."""
        found = self._get(key)
        if found is None and not required:
            return None
        if isinstance(found, str) and _DAY.fullmatch(found):
            try:
                return date.fromisoformat(found)
            except ValueError:
                pass
        self._missing(key, "a day such as 2027-12-31", "日期（如 2027-12-31）")
        return None

    def choice(self, key: str, options: tuple[Word, ...]) -> Word:
        """One of the words in `options`."""
        found = self._get(key)
        for option in options:
            if found == option:
                return option
        if found is None:
            self._missing(key, f"one of {', '.join(options)}", f"下列之一：{', '.join(options)}")
        else:
            self.fault(
                key,
                f"unknown word {found!s:.40}",
                f"未知的取值 {found!s:.40}",
                allowed=Allowed.one_of(options),
                suggestion=nearest(str(found), options),
            )
        return options[0]

    def choice_or(self, key: str, options: tuple[Word, ...], default: Word) -> Word:
        """One of the words in `options`; `default` when the key is missing."""
        self._asked.add(key)
        return self.choice(key, options) if key in self.data else default

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of texts, maybe empty; a number in it is taken as it is written."""
        found = self._get(key)
        if isinstance(found, list):
            for i, item in enumerate(found):
                if not isinstance(item, str):
                    what, what_zh = f"{_kind(item).en} is not text", f"{_kind(item).zh} 不是文本"
                    self.fault(key, what, what_zh, at=i)
            return tuple(item for item in found if isinstance(item, str))
        if required or found is not None:
            self._missing(key, "a list", "列表")
        return ()

    def name(self, zh: str = "name_zh", en: str = "name_en") -> Name:
        """The name in both languages."""
        return Name(self.text(zh), self.text(en))

    def fields(self, key: str) -> "Fields | None":
        """A mapping, or None when the value is null or missing."""
        found = self._get(key)
        if isinstance(found, dict):
            label = f"{self.label}.{key}" if self.label else key
            return Fields(self.sheet, (*self.path, key), found, label)
        if found is not None:
            self._missing(key, "a mapping", "映射")
        return None

    def texts_or_rows(self, key: str) -> Iterator["str | Fields"]:
        """The items of a list, each a text or a mapping."""
        found = self._get(key)
        if not isinstance(found, list):
            self._missing(key, "a list", "列表")
            return
        for i, item in enumerate(found):
            if isinstance(item, str):
                yield item
            elif isinstance(item, dict):
                prefix = f"{self.label}.{key}" if self.label else key
                yield Fields(self.sheet, (*self.path, key, i), item, f"{prefix}[{i}]")
            else:
                what = f"{_kind(item).en} is neither text nor a mapping"
                self.fault(key, what, f"{_kind(item).zh} 既不是文本也不是映射", at=i)

    def rows(self, key: str, *, required: bool = True) -> Iterator["Fields"]:
        """The mappings of a list, in order; a row with an id is called by it in messages."""
        found = self._get(key)
        prefix = f"{self.label}.{key}" if self.label else key
        if not isinstance(found, list):
            if required or found is not None:
                self._missing(key, "a list", "列表")
            return
        for i, row in enumerate(found):
            if not isinstance(row, dict):
                what, what_zh = f"{_kind(row).en} is not a mapping", f"{_kind(row).zh} 不是映射"
                self.fault(key, what, what_zh, at=i)
                continue
            word = row.get("id")
            label = f"{prefix}.{word}" if isinstance(word, str) else f"{prefix}[{i}]"
            yield Fields(self.sheet, (*self.path, key, i), row, label)

    def reference(self, key: str, known: Known) -> str:
        """An id of another table."""
        found = self.text(key)
        return self._checked(key, found, known) if found else ""

    def reference_or_none(self, key: str, known: Known) -> str | None:
        """An id of another table, or None when the value is null or missing."""
        found = self.text_or_none(key)
        return self._checked(key, found, known) if found else None

    def references(
        self, key: str, known: Known, *, required: bool = True, repeats: bool = False
    ) -> tuple[str, ...]:
        """A list of ids of another table, each once unless `repeats`."""
        found = self.texts(key, required=required)
        for i, word in enumerate(found):
            self._checked(key, word, known, at=i)
            if not repeats and word in found[:i]:
                what, what_zh = f"{word} is listed twice", f"{word} 重复列出"
                self.fault(key, what, what_zh, at=i)
        return found

    def _checked(self, key: str, word: str, known: Known, at: int | None = None) -> str:
        if word not in known:
            self.fault(
                key,
                f"no {known.label.en} has the id {word}",
                f"没有编号为 {word} 的{known.label.zh}",
                suggestion=nearest(word, known.ids),
                at=at,
            )
        return word

    def clause(self, clauses: Clauses) -> Clause:
        """The clause that `document` and `clause` name together."""
        document, key = self.text("document"), self.text("clause")
        if document and document not in clauses:
            self.fault(
                "document",
                f"no document has the id {document}",
                f"没有编号为 {document} 的文件",
                suggestion=nearest(document, clauses),
            )
        elif document and key:
            found = clauses[document].get(key)
            if found is not None:
                return found
            self.fault(
                "clause",
                f"document {document} has no clause {key}",
                f"文件 {document} 没有条款 {key}",
                suggestion=nearest(key, clauses[document]),
            )
        return Clause(document, key, "")


def _kind(value: object) -> Name:
    if isinstance(value, dict):
        return Name("映射", "a mapping")
    if isinstance(value, list):
        return Name("列表", "a list")
    word = f"{value!s:.40}"
    return Name(word, word)
