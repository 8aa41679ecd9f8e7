"""Spend the account's rate budget, which all processes share through the store.

Small parts of it are leased at a time, so that one commit serves several requests of a fast account while a slow one
asks for each. What platforms tell about the budget in their answers goes back with the next lease.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from jalon.connectors.base import Level, Wait
from jalon.store import budget as shared
from jalon.sync.retry import PATIENCE
from jalon.sync.source import Source, Workshop

HEADROOM = 0.9
"""Part of a configured rate that is used: requests bunch up on their way, and the platform counts arrivals."""
LEASE = 0.1
"""Seconds of the rate that are leased at once, and that may be sent in one burst."""
LONGEST_LOOK = 1.0
"""Seconds between two looks at the budget: an answer may have told meanwhile that there is more of it."""


class Budget:
    """The budget of one source's account."""

    def __init__(self, source: Source, shop: Workshop, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._account = source.connector.account(source.settings)
        self._shop = shop
        self._sleep = sleep
        configured = source.settings.requests_per_second
        self._rate = configured * HEADROOM if configured else source.connector.starting_rate
        self._burst = max(1.0, self._rate * LEASE)
        self._lease = 0.0
        self._out = 0.0
        """Cost of the requests under way: what the platform tells as available does not know of them yet."""
        self._told: tuple[Level, float] | None = None
        self._turn = asyncio.Lock()

    async def take(self, cost: float) -> None:
        """Return once `cost` may be spent, in the order of asking. Raises `Wait` if that takes too long."""
        async with self._turn:
            waited = 0.0
            while self._lease < cost:
                wanted = max(cost, self._burst // 1)
                seconds = await self._shop.store.commit(self._leasing(wanted))
                if seconds <= 0:
                    self._lease += wanted
                    break
                if waited + seconds > PATIENCE:
                    raise Wait(f"the budget of {self._account} is spent", seconds, throttled=True)
                # Processes that wait for the same moment come back spread out.
                seconds = min(seconds, LONGEST_LOOK) * (1 + 0.1 * self._shop.clock.jitter())
                await self._sleep(seconds)
                waited += seconds
            self._lease -= cost
            self._out += cost

    def returned(self, cost: float, level: Level | None = None) -> None:
        """Note that a request is over, and what its answer told about the budget."""
        self._out -= cost
        if level is not None:
            self._lease = 0.0
            self._told = level._replace(available=level.available - self._out), self._shop.clock.now()

    async def pause(self, seconds: float) -> None:
        """Let everyone who shares the account wait."""
        self._lease = 0.0
        until = self._shop.clock.now() + seconds
        await self._shop.store.commit(lambda db: shared.pause(db, self._account, until))

    def _leasing(self, wanted: float) -> Callable[[sqlite3.Connection], float]:
        told, self._told = self._told, None
        now = self._shop.clock.now()

        def job(db: sqlite3.Connection) -> float:
            if told is not None:
                level, at = told
                shared.observe(db, self._account, level.available, level.capacity, level.restore_per_second, at)
            return shared.take(db, self._account, wanted, now, self._rate, max(self._burst, wanted))

        return job
