"""Amounts of money in a table: minor units to calculate with, and beside them decimals to look at."""

from __future__ import annotations

from collections.abc import Iterable

from ibis.expr.types import Table


def booked(orders: Table) -> Table:
    """Return the rows of `fct_orders` whose goods money is booked: sales, and what was paid and then cancelled."""
    return orders.filter(orders.is_sale | (orders.booked_minor != 0))


def with_decimals(units: Table, table: Table, names: Iterable[str]) -> Table:
    """Name the amounts in minor units `<name>_minor`, and put beside them `<name>`, the same as a decimal.

    `units` has for each currency (`unit_of`) how many minor units make one. The division is one of floats, exact to
    fifteen digits; the cast rounds to the four places that suffice for every currency.
    """
    names = list(names)
    joined = table.left_join(units, table.currency == units.unit_of)
    minor = {f"{column}_minor" if column in names else column: joined[column] for column in table.columns}
    return joined.select(**minor, **{name: (joined[name] / joined.units).cast("decimal(18, 4)") for name in names})
