"""Tables for the library whose times are written as microseconds."""

from __future__ import annotations

import pyarrow as pa


def timed(table: pa.Table) -> pa.Table:
    """Return a table with its times as timestamps."""
    place = table.column_names.index("time")
    return table.set_column(place, "time", table["time"].cast(pa.int64()).cast(pa.timestamp("us", "UTC")))
