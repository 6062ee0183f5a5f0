"""Requests of the page."""

# ruff: noqa: E501 - tables of odd words

import asyncio
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.explorer.guards import HEADERS
from simulator.explorer.site import Site, application
from tests.explorer.pages import open_site, question
from tests.trust.doors.bench import CHINESE, LONGEST, PROSE, ROOT, Bench, Trial
from tests.trust.mutators import json_damage, json_text_damage


class Asker:
    """Sends requests to a site in this process, as a server would hand them on."""

    def __init__(self, site: Site) -> None:
        self.site, self.app = site, application(site)
        self.runner = asyncio.Runner()
        self.site._loop = self.runner.get_loop()

    def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        sent: list[dict[str, Any]] = []
        raw = path.encode("utf-8", "surrogatepass")
        inner = raw.partition(b"?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": inner[0].decode("latin-1"), "raw_path": raw, "query_string": inner[2], "root_path": "",
            "headers": [(k.lower().encode("latin-1", "replace"), v.encode("utf-8", "surrogatepass")) for k, v in headers.items()],
            "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8321),
        }  # fmt: skip

        told = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            found = next(told, None)
            if found is None:
                await asyncio.sleep(30)
                return {"type": "http.disconnect"}
            return found

        async def send(message: Any) -> None:
            sent.append(message)

        async def one() -> None:
            await self.app(scope, receive, send)

        self.runner.run(one())
        start = next(message for message in sent if message["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        return (
            start["status"],
            {k.decode(): v.decode("latin-1") for k, v in start["headers"]},
            content,
        )

    def close(self) -> None:
        """End the site."""
        self.site.ensembles.close()
        self.runner.close()


STATUSES = frozenset({200, 201, 204, 400, 403, 404, 405, 409, 413, 415, 421, 422})
_asker: dict[Path, Asker] = {}


def close(bench: Bench) -> None:
    """End the site of a bench, if it has one."""
    if bench.folder in _asker:
        _asker.pop(bench.folder).close()


def explorer_door(bench: Bench, chance: random.Random) -> Trial:
    """A request of the page, damaged: its body, its address, its headers or its method."""
    if bench.folder not in _asker:
        _asker[bench.folder] = Asker(open_site(bench.folder, workers=1))
    asker = _asker[bench.folder]
    headers = {
        "host": "127.0.0.1:8321",
        "content-type": "application/json",
        "x-explorer-token": asker.site.token,
    }
    method, path, kind = "POST", chance.choice(("/ask", "/ask", "/save")), ""
    shown_: dict[str, Any] = {
        "entry": "scenarios/baseline.yaml",
        "doses": {"tj27_funds": chance.choice((100, 200))},
        "name": "x",
    }
    sheet: dict[str, Any] = {
        "shown": shown_,
        "file": "scenarios/mine.yaml",
        "zh": "我的",
        "en": "Mine",
        "overwrite": True,
        "lang": "zh",
    }
    if path == "/ask":
        sheet = question(current=shown_, beside=[{"entry": "scenarios/push.yaml"}], members=16)
    body = json.dumps(sheet).encode()
    act = chance.random()
    if act < 0.6:
        kind, damaged = json_damage(sheet, chance)
        body = json.dumps(damaged).encode()
    elif act < 0.75:
        found = json_text_damage(json.dumps(sheet, ensure_ascii=False), chance)
        kind, body = found.kind, found.data
    elif act < 0.85:
        name = chance.choice(
            (
                "host",
                "origin",
                "content-type",
                "x-explorer-token",
                "sec-fetch-site",
                "content-length",
                "accept",
                "cookie",
            )
        )
        odd = (
            "",
            "evil.example",
            "null",
            "http://evil.example",
            "text/plain",
            "\xff",
            "a" * 9000,
            "cross-site",
            "[::1",
            "0",
            "127.0.0.1.evil.example",
            "[",
            "%",
        )
        headers[name] = chance.choice(odd)
        kind = f"header {name}"
    elif act < 0.95:
        path = chance.choice((
            "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/explorer.js/../../site.py", "//etc/passwd", "/ask/", "/save?x=1", "/\x00",
            "/" + "a" * 10_000, "/%00", "/链", "/theme.css%00.py", "/?lang=<script>", "/.git/config", "", "*", "/ask#x", "\\..\\x",
        ))  # fmt: skip
        method = chance.choice(("GET", "GET", "POST"))
        kind = "address"
    else:
        method = chance.choice(
            ("GET", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "PATCH", "链", "")
        )
        kind = "method"
    before = bench.listing()
    status, got, content = asker.send(method, path, body, headers)
    fault = ""
    missing = [name for name, value in HEADERS.items() if got.get(name) != value]
    text = content.decode("utf-8", "replace")
    if status not in STATUSES:
        fault = f"status {status}: {text[:200]}"
    elif missing:
        fault = f"headers missing: {missing}"
    elif "Traceback" in text or f"{ROOT}/" in text:
        fault = "tells of its inside"
    elif status >= 400 and method != "HEAD":
        words = json.loads(text)["error"]
        if not (words["en"] and CHINESE.search(words["zh"])):
            fault = f"not in both languages: {words}"
        elif PROSE.search(words["zh"].partition("允许：")[2]):
            fault = f"what is allowed is not in Chinese: {words['zh']}"
        elif len(text) > LONGEST:
            fault = f"a refusal of {len(text)} characters"
    left = bench.listing() - before
    if not fault and left and status != 201:
        fault = f"files are left: {sorted(left)[:3]}"
    for item in left:
        (bench.folder / item).unlink(missing_ok=True)
    return Trial(
        "explorer",
        kind,
        f"{status // 100}xx",
        fault,
        f"{method} {path[:80]} {body[:400]!r} {headers}",
    )
