"""A receiver with a source of own links and a site, and people and programs that come to it."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from plain import Heard, Start, ask, connected, head

from jalon.connectors.base import Delivery, Opened
from jalon.connectors.site import Site, SiteSettings
from jalon.privacy import Keyring
from jalon.receive.hooks import Hook
from jalon.receive.receiver import Receiver
from jalon.store import deliveries, links
from jalon.store.database import Store
from jalon.store.envelope import Sealer
from jalon.store.links import Link

KEYRING = Keyring(bytes(32))
TOKEN = "fedcba9876543210" * 2
ORIGIN = "https://shop.example"
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 389.0"
VISITOR = "0123456789abcdef" * 2
NAMES = ("17912345678901234", "8001", "instagram/story", "winter")
EVENTS = f"/e/{TOKEN}"


def site(**settings: Any) -> Hook:
    given = {"allowed_hosts": ["shop.example"], "origins": [ORIGIN], "shop": "shop", **settings}
    return Hook(Site(), SiteSettings(connector="site", **given), (), TOKEN)


def add(store: Store, target: str = "https://shop.example/p?a=1#top", *names: str) -> str:
    """Make a link, whatever it leads to; return its code."""
    names = names or NAMES
    code = links.code_of(KEYRING, "site", target, *names)
    store.write(lambda db: links.add(db, Link(code, "site", target, *names, created_at=1.0)))
    return code


async def opened_up(start: Start, store: Store, **settings: Any) -> tuple[Receiver, int, str]:
    """Start a receiver with one link; return it, its port and the link's code."""
    limits = settings.pop("limits", {})
    code = add(store)
    receiver, port = await start({"site": site(**settings)}, **limits)
    return receiver, port, code


async def follow(port: int, code: str, method: str = "GET", **headers: str) -> Heard:
    async with connected(port) as client:
        await client.send(head(f"/l/{code}", method, **{"User_Agent": PERSON, **headers}))
        return await client.hear(bodiless=method == "HEAD")


def click_in(answer: Heard) -> str | None:
    return parse_qs(urlsplit(answer.headers["location"]).query).get("jclid", [None])[0]


def event(number: int = 1, **given: Any) -> dict[str, Any]:
    now = int(time.time() * 1000)
    base = {"id": f"event-{number:032d}", "type": "add_to_cart", "at": now, "consent": True, "visitor": VISITOR}
    return {**base, "url": f"{ORIGIN}/p", "product": "8001", **given}


def batch(*events: dict[str, Any], **given: Any) -> bytes:
    return json.dumps({"sent_at": int(time.time() * 1000), "events": list(events), **given}).encode()


def posted(body: bytes, path: str = EVENTS, **headers: str | int | None) -> bytes:
    known: dict[str, str | int | None] = {"Content_Length": len(body), "Origin": ORIGIN, "User_Agent": PERSON}
    return head(path, **(known | headers)) + body


async def tell(port: int, *events: dict[str, Any], **headers: str | int | None) -> Heard:
    return await ask(port, posted(batch(*events), **headers))


def stored(store: Store, **settings: Any) -> list[Opened]:
    """Return what the stored deliveries of the site mean, in the order of their arrival."""
    hook, sealer = site(**settings), Sealer(KEYRING)
    with store.read() as db:
        rows = deliveries.unopened(db, "site", 100_000)
    found = [(sealer.unseal("site", row.key, row.sealed), row.received_at) for row in rows]
    return [hook.connector.open(Delivery(one.headers, one.body, at), hook.settings) for one, at in found]


async def clicks_stored(receiver: Receiver, store: Store) -> list[dict[str, Any]]:
    """Return the clicks that were stored, once all are."""
    await receiver.sites.queue.drain()
    return [record.body for one in stored(store) for record in one.records if record.stream == "clicks"]
