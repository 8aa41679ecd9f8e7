"""What models learn: the worked examples, independent brute force, and what must change nothing."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.codes import MAX_ORDER
from jalon.attribution.effects import chains, choice, coalitions, following, removal
from jalon.attribution.effects.counts import fold
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.groups import group
from tests.attribution.timed import timed
from tests.handmade import Run, order, touch

Path_ = tuple[int, ...]
Paths = Sequence[tuple[Path_, int, int]]
"""(channels, how often it converted, how often it did not)."""


def counted(paths: Paths, order: int = MAX_ORDER, worth: Sequence[float] | None = None) -> chains.Steps:
    """Count the steps of paths in plain Python."""
    often, ends, converts = Counter(), Counter(), Counter()  # type: ignore[var-annotated]
    for number, (path, won, lost) in enumerate(paths):
        for place, channel in enumerate(path):
            key = (*((0,) * order + path[:place])[-order:], channel)
            often[key] += won + lost
            if place == len(path) - 1:
                ends[key] += won + lost
                converts[key] += won if worth is None else worth[number]
    keys = sorted(often)
    table = np.array(keys, dtype=np.int64)
    return chains.Steps(
        table[:, :-1], table[:, -1], *(np.array([each[k] for k in keys], float) for each in (often, ends, converts))
    )


def solved(paths: Paths, order: int = 1) -> chains.Chain:
    return chains.chain(chains.shortened(counted(paths), order))


def base_rate(solved: chains.Chain) -> float:
    """Return what a journey brings: the same for a chain of every order."""
    go_on = np.eye(len(solved.states))
    np.subtract.at(go_on, (solved.source, solved.target), solved.flow)
    return float(solved.begins @ np.linalg.solve(go_on, solved.converts))


def removal_effects(paths: Paths, order: int = 1) -> list[float]:
    channels = max(max(path) for path, *_ in paths)
    return list(removal.removal_effects(solved(paths, order), channels))


def brute_force(paths: Paths, order: int, channel: int) -> float:
    """Solve the chain anew without a channel, whose states all lead nowhere, and compare; by states as tuples."""
    go: dict[Path_, Counter[Path_ | str]] = {}
    for path, won, lost in paths:
        state: Path_ = (0,) * order
        for step in path:
            new = (*state[1:], step)
            go.setdefault(state, Counter())[new] += won + lost
            state = new
        go.setdefault(state, Counter()).update({"won": won, "lost": lost})

    def rate(without: int | None) -> float:
        states = [state for state in go if without not in state]
        number = {state: n for n, state in enumerate(states)}
        matrix, wins = np.eye(len(states)), np.zeros(len(states))
        for state in states:
            whole = sum(go[state].values())
            for to, count in go[state].items():
                if to == "won":
                    wins[number[state]] += count / whole
                elif to in number:
                    matrix[number[state], number[to]] -= count / whole  # type: ignore[index]
        return float(np.linalg.solve(matrix, wins)[number[(0,) * order]])

    return 1 - rate(channel) / rate(None)


# --- worked examples ------------------------------------------------------------------------------------------------


def test_the_worked_example_of_the_markov_literature() -> None:
    """C1 > C2 > C3 converts, C1 and C2 > C3 do not: the example that is passed on from one description of Anderl et
    al. (2016) to the next."""
    paths = [((1, 2, 3), 1, 0), ((1,), 0, 1), ((2, 3), 0, 1)]
    assert base_rate(solved(paths)) == pytest.approx(1 / 3)
    assert removal_effects(paths) == pytest.approx([0.5, 1, 1])


def test_the_worked_example_of_paths_of_two_channels() -> None:
    paths = [((1,), 2, 1), ((2,), 1, 0), ((1, 2), 1, 0)]
    effects = removal_effects(paths)
    assert base_rate(solved(paths)) == pytest.approx(0.8)
    assert effects == pytest.approx([0.75, 0.5])
    assert [effect / sum(effects) * 4 for effect in effects] == pytest.approx([2.4, 1.6])


def test_effects_by_value_follow_what_conversions_brought() -> None:
    paths = [((1,), 1, 0), ((2,), 1, 0)]
    by_value = chains.chain(chains.shortened(counted(paths, worth=[30, 10]), 1))
    assert base_rate(by_value) == pytest.approx(20)
    assert list(removal.removal_effects(by_value, 2)) == pytest.approx([0.75, 0.25])


def test_the_worked_example_of_shapley_in_closed_form() -> None:
    """AB A six times, A four times, BC five times, CCBA three times: what sets won, shared out evenly inside them."""
    won = {0b011: 6, 0b001: 4, 0b110: 5, 0b111: 3}
    game = coalitions.subset_sums(np.bincount(list(won), list(won.values()), 8))
    assert list(coalitions.shapley(game)) == pytest.approx([4 + 6 / 2 + 3 / 3, 6 / 2 + 5 / 2 + 3 / 3, 5 / 2 + 3 / 3])


# --- against independent solutions ----------------------------------------------------------------------------------

PATHS = st.lists(
    st.tuples(st.lists(st.integers(1, 4), min_size=1, max_size=6).map(tuple), st.integers(0, 3), st.integers(0, 3)),
    min_size=1,
    max_size=8,
).filter(lambda paths: sum(won for _, won, _ in paths) > 0)


def _met(paths: Paths) -> Paths:
    return [row for row in paths if row[1] + row[2]]


@settings(deadline=None, max_examples=60)
@given(PATHS, st.integers(1, 4))
def test_removal_effects_are_those_of_solving_again_without_the_channel(paths: Paths, order: int) -> None:
    paths = _met(paths)
    found = removal_effects(paths, order)
    assert found == pytest.approx([brute_force(paths, order, c) for c in range(1, len(found) + 1)], abs=1e-9)
    assert base_rate(solved(paths, order)) == pytest.approx(
        sum(won for _, won, _ in paths) / sum(won + lost for _, won, lost in paths)
    )


@settings(deadline=None, max_examples=40)
@given(PATHS, st.integers(1, 4))
def test_following_the_journeys_ends_where_the_inverse_does(paths: Paths, order: int) -> None:
    chain = solved(_met(paths), order)
    exact = pytest.approx(removal._by_inverse(chain, 4), abs=1e-9)
    assert removal._by_following([chain], 4)[0] == exact
    assert 1 - (chain.converts @ following._along_edges(chain, 5))[1:] / base_rate(chain) == exact


def test_large_chains_are_followed_and_agree_with_solving_again() -> None:
    random = np.random.default_rng(7)
    ways = [tuple(map(int, random.integers(1, 9, random.integers(1, 7)))) for _ in range(1500)]
    paths = [(way, int(random.random() < 0.3), 0) for way in ways]
    paths = [(way, won, 1 - won) for way, won, _ in paths]
    assert len(solved(paths, 3).states) > removal.DENSE
    assert removal_effects(paths, 3)[4] == pytest.approx(brute_force(paths, 3, 5), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(PATHS)
def test_a_memory_longer_than_the_journeys_gives_the_share_of_conversions_that_met_the_channel(paths: Paths) -> None:
    paths = [(path[:4], won, lost) for path, won, lost in _met(paths)]
    whole = sum(won for _, won, _ in paths)
    channels = max(max(path) for path, *_ in paths)
    shares = [sum(won for path, won, _ in paths if c in path) / whole for c in range(1, channels + 1)]
    assert removal_effects(paths, 4) == pytest.approx(shares)


@settings(deadline=None, max_examples=40)
@given(PATHS)
def test_repeats_and_channels_that_never_occur_change_nothing_of_order_one(paths: Paths) -> None:
    paths = _met(paths)
    merged = [(tuple(c for c, _ in itertools.groupby(path)), won, lost) for path, won, lost in paths]
    assert removal_effects(merged) == pytest.approx(removal_effects(paths))
    assert list(removal.removal_effects(solved(paths), 6)[4:]) == [0, 0]
    halves = [(path, n, m) for path, won, lost in paths for n, m in ((won, 0), (0, lost)) if n + m]
    assert removal_effects(halves[::-1]) == pytest.approx(removal_effects(paths))


def test_without_conversions_nothing_has_an_effect() -> None:
    assert removal_effects([((1, 2), 0, 3)]) == [0, 0]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-10, 10), min_size=31, max_size=31), st.integers(1, 5))
def test_shapley_values_are_the_mean_over_all_orders_of_arrival(worths: list[float], players: int) -> None:
    game = np.array([0.0, *worths])[: 1 << players]
    means = np.zeros(players)
    for arrival in itertools.permutations(range(players)):
        here = 0
        for player in arrival:
            means[player] += (game[here | 1 << player] - game[here]) / math.factorial(players)
            here |= 1 << player
    assert coalitions.shapley(game) == pytest.approx(means, abs=1e-9)
    assert coalitions.subset_sums(coalitions.dividends(game)) == pytest.approx(game, abs=1e-9)


def test_rates_of_sets_lean_on_the_smaller_ones() -> None:
    sets, met, won = np.array([1, 2, 3]), np.array([100, 100, 1]), np.array([10, 20, 0])
    alone = coalitions.rate_values(sets, met, won, 2, 1e-9)
    assert alone == pytest.approx(_of_two(0.1, 0.2, 30 / 201))
    leaning = coalitions.rate_values(sets, met, won, 2, 100)
    assert leaning == pytest.approx(_of_two(0.05, 0.1, (30 + 100 * 0.075) / 301))


def _of_two(one: float, other: float, both: float) -> list[float]:
    return [(one + both - other) / 2, (other + both - one) / 2]


# --- the whole way --------------------------------------------------------------------------------------------------


def journeys(*ways: tuple[str, bool], repeat: int = 1) -> list[object]:
    """Facts of persons who went a way (channels by their first letters), and bought or not."""
    facts: list[object] = []
    for number, (way, bought) in enumerate(ways * repeat):
        facts += [touch(f"t{number}.{place}", place, f"p{number}", channel=c) for place, c in enumerate(way)]
        if bought:
            facts.append(order(f"{number}", len(way), 1000, person=f"p{number}"))
    return facts


def test_effects_of_a_run_are_the_worked_example_and_credit_goes_by_them(tmp_path: Path) -> None:
    run = Run(tmp_path, journeys(("123", True), ("1", False), ("23", False)))  # type: ignore[arg-type]
    rows = run.rows("effects", model="markov")
    assert [(row["channel"], row["effect"], row["steps"]) for row in rows] == [("1", 0.5, 2), ("2", 1, 2), ("3", 1, 2)]
    assert {row["base_rate"] for row in rows} == {0.333333333333}
    assert run.credit("0", "markov") == {"t0.0": 200, "t0.1": 400, "t0.2": 400}


def test_repeats_of_a_channel_get_it_no_more_credit(tmp_path: Path) -> None:
    run = Run(tmp_path, journeys(("1123", True), ("1", False), ("23", False)))  # type: ignore[arg-type]
    assert run.credit("0", "markov") == {"t0.0": 100, "t0.1": 100, "t0.2": 400, "t0.3": 400}
    assert run.credit("0", "shapley") == {"t0.0": 167, "t0.1": 167, "t0.2": 333, "t0.3": 333}


def test_the_card_tells_the_order_that_the_data_bear_out(tmp_path: Path) -> None:
    """Who comes by 1 and then 2 goes on to 3, who comes by 2 first goes on to 4: one channel back does not tell."""
    ways = journeys(("123", True), ("24", False), ("1", False), ("324", False), repeat=25)
    told = Run(tmp_path, ways, markov_order="auto").result.learnt["markov"]  # type: ignore[arg-type]
    assert told["order_proposed"] == told["order"] >= 2
    assert told["loss_of_way"]["2"] < told["loss_of_way"]["1"]
    assert told["loss_of_outcome"]["1"] < told["loss_of_outcome"]["0"]
    assert (told["journeys"], told["conversions"], told["base_rate"]) == (100, 25, 0.25)


def test_where_ways_tell_nothing_no_order_is_better_than_the_base_rate() -> None:
    random = np.random.default_rng(1)
    folds, parts = [], []
    for held in range(choice.FOLDS):
        ways = [tuple(map(int, random.integers(1, 5, random.geometric(0.4)))) for _ in range(400)]
        won = [int(random.random() < 0.3) for _ in ways]
        parts.append(counted([(way, w, 1 - w) for way, w in zip(ways, won, strict=True)]))
        folds.append(np.full(len(parts[-1].often), held))
    found = choice.choose(chains.Steps(*map(np.concatenate, zip(*parts, strict=True))), np.concatenate(folds))
    assert found.proposed == 1
    assert found.outcome[1] > found.outcome[0] - 0.001, "what chance gives"
    assert all(found.outcome[longer] > found.outcome[0] for longer in (2, 3, 4))
    assert found.outcome[0] == pytest.approx(-0.3 * math.log(0.3) - 0.7 * math.log(0.7), abs=0.02)


def test_folds_are_of_persons_the_same_in_python() -> None:
    people = ["", "a", "anna@example.com", "é", "0f" * 40, *(f"p{n}" for n in range(2000))]
    with DuckDB() as engine:
        given = engine.take("given", pa.table({"person": people}), {"person": "string"})
        found = engine.rows(given.mutate(fold=fold(group(given.person))))["fold"].to_pylist()

    def own(person: str) -> int:
        return hashlib.md5(person.encode(), usedforsecurity=False).digest()[0] % choice.FOLDS

    assert found == [own(person) for person in people]
    assert min(Counter(found).values()) > 350


def test_a_channel_that_lowers_the_rate_is_credited_nothing_and_told() -> None:
    ways = [("1", True)] * 30 + [("12", False)] * 29 + [("12", True)]
    rows = [
        (f"p{n}", place + 1, channel, won and place == len(way) - 1)
        for n, (way, won) in enumerate(ways)
        for place, channel in enumerate(way)
    ]
    names = ("person", "time", "channel", "conversion")
    table = timed(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))
    effects = attribution.channel_effects(table, "shapley_rate")
    assert effects["effect"].to_pylist()[1] == 0
    assert b'"below_zero": {"2": -' in effects.schema.metadata[b"learnt"]
    credit = attribution.credit(table, "shapley_rate")
    assert {row["channel"]: 1 for row in credit.to_pylist()} == {"1": 1}
