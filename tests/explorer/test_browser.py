"""The page in a real browser: what people do, what screen readers meet, what goes wrong on the way."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.explorer.pages import copy_scenarios, open_site, served

pytestmark = pytest.mark.browser
FUNDS = "#lever-tj27_funds"
SERIOUS = {"serious", "critical"}
# Long, for machines that do much else at the time; nothing waits for them when all is well.
expect.set_options(timeout=30_000)


class Watched:
    """A tab with all it loads and complains of; `close` holds that it was only this server and nothing."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.address = address
        self.page = context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )
        self.page.goto(address, wait_until="commit", timeout=90_000)
        settled(self.page)

    def close(self) -> None:
        """Nothing was asked of anybody else, and nothing was complained of."""
        foreign = [url for url in self.asked if not url.startswith((self.address, "data:"))]
        assert not foreign
        assert not self.complaints
        self.page.context.close()


def settled(page: Page) -> None:
    """Wait until all members of the last move are drawn."""
    page.wait_for_selector('body[data-settled="true"] .card', timeout=90_000)
    page.wait_for_selector("#fan[data-drawn]", timeout=90_000)


def slide(page: Page, value: float, lever: str = FUNDS) -> None:
    """Set a slider as a pointer does."""
    page.locator(lever).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }",
        value,
    )


def chance(page: Page, key: str = "tj27_core_revenue") -> str:
    """The probability on a card with its error."""
    return page.locator(f'[data-key="{key}"] .chance').inner_text()


def median(page: Page) -> float:
    """The last median of the moved scenario as the fan draws it."""
    found = page.evaluate("document.getElementById('fan').data.at(-1).y.at(-1)")
    assert isinstance(found, int | float)
    return float(found)


def new_tab(browser: Browser, address: str, **options: Any) -> Watched:
    """A tab in a context of its own: Chinese and light unless told otherwise."""
    chosen = {"locale": "zh-CN", "color_scheme": "light"} | options
    return Watched(browser.new_context(viewport={"width": 1400, "height": 950}, **chosen), address)


@pytest.fixture(autouse=True)
def closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """No tab of a failed test goes on beside the next one."""
    yield
    if "browser" in request.fixturenames:
        for context in request.getfixturevalue("browser").contexts:
            context.close()


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Watched]:
    """A tab that must end as it should."""
    found = new_tab(browser, address)
    yield found
    found.close()


def test_a_slider_moves_cards_and_chart_and_back(tab: Watched) -> None:
    page = tab.page
    before, drawn = chance(page), median(page)
    expect(page.locator("#custom")).to_be_hidden()
    expect(page.locator("#reset")).to_be_disabled()
    slide(page, 900)
    settled(page)
    assert chance(page) != before
    assert median(page) > drawn
    expect(page.locator("#custom")).to_be_visible()
    expect(page.locator("#command")).to_contain_text("levers.tj27_funds.size=900亿元/年")
    expect(page.locator('[data-key="tj27_core_revenue"] .change')).to_contain_text("个百分点")
    page.click("#reset")
    settled(page)
    assert (chance(page), median(page)) == (before, drawn)
    expect(page.locator("#custom")).to_be_hidden()


def test_a_drag_settles_on_its_last_value(tab: Watched) -> None:
    page = tab.page
    asked = len(tab.asked)
    page.locator(FUNDS).evaluate(
        """async (slider) => {
            for (let i = 1; i <= 60; i += 1) {
                slider.value = 100 + 10 * i;
                slider.dispatchEvent(new Event("input"));
                await new Promise((done) => setTimeout(done, 8));
            }
        }"""
    )
    settled(page)
    expect(page.locator("#command")).to_contain_text("size=700亿元/年")
    field = page.locator('[data-key="tj27_funds"] .lever-control input[type="number"]')
    expect(field).to_have_value("700")
    assert len(tab.asked) - asked < 40, "every step of the drag was asked for"


def test_a_field_takes_a_number_and_keeps_to_the_bounds(tab: Watched) -> None:
    page = tab.page
    field = page.locator('[data-key="tj27_funds"] .lever-control input[type="number"]')
    field.fill("123.5")
    field.press("Enter")
    settled(page)
    expect(page.locator("#command")).to_contain_text("size=123.5亿元/年")
    field.fill("1e9")
    field.press("Enter")
    settled(page)
    high = page.locator(FUNDS).get_attribute("max")
    expect(field).to_have_value(str(high))
    field.fill("")
    field.press("Enter")
    expect(field).to_have_value(str(high))


def test_a_schedule_by_year(tab: Watched) -> None:
    page = tab.page
    lever = page.locator('.lever[data-key="tj27_funds"]')
    lever.locator("summary").click()
    years = lever.locator('.years input[type="number"]')
    years.nth(2).fill("300")
    years.nth(2).press("Enter")
    lever.locator('.years input[type="checkbox"]').check()
    settled(page)
    expect(page.locator("#command")).to_contain_text("interpolate: linear")
    expect(page.locator("#command")).to_contain_text("2027: 300亿元/年")
    expect(lever).to_contain_text("tj-2025-2027")
    lever.get_by_role("button", name="恢复为单一数值").click()
    settled(page)
    expect(page.locator("#command")).not_to_contain_text("interpolate")


