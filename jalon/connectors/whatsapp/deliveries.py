"""What WhatsApp's deliveries hold: messages of persons, clicks on marketing messages, events that Meta has inferred.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview. One delivery carries up to
1000 changes, of several numbers and in no order, and is sent again for up to seven days, with the same ids in it.

What says nothing of a person's way to a purchase is not kept, and the delivery's topic names it and why: receipts of
what the business sent, the business's own messages, the account's own affairs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Delivery, Notice, Opened, Record
from jalon.connectors.graph_api.deliveries import Change, envelope, microseconds

OBJECT = "whatsapp_business_account"
STALE_AFTER = 7 * 86_400 + 3600
"""Seconds after which the platform has given a delivery up."""

# --- what is kept, and what is not, by name ---------------------------------------------------------------------------

UNKEPT_LISTS = {
    "statuses": "receipts of the business's own messages",
    "message_echoes": "the business's own messages",
    "errors": "trouble of the business's own requests",
}
"""Lists within a change that no record comes of, and why."""
READ_BESIDE = frozenset({"contacts"})
"""Lists that are read with the messages beside them."""
TEST = "0"
"""Account of the samples that the app's dashboard sends."""

# https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview#fields
UNKEPT_FIELDS = {
    "smb_message_echoes": "the business's own messages",
    "history": "chats of before the number was connected",
    "smb_app_state_sync": "the business's address book",
    "account_alerts": "affairs of the account",
    "account_review_update": "affairs of the account",
    "account_update": "affairs of the account",
    "business_capability_update": "affairs of the account",
    "message_template_components_update": "affairs of a template",
    "message_template_quality_update": "affairs of a template",
    "message_template_status_update": "affairs of a template",
    "phone_number_name_update": "affairs of a number",
    "phone_number_quality_update": "affairs of a number",
    "security": "affairs of a number",
    "template_category_update": "affairs of a template",
    "template_correct_category_detection": "affairs of a template",
    "user_preferences": "whether a person wants marketing messages",
}


class Said(NamedTuple):
    """What one change says."""

    records: Sequence[Record] = ()
    kept: Sequence[str] = ()
    unkept: Sequence[str] = ()
    is_known: bool = True


def open_delivery(delivery: Delivery, account: str) -> Opened:
    """Say what a verified delivery means. Raises `Undelivered` if it is none of Meta's."""
    found = envelope(delivery)
    if found.object != OBJECT:
        return Opened(topic=f"object {_word(found.object)}", known=False)
    ours = [change for change in found.changes if change.account == account]
    said = [_said(change) for change in ours]
    records = [record for each in said for record in each.records]
    stale = _is_stale(records, delivery.received_at)
    strangers = {change.account for change in found.changes} - {account, TEST}
    return Opened(
        topic=_topic(said) if ours else "of another account",
        known=not found.odd and all(each.is_known for each in said),
        stale=stale,
        records=records,
        notices=[] if stale else [_mismatch(other, account) for other in sorted(strangers)],
    )


def _said(change: Change) -> Said:
    if why := UNKEPT_FIELDS.get(change.field):
        return Said(unkept=[f"{change.field} ({why})"])
    lists = [name for name in change.value if isinstance(change.value[name], list) and name not in READ_BESIDE]
    read = [name for name in lists if name in LISTS]
    unkept = [f"{name} ({why})" for name in lists if (why := UNKEPT_LISTS.get(name))]
    records: list[Record] = []
    whole = bool(lists) and len(read) + len(unkept) == len(lists)
    for name in read:
        rows = [row for row in change.value[name] if isinstance(row, dict)]
        whole &= len(rows) == len(change.value[name])
        records += LISTS[name](rows, change.value)
    return Said(records, read if whole else [*read, f"unknown {_word(change.field)}"], unkept, whole)


def _topic(said: Iterable[Said]) -> str:
    """Name what a delivery holds: what is kept, then what is not and why."""
    kept = dict.fromkeys(name for each in said for name in each.kept)
    unkept = dict.fromkeys(name for each in said for name in each.unkept)
    return ", ".join(kept) + (f"{'; ' if kept else ''}not kept: {', '.join(unkept)}" if unkept else "") or "nothing"


def _mismatch(other: str, account: str) -> Notice:
    about = f"a delivery about the account {_word(other)} came to the address of {account}"
    return Notice("mismatch", f"{about}; give each account a source and an app of its own")


def _is_stale(records: Sequence[Record], received_at: float) -> bool:
    """Say whether all that is told is older than the platform still sends: most likely a replay."""
    newest = max((record.version for record in records), default=0)
    return bool(newest) and received_at - newest / 1e6 > STALE_AFTER


def _word(value: str) -> str:
    """Return a word of a delivery for a sentence, with nothing in it that could be more than a word."""
    return value if value.replace("_", "").isalnum() and value.isascii() and len(value) <= 40 else "?"


# --- records ----------------------------------------------------------------------------------------------------------


def _messages(rows: list[Row], value: Row) -> Iterator[Record]:
    listed = value.get("contacts")
    contacts = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    for row in rows:
        body = {**row, "contact": _contact(row, contacts, alone=len(rows) == 1), "phone_number_id": _number(value)}
        yield Record(text(row.get("id")), _at(row), body, "messages")


def _contact(message: Row, contacts: list[Row], *, alone: bool) -> Row | None:
    """Return the contact that a message is from: the one that shares an id with it, or the only one there is."""
    for contact in contacts:
        for mine, theirs in (("from_user_id", "user_id"), ("from", "wa_id")):
            if message.get(mine) and message[mine] == contact.get(theirs):
                return contact
    return contacts[0] if alone and len(contacts) == 1 else None


def _clicks(rows: list[Row], value: Row) -> Iterator[Record]:
    for row in rows:
        told = next((inner for inner in row.values() if isinstance(inner, dict)), {})
        body = {**told, **row, "phone_number_id": _number(value)}
        yield Record(click_key(body), _at(row), body, "clicks")


def click_key(body: Row) -> str:
    """Return what tells a click from others: all that is told of it but Meta's own token, as a digest.

    A redelivery repeats it. Two clicks of one second on the same product that carry no id of their own are one.
    """
    names = ("action_type", "timestamp", "click_id", "product_id", "click_component", "phone_number_id")
    told = json.dumps([body.get(name) for name in names], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _inferred(rows: list[Row], value: Row) -> Iterator[Record]:
    for row in rows:
        message, name = text(row.get("id")), text(row.get("event_name"))
        body = {**row, "phone_number_id": _number(value)}
        yield Record(f"{message}/{name}" if message and name else "", _at(row), body, "inferred_events")


def _number(value: Row) -> str | None:
    """Return the id of the business's number."""
    metadata = value.get("metadata")
    return text(metadata.get("phone_number_id")) or None if isinstance(metadata, dict) else None


def _at(row: Row) -> int:
    return microseconds(row.get("timestamp")) or 0


LISTS: dict[str, Callable[[list[Row], Row], Iterable[Record]]] = {
    "messages": _messages,
    "user_actions": _clicks,
    "automatic_events": _inferred,
}
"""Lists within a change that records are made of."""
