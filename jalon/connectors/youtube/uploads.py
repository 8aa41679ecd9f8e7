"""Read a channel's videos: its uploads, page by page, and what is behind each id in lists of 50.

`search.list` is never asked: it has a bucket of 100 calls a day. A page of uploads and a list of videos cost one unit
of 10,000 a day each. https://developers.google.com/youtube/v3/determine_quota_cost

YouTube tells no deletion. A video that is held and not among the uploads any more is asked for by its id, and one that
does not come back is gone: that also keeps the rule that stored metadata is refreshed or deleted within 30 days.
https://developers.google.com/youtube/terms/developer-policies. When these are over is a deadline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Batch, Deadline, Record, Request, Session, Skipped, Window
from jalon.connectors.faults import Gone
from jalon.connectors.youtube.answers import chunks, page_token, with_token

PLAYLIST_ITEMS = "/youtube/v3/playlistItems"
VIDEOS = "/youtube/v3/videos"
PARTS = "snippet,statistics,contentDetails,status,liveStreamingDetails,paidProductPlacementDetails"
AT_ONCE = 50
"""Most ids in a list, and most items on a page."""
HELD, WARNED = 30 * 86_400, 3 * 86_400
"""Seconds for which metadata may be held without being read anew, and before their end from which it is named."""


class Upload(NamedTuple):
    """A video as the list of uploads names it. `published` is empty for one that is not public (yet)."""

    id: str
    published: str


async def page(session: Session, token: str) -> tuple[list[Upload], str | None]:
    """Return a page of the channel's uploads and the token of the next; a channel without any has no list.

    Raises `Skip` where a list, or a page of it, is refused for another reason: its end is another thing.
    """
    query = {"part": "contentDetails", "playlistId": session.account["uploads"], "maxResults": str(AT_ONCE)}
    try:
        answer = await session.ask(Request("GET", PLAYLIST_ITEMS, with_token(query, token)))
    except Gone:
        if token:
            raise
        return [], None
    details = [part(item, "contentDetails") for item in rows(answer.data, "items")]
    found = [Upload(text(each.get("videoId")), text(each.get("videoPublishedAt"))) for each in details]
    return [upload for upload in found if upload.id], page_token(answer.data)


async def uploads(session: Session) -> list[Upload]:
    """Return all of the channel's uploads, the newest first; they are listed once in a run, whatever asks for them."""
    return await session.once("uploads", lambda: _listed(session))


async def _listed(session: Session) -> list[Upload]:
    found: list[Upload] = []
    token: str | None = ""
    while token is not None:
        more, token = await page(session, token)
        found += more
    return found


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the videos of the channel; with the last page come those that are held and not listed any more."""
    listed: set[str] = set()
    token: str | None = window.cursor or ""
    while token is not None:
        found, token = await page(session, token)
        ids = [upload.id for upload in found]
        listed.update(ids)
        if token is None:
            ids += sorted(window.known - listed)
        ends = [] if token else [_end(session.now())]
        yield Batch(records=await _read(session, ids), cursor=token, deadlines=ends)


def _end(now: float) -> Deadline:
    what = "by YouTube's terms, what is held of its videos may be held no longer"
    return Deadline("metadata", what, now + HELD, "let `jalon sync` read them anew before that", WARNED)


async def fetch(session: Session, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the videos of some ids; one that YouTube does not know (any more) comes as removed."""
    good = [key for key in keys if is_id(key)]
    skipped = [Skipped(key, "bad_id", f"{key[:40]!r} is no id of a video") for key in keys if key not in good]
    records = await _read(session, good)
    strange = [record.key for record in records if _channel(record) not in {"", session.account["channel"]}]
    skipped += [Skipped(key, "another_channel", "the video is not of this channel") for key in strange]
    yield Batch(records=[record for record in records if record.key not in strange], skipped=skipped)


def _channel(video: Record) -> str:
    return text(part(video.body, "snippet").get("channelId"))


def is_id(key: str) -> bool:
    """Say whether a text can be an id: it becomes a part of lists and filters."""
    return 0 < len(key) <= 64 and key.isascii() and key.replace("-", "").replace("_", "").isalnum()


async def _read(session: Session, ids: list[str]) -> list[Record]:
    records: list[Record] = []
    for some in chunks(ids, AT_ONCE):
        answer = await session.ask(Request("GET", VIDEOS, {"part": PARTS, "id": ",".join(some)}))
        there = {text(row.get("id")): row for row in rows(answer.data, "items")}
        records += [Record(each, 0, there.get(each) or _removed(each)) for each in some]
    return records


def _removed(video: str) -> Row:
    return {"id": video, "removed": True}
