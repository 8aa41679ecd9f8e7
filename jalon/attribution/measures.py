"""Measures summed up where that means something: counts that platforms give, over content, products and days."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

DISTINCT = ("buyers", "customers", "viewers", "visitors", "reach", "engaged", "orders")
"""Last words of metrics that count each one once: one person may be in the counts of two days or contents."""

BY = ("platform", "metric", "grain", "span", "currency")


def counted(engine: Engine, measures: Table) -> list[dict[str, Any]]:
    """Return what is counted, from when to when, how much of it is final, as of when: a row for each of `BY`.

    `total` is None where a sum would count something twice: periods of several days may overlap, counters since the
    beginning do, and persons and orders recur. `newest` is how such a counter stood last, None where there are several.
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
    marked = marked.mutate(newest=marked.end_date == marked.end_date.max().over(group_by=[marked[c] for c in BY]))
    found = marked.group_by(*BY).agg(
        rows=marked.value.count(),
        total=marked.value.sum(),
        newest=marked.value.sum(where=marked.newest),
        newest_rows=marked.value.count(where=marked.newest),
        days=marked.is_day.min(),
        final=(marked.finality == "final").cast("int64").sum(),
        first=marked.start_date.min(),
        last=marked.end_date.max(),
        as_of=marked.observed_at.max(),
    )
    rows = sorted(engine.dicts(found), key=lambda row: [str(row[name]) for name in BY])
    return [_told(row) for row in rows]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    additive = row.pop("days") and row["metric"].rpartition("_")[2] not in DISTINCT
    newest, alone = row.pop("newest"), row.pop("newest_rows") == 1 and row["span"] == "lifetime"
    return {**row, "total": row["total"] if additive else None, "newest": newest if alone else None}
