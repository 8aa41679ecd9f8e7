"""Segments of the inbox: which of them the facts files stand for, and which are to be derived again.

Identity: the segment's number, which fixes its range of inbox ids. A stamp is raised by whoever wants a segment derived
again, also while that is being done; its files stand for the stamp that was read before its rows were.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

SEGMENT = 4096
"""Inbox rows per segment. Larger ones save files (a million rows: 245 of each kind), smaller ones save memory and make
the last one, which every run derives anew, cheaper (0.1 s)."""


class State(NamedTuple):
    """What a segment's files hold: through which inbox id, of which sources, by which mapping, for which stamp.

    And how many bytes they have, so that one that is lost, cut or put back from elsewhere is noticed.
    """

    through: int = 0
    sources: tuple[str, ...] = ()
    mapping: str = ""
    stamp: int = 0
    derived: int = 0
    files: Mapping[str, int] | None = None
    """Bytes of each kind's file; None: an older version wrote them and did not say."""


def span(segment: int, last: int) -> tuple[int, int]:
    """Return the first and the last inbox id of a segment, where the inbox ends with `last`."""
    return segment * SEGMENT + 1, min(last, (segment + 1) * SEGMENT)


def number(last: int) -> int:
    """Return how many segments an inbox has that ends with the id `last`."""
    return -(-last // SEGMENT)


def state(db: sqlite3.Connection, segment: int) -> State:
    """Return what is known about a segment; one that was never derived has all defaults."""
    row = db.execute(
        "SELECT through, sources, mapping, stamp, derived, files FROM segments WHERE segment = ?", (segment,)
    ).fetchone()
    if row is None:
        return State()
    through, names, mapping, stamp, derived, written = row
    return State(through, tuple(json.loads(names)), mapping, stamp, derived, _files(written))


def files(db: sqlite3.Connection, number: int) -> dict[int, Mapping[str, int]]:
    """Return the bytes of each kind's file, for those of the first `number` segments of which they are known."""
    rows = db.execute("SELECT segment, files FROM segments WHERE segment < ? AND files <> ''", (number,))
    return {segment: _files(written) or {} for segment, written in rows}


def _files(written: str) -> dict[str, int] | None:
    found: dict[str, int] | None = json.loads(written) if written else None
    return found


def begun(db: sqlite3.Connection, segment: int) -> None:
    """Note that files of a segment are about to be written, so that facts never lie beside a store that knows none."""
    db.execute("INSERT OR IGNORE INTO segments (segment) VALUES (?)", (segment,))


def derived(db: sqlite3.Connection, segment: int, now: State) -> None:
    """Note what the files of a segment stand for now; its stamp goes on counting by itself."""
    db.execute(
        "INSERT INTO segments (segment, through, sources, mapping, stamp, derived, files) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (segment) DO UPDATE SET through = excluded.through, sources = excluded.sources, "
        "mapping = excluded.mapping, derived = excluded.derived, files = excluded.files",
        (segment, now.through, json.dumps(now.sources), now.mapping, now.stamp, now.derived, json.dumps(now.files)),
    )


def mark(db: sqlite3.Connection, inbox_ids: Iterable[int]) -> None:
    """Have the segments of these inbox rows derived again by the next derivation."""
    for segment in sorted({(inbox_id - 1) // SEGMENT for inbox_id in inbox_ids}):
        db.execute(
            "INSERT INTO segments (segment, stamp) VALUES (?, 1) ON CONFLICT (segment) DO UPDATE SET stamp = stamp + 1",
            (segment,),
        )
