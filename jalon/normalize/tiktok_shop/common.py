"""What the parts of TikTok Shop's meaning share: the touchpoints of an order, and its channel."""

from __future__ import annotations

from jalon.normalize.fields import Row
from jalon.normalize.times import local_date
from jalon.normalize.vocabulary import Context, Evidence, Instant, Raw, TouchKind, Touchpoint

PLATFORM = "tiktok_shop"
CHANNEL = "tiktok"


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
