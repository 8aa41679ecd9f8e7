"""A sender of signed events, played: a market stall's till and a survey tool that follow Standard Webhooks 1.0.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

It has no API to be asked: a person writes the receiver's address into its settings (`POST /endpoint {"address": …}`, or
`deliver_to`), and what happens from then on is delivered, and tried again on the specification's own schedule.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox import own_channels
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.money import decimal
from jalon.sandbox.own_channels import Answer, Till
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

RETRIES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds after each failed try: the specification's example schedule, about three days."""
TIMEOUT = 20.0
STALL = "market"
Told = dict[str, Any]


class HookPart:
    """The stall and the survey tool behind one signing secret."""

    def __init__(self, world: World, clock: Clock, _faults: Faults, _deliverer: Deliverer, /) -> None:
        self.limits: dict[str, float] = {}
        self._world, self._clock = world, clock
        self._address: str | None = None
        self._keys = [_key(world.seed, 1)]
        self.apps = {"settings": self._settings_page()}

    def settings(self, _addresses: Mapping[str, str], /) -> dict[str, Any]:
        """Return the source's settings and the signing secret; nothing is ever asked of the sender's address."""
        return {"connector": "hook", "timezone": "Europe/Paris", "secrets": {"secret": self.secret}}

    @property
    def secret(self) -> str:
        """The newest secret, as it is handed out."""
        return f"whsec_{base64.b64encode(self._keys[0]).decode()}"

    def deliver_to(self, address: str) -> None:
        """Deliver to this address from now on."""
        self._address = address

    def rotate(self) -> str:
        """Make a new secret, sign with both from now on, and return the new one."""
        self._keys.insert(0, _key(self._world.seed, len(self._keys) + 1))
        return self.secret

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return the stall's receipts and refunds and the survey's answers by `now`, in plain words."""
        sold = [one for one in self._receipts if one.at <= now]
        return {
            "receipts": [
                {"order_id": f"{one.till}/{one.number}", "at": one.at, "total": one.total, "tax": one.tax,
                 "shopper": one.shopper.id if one.shopper else None}
                for one in sold
            ],
            "refunds": [
                {"order_id": f"{one.till}/{one.number}", "at": one.back, "total": one.total, "tax": one.tax}
                for one in sold
                if one.back is not None and one.back <= now
            ],
            "answers": [
                {"id": one.id, "score": one.score, "shopper": one.shopper.id}
                for one in self._answers
                if one.at <= now
            ],
        }  # fmt: skip

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]."""
        if self._address is None:
            return []
        return [self._event(at, name, told) for at, name, told in self._told() if after < at <= until]

    @cached_property
    def _receipts(self) -> list[Till]:
        return own_channels.receipts(self._world, (STALL,), "stall")

    @cached_property
    def _answers(self) -> list[Answer]:
        return own_channels.answers(self._world, "csat")

    def _told(self) -> Iterator[tuple[int, str, Told | list[Told]]]:
        for sale in self._receipts:
            order = _order(sale)
            yield sale.at, f"{sale.till}-{sale.number}", [order, _card(sale)] if sale.shopper else order
            if sale.back is not None:
                yield sale.back, f"{sale.till}-{sale.number}-back", _refund(sale)
        for answer in self._answers:
            yield answer.at, answer.id, _answer(answer)

    def _event(self, at: int, name: str, told: Told | list[Told]) -> Event:
        assert self._address is not None
        body, message = orjson.dumps(told), f"msg_{hashlib.sha256(name.encode()).hexdigest()[:27]}"
        return Event(at, name, self._address, body, partial(self._headers, message, body), TIMEOUT, RETRIES)

    def _headers(self, message: str, body: bytes) -> dict[str, str]:
        """Return the headers of one try: it is signed with its own time, by every secret in use."""
        timestamp = str(int(self._clock.real()))
        signed = f"{message}.{timestamp}.".encode() + body
        made = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in self._keys]
        return {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(f"v1,{one}" for one in made),
        }

    def _settings_page(self) -> web.Application:
        async def put(request: web.Request) -> web.Response:
            told = await request.json()
            if not isinstance(told, dict) or not str(told.get("address", "")).startswith(("http://", "https://")):
                return web.json_response({"error": 'give {"address": "https://…"}'}, status=400)
            self.deliver_to(str(told["address"]))
            return web.json_response({"address": self._address})

        app = web.Application()
        app.router.add_post("/endpoint", put)
        return app


def _key(seed: int, number: int) -> bytes:
    return hashlib.sha256(f"canary-hook-{seed}-{number}".encode()).digest()


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _order(sale: Till) -> Told:
    data: Told = {
        "order_id": sale.number,
        "till_id": sale.till,
        "platform": "till",
        "channel": "shop",
        "placed_at": _iso(sale.at),
        "currency": own_channels.CURRENCY,
        "total": decimal(sale.total, own_channels.CURRENCY),
        "tax": decimal(sale.tax, own_channels.CURRENCY),
        "cashier": "canary cashier",
    }
    if sale.shopper is not None:
        data |= {"loyalty": own_channels.loyalty(sale.shopper)}
    return {"type": "order", "timestamp": _iso(sale.at), "data": data}


def _card(sale: Till) -> Told:
    assert sale.shopper is not None
    who = {"loyalty": own_channels.loyalty(sale.shopper), "email": sale.shopper.email, "evidence": "card"}
    return {"type": "identity", "timestamp": _iso(sale.at), "data": who}


def _refund(sale: Till) -> Told:
    assert sale.back is not None
    data = {
        "refund_id": f"back-{sale.till}-{sale.number}",
        "order_id": sale.number,
        "till_id": sale.till,
        "platform": "till",
        "channel": "shop",
        "refunded_at": _iso(sale.back),
        "currency": own_channels.CURRENCY,
        "total": decimal(sale.total, own_channels.CURRENCY),
        "tax": decimal(sale.tax, own_channels.CURRENCY),
    }
    return {"type": "refund", "timestamp": _iso(sale.back), "data": data}


def _answer(answer: Answer) -> Told:
    data = {
        "answer_id": answer.id,
        "platform": "survey",
        "survey": answer.survey,
        "answered_at": _iso(answer.at),
        "score": answer.score,
        "channel": "email",
        "email": answer.shopper.email,
        "comment": f"canary words of {answer.shopper.first_name}",
    }
    return {"type": "answer", "timestamp": _iso(answer.at), "data": data}
