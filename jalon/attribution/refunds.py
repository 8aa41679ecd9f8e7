"""Refunds: what of them comes off which order, also where they tell no tax, or another currency than the order.

Goods money is before tax, and a till or a help desk often tells one amount alone (`Refund.tax` is None). What went back
then holds tax as the order does: goods first, as far as there are any left, then shipping, each with its tax by the
order's own figures. Refunds that tell their tax go first, since they leave nothing open; the others follow in the order
in which they happened, and are rounded by their sum. So together they take off what one refund of the same amount
would, to the minor unit, and never more goods or tax than the order has left; what is more than that has no part
(`net_warning`). Where the order is not known or tells no tax, nothing is parted.

Many shops keep an order in their own currency and show it to the buyer in another (`presentment_currency`). Such an
order states a rate of the day it was placed, total by shown total, and a refund in the shown currency is converted by
that, to the nearest minor unit. A refund in a third currency comes off nothing: no fact tells a rate, and the order
says so (`net_warning`). So do the orders that a refund could belong to, where its number is that of several
(`namesakes`): it comes off none of them.

Refunds of a copy come off nothing, since the order that counts may tell the same ones. Where it tells less, it says so.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import IntegerValue, Table

WARNINGS = {
    "refund_in_other_currency": "a refund is in a currency that no rate is known for, and is not taken off the net",
    "refund_of_several": "a refund names a number that several orders have, and is not taken off the net",
    "refund_of_copy": "a copy of the order was refunded more; what is more is not taken off the net",
    "refund_above_order": "more was refunded than was paid for goods, so the net is below zero",
    "refund_beyond_order": "more went back than the buyer was charged; what is more is not taken off the net",
    "negative_order": "the order's goods money is below zero",
    "refund_converted": "a refund in the currency that the buyer was shown was converted by the order's own rate",
}
"""Code -> what to know about the net of a sale; of several that fit the first is told."""

_MONEY = ("goods", "shipping", "tax")


def with_refunds(orders: Table, refunds: Table) -> Table:
    """Add `refunded_goods` (minor units of the order's currency), what of it was converted (`refunded_converted`), what
    went back beyond all that the order has (`refunded_beyond`), how many refunds could not be converted
    (`refunds_elsewhere`), and how many may belong to another order (`refunds_unsure`)."""
    done = refunds.filter(refunds.state == "succeeded")
    back = parted(done, orders)
    summed = back.group_by("source", "order_id").agg(
        refunded_goods=back.taken_off.sum(),
        refunded_converted=ibis.ifelse(back.is_converted, back.taken_off, 0).sum(),
        refunded_beyond=back.without_part.sum(),
        refunds_elsewhere=back.taken_off.isnull().cast("int64").sum(),
    )
    joined = _with_unsure(orders.left_join(summed, ["source", "order_id"]).drop("source_right", "order_id_right"), done)
    names = ("refunded_goods", "refunded_converted", "refunded_beyond", "refunds_elsewhere", "refunds_unsure")
    return joined.mutate(**{name: ibis.coalesce(joined[name], 0) for name in names})


def parted(refunds: Table, orders: Table) -> Table:
    """Return refunds with their goods, shipping and tax, where they tell no tax by the order's own figures.

    Added are `tax_is_reckoned`; `taken_off`, the goods in minor units of the order's currency, null where no rate or no
    order is known; `is_converted` by the order's rate; `without_part`, what went back beyond all that the order has.
    """
    rows = _with_left(_with_order(refunds, orders))
    before = ibis.window(
        group_by=[rows.source, rows.order_id, rows.state], order_by=[rows.occurred_at, rows.key], preceding=(None, 1)
    )
    rows = rows.mutate(before=ibis.coalesce(rows.amount.sum().over(before), 0).cast("int64"))
    one, other = _parts(rows, rows.before), _parts(rows, rows.before + rows.amount)
    goods, shipping, tax = (more - less for less, more in zip(one, other, strict=True))
    reckoned = rows.tax_is_reckoned
    return rows.select(
        *(name for name in refunds.columns if name not in ("goods", "shipping", "tax")),
        *("tax_is_reckoned", "is_converted"),
        goods=ibis.ifelse(reckoned, _as_told(rows, goods), rows.goods),
        shipping=rows.shipping + ibis.ifelse(reckoned, _as_told(rows, shipping), 0),
        tax=ibis.ifelse(reckoned, _as_told(rows, tax), rows.tax),
        taken_off=ibis.ifelse(reckoned, goods, rows.of_goods),
        without_part=ibis.ifelse(reckoned, rows.amount - goods - shipping - tax, 0),
    )


def _with_order(refunds: Table, orders: Table) -> Table:
    """Add what the order has (`order_goods`, ...), and what the refund tells in the order's currency (`of_goods`, ...),
    null where no rate is known."""
    money = {f"order_{name}": name for name in (*_MONEY, "currency", "total")}
    known = orders.select("source", "order_id", "presentment_currency", "presentment_total", **money)
    rows = refunds.left_join(known, ["source", "order_id"]).drop("source_right", "order_id_right")
    is_same = ibis.coalesce(rows.currency == rows.order_currency, False)
    shown = ~is_same & (rows.currency == rows.presentment_currency) & (rows.presentment_total > 0)
    rows = rows.mutate(is_same=is_same, is_converted=ibis.coalesce(shown, False))
    rate = rows.order_total / ibis.ifelse(rows.is_converted, rows.presentment_total, 1)
    converted = {name: (rows[name] * rate).round().cast("int64") for name in _MONEY}
    return rows.mutate(
        **{
            f"of_{name}": ibis.cases((rows.is_same, rows[name]), (rows.is_converted, converted[name]))
            for name in _MONEY
        }
    )


def _with_left(rows: Table) -> Table:
    """Add what is left of the order after the refunds that tell their tax (`left_goods`, ...), `tax_is_reckoned`, and
    the `amount` that is to be parted, in the order's currency."""
    told = (rows.state == "succeeded") & rows.tax.notnull()
    of_one = {"group_by": [rows.source, rows.order_id]}
    gone = {name: ibis.coalesce(rows[f"of_{name}"].sum(where=told).over(**of_one), 0) for name in _MONEY}
    left = {f"left_{name}": _not_below_zero(rows[f"order_{name}"] - gone[name]) for name in _MONEY}
    reckoned = ibis.coalesce(rows.tax.isnull() & rows.of_goods.notnull() & (rows.order_tax > 0), False)
    return rows.mutate(**left, tax_is_reckoned=reckoned, amount=ibis.ifelse(reckoned, rows.of_goods, 0))


def _not_below_zero(amount: IntegerValue) -> IntegerValue:
    return ibis.greatest(amount, 0).cast("int64")


def _parts(rows: Table, amount: IntegerValue) -> tuple[IntegerValue, IntegerValue, IntegerValue]:
    """Return goods, shipping and tax of an amount with tax; beyond all that is left there is none."""
    before_tax = rows.left_goods + rows.left_shipping
    whole = before_tax + rows.left_tax
    reached = ibis.least(amount, whole)
    share = reached.cast("float64") * before_tax / ibis.ifelse(whole > 0, whole, 1)
    net = share.round().cast("int64")
    goods = ibis.least(net, rows.left_goods)
    return goods, net - goods, reached - net


def _as_told(rows: Table, amount: IntegerValue) -> IntegerValue:
    """Return an amount of the order's currency in the refund's."""
    rate = rows.presentment_total / ibis.ifelse(rows.order_total > 0, rows.order_total, 1)
    return ibis.ifelse(rows.is_converted, (amount * rate).round().cast("int64"), amount)


def _with_unsure(orders: Table, refunds: Table) -> Table:
    """Add `refunds_unsure`: how many refunds name the number that an order shares with others, and no order by that."""
    unsure = refunds.group_by(unsure_in="source", unsure_of="order_id").agg(refunds_unsure=refunds.key.count())
    shared = ibis.ifelse(orders.number != orders.order_id, orders.number, ibis.null("string"))
    asked = orders.mutate(shared=shared)
    joined = asked.left_join(unsure, [asked.source == unsure.unsure_in, asked.shared == unsure.unsure_of])
    return joined.drop("unsure_in", "unsure_of", "shared", "number")


def with_copied(sales: Table) -> Table:
    """Add `copy_refunded`: a copy of the sale tells more goods refunded than the sale, which has some left.

    Money of two currencies is not compared: there it holds where the sale tells no refund at all.
    """
    copies = sales.filter(sales.duplicate_of.notnull() & (sales.refunded_goods > 0))
    told = copies.select(original="duplicate_of", copied_in="currency", copied="refunded_goods")
    some_left = sales.filter(sales.refunded_goods < sales.goods)
    met = some_left.join(told, some_left.order_uid == told.original)
    more = ibis.ifelse(met.copied_in == met.currency, met.copied > met.refunded_goods, met.refunded_goods == 0)
    found = met.filter(more).select("original").distinct()
    joined = sales.left_join(found, sales.order_uid == found.original)
    return joined.mutate(copy_refunded=joined.original.notnull()).drop("original")


def with_warning(sales: Table) -> Table:
    """Add `net_warning`, a code of `WARNINGS`, to counted sales with `booked` and `net`; null where all is plain."""
    fits = {
        "refund_in_other_currency": sales.refunds_elsewhere > 0,
        "refund_of_several": sales.refunds_unsure > 0,
        "refund_of_copy": sales.is_sale & sales.copy_refunded,
        "refund_above_order": (sales.booked >= 0) & (sales.net < 0),
        "refund_beyond_order": sales.refunded_beyond > 0,
        "negative_order": sales.booked < 0,
        "refund_converted": sales.refunded_converted != 0,
    }
    known = sales.is_sale | (sales.booked != 0)
    told = sales.mutate(net_warning=ibis.cases(*((known & fit, code) for code, fit in fits.items())))
    return told.drop("refunds_unsure", "refunded_beyond", "copy_refunded")
