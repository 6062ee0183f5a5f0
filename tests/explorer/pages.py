"""A study that takes no time, a site on it, a server of that site in a thread: what the explorer's tests stand on."""

import contextlib
import http.client
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import uvicorn

from simulator.explorer.ensembles import Ensembles
from simulator.explorer.server import bind
from simulator.explorer.shelf import Shelf
from simulator.explorer.site import Site, application
from simulator.model import prepare
from simulator.model.study import MemberResult
from simulator.scenario import Scenario

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("SIMULATE_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class QuickStudy:
    """As a study, but the members are draws of their own: revenue grows with the size of the funds, whoever asks.

    `pause` is slept for each member, so that a test can overtake the work.
    """

    def __init__(self, scenario: Scenario, pause: float = 0.0) -> None:
        real = prepare(scenario)
        self.quarters, self.series = real.quarters, real.series
        self.parameter_names = real.parameter_names
        self._kept = [i for i, name in enumerate(self.series) if "budget_factor" in name]
        self._seed, self._pause = scenario.seed, pause
        funds = [s.dose for s in scenario.levers if s.lever.key == "tj27_funds"]
        self._size = float(np.mean(funds[0].values(real.simulated))) if funds else 0.0

    def simulate(self, member: int, engine: str = "auto", luck: int | None = None) -> MemberResult:
        time.sleep(self._pause)
        draws = np.random.default_rng([self._seed, member])
        growth = np.linspace(0.6, 1.0, len(self.quarters))[:, np.newaxis]
        level = draws.lognormal(6.2, 0.5, len(self.series)) * growth
        core = self.series.index("core_revenue")
        level[:, core] = 900.0 * draws.lognormal(0.0, 0.3) * growth[:, 0] * (1 + self._size / 2000)
        level[:, self._kept] = 1.0  # governments that keep to their plans
        return MemberResult(level, draws.uniform(0.2, 0.8, len(self.parameter_names)))


def quick(pause: float = 0.0) -> Callable[[Scenario], Any]:
    """What makes a scenario ready without the model."""
    return lambda scenario: QuickStudy(scenario, pause)


def copy_scenarios(folder: Path) -> Path:
    """A working folder like a checkout's: scenarios that may be saved beside."""
    shutil.copytree(ROOT / "scenarios", folder / "scenarios", dirs_exist_ok=True)
    return folder


def open_site(folder: Path, *paths: str | Path, pause: float = 0.0, workers: int = 2) -> Site:
    """A site on scenarios of a working folder."""
    chosen = [folder / path for path in paths or ("scenarios/baseline.yaml",)]
    return Site(Shelf(chosen, folder=folder), Ensembles(workers, prepare=quick(pause)))


@contextlib.contextmanager
def served(site: Site) -> Iterator[str]:
    """The site behind a real server in a thread; gives its address."""
    listening = bind("127.0.0.1", 0)
    config = uvicorn.Config(
        application(site), log_level="error", ws="none", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        site.stop()
        server.should_exit = True
        thread.join(20)
        listening.close()


class Reply(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Asks as the page does, or in any other way: nothing is mended before it is sent."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token
        self.own = {"content-type": "application/json", "x-explorer-token": token}

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Reply:
        """One request; a header whose value is None is left out, underscores are hyphens."""
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        sent = self.own | {k.replace("_", "-"): v for k, v in headers.items() if v is not None}
        for name in [k.replace("_", "-") for k, v in headers.items() if v is None]:
            sent.pop(name, None)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, told, answer.read())
        finally:
            connection.close()

    def post(self, path: str, sheet: object, **headers: str | None) -> Reply:
        """JSON, as the page sends it."""
        return self.send("POST", path, json.dumps(sheet).encode(), **headers)

    def settle(self, sheet: dict[str, Any]) -> dict[str, Any]:
        """Ask until all members are there, as the page does; the last picture."""
        asked = dict(sheet)
        for _ in range(200):
            reply = self.post("/ask", asked)
            assert reply.status == 200, reply
            if "picture" in reply.json:
                asked["after"] = reply.json["picture"]["members"]
                if reply.json["final"]:
                    return dict(reply.json["picture"])
        raise AssertionError("the members never came")


def question(**changes: Any) -> dict[str, Any]:
    """What a tab asks for that has just been opened, with some of it changed."""
    base = "scenarios/baseline.yaml"
    return {
        "asker": "tab",
        "move": time.monotonic_ns(),
        "current": {"entry": base, "doses": {}},
        "against": {"entry": base},
        "beside": [],
        "metric": "core_revenue",
        "view": "table",
        "lang": "en",
        "mode": "light",
        "after": 0,
        "members": 64,
    } | changes


def moved(funds: float, entry: str = "scenarios/baseline.yaml") -> dict[str, Any]:
    """A scenario of the page with another size of the funds."""
    return {"entry": entry, "doses": {"tj27_funds": funds}}
