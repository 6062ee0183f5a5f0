"""What stands before every request: who may ask, how much, and what a browser may do with the answer.

The server listens on this machine, but every page that the machine's browser has open can reach it. So the host asked
for must be this server (a foreign name that resolves here is refused), what is sent must come from this page (origin,
and a token that only the page knows), and the page may load nothing that is not its own.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.explorer.asking import RefusedError

MOST_BYTES: Final = 256 * 1024
"""The largest body that is read; a question has some kilobytes."""
TOKEN: Final = "x-explorer-token"
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Sent with every answer. Styles may stand inline because plotly makes a style sheet of its own; scripts may not."""


class Guards:
    """Refuses requests for another host and adds `HEADERS` to every answer.

    `host` is what the server was bound to; only when that is no loopback address may it be asked for by an address.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer that it is refused."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        if not self._is_own(Headers(scope=scope).get("host", "")):
            refused = JSONResponse({"error": {"en": "unknown host", "zh": "未知主机"}}, 421)
            await refused(scope, receive, guarded)
            return
        try:
            await self._app(scope, receive, guarded)
        except Exception:
            # Starlette would answer this outside, without the headers; raised again, it is still logged there.
            if not begun:
                broken = JSONResponse({"error": {"en": "internal error", "zh": "内部错误"}}, 500)
                await broken(scope, receive, guarded)
            raise

    def _is_own(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").lower()
        if name in ("localhost", self._host):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not is_loopback(self._host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_sender(request: Request, token: str) -> None:
    """RefusedError (403) unless the request comes from the page: same origin, with its token."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    given = request.headers.get(TOKEN, "")
    if (origin is not None and origin != own) or site != "same-origin":
        raise RefusedError("another page may not ask", "不接受其他页面的请求", 403)
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise RefusedError(
            "the server was started anew; load the page again", "服务器已重新启动，请刷新页面", 403
        )


async def read_body(request: Request) -> bytes:
    """The body of a JSON request; RefusedError (413, 415) when it is too large or says to be something else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError("send application/json", "请以 application/json 发送", 415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise RefusedError(f"more than {MOST_BYTES} bytes", f"超过 {MOST_BYTES} 字节", 413)
    return bytes(body)
