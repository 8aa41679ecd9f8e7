"""What the models that learn find, each from the journeys as its own look-back window sees them."""

from __future__ import annotations

from typing import Any

import ibis

from jalon.attribution.effects.learning import Learnt, learn
from jalon.attribution.engine import Engine
from jalon.attribution.journeys import Journeys
from jalon.attribution.options import Options
from jalon.attribution.windows import Window, windows


def learn_within(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what the models that learn found, each from what its window sees."""
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
    seen = journeys.seen[window.days]
    steps = engine.keep("steps_in_window", seen.steps)
    own = journeys._replace(steps=steps, open_steps=seen.open_steps)
    learnt = learn(engine, own, options.of_models(window.models))
    effects = engine.keep(f"effects_of_{window.models[0]}", learnt.effects)
    engine.drop("steps_in_window")
    return learnt._replace(effects=effects)
