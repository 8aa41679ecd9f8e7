"""Instagram: posts, reels, stories and lives, their product tags and figures, and what persons write to the account.

https://developers.facebook.com/docs/instagram-platform. What is where: `doors` (streams, identities), `reading`,
`account` (token, account, doctor, subscriptions), `deliveries`; what all of Meta shares is in `graph_api`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

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
from jalon.connectors.graph_api.connector import ReceivingGraphConnector
from jalon.connectors.graph_api.faults import of_own
from jalon.connectors.graph_api.settings import FACEBOOK_HOST, INSTAGRAM_HOST
from jalon.connectors.graph_api.settings import Settings as GraphSettings
from jalon.connectors.instagram import account as instagram_account
from jalon.connectors.instagram import reading
from jalon.connectors.instagram.deliveries import open_delivery
from jalon.connectors.instagram.doors import STREAMS


class Settings(GraphSettings):
    """`[sources.NAME]` of one Instagram business account."""

    login: Literal["facebook", "instagram"] = "facebook"
    """Whose token it is: with Instagram Login there are no product tags, no products and no last figures of stories."""
    instagram_id: str | None = Field(default=None, pattern=r"^[0-9]+$", examples=["17841400000000000"])
    """Which of the token's accounts; needed where there are several, or where the app is told of others."""
    story_warning_hours: int = Field(default=24, ge=0, le=24)
    """Hours before a story vanishes from which `sync` names it: a little more than from one sync to the next."""


class Instagram(ReceivingGraphConnector):
    """The wire of the Instagram platform."""

    name: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram"
    normalizer: ClassVar[str] = "jalon.normalize.instagram:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://developers.facebook.com/docs/instagram-platform"
    customer_kind: ClassVar[str] = "instagram_user"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 5.0
    """The limit is 4800 requests a day for each thousand impressions, which nobody tells beforehand."""
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("content", "event", "minutes", "newest 10,000", "stories for 24 hours, lives while they are live"),
        Capability(
            "product_tags",
            "event",
            "minutes",
            "",
            "on feed posts and carousels, Facebook Login only; those of stories, reels and lives are not shown",
        ),
        Capability("tag_clicks", "none", note="the app shows them to its owner; no official interface does"),
        Capability(
            "native_orders",
            "none",
            note="there is no checkout inside the app any more, and its order interface was removed on 2026-10-27",
        ),
        Capability("order_content", "none", note="orders are the shop's; only its landing page may name the post"),
        Capability("refunds", "none", note="there are no orders"),
        Capability("web_orders", "none", note="the shop has them: buyers are led there"),
        Capability("journeys", "event", "seconds", "", "messages only: who wrote, and by which product, ad or link"),
        Capability(
            "measures",
            "aggregate",
            "2 days",
            "2 years",
            "per media a counter since its posting, read daily for 30 days; per account by day (Pacific time); no data"
            " below 5 viewers of a story",
        ),
        Capability("products", "event", "1 day", "", "with the SKU that joins a tag to a shop; Facebook Login only"),
        Capability(
            "webhooks", "event", "seconds", "", "messages, postbacks, referrals, and the last figures of stories"
        ),
    )

    def account(self, settings: Any) -> str:
        """Name what the rate limit is counted by: the Instagram account, under the app."""
        return f"instagram:{settings.app_id or 'app'}:{settings.instagram_id or 'its only account'}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        """Return the host of the login: each knows its own tokens alone."""
        own = settings.login == "instagram" and settings.api_url == FACEBOOK_HOST
        return {"api": (INSTAGRAM_HOST if own else settings.api_url,)}

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await instagram_account.renew(session, credentials)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await instagram_account.greet(session)

    def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        return of_own(_PULLS[window.stream.name](session, window))

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        """Yield the figures or tags of one media; a key that names none is skipped."""
        (key,) = keys
        fetched = _FETCHES[stream.name]
        if not fetched.well_formed(key):
            yield Batch(skipped=[Skipped(key, "bad_id", f"{key[:60]!r} names no media")])
            return
        async for batch in fetched.read(session, key):
            yield batch

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return instagram_account.examine(session)

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding]:
        return instagram_account.subscribe(session, address)

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return open_delivery(delivery, settings.instagram_id)


_PULLS: dict[str, Callable[[Session, Window], AsyncIterator[Batch]]] = {
    "media": reading.pull_media,
    "stories": reading.pull_stories,
    "lives": reading.pull_lives,
    "products": reading.pull_products,
    "account_insights": reading.pull_account,
}
_FETCHES: dict[str, reading.Fetched] = {
    "media_insights": reading.Fetched(reading.fetch_media_insights, r"\d+/[A-Z_]+/\d+/\d{4}-\d\d-\d\d"),
    "story_insights": reading.Fetched(reading.fetch_story_insights, r"\d+/\d+"),
    "product_tags": reading.Fetched(reading.fetch_tags, r"\d+(/\d+)?"),
}
