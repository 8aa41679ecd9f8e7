"""Touchpoints ready for journeys: told ones and stated ones, each with its person, its sale and what was known before.

Some touchpoints are told by no record of their own. A platform that names the content of an order or of an order line
states that somebody came by it; an order states a purchase. They become touchpoints here, unless a record tells them
too.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import columns_of
from jalon.attribution.options import NOT_CREDITED as FOLLOWS
from jalon.attribution.persons import resolve

COLUMNS = {
    "touch_uid": "string",
    "fact": "string",
    **{name: kind for name, kind in columns_of("touchpoints").items() if name not in ("occurred_date", "removed")},
}
"""Columns of a touchpoint before it meets persons and sales: the fact's own, and which fact tells it."""


def told(touchpoints: Table) -> Table:
    """Return the touchpoints that a record tells."""
    uid = touchpoints.source + ":" + touchpoints.key
    return _shaped(touchpoints.mutate(touch_uid=uid, fact=ibis.literal("touchpoints")))


def stated(touchpoints: Table, sales: Table, contents: Table, lines: Table) -> Table:
    """Return the touchpoints that follow from what orders state: the content they came by, and the purchase itself."""
    named = touchpoints.filter(touchpoints.order_id.notnull())
    by_content = _by_content(contents.filter(contents.content_id.notnull()), "order_contents", sales)
    on_line = _by_content(
        lines.filter(lines.content_id.notnull()).mutate(creator_id=ibis.null("string"), campaign=ibis.null("string")),
        "order_lines",
        sales,
    )
    same = ["source", "order_id", "content_id"]
    on_line = on_line.anti_join(by_content, same)
    led = by_content.union(on_line).anti_join(named.filter(named.content_id.notnull()), same)
    bought = _purchases(sales).anti_join(named.filter(named.kind == "purchase"), ["source", "order_id"])
    return led.union(bought)


def _by_content(statements: Table, fact: str, sales: Table) -> Table:
    """One touchpoint per order and content that the statements name, at or before the order."""
    first = ibis.row_number().over(
        group_by=[statements.source, statements.order_id, statements.content_id], order_by=statements.key
    )
    once = statements.mutate(first=first)
    once = once.filter(once["first"] == 0).drop("first")
    order = sales.select(
        "source", "order_id", order_channel="channel", placed_at="placed_at", order_mode="selling_mode"
    )
    joined = once.join(order, ["source", "order_id"])
    return _shaped(
        joined.mutate(
            touch_uid=joined.source + ":" + fact + "/" + joined.key,
            fact=ibis.literal(fact),
            occurred_at=joined.placed_at,
            time_is_bound=ibis.literal(True),
            kind=ibis.literal("content_click"),
            channel=joined.order_channel,
            selling_mode=joined.order_mode,
            evidence=ibis.literal("platform_row" if fact == "order_contents" else "platform_order"),
        )
    )


def _purchases(sales: Table) -> Table:
    sold = sales.filter(_was_sold(sales))
    return _shaped(
        sold.select(
            "source", "key", "version", "observed_at", "inbox_id", "platform", "channel", "order_id", "selling_mode",
            touch_uid=sold.source + ":orders/" + sold.key,
            fact=ibis.literal("orders"),
            occurred_at=sold.placed_at,
            time_is_bound=ibis.literal(False),
            kind=ibis.literal("purchase"),
            evidence=ibis.literal("platform_order"),
        )
    )  # fmt: skip


def _shaped(table: Table) -> Table:
    """Give a table exactly the columns of a touchpoint; those it has not are null."""
    return table.select(
        **{
            name: (table[name] if name in table.columns else ibis.null(kind)).cast(kind)
            for name, kind in COLUMNS.items()
        }
    )


def with_persons_and_sales(touches: Table, sales: Table, people: Table) -> Table:
    """Add `person`, `sale_uid` and `is_counted`.

    What belongs to an order belongs to the sale that it is, and where no person is known the order's is meant. What
    follows from an order that is not counted is not counted either, and no purchase is that was not paid.
    """
    order = sales.select(
        "source", "order_id", "sale_uid", counted="is_counted", sold=_was_sold(sales), order_person="person"
    )
    joined = resolve(touches, people).left_join(order, ["source", "order_id"]).drop("source_right", "order_id_right")
    copied = joined.kind.isin(FOLLOWS) & ~ibis.coalesce(joined.counted, True)
    unsold = (joined.kind == "purchase") & ~ibis.coalesce(joined.sold, True)
    person = ibis.ifelse(joined.identifier.isnull(), joined.order_person, joined.person)
    return joined.mutate(person=person, is_counted=~(copied | unsold)).drop(
        "counted", "sold", "order_person", "identifier"
    )


