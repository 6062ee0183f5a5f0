"""Binds a port on this machine and runs the site until Ctrl-C or SIGTERM."""

import contextlib
import signal
import socket
import webbrowser
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import uvicorn

from simulator.explorer.ensembles import Ensembles
from simulator.explorer.shelf import Shelf
from simulator.explorer.site import Site, application
from simulator.foundation.findings import UsageError, reason_zh

PORT: Final = 8321
TRIED: Final = 20
"""Ports tried one after the other when none was asked for."""


def serve(
    shelf: Shelf,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    workers: int | None = None,
    engine: str = "auto",
    browse: bool = True,
    told: Callable[[str], None] = print,
    lang: str = "",
) -> None:
    """Serve the page until the process is told to end; `told` gets its address once it answers.

    The page starts in `lang`, or in the language of the browser where that is empty.

    UsageError when the port, or every port that is tried, is taken.
    """
    listening = bind(host, port)
    address = address_of(listening, host)
    site = Site(shelf, Ensembles(workers, engine), lang)

    def started() -> None:
        told(address)
        if browse:
            webbrowser.open(address)

    config = uvicorn.Config(
        application(site, host),
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        ws="none",
    )
    try:
        _Server(config, site, started).run(sockets=[listening])
    finally:
        listening.close()


def bind(host: str, port: int | None) -> socket.socket:
    """A socket on the port, or on the first free one from `PORT` on; UsageError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason = zh = ""
    for tried in [port] if port is not None else range(PORT, PORT + TRIED):
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, tried))
            found.listen(128)
        except OSError as problem:
            found.close()
            reason, zh = problem.strerror or str(problem), reason_zh(problem)
            continue
        return found
    asked = str(port) if port is not None else f"{PORT}–{PORT + TRIED - 1}"
    raise UsageError(
        f"cannot listen on {host}, port {asked}: {reason}; choose another with --port",
        f"无法在 {host} 的端口 {asked} 上监听：{zh}；请用 --port 另选",
    )


def address_of(listening: socket.socket, host: str) -> str:
    """What to type into a browser on this machine."""
    port = listening.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/"


class _Server(uvicorn.Server):
    """A server that says when it answers, and that ends quietly when it is told to."""

    def __init__(self, config: uvicorn.Config, site: Site, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._site = site
        self._told = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._told()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on Ctrl-C and SIGTERM without raising them again: that they came is why the server ends."""
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._site.stop()
        super().handle_exit(sig, frame)
