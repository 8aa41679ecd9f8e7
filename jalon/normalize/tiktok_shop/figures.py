"""What TikTok Shop's figures of videos and LIVEs mean: contents, their product tags, and measures.

https://partner.tiktokshop.com/docv2/page/get-shop-video-performance-list-202605
https://partner.tiktokshop.com/docv2/page/get-shop-video-product-performance-list-202509
https://partner.tiktokshop.com/docv2/page/get-shop-live-performance-list-202609
https://partner.tiktokshop.com/docv2/page/get-shop-live-products-performance-list-202512

A figure that is left out is no measure: it is not zero. Rates and averages are left out, since they follow from counts.
A video's figures are of one local day of the shop, and so are a LIVE's; a LIVE's figures by product are of the whole
LIVE. They are an estimate while the platform may restate them, and final once they were read twelve days after the
period's end (the record says so: `settled`).

Three sales figures, never added to each other nor to orders: `gmv` (bought directly from the content), `indirect_gmv`
(bought within about a day after it), `attributed_gmv` (by the platform's model). The model was changed for all shops
until the end of March 2026 while the names stayed, hence `definition` names API version and model.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Literal

from jalon.normalize.fields import Row, count, inner, moment, needed, objects, text
from jalon.normalize.measures import Figure, Period, Subject, measures, one_day, settled
from jalon.normalize.money import minor
from jalon.normalize.records import head
from jalon.normalize.tiktok_shop.common import PLATFORM
from jalon.normalize.times import day_of, instant_from_unix
from jalon.normalize.vocabulary import Content, ContentTag, Context, Fact, Instant, Raw, Unfit

UNIFIED = date(2026, 4, 1)
"""First day on which every shop's figures are by the unified attribution."""

# --- which field is which measure -------------------------------------------------------------------------------------

VIDEO = {
    "views": "views",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "new_followers": "new_followers",
    "v_to_l_clicks": "live_clicks",
    "product_impressions": "product_impressions",
    "product_clicks": "tag_clicks",
    "items_sold": "units_sold",
    "sku_orders": "sku_orders",
    "gmv": "gmv",
    "attributed_gmv": "attributed_gmv",
    "indirect_gmv": "indirect_gmv",
}
VIDEO_PRODUCT = {
    "product_impressions": "product_impressions",
    "product_clicks": "tag_clicks",
    "units_sold": "units_sold",
    "customers": "buyers",
    "gmv": "gmv",
}
LIVE_TRAFFIC = {
    "views": "views",
    "viewers": "viewers",
    "impressions": "impressions",
    "product_impressions": "product_impressions",
    "product_clicks": "tag_clicks",
}
LIVE_INTERACTION = {"likes": "likes", "comments": "comments", "shares": "shares", "new_followers": "new_followers"}
LIVE_SALES = {
    "created_sku_orders": "created_sku_orders",
    "live_attributed_sku_orders": "attributed_sku_orders",
    "live_attributed_orders": "attributed_orders",
    "live_attributed_items_sold": "attributed_units_sold",
    "attributed_customers": "attributed_buyers",
    "live_gmv": "gmv",
    "live_attributed_gmv": "attributed_gmv",
    "live_indirect_gmv": "indirect_gmv",
}
LIVE_PRODUCT_TRAFFIC = {
    "product_impressions": "product_impressions",
    "produt_clicks": "tag_clicks",  # spelt so by the platform
    "add_to_cart_count": "add_to_carts",
}
LIVE_PRODUCT_SALES = {
    "items_sold": "units_sold",
    "customers": "buyers",
    "created_sku_orders": "created_sku_orders",
    "sku_orders": "sku_orders",
    "main_orders": "orders",
    "direct_gmv": "gmv",
}


# --- records ----------------------------------------------------------------------------------------------------------


def video(raw: Raw, context: Context) -> list[Fact]:
    """Return a video, the products tagged in it, and its figures of one day."""
    body, video_id = raw.body, needed(raw.body, "id")
    creator = text(inner(body, "creator"), "user_name") or text(body, "username")
    content = _content(raw, video_id, "video", creator, _local_time(body.get("video_post_time"), context))
    tags = [_tag(raw, video_id, needed(product, "id")) for product in objects(body, "products")]
    subject = _day_of(body, context, f"video/{video_id}", "shop_videos", video_id)._replace(creator_id=creator)
    return [content, *tags, *measures(raw, PLATFORM, subject, _figures(body, VIDEO))]


def video_product(raw: Raw, context: Context) -> list[Fact]:
    """Return the figures of a product in a video on one day."""
    body, video_id, product_id = raw.body, needed(raw.body, "video_id"), needed(raw.body, "id")
    key = f"video/{video_id}/product/{product_id}"
    subject = _day_of(body, context, key, "shop_video_products", video_id)._replace(product_id=product_id)
    return [*measures(raw, PLATFORM, subject, _figures(body, VIDEO_PRODUCT))]


