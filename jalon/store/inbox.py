"""The inbox: every distinct revision of every record, as received (after the door).

Identity: `(source, stream, key)`, the platform's own id of the object, which survives redelivery, retry and the way in.
A revision is told from another by the digest of its bytes; the newest is the one with the highest version (the
platform's own update time), the later arrival where versions are equal. A revision older than the newest is kept once
and never becomes the newest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from jalon.store.forget import spare

_OF_KEY = "FROM inbox WHERE source = ? AND stream = ? AND key = ? "
_NEWEST = "SELECT version, digest " + _OF_KEY + "ORDER BY version DESC, id DESC LIMIT 1"
_KNOWN = "SELECT 1 " + _OF_KEY + "AND digest = ? LIMIT 1"
_INSERT = "INSERT INTO inbox (source, stream, key, version, observed_at, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ROWS = "SELECT id, source, stream, key, version, observed_at, body FROM inbox WHERE id BETWEEN ? AND ? ORDER BY id"


class Appended(NamedTuple):
    """How many records were new revisions, and how many were known already."""

    new: int
    known: int


def digest(body: bytes) -> bytes:
    """Return what tells one revision from another."""
    return blake2b(body, digest_size=16).digest()


def append(
    db: sqlite3.Connection, source: str, stream: str, observed_at: int, rows: Sequence[tuple[str, int, bytes]]
) -> Appended:
    """Append those of `rows` (key, version, body) that are new revisions. `observed_at` in microseconds.

    Who was erased does not come in again.
    """
    rows = spare(db, source, rows)
    cursor = db.cursor()
    newest: dict[str, tuple[int, bytes]] = {}
    fresh: list[tuple[str, str, str, int, int, bytes, bytes]] = []
    for key, version, body in rows:
        digest = blake2b(body, digest_size=16).digest()
        head = newest.get(key) or cursor.execute(_NEWEST, (source, stream, key)).fetchone()
        if head is None or version >= head[0]:
            if head is not None and head[1] == digest:
                continue
            newest[key] = (version, digest)
        elif head[1] == digest or _kept(cursor, fresh, (source, stream, key, digest)):
            continue
        fresh.append((source, stream, key, version, observed_at, digest, body))
    cursor.executemany(_INSERT, fresh)
    return Appended(len(fresh), len(rows) - len(fresh))


def _kept(cursor: sqlite3.Cursor, fresh: Sequence[tuple[Any, ...]], revision: tuple[str, str, str, bytes]) -> bool:
    """Say whether a revision that comes late is there already, in the inbox or among the rows about to be appended."""
    _, _, key, digest = revision
    if any(row[2] == key and row[5] == digest for row in fresh):
        return True
    return cursor.execute(_KNOWN, revision).fetchone() is not None


def rows(db: sqlite3.Connection, low_id: int, high_id: int) -> Iterator[tuple[int, str, str, str, int, int, bytes]]:
    """Yield (id, source, stream, key, version, observed_at, body) for ids from `low_id` to `high_id`, both included."""
    return db.execute(_ROWS, (low_id, high_id))


def last_id(db: sqlite3.Connection) -> int:
    """Return the highest id, 0 where the inbox is empty."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM inbox").fetchone()[0])


def counts(db: sqlite3.Connection) -> list[tuple[str, str, int, int]]:
    """Return (source, stream, revisions, keys), sorted."""
    return db.execute(
        "SELECT source, stream, count(*), count(DISTINCT key) FROM inbox "
        "GROUP BY source, stream ORDER BY source, stream"
    ).fetchall()
