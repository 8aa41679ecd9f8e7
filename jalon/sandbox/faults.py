"""Faults that are switched on by name, each with a rate, on a schedule that a seed fixes.

A part asks `Faults` by name and key; the same seed, name and key give the same answer, whatever else happened in
between. The faults of requests strike in the middleware below, in front of every application of every part:

| name | what the client sees |
| --- | --- |
| `timeout` | no answer until the client gives up (at most `hang` seconds, then a closed connection) |
| `reset` | the connection is reset |
| `5xx` | 500, 502, 503 or 504 with a page of HTML |
| `throttle` | the platform's own way to say "too fast" (`THROTTLED` of the application) |
| `truncated` | an answer that ends before its Content-Length |
| `malformed` | HTTP 200 whose JSON is cut or is no JSON at all |
| `slow` | the right answer, `slow` seconds late |

Looked up by the parts and the deliverer: `token_expiry` (an access token lives only a few requests), `hook_duplicate`,
`hook_delay`, `hook_reorder`, `hook_drop`.

A fault strikes the same request at most `in_a_row` times in succession, so that a client which retries gets through.
It strikes before the handler runs, or spoils the bytes of an answer that the client can ask for again.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

REQUEST_FAULTS = ("timeout", "reset", "5xx", "throttle", "truncated", "malformed", "slow")
HOOK_FAULTS = ("hook_duplicate", "hook_delay", "hook_reorder", "hook_drop")
NAMES = (*REQUEST_FAULTS, "token_expiry", *HOOK_FAULTS)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

THROTTLED: web.AppKey[Callable[[web.Request], web.Response]] = web.AppKey("throttled")
"""How this application says "too fast"; without it: HTTP 429 with Retry-After."""

UNREPEATABLE: web.AppKey[bool] = web.AppKey("unrepeatable", bool)
"""True where an answer cannot be asked for again (rotating tokens): its bytes are never spoiled."""

FAULT_LOG: web.AppKey[list[str]] = web.AppKey("fault_log", list)
"""Names of the faults that struck this application, in order; set by the server."""


class Faults:
    """Decide which fault strikes what.

    `rates` maps a name of `NAMES` to the share of requests (or deliveries) it strikes, 0 to 1; an unknown name or a
    rate outside that range raises ValueError. `hang` and `slow` are seconds of real time.
    """

    def __init__(
        self,
        seed: int = 0,
        rates: Mapping[str, float] | None = None,
        *,
        in_a_row: int = 2,
        hang: float = 30.0,
        slow: float = 0.2,
    ) -> None:
        self.seed = seed
        self.in_a_row = in_a_row
        self.hang = hang
        self.slow = slow
        self._rates: dict[str, float] = {}
        self._asked: dict[str, int] = {}
        self._row: dict[str, int] = {}
        self.set(rates or {})

    def set(self, rates: Mapping[str, float]) -> None:
        """Replace all rates; names left out are off."""
        for name, rate in rates.items():
            if name not in NAMES:
                raise ValueError(f"unknown fault {name!r}; known: {', '.join(NAMES)}")
            if not 0 <= rate <= 1:
                raise ValueError(f"fault {name}: the rate must lie between 0 and 1, not {rate}")
        self._rates = {name: rate for name, rate in rates.items() if rate > 0}

    @property
    def rates(self) -> dict[str, float]:
        """Return the faults that are on, with their rates."""
        return dict(self._rates)

    def rate(self, name: str) -> float:
        """Return the rate of a fault, 0 when it is off."""
        return self._rates.get(name, 0.0)

    def uniform(self, name: str, key: str) -> float:
        """Return a number in [0, 1) that only seed, `name` and `key` decide."""
        digest = hashlib.blake2b(f"{self.seed}|{name}|{key}".encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big") / (1 << 56)

    def strikes(self, name: str, key: str) -> bool:
        """Tell whether the fault `name` strikes the thing called `key`; the same question has the same answer."""
        rate = self.rate(name)
        return rate > 0 and self.uniform(name, key) < rate

    def on_request(self, logical: str) -> str | None:
        """Return the fault that strikes this try of the request `logical`, or None; at most `in_a_row` in succession.

        Each try of a request draws anew, so it is the n-th question about `logical` that the seed answers.
        """
        if not any(name in self._rates for name in REQUEST_FAULTS):
            return None
        asked = self._asked[logical] = self._asked.get(logical, 0) + 1
        if self._row.get(logical, 0) < self.in_a_row:
            for name in REQUEST_FAULTS:
                if self.strikes(name, f"{logical}|{asked}"):
                    self._row[logical] = self._row.get(logical, 0) + 1
                    return name
        self._row.pop(logical, None)
        return None


VARYING_QUERY = frozenset({"sign", "timestamp", "access_token"})
"""Query parameters that differ between two tries of one request."""


async def _logical(request: web.Request) -> str:
    query = sorted((name, value) for name, value in request.query.items() if name not in VARYING_QUERY)
    digest = hashlib.blake2b(repr((request.method, request.path, query)).encode(), digest_size=12)
    digest.update(await request.read())
    return digest.hexdigest()


def fault_middleware(faults: Faults) -> Middleware:
    """Return the middleware that lets `faults` strike the requests of an application."""

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not faults.rates:
            return await handler(request)
        logical = await _logical(request)
        name = faults.on_request(logical)
        if name is None:
            return await handler(request)
        if name in ("truncated", "malformed") and request.app.get(UNREPEATABLE, False):
            name = "5xx"
        if FAULT_LOG in request.app:
            request.app[FAULT_LOG].append(name)
        return await _STRIKE[name](Blow(faults, logical, request, handler))

    return strike


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault about to strike one request."""

    faults: Faults
    logical: str
    request: web.Request
    handler: Handler

    async def whole_answer(self) -> bytes:
        """Let the handler answer, and return the bytes of its body."""
        answer = await self.handler(self.request)
        body = answer.body if isinstance(answer, web.Response) else None
        return bytes(body) if isinstance(body, (bytes, bytearray)) else b"{}"


