"""What an order of a web shop is on its buyer's way: a purchase or a checkout, and later what goes back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from jalon.normalize.channels import CHANNELS, channels_of
from jalon.normalize.vocabulary import Instant, Order, OrderStatus, Refund, TouchKind, Touchpoint

Head = tuple[str, str, int, Instant, int]

EXTERNAL_IDS = {"tiktok_shop": re.compile(r"[0-9]{18,19}", re.ASCII)}
"""Platform -> what its order ids look like, where apps copy them here: longer than any number that a shop counts to."""
_NO_ORIGIN = (None, None, None, None, None, None)
"""Content, creator, product, campaign, referrer and landing page of what an order itself is."""
SAID: dict[str | None, OrderStatus] = {"pending": "pending", "paid": "paid", "cancelled": "cancelled"}
"""What the settings may say of a shop's own status."""


def channel_of(platform: str) -> str:
    """Return the channel of an order that was made on another platform, of which the shop has a copy."""
    return platform if platform in CHANNELS else next(iter(channels_of(platform)), "referral")


def copied_from(origin: str | None, names: Iterable[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the platform on which an order was made, if another one, and the ids that it has there.

    `origin` is the platform as far as the order itself tells it, `names` what the order is called.
    """
    for platform, shape in EXTERNAL_IDS.items():
        found = [name for name in names if shape.fullmatch(name)]
        if found and origin in (None, platform):
            return platform, tuple(f"{platform}:{name}" for name in found)
    return origin, ()


def shown_number(platform: str, number: str | None, order_id: str) -> tuple[str, ...]:
    """Return the number that people see, as an order's `external_ids` hold it; nothing where that is its id."""
    shown = (number or "").lstrip("#")
    return (f"{platform}:#{shown}",) if shown and shown != order_id else ()


def purchase(head: Head, order: Order, *, surface: str | None = None, removed: bool = False) -> Touchpoint:
    """Return the purchase; one that was never paid is a checkout, under the same key."""
    kind: TouchKind = "purchase" if order.status == "paid" or order.paid_at is not None else "checkout"
    return touch(head, order, kind, order.placed_at, order.placed_date, surface=surface, removed=removed)


def refunded(head: Head, order: Order, refund: Refund, *, removed: bool = False) -> Touchpoint:
    """Return the touchpoint of a refund; there is none of money that has not gone back."""
    unseen = removed or refund.state != "succeeded"
    return touch(head, order, "refund", refund.occurred_at, refund.occurred_date, removed=unseen)


def touch(
    head: Head,
    order: Order,
    kind: TouchKind,
    at: Instant,
    day: date,
    *,
    surface: str | None = None,
    removed: bool = False,
) -> Touchpoint:
    """Return a touchpoint that an order, or something that came of it, is itself; `day` is local to the shop."""
    return Touchpoint(
        *head,
        order.platform,
        at,
        day,
        False,  # time_is_bound
        kind,
        order.channel,
        surface or ("site" if order.channel == "site" else None),
        order.person,
        order.order_id,
        *_NO_ORIGIN,
        "platform_order",
        order.selling_mode,
        removed,
    )
