"""Following the journeys of a chain step by step, for all channels side by side, each kept out of its own.

What is asked is how often each state is met until hardly any journey is under way. Where the states are most of those
that could be, a step is one product of matrices for each of the middles that two states in a row share; else it goes
along the edges that there are.
"""

from __future__ import annotations

import numpy as np

from jalon.attribution.effects.chains import Chain

LEFT = 1e-13
"""Share of the journeys that may still be under way when following them ends: the error is below it."""
MOST_CELLS = 4_000_000
"""Of up to so many steps that could be (states by what may come next), all are held in one table."""


def met(solved: Chain, channels: int) -> np.ndarray:
    """Return how often a journey meets each state: (states, 1 + channels), first with none kept out, then with each."""
    base, memory = channels + 1, solved.states.shape[1]
    return _in_a_table(solved, base) if base ** (memory + 1) <= MOST_CELLS else _along_edges(solved, base)


def _in_a_table(solved: Chain, base: int) -> np.ndarray:
    """States are told by their first channel and the middle that follows; with what comes next, the middle goes on."""
    memory = solved.states.shape[1]
    middles = base ** (memory - 1)
    first, middle = solved.states[:, 0], solved.states[:, 1:] @ base ** np.arange(memory - 2, -1, -1, dtype=np.int64)
    onward = np.zeros((middles, base, base))
    onward[middle[solved.source], first[solved.source], solved.states[solved.target, -1]] = solved.flow
    open_ = np.zeros((middles, base, base))
    now = np.zeros((middles, base, base))
    open_[middle, :, first] = _open(solved.states, base)
    now[middle, :, first] = solved.begins[:, None]
    now *= open_
    seen = now.copy()
    while now[:, 0].sum() > LEFT:
        now = _gone_on(now @ onward, base, memory) * open_
        seen += now
    found: np.ndarray = seen[middle, :, first]
    return found


def _gone_on(reached: np.ndarray, base: int, memory: int) -> np.ndarray:
    """Turn (middle, kept out, next) round to (middle, kept out, first) of the states that are reached."""
    if memory == 1:
        return reached
    apart = reached.reshape(base, base ** (memory - 2), base, base)
    turned: np.ndarray = apart.transpose(1, 3, 2, 0).reshape(reached.shape)
    return turned


def _along_edges(solved: Chain, base: int) -> np.ndarray:
    by_target = np.argsort(solved.target, kind="stable")
    source, target, flow = solved.source[by_target], solved.target[by_target], solved.flow[by_target]
    starts = np.flatnonzero(np.r_[True, target[1:] != target[:-1]]) if len(target) else np.zeros(0, np.int64)
    open_ = _open(solved.states, base)
    now = solved.begins[:, None] * open_
    seen: np.ndarray = now.copy()
    while now[:, 0].sum() > LEFT and len(target):
        reached = np.add.reduceat(now[source] * flow[:, None], starts, axis=0)
        now = np.zeros_like(now)
        now[target[starts]] = reached
        now *= open_
        seen += now
    return seen


def _open(states: np.ndarray, base: int) -> np.ndarray:
    """Return 1 where a state has not the channel that is kept out, else 0: (states, 1 + channels)."""
    open_ = np.ones((len(states), base))
    for place in range(states.shape[1]):
        open_[np.arange(len(states)), states[:, place]] = 0.0
    open_[:, 0] = 1.0
    return open_
