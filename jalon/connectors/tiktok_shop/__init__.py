"""TikTok Shop: orders, affiliate orders, returns, cancellations, products, and the figures of videos and LIVEs.

https://partner.tiktokshop.com/docv2. What is where: `signing` (signatures), `faults` (what a refusal means), `doors`
(streams, what of a record comes in, identities), `search` and `analytics` (reading), `account` (tokens, shop, doctor,
subscriptions), `deliveries` (webhooks).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from jalon.connectors import base
from jalon.connectors.base import (
    Allowance,
    Answer,
    Batch,
    Capability,
    Credentials,
    Delivery,
    Fault,
    Finding,
    Opened,
    Request,
    Session,
    Stream,
    Window,
)
from jalon.connectors.signatures import held
from jalon.connectors.tiktok_shop import account as tiktok_account
from jalon.connectors.tiktok_shop import analytics as tiktok_analytics
from jalon.connectors.tiktok_shop import search as tiktok_search
from jalon.connectors.tiktok_shop.deliveries import notification, open_delivery
from jalon.connectors.tiktok_shop.doors import STREAMS
from jalon.connectors.tiktok_shop.faults import judge
from jalon.connectors.tiktok_shop.signing import sign, signed_by

ExternalPlatform = Literal[
    "AMAZON",
    "BIGCOMMERCE",
    "CHANNEL_ADVISOR",
    "ERP_SYSTEM",
    "MAGENTO",
    "ORDER_MANAGEMENT_SYSTEM",
    "SALESFORCE_COMMERCE_CLOUD",
    "SHOPIFY",
    "WAREHOUSE_MANAGEMENT_SYSTEM",
    "WOOCOMMERCE",
]


class Settings(base.Settings):
    """`[sources.NAME]` of a TikTok Shop. `timezone` must be the shop's own: its figures are counted by its days."""

    app_key: str = Field(min_length=1)
    """The app's key, from Partner Center."""
    app_secret: SecretStr = Field(min_length=1)
    """The app's secret: signs requests and deliveries."""
    app_secret_old: SecretStr | None = Field(default=None, min_length=1)
    """The secret before a rotation, while deliveries may still be signed with it."""
    refresh_token: SecretStr | None = None
    """In place of a code, where there is one already."""
    auth_code: SecretStr | None = None
    """The code of the seller's authorisation: good once, for 30 minutes."""
    shop_id: str | None = None
    """Which of the authorised shops; needed where there are several."""
    affiliate: bool = True
    """Read affiliate orders: which content led to an order."""
    analytics: bool = True
    """Read the figures of videos and LIVEs."""
    external_platforms: tuple[ExternalPlatform, ...] = ()
    """Look up what each order is called there: one request per order and platform."""
    api_url: str = "https://open-api.tiktokglobalshop.com"
    """Base address of the API."""
    auth_url: str = "https://auth.tiktok-shops.com"
    """Base address of the token service."""


SWITCHES = {
    "affiliate_orders": "affiliate",
    "videos": "analytics",
    "lives": "analytics",
    "video_products": "analytics",
    "live_products": "analytics",
}
"""Stream -> the setting that switches it off."""

WITHOUT_SHOP = "/authorization/"
"""Endpoints that take no shop cipher."""

ANALYTICS = Allowance("analytics", 60, 60)
"""What the platform advises to begin analytics with (0.2 to 1 request per second), where the settings know no rate."""


