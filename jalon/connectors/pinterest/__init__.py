"""Pinterest: Pins, their figures by day, the catalog's product Pins, and the ads reports.

https://developers.pinterest.com/docs/api/v5/. What is where: `faults` (what a refusal means), `limits` and `budgets`
(how often may be asked), `doors` (streams, what of a record comes in, identities), `pins`, `analytics`, `catalogs`,
`reports` (reading), `account` (tokens, whose account, doctor), `answers` (pages, ids, days).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from jalon.connectors import base
from jalon.connectors.base import (
    Allowance,
    Answer,
    Batch,
    Capability,
    Credentials,
    Fault,
    Finding,
    Request,
    Session,
    Stream,
    Window,
)
from jalon.connectors.pinterest import account as pinterest_account
from jalon.connectors.pinterest import analytics as pinterest_analytics
from jalon.connectors.pinterest import budgets as pinterest_budgets
from jalon.connectors.pinterest import catalogs as pinterest_catalogs
from jalon.connectors.pinterest import pins as pinterest_pins
from jalon.connectors.pinterest import reports as pinterest_reports
from jalon.connectors.pinterest.doors import STREAMS
from jalon.connectors.pinterest.faults import judge

WindowDays = Literal[0, 1, 7, 14, 30]
"""Days that the platform credits a conversion to an ad for; 60, which it offers too, is longer than the look-back."""


class Settings(base.Settings):
    """`[sources.NAME]` of a Pinterest account."""

    timezone: Literal["UTC"] = "UTC"
    """Pinterest counts by UTC days, whatever the account's own zone."""
    client_id: str = Field(min_length=1)
    """The app's id."""
    client_secret: SecretStr | None = None
    """The app's secret: renews tokens."""
    refresh_token: SecretStr | None = None
    """In place of a code, where there is one already."""
    auth_code: SecretStr | None = None
    """The code of the account's authorisation: good once."""
    redirect_uri: str | None = None
    """The address that the code was sent to, exactly as registered with the app."""
    access_token: SecretStr | None = None
    """A token made by hand in the developer portal: good for trying, it cannot be renewed."""
    continuous_refresh: bool = False
    """Set for apps made before 2025-09-25: asks for refresh tokens that are replaced with each refresh."""
    access: pinterest_budgets.Access = "trial"
    """Which limits hold for the app: trial, standard; sandbox keeps to none."""
    ad_account_id: str | None = Field(default=None, pattern=r"^\d{1,18}$", examples=["549755813599"])
    """Read its ads, and the Pins, figures and catalogs of its owner."""
    protected_pins: bool = False
    """Read the Pins on protected boards too."""
    analytics: bool = True
    """Read figures by day."""
    catalogs: bool = True
    """Read the products of the catalogs."""
    click_window_days: WindowDays = 30
    """Days after a click on an ad for which a conversion is credited to it."""
    engagement_window_days: WindowDays = 30
    """Days after another engagement with an ad for which a conversion is credited to it."""
    view_window_days: WindowDays = 1
    """Days after a view of an ad for which a conversion is credited to it."""
    conversion_report_time: Literal["TIME_OF_AD_ACTION", "TIME_OF_CONVERSION"] = "TIME_OF_AD_ACTION"
    """Which day a conversion counts on."""
    report_hosts: tuple[str, ...] = ("https://pinterest-waterloo.s3.us-east-1.amazonaws.com",)
    """Where the files of reports may be fetched from."""
    api_url: str = "https://api.pinterest.com/v5"
    """Base address of the API."""
    auth_url: str = "https://api.pinterest.com/v5"
    """Base address of the token service."""

    @model_validator(mode="after")
    def _has_a_way_in(self) -> Self:
        if not (self.refresh_token or self.auth_code or self.access_token):
            raise ValueError("set refresh_token, or auth_code and redirect_uri, or access_token")
        if (self.refresh_token or self.auth_code) and self.client_secret is None:
            raise ValueError("refresh_token and auth_code need client_secret")
        if self.auth_code and not self.redirect_uri:
            raise ValueError("auth_code needs redirect_uri")
        return self


SWITCHES = {
    **dict.fromkeys(("pin_days", "account_days", "top_pins"), "analytics"),
    **dict.fromkeys(pinterest_reports.KINDS, "ad_account_id"),
    "products": "catalogs",
}
"""Stream -> the setting without which it is not read."""

