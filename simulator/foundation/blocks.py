"""A fast reader for plain block YAML.

The registries are long and regular. A general YAML parser written in Python needs seconds for
them; this reader takes the plain part of the language line by line in milliseconds: block mappings
with word keys, indented block lists, one-level flow lists, and scalars, plain or quoted, that may
run over several lines. It never guesses: whatever it is not sure to read exactly as YAML 1.2
does, it declines (`NotPlain`), and the caller turns to the general parser. Errors are therefore
always the general parser's, with its positions.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

Value = dict[str, "Value"] | list["Value"] | str | int | float | bool | None


class NotPlain(Exception):  # noqa: N818 - a refusal, not a fault of the text
    """The text may be good YAML, but not of the plain kind read here."""


class _Line(NamedTuple):
    indent: int
    item: bool  # opens a list item ("- ")
    key: str  # word before ": ", or empty
    rest: str  # what follows key or dash
    text: str  # the whole line, stripped
    gap: bool  # a blank or comment line stands before it


_LINE = re.compile(r"( *)(- )?(?:([A-Za-z_]\w{0,99}):(?: +|$))?(.*)", re.ASCII)
# Characters with a meaning of their own at the start of a scalar, and those that break lines or
# cannot be printed.
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<~.+")
_STRANGE = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,2})?")
# Anything else like these could be a number in some notation, or a day.
_NUMERIC = re.compile(
    r"[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|0[box]?[0-9a-fA-F_]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
)
_TOP = re.compile(r"\n(?=[A-Za-z_])")
_WORDS: dict[str, Value] = {"null": None, "true": True, "false": False}
_RESERVED = re.compile(r"null|true|false", re.IGNORECASE)
_SINGLE = re.compile(r"'([^']*(?:''[^']*)*)'")
_DOUBLE = re.compile(r'"([^"\\]*)"')
_FLOW_ITEM = re.compile(
    r"""\ *(?:'([^']*(?:''[^']*)*)'|"([^"\\]*)"|([^\[\]{},:#'"]+?))\ *(,|\]$)""", re.VERBOSE
)


def read_blocks(text: str, only: Collection[str] | None = None) -> dict[str, Value]:
    """The mapping written in `text`; raises `NotPlain` when in any doubt.

    With `only`, top-level entries of other names are passed over unread.
    """
    if only is not None:
        text = "\n".join(part for part in _TOP.split(text) if part.split(":", 1)[0] in only)
    if _STRANGE.search(text):
        raise NotPlain
    lines = _lines(text)
    if not lines or lines[0].item or lines[0].indent:
        raise NotPlain
    value, after = _mapping(lines, 0, 0)
    if after != len(lines):
        raise NotPlain
    return value


def _lines(text: str) -> list[_Line]:
    found = []
    gap = False
    match = _LINE.fullmatch
    for raw in text.split("\n"):
        stripped = raw.strip(" ")
        if not stripped or stripped[0] == "#":
            gap = True
            continue
        parts = match(raw)
        if parts is None:
            raise NotPlain
        spaces, dash, key, rest = parts.groups()
        found.append(
            _Line(len(spaces), dash is not None, key or "", rest.strip(" "), stripped, gap)
        )
        gap = False
    return found


def _mapping(lines: list[_Line], start: int, indent: int) -> tuple[dict[str, Value], int]:
    """The mapping whose keys stand at `indent`; its first key may follow a dash on its line."""
    mapping: dict[str, Value] = {}
    i = start
    while i < len(lines):
        line = lines[i]
        inline = i == start and line.item
        if not inline:
            if line.indent < indent:
                break
            if line.item or line.indent > indent:
                raise NotPlain
        key = line.key
        if not key or key in mapping or _RESERVED.fullmatch(key):
            raise NotPlain
        if line.rest:
            mapping[key], i = _scalar(lines, i, indent)
        elif i + 1 < len(lines) and lines[i + 1].indent > indent:
            mapping[key], i = _block(lines, i + 1)
        else:
            mapping[key] = None
            i += 1
    return mapping, i


def _block(lines: list[_Line], start: int) -> tuple[Value, int]:
    first = lines[start]
    if first.item:
        return _list(lines, start, first.indent)
    if first.key:
        return _mapping(lines, start, first.indent)
    raise NotPlain


def _list(lines: list[_Line], start: int, indent: int) -> tuple[list[Value], int]:
    items: list[Value] = []
    i = start
    while i < len(lines) and lines[i].indent >= indent:
        line = lines[i]
        if line.indent > indent or not line.item:
            raise NotPlain
        item: Value
        if line.key:
            if line.text[2] == " ":  # a wider step after the dash moves the keys
                raise NotPlain
            item, i = _mapping(lines, i, indent + 2)
        else:
            item, i = _scalar(lines, i, indent)
        items.append(item)
    return items, i


def _scalar(lines: list[_Line], start: int, indent: int) -> tuple[Value, int]:
    """The scalar or flow list that starts on a line, with the deeper lines that continue it."""
    text = lines[start].rest
    if not text:
        raise NotPlain
    i = start + 1
    while i < len(lines) and lines[i].indent > indent:
        if lines[i].gap:
            raise NotPlain
        text += " " + lines[i].text
        i += 1
    first = text[0]
    if first == "'":
        found = _SINGLE.fullmatch(text)
        if found is None:
            raise NotPlain
        return found[1].replace("''", "'"), i
    if first == '"':
        found = _DOUBLE.fullmatch(text)
        if found is None:
            raise NotPlain
        return found[1], i
    if first == "[":
        return _flow(text), i
    return _plain(text), i


def _plain(text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if (
        text[0] in _INDICATORS
        or ": " in text
        or text[-1] == ":"
        or " #" in text
        or _RESERVED.fullmatch(text)
        or _NUMERIC.fullmatch(text)
    ):
        raise NotPlain
    return text


def _flow(text: str) -> list[Value]:
    items: list[Value] = []
    if text == "[]":
        return items
    place = 1
    while place < len(text):
        found = _FLOW_ITEM.match(text, place)
        if found is None:
            raise NotPlain
        single, double, plain, stop = found.groups()
        if single is not None:
            items.append(single.replace("''", "'"))
        elif double is not None:
            items.append(double)
        elif plain.strip(" "):
            items.append(_plain(plain.strip(" ")))
        else:
            raise NotPlain
        place = found.end()
        if stop != ",":
            return items
    raise NotPlain
