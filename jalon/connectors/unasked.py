"""What connectors do alike whose sources tell everything by themselves: files, a webhook's sender."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from jalon.connectors import base
from jalon.connectors.base import Answer, Batch, Credentials, Fault, Request, Session, Stop, Window


class UnaskedConnector(base.Connector):
    """A source that is never asked: no address, no credentials, no answers, no windows."""

    unasked: ClassVar[tuple[str, str]]
    """Why nothing is asked, and what to do instead."""

    def hosts(self, settings: Any) -> Mapping[str, tuple[str, ...]]:
        """Name nothing: nothing is ever connected to."""
        return {}

    def prepare(
        self, request: Request, settings: Any, credentials: Credentials | None, account: Mapping[str, str], now: float
    ) -> Request:
        """Refuse: nothing is ever asked."""
        raise Stop(*self.unasked)

    def judge(self, request: Request, answer: Answer) -> Fault | None:
        """Judge nothing: nothing is ever asked."""
        return None

    async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
        """Yield nothing: no stream has windows."""
        nothing: tuple[Batch, ...] = ()
        for batch in nothing:
            yield batch
