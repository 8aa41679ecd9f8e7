"""Worlds in which it is known which content each visit came from that names only its network.

    python -m tests.attribution.played_visits

prints how near tracing comes to the truth in each of them: the table in docs/attribution.md. In some worlds the visits
come as the model has it, in others they do not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from jalon.attribution.tracing.solving import Clicks, Posed, Solved, Steps, solve

CONTENTS, DAYS, PRODUCTS = 60, 90, 8


class Kind(NamedTuple):
    """A kind of world. `named`: which share of the contents has links that name it; `vary`: how unlike clicks are in
    what they are worth, a coefficient of variation; `others`: visits that no content led to, by those that one did;
    `by_product`: clicks are counted by product, and so many people buy something else; `ages`: days after which clicks
    of a content are worth half."""

    named: float = 0.7
    vary: float = 0.5
    others: float = 0.3
    by_product: float | None = None
    ages: float | None = None
    worth: float = 0.1


WORLDS = {
    "as the model has it": Kind(),
    "clicks of very unlike worth": Kind(vary=1.2),
    "as many visits from nowhere that is counted": Kind(others=1.0),
    "one content in ten is named": Kind(named=0.1),
    "none is named": Kind(named=0.0),
    "counted by product, one in five buys something else": Kind(by_product=0.2),
    "clicks that are worth less as the content ages": Kind(ages=15),
    "few visits": Kind(worth=0.02),
}


class World:
    """A world: how it looks from outside (`posed`), and how many unnamed visits came from each content (`true`)."""

    def __init__(self, kind: Kind, seed: int) -> None:
        rng = np.random.default_rng(seed)
        began = rng.integers(-20, DAYS - 10, CONTENTS)
        age = np.arange(DAYS) - began[:, None]
        liked = rng.pareto(1.5, CONTENTS) * 60 + 20
        rate = np.where(age >= 0, np.exp(-np.maximum(age, 0) / 12), 0.0) * liked[:, None] / 12
        clicks = rng.poisson(rate).astype(float)
        spread = np.log1p(kind.vary**2) ** 0.5
        worth = kind.worth * rng.lognormal(-(spread**2) / 2, spread, CONTENTS)[:, None]
        if kind.ages is not None:
            worth = worth * 0.5 ** (np.maximum(age, 0) / kind.ages)
        led = rng.binomial(clicks.astype(int), np.minimum(worth, 1.0))
        names = rng.random(CONTENTS) < kind.named
        about = rng.integers(1, PRODUCTS + 1, CONTENTS)
        content, day = (np.repeat(each, led.ravel()) for each in np.indices(led.shape).reshape(2, -1))
        others = rng.integers(0, DAYS, rng.poisson(kind.others * led[~names].sum()))
        content, day = np.concatenate((content, np.full(len(others), -1))), np.concatenate((day, others))
        bought = rng.integers(1, PRODUCTS + 1, len(content))
        if kind.by_product is not None:
            same = (content >= 0) & (rng.random(len(content)) >= kind.by_product)
            bought = np.where(same, about[content], bought)
        basket = bought if kind.by_product is not None else np.zeros(len(content), dtype=np.int64)
        is_named = (content >= 0) & names[content]
        self.true = np.bincount(content[~is_named & (content >= 0)], minlength=CONTENTS)
        self.clicks = clicks
        self.posed = Posed(
            DAYS,
            np.zeros(CONTENTS, dtype=np.int64),
            np.bincount(content[is_named], minlength=CONTENTS).astype(float),
            [(), *((product,) for product in range(1, PRODUCTS + 1))],
            _counted(clicks, about if kind.by_product is not None else np.zeros(CONTENTS, dtype=np.int64)),
            _steps(content[is_named], day[is_named], basket[is_named]),
            _steps(np.full((~is_named).sum(), -1), day[~is_named], basket[~is_named]),
        )


def _counted(clicks: np.ndarray, product: np.ndarray) -> Clicks:
    content, day = np.nonzero(clicks)
    return Clicks(content, product[content], day, clicks[content, day])


def _steps(content: np.ndarray, day: np.ndarray, basket: np.ndarray) -> Steps:
    cells, count = np.unique(np.stack([content, day, basket]), axis=1, return_counts=True)
    return Steps(*cells, count.astype(float))


def error(found: np.ndarray, true: np.ndarray) -> float:
    """Return what is wrong over contents, by all visits that contents led to and did not name."""
    return float(np.abs(found - true).sum() / true.sum())


def traced(solved: Solved) -> np.ndarray:
    """Return how many visits each content led to in the mean."""
    return np.asarray(solved.drawn.mean)


def by_clicks(world: World) -> np.ndarray:
    """Share the visits of each day out by the clicks on contents that no visit names."""
    untold = np.bincount(world.posed.untold.day, weights=world.posed.untold.steps, minlength=DAYS)
    clicks = world.clicks * (world.posed.touches == 0)[:, None]
    return np.asarray((clicks / np.maximum(clicks.sum(axis=0), 1e-9)) @ untold)


def by_most(world: World) -> np.ndarray:
    """Give the visits of each day to the content with most clicks on it, of those that no visit names."""
    untold = np.bincount(world.posed.untold.day, weights=world.posed.untold.steps, minlength=DAYS)
    clicks = world.clicks * (world.posed.touches == 0)[:, None]
    return np.bincount(clicks.argmax(axis=0), weights=untold, minlength=CONTENTS)


class Nearness(NamedTuple):
    """Errors of tracing, by clicks, by the content with most clicks; contents whose truth lies in the interval."""

    error: float
    by_clicks: float
    by_most: float
    covered: float


def nearness(kind: Kind, seeds: Iterable[int]) -> Nearness:
    """Return how near tracing and the usual ways come, the mean over seeds."""
    rows: list[Sequence[float]] = []
    for seed in seeds:
        world = World(kind, seed)
        found = solve(world.posed)
        assert found is not None
        low, high = np.quantile(found.drawn.orders, [0.05, 0.95], axis=0)
        shown = np.unique(found.content)
        inside = (low <= world.true)[shown] & (world.true <= high)[shown]
        ways = (traced(found), by_clicks(world), by_most(world))
        rows.append([*(error(way, world.true) for way in ways), inside.mean()])
    return Nearness(*np.mean(rows, axis=0))


def main() -> None:
    """Write the table, ten seeds each."""
    sys.stdout.write("| world | error | by the clicks of the day | to the most clicked | in the 90 % interval |\n")
    for name, kind in WORLDS.items():
        found = nearness(kind, range(1, 11))
        sys.stdout.write(f"| {name} | {found[0]:.2f} | {found[1]:.2f} | {found[2]:.2f} | {found[3]:.0%} |\n")


if __name__ == "__main__":
    main()
