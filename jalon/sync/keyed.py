"""Read objects by key: what deliveries and other streams asked for, off the durable to-fetch list.

A fetch goes on until its generator ends, however its batches are cut, and has no cursor: what is cut off is read again.
A key leaves the list in the transaction that brings its last page in, and only if nobody asked for it again meanwhile.
What a page asks to be read later is added after that, so that a key can ask for itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from jalon.connectors.base import Fault, Ref, Skip, Split, Stop, Stream, Wait
from jalon.errors import JalonError
from jalon.store import fetches, quarantine
from jalon.store.fetches import Fetch
from jalon.sync.halt import Halted
from jalon.sync.pages import Page, Pages, closing
from jalon.sync.redact import REDACTOR, sayable
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts, Workshop
from jalon.sync.windowed import is_refusal, leave_out

FIRST, LONGEST = 300.0, 6 * 3600.0
"""Seconds before a key that could not be read is tried again, doubling."""
ATTEMPTS = 8
"""Tries after which a key whose answer nobody understands goes to quarantine."""


class KeyReader:
    """Reads the keyed objects of one source."""

    def __init__(self, session: SourceSession, shop: Workshop, pages: Pages, counts: Counts) -> None:
        self._session = session
        self._name = session.source.name
        self._shop = shop
        self._pages = pages
        self._counts = counts

    async def read(self, stream: Stream, batch: Sequence[Fetch]) -> None:
        """Read at most `stream.batch` keys. Whatever it raises (`Halted`, `Stop`, `Wait`), they stay on the list."""
        try:
            await self._read(stream, batch)
        except (Split, Skip) as fault:
            if len(batch) > 1:
                await self.read(stream, batch[: len(batch) // 2])
                await self.read(stream, batch[len(batch) // 2 :])
            else:
                await self._give_up(batch[0], "refused" if isinstance(fault, Skip) else "too_large", sayable(fault))
        except Stop as fault:
            if is_refusal(fault, stream):
                await self._defer(batch, fault)
                await leave_out(self._shop, self._name, stream.name, fault)
            raise
        except (Halted, JalonError):
            raise
        except Exception as error:
            await self._defer(batch, error)
            raise

    async def _read(self, stream: Stream, batch: Sequence[Fetch]) -> None:
        keys = [fetch.key for fetch in batch]
        asked_again: list[Ref] = []
        last: Page | None = None
        laters: list[float] = []
        async with closing("`fetch`", self._session.source.connector.fetch(self._session, stream, keys)) as batches:
            async for each in batches:
                if last is not None:
                    await self._commit(stream, last, ())
                page = self._pages.prepare(each, stream.name)
                asked_again += page.follow
                last = page._replace(follow=())
                laters += [] if each.later is None else [each.later]
        await self._commit(stream, last or Page({}, []), () if laters else batch, asked_again)
        if laters:
            await self._later(batch, max(laters))

    async def _commit(self, stream: Stream, page: Page, done: Sequence[Fetch], then: Sequence[Ref] = ()) -> None:
        def also(db: sqlite3.Connection) -> None:
            fetches.done(db, self._name, stream.name, [(fetch.key, fetch.stamp) for fetch in done])
            fetches.add(db, self._name, then)

        await self._pages.commit(page, stream.name, also)

    async def _later(self, batch: Sequence[Fetch], not_before: float) -> None:
        def job(db: sqlite3.Connection) -> None:
            for fetch in batch:
                fetches.defer(db, self._name, fetch.stream, fetch.key, not_before, "the platform is not ready")

        await self._shop.store.commit(job)

    async def _defer(self, batch: Sequence[Fetch], error: Exception) -> None:
        now, note = self._shop.clock.now(), sayable(error)
        understood = isinstance(error, Fault)
        seconds = error.seconds if isinstance(error, Wait) else None

        def job(db: sqlite3.Connection) -> None:
            for fetch in batch:
                pause = min(LONGEST, FIRST * 2.0 ** min(fetch.attempts, 10))
                fetches.defer(db, self._name, fetch.stream, fetch.key, now + max(pause, seconds or 0.0), note)

        await self._shop.store.commit(job)
        for fetch in batch:
            if not understood and fetch.attempts + 1 >= ATTEMPTS:
                await self._give_up(fetch, "unreadable", note)

    async def _give_up(self, fetch: Fetch, reason: str, detail: str) -> None:
        now = self._shop.clock.now()

        def job(db: sqlite3.Connection) -> None:
            quarantine.add(db, self._name, fetch.stream, fetch.key, reason, REDACTOR.clean(detail), at=now)
            fetches.done(db, self._name, fetch.stream, [(fetch.key, fetch.stamp)])

        await self._shop.store.commit(job)
        self._counts.skipped += 1
