"""The receiver: from a request's first byte to the acknowledgement.

The order is the point: refuse what can be refused by the head alone, read the body within its bounds, verify the raw
bytes, seal, make durable, and only then answer 200. Nothing is parsed on the way. Header fields such as topic, shop and
delivery id are not signed; they are stored as received, and whoever opens the delivery treats them so.

    404 no such address     405 not POST        413 too large       415 encoded body      408 too slow
    400 malformed           401 not signed      503 cannot be stored now (Retry-After)    200 durable, known already,
                                                                              or a mere knock

What is no delivery's address may be a link's or a site's: see `receive.site`; or that of the report: `receive.live`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache

from aiohttp import web

from jalon.connectors.base import Delivery
from jalon.errors import ConfigError, JalonError
from jalon.privacy import Keyring
from jalon.receive import replies
from jalon.receive.connections import Connection, Places, Server
from jalon.receive.hooks import Hook, Switchboard
from jalon.receive.intake import Intake
from jalon.receive.limits import Limits
from jalon.receive.live import LivePage
from jalon.receive.metrics import Metrics
from jalon.receive.refusals import Refusals
from jalon.receive.replies import Reply
from jalon.receive.seldom import Seldom
from jalon.receive.site import Answered, Now, Sites
from jalon.store.database import Store
from jalon.store.deliveries import Row
from jalon.store.envelope import Sealer
from jalon.store.refusals import Reason

log = logging.getLogger(__name__)
_LONGEST_NUMBER = 20
_STOP_PAUSE = 0.01
_BACKLOG = 1024
_TAKEN = "Choose another address or port (--port, or [serve]); perhaps `jalon serve` runs already."
_METRICS_TAKEN = "Set metrics_port in [serve] to another port (0: any free one); perhaps `jalon serve` runs already."
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refused(Exception):
    """A request that is answered without anything of it being stored; with a `reason`, its source is told of it."""

    def __init__(self, reply: Reply, reason: Reason | None = None) -> None:
        super().__init__(reply.status)
        self.reply, self.reason = reply, reason


class Receiver:
    """Receives the deliveries of all sources: `start`, then `stop`. `now`: when somebody clicked a link.

    With `live` it shows the report page too.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        hooks: Mapping[str, Hook],
        limits: Limits | None = None,
        now: Now = time.time,
        live: LivePage | None = None,
    ) -> None:
        self.limits, self.metrics = limits or Limits(), Metrics()
        self._store = store
        self._switchboard = Switchboard(hooks)
        self._sealer = Sealer(keyring)
        self._seldom = Seldom(log)
        self._intake = Intake(store, self.limits, self.metrics, self._complain)
        self._refusals = Refusals(store, self._complain)
        self._places = Places(self.limits, self.metrics)
        self.sites = Sites(store, keyring, hooks, self._intake, self.limits, self.metrics, self._seldom, now)
        self._live = live
        self._reading, self._stopping = 0, False
        self._servers: list[Server] = []
        self._listeners: list[asyncio.Server] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, host: str, port: int, admin_port: int | None = None) -> tuple[int, int | None]:
        """Listen for deliveries on `host:port`, and for metrics on loopback; return the ports (0 asks for a free one).

        Raises `ConfigError` naming the address if it cannot be had.
        """
        self._store.checkpoint_often()
        self._sealer.warm()
        self._tasks.append(asyncio.create_task(self._places.sweep()))
        if self.sites:
            self.sites.routes.load()
            self._tasks.append(asyncio.create_task(self.sites.routes.watch()))
        port = await self._listen(Server(self._handle, self._places, self.limits), host, port, _TAKEN)
        if admin_port is not None:
            admin = Server(self._administer, Places(self.limits, self.metrics), self.limits)
            admin_port = await self._listen(admin, "127.0.0.1", admin_port, _METRICS_TAKEN)
        return port, admin_port

    async def stop(self) -> None:
        """Accept nothing more, make durable and answer what was begun, and close; takes `stop_seconds` at most."""
        self._stopping = self.sites.stopping = True
        for listener in self._listeners:
            listener.close()
        for server in self._servers:
            server.close_idle()
        end = asyncio.get_running_loop().time() + self.limits.stop_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                while any(server.busy for server in self._servers):  # noqa: ASYNC110  # an event would cost each request
                    await asyncio.sleep(_STOP_PAUSE)
        for server in self._servers:
            await server.shutdown(_STOP_PAUSE)
        await self.sites.store_clicks(end)
        await self._refusals.store()
        for task in self._tasks:
            task.cancel()

    async def _listen(self, server: Server, host: str, port: int, remedy: str) -> int:
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(server, host, port, backlog=_BACKLOG)
        except OSError as error:
            said = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigError(f"cannot listen on {host}:{port} ({said})", remedy) from None
        self._servers.append(server)
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)
        connection.begin()
        source = None
        try:
            found = self._switchboard.find(request.raw_path)
            if found is None:
                source, other = await self._beside(request)
                self.metrics.answered(source, other.status)
                return other
            source, hook = found
            if request.method == "GET":
                wanted = hook.challenged(request.query)
                return self._answer(source, replies.WRONG_METHOD if wanted is None else Reply(200, wanted))
            self._check_head(request)
            body = await self._read(request)
            row = self._verified(source, hook, request, body)
            return self._answer(source, await self._keep(row, request))
        except Refused as refused:
            if source and refused.reason:
                self._refusals.add(source, refused.reason)
            return self._answer(source, refused.reply)
        finally:
            connection.end()

    async def _beside(self, request: web.BaseRequest) -> Answered:
        """Answer what is no delivery: a link, a site, the report page, or nothing of ours."""
        if self._live is not None and (shown := await self._live.answer(request, self._read_post)):
            return None, shown
        return await self.sites.answer(request, self._read_post) or (None, _elsewhere(request))

    async def _administer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/metrics" and request.method == "GET":
            text = self.metrics.text(self._intake.waiting, len(self._places))
            return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
        return _elsewhere(request)

    def _answer(self, source: str | None, reply: Reply) -> Reply:
        self.metrics.answered(source, reply.status)
        return reply

    async def _read_post(self, request: web.BaseRequest) -> bytes:
        self._check_head(request)
        return await self._read(request)

    def _check_head(self, request: web.BaseRequest) -> None:
        if request.method != "POST":
            raise Refused(replies.WRONG_METHOD)
        headers = request.headers
        if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Refused(replies.ENCODED, "encoded")
        declared = headers.get("Content-Length")
        if declared is not None and (len(declared) > _LONGEST_NUMBER or int(declared) > self.limits.body):
            raise Refused(replies.LARGE, "too_large")

    async def _read(self, request: web.BaseRequest) -> bytes:
        content = request.content
        try:
            if content.is_eof():
                body = content.read_nowait()
            else:
                async with asyncio.timeout(self.limits.request_seconds):
                    body = await self._read_slowly(request)
        except TimeoutError:
            raise Refused(replies.SLOW) from None
        except (web.RequestPayloadError, ConnectionError):
            raise Refused(replies.BAD_REQUEST) from None
        if len(body) > self.limits.body:
            raise Refused(replies.LARGE, "too_large")
        return body

    async def _read_slowly(self, request: web.BaseRequest) -> bytes:
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(_CONTINUE)
        content, chunks, size = request.content, [], 0
        try:
            while chunk := await content.readany():
                chunks.append(chunk)
                size += len(chunk)
                self._reading += len(chunk)
                if size > self.limits.body:
                    raise Refused(replies.LARGE, "too_large")
                if self._reading > self.limits.held:
                    raise Refused(replies.BUSY)
        finally:
            self._reading -= size
        return b"".join(chunks)

    def _verified(self, source: str, hook: Hook, request: web.BaseRequest, body: bytes) -> Row:
        headers = {_lower(name): value.decode("latin-1") for name, value in request.raw_headers}
        delivery = Delivery(headers, body, time.time())
        if not self._signed(source, hook, delivery):
            if self._knocks(source, hook, delivery):
                raise Refused(replies.KNOCKED)
            raise Refused(replies.UNSIGNED, "unsigned" if hook.secrets else "no_secret")
        digest = self._sealer.digest(body)
        key = hook.key(delivery, digest)
        return Row(source, key, delivery.received_at, digest, self._sealer.seal(source, key, headers, body))

    def _signed(self, source: str, hook: Hook, delivery: Delivery) -> bool:
        if not hook.secrets:
            return False
        verify = hook.connector.verify
        try:
            if verify(delivery, hook.settings, hook.secrets[:1]):
                return True
            signed = len(hook.secrets) > 1 and verify(delivery, hook.settings, hook.secrets[1:])
        except Exception as error:  # a third party's connector must not turn strange bytes into a crash
            self._seldom.error(f"{source}: verifying a delivery failed: {type(error).__name__}")
            return False
        self.metrics.old_secret[source] += signed
        return signed

    def _knocks(self, source: str, hook: Hook, delivery: Delivery) -> bool:
        if not hook.secrets:
            return False
        try:
            return hook.connector.is_knock(delivery, hook.settings)
        except Exception as error:  # as above
            self._seldom.error(f"{source}: looking at a delivery failed: {type(error).__name__}")
            return False

    async def _keep(self, row: Row, request: web.BaseRequest) -> Reply:
        settled = self._intake.offer(row)
        if settled is None or not await settled:
            return replies.BUSY
        return replies.stored(request, self._stopping)

    def _complain(self, error: Exception) -> None:
        why = str(error) if isinstance(error, JalonError) else type(error).__name__
        self._seldom.error(f"deliveries cannot be stored: {why}")


async def serve(
    receiver: Receiver,
    host: str,
    port: int,
    admin_port: int | None,
    stop: asyncio.Event,
    ready: Callable[[int, int | None], None] = lambda *_: None,
) -> None:
    """Run a receiver until `stop` is set; `ready` is told the ports once it listens. For a process of its own."""
    ports = await receiver.start(host, port, admin_port)
    # Everything loaded so far stays: looking through it again and again for garbage holds answers up by tens of ms.
    gc.collect()
    gc.freeze()
    ready(*ports)
    try:
        await stop.wait()
    finally:
        await receiver.stop()


@lru_cache(maxsize=256)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _elsewhere(request: web.BaseRequest) -> Reply:
    if request.raw_path == "/health":
        return replies.HEALTHY if request.method in ("GET", "HEAD") else replies.WRONG_METHOD
    return replies.UNKNOWN
