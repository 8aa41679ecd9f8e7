"""TikTok Shop, played: its API host and its authorisation host over one simulated brand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, UNREPEATABLE, Faults
from jalon.sandbox.measures import Measures
from jalon.sandbox.tiktok_shop.affiliate import AffiliateOrders
from jalon.sandbox.tiktok_shop.aftersales import Aftersales
from jalon.sandbox.tiktok_shop.analytics import Analytics
from jalon.sandbox.tiktok_shop.door import Allowance, Door
from jalon.sandbox.tiktok_shop.envelope import Call, Refused, envelope, refusal
from jalon.sandbox.tiktok_shop.hooks import Hooks, Notes
from jalon.sandbox.tiktok_shop.orders import Orders
from jalon.sandbox.tiktok_shop.products import Products
from jalon.sandbox.tiktok_shop.tokens import Tokens
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

DAY = 86_400
APP_KEY = "6jalonsandbox"
SHOP_ID = "7495540735365777507"
CIPHER = "ROW_jalonAAAAsandbox+cipher/with==signs"
SHOP = {
    "id": SHOP_ID,
    "name": "Atelier Jalon",
    "region": "US",
    "seller_type": "LOCAL",
    "cipher": CIPHER,
    "code": "USJALON",
}


class TikTokShopPart:
    """One seller's shop behind the two hosts of TikTok Shop.

    `limits`: `requests_per_second` (0: no limit), `clock_skew` (seconds by which the platform's clock is ahead),
    `access_token_life` (seconds), `rotation_grace` (1: a refresh token that was rotated away still works until the new
    access token was used).
    """

    def __init__(self, world: World, clock: Clock, faults: Faults, deliverer: Deliverer) -> None:
        self.limits: dict[str, float] = {
            "requests_per_second": 0,
            "clock_skew": 0,
            "access_token_life": 7 * DAY,
            "rotation_grace": 0,
        }
        self._clock = clock
        self._deliverer = deliverer
        self._timezone = world.tiktok_timezone
        self._secret = f"canary-tiktok-app-secret-{world.seed}"
        self._first_refresh = f"ROW_canary-refresh-first-{world.seed}"
        authorized_until = int(max(world.horizon, clock.now())) + 10 * DAY
        self.tokens = Tokens(
            clock,
            faults,
            self.limits,
            refresh_expires=authorized_until - clock.now() + clock.wall(),
            refresh_token=self._first_refresh,
            auth_code=f"ROW_canary-auth-code-{world.seed}",
        )
        self.hooks = Hooks(Notes(world, authorized_until), clock, APP_KEY, self._secret, SHOP_ID)
        self._door = Door(APP_KEY, self._secret, CIPHER, clock, self.tokens, self.limits, Allowance())
        self.apps = {"api": self._api(world), "auth": self._auth()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "tiktok_shop",
            "api_url": addresses["tiktok_shop.api"],
            "auth_url": addresses["tiktok_shop.auth"],
            "app_key": APP_KEY,
            "timezone": self._timezone,
            "secrets": {"app_secret": self._secret, "refresh_token": self._first_refresh},
        }

    def truth(self, _: float, /) -> dict[str, Any]:
        """Return nothing: the world's own truth tells all of it."""
        return {}

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]."""
        return self.hooks.events(after, until)

    def deauthorize(self) -> None:
        """Let the seller take the authorisation back: tokens die, and a delivery of type 6 tells of it."""
        self.tokens.deauthorized = True
        event = self.hooks.deauthorized(self._clock.now())
        if event is not None:
            self._deliverer.send(event)

    def _api(self, world: World) -> web.Application:
        door = self._door
        orders, affiliate = Orders(world, self._clock), AffiliateOrders(world, self._clock)
        aftersales = Aftersales(world, self._clock)
        analytics = Analytics(world, self._clock, Measures(world))
        products = Products(world, self._clock)
        seen, creators = "data.shop_analytics.public.read", "seller.affiliate_collaboration.read"
        order, back, hooks = "seller.order.info", "seller.return_refund.basic", "seller.authorization.info"
        shops = door.route(hooks, _shops, shop=False)
        routes = [
            ("GET", "/authorization/202309/shops", shops),
            ("POST", "/order/202309/orders/search", door.route(order, orders.search)),
            ("GET", "/order/202507/orders", door.route(order, orders.detail)),
            ("GET", "/order/202406/orders/{order_id}/external_orders", door.route(order, orders.external_orders)),
            ("POST", "/order/202406/orders/external_order_search", door.route(order, orders.external_search)),
            ("POST", "/affiliate_seller/202410/orders/search", door.route(creators, affiliate.search)),
            ("POST", "/return_refund/202602/returns/search", door.route(back, aftersales.search_returns)),
            ("POST", "/return_refund/202602/cancellations/search", door.route(back, aftersales.search_cancellations)),
            ("GET", "/analytics/202605/shop_videos/performance", door.route(seen, analytics.videos)),
            ("GET", "/analytics/202509/shop_videos/{video_id}/performance", door.route(seen, analytics.video_days)),
            (
                "GET",
                "/analytics/202509/shop_videos/{video_id}/products/performance",
                door.route(seen, analytics.video_products),
            ),
            ("GET", "/analytics/202609/shop_lives/performance", door.route(seen, analytics.lives)),
            ("GET", "/analytics/202512/shop/{live_id}/products_performance", door.route(seen, analytics.live_products)),
            ("POST", "/product/202502/products/search", door.route("seller.product.basic", products.search)),
            ("PUT", "/event/202309/webhooks", door.route(hooks, self.hooks.put)),
            ("GET", "/event/202309/webhooks", door.route(hooks, self.hooks.get)),
            ("DELETE", "/event/202309/webhooks", door.route(hooks, self.hooks.delete)),
            ("*", "/{path:.*}", _no_such_path),
        ]
        app = web.Application()
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        app[THROTTLED] = lambda _: refusal(door.allowance.refused())
        return app

    def _auth(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v2/token/get", self._token("authorized_code", "auth_code"))
        app.router.add_get("/api/v2/token/refresh", self._token("refresh_token", "refresh_token"))
        app[THROTTLED] = lambda _: refusal(self._door.allowance.refused())
        app[UNREPEATABLE] = True
        return app

    def _token(self, grant: str, field: str) -> Any:
        give = self.tokens.get if grant == "authorized_code" else self.tokens.refresh

        async def handle(request: web.Request) -> web.Response:
            query = request.query
            try:
                self._check_app(query, grant)
                data = give(query.get(field, ""))
            except Refused as refused:
                return refusal(refused)
            return web.Response(body=envelope(orjson.dumps(data)), content_type="application/json")

        return handle

    def _check_app(self, query: Mapping[str, str], grant: str) -> None:
        if (query.get("app_key"), query.get("app_secret")) != (APP_KEY, self._secret):
            raise Refused(36004004, "The app_key or app_secret is invalid.")
        if query.get("grant_type") != grant:
            raise Refused(36004005, f"Invalid grant_type: give {grant}.")


def _shops(_: Call) -> dict[str, Any]:
    return {"shops": [SHOP]}


async def _no_such_path(_: web.Request) -> web.Response:
    return refusal(Refused(36009009, "Invalid path.", 404))
