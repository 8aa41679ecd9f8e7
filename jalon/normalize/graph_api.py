"""What Meta's platforms share in meaning: acts of persons in conversations, and figures of insights.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events: a conversation's event becomes a
touchpoint under the key of its record, and of its product where there are several. What persons write is not there.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights: a metric has a value, or a
value for each dimension it is cut by, whose words come in capitals in one place and in small letters in another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from jalon.normalize.fields import Row, count, inner, needed, objects, text, texts
from jalon.normalize.records import head
from jalon.normalize.times import EARLIEST, LATEST, day_of, instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Instant, Measure, Raw, Span, TouchKind, Touchpoint, Unfit

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
        order_id=None,
        content_id=text(raw.body, "story_id"),
        creator_id=None,
        product_id=product,
        campaign=None,
        referrer_host=None,
        landing_path=None,
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


class Figure(NamedTuple):
    """One count: the metric in the platform's word, and by what it is cut ('' where it is whole)."""

    metric: str
    part: str
    value: int


def figures(rows: list[Row]) -> Iterator[Figure]:
    """Yield the counts in `data` of insights. A metric without a value has none: it is not zero."""
    for row in rows:
        metric = needed(row, "name")
        total = inner(row, "total_value")
        for cut in objects(total, "breakdowns"):
            yield from _parts(metric, cut)
        values = objects(row, "values")
        yield from _value(metric, total.get("value", values[-1].get("value") if values else None))


def _parts(metric: str, cut: Row) -> Iterator[Figure]:
    for result in objects(cut, "results"):
        part = "_".join(word.lower().replace(" ", "_") for word in texts(result, "dimension_values"))
        if result.get("value") is not None:
            yield Figure(metric, part or "unknown", count(result["value"], metric))


def _value(metric: str, value: Any) -> Iterator[Figure]:
    """Yield a count, or one for each kind where the value is a table of kinds."""
    if isinstance(value, dict):
        for part, each in value.items():
            yield Figure(metric, str(part).lower().replace(" ", "_"), count(each, metric))
    elif value is not None:
        yield Figure(metric, "", count(value, metric))


# --- measures ---------------------------------------------------------------------------------------------------------


class Words(NamedTuple):
    """How a platform's figures are called here; what is in no table keeps the platform's own word."""

    platform: str
    metrics: Mapping[str, str]
    parts: Mapping[tuple[str, str], str]
    """(metric, what it is cut by) -> our word; others are called by both."""

    def of(self, figure: Figure) -> str:
        """Return what a figure is called."""
        whole = self.metrics.get(figure.metric, figure.metric)
        if not figure.part:
            return whole
        return self.parts.get((figure.metric, figure.part), f"{whole}_{figure.part}")


class Subject(NamedTuple):
    """What figures are about, and what they cover."""

    key: str
    mark: str
    """What tells one period from another in a measure's key, after a slash; empty where there is one alone."""
    content_id: str | None
    start: date
    end: date
    zone: str
    finality: Literal["final", "estimate"]
    definition: str
    span: Span


def since_posting(body: Row, content_id: str, zone: ZoneInfo, definition: str) -> Subject:
    """Return a content as its counters stood on the day that they were read: they may fall, so never final."""
    read = local_date(instant_from_unix(body.get("read_at", 0)), zone)
    posted = local_date(instant_from_unix(body["posted_at"]), zone) if body.get("posted_at") else read
    return Subject(
        key=content_id,
        mark=f"/{read}",
        content_id=content_id,
        start=min(posted, read),
        end=read + timedelta(days=1),
        zone=zone.key,
        finality="estimate",
        definition=definition,
        span="lifetime",
    )


def of_day(body: Row, key: str, definition: str) -> Subject:
    """Return a page or an account on one day of the platform's own zone. Raises `Unfit`."""
    day = day_of(body.get("day"))
    return Subject(
        key=key,
        mark=f"/{day}",
        content_id=None,
        start=day,
        end=day + timedelta(days=1),
        zone=needed(body, "zone"),
        finality="final" if body.get("settled") else "estimate",
        definition=definition,
        span="days",
    )


def definition(body: Row, rule: str) -> str:
    """Return API version and rule that figures are counted by."""
    return f"insights {text(body, 'api')}, {rule}"


def measures(raw: Raw, words: Words, subject: Subject, rows: list[Row]) -> list[Measure]:
    """Return a measure for each figure that is there."""
    return [_measure(raw, words, subject, figure) for figure in figures(rows)]


def _measure(raw: Raw, words: Words, subject: Subject, figure: Figure) -> Measure:
    metric = words.of(figure)
    return Measure(
        *head(raw, f"{subject.key}/{metric}{subject.mark}"),
        platform=words.platform,
        metric=metric,
        content_id=subject.content_id,
        product_id=None,
        creator_id=None,
        start_date=subject.start,
        end_date=subject.end,
        zone=subject.zone,
        value=figure.value,
        currency=None,
        finality=subject.finality,
        definition=subject.definition,
        span=subject.span,
    )
