"""What could not become facts: each with a reason code, kept until it can.

Identity of an open entry: `(source, stream, key, reason)`. The same trouble again is counted, not repeated.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

CLOSED = "closed"
"""How an entry was resolved that a person has closed: the same trouble of the same inbox row opens none again."""
_SELECT = (
    "SELECT id, source, stream, key, reason, detail, inbox_id, payload, sealed, times, first_at, last_at, resolved "
)


class Entry(NamedTuple):
    """One quarantined record: its inbox id, or its payload where it never came so far; times in unix seconds."""

    id: int
    source: str
    stream: str
    key: str
    reason: str
    detail: str
    inbox_id: int | None
    payload: bytes | None
    sealed: bool
    """True: the payload is sealed with the installation key."""
    times: int
    first_at: float
    last_at: float
    resolved: str
    """How it was resolved; empty: open."""


def add(
    db: sqlite3.Connection,
    source: str,
    stream: str,
    key: str,
    reason: str,
    detail: str,
    *,
    at: float,
    inbox_id: int | None = None,
    payload: bytes | None = None,
    sealed: bool = False,
) -> int:
    """Put a record into quarantine, or count it once more if it is there for that reason; return the entry's id."""
    found = db.execute(
        "SELECT id FROM quarantine WHERE source = ? AND stream = ? AND key = ? AND reason = ? AND resolved = ''",
        (source, stream, key, reason),
    ).fetchone()
    if found is not None:
        db.execute(
            "UPDATE quarantine SET times = times + 1, last_at = ?, detail = ?, inbox_id = coalesce(?, inbox_id), "
            "payload = coalesce(?, payload), sealed = ? WHERE id = ?",
            (at, detail, inbox_id, payload, sealed, found[0]),
        )
        return int(found[0])
    cursor = db.execute(
        "INSERT INTO quarantine (source, stream, key, reason, detail, inbox_id, payload, sealed, first_at, last_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (source, stream, key, reason, detail, inbox_id, payload, sealed, at, at),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def entries(
    db: sqlite3.Connection,
    *,
    source: str | None = None,
    stream: str | None = None,
    reason: str | None = None,
    resolved: bool = False,
    limit: int = -1,
) -> list[Entry]:
    """Return open entries (or resolved ones), the oldest first; None selects all, -1 sets no limit."""
    rows = db.execute(
        _SELECT + "FROM quarantine WHERE source = coalesce(?, source) AND stream = coalesce(?, stream) "
        "AND reason = coalesce(?, reason) AND (resolved <> '') = ? ORDER BY id LIMIT ?",
        (source, stream, reason, resolved, limit),
    )
    return [_entry(row) for row in rows]


def get(db: sqlite3.Connection, id: int) -> Entry | None:
    """Return an entry, None where there is none of that id."""
    row = db.execute(_SELECT + "FROM quarantine WHERE id = ?", (id,)).fetchone()
    return None if row is None else _entry(row)


def resolve(db: sqlite3.Connection, id: int, how: str) -> None:
    """Close an entry, saying how (`replayed`, `superseded`, `erased`, ...); its payload is dropped."""
    db.execute("UPDATE quarantine SET resolved = ?, payload = NULL WHERE id = ?", (how, id))


def is_closed(db: sqlite3.Connection, inbox_id: int, reason: str) -> bool:
    """Say whether a person has closed what is wrong with an inbox row."""
    found = db.execute(
        "SELECT 1 FROM quarantine WHERE inbox_id = ? AND reason = ? AND resolved = ?", (inbox_id, reason, CLOSED)
    )
    return found.fetchone() is not None


def counts(db: sqlite3.Connection) -> list[tuple[str, str, str, int]]:
    """Return (source, stream, reason, open entries)."""
    return db.execute(
        "SELECT source, stream, reason, count(*) FROM quarantine WHERE resolved = '' "
        "GROUP BY source, stream, reason ORDER BY source, stream, reason"
    ).fetchall()


def _entry(row: tuple[object, ...]) -> Entry:
    entry = Entry._make(row)
    return entry._replace(sealed=bool(entry.sealed))
