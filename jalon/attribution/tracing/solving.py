"""Which content a visit came from that names only its network: a marked Poisson mixture of one channel.

Steps on journeys to orders of a basket B come on day d at a rate

    share(B) (Σ_c z_c v_c K_c(B, d) + b)

share(B): how many of the channel's steps are of such orders. K: clicks on content c on that day. Of one that is counted
by product it is (1 - h) times those on products p of B, each by the share of the steps whose orders have p, and h times
those on any: h of the people buy something else than they came for. v_c: steps that a click is worth, Gamma(k, k / mean
of the like). z_c: 1 where the content's links tell no name, else 0; 0 of contents that any touchpoint names; the others
are like these, or name theirs too and had no visit yet. What named steps teach of all this is in `taught`. b: steps a
day that follow no counted click: from a profile, a message, a content that nobody counts. There is no delay,
since the visit is the click.

Sampled by Gibbs, beginning at the prior; the same seed gives the same draws. After `sharing.mixture`, which see for
orders without any visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jalon.attribution.sharing.mixture import Floats, Ints
from jalon.attribution.sharing.sampling import BURN_IN, Drawn, Running, Sampler, drawn
from jalon.attribution.tracing.taught import Prior, other_share, prior, silent

DRAWS, FEWEST = 300, 60
WORK = 100_000_000
"""So many rows are drawn at most, as long as there are the fewest draws: large problems leave less open."""


class Clicks(NamedTuple):
    """Clicks on a content on a day; `product` 0: not counted by product."""

    content: Ints
    product: Ints
    day: Ints
    clicks: Floats


class Steps(NamedTuple):
    """Steps of a day to orders of a basket, by that; of those that name a content, by it too (else it is -1)."""

    content: Ints
    day: Ints
    basket: Ints
    steps: Floats


class Posed(NamedTuple):
    """What is known of one channel; days count from 0 to below `days`.

    By content: `group` (its source and metric) and `touches` (how many touchpoints name it). `baskets`: the products of
    each.
    """

    days: int
    group: Ints
    touches: Floats
    baskets: Sequence[Sequence[int]]
    clicks: Clicks
    named: Steps
    untold: Steps


class Split(NamedTuple):
    """What the steps of cells are split over: the cell, the content, and K."""

    cell: Ints
    content: Ints
    clicks: Floats


class Known(NamedTuple):
    """What is known of the contents beforehand: the prior of v, all clicks on each, and the chance (`taught.silent`)
    that one whose links name it would have had no visit so far."""

    prior: Prior
    clicks: Floats
    silent: Floats


class Solved(NamedTuple):
    """`cell` (row of what is `untold`) and `content` of each share, the draws of them, and how much more the counts
    vary than chance alone would have them."""

    cell: Ints
    content: Ints
    drawn: Drawn
    spread: float


class Met(NamedTuple):
    """What can have led to the steps of cells: a row per cell and content.

    `same`: clicks on products of the basket, each by its share of the steps; `any`: clicks whatever the product.
    """

    cell: Ints
    content: Ints
    same: Floats
    any: Floats


def solve(posed: Posed, seed: int = 1) -> Solved | None:
    """Split the steps of each cell over contents; None where no content could have led to any."""
    clicks, contents, naming = posed.clicks, len(posed.group), posed.touches > 0
    in_all = np.bincount(clicks.content, weights=clicks.clicks, minlength=contents)
    popular = _popular(posed)
    own = _met(posed, posed.named, popular, of_own=True)
    other = other_share(own.same, own.any, posed.named.steps[own.cell])
    met = _met(posed, posed.untold, popular)
    count = (1 - other) * met.same + other * met.any
    kept = (count > 0) & ~naming[met.content]
    if not kept.any():
        return None
    taught = np.bincount(own.content, weights=posed.named.steps[own.cell], minlength=contents)
    learned = prior(taught, in_all, posed.group, naming, posed.untold.steps.sum())
    split = Split(met.cell[kept], met.content[kept], count[kept])
    found, spread = _draw(posed, split, Known(learned, in_all, silent(posed.touches, in_all)), seed)
    return Solved(split.cell, split.content, found, spread)


def _popular(posed: Posed) -> Floats:
    """Return the share of the channel's steps whose orders have each product."""
    steps = np.bincount(
        np.concatenate((posed.untold.basket, posed.named.basket)),
        weights=np.concatenate((posed.untold.steps, posed.named.steps)),
        minlength=len(posed.baskets),
    )
    found = np.zeros(1 + max((product for basket in posed.baskets for product in basket), default=0))
    for basket, count in zip(posed.baskets, steps, strict=True):
        found[list(basket)] += count
    return np.asarray(found / steps.sum())


