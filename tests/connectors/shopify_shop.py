"""A session that answers from a script, in the place of the engine's."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jalon.connectors.base import Answer, Batch, Delivery, Request, Stream, Window
from jalon.connectors.shopify import Settings, Shopify
from jalon.connectors.signatures import signed

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SHOP = "jalon-test.myshopify.com"
SETTINGS = Settings(connector="shopify", shop=SHOP, access_token="shpat_x", client_secret="hush")
ALL_SCOPES = "read_all_orders read_customers read_orders read_products read_returns"
Reply = Callable[[str, dict[str, Any]], Any]


def answer(data: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(data).encode())


class Script:
    """Answers each question through the connector's own judge, as the engine does, and keeps what was asked."""

    def __init__(
        self, reply: Reply, *, settings: Settings = SETTINGS, scopes: str = ALL_SCOPES, **account: str
    ) -> None:
        self.settings: Any = settings
        self.account: Mapping[str, str] = {"scopes": scopes, "taxes_included": "false", **account}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[Request] = []
        self.files: dict[str, Sequence[bytes]] = {}
        self._reply = reply

    def now(self) -> float:
        return NOW.timestamp()

    async def ask(self, request: Request) -> Answer:
        self.requests.append(request)
        name, variables = operation(request)
        self.asked.append((name, variables))
        replied = self._reply(name, variables)
        given = (
            replied if isinstance(replied, Answer) else answer(replied if "errors" in replied else {"data": replied})
        )
        fault = Shopify().judge(request, given)
        if fault is not None:
            raise fault
        return given

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        for line in self.files[url]:
            yield line


def operation(request: Request) -> tuple[str, dict[str, Any]]:
    """Return the name and the variables of a question; a token request is named by its path."""
    if not request.path.endswith("graphql.json"):
        return request.path, {}
    asked = json.loads(request.body)
    name = re.match(r"\s*(?:query|mutation) (\w+)", asked["query"])
    assert name, asked["query"]
    return name[1], asked["variables"]


def stream(name: str) -> Stream:
    return next(one for one in Shopify.streams if one.name == name)


def window(
    low: datetime, high: datetime = NOW, *, name: str = "orders", cursor: str | None = None, backfill: bool = False
) -> Window:
    return Window(stream(name), low, high, cursor, backfill)


async def pulled(session: Script, asked: Window) -> list[Batch]:
    return [batch async for batch in Shopify().pull(session, asked)]


async def fetched(session: Script, *keys: str) -> list[Batch]:
    return [batch async for batch in Shopify().fetch(session, stream("orders"), keys)]


def page(nodes: Sequence[Any], after: str | None = None) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": after is not None, "endCursor": after or "last"}, "nodes": list(nodes)}


def order(number: int, **fields: Any) -> dict[str, Any]:
    """An order as a page of the API holds it."""
    made: dict[str, Any] = {
        "id": f"gid://shopify/Order/{number}",
        "createdAt": "2026-06-30T12:00:00Z",
        "updatedAt": "2026-06-30T12:00:05Z",
        "lineItems": page([]),
        "returns": page([]),
        "refunds": [],
        "customerJourneySummary": None,
    }
    return {**made, **fields}


def delivery(topic: str, body: Any, *, secret: str = "hush", received_at: float = 0.0, **headers: str) -> Delivery:
    """A delivery as Shopify sends it; headers by their names without the `x-shopify-` before them."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {
        "topic": topic,
        "shop-domain": SHOP,
        "webhook-id": "w-1",
        "hmac-sha256": signed(raw, secret.encode()).decode(),
    }
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery({f"x-shopify-{name}": value for name, value in told.items()}, raw, received_at)
