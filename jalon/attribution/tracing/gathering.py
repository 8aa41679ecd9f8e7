"""What the facts tell of steps that name only a network, and of the content there that people can have come from.

Scope is the channel: a click from a network can only have come from content on it. Where a content is counted by
product, its clicks lead to orders of that product alone; products are joined across platforms by their SKU.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.sharing.gathering import Facts
from jalon.normalize.channels import channels_of
from jalon.normalize.times import DAY

LEADS = (
    *("outbound_clicks", "link_clicks", "website_clicks", "bio_link_clicks", "tag_clicks", "card_clicks"),
    *("product_impressions", "views", "impressions"),
)
"""Metrics that tell how many people a content led on, the best first; of each content the first that it has."""
CAME = ("content_click", "visit")
"""Kinds of a touchpoint by which somebody came from a network's content."""
NAMING = (*CAME, "ad_click", "tag_click")
"""Kinds by which a touchpoint that names a content shows that its links do."""
ANY = ""
"""In place of a product: whichever."""
CLICKS = {
    **{"channel": "string", "source": "string", "metric": "string", "content_id": "string", "product": "string"},
    **{"since": "date", "until": "date", "zone": "string", "clicks": "int64"},
}
_CELL = ("channel", "day", "basket")


class Gathered(NamedTuple):
    """Arrow tables, and what a `basket` is in them. Days are counted from the epoch in UTC.

    `clicks`: the columns of `CLICKS`, between two local days of `zone`; `product` is `ANY` where they are not counted
    by product. `cells`: channel, day, basket, steps: how many name no content. `named`: channel, content_id, day,
    basket, steps: those that do. `naming`: channel, content_id, touches: how many touchpoints name a content.
    """

    clicks: pa.Table
    cells: pa.Table
    named: pa.Table
    naming: pa.Table
    baskets: list[tuple[str, ...]]
    """Number of a basket -> the products of its orders that clicks are counted by; the first has none."""


def gather(engine: Engine, facts: Facts, steps: Table) -> tuple[Gathered, Table]:
    """Return what there is to trace and by what; and the steps that name no content: order_uid, touch_uid, channel,
    day, basket."""
    clicks, names = _with_products(engine, _clicks(engine, facts.measures), facts.products)
    touches = facts.touches
    names_nothing = touches.content_id.isnull() & touches.creator_id.isnull() & touches.kind.isin(CAME)
    came = names_nothing | (touches.content_id.notnull() & touches.kind.isin(NAMING))
    met = touches.filter(came & touches.is_counted & ~touches.time_is_bound).semi_join(clicks, "channel")
    on_journeys = steps.select("order_uid", "touch_uid").join(met, "touch_uid")
    numbers, baskets = _baskets(engine, facts, on_journeys.select("order_uid").distinct(), names)
    joined = on_journeys.left_join(numbers, "order_uid")
    day = ((joined.occurred_at - joined.occurred_at % DAY) / DAY).round().cast("int64")
    rows = joined.select("order_uid", "touch_uid", "channel", "content_id", day=day, basket=joined.basket.fill_null(0))
    rows = engine.keep("traced_steps", rows)
    untold = rows.filter(rows.content_id.isnull()).drop("content_id")
    named = rows.filter(rows.content_id.notnull())
    found = Gathered(
        engine.rows(clicks.order_by(*CLICKS)),
        engine.rows(_counted(untold, *_CELL)),
        engine.rows(_counted(named, "content_id", *_CELL)),
        engine.rows(_naming(met)),
        baskets,
    )
    return found, untold


def _counted(rows: Table, *by: str) -> Table:
    return rows.group_by(*by).agg(steps=rows.touch_uid.count()).order_by(*by)


def _naming(met: Table) -> Table:
    named = met.filter(met.content_id.notnull())
    found = named.group_by("channel", "content_id").agg(touches=named.touch_uid.count())
    return found.order_by("channel", "content_id")


