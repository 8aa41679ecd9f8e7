"""Shopify: orders with the customer journey that led to them, through the GraphQL Admin API.

Ids: records are named by the number in an order's global id, which webhooks, exports and other systems share. A
record's version is `updatedAt`; when only its journey became ready, the version stays and the body differs.
Documentation: https://shopify.dev/docs/api/admin-graphql/2026-10
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from jalon.connectors import base
from jalon.connectors.base import Answer, Batch, Capability, Credentials, Delivery, Finding, Request, Session, Stream
from jalon.connectors.shopify import faults as shopify_faults
from jalon.connectors.shopify import orders, queries, records
from jalon.connectors.shopify import subscriptions as shopify_subscriptions
from jalon.connectors.shopify import webhooks as shopify_webhooks
from jalon.connectors.shopify.wire import new_token, question
from jalon.connectors.signatures import held

CHANNELS = {
    "tiktok": "tiktok_shop",
    "2329312": "facebook",
}
"""Source name, app id or attribution handle of an order -> platform on which it was bought.

Seen in real orders: TikTok's own app writes `tiktok`; 2329312 is Meta's app for Facebook and Instagram. Shopify
publishes no list, so others are added in `jalon.toml`."""


_HISTORY = "60 days; all with read_all_orders"


class Settings(base.Settings):
    """A Shopify shop."""

    shop: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$", examples=["example.myshopify.com"])
    """The shop's permanent domain, e.g. `example.myshopify.com`."""
    api_url: str | None = None
    """Base address of the API; None: that of the shop."""
    version: str = Field(default="2026-10", pattern=r"^\d{4}-\d{2}$")
    """API version. https://shopify.dev/docs/api/usage/versioning"""
    storage_hosts: tuple[str, ...] = ("https://storage.googleapis.com",)
    """Where the files of exports may lie."""
    access_token: SecretStr | None = None
    """A token of the app; without one, `client_id` and `client_secret` get it."""
    refresh_token: SecretStr | None = None
    """Of an access token that expires, which may be left out."""
    client_id: str | None = None
    """The app's id."""
    client_secret: SecretStr | None = Field(default=None, min_length=1)
    """Renews tokens, and signs deliveries."""
    webhook_secret_old: SecretStr | None = Field(default=None, min_length=1)
    """The client secret before the last rotation, as long as deliveries may be signed with it."""
    customer_contact: bool = False
    """Ask for e-mail and phone, kept as keyed hashes. Needs Shopify's approval for protected customer data, level 2."""
    bulk_above: int = Field(default=5000, ge=0)
    """Orders in a window (30 days at most) above which an export is run instead of paging."""
    channels: dict[str, str] = Field(default_factory=dict)
    """More rows for `CHANNELS`, or others instead; an empty platform takes a row away."""


