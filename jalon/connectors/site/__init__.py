"""Site: clicks on own short links, and what happens on the own site afterwards.

jalon asks nobody here. The receiver answers the links and takes the script's events, and stores what may be stored as
deliveries of this source; opening them gives two streams. What is where: `addresses` (where a link may lead), `clicks`
(ids that prove themselves), `events` (what a browser may tell, consent first).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from jalon.connectors import base
from jalon.connectors.base import Capability, Delivery, Finding, Opened, Session, Stream, Undelivered
from jalon.connectors.door import fields, link, person
from jalon.connectors.site import clicks, events
from jalon.connectors.site.addresses import is_host, is_origin
from jalon.connectors.unasked import UnaskedConnector
from jalon.connectors.wire import Malformed

KIND = "x-jalon-kind"
"""Header under which the receiver says which kind of delivery it stored."""
_NOW = "seconds"
_KEPT = "what is received"
_OTHERS = "the shop's own source has it"


class SiteSettings(base.Settings):
    """`[sources.NAME]` with connector = "site"."""

    allowed_hosts: tuple[str, ...] = Field(min_length=1)
    """Hosts that links may lead to, each exactly: `shop.example.com`. Nothing else is ever redirected to."""
    origins: tuple[str, ...] = ()
    """Origins of pages that may send events: `https://shop.example.com`, `null` for Shopify's pixels."""
    consent: Literal["required", "not_required"] = "required"
    """`required`: without a visitor's consent nothing is stored about the visitor."""
    honour_dnt: bool = True
    """Treat Do-Not-Track and Global Privacy Control as a refusal."""
    shop: str | None = None
    """Source in this file whose orders purchases name; without it they join nothing and are not stored."""
    visits: bool = True
    """False: page views only join, and tell no visits. What a shop tells of the same visits counts once."""
    clicks_per_day: int = Field(default=1_000_000, ge=1)
    """Clicks stored in a day at most: links answer beyond it, and a counter tells how many were not stored."""
    events_per_day: int = Field(default=1_000_000, ge=1)
    """Events stored in a day at most."""

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(host.lower() for host in hosts)
        if not all(map(is_host, lowered)):
            raise ValueError("each must be a host name such as shop.example.com, perhaps with a port, and nothing else")
        return lowered

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(origin.lower().rstrip("/") for origin in origins)
        if not all(map(is_origin, lowered)):
            raise ValueError("each must be an origin such as https://shop.example.com, or null")
        return lowered


class Site(UnaskedConnector):
    """Own links and the own site, one person at a time."""

    name = "site"
    title = "Own links and site"
    documentation = "https://www.w3.org/TR/beacon/"
    normalizer = "jalon.normalize.site:normalize"
    settings = SiteSettings
    customer_kind = "visitor"
    unasked = ("the own site is not asked", "its script and its links tell everything")
    streams: ClassVar = (
        Stream(
            name=clicks.STREAM,
            door=fields(
                "at joins code content product placement campaign",
                click=person("jclid"),
                visitor=person("visitor"),
                address=link,
            ),
            grain="keyed",
        ),
        Stream(
            name=events.STREAM,
            door=fields(
                "type at visit product shop order click_key",
                click=person("jclid"),
                visitor=person("visitor"),
                url=link,
                referrer=link,
            ),
            grain="keyed",
        ),
    )
    capabilities: ClassVar = (
        Capability("content", "none", note="a link only names its content; the platform's own source tells it"),
        Capability("product_tags", "none", note="a link only names its product"),
        Capability("tag_clicks", "event", _NOW, _KEPT, "clicks on own links, one person at a time with consent"),
        Capability("native_orders", "none", note=_OTHERS),
        Capability("order_content", "none", note="by the click before the order, not by a statement"),
        Capability("refunds", "none", note=_OTHERS),
        Capability("web_orders", "none", note="a purchase only names an order that the shop's own source tells"),
        Capability("journeys", "event", _NOW, _KEPT, "click, landing, product, cart, checkout; joined to the order"),
        Capability("measures", "none", note="events are kept, no counts of them"),
        Capability("products", "none", note=_OTHERS),
        Capability("webhooks", "none", note="the links and the script tell everything by themselves"),
    )

    def account(self, settings: SiteSettings) -> str:
        """Name nothing in particular: nothing is asked, so no budget is shared."""
        return "site"

    async def examine(self, session: Session) -> AsyncIterator[Finding]:
        """Say which parts are in use, and what keeps the others out of it."""
        settings: SiteSettings = session.settings
        yield Finding("links", "ok", f"they may lead to {', '.join(settings.allowed_hosts)}")
        if not settings.origins:
            yield Finding("events", "warn", "no page may send events", "name the site's origin in `origins`")
        if settings.origins and settings.shop is None:
            remedy = "name the source of its shop in `shop`"
            yield Finding("purchases", "warn", "they are not joined to orders", remedy)

    def open(self, delivery: Delivery, settings: SiteSettings) -> Opened:
        """Return what the receiver stored. Raises `Undelivered`."""
        if delivery.headers.get(KIND) == events.STREAM:
            return events.opened(delivery, settings.visits)
        if delivery.headers.get(KIND) != clicks.STREAM:
            raise Undelivered("it is neither of clicks nor of events")
        try:
            return Opened(clicks.STREAM, records=clicks.in_row(delivery.body))
        except (Malformed, LookupError, TypeError) as error:
            raise Undelivered(f"the clicks are not as the receiver stores them ({type(error).__name__})") from None
