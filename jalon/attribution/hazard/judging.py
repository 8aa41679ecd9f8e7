"""How well the additive hazard foretells when persons buy that it has not seen, and whether channels bring what it
says.

It is taught on four fifths of the groups of persons and asked about the rest, five times. The loss is that of the
times of sales, so it is not to be compared with that of models that foretell an outcome alone; beside it stands the
loss of a baseline without channels. Calibrated is a channel of which those persons' touchpoints are followed by as many
sales as were foretold for them, each sale shared out by the rates.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from jalon.attribution.groups import GROUPS
from jalon.attribution.hazard.fitting import Data, Floats, Rates, likelihood, reached, shares, watched_days
from jalon.attribution.hazard.learning import learned

FOLDS = 5


class Judged(NamedTuple):
    """Sums over the folds: log-likelihoods of the rates and of a baseline alone; sales foretold and seen, by stratum
    and by channel."""

    likely: float
    likely_by_base: float
    foretold_own: Floats
    seen_own: Floats
    foretold: Floats
    seen: Floats

    def told(self, journeys: int, channels: list[str]) -> dict[str, Any]:
        """Return what the card of the run says of it; losses are in nats per journey."""
        rows = zip(channels, self.foretold, self.seen, strict=True)
        nobody = ("", self.foretold_own.sum(), self.seen_own.sum())
        whole = self.foretold_own.sum() + self.foretold.sum()
        return {
            "loss": round(-self.likely / journeys, 6),
            "loss_of_base": round(-self.likely_by_base / journeys, 6),
            "calibration_ratio": round(float((self.seen_own.sum() + self.seen.sum()) / whole), 6),
            "calibration": [
                {"channel": name, "foretold": round(float(told), 1), "seen": round(float(seen), 1)}
                for name, told, seen in (nobody, *rows)
            ],
        }


def judged(data: Data, weight: float, start: Rates) -> Judged:
    """Return how right rates are for persons that they were not learnt from."""
    parts = [_held(data, held, weight, start) for held in range(FOLDS)]
    return Judged(*(sum(column[1:], column[0]) for column in zip(*parts, strict=True)))


def _held(data: Data, held: int, weight: float, start: Rates) -> Judged:
    fold = np.arange(GROUPS) % FOLDS
    seen, asked = data.of_groups(fold != held), data.of_groups(fold == held)
    rates = learned(seen, weight, start).rates
    shared = shares(asked, rates)
    return Judged(
        likelihood(asked, rates),
        likelihood(asked, _base(seen)),
        rates.own * watched_days(asked),
        shared.own,
        rates.brings * reached(asked, rates.fades),
        shared.channel,
    )


def _base(data: Data) -> Rates:
    """Return the rates of a baseline alone, the same in all strata."""
    rate = (data.many + 1) / max(float(watched_days(data).sum()), 1.0)
    return Rates(np.full(data.strata, rate), np.zeros(data.channels), np.ones(data.channels))
