"""What is delivered of each mart: its Parquet file, its shape, and the fingerprint by which a change is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from jalon.errors import ConfigError, StoreError
from jalon.report.delivery.ledger import Entry
from jalon.report.marts.shapes import Column, Mart

VERSION = 1
"""Raised when a delivery writes the same mart in another way, so that all is sent again."""


class Parcel(NamedTuple):
    """A mart as its Parquet file has it."""

    mart: Mart
    file: Path
    entry: Entry


def parcels(folder: Path, marts: Mapping[str, Mart], chosen: Iterable[str], dialect: str) -> list[Parcel]:
    """Return the chosen marts (none named: all) of a folder; `dialect` says how the destination will write them.

    Raises `ConfigError` for a name that no mart has, `StoreError` for a file that is missing or damaged.
    """
    return [_parcel(marts[name], folder / f"{name}.parquet", dialect) for name in chosen_names(chosen, marts)]


def chosen_names(chosen: Iterable[str], marts: Mapping[str, Mart]) -> tuple[str, ...]:
    """Return the names of the chosen marts, each once (none named: all). Raises `ConfigError` for one that is none."""
    names = tuple(dict.fromkeys(chosen)) or tuple(marts)
    for name in names:
        if name not in marts:
            near = get_close_matches(name, marts, n=1)
            raise ConfigError(
                f"no table is called {name!r}", f"Did you mean {near[0]!r}?" if near else "See docs/tables.md."
            )
    return names


def _parcel(mart: Mart, file: Path, dialect: str) -> Parcel:
    try:
        with file.open("rb") as opened:
            told = hashlib.file_digest(opened, "sha256").hexdigest()
        with pq.ParquetFile(file) as parquet:
            schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
        columns = {column.name: _type(column, schema.field(column.name).type) for column in mart.columns}
    except (OSError, KeyError, pa.ArrowException):
        raise StoreError(f"the table {mart.name} is not there, or not whole: {file}", "Run `jalon report`.") from None
    shape = json.dumps([VERSION, dialect, told, mart])
    entry = Entry(hashlib.sha256(shape.encode()).hexdigest(), rows, columns, mart.primary_key)
    return Parcel(mart, file, entry)


def _type(column: Column, stored: pa.DataType) -> str:
    return f"decimal({stored.precision}, {stored.scale})" if column.type == "decimal" else column.type
