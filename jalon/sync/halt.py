"""End a run early and in order: by a signal or by its deadline."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from jalon.sync.clock import Clock

Why = Literal["interrupted", "deadline"]


class Halted(Exception):
    """No further request may be sent; what is in hand is committed."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Halt:
    """Says whether the run may go on. One for all sources of a run, with a part for each."""

    def __init__(self, clock: Clock, max_runtime: float | None = None) -> None:
        self._clock = clock
        self._deadline = None if max_runtime is None else clock.now() + max_runtime
        self._stopped = asyncio.Event()
        self._parts: list[Halt] = []

    def part(self) -> Halt:
        """Return a halt that ends with this one, and can be ended alone."""
        part = Halt(self._clock)
        part._deadline = self._deadline
        if self._stopped.is_set():
            part.stop()
        self._parts.append(part)
        return part

    def stop(self) -> None:
        """End the run at the next page."""
        self._stopped.set()
        for part in self._parts:
            part.stop()

    @property
    def why(self) -> Why | None:
        """Why the run must end; None: it may go on."""
        if self._stopped.is_set():
            return "interrupted"
        if self._deadline is not None and self._clock.now() >= self._deadline:
            return "deadline"
        return None

    def check(self) -> None:
        """Raise `Halted` if the run must end."""
        if (why := self.why) is not None:
            raise Halted(why)

    async def sleep(self, seconds: float) -> None:
        """Sleep. Raises `Halted` when stopped, and at once if the deadline would pass meanwhile."""
        self.check()
        if self._deadline is not None and self._clock.now() + seconds >= self._deadline:
            raise Halted("deadline")
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopped.cancel()
        self.check()


@contextmanager
def stopped_by_signals(halt: Halt) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the run in order while the block runs; a second SIGINT acts as usual."""
    loop = asyncio.get_running_loop()

    def received(number: signal.Signals) -> None:
        halt.stop()
        loop.remove_signal_handler(number)

    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, received, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
