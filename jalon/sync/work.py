"""Work off what a source has to read: windows and keys side by side, a bounded number of them at a time.

    due ──▶ running (at most `in_flight`) ──▶ done
     ▲                │
     └── later, ──────┘   a window that is not ready, was halved or must be read again
         halves

A window or a key that fails stays in the store with a note and the others go on. Three failures in a row without one
success end the run: the platform is away, and asking on would only take time.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Coroutine
from typing import Any

from jalon.connectors.base import Fault, Stop, Stream
from jalon.errors import JalonError, way_to
from jalon.store import deadlines, fetches, windows
from jalon.store.fetches import Fetch
from jalon.store.windows import OpenWindow
from jalon.sync.halt import Halt, Halted
from jalon.sync.keyed import KeyReader
from jalon.sync.pages import Pages
from jalon.sync.redact import sayable
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts, Sign, Workshop
from jalon.sync.windowed import Astray, LeftOut, WindowReader

log = logging.getLogger("jalon.sync")

TOO_MANY = 3
"""Failures in a row after which the platform is taken to be away."""
LOOK_AHEAD = 500
"""Keys taken from the to-fetch list at once."""


class Away(Exception):
    """The platform keeps failing; what is left is for the next run."""


class Work:
    """The work of one run over one source."""

    def __init__(
        self, session: SourceSession, shop: Workshop, halt: Halt, pages: Pages, counts: Counts, without: set[str]
    ) -> None:
        self._session = session
        self._shop = shop
        self._halt = halt
        self._source = session.source
        self._windows = WindowReader(session, shop, pages, counts)
        self._keys = KeyReader(session, shop, pages, counts)
        self._due: list[tuple[float, int, int, OpenWindow]] = []
        self._listed: dict[str, deque[Fetch]] = {}
        self._nothing: set[str] = set()
        """Streams whose to-fetch list was found empty since the last job ended."""
        self._reading: set[tuple[str, str]] = set()
        self._running: dict[asyncio.Task[None], bool] = {}
        """Task -> whether it reads keys."""
        self._without = without
        """Optional streams that the platform refused in this run; more may come."""
        self._in_a_row = 0
        self.failures: list[tuple[str, Exception]] = []
        """What went wrong without ending the run: where, and how."""

    def add(self, found: list[OpenWindow]) -> None:
        """Take windows into the work."""
        for window in found:
            heapq.heappush(self._due, (window.not_before, window.low, window.id, window))

    async def run(self) -> None:
        """Work until nothing is due. Raises `Stop`, `Halted`, `Away`, `JalonError`; every page in hand is committed."""
        try:
            while True:
                self._halt.check()
                self._start()
                if self._running:
                    await self._one()
                elif not await self._wait():
                    return
        except BaseException:
            self._halt.stop()
            await asyncio.gather(*self._running, return_exceptions=True)
            raise

    def _start(self) -> None:
        places = self._source.settings.in_flight - len(self._running)
        for _ in range(places):
            job = self._next()
            if job is None:
                return
            work, keyed = job
            self._running[asyncio.create_task(work)] = keyed

    def _next(self) -> tuple[Coroutine[Any, Any, None], bool] | None:
        """Return the next job: keys first, since somebody waits for them, but at most in every other place."""
        while self._due and self._due[0][-1].stream in self._without:
            heapq.heappop(self._due)  # it stays in the store
        windows_due = bool(self._due) and self._due[0][0] <= self._shop.clock.now()
        keyed = sum(self._running.values())
        if not windows_due or keyed * 2 < self._source.settings.in_flight:
            taken = self._take_keys()
            if taken is not None:
                return self._guard(f"keys of {taken[0].name}", self._read_keys(*taken)), True
        if windows_due:
            window = heapq.heappop(self._due)[-1]
            return self._guard(window.stream, self._read_window(window)), False
        return None

    async def _one(self) -> None:
        """Wait until something ends."""
        ended, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        self._nothing.clear()
        for task in ended:
            del self._running[task]
        errors = [error for task in ended if (error := task.exception()) is not None]
        if errors:
            raise min(errors, key=_rank)

    async def _wait(self) -> bool:
        """Wait for a window that becomes due soon; False: there is none."""
        if not self._due:
            return False
        seconds = self._due[0][0] - self._shop.clock.now()
        if seconds > self._shop.linger:
            return False
        self._shop.progress(Sign(self._source.name, self._due[0][-1].stream, waiting="not ready yet", seconds=seconds))
        await self._halt.sleep(max(seconds, 0.0))
        return True

    # --- windows

    async def _read_window(self, window: OpenWindow) -> None:
        self.add(await self._windows.read(window))

    # --- keys

    def _take_keys(self) -> tuple[Stream, list[Fetch]] | None:
        for stream in self._source.connector.streams:
            if stream.name in self._nothing or stream.name in self._without:
                continue
            listed = self._listed.get(stream.name) or self._list(stream)
            batch: list[Fetch] = []
            while listed and len(batch) < stream.batch:
                fetch = listed.popleft()
                if (fetch.stream, fetch.key) not in self._reading:
                    batch.append(fetch)
            if batch:
                self._reading.update((fetch.stream, fetch.key) for fetch in batch)
                return stream, batch
            self._nothing.add(stream.name)
        return None

    def _list(self, stream: Stream) -> deque[Fetch]:
        with self._shop.store.read() as db:
            found = fetches.due(db, self._source.name, stream.name, self._shop.clock.now(), LOOK_AHEAD)
        self._listed[stream.name] = deque(found)
        return self._listed[stream.name]

    async def _read_keys(self, stream: Stream, batch: list[Fetch]) -> None:
        try:
            await self._keys.read(stream, batch)
        finally:
            self._reading.difference_update((fetch.stream, fetch.key) for fetch in batch)

    # --- failures

    async def _guard(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Do a job; note its failure if the others may go on."""
        try:
            await work
            self._in_a_row = 0
        except LeftOut as left_out:
            self._without.add(str(left_out))
        except (Stop, Halted, JalonError):
            raise
        except Exception as error:
            log.warning("%s: reading %s: %s", self._source.name, what, sayable(error))
            if not isinstance(error, Fault):
                log.debug("%s: the way to it: %s", self._source.name, way_to(error))
            self.failures.append((what, error))
            self._in_a_row += isinstance(error, Fault) and not isinstance(error, Astray)
            if self._in_a_row >= TOO_MANY:
                raise Away(sayable(error)) from None


def _rank(error: BaseException) -> int:
    """Of several ends at once, what a person must act on comes first."""
    return next((rank for rank, kind in enumerate((JalonError, Stop, Halted)) if isinstance(error, kind)), 3)


def left_over(shop: Workshop, source: str, counts: Counts, backfill: str | None = None) -> None:
    """Count what a run leaves behind."""
    with shop.store.read() as db:
        found = windows.open_windows(db, source, backfill)
        waiting = fetches.pending(db, source)
        lost_at = deadlines.soonest(db, source, shop.clock.now())
    due = [window.not_before for window in found] + [each.next_due for each in waiting]
    due += [lost_at] if lost_at else []
    counts.pending_windows = len(found)
    counts.pending_fetches = sum(each.keys for each in waiting)
    counts.next_due = min(due, default=None)
