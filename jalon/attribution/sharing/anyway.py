"""What a click brings, told from what would have come anyway: orders that follow clicks on any content alike.

Who would have bought anyway clicks on whatever is shown, and buys by and by: after a click on any content as often as
on any other. What a click brings depends on the content: one that sells better has more orders of every kind. So of a
named content c with clicks K and E (see `mixture`) in all

    orders on the day of the click ~ Poisson((1 - a) v_c K),    orders by and by ~ Poisson((a v_c + m) E)

with v_c ~ Gamma(k, k / mean). Let T = mean + m be the orders per click in all, p = m / T the share that would have come
anyway, and u = v / T. The share s of orders that come by and by is known from their days (`learning`), so a = (s - p) /
(1 - p), and the likelihood of p, T and k is a product over contents of integrals over u, each a sum over a grid. So is
the posterior, and what the orders leave open is carried on by draws from it.
"""

from __future__ import annotations

from math import lgamma
from typing import NamedTuple

import numpy as np

from jalon.attribution.sharing.learning import Learned, Seen
from jalon.attribution.sharing.mixture import Delay, Floats, Ints

NOTHING = 0.5
"""Prior chance that nothing would have come anyway; else p is anything from 0 to s, alike."""
TRUST = 0.5
"""Power of the likelihood. The delay and the worths of contents are only nearly of the forms that are fitted, so what
the orders say of p is heard at half of its weight (a coarsened posterior: Miller and Dunson, JASA 114 (2019))."""
PARTS, RATES = 24, 9
"""Values of p above 0, and of T, that are tried."""
SHAPES = np.geomspace(0.25, 100, 20)
LOG_GAMMA = np.array([lgamma(shape) for shape in SHAPES])
WORTHS = np.geomspace(1e-3, 30, 160)
"""u, and `STEP` how far it is from one to the next on the logarithmic scale."""
STEP = float(np.log(WORTHS[1] / WORTHS[0]))
ENOUGH = 400.0
"""Orders of one content from which on more tell no more: contents differ by more than chance then."""
FEWEST, MOST = 3, 500
"""Contents from which it can be learned, and those with most clicks that are enough."""
BINS = 8
"""Orders of a content count together where their chances of being slow are alike to an eighth."""
DRAWS = 300


class Lesson(NamedTuple):
    """One draw of what was learned: a, m, k and the mean of v."""

    slow: float
    moved: float
    shape: float
    mean: float


class Taught(NamedTuple):
    """The delay of slow orders, and draws of a, m, k and the mean of v, with m rising."""

    delay: Delay
    slow: Floats
    moved: Floats
    shape: Floats
    mean: Floats

    def middle(self) -> Lesson:
        """Return the means of the draws."""
        return Lesson(*(float(np.mean(each)) for each in self[1:]))

    def lesson(self, number: int) -> Lesson:
        """Return one draw, the first for numbers below 0."""
        return Lesson(*(float(each[max(number, 0)]) for each in self[1:]))

    def anyway(self) -> Floats:
        """Return which share of the orders that follow clicks would have come anyway, draw by draw."""
        return np.asarray(self.moved / (self.moved + self.mean))


class _Groups(NamedTuple):
    """Orders of one content whose chances of being slow are alike: content, orders, E / (K + E); by content."""

    content: Ints
    orders: Floats
    slow: Floats


class _Posterior(NamedTuple):
    """Values of p and T that were tried, and the weight of each p, T and k."""

    parts: Floats
    rates: Floats
    weight: Floats


def taught(found: Learned, *, usual: float, seed: int) -> Taught:
    """Draw what a click brings, and what would have come anyway.

    `usual`: orders per click that are expected where too few contents are named to tell.
    """
    seen = _weighed(found.seen)
    if len(seen.quick_in_all) < FEWEST or not len(seen.orders):
        return Taught(found.delay, *(np.full(DRAWS, value) for value in (found.slow, 0.0, 1.0, usual)))
    return _drawn(np.random.default_rng(seed), _posterior(seen, found.slow), found)


