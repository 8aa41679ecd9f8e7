"""Maximum likelihood of positive parameters: the search, how sure it is, and when it has found nothing.

Parameters are searched and their errors told on the logarithmic scale, so that none gets negative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Parameters -> the mean log-likelihood of an observation, and its slope by each parameter."""
ALIKE = "buyers are too much alike, or too few, for the model to settle"
UNSETTLED = "several sets of parameters fit equally well"
REASONS = (ALIKE, UNSETTLED)
"""Why there is no fit."""
_STEP = 1e-4
_FURTHEST = 9.0
"""Beyond e to this a parameter has run away: any greater one fits as well."""


class Unfitted(Exception):
    """The data do not tell the parameters; the text says why, for people."""


class Fit(NamedTuple):
    """Parameters by maximum likelihood, and the covariance of their logarithms."""

    parameters: Floats
    covariance: Floats
    log_likelihood: float
    observations: int

    @property
    def errors(self) -> Floats:
        """The standard error of each parameter."""
        spread: Floats = self.parameters * np.sqrt(np.diag(self.covariance))
        return spread


def fitted(likelihood: Likelihood, starts: Sequence[Sequence[float]], observations: int) -> Fit:
    """Return the best fit from several starts. Raises `Unfitted` where there is no clear maximum."""

    def cost(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, slope = likelihood(parameters)
        return -value, -slope * parameters

    bounds = [(-_FURTHEST - 1, _FURTHEST + 1)] * len(starts[0])
    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}
    found: list[Any] = [
        minimize(cost, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options) for start in starts
    ]
    best = min(found, key=lambda each: float(each.fun))
    if not np.isfinite(best.fun) or np.abs(best.x).max() > _FURTHEST:
        raise Unfitted(ALIKE)
    covariance = _covariance(cost, best.x, observations)
    return Fit(np.exp(best.x), covariance, -float(best.fun) * observations, observations)


def _covariance(cost: Callable[[Floats], tuple[float, Floats]], logs: Floats, observations: int) -> Floats:
    """Return the inverse of the observed information, by differences of the slope."""
    steps = np.eye(len(logs)) * _STEP
    rows = [(cost(logs + step)[1] - cost(logs - step)[1]) / (2 * _STEP) for step in steps]
    slopes = np.array(rows) * observations
    information = (slopes + slopes.T) / 2
    if np.linalg.eigvalsh(information).min() <= 0:
        raise Unfitted(UNSETTLED)
    inverse: Floats = np.asarray(np.linalg.inv(information), np.float64)
    return inverse
