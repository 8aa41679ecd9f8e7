"""What of TikTok Shop's answers comes in: all that the official schema knows is sent, and only what is named passes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from jalon.connectors.base import Request
from tests.connectors.played import all_of
from tests.connectors.tiktok_fakes import CONNECTOR, STREAMS, FakeSession, Official, day_window, good, window

PERSONAL = re.compile(
    r"e?mail|phone|address|recipient|buyer|nick_?name|avatar|first_name|last_name|(^|\.)name$|cpf|message|note|postal"
    r"|region|card|auth_code|registry|national|reason_text|open_id|tracking|district|post_town|pick_?up|drop_off"
)
NAMES_OF_THINGS = {"videos.products.name", "video_products.name", "live_products.name"}
"""Fields called `name` that name a product."""
REFUNDS = {"returns.", "returns.return_line_items.", "cancellations.", "cancellations.cancel_line_items."}
FEES = {f"{refund}refund_amount.buyer_service_fee" for refund in REFUNDS}
"""Amounts of money."""

READS = {
    "orders": (Request("POST", "/order/202309/orders/search"), "orders"),
    "returns": (Request("POST", "/return_refund/202602/returns/search"), "return_orders"),
    "cancellations": (Request("POST", "/return_refund/202602/cancellations/search"), "cancellations"),
    "affiliate_orders": (Request("POST", "/affiliate_seller/202410/orders/search"), "orders"),
    "products": (Request("POST", "/product/202502/products/search"), "products"),
    "videos": (Request("GET", "/analytics/202605/shop_videos/performance"), "videos"),
    "lives": (Request("GET", "/analytics/202609/shop_lives/performance"), "live_stream_sessions"),
    "video_products": (Request("GET", "/analytics/202509/shop_videos/1/products/performance"), "products"),
    "live_products": (Request("GET", "/analytics/202512/shop/1/products_performance"), "products"),
    "external_orders": (Request("GET", "/order/202406/orders/1/external_orders"), "external_orders"),
}
KEYS = {"video_products": "1/2025-11-19", "live_products": "1/2025-11-19/2025-11-20", "external_orders": "1"}


def filled(schema: dict[str, Any], path: str) -> Any:
    """Return a value of a schema in which every text tells the path it stands at."""
    if schema.get("type") == "object" or "properties" in schema:
        return {name: filled(inner, f"{path}.{name}") for name, inner in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [filled(schema["items"], path)]
    return {"integer": 7, "number": 7, "boolean": True}.get(schema.get("type", ""), f"canary:{path}")


def leaves(value: Any, path: str) -> Iterator[str]:
    """Yield the paths at which something stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    elif value is not None:
        yield path


async def passed(stream: str, official: Official) -> Any:
    """Return what of a whole documented answer passes the stream's door."""
    request, name = READS[stream]
    schema = official.answers(request)["properties"][name]
    data = {name: filled(schema, stream), "latest_available_date": "2030-01-01"}
    session = FakeSession(lambda _: good(data), external_platforms=("SHOPIFY",))
    if stream in KEYS:
        batches = await all_of(CONNECTOR.fetch(session, STREAMS[stream], [KEYS[stream]]))
    else:
        asked = day_window(stream) if STREAMS[stream].grain == "day" else window(stream)
        batches = await all_of(CONNECTOR.pull(session, asked))
    return STREAMS[stream].door(batches[0].records[0].body, lambda kind, value: f"hash of {kind}")


@pytest.mark.parametrize("stream", READS)
async def test_nothing_personal_passes(stream: str, official: Official) -> None:
    body = await passed(stream, official)
    came_in = {path.removesuffix(".") for path in leaves(body, stream)}
    assert len(came_in) > 2, "the door lets nothing in"
    assert {path for path in came_in if PERSONAL.search(path)} <= NAMES_OF_THINGS | FEES


async def test_a_buyer_is_known_by_a_hash_alone(official: Official) -> None:
    body = await passed("orders", official)
    assert body["user_id"] == "hash of tiktok_user"
    assert "canary:orders.user_id" not in str(body)


async def test_what_the_facts_need_passes(official: Official) -> None:
    body = await passed("orders", official)
    assert {"id", "status", "create_time", "update_time", "paid_time", "payment", "line_items"} <= body.keys()
    assert {"sub_total", "original_total_product_price", "total_amount"} <= body["payment"].keys()
    assert {"id", "sale_price", "original_price", "room_id", "seller_sku"} <= body["line_items"][0].keys()


def test_every_stream_is_looked_at() -> None:
    assert set(READS) == set(STREAMS) - {"content_tags"}, "content_tags is made of ids by the connector itself"
