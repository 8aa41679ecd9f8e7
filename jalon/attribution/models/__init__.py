"""Attribution models: how the credit for a sale is shared among the touchpoints of its journey.

A model is a row of the registry: its card (what it assumes, its formula, where that comes from) and a function that
gives each step of a journey whole-number `points`; a step's weight is its points by the sum of the journey's. Whole
numbers make weights exact and the same on every engine. `money` turns weights into credit. A model that `learns` weighs
by its channels' `effects`, which are learnt from all journeys first.

The rows are in `rules` and `learners`.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr.types import Table

from jalon.attribution.effects import Learnt, with_effect
from jalon.attribution.models.card import Model
from jalon.attribution.models.learners import LEARNERS
from jalon.attribution.models.rules import RULES
from jalon.attribution.points import DIRECT

__all__ = ["MODELS", "USUAL", "Model", "with_features", "with_points"]

MODELS: dict[str, Model] = {model.name: model for model in (*RULES, *LEARNERS)}
"""Name -> model."""

USUAL = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "markov", "shapley", "incremental")
"""Models that are computed when none is named."""


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
    seen = with_effect(features, name, learnt) if model.learns else features
    told = model.points(seen, parameters).cast("int64")
    weighted = seen.mutate(points=told).select(*features.columns, "points", model=ibis.literal(name))
    return weighted.filter(weighted.points > 0)
