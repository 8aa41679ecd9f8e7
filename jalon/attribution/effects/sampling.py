"""Shapley values of the game of conversion rates for any number of channels, by sampled orders of arrival.

A channel's Shapley value is what it adds to those that came before it, on average over all orders in which channels can
arrive. Beyond `coalitions.MAX_PLAYERS` channels not all sets can be gone through, so orders are drawn, the same each
time, until the standard error of each value is small.

The rate of a set leans on the mean of the sets that lack one of its members, and these on theirs, so that one rate
would need them all. One order of arrival is enough for a rate that is right on average: in a set whose last member is
given, the first one is any of the others alike. So the rate of those that arrived from place a to place b leans by
(m - 1)/m on those from a + 1 to b and by 1/m on those from a to b - 1, m their number; the rates of all stretches of an
order come from the first and the last place of each set of channels that journeys met.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jalon.attribution.effects.sets import Sets

SEED = 1953
MOST_ORDERS = 4096
LEAST_ORDERS = 64
NEAR = 0.005
"""Orders are drawn until no standard error is above this part of what all channels have together."""
_CELLS = 4_000_000
"""So many numbers are held at a time."""


class Sampled(NamedTuple):
    """Estimated values per channel, their standard errors, and how many orders of arrival they rest on."""

    values: np.ndarray
    errors: np.ndarray
    orders: int


def rate_values(sets: Sets, journeys: np.ndarray, won: np.ndarray, channels: int, prior: float) -> Sampled:
    """Return the values; `journeys` and `won` are per set."""
    random = np.random.default_rng(SEED)
    size = max(1, min(LEAST_ORDERS, _CELLS // (len(sets.of) + channels**2 + 1)))
    gains = np.zeros((0, channels))
    while len(gains) < MOST_ORDERS:
        arrivals = random.permuted(np.tile(np.arange(channels), (size, 1)), axis=1)
        gains = np.concatenate([gains, gains_in_order(arrivals, sets, journeys, won, prior)])
        errors = gains.std(axis=0, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.full(channels, np.inf)
        if len(gains) >= LEAST_ORDERS and errors.max() <= NEAR * abs(gains.mean(axis=0).sum()):
            break
    return Sampled(gains.mean(axis=0), errors, len(gains))


def gains_in_order(arrivals: np.ndarray, sets: Sets, journeys: np.ndarray, won: np.ndarray, prior: float) -> np.ndarray:
    """Return what each channel adds in each of the orders `arrivals` (orders, channels), by channel."""
    orders, channels = arrivals.shape
    place = np.argsort(arrivals, axis=1)[:, sets.channel]
    starts = np.searchsorted(sets.of, np.arange(len(sets.masks)))
    first, last = (by.reduceat(place, starts, axis=1) for by in (np.minimum, np.maximum))
    cell = (np.arange(orders)[:, None] * channels + first) * channels + last
    met, bought = (_inside(cell, column, orders, channels) for column in (journeys, won))
    reached = _leaning(met, bought, prior)
    gains = np.zeros((orders, channels))
    np.put_along_axis(gains, arrivals, np.diff(reached, axis=1, prepend=0.0), axis=1)
    return gains


def _inside(cell: np.ndarray, weights: np.ndarray, orders: int, channels: int) -> np.ndarray:
    """Return for each stretch (orders, from, to) the weight of the sets that lie inside it."""
    flat = np.bincount(cell.ravel(), np.tile(weights, orders), orders * channels**2)
    cells = flat.reshape(orders, channels, channels)
    found: np.ndarray = cells[:, ::-1].cumsum(axis=1)[:, ::-1].cumsum(axis=2)
    return found


def _leaning(met: np.ndarray, bought: np.ndarray, prior: float) -> np.ndarray:
    """Return the rates of the stretches that begin with the first to arrive: (orders, channels)."""
    orders, channels, _ = met.shape
    reached = np.zeros((orders, channels))
    shorter = np.zeros((orders, channels + 1))
    for size in range(1, channels + 1):
        begins = np.arange(channels - size + 1)
        parent = (shorter[:, begins] + (size - 1) * shorter[:, begins + 1]) / size
        ends = begins + size - 1
        shorter = (bought[:, begins, ends] + prior * parent) / np.maximum(met[:, begins, ends] + prior, 1e-300)
        reached[:, size - 1] = shorter[:, 0]
    return reached
