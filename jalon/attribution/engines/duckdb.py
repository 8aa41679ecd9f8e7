"""The engine of one machine: DuckDB, embedded. It spills to disk what does not fit into its memory."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.engines.formulas import harmless
from jalon.attribution.engines.memory import usual_limit
from jalon.attribution.engines.translation import sql_of
from jalon.attribution.publish import scratch
from jalon.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa


THREADS = os.cpu_count() or 1
"""Threads where nobody says how many."""


class DuckDB(Engine):
    """A DuckDB database that lives as long as one run."""

    in_process = True

    def __init__(
        self, memory_limit: str | None = None, threads: int | None = None, temp_folder: Path | None = None
    ) -> None:
        super().__init__()
        self._spill = scratch(temp_folder)
        settings: dict[str, str | int] = {
            "memory_limit": memory_limit or usual_limit(),
            "temp_directory": str(self._spill),
            "threads": threads or THREADS,
            "autoinstall_known_extensions": "false",
        }
        self._db = duckdb.connect(":memory:", config=dict(settings))
        self._db.execute("SET TimeZone = 'UTC'")  # of an extension that is there once the database is

    def close(self) -> None:
        self._db.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def read(self, name: str, files: Sequence[Path], schema: Mapping[str, str], instants: Sequence[str] = ()) -> Table:
        if not files:
            return self._empty(name, schema)
        chosen = ", ".join(f'epoch_us("{c}") AS "{c}"' if c in instants else f'"{c}"' for c in schema)
        listed = ", ".join(_text(str(file)) for file in files)
        source = f"read_parquet([{listed}], union_by_name = true)"
        self._run(f'CREATE OR REPLACE VIEW "{name}" AS SELECT {chosen} FROM {source}')  # noqa: S608 # paths are quoted, names are the vocabulary's
        return ibis.table(dict(schema), name=name)

    def keep(self, name: str, table: Table) -> Table:
        with translated(name):
            self._db.execute(f'CREATE OR REPLACE TABLE "{name}" AS {_typed(table)}')
        return ibis.table(table.schema(), name=name)

    def take(self, name: str, data: pa.Table | None, schema: Mapping[str, str]) -> Table:
        if data is None:
            return self._empty(name, schema)
        data = data.select(list(schema))
        self.drop(name)
        with translated():
            self._db.from_arrow(data).create(name)
        return ibis.table(dict(schema), name=name)

    def drop(self, *names: str) -> None:
        for name in names:
            self._run(f'DROP TABLE IF EXISTS "{name}"')

    def rows(self, table: Table) -> pa.Table:
        with translated():
            return self._db.sql(_typed(table)).to_arrow_table()

    def dicts(self, table: Table) -> list[dict[str, Any]]:
        # Not by way of `rows`: what is asked for as Arrow is planned twice, once to tell its columns.
        with translated():
            found = self._db.execute(_typed(table)).fetchall()
        return [dict(zip(table.columns, row, strict=True)) for row in found]

    def write(
        self, table: Table, path: Path, order: Sequence[str], instants: Sequence[str] = (), form: str = "parquet"
    ) -> int:
        told = {column: f'make_timestamptz("{column}")' for column in instants}
        if form == "csv":
            told |= {column: harmless(f'"{column}"') for column, dtype in table.schema().items() if dtype.is_string()}
        replaced = ", ".join(f'{value} AS "{column}"' for column, value in told.items())
        replace = f" REPLACE ({replaced})" if replaced else ""
        by = " ORDER BY " + ", ".join(f'"{c}" NULLS FIRST' for c in order) if order else ""
        how = "FORMAT parquet, COMPRESSION zstd" if form == "parquet" else "FORMAT csv, HEADER true"
        query = f"SELECT *{replace} FROM ({_typed(table)}){by}"  # noqa: S608 # names are this package's own
        with translated(path.stem):
            copied = self._db.execute(f"COPY ({query}) TO {_text(str(path))} ({how})").fetchone()
        return int(copied[0]) if copied else 0

    def _run(self, statement: str) -> None:
        with translated():
            self._db.execute(statement)

    def _empty(self, name: str, schema: Mapping[str, str]) -> Table:
        columns = ", ".join(f'"{c}" {_type(t)}' for c, t in schema.items())
        self._run(f'CREATE OR REPLACE TABLE "{name}" ({columns})')
        return ibis.table(dict(schema), name=name)


_TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "int8": "TINYINT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "array<string>": "VARCHAR[]",
}
"""Type of ibis -> of the engine; decimals have the same name in both."""


def _typed(table: Table) -> str:
    """Return the SQL of an expression with the types that it declares: the engine's sums are wider than these."""
    casts = ", ".join(f'CAST("{name}" AS {_type(str(dtype))}) AS "{name}"' for name, dtype in table.schema().items())
    return f"SELECT {casts} FROM ({sql_of(table, 'duckdb')})"  # noqa: S608 # names are this package's own


def _type(dtype: str) -> str:
    return _TYPES.get(dtype.lstrip("!")) or dtype.lstrip("!").upper()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


_TOO_GREAT = re.compile(r"Could not cast value -?[0-9.]+ to|out of range|Overflow")
"""What the engine says of a number that its column does not hold. Other failed casts may quote a text."""


@contextmanager
def translated(making: str = "") -> Iterator[None]:
    """Turn the engine's errors that a person can do something about into errors that say what; `making` is a table."""
    try:
        yield
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        if not _TOO_GREAT.search(str(error)):
            raise
        raise _too_great(str(error), making) from error
    except duckdb.OutOfMemoryException as error:
        remedy = "Raise memory_limit in [attribution] of jalon.toml, or free space for its temporary files."
        raise StoreError("attribution needs more memory than it may use", remedy) from error
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as error:
        said = str(error).partition("\n")[0]
        if "No space left" in said or "Permission denied" in said:
            raise StoreError(f"a file cannot be written: {said}", "Free space on the disk, or give access.") from error
        if ".parquet" not in said:
            raise
        again = "jalon normalize --all" if "/facts/" in said else "jalon report"
        raise StoreError(f"a file cannot be read: {said}", f"Make it again: `{again}`.") from error


def _too_great(said: str, making: str) -> StoreError:
    number = re.search(r"-?[0-9]{10,}", said)
    what = f"a number or a sum ({number[0]})" if number else "a number or a sum"
    place = f" for the table {making}" if making else ""
    remedy = (
        "Look in what came in lately for amounts and counts that cannot be, such as barcodes in a column of prices, "
        "correct them where they came from, and read them in again."
    )
    return StoreError(f"{what} is too great{place}", remedy)
