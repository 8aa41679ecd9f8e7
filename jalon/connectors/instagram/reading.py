"""Read Instagram: media, stories, lives, tags, products, and the figures of each.

https://developers.facebook.com/docs/instagram-platform/reference. The list of media goes back to the newest 10,000 and
holds no stories; stories are told for 24 hours only; of a carousel the tags are on its children, the figures on itself.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date
from typing import NamedTuple

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Batch, Deadline, Record, Ref, Session, Window
from jalon.connectors.days import today
from jalon.connectors.faults import Gone
from jalon.connectors.graph_api import insights, tokens
from jalon.connectors.graph_api.asking import Page, get, moment, pages
from jalon.connectors.graph_api.faults import Unmet

FIELDS = (
    "id,caption,media_type,media_product_type,permalink,timestamp,username,is_shared_to_feed,children{id,media_type}"
)
PAGE = "100"
STORY_LIFE = 86_400
LAST_READING = 6 * 3600
"""Seconds before a story's end from which a reading counts as its last: what comes after it is little."""


class Fetched(NamedTuple):
    """How what is named by a key is read, and what such a key looks like."""

    read: Callable[[Session, str], AsyncIterator[Batch]]
    form: str

    def well_formed(self, key: str) -> bool:
        return re.fullmatch(self.form, key, re.ASCII) is not None


# --- which figures ----------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """Metrics that are asked for together, and by what they are cut."""

    metrics: tuple[str, ...]
    breakdown: str = ""

    def query(self) -> dict[str, str]:
        return {"breakdown": self.breakdown} if self.breakdown else {}


_SHARED = ("views", "reach", "shares", "total_interactions")
_POST = (*_SHARED, "likes", "comments", "saved", "reposts")
# https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights
BY_KIND: dict[str, tuple[Asked, ...]] = {
    "FEED": (Asked((*_POST, "follows", "profile_visits")), Asked(("profile_activity",), "action_type")),
    "REELS": (Asked((*_POST, "ig_reels_video_view_total_time", "facebook_views", "crossposted_views")),),
    "STORY": (
        Asked((*_SHARED, "replies", "follows", "profile_visits", "link_clicks")),
        Asked(("navigation",), "story_navigation_action_type"),
        Asked(("profile_activity",), "action_type"),
    ),
}
"""`media_product_type` -> what is asked of it. Averages and rates are left out: they cannot be summed."""
OTHER = (Asked(_POST),)

# https://developers.facebook.com/docs/instagram-platform/api-reference/instagram-user/insights
OF_ACCOUNT: tuple[Asked, ...] = (
    Asked(
        ("views", "reach", "accounts_engaged", "total_interactions", "likes", "comments", "saves", "shares", "replies")
    ),
    Asked(("follows_and_unfollows",), "follow_type"),
    Asked(("profile_links_taps",), "contact_button_type"),
)


# --- contents ---------------------------------------------------------------------------------------------------------


def _of_account(session: Session, edge: str) -> str:
    return f"{session.account['shop_id']}/{edge}"


