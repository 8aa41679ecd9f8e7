"""What Instagram's records mean: contents, product tags, products, figures, and what persons did in messages.

https://developers.facebook.com/docs/instagram-platform/reference. Which id makes a fact the same fact again:

| fact | key | version |
| --- | --- | --- |
| content | media id | 0 |
| tag | media id / product id; of a carousel media id / child id / product id: two children may have one | 0 |
| product | product id, as tags name it (not the id of the catalogue's own interface) | 0 |
| measure of a media | media id / metric / day of the reading: a counter as it stood then | 0 |
| measure of a story | story / media id / metric | 0 by poll; by webhook its time, so that the last figures win |
| measure of the account | account / metric / day | 0 |
| touchpoint | digest of the message's id | 0 |

A media's figures are organic, up to 48 hours late, and a counter from its posting on, which may fall: an estimate for
ever. A story's are one total, final once its end was told by webhook. The account's are of days in Pacific time, final
once they were read 48 hours after the day. Insights without data say nothing: that is not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from jalon.normalize.fields import inner, needed, objects, text
from jalon.normalize.graph_api import (
    Place,
    Words,
    definition,
    insights,
    of_day,
    since_posting,
    touches,
)
from jalon.normalize.measures import Period, Subject
from jalon.normalize.records import facts_of, head
from jalon.normalize.times import SECOND, instant_from_iso, instant_from_unix, local_date
from jalon.normalize.vocabulary import (
    Content,
    ContentTag,
    Context,
    Fact,
    Instant,
    Product,
    Raw,
)

PLATFORM = "instagram"
PLACE = Place(PLATFORM, "instagram")
STORY_LIFE = 86_400 * SECOND

# https://developers.facebook.com/docs/instagram-platform/reference/instagram-media
KINDS = {"IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}
SURFACES = {"FEED": "feed", "REELS": "reel", "STORY": "story", "AD": "ad", "LIVE": "live"}

# https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights
WORDS = Words(
    PLATFORM,
    {
        "saved": "saves",
        "follows": "new_followers",
        "total_interactions": "engagements",
        "ig_reels_video_view_total_time": "watch_milliseconds",
    },
    {
        ("profile_activity", "bio_link_clicked"): "bio_link_clicks",
    },
)


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "Instagram")


# --- contents, tags, products -----------------------------------------------------------------------------------------


def _media(raw: Raw, _: Context) -> list[Fact]:
    return [_content(raw, text(raw.body, "media_product_type"))]


def _live(raw: Raw, _: Context) -> list[Fact]:
    return [_content(raw, "LIVE")]


def _content(raw: Raw, shown_in: str | None) -> Content:
    """Return a media; where it was shown names its kind, where that is more than its form."""
    body, media_id = raw.body, needed(raw.body, "id")
    posted = instant_from_iso(body["timestamp"]) if body.get("timestamp") else None
    surface = SURFACES.get(shown_in, "other") if shown_in else "feed"
    form = KINDS.get(str(body.get("media_type")), "other")
    return Content(
        *head(raw, media_id),
        platform=PLATFORM,
        content_id=media_id,
        kind=surface if surface in ("reel", "story", "live") else form,
        surface=surface,
        creator_id=text(body, "username"),
        title=text(body, "caption"),
        posted_at=posted,
        ended_at=Instant(posted + STORY_LIFE) if surface == "story" and posted else None,
        url=text(body, "permalink"),
        selling_mode="communication",
    )


def _tags(raw: Raw, _: Context) -> list[Fact]:
    """Return the product tags of a media: those of a carousel's child belong to the carousel."""
    media_id, child = needed(raw.body, "media_id"), text(raw.body, "child_id")
    place = f"{media_id}/{child}" if child else media_id
    products = [needed(tag, "product_id") for tag in objects(raw.body, "product_tags")]
    return [
        ContentTag(
            *head(raw, f"{place}/{product}"),
            platform=PLATFORM,
            content_id=media_id,
            product_id=product,
        )
        for product in dict.fromkeys(products)
    ]


def _products(raw: Raw, _: Context) -> list[Fact]:
    """Return a product with its SKU, and its variants, of which the platform tells none."""
    body, product_id = raw.body, needed(raw.body, "product_id")
    name = text(body, "product_name")
    whole = _product(raw, product_id, product_id, text(body, "retailer_id"), name)
    variants = [
        _product(raw, product_id, needed(row, "product_id"), None, text(row, "variant_name"))
        for row in objects(body, "product_variants")
    ]
    return [whole, *(variant for variant in variants if variant.variant_id != product_id)]


def _product(raw: Raw, product_id: str, variant_id: str, sku: str | None, title: str | None) -> Product:
    return Product(
        *head(raw, variant_id),
        platform=PLATFORM,
        product_id=product_id,
        variant_id=variant_id,
        sku=sku,
        title=title,
        status=text(raw.body, "review_status"),
    )


# --- figures ----------------------------------------------------------------------------------------------------------


def _media_insights(raw: Raw, context: Context) -> list[Fact]:
    """Return the counters of a media as they stood when they were read."""
    body = raw.body
    rule = definition(body, "media, organic, since its posting")
    subject = since_posting(body, needed(body, "media_id"), context.zone, rule)
    return [*insights(raw, WORDS, subject, objects(body, "data"))]


def _story_insights(raw: Raw, context: Context) -> list[Fact]:
    """Return the figures of a story: of a reading while it lives, or its last ones as a delivery told them."""
    body, story, zone = raw.body, needed(raw.body, "media_id"), context.zone
    last = inner(body, "value")
    read = instant_from_unix(body.get("read_at", 0))
    began = instant_from_unix(body["posted_at"]) if body.get("posted_at") else Instant(read - STORY_LIFE)
    subject = Subject(
        f"story/{story}",
        Period(local_date(began, zone), local_date(read, zone) + timedelta(days=1), mark=None, span="whole"),
        zone.key,
        "final" if last else "estimate",
        definition(body, "story, organic"),
        content_id=story,
    )
    rows = [{"name": name, "values": [{"value": value}]} for name, value in last.items()]
    return [*insights(raw, WORDS, subject, rows or objects(body, "data"))]


def _account_insights(raw: Raw, _: Context) -> list[Fact]:
    """Return the account's figures of one day of the platform's own zone."""
    subject = of_day(raw.body, "account", definition(raw.body, "account, organic and paid"))
    return [*insights(raw, WORDS, subject, objects(raw.body, "data"))]


def _messages(raw: Raw, context: Context) -> list[Fact]:
    return [*touches(raw, context, PLACE)]


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "media": _media,
    "stories": _media,
    "lives": _live,
    "media_insights": _media_insights,
    "story_insights": _story_insights,
    "product_tags": _tags,
    "products": _products,
    "account_insights": _account_insights,
    "messages": _messages,
}
