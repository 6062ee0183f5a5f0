"""A typeface that has every character of a text, on machines with and without Chinese fonts.

A missing glyph is drawn as an empty box and costs only a warning, so the choice is made from the
characters themselves: a CJK font of the system when it covers the text, else Noto Sans SC (SIL Open
Font License), which the package `zhplot` carries. That font has Traditional characters too, which
the plan of 2025 is written in. `zhplot` is located but never imported: its import changes
matplotlib's settings for the whole process.
"""

import io
import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SYSTEM_FONTS = (
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansCJK-Regular.ttc",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "SourceHanSans-Regular.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
)
"""File names of plain CJK text fonts, best first."""


class MissingGlyphsError(RuntimeError):
    """No font at hand has every character of a text."""


def typeface(text: str) -> Path:
    """The first font that has every character of the text.

    Raises MissingGlyphsError, naming the characters, when there is none.
    """
    return _typeface(frozenset(ord(c) for c in text if not c.isspace()))


def missing_glyphs(text: str, font: Path) -> str:
    """The characters of the text that the font does not have, each once, in order."""
    known = _characters(font)
    return "".join(c for c in dict.fromkeys(text) if not c.isspace() and ord(c) not in known)


def carried_letters(text: str) -> bytes:
    """The carried font cut down to the letters of a text, as WOFF; empty without that font.

    A page that brings its letters needs no Chinese font where it is read. Only the carried font may travel so: it is
    under the SIL Open Font License.
    """
    path = carried_font()
    if path is None:
        return b""
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=[], hinting=False, name_IDs=[1, 2])
    with subset.load_font(str(path), options) as font:
        chosen = subset.Subsetter(options)
        chosen.populate(text=text)
        chosen.subset(font)
        held = io.BytesIO()
        subset.save_font(font, held, options)
    return held.getvalue()


@cache
def candidates() -> tuple[Path, ...]:
    """The fonts of this machine that may be used: the system's, then the carried one."""
    found = {
        path.name: path for folder in _folders() for path in sorted(folder.rglob("*.[ot]t[fc]"))
    }
    system = [found[name] for name in SYSTEM_FONTS if name in found]
    carried = carried_font()
    return (*system, carried) if carried else tuple(system)


@cache
def _typeface(characters: frozenset[int]) -> Path:
    fonts = candidates()
    for font in fonts:
        if characters <= _characters(font):
            return font
    if not fonts:
        raise MissingGlyphsError(
            "no Chinese font on this machine and the package zhplot, which carries one, is absent"
        )
    lacking = min((characters - _characters(font) for font in fonts), key=len)
    shown = " ".join(f"{chr(c)} (U+{c:04X})" for c in sorted(lacking)[:8])
    raise MissingGlyphsError(f"no font at hand has the characters {shown}")


@cache
def _characters(font: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font)).get_charmap())


def carried_font() -> Path | None:
    """The font that the package `zhplot` carries; None where it is absent."""
    spec = find_spec("zhplot")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / "fonts" / "NotoSansSC-Regular.ttf"
    return path if path.is_file() else None


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "darwin":
        places = [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    elif sys.platform == "win32":
        places = [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    else:
        places = [home / ".fonts", home / ".local/share/fonts", Path("/usr/local/share/fonts")]
        places.append(Path("/usr/share/fonts"))
    return [place for place in reversed(places) if place.is_dir()]
