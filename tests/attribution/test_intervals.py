"""Intervals: they cover as often as they say, agree with resampling, and say where nothing can be said."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.effects import jackknife
from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.groups import GROUPS
from jalon.attribution.intervals import sums, with_interval
from tests.attribution import played_buyers
from tests.attribution.played_buyers import intervals, linear
from tests.attribution.timed import timed


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with DuckDB(threads=1) as one:
        yield one


@pytest.mark.parametrize("buyers", [12, 30, 400])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_intervals_of_sums_cover_as_often_as_they_say(engine: Engine, buyers: int, spread: float) -> None:
    random = np.random.default_rng(buyers)
    sigma = np.sqrt(np.log1p(spread * spread))
    worlds = np.zeros((1500, GROUPS), np.int64)
    for world in worlds:
        purses = 10_000 * random.lognormal(-sigma * sigma / 2, sigma, random.poisson(buyers))
        shares = random.random(len(purses))
        np.add.at(world, random.integers(0, GROUPS, len(purses)), np.rint(purses * shares).astype(np.int64))
    _, low, high = intervals(engine, worlds).T
    truth = 10_000 * buyers / 2
    assert 0.85 < np.mean((low <= truth) & (truth <= high)) < 0.97


def test_where_all_is_large_it_is_what_resampling_the_groups_finds(engine: Engine) -> None:
    random = np.random.default_rng(5)
    figures = random.integers(500, 1500, GROUPS)
    ((whole, *ends),) = intervals(engine, figures[None, :])
    drawn = random.choice(figures, (20_000, GROUPS)).sum(axis=1)
    assert whole == figures.sum()
    assert ends == pytest.approx(np.quantile(drawn, (0.05, 0.95)), rel=0.004)


def test_of_one_order_it_is_nearly_that_of_a_count_of_one(engine: Engine) -> None:
    ((whole, low, high),) = intervals(engine, np.eye(1, GROUPS, dtype=np.int64) * 5000)
    assert whole == 5000
    assert low / whole == pytest.approx(0.176, abs=0.02), "Jeffreys' lower end of a count of one"
    assert high / whole == pytest.approx(4.74, abs=0.05), "the exact upper end"


def test_where_groups_are_against_each_other_it_is_the_normal_one(engine: Engine) -> None:
    ((whole, low, high),) = intervals(engine, np.array([[1000, -400, 300]]))
    assert (low + high) / 2 == pytest.approx(whole)
    assert low < 0 < high


@settings(max_examples=15, deadline=None)
@given(figures=st.lists(st.integers(0, 10**9), min_size=1, max_size=GROUPS).filter(any))
def test_the_figure_lies_in_its_interval_and_order_and_scale_change_nothing(engine: Engine, figures: list[int]) -> None:
    given_ = np.array([figures, figures[::-1], [1000 * figure for figure in figures]])
    first, turned, scaled = intervals(engine, given_)
    whole, low, high = first
    assert 0 <= low <= whole <= high
    assert list(turned) == list(first)
    assert scaled == pytest.approx(1000 * first)


def test_figures_that_never_vary_have_no_width(engine: Engine) -> None:
    ((whole, low, high),) = intervals(engine, np.full((1, GROUPS), 700))
    assert (whole, low, high) == (700 * GROUPS,) * 3


@pytest.fixture(scope="module")
def truth() -> played_buyers.Period:
    return played_buyers.period(1, 300_000)


def periods(rounds: int, people: int) -> Iterator[played_buyers.Period]:
    return (played_buyers.period(seed, people) for seed in range(2, 2 + rounds))


def test_intervals_of_linear_credit_cover_as_often_as_they_say(truth: played_buyers.Period) -> None:
    endless = linear(truth).sum(axis=0) * 2000 / 300_000
    assert 0.85 < played_buyers.held(periods(80, 2000), linear, endless).mean() < 0.97


def test_intervals_of_removal_effects_cover_as_often_as_they_say(truth: played_buyers.Period) -> None:
    assert 0.85 < played_buyers.effects_held(periods(60, 1500), played_buyers.effects(truth)).mean() < 0.97


def test_channel_effects_tell_their_interval() -> None:
    played = played_buyers.period(3, 900)
    ends = np.r_[played.journey[1:] != played.journey[:-1], True]
    sold = ends & (played.bought[played.journey] > 0)
    names = [f"c{channel}" for channel in played.channel]
    columns = {"person": played.journey, "time": range(len(ends)), "channel": names, "conversion": sold}
    table = timed(pa.table(columns))
    for model, options in (("markov", {}), ("markov", {"markov_order": 2}), ("shapley_rate", {}), ("shao_li", {})):
        for row in attribution.channel_effects(table, model, **options).to_pylist():  # type: ignore[arg-type]
            assert row["low"] <= row["effect"] < row["high"], (model, row)
    again = attribution.channel_effects(table.take(pa.array(range(len(table))[::-1])), "markov")
    assert again.to_pylist() == attribution.channel_effects(table, "markov").to_pylist()


def test_effects_end_at_zero_and_of_one_that_never_varies_nothing_is_said() -> None:
    without = np.array([[0.0, 0.01 * n, 0.4 + n / 1000] for n in range(5)])
    found = jackknife.ends(np.array([0.0, 0.01, 0.4]), without)
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert found.low[1] == 0.0
    assert found.high[1] > 0.01
    assert 0 < found.low[2] < 0.4 < found.high[2]


def test_what_share_of_sales_would_be_lost_ends_at_all_of_them() -> None:
    """Of eight persons seven bought, five of them by the ad: by how far parts of them differ it would bring 1.04."""
    channels = ["ad"] * 6 + ["mail"] * 2
    data = {"person": range(8), "time": range(8), "channel": channels, "conversion": [False] + [True] * 7}
    ad = attribution.channel_effects(timed(pa.table(data)), "markov").to_pylist()[0]
    assert (ad["effect"], ad["high"]) == (pytest.approx(5 / 7), 1.0)


def test_what_else_is_unsure_makes_it_wider_on_its_own_side(engine: Engine) -> None:
    data = pa.table({"row": [0] * 50, "person_group": range(50), "net": [100] * 50})
    table = engine.take("more", data, dict.fromkeys(("row", "person_group", "net"), "int64"))

    def ends(down: float, up: float) -> list[float]:
        further = (ibis.literal(down**2), ibis.literal(up**2))
        (row,) = engine.dicts(with_interval(sums(table, ["row"], ["net"]), "net", further))
        return [row["net_low"], row["net_high"]]

    low, high = ends(0, 0)
    assert ends(300, 0) == pytest.approx([5000 - ((5000 - low) ** 2 + 300**2) ** 0.5, high])
    assert ends(0, 700) == pytest.approx([low, 5000 + ((high - 5000) ** 2 + 700**2) ** 0.5])
    assert ends(9000, 0)[0] == 0
