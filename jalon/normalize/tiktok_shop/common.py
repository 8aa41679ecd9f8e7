"""What the parts of TikTok Shop's meaning share: reading fields, and the touchpoint that an order had in a content."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jalon.normalize.money import MAX_DIGITS, minor
from jalon.normalize.times import instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Evidence, Instant, Raw, TouchKind, Touchpoint, Unfit

PLATFORM = "tiktok_shop"
CHANNEL = "tiktok"

Row = dict[str, Any]


def needed(row: Row, name: str) -> str:
    """Return an id, or another text without which the record means nothing. Raises `Unfit('missing_field')`."""
    value = row.get(name)
    if type(value) is str and value:
        return value
    if type(value) is int:
        return str(value)
    raise Unfit("missing_field", f"{name!r} is missing")


def objects(row: Row, name: str) -> list[Row]:
    """Return a list of objects, empty where it is left out. Raises `Unfit('bad_record')` for anything else."""
    found = row.get(name) or []
    if type(found) is not list:
        raise Unfit("bad_record", f"{name!r} is no list of objects")
    for item in found:
        if type(item) is not dict:
            raise Unfit("bad_record", f"{name!r} is no list of objects")
    return found


def inner(row: Row, name: str) -> Row:
    """Return an object, empty where it is left out. Raises `Unfit('bad_record')` for anything else."""
    found = row.get(name) or {}
    if type(found) is not dict:
        raise Unfit("bad_record", f"{name!r} is no object")
    return found


def text(row: Row, name: str) -> str | None:
    """Return a text, or an id that came as a number; None where left out or empty. Raises `Unfit('bad_record')`."""
    value = row.get(name)
    if type(value) is str:
        return value or None
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    raise Unfit("bad_record", f"{name!r} is no text")


def not_negative(units: int) -> int:
    """Return an amount of money as it is. Raises `Unfit('negative_amount')` below zero."""
    if units < 0:
        raise Unfit("negative_amount", f"{units} minor units")
    return units


def amount(row: Row, name: str, currency: str) -> int:
    """Return an amount in minor units; left out or empty is 0. Raises `Unfit`."""
    written = row.get(name)
    if written is None or written == "":
        return 0
    return _units(written, currency) if type(written) is str else not_negative(minor(written, currency))


@lru_cache(maxsize=1 << 14)
def _units(written: str, currency: str) -> int:
    """Remember the amounts of late: prices repeat."""
    return not_negative(minor(written, currency))


def count(value: Any, name: str) -> int:
    """Return a count, which may come as text. Raises `Unfit('negative_quantity')` for what is none."""
    if type(value) is str and value.isdecimal() and len(value) < MAX_DIGITS:
        value = int(value)
    if type(value) is not int or not 0 <= value < 10**MAX_DIGITS:
        raise Unfit("negative_quantity", f"{name} is {str(value)[:20]}, which is no count")
    return value


def moment(seconds: Any) -> Instant | None:
    """Return a time that may not have come yet: left out, null, empty or 0."""
    return instant_from_unix(seconds) if seconds and seconds != "0" else None


def content_touch(
    raw: Raw,
    context: Context,
    *,
    order_id: str,
    placed_at: Instant,
    content_id: str | None,
    name: str,
    kind: TouchKind,
    channel: str,
    surface: str | None,
    person: str | None,
    creator_id: str | None,
    campaign: str | None,
    evidence: Evidence,
    rank: int,
) -> Touchpoint:
    """Return the touchpoint that an order had in a content, at or before it was placed.

    An order's LIVE and an affiliate row about the same LIVE tell of one touchpoint, and so do the SKU rows of one order
    that name one video: the key is order and content. Both records carry the order's creation, which never changes, so
    it is the version, and `rank` (microseconds) lets the affiliate row, which also knows the creator, stand above the
    order whichever is read first.
    """
    return Touchpoint(
        source=raw.source,
        key=f"{order_id}/content/{name}",
        version=placed_at + rank,
        observed_at=raw.observed_at,
        inbox_id=raw.inbox_id,
        platform=PLATFORM,
        occurred_at=placed_at,
        occurred_date=local_date(placed_at, context.zone),
        time_is_bound=True,
        kind=kind,
        channel=channel,
        surface=surface,
        person=person,
        order_id=order_id,
        content_id=content_id,
        creator_id=creator_id,
        product_id=None,
        campaign=campaign,
        referrer_host=None,
        landing_path=None,
        evidence=evidence,
        selling_mode="native",
    )


def order_touch(
    raw: Raw,
    context: Context,
    *,
    key: str,
    order_id: str,
    kind: TouchKind,
    at: Instant,
    channel: str = CHANNEL,
    surface: str | None = None,
    person: str | None = None,
    removed: bool = False,
) -> Touchpoint:
    """Return a touchpoint that an order, a return or a cancellation is itself."""
    return Touchpoint(
        raw.source,
        key,
        raw.version,
        raw.observed_at,
        raw.inbox_id,
        PLATFORM,
        at,
        local_date(at, context.zone),
        False,  # time_is_bound: the platform tells the very time
        kind,
        channel,
        surface,
        person,
        order_id,
        None,  # content_id
        None,  # creator_id
        None,  # product_id
        None,  # campaign
        None,  # referrer_host
        None,  # landing_path
        "platform_order",
        "native",
        removed,
    )


def channel_of(order: Row) -> str:
    """Return the channel an order was placed in: Tokopedia's orders reach Indonesian shops by the same interface."""
    return "tokopedia" if order.get("commerce_platform") == "TOKOPEDIA" else CHANNEL
