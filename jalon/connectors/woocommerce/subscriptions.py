"""Seeing to it that WooCommerce delivers: it switches a webhook off after failed deliveries in a row, for good.

A webhook of ours is known by its address and topic. Its name carries a mark of the secret that it signs with, since the
secret itself cannot be read back: after a rotation the next look puts the new one in.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from jalon.connectors.base import Fault, Finding, Request, Session, Stop
from jalon.connectors.wire import encode
from jalon.connectors.woocommerce.faults import value_of
from jalon.connectors.woocommerce.reading import PER_PAGE, rows_of
from jalon.connectors.woocommerce.webhooks import TOPICS

PATH = "/wc/v3/webhooks"
POLLED = "Changes are still found by polling."
SECRET = "Set `webhook_secret` to a long random text; without it deliveries cannot be verified."  # noqa: S105


def name_of(secret: str) -> str:
    """Return the name that a webhook signing with `secret` has."""
    mark = hashlib.sha256(b"jalon webhook\0" + secret.encode()).hexdigest()[:8]
    return f"jalon {mark}"


async def existing(session: Session) -> list[Mapping[str, Any]]:
    """Return all webhooks of the shop."""
    found: list[Mapping[str, Any]] = []
    page = 1
    while True:
        query = {"per_page": str(PER_PAGE), "page": str(page), "orderby": "id", "order": "asc"}
        rows = rows_of(await session.ask(Request("GET", PATH, query)))
        found += rows
        if len(rows) < PER_PAGE:
            return found
        page += 1


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding]:
    """Make sure that each topic is delivered to `address`; yield what was found and done."""
    if session.settings.webhook_secret is None:
        yield Finding("webhooks", "warn", "none is made: there is no secret to sign with", SECRET)
        return
    found = await existing(session)
    for topic in TOPICS:
        here = next((one for one in found if (one.get("topic"), one.get("delivery_url")) == (topic, address)), None)
        yield await _settled(session, topic, address, here)


async def _settled(session: Session, topic: str, address: str, here: Mapping[str, Any] | None) -> Finding:
    """Make a webhook, set it right, or leave it as it is: a paused one was paused by a person."""
    secret = session.settings.webhook_secret.get_secret_value()
    wish = {"name": name_of(secret), "secret": secret, "status": "active"}
    label = f"webhook {topic}"
    try:
        if here is None:
            await _write(session, PATH, {**wish, "topic": topic, "delivery_url": address})
            return Finding(label, "ok", "created")
        if here.get("status") == "paused":
            return Finding(label, "warn", "somebody has paused it", f"Set it to active in the shop. {POLLED}")
        if (here.get("status"), here.get("name")) == ("active", wish["name"]):
            return Finding(label, "ok", "in place")
        await _write(session, f"{PATH}/{int(here['id'])}", wish)
    except Fault as fault:
        return Finding(
            label, "warn", fault.reason, f"{fault.remedy if isinstance(fault, Stop) else ''} {POLLED}".strip()
        )
    if here.get("status") == "active":
        return Finding(label, "ok", "given the secret of the settings")
    remedy = (
        "See that `jalon serve` runs and is reached from outside: WooCommerce gives up after five failures in a row."
    )
    return Finding(label, "warn", "it was switched off, most likely after failed deliveries; switched on again", remedy)


async def _write(session: Session, path: str, wish: Mapping[str, str]) -> None:
    method = "POST" if "topic" in wish else "PUT"
    headers = {"content-type": "application/json"}
    # A repeated POST would make a second webhook of the same topic.
    request = Request(method, path, body=encode(wish), headers=headers, idempotent=method == "PUT")
    value_of(await session.ask(request))


async def state(session: Session) -> Finding:
    """Say for `doctor` which topics are delivered to nobody, or are switched off."""
    try:
        found = await existing(session)
    except Fault as fault:
        return Finding("webhooks", "warn", fault.reason, f"Give the key the permission Read/Write. {POLLED}")
    ours = [one for one in found if str(one.get("name")).startswith("jalon ") and one.get("topic") in TOPICS]
    off = sorted({str(one["topic"]) for one in ours if one.get("status") != "active"})
    absent = [topic for topic in TOPICS if topic not in {one["topic"] for one in ours}]
    if not off and not absent:
        return Finding("webhooks", "ok", f"{len(TOPICS)} topics are delivered")
    remedy = f"`jalon sync` sets them right once the public address and `webhook_secret` are set. {POLLED}"
    return Finding("webhooks", "warn", f"not delivered: {', '.join(off + absent)}", remedy)
