"""Every answer of the played TikTok Shop fits the platform's own description of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from seller import Seller

from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World

WINDOW = {"start_date_ge": "2026-10-01", "end_date_lt": "2026-11-20"}
PAGE = {"page_size": "50"}
OPERATIONS = [
    ("GET", "/authorization/202309/shops", {}, None),
    ("POST", "/order/202309/orders/search", PAGE, {}),
    ("GET", "/order/202507/orders", {"ids": "{order_id}"}, None),
    ("GET", "/order/202406/orders/{order_id}/external_orders", {"platform": "SHOPIFY"}, None),
    (
        "POST",
        "/order/202406/orders/external_order_search",
        {"platform": "SHOPIFY", "external_order_id": "{copy_id}"},
        None,
    ),
    ("POST", "/affiliate_seller/202410/orders/search", PAGE, {}),
    ("POST", "/return_refund/202602/returns/search", PAGE, {}),
    ("POST", "/return_refund/202602/cancellations/search", PAGE, {}),
    ("GET", "/analytics/202605/shop_videos/performance", WINDOW, None),
    ("GET", "/analytics/202509/shop_videos/{video_id}/performance", WINDOW | {"granularity": "1D"}, None),
    ("GET", "/analytics/202509/shop_videos/{video_id}/products/performance", WINDOW, None),
    ("GET", "/analytics/202609/shop_lives/performance", WINDOW | {"account_type": "OFFICIAL_ACCOUNTS"}, None),
    ("GET", "/analytics/202512/shop/{live_id}/products_performance", {}, None),
    ("POST", "/product/202502/products/search", PAGE, {}),
    ("PUT", "/event/202309/webhooks", {}, {"event_type": "ORDER_STATUS_CHANGE", "address": "https://a.example/x"}),
    ("GET", "/event/202309/webhooks", {}, None),
    ("DELETE", "/event/202309/webhooks", {}, {"event_type": "ORDER_STATUS_CHANGE"}),
]


def _names(world: World, sandbox: Sandbox) -> dict[str, str]:
    now = sandbox.clock.now()
    copied = next(s for s in world.sales if s.copy and s.copy.external and s.copy.at < now)
    videos = [content.id for content in world.contents if content.kind == "VIDEO" and content.posted_at < now]
    own = [content for content in world.contents if not content.is_affiliate and content.posted_at < now]
    lives = [content.id for content in own if content.kind == "LIVE"]
    assert copied.copy is not None
    return {
        "order_id": copied.order_id,
        "copy_id": copied.copy.order_id,
        "video_id": videos[-4],
        "live_id": lives[-2],
    }


def _strict(schema: Any) -> Any:
    """Refuse fields that the description does not know, so that a misspelt one is found."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _strict(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema["properties"]:
        closed["additionalProperties"] = False
    return closed


def _leaves(value: Any) -> Iterator[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield part
        yield from _leaves(part)


@pytest.mark.parametrize(("method", "path", "query", "body"), OPERATIONS, ids=lambda part: str(part)[:60])
async def test_an_answer_fits_its_schema(
    seller: Seller,
    sandbox: Sandbox,
    world: World,
    contracts: Path,
    method: str,
    path: str,
    query: dict[str, str],
    body: Any,
) -> None:
    names = _names(world, sandbox)
    filled = {key: value.format(**names) for key, value in query.items()}
    answer = await seller.send(method, path.format(**names), filled, body)
    words = answer.json()
    assert words["code"] == 0, words
    described = json.loads((contracts / "tiktok-shop" / "openapi-subset.json").read_text())
    operation = described["paths"][path][method.lower()]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(_strict(schema)).validate(words)
    assert [] not in list(_leaves(words["data"])), "the platform leaves empty lists out"
    known = {parameter["name"] for parameter in operation["parameters"]}
    assert filled.keys() <= known
