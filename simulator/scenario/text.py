"""Writes a plain sheet as YAML text; what is written reads back to the same values."""

import json
import re
from collections.abc import Iterable, Mapping

from simulator.foundation.units import is_unit


def sheet_text(sheet: Mapping[str, object]) -> str:
    """A plain sheet as YAML text, which reads back to the same values."""
    return "".join(f"{line}\n" for line in _block(sheet, 0))


def _block(sheet: Mapping[str, object], indent: int) -> Iterable[str]:
    gap = " " * indent
    for key, value in sheet.items():
        word = _scalar(key)
        if isinstance(value, Mapping) and value:
            yield f"{gap}{word}:"
            yield from _block(value, indent + 2)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield f"{gap}{word}:"
            for item in value:
                first, *rest = _block(item, indent + 4)
                yield f"{gap}  - {first.strip()}"
                yield from rest
        elif isinstance(value, list):
            yield f"{gap}{word}: [{', '.join(_scalar(item) for item in value)}]"
        else:
            yield f"{gap}{word}: {_scalar(value)}"


# Text that YAML reads as itself: it starts with a letter, ideograph or digit, holds no mark with a
# meaning, and is no number, word or date that YAML would read as something else.
_PLAIN = re.compile(r"[^\W_](?:[\w ./%+-]*[\w.%])?")
_NUMBER = re.compile(r"\d[\d.]*(?:e[+-]?\d+)?")
_QUARTER = re.compile(r"\d{4}Q[1-4]")


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    reserved = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    if text[:1].isdigit():
        unit = _NUMBER.sub("", text, count=1)
        plain = _QUARTER.fullmatch(text) or (unit and is_unit(unit))
        return text if plain else json.dumps(text, ensure_ascii=False)
    if _PLAIN.fullmatch(text) and text.lower() not in reserved:
        return text
    return json.dumps(text, ensure_ascii=False)
