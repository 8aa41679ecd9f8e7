"""Read a Facebook page: posts, reels, lives, products of its catalogue, and the figures of posts and page.

https://developers.facebook.com/docs/graph-api/reference/page and https://developers.facebook.com/docs/graph-api/reference/insights.
No post, video or live has a product on it that could be read.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Batch, Record, Ref, Session, Window
from jalon.connectors.days import today
from jalon.connectors.faults import Gone
from jalon.connectors.graph_api import insights, tokens
from jalon.connectors.graph_api.asking import Page, get, moment, pages
from jalon.connectors.graph_api.faults import Unmet

POST_FIELDS = "id,message,created_time,updated_time,permalink_url,status_type,is_published,attachments{media_type,type}"
REEL_FIELDS = "id,description,created_time,permalink_url"
LIVE_FIELDS = "id,title,description,creation_time,broadcast_start_time,status,permalink_url"
PRODUCT_FIELDS = "id,retailer_id,name,price,currency,availability,review_status"
PAGE = "100"
# https://developers.facebook.com/docs/graph-api/reference/insights: the impressions family was removed in 2025 and 2026
POST_METRICS = (
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks_by_type",
    "post_reactions_by_type_total",
)
PAGE_METRICS = (
    "page_media_view",
    "page_total_media_view_unique",
    "page_post_engagements",
    "page_daily_follows_unique",
    "page_daily_unfollows_unique",
)


def _of_page(session: Session, edge: str) -> str:
    return f"{session.account['shop_id']}/{edge}"


# --- contents ---------------------------------------------------------------------------------------------------------


async def pull_posts(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the posts of a window, newest first, and refs to the figures of each.

    The edge takes a time filter without promising it, so its answers are held against the window too: a page ends it
    of which nothing is young enough. A single older post does not, since one that was dated back stands out of order.
    """
    low, high = int(window.low.timestamp()), int(window.high.timestamp())
    query = {"fields": POST_FIELDS, "limit": PAGE, "since": str(low), "until": str(high)}
    asked = get(session.settings, _of_page(session, "published_posts"), query)
    day = today(session, UTC)
    async for page in pages(session, asked, window.cursor):
        posted = [(row, moment(row.get("created_time"))) for row in page.rows]
        inside = [(row, at) for row, at in posted if at is None or low <= at < high]
        over = bool(posted) and all(at is not None and at < low for _, at in posted)
        refs = [Ref("post_insights", f"{text(row.get('id'))}/{at or 0}/{day}") for row, at in inside]
        yield Batch([_post(row) for row, _ in inside], None if over else page.after, follow=refs)
        if over:
            return


def _post(row: Row) -> Record:
    return Record(text(row.get("id")), (moment(row.get("updated_time")) or 0) * 1_000_000, row)


def _listed(edge: str, fields: str) -> Callable[[Session, Window], AsyncIterator[Batch]]:
    """Return how an edge of the page is read that takes no time filter."""

    async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
        asked = get(session.settings, _of_page(session, edge), {"fields": fields, "limit": PAGE})
        async for page in pages(session, asked, window.cursor):
            yield Batch(_records(page), page.after)

    return pull


def _records(page: Page, **more: str) -> list[Record]:
    return [Record(text(row.get("id")), 0, {**row, **more}) for row in page.rows]


async def pull_products(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the products of the catalogue that the settings name; of none where they name none."""
    catalog = session.settings.catalog_id
    if catalog is None:
        yield Batch()
        return
    asked = get(session.settings, f"{catalog}/products", {"fields": PRODUCT_FIELDS, "limit": PAGE})
    async for page in pages(session, asked, window.cursor):
        yield Batch(_records(page, catalog_id=catalog), page.after)


# --- figures ----------------------------------------------------------------------------------------------------------


async def fetch_post_insights(session: Session, key: str) -> AsyncIterator[Batch]:
    """Yield the counters of one post as they stand now (`post id/unix time of posting/day`)."""
    post, posted, day = key.split("/")
    try:
        found = await insights.ask(session, f"{post}/insights", POST_METRICS, {"period": "lifetime"})
    except (Gone, Unmet) as fault:
        yield Batch(skipped=[insights.without(post, fault)])
        return
    body = {"post_id": post, "posted_at": int(posted), "read_at": int(session.now()), **insights.stamp(session, found)}
    yield Batch([Record(f"{post}/{day}", 0, body)])


async def pull_page(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the page's figures of one day, which is a day of Pacific time whatever the page's zone."""
    day = insights.day_in(session, window)
    query = {"period": "day", **day.bounds()}
    found = await insights.ask(session, _of_page(session, "insights"), PAGE_METRICS, query)
    about = {"page_id": session.account["shop_id"], "end": day.end, **day.told(session)}
    yield Batch([Record(day.day.isoformat(), 0, {**about, **insights.stamp(session, found)})])


async def pull_reels(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the reels, and when the consent to read the page at all ends."""
    consent = await tokens.consent_of(session, session.account["shop_id"])
    async for batch in _listed("video_reels", REEL_FIELDS)(session, window):
        yield replace(batch, deadlines=[consent])


pull_lives = _listed("live_videos", LIVE_FIELDS)
FORM = re.compile(r"\d+(_\d+)?/\d+/\d{4}-\d\d-\d\d", re.ASCII)
"""What names a post, its time and a day."""
