"""Read the ads' report: by ad and day, in the ad account's zone and currency.

https://business-api.tiktok.com/portal/docs?id=1740302848100353. By ad only: campaigns and ad groups are sums over their
ads. Both ends of the span belong to it. The report types TT_SHOP (being retired) and the level of reserved ads are not
used; GMV Max has a report of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Batch, Record, Request, Session, Window
from jalon.connectors.days import age_of, zone_of
from jalon.connectors.tiktok_business.answers import ONE_DAY, PAGE, about_ads, data_of, day_in, days_of, next_page
from jalon.connectors.tiktok_business.doors import RESTATED

REPORT = "/report/integrated/get/"
API = "v1.3"
METRICS = ("campaign_id", "adgroup_id", "spend", "impressions", "clicks", "conversion")
"""The first two are no figures: they say where the ad belongs. Rates and averages are left out."""


def is_left_to_the_look_back(window: Window) -> bool:
    """Say whether a window is the tail of a run that follows another: the look-back reads those days anyway."""
    return window.cursor is None and not window.backfill and window.high - window.low < timedelta(days=1)


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the rows of a window's days; the cursor is the number of the next page."""
    if is_left_to_the_look_back(window):
        yield Batch()
        return
    page: int | None = int(window.cursor or 1)
    while page is not None:
        data = data_of(await session.ask(question(session, *days_of(session, window), page)))
        page, total = next_page(data, page), part(data, "page_info").get("total_number")
        yield Batch(
            records=[_record(session, row) for row in rows(data, "list")],
            cursor=str(page) if page else None,
            total=total if type(total) is int else None,
        )


def question(session: Session, first: date, last: date, page: int = 1) -> Request:
    """Return the request for a page of the ads' days."""
    return about_ads(
        session,
        REPORT,
        report_type="BASIC",
        data_level="AUCTION_AD",
        dimensions=["ad_id", "stat_time_day"],
        metrics=METRICS,
        start_date=first.isoformat(),
        end_date=last.isoformat(),
        page=str(page),
        page_size=PAGE,
    )


def _record(session: Session, row: Row) -> Record:
    dimensions = part(row, "dimensions")
    ad, day = text(dimensions.get("ad_id")), day_in(dimensions.get("stat_time_day"))
    body = {**stamp(session, day), "ad_id": ad, "metrics": row.get("metrics")}
    return Record(f"{day}/{ad}" if ad and day else "", 0, body)


def stamp(session: Session, day: date | None) -> Row:
    """Return what a record says about its day: whose day, in which money, and how firm its figures are."""
    zone = zone_of(session)
    age = age_of(session, day, zone) if day else -ONE_DAY
    return {
        "day": day.isoformat() if day else None,
        "zone": zone.key,
        "currency": session.account.get("currency"),
        "over": age >= timedelta(0),
        "settled": age >= RESTATED,
        "api": API,
    }
