"""Models that may leave a part of a sale to nobody: what they find, when they cannot, and how they weigh.

They hear of all journeys and tell what brought a sale from what would have come anyway. Of each order they share out
`PARTS`, in whole numbers; what no step has is a row at place 0 without a touchpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import ibis
from ibis.expr.types import Table

PARTS = 1_000_000
"""Into so many parts each order is shared out."""
ENOUGH = 30
"""From fewer sales nothing is learnt."""


class Weigher(NamedTuple):
    """Gives the steps of journeys their points, and nobody what is left, for the `reason` (`UNKNOWN_BECAUSE`)."""

    weigh: Callable[[Table], Table]
    reason: str

    def __call__(self, features: Table) -> Table:
        """Return the steps that have points, and the rows of nobody."""
        return self.weigh(features)


class Found(NamedTuple):
    """`effects`: of each channel that can have brought sales its `channel`, `effect`, `low`, `high`, `half_life_days`,
    `steps`, `journeys` and `base_rate`, as columns. `told`: for the card of the run."""

    effects: dict[str, list[Any]]
    told: dict[str, Any]
    weigher: Weigher


def why_not(journeys: int, sales: int) -> str:
    """Return why nothing can be learnt of so many journeys, of which so many led to sales; empty if it can."""
    if sales < ENOUGH:
        return f"{sales} sales with touchpoints that no order had to state; it takes {ENOUGH}"
    if journeys < 2 * sales:
        return "more journeys led to a sale than did not: those without a sale are not seen, or too few of them"
    return ""


def not_learnt(journeys: int, sales: int, because: str) -> Found:
    """Return what is found where nothing can be learnt: all credit stays unknown."""
    told = {"journeys": journeys, "conversions": sales, "learnt": False, "because": because}
    return Found({}, told, Weigher(by_nobody, "not_learnt"))


def by_nobody(features: Table) -> Table:
    """Return per order a row at place 0 without a touchpoint, that has all points."""
    orders = features.select("order_uid").distinct()
    return _at_place_zero(features, orders.mutate(points=ibis.literal(PARTS, "int64")))


def with_left(features: Table, given: Table) -> Table:
    """Return the steps that have points, and per order what belongs to nobody.

    `given`: (`order_uid`, `touch_uid`, `points`), of an order at most `PARTS`; `features` has a row for each of them.
    Columns: those of `features`, and `points`, which sum to `PARTS` in every order.
    """
    rows = features.join(given, ["order_uid", "touch_uid"]).select(*features.columns, "points")
    return rows.union(_left(features, given))


def _left(features: Table, given: Table) -> Table:
    orders = features.select(order="order_uid").distinct()
    sums = given.group_by("order_uid").agg(points=given.points.sum())
    joined = orders.left_join(sums, orders.order == sums.order_uid)
    left = joined.select(order_uid="order", points=(PARTS - ibis.coalesce(joined.points, 0)).cast("int64"))
    return _at_place_zero(features, left.filter(left.points > 0))


def _at_place_zero(features: Table, left: Table) -> Table:
    zero = {name: ibis.literal(0, "int64") for name in ("position", "place")}
    none = {name: ibis.null(kind) for name, kind in features.schema().items() if name not in (*left.columns, *zero)}
    return left.mutate(**{**none, **zero}).select(*features.columns, "points")
