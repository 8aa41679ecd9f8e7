"""Journeys: what led one person to one sale, in order; and the journeys that led to none.

A touchpoint is on the journey to a sale if

- the sale's person had it inside the look-back window before the order and, unless `repeat` says `continue`, after
  the person's previous sale; or
- a platform states that it belongs to the order, whoever had it, inside the same window. If its time is only an upper
  bound, or clocks differ by some seconds, it counts as had by the time of the order.

The window is that of the model, or the one that `Options.lookback` gives to touchpoints of a kind. What follows from a
sale (`Options.not_credited`) is on no journey, and what `Options.skip` names is on none that has other touchpoints.
Steps are ordered by (time, touch_uid), so that the order is total. Measures are counts, not touchpoints: nothing here
reads them.

Where models have windows of their own, touchpoints are paired with sales by the widest, and each window then sees what
it would see if it were that of all models: it skips, cuts and finds journeys without a sale for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.codes import BEFORE, before, coded
from jalon.attribution.engine import Engine
from jalon.attribution.options import Options
from jalon.attribution.patterns import fits, fits_any
from jalon.attribution.stages import VIEWS
from jalon.attribution.windows import USUAL, Window, windows
from jalon.normalize.times import DAY, SECOND

STEP = ("order_uid", "person", "touch_uid", "had_at", "placed_at", "window", "channel", "skippable")


class Seen(NamedTuple):
    """What a window sees of the journeys: tables of the run that is going on.

    `steps`: those to sales, with `place`, their position on the whole journey. `open_steps`: those that led to no sale.
    """

    steps: Table
    open_steps: Table


class Journeys(NamedTuple):
    """All journeys: tables of the run that is going on.

    `steps`: those to sales that any window sees: `order_uid`, `person`, `position` from 1 to `touches`, `touch_uid`,
    `had_at`, `placed_at`, `window` (microseconds; null: the model's) and `cut`, how many more there were than
    `Options.max_touches`. `open_steps`: those that led to no sale, by `lookback_days`: `journey_id`, `person`,
    `position`, `touches`, `touch_uid`, `had_at`. `seen`: what each window sees, by its days (None: `lookback_days`).
    Steps to sales carry the `channel` of their touchpoint, open ones its `code` and those `BEFORE` it, by `codes`: to
    look it up takes one more join of all `touches`, of which they are steps.
    """

    steps: Table
    open_steps: Table
    codes: Table
    touches: Table
    seen: Mapping[float | None, Seen]


class _Met(NamedTuple):
    """What may be on journeys, what was paired with a sale, the sales, and the codes of channels."""

    usable: Table
    led: Table
    sales: Table
    codes: Table


def journeys(engine: Engine, touches: Table, sales: Table, options: Options) -> Journeys:
    """Return and keep the steps of all journeys; `sales` have `is_sale`, `booked` and `previous_at`."""
    usable = _with_settings(creditable(touches, options), options)
    sold = sales.filter(sales.is_sale | (sales.booked != 0))
    led = engine.keep("led", _of_person(usable, sold, options).union(_of_order(usable, sold, options)))
    codes = coded(engine, "channel_codes", [usable.filter(usable.person.notnull()), led])
    met = _Met(usable, led, sales, codes)
    if options.model_lookback:
        steps, seen = _by_window(engine, met, options)
    else:
        found = _seen(engine, met, USUAL, options)
        steps, seen = found.steps, {USUAL.days: found._replace(steps=found.steps.mutate(place=found.steps.position))}
    engine.drop("led")
    return Journeys(steps, seen[USUAL.days].open_steps, codes, touches, seen)


def _seen(engine: Engine, met: _Met, window: Window, options: Options, of: str = "") -> Seen:
    """Keep under names that end with `of`, and return, the journeys by one window."""
    counted = _without_skipped(met.led, "order_uid") if options.skip else met.led
    steps = engine.keep(f"steps{of}", _numbered(counted.drop("skippable"), options.max_touches))
    return Seen(steps, engine.keep(f"open_steps{of}", _open(met, window.length(options), options)))


def _by_window(engine: Engine, met: _Met, options: Options) -> tuple[Table, dict[float | None, Seen]]:
    """Return the steps that any window sees, and by its days what each sees."""
    found: dict[float | None, Seen] = {}
    own = {each.days: each for each in (USUAL, *windows(options))}
    for number, (days, window) in enumerate(own.items()):
        near = met._replace(led=met.led.filter(window.covers(met.led, options)))
        found[days] = _seen(engine, near, window, options, f"_seen_{number}")
    steps = engine.keep("steps", _together([each.steps for each in found.values()]))
    places = steps.select("order_uid", "touch_uid", place="position")
    return steps, {
        days: each._replace(steps=each.steps.join(places, ["order_uid", "touch_uid"])) for days, each in found.items()
    }


def _together(seen: Sequence[Table]) -> Table:
    """Return the steps of all windows, each once, numbered anew; `cut` is what the window cut that cut most."""
    every = ibis.union(*seen)
    named = [name for name in every.columns if name not in ("position", "touches", "cut")]
    once = every.group_by(named).agg(cut=every.cut.max())
    return once.mutate(
        position=ibis.row_number().over(group_by=once.order_uid, order_by=[once.had_at, once.touch_uid]) + 1,
        touches=once.touch_uid.count().over(group_by=once.order_uid),
        cut=once.cut.max().over(group_by=once.order_uid),
    )


def creditable(touches: Table, options: Options) -> Table:
    """Return the touchpoints that can have led to a sale."""
    led = touches.is_counted & touches.kind.notin(tuple(options.not_credited))
    return touches.filter(led & touches.kind.notin(VIEWS) if options.views == "exclude" else led)


def _with_settings(touches: Table, options: Options) -> Table:
    """Add the `window` of each touchpoint's own, and whether it is `skippable`."""
    rows = [(fits(touches, pattern), round(days * DAY)) for pattern, days in options.lookback.items()]
    return touches.select(
        "touch_uid", "person", "sale_uid", "occurred_at", "time_is_bound", "channel",
        window=ibis.cases(*rows).cast("int64") if rows else ibis.null("int64"),
        skippable=fits_any(touches, options.skip),
    )  # fmt: skip


def _without_skipped(led: Table, journey: str) -> Table:
    """Leave out what is skippable, unless a journey has nothing else."""
    marked = led.mutate(others=(~led.skippable).cast("int64").sum().over(group_by=journey))
    return marked.filter(~marked.skippable | (marked.others == 0)).drop("others")


def _recent(pairs: Table, options: Options) -> Table:
    return pairs.filter(pairs.had_at >= pairs.placed_at - ibis.coalesce(pairs.window, options.widest))


def _of_person(touches: Table, sold: Table, options: Options) -> Table:
    """Pair sales with what their person had before them; what is stated to belong to one comes by `_of_order`.

    Where journeys restart each touchpoint leads to the next sale alone, which one pass finds. Orders that were
    cancelled restart nothing, and look back beside the sales.
    """
    known = sold.filter(sold.person.notnull())
    had = touches.filter(touches.person.notnull())
    had = had.select("person", "touch_uid", "sale_uid", "window", "channel", "skippable", had_at="occurred_at")
    if options.repeat == "continue":
        pairs = _in_window(had, known.mutate(after=ibis.null("int64")))
    else:
        pairs = _to_next(had, known.filter(known.is_sale))
        pairs = pairs.union(_in_window(had, known.filter(~known.is_sale).mutate(after=known.previous_at)))
    recent = _recent(pairs, options)
    others = recent.filter(recent.sale_uid.isnull() | (recent.sale_uid != recent.order_uid))
    return _without_later(others, sold).select(*STEP)


def _without_later(pairs: Table, sold: Table) -> Table:
    """Leave out what is stated to belong to a later one of the sales at its instant: the first would have it else."""
    later = (pairs.had_at == pairs.placed_at) & (pairs.order_uid < pairs.sale_uid)
    marked = pairs.mutate(later=ibis.ifelse(later, pairs.sale_uid, ibis.null("string")))
    return marked.anti_join(sold.select(later="order_uid", had_at="placed_at"), ["later", "had_at"])


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
    none = {name: ibis.null(kind) for name, kind in begins.schema().items() if name not in ends.columns}
    events = begins.union(ends.mutate(**none).select(*begins.columns))
    onward = ibis.window(
        group_by=events.person, order_by=[events.had_at, events.placed_at.notnull()], preceding=0, following=None
    )
    ahead = events.mutate(placed_at=events.placed_at.min().over(onward)).filter(events.touch_uid.notnull())
    return ahead.join(first.select("person", "placed_at", "order_uid"), ["person", "placed_at"]).select(
        *STEP, "sale_uid"
    )


def _of_order(touches: Table, sold: Table, options: Options) -> Table:
    """Pair each sale with what is stated to belong to it; such a statement outweighs clocks that differ a little."""
    sales = sold.select("order_uid", "placed_at", "person")
    stated = touches.filter(touches.sale_uid.notnull()).drop("person")
    pairs = stated.join(sales, stated.sale_uid == sales.order_uid)
    latest = pairs.placed_at + round(options.clock_skew_seconds * SECOND)
    pairs = pairs.filter((pairs.occurred_at <= latest) | pairs.time_is_bound)
    return _recent(pairs.mutate(had_at=ibis.least(pairs.occurred_at, pairs.placed_at)), options).select(*STEP)


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


def _open(met: _Met, pause: int, options: Options) -> Table:
    """Return the steps of journeys that led to no sale.

    A person's touchpoints that are on no journey to a sale hang together until the next sale, or until a pause as
    long as the look-back window.
    """
    known = met.usable.filter(met.usable.person.notnull())
    left = known.anti_join(met.led, "touch_uid").join(met.codes, "channel")
    left = left.select("person", "touch_uid", "code", "skippable", had_at="occurred_at", is_sale=ibis.literal(False))
    named = _named(left, met.sales, pause)
    if options.skip:
        kept = _without_skipped(named, "journey_id")
        in_order = ibis.window(group_by=kept.journey_id, order_by=[kept.had_at, kept.touch_uid])
        position = ibis.row_number().over(in_order) + 1
        touches = kept.touch_uid.count().over(group_by=kept.journey_id)
        named = kept.mutate(position=position, touches=touches, **before(kept, in_order, position))
    return named.select("journey_id", "person", "touch_uid", "had_at", "position", "touches", "code", *BEFORE)


def _named(left: Table, sales: Table, pause: int) -> Table:
    """Add `journey_id`, which changes after each sale and each pause, and what `_placed` adds."""
    sold = sales.filter(sales.is_sale & sales.person.notnull()).select(
        "person", touch_uid="order_uid", code=ibis.literal(0, "int32"), skippable=ibis.literal(False),
        had_at="placed_at", is_sale=ibis.literal(True),
    )  # fmt: skip
    events = left.union(sold)
    in_order = {"group_by": events.person, "order_by": [events.had_at, events.is_sale, events.touch_uid]}
    previous = events.had_at.lag().over(ibis.window(**in_order))
    after_sale = events.is_sale.lag().over(ibis.window(**in_order))
    begins = previous.isnull() | after_sale | (events.had_at - previous > pause)
    marked = events.mutate(begins=ibis.coalesce(begins, True), place=ibis.row_number().over(ibis.window(**in_order)))
    placed = _placed(marked)
    placed = placed.filter(~placed.is_sale)
    return placed.mutate(journey_id=placed.person + "#" + placed.number.cast("string"))


def _placed(events: Table) -> Table:
    """Add the `number` of each event's journey among its person's, the `position` on it, the codes `BEFORE` it there,
    and how many `touches` it has.

    All windows have one order, so that an engine sorts once for all of them, and joins nothing.
    """
    in_order = {"group_by": events.person, "order_by": events.place}
    until, after = ibis.window(**in_order, preceding=None, following=0), ibis.window(**in_order, following=(1, None))
    whole, none = ibis.window(**in_order, preceding=None, following=None), ibis.null("int64")
    first = ibis.ifelse(events.begins, events.place, none).max().over(until)
    border = ibis.ifelse(events.begins | events.is_sale, events.place, none).min().over(after)
    position = events.place - first + 1
    return events.mutate(
        number=events.begins.cast("int64").sum().over(until),
        position=position,
        touches=ibis.coalesce(border, events.place.count().over(whole)) - first,
        **before(events, ibis.window(**in_order), position),
    )