def live(raw: Raw, context: Context) -> list[Fact]:
    """Return a LIVE and its figures of one day."""
    body, live_id = raw.body, needed(raw.body, "id")
    creator = text(inner(body, "creator"), "user_name")
    started, ended = moment(body.get("start_time")), moment(body.get("end_time"))
    subject = _day_of(body, context, f"live/{live_id}", "shop_lives", live_id)._replace(creator_id=creator)
    parts = (
        (inner(body, "traffic"), LIVE_TRAFFIC),
        (inner(body, "interaction_performance"), LIVE_INTERACTION),
        (inner(body, "sales_performance"), LIVE_SALES),
    )
    figures = (figure for row, names in parts for figure in _figures(row, names))
    return [_content(raw, live_id, "live", creator, started, ended), *measures(raw, PLATFORM, subject, figures)]


def live_product(raw: Raw, context: Context) -> list[Fact]:
    """Return the figures of a product over a whole LIVE, and the product's tag on it."""
    body, live_id, product_id = raw.body, needed(raw.body, "live_id"), needed(raw.body, "id")
    start, end = day_of(body.get("start")), day_of(body.get("end"))
    subject = Subject(
        f"live/{live_id}/product/{product_id}",
        Period(start, end, start, "whole"),
        context.zone.key,
        settled(body),
        _definition("shop_live_products", body, start),
        content_id=live_id,
        product_id=product_id,
    )
    traffic = inner(body, "traffic")
    traffic = {"produt_clicks": traffic.get("product_clicks"), **traffic}  # should it ever be spelt right
    parts = ((traffic, LIVE_PRODUCT_TRAFFIC), (inner(body, "sales"), LIVE_PRODUCT_SALES))
    figures = (figure for row, names in parts for figure in _figures(row, names))
    return [_tag(raw, live_id, product_id), *measures(raw, PLATFORM, subject, figures)]


# --- facts ------------------------------------------------------------------------------------------------------------


def _content(
    raw: Raw,
    content_id: str,
    kind: Literal["video", "live"],
    creator: str | None,
    start: Instant | None,
    end: Instant | None = None,
) -> Content:
    return Content(
        *head(raw, content_id),
        platform=PLATFORM,
        content_id=content_id,
        kind=kind,
        surface=kind,
        creator_id=creator,
        title=text(raw.body, "title"),
        posted_at=start,
        ended_at=end,
        selling_mode="native",
    )


def _tag(raw: Raw, content_id: str, product_id: str) -> ContentTag:
    return ContentTag(
        *head(raw, f"{content_id}/{product_id}"),
        platform=PLATFORM,
        content_id=content_id,
        product_id=product_id,
    )


def _figures(row: Row, names: dict[str, str]) -> Iterator[Figure]:
    """Yield the figures that are there."""
    for field, metric in names.items():
        found = row.get(field)
        if (found.get("amount") if isinstance(found, dict) else found) not in (None, ""):
            yield Figure(metric, *_figure(field, found))


def _figure(field: str, figure: Any) -> tuple[int, str | None]:
    """Return an amount in minor units with its currency, or a count. Raises `Unfit` for any below zero.

    What was sold (`gmv`) is told before refunds, so that no amount can be negative.
    """
    if isinstance(figure, dict):
        currency = str(figure.get("currency"))
        sold = minor(figure["amount"], currency)
        if sold < 0:
            raise Unfit("negative_amount", f"{field} is {sold} minor units")
        return sold, currency
    return count(figure, field), None


# --- periods ----------------------------------------------------------------------------------------------------------


def _day_of(body: Row, context: Context, key: str, endpoint: str, content_id: str) -> Subject:
    """Return one local day of the shop."""
    day = day_of(body.get("day"))
    definition = _definition(endpoint, body, day)
    return Subject(key, one_day(day), context.zone.key, settled(body), definition, content_id)


def _definition(endpoint: str, body: Row, day: date) -> str:
    rule = "unified attribution" if day >= UNIFIED else "attribution before or during the unified roll-out"
    return f"{endpoint} {body.get('api')}, {rule}"


def _local_time(when: Any, context: Context) -> Instant | None:
    """Return the time a video was posted: unix seconds, or a date and time, in the shop's zone where it names none."""
    if not when or (isinstance(when, str) and when.isdecimal()):
        return moment(when)
    try:
        at = datetime.fromisoformat(when)
    except (TypeError, ValueError):
        raise Unfit("impossible_date", f"{str(when)[:40]!r} is no date and time") from None
    zoned = at if at.tzinfo else at.replace(tzinfo=context.zone)
    return instant_from_unix(int(zoned.astimezone(UTC).timestamp()))
