"""What TikTok Shop's returns and cancellations mean: a movement of money, and touchpoints of service.

https://partner.tiktokshop.com/docv2/page/search-returns-202602
https://partner.tiktokshop.com/docv2/page/search-cancellations-202602

What moves no money (an order cancelled before it was paid) is no refund: it is taken back, should it have been one.
A cancelled order counts nothing by its own status; the cancellation's refund says what went back, also where only some
of its lines were cancelled.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from jalon.normalize.fields import Row, amount, inner, needed, not_negative, objects
from jalon.normalize.money import minor
from jalon.normalize.records import head
from jalon.normalize.tiktok_shop.common import CHANNEL, PLATFORM
from jalon.normalize.times import instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Fact, Instant, Raw, Refund, TouchKind, Touchpoint, Unfit

State = Literal["succeeded", "pending", "failed"]

RETURN_STATES: dict[str, State] = {
    "RETURN_OR_REFUND_REQUEST_PENDING": "pending",
    "AWAITING_BUYER_SHIP": "pending",
    "BUYER_SHIPPED_ITEM": "pending",
    "AWAITING_BUYER_RESPONSE": "pending",
    "RETURN_OR_REFUND_REQUEST_SUCCESS": "pending",  # approved: the buyer will be refunded
    "RETURN_OR_REFUND_REQUEST_COMPLETE": "succeeded",
    "REFUND_OR_RETURN_REQUEST_REJECT": "failed",
    "REJECT_RECEIVE_PACKAGE": "failed",
    "RETURN_OR_REFUND_REQUEST_CANCEL": "failed",
    "REPLACEMENT_REQUEST_PENDING": "pending",
    "REPLACEMENT_REQUEST_REFUND_SUCCESS": "succeeded",  # out of stock: money instead
    "REPLACEMENT_REQUEST_REJECT": "failed",
    "REPLACEMENT_REQUEST_CANCEL": "failed",
    "REPLACEMENT_REQUEST_COMPLETE": "failed",  # goods for goods: no money went back
    "EXCHANGE_REQUEST_PENDING": "pending",
    "EXCHANGE_REQUEST_REFUND_SUCCESS": "succeeded",
    "EXCHANGE_REQUEST_CANCEL": "failed",
    "EXCHANGE_REQUEST_COMPLETE": "failed",
}
CANCELLATION_STATES: dict[str, State] = {
    "CANCELLATION_REQUEST_PENDING": "pending",
    "CANCELLATION_REQUEST_SUCCESS": "pending",  # agreed: the buyer will be refunded
    "CANCELLATION_REQUEST_COMPLETE": "succeeded",
    "CANCELLATION_REQUEST_CANCEL": "failed",
    "CANCELLATION_REQUEST_CANCELLED": "failed",  # as the delivery's page writes it
}
FEES = ("retail_delivery_fee", "buyer_service_fee")
"""What of a refund's total is neither goods nor shipping nor tax."""
UNKNOWN: State = "pending"
"""A status that is in no table: no money is known to have gone back."""


Reason = Literal["refund", "return", "cancellation"]


class Case(NamedTuple):
    """What a return and a cancellation have in common."""

    id: str
    order_id: str
    name: str
    reason: Reason
    state: State
    request: TouchKind
    items: str
    asked_at: Instant
    changed_at: Instant
    replaced: bool = False

    @property
    def key(self) -> str:
        return f"{self.name}/{self.id}"


def returned(raw: Raw, context: Context) -> list[Fact]:
    """Return a return's refund, its request, and its refunding as a touchpoint once the money went back.

    The platform edits a return by making a new one: what has a `next_return_id` is taken back, the next one counts.
    """
    body = raw.body
    case = Case(
        id=needed(body, "return_id"),
        order_id=needed(body, "order_id"),
        name="return",
        reason="refund" if body.get("return_type") == "REFUND" else "return",
        state=RETURN_STATES.get(str(body.get("return_status")), UNKNOWN),
        request="return_requested",
        items="return_line_items",
        asked_at=instant_from_unix(body.get("create_time")),
        changed_at=instant_from_unix(body.get("update_time") or body.get("create_time")),
        replaced=body.get("next_return_id") not in (None, "", "0", 0),
    )
    return _facts(raw, context, case)


def cancelled(raw: Raw, context: Context) -> list[Fact]:
    """Return a cancellation's refund, its request, and its refunding as a touchpoint once the money went back."""
    body = raw.body
    case = Case(
        id=needed(body, "cancel_id"),
        order_id=needed(body, "order_id"),
        name="cancellation",
        reason="cancellation",
        state=CANCELLATION_STATES.get(str(body.get("cancel_status")), UNKNOWN),
        request="support",
        items="cancel_line_items",
        asked_at=instant_from_unix(body.get("create_time")),
        changed_at=instant_from_unix(body.get("update_time") or body.get("create_time")),
    )
    return _facts(raw, context, case)


def _facts(raw: Raw, context: Context, case: Case) -> list[Fact]:
    facts: list[Fact] = [_touch(raw, context, case, "requested", case.request, case.asked_at, case.replaced)]
    money = _money(raw.body, case.items)
    if money is None:
        return facts
    taken_back = case.replaced or money.total == 0
    unseen = taken_back or case.state != "succeeded"
    facts.append(_touch(raw, context, case, "refunded", "refund", case.changed_at, unseen))
    facts.append(_refund(raw, context, case, money, taken_back))
    return facts


class Money(NamedTuple):
    currency: str
    goods: int
    shipping: int
    tax: int
    total: int


def _money(body: Row, items: str) -> Money | None:
    """Return what goes back: of the whole, else the sum over its lines; None where no amount is named (yet)."""
    whole = inner(body, "refund_amount")
    if whole.get("currency"):
        return _amounts(whole)
    rows = [inner(item, "refund_amount") for item in objects(body, items)]
    parts = [_amounts(row) for row in rows if row.get("currency")]
    if len({part.currency for part in parts}) > 1:
        raise Unfit("mixed_currencies", "the lines of one refund are in several currencies")
    if not parts:
        return None
    return Money(parts[0].currency, *(sum(column) for column in zip(*(part[1:] for part in parts), strict=True)))


def _amounts(row: Row) -> Money:
    currency = needed(row, "currency")
    shipping, tax = amount(row, "refund_shipping_fee", currency), amount(row, "refund_tax", currency)
    total = amount(row, "refund_total", currency)
    fees = sum(amount(row, name, currency) for name in FEES)
    goods = minor(row["refund_subtotal"], currency) if row.get("refund_subtotal") else total - shipping - tax - fees
    return Money(currency, not_negative(goods), shipping, tax, total)


def _refund(raw: Raw, context: Context, case: Case, money: Money, taken_back: bool) -> Refund:
    return Refund(
        *head(raw, case.key),
        platform=PLATFORM,
        order_id=case.order_id,
        refund_id=case.id,
        reason=case.reason,
        state=case.state,
        occurred_at=case.changed_at,
        occurred_date=local_date(case.changed_at, context.zone),
        currency=money.currency,
        goods=money.goods,
        shipping=money.shipping,
        tax=money.tax,
        total=money.total,
        removed=taken_back,
    )


def _touch(
    raw: Raw, context: Context, case: Case, name: str, kind: TouchKind, at: Instant, removed: bool
) -> Touchpoint:
    return Touchpoint(
        *head(raw, f"{case.key}/{name}"),
        platform=PLATFORM,
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        time_is_bound=False,
        kind=kind,
        channel=CHANNEL,
        order_id=case.order_id,
        evidence="platform_order",
        selling_mode="native",
        removed=removed,
    )
