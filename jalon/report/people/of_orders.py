"""Measures that are counted over orders, touchpoints, counts of platforms and answers to surveys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import ibis

from jalon.report.marts.amounts import booked
from jalon.report.marts.base import Base
from jalon.report.marts.shapes import NONE
from jalon.report.people import figure_rows as why
from jalon.report.people import intervals
from jalon.report.people.carts import carts
from jalon.report.people.figure_rows import NOTHING, Figure, of_row
from jalon.report.people.intervals import Estimate
from jalon.report.people.surveys import SCORED, WIN_RATE

Row = dict[str, Any]
VISITS = ("visit", "search_click", "ad_click", "content_click", "tag_click", "profile_visit", "referral")
"""Kinds of touchpoint that are a visit."""
RECOMMENDING = ("referral", "forum")
"""Channels that are a recommendation; a touchpoint of the kind `referral` is one in any."""


def of_orders(base: Base) -> Iterator[Figure]:
    """Yield order value, refunds and returns."""
    orders = base.mart("fct_orders")
    sold = orders.filter(orders.is_sale)
    exact = sold.booked.cast("float64")
    values = sold.mutate(exact=exact).group_by("currency")
    found = values.agg(n=sold.order_uid.count(), mean=exact.mean(), spread=exact.var(how="pop"))
    for row in sorted(base.engine.dicts(found), key=_currency):
        yield _value(row)
    all_booked = booked(orders)
    sums = {name: all_booked[f"{name}_minor"].sum() for name in ("booked", "reversed")}
    back = all_booked.group_by("currency").agg(n=all_booked.order_uid.count(), **sums)
    for row in sorted(base.engine.dicts(back), key=_currency):
        yield _back(row)
    yield _returns(base)


def _currency(row: Row) -> str:
    return str(row["currency"])


def _value(row: Row) -> Figure:
    n, currency = row["n"], row["currency"]
    if row["mean"] is None:
        return Figure("order_value", NOTHING, currency, currency, why.NO_CURRENCY)
    value = intervals.mean_of_moments(row["mean"], row["spread"] * n, n)
    return Figure("order_value", value.within(0), currency, currency)


def _back(row: Row) -> Figure:
    share = row["reversed"] / row["booked"] if row["booked"] > 0 else None
    without = None if share is not None else why.NO_MONEY
    return Figure("refund_rate", Estimate(share, None, None, row["n"]), row["currency"], row["currency"], without)


def _returns(base: Base) -> Figure:
    """Return the share of orders that came back; sources that tell of no return say nothing about it."""
    orders, refunds = base.mart("fct_orders"), base.mart("fct_refunds")
    back = refunds.filter((refunds.reason == "return") & (refunds.state == "succeeded"))
    telling = back.select("source").distinct()
    came = back.filter(back.order_uid.notnull()).group_by("order_uid").agg(returns=back.refund_uid.count())
    sold = orders.filter(orders.is_sale).join(telling, "source").left_join(came, "order_uid")
    (row,) = base.engine.dicts(
        sold.agg(orders=sold.source.count(), returned=ibis.coalesce(sold.returns.notnull().cast("int64").sum(), 0))
    )
    without = None if row["orders"] else why.NO_RETURN
    return Figure("return_rate", intervals.share(row["returned"], row["orders"]), because=without)


def of_touches(base: Base) -> Iterator[Figure]:
    """Yield carts lost and the share of visits that were recommended."""
    touches, sales = base.made["touches"], base.made["sales"]
    found = carts(base.engine, touches, sales, base.customers.until, base.window)
    without = None if found.ended else why.NO_CART
    yield Figure("cart_loss", intervals.share(found.lost, found.ended), because=without)
    visits = touches.filter(touches.is_counted & touches.kind.isin(VISITS))
    by_recommendation = visits.channel.isin(RECOMMENDING) | (visits.kind == "referral")
    (row,) = base.engine.dicts(
        visits.agg(visits=visits.touch_uid.count(), some=ibis.coalesce(by_recommendation.cast("int64").sum(), 0))
    )
    without = None if row["visits"] else why.NO_VISIT
    yield Figure("recommended_visits", intervals.share(row["some"], row["visits"]), because=without)


def of_stages(base: Base) -> Iterator[Figure]:
    """Yield for each stage before the purchase how many bought later."""
    ways = base.mart("rpt_stage_times")
    own = ways.filter((ways.preset == "canonical") & (ways.to_stage == "purchase"))
    for row in base.engine.dicts(own.order_by("from_position")):
        yield Figure("reaches_purchase", intervals.share(row["reached"], row["persons"]), stage=row["from_stage"])


def of_platforms(base: Base) -> Iterator[Figure]:
    """Yield what platforms count: persons reached a day by each account, clicks on tags per view."""
    counts = base.mart("fct_measures")
    is_day = (counts.span == "days") & (counts.end_date.delta(counts.start_date, unit="day") == 1)
    cuts = [counts[f"{cut}_id"] == NONE for cut in ("content", "product", "creator")]
    over_all = ibis.and_(*cuts, counts.campaign_id.isnull())
    reach = counts.filter((counts.metric == "reach") & is_day & over_all)
    spread = reach.value.var(how="pop")
    found = base.engine.dicts(
        reach.group_by("platform", "source").agg(n=reach.value.count(), mean=reach.value.mean(), spread=spread)
    )
    accounts = Counter(row["platform"] for row in found)
    for row in sorted(found, key=lambda row: (row["platform"], row["source"])):
        daily = intervals.mean_of_moments(row["mean"], row["spread"] * row["n"], row["n"])
        account = f":{row['source']}" if accounts[row["platform"]] > 1 else ""
        yield Figure("daily_reach", daily.within(0), row["platform"] + account)
    if not found:
        yield Figure("daily_reach", NOTHING, because=why.NO_REACH)
    yield from _tag_clicks(base)


def _tag_clicks(base: Base) -> Iterator[Figure]:
    """Yield clicks on tags per view of what has tags; of several sources of a platform, that which counts most."""
    funnel = base.mart("rpt_tag_funnel")
    both = funnel.filter(funnel.views.notnull() & funnel.tag_clicks.notnull())
    sums = both.group_by("platform", "source").agg(views=both.shoppable_views.sum(), clicks=both.tag_clicks.sum())
    some = (row for row in base.engine.dicts(sums) if row["views"] or row["clicks"])
    best = {row["platform"]: row for row in sorted(some, key=lambda row: (row["views"], row["source"]))}
    for platform, row in sorted(best.items()):
        some, whole = row["clicks"], row["views"]
        found = intervals.share(some, whole) if some <= whole else Estimate(None, None, None, whole)
        yield Figure("tag_click_rate", found, platform, because=None if some <= whole else why.MORE_CLICKS)
    if not best:
        yield Figure("tag_click_rate", NOTHING, because=why.NO_TAGS)


def of_surveys(base: Base) -> Iterator[Figure]:
    """Yield the measures of surveys, over all their questions."""
    told = base.mart("rpt_surveys")
    over_all = told.filter((told.question == "") & (told.choice == ""))
    rows = {row["measure"]: row for row in base.engine.dicts(over_all)}
    for measure in (*(question.measure for question in SCORED.values()), WIN_RATE):
        row = rows.get(measure)
        if row is None or row["value"] is None:
            yield Figure(measure, NOTHING, because=why.OTHER_SCALE if row else why.NO_ANSWER)
        else:
            yield Figure(measure, of_row(row, row["answers"]))
