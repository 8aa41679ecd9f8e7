"""Which content brought which orders, when a platform tells only counts: a marked Poisson mixture.

Orders of product p on day d arrive with rate

    Σ_c v_c ((1 - a) K_cp(d) + a E_cp(d)) + m Σ_c E_cp(d) + b_p s(d),    E_cp(d) = Σ_l K_cp(d - l) g(l)

K: tag clicks on content c's tag of p. v_c: orders that a click on c brings, Gamma(k, rate). a: share of them that come
by and by, the others on the day of the click. g: days from click to such an order. m: orders that come by and by after
a click, whatever the content was: who makes them would have bought anyway. b_p: orders a day that have nothing to do
with clicks, Gamma. s: season of these. After Ji and Wang (2017), the additive hazard, on sums.

g is that of a delay after clicks that fall evenly over their day, cut at the window. The delay is exponential, or the
sum of two such (Erlang's distribution).

All arrays are one-dimensional and of equal length within a group; indices count from 0, days included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[Any]


class Size(NamedTuple):
    """How large the problem is."""

    contents: int
    products: int
    days: int


class Clicks(NamedTuple):
    """Clicks on the tag of a product in a content on a day."""

    content: Ints
    product: Ints
    day: Ints
    clicks: Floats

    def of(self, chosen: NDArray[np.bool_]) -> Clicks:
        """Return the rows that are chosen."""
        return Clicks(self.content[chosen], self.product[chosen], self.day[chosen], self.clicks[chosen])


class Counts(NamedTuple):
    """Order lines of a product on a day, and how many orders they make up."""

    product: Ints
    day: Ints
    lines: Floats
    orders: Floats


class Named(NamedTuple):
    """Orders of a product on a day of which the platform names the content."""

    content: Ints
    product: Ints
    day: Ints
    orders: Floats


class Exposure(NamedTuple):
    """K_cp(d) and E_cp(d) where E is not zero, sorted by product, day, content."""

    content: Ints
    product: Ints
    day: Ints
    quick: Floats
    """K: clicks of the day itself."""
    slow: Floats
    """E: clicks spread over the days on which orders come by and by."""

    def by_content(self, contents: int) -> tuple[Floats, Floats]:
        """Return K and E of each content in all."""
        quick, slow = (np.bincount(self.content, weights=each, minlength=contents) for each in (self.quick, self.slow))
        return quick, slow


class Cells(NamedTuple):
    """What can have brought the orders of each (product, day) that has any: rows of exposure, grouped by cell."""

    product: Ints
    day: Ints
    lines: Floats
    worth: Floats
    """Of each cell: how many orders one of its lines makes up, in the mean."""
    cell: Ints
    """Cell of each row."""
    content: Ints
    quick: Floats
    """K of each row."""
    slow: Floats
    """E of each row."""
    clicked: Floats
    """E of each cell in all."""


class Delay(NamedTuple):
    """How long it takes from a click to an order that comes by and by: mean in days, and of how many exponential steps.

    Of one step: the sooner the likelier; of two: likeliest after half of the mean.
    """

    days: float
    steps: int


class Prior(NamedTuple):
    """Gamma prior of orders per click: shape and rate; mean = shape / rate."""

    shape: float
    rate: float


@dataclass(frozen=True, slots=True)
class Problem:
    """What is known: the cells, and each content's exposure and what the platform itself attributes to it.

    `claims` are as many orders as the platform's figure stands for. A claim is a second observation of the same rate:
    it teaches how much a click is worth and is no order.
    """

    size: Size
    cells: Cells
    quick: Floats
    slow: Floats
    claims: Floats

    @property
    def often(self) -> float:
        """How often the effect of exposure is observed: once by orders, once more where the platform claims."""
        return 2.0 if self.claims.any() else 1.0


class Sources(NamedTuple):
    """Rates of what an order can have come by: of each row its content; of each cell those moved, its own, and all."""

    brought: Floats
    moved: Floats
    own: Floats
    whole: Floats


@dataclass(frozen=True, slots=True)
class Rates:
    """v by content, b by product, s by day (mean one), the prior of v, a and m: see the head of this module."""

    per_click: Floats
    own: Floats
    season: Floats
    prior: Prior
    slow: float
    moved: float

    def seen(self, problem: Problem) -> Floats:
        """Return the clicks of each content, as often as their effect is observed."""
        return ((1 - self.slow) * problem.quick + self.slow * problem.slow) * problem.often

    def over(self, cells: Cells) -> Sources:
        """Return the rates of what can have brought the orders of each cell."""
        brought = self.per_click[cells.content] * ((1 - self.slow) * cells.quick + self.slow * cells.slow)
        own, moved = self.own[cells.product] * self.season[cells.day], self.moved * cells.clicked
        return Sources(brought, moved, own, own + moved + np.bincount(cells.cell, weights=brought, minlength=len(own)))

    def brings(self) -> Floats:
        """Return which share of what follows a click on each content was brought by it."""
        return self.per_click / (self.per_click + self.moved)

    def split(self, cells: Cells) -> tuple[Floats, Floats]:
        """Return the expected order lines of each row, and those of each cell that have nothing to do with clicks."""
        found = self.over(cells)
        per = cells.lines / found.whole
        return found.brought * per[cells.cell], found.own * per


def delays(delay: Delay, window: int) -> Floats:
    """Return g: the share of orders 0, 1, ..., `window` days after the day of the click.

    The clicks fall evenly over their day, so it is the second difference of the integral of the distribution function,
    which for steps of mean t is x - t + t exp(-x/t) for one, x - 2t + (x + 2t) exp(-x/t) for two.
    """
    ends = np.maximum(np.arange(-1, window + 2), 0.0)
    so_far = ends if delay.steps == 2 else 0.0
    whole = ends - delay.days + (delay.days + so_far) * np.exp(-ends * delay.steps / delay.days)
    weights = np.maximum(np.diff(whole, 2), 0.0)
    return np.asarray(weights / weights.sum())


class Layout:
    """Clicks laid out over the days on which their orders can come, for one delay after the other.

    What comes after `days` is cut off.
    """

    def __init__(self, clicks: Clicks, window: int, days: int) -> None:
        lag = np.tile(np.arange(window + 1), len(clicks.clicks))
        content, product, day, count = (np.repeat(column, window + 1) for column in clicks)
        day = day + lag
        # By lag and count too, so that sums are the same to the last bit whatever the order of the clicks.
        order = np.lexsort((count, lag, content, day, product))
        order = order[day[order] < days]
        content, product, day, self._lag, self._count = (each[order] for each in (content, product, day, lag, count))
        new = np.ones(len(order), dtype=bool)
        new[1:] = (content[1:] != content[:-1]) | (day[1:] != day[:-1]) | (product[1:] != product[:-1])
        self._starts, self._window = np.flatnonzero(new), window
        self.rows = content[self._starts], product[self._starts], day[self._starts]
        """Content, product and day."""
        self.quick = self._summed(self._count * (self._lag == 0))

    def slow(self, delay: Delay) -> Floats:
        """Return E of each row."""
        return self._summed(self._count * delays(delay, self._window)[self._lag])

    def exposure(self, delay: Delay) -> Exposure:
        """Return the rows with K and E."""
        return Exposure(*self.rows, self.quick, self.slow(delay))

    def _summed(self, values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, self._starts)) if len(values) else values


def cells(counts: Counts, found: Exposure, days: int) -> Cells:
    """Put beside the orders of each product and day what can have brought them."""
    keys, inverse = np.unique(counts.product * days + counts.day, return_inverse=True)
    lines, orders = (np.bincount(inverse, weights=each, minlength=len(keys)) for each in (counts.lines, counts.orders))
    wanted = found.product * days + found.day
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    hit = keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    cell, slow = place[hit], found.slow[hit]
    clicked = np.bincount(cell, weights=slow, minlength=len(keys))
    worth = orders / np.maximum(lines, 1e-9)
    return Cells(keys // days, keys % days, lines, worth, cell, found.content[hit], found.quick[hit], slow, clicked)
