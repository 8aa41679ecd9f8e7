"""Bazaar's meaning. An order is identified by its id, its revisions by `changed` (unix seconds)."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.normalize.money import minor
from jalon.normalize.records import head
from jalon.normalize.times import instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Fact, Order, OrderStatus, Raw, Unfit

STATES: dict[str, OrderStatus] = {"new": "pending", "paid": "paid", "void": "cancelled"}
"""https://bazaar.example/api#order-state"""


def normalize(raw: Raw, context: Context) -> Iterator[Fact]:
    """Turn an order into an `Order`."""
    if raw.stream != "orders":
        raise Unfit("unknown_stream", raw.stream)
    body = raw.body
    placed = instant_from_unix(body["placed"])
    currency = body["currency"]
    goods, shipping, tax = (minor(body[name], currency) for name in ("goods", "shipping", "tax"))
    if goods < 0:
        raise Unfit("negative_amount", f"goods of order {raw.key}")
    yield Order(
        *head(raw, raw.key),
        platform="bazaar",
        order_id=raw.key,
        placed_at=placed,
        placed_date=local_date(placed, context.zone),
        paid_at=placed if body["state"] == "paid" else None,
        cancelled_at=None,
        status=STATES.get(body["state"], "pending"),
        native_status=body["state"],
        kind="sale",
        currency=currency,
        gross=goods,
        discount=0,
        goods=goods,
        shipping=shipping,
        tax=tax,
        total=goods + shipping + tax,
        presentment_currency=None,
        presentment_total=None,
        person=body.get("buyer"),
        selling_mode="linked",
        channel="site",
        origin=None,
        external_ids=(),
        customer_order_index=None,
        journey="none",
    )
