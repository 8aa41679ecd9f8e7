"""Weighing: the points that each model gives the steps of journeys, by its registry row and by what it learnt."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr.types import Table

from jalon.attribution.effects import sets
from jalon.attribution.effects.learning import Learnt
from jalon.attribution.models import MODELS
from jalon.attribution.points import DIRECT


def with_features(steps: Table, touches: Table) -> Table:
    """Add what the models look at; steps whose touchpoint is not in `touches` are dropped."""
    joined = steps.join(touches.select("touch_uid", "stage", "kind"), "touch_uid")
    age = joined.placed_at - joined.had_at

    def place(such: ibis.Value) -> ibis.Value:
        return ibis.ifelse(such, joined.position, ibis.null("int64"))

    return joined.mutate(
        age=age,
        youngest=age.min().over(group_by=joined.order_uid),
        last_other=place(joined.channel != DIRECT).max().over(group_by=joined.order_uid),
        alike=joined.position.count().over(group_by=[joined.order_uid, joined.channel]),
        lead=place(joined.stage == "consideration").min().over(group_by=joined.order_uid),
        chance=place(joined.stage == "decision").min().over(group_by=joined.order_uid),
    )


def with_points(features: Table, name: str, parameters: Mapping[str, float], learnt: Learnt) -> Table:
    """Return the steps that a model gives weight to, with `model` and `points`.

    `learnt`: what the models found that learn. What a model leaves to nobody is a row at place 0, without a touchpoint.
    """
    model = MODELS[name]
    if name in learnt.weighers:
        return learnt.weighers[name](features).mutate(model=ibis.literal(name))
    seen = _with_effect(features, name, learnt) if model.learns else features
    told = model.points(seen, parameters).cast("int64")
    weighted = seen.mutate(points=told).select(*features.columns, "points", model=ibis.literal(name))
    return weighted.filter(weighted.points > 0)


def _with_effect(features: Table, model: str, learnt: Learnt) -> Table:
    """Add to the steps of journeys the `effect` of each one's state; of a set that was not learnt, as if alone."""
    own = learnt.effects.filter(learnt.effects.model == model).select("state", "effect")
    joined = _with_state(features, model, learnt).join(own, "state")
    if model not in learnt.by_set:
        return joined
    bits, effects = learnt.by_set[model]
    masked = sets.with_masks(joined, bits)
    masks = [name for name in effects.columns if name.startswith("mask_")]
    found = masked.left_join(effects, [*masks, "channel"])
    effect = ibis.coalesce(found.effect_of_set, found.effect)
    return found.mutate(effect=effect).select(*joined.columns)


def _with_state(features: Table, model: str, learnt: Learnt) -> Table:
    """Add the `state` of each step; where that is not its channel, `alike` counts the steps of that state."""
    if model not in learnt.states:
        return features.mutate(state=features.channel)
    met = features.join(learnt.states[model], "touch_uid")
    return met.mutate(alike=met.position.count().over(group_by=[met.order_uid, met.state]))
