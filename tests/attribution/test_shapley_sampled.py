"""Shapley values by sampled orders of arrival: right on average, and as wrong as they say."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.effects import coalitions, sampling
from tests.attribution.played_sets import Rows, rows, sets_of, totals
from tests.attribution.timed import timed


@settings(deadline=None, max_examples=30)
@given(rows(4), st.sampled_from([1e-6, 1.0, 10.0]))
def test_the_mean_over_all_orders_is_the_exact_value(met: Rows, prior: float) -> None:
    sets = sets_of(met)
    arrivals = np.array(list(itertools.permutations(range(4))))
    gains = sampling.gains_in_order(arrivals, sets, *totals(sets), prior)
    exact = coalitions.rate_values(sets.masks[:, 0], *totals(sets), 4, prior)
    assert gains.mean(axis=0) == pytest.approx(exact, abs=1e-9)


def played(channels: int, journeys: int) -> Rows:
    random = np.random.default_rng(3)
    worth = np.linspace(0.02, 0.2, channels)
    met = [frozenset(map(int, random.choice(channels, random.integers(1, 5), replace=False))) for _ in range(journeys)]
    won = [int(random.random() < 1 - np.prod([1 - worth[c] for c in each])) for each in met]
    return [(each, w, 1 - w) for each, w in zip(met, won, strict=True)]


def test_errors_are_as_great_as_they_are_said_to_be() -> None:
    sets = sets_of(played(12, 4000))
    found = sampling.rate_values(sets, *totals(sets), 12, 10.0)
    exact = coalitions.rate_values(sets.masks[:, 0], *totals(sets), 12, 10.0)
    off = (found.values - exact) / found.errors
    assert found.errors.max() <= sampling.NEAR * abs(found.values.sum())
    assert np.abs(off).max() < 4
    assert 0.3 < np.sqrt((off**2).mean()) < 2


def test_of_more_channels_than_can_be_gone_through_each_has_its_own_value_and_the_error_is_told() -> None:
    table = {"person": [], "time": [], "channel": [], "conversion": []}  # type: ignore[var-annotated]
    for number, (met, won, _) in enumerate(played(25, 3000)):
        for place, channel in enumerate(sorted(met)):
            row = (f"p{number}", place + 1, f"c{channel:02}", bool(won) and place == len(met) - 1)
            for name, value in zip(table, row, strict=True):
                table[name].append(value)
    found = attribution.channel_effects(timed(pa.table(table)), "shapley_rate")
    told = found.schema.metadata[b"learnt"]
    assert b'"players": 25' in told
    assert b'"standard_error": 0.0' in told
    effects = np.array(found["effect"].to_pylist())
    assert np.corrcoef(effects, np.arange(25))[0, 1] > 0.8
    assert attribution.channel_effects(timed(pa.table(table)), "shapley_rate").equals(found)
