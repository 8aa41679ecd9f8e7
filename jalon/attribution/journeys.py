"""Journeys: what led one person to one sale, in order; and the journeys that led to none.

A touchpoint is on the journey to a sale if

- the sale's person had it inside the look-back window before the order and, unless `repeat` says `continue`, after
  the person's previous sale; or
- a platform states that it belongs to the order, whoever had it, inside the same window. If its time is only an upper
  bound it counts as had by the time of the order.

What follows from a sale (`Options.not_credited`) is on no journey. Steps are ordered by (time, touch_uid), so that the
order is total. Measures are counts, not touchpoints: nothing here reads them.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.options import Options

STEP = ("order_uid", "person", "touch_uid", "had_at", "placed_at")


def steps(engine: Engine, touches: Table, sales: Table, options: Options) -> Table:
    """Return and keep the steps of journeys to sales: `order_uid`, `position` from 1 to `touches`, `touch_uid`,
    `had_at`, `placed_at`, `cut`.

    `cut` counts the touchpoints that the journey had beyond `Options.max_touches`.
    """
    usable = creditable(touches, options)
    sold = sales.filter(sales.is_sale | (sales.booked != 0))
    led = _of_person(usable, sold, options).union(_of_order(usable, sold, options))
    return engine.keep("steps", _numbered(engine.keep("led", led), options.max_touches))


def creditable(touches: Table, options: Options) -> Table:
    """Return the touchpoints that can have led to a sale."""
    return touches.filter(touches.is_counted & touches.kind.notin(tuple(options.not_credited)))


def _of_person(touches: Table, sold: Table, options: Options) -> Table:
    """Pair sales with what their person had before them; what is stated to belong to one comes by `_of_order`.

    Where journeys restart each touchpoint leads to the next sale alone, which one pass finds. Orders that were
    cancelled restart nothing, and look back beside the sales.
    """
    known = sold.filter(sold.person.notnull())
    had = touches.filter(touches.person.notnull()).select("person", "touch_uid", "sale_uid", had_at="occurred_at")
    if options.repeat == "continue":
        pairs = _in_window(had, known.mutate(after=ibis.null("int64")))
    else:
        pairs = _to_next(had, known.filter(known.is_sale))
        pairs = pairs.union(_in_window(had, known.filter(~known.is_sale).mutate(after=known.previous_at)))
    recent = pairs.filter(pairs.had_at >= pairs.placed_at - options.lookback)
    return recent.filter(recent.sale_uid.isnull() | (recent.sale_uid != recent.order_uid)).select(*STEP)


def _in_window(had: Table, known: Table) -> Table:
    """Pair every order with all that its person had until then, after the instant `after` where there is one."""
    pairs = had.join(known.select("order_uid", "placed_at", "person", "after"), ["person"])
    pairs = pairs.filter((pairs.had_at <= pairs.placed_at) & (pairs.after.isnull() | (pairs.had_at > pairs.after)))
    return pairs.select(*STEP, "sale_uid")


def _to_next(had: Table, sales: Table) -> Table:
    """Pair each touchpoint with its person's next sale: of several at one instant, the first by name."""
    place = ibis.row_number().over(group_by=[sales.person, sales.placed_at], order_by=sales.order_uid)
    numbered = sales.select("person", "placed_at", "order_uid", place=place)
    first = numbered.filter(numbered.place == 0)
    ends = first.select("person", had_at="placed_at", placed_at="placed_at")
    begins = had.semi_join(first, "person").mutate(placed_at=ibis.null("int64"))
    events = begins.union(
        ends.mutate(touch_uid=ibis.null("string"), sale_uid=ibis.null("string")).select(*begins.columns)
    )
    onward = ibis.window(
        group_by=events.person, order_by=[events.had_at, events.placed_at.notnull()], preceding=0, following=None
    )
    ahead = events.mutate(placed_at=events.placed_at.min().over(onward)).filter(events.touch_uid.notnull())
    return ahead.join(first.select("person", "placed_at", "order_uid"), ["person", "placed_at"]).select(
        *STEP, "sale_uid"
    )


def _of_order(touches: Table, sold: Table, options: Options) -> Table:
    """Pair each sale with what is stated to belong to it."""
    sales = sold.select("order_uid", "placed_at", "person")
    stated = touches.filter(touches.sale_uid.notnull()).select("touch_uid", "sale_uid", "occurred_at", "time_is_bound")
    pairs = stated.join(sales, stated.sale_uid == sales.order_uid)
    pairs = pairs.filter((pairs.occurred_at <= pairs.placed_at) | pairs.time_is_bound)
    pairs = pairs.mutate(had_at=ibis.least(pairs.occurred_at, pairs.placed_at))
    return pairs.filter(pairs.had_at >= pairs.placed_at - options.lookback).select(*STEP)


def _numbered(led: Table, max_touches: int) -> Table:
    """Number the steps of each journey, the latest `max_touches` of them."""
    order = [led.had_at, led.touch_uid]
    counted = led.mutate(
        position=ibis.row_number().over(group_by=led.order_uid, order_by=order) + 1,
        all_touches=led.touch_uid.count().over(group_by=led.order_uid),
    )
    cut = ibis.greatest(counted.all_touches - max_touches, 0)
    numbered = counted.mutate(position=counted.position - cut, touches=counted.all_touches - cut, cut=cut)
    return numbered.filter(numbered.position > 0).drop("all_touches")


def open_journeys(touches: Table, steps: Table, sales: Table, options: Options) -> Table:
    """Return the steps of journeys that led to no sale: `journey_id`, `person`, `position`, `touches`, `touch_uid`,
    `had_at`.

    A person's touchpoints that are on no journey to a sale hang together until the next sale, or until a pause as
    long as the look-back window.
    """
    usable = creditable(touches, options)
    usable = usable.filter(usable.person.notnull())
    left = usable.anti_join(steps, "touch_uid").select(
        "person", "touch_uid", had_at="occurred_at", is_sale=ibis.literal(False)
    )
    sold = sales.filter(sales.is_sale & sales.person.notnull())
    sold = sold.semi_join(left, "person").select(
        "person", touch_uid="order_uid", had_at="placed_at", is_sale=ibis.literal(True)
    )
    events = left.union(sold)
    in_order = {"group_by": events.person, "order_by": [events.had_at, events.is_sale, events.touch_uid]}
    previous = events.had_at.lag().over(ibis.window(**in_order))
    after_sale = events.is_sale.lag().over(ibis.window(**in_order))
    begins = previous.isnull() | after_sale | (events.had_at - previous > options.lookback)
    marked = events.mutate(begins=ibis.coalesce(begins, True).cast("int64"))
    number = marked.begins.sum().over(
        ibis.window(
            group_by=marked.person,
            order_by=[marked.had_at, marked.is_sale, marked.touch_uid],
            preceding=None,
            following=0,
        )
    )
    named = marked.mutate(journey_id=marked.person + "#" + number.cast("string")).filter(~marked.is_sale)
    return named.select(
        "journey_id", "person", "touch_uid", "had_at",
        position=ibis.row_number().over(group_by=named.journey_id, order_by=[named.had_at, named.touch_uid]) + 1,
        touches=named.touch_uid.count().over(group_by=named.journey_id),
    )  # fmt: skip
