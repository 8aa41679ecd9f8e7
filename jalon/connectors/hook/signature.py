"""The signature of Standard Webhooks 1.0.0, symmetric: HMAC-SHA256 over `id.timestamp.body`.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme

| header | holds |
| --- | --- |
| webhook-id | the message, the same in every try |
| webhook-timestamp | unix seconds of this try: signed, and refused outside the tolerance, so no copy can be replayed |
| webhook-signature | signatures, parted by spaces: `v1,BASE64`; other versions are passed over |
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from jalon.connectors.base import Delivery

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
MOST = 32
"""Signatures looked at: a sender has a few while it rotates, and a stranger's thousand cost time."""


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret as it is handed out. Raises `ValueError` that does not tell the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is no base64 behind {PREFIX}") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"must be {SHORTEST} to {LONGEST} bytes, in base64 behind {PREFIX}")
    return key


def sign(key: bytes, message: bytes, timestamp: bytes, body: bytes) -> bytes:
    """Return the signature of a delivery, `v1,BASE64`."""
    return b"v1," + base64.b64encode(hmac.digest(key, b".".join((message, timestamp, body)), "sha256"))


def verify(delivery: Delivery, secrets: Sequence[bytes], tolerance: float) -> bool:
    """Say whether one of the secrets signed the raw delivery, about now. Every pair is compared, whichever fits."""
    message, timestamp = _header(delivery, "webhook-id"), _header(delivery, "webhook-timestamp")
    # The parts are joined by full stops: an id that holds one could borrow from the timestamp.
    is_whole = bool(message) and b"." not in message and timestamp.isdigit() and len(timestamp) <= 12
    is_timely = is_whole and abs(delivery.received_at - int(timestamp)) <= tolerance
    claimed = _header(delivery, "webhook-signature").split(b" ")[:MOST]
    wanted = [sign(key, message, timestamp, delivery.body) for key in secrets]
    matches = [hmac.compare_digest(one, other) for one in wanted for other in claimed]
    return any(matches) and is_timely


def delivery_key(delivery: Delivery) -> str:
    """Return the message's id, or the body's digest where it has none."""
    message = delivery.headers.get("webhook-id", "")
    return f"id:{message}" if message else f"sha256:{hashlib.sha256(delivery.body).hexdigest()}"


def _header(delivery: Delivery, name: str) -> bytes:
    return delivery.headers.get(name, "").strip().encode("latin-1", "replace")
