"""Damage that keeps most of a text: what slips of the hand, spreadsheets, editors and ill will do to a file.

Every mutator takes a text and a source of chance and gives the damaged bytes with a word for what was done, or None where
it has nothing to hold on to. The rest of a file stays as it was, so that the damage gets past the first line.
"""

# ruff: noqa: E501 - tables of odd words

import json
import random
import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Damage(NamedTuple):
    """A damaged text and what was done to it."""

    kind: str
    data: bytes


Mutator = Callable[[str, random.Random], bytes | str | None]

UNITS = (
    "亿元",
    "万元",
    "元",
    "CNY",
    "billion CNY",
    "万亿元",
    "人",
    "家",
    "%",
    "1/yr",
    "亿 元",
    "億元",
    "$",
)
VALUES = (
    "", "~", "null", "true", "off", "no", "-1", "0", "1e999", ".nan", "-.inf", "1_000", "0x1F", "010", "1:30",
    "'", '"', "@", "`", "|", ">-", "[]", "{}", "[a, [b]]", "{a: {b: c}}", "{a: 1, a: 2}", "2025Q1", "2027-12-31",
    "300亿元", "3 apples", "１２３", "１，０００", "−5", "1,000", "1.000,5", "٣", "∞", "9" * 400, "9" * 5000, "1e-400",
    "!!python/object/apply:os.system [\"true\"]", "!!binary aGk=", "!!set {a}", "!<tag:x> y", "!!float 3", "!!str 5",
    "&a 1", "*a", "&a [*a]", "<<: *a", "{<<: {a: b}}", "? x", "\u202e300亿元", "\u200b", "\ufeff", "a\x00b", "\x1b[31m",
    "../../etc/passwd", "/etc/passwd", "/dev/zero", "/dev/stdin", "a" * 200_000, "链" * 100_000, "{{7*7}}", "${HOME}",
    "%s%n", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "none", "all", "latest", "linear", "# x", "---", "...",
)  # fmt: skip


def _spots(text: str, pattern: str) -> list[re.Match[str]]:
    return list(re.finditer(pattern, text, re.MULTILINE))


def _replaced(text: str, found: re.Match[str], new: str, group: int = 0) -> str:
    return text[: found.start(group)] + new + text[found.end(group) :]


def _of(pattern: str, make: Callable[[str, random.Random], str], group: int = 0) -> Mutator:
    def mutate(text: str, chance: random.Random) -> str | None:
        found = _spots(text, pattern)
        if not found:
            return None
        spot = chance.choice(found)
        return _replaced(text, spot, make(spot[group], chance), group)

    return mutate


def _misspelt(word: str, chance: random.Random) -> str:
    spot = chance.randrange(len(word))
    kind = chance.randrange(5)
    if kind == 0:
        return word[:spot] + word[spot + 1 :]
    if kind == 1:
        return word[:spot] + chance.choice("aex_-7链") + word[spot:]
    if kind == 2:
        return word[:spot] + word[spot : spot + 2][::-1] + word[spot + 2 :]
    return word.upper() if kind == 3 else word.replace("_", "-", 1) + ("" if "_" in word else "s")


def _full_width(word: str, _: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)


def _swapped(pattern: str, group: int) -> Mutator:
    """Two of a kind change places."""

    def mutate(text: str, chance: random.Random) -> str | None:
        found = _spots(text, pattern)
        if len(found) < 2:
            return None
        one, other = sorted(chance.sample(range(len(found)), 2))
        a, b = found[one], found[other]
        text = _replaced(text, b, a[group], group)
        return _replaced(text, a, b[group], group)

    return mutate


def _lines(change: Callable[[list[str], int, random.Random], None]) -> Mutator:
    def mutate(text: str, chance: random.Random) -> str | None:
        lines = text.split("\n")
        change(lines, chance.randrange(len(lines)), chance)
        return "\n".join(lines)

    return mutate


def _delete(lines: list[str], at: int, _: random.Random) -> None:
    del lines[at]


def _double(lines: list[str], at: int, _: random.Random) -> None:
    lines.insert(at, lines[at])


def _move(lines: list[str], at: int, chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), lines.pop(at))


def _indent(lines: list[str], at: int, chance: random.Random) -> None:
    lines[at] = chance.choice((" ", "  ", "\t", "\u3000", "\xa0", "     ")) + lines[at]


def _outdent(lines: list[str], at: int, _: random.Random) -> None:
    lines[at] = lines[at].lstrip()


