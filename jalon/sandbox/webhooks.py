"""Deliveries: what platforms post to subscribed addresses, with their retries, and what may go wrong on the way.

A part says which deliveries are due (`Part.events`, or `Deliverer.send` for what no schedule knows), already signed.
The deliverer posts them in sandbox time. Faults: `hook_drop` (never posted), `hook_duplicate` (posted twice),
`hook_delay` (up to a day late), `hook_reorder` (up to ten minutes late, so that later ones overtake).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import aiohttp

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults

DELAY_AT_MOST = 86_400.0
REORDER_AT_MOST = 600.0
AT_ONCE = 16
"""Deliveries in flight at the same time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery owed to one address; the body is the same in each try."""

    at: float
    """When it falls due, in unix seconds of sandbox time."""
    key: str
    """Its identity across retries: faults and the log know it by this."""
    address: str
    body: bytes
    headers: Mapping[str, str] | Callable[[], Mapping[str, str]]
    """The same in each try, or made anew for each, where the platform signs the time of the try."""
    timeout: float
    """Seconds of real time until a try counts as failed."""
    retries: tuple[float, ...]
    """Seconds of sandbox time to wait after the first, second, … failed try; then it is given up."""
    accepted: Callable[[int], bool] = lambda status: 200 <= status < 300
    given_up: Callable[[], None] | None = None
    """Called after the last try failed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one try; `status` is None when no answer came."""

    key: str
    address: str
    at: float
    number: int
    status: int | None


@dataclass(slots=True)
class Deliverer:
    """Post events when they fall due.

    `sources` are asked for the events of each new stretch of sandbox time. `pump` posts all that is due now and returns
    when it has been tried; `run` pumps for ever.
    """

    clock: Clock
    faults: Faults
    sources: list[Callable[[float, float], Iterable[Event]]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    _queue: list[tuple[float, int, int, Event]] = field(default_factory=list)
    _ticket: itertools.count[int] = field(default_factory=itertools.count)
    _until: float | None = None
    _session: aiohttp.ClientSession | None = None
    _pumping: asyncio.Lock = field(default_factory=asyncio.Lock)

    def send(self, event: Event) -> None:
        """Queue one event, with the faults of deliveries applied."""
        if self.faults.strikes("hook_drop", event.key):
            self.dropped.append(event.key)
            return
        self._put(event.at + self._late(event.key), 0, event)
        if self.faults.strikes("hook_duplicate", event.key):
            again = self.faults.uniform("hook_duplicate_late", event.key) * REORDER_AT_MOST
            self._put(event.at + again, 0, event)

    def _late(self, key: str) -> float:
        late = 0.0
        if self.faults.strikes("hook_delay", key):
            late += self.faults.uniform("hook_delay_late", key) * DELAY_AT_MOST
        if self.faults.strikes("hook_reorder", key):
            late += self.faults.uniform("hook_reorder_late", key) * REORDER_AT_MOST
        return late

    def _put(self, due: float, number: int, event: Event) -> None:
        heapq.heappush(self._queue, (due, next(self._ticket), number, event))

    @property
    def waiting(self) -> int:
        """Return how many deliveries are queued for later."""
        return len(self._queue)

    def start(self) -> None:
        """Owe nothing from before this moment."""
        if self._until is None:
            self._until = self.clock.now()

    async def pump(self) -> int:
        """Post everything that is due by now, and return the number of tries made."""
        async with self._pumping:
            self._collect(self.clock.now())
            made = 0
            while batch := self._due(self.clock.now()):
                await asyncio.gather(*(self._try(number, event) for number, event in batch))
                made += len(batch)
            return made

    def _collect(self, now: float) -> None:
        self.start()
        after = self._until if self._until is not None else now
        if now <= after:
            return
        self._until = now
        for source in self.sources:
            for event in source(after, now):
                self.send(event)

    def _due(self, now: float) -> list[tuple[int, Event]]:
        batch: list[tuple[int, Event]] = []
        while self._queue and self._queue[0][0] <= now and len(batch) < AT_ONCE:
            _, _, number, event = heapq.heappop(self._queue)
            batch.append((number, event))
        return batch

    async def _try(self, number: int, event: Event) -> None:
        status = await self._post(event)
        self.attempts.append(Attempt(event.key, event.address, self.clock.now(), number, status))
        if status is not None and event.accepted(status):
            return
        if number < len(event.retries):
            self._put(self.clock.now() + event.retries[number], number + 1, event)
        elif event.given_up is not None:
            event.given_up()

    async def _post(self, event: Event) -> int | None:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        limit = aiohttp.ClientTimeout(total=event.timeout)
        headers = event.headers() if callable(event.headers) else event.headers
        try:
            async with self._session.post(
                event.address, data=event.body, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def run(self, every: float = 0.05) -> None:
        """Pump for ever, looking at the clock each `every` seconds of real time."""
        while True:
            await self.pump()
            await asyncio.sleep(every)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
