"""Gamma-Gamma: what a purchase of each buyer is worth, the rarer they bought the nearer to what others spend.

Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013), brucehardie.com/notes/025. It takes how often a
buyer bought again (`repeats`) and what such a purchase was worth on average (`mean`), and assumes that the one has
nothing to do with the other.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from jalon.report.people.fitting import Fit, Floats, Unfitted, fitted

NO_MEAN = "what buyers spend differs so much that it has no mean"
NAMES = ("p", "q", "gamma")


def fit(repeats: Floats, mean: Floats) -> Fit:
    """Return p, q and gamma (`NAMES`; gamma in units of `mean`) by maximum likelihood. Raises `Unfitted`.

    All `repeats` are at least 1 and all `mean` above zero.
    """
    scale = float(np.median(mean))

    def likelihood(parameters: Floats) -> tuple[float, Floats]:
        values, slopes = _likelihood(parameters, repeats, mean / scale)
        return float(values.mean()), slopes.mean(axis=1)

    starts = [(p, q, q) for p, q in ((1.0, 2.0), (6.0, 4.0), (20.0, 3.0))]
    found = fitted(likelihood, starts, len(repeats))
    if found.parameters[1] <= 1:
        raise Unfitted(NO_MEAN)
    parameters = found.parameters * np.array([1.0, 1.0, scale])
    return found._replace(
        parameters=parameters, log_likelihood=found.log_likelihood - len(repeats) * float(np.log(scale))
    )


def _likelihood(parameters: Floats, repeats: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return of each buyer the logarithm of the likelihood (their equation 1a) and its slopes."""
    p, q, gamma = parameters
    px, spent = p * repeats, gamma + repeats * mean
    value = (
        gammaln(px + q) - gammaln(px) - gammaln(q)
        + q * np.log(gamma) + (px - 1) * np.log(mean) + px * np.log(repeats) - (px + q) * np.log(spent)
    )  # fmt: skip
    slopes = [
        repeats * (digamma(px + q) - digamma(px) + np.log(mean) + np.log(repeats) - np.log(spent)),
        digamma(px + q) - digamma(q) + np.log(gamma) - np.log(spent),
        q / gamma - (px + q) / spent,
    ]
    return value, np.array(slopes)


def expected(parameters: Floats, repeats: Floats, mean: Floats) -> Floats:
    """Return what the next purchase of each buyer is expected to be worth (their equation 5)."""
    p, q, gamma = parameters
    worth: Floats = p * (gamma + repeats * mean) / (p * repeats + q - 1)
    return worth