def _insert(lines: list[str], at: int, chance: random.Random) -> None:
    lines.insert(
        at,
        chance.choice(
            ("---", "...", "%YAML 1.1", "<<: *base", "&x", "# 注", "\t", "\x85", "- a", "x: y", "]")
        ),
    )


def _inserted(text: str, chance: random.Random) -> str:
    spot = chance.randrange(len(text) + 1)
    odd = (
        "\x00",
        "\u202e",
        "\u2028",
        "\x85",
        "\x1b",
        "\ufeff",
        "\u3000",
        "\t",
        "\x07",
        "，",
        "：",
        "“",
        "'",
        '"',
        "\ud7ff",
    )
    return text[:spot] + chance.choice(odd) + text[spot:]


def _surrogate(text: str, chance: random.Random) -> bytes:
    data, spot = text.encode(), chance.randrange(len(text) + 1)
    return (
        data[:spot]
        + chance.choice((b"\xed\xa0\x80", b"\xff", b"\xc0\xaf", b"\xfe\xff"))
        + data[spot:]
    )


def _encoded(*names: str) -> Mutator:
    def mutate(text: str, chance: random.Random) -> bytes:
        return text.encode(chance.choice(names), "replace")

    return mutate


def _truncated(text: str, chance: random.Random) -> bytes:
    data = text.encode()
    return data[: chance.randrange(len(data) + 1)]


def _line_ends(text: str, chance: random.Random) -> str:
    return text.replace("\n", chance.choice(("\r\n", "\r", "\n\r", "\u2028")))


def _bomb(text: str, chance: random.Random) -> str:
    """Anchors that would unfold to a thousand million, nesting a million deep, one very long line."""
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
    )
    deep = chance.choice(("[", "{a: ", "- ", "? ", "a:\n "))
    depth = chance.choice((2_000, 20_000, 1_000_000))
    return chance.choice((
        laughs + text,
        text + laughs,
        text + "\nx: " + deep * depth,
        deep * depth,
        text + "\nx: " + "[" * depth + "]" * depth,
        text + "\n" + "x" * 1_000_000,
        text + "\nx: '" + "x" * 1_000_000,
        text + "\n" + "# 注释\n" * 200_000,
        text + "\n" * 1_000_000,
        "".join(f"k{i}: {i}\n" for i in range(150_000)),
        "".join(f"k{i}: {{a: [1, 2], b: 'x'}}\n" for i in range(40_000)),
    ))  # fmt: skip


_WORD = r"[A-Za-z_一-鿿][\w一-鿿]*"
_KEY = rf"(?:^|[{{,\s-])({_WORD}):(?=\s|$)"
_VALUE = r":[ \t]+([^\s{}\[\],#][^{}\[\],#\n]*)"
_NUMBER = r"(?<![\w.])\d+(?:\.\d+)?"
_UNIT = r"(?<=\d)\s?(?:亿元|万元|家|人|1/yr|%)"

COMMON: dict[str, Mutator] = {
    "delete a line": _lines(_delete),
    "double a line": _lines(_double),
    "move a line": _lines(_move),
    "odd character": _inserted,
    "broken UTF-8": _surrogate,
    "other encoding": _encoded("utf-16", "utf-16-le", "utf-32", "gb18030", "big5", "latin-1", "utf-7"),
    "mark at the front": _encoded("utf-8-sig"),
    "cut short": _truncated,
    "line ends": _line_ends,
    "ten times": _of(_NUMBER, lambda word, _: word + "0"),
    "a tenth": _of(_NUMBER, lambda word, _: word[:-1] or "0"),
    "negative": _of(_NUMBER, lambda word, _: "-" + word),
    "full-width digits": _of(_NUMBER, _full_width),
    "thousands separators": _of(_NUMBER, lambda word, chance: word + chance.choice((",000", "，000", "'000", "_000", " 000"))),
    "no number": _of(_NUMBER, lambda _, chance: chance.choice(("nan", "inf", "-inf", "NaN", "1e999", "1e-999", "", "0x10"))),
    "two numbers change places": _swapped(_NUMBER, 0),
    "empty file": lambda text, chance: chance.choice((b"", b"\n", b"\xef\xbb\xbf", b"#\n", b"\x00", b" \t\n")),
}  # fmt: skip
"""What happens to any table of text."""

