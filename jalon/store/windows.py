"""Windows: spans `[low, high)` of a stream that are still to be read, and how far each stream is planned.

The mark `planned_until` and the windows behind it move in one transaction, so what a crash, a deadline or a failure
leaves behind is rows here, and nothing is forgotten. A back-fill is windows with a name; it never moves the mark.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

Span = tuple[int, int]
"""Unix seconds; the second is exclusive."""
_OPEN = (
    "SELECT id, source, stream, low, high, cursor, seen, total, passes, not_before, backfill, note FROM windows "
    "WHERE source = ? AND backfill = ? AND done = 0 ORDER BY not_before, low, id"
)


class OpenWindow(NamedTuple):
    """A span still to be read, from `cursor` on. `not_before` in unix seconds; `seen` and `total` in rows."""

    id: int
    source: str
    stream: str
    low: int
    high: int
    cursor: str | None
    seen: int
    total: int | None
    passes: int
    not_before: float
    backfill: str | None
    note: str


class Backfill(NamedTuple):
    """How far a back-fill of one stream is: windows in all, those done, rows seen; the span in unix seconds."""

    source: str
    name: str
    stream: str
    low: int
    high: int
    windows: int
    done: int
    seen: int


def plan(
    db: sqlite3.Connection,
    source: str,
    stream: str,
    spans: Iterable[Span],
    planned_until: int | None,
    backfill: str | None = None,
) -> int:
    """Add windows and move the mark (None: leave it); return how many windows are new.

    A back-fill that is planned already stays as it is: planning it again resumes it.
    """
    if backfill and _planned(db, source, stream, backfill):
        return 0
    cursor = db.executemany(
        "INSERT OR IGNORE INTO windows (source, stream, low, high, backfill) VALUES (?, ?, ?, ?, ?)",
        [(source, stream, low, high, backfill or "") for low, high in spans],
    )
    if planned_until is not None:
        db.execute(
            "INSERT INTO streams (source, stream, planned_until) VALUES (?, ?, ?) "
            "ON CONFLICT (source, stream) DO UPDATE SET planned_until = excluded.planned_until",
            (source, stream, planned_until),
        )
    return max(cursor.rowcount, 0)


def forget_backfill(db: sqlite3.Connection, source: str, backfill: str) -> None:
    """Drop the windows of a back-fill, read or not."""
    db.execute("DELETE FROM windows WHERE source = ? AND backfill = ?", (source, backfill))


def _planned(db: sqlite3.Connection, source: str, stream: str, backfill: str) -> bool:
    row = db.execute(
        "SELECT 1 FROM windows WHERE source = ? AND stream = ? AND backfill = ? LIMIT 1", (source, stream, backfill)
    )
    return row.fetchone() is not None


def planned_until(db: sqlite3.Connection, source: str, stream: str) -> int | None:
    """Return the mark in unix seconds; None: nothing is planned yet."""
    row = db.execute("SELECT planned_until FROM streams WHERE source = ? AND stream = ?", (source, stream)).fetchone()
    return None if row is None else row[0]


def open_windows(db: sqlite3.Connection, source: str, backfill: str | None = None) -> list[OpenWindow]:
    """Return what is left to read: of the live sync (None), or of the back-fill of that name; oldest due first."""
    rows = db.execute(_OPEN, (source, backfill or ""))
    return [OpenWindow._make(row)._replace(backfill=backfill) for row in rows]


def advance(db: sqlite3.Connection, id: int, cursor: str | None, seen: int, total: int | None) -> None:
    """Move a window behind a page. `seen`: rows read of it in all; `total`: what the platform counts in it."""
    db.execute("UPDATE windows SET cursor = ?, seen = ?, total = ?, note = '' WHERE id = ?", (cursor, seen, total, id))


def defer(db: sqlite3.Connection, id: int, cursor: str | None, not_before: float) -> None:
    """Come back to a window at `not_before` (unix seconds), with `cursor`."""
    db.execute("UPDATE windows SET cursor = ?, not_before = ? WHERE id = ?", (cursor, not_before, id))


def restart(db: sqlite3.Connection, id: int) -> None:
    """Read a window from its start again."""
    db.execute("UPDATE windows SET cursor = NULL, seen = 0, total = NULL, passes = passes + 1 WHERE id = ?", (id,))


def split(db: sqlite3.Connection, id: int, middle: int) -> None:
    """Replace a window by its two halves, both unread."""
    source, stream, low, high, backfill = db.execute(
        "SELECT source, stream, low, high, backfill FROM windows WHERE id = ?", (id,)
    ).fetchone()
    if not low < middle < high:
        raise ValueError(f"{middle} does not lie inside [{low}, {high})")
    db.execute("DELETE FROM windows WHERE id = ?", (id,))
    halves = [(source, stream, start, end, backfill) for start, end in ((low, middle), (middle, high))]
    db.executemany("INSERT OR IGNORE INTO windows (source, stream, low, high, backfill) VALUES (?, ?, ?, ?, ?)", halves)


def finish(db: sqlite3.Connection, id: int) -> None:
    """Drop a window that is read to its end; one of a back-fill stays, marked done."""
    db.execute("DELETE FROM windows WHERE id = ? AND backfill = ''", (id,))
    db.execute("UPDATE windows SET done = 1, cursor = NULL, note = '' WHERE id = ?", (id,))


def set_aside(db: sqlite3.Connection, source: str, stream: str) -> None:
    """Drop the windows of a stream, back-fills too, and move its mark back to before what is unread of them."""
    (low,) = db.execute(
        "SELECT min(low) FROM windows WHERE source = ? AND stream = ? AND backfill = ''", (source, stream)
    ).fetchone()
    if low is not None:
        hold_back(db, source, stream, low)
    db.execute("DELETE FROM windows WHERE source = ? AND stream = ?", (source, stream))


def fail(db: sqlite3.Connection, id: int, note: str) -> None:
    """Keep a window open for the next run, with a note why it was not read."""
    db.execute("UPDATE windows SET note = ? WHERE id = ?", (note, id))


def looked_back(db: sqlite3.Connection, source: str, stream: str) -> float:
    """Return when the stream was last looked back over (unix seconds); 0.0: never."""
    row = db.execute("SELECT looked_back FROM streams WHERE source = ? AND stream = ?", (source, stream)).fetchone()
    return 0.0 if row is None else float(row[0])


def mark_looked_back(db: sqlite3.Connection, source: str, stream: str, at: float) -> None:
    """Remember that look-back windows were planned at `at` (unix seconds)."""
    db.execute(
        "INSERT INTO streams (source, stream, looked_back) VALUES (?, ?, ?) "
        "ON CONFLICT (source, stream) DO UPDATE SET looked_back = excluded.looked_back",
        (source, stream, at),
    )


def hold_back(db: sqlite3.Connection, source: str, stream: str, until: int) -> None:
    """Move a mark that is later than `until` (unix seconds) back to it."""
    db.execute(
        "UPDATE streams SET planned_until = ? WHERE source = ? AND stream = ? AND planned_until > ?",
        (until, source, stream, until),
    )


def distrust(db: sqlite3.Connection, source: str, streams: Iterable[str]) -> None:
    """Forget the marks of streams; windows of the source that wait for a moment wait no longer."""
    db.executemany(
        "UPDATE streams SET planned_until = NULL WHERE source = ? AND stream = ?",
        [(source, stream) for stream in streams],
    )
    db.execute("UPDATE windows SET not_before = 0.0 WHERE source = ?", (source,))


def backfills(db: sqlite3.Connection) -> list[Backfill]:
    """Return the progress of each back-fill, by source, name and stream."""
    rows = db.execute(
        "SELECT source, backfill, stream, min(low), max(high), count(*), sum(done), sum(seen) FROM windows "
        "WHERE backfill <> '' GROUP BY source, backfill, stream ORDER BY source, backfill, stream"
    )
    return [Backfill(*row) for row in rows]
