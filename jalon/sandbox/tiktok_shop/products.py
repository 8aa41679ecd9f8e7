"""Products of TikTok Shop, played (Partner Center, Search Products, 202502)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jalon.sandbox import paging
from jalon.sandbox.clock import Clock
from jalon.sandbox.money import decimal
from jalon.sandbox.tiktok_shop.envelope import Call, second, texts, word
from jalon.sandbox.world import Product, World

_STATUSES = "ALL DRAFT PENDING FAILED ACTIVATE SELLER_DEACTIVATED PLATFORM_DEACTIVATED FREEZE DELETED"
STATUSES = frozenset(_STATUSES.split())


class Products:
    """What the shop sells."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._clock = clock
        self._products = world.products
        self._currency = world.tiktok_currency

    def search(self, call: Call) -> dict[str, Any]:
        """Answer POST /product/202502/products/search."""
        size = paging.page_size(call.query, most=100)
        found = [product for product in self._products if self._wanted(product, call.words)]
        page, following = paging.cut(found, call, size)
        listed = {"products": [self._form(product) for product in page]} if page else {}
        return listed | {"next_page_token": following, "total_count": len(found)}

    def _wanted(self, product: Product, words: Mapping[str, Any]) -> bool:
        skus = texts(words, "seller_skus")
        since, until = second(words, "update_time_ge"), second(words, "update_time_le")
        return (
            product.created_at <= self._clock.now()
            and word(words, "status", STATUSES, "ALL") in ("ALL", "ACTIVATE")
            and (not skus or product.sku in skus)
            and (since is None or product.created_at >= since)
            and (until is None or product.created_at <= until)
        )

    def _form(self, product: Product) -> dict[str, Any]:
        price = decimal(product.prices[self._currency], self._currency)
        return {
            "id": product.tiktok_product_id,
            "title": product.title,
            "status": "ACTIVATE",
            "create_time": product.created_at,
            "update_time": product.created_at,
            "sales_regions": ["US"],
            "skus": [
                {
                    "id": product.tiktok_sku_id,
                    "seller_sku": product.sku,
                    "price": {"currency": self._currency, "tax_exclusive_price": price, "sale_price": price},
                }
            ],
        }
