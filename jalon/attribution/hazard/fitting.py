"""Fitting the additive hazard: expectation and maximisation on counts.

At each moment sales come at the rate mu_s + Σ beta_c omega_c exp(-omega_c age), over the touchpoints that the person
had; s is the stratum. A touchpoint of c brings beta_c sales in the end, half of them within log 2 / omega_c (Zhang, Wei
and Ren, ICDM 2014; Ji and Wang, AAAI 2017; the baseline mu is added here). The log-likelihood is the sum of the log
rates of sales, less what the rates add up to over all the time that was watched.

A touchpoint that no sale followed enters through that sum alone, so that counts by channel and time suffice. A step
asks of each sale which share of its rate each part had, then fits the parts to their shares; how fast effects fade is
fitted to a tangent of the sum, which is convex in it. So no step lowers what is maximised.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

Floats = np.ndarray
Ints = np.ndarray

BINS = 256
"""Ages are told by so many parts of the window, narrow where they are young: its square root is cut evenly."""
STEPS = 2000
"""After so many steps fitting ends, converged or not."""
ENOUGH = 1e-7
"""Gain of a step, per sale, that is not worth another."""
SHORTEST = 1.0 / 720
"""Shortest half-life, by the look-back window: an hour of thirty days."""
LONGEST = 0.5
"""Longest half-life, by the window: what lasts longer cannot be told from the baseline."""


class Events(NamedTuple):
    """What is explained: `stratum` and `group` of each event, and pairs of an event's number and the cell of a
    touchpoint before it: code of its channel times `BINS`, plus the bin of its age."""

    stratum: Ints
    group: Ints
    event: Ints
    cell: Ints


class Touches(NamedTuple):
    """Touchpoints counted by group of persons, channel and for how long they were watched; `watched`: mean days."""

    group: Ints
    channel: Ints
    many: Floats
    watched: Floats

    def of(self, kept: Ints) -> Self:
        """Return the rows for which `kept` is true."""
        return type(self)(*(column[kept] for column in self))


class Watched(NamedTuple):
    """Days in which persons were watched, by group and stratum."""

    group: Ints
    stratum: Ints
    days: Floats


class Data(NamedTuple):
    """All that is fitted. `causes`: of each channel, whether it is one and no sign of intent; `window` in days."""

    events: Events
    touches: Touches
    watched: Watched
    causes: Ints
    strata: int
    window: float

    @property
    def channels(self) -> int:
        return len(self.causes)

    @property
    def many(self) -> int:
        """How many events there are."""
        return len(self.events.stratum)

    def of_groups(self, groups: Ints) -> Data:
        """Return what the groups of persons did for which `groups` (booleans, by group) is true."""
        events, watched = self.events, self.watched
        kept = groups[events.group]
        pairs = kept[events.event]
        number = (np.cumsum(kept) - 1)[events.event[pairs]]
        return self._replace(
            events=Events(events.stratum[kept], events.group[kept], number, events.cell[pairs]),
            touches=self.touches.of(groups[self.touches.group]),
            watched=Watched(*(column[groups[watched.group]] for column in watched)),
        )


class Rates(NamedTuple):
    """`own`: events per day by stratum; `brings`: events that a touchpoint of each channel brings; `fades`: omega, per
    day."""

    own: Floats
    brings: Floats
    fades: Floats

    def per_cell(self, window: float) -> Floats:
        """Return the rate by which a touchpoint of each cell adds to that of events, per day."""
        age = ages(window)
        rate: Floats = (self.brings * self.fades)[:, None] * np.exp(-self.fades[:, None] * age)
        return rate.ravel()


class Prior(NamedTuple):
    """What rates lean on, and by as much as how many events would: baselines (`own`), what touchpoints bring
    (`brings`), and how fast that fades (`fades`)."""

    rates: Rates
    own: float
    brings: float
    fades: float

    @property
    def weights(self) -> Rates:
        """By how many events each of the rates leans."""
        kinds = zip(self.rates, (self.own, self.brings, self.fades), strict=True)
        return Rates(*(np.full(len(mean), weight) for mean, weight in kinds))


class Fit(NamedTuple):
    """`gains`: what is maximised, after each step."""

    rates: Rates
    converged: bool
    gains: list[float]


class Shares(NamedTuple):
    """Events shared out over what may have brought them: the strata's own, and the channels', also by days of age."""

    own: Floats
    channel: Floats
    aged: Floats


def ages(window: float) -> Floats:
    """Return the middle of each bin, in the unit of the window."""
    middle: Floats = window * ((np.arange(BINS) + 0.5) / BINS) ** 2
    return middle


def bins(age: Floats, window: float) -> Ints:
    """Return the bins of ages; engines agree on them, since a square root is rounded the same everywhere."""
    found: Ints = np.minimum(np.floor(np.sqrt(age / window) * BINS), BINS - 1).astype(np.int64)
    return found


def fit(data: Data, prior: Prior, start: Rates | None = None) -> Fit:
    """Return the rates that are likeliest, given what they lean on."""
    data = _over_groups(data)
    rates, gains = start or prior.rates, [-np.inf]
    for _ in range(STEPS):
        gains.append(likelihood(data, rates) + _leaning(prior, rates))
        if gains[-1] - gains[-2] < ENOUGH * max(data.many, 1):
            return Fit(rates, True, gains[1:])
        rates = _fitted(data, shares(data, rates), rates, prior)
    return Fit(rates, False, gains[1:])


def _over_groups(data: Data) -> Data:
    """Return the data with touchpoints counted over all groups: fitting asks of none whose it was."""
    touches = data.touches
    cell = touches.channel * BINS + bins(touches.watched, data.window)
    many = np.bincount(cell, touches.many, data.channels * BINS)
    days = np.bincount(cell, touches.many * touches.watched, data.channels * BINS)
    (met,) = np.nonzero(many)
    summed = Touches(met * 0, met // BINS, many[met], days[met] / many[met])
    return data._replace(touches=summed)


def at_events(data: Data, rates: Rates) -> Floats:
    """Return the rate of each event at its moment."""
    each = rates.per_cell(data.window)[data.events.cell]
    whole: Floats = rates.own[data.events.stratum] + np.bincount(data.events.event, each, data.many)
    return whole


def likelihood(data: Data, rates: Rates) -> float:
    """Return the log-likelihood, in nats."""
    expected = rates.own @ watched_days(data) + rates.brings @ reached(data, rates.fades)
    return float(np.log(at_events(data, rates)).sum() - expected)


def shares(data: Data, rates: Rates) -> Shares:
    """Return what the events are shared out to: each part of a rate has its share of the event."""
    per_rate = 1.0 / at_events(data, rates)
    size = data.channels * BINS
    by_cell = np.bincount(data.events.cell, per_rate[data.events.event], size) * rates.per_cell(data.window)
    aged = by_cell.reshape(-1, BINS)
    own = np.bincount(data.events.stratum, per_rate, data.strata) * rates.own
    return Shares(own, aged.sum(axis=1), aged @ ages(data.window))


def reached(data: Data, fades: Floats) -> Floats:
    """Return by channel how many touchpoints' worth of effect has been watched: Σ 1 - exp(-omega watched)."""
    gone = -np.expm1(-fades[data.touches.channel] * data.touches.watched)
    return np.bincount(data.touches.channel, data.touches.many * gone, data.channels)


