"""Which content brought which orders, when a platform tells only counts: a marked Poisson mixture.

Orders of product p on day d arrive with rate

    Σ_c v_c E_cp(d) + b_p s(d),    E_cp(d) = Σ_l K_cp(d - l) g(l)

K: tag clicks on content c's tag of p. g: days from click to order, a geometric distribution cut at the window. v_c:
orders per click, Gamma(k, rate). b_p: orders a day that no content brought, Gamma. s: season of these. After Ji and
Wang (2017), the additive hazard, on sums.

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
    """Orders of a product on a day."""

    product: Ints
    day: Ints
    orders: Floats


class Named(NamedTuple):
    """Orders of a product on a day of which the platform names the content."""

    content: Ints
    product: Ints
    day: Ints
    orders: Floats


class Exposure(NamedTuple):
    """E_cp(d) where it is not zero, sorted by product, day, content."""

    content: Ints
    product: Ints
    day: Ints
    value: Floats

    def by_content(self, contents: int) -> Floats:
        """Return E of each content in all."""
        return np.bincount(self.content, weights=self.value, minlength=contents)


class Cells(NamedTuple):
    """What can have brought the orders of each (product, day) that has any: rows of exposure, grouped by cell."""

    product: Ints
    day: Ints
    orders: Floats
    cell: Ints
    """Cell of each row."""
    content: Ints
    value: Floats
    """E of each row."""


class Prior(NamedTuple):
    """Gamma prior of orders per click: shape and rate; mean = shape / rate."""

    shape: float
    rate: float


@dataclass(frozen=True, slots=True)
class Problem:
    """What is known: the cells, and each content's exposure and what the platform itself attributes to it.

    A claim is a second observation of the same rate: it teaches how much a click is worth and is no order.
    """

    size: Size
    cells: Cells
    exposed: Floats
    claims: Floats

    @property
    def seen(self) -> Floats:
        """Exposure times how often its effect is observed: once by orders, once more where the platform claims."""
        return self.exposed * (2.0 if self.claims.any() else 1.0)


@dataclass(frozen=True, slots=True)
class Rates:
    """Orders per click by content, own orders a day by product, season by day (mean one)."""

    per_click: Floats
    own: Floats
    season: Floats
    prior: Prior

    def over(self, cells: Cells) -> tuple[Floats, Floats, Floats]:
        """Return the rate of each row, of each cell's own orders, and of each cell in all."""
        brought = self.per_click[cells.content] * cells.value
        own = self.own[cells.product] * self.season[cells.day]
        return brought, own, own + np.bincount(cells.cell, weights=brought, minlength=len(own))

    def split(self, cells: Cells) -> tuple[Floats, Floats]:
        """Return the expected orders of each row, and those of each cell that no content brought."""
        brought, own, whole = self.over(cells)
        per = cells.orders / whole
        return brought * per[cells.cell], own * per


def delays(ratio: float, window: int) -> Floats:
    """Return g: the share of orders 0, 1, ..., `window` days after the click."""
    weights = float(ratio) ** np.arange(window + 1)
    weights = weights[weights > 0]
    return np.asarray(weights / weights.sum())


def exposure(clicks: Clicks, ratio: float, window: int, days: int) -> Exposure:
    """Spread the clicks over the days on which their orders come, and add up; what comes after `days` is cut off."""
    share = delays(ratio, window)
    day = (clicks.day[:, None] + np.arange(len(share))).ravel()
    value = (clicks.clicks[:, None] * share).ravel()
    content, product = np.repeat(clicks.content, len(share)), np.repeat(clicks.product, len(share))
    inside = day < days
    return _added(content[inside], product[inside], day[inside], value[inside])


def _added(content: Ints, product: Ints, day: Ints, value: Floats) -> Exposure:
    """Sort by product, day and content, and add up what is about the same."""
    order = np.lexsort((value, content, day, product))  # by value too, so that sums are the same to the last bit
    content, product, day, value = content[order], product[order], day[order], value[order]
    if not len(value):
        return Exposure(content, product, day, value)
    new = np.ones(len(value), dtype=bool)
    new[1:] = (content[1:] != content[:-1]) | (day[1:] != day[:-1]) | (product[1:] != product[:-1])
    starts = np.flatnonzero(new)
    return Exposure(content[starts], product[starts], day[starts], np.add.reduceat(value, starts))


def cells(orders: Counts, found: Exposure, days: int) -> Cells:
    """Put beside the orders of each product and day what can have brought them."""
    keys, inverse = np.unique(orders.product * days + orders.day, return_inverse=True)
    counted = np.bincount(inverse, weights=orders.orders, minlength=len(keys))
    wanted = found.product * days + found.day
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    hit = keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    return Cells(keys // days, keys % days, counted, place[hit], found.content[hit], found.value[hit])
