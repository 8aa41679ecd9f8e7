"""What the figures of YouTube Analytics and of the bulk reports mean: measures per video, or channel, and day.

https://developers.google.com/youtube/analytics/metrics, https://developers.google.com/youtube/reporting/v1/reports/metrics

A bulk report counts what Analytics counts, so both give the same fact: its key is video, metric and day. Analytics
tells no version; a report has the time at which it was made, so where both are read the report stands, and a later
report stands above it. Figures of the channel as a whole, which hold those of videos that were deleted since, come from
Analytics alone. What is left out is no zero: rows below the threshold of privacy are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from jalon.normalize.fields import Row, needed, text
from jalon.normalize.measures import Figure, Subject, measures, one_day, settled
from jalon.normalize.times import day_of
from jalon.normalize.vocabulary import Context, Fact, Raw, Unfit
from jalon.normalize.youtube.common import PLATFORM, counted, defined, number

CHANNEL = "channel"
"""In place of a video's id: the channel as a whole."""

ACTIVITY = {
    "views": "views",
    "engagedViews": "engaged_views",
    "estimatedMinutesWatched": "watch_minutes",
    "likes": "likes",
    "shares": "shares",
    "subscribersGained": "new_followers",
}
CARDS = {
    "cardImpressions": "card_impressions",
    "cardClicks": "card_clicks",
    "cardTeaserImpressions": "card_teaser_impressions",
    "cardTeaserClicks": "card_teaser_clicks",
}
END_SCREENS = {
    "endScreenElementImpressions": "end_screen_impressions",
    "endScreenElementClicks": "end_screen_clicks",
}
MAY_SINK = frozenset({"likes", "comments"})
"""What people take back: of a day on which more was taken back than given, the figure is below zero."""
ANALYTICS = {"activity": ACTIVITY, "cards": CARDS, "end_screens": END_SCREENS}
REPORT = {
    "views": "views",
    "engaged_views": "engaged_views",
    "watch_time_minutes": "watch_minutes",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "subscribers_gained": "new_followers",
    "subscribers_lost": "lost_followers",
    "card_impressions": "card_impressions",
    "card_clicks": "card_clicks",
    "card_teaser_impressions": "card_teaser_impressions",
    "card_teaser_clicks": "card_teaser_clicks",
    "end_screen_element_impressions": "end_screen_impressions",
    "end_screen_element_clicks": "end_screen_clicks",
}


def analytics(raw: Raw, context: Context) -> list[Fact]:
    """Return the figures of a video, or of the channel, on one day."""
    body = raw.body
    video, channel = needed(body, "video"), text(body, "channel")
    subject = Subject(
        video,
        one_day(day_of(body.get("day"))),
        context.zone.key,
        settled(body),
        f"Analytics API {text(body, 'api')}",
        content_id=None if video == CHANNEL else video,
        creator_id=channel,
    )
    return [*measures(raw, PLATFORM, subject, _figures(body, subject, ANALYTICS[raw.stream]))]


def report(raw: Raw, context: Context) -> list[Fact]:
    """Return what a bulk report counts of a video on one day; only another report would change it."""
    body = raw.body
    video, channel = needed(body, "video_id"), text(body, "channel_id")
    subject = Subject(
        video,
        one_day(day_of(body.get("date"))),
        context.zone.key,
        "final",
        f"Reporting API v1 {text(body, 'report_type')}",
        content_id=video,
        creator_id=channel,
    )
    return [*measures(raw, PLATFORM, subject, _figures(body, subject, REPORT, whole=_rounded))]


def _as_it_is(value: Any, _: str) -> Any:
    return value


def _figures(
    body: Row, subject: Subject, names: Mapping[str, str], whole: Callable[[Any, str], Any] = _as_it_is
) -> Iterator[Figure]:
    """Yield the figures that are there."""
    for field, metric in names.items():
        if body.get(field) not in (None, ""):
            value = (number if field in MAY_SINK else counted)(whole(body[field], field), field)
            yield Figure(metric, value, definition=defined(subject.definition, metric, subject.period.start))


def _rounded(value: Any, name: str) -> int:
    """Return a sum as a whole number: minutes of bulk reports have decimals. Raises `Unfit('bad_number')`."""
    try:
        return int(Decimal(str(value)).quantize(Decimal(1)))
    except (InvalidOperation, ValueError):
        raise Unfit("bad_number", f"{name} is {str(value)[:20]}, which is no number") from None
