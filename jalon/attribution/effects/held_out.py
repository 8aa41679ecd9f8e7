"""How well a model foretells who buys among persons that it has not seen.

A model is taught on four fifths of the persons and asked about the rest, five times. What it foretells stands beside
what the base rate alone would: a model that is not clearly better than that knows nothing about who buys, and its
effects are worth as little. Calibrated is who, of those given a chance of 3 %, sees 3 % buy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jalon.attribution.effects import irls

LEAST = 1e-9
"""No chance is taken for smaller than this, or for nearer to one, so that no surprise is infinite."""
PARTS = 10
"""Calibration is told by so many parts of the journeys, from those with the least chance to those with the most."""
PLACES = 6


class Counts(NamedTuple):
    """Rows of journeys that a model cannot tell apart, by fold of their persons: of `journeys`, `conversions`
    converted. `fold`: whole numbers."""

    fold: np.ndarray
    journeys: np.ndarray
    conversions: np.ndarray


def foretold(counts: Counts, teach: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the chance of each row by a model that was taught on the other folds.

    `teach` is given which rows it may see (booleans), and returns the chance of every row.
    """
    chance = np.zeros(len(counts.fold))
    for held in np.unique(counts.fold):
        own = counts.fold == held
        chance[own] = teach(~own)[own]
    return chance


def by_base_rate(counts: Counts) -> np.ndarray:
    """Return the chance of each row by the rate of the other folds alone, with a journey of either kind added."""

    def teach(seen: np.ndarray) -> np.ndarray:
        rate = (counts.conversions[seen].sum() + 1) / (counts.journeys[seen].sum() + 2)
        return np.full(len(seen), rate)

    return foretold(counts, teach)


def judged(counts: Counts, chance: np.ndarray) -> dict[str, Any]:
    """Return how right the chances were, as data for the card of the run; nothing if nothing could be held out.

    `loss` and `loss_of_base`: mean over journeys of minus the log-likelihood of what happened, in nats, by the chances
    and by the base rate; `auc`: how often who bought had the greater chance than who did not (ties half);
    `calibration_ratio`: conversions seen by conversions foretold; `calibration_slope`: 1 where log-odds are right,
    below it where they are too bold (Cox 1958); `calibration`: parts of the journeys from the least chance to the most,
    with mean chance `foretold` and rate `seen`.
    """
    journeys, won = counts.journeys.astype(float), counts.conversions.astype(float)
    if len(np.unique(counts.fold[journeys > 0])) < 2 or not 0 < won.sum() < journeys.sum():
        return {}
    chance = np.clip(chance, LEAST, 1 - LEAST)
    return {
        "loss": _told(_loss(chance, journeys, won)),
        "loss_of_base": _told(_loss(by_base_rate(counts), journeys, won)),
        "auc": _told(_auc(chance, journeys, won)),
        "calibration_ratio": _told(won.sum() / (journeys @ chance)),
        "calibration_slope": _slope(chance, journeys, won),
        "calibration": _parts(chance, journeys, won),
    }


def _loss(chance: np.ndarray, journeys: np.ndarray, won: np.ndarray) -> float:
    return -float(won @ np.log(chance) + (journeys - won) @ np.log1p(-chance)) / float(journeys.sum())


def _auc(chance: np.ndarray, journeys: np.ndarray, won: np.ndarray) -> float:
    _, place = np.unique(chance, return_inverse=True)
    bought, not_bought = np.bincount(place, won), np.bincount(place, journeys - won)
    below = np.cumsum(not_bought) - not_bought / 2
    return float(bought @ below) / float(won.sum() * (journeys - won).sum())


def _slope(chance: np.ndarray, journeys: np.ndarray, won: np.ndarray) -> float | None:
    """Return the slope of outcomes over the log-odds foretold; None where all chances are one."""
    odds = np.log(chance) - np.log1p(-chance)
    if np.ptp(odds[journeys > 0]) < LEAST:
        return None
    design = np.column_stack([np.ones(len(odds)), odds])
    return _told(float(irls.coefficients(design, journeys, won, np.full(2, LEAST))[1]))


def _parts(chance: np.ndarray, journeys: np.ndarray, won: np.ndarray) -> list[dict[str, Any]]:
    """Return parts of alike size; journeys of one chance stay together, so that there may be fewer."""
    values, place = np.unique(chance, return_inverse=True)
    size, bought = np.bincount(place, journeys), np.bincount(place, won)
    middle = (np.cumsum(size) - size / 2) / size.sum()
    part = np.minimum((middle * PARTS).astype(int), PARTS - 1)
    told = []
    for number in np.unique(part[size > 0]):
        own = part == number
        many = size[own].sum()
        mean = size[own] @ values[own] / many
        told.append({"journeys": int(many), "foretold": _told(mean), "seen": _told(bought[own].sum() / many)})
    return told


def _told(value: float) -> float:
    return round(float(value), PLACES)
