"""What content, creators and products cost, as far as platforms tell: a mart."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.report.marts.base import Base, with_amounts, with_maker
from jalon.report.marts.shapes import CURRENCY, NONE, Column, Mart, money

KINDS = {"spend": "spend", "commissions": "commission"}
"""Count of money that a platform gives -> what kind of cost it is."""
CUTS = {"content": "content_id", "creator": "creator_id", "product": "product_id"}

RPT_COSTS = Mart(
    "rpt_costs",
    "What content, creators and products cost, where a platform tells: one row per cut, value, kind and currency. "
    "Choose one `cut`: each is the same money, as far as it is told by it. No row: the cost is not known.",
    ("cut", "value", "kind", "currency"),
    (
        Column("cut", "text", "By what: content, creator or product"),
        Column("value", "text", "Which one"),
        Column("kind", "text", "spend: paid for showing it; commission: paid, or owed, to who made it"),
        CURRENCY,
        *money("cost", "The cost"),
    ),
)


def made(base: Base) -> Table:
    """Return the columns of the mart: counts of platforms, and the commission that they state of single orders."""
    told = base.engine.keep("costs_told", _counted(base).union(_stated(base)))
    summed = ibis.union(*(_cut(told, cut) for cut in CUTS))
    return with_amounts(base, summed, ["cost"])


def _cut(told: Table, cut: str) -> Table:
    """Return the costs by one cut, of what is counted by it."""
    own = told.filter((told[CUTS[cut]] != NONE) & ((told.by == cut) | (told.by == "order")))
    rows = own.group_by(value=own[CUTS[cut]], kind=own.kind, currency=own.currency).agg(cost=own.cost.sum())
    return rows.mutate(cut=ibis.literal(cut)).select("cut", "value", "kind", "currency", "cost")


def _counted(base: Base) -> Table:
    """Return the counts of money over days: by content where they name no product, by product where no content.

    The creator is the one that the count names, else that of the content.
    """
    told = base.mart("fct_measures")
    own = told.filter(told.metric.isin(tuple(KINDS)) & (told.span == "days") & told.currency.notnull())
    own = with_maker(base, own)
    creator = ibis.ifelse(own.creator_id != NONE, own.creator_id, ibis.coalesce(own.maker, NONE))
    kind = ibis.cases(*((own.metric == metric, kind) for metric, kind in KINDS.items()), else_="")
    told = own.mutate(kind=kind, creator_id=creator, cost=own.value)
    by_content = told.filter((told.content_id != NONE) & (told.product_id == NONE))
    by_product = told.filter((told.content_id == NONE) & (told.product_id != NONE))
    rows = ibis.union(
        _named(by_content, "content"), _named(by_content, "creator"), _named(by_product, "product"),
    )  # fmt: skip
    return rows.select("by", "kind", "currency", "content_id", "creator_id", "product_id", "cost")


def _named(rows: Table, by: str) -> Table:
    return rows.mutate(by=ibis.literal(by)).select(
        "by", "kind", "currency", "content_id", "creator_id", "product_id", "cost"
    )


def _stated(base: Base) -> Table:
    """Return the commissions that platforms state of orders."""
    told = base.mart("fct_order_contents")
    own = told.filter(told.commission_minor.notnull() & told.currency.notnull())
    return _named(own.mutate(kind=ibis.literal("commission"), cost=own.commission_minor), "order")
