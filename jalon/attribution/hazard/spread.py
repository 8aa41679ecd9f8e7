"""How sure fitted rates are: from how much they owe to each group of persons.

The groups' scores (derivatives of their log-likelihoods) vary by chance and by all in which persons are unlike that the
rates do not know of; with the curvature of what was maximised they give the variance of the rates, whether or not the
model is right (Huber 1967; White, Econometrica 50 (1982) 1-25). All is taken in logarithms of the rates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jalon.attribution.groups import GROUPS
from jalon.attribution.hazard.fitting import (
    BINS,
    Data,
    Events,
    Floats,
    Ints,
    Prior,
    Rates,
    ages,
    at_events,
    bounds,
)
from jalon.attribution.intervals import NORMAL

CHUNK = 50_000
"""So many events are looked at together."""


class Ends(NamedTuple):
    """Ends of 90 % intervals."""

    low: Rates
    high: Rates


def interval(data: Data, rates: Rates, prior: Prior) -> Ends:
    """Return the intervals of rates that were fitted; none reaches below zero. One at its bound is taken as known."""
    theta = np.concatenate(rates)
    score, curve = np.zeros((GROUPS, len(theta))), np.zeros((len(theta), len(theta)))
    for part in _chunks(data):
        gradient, whole = _gradient(part, rates), at_events(part, rates)
        relative = gradient / whole[:, None]
        for column in range(len(theta)):
            score[:, column] += np.bincount(part.events.group, relative[:, column], GROUPS)
        curve += _bends(part, rates, whole) - relative.T @ relative
    score -= _expected_by_group(data, rates)
    curve -= _expected_bends(data, rates)
    weight = np.concatenate(prior.weights)
    total = score.sum(axis=0) + weight * (1 / theta - 1 / np.concatenate(prior.rates))
    curve -= np.diag(weight / theta**2)
    deviation = theta * _deviation(
        score * theta, curve * np.outer(theta, theta) + np.diag(theta * total), _free(data, rates)
    )
    cuts = np.cumsum([len(rates.own), len(rates.brings)])
    reach = NORMAL * deviation
    return Ends(Rates(*np.split(np.maximum(theta - reach, 0.0), cuts)), Rates(*np.split(theta + reach, cuts)))


def with_model_error(ends: Ends, rates: Rates, error: float) -> Ends:
    """Widen the intervals of what channels bring by how far they may be off since the world is of another form.

    `error` is a standard deviation, as a share of what a channel brings; it is taken as independent of chance.
    """
    reach = NORMAL * error * rates.brings
    low = np.maximum(rates.brings - np.hypot(rates.brings - ends.low.brings, reach), 0.0)
    high = rates.brings + np.hypot(ends.high.brings - rates.brings, reach)
    return Ends(ends.low._replace(brings=low), ends.high._replace(brings=high))


def _free(data: Data, rates: Rates) -> Ints:
    """Return which of the rates lie inside their bounds."""
    low, high = bounds(data.window)
    inside = (rates.fades > low * 1.001) & (rates.fades < high * 0.999)
    return np.concatenate([np.ones(len(rates.own) + len(rates.brings), bool), inside])


def _deviation(score: Floats, curve: Floats, free: Ints) -> Floats:
    """Return the standard deviations, from groups' scores and the curvature of their sum."""
    found = np.zeros(len(free))
    centred = score[:, free] - score[:, free].mean(axis=0)
    vary = centred.T @ centred * GROUPS / (GROUPS - 1)
    inverse = np.linalg.pinv(-curve[np.ix_(free, free)], hermitian=True)
    found[free] = np.sqrt(np.maximum(np.diag(inverse @ vary @ inverse), 0.0))
    return found


def _chunks(data: Data) -> Iterator[Data]:
    """Yield the events some at a time; their pairs are in the order of the events."""
    events = data.events
    for first in range(0, data.many, CHUNK):
        own = slice(first, first + CHUNK)
        begin, end = np.searchsorted(events.event, [first, first + CHUNK])
        pairs = slice(begin, end)
        part = Events(events.stratum[own], events.group[own], events.event[pairs] - first, events.cell[pairs])
        yield data._replace(events=part)


class _Pairs(NamedTuple):
    """Of pairs of an event and a touchpoint before it: the touchpoint's channel, its age and what is left of it."""

    channel: Ints
    age: Floats
    left: Floats


def _pairs(data: Data, rates: Rates) -> _Pairs:
    channel, bin_ = np.divmod(data.events.cell, BINS)
    age = ages(data.window)[bin_]
    return _Pairs(channel, age, np.exp(-rates.fades[channel] * age))


def _gradient(data: Data, rates: Rates) -> Floats:
    """Return the derivatives of the rates of events by all rates that are fitted: (events, rates)."""
    channel, age, left = _pairs(data, rates)
    strata, channels = data.strata, data.channels
    width = strata + 2 * channels
    row = data.events.event * width
    columns = np.concatenate([row + strata + channel, row + strata + channels + channel])
    fades = rates.fades[channel]
    values = np.concatenate([fades * left, rates.brings[channel] * (1 - fades * age) * left])
    gradient: Floats = np.bincount(columns, values, data.many * width).reshape(data.many, width)
    gradient[np.arange(data.many), data.events.stratum] = 1.0
    return gradient


def _bends(data: Data, rates: Rates, whole: Floats) -> Floats:
    """Return the sum over events of the second derivatives of their rates, by their rates."""
    channel, age, left = _pairs(data, rates)
    per_rate = left / whole[data.events.event]
    fades = rates.fades[channel]
    mixed = np.bincount(channel, (1 - fades * age) * per_rate, data.channels)
    twice = np.bincount(channel, rates.brings[channel] * (fades * age - 2) * age * per_rate, data.channels)
    return _matrix(data, mixed, twice)


def _matrix(data: Data, mixed: Floats, twice: Floats) -> Floats:
    """Return second derivatives: `mixed` by what a channel brings and how it fades, `twice` by the latter."""
    size = data.strata + 2 * data.channels
    found = np.zeros((size, size))
    brings = data.strata + np.arange(data.channels)
    fades = brings + data.channels
    found[brings, fades] = found[fades, brings] = mixed
    found[fades, fades] = twice
    return found


def _expected_by_group(data: Data, rates: Rates) -> Floats:
    """Return the derivatives of what was expected of each group: (groups, rates)."""
    touches, watched = data.touches, data.watched
    cell = touches.group * data.channels + touches.channel
    left = np.exp(-rates.fades[touches.channel] * touches.watched) * touches.many
    size = GROUPS * data.channels
    by_brings = np.bincount(cell, touches.many - left, size).reshape(GROUPS, -1)
    by_fades = np.bincount(cell, touches.watched * left, size).reshape(GROUPS, -1) * rates.brings
    days = np.bincount(watched.group * data.strata + watched.stratum, watched.days, GROUPS * data.strata)
    return np.hstack([days.reshape(GROUPS, -1), by_brings, by_fades])


def _expected_bends(data: Data, rates: Rates) -> Floats:
    """Return the second derivatives of what was expected."""
    of, watched = data.touches.channel, data.touches.watched
    left = np.exp(-rates.fades[of] * watched) * data.touches.many
    mixed = np.bincount(of, watched * left, data.channels)
    return _matrix(data, mixed, -rates.brings * np.bincount(of, watched**2 * left, data.channels))
