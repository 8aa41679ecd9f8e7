"""The money of a WooCommerce order, taken apart: goods before tax, discount, shipping, tax, refunds.

What the fields hold (https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties), all as text with the
decimals that the shop is set to, in the order's one currency:

| field | holds |
| --- | --- |
| line_items[].subtotal, total | price of all units before and after coupons, without tax even if `prices_include_tax` |
| shipping_total | without tax |
| fee_lines[].total | a surcharge, or below zero a discount that a plugin gives; without tax |
| total | what is charged in all, with tax |
| total_tax | tax of lines, shipping and fees |
| refund.amount | what goes back in all, with tax; above the sum of its lines where it was typed in |
| refund.*_lines[].total, total_tax | below zero |

So goods = total - tax - shipping - surcharges, which is exact to the cent where the lines, each rounded by itself, are
not. Gift cards and store credit lower `total` without being a line: where it is lower by more than rounding explains,
the lines count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from jalon.normalize.fields import Row, objects
from jalon.normalize.money import rounded

_units = lru_cache(maxsize=16_384)(rounded)  # prices repeat


def amount(row: Row, name: str, currency: str) -> int:
    """Return an amount in minor units, below zero where it is written so; left out or empty is 0. Raises `Unfit`."""
    written = row.get(name)
    if written is None or written == "":
        return 0
    return _units(written, currency) if type(written) is str else rounded(written, currency)


def _sum(rows: Iterable[Row], name: str, currency: str) -> int:
    return sum(amount(row, name, currency) for row in rows)


class Money(NamedTuple):
    """What an order is worth: total = goods + shipping + tax + fees, and goods = gross - discount."""

    gross: int
    discount: int
    goods: int
    shipping: int
    tax: int
    fees: int
    total: int


def order_money(order: Row, currency: str) -> Money:
    """Return the money of an order. Raises `Unfit`."""
    total, tax = amount(order, "total", currency), amount(order, "total_tax", currency)
    shipping = amount(order, "shipping_total", currency)
    fees = [amount(fee, "total", currency) for fee in objects(order, "fee_lines")]
    surcharge, given = sum(fee for fee in fees if fee > 0), -sum(fee for fee in fees if fee < 0)
    lines = objects(order, "line_items")
    by_lines = _sum(lines, "total", currency) - given
    by_total = total - tax - shipping - surcharge
    goods = max(0, by_total if abs(by_total - by_lines) <= len(lines) + 1 else by_lines)
    discount = max(0, amount(order, "discount_total", currency) + given)
    return Money(goods + discount, discount, goods, shipping, tax, surcharge, total)


class Line(NamedTuple):
    """What a line is worth: goods = gross - discount, all before tax."""

    gross: int
    goods: int
    tax: int


def line_money(line: Row, currency: str) -> Line:
    """Return the money of all units of a line; a price that was raised by hand is its gross. Raises `Unfit`."""
    goods = amount(line, "total", currency)
    return Line(max(goods, amount(line, "subtotal", currency)), goods, amount(line, "total_tax", currency))


class Back(NamedTuple):
    """Money back to the buyer: total = goods + shipping + tax, but for fees that go back."""

    goods: int
    shipping: int
    tax: int
    total: int


def refund_money(refund: Row, currency: str, left: Back) -> Back:
    """Return what a refund gives back; `left` is what of the order was not given back before. Raises `Unfit`.

    Its lines say what for. What `amount` is above them was typed in without saying so: it is goods as far as there are
    any left, then shipping, then tax. What it is below them is kept back of the goods.
    """
    total = abs(amount(refund, "amount", currency) or amount(refund, "total", currency))
    lines, posts, fees = (objects(refund, name) for name in ("line_items", "shipping_lines", "fee_lines"))
    goods, shipping = -_sum(lines, "total", currency), -_sum(posts, "total", currency)
    tax = -_sum((*lines, *posts, *fees), "total_tax", currency)
    rest = total - goods - shipping - tax + _sum(fees, "total", currency)
    if rest < 0:
        return Back(max(0, goods + rest), shipping, tax, total)
    more = _shared(rest, (left.goods - goods, left.shipping - shipping))
    return Back(goods + more[0], shipping + more[1], tax + more[2], total)


def _shared(rest: int, rooms: Sequence[int]) -> list[int]:
    """Share an amount over the room that there is, in order; the last share is what is over."""
    shares = []
    for room in rooms:
        shares.append(min(rest, max(0, room)))
        rest -= shares[-1]
    return [*shares, rest]
