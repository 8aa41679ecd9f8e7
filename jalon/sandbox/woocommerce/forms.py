"""Orders, refunds and products as the REST API writes them.

https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jalon.sandbox.money import decimal
from jalon.sandbox.woocommerce.catalog import Catalog
from jalon.sandbox.woocommerce.orders import Entry, Orders, Stand
from jalon.sandbox.world import Change, Line, Shopper, Visit

Tree = dict[str, Any]
PREFIX = "_wc_order_attribution_"
USER_AGENT = "Mozilla/5.0 (canary user agent)"


class Forms:
    """Writes what stands in the shop."""

    def __init__(self, orders: Orders, catalog: Catalog) -> None:
        self._orders, self._catalog = orders, catalog
        self._zone = ZoneInfo(orders.shop.timezone)

    def order(self, stand: Stand, now: int) -> Tree:
        """Return an order."""
        entry, sale = stand.entry, stand.entry.sale
        lines, money = sale.lines, _Money(sale.currency)
        tax = sum(line.tax for line in lines)
        paid = sum(line.paid for line in lines)
        shopper = self._orders.persons[sale.shopper]
        visit = self._orders.visit(entry, now)
        return {
            "id": entry.number,
            "parent_id": 0,
            "number": str(entry.number),
            "order_key": f"wc_order_canary{entry.number}",
            "created_via": "rest-api" if entry.copied else "checkout",
            "version": "10.3.0",
            "status": stand.status,
            "currency": sale.currency,
            **self._dates("date_created", entry.placed_at),
            **self._dates("date_modified", stand.modified_at),
            "discount_total": money(sum(line.list_price - line.paid for line in lines)),
            "discount_tax": money(0),
            "shipping_total": money(sale.shipping),
            "shipping_tax": money(sale.shipping_tax),
            "cart_tax": money(tax),
            "total": money(paid + tax + sale.shipping + sale.shipping_tax),
            "total_tax": money(tax + sale.shipping_tax),
            "prices_include_tax": True,
            "customer_id": 0 if entry.copied else self._orders.customers.get(sale.shopper, 0),
            "customer_ip_address": "203.0.113.77",
            "customer_user_agent": USER_AGENT,
            "customer_note": "canary customer note",
            "billing": _person(shopper) | {"email": _email(entry, shopper), "phone": shopper.phone},
            "shipping": _person(shopper),
            "payment_method": "stripe",
            "payment_method_title": "Card",
            "transaction_id": f"pi_canary_{entry.number}" if stand.paid_at else "",
            **self._dates("date_paid", stand.paid_at),
            **self._dates("date_completed", stand.completed_at),
            "cart_hash": "",
            "meta_data": self._meta(entry, visit),
            "line_items": [self._line(entry, index, line) for index, line in enumerate(lines)],
            "tax_lines": [],
            "shipping_lines": [_post(entry, sale.shipping, sale.shipping_tax)] if sale.shipping else [],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [
                {"id": int(back.id), "reason": _reason(back), "total": money(-_total(back))} for back in stand.refunds
            ],
            "_links": {},
        }

    def refund(self, entry: Entry, back: Change) -> Tree:
        """Return a refund; one whose goods are kept was typed in as an amount, and has no lines."""
        money, kept = _Money(entry.sale.currency), not any(back.quantities)
        return {
            "id": int(back.id),
            **self._dates("date_created", back.at),
            "amount": money(_total(back)),
            "reason": _reason(back),
            "refunded_by": 1,
            "refunded_payment": int(back.id) % 2 == 0,
            "meta_data": [],
            "line_items": [] if kept else [self._returned(entry, back, place) for place in range(len(back.lines))],
            "shipping_lines": [_post(entry, -back.shipping, -entry.sale.shipping_tax)] if back.shipping else [],
            "tax_lines": [],
            "fee_lines": [],
            "_links": {},
        }

    def _dates(self, name: str, at: int | None) -> Tree:
        if at is None:
            return {name: None, f"{name}_gmt": None}
        local, gmt = datetime.fromtimestamp(at, self._zone), datetime.fromtimestamp(at, UTC)
        return {name: f"{local:%Y-%m-%dT%H:%M:%S}", f"{name}_gmt": f"{gmt:%Y-%m-%dT%H:%M:%S}"}

    def _line(self, entry: Entry, index: int, line: Line) -> Tree:
        money = _Money(entry.sale.currency)
        item = self._catalog.items[line.sku]
        return {
            "id": entry.number * 100 + index,
            "name": item.title,
            "product_id": item.product_id,
            "variation_id": item.variation_id,
            "quantity": line.quantity,
            "tax_class": "",
            "subtotal": money(line.list_price),
            "subtotal_tax": money(line.tax),
            "total": money(line.paid),
            "total_tax": money(line.tax),
            "taxes": [],
            "meta_data": [],
            "sku": line.sku,
            "price": line.paid / line.quantity / 100,
        }

    def _returned(self, entry: Entry, back: Change, place: int) -> Tree:
        """Return a line of a refund. The goods of a change are shared over its lines as they were paid."""
        index, quantity = back.lines[place], back.quantities[place]
        whole = len(back.lines) > 1
        line, money = entry.sale.lines[index], _Money(entry.sale.currency)
        tax = line.tax if whole else back.tax - (entry.sale.shipping_tax if back.shipping else 0)
        form = self._line(entry, index, line)
        return form | {
            "id": int(back.id) * 10 + place,
            "quantity": -quantity,
            "subtotal": money(-(line.paid if whole else back.goods)),
            "subtotal_tax": money(-tax),
            "total": money(-(line.paid if whole else back.goods)),
            "total_tax": money(-tax),
            "meta_data": [
                {"id": int(back.id) * 10 + place, "key": "_refunded_item_id", "value": str(form["id"])},
            ],
        }

    def _meta(self, entry: Entry, visit: Visit | None) -> list[Tree]:
        pairs = [("_order_stock_reduced", "yes")]
        if entry.copied and entry.copied.mark == "meta":
            pairs.append(("_tiktok_order_id", entry.sale.order_id))
        pairs += [(f"{PREFIX}{name}", value) for name, value in self._marks(visit).items()] if visit else []
        return [{"id": entry.number * 50 + n, "key": key, "value": value} for n, (key, value) in enumerate(pairs)]

    def _marks(self, visit: Visit) -> dict[str, str]:
        """Return what the order attribution writes down of a visit."""
        start = datetime.fromtimestamp(visit.at, self._zone)
        return {
            **_came_from(visit),
            "session_entry": visit.landing_page,
            "session_start_time": f"{start:%Y-%m-%d %H:%M:%S}",
            "session_pages": "4",
            "session_count": "1",
            "user_agent": USER_AGENT,
            "device_type": "Ordinateur",
            "origin": f"Source : {visit.source.title()}",
        }


def _came_from(visit: Visit) -> dict[str, str]:
    if visit.utm:
        told = {f"utm_{name}": value for name, value in visit.utm.items()}
        return {"source_type": "utm", **told} | ({"referrer": visit.referrer} if visit.referrer else {})
    if visit.referrer is None:
        return {"source_type": "typein", "utm_source": "(direct)"}
    if visit.source == "google":
        return {
            "source_type": "organic",
            "referrer": visit.referrer,
            "utm_source": "google",
            "utm_medium": "organic",
        }
    host = urlsplit(visit.referrer).hostname or ""
    marks = {"utm_source": host, "utm_medium": "referral", "utm_content": "/"}
    return {"source_type": "referral", "referrer": visit.referrer, **marks}


class _Money:
    """Writes amounts of one currency."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def __call__(self, minor: int) -> str:
        return decimal(minor, self._currency)


def _total(back: Change) -> int:
    return back.goods + back.tax + back.shipping


def _reason(back: Change) -> str:
    return "canary reason: cancelled" if back.kind == "cancelled" else "canary reason: sent back"


def _post(entry: Entry, total: int, tax: int) -> Tree:
    money = _Money(entry.sale.currency)
    return {
        "id": entry.number * 100 + 90,
        "method_title": "Flat rate",
        "method_id": "flat_rate",
        "total": money(total),
        "total_tax": money(tax),
        "taxes": [],
        "meta_data": [],
    }


def _email(entry: Entry, shopper: Shopper) -> str:
    return f"v4b{entry.number}canary@scs.tiktokw.us" if entry.copied else shopper.email


def _person(shopper: Shopper) -> Tree:
    return {
        "first_name": shopper.first_name,
        "last_name": shopper.last_name,
        "company": "",
        "address_1": "1 canary street",
        "address_2": "",
        "city": "Paris",
        "state": "",
        "postcode": "75001",
        "country": "FR",
    }
