"""What the shop answers at the root of a query: orders, products, single things by id, the shop itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jalon.sandbox.shopify.asking import COUNTED, Asking, count, search
from jalon.sandbox.shopify.fields import Resolver, by_number, gid_number, line_discounted_total
from jalon.sandbox.shopify.history import DAY, Entry, SortBy, value_of
from jalon.sandbox.shopify.journey import Tree, instant
from jalon.sandbox.shopify.orders import OrderRef, Orders
from jalon.sandbox.shopify.pages import Row, Walk, bad_request, connection
from jalon.sandbox.shopify.people import buyer
from jalon.sandbox.shopify.products import PRODUCT_FIELDS, Products
from jalon.sandbox.shopify.search import Dialect, Node, parse_search
from jalon.sandbox.world import World

RECENT = 60 * DAY
"""How far back an app without `read_all_orders` sees."""
API_VERSION = "2026-10"

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/OrderSortKeys
ORDER_SORT: dict[str, SortBy] = {
    "UPDATED_AT": "updated_at",
    "CREATED_AT": "created_at",
    "PROCESSED_AT": "processed_at",
    "ORDER_NUMBER": "created_at",
    "ID": "id",
    "RELEVANCE": "id",
}
# https://shopify.dev/docs/api/admin-graphql/2026-10/queries/orders#arguments-query
_STATUSES = frozenset({"open", "closed", "cancelled", "not_closed", "any"})
_FINANCIAL = frozenset(
    {"paid", "pending", "authorized", "partially_paid", "partially_refunded", "refunded", "voided", "expired"}
)
_FULFILLMENT = frozenset(
    {"unshipped", "shipped", "fulfilled", "partial", "scheduled", "on_hold", "unfulfilled", "request_declined"}
)
ORDER_FIELDS: dict[str, Any] = {
    "created_at": "time",
    "updated_at": "time",
    "processed_at": "time",
    "id": "id",
    "customer_id": "id",
    "name": "text",
    "email": "text",
    "sku": "text",
    "tag": "text",
    "source_name": "text",
    "source_identifier": "text",
    "cart_token": "text",
    "checkout_token": "text",
    "test": "flag",
    "status": _STATUSES,
    "financial_status": _FINANCIAL,
    "fulfillment_status": _FULFILLMENT,
}


@dataclass(slots=True)
class Roots:
    """Answer the root fields of queries over one shop."""

    world: World
    orders: Orders
    domain: str
    shop_id: str
    zone: ZoneInfo = field(init=False)
    products: Products = field(init=False)

    def __post_init__(self) -> None:
        """Read the shop's time zone."""
        self.zone = ZoneInfo(self.world.shopify_timezone)
        self.products = Products(self.world, self.orders.products, self.zone)

    def resolvers(self) -> dict[str, Resolver]:
        """Return the table of root fields."""
        return self.products.resolvers() | {
            "QueryRoot.orders": self.all_orders,
            "QueryRoot.ordersCount": self.orders_count,
            "QueryRoot.order": by_number("Order", self._order),
            "QueryRoot.node": self._by_gid,
            "QueryRoot.nodes": lambda _, info, ids: [self._node(info.context, one) for one in ids],
            "QueryRoot.refund": self._by_gid,
            "QueryRoot.return": self._by_gid,
            "QueryRoot.customer": self._by_gid,
            "QueryRoot.product": self._by_gid,
            "QueryRoot.shop": lambda *_: self.shop(),
            "QueryRoot.currentAppInstallation": lambda _, info: self.installation(info.context),
            "QueryRoot.appInstallation": lambda _, info, **__: self.installation(info.context),
            "LineItem.discountedTotalSet": line_discounted_total,
        }

    # --- orders -----------------------------------------------------------------------------------------------------

    def all_orders(self, _: Any, info: Any, **arguments: Any) -> Tree:
        """Answer `orders`."""
        asking: Asking = info.context
        if asking.bulk:
            return asking.part_of(info)
        key = ORDER_SORT.get(arguments["sortKey"])
        if key is None:
            known = ", ".join(ORDER_SORT)
            raise bad_request(f"the sandbox does not sort orders by {arguments['sortKey']}, only by {known}")
        query = arguments.get("query")
        dialect, node = search(self.zone, info, query, ORDER_FIELDS)
        walk = self.walk_orders(asking, dialect, node, key)
        return connection(walk, arguments, timed=key != "id", searched=bool(query))

    def walk_orders(self, asking: Asking, dialect: Dialect, node: Node | None, key: SortBy) -> Walk:
        """Return the walk over orders that match a search."""
        history = self.orders.history
        history.advance(asking.now)
        low, high = dialect.span(node, key) if key != "id" else (None, None)
        matches = dialect.matcher(node)
        visible = self._visible(asking)

        def walk(after: tuple[int, int] | None, downwards: bool) -> Iterator[Row]:
            for entry in history.walk(key, low=low, high=high, after=after, reverse=downwards):
                if visible(entry) and matches(self._looker(asking, entry)):
                    yield Row(value_of(entry, key), entry.id, self.orders.ref(entry, asking.now))

        return walk

    def _visible(self, asking: Asking) -> Callable[[Entry], bool]:
        if "read_all_orders" in asking.sight:
            return lambda _: True
        oldest = asking.now - RECENT
        return lambda entry: entry.created_at >= oldest

    def _looker(self, asking: Asking, entry: Entry) -> Callable[[str], Any]:
        """Return the look-up of an order's filter fields."""

        def look(name: str) -> Any:
            plain = {"created_at": entry.created_at, "updated_at": entry.updated_at, "id": entry.id}
            if name in plain:
                return plain[name]
            if name == "processed_at":
                return entry.sale.placed_at
            return _SOUGHT[name](self.orders.ref(entry, asking.now).tree)

        return look

    def orders_count(self, _: Any, info: Any, query: str | None = None, limit: int | None = COUNTED) -> Tree:
        """Answer `ordersCount`."""
        dialect, node = search(self.zone, info, query, ORDER_FIELDS, free_text=False)
        walk = self.walk_orders(info.context, dialect, node, "id" if query is None else _indexed(dialect, node))
        return count(walk(None, False), limit)

    def _order(self, number: int, asking: Asking) -> OrderRef | None:
        self.orders.history.advance(asking.now)
        entry = self.orders.history.get(number)
        if entry is None or not self._visible(asking)(entry):
            return None
        return self.orders.ref(entry, asking.now)

    # --- single things ----------------------------------------------------------------------------------------------

    def _by_gid(self, _: Any, info: Any, **arguments: Any) -> Any:
        return self._node(info.context, arguments["id"])

    def _node(self, asking: Asking, gid: str) -> Any:
        number = gid_number(gid, "Order")
        if number is not None:
            return self._order(number, asking) if "read_orders" in asking.sight else None
        kind = gid.split("/")[3]
        if kind in ("Product", "ProductVariant"):
            return self.products.find(gid)
        return self._within_orders(asking, kind, gid)

    def _within_orders(self, asking: Asking, kind: str, gid: str) -> Any:
        """Find a refund, a return or a customer by looking through the orders that can hold it."""
        history = self.orders.history
        history.advance(asking.now)
        number = gid.rpartition("/")[2]
        visible = self._visible(asking)
        for entry in history.entries:
            if entry.visible and _may_hold(self.world, entry, kind, number) and visible(entry):
                tree = self.orders.ref(entry, asking.now).tree
                held = {"Refund": tree["refunds"], "Return": tree["returns"], "Customer": [tree["customer"]]}
                for one in held.get(kind, ()):
                    if one["id"] == gid:
                        return one
        return None

    def bulk_nodes(self, asking: Asking, root: str, query: str | None, sort_key: str) -> list[Any]:
        """Return all nodes of a root connection, for a bulk operation."""
        if root == "orders":
            dialect = Dialect(ORDER_FIELDS, self.zone)
            node = parse_search(query or "")
            key = ORDER_SORT.get(sort_key, "id")
            return [row.node for row in self.walk_orders(asking, dialect, node, key)(None, False)]
        dialect, side = Dialect(PRODUCT_FIELDS, self.zone), int(root == "productVariants")
        return [row.node for row in self.products.rows(asking.now, dialect, parse_search(query or ""), sort_key, side)]

    # --- the shop ---------------------------------------------------------------------------------------------------

    def shop(self) -> Tree:
        """Answer `shop`."""
        offset = datetime.fromtimestamp(self.world.start, UTC).astimezone(self.zone).utcoffset() or timedelta()
        minutes = int(offset.total_seconds() // 60)
        return {
            "id": f"gid://shopify/Shop/{self.shop_id}",
            "name": "Atelier Jalon",
            "myshopifyDomain": self.domain,
            "url": f"https://{self.domain}",
            "createdAt": instant(self.world.start - 365 * DAY),
            "currencyCode": self.world.shopify_currency,
            "enabledPresentmentCurrencies": sorted(self.world.rates),
            "ianaTimezone": self.world.shopify_timezone,
            "timezoneAbbreviation": datetime.fromtimestamp(self.world.start, self.zone).tzname(),
            "timezoneOffset": f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}",
            "timezoneOffsetMinutes": minutes,
            "taxesIncluded": self.world.taxes_included,
            "taxShipping": True,
            "plan": {
                "displayName": "Shopify Plus",
                "publicDisplayName": "Shopify Plus",
                "partnerDevelopment": False,
                "shopifyPlus": True,
            },
        }

    def installation(self, asking: Asking) -> Tree:
        """Answer `currentAppInstallation`."""
        scopes = sorted(scope for scope in asking.sight if scope.startswith(("read_", "write_")))
        return {
            "id": "gid://shopify/AppInstallation/700001",
            "app": {"id": "gid://shopify/App/700000", "title": "jalon", "handle": "jalon", "apiKey": "sandbox"},
            "accessScopes": [{"handle": scope, "description": scope.replace("_", " ")} for scope in scopes],
        }