def _drawn(rng: np.random.Generator, told: _Posterior, found: Learned) -> Taught:
    """Draw from the grid, evenly over its weight, and anywhere between its values."""
    running = np.cumsum(told.weight)
    drawn = np.searchsorted(running, (np.arange(DRAWS) + rng.random(DRAWS)) / DRAWS * running[-1])
    place, rate, shape = np.unravel_index(np.minimum(drawn, len(running) - 1), told.weight.shape)
    part = told.parts[place] + np.where(place > 0, (rng.random(DRAWS) - 0.5) * found.slow / PARTS, 0.0)
    total = told.rates[rate] * (told.rates[1] / told.rates[0]) ** (rng.random(DRAWS) - 0.5)
    draws = ((found.slow - part) / (1 - part), part * total, SHAPES[shape], (1 - part) * total)
    order = np.argsort(draws[1], kind="stable")
    return Taught(found.delay, *(each[order] for each in draws))


def _weighed(seen: Seen) -> Seen:
    """Return the contents that teach, numbered from 0, none of them with more orders than are enough."""
    clicked = np.flatnonzero(seen.slow_in_all > 0)
    chosen = np.sort(clicked[np.argsort(-seen.slow_in_all[clicked], kind="stable")[:MOST]])
    number = np.full(len(seen.slow_in_all), -1)
    number[chosen] = np.arange(len(chosen))
    kept = number[seen.content] >= 0
    content = number[seen.content[kept]]
    orders = np.bincount(content, weights=seen.orders[kept], minlength=len(chosen))
    weight = np.minimum(1.0, ENOUGH / np.maximum(orders, 1.0))
    in_all = (each[chosen] * weight for each in (seen.quick_in_all, seen.slow_in_all))
    return Seen(content, seen.orders[kept] * weight[content], seen.quick[kept], seen.slow[kept], *in_all)


def _groups(seen: Seen) -> _Groups:
    late = seen.slow / (seen.quick + seen.slow)
    alike = np.minimum((late * BINS).astype(np.int64), BINS - 1)
    keys, group = np.unique(seen.content * BINS + alike, return_inverse=True)
    orders = np.bincount(group, weights=seen.orders)
    return _Groups(keys // BINS, orders, np.minimum(np.bincount(group, weights=seen.orders * late) / orders, 1.0))


def _posterior(seen: Seen, slow: float) -> _Posterior:
    groups, contents = _groups(seen), len(seen.slow_in_all)
    orders = np.bincount(groups.content, weights=groups.orders, minlength=contents)
    reach = max(4.5 / contents**0.5, 0.1)
    rates = orders.sum() / seen.slow_in_all.sum() * np.exp(np.linspace(-reach, reach, RATES))
    parts = np.concatenate(([0.0], (np.arange(PARTS) + 0.5) / PARTS * slow))
    log = np.array([_likelihood(seen, groups, orders, part, (slow - part) / (1 - part), rates) for part in parts])
    weight = np.exp((log - log.max()) * TRUST)
    weight[0] *= NOTHING / (1 - NOTHING) * PARTS
    return _Posterior(parts, rates, weight / weight.sum())


def _likelihood(seen: Seen, groups: _Groups, orders: Floats, part: float, slow: float, rates: Floats) -> Floats:
    """Return the log likelihood by T and k, given p and a."""
    chance = np.outer((1 - slow) * (1 - groups.slow) + slow * groups.slow, WORTHS) + (part * groups.slow)[:, None]
    which = np.zeros((len(orders), len(WORTHS)))
    first = np.flatnonzero(np.diff(groups.content, prepend=-1))
    which[groups.content[first]] = np.add.reduceat(groups.orders[:, None] * np.log(chance), first)
    expected = np.outer((1 - slow) * seen.quick_in_all + slow * seen.slow_in_all, WORTHS)
    expected += (part * seen.slow_in_all)[:, None]
    prior = _prior(1 - part)
    return np.array([_integrated(which + np.outer(orders, np.log(rate)) - rate * expected, prior) for rate in rates])


def _prior(mean: float) -> Floats:
    """Return the chance of each u under each k."""
    rate = SHAPES / mean
    log = SHAPES * np.log(rate) - LOG_GAMMA + np.outer(np.log(WORTHS), SHAPES) - np.outer(WORTHS, rate)
    return np.asarray(np.exp(log) * STEP)


def _integrated(log: Floats, prior: Floats) -> Floats:
    """Return the log likelihood of all contents by k, u integrated out."""
    top = log.max(axis=1, keepdims=True)
    return np.asarray((np.log(np.exp(log - top) @ prior + 1e-300) + top).sum(axis=0))
