"""What Meta's platforms share in meaning: acts of persons in conversations, and figures of insights.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events: a conversation's event becomes a
touchpoint under the key of its record, and of its product where there are several. What persons write is not there.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights: a metric has a value, or a
value for each dimension it is cut by, whose words come in capitals in one place and in small letters in another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jalon.normalize.fields import Row, count, inner, needed, objects, text, texts
from jalon.normalize.measures import Figure, Subject, measures, one_day, settled, since
from jalon.normalize.records import head
from jalon.normalize.times import EARLIEST, LATEST, day_of, instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Instant, Measure, Raw, TouchKind, Touchpoint, Unfit

# --- conversations ----------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a conversation is: names for a touchpoint."""

    platform: str
    channel: str


def touches(raw: Raw, context: Context, place: Place) -> list[Touchpoint]:
    """Return what a person did: one touchpoint, and where several products are meant or put into a cart one for each.

    What begins a conversation tells of the click that led to it: a touchpoint before it, `…/referral`. A cart that is
    sent is a checkout begun, and every product in it an add to cart. Nothing is ordered or paid in it.
    """
    referral, kind = inner(raw.body, "referral"), needed(raw.body, "kind")
    led = _led(raw, context, place, referral) if kind in ("message", "postback") else []
    return [*led, *_done(raw, context, place, kind, referral)]


def _led(raw: Raw, context: Context, place: Place, referral: Row) -> list[Touchpoint]:
    """Return the click on the ad or link that a conversation began from; when it was, is not told.

    The page of a product in the platform's shop, from which a message may come too, is neither.
    https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals
    """
    if not any(referral.get(name) for name in ("ad_id", "source", "ref")):
        return []
    click = _touch(raw, context, place, _click(referral), text(referral, "product_id"), "/referral")
    return [_on(click._replace(time_is_bound=True), referral)]


def _on(click: Touchpoint, referral: Row) -> Touchpoint:
    """Return a click with the post, ad or link that it was on."""
    return click._replace(
        content_id=text(referral, "post_id"), campaign=text(referral, "ad_id") or text(referral, "ref")
    )


def _done(raw: Raw, context: Context, place: Place, kind: str, referral: Row) -> list[Touchpoint]:
    listed = dict.fromkeys(_product(row) for row in objects(raw.body, "products"))
    named = text(referral, "product_id")
    products = [named] if named else [product for product in listed if product]
    if kind == "cart":
        parts = [_touch(raw, context, place, "add_to_cart", product, f"/{product}") for product in products]
        return [_touch(raw, context, place, "checkout", products[0] if len(products) == 1 else None), *parts]
    did = _kind(kind, referral, bool(products))
    if len(products) < 2:
        touch = _touch(raw, context, place, did, next(iter(products), None))
        return [_on(touch, referral) if kind == "referral" else touch]
    return [_touch(raw, context, place, did, product, f"/{product}") for product in products]


def _product(row: Row) -> str | None:
    """Return the product's id in the catalogue, else the SKU that the shop gave it."""
    return text(row, "id") or text(row, "retailer_id")


def _touch(
    raw: Raw, context: Context, place: Place, kind: TouchKind, product: str | None, mark: str = ""
) -> Touchpoint:
    at = instant(raw.body.get("at"))
    return Touchpoint(
        *head(raw, f"{raw.key}{mark}"),
        platform=place.platform,
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        time_is_bound=False,
        kind=kind,
        channel=place.channel,
        surface=None if kind == "ad_click" else "message",
        person=text(raw.body, "person"),
        content_id=text(raw.body, "story_id"),
        product_id=product,
        evidence="platform_row",
        selling_mode="communication",  # all of it is chat, or leads into one
    )


def _kind(kind: str, referral: Row, about_product: bool) -> TouchKind:
    """Say what was done: by the event, and by what it refers to."""
    match kind:
        case "referral":
            return _click(referral)
        case "message":
            return "question" if about_product else "chat"
        case "postback":
            return "chat"
        case _:
            return "other"


def _click(referral: Row) -> TouchKind:
    return "ad_click" if referral.get("ad_id") or referral.get("source") == "ADS" else "content_click"


def instant(at: Any) -> Instant:
    """Return microseconds since the epoch as an instant. Raises `Unfit('impossible_date')` outside of 2000 to 2099."""
    if type(at) is not int or not EARLIEST <= at < LATEST:
        raise Unfit("impossible_date", f"{str(at)[:40]!r} is no time in microseconds between 2000 and 2100")
    return Instant(at)


# --- figures ----------------------------------------------------------------------------------------------------------


class Count(NamedTuple):
    """One count: the metric in the platform's word, and by what it is cut ('' where it is whole)."""

    metric: str
    part: str
    value: int


def counts(rows: list[Row]) -> Iterator[Count]:
    """Yield the counts in `data` of insights. A metric without a value has none: it is not zero."""
    for row in rows:
        metric = needed(row, "name")
        total = inner(row, "total_value")
        for cut in objects(total, "breakdowns"):
            yield from _parts(metric, cut)
        values = objects(row, "values")
        yield from _value(metric, total.get("value", values[-1].get("value") if values else None))


def _parts(metric: str, cut: Row) -> Iterator[Count]:
    for result in objects(cut, "results"):
        part = "_".join(word.lower().replace(" ", "_") for word in texts(result, "dimension_values"))
        if result.get("value") is not None:
            yield Count(metric, part or "unknown", count(result["value"], metric))


def _value(metric: str, value: Any) -> Iterator[Count]:
    """Yield a count, or one for each kind where the value is a table of kinds."""
    if isinstance(value, dict):
        for part, each in value.items():
            yield Count(metric, str(part).lower().replace(" ", "_"), count(each, metric))
    elif value is not None:
        yield Count(metric, "", count(value, metric))


# --- measures ---------------------------------------------------------------------------------------------------------


class Words(NamedTuple):
    """How a platform's figures are called here; what is in no table keeps the platform's own word."""

    platform: str
    metrics: Mapping[str, str]
    parts: Mapping[tuple[str, str], str]
    """(metric, what it is cut by) -> our word; others are called by both."""

    def figure(self, counted: Count) -> Figure:
        """Return a count under the name that it has here."""
        metric = self.metrics.get(counted.metric, counted.metric)
        if counted.part:
            metric = self.parts.get((counted.metric, counted.part), f"{metric}_{counted.part}")
        return Figure(metric, counted.value)


def since_posting(body: Row, content_id: str, zone: ZoneInfo, definition: str) -> Subject:
    """Return a content as its counters stood on the day that they were read: they may fall, so never final."""
    read = local_date(instant_from_unix(body.get("read_at", 0)), zone)
    posted = local_date(instant_from_unix(body["posted_at"]), zone) if body.get("posted_at") else read
    return Subject(content_id, since(posted, read), zone.key, "estimate", definition, content_id)


def of_day(body: Row, key: str, definition: str) -> Subject:
    """Return a page or an account on one day of the platform's own zone. Raises `Unfit`."""
    return Subject(key, one_day(day_of(body.get("day"))), needed(body, "zone"), settled(body), definition)


def definition(body: Row, rule: str) -> str:
    """Return API version and rule that figures are counted by."""
    return f"insights {text(body, 'api')}, {rule}"


def insights(raw: Raw, words: Words, subject: Subject, rows: list[Row]) -> Iterator[Measure]:
    """Yield a measure for each count that is there."""
    return measures(raw, words.platform, subject, map(words.figure, counts(rows)))