def watched_days(data: Data) -> Floats:
    """Return the days watched by stratum."""
    return np.bincount(data.watched.stratum, data.watched.days, data.strata)


def bounds(window: float) -> tuple[float, float]:
    """Return the least and the greatest omega, per day."""
    return float(np.log(2) / (LONGEST * window)), float(np.log(2) / (SHORTEST * window))


def _leaning(prior: Prior, rates: Rates) -> float:
    """Return the logarithm of the prior: gamma densities whose modes are the prior's rates."""
    rows = zip(prior.weights, rates, prior.rates, strict=True)
    return float(sum((weight * (np.log(now / mean) - now / mean)).sum() for weight, now, mean in rows))


def _fitted(data: Data, shared: Shares, rates: Rates, prior: Prior) -> Rates:
    """Fit the parts to their shares: baseline and effects first, then how fast effects fade."""
    weight, mean = prior.weights, prior.rates
    own = (shared.own + weight.own) / (watched_days(data) + weight.own / mean.own)
    brings = (shared.channel + weight.brings) / (reached(data, rates.fades) + weight.brings / mean.brings)
    of, days = data.touches.channel, data.touches.watched
    still = np.bincount(of, data.touches.many * days * np.exp(-rates.fades[of] * days), data.channels)
    fades = (shared.channel + weight.fades) / (shared.aged + brings * still + weight.fades / mean.fades)
    return Rates(own, brings, np.clip(fades, *bounds(data.window)))
