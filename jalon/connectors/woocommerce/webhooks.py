"""Deliveries: who signed them, and what they ask to be read.

WooCommerce signs the body and nothing else, and never sends a delivery again. Topic and id stand in headers that anyone
who once saw a signed body can write anew; so deliveries only say what to read, and a topic must fit its body.
https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from jalon.connectors.base import Delivery, Opened, Ref, Undelivered
from jalon.connectors.bodies import object_in
from jalon.connectors.signatures import fits, signed

PING = re.compile(rb"webhook_id=[0-9]{1,20}")
"""The body of what WooCommerce posts when a webhook is saved: no header of its own, no signature."""


class Topic(NamedTuple):
    """What a topic is about, and fields that its body must have."""

    stream: str
    needs: frozenset[str]


_ORDER = Topic("orders", frozenset({"id", "line_items", "billing"}))
_PRODUCT = Topic("products", frozenset({"id", "sku", "type"}))

TOPICS: dict[str, Topic] = {
    "order.created": _ORDER,
    "order.updated": _ORDER,
    "order.restored": _ORDER,
    "order.deleted": Topic("orders", frozenset({"id"})),
    "product.created": _PRODUCT,
    "product.updated": _PRODUCT,
    "product.restored": _PRODUCT,
    "product.deleted": Topic("products", frozenset({"id"})),
}
"""A refund has no topic: it comes as order.updated."""


# WordPress signs with the secret after it has read these as the signs that they stand for.
_ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&#039;", b"'"), (b"&#39;", b"'"), (b"&amp;", b"&"))


def meant(secret: bytes) -> bytes:
    """Return the secret that WooCommerce signs with where this one is configured."""
    for entity, sign in _ENTITIES:
        secret = secret.replace(entity, sign)
    return secret


def verify(delivery: Delivery, secrets: Sequence[bytes]) -> bool:
    """Say whether one of the secrets signed the raw body. All are tried, whichever fits."""
    right = (signed(delivery.body, meant(secret)) for secret in secrets)
    return fits(delivery.headers.get("x-wc-webhook-signature"), right)


def is_ping(delivery: Delivery) -> bool:
    """Say whether this is the unsigned question whether anybody is there."""
    headers = delivery.headers
    form = headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    return form and "x-wc-webhook-topic" not in headers and PING.fullmatch(delivery.body) is not None


def delivery_key(delivery: Delivery) -> str:
    """Return (topic, delivery id, digest of the body).

    The delivery id is made of the webhook's id and the second: two deliveries of one second share it, and the digest
    tells them apart. The digest alone would not do: an order that is deleted twice has the same body twice.
    """
    headers = delivery.headers
    marks = (headers.get("x-wc-webhook-topic", ""), headers.get("x-wc-webhook-delivery-id", ""))
    return "|".join((*(mark[:80] for mark in marks), hashlib.sha256(delivery.body).hexdigest()))


def open_delivery(delivery: Delivery) -> Opened:
    """Say what a verified delivery asks to be read. Raises `Undelivered` where topic and body contradict each other."""
    name, body = delivery.headers.get("x-wc-webhook-topic", ""), object_in(delivery.body)
    topic = TOPICS.get(name)
    if topic is None:
        return Opened(name, known=False)
    if "code" in body and "message" in body:
        reason = (
            f"WooCommerce could not write the body of {name} ({str(body['code'])[:80]}): the user who owns the webhook"
        )
        raise Undelivered(f"{reason} may not read it any more; let a shop manager save the webhook again")
    missing = topic.needs - body.keys()
    if missing:
        raise Undelivered(f"the body is not one of {name}: it lacks {', '.join(sorted(missing))}")
    return Opened(name, refs=[Ref(topic.stream, _number(body["id"], name))])


def _number(value: Any, name: str) -> str:
    """Return an id as text; of a deleted order it may come as text."""
    text = str(value) if type(value) in (int, str) else ""
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 20 and int(text)):
        raise Undelivered(f"the body of {name} names no id")
    return text