OWN = "/ad_accounts"
"""Paths that name the ad account themselves."""


class Pinterest(base.Connector):
    """The wire of Pinterest's API v5."""

    name: ClassVar[str] = "pinterest"
    title: ClassVar[str] = "Pinterest"
    normalizer: ClassVar[str] = "jalon.normalize.pinterest:normalize"
    settings: ClassVar[type[base.Settings]] = Settings
    documentation: ClassVar[str] = "https://developers.pinterest.com/docs/api/v5/"
    streams: ClassVar[tuple[Stream, ...]] = STREAMS
    starting_rate: ClassVar[float] = 90.0
    """Of the 100 requests per second that hold for all; `allowances` are the narrower limits."""
    capabilities: ClassVar[tuple[Capability, ...]] = (
        Capability("content", "event", "1 day", "", "Pins of the account, by creative type"),
        Capability(
            "product_tags",
            "event",
            "1 day",
            "",
            "a product Pin is its product; tags on other Pins were a closed beta in 2025 and are read where they come",
        ),
        Capability(
            "tag_clicks",
            "aggregate",
            "1 day",
            "913 days",
            "visits of product tags in Idea Pins, of ads alone; of other Pins outbound clicks; single clicks: never",
        ),
        Capability(
            "measures",
            "aggregate",
            "2 days",
            "90 days; ads 913 days, ads by product 92",
            "by Pin and day without promoted performance, by account, and the 50 Pins of others with most clicks",
        ),
        Capability("products", "event", "1 day", "", "product Pin, item id and price of the catalogs"),
        Capability("native_orders", "none", note="nothing is sold inside Pinterest: orders come from the shop"),
        Capability("order_content", "none", note="no order is told; conversions credited to ads are counts"),
        Capability("refunds", "none", note="there are no orders"),
        Capability("web_orders", "none", note="the shop has them"),
        Capability("journeys", "none", note="no person is told; ads mark links with epik"),
        Capability("webhooks", "none", note="only for forms of lead ads, which are no part of this"),
    )

    def wants(self, settings: Any, stream: str) -> bool:
        return stream not in SWITCHES or bool(getattr(settings, SWITCHES[stream]))

    def account(self, settings: Any) -> str:
        """Name what the rate limits are counted by: the app (and its user, who is mostly the same)."""
        return f"pinterest {settings.client_id}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.api_url,), "auth": (settings.auth_url,), "files": tuple(settings.report_hosts)}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Add the token to the headers, and whose account is meant to the query."""
        if request.anonymous or credentials is None:
            return request
        headers = {**request.headers, "authorization": f"Bearer {credentials.access_token}"}
        if settings.ad_account_id and not request.path.startswith(OWN):
            return replace(request, headers=headers, query={**request.query, "ad_account_id": settings.ad_account_id})
        return replace(request, headers=headers)

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        return judge(request, answer)

    def remark(self, request: Request, answer: Answer) -> str | None:
        return pinterest_account.remark(request, answer)

    def allowances(self, request: Request, settings: Any) -> Sequence[Allowance]:
        """Return the limit of the request's category, or of a trial's day."""
        return pinterest_budgets.allowances(request, settings.access)

    def credentials(self, settings: Any) -> Credentials | None:
        """Return a token made by hand; there is none where another one can be renewed."""
        if settings.access_token is None or settings.refresh_token or settings.auth_code:
            return None
        return Credentials(settings.access_token.get_secret_value())

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await pinterest_account.renew(session, credentials)

    async def greet(self, session: Session) -> Mapping[str, str]:
        return await pinterest_account.greet(session)

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield the pages of a window; a stream that is switched off has none."""
        if not self.wants(session.settings, window.stream.name):
            yield Batch()
            return
        async for batch in _PULLS[window.stream.name](session, window):
            yield batch

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        """Yield the days of one Pin."""
        if not self.wants(session.settings, stream.name):
            yield Batch()
            return
        async for batch in pinterest_pins.fetch(session, keys):
            yield batch

    def examine(self, session: Session) -> AsyncIterator[Finding]:
        return pinterest_account.examine(session)


_PULLS = {
    "pins": pinterest_pins.pull,
    "account_days": pinterest_analytics.pull_account,
    "top_pins": pinterest_analytics.pull_top_pins,
    "products": pinterest_catalogs.pull,
    "ad_days": pinterest_reports.pull,
    "product_item_days": pinterest_reports.pull,
}
