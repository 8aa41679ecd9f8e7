"""What a Facebook page's records mean: contents, products, figures, and what persons did in Messenger.

https://developers.facebook.com/docs/graph-api/reference/page. Which id makes a fact the same fact again:

| fact | key | version |
| --- | --- | --- |
| content | post id, video id | of a post its updated_time, else 0 |
| product | product id in the catalogue, as carts name it | 0 |
| measure of a post | post id / metric / day of the reading: a counter as it stood then | 0 |
| measure of the page | page / metric / day | 0 |
| touchpoint | digest of the message's id, of a cart of its time and products; / product where there are several | 0 |

A post's figures are a counter from its posting on, which may fall: an estimate for ever. The page's are of days in
Pacific time, final once they were read 48 hours after the day. A figure without data says nothing: it is not zero.

A price in the catalogue is a text for people ("Rp460.000", "$3.50") whose separators nobody tells: it is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from jalon.normalize.fields import Row, inner, needed, objects, text
from jalon.normalize.graph_api import Place, Words, definition, insights, of_day, since_posting, touches
from jalon.normalize.records import facts_of, head
from jalon.normalize.times import HOUR, instant_from_iso, instant_from_unix
from jalon.normalize.vocabulary import Content, Context, Fact, Instant, Product, Raw

PLATFORM = "facebook"
PLACE = Place(PLATFORM, "facebook")
SAME_DAY = 2 * HOUR
"""By so much the end of a day may differ from Pacific midnight and still be meant: clocks change."""

# https://developers.facebook.com/docs/graph-api/reference/story-attachment
KINDS = {
    "photo": "image",
    "album": "carousel",
    "video": "video",
    "video_inline": "video",
    "link": "link",
    "event": "event",
}

# https://developers.facebook.com/docs/graph-api/reference/insights
WORDS = Words(
    PLATFORM,
    {
        "post_media_view": "views",
        "post_total_media_view_unique": "reach",
        "post_clicks_by_type": "clicks",
        "post_reactions_by_type_total": "reactions",
        "page_media_view": "views",
        "page_total_media_view_unique": "reach",
        "page_post_engagements": "engagements",
        "page_daily_follows_unique": "new_followers",
        "page_daily_unfollows_unique": "lost_followers",
    },
    {
        ("post_clicks_by_type", "link_clicks"): "link_clicks",
        ("post_clicks_by_type", "other_clicks"): "other_clicks",
    },
)


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "Facebook")


# --- contents and products --------------------------------------------------------------------------------------------


class Form(NamedTuple):
    """What a content is, and under which names its record tells title and time."""

    kind: str
    surface: str
    title: str
    posted: str


def _post(raw: Raw, _: Context) -> list[Fact]:
    """Return a post: its first attachment says what it is; without one it is words."""
    first = next(iter(objects(inner(raw.body, "attachments"), "data")), {})
    native = text(first, "media_type") or text(first, "type")
    kind = KINDS.get(native, "other") if native else "text"
    return [_content(raw, Form(kind, "feed", "message", "created_time"))]


def _reel(raw: Raw, _: Context) -> list[Fact]:
    return [_content(raw, Form("reel", "reel", "description", "created_time"))]


def _live(raw: Raw, _: Context) -> list[Fact]:
    started = "broadcast_start_time" if raw.body.get("broadcast_start_time") else "creation_time"
    return [_content(raw, Form("live", "live", "title" if raw.body.get("title") else "description", started))]


def _content(raw: Raw, form: Form) -> Content:
    content_id, posted = needed(raw.body, "id"), text(raw.body, form.posted)
    return Content(
        *head(raw, content_id),
        platform=PLATFORM,
        content_id=content_id,
        kind=form.kind,
        surface=form.surface,
        title=text(raw.body, form.title),
        posted_at=instant_from_iso(posted) if posted else None,
        url=_address(text(raw.body, "permalink_url")),
        selling_mode="communication",
    )


def _address(link: str | None) -> str | None:
    """Return an address; those of videos come without their host."""
    return f"https://www.facebook.com{link}" if link and link.startswith("/") else link


def _products(raw: Raw, _: Context) -> list[Fact]:
    body, product_id = raw.body, needed(raw.body, "id")
    return [
        Product(
            *head(raw, product_id),
            platform=PLATFORM,
            product_id=product_id,
            variant_id=product_id,
            sku=text(body, "retailer_id"),
            title=text(body, "name"),
            status=text(body, "availability"),
        )
    ]


# --- figures ----------------------------------------------------------------------------------------------------------


def _post_insights(raw: Raw, context: Context) -> list[Fact]:
    """Return the counters of a post as they stood when they were read."""
    body = raw.body
    rule = definition(body, "post, organic and paid, since its posting")
    subject = since_posting(body, needed(body, "post_id"), context.zone, rule)
    return [*insights(raw, WORDS, subject, objects(body, "data"))]


def _page_insights(raw: Raw, _: Context) -> list[Fact]:
    """Return the page's figures of one day of the platform's own zone, and not those of a day beside it."""
    body = raw.body
    subject = of_day(body, "page", definition(body, "page, organic and paid"))
    end = instant_from_unix(body.get("end", 0))
    rows = [{**row, "values": _ending(row, end)} for row in objects(body, "data")]
    return [*insights(raw, WORDS, subject, rows)]


def _ending(row: Row, end: Instant) -> list[Row]:
    """Return the values of the day that ends at `end`."""
    told = [(value, text(value, "end_time")) for value in objects(row, "values")]
    return [value for value, at in told if at and abs(instant_from_iso(at) - end) <= SAME_DAY]


def _messages(raw: Raw, context: Context) -> list[Fact]:
    return [*touches(raw, context, PLACE)]


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "posts": _post,
    "reels": _reel,
    "lives": _live,
    "post_insights": _post_insights,
    "page_insights": _page_insights,
    "products": _products,
    "messages": _messages,
}
