"""Webhooks of Meta, played: subscribed in two steps, signed over the bytes, batched, and given up in the end.

An app's subscription to an object counts only once the address has answered a GET with the challenge; an account's
deliveries flow only once the app is subscribed to it, too. Messaging is unforgiving: after an hour of failures the
account's subscription is gone. https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from jalon.sandbox.clock import Clock
from jalon.sandbox.graph_api.words import Call, Refused, Row
from jalon.sandbox.webhooks import Event

TIMEOUT = 5.0
GENERAL = (0.0, 60.0, 600.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 18 * 3600.0)
"""Seconds between tries: at once, then some more over 36 hours."""
MESSAGING = (0.0, 60.0, 600.0, 1200.0, 1700.0)
"""Seconds between tries of messages: within an hour."""
CHALLENGE = "1158201444"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the app wants told about one kind of object, and where."""

    object: str
    address: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class Hooks:
    """Subscriptions of one app, and deliveries to it."""

    clock: Clock
    app_id: str
    secret: str
    offered: frozenset[str]
    """Fields that can be subscribed."""
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    """By object."""
    accounts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Account id -> fields that are delivered about it."""

    # --- subscribing

    async def subscribe(self, call: Call) -> Row:
        """Answer POST /{app-id}/subscriptions: ask the address, and take it if it answers with the challenge."""
        self._as_app(call)
        query = call.query
        address, fields = query.get("callback_url", ""), self._fields(query.get("fields", ""))
        if not address.startswith(("http://", "https://")):
            raise Refused(100, "Param callback_url must be a valid URL")
        if not await _echoes(address, query.get("verify_token", "")):
            raise Refused(2200, "Callback verification failed: the address did not answer with the challenge")
        name = query.get("object", "")
        self.subscriptions[name] = Subscription(name, address, fields)
        return {"success": True}

    def subscribed(self, call: Call) -> Row:
        """Answer GET /{app-id}/subscriptions."""
        self._as_app(call)
        return {
            "data": [
                {
                    "object": each.object,
                    "callback_url": each.address,
                    "active": True,
                    "fields": [{"name": name, "version": "v26.0"} for name in each.fields],
                }
                for each in self.subscriptions.values()
            ]
        }

    def _as_app(self, call: Call) -> None:
        """Raise Refused unless the app itself asks: its subscriptions are shown to no person's token."""
        if call.token != f"{self.app_id}|{self.secret}":
            raise Refused(15, "This method must be called with an app access_token.")

    def install(self, call: Call) -> Row:
        """Answer POST /{account-id}/subscribed_apps."""
        self.accounts[call.path[0]] = self._fields(call.query.get("subscribed_fields", ""))
        return {"success": True}

    def installed(self, call: Call) -> Row:
        """Answer GET /{account-id}/subscribed_apps."""
        fields = self.accounts.get(call.path[0])
        rows = [] if fields is None else [{"id": self.app_id, "name": "jalon", "subscribed_fields": list(fields)}]
        return {"data": rows}

    def _fields(self, text: str) -> tuple[str, ...]:
        names = tuple(name for name in text.split(",") if name)
        for name in names:
            if name not in self.offered:
                raise Refused(100, f"Param subscribed_fields must be one of the offered: {name}")
        if not names:
            raise Refused(100, "The parameter subscribed_fields is required")
        return names

    # --- delivering

    def wants(self, name: str, account: str, field_name: str) -> Subscription | None:
        """Return where to deliver a field of an account; None: nobody has asked for it in both places."""
        subscription = self.subscriptions.get(name)
        if subscription is None or field_name not in subscription.fields:
            return None
        return subscription if field_name in self.accounts.get(account, ()) else None

    def event(
        self,
        at: float,
        key: str,
        subscription: Subscription,
        entries: Sequence[Row],
        *,
        account: str = "",
        retries: tuple[float, ...] = GENERAL,
    ) -> Event:
        """Return one signed delivery; with `account`, its subscription goes when the last try has failed."""
        body = encoded({"object": subscription.object, "entry": list(entries)})
        return Event(
            at=at,
            key=key,
            address=subscription.address,
            body=body,
            headers=self.headers(body),
            timeout=TIMEOUT,
            retries=retries,
            given_up=self._leaving(account) if account else None,
        )

    def headers(self, body: bytes) -> dict[str, str]:
        """Return the headers of a delivery, its two signatures among them."""
        new = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        old = hmac.new(self.secret.encode(), body, hashlib.sha1).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-Hub-Signature": f"sha1={old}",
            "X-Hub-Signature-256": f"sha256={new}",
        }

    def _leaving(self, account: str) -> Callable[[], None]:
        def leave() -> None:
            self.accounts.pop(account, None)

        return leave


def encoded(body: Row) -> bytes:
    r"""Return a body as Meta writes it: letters beyond ASCII as \uXXXX, slashes as \/."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


async def _echoes(address: str, verify_token: str) -> bool:
    query = {"hub.mode": "subscribe", "hub.challenge": CHALLENGE, "hub.verify_token": verify_token}
    limit = aiohttp.ClientTimeout(total=TIMEOUT)
    try:
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(address, params=query) as answer:
            return answer.status == 200 and (await answer.text()).strip() == CHALLENGE
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
