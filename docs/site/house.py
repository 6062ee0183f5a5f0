"""What the two sites share besides text: names, words of the theme, search in Chinese, links into the house."""

import logging
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

import jieba
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese
from sphinx.transforms import SphinxTransform

ROOT: Final = Path(__file__).parent.parent.parent
WORDS: Final = ROOT / "docs" / "site" / "words.txt"
TITLES: Final = {"zh": "simulate · 规划目标模拟", "en": "simulate · plan targets"}
ELSEWHERE: Final = {"results/README": "reference/results", "README": "index"}
"""Pages of the site that show what lies outside `docs/`."""
CHILDREN: Final = {"decisions/README": "[0-9]*"}
"""Pages below a page that lists them in a table of its own."""
CHINESE: Final = {
    "Skip to content": "跳到正文",
    "Back to top": "回到顶部",
    "On this page": "本页内容",
    "Please activate JavaScript to enable the search functionality.": "搜索需要启用 JavaScript。",
    "Home": "首页",
    "Next": "下一页",
    "Previous": "上一页",
    "Made with ": "制作工具：",
    '<a href="https://www.sphinx-doc.org/">Sphinx</a> and ': '<a href="https://www.sphinx-doc.org/">Sphinx</a> 与 ',
    "Hide Search Matches": "不再标出搜索词",
}
"""Words of the theme that its own translations lack."""


class Words(NullTranslations):
    """Sphinx's own translations, and after them those above."""

    def gettext(self, message: str) -> str:
        """The message in Chinese, or as it is."""
        return (
            CHINESE.get(message.strip("\n"))
            or CHINESE.get(" ".join(message.split()))
            or super().gettext(message)
        )


class Chinese(SearchChinese):
    """Index words found by jieba; a query is cut at the longest words that the index knows."""

    language_name = "English"  # the stemmer that Sphinx names in the page is that of English words
    js_splitter_code = """
var splitQuery = (query) => {
  const known = (word) =>
    Search._index && (Object.hasOwn(Search._index.terms, word) || Object.hasOwn(Search._index.titleterms, word));
  const words = [];
  for (const [run] of query.matchAll(/\\p{Script=Han}+|(?:(?!\\p{Script=Han})[\\p{L}\\p{N}_])+/gu)) {
    if (!/\\p{Script=Han}/u.test(run)) { words.push(run); continue; }
    let place = 0, found = false;
    while (place < run.length) {
      let size = Math.min(8, run.length - place);
      while (size > 1 && !known(run.slice(place, place + size))) size -= 1;
      if (size > 1) { words.push(run.slice(place, place + size)); found = true; }
      place += size;
    }
    if (!found) words.push(run);
  }
  return words;
};
"""

    def __init__(self, options: dict[str, str]) -> None:
        """Tell jieba the words of this field, one a line."""
        super().__init__({**options, "dict": ""})
        for word in WORDS.read_text(encoding="utf-8").split():
            jieba.add_word(word)


class Neighbours(SphinxTransform):
    """Links that lead out of `docs/`: a file becomes a copy beside the page, a folder its name."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Resolve every link to something in the repository that is no page."""
        page = Path(self.env.doc2path(self.env.docname)).parent
        for link in list(self.document.findall(addnodes.pending_xref)):
            target = str(link.get("reftarget", ""))
            if link.get("refdomain") == "doc" and Path(target).is_absolute():
                link["reftarget"] = ELSEWHERE[str(Path(target).relative_to(ROOT))]
            elif link.get("reftype") == "myst" and (page / target).is_dir():
                link.replace_self([child.deepcopy() for child in link.children])
        for copy in list(self.document.findall(addnodes.download_reference)):
            if not (page / str(copy["reftarget"])).is_file():
                copy.replace_self([child.deepcopy() for child in copy.children])


def add_children(app: Sphinx, docname: str, source: list[str]) -> None:
    """A hidden table of contents for the pages below."""
    if docname in CHILDREN:
        source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n\n{CHILDREN[docname]}\n```\n"


def name_the_site(app: Sphinx, config: Any) -> None:
    """Title and search of the language."""
    zh = config.language.startswith("zh")
    config.html_title = TITLES["zh" if zh else "en"]


def speak_chinese(app: Sphinx) -> None:
    """Give the templates the missing words."""
    if app.config.language.startswith("zh") and hasattr(app.builder, "templates"):
        words = Words()
        words.add_fallback(app.translator)
        app.builder.templates.environment.install_gettext_translations(words, newstyle=True)


def tell_language(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """The address of the same page in the other language."""
    zh = app.config.language.startswith("zh")
    folder, word, lang = ("en", "English", "en") if zh else ("zh", "中文", "zh-CN")
    context["language"] = "zh-CN" if zh else "en"
    context["other_language"] = {
        "href": f"{context['content_root']}../{folder}/{pagename}.html",
        "word": word,
        "lang": lang,
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the parts to Sphinx."""
    jieba.setLogLevel(logging.WARNING)
    app.add_search_language(Chinese)
    app.add_transform(Neighbours)
    app.connect("source-read", add_children)
    app.connect("config-inited", name_the_site)
    app.connect("builder-inited", speak_chinese)
    app.connect("html-page-context", tell_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
