"""One DuckDB file, with what each table and column means as comments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from jalon.attribution.publish import replacing
from jalon.report.delivery.engine import opened, quoted, select, text
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.targets.base import Load
from jalon.report.delivery.targets.files import FileDatabase, not_ours


class DuckDBFile(FileDatabase[duckdb.DuckDBPyConnection]):
    """Keys are not declared: an index of them would take more memory and time than the tables (docs/decisions)."""

    @contextmanager
    def _open(self, file: Path, *, to_write: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            if to_write:
                with opened(str(file)) as db:
                    yield db
            else:
                with duckdb.connect(str(file), read_only=True) as db:
                    yield db
        except duckdb.Error as error:
            raise not_ours(self._file, "DuckDB", error) from error

    def _do(self, db: duckdb.DuckDBPyConnection, statement: str, values: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        return db.execute(statement, list(values)).fetchall()

    def _tables(self, db: duckdb.DuckDBPyConnection) -> set[str]:
        return {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}

    def _fill(self, db: duckdb.DuckDBPyConnection, parcel: Parcel, load: Load) -> None:
        table = quoted(parcel.mart.name)
        db.execute(f"CREATE TABLE {table} AS {select(parcel, {})}")
        db.execute(f"COMMENT ON TABLE {table} IS {text(parcel.mart.meaning)}")
        for column in parcel.mart.columns:
            db.execute(
                f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {text(_meaning(column.meaning, column.unit))}"
            )
        load.progress(parcel.mart.name, parcel.entry.rows)

    def _clean(self, file: Path) -> None:
        """Copy what is in the file into a new one: DuckDB lets what was dropped lie until its place is needed.

        Where others have put something into it that DuckDB cannot copy, the file stays as it is.
        """
        with suppress(duckdb.Error), replacing(file) as path, opened(str(path)) as db:
            (name,) = self._do(db, "SELECT current_database()")[0]
            db.execute(f"ATTACH {text(str(file))} AS replaced (READ_ONLY)")
            db.execute(f"COPY FROM DATABASE replaced TO {quoted(name)}")


def _meaning(meaning: str, unit: str) -> str:
    return f"{meaning} ({unit})" if unit else meaning
