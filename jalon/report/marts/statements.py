"""What platforms state of single orders: which content led to them, at which commission, settled or not."""

from __future__ import annotations

from ibis.expr.types import Table

from jalon.report.marts.base import Base, of_order, uid, with_amounts
from jalon.report.marts.shapes import CONTENT, CREATOR, CURRENCY, OBSERVED, PRODUCT, SOURCE, Column, Mart, money

FCT_ORDER_CONTENTS = Mart(
    "fct_order_contents",
    "One row per statement of a platform that a content, or a creator by whichever, led to an order, or to a part of "
    "it. It is the platform's own claim, by its `rule`: credit is in fct_attributed_revenue.",
    ("statement_uid",),
    (
        Column("statement_uid", "text", "The statement: `source:key`"),
        SOURCE,
        Column("platform", "text", "The platform that states it"),
        Column("order_uid", "text", "The order; empty: no source tells of it", references="fct_orders"),
        Column("order_id", "text", "The platform's id of the order"),
        Column("is_sale", "boolean", "The order is revenue"),
        CONTENT,
        Column("content_kind", "text", "What it calls the content; empty: none is named"),
        CREATOR,
        PRODUCT,
        Column("campaign", "text", "The campaign that it names"),
        Column("quantity", "integer", "Units that it is about", "units"),
        Column("refunded_quantity", "integer", "Those of them that went back; empty: not told", "units"),
        CURRENCY,
        *money("commission", "Commission on it as last told; empty: none is told"),
        Column("settlement", "text", "Where it is in the platform's accounts, in its words; empty: not told"),
        Column("rule", "text", "The platform's rule behind it"),
        OBSERVED,
    ),
)


def made(base: Base) -> Table:
    """Return the columns of the mart."""
    told = of_order(base, base.told["order_contents"])
    return with_amounts(base, told.mutate(statement_uid=uid(told)), ["commission"])
