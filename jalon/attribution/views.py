"""Views: what a touchpoint that was only seen weighs beside one that somebody acted on.

One rule for all models: their points are scaled up as far as whole numbers go, and those of a view are then multiplied
by its weight. Where all that a model credits are views, its points stay as they are.
"""

from __future__ import annotations

from fractions import Fraction

import ibis
from ibis.expr.types import Table

from jalon.attribution.money import MAX_POINTS, divided
from jalon.attribution.options import Options
from jalon.attribution.stages import VIEWS

PARTS = 1_000_000
"""The weight of a view is a fraction with no greater denominator."""


def weighed(steps: Table, options: Options) -> Table:
    """Multiply the points of views (`kind`) by `Options.views`; the points of a journey stay within `MAX_POINTS`."""
    if isinstance(options.views, str):
        return steps
    weight = Fraction(str(float(options.views))).limit_denominator(PARTS)
    is_view = ibis.coalesce(steps.kind.isin(VIEWS), False)
    marked = steps.mutate(is_view=is_view, acted=(~is_view).cast("int64").sum().over(group_by=steps.order_uid))
    room = divided(ibis.literal(MAX_POINTS, "int64"), marked.points.sum().over(group_by=marked.order_uid).cast("int64"))
    scale = ibis.ifelse(room >= weight.denominator, room - room % weight.denominator, room)
    whole = marked.points * scale
    seen = divided(whole * weight.numerator, ibis.literal(weight.denominator, "int64"))
    points = ibis.cases((marked.acted == 0, marked.points), (marked.is_view, seen), else_=whole)
    told = marked.mutate(points=points.cast("int64")).drop("is_view", "acted")
    return told.filter(told.points > 0)
