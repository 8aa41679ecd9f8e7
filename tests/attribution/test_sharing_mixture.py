"""The mixture: how near it comes to what is true, how sure it says it is, and what must always hold."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.sharing import sampling
from jalon.attribution.sharing.anyway import Taught, taught
from jalon.attribution.sharing.fitting import fit
from jalon.attribution.sharing.learning import UNTAUGHT, UNTAUGHT_SLOW, Learned, learned, per_order
from jalon.attribution.sharing.mixture import (
    Clicks,
    Counts,
    Delay,
    Exposure,
    Floats,
    Layout,
    Named,
    Problem,
    Size,
    cells,
    delays,
)
from jalon.attribution.sharing.posterior import draw
from jalon.attribution.sharing.sampling import Drawn, Running, ends, twins
from jalon.attribution.sharing.solving import solve
from tests.attribution.played_clicks import (
    DAYS,
    WINDOW,
    WORLDS,
    Kind,
    World,
    by_method,
    error,
    nearness,
    shared_out,
    told,
)


@pytest.mark.parametrize("kind", WORLDS.values(), ids=WORLDS)
def test_it_comes_nearer_than_clicks_or_the_last_content_and_knows_how_near(kind: Kind) -> None:
    ours, clicks, last, coverage = nearness(kind, range(1, 6))
    assert ours <= 0.6 * clicks
    assert ours <= last / 3
    assert 0.8 <= coverage <= 0.99


def lessons(world: World) -> Taught:
    posed = told(world)
    teach = posed.clicks.of(posed.is_named[posed.clicks.content])
    return taught(learned(teach, posed.named, WINDOW, DAYS), usual=1.0, seed=1)


def test_named_orders_teach_the_delay_and_what_a_click_is_worth() -> None:
    known = lessons(World(Kind(own=1, per_click=0.1, vary=0.5), 3))
    played = 0.6 ** np.arange(WINDOW + 1)
    quick = np.arange(WINDOW + 1) == 0
    slow, _, shape, mean = known.middle()
    found = (1 - slow) * quick + slow * delays(known.delay, WINDOW)
    assert found == pytest.approx(played / played.sum(), abs=0.03)
    assert mean == pytest.approx(0.1, rel=0.3)
    assert shape == pytest.approx(4, rel=0.7)


@pytest.mark.parametrize("moved", [0.0, 0.4, 1.0])
def test_named_orders_teach_how_many_would_have_come_anyway(moved: float) -> None:
    """Those are alike over contents, where what a click brings is not."""
    found = [lessons(World(Kind(own=1, per_click=0.1, vary=0.8, moved=moved), seed)).anyway() for seed in (1, 2, 3, 4)]
    assert np.mean(found) == pytest.approx(moved / (1 + moved), abs=0.1)
    ends = np.quantile(found, [0.05, 0.95], axis=1)
    assert np.mean((ends[0] <= moved / (1 + moved)) & (moved / (1 + moved) <= ends[1])) >= 0.75


def test_where_contents_are_alike_it_is_not_sure_that_nothing_would_have_come_anyway() -> None:
    unlike, alike = (lessons(World(Kind(own=1, per_click=0.1, vary=vary), 1)).anyway() for vary in (0.8, 0.1))
    assert np.quantile(unlike, 0.95) < 0.1
    assert np.quantile(alike, 0.95) > 0.3


def test_without_named_orders_it_goes_by_what_is_usual() -> None:
    none = np.zeros(0, dtype=np.int64)
    nobody = Named(none, none, none, none.astype(float))
    found = learned(World(Kind(1, 0.1, 0.5), 3).clicks, nobody, 7, DAYS)
    assert found[:2] == (UNTAUGHT, UNTAUGHT_SLOW)
    assert taught(found, usual=0.3, seed=1).middle() == pytest.approx((UNTAUGHT_SLOW, 0, 1, 0.3))


def test_two_contents_that_always_come_together_are_told_as_alike() -> None:
    day = np.repeat(np.arange(40), 2)
    content = np.tile([0, 1], 40)
    clicks = Clicks(content, day * 0, day, np.full(80, 50.0))
    each = np.full(40, 4.0)
    orders = Counts(np.zeros(40, dtype=np.int64), np.arange(40), each, each)
    exposed = Layout(clicks, 7, 40).exposure(UNTAUGHT)
    problem = Problem(Size(2, 1, 40), cells(orders, exposed, 40), *exposed.by_content(2), np.zeros(2))
    assert twins(drawn(problem)) == [(0, 1)]


def test_what_the_platform_claims_teaches_and_is_no_order() -> None:
    world = World(WORLDS["more orders per click"], 4)
    without = shared_out(world)
    problem, _, ours, _ = solve(told(world)._replace(claimed=world.orders), WINDOW, 1)
    assert error(world, by_method(problem, ours)) < error(world, by_method(without.problem, without.drawn))
    placed = problem.cells.lines.sum()
    given = (ours.share * problem.cells.lines[problem.cells.cell]).sum() + (ours.own * problem.cells.lines).sum()
    assert given == pytest.approx(placed)


def test_a_platform_that_claims_in_other_units_is_heard_the_same() -> None:
    """What its figure stands for is told by the contents of which it names the orders, too."""
    world = World(WORLDS["more orders per click"], 4)
    one, other = (solve(told(world)._replace(claimed=world.orders * units), WINDOW, 1) for units in (1, 3))
    assert np.array_equal(one.drawn.orders, other.drawn.orders)
    assert per_order(np.array([6.0, 9.0, 0.0]), np.array([2.0, 3.0, 4.0])) == 3
    assert per_order(np.array([6.0]), np.array([0.0])) == 1


def test_a_platform_that_takes_back_more_than_it_claims_claims_nothing() -> None:
    world = World(WORLDS["few orders that no content brought"], 1)
    less, nothing = (solve(told(world)._replace(claimed=world.orders * units), WINDOW, 1) for units in (-1, 0))
    assert np.array_equal(less.drawn.orders, nothing.drawn.orders)


def test_an_order_of_two_products_is_one_order_of_the_content() -> None:
    world = World(WORLDS["few orders that no content brought"], 1)
    posed = told(world)
    halved = posed._replace(counts=posed.counts._replace(orders=posed.counts.lines / 2))
    whole, half = solve(posed, WINDOW, 1).drawn, solve(halved, WINDOW, 1).drawn
    assert half.orders == pytest.approx(whole.orders / 2)
    assert np.array_equal(half.share, whole.share)


# --- what always holds ------------------------------------------------------------------------------------------------

rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 9), st.integers(1, 50)), min_size=1, max_size=25
)
placed = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(1, 6)), min_size=1, max_size=12)


def posed(clicked: list[tuple[int, int, int, int]], bought: list[tuple[int, int, int]]) -> Problem:
    exposed = laid_out(clicked).exposure(Delay(1.5, 2))
    product, day, count = np.array(bought).T
    counts = Counts(product, day, count.astype(float), count.astype(float))
    return Problem(Size(4, 3, 10), cells(counts, exposed, 10), *exposed.by_content(4), np.zeros(4))


def laid_out(clicked: list[tuple[int, int, int, int]]) -> Layout:
    columns = np.array(clicked).T
    return Layout(Clicks(columns[0], columns[1], columns[2], columns[3].astype(float)), 5, 10)


def drawn(problem: Problem, draws: int = 40) -> Drawn:
    """Share out where half of what follows a click is slow, and a little of it would have come anyway."""
    known = Taught(UNTAUGHT, *(np.full(draws, value) for value in (0.5, 0.002, 1.0, 0.05)))
    return draw(problem, fit(problem, known), known)


@settings(max_examples=40, deadline=None)
@given(rows, placed)
def test_every_order_is_shared_out_whole(
    clicked: list[tuple[int, int, int, int]], bought: list[tuple[int, int, int]]
) -> None:
    problem = posed(clicked, bought)
    found = drawn(problem)
    whole = found.own + np.bincount(problem.cells.cell, weights=found.share, minlength=len(found.own))
    assert whole == pytest.approx(np.ones(len(found.own)))
    assert (found.low <= found.share + 1e-12).all()
    assert (found.share <= found.high + 1e-12).all()
    assert ((found.share >= 0) & (found.low >= 0) & (found.high <= 1)).all()
    assert problem.cells.lines.sum() == sum(count for *_, count in bought)


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
    first, second = (drawn(problem, 5) for problem in (one, other))
    assert np.array_equal(first.share, second.share)


@given(st.floats(0.1, 10), st.sampled_from([1, 2]), st.integers(1, 40))
def test_delays_are_a_distribution(days: float, steps: int, window: int) -> None:
    found = delays(Delay(days, steps), window)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()


@given(st.floats(0.1, 4), st.sampled_from([1, 2]))
def test_the_mean_delay_is_what_it_says(days: float, steps: int) -> None:
    """Clicks and orders fall within their days, so the days between them are as many in the mean as the time is."""
    found = delays(Delay(days, steps), 200)
    assert found @ np.arange(201) == pytest.approx(days, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(rows)
def test_every_click_is_laid_out_once_and_what_comes_later_is_cut_off(clicked: list[tuple[int, int, int, int]]) -> None:
    early = [row for row in clicked if row[2] <= 4]
    clicks = float(sum(row[3] for row in early))
    found = laid_out(early).exposure(Delay(1.5, 2)) if early else Exposure(*(np.zeros(0) for _ in range(5)))
    assert (found.quick.sum(), found.slow.sum()) == (pytest.approx(clicks), pytest.approx(clicks))
    assert laid_out(clicked).exposure(Delay(1.5, 2)).slow.sum() <= sum(row[3] for row in clicked) + 1e-9


def test_orders_that_no_click_can_have_led_to_teach_nothing() -> None:
    clicks = Clicks(np.array([0, 1, 2]), np.zeros(3, dtype=np.int64), np.array([5, 5, 5]), np.full(3, 100.0))

    def lesson(day: list[int]) -> tuple[Delay, float, Floats]:
        content = np.arange(len(day)) % 3
        found: Learned = learned(clicks, Named(content, content * 0, np.array(day), np.full(len(day), 9.0)), 7, 40)
        return found.delay, found.slow, found.seen.orders

    one, other = lesson([5, 5, 6]), lesson([5, 5, 6, 2, 30])
    assert one[:2] == other[:2]
    assert np.array_equal(one[2], other[2])


def test_intervals_that_are_made_wider_move_no_mean() -> None:
    """Widened draws end at zero; their mean would lie above what was drawn."""
    share = Running(1)
    for each in (0.0, 1.0, 0.5):
        share.add(np.array([each]))
    found = sampling.drawn(share, np.array([0.5]), np.array([[0.0], [2.0], [1.0]]), 9.0)
    assert found.orders.tolist() == [[0.0], [4.0], [1.0]]
    mean, low, high = ends(found)
    assert (mean.tolist(), low[0] < 1 < high[0]) == ([1.0], True)