def test_conditions_and_aims_are_set_by_hand(tab: Watched) -> None:
    """Conditions from their menu, the places of a lever from its details; both come back with a reload."""
    page = tab.page
    before = page.locator("#command").inner_text()
    page.click("#conditions-title")
    page.get_by_label("全国低迷").check()
    settled(page)
    expect(page.locator("#command")).to_contain_text(
        "--layer scenarios/conditions/national_slump.yaml"
    )
    expect(page.locator("#beside .who").first).to_contain_text("基准情景＋全国低迷")
    page.get_by_label("对照也叠加").check()
    settled(page)
    expect(page.locator("#beside .who").nth(1)).to_contain_text("全国低迷（对照）")
    page.keyboard.press("Escape")
    expect(page.locator("#layers")).to_be_hidden()
    lever = page.locator('.lever[data-key="tj27_funds"]')
    lever.locator(".lever-more > summary").click()
    lever.locator('[data-what="districts"] > summary').click()
    lever.get_by_label("和平区", exact=True).uncheck()
    settled(page)
    expect(lever.locator('[data-what="districts"] > summary')).to_contain_text("24 / 25")
    expect(page.locator("#command")).to_contain_text("levers.tj27_funds.districts=[")
    page.reload(wait_until="commit", timeout=90_000)
    settled(page)
    expect(page.locator("#command")).to_contain_text("levers.tj27_funds.districts=[")
    page.click("#reset")
    settled(page)
    expect(page.locator("#command")).to_have_text(before)


def test_scenarios_are_compared_and_stand_side_by_side(tab: Watched) -> None:
    page = tab.page
    page.select_option("#entry", "scenarios/push.yaml")
    settled(page)
    expect(page.locator(".change b").first).to_be_visible()
    tick = page.locator('[data-key="tj27_funds"] .tick')
    expect(tick).to_be_visible()
    slide(page, 600)
    settled(page)
    page.click("#keep")
    settled(page)
    expect(page.locator("#beside .who")).to_have_count(3)
    expect(page.locator('[data-key="tj27_core_revenue"] li')).to_have_count(1)
    page.locator("#beside .who button").click()
    settled(page)
    expect(page.locator("#beside .who")).to_have_count(2)
    page.select_option("#against", "")
    settled(page)
    expect(page.locator(".change b")).to_have_count(0)
    expect(tick).to_be_hidden()


def test_a_scenario_is_saved_and_a_reload_keeps_what_was_moved(
    browser: Browser, tmp_path: Path
) -> None:
    site = open_site(copy_scenarios(tmp_path))
    with served(site) as address:
        tab = new_tab(browser, address)
        page = tab.page
        slide(page, 450)
        settled(page)
        page.reload(wait_until="commit", timeout=90_000)
        settled(page)
        expect(page.locator("#command")).to_contain_text("size=450亿元/年")
        page.click("#save")
        page.fill("#save-file", "scenarios/from_page.yaml")
        page.click("#save-do")
        expect(page.locator("#saving")).to_be_hidden()
        settled(page)
        expect(page.locator("#entry")).to_have_value("scenarios/from_page.yaml")
        expect(page.locator("#command")).to_contain_text("simulate run scenarios/from_page.yaml -n")
        assert "450亿元/年" in (tmp_path / "scenarios/from_page.yaml").read_text(encoding="utf-8")
        page.click("#save")
        page.fill("#save-file", "scenarios/from_page.yaml")
        page.click("#save-do")
        expect(page.locator("#save-error")).to_contain_text("from_page.yaml")
        page.keyboard.press("Escape")
        expect(page.locator("#saving")).to_be_hidden()
        tab.complaints = [text for text in tab.complaints if "409" not in text]
        tab.close()


def test_both_languages_and_both_modes(tab: Watched) -> None:
    page = tab.page
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#language")
    page.click("#mode")
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Targets explorer")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    line = page.evaluate("document.getElementById('fan').data.at(-1).line.color")
    assert line == "#6db9d3", "the chart is in the colours of the dark mode"
    left = page.locator("main, .levers, header, footer").all_inner_texts()
    chinese = [c for text in left for c in text if "一" <= c <= "鿿" and c not in "亿元中文"]
    assert not chinese, "".join(chinese)
    page.reload(wait_until="commit", timeout=90_000)
    settled(page)
    expect(page.locator("h1")).to_have_text("Targets explorer")


def test_every_word_is_there_in_a_typeface(tab: Watched) -> None:
    """No character is drawn as a box, also on a machine without a Chinese typeface."""
    same = tab.page.evaluate(
        """() => {
            const drawn = ["目", "标", "\\uE123"].map((text) => {
                const pen = new OffscreenCanvas(20, 24).getContext("2d");
                pen.font = `16px ${getComputedStyle(document.body).fontFamily}`;
                pen.fillText(text, 2, 18);
                return pen.getImageData(0, 0, 20, 24).data.join();
            });
            return drawn[0] === drawn[1] || drawn[0] === drawn[2];
        }"""
    )
    assert not same


