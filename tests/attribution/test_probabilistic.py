"""Shao and Li's model, and logistic regression in bags."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

from jalon.attribution.effects import coalitions, irls, logistic, shao_li
from tests.attribution.played_sets import Rows, rows, sets_of, totals

ALMOST_NONE = 1e-9


def test_the_worked_example_of_three_channels() -> None:
    """p_A = .1, p_B = .2, p_C = .25, p_AB = .35, p_AC = .3, p_BC = .4: the notes on attribution, section 2.5."""
    rates = np.array([[0.1, 0.35, 0.3], [0.35, 0.2, 0.4], [0.3, 0.4, 0.25]])
    sets = sets_of([(frozenset({0, 1, 2}), 1, 1)])
    assert shao_li.credits_in_sets(sets, rates) == pytest.approx([0.1, 0.2, 0.225])


def test_rates_are_of_journeys_that_met_one_or_both() -> None:
    sets = sets_of([(frozenset({0}), 1, 9), (frozenset({0, 1}), 6, 4), (frozenset({1}), 2, 8)])
    rates = shao_li.pair_rates(sets, *totals(sets), 2, ALMOST_NONE)
    assert rates == pytest.approx(np.array([[7 / 20, 6 / 10], [6 / 10, 8 / 20]]))


def test_a_pair_that_was_never_met_together_adds_nothing() -> None:
    sets = sets_of([(frozenset({0}), 1, 9), (frozenset({1}), 2, 8)])
    rates = shao_li.pair_rates(sets, *totals(sets), 2, 10.0)
    assert rates == pytest.approx(np.array([[1 / 20, 3 / 20], [3 / 20, 2 / 20]]))


@settings(deadline=None, max_examples=40)
@given(rows(5))
def test_credits_are_those_of_the_formula_journey_by_journey(met: Rows) -> None:
    sets = sets_of(met)
    each = shao_li.credits_in_sets(sets, shao_li.pair_rates(sets, *totals(sets), 5, ALMOST_NONE))

    def rate(*such: int) -> float:
        own = [(won, won + lost) for channels, won, lost in met if set(such) <= channels and won + lost]
        return sum(won for won, _ in own) / sum(size for _, size in own)

    for of, channel, found in zip(sets.of, sets.channel, each, strict=True):
        if sets.journeys[of].sum() == 0:
            continue
        others = [c for c in sets.channel[sets.of == of] if c != channel]
        company = sum(rate(channel, other) - rate(channel) - rate(other) for other in others)
        assert found == pytest.approx(rate(channel) + company / (2 * max(len(others), 1)), abs=1e-6)


def test_of_two_channels_it_is_the_shapley_value_of_these_rates() -> None:
    sets = sets_of([(frozenset({0}), 1, 9), (frozenset({0, 1}), 6, 4), (frozenset({1}), 2, 8)])
    rates = shao_li.pair_rates(sets, *totals(sets), 2, ALMOST_NONE)
    each = shao_li.credits_in_sets(sets, rates)
    game = np.array([0, rates[0, 0], rates[1, 1], rates[0, 1]])
    assert each[sets.of == 2] == pytest.approx(coalitions.shapley(game))


# --- logistic -------------------------------------------------------------------------------------------------------


def made_by(slopes: list[float], constant: float, size: int) -> Rows:
    """Journeys that convert with the log-odds `constant` plus the slopes of the channels met, without chance."""
    found = []
    for many in range(1, len(slopes) + 1):
        for met in itertools.combinations(range(len(slopes)), many):
            won = round(size / (1 + np.exp(-constant - sum(slopes[c] for c in met))))
            found.append((frozenset(met), won, size - won))
    return found


def test_coefficients_are_found_again_with_their_spread() -> None:
    sets = sets_of(made_by([1.0, 0.5, -0.7], -2.0, 4000))
    bags = logistic.fit(sets, *totals(sets), 3, logistic.BAGS)
    assert bags.slopes.mean(axis=0) == pytest.approx([1.0, 0.5, -0.7], abs=0.03)
    assert 0.01 < bags.slopes.std(axis=0).max() < 0.1
    assert logistic.chances(sets, bags) == pytest.approx(totals(sets)[1] / 4000, abs=0.01)


def test_spread_is_that_of_drawing_journeys_anew() -> None:
    """The mean and the spread of the bags are those of regressions on samples drawn one journey at a time."""
    sets = sets_of(made_by([1.0, -0.5], -1.0, 300))
    bags = logistic.fit(sets, *totals(sets), 2, 200)
    random = np.random.default_rng(1)
    journeys, won = totals(sets)
    design = np.column_stack([sets.presence(2), np.ones(len(journeys))])
    place = np.repeat(np.arange(len(journeys)), journeys.astype(int))
    bought = np.concatenate([np.arange(int(m)) < w for m, w in zip(journeys, won, strict=True)])
    drawn = []
    for _ in range(200):
        own = random.integers(0, len(place), len(place))
        trials, wins = (np.bincount(place[own], weights, len(journeys)) for weights in (None, bought[own]))
        drawn.append(irls.coefficients(design, trials, wins, np.array([1.0, 1.0, 1e-6]))[:2])
    assert bags.slopes.std(axis=0) == pytest.approx(np.std(drawn, axis=0), rel=0.25)
    assert bags.slopes.mean(axis=0) == pytest.approx(np.mean(drawn, axis=0), abs=0.06)


def test_half_of_the_channels_are_left_out_of_each_bag_where_there_are_many() -> None:
    sets = sets_of(made_by([0.5, 0.5, 0.0, -0.5, 0.2], -1.0, 50))
    bags = logistic.fit(sets, *totals(sets), 5, 40)
    assert set((~np.isnan(bags.slopes)).sum(axis=1)) == {3}
    assert (~np.isnan(bags.slopes)).sum(axis=0).min() >= 10


@settings(deadline=None, max_examples=15)
@given(rows(4))
def test_any_counts_have_finite_coefficients_the_same_each_time(met: Rows) -> None:
    sets = sets_of(met)
    bags = logistic.fit(sets, *totals(sets), 4, 5)
    assert np.isfinite(np.nan_to_num(bags.slopes)).all()
    assert np.isfinite(bags.constant).all()
    again = logistic.fit(sets, *totals(sets), 4, 5)
    assert np.array_equal(bags.slopes, again.slopes, equal_nan=True)
