"""The statements by which a mart becomes, and stays, a table of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psycopg.sql import SQL, Composed, Identifier, Literal

from jalon.report.delivery.parcels import Parcel
from jalon.report.marts.shapes import Mart

TYPES = {
    "text": "text",
    "integer": "bigint",
    "decimal": "numeric",
    "instant": "timestamptz",
    "date": "date",
    "boolean": "boolean",
}
"""Type of a column -> PostgreSQL's; what follows it, as in decimal(18, 4), stays."""
STAGE = Identifier("pg_temp", "jalon_stage")
KEY = "jalon_"
"""What the names of our foreign keys begin with; the column follows."""


def _names(names: Iterable[str], of: str = "") -> Composed:
    return SQL(", ").join(Identifier(of, name) if of else Identifier(name) for name in names)


def _typed(name: str, kind: str) -> Composed:
    word, bracket, scale = kind.partition("(")
    return SQL("{} {}").format(Identifier(name), SQL(TYPES[word] + bracket + scale))


def create(table: Identifier, parcel: Parcel) -> Composed:
    """Return how to make a table, without its key: rows come in faster so."""
    columns = SQL(", ").join(_typed(name, kind) for name, kind in parcel.entry.columns.items())
    return SQL("CREATE TABLE {} ({})").format(table, columns)


def add_columns(table: Identifier, parcel: Parcel, there: Iterable[str]) -> Iterator[Composed]:
    """Yield how to add the columns that are not there."""
    for name, kind in parcel.entry.columns.items():
        if name not in there:
            yield SQL("ALTER TABLE {} ADD COLUMN {}").format(table, _typed(name, kind))


def add_key(table: Identifier, mart: Mart) -> Composed:
    return SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(table, _names(mart.primary_key))


def comments(schema: str, mart: Mart) -> Iterator[Composed]:
    """Yield how to say what the table and its columns mean."""
    yield SQL("COMMENT ON TABLE {} IS {}").format(Identifier(schema, mart.name), Literal(mart.meaning))
    for column in mart.columns:
        meaning = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
        place = Identifier(schema, mart.name, column.name)
        yield SQL("COMMENT ON COLUMN {} IS {}").format(place, Literal(meaning))


def take_in(into: Identifier, mart: Mart) -> Composed:
    return SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(into, _names(mart.names))


def stage(table: Identifier, mart: Mart) -> Iterator[Composed]:
    """Yield how to make an empty table of the same columns that ends with the session."""
    yield SQL("DROP TABLE IF EXISTS {}").format(STAGE)
    yield SQL("CREATE TEMPORARY TABLE jalon_stage AS SELECT {} FROM {} WHERE false").format(_names(mart.names), table)


def merge(table: Identifier, mart: Mart) -> Iterator[Composed]:
    """Yield how to bring a table to what is staged, by its key, writing only rows that differ."""
    same = SQL(" AND ").join(
        SQL("{} = {}").format(Identifier("t", name), Identifier("s", name)) for name in mart.primary_key
    )
    yield SQL("ANALYZE {}").format(STAGE)
    yield SQL("DELETE FROM {} AS t WHERE NOT EXISTS (SELECT FROM {} AS s WHERE {})").format(table, STAGE, same)
    if others := [name for name in mart.names if name not in mart.primary_key]:
        yield SQL("UPDATE {} AS t SET ({}) = ROW ({}) FROM {} AS s WHERE {} AND ({}) IS DISTINCT FROM ({})").format(
            table, _names(others), _names(others, "s"), STAGE, same, _row(others, "t"), _row(others, "s")
        )
    yield SQL("INSERT INTO {} ({}) SELECT {} FROM {} AS s WHERE NOT EXISTS (SELECT FROM {} AS t WHERE {})").format(
        table, _names(mart.names), _names(mart.names), STAGE, table, same
    )


def _row(names: Iterable[str], of: str) -> Composed:
    return SQL("ROW ({})").format(_names(names, of))


def foreign_keys(mart: Mart, there: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return name of a key -> its column and the table it refers to, of those that refer to a table that is there."""
    return {f"{KEY}{each.name}": (each.name, each.references) for each in mart.foreign_keys if each.references in there}


def add_foreign_key(schema: str, table: str, key: str, column: str, to: str) -> Composed:
    """Return how to declare a key; it is checked at the end of a transaction, so that tables change in any order."""
    return SQL("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} DEFERRABLE INITIALLY DEFERRED").format(
        Identifier(schema, table), Identifier(key), Identifier(column), Identifier(schema, to)
    )


def drop_constraint(schema: str, table: str, key: str) -> Composed:
    return SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(Identifier(schema, table), Identifier(key))


KEYS = """SELECT relname, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE contype = 'f' AND connamespace = %s::text::regnamespace AND starts_with(conname, %s)"""
"""Our foreign keys in a schema: table and name."""
KEYS_TO = f"{KEYS} AND confrelid IN (SELECT oid FROM pg_class WHERE relname = ANY(%s) AND relnamespace = connamespace)"  # noqa: S608 # constants
"""Those of them that refer to any of these tables."""
