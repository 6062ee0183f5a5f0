"""The web application: the page and its files, questions answered as members come in, scenarios saved.

A question states all that its tab wants to see and is held open until there is a better picture than the tab has, for a
second at most; then it is answered by how far the members are, and the tab asks again. So nothing is kept for a tab
between two questions, a lost connection is mended by asking again, and two tabs cannot mix.
"""

import asyncio
import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.experiments.cases import CaseOutcomes
from simulator.explorer.answering import answer
from simulator.explorer.asking import Question, RefusedError, read_json, read_question
from simulator.explorer.catalogue import METRICS, catalogue, entry_sheet, letters
from simulator.explorer.ensembles import BrokenScenarioError, Ensembles, LeftError, Want, stage_of
from simulator.explorer.guards import Guards, check_sender, read_body
from simulator.explorer.saving import read_saving, save
from simulator.explorer.shelf import Change, Shelf
from simulator.foundation.findings import InputError
from simulator.reporting.charts import THEME
from simulator.reporting.fonts import candidates, carried_font, carried_letters

PAGE: Final = Path(__file__).with_name("page")
HELD_SECONDS: Final = 1.0
"""How long a question waits for a better picture before it is told how far the members are."""
PICTURES_HELD: Final = 128
THREADS: Final = 6
"""That draw pictures and read scenarios beside the server's loop; more would take turns, and memory each."""
COMPILE_AHEAD: Final = b"//# allFunctionsCalledOnLoad\n"
"""Before plotly's script: Chromium then compiles it beside the page instead of reading nested functions again."""
EARLY_SECONDS: Final = 0.6
EARLY_MEMBERS: Final = 16
"""On a busy machine the first picture is shown with fewer members than the first stage, and says so."""


class Site:
    """The state behind the routes: shelf, ensembles, token, and who is to be woken when members are done."""

    def __init__(self, shelf: Shelf, ensembles: Ensembles, lang: str = "") -> None:
        self.shelf = shelf
        self.lang = lang
        self.ensembles = ensembles
        self.token = secrets.token_urlsafe(24)
        self.stopping = False
        self._pictures: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lettering = threading.Lock()
        self._letters: Asset | None = None
        self._done = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def warm(self) -> None:
        """Begin with the opened scenario, and with letters where there are none, before anybody asks."""
        if len(candidates()) <= 1:
            threading.Thread(target=self._cut_letters, name="letters", daemon=True).start()
        if self.shelf.home.run is None:
            self.ensembles.warm()
            first = self.shelf.want(self.shelf.home, Change(), 64)
            self.ensembles.ask("the server itself", 0, [first])

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Listen to the ensembles while the server runs."""
        self._loop = asyncio.get_running_loop()
        current_default_thread_limiter().total_tokens = THREADS
        self.ensembles.listen = self._ring
        self.warm()
        yield
        self.stopping = True
        await run_in_threadpool(self.ensembles.close)

    def stop(self) -> None:
        """Let go of every question that is held open."""
        self.stopping = True
        self._ring()

    async def index(self, request: Request) -> Response:
        """The page, with what it is told once."""
        told = json.dumps(catalogue(self.shelf, self.lang), ensure_ascii=False, allow_nan=False)
        text = _asset(PAGE / "index.html").content.decode("utf-8")
        # Data inside a page: no text in it may end the element that holds it.
        text = text.replace("{{catalogue}}", told.replace("<", "\\u003c"))
        text = text.replace("{{token}}", escape(self.token))
        return Response(text, media_type="text/html; charset=utf-8")

    def letters(self, request: Request) -> Response:
        """The letters of the page, for a browser on a machine without a Chinese typeface."""
        asset = self._cut_letters()
        if not asset.content:
            raise HTTPException(404)
        return _answer(request, asset, "font/woff")

    async def ask(self, request: Request) -> Response:
        """Answer a question as soon as there is a better picture, or say how far the members are."""
        check_sender(request, self.token)
        sheet = read_json(await read_body(request))
        question = read_question(sheet, self.shelf, METRICS)
        begun = time.monotonic()
        wants = await run_in_threadpool(self._wants, question)
        simulated = [want for want in wants if isinstance(want, Want)]
        if not self.ensembles.ask(question.asker, question.move, simulated):
            return JSONResponse({"move": question.move, "stale": True})
        while True:
            # Taken before looking: what is done while we look wakes the next look.
            done = self._done
            known = min((self.ensembles.known(w) for w in simulated), default=question.members)
            members = stage_of(known, question.members)
            waited = time.monotonic() - begun
            if members <= question.after and waited >= EARLY_SECONDS and known >= EARLY_MEMBERS:
                # Between two stages the picture is renewed only where there is none yet.
                members = known if question.after == 0 else members
            if members > question.after:
                try:
                    picture = await self._picture(sheet, question, wants, members)
                except LeftError:
                    # Overtaken while it was drawn; a tab that still waits asks again.
                    overtaken = not self.ensembles.current(question.asker, question.move)
                    state = {"stale": True} if overtaken else {"known": 0}
                    return JSONResponse({"move": question.move, **state})
                final = members >= question.members
                told = json.dumps({"move": question.move, "known": known, "final": final})
                body = told[:-1].encode() + b', "picture": ' + picture + b"}"
                return Response(body, media_type="application/json")
            if await request.is_disconnected():
                self.ensembles.leave(question.asker, question.move)
                return Response(status_code=204)
            if not self.ensembles.current(question.asker, question.move):
                return JSONResponse({"move": question.move, "stale": True})
            if waited >= HELD_SECONDS or self.stopping:
                return JSONResponse(
                    {"move": question.move, "known": known, "stopping": self.stopping}
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 0.1)

    async def save(self, request: Request) -> Response:
        """Save a scenario inside the working folder."""
        check_sender(request, self.token)
        saving = read_saving(read_json(await read_body(request)), self.shelf)
        entry = await run_in_threadpool(save, saving, self.shelf)
        self._pictures.clear()  # a file that was shown may say something else now
        return JSONResponse({"file": entry.id, "entry": entry_sheet(entry)}, 201)

    def _wants(self, question: Question) -> list[Want | CaseOutcomes]:
        """Of each scenario on the page, what is to be simulated, or the members of a saved run."""
        return [
            self.shelf.want(shown.entry, shown.change, question.members)
            if shown.entry.run is None
            else shown.entry.stored
            for shown in question.shown
        ]

    async def _picture(
        self,
        sheet: Mapping[str, object],
        question: Question,
        wants: list[Want | CaseOutcomes],
        members: int,
    ) -> bytes:
        """The picture as JSON; what was shown lately, to whichever tab, is there."""
        asked = {key: sheet[key] for key in sheet if key not in ("asker", "move", "after")}
        key = json.dumps(asked, sort_keys=True), members
        found = self._pictures.get(key)
        if found is None:
            found = await run_in_threadpool(self._drawn, question, wants, members)
            self._pictures[key] = found
            while len(self._pictures) > PICTURES_HELD:
                self._pictures.popitem(last=False)
        else:
            self._pictures.move_to_end(key)
        return found

    def _drawn(self, question: Question, wants: list[Want | CaseOutcomes], members: int) -> bytes:
        outcomes = [
            self.ensembles.outcomes(want, members) if isinstance(want, Want) else want
            for want in wants
        ]
        shown = members if question.current.entry.run is None else outcomes[0].members.size
        picture = answer(question, self.shelf, outcomes, int(shown))
        return json.dumps(picture, ensure_ascii=False, allow_nan=False).encode()

    def _cut_letters(self) -> "Asset":
        with self._lettering:
            if self._letters is None:
                self._letters = Asset.of(carried_letters(letters(self.shelf)))
            return self._letters

    def _ring(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._done.set()
        self._done = asyncio.Event()


def application(site: Site, host: str = "127.0.0.1") -> Starlette:
    """The web application of a site, for a server bound to `host`."""
    routes = [
        Route("/", site.index),
        Route("/ask", site.ask, methods=["POST"]),
        Route("/save", site.save, methods=["POST"]),
        Route("/explorer.css", _file(lambda: PAGE / "explorer.css", "text/css")),
        Route("/explorer.js", _file(lambda: PAGE / "explorer.js", "text/javascript")),
        Route("/theme.css", _file(lambda: THEME, "text/css")),
        Route("/plotly.js", _file(plotly_script, "text/javascript", COMPILE_AHEAD)),
        Route("/letters.woff", site.letters),
        Route("/noto-sans-sc.ttf", _file(carried_font, "font/ttf")),
    ]
    handlers: dict[Any, Any] = {
        RefusedError: _refused,
        InputError: _invalid,
        BrokenScenarioError: _broken,
        HTTPException: _unknown,
        ClientDisconnect: _left,
    }
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guards, host=host)],
        exception_handlers=handlers,
        lifespan=site.lifespan,
    )
    app.router.redirect_slashes = False  # there is one address for each thing
    return app


@cache
def plotly_script() -> Path | None:
    """Plotly's script inside its installed package, which is located and not imported."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / "package_data" / "plotly.min.js"
    return path if path.is_file() else None


