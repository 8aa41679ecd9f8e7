"""BG/NBD: how often each buyer will come again, and whether they are still there.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005) 275-284. While active, a
buyer buys at random with a rate of their own (gamma: r, alpha); after each purchase they may leave for good, with a
probability of their own (beta: a, b). Of each buyer it takes three numbers: `repeats`, purchases after the first;
`last`, when the latest of them was; `age`, until when was watched; both counted from the first purchase, in weeks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, digamma, gammaln, hyp2f1

from jalon.report.people.fitting import Fit, Floats, fitted

NAMES = ("r", "alpha", "a", "b")
_STARTS = ((1.0, 8.0, 1.0, 2.0), (0.3, 4.0, 0.5, 3.0), (2.0, 40.0, 0.2, 1.0))
_BESIDE = 1e-7
"""The formula of what is expected has no value where a is 1, nor where a + b is 1 and nobody has come back; so near to
it, it has the limit."""


class Buying(NamedTuple):
    """What is known of buyers, one place each: `buyers` says how many are alike."""

    repeats: Floats
    last: Floats
    age: Floats
    buyers: Floats


def alike(repeats: Floats, last: Floats, age: Floats) -> tuple[Buying, np.ndarray]:
    """Return each kind of buyer once, and for every buyer the place of their kind."""
    kinds, place, buyers = np.unique(
        np.column_stack([repeats, last, age]), axis=0, return_inverse=True, return_counts=True
    )
    repeats, last, age = np.ascontiguousarray(kinds.T)
    return Buying(repeats, last, age, buyers.astype(np.float64)), place.reshape(-1)


def fit(buying: Buying) -> Fit:
    """Return r, alpha, a and b (`NAMES`) by maximum likelihood. Raises `Unfitted`."""
    whole = float(buying.buyers.sum())
    weights = buying.buyers / whole

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        values, slopes = _likelihood(parameters, buying)
        return float(weights @ values), slopes @ weights

    return fitted(likelihood, _STARTS, round(whole))


def log_likelihood(parameters: Floats, buying: Buying) -> float:
    """Return the log-likelihood of all buyers (their equation 6)."""
    return float(buying.buyers @ _likelihood(parameters, buying)[0])


def _likelihood(parameters: Floats, buying: Buying) -> tuple[Floats, Floats]:
    """Return of each kind the logarithm of the likelihood and its slopes: it is a sum of `stays` and `left`."""
    r, alpha, a, b = parameters
    x, last, age = buying.repeats, buying.last, buying.age
    came = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    stays = came - (r + x) * np.log(alpha + age) + betaln(a, b + x)
    again = x > 0
    left = np.where(again, came - (r + x) * np.log(alpha + last) + betaln(a + 1, b + np.maximum(x, 1) - 1), -np.inf)
    value = np.logaddexp(stays, left)
    share = np.exp(left - value)
    both = digamma(a + b) - digamma(a + b + x)
    slopes = [
        digamma(r + x) - digamma(r) + np.log(alpha) - _mixed(share, np.log(alpha + age), np.log(alpha + last)),
        r / alpha - (r + x) * _mixed(share, 1 / (alpha + age), 1 / (alpha + last)),
        both + share / a,
        both - digamma(b) + _mixed(share, digamma(b + x), digamma(b + np.maximum(x, 1) - 1)),
    ]
    return value, np.array(slopes)


def _mixed(share: Floats, stays: Floats, left: Floats) -> Floats:
    """Return the mean of what holds of who stays and of who left."""
    mixed: Floats = (1 - share) * stays + share * left
    return mixed


def active(parameters: Floats, buying: Buying) -> Floats:
    """Return how likely each kind of buyer has not left (Fader, Hardie and Lee's note on P(alive), 2008)."""
    r, alpha, a, b = parameters
    x = np.maximum(buying.repeats, 1)
    odds = np.exp(np.log(a / (b + x - 1)) + (r + x) * np.log((alpha + buying.age) / (alpha + buying.last)))
    likely: Floats = np.where(buying.repeats > 0, 1 / (1 + odds), 1.0)
    return likely


def expected(parameters: Floats, buying: Buying, weeks: float) -> Floats:
    """Return how many purchases each kind of buyer is expected to make in the next `weeks` (their equation 10)."""
    r, alpha, a, b = parameters
    if abs(a - 1) < _BESIDE:
        a = 1 + _BESIDE
    if abs(a + b - 1) < _BESIDE:
        b = 1 - a + _BESIDE
    x, then = buying.repeats, alpha + buying.age
    rises = hyp2f1(r + x, b + x, a + b + x - 1, weeks / (then + weeks))
    while_there = (a + b + x - 1) / (a - 1) * (1 - (then / (then + weeks)) ** (r + x) * rises)
    purchases: Floats = while_there * active(parameters, buying)
    return purchases


def buys_again(parameters: Floats, buying: Buying, weeks: float) -> Floats:
    """Return how likely each kind of buyer makes a purchase in the next `weeks`.

    Who is active buys at least once unless the first wait is longer, and that wait is Pareto: their rate is known as a
    gamma of r + repeats and alpha + age.
    """
    r, alpha, *_ = parameters
    then = alpha + buying.age
    likely: Floats = active(parameters, buying) * (1 - (then / (then + weeks)) ** (r + buying.repeats))
    return likely
