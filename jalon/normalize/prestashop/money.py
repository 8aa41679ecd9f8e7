"""The money of a PrestaShop order and credit slip, taken apart: goods before tax, shipping, tax, what goes back.

What the fields hold (https://devdocs.prestashop-project.org/8/webservice/resources/orders/), all in the order's own
currency and computed to more places than are charged ('24.458333'):

| field | holds |
| --- | --- |
| total_products | all rows before vouchers, without tax; ecotax is part of a product's price |
| total_discounts_tax_excl | vouchers, those for free shipping too |
| cart_rules[] | each voucher, with `value_tax_excl`; that of `free_shipping` is first the shipping |
| total_shipping_tax_excl, total_wrapping_tax_excl | before vouchers |
| total_paid_tax_incl | what is charged in all |
| order_rows[].product_price | of one unit, before reductions, without tax |
| order_rows[].unit_price_tax_excl | of one unit, after reductions, before vouchers |

So goods = products - vouchers but for shipping, and tax is what is left of the total. Where the key may not read what
vouchers were for, all of them are taken off the goods. A line's share of goods is by what it costs: so the vouchers
are shared over the lines, and their goods sum to the order's to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from jalon.normalize.fields import Row, count, objects
from jalon.normalize.money import rounded, shared
from jalon.normalize.vocabulary import Unfit

MICRO = 1_000_000


def exact(row: Row, name: str) -> Decimal:
    """Return an amount as it was computed; left out or empty is 0. Raises `Unfit`."""
    written = row.get(name)
    if written is None or written == "":
        return Decimal(0)
    rounded(written, "EUR")  # refuses what is no plain decimal amount
    return Decimal(str(written))


class Line(NamedTuple):
    """What a line is worth: goods = gross - discount, all before tax."""

    quantity: int
    gross: int
    goods: int
    tax: int


class Money(NamedTuple):
    """What an order is worth: total = goods + shipping + tax + wrapping, and goods = gross - discount."""

    gross: int
    goods: int
    shipping: int
    tax: int
    total: int
    lines: tuple[Line, ...]


def order_money(order: Row, rows: Sequence[Row], currency: str) -> Money:
    """Return the money of an order and of its rows. Raises `Unfit`."""
    free = _free_shipping(order)
    goods = max(0, rounded(exact(order, "total_products") - exact(order, "total_discounts_tax_excl") + free, currency))
    shipping = rounded(exact(order, "total_shipping_tax_excl") - free, currency)
    wrapping = rounded(exact(order, "total_wrapping_tax_excl"), currency)
    total = rounded(exact(order, "total_paid_tax_incl"), currency)
    if total < 0 or shipping < 0:
        raise Unfit("negative_amount", f"a total of {total}, {shipping} of it for shipping")
    lines = _lines(rows, goods, currency)
    gross = max(goods, sum(line.gross for line in lines))
    return Money(gross, goods, shipping, max(0, total - goods - shipping - wrapping), total, lines)


def _free_shipping(order: Row) -> Decimal:
    """Return what vouchers took off the shipping. One for free shipping may give more than that."""
    rules = (rule for rule in objects(order, "cart_rules") if str(rule.get("deleted")) != "1")
    given = sum((exact(rule, "value_tax_excl") for rule in rules if str(rule.get("free_shipping")) == "1"), Decimal(0))
    return max(Decimal(0), min(given, *(exact(order, f"total_{name}_tax_excl") for name in ("shipping", "discounts"))))


def _lines(rows: Sequence[Row], goods: int, currency: str) -> tuple[Line, ...]:
    quantities = [count(row.get("product_quantity"), "product_quantity") for row in rows]
    costs = [exact(row, "unit_price_tax_excl") * many for row, many in zip(rows, quantities, strict=True)]
    shares = shared(goods, [max(0, int(cost * MICRO)) for cost in costs])
    return tuple(
        Line(many, max(share, rounded(exact(row, "product_price") * many, currency)), share, _tax(row, many, currency))
        for row, many, share in zip(rows, quantities, shares, strict=True)
    )


def _tax(row: Row, many: int, currency: str) -> int:
    tax = exact(row, "unit_price_tax_incl") - exact(row, "unit_price_tax_excl")
    return max(0, rounded(tax * many, currency))


class Back(NamedTuple):
    """Money back to the buyer: total = goods + shipping + tax."""

    goods: int
    shipping: int
    tax: int
    total: int


CUT_BY_VOUCHER = "1"
"""`order_slip_type`: a voucher's worth was kept back, which lowers only the figure with tax."""


def slip_money(slip: Row, currency: str) -> Back:
    """Return what a credit slip gives back.

    Where the shopkeeper chose an amount, it stands in `amount` and the figures by product do not hold; it is taken to
    be with tax, and what of it is goods follows from the order's rate, as it does where a voucher was kept back.
    """
    goods, with_tax = exact(slip, "total_products_tax_excl"), exact(slip, "total_products_tax_incl")
    chosen = exact(slip, "amount")
    if chosen and rounded(chosen, currency) not in (rounded(goods, currency), rounded(with_tax, currency)):
        with_tax = chosen
        goods = chosen * _rate(slip)
    elif str(slip.get("order_slip_type")) == CUT_BY_VOUCHER:
        goods = with_tax * _rate(slip)
    posted = exact(slip, "total_shipping_tax_incl")
    shipping = rounded(min(exact(slip, "total_shipping_tax_excl"), posted), currency)
    total, back = rounded(with_tax + posted, currency), rounded(min(goods, with_tax), currency)
    if min(total, back, shipping) < 0:
        raise Unfit("negative_amount", f"a credit slip over {total}")
    return Back(back, shipping, total - back - shipping, total)


def _rate(slip: Row) -> Decimal:
    """Return which part of an amount with tax is goods, as in the order; all of it where that is not known."""
    goods, with_tax = exact(slip, "order_products"), exact(slip, "order_products_wt")
    return min(Decimal(1), goods / with_tax) if with_tax else Decimal(1)
