"""What a store holds, read beside jalon: whole after every kill, in the end as if nobody had been killed."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

TABLES = ("credit", "open_steps", "people", "sales", "steps", "touches")
COUNTED_AFTER = 12 * 3600
"""Seconds after a shop's day by which its figures are there; until then each life rightly waits for that day."""
OF_THE_RUN = ("observed_at", "inbox_id")
"""Columns that say when and in which order rows came in: what every run has of its own."""


class Stored:
    """The files of one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the operational store, as a reader that never writes."""
        with closing(sqlite3.connect(f"file:{self.folder / 'jalon.sqlite'}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    # --- at any time

    def check_whole(self) -> None:
        """Fail unless database and every file under its own name are sound, whatever has just been killed."""
        assert self.ask("PRAGMA integrity_check") == [("ok",)]
        for path in self._parquet():
            duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()

    def _parquet(self) -> Iterable[Path]:
        return (path for path in self.folder.rglob("*.parquet") if not _is_passing(path.relative_to(self.folder)))

    def keys(self) -> set[str]:
        """Return the keys of all deliveries that are stored."""
        return {key for (key,) in self.ask("SELECT key FROM deliveries UNION SELECT key FROM delivered")}

    # --- in the end

    def left_over(self) -> dict[str, Any]:
        """Return what should not be there once all is done: work, bodies, half-made files, names in locks."""
        found: dict[str, Any] = {
            table: self.ask(f"SELECT count(*) FROM {table}")[0][0] for table in ("fetches", "quarantine")
        }
        now = int(time.time())
        found["windows"] = self.ask(
            "SELECT source, stream, low FROM windows WHERE NOT (stream IN ('videos', 'lives') "
            f"AND high > {now - COUNTED_AFTER} AND not_before > {now})"
        )
        found["deliveries"] = self.ask(
            "SELECT count(*) FROM deliveries WHERE state NOT IN ('opened', 'stale') OR sealed IS NOT NULL"
        )[0][0]
        found["erasures"] = self.ask("SELECT count(*) FROM erasures WHERE finished_at IS NULL")[0][0]
        paths = [path.relative_to(self.folder) for path in self.folder.rglob("*")]
        found["files"] = [str(path) for path in paths if _is_passing(path)]
        found["locks"] = [path.name for path in (self.folder / "locks").iterdir() if _is_held(path)]
        return {name: value for name, value in found.items() if value}

    def unfinished_runs(self) -> set[int]:
        """Return the processes whose runs have no end."""
        return {pid for (pid,) in self.ask("SELECT pid FROM runs WHERE finished_at IS NULL")}

    def revisions(self) -> Counter[tuple[Any, ...]]:
        """Return every revision in the inbox: source, stream, key, version, digest."""
        return Counter(self.ask("SELECT source, stream, key, version, digest FROM inbox"))

    def tells_of(self, pseudonym: str) -> bool:
        """Say whether a pseudonym is anywhere in the bytes of the operational store."""
        files = self.folder.glob("jalon.sqlite*")
        return any(pseudonym.encode() in path.read_bytes() for path in files)

    def schema(self) -> set[tuple[Any, ...]]:
        """Return tables with their columns, and indexes."""
        tables = self.ask("SELECT name FROM sqlite_master WHERE type = 'table'")
        columns = [(table, *column[1:]) for (table,) in tables for column in self.ask(f"PRAGMA table_info('{table}')")]
        indexes = self.ask("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'")
        return {*columns, *indexes, *self.ask("PRAGMA user_version"), *self.ask("PRAGMA application_id")}

    def facts(self) -> dict[str, set[tuple[Any, ...]]]:
        """Return the facts by kind, without what every run has of its own, each once however often it was read."""
        kinds = sorted(path.name for path in (self.folder / "facts").iterdir() if any(path.glob("*.parquet")))
        return {kind: set(_rows(f"{self.folder}/facts/{kind}/*.parquet")) for kind in kinds}

    def attribution(self) -> dict[str, Counter[tuple[Any, ...]]]:
        """Return the attribution tables, without what every run has of its own."""
        return {name: _rows(f"{self.folder}/attribution/{name}.parquet") for name in TABLES}

    def fact_files(self) -> dict[str, str]:
        """Return the digest of every facts file."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.folder / "facts").rglob("*.parquet")
        }


def _is_passing(path: Path) -> bool:
    """Say whether a file is one that somebody was still making."""
    return (path.parts[0] == "tmp" and len(path.parts) > 1) or any(part.startswith(".") for part in path.parts)


def _is_held(lock: Path) -> bool:
    """Say whether a lock bears a name that no later run would have taken off.

    The writer's does for ever, that of a killed token refresh until the token is due again.
    """
    return not lock.name.startswith(("writer.", "tokens-")) and bool(lock.read_text())


def _rows(files: str) -> Counter[tuple[Any, ...]]:
    found = duckdb.sql(f"SELECT * FROM '{files}'")
    chosen = ", ".join(f'"{name}"::VARCHAR' for name in found.columns if name not in OF_THE_RUN)
    return Counter(found.project(chosen).fetchall())
