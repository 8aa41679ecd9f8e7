"""The probabilistic model of second order: what a channel adds to the chance of a sale, alone and in pairs.

C(i) = p_i + 1/(2 (n - 1)) Σ_j (p_ij - p_i - p_j) over the other channels j of a journey that met n; p_i and p_ij are
the rates at which journeys convert that met i, and i and j (Shao and Li, Data-driven multi-touch attribution models,
KDD 2011). It is the Shapley value of the rates cut off after pairs, and of two channels it is that value. What channels
of three and more do together it does not see, so the C of a journey do not sum to what its sale needs: credit is in
proportion to them, and their sum is told.

Few journeys tell little: p_i leans on zero and p_ij on p_i + p_j, which is no effect of company.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jalon.attribution.effects import jackknife
from jalon.attribution.effects.finding import DIGITS, Found, Material, judged, of_sets
from jalon.attribution.effects.sets import Sets

_TOGETHER = 4096
"""So many sets are paired at a time, so that memory stays small."""


def find(material: Material, parameters: Mapping[str, Any]) -> Found:
    """Return per channel its mean C in journeys that converted, and per set the C of each member."""
    sets, channels = material.sets, len(material.names)
    prior = parameters["prior_journeys"]

    def sums_by(journeys: np.ndarray, won: np.ndarray) -> np.ndarray:
        return np.bincount(sets.of, credits_in_sets(sets, pair_rates(sets, journeys, won, channels, prior)))

    def mean_by(journeys: np.ndarray, won: np.ndarray) -> np.ndarray:
        each, weights = credits_in_sets(sets, pair_rates(sets, journeys, won, channels, prior)), won[sets.of]
        whole = np.maximum(np.bincount(sets.channel, weights, channels), 1)
        mean: np.ndarray = np.bincount(sets.channel, weights * each, channels) / whole
        return mean

    met, won = sets.journeys.sum(axis=1), sets.conversions.sum(axis=1)
    each, mean = credits_in_sets(sets, pair_rates(sets, met, won, channels, prior)), mean_by(met, won)
    explained = float(won @ np.bincount(sets.of, each)) / max(float(won.sum()), 1.0)
    told = {**of_sets(sets), "explained": round(explained, DIGITS), **judged(sets, sums_by)}
    return Found(mean, told, each, jackknife.of_sets(sets, mean, mean_by))


def pair_rates(sets: Sets, journeys: np.ndarray, won: np.ndarray, channels: int, prior: float) -> np.ndarray:
    """Return p_ij off and p_i on the diagonal, leaning by as much as `prior` journeys would count."""
    met, bought = (_together(sets, column, channels) for column in (journeys, won))
    alone = np.diag(bought) / np.maximum(np.diag(met) + prior, 1e-300)
    rates = (bought + prior * np.add.outer(alone, alone)) / np.maximum(met + prior, 1e-300)
    np.fill_diagonal(rates, alone)
    return rates


def credits_in_sets(sets: Sets, rates: np.ndarray) -> np.ndarray:
    """Return C of each member of each set."""
    alone = np.diag(rates)
    company = rates - np.add.outer(alone, alone)
    np.fill_diagonal(company, 0.0)
    found = np.zeros(len(sets.of))
    sizes = sets.sizes[sets.of]
    for size in np.unique(sizes):
        own = np.flatnonzero(sizes == size).reshape(-1, size)
        members = sets.channel[own]
        pairs = sum((company[members, members[:, [other]]] for other in range(size)), np.zeros(members.shape))
        found[own] = alone[members] + pairs / (2 * max(size - 1, 1))
    return found


def _together(sets: Sets, weights: np.ndarray, channels: int) -> np.ndarray:
    """Return how many journeys met each two channels, and each one on the diagonal."""
    found = np.zeros((channels, channels))
    for start in range(0, len(sets.masks), _TOGETHER):
        own = (sets.of >= start) & (sets.of < start + _TOGETHER)
        part = np.zeros((min(_TOGETHER, len(sets.masks) - start), channels))
        part[sets.of[own] - start, sets.channel[own]] = 1.0
        found += (part * weights[start : start + len(part), None]).T @ part
    return found
