"""Read one window: pages in order, each committed with the cursor behind it.

What a page does to its window is decided without I/O (`step`) and written with the page (`move`):

    advance   there is more; the cursor moves
    finish    the window is read to its end
    defer     the platform is not ready; come back with the cursor
    restart   rows moved while they were paged: read it again, a few times
    split     they go on moving: read its halves, which hold still longer
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, NoReturn

from jalon.connectors.base import Batch, Fault, Skip, Split, Stop, Stream, Wait, Window
from jalon.errors import JalonError
from jalon.store import inbox, quarantine, sources, windows
from jalon.store.windows import OpenWindow
from jalon.sync.halt import Halted
from jalon.sync.pages import Pages, closing
from jalon.sync.redact import REDACTOR, sayable
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts, Workshop, zone_of
from jalon.sync.tokens import LockedOut

PASSES = 3
MAX_PAGES = 50_000
MAX_EMPTY = 200
"""Empty pages in a row that are believed when the platform says that there is more."""
SOONEST = 1.0
"""Seconds before a window is looked at again, whatever its connector asks."""

Step = Literal["advance", "finish", "defer", "restart", "split"]


class Astray(Wait):
    """The platform's paging makes no sense: the window is kept, and read from its start by a later run."""


class LeftOut(Exception):
    """An optional stream is refused: it is left as it is, and the source does without it for now."""


@dataclass(slots=True)
class Reading:
    """How far the reading of a window is. `cursor` is what stands in the store once the page is committed."""

    window: OpenWindow
    divisible: bool
    cursor: str | None = None
    total: int | None = None
    seen: int = 0
    pages: int = 0
    empty: int = 0
    visited: set[str | None] = field(default_factory=set)

    @classmethod
    def of(cls, window: OpenWindow, stream: Stream) -> Reading:
        """Go on where the window was left."""
        divisible = stream.grain == "time" and window.high - window.low > 1
        return cls(window, divisible, window.cursor, window.total, window.seen, visited={window.cursor})


def step(reading: Reading, batch: Batch) -> Step:
    """Say what a page does to its window, and move `reading`. Raises `Astray`."""
    before = reading.total
    reading.pages += 1
    reading.seen += len(batch.records)
    reading.empty = 0 if batch.records else reading.empty + 1
    if batch.total is not None:
        reading.total = batch.total
        if before is not None and batch.total < before:
            return _moved(reading)
    if batch.later is not None:
        reading.cursor = batch.cursor
        return "defer"
    if batch.cursor is None:
        return "finish"
    if batch.cursor in reading.visited:
        raise Astray("the platform gave the same page mark twice")
    if reading.pages >= MAX_PAGES or reading.empty >= MAX_EMPTY:
        raise Astray(
            f"the platform says that there is more after {reading.pages} pages, the last {reading.empty} empty"
        )
    reading.visited.add(batch.cursor)
    reading.cursor = batch.cursor
    return "advance"


def _moved(reading: Reading) -> Step:
    if reading.window.passes < PASSES:
        return "restart"
    if reading.divisible:
        return "split"
    raise Astray("rows keep moving out of the window while it is read")


def move(db: sqlite3.Connection, reading: Reading, done: Step, not_before: float) -> list[OpenWindow]:
    """Write a step; return what is left of the window to read once its reading has ended."""
    window = reading.window
    if done == "finish":
        windows.finish(db, window.id)
        return []
    if done == "restart":
        windows.restart(db, window.id)
        return [window._replace(cursor=None, seen=0, total=None, passes=window.passes + 1)]
    if done == "split":
        return _halved(db, window)
    windows.advance(db, window.id, reading.cursor, reading.seen, reading.total)
    if done == "advance":
        return []
    windows.defer(db, window.id, reading.cursor, not_before)
    return [window._replace(cursor=reading.cursor, seen=reading.seen, total=reading.total, not_before=not_before)]


def _halved(db: sqlite3.Connection, window: OpenWindow) -> list[OpenWindow]:
    middle = (window.low + window.high) // 2
    windows.split(db, window.id, middle)
    halves = {(window.low, middle), (middle, window.high)}
    found = windows.open_windows(db, window.source, window.backfill)
    return [each for each in found if each.stream == window.stream and (each.low, each.high) in halves]


