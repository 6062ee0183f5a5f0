"""Chinese for the longer English texts of the registry: definitions and readings.

The plan data give names in both languages but definitions and readings in English only. Their
Chinese stands in one table, found by the exact English, so that a changed text is never shown
beside the translation of an older one.
"""

from functools import cache

from simulator.foundation.tables import read_table, shipped
from simulator.registry.names import Name


def in_both(text: str) -> Name:
    """The text in both languages; where the table has no Chinese for it, both are the original."""
    return Name(zh=_table().get(text, text), en=text)


@cache
def _table() -> dict[str, str]:
    return {row["en"]: row["zh"] for row in read_table(shipped("data", "translations.csv"))}
