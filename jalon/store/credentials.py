"""Refreshed tokens, sealed.

A refresh token that rotates is worth more than the request it was refreshed for: it is stored before it is used.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class Stored(NamedTuple):
    """The tokens of a source.

    `seed` fingerprints the configured token that they descend from: another one in the config starts a new line.
    `generation` counts the refreshes. Times in unix seconds; None: does not expire.
    """

    sealed: bytes
    seed: str
    generation: int
    access_expires_at: float | None
    refresh_expires_at: float | None


def load(db: sqlite3.Connection, source: str) -> Stored | None:
    """Return the stored tokens of a source, None where there are none."""
    row = db.execute(
        "SELECT sealed, seed, generation, access_expires_at, refresh_expires_at FROM credentials WHERE source = ?",
        (source,),
    ).fetchone()
    return None if row is None else Stored(*row)


def save(
    db: sqlite3.Connection,
    source: str,
    sealed: bytes,
    seed: str,
    generation_expected: int,
    access_expires_at: float | None = None,
    refresh_expires_at: float | None = None,
) -> bool:
    """Store new tokens as the generation after `generation_expected` (0: there are none yet).

    Return False, and change nothing, if another process has stored a generation meanwhile: load that one.
    """
    found = load(db, source)
    if (found.generation if found else 0) != generation_expected:
        return False
    db.execute(
        "INSERT OR REPLACE INTO credentials (source, sealed, seed, generation, access_expires_at, refresh_expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (source, sealed, seed, generation_expected + 1, access_expires_at, refresh_expires_at),
    )
    return True
