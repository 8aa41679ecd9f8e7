"""The files that a source reads: which are read, which are being read and how far, which were refused and why.

A file is known again by its digest. `stamp` (size and times, as the file system tells them) only saves reading it to
find that it has not changed; `mark` names what its rows were read by, so that another mapping has it read again.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from jalon.store import quarantine

State = Literal["reading", "read", "refused"]
_SELECT = "SELECT name, stamp, digest, mark, position, bad, state, note, begun_at FROM files WHERE source = ? "


class File(NamedTuple):
    """A file of a source; `position` and `bad` in rows, `begun_at` in unix seconds."""

    name: str
    stamp: str
    digest: bytes
    mark: str
    position: int
    bad: int
    state: State
    note: str
    begun_at: float


def get(db: sqlite3.Connection, source: str, name: str) -> File | None:
    """Return what is known of a file, None where it was never looked at."""
    row = db.execute(_SELECT + "AND name = ?", (source, name)).fetchone()
    return None if row is None else File._make(row)


def listed(db: sqlite3.Connection, source: str) -> list[File]:
    """Return all files of a source, by name."""
    rows = db.execute(_SELECT + "ORDER BY name", (source,))
    return [File._make(row) for row in rows]


def put(db: sqlite3.Connection, source: str, file: File) -> None:
    """Keep what is known of a file, in place of what was."""
    db.execute(
        "INSERT OR REPLACE INTO files (source, name, stamp, digest, mark, position, bad, state, note, begun_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (source, *file),
    )


def forget(db: sqlite3.Connection, source: str, name: str) -> None:
    """Forget what is known of a file: should it come back, it is read anew."""
    db.execute("DELETE FROM files WHERE source = ? AND name = ?", (source, name))


def resolve_old(db: sqlite3.Connection, source: str, name: str, before: float, how: str = "superseded") -> None:
    """Close what is in quarantine of a file since before `before` (unix seconds): it has been read anew, or is gone."""
    rows = db.execute(
        "SELECT id, key FROM quarantine WHERE source = ? AND resolved = '' AND inbox_id IS NULL AND last_at < ?",
        (source, before),
    ).fetchall()
    for entry, key in rows:
        if key == name or key.rpartition(":")[0] == name:
            quarantine.resolve(db, entry, how)
