"""Carts: which of those that known persons began led to an order, and which were lost."""

from __future__ import annotations

from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

KINDS = ("add_to_cart", "checkout", "live_cart")


class Carts(NamedTuple):
    """Carts whose window is over or that were ordered, and those of them that were lost."""

    ended: int
    lost: int


def carts(engine: Engine, touches: Table, sales: Table, until: int, window: int) -> Carts:
    """Count the carts of known persons.

    What somebody does to a cart within the window of the step before, and before they order, is one cart; it is lost
    where no order follows its last step within the window (microseconds). One that was paid and then cancelled is one.
    """
    did = touches.filter(touches.person.notnull() & touches.is_counted & touches.kind.isin(KINDS))
    sold = sales.filter(sales.person.notnull() & (sales.is_sale | (sales.booked != 0)))
    events = did.select("person", uid="touch_uid", at="occurred_at", is_order=ibis.literal(False)).union(
        sold.select("person", uid="order_uid", at="placed_at", is_order=ibis.literal(True))
    )
    in_order = ibis.window(group_by=events.person, order_by=[events["at"], events.is_order, events.uid])
    placed = events.mutate(next_at=events["at"].lead().over(in_order), next_is=events.is_order.lead().over(in_order))
    last = engine.keep("last_steps_of_carts", placed.filter(~placed.is_order))
    follows = ibis.coalesce(last.next_at - last["at"] <= window, False)
    is_last = last.filter(~follows | last.next_is)
    ordered = ibis.coalesce((is_last.next_at - is_last["at"] <= window) & is_last.next_is, False)
    is_over = ordered | (is_last["at"] + window <= until)
    (row,) = engine.dicts(
        is_last.agg(
            ended=ibis.coalesce(is_over.cast("int64").sum(), 0),
            lost=ibis.coalesce((is_over & ~ordered).cast("int64").sum(), 0),
        )
    )
    return Carts(row["ended"], row["lost"])
