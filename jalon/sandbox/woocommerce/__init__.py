"""WooCommerce, played: a WordPress site with the REST API v3 and its webhooks, on a small web host.

https://woocommerce.github.io/woocommerce-rest-api-docs/. The loopback address stands for an https one: WooCommerce
takes Basic authorization over https only, a signature over both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, Faults
from jalon.sandbox.hosting import Host, page
from jalon.sandbox.shops import shop_of
from jalon.sandbox.truth import refund_rows, sale_row, visit_row
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.woocommerce.catalog import Catalog
from jalon.sandbox.woocommerce.forms import Forms
from jalon.sandbox.woocommerce.hooks import Hooks
from jalon.sandbox.woocommerce.keys import Keys
from jalon.sandbox.woocommerce.listing import Refused, cut, statuses, window
from jalon.sandbox.woocommerce.orders import Orders, Stand
from jalon.sandbox.world import World

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
"""Those of orders, without the trash."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = Callable[[web.Request], web.Response]


class WooCommercePart:
    """One shop.

    `host` is the web host in front of it; `pretty` False: its permalinks are plain, so that only `?rest_route=` works;
    `counts` False: the host strips the headers that count rows and pages; `index_hidden`: a security plugin hides the
    index; `writable` False: the key may only read. `refunds_told`: where refunds are told; versions were seen to write
    their amounts as 0, to list none of an order, or to leave them out of orders.
    """

    def __init__(self, world: World, clock: Clock, _: Faults, deliverer: Deliverer) -> None:
        self.limits: dict[str, float] = {"requests_per_second": 0}
        self.host = Host(self.limits)
        self.pretty, self.counts, self.index_hidden, self.writable = True, True, False, True
        self.refunds_told: Literal["everywhere", "without amounts", "by orders", "apart"] = "everywhere"
        self.shop = shop_of(world.shops, "woocommerce")
        self.orders = Orders(self.shop, world.shoppers)
        self.catalog = Catalog(world.products, self.shop.timezone)
        self.forms = Forms(self.orders, self.catalog)
        self.hooks = Hooks(self.orders, self.forms, clock, deliverer, self.shop.host)
        self.gone: set[int] = set()
        """Numbers of orders that were deleted for good."""
        self._clock = clock
        self.keys = Keys(f"ck_canary{world.seed:032x}", f"cs_canary{world.seed:032x}")
        self._webhook_secret = f"canary-webhook-secret-{world.seed}"
        self.apps = {"api": self._app()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "woocommerce",
            "url": addresses["woocommerce.api"],
            "timezone": self.shop.timezone,
            "secrets": {
                "consumer_key": self.keys.key,
                "consumer_secret": self.keys.secret,
                "webhook_secret": self._webhook_secret,
            },
        }

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return the shop's own `sales`, `refunds`, `journeys` (the one visit that it tells of) and `copies`."""
        moment = int(now)
        known = [self.orders.stand(entry, moment) for entry in self.orders.entries if entry.placed_at <= moment]
        seen = [stand for stand in known if stand.status != "trash" and stand.entry.number not in self.gone]
        own = [stand for stand in seen if not stand.entry.copied]
        return {
            "sales": [sale_row(stand.entry.sale, moment) for stand in own],
            "refunds": [row for stand in own for row in refund_rows(stand.entry.sale, moment)],
            "journeys": [self._journey(stand, moment) for stand in own],
            "copies": [_copy(stand) for stand in seen if stand.entry.copied],
        }

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]."""
        return self.hooks.events(after, until)

    def _journey(self, stand: Stand, now: int) -> dict[str, Any]:
        visit = self.orders.visit(stand.entry, now)
        about = {"platform": "woocommerce", "order_id": str(stand.entry.number)}
        return about | {"visits": [visit_row(visit)] if visit else []}

    # --- the site ---------------------------------------------------------------------------------------------------

    def _app(self) -> web.Application:
        app = web.Application()
        app[THROTTLED] = lambda _: self.host.too_fast()
        app.router.add_get("/", self._plain)
        for method in ("GET", "POST", "PUT"):
            app.router.add_route(method, "/wp-json/{route:.*}", self._by_path)
        app.router.add_route("*", "/{path:.*}", self._theme)
        app.router.add_route("*", "/", self._plain)
        return app

    async def _theme(self, _: web.Request) -> web.StreamResponse:
        return page(404, "Page not found", {})

    async def _by_path(self, request: web.Request) -> web.StreamResponse:
        if not self.pretty:
            return await self._theme(request)
        return await self._rest(request, f"/{request.match_info['route']}")

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        route = request.query.get("rest_route")
        return await self._rest(request, route) if route else page(200, "Boutique Jalon", {})

    async def _rest(self, request: web.Request, route: str) -> web.StreamResponse:
        stopped = self.host.in_front()
        if stopped is not None:
            return stopped
        try:
            value, headers, status = await self._answer(request, route)
        except Refused as refused:
            value, headers, status = refused.form(), {}, refused.status
        body = self.host.prints + orjson.dumps(value)
        return web.Response(body=body, status=status, headers=headers, content_type="application/json")

    async def _answer(self, request: web.Request, route: str) -> tuple[Any, dict[str, str], int]:
        steps = [step for step in route.split("/") if step]
        if not steps:
            return self._index(), {}, 200
        if steps[:2] != ["wc", "v3"]:
            raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)
        self._admit(request)
        body = orjson.loads(await request.read() or b"{}") if request.method != "GET" else {}
        return self._resource(request, steps[2:], body)

    def _index(self) -> dict[str, Any]:
        if self.index_hidden:
            raise Refused("rest_not_logged_in", "Only authenticated users can access the REST API.", 401)
        offset = datetime.fromtimestamp(self._clock.now(), ZoneInfo(self.shop.timezone)).utcoffset()
        return {
            "name": "Boutique Jalon",
            "url": self.shop.host,
            "home": self.shop.host,
            "gmt_offset": offset.total_seconds() / 3600 if offset else 0,
            "timezone_string": self.shop.timezone,
            "namespaces": ["oembed/1.0", "wc/v3", "wp/v2"],
        }

    def _admit(self, request: web.Request) -> None:
        """Let a key in that may do what is asked."""
        self.keys.check(request, self.host.authorization(request), self._clock.now())
        if request.method != "GET" and not self.writable:
            text = "The API key provided does not have write permissions."
            raise Refused("woocommerce_rest_authentication_error", text, 401)

    # --- resources --------------------------------------------------------------------------------------------------

    def _resource(
        self, request: web.Request, steps: list[str], body: dict[str, Any]
    ) -> tuple[Any, dict[str, str], int]:
        now, query = int(self._clock.now()), request.query
        match request.method, *steps:
            case "GET", "data", "currencies", "current":
                return {"code": "EUR", "name": "Euro", "symbol": "&euro;", "_links": {}}, {}, 200
            case "GET", "orders":
                listed = self._listed(query, now)
                rows, headers = cut(listed, query, self.counts, lambda stand: stand.entry.placed_at)
                return [self._order_form(row, now) for row in rows], headers, 200
            case "GET", "orders", number:
                return self._order_form(self._order(number, now), now), {}, 200
            case "GET", "orders", number, "refunds":
                return self._refunds(self._order(number, now), query)
            case "GET", "refunds":
                return self._all_refunds(query, now)
            case "GET", "products", *rest:
                return self._products(query, rest)
            case method, "webhooks", *rest:
                value, headers, status = self.hooks.answer(method, rest, query, body)
                return value, headers if self.counts else {}, status
        raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)

    def _listed(self, query: Mapping[str, str], now: int) -> list[Stand]:
        """Return the orders that a list holds: without a filter by status, everything but the trash."""
        low, high = window(query, ZoneInfo(self.shop.timezone))
        wanted = statuses(query, STATUSES)
        found = [stand for stand in self.orders.changed(low, high, now) if stand.entry.number not in self.gone]
        seen = STATUSES if "any" in wanted else ()
        return [stand for stand in found if stand.status in {*wanted, *seen}]

    def _order_form(self, stand: Stand, now: int) -> dict[str, Any]:
        form = self.forms.order(stand, now)
        return form | {"refunds": []} if self.refunds_told == "apart" else form

    def _refunds(self, stand: Stand, query: Mapping[str, str]) -> tuple[Any, dict[str, str], int]:
        told = self.refunds_told
        backs, headers = cut(() if told == "by orders" else stand.refunds, query, self.counts)
        unsaid = {"amount": "0.00"} if told == "without amounts" else {}
        return [self.forms.refund(stand.entry, back) | unsaid for back in backs], headers, 200

    def _all_refunds(self, query: Mapping[str, str], now: int) -> tuple[Any, dict[str, str], int]:
        """Return the refunds of all orders, each with the number of its order, as version 9.0 and later list them."""
        stands = [stand for stand in self.orders.changed(None, None, now) if stand.entry.number not in self.gone]
        backs = [(back, stand.entry) for stand in stands for back in stand.refunds]
        backs.sort(key=lambda one: int(one[0].id))
        rows, headers = cut(backs, query, self.counts)
        found = [self.forms.refund(entry, back) | {"parent_id": entry.number} for back, entry in rows]
        return found, headers, 200

    def _order(self, number: str, now: int) -> Stand:
        stand = self.orders.one(int(number), now) if number.isdigit() else None
        if stand is None or stand.entry.number in self.gone:
            raise Refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
        return stand

    def _products(self, query: Mapping[str, str], steps: list[str]) -> tuple[Any, dict[str, str], int]:
        if not steps:
            statuses(query, ("future", "draft", "pending", "private", "publish"))
            low, high = window(query, ZoneInfo(self.shop.timezone))
            items = [each for each in self.catalog.by_id.values() if _inside(each.created_at, low, high)]
            rows, headers = cut(items, query, self.counts, lambda item: item.created_at)
            return [self.catalog.form(item) for item in rows], headers, 200
        item = self.catalog.by_id.get(int(steps[0])) if steps[0].isdigit() else None
        if item is None:
            raise Refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
        if steps[1:] == ["variations"]:
            variations, headers = cut(self.catalog.variations(item), query, self.counts)
            return list(variations), headers, 200
        return self.catalog.form(item), {}, 200


def _inside(at: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= at) and (high is None or at < high)


def _copy(stand: Stand) -> dict[str, Any]:
    copied = stand.entry.copied
    assert copied is not None
    return {"order_id": copied.order_id, "of": copied.sale.order_id, "mark": copied.mark}
