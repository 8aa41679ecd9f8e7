"""Webhooks of Meta: who signed them, the question whether an address is ours, and the envelope around what is told.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started. The signature is over the bytes as they came:
Meta writes `\\u00e4` where others write the letter, so JSON that was decoded and written again does not match.

Up to 1000 updates come in one delivery, of several accounts and in no order, and they are sent again for up to 36
hours, perhaps in other company. So a delivery's key is the digest of its body, and each thing in it is known by an id
of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import SecretStr

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Delivery, Record, Undelivered
from jalon.connectors.bodies import object_in
from jalon.connectors.graph_api.settings import Settings
from jalon.connectors.signatures import fits, held

T = TypeVar("T")

SIGNATURE = "x-hub-signature-256"
LONGEST_CHALLENGE = 128
MILLISECONDS = 100_000_000_000
"""Times above are in milliseconds, below in seconds: as seconds it is the year 5138, as milliseconds 1973."""
STALE_AFTER = 36 * 3600 + 3600
"""Seconds after which the platform has given a delivery up."""

# --- at the door ------------------------------------------------------------------------------------------------------


def secrets(settings: Settings) -> tuple[bytes, ...]:
    """Return the secrets that deliveries may be signed with, newest first."""
    return held(settings.app_secret, settings.app_secret_old)


def signed_by(secrets: Sequence[bytes], delivery: Delivery) -> bool:
    """Say whether the raw body is signed by one of the secrets. Never raises; all are tried, whichever fits."""
    return fits(delivery.headers.get(SIGNATURE), (signature(delivery.body, secret) for secret in secrets if secret))


def signature(body: bytes, secret: bytes) -> bytes:
    """Return the value of `X-Hub-Signature-256`."""
    return b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode()


def delivery_key(delivery: Delivery) -> str:
    """Return the digest of the body: a retry repeats it."""
    return hashlib.sha256(delivery.body).hexdigest()


def challenge(query: Mapping[str, str], verify_token: SecretStr | None) -> str | None:
    """Return `hub.challenge` if `hub.verify_token` is the word that only Meta was told; else None. Never raises."""
    given, said = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
    if verify_token is None or query.get("hub.mode") != "subscribe":
        return None
    word = verify_token.get_secret_value().encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), word):
        return None
    return said if said.isascii() and said.isalnum() and len(said) <= LONGEST_CHALLENGE else None


# --- what is understood of a delivery ---------------------------------------------------------------------------------


class Taken(NamedTuple):
    """Records of updates, and how many updates were odd: lacked what a record needs."""

    records: Sequence[Record] = ()
    odd: int = 0


def taken(updates: Iterable[T], read: Callable[[T], Record | None]) -> Taken:
    """Read each update by itself; one of which `read` raises `Undelivered` holds back no other."""
    records: list[Record] = []
    odd = 0
    for update in updates:
        try:
            record = read(update)
        except Undelivered:
            odd += 1
        else:
            records += [] if record is None else [record]
    return Taken(records, odd)


# --- the envelope -----------------------------------------------------------------------------------------------------


class Change(NamedTuple):
    """One update out of `entry[].changes[]`."""

    account: str
    at: int | None
    """Microseconds since the epoch, of the entry."""
    field: str
    value: Row


class Message(NamedTuple):
    """One event out of `entry[].messaging[]` or `entry[].standby[]`, or one that came as a change: it has a sender."""

    account: str
    at: int | None
    event: Row


class Envelope(NamedTuple):
    """All that a delivery holds. `odd`: how many updates had no form that is known."""

    object: str
    messages: list[Message]
    changes: list[Change]
    odd: int


def envelope_of(delivery: Delivery, object: str) -> Envelope:
    """Take a delivery about one kind of object apart. Raises `Undelivered` if it is about another."""
    found = envelope(delivery)
    if found.object != object:
        raise Undelivered(f"it is about an object of another kind than {object!r}")
    return found


def envelope(delivery: Delivery) -> Envelope:
    """Take a delivery apart; both forms of update may be in one entry. Raises `Undelivered` if it is none of Meta's."""
    body = object_in(delivery.body)
    entries = body.get("entry")
    if not isinstance(entries, list) or not isinstance(body.get("object"), str):
        raise Undelivered("the body has no 'object' and 'entry'")
    found = Envelope(body["object"], [], [], 0)
    odd = 0
    for entry in entries:
        odd += _entry(entry, found) if isinstance(entry, dict) else 1
    return found._replace(odd=odd)


def _entry(entry: Row, found: Envelope) -> int:
    """Add the updates of an entry to what was found; return how many had no known form."""
    account, at = text(entry.get("id")), microseconds(entry.get("time"))
    odd = 0
    for event in _listed(entry, "messaging") + _listed(entry, "standby"):
        if isinstance(event, dict):
            found.messages.append(Message(account, microseconds(event.get("timestamp")) or at, event))
        else:
            odd += 1
    for change in _listed(entry, "changes"):
        value = change.get("value") if isinstance(change, dict) else None
        if isinstance(value, dict) and isinstance(value.get("sender"), dict):
            found.messages.append(Message(account, microseconds(value.get("timestamp")) or at, value))
        elif isinstance(change, dict) and isinstance(value, dict):
            found.changes.append(Change(account, at, text(change.get("field")), value))
        else:
            odd += 1
    return odd


def _listed(row: Row, name: str) -> list[Any]:
    value = row.get(name)
    return value if isinstance(value, list) else []


def microseconds(value: Any) -> int | None:
    """Return a time of a delivery: whole seconds or milliseconds, as a number or as text. None: it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if type(value) is not int or not 0 < value < MILLISECONDS * 100:
        return None
    return value * (1_000 if value > MILLISECONDS else 1_000_000)


def is_stale(envelope: Envelope, received_at: float) -> bool:
    """Say whether all that a delivery tells is older than the platform still sends: most likely a replay."""
    updates: list[Message | Change] = [*envelope.messages, *envelope.changes]
    times = [update.at for update in updates if update.at is not None]
    return bool(times) and received_at - max(times) / 1e6 > STALE_AFTER
