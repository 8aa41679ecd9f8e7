"""What is said of a model beside its credit: how well it foretells who buys among persons it has not seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.effects import irls
from jalon.attribution.effects.held_out import Counts, by_base_rate, foretold, judged


def counts(rows: list[tuple[int, int, int]]) -> Counts:
    """Rows (fold, journeys, conversions)."""
    return Counts(*(np.array(column) for column in zip(*rows, strict=True)))


TWO_KINDS = [(fold, 1000, won) for fold in range(5) for won in (100, 300)]


def test_chances_that_are_right_are_told_to_be() -> None:
    told = judged(counts(TWO_KINDS), np.tile([0.1, 0.3], 5))
    entropy = [-(p * math.log(p) + (1 - p) * math.log(1 - p)) for p in (0.1, 0.3, 0.2)]
    assert told["loss"] == pytest.approx((entropy[0] + entropy[1]) / 2, abs=1e-6)
    assert told["loss_of_base"] == pytest.approx(entropy[2], abs=1e-4)
    assert told["calibration_ratio"] == pytest.approx(1)
    assert told["calibration_slope"] == pytest.approx(1, abs=1e-4)
    assert told["calibration"] == [
        {"journeys": 5000, "foretold": 0.1, "seen": 0.1},
        {"journeys": 5000, "foretold": 0.3, "seen": 0.3},
    ]


def test_chances_that_are_too_bold_or_too_high_are_told_to_be() -> None:
    bold = judged(counts(TWO_KINDS), np.tile([0.01, 0.6], 5))
    assert bold["calibration_slope"] < 0.5
    high = judged(counts(TWO_KINDS), np.tile([0.2, 0.6], 5))
    assert high["calibration_ratio"] == pytest.approx(0.5)
    assert high["loss"] > judged(counts(TWO_KINDS), np.tile([0.1, 0.3], 5))["loss"]


def test_the_base_rate_alone_has_no_slope_and_an_auc_of_a_half() -> None:
    rows = counts([(fold, 100, 20) for fold in range(5)])
    told = judged(rows, by_base_rate(rows))
    assert (told["auc"], told["calibration_slope"]) == (0.5, None)
    assert told["loss"] == told["loss_of_base"]
    assert len(told["calibration"]) == 1


def test_where_nothing_can_be_held_out_nothing_is_told() -> None:
    assert judged(counts([(0, 10, 2)]), np.array([0.2])) == {}
    assert judged(counts([(0, 10, 0), (1, 10, 0)]), np.array([0.2, 0.2])) == {}
    assert judged(counts([(0, 10, 10), (1, 10, 10)]), np.array([0.2, 0.2])) == {}


def test_a_model_is_asked_only_about_what_it_was_not_taught() -> None:
    rows = counts([(0, 10, 1), (1, 10, 2), (1, 10, 3), (2, 10, 4)])

    def teach(seen: np.ndarray) -> np.ndarray:
        return np.where(seen, np.nan, rows.conversions[seen].sum())

    assert foretold(rows, teach).tolist() == [9, 5, 5, 6]


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(0, 8), st.sampled_from([0.1, 0.2, 0.2, 0.7])),
    min_size=2,
    max_size=10,
)


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_figures_are_those_of_the_journeys_one_by_one(rows: list[tuple[int, int, int, float]]) -> None:
    told = judged(counts([(fold, won + lost, won) for fold, won, lost, _ in rows]), np.array([row[3] for row in rows]))
    each = [(p, True) for _, won, _, p in rows for _ in range(won)]
    each += [(p, False) for _, _, lost, p in rows for _ in range(lost)]
    bought, left = [p for p, won in each if won], [p for p, won in each if not won]
    if not told:
        assert not bought or not left or len({fold for fold, won, lost, _ in rows if won + lost}) < 2
        return
    pairs = [1.0 if p > q else 0.5 if p == q else 0.0 for p in bought for q in left]
    assert told["auc"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-6)
    assert told["loss"] == pytest.approx(-sum(math.log(p if won else 1 - p) for p, won in each) / len(each), abs=1e-6)
    assert sum(part["journeys"] for part in told["calibration"]) == len(each)


def test_a_regression_finds_what_counts_were_made_by() -> None:
    """Of one column the coefficients are the log-odds without it and what it adds to them."""
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    found = irls.coefficients(design, np.array([1000.0, 1000.0]), np.array([100.0, 300.0]), np.zeros(2))
    assert found == pytest.approx([math.log(1 / 9), math.log(3 / 7) - math.log(1 / 9)])


def test_a_ridge_keeps_finite_what_the_counts_would_not() -> None:
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    found = irls.coefficients(design, np.array([50.0, 50.0]), np.array([0.0, 50.0]), np.array([0.0, 1.0]))
    assert 2 < found[1] < 20
    chance = irls.probabilities(design, found)
    assert design.T @ (np.array([0, 50]) - 50 * chance) == pytest.approx([0, found[1]], abs=1e-6)
