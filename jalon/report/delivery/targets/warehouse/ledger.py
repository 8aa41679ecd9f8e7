"""The ledger in a warehouse: a table of ours that is written by plain INSERT and DELETE, as dlt writes its own.

Each note is all of it, under a number that counts up, and what is older is deleted after it. The greatest number
holds, so that a reader finds a whole ledger at any moment, without a transaction too.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from dlt.common.schema.utils import new_table
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from jalon.report.delivery.ledger import NAME, Ledger, read, written

COLUMNS = {"table_name": "text", "entry": "text", "delivered_at": "timestamp", "delivery": "bigint"}
TABLE = new_table(
    NAME,
    columns=[{"name": name, "data_type": kind, "nullable": False} for name, kind in COLUMNS.items()],  # type: ignore[typeddict-item]
)
UNFINISHED = ""
"""Fingerprint of a table that is being written: whatever is to be delivered next differs from it."""


class Noted(NamedTuple):
    """The ledger with the number of its note; 0: there is none."""

    ledger: Ledger
    number: int


def noted(client: Any) -> Noted:
    """Return the newest ledger of a dataset that may not be there."""
    sql = client.sql_client
    if client.is_storage_initialized():
        with suppress(DatabaseUndefinedRelation):
            names = [sql.escape_column_name(name) for name in ("delivery", "table_name", "entry")]
            rows = sql.execute_sql(f"SELECT {', '.join(names)} FROM {_table(sql)}")  # noqa: S608 # dlt quotes them
            newest = max((number for number, _, _ in rows), default=0)
            return Noted({table: read(entry) for number, table, entry in rows if number == newest}, newest)
    return Noted({}, 0)


def note(client: Any, ledger: Ledger, before: int, at: datetime) -> int:
    """Write a ledger in place of the one of that number, and return its own."""
    sql, number = client.sql_client, before + 1
    names = ", ".join(sql.escape_column_name(name) for name in COLUMNS)
    rows = [value for table, entry in ledger.items() for value in (table, written(entry), at, number)]
    places = ", ".join(["(%s, %s, %s, %s)"] * len(ledger))
    sql.execute_sql(f"INSERT INTO {_table(sql)} ({names}) VALUES {places}", *rows)  # noqa: S608 # dlt quotes them
    older = f"DELETE FROM {_table(sql)} WHERE {sql.escape_column_name('delivery')} < %s"  # noqa: S608 # dlt quotes them
    sql.execute_sql(older, number)
    return number


def _table(sql: Any) -> str:
    name: str = sql.make_qualified_table_name(NAME)
    return name
