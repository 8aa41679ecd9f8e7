"""Reading marts for a destination: each type of column in the destination's own form, rows or a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from jalon.errors import StoreError
from jalon.report.delivery.parcels import Parcel

BATCH = 50_000
"""Rows that are held in memory at one time."""

Forms = Mapping[str, str]
"""Type of a column -> SQL of it in the destination's form, `{}` being the column; as it is where it is not named."""


@contextmanager
def reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB to read marts with. Raises `StoreError` where one cannot be read, or the disk is full."""
    try:
        with opened(":memory:") as db:
            yield db
    except duckdb.Error as error:
        said = str(error).partition("\n")[0]
        remedy = "Make the tables again (`jalon report`), and look for space on the disk."
        raise StoreError(f"a table cannot be read or written: {said}", remedy) from error


@contextmanager
def opened(file: str, memory_limit: str = "1GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database that keeps within its memory, spills beside, and fetches nothing from the network."""
    with tempfile.TemporaryDirectory(prefix="jalon-") as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": spill,
            "autoinstall_known_extensions": "false",
        }
        with duckdb.connect(file, config=settings) as db:
            db.execute("SET TimeZone = 'UTC'")  # of an extension that is there once the database is
            yield db


def select(parcel: Parcel, forms: Forms) -> str:
    """Return the query that reads a mart in these forms."""
    formed = ", ".join(f"{_form(forms, kind, quoted(name))} AS {quoted(name)}" for name, kind in _types(parcel))
    return f"SELECT {formed} FROM read_parquet({text(str(parcel.file))})"  # noqa: S608 # names and paths are quoted


def _types(parcel: Parcel) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in parcel.mart.columns]


def _form(forms: Forms, kind: str, column: str) -> str:
    return forms.get(kind, "{}").format(column)


def rows(db: duckdb.DuckDBPyConnection, parcel: Parcel, forms: Forms) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a mart in batches, in the order of its file."""
    found = db.execute(select(parcel, forms))
    while batch := found.fetchmany(BATCH):
        yield batch


def copy(db: duckdb.DuckDBPyConnection, parcel: Parcel, forms: Forms, path: Path, how: str) -> None:
    """Write a mart to a file."""
    db.execute(f"COPY ({select(parcel, forms)}) TO {text(str(path))} ({how})")


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
