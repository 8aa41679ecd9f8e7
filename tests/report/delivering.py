"""What tests of deliveries share: small marts of their own, and the rows that each kind of destination holds."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from jalon.report.delivery.deliver import Delivered, deliver
from jalon.report.delivery.settings import KINDS, Delivery
from jalon.report.marts.shapes import Column, Mart

PLACES = Mart(
    "dim_places", "Where.", ("place",), (Column("place", "text", "The place"), Column("title", "text", "Name"))
)
SALES = Mart(
    "fct_sales",
    'One row per sale; it\'s "ours".',
    ("sale",),
    (
        Column("sale", "text", "The sale"),
        Column("place", "text", "Where it was made", references="dim_places"),
        Column("note", "text", "What was said"),
        Column("net_minor", "integer", "Net revenue", "minor units"),
        Column("net", "decimal", "The same, net revenue", "EUR"),
        Column("sold_at", "instant", "When", "UTC"),
        Column("sold_date", "date", "The day"),
        Column("is_sale", "boolean", "It is one"),
    ),
)
MARTS = {mart.name: mart for mart in (SALES, PLACES)}  # what refers before what is referred to: order must not matter
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 4),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
Row = tuple[Any, ...]


def sale(key: str, cents: int = 1250, note: str | None = None, place: str = "p1") -> Row:
    sold = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)
    return key, place, note, cents, Decimal(cents) / 100, sold, date(2026, 3, 1), cents > 0


def write(folder: Path, mart: Mart, rows: Iterable[Row]) -> None:
    """Write a mart as the report does."""
    folder.mkdir(exist_ok=True)
    columns = list(zip(*rows, strict=True)) or [()] * len(mart.columns)
    arrays = {
        each.name: pa.array(list(told), ARROW[each.type]) for each, told in zip(mart.columns, columns, strict=True)
    }
    pq.write_table(pa.table(arrays), folder / f"{mart.name}.parquet")


def marts(folder: Path, sales: Iterable[Row], places: Iterable[Row] = (("p1", "Épicerie"), ("p2", None))) -> Path:
    write(folder, SALES, sales)
    write(folder, PLACES, places)
    return folder


def filled(folder: Path, known: Mapping[str, Mart], rows: int = 3) -> None:
    """Write marts of any shape: keys that lead from table to table, and money with cents on both sides of zero."""
    for mart in known.values():
        write(folder, mart, [tuple(_value(mart, each, row) for each in mart.columns) for row in range(rows)])


def _value(mart: Mart, column: Column, row: int) -> Any:
    if column.type in ("integer", "decimal") and column.name not in mart.primary_key:
        cents = (row * 7919 + len(column.name) * 104_729) * (-1) ** row
        return cents if column.type == "integer" else Decimal(cents) / 100
    return {
        "text": f"k{row}",
        "integer": row,
        "decimal": Decimal(row),
        "instant": datetime(2026, 3, 1 + row, tzinfo=UTC),
        "date": date(2026, 3, 1 + row),
        "boolean": row % 2 == 0,
    }[column.type]


def settings(to: str, **told: Any) -> Delivery:
    return KINDS[to].model_validate({"to": to, **told})


def send(place: Delivery, folder: Path, known: Mapping[str, Mart] = MARTS, **told: Any) -> Delivered:
    return deliver(place, folder, known, lambda table, rows: None, **told)


# --- reading what was delivered


def from_parquet(place: Any, mart: Mart) -> list[Row]:
    return _tuples(pq.read_table(place.folder / f"{mart.name}.parquet"))


def from_csv(place: Any, mart: Mart) -> list[Row]:
    encoding = "utf-8-sig" if place.bom else "utf-8"
    text = (place.folder / f"{mart.name}.csv").read_bytes().decode(encoding)
    _, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=place.delimiter)
    return [_typed(mart, [cell or None for cell in row], place.decimal) for row in rows]


def from_jsonl(place: Any, mart: Mart) -> list[Row]:
    lines = (place.folder / f"{mart.name}.jsonl").read_bytes().split(b"\n")[:-1]
    told = [json.loads(line, parse_float=Decimal) for line in lines]
    assert all(list(each) == mart.names for each in told)
    return [_typed(mart, list(each.values())) for each in told]


def from_sqlite(place: Any, mart: Mart) -> list[Row]:
    with closing(sqlite3.connect(place.file)) as db:
        return [_typed(mart, row) for row in db.execute(f"SELECT * FROM {mart.name} ORDER BY rowid")]


def from_duckdb(place: Any, mart: Mart) -> list[Row]:
    import duckdb

    with duckdb.connect(str(place.file), read_only=True) as db:
        return _tuples(db.sql(f"SELECT * FROM {mart.name}").to_arrow_table())


def from_postgres(place: Any, mart: Mart) -> list[Row]:
    import psycopg

    columns = ", ".join(mart.names)
    with psycopg.connect(place.url, options="-c TimeZone=UTC") as db:
        return db.execute(f"SELECT {columns} FROM {place.into}.{mart.name} ORDER BY 1").fetchall()


def from_warehouse(place: Any, mart: Mart) -> list[Row]:
    """Read what dlt brought, by the destination's own client. MariaDB has no zones, and its booleans are numbers."""
    query = f"SELECT {', '.join(mart.names)} FROM {place.into}.{mart.name} ORDER BY 1"
    found = warehouse_rows(place, query)
    if place.destination == "sqlalchemy":
        boolean = [each.type == "boolean" for each in mart.columns]
        return [tuple(_zoned(value, flag) for value, flag in zip(row, boolean, strict=True)) for row in found]
    return found


