"""Every character that is shipped can be drawn, in Simplified and in Traditional script."""

import subprocess
import sys
from pathlib import Path

import pytest

from simulator.foundation.tables import shipped
from simulator.observables import CATALOGUE
from simulator.reporting import fonts, wording
from simulator.targets import HOW, MECHANISMS, STATUSES, UNCALIBRATED

# From the title and the goals of the plan of 2025, as printed.
TRADITIONAL = (
    "天津市促進人工智能創新發展行動方案（2025—2027年）"
    "基礎核心企業營業收入突破1000億元，濱海東麗薊州區產業聚集區"
)


def shipped_text() -> dict[str, str]:
    files = [path for path in shipped("data").rglob("*") if path.suffix in {".yaml", ".csv"}]
    return {path.name: path.read_text(encoding="utf-8-sig") for path in files}


@pytest.fixture
def carried() -> Path:
    """The font that a package carries, whatever this machine has."""
    (font,) = [font for font in fonts.candidates() if "zhplot" in font.parts]
    return font


def test_one_font_draws_every_shipped_text(carried: Path) -> None:
    texts = shipped_text()
    assert len(texts) >= 8
    for name, text in texts.items():
        assert fonts.missing_glyphs(text, carried) == "", name
        assert fonts.typeface(text).is_file(), name


def test_one_font_draws_both_scripts_and_all_own_words(carried: Path) -> None:
    own = [UNCALIBRATED, *HOW.values(), *MECHANISMS.values(), *STATUSES.values()]
    own += [*wording.UNITS.values(), *(o.name for o in CATALOGUE)]
    words = "".join(name.zh + name.en for name in own) + "−×±≥–·〈〉“”∞<>%"
    assert fonts.missing_glyphs(TRADITIONAL + words, carried) == ""


def test_a_missing_glyph_is_named() -> None:
    with pytest.raises(fonts.MissingGlyphsError, match=r"U\+10FFFD"):
        fonts.typeface("津\U0010fffd")


def test_missing_glyphs_are_listed_once_in_order(carried: Path) -> None:
    assert (
        fonts.missing_glyphs("\U0010fffd津 \U0010fffe\U0010fffd\n", carried)
        == "\U0010fffd\U0010fffe"
    )


def test_a_font_of_the_system_is_taken_only_if_it_covers_the_text(
    monkeypatch: pytest.MonkeyPatch, carried: Path
) -> None:
    import matplotlib

    latin = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    monkeypatch.setattr(fonts, "candidates", lambda: (latin, carried))
    fonts._typeface.cache_clear()
    try:
        assert fonts.typeface("Baseline") == latin
        assert fonts.typeface("基准 Baseline") == carried
    finally:
        fonts._typeface.cache_clear()


def test_without_any_font_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "candidates", tuple)
    fonts._typeface.cache_clear()
    try:
        with pytest.raises(fonts.MissingGlyphsError, match="zhplot"):
            fonts.typeface("津")
    finally:
        fonts._typeface.cache_clear()


def test_the_carrying_package_is_not_imported_nor_pyplot() -> None:
    """Importing it would change matplotlib's settings for the whole process."""
    code = (
        # Looking at the setting `backend` itself would import pyplot.
        "import sys, matplotlib as m; before = dict(dict.items(m.rcParams));"
        "import simulator.reporting.figures.page as p; p.text_width('津', 10.0);"
        "assert 'zhplot' not in sys.modules and 'matplotlib.pyplot' not in sys.modules;"
        "assert dict(dict.items(m.rcParams)) == before"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
