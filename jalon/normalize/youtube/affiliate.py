"""What the affiliate programme's reports mean: measures that must not be joined with persons, and product tags.

https://developers.google.com/merchant/api/guides/reports/analyze-youtube-affiliate-performance. Each figure is a sum
over one day of the merchant account's zone. `attributed_gmv` is before refunds; `attributed_net_sales` after those so
far, so it sinks later and may be negative. None of them is added to orders, which are the shop's.

Its terms forbid joining these rows with personal records, so every measure says `joinable=False`, and the derivation
refuses a record that gives both such a measure and anything about a person or an order:
https://developers.google.com/merchant/api/policies/youtube-shopping-developer-policies
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from jalon.normalize.fields import Row, inner, needed, text
from jalon.normalize.money import from_millionths
from jalon.normalize.records import head
from jalon.normalize.times import day_of
from jalon.normalize.vocabulary import ContentTag, Context, Fact, Measure, Raw, Unfit
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


class Subject(NamedTuple):
    """What a row is about: a video and its channel, or an offer."""

    view: str
    key: str
    video: str | None = None
    channel: str | None = None
    offer: str | None = None


def content(raw: Raw, _: Context) -> list[Fact]:
    """Return the figures of a video on one day, and the products tagged in it by the merchant's own ids (offer ids)."""
    video = needed(raw.body, "videoId")
    subject = Subject("youtube_content_performance_view", f"video/{video}", video, text(raw.body, "channelId"))
    return [*_measures(raw, subject), *(_tag(raw, video, offer) for offer in _offers(raw.body))]


def product(raw: Raw, _: Context) -> list[Fact]:
    """Return the figures of a product on one day, over all videos that it is tagged in."""
    offer = needed(raw.body, "offerId")
    return [*_measures(raw, Subject("youtube_product_tagged_stats_view", f"offer/{offer}", offer=offer))]


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


def _measures(raw: Raw, subject: Subject) -> Iterator[Measure]:
    for field, metric in COUNTS.items():
        if raw.body.get(field) not in (None, ""):
            yield _measure(raw, subject, metric, _read(field)(raw.body[field], field), None)
    for field, metric in SALES.items():
        price = inner(raw.body, field)
        if price.get("amountMicros") not in (None, ""):
            yield _measure(raw, subject, metric, *_amount(price, field))


def _measure(raw: Raw, subject: Subject, metric: str, value: int, currency: str | None) -> Measure:
    body: Mapping[str, Any] = raw.body
    day = day_of(body.get("day"))
    return Measure(
        *head(raw, f"affiliate/{needed(raw.body, 'account')}/{subject.key}/{metric}/{day}"),
        platform=PLATFORM,
        metric=metric,
        content_id=subject.video,
        product_id=subject.offer,
        creator_id=subject.channel,
        start_date=day,
        end_date=day + timedelta(days=1),
        zone=needed(raw.body, "zone"),
        value=value,
        currency=currency,
        finality="final" if body.get("settled") else "estimate",
        definition=f"Merchant API {body.get('api')} {subject.view}",
        joinable=False,
    )


def _amount(price: Row, name: str) -> tuple[int, str]:
    """Return an amount in millionths in minor units, to the nearest, with its currency. Raises `Unfit`."""
    currency = text(price, "currencyCode")
    if currency is None:
        raise Unfit("missing_field", f"{name!r} has no currency")
    return from_millionths(_read(name)(price["amountMicros"], name), currency), currency
