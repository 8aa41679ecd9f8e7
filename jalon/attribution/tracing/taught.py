"""What steps that name their content teach about those that do not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from jalon.attribution.sharing.mixture import Floats, Ints

SHAPES = np.geomspace(0.25, 30, 40)
"""Of the worth of a click over contents, that are tried."""
UNTAUGHT = 1.0
"""The shape where too few contents teach it: unlike, as they are everywhere."""
FEWEST = 3
"""Contents that it takes to teach what a click of their like is worth."""
TAUGHT, GUESSED = 10.0, 1.0
"""How many contents' worth the mean weighs that was taught, and one that was not."""
ROUNDS = 200
OTHER, WITNESSES = 0.25, 4.0
"""Beforehand a quarter of the people buy something else than they came for, as if four steps had told it."""


class Prior(NamedTuple):
    """Gamma prior of the steps that a click is worth. `mean` and `weight` (in contents) are by group."""

    shape: float
    mean: Floats
    weight: Floats


def prior(steps: Floats, clicks: Floats, group: Ints, naming: NDArray[np.bool_], untold: float) -> Prior:
    """Learn from contents that name their visits how much a click is worth, by group.

    `steps`, `clicks` (in all), `group` and `naming` are by content. Of a group with too few such contents it is guessed
    that half of the `untold` steps follow clicks, as many in each group.
    """
    groups = int(group.max()) + 1
    own = naming & (clicks > 0)
    contents = np.bincount(group[own], minlength=groups)
    told, seen, open_ = (
        np.bincount(group[rows], weights=values[rows], minlength=groups)
        for rows, values in ((own, steps), (own, clicks), (~naming, clicks))
    )
    is_taught = (contents >= FEWEST) & (told > 0)
    guess = untold / (2 * groups * np.maximum(open_, 1e-9))
    mean = np.where(is_taught, told / np.maximum(seen, 1e-9), guess)
    rows = own & is_taught[group]
    shape = _shape(steps[rows], (mean[group] * clicks)[rows]) if rows.any() else UNTAUGHT
    return Prior(shape, mean, np.where(is_taught, TAUGHT, GUESSED))


def _shape(steps: Floats, expected: Floats) -> float:
    """Return the shape under which counts are likeliest (negative binomial)."""
    fits = [
        np.sum(
            gammaln(steps + k) - gammaln(k) + k * np.log(k / (k + expected)) + steps * np.log(expected / (k + expected))
        )
        for k in SHAPES
    ]
    return float(SHAPES[int(np.argmax(fits))])


def silent(touches: Floats, clicks: Floats) -> Floats:
    """Return for each content the chance that nobody came by its links so far, if they name it.

    How many touchpoints clicks lead to is learned from the contents that any names (a negative binomial); 0 of these.
    """
    own = (touches > 0) & (clicks > 0)
    if not own.any():
        return np.where(touches > 0, 0.0, 1.0)
    worth = touches[own].sum() / clicks[own].sum()
    shape = _shape(touches[own], worth * clicks[own])
    return np.where(touches > 0, 0.0, (shape / (shape + worth * clicks)) ** shape)


def other_share(same: Floats, whatever: Floats, steps: Floats) -> float:
    """Return h, the share of people who buy something else than they came for.

    Of named steps: the clicks on products of the basket, each by its share of the steps, and those whatever the
    product. Of contents that are not counted by product both are the same, and teach nothing.
    """
    share = OTHER
    for _ in range(ROUNDS):
        by_chance = share * whatever
        part = by_chance / np.maximum(by_chance + (1 - share) * same, 1e-12)
        taught = steps * (same != whatever)
        share = float((OTHER * WITNESSES + (taught * part).sum()) / (WITNESSES + taught.sum()))
    return share
