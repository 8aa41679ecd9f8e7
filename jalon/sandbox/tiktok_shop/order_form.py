"""How TikTok Shop writes an order (Partner Center, Get Order List, 202309; Get Order Detail, 202507)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jalon.sandbox.money import decimal
from jalon.sandbox.world import Change, Content, Line, Product, Sale, Shopper, shares

HOLD = 3600
"""Seconds during which the buyer may cancel at will after paying."""
COLLECTION = 4 * 3600
"""Seconds that a parcel waits for its carrier."""

_STATUS = {
    "placed": "UNPAID",
    "paid": "ON_HOLD",
    "shipped": "IN_TRANSIT",
    "delivered": "DELIVERED",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
}
STATUSES = frozenset({*_STATUS.values(), "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION"})
"""All that an order may be asked for by."""


def milestones(sale: Sale) -> tuple[tuple[int, str | None], ...]:
    """Return when the order changes and which status it has from then on (None: as before), in order of time.

    Returns and refunds change neither the order's status nor its update time: they have their own.
    """
    steps: list[tuple[int, str | None]] = []
    end = next((change.at for change in sale.changes if change.kind == "cancelled"), None)
    for change in sale.changes:
        if change.kind == "edited":
            steps.append((change.at, None))
        if change.kind == "shipped":
            steps.append((change.at - COLLECTION, "AWAITING_COLLECTION"))
        if change.kind in _STATUS:
            steps.append((change.at, _STATUS[change.kind]))
        if change.kind == "paid" and (end is None or change.at + HOLD < end):
            steps.append((change.at + HOLD, "AWAITING_SHIPMENT"))
    return tuple(sorted(steps, key=lambda step: step[0]))


def status_at(steps: Sequence[tuple[int, str | None]], now: int) -> tuple[str, int]:
    """Return the order's status and update time at `now`."""
    status, updated = "UNPAID", steps[0][0]
    for at, word in steps:
        if at > now:
            break
        status, updated = word or status, at
    return status, updated


def line_ids(sale: Sale) -> list[list[str]]:
    """Return the platform's line item ids, per line of the sale one for each unit."""
    first = int(sale.order_id) * 8
    ids: list[list[str]] = []
    for line in sale.lines:
        ids.append([str(first + unit) for unit in range(line.quantity)])
        first += line.quantity
    return ids


def order_form(
    sale: Sale, shopper: Shopper, products: Mapping[str, Product], contents: Mapping[str, Content], now: int
) -> dict[str, Any]:
    """Return the order as the platform shows it at `now`."""
    status, updated = status_at(milestones(sale), now)
    done: dict[str, Change] = {change.kind: change for change in sale.until(now)}
    room = _room(sale, contents)
    return {
        "id": sale.order_id,
        "status": status,
        "create_time": sale.placed_at,
        "update_time": updated,
        "commerce_platform": "TIKTOK_SHOP",
        "order_type": "NORMAL",
        "user_id": shopper.tiktok_user_id,
        "buyer_email": f"canary.alias.{shopper.id}@scs.tiktokw.us",
        "buyer_message": "",
        "is_sample_order": sale.kind == "sample",
        "is_replacement_order": sale.kind == "replacement",
        "is_exchange_order": False,
        "is_on_hold_order": "paid" in done,
        "is_cod": False,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "TIKTOK",
        "has_updated_recipient_address": "edited" in done,
        "cpf": f"canary-cpf-{shopper.id}",
        "recipient_address": _address(shopper),
        "payment": _payment(sale),
        "line_items": _line_items(sale, products, status, room),
        **_times(done),
    }


def _times(done: Mapping[str, Change]) -> dict[str, Any]:
    times: dict[str, Any] = {}
    for kind, field in (("paid", "paid_time"), ("shipped", "rts_time"), ("delivered", "delivery_time")):
        if kind in done:
            times[field] = done[kind].at
    if "cancelled" in done:
        initiator = "BUYER" if "paid" in done else "SYSTEM"
        times |= {"cancel_time": done["cancelled"].at, "cancellation_initiator": initiator, "cancel_reason": "Other"}
    return times


def _room(sale: Sale, contents: Mapping[str, Content]) -> Content | None:
    """Return the LIVE in which the sale was made, if it was."""
    content = contents.get(sale.credited or "")
    return content if content is not None and content.kind == "LIVE" else None


def _payment(sale: Sale) -> dict[str, str]:
    amounts = {
        "original_total_product_price": sum(line.list_price for line in sale.lines),
        "seller_discount": sum(line.seller_discount for line in sale.lines),
        "platform_discount": sum(line.platform_discount for line in sale.lines),
        "sub_total": sum(line.paid for line in sale.lines),
        "original_shipping_fee": sale.shipping,
        "shipping_fee": sale.shipping,
        "product_tax": sum(line.tax for line in sale.lines),
        "shipping_fee_tax": sale.shipping_tax,
    }
    amounts["tax"] = amounts["product_tax"] + amounts["shipping_fee_tax"]
    amounts["total_amount"] = amounts["sub_total"] + amounts["shipping_fee"] + amounts["tax"]
    return {"currency": sale.currency} | {name: decimal(minor, sale.currency) for name, minor in amounts.items()}


def _line_items(sale: Sale, products: Mapping[str, Product], status: str, room: Content | None) -> list[dict[str, Any]]:
    """Return one row for each unit: the platform has no quantity."""
    items: list[dict[str, Any]] = []
    for line, ids in zip(sale.lines, line_ids(sale), strict=True):
        product = products[line.sku]
        common = {
            "sku_id": product.tiktok_sku_id,
            "product_id": product.tiktok_product_id,
            "seller_sku": product.sku,
            "product_name": product.title,
            "currency": sale.currency,
            "display_status": status,
            "is_gift": False,
            "room_id": room.id if room is not None and line.sku in room.skus else "",
        }
        amounts = _unit_amounts(line, sale.currency)
        items.extend({"id": identity, **common, **unit} for identity, unit in zip(ids, amounts, strict=True))
    return items


def _unit_amounts(line: Line, currency: str) -> list[dict[str, Any]]:
    """Return the money of each unit of a line."""
    columns = {
        "original_price": shares(line.list_price, line.quantity),
        "seller_discount": shares(line.seller_discount, line.quantity),
        "platform_discount": shares(line.platform_discount, line.quantity),
        "sale_price": shares(line.paid, line.quantity),
    }
    taxes = shares(line.tax, line.quantity)
    return [
        {
            **{name: decimal(column[unit], currency) for name, column in columns.items()},
            "item_tax": [{"tax_type": "SALES_TAX", "tax_amount": decimal(taxes[unit], currency), "tax_rate": "0.08"}],
        }
        for unit in range(line.quantity)
    ]


def _address(shopper: Shopper) -> dict[str, Any]:
    return {
        "name": f"{shopper.first_name} canary-name-{shopper.id}",
        "first_name": shopper.first_name,
        "last_name": f"canary-name-{shopper.id}",
        "phone_number": f"(+1)canary-phone-{shopper.id}",
        "full_address": f"canary-street-{shopper.id} 1, Springfield",
        "address_line1": f"canary-street-{shopper.id} 1",
        "postal_code": "97477",
        "region_code": "US",
    }
