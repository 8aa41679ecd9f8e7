"""TikTok for Business, played: a business account and an ad account behind one API, over one simulated brand."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, UNREPEATABLE, Faults
from jalon.sandbox.tiktok_business.door import APP_ID, Door, Tokens
from jalon.sandbox.tiktok_business.organic import DAY, KEPT, Organic
from jalon.sandbox.tiktok_business.reports import ADVERTISER, STORE, Reports
from jalon.sandbox.tiktok_business.selling import Figures, Selling
from jalon.sandbox.tiktok_business.words import Row, local_day, too_fast, utc_day
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

BASE = "/open_api/v1.3"
RETRIES = (60.0, 3600.0, 86_400.0, 2 * 86_400.0 - 3660.0)
"""Seconds between the tries of a delivery: 72 hours in all."""


class TikTokBusinessPart:
    """One business account and one ad account.

    `limits`: `requests_per_second` (0: no limit), `refusing` (so many of the next requests are too many),
    `access_token_life`, `refresh_token_life` (seconds). What is published is delivered to `webhook`, an address that
    is set by hand, as in the platform's own portal.
    """

    def __init__(self, world: World, clock: Clock, faults: Faults, _: Deliverer) -> None:
        self.limits: dict[str, float] = {
            "requests_per_second": 0,
            "refusing": 0,
            "access_token_life": DAY,
            "refresh_token_life": 365 * DAY,
        }
        self.webhook = ""
        self._clock = clock
        self._secret = f"canary-business-secret-{world.seed}"
        self._first_refresh = f"rft.canary-first-{world.seed}"
        self._client_secret = f"canary-developer-secret-{world.seed}"
        code, ads = f"canary-code-{world.seed}", f"canary-advertiser-token-{world.seed}"
        self.tokens = Tokens(clock, faults, self.limits, self._secret, self._first_refresh, code, ads)
        self.door = Door(self.tokens, self.limits)
        self.organic = Organic(world, clock, self.tokens.scopes)
        self.selling = Selling(world)
        self.reports = Reports(self.selling, clock)
        self.apps = {"api": self._api(), "auth": self._auth()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets; zone and currency are told by the ad account."""
        return {
            "connector": "tiktok_business",
            "api_url": f"{addresses['tiktok_business.api']}{BASE}",
            "auth_url": f"{addresses['tiktok_business.auth']}{BASE}",
            "app_id": APP_ID,
            "advertiser_id": ADVERTISER,
            "secrets": {
                "app_secret": self._secret,
                "refresh_token": self._first_refresh,
                "advertiser_token": self.tokens.advertiser_token,
                "client_secret": self._client_secret,
            },
        }

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what is counted by now: of videos, of the account's days, of ads, of GMV Max; products in videos."""
        yesterday = utc_day(now) - timedelta(days=1)
        days = self.organic.days(yesterday - timedelta(days=KEPT - 2), yesterday)
        first = local_day(self.selling.world.start)
        return {
            "videos": [
                {"id": post.id, "title": post.title, "posted_at": post.posted_at, **self.organic.counted(post)}
                for post in self.organic.posts
                if post.is_up(now)
            ],
            "account_days": [row for row in days if self.organic.was_there(row)],
            "ads": [
                {"ad": ad.id, "group": ad.group, "campaign": ad.campaign, "day": day.isoformat(), **figures._asdict()}
                for ad, day, figures in self.selling.ad_days(first, local_day(now), now)
            ],
            "gmv_max": [*self._gmv_max(first, now)],
            "anchored": [[item, spu] for item, spus in self.reports.anchored() for spu in spus],
        }

    def events(self, after: float, until: float) -> list[Event]:
        """Return a delivery for each video that was published."""
        if not self.webhook:
            return []
        return [
            self._published(post.id, post.posted_at) for post in self.organic.posts if after < post.posted_at <= until
        ]

    def withdraw(self) -> Event:
        """Return the delivery that tells of a withdrawn authorisation."""
        return self._delivery("authorization.removed", "withdrawn", self._clock.now(), {"reason": 1})

    def _published(self, post: str, at: float) -> Event:
        return self._delivery("video.publish.completed", post, at, {"share_id": f"video.{post}.canary"})

    def _delivery(self, event: str, key: str, at: float, content: Row) -> Event:
        words = {"client_key": "ck_demo", "event": event, "create_time": int(at), "user_openid": "act.canary-person"}
        body = json.dumps(words | {"content": json.dumps(content)}).encode()
        key = f"tiktok_business/{event}/{key}"
        return Event(at, key, self.webhook, body, self._signer(body), timeout=10.0, retries=RETRIES)

    def _signer(self, body: bytes) -> Callable[[], dict[str, str]]:
        """Sign each try anew, with its own time."""

        def sign() -> dict[str, str]:
            at = str(int(self._clock.now()))
            message = at.encode() + b"." + body
            signature = hmac.new(self._client_secret.encode(), message, hashlib.sha256).hexdigest()
            return {"TikTok-Signature": f"t={at},s={signature}", "Content-Type": "application/json"}

        return sign

    def _gmv_max(self, first: date, now: float) -> Iterator[Row]:
        ids = {product.sku: product.tiktok_product_id for product in self.selling.world.products}
        day = first
        while day <= local_day(now):
            for path, figures in self._cuts(day, now, ids):
                if any(figures):
                    campaign, product, content = (*path, "", "")[:3]
                    about = {"campaign": campaign, "product": product, "content": content, "store": STORE}
                    yield about | {"day": day.isoformat()} | figures._asdict()
            day += timedelta(days=1)

    def _cuts(self, day: date, now: float, ids: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], Figures]]:
        selling = self.selling
        for campaign, skus in selling.product_campaigns.items():
            yield (campaign,), selling.of_campaign(campaign, day, now)
            for sku in skus:
                yield (campaign, ids[sku]), selling.of_product(sku, day, now)
                for video in selling.videos[sku]:
                    yield (campaign, ids[sku], video.id), selling.of_video(sku, video, day, now)
        yield (selling.live_campaign,), selling.of_campaign(selling.live_campaign, day, now)
        for live in selling.lives:
            yield (selling.live_campaign, "", live.id), selling.of_live(live, day, now)

    def _api(self) -> web.Application:
        door, organic, reports = self.door, self.organic, self.reports
        app = web.Application()
        for path, scope, answer in (
            ("business/video/list/", "video.list", organic.videos),
            ("business/get/", "user.info.basic", organic.account),
        ):
            app.router.add_get(f"{BASE}/{path}", door.route("account", scope, answer))
        app.router.add_post(f"{BASE}/tt_user/token_info/get/", door.route("account", "", self.tokens.info))
        for path, of_ads in (
            ("advertiser/info/", reports.advertiser),
            ("report/integrated/get/", reports.ads),
            ("gmv_max/report/get/", reports.gmv_max),
            ("gmv_max/store/list/", reports.stores),
            ("gmv_max/video/get/", reports.videos),
        ):
            app.router.add_get(f"{BASE}/{path}", door.route("ads", "", of_ads))
        app[THROTTLED] = lambda _: too_fast()
        return app

    def _auth(self) -> web.Application:
        """Return the token service: its own application, since an answer that holds new tokens comes once."""
        app = web.Application()
        app.router.add_post(f"{BASE}/tt_user/oauth2/token/", self.door.route(None, "", self.tokens.exchange))
        app.router.add_post(f"{BASE}/tt_user/oauth2/refresh_token/", self.door.route(None, "", self.tokens.refresh))
        app[THROTTLED] = lambda _: too_fast()
        app[UNREPEATABLE] = True
        return app
