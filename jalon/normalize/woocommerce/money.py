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
| shipping_tax | tax of shipping |
| refund.amount | what goes back in all, with tax; above the sum of its lines where it was typed in |
| refund.*_lines[].total, total_tax | below zero |

So goods = total - tax - shipping - surcharges, which is exact to the cent where the lines, each rounded by itself, are
not. Gift cards and store credit lower `total` without being a line: where it is lower by more than rounding explains,
the lines count.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from jalon.normalize.fields import Row, objects
from jalon.normalize.money import portion, rounded
from jalon.normalize.refunds import Parts, parted

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
    parts: Parts
    """Goods and shipping with the tax of each."""


def order_money(order: Row, currency: str) -> Money:
    """Return the money of an order. Raises `Unfit`."""
    total, tax = amount(order, "total", currency), amount(order, "total_tax", currency)
    shipping = amount(order, "shipping_total", currency)
    surcharges, discounts = _fees(order, currency)
    surcharge, given = _sum(surcharges, "total", currency), -_sum(discounts, "total", currency)
    lines = objects(order, "line_items")
    by_lines = _sum(lines, "total", currency) - given
    by_total = total - tax - shipping - surcharge
    goods = max(0, by_total if abs(by_total - by_lines) <= len(lines) + 1 else by_lines)
    discount = max(0, amount(order, "discount_total", currency) + given)
    shipping_tax = amount(order, "shipping_tax", currency)
    goods_tax = max(0, tax - shipping_tax - _sum(surcharges, "total_tax", currency))
    parts = Parts(goods, goods_tax, shipping, shipping_tax)
    return Money(goods + discount, discount, goods, shipping, tax, surcharge, total, parts)


def _fees(row: Row, currency: str) -> tuple[list[Row], list[Row]]:
    """Return the fees of an order that are surcharges, and those that are discounts."""
    fees = objects(row, "fee_lines")
    above = [fee for fee in fees if amount(fee, "total", currency) > 0]
    return above, [fee for fee in fees if fee not in above]


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
    """Money back to the buyer: total = goods + shipping + tax, but for fees. `tax` holds what has no part."""

    parts: Parts
    tax: int
    total: int


def refund_money(refund: Row, currency: str, whole: Parts, left: Parts) -> Back:
    """Return what a refund gives back. `whole` is the order, `left` what of it was not given back before.

    Its lines say what for. What `amount` is above them was typed in without saying so, and is parted as the order is;
    what it is below them is kept back of goods and tax alike. Raises `Unfit`.
    """
    total = abs(amount(refund, "amount", currency) or amount(refund, "total", currency))
    parts, fees, fee_tax = _named(refund, currency)
    rest = total - sum(parts) - fees - fee_tax
    if rest < 0:
        asked = parts.goods + parts.goods_tax
        money = max(0, asked + rest)
        goods = portion(money, parts.goods, asked)
        parts = parts._replace(goods=goods, goods_tax=money - goods)
    else:
        parts = parts.plus(parted(rest, whole, left.less(parts)))
    return Back(parts, max(0, total - parts.goods - parts.shipping - fees), total)


def _named(refund: Row, currency: str) -> tuple[Parts, int, int]:
    """Return the parts that a refund names, and what it names of fees, before tax and the tax."""
    lines, posts, fees = (objects(refund, name) for name in ("line_items", "shipping_lines", "fee_lines"))
    sums = ((rows, name) for rows in (lines, posts, fees) for name in ("total", "total_tax"))
    goods, goods_tax, shipping, shipping_tax, fee, fee_tax = (-_sum(rows, name, currency) for rows, name in sums)
    return Parts(goods, goods_tax, shipping, shipping_tax), fee, fee_tax
