"""Verified deliveries on their way into the store: one commit at a time, all that waits in the next one.

While a group is being made durable the next one gathers; there is no waiting window. What does not fit or takes too
long is told to the sender, who sends it again: a delivery that was stored nevertheless is then known by its key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jalon.receive.limits import Limits
from jalon.receive.metrics import Metrics
from jalon.store import deliveries
from jalon.store.database import Store


class Group:
    """Deliveries that become durable together. `settled` tells whether they are."""

    __slots__ = ("began", "bytes", "rows", "settled", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self.rows: list[deliveries.Row] = []
        self.bytes = 0
        self.settled: asyncio.Future[bool] = loop.create_future()
        self.began = loop.time()
        self.timer = loop.call_later(seconds, self.settle, False)

    def settle(self, durable: bool) -> None:
        """Tell everybody who waits; the first telling counts."""
        self.timer.cancel()
        if not self.settled.done():
            self.settled.set_result(durable)


class Intake:
    """The queue between the event loop and the store's writer thread."""

    def __init__(self, store: Store, limits: Limits, metrics: Metrics, complain: Callable[[Exception], None]) -> None:
        self._store = store
        self._limits = limits
        self._metrics = metrics
        self._complain = complain
        self._gathering: Group | None = None
        self._writing: asyncio.Task[None] | None = None
        self._rows = 0
        self._bytes = 0

    @property
    def waiting(self) -> int:
        """Deliveries that are not durable yet."""
        return self._rows

    def offer(self, row: deliveries.Row) -> asyncio.Future[bool] | None:
        """Queue a delivery; the future tells whether it is durable. None: there is no room."""
        size = len(row.sealed)
        if self._rows >= self._limits.queue or self._bytes + size > self._limits.held:
            return None
        self._rows += 1
        self._bytes += size
        group = self._gathering
        if group is None or group.settled.done():
            group = self._begin(group)
        group.rows.append(row)
        group.bytes += size
        return group.settled

    def _begin(self, expired: Group | None) -> Group:
        if expired is not None:  # all its senders were told to send again: what they send then is stored
            self._release(expired)
        loop = asyncio.get_running_loop()
        group = self._gathering = Group(loop, self._limits.store_seconds)
        if self._writing is None:
            # The task starts once this turn of the loop is over: what else is read in it comes along.
            self._writing = loop.create_task(self._write())
        return group

    def _release(self, group: Group) -> None:
        self._rows -= len(group.rows)
        self._bytes -= group.bytes

    async def _write(self) -> None:
        while (group := self._gathering) is not None:
            self._gathering = None
            if not group.settled.done():
                await self._store_group(group)
            self._release(group)
        self._writing = None

    async def _store_group(self, group: Group) -> None:
        try:
            await self._store.commit(deliveries.adding(group.rows))
        except Exception as error:  # whatever the store objects to: these are refused, the next ones are tried
            self._metrics.refused_by_store(len(group.rows))
            self._complain(error)
            group.settle(False)
            return
        group.settle(True)
        seconds = asyncio.get_running_loop().time() - group.began
        self._metrics.stored(len(group.rows), seconds)
