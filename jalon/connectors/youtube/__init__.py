"""YouTube: a channel's videos and their figures; product clicks and sales as the affiliate programme counts them.

Five APIs and a hub, each a host of its own: `uploads` (Data API), `analytics`, `reports` (Reporting API), `merchant`
(Merchant API), `account` (tokens, channel, doctor), `push` and `feed` (WebSub). `doors` says what of a record comes in,
`faults` what a refusal means.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator

from jalon.connectors import base
from jalon.connectors.base import (
    Allowance,
    Answer,
    Batch,
    Capability,
    Credentials,
    Deadline,
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
from jalon.connectors.youtube import account as youtube_account
from jalon.connectors.youtube import analytics, merchant, push, reports, uploads
from jalon.connectors.youtube.answers import PACIFIC
from jalon.connectors.youtube.doors import STREAMS
from jalon.connectors.youtube.faults import judge

ReportType = Literal["channel_basic", "channel_cards", "channel_end_screens"]


class Settings(base.Settings):
    """`[sources.NAME]` of a YouTube channel."""

    timezone: str = PACIFIC.key
    """Where days begin: for YouTube in Pacific time, and nowhere else."""
    client_id: str = Field(min_length=1)
    """The OAuth client's id, from the Google Cloud console."""
    client_secret: SecretStr = Field(min_length=1)
    """The OAuth client's secret."""
    refresh_token: SecretStr = Field(min_length=1)
    """Of the account that owns the channel."""
    channel_id: str | None = Field(
        default=None, pattern=r"^[0-9A-Za-z_-]{1,64}$", examples=["UC0123456789abcdefghijkl"]
    )
    """Which channel it must be (UC…); notices about another one are refused."""
    shorts_up_to: int = Field(default=180, ge=0)
    """Seconds up to which a video counts as a Short, since no API says so; 0: none does."""
    analytics: bool = True
    """Read the daily figures of YouTube Analytics."""
    reports: tuple[ReportType, ...] = ()
    """Order and read these bulk reports."""
    merchant_account: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$", examples=["123456789"])
    """Merchant Center account in the YouTube Shopping affiliate programme; None: its figures are not read."""
    merchant_timezone: str = PACIFIC.key
    """IANA zone of that account: its days are another thing than YouTube's."""
    quota_units: int = Field(default=10_000, ge=100)
    """Units of the Data API that the project may spend in a day; more where Google has granted it."""
    hub_secret: SecretStr | None = Field(default=None, min_length=8, max_length=push.LONGEST_SECRET)
    """A random text of your own: signs the hub's notices. None: no subscription."""
    hub_secret_old: SecretStr | None = Field(default=None, min_length=1)
    """The one before, while notices may still be signed with it."""
    api_url: str = "https://youtube.googleapis.com"
    """Base address of the Data API."""
    analytics_url: str = "https://youtubeanalytics.googleapis.com"
    """Base address of the Analytics API."""
    reporting_url: str = "https://youtubereporting.googleapis.com"
    """Base address of the Reporting API."""
    merchant_url: str = "https://merchantapi.googleapis.com"
    """Base address of the Merchant API."""
    auth_url: str = "https://oauth2.googleapis.com"
    """Base address of the token service."""
    hub_url: str = "https://pubsubhubbub.appspot.com"
    """Base address of the hub."""

    @field_validator("timezone")
    @classmethod
    def _is_pacific(cls, zone: str) -> str:
        if zone != PACIFIC.key:
            raise ValueError(f"YouTube counts by days of {PACIFIC.key}; leave timezone out")
        return zone

    @field_validator("merchant_timezone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        try:
            return ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{zone!r} is no time zone such as Europe/Paris") from None


SWITCHES = {
    **dict.fromkeys(analytics.METRICS, "analytics"),
    **dict.fromkeys(merchant.VIEWS, "merchant_account"),
    "reports": "reports",
}
"""Stream -> the setting without which it is not read."""
_PULLS: dict[str, Callable[[Session, Window], AsyncIterator[Batch]]] = {
    "videos": uploads.pull,
    "reports": reports.pull,
    **dict.fromkeys(analytics.METRICS, analytics.pull),
    **dict.fromkeys(merchant.VIEWS, merchant.pull),
}
_FETCHES = {"videos": uploads.fetch, "reports": reports.fetch}
_ANONYMOUS = frozenset({"auth", "hub"})
"""Hosts that never see the access token."""

# https://developers.google.com/youtube/v3/determine_quota_cost, https://developers.google.com/youtube/reporting/v1/reports
REPORTING = (
    Allowance("reporting a minute", 60, 60, burst=0.5),
    Allowance("reporting a day", 20_000, 86_400, burst=0.5),
)


class YouTube(base.Connector):
    """The wire of YouTube."""

    name: ClassVar[str] = "youtube"
    title: ClassVar[str] = "YouTube"
    normalizer: ClassVar[str] = "jalon.normalize.youtube:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://developers.google.com/youtube"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 5.0
    signed_files: ClassVar[bool] = True
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("content", "event", "seconds by push, else 6 hours", "all", "videos, Shorts, LIVEs of the channel"),
        Capability(
            "measures",
            "aggregate",
            "2 to 3 days",
            "10 days",
            "views, minutes, likes, cards and end screens per video and day; counters of each video as they stand",
        ),
        Capability(
            "tag_clicks",
            "aggregate",
            "days",
            "35 days",
            "product clicks per video and day, and per product and day, of the affiliate programme alone; "
            "never both together, and never one click of one person",
        ),
        Capability(
            "product_tags",
            "aggregate",
            "days",
            "35 days",
            "products tagged in a video, by the affiliate programme's report; the Data API shows no tag",
        ),
        Capability("webhooks", "event", "seconds", "", "video published, changed or deleted; what is named is read"),
        Capability("native_orders", "none", note="affiliate orders come as sums per video or product, none by itself"),
        Capability("order_content", "none", note="no order is told, so none is told with its video"),
        Capability(
            "refunds", "none", note="only as the difference of gross and net affiliate sales, never as an event"
        ),
        Capability("web_orders", "none", note="the shop has them"),
        Capability("journeys", "none", note="no person is told; terms forbid joining affiliate figures with persons"),
        Capability("products", "none", note="offers are in Merchant Center; the shop has the products"),
    )

    def wants(self, settings: Any, stream: str) -> bool:
        return stream not in SWITCHES or bool(getattr(settings, SWITCHES[stream]))

    def account(self, settings: Any) -> str:
        """Name what Google's quotas are counted by: the OAuth client's project."""
        return f"youtube:{settings.client_id}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {
            "api": (settings.api_url,),
            "analytics": (settings.analytics_url,),
            "reporting": (settings.reporting_url,),
            "merchant": (settings.merchant_url,),
            "auth": (settings.auth_url,),
            "hub": (settings.hub_url,),
        }

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Add the access token to the headers, for the APIs alone."""
        if request.anonymous or credentials is None or request.host in _ANONYMOUS:
            return request
        return replace(request, headers={**request.headers, "authorization": f"Bearer {credentials.access_token}"})

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        return judge(request, answer)

    def allowances(self, request: Request, settings: Any) -> Sequence[Allowance]:
        if request.host == "api":
            return (Allowance("data a day", settings.quota_units, 86_400, burst=0.5),)
        return REPORTING if request.host == "reporting" else ()

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await youtube_account.renew(session, credentials)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await youtube_account.greet(session)

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield the pages of a window; a stream that is switched off has none."""
        if not self.wants(session.settings, window.stream.name):
            yield Batch()
            return
        async for batch in _PULLS[window.stream.name](session, window):
            yield batch

    def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        """Yield videos by id, and bulk reports by `type/job/report`."""
        if stream.name not in _FETCHES:
            raise LookupError(f"{stream.name!r} is not read by key")
        return _FETCHES[stream.name](session, keys)

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return youtube_account.examine(session)

    def subscribe(self, session: Session, address: str) -> AsyncIterator[Finding | Deadline]:
        return push.subscribe(session, address)

    def challenge(self, query: Mapping[str, str], settings: Any, secrets: Sequence[bytes]) -> str | None:
        return push.challenge(query, settings.channel_id, secrets)

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return held(settings.hub_secret, settings.hub_secret_old)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return push.signed_by(secrets, delivery.body, delivery.headers.get("x-hub-signature"))

    def delivery_key(self, delivery: Delivery) -> str:
        """Return the digest of the body: all that is signed is in it, and a retry repeats it."""
        return hashlib.sha256(delivery.body).hexdigest()

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        return push.open_delivery(delivery, settings)
