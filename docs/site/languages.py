"""One source for two sites: a bilingual page keeps what is said in the language of the build.

Pages are written as people of both languages read them in an editor: `English · 中文` in titles and cells, an
English sentence or paragraph followed by its Chinese one. After parsing, each site drops what its reader has
in his own language anyway:

- around ` · ` and between sentences, the parts of the other language;
- of two columns that say the same (`what` and `内容`), one;
- a paragraph wholly in the other language, when its section says about as much in this one. Where it does not,
  because the Chinese is a summary, the paragraph stays as a folded original: nothing is lost silently.

Code, numbers and names belong to both.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

Language = Literal["zh", "en"]
Spoken = Literal["zh", "en", ""]

HAN: Final = r"\u3400-\u9fff"
STOPS: Final = "，。；：？！、（）《》"
TWINS: Final = (
    ("what", "内容"),
    ("meaning", "含义"),
    ("name", "名称"),
    ("decision", "决策"),
    ("question", "问题"),
    ("term", "词"),
    ("explanation", "解释"),
)
"""Headers of columns that say the same in English and in Chinese."""
SIGNS_OF_A_WORD: Final = 1.6  # Chinese characters that say what one English word says
ENOUGH: Final = 0.6  # of what the other language says, for a paragraph of it to be left out
NOTES: Final = {"zh": "英文原文", "en": "Chinese text"}
SETTLED: Final = "settled"
"""The class of a table that was written in one language and is left as it is."""
REST: Final = {"zh": "以下各节为英文原文。", "en": ""}

_SEPARATOR = re.compile(r"\s+·\s+")
_SLASH = re.compile(r"\s+[·/]\s+")
_SENTENCE = re.compile(
    rf"(?<=[。！？])(?![”）])|(?<=[。！？][”）])|(?<=[.!?])\s+|(?<=[.!?][”)])\s+|(?<=[:;])(?:\s+(?=[{HAN}])|\n)"
    rf"|(?<=[：；])(?=[A-Za-z])|(?<=[：；])\s+(?=[A-Za-z])"
)
_PAIR = re.compile(
    rf"([^\x00-\x7f][^A-Za-z]*[{HAN}）]) ([a-zA-Z][^{HAN}]*)|([a-zA-Z][^{HAN}]*?) ([{HAN}][^A-Za-z]*)"
)
_BROKEN = re.compile(rf"(?<=[{HAN}{STOPS}”])\n(?=[{HAN}{STOPS}“])")  # a browser would show a space
_INLINE = (nodes.strong, nodes.emphasis, nodes.reference, nodes.inline, addnodes.pending_xref)


def weight(text: str) -> tuple[float, float]:
    """How much the text says in Chinese and in English, both in English words."""
    signs = len(re.findall(f"[{HAN}]", text))
    stops = len(re.findall(f"[{STOPS}]", text))
    words = len(re.findall(r"[A-Za-z][A-Za-z’'\-]+", text))
    return (signs + 2 * stops) / SIGNS_OF_A_WORD, float(words)


def spoken(text: str) -> Spoken:
    """The language of a piece of text; none for numbers and signs."""
    chinese, english = weight(text)
    if chinese == english == 0:
        return ""
    return "zh" if chinese * SIGNS_OF_A_WORD >= english else "en"


@dataclass
class Piece:
    """A part of a line in one language: its nodes, and the separator that stood before it."""

    before: str = ""
    parts: list[nodes.Node] = field(default_factory=list)
    language: Spoken = ""

    def text(self) -> str:
        """What the piece says, without its code."""
        return "".join(said(part) for part in self.parts)


def said(node: nodes.Node) -> str:
    """The text of a node without code."""
    if isinstance(node, nodes.Text):
        return str(node)
    if isinstance(node, (nodes.literal, nodes.literal_block, nodes.raw, nodes.comment)):
        return ""
    return "".join(said(child) for child in node.children)


def pieces(line: nodes.Element, separator: re.Pattern[str] = _SEPARATOR) -> list[Piece]:
    """The parts of a line between separators and sentence ends, each with its language."""
    found = [Piece()]
    for child in _joined(line.children):
        if isinstance(child, nodes.Text):
            for at_separator, mark, chunk in _chunks(child.astext(), separator):
                if mark is not None or at_separator:
                    found.append(Piece(before=mark or ""))
                if chunk:
                    found[-1].parts.append(nodes.Text(chunk))
        elif isinstance(child, _INLINE) and _bilingual(child):
            # It is divided within itself and belongs to both sites.
            found += [Piece(parts=[child]), Piece()]
        else:
            found[-1].parts.append(child)
    found = [piece for piece in found if piece.parts]
    for piece in found:
        piece.language = spoken(piece.text())
    return _settled(found)


def _joined(children: Iterable[nodes.Node]) -> list[nodes.Node]:
    """The children with neighbouring texts as one: a line break in the source is a text of its own."""
    joined: list[nodes.Node] = []
    for child in children:
        if isinstance(child, nodes.Text) and joined and isinstance(joined[-1], nodes.Text):
            joined[-1] = nodes.Text(joined[-1].astext() + child.astext())
        else:
            joined.append(child)
    return joined


def _chunks(text: str, separator: re.Pattern[str]) -> Iterator[tuple[bool, str | None, str]]:
    """Chunks of a text: whether a new piece begins, with which separator before, and the chunk."""
    place = 0
    marks = [(match.start(), match.end(), match[0]) for match in separator.finditer(text)]
    for start, end, mark in [*marks, (len(text), len(text), "")]:
        head = text[place:start]
        cuts = [match.end() for match in _SENTENCE.finditer(head)]
        edges = [0, *cuts, len(head)]
        for number, (first, last) in enumerate(pairwise(edges)):
            yield number > 0, None, head[first:last]
        if mark:
            yield True, mark, ""
        place = end


def _bilingual(node: nodes.Element) -> bool:
    if any(isinstance(child, _INLINE) and _bilingual(child) for child in node.children):
        return True
    return {piece.language for piece in pieces(node)} >= {"zh", "en"}


def _settled(found: list[Piece]) -> list[Piece]:
    """Pieces without a language of their own go with the one before them, at the head with the next.

    None goes across a separator, and neither does a part that is divided within itself, nor the number of a title.
    """
    groups: list[list[Piece]] = []
    for piece in found:
        alone = any(isinstance(part, _INLINE) and _bilingual(part) for part in piece.parts)
        if alone:
            piece.language = ""
        if alone or piece.before or not groups or not groups[-1] or _number(groups[-1]):
            groups.append([])
        groups[-1].append(piece)
        if alone:
            groups.append([])
    for group in groups:
        for line in (group, group[::-1]):
            last: Spoken = ""
            for piece in line:
                last = piece.language = piece.language or last
    return found


def _number(group: Sequence[Piece]) -> bool:
    return bool(
        re.fullmatch(
            r"[\d.]+\s*", "".join(part.astext() for piece in group for part in piece.parts)
        )
    )


def reduce(
    line: nodes.Element, language: Language, separator: re.Pattern[str] = _SEPARATOR
) -> Spoken:
    """Keep of a line what is in the language, when it says something in both; its language otherwise."""
    found = pieces(line, separator)
    for child in line.children:
        if isinstance(child, _INLINE) and _bilingual(child):
            reduce(child, language, separator)
    heard = {piece.language for piece in found} - {""}
    if heard != {"zh", "en"}:
        if (
            len(line.children) == 1
            and isinstance(line.children[0], nodes.Text)
            and separator is _SLASH
        ):
            pair = _PAIR.fullmatch(line.astext().strip())
            if pair and len(heard) == 1:
                chinese, english = (pair[1], pair[2]) if pair[1] else (pair[4], pair[3])
                if _is_name(chinese, english):
                    line.children = []
                    line += nodes.Text(chinese if language == "zh" else english)
                    return ""
        return heard.pop() if heard else ""
    kept = [piece for piece in found if piece.language in {language, ""}]
    dropped = line.astext().rstrip()[-1:]
    line.children = []
    for number, piece in enumerate(kept):
        if number:
            # What stood behind the part before: none behind the number in `1. Purpose · 目的`.
            line += nodes.Text(found[found.index(kept[number - 1]) + 1].before)
        line += piece.parts
    _trim(line)
    if isinstance(line, (nodes.strong, nodes.emphasis)) and dropped in ".:：。" and line.children:
        text = line.astext()
        if text[-1:] not in ".:：。":
            line += nodes.Text("。" if language == "zh" and dropped == "." else dropped)
    return ""


def _is_name(chinese: str, english: str) -> bool:
    """Whether two halves of a cell are a name in both languages: each with a real word, and no sentence."""
    if re.search("[，。；：？！]", chinese + english):
        return False
    return len(re.findall(f"[{HAN}]", chinese)) > 1 and bool(re.search(r"\b[a-z]{3,}", english))


def _trim(line: nodes.Element) -> None:
    for place, strip in ((0, str.lstrip), (-1, str.rstrip)):
        while line.children and isinstance(line.children[place], nodes.Text):
            text = strip(line.children[place].astext())
            if text:
                line.children[place] = nodes.Text(text)
                line.children[place].parent = line
                break
            del line.children[place]


class Divide(SphinxTransform):
    """Leave of a bilingual page what the site's language needs."""

    default_priority = 500

    def apply(self, **_: object) -> None:
        """Divide the whole document."""
        language: Language = "zh" if self.config.language.startswith("zh") else "en"
        for image in self.document.findall(nodes.image):
            image["alt"] = name_of(image.get("alt", ""), language)
        for tree in self.document.findall(addnodes.toctree):
            if tree.get("caption"):
                tree["caption"] = tree["rawcaption"] = name_of(tree["caption"], language)
        for section in [self.document, *self.document.findall(nodes.section)]:
            for title in section.children:
                if isinstance(title, nodes.title):
                    reduce(title, language, _SLASH)
            self.settle(section, language)
        for section in [self.document, *self.document.findall(nodes.section)]:
            self.order(section, language)
        for line in list(self.document.findall(nodes.TextElement)):
            if not isinstance(line, (nodes.FixedTextElement, nodes.literal, nodes.raw)):
                parts = _joined(line.children)
                line.children = []
                line += [
                    nodes.Text(_BROKEN.sub("", part)) if isinstance(part, nodes.Text) else part
                    for part in parts
                ]

    def settle(self, section: nodes.Element, language: Language) -> None:
        """Divide the blocks of one section; wholly foreign ones go, or stay folded."""
        foreign: list[nodes.Element] = []
        own = other = 0.0
        for block in list(section.children):
            if isinstance(block, (nodes.section, nodes.title)):
                continue
            if isinstance(block, nodes.table):
                if SETTLED not in block["classes"]:
                    self.table(block, language)
            elif isinstance(
                block, (nodes.Admonition, nodes.container, nodes.block_quote, nodes.compound)
            ):
                for title in block.children:
                    if isinstance(title, nodes.title):
                        reduce(title, language, _SLASH)
                self.settle(block, language)
            elif isinstance(block, (nodes.bullet_list, nodes.enumerated_list, nodes.paragraph)):
                before = weight(said(block))
                heard = [reduce(line, language) for line in _lines(block)]
                after = weight(said(block))
                mine, theirs = (0, 1) if language == "zh" else (1, 0)
                if heard and all(voice == _other(language) for voice in heard):
                    foreign.append(block)
                    other += before[theirs]
                elif heard and all(voice == language for voice in heard):
                    own += before[mine]
                elif before != after:
                    own += after[mine]
                    other += before[theirs]
        for block in _runs(foreign):
            parent = block[0].parent
            if not own and self.env.docname in self.config.pages_with_summary:
                continue
            if own < ENOUGH * other:
                state = "" if own else " open"
                lang = "en" if language == "zh" else "zh-CN"
                head = f'<details class="original" lang="{lang}"{state}><summary>{NOTES[language]}</summary>'
                parent.insert(parent.index(block[0]), nodes.raw("", head, format="html"))
                parent.insert(
                    parent.index(block[-1]) + 1, nodes.raw("", "</details>", format="html")
                )
            else:
                for each in block:
                    parent.remove(each)

    def table(self, table: nodes.table, language: Language) -> None:
        """Divide the cells of a table; of twin columns keep one."""
        for title in table.findall(nodes.title):
            reduce(title, language, _SLASH)
        rows = list(table.findall(nodes.row))
        heads = [entry.astext().strip() for entry in rows[0].children] if rows else []
        drop = set()
        for english, chinese in TWINS:
            if english in heads and chinese in heads:
                drop.add(heads.index(english if language == "zh" else chinese))
        for number in sorted(drop, reverse=True):
            for row in rows:
                del row.children[number]
            for group in table.findall(nodes.tgroup):
                widths = [child for child in group.children if isinstance(child, nodes.colspec)]
                group.remove(widths[number])
                group["cols"] -= 1
        for entry in table.findall(nodes.entry):
            for line in _lines(entry):
                reduce(line, language, _SLASH)

    def order(self, section: nodes.Element, language: Language) -> None:
        """A summary in Chinese under a title of its own: read first there, left out here."""
        parts = [child for child in section.children if isinstance(child, nodes.section)]
        voices = {part: spoken(said(part)) for part in parts}
        titles = {part: spoken(said(part.children[0])) for part in parts}
        summaries = [part for part in parts if titles[part] == voices[part] == "zh"]
        originals = [part for part in parts if titles[part] == voices[part] == "en"]
        if not summaries or not originals or self.env.docname not in self.config.pages_with_summary:
            return
        for part in summaries:
            section.remove(part)
        if language == "zh":
            place = (
                section.index(parts[0])
                if parts[0] in section.children
                else section.index(originals[0])
            )
            note = nodes.paragraph("", REST["zh"], classes=["original-follows"])
            section.children[place:place] = [*summaries, note]
            for child in [*summaries, note]:
                child.parent = section
            for part in originals:
                part["classes"].append("original")


def _lines(block: nodes.Element) -> list[nodes.Element]:
    if isinstance(block, nodes.paragraph):
        return [block]
    return list(block.findall(nodes.paragraph))


def _other(language: Language) -> Language:
    return "en" if language == "zh" else "zh"


def _runs(blocks: Sequence[nodes.Element]) -> Iterable[list[nodes.Element]]:
    """Blocks that follow each other, together."""
    runs: list[list[nodes.Element]] = []
    for block in blocks:
        last = runs[-1][-1] if runs else None
        if last is not None and last.parent is block.parent:
            between = block.parent.index(block) - block.parent.index(last)
            if between == 1:
                runs[-1].append(block)
                continue
        runs.append([block])
    return runs


def name_of(text: str, language: Language) -> str:
    """Of `English · 中文` the part in the language; any other text as it is."""
    line = nodes.inline("", text)
    reduce(line, language, _SLASH)
    return str(line.astext())


def setup(app: Sphinx) -> dict[str, bool]:
    """Divide every page the application reads."""
    app.add_config_value("pages_with_summary", [], "env")
    app.add_transform(Divide)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
