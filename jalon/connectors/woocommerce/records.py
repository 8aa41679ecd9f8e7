"""What of WooCommerce's objects may come in, and what names and dates a record.

| stream | key | version |
| --- | --- | --- |
| orders | order id | date_modified_gmt; every refund moves it |
| products | product id | date_modified_gmt |

Both survive a redelivery and are the same by webhook and by poll, since a webhook only makes the object be read. A
record that says that an order is gone for good has the time of the reading as its version.

An order's record is the order as it was read, with what belongs to it beside it: `refunds` whole, `attribution` taken
out of the fields that WooCommerce's order attribution writes, `names`: ids of an order elsewhere that apps wrote into
it, `alias_of`: the platform whose alias address the buyer has, and `customer`, the customer's number under the name of
the shop, since shops count their customers from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from jalon.connectors.aliases import alias_of
from jalon.connectors.base import Record, Wait
from jalon.connectors.door import Hasher, each, fields, link, person, phone

Row = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Names: https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/src/Internal/Traits/OrderAttributionMeta.php
MARKS = frozenset(
    {
        "source_type",
        "referrer",
        "utm_campaign",
        "utm_source",
        "utm_medium",
        "utm_content",
        "utm_id",
        "utm_term",
        "session_entry",
    }
)
"""Fields of the order attribution that are kept. Device, browser and `origin` are labels in the shop's language; the
session's start is the visitor's clock without a zone."""
ORDER_NAME = re.compile(r"#?([0-9]{10,20})", re.ASCII)
"""What an order id of a platform looks like: longer than any number that a shop counts to."""


def version(row: Mapping[str, Any]) -> int:
    """Return when an object was last changed, microseconds since the epoch; 0 where it does not say.

    WooCommerce writes GMT without saying so: '2026-11-21T09:00:00'.
    """
    text = row.get("date_modified_gmt")
    if not text:
        return 0
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
    except (TypeError, ValueError):
        raise Wait("the shop sent an object without a readable date_modified_gmt") from None


def site(url: str) -> str:
    """Return what names a shop: host and path of its address."""
    parts = urlsplit(url)
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}"


def numbered(url: str, number: str) -> str:
    """Return a customer's number under the name of the shop, since shops count their customers from 1."""
    return f"{site(url)}:{number}"


def identity(row: Any) -> str:
    """Return an object's id as text. Raises `Wait` where the answer holds something else."""
    number = row.get("id") if isinstance(row, dict) else None
    if type(number) is not int or number <= 0:
        raise Wait("the shop's list holds something that is no object with an id")
    return str(number)


def order_record(order: Row, settings: Any, refunds: Sequence[Row]) -> Record:
    """Return an order with all that belongs to it."""
    meta = [
        (str(item.get("key")), item.get("value")) for item in order.get("meta_data") or () if isinstance(item, dict)
    ]
    prefix, customer = settings.attribution_prefix, order.get("customer_id")
    body = {
        **order,
        "refunds": _refunds(order.get("refunds"), refunds),
        "attribution": _attribution(meta, prefix),
        "names": _names(order, [(key, value) for key, value in meta if not key.startswith(prefix)]),
        "alias_of": _alias(order.get("billing")),
        "customer": numbered(settings.url, str(customer)) if customer else None,
    }
    return Record(identity(order), version(order), body)


def _refunds(briefly: Any, whole: Sequence[Row]) -> list[Row]:
    """Return the refunds of an order: `whole` as they were read, completed by what the order says of them `briefly`.

    Versions with the newer tables of orders were seen to leave refunds out of their own list, or to write 0 as their
    amounts: https://github.com/woocommerce/woocommerce/issues/35855 and 39215. The order then still has their totals.
    """
    listed = [one for one in briefly if isinstance(one, dict)] if isinstance(briefly, list) else []
    brief = {one["id"]: {"id": one["id"], "total": one.get("total")} for one in listed if type(one.get("id")) is int}
    found = [row if _has_amount(row) else {**row, **brief.get(row.get("id"), {})} for row in whole]
    known = {row.get("id") for row in whole}
    return [*found, *(one for number, one in brief.items() if number not in known)]


def _has_amount(refund: Row) -> bool:
    return bool(str(refund.get("amount") or "").strip("0."))


def gone_record(key: str, now: float) -> Record:
    """Return the mark that an order is deleted for good: a delivery said so, and the shop knows it no more."""
    return Record(key, int(now * 1_000_000), {"id": int(key), "status": "deleted"})


def product_record(product: Row, variations: Sequence[Row]) -> Record:
    """Return a product with its variations."""
    return Record(identity(product), version(product), {**product, "variations": list(variations)})


def _attribution(meta: Iterable[tuple[str, Any]], prefix: str) -> dict[str, str]:
    found = ((key.removeprefix(prefix), value) for key, value in meta if key.startswith(prefix))
    return {name: value for name, value in found if name in MARKS and type(value) is str}


def _names(order: Row, meta: Iterable[tuple[str, Any]]) -> list[str]:
    """Return what may be ids of the order elsewhere: its number, and fields about an order that hold only an id."""
    texts = [str(order.get("number"))]
    texts += [str(value) for key, value in meta if _is_about_order(key) and type(value) in (str, int)]
    matches = (ORDER_NAME.fullmatch(text) for text in texts)
    return list(dict.fromkeys(match[1] for match in matches if match))


def _is_about_order(key: str) -> bool:
    """Say whether a field is about an order, and not about where it came from: ids of posts look like ids of orders."""
    return "order" in key.lower() and "attribution" not in key.lower()


def _alias(billing: Any) -> str | None:
    return alias_of(billing.get("email")) if isinstance(billing, dict) else None


# --- the door -------------------------------------------------------------------------------------------------------
#
# Names, addresses, notes, IP address, user agent, payment ids, order key and all other meta data stay outside.

_MONEY_LINE = each("id total total_tax")
_REFUND = fields(
    "id amount total date_created_gmt refunded_payment",
    line_items=each("id product_id variation_id quantity total total_tax"),
    shipping_lines=_MONEY_LINE,
    fee_lines=_MONEY_LINE,
)


def _billing(value: Any, hasher: Hasher) -> Any:
    """Let e-mail and phone in; a number that tells no country is of the address's."""
    if not isinstance(value, dict):
        return None
    let_in: dict[str, Any] = _EMAIL(value, hasher)
    if "phone" in value:
        let_in["phone"] = phone(value["phone"], value.get("country"), hasher)
    return let_in


_EMAIL = fields("", email=person("email"))
ORDER = fields(
    "id number status currency created_via date_created_gmt date_modified_gmt date_paid_gmt date_completed_gmt"
    " total total_tax cart_tax discount_total discount_tax shipping_total shipping_tax prices_include_tax"
    " alias_of names",
    customer=person("woocommerce_customer"),
    billing=_billing,
    attribution=fields(
        "source_type utm_campaign utm_source utm_medium utm_content utm_id utm_term", referrer=link, session_entry=link
    ),
    line_items=each("id name product_id variation_id sku quantity subtotal subtotal_tax total total_tax"),
    fee_lines=_MONEY_LINE,
    refunds=each(_REFUND),
)
PRODUCT = fields(
    "id name type status sku price date_modified_gmt",
    variations=each("id sku price status"),
)
