"""Worlds in which it is known which content brought which order; some of them the fitted model does not describe.

`python -m tests.attribution.played_clicks [SEED...]` prints how near the share-out comes in each, mean over the seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jalon.attribution.sharing.mixture import Clicks, Counts, Floats, Ints, Named, Problem, Size
from jalon.attribution.sharing.sampling import Drawn
from jalon.attribution.sharing.solving import Posed, Solved, solve

CONTENTS, PRODUCTS, DAYS, WINDOW = 120, 15, 120, 10
LABELLED = 0.3
"""Share of contents whose orders the platform names."""


class Kind(NamedTuple):
    """A kind of world. `own`: orders that no content brought, by those that one did; `vary`: how unlike clicks are."""

    own: float
    per_click: float
    vary: float
    ratio: float = 0.6
    uniform: bool = False
    """True: orders come on any day of a week after the click, so the delay is not geometric."""
    tiring: bool = False
    """True: a click is worth less the older the content, so its value is not one number."""
    moved: float = 0.0
    """Orders by those who would have bought anyway and do it one to four days after a click, by those that clicks
    brought; they follow clicks on all contents alike, and the platform names the content that was clicked."""


WORLDS = {
    "many orders that no content brought": Kind(own=3, per_click=0.02, vary=0.8),
    "clicks of very unlike worth": Kind(own=3, per_click=0.02, vary=1.2),
    "more orders per click": Kind(own=1, per_click=0.1, vary=0.8),
    "few orders that no content brought": Kind(own=0.5, per_click=0.02, vary=0.8),
    "delays of another form": Kind(own=1, per_click=0.05, vary=0.8, uniform=True),
    "content that tires": Kind(own=1, per_click=0.05, vary=0.8, tiring=True),
    "clicks of much the same worth": Kind(own=3, per_click=0.02, vary=0.4),
    "who would have bought anyway clicks first": Kind(own=1, per_click=0.1, vary=0.8, moved=0.4),
}


class Given(NamedTuple):
    """Clicks of each content and product, spread over the days on which their orders come."""

    content: Ints
    product: Ints
    day: Ints
    value: Floats


@dataclass
class World:
    """What happened: clicks, the content of each order, and the orders that had none."""

    kind: Kind
    seed: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        shape = 1 / self.kind.vary**2
        worth = rng.gamma(shape, self.kind.per_click / shape, CONTENTS)
        self.labelled = rng.random(CONTENTS) < LABELLED
        start = rng.integers(-10, DAYS - 10, CONTENTS)
        self.clicks = _clicks(rng, start)
        given = spread(self.clicks, np.ones(7) if self.kind.uniform else self.kind.ratio ** np.arange(WINDOW + 1))
        fading = np.exp(-(given.day - start[given.content]) / 20) * 2 if self.kind.tiring else 1.0
        brought = rng.poisson(worth[given.content] * given.value * fading)
        self.given, self.brought = given, brought
        season = 1 + 0.4 * np.sin(np.arange(DAYS) / DAYS * 4 * np.pi) + 0.2 * (np.arange(DAYS) % 7 > 4)
        per_day = self.kind.own * brought.sum() / (PRODUCTS * DAYS) * rng.gamma(2, 0.5, PRODUCTS)
        self.own = rng.poisson(per_day[:, None] * season)
        self.later = spread(self.clicks, np.array([0.0, 1.0, 1.0, 1.0, 1.0]))
        rate = self.kind.moved * brought.sum() / self.later.value.sum()
        self.moved = rng.poisson(rate * self.later.value)

    @property
    def orders(self) -> Floats:
        """Orders that each content brought."""
        return np.bincount(self.given.content, weights=self.brought, minlength=CONTENTS)

    @property
    def nameless(self) -> Floats:
        """Those of them whose content nobody names."""
        return np.where(self.labelled, 0.0, self.orders)

    def named(self) -> Named:
        """Orders of which the platform names the content: by its last click, whatever brought them."""
        rows = []
        for found, orders in ((self.given, self.brought), (self.later, self.moved)):
            chosen = self.labelled[found.content] & (orders > 0)
            rows.append((*(column[chosen] for column in found[:3]), orders[chosen].astype(float)))
        return Named(*(np.concatenate(columns) for columns in zip(*rows, strict=True)))

    def counts(self) -> Counts:
        """Orders of each product and day of which no content is known."""
        counted = self.own.astype(float)
        for found, orders in ((self.given, self.brought), (self.later, self.moved)):
            chosen = ~self.labelled[found.content]
            np.add.at(counted, (found.product[chosen], found.day[chosen]), orders[chosen])
        product, day = np.nonzero(counted)
        return Counts(product, day, counted[product, day], counted[product, day])


def _clicks(rng: np.random.Generator, start: Floats) -> Clicks:
    rows = []
    for content in range(CONTENTS):
        size = 30 * np.exp(rng.normal(0, 1.2))
        days = np.arange(max(start[content], 0), DAYS)
        for product in rng.choice(PRODUCTS, rng.integers(1, 5), replace=False):
            found = rng.poisson(size * np.exp(-(days - start[content]) / 8) * rng.gamma(2, 0.5, len(days)))
            rows += [(content, product, day, count) for day, count in zip(days, found, strict=True) if count]
    columns = np.array(rows).T
    return Clicks(columns[0], columns[1], columns[2], columns[3].astype(float))


def spread(clicks: Clicks, weights: Floats) -> Given:
    """Spread clicks over the days 0, 1, ... after them by the weights, those days alone that are played."""
    share = weights / weights.sum()
    day = (clicks.day[:, None] + np.arange(len(share))).ravel()
    keys = (np.repeat(clicks.product, len(share)) * DAYS + day) * CONTENTS + np.repeat(clicks.content, len(share))
    kept, at = np.unique(keys[day < DAYS], return_inverse=True)
    value = np.bincount(at, weights=(clicks.clicks[:, None] * share).ravel()[day < DAYS])
    return Given(kept % CONTENTS, kept // CONTENTS // DAYS, kept // CONTENTS % DAYS, value)


# --- the method, and what it is held against --------------------------------------------------------------------------


def told(world: World) -> Posed:
    """Return what a platform would count of a world; it claims nothing."""
    size, none = Size(CONTENTS, PRODUCTS, DAYS), np.zeros(CONTENTS)
    return Posed(size, world.clicks, world.named(), world.labelled, world.counts(), none)


def shared_out(world: World, seed: int = 1) -> Solved:
    """Fit a world as the engine does."""
    return solve(told(world), WINDOW, seed)


def by_method(problem: Problem, drawn: Drawn) -> Floats:
    found = problem.cells
    return np.bincount(found.content, weights=drawn.share * found.lines[found.cell], minlength=CONTENTS)


def by_clicks(world: World) -> Floats:
    """Share every nameless order out in proportion to the clicks of the seven days before."""
    return _by_weight(world, np.ones(7))


def by_last(world: World) -> Floats:
    """Give every nameless order to the content clicked last on the product; of one day, to the most clicked."""
    return _by_weight(world, 0.01 ** np.arange(7), only_first=True)


def _by_weight(world: World, weights: Floats, *, only_first: bool = False) -> Floats:
    """Share the nameless orders of each product and day out by its clicks, so weighted by age; or all to the first."""
    open_ = spread(world.clicks.of(~world.labelled[world.clicks.content]), weights)
    weight = np.zeros((PRODUCTS, DAYS, CONTENTS))
    weight[open_.product, open_.day, open_.content] = open_.value
    if only_first:
        weight = weight * (weight == weight.max(axis=2, keepdims=True))
    counts = world.counts()
    share = weight[counts.product, counts.day]
    whole = share.sum(axis=1, keepdims=True)
    return np.asarray((share / np.maximum(whole, 1e-12) * counts.lines[:, None]).sum(axis=0))


def error(world: World, estimate: Floats) -> float:
    """Sum of what is wrong over contents, by what is true."""
    return float(np.abs(estimate - world.nameless).sum() / world.nameless.sum())


def covered(world: World, problem: Problem, drawn: Drawn) -> float:
    """Share of contents whose true orders lie in their 90 % interval."""
    low, high = np.quantile(drawn.orders, [0.05, 0.95], axis=0)
    inside = (low <= world.nameless) & (world.nameless <= high)
    return float(inside[problem.slow > 0].mean())


class Near(NamedTuple):
    """Errors of the share-out and of the two usual ways, and which share of contents its intervals hold."""

    ours: float
    by_clicks: float
    by_last: float
    covered: float


def nearness(kind: Kind, seeds: Iterable[int]) -> Near:
    """Return how near it comes in worlds of a kind, the mean over seeds."""
    found = []
    for seed in seeds:
        world = World(kind, seed)
        problem, _, drawn, _ = shared_out(world)
        guesses = (by_method(problem, drawn), by_clicks(world), by_last(world))
        found.append((*(error(world, guess) for guess in guesses), covered(world, problem, drawn)))
    return Near(*(float(mean) for mean in np.mean(found, axis=0)))


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]] or list(range(1, 11))
    for name, kind in WORLDS.items():
        near = nearness(kind, chosen)
        sys.stdout.write(f"| {name} | {near[0]:.2f} | {near[1]:.2f} | {near[2]:.2f} | {near[3]:.0%} |\n")
