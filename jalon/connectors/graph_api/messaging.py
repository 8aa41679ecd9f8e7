"""What is told of a conversation: a person wrote, tapped, came by a link or an ad, or sent a cart; never the words.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events and
https://developers.facebook.com/docs/instagram-platform/webhooks. Of an event only ids and marks of origin are taken.

Identity: a message or postback by the digest of its `mid`, which a retry and a second delivery repeat; what has none (a
link followed in an open conversation, a cart) by account, time in milliseconds and what was referred to. Neither the
clear id of the person nor anything from which it could be read is part of a key.
"""

from __future__ import annotations

import hashlib
from typing import Any

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Notice, Opened, Record, Undelivered
from jalon.connectors.door import Rule, each, fields, person
from jalon.connectors.graph_api.deliveries import Envelope, Message, Taken, is_stale, taken
from jalon.connectors.wire import encode

LONGEST_REF = 200
NOTHING = Taken()


def door(kind: str) -> Rule:
    """Return the door of conversations; the person is hashed as an id of `kind`."""
    return fields(
        "account at kind story_id",
        person=person(kind),
        referral=fields("source type ref ad_id post_id product_id"),
        products=each("id retailer_id quantity"),
    )


def opened(found: Envelope, received_at: float, account: str | None, stream: str, beside: Taken = NOTHING) -> Opened:
    """Say what the conversations in a delivery mean, and what was read `beside` them.

    One app has one address for all of its accounts, so a delivery may tell of others than the source's (None: all are
    meant): those updates are counted in a notice and left. An odd update makes the delivery one that is not known
    whole: the others are taken, and its body is kept.
    """
    ours = [message for message in found.messages if account in (None, message.account)]
    elsewhere = len(found.messages) - len(ours)
    told = taken(ours, lambda message: record(message, stream))
    odd = found.odd + told.odd + beside.odd
    said = f"{elsewhere} events were about other accounts than {account}"
    return Opened(
        topic=_topic(found) + (f", {odd} odd" if odd else ""),
        known=bool(found.messages or beside.records) and not odd,
        stale=is_stale(found, received_at),
        records=[*told.records, *beside.records],
        notices=[Notice("mismatch", said)] if elsewhere else (),
    )


def _topic(found: Envelope) -> str:
    """Return what a delivery is about, for people: the kinds of its updates."""
    kinds = {kind_of(message.event) or "other messaging" for message in found.messages}
    return ", ".join(sorted(kinds | {change.field for change in found.changes}))[:80] or "empty"


def record(message: Message, stream: str) -> Record | None:
    """Return what an event says; None for what is no act of a person: echoes, receipts, reactions, edits.

    Raises `Undelivered` for one that names no person or no time.
    """
    kind = kind_of(message.event)
    if kind is None:
        return None
    sender = _inner(message.event, "sender")
    who = text(sender.get("id")) or text(sender.get("user_ref"))
    if not who or message.at is None:
        raise Undelivered(f"a {kind} names no sender or no time")
    body = {
        "account": message.account,
        "at": message.at,
        "kind": kind,
        "person": who,
        **_referred(message.event),
        "products": _products(message.event),
        "story_id": _story(message.event),
    }
    return Record(_key(message, body), 0, body, stream)


def kind_of(event: Row) -> str | None:
    """Return what a person did: message, postback, referral, cart; None: it was nobody, or nothing that counts."""
    message = event.get("message")
    if isinstance(message, dict):
        told_by_us = message.get("is_echo") or message.get("is_self")
        return None if told_by_us or message.get("is_deleted") else "message"
    return next((name for field, name in _KINDS if isinstance(event.get(field), dict)), None)


_KINDS = (("postback", "postback"), ("order", "cart"), ("referral", "referral"))


def _key(message: Message, body: Row) -> str:
    event = message.event
    for name in ("message", "postback"):
        if mid := text(_inner(event, name).get("mid")):
            return hashlib.sha256(mid.encode()).hexdigest()[:32]
    known = {name: value for name, value in body.items() if name != "person"}
    return hashlib.sha256(encode(known)).hexdigest()[:32]


def _referred(event: Row) -> Row:
    """Return where a person came from: a link of the brand, an ad, a product's page; nothing where it is not told."""
    for holder in (event, _inner(event, "message"), _inner(event, "postback"), _inner(event, "optin")):
        referral = holder.get("referral")
        if isinstance(referral, dict):
            return {"referral": _referral(referral)}
    return {}


def _referral(referral: Row) -> Row:
    ad = _inner(referral, "ads_context_data")
    found = {
        "source": text(referral.get("source")),
        "type": text(referral.get("type")),
        "ref": text(referral.get("ref"))[:LONGEST_REF],
        "ad_id": text(referral.get("ad_id")),
        "post_id": text(ad.get("post_id")),
        "product_id": text(_inner(referral, "product").get("id")) or text(ad.get("product_id")),
    }
    return {name: value for name, value in found.items() if value}


def _products(event: Row) -> list[Row]:
    """Return the products of a cart, or of a product that was sent on as a template."""
    listed = [*_list(_inner(event, "order").get("products"))]
    for attachment in _list(_inner(event, "message").get("attachments")):
        listed += _list(_inner(_inner(attachment, "payload"), "product").get("elements"))
    return [_product(product) for product in listed if text(product.get("id")) or text(product.get("retailer_id"))]


def _product(product: Row) -> Row:
    found = {name: text(product.get(name)) for name in ("id", "retailer_id", "quantity")}
    return {name: value for name, value in found.items() if value}


def _story(event: Row) -> str | None:
    """Return the story that a message replies to."""
    story = _inner(_inner(_inner(event, "message"), "reply_to"), "story")
    return text(story.get("id")) or None


def _inner(row: Row, name: str) -> Row:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Row]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
