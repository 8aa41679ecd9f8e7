"""A platform that is played: its answers are given, and the engine that asks for them is the real one.

    with played(Bazaar(), SETTINGS, {"/orders": {"orders": [ORDER], "total": 1, "more": False}}) as bazaar:
        assert bazaar.sync().state == "ok"
        assert bazaar.records("orders")["b1"]["state"] == "paid"

Requests are prepared, answers unpacked and judged, tokens renewed, waits kept, pages committed as in any run, into a
store that goes with the block. Played are the network, of which nothing is touched, and the time: whoever waits has
waited.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

import httpx

from jalon.connectors.base import Batch, Connector, Request, Session, Settings, Stream, Window
from jalon.privacy import KEY_BYTES, Keyring
from jalon.store import quarantine
from jalon.store.database import Store
from jalon.sync.answered import account_of, page_of
from jalon.sync.engine import sync_source
from jalon.sync.halt import Halt
from jalon.sync.pages import closing
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts, Source, SourceOutcome, Workshop
from jalon.testing.samples import OBSERVED

T = TypeVar("T")
NAME = "played"
"""What the source is called."""


class Reply(NamedTuple):
    """An answer of the platform. `body`: bytes as they are, anything else as JSON."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = {}


Answers = Mapping[str, Any] | Callable[[Request], Any]
"""Path of an address -> `Reply`, a body, or what makes one of them of the request. Or that for all paths.

A path that is not among them is answered with status 404. In a request that was asked `host` is the host's name.
"""


@contextmanager
def played(
    connector: Connector, settings: Settings, answers: Answers, *, now: float = OBSERVED / 1_000_000
) -> Iterator[Played]:
    """Lend a source of a connector whose platform is played; it begins at `now` (unix seconds)."""
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "store") as store:
        yield Played(Source(NAME, connector, settings), store, answers, now)


class Played:
    """One source, asked as the engine asks it. What an answer of a test raises is raised where it was asked for."""

    def __init__(self, source: Source, store: Store, answers: Answers, now: float) -> None:
        self.asked: list[Request] = []
        """All requests as they were sent, credentials included."""
        self.clock = PlayedClock(now)
        self._source = source
        self._network = _Network(answers, self.asked)
        self._shop = Workshop(store, Keyring(b"k" * KEY_BYTES), self.clock, transport=self._network)

    def sync(self) -> SourceOutcome:
        """Do what `jalon sync` does for this source, up to the facts, and return how it ended."""
        return self._run(sync_source(self._source, self._shop))

    def pull(
        self, stream: str, low: datetime, high: datetime, cursor: str | None = None, known: Iterable[str] = ()
    ) -> list[Batch]:
        """Return the pages of a window as the connector yields them. Raises the `Fault` that it ends with."""
        window = Window(self._stream(stream), low, high, cursor, known=frozenset(known))
        return self._run(self._lent("`pull`", lambda session: self._source.connector.pull(session, window)))

    def fetch(self, stream: str, *keys: str) -> list[Batch]:
        """Return what the connector yields of some keys. Raises the `Fault` that it ends with."""
        of = self._stream(stream)
        return self._run(self._lent("`fetch`", lambda session: self._source.connector.fetch(session, of, keys)))

    def records(self, stream: str) -> dict[str, Any]:
        """Return the newest revision of each record that was stored: key -> body, as its door let it in."""
        query = "SELECT key, body FROM inbox WHERE stream = ? ORDER BY version, id"
        with self._shop.store.read() as db:
            return {key: json.loads(body) for key, body in db.execute(query, (stream,))}

    def held(self) -> list[tuple[str, str, str]]:
        """Return what is in quarantine: stream, key and reason."""
        with self._shop.store.read() as db:
            return [(entry.stream, entry.key, entry.reason) for entry in quarantine.entries(db)]

    def _stream(self, name: str) -> Stream:
        return next(stream for stream in self._source.connector.streams if stream.name == name)

    async def _lent(self, method: str, read: Callable[[Session], Any]) -> list[Batch]:
        session = SourceSession(self._source, self._shop, Halt(self.clock), Counts())
        try:
            session.account = account_of(await self._source.connector.greet(session))
            async with closing(method, read(session)) as batches:
                return [page_of(batch) async for batch in batches]
        finally:
            await session.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return asyncio.run(work)
        finally:
            if (error := self._network.error) is not None:
                self._network.error = None
                raise error


class PlayedClock:
    """Time that passes where somebody waits, and else stands still."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)

    def jitter(self) -> float:
        return 0.5


class _Network(httpx.AsyncBaseTransport):
    """Answers in place of the network."""

    def __init__(self, answers: Answers, asked: list[Request]) -> None:
        self.error: BaseException | None = None
        """What an answer of the test raised."""
        self._answers = answers
        self._asked = asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url, headers = request.url, {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, url.path, dict(url.params), await request.aread(), headers, host=url.host)
        self._asked.append(asked)
        try:
            reply = self._reply(asked)
        except BaseException as error:
            self.error = error
            raise
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        return httpx.Response(reply.status, headers=dict(reply.headers), stream=_Body(body))

    def _reply(self, asked: Request) -> Reply:
        found = self._answers.get(asked.path, Reply({}, 404)) if isinstance(self._answers, Mapping) else self._answers
        found = found(asked) if callable(found) else found
        return found if isinstance(found, Reply) else Reply(found)


class _Body(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
