"""The products of the played shop; some are variable products, whose SKU is that of their one variation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jalon.sandbox.money import decimal
from jalon.sandbox.world import Product


class Item(NamedTuple):
    """One thing sold, under the shop's ids; `variation_id` 0: a simple product."""

    sku: str
    title: str
    price: int
    product_id: int
    variation_id: int
    created_at: int


class Catalog:
    """All products of the shop, by SKU and by id."""

    def __init__(self, products: Sequence[Product], timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self.items = {product.sku: _item(number, product) for number, product in enumerate(products)}
        self.by_id = {item.product_id: item for item in self.items.values()}

    def form(self, item: Item) -> dict[str, Any]:
        """Return a product as the REST API writes it."""
        varies = bool(item.variation_id)
        return {
            "id": item.product_id,
            "name": item.title,
            "type": "variable" if varies else "simple",
            "status": "publish",
            "sku": "" if varies else item.sku,
            "price": decimal(item.price, "EUR"),
            "description": "<p>canary description</p>",
            **self._dates("date_created", item.created_at),
            **self._dates("date_modified", item.created_at),
            "variations": [item.variation_id] if varies else [],
        }

    def variations(self, item: Item) -> list[dict[str, Any]]:
        """Return the variations of a product."""
        if not item.variation_id:
            return []
        price = decimal(item.price, "EUR")
        return [{"id": item.variation_id, "sku": item.sku, "price": price, "status": "publish"}]

    def _dates(self, name: str, at: int) -> dict[str, str]:
        local, gmt = datetime.fromtimestamp(at, self._zone), datetime.fromtimestamp(at, UTC)
        return {name: f"{local:%Y-%m-%dT%H:%M:%S}", f"{name}_gmt": f"{gmt:%Y-%m-%dT%H:%M:%S}"}


def _item(number: int, product: Product) -> Item:
    varies = number % 3 == 1
    return Item(
        product.sku,
        product.title,
        product.prices["EUR"],
        20 + number * 3,
        500 + number if varies else 0,
        product.created_at,
    )