async def pull_media(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the media posted in a window, and refs to the figures and tags of each."""
    bounds = {"since": str(int(window.low.timestamp())), "until": str(int(window.high.timestamp()))}
    asked = get(session.settings, _of_account(session, "media"), {"fields": FIELDS, "limit": PAGE, **bounds})
    day = today(session, UTC)
    async for page in pages(session, asked, window.cursor):
        refs = [ref for row in page.rows for ref in _refs(session, row, day)]
        yield Batch(_records(page), page.after, follow=refs)


def _records(page: Page) -> list[Record]:
    return [Record(text(row.get("id")), 0, row) for row in page.rows]


def _refs(session: Session, media: Row, day: date) -> list[Ref]:
    media_id, kind = text(media.get("id")), text(media.get("media_product_type")) or "FEED"
    figures = [Ref("media_insights", f"{media_id}/{kind}/{_posted(media) or 0}/{day}")]
    return figures + [Ref("product_tags", key) for key in _tagged(session, media, media_id, kind)]


def _posted(media: Row) -> int | None:
    return moment(media.get("timestamp"))


def _tagged(session: Session, media: Row, media_id: str, kind: str) -> list[str]:
    """Return what may be asked for its tags: a feed post, or each child of a carousel; those of reels are not shown."""
    if kind != "FEED" or not reads_tags(session):
        return []
    if media.get("media_type") != "CAROUSEL_ALBUM":
        return [media_id]
    children = media.get("children")
    listed = children.get("data") if isinstance(children, dict) else None
    ids = [text(child.get("id")) for child in listed or () if isinstance(child, dict)]
    return [f"{media_id}/{child}" for child in ids if child]


def reads_tags(session: Session) -> bool:
    """Say whether tags and catalogues exist: not where the token is of Instagram Login."""
    return bool(session.settings.login == "facebook")


async def pull_lives(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield what is live at this moment: later nothing tells of it any more."""
    asked = get(session.settings, _of_account(session, "live_media"), {"fields": FIELDS, "limit": PAGE})
    async for page in pages(session, asked, window.cursor):
        yield Batch(_records(page), page.after)


async def pull_stories(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the stories that live, refs to the figures of each, and when each vanishes."""
    consent = [await tokens.consent_of(session, session.account["shop_id"])] if reads_tags(session) else []
    asked = get(session.settings, _of_account(session, "stories"), {"fields": FIELDS, "limit": PAGE})
    async for page in pages(session, asked, window.cursor):
        live = [(text(row.get("id")), posted) for row in page.rows if (posted := _posted(row)) is not None]
        yield Batch(
            _records(page),
            page.after,
            follow=[Ref("story_insights", f"{story}/{posted}") for story, posted in live],
            deadlines=[*consent, *(_vanishes(session, story, posted) for story, posted in live)],
        )


def _vanishes(session: Session, story: str, posted: int) -> Deadline:
    return Deadline(
        key=story_key(story),
        what=f"story {story} vanishes, and its figures with it",
        at=float(posted + STORY_LIFE),
        remedy="run `jalon sync` in the hours before, or let Instagram deliver the last figures",
        warn=session.settings.story_warning_hours * 3600.0,
    )


def story_key(story: str) -> str:
    """Return the name of a story's deadline."""
    return f"story/{story}"


# --- figures ----------------------------------------------------------------------------------------------------------


async def fetch_media_insights(session: Session, key: str) -> AsyncIterator[Batch]:
    """Yield the counters of one media as they stand now (`media id/kind/unix time of posting/day`)."""
    media, kind, posted, day = key.split("/")
    try:
        found = await _figures(session, media, BY_KIND.get(kind, OTHER))
    except (Gone, Unmet) as fault:
        yield Batch(skipped=[insights.without(media, fault)])
        return
    read = {"posted_at": int(posted), "read_at": int(session.now()), **insights.stamp(session, found)}
    body = {"media_id": media, "kind": kind, **read}
    yield Batch([Record(f"{media}/{day}", 0, body)])


async def fetch_story_insights(session: Session, key: str) -> AsyncIterator[Batch]:
    """Yield the figures of one story (`media id/unix time`); in its last hours they are its last."""
    story, posted = key.split("/")
    last = session.now() >= int(posted) + STORY_LIFE - LAST_READING
    done = [Deadline(story_key(story), "", 0.0)] if last else []
    try:
        found = await _figures(session, story, BY_KIND["STORY"])
    except Unmet as fault:
        yield Batch(skipped=[insights.without(story, fault)], deadlines=done)
        return
    except Gone as fault:
        yield Batch(skipped=[insights.without(story, fault)])
        return
    read = {"posted_at": int(posted), "read_at": int(session.now()), **insights.stamp(session, found)}
    yield Batch([Record(story, 0, {"media_id": story, **read})], deadlines=done)


async def _figures(session: Session, media: str, wanted: Sequence[Asked]) -> insights.Insights:
    """Return all figures of a media; a group that is cut by something is a request of its own.

    Of what too few did there are none, and a story may vanish meanwhile: what another group told stands. Raises `Unmet`
    or `Gone` where there is nothing else.
    """
    rows, refused = list[Row](), list[str]()
    for group in wanted:
        try:
            found = await insights.ask(session, f"{media}/insights", group.metrics, group.query())
        except (Gone, Unmet):
            if not rows:
                raise
            found = insights.Insights([], list(group.metrics))
        rows += found.rows
        refused += found.refused
    return insights.Insights(rows, refused)


async def pull_account(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the account's figures of one day, which is a day of Pacific time whatever the account's zone."""
    day = insights.day_in(session, window)
    about = {"account_id": session.account["shop_id"], **day.told(session)}
    records = []
    for group in OF_ACCOUNT:
        query = {"period": "day", "metric_type": "total_value", **group.query(), **day.bounds()}
        found = await insights.ask(session, _of_account(session, "insights"), group.metrics, query)
        key = f"{day.day}/{group.breakdown or 'whole'}"
        records.append(Record(key, 0, {**about, **insights.stamp(session, found)}))
    yield Batch(records)


# --- tags and products ------------------------------------------------------------------------------------------------


async def fetch_tags(session: Session, key: str) -> AsyncIterator[Batch]:
    """Yield the products tagged on a media, or on one child of a carousel (`media id/child id`)."""
    media, _, child = key.partition("/")
    asked = get(session.settings, f"{child or media}/product_tags", {"limit": PAGE})
    tags: list[Row] = []
    try:
        async for page in pages(session, asked):
            tags += page.rows
    except Gone as fault:
        yield Batch(skipped=[insights.without(key, fault)])
        return
    yield Batch([Record(key, 0, {"media_id": media, "child_id": child or None, "product_tags": tags})])


async def pull_products(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the products of all catalogues, with the SKU that joins them to a shop; the cursor is `catalogue|mark`."""
    if not reads_tags(session):
        yield Batch()
        return
    catalogs = await _catalogs(session)
    first, _, after = (window.cursor or "").partition("|")
    left = catalogs[catalogs.index(first) :] if first in catalogs else catalogs
    for place, catalog in enumerate(left):
        query = {"catalog_id": catalog, "limit": PAGE}
        asked = get(session.settings, _of_account(session, "catalog_product_search"), query)
        following = f"{left[place + 1]}|" if place + 1 < len(left) else None
        async for page in pages(session, asked, after or None):
            yield Batch(_products(catalog, page), f"{catalog}|{page.after}" if page.after else following)
        after = ""
    if not left:
        yield Batch()


async def _catalogs(session: Session) -> list[str]:
    asked = get(session.settings, _of_account(session, "available_catalogs"), {"limit": PAGE})
    return [text(row.get("catalog_id")) async for page in pages(session, asked) for row in page.rows]


def _products(catalog: str, page: Page) -> list[Record]:
    """Return the products of a page; none is named by an id that it does not have."""
    named = [(text(row.get("product_id")), row) for row in page.rows]
    return [Record(f"{catalog}/{name}" if name else "", 0, {**row, "catalog_id": catalog}) for name, row in named]
