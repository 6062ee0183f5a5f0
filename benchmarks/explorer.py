"""How quickly the explorer answers, in a browser on this machine: `python benchmarks/explorer.py [--json] [--write]`.

A server of its own with the compiled engine, Debian's Chromium without a screen. Measured from outside, as a person
meets it: from opening the page to the first cards and charts, from moving a slider to the redrawn page and to the
picture of 64 and of 1000 members, a drag of sixty steps, ten sessions at once. Load of the machine is printed beside,
since the members take whatever cores they get. `--write` puts the figures into docs/performance.md, between its marks.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/performance.md"
MARKS = (
    "<!-- explorer: written by benchmarks/explorer.py -->",
    "<!-- end of the explorer's figures -->",
)
GOALS = {
    "page_cards": 1.5,
    "page_charts": 1.5,
    "move_64_members": 1.0,
    "drag_of_60_last_value": 1.0,
}
"""Seconds that are aimed at; the other figures are told and not judged."""
WORDS = {
    "server_ready": ("服务器就绪", "server answers"),
    "page_cards": ("打开页面至目标卡", "page opened to cards"),
    "page_charts": ("打开页面至全部图", "page opened to all charts"),
    "page_again": ("同一浏览器再次打开至全部图", "opened again in the same browser, to all charts"),
    "move_first_redraw": ("拖动滑块至首次重绘", "slider moved to first redraw"),
    "move_64_members": ("拖动滑块至 64 个成员", "slider moved to 64 members"),
    "move_1000_members": ("拖动滑块至 1000 个成员", "slider moved to 1000 members"),
    "drag_of_60_last_value": (
        "60 步拖动结束至末值重绘",
        "end of a drag of 60 steps to its last value",
    ),
    "move_seen_before": ("看过的设定", "a setting seen before"),
    "sessions_first_redraw": (
        "十个会话同时移动，最慢首绘",
        "ten sessions move at once, slowest first redraw",
    ),
}
CHROMIUM = os.environ.get("SIMULATE_CHROMIUM") or shutil.which("chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
LEVER = "#lever-tj27_funds"
SET = "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }"
DRAG = """async (slider) => {
    for (let i = 1; i <= 60; i += 1) {
        slider.value = 100 + 10 * i;
        slider.dispatchEvent(new Event("input"));
        await new Promise((done) => setTimeout(done, 16));
    }
}"""
WATCH = """() => {
    window.drawn = [];
    const at = (id) => document.getElementById(id);
    const note = () => window.drawn.push(
        [performance.now(), Number(document.body.dataset.members), at("command").textContent]);
    new MutationObserver(note).observe(at("cards"), { childList: true });
}"""


def measure(moves: int, sessions: int) -> dict[str, Any]:
    """All figures, in seconds."""
    words = [sys.executable, "-m", "simulator", "--json", "explore"]
    load = os.getloadavg()[0]
    begun = time.monotonic()
    server = subprocess.Popen(
        [*words, str(ROOT / "scenarios/baseline.yaml"), "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert server.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            line = server.stdout.readline()
            if not line:
                sys.exit(f"the server ended with exit code {server.wait()}")
            said += line
        address = json.loads(said)["address"]
        found: dict[str, Any] = {"server_ready": time.monotonic() - begun}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            found |= _one_tab(browser, address, moves)
            found |= _many(browser, address, sessions)
            browser.close()
    finally:
        server.terminate()
        server.wait(30)
    return {
        **found,
        "cores": os.cpu_count(),
        "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
    }


def _one_tab(browser: Browser, address: str, moves: int) -> dict[str, Any]:
    page = _opened(browser, address)
    page.wait_for_selector('body[data-settled="true"]')
    page.close()
    # The second opening is the page's own time: the model is compiled and the baseline is there.
    begun = time.monotonic()
    page = _opened(browser, address, wait=False)
    page.wait_for_selector(".card")
    cards = time.monotonic() - begun
    page.wait_for_selector("#districts[data-drawn]")
    charts = time.monotonic() - begun
    page.wait_for_selector('body[data-settled="true"]')
    begun = time.monotonic()
    page.reload(wait_until="commit")
    page.wait_for_selector("#districts[data-drawn]")
    again_open = time.monotonic() - begun
    page.wait_for_selector('body[data-settled="true"]')
    page.evaluate(WATCH)
    first, stage, members = [], [], []
    for number in range(moves):
        value = 160 + 10 * number  # whole steps of the slider, none of them the shipped dose
        page.evaluate("() => { window.drawn.length = 0; window.begun = performance.now(); }")
        page.locator(LEVER).evaluate(SET, value)
        page.wait_for_selector(f'#command:has-text("size={value}亿元\' -n 64")')
        drawn = _drawn(page, value)
        first.append(drawn[0][0])
        members.append(drawn[0][1])
        stage.append(drawn[-1][0])
    page.wait_for_selector('body[data-settled="true"]')
    whole = _drawn(page, value)[-1][0]
    page.evaluate("() => { window.drawn.length = 0; window.begun = performance.now(); }")
    page.locator(LEVER).evaluate(DRAG)
    ended = page.evaluate("performance.now()")
    page.wait_for_selector('#command:has-text("size=700亿元")')
    at_last = page.evaluate("window.drawn.find((row) => row[2].includes('size=700'))[0]")
    # A setting that was looked at before is there at once.
    page.wait_for_selector('body[data-settled="true"]')
    page.evaluate("() => { window.drawn.length = 0; window.begun = performance.now(); }")
    page.locator(LEVER).evaluate(SET, 160)
    page.wait_for_selector('body[data-settled="true"] #command:has-text("size=160亿元")')
    again = page.evaluate("window.drawn[0][0] - window.begun") / 1000
    page.close()
    return {
        "page_cards": cards,
        "page_charts": charts,
        "page_again": again_open,
        "move_first_redraw": _spread(first),
        "move_first_redraw_members": members,
        "move_64_members": _spread(stage),
        "move_1000_members": whole,
        "drag_of_60_last_value": (at_last - ended) / 1000,
        "move_seen_before": again,
    }


def _drawn(page: Page, value: int) -> list[tuple[float, int]]:
    """Seconds after the move and members of each picture of a setting."""
    begun, rows = page.evaluate("[window.begun, window.drawn]")
    return [((t - begun) / 1000, n) for t, n, said in rows if f"size={value}亿元" in said]


def _many(browser: Browser, address: str, sessions: int) -> dict[str, Any]:
    """Sessions that each move to a setting of their own at once; until each shows its own 64 members."""
    pages = [_opened(browser, address) for _ in range(sessions)]
    for page in pages:
        page.wait_for_selector('body[data-settled="true"]')
    begun = time.monotonic()
    for number, page in enumerate(pages):
        page.locator(LEVER).evaluate(SET, 810 + 10 * number)
    seconds = []
    for number, page in enumerate(pages):
        page.wait_for_selector(f'#command:has-text("size={810 + 10 * number}亿元")')
        seconds.append(time.monotonic() - begun)
    right = sum(
        f"size={810 + 10 * number}亿元" in page.locator("#command").inner_text()
        for number, page in enumerate(pages)
    )
    return {"sessions": sessions, "sessions_right": right, "sessions_first_redraw": max(seconds)}


def _opened(browser: Browser, address: str, wait: bool = True) -> Page:
    page = browser.new_context(locale="zh-CN", viewport={"width": 1400, "height": 950}).new_page()
    page.set_default_timeout(600_000)
    page.goto(address, wait_until="load" if wait else "commit")
    return page


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"median": statistics.median(seconds), "worst": max(seconds)}


def table(found: dict[str, Any]) -> str:
    """The figures as they stand in docs/performance.md."""
    kind = f"{time.strftime('%Y-%m-%d')}, {found['cores']} cores · 核"
    lines = [
        f"{kind}; load before and after · 测量前后负载 {found['load_before']}, {found['load_after']}. "
        f"Ten sessions with the right answer · 十个会话中答案正确者: {found['sessions_right']}. "
        f"Members in the first redraws · 首次重绘的成员数: {found['move_first_redraw_members']}.",
        "",
        "| measured · 指标 | median, s · 中位数 | worst · 最差 | goal · 目标 | verdict · 判定 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for key, (zh, en) in WORDS.items():
        value = found[key]
        middle, worst = (
            (value["median"], value["worst"]) if isinstance(value, dict) else (value, value)
        )
        goal = GOALS.get(key)
        verdict = "–" if goal is None else "met · 达标" if middle <= goal else "**missed · 未达标**"
        aim = "–" if goal is None else f"≤{goal:g}"
        lines.append(f"| {zh} · {en} | {middle:.2f} | {worst:.2f} | {aim} | {verdict} |")
    return "\n".join(lines)


def write(found: dict[str, Any]) -> None:
    """Put the table between the marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not begin or not end:
        sys.exit(f"{PAGE.name} lacks the marks of the explorer's figures")
    PAGE.write_text(f"{before}{begin}\n\n{table(found)}\n\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How quickly the explorer answers.")
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    asked = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("no chromium on this machine; set SIMULATE_CHROMIUM")
    found = measure(asked.moves, asked.sessions)
    if asked.write:
        write(found)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {seconds:.2f} s" for key, seconds in value.items())
        elif isinstance(value, float) and not name.startswith("load"):
            value = f"{value:.2f} s"
        print(f"{name.replace('_', ' '):28} {value}")


if __name__ == "__main__":
    main()
