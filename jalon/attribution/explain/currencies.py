"""Which rows of money are listed where not all are: amounts of two currencies cannot be compared, so each has its own.

Currencies stand in the order of the report: the one with most sales first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.explain.tables import Row


def currencies(engine: Engine, sales: Table) -> list[str]:
    """Return the currencies of orders, the one with most sales first."""
    counted = engine.dicts(sales.group_by("currency").agg(sold=sales.is_sale.cast("int64").sum()))
    return [row["currency"] for row in sorted(counted, key=lambda row: (-row["sold"], row["currency"]))]


def listed(rows: Iterable[Row], most: int, order: Sequence[str], size: Callable[[Row], int]) -> list[Row]:
    """Return the `most` rows of each currency, the largest first, currency after currency in their `order`.

    Rows of one size stay as they came.
    """
    place = {currency: number for number, currency in enumerate(order)}
    by_currency = sorted(rows, key=lambda row: (place.get(row["currency"], len(place)), row["currency"], -size(row)))
    return [row for _, own in groupby(by_currency, itemgetter("currency")) for row in islice(own, most)]


def best(rows: Table, most: int, *ties: str) -> Table:
    """Return the rows of each currency with most `net`, so many of each that few leave the engine."""
    rank = ibis.row_number().over(group_by=rows.currency, order_by=[rows.net.desc(), *(rows[name] for name in ties)])
    ranked = rows.mutate(place=rank)
    return ranked.filter(ranked.place < most).drop("place")
