"""Many periods of one shop whose truth is known, to see how often intervals hold it.

Everybody meets channels by chance and buys, or not, by the last one met; purses are as unlike as the world says. What a
model credits in an endless period is the truth; what it credits in one period, with its interval, is what a user sees.

`python -m tests.attribution.played_buyers` prints the table of docs/attribution.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from jalon.attribution.effects import chains, jackknife, markov
from jalon.attribution.effects.removal import removal_effects
from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.groups import GROUPS
from jalon.attribution.intervals import sums, with_interval

Floats = np.ndarray[Any, np.dtype[Any]]
START, ONWARD = np.array([0.4, 0.3, 0.15, 0.1, 0.05]), np.array([0.1, 0.25, 0.3, 0.3, 0.05])
SALE = np.array([0.03, 0.05, 0.1, 0.2, 0.1])
STOP = 0.4
"""How journeys begin and go on, how often the last channel sells, and how often journeys end. The last one is rare."""
CHANNELS = len(START)
ENDLESS = 2_000_000


class Period(NamedTuple):
    """`journey` and `channel` (from 0) of each step, in order; per journey what was bought, in minor units, and the
    group of the person."""

    journey: np.ndarray
    channel: np.ndarray
    bought: Floats
    group: np.ndarray

    @property
    def met(self) -> Floats:
        """How often each journey met each channel."""
        cells = self.journey * CHANNELS + self.channel
        return np.bincount(cells, minlength=len(self.bought) * CHANNELS).reshape(-1, CHANNELS).astype(float)


def period(seed: int, people: int, spread: float = 1.0) -> Period:
    """Return one period; `spread` is the coefficient of variation of purses."""
    random = np.random.default_rng(seed)
    people = int(random.poisson(people))
    lengths = random.geometric(STOP, people)
    journey = np.repeat(np.arange(people), lengths)
    first = np.r_[0, lengths.cumsum()[:-1]]
    channel = random.choice(CHANNELS, len(journey), p=ONWARD)
    channel[first] = random.choice(CHANNELS, people, p=START)
    sold = random.random(people) < SALE[channel[first + lengths - 1]]
    sigma = np.sqrt(np.log1p(spread * spread))
    purse = np.rint(5000 * random.lognormal(-sigma * sigma / 2, sigma, people))
    return Period(journey, channel, np.where(sold, purse, 0.0), random.integers(0, GROUPS, people))


def steps(told: Period) -> tuple[chains.Steps, np.ndarray]:
    """Return the counted steps of order 1, and the group of each row."""
    begins = np.r_[True, told.journey[1:] != told.journey[:-1]]
    before = np.where(begins, 0, np.r_[0, told.channel[:-1] + 1])
    ends, group = np.r_[begins[1:], True], told.group[told.journey]
    columns = [group, before, told.channel + 1]
    rows, place = chains.distinct(columns)
    sold = ends & (told.bought[told.journey] > 0)
    counts = (np.bincount(place, column, len(rows)) for column in (np.ones(len(place)), ends, sold))
    return chains.Steps(rows[:, 1:2], rows[:, 2], *counts), rows[:, 0]


def effects(told: Period) -> Floats:
    """Return the removal effects."""
    return removal_effects(chains.chain(chains.shortened(steps(told)[0], 1)), CHANNELS)


def linear(told: Period) -> Floats:
    """Return what each journey's sale brings each channel: (journeys, channels)."""
    met = told.met
    shared: Floats = told.bought[:, None] * met / met.sum(axis=1, keepdims=True)
    return shared


def by_effect(told: Period, effect: Floats) -> Floats:
    """Return the same, by the effects of a journey's distinct channels."""
    weights = (told.met > 0) * effect
    shared: Floats = told.bought[:, None] * weights / weights.sum(axis=1, keepdims=True)
    return shared


def in_groups(told: Period, credit: Floats) -> np.ndarray:
    """Return (channels, groups) in whole minor units."""
    sums_ = np.array([np.bincount(told.group, credit[:, channel], GROUPS) for channel in range(CHANNELS)])
    whole: np.ndarray = np.rint(sums_).astype(np.int64)
    return whole


def intervals(engine: Engine, figures: np.ndarray) -> Floats:
    """Return (rows, 3): the whole and its interval, by the engine; `figures`: (rows, groups), whole numbers."""
    engine.drop("figures")
    rows, groups = np.nonzero(figures)
    data = pa.table({"row": rows, "person_group": groups, "net": figures[rows, groups]})
    table = engine.take("figures", data, dict.fromkeys(("row", "person_group", "net"), "int64"))
    found = with_interval(sums(table, ["row"], ["net"]), "net").order_by("row")
    columns = engine.rows(found.select("net", "net_low", "net_high"))
    return np.column_stack([column.to_numpy() for column in columns.columns]).astype(float)


def held(periods: Iterator[Period], credit: Callable[[Period], Floats], truth: Floats) -> Floats:
    """Return per channel how often the interval of its credit held the truth."""
    figures = np.concatenate([in_groups(told, credit(told)) for told in periods])
    with DuckDB() as engine:
        _, low, high = intervals(engine, figures).T
    inside = (low <= np.tile(truth, len(figures) // CHANNELS)) & (high >= np.tile(truth, len(figures) // CHANNELS))
    found: Floats = inside.reshape(-1, CHANNELS).mean(axis=0)
    return found


def effects_held(periods: Iterator[Period], truth: Floats) -> Floats:
    """Return per channel how often the interval of its removal effect held the truth."""
    inside = []
    for told in periods:
        counted, group = steps(told)
        found = jackknife.ends(effects(told), np.array(list(markov.left_out(counted, group, GROUPS, CHANNELS))))
        inside.append((found.low <= truth) & (truth <= found.high))
    share: Floats = np.mean(inside, axis=0)
    return share


def table(rounds: int = 400, sizes: tuple[int, ...] = (1_000, 10_000)) -> Iterator[str]:
    """Yield the lines of the table."""
    endless = period(1, ENDLESS)
    true_effects = effects(endless)
    ends = {"linear credit": linear(endless), "Markov credit": by_effect(endless, true_effects)}
    yield "| period | figure | orders that a channel was met before | held, by channel | held, all |"
    yield "| --- | --- | --- | --- | --- |"
    for people in sizes:

        def periods(people: int = people) -> Iterator[Period]:
            return (period(seed, people) for seed in range(100, 100 + rounds))

        truth = {name: credit.sum(axis=0) * people / ENDLESS for name, credit in ends.items()}
        rows = {
            "linear credit": held(periods(), linear, truth["linear credit"]),
            "Markov credit": held(periods(), lambda told: by_effect(told, effects(told)), truth["Markov credit"]),
            "removal effects": effects_held(periods(), true_effects),
        }
        met = ", ".join(f"{n:.0f}" for n in (linear(endless) > 0).sum(axis=0) * people / ENDLESS)
        for name, each in rows.items():
            by_channel = ", ".join(f"{share:.0%}" for share in each)
            yield f"| {people:,} persons | {name} | {met} | {by_channel} | {each.mean():.1%} |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
