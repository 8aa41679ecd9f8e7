"""Meta ads: what advertisements on Facebook, Instagram and others cost and claim, by ad and by product, day by day.

https://developers.facebook.com/docs/marketing-api/insights. What is where: `doors` (streams, identities), `insights`
(what is asked, and by what it is counted), `reading` (at once, by report, in parts), `account` (account, doctor). All
of it is counts of the platform's own: no person, no order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from jalon.connectors import base
from jalon.connectors.base import Batch, Capability, Finding, Session, Stream, Window
from jalon.connectors.graph_api import tokens
from jalon.connectors.graph_api.connector import GraphConnector
from jalon.connectors.graph_api.settings import Settings as GraphSettings
from jalon.connectors.meta_ads import account as ads_account
from jalon.connectors.meta_ads import reading
from jalon.connectors.meta_ads.doors import STREAMS, WINDOWS

EMPTY_WINDOWS = frozenset({"7d_view", "28d_view"})
"""Windows that return nothing since 2026-01-12, though they can still be asked for."""


class Settings(GraphSettings):
    """`[sources.NAME]` of an ad account. Zone and currency are the account's own."""

    ad_account_id: str = Field(pattern=r"^[0-9]+$", examples=["102030405060708"])
    """The ad account's number, without `act_`."""
    purchase_action: Literal["omni_purchase", "offsite_conversion.fb_pixel_purchase", "onsite_web_purchase"] = (
        "omni_purchase"
    )
    """Which of the platform's overlapping purchase actions is counted: one, since the first holds the others."""
    attribution_windows: tuple[str, ...] = ("7d_click", "1d_view")
    """How long after a click or view a purchase is claimed: one window of clicks, one of views, one of `1d_ev`."""
    report_time: Literal["impression", "conversion", "mixed"] = "impression"
    """The day that a purchase belongs to: of the ad, as money spent does, or of the purchase itself."""
    products: bool = True
    """Read figures by product, for ads from a catalogue."""
    more_figures: tuple[Literal["shop_clicks", "product_views"], ...] = ()
    """Figures whose meaning the platform does not document."""

    @field_validator("attribution_windows")
    @classmethod
    def _disjoint(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        if empty := sorted(EMPTY_WINDOWS.intersection(windows)):
            raise ValueError(f"{empty[0]} returns nothing since 2026-01-12; the longest of views is 1d_view")
        if strange := sorted(set(windows) - set(WINDOWS.split())):
            raise ValueError(f"{strange[0]!r} is no window; there are {', '.join(WINDOWS.split())}")
        kinds = [window.partition("_")[2] for window in windows]
        if not windows or len(set(kinds)) < len(kinds):
            raise ValueError("windows of one kind lie within each other: name one of clicks and one of views at most")
        return windows


class MetaAds(GraphConnector):
    """The wire of Meta's Ads Insights."""

    name: ClassVar[str] = "meta_ads"
    title: ClassVar[str] = "Meta ads"
    normalizer: ClassVar[str] = "jalon.normalize.meta_ads:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://developers.facebook.com/docs/marketing-api/insights"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 2.0
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability(
            "measures",
            "aggregate",
            "1 day, restated for 28",
            "37 months",
            "money spent, impressions, clicks, and purchases that the platform claims, by ad and day",
        ),
        Capability(
            "tag_clicks",
            "aggregate",
            "1 day, restated for 28",
            "37 months",
            "clicks on catalogue ads by product; single clicks, and clicks on tags of organic posts: never",
        ),
        Capability(
            "products", "aggregate", "1 day", "37 months", "those that had figures, with the retailer's id (SKU)"
        ),
        Capability("native_orders", "none", note="checkout inside Facebook and Instagram has ended"),
        Capability("order_content", "none", note="claims of purchases are counts; no order is named"),
        Capability("refunds", "none", note="claims are not taken back when goods are"),
        Capability("web_orders", "none", note="the shop has them"),
        Capability("journeys", "none", note="no person is told"),
        Capability("content", "none", note="read posts by the sources of Instagram and Facebook"),
        Capability("product_tags", "none", note="which products an ad shows is told only by figures"),
        Capability("webhooks", "none", note="figures are only read"),
    )

    def wants(self, settings: Any, stream: str) -> bool:
        return stream != "products" or bool(settings.products)

    def account(self, settings: Any) -> str:
        """Name what the rate limit is counted by: the ad account."""
        return f"act_{settings.ad_account_id}"

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await ads_account.greet(session)

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield the pages of a day, and when the consent to read them ends.

        Figures by product that are switched off have none.
        """
        if not self.wants(session.settings, window.stream.name):
            yield Batch()
            return
        account = session.account["shop_id"]
        consent = await session.once("consent", lambda: tokens.consent_of(session, account))
        async for batch in reading.pull(session, window):
            yield replace(batch, deadlines=[consent])

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return ads_account.examine(session)
