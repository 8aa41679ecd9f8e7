"""What platforms, campaigns, content, creators and products cost, as far as platforms tell: a mart."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.report.marts.base import Base, with_amounts, with_maker
from jalon.report.marts.periods import counted_once, grain
from jalon.report.marts.shapes import CURRENCY, NONE, Column, Mart, money

KINDS = {"spend": "spend", "commissions": "commission"}
"""Count of money that a platform gives -> what kind of cost it is."""
CUTS = {
    "platform": "platform",
    "campaign": "campaign_id",
    "content": "content_id",
    "creator": "creator_id",
    "product": "product_id",
}
"""What costs are summed up by -> what names it in a count."""
_OF = ("source", "platform", "kind", "currency")
_TOLD = (*_OF, *(name for name in CUTS.values() if name not in _OF), "grain", "level", "of_orders", "cost")
ORDER, CAMPAIGNS = "order", "campaigns"
"""The grain of what is stated of single orders, and that of a platform's campaigns together."""

RPT_COSTS = Mart(
    "rpt_costs",
    "What platforms, campaigns, content, creators and products cost, where a platform tells: one row per cut, value, "
    "kind and currency. "
    "Choose one `cut`: each is the same money, as far as it is told by it. What a source counts in several ways (by "
    "content, by campaign, by content and product) is taken in the way that has most, never added up; of periods that "
    "overlap the shorter ones where they make up the longer; of commissions those stated of orders, where a source "
    "states any by that cut, and not its counts. No row: the cost is not known.",
    ("cut", "value", "kind", "currency"),
    (
        Column("cut", "text", "By what: platform, campaign, content, creator or product"),
        Column("value", "text", "Which one; of campaigns by the id, or the name, that the platform tells"),
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
    """Return the costs by one cut: of each source what it states of orders, else what it counts at one grain."""
    named = told.filter(told[CUTS[cut]] != NONE)
    states = named.of_orders.max().over(group_by=[named.source, named.platform, named.kind])
    surest = named.mutate(states=states, value=named[CUTS[cut]]).filter(lambda rows: rows.of_orders == rows.states)
    if cut == "campaign":
        surest = _by_level(surest)
    elif cut == "platform":
        surest = _with_campaigns(surest)
    best = _fullest(surest, (*_OF, "value"))
    rows = best.group_by("value", "kind", "currency").agg(cost=best.cost.sum())
    return rows.mutate(cut=ibis.literal(cut)).select("cut", "value", "kind", "currency", "cost")


def _fullest(rows: Table, of: tuple[str, ...]) -> Table:
    """Return the costs summed up by `of`, at the grain that has most: others tell parts of the same money."""
    by_grain = rows.group_by(*of, "grain").agg(cost=rows.cost.sum())
    rank = ibis.row_number().over(
        group_by=[by_grain[name] for name in of], order_by=[by_grain.cost.desc(), by_grain.grain]
    )
    ranked = by_grain.mutate(rank=rank)
    return ranked.filter(ranked["rank"] == 0).drop("rank")


def _by_level(rows: Table) -> Table:
    """Let counts of a campaign and of what is below it (its ads) be of unlike grains."""
    return rows.mutate(grain=rows.grain + rows.level)


def _with_campaigns(rows: Table) -> Table:
    """Put each campaign's cost in place of what is told of it and its parts: campaigns are told at unlike grains."""
    told = (rows.campaign_id != NONE) & (rows.of_orders == 0)
    campaigns = _fullest(_by_level(rows.filter(told)), (*_OF, "value", "campaign_id"))
    whole = campaigns.mutate(grain=ibis.literal(CAMPAIGNS)).select(*_OF, "value", "grain", "cost")
    return rows.filter(~told).select(*whole.columns).union(whole)


def _counted(base: Base) -> Table:
    """Return the counts of money over days. The creator is the one that the count names, else that of the content."""
    told = base.mart("fct_measures")
    own = told.filter(told.metric.isin(tuple(KINDS)) & (told.span == "days") & told.currency.notnull())
    own = with_maker(base, counted_once(base, own, "costs_again"))
    creator = ibis.ifelse(own.creator_id != NONE, own.creator_id, ibis.coalesce(own.maker, NONE))
    kind = ibis.cases(*((own.metric == metric, kind) for metric, kind in KINDS.items()), else_="")
    path = ibis.coalesce(own.campaign_id, NONE)
    rows = own.mutate(
        kind=kind,
        creator_id=creator,
        campaign_id=path.split("/")[0].replace("%2F", "/"),
        level=path.re_replace("[^/]+", ""),
        cost=own.value,
        grain=grain(own),
        of_orders=ibis.literal(0),
    )
    return _told(rows)


def _stated(base: Base) -> Table:
    """Return the commissions that platforms state of orders."""
    told = base.mart("fct_order_contents")
    own = told.filter(told.commission_minor.notnull() & told.currency.notnull())
    rows = own.mutate(
        kind=ibis.literal("commission"),
        campaign_id=ibis.coalesce(own.campaign, NONE),
        level=ibis.literal(""),
        cost=own.commission_minor,
        grain=ibis.literal(ORDER),
    )
    return _told(rows.mutate(of_orders=ibis.literal(1)))


def _told(rows: Table) -> Table:
    return rows.mutate(of_orders=rows.of_orders.cast("int64")).select(*_TOLD)
