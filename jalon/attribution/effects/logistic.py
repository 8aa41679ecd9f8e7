"""Bagged logistic regression of the sale on the channels that a journey met.

Many regressions, each on journeys drawn anew and on half of the channels; a channel's coefficient is the mean over the
regressions that had it (Shao and Li, Data-driven multi-touch attribution models, KDD 2011), and their spread stands
beside it. Drawing journeys with replacement is a Poisson count of each kind of journey, so that it is enough to know
the sets of channels and how many journeys met and converted. A ridge, as if log-odds came from a normal distribution of
mean 0 and variance 1, keeps channels apart that the counts cannot tell apart. The draws are the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jalon.attribution.effects import irls
from jalon.attribution.effects.finding import DIGITS, Found, Material, below_zero, judged, of_sets
from jalon.attribution.effects.sets import Sets

BAGS = 50
BAGS_HELD_OUT = 10
"""So many regressions foretell each fifth of the persons."""
SEED = 20_111
RIDGE = 1.0
FREE = 1e-6
"""Ridge of the constant: none to speak of."""
ALL = 3
"""Up to so many channels no regression leaves one out."""


class Bags(NamedTuple):
    """Coefficients of regressions: (bags, channels), NaN where a bag was without the channel; `constant`: (bags,)."""

    slopes: np.ndarray
    constant: np.ndarray


def find(material: Material, _: Mapping[str, Any]) -> Found:
    """Return per channel the mean coefficient, in log-odds."""
    sets, channels = material.sets, material.names
    bags = fit(sets, sets.journeys.sum(axis=1), sets.conversions.sum(axis=1), len(channels), BAGS)

    def chances_by(journeys: np.ndarray, won: np.ndarray) -> np.ndarray:
        return chances(sets, fit(sets, journeys, won, len(channels), BAGS_HELD_OUT))

    mean, spread = (_over(of, bags.slopes) for of in (np.nanmean, np.nanstd))
    told = {
        **of_sets(sets),
        "spread": {name: round(float(each), DIGITS) for name, each in zip(channels, spread, strict=True)},
        "below_zero": below_zero(mean, channels),
        **judged(sets, chances_by),
    }
    return Found(mean, told)


def fit(sets: Sets, journeys: np.ndarray, won: np.ndarray, channels: int, bags: int) -> Bags:
    """Return so many regressions; `journeys` and `won` are per set."""
    random = np.random.default_rng(SEED)
    presence = sets.presence(channels)
    many = channels if channels <= ALL else (channels + 1) // 2
    slopes, constant = np.full((bags, channels), np.nan), np.zeros(bags)
    for bag in range(bags):
        chosen = np.sort(random.choice(channels, many, replace=False))
        bought, left = random.poisson(won), random.poisson(journeys - won)
        design = np.column_stack([presence[:, chosen], np.ones(len(presence))])
        drawn = bought + left > 0
        ridge = np.append(np.full(many, RIDGE), FREE)
        found = irls.coefficients(design[drawn], (bought + left)[drawn], bought[drawn], ridge)
        slopes[bag, chosen], constant[bag] = found[:-1], found[-1]
    return Bags(slopes, constant)


def chances(sets: Sets, bags: Bags) -> np.ndarray:
    """Return the mean over the bags of the chance that a journey of each set converts."""
    presence = sets.presence(bags.slopes.shape[1])
    odds = presence @ np.nan_to_num(bags.slopes).T + bags.constant
    chance: np.ndarray = (1 / (1 + np.exp(-np.clip(odds, -irls.FAR, irls.FAR)))).mean(axis=1)
    return chance


def _over(of: Any, slopes: np.ndarray) -> np.ndarray:
    """Return the mean or the spread over the bags; 0 of a channel that no bag had."""
    had = ~np.isnan(slopes).all(axis=0)
    found = np.zeros(slopes.shape[1])
    found[had] = of(slopes[:, had], axis=0)
    return found
