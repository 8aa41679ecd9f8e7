"""Webhooks of WooCommerce, played: what is subscribed, the ping, signed deliveries, and being switched off.

https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks. A delivery is never sent again; after more than five
that failed in a row the webhook is disabled.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from jalon.sandbox.clock import Clock
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.woocommerce.forms import Forms
from jalon.sandbox.woocommerce.listing import Refused, cut
from jalon.sandbox.woocommerce.orders import Orders

TIMEOUT = 60.0
MOST_FAILURES = 5
RESOURCES = ("order", "customer", "product", "coupon")
EVENTS = ("created", "updated", "deleted", "restored")
STATUSES = ("active", "paused", "disabled")


def signature(secret: str, body: bytes) -> str:
    """Return `X-WC-Webhook-Signature`: base64 of the HMAC-SHA256 over the raw body, the secret HTML-unescaped first."""
    return base64.b64encode(hmac.new(html.unescape(secret).encode(), body, hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class Hook:
    """One webhook."""

    number: int
    name: str
    topic: str
    address: str
    secret: str
    status: str
    made_at: int
    failures: int = 0

    def form(self) -> dict[str, Any]:
        """Return the webhook as the REST API writes it: without its secret."""
        resource, _, event = self.topic.partition(".")
        at = f"{datetime.fromtimestamp(self.made_at, UTC):%Y-%m-%dT%H:%M:%S}"
        dates = ("date_created", "date_created_gmt", "date_modified", "date_modified_gmt")
        return {
            "id": self.number,
            "name": self.name,
            "status": self.status,
            "topic": self.topic,
            "resource": resource,
            "event": event,
            "hooks": [f"woocommerce_{event}_{resource}"],
            "delivery_url": self.address,
            **dict.fromkeys(dates, at),
            "_links": {},
        }


class Hooks:
    """All webhooks of the shop."""

    def __init__(self, orders: Orders, forms: Forms, clock: Clock, deliverer: Deliverer, source: str) -> None:
        self.by_number: dict[int, Hook] = {}
        self._orders, self._forms, self._clock = orders, forms, clock
        self._deliverer, self._source = deliverer, source

    # --- by API -----------------------------------------------------------------------------------------------------

    def answer(
        self, method: str, steps: list[str], query: Mapping[str, str], body: dict[str, Any]
    ) -> tuple[Any, dict[str, str], int]:
        """Answer a request about webhooks."""
        match method, *steps:
            case ("GET",):
                rows, headers = cut(list(self.by_number.values()), query, counts=True)
                return [hook.form() for hook in rows], headers, 200
            case ("POST",):
                return self._made(body).form(), {}, 201
            case "PUT", number if number.isdigit() and int(number) in self.by_number:
                return self._changed(self.by_number[int(number)], body).form(), {}, 200
        raise Refused("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", 404)

    def _made(self, body: dict[str, Any]) -> Hook:
        topic, address = str(body.get("topic")), str(body.get("delivery_url"))
        resource, _, event = topic.partition(".")
        if resource not in RESOURCES or event not in EVENTS:
            raise Refused("woocommerce_rest_webhook_invalid_topic", "Webhook topic must be valid.", 400)
        if not address.startswith(("http://", "https://")):
            raise Refused("woocommerce_rest_webhook_invalid_delivery_url", "Webhook delivery URL must be valid.", 400)
        number, now = len(self.by_number) + 140, int(self._clock.now())
        hook = Hook(number, str(body.get("name")), topic, address, str(body.get("secret", "")), "active", now)
        self.by_number[number] = self._changed(hook, {key: body[key] for key in body.keys() & {"status"}})
        self._ping(hook)
        return hook

    def _changed(self, hook: Hook, body: dict[str, Any]) -> Hook:
        if body.get("status", hook.status) not in STATUSES:
            raise Refused("woocommerce_rest_webhook_invalid_status", "Webhook status must be valid.", 400)
        if body.get("status") == "active" and hook.status != "active":
            hook.failures = 0
        hook.status = str(body.get("status", hook.status))
        hook.name, hook.secret = str(body.get("name", hook.name)), str(body.get("secret", hook.secret))
        return hook

    def _ping(self, hook: Hook) -> None:
        """Post the unsigned form that asks whether anybody is there."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        at, key = self._clock.now(), f"woocommerce ping {hook.number}"
        body = f"webhook_id={hook.number}".encode()
        self._deliverer.send(Event(at, key, hook.address, body, form, TIMEOUT, (), (200).__eq__))

    # --- deliveries -------------------------------------------------------------------------------------------------

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]."""
        active = [hook for hook in self.by_number.values() if hook.status == "active"]
        if not active:
            return []
        return [
            self._event(hook, at, number)
            for at, topic, number in self._happened(after, until)
            for hook in active
            if hook.topic == topic
        ]

    def deleted(self, number: int) -> list[Event]:
        """Return the deliveries that tell of an order that a shopkeeper deletes for good, now."""
        now = int(self._clock.now())
        return [self._event(hook, now, number) for hook in self.by_number.values() if hook.topic == "order.deleted"]

    def _happened(self, after: float, until: float) -> Iterator[tuple[int, str, int]]:
        """Yield (when, topic, order) of all that happens to orders. What was created is updated in the same second."""
        for entry in self._orders.entries:
            for at in entry.moments():
                if not after < at <= until:
                    continue
                if at == entry.trashed_at:
                    yield at, "order.deleted", entry.number
                    continue
                if at == entry.placed_at:
                    yield at, "order.created", entry.number
                yield at, "order.updated", entry.number

    def _event(self, hook: Hook, at: int, number: int) -> Event:
        body = self._body(hook.topic, at, number)
        resource, _, event = hook.topic.partition(".")
        delivery = hashlib.blake2b(f"{hook.number}|{at}".encode(), digest_size=16).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self._source}/",
            "X-WC-Webhook-Topic": hook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature(hook.secret, body),
            "X-WC-Webhook-ID": str(hook.number),
            "X-WC-Webhook-Delivery-ID": delivery,
        }
        key = f"woocommerce {delivery} {number}"
        took, failed = partial(self._took, hook), partial(self._failed, hook)
        return Event(at, key, hook.address, body, headers, TIMEOUT, (), took, failed)

    def _body(self, topic: str, at: int, number: int) -> bytes:
        """Return what is posted: the order as it stood then, or its number alone where it was deleted."""
        stand = None if topic.endswith(".deleted") else self._orders.one(number, at)
        return orjson.dumps({"id": number} if stand is None else self._forms.order(stand, at))

    def _took(self, hook: Hook, status: int) -> bool:
        if not 200 <= status < 303:
            return False
        hook.failures = 0
        return True

    def _failed(self, hook: Hook) -> None:
        if hook.failures > MOST_FAILURES:
            hook.status = "disabled"
        else:
            hook.failures += 1
