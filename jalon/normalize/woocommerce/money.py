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
the lines count, and the difference was paid by credit. WooCommerce gives no more money back than `total`, so where
lines come back that were paid by credit too, the last refund is of less money than its lines.
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
    credit: int
    """What was paid by gift card or store credit."""


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
    credit = max(0, goods + shipping + tax + surcharge - total)
    return Money(goods + discount, discount, goods, shipping, tax, surcharge, total, parts, credit)


def _fees(row: Row, currency: str) -> tuple[list[Row], list[Row]]:
    """Return the fees above zero and those below: surcharges and discounts of an order, the reverse of a refund."""
    fees = objects(row, "fee_lines")
    above = [fee for fee in fees if amount(fee, "total", currency) > 0]
    return above, [fee for fee in fees if amount(fee, "total", currency) < 0]


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


class Left(NamedTuple):
    """What of an order was not given back before: its parts, the money paid, and what was paid by credit."""

    parts: Parts
    money: int
    credit: int

    def less(self, back: Back) -> Left:
        """Return what is left after a refund."""
        return Left(self.parts.less(back.parts), self.money - back.total, self.credit)


def refund_money(refund: Row, currency: str, whole: Parts, left: Left) -> Back:
    """Return what a refund gives back. `whole` are the parts of the order. Raises `Unfit`.

    Its lines say what for. What `amount` is above them was typed in without saying so, and is parted as the order is.
    What it is below them went back as credit, if that is how the order was paid and no money is left to give back; else
    it is kept back of goods and tax alike.
    """
    total = abs(amount(refund, "amount", currency) or amount(refund, "total", currency))
    parts, fees, fee_tax = _named(refund, currency)
    rest = total - sum(parts) - fees - fee_tax
    credit = min(-rest, left.credit) if rest < 0 and total >= left.money else 0
    if rest + credit < 0:
        parts = _kept_back(parts, -rest - credit)
    elif rest > 0:
        parts = parts.plus(parted(rest, whole, left.parts.less(parts)))
    return Back(parts, max(0, total + credit - parts.goods - parts.shipping - fees), total)


def _kept_back(parts: Parts, kept: int) -> Parts:
    asked = parts.goods + parts.goods_tax
    money = max(0, asked - kept)
    goods = portion(money, parts.goods, asked)
    return parts._replace(goods=goods, goods_tax=money - goods)


def _named(refund: Row, currency: str) -> tuple[Parts, int, int]:
    """Return the parts that a refund names, and what it names of surcharges, before tax and the tax."""
    lines, posts = objects(refund, "line_items"), objects(refund, "shipping_lines")
    discounts, surcharges = _fees(refund, currency)
    sums = ((rows, name) for rows in ((*lines, *discounts), posts, surcharges) for name in ("total", "total_tax"))
    goods, goods_tax, shipping, shipping_tax, fee, fee_tax = (-_sum(rows, name, currency) for rows, name in sums)
    return Parts(goods, goods_tax, shipping, shipping_tax), fee, fee_tax
