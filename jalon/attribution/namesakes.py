"""Orders of one source that have one number: a till's receipt 1001 and the telephone's order 1001 are two sales.

Whatever is told of an order names it by its number, and whose number it is follows from the platform that tells: one
that tells orders itself means its own; one that tells none (a help desk, a mailing) means the order of that number, if
there is only one. What could mean several means none of them.

Orders that share a number are named by their keys instead, which hold the platform; all others keep their number.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

NAMED = ("order_lines", "refunds", "order_contents", "order_links", "touchpoints", "answers")
"""Kinds of facts that name an order by its number."""


class Numbers(NamedTuple):
    """Which order of a source a number means. `orders`: source, platform, key, `number` as told, and `order_id`, the
    name that no other order of the source has; None where numbers are enough."""

    orders: Table | None

    def of_orders(self, orders: Table) -> Table:
        """Name orders so that no two of a source are named alike; `number` keeps what is told."""
        told = orders.mutate(number=orders.order_id)
        if self.orders is None:
            return told
        named = self.orders.select("source", "key", name="order_id")
        joined = told.left_join(named, ["source", "key"])
        name = ibis.coalesce(joined.name, joined.order_id)
        return joined.select(*_but(told, "order_id"), order_id=name).select(*told.columns)

    def of_facts(self, kind: str, facts: Table) -> Table:
        """Name in facts of a kind the orders that they mean as `of_orders` does."""
        return _meant(facts, self.orders) if self.orders is not None and kind in NAMED else facts

    def told(self, kind: str, facts: Table) -> Table:
        """Name orders in facts of any kind."""
        return self.of_orders(facts) if kind == "orders" else self.of_facts(kind, facts)


def numbers(engine: Engine, orders: Table) -> Numbers:
    """Return and keep which order each number means; `orders` are facts that hold."""
    mixed = _mixed(engine, orders)
    if not mixed:
        return Numbers(None)
    told = orders.filter(orders.source.isin(mixed)).select("source", "platform", "key", number="order_id")
    counted = told.mutate(alike=told.key.count().over(group_by=[told.source, told.number]))
    named = counted.mutate(order_id=ibis.ifelse(counted.alike > 1, counted.key, counted.number))
    return Numbers(engine.keep("order_numbers", named.drop("alike")))


def _mixed(engine: Engine, orders: Table) -> list[str]:
    """Return the sources of which two orders may have one number: those of several platforms, or of tills.

    The order of a till is named `till/number`, and so may be one of no till.
    """
    slashed = orders.order_id.contains("/")
    by_source = orders.group_by("source").agg(
        first=orders.platform.min(),
        last=orders.platform.max(),
        slashed=orders.order_id.count(where=slashed),
        distinct=orders.order_id.nunique(where=slashed),
    )
    found = engine.dicts(by_source)
    return [row["source"] for row in found if row["first"] != row["last"] or row["slashed"] > row["distinct"]]


def _meant(facts: Table, orders: Table) -> Table:
    """Name the order that each fact means: that of its own platform, else the only one that it can be."""
    own, alike, tellers = _own(orders), _alike(orders), orders.select(teller_in="source", teller="platform").distinct()
    is_own = [facts.source == own.own_in, facts.platform == own.own_of, facts.order_id == own.own_number]
    joined = facts.left_join(own, is_own)
    joined = joined.left_join(alike, [joined.source == alike.alike_in, joined.order_id == alike.alike_number])
    joined = joined.left_join(tellers, [joined.source == tellers.teller_in, joined.platform == tellers.teller])
    is_missing = joined.own_name.isnull() & joined.alike_number.notnull() & joined.teller.notnull()
    missing = joined.platform + "|" + joined.order_id + "|"
    name = ibis.ifelse(is_missing, missing, ibis.coalesce(joined.own_name, joined.order_id))
    return joined.select(*_but(facts, "order_id"), order_id=name).select(*facts.columns)


def _own(orders: Table) -> Table:
    """Return what a number means to the platform that gave it, where it gave it once."""
    own = orders.group_by(own_in="source", own_of="platform", own_number="number")
    counted = own.agg(own_name=orders.order_id.min(), orders=orders.key.count())
    return counted.filter(counted.orders == 1).drop("orders")


def _alike(orders: Table) -> Table:
    return orders.select(alike_in="source", alike_number="number").distinct()


def _but(table: Table, name: str) -> list[str]:
    return [column for column in table.columns if column != name]
