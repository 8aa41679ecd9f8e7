"""Intervals: they cover as often as they say, agree with resampling, and say where nothing can be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.effects import chains, jackknife, markov
from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.groups import GROUPS
from jalon.attribution.intervals import sums, with_interval

Floats = np.ndarray
CHANNELS, START, STOP, ONWARD, SALE = 4, (0.4, 0.3, 0.2, 0.1), 0.4, (0.1, 0.2, 0.3, 0.4), (0.03, 0.05, 0.1, 0.2)
"""A shop where everybody meets channels by chance: how journeys begin and go on, and how often the last one sells."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with DuckDB(threads=1) as one:
        yield one


def told(engine: Engine, figures: Floats) -> Floats:
    """Return (rows, 3): the whole and its interval, by the engine; `figures`: (rows, groups), whole numbers."""
    engine.drop("figures")
    rows, groups = np.nonzero(figures)
    data = pa.table({"row": rows, "person_group": groups, "net": figures[rows, groups]})
    table = engine.take("figures", data, dict.fromkeys(("row", "person_group", "net"), "int64"))
    found = with_interval(sums(table, ["row"], ["net"]), "net").order_by("row")
    columns = engine.rows(found.select("net", "net_low", "net_high"))
    return np.column_stack([column.to_numpy() for column in columns.columns]).astype(float)


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
    _, low, high = told(engine, worlds).T
    truth = 10_000 * buyers / 2
    assert 0.85 < np.mean((low <= truth) & (truth <= high)) < 0.97


def test_where_all_is_large_it_is_what_resampling_the_groups_finds(engine: Engine) -> None:
    random = np.random.default_rng(5)
    figures = random.integers(500, 1500, GROUPS)
    ((whole, *ends),) = told(engine, figures[None, :])
    drawn = random.choice(figures, (20_000, GROUPS)).sum(axis=1)
    assert whole == figures.sum()
    assert ends == pytest.approx(np.quantile(drawn, (0.05, 0.95)), rel=0.004)


def test_of_one_order_it_is_nearly_that_of_a_count_of_one(engine: Engine) -> None:
    ((whole, low, high),) = told(engine, np.eye(1, GROUPS, dtype=np.int64) * 5000)
    assert whole == 5000
    assert low / whole == pytest.approx(0.176, abs=0.02), "Jeffreys' lower end of a count of one"
    assert high / whole == pytest.approx(4.74, abs=0.05), "the exact upper end"


def test_where_groups_are_against_each_other_it_is_the_normal_one(engine: Engine) -> None:
    ((whole, low, high),) = told(engine, np.array([[1000, -400, 300]]))
    assert (low + high) / 2 == pytest.approx(whole)
    assert low < 0 < high


@settings(max_examples=15, deadline=None)
@given(figures=st.lists(st.integers(0, 10**9), min_size=1, max_size=GROUPS).filter(any))
def test_the_figure_lies_in_its_interval_and_order_and_scale_change_nothing(engine: Engine, figures: list[int]) -> None:
    given_ = np.array([figures, figures[::-1], [1000 * figure for figure in figures]])
    first, turned, scaled = told(engine, given_)
    whole, low, high = first
    assert 0 <= low <= whole <= high
    assert list(turned) == list(first)
    assert scaled == pytest.approx(1000 * first)


def test_figures_that_never_vary_have_no_width(engine: Engine) -> None:
    ((whole, low, high),) = told(engine, np.full((1, GROUPS), 700))
    assert (whole, low, high) == (700 * GROUPS,) * 3


def journeys(random: np.random.Generator, people: int) -> Iterator[tuple[list[int], bool]]:
    for _ in range(people):
        way = [int(random.choice(CHANNELS, p=START))]
        while random.random() > STOP:
            way.append(int(random.choice(CHANNELS, p=ONWARD)))
        yield way, random.random() < SALE[way[-1]]


