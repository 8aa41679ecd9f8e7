"""A session without a network for a WooCommerce shop, and what its contracts say of requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from jalon.connectors.base import Answer, Request, Window
from jalon.connectors.woocommerce import Settings, WooCommerce
from tests.connectors.played import PlayedSession

CONNECTOR = WooCommerce()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
NOW = 1_764_000_000.0
SECRET = "a-long-random-text"

_WORDS = """
    context page per_page search after before modified_after modified_before dates_are_gmt exclude include offset order
    orderby parent parent_exclude status customer product dp
"""
LISTED = frozenset(_WORDS.split())
"""Parameters of a list, https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders."""


def settings(**more: Any) -> Settings:
    given = {"url": "https://boutique.example", "consumer_key": "ck_canary", "consumer_secret": "cs_canary"}
    return Settings(connector="woocommerce", **{**given, "webhook_secret": SECRET, **more})


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


def refused(code: str, status: int) -> Answer:
    return answer({"code": code, "message": "No.", "data": {"status": status}}, status)


def listed(rows: list[Any], pages: int | None = 1, total: int | None = None) -> Answer:
    counts = {} if pages is None else {"x_wp_total": str(len(rows) if total is None else total)}
    return answer(rows, **counts, **({} if pages is None else {"x_wp_totalpages": str(pages)}))


def order(number: int, modified: str = "2025-11-24T15:30:00", **more: Any) -> dict[str, Any]:
    return {"id": number, "number": str(number), "date_modified_gmt": modified, "refunds": [], "meta_data": [], **more}


def window(stream: str = "orders", low: float = NOW - 3600, high: float = NOW, cursor: str | None = None) -> Window:
    return Window(STREAMS[stream], datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC), cursor)


class FakeSession(PlayedSession):
    """Asks the shop with the key of the settings."""

    def __init__(
        self, play: Callable[[Request], Answer], account: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        given = settings(**more)
        super().__init__(CONNECTOR, given, play, account or {}, NOW, CONNECTOR.credentials(given))
