"""What must hold of marts before anybody reads them: keys, what they refer to, and the money.

A build whose marts break one of these is not put in place. What is asked of each row of a mart is asked in one query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.errors import StoreError
from jalon.report.marts.base import Base
from jalon.report.marts.shapes import Column, Mart
from jalon.report.marts.tables import MARTS

REMEDY = (
    "The marts that were there are left as they are. Run `jalon normalize --all`, then `jalon report`; if it happens "
    "again, it is a defect of jalon: please report it with this message."
)


class Fault(NamedTuple):
    """What is wrong with a mart, and in how many rows."""

    mart: str
    what: str
    rows: int

    def __str__(self) -> str:
        return f"{self.mart}: {self.what} ({self.rows:,} {'row' if self.rows == 1 else 'rows'})"


def check(base: Base) -> None:
    """Check the marts that were made. Raises `StoreError`, which names table, key and rows of all that is wrong."""
    if found := [str(fault) for fault in faults(base)]:
        raise StoreError(f"marts contradict themselves: {'; '.join(found)}", REMEDY)


def faults(base: Base) -> Iterator[Fault]:
    """Yield what is wrong with the marts."""
    made = {name: base.mart(name) for name in MARTS}
    for mart in MARTS.values():
        rows = made[mart.name]
        yield from _by_row(base, mart, made)
        yield from _counted(base, mart, f"key {', '.join(mart.primary_key)} is not unique", _repeated(mart, rows))
    yield from _money(base, made)


def _by_row(base: Base, mart: Mart, made: Mapping[str, Table]) -> Iterator[Fault]:
    """Yield in how many rows a column is empty that is always filled, or names what is not there."""
    rows = made[mart.name]
    wrong = {f"empty {', '.join(mart.filled)}": _empty(mart, rows)}
    for column in mart.foreign_keys:
        what = f"{column.name} names no row of {column.references}"
        wrong[what] = _dangling(column, rows, made[column.references])
    told = rows.select(**{what: is_so.cast("int64") for what, is_so in wrong.items()})
    (counts,) = base.engine.dicts(told.agg(**{what: told[what].sum() for what in wrong}))
    yield from (Fault(mart.name, what, count) for what, count in counts.items() if count)


def _counted(base: Base, mart: Mart, what: str, wrong: Table) -> Iterator[Fault]:
    ((rows,),) = (row.values() for row in base.engine.dicts(wrong.agg(rows=wrong.count())))
    if rows:
        yield Fault(mart.name, what, rows)


def _empty(mart: Mart, rows: Table) -> ibis.Value:
    return ibis.or_(*(rows[name].isnull() for name in mart.filled))


def _repeated(mart: Mart, rows: Table) -> Table:
    """Return the keys that stand in more than one row."""
    counted = rows.group_by(*mart.primary_key).agg(times=rows.count())
    return counted.filter(counted.times > 1)


def _dangling(column: Column, rows: Table, members: Table) -> ibis.Value:
    """Return whether a column names something, and nothing that it refers to has that key."""
    named = rows[column.name]
    return named.notnull() & named.notin(members[MARTS[column.references].key])


def _money(base: Base, made: Mapping[str, Table]) -> Iterator[Fault]:
    """Yield the orders whose credit is not their net revenue, or is missing, by some model."""
    mart = MARTS["fct_attributed_revenue"]
    credit, orders = made[mart.name], made["fct_orders"]
    by_model = credit.group_by("order_uid", "model").agg(
        credited=credit.net_minor.sum(), converted=credit.converted_net_minor.sum(), weight=credit.weight.sum()
    )
    joined = by_model.join(orders, "order_uid")
    converted = ibis.coalesce(joined.converted != joined.converted_net_minor, False)
    wrong = joined.filter((joined.credited != joined.net_minor) | converted | (joined.weight != 1))
    yield from _counted(base, mart, "net or weight of an order and model is not that of the order", wrong)
    sold = orders.filter(orders.is_sale)
    models = by_model.group_by("order_uid").agg(models=by_model.model.count())
    complete = models.filter(models.models == len(base.models))
    yield from _counted(base, mart, "an order is not credited by every model", sold.anti_join(complete, "order_uid"))
