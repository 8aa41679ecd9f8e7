"""Returns and cancellations of TikTok Shop, played (Partner Center, Search Returns, Search Cancellations, 202602)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jalon.sandbox import paging
from jalon.sandbox.clock import Clock
from jalon.sandbox.money import decimal
from jalon.sandbox.tiktok_shop.envelope import ORDERS, SORTED_BY, Call, second, texts, word
from jalon.sandbox.tiktok_shop.order_form import line_ids
from jalon.sandbox.timeline import Timeline
from jalon.sandbox.world import Change, Product, Sale, World, shares

DAY = 86_400
REFUSED_AFTER = 2 * DAY
EDITED_EACH = 9
"""One return in so many is edited by the buyer: the first one ends, and a second takes its place."""
EDITED_AFTER = 1800

PENDING = "RETURN_OR_REFUND_REQUEST_PENDING"
COMPLETE = "RETURN_OR_REFUND_REQUEST_COMPLETE"
REJECTED = "REFUND_OR_RETURN_REQUEST_REJECT"
ENDED = "RETURN_OR_REFUND_REQUEST_CANCEL"


@dataclass(frozen=True, slots=True)
class Return:
    """One return or refund request, with the moments at which its status changes."""

    id: str
    sale: Sale
    asked: Change
    steps: tuple[tuple[int, str], ...]
    before: str = ""
    after: str = ""

    def status(self, now: int) -> tuple[str, int]:
        """Return status and update time at `now`."""
        at, word = [step for step in self.steps if step[0] <= now][-1]
        return word, at


def returns_of(sale: Sale) -> Iterator[Return]:
    """Yield the requests of a sale; an edited one is two, of which the second moves the money."""
    settled = {change.id: change.at for change in sale.changes if change.kind == "refunded"}
    for asked in sale.changes:
        if asked.kind != "return_requested":
            continue
        end = (settled[asked.id], COMPLETE) if asked.id in settled else (asked.at + REFUSED_AFTER, REJECTED)
        if int(asked.id) % EDITED_EACH:
            yield Return(asked.id, sale, asked, ((asked.at, PENDING), end))
            continue
        first, edited = str(int(asked.id) - 1_000_000_000_000_000), asked.at + EDITED_AFTER
        yield Return(first, sale, asked, ((asked.at, PENDING), (edited, ENDED)), after=asked.id)
        yield Return(asked.id, sale, asked, ((edited, PENDING), end), before=first)


def cancellations_of(sale: Sale) -> Iterator[Change]:
    """Yield the cancellation of a sale, if there is one."""
    return (change for change in sale.changes if change.kind == "cancelled")


class Aftersales:
    """Returns and cancellations, as they stand by the clock."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._clock = clock
        self._products = {product.sku: product for product in world.products}
        sales = [sale for sale in world.sales if sale.platform == "tiktok_shop"]
        self._returns = [back for sale in sales for back in returns_of(sale)]
        self._returned = Timeline([at for at, _ in back.steps] for back in self._returns)
        self._cancelled = [(sale, change) for sale in sales for change in cancellations_of(sale)]
        self._cancelled_at = Timeline([change.at] for _, change in self._cancelled)

    def search_returns(self, call: Call) -> dict[str, Any]:
        """Answer POST /return_refund/202602/returns/search."""
        now = int(self._clock.now())
        found = [self._returns[number] for number in _found(self._returned, call.query, call.words, now)]
        found = [back for back in found if _wanted(back, call.words, now)]
        page, following = paging.cut(found, call, _size(call.query))
        listed = {"return_orders": [_return_form(back, self._products, now) for back in page]} if page else {}
        return listed | {"next_page_token": following, "total_count": len(found)}

    def search_cancellations(self, call: Call) -> dict[str, Any]:
        """Answer POST /return_refund/202602/cancellations/search."""
        now = int(self._clock.now())
        found = [self._cancelled[number] for number in _found(self._cancelled_at, call.query, call.words, now)]
        orders, ids = texts(call.words, "order_ids"), texts(call.words, "cancel_ids")
        found = [
            (sale, change)
            for sale, change in found
            if (not orders or sale.order_id in orders) and (not ids or change.id in ids)
        ]
        page, following = paging.cut(found, call, _size(call.query))
        listed = {"cancellations": [_cancel_form(*pair, self._products) for pair in page]} if page else {}
        return listed | {"next_page_token": following, "total_count": len(found)}


def _size(query: Mapping[str, str]) -> int:
    return paging.page_size(query, most=50, usual=10)


