"""What the platforms count, summed up where that means something."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.words import decimal_text, moment

DISTINCT = ("buyers", "customers", "viewers", "visitors", "reach", "orders")
"""Last words of metrics that count each one once: one person may be in the counts of two days or contents."""

BY = ("platform", "metric", "grain", "span", "currency")


def counted(engine: Engine, measures: Table) -> list[dict[str, Any]]:
    """Return what is counted, from when to when, and how much of it is final: a row for each of `BY`.

    `total` is None where a sum would count something twice: periods of several days may overlap, counters since the
    beginning do, and persons and orders recur.
    """
    grain = ibis.cases(
        (measures.content_id.notnull() & measures.product_id.notnull(), "content and product"),
        (measures.content_id.notnull(), "content"),
        (measures.product_id.notnull(), "product"),
        (measures.creator_id.notnull(), "creator"),
        else_="account",
    )
    one_day = measures.end_date.delta(measures.start_date, unit="day") == 1
    is_day = ((measures.span == "days") & one_day).cast("int64")
    marked = measures.mutate(grain=grain, is_day=is_day)
    found = marked.group_by(*BY).agg(
        rows=marked.measure_uid.count(),
        total=marked.value.sum(),
        days=marked.is_day.min(),
        final=(marked.finality == "final").cast("int64").sum(),
        first=marked.start_date.min(),
        last=marked.end_date.max(),
        as_of=marked.as_of_at.max(),
    )
    rows = sorted(engine.dicts(found), key=lambda row: [str(row[name]) for name in BY])
    return [_told(row) for row in rows]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    additive = row.pop("days") and row["metric"].rpartition("_")[2] not in DISTINCT
    value, currency = row.pop("total"), row["currency"]
    total = decimal_text(value, currency) if currency else str(value)
    return {
        **row,
        "total": total if additive else None,
        "first": row["first"].isoformat(),
        "last": row["last"].isoformat(),
        "as_of": moment(row["as_of"]),
    }
