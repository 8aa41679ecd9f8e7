"""How sure effects are: solved again without each part of the persons in turn.

The variance of an effect is (g - 1)/g Σ (e_(i) - mean)² over the g effects without one part (the grouped jackknife of
Quenouille and Tukey; Efron and Stein, Annals of Statistics 9 (1981) 586-596). Parts are the 256 groups where the counts
are small, and else the fifths that tell how well a model foretells. The interval is by Student's t with as many degrees
of freedom as parts less one, and ends at zero: what is below counts as zero; that of a chance ends at one too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jalon.attribution.effects.choice import FOLDS
from jalon.attribution.effects.sets import Sets
from jalon.attribution.groups import GROUPS

_STUDENT = {FOLDS: 2.131847, GROUPS: 1.650851}
"""Number of parts -> quantile between which and its opposite lie 90 %."""


class Ends(NamedTuple):
    """Ends of the 90 % interval of each effect; NaN where nothing can be said, since it never varies."""

    low: np.ndarray
    high: np.ndarray


def ends(effects: np.ndarray, without: np.ndarray, most: float = np.inf) -> Ends:
    """Return the intervals of effects (channels,), given those without each part (parts, channels); none is above
    `most`."""
    parts = len(without)
    apart = without - without.mean(axis=0)
    deviation = np.sqrt((parts - 1) / parts * (apart * apart).sum(axis=0))
    reach = _STUDENT[parts] * np.where(deviation > 0, deviation, np.nan)
    return Ends(np.maximum(effects - reach, 0.0), np.clip(effects + reach, 0.0, most))


def of_sets(sets: Sets, effects: np.ndarray, learned: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Ends:
    """Return the intervals of effects that are chances, `learned` from journeys and conversions per set."""
    met, won = (column.sum(axis=1, keepdims=True) - column for column in (sets.journeys, sets.conversions))
    return ends(effects, np.array([learned(met[:, fold], won[:, fold]) for fold in range(FOLDS)]), most=1.0)
