"""A session without a network for what is built on the Graph API; it prepares and judges as the engine does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jalon.connectors.base import Answer, Connector, Credentials, Request
from tests.connectors.played import PlayedSession

NOW = 1_795_176_000.0
"""2026-11-20T12:00:00Z."""
TOKEN = Credentials("EAAG-canary-token")
APP = {"app_id": "111222333", "app_secret": "canary-app-secret"}


class GraphSession(PlayedSession):
    """Asks under the one token."""

    def __init__(
        self,
        connector: Connector,
        settings: Any,
        play: Callable[[Request], Answer],
        account: Mapping[str, str] | None = None,
        at: float = NOW,
    ) -> None:
        super().__init__(connector, settings, play, account or {}, at, TOKEN)


def good(data: Any, **headers: str) -> Answer:
    return Answer(200, {"content-type": "application/json", **headers}, json.dumps(data).encode())


def refused(code: int, subcode: int = 0, message: str = "no", status: int = 400, **headers: str) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A"}
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps({"error": error}).encode())
