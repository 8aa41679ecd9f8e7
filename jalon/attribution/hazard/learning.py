"""Learning the additive hazard from counts: what rates lean on, how they are found, how sure and how good they are.

Channels lean on the mean of all channels, signs of intent on that of all signs, strata on that of all strata, each by
as much as `prior_conversions` sales would; so a channel that was met rarely is near the mean and not far beyond it.
The means are found first, as if there were one channel, one sign and one stratum. Where channels turn out to be unlike
each other, what they bring leans on the mean by less: the mean of a channel that sells and of many that do not says
little about either. So do the baselines of strata: customers who buy six times as often as others would else be held to
buy less by themselves than they do, and what they are sent would have the difference.
"""

from __future__ import annotations

from math import lgamma

import numpy as np

from jalon.attribution.hazard.fitting import (
    BINS,
    Data,
    Events,
    Fit,
    Floats,
    Prior,
    Rates,
    fit,
    reached,
    shares,
    watched_days,
)

FIRST_GUESS = 0.1
"""Half-life that the search for the means begins with, by the window."""
BARELY = 1.0
"""The means lean on the first guess by so many events."""
HARDLY = 0.1
"""By so many events channels and strata lean on their means while it is asked how unlike they are."""
FEWEST = 3
"""From so many channels and signs on it can be told how unlike they are."""


def learned(data: Data, weight: float, start: Rates | None = None) -> Fit:
    """Return the rates of channels and strata; they lean on their means by `weight` events."""
    return fit(data, prior(data, weight), start)


def prior(data: Data, weight: float) -> Prior:
    """Return the means that channels and strata lean on."""
    found = fit(_pooled(data), Prior(_first_guess(data), BARELY, BARELY, BARELY)).rates
    kind = np.where(data.causes, 0, 1)
    means = Rates(np.full(data.strata, found.own[0]), found.brings[kind], found.fades[kind])
    rates = fit(data, Prior(means, HARDLY, HARDLY, weight)).rates
    shared = shares(data, rates)
    own = _alike(shared.own, means.own * watched_days(data), weight)
    enough = data.channels >= FEWEST
    brings = _alike(shared.channel, means.brings * reached(data, rates.fades), weight) if enough else weight
    return Prior(means, own, brings, weight)


def _alike(seen: Floats, foretold: Floats, weight: float) -> float:
    """Return by how many events rates lean on their mean: `weight`, or less where they are unlike.

    It is the shape of the gamma distribution of the rates by the mean under which the events that were `seen` of each
    are likeliest: a negative binomial of each (Robbins's empirical Bayes). `foretold`: those that the mean foretells.
    """
    shapes = weight * np.geomspace(0.01, 1.0, 25)
    return float(max(shapes, key=lambda shape: _likelihood(shape, seen, foretold)))


def _likelihood(shape: float, seen: Floats, foretold: Floats) -> float:
    """Return the log-likelihood of how many events were seen of each, by how many their mean foretells; up to a
    constant."""
    counted = sum(lgamma(each + shape) - lgamma(shape) for each in seen)
    return counted + float((shape * np.log(shape / (shape + foretold)) - seen * np.log(shape + foretold)).sum())


def _pooled(data: Data) -> Data:
    """Return the data as if all causes were one channel, all signs another, and all strata one."""
    kind = np.where(data.causes, 0, 1)
    code, bin_ = np.divmod(data.events.cell, BINS)
    events, touches, watched = data.events, data.touches, data.watched
    return data._replace(
        events=Events(events.stratum * 0, events.group, events.event, kind[code] * BINS + bin_),
        touches=touches._replace(channel=kind[touches.channel]),
        watched=watched._replace(stratum=watched.stratum * 0),
        causes=np.array([True, False]),
        strata=1,
    )


def _first_guess(data: Data) -> Rates:
    """Let half of the events come by themselves, and the rest alike from all touchpoints."""
    half = (data.many + 1) / 2
    each = half / max(float(data.touches.many.sum()), 1.0)
    fades = float(np.log(2)) / (FIRST_GUESS * data.window)
    days = max(float(watched_days(data).sum()), data.window)
    return Rates(np.array([half / days]), np.full(2, each), np.full(2, fades))


def half_lives(rates: Rates) -> Floats:
    """Return after how many days half of an effect has come."""
    found: Floats = np.log(2) / rates.fades
    return found
