"""Pinterest, played: its API and the host of its reports' files over one simulated brand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, UNREPEATABLE, Faults
from jalon.sandbox.pinterest.door import AD_ACCOUNT, DAY, Door, Refused, Tokens, refusal, too_fast
from jalon.sandbox.pinterest.figures import Figures, day_of, days
from jalon.sandbox.pinterest.organic import Organic
from jalon.sandbox.pinterest.reports import COLUMNS, Reports
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

CLIENT_ID = "1480000"
REDIRECT = "https://atelier-jalon.example/authorised"
PINS, USERS, ADS = ("boards:read", "pins:read"), ("user_accounts:read",), ("ads:read",)
CATALOGS = ("catalogs:read",)


class PinterestPart:
    """One business account behind Pinterest's API.

    `limits`: `standard` (1: the limits of each category are kept), `trial` (1: a thousand requests a day),
    `access_token_life`, `refresh_token_life` (seconds), `old_app` (1: an app of before 2025-09-25, whose refresh token
    is replaced only when asked), `report_seconds` (how long a report is in the making), `moved_after` (days after which
    the conversions of every other day of an ad are credited to another one; 0: never), `void_after` (days after which
    what an ad or a product did on one day in three is found to be void, and is told no more; 0: never).
    """

    def __init__(self, world: World, clock: Clock, faults: Faults, _: Deliverer) -> None:
        self.limits: dict[str, float] = {
            "standard": 0,
            "trial": 0,
            "access_token_life": 30 * DAY,
            "refresh_token_life": 60 * DAY,
            "old_app": 0,
            "report_seconds": 1,
            "moved_after": 0,
            "void_after": 0,
        }
        self._clock = clock
        self._address = ""
        self.figures = Figures(world)
        self._secret = f"canary-pinterest-secret-{world.seed}"
        self._first_refresh = f"pinr_canary-first-{world.seed}"
        code = f"canary-code-{world.seed}"
        self.tokens = Tokens(clock, faults, self.limits, CLIENT_ID, self._secret, self._first_refresh, code, REDIRECT)
        self.door = Door(clock, self.tokens, self.limits, lambda: self._address)
        self.organic = Organic(self.figures, clock)
        self.reports = Reports(self.figures, clock, self.limits, world.shopify_currency)
        self.apps = {"api": self._api(), "auth": self._auth(), "files": self._files()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        self._address = addresses["pinterest.files"]
        return {
            "connector": "pinterest",
            "api_url": f"{addresses['pinterest.api']}/v5",
            "auth_url": f"{addresses['pinterest.auth']}/v5",
            "report_hosts": [self._address],
            "client_id": CLIENT_ID,
            "ad_account_id": AD_ACCOUNT,
            "access": "sandbox",
            "secrets": {"client_secret": self._secret, "refresh_token": self._first_refresh},
        }

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what is counted by now: by Pin and day, the account's cuts are sums over these; ads; products."""
        today = day_of(now)
        first = today - timedelta(days=89)
        shown = [*self.figures.own, *self.figures.products]
        return {
            "pins": [
                {"id": pin.id, "kind": pin.creative_type, "title": pin.title, "up": pin.post.is_up(now)}
                for pin in self.figures.own
                if pin.post is not None and pin.made_at <= now
            ],
            "products": [{"pin": pin.id, "sku": pin.product.sku} for pin in self.figures.products if pin.product],
            "days": [row for pin in shown for row in self._days(pin, first, today)],
            "strangers": [row for pin in self.figures.strangers for row in self._days(pin, first, today)],
            "ads": self.reports.rows("PIN_PROMOTION", first, today, COLUMNS),
            "items": self.reports.rows("PRODUCT_ITEM", first, today, COLUMNS),
        }

    def _days(self, pin: Any, first: Any, today: Any) -> list[dict[str, Any]]:
        found = []
        for day in days(first, today):
            firm, counts = self.figures.shown(pin, day, today)
            if counts is not None:
                about = {"pin": pin.id, "kind": pin.creative_type, "day": day.isoformat(), "status": firm}
                found.append(about | counts._asdict() | {"ENGAGEMENT": counts.engagement})
        return found

    def events(self, after: float, until: float) -> list[Event]:  # noqa: ARG002 - the signature is the sandbox's
        """Return nothing: Pinterest delivers nothing of what is played."""
        return []

    def _api(self) -> web.Application:
        door, organic, reports = self.door, self.organic, self.reports
        account = "/v5/ad_accounts/{account}"
        group = "/v5/catalogs/product_groups/{group_id}/products"
        routes = [
            ("GET", "/v5/user_account", door.route("org_read", USERS, organic.user)),
            ("GET", "/v5/pins", door.route("org_read", PINS, organic.pins)),
            ("GET", "/v5/pins/{pin_id}/analytics", door.route("org_analytics", PINS, organic.pin_days)),
            ("GET", "/v5/user_account/analytics", door.route("org_analytics", USERS, organic.account_days)),
            (
                "GET",
                "/v5/user_account/analytics/top_pins",
                door.route("org_analytics", ("pins:read", *USERS), organic.top_pins),
            ),
            ("GET", "/v5/catalogs", door.route("catalogs_read", CATALOGS, organic.catalogs)),
            ("GET", "/v5/catalogs/product_groups", door.route("catalogs_read", CATALOGS, organic.groups)),
            ("GET", group, door.route("catalogs_read", (*PINS, *CATALOGS), organic.products)),
            ("GET", account, door.route("ads_read", ADS, reports.account)),
            ("POST", f"{account}/reports", door.route("ads_analytics", ADS, reports.create)),
            ("GET", f"{account}/reports", door.route("ads_analytics", ADS, reports.state)),
            ("*", "/{path:.*}", _no_such_path),
        ]
        app = web.Application()
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        app[THROTTLED] = lambda _: refusal(too_fast(1))
        return app

    def _auth(self) -> web.Application:
        """Return the token service: its own application, since an answer that holds new tokens comes once."""
        app = web.Application()
        app.router.add_post("/v5/oauth/token", self._token)
        app[THROTTLED] = lambda _: refusal(too_fast(1))
        app[UNREPEATABLE] = True
        return app

    def _files(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/reports/{link}.json", self.reports.file)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            data = self.tokens.exchange(request.headers.get("authorization", ""), form)
        except Refused as refused:
            return refusal(refused)
        return web.Response(body=orjson.dumps(data), content_type="application/json")


async def _no_such_path(_: web.Request) -> web.Response:
    return refusal(Refused(404, 404, "Not found."))
