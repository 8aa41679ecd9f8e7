"""The hub, played: subscriptions that are verified at the subscriber's address, leases, and signed feeds.

Own reading of PubSubHubbub Core 0.3 and of YouTube's guide "Subscribe to Push Notifications"; a tombstone comes when a
video is deleted, `updated` has nine digits of a second.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.webhooks import Event
from jalon.sandbox.world import Post
from jalon.sandbox.youtube.data import CHANNEL
from jalon.sandbox.youtube.figures import Figures

TOPIC = "https://www.youtube.com/xml/feeds/videos.xml?channel_id="
USUAL_LEASE = 432_000
LONGEST_LEASE = 864_000
TIMEOUT = 10.0
RETRIES = (60.0, 600.0, 3600.0)
_ENTRY = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom">
 <link rel="hub" href="https://pubsubhubbub.appspot.com"/><title>YouTube video feed</title><updated>{updated}</updated>
 <entry><id>yt:video:{video}</id><yt:videoId>{video}</yt:videoId><yt:channelId>{channel}</yt:channelId>
 <title>{title}</title><link rel="alternate" href="https://www.youtube.com/watch?v={video}"/>
 <author><name>Atelier Jalon</name><uri>https://www.youtube.com/channel/{channel}</uri></author>
 <published>{published}</published><updated>{updated}</updated></entry></feed>
"""
_TOMBSTONE = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">
 <at:deleted-entry ref="yt:video:{video}" when="{when}"><link href="https://www.youtube.com/watch?v={video}"/>
 <at:by><name>Atelier Jalon</name><uri>https://www.youtube.com/channel/{channel}</uri></at:by></at:deleted-entry></feed>
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One address that wants a topic, until its lease ends."""

    address: str
    topic: str
    secret: bytes
    until: float


class Hub:
    """Subscriptions by address and topic."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock
        self.subscriptions: dict[tuple[str, str], Subscription] = {}

    async def subscribe(self, request: web.Request) -> web.Response:
        """Answer POST /subscribe: 204 once the address has confirmed, 409 if it has not."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        topic, address = form.get("hub.topic", ""), form.get("hub.callback", "")
        if form.get("hub.mode") != "subscribe" or not topic.startswith(TOPIC) or not address:
            return web.Response(status=400, text="hub.mode, hub.topic and hub.callback are required")
        secret = form.get("hub.secret", "").encode()
        if len(secret) >= 200:
            return web.Response(status=400, text="hub.secret must be shorter than 200 bytes")
        wanted = form.get("hub.lease_seconds") or str(USUAL_LEASE)
        if form.get("hub.verify") not in ("sync", "async") or not wanted.isdecimal():
            return web.Response(status=400, text="hub.verify and hub.lease_seconds are not right")
        lease = min(int(wanted), LONGEST_LEASE)
        if not await _confirmed(address, topic, lease, form.get("hub.verify_token", "")):
            return web.Response(status=409, text="the subscriber did not confirm")
        self.subscriptions[address, topic] = Subscription(address, topic, secret, self._clock.now() + lease)
        return web.Response(status=204 if form.get("hub.verify") == "sync" else 202)

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until] under leases that still run."""
        return [
            _event(at, body, subscription)
            for at, body in self._told(after, until)
            for subscription in self.subscriptions.values()
            if subscription.topic == TOPIC + CHANNEL and at < subscription.until
        ]

    def _told(self, after: float, until: float) -> Iterator[tuple[int, bytes]]:
        for post in self._figures.posts:
            if after < post.posted_at <= until:
                yield post.posted_at, entry(post)
            if post.deleted_at is not None and after < post.deleted_at <= until:
                yield post.deleted_at, tombstone(post.id, post.deleted_at)


def entry(post: Post) -> bytes:
    """Return the feed that tells of a video."""
    published, updated = _iso(post.posted_at), f"{_iso(post.posted_at + 61)[:19]}.552394234+00:00"
    return _ENTRY.format(
        video=post.id, channel=CHANNEL, title=post.title, published=published, updated=updated
    ).encode()


def tombstone(video: str, at: int) -> bytes:
    """Return the feed that tells that a video is gone."""
    return _TOMBSTONE.format(video=video, channel=CHANNEL, when=f"{_iso(at)[:19]}.000000+00:00").encode()


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _event(at: int, body: bytes, to: Subscription) -> Event:
    signature = f"sha1={hmac.new(to.secret, body, 'sha1').hexdigest()}"
    headers: Mapping[str, str] = {"Content-Type": "application/atom+xml"}
    headers = {**headers, "X-Hub-Signature": signature} if to.secret else headers
    key = f"youtube {hmac.new(b'key', body, 'sha1').hexdigest()} {to.address}"
    return Event(float(at), key, to.address, body, headers, TIMEOUT, RETRIES)


async def _confirmed(address: str, topic: str, lease: int, token: str) -> bool:
    """Ask an address whether it wants a topic: it must say the challenge back."""
    challenge = secrets.token_hex(16)
    query = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": challenge, "hub.lease_seconds": str(lease)}
    url = f"{address}?{urlencode(query | ({'hub.verify_token': token} if token else {}))}"
    try:
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
            return answer.status == 200 and await answer.text() == challenge
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
