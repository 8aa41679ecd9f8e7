"""Learning the additive hazard from counts: what rates lean on, how they are found, how sure and how good they are.

Channels lean on the mean of all channels, signs of intent on that of all signs, strata on that of all strata, each by
as much as `prior_conversions` sales would; so a channel that was met rarely is near the mean and not far beyond it.
The means are found first, as if there were one channel, one sign and one stratum.
"""

from __future__ import annotations

import numpy as np

from jalon.attribution.hazard.fitting import BINS, Data, Events, Fit, Floats, Prior, Rates, fit, watched_days

FIRST_GUESS = 0.1
"""Half-life that the search for the means begins with, by the window."""
BARELY = 1.0
"""The means lean on the first guess by so many events."""


def learned(data: Data, weight: float, start: Rates | None = None) -> Fit:
    """Return the rates of channels and strata; they lean on their means by `weight` events."""
    return fit(data, prior(data, weight), start)


def prior(data: Data, weight: float) -> Prior:
    """Return the means that channels and strata lean on."""
    found = fit(_pooled(data), Prior(BARELY, _first_guess(data))).rates
    kind = np.where(data.causes, 0, 1)
    return Prior(weight, Rates(np.full(data.strata, found.own[0]), found.brings[kind], found.fades[kind]))


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
