"""Figures with their 90 % intervals: shares, means, net promoters, and medians of what has not ended for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from jalon.attribution.intervals import LEVEL, NORMAL
from jalon.attribution.stage_times import Curve, curve
from jalon.report.wilson import wilson

NPS = (0, 10)
"""The scale that the Net Promoter Score is defined on (Reichheld, Harvard Business Review 81 (2003) 46-54)."""
ADDED = 3
"""Answers added to those of a net promoter score before its interval is told, a quarter of them at each end."""
_DAY = 1440
_HAIR = 1e-12


class Estimate(NamedTuple):
    """A figure, the ends of its interval (None: not known) and how many observations it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def within(self, lowest: float, highest: float = math.inf) -> Estimate:
        """Return it with an interval that holds only values that can be."""
        low = None if self.low is None else max(self.low, lowest)
        high = None if self.high is None else min(self.high, highest)
        return self._replace(low=low, high=high)


def share(some: int, whole: int) -> Estimate:
    """Return a share of 1 with the interval of Wilson."""
    if not whole:
        return Estimate(None, None, None, 0)
    low, high = wilson(some, whole) or (None, None)
    return Estimate(some / whole, low, high, whole)


def net_promoters(promoters: int, detractors: int, whole: int) -> Estimate:
    """Return the net promoter score, from -100 to 100, with the adjusted Wald interval of its trinomial.

    Three answers are added, 3/4 of one to each end: of several intervals it keeps best what it promises (Rocks, The
    American Statistician 70 (2016) 365-372).
    """
    if not whole:
        return Estimate(None, None, None, 0)
    n = whole + ADDED
    for_, against = (promoters + ADDED / 4) / n, (detractors + ADDED / 4) / n
    reach = NORMAL * math.sqrt((for_ + against - (for_ - against) ** 2) / n)
    score = (promoters - detractors) / whole
    low, high = max(for_ - against - reach, -1.0), min(for_ - against + reach, 1.0)
    return Estimate(100 * score, 100 * min(low, score), 100 * max(high, score), whole)


def mean(values: Sequence[float], counts: Sequence[int]) -> Estimate:
    """Return the mean of values that occur so often, with Student's interval; of one observation without."""
    n = sum(counts)
    if not n:
        return Estimate(None, None, None, 0)
    weights, given = np.array(counts, float), np.array(values, float)
    middle = float(weights @ given / n)
    return mean_of_moments(middle, float(weights @ (given - middle) ** 2), n)


def mean_of_moments(middle: float, squares: float, n: int) -> Estimate:
    """Return a mean with Student's interval, from the sum of the squares of what is beside it."""
    if n < 2:
        return Estimate(middle, None, None, n)
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * math.sqrt(squares / (n - 1) / n)
    return Estimate(middle, middle - reach, middle + reach, n)


def median_time(minutes: np.ndarray, reached: np.ndarray, censored: np.ndarray) -> Estimate:
    """Return after how many days half have got there, those still on the way included.

    At each of `minutes` so many persons got there, and so many were last seen on the way. The curve is that of Kaplan
    and Meier, the ends of the interval are where its own limits come to a half (Brookmeyer and Crowley, Biometrics 38
    (1982) 29-41, with Greenwood's variance of log(-log)).
    """
    n = int(reached.sum() + censored.sum())
    if not n:
        return Estimate(None, None, None, 0)
    found = curve(minutes, reached, censored)
    curves = (found.left, *_limits(found, minutes, reached, censored))
    half, low, high = (_first_below_half(each, found.minutes) for each in curves)
    return Estimate(half, low, high, n)


def _first_below_half(left: np.ndarray, minutes: np.ndarray) -> float | None:
    """Return after how many days a half is there; None where it never is."""
    there = np.flatnonzero(left <= 0.5 + _HAIR)
    return float(minutes[there[0]]) / _DAY if there.size else None


def _limits(
    found: Curve, minutes: np.ndarray, reached: np.ndarray, censored: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the curves between which the curve lies.

    Before anybody got there it is told by itself. Where nobody is left Greenwood's variance has no value: so the curve
    has no upper limit there, and a median that is not bounded before has no upper end (as in R's `survival`).
    """
    place = np.searchsorted(found.minutes, minutes)
    there = np.bincount(place, reached, len(found.minutes))
    at_risk = np.bincount(place, reached + censored, len(found.minutes))[::-1].cumsum()[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.cumsum(there / (at_risk * (at_risk - there)))) / np.abs(np.log(found.left))
        middle = np.log(-np.log(found.left))
        limits = [np.exp(-np.exp(middle + side * NORMAL * deviation)) for side in (1, -1)]
    inside = (found.left > _HAIR) & (found.left < 1 - _HAIR)
    return np.where(inside, limits[0], found.left), np.where(inside, limits[1], 1.0)
