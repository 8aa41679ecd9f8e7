"""Markov chains of journeys: counted steps, and the chain that they were made by.

A state is the last `order` channels of a journey, 0 where it has not had so many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


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