YAML: dict[str, Mutator] = {
    **COMMON,
    "misspelt key": _of(_KEY, _misspelt, 1),
    "two keys change places": _swapped(_KEY, 1),
    "two values change places": _swapped(_VALUE, 1),
    "other value": _of(_VALUE, lambda _, chance: chance.choice(VALUES), 1),
    "other key": _of(_KEY, lambda _, chance: chance.choice([v for v in VALUES if len(v) < 100]), 1),
    "quoted": _of(_VALUE, lambda word, chance: chance.choice(("'{}'", '"{}"', "' {} '", "“{}”")).format(word), 1),
    "other unit": _of(_UNIT, lambda _, chance: chance.choice(UNITS)),
    "unit left out": _of(_UNIT, lambda _, __: ""),
    "tag": _of(_VALUE, lambda word, _: f"!!python/object/new:os.system {word}", 1),
    "anchor": _of(_VALUE, lambda word, _: f"&a {word}", 1),
    "alias": _of(_VALUE, lambda _, __: "*a", 1),
    "colon without blank": _of(r":[ \t]", lambda _, __: ":"),
    "full-width colon": _of(r":[ \t]", lambda _, __: "："),
    "indented": _lines(_indent),
    "outdented": _lines(_outdent),
    "inserted line": _lines(_insert),
    "bomb": _bomb,
}  # fmt: skip
"""What happens to scenario files, layers, fitted files and the registries of a city."""

CELLS = (
    "", " ", "-", "—", "N/A", "暂无", "nan", "inf", "-inf", "-5", "0", "1e308", "1e999", "1_000", "1 000", "１２．５", "1，234",
    '"1,234.5"', '"1,23"', '"1.234,5"', "1e3", "0x10", "=1+1", "'12", "约12", "12亿元", "12万元", "12亿", "12 万 元", "12％",
    "$12", "(12)", "+12", "12.", ".5", "١٢", "½", "是", "否", "TRUE", "2", "2031", "1799", "2010-05-06", "2010年", "\u202e12",
    "x" * 200_000, '"', '""', '"a\nb"', "a\tb", "=cmd|' /C calc'!A0", "<b>", "../x", "大数居", "Nankay", "亿元", "万元", "千元",
)  # fmt: skip


def _cells(change: Callable[[list[list[str]], random.Random], None]) -> Mutator:
    """Change a table whose cells hold no quoted commas."""

    def mutate(text: str, chance: random.Random) -> str | None:
        rows = [line.split(",") for line in text.rstrip("\n").split("\n")]
        if len(rows) < 2:
            return None
        change(rows, chance)
        return "\n".join(",".join(row) for row in rows) + "\n"

    return mutate


def _cell(rows: list[list[str]], chance: random.Random) -> None:
    row = chance.choice(rows[1:])
    row[chance.randrange(len(row))] = chance.choice(CELLS)


def _header(rows: list[list[str]], chance: random.Random) -> None:
    at = chance.randrange(len(rows[0]))
    word = rows[0][at]
    rows[0][at] = chance.choice((
        _misspelt(word, chance) if word else "x", "", word + "（万元）", word + "（亿元）", word + "(元)", word + "（亿元/万元）",
        word + "（千元）", word + "（亿）", _full_width(word, chance), f" {word} ", word.upper(), rows[0][at - 1], word + " 注",
    ))  # fmt: skip


def _wider(rows: list[list[str]], chance: random.Random) -> None:
    row = chance.choice(rows)
    row.insert(chance.randrange(len(row) + 1), chance.choice(("", "x", "1")))


def _narrower(rows: list[list[str]], chance: random.Random) -> None:
    row = chance.choice(rows)
    del row[chance.randrange(len(row))]


def _without_column(rows: list[list[str]], chance: random.Random) -> None:
    at = chance.randrange(len(rows[0]))
    for row in rows:
        del row[at : at + 1]


def _new_column(rows: list[list[str]], chance: random.Random) -> None:
    word = chance.choice(
        ("单位", "unit", "备注", "注册资本", "side", "sided", "name", "营收", "weight", "成立")
    )
    cell = chance.choice(("", "亿元", "万元", "元", "千元", "two", "x"))
    for number, row in enumerate(rows):
        row.append(word if number == 0 else cell)


def _columns_turned(rows: list[list[str]], chance: random.Random) -> None:
    order = list(range(len(rows[0])))
    chance.shuffle(order)
    for row in rows:
        row[:] = [row[at] if at < len(row) else "" for at in order]


def _blank_rows(rows: list[list[str]], chance: random.Random) -> None:
    rows.insert(
        chance.randrange(len(rows) + 1),
        chance.choice(([""], [""] * len(rows[0]), [" "] * len(rows[0]))),
    )


def _same_name(rows: list[list[str]], chance: random.Random) -> None:
    one, other = chance.choice(rows[1:]), chance.choice(rows[1:])
    other[0] = chance.choice(
        (one[0], f" {one[0]} ", _full_width(one[0], chance), one[0].upper(), one[0] + "\u3000")
    )


