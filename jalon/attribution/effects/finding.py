"""What a model that learns is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.effects import held_out
from jalon.attribution.effects.counts import Way, counted_channels, counted_in_groups, counted_steps
from jalon.attribution.effects.jackknife import Ends
from jalon.attribution.effects.sets import Sets, bits, counted
from jalon.attribution.engine import Engine

DIGITS = 12
"""Effects are rounded to so many decimals, so that no summation order of the solver shows in what is written."""


class Material(Protocol):
    """All that a model hears of journeys: sums. Channels are told by codes from 1, in the order of `names`."""

    @property
    def names(self) -> list[str]:
        """The channels that journeys met."""

    @property
    def channels(self) -> pa.Table:
        """Rows `code`, `steps`, `journeys`, in the order of codes."""

    @property
    def steps(self) -> pa.Table:
        """Rows as `counts.counted_steps`."""

    @property
    def in_groups(self) -> pa.Table:
        """Rows as `counts.counted_in_groups`."""

    @property
    def sets(self) -> Sets:
        """The sets of channels that journeys met."""


@dataclass
class Counting:
    """The journeys of the run that is going on, counted when a model first asks for it."""

    engine: Engine
    met: Way

    @property
    def names(self) -> list[str]:
        return self.met.channels

    @cached_property
    def channels(self) -> pa.Table:
        return counted_channels(self.engine, self.met)

    @cached_property
    def steps(self) -> pa.Table:
        return counted_steps(self.engine, self.met)

    @cached_property
    def in_groups(self) -> pa.Table:
        return counted_in_groups(self.engine, self.met)

    @cached_property
    def bits(self) -> Table:
        """Channels and their bits: see `sets.bits`."""
        return bits(self.engine, self.names)

    @cached_property
    def sets(self) -> Sets:
        return counted(self.engine, self.met, self.bits)


class Found(NamedTuple):
    """`effects`: one number per channel, in the order of codes; below zero it is told and counts as zero. `told`: what
    it rests on, as JSON-able data. `by_set`: where credit depends on the company, a number per member of `Sets`.
    `ends`: the intervals of the effects, where it is known how sure they are."""

    effects: np.ndarray
    told: dict[str, Any]
    by_set: np.ndarray | None = None
    ends: Ends | None = None


Finder = Callable[[Material, Mapping[str, Any]], Found]


def base(journeys: float, conversions: float) -> dict[str, Any]:
    """Return what every model that learns tells first."""
    return {
        "journeys": int(journeys),
        "conversions": int(conversions),
        "base_rate": round(float(conversions / journeys), DIGITS),
    }


def below_zero(effects: np.ndarray, channels: list[str]) -> dict[str, float]:
    """Return the channels whose effect is negative; it is credited as none."""
    return {channels[i]: round(float(effects[i]), DIGITS) for i in np.flatnonzero(np.round(effects, DIGITS) < 0)}


def of_sets(sets: Sets) -> dict[str, Any]:
    """Return `base` of sets, how many there are, and how many journeys were left out."""
    return {
        **base(sets.all_journeys, sets.all_conversions),
        "sets": len(sets.masks),
        "journeys_left_out": sets.all_journeys - int(sets.journeys.sum()),
    }


def judged(sets: Sets, teach: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Return how well a model foretells the folds that it was not taught (`held_out`).

    `teach` is given journeys and conversions per set, and returns the chance of each set.
    """
    size, folds = sets.journeys.shape
    rows = held_out.Counts(np.tile(np.arange(folds), size), sets.journeys.ravel(), sets.conversions.ravel())

    def by_others(seen: np.ndarray) -> np.ndarray:
        shown = seen.reshape(size, folds)
        chance = teach((sets.journeys * shown).sum(axis=1), (sets.conversions * shown).sum(axis=1))
        return np.repeat(chance, folds)

    return {"held_out": held_out.judged(rows, held_out.foretold(rows, by_others))}
