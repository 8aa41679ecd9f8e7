"""How sure the split is: Gibbs sampling of the mixture, its rates drawn from what the orders leave open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jalon.attribution.sharing.anyway import Lesson, Taught
from jalon.attribution.sharing.fitting import OWN, season_of
from jalon.attribution.sharing.mixture import Floats, Prior, Problem, Rates
from jalon.attribution.sharing.sampling import BURN_IN, Drawn, Running, Sampler, drawn

TAUGHT = 10
"""How many contents' worth the prior's mean weighs: it was learned from others."""


def draw(problem: Problem, rates: Rates, known: Taught, *, spread: float = 1.0, seed: int = 1) -> Drawn:
    """Sample from the posterior, beginning at the fit; the same seed gives the same draws.

    What was learned is taken draw by draw, m rising, so that the rates keep up with it: it teaches, and is not taught
    by what is shared out. `spread` is the `dispersion` of the counts: intervals are wider by its root.
    """
    rng, sampler, found = np.random.default_rng(seed), Sampler(problem.cells.cell, problem.cells.lines), problem.cells
    share, own, draws = Running(len(found.slow)), Running(len(found.lines)), len(known.moved)
    orders = np.zeros((draws, problem.size.contents))
    for number in range(-BURN_IN, draws):
        lesson = known.lesson(number)
        rates = replace(rates, slow=lesson.slow, moved=lesson.moved)
        by = rates.over(found)
        got, left = sampler.split(rng, by.brought, by.own + by.moved)
        if number >= 0:
            share.add(by.brought / by.whole[found.cell])
            own.add((by.own + by.moved) / by.whole)
            orders[number] = np.bincount(found.content, got * found.worth[found.cell], problem.size.contents)
        theirs = left - rng.binomial(left.astype(np.int64), by.moved / (by.own + by.moved))
        rates = _drawn(rng, problem, lesson, rates, got, theirs)
    return drawn(share, own.mean, orders, spread)


def _drawn(
    rng: np.random.Generator, problem: Problem, lesson: Lesson, rates: Rates, got: Floats, theirs: Floats
) -> Rates:
    """Draw the rates anew, given what brought which order line, and the prior's mean with them."""
    size, found = problem.size, problem.cells
    ours = np.bincount(found.content, weights=got, minlength=size.contents)
    own = np.bincount(found.product, weights=theirs, minlength=size.products)
    by_day = np.bincount(found.day, weights=theirs, minlength=size.days)
    claims = rng.binomial(np.rint(problem.claims).astype(np.int64), rates.brings())
    per_click = rng.gamma(lesson.shape + ours + claims) / (rates.prior.rate + rates.seen(problem))
    season = season_of(rng.gamma(by_day + 1e-3))
    clicked = per_click[problem.slow > 0]
    rate = rng.gamma(lesson.shape * (TAUGHT + len(clicked))) / (TAUGHT * lesson.mean + clicked.sum())
    return replace(
        rates,
        per_click=per_click,
        own=rng.gamma(OWN.shape + own) / (OWN.rate + season.sum()),
        season=season,
        prior=Prior(lesson.shape, float(rate)),
    )
