"""Quarantine and the derivation: what fails goes in once, what passes again is closed, a replay derives anew."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from jalon.store import quarantine, segments
from jalon.store.database import Store


class Failure(NamedTuple):
    """An inbox row that did not become facts."""

    inbox_id: int
    source: str
    stream: str
    key: str
    reason: str
    detail: str


def settle(db: sqlite3.Connection, low: int, through: int, failures: Sequence[Failure]) -> None:
    """Bring quarantine in line with the inbox rows from `low` to `through`, all just derived.

    Idempotent: a row that fails each time its segment is derived is counted once. A revision is not held when the
    newest one of its record has become facts: nothing is missing then.
    """
    derived = _Derived(db, through, frozenset(one.inbox_id for one in failures))
    failed = {(one.inbox_id, one.reason) for one in failures}
    rows = db.execute(
        "SELECT id, inbox_id, reason FROM quarantine WHERE resolved = '' AND inbox_id BETWEEN ? AND ?", (low, through)
    ).fetchall()
    known = {(inbox_id, reason) for _, inbox_id, reason in rows}
    for entry, inbox_id, reason in rows:
        if (inbox_id, reason) not in failed:
            quarantine.resolve(db, entry, "derived")
    for one in _left(derived, failures):
        if (one.inbox_id, one.reason) not in known and not _has_later(db, one):
            _add(db, one)
    _close_superseded(db, derived)


def count_held(db: sqlite3.Connection, last: int, failures: Sequence[Failure]) -> int:
    """Return how many failures leave something missing, once all rows up to `last` are derived."""
    return len(_left(_Derived(db, last, frozenset(one.inbox_id for one in failures)), failures))


def _left(derived: _Derived, failures: Iterable[Failure]) -> list[Failure]:
    return [
        one
        for one in failures
        if not derived.newer_than(one.source, one.stream, one.key, one.inbox_id)
        and not quarantine.is_closed(derived.db, one.inbox_id, one.reason)
    ]


class _Derived(NamedTuple):
    """What is known to have become facts: the inbox rows up to `through` but for those that `failed` or are held."""

    db: sqlite3.Connection
    through: int
    failed: frozenset[int]

    def newer_than(self, source: str, stream: str, key: str, inbox_id: int) -> bool:
        """Say whether a record's newest revision is another one than this, and has become facts."""
        found = self.db.execute(
            "SELECT id FROM inbox WHERE source = ? AND stream = ? AND key = ? ORDER BY version DESC, id DESC LIMIT 1",
            (source, stream, key),
        ).fetchone()
        newest = found[0] if found else inbox_id
        return newest != inbox_id and newest <= self.through and newest not in self.failed and not self._held(newest)

    def _held(self, inbox_id: int) -> bool:
        held = self.db.execute("SELECT 1 FROM quarantine WHERE resolved = '' AND inbox_id = ?", (inbox_id,))
        return held.fetchone() is not None


def _close_superseded(db: sqlite3.Connection, derived: _Derived) -> None:
    """Close what is held of records, also of earlier segments, whose newest revision has become facts."""
    held = db.execute(
        "SELECT id, source, stream, key, inbox_id FROM quarantine WHERE resolved = '' AND inbox_id <= ?",
        (derived.through,),
    )
    for entry, *record in held.fetchall():
        if derived.newer_than(*record):
            quarantine.resolve(db, entry, "superseded")


def _add(db: sqlite3.Connection, one: Failure) -> None:
    at = time.time()
    quarantine.add(db, one.source, one.stream, one.key, one.reason, one.detail, at=at, inbox_id=one.inbox_id)


def _has_later(db: sqlite3.Connection, one: Failure) -> bool:
    """Say whether a later revision is in quarantine for the same reason: one entry stands for both."""
    row = db.execute(
        "SELECT 1 FROM quarantine WHERE source = ? AND stream = ? AND key = ? AND reason = ? AND resolved = '' "
        "AND inbox_id > ?",
        (one.source, one.stream, one.key, one.reason, one.inbox_id),
    ).fetchone()
    return row is not None


def replay(store: Store, entries: Iterable[quarantine.Entry]) -> int:
    """Mark for derivation every revision of the records that `entries` stand for; return for how many there are any.

    An entry without inbox rows was refused before the inbox: it is not the derivation that can try it again.
    """

    def job(db: sqlite3.Connection) -> int:
        found = [ids for entry in entries if (ids := _revisions(db, entry))]
        for ids in found:
            segments.mark(db, ids)
        return len(found)

    return store.write(job)


def _revisions(db: sqlite3.Connection, entry: quarantine.Entry) -> list[int]:
    record = (entry.source, entry.stream, entry.key)
    return [
        found for (found,) in db.execute("SELECT id FROM inbox WHERE source = ? AND stream = ? AND key = ?", record)
    ]
