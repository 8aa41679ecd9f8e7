"""Sharing out money so that not a cent is lost: the method of the largest remainder, for one order and for a table of
them.

Both forms compute with whole numbers alone and give the same shares. A weight is a whole number (`points`), and those
of one order sum to less than 2**31, so that the products of the table's form fit 64 bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

MAX_POINTS = 2**31 - 1
"""Greatest sum of the weights of one order."""


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` out in proportion to `weights`; the shares sum to it exactly, and none is against its sign.

    Each gets its quota rounded towards zero; the units left over go to the largest remainders, the first of equal ones.
    Raises `ValueError` if the weights are negative or all zero.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, nor all zero")
    quotas = [divmod(abs(total) * weight, whole) for weight in weights]
    left = abs(total) - sum(quota for quota, _ in quotas)
    first = sorted(range(len(weights)), key=lambda i: (-quotas[i][1], i))[:left]
    sign = -1 if total < 0 else 1
    return [sign * (quota + (i in first)) for i, (quota, _) in enumerate(quotas)]


def with_shares(table: Table, group: str | list[str], order: str, shares: dict[str, str]) -> Table:
    """Add to each row its share of each total: `shares` maps new columns to the columns that hold the group's totals.

    The table has whole-number weights in `points`, not all zero in a group, with a sum of at most `MAX_POINTS`; a total
    is below 2**53. Equal remainders go by `order`.
    """
    table = table.mutate(whole=table.points.sum().over(group_by=group).cast("float64"))
    table = table.mutate(whole=table.whole.cast("int64"))
    for name, total in shares.items():
        table = _with_share(table, group, order, name, total)
    return table.drop("whole")


def _with_share(table: Table, group: str | list[str], order: str, name: str, total: str) -> Table:
    """Add one share. With total = a whole + b the quota is a points + (b points) / whole, without overflow."""
    before, amount = table.columns, table[total].abs()
    rest = amount % table.whole
    product = rest * table.points
    quota = divided(amount, table.whole) * table.points + divided(product, table.whole)
    table = table.mutate(quota=quota, remainder=product % table.whole, amount_=amount)
    over = table.amount_ - table.quota.sum().over(group_by=group)
    rank = ibis.row_number().over(group_by=group, order_by=[table.remainder.desc(), table[order]])
    table = table.mutate(over=over, rank_=rank)
    unit = (table.rank_ < table.over).cast("int64")
    return table.select(*before, **{name: (table.quota + unit) * table[total].sign().cast("int64")})


def divided(a: ibis.Value, b: ibis.Value) -> ibis.Value:
    """Divide whole numbers, rounding down, by means that every engine has.

    `/` is a division of floats. Without its remainder `a` is a multiple of `b`, and the quotient is below 2**53: the
    float is then within half a unit of it, so that rounding is exact.
    """
    return ((a - a % b) / b).round().cast("int64")