def true_effects() -> Floats:
    """Return the removal effects of the shop itself: of an endless number of journeys."""
    pairs = [(0, after, START[after]) for after in range(CHANNELS)]
    seen = 1 / STOP - 1
    met = [START[channel] + seen * ONWARD[channel] for channel in range(CHANNELS)]
    pairs += [
        (before + 1, after, met[before] * (1 - STOP) * ONWARD[after])
        for before in range(CHANNELS)
        for after in range(CHANNELS)
    ]
    before, after, often = (np.array(column) for column in zip(*pairs, strict=True))
    ends = often * STOP
    steps = chains.Steps(before[:, None], after + 1, often, ends, ends * np.array(SALE)[after])
    return chains.removal_effects(chains.chain(steps), CHANNELS)


def test_intervals_of_removal_effects_cover_as_often_as_they_say() -> None:
    truth, inside = true_effects(), []
    for seed in range(40):
        random = np.random.default_rng(seed)
        counts: Counter[tuple[int, int, int]] = Counter()
        ends: Counter[tuple[int, int, int]] = Counter()
        sales: Counter[tuple[int, int, int]] = Counter()
        for person, (way, sold) in enumerate(journeys(random, 1000)):
            keys = [(person % GROUPS, b, c + 1) for b, c in zip([0, *(x + 1 for x in way)], way, strict=False)]
            counts.update(keys)
            ends[keys[-1]] += 1
            sales[keys[-1]] += sold
        part, before, channel = np.array(list(counts)).T
        columns = (np.array([float(counted[key]) for key in counts]) for counted in (counts, ends, sales))
        steps = chains.Steps(before[:, None], channel, *columns)
        effects = chains.removal_effects(chains.chain(chains.shortened(steps, 1)), CHANNELS)
        found = jackknife.ends(effects, np.array(list(markov.left_out(steps, part, GROUPS, CHANNELS))))
        inside.append((found.low <= truth) & (truth <= found.high))
    assert 0.85 < np.mean(inside) < 0.97


def test_channel_effects_tell_their_interval() -> None:
    random = np.random.default_rng(3)
    rows = [
        (f"p{person}", place, f"c{channel}", sold and place == len(way) - 1)
        for person, (way, sold) in enumerate(journeys(random, 900))
        for place, channel in enumerate(way)
    ]
    names = ("person", "time", "channel", "conversion")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    for model, options in (("markov", {}), ("markov", {"markov_order": 2}), ("shapley_rate", {}), ("shao_li", {})):
        for row in attribution.channel_effects(table, model, **options).to_pylist():  # type: ignore[arg-type]
            assert row["low"] <= row["effect"] < row["high"], (model, row)
    again = attribution.channel_effects(table.take(random.permutation(len(table))), "markov")
    assert again.to_pylist() == attribution.channel_effects(table, "markov").to_pylist()


def test_effects_end_at_zero_and_of_one_that_never_varies_nothing_is_said() -> None:
    without = np.array([[0.0, 0.01 * n, 0.4 + n / 1000] for n in range(5)])
    found = jackknife.ends(np.array([0.0, 0.01, 0.4]), without)
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert found.low[1] == 0.0
    assert found.high[1] > 0.01
    assert 0 < found.low[2] < 0.4 < found.high[2]


def test_variance_beyond_the_persons_makes_it_wider(engine: Engine) -> None:
    data = pa.table({"row": [0] * 50, "person_group": range(50), "net": [100] * 50})
    table = engine.take("more", data, dict.fromkeys(("row", "person_group", "net"), "int64"))
    widths = []
    for more in (0.0, 10_000.0, 250_000.0):
        (row,) = engine.dicts(with_interval(sums(table, ["row"], ["net"]), "net", ibis.literal(more)))
        widths.append(row["net_high"] - row["net_low"])
    assert widths == sorted(widths)
    assert widths[2] == pytest.approx(2 * 1.6449 * (50 * 100**2 + 250_000) ** 0.5, rel=0.1)