async def _timeout(blow: Blow) -> web.StreamResponse:
    await asyncio.sleep(blow.faults.hang)
    return _hang_up(blow.request, reset=False)


async def _reset(blow: Blow) -> web.StreamResponse:
    return _hang_up(blow.request, reset=True)


def _hang_up(request: web.Request, *, reset: bool) -> web.Response:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if reset and connection is not None:
            # A linger time of zero makes the kernel send RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        transport.abort()
    return web.Response(status=500)


async def _server_error(blow: Blow) -> web.StreamResponse:
    status = (500, 502, 503, 504)[int(blow.faults.uniform("status", blow.logical) * 4)]
    page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
    return web.Response(status=status, text=page, content_type="text/html")


async def _throttle(blow: Blow) -> web.StreamResponse:
    if THROTTLED in blow.request.app:
        return blow.request.app[THROTTLED](blow.request)
    return web.Response(status=429, headers={"Retry-After": "1"}, text="Too Many Requests")


async def _truncated(blow: Blow) -> web.StreamResponse:
    whole = await blow.whole_answer()
    answer = web.StreamResponse(status=200)
    answer.content_type = "application/json"
    answer.content_length = max(2, len(whole))
    await answer.prepare(blow.request)
    await answer.write(whole[: len(whole) // 2] or b"{")
    if blow.request.transport is not None:
        blow.request.transport.close()
    return answer


async def _malformed(blow: Blow) -> web.StreamResponse:
    whole = await blow.whole_answer()
    forms = (whole[: len(whole) * 2 // 3], b"<html><body>temporarily unavailable</body></html>", whole + b"}}", b"")
    body = forms[int(blow.faults.uniform("form", blow.logical) * len(forms))]
    return web.Response(body=body, content_type="application/json")


async def _slow(blow: Blow) -> web.StreamResponse:
    await asyncio.sleep(blow.faults.slow)
    return await blow.handler(blow.request)


_STRIKE: dict[str, Callable[[Blow], Awaitable[web.StreamResponse]]] = {
    "timeout": _timeout,
    "reset": _reset,
    "5xx": _server_error,
    "throttle": _throttle,
    "truncated": _truncated,
    "malformed": _malformed,
    "slow": _slow,
}
