"""Names in two languages, and finding an entry by whatever people call it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from simulator.foundation.findings import nearest

Language = Literal["zh", "en", "both"]

# Traditional characters of chain and place names: the 2025 plan is printed in them.
_SIMPLIFIED = str.maketrans(
    "區濱東麗開紅橋寶寧靜薊園創術產業經濟態發級車聯網關統數據進終機視圖雲應動領類鏈導實驗學會",
    "区滨东丽开红桥宝宁静蓟园创术产业经济态发级车联网关统数据进终机视图云应动领类链导实验学会",
)
_SEPARATORS = re.compile(r"[\s\-_·,，()（）“”\"'’]+")
_ENGLISH_ENDS = ("_district", "_new_area", "_chain")
_CHINESE_ENDS = ("新区", "区", "市", "产业链", "链")


class Name(NamedTuple):
    """What something is called in Chinese and in English."""

    zh: str
    en: str

    def text(self, lang: str = "both") -> str:
        """The name in `lang`: `zh`, `en`, or `both` (`滨海新区 Binhai New Area`)."""
        if lang == "zh":
            return self.zh
        if lang == "en":
            return self.en
        return f"{self.zh} {self.en}"


def key_of(identifier: str) -> str:
    """The key people type for an id: `l-tj27-funds` → `tj27_funds`, `big_data` → `big_data`."""
    return re.sub(r"^[a-z]-", "", identifier).replace("-", "_")


class UnknownName(KeyError):  # noqa: N818 - a KeyError by nature
    """Nothing is called by that name, or several entries are.

    `suggestion` is the nearest known key, or None; `matches` holds the ids when the name is
    shared.
    """

    def __init__(
        self, word: str, label: Name, suggestion: str | None, matches: tuple[str, ...] = ()
    ) -> None:
        super().__init__(word)
        self.word = word
        self.label = label
        self.suggestion = suggestion
        self.matches = matches

    def text(self, lang: str = "en") -> str:
        """The message in `lang`: `zh`, `en`, or `both`."""
        if lang == "both":
            return f"{self.text('en')} | {self.text('zh')}"
        if lang == "zh":
            if self.matches:
                return f"{self.label.zh}“{self.word}”指代不明：{'、'.join(self.matches)}"
            hint = f"；是否想写：{self.suggestion}？" if self.suggestion else ""
            return f"没有名为“{self.word}”的{self.label.zh}{hint}"
        if self.matches:
            return f"{self.label.en} {self.word!r} could be any of: {', '.join(self.matches)}"
        hint = f"; did you mean: {self.suggestion}?" if self.suggestion else ""
        return f"no {self.label.en} is called {self.word!r}{hint}"

    def __str__(self) -> str:
        return self.text()


class Named(Protocol):
    """Anything with an id, a key and a name."""

    @property
    def id(self) -> str:
        """The id in its data file."""

    @property
    def key(self) -> str:
        """The id as people type it."""

    @property
    def name(self) -> Name:
        """Its name in both languages."""


T = TypeVar("T", bound=Named)


class Lookup(Generic[T]):
    """Entries of one table by id, key, name in either language, or alias.

    Letter case, hyphens, underscores and spaces do not count, nor do Traditional characters, nor
    the 区 or `District` at the end. An id or key wins over a full name, a full name over an alias,
    an alias over a shortened name.
    """

    def __init__(self, label: Name, entries: Sequence[T]) -> None:
        self._label = label
        self._by_id = {entry.id: entry for entry in entries}
        self._spellings: dict[str, tuple[int, list[T]]] = {}
        for entry in entries:
            aliases: tuple[str, ...] = getattr(entry, "aliases", ())
            self._add(0, (entry.id, entry.key), entry)
            self._add(1, entry.name, entry)
            self._add(2, aliases, entry)
            self._add(3, _shortened((entry.id, *entry.name, *aliases)), entry)

    def _add(self, rank: int, words: Iterable[str], entry: T) -> None:
        for word in {_spelling(word) for word in words} - {""}:
            known = self._spellings.get(word)
            if known is None or rank < known[0]:
                self._spellings[word] = (rank, [entry])
            elif rank == known[0] and entry not in known[1]:
                known[1].append(entry)

    def __call__(self, word: str) -> T:
        """The entry called `word`; raises `UnknownName`."""
        exact = self._by_id.get(word)
        if exact is not None:
            return exact
        spelled = _spelling(word)
        _, matches = self._spellings.get(spelled, (0, []))
        if not matches:
            for short in _shortened((word,)):
                _, matches = self._spellings.get(_spelling(short), (0, []))
                if matches:
                    break
        if len(matches) == 1:
            return matches[0]
        if matches:
            ids = tuple(entry.id for entry in matches)
            raise UnknownName(word, self._label, matches[0].key, ids)
        found = nearest(spelled, self._spellings)
        suggestion = None
        if found is not None:
            entry = self._spellings[found][1][0]
            # Chinese is answered in Chinese, everything else by the key to type.
            suggestion = entry.key if word.isascii() else entry.name.zh
        raise UnknownName(word, self._label, suggestion)


def _spelling(word: str) -> str:
    plain = unicodedata.normalize("NFKC", word).casefold().translate(_SIMPLIFIED)
    return _SEPARATORS.sub("_", plain).strip("_")


def _shortened(words: Iterable[str]) -> list[str]:
    found = []
    for word in words:
        spelled = _spelling(word)
        for end in (*_ENGLISH_ENDS, *_CHINESE_ENDS):
            short = spelled.removesuffix(end)
            if short != spelled and len(short) > 1:
                found.append(short)
    return found