def _was_sold(sales: Table) -> ibis.Value:
    """Return whether an order was paid for, be it cancelled afterwards."""
    return sales.is_sale | (sales.booked != 0)


def with_history(touches: Table, sales: Table) -> Table:
    """Add `is_customer` (had bought before) and `is_known` (something was known of the person before).

    `touches` is scanned twice: keep it first.
    """
    since = _customer_since(sales)
    seen = touches.filter(touches.person.notnull()).group_by(seen="person").agg(first_seen=touches.occurred_at.min())
    own = sales.select(own_uid="order_uid", prior_sales="prior_sales")
    joined = touches.left_join(since, touches.person == since.buyer).drop("buyer")
    joined = joined.left_join(own, joined.sale_uid == own.own_uid).drop("own_uid")
    joined = joined.left_join(seen, joined.person == seen.seen).drop("seen")
    bought_before = ibis.coalesce(joined.customer_since < joined.occurred_at, False)
    is_purchase = (joined.kind == "purchase") & joined.prior_sales.notnull()
    return joined.mutate(
        is_customer=ibis.ifelse(is_purchase, joined.prior_sales > 0, bought_before),
        is_known=ibis.coalesce(joined.first_seen < joined.occurred_at, False),
    ).drop("customer_since", "prior_sales", "first_seen")


def _customer_since(sales: Table) -> Table:
    """Return (buyer, customer_since): the first sale; the beginning of time where the shop knows of an earlier one."""
    known = sales.filter(sales.person.notnull() & sales.is_sale)
    since = ibis.ifelse(known.sales_before_facts > 0, 0, known.placed_at)
    return known.group_by(buyer="person").agg(customer_since=since.min())


def with_prior_sales(sales: Table) -> Table:
    """Add `prior_sales`, how many the person had made before this one, `previous_at`, when the last of them was, and
    `customer`: new, returning, or unknown where neither the person nor the shop's count is known.

    Sales from before the facts begin are known by the index that a shop gives to an order of the person, less those of
    its orders that are told here: an order that has none, unpaid perhaps, hides no sale before it.
    """
    sales = _with_untold(sales)
    by_time = {"group_by": sales.person, "order_by": [sales.placed_at, sales.order_uid]}
    before = ibis.window(**by_time, preceding=(None, 1))
    sold_at = ibis.ifelse(sales.is_sale, sales.placed_at, ibis.null("int64"))
    untold = sales.untold.max().over(ibis.window(**by_time, preceding=None, following=0))
    alone = sales.person.isnull()
    earlier = ibis.coalesce(ibis.ifelse(alone, sales.customer_order_index, ibis.greatest(untold, 0)), 0)
    told = sales.mutate(
        sales_before_facts=earlier,
        prior_sales=earlier + ibis.ifelse(alone, 0, ibis.coalesce(sold_at.count().over(before), 0)),
        previous_at=ibis.ifelse(alone, ibis.null("int64"), sold_at.max().over(before)),
    )
    nobody = told.person.isnull() & told.customer_order_index.isnull()
    return told.drop("untold").mutate(
        customer=ibis.cases((nobody, "unknown"), (told.prior_sales > 0, "returning"), else_="new")
    )


def _with_untold(sales: Table) -> Table:
    """Add `untold`: how many orders of the person the shop had counted before this one, less those that it tells."""
    in_shop = {"group_by": [sales.person, sales.source], "order_by": [sales.placed_at, sales.order_uid]}
    untold = sales.customer_order_index - ibis.row_number().over(ibis.window(**in_shop))
    counted = sales.mutate(untold=untold)
    in_shop = {"group_by": [counted.person, counted.source], "order_by": [counted.placed_at, counted.order_uid]}
    return counted.mutate(untold=counted.untold.min().over(ibis.window(**in_shop, preceding=None, following=0)))
