"""Time, sleep and chance, lent to the engine so that tests and the sandbox can lend others."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Protocol


class Clock(Protocol):
    """What the engine knows of time."""

    def now(self) -> float:
        """Return the time in unix seconds."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""

    def jitter(self) -> float:
        """Return a number in [0, 1) that no other process draws at the same time."""


class SystemClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self._chance = random.SystemRandom()

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        return self._chance.random()
