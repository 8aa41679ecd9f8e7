"""What the platforms count, for reading."""

from __future__ import annotations

from typing import Any

from ibis.expr.types import Table

from jalon.attribution import measures as sums
from jalon.attribution.engine import Engine
from jalon.report.marts.shapes import NONE
from jalon.report.words import decimal_text, moment


def counted(engine: Engine, measures: Table) -> list[dict[str, Any]]:
    """Return the rows of the mart `fct_measures` summed up; days and instants as text, money as decimal text."""
    over = {name: measures[name].nullif(NONE) for name in ("content_id", "product_id", "creator_id")}
    return [_told(row) for row in sums.counted(engine, measures.mutate(**over).rename(observed_at="as_of_at"))]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    value, currency = row.pop("total"), row["currency"]
    row.pop("newest")
    total = decimal_text(value or 0, currency) if currency else str(value)
    return {
        **row,
        "total": None if value is None else total,
        "first": row["first"].isoformat(),
        "last": row["last"].isoformat(),
        "as_of": moment(row["as_of"]),
    }
