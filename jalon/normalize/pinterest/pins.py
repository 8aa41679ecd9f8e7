"""What Pinterest's Pins and its catalogs' products mean: contents, tags, products, counters since the beginning.

https://developers.pinterest.com/docs/api/v5/pins-list
https://developers.pinterest.com/docs/api/v5/catalogs_product_group_pins-list

A product Pin is its product: its Pin id is the product's id here, and the merchant's item id (the shop's SKU) joins it
to a shop. Tags on other Pins, which came in 2025 for a while, name the product's Pin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jalon.normalize.fields import Row, inner, needed, not_negative, objects, text
from jalon.normalize.measures import Figure, Period, Subject, measures
from jalon.normalize.money import minor
from jalon.normalize.pinterest.common import API, PLATFORM, ZONE, whole
from jalon.normalize.records import head
from jalon.normalize.times import SECOND, instant_from_iso
from jalon.normalize.vocabulary import Content, ContentTag, Context, Fact, Instant, Measure, Product, Raw, Unfit

# https://developers.pinterest.com/docs/api/v5/pins-list, schema CreativeType
KINDS = {
    "REGULAR": "pin",
    "VIDEO": "video",
    "MAX_VIDEO": "video",
    "SHOPPING": "product_pin",
    "CAROUSEL": "carousel",
    "COLLECTION": "collection",
    "SHOP_THE_PIN": "collection",
    "MAX_WIDTH_REGULAR_COLLECTION": "collection",
    "MAX_WIDTH_VIDEO_COLLECTION": "collection",
    "IDEA": "idea_pin",
    "SHOWCASE": "showcase",
    "QUIZ": "quiz",
    "COLLAGE": "collage",
}
"""creative_type -> kind; a word still unknown is kept in lower case."""

# The same page, `pin_metrics`. Which of its clicks `clickthrough` counts is not documented: it keeps its name.
# Days have the same names: their span tells the two apart, and they are never added up.
LIFETIME = {
    "impression": "impressions",
    "pin_click": "pin_clicks",
    "clickthrough": "clickthroughs",
    "save": "saves",
    "reaction": "reactions",
    "comment": "comments",
}
COUNTED_SINCE = date(2023, 3, 20)
"""Before, counters since the beginning are kept for the kinds below alone; a zero in others would be none."""
COUNTED_ALWAYS = frozenset({"video", "idea_pin"})


def pin(raw: Raw, context: Context) -> list[Fact]:
    """Return a Pin, the products tagged in it, and its counters as they stood when they were read."""
    return [*_pin(raw, raw.body, context)]


def product(raw: Raw, context: Context) -> list[Fact]:
    """Return a catalog's product, its Pin, and that the Pin shows it."""
    body, metadata = inner(raw.body, "pin"), inner(raw.body, "metadata")
    pin_id, item_id = needed(body, "id"), needed(metadata, "item_id")
    price, currency = _price(metadata)
    row = Product(
        *head(raw, pin_id),
        platform=PLATFORM,
        product_id=pin_id,
        variant_id=item_id,
        sku=item_id,
        title=text(body, "title"),
        status=text(metadata, "availability"),
        price=price,
        currency=currency,
    )
    return [row, _tag(raw, pin_id, pin_id), *_pin(raw, body, context)]


def _pin(raw: Raw, body: Row, context: Context) -> Iterator[Fact]:
    pin_id = needed(body, "id")
    native = text(body, "creative_type")
    kind = KINDS.get(native, native.lower()) if native else "pin"
    posted_at = _posted_at(text(body, "created_at"))
    yield Content(
        *head(raw, pin_id),
        platform=PLATFORM,
        content_id=pin_id,
        kind=kind,
        surface="pin",
        creator_id=_creator(body, context),
        title=text(body, "title"),
        posted_at=posted_at,
        url=f"https://www.pinterest.com/pin/{pin_id}/",
        selling_mode="linked" if text(body, "link") else "communication",
    )
    for tag in objects(body, "product_tags"):
        yield _tag(raw, pin_id, needed(tag, "pin_id"))
    yield from _counters(raw, pin_id, kind, posted_at, inner(inner(body, "pin_metrics"), "lifetime_metrics"))


def _creator(body: Row, context: Context) -> str | None:
    return text(inner(body, "board_owner"), "username") or context.account.get("username") or None


def _posted_at(written: str | None) -> Instant | None:
    """Return when a Pin was made; the platform writes UTC, mostly without saying so."""
    if written is None:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return instant_from_iso(written)  # which says what is wrong with it
    return instant_from_iso(written if at.tzinfo else f"{written}+00:00")


def _tag(raw: Raw, content_id: str, product_id: str) -> ContentTag:
    return ContentTag(
        *head(raw, f"{content_id}/{product_id}"),
        platform=PLATFORM,
        content_id=content_id,
        product_id=product_id,
    )


def _counters(raw: Raw, pin_id: str, kind: str, posted_at: Instant | None, counters: Row) -> Iterator[Measure]:
    """Yield what was counted since a Pin's beginning, as it stood on the day that it was read."""
    if posted_at is None:
        return
    posted, read = _day_of(posted_at), _day_of(raw.observed_at)
    if posted < COUNTED_SINCE and kind not in COUNTED_ALWAYS:
        return
    covered = Period(posted, max(posted, read) + timedelta(days=1), read, "lifetime")
    definition = f"{API} pin_metrics since the Pin was made"
    subject = Subject(f"pin/{pin_id}/lifetime", covered, ZONE, "estimate", definition, content_id=pin_id)
    there = {name: metric for name, metric in LIFETIME.items() if counters.get(name) is not None}
    figures = (Figure(metric, whole(counters[name], name)) for name, metric in there.items())
    yield from measures(raw, PLATFORM, subject, figures)


def _day_of(at: Instant) -> date:
    return datetime.fromtimestamp(at // SECOND, UTC).date()


def _price(metadata: Row) -> tuple[int | None, str | None]:
    """Return the price that is asked, the lowered one where there is one; unknown where it cannot be read exactly.

    The platform writes prices as JSON numbers: the shortest decimal that stands for one is what the merchant wrote.
    Which SKU a Pin shows must not be lost over one that was typed as 24.999, or in a currency that is no more.
    """
    currency, sale = text(metadata, "currency"), metadata.get("sale_price")
    shown: Any = sale if sale is not None else metadata.get("price")
    if currency is None or shown is None:
        return None, None
    try:
        return not_negative(minor(repr(shown) if type(shown) is float else shown, currency)), currency
    except Unfit:
        return None, None
