"""The warehouses that dlt reaches, by dlt's own names, and in which way each of them takes a table's new rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Way = Literal["insert-from-staging", "staging-optimized"]

WITHIN: Way = "insert-from-staging"
"""Old rows deleted and new ones inserted from beside: one transaction where there are any, the table itself stays."""
INSTEAD: Way = "staging-optimized"
"""The table is exchanged for the one that was loaded beside it: where there are no transactions."""

WAREHOUSES: Mapping[str, Way] = {
    "bigquery": WITHIN,
    "clickhouse": INSTEAD,
    "databricks": INSTEAD,
    "duckdb": WITHIN,
    "motherduck": WITHIN,
    "mssql": WITHIN,
    "postgres": WITHIN,
    "redshift": WITHIN,
    "snowflake": WITHIN,
    "sqlalchemy": WITHIN,
    "synapse": WITHIN,
}
"""Name -> how it is written. What is not here needs a bucket of its own to load from, or answers no SQL."""

FORMATS: Mapping[str, Literal["insert_values"]] = {"postgres": "insert_values"}
"""Name -> the form of its rows where dlt's own choice loses something: in its CSV an empty text would be none."""