def _found(timeline: Timeline, query: Mapping[str, str], words: Mapping[str, Any], now: int) -> Sequence[int]:
    timeline.move(now)
    by_update = word(query, "sort_field", SORTED_BY, "create_time") == "update_time"
    created = timeline.created_between(second(words, "create_time_ge"), second(words, "create_time_lt"))
    updated = timeline.updated_between(second(words, "update_time_ge"), second(words, "update_time_lt"))
    wanted = set(created if by_update else updated)
    numbers = [number for number in (updated if by_update else created) if number in wanted]
    return numbers if word(query, "sort_order", ORDERS, "DESC") == "ASC" else numbers[::-1]


def _wanted(back: Return, words: Mapping[str, Any], now: int) -> bool:
    orders, ids, statuses = (texts(words, name) for name in ("order_ids", "return_ids", "return_status"))
    return (
        (not orders or back.sale.order_id in orders)
        and (not ids or back.id in ids)
        and (not statuses or back.status(now)[0] in statuses)
    )


def _money(currency: str, goods: int, tax: int, shipping: int) -> dict[str, str]:
    return {
        "currency": currency,
        "refund_total": decimal(goods + tax + shipping, currency),
        "refund_subtotal": decimal(goods, currency),
        "refund_shipping_fee": decimal(shipping, currency),
        "refund_tax": decimal(tax, currency),
    }


def _return_form(back: Return, products: Mapping[str, Product], now: int) -> dict[str, Any]:
    sale, asked = back.sale, back.asked
    status, updated = back.status(now)
    goods_come_back = any(asked.quantities)
    form = {
        "return_id": back.id,
        "order_id": sale.order_id,
        "return_type": "RETURN_AND_REFUND" if goods_come_back else "REFUND",
        "return_status": status,
        "role": "BUYER",
        "return_reason_text": "canary-reason: does not fit",
        "create_time": back.steps[0][0],
        "update_time": updated,
        "refund_amount": _money(sale.currency, asked.goods, asked.tax, asked.shipping),
        "return_line_items": list(_return_lines(back, products)),
        "is_quick_refund": False,
    }
    links = {"pre_return_id": back.before, "next_return_id": back.after if status == ENDED else ""}
    return form | {name: identity for name, identity in links.items() if identity}


def _return_lines(back: Return, products: Mapping[str, Product]) -> Iterator[dict[str, Any]]:
    sale, asked, ids = back.sale, back.asked, line_ids(back.sale)
    for line_number, quantity in zip(asked.lines, asked.quantities, strict=True):
        first = _units_asked_before(sale, asked, line_number)
        line = sale.lines[line_number]
        paid, tax = shares(line.paid, line.quantity), shares(line.tax, line.quantity)
        if not quantity:  # money for goods that are kept
            units, paid, tax = [0], [asked.goods], [asked.tax]
        else:
            units = list(range(first, first + quantity))
        for unit in units:
            yield {
                "return_line_item_id": f"{back.id}{line_number}{unit}",
                "order_line_item_id": ids[line_number][unit],
                "sku_id": products[line.sku].tiktok_sku_id,
                "seller_sku": line.sku,
                "product_name": products[line.sku].title,
                "refund_amount": _money(sale.currency, paid[unit], tax[unit], 0),
            }


def _units_asked_before(sale: Sale, asked: Change, line_number: int) -> int:
    units = 0
    for change in sale.changes:
        if change.id == asked.id and change.kind == "return_requested":
            return units
        if change.kind == "return_requested" and line_number in change.lines:
            units += change.quantities[change.lines.index(line_number)]
    return units


def _cancel_form(sale: Sale, change: Change, products: Mapping[str, Product]) -> dict[str, Any]:
    by_buyer = any(before.kind == "paid" for before in sale.changes)
    money = _money(sale.currency, change.goods, change.tax, change.shipping) if by_buyer else None
    units = [(line, identity) for line, ids in zip(sale.lines, line_ids(sale), strict=True) for identity in ids]
    return {
        "cancel_id": change.id,
        "order_id": sale.order_id,
        "cancel_type": "BUYER_CANCEL" if by_buyer else "CANCEL",
        "cancel_status": "CANCELLATION_REQUEST_COMPLETE",
        "role": "BUYER" if by_buyer else "SYSTEM",
        "cancel_reason": "ecom_order_to_ship_canceled_reason_other",
        "create_time": change.at,
        "update_time": change.at,
        **({"refund_amount": money} if money else {}),
        "cancel_line_items": [
            {
                "cancel_line_item_id": f"{change.id}{number}",
                "order_line_item_id": identity,
                "sku_id": products[line.sku].tiktok_sku_id,
            }
            for number, (line, identity) in enumerate(units)
        ],
    }
