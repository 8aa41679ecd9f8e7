"""What TikTok Shop's deliveries mean: ids of what to read, a product tag put on or taken off, a word about the token.

https://partner.tiktokshop.com/docv2/page/tts-webhooks-overview and the page of each topic. Deliveries carry ids and a
status, never the object, so they only say what to read. The number of a topic alone does not tell its fields (the
documentation says so), hence each topic is known by its number and by the fields that it must have.

The time of a delivery is inside its signed body and no window for replays is defined. Here the rule is: older than a
day (retries end after 16 hours) or from the future is stale. A stale delivery still says what to read, which is
harmless, but raises no alarm.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Delivery, Notice, Opened, Record, Ref, Undelivered
from jalon.connectors.wire import Malformed, decode

STALE_AFTER = 24 * 3600
AHEAD = 600
"""Seconds that a delivery may be older than its arrival, or ahead of it, before it counts as stale."""


_NOTIFICATION = re.compile(rb'"tts_notification_id"\s*:\s*"?([1-9][0-9]{0,39})\b')


def notification(body: bytes) -> str:
    """Return the id of the notification, which its retries repeat and the signature covers; without one, a digest.

    Looked for in the raw bytes, since nothing is parsed at the door. A name within a text has its quotes escaped, so it
    is no match.
    """
    found = _NOTIFICATION.search(body)
    return found[1].decode() if found else hashlib.sha256(body).hexdigest()


class Said(NamedTuple):
    """What one topic says."""

    refs: Sequence[Ref] = ()
    records: Sequence[Record] = ()
    notices: Sequence[Notice] = ()


class Topic(NamedTuple):
    number: int
    name: str
    needs: frozenset[str]
    """Fields of `data` without which it is not this topic."""
    read: Callable[[Row, Row], Said]


def _id(row: Row, name: str) -> str:
    """Return an id. Raises `Undelivered` unless it is a whole number, as text or not."""
    value = text(row.get(name))
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise Undelivered(f"{name!r} is no id")
    return value


def _order(data: Row, _: Row) -> Said:
    return Said(refs=[Ref("orders", _id(data, "order_id"))])


def _cancellation(data: Row, _: Row) -> Said:
    order = _id(data, "order_id")
    return Said(refs=[Ref("cancellations", order), Ref("orders", order)])


def _return(data: Row, _: Row) -> Said:
    return Said(refs=[Ref("returns", _id(data, "order_id"))])


def _refund(data: Row, _: Row) -> Said:
    items = data["line_items"]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Undelivered("'line_items' is not a list of objects")
    return Said(refs=[Ref("returns", order) for order in dict.fromkeys(_id(item, "main_order_id") for item in items)])


def _tag(data: Row, envelope: Row) -> Said:
    event = data["event"]
    if not isinstance(event, dict):
        raise Undelivered("'event' is not an object")
    content, product = _id(event, "content_id"), _id(data, "product_id")
    at = envelope.get("timestamp")
    if not isinstance(at, int) or not 0 < at < 1 << 40:
        raise Undelivered("'timestamp' is no unix time")
    body = {
        "content_id": content,
        "product_id": product,
        "timestamp": at,
        "type": event.get("type"),
        "scene": event.get("scene"),
    }
    return Said(records=[Record(f"{content}/{product}", at * 1_000_000, body, "content_tags")])


def _deauthorised(_: Row, __: Row) -> Said:
    return Said(
        notices=[
            Notice("deauthorised", "the seller has withdrawn the app's authorisation; let them authorise it again")
        ]
    )


def _expires(data: Row, _: Row) -> Said:
    when = text(data.get("expiration_time"))[:40]
    return Said(
        notices=[
            Notice(
                "expires_soon",
                f"the authorisation ends{f' at {when}' if when.isalnum() else ' soon'}; let the seller renew it",
            )
        ]
    )


# Most telling fields first: the first row whose number and fields both fit is taken, else the first whose fields do.
TOPICS = (
    Topic(67, "REFUND_SUCCESS", frozenset({"aftersales_request_id", "line_items", "refund_total"}), _refund),
    Topic(11, "CANCELLATION_STATUS_CHANGE", frozenset({"order_id", "cancel_id"}), _cancellation),
    Topic(12, "RETURN_STATUS_CHANGE", frozenset({"order_id", "return_id"}), _return),
    Topic(1, "ORDER_STATUS_CHANGE", frozenset({"order_id", "order_status"}), _order),
    Topic(17, "SHOPPABLE_CONTENT_POSTING", frozenset({"product_id", "event"}), _tag),
    Topic(7, "UPCOMING_AUTHORIZATION_EXPIRATION", frozenset({"expiration_time"}), _expires),
)
BARE = {
    6: Topic(6, "SELLER_DEAUTHORIZATION", frozenset(), _deauthorised),
    7: Topic(7, "UPCOMING_AUTHORIZATION_EXPIRATION", frozenset(), _expires),
}
"""Topics that may come with a message only: known by their number alone."""


def open_delivery(delivery: Delivery, shop_id: str | None) -> Opened:
    """Say what a verified delivery means. Raises `Undelivered` if it is not what its topic promises."""
    envelope = _envelope(delivery.body)
    number, data = envelope.get("type"), envelope.get("data")
    topic = _topic(number, data if isinstance(data, dict) else {})
    if topic is None:
        return Opened(topic=f"type {_shown(number)}", known=False)
    stale = _stale(envelope.get("timestamp"), delivery.received_at)
    if mismatch := _mismatch(envelope.get("shop_id"), shop_id):
        return Opened(topic=topic.name, stale=stale, notices=() if stale else (mismatch,))
    said = topic.read(data if isinstance(data, dict) else {}, envelope)
    return Opened(
        topic=topic.name, stale=stale, records=said.records, refs=said.refs, notices=() if stale else said.notices
    )


def _envelope(body: bytes) -> Row:
    try:
        envelope = decode(body)
    except Malformed as error:
        raise Undelivered(str(error)) from None
    if not isinstance(envelope, dict):
        raise Undelivered("the body is not a JSON object")
    return envelope


def _topic(number: Any, data: Row) -> Topic | None:
    """Return the topic of a number and a shape; None if it is not ours. Raises `Undelivered` if they disagree."""
    fitting = [topic for topic in TOPICS if topic.needs <= data.keys()]
    if fitting:
        return next((topic for topic in fitting if topic.number == number), fitting[0])
    if type(number) is not int:
        return None
    if any(topic.number == number for topic in TOPICS) and number not in BARE:
        raise Undelivered(f"type {number} comes without the fields that it should have")
    return BARE.get(number)


def _stale(timestamp: Any, received_at: float) -> bool:
    if not isinstance(timestamp, int):
        return False
    return not -AHEAD <= received_at - timestamp <= STALE_AFTER


def _mismatch(given: Any, wanted: str | None) -> Notice | None:
    """Return a notice if the delivery is about another shop; topics about a creator name none."""
    if given is None or wanted is None or text(given) == wanted:
        return None
    about = f"a delivery about shop {_shown(given)} came to the address of shop {wanted}"
    return Notice("mismatch", f"{about}; check the address in Partner Center")


def _shown(value: Any) -> str:
    """Return an id for a sentence, with nothing in it that could be more than an id."""
    return text(value) if text(value).isalnum() and len(text(value)) <= 40 else "?"
