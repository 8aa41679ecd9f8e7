"""Webhooks: subscriptions, and what is posted to them when something happens.

https://shopify.dev/docs/apps/build/webhooks

A delivery id is the same in each retry of one delivery; an event id is one thing that happened, shared by all topics
that tell of it. A subscription made by API is deleted when a delivery has failed eight times more after its first try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import orjson

from jalon.sandbox.shopify.history import Entry, History
from jalon.sandbox.shopify.journey import Tree, instant
from jalon.sandbox.shopify.orders import Orders
from jalon.sandbox.shopify.rest import Rest
from jalon.sandbox.shopify.rest_parts import number
from jalon.sandbox.webhooks import Event

# 8 retries over 4 hours; connect within 1 s, answer within 5 s.
RETRIES = (60.0, 300.0, 600.0, 1_200.0, 1_800.0, 2_700.0, 3_600.0, 4_140.0)
TIMEOUT = 5.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
BLANK = "Address can't be blank"
UNKNOWN = "Webhook subscription does not exist"

# What tells of a change, beside orders/updated, which tells of all but the first.
TOPICS: dict[str, tuple[str, ...]] = {
    "placed": ("orders/create",),
    "paid": ("orders/paid", "order_transactions/create"),
    "shipped": ("orders/fulfilled",),
    "delivered": (),
    "completed": (),
    "cancelled": ("orders/cancelled", "refunds/create", "order_transactions/create"),
    "edited": ("orders/edited",),
    "return_requested": ("returns/request",),
    "refunded": ("refunds/create", "order_transactions/create", "returns/close"),
}


def topic_of(name: str) -> str:
    """Return the topic that a `WebhookSubscriptionTopic` stands for ("ORDERS_CREATE": "orders/create")."""
    resource, _, action = name.lower().rpartition("_")
    return f"{resource}/{action}"


def signature(secret: str, body: bytes) -> str:
    """Return `X-Shopify-Hmac-Sha256`: base64 of the HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class Subscription:
    """One subscription made by API."""

    number: int
    topic: str
    uri: str
    created_at: float
    updated_at: float
    include_fields: list[str] = field(default_factory=list)
    metafield_namespaces: list[str] = field(default_factory=list)
    filter: str | None = None
    format: str = "JSON"
    name: str | None = None

    @property
    def gid(self) -> str:
        """Return the global id."""
        return f"gid://shopify/WebhookSubscription/{self.number}"

    def tree(self) -> Tree:
        """Return it as `WebhookSubscription`."""
        return {
            "__typename": "WebhookSubscription",
            "id": self.gid,
            "legacyResourceId": str(self.number),
            "topic": self.topic,
            "uri": self.uri,
            "callbackUrl": self.uri,
            "endpoint": {"__typename": "WebhookHttpEndpoint", "callbackUrl": self.uri},
            "format": self.format,
            "includeFields": self.include_fields,
            "metafieldNamespaces": self.metafield_namespaces,
            "filter": self.filter,
            "name": self.name,
            "createdAt": instant(self.created_at),
            "updatedAt": instant(self.updated_at),
            "apiVersion": {"handle": "2026-10", "displayName": "2026-10", "supported": True},
        }


def wrong_address(uri: str | None) -> str | None:
    """Say what is wrong with an address, or None. Plain http is taken on loopback alone, where the sandbox lives."""
    if not uri:
        return BLANK
    parts = urlsplit(uri)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return None
    return f"Address protocol {parts.scheme}:// is not supported" if parts.scheme else "Address is invalid"


