"""Help pages measured in terminal columns: a Chinese character fills two."""

import unicodedata
from collections.abc import Iterable, Sequence

import click


def display_width(text: str) -> int:
    """Columns that the text fills on a terminal; Chinese characters fill two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrap(text: str, width: int) -> list[str]:
    """Lines at most `width` columns wide; broken at spaces and between Chinese characters."""
    lines, line, used = [], "", 0
    for piece in _pieces(" ".join(text.split())):
        size = display_width(piece)
        if used + display_width(piece.rstrip()) > width and line:
            lines.append(line.rstrip())
            line, used = "", 0
            piece = piece.lstrip()
            size = display_width(piece)
        line, used = line + piece, used + size
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterable[str]:
    """Words with the space behind them; a Chinese character is a word, but a mark stays with it."""
    piece = ""
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        mark = unicodedata.category(letter).startswith("P") and letter not in "（《“"
        if piece and not mark and letter != " " and (wide or _ends(piece)):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _ends(piece: str) -> bool:
    last = piece[-1]
    opening = last in "（《“"
    return last == " " or (unicodedata.east_asian_width(last) in "WF" and not opening)


class Formatter(click.HelpFormatter):
    """Help pages whose lines are measured in terminal columns, so that Chinese lines fit too."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """One usage line."""
        self.write(f"{prefix or ''}{prog} {args}\n")

    def write_text(self, text: str) -> None:
        """Paragraphs of the text, wrapped at the current indent."""
        indent = " " * self.current_indent
        paragraphs = [wrap(part, self.width - len(indent)) for part in text.split("\n\n")]
        self.write("\n\n".join("\n".join(indent + line for line in lines) for lines in paragraphs))
        self.write("\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Terms on the left, wrapped explanations on the right."""
        rows = list(rows)
        left = min(max(display_width(term) for term, _ in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, text in rows:
            lines = wrap(text, max(self.width - left - len(indent), 20)) or [""]
            if display_width(term) > left - col_spacing:
                self.write(f"{indent}{term}\n")
                term = ""
            for line in lines:
                gap = " " * (left - display_width(term))
                self.write(f"{indent}{term}{gap}{line}".rstrip() + "\n")
                term = ""


def columns(rows: Sequence[Sequence[str]], gap: int = 2) -> str:
    """Rows of text as aligned columns; the last column is not padded."""
    if not rows:
        return ""
    widths = [max(display_width(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    return "\n".join(
        "".join(
            cell + " " * (width + gap - display_width(cell))
            for cell, width in zip(row, widths, strict=False)
        )
        + row[-1]
        for row in rows
    )
