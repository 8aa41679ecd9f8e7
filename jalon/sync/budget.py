"""Spend the account's rate budget, which all processes share through the store.

Small parts of it are leased at a time, so that one commit serves several requests of a fast account while a slow one
asks for each. What platforms tell about the budget in their answers goes back with the next lease.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from jalon.connectors.base import Allowance, Level, Request, Wait
from jalon.store import budget as shared
from jalon.sync.answered import answered
from jalon.sync.retry import PATIENCE
from jalon.sync.source import Source, Workshop

HEADROOM = 0.9
"""Part of a configured rate that is used: requests bunch up on their way, and the platform counts arrivals."""
LEASE = 0.1
"""Seconds of the rate that are leased at once, and that may be sent in one burst."""
LONGEST_LOOK = 1.0
"""Seconds between two looks at the budget: an answer may have told meanwhile that there is more of it."""

Sleep = Callable[[float], Awaitable[None]]


class Budget:
    """One budget: `rate` per second, `burst` at once, known to all processes by its name."""

    def __init__(self, name: str, rate: float, burst: float, shop: Workshop, sleep: Sleep) -> None:
        self._name = name
        self._shop = shop
        self._sleep = sleep
        self._rate = rate
        self._burst = burst
        self._lease = 0.0
        self._out = 0.0
        """Cost of the requests under way: what the platform tells as available does not know of them yet."""
        self._told: tuple[Level, float] | None = None
        self._turn = asyncio.Lock()

    @classmethod
    def of(cls, source: Source, shop: Workshop, sleep: Sleep) -> Budget:
        """Return the budget of a source's account."""
        configured = source.settings.requests_per_second
        rate = configured * HEADROOM if configured else source.connector.starting_rate
        return cls(_account(source), rate, max(1.0, rate * LEASE), shop, sleep)

    @classmethod
    def within(cls, account: str, allowance: Allowance, shop: Workshop, sleep: Sleep) -> Budget:
        """Return the budget of an allowance: burst and rate add up to what it gives in its time."""
        rate = allowance.requests * (1 - allowance.burst) / allowance.seconds
        return cls(f"{account} {allowance.name}", rate, max(1.0, allowance.requests * allowance.burst), shop, sleep)

    async def take(self, cost: float) -> None:
        """Return once `cost` may be spent, in the order of asking. Raises `Wait` if that takes too long."""
        async with self._turn:
            waited = 0.0
            while self._lease < cost:
                wanted = max(cost, self._rate * LEASE // 1)
                seconds = await self._shop.store.commit(self._leasing(wanted))
                if seconds <= 0:
                    self._lease += wanted
                    break
                if waited + seconds > PATIENCE:
                    raise Wait(f"the budget of {self._name} is spent", seconds, throttled=True)
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
        """Let everyone who shares the budget wait."""
        self._lease = 0.0
        until = self._shop.clock.now() + seconds
        await self._shop.store.commit(lambda db: shared.pause(db, self._name, until))

    def _leasing(self, wanted: float) -> Callable[[sqlite3.Connection], float]:
        told, self._told = self._told, None
        now = self._shop.clock.now()

        def job(db: sqlite3.Connection) -> float:
            if told is not None:
                (available, capacity, restore, lasts), at = told
                shared.observe(db, self._name, available, capacity, restore, lasts=lasts, now=at)
            return shared.take(db, self._name, wanted, now, self._rate, max(self._burst, wanted))

        return job


class Budgets:
    """What the requests of a source are taken from: its account's budget, and allowances that some fall under."""

    def __init__(self, source: Source, shop: Workshop, sleep: Sleep) -> None:
        self._source = source
        self._shop = shop
        self._sleep = sleep
        self._account = Budget.of(source, shop, sleep)
        self._within: dict[Allowance, Budget] = {}

    async def take(self, request: Request) -> None:
        """Return once a request may be sent. Raises `Wait` if that takes too long."""
        for budget in self._of(request):
            await budget.take(request.cost)
        await self._account.take(request.cost)

    def returned(self, request: Request, level: Level | None) -> None:
        """Note that a request is over, and what its answer told about the account's budget."""
        for budget in self._of(request):
            budget.returned(request.cost)
        self._account.returned(request.cost, level)

    async def pause(self, request: Request, seconds: float) -> None:
        """Let everyone wait who shares the narrowest budget of a request: its first allowance, else the account's."""
        narrowest, *_ = [*self._of(request), self._account]
        await narrowest.pause(seconds)

    def _of(self, request: Request) -> list[Budget]:
        found = self._source.connector.allowances(request, self._source.settings)
        return [self._budget(allowance) for allowance in found]

    def _budget(self, allowance: Allowance) -> Budget:
        if allowance not in self._within:
            self._within[allowance] = Budget.within(_account(self._source), allowance, self._shop, self._sleep)
        return self._within[allowance]


def _account(source: Source) -> str:
    name: str = answered("`account`", source.connector.account(source.settings), str, "a text")
    return name
