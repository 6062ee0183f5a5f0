"""How Sphinx builds the site, once for each language: `python docs/build.py` does both.

`-D language=zh_CN` or `-D language=en` picks the language; the sources are the same.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "site"), str(ROOT)]

language = "en"
project = "simulate"
author = "the simulate contributors"
project_copyright = "the simulate contributors"
extensions = ["myst_parser", "languages", "catalogues", "house"]
root_doc = "index"
exclude_patterns = ["site"]
include_patterns = ["**.md"]

myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 3
smartquotes = False  # they would change quoted commands, and Chinese has its own marks
pages_with_summary = [f"decisions/{path.stem}" for path in (HERE / "decisions").glob("[0-9]*.md")]

html_theme = "furo"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
templates_path = ["site/templates"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
pygments_style = "tango"
pygments_dark_style = "github-dark"


def tokens(opening: str) -> dict[str, str]:
    """The tokens that the block of the shared look sets: `ground`, `ink`, `accent` and so on."""
    look = (ROOT / "simulator" / "reporting" / "theme.css").read_text(encoding="utf-8")
    block = look[look.index(f"{opening} {{") :].partition("}")[0]
    return {
        name: " ".join(value.split()) for name, value in re.findall(r"--([\w-]+):([^;]+);", block)
    }


def colours(own: dict[str, str]) -> dict[str, str]:
    """What furo calls them."""
    return {
        "color-brand-primary": own["accent"],
        "color-brand-content": own["accent"],
        "color-brand-visited": own["accent"],
        "color-background-primary": own["ground"],
        "color-background-secondary": own["panel"],
        "color-background-hover": own["track"],
        "color-background-border": own["rule"],
        "color-foreground-primary": own["ink"],
        "color-foreground-secondary": own["muted"],
        "color-foreground-muted": own["muted"],
        "color-foreground-border": own["rule"],
        "color-inline-code-background": own["track"],
        "color-code-background": own["panel"],
        "color-code-foreground": own["ink"],
        "color-table-header-background": own["panel"],
        "color-table-border": own["rule"],
    }


LIGHT, DARK = tokens(":root"), tokens(':root[data-theme="dark"]')
html_theme_options = {
    "light_css_variables": {
        **colours(LIGHT),
        "font-stack": LIGHT["sans"],
        "font-stack--monospace": LIGHT["mono"],
    },
    "dark_css_variables": colours(DARK),
}
