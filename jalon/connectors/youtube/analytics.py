"""Read YouTube Analytics: figures of a day, for each video and for the channel as a whole.

https://developers.google.com/youtube/analytics/data_model. An answer ends with the last day that is there for all of
the metrics asked together, so slow ones are asked for apart: each group below is a stream of its own. Which day is the
last is told by the channel's own figures, asked from the day on; no day behind it is kept, whatever the answer holds. A
day of YouTube is one of Pacific time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Batch, Record, Request, Session, Wait, Window
from jalon.connectors.days import age_of, today
from jalon.connectors.youtube.answers import PACIFIC, chunks
from jalon.connectors.youtube.doors import settled_after
from jalon.connectors.youtube.uploads import uploads

REPORTS = "/v2/reports"

# https://developers.google.com/youtube/analytics/metrics
METRICS = {
    "activity": "views,engagedViews,estimatedMinutesWatched,likes,shares,subscribersGained",
    "cards": "cardImpressions,cardClicks,cardTeaserImpressions,cardTeaserClicks",
    "end_screens": "endScreenElementImpressions,endScreenElementClicks",
}
"""Stream -> what it asks for. Rates are left out, since they follow from counts."""

IN_A_FILTER = 200
"""Videos asked for at once; the platform takes 500, whose ids make an address of 6,000 characters."""
AHEAD = timedelta(days=14)
"""How far behind a day the channel's figures are looked at, to learn which day is the last that is there."""
NOT_READY = 6 * 3600
"""Seconds until a day that is not there is asked for again."""
CHANNEL = "channel"
"""In place of a video's id: the channel as a whole, videos that were deleted since included."""


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the figures of one day in one batch; or, while the platform has not counted it, come back later."""
    stream, day = window.stream.name, window.low.astimezone(PACIFIC).date()
    whole = await _query(session, stream, day, min(day + AHEAD, today(session, PACIFIC)), {"dimensions": "day"})
    latest = max((text(row.get("day")) for row in whole), default="")
    if latest < day.isoformat():
        # No figure for two weeks is a channel at which nobody looked, not a platform that is late.
        yield Batch() if age_of(session, day, PACIFIC) > AHEAD else Batch(later=session.now() + NOT_READY)
        return
    about = {
        "api": "v2",
        "channel": session.account["channel"],
        "latest": latest,
        "settled": age_of(session, day, PACIFIC) >= settled_after(stream),
    }
    found = [{**row, "video": CHANNEL} for row in whole if row.get("day") == day.isoformat()]
    found += await _videos(session, stream, day)
    yield Batch(records=[Record(f"{day}/{text(row['video'])}", 0, {**row, **about}) for row in found])


async def _videos(session: Session, stream: str, day: date) -> list[Row]:
    """Return the figures of each video that has some; one that was deleted since has none any more."""
    ids = [each.id for each in await uploads(session) if each.published[:10] <= (day + timedelta(days=1)).isoformat()]
    found: list[Row] = []
    for some in chunks(ids, IN_A_FILTER):  # of one day: no more rows than videos, so there is one page
        wanted = {"dimensions": "day,video", "filters": f"video=={','.join(some)}"}
        found += await _query(session, stream, day, day, wanted)
    return [row for row in found if row.get("day") == day.isoformat() and text(row.get("video"))]


async def _query(session: Session, stream: str, first: date, last: date, wanted: Row) -> list[Row]:
    query = {
        "ids": "channel==MINE",
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "metrics": METRICS[stream],
        "sort": "day",
        **wanted,
    }
    return table((await session.ask(Request("GET", REPORTS, query, host="analytics"))).data)


def table(data: Row) -> list[Row]:
    """Return a result as rows by the names of its columns, whose order is not promised; without rows it is empty."""
    names = [text(header.get("name")) for header in rows(data, "columnHeaders")]
    found = data.get("rows") or []
    if not isinstance(found, list) or not all(isinstance(row, list) and len(row) == len(names) for row in found):
        raise Wait("the result's rows do not fit its columns")
    return [dict(zip(names, row, strict=True)) for row in found]
