"""Visits that are told twice: by the site when they happen, and again by an order that they led to.

A shop states the visits that led to its order; the brand's own site, by its script or its log, tells every visit. The
same visit must not weigh twice. The site's telling stays, since it also tells the visits of who bought nothing.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.normalize.times import MINUTE

ARRIVALS = ("visit", "search_click", "ad_click", "content_click")
"""Kinds of touchpoint by which somebody comes to the site."""


def told_once(touches: Table, met: Table, sales: Table, minutes: float) -> Table:
    """Take off the count what an order states of a visit that another source tells of the same person.

    The same visit: to the same channel, at most `minutes` apart, of no content that the other telling does not name,
    and between the person's previous sale and the order, so that it is on the order's journey by itself. `met`: all
    touchpoints with their persons, kept; 0 minutes: nothing is the same.
    """
    visits = met.filter(met.kind.isin(ARRIVALS) & ~met.time_is_bound & met.person.notnull())
    order = sales.select(led_to="order_uid", until="placed_at", since=ibis.coalesce(sales.previous_at, 0))
    stated = visits.filter(visits.order_id.notnull()).select(
        "touch_uid", "source", "person", "channel", "occurred_at", "content_id", "sale_uid"
    )
    stated = stated.join(order, stated.sale_uid == order.led_to)
    seen = visits.filter(visits.order_id.isnull()).select(
        teller="source", visitor="person", way="channel", seen_at="occurred_at", seen_content="content_id"
    )
    apart = round(minutes * MINUTE)
    same = stated.join(
        seen,
        [
            stated.person == seen.visitor,
            stated.channel == seen.way,
            stated.source != seen.teller,
            seen.seen_at < stated.occurred_at + apart,
            seen.seen_at > stated.occurred_at - apart,
            seen.seen_at <= stated.until,
            seen.seen_at > stated.since,
        ],
    )
    same = same.filter(same.content_id.isnull() | (same.content_id == ibis.coalesce(same.seen_content, "")))
    again = same.select(again="touch_uid").distinct()
    joined = touches.left_join(again, touches.touch_uid == again.again)
    return joined.mutate(is_counted=joined.is_counted & joined.again.isnull()).drop("again")
