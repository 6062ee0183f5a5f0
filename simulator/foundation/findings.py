"""What is wrong with an input, said once and at its place.

Every reader collects findings and raises them together, so that a person mends a file in one
round. A finding names the place, what was found, what is allowed and the nearest known name.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["error", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in an input file, with its place.

    `line` and `column` count from 1; 0 means that the finding has no place inside the file.
    `what` and `what_zh` say the same in English and Chinese; `severity` is `error` (the input
    is refused) or `note` (the input is used, and the finding is listed).
    """

    file: str
    line: int
    column: int
    path: str
    what: str
    what_zh: str
    allowed: str = ""
    suggestion: str = ""
    severity: Severity = "error"

    def text(self, lang: str = "en") -> str:
        """One line in `lang`: `en`, `zh`, or `both` (English, then Chinese)."""
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        if self.path:
            place += f": {self.path}"
        if lang == "zh":
            parts = [self.what_zh]
            if self.allowed:
                parts.append(f"允许：{self.allowed}")
            if self.suggestion:
                parts.append(f"是否想写：{self.suggestion}？")
            return _visible(f"{place}: {'；'.join(parts)}")
        parts = [self.what]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.suggestion:
            parts.append(f"did you mean: {self.suggestion}?")
        line = f"{place}: {'; '.join(parts)}"
        return _visible(f"{line} | {self.what_zh}" if lang == "both" else line)

    def __str__(self) -> str:
        """The English line."""
        return self.text("en")


class InputError(Exception):
    """An input file (scenario, registry, table) is invalid; `findings` holds every reason.

    The command line ends with exit code 3.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Keep the findings in the order in which they were met."""
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__(self.findings)

    def __str__(self) -> str:
        """One line for each finding."""
        return "\n".join(str(finding) for finding in self.findings)


class UsageError(Exception):
    """An argument of a command or a library call is invalid (exit code 2); said in English and Chinese.

    The package always says both (a test holds it to that); who extends it in one language is shown that one.
    """

    def __init__(self, what: str, what_zh: str = "") -> None:
        """Keep both texts; neither ends with a full stop."""
        super().__init__(what, what_zh)
        self.what = what
        self.what_zh = what_zh or what

    def text(self, lang: str = "en") -> str:
        """The message in `lang`: `en`, `zh`, or `both`."""
        if lang == "both" and self.what_zh != self.what:
            return f"{self.what} | {self.what_zh}"
        return self.what_zh if lang == "zh" else self.what

    def __str__(self) -> str:
        return self.what


class Hint(NamedTuple):
    """The end of a message that names the nearest known word; empty where nothing is close."""

    en: str
    zh: str


NO_HINT = Hint("", "")


def did_you_mean(word: str, options: Iterable[str], otherwise: Hint = NO_HINT) -> Hint:
    """The hint at the option most like `word`, or `otherwise`."""
    near = nearest(word, options)
    return Hint(f"; did you mean {near}?", f"；是否想写 {near}？") if near else otherwise


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like `word`, or None when nothing is close.

    Letter case and the difference of hyphen and underscore do not count.
    """
    spelled: dict[str, str] = {}
    for option in options:
        spelled.setdefault(_plain(option), option)
    # Chinese names are two to six characters: one wrong character of two is still near.
    cutoff = 0.6 if word.isascii() else 0.5
    found = difflib.get_close_matches(_plain(word), spelled, n=1, cutoff=cutoff)
    return spelled[found[0]] if found else None


def _visible(line: str) -> str:
    """The line with unprintable characters of a damaged file written as escapes."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _plain(word: str) -> str:
    return word.strip().casefold().replace("-", "_")
