"""Seeing to it that Shopify delivers: it deletes subscriptions after failed deliveries, so they are put back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from jalon.connectors.base import Fault, Finding, Session, Stop
from jalon.connectors.shopify import queries
from jalon.connectors.shopify.records import part
from jalon.connectors.shopify.webhooks import SUBSCRIBED, Topic
from jalon.connectors.shopify.wire import ask


class Subscription(NamedTuple):
    """A subscription as it exists: its id, its address and the fields that it sends."""

    id: str
    address: str
    fields: frozenset[str]


def enum(topic: str) -> str:
    """Return a topic's name in the API ('orders/create' -> 'ORDERS_CREATE')."""
    return topic.replace("/", "_").upper()


async def existing(session: Session) -> dict[str, list[Subscription]]:
    """Return the app's subscriptions by the API's name of their topic."""
    found: dict[str, list[Subscription]] = {}
    after = None
    while True:
        data = await ask(session, queries.SUBSCRIPTIONS, {"after": after}, queries.MUTATION_COST)
        page = part(data, "webhookSubscriptions")
        for node in part(page, "nodes"):
            one = Subscription(node["id"], node["uri"], frozenset(node["includeFields"]))
            found.setdefault(node["topic"], []).append(one)
        if not part(page, "pageInfo", "hasNextPage"):
            return found
        after = page["pageInfo"]["endCursor"]


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding]:
    """Make sure that each topic is delivered to `address` with no more fields than are read; yield what was done."""
    found = await existing(session)
    for name, topic in SUBSCRIBED.items():
        here = [one for one in found.get(enum(name), ()) if one.address == address]
        if any(one.fields == frozenset(topic.fields) for one in here):
            yield Finding(f"subscription {name}", "ok", "in place")
        else:
            yield await _ensure(session, name, topic, address, here)


async def _ensure(session: Session, name: str, topic: Topic, address: str, here: list[Subscription]) -> Finding:
    """Create a subscription, or set right the one that is there."""
    wish = {"uri": address, "format": "JSON", "includeFields": list(topic.fields)}
    query, names = (queries.RESUBSCRIBE, {"id": here[0].id}) if here else (queries.SUBSCRIBE, {"topic": enum(name)})
    try:
        data = await ask(session, query, {**names, "subscription": wish}, queries.MUTATION_COST)
    except Fault as fault:
        remedy = fault.remedy if isinstance(fault, Stop) else "It is tried again by the next run."
        return Finding(f"subscription {name}", "warn", fault.reason, remedy)
    return _outcome(name, data, "set right" if here else "created")


def _outcome(name: str, data: Mapping[str, Any], done: str) -> Finding:
    """Read the answer to a mutation, which has one field whatever its name."""
    (payload,) = data.values()
    errors = part(payload, "userErrors")
    if errors:
        text = "; ".join(str(error.get("message"))[:200] for error in errors)
        remedy = "Changes are still found by polling."
        return Finding(f"subscription {name}", "warn", f"Shopify refuses it: {text}", remedy)
    return Finding(f"subscription {name}", "ok", done)


async def missing(session: Session) -> Finding:
    """Say which topics have no subscription at all."""
    found = await existing(session)
    absent = [name for name in SUBSCRIBED if enum(name) not in found]
    if not absent:
        return Finding("subscriptions", "ok", f"{len(SUBSCRIBED)} topics are subscribed")
    remedy = "`jalon sync` subscribes once public_url is set; until then changes are found by polling."
    return Finding("subscriptions", "warn", f"not subscribed: {', '.join(absent)}", remedy)
