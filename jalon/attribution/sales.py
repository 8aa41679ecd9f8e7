"""One sale is counted once: which order is the sale, which is its copy in another shop, and what it brought.

A sales-channel app copies a platform's orders into the shop, so that one sale is told twice. It is found, in this
order:

1. by id: an order (`external_ids`) or a platform (`OrderLink`) states it, or two sources hold the same order of the
  same platform. Where no order has that id, it may be the number that people see, if one order alone has that;
2. by rule: an order that was made on another platform (`origin`), states no id, and has the currency and the total (its
   shop's, or as the buyer was shown it) or the goods money of exactly one order there, placed at about the same time,
   which no other order claims;
3. not at all: an order of such an origin that could be several, or none, of the orders known there is a possible
   duplicate. It is not counted, and said so.

Of two orders that are one sale, the one where the sale was made counts.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import StringValue, Table

from jalon.attribution.engine import Engine
from jalon.attribution.options import Options
from jalon.attribution.refunds import with_copied, with_refunds, with_warning
from jalon.normalize.times import HOUR

REVENUE_KINDS = ("sale", "exchange")

NUMBER = ":#"
"""Stands between platform and number where an order's `external_ids` hold its own number that people see."""

WHY = {
    "own": "the sale was made here",
    "copy_by_id": "an id states that it is a copy",
    "same_order_in_two_sources": "another source holds the same order",
    "copy_by_rule": "money and time match exactly one order of the platform where it was made",
    "possible_duplicate": "made on a platform whose orders are known, but which of them it copies cannot be told",
    "original_not_here": "a copy whose original is not among the facts, so that nothing is counted twice",
    "origin_not_connected": "made on a platform of which no orders are known, so that nothing is counted twice",
}
"""Reason code -> why an order is counted or not."""

NOT_COUNTED = ("copy_by_id", "same_order_in_two_sources", "copy_by_rule", "possible_duplicate")


def ranked_orders(orders: Table) -> Table:
    """Add `order_uid`, `is_copy`, `rank`: of two orders that are one sale the original has the lower rank."""
    is_copy = orders.origin.notnull() & (orders.origin != orders.platform)
    level = is_copy.cast("int64") * 2 + (orders.selling_mode != "native").cast("int64")
    uid = orders.source + ":" + orders.order_id
    return orders.mutate(order_uid=uid, is_copy=is_copy, rank=level.cast("string") + ":" + uid)


def by_id(orders: Table, links: Table) -> Table:
    """Return (copy, original, why) of the orders that ids state to be one sale; `links` are facts of that kind."""
    stating = orders.filter(orders.external_ids.length() > 0)
    stating = stating.select("rank", "platform", external_id=stating.external_ids.unnest())
    is_number = stating.external_id.startswith(stating.platform + NUMBER)
    own = stating.filter(~is_number).select("rank", "external_id")
    said = links.select("source", "order_id", "external_id").join(orders, ["source", "order_id"])
    stated = own.union(said.select("rank", "external_id"))
    named = orders.select(named="rank", named_id=orders.platform + ":" + orders.number)
    pairs = stated.join(named, stated.external_id == named.named_id).select("rank", "named")
    others = stated.anti_join(named, stated.external_id == named.named_id).select(stated.columns)
    pairs = pairs.union(_by_number(others, stating.filter(is_number)))
    return _directed(pairs, "copy_by_id").union(_same_order(orders))


def _by_number(stated: Table, numbers: Table) -> Table:
    """Pair what names an order by the number that people see, with or without its mark; shops may count alike."""
    shown = numbers.select("rank", shown=numbers.external_id.replace("#", ""))
    held = shown.group_by("shown").agg(named=shown["rank"].min(), holders=shown["rank"].nunique())
    once = held.filter(held.holders == 1)
    asked = stated.select("rank", asked=stated.external_id.replace("#", ""))
    return asked.join(once, asked.asked == once.shown).select("rank", "named")


def _same_order(orders: Table) -> Table:
    """Pair the same order of one platform that two sources hold; shops count from 1, so money and time must agree."""
    same = [orders.platform, orders.number, orders.placed_at, orders.currency, orders.total]
    held = orders.select("rank", first=orders["rank"].min().over(group_by=same))
    again = held.filter(held["rank"] != held["first"])
    return again.select(
        copy=_uid(again["rank"]),
        original=_uid(again["first"]),
        level=again["first"].left(1),
        why=ibis.literal("same_order_in_two_sources"),
    )


def _directed(pairs: Table, why: str) -> Table:
    """Direct each pair from copy to original: by level, and between equals from the one that names the other."""
    apart = pairs.filter(pairs["rank"] != pairs.named)
    low, high = ibis.least(apart["rank"], apart.named), ibis.greatest(apart["rank"], apart.named)
    ordered = apart.mutate(low=low, high=high, by_high=(apart["rank"] == high).cast("int64"))
    once = ordered.group_by("low", "high").agg(by_high=ordered.by_high.max())
    down = (once.low.left(1) != once.high.left(1)) | (once.by_high == 1)
    return once.select(
        copy=_uid(ibis.ifelse(down, once.high, once.low)),
        original=_uid(ibis.ifelse(down, once.low, once.high)),
        level=ibis.ifelse(down, once.low, once.high).left(1),
        why=ibis.literal(why),
    )


def _uid(rank: StringValue) -> StringValue:
    return rank.substr(2)


