"""Of which kind each field of a Shopify record must be, so that one that is of another is named.

Fields: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order. A record is looked through before it is read,
whose code then takes the kinds for granted. Texts that were hashed at the door stand where the person was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jalon.normalize.fields import count
from jalon.normalize.vocabulary import Unfit

Kind = Callable[[Any, str], object]
"""Looks at a value that is not null; the name is for the reason. Raises `Unfit`."""


def check(stream: str, body: Any) -> None:
    """Look through a record of a stream. Raises `Unfit` with the path of the first field that is not as it must be."""
    if type(body) is not dict:
        raise Unfit("bad_record", "the record is not an object")
    if stream == "orders" and body.get("deleted") is True:
        _NAMED(body, "")
    else:
        SHAPES[stream](body, "")


# --- kinds ----------------------------------------------------------------------------------------------------------


def _text(value: Any, name: str) -> None:
    if type(value) is not str:
        raise Unfit("bad_record", f"{name!r} is no text")


def _id(value: Any, name: str) -> None:
    _text(value, name)
    if not value:
        raise Unfit("missing_field", f"{name!r} is missing")


def _flag(value: Any, name: str) -> None:
    if type(value) is not bool:
        raise Unfit("bad_record", f"{name!r} is neither true nor false")


def _whole(value: Any, name: str) -> None:
    if type(value) is not int:
        raise Unfit("bad_record", f"{name!r} is no whole number")
    count(value, repr(name))


def _decimal(value: Any, name: str) -> None:
    if type(value) not in (str, int):
        raise Unfit("bad_money", f"{name!r} is no decimal amount")


def _of(fields: Mapping[str, Kind]) -> Kind:
    """Return the kind of an object. A field whose name ends in ! must be there, others may be left out or null."""
    split = [(name.rstrip("!"), name.endswith("!"), kind) for name, kind in fields.items()]

    def look(value: Any, name: str) -> None:
        if type(value) is not dict:
            raise Unfit("bad_record", f"{name!r} is no object")
        for field, is_needed, kind in split:
            inner = value.get(field)
            if inner is not None:
                kind(inner, f"{name}.{field}" if name else field)
            elif is_needed:
                raise Unfit("missing_field", f"{f'{name}.{field}' if name else field!r} is missing")

    return look


def _each(kind: Kind) -> Kind:
    """Return the kind of a list."""

    def look(value: Any, name: str) -> None:
        if type(value) is not list:
            raise Unfit("bad_record", f"{name!r} is no list of objects")
        for place, one in enumerate(value):
            kind(one, f"{name}[{place}]")

    return look


def _nodes(kind: Kind) -> Kind:
    return _of({"nodes!": _each(kind)})


# --- records --------------------------------------------------------------------------------------------------------

_MONEY = _of({"amount!": _decimal, "currencyCode!": _text})
_BAG = _of({"shopMoney!": _MONEY})
_TAXES = _each(_of({"priceSet!": _BAG}))
_DISCOUNTS = _each(_of({"allocatedAmountSet!": _BAG}))
_NAMED = _of({"id!": _id})
_LINE = {
    "id!": _id,
    "sku": _text,
    "title": _text,
    "quantity!": _whole,
    "isGiftCard": _flag,
    "product": _NAMED,
    "originalTotalSet!": _BAG,
    "discountAllocations": _DISCOUNTS,
    "taxLines": _TAXES,
}
_VISIT = {
    "id": _id,
    "occurredAt!": _text,
    "landingPage": _text,
    "referrerUrl": _text,
    "source": _text,
    "sourceType": _text,
    "utmParameters": _of(dict.fromkeys(("source", "medium", "campaign", "content", "term"), _text)),
}
_TRANSACTION = _of({"kind!": _text, "status!": _text, "processedAt": _text, "amountSet!": _BAG})
_WHOLE_REFUND = _of(
    {
        "id!": _id,
        "createdAt!": _text,
        "return": _of({}),
        "transactions!": _nodes(_TRANSACTION),
        "refundLineItems!": _nodes(_of({"lineItem!": _NAMED, "subtotalSet!": _BAG, "totalTaxSet!": _BAG})),
        "refundShippingLines": _nodes(_of({"subtotalAmountSet!": _BAG, "taxAmountSet!": _BAG})),
    }
)


def _refund(value: Any, name: str) -> None:
    """Look at a refund; an export tells no more than its id."""
    is_whole = type(value) is dict and "transactions" in value
    (_WHOLE_REFUND if is_whole else _NAMED)(value, name)


_JOURNEY = _of(
    {
        "ready": _flag,
        "customerOrderIndex": _whole,
        "firstVisit": _of(_VISIT),
        "lastVisit": _of(_VISIT),
        "moments": _nodes(_of(_VISIT)),
    }
)
_TEXTS = """
    createdAt! processedAt cancelledAt name displayFinancialStatus sourceName sourceIdentifier customer email phone
    checkoutToken alias_of
"""
_BAGS = """
    subtotalPriceSet totalDiscountsSet totalTaxSet totalReceivedSet totalShippingPriceSet originalTotalPriceSet
"""
_ORDER = _of(
    {
        "id!": _id,
        "currencyCode!": _id,
        **dict.fromkeys(_TEXTS.split(), _text),
        **dict.fromkeys(_BAGS.split(), _BAG),
        **dict.fromkeys(("deleted", "test", "edited", "taxesIncluded"), _flag),
        "totalPriceSet!": _of({"shopMoney!": _MONEY, "presentmentMoney": _MONEY}),
        "app": _NAMED,
        "attribution": _of({"handle": _text}),
        "customAttributes": _each(_of({"value": _text})),
        "shippingLine": _of({"discountedPriceSet!": _BAG, "taxLines": _TAXES, "discountAllocations": _DISCOUNTS}),
        "transactions": _each(_TRANSACTION),
        "lineItems": _nodes(_of(_LINE)),
        "refunds": _each(_refund),
        "returns": _nodes(_of({"id!": _id, "createdAt!": _text})),
        "customerJourneySummary": _JOURNEY,
    }
)
SHAPES: dict[str, Kind] = {
    "orders": _ORDER,
    "order_lines": _of({**_LINE, "order!": _NAMED, "taxesIncluded!": _flag}),
    "visits": _of({**_VISIT, "id!": _id, "order!": _NAMED}),
    "products": _of(
        {
            "id!": _id,
            "title": _text,
            "status": _text,
            "variants!": _nodes(_of({"id!": _id, "sku": _text, "price!": _decimal})),
        }
    ),
}
"""Stream -> the kind of its records."""
