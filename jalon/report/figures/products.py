"""The products that were sold most, and how much of all that was sold the lines of orders tell of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.figures.detail import costs_of
from jalon.report.marts.shapes import NONE
from jalon.report.words import decimal_text

Row = dict[str, Any]
_SUMS = ("orders", "units", "goods_minor", "native_minor")
_NAMES = ("title", "sku", "product_ids", "platforms")


def lined(engine: Engine, orders: Table, lines: Table) -> dict[str, float]:
    """Return per currency the share of all that was sold that is of orders whose lines are told."""
    with_lines = lines.filter(lines.order_uid.notnull()).select("order_uid").distinct().mutate(has_lines=True)
    sold = orders.filter(orders.is_sale).left_join(with_lines, "order_uid")
    found = sold.group_by("currency").agg(
        whole=sold.booked_minor.sum(), told=ibis.coalesce(sold.booked_minor.sum(where=sold.has_lines.notnull()), 0)
    )
    return {row["currency"]: row["told"] / row["whole"] for row in engine.dicts(found) if row["whole"] > 0}


def products(engine: Engine, tables: Mapping[str, Table], currencies: Sequence[str], most: int) -> list[Row]:
    """Return per currency the products that were sold most, by what was booked before refunds, and their costs.

    Products of several shops with one SKU are one. `native_minor` is what of it was booked inside a network. The row
    without an id is all others: `members` of them.
    """
    rows = _capped(engine, _summed(tables), most)
    costs = _costs(engine, tables, rows)
    place = {name: number for number, name in enumerate(currencies)}
    for row in rows:
        row["goods"] = decimal_text(row["goods_minor"], row["currency"])
        row["costs"] = costs.get(row["id"], [])
    return sorted(
        rows,
        key=lambda row: (
            place.get(row["currency"], len(place)),
            row["id"] is None,
            -row["goods_minor"],
            row["id"] or "",
        ),
    )


def _summed(tables: Mapping[str, Table]) -> Table:
    """Return what was sold of each product: known by its SKU where one is told, else by its id, else by its title.

    A product that no source tells of is called as the latest order that names it does, since it may have been renamed.
    """
    lines, orders = tables["fct_order_lines"], tables["fct_orders"].select("order_uid", "selling_mode", "placed_at")
    sold = lines.filter(lines.is_sale).join(orders, "order_uid")
    called = tables["dim_products"].select(of="product_id", known="title", own_sku="sku")
    named = sold.left_join(called, sold.product_id == called.of)
    of_one = ibis.window(group_by=[named.source, named.product_id])
    low, high = named.sku.min().over(of_one), named.sku.max().over(of_one)
    has_id, by_title = named.product_id != NONE, named.source + ":" + ibis.coalesce(named.title, "")
    sku = ibis.ifelse(has_id, ibis.ifelse(low == high, low, ibis.null("string")), named.sku)
    named = named.mutate(one_sku=ibis.coalesce(named.own_sku, sku).nullif(""))
    number = ibis.coalesce(named.one_sku, named.product_id.nullif(NONE))
    keyed = _with_latest_title(named.mutate(number=number, id=ibis.coalesce(number, by_title)))
    return keyed.group_by("id", "currency").agg(
        orders=keyed.order_uid.nunique(),
        units=keyed.quantity.sum(),
        goods_minor=keyed.goods_minor.sum(),
        native_minor=ibis.coalesce(keyed.goods_minor.sum(where=keyed.selling_mode == "native"), 0),
        title=ibis.coalesce(keyed.known.max(), keyed.latest_title.max(), keyed.number.max()),
        sku=keyed.one_sku.max(),
        product_ids=keyed.product_id.collect(distinct=True),
        platforms=keyed.platform.collect(distinct=True),
    )


def _with_latest_title(keyed: Table) -> Table:
    """Add `latest_title`: what the order that was placed last of those that name the product calls it."""
    titled_at = ibis.ifelse(keyed.title.notnull(), keyed.placed_at, ibis.null(keyed.placed_at.type()))
    rows = keyed.mutate(is_latest=titled_at == titled_at.max().over(group_by=keyed.id))
    return rows.mutate(latest_title=rows.title.max(where=rows.is_latest).over(group_by=rows.id))


def _capped(engine: Engine, summed: Table, most: int) -> list[Row]:
    """Return the products that are listed, and per currency the others as one."""
    rank = ibis.row_number().over(group_by=summed.currency, order_by=[summed.goods_minor.desc(), summed.id])
    ranked = summed.mutate(rank=rank)
    listed = engine.dicts(ranked.filter(ranked["rank"] < most).drop("rank"))
    beyond = ranked.filter(ranked["rank"] >= most)
    others = beyond.group_by("currency").agg(members=beyond.id.count(), **{name: beyond[name].sum() for name in _SUMS})
    rows = [{**row, "members": 1, "product_ids": sorted({*row["product_ids"]} - {NONE})} for row in listed]
    rows = [{**row, "platforms": sorted(row["platforms"])} for row in rows]
    return [*rows, *({"id": None, **dict.fromkeys(_NAMES), **row} for row in engine.dicts(others))]


def _costs(engine: Engine, tables: Mapping[str, Table], rows: list[Row]) -> dict[str, list[Row]]:
    """Return per listed product what it cost under each id that a shop or a network has for it."""
    known = tables["dim_products"]
    skus = sorted({row["sku"] for row in rows if row["sku"]})
    same = engine.dicts(known.filter(known.sku.isin(skus)).select("sku", "product_id")) if skus else []
    ids = {row["id"]: set(row["product_ids"]) for row in rows if row["id"] is not None}
    for row in rows:
        if row["sku"]:
            ids[row["id"]] |= {other["product_id"] for other in same if other["sku"] == row["sku"]}
    costs = costs_of(engine, tables["rpt_costs"], "product", sorted(set().union(*ids.values())))
    return {id: _together(row for each in sorted(own) for row in costs.get(each, ())) for id, own in ids.items()}


def _together(costs: Iterable[Row]) -> list[Row]:
    """Add up costs of one kind and currency."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in costs:
        sums[row["kind"], row["currency"]] += row["cost_minor"]
    return [
        {"kind": kind, "currency": currency, "cost_minor": cost, "cost": decimal_text(cost, currency)}
        for (kind, currency), cost in sorted(sums.items())
    ]
