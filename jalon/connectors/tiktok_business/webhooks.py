"""Deliveries of developers.tiktok.com: that a video was published, or that an authorisation was withdrawn.

https://developers.tiktok.com/doc/webhooks-verification. `TikTok-Signature: t=<unix seconds>,s=<hex>`, where `s` is the
HMAC-SHA256 of `t.body` under the app's client secret. Delivered at least once, and again for up to 72 hours. `content`
is JSON in text within JSON. No figures come this way, and a delivery names a share, not a video: the list is read as
ever. The person's id (`user_openid`) is not kept.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from jalon.connectors.base import Delivery, Notice, Opened, Undelivered
from jalon.connectors.wire import Malformed, decode

HEADER = "tiktok-signature"
RETRIED = 72 * 3600
"""Seconds for which the platform repeats a delivery; what is signed earlier is most likely a replay."""
SLACK = 3600
WITHDRAWN = "authorization.removed"
TOLD = "a user took back the authorisation of the app at developers.tiktok.com; if it is the brand, authorise it again"
"""It stops nothing: the user may be anybody, and the app is another one than that which reads."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),s=([0-9a-f]{64})", re.ASCII)


def verify(delivery: Delivery, secrets: Sequence[bytes]) -> bool:
    """Say whether a delivery is signed by one of the secrets. Never raises."""
    signed = _signature(delivery.headers)
    if signed is None:
        return False
    at, given = signed
    message = at.encode() + b"." + delivery.body
    expected = [hmac.new(secret, message, hashlib.sha256).hexdigest() for secret in secrets]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in expected)


def _signature(headers: Mapping[str, str]) -> tuple[str, str] | None:
    found = _SIGNATURE.fullmatch(headers.get(HEADER, "").replace(" ", ""))
    return (found[1], found[2]) if found else None


def delivery_key(delivery: Delivery) -> str:
    """Return the digest of the body: a delivery has no id, and is signed anew when it is sent again."""
    return hashlib.sha256(delivery.body).hexdigest()


def open_delivery(delivery: Delivery) -> Opened:
    """Say what a verified delivery means. Raises `Undelivered`."""
    try:
        body = decode(delivery.body)
    except Malformed as error:
        raise Undelivered(str(error)) from None
    if not isinstance(body, dict) or not isinstance(body.get("event"), str):
        raise Undelivered("the delivery names no event")
    event, signed = body["event"], _signature(delivery.headers)
    stale = signed is not None and delivery.received_at - int(signed[0]) > RETRIED + SLACK
    notices = [Notice("withdrawn", TOLD)] if event == WITHDRAWN else []
    known = event == WITHDRAWN or event.startswith("video.")
    return Opened(event, known=known, stale=stale, notices=notices)
