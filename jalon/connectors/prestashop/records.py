"""What of PrestaShop's objects may come in, and what names and dates a record.

| stream | key | version |
| --- | --- | --- |
| orders | order id | date_upd: a change of state, of a line, and a credit slip move it |
| order_slips | slip id | date_upd |
| products | product id | date_upd |

Times of change are local; `clock` says how they become versions. What an order only points to is read beside it and put
into its record, so that it can be understood by itself: `currency`, its `state` and the states that it went through
(`histories`), its vouchers (`cart_rules`), the customer's `email`, and `customer`, its number under the name of the
shop, since shops count their customers from 1. A slip names no currency: it is that of its order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jalon.connectors.base import Record, Wait
from jalon.connectors.door import each, fields, person
from jalon.connectors.local_clock import version

Row = dict[str, Any]

# Fields: https://devdocs.prestashop-project.org/8/webservice/resources/
ORDER_FIELDS = (
    "id reference id_currency id_customer current_state module valid invoice_date date_add date_upd conversion_rate"
    " id_shop total_discounts_tax_excl total_paid_tax_incl total_paid_tax_excl total_paid_real total_products"
    " total_products_wt total_shipping_tax_incl total_shipping_tax_excl total_wrapping_tax_excl"
)
ROW_FIELDS = (
    "id product_id product_attribute_id product_quantity product_name product_reference product_price"
    " unit_price_tax_incl unit_price_tax_excl"
)
SLIP_FIELDS = (
    "id id_order total_products_tax_excl total_products_tax_incl total_shipping_tax_excl total_shipping_tax_incl"
    " amount shipping_cost_amount order_slip_type date_add date_upd"
)
PRODUCT_FIELDS = "id reference name price active date_upd"


class Tables(NamedTuple):
    """What orders point to, by id."""

    currencies: Mapping[str, str]
    """ISO code."""
    states: Mapping[str, Row]


class Beside(NamedTuple):
    """Rows of other resources that belong to one order."""

    histories: Sequence[Row]
    cart_rules: Sequence[Row]


def site(url: str, shop: int | None = None) -> str:
    """Return what names a shop: host and path of its address, and its number in a multi-shop installation."""
    parts = urlsplit(url)
    name = f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}"
    return f"{name}#{shop}" if shop is not None else name


def numbered(place: str, customer: str) -> str:
    """Return a customer's number under the name of the shop, since shops count their customers from 1."""
    return f"{place}:{customer}"


def identity(row: Any, name: str = "id") -> str:
    """Return an id as text, which comes as a number or as text. Raises `Wait` where there is none."""
    value = row.get(name) if isinstance(row, dict) else None
    text = str(value) if type(value) in (int, str) else ""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise Wait(f"the shop's answer holds something that has no {name}")
    return str(int(text))


def pointer(row: Any, name: str) -> str | None:
    """Return the id that a field points to; None where it points nowhere."""
    value = str(row.get(name) or "0") if isinstance(row, dict) else "0"
    return value if value.isascii() and value.isdigit() and int(value) else None


def listed(value: Any) -> list[Row]:
    """Return a list of objects: one alone may come without its list, none as null or nothing."""
    if isinstance(value, dict):
        return [value]
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def one_text(value: Any) -> str | None:
    """Return a text that may come in several languages: then that of the first."""
    if isinstance(value, list):
        value = next((row.get("value") for row in listed(value)), None)
    return value if isinstance(value, str) else None


def order_record(order: Row, beside: Beside, email: str | None, tables: Tables, zone: ZoneInfo, place: str) -> Record:
    """Return an order with what it points to. Raises `Wait`."""
    customer, state = pointer(order, "id_customer"), pointer(order, "current_state")
    associations = order.get("associations")
    body = {
        **order,
        "currency": tables.currencies.get(identity(order, "id_currency")),
        "state": tables.states.get(state or ""),
        "histories": [
            {"date_add": row.get("date_add"), "state": tables.states.get(pointer(row, "id_order_state") or "")}
            for row in beside.histories
        ],
        "cart_rules": list(beside.cart_rules),
        "email": email,
        "customer": numbered(place, customer) if customer else None,
        "order_rows": listed(associations.get("order_rows")) if isinstance(associations, dict) else [],
    }
    return Record(identity(order), version(order.get("date_upd"), zone), body)


def slip_record(slip: Row, order: Row | None, tables: Tables, zone: ZoneInfo) -> Record:
    """Return a credit slip with what it needs of its order. Raises `Wait`."""
    of_order = order or {}
    body = {
        **slip,
        "currency": tables.currencies.get(pointer(of_order, "id_currency") or ""),
        "order_products": of_order.get("total_products"),
        "order_products_wt": of_order.get("total_products_wt"),
    }
    return Record(identity(slip), version(slip.get("date_upd"), zone), body)


def product_record(product: Row, combinations: Sequence[Row], zone: ZoneInfo) -> Record:
    """Return a product with its combinations. Raises `Wait`."""
    body = {**product, "name": one_text(product.get("name")), "combinations": list(combinations)}
    return Record(identity(product), version(product.get("date_upd"), zone), body)


# --- the door -------------------------------------------------------------------------------------------------------
#
# Addresses, names, notes, gift messages and the customer's password hash are not even asked for.

_STATE = fields("id paid logable template")
ORDER = fields(
    f"{ORDER_FIELDS.replace(' id_customer', '')} currency",
    email=person("email"),
    customer=person("prestashop_customer"),
    state=_STATE,
    histories=each(fields("date_add", state=_STATE)),
    cart_rules=each("value_tax_excl free_shipping deleted"),
    order_rows=each(ROW_FIELDS),
)
ORDER_SLIP = fields(f"{SLIP_FIELDS} currency order_products order_products_wt")
PRODUCT = fields(PRODUCT_FIELDS, combinations=each("id reference price"))
