"""The sets of distinct channels that journeys met, counted in the engine and told apart by bit masks.

A mask is one or several whole numbers (`WORD` channels each), so that any number of channels has one, and sums of bits
make it: no ordered list is needed, which not every engine has. What a model says of a set goes back as a table and is
joined to the journeys by the same masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.effects.choice import FOLDS
from jalon.attribution.effects.counts import Way, fold
from jalon.attribution.engine import Engine
from jalon.attribution.groups import GROUPS

WORD = 62
"""So many bits of a 64-bit whole number are used."""
MAX_SETS = 100_000
"""Where journeys met more distinct sets, only those of part of the persons are learnt from, and orders with other sets
are credited by what the model says of their channels."""


class Sets(NamedTuple):
    """S distinct sets. `masks`: (S, words); `of` and `channel`: the members one by one, which set and which channel
    (from 0); `journeys` and `conversions`: (S, folds); `all_journeys` and `all_conversions`: those of
    persons that were left out among them."""

    masks: np.ndarray
    of: np.ndarray
    channel: np.ndarray
    journeys: np.ndarray
    conversions: np.ndarray
    all_journeys: int
    all_conversions: int

    @property
    def sizes(self) -> np.ndarray:
        """How many channels each set has."""
        return np.bincount(self.of, minlength=len(self.masks))

    def presence(self, channels: int) -> np.ndarray:
        """Return 1 where a set has a channel: (S, channels), floats."""
        found = np.zeros((len(self.masks), channels))
        found[self.of, self.channel] = 1.0
        return found


def bits(engine: Engine, channels: list[str]) -> Table:
    """Return and keep the bits of channels: `channel`, `code` (from 1) and `bit_0`, `bit_1`, ..."""
    columns = {"channel": pa.array(channels, pa.string()), "code": pa.array(range(1, len(channels) + 1), pa.int64())}
    for word in range(_words(len(channels))):
        own = [1 << (place % WORD) if place // WORD == word else 0 for place in range(len(channels))]
        columns[f"bit_{word}"] = pa.array(own, pa.int64())
    data = pa.table(columns)
    return engine.take("bits", data, {name: "string" if name == "channel" else "int64" for name in columns})


def counted(engine: Engine, met: Way, known: Table, *, whole: bool = False) -> Sets:
    """Return the sets that journeys met; `known` are the `bits`. Unless the `whole` is asked for, those of part of the
    persons where they are too many."""
    masks = _masks(known)
    members = met.steps.select("journey", "person_group", "converted", "code").distinct()
    each = members.join(known.drop("channel"), "code")
    summed = {name: each[name.replace("mask", "bit")].sum().cast("int64") for name in masks}
    sets = engine.keep("journey_sets", each.group_by("journey", "person_group", "converted").agg(**summed))
    rows = sets if whole else _few_enough(engine, sets, masks)
    rows = rows.mutate(fold=fold(rows.person_group))
    found = rows.group_by(*masks, "fold").agg(
        journeys=rows.count(), conversions=rows.converted.cast("int64").sum().cast("int64")
    )
    told = engine.rows(found.order_by(*masks, "fold"))
    (totals,) = engine.dicts(sets.agg(journeys=sets.count(), conversions=sets.converted.cast("int64").sum()))
    engine.drop("journey_sets")
    columns = np.column_stack([told[name].to_numpy() for name in masks]).reshape(len(told), len(masks))
    folds, journeys, conversions = (told[name].to_numpy() for name in ("fold", "journeys", "conversions"))
    return by_masks(columns, folds, journeys, conversions, len(met.channels))._replace(
        all_journeys=int(totals["journeys"]), all_conversions=int(totals["conversions"])
    )


def _few_enough(engine: Engine, sets: Table, masks: list[str]) -> Table:
    """Return the journeys of all person groups, or of half, a quarter, ... of them: a sample that favours no set."""
    groups = GROUPS
    while True:
        kept = sets.filter(sets.person_group < groups)
        many = kept.select(*masks).distinct()
        if groups == 1 or engine.dicts(many.agg(n=many.count()))[0]["n"] <= MAX_SETS:
            return kept
        groups //= 2


def with_masks(features: Table, known: Table) -> Table:
    """Add to the steps of journeys (`order_uid`, `channel`, `position`) the masks of the sets that these met."""
    joined = features.join(known.drop("code"), "channel")
    again = ibis.row_number().over(group_by=[joined.order_uid, joined.channel], order_by=joined.position)
    once = joined.mutate(again=again)
    whole = {
        f"mask_{name.removeprefix('bit_')}": ibis.ifelse(once.again == 0, once[name], 0)
        .sum()
        .over(group_by=once.order_uid)
        .cast("int64")
        for name in known.columns
        if name.startswith("bit_")
    }
    return once.mutate(**whole).drop("again", *(name for name in known.columns if name.startswith("bit_")))


def told_by_set(engine: Engine, name: str, sets: Sets, values: np.ndarray, channels: list[str]) -> Table:
    """Return and keep what is said of each member of the sets that sales were made after: masks, channel, effect."""
    own = sets.conversions.sum(axis=1)[sets.of] > 0
    masks = {f"mask_{word}": pa.array(sets.masks[sets.of[own], word]) for word in range(sets.masks.shape[1])}
    names = pa.array(channels, pa.string()).take(pa.array(sets.channel[own]))
    data = pa.table({**masks, "channel": names, "effect_of_set": pa.array(values[own])})
    schema: Mapping[str, str] = {**dict.fromkeys(masks, "int64"), "channel": "string", "effect_of_set": "float64"}
    return engine.take(name, data, dict(schema))


def _words(channels: int) -> int:
    return max(channels - 1, 0) // WORD + 1


def _masks(known: Table) -> list[str]:
    return [name.replace("bit", "mask") for name in known.columns if name.startswith("bit_")]


def by_masks(masks: np.ndarray, fold: np.ndarray, journeys: np.ndarray, conversions: np.ndarray, channels: int) -> Sets:
    """Return sets that are told by row: `masks` (rows, words), and one number per row of all others.

    Puts the folds of each set side by side, and lists the members. All journeys are those of the rows.
    """
    distinct, place = np.unique(masks, axis=0, return_inverse=True)
    met, bought = (np.zeros((len(distinct), FOLDS)) for _ in range(2))
    met[place.ravel(), fold], bought[place.ravel(), fold] = journeys, conversions
    holds = [np.flatnonzero(distinct[:, code // WORD] >> (code % WORD) & 1) for code in range(channels)]
    of = np.concatenate([*holds, np.zeros(0, np.int64)])
    channel = np.repeat(np.arange(channels), [len(own) for own in holds])
    in_order = np.lexsort((channel, of))
    return Sets(distinct, of[in_order], channel[in_order], met, bought, int(journeys.sum()), int(conversions.sum()))


def masks_of(of: np.ndarray, channel: np.ndarray, sets: int, channels: int) -> np.ndarray:
    """Return the masks (sets, words) of sets whose members are told one by one, as `Sets` has them."""
    found = np.zeros((sets, _words(channels)), np.int64)
    np.bitwise_or.at(found, (of, channel // WORD), np.left_shift(1, channel % WORD))
    return found
