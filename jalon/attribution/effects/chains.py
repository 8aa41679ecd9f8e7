"""Markov chains of journeys, solved exactly: how many conversions would be missing without each channel.

A state is the last `order` channels of a journey, 0 where it has not had so many. Without a channel whoever would reach
it is lost; its removal effect is the share of all conversions that is lost so (Anderl, Becker, von Wangenheim and
Schumann, Int. J. of Research in Marketing 33 (2016) 457-474). There it is found by solving the chain again without the
channel. Here nothing is solved again: with N = (I - Q)^-1, b = N r and the begin row s, the states S of a channel are
first reached with probabilities h = (s N)_S (N_SS)^-1, and what is lost is h b_S. Nothing is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jalon.attribution.effects import following

DENSE = 300
"""Above so many states the journeys are followed step by step, channel by channel, instead of one matrix inverted."""


class Steps(NamedTuple):
    """Counted steps. `history`: (rows, order) codes of the channels before, the latest last, 0 where there was none;
    `channel`: code of the step's, from 1; `often`: how many times; `ends`: of these, how many ended the journey;
    `converts`: of those, how many (or how much, if value is what is followed) converted.
    """

    history: np.ndarray
    channel: np.ndarray
    often: np.ndarray
    ends: np.ndarray
    converts: np.ndarray

    @property
    def order(self) -> int:
        return int(self.history.shape[1])


class Chain(NamedTuple):
    """A chain of S states. `states`: (S, order) codes; edges `source`, `target`, `flow` (probability to go on so);
    `begins` and `converts` (S,): the begin row, and what each departure brings in conversions.
    """

    states: np.ndarray
    source: np.ndarray
    target: np.ndarray
    flow: np.ndarray
    begins: np.ndarray
    converts: np.ndarray


def shortened(steps: Steps, order: int) -> Steps:
    """Return the same steps with a shorter memory."""
    columns = [*steps.history[:, steps.order - order :].T, steps.channel]
    rows, place = distinct(columns)
    sums = [np.bincount(place, column, len(rows)) for column in (steps.often, steps.ends, steps.converts)]
    return Steps(rows[:, :-1], rows[:, -1], *sums)


def distinct(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows of columns of codes, sorted, and for each row which of them it is."""
    base, width = max(int(column.max(initial=0)) for column in columns) + 1, len(columns)
    if base**width >= 2**62:
        rows, place = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        return rows, place.ravel()
    numbers = columns[0].astype(np.int64)
    for column in columns[1:]:
        numbers = numbers * base + column
    kept, place = _distinct_numbers(numbers, base**width)
    return kept[:, None] // base ** np.arange(width - 1, -1, -1) % base, place


def _distinct_numbers(numbers: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same of numbers below `size`: by looking up where that is small, else by sorting."""
    if size > len(numbers) + 1_000_000:
        order = np.argsort(numbers, kind="stable")
        begins = np.diff(numbers[order], prepend=-1) > 0
        place = np.empty(len(numbers), np.int64)
        place[order] = np.cumsum(begins) - 1
        return numbers[order][begins], place
    kept = np.flatnonzero(np.bincount(numbers, minlength=1))
    at = np.zeros(size, np.int64)
    at[kept] = np.arange(len(kept))
    return kept, at[numbers]


def chain(steps: Steps) -> Chain:
    """Return the chain that the steps were made by."""
    states, target = distinct([*steps.history[:, 1:].T, steps.channel])
    left = np.bincount(target, steps.often, len(states))
    first = steps.history[:, -1] == 0
    source = _place(states, steps.history[~first])
    begins = np.bincount(target[first], steps.often[first], len(states))
    converts = np.bincount(target, steps.converts, len(states)) / left
    flow = steps.often[~first] / left[source]
    return Chain(states, source, target[~first], flow, begins / begins.sum(), converts)


def _place(states: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the rows of `states` (sorted, distinct) that are the wanted ones: each was reached before it was left."""
    base = int(states.max()) + 1
    weights = base ** np.arange(states.shape[1] - 1, -1, -1, dtype=np.int64)
    rows: np.ndarray = np.searchsorted(states @ weights, wanted @ weights)
    return rows


def base_rate(solved: Chain) -> float:
    """Return what a journey brings: the same for a chain of every order."""
    return float(_reached(solved) @ solved.converts)


def removal_effects(solved: Chain, channels: int) -> np.ndarray:
    """Return for each channel 1 to `channels` the share of conversions that is lost without it; all 0 if there is none.

    A channel that never occurs has 0.
    """
    (effects,) = removal_effects_of([solved], channels)
    return effects


def removal_effects_of(solved: Sequence[Chain], channels: int) -> list[np.ndarray]:
    """Return the same for chains that differ only in what is brought (conversions, value), in one go."""
    some = [chain for chain in solved if chain.converts.any()]
    dense = not some or len(some[0].states) <= DENSE
    found = [_by_inverse(chain, channels) for chain in some] if dense else _by_following(some, channels)
    effects = iter([np.clip(effect, 0.0, 1.0) for effect in found])
    return [next(effects) if chain.converts.any() else np.zeros(channels) for chain in solved]


def _inverse(solved: Chain) -> np.ndarray:
    """Return N: how often each state is met by who is in another."""
    matrix = np.eye(len(solved.states))
    np.subtract.at(matrix, (solved.source, solved.target), solved.flow)
    found: np.ndarray = np.linalg.inv(matrix)
    return found


def _by_inverse(solved: Chain, channels: int) -> np.ndarray:
    """One inverse for all channels; of order 1 the rest is a division."""
    met = _inverse(solved)
    seen, worth = solved.begins @ met, met @ solved.converts
    base = solved.begins @ worth
    effects = np.zeros(channels)
    if solved.states.shape[1] == 1:
        effects[solved.states[:, 0] - 1] = seen * worth / (met.diagonal() * base)
        return effects
    for channel in range(1, channels + 1):
        (own,) = np.nonzero((solved.states == channel).any(axis=1))
        if len(own):
            first = np.linalg.solve(met[np.ix_(own, own)].T, seen[own])
            effects[channel - 1] = first @ worth[own] / base
    return effects


def _by_following(solved: Sequence[Chain], channels: int) -> list[np.ndarray]:
    """Let the journeys go on until hardly any is under way, and see what those bring who were kept out of a channel."""
    met = following.met(solved[0], channels)
    kept = [chain.converts @ met for chain in solved]
    return [1.0 - brought[1:] / brought[0] for brought in kept]


def _reached(solved: Chain) -> np.ndarray:
    """Return how often each state is met by a journey."""
    if len(solved.states) <= DENSE:
        found: np.ndarray = solved.begins @ _inverse(solved)
        return found
    now, met = solved.begins, solved.begins.copy()
    while now.sum() > following.LEFT:
        now = np.bincount(solved.target, now[solved.source] * solved.flow, len(now))
        met += now
    return met
