"""Drawing for each order what brought it, and what is kept of the draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jalon.attribution.intervals import LEVEL, NORMAL
from jalon.attribution.sharing.mixture import Floats, Ints

BURN_IN = 60
ALIKE = -0.8
"""Correlation below which two contents cannot be told apart."""


class Drawn(NamedTuple):
    """Of each row the mean share of one order of its cell, and the interval's ends; of each content its orders.

    `mean` is of what was drawn: draws that are made wider end at no order at all, which would raise it.
    """

    share: Floats
    low: Floats
    high: Floats
    own: Floats
    """Mean share, of one order of each cell, that no content brought."""
    mean: Floats
    """(contents,)."""
    orders: Floats
    """(draws, contents), as wide as the intervals are."""


class Running:
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


def drawn(share: Running, own: Floats, orders: Floats, spread: float) -> Drawn:
    """Return what was drawn, its intervals wider by the root of `spread`: how much more the counts vary than by chance.

    `orders`: (draws, contents).
    """
    wider = spread**0.5
    reach, middle = NORMAL * share.deviation() * wider, orders.mean(axis=0)
    low, high = np.clip(share.mean - reach, 0.0, 1.0), np.clip(share.mean + reach, 0.0, 1.0)
    return Drawn(share.mean, low, high, own, middle, np.maximum(middle + (orders - middle) * wider, 0.0))


class Sampler:
    """Draws for each order what brought it: one search in the running sums of all cells.

    In these sums the rows of a cell stand together, and its own rate behind them.
    """

    def __init__(self, cell: Ints, lines: Floats) -> None:
        """`cell` is of each row, `lines`, which are whole numbers, of each cell."""
        count = lines.astype(np.int64)
        self._order = np.argsort(cell, kind="stable")
        rows = np.bincount(cell, minlength=len(count))
        self._own_at: Ints = np.cumsum(rows + 1) - 1
        self._row_at: Ints = np.arange(len(cell)) + cell[self._order]
        self._first_at: Ints = self._own_at - rows
        self._cell: Ints = np.repeat(np.arange(len(count)), count)
        self._size = len(cell) + len(count)

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


def ends(found: Drawn) -> tuple[Floats, Floats, Floats]:
    """Return of each content how many orders it has in the mean, and the ends of the interval, which hold the mean."""
    low, high = np.quantile(found.orders, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    # Whole numbers may all lie to one side of their mean.
    return found.mean, np.minimum(low, found.mean), np.maximum(high, found.mean)


def alike(found: Drawn, names: Sequence[str]) -> list[list[str]]:
    """Return for each content the names of those that the data cannot tell it from, in order."""
    like: list[list[str]] = [[] for _ in names]
    for one, other in twins(found):
        like[one].append(names[other])
        like[other].append(names[one])
    return [sorted(each) for each in like]


def twins(found: Drawn) -> list[tuple[int, int]]:
    """Return pairs of contents that the data cannot tell apart: what one gains in a draw the other loses."""
    orders = found.orders
    busy = np.flatnonzero((orders.mean(axis=0) >= 1) & (orders.std(axis=0) > 0))
    if len(busy) < 2:
        return []
    together = np.corrcoef(orders[:, busy], rowvar=False)
    left, right = np.nonzero(np.triu(together < ALIKE, k=1))
    return [(int(busy[a]), int(busy[b])) for a, b in zip(left, right, strict=True)]
