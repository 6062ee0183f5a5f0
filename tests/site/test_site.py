"""The built site: no warning, two languages that mirror each other, nothing from outside, a search that finds."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from simulator.cli import program
from simulator.observables import CATALOGUE
from simulator.registry import load_library
from tests.site.test_languages import languages, load

ROOT = Path(__file__).parent.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOADED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "use": "href",
}
"""What a browser fetches by itself; a link that a reader clicks is something else."""
WORDS = ["基金", "情景", "目标", "政策工具", "产业链", "基数", "回测", "归因", "滨海新区"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as the documented command builds it."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "build.py"), str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=out, check=False
    )
    said = [line for line in done.stderr.splitlines() if "WARNING" in line or "ERROR" in line]
    assert done.returncode == 0 and not said, done.stderr
    return out


class Page(HTMLParser):
    """What a page loads, links to, and says outside code and folded originals."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.styles: list[str] = []
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if (
            tag in LOADED
            and LOADED[tag] in given
            and given.get("rel") not in {"next", "prev", "search", "index"}
        ):
            self.loads.append(given[LOADED[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.styles.append(given.get("style", ""))
        self.anchors.add(given.get("id", ""))
        if tag in {
            "meta",
            "link",
            "img",
            "input",
            "br",
            "hr",
            "use",
            "path",
            "circle",
            "line",
            "rect",
        }:
            return
        classes = given.get("class", "").split()
        hidden = tag in {"code", "pre", "script", "style", "td", "svg"} or bool(
            {"original", "other-language", "headerlink"} & set(classes)
        )
        self._open.append((tag, hidden))
        if tag in {"p", "li", "h1", "h2", "h3", "h4", "article"}:
            self.said.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break
        if tag in {"p", "li", "h1", "h2", "h3", "h4"}:
            self.said.append("")

    def handle_data(self, data: str) -> None:
        names = {name for name, _ in self._open}
        if "article" in names and not any(hidden for _, hidden in self._open) and self.said:
            self.said[-1] += data


def pages(site: Path, folder: str) -> dict[str, Path]:
    return {
        path.relative_to(site / folder).as_posix(): path for path in (site / folder).rglob("*.html")
    }


@pytest.mark.slow
def test_both_languages_have_every_page_and_lead_to_each_other(site: Path) -> None:
    chinese, english = pages(site, "zh"), pages(site, "en")
    assert set(chinese) == set(english)
    sources = {
        path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
    }
    assert sources <= set(english)
    for name in sources:
        for own, other in ((chinese[name], english[name]), (english[name], chinese[name])):
            links = {
                (own.parent / unquote(urlsplit(link).path)).resolve() for link in Page(own).links
            }
            assert other.resolve() in links
    start = (site / "index.html").read_text(encoding="utf-8")
    assert "zh/index.html" in start and "en/index.html" in start


@pytest.mark.slow
def test_nothing_comes_from_outside_and_links_lead_somewhere(site: Path) -> None:
    found = {path: Page(path) for folder in ("zh", "en") for path in pages(site, folder).values()}
    for path, page in found.items():
        for address in page.loads:
            parts = urlsplit(address)
            assert not parts.scheme and not parts.netloc, f"{path.name} loads {address}"
            if parts.path:
                assert (path.parent / unquote(parts.path)).is_file(), f"{path.name} loads {address}"
        assert not any("url(" in style for style in page.styles)
        for address in page.links:
            parts = urlsplit(address)
            if parts.scheme or not parts.path:
                continue
            target = (path.parent / unquote(parts.path)).resolve()
            assert target.is_file(), f"{path.relative_to(site)} links to {address}"
            if parts.fragment and target.suffix == ".html":
                there = found.get(target) or Page(target)
                assert unquote(parts.fragment) in there.anchors, (
                    f"{path.relative_to(site)}: {address}"
                )
    for sheet in (site / "zh").rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?:url\(\s*[\"']?|@import\s+[\"'])(?:https?:)?//", text), sheet.name
    for script in (site / "zh").rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"(?:fetch|import)\(\s*[\"'](?:https?:)?//", text), script.name


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["zh", "en"])
def test_a_page_speaks_one_language(site: Path, folder: str) -> None:
    wrong = []
    for name, path in pages(site, folder).items():
        for line in Page(path).said:
            for sentence in re.split(r"(?<=[.!?。！？；])\s*", " ".join(line.split())):
                chinese, english = languages.weight(sentence)
                signs = chinese * languages.SIGNS_OF_A_WORD
                if (
                    (english >= 5 and signs < english)
                    if folder == "zh"
                    else (signs >= 6 and signs > english)
                ):
                    wrong.append(f"{name}: {sentence}")
    assert not wrong, "\n".join(wrong)


def phrases(text: str) -> set[str]:
    """Every three English words and every six Chinese characters that stand together."""
    found: set[str] = set()
    for run in re.findall(r"[\u3400-\u9fff]+", text):
        found.update(run[start : start + 6] for start in range(len(run) - 5))
    for part in re.split(r"[^A-Za-z ’'\-]+", text):
        words = part.split()
        found.update(" ".join(words[start : start + 3]) for start in range(len(words) - 2))
    return found


@pytest.mark.slow
def test_nothing_of_a_page_is_lost(site: Path) -> None:
    docs = ROOT / "docs"
    for source in sorted(docs.rglob("*.md")):
        text = re.sub(
            r"```.*?```|<!--.*?-->|`[^`]*`|\]\([^)]*\)",
            "|",
            source.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        name = source.relative_to(docs).with_suffix(".html")
        there: set[str] = set()
        for folder in ("zh", "en"):
            html = (site / folder / name).read_text(encoding="utf-8")
            page = re.sub(r"<code.*?</code>|<[^>]*>", "|", html, flags=re.DOTALL)
            alternative = " | ".join(re.findall(r'alt="([^"]*)"', html))
            there |= phrases(" ".join(unescape(f"{page} | {alternative}").split()))
        wanted: set[str] = set()
        for block in re.split(r"\n\s*\n|\n#|\n\s*[-|\d]", text):
            wanted |= phrases(" ".join(re.sub(r"[*_#]+|^[\s-]+", "|", block).split()))
        assert wanted <= there, f"{name}: {sorted(wanted - there)[:5]}"


@pytest.mark.slow
def test_the_catalogues_are_whole(site: Path) -> None:
    library = load_library()
    for folder in ("zh", "en"):

        def text(page: str, folder: str = folder) -> str:
            return (site / folder / "reference" / page).read_text(encoding="utf-8")

        levers, targets = text("levers.html"), text("targets.html")
        assert len(library.registry.levers) == 143 and len(library.registry.targets) == 55
        for lever in library.registry.levers:
            assert re.search(rf">{lever.key}(\.\w+)?<", levers) and lever.clause.key in levers
        for target in library.registry.targets:
            assert f">{target.key}<" in targets and target.clause.key in targets
        series, commands = text("series.html"), text("commands.html")
        assert all(f">{item.key}<" in series for item in CATALOGUE)
        assert all(f"simulate {name}<" in commands for name in program.commands)


@pytest.mark.slow
def test_the_index_finds_chinese_words(site: Path) -> None:
    house = load("house")
    split = house.Chinese({})
    text = (site / "zh" / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    known = {**index["terms"], **index["titleterms"]}
    for word in WORDS:
        assert word in split.split(word) and word in known, word
    for term in split.split("产业基金的目标"):
        assert not split.word_filter(term) or term in known


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The site on the loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(
    ("folder", "query", "page"),
    [
        ("zh", "基金", "reference/levers.html"),
        ("zh", "情景目标", "reference/scenario.html"),
        ("zh", "自有企业名单", "tutorials/own_firms.html"),
        ("en", "construction", "concepts.html"),
    ],
)
def test_a_browser_finds(served: str, folder: str, query: str, page: str, tmp_path: Path) -> None:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        if os.environ.get("SIMULATE_REQUIRE_BROWSER"):
            pytest.fail("no Chromium here, and SIMULATE_REQUIRE_BROWSER asks for one")
        pytest.skip("no Chromium here")
    done = subprocess.run(
        [
            browser,
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *(f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom"),
            f"{served}/{folder}/search.html?q={quote(query)}",
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    results = done.stdout[done.stdout.index('class="search"') :]
    assert page in results
