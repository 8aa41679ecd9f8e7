"""Effects: what channels did for sales, learnt from all journeys, those that led to no sale among them.

A model that learns says of each channel one number that is not below zero, and where that depends on the company, one
for each set of channels too. `learn` counts in the engine, solves on the counts, and returns the numbers as tables and
what they rest on for the card of the run. Each model is a module with a function `find`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.effects import logistic, markov, noisy_or, rates, sets, shao_li
from jalon.attribution.effects.counts import counted_channels, way
from jalon.attribution.effects.finding import DIGITS, Finder, Found, Material
from jalon.attribution.effects.jackknife import Ends
from jalon.attribution.engine import Engine
from jalon.attribution.hazard import NAME as HAZARD
from jalon.attribution.hazard import Weigher
from jalon.attribution.hazard import find as find_hazard

if TYPE_CHECKING:
    from jalon.attribution.options import Options

EFFECTS = {
    "model": "string",
    "channel": "string",
    "effect": "float64",
    "low": "float64",
    "high": "float64",
    "half_life_days": "float64",
    "steps": "int64",
    "journeys": "int64",
    "base_rate": "float64",
}
"""One row per model and channel: its effect with its 90 % interval (null: not known), how many steps and journeys met
it, and the share of all journeys that converted."""

_BY: dict[str, Finder] = {
    "markov": markov.find,
    "shapley_rate": rates.find,
    "shapley_noisy_or": noisy_or.find,
    "shao_li": shao_li.find,
    "logistic": logistic.find,
}
"""Model that learns -> what finds its effects."""


class BySet(NamedTuple):
    """`bits` of channels, and `effects`: rows of masks, channel and `effect_of_set` (`sets.told_by_set`)."""

    bits: Table
    effects: Table


class Learnt(NamedTuple):
    """`effects`: rows as `EFFECTS`. `told`: model -> what it rests on, as JSON-able data. `by_set`: model -> effects
    of channels in the sets that they were met in. `weighers`: model -> what gives points in place of its registry row,
    for a model that weighs by more than channels, or leaves a part to nobody."""

    effects: Table
    told: dict[str, dict[str, Any]]
    by_set: Mapping[str, BySet] = MappingProxyType({})
    weighers: Mapping[str, Weigher] = MappingProxyType({})


class Journeys(NamedTuple):
    """Tables of the run that is going on: steps to sales, steps that led to none, and touchpoints with `channel`."""

    steps: Table
    open_steps: Table
    touches: Table


def learn(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what those models of the options found that learn."""
    learnt = _of_channels(engine, journeys, options)
    return _with_hazard(engine, journeys, options, learnt) if HAZARD in options.models else learnt


def _with_hazard(engine: Engine, journeys: Journeys, options: Options, learnt: Learnt) -> Learnt:
    """Add what the additive hazard found: it hears of times, not of sets or steps, and weighs by itself."""
    found = find_hazard(engine, journeys, options)
    rows = {"model": [HAZARD] * len(found.effects["channel"]), **found.effects} if found.effects else None
    effects = engine.take("hazard_effects", None if rows is None else pa.table(rows), EFFECTS)
    return learnt._replace(
        effects=learnt.effects.union(effects),
        told={**learnt.told, HAZARD: found.told},
        weighers={**learnt.weighers, HAZARD: found.weigher},
    )


def _of_channels(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what those models found that say one number of each channel, or of each in a set."""
    asked = [name for name in _BY if name in options.models]
    if not asked:
        return Learnt(engine.take("effects", None, EFFECTS), {})
    met = way(engine, *journeys)
    material = Material(engine, met, counted_channels(engine, met))
    if not met.channels:
        return Learnt(engine.take("effects", None, EFFECTS), {name: {} for name in asked})
    found = {name: _BY[name](material, options.parameters(name)) for name in asked}
    by_set = {name: _by_set(material, name, each.by_set) for name, each in found.items() if each.by_set is not None}
    rows = pa.concat_tables([_rows(name, material, each) for name, each in found.items()])
    engine.drop("way", "codes", "bits")
    return Learnt(engine.take("effects", rows, EFFECTS), {name: each.told for name, each in found.items()}, by_set)


def with_effect(features: Table, model: str, learnt: Learnt) -> Table:
    """Add to the steps of journeys the `effect` of each one's channel; of a set that was not learnt, as if alone."""
    own = learnt.effects.filter(learnt.effects.model == model).select("channel", "effect")
    joined = features.join(own, "channel")
    if model not in learnt.by_set:
        return joined
    bits, effects = learnt.by_set[model]
    masked = sets.with_masks(joined, bits)
    masks = [name for name in effects.columns if name.startswith("mask_")]
    found = masked.left_join(effects, [*masks, "channel"])
    told = ibis.coalesce(found.effect_of_set, found.effect)
    return found.mutate(effect=told).select(*joined.columns)


def _by_set(material: Material, model: str, values: np.ndarray) -> BySet:
    """Keep what a model says of sets, under its own name: `bits` of another run over other steps may follow."""
    engine = material.engine
    bits = engine.keep(f"bits_{model}", material.bits)
    shown = np.round(np.maximum(values, 0.0), DIGITS)
    return BySet(bits, sets.told_by_set(engine, f"sets_{model}", material.sets, shown, material.met.channels))


def _rows(model: str, material: Material, found: Found) -> pa.Table:
    size = len(material.met.channels)
    ends = found.ends or Ends(*np.full((2, size), np.nan))
    columns = {
        "model": pa.array([model] * size, pa.string()),
        "channel": pa.array(material.met.channels, pa.string()),
        "effect": pa.array(np.round(np.maximum(found.effects, 0.0), DIGITS), pa.float64()),
        **{
            name: pa.array(np.round(end, DIGITS), pa.float64(), from_pandas=True)
            for name, end in ends._asdict().items()
        },
        "half_life_days": pa.nulls(size, pa.float64()),
        "steps": material.channels["steps"],
        "journeys": material.channels["journeys"],
        "base_rate": pa.array([found.told["base_rate"]] * size, pa.float64()),
    }
    return pa.table(columns)