def _zoned(value: Any, boolean: bool) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return bool(value) if boolean and value is not None else value


def warehouse_rows(place: Any, query: str) -> list[Row]:
    """Run a statement at a warehouse as somebody else who uses it."""
    address = place.credentials.get_secret_value()
    if place.destination == "duckdb":
        import duckdb

        with duckdb.connect(address) as db:
            return db.execute(query).fetchall()
    with signed_in(place) as db:
        ran = db.cursor()
        ran.execute(query)
        return [tuple(row) for row in ran.fetchall()] if ran.description else []


@contextmanager
def signed_in(place: Any) -> Iterator[Any]:
    """Give a connection to the server of a warehouse; what is done is kept at its end."""
    address = urlsplit(place.credentials.get_secret_value())
    told = {"host": address.hostname, "port": address.port, "user": address.username, "password": address.password}
    if place.destination == "postgres":
        import psycopg

        with psycopg.connect(dbname="postgres", options="-c TimeZone=UTC", **told) as db:
            yield db
    else:
        import pymysql

        with pymysql.connect(**told, autocommit=True) as db:
            yield db


READERS: dict[str, Callable[[Any, Mart], list[Row]]] = {
    "parquet": from_parquet,
    "csv": from_csv,
    "jsonl": from_jsonl,
    "sqlite": from_sqlite,
    "duckdb": from_duckdb,
    "postgres": from_postgres,
    "warehouse": from_warehouse,
}


def held(place: Delivery, mart: Mart) -> list[Row]:
    """Return the rows that a destination holds, in the types of the mart."""
    return READERS[place.to](place, mart)


def _tuples(table: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_rows else []


def _typed(mart: Mart, row: Iterable[Any], mark: str = ".") -> Row:
    """Return a row whose values were written as texts or numbers in the types of its columns."""
    return tuple(
        None
        if value is None
        else _READ[each.type](value.replace(mark, ".") if each.type == "decimal" and mark != "." else value)
        for each, value in zip(mart.columns, row, strict=True)
    )


_READ: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "integer": int,
    "decimal": lambda value: Decimal(str(value)),
    "instant": lambda value: datetime.fromisoformat(value).astimezone(UTC),
    "date": date.fromisoformat,
    "boolean": lambda value: value in (True, 1, "true"),
}
