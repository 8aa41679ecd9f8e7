"""Facebook: posts, reels and lives of a page with their figures, and what persons do in Messenger, carts included.

https://developers.facebook.com/docs/pages-api. What is where: `doors` (streams, identities), `reading`, `account` (the
page's token, doctor, subscriptions); deliveries and what else all of Meta shares are in `graph_api`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from jalon.connectors import base
from jalon.connectors.base import (
    Batch,
    Capability,
    Credentials,
    Delivery,
    Finding,
    Opened,
    Session,
    Skipped,
    Stream,
    Window,
)
from jalon.connectors.facebook import account as facebook_account
from jalon.connectors.facebook import reading
from jalon.connectors.facebook.doors import STREAMS
from jalon.connectors.graph_api import deliveries, messaging
from jalon.connectors.graph_api.connector import ReceivingGraphConnector
from jalon.connectors.graph_api.faults import of_own
from jalon.connectors.graph_api.settings import Settings as GraphSettings


class Settings(GraphSettings):
    """`[sources.NAME]` of one Facebook page."""

    page_id: str | None = Field(default=None, pattern=r"^[0-9]+$", examples=["102030405060708"])
    """Which page; needed where the token opens several, or where the app is told of others."""
    catalog_id: str | None = Field(default=None, pattern=r"^[0-9]+$", examples=["102030405060708"])
    """The catalogue of the page's shop: its products are read, with the SKU that joins them to a web shop."""


class Facebook(ReceivingGraphConnector):
    """The wire of Facebook pages."""

    name: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook"
    normalizer: ClassVar[str] = "jalon.normalize.facebook:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://developers.facebook.com/docs/pages-api"
    customer_kind: ClassVar[str] = "messenger_user"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 5.0
    """The limit is 4800 requests a day for each engaged user of the page, which nobody tells beforehand."""
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("content", "event", "minutes", "", "posts; reels and lives once a day"),
        Capability("product_tags", "none", note="no post, video or live has a product that could be read"),
        Capability("tag_clicks", "none", note="no interface tells them; clicks in a post are counted by kind"),
        Capability(
            "native_orders",
            "none",
            note="there is no checkout inside Facebook any more, and its order interface was removed on 2026-10-27;"
            " a cart sent in Messenger is a wish, not an order",
        ),
        Capability("order_content", "none", note="orders are the shop's; only its landing page may name the post"),
        Capability("refunds", "none", note="there are no orders"),
        Capability("web_orders", "none", note="the shop has them: buyers are led there"),
        Capability("journeys", "event", "seconds", "", "Messenger only: messages, ads and links followed, carts sent"),
        Capability(
            "measures",
            "aggregate",
            "2 days",
            "2 years",
            "per post a counter since its posting, read daily for 30 days; per page by day (Pacific time); none below"
            " 100 likes",
        ),
        Capability("products", "event", "1 day", "", "of the catalogue that the settings name, with SKU; no prices"),
        Capability("webhooks", "event", "seconds", "", "messages, postbacks, referrals and carts"),
    )

    def wants(self, settings: Any, stream: str) -> bool:
        """Say whether the settings want a stream: products where they name a catalogue."""
        return stream != "products" or settings.catalog_id is not None

    def account(self, settings: Any) -> str:
        """Name what the rate limit is counted by: the page, under the app."""
        return f"facebook:{settings.app_id or 'app'}:{settings.page_id or 'its only page'}"

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await facebook_account.renew(session, credentials)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await facebook_account.greet(session)

    def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        return of_own(_PULLS[window.stream.name](session, window))

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        """Yield the figures of one post; a key that names none is skipped."""
        if stream.name != "post_insights":
            raise LookupError(f"{self.name} reads no {stream.name} by key")
        (key,) = keys
        if not reading.FORM.fullmatch(key):
            yield Batch(skipped=[Skipped(key, "bad_id", f"{key[:60]!r} names no post and day")])
            return
        async for batch in reading.fetch_post_insights(session, key):
            yield batch

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return facebook_account.examine(session)

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        return facebook_account.subscribe(session, address)

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        """Say what persons did in Messenger. Raises `Undelivered` if it is about no page."""
        found = deliveries.envelope_of(delivery, facebook_account.OBJECT)
        return messaging.opened(found, delivery.received_at, settings.page_id, "messages")


_PULLS: dict[str, Callable[[Session, Window], AsyncIterator[Batch]]] = {
    "posts": reading.pull_posts,
    "reels": reading.pull_reels,
    "lives": reading.pull_lives,
    "products": reading.pull_products,
    "page_insights": reading.pull_page,
}
