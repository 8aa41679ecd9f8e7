"""What of Shopify's objects may come in, and what names and dates a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from jalon.connectors.aliases import alias_of
from jalon.connectors.base import Record, Wait
from jalon.connectors.door import Door, Hasher, each, fields, link, person

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def plain(gid: str) -> str:
    """Return the number in a global id ('gid://shopify/Order/88' -> '88'), which is all that other systems know."""
    return gid.rsplit("/", 1)[-1].partition("?")[0]


def gid(kind: str, number: str) -> str:
    """Return the global id that the API is asked with."""
    return f"gid://shopify/{kind}/{number}"


def version(updated_at: str) -> int:
    """Return an update time as a record's version, microseconds since the epoch."""
    try:
        return (datetime.fromisoformat(updated_at) - _EPOCH) // _MICROSECOND
    except (TypeError, ValueError):
        raise Wait("Shopify sent an object without a readable updatedAt") from None


def part(value: Any, *path: str) -> Any:
    """Return what lies at `path` in an answer. Raises `Wait` where it is not there: such answers are cut or broken."""
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise Wait(f"Shopify's answer lacks {'.'.join(path)}")
        value = value[name]
    return value


def record(node: Mapping[str, Any]) -> Record:
    """Return an object with `id` and `updatedAt` as a record of its window's stream."""
    return Record(plain(part(node, "id")), version(part(node, "updatedAt")), dict(node))


def order_record(order: Mapping[str, Any]) -> Record:
    """Return an order as a record. An address that a platform made up tells where it was made, and joins no person."""
    alias = alias_of(order.get("email"))
    return record(order if alias is None else {**order, "email": None, "alias_of": alias})


# --- the door -------------------------------------------------------------------------------------------------------
#
# Order attributes are free text of apps, themes and buyers. Only those that name an order elsewhere are let in.


def _customer(value: Any, hasher: Hasher) -> Any:
    """Replace the customer object by the keyed hash of its number, which is what deliveries call it by."""
    number = value.get("id") if isinstance(value, dict) else None
    return hasher("shopify_customer", plain(str(number))) if number else None


def _order_names(value: Any, _: Hasher) -> Any:
    """Keep the attributes whose key speaks of an order and whose value is nothing but an id."""
    if not isinstance(value, list):
        return None
    return [attribute for attribute in value if isinstance(attribute, dict) and _is_order_name(attribute)]


def _is_order_name(attribute: Mapping[str, Any]) -> bool:
    key, text = str(attribute.get("key")).lower(), str(attribute.get("value")).lstrip("#")
    return "order" in key and len(key) <= 64 and len(text) <= 64 and text.isascii() and text.isdigit()


def _visit(more: str = "") -> Door:
    return fields(
        f"id occurredAt source sourceType {more}",
        landingPage=link,
        referrerUrl=link,
        utmParameters=fields("source medium campaign content term"),
    )


_VISIT = _visit()
_LINE_FIELDS = """
    id sku title quantity currentQuantity isGiftCard product variant originalTotalSet discountAllocations taxLines
"""
_REFUND = fields(
    "id createdAt return",
    refundLineItems=fields("", nodes=each("quantity lineItem subtotalSet totalTaxSet")),
    refundShippingLines=fields("", nodes=each("subtotalAmountSet taxAmountSet")),
    transactions=fields("", nodes=each("id kind status processedAt amountSet")),
)

ORDER = fields(
    "id name createdAt updatedAt processedAt cancelledAt test edited displayFinancialStatus returnStatus taxesIncluded"
    " sourceName sourceIdentifier app attribution currencyCode presentmentCurrencyCode"
    " totalPriceSet subtotalPriceSet totalDiscountsSet totalTaxSet totalReceivedSet totalShippingPriceSet"
    " originalTotalPriceSet shippingLine deleted alias_of",
    customAttributes=_order_names,
    customer=_customer,
    email=person("email"),
    phone=person("phone"),
    checkoutToken=person("shopify_checkout"),
    transactions=each("id kind status processedAt amountSet"),
    lineItems=fields("", nodes=each(_LINE_FIELDS)),
    refunds=each(_REFUND),
    returns=fields("", nodes=each("id status createdAt")),
    customerJourneySummary=fields(
        "ready customerOrderIndex", firstVisit=_VISIT, lastVisit=_VISIT, moments=fields("", nodes=each(_VISIT))
    ),
)
ORDER_LINE = fields(f"{_LINE_FIELDS} order taxesIncluded")
VISIT = _visit("order")
PRODUCT = fields("id title status updatedAt", variants=fields("", nodes=each("id sku title price")))
