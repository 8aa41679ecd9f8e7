"""Worlds in which it is known which content brought which order; some of them the fitted model does not describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jalon.attribution.sharing.fitting import dispersion, fit
from jalon.attribution.sharing.learning import learned_prior, learned_ratio
from jalon.attribution.sharing.mixture import (
    Cells,
    Clicks,
    Counts,
    Floats,
    Named,
    Problem,
    Size,
    cells,
    exposure,
)
from jalon.attribution.sharing.posterior import Drawn, draw

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
        given = exposure(
            self.clicks, 1.0 if self.kind.uniform else self.kind.ratio, 6 if self.kind.uniform else WINDOW, DAYS
        )
        fading = np.exp(-(given.day - start[given.content]) / 20) * 2 if self.kind.tiring else 1.0
        brought = rng.poisson(worth[given.content] * given.value * fading)
        self.given, self.brought = given, brought
        season = 1 + 0.4 * np.sin(np.arange(DAYS) / DAYS * 4 * np.pi) + 0.2 * (np.arange(DAYS) % 7 > 4)
        per_day = self.kind.own * brought.sum() / (PRODUCTS * DAYS) * rng.gamma(2, 0.5, PRODUCTS)
        self.own = rng.poisson(per_day[:, None] * season)

    @property
    def orders(self) -> Floats:
        """Orders that each content brought."""
        return np.bincount(self.given.content, weights=self.brought, minlength=CONTENTS)

    @property
    def nameless(self) -> Floats:
        """Those of them whose content nobody names."""
        return np.where(self.labelled, 0.0, self.orders)

    def named(self) -> Named:
        chosen = self.labelled[self.given.content] & (self.brought > 0)
        given = self.given
        return Named(
            given.content[chosen], given.product[chosen], given.day[chosen], self.brought[chosen].astype(float)
        )

    def counts(self) -> Counts:
        """Orders of each product and day of which no content is known."""
        counted = self.own.astype(float)
        chosen = ~self.labelled[self.given.content]
        np.add.at(counted, (self.given.product[chosen], self.given.day[chosen]), self.brought[chosen])
        product, day = np.nonzero(counted)
        return Counts(product, day, counted[product, day])


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


# --- the method, and what it is held against --------------------------------------------------------------------------


def shared_out(world: World, seed: int = 1) -> tuple[Problem, Drawn]:
    """Fit a world as the engine does."""
    known = world.clicks.of(world.labelled[world.clicks.content])
    ratio = learned_ratio(known, world.named(), WINDOW, DAYS)
    spread_out = exposure(world.clicks, ratio, WINDOW, DAYS).by_content(CONTENTS)
    prior = learned_prior(world.orders[world.labelled], spread_out[world.labelled])
    open_ = exposure(world.clicks.of(~world.labelled[world.clicks.content]), ratio, WINDOW, DAYS)
    counts = world.counts()
    size = Size(CONTENTS, PRODUCTS, DAYS)
    problem = Problem(size, cells(counts, open_, DAYS), open_.by_content(CONTENTS), np.zeros(CONTENTS))
    rates = fit(problem, prior)
    return problem, draw(problem, rates, spread=dispersion(counts, open_, rates), seed=seed)


def by_method(problem: Problem, drawn: Drawn) -> Floats:
    found = problem.cells
    return np.bincount(found.content, weights=drawn.share * found.orders[found.cell], minlength=CONTENTS)


def by_clicks(world: World) -> Floats:
    """Share every nameless order out in proportion to the clicks of the seven days before."""
    found = _candidates(world)
    whole = np.bincount(found.cell, weights=found.value, minlength=len(found.orders))
    return np.bincount(
        found.content, weights=found.value / whole[found.cell] * found.orders[found.cell], minlength=CONTENTS
    )


def by_last(world: World) -> Floats:
    """Give every nameless order to the content clicked last on the product; of one day, to the most clicked."""
    steep = exposure(world.clicks.of(~world.labelled[world.clicks.content]), 0.01, 6, DAYS)
    found = cells(world.counts(), steep, DAYS)
    order = np.lexsort((found.value, found.cell))
    last = np.append(found.cell[order][1:] != found.cell[order][:-1], True)
    best = order[last]
    return np.bincount(found.content[best], weights=found.orders[found.cell[best]], minlength=CONTENTS)


def _candidates(world: World) -> Cells:
    week = exposure(world.clicks.of(~world.labelled[world.clicks.content]), 1.0, 6, DAYS)
    return cells(world.counts(), week, DAYS)


def error(world: World, estimate: Floats) -> float:
    """Sum of what is wrong over contents, by what is true."""
    return float(np.abs(estimate - world.nameless).sum() / world.nameless.sum())


def covered(world: World, problem: Problem, drawn: Drawn) -> float:
    """Share of contents whose true orders lie in their 90 % interval."""
    low, high = np.quantile(drawn.orders, [0.05, 0.95], axis=0)
    inside = (low <= world.nameless) & (world.nameless <= high)
    return float(inside[problem.exposed > 0].mean())
