"""What a trial found, kept beside the verification report: one file an item under `docs/trust/`.

Every item is a module of this package with a command of its own, `python -m tests.trust.ITEM`, that prints its figures;
with `--record` it also writes them here, and `python -m tests.verification` shows them. A record holds the day's
numbers and no times, hosts or paths.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "trust"
ORDER = ("faults", "doors", "mutation", "versions", "supply", "soak")


class Said(NamedTuple):
    """The same in Chinese and English."""

    zh: str
    en: str


class Row(NamedTuple):
    """One figure: what was tried, and what was found, in both languages where it is more than a number."""

    what: Said
    found: Said


@dataclass(frozen=True, slots=True)
class Record:
    """One item: its name, the command that gives the figures, what they say, and the figures."""

    item: str
    name: Said
    command: str
    finding: Said
    rows: Sequence[Row]

    def show(self) -> str:
        """The figures for a terminal."""
        lines = [f"{self.name.zh} · {self.name.en}", f"{self.finding.zh}", f"{self.finding.en}"]
        for what, found in self.rows:
            right = found.zh if found.zh == found.en else f"{found.zh} · {found.en}"
            lines.append(f"  {what.zh} · {what.en}: {right}")
        return "\n".join(lines)

    def write(self) -> Path:
        """Keep the record; the place where it stands."""
        assert self.item in ORDER, self.item
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{self.item}.json"
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
        return path


def read() -> list[Record]:
    """The records at hand, in the order of the report."""
    found = []
    for item in ORDER:
        path = FOLDER / f"{item}.json"
        if path.is_file():
            told = json.loads(path.read_text(encoding="utf-8"))
            rows = [Row(Said(*what), Said(*said)) for what, said in told["rows"]]
            found.append(
                Record(item, Said(*told["name"]), told["command"], Said(*told["finding"]), rows)
            )
    return found