class Asset(NamedTuple):
    """A file of the page, sent whole: in pieces it would take its turn with other work hundreds of times."""

    content: bytes
    tag: str

    @staticmethod
    def of(content: bytes) -> "Asset":
        """With the tag by which a browser that has it already need not be sent it."""
        return Asset(content, f'"{hashlib.sha256(content).hexdigest()[:24]}"')


@cache
def _asset(path: Path, head: bytes = b"") -> Asset:
    return Asset.of(head + path.read_bytes())


def _answer(request: Request, asset: Asset, kind: str) -> Response:
    headers = {"cache-control": "no-cache", "etag": asset.tag}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=kind, headers=headers)


def _file(
    find: Callable[[], Path | None], kind: str, head: bytes = b""
) -> Callable[[Request], Response]:
    def send(request: Request) -> Response:
        path = find()
        if path is None:
            raise HTTPException(404)
        return _answer(request, _asset(path, head), kind)

    return send


def _error(status: int, en: str, zh: str) -> JSONResponse:
    return JSONResponse({"error": {"en": en, "zh": zh}}, status)


def _refused(request: Request, error: RefusedError) -> Response:
    return _error(error.status, error.en, error.zh)


def _invalid(request: Request, error: InputError) -> Response:
    said = ["; ".join(item.text(lang) for item in error.findings[:5]) for lang in ("en", "zh")]
    return _error(400, *said)


def _broken(request: Request, error: BrokenScenarioError) -> Response:
    return _error(422, f"no result: {error}", f"没有结果：{error}")


def _left(request: Request, error: ClientDisconnect) -> Response:
    """Nobody is there to answer: whoever asked went away in the middle of the question."""
    return Response(status_code=204)


def _unknown(request: Request, error: HTTPException) -> Response:
    words = {404: ("not here", "没有这个地址"), 405: ("not this way", "不支持这种请求")}
    return _error(error.status_code, *words.get(error.status_code, (error.detail, error.detail)))
