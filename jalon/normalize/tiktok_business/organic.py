"""What a business account's records mean: its videos with their counters since posting, and its days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from jalon.normalize.fields import Row, count, moment, needed, text
from jalon.normalize.measures import Figure, Finality, Subject, measures, one_day, since
from jalon.normalize.records import head
from jalon.normalize.tiktok_business.common import PLATFORM, counts, day_in, definition
from jalon.normalize.times import local_date
from jalon.normalize.vocabulary import Content, Context, Fact, Instant, Raw

ZONE = ZoneInfo("UTC")

# https://business-api.tiktok.com/portal/docs?id=1733327057319937
OF_VIDEO = {
    "video_views": "views",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "favorites": "saves",
    "reach": "reach",
    "website_clicks": "website_clicks",
    "profile_views": "profile_visits",
}
WATCHED = "total_time_watched"
"""In whatever unit the platform counts it, which its description does not name; rounded to a whole number."""

# https://business-api.tiktok.com/portal/docs?id=1762228399168514
OF_ACCOUNT = {
    "video_views": "views",
    "profile_views": "profile_visits",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
}
"""They are about the account and name no content, which tells them from those of its videos."""
OF_FOLLOWERS = {"followers_count": "followers"}


def video(raw: Raw, _: Context) -> list[Fact]:
    """Return a video of the account, and its counters as they stood when they were read."""
    body, item = raw.body, needed(raw.body, "item_id")
    posted = moment(body.get("create_time"))
    read = _utc_day(raw.observed_at)
    subject = Subject(
        f"video/{item}",
        since(_utc_day(posted) if posted else read, read),
        ZONE.key,
        "final" if body.get("frozen") is True else "estimate",
        definition(body, "video, since its posting, 24 to 48 hours late"),
        content_id=item,
        creator_id=text(body, "username"),
    )
    return [_content(raw, item, posted), *measures(raw, PLATFORM, subject, _counters(body))]


def _content(raw: Raw, item: str, posted: Instant | None) -> Content:
    return Content(
        *head(raw, item),
        platform=PLATFORM,
        content_id=item,
        kind="video",
        surface="video",
        creator_id=text(raw.body, "username"),
        title=text(raw.body, "caption"),
        posted_at=posted,
        url=text(raw.body, "share_url"),
        selling_mode="communication",
    )


def _counters(body: Row) -> Iterator[Figure]:
    yield from counts(body, OF_VIDEO)
    if body.get(WATCHED) is not None:
        yield Figure(WATCHED, _whole(body[WATCHED], WATCHED))


def account_day(raw: Raw, _: Context) -> list[Fact]:
    """Return the account's figures of one UTC day; `followers` is how many there were, not how many came."""
    body = raw.body
    day = day_in(body, "date")
    firm: Finality = "final" if body.get("settled") is True else "estimate"
    subject = Subject("account", one_day(day), ZONE.key, firm, definition(body, "account, 24 to 48 hours late"))
    followers = subject._replace(period=since(day, day))
    return [
        *measures(raw, PLATFORM, subject, counts(body, OF_ACCOUNT)),
        *measures(raw, PLATFORM, followers, counts(body, OF_FOLLOWERS)),
    ]


def _whole(value: Any, name: str) -> int:
    """Return a figure that may come with places, rounded. Raises `Unfit('negative_quantity')` for what is none."""
    if type(value) is float and abs(value) < 10**15:
        value = round(value)
    return count(value, name)


def _utc_day(at: Instant) -> date:
    return local_date(at, ZONE)
