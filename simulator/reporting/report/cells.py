"""Texts whose numbers and names are cells of the results: each carries the table, row and column it came from.

A text is a sentence in both languages with named places; what fills them are cells, never bare numbers. So whoever
reads the page, or a test, can follow every figure to where it stands.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from string import Formatter
from typing import Final, Literal

from simulator.registry import Name
from simulator.reporting.wording import UNITS, number, percent

Tongue = Literal["zh", "en"]
Value = float | str | None
BCP47: Final[Mapping[Tongue, str]] = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the results as it is shown.

    `shown` is its text in each language. With `named` the cell is a name that stands in two columns, `<column>_zh`
    and `<column>_en`. `value` is what the table holds.
    """

    table: str
    row: str
    column: str
    value: Value
    shown: Name
    named: bool = False

    @property
    def number(self) -> float:
        """The value as a number; not a number where there is none."""
        return float(self.value) if isinstance(self.value, (int, float)) else math.nan

    def html(self, tongue: Tongue) -> str:
        """The text in a span that says where it is from."""
        column = f"{self.column}_{tongue}" if self.named else self.column
        place = escape(f"{self.table}|{self.row}|{column}", quote=True)
        return f'<span data-cell="{place}">{escape(getattr(self.shown, tongue))}</span>'


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages; `{name}` in it stands for the cell, or the text, of that name."""

    zh: str
    en: str
    parts: "Mapping[str, Cell | Text]" = field(default_factory=dict)

    def html(self, tongue: Tongue) -> str:
        """The sentence in one language, escaped, with its cells in place."""
        said = []
        for literal, name, _, _ in Formatter().parse(getattr(self, tongue)):
            said.append(escape(literal, quote=False))
            if name is not None:
                said.append(self.parts[name].html(tongue))
        return "".join(said)


Said = Cell | Text


def same(text: str) -> Name:
    """A text that both languages write alike."""
    return Name(text, text)


def number_cell(
    table: str,
    row: str,
    column: str,
    value: float | None,
    show: Callable[[float | None], str] = number,
) -> Cell:
    """A cell with a number, shown as `wording` writes it."""
    return Cell(table, row, column, value, same(show(value)))


def share_cell(table: str, row: str, column: str, value: float | None) -> Cell:
    """A cell with a share of one, shown in per cent."""
    return number_cell(table, row, column, value, percent)


def name_cell(table: str, row: str, column: str, name: Name) -> Cell:
    """A cell with a name in both languages."""
    return Cell(table, row, column, None, name, named=True)


def word_cell(table: str, row: str, column: str, text: str) -> Cell:
    """A cell with a text that is the same in both languages: a key, a digest, a version."""
    return Cell(table, row, column, text, same(text))


def unit_of(unit: str) -> Text:
    """A unit in words; nothing where the name of what is counted says it."""
    word = Name("亿元", "亿元") if unit.startswith("亿元") else UNITS.get(unit, Name(unit, unit))
    return Text(word.zh, "" if word.en == "items" else word.en)


def with_unit(cell: Cell, unit: str) -> Text:
    """A number with its unit behind it, as each language writes it."""
    word = unit_of(unit)
    gap = " " if word.en and word.en != "亿元" else ""
    return Text(f"{{n}}{word.zh}", f"{{n}}{gap}{word.en}", {"n": cell})


def joined(parts: Sequence[Said], zh: str, en: str) -> Text:
    """Cells or texts one after another, with a separator for each language."""
    places = [f"{{p{i}}}" for i in range(len(parts))]
    return Text(zh.join(places), en.join(places), {f"p{i}": part for i, part in enumerate(parts)})
