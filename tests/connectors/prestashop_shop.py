"""A session without a network for a PrestaShop shop, played over rows in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from jalon.connectors.base import Answer, Batch, Request, Window
from jalon.connectors.prestashop import PrestaShop, Settings

CONNECTOR = PrestaShop()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
NOW = 1_764_000_000.0
KEY = "K" * 32
ACCOUNT = {
    "currencies": "1=EUR 2=GBP",
    "states": "2/1/1/payment 6/0/0/order_canceled 10/0/0/bankwire",
    "may": "order_histories order_cart_rules customers combinations",
    "zone": "Europe/Berlin",
}


def settings(**more: Any) -> Settings:
    return Settings(connector="prestashop", **{"url": "https://laden.example", "key": KEY, **more})


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, {}, value if isinstance(value, bytes) else json.dumps(value).encode())


def refused(code: int, status: int = 400) -> Answer:
    return answer({"errors": [{"code": code, "message": "No."}]}, status)


def order(number: int, moved: str = "2025-11-24 16:30:00", **more: Any) -> dict[str, Any]:
    about = {"id": number, "id_currency": "1", "id_customer": "5", "current_state": "2", "date_upd": moved}
    return {**about, "associations": {"order_rows": [{"id": "1"}]}, **more}


def window(stream: str = "orders", low: float = NOW - 3600, high: float = NOW, cursor: str | None = None) -> Window:
    return Window(STREAMS[stream], datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC), cursor)


class FakeSession:
    """Hands each prepared request to `play` and judges its answer, as the engine does, without waiting."""

    def __init__(self, play: Callable[[Request], Answer], account: Mapping[str, str] = ACCOUNT, **more: Any) -> None:
        self.settings = settings(**more)
        self.account = account
        self.asked: list[Request] = []
        self._play = play

    def now(self) -> float:
        return NOW

    async def ask(self, request: Request) -> Answer:
        credentials = CONNECTOR.credentials(self.settings)
        prepared = CONNECTOR.prepare(request, self.settings, credentials, self.account, NOW)
        self.asked.append(prepared)
        reply = self._play(prepared)
        fault = CONNECTOR.judge(request, reply)
        if fault is not None:
            raise fault
        return reply

    def of(self, resource: str) -> list[Request]:
        return [asked for asked in self.asked if asked.path == f"/api/{resource}"]

    def lines(self, url: str) -> AsyncIterator[bytes]:
        raise AssertionError("PrestaShop has no bulk files")


def table(rows: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """Return what plays one list of orders: filtered, sorted and limited as the webservice does; all else is empty."""

    def play(asked: Request) -> Answer:
        if asked.path != "/api/orders":
            return answer([])
        query = asked.query
        low, high = sorted(query["filter[date_upd]"][1:-1].split(","))  # as the shop does, whichever comes first
        found = [row for row in rows if low <= row["date_upd"] <= high]
        if "filter[id]" in query:
            first, last = map(int, query["filter[id]"][1:-1].split(","))
            found = [row for row in found if first <= row["id"] <= last]
        found.sort(key=lambda row: (row["date_upd"], row["id"]))
        offset, size = map(int, query["limit"].split(","))
        found = found[offset : offset + size]
        return answer({"orders": found} if found else [])

    return play


async def all_of(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]
