"""PrestaShop: orders, credit slips and products, through its webservice.

https://devdocs.prestashop-project.org/8/webservice/. What is where: `shop` (what is known of it, rights, doctor),
`reading` (windows), `records` (what comes in, identities), `clock` (local times), `faults` (what a refusal means).
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from jalon.connectors import base, hosted
from jalon.connectors.base import Answer, Batch, Capability, Credentials, Finding, Request, Session, Stream
from jalon.connectors.prestashop import faults, reading, records
from jalon.connectors.prestashop import shop as prestashop_shop


class Settings(base.Settings):
    """A PrestaShop shop. `timezone` is the shop's own: its times are written without a zone."""

    url: str = Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", examples=["https://shop.example.com"])
    """Address of the shop's root, e.g. `https://example.com` or `https://example.com/shop`."""
    key: SecretStr
    """A webservice key, 32 signs."""
    shop: int | None = Field(default=None, ge=1)
    """Number of the shop in a multi-shop installation; None: the default one."""
    states: dict[str, Literal["pending", "paid", "cancelled"]] = Field(default_factory=dict)
    """What order states of your own mean, by their number."""
    channels: dict[str, str] = Field(default_factory=dict)
    """Payment module of an order -> platform on which it was bought, for orders that apps copy here."""


_DAY = timedelta(days=1)


class PrestaShop(base.Connector):
    """Connector of a PrestaShop shop."""

    name: ClassVar[str] = "prestashop"
    title: ClassVar[str] = "PrestaShop"
    normalizer: ClassVar[str] = "jalon.normalize.prestashop:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://devdocs.prestashop-project.org/8/webservice/"
    starting_rate: ClassVar[float] = 3.0
    """PrestaShop has no limit of its own; a small host has."""
    customer_kind: ClassVar[str] = "prestashop_customer"
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            name="orders",
            door=records.ORDER,
            window=timedelta(days=30),
            lag=timedelta(minutes=1),
            lookback=_DAY,
            every=_DAY,
            complete=True,
        ),
        Stream(
            name="order_slips",
            door=records.ORDER_SLIP,
            window=timedelta(days=30),
            lag=timedelta(minutes=1),
            lookback=_DAY,
            every=_DAY,
            undivided=True,
            optional=True,
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
        Capability("tag_clicks", "none", note="no visit to the shop is told, by whatever link it came"),
        Capability("native_orders", "event", "minutes", "all", "copies by apps, where their payment module tells"),
        Capability("order_content", "none", note="the webservice does not tell where a buyer came from"),
        Capability("refunds", "event", "minutes", "all", "credit slips"),
        Capability("web_orders", "event", "minutes", "all"),
        Capability(
            "journeys",
            "none",
            note="the shop keeps referrers, but its webservice shows none: a module would have to add them",
        ),
        Capability("measures", "none", note="orders are told one by one; nothing else is counted"),
        Capability("products", "event", "minutes", "all"),
        Capability("webhooks", "none", note="PrestaShop sends none; changes are found by polling"),
    )

    def account(self, settings: Any) -> str:
        return f"prestashop:{records.site(settings.url)}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.url,)}

    def credentials(self, settings: Any) -> Credentials | None:
        return Credentials(base64.b64encode(f"{settings.key.get_secret_value()}:".encode()).decode())

    def customer(self, settings: Any, number: str) -> str:
        return records.numbered(records.site(settings.url, settings.shop), number)

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Add the key as the user of Basic authorization, without a password; never to the address (`ws_key`)."""
        headers = {"accept": "application/json", **request.headers}
        if credentials is not None and not request.anonymous:
            headers["authorization"] = f"Basic {credentials.access_token}"
        return replace(request, headers=headers)

    def judge(self, request: Request, answer: Answer) -> base.Fault | None:
        return faults.judge(request, answer)

    def remark(self, request: Request, answer: Answer) -> str | None:
        return hosted.noise(answer)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await prestashop_shop.greet(session, _rows(session.settings))

    def pull(self, session: Session, window: base.Window) -> AsyncIterator[Batch]:
        return reading.pull(session, window, prestashop_shop.zone_of(session))

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return prestashop_shop.examine(session)


def _rows(settings: Settings) -> dict[str, str]:
    """Return the rows of the settings that the normalizer looks up in the account."""
    return {
        **{f"channel:{module.lower()}": platform for module, platform in settings.channels.items() if platform},
        **{f"state:{number}": status for number, status in settings.states.items()},
    }
