"""Rows of one file that tell differently of one thing: of a campaign's day a row for each device, of a receipt one for
each article. Taken as revisions, all but the last of them would be lost.

The row that comes first stands, unless a later one says that it was changed later (`updated_at`): which of them is
right cannot be known. A row that says the same once more is harmless. What has been met is kept as digests in a
temporary database, which SQLite moves to disk once it outgrows its cache: memory does not grow with the file.
"""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

from jalon.connectors.base import Unusable

REASON = "repeated"
_REMEDY = "sum such rows, or name a column that tells them apart"
_SIZE = 16
"""Bytes of a digest."""
_CACHE = 4096
"""KiB of what has been met that stay in memory."""


class Repeats:
    """What has been met in one file, from its first row on. Close it at the end."""

    def __init__(self) -> None:
        self._met = sqlite3.connect("", isolation_level=None)
        self._met.execute("PRAGMA journal_mode = OFF")
        self._met.execute(f"PRAGMA cache_size = -{_CACHE}")
        self._met.execute("CREATE TABLE met (key BLOB PRIMARY KEY, version INT, body BLOB, line INT) WITHOUT ROWID")
        self._met.execute("BEGIN")  # never committed: each row of its own would be a transaction

    def close(self) -> None:
        """Give back what was kept."""
        self._met.close()

    def meet(self, key: str, version: int, body: bytes, line: int) -> None:
        """Keep what a row tells. Raises `Unusable` if an earlier one tells of the same thing, and tells differently."""
        name, said = _digest(key.encode("utf-8", "surrogatepass")), _digest(body)
        row = self._met.execute("SELECT version, body, line FROM met WHERE key = ?", (name,)).fetchone()
        if row is not None and row[1] != said and version in (0, row[0]):
            raise Unusable(REASON, f"it tells differently of what line {row[2]} tells, which stands; {_REMEDY}")
        if row is None or version > row[0]:
            self._met.execute("INSERT OR REPLACE INTO met VALUES (?, ?, ?, ?)", (name, version, said, line))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()
