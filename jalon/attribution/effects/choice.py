"""Which memory of a Markov chain the data bear out: each order is fitted to four fifths of the persons and asked what
it thinks of the rest.

Compared are the means, per journey, of minus the log-likelihood (nats; smaller is better) of the whole way (every step
and the end), by which the order is proposed, and of the outcome alone (converted or not, given the last state), beside
which stands what knowing only the base rate gives: where no order is better than that, the ways tell nothing about who
buys.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jalon.attribution.effects.chains import MAX_ORDER, Steps

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
    way = dict.fromkeys(range(1, MAX_ORDER + 1), 0.0)
    outcome = dict.fromkeys(range(MAX_ORDER + 1), 0.0)
    for held in range(FOLDS):
        apart = fold == held
        taught, asked = (_only(steps, rows) for rows in (~apart, apart))
        for order, likelihood in enumerate(_next(taught, asked)):
            if order:
                way[order] -= likelihood / journeys
        for order, likelihood in enumerate(_outcome(taught, asked)):
            outcome[order] -= likelihood / journeys
    return Choice(way, outcome)


def _only(steps: Steps, rows: np.ndarray) -> Steps:
    return Steps(*(column[rows] for column in steps))


def _events(steps: Steps) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (history, what came next, how often): steps, and ends as a step to `END`."""
    reached = np.column_stack([steps.history[:, 1:], steps.channel])
    history = np.vstack([steps.history, reached])
    follows = np.concatenate([steps.channel, np.full(len(reached), END)])
    return history, follows, np.concatenate([steps.often, steps.ends])


def _next(taught: Steps, asked: Steps) -> list[float]:
    """Return, for order 0, 1, ..., the log-likelihood of what came next; each order leans on the one below by one
    observation, so that what was never seen is not impossible."""
    history, follows, often = _events(taught)
    asked_history, asked_follows, asked_often = _events(asked)
    size = int(max(follows.max(), asked_follows.max())) + 1
    guess = np.full(len(asked_follows), 1.0 / size)
    found = []
    for order in range(MAX_ORDER + 1):
        width = history.shape[1]
        known, wanted = _codes(history[:, width - order :], asked_history[:, width - order :])
        whole = np.bincount(known, often, wanted.max() + 1 + known.max())
        pairs, asked_pairs = known * size + follows, wanted * size + asked_follows
        seen = _looked_up(pairs, often, asked_pairs)
        guess = (seen + guess) / (whole[wanted] + 1.0)
        found.append(float(asked_often @ np.log(guess)))
    return found


def _outcome(taught: Steps, asked: Steps) -> list[float]:
    """Return, for order 0 (the base rate), 1, ..., the log-likelihood of whether journeys converted."""
    history, asked_history = (np.column_stack([s.history[:, 1:], s.channel]) for s in (taught, asked))
    guess = np.full(len(asked.ends), 0.5)
    found = []
    for order in range(MAX_ORDER + 1):
        width = history.shape[1]
        known, wanted = _codes(history[:, width - order :], asked_history[:, width - order :])
        ends = _looked_up(known, taught.ends, wanted)
        guess = (_looked_up(known, taught.converts, wanted) + guess) / (ends + 1.0)
        lost = asked.ends - asked.converts
        found.append(float(asked.converts @ np.log(guess) + lost @ np.log1p(-guess)))
    return found


def _codes(known: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the rows of both alike."""
    if not known.shape[1]:
        return np.zeros(len(known), np.int64), np.zeros(len(wanted), np.int64)
    _, place = np.unique(np.vstack([known, wanted]), axis=0, return_inverse=True)
    place = place.ravel()
    return place[: len(known)], place[len(known) :]


def _looked_up(keys: np.ndarray, weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the sum of the weights of each wanted key; 0 for one that is not there."""
    distinct, place = np.unique(keys, return_inverse=True)
    sums = np.bincount(place.ravel(), weights, len(distinct))
    at = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
    return np.where(distinct[at] == wanted, sums[at], 0.0)
