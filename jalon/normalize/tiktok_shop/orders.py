"""What TikTok Shop's orders mean: https://partner.tiktokshop.com/docv2/page/get-order-detail-202507.

Goods are `payment.sub_total`: what the buyer paid for all SKUs. The documentation gives it as
`original_total_product_price - seller_discount - platform_discount`, so the platform's own discounts lower goods as the
seller's do. In the US it is before tax; elsewhere it is the price shown to the buyer, with its VAT. Gross is
`original_total_product_price`, discount is gross less goods, total is `total_amount` (`sub_total + shipping_fee + taxes
+ retail_delivery_fee`). The platform writes one row for each unit, so a line's quantity is 1.
"""

from __future__ import annotations

from jalon.normalize import shop_orders
from jalon.normalize.fields import Row, amount, inner, moment, needed, objects, text
from jalon.normalize.records import head
from jalon.normalize.tiktok_shop.common import PLATFORM, channel_of, content_head
from jalon.normalize.times import instant_from_unix, local_date
from jalon.normalize.vocabulary import (
    Context,
    Fact,
    Instant,
    Order,
    OrderKind,
    OrderLine,
    OrderStatus,
    Raw,
    Touchpoint,
    Unfit,
)

# https://partner.tiktokshop.com/docv2/page/get-order-detail-202507, field `status`; webhooks write CANCEL
STATUSES: dict[str, OrderStatus] = {
    "UNPAID": "pending",
    "AWAITING_SHIPMENT": "paid",
    "PARTIALLY_SHIPPING": "paid",
    "AWAITING_COLLECTION": "paid",
    "IN_TRANSIT": "paid",
    "DELIVERED": "paid",
    "COMPLETED": "paid",
    "CANCELLED": "cancelled",
    "CANCEL": "cancelled",
}
"""What is in no row (ON_HOLD, the buyer's hour of remorse, and words still unknown) is paid once it has a paid_time."""
CASH_COLLECTED = frozenset({"DELIVERED", "COMPLETED"})
"""Where cash on delivery has been paid although there is no paid_time."""

KINDS: tuple[tuple[str, OrderKind], ...] = (
    ("is_sample_order", "sample"),
    ("is_replacement_order", "replacement"),
    ("is_exchange_order", "replacement"),
)
"""Flag -> kind of order; the first that is set. None: a sale.

An exchange is goods for goods, as a replacement is: the order that it comes from keeps its money
(`EXCHANGE_REQUEST_COMPLETE` gives none back), so that money told of the new one is the same once more.
"""


def order(raw: Raw, context: Context) -> list[Fact]:
    """Return an order, its lines, and the touchpoints that it tells of."""
    placed = _order(raw, context, inner(raw.body, "payment"))
    lines = [_line(raw, placed, line) for line in objects(raw.body, "line_items")]
    facts: list[Fact] = [placed, *lines]
    if placed.kind == "sale":  # what nobody shopped for has no touchpoints
        facts += _touchpoints(raw, context, placed, lines)
    return facts


def _order(raw: Raw, context: Context, payment: Row) -> Order:
    body = raw.body
    currency = needed(payment, "currency")
    goods, gross = _goods_and_gross(payment, currency)
    placed_at = instant_from_unix(body.get("create_time"))
    paid_at = moment(body.get("paid_time"))
    order_id = needed(body, "id")
    return Order(
        *head(raw, order_id),
        PLATFORM,
        order_id,
        placed_at,
        local_date(placed_at, context.zone),
        paid_at,
        moment(body.get("cancel_time")),
        _status(body, paid_at),
        str(body.get("status")),
        _kind(body),
        currency,
        gross,
        gross - goods,
        goods,
        amount(payment, "shipping_fee", currency),
        amount(payment, "tax", currency),
        amount(payment, "total_amount", currency),
        None,  # presentment_currency: the platform sells in the shop's currency only
        None,  # presentment_total
        text(body, "user_id"),
        "native",
        channel_of(body),
    )  # no external_ids: the platform tells them apart from the order, see OrderLink


def _kind(body: Row) -> OrderKind:
    for flag, kind in KINDS:
        if body.get(flag):
            return kind
    return "sale"


def _goods_and_gross(payment: Row, currency: str) -> tuple[int, int]:
    """Return what was paid for goods and their list price; the latter follows from the discounts where left out."""
    if payment.get("sub_total") in (None, ""):
        raise Unfit("missing_field", "an order without payment.sub_total")
    goods = amount(payment, "sub_total", currency)
    if payment.get("original_total_product_price"):
        return goods, amount(payment, "original_total_product_price", currency)
    return goods, goods + amount(payment, "seller_discount", currency) + amount(payment, "platform_discount", currency)


def _status(body: Row, paid_at: Instant | None) -> OrderStatus:
    status = body.get("status")
    if body.get("is_cod") and paid_at is None and str(status) not in CASH_COLLECTED:
        return "cancelled" if STATUSES.get(str(status)) == "cancelled" else "pending"
    return STATUSES.get(str(status)) or ("paid" if paid_at is not None else "pending")


def _line(raw: Raw, order: Order, line: Row) -> OrderLine:
    """Return one unit: the platform writes a row for each, and names the LIVE it was bought in."""
    currency = line.get("currency") or order.currency
    if currency != order.currency:
        raise Unfit("mixed_currencies", f"a line in {str(currency)[:10]!r} in an order in {order.currency}")
    line_id = needed(line, "id")
    goods = amount(line, "sale_price", currency)
    gross = amount(line, "original_price", currency) if line.get("original_price") else goods
    return OrderLine(
        *head(raw, line_id),
        PLATFORM,
        order.order_id,
        line_id,
        text(line, "product_id"),
        text(line, "seller_sku"),
        text(line, "product_name"),
        1,
        currency,
        gross,
        gross - goods,
        goods,
        _tax(line, currency),
        text(line, "room_id"),
        bool(line.get("is_gift")),
    )


def _tax(line: Row, currency: str) -> int:
    if not line.get("item_tax"):
        return 0
    return sum(amount(tax, "tax_amount", currency) for tax in objects(line, "item_tax"))


def _touchpoints(raw: Raw, context: Context, order: Order, lines: list[OrderLine]) -> list[Touchpoint]:
    """Return the order's own touchpoints: LIVEs it was bought in, its placing, its delivery.

    An order that was never paid is a checkout. Its key stays when it is paid, and the kind becomes a purchase.
    """
    rooms = dict.fromkeys(line.content_id for line in lines if line.content_id)
    touches = [_live_view(raw, order, room) for room in rooms]
    surface = "live" if rooms else None
    touches.append(shop_orders.purchase(head(raw, f"{order.order_id}/purchase"), order, surface=surface))
    delivered_at = moment(raw.body.get("delivery_time"))
    if delivered_at is not None:
        key, day = head(raw, f"{order.order_id}/delivery"), local_date(delivered_at, context.zone)
        touches.append(shop_orders.touch(key, order, "delivery", delivered_at, day))
    return touches


def _live_view(raw: Raw, order: Order, room: str) -> Touchpoint:
    return Touchpoint(
        *content_head(raw, order.order_id, order.placed_at, room),
        platform=PLATFORM,
        occurred_at=order.placed_at,
        occurred_date=order.placed_date,
        time_is_bound=True,
        kind="live_view",
        channel=order.channel,
        surface="live",
        person=order.person,
        order_id=order.order_id,
        content_id=room,
        evidence="platform_order",
        selling_mode=order.selling_mode,
    )
