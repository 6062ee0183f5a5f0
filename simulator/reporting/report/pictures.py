"""Figures as parts of the page: their bodies as inline SVG that share letters and take the page's colours.

Letters are drawn once for the whole page and referred to; colours become the page's own, so that a figure follows
light, dark and print. Ids that nothing refers to go, the others are made the page's own.
"""

import re
from functools import cache
from typing import Final
from xml.etree import ElementTree

from simulator.reporting.figures import page

SVG: Final = "{http://www.w3.org/2000/svg}"
HREF: Final = "{http://www.w3.org/1999/xlink}href"
TOKENS: Final = {
    page.INK: "ink",
    page.MUTED: "muted",
    page.FAINT: "muted",
    page.RULE: "rule",
    page.TRACK: "track",
    page.TARGET: "target",
    page.CAUTION: "caution",
    page.BASELINE: "baseline",
    page.LOST: "lost",
    **{colour: f"series-{n}" for n, colour in enumerate(page.COLOURS, 1)},
    "#000000": "ink",
    "#ffffff": "ground",
}
"""Colours of the figures and the names that theme.css gives them."""


class Gallery:
    """The figures of one page; `letters` is what they share and has to stand on it once."""

    def __init__(self) -> None:
        """Nothing drawn yet."""
        self._letters: dict[str, str] = {}
        self._count = 0

    def add(self, figure: page.Picture, described_by: str) -> str:
        """The body of a figure as an inline SVG, whose name and description are the elements of these ids."""
        self._count += 1
        root = ElementTree.fromstring(page.body_svg(figure))
        for gone in ("metadata", "title"):
            for element in root.findall(f"{SVG}{gone}"):
                root.remove(element)
        self._take_letters(root)
        self._own_ids(root, f"v{self._count}-")
        for element in root.iter():
            element.tag = element.tag.removeprefix(SVG)
            for name, value in list(element.attrib.items()):
                if name == HREF:
                    del element.attrib[HREF]
                    name = "href"
                element.attrib[name] = _short(value) if name == "d" else recoloured(value)
        _, _, width, height = root.attrib["viewBox"].split()
        root.attrib.clear()
        root.attrib.update(
            {
                "viewBox": f"0 0 {width} {height}",
                "role": "img",
                "aria-labelledby": described_by,
                "style": f"max-width: {float(width):.0f}pt",
            }
        )
        return ElementTree.tostring(root, encoding="unicode")

    def letters(self) -> str:
        """The shapes of all letters, on a sheet that takes no room."""
        shapes = "".join(self._letters.values())
        return f'<svg class="letters" aria-hidden="true" width="0" height="0"><defs>{shapes}</defs></svg>'

    def _take_letters(self, root: ElementTree.Element) -> None:
        """Move the shapes of letters out of the figure; those of marks and clips stay."""
        for parent in root.iter():
            for element in parent.findall(f"{SVG}defs"):
                for path in list(element):
                    name = path.get("id", "")
                    if path.tag == f"{SVG}style":
                        element.remove(path)
                    elif path.tag == f"{SVG}path" and not re.fullmatch(r"[mp][0-9a-f]{10}", name):
                        element.remove(path)
                        shape = _short(path.get("d", ""))
                        turned = path.get("transform", "")
                        turned = f' transform="{turned}"' if turned else ""
                        self._letters[name] = f'<path id="{name}" d="{shape}"{turned}/>'
                if not len(element):
                    parent.remove(element)

    def _own_ids(self, root: ElementTree.Element, prefix: str) -> None:
        """Give ids that are referred to a prefix of their own, and drop the others."""
        referred: set[str] = set()
        for element in root.iter():
            for value in element.attrib.values():
                referred |= set(re.findall(r"url\(#([^)]+)\)", value))
            referred.add(element.get(HREF, "").removeprefix("#"))
        referred -= {*self._letters, ""}
        for element in root.iter():
            name = element.attrib.pop("id", "")
            if name in referred:
                element.set("id", prefix + name)
            link = element.get(HREF, "").removeprefix("#")
            if link in referred:
                element.set(HREF, f"#{prefix}{link}")
            for key, value in list(element.attrib.items()):
                found = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{prefix}{m[1]})", value)
                element.set(key, found)


def recoloured(style: str) -> str:
    """Colours of a style as those of the page: tokens, or tokens thinned with the ground."""
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: _token(found[0]), style)


@cache
def _token(colour: str) -> str:
    if colour in TOKENS:
        return f"var(--{TOKENS[colour]})"
    nearest = min(
        (_thinned(colour, base), name) for base, name in TOKENS.items() if name != "ground"
    )
    (miss, share), name = nearest
    return f"color-mix(in srgb, var(--{name}) {share:.0%}, var(--ground))" if miss <= 3 else colour


def _thinned(colour: str, base: str) -> tuple[float, float]:
    """How far a colour is from the base thinned with white at its best share, and that share."""
    wanted = [255 - int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    full = [255 - int(base[i : i + 2], 16) for i in (1, 3, 5)]
    share = sum(w * f for w, f in zip(wanted, full, strict=True)) / sum(f * f for f in full)
    share = min(max(share, 0.0), 1.0)
    return max(abs(w - share * f) for w, f in zip(wanted, full, strict=True)), share


def _short(path: str) -> str:
    """A path with two decimals, which is a hundredth of a point, and without line breaks."""

    def rounded(found: re.Match[str]) -> str:
        text = f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text

    return " ".join(re.sub(r"-?\d+\.\d+", rounded, path).split())
