"""Bring a page in: through the door, into the inbox, in one transaction with the cursor behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from inspect import iscoroutine
from typing import Any, NamedTuple, TypeVar

from jalon.connectors.base import BY_CONTENT, Batch, Deadline, Record, Ref, Skipped
from jalon.connectors.wire import encode
from jalon.errors import kind_and_place
from jalon.privacy import Keyring
from jalon.store import deadlines, fetches, inbox, quarantine
from jalon.store.quarantine import Entry
from jalon.sync.answered import answered, broken, nameless, page_of
from jalon.sync.redact import REDACTOR
from jalon.sync.source import Counts, Sign, Source, Workshop

T = TypeVar("T")
MAX_PAYLOAD = 1 << 20
"""Bytes that are kept of a record that cannot be stored as it is."""


class Reject(NamedTuple):
    """A record that cannot go into the inbox, with the reason code and its sealed body."""

    stream: str
    key: str
    reason: str
    detail: str
    payload: bytes


class Page(NamedTuple):
    """What one batch brings, ready to be committed."""

    rows: dict[str, list[tuple[str, int, bytes]]]
    """Inbox rows (key, version, body) by stream."""
    rejects: list[Reject]
    follow: Sequence[Ref] = ()
    skipped: Sequence[Skipped] = ()
    deadlines: Sequence[Deadline] = ()


class Pages:
    """Prepares and commits the pages of one source."""

    def __init__(self, source: Source, shop: Workshop, counts: Counts) -> None:
        self._source = source
        self._shop = shop
        self._counts = counts
        self._doors = {stream.name: stream.door for stream in source.connector.streams}
        self._wanted = frozenset(stream.name for stream in source.streams)
        self._hasher = shop.keyring.hasher(source.name)
        self._about = quarantine_seal(source.name)
        self._read: dict[str, tuple[int, int]] = {}
        """Pages and rows read so far, by stream."""

    def prepare(self, batch: Batch, stream: str) -> Page:
        """Scrub and encode the records of a batch. Raises `Stop` for what is none."""
        batch = page_of(batch)
        return self._page(batch.records, stream)._replace(
            follow=self.refs(batch.follow), skipped=batch.skipped, deadlines=batch.deadlines
        )

    def refs(self, refs: Sequence[Ref]) -> Sequence[Ref]:
        """Return what is to be read by key, of the streams that are wanted.

        Raises `Stop` for a stream that there is not: nobody would read it.
        """
        for ref in refs:
            if ref.stream not in self._doors:
                raise broken(f"answer asks for a key of the stream {ref.stream!r}, and there is none of that name")
        return [ref for ref in refs if ref.stream in self._wanted]

    def prepare_records(self, records: Sequence[Record]) -> Page:
        """Scrub and encode records that each name their stream, as those of a delivery do."""
        return self._page(records, "")

    def write(self, db: sqlite3.Connection, page: Page, stream: str) -> tuple[int, int]:
        """Write a page within the open transaction; return how many rows are new and how many were known."""
        name, now = self._source.name, self._shop.clock.now()
        new = known = 0
        for each, rows in page.rows.items():
            appended = inbox.append(db, name, each, int(now * 1_000_000), rows)
            new += appended.new
            known += appended.known
        for reject in page.rejects:
            quarantine.add(
                db,
                name,
                reject.stream,
                reject.key,
                reject.reason,
                reject.detail,
                at=now,
                payload=reject.payload,
                sealed=True,
            )
        for key, reason, detail in page.skipped:
            quarantine.add(db, name, stream, key, reason, REDACTOR.clean(detail), at=now)
        if page.follow:
            fetches.add(db, name, page.follow)
        if page.deadlines:
            deadlines.put(db, name, page.deadlines)
        return new, known

    async def commit(self, page: Page, stream: str, also: Callable[[sqlite3.Connection], T]) -> T:
        """Write a page and what goes `also` with it in one transaction; count it once it is durable."""

        def job(db: sqlite3.Connection) -> tuple[tuple[int, int], T]:
            return self.write(db, page, stream), also(db)

        written, result = await self._shop.store.commit(job)
        self.count(page, *written)
        self._sign(page, stream)
        return result

    def count(self, page: Page, new: int, known: int) -> None:
        """Add a committed page to the run's figures."""
        counts = self._counts
        counts.pages += 1
        counts.new += new
        counts.known += known
        counts.skipped += len(page.rejects) + len(page.skipped)

    def _sign(self, page: Page, stream: str) -> None:
        pages, rows = self._read.get(stream, (0, 0))
        self._read[stream] = read = pages + 1, rows + sum(map(len, page.rows.values()))
        self._shop.progress(Sign(self._source.name, stream, *read))

    def _page(self, records: Sequence[Record], default: str) -> Page:
        rows: dict[str, list[tuple[str, int, bytes]]] = {}
        rejects: list[Reject] = []
        doors, hasher = self._doors, self._hasher
        for record in records:
            key, version, told, other = answered("`pull`, `fetch` or `open`", record, Record, "a Record")
            stream = other or default
            try:
                body = doors[stream](told, hasher)
                encoded = encode(body)
                if key == BY_CONTENT and body is not None:
                    key = self._by_content(told, stream)
            except Exception as error:  # whatever a record does to its door, the page goes on
                rejects.append(self.reject(record, stream, _reason(error, stream, doors)))
                continue
            if why := nameless(record, body):
                rejects.append(self.reject(record, stream, ("no_identity", why)))
                continue
            rows.setdefault(stream, []).append((key, version, encoded))
        return Page(rows, rejects)

    def _by_content(self, told: Any, stream: str) -> str:
        """Return what names a record without a number: all that it tells, persons by the hash of what was written.

        So it stays the same record whatever is held of who is named by that.
        """
        return inbox.digest(encode(self._doors[stream](told, self._shop.keyring.pseudonym))).hex()

    def reject(self, record: Record, stream: str, why: tuple[str, str]) -> Reject:
        """Return a record that cannot be taken, sealed, with the reason code and the detail."""
        try:
            clear = encode(record.body)
        except TypeError:
            clear = repr(record.body).encode("utf-8", "backslashreplace")
        payload = self._shop.keyring.seal(clear[:MAX_PAYLOAD], self._about)
        return Reject(stream, REDACTOR.clean(str(record.key))[:200], *why, payload)


def _reason(error: Exception, stream: str, doors: dict[str, Any]) -> tuple[str, str]:
    if stream not in doors:
        return "unknown_stream", f"the connector has no stream {stream!r}"
    return "unstorable", f"it does not pass its door as JSON text ({kind_and_place(error)})"


@asynccontextmanager
async def closing(method: str, batches: Any) -> AsyncIterator[AsyncIterator[Batch]]:
    """Lend what a method of a connector yields, and end its generator however the block ends. Raises `Stop`."""
    if iscoroutine(batches):
        batches.close()
    try:
        yield answered(method, batches, AsyncIterator, "an async generator")
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()


def quarantine_seal(source: str) -> bytes:
    """Return what the sealed payloads of a source's quarantine are bound to."""
    return f"quarantine/{source}".encode()


def quarantined_body(keyring: Keyring, entry: Entry) -> bytes | None:
    """Return the payload of a quarantine entry in clear; None where it has none."""
    if entry.payload is None or not entry.sealed:
        return entry.payload
    return keyring.unseal(entry.payload, quarantine_seal(entry.source))
