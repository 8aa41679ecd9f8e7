"""A session without a network for what is built on the Graph API; it prepares and judges as the engine does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jalon.connectors.base import Answer, Batch, Connector, Credentials, Request

NOW = 1_795_176_000.0
"""2026-11-20T12:00:00Z."""
TOKEN = Credentials("EAAG-canary-token")
APP = {"app_id": "111222333", "app_secret": "canary-app-secret"}


@dataclass
class GraphSession:
    """Hands each prepared request to `play` and judges its answer, without waiting."""

    connector: Connector
    settings: Any
    play: Callable[[Request], Answer]
    account: Mapping[str, str] = field(default_factory=dict)
    at: float = NOW
    asked: list[Request] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def ask(self, request: Request) -> Answer:
        prepared = self.connector.prepare(request, self.settings, TOKEN, self.account, self.at)
        self.asked.append(prepared)
        reply = self.play(prepared)
        fault = self.connector.judge(request, reply)
        if fault is not None:
            raise fault
        return reply

    def lines(self, *_: Any) -> AsyncIterator[bytes]:
        raise AssertionError("the Graph API has no bulk files")


def good(data: Any, **headers: str) -> Answer:
    return Answer(200, {"content-type": "application/json", **headers}, json.dumps(data).encode())


def refused(code: int, subcode: int = 0, message: str = "no", status: int = 400, **headers: str) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A"}
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps({"error": error}).encode())


async def all_of(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]
