"""What the models that learn find of all journeys, those that led to no sale among them.

A model that learns says of each channel one number that is not below zero, and where that depends on the company, one
for each set of channels too. `learn` counts in the engine, solves on the counts, and returns the numbers as tables and
what they rest on for the card of the run. Each model is a module with a function `find`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.codes import BEFORE, coded
from jalon.attribution.effects import counterfactual, logistic, markov, noisy_or, rates, sets, shao_li, states
from jalon.attribution.effects.counts import way, with_before
from jalon.attribution.effects.finding import DIGITS, Counting, Finder, Found, Material
from jalon.attribution.effects.jackknife import Ends
from jalon.attribution.effects.states import CHANNEL
from jalon.attribution.engine import Engine
from jalon.attribution.hazard import NAME as HAZARD
from jalon.attribution.hazard import find as find_hazard
from jalon.attribution.journeys import Journeys
from jalon.attribution.leaving import Found as FoundInTime
from jalon.attribution.leaving import Weigher
from jalon.attribution.options import Options

EFFECTS = {
    "model": "string",
    "state": "string",
    "channel": "string",
    "effect": "float64",
    "low": "float64",
    "high": "float64",
    "half_life_days": "float64",
    "steps": "int64",
    "journeys": "int64",
    "base_rate": "float64",
}
"""One row per model and state, which is a channel unless the model tells steps apart by something else (`states`; then
`channel` is null): its effect with its 90 % interval (null: not known), how many steps and journeys met it, and the
share of all journeys that converted."""

_BY: dict[str, Finder] = {
    "markov": markov.find,
    "shapley_rate": rates.find,
    "shapley_noisy_or": noisy_or.find,
    "shao_li": shao_li.find,
    "logistic": logistic.find,
}
"""Model that learns -> what finds its effects."""

BY_SUMS = tuple(_BY)
"""Models for which sums are enough (`of_sums`)."""

_IN_TIME: dict[str, Callable[[Engine, Journeys, Options], FoundInTime]] = {
    HAZARD: find_hazard,
    counterfactual.NAME: counterfactual.find,
}
"""Model that hears of times, not of sets or steps alone, -> what finds its effects and weighs by itself."""


class BySet(NamedTuple):
    """`bits` of channels, and `effects`: rows of masks, channel and `effect_of_set` (`sets.told_by_set`)."""

    bits: Table
    effects: Table


class Learnt(NamedTuple):
    """`effects`: rows as `EFFECTS`. `told`: model -> what it rests on, as JSON-able data. `by_set`: model -> effects
    of channels in the sets that they were met in. `states`: model -> `touch_uid` and `state` of touchpoints, for a
    model whose states are not channels. `weighers`: model -> what gives points in place of its registry row,
    for a model that weighs by more than channels, or leaves a part to nobody."""

    effects: Table
    told: dict[str, dict[str, Any]]
    by_set: Mapping[str, BySet] = MappingProxyType({})
    states: Mapping[str, Table] = MappingProxyType({})
    weighers: Mapping[str, Weigher] = MappingProxyType({})


def learn(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what those models of the options found that learn."""
    learnt = _of_channels(engine, journeys, options)
    for name, find in _IN_TIME.items():
        if name in options.models:
            learnt = _with(engine, name, find(engine, journeys, options), learnt)
    return learnt


def _with(engine: Engine, name: str, found: FoundInTime, learnt: Learnt) -> Learnt:
    """Add what a model found that weighs by itself."""
    channels = found.effects.get("channel", [])
    rows = pa.table({"model": [name] * len(channels), "state": channels, **found.effects}) if channels else None
    effects = engine.take(f"{name}_effects", rows, EFFECTS)
    return learnt._replace(
        effects=learnt.effects.union(effects),
        told={**learnt.told, name: found.told},
        weighers={**learnt.weighers, name: found.weigher},
    )


