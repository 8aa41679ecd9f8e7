"""Removal effects of Markov chains, solved exactly: how many conversions would be missing without each channel.

Without a channel whoever would reach it is lost; its removal effect is the share of all conversions that is lost so
(Anderl, Becker, von Wangenheim and Schumann, Int. J. of Research in Marketing 33 (2016) 457-474). There it is found by
solving the chain again without the channel. Here nothing is solved again: with N = (I - Q)^-1, b = N r and the begin
row s, the states S of a channel are first reached with probabilities h = (s N)_S (N_SS)^-1, and what is lost is h b_S.
Nothing is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jalon.attribution.effects import following
from jalon.attribution.effects.chains import Chain

DENSE = 300
"""Above so many states the journeys are followed step by step, channel by channel, instead of one matrix inverted."""


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
