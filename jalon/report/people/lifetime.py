"""What buyers will do: whether they buy again, how often, and what they bring, by BG/NBD and Gamma-Gamma.

Forecasts reach at most twice as far ahead as what is known reaches back. Where too little is known the models are not
fitted, and it is said why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jalon.attribution.intervals import NORMAL
from jalon.report.people import bg_nbd, fitting, gamma_gamma
from jalon.report.people.buyers import Buyers
from jalon.report.people.fitting import Fit, Floats, Unfitted
from jalon.report.people.intervals import Estimate

NEXT_DAYS = 90
"""Days ahead for which purchases are expected."""
VALUE_DAYS = 365
"""Days ahead over which lifetime value is summed up; money is not discounted."""
REACH = 2
FEWEST_BUYERS = 100
FEWEST_REPEATS = 20
"""Buyers, and buyers who came again, below which nothing is fitted."""
FEW_BUYERS = f"fewer than {FEWEST_BUYERS} buyers are known"
FEW_REPEATS = f"fewer than {FEWEST_REPEATS} buyers came again"
TOO_SHORT = {
    days: f"purchases are known for less than {-(-days // REACH)} days, too short to look {days} ahead"
    for days in (NEXT_DAYS, VALUE_DAYS)
}
SPENDS_OTHERWISE = "who buys often spends otherwise than who buys rarely, which the model cannot hold"
REASONS = (FEW_BUYERS, FEW_REPEATS, *TOO_SHORT.values(), SPENDS_OTHERWISE, *fitting.REASONS, gamma_gamma.NO_MEAN)
"""Why nothing is expected."""
MOST_ALIKE = 0.5
"""So much correlation between how often and for how much the model of money bears at most."""
_STEP = 1e-4


class Purchasing(NamedTuple):
    """How buyers come again: the fit and each buyer's figures; None with the reason where nothing was fitted."""

    fit: Fit | None
    buying: bg_nbd.Buying
    place: np.ndarray
    until_days: float
    because: str = ""

    def each(self, of_kinds: Floats) -> Floats:
        """Return for every buyer what was computed for their kind."""
        told: Floats = of_kinds[self.place]
        return told


class Value(NamedTuple):
    """What buyers of one currency are worth; `mean` in minor units. None with the reason where nothing was fitted."""

    currency: str
    fit: Fit | None
    correlation: float | None
    mean: Estimate
    because: str = ""


def purchasing(buyers: Buyers, until_day: float) -> Purchasing:
    """Fit how buyers come again, watched until a day of UTC; where they bought it may be a day later."""
    age = np.maximum(until_day - buyers.first_day, 0)
    weeks = [buyers.purchases - 1, np.minimum(buyers.last_day - buyers.first_day, age) / 7, age / 7]
    buying, place = bg_nbd.alike(*weeks)
    known = float(age.max(initial=0))
    try:
        _enough(len(buyers.person), int((buyers.purchases > 1).sum()), known, NEXT_DAYS)
        return Purchasing(bg_nbd.fit(buying), buying, place, known)
    except Unfitted as why:
        return Purchasing(None, buying, place, known, str(why))


def _enough(buyers: int, again: int, known_days: float, ahead_days: int) -> None:
    for holds, why in (
        (buyers >= FEWEST_BUYERS, FEW_BUYERS),
        (again >= FEWEST_REPEATS, FEW_REPEATS),
        (known_days * REACH >= ahead_days, TOO_SHORT[ahead_days]),
    ):
        if not holds:
            raise Unfitted(why)


def values(buyers: Buyers, bought: Purchasing) -> Iterator[tuple[Value, np.ndarray, Floats]]:
    """Yield per currency what its buyers are worth: the figures, who they are, and the value of each, minor units."""
    for currency in np.unique(buyers.currency):
        own = np.flatnonzero(buyers.currency == currency)
        try:
            yield _value(str(currency), buyers, bought, own)
        except Unfitted as why:
            none = Estimate(None, None, None, len(own))
            yield Value(str(currency), None, None, none, str(why)), own, np.full(len(own), np.nan)


def _value(currency: str, buyers: Buyers, bought: Purchasing, own: np.ndarray) -> tuple[Value, np.ndarray, Floats]:
    """Return what buyers of one currency are worth. Raises `Unfitted`."""
    if bought.fit is None:
        raise Unfitted(bought.because)
    repeats, net = buyers.repeats[own], buyers.repeat_net[own]
    paid = (repeats > 0) & (net > 0)
    _enough(len(own), int(paid.sum()), bought.until_days, VALUE_DAYS)
    mean = np.where(paid, net / np.maximum(repeats, 1), 0.0)
    repeats = np.where(paid, repeats, 0.0)
    correlation = _correlation(repeats[paid], mean[paid])
    if abs(correlation) > MOST_ALIKE:
        raise Unfitted(SPENDS_OTHERWISE)
    money = gamma_gamma.fit(repeats[paid], mean[paid])

    def worth(purchase: Floats, spending: Floats) -> Floats:
        often = bought.each(bg_nbd.expected(purchase, bought.buying, VALUE_DAYS / 7))[own]
        brought: Floats = often * gamma_gamma.expected(spending, repeats, mean)
        return brought

    each = worth(bought.fit.parameters, money.parameters)
    if not np.isfinite(each).all():
        raise Unfitted(fitting.UNSETTLED)
    return Value(currency, money, correlation, _mean_worth(bought.fit, money, worth, each)), own, each


def _correlation(first: Floats, second: Floats) -> float:
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _mean_worth(bought: Fit, money: Fit, worth: Any, each: Floats) -> Estimate:
    """Return the mean value with its interval: how unsure the parameters are, and that other buyers would come.

    The delta method, on the logarithm of the mean.
    """
    logs = np.log(np.concatenate([bought.parameters, money.parameters]))
    first = len(bought.parameters)

    def log_mean(at: Floats) -> float:
        return float(np.log(worth(np.exp(at[:first]), np.exp(at[first:])).mean()))

    slope = np.array([(log_mean(logs + s) - log_mean(logs - s)) / (2 * _STEP) for s in np.eye(len(logs)) * _STEP])
    of_purchases = slope[:first] @ bought.covariance @ slope[:first]
    of_money = slope[first:] @ money.covariance @ slope[first:]
    mean = float(each.mean())
    reach = NORMAL * float(np.sqrt(of_purchases + of_money + each.var(ddof=1) / len(each) / mean**2))
    return Estimate(mean, mean * float(np.exp(-reach)), mean * float(np.exp(reach)), len(each))
