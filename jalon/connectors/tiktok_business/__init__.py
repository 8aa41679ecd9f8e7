"""TikTok beyond the shop: a business account's videos and days, and what advertising cost and claims.

https://business-api.tiktok.com/portal/docs. What is where: `doors` (streams, identities), `organic` (videos, the
account by day), `reports` (ads by day), `gmv_max` (by campaign, product, video, LIVE), `account` (tokens, whose
accounts, doctor), `answers` (envelopes, pages, days), `faults`, `webhooks`. All of it is counts: no person, no order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from jalon.connectors import base
from jalon.connectors.base import (
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
from jalon.connectors.tiktok_business import account as business_account
from jalon.connectors.tiktok_business import gmv_max, organic, reports, webhooks
from jalon.connectors.tiktok_business.answers import ADS
from jalon.connectors.tiktok_business.doors import STREAMS
from jalon.connectors.tiktok_business.faults import judge
from jalon.connectors.wire import encode


class Settings(base.Settings):
    """`[sources.NAME]` of a business account, of an ad account, or of both."""

    app_id: str = Field(min_length=1)
    """The app's id: rate limits are counted by it."""
    app_secret: SecretStr | None = None
    """The app's secret: renews the business account's tokens."""
    auth_code: SecretStr | None = None
    """The code of the business account's authorisation: good once."""
    redirect_uri: str | None = None
    """The address that the code was sent to, exactly as registered with the app."""
    refresh_token: SecretStr | None = None
    """In place of a code, where there is one already."""
    advertiser_id: str | None = Field(default=None, pattern=r"^\d{1,24}$", examples=["7000000000000000000"])
    """Read this ad account's reports."""
    advertiser_token: SecretStr | None = None
    """The access token for the ad account: it lives long, and cannot be renewed."""
    store_ids: tuple[str, ...] = ()
    """TikTok Shops whose GMV Max figures are read; none: all that it is available for."""
    gmv_max: bool = True
    """Read GMV Max."""
    client_secret: SecretStr | None = Field(default=None, min_length=1)
    """Of the app at developers.tiktok.com that delivers webhooks, if there is one."""
    api_url: str = "https://business-api.tiktok.com/open_api/v1.3"
    """Base address of the API."""
    auth_url: str = "https://business-api.tiktok.com/open_api/v1.3"
    """Base address of the token service."""

    @property
    def has_account(self) -> bool:
        """Say whether a business account is to be read."""
        return self.refresh_token is not None or self.auth_code is not None

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if (self.advertiser_id is None) != (self.advertiser_token is None):
            raise ValueError("advertiser_id and advertiser_token go together")
        if not self.has_account and self.advertiser_id is None:
            raise ValueError("set auth_code or refresh_token (a business account), or advertiser_id (an ad account)")
        if self.has_account and self.app_secret is None:
            raise ValueError("auth_code and refresh_token need app_secret")
        if self.auth_code and not self.redirect_uri:
            raise ValueError("auth_code needs redirect_uri")
        return self


class TikTokBusiness(base.Connector):
    """The wire of the TikTok API for Business, v1.3."""

    name: ClassVar[str] = "tiktok_business"
    title: ClassVar[str] = "TikTok for Business"
    normalizer: ClassVar[str] = "jalon.normalize.tiktok_business:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://business-api.tiktok.com/portal/docs"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 9.0
    """Of the 10 per second, 600 per minute and 864,000 per day of an app with basic access: all the same rate."""
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability(
            "content", "event", "2 days", "", "videos of the business account; LIVEs and others' videos are not"
        ),
        Capability(
            "product_tags",
            "aggregate",
            "1 day",
            "",
            "products anchored in the videos that GMV Max may use; the ids are TikTok Shop's",
        ),
        Capability("tag_clicks", "none", note="read TikTok Shop: here neither persons' clicks nor counts of them"),
        Capability(
            "measures",
            "aggregate",
            "2 days, ads 1 day",
            "videos since posting; account 59 days; ads 365 days",
            "per video a counter since posting; per account by day; money spent and sales claimed by ad, and in GMV Max"
            " by campaign, product, video and LIVE",
        ),
        Capability("native_orders", "none", note="claimed orders are counts; the orders are TikTok Shop's"),
        Capability("order_content", "none", note="no order is named"),
        Capability("refunds", "none", note="none is told; figures of reports only move"),
        Capability("web_orders", "none", note="read them from the shop; ads mark links with ttclid"),
        Capability("journeys", "none", note="nothing is told of single persons; the Events API only takes in"),
        Capability("products", "none", note="only ids, which are TikTok Shop's: read products there"),
        Capability(
            "webhooks", "event", "seconds", "", "that a video was published, or the authorisation withdrawn: no figures"
        ),
    )

    def wants(self, settings: Any, stream: str) -> bool:
        """Say whether the settings name the account that a stream is about, and want it."""
        if stream in ("videos", "account_days"):
            return bool(settings.has_account)
        return settings.advertiser_id is not None and (stream == "ad_days" or settings.gmv_max)

    def account(self, settings: Any) -> str:
        """Name what the rate limits are counted by: the app."""
        return f"tiktok business {settings.app_id}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.api_url,), ADS: (settings.api_url,), "auth": (settings.auth_url,)}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Add the token of the account that is asked about to the headers, without the word Bearer."""
        if request.host == ADS:
            return _with_token(request, settings.advertiser_token.get_secret_value())
        if request.anonymous or credentials is None:
            return request
        if request.path == business_account.TOKEN_INFO:
            body = encode({"app_id": settings.app_id, "access_token": credentials.access_token})
            return replace(_with_token(request, credentials.access_token), body=body)
        return _with_token(request, credentials.access_token)

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        return judge(request, answer)

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await business_account.renew(session, credentials)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await business_account.greet(session)

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield the pages of a window; of an account that the settings do not name there are none."""
        if not self.wants(session.settings, window.stream.name):
            yield Batch()
            return
        async for batch in _PULLS[window.stream.name](session, window):
            yield batch

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return business_account.examine(session)

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return held(settings.client_secret)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return webhooks.verify(delivery, secrets)

    def delivery_key(self, delivery: Delivery) -> str:
        return webhooks.delivery_key(delivery)

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return webhooks.open_delivery(delivery)


def _with_token(request: Request, token: str) -> Request:
    return replace(request, headers={**request.headers, "access-token": token})


_PULLS: dict[str, Callable[[Session, Window], AsyncIterator[Batch]]] = {
    "videos": organic.pull_videos,
    "account_days": organic.pull_account,
    "ad_days": reports.pull,
    "gmv_max_days": gmv_max.pull,
    "shop_videos": gmv_max.pull_videos,
}
