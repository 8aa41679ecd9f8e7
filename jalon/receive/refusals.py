"""What was refused, on its way into the store: a few counts, whatever the flood."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from jalon.store import refusals
from jalon.store.database import Store
from jalon.store.refusals import Reason, Refused

GATHER_SECONDS = 2.0


class Refusals:
    """Counts refused deliveries, and adds them to those of the store a moment later."""

    def __init__(self, store: Store, complain: Callable[[Exception], None]) -> None:
        self._db = store
        self._complain = complain
        self._gathered: dict[tuple[str, Reason], Refused] = {}
        self._storing: asyncio.Task[None] | None = None

    def add(self, source: str, reason: Reason) -> None:
        """Count a delivery that was refused now."""
        self._gather([Refused(source, reason, 1, time.time())])
        if self._storing is None:
            self._storing = asyncio.get_running_loop().create_task(self._store_later())

    async def store(self) -> None:
        """Add what was counted to the store; what it does not take is kept for the next time."""
        taken = list(self._gathered.values())
        self._gathered.clear()
        if not taken:
            return
        try:
            await self._db.commit(refusals.adding(taken))
        except Exception as error:  # whatever the store objects to: it is said, and tried again
            self._complain(error)
            self._gather(taken)

    def _gather(self, refused: Iterable[Refused]) -> None:
        for one in refused:
            before = self._gathered.get((one.source, one.reason), one._replace(times=0))
            last_at = max(one.last_at, before.last_at)
            self._gathered[one.source, one.reason] = one._replace(times=one.times + before.times, last_at=last_at)

    async def _store_later(self) -> None:
        while self._gathered:
            await asyncio.sleep(GATHER_SECONDS)
            await self.store()
        self._storing = None
