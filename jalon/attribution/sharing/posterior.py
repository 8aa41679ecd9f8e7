"""How sure the split is: Gibbs sampling of the mixture, its rates drawn from what the orders leave open."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jalon.attribution.sharing.anyway import Lesson, Taught
from jalon.attribution.sharing.fitting import OWN, season_of
from jalon.attribution.sharing.mixture import Cells, Floats, Ints, Prior, Problem, Rates

BURN_IN = 60
LEVEL = 0.9
"""Level of the intervals."""
NORMAL = 1.6448536269514722
"""Quantile of the normal distribution for that level."""
TAUGHT = 10
"""How many contents' worth the prior's mean weighs: it was learned from others."""
ALIKE = -0.8
"""Correlation below which two contents cannot be told apart."""


class Drawn(NamedTuple):
    """Of each row the mean share of one order of its cell, and the interval's ends; of each content its orders."""

    share: Floats
    low: Floats
    high: Floats
    own: Floats
    """Mean share, of one order of each cell, that no content brought."""
    orders: Floats
    """(draws, contents)."""


def draw(problem: Problem, rates: Rates, known: Taught, *, spread: float = 1.0, seed: int = 1) -> Drawn:
    """Sample from the posterior, beginning at the fit; the same seed gives the same draws.

    What was learned is taken draw by draw, m rising, so that the rates keep up with it: it teaches, and is not taught
    by what is shared out. `spread` is the `dispersion` of the counts: intervals are wider by its root.
    """
    rng, sampler, found = np.random.default_rng(seed), _Sampler(problem.cells), problem.cells
    share, own, draws = _Running(len(found.slow)), _Running(len(found.lines)), len(known.moved)
    orders = np.zeros((draws, problem.size.contents))
    for number in range(-BURN_IN, draws):
        lesson = known.lesson(number)
        rates = replace(rates, slow=lesson.slow, moved=lesson.moved)
        by = rates.over(found)
        got, left = sampler.split(rng, by.brought, by.own + by.moved)
        if number >= 0:
            share.add(by.brought / by.whole[found.cell])
            own.add((by.own + by.moved) / by.whole)
            orders[number] = np.bincount(found.content, got * found.worth[found.cell], problem.size.contents)
        theirs = left - rng.binomial(left.astype(np.int64), by.moved / (by.own + by.moved))
        rates = _drawn(rng, problem, lesson, rates, got, theirs)
    reach = NORMAL * share.deviation() * spread**0.5
    low, high = np.clip(share.mean - reach, 0.0, 1.0), np.clip(share.mean + reach, 0.0, 1.0)
    middle = orders.mean(axis=0)
    return Drawn(share.mean, low, high, own.mean, np.maximum(middle + (orders - middle) * spread**0.5, 0.0))


def _drawn(
    rng: np.random.Generator, problem: Problem, lesson: Lesson, rates: Rates, got: Floats, theirs: Floats
) -> Rates:
    """Draw the rates anew, given what brought which order line, and the prior's mean with them."""
    size, found = problem.size, problem.cells
    ours = np.bincount(found.content, weights=got, minlength=size.contents)
    own = np.bincount(found.product, weights=theirs, minlength=size.products)
    by_day = np.bincount(found.day, weights=theirs, minlength=size.days)
    claims = rng.binomial(np.rint(problem.claims).astype(np.int64), rates.brings())
    per_click = rng.gamma(lesson.shape + ours + claims) / (rates.prior.rate + rates.seen(problem))
    season = season_of(rng.gamma(by_day + 1e-3))
    clicked = per_click[problem.slow > 0]
    rate = rng.gamma(lesson.shape * (TAUGHT + len(clicked))) / (TAUGHT * lesson.mean + clicked.sum())
    return replace(
        rates,
        per_click=per_click,
        own=rng.gamma(OWN.shape + own) / (OWN.rate + season.sum()),
        season=season,
        prior=Prior(lesson.shape, float(rate)),
    )


class _Running:
    """Mean and deviation of rows that come one after the other (Welford)."""

    def __init__(self, size: int) -> None:
        self.mean: Floats = np.zeros(size)
        self._squares: Floats = np.zeros(size)
        self._count = 0

    def add(self, row: Floats) -> None:
        """Take one more row into account."""
        self._count += 1
        step = row - self.mean
        self.mean += step / self._count
        self._squares += step * (row - self.mean)

    def deviation(self) -> Floats:
        """Return the standard deviation."""
        return np.sqrt(self._squares / max(self._count - 1, 1))


class _Sampler:
    """Draws for each order what brought it: one search in the running sums of all cells.

    In these sums the rows of a cell stand together, and its own rate behind them.
    """

    def __init__(self, cells: Cells) -> None:
        count = cells.lines.astype(np.int64)
        self._order = np.argsort(cells.cell, kind="stable")
        rows = np.bincount(cells.cell, minlength=len(count))
        self._own_at: Ints = np.cumsum(rows + 1) - 1
        self._row_at: Ints = np.arange(len(cells.cell)) + cells.cell[self._order]
        self._first_at: Ints = self._own_at - rows
        self._cell: Ints = np.repeat(np.arange(len(count)), count)
        self._size = len(cells.cell) + len(count)

    def split(self, rng: np.random.Generator, brought: Floats, own: Floats) -> tuple[Floats, Floats]:
        """Return how many orders each row got, and how many of each cell no content brought."""
        mass = np.empty(self._size)
        mass[self._row_at] = brought[self._order]
        mass[self._own_at] = own
        running = np.concatenate(([0.0], np.cumsum(mass)))
        before = running[self._first_at]
        width = running[self._own_at + 1] - before
        aim = before[self._cell] + rng.random(len(self._cell)) * width[self._cell]
        hit = np.searchsorted(running[1:], aim, side="right")
        hit = np.clip(hit, self._first_at[self._cell], self._own_at[self._cell])
        got = np.bincount(hit, minlength=self._size).astype(float)
        rows = np.empty(len(brought))
        rows[self._order] = got[self._row_at]
        return rows, got[self._own_at]


def twins(drawn: Drawn) -> list[tuple[int, int]]:
    """Return pairs of contents that the data cannot tell apart: what one gains in a draw the other loses."""
    orders = drawn.orders
    busy = np.flatnonzero((orders.mean(axis=0) >= 1) & (orders.std(axis=0) > 0))
    if len(busy) < 2:
        return []
    together = np.corrcoef(orders[:, busy], rowvar=False)
    left, right = np.nonzero(np.triu(together < ALIKE, k=1))
    return [(int(busy[a]), int(busy[b])) for a, b in zip(left, right, strict=True)]
