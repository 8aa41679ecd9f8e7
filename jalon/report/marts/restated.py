"""What a report tells otherwise than the one before: net revenue by day, and what platforms count over contents.

Told are only days that were over when the report before was made, by the last day that it told of a figure and source:
what came later is new, not restated. Where nothing at all has changed since, the rows of the report before are kept, so
that the same facts give the same rows however often they are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.errors import StoreError
from jalon.report.marts.base import Base
from jalon.report.marts.shapes import NONE, SOURCE, Column, Mart, day
from jalon.report.marts.taken import taken
from jalon.report.words import decimal_text

Row = dict[str, Any]
_NUMBERS = tuple(f"{name}_{side}" for name in ("rows", "value", "final") for side in ("before", "after"))
NET = "net"
"""The figure that is net revenue; others are metrics."""
_OF = ("figure", "source", "restated_date", "currency")
_SUMS = ("rows", "value", "final")
_COMPARED = {
    "fct_orders": {
        "source": "string", "placed_date": "date", "currency": "string", "is_sale": "boolean", "net_minor": "int64",
    },
    "fct_content_metrics_daily": {
        "source": "string", "metric": "string", "metric_date": "date", "currency": "string", "value": "int64",
        "finality": "string",
    },
}  # fmt: skip
"""Mart -> its columns that are compared, with their types; a report of an older jalon may lack some."""

RPT_RESTATED = Mart(
    "rpt_restated",
    "What the report before told otherwise: one row per figure, source, day and currency that has another value now, "
    "of days that were over then. A report of the same facts keeps the rows of the one before; the first has none.",
    _OF,
    (
        Column("figure", "text", f"{NET} (net revenue), or a metric, summed over all contents"),
        SOURCE,
        day("restated_date", "The day that the figure is of"),
        Column("currency", "text", f"ISO 4217 code where the figure is money, else {NONE}"),
        Column("rows_before", "integer", "Of how many orders or counts the figure was made then", "rows"),
        Column("rows_after", "integer", "Of how many it is made now", "rows"),
        Column("value_before", "integer", "What it was", "a count, or minor units of `currency`"),
        Column("value_after", "integer", "What it is", "a count, or minor units of `currency`"),
        Column(
            "final_before", "integer", "How many of the counts had been called final; of net revenue none is", "rows"
        ),
    ),
)
_TYPES = {each.name: {"text": "string", "integer": "int64", "date": "date"}[each.type] for each in RPT_RESTATED.columns}


def restated(base: Base) -> Table:
    """Return the rows of `rpt_restated`: the marts that are being made against those of the report before."""
    engine, folder = base.engine, base.known.before
    now = engine.keep("restated_now", _told({name: base.mart(name) for name in _COMPARED}))
    before = None if folder is None else _before(engine, folder)
    if folder is None or before is None:
        return taken(engine, RPT_RESTATED, [])
    both = engine.keep("restated_both", _beside(before, now))
    differs = (both.value_before != both.value_after) | (both.rows_before != both.rows_after)
    kept = folder / f"{RPT_RESTATED.name}.parquet"
    if not engine.dicts(both.filter(differs).limit(1)) and kept.exists():
        return engine.read("restated_kept", [kept], _TYPES)
    ends = before.group_by("figure", "source").agg(last=before.restated_date.max())
    told = both.join(ends, ["figure", "source"])
    return told.filter((told.restated_date < told.last) & (told.value_before != told.value_after))


def _before(engine: Engine, folder: Path) -> Table | None:
    """Return the figures of the report in a folder; None if there is none that can be read."""
    from duckdb import Error  # the mart's shape is read where no engine runs

    paths = {name: folder / f"{name}.parquet" for name in _COMPARED}
    if not all(path.exists() for path in paths.values()):
        return None
    try:
        marts = {name: engine.read(f"before_{name}", [path], _COMPARED[name]) for name, path in paths.items()}
        return engine.keep("restated_before", _told(marts))
    except (StoreError, Error):  # it is replaced now, whatever has become of it
        return None


def _told(marts: Mapping[str, Table]) -> Table:
    """Return the figures of a report: `_OF`, how many rows each is made of, its value, and how many were final."""
    orders, counts = marts["fct_orders"], marts["fct_content_metrics_daily"]
    sold = orders.filter(orders.is_sale).rename(restated_date="placed_date").mutate(figure=ibis.literal(NET))
    net = sold.group_by(*_OF).agg(rows=sold.net_minor.count(), value=sold.net_minor.sum())
    of = counts.rename(restated_date="metric_date", figure="metric")
    of = of.mutate(currency=ibis.coalesce(of.currency, NONE))
    final = (of.finality == "final").cast("int64")
    metrics = of.group_by(*_OF).agg(rows=of.value.count(), value=of.value.sum(), final=final.sum())
    net = net.mutate(final=ibis.literal(0, "int64"))
    return net.select(*_OF, *_SUMS).union(metrics.select(*_OF, *_SUMS))


def _beside(before: Table, now: Table) -> Table:
    """Put the figures of two reports side by side; what one does not tell is zero there."""
    sides = (_side(before, "before", "after"), _side(now, "after", "before"))
    both = ibis.union(*(side.select(*_OF, *_NUMBERS) for side in sides))
    return both.group_by(*_OF).agg(**{name: both[name].sum() for name in _NUMBERS})


def _side(table: Table, own: str, other: str) -> Table:
    mine = {f"{name}_{own}": table[name].cast("int64") for name in _SUMS}
    return table.mutate(**mine, **{f"{name}_{other}": ibis.literal(0, "int64") for name in _SUMS})


def told(engine: Engine, mart: Table) -> list[Row]:
    """Return what was restated per figure, source and currency: days, sums before and after, the most first."""
    money = mart.mutate(currency=mart.currency.nullif(NONE))
    found = money.group_by("figure", "source", "currency").agg(
        days=money.restated_date.nunique(),
        first=money.restated_date.min(),
        last=money.restated_date.max(),
        before=money.value_before.sum(),
        after=money.value_after.sum(),
        final=money.final_before.sum(),
    )
    rows = [_in_words(row) for row in engine.dicts(found)]
    return sorted(rows, key=lambda row: (row["figure"] != NET, -row["days"], row["figure"], row["source"], str(row)))


def _in_words(row: Row) -> Row:
    """Return a row as JSON-able data, money as decimal text too."""
    currency = row["currency"]
    amounts = {
        f"{name}_amount": decimal_text(row[name], currency) if currency else None for name in ("before", "after")
    }
    return {**row, "first": row["first"].isoformat(), "last": row["last"].isoformat(), **amounts}