def _many_rows(text: str, chance: random.Random) -> str:
    head, _, rest = text.partition("\n")
    # Up to a little more than any table may have.
    return head + "\n" + rest * chance.choice((100, 6_000_000 // max(len(rest.encode()), 1)))


TABLE: dict[str, Mutator] = {
    **COMMON,
    "other cell": _cells(_cell),
    "other header": _cells(_header),
    "a cell more": _cells(_wider),
    "a cell less": _cells(_narrower),
    "column left out": _cells(_without_column),
    "column added": _cells(_new_column),
    "columns in another order": _cells(_columns_turned),
    "blank row": _cells(_blank_rows),
    "name twice": _cells(_same_name),
    "other separator": lambda text, chance: text.replace(
        ",", chance.choice((";", "\t", "|", "，"))
    ),
    "open quote": _of(r"(?<=,)[^,\n]", lambda word, _: '"' + word),
    "very many rows": _many_rows,
}
"""What happens to tables of CSV."""

ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 10**9, 10**400, 2**63, 1.5, 1e308, float("nan"), float("inf"), "", " ", "x", "亿元", "../..",
    "/etc/passwd", "\x00", "\ud800", "\u202e", "a" * 10_000, [], {}, [[]], [{}], {"": ""}, {"a": 1}, [None], ["\ud800"],
    {"\ud800": 1}, "1e3", "nan", "__proto__", "__class__", "2025Q9", "9999Q4", "0000Q0",
)  # fmt: skip
"""Values that JSON can hold and no field means."""


def _places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = (
        found.items()
        if isinstance(found, dict)
        else enumerate(found)
        if isinstance(found, list)
        else ()
    )
    # Of a long list the first entries tell as much as all of them.
    below = [p for key, value in list(inside)[:40] for p in _places(value, (*path, key))]
    return [path, *below] if path else below


def json_damage(sheet: Any, chance: random.Random) -> tuple[str, Any]:
    """One value of a JSON sheet made odd, left out, renamed, doubled or wrapped."""
    sheet = json.loads(json.dumps(sheet))
    places = _places(sheet)
    path = chance.choice(places)
    holder = sheet
    for step in path[:-1]:
        holder = holder[step]
    kind = chance.choice(("other value",) * 6 + ("left out", "renamed", "added", "wrapped", "deep"))
    key = path[-1]
    if kind == "other value":
        holder[key] = chance.choice(ODD)
    elif kind == "left out":
        del holder[key]
    elif kind == "renamed" and isinstance(holder, dict):
        holder[_misspelt(key, chance) if key else "x"] = holder.pop(key)
    elif kind == "added" and isinstance(holder, dict):
        holder[chance.choice(("x", "__class__", "\ud800", "constructor", "链"))] = chance.choice(
            ODD
        )
    elif kind == "wrapped":
        holder[key] = [holder[key]]
    else:
        value: Any = 1
        for _ in range(chance.choice((50, 500))):
            value = [value] if chance.random() < 0.5 else {"a": value}
        holder[key] = value
    return f"{kind} at {'.'.join(map(str, path))}", sheet


def json_text_damage(text: str, chance: random.Random) -> Damage:
    """JSON as text: a value made odd, or the text itself damaged."""
    if chance.random() < 0.75:
        kind, sheet = json_damage(json.loads(text), chance)
        return Damage(kind, json.dumps(sheet).encode())
    kind = chance.choice((*COMMON, "key twice", "deep"))
    if kind == "deep":
        mark = chance.choice(("[", '{"a":'))
        return Damage(kind, (mark * 100_000).encode())
    if kind == "key twice":
        return Damage(kind, ('{"format": 0, ' + text.lstrip().removeprefix("{")).encode())
    return damage(text, COMMON, chance, kind)


def damage(
    text: str, mutators: dict[str, Mutator], chance: random.Random, kind: str = ""
) -> Damage:
    """One mutation of a text, by chance; one in six texts is damaged twice."""
    while True:
        chosen = kind or chance.choice(tuple(mutators))
        found = mutators[chosen](text, chance)
        if found is not None:
            break
        kind = ""
    data = found if isinstance(found, bytes) else found.encode("utf-8", "surrogatepass")
    if not isinstance(found, bytes) and len(found) < 100_000 and chance.random() < 1 / 6:
        second = damage(found, mutators, chance)
        return Damage(f"{chosen} + {second.kind}", second.data)
    return Damage(chosen, data)