class TikTokShop(base.Connector):
    """The wire of TikTok Shop's Open API."""

    name: ClassVar[str] = "tiktok_shop"
    title: ClassVar[str] = "TikTok Shop"
    normalizer: ClassVar[str] = "jalon.normalize.tiktok_shop:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://partner.tiktokshop.com/docv2"
    customer_kind: ClassVar[str] = "tiktok_user"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 5.0
    """The platform publishes no limit; it advises 3 to 10 requests per second to begin a sync with."""
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("native_orders", "event", "seconds", "", "with every line; its past is not documented to end"),
        Capability(
            "order_content",
            "event",
            "minutes",
            "90 days",
            "affiliate orders (content and creator per SKU) and LIVEs; a shop's own videos: never",
        ),
        Capability("refunds", "event", "seconds", "", "returns, refunds and cancellations"),
        Capability("content", "aggregate", "1 day", "14 days", "videos and LIVEs that had figures on a day"),
        Capability(
            "product_tags",
            "event",
            "seconds",
            "",
            "tags on videos by webhook (switched on in Partner Center), else the products of the day's list",
        ),
        Capability(
            "tag_clicks",
            "aggregate",
            "1 day",
            "14 days",
            "per video, product and day; per LIVE and product; single clicks: never",
        ),
        Capability(
            "measures",
            "aggregate",
            "1 day",
            "14 days",
            "impressions, clicks, units, direct and attributed sales, in the shop's currency",
        ),
        Capability("products", "event", "minutes", "", "with seller SKU, which joins them to a web shop"),
        Capability("webhooks", "event", "seconds", "", "ids only; what they name is read"),
        Capability("web_orders", "none", note="everything is bought inside the app"),
        Capability("journeys", "none", note="the platform shows no path of a buyer"),
    )

    def account(self, settings: Any) -> str:
        """Name what the rate limit is counted by: app and shop."""
        return f"{settings.app_key}:{settings.shop_id or 'its only shop'}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.api_url,), "auth": (settings.auth_url,)}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Add app key, time, shop and signature to the query, and the token to the headers."""
        if request.anonymous:
            return request
        query = {**request.query, "app_key": settings.app_key, "timestamp": str(int(now))}
        if account.get("shop_cipher") and not request.path.startswith(WITHOUT_SHOP):
            query["shop_cipher"] = account["shop_cipher"]
        query["sign"] = sign(request.path, query, request.body, settings.app_secret.get_secret_value())
        headers = {**request.headers, "content-type": "application/json"}
        if credentials is not None:
            headers["x-tts-access-token"] = credentials.access_token
        return replace(request, query=query, headers=headers)

    def wants(self, settings: Any, stream: str) -> bool:
        return stream not in SWITCHES or bool(getattr(settings, SWITCHES[stream]))

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        return judge(request, answer)

    def allowances(self, request: Request, settings: Any) -> Sequence[Allowance]:
        """Ask analytics slowly, so that their throttling stops no order."""
        is_analytics = request.host == "api" and request.path.startswith("/analytics/")
        return (ANALYTICS,) if is_analytics and settings.requests_per_second is None else ()

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await tiktok_account.renew(session, credentials)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await tiktok_account.greet(session)

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield the pages of a window; a stream that is switched off has none."""
        if not self.wants(session.settings, window.stream.name):
            yield Batch()
            return
        async for batch in _PULLS.get(window.stream.name, tiktok_search.pull)(session, window):
            yield batch

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        """Yield what keys name: orders by id, returns and cancellations by order id, products by content and day."""
        if not self.wants(session.settings, stream.name):
            yield Batch()
            return
        async for batch in _fetched(session, stream.name, keys):
            yield batch

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return tiktok_account.examine(session)

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        return tiktok_account.subscribe(session, address)

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return held(settings.app_secret, settings.app_secret_old)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return signed_by(secrets, settings.app_key, delivery.body, delivery.headers.get("authorization"))

    def delivery_key(self, delivery: Delivery) -> str:
        return notification(delivery.body)

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return open_delivery(delivery, settings.shop_id)


_PULLS = {"videos": tiktok_analytics.pull_videos, "lives": tiktok_analytics.pull_lives}


def _fetched(session: Session, stream: str, keys: Sequence[str]) -> AsyncIterator[Batch]:
    match stream:
        case "orders":
            return tiktok_search.fetch_orders(session, keys)
        case "returns" | "cancellations":
            return tiktok_search.fetch_aftersales(session, stream, keys)
        case "external_orders":
            return tiktok_search.fetch_external(session, keys)
        case "video_products" | "live_products":
            return tiktok_analytics.fetch(session, stream, keys)
    raise LookupError(f"{stream!r} is not read by key")
