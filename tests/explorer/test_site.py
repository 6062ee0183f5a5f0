"""What the server answers: pictures, hostile input, headers, saved scenarios, the command that equals the page."""

import io
import json
import shlex
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import plotly.graph_objects as graphs
import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from simulator.cli import program
from simulator.cli.session import Session
from simulator.experiments.runs import run
from simulator.explorer.answering import FIFTHS
from simulator.explorer.asking import VIEWS
from simulator.explorer.catalogue import METRICS, catalogue
from simulator.explorer.ensembles import Ensembles
from simulator.explorer.guards import MOST_BYTES, is_loopback
from simulator.explorer.shelf import Shelf
from simulator.explorer.site import Site
from simulator.foundation.findings import UsageError
from simulator.scenario import load_scenario
from tests.explorer.pages import (
    ROOT,
    Client,
    copy_scenarios,
    moved,
    open_site,
    question,
    quick,
    served,
)


def test_the_page_holds_its_catalogue_and_nothing_of_it_ends_the_element(client: Client) -> None:
    text = client.send("GET", "/").body.decode()
    inside = text.partition('id="catalogue">')[2].partition("</script>")[0]
    told = json.loads(inside)
    assert told["home"] == "scenarios/baseline.yaml"
    assert {"scenarios/push.yaml", "scenarios/no_policy.yaml"} <= {e["id"] for e in told["entries"]}
    assert "scenarios/hindcast.yaml" not in {e["id"] for e in told["entries"]}, "another period"
    assert len(told["levers"]) == 40
    assert {lever["clause"]["zh"] != "" for lever in told["levers"]} == {True}
    assert "{{" not in text
    assert [m["key"] for m in told["metrics"]] == list(METRICS)
    funds = next(lever for lever in told["levers"] if lever["key"] == "tj27_funds")
    assert told["units"][funds["unit"]] == {"zh": "亿元/年", "en": "亿元/yr"}
    assert {lever["unit"] for lever in told["levers"]} <= set(told["units"])


@pytest.mark.parametrize(
    ("path", "kind", "least"),
    [
        ("/explorer.js", "text/javascript", 5_000),
        ("/explorer.css", "text/css", 2_000),
        ("/theme.css", "text/css", 1_000),
        ("/plotly.js", "text/javascript", 1_000_000),
        ("/noto-sans-sc.ttf", "font/ttf", 1_000_000),
        ("/letters.woff", "font/woff", 50_000),
    ],
)
def test_everything_the_page_loads_comes_from_this_server(
    client: Client, path: str, kind: str, least: int
) -> None:
    reply = client.send("GET", path)
    assert reply.status == 200 and len(reply.body) > least
    assert reply.headers["content-type"].startswith(kind)


def test_a_picture_has_cards_with_errors_and_paired_changes(client: Client) -> None:
    picture = client.settle(question(current=moved(500)))
    card = next(card for card in picture["cards"] if card["key"] == "tj27_core_revenue")
    assert picture["members"] == picture["compared"] == 64
    assert card["low"] < card["probability"] < card["high"]
    assert card["change"]["lost"] == 0 < card["change"]["gained"], (
        "larger funds lose no member here"
    )
    assert card["change"]["value"] == card["change"]["gained"] / 64
    assert picture["cards"][0]["key"] == "joint:tj-2025-2027"
    assert "worse than naive" in picture["caution"] and picture["calibrated"]
    assert picture["command"].startswith("simulate run scenarios/baseline.yaml --set ")
    assert picture["command"].endswith(" -n 64")


def test_the_same_question_has_the_same_answer_and_itself_differs_by_nothing(
    client: Client,
) -> None:
    one, other = (client.settle(question(current=moved(220))) for _ in range(2))
    assert one == other
    same = client.settle(question(current=moved(220), against=moved(220)))
    assert {card["change"]["value"] for card in same["cards"]} == {0.0}
    assert {row["difference"] for row in same["view"]["table"]} == {"0 ± 0"}


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_is_a_figure_of_plotly(client: Client, lang: str, mode: str) -> None:
    beside = [moved(400) | {"name": "x"}, {"entry": "scenarios/push.yaml"}]
    asked = question(view="matters", lang=lang, mode=mode, members=240, beside=beside)
    for metric in ("core_revenue", "talent_pool"):
        picture = client.settle(asked | {"metric": metric})
        parts = [picture["fan"], picture["chains"], picture["districts"], picture["view"]]
        for part in parts:
            graphs.Figure(part["chart"])  # refuses what plotly does not know
            assert part["title"] and part["text"]
    assert len(picture["legend"]) == 4


