"""Attribution models: how the credit for a sale is shared among the touchpoints of its journey.

A model is a row of the registry: its card (what it assumes, its formula, where that comes from) and a function that
gives each step of a journey whole-number `points`; a step's weight is its points by the sum of the journey's. Whole
numbers make weights exact and the same on every engine. `money` turns weights into credit. A model that `learns` weighs
by its channels' `effects`, which are learnt from all journeys first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution import points
from jalon.attribution.points import DIRECT

Points = Callable[[Table, Mapping[str, float]], ibis.Value]


class Model(NamedTuple):
    """A model and its card."""

    name: str
    title: str
    assumes: str
    formula: str
    taken_from: str
    points: Points
    learns: bool = False
    """Whether it weighs by what its channels did in all journeys, and not by this journey alone."""
    parameters: tuple[str, ...] = ()
    """Names of the options that it obeys."""


_FIELD = "common practice; every open implementation read agrees"

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model("first", "First touch", "What began the journey brought the sale.", "w₁ = 1", _FIELD, points.first),
        Model(
            "last", "Last touch", "What came right before the order brought the sale.", "wₙ = 1", _FIELD, points.last
        ),
        Model(
            "last_non_direct",
            "Last touch that is not direct",
            "A direct visit only ends what something else began.",
            "w = 1 for the last step whose channel is not direct; if all are, for the last",
            "the default of web analytics",
            points.last_non_direct,
        ),
        Model(
            "linear",
            "Linear",
            "Every touchpoint did as much as any other.",
            "wᵢ = 1/n",
            "the Shapley value of the game that only the whole journey wins",
            points.linear,
        ),
        Model(
            "time_decay",
            "Time decay",
            "The nearer to the order, the more a touchpoint did.",
            "wᵢ = 2^(-ageᵢ/h) / Σ 2^(-ageⱼ/h), h the half-life",
            "the weighted Shapley value of the same game (Kalai and Samet 1987) with weights 2^(-age/h)",
            points.time_decay,
            parameters=("half_life_days",),
        ),
        Model(
            "position",
            "Position (40/20/40)",
            "Beginning and end did most.",
            "w₁ = wₙ = 0.4, the others share 0.2; n = 2: 0.5 each; n = 1: 1",
            _FIELD,
            points.position,
        ),
        Model(
            "markov",
            "Markov",
            "A channel did as much as sales would be missing if whoever reaches it were lost.",
            "channels by their removal effect (s N)_c (N r)_c / (N_cc s N r), exact, from journeys with and without a "
            "sale; the touchpoints of a channel alike",
            "Anderl, Becker, von Wangenheim and Schumann, IJRM 33 (2016) 457-474",
            points.by_effect,
            learns=True,
            parameters=("markov_order",),
        ),
        Model(
            "shapley",
            "Shapley",
            "Every channel of a journey did as much as any other, however often it was met.",
            "w = 1/(distinct channels x touchpoints of the channel); it hears of no journey without a sale, so it is a "
            "fair split and no evidence of effect",
            "the Shapley value of the additive game in closed form (Zhao, Mahboobi and Bagheri 2018)",
            points.by_channel,
        ),
        Model(
            "shapley_rate",
            "Shapley (rates)",
            "A channel did as much as it lifts, on average over the channels met before it, the share of journeys that "
            "lead to a sale.",
            "channels by Σ D(T)/|T| over the sets T with it, D the dividends of v(S), the rate of journeys that met "
            "none but S; values below zero count as zero; the touchpoints of a channel alike",
            "Shapley 1953; dividends after Harsanyi 1959",
            points.by_effect,
            learns=True,
            parameters=("prior_journeys",),
        ),
        Model(
            "w_shaped",
            "W shape",
            "Beginning, first interest and end did most.",
            "30 % each for the first step, the first at the stage of consideration and the last, 10 % for the others; "
            "weights of what the journey has not go to the rest in proportion",
            _FIELD,
            points.w_shaped,
        ),
        Model(
            "full_path",
            "Full path",
            "Beginning, first interest, first decision and end did most.",
            "22.5 % each for the first step, the first at the stages of consideration and of decision, and the last, "
            "10 % for the others; weights of what the journey has not go to the rest in proportion",
            _FIELD,
            points.full_path,
        ),
        Model(
            "custom",
            "Custom",
            "What you say in jalon.toml.",
            "by place: shares of the first step, of those between together, and of the last; or by stage: each step "
            "weighs what its stage does",
            "the setting `custom`",
            points.custom,
            parameters=("custom",),
        ),
    )
}
"""Name -> model."""

USUAL = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "markov", "shapley")
"""Models that are computed when none is named."""


def with_features(steps: Table, touches: Table) -> Table:
    """Add what the models look at; steps whose touchpoint is not in `touches` are dropped."""
    joined = steps.join(touches.select("touch_uid", "channel", "stage"), "touch_uid")
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


def with_points(features: Table, name: str, parameters: Mapping[str, float], effects: Table) -> Table:
    """Return the steps that a model gives weight to, with `model` and `points`.

    `effects`: rows (model, channel, effect) of the models that learn.
    """
    model = MODELS[name]
    seen = features
    if model.learns:
        seen = features.join(effects.filter(effects.model == name).select("channel", "effect"), "channel")
    told = model.points(seen, parameters).cast("int64")
    weighted = seen.mutate(points=told).select(*features.columns, "points", model=ibis.literal(name))
    return weighted.filter(weighted.points > 0)
