"""Orders of TikTok Shop, played: search, detail, and the ids they have elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from jalon.sandbox import paging
from jalon.sandbox.clock import Clock
from jalon.sandbox.tiktok_shop.envelope import ORDERS, SORTED_BY, Call, Refused, second, word
from jalon.sandbox.tiktok_shop.order_form import STATUSES, milestones, order_form, status_at
from jalon.sandbox.timeline import Timeline
from jalon.sandbox.world import Sale, World

MOST_IDS = 50
KEPT = 40_000
"""Encoded orders kept for the next time they are asked for."""
PLATFORMS = frozenset(
    {
        "AMAZON",
        "BIGCOMMERCE",
        "CHANNEL_ADVISOR",
        "ERP_SYSTEM",
        "MAGENTO",
        "ORDER_MANAGEMENT_SYSTEM",
        "SALESFORCE_COMMERCE_CLOUD",
        "SHOPIFY",
        "WAREHOUSE_MANAGEMENT_SYSTEM",
        "WOOCOMMERCE",
    }
)


class Orders:
    """The orders of the shop, as they stand by the clock."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._clock = clock
        self._sales: Sequence[Sale] = [sale for sale in world.sales if sale.platform == "tiktok_shop"]
        self._shoppers = world.shoppers
        self._products = {product.sku: product for product in world.products}
        self._contents = {content.id: content for content in world.contents}
        self._number = {sale.order_id: number for number, sale in enumerate(self._sales)}
        self._copied = {sale.copy.order_id: sale for sale in self._sales if sale.copy is not None}
        self._timeline = Timeline([at for at, _ in milestones(sale)] for sale in self._sales)
        self._encoded: dict[int, tuple[int, bytes]] = {}

    def search(self, call: Call) -> bytes:
        """Answer POST /order/202309/orders/search."""
        size = paging.page_size(call.query, most=100)
        now = int(self._clock.now())
        self._timeline.move(now)
        numbers = self._found(call.query, call.words, now)
        page, following = paging.cut(numbers, call, size)
        orders = b",".join(self._bytes(number, now) for number in page)
        listed = b'"orders":[%b],' % orders if orders else b""
        return b'{%b"next_page_token":%b,"total_count":%d}' % (listed, orjson.dumps(following), len(numbers))

    def _found(self, query: Mapping[str, str], words: Mapping[str, Any], now: int) -> Sequence[int]:
        created = second(words, "create_time_ge"), second(words, "create_time_lt")
        updated = second(words, "update_time_ge"), second(words, "update_time_lt")
        by_update = word(query, "sort_field", SORTED_BY, "create_time") == "update_time"
        if by_update:
            numbers: Sequence[int] = self._timeline.updated_between(*updated)
            kept = self._keep_created(numbers, created)
        else:
            numbers = self._timeline.created_between(*created)
            kept = self._keep_updated(numbers, updated, now)
        kept = self._with_words(kept, words, now)
        return kept if word(query, "sort_order", ORDERS, "DESC") == "ASC" else kept[::-1]

    def _keep_created(self, numbers: Sequence[int], within: tuple[int | None, int | None]) -> Sequence[int]:
        if within == (None, None):
            return numbers
        return [number for number in numbers if _inside(self._sales[number].placed_at, within)]

    def _keep_updated(self, numbers: Sequence[int], within: tuple[int | None, int | None], now: int) -> Sequence[int]:
        if within == (None, None):
            return numbers
        return [number for number in numbers if _inside(self._timeline.updated_at(number, now), within)]

    def _with_words(self, numbers: Sequence[int], words: Mapping[str, Any], now: int) -> Sequence[int]:
        status, buyer = words.get("order_status"), words.get("buyer_user_id")
        if status:
            word({"order_status": status}, "order_status", STATUSES)
            numbers = [n for n in numbers if status_at(milestones(self._sales[n]), now)[0] == status]
        if buyer:
            numbers = [n for n in numbers if self._shoppers[self._sales[n].shopper].tiktok_user_id == buyer]
        return numbers

    def _bytes(self, number: int, now: int) -> bytes:
        updated = self._timeline.updated_at(number, now)
        kept = self._encoded.get(number)
        if kept is not None and kept[0] == updated:
            return kept[1]
        sale = self._sales[number]
        text = orjson.dumps(order_form(sale, self._shoppers[sale.shopper], self._products, self._contents, now))
        if len(self._encoded) >= KEPT:
            self._encoded.pop(next(iter(self._encoded)))
        self._encoded[number] = (updated, text)
        return text

    def detail(self, call: Call) -> bytes:
        """Answer GET /order/202507/orders?ids=a,b."""
        ids = [identity for identity in call.query.get("ids", "").split(",") if identity]
        if not 1 <= len(ids) <= MOST_IDS:
            raise Refused(36009004, f"Invalid 'ids' query parameter: give 1 to {MOST_IDS} order ids.")
        now = int(self._clock.now())
        self._timeline.move(now)
        found = [n for n in map(self._number.get, ids) if n is not None and self._sales[n].placed_at <= now]
        return b'{"orders":[%b]}' % b",".join(self._bytes(n, now) for n in found) if found else b"{}"

    def external_orders(self, call: Call) -> dict[str, Any]:
        """Answer GET /order/202406/orders/{order_id}/external_orders."""
        platform = _platform(call.query)
        number = self._number.get(call.path["order_id"])
        if number is None or self._sales[number].placed_at > self._clock.now():
            raise Refused(36009004, "The order does not exist.")
        known = self._external([self._sales[number]], platform)
        return {"external_orders": known} if known else {}

    def external_search(self, call: Call) -> dict[str, Any]:
        """Answer POST /order/202406/orders/external_order_search."""
        platform = _platform(call.query)
        sale = self._copied.get(call.query.get("external_order_id", ""))
        known = self._external([sale] if sale is not None else [], platform)
        return {"orders": [{"id": sale.order_id, "external_order": known[0]}]} if known and sale is not None else {}

    def _external(self, sales: Iterable[Sale], platform: str) -> list[dict[str, Any]]:
        now = self._clock.now()
        return [
            {"id": copy.order_id, "platform": platform}
            for sale in sales
            if (copy := sale.copy) is not None and copy.external and copy.at <= now and platform == "SHOPIFY"
        ]


def _platform(query: Mapping[str, str]) -> str:
    platform = query.get("platform", "")
    if platform not in PLATFORMS:
        raise Refused(36009004, "Invalid 'platform' query parameter.")
    return platform


def _inside(at: int, within: tuple[int | None, int | None]) -> bool:
    start, end = within
    return (start is None or at >= start) and (end is None or at < end)
