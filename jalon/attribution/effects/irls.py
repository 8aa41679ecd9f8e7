"""Logistic regression on counts, by Newton's method with a ridge."""

from __future__ import annotations

import numpy as np

MOST_STEPS = 50
NEAR = 1e-10
"""Newton's steps end when none of the coefficients moves by more."""
FAR = 30.0
"""Log-odds are kept within so much, so that no probability is zero or one."""


def coefficients(design: np.ndarray, trials: np.ndarray, successes: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Return the coefficients with the greatest likelihood less half the sum of `ridge` times their squares.

    `design`: (rows, coefficients); `trials` and `successes`: counts per row. A ridge above zero makes the answer unique
    and finite where the data alone would not. A step is halved until it leads uphill (McCullagh and Nelder 1989).
    """
    found = np.zeros(design.shape[1])
    height = _height(design, trials, successes, ridge, found)
    for _ in range(MOST_STEPS):
        chance = probabilities(design, found)
        slope = design.T @ (successes - trials * chance) - ridge * found
        bend = (design * (trials * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        found, height, moved = _uphill(design, trials, successes, ridge, found, height, step)
        if moved <= NEAR:
            break
    return found


def probabilities(design: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return what the coefficients foretell of each row."""
    chance: np.ndarray = 1 / (1 + np.exp(-np.clip(design @ found, -FAR, FAR)))
    return chance


def _uphill(
    design: np.ndarray,
    trials: np.ndarray,
    successes: np.ndarray,
    ridge: np.ndarray,
    found: np.ndarray,
    height: float,
    step: np.ndarray,
) -> tuple[np.ndarray, float, float]:
    """Return where the greatest half, quarter, ... of a step that leads uphill ends, how high, and how far it went."""
    for halvings in range(30):
        part = step / 2**halvings
        reached = _height(design, trials, successes, ridge, found + part)
        if reached >= height:
            return found + part, reached, float(np.abs(part).max(initial=0.0))
    return found, height, 0.0


def _height(
    design: np.ndarray, trials: np.ndarray, successes: np.ndarray, ridge: np.ndarray, found: np.ndarray
) -> float:
    """Return the penalised log-likelihood."""
    chance = probabilities(design, found)
    told = successes @ np.log(chance) + (trials - successes) @ np.log1p(-chance)
    return float(told - ridge @ found**2 / 2)
