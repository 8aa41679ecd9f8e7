"""WooCommerce: orders with their refunds and last touch, and products, through the REST API v3.

https://woocommerce.github.io/woocommerce-rest-api-docs/. What is where: `site` (the address, what is known of the shop,
doctor), `signing` (where the key cannot be in a header), `reading` (windows and single objects), `records` (what comes
in, identities), `webhooks`, `subscriptions`, `faults` (what a refusal means).
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from jalon.connectors import base, hosted
from jalon.connectors.base import Answer, Batch, Capability, Credentials, Delivery, Finding, Request, Session, Stream
from jalon.connectors.signatures import held
from jalon.connectors.woocommerce import faults, reading, records, signing, webhooks
from jalon.connectors.woocommerce import site as woocommerce_site
from jalon.connectors.woocommerce import subscriptions as woocommerce_subscriptions

CHANNELS = {"tiktok": "tiktok_shop"}
"""`created_via` of an order -> platform on which it was bought. Apps choose the word; add others in `jalon.toml`."""


class Settings(base.Settings):
    """A WooCommerce shop."""

    url: str = Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", examples=["https://shop.example.com"])
    """Address of the site's root, e.g. `https://example.com` or `https://example.com/shop`."""
    consumer_key: SecretStr
    """Of a REST API key, `ck_…`."""
    consumer_secret: SecretStr
    """Of the same key, `cs_…`."""
    sign: bool = False
    """Sign each request instead of sending the secret: where the web server drops the Authorization header."""
    webhook_secret: SecretStr | None = Field(default=None, min_length=16)
    """Signs deliveries: a long random text of your own. Without it nothing is received."""
    webhook_secret_old: SecretStr | None = Field(default=None, min_length=1)
    """The secret before a rotation, while deliveries may still be signed with it."""
    attribution_prefix: str = "_wc_order_attribution_"
    """How the names of the order attribution's fields begin; plugins may change it."""
    statuses: dict[str, Literal["pending", "paid", "cancelled"]] = Field(default_factory=dict)
    """What further order statuses of plugins mean, without `wc-`."""
    channels: dict[str, str] = Field(default_factory=dict)
    """More rows for `CHANNELS`, or others instead; an empty platform takes a row away."""


_LATE = timedelta(days=2)
"""How far back orders are read again: the fields of the order attribution were seen to come after the order."""


class WooCommerce(base.Connector):
    """Connector of a WooCommerce shop."""

    name: ClassVar[str] = "woocommerce"
    title: ClassVar[str] = "WooCommerce"
    normalizer: ClassVar[str] = "jalon.normalize.woocommerce:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://woocommerce.github.io/woocommerce-rest-api-docs/"
    starting_rate: ClassVar[float] = 3.0
    """WooCommerce has no limit of its own; a small host has."""
    customer_kind: ClassVar[str] = "woocommerce_customer"
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            name="orders",
            door=records.ORDER,
            window=timedelta(days=30),
            lag=timedelta(minutes=1),
            lookback=_LATE,
            every=timedelta(days=1),
            complete=True,
        ),
        Stream(
            name="products",
            door=records.PRODUCT,
            window=timedelta(days=3650),
            lag=timedelta(minutes=1),
            whole=True,
            complete=True,
            optional=True,
        ),
    )
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("content", "none", note="a shop has no content of its own"),
        Capability("product_tags", "none", note="a shop has no content of its own"),
        Capability("tag_clicks", "none", note="a click is seen only as the last touch of the order it led to"),
        Capability("native_orders", "event", "seconds by webhook", "all", "copies by apps, where they mark them"),
        Capability("order_content", "none", note="only where the visit's utm_content names the content"),
        Capability("refunds", "event", "seconds by webhook", "all"),
        Capability("web_orders", "event", "seconds by webhook", "all"),
        Capability(
            "journeys",
            "event",
            "with the order",
            "the last touch of one browser session",
            "from version 8.5 on; nothing where the visitor does not consent",
        ),
        Capability("measures", "none", note="orders are told one by one; nothing else is counted"),
        Capability("products", "event", "minutes", "all"),
        Capability("webhooks", "event", "seconds", note="never sent again; switched off after five failures in a row"),
    )

    # --- the wire

    def account(self, settings: Any) -> str:
        return f"woocommerce:{records.site(settings.url)}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.url,)}

    def credentials(self, settings: Any) -> Credentials | None:
        pair = f"{settings.consumer_key.get_secret_value()}:{settings.consumer_secret.get_secret_value()}"
        return Credentials(base64.b64encode(pair.encode()).decode())

    def customer(self, settings: Any, number: str) -> str:
        return records.numbered(settings.url, number)

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Add the key as Basic authorization, or a signature to the query, and write the route as the site takes it.

        The secret is never in the address.
        """
        if request.path.startswith("/wc/"):
            request = woocommerce_site.routed(request, account.get("route", woocommerce_site.PRETTY))
        headers = {"accept": "application/json", **request.headers}
        if credentials is None or request.anonymous:
            return replace(request, headers=headers)
        if settings.sign:
            return _signed(replace(request, headers=headers), settings, now)
        return replace(request, headers={**headers, "authorization": f"Basic {credentials.access_token}"})

    def judge(self, request: Request, answer: Answer) -> base.Fault | None:
        return faults.judge(request, answer)

    def remark(self, request: Request, answer: Answer) -> str | None:
        return hosted.noise(answer)

    # --- reading

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await woocommerce_site.greet(session, _tables(session.settings))

    def pull(self, session: Session, window: base.Window) -> AsyncIterator[Batch]:
        return reading.pull(session, window)

    def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        return reading.fetch(session, stream.name, keys)

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return woocommerce_site.examine(session)

    # --- deliveries

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        return woocommerce_subscriptions.subscribe(session, address)

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return held(settings.webhook_secret, settings.webhook_secret_old)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return webhooks.verify(delivery, secrets)

    def is_knock(self, delivery: Delivery, settings: Any) -> bool:
        return webhooks.is_ping(delivery)

    def delivery_key(self, delivery: Delivery) -> str:
        return webhooks.delivery_key(delivery)

    def open(self, delivery: Delivery, settings: Any) -> base.Opened:
        return webhooks.open_delivery(delivery)


def _signed(request: Request, settings: Settings, now: float) -> Request:
    key, secret = settings.consumer_key.get_secret_value(), settings.consumer_secret.get_secret_value()
    return signing.signed(request, settings.url, key, secret, now=now, nonce=token_hex(16))


def _tables(settings: Settings) -> dict[str, str]:
    """Return the rows of the settings that the normalizer looks up in the account."""
    channels = {name: platform for name, platform in {**CHANNELS, **settings.channels}.items() if platform}
    return {
        **{f"channel:{name.lower()}": platform for name, platform in channels.items()},
        **{f"status:{name.removeprefix('wc-')}": status for name, status in settings.statuses.items()},
    }