def test_ten_askers_at_once_each_have_their_own_answer(client: Client) -> None:
    sizes = [60.0 + 10 * number for number in range(10)]

    def ask(size: float) -> dict[str, Any]:
        return client.settle(question(asker=f"tab {size}", current=moved(size)))

    with ThreadPoolExecutor(10) as askers:
        pictures = list(askers.map(ask, sizes))
    medians = [picture["fan"]["chart"]["data"][-1]["y"][-1] for picture in pictures]
    for size, picture, middle in zip(sizes, pictures, medians, strict=True):
        assert f"size={size:.0f}亿元/年" in picture["command"]
        assert middle / medians[0] == pytest.approx((1 + size / 2000) / (1 + sizes[0] / 2000))


def test_beside_each_other_every_scenario_has_its_colour(client: Client) -> None:
    picture = client.settle(question(beside=[moved(400) | {"name": "More"}]))
    colours = [item["colour"] for item in picture["legend"]]
    assert len(set(colours)) == 3
    assert picture["cards"][0]["beside"][0]["name"] == "More"


def test_money_is_booked_in_the_ledger(client: Client) -> None:
    view = client.settle(question(view="ledger", lang="zh"))["view"]
    assert "天使、创业与产业投资基金" in {row["name"] for row in view["levers"]}
    assert {row["role"] for row in view["accounts"]} >= {"来源", "在途", "到达"}


def test_assumptions_have_grades_and_sources(client: Client) -> None:
    rows = client.settle(question(view="sources"))["view"]["assumptions"]
    assert len(rows) > 50
    assert {row["grade"] for row in rows} <= {"stated", "reported", "literature", "assumed"}
    assert all(row["sources"] for row in rows)


def test_a_schedule_by_year_is_what_the_command_sets(client: Client) -> None:
    years = {"years": {"2025": 100, "2026": 200, "2027": 300}, "linear": True}
    shown = {"entry": "scenarios/baseline.yaml", "doses": {"tj27_funds": years}}
    words = shlex.split(client.settle(question(current=shown))["command"])
    key, _, value = words[words.index("--set") + 1].partition("=")
    found = load_scenario(ROOT / "scenarios/baseline.yaml", {key: value})
    dose = next(s.dose for s in found.levers if s.lever.key == "tj27_funds")
    assert dose.linear and dose.points == ((2025, 100.0), (2026, 200.0), (2027, 300.0))


SLUMP = "scenarios/conditions/national_slump.yaml"
WINTER = "scenarios/conditions/funding_winter.yaml"


def test_conditions_and_aims_are_part_of_command_legend_and_saved_file(
    client: Client, site: Site
) -> None:
    """What is laid over a scenario, and where a lever acts, is in all that leaves the page."""
    told = client.send("GET", "/").body.decode()
    assert SLUMP in told and "全国低迷" in told
    shown = moved(300) | {
        "layers": [SLUMP, WINTER],
        "aims": {"tj27_zone_connected": {"districts": ["xiqing"], "chains": ["big_data"]}},
    }
    picture = client.settle(question(current=shown))
    assert picture["legend"][0]["name"] == "Baseline + National slump + Funding winter"
    words = shlex.split(picture["command"])
    layers = [words[i + 1] for i, word in enumerate(words) if word == "--layer"]
    sets = [words[i + 1].partition("=") for i, word in enumerate(words) if word == "--set"]
    assert layers == [SLUMP, WINTER]
    folder = site.shelf.folder
    told_so = load_scenario(
        folder / words[2],
        {key: value for key, _, value in sets},
        layers=[folder / layer for layer in layers],
    )
    assert client.post("/save", wish(shown, file="scenarios/laid.yaml")).status == 201
    saved = load_scenario(folder / "scenarios/laid.yaml")
    for part in ("levers", "assumptions", "mechanisms"):
        assert saved.resolved()[part] == told_so.resolved()[part]
    zone = next(s for s in saved.levers if s.lever.key == "tj27_zone_connected")
    assert (zone.places, zone.chains) == (("xiqing",), ("big_data",))
    assert saved.assumptions["g_nat_ai"].numbers == (0.1,)
    assert (
        CliRunner().invoke(program, ["check", str(folder / "scenarios/laid.yaml")]).exit_code == 0
    )


def test_conditions_lie_over_the_comparison_when_asked(client: Client) -> None:
    laid = {"entry": "scenarios/baseline.yaml", "layers": [SLUMP]}
    picture = client.settle(question(current=laid, against=laid, lang="zh"))
    assert picture["legend"][1]["name"] == "基准情景＋全国低迷（对照）"
    assert all(card["change"]["value"] == 0.0 for card in picture["cards"])


