"""The to-fetch list: objects to read by key, asked for by deliveries and by other streams.

A fetch is removed only if nobody asked for the key again since it was taken: `stamp` counts the askings.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

_ADD = (
    "INSERT INTO fetches (source, stream, key, not_before) VALUES (?, ?, ?, ?) ON CONFLICT (source, stream, key) "
    "DO UPDATE SET stamp = stamp + 1, not_before = min(not_before, excluded.not_before)"
)


class Fetch(NamedTuple):
    """One object to read. `attempts`: how often it was tried in vain."""

    stream: str
    key: str
    stamp: int
    attempts: int


class Waiting(NamedTuple):
    """How many keys of a stream wait, and when the next of them is due (unix seconds)."""

    stream: str
    keys: int
    next_due: float


def add(db: sqlite3.Connection, source: str, refs: Iterable[tuple[str, str, float]]) -> None:
    """Ask for objects: (stream, key, not before). Of two askings for one key the earlier time holds."""
    db.executemany(_ADD, [(source, stream, key, not_before) for stream, key, not_before in refs])


def due(db: sqlite3.Connection, source: str, stream: str, now: float, limit: int) -> list[Fetch]:
    """Return at most `limit` objects of a stream that are due at `now`, the longest due first."""
    rows = db.execute(
        "SELECT stream, key, stamp, attempts FROM fetches WHERE source = ? AND stream = ? AND not_before <= ? "
        "ORDER BY not_before, key LIMIT ?",
        (source, stream, now, limit),
    )
    return [Fetch(*row) for row in rows]


def done(db: sqlite3.Connection, source: str, stream: str, read: Iterable[tuple[str, int]]) -> None:
    """Take (key, stamp) off the list; a key asked for again meanwhile stays."""
    db.executemany(
        "DELETE FROM fetches WHERE source = ? AND stream = ? AND key = ? AND stamp = ?",
        [(source, stream, key, stamp) for key, stamp in read],
    )


def defer(db: sqlite3.Connection, source: str, stream: str, key: str, not_before: float, note: str) -> None:
    """Try a key again at `not_before` (unix seconds), remembering why."""
    db.execute(
        "UPDATE fetches SET not_before = ?, attempts = attempts + 1, note = ? "
        "WHERE source = ? AND stream = ? AND key = ?",
        (not_before, note, source, stream, key),
    )


def pending(db: sqlite3.Connection, source: str) -> list[Waiting]:
    """Return what waits, by stream."""
    rows = db.execute(
        "SELECT stream, count(*), min(not_before) FROM fetches WHERE source = ? GROUP BY stream ORDER BY stream",
        (source,),
    )
    return [Waiting(*row) for row in rows]


def forget(db: sqlite3.Connection, source: str, stream: str) -> None:
    """Take all objects of a stream off the list."""
    db.execute("DELETE FROM fetches WHERE source = ? AND stream = ?", (source, stream))


def wake(db: sqlite3.Connection, source: str) -> None:
    """Have all objects of a source that wait for a moment read by the next run."""
    db.execute("UPDATE fetches SET not_before = 0.0 WHERE source = ?", (source,))
