"""Attribution models: how the credit for a sale is shared among the touchpoints of its journey.

A model is a row of the registry: its card (what it assumes, its formula, where that comes from) and a function that
gives each step of a journey whole-number `points`; a step's weight is its points by the sum of the journey's. Whole
numbers make weights exact and the same on every engine. `money` turns weights into credit.

The function sees these columns: `position` (1 to `touches`), `touches`, `age` (microseconds before the order),
`youngest` (the smallest age of the journey), `channel`, `last_other` (position of the last step whose channel is not
direct, else null).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.money import MAX_POINTS, divided

DIRECT = "direct"
"""The channel of a visit that nothing led to."""
_DAY = 86_400_000_000

Points = Callable[[Table, Mapping[str, float]], ibis.Value]


class Model(NamedTuple):
    """A model and its card."""

    name: str
    title: str
    assumes: str
    formula: str
    taken_from: str
    points: Points
    parameters: Mapping[str, float] = {}


def _first(steps: Table, _: Mapping[str, float]) -> ibis.Value:
    return (steps.position == 1).cast("int64")


def _last(steps: Table, _: Mapping[str, float]) -> ibis.Value:
    return (steps.position == steps.touches).cast("int64")


def _last_non_direct(steps: Table, _: Mapping[str, float]) -> ibis.Value:
    return (steps.position == ibis.coalesce(steps.last_other, steps.touches)).cast("int64")


def _linear(steps: Table, _: Mapping[str, float]) -> ibis.Value:
    return steps.position * 0 + 1


def _time_decay(steps: Table, parameters: Mapping[str, float]) -> ibis.Value:
    """Scale so that the youngest step has most points and the sum stays within `MAX_POINTS`."""
    half_lives = (steps.age - steps.youngest) / (parameters["half_life_days"] * _DAY)
    most = divided(ibis.literal(MAX_POINTS, "int64"), steps.touches)
    return (ibis.literal(2.0) ** (-half_lives) * most).floor().cast("int64")


def _position(steps: Table, _: Mapping[str, float]) -> ibis.Value:
    """With n > 2 steps 40/20/40 is 2 (n - 2), 1, ..., 1, 2 (n - 2) in whole numbers."""
    at_end = (steps.position == 1) | (steps.position == steps.touches)
    return ibis.cases((steps.touches <= 2, 1), (at_end, 2 * (steps.touches - 2)), else_=1).cast("int64")


_FIELD = "common practice; every open implementation read agrees"

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("first", "First touch", "What began the journey brought the sale.", "w₁ = 1", _FIELD, _first),
        Model("last", "Last touch", "What came right before the order brought the sale.", "wₙ = 1", _FIELD, _last),
        Model(
            "last_non_direct",
            "Last touch that is not direct",
            "A direct visit only ends what something else began.",
            "w = 1 for the last step whose channel is not direct; if all are, for the last",
            "the default of web analytics",
            _last_non_direct,
        ),
        Model(
            "linear",
            "Linear",
            "Every touchpoint did as much as any other.",
            "wᵢ = 1/n",
            "the Shapley value of the game that only the whole journey wins",
            _linear,
        ),
        Model(
            "time_decay",
            "Time decay",
            "The nearer to the order, the more a touchpoint did.",
            "wᵢ = 2^(-ageᵢ/h) / Σ 2^(-ageⱼ/h), h the half-life",
            "the weighted Shapley value of the same game (Kalai and Samet 1987) with weights 2^(-age/h)",
            _time_decay,
            {"half_life_days": 7.0},
        ),
        Model(
            "position",
            "Position (40/20/40)",
            "Beginning and end did most.",
            "w₁ = wₙ = 0.4, the others share 0.2; n = 2: 0.5 each; n = 1: 1",
            _FIELD,
            _position,
        ),
    )
}
"""Name -> model."""


def with_features(steps: Table, touches: Table) -> Table:
    """Add what the models look at; steps whose touchpoint is not in `touches` are dropped."""
    joined = steps.join(touches.select("touch_uid", "channel"), "touch_uid")
    age = joined.placed_at - joined.had_at
    other = ibis.ifelse(joined.channel != DIRECT, joined.position, ibis.null("int64"))
    return joined.mutate(
        age=age,
        youngest=age.min().over(group_by=joined.order_uid),
        last_other=other.max().over(group_by=joined.order_uid),
    )


def with_points(features: Table, name: str, parameters: Mapping[str, float]) -> Table:
    """Return the steps that a model gives weight to, with `model` and `points`; `parameters` replace its own."""
    model = MODELS[name]
    own = {key: parameters.get(key, value) for key, value in model.parameters.items()}
    weighted = features.mutate(model=ibis.literal(name), points=model.points(features, own).cast("int64"))
    return weighted.filter(weighted.points > 0)
