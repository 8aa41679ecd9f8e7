"""What stands in the shop, as rows of the webservice: numbers as text, times by the shop's clock.

https://devdocs.prestashop-project.org/8/webservice/resources/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from jalon.sandbox.prestashop.orders import BY_NUMBER, GUESTS, STATES, Entry, Orders
from jalon.sandbox.shops import POUND
from jalon.sandbox.world import Change, Line, Product

Tree = dict[str, Any]
CURRENCIES = {"EUR": ("1", "1.000000"), "GBP": ("2", f"0.{POUND}0000")}
"""ISO code -> its number here, and what one unit of the shop's own currency is worth in it."""
POST = 490
"""Cents without tax that shipping costs where a voucher pays for it."""
NEVER = "0000-00-00 00:00:00"


class Forms:
    """Writes the rows of each resource, as they are at a moment."""

    def __init__(self, orders: Orders, products: tuple[Product, ...], timezone: str) -> None:
        self._orders, self._zone = orders, ZoneInfo(timezone)
        self._timezone = timezone
        self._products = {product.sku: number for number, product in enumerate(products, 1)}
        self._goods = products

    def time(self, at: int | None) -> str:
        """Return a time by the shop's clock."""
        return NEVER if at is None else f"{datetime.fromtimestamp(at, self._zone):%Y-%m-%d %H:%M:%S}"

    # --- orders

    def orders(self, now: int) -> Iterator[Tree]:
        """Yield the orders."""
        for entry in self._orders.placed(now):
            yield self._order(entry, now)

    def _order(self, entry: Entry, now: int) -> Tree:
        sale, steps = entry.sale, entry.steps(now)
        paid_at = next((step.at for step in steps if BY_NUMBER[step.state].paid), None)
        state = BY_NUMBER[steps[-1].state]
        return {
            "id": entry.number,
            "id_address_delivery": "7",
            "id_address_invoice": "7",
            "id_cart": str(entry.number + 4),
            "id_currency": CURRENCIES[sale.currency][0],
            "id_lang": "1",
            "id_customer": str(self._orders.customer(entry)),
            "id_carrier": "2",
            "current_state": str(state.number),
            "module": "ps_wirepayment",
            "invoice_date": self.time(paid_at),
            "valid": "1" if state.logable else "0",
            "date_add": self.time(sale.placed_at),
            "date_upd": self.time(entry.moved(now)),
            "note": "canary note",
            "id_shop": str(self._orders.shop_of(entry)),
            "secure_key": "canary-secure-key",
            "payment": "Bank transfer",
            **_totals(entry, paid=paid_at is not None),
            "conversion_rate": CURRENCIES[sale.currency][1],
            "reference": f"REF{entry.number:06d}",
            "associations": {"order_rows": [self._row(entry, n, line) for n, line in enumerate(sale.lines)]},
        }

    def _row(self, entry: Entry, index: int, line: Line) -> Tree:
        cost = line.list_price if entry.has_voucher else line.paid
        unit = Decimal(cost) / line.quantity
        return {
            "id": str(entry.number * 10 + index),
            "product_id": str(self._products[line.sku]),
            "product_attribute_id": "0",
            "product_quantity": str(line.quantity),
            "product_name": line.sku.title(),
            "product_reference": line.sku,
            "product_ean13": "",
            "product_isbn": "",
            "product_upc": "",
            "product_price": money(Decimal(line.list_price) / line.quantity),
            "id_customization": "0",
            "unit_price_tax_incl": money(unit + Decimal(line.tax) / line.quantity),
            "unit_price_tax_excl": money(unit),
        }

    def slips(self, now: int) -> Iterator[Tree]:
        """Yield the credit slips."""
        for entry in self._orders.placed(now):
            for back in entry.slips(now):
                yield self._slip(entry, back)

    def _slip(self, entry: Entry, back: Change) -> Tree:
        posted = entry.sale.shipping_tax if back.shipping else 0
        with_tax = back.goods + back.tax - posted
        return {
            "id": int(back.id),
            "id_customer": str(self._orders.customer(entry)),
            "id_order": str(entry.number),
            "conversion_rate": CURRENCIES[entry.sale.currency][1],
            "total_products_tax_excl": money(back.goods),
            "total_products_tax_incl": money(with_tax),
            "total_shipping_tax_excl": money(back.shipping),
            "total_shipping_tax_incl": money(back.shipping + posted),
            "amount": money(with_tax),
            "shipping_cost": "1" if back.shipping else "0",
            "shipping_cost_amount": money(back.shipping + posted),
            "partial": "0",
            "date_add": self.time(back.at),
            "date_upd": self.time(back.at),
            "order_slip_type": "2" if back.shipping else "0",
        }

    # --- what they point to

    def histories(self, now: int) -> Iterator[Tree]:
        """Yield the changes of state."""
        for entry in self._orders.placed(now):
            for step in entry.steps(now):
                yield {
                    "id": step.number,
                    "id_employee": "1",
                    "id_order_state": str(step.state),
                    "id_order": str(step.order),
                    "date_add": self.time(step.at),
                }

    def cart_rules(self, now: int) -> Iterator[Tree]:
        """Yield the vouchers of the orders, those that were taken off an order again among them."""
        for entry in self._orders.placed(now):
            off = _voucher(entry)
            if off:
                yield _cart_rule(entry, 1, "Ten off", off)
            if entry.is_posted_free:
                yield _cart_rule(entry, 2, "Posted free", POST, free_shipping=True)
            if not entry.number % 5:
                yield _cart_rule(entry, 3, "Posted free, not any more", POST, free_shipping=True, deleted=True)

    def states(self, _: int) -> Iterator[Tree]:
        """Yield the order states; their names and mails are in the shop's languages."""
        for state in STATES:
            yield {
                "id": state.number,
                "logable": "1" if state.logable else "0",
                "paid": "1" if state.paid else "0",
                "deleted": "0",
                "name": [{"id": "1", "value": state.name}, {"id": "2", "value": state.name}],
                "template": [{"id": "1", "value": state.template}, {"id": "2", "value": state.template}],
            }

    def customers(self, now: int) -> Iterator[Tree]:
        """Yield the customers."""
        for number, shopper in self._orders.customers(now).items():
            yield {
                "id": number,
                "id_lang": "1",
                "deleted": "0",
                "passwd": "$2y$10$canarypasswordhash",
                "lastname": shopper.last_name,
                "firstname": shopper.first_name,
                "email": shopper.email,
                "birthday": "1990-01-01",
                "is_guest": "1" if number > GUESTS else "0",
                "date_add": NEVER,
                "date_upd": NEVER,
            }

    def currencies(self, _: int) -> Iterator[Tree]:
        """Yield the currencies."""
        for code, (number, rate) in CURRENCIES.items():
            yield {"id": int(number), "iso_code": code, "conversion_rate": rate, "deleted": "0", "active": "1"}

    def configurations(self, _: int) -> Iterator[Tree]:
        """Yield the configuration, as far as it is played."""
        yield {"id": 1, "name": "PS_TIMEZONE", "value": self._timezone}
        yield {"id": 2, "name": "PS_CURRENCY_DEFAULT", "value": "1"}

    # --- products

    def products(self, _: int) -> Iterator[Tree]:
        """Yield the products; the reference of those with combinations is on their combination."""
        for product in self._goods:
            number = self._products[product.sku]
            yield {
                "id": number,
                "reference": "" if _varies(number) else product.sku,
                "name": [{"id": "1", "value": product.title}, {"id": "2", "value": product.title}],
                "price": money(product.prices["EUR"]),
                "active": "1",
                "date_add": self.time(product.created_at),
                "date_upd": self.time(product.created_at),
            }

    def combinations(self, _: int) -> Iterator[Tree]:
        """Yield the combinations; a price is what one costs more than its product."""
        for product in self._goods:
            number = self._products[product.sku]
            if _varies(number):
                about = {"id": 300 + number, "id_product": str(number), "reference": product.sku}
                yield about | {"price": "0.000000"}


