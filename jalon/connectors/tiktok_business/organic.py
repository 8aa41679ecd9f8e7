"""Read a business account: its videos with their counters since posting, and the account by day.

https://business-api.tiktok.com/portal/docs?id=1733327057319937, .../docs?id=1762228399168514

Counters come 24 to 48 hours late, by UTC days, and are frozen a year after posting. Fields of reach and of watching are
left out for an account that was idle for more than 7 days: what is left out is not zero.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, timedelta

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Batch, Record, Session, Wait, Window
from jalon.connectors.days import age_of, today
from jalon.connectors.tiktok_business.answers import ONE_DAY, about_account, data_of, day_in, spans

VIDEOS, ACCOUNT = "/business/video/list/", "/business/get/"
API = "v1.3"
MOST = "20"
FIELDS = (
    "item_id",
    "caption",
    "create_time",
    "share_url",
    "video_views",
    "likes",
    "comments",
    "shares",
    "favorites",
    "reach",
    "total_time_watched",
    "website_clicks",
    "profile_views",
)
"""Rates, averages and percentages are left out: they cannot be summed."""
OF_A_DAY = ("followers_count", "video_views", "profile_views", "likes", "comments", "shares")
DELAY = timedelta(hours=48)
FROZEN = timedelta(days=365) + DELAY
"""After its posting, a video's counters are not counted any further."""
REACH = 59
"""Days of the account that are asked for, up to yesterday: the platform is known to keep 60."""
AT_ONCE = 30


async def pull_videos(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield all videos; the cursor is the platform's. The list ends where `has_more` says so, not with a short page."""
    mark: str | None = window.cursor or ""
    while mark is not None:
        query = {"fields": FIELDS, "max_count": MOST, **({"cursor": mark} if mark else {})}
        data = data_of(await session.ask(about_account(session, VIDEOS, **query)))
        mark = _mark(data)
        yield Batch(records=[_video(session, row) for row in rows(data, "videos")], cursor=mark)


def _mark(data: Row) -> str | None:
    more, mark = data.get("has_more"), text(data.get("cursor"))
    if more is False:
        return None
    if more is not True or not mark:
        raise Wait("the answer does not say whether there are more videos, or where")
    return mark


def _video(session: Session, row: Row) -> Record:
    posted = text(row.get("create_time"))
    age = session.now() - int(posted) if posted.isascii() and posted.isdigit() else 0.0
    frozen = age >= FROZEN.total_seconds()
    body = {**row, "username": session.account.get("username"), "frozen": frozen, "api": API}
    return Record(text(row.get("item_id")), 0, body)


async def pull_account(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the account's days, a month at a time; the cursor is the first day of the next one."""
    found = [span for span in spans(*_reach(session), AT_ONCE) if span[0].isoformat() >= (window.cursor or "")]
    if not found:  # no day wanted is over, or the cursor was set by a clock that was ahead
        yield Batch()
        return
    for (first, end), following in zip(found, [*found[1:], None], strict=True):
        query = {"start_date": first.isoformat(), "end_date": end.isoformat(), "fields": OF_A_DAY}
        data = data_of(await session.ask(about_account(session, ACCOUNT, **query)))
        yield Batch(records=_days(session, data), cursor=following[0].isoformat() if following else None)


def _reach(session: Session) -> tuple[date, date]:
    """Return the first and the last day that is asked for: a day that is not over is refused."""
    last = today(session, UTC) - ONE_DAY
    first = last - timedelta(days=REACH - 1)
    return max(first, session.settings.since or first), last


def _days(session: Session, data: Row) -> list[Record]:
    found: list[Record] = []
    for row in rows(data, "metrics"):
        day = day_in(row.get("date"))
        settled = day is not None and age_of(session, day, UTC) >= DELAY
        found.append(Record(day.isoformat() if day else "", 0, {**row, "settled": settled, "api": API}))
    return found
