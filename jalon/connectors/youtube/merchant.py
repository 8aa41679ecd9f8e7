"""Read the Merchant API's reports on the YouTube Shopping affiliate programme: product clicks and sales, in sums.

https://developers.google.com/merchant/api/guides/reports/analyze-youtube-affiliate-performance, a public alpha. The
date can be asked for and not be selected, so one question for each day gives daily figures; a day is one of the
merchant account's zone. Sales sink later, with each refund, so each day is read again for weeks.

Its terms forbid joining these rows with persons: https://developers.google.com/merchant/api/policies/youtube-shopping-developer-policies
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Batch, Record, Request, Session, Window
from jalon.connectors.days import age_of
from jalon.connectors.wire import encode
from jalon.connectors.youtube.answers import PACIFIC, page_token
from jalon.connectors.youtube.doors import settled_after

SEARCH = "/reports/v1alpha/accounts/{}/reports:search"
API = "v1alpha"
ON_A_PAGE = 1000
SOON = 3600
"""Seconds until a day that is not over in the merchant's zone is asked for again, at least."""


class View(NamedTuple):
    """A table of the query language: how it is called there, in an answer, and what tells its rows apart."""

    table: str
    member: str
    key: str
    columns: str


_SALES = "orders, gross_sales, net_sales, commissions"
VIEWS = {
    "affiliate_contents": View(
        "youtube_content_performance_view",
        "youtubeContentPerformanceView",
        "videoId",
        f"video_id, channel_id, views, clicks, {_SALES}, tagged_product_ids",
    ),
    "affiliate_products": View(
        "youtube_product_tagged_stats_view",
        "youtubeProductTaggedStatsView",
        "offerId",
        f"offer_id, impressions, views, clicks, {_SALES}",
    ),
}
"""Stream -> view. There is no view by video and product together, outside of campaigns."""


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the rows of one day, page by page."""
    account = session.settings.merchant_account
    stream, day = window.stream.name, window.low.astimezone(PACIFIC).date()
    zone = ZoneInfo(session.settings.merchant_timezone)
    age = age_of(session, day, zone)
    if age.total_seconds() < 0:
        yield Batch(cursor=window.cursor, later=session.now() + max(SOON, -age.total_seconds()))
        return
    about = {"api": API, "account": account, "zone": zone.key, "day": day.isoformat()}
    about["settled"] = age >= settled_after(stream)
    token = window.cursor or ""
    while True:
        data = (await session.ask(question(account, VIEWS[stream], day, token))).data
        following = page_token(data)
        yield Batch(records=_records(VIEWS[stream], data, about), cursor=following)
        if following is None:
            return
        token = following


def question(account: str, view: View, day: date, token: str = "", size: int = ON_A_PAGE) -> Request:
    """Return the question for a view's rows of one day."""
    query = f"SELECT {view.columns} FROM {view.table} WHERE date BETWEEN '{day}' AND '{day}'"  # noqa: S608 # the table's and a date's own words
    body = encode({"query": query, "pageSize": size, **({"pageToken": token} if token else {})})
    return Request(
        "POST", SEARCH.format(account), body=body, headers={"content-type": "application/json"}, host="merchant"
    )


def _records(view: View, data: Row, about: Row) -> list[Record]:
    found = [part(row, view.member) for row in rows(data, "results")]
    return [Record(_key(view, row, about), 0, {**row, **about}) for row in found]


def _key(view: View, row: Row, about: Row) -> str:
    """Return account / day / id; none where there is no id, since nothing else tells one row from another."""
    identity = text(row.get(view.key))
    return f"{about['account']}/{about['day']}/{identity}" if identity else ""