def _of_channels(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what those models found that say one number of each channel or other state, or of each in a set."""
    asked = {name: options.parameters(name) for name in _BY if name in options.models}
    kinds = {name: parameters.get("markov_state", CHANNEL) for name, parameters in asked.items()}
    materials = {kind: material(engine, journeys, kind) for kind in dict.fromkeys(kinds.values())}
    if not all(heard.names for heard in materials.values()) or not asked:
        return Learnt(engine.take("effects", None, EFFECTS), {name: {} for name in asked})
    found = {name: _BY[name](materials[kinds[name]], parameters) for name, parameters in asked.items()}
    rows = pa.concat_tables([_rows(name, kinds[name], materials[kinds[name]], each) for name, each in found.items()])
    learnt = Learnt(
        engine.take("effects", rows, EFFECTS),
        told={name: each.told for name, each in found.items()},
        by_set={name: _by_set(materials[CHANNEL], name, f.by_set) for name, f in found.items() if f.by_set is not None},
        states={name: _named(kind) for name, kind in kinds.items() if kind != CHANNEL},
    )
    engine.drop("bits", *(_way(kind) for kind in materials))
    engine.drop(*(name for kind in materials if kind != CHANNEL for name in (_codes(kind), _open(kind))))
    return learnt


def material(engine: Engine, journeys: Journeys, kind: str = CHANNEL) -> Counting:
    """Count the journeys by channels, or by what else is to tell their steps apart."""
    steps, open_steps, codes = journeys.steps, journeys.open_steps, journeys.codes
    if kind != CHANNEL:
        both = steps.select("touch_uid").union(open_steps.select("touch_uid"))
        met = engine.keep(f"states_{kind}", states.states(journeys.touches, both, kind)).rename(channel="state")
        steps, left = (
            steps.drop("channel").join(met, "touch_uid"),
            open_steps.drop("code", *BEFORE).join(met, "touch_uid"),
        )
        codes = coded(engine, _codes(kind), [steps, left])
        open_steps = engine.keep(_open(kind), with_before(left, codes, left.journey_id))
    return Counting(engine, way(engine, steps, open_steps, codes, _way(kind)))


def of_sums(heard: Material, model: str, parameters: Mapping[str, Any]) -> tuple[pa.Table, dict[str, Any]]:
    """Return what a model of `BY_SUMS` finds, rows as `EFFECTS` by state, and what it rests on."""
    if not heard.names:
        return _SCHEMA.empty_table(), {}
    found = _BY[model](heard, parameters)
    return _rows(model, CHANNEL, heard, found).cast(_SCHEMA), found.told


_SCHEMA = ibis.schema(EFFECTS).to_pyarrow()


def _way(kind: str) -> str:
    return "way" if kind == CHANNEL else f"way_by_{kind}"


def _codes(kind: str) -> str:
    return f"codes_of_{kind}"


def _open(kind: str) -> str:
    return f"open_by_{kind}"


def _named(kind: str) -> Table:
    """Return the states that `material` kept."""
    return ibis.table({"touch_uid": "string", "state": "string"}, name=f"states_{kind}")


def _by_set(heard: Counting, model: str, values: np.ndarray) -> BySet:
    """Keep what a model says of sets, under its own name: `bits` of another run over other steps may follow."""
    engine = heard.engine
    bits = engine.keep(f"bits_{model}", heard.bits)
    shown = np.round(np.maximum(values, 0.0), DIGITS)
    return BySet(bits, sets.told_by_set(engine, f"sets_{model}", heard.sets, shown, heard.names))


def _rows(model: str, kind: str, heard: Material, found: Found) -> pa.Table:
    size = len(heard.names)
    ends = found.ends or Ends(*np.full((2, size), np.nan))
    columns = {
        "model": pa.array([model] * size, pa.string()),
        "state": pa.array(heard.names, pa.string()),
        "channel": pa.array(heard.names if kind == CHANNEL else [None] * size, pa.string()),
        "effect": pa.array(np.round(np.maximum(found.effects, 0.0), DIGITS), pa.float64()),
        **{
            name: pa.array(np.round(end, DIGITS), pa.float64(), from_pandas=True)
            for name, end in ends._asdict().items()
        },
        "half_life_days": pa.nulls(size, pa.float64()),
        "steps": heard.channels["steps"],
        "journeys": heard.channels["journeys"],
        "base_rate": pa.array([found.told["base_rate"]] * size, pa.float64()),
    }
    return pa.table(columns)
