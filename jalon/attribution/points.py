"""Points: how each model weighs the steps of a journey, in whole numbers.

A function of this module sees these columns: `position` (1 to `touches`), `touches`, `age` (microseconds before the
order), `youngest` (the smallest age of the journey), `channel`, `alike` (how many steps of the journey have that
channel), `stage`, `last_other` (position of the last step whose channel is not direct, else null), `lead` and `chance`
(position of the first step at the stage of consideration, and of decision, else null); for a model that learns, also
`effect`, its channel's. The points of a journey sum to `MAX_POINTS` at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm

import ibis
from ibis.expr.types import Table

from jalon.attribution.halving import halved
from jalon.attribution.money import MAX_POINTS, divided
from jalon.normalize.times import DAY

DIRECT = "direct"
"""The channel of a visit that nothing led to."""
PLACES = ("first", "between", "last")
"""Names of weights by position, in the model `custom`; its other names are stages."""
_PARTS = 10_000_000
"""To so many parts the weights of the model `custom` are rounded, where they are no smaller whole numbers."""

Parameters = Mapping[str, float]


def first(steps: Table, _: Parameters) -> ibis.Value:
    return (steps.position == 1).cast("int64")


def last(steps: Table, _: Parameters) -> ibis.Value:
    return (steps.position == steps.touches).cast("int64")


def last_non_direct(steps: Table, _: Parameters) -> ibis.Value:
    return (steps.position == ibis.coalesce(steps.last_other, steps.touches)).cast("int64")


def linear(steps: Table, _: Parameters) -> ibis.Value:
    return steps.position * 0 + 1


def time_decay(steps: Table, parameters: Parameters) -> ibis.Value:
    """Scale so that the youngest step has most points and the sum stays within `MAX_POINTS`."""
    return (_decayed(steps, steps.age, parameters) * _most(steps)).floor().cast("int64")


def position(steps: Table, _: Parameters) -> ibis.Value:
    """With n > 2 steps 40/20/40 is 2 (n - 2), 1, ..., 1, 2 (n - 2) in whole numbers."""
    at_end = (steps.position == 1) | (steps.position == steps.touches)
    return ibis.cases((steps.touches <= 2, 1), (at_end, 2 * (steps.touches - 2)), else_=1).cast("int64")


def w_shaped(steps: Table, _: Parameters) -> ibis.Value:
    """30 for each of three anchors, 10 for the m others: 3 m and 1."""
    return _anchored(steps, [steps.touches * 0 + 1, steps.lead, steps.touches], anchor=3, other=1)


def full_path(steps: Table, _: Parameters) -> ibis.Value:
    """22.5 for each of four anchors, 10 for the m others: 9 m and 4."""
    return _anchored(steps, [steps.touches * 0 + 1, steps.lead, steps.chance, steps.touches], anchor=9, other=4)


def _anchored(steps: Table, anchors: list[ibis.Value], anchor: int, other: int) -> ibis.Value:
    """Weigh a step by how many anchors fall on it; an anchor that the journey has not leaves its weight to the rest."""
    fallen = sum((ibis.coalesce(steps.position == place, False).cast("int64") for place in anchors), ibis.literal(0))
    others = (fallen == 0).cast("int64").sum().over(group_by=steps.order_uid)
    return ibis.cases((others == 0, fallen), (fallen == 0, other), else_=fallen * others * anchor).cast("int64")


def by_channel(steps: Table, _: Parameters) -> ibis.Value:
    """Weigh the channels of a journey alike, and the steps of a channel alike."""
    return divided(_most(steps), steps.alike)


def by_channel_in_time(steps: Table, parameters: Parameters) -> ibis.Value:
    """Weigh channels by the age of their youngest step, and the steps of a channel alike."""
    last_met = steps.age.min().over(group_by=[steps.order_uid, steps.channel])
    return divided((_decayed(steps, last_met, parameters) * _most(steps)).floor().cast("int64"), steps.alike)


def by_effect(steps: Table, _: Parameters) -> ibis.Value:
    """Weigh channels by their effect, steps of a channel alike; where no channel has an effect, channels alike."""
    each = steps.effect / steps.alike
    top = each.max().over(group_by=steps.order_uid)
    scaled = (each / ibis.ifelse(top > 0, top, 1.0) * _most(steps)).floor().cast("int64")
    some = ibis.ifelse(each > 0, ibis.greatest(scaled, 1), 0)
    return ibis.ifelse(top > 0, some, by_channel(steps, {}))


def custom(steps: Table, parameters: Parameters) -> ibis.Value:
    """Weigh by place or by stage; where no step has a weight, all alike."""
    parts = _parts(parameters)
    told = _by_place(steps, parts) if set(parts) == set(PLACES) else _by_stage(steps, parts)
    too_many = divided(steps.touches * sum(parts.values()), ibis.literal(MAX_POINTS, "int64"))
    points = divided(told, too_many + 1)
    return ibis.ifelse(points.sum().over(group_by=steps.order_uid) == 0, 1, points)


def _parts(weights: Mapping[str, float]) -> dict[str, int]:
    """Return weights as the least whole numbers of the same proportions; above `_PARTS` in all, as so many parts."""
    told = {name: Fraction(str(float(weight))) for name, weight in weights.items()}
    shares = {name: (weight / sum(told.values())).limit_denominator(_PARTS) for name, weight in told.items()}
    parts = min(lcm(*(share.denominator for share in shares.values())), _PARTS)
    return {name: round(share * parts) for name, share in shares.items()}


def _by_place(steps: Table, parts: Mapping[str, int]) -> ibis.Value:
    between = ibis.greatest(steps.touches - 2, 1)
    return ibis.cases(
        (steps.touches == 1, 1),
        (steps.position == 1, parts["first"] * between),
        (steps.position == steps.touches, parts["last"] * between),
        else_=parts["between"],
    ).cast("int64")


def _by_stage(steps: Table, parts: Mapping[str, int]) -> ibis.Value:
    rows = [(steps.stage == stage, points) for stage, points in sorted(parts.items())]
    return ibis.cases(*rows, else_=0).cast("int64")


def _decayed(steps: Table, age: ibis.Value, parameters: Parameters) -> ibis.Value:
    """Return what is left of a weight after `age`, 1 at the age of the journey's youngest step."""
    half_lives = (age - steps.youngest) / (parameters["half_life_days"] * DAY)
    return halved(half_lives)


def _most(steps: Table) -> ibis.Value:
    """Return the most points that each step may have."""
    return divided(ibis.literal(MAX_POINTS, "int64"), steps.touches)
