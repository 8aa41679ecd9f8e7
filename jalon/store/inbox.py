"""The inbox: every distinct revision of every record, as received (after the door).

Identity: `(source, stream, key)`, the platform's own id of the object, which survives redelivery, retry and the way in.
A revision is told from another by the digest of its bytes; the newest is the one with the highest version (the
platform's own update time), the later arrival where versions are equal. A revision older than the newest is kept once
and never becomes the newest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from jalon.store.forget import spare

_REVISIONS = (
    "SELECT key, version, digest FROM inbox WHERE source = ? AND stream = ? AND key IN ({}) ORDER BY key, version, id"
)
_AT_ONCE = 500
"""Keys asked for in one statement: SQLite takes some thousands at most."""
_INSERT = "INSERT INTO inbox (source, stream, key, version, observed_at, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ROWS = "SELECT id, source, stream, key, version, observed_at, body FROM inbox WHERE id BETWEEN ? AND ? ORDER BY id"
_BEFORE = (
    "SELECT id, source, stream, key, version, observed_at, body FROM inbox "
    "WHERE source = ? AND stream = ? AND key = ? AND id < ? ORDER BY version DESC, id DESC"
)
_OF_SAME = (
    "SELECT other.id FROM inbox one JOIN inbox other "
    "ON other.source = one.source AND other.stream = one.stream AND other.key = one.key WHERE one.id = ?"
)
Row = tuple[int, str, str, str, int, int, bytes]
"""Id, source, stream, key, version, observed_at, body."""


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
    newest: dict[str, tuple[int, bytes]] = {}
    kept: set[tuple[str, bytes]] = set()
    for key, version, mark in _revisions(db, source, stream, [key for key, _, _ in rows]):
        newest[key] = version, mark
        kept.add((key, mark))
    fresh: list[tuple[str, str, str, int, int, bytes, bytes]] = []
    for key, version, body in rows:
        mark = digest(body)
        head = newest.get(key)
        if head is None or version >= head[0]:
            if head is not None and head[1] == mark:
                continue
            newest[key] = version, mark
        elif (key, mark) in kept:
            continue
        kept.add((key, mark))
        fresh.append((source, stream, key, version, observed_at, mark, body))
    db.executemany(_INSERT, fresh)
    return Appended(len(fresh), len(rows) - len(fresh))


def _revisions(
    db: sqlite3.Connection, source: str, stream: str, keys: Sequence[str]
) -> Iterator[tuple[str, int, bytes]]:
    """Yield (key, version, digest) of what is there of some keys, the newest of each last."""
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        yield from db.execute(_REVISIONS.format(",".join("?" * len(some))), (source, stream, *some))


def rows(db: sqlite3.Connection, low_id: int, high_id: int) -> Iterator[Row]:
    """Yield (id, source, stream, key, version, observed_at, body) for ids from `low_id` to `high_id`, both included."""
    return db.execute(_ROWS, (low_id, high_id))


def before(db: sqlite3.Connection, source: str, stream: str, key: str, inbox_id: int) -> Iterator[Row]:
    """Yield the revisions of a record that came in before one of them, as `rows` does, the newest first."""
    return db.execute(_BEFORE, (source, stream, key, inbox_id))


def of_same_records(db: sqlite3.Connection, ids: Iterable[int]) -> list[int]:
    """Return the rows that are revisions of the same records as these, themselves among them."""
    found: set[int] = set()
    for inbox_id in ids:
        found.update(row[0] for row in db.execute(_OF_SAME, (inbox_id,)))
    return sorted(found)


def keys(db: sqlite3.Connection, source: str, stream: str, between: tuple[str, str] | None = None) -> frozenset[str]:
    """Return the keys of which there is a record in a stream; only those `between` two texts, the second excluded."""
    query, values = "SELECT DISTINCT key FROM inbox WHERE source = ? AND stream = ?", (source, stream)
    found = (
        db.execute(f"{query} AND key >= ? AND key < ?", (*values, *between)) if between else db.execute(query, values)
    )
    return frozenset(row[0] for row in found)


def last_id(db: sqlite3.Connection) -> int:
    """Return the highest id, 0 where the inbox is empty."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM inbox").fetchone()[0])


def counts(db: sqlite3.Connection) -> list[tuple[str, str, int, int]]:
    """Return (source, stream, revisions, keys), sorted."""
    return db.execute(
        "SELECT source, stream, count(*), count(DISTINCT key) FROM inbox "
        "GROUP BY source, stream ORDER BY source, stream"
    ).fetchall()
