"""The journeys that the additive hazard is fitted to: who was watched, for how long, and what was known beforehand.

A journey is one to a sale or an open one. It is watched from its first touchpoint until its sale; without one, until
the window after its last touchpoint has passed, or the facts end. Of two journeys that overlap the time counts once.
Its stratum is what was known before anything on it could have done something: whether the person had bought, and
whether the first thing known of the person is that it came by itself (a sign of intent).
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.groups import group
from jalon.attribution.hazard.roles import roles
from jalon.attribution.journeys import Journeys
from jalon.attribution.options import Options
from jalon.attribution.patterns import fits
from jalon.normalize.times import DAY, HOUR

SESSION = HOUR
"""A sign of intent so shortly before a sale belongs to the visit in which it was made: it is part of the sale."""
STRATA = ("new", "new_with_intent", "returning", "returning_with_intent")
"""Names of the strata, by number."""


def window_of(options: Options, model: str = "incremental") -> int:
    """Return the look-back window of the model, in microseconds."""
    return round(options.model_lookback.get(model, options.lookback_days) * DAY)


def is_heard(touches: Table) -> ibis.Value:
    """Return whether a touchpoint can teach: not one that is known only because an order states it, since of those that
    led to no order none is stated."""
    return touches.sale_uid.isnull() & ~touches.time_is_bound


def steps_of(journeys: Journeys, options: Options) -> Table:
    """Return the steps of all journeys that are causes or signs: `journey`, `person`, `touch_uid`, `had_at`, `sold_at`
    (null: open), `unit`, `causes`, `is_customer`, `own_window`, and whether they are `heard`.

    A journey that has as many as are looked at of any is not heard either: machines have such.
    """
    led = journeys.steps.select("person", "touch_uid", "had_at", "touches", journey="order_uid", sold_at="placed_at")
    led = led.mutate(person=ibis.coalesce(led.person, led.journey))
    left = journeys.open_steps.select(
        "person", "touch_uid", "had_at", "touches", journey="journey_id", sold_at=ibis.null("int64")
    )
    joined = led.union(left.select(*led.columns)).join(_seen(journeys.touches, options), "touch_uid")
    of_sale = ibis.coalesce(~joined.causes & (joined.sold_at - joined.had_at <= SESSION), False)
    marked = joined.mutate(heard=joined.heard & (joined.touches < options.max_touches), of_sale=of_sale).drop("touches")
    return marked.filter(marked.unit.notnull() & ~marked.of_sale).drop("of_sale")


def _seen(touches: Table, options: Options) -> Table:
    unit, causes = roles(touches, options.intent)
    widest = ibis.literal(window_of(options), "int64")
    own = [
        (fits(touches, pattern), ibis.least(widest, round(days * DAY))) for pattern, days in options.lookback.items()
    ]
    return touches.select(
        "touch_uid", "is_customer",
        unit=unit,
        causes=causes,
        heard=is_heard(touches),
        own_window=(ibis.cases(*own, else_=widest) if own else widest).cast("int64"),
    )  # fmt: skip


def journeys_of(steps: Table) -> Table:
    """Return one row per journey: `journey`, `person`, `first_at`, `last_at`, `sold_at` and `stratum`."""
    each = steps.group_by("journey", "person").agg(
        first_at=steps.had_at.min(),
        last_at=steps.had_at.max(),
        sold_at=steps.sold_at.max(),
        bought=steps.is_customer.cast("int64").min(),
    )
    joined = each.join(_first_shown(steps), "person")
    return joined.select(
        "journey", "person", "first_at", "last_at", "sold_at",
        stratum=joined.bought * 2 + joined.came_by_itself.cast("int64"),
    )  # fmt: skip


def _first_shown(steps: Table) -> Table:
    """Return (person, came_by_itself): whether a sign of intent came before all causes.

    It is known from the first touchpoint on, so that nothing that a cause did can show in it.
    """
    never = ibis.null("int64")
    firsts = steps.group_by("person").agg(
        sign=ibis.ifelse(steps.causes, never, steps.had_at).min(),
        cause=ibis.ifelse(steps.causes, steps.had_at, never).min(),
    )
    before = firsts.sign.notnull() & (firsts.cause.isnull() | (firsts.sign < firsts.cause))
    return firsts.select("person", came_by_itself=ibis.coalesce(before, False))


def with_watched(journeys: Table, until: int, window: int) -> Table:
    """Add for how long each journey was `watched` (microseconds), and the `group` of its person."""
    ends = ibis.coalesce(journeys.sold_at, ibis.least(journeys.last_at + window, until))
    timed = journeys.mutate(ends=ends, group=group(journeys.person))
    before = ibis.window(
        group_by=timed.person, order_by=[timed.first_at, timed.ends, timed.journey], preceding=(None, 1)
    )
    begins = ibis.greatest(timed.first_at, ibis.coalesce(timed.ends.max().over(before), timed.first_at))
    return timed.mutate(watched=ibis.greatest(timed.ends - begins, 0)).drop("ends")
