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
ORDER = "order"
"""The grain of what is stated of single orders."""

RPT_COSTS = Mart(
    "rpt_costs",
    "What platforms, campaigns, content, creators and products cost, where a platform tells: one row per cut, value, "
    "kind and currency. "
    "Choose one `cut`: each is the same money, as far as it is told by it. What a source counts in several ways (by "
    "content, by campaign, by content and product) is taken in the way that has most, never added up; a creator, a "
    "campaign and a platform have the sum of their contents, each in the way that has most of it, where that is more. "
    "Of periods that overlap the shorter ones count where they make up the longer; of commissions those stated of "
    "orders, where a source states any by that cut, and not its counts. No row: the cost is not known.",
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
    costs = base.engine.keep("costs_told", _counted(base).union(_stated(base)))
    summed = ibis.union(*(_cut(costs, cut) for cut in CUTS))
    return with_amounts(base, summed, ["cost"])


def _cut(costs: Table, cut: str) -> Table:
    """Return the costs by one cut: of each source what it states of orders, else what it counts at one grain."""
    named = costs.filter(costs[CUTS[cut]] != NONE)
    states = named.of_orders.max().over(group_by=[named.source, named.platform, named.kind])
    surest = named.mutate(states=states, value=named[CUTS[cut]]).filter(lambda rows: rows.of_orders == rows.states)
    best = _fullest(_with_parts(surest, cut), (*_OF, "value"))
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


def _with_parts(rows: Table, cut: str) -> Table:
    """Put beside counts what the parts of a value cost together: parts may be told at unlike grains."""
    of = (*_OF, "value")
    match cut:
        case "creator":
            return _beside(rows, _together(rows, "content_id", of))
        case "campaign":
            levels = _by_level(rows)
            return _beside(levels, _together(levels, "content_id", of))
        case "platform":
            levels = _by_level(rows)
            campaigns = _beside(levels, _together(levels, "content_id", (*of, "campaign_id")))
            contents = _together(levels, "content_id", of)
            return _beside(_beside(levels, contents), _together(campaigns, "campaign_id", of))
    return rows


def _by_level(rows: Table) -> Table:
    """Let counts of a campaign and of what is below it (its ads) be of unlike grains."""
    return rows.mutate(grain=rows.grain + rows.level)


def _together(rows: Table, part: str, of: tuple[str, ...]) -> Table:
    """Return what is counted of each part of `of`, as a grain of its own, for `of` to sum up."""
    counted = rows.filter((rows[part] != NONE) & (rows.of_orders == 0))
    return _fullest(counted, (*of, part)).mutate(grain=ibis.literal(part), of_orders=ibis.literal(0, "int64"))


def _beside(rows: Table, others: Table) -> Table:
    names = [name for name in rows.columns if name in others.columns]
    return rows.select(*names).union(others.select(*names))


def _counted(base: Base) -> Table:
    """Return the counts of money over days."""
    measures = base.mart("fct_measures")
    own = measures.filter(measures.metric.isin(tuple(KINDS)) & (measures.span == "days") & measures.currency.notnull())
    own = _with_creator(base, counted_once(base, own, "costs_again"))
    kind = ibis.cases(*((own.metric == metric, kind) for metric, kind in KINDS.items()), else_="")
    path = ibis.coalesce(own.campaign_id, NONE)
    rows = own.mutate(
        kind=kind,
        campaign_id=path.split("/")[0].replace("%2F", "/"),
        level=path.re_replace("[^/]+", ""),
        cost=own.value,
        grain=grain(own),
        of_orders=ibis.literal(0),
    )
    return _told(rows)


def _stated(base: Base) -> Table:
    """Return the commissions that platforms state of orders."""
    contents = base.mart("fct_order_contents")
    own = _with_creator(base, contents.filter(contents.commission_minor.notnull() & contents.currency.notnull()))
    rows = own.mutate(
        kind=ibis.literal("commission"),
        campaign_id=ibis.coalesce(own.campaign, NONE),
        level=ibis.literal(""),
        cost=own.commission_minor,
        grain=ibis.literal(ORDER),
    )
    return _told(rows.mutate(of_orders=ibis.literal(1)))


def _with_creator(base: Base, rows: Table) -> Table:
    """Let the creator be the one that a row names, else that of its content."""
    rows = with_maker(base, rows)
    creator = ibis.ifelse(rows.creator_id != NONE, rows.creator_id, ibis.coalesce(rows.maker, NONE))
    return rows.mutate(creator_id=creator)


def _told(rows: Table) -> Table:
    return rows.mutate(of_orders=rows.of_orders.cast("int64")).select(*_TOLD)
