"""Bazaar's wire: `GET /orders?after=&before=&page=` with a bearer token, newest change last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import SecretStr

from jalon.connectors import base
from jalon.connectors.base import (
    Answer,
    Batch,
    Capability,
    Credentials,
    Fault,
    Record,
    Request,
    Session,
    Stop,
    Stream,
    Wait,
    Window,
)
from jalon.connectors.door import fields, person


class BazaarSettings(base.Settings):
    """`[sources.NAME]` with connector = "bazaar"."""

    url: str
    token: SecretStr


class Bazaar(base.Connector):
    """Orders of one Bazaar shop."""

    name = "bazaar"
    title = "Bazaar"
    documentation = "https://bazaar.example/api"
    normalizer = "jalon_bazaar.normalizer:normalize"
    settings = BazaarSettings
    streams: ClassVar = (
        Stream(
            name="orders",
            door=fields("id changed placed state currency goods shipping tax", buyer=person("email")),
            window=timedelta(days=7),
            lookback=timedelta(days=2),
            every=timedelta(hours=24),
        ),
    )
    capabilities: ClassVar = (
        Capability("web_orders", "event", "seconds"),
        Capability("journeys", "none", note="Bazaar does not tell where a buyer came from"),
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
        if answer.status == 429:
            return Wait("Bazaar is asked too often", float(answer.headers.get("retry-after", 1)), throttled=True)
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
            records = [Record(order["id"], order["changed"] * 1_000_000, order) for order in data["orders"]]
            page += 1
            yield Batch(records, cursor=str(page) if data["more"] else None, total=data["total"])
            if not data["more"]:
                return
