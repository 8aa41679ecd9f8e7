"""Effects: what channels did for sales, learnt from all journeys, those that led to no sale among them.

A model that learns says of each channel one number that is not below zero. `learn` counts in the engine, solves on the
counts, and returns the numbers as a table and what they rest on for the card of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.effects import chains, choice, coalitions
from jalon.attribution.effects.counts import Way, counted_channels, counted_sets, counted_steps, way
from jalon.attribution.engine import Engine

if TYPE_CHECKING:
    from jalon.attribution.options import Options

EFFECTS = {
    "model": "string",
    "channel": "string",
    "effect": "float64",
    "steps": "int64",
    "journeys": "int64",
    "base_rate": "float64",
}
"""One row per model and channel: its effect, how many steps and journeys met it, and the share of all journeys that
converted."""
DIGITS = 12
"""Effects are rounded to so many decimals, so that no summation order of the solver shows in what is written."""


class Learnt(NamedTuple):
    """`effects`: rows as `EFFECTS`. `told`: model -> what it rests on, as JSON-able data."""

    effects: Table
    told: dict[str, dict[str, Any]]


class Journeys(NamedTuple):
    """Tables of the run that is going on: steps to sales, steps that led to none, and touchpoints with `channel`."""

    steps: Table
    open_steps: Table
    touches: Table


def learn(engine: Engine, journeys: Journeys, options: Options) -> Learnt:
    """Return what those models of the options found that learn."""
    asked = [name for name in _BY if name in options.models]
    if not asked:
        return Learnt(engine.take("effects", None, EFFECTS), {})
    met = way(engine, *journeys)
    channels = counted_channels(engine, met)
    found, told = [], {}
    for name in asked:
        values, rests_on = (
            _BY[name](engine, met, channels, options.parameters(name)) if met.channels else (np.zeros(0), {})
        )
        base = rests_on.get("base_rate", 0.0)
        found.append(_rows(name, met, channels, np.maximum(values, 0.0), base))
        told[name] = rests_on
    engine.drop("way", "codes", "players")
    return Learnt(engine.take("effects", pa.concat_tables(found), EFFECTS), told)


def _rows(model: str, met: Way, channels: pa.Table, values: np.ndarray, base: float) -> pa.Table:
    size = len(met.channels)
    columns = {
        "model": pa.array([model] * size, pa.string()),
        "channel": pa.array(met.channels, pa.string()),
        "effect": pa.array(np.round(values, DIGITS), pa.float64()),
        "steps": channels["steps"],
        "journeys": channels["journeys"],
        "base_rate": pa.array([base] * size, pa.float64()),
    }
    return pa.table(columns)


def _markov(
    engine: Engine, met: Way, channels: pa.Table, parameters: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the removal effects, and how well each order tells what it has not seen."""
    rows = counted_steps(engine, met)
    columns = {name: rows[name].to_numpy() for name in rows.column_names}
    history = np.column_stack([columns[name] for name in rows.column_names if name.startswith("before_")])
    steps = chains.Steps(history, *(columns[name] for name in ("code", "often", "ends", "converts")))
    compared = choice.choose(steps, columns["fold"])
    given = parameters["markov_order"]
    order = (compared.proposed or 1) if given == "auto" else given
    solved = chains.chain(chains.shortened(steps, order))
    effects = chains.removal_effects(solved, len(channels))
    told = {
        **_base(steps.ends.sum(), steps.converts.sum()),
        "order": order,
        "states": len(solved.states),
        "sum_of_effects": round(float(effects.sum()), DIGITS),
        "order_proposed": compared.proposed,
        "loss_of_way": {str(k): round(v, 6) for k, v in compared.way.items()},
        "loss_of_outcome": {str(k): round(v, 6) for k, v in compared.outcome.items()},
    }
    return effects, told


def _shapley_rate(
    engine: Engine, met: Way, channels: pa.Table, parameters: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the Shapley values; of more than 20 channels the rarest play as one, and share by their journeys."""
    journeys = channels["journeys"].to_numpy()
    by_size = np.lexsort((np.arange(len(journeys)), -journeys))
    players = min(len(journeys), coalitions.MAX_PLAYERS)
    bits = np.minimum(np.argsort(by_size, kind="stable"), players - 1)
    sets = counted_sets(engine, met, {code: int(bit) for code, bit in enumerate(bits, start=1)})
    masks, met_by, won = (sets[name].to_numpy() for name in ("mask", "journeys", "conversions"))
    values = coalitions.rate_values(masks, met_by, won, players, parameters["prior_journeys"])
    whole = np.bincount(bits, journeys, players)
    effects = values[bits] * journeys / whole[bits]
    told = {
        **_base(met_by.sum(), won.sum()),
        "players": players,
        "taken_together": [met.channels[i] for i in np.flatnonzero(bits == players - 1)] if players < len(bits) else [],
        "below_zero": {met.channels[i]: round(float(effects[i]), DIGITS) for i in np.flatnonzero(effects < 0)},
    }
    return effects, told


def _base(journeys: float, conversions: float) -> dict[str, Any]:
    return {
        "journeys": int(journeys),
        "conversions": int(conversions),
        "base_rate": round(float(conversions / journeys), DIGITS),
    }


_BY = {"markov": _markov, "shapley_rate": _shapley_rate}
