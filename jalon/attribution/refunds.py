"""Refunds: what of them comes off which order, also where they are told in another currency than the order.

Many shops keep an order in their own currency and show it to the buyer in another (`presentment_currency`). Such an
order states a rate of the day it was placed, total by shown total, and a refund in the shown currency is converted by
that, to the nearest minor unit. A refund in a third currency comes off nothing: no fact tells a rate, and the order
says so (`net_warning`). So do the orders that a refund could belong to, where its number is that of several
(`namesakes`): it comes off none of them.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

WARNINGS = {
    "refund_in_other_currency": "a refund is in a currency that no rate is known for, and is not taken off the net",
    "refund_of_several": "a refund names a number that several orders have, and is not taken off the net",
    "refund_above_order": "more was refunded than was paid for goods, so the net is below zero",
    "negative_order": "the order's goods money is below zero",
    "refund_converted": "a refund in the currency that the buyer was shown was converted by the order's own rate",
}
"""Code -> what to know about the net of a sale; of several that fit the first is told."""


def with_refunds(orders: Table, refunds: Table) -> Table:
    """Add `refunded_goods` (minor units of the order's currency), what of it was converted (`refunded_converted`), how
    many refunds could not be (`refunds_elsewhere`), and how many may belong to another order (`refunds_unsure`)."""
    done = refunds.filter(refunds.state == "succeeded")
    own = orders.select("source", "order_id", "currency", "total", "presentment_currency", "presentment_total")
    paid_back = done.select("source", "order_id", "goods", told_in="currency").join(own, ["source", "order_id"])
    is_same = paid_back.told_in == paid_back.currency
    is_shown = ~is_same & (paid_back.told_in == paid_back.presentment_currency) & (paid_back.presentment_total > 0)
    shown = ibis.coalesce(is_shown, False)
    rate = paid_back.total / ibis.ifelse(shown, paid_back.presentment_total, 1)
    converted = (paid_back.goods * rate).round().cast("int64")
    summed = paid_back.group_by("source", "order_id").agg(
        same=ibis.ifelse(is_same, paid_back.goods, 0).sum(),
        refunded_converted=ibis.ifelse(shown, converted, 0).sum(),
        refunds_elsewhere=(~is_same & ~shown).cast("int64").sum(),
    )
    joined = _with_unsure(orders.left_join(summed, ["source", "order_id"]).drop("source_right", "order_id_right"), done)
    names = ("refunded_converted", "refunds_elsewhere", "refunds_unsure")
    told = joined.mutate(same=ibis.coalesce(joined.same, 0), **{name: ibis.coalesce(joined[name], 0) for name in names})
    return told.mutate(refunded_goods=told.same + told.refunded_converted).drop("same")


def _with_unsure(orders: Table, refunds: Table) -> Table:
    """Add `refunds_unsure`: how many refunds name the number that an order shares with others, and no order by that."""
    unsure = refunds.group_by(unsure_in="source", unsure_of="order_id").agg(refunds_unsure=refunds.key.count())
    shared = ibis.ifelse(orders.number != orders.order_id, orders.number, ibis.null("string"))
    asked = orders.mutate(shared=shared)
    joined = asked.left_join(unsure, [asked.source == unsure.unsure_in, asked.shared == unsure.unsure_of])
    return joined.drop("unsure_in", "unsure_of", "shared", "number")


def with_warning(sales: Table) -> Table:
    """Add `net_warning`, a code of `WARNINGS`, to counted sales with `booked` and `net`; null where all is plain."""
    fits = {
        "refund_in_other_currency": sales.refunds_elsewhere > 0,
        "refund_of_several": sales.refunds_unsure > 0,
        "refund_above_order": (sales.booked >= 0) & (sales.net < 0),
        "negative_order": sales.booked < 0,
        "refund_converted": sales.refunded_converted != 0,
    }
    known = sales.is_sale | (sales.booked != 0)
    told = sales.mutate(net_warning=ibis.cases(*((known & fit, code) for code, fit in fits.items())))
    return told.drop("refunds_unsure")
