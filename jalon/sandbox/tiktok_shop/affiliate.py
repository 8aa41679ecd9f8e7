"""Affiliate orders of TikTok Shop, played (Partner Center, Search Seller Affiliate Orders, 202410).

Rows are SKU rows: pages are cut from them before they are grouped by order, so one order can come on two pages, and
`total_count` counts rows. Amounts of commission are display strings. How many units went back is not told any more,
only whether all of them did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jalon.sandbox import paging
from jalon.sandbox.clock import Clock
from jalon.sandbox.credit import affiliate_from
from jalon.sandbox.money import decimal
from jalon.sandbox.tiktok_shop.envelope import Call, Refused, second
from jalon.sandbox.world import Content, Line, Sale, World

MOST_SPAN = 92 * 86_400


@dataclass(frozen=True, slots=True)
class _Row:
    sale: Sale
    line: Line
    number: int
    content: Content
    from_when: int


class AffiliateOrders:
    """The SKU rows that creators' content is credited with."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._clock = clock
        self._contents = {content.id: content for content in world.contents}
        self._products = {product.sku: product for product in world.products}
        self._sales = world.sales
        self._last: tuple[tuple[int, int, int], list[_Row]] = ((0, 0, 0), [])

    @cached_property
    def _rows(self) -> list[_Row]:
        """Return all rows there will ever be, newest order first."""
        return [row for sale in reversed(self._sales) for row in self._rows_of(sale)]

    def _rows_of(self, sale: Sale) -> Iterator[_Row]:
        content = self._contents.get(sale.credited or "")
        from_when = affiliate_from(sale, content)
        if content is None or from_when is None:
            return
        for number, line in enumerate(sale.lines):
            if line.sku in content.skus:
                yield _Row(sale, line, number, content, from_when)

    def search(self, call: Call) -> dict[str, Any]:
        """Answer POST /affiliate_seller/202410/orders/search."""
        size = paging.page_size(call.query, most=100)
        now = int(self._clock.now())
        rows = self._found(*_span(call.words, now), now)
        page, following = paging.cut(rows, call, size)
        orders: dict[str, dict[str, Any]] = {}
        for row in page:
            order = orders.setdefault(row.sale.order_id, _order(row.sale, now))
            order["skus"].append(self._sku(row, now))
        listed = {"orders": list(orders.values())} if orders else {}
        return listed | {"next_page_token": following, "total_count": len(rows)}

    def _found(self, start: int, end: int, now: int) -> list[_Row]:
        """Return the rows of a span, newest order first; pages of one search ask for the same ones."""
        if self._last[0] != (start, end, now):
            rows = [row for row in self._rows if row.from_when <= now and start <= row.sale.placed_at < end]
            self._last = ((start, end, now), rows)
        return self._last[1]

    def _sku(self, row: _Row, now: int) -> dict[str, Any]:
        sale, line, product = row.sale, row.line, self._products[row.line.sku]
        back = _units_back(sale, row.number, now)
        fully = back >= line.quantity
        rate = 1000 + int(row.content.id) % 9 * 50
        number = int(sale.order_id)
        return {
            "sku_id": product.tiktok_sku_id,
            "product_id": product.tiktok_product_id,
            "quantity": line.quantity,
            "price": {"amount": decimal(line.paid // line.quantity, sale.currency), "currency": sale.currency},
            "content_type": row.content.kind,
            "content_id": row.content.id,
            # Campaigns of affiliate partners leave the creator out.
            "creator_username": "" if number % 20 == 0 else row.content.creator,
            "open_collaboration_id": str(7_123_000_000_000_000_000 + int(row.content.id) % 1_000_003),
            "commission_rate": str(rate),
            "settlement_status": _settlement(sale, fully, now),
            "estimated_commission_base": _display(line.paid, sale.currency, number),
            "estimated_paid_commission": _display(line.paid * rate // 10_000, sale.currency, number),
            "fully_return": "Yes" if fully else "No",
            "is_carousel": False,
        }


def _span(words: Mapping[str, Any], now: int) -> tuple[int, int]:
    start, end = second(words, "create_time_ge"), second(words, "create_time_lt")
    if start is None:
        start = now + 1 - MOST_SPAN if end is None else 0
    end = now + 1 if end is None else end
    if end - start > MOST_SPAN:
        raise Refused(36009004, "Invalid 'create_time_ge' and 'create_time_lt': at most 3 months, in Unix seconds.")
    return start, end


def _order(sale: Sale, now: int) -> dict[str, Any]:
    delivered = [change.at for change in sale.until(now) if change.kind == "delivered"]
    time = {"delivery_time": delivered[0]} if delivered else {}
    return {"id": sale.order_id, "create_time": sale.placed_at, "skus": [], **time}


def _units_back(sale: Sale, number: int, now: int) -> int:
    units = 0
    for change in sale.until(now):
        if change.kind == "cancelled":
            return sale.lines[number].quantity
        if change.kind == "refunded" and number in change.lines:
            units += change.quantities[change.lines.index(number)]
    return units


def _settlement(sale: Sale, fully_back: bool, now: int) -> str:
    if fully_back:
        return "INELIGIBLE"
    completed = any(change.kind == "completed" for change in sale.until(now))
    return "SETTLED" if completed else "To-SETTLE"


def _display(minor: int, currency: str, number: int) -> dict[str, str]:
    """Write an amount as the platform shows it to people: thousands apart, sometimes with a symbol."""
    whole, _, rest = decimal(minor, currency).partition(".")
    text = f"{int(whole):,}.{rest}"
    return {"amount": f"${text}" if number % 5 == 0 else text, "currency": currency}
