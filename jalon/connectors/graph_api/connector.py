"""What every connector that is built on the Graph API does alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jalon.connectors import base
from jalon.connectors.base import Answer, Credentials, Delivery, Fault, Level, Request, Session
from jalon.connectors.graph_api import asking, deliveries, faults, tokens, usage


class GraphConnector(base.Connector):
    """Credentials, refusals, rate headers and versions; the rest is the platform's own."""

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        return {"api": (settings.api_url,)}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        return asking.prepare(request, settings, credentials)

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        return faults.judge(request, answer)

    def level(self, answer: Answer) -> Level | None:
        return usage.level(answer)

    def remark(self, request: Request, answer: Answer) -> str | None:
        return faults.other_version(request, answer)

    async def renew(self, session: Session, credentials: Credentials | None) -> Credentials:
        return await tokens.long_lived(session, credentials)


class ReceivingGraphConnector(GraphConnector):
    """Also the door of deliveries. One that only asks lacks it, so that it takes none, whoever signed them."""

    def challenge(self, query: Mapping[str, str], settings: Any, secrets: Sequence[bytes]) -> str | None:
        return deliveries.challenge(query, settings.verify_token)

    def secrets(self, settings: Any) -> tuple[bytes, ...]:
        return deliveries.secrets(settings)

    def verify(self, delivery: Delivery, settings: Any, secrets: Sequence[bytes]) -> bool:
        return deliveries.signed_by(secrets, delivery)

    def delivery_key(self, delivery: Delivery) -> str:
        return deliveries.delivery_key(delivery)
