"""Removing all that came from a source that is no longer used, its money and counts too.

It is ordered in one transaction, which also takes away what the source would go on with: cursors, tokens, notices. The
next derivation carries it out, a slice at a time, so that no acknowledgement waits long for the writer lock; how far it
has come is in the proof. Killed anywhere, it goes on where it stood: rows that came after the order are not touched.
"""

from __future__ import annotations

import json
import sqlite3
import time

from jalon.progress import Progress, silent
from jalon.store import inbox, links, segments
from jalon.store.database import Store

SCOPE = "everything"
"""`scope` of such an order among the erasures."""
SLICE = 500
"""Rows per transaction."""
SMALL = (
    "streams", "windows", "fetches", "credentials", "source_values", "notices", "deadlines", "files", "refusals",
)  # fmt: skip
"""Tables that go with the order itself, and `links`."""
LARGE = {"deliveries": "received_at", "delivered": "received_at", "quarantine": "first_at", "runs": "started_at"}
"""Tables that go slice by slice -> when a row came; what came after the order stays."""


def held(db: sqlite3.Connection, source: str) -> dict[str, int]:
    """Return how many rows of a source each table has; tables without any are left out."""
    counts = {
        table: db.execute(f"SELECT count(*) FROM {table} WHERE source = ?", (source,)).fetchone()[0]  # noqa: S608
        for table in ("inbox", "links", *SMALL, *LARGE)
    }
    return {table: rows for table, rows in counts.items() if rows}


def order(store: Store, source: str) -> int:
    """Order that all of a source be removed; return the id of the order among the erasures."""

    def job(db: sqlite3.Connection) -> int:
        for table in SMALL:
            db.execute(f"DELETE FROM {table} WHERE source = ?", (source,))  # noqa: S608 # names of this module
        links.remove(db, source)
        counts = json.dumps({"through": inbox.last_id(db)})
        cursor = db.execute(
            "INSERT INTO erasures (source, request, scope, requested_at, counts) VALUES (?, '', ?, ?, ?)",
            (source, SCOPE, time.time(), counts),
        )
        return int(cursor.lastrowid or 0)

    return store.write(job)


def carry_out(store: Store, order: int, progress: Progress = silent) -> None:
    """Remove what an order asks for, from where it stands."""
    with store.read() as db:
        source, at, counts = db.execute(
            "SELECT source, requested_at, counts FROM erasures WHERE id = ?", (order,)
        ).fetchone()
    proof = json.loads(counts)
    for low in range(proof.get("reached", 0) + 1, proof["through"] + 1, SLICE):
        high = min(low + SLICE - 1, proof["through"])
        store.write(lambda db, low=low, high=high: _remove_rows(db, order, source, low, high))  # type: ignore[misc]
        progress("removing", high, proof["through"])
    for table, when in LARGE.items():
        _remove_before(store, table, when, source, at)


def _remove_rows(db: sqlite3.Connection, order: int, source: str, low: int, high: int) -> None:
    """Remove the source's rows of one slice of the inbox, and note so in the same transaction."""
    rows = db.execute("SELECT id FROM inbox WHERE id BETWEEN ? AND ? AND source = ?", (low, high, source)).fetchall()
    db.executemany("DELETE FROM inbox WHERE id = ?", rows)
    segments.mark(db, [inbox_id for (inbox_id,) in rows])
    (before,) = db.execute("SELECT counts FROM erasures WHERE id = ?", (order,)).fetchone()
    told = json.loads(before)
    now = {**told, "reached": high, "records": told.get("records", 0) + len(rows)}
    db.execute("UPDATE erasures SET counts = ? WHERE id = ?", (json.dumps(now), order))


def _remove_before(store: Store, table: str, when: str, source: str, at: float) -> None:
    with store.read() as db:
        first, last = db.execute(f"SELECT coalesce(min(rowid), 1), coalesce(max(rowid), 0) FROM {table}").fetchone()  # noqa: S608
    where = f"rowid BETWEEN ? AND ? AND source = ? AND {when} <= ?"
    for low in range(first, last + 1, SLICE):
        span = (low, low + SLICE - 1, source, at)
        store.write(lambda db, span=span: db.execute(f"DELETE FROM {table} WHERE {where}", span).rowcount)  # type: ignore[misc] # noqa: S608
