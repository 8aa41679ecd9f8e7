"""Be told of new, changed and deleted videos by the hub (WebSub), instead of at the next poll.

https://developers.google.com/youtube/v3/guides/push_notifications,
https://pubsubhubbub.github.io/PubSubHubbub/pubsubhubbub-core-0.3.html. Notices go missing, so the poll remains the
truth: a notice only says which video to read now. A subscription is a lease of some days, asked for anew when a fifth
of it is left.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from jalon.connectors.base import Deadline, Delivery, Finding, Notice, Opened, Ref, Request, Session, Undelivered
from jalon.connectors.signatures import fits
from jalon.connectors.youtube.account import FORM
from jalon.connectors.youtube.faults import shown
from jalon.connectors.youtube.feed import BadFeed, Entry, entries
from jalon.connectors.youtube.uploads import is_id

TOPIC = "https://www.youtube.com/xml/feeds/videos.xml?channel_id={}"
LEASE = 5 * 86_400
"""Seconds that a subscription is asked for; the hub gives no more than ten days."""
LONGEST_CHALLENGE = 512
LONGEST_SECRET = 199
"""Bytes: the protocol wants less than 200."""

# --- subscribing ------------------------------------------------------------------------------------------------------


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding | Deadline]:
    """Ask the hub to post to `address`; it asks there at once whether that is wanted, before it answers."""
    secret = session.settings.hub_secret
    if secret is None:
        yield Finding(
            "push", "warn", "no hub_secret is set: nothing is told between polls", "set hub_secret to a random text"
        )
        return
    topic = TOPIC.format(session.account["channel"])
    form = {
        "hub.mode": "subscribe",
        "hub.topic": topic,
        "hub.callback": address,
        "hub.verify": "sync",
        "hub.secret": secret.get_secret_value(),
        "hub.lease_seconds": str(LEASE),
        "hub.verify_token": token(secret.get_secret_value().encode(), topic),
    }
    ask = Request("POST", "/subscribe", body=urlencode(form).encode(), headers=FORM, host="hub", anonymous=True)
    answer = await session.ask(ask)
    said = "is verified" if answer.status == 204 else "is asked for; the hub verifies it later"
    yield Finding("push", "ok", f"the subscription for {LEASE // 86_400} days {said}")
    yield Deadline(
        "subscription",
        "the subscription to notices ends, and new videos are only found by polling",
        session.now() + LEASE,
        "run `jalon sync` while `jalon serve` can be reached",
        LEASE / 10,
    )


def token(secret: bytes, topic: str) -> str:
    """Return what proves that a topic is one that this installation asked for."""
    return hmac.digest(secret, b"topic\0" + topic.encode(), "sha256").hex()


def challenge(query: Mapping[str, str], channel: str | None, secrets: Sequence[bytes]) -> str | None:
    """Return the challenge of a hub that asks whether a subscription is wanted; None: it is not one of ours.

    It is ours if the topic is that of the channel in the settings, or if our own token for it comes back.
    """
    topic, wanted = query.get("hub.topic", ""), query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not 0 < len(wanted) <= LONGEST_CHALLENGE:
        return None
    if not (wanted.isascii() and wanted.isprintable()):
        return None
    given = query.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
    ours = channel is not None and topic == TOPIC.format(channel)
    for secret in secrets:
        expected = token(secret, topic.encode("utf-8", "replace").decode()).encode()
        ours |= hmac.compare_digest(expected, given) and topic.startswith(TOPIC.format(""))
    return wanted if ours else None


# --- deliveries -------------------------------------------------------------------------------------------------------


def signed_by(secrets: Sequence[bytes], body: bytes, given: str | None) -> bool:
    """Say whether `X-Hub-Signature` is `sha1=` and the HMAC-SHA1 in hex of the body under one of the secrets."""
    return fits(given, (b"sha1=" + hmac.digest(secret, body, "sha1").hex().encode() for secret in secrets if secret))


def open_delivery(delivery: Delivery, settings: Any) -> Opened:
    """Say which videos to read. Raises `Undelivered`.

    A tombstone comes for a video that was deleted, and for one that was only made private: reading it tells which.
    """
    try:
        found = entries(delivery.body)
    except BadFeed as error:
        raise Undelivered(str(error)) from None
    if not found:
        return Opened("feed", known=False)
    strange = [entry for entry in found if not _is_ours(entry, settings.channel_id)]
    notices = [_mismatch(entry, settings.channel_id) for entry in strange[:1]]
    refs = [_ref(entry) for entry in found if entry not in strange]
    return Opened("deleted" if all(entry.is_gone for entry in found) else "video", refs=refs, notices=notices)


def _ref(entry: Entry) -> Ref:
    if not is_id(entry.video_id):
        raise Undelivered("an entry names no video")
    return Ref("videos", entry.video_id)


def _is_ours(entry: Entry, channel: str | None) -> bool:
    return channel is None or not entry.channel_id or entry.channel_id == channel


def _mismatch(entry: Entry, channel: str | None) -> Notice:
    about = f"a notice about channel {shown(entry.channel_id)} came to the address of channel {channel}"
    return Notice("mismatch", f"{about}; end that subscription at the hub")
