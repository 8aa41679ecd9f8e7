"""Noisy-or: Shapley values against brute force, chances against grid search, and that EM climbs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jalon.attribution.effects import coalitions, noisy_or
from tests.attribution.played_sets import Rows, rows, sets_of, totals

CHANCES = st.lists(st.floats(0, 0.999), min_size=1, max_size=9)


@settings(deadline=None, max_examples=60)
@given(CHANCES)
def test_values_are_those_of_the_game_over_all_subsets(chances: list[float]) -> None:
    size = len(chances)
    members = [[c for c in range(size) if mask >> c & 1] for mask in range(1 << size)]
    game = np.array([1 - math.prod(1 - chances[c] for c in each) for each in members])
    found = noisy_or.shapley(np.array([chances]))[0]
    assert found == pytest.approx(coalitions.shapley(game), abs=1e-12)
    assert found.sum() == pytest.approx(game[-1], abs=1e-12)


def test_two_channels_share_what_both_would_have_brought() -> None:
    """phi of one is p (1 - q/2): half of what both bring belongs to either."""
    assert noisy_or.shapley(np.array([[0.2, 0.5]]))[0] == pytest.approx([0.2 * 0.75, 0.5 * 0.9])


@settings(deadline=None, max_examples=40)
@example(  # extrapolation led to a chance of zero, which no later step could leave
    [(frozenset([0]), 2, 20), (frozenset([0, 1]), 3, 4)],
    10.0,
)
@given(rows(4), st.sampled_from([1e-3, 1.0, 10.0]))
def test_no_step_goes_downhill_and_the_end_is_a_summit(met: Rows, prior: float) -> None:
    sets = sets_of(met)
    journeys, won = totals(sets)
    met_by = np.bincount(sets.channel, journeys[sets.of], 4) + prior
    problem = noisy_or._Problem(sets, journeys, won, met_by, prior)
    now, heights = np.full(5, 0.3), []
    for _ in range(50):
        heights.append(problem.height(now))
        now, _ = problem.onward(now)
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(heights))
    fitted = noisy_or.fit(sets, journeys, won, 4, prior)
    summit = np.append(fitted.own, fitted.leak)
    for place, change in itertools.product(range(5), (-1e-3, 1e-3)):
        moved = np.clip(summit + change * (np.arange(5) == place), 0, noisy_or.SURE)
        assert problem.height(moved) <= problem.height(summit) + 1e-6


def test_chances_are_found_again() -> None:
    random = np.random.default_rng(5)
    leak, own = 0.02, np.array([0.05, 0.15, 0.3, 0.0])
    met = []
    for size in range(1, 5):
        for each in itertools.combinations(range(4), size):
            chance = 1 - (1 - leak) * math.prod(1 - own[c] for c in each)
            won = int(random.binomial(20_000, chance))
            met.append((frozenset(each), won, 20_000 - won))
    fitted = noisy_or.fit(sets := sets_of(met), *totals(sets), 4, 10.0)
    assert fitted.settled
    assert [*fitted.own, fitted.leak] == pytest.approx([*own, leak], abs=0.006)


def test_a_channel_that_no_sale_followed_brings_none() -> None:
    sets = sets_of([(frozenset({0}), 5, 5), (frozenset({0, 1}), 0, 9), (frozenset({1}), 0, 9)])
    fitted = noisy_or.fit(sets, *totals(sets), 2, 10.0)
    assert fitted.own[1] == pytest.approx(0, abs=1e-6)
