"""From counts to shares: learn from what is named, fit the rest, and sample how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jalon.attribution.sharing.anyway import Taught, taught
from jalon.attribution.sharing.fitting import dispersion, fit
from jalon.attribution.sharing.learning import learned, per_order
from jalon.attribution.sharing.mixture import Clicks, Counts, Floats, Layout, Named, Problem, Size, cells
from jalon.attribution.sharing.posterior import draw
from jalon.attribution.sharing.sampling import Drawn


class Posed(NamedTuple):
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


def solve(posed: Posed, window: int, seed: int) -> Solved:
    """Share the order lines in `posed.counts` out over the contents whose orders the platform does not name."""
    size, open_clicks = posed.size, posed.clicks.of(~posed.is_named[posed.clicks.content])
    usual = posed.counts.lines.sum() / max(2 * open_clicks.clicks.sum(), 1.0)
    found = learned(posed.clicks.of(posed.is_named[posed.clicks.content]), posed.named, window, size.days)
    known = taught(found, usual=usual, seed=seed)
    exposed = Layout(open_clicks, window, size.days).exposure(known.delay)
    problem = Problem(size, cells(posed.counts, exposed, size.days), *exposed.by_content(size.contents), _claims(posed))
    rates = fit(problem, known)
    spread = dispersion(posed.counts, exposed, rates)
    return Solved(problem, known, draw(problem, rates, known, spread=spread, seed=seed), spread)


def _claims(posed: Posed) -> Floats:
    """Return as how many orders the platform's own count of contents is heard; less than none is none."""
    named = np.bincount(posed.named.content, weights=posed.named.orders, minlength=posed.size.contents)
    each = per_order(posed.claimed[posed.is_named], named[posed.is_named])
    return np.where(posed.is_named, 0.0, np.maximum(posed.claimed, 0.0)) / each
