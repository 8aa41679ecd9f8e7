"""Clicks on their way into the store, after their answer: whoever clicked does not wait for the disk.

What was clicked in the last moments is stored together, as one delivery. A row that the store refuses is offered again
until it is taken; meanwhile clicks gather up to a bound. What is lost when the process is killed are the clicks that
were not durable then: those of the last `GATHER_SECONDS` and of the commit under way. An orderly stop stores all.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Callable

from jalon.connectors.site import KIND, clicks
from jalon.receive.intake import Intake
from jalon.receive.limits import Limits
from jalon.receive.metrics import Metrics
from jalon.store.deliveries import Row
from jalon.store.envelope import Sealer

GATHER_SECONDS = 0.01
_AGAIN_SECONDS = 0.2
_LARGEST_ROW = 500


class ClickQueue:
    """Clicks that are answered and not durable yet."""

    def __init__(
        self,
        intake: Intake,
        sealer: Sealer,
        limits: Limits,
        metrics: Metrics,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._intake = intake
        self._sealer = sealer
        self._most = limits.clicks
        self._metrics = metrics
        self._now = now
        self._gathered: list[tuple[str, bytes]] = []
        self._waiting = 0
        self._storing: asyncio.Task[None] | None = None

    def add(self, source: str, click: bytes) -> None:
        """Take a click; what finds no room is counted."""
        if self._waiting >= self._most:
            self._metrics.clicks[source, "no_room"] += 1
            return
        self._waiting += 1
        self._gathered.append((source, click))
        if self._storing is None:
            self._storing = asyncio.get_running_loop().create_task(self._store())

    async def drain(self) -> None:
        """Return once all clicks are durable."""
        while self._storing is not None:
            await asyncio.shield(self._storing)

    @property
    def waiting(self) -> int:
        """Clicks that are not durable yet."""
        return self._waiting

    async def _store(self) -> None:
        while self._gathered:
            await asyncio.sleep(GATHER_SECONDS)
            taken, self._gathered = self._gathered, []
            by_source: dict[str, list[bytes]] = defaultdict(list)
            for source, click in taken:
                by_source[source].append(click)
            rows = [
                (self._row(source, part), len(part))
                for source, found in by_source.items()
                for start in range(0, len(found), _LARGEST_ROW)
                if (part := found[start : start + _LARGEST_ROW])
            ]
            await asyncio.gather(*(self._keep(row, size) for row, size in rows))
        self._storing = None

    def _row(self, source: str, found: list[bytes]) -> Row:
        name = secrets.token_hex(12)
        body = clicks.row(name, found)
        key = f"clicks:{name}"
        sealed = self._sealer.seal(source, key, {KIND: clicks.STREAM}, body)
        return Row(source, key, self._now(), self._sealer.digest(body), sealed)

    async def _keep(self, row: Row, size: int) -> None:
        while True:
            settled = self._intake.offer(row)
            if settled is not None and await settled:
                break
            await asyncio.sleep(_AGAIN_SECONDS)
        self._waiting -= size
        self._metrics.clicks[row.source, "stored"] += size
