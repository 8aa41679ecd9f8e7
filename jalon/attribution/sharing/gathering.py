"""What the facts tell of orders without a path and of the content that can have led to them, as small tables.

Scope is the source: an order can only have come by content that the same account's platform counts, on a tag of a
product that is in the order. Clicks are those that the platform counts per content, product and day; where it counts
none, the next best of `LOOKS`.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

LOOKS = ("tag_clicks", "outbound_clicks", "product_impressions")
"""Metrics that tell how often a content led to a product, the best first; of each source the first that it has."""
CLAIMED = "units_sold"
"""Metric by which a platform itself attributes to a content."""
NAMING = ("own_click", "platform_order", "platform_row", "click_id", "utm")
"""Evidence by which a touchpoint's content is taken as the order's."""


class Gathered(NamedTuple):
    """Arrow tables; days are counted from the epoch.

    `clicks`: source, content_id, product_id, day, clicks. `orders`: order_uid, source, product_id, day, share (of the
    order's goods). `named`: source, content_id, product_id, day, orders. `kinds`: source, content_id, creator_id, kind.
    `claims`: source, content_id, claimed.
    """

    clicks: pa.Table
    orders: pa.Table
    named: pa.Table
    kinds: pa.Table
    claims: pa.Table


class Facts(NamedTuple):
    """What is read: tables of the run that is going on."""

    sales: Table
    touches: Table
    lines: Table
    measures: Table
    contents: Table
    products: Table


def gather(engine: Engine, facts: Facts, unknown: Table) -> Gathered | None:
    """Return what there is to share out, and by what; None where no order or no click is there."""
    clicks = engine.keep("sharing_clicks", _clicks(facts.measures))
    placed = facts.sales.select(
        "order_uid",
        "source",
        "order_id",
        day=_day(facts.sales.placed_date),
        pathless=facts.sales.order_uid.isin(unknown.order_uid),
    )
    goods = engine.keep("sharing_goods", _goods(placed.semi_join(clicks, "source"), facts.lines))
    orders = goods.filter(goods.pathless).select("order_uid", "source", "product_id", "day", "share")
    found = Gathered(
        engine.rows(clicks.order_by("source", "product_id", "day", "content_id")),
        engine.rows(orders.order_by("order_uid", "product_id")),
        engine.rows(_named(goods, clicks, facts.touches).order_by("source", "content_id", "product_id", "day")),
        engine.rows(_kinds(facts.contents).order_by("source", "content_id")),
        engine.rows(_claims(facts.measures).order_by("source", "content_id")),
    )
    return found if len(found.clicks) and len(found.orders) else None


def _day(date: ibis.Value) -> ibis.Value:
    return date.delta(ibis.date("1970-01-01"), unit="day").cast("int64")


def _per_day(measures: Table, *metrics: str) -> Table:
    """Return the counts of single days over content and product."""
    one_day = measures.end_date.delta(measures.start_date, unit="day") == 1
    cut = measures.content_id.notnull() & measures.product_id.notnull() & (measures.span == "days") & one_day
    return measures.filter(cut & measures.metric.isin(metrics) & measures.joinable & measures.campaign_id.isnull())


def _clicks(measures: Table) -> Table:
    found = _per_day(measures, *LOOKS)
    rank = ibis.cases(*((found.metric == name, place) for place, name in enumerate(LOOKS)), else_=len(LOOKS))
    ranked = found.mutate(rank=rank)
    best = ranked.mutate(best=ranked["rank"].min().over(group_by=ranked.source))
    best = best.filter((best["rank"] == best.best) & (best.value > 0))
    return best.group_by("source", "content_id", "product_id", day=_day(best.start_date)).agg(clicks=best.value.sum())


def _claims(measures: Table) -> Table:
    found = _per_day(measures, CLAIMED)
    return found.group_by("source", "content_id").agg(claimed=found.value.sum())


def _goods(placed: Table, lines: Table) -> Table:
    """Return each order's products with their share of its goods; of an order that cost nothing, equal shares."""
    sold = (
        lines.filter(lines.product_id.notnull())
        .group_by("source", "order_id", "product_id")
        .agg(goods=lines.goods.sum())
    )
    rows = placed.join(sold, ["source", "order_id"])
    whole, count = rows.goods.sum().over(group_by=rows.order_uid), rows.goods.count().over(group_by=rows.order_uid)
    share = ibis.ifelse(whole > 0, rows.goods / whole, 1 / count)
    return rows.mutate(share=share.cast("float64")).select(
        "order_uid", "source", "product_id", "day", "share", "pathless"
    )


def _named(goods: Table, clicks: Table, touches: Table) -> Table:
    """Return the orders of which a content is named that has the product's tag."""
    known = touches.filter(touches.content_id.notnull() & touches.sale_uid.notnull() & touches.evidence.isin(NAMING))
    pairs = known.select("content_id", order_uid="sale_uid").distinct()
    tagged = clicks.select("source", "content_id", "product_id").distinct()
    rows = goods.join(pairs, "order_uid").join(tagged, ["source", "content_id", "product_id"])
    return rows.group_by("source", "content_id", "product_id", "day").agg(orders=rows.order_uid.nunique())


def _kinds(contents: Table) -> Table:
    return contents.select("source", "content_id", "creator_id", "kind").distinct(on=["source", "content_id"])