class Shopify(base.Connector):
    """Connector of a Shopify shop."""

    name: ClassVar[str] = "shopify"
    title: ClassVar[str] = "Shopify"
    normalizer: ClassVar[str] = "jalon.normalize.shopify:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://shopify.dev/docs/api/admin-graphql"
    starting_rate: ClassVar[float] = 100.0
    customer_kind: ClassVar[str] = "shopify_customer"
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            name="orders",
            door=records.ORDER,
            window=timedelta(days=30),
            lag=timedelta(minutes=1),
            lookback=timedelta(days=1),
            every=timedelta(days=1),
            undivided=True,
            batch=10,
        ),
        Stream(
            name="products",
            door=records.PRODUCT,
            window=timedelta(days=60),
            lag=timedelta(minutes=1),
            undivided=True,
            optional=True,
        ),
        Stream(name="order_lines", door=records.ORDER_LINE, grain="keyed"),
        Stream(name="visits", door=records.VISIT, grain="keyed"),
    )
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("content", "none", note="a shop has no content of its own"),
        Capability("product_tags", "none", note="a shop has no content of its own"),
        Capability("tag_clicks", "none", note="clicks are seen where they lead to: as visits of the online store"),
        Capability("native_orders", "event", "minutes", _HISTORY, "copies by sales-channel apps"),
        Capability("order_content", "none", note="only where the visit's utm_content names the content"),
        Capability("refunds", "event", "seconds by webhook", _HISTORY),
        Capability("web_orders", "event", "seconds by webhook", _HISTORY),
        Capability("journeys", "event", "minutes to hours", "visits of 30 days before the order", "online store only"),
        Capability("measures", "none", note="orders are told one by one; nothing else is counted"),
        Capability("products", "event", "minutes", "all"),
        Capability("webhooks", "event", "seconds", note="retried for 4 hours, then the subscription is deleted"),
    )

    # --- the wire

    def account(self, settings: Any) -> str:
        return f"{settings.client_id or 'token'}:{settings.shop}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.api_url or f"https://{settings.shop}",), "storage": settings.storage_hosts}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        if request.anonymous or credentials is None:
            return request
        headers = {"content-type": "application/json", "x-shopify-access-token": credentials.access_token}
        return replace(request, headers={**request.headers, **headers})

    def judge(self, request: Request, answer: Answer) -> base.Fault | None:
        return shopify_faults.judge(request, answer)

    def level(self, answer: Answer) -> base.Level | None:
        return shopify_faults.level(answer.data) if answer.status == 200 else None

    def remark(self, request: Request, answer: Answer) -> str | None:
        return shopify_faults.other_version(request, answer)

    # --- tokens

    def credentials(self, settings: Any) -> Credentials | None:
        access, refresh = settings.access_token, settings.refresh_token
        if access is None and refresh is None:
            return None
        return Credentials(access.get_secret_value() if access else "", refresh.get_secret_value() if refresh else None)

    def customer(self, settings: Any, number: str) -> str:
        return records.plain(number)

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await new_token(session, credentials)

    # --- reading

    async def greet(self, session: Session) -> Mapping[str, str]:
        return self._account(session, await session.ask(question(session.settings, queries.SHOP, {}, 3.0)))

    def _account(self, session: Session, answer: Answer) -> Mapping[str, str]:
        """Read who the shop is. Raises `Stop` if the token opens another one."""
        data = records.part(answer.data, "data")
        shop = records.part(data, "shop")
        if shop["myshopifyDomain"] != session.settings.shop:
            remedy = "Set `shop` to it if the shop was renamed, or put the token of the right shop in place."
            reason = f"the access token belongs to {shop['myshopifyDomain']}, not {session.settings.shop}"
            raise base.Stop(reason, remedy)
        scopes = records.part(data, "currentAppInstallation", "accessScopes")
        return {
            "shop_id": records.plain(shop["id"]),
            "name": shop["name"],
            "domain": shop["myshopifyDomain"],
            "zone": shop["ianaTimezone"],
            "currency": shop["currencyCode"],
            "taxes_included": str(bool(shop["taxesIncluded"])).lower(),
            "scopes": " ".join(sorted(scope["handle"] for scope in scopes)),
            **{f"channel:{name.lower()}": platform for name, platform in _channels(session.settings).items()},
        }

    def pull(self, session: Session, window: base.Window) -> AsyncIterator[Batch]:
        pull = {"orders": orders.pull_orders, "products": orders.pull_products}[window.stream.name]
        return pull(session, window)

    def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        if stream.name != "orders":
            raise LookupError(f"{self.name} reads no {stream.name} by key")
        return orders.fetch_orders(session, keys)

    # --- deliveries

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return held(settings.client_secret, settings.webhook_secret_old)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return shopify_webhooks.verify(delivery, secrets)

    def delivery_key(self, delivery: Delivery) -> str:
        return shopify_webhooks.delivery_key(delivery)

    def open(self, delivery: Delivery, settings: Any) -> base.Opened:
        return shopify_webhooks.open_delivery(delivery, settings.shop)

    # --- doctor

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        return shopify_subscriptions.subscribe(session, address)

    async def examine(self, session: Session) -> AsyncIterator[Finding]:
        answer = await session.ask(question(session.settings, queries.SHOP, {}, 3.0))
        account = self._account(session, answer)
        yield Finding("shop", "ok", f"{account['domain']} in {account['zone']}, {account['currency']}")
        yield _zone(session.settings, account["zone"])
        yield _version(session.settings.version, answer.headers.get("x-shopify-api-version"))
        for finding in _scopes(account["scopes"].split(), session.settings.customer_contact):
            yield finding
        yield await shopify_subscriptions.missing(session)


def _channels(settings: Any) -> dict[str, str]:
    return {name: platform for name, platform in {**CHANNELS, **settings.channels}.items() if platform}


def _zone(settings: Any, theirs: str) -> Finding:
    """Compare time zones: days are cut by the settings', if they name one, and should begin when the shop's do."""
    ours = settings.timezone
    if ours == theirs or "timezone" not in settings.model_fields_set:
        return Finding("time zone", "ok", theirs)
    remedy = f'Set `timezone = "{theirs}"`, so that days here are the days of the shop\'s own reports.'
    return Finding("time zone", "warn", f"the settings say {ours}, the shop {theirs}", remedy)


def _version(asked: str, got: str | None) -> Finding:
    """Compare API versions: Shopify answers with a later one, silently, once a version is no longer supported."""
    if got in (asked, None):
        return Finding("API version", "ok", asked)
    return Finding("API version", "warn", f"asked for {asked}, answered by {got}", shopify_faults.OTHER_VERSION)


# https://shopify.dev/docs/api/usage/access-scopes
_SCOPES: dict[str, tuple[Literal["warn", "fail"], str]] = {
    "read_orders": ("fail", "no order can be read"),
    "read_all_orders": ("warn", "orders created more than 60 days ago stay hidden"),
    "read_customers": ("warn", "orders of one customer are not joined"),
    "read_returns": ("warn", "returns are not seen before they are refunded"),
    "read_products": ("warn", "products are known by title and SKU of order lines only"),
}


def _scopes(held: Sequence[str], contact: bool) -> list[Finding]:
    """Say what is missing for want of a scope."""
    remedy = "Grant the scope to the app and reinstall it."
    lacking = [
        Finding(f"scope {scope}", level, meaning, remedy)
        for scope, (level, meaning) in _SCOPES.items()
        if {scope, scope.replace("read_", "write_")}.isdisjoint(held)
    ]
    if contact and "read_customers" not in held:
        detail = "e-mail and phone need read_customers, and Shopify's approval for protected customer data"
        lacking.append(Finding("customer_contact", "warn", detail, remedy))
    return lacking or [Finding("scopes", "ok", "everything that is asked may be read")]