def money(cents: int | Decimal) -> str:
    """Return an amount as PrestaShop computes it: with six decimal places."""
    return f"{Decimal(cents) / 100:.6f}"


def _varies(number: int) -> bool:
    return number % 4 == 1


def _voucher(entry: Entry) -> int:
    """Return what a voucher takes off the goods, without tax."""
    return sum(line.list_price - line.paid for line in entry.sale.lines) if entry.has_voucher else 0


def _cart_rule(
    entry: Entry, place: int, name: str, off: int, *, free_shipping: bool = False, deleted: bool = False
) -> Tree:
    return {
        "id": entry.number * 10 + place,
        "id_order": str(entry.number),
        "id_cart_rule": str(place),
        "id_order_invoice": "0",
        "name": name,
        "value": money(off + off // 5),
        "value_tax_excl": money(off),
        "free_shipping": "1" if free_shipping else "0",
        "deleted": "1" if deleted else "0",
    }


def _totals(entry: Entry, *, paid: bool) -> Tree:
    """Return the totals of an order; its discount is a voucher, or is in the prices of its rows.

    A voucher for free shipping lowers the total of discounts; the shipping stands as it would cost without it.
    """
    sale = entry.sale
    goods_off, post = _voucher(entry), POST if entry.is_posted_free else 0
    off, shipping, shipping_tax = goods_off + post, sale.shipping + post, sale.shipping_tax + post // 5
    tax = sum(line.tax for line in sale.lines)
    more = goods_off // 5 + post // 5  # tax on what the vouchers took off
    whole = entry.goods + tax + sale.shipping + sale.shipping_tax
    return {
        "total_discounts": money(off + more),
        "total_discounts_tax_incl": money(off + more),
        "total_discounts_tax_excl": money(off),
        "total_paid": money(whole),
        "total_paid_tax_incl": money(whole),
        "total_paid_tax_excl": money(entry.goods + sale.shipping),
        "total_paid_real": money(whole if paid else 0),
        "total_products": money(entry.goods + goods_off),
        "total_products_wt": money(entry.goods + tax + goods_off + goods_off // 5),
        "total_shipping": money(shipping + shipping_tax),
        "total_shipping_tax_incl": money(shipping + shipping_tax),
        "total_shipping_tax_excl": money(shipping),
        "total_wrapping": money(0),
        "total_wrapping_tax_incl": money(0),
        "total_wrapping_tax_excl": money(0),
    }
