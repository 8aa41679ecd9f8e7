"""The mixture: how near it comes to what is true, how sure it says it is, and what must always hold."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.sharing.fitting import fit
from jalon.attribution.sharing.learning import _log_gamma, learned_prior, learned_ratio
from jalon.attribution.sharing.mixture import Clicks, Counts, Named, Prior, Problem, Size, cells, delays, exposure
from jalon.attribution.sharing.posterior import draw, twins
from tests.attribution.played_clicks import (
    DAYS,
    WINDOW,
    Kind,
    World,
    by_clicks,
    by_last,
    by_method,
    covered,
    error,
    shared_out,
)

WORLDS = {
    "many orders that no content brought": Kind(own=3, per_click=0.02, vary=0.8),
    "clicks of very unlike worth": Kind(own=3, per_click=0.02, vary=1.2),
    "more orders per click": Kind(own=1, per_click=0.1, vary=0.8),
    "few orders that no content brought": Kind(own=0.5, per_click=0.02, vary=0.8),
    "delays of another form": Kind(own=1, per_click=0.05, vary=0.8, uniform=True),
    "content that tires": Kind(own=1, per_click=0.05, vary=0.8, tiring=True),
}


@pytest.mark.parametrize("kind", WORLDS.values(), ids=WORLDS)
def test_it_comes_nearer_than_clicks_or_the_last_content_and_knows_how_near(kind: Kind) -> None:
    found = []
    for seed in (1, 2, 3):
        world = World(kind, seed)
        problem, drawn = shared_out(world)
        errors = (error(world, guess) for guess in (by_method(problem, drawn), by_clicks(world), by_last(world)))
        found.append((*errors, covered(world, problem, drawn)))
    ours, clicks, last, coverage = np.mean(found, axis=0)
    assert ours <= 0.6 * clicks
    assert ours <= last / 3
    assert 0.8 <= coverage <= 0.99


def test_named_orders_teach_the_delay_and_what_a_click_is_worth() -> None:
    world = World(Kind(own=1, per_click=0.1, vary=0.5), 3)
    assert learned_ratio(world.clicks, world.named(), WINDOW, DAYS) == pytest.approx(0.6, abs=0.06)
    exposed = exposure(world.clicks, 0.6, WINDOW, DAYS).by_content(len(world.labelled))
    prior = learned_prior(world.orders[world.labelled], exposed[world.labelled])
    assert prior is not None
    assert prior.shape / prior.rate == pytest.approx(0.1, rel=0.3)
    assert prior.shape == pytest.approx(4, rel=0.7)


def test_without_named_orders_it_goes_by_what_is_usual() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert (
        learned_ratio(World(Kind(1, 0.1, 0.5), 3).clicks, Named(none, none, none, none.astype(float)), 7, DAYS) == 0.5
    )
    assert learned_prior(np.array([0.0, 0.0, 0.0]), np.array([10.0, 10.0, 10.0])) is None
    assert learned_prior(np.array([3.0]), np.array([10.0])) is None


def test_two_contents_that_always_come_together_are_told_as_alike() -> None:
    day = np.repeat(np.arange(40), 2)
    content = np.tile([0, 1], 40)
    clicks = Clicks(content, day * 0, day, np.full(80, 50.0))
    orders = Counts(np.zeros(40, dtype=np.int64), np.arange(40), np.full(40, 4.0))
    open_ = exposure(clicks, 0.5, 7, 40)
    problem = Problem(Size(2, 1, 40), cells(orders, open_, 40), open_.by_content(2), np.zeros(2))
    assert twins(draw(problem, fit(problem, Prior(1.0, 20.0)))) == [(0, 1)]


def test_what_the_platform_claims_teaches_and_is_no_order() -> None:
    world = World(WORLDS["more orders per click"], 4)
    problem, drawn = shared_out(world)
    claimed = Problem(problem.size, problem.cells, problem.exposed, world.nameless)
    ours = draw(claimed, fit(claimed, Prior(1.5, 15.0)))
    assert error(world, by_method(claimed, ours)) < error(world, by_method(problem, drawn))
    placed = problem.cells.orders.sum()
    given = (ours.share * problem.cells.orders[problem.cells.cell]).sum() + (ours.own * problem.cells.orders).sum()
    assert given == pytest.approx(placed)


# --- what always holds ------------------------------------------------------------------------------------------------

rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 9), st.integers(1, 50)), min_size=1, max_size=25
)
placed = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(1, 6)), min_size=1, max_size=12)


def posed(clicked: list[tuple[int, int, int, int]], bought: list[tuple[int, int, int]]) -> Problem:
    columns = np.array(clicked).T
    open_ = exposure(Clicks(columns[0], columns[1], columns[2], columns[3].astype(float)), 0.5, 5, 10)
    product, day, count = np.array(bought).T
    return Problem(
        Size(4, 3, 10), cells(Counts(product, day, count.astype(float)), open_, 10), open_.by_content(4), np.zeros(4)
    )


@settings(max_examples=40, deadline=None)
@given(rows, placed)
def test_every_order_is_shared_out_whole(
    clicked: list[tuple[int, int, int, int]], bought: list[tuple[int, int, int]]
) -> None:
    problem = posed(clicked, bought)
    drawn = draw(problem, fit(problem, None), draws=20)
    whole = drawn.own + np.bincount(problem.cells.cell, weights=drawn.share, minlength=len(drawn.own))
    assert whole == pytest.approx(np.ones(len(drawn.own)))
    assert (drawn.low <= drawn.share + 1e-12).all()
    assert (drawn.share <= drawn.high + 1e-12).all()
    assert ((drawn.share >= 0) & (drawn.low >= 0) & (drawn.high <= 1)).all()
    assert problem.cells.orders.sum() == sum(count for *_, count in bought)


@settings(max_examples=25, deadline=None)
@given(rows, placed, st.randoms())
def test_the_order_of_rows_is_nothing(
    clicked: list[tuple[int, int, int, int]], bought: list[tuple[int, int, int]], chance: Random
) -> None:
    other_clicks, other_orders = list(clicked), list(bought)
    chance.shuffle(other_clicks)
    chance.shuffle(other_orders)
    one, other = posed(clicked, bought), posed(other_clicks, other_orders)
    assert np.array_equal(one.cells.content, other.cells.content)
    first, second = (draw(problem, fit(problem, None), draws=5) for problem in (one, other))
    assert np.array_equal(first.share, second.share)


@given(st.floats(0, 0.95), st.integers(0, 30))
def test_delays_are_a_distribution(ratio: float, window: int) -> None:
    found = delays(ratio, window)
    assert found.sum() == pytest.approx(1)
    assert (np.diff(found) <= 0).all()


def test_log_gamma_is_that_of_the_textbook() -> None:
    from math import lgamma

    x = np.array([0.01, 0.2, 1, 1.5, 3, 50, 1e4])
    assert _log_gamma(x) == pytest.approx([lgamma(value) for value in x], rel=1e-9, abs=1e-9)
