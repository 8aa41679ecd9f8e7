"""One SQLite file. Instants are texts in ISO 8601 (UTC), amounts are numbers; exact money is in the minor units."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from jalon.report.delivery.engine import Forms, quoted, reading, rows
from jalon.report.delivery.formats import ISO
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.targets.base import Load
from jalon.report.delivery.targets.files import FileDatabase, not_ours

TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "decimal": "REAL",
    "instant": "TEXT",
    "date": "TEXT",
    "boolean": "INTEGER",
}
"""Type of a column -> what SQLite declares it as."""
FORMS: Forms = {
    "decimal": "CAST({} AS DOUBLE)",
    "instant": ISO,
    "date": "CAST({} AS VARCHAR)",
    "boolean": "CAST({} AS INTEGER)",
}


class SQLiteFile(FileDatabase[sqlite3.Connection]):
    @contextmanager
    def _open(self, file: Path, *, to_write: bool) -> Iterator[sqlite3.Connection]:
        mode = "rwc" if to_write else "ro"
        try:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)) as db, db:
                if to_write:  # it is a copy: until it takes the file's place, nothing is lost with it
                    db.execute("PRAGMA synchronous = off")
                    db.execute("PRAGMA secure_delete = on")  # so that nothing of who was erased is left in the file
                yield db
        except sqlite3.Error as error:
            raise not_ours(self._file, "SQLite", error) from error

    def _do(self, db: sqlite3.Connection, statement: str, values: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        return db.execute(statement, values).fetchall()

    def _tables(self, db: sqlite3.Connection) -> set[str]:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def _fill(self, db: sqlite3.Connection, parcel: Parcel, load: Load) -> None:
        db.execute(_table(parcel, {each.mart.name for each in load.parcels}))
        places = ", ".join("?" * len(parcel.mart.columns))
        into = f"INSERT INTO {quoted(parcel.mart.name)} VALUES ({places})"  # noqa: S608 # the name is quoted
        done = 0
        with reading() as marts:
            for batch in rows(marts, parcel, FORMS):
                db.executemany(into, batch)
                done += len(batch)
                load.progress(parcel.mart.name, done)


def _table(parcel: Parcel, there: set[str]) -> str:
    """Return the statement that makes a table; its foreign keys are told, and not enforced."""
    mart = parcel.mart
    empty = dict.fromkeys(mart.primary_key, " NOT NULL")
    columns = [f"{quoted(each.name)} {TYPES[each.type]}{empty.get(each.name, '')}" for each in mart.columns]
    key = f"PRIMARY KEY ({', '.join(map(quoted, mart.primary_key))})"
    foreign = [
        f"FOREIGN KEY ({quoted(each.name)}) REFERENCES {quoted(each.references)}"
        for each in mart.foreign_keys
        if each.references in there
    ]
    return f"CREATE TABLE {quoted(mart.name)} ({', '.join([*columns, key, *foreign])})"
