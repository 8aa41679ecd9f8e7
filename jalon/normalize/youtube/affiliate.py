"""What the affiliate programme's reports mean: measures that must not be joined with persons, and product tags.

https://developers.google.com/merchant/api/guides/reports/analyze-youtube-affiliate-performance. Each figure is a sum
over one day of the merchant account's zone. `attributed_gmv` is before refunds; `attributed_net_sales` after those so
far, so it sinks later and may be negative. None of them is added to orders, which are the shop's.

Its terms forbid joining these rows with personal records, so every measure says `joinable=False`, and the derivation
refuses a record that gives both such a measure and anything about a person or an order:
https://developers.google.com/merchant/api/policies/youtube-shopping-developer-policies
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jalon.normalize.fields import Row, inner, needed, text
from jalon.normalize.measures import Figure, Subject, measures, one_day, settled
from jalon.normalize.money import from_millionths
from jalon.normalize.records import head
from jalon.normalize.times import day_of
from jalon.normalize.vocabulary import ContentTag, Context, Fact, Raw, Unfit
from jalon.normalize.youtube.common import PLATFORM, counted, number

COUNTS = {
    "impressions": "product_impressions",
    "views": "affiliate_views",
    "clicks": "tag_clicks",
    "orders": "attributed_orders",
}
MAY_SINK = frozenset({"orders", "netSales", "commissions"})
"""What is restated for what was cancelled and returned; all others cannot be below zero."""
SALES = {"grossSales": "attributed_gmv", "netSales": "attributed_net_sales", "commissions": "commissions"}


def content(raw: Raw, _: Context) -> list[Fact]:
    """Return the figures of a video on one day, and the products tagged in it by the merchant's own ids (offer ids)."""
    body, video = raw.body, needed(raw.body, "videoId")
    channel, figures = text(body, "channelId"), [*_figures(body)]
    tags = [_tag(raw, video, offer) for offer in _offers(body)]
    if not figures:
        return [*tags]
    subject = _of_day(body, f"video/{video}", "youtube_content_performance_view")
    return [*measures(raw, PLATFORM, subject._replace(content_id=video, creator_id=channel), figures), *tags]


def product(raw: Raw, _: Context) -> list[Fact]:
    """Return the figures of a product on one day, over all videos that it is tagged in."""
    offer, figures = needed(raw.body, "offerId"), [*_figures(raw.body)]
    if not figures:
        return []
    subject = _of_day(raw.body, f"offer/{offer}", "youtube_product_tagged_stats_view")
    return [*measures(raw, PLATFORM, subject._replace(product_id=offer), figures)]


def _offers(body: Row) -> list[str]:
    """Return the offers that a row names, each once."""
    found = body.get("taggedProductIds") or []
    if not isinstance(found, list):
        raise Unfit("bad_record", "'taggedProductIds' is no list")
    return list(dict.fromkeys(offer for offer in found if isinstance(offer, str) and offer))


def _tag(raw: Raw, video: str, offer: str) -> ContentTag:
    return ContentTag(
        *head(raw, f"{video}/{offer}"),
        platform=PLATFORM,
        content_id=video,
        product_id=offer,
    )


def _read(field: str) -> Callable[[Any, str], int]:
    return number if field in MAY_SINK else counted


def _of_day(body: Row, key: str, view: str) -> Subject:
    """Return one day of the merchant account's zone, as a view counts it."""
    day = one_day(day_of(body.get("day")))
    key, definition = f"affiliate/{needed(body, 'account')}/{key}", f"Merchant API {body.get('api')} {view}"
    return Subject(key, day, needed(body, "zone"), settled(body), definition, joinable=False)


def _figures(body: Row) -> Iterator[Figure]:
    for field, metric in COUNTS.items():
        if body.get(field) not in (None, ""):
            yield Figure(metric, _read(field)(body[field], field))
    for field, metric in SALES.items():
        price = inner(body, field)
        if price.get("amountMicros") not in (None, ""):
            yield Figure(metric, *_amount(price, field))


def _amount(price: Row, name: str) -> tuple[int, str]:
    """Return an amount in millionths in minor units, to the nearest, with its currency. Raises `Unfit`."""
    currency = text(price, "currencyCode")
    if currency is None:
        raise Unfit("missing_field", f"{name!r} has no currency")
    return from_millionths(_read(name)(price["amountMicros"], name), currency), currency
