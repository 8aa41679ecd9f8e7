"""Products and variants at the root of a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from jalon.sandbox.shopify.asking import COUNTED, Asking, count, search
from jalon.sandbox.shopify.fields import Resolver
from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.pages import Row, connection, walk_rows
from jalon.sandbox.shopify.search import Dialect, Node
from jalon.sandbox.world import World

BY_TIME = frozenset({"UPDATED_AT", "CREATED_AT", "PUBLISHED_AT"})
# https://shopify.dev/docs/api/admin-graphql/2026-10/queries/products#arguments-query
PRODUCT_FIELDS: dict[str, Any] = {
    "created_at": "time",
    "updated_at": "time",
    "id": "id",
    "sku": "text",
    "title": "text",
    "tag": "text",
    "vendor": "text",
    "product_type": "text",
    "status": frozenset({"active", "archived", "draft", "unlisted"}),
}


@dataclass(slots=True)
class Products:
    """Answer the root fields over the shop's goods."""

    world: World
    shelf: Mapping[str, tuple[Tree, Tree]]
    """(product, variant) by SKU."""
    zone: ZoneInfo

    def resolvers(self) -> dict[str, Resolver]:
        """Return the table of fields."""
        return {
            "QueryRoot.products": self.products,
            "QueryRoot.productsCount": self.products_count,
            "QueryRoot.productVariants": self.variants,
        }

    def find(self, gid: str) -> Tree | None:
        """Return the product or variant with a global id."""
        return next((tree for pair in self.shelf.values() for tree in pair if tree["id"] == gid), None)

    def products(self, _: Any, info: Any, **arguments: Any) -> Tree:
        """Answer `products`."""
        return self._goods(info, arguments, 0)

    def variants(self, _: Any, info: Any, **arguments: Any) -> Tree:
        """Answer `productVariants`."""
        return self._goods(info, arguments, 1)

    def _goods(self, info: Any, arguments: dict[str, Any], side: int) -> Tree:
        asking: Asking = info.context
        if asking.bulk:
            return asking.part_of(info)
        query, sort_key = arguments.get("query"), arguments["sortKey"]
        rows = self._product_rows(info, query, sort_key, side)
        return connection(walk_rows(rows), arguments, timed=sort_key in BY_TIME, searched=bool(query))

    def products_count(self, _: Any, info: Any, query: str | None = None, limit: int | None = COUNTED) -> Tree:
        """Answer `productsCount`."""
        return count(iter(self._product_rows(info, query, "ID", 0)), limit)

    def _product_rows(self, info: Any, query: str | None, sort_key: str, side: int) -> list[Row]:
        dialect, node = search(self.zone, info, query, PRODUCT_FIELDS)
        return self.rows(info.context.now, dialect, node, sort_key, side)

    def rows(self, now: float, dialect: Dialect, node: Node | None, sort_key: str, side: int) -> list[Row]:
        """Return products (`side` 0) or variants (1) that exist by `now` and match a search, sorted."""
        matches = dialect.matcher(node)
        rows = []
        for goods in self.world.products:
            pair = self.shelf[goods.sku]
            if goods.created_at <= now and matches(_product_looker(goods.created_at, goods.sku, pair[0])):
                identity = int(pair[side]["legacyResourceId"])
                by_time = sort_key in BY_TIME
                rows.append(Row(goods.created_at if by_time else identity, identity, pair[side]))
        return sorted(rows, key=lambda row: (row.value, row.id))


def _product_looker(created_at: int, sku: str, product: Tree) -> Callable[[str], Any]:
    sought: dict[str, Any] = {
        "created_at": created_at,
        "updated_at": created_at,
        "id": int(product["legacyResourceId"]),
        "sku": sku,
        "title": product["title"],
        "tag": product["tags"],
        "vendor": product["vendor"],
        "product_type": product["productType"],
        "status": product["status"],
        "default": [product["title"], sku],
    }
    return sought.__getitem__
