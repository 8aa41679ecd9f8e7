"""From counts to shares: learn from what is named, fit the rest, and sample how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jalon.attribution.sharing.anyway import Taught, taught
from jalon.attribution.sharing.fitting import dispersion, fit
from jalon.attribution.sharing.learning import learned, per_order
from jalon.attribution.sharing.mixture import Clicks, Counts, Floats, Layout, Named, Problem, Size, cells
from jalon.attribution.sharing.posterior import Drawn, draw


class Told(NamedTuple):
    """What is counted. `is_named`: whether the platform names a content's orders; `claimed`: its own count of them."""

    size: Size
    clicks: Clicks
    named: Named
    is_named: NDArray[np.bool_]
    counts: Counts
    claimed: Floats


class Solved(NamedTuple):
    """What was posed, what was learned of it, the draws, and the `dispersion` of the counts."""

    problem: Problem
    known: Taught
    drawn: Drawn
    spread: float


def solve(told: Told, window: int, seed: int) -> Solved:
    """Share the order lines in `told.counts` out over the contents whose orders the platform does not name."""
    size, by_nobody = told.size, told.clicks.of(~told.is_named[told.clicks.content])
    usual = told.counts.lines.sum() / max(2 * by_nobody.clicks.sum(), 1.0)
    found = learned(told.clicks.of(told.is_named[told.clicks.content]), told.named, window, size.days)
    known = taught(found, usual=usual, seed=seed)
    exposed = Layout(by_nobody, window, size.days).exposure(known.delay)
    problem = Problem(size, cells(told.counts, exposed, size.days), *exposed.by_content(size.contents), _claims(told))
    rates = fit(problem, known)
    spread = dispersion(told.counts, exposed, rates)
    return Solved(problem, known, draw(problem, rates, known, spread=spread, seed=seed), spread)


def _claims(told: Told) -> Floats:
    """Return as how many orders the platform's own count of contents is heard."""
    named = np.bincount(told.named.content, weights=told.named.orders, minlength=told.size.contents)
    each = per_order(told.claimed[told.is_named], named[told.is_named])
    return np.where(told.is_named, 0.0, told.claimed) / each
