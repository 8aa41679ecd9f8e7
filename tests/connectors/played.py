"""A session without a network for any connector: requests are prepared and answers judged as the engine does it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jalon.connectors.base import Answer, Connector, Credentials, Request

T = TypeVar("T")


@dataclass
class PlayedSession:
    """Hands each prepared request to `play` and judges its answer, without waiting. `files`: the lines behind a URL."""

    connector: Connector
    settings: Any
    play: Callable[[Request], Answer]
    account: Mapping[str, str] = field(default_factory=dict)
    time: float = 0.0
    credentials: Credentials | None = None
    files: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def now(self) -> float:
        return self.time

    async def ask(self, request: Request) -> Answer:
        credentials = None if request.anonymous else self.credentials
        prepared = self.connector.prepare(request, self.settings, credentials, self.account, self.time)
        self.asked.append(prepared)
        reply = self.play(prepared)
        fault = self.connector.judge(request, reply)
        if fault is not None:
            raise fault
        return reply

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        self.read.append(url)
        for line in self.files[url]:
            yield line

    async def once(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        if name not in self.kept:
            self.kept[name] = await read()
        found: T = self.kept[name]
        return found


async def all_of(found: AsyncIterator[T]) -> list[T]:
    """Return all that is yielded."""
    return [each async for each in found]
