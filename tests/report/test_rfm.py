"""RFM: scores by quantiles that do not depend on the order of rows, and a segment for everybody who has scores."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.report.people.rfm import BEST, SEGMENTS, scores, scores_within, segments
from tests.handmade import day, order
from tests.report.people_made import People

VALUES = st.lists(st.integers(0, 12).map(float), min_size=4, max_size=60)


def of(values: list[float]) -> list[int]:
    found = scores(np.array(values))
    assert found is not None
    return [int(score) for score in found]


def by_hand(values: list[float]) -> list[int]:
    """The definition, said again: in which part the share lies that one is ahead of."""
    parts = 5 if len(values) >= 25 else 3 if len(values) >= 9 else 2
    ahead = [sum(other < value for other in values) for value in values]
    return [1 + (place * parts // len(values)) * 4 // (parts - 1) for place in ahead]


def test_fifths_of_a_hundred_are_twenty_each() -> None:
    found = of([float(value) for value in range(100)])
    assert [found.count(score) for score in range(1, 6)] == [20] * 5
    assert (found[0], found[99]) == (1, 5)


def test_who_bought_once_like_most_has_the_lowest_score_of_frequency() -> None:
    found = of([1.0] * 80 + [2.0] * 15 + [3.0] * 5)
    assert (set(found[:80]), set(found[80:95]), set(found[95:])) == ({1}, {5}, {5})


@pytest.mark.parametrize(
    ("buyers", "different"), [(25, {1, 2, 3, 4, 5}), (24, {1, 3, 5}), (9, {1, 3, 5}), (8, {1, 5}), (4, {1, 5})]
)
def test_few_buyers_are_told_apart_less_finely(buyers: int, different: set[int]) -> None:
    assert set(of([float(value) for value in range(buyers)])) == different


def test_three_buyers_have_no_scores() -> None:
    assert scores(np.array([1.0, 2.0, 3.0])) is None


@given(VALUES, st.randoms(use_true_random=False))
def test_scores_are_as_defined_in_any_order_alike_for_the_alike_and_never_lower_for_more(
    values: list[float], chance: object
) -> None:
    found = of(values)
    assert found == by_hand(values)
    order_ = list(range(len(values)))
    chance.shuffle(order_)  # type: ignore[attr-defined]
    assert of([values[at] for at in order_]) == [found[at] for at in order_]
    ranked = sorted(zip(values, found, strict=True))
    assert all(low[1] <= high[1] for low, high in pairwise(ranked))
    assert {found[at] for at in range(len(values)) if values[at] == min(values)} == {1}


def test_each_currency_is_ranked_by_itself() -> None:
    money = np.array([1.0, 2.0, 3.0, 4.0, 100.0, 200.0, 300.0, 400.0, 9.0])
    found = scores_within(money, np.array(["EUR"] * 4 + ["JPY"] * 4 + ["KWD"]))
    assert found.tolist() == [1, 1, 5, 5, 1, 1, 5, 5, 0]


def test_every_set_of_scores_has_a_segment_and_every_segment_somebody() -> None:
    every = np.array(list(product(range(1, BEST + 1), repeat=3)))
    found = segments(*every.T)
    assert set(found) == {segment.name for segment in SEGMENTS}
    named = {tuple(row): name for row, name in zip(every.tolist(), found, strict=True)}
    assert named[5, 5, 5] == "champions"
    assert named[1, 5, 5] == "cannot_lose"
    assert named[3, 4, 4] == "loyal"
    assert named[5, 1, 3] == "new"
    assert named[2, 4, 2] == "at_risk"
    assert named[3, 2, 2] == "need_attention"
    assert named[1, 1, 1] == "lost"


def test_customers_have_scores_by_their_orders_and_who_only_looked_has_none(in_town: People) -> None:
    told = in_town.sql(
        "SELECT purchases, net_minor, days_since_purchase, recency_score, frequency_score, monetary_score, rfm_segment "
        "FROM dim_customers WHERE is_customer ORDER BY person"
    )
    often, money, since, *ranked, named = (list(column) for column in zip(*told, strict=True))
    expected = [by_hand([float(value) for value in own]) for own in ([-days for days in since], often, money)]
    assert ranked == expected
    assert named == segments(*np.array(expected)).tolist()
    sizes = dict(in_town.sql("SELECT member, value FROM rpt_stage_measures WHERE measure = 'segment'"))
    assert {name: int(size) for name, size in sizes.items()} == {name: named.count(name) for name in set(named)}
    lookers = in_town.sql("SELECT DISTINCT purchases, recency_score, rfm_segment FROM dim_customers WHERE sales = 0")
    assert lookers == [(None, None, None)]


def test_money_counts_in_the_currency_of_most_orders_and_sales_of_one_day_are_one_purchase(few: People) -> None:
    found = few.sql("SELECT currency, sales, purchases, net_minor, net FROM dim_customers WHERE person = 'a'")
    assert [tuple(map(str, row)) for row in found] == [("EUR", "3", "2", "1500", "15.0000")]


def test_days_of_purchases_are_those_where_the_account_sells_and_not_of_utc(tmp_path: Path) -> None:
    """West of Greenwich midnight of UTC falls into the afternoon; east of it the last day may be ahead of UTC's."""
    west, east = day(1), day(3)
    facts = [
        *(order(f"a{n}", 1 + hours / 24, person="a", placed_date=west) for n, hours in enumerate((23.5, 25.5))),
        *(order(f"b{n}", 1 + hours / 24, person="b", placed_date=day(1 + n)) for n, hours in enumerate((25, 47))),
        order("c", 2.9, person="c", placed_date=east),
    ]
    found = People(tmp_path, facts).sql("SELECT person, purchases, days_since_purchase FROM dim_customers ORDER BY ALL")
    assert found == [("a", 1, 1), ("b", 2, 0), ("c", 1, 0)]
