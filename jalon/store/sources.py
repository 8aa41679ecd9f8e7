"""Small facts about a source: what the account is, and what a person should know about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

_ACCOUNT = "account"


class Noticed(NamedTuple):
    """Something a person should know, first and last seen (unix seconds), and how often."""

    source: str
    kind: str
    detail: str
    first_at: float
    last_at: float
    times: int


def get(db: sqlite3.Connection, source: str, name: str) -> str | None:
    """Return a value, None where it was never put."""
    row = db.execute("SELECT value FROM source_values WHERE source = ? AND name = ?", (source, name)).fetchone()
    return None if row is None else str(row[0])


def put(db: sqlite3.Connection, source: str, name: str, value: str) -> None:
    """Keep a value, in place of the one before."""
    db.execute("INSERT OR REPLACE INTO source_values (source, name, value) VALUES (?, ?, ?)", (source, name, value))


def account(db: sqlite3.Connection, source: str) -> dict[str, str]:
    """Return what is known about the account (ids, zone, currency); empty: it was never greeted."""
    return dict(json.loads(get(db, source, _ACCOUNT) or "{}"))


def put_account(db: sqlite3.Connection, source: str, account: Mapping[str, str]) -> None:
    """Keep what is known about the account, in place of what was."""
    put(db, source, _ACCOUNT, json.dumps(dict(account), sort_keys=True))


def notice(db: sqlite3.Connection, source: str, kind: str, detail: str, at: float) -> None:
    """Note something that a person should know; the same kind again replaces the detail and is counted."""
    db.execute(
        "INSERT INTO notices (source, kind, detail, first_at, last_at, times) VALUES (?, ?, ?, ?, ?, 1) "
        "ON CONFLICT (source, kind) DO UPDATE SET detail = excluded.detail, last_at = excluded.last_at, "
        "times = times + 1",
        (source, kind, detail, at, at),
    )


def notices(db: sqlite3.Connection, source: str | None = None) -> list[Noticed]:
    """Return what was noted about a source, or about all (None), the newest last."""
    rows = db.execute(
        "SELECT source, kind, detail, first_at, last_at, times FROM notices WHERE source = coalesce(?, source) "
        "ORDER BY last_at, source, kind",
        (source,),
    )
    return [Noticed(*row) for row in rows]


def clear_notice(db: sqlite3.Connection, source: str, kind: str) -> None:
    """Forget a notice that holds no longer."""
    db.execute("DELETE FROM notices WHERE source = ? AND kind = ?", (source, kind))
