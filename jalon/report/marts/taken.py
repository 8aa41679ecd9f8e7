"""Rows made in Python as a table of a mart's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.marts.shapes import Mart

PLACES = 6
_ARROW = {
    **{"text": pa.string(), "integer": pa.int64(), "date": pa.date32(), "boolean": pa.bool_()},
    "decimal": pa.decimal128(18, PLACES),
}
_IBIS = {
    **{"text": "string", "integer": "int64", "date": "date", "boolean": "boolean"},
    "decimal": f"decimal(18, {PLACES})",
}


def taken(engine: Engine, mart: Mart, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return rows as a table with the columns of a mart; what a row does not name is empty. No instants."""
    columns = {each.name: each.type for each in mart.columns}
    told = [{name: _told(row.get(name), kind) for name, kind in columns.items()} for row in rows]
    data = pa.Table.from_pylist(told, pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()]))
    return engine.take(mart.name, data, {name: _IBIS[kind] for name, kind in columns.items()})


def _told(value: Any, kind: str) -> Any:
    if value is None or kind != "decimal":
        return value
    return Decimal(repr(float(value)) if isinstance(value, float) else value).quantize(Decimal(1).scaleb(-PLACES))
