"""Fit the mixture by EM: what each order's share of each content is, and what that says of a click's worth, in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jalon.attribution.sharing.anyway import Taught
from jalon.attribution.sharing.mixture import Counts, Exposure, Floats, Prior, Problem, Rates

ROUNDS, PRECISION = 500, 1e-7
SEASONS = 4
"""How often the season is fitted again."""
OWN = Prior(0.5, 0.5)
"""Prior of a product's own orders a day: weak, of mean one."""
WEEK = 7
TREND = (3, 21)
"""Fewest and most days to each side of a day that make its trend."""
ENOUGH = 300.0
"""Orders that are enough to tell a trend."""
ALIKE = 20.0
"""Orders' worth of belief that all days are alike."""


def fit(problem: Problem, known: Taught) -> Rates:
    """Fit the rates, by what was learned in the mean."""
    size = problem.size
    slow, moved, shape, mean = known.middle()
    alike = np.full(size.contents, mean), np.ones(size.products), np.ones(size.days)
    found = Rates(*alike, Prior(shape, shape / mean), slow, moved)
    for _ in range(SEASONS):
        found = _converged(problem, found)
        season = _season(problem, found)
        if np.allclose(season, found.season, atol=1e-3):
            break
        found = replace(found, season=season)
    return found


def _converged(problem: Problem, found: Rates) -> Rates:
    for _ in range(ROUNDS):
        new = _next(problem, found)
        moved = np.max(np.abs(new.per_click - found.per_click) / (found.per_click + 1e-9), initial=0.0)
        found = new
        if moved < PRECISION:
            break
    return found


def _next(problem: Problem, found: Rates) -> Rates:
    """Take one step: split the orders by the rates, then set the rates by the split."""
    cells, size = problem.cells, problem.size
    brought, own = found.split(cells)
    ours = np.bincount(cells.content, weights=brought, minlength=size.contents) + problem.claims * found.brings()
    theirs = np.bincount(cells.product, weights=own, minlength=size.products)
    return replace(
        found,
        per_click=(found.prior.shape + ours) / (found.prior.rate + found.seen(problem)),
        own=(OWN.shape + theirs) / (OWN.rate + found.season.sum()),
    )


def _season(problem: Problem, found: Rates) -> Floats:
    """Return how the orders that no content brought go up and down."""
    _, own = found.split(problem.cells)
    return season_of(np.bincount(problem.cells.day, weights=own, minlength=problem.size.days))


def season_of(by_day: Floats) -> Floats:
    """Return weekday times trend of orders by day, mean one.

    The trend is a moving mean over as many days as hold enough orders to tell one: more would flatten it.
    """
    days, mean = len(by_day), by_day.mean()
    if mean * days < 1:  # less than one order in all tells of no season
        return np.ones(days)
    reach = int(np.clip(ENOUGH / mean / 2, *TREND))
    trend = (_around(by_day, reach) + ALIKE) / (_around(np.ones(days), reach) * mean + ALIKE)
    weekday = np.arange(days) % WEEK
    seen = np.bincount(weekday, weights=by_day, minlength=WEEK) + ALIKE
    expected = np.bincount(weekday, weights=trend * mean, minlength=WEEK) + ALIKE
    season = trend * (seen / expected)[weekday]
    return np.asarray(season / season.mean())


def _around(values: Floats, reach: int) -> Floats:
    """Return the sum over the days around each day."""
    running = np.concatenate(([0.0], np.cumsum(values)))
    days = np.arange(len(values))
    return np.asarray(running[np.minimum(days + reach + 1, len(values))] - running[np.maximum(days - reach, 0)])


def dispersion(counts: Counts, found: Exposure, rates: Rates) -> float:
    """Return how much more the counts vary around their rates than a Poisson process would: 1 where the model fits.

    Pearson's statistic over every product and day, those without orders included.
    """
    rate = np.outer(rates.own, rates.season)
    worth = rates.per_click[found.content]
    by_clicks = worth * ((1 - rates.slow) * found.quick + rates.slow * found.slow) + rates.moved * found.slow
    np.add.at(rate, (found.product, found.day), by_clicks)
    counted = np.zeros_like(rate)
    np.add.at(counted, (counts.product, counts.day), counts.lines)
    return float(max(1.0, np.mean((counted - rate) ** 2 / np.maximum(rate, 1e-3))))
