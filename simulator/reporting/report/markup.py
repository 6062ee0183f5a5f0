"""The page itself: languages side by side, tables, sections, and what a browser is told about it all."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.fonts import carried_letters
from simulator.reporting.report.cells import BCP47, Said, Text, Tongue

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
"""Nothing is fetched and nothing runs."""
LOCAL: Final = (
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
)
"""Faces of machines that have Chinese letters; the carried ones stand in for them."""
CHOICES: Final = (("both", "中文 + English"), ("zh", "中文"), ("en", "English"))


class Sheet:
    """How texts are written in the languages of a page."""

    def __init__(self, lang: Lang) -> None:
        """A page in one language or in both."""
        self.lang = lang
        self.tongues: tuple[Tongue, ...] = ("zh", "en") if lang == "both" else (lang,)
        self.drawn_in: tuple[Lang, ...] = ("both", "zh", "en") if lang == "both" else (lang,)

    def block(self, tag: str, said: Said, **attributes: str) -> str:
        """An element for each language; one alone where both say the same."""
        told = "".join(f' {key.rstrip("_")}="{escape(v)}"' for key, v in attributes.items())
        texts = {tongue: said.html(tongue) for tongue in self.tongues}
        if len(set(texts.values())) == 1:
            return f"<{tag}{told}>{texts[self.tongues[0]]}</{tag}>"
        # An id names one element: the languages share a frame that carries it.
        if "id" in attributes:
            return f"<div{told}>" + self.block(tag, said) + "</div>"
        return "".join(
            f'<{tag} lang="{BCP47[tongue]}"{told}>{text}</{tag}>' for tongue, text in texts.items()
        )

    def inline(self, said: Said) -> str:
        """Spans within a heading or a cell of a table."""
        texts = {tongue: said.html(tongue) for tongue in self.tongues}
        if len(set(texts.values())) == 1:
            return texts[self.tongues[0]]
        return " ".join(
            f'<span lang="{BCP47[tongue]}">{text}</span>' for tongue, text in texts.items()
        )

    def heading(self, level: int, said: Said, id_: str) -> str:
        """A heading that can be linked to and that names other elements."""
        return f'<h{level} id="{id_}">{self.inline(said)}</h{level}>'

    def table(
        self,
        heads: Sequence[tuple[Text, str]],
        rows: Iterable[Sequence[str]],
        caption: Text,
        kind: str = "",
    ) -> str:
        """A table; a head says what its column holds: `word` or `number`. The first cell of a row is its head."""
        top = "".join(
            f'<th scope="col" class="{what}">{self.inline(head)}</th>' for head, what in heads
        )
        body = []
        for row in rows:
            cells = [f'<th scope="row">{row[0]}</th>']
            cells += [
                f'<td class="{what}">{cell}</td>'
                for cell, (_, what) in zip(row[1:], heads[1:], strict=True)
            ]
            body.append(f"<tr>{''.join(cells)}</tr>")
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(self._plain(caption))}">'
            f'<table class="{kind}"><caption>{self.inline(caption)}</caption>'
            f"<thead><tr>{top}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        )

    def bullets(self, items: Iterable[Said]) -> str:
        """A list."""
        return f"<ul>{''.join(f'<li>{self.inline(item)}</li>' for item in items)}</ul>"

    def details(self, summary: Text, content: str) -> str:
        """Content that opens on request."""
        return f"<details><summary>{self.inline(summary)}</summary>{content}</details>"

    def section(self, id_: str, title: Text, content: str) -> str:
        """A section under its heading."""
        head = self.heading(2, title, f"{id_}-title")
        return f'<section id="{id_}" aria-labelledby="{id_}-title">{head}{content}</section>'

    def _plain(self, text: Text) -> str:
        """A text for an attribute, where there is no room for two languages: the first."""
        return str(getattr(text, self.tongues[0]))


def page(sheet: Sheet, title: Name, running: Name, letters: str, content: str) -> str:
    """The whole file: one HTML page that needs nothing else, in the page's languages.

    `running` stands at the head of each printed page.
    """
    name = getattr(title, sheet.tongues[0])
    head = " · ".join(dict.fromkeys(getattr(running, tongue) for tongue in sheet.tongues))
    switch, bar = _switch() if sheet.lang == "both" else ("", "")
    style = (
        _letters_of(content + head + bar)
        + _style()
        + f"@page{{@top-left{{content:{_css_text(head)}}}}}"
    )
    skip = Text("跳到正文", "Skip to content")
    return (
        f'<!doctype html>\n<html lang="{BCP47[sheet.tongues[0]]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(name)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n"
        f'{switch}<a class="skip" href="#report">{sheet.inline(skip)}</a>\n{bar}{letters}\n'
        f'<main id="report">\n{content}\n</main>\n</body>\n</html>\n'
    )


def _switch() -> tuple[str, str]:
    """Radio buttons that style sheets read, so that the languages switch without a script, and their labels."""
    inputs = "".join(
        f'<input type="radio" name="tongue" id="tongue-{key}" class="tongue"{" checked" if key == "both" else ""}>'
        for key, _ in CHOICES
    )
    labels = "".join(f'<label for="tongue-{key}">{text}</label>' for key, text in CHOICES)
    return inputs, f'<div class="switch" role="presentation">{labels}</div>\n'


def _style() -> str:
    home = files("simulator.reporting")
    return "".join(
        home.joinpath(*path).read_text(encoding="utf-8")
        for path in (("theme.css",), ("report", "report.css"))
    )


def _letters_of(content: str) -> str:
    """A face for Chinese letters: one of the machine's, else the letters of this page that it carries."""
    wanted = "".join(sorted({letter for letter in content if ord(letter) > 0x2E7F}))
    font = base64.b64encode(carried_letters(wanted)).decode() if wanted else ""
    own = ",".join(f'local("{name}")' for name in LOCAL)
    face = f'font-family:"Carried";font-display:block;unicode-range:U+2E80-FFFF;src:{own}'
    return f"@font-face{{{face},url(data:font/woff;base64,{font})}}\n" if font else ""


def _css_text(text: str) -> str:
    """A CSS string that cannot end early, whatever a scenario is called."""
    return (
        '"'
        + "".join(
            c if c.isalnum() or c in " ·,.-" or ord(c) > 0x2E7F else f"\\{ord(c):x} " for c in text
        )
        + '"'
    )