def _clicks(engine: Engine, measures: Table) -> Table:
    """Return what is counted of contents on networks, of each by its best metric.

    Counted are days, the time that a LIVE took, or from one reading of a counter to the next.
    """
    usable = measures.content_id.notnull() & measures.joinable & measures.campaign_id.isnull()
    found = measures.filter(usable & measures.metric.isin(LEADS))
    one_day = found.end_date.delta(found.start_date, unit="day") == 1
    periods = found.filter((found.span == "whole") | ((found.span == "days") & one_day))
    rows = periods.union(_growth(found.filter(found.span == "lifetime")))
    rows = rows.filter((rows.value > 0) & (rows.start_date < rows.end_date)).join(_places(engine, found), "platform")
    order = ibis.cases(*((rows.metric == name, place) for place, name in enumerate(LEADS)), else_=len(LEADS))
    by_product, by_day = rows.product_id.notnull().cast("int64"), (rows.span != "lifetime").cast("int64")
    marked = rows.mutate(rank=order * 4 - by_day * 2 - by_product)
    best = marked.mutate(best=marked["rank"].min().over(group_by=[marked.channel, marked.content_id]))
    best = best.filter(best["rank"] == best.best)
    chosen = best.mutate(chosen=best.source.min().over(group_by=[best.channel, best.content_id]))
    return chosen.filter(chosen.source == chosen.chosen)


def _growth(counters: Table) -> Table:
    """Return by how much counters grew, each from its reading before, or from its beginning."""
    before = ibis.window(
        group_by=[counters.source, counters.content_id, counters.product_id, counters.metric],
        order_by=[counters.end_date, counters.key],
    )
    grown = counters.mutate(
        start_date=ibis.coalesce(counters.end_date.lag().over(before), counters.start_date),
        value=counters.value - ibis.coalesce(counters.value.lag().over(before), 0),
    )
    return grown.select(*counters.columns)


def _places(engine: Engine, measures: Table) -> Table:
    """Return (platform, channel): through which channels the content of each platform leads people."""
    platforms = [row["platform"] for row in engine.dicts(measures.select("platform").distinct().order_by("platform"))]
    pairs = [(platform, channel) for platform in platforms for channel in channels_of(platform)]
    columns = {"platform": [one for one, _ in pairs], "channel": [other for _, other in pairs]}
    table = pa.table(columns, pa.schema([(name, pa.string()) for name in columns]))
    return engine.take("traced_channels", table, dict.fromkeys(columns, "string"))


def _with_products(engine: Engine, clicks: Table, products: Table) -> tuple[Table, Table]:
    """Return the clicks, products named alike on every platform; and (sku, product), what an order's lines are of.

    A product is called by the first of its variants' SKUs. Clicks on one that has none lead to no order.
    """
    counted = clicks.filter(clicks.product_id.notnull()).select("source", "product_id").distinct()
    variants = products.filter(products.sku.notnull()).select("source", "product_id", "sku").distinct()
    variants = variants.semi_join(counted, ["source", "product_id"])
    named = variants.group_by("source", "product_id").agg(product=variants.sku.min())
    names = variants.join(named, ["source", "product_id"]).group_by("sku").agg(product=lambda t: t["product"].min())
    joined = clicks.left_join(named, ["source", "product_id"])
    product = ibis.ifelse(joined.product_id.isnull(), ANY, joined["product"])
    rows = joined.mutate(product=product).filter(product.notnull()).rename(since="start_date", until="end_date")
    summed = rows.group_by(*(name for name in CLICKS if name != "clicks")).agg(clicks=rows.value.sum())
    return engine.keep("traced_clicks", summed.select(*CLICKS)), engine.keep("traced_products", names)


def _baskets(engine: Engine, facts: Facts, orders: Table, names: Table) -> tuple[Table, list[tuple[str, ...]]]:
    """Return (order_uid, basket) of orders with a product that clicks are counted by, and what each basket holds."""
    placed = facts.sales.select("order_uid", "source", "order_id").semi_join(orders, "order_uid")
    bought = facts.lines.join(placed, ["source", "order_id"]).join(names, "sku").select("order_uid", "product")
    rows = engine.rows(bought.distinct().order_by("order_uid", "product"))
    held: dict[str, tuple[str, ...]] = {}
    for order, product in zip(rows["order_uid"].to_pylist(), rows["product"].to_pylist(), strict=True):
        held[order] = (*held.get(order, ()), product)
    baskets = [(), *sorted(set(held.values()))]
    number = {basket: place for place, basket in enumerate(baskets)}
    table = pa.table(
        {"order_uid": pa.array(held, pa.string()), "basket": pa.array(map(number.get, held.values()), pa.int64())}
    )
    return engine.take("traced_baskets", table, {"order_uid": "string", "basket": "int64"}), baskets
