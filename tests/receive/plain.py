"""A connector that only receives, and a client that may misbehave."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, NamedTuple

from jalon.connectors.base import (
    Answer,
    Batch,
    Capability,
    Connector,
    Credentials,
    Delivery,
    Fault,
    Request,
    Session,
    Settings,
    Stream,
    Window,
)
from jalon.receive.hooks import Hook, path_of
from jalon.receive.receiver import Receiver

Start = Callable[..., Awaitable[tuple[Receiver, int]]]
"""Starts a receiver with the hooks and limits given; returns it and its port."""

SECRET, OLD_SECRET, TOKEN = b"secret", b"old secret", "0123456789abcdef" * 2
PATH = path_of("shop", TOKEN)


class Plain(Connector):
    """Signs the body with HMAC-SHA256 in hex and names deliveries in a header."""

    name: ClassVar[str] = "plain"
    title: ClassVar[str] = "Plain"
    normalizer: ClassVar[str] = "nowhere:nothing"
    settings: ClassVar[type[Settings]] = Settings
    streams: ClassVar[tuple[Stream, ...]] = ()
    capabilities: ClassVar[tuple[Capability, ...]] = ()
    documentation: ClassVar[str] = "https://example.org"

    def account(self, settings: Any) -> str:
        return "plain"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        return request

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        return None

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        yield Batch()

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        claimed = delivery.headers.get("x-signature", "").encode("utf-8", "replace")
        return any(hmac.compare_digest(sign(delivery.body, secret).encode(), claimed) for secret in secrets)

    def delivery_key(self, delivery: Delivery) -> str:
        return delivery.headers["x-id"]


def hook(connector: Connector | None = None, secrets: tuple[bytes, ...] = (SECRET,), token: str = TOKEN) -> Hook:
    return Hook(connector or Plain(), Settings(connector="plain"), secrets, token)


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return hmac.digest(secret, body, "sha256").hex()


def head(path: str = PATH, method: str = "POST", **headers: str | int | None) -> bytes:
    """Return a request's head; underscores in header names stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def post(body: bytes, id: str = "1", secret: bytes = SECRET, path: str = PATH, **headers: str | int | None) -> bytes:
    """Return a signed delivery."""
    named: dict[str, str | int | None] = {"Content_Length": len(body), "X_Signature": sign(body, secret), "X_Id": id}
    return head(path, **(named | headers)) + body


class Heard(NamedTuple):
    """An answer; `status` 0: the connection ended without one."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self, *, bodiless: bool = False) -> Heard:
        try:
            top = await self.reader.readuntil(b"\r\n\r\n")
            status, *lines = top.decode().split("\r\n")[:-2]
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
            size = 0 if bodiless else int(headers.get("content-length", 0))
            return Heard(int(status.split()[1]), headers, await self.reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return Heard(0, {}, b"")

    async def ask(self, data: bytes) -> Heard:
        await self.send(data)
        return await self.hear()

    async def ended(self) -> bool:
        """Wait until the other side closes; True."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def connected(port: int, source: str = "127.0.0.1") -> AsyncIterator[Client]:
    """Lend a connection from the address `source`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def ask(port: int, data: bytes) -> Heard:
    """Send one request on a connection of its own."""
    async with connected(port) as client:
        return await client.ask(data)
