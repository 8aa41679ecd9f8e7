"""Noisy-or: each channel of a journey brings the sale with a chance of its own, whatever the others do.

A journey that met the channels S converts with chance f(S) = 1 - (1 - q) Π (1 - p_j) over S; q, the leak, is what comes
without any. The chances are those that make what happened likeliest (EM: a sale that was made was brought by i with
chance p_i / f(S), since causes are not exclusive; Pearl 1988, for noisy-or), each with `prior` journeys added that
converted never, so that few journeys tell little. EM is sped up by squared extrapolation wherever that leads uphill
(Varadhan and Roland, Scandinavian Journal of Statistics 35 (2008) 335-353).

Of a set the Shapley values are p_i times the integral from 0 to 1 of Π_{j≠i} (1 - t p_j) dt, a polynomial of degree
n - 1, which ceil(n/2) nodes of Gauss and Legendre integrate exactly; the leak lowers all of them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jalon.attribution.effects import jackknife
from jalon.attribution.effects.finding import DIGITS, Found, Material, judged, of_sets
from jalon.attribution.effects.sets import Sets

MOST_STEPS = 1000
NEAR = 1e-12
"""EM ends when a step of it raises the mean log-likelihood of a journey by less."""
SHORTENED = 0.1
"""Of a chance at least so much is left by one extrapolation."""
SURE = 1 - 1e-12
"""No chance is greater, so that what happened all the same is not impossible."""


class Chances(NamedTuple):
    """`leak`, the chance without any channel, and each channel's own; `steps` that EM took, and whether it came to
    rest."""

    leak: float
    own: np.ndarray
    steps: int
    settled: bool


def find(material: Material, parameters: Mapping[str, Any]) -> Found:
    """Return per channel its chance, and per set the Shapley value of each member."""
    sets, channels = material.sets, len(material.names)
    prior = parameters["prior_journeys"]
    met, won = sets.journeys.sum(axis=1), sets.conversions.sum(axis=1)
    fitted = fit(sets, met, won, channels, prior)

    def chances_by(journeys: np.ndarray, conversions: np.ndarray) -> np.ndarray:
        return chances(sets, fit(sets, journeys, conversions, channels, prior))

    told = {
        **of_sets(sets),
        "leak": round(fitted.leak, DIGITS),
        "steps": fitted.steps,
        "settled": fitted.settled,
        **judged(sets, chances_by),
    }

    def own_by(journeys: np.ndarray, conversions: np.ndarray) -> np.ndarray:
        return fit(sets, journeys, conversions, channels, prior).own

    return Found(fitted.own, told, values_in_sets(sets, fitted.own), jackknife.of_sets(sets, fitted.own, own_by))


def fit(sets: Sets, journeys: np.ndarray, won: np.ndarray, channels: int, prior: float) -> Chances:
    """Return the likeliest chances; `journeys` and `won` are per set."""
    problem = _Problem(sets, journeys, won, np.bincount(sets.channel, journeys[sets.of], channels) + prior, prior)
    rate = won.sum() / max(journeys.sum(), 1.0)
    now = np.full(channels + 1, rate / 2)
    height = problem.height(now)
    for step in range(1, MOST_STEPS + 1):
        now, reached = problem.onward(now)
        if reached - height <= NEAR * max(journeys.sum(), 1.0):
            return Chances(float(now[-1]), now[:-1], step, True)
        height = reached
    return Chances(float(now[-1]), now[:-1], MOST_STEPS, False)


def chances(sets: Sets, fitted: Chances) -> np.ndarray:
    """Return the chance that a journey of each set converts."""
    return _converts(sets, np.append(fitted.own, fitted.leak))


def values_in_sets(sets: Sets, own: np.ndarray) -> np.ndarray:
    """Return the Shapley value of each member of each set in the game 1 - Π (1 - p_j)."""
    found = np.zeros(len(sets.of))
    sizes = sets.sizes[sets.of]
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size).reshape(-1, size)
        found[rows] = shapley(own[sets.channel[rows]])
    return found


def shapley(chance: np.ndarray) -> np.ndarray:
    """Return the Shapley values of journeys with n channels each: `chance` and what is returned are (journeys, n)."""
    nodes, weights = np.polynomial.legendre.leggauss((chance.shape[1] + 1) // 2)
    found = np.zeros(chance.shape)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        left = 1 - node * chance
        found += weight * left.prod(axis=1, keepdims=True) / left
    values: np.ndarray = chance * found
    return values


class _Problem(NamedTuple):
    """What EM climbs: log-likelihood plus `prior` journeys of each channel that did not convert."""

    sets: Sets
    journeys: np.ndarray
    won: np.ndarray
    met: np.ndarray
    prior: float

    def height(self, now: np.ndarray) -> float:
        """Return what is climbed."""
        converts = _converts(self.sets, now)
        told = self.won @ np.log(np.maximum(converts, 1e-300)) + (self.journeys - self.won) @ np.log1p(-converts)
        return float(told + self.prior * np.log1p(-now[:-1]).sum())

    def step(self, now: np.ndarray) -> np.ndarray:
        """Return the chances after one step of EM."""
        brought = self.won / np.maximum(_converts(self.sets, now), 1e-300)
        own = now[:-1] * np.bincount(self.sets.channel, brought[self.sets.of], len(self.met)) / self.met
        leak = now[-1] * brought.sum() / max(self.journeys.sum(), 1.0)
        found: np.ndarray = np.clip(np.append(own, leak), 0.0, SURE)
        return found

    def onward(self, now: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the chances after two steps, or where extrapolating them leads if that is higher, and how high."""
        first = self.step(now)
        second = self.step(first)
        height = self.height(second)
        change, bend = first - now, second - 2 * first + now
        length = np.linalg.norm(bend)
        if length == 0:
            return second, height
        reach = max(float(np.linalg.norm(change) / length), 1.0)
        # EM never leaves a chance of zero, so that no guess may come to one that the steps did not
        guess = self.step(np.clip(now + 2 * reach * change + reach**2 * bend, second * SHORTENED, SURE))
        reached = self.height(guess)
        return (guess, reached) if reached > height else (second, height)


def _converts(sets: Sets, now: np.ndarray) -> np.ndarray:
    """Return f of each set; the last of the chances is the leak."""
    left = np.bincount(sets.of, np.log1p(-now[sets.channel]), len(sets.masks)) + np.log1p(-now[-1])
    found: np.ndarray = np.minimum(-np.expm1(left), SURE)
    return found
