"""A source that reads files, and its folder."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jalon.config import load
from jalon.store import files, inbox, quarantine, sources
from jalon.sync.engine import import_files, sync_source
from jalon.sync.source import SourceOutcome, Workshop
from jalon.workplace import Workplace

HEAD = "receipt,date,total,currency,email\n"
PLAIN = "order_id,platform,placed_at,total,currency,channel\n"
TOML = """
[jalon]
store = "data"
[sources.own]
connector = "files"
folder = "drop"
timezone = "Europe/Paris"
quiet_seconds = {quiet}
{tables}
"""
TABLES = """
[sources.own.tables.till]
files = "till-*.csv"
template = "till_orders"
"""


def row(number: int, total: str = "5.00", email: str = "") -> str:
    return f"{number},2026-11-20T10:00:00Z,{total},EUR,{email}\n"


@dataclass
class Own:
    """A source that reads files, and its folder."""

    home: Path
    place: Workplace

    @property
    def drop(self) -> Path:
        return self.home / "drop"

    def configure(self, tables: str = TABLES, quiet: float = 0) -> None:
        (self.home / "jalon.toml").write_text(TOML.format(quiet=quiet, tables=tables))
        self.place.config = load(self.home / "jalon.toml")

    def shop(self, **given: Any) -> Workshop:
        return Workshop(self.place.store, self.place.keyring, **given)

    def sync(self, **given: Any) -> SourceOutcome:
        return asyncio.run(sync_source(self.place.source("own"), self.shop(**given)))

    def bring(self, *paths: Path, table: str | None = None) -> SourceOutcome:
        return asyncio.run(import_files(self.place.source("own"), self.shop(), paths, table))

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.drop / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def held(self) -> list[tuple[str, str, str]]:
        """(key, reason, detail) of what is in quarantine."""
        with self.place.store.read() as db:
            return [(entry.key, entry.reason, entry.detail) for entry in quarantine.entries(db)]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Key -> revisions, oldest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self.place.store.read() as db:
            for _, _, _, key, _, _, body in inbox.rows(db, 0, inbox.last_id(db)):
                found.setdefault(key, []).append(json.loads(body))
        return found

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """Derive, and return the facts of a kind that hold, by key."""
        self.place.derive()
        rows = pq.read_table(self.place.store.facts / kind).to_pylist()
        rows.sort(key=lambda row: (row["version"], row["observed_at"], row["inbox_id"]))
        newest = {row["key"]: row for row in rows}
        return [newest[key] for key in sorted(newest)]

    def file(self, name: str) -> files.File:
        with self.place.store.read() as db:
            found = files.get(db, "own", name)
        assert found is not None
        return found

    def notices(self) -> dict[str, str]:
        with self.place.store.read() as db:
            return {notice.kind: notice.detail for notice in sources.notices(db, "own")}
