"""Sets of channels with what came of the journeys that met them, as the models that learn are given them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from jalon.attribution.effects.choice import FOLDS
from jalon.attribution.effects.sets import Sets

Rows = Sequence[tuple[frozenset[int], int, int]]
"""(channels from 0, journeys that converted, journeys that did not)."""


def sets_of(rows: Rows) -> Sets:
    """Count as the engine does; journeys fall into folds in turn."""
    masks = sorted({sum(1 << channel for channel in met) for met, *_ in rows})
    members = [(place, c) for place, mask in enumerate(masks) for c in range(62) if mask >> c & 1]
    journeys, conversions = np.zeros((len(masks), FOLDS)), np.zeros((len(masks), FOLDS))
    for met, won, lost in rows:
        place = masks.index(sum(1 << channel for channel in met))
        for number in range(won + lost):
            journeys[place, number % FOLDS] += 1
            conversions[place, number % FOLDS] += number < won
    of, channel = np.array(members).T
    return Sets(
        np.array(masks)[:, None], of, channel, journeys, conversions, int(journeys.sum()), int(conversions.sum())
    )


def totals(sets: Sets) -> tuple[np.ndarray, np.ndarray]:
    """Return journeys and conversions per set."""
    return sets.journeys.sum(axis=1), sets.conversions.sum(axis=1)


def rows(channels: int) -> st.SearchStrategy[Rows]:
    """Return journeys over so many channels, some of which converted and some not."""
    met = st.frozensets(st.integers(0, channels - 1), min_size=1)
    found = st.lists(st.tuples(met, st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=12)
    return found.filter(lambda rows: sum(row[1] for row in rows) > 0 and sum(row[2] for row in rows) > 0)
