"""PrestaShop, played: the webservice of one shop, on a small web host. There are no webhooks, and no referrers.

https://devdocs.prestashop-project.org/8/webservice/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, Faults
from jalon.sandbox.hosting import Host, page
from jalon.sandbox.prestashop.forms import Forms
from jalon.sandbox.prestashop.orders import Orders
from jalon.sandbox.prestashop.query import Refused, select
from jalon.sandbox.shops import shop_of
from jalon.sandbox.truth import refund_rows, sale_row
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

KEY_LENGTH = 32


class PrestaShopPart:
    """One shop.

    `host` is the web host in front of it; `granted` the resources that the key may read; `enabled` False: the
    webservice is switched off; `speaks_json` False: the shop knows XML alone. `orders.shops` is how many shops are in
    the installation; they list each other's orders if `shares_orders`, and other resources do not tell them apart. A
    list is made `loading` seconds before its rows are read.
    """

    def __init__(self, world: World, clock: Clock, _: Faults, __: Deliverer) -> None:
        self.limits: dict[str, float] = {"requests_per_second": 0}
        self.host = Host(self.limits)
        self.shop = shop_of(world.shops, "prestashop")
        self.orders = Orders(self.shop)
        forms = Forms(self.orders, world.products, self.shop.timezone)
        self._resources = {
            "orders": ("orders", forms.orders),
            "order_slip": ("order_slips", forms.slips),
            "order_histories": ("order_histories", forms.histories),
            "order_cart_rules": ("order_cart_rules", forms.cart_rules),
            "order_states": ("order_states", forms.states),
            "customers": ("customers", forms.customers),
            "currencies": ("currencies", forms.currencies),
            "configurations": ("configurations", forms.configurations),
            "products": ("products", forms.products),
            "combinations": ("combinations", forms.combinations),
        }
        self.granted = set(self._resources)
        self.enabled, self.speaks_json, self.shares_orders = True, True, False
        self.loading = 0
        self._clock = clock
        self._key = f"CANARYKEY{world.seed:023d}"
        self.apps = {"api": self._app()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "prestashop",
            "url": addresses["prestashop.api"],
            "timezone": self.shop.timezone,
            "secrets": {"key": self._key},
        }

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return the shop's own `sales` and `refunds`; which visits led to them it does not tell."""
        moment = int(now)
        placed = [entry.sale for entry in self.orders.placed(moment)]
        return {
            "sales": [sale_row(sale, moment) for sale in placed],
            "refunds": [row for sale in placed for row in refund_rows(sale, moment)],
        }

    def events(self, _: float, __: float) -> list[Event]:
        """Return nothing: the shop tells nobody of anything."""
        return []

    def _app(self) -> web.Application:
        app = web.Application()
        app[THROTTLED] = lambda _: self.host.too_fast()
        app.router.add_get("/api/{resource:[a-z_]*}", self._handle)
        app.router.add_route("*", "/{path:.*}", self._elsewhere)
        return app

    async def _elsewhere(self, _: web.Request) -> web.StreamResponse:
        return page(404, "Page not found", {})

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        stopped = self.host.in_front()
        if stopped is not None:
            return stopped
        as_json = self.speaks_json and request.query.get("output_format") == "JSON"
        resource = request.match_info["resource"]
        try:
            self._admit(request, resource)
            name, found = self._resources[resource][0], self._found(resource, request.query)
            body, status = _json(name, found) if as_json else _xml(name, found), 200
        except Refused as refused:
            body, status = _errors(refused, as_json), refused.status
        kind = "application/json" if as_json else "text/xml"
        return web.Response(body=self.host.prints + body, status=status, content_type=kind)

    def _found(self, resource: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the rows of a resource: listed first, as they stood then, and read one after the other."""
        rows, now = self._resources[resource][1], int(self._clock.now())
        listed: Iterable[dict[str, Any]] = rows(now - self.loading)
        if resource == "orders" and not self.shares_orders:
            shop = query.get("id_shop", "1")
            listed = (row for row in listed if row["id_shop"] == shop)
        return select(listed, query, {row["id"]: row for row in rows(now)} if self.loading else {})

    def _admit(self, request: web.Request, resource: str) -> None:
        """Run the checks in the shop's order: is it open, is the key good, may it read this."""
        if not self.enabled:
            raise Refused(22, "The PrestaShop webservice is disabled.", 503)
        key = _user(self.host.authorization(request))
        if not key:
            raise Refused(17, "Authentication key is empty", 401)
        if len(key) != KEY_LENGTH:
            raise Refused(18, "Invalid authentication key format", 401)
        if key != self._key:
            raise Refused(20, "Authentification key is not active", 401)
        if not self.granted:
            raise Refused(21, "No permission for this authentication key", 401)
        if request.query.get("id_shop", "1") not in map(str, range(1, self.orders.shops + 1)):
            raise Refused(999, "This shop id does not exist", 404)
        if resource not in self._resources:
            raise Refused(27, f'Resource of type "{resource}" does not exists', 400)
        if resource not in self.granted:
            raise Refused(26, f'Resource of type "{resource}" is not allowed with this authentication key', 401)


def _user(header: str) -> str:
    """Return the user of a Basic authorization: the key; there is no password."""
    scheme, _, encoded = header.partition(" ")
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0] if scheme == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _json(name: str, rows: list[dict[str, Any]]) -> bytes:
    """Return a list; an empty one has no name."""
    return orjson.dumps({name: rows} if rows else [])


def _xml(name: str, rows: list[dict[str, Any]]) -> bytes:
    shown = "".join(f"<row>{''.join(_node(field, value) for field, value in row.items())}</row>" for row in rows)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<prestashop><{name}>{shown}</{name}></prestashop>'.encode()


def _node(field: str, value: Any) -> str:
    return f"<{field}><![CDATA[{escape(str(value))}]]></{field}>"


def _errors(refused: Refused, as_json: bool) -> bytes:
    if as_json:
        return orjson.dumps({"errors": [{"code": refused.code, "message": refused.message}]})
    inner = f"<code><![CDATA[{refused.code}]]></code><message><![CDATA[{refused.message}]]></message>"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}<prestashop><errors><error>{inner}</error></errors></prestashop>".encode()
