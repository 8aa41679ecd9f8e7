"""Models that look at one journey alone."""

from __future__ import annotations

from jalon.attribution import points
from jalon.attribution.models.card import COMMON, Model

RULES = (
    Model("first", "First touch", "What began the journey brought the sale.", "w₁ = 1", COMMON, points.first),
    Model("last", "Last touch", "What came right before the order brought the sale.", "wₙ = 1", COMMON, points.last),
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
        COMMON,
        points.position,
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
        "shapley_weighted",
        "Shapley (time-weighted)",
        "The nearer to the order a channel was last met, the more it did, however often it was met.",
        "channels by 2^(-age/h), age that of the channel's last touchpoint, h the half-life; its touchpoints alike",
        "the weighted Shapley value (Kalai and Samet 1987) of the game that only all channels of the journey win",
        points.by_channel_in_time,
        parameters=("half_life_days",),
    ),
    Model(
        "w_shaped",
        "W shape",
        "Beginning, first interest and end did most.",
        "30 % each for the first step, the first at the stage of consideration and the last, 10 % for the others; "
        "weights of what the journey has not go to the rest in proportion",
        COMMON,
        points.w_shaped,
    ),
    Model(
        "full_path",
        "Full path",
        "Beginning, first interest, first decision and end did most.",
        "22.5 % each for the first step, the first at the stages of consideration and of decision, and the last, "
        "10 % for the others; weights of what the journey has not go to the rest in proportion",
        COMMON,
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
