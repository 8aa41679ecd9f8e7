"""Shapley values of channels in the game of conversion rates: exact by all sets, or beyond that by sampled orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jalon.attribution.effects import coalitions, jackknife, sampling
from jalon.attribution.effects.finding import DIGITS, Found, Material, below_zero, judged, of_sets
from jalon.attribution.effects.jackknife import Ends
from jalon.attribution.effects.sets import Sets


def find(material: Material, parameters: Mapping[str, Any]) -> Found:
    """Return the Shapley values, and where they were sampled how wrong they may be."""
    sets, channels = material.sets, material.names
    exact = len(channels) <= coalitions.MAX_PLAYERS
    values, how, ends = (_exact if exact else _sampled)(sets, len(channels), parameters["prior_journeys"])
    told = {**of_sets(sets), "players": len(channels), "below_zero": below_zero(values, channels), **how}
    return Found(values, told, ends=ends)


def _exact(sets: Sets, channels: int, prior: float) -> tuple[np.ndarray, dict[str, Any], Ends]:
    masks = sets.masks[:, 0]

    def game(journeys: np.ndarray, won: np.ndarray) -> np.ndarray:
        return coalitions.rates(masks, journeys, won, channels, prior)

    def learned(journeys: np.ndarray, won: np.ndarray) -> np.ndarray:
        return coalitions.shapley(game(journeys, won))

    values = learned(sets.journeys.sum(axis=1), sets.conversions.sum(axis=1))
    told = judged(sets, lambda journeys, won: game(journeys, won)[masks])
    return values, told, jackknife.of_sets(sets, values, learned)


def _sampled(sets: Sets, channels: int, prior: float) -> tuple[np.ndarray, dict[str, Any], None]:
    found = sampling.rate_values(sets, sets.journeys.sum(axis=1), sets.conversions.sum(axis=1), channels, prior)
    return found.values, {"orders": found.orders, "standard_error": round(float(found.errors.max()), DIGITS)}, None