def test_known_figures_are_dots_in_the_fan(client: Client) -> None:
    """Published levels filled, at their quarter; the constructions of the unpublished base hollow."""
    fan = client.settle(question(metric="fund_committed"))["fan"]
    dots = [trace for trace in fan["chart"]["data"] if trace.get("mode") == "markers"]
    assert [(trace["x"], trace["y"]) for trace in dots] == [(["2025Q1"], [1104.0])]
    assert "tj-finance-2025-05" in dots[0]["customdata"][0][0]
    fan = client.settle(question(metric="core_revenue"))["fan"]
    dots = [trace for trace in fan["chart"]["data"] if trace.get("mode") == "markers"]
    assert {time for trace in dots for time in trace["x"]} <= {"2024"}
    assert "published" in fan["text"] or not dots


def test_what_the_browser_has_is_not_sent_again(client: Client) -> None:
    for path in ("/plotly.js", "/explorer.js", "/theme.css"):
        first = client.send("GET", path)
        again = client.send("GET", path, if_none_match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert client.send("GET", path, if_none_match='"other"').body == first.body


def test_every_letter_of_the_page_is_carried(tmp_path: Path) -> None:
    """A machine without a Chinese typeface is sent a tenth of a megabyte and not ten."""
    site = open_site(copy_scenarios(tmp_path))
    with served(site) as address:
        client = Client(address, site.token)
        held = set(TTFont(io.BytesIO(client.send("GET", "/letters.woff").body)).getBestCmap())
        told = client.send("GET", "/").body.decode()
        for view in VIEWS:
            found = client.settle(question(lang="zh", view=view, members=FIFTHS))
            told += json.dumps(found, ensure_ascii=False)
    missing = {letter for letter in told if "\u2e80" < letter < "\ufffe"} - set(map(chr, held))
    assert not missing, "".join(sorted(missing))


def test_the_command_gives_the_numbers_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the model itself: cards of the page against the targets of the run folder."""
    monkeypatch.chdir(copy_scenarios(tmp_path))
    site = Site(Shelf(["scenarios/baseline.yaml"]), Ensembles(2))
    with served(site) as address:
        picture = Client(address, site.token).settle(question(current=moved(300), members=12))
    words = shlex.split(picture["command"])
    done = CliRunner().invoke(program, ["--json", *words[1:], "--no-figures"])
    assert done.exit_code == 0, done.output
    stored = {t["key"]: t["probability"] for t in json.loads(done.stdout)["targets"]}
    cards = {c["key"]: c for c in picture["cards"] if not c["key"].startswith("joint:")}
    assert cards
    for key, card in cards.items():
        assert stored[key]["value"] == card["probability"], key
        assert (stored[key]["low"], stored[key]["high"]) == (card["low"], card["high"]), key


def test_a_saved_run_is_shown_and_cannot_be_changed(tmp_path: Path) -> None:
    folder = copy_scenarios(tmp_path)
    stored = run(folder / "scenarios/baseline.yaml", n=6, out=folder / "run", engine="plain")
    site = Site(Shelf([folder / "run"], folder=folder), Ensembles(1, prepare=quick()))
    shown = {"entry": "run"}
    with served(site) as address:
        client = Client(address, site.token)
        picture = client.settle(question(current=shown, against=None, view="ledger", members=6))
        assert picture["members"] == 6
        last = np.quantile(stored.annual("core_revenue")[:, -1], 0.5)
        assert picture["fan"]["chart"]["data"][-1]["y"][-1] == pytest.approx(last, abs=0.0)
        refused = client.post("/ask", question(current=moved(300, "run"), against=None))
        assert refused.status == 400
        assert client.post("/save", wish(shown)).status == 400
        assert client.send("GET", "/").body.decode().count('"saved": true') == 1


def test_what_cannot_be_paired_is_refused_at_the_start(tmp_path: Path) -> None:
    folder = copy_scenarios(tmp_path)
    paths = [folder / "scenarios/baseline.yaml", folder / "scenarios/hindcast.yaml"]
    with pytest.raises(UsageError, match="paired"):
        Shelf(paths, folder=folder)


# Hostile input


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"move": NaN}',
        b'{"move": Infinity}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"asker": "x"}',
        json.dumps(question(move=-1)).encode(),
        json.dumps(question(move=True)).encode(),
        json.dumps(question(metric="core_revenue[x]")).encode(),
        json.dumps(question(members=10**9)).encode(),
        json.dumps(question(lang="fr")).encode(),
        json.dumps(question(view="../../etc/passwd")).encode(),
        json.dumps(question(beside=[{}] * 5)).encode(),
        json.dumps(question(surprise=1)).encode(),
        json.dumps(question(asker="x" * 65)).encode(),
        json.dumps(question(current=moved(1e300))).encode(),
        json.dumps(question(current=moved(-5))).encode(),
        json.dumps(question(current={"entry": "scenarios/baseline.yaml", "doses": []})).encode(),
        json.dumps(
            question(current={"entry": "scenarios/baseline.yaml", "doses": {"__class__": 1}})
        ).encode(),
        *(
            json.dumps(question(current={"entry": "scenarios/baseline.yaml"} | part)).encode()
            for part in (
                {"layers": "all"},
                {"layers": ["../../etc/passwd"]},
                {"layers": ["scenarios/push.yaml"]},
                {"layers": [["x"]]},
                {"layers": ["scenarios/conditions/national_slump.yaml"] * 2},
                {"aims": []},
                {"aims": {"nothing": {"chains": ["big_data"]}}},
                {"aims": {"tj27_funds": {"chains": []}}},
                {"aims": {"tj27_funds": {"chains": ["x], y: [z"]}}},
                {"aims": {"tj27_funds": {"districts": [{}]}}},
                {"aims": {"tj27_funds": {"districts": ["xiqing", "xiqing"]}}},
                {"aims": {"tj27_funds": {"places": ["xiqing"]}}},
            )
        ),
        json.dumps(
            question(
                current={
                    "entry": "scenarios/baseline.yaml",
                    "doses": {"tj27_funds": {"years": {"20x5": 1}}},
                }
            )
        ).encode(),
    ],
)
def test_bad_questions_are_refused_with_a_reason_in_both_languages(
    client: Client, body: bytes
) -> None:
    reply = client.send("POST", "/ask", body)
    assert reply.status == 400
    assert reply.json["error"]["zh"] and reply.json["error"]["en"]
    assert "Traceback" not in reply.body.decode()


@pytest.mark.parametrize("entry", ["../secret.yaml", "/etc/passwd", "scenarios/nothing.yaml"])
def test_only_what_is_on_the_shelf_can_be_asked_for(client: Client, entry: str) -> None:
    assert client.post("/ask", question(current={"entry": entry})).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/page/index.html",
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/.git/config",
    ],
)
def test_unknown_addresses_are_not_found(client: Client, path: str) -> None:
    assert client.send("GET", path).status == 404


def test_methods_are_held_to(client: Client) -> None:
    assert client.send("GET", "/ask").status == 405
    assert client.send("POST", "/", b"{}").status == 405


def test_large_bodies_and_other_kinds_are_refused(client: Client) -> None:
    assert client.send("POST", "/ask", b" " * (MOST_BYTES + 1)).status == 413
    reply = client.send("POST", "/ask", b"{}", content_type="text/plain")
    assert reply.status == 415


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8321", "127.0.0.1.evil.example", ""]
)
def test_other_names_for_this_machine_are_refused(client: Client, host: str) -> None:
    assert client.send("GET", "/", host=host).status == 421


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8321", "[::1]"])
def test_its_own_names_are_accepted(client: Client, host: str) -> None:
    assert client.send("GET", "/", host=host).status == 200


@pytest.mark.parametrize("path", ["/ask", "/save"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"x_explorer_token": "guessed"},
        {"x_explorer_token": None},
    ],
)
def test_other_pages_may_not_ask(client: Client, path: str, headers: dict[str, Any]) -> None:
    assert client.post(path, question(), **headers).status == 403


@pytest.mark.parametrize("path", ["/", "/explorer.js", "/plotly.js", "/nothing"])
def test_every_answer_is_guarded(client: Client, path: str) -> None:
    headers = client.send("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy and "connect-src 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_a_broken_request_line_does_not_stop_the_server(client: Client) -> None:
    place = urlsplit(client.address)
    for noise in (b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /ask HTTP/1.1\r\n"):
        with socket.create_connection((place.hostname or "", place.port or 0), 5) as connection:
            connection.sendall(noise)
    assert client.send("GET", "/").status == 200


def test_loopback_is_told_from_the_rest() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("192.168.1.2")


# Saving


def wish(shown: dict[str, Any], **changes: Any) -> dict[str, Any]:
    base = {"shown": shown, "file": "scenarios/mine.yaml", "zh": "我的情景", "en": "Mine"}
    return base | {"overwrite": False, "lang": "zh"} | changes


def test_a_saved_scenario_is_valid_and_shown_at_once(client: Client, site: Site) -> None:
    doses = {"tj27_funds": 300, "tj27_talent": {"years": {"2025": 60, "2027": 150}, "linear": True}}
    shown = {"entry": "scenarios/push.yaml", "doses": doses}
    reply = client.post("/save", wish(shown))
    assert reply.status == 201, reply.body
    assert reply.json["file"] == "scenarios/mine.yaml"
    path = site.shelf.folder / "scenarios/mine.yaml"
    assert "extends: push.yaml" in path.read_text(encoding="utf-8")
    done = CliRunner().invoke(program, ["check", str(path)])
    assert done.exit_code == 0, done.output
    asked = client.settle(question(current=shown))
    saved = client.settle(question(current={"entry": "scenarios/mine.yaml"}))
    numbers = [[c["probability"] for c in found["cards"]] for found in (asked, saved)]
    assert numbers[0] == numbers[1]


def test_nothing_is_overwritten_unasked(client: Client, site: Site) -> None:
    path = site.shelf.folder / "scenarios/kept.yaml"
    shown = {"entry": "scenarios/baseline.yaml", "doses": {"tj27_funds": 150}}
    assert client.post("/save", wish(shown, file="scenarios/kept.yaml")).status == 201
    before = path.read_bytes()
    again = wish(shown | {"doses": {"tj27_funds": 250}}, file="scenarios/kept")
    assert client.post("/save", again).status == 409
    assert path.read_bytes() == before
    assert client.post("/save", again | {"overwrite": True}).status == 201
    assert b"250" in path.read_bytes()
    own = wish({"entry": "scenarios/kept.yaml"}, file="scenarios/kept.yaml", overwrite=True)
    assert client.post("/save", own).status == 409, "a file that extends itself"
    assert not list(path.parent.glob(".*")), "a draft was left"


@pytest.mark.parametrize(
    "file",
    [
        "../outside.yaml",
        "/tmp/outside.yaml",
        "scenarios/../../outside.yaml",
        ".hidden.yaml",
        "scenarios/.hidden.yaml",
        "nowhere/mine.yaml",
        "link/mine.yaml",
        "scenarios/a\x00b.yaml",
        "scenarios\\mine.yaml",
        "con.yaml",
        "",
        7,
        "x" * 500,
    ],
)
def test_only_inside_the_working_folder(client: Client, site: Site, file: object) -> None:
    outside = site.shelf.folder.parent
    link = site.shelf.folder / "link"
    if not link.exists():
        link.symlink_to(outside)
    before = set(outside.iterdir())
    assert client.post("/save", wish({"entry": "scenarios/push.yaml"}, file=file)).status == 400
    assert set(outside.iterdir()) == before


@pytest.mark.parametrize(
    "change",
    [
        {"zh": ""},
        {"en": "x" * 81},
        {"en": "two\nlines"},
        {"overwrite": "yes"},
        {"more": 1},
        {"shown": {"entry": "scenarios/push.yaml", "doses": {"tj27_funds": 1e9}}},
    ],
)
def test_bad_wishes_are_refused(client: Client, site: Site, change: dict[str, Any]) -> None:
    sheet = wish({"entry": "scenarios/push.yaml"}, file="scenarios/never.yaml") | change
    assert client.post("/save", sheet).status == 400
    assert not (site.shelf.folder / "scenarios/never.yaml").exists()


def test_names_that_yaml_would_read_otherwise_are_kept(client: Client, site: Site) -> None:
    name = 'no: "{quoted}" # 1e3'
    sheet = wish({"entry": "scenarios/push.yaml"}, file="scenarios/odd.yaml", zh=name, en="yes")
    assert client.post("/save", sheet).status == 201
    found = load_scenario(site.shelf.folder / "scenarios/odd.yaml")
    assert (found.name.zh, found.name.en) == (name, "yes")


def test_two_sites_of_one_folder_do_not_share_tokens(tmp_path: Path) -> None:
    folder = copy_scenarios(tmp_path)
    one, other = open_site(folder), open_site(folder)
    assert one.token != other.token
    one.ensembles.close()
    other.ensembles.close()


def test_the_page_starts_in_the_language_that_was_asked_for() -> None:
    shelf = Shelf(["scenarios/baseline.yaml"])
    assert [catalogue(shelf, lang)["lang"] for lang in ("zh", "")] == ["zh", ""]
    asked = [
        Session.early(words, environment).chosen
        for words, environment in (
            (["explore", "--lang", "zh"], {}),
            (["explore"], {"SIMULATE_LANG": "en"}),
            (["explore"], {"LANG": "zh_CN.UTF-8"}),
        )
    ]
    assert asked == ["zh", "en", ""]
