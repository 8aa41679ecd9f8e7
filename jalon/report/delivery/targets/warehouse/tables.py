"""A mart as dlt takes it: its declared columns, and its rows as Arrow, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jalon.errors import StoreError
from jalon.report.delivery.engine import BATCH
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.targets.base import Progress
from jalon.report.marts.shapes import Column, Mart

TYPES = {
    "text": "text",
    "integer": "bigint",
    "decimal": "decimal",
    "instant": "timestamp",
    "date": "date",
    "boolean": "bool",
}
"""Type of a column -> dlt's."""
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
"""Type of a column -> what its rows come in; decimals as they are stored."""


def resource(parcel: Parcel, progress: Progress) -> Any:
    """Return what dlt makes the table of; the types are told, so that it infers none."""
    columns: Any = {column.name: _hints(parcel.mart, column) for column in parcel.mart.columns}
    rows: Any = dlt.resource(
        _batches(parcel, progress), name=parcel.mart.name, write_disposition="replace", columns=columns
    )
    return rows.apply_hints(additional_table_hints={"description": parcel.mart.meaning})


def _hints(mart: Mart, column: Column) -> dict[str, Any]:
    """Return what dlt may know. Only the key is never empty: a column that is added to rows that are there may be."""
    meaning = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
    hints = {"name": column.name, "data_type": TYPES[column.type], "description": meaning}
    return {**hints, "primary_key": True, "nullable": False} if column.name in mart.primary_key else hints


def _batches(parcel: Parcel, progress: Progress) -> Iterator[pa.Table]:
    sent = 0
    try:
        with pq.ParquetFile(parcel.file, pre_buffer=False) as file:
            schema = pa.schema([_field(column, file.schema_arrow) for column in parcel.mart.columns])
            for batch in file.iter_batches(BATCH, columns=schema.names):
                sent += batch.num_rows
                yield _formed(batch, schema)
                progress(parcel.mart.name, sent)
    except (OSError, pa.ArrowException):
        remedy = "Make the tables again (`jalon report`)."
        raise StoreError(f"the table {parcel.mart.name} cannot be read: {parcel.file}", remedy) from None
    if not sent:
        yield schema.empty_table()


def _field(column: Column, stored: pa.Schema) -> pa.Field:
    return pa.field(column.name, ARROW.get(column.type, stored.field(column.name).type))


def _formed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """Return rows in the types of the schema, without NUL, which not every warehouse holds."""
    table = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
    columns = [
        pc.replace_substring(column, "\0", "\ufffd") if column.type == pa.string() else column
        for column in table.columns
    ]
    return pa.table(columns, schema=schema)
