"""What every table on the terminal is made of: its width, its columns, its page, its plain parts."""

import io
import math
import shutil
import sys
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.registry import Clause, Name
from simulator.reporting import Lang
from simulator.reporting.wording import (
    lines,
    said,
)

SCHEMA_VERSION = 1
Plain = dict[str, Any]

_WIDEST = 140


def page(*parts: RenderableType) -> str:
    """The parts as text for standard output: coloured on a terminal unless NO_COLOR is set."""
    out = io.StringIO()
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    console = Console(
        file=out,
        width=max(width, 60),
        force_terminal=sys.stdout.isatty(),
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n")) + "\n"


def grid(lang: Lang, *columns: tuple[str, Name], keys: Iterable[str] = ()) -> Table:
    """A table with bilingual headings; columns of numbers keep their width, texts wrap.

    The first column is wide enough for its `keys`, which people copy.
    """
    widest = max(map(len, keys), default=0)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=False)
    for place, (side, name) in enumerate(columns):
        head = "\n".join(lines(name, lang))
        justify: Any = side
        table.add_column(
            Text(head, style="bold"),
            justify=justify,
            overflow="fold",
            no_wrap=side == "right",
            min_width=widest if place == 0 else None,
            vertical="top",
        )
    return table


def clause_json(clause: Clause) -> Plain:
    """A clause for JSON."""
    return {"document": clause.document, "clause": clause.key, "clause_name_en": clause.name_en}


def named(word: str) -> Name:
    """A word that both languages share."""
    return Name(word, word)


def counted(count: int, what: Name, lang: Lang) -> Text:
    """How many rows there are, under a table."""
    return Text(said(Name(f"{count} {what.zh}", f"{count} {what.en}"), lang, " / "), style="dim")


def finite(value: float | None) -> float | None:
    """JSON has neither infinity nor what is not a number."""
    return None if value is None or not math.isfinite(value) else value
