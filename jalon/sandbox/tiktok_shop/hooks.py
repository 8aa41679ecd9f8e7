"""Webhooks of TikTok Shop, played (Partner Center, TikTok Shop webhooks overview; types 1, 6, 7, 11, 12, 17, 67)."""

from __future__ import annotations

import hashlib
import hmac
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import orjson

from jalon.sandbox.clock import Clock
from jalon.sandbox.money import decimal
from jalon.sandbox.tiktok_shop.aftersales import COMPLETE, cancellations_of, returns_of
from jalon.sandbox.tiktok_shop.envelope import Call, Refused
from jalon.sandbox.tiktok_shop.order_form import milestones
from jalon.sandbox.webhooks import Event
from jalon.sandbox.world import Content, Sale, World

RETRIES = (120.0, 1800.0, 10_800.0, 43_200.0)
TIMEOUT = 3.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# By API: event type, the number that deliveries carry.
TYPES = {
    "ORDER_STATUS_CHANGE": 1,
    "SELLER_DEAUTHORIZATION": 6,
    "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
    "CANCELLATION_STATUS_CHANGE": 11,
    "RETURN_STATUS_CHANGE": 12,
}
# Event types that can be subscribed by API but never happen in this world.
SILENT = frozenset(
    {
        "INVOICE_STATUS_CHANGE",
        "NEW_CONVERSATION",
        "NEW_MESSAGE",
        "NEW_MESSAGE_LISTENER",
        "PACKAGE_UPDATE",
        "PRODUCT_AUDIT_STATUS_CHANGE",
        "PRODUCT_CATEGORY_CHANGE",
        "PRODUCT_CREATION",
        "PRODUCT_INFORMATION_CHANGE",
        "PRODUCT_STATUS_CHANGE",
        "RECIPIENT_ADDRESS_UPDATE",
        "REVERSE_STATUS_UPDATE",
    }
)
EXPIRY_NOTICE = 30 * 86_400


