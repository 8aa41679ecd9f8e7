"""Bazaar's wire, as https://bazaar.example/api has it.

`GET /orders?after=&before=&page=` with a bearer token, newest change last; `GET /orders/ID`; webhooks that name an
order, signed in `x-bazaar-signature` with the hex HMAC-SHA256 of the body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import SecretStr

from jalon.connectors import base
from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import (
    Answer,
    Batch,
    Capability,
    Credentials,
    Delivery,
    Fault,
    Opened,
    Record,
    Ref,
    Request,
    Session,
    Skip,
    Skipped,
    Stop,
    Stream,
    Undelivered,
    Wait,
    Window,
)
from jalon.connectors.door import fields, person
from jalon.connectors.signatures import fits, held
from jalon.connectors.wire import Malformed, decode


class BazaarSettings(base.Settings):
    """`[sources.NAME]` with connector = "bazaar"."""

    url: str
    token: SecretStr
    webhook_secret: SecretStr | None = None
    """What Bazaar signs its webhooks with; left out: none are received."""


class Bazaar(base.Connector):
    """Orders of one Bazaar shop."""

    name = "bazaar"
    title = "Bazaar"
    documentation = "https://bazaar.example/api"
    normalizer = "jalon_bazaar.normalizer:normalize"
    settings = BazaarSettings
    aliases = ("buyers.bazaar.example",)
    streams: ClassVar = (
        Stream(
            name="orders",
            door=fields("id changed placed state currency goods shipping tax", buyer=person("email")),
            window=timedelta(days=7),
            lookback=timedelta(days=2),
            every=timedelta(hours=24),
            batch=20,
        ),
    )
    capabilities: ClassVar = (
        Capability("web_orders", "event", "seconds", "everything"),
        Capability("webhooks", "event", "seconds"),
        Capability("content", "none", note="a Bazaar shop has no posts of its own"),
        Capability("product_tags", "none", note="a Bazaar shop has no posts that could be tagged"),
        Capability("tag_clicks", "none", note="a Bazaar shop has no posts that could be tagged"),
        Capability("native_orders", "none", note="orders of a Bazaar shop are orders of its web site"),
        Capability("order_content", "none", note="Bazaar knows no content that led to an order"),
        Capability("refunds", "none", note="Bazaar tells that an order is void, and no money that went back"),
        Capability("journeys", "none", note="Bazaar does not tell where a buyer came from"),
        Capability("measures", "none", note="Bazaar counts no visits"),
        Capability("products", "none", note="Bazaar does not list its products"),
    )

    def account(self, settings: Any) -> str:
        return f"bazaar:{settings.url}"

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.url,)}

    def credentials(self, settings: Any) -> Credentials:
        return Credentials(settings.token.get_secret_value())

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        assert credentials is not None
        return replace(request, headers={"authorization": f"Bearer {credentials.access_token}"})

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        if answer.status == 200:
            return None
        if answer.status == 401:
            return Stop("Bazaar refuses the token", "Make a new one in its settings and put it in place", kind="auth")
        if answer.status == 404 and request.path != "/orders":
            return Skip("Bazaar knows no such order")
        if answer.status == 429:
            return Wait("Bazaar is asked too often", throttled=True)
        return (
            Wait(f"Bazaar answers {answer.status}")
            if answer.status >= 500
            else Stop(f"Bazaar answers {answer.status}", "")
        )

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        page = int(window.cursor or 1)
        while True:
            query = {"after": window.low.isoformat(), "before": window.high.isoformat(), "page": str(page)}
            data = (await session.ask(Request("GET", "/orders", query))).data
            page += 1
            more = data["more"]
            yield Batch([*map(_record, rows(data, "orders"))], cursor=str(page) if more else None, total=data["total"])
            if not more:
                return

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        for key in keys:
            if not (key.isascii() and key.isalnum()):
                yield Batch(skipped=[Skipped(key, "bad_id", f"{key[:40]!r} is no id of an order")])
                continue
            try:
                order = (await session.ask(Request("GET", f"/orders/{key}"))).data
            except Skip as gone:
                yield Batch(skipped=[Skipped(key, "not_found", gone.reason)])
            else:
                yield Batch([_record(order)])

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return held(settings.webhook_secret)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        right = [hmac.new(secret, delivery.body, hashlib.sha256).hexdigest().encode() for secret in secrets]
        return fits(delivery.headers.get("x-bazaar-signature"), right)

    def delivery_key(self, delivery: Delivery) -> str:
        """Name a delivery by its bytes: Bazaar gives it no id, and sends the same bytes again."""
        return hashlib.sha256(delivery.body).hexdigest()

    def open(self, delivery: Delivery, settings: Any) -> Opened:
        """Say which order is to be read: a delivery that is late or doubled then does no harm."""
        try:
            told = decode(delivery.body)
        except Malformed as error:
            raise Undelivered(f"the body is {error}") from None
        order = text(told.get("order")) if isinstance(told, dict) else ""
        if not order:
            raise Undelivered("it names no order")
        return Opened("order", refs=[Ref("orders", order)])


def _record(order: Row) -> Record:
    """Return an order under its id, which every webhook and list of Bazaar gives it; `changed` is its version."""
    return Record(order["id"], order["changed"] * 1_000_000, order)
