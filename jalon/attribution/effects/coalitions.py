"""Shapley values of channels in the game of conversion rates, exact by the counts of channel sets.

A journey is known by the set of its distinct channels. What a set S of channels would have without the others is the
rate v(S) of the journeys that met none but them. The Shapley value is taken by Harsanyi's dividends: v is the sum of
D(T) over the T in S, and each T shares its D(T) out evenly (Shapley 1953; Harsanyi 1959). Sums over subsets and
dividends come by the zeta and the Moebius transform, in n 2^n steps for n channels, so that nothing is sampled.

Few journeys tell little: v(S) leans on the mean of the sets that lack one of its channels, by as much as
`prior_journeys` would count. A channel whose value is below zero all the same is credited nothing; it is told.
"""

from __future__ import annotations

import numpy as np

MAX_PLAYERS = 20


def rate_values(
    sets: np.ndarray, journeys: np.ndarray, conversions: np.ndarray, players: int, prior: float
) -> np.ndarray:
    """Return the Shapley value of each player; they sum to the (smoothed) rate of all.

    `sets`: bit masks of the players met; `journeys` and `conversions`: how many journeys met exactly these, and how
    many of them converted. `prior`: how many journeys the smaller sets count for.
    """
    return shapley(rates(sets, journeys, conversions, players, prior))


def rates(sets: np.ndarray, journeys: np.ndarray, conversions: np.ndarray, players: int, prior: float) -> np.ndarray:
    """Return the game itself: the (smoothed) rate of each set, by its bit mask."""
    size = 1 << players
    met, won = (subset_sums(np.bincount(sets, column, size)) for column in (journeys, conversions))
    return _smoothed(met, won, players, prior)


def subset_sums(values: np.ndarray) -> np.ndarray:
    """Return for each set the sum over its subsets (the zeta transform); `values` is indexed by bit masks."""
    sums = values.astype(np.float64, copy=True)
    for bit in range(_players(sums)):
        parts = sums.reshape(-1, 2, 1 << bit)
        parts[:, 1] += parts[:, 0]
    return sums


def dividends(game: np.ndarray) -> np.ndarray:
    """Return what each set adds beyond its subsets (the Moebius transform, which undoes `subset_sums`)."""
    own = game.astype(np.float64, copy=True)
    for bit in range(_players(own)):
        parts = own.reshape(-1, 2, 1 << bit)
        parts[:, 1] -= parts[:, 0]
    return own


def shapley(game: np.ndarray) -> np.ndarray:
    """Return the Shapley values of a game that is indexed by bit masks, with nothing for nobody."""
    each = dividends(game) / np.maximum(_sizes(len(game)), 1)
    members = np.arange(len(game))
    return np.array([each[(members >> bit) & 1 == 1].sum() for bit in range(_players(game))])


def _smoothed(met: np.ndarray, won: np.ndarray, players: int, prior: float) -> np.ndarray:
    """Return the rates, of small sets first: each leans on the mean of those that lack one of its members."""
    rate = np.zeros(len(met))
    sizes, members = _sizes(len(met)), np.arange(len(met))
    for size in range(1, players + 1):
        own = members[sizes == size]
        below = np.zeros(len(own))
        for bit in range(players):
            has = (own >> bit) & 1 == 1
            below[has] += rate[own[has] ^ (1 << bit)]
        rate[own] = (won[own] + prior * below / size) / np.maximum(met[own] + prior, 1e-300)
    return rate


def _players(game: np.ndarray) -> int:
    return len(game).bit_length() - 1


def _sizes(sets: int) -> np.ndarray:
    """Return how many members each set has."""
    sizes = np.zeros(sets, np.int64)
    for bit in range(sets.bit_length() - 1):
        sizes[1 << bit : 2 << bit] = sizes[: 1 << bit] + 1
    return sizes