def test_by_keyboard_alone(tab: Watched) -> None:
    page = tab.page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    page.locator(FUNDS).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    settled(page)
    expect(page.locator("#custom")).to_be_visible()
    expect(page.locator(FUNDS)).to_be_focused()
    assert "亿元/年" in (page.locator(FUNDS).get_attribute("aria-valuetext") or "")
    page.locator("#tab-table").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-matters")).to_be_focused()
    expect(page.locator("#tab-matters")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    expect(page.locator("#tab-ledger")).to_be_focused()
    settled(page)
    expect(page.locator("#panel caption").first).to_be_visible()
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#save-file")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#save")).to_be_focused()


@pytest.mark.parametrize(("mode", "view"), [("light", "matters"), ("dark", "sources")])
def test_no_serious_finding_of_axe(browser: Browser, address: str, mode: str, view: str) -> None:
    """With everything open that can be; the other tabs are tables of the same make."""
    tab = new_tab(browser, address, color_scheme=mode, bypass_csp=True)
    page = tab.page
    page.add_script_tag(content=Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    page.locator('.lever[data-key="tj27_funds"] summary').click()
    slide(page, 700)
    page.click("#more")
    page.click(f"#tab-{view}")
    settled(page)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (item["id"], item["nodes"][0]["html"][:200])
        for item in found["violations"]
        if item["impact"] in SERIOUS
    ]
    assert not serious, json.dumps(serious, ensure_ascii=False, indent=1)
    tab.close()


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_nothing_is_cut_on_a_narrow_screen(browser: Browser, address: str, lang: str) -> None:
    tab = new_tab(browser, address, locale=lang)
    page = tab.page
    page.set_viewport_size({"width": 400, "height": 900})
    page.click("#more")
    slide(page, 700)
    settled(page)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "the page is wider than its window"
    tab.close()


def test_two_tabs_do_not_mix(browser: Browser, address: str) -> None:
    context = browser.new_context(locale="en-GB")
    one, other = Watched(context, address), Watched(context, address)
    slide(one.page, 800)
    slide(other.page, 200)
    settled(one.page)
    settled(other.page)
    expect(one.page.locator("#command")).to_contain_text("size=800亿元/年")
    expect(other.page.locator("#command")).to_contain_text("size=200亿元/年")
    assert median(one.page) > median(other.page)
    assert not one.complaints + other.complaints
    context.close()


def test_ten_sessions_at_once_each_have_their_own_answer(browser: Browser, address: str) -> None:
    tabs = [new_tab(browser, address) for _ in range(10)]
    for number, tab in enumerate(tabs):
        slide(tab.page, 150 + 50 * number)  # never the scenario's own 100
    for tab in tabs:
        settled(tab.page)
    medians = [median(tab.page) for tab in tabs]
    for number, tab in enumerate(tabs):
        size = 150 + 50 * number
        expect(tab.page.locator("#command")).to_contain_text(f"size={size}亿元/年")
        # Paired draws: what differs between sessions is the lever and nothing else.
        assert medians[number] / medians[0] == pytest.approx((1 + size / 2000) / (1 + 150 / 2000))
        tab.close()


def test_a_lost_connection_is_mended(browser: Browser, address: str) -> None:
    tab = new_tab(browser, address)
    page = tab.page
    page.context.set_offline(True)
    slide(page, 650)
    expect(page.locator("#alert")).to_contain_text("断开")
    page.context.set_offline(False)
    settled(page)
    expect(page.locator("#alert")).to_have_text("")
    expect(page.locator("#command")).to_contain_text("size=650亿元/年")
    tab.complaints = [text for text in tab.complaints if "ERR_INTERNET_DISCONNECTED" not in text]
    tab.close()


def test_a_slow_connection_ends_at_the_last_value(browser: Browser, address: str) -> None:
    tab = new_tab(browser, address)
    page = tab.page
    page.route("**/ask", lambda route: (time.sleep(0.15), route.continue_()))
    for size in (150, 250, 350):
        slide(page, size)
        page.wait_for_timeout(120)
    settled(page)
    expect(page.locator("#command")).to_contain_text("size=350亿元/年")
    page.unroute_all(behavior="ignoreErrors")
    tab.close()


def test_a_server_that_ends_is_told_of(browser: Browser, tmp_path: Path) -> None:
    site = open_site(copy_scenarios(tmp_path), pause=0.02)
    with served(site) as address:
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        page.goto(address, wait_until="commit", timeout=90_000)
        page.wait_for_selector(".card", timeout=90_000)
        slide(page, 500)
    expect(page.locator("#alert")).to_have_text(
        re.compile("The server has stopped|Connection lost")
    )
    context.close()