def _met(posed: Posed, steps: Steps, popular: Floats, *, of_own: bool = False) -> Met:
    """Pair the steps of each cell with the clicks of the day on contents that can have led to its basket.

    `of_own`: with those on the content that they name alone.
    """
    sizes = np.array([len(basket) for basket in posed.baskets])
    products = np.array([product for basket in posed.baskets for product in basket], dtype=np.int64)
    length = sizes[steps.basket]
    cell = np.repeat(np.arange(len(steps.day)), length)
    offset = np.arange(len(cell)) - np.repeat(np.cumsum(length) - length, length)
    product = products[(np.cumsum(sizes) - sizes)[steps.basket][cell] + offset]
    clicks, by_product = posed.clicks, posed.clicks.product > 0
    clicked, asked = (each.day + (each.content * posed.days if of_own else 0) for each in (clicks, steps))
    apart = max(int(clicked.max(initial=0)), int(asked.max(initial=0))) + 1
    at, row = _pairs(clicks.product * apart + clicked, product * apart + asked[cell])
    same = cell[at], clicks.content[row], clicks.clicks[row] / popular[product[at]]
    place, row = _pairs(clicked, asked)
    count = clicks.clicks[row]
    # What is not counted by product may have led to whatever was bought.
    rows = [(*same, np.zeros(len(at))), (place, clicks.content[row], np.where(by_product[row], 0.0, count), count)]
    cells, content, wanted, whatever = (np.concatenate(column) for column in zip(*rows, strict=True))
    keys, inverse = np.unique(cells * len(posed.group) + content, return_inverse=True)
    sums = [np.bincount(inverse, weights=each, minlength=len(keys)) for each in (wanted, whatever)]
    return Met(keys // len(posed.group), keys % len(posed.group), *sums)


def _pairs(keys: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Return all pairs (place in `wanted`, place in `keys`) that are equal."""
    order = np.argsort(keys, kind="stable")
    low, high = (np.searchsorted(keys, wanted, side, sorter=order) for side in ("left", "right"))
    place = np.repeat(np.arange(len(wanted)), high - low)
    offset = np.arange(len(place)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    return place, order[low[place] + offset]


def _draw(posed: Posed, split: Split, known: Known, seed: int) -> tuple[Drawn, float]:
    """Sample from the posterior; also return how much more the counts vary than a Poisson process would."""
    count, contents = posed.untold.steps, len(known.clicks)
    rng, sampler, worths = np.random.default_rng(seed), Sampler(split.cell, count), _Worths(posed, known)
    share, rates = Running(len(split.cell)), Running(contents + 1)
    draws = min(max(WORK // len(split.cell), FEWEST), DRAWS)
    steps, guess = np.zeros((draws, contents)), 2 * posed.days / count.sum()
    by_itself = 1 / guess
    for number in range(-BURN_IN, draws):
        brought, base = worths.worth[split.content] * split.clicks, np.full(len(count), by_itself)
        got, left = sampler.split(rng, brought, base)
        ours = np.bincount(split.content, weights=got, minlength=contents)
        if number >= 0:
            whole = base + np.bincount(split.cell, weights=brought, minlength=len(base))
            share.add(brought / whole[split.cell])
            rates.add(np.append(worths.worth, by_itself))
            steps[number] = ours
        worths.draw(rng, ours)
        by_itself = float(rng.gamma(1.0 + left.sum()) / (guess + posed.days))
    spread = _dispersion(posed, rates.mean[:-1], float(rates.mean[-1]))
    own = 1 - np.bincount(split.cell, weights=share.mean, minlength=len(count))
    return drawn(share, own, steps, spread), spread


class _Worths:
    """z v of each content, drawn anew given how many steps each has.

    With it are drawn the mean of v by group, and the share of contents whose links name them; where no touchpoint names
    any, it is taken for 0.
    """

    def __init__(self, posed: Posed, known: Known) -> None:
        self._known, self._group = known, posed.group
        self._naming = posed.touches > 0
        self._groups = len(known.prior.mean)
        self._mean = known.prior.mean
        self._names = float(self._naming.mean())
        self.worth = np.where(self._naming, 0.0, self._mean[self._group])

    def draw(self, rng: np.random.Generator, steps: Floats) -> None:
        """Draw z, then v where it is 1, then what they are drawn from."""
        (shape, mean, weight), clicks = self._known.prior, self._known.clicks
        rate = shape / self._mean[self._group]
        none = (1 - self._names) * (rate / (rate + clicks)) ** shape
        untold = rng.random(len(steps)) * (none + self._names * self._known.silent) < none
        untold = ~self._naming & (untold | (steps > 0))
        v = rng.gamma(shape + steps) / (rate + clicks)
        size, summed = (
            np.bincount(self._group[untold], weights=each, minlength=self._groups) for each in (None, v[untold])
        )
        self._mean = shape * (weight * mean + summed) / rng.gamma(shape * (weight + size))
        if self._naming.any():
            self._names = float(rng.beta(1 + (~untold).sum(), 1 + untold.sum()))
        self.worth = np.where(untold, v, 0.0)


def _dispersion(posed: Posed, worth: Floats, by_itself: float) -> float:
    """Return Pearson's statistic of the steps of each day by its rate: 1 where they vary by chance alone."""
    clicks = posed.clicks
    rate = by_itself + np.bincount(clicks.day, weights=clicks.clicks * worth[clicks.content], minlength=posed.days)
    counted = np.bincount(posed.untold.day, weights=posed.untold.steps, minlength=posed.days)
    return float(max(1.0, np.mean((counted - rate) ** 2 / np.maximum(rate, 1e-3))))