def authorization(app_key: str, app_secret: str, body: bytes) -> str:
    """Return the `Authorization` header of a delivery: HMAC-SHA256 over app key and raw body."""
    return hmac.new(app_secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class _Note:
    """One thing worth telling: its type, what is told, and the words that make its id the same each time."""

    at: int
    type: int
    data: dict[str, Any]
    creator: str = ""


class Notes:
    """All that will ever be worth a delivery, found by time without being kept."""

    def __init__(self, world: World, authorized_until: int) -> None:
        self._sales = [sale for sale in world.sales if sale.platform == "tiktok_shop"]
        self._contents = [content for content in world.contents if content.kind == "VIDEO"]
        self._products = {product.sku: product for product in world.products}
        self._authorized_until = authorized_until

    @cached_property
    def _schedule(self) -> array[int]:
        """When something happens to which sale; made when somebody first subscribes."""
        return array("q", sorted(self._moments()))

    def _moments(self) -> Iterator[int]:
        for number, sale in enumerate(self._sales):
            for at in {note.at for note in self._of_sale(sale)}:
                yield at << 24 | number

    def between(self, after: float, until: float) -> Iterator[_Note]:
        """Yield what happens in (after, until]."""
        first = bisect_right(self._schedule, (int(after) + 1 << 24) - 1)
        last = bisect_right(self._schedule, (int(until) + 1 << 24) - 1)
        for key in self._schedule[first:last]:
            at, sale = key >> 24, self._sales[key & 0xFFFFFF]
            yield from (note for note in self._of_sale(sale) if note.at == at)
        for content in self._contents:
            if after < content.posted_at <= until:
                yield from self._tags(content)
        notice = self._authorized_until - EXPIRY_NOTICE
        if after < notice <= until:
            expiry = {"message": "Authorization expires soon.", "expiration_time": str(self._authorized_until)}
            yield _Note(notice, 7, expiry)

    def _of_sale(self, sale: Sale) -> Iterator[_Note]:
        held = any(change.kind == "paid" for change in sale.changes)
        for at, status in milestones(sale):
            if status is not None:
                words = {"order_id": sale.order_id, "order_status": status, "is_on_hold_order": held}
                yield _Note(at, 1, words | {"update_time": at})
        for change in cancellations_of(sale):
            ids = {"order_id": sale.order_id, "cancel_id": change.id, "create_time": change.at}
            ended = {"cancel_status": "CANCELLATION_REQUEST_COMPLETE", "cancellations_role": "BUYER"}
            yield _Note(change.at, 11, ids | ended)
        yield from self._of_returns(sale)

    def _of_returns(self, sale: Sale) -> Iterator[_Note]:
        for back in returns_of(sale):
            words = {
                "order_id": sale.order_id,
                "return_id": back.id,
                "return_type": "RETURN_AND_REFUND" if any(back.asked.quantities) else "REFUND",
                "return_role": "BUYER",
                "create_time": back.steps[0][0],
            }
            for at, status in back.steps:
                yield _Note(at, 12, words | {"return_status": status, "update_time": at})
                if status == COMPLETE:
                    yield _Note(at, 67, self._refund(sale, back.id, at))

    def _refund(self, sale: Sale, identity: str, at: int) -> dict[str, Any]:
        change = next(change for change in sale.changes if change.id == identity and change.kind == "refunded")
        return {
            "aftersales_request_id": identity,
            "rma_id": identity,
            "refund_status": "REFUND_SUCCESS",
            "refund_total": decimal(change.goods + change.tax + change.shipping, sale.currency),
            "refund_currency": sale.currency,
            "refund_timestamp": at,
            "line_items": [
                {
                    "main_order_id": sale.order_id,
                    "sku_id": self._products[sale.lines[number].sku].tiktok_sku_id,
                    "return_line_item_id": f"{identity}{number}0",
                }
                for number in change.lines
            ],
        }

    def _tags(self, content: Content) -> Iterator[_Note]:
        for sku in content.skus:
            event = {"type": "ADD", "scene": "VIDEO", "content_id": content.id}
            words = {"product_id": self._products[sku].tiktok_product_id, "event": event}
            yield _Note(content.posted_at, 17, words, creator=f"open-{content.creator}")


class Hooks:
    """Subscriptions, and the signed deliveries that fall due."""

    def __init__(self, notes: Notes, clock: Clock, app_key: str, app_secret: str, shop_id: str) -> None:
        self._notes = notes
        self._clock = clock
        self._app_key = app_key
        self._app_secret = app_secret
        self._shop_id = shop_id
        self._addresses: dict[str, tuple[str, int, int]] = {}
        self.configured: str | None = None
        """Address in the app's settings, for the types that no API subscribes."""

    def put(self, call: Call) -> dict[str, Any]:
        """Answer PUT /event/202309/webhooks: one address for each event type."""
        event_type = _event_type(call.words)
        address = call.words.get("address")
        if not isinstance(address, str) or not _reachable(address):
            raise Refused(36009004, "Invalid 'address': give an HTTPS URL with a domain name and without a port.")
        now = int(self._clock.now())
        created = self._addresses[event_type][1] if event_type in self._addresses else now
        self._addresses[event_type] = (address, created, now)
        return {}

    def get(self, _: Call) -> dict[str, Any]:
        """Answer GET /event/202309/webhooks."""
        hooks = [
            {"event_type": name, "address": address, "create_time": created, "update_time": updated}
            for name, (address, created, updated) in sorted(self._addresses.items())
        ]
        return ({"webhooks": hooks} if hooks else {}) | {"total_count": len(hooks)}

    def delete(self, call: Call) -> dict[str, Any]:
        """Answer DELETE /event/202309/webhooks."""
        self._addresses.pop(_event_type(call.words), None)
        return {}

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until] to whoever is subscribed."""
        if not self._addresses and self.configured is None:
            return []
        made = (self._event(note) for note in self._notes.between(after, until))
        return [event for event in made if event is not None]

    def deauthorized(self, at: float) -> Event | None:
        """Return the delivery that tells of the seller taking the authorisation back."""
        return self._event(_Note(int(at), 6, {"message": "The seller has deauthorized the app."}))

    def _address(self, kind: int) -> str | None:
        name = next((name for name, number in TYPES.items() if number == kind), None)
        if name is None:
            return self.configured
        return self._addresses[name][0] if name in self._addresses else None

    def _event(self, note: _Note) -> Event | None:
        address = self._address(note.type)
        if address is None:
            return None
        identity = _notification_id(note)
        # As on the wire: the shop's id is absent where a creator is concerned.
        who = {"creator_open_id": note.creator} if note.creator else {"shop_id": self._shop_id}
        envelope = {"type": note.type, "tts_notification_id": identity, **who, "timestamp": note.at, "data": note.data}
        body = orjson.dumps(envelope)
        signature = authorization(self._app_key, self._app_secret, body)
        return Event(
            at=note.at,
            key=f"tiktok_shop {identity}",
            address=address,
            body=body,
            headers={"Authorization": signature, "Content-Type": "application/json"},
            timeout=TIMEOUT,
            retries=RETRIES,
            accepted=_is_200,
        )


_is_200: Callable[[int], bool] = (200).__eq__


def _notification_id(note: _Note) -> str:
    """Return 19 digits that only what is told decides."""
    digest = hashlib.blake2b(orjson.dumps((note.at, note.type, note.data)), digest_size=8).digest()
    return str(7_000_000_000_000_000_000 + int.from_bytes(digest, "big") % 10**18)


def _reachable(address: str) -> bool:
    """Say whether the platform delivers there: to a name by https, and here on loopback, where the sandbox lives."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if host in LOOPBACK:
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and port is None and any(sign.isalpha() for sign in host) and ":" not in host


def _event_type(words: Mapping[str, Any]) -> str:
    name = words.get("event_type")
    if name not in TYPES and name not in SILENT:
        raise Refused(36009004, "Invalid 'event_type'.")
    return str(name)