@dataclass(slots=True)
class Hooks:
    """The subscriptions of one app in one shop, and the deliveries that they call for."""

    orders: Orders
    rest: Rest
    domain: str
    shop_id: int
    secret: str
    version: str
    now: Callable[[], float]
    by_number: dict[int, Subscription] = field(default_factory=dict)
    _made: int = 0

    @property
    def history(self) -> History:
        """Return the orders' history."""
        return self.orders.history

    # --- subscriptions ----------------------------------------------------------------------------------------------

    def create(self, topic: str, wanted: Tree) -> Tree:
        """Answer `webhookSubscriptionCreate`."""
        uri = wanted.get("uri") or wanted.get("callbackUrl")
        if wrong := self._wrong(topic, uri):
            return {"webhookSubscription": None, "userErrors": [_error(wrong)]}
        self._made += 1
        now = self.now()
        made = Subscription(1_929_113_141_554 + self._made, topic, str(uri), now, now)
        _take(made, wanted)
        self.by_number[made.number] = made
        return {"webhookSubscription": made.tree(), "userErrors": []}

    def _wrong(self, topic: str, uri: str | None) -> str | None:
        taken = any(known.topic == topic and known.uri == uri for known in self.by_number.values())
        return wrong_address(uri) or ("Address for this topic has already been taken" if taken else None)

    def update(self, number: int | None, wanted: Tree) -> Tree:
        """Answer `webhookSubscriptionUpdate`."""
        known = self.by_number.get(number or 0)
        if known is None:
            return {"webhookSubscription": None, "userErrors": [{"field": ["id"], "message": UNKNOWN}]}
        if "uri" in wanted or "callbackUrl" in wanted:
            uri = wanted.get("uri") or wanted.get("callbackUrl")
            if wrong := wrong_address(uri):
                return {"webhookSubscription": None, "userErrors": [_error(wrong)]}
            known.uri = str(uri)
        _take(known, wanted)
        known.updated_at = self.now()
        return {"webhookSubscription": known.tree(), "userErrors": []}

    def delete(self, number: int | None) -> Tree:
        """Answer `webhookSubscriptionDelete`."""
        known = self.by_number.pop(number or 0, None)
        if known is None:
            return {"deletedWebhookSubscriptionId": None, "userErrors": [{"field": ["id"], "message": UNKNOWN}]}
        return {"deletedWebhookSubscriptionId": known.gid, "userErrors": []}

    # --- deliveries -------------------------------------------------------------------------------------------------

    def events(self, after: float, until: float) -> Iterator[Event]:
        """Yield the deliveries due in (after, until]."""
        if not self.by_number:
            return
        wanted = {topic_of(known.topic) for known in self.by_number.values()}
        for entry, count in self.history.changes(after, until):
            change = entry.happened[count - 1]
            topics = TOPICS[change.kind] + (("orders/updated",) if count > 1 else ())
            if not wanted.isdisjoint(topics):
                tree = self.orders.ref(entry, change.at, count).tree
                event_id = _uuid(f"event {entry.id} {count}")
                for topic in topics:
                    for position, body in enumerate(self.bodies(topic, entry, count, tree)):
                        yield from self.tell(topic, body, change.at, event_id, f"{entry.id} {count} {position}")

    def bodies(self, topic: str, entry: Entry, count: int, tree: Tree) -> Iterator[Tree]:
        """Yield what a topic says of the change that made an order's revision: nothing, one thing or more."""
        change = entry.happened[count - 1]
        at = instant(change.at)
        match topic.split("/"):
            case ["orders", "edited"]:
                yield self.rest.edit(tree)
            case ["orders", _]:
                yield self.rest.order(tree)
            case ["refunds", _]:
                fresh = [refund for refund in tree["refunds"] if refund["createdAt"] == at]
                yield from (self.rest.refund(refund, tree) for refund in fresh[-1:])
            case ["order_transactions", _]:
                fresh = [one for one in tree["transactions"] if one["createdAt"] == at]
                yield from (self.rest.transaction(one, tree) for one in fresh)
            case ["returns", _]:
                touched = [one for one in tree["returns"] if one["id"].endswith(f"/{change.id}")]
                yield from (self.rest.returned(one, tree) for one in touched)

    def tell(self, topic: str, body: Tree, at: float, event_id: str, key: str) -> Iterator[Event]:
        """Yield the deliveries of one thing to all who subscribed to the topic."""
        for known in tuple(self.by_number.values()):
            if topic_of(known.topic) == topic:
                yield self.delivery(known.uri, topic, _only(body, known.include_fields), at, event_id, key, known)

    def delivery(
        self, address: str, topic: str, body: Tree, at: float, event_id: str, key: str, known: Subscription | None
    ) -> Event:
        """Return one signed delivery."""
        raw = orjson.dumps(body)
        identity = f"{topic} {known.number if known else address} {key}"
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature(self.secret, raw),
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-API-Version": self.version,
            "X-Shopify-Webhook-Id": _uuid(f"delivery {identity}"),
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
        }
        if known and known.name:
            headers["X-Shopify-Name"] = known.name
        given_up = partial(self._drop, known.number) if known else None
        return Event(at, f"shopify {identity}", address, raw, headers, TIMEOUT, RETRIES, given_up=given_up)

    def _drop(self, number: int) -> None:
        self.by_number.pop(number, None)

    # --- compliance -------------------------------------------------------------------------------------------------

    def compliance(self, topic: str, address: str, body: Tree, serial: int) -> Event:
        """Return a delivery of one of the three topics that the app's configuration subscribes to."""
        key = f"{topic} {serial}"
        whole = {"shop_id": self.shop_id, "shop_domain": self.domain, **body}
        return self.delivery(address, topic, whole, self.now(), _uuid(f"event {key}"), key, None)

    def person(self, customer_id: str) -> tuple[Tree, list[int]]:
        """Return a customer as compliance payloads name them, with the ids of their orders."""
        self.history.advance(self.now())
        found: Tree = {"id": int(customer_id), "email": None, "phone": None}
        placed: list[int] = []
        for entry in self.history.entries:
            if entry.visible and not entry.copied and self._customer_of(entry) == customer_id:
                tree = self.orders.ref(entry, self.now()).tree
                found |= {"email": tree["customer"]["email"], "phone": tree["customer"]["phone"]}
                placed.append(number(tree))
        return found, placed

    def _customer_of(self, entry: Entry) -> str:
        return self.orders.world.shoppers[entry.sale.shopper].shopify_customer_id


def _take(known: Subscription, wanted: Tree) -> None:
    """Set what an input names and leave the rest."""
    if "includeFields" in wanted:
        known.include_fields = list(wanted["includeFields"] or [])
    if "metafieldNamespaces" in wanted:
        known.metafield_namespaces = list(wanted["metafieldNamespaces"] or [])
    known.filter = wanted.get("filter", known.filter)
    known.name = wanted.get("name", known.name)
    known.format = wanted.get("format") or known.format


def _error(message: str) -> Tree:
    return {"field": ["webhookSubscription", "callbackUrl"], "message": message}


def _only(body: Tree, fields: list[str]) -> Tree:
    """Keep the fields that a subscription asked for, all where it named none."""
    return {name: value for name, value in body.items() if name in fields} if fields else body


def _uuid(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))
