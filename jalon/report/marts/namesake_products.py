"""Products that have one id in several shops: shops count from 1, so one shop's product 17 and another's are two.

Ids of networks are long and do not meet, so only what sources with order lines tell is looked at. One id is one product
where all of these tell the same SKU; else each names its own by source and id.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

NAMED = ("products", "order_lines")
"""Kinds of facts in which shops name their products."""


def named_apart(engine: Engine, told: Mapping[str, Table]) -> dict[str, Table]:
    """Return facts by kind, those of `NAMED` with a `product_id` that no two products share."""
    shops = engine.dicts(told["order_lines"].select("source").distinct())
    if len(shops) < 2:
        return dict(told)
    shared = engine.keep("namesake_products", _shared(told, [row["source"] for row in shops]))
    return {kind: _named(facts, shared) if kind in NAMED else facts for kind, facts in told.items()}


def _shared(told: Mapping[str, Table], shops: list[str]) -> Table:
    """Return (source, product_id) of the products whose id means another product in another shop."""
    named = ibis.union(*(told[kind].select("source", "product_id", "sku") for kind in NAMED))
    named = named.filter(named.source.isin(shops) & named.product_id.notnull())
    own = named.group_by("source", "product_id").agg(sku=named.sku.nullif("").min())
    of_id = ibis.window(group_by=own.product_id)
    counted = own.mutate(
        shops=own.source.count().over(of_id),
        with_sku=own.sku.count().over(of_id),
        is_one=own.sku.min().over(of_id) == own.sku.max().over(of_id),
    )
    alike = ibis.coalesce(counted.is_one, False) & (counted.with_sku == counted.shops)
    return counted.filter((counted.shops > 1) & ~alike).select("source", "product_id")


def _named(facts: Table, shared: Table) -> Table:
    joined = facts.left_join(shared.mutate(is_shared=True), ["source", "product_id"])
    name = ibis.ifelse(joined.is_shared.notnull(), facts.source + ":" + facts.product_id, facts.product_id)
    return joined.mutate(product_id=name).select(*facts.columns)
