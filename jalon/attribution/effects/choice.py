"""Which memory of a Markov chain the data bear out: each order is fitted to four fifths of the persons and asked what
it thinks of the rest.

Compared are the means, per journey, of minus the log-likelihood (nats; smaller is better) of the whole way (every step
and the end), by which the order is proposed, and of the outcome alone (converted or not, given the last state), beside
which stands what knowing only the base rate gives: where no order is better than that, the ways tell nothing about who
buys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jalon.attribution.codes import MAX_ORDER
from jalon.attribution.effects.chains import Steps, distinct

FOLDS = 5
END = 0
"""What follows the last step, beside the codes of channels."""


class Choice(NamedTuple):
    """`way` and `outcome`: order -> mean loss of a journey held out, in nats; `outcome[0]`: by the base rate."""

    way: dict[int, float]
    outcome: dict[int, float]

    @property
    def proposed(self) -> int | None:
        """The order that tells most of ways it has not seen; None if nothing could be held out."""
        return min(self.way, key=lambda order: (self.way[order], order)) if self.way else None


def choose(steps: Steps, fold: np.ndarray) -> Choice:
    """Return how each order does; `fold` says of each row to which fifth of the persons its steps belong."""
    journeys = float(steps.ends.sum())
    if len(np.unique(fold[steps.ends > 0])) < FOLDS:
        return Choice({}, {})
    way = [loss / journeys for loss in _losses_of_way(steps, fold)]
    outcome = [loss / journeys for loss in _losses_of_outcome(steps, fold)]
    return Choice(dict(enumerate(way[1:], start=1)), dict(enumerate(outcome)))


def _losses_of_way(steps: Steps, fold: np.ndarray) -> Iterator[float]:
    """Yield, for order 0, 1, ..., the loss over all that came next: steps, and ends as a step to `END`.

    Each order leans on the one below by one observation, so that what was never seen is not impossible.
    """
    reached = [*steps.history[:, 1:].T, steps.channel]
    history = [np.concatenate(pair) for pair in zip(steps.history.T, reached, strict=True)]
    follows = np.concatenate([steps.channel, np.full(len(fold), END)])
    often = np.concatenate([steps.often, steps.ends])
    folds = np.concatenate([fold, fold])
    guess = np.full(len(follows), 1.0 / (int(follows.max()) + 1))
    for order in range(MAX_ORDER + 1):
        known, seen = _place(history, order), _place([*history, follows], order + 1)
        guess = (_of_others(seen, folds, often) + guess) / (_of_others(known, folds, often) + 1.0)
        yield -float(often @ np.log(guess))


def _losses_of_outcome(steps: Steps, fold: np.ndarray) -> Iterator[float]:
    """Yield, for order 0 (the base rate), 1, ..., the loss over whether journeys converted."""
    reached = [*steps.history[:, 1:].T, steps.channel]
    lost = steps.ends - steps.converts
    guess = np.full(len(fold), 0.5)
    for order in range(MAX_ORDER + 1):
        known = _place(reached, order)
        guess = (_of_others(known, fold, steps.converts) + guess) / (_of_others(known, fold, steps.ends) + 1.0)
        yield -float(steps.converts @ np.log(guess) + lost @ np.log1p(-guess))


def _place(columns: list[np.ndarray], last: int) -> np.ndarray:
    """Return for each row which of the distinct ones it is, by the last columns alone."""
    return distinct(columns[-last:])[1] if last else np.zeros(len(columns[0]), np.int64)


def _of_others(place: np.ndarray, fold: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return for each row the weight of rows like it in the other folds."""
    own = place * FOLDS + fold
    found: np.ndarray = np.bincount(place, weights)[place] - np.bincount(own, weights)[own]
    return found
