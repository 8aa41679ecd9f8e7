"""Meta's ad account, played: its advertisements' figures behind the Graph API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.graph_api.door import LIMITS, OF_MARKETING, Door, Route, Usage
from jalon.sandbox.graph_api.tokens import DAY, Token, Tokens
from jalon.sandbox.graph_api.words import Call, Row, shown
from jalon.sandbox.meta_ads import campaigns
from jalon.sandbox.meta_ads.campaigns import CURRENCY, ZONE, Figures, ads_of, product_id, today
from jalon.sandbox.meta_ads.insights import Insights
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

APP_ID = "3322114455667799"
ACCOUNT = "1015200300400500"
READS = "ads_read|ads_management"
FIELDS = frozenset({"id", "account_id", "name", "currency", "timezone_name", "account_status"})


class MetaAdsPart:
    """One ad account. `limits`: those of `graph_api.door` and of `insights.Insights`."""

    def __init__(self, world: World, clock: Clock, _: Faults, __: Deliverer) -> None:
        own = dict.fromkeys(("rows_at_once", "rows_by_report", "lists_at_once", "reports_failing", "void_after"), 0.0)
        self.limits: dict[str, float] = {**LIMITS, **own, "report_seconds": 60.0}
        self._world = world
        self._secret = f"canary-app-secret-ads-{world.seed}"
        self._token = f"EAAG-canary-ads-{world.seed}"
        self.tokens = Tokens(clock, APP_ID, self._secret)
        self.tokens.add(
            Token(self._token, "SYSTEM_USER", frozenset({"ads_read"}), consent_until=clock.wall() + 90 * DAY)
        )
        self.insights = Insights(world, clock, ACCOUNT, self.limits)
        usage = Usage(clock, self.limits, "ads_insights", 80000, ACCOUNT)
        self.apps = {"api": Door(self.tokens, usage, self.limits, OF_MARKETING).app(self._routes())}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets; zone and currency are told by the account."""
        return {
            "connector": "meta_ads",
            "api_url": addresses["meta_ads.api"],
            "app_id": APP_ID,
            "ad_account_id": ACCOUNT,
            "secrets": {"access_token": self._token, "app_secret": self._secret},
        }

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return the figures of each ad and day as they are shown by now, up to the last day that is over."""
        return {
            "ads": list(self._figures(now)),
            "product_ids": {product.sku: product_id(product.sku) for product in self._world.products},
        }

    def events(self, _: float, __: float) -> list[Event]:
        """Return nothing: figures are only read."""
        return []

    def _routes(self) -> list[Route]:
        node, insights = r"(act_\d+|\d+)", self.insights
        return [
            Route("GET", "oauth/access_token", None, self.tokens.exchange, public=True),
            Route("GET", "debug_token", None, self.tokens.debug),
            Route("GET", f"act_{ACCOUNT}", READS, _account),
            Route("GET", r"(6023\d+)", READS, insights.state),
            Route("GET", r"(6023\d+)/insights", READS, insights.report),
            Route("GET", f"{node}/insights", READS, insights.at_once),
            Route("POST", f"{node}/insights", READS, insights.begin),
        ]

    def _figures(self, now: float) -> Iterator[Row]:
        day, last = today(self._world.start), today(now) - timedelta(days=1)
        while day <= last:
            for ad in ads_of(self._world):
                figures = campaigns.shown(self._world, ad, day, now, self.limits["void_after"])
                if figures.impressions:
                    yield {"ad": ad.id, "adset": ad.adset, "campaign": ad.campaign, **_told(day, figures)} | {
                        "products": {sku: _told(day, part) for sku, part in campaigns.by_product(ad, figures).items()}
                    }
            day += timedelta(days=1)


def _told(day: date, figures: Figures) -> Row:
    """Return figures in the truth's words: what is claimed within 7 days of a click or a day of a view."""
    purchases = figures.by_click + figures.by_view
    return {
        "day": day.isoformat(),
        "currency": CURRENCY,
        "spend": figures.spend,
        "impressions": figures.impressions,
        "clicks": figures.clicks,
        "link_clicks": figures.link_clicks,
        "outbound_clicks": figures.outbound_clicks,
        "purchases": purchases,
        "gmv": purchases * figures.worth,
    }


def _account(call: Call) -> Row:
    row = {
        "id": f"act_{ACCOUNT}",
        "account_id": ACCOUNT,
        "name": "Atelier Jalon",
        "currency": CURRENCY,
        "timezone_name": ZONE,
        "account_status": 1,
    }
    return shown(row, call.fields("id,account_id"), "AdAccount", FIELDS)
