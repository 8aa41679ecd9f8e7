"""What will be lost at a known moment unless it is read, or done, before: stories, reports, leases, authorisations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple, Protocol

AUTHORISATION_WARNS = 7 * 86_400.0
"""Seconds before the end of an authorisation from which it is named."""


class Dated(Protocol):
    """A deadline as a connector tells it; see `connectors.base.Deadline`."""

    @property
    def key(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def remedy(self) -> str: ...
    @property
    def warn(self) -> float: ...


class Due(NamedTuple):
    """A deadline that is near, or has passed without having been taken back. `at` in unix seconds."""

    source: str
    what: str
    at: float
    remedy: str


def put(db: sqlite3.Connection, source: str, found: Iterable[Dated]) -> None:
    """Keep deadlines of a source, each in place of the one with its key; one with `at` 0 is taken back."""
    for deadline in found:
        db.execute("DELETE FROM deadlines WHERE source = ? AND key = ?", (source, deadline.key))
        if deadline.at:
            db.execute(
                "INSERT INTO deadlines (source, key, what, at, remedy, warn) VALUES (?, ?, ?, ?, ?, ?)",
                (source, deadline.key, deadline.what, deadline.at, deadline.remedy, deadline.warn),
            )


def near(db: sqlite3.Connection, source: str, now: float) -> list[Due]:
    """Return what of a source is lost soon, the soonest first; its stored authorisation included."""
    return sorted([*noted(db, source, now), *_authorisation(db, source, now)], key=lambda due: (due.at, due.what))


def noted(db: sqlite3.Connection, source: str, now: float) -> list[Due]:
    """Return what connectors said is lost soon, the soonest first."""
    rows = db.execute(
        "SELECT source, what, at, remedy FROM deadlines WHERE source = ? AND at > ? AND at <= ? + warn "
        "ORDER BY at, key",
        (source, now, now),
    )
    return [Due(*row) for row in rows]


def _authorisation(db: sqlite3.Connection, source: str, now: float) -> list[Due]:
    row = db.execute("SELECT refresh_expires_at FROM credentials WHERE source = ?", (source,)).fetchone()
    if row is None or row[0] is None or not now < row[0] <= now + AUTHORISATION_WARNS:
        return []
    return [Due(source, "the authorisation ends", row[0], "authorise jalon again before it ends")]


def soonest(db: sqlite3.Connection, source: str, now: float) -> float | None:
    """Return the next deadline of a source, however far; None: there is none."""
    row = db.execute("SELECT min(at) FROM deadlines WHERE source = ? AND at > ?", (source, now)).fetchone()
    return None if row is None else row[0]


def passed(db: sqlite3.Connection, source: str, now: float) -> list[Due]:
    """Return, and forget, what was not taken back before its moment."""
    rows = db.execute(
        "SELECT source, what, at, remedy FROM deadlines WHERE source = ? AND at <= ? ORDER BY at, key", (source, now)
    ).fetchall()
    db.execute("DELETE FROM deadlines WHERE source = ? AND at <= ?", (source, now))
    return [Due(*row) for row in rows]
