"""Verified webhooks, sealed, until the engine has opened them.

Identity: `(source, key)`, where the key is what the platform keeps over redeliveries of one delivery. It is looked at
when a delivery is opened, not when it arrives: on the way in rows are only appended, since a look-up at a random place
of an index costs more than all the rest of storing a delivery. So a redelivery may wait beside the first one; opening
is harmless when it happens twice, and of the two only the first is kept. The digest of the body is kept after the body
is gone, so that captured bytes which come back under another key are recognised.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

from jalon.store.group import Job, Statement

KEEP_SECONDS = 35 * 86400
"""How long a settled delivery's key and digest are kept at least: longer than any platform re-sends."""
SLICE = 1000
"""Deliveries forgotten in one transaction."""
State = Literal["opened", "unknown", "bad", "stale"]
_LARGEST_INSERT = 64
_INSERT = "INSERT INTO deliveries (source, key, received_at, digest, sealed) VALUES "
_INSERTS = [_INSERT + ", ".join(["(?, ?, ?, ?, ?)"] * rows) for rows in range(1, _LARGEST_INSERT + 1)]
"""Statements for 1, 2, ... rows in one step. A step gives the interpreter lock away: getting it back costs most."""


class Row(NamedTuple):
    """A delivery to store: time in unix seconds, digest of the clear body, sealed headers and body."""

    source: str
    key: str
    received_at: float
    digest: bytes
    sealed: bytes


class Unopened(NamedTuple):
    """A stored delivery. `repeated`: the same body was opened before, under this key or another one."""

    id: int
    source: str
    key: str
    received_at: float
    sealed: bytes
    repeated: bool


class Count(NamedTuple):
    """How many deliveries of a source are in a state; `last_at`: when the last one came (unix seconds)."""

    source: str
    state: str
    deliveries: int
    last_at: float


def adding(rows: Sequence[tuple[Any, ...]]) -> Job[int]:
    """Return the job that appends deliveries (at least one) and tells how many: where they are few, one statement."""
    if len(rows) <= _LARGEST_INSERT:
        return _insert(rows)
    return lambda db: add(db, rows)


def add(db: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Append deliveries; return how many."""
    return sum(_insert(rows[start : start + _LARGEST_INSERT])(db) for start in range(0, len(rows), _LARGEST_INSERT))


def _insert(rows: Sequence[tuple[Any, ...]]) -> Statement:
    return Statement(_INSERTS[len(rows) - 1], tuple(chain.from_iterable(rows)))


def unopened(db: sqlite3.Connection, source: str, limit: int) -> list[Unopened]:
    """Return at most `limit` deliveries that nobody has opened yet, in the order of their arrival."""
    rows = db.execute(
        "SELECT id, source, key, received_at, sealed, EXISTS (SELECT 1 FROM delivered "
        "WHERE delivered.digest = new.digest AND delivered.source = new.source AND delivered.delivery <> new.id) "
        "FROM deliveries AS new WHERE state = 'new' AND source = ? ORDER BY id LIMIT ?",
        (source, limit),
    )
    return [Unopened._make((*row[:-1], bool(row[-1]))) for row in rows]


def opened(db: sqlite3.Connection, id: int, state: State, topic: str = "", note: str = "") -> None:
    """Settle a delivery: `opened` and `stale` lose their body, `unknown` and `bad` keep it to be opened again.

    Another arrival of a delivery that is settled already is dropped.
    """
    db.execute(
        "INSERT OR IGNORE INTO delivered (source, key, digest, received_at, delivery) "
        "SELECT source, key, digest, received_at, id FROM deliveries WHERE id = ?",
        (id,),
    )
    if not db.execute("SELECT 1 FROM delivered WHERE delivery = ?", (id,)).fetchone():
        db.execute("DELETE FROM deliveries WHERE id = ?", (id,))
        return
    db.execute("UPDATE deliveries SET state = ?, topic = ?, note = ? WHERE id = ?", (state, topic, note, id))
    if state in ("opened", "stale"):
        db.execute("UPDATE deliveries SET sealed = NULL WHERE id = ?", (id,))


def reopen(db: sqlite3.Connection, source: str) -> int:
    """Offer what was not understood for opening again (after an update); return how many."""
    return db.execute(
        "UPDATE deliveries SET state = 'new' WHERE source = ? AND state IN ('unknown', 'bad')", (source,)
    ).rowcount


def counts(db: sqlite3.Connection) -> list[Count]:
    """Return how many deliveries there are, by source and state."""
    rows = db.execute(
        "SELECT source, state, count(*), max(received_at) FROM deliveries GROUP BY source, state ORDER BY source, state"
    )
    return [Count(*row) for row in rows]


def misunderstood(db: sqlite3.Connection) -> list[tuple[str, str, str, str, int]]:
    """Return what was not understood: (source, state, topic, why, how many)."""
    return db.execute(
        "SELECT source, state, topic, note, count(*) FROM deliveries WHERE state IN ('unknown', 'bad') "
        "GROUP BY source, state, topic, note ORDER BY source, state, topic, note"
    ).fetchall()


def kept(db: sqlite3.Connection) -> list[tuple[int, str, str, bytes]]:
    """Return the sealed bodies of what was not understood: (id, source, key, sealed)."""
    return db.execute(
        "SELECT id, source, key, sealed FROM deliveries WHERE state IN ('unknown', 'bad') AND sealed IS NOT NULL"
    ).fetchall()


def purge(db: sqlite3.Connection, before: float) -> int:
    """Forget settled deliveries received before `before` (now less `KEEP_SECONDS`, or earlier); return how many.

    At most `SLICE` of them: less says that none are left. What was offered for opening again waits for that.
    """
    rows = db.execute(
        "SELECT delivered.rowid, delivery FROM delivered LEFT JOIN deliveries ON deliveries.id = delivery "
        "WHERE delivered.received_at < ? AND state IS NOT 'new' LIMIT ?",
        (before, SLICE),
    ).fetchall()
    db.executemany("DELETE FROM delivered WHERE rowid = ?", [(rowid,) for rowid, _ in rows])
    db.executemany("DELETE FROM deliveries WHERE id = ?", [(id,) for _, id in rows])
    return len(rows)
