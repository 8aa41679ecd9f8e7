"""Deliveries: which topics are taken, who signed them, and what they ask to be read.

Shopify signs the body and nothing else. Topic, shop and delivery id stand in headers that anyone who once saw a signed
body can write anew. So deliveries only say what to read, a topic must fit the body that it comes with, and an order is
taken for deleted only once the API says so too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from jalon.connectors.base import Delivery, Erasure, Notice, Opened, Ref, Undelivered
from jalon.connectors.bodies import object_in
from jalon.connectors.shopify.orders import GONE
from jalon.connectors.signatures import fits, signed

# --- topics ---------------------------------------------------------------------------------------------------------
#
# https://shopify.dev/docs/api/webhooks and, for the three that every app must answer,
# https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance


class Topic(NamedTuple):
    """A topic: what it is about, by which path its body names the order, and which fields are enough."""

    about: str
    order: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


_WHOLE = Topic("order", ("id",), ("id", "admin_graphql_api_id", "updated_at"))
_OF_ORDER = Topic("order", ("order_id",), ("id", "order_id"))
_RETURN = Topic("order", ("order", "id"), ("id", "order"))

SUBSCRIBED: dict[str, Topic] = {
    "orders/create": _WHOLE,
    "orders/updated": _WHOLE,
    "orders/cancelled": _WHOLE,
    "orders/edited": Topic("order", ("order_edit", "order_id"), ("order_edit",)),
    "orders/delete": Topic("gone", ("id",), ("id",)),
    "refunds/create": _OF_ORDER,
    "order_transactions/create": _OF_ORDER,
    "returns/request": _RETURN,
    "returns/approve": _RETURN,
    "returns/decline": _RETURN,
    "returns/cancel": _RETURN,
    "returns/close": _RETURN,
    "returns/reopen": _RETURN,
    "returns/process": _RETURN,
    "returns/update": _RETURN,
    "app/uninstalled": Topic("uninstalled", fields=("id", "myshopify_domain")),
    "bulk_operations/finish": Topic("nothing", fields=("admin_graphql_api_id", "status")),
}
TOPICS: dict[str, Topic] = {
    **SUBSCRIBED,
    "customers/data_request": Topic("disclosure"),
    "customers/redact": Topic("erasure"),
    "shop/redact": Topic("shop_erasure"),
}
"""Those that are asked for by API, and the three that are set in the app's own configuration."""

STALE = 2 * 86_400.0
"""Seconds after its event by which a delivery has arrived, or Shopify has given up: they may be a day late."""

# --- at the door ----------------------------------------------------------------------------------------------------


def header(delivery: Delivery, name: str) -> str:
    """Return a header of Shopify's, in the form with or without `X-`."""
    return delivery.headers.get(f"x-shopify-{name}") or delivery.headers.get(f"shopify-{name}") or ""


def verify(delivery: Delivery, secrets: Sequence[bytes]) -> bool:
    """Say whether one of the secrets signed the raw body. All are tried, whichever fits."""
    return fits(header(delivery, "hmac-sha256"), (signed(delivery.body, secret) for secret in secrets))


def delivery_key(delivery: Delivery) -> str:
    """Return (shop, topic, delivery id): the id alone is one merchant action, which several topics may share."""
    mark = header(delivery, "webhook-id") or "sha256:" + hashlib.sha256(delivery.body).hexdigest()
    return "|".join((header(delivery, "shop-domain").lower(), header(delivery, "topic"), mark))


# --- opening --------------------------------------------------------------------------------------------------------


def open_delivery(delivery: Delivery, shop: str) -> Opened:
    """Say what a verified delivery means. Raises `Undelivered` where its parts contradict each other."""
    name, body = header(delivery, "topic"), object_in(delivery.body)
    _require_shop(delivery, body, shop)
    topic = TOPICS.get(name)
    if topic is None:
        return Opened(name, known=False)
    return replace(_opened(name, topic, body, shop), stale=_is_stale(delivery))


def _opened(name: str, topic: Topic, body: dict[str, Any], shop: str) -> Opened:
    match topic.about:
        case "order":
            return Opened(name, refs=[Ref("orders", _order(body, topic, name))])
        case "gone":
            gone = GONE if "updated_at" not in body else ""
            return Opened(name, refs=[Ref("orders", _order(body, topic, name) + gone)])
        case "uninstalled":
            return Opened(name, notices=[_uninstalled(body, shop)])
        case "nothing":
            return Opened(name)
        case _:
            return _about_people(name, topic.about, body)


def _is_stale(delivery: Delivery) -> bool:
    """Say whether a delivery says that it is older than Shopify sends any."""
    try:
        sent = datetime.fromisoformat(header(delivery, "triggered-at")).timestamp()
    except (ValueError, OverflowError, OSError):
        return False
    return delivery.received_at - sent > STALE


def _require_shop(delivery: Delivery, body: Mapping[str, Any], shop: str) -> None:
    """Refuse what belongs to another shop: an app has one secret for all of its shops."""
    for domain in (header(delivery, "shop-domain"), body.get("shop_domain"), body.get("myshopify_domain")):
        if domain is not None and str(domain).lower() != shop:
            raise Undelivered(f"the delivery is of another shop than {shop}")


def _number(value: Any) -> str | None:
    """Return an id as text; None if it is none."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdigit() and 0 < len(text) <= 20 else None


def _order(body: Any, topic: Topic, name: str) -> str:
    """Return the order that a body is about. Raises `Undelivered` if it is not a body of that topic."""
    value = body
    for step in topic.order:
        value = value.get(step) if isinstance(value, dict) else None
    number = _number(value)
    if number is None:
        raise Undelivered(f"a body of {name} names its order in {'.'.join(topic.order)}, and this one does not")
    return number


def _uninstalled(body: Mapping[str, Any], shop: str) -> Notice:
    if str(body.get("myshopify_domain", body.get("domain", ""))).lower() != shop:
        raise Undelivered("a body of app/uninstalled names the shop, and this one does not")
    return Notice("uninstalled", f"the app was removed from {shop}; nothing can be read until it is installed again")


# The topic is not signed, so each of the three is known by the shape that only its body has.


def _about_people(name: str, about: str, body: Mapping[str, Any]) -> Opened:
    if body.get("shop_domain") is None or about != _shape(body):
        raise Undelivered(f"the body is not one of {name}")
    request = str(part.get("id", "")) if isinstance(part := body.get("data_request"), dict) else ""
    if about == "shop_erasure":
        return Opened(name, erasures=[Erasure((), everything=True)])
    orders = body.get("orders_requested") if about == "disclosure" else body.get("orders_to_redact")
    concerned = Erasure(_identifiers(body.get("customer")), _numbers(orders), request=request)
    return Opened(name, disclosures=[concerned]) if about == "disclosure" else Opened(name, erasures=[concerned])


def _shape(body: Mapping[str, Any]) -> str:
    if "orders_to_redact" in body:
        return "erasure"
    if "orders_requested" in body or "data_request" in body:
        return "disclosure"
    return "shop_erasure" if "customer" not in body else "erasure"


def _numbers(values: Any) -> tuple[str, ...]:
    return tuple(number for value in values if (number := _number(value))) if isinstance(values, list) else ()


def _identifiers(customer: Any) -> tuple[tuple[str, str], ...]:
    """Return the identifiers by which a customer may be known here."""
    known = customer if isinstance(customer, dict) else {}
    named = (("shopify_customer", known.get("id")), ("email", known.get("email")), ("phone", known.get("phone")))
    return tuple((kind, str(value)) for kind, value in named if value not in (None, ""))