_SOUGHT: dict[str, Callable[[Tree], Any]] = {
    "customer_id": lambda tree: int(tree["customer"]["legacyResourceId"]),
    "name": lambda tree: [tree["name"], tree["name"].lstrip("#")],
    "email": lambda tree: tree["email"],
    "sku": lambda tree: [line["sku"] for line in tree["lineItems"]],
    "tag": lambda tree: tree["tags"],
    "source_name": lambda tree: tree["sourceName"],
    "source_identifier": lambda tree: tree["sourceIdentifier"],
    "cart_token": lambda tree: tree["cartToken"],
    "checkout_token": lambda tree: tree["checkoutToken"],
    "test": lambda tree: tree["test"],
    "status": lambda tree: ["any", "not_closed", "cancelled" if tree["cancelledAt"] else "open"],
    "financial_status": lambda tree: tree["displayFinancialStatus"],
    "fulfillment_status": lambda tree: (
        ["fulfilled", "shipped"] if tree["fulfillments"] else ["unfulfilled", "unshipped"]
    ),
    "default": lambda tree: [tree["name"], tree["name"].lstrip("#"), tree["email"], *tree["tags"]],
}


def _indexed(dialect: Dialect, node: Node | None) -> SortBy:
    """Return the sorted list in which a search for a stretch of time needs to look the least."""
    keys: tuple[SortBy, ...] = ("updated_at", "created_at", "processed_at")
    return next((key for key in keys if dialect.span(node, key) != (None, None)), "id")


def _may_hold(world: World, entry: Entry, kind: str, number: str) -> bool:
    """Tell cheaply whether an order may hold a thing; copies give their own numbers."""
    if kind == "Customer":
        return buyer(world, entry).shopify_customer_id == number
    return entry.copied or any(change.id == number for change in entry.happened)
