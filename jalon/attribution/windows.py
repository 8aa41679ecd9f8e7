"""Windows: the part of each journey that a model looks at, where a model has a look-back window of its own.

Steps are found once, by the widest window. A model sees those that are young enough for it, numbered anew; a model that
learns, learns from them. A model's own window stands in place of `lookback_days` and is never exceeded; what
`Options.lookback` gives to touchpoints of a kind holds under every model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.effects.learning import Learnt, learn
from jalon.attribution.engine import Engine
from jalon.attribution.journeys import Journeys
from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.normalize.times import DAY


class Window(NamedTuple):
    """Models that look back equally far; `days` is None where that is `lookback_days`."""

    days: float | None
    models: tuple[str, ...]


def windows(options: Options) -> Iterator[Window]:
    """Yield the windows of the models that are computed, in the order of the models."""
    chosen = [name for name in MODELS if name in options.models]
    for days in dict.fromkeys(options.model_lookback.get(name) for name in chosen):
        yield Window(days, tuple(name for name in chosen if options.model_lookback.get(name) == days))


def within(steps: Table, window: Window, options: Options) -> Table:
    """Return the steps that lie in a window, numbered anew; `place` is their position on the whole journey."""
    placed = steps.mutate(place=steps.position)
    if not options.model_lookback:
        return placed
    limit = ibis.coalesce(steps.window, options.window)
    if window.days is not None:
        longest = round(window.days * DAY)
        limit = ibis.least(ibis.coalesce(steps.window, longest), longest)
    near = placed.filter(placed.placed_at - placed.had_at <= limit)
    return near.mutate(
        position=ibis.row_number().over(group_by=near.order_uid, order_by=near.place) + 1,
        touches=near.touch_uid.count().over(group_by=near.order_uid),
    )


def beyond(steps: Table, window: Window, options: Options) -> Table:
    """Return the `order_uid` of the journeys that have no step in a window."""
    return steps.select("order_uid").distinct().anti_join(within(steps, window, options), "order_uid")


def learn_within(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what the models that learn found, each from the steps in its window."""
    if not options.model_lookback:
        return learn(engine, journeys, options)
    found = [_learn(engine, journeys, window, options) for window in windows(options)]
    told: dict[str, dict[str, Any]] = {name: rests_on for each in found for name, rests_on in each.told.items()}
    by_set = {name: effects for each in found for name, effects in each.by_set.items()}
    states = {name: named for each in found for name, named in each.states.items()}
    weighers = {name: weigher for each in found for name, weigher in each.weighers.items()}
    effects = engine.keep("effects", ibis.union(*(each.effects for each in found)))
    return Learnt(effects, told, by_set, states, weighers)


def _learn(engine: Engine, journeys: Journeys, window: Window, options: Options) -> Learnt:
    steps = engine.keep("steps_in_window", within(journeys.steps, window, options))
    learnt = learn(engine, journeys._replace(steps=steps), options.of_models(window.models))
    effects = engine.keep(f"effects_of_{window.models[0]}", learnt.effects)
    engine.drop("steps_in_window")
    return learnt._replace(effects=effects)
