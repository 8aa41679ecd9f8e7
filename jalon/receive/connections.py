"""Connections: who gets a place, how long a request's head may take, and what becomes of malformed ones.

aiohttp parses HTTP and runs the handler; what it leaves open is bounded here. It has no deadline for half-sent heads,
and would log the offending bytes of a malformed request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from jalon.receive import replies
from jalon.receive.limits import Limits
from jalon.receive.metrics import Metrics
from jalon.receive.seldom import Seldom

log = logging.getLogger(__name__)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_SWEEP_SECONDS = 1.0
_BURST_SECONDS = 5.0
_LINGER_SECONDS = 1.0
"""How long a refused body is still read and thrown away, so that the sender gets to see the answer."""


class Connection(RequestHandler):
    """One connection."""

    __slots__ = ("_batches", "_heard", "_peer", "_places", "_quiet")

    def __init__(self, server: Server, places: Places, **options: Any) -> None:
        super().__init__(server, **options)
        self._places = places
        self._peer: str | None = None
        self._quiet = True
        self._heard: float | None = None
        self._batches: tuple[float, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._places.take(peer, self):
            assert isinstance(transport, asyncio.Transport)
            transport.write(replies.BUSY.whole)
            transport.close()
            return
        self._peer = peer
        self._heard = self._loop.time()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._peer is None:
            return
        self._places.leave(self._peer, self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._quiet and self._heard is None:
            self._heard = self._loop.time()
        super().data_received(data)

    def begin(self) -> None:
        """Note that a request's head is complete: from here on the request's own deadline holds."""
        self._quiet, self._heard = False, None

    def end(self) -> None:
        """Note that the request is answered."""
        self._quiet = True

    @property
    def idle(self) -> bool:
        """Whether no request is being received or answered; half a head is none."""
        return self._quiet

    def grants_batch(self, rate: float) -> bool:
        """Take one batch of site events from what the connection may send: `rate` a second, five seconds' worth."""
        now, most = self._loop.time(), rate * _BURST_SECONDS
        since, left = self._batches or (now, most)
        left = min(most, left + (now - since) * rate)
        self._batches = now, left - (left >= 1)
        return left >= 1

    def overdue(self, since: float) -> bool:
        """Say whether the head of a request has been coming since before `since` (loop time)."""
        return self._heard is not None and self._heard < since

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # would repeat what was sent
    ) -> web.StreamResponse:
        """Answer a request that could not be parsed (400) or handled (500), telling the log no byte of it."""
        reply = replies.BAD_REQUEST if status == 400 else replies.BROKEN
        if status != 400:
            self._places.seldom.error(f"a request failed: {type(exc).__name__}")
        self._places.metrics.answered(None, reply.status)
        return reply

    def log_exception(self, *args: Any, **kw: Any) -> None:  # noqa: ARG002  # aiohttp's signature
        """Tell the kind of a failure; its text may hold what a stranger sent."""
        self._places.seldom.error(f"a connection failed: {type(kw.get('exc_info')).__name__}")


class Places:
    """The places for connections, in all and per address."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self.metrics = metrics
        self.seldom = Seldom(log)
        self._limits = limits
        self._open: set[Connection] = set()
        self._by_peer: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def take(self, peer: str, connection: Connection) -> bool:
        """Give the connection a place, or return False."""
        limits = self._limits
        crowded = peer not in limits.proxies and self._by_peer[peer] >= limits.per_peer
        if crowded or len(self._open) >= limits.connections:
            self.metrics.turned_away += 1
            return False
        self._open.add(connection)
        self._by_peer[peer] += 1
        return True

    def leave(self, peer: str, connection: Connection) -> None:
        """Take the place back."""
        self._open.discard(connection)
        self._by_peer[peer] -= 1
        if not self._by_peer[peer]:
            del self._by_peer[peer]

    async def sweep(self) -> None:
        """Close connections whose request's head does not come, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            since = loop.time() - self._limits.header_seconds
            for connection in [one for one in self._open if one.overdue(since)]:
                self.metrics.timed_out += 1
                connection.force_close()


class Server(web.Server):
    """Makes connections whose requests go to one handler.

    Bodies are never decompressed: what is signed are the bytes as they were sent.
    """

    def __init__(self, handler: Handler, places: Places, limits: Limits) -> None:
        super().__init__(handler)
        self._places = places
        self._options: dict[str, Any] = {
            "loop": asyncio.get_running_loop(),
            "keepalive_timeout": limits.idle_seconds,
            "lingering_time": _LINGER_SECONDS,
            "auto_decompress": False,
            "access_log": None,
            "logger": log,
        }

    @property
    def busy(self) -> bool:
        """Whether a request is being received or answered."""
        return any(isinstance(one, Connection) and not one.idle for one in self.connections)

    def close_idle(self) -> None:
        """Hang up where nothing is going on; the other connections end with their answer."""
        for one in self.connections:
            if isinstance(one, Connection) and one.idle:
                one.close()

    def __call__(self) -> RequestHandler:
        return Connection(self, self._places, **self._options)
