"""A small platform, played over real HTTP on loopback, and a connector for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from jalon.connectors import base
from jalon.connectors.base import (
    Answer,
    Batch,
    Connector,
    Credentials,
    Delivery,
    Erasure,
    Fault,
    Finding,
    Notice,
    Opened,
    Record,
    Ref,
    Renew,
    Request,
    Session,
    Skip,
    Skipped,
    Split,
    Stop,
    Stream,
    Undelivered,
    Wait,
    Window,
)
from jalon.connectors.door import fields, person
from jalon.privacy import Keyring
from jalon.store import quarantine, windows
from jalon.store.database import Store
from jalon.sync.engine import sync_source
from jalon.sync.halt import Halt
from jalon.sync.planning import PER_PLACE
from jalon.sync.source import Source, Workshop

KEYRING = Keyring(b"k" * 32)
NOW = 1_790_000_000
DAYS_AGO_50 = NOW - 50 * 86_400
ORDERS = fields("id at status")
WINDOWS = base.Settings.model_fields["in_flight"].default * PER_PLACE
"""Into which a first sync is cut with the usual number of requests in flight."""


# --- the server -------------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Exactly these bytes, and then the connection is closed."""
    pieces: Sequence[tuple[float, bytes]] = ()
    """After the head: pause, then piece."""
    after: float = 0.0

    def head_and_body(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"content-length": str(len(body)), "content-type": "application/json", **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode("latin-1") + body


Handler = Callable[[Asked], Reply]


class Server:
    """Answers each request by what `handler` says, and remembers what was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.asked: list[Asked] = []
        self.connections = 0
        self.address = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                reply = self.handler(asked)
                if reply.after:
                    await asyncio.sleep(reply.after)
                writer.write(reply.head_and_body() if reply.raw is None else reply.raw)
                await writer.drain()
                for pause, piece in reply.pieces:
                    await asyncio.sleep(pause)
                    writer.write(piece)
                    await writer.drain()
                if reply.raw is not None:
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Asked(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[Server]:
    server = Server(handler)
    listening = await asyncio.start_server(server._serve, "127.0.0.1", 0, limit=1 << 20)
    server.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


# --- the connector ----------------------------------------------------------------------------------------------------


class Settings(base.Settings):
    url: str
    other_url: str = "http://127.0.0.1:1"
    token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    without: tuple[str, ...] = ()
    """Streams that are switched off."""


class Toy(Connector):
    """`GET /STREAM?low&high&cursor` pages by offset; `GET /STREAM/KEY`; `GET /token?refresh_token`."""

    name: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy"
    normalizer: ClassVar[str] = "none:none"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = ""
    capabilities: ClassVar[tuple[base.Capability, ...]] = ()
    starting_rate: ClassVar[float] = 10_000.0
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(name="orders", door=fields("id at status", email=person("email")), window=timedelta(days=400), batch=3),
    )

    def __init__(self, *streams: Stream) -> None:
        if streams:
            self.streams = streams  # type: ignore[misc]

    def wants(self, settings: Any, stream: str) -> bool:
        return stream not in settings.without

    def account(self, settings: Any) -> str:
        return "toy"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.url,), "files": (settings.other_url,)}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        if credentials is None:
            return request
        return replace(request, headers={**request.headers, "x-toy-token": credentials.access_token})

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        data = answer.data
        if "error" not in data:
            return None
        reason = str(data.get("reason", data["error"]))
        faults: dict[str, Fault] = {
            "wait": Wait(reason),
            "throttled": Wait(reason, throttled=True),
            "later": Wait(reason, data.get("seconds")),
            "renew": Renew(reason),
            "split": Split(reason),
            "skip": Skip(reason),
            "stop": Stop(reason, "do this", kind="auth"),
            "config": Stop(reason, "do that"),
        }
        return faults[data["error"]]

    def credentials(self, settings: Any) -> Credentials | None:
        if settings.token is None:
            return None
        return Credentials(settings.token.get_secret_value())

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        refresh = credentials.refresh_token if credentials else None
        if refresh is None:
            refresh = session.settings.refresh_token.get_secret_value()
        query = {"refresh_token": refresh}
        answer = await session.ask(Request("GET", "/token", query, anonymous=True, idempotent=False))
        data = answer.data
        return Credentials(data["access"], data["refresh"], data.get("expires_at"), data.get("refresh_expires_at"))

    async def greet(self, session: Session) -> Mapping[str, str]:
        return {"shop_id": (await session.ask(Request("GET", "/shop"))).data["id"], "zone": "Europe/Paris"}

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        cursor = window.cursor
        while True:
            query = {"low": str(int(window.low.timestamp())), "high": str(int(window.high.timestamp()))}
            if cursor is not None:
                query["cursor"] = cursor
            data = (await session.ask(Request("GET", f"/{window.stream.name}", query))).data
            cursor = data.get("next")
            yield Batch(
                [_record(row) for row in data["rows"]],
                cursor,
                data.get("total"),
                follow=[Ref(*ref) for ref in data.get("follow", ())],
                skipped=[Skipped(*each) for each in data.get("skipped", ())],
                later=data.get("later"),
            )
            if cursor is None or data.get("later"):
                return

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        data = (await session.ask(Request("GET", f"/{stream.name}/{','.join(keys)}"))).data
        yield Batch(
            [_record(row) for row in data["rows"]],
            follow=[Ref(*ref) for ref in data.get("follow", ())],
            later=data.get("later"),
        )

    async def examine(self, session: Session) -> AsyncIterator[Finding]:
        await session.ask(Request("GET", "/shop"))
        yield Finding("shop", "ok", "is there")

    async def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        await session.ask(Request("PUT", "/hooks", {"address": address}))
        yield Finding("hooks", "ok", "are there")

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        try:
            data = json.loads(delivery.body)
        except ValueError:
            raise Undelivered("it is not JSON") from None
        return Opened(
            topic=data["topic"],
            known=data.get("known", True),
            refs=[Ref(*ref) for ref in data.get("refs", ())],
            records=[Record(row["id"], row.get("version", 0), row, "orders") for row in data.get("rows", ())],
            notices=[Notice(*each) for each in data.get("notices", ())],
            erasures=[Erasure(tuple(map(tuple, each))) for each in data.get("erasures", ())],
            disclosures=[Erasure(tuple(map(tuple, each))) for each in data.get("disclosures", ())],
        )


def _record(row: dict[str, Any]) -> Record:
    return Record(row["id"], row.get("version", 0), row)


# --- time, and what else a run needs ----------------------------------------------------------------------------------


class PlayedClock:
    """Sleeping moves it on at once."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def jitter(self) -> float:
        return 0.5


def workshop(store: Store, clock: PlayedClock | None = None, **more: Any) -> Workshop:
    return Workshop(store, KEYRING, clock or PlayedClock(), **more)


def source(server: Server, *streams: Stream, name: str = "shop", **settings: Any) -> Source:
    return Source(name, Toy(*streams), Settings(connector="toy", url=server.address, **settings))


def halted(shop: Workshop, seconds: float | None = None) -> Halt:
    shop.halt = Halt(shop.clock, seconds)
    return shop.halt


# --- a shop whose rows move -------------------------------------------------------------------------------------------


class Orders:
    """Orders by the time of their last change, paged by offset like the platforms do."""

    def __init__(self, rows: Sequence[dict[str, Any]], page: int = 10, *, totals: bool = True) -> None:
        self.rows = {row["id"]: row for row in rows}
        self.page = page
        self.totals = totals
        self.between: Callable[[Asked], None] = lambda _: None
        """What happens in the shop before a page is answered."""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        if asked.path.startswith("/orders/"):
            keys = asked.path.removeprefix("/orders/").split(",")
            return Reply(body={"rows": [self.rows[key] for key in keys if key in self.rows]})
        self.between(asked)
        return self.search(asked)

    def search(self, asked: Asked) -> Reply:
        low, high = int(asked.query["low"]), int(asked.query["high"])
        start = int(asked.query.get("cursor", "0"))
        found = sorted((row for row in self.rows.values() if low <= row["at"] < high), key=lambda row: row["at"])
        page = found[start : start + self.page]
        body: dict[str, Any] = {"rows": page}
        if start + self.page < len(found):
            body["next"] = str(start + self.page)
        if self.totals:
            body["total"] = len(found)
        return Reply(body=body)


def orders(number: int, first: int, step: int = 60) -> list[dict[str, Any]]:
    return [
        {"id": f"o{n}", "at": first + n * step, "version": first + n * step, "status": "new"} for n in range(number)
    ]


def inbox(store: Store) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Key -> its revisions, in the order of arrival."""
    out: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    with store.read() as db:
        for key, version, body in db.execute("SELECT key, version, body FROM inbox ORDER BY id"):
            out.setdefault(key, []).append((version, json.loads(body)))
    return out


def mark(store: Store, name: str = "shop", stream: str = "orders") -> int | None:
    with store.read() as db:
        return windows.planned_until(db, name, stream)


def stream(**more: object) -> Stream:
    return Stream(**{"name": "orders", "door": ORDERS, "window": timedelta(days=400), "batch": 3, **more})  # type: ignore[arg-type]


def single(server: Server, **more: object) -> Source:
    """A source whose first sync is one window, so that what happens between two pages is known."""
    return source(server, stream(**more), token="access-token-0", in_flight=1)


def open_windows(store: Store, backfill: str | None = None) -> list[windows.OpenWindow]:
    with store.read() as db:
        return windows.open_windows(db, "shop", backfill)


def entries(store: Store) -> list[quarantine.Entry]:
    with store.read() as db:
        return quarantine.entries(db)


def page(*keys: str, **more: object) -> Reply:
    return Reply(body={"rows": [{"id": key, "at": 1} for key in keys], **more})


async def played(store: Store, *pages: Reply, **more: object) -> tuple[object, Server]:
    left = list(pages)

    def handler(asked: Asked) -> Reply:
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        return left.pop(0) if len(left) > 1 else left[0]

    async with served(handler) as server:
        return await sync_source(single(server, **more), workshop(store, PlayedClock(NOW))), server
