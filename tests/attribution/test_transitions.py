"""How people move between stages: the figures equal a recount in plain Python, and what they mean on small journeys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.attribution.options import Options
from jalon.attribution.stage_times import curve
from jalon.normalize.vocabulary import Fact
from tests.attribution import recount_moves
from tests.attribution.handmade_brand import brand
from tests.handmade import Run, order, same, touch

WINDOW = Options().window


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("moves"), brand(1), models=["linear"])


def test_transitions_equal_a_recount(run: Run) -> None:
    told = {
        tuple(row[name] for name in ("preset", "cut", "value", "from_stage", "to_stage")): tuple(
            row[name] for name in ("touchpoints", "persons", "persons_from")
        )
        for row in run.rows("transitions")
    }
    assert told == recount_moves.transitions(run.folder, WINDOW)
    assert len(told) > 300


def test_times_between_stages_equal_the_product_limit_in_exact_fractions(run: Run) -> None:
    names = ("persons", "reached", "minutes_25", "minutes_50", "minutes_75")
    told = {
        tuple(row[name] for name in ("preset", "from_stage", "to_stage")): (
            *(row[name] for name in names),
            round(float(row["share_in_window"]), 6),
        )
        for row in run.rows("stage_times")
    }
    assert told == recount_moves.stage_times(run.folder, WINDOW)
    assert any(figures[2] is None for figures in told.values()), "some quartiles are not reached"
    assert any(figures[2] is not None for figures in told.values())


def test_drop_offs_equal_a_recount(run: Run) -> None:
    told = {
        tuple(row[name] for name in ("preset", "cut", "value", "stage", "state")): tuple(
            row[name] for name in ("journeys", "touchpoints", "returned")
        )
        for row in run.rows("drop_offs")
    }
    assert told == recount_moves.drop_offs(run.folder, WINDOW)
    assert {key[4] for key in told} == {"over", "open"}


def test_every_touchpoint_on_the_way_is_followed_by_one_thing_in_every_cut(run: Run) -> None:
    met = sum(len(way) for way in recount_moves.ways(run.folder))
    for preset in ("canonical", "lifecycle"):
        for cut in ("all", "channel", "selling_mode"):
            assert sum(row["touchpoints"] for row in run.rows("transitions", preset=preset, cut=cut)) == met


def moves(run: Run) -> dict[tuple[str, str], tuple[int, int, float]]:
    return {
        (row["from_stage"], row["to_stage"]): (row["touchpoints"], row["persons"], float(row["share"]))
        for row in run.rows("transitions", preset="canonical", cut="all")
    }


def test_a_small_way_from_stage_to_stage(tmp_path: Path) -> None:
    """Two look around and put into the cart; one buys under the name that the cookie turns out to be."""
    facts: list[Fact] = [
        touch("1", 1, "cookie"),
        touch("2", 2, "cookie", kind="product_view"),
        touch("3", 3, "cookie", kind="add_to_cart"),
        same("cookie", "a"),
        order("bought", 4, person="a"),
        touch("4", 1, "b"),
        touch("5", 1.5, "b", kind="add_to_cart"),
        touch("6", 60, None, kind="view"),
    ]
    run = Run(tmp_path, facts, models=["linear"])
    assert moves(run) == {
        ("discovery", "consideration"): (1, 1, 0.5),
        ("discovery", "decision"): (1, 1, 0.5),
        ("consideration", "decision"): (1, 1, 1.0),
        ("decision", "purchase"): (1, 1, 0.5),
        ("decision", "nowhere"): (1, 1, 0.5),
        ("purchase", "nowhere"): (1, 1, 1.0),
    }
    (way,) = run.rows("stage_times", preset="canonical", from_stage="discovery", to_stage="decision")
    assert (way["persons"], way["reached"], way["minutes_25"], way["minutes_50"], way["minutes_75"]) == (
        *(2, 2, 720, 720),
        2880,
    )
    assert float(way["share_in_window"]) == 1
    (ended,) = run.rows("drop_offs", preset="canonical", cut="all")
    assert (ended["stage"], ended["state"], ended["journeys"], ended["touchpoints"], ended["returned"]) == (
        *("decision", "over", 1, 2),
        0,
    )


def test_who_stopped_lately_may_still_go_on(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("1", 1, "a"), touch("2", 20, "b"), touch("3", 45, "c")], models=["linear"])
    assert {key: figures[:2] for key, figures in moves(run).items()} == {
        ("discovery", "nowhere"): (1, 1),
        ("discovery", "not_yet"): (2, 2),
    }
    states = {row["state"]: row["journeys"] for row in run.rows("drop_offs", preset="canonical", cut="all")}
    assert states == {"over": 1, "open": 2}


def test_a_cart_counts_for_more_than_what_was_looked_at_after_it(tmp_path: Path) -> None:
    facts = [
        touch("1", 1, "a", kind="add_to_cart", channel="site", selling_mode="linked"),
        touch("2", 2, "a", kind="visit", channel="email"),
        touch("3", 50, "a", kind="other", channel="email"),
    ]
    run = Run(tmp_path, facts, models=["linear"])
    told = {
        (row["value"], row["stage"], row["state"], row["returned"])
        for row in run.rows("drop_offs", preset="canonical", cut="selling_mode")
    }
    assert told == {("linked", "decision", "over", 1), ("communication", "unknown", "open", 0)}
    assert {row["value"] for row in run.rows("drop_offs", preset="canonical", cut="channel")} == {"email"}


def test_no_facts_give_no_moves(tmp_path: Path) -> None:
    run = Run(tmp_path, [])
    assert [run.rows(name) for name in ("transitions", "stage_times", "drop_offs")] == [[], [], []]


def test_a_clock_that_is_ahead_ends_nothing_later(tmp_path: Path) -> None:
    """A touchpoint dated after it was observed does not make journeys of today look abandoned."""
    facts = [touch("1", 99, "a"), touch("2", 400, "b")]
    run = Run(tmp_path, facts, models=["linear"])
    states = {row["state"]: row["journeys"] for row in run.rows("drop_offs", preset="canonical", cut="all")}
    assert states == {"open": 2}


persons = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=40)


@given(persons)
def test_without_censoring_the_curve_is_what_was_counted(people: list[tuple[int, bool]]) -> None:
    minutes = sorted({time for time, _ in people})
    counts = [sum(time == one for time, _ in people) for one in minutes]
    found = curve(np.array(minutes), np.array(counts), np.zeros(len(minutes), int))
    times = sorted(time for time, _ in people)
    for part in (25, 50, 75):
        needed = next(n for n in range(1, len(times) + 1) if 100 * n >= part * len(times))
        assert found.quantile(part / 100) == times[needed - 1]
    assert found.share(times[-1]) == pytest.approx(1)


@given(persons)
def test_who_is_still_on_the_way_only_makes_it_longer(people: list[tuple[int, bool]]) -> None:
    minutes = sorted({time for time, _ in people})

    def told(censored: bool) -> np.ndarray:
        there = [sum(time == one and (there or not censored) for time, there in people) for one in minutes]
        away = [sum(time == one and not there and censored for time, there in people) for one in minutes]
        return curve(np.array(minutes), np.array(there), np.array(away)).left

    assert (told(True) >= told(False) - 1e-12).all()
    assert (np.diff(told(True)) <= 0).all()


def test_the_curve_of_the_trial_of_freireich() -> None:
    """Weeks of remission of 21 patients (Freireich et al., Blood 21 (1963)); the product-limit estimates of 6-MP as in
    every textbook: .857 at 6, .807 at 7, .753 at 10, .690 at 13, .627 at 16, .538 at 22, .448 at 23; median 23."""
    reached = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    censored = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    weeks = sorted({*reached, *censored})
    found = curve(
        np.array(weeks), np.array([reached.get(w, 0) for w in weeks]), np.array([censored.get(w, 0) for w in weeks])
    )
    left = dict(zip(weeks, found.left.round(3).tolist(), strict=True))
    assert {week: left[week] for week in reached} == {
        6: 0.857, 7: 0.807, 10: 0.753, 13: 0.69, 16: 0.627, 22: 0.538, 23: 0.448,
    }  # fmt: skip
    assert (found.persons, found.reached, found.quantile(0.5), found.quantile(0.75)) == (21, 9, 23, None)
