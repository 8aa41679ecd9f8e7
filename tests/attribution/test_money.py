"""Sharing money out: not a cent is lost, whatever the amount and the weights, in Python and in the engine."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.money import MAX_POINTS, share, with_shares

AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_shares_sum_to_the_total(total: int, weights: list[int]) -> None:
    assert sum(share(total, weights)) == total


@given(AMOUNTS, WEIGHTS)
def test_no_share_is_a_unit_away_from_its_quota_or_against_the_sign(total: int, weights: list[int]) -> None:
    for part, weight in zip(share(total, weights), weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)
        assert part * total >= 0


@given(AMOUNTS, WEIGHTS, st.integers(1, 50))
def test_only_the_proportion_of_weights_matters(total: int, weights: list[int], factor: int) -> None:
    assert share(total, weights) == share(total, [weight * factor for weight in weights])


@given(AMOUNTS, WEIGHTS)
def test_what_is_taken_back_in_full_leaves_nothing(total: int, weights: list[int]) -> None:
    assert [a + b for a, b in zip(share(total, weights), share(-total, weights), strict=True)] == [0] * len(weights)


def test_units_left_over_go_to_the_largest_remainders_first_of_equal_ones() -> None:
    assert share(100, [1, 1, 1]) == [34, 33, 33]
    assert share(10, [6, 3, 1]) == [6, 3, 1]
    assert share(7, [1, 5, 1]) == [1, 5, 1]
    assert share(-100, [1, 1, 1]) == [-34, -33, -33]
    assert share(0, [1, 2]) == [0, 0]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_that_share_nothing_out_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        share(100, weights)


GROUPS = st.lists(
    st.tuples(
        st.integers(-(10**14), 10**14),
        st.one_of(
            st.lists(st.integers(1, 5), min_size=1, max_size=6),
            st.lists(st.integers(1, MAX_POINTS // 6), min_size=1, max_size=6),
        ),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(GROUPS)
def test_the_table_form_gives_the_same_shares(groups: list[tuple[int, list[int]]]) -> None:
    rows = [
        {"order": order, "place": place, "points": points, "total": total}
        for order, (total, weights) in enumerate(groups)
        for place, points in enumerate(weights)
    ]
    with DuckDB() as engine:
        names = dict.fromkeys(("order", "place", "points", "total"), "int64")
        table = engine.take("rows", pa.Table.from_pylist(rows), names)
        shared = engine.dicts(
            with_shares(table, "order", "place", {"part": "total"}).order_by(ibis.asc("order"), "place")
        )
    expected = [part for total, weights in groups for part in share(total, weights)]
    assert [row["part"] for row in shared] == expected
