"""What a video means: a content, and its counters as they stood when it was read.

https://developers.google.com/youtube/v3/docs/videos. A counter is a snapshot since the video began: it may fall, when
views are found to be no views or likes are taken back. One that is left out (likes are hidden) is no zero. No interface
says what a Short is: a video of up to the seconds in the settings, and not a LIVE, counts as one. A premiere cannot be
told from a LIVE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from jalon.normalize.fields import Row, count, inner, needed, text
from jalon.normalize.measures import Figure, Subject, measures, since
from jalon.normalize.records import head
from jalon.normalize.times import instant_from_iso, local_date
from jalon.normalize.vocabulary import Content, Context, Fact, Instant, Measure, Raw
from jalon.normalize.youtube.common import PLATFORM

# https://developers.google.com/youtube/v3/docs/videos#statistics
COUNTERS = {"viewCount": "views", "likeCount": "likes", "commentCount": "comments"}
"""The figures of a day have the same names: `span` and key tell the two apart."""
DEFINITION = "Data API v3; each view by the rule of its day"
NEVER_THERE = frozenset({"deleted", "failed", "rejected"})
"""Words of `status.uploadStatus` for a video that nobody can see."""
_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?", re.ASCII)

Kind = Literal["video", "short", "live"]


def video(raw: Raw, context: Context) -> list[Fact]:
    """Return a content and its counters; of one that is gone, that it is."""
    identity = needed(raw.body, "id")
    content = _content(raw, context, identity)
    return [content] if content.removed else [content, *_counters(raw, context, content)]


def _content(raw: Raw, context: Context, identity: str) -> Content:
    body = raw.body
    snippet, live = inner(body, "snippet"), inner(body, "liveStreamingDetails")
    kind = _kind(body, int(context.account.get("shorts_up_to", "0")))
    return Content(
        *head(raw, identity),
        platform=PLATFORM,
        content_id=identity,
        kind=kind,
        surface=kind,
        creator_id=text(snippet, "channelId"),
        title=text(snippet, "title"),
        posted_at=_posted(snippet, live),
        ended_at=_at(live, "actualEndTime"),
        url=f"https://www.youtube.com/{'shorts/' if kind == 'short' else 'watch?v='}{identity}",
        selling_mode="communication",
        removed=bool(body.get("removed")) or text(inner(body, "status"), "uploadStatus") in NEVER_THERE,
    )


def _posted(snippet: Row, live: Row) -> Instant | None:
    """Return when it could first be seen: `publishedAt` of a LIVE to come is when it was announced."""
    if snippet.get("liveBroadcastContent") == "upcoming":
        return None
    return _at(live, "actualStartTime") or _at(snippet, "publishedAt")


def _kind(body: Row, shorts_up_to: int) -> Kind:
    if body.get("liveStreamingDetails"):
        return "live"
    length = _seconds(text(inner(body, "contentDetails"), "duration"))
    return "short" if length is not None and 0 < length <= shorts_up_to else "video"


def _seconds(duration: str | None) -> int | None:
    """Return the seconds of a length such as PT1M30S; None where there is none (a LIVE that goes on)."""
    found = _DURATION.fullmatch(duration or "")
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _at(row: Row, name: str) -> Instant | None:
    written = text(row, name)
    return instant_from_iso(written) if written else None


def _counters(raw: Raw, context: Context, content: Content) -> Iterator[Measure]:
    """Yield the counters; those of a day replace each other, and each day's last reading is kept."""
    read = local_date(raw.observed_at, context.zone)
    begun = local_date(content.posted_at, context.zone) if content.posted_at is not None else read
    subject = Subject(
        f"{content.key}/lifetime",
        since(begun, read),
        context.zone.key,
        "estimate",
        DEFINITION,
        content_id=content.content_id,
        creator_id=content.creator_id,
    )
    return measures(raw, PLATFORM, subject, _figures(inner(raw.body, "statistics")))


def _figures(statistics: Row) -> Iterator[Figure]:
    for field, metric in COUNTERS.items():
        if statistics.get(field) not in (None, ""):
            yield Figure(metric, count(statistics[field], field))
