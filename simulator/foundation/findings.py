"""What is wrong with an input, said once and at its place.

Every reader collects findings and raises them together, so that a person mends a file in one
round. A finding names the place, what was found, what is allowed and the nearest known name.
"""

import difflib
import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Severity = Literal["error", "note"]
LONGEST: Final = 500
"""Characters of a message that quotes its input."""
MOST: Final = 500
"""Findings that are told of one input; of more, how many."""
_REASONS: Final[Mapping[int, str]] = {
    errno.ENOENT: "没有该文件或目录",
    errno.EEXIST: "已存在",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许该操作",
    errno.EISDIR: "是目录",
    errno.ENOTDIR: "不是目录",
    errno.EROFS: "文件系统只读",
    errno.ENOSPC: "空间不足",
    errno.EDQUOT: "超出配额",
    errno.EFBIG: "文件过大",
    errno.ENAMETOOLONG: "名称过长",
    errno.ELOOP: "链接成环",
    errno.EINVAL: "参数无效",
    errno.EIO: "读写出错",
    errno.ENXIO: "没有该设备",
    errno.ENODEV: "没有该设备",
    errno.EADDRINUSE: "地址已被占用",
    errno.EADDRNOTAVAIL: "没有该地址",
}


class Allowed(NamedTuple):
    """What an input may hold, in English and Chinese; both empty where nothing is said of it."""

    en: str
    zh: str

    @classmethod
    def same(cls, text: str) -> "Allowed":
        """Words of the input, numbers and units, which need no translation."""
        return cls(text, text)

    @classmethod
    def one_of(cls, words: Iterable[object]) -> "Allowed":
        """One of the words of the input."""
        return cls.same(", ".join(map(str, words)))

    @classmethod
    def span(cls, low: object, high: object) -> "Allowed":
        """A number, year or quarter from `low` to `high`."""
        return cls.same(f"{low} … {high}")


UNSAID: Final = Allowed("", "")


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
    allowed: Allowed = UNSAID
    suggestion: str = ""
    severity: Severity = "error"

    def __post_init__(self) -> None:
        """Cut what quotes a very long text of the input."""
        for name in ("path", "what", "what_zh", "suggestion"):
            text = getattr(self, name)
            if len(text) > LONGEST:
                object.__setattr__(self, name, _cut(text))

    def text(self, lang: str = "en") -> str:
        """One line in `lang`: `en`, `zh`, or `both` (English, then Chinese)."""
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        if self.path:
            place += f": {self.path}"
        if lang == "zh":
            parts = [self.what_zh]
            if self.allowed.zh:
                parts.append(f"允许：{self.allowed.zh}")
            if self.suggestion:
                parts.append(f"是否想写：{self.suggestion}？")
            return plain_line(f"{place}: {'；'.join(parts)}")
        parts = [self.what]
        if self.allowed.en:
            parts.append(f"allowed: {self.allowed.en}")
        if self.suggestion:
            parts.append(f"did you mean: {self.suggestion}?")
        line = f"{place}: {'; '.join(parts)}"
        return plain_line(f"{line} | {self.what_zh}" if lang == "both" else line)

    def __str__(self) -> str:
        """The English line."""
        return self.text("en")


class InputError(Exception):
    """An input file (scenario, registry, table) is invalid; `findings` holds every reason.

    The command line ends with exit code 3.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Keep the findings in the order in which they were met: the first `MOST`, and how many more there are."""
        met = tuple(findings)
        if len(met) > MOST:
            last, more = met[MOST], len(met) - MOST
            what, zh = f"and {more} more findings from here on", f"此后还有 {more} 处问题"
            met = (*met[:MOST], Finding(last.file, last.line, last.column, "", what, zh))
        self.findings: tuple[Finding, ...] = met
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
        self.what = _cut(what)
        self.what_zh = _cut(what_zh or what)

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


def reason_zh(error: OSError) -> str:
    """Why the system refused, in Chinese; in its own words when the table does not know."""
    own = error.strerror or str(error)
    return _REASONS.get(error.errno, own) if error.errno else own


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


def plain_line(line: str) -> str:
    """The line with unprintable characters of a damaged input written as escapes, and a very long one cut."""
    line = _cut(line, 4 * LONGEST)
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _cut(text: str, longest: int = LONGEST) -> str:
    """Beginning and end of a text that is longer."""
    return text if len(text) <= longest else f"{text[: longest - 100]} … {text[-90:]}"


def _plain(word: str) -> str:
    return word.strip().casefold().replace("-", "_")