def by_rule(orders: Table, linked: Table, hours: float) -> Table:
    """Return (copy, original, why) where money and time fit one order only, both ways; `linked` is known by id."""
    span = max(round(hours * HOUR), 1)
    unmarked = orders.filter(orders.is_copy & (orders.external_ids.length() == 0))
    copies = unmarked.anti_join(linked.select(order_uid="copy"), "order_uid").select(orders.columns)
    sold_here = orders.filter(~orders.is_copy)
    originals = sold_here.anti_join(linked.select(order_uid="original"), "order_uid").select(orders.columns)
    pairs = ibis.union(
        _same_money(copies, originals, ("currency", "total"), "total", span),
        _same_money(copies, originals, ("currency", "goods"), "goods", span),
        _same_money(copies, originals, ("presentment_currency", "presentment_total"), "total", span),
        distinct=True,
    )
    counted = pairs.mutate(
        of_copy=pairs.original.count().over(group_by=pairs.copy),
        of_original=pairs.copy.count().over(group_by=pairs.original),
    )
    return counted.filter((counted.of_copy == 1) & (counted.of_original == 1)).select(
        "copy", "original", level=ibis.literal("0"), why=ibis.literal("copy_by_rule")
    )


def _same_money(copies: Table, originals: Table, said: tuple[str, str], amount: str, span: int) -> Table:
    """Pair by money and nearness; joined over buckets of time, so that a common price costs little.

    `said`: currency and amount as the copy has them; its shop's, or those that the buyer was shown.
    """
    left = copies.select(
        copy="order_uid",
        place=copies.origin,
        currency=said[0],
        amount=said[1],
        at="placed_at",
        bucket=copies.placed_at // span,
    )
    right = originals.select(
        original="order_uid",
        place="platform",
        currency="currency",
        amount=amount,
        then="placed_at",
        bucket=originals.placed_at // span,
    )
    near = ibis.union(*(right.mutate(bucket=right.bucket + step) for step in (-1, 0, 1)))
    pairs = left.join(near, ["place", "currency", "amount", "bucket"])
    return pairs.filter((pairs["at"] - pairs.then).abs() <= span).select("copy", "original").distinct()


def sales(engine: Engine, orders: Table, order_links: Table, refunds: Table, options: Options) -> Table:
    """Return and keep one row per order: is it counted, as which sale, why, and its money in minor units.

    `booked` is the goods money of a sale, `net` what is left of it after refunds and cancellation, `reversed` their
    difference. `is_sale`: it is revenue, paid, not cancelled, and counted. `orders` have their `number` as told
    (`namesakes`) besides the `order_id` that names them.
    """
    ranked = engine.keep("orders_ranked", ranked_orders(orders))
    stated = engine.keep("copies_by_id", by_id(ranked, order_links))
    ruled = engine.keep("copies_by_rule", by_rule(ranked, stated, options.copy_hours))
    parents = engine.keep("copies", _to_the_sale(_one_parent(stated.union(ruled))))
    return engine.keep("sales", with_money(with_reason(ranked, parents), refunds))


def _one_parent(pairs: Table) -> Table:
    """Keep one original of each copy: of the lowest level, then the first by name."""
    place = ibis.row_number().over(group_by=pairs.copy, order_by=[pairs.level, pairs.original, pairs.why])
    ranked = pairs.mutate(place=place)
    return ranked.filter(ranked.place == 0).drop("place", "level")


def _to_the_sale(parents: Table, depth: int = 3) -> Table:
    """Follow copies of copies up to the sale itself."""
    for _ in range(depth):
        above = parents.select(above_copy="copy", above="original")
        joined = parents.left_join(above, parents.original == above.above_copy)
        parents = joined.select("copy", original=ibis.coalesce(joined.above, joined.original), why="why")
    return parents


def with_reason(orders: Table, parents: Table) -> Table:
    """Add `duplicate_of`, `why`, `is_counted` and `sale_uid`."""
    places = orders.filter(~orders.is_copy).select(place="platform").distinct()
    found = orders.left_join(parents, orders.order_uid == parents.copy)
    found = found.left_join(places, found.origin == places.place)
    why = ibis.cases(
        (found.why.notnull(), found.why),
        (~found.is_copy, "own"),
        (found.external_ids.length() > 0, "original_not_here"),
        (found.place.isnull(), "origin_not_connected"),
        else_="possible_duplicate",
    )
    kept = [c for c in orders.columns if c not in ("rank", "is_copy", "external_ids")]
    judged = found.select(*kept, is_copy="is_copy", duplicate_of="original", why=why)
    return judged.mutate(
        is_counted=judged.why.notin(NOT_COUNTED), sale_uid=ibis.coalesce(judged.duplicate_of, judged.order_uid)
    )


def with_money(orders: Table, refunds: Table) -> Table:
    """Add `is_sale`, `booked`, `net` and `reversed` (minor units of its currency), `net_rule` and `net_warning`."""
    joined = with_refunds(orders, refunds)
    revenue = joined.is_counted & joined.kind.isin(REVENUE_KINDS)
    net_rule = ibis.cases(
        (~joined.is_counted, "not_counted"),
        (joined.kind.notin(REVENUE_KINDS), joined.kind),
        (joined.status == "pending", "unpaid"),
        (joined.status == "paid", "paid"),
        else_=joined.status,
    )
    is_sale = revenue & (joined.status == "paid")
    was_sale = is_sale | (revenue & (joined.status == "cancelled") & joined.paid_at.notnull())
    summed = joined.mutate(
        net_rule=net_rule,
        is_sale=is_sale,
        booked=ibis.ifelse(was_sale, joined.goods, 0),
    )
    net = ibis.ifelse(summed.is_sale, summed.booked - summed.refunded_goods, 0)
    return with_warning(with_copied(summed.mutate(net=net, reversed=summed.booked - net)))