class WindowReader:
    """Reads the windows of one source."""

    def __init__(self, session: SourceSession, shop: Workshop, pages: Pages, counts: Counts) -> None:
        self._session = session
        self._shop = shop
        self._pages = pages
        self._counts = counts
        self._streams = {stream.name: stream for stream in session.source.connector.streams}

    async def read(self, window: OpenWindow) -> list[OpenWindow]:
        """Read a window; return what is left of it to read: itself, later or again, or its halves.

        Raises `Wait` (it is kept, with a note), `Stop`, `Halted`.
        """
        reading = Reading.of(window, self._streams[window.stream])
        try:
            return await self._read(reading)
        except (Split, Skip, Stop) as fault:
            if is_refusal(fault, self._streams[window.stream]) and (reading.pages or window.cursor is None):
                await self._keep(reading, fault)
                await leave_out(self._shop, window.source, window.stream, fault)
            if isinstance(fault, Stop):
                await self._keep(reading, fault)
                raise
            return await self._refused(reading, fault)
        except (Halted, JalonError):
            raise
        except Exception as error:
            await self._keep(reading, error)
            raise

    async def _refused(self, reading: Reading, fault: Split | Skip) -> list[OpenWindow]:
        window = reading.window
        # Page marks expire: what cannot be had from the middle may be had from the start.
        stored = reading.pages == 0 and window.cursor is not None
        if stored or (isinstance(fault, Skip) and reading.cursor is not None and window.passes < PASSES):
            return await self._shop.store.commit(lambda db: move(db, reading, "restart", 0.0))
        if isinstance(fault, Split) and reading.divisible:
            return await self._shop.store.commit(lambda db: _halved(db, window))
        return await self._skip(window, fault, "refused" if isinstance(fault, Skip) else "too_large")

    async def _read(self, reading: Reading) -> list[OpenWindow]:
        """Read page after page: the next one is asked for while this one is stored, and stored after it."""
        window, stream = reading.window, self._streams[reading.window.stream]
        known = self._known(window, stream) if stream.recalled else frozenset()
        asked = Window(stream, _instant(window.low), _instant(window.high), window.cursor, bool(window.backfill), known)
        storing: asyncio.Task[list[OpenWindow]] | None = None
        try:
            async with closing("`pull`", self._session.source.connector.pull(self._session, asked)) as batches:
                async for batch in batches:
                    if storing is not None:
                        await storing
                    done, storing = self._store(reading, batch)
                    del batch  # encoded by now; as objects it would be kept until the next page is here
                    if done != "advance":
                        return await storing
        finally:
            if storing is not None:
                await storing
        if reading.pages:
            raise Astray("the reading ended before the end of its window")
        return await self._shop.store.commit(lambda db: move(db, reading, "finish", 0.0))

    def _known(self, window: OpenWindow, stream: Stream) -> frozenset[str]:
        with self._shop.store.read() as db:
            return inbox.keys(db, window.source, window.stream, None if stream.grain == "all" else self._days(window))

    def _days(self, window: OpenWindow) -> tuple[str, str]:
        """Return the first local day of a window, and the one after its last."""
        zone = zone_of(self._session.source, self._session.account)
        first, last = (datetime.fromtimestamp(at, zone).date() for at in (window.low, window.high - 1))
        return first.isoformat(), (last + timedelta(days=1)).isoformat()

    def _store(self, reading: Reading, batch: Batch) -> tuple[Step, asyncio.Task[list[OpenWindow]]]:
        """Begin to store a page and the step that it means; the task returns what is left of the window to read."""
        name = reading.window.stream
        page = self._pages.prepare(batch, name)
        done = step(reading, batch)
        not_before = max(batch.later or 0.0, self._shop.clock.now() + SOONEST)
        optional = self._streams[name].optional

        def also(db: sqlite3.Connection) -> list[OpenWindow]:
            if optional and done == "finish":
                sources.clear_notice(db, reading.window.source, without(name))
            return move(db, reading, done, not_before)

        return done, asyncio.create_task(self._pages.commit(page, name, also))

    async def _skip(self, window: OpenWindow, fault: Fault, reason: str) -> list[OpenWindow]:
        now = self._shop.clock.now()
        key = f"{_instant(window.low):%Y-%m-%dT%H:%M:%SZ}/{_instant(window.high):%Y-%m-%dT%H:%M:%SZ}"

        def job(db: sqlite3.Connection) -> None:
            quarantine.add(db, window.source, window.stream, key, reason, REDACTOR.clean(fault.reason), at=now)
            windows.finish(db, window.id)

        await self._shop.store.commit(job)
        self._counts.skipped += 1
        return []

    async def _keep(self, reading: Reading, error: Exception) -> None:
        """Note why a window was not read; the next run goes on where it was left."""
        window = reading.window
        seconds = error.seconds if isinstance(error, Wait) else None
        not_before = None if seconds is None else self._shop.clock.now() + seconds

        def job(db: sqlite3.Connection) -> None:
            if isinstance(error, Astray):
                windows.restart(db, window.id)
            elif not_before is not None:
                windows.defer(db, window.id, reading.cursor, not_before)
            windows.fail(db, window.id, sayable(error))

        await self._shop.store.commit(job)


def is_refusal(fault: Fault, stream: Stream) -> bool:
    """Say whether a fault means that an optional stream, and not the whole source, is not permitted."""
    if not stream.optional or isinstance(fault, LockedOut):
        return False
    return isinstance(fault, Skip) or (isinstance(fault, Stop) and fault.kind == "auth")


def without(stream: str) -> str:
    """Return the kind of the notice that a stream is left out."""
    return f"without {stream}"


async def leave_out(shop: Workshop, source: str, stream: str, fault: Fault) -> NoReturn:
    """Tell people that a source does without a stream. Raises `LeftOut`."""
    now, detail = shop.clock.now(), f"{sayable(fault)}; once it is granted, the stream is read from where it stands"
    await shop.store.commit(lambda db: sources.notice(db, source, without(stream), detail, now))
    raise LeftOut(stream)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
