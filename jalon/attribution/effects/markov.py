"""Removal effects of Markov chains, and how well chains of each order tell what they have not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jalon.attribution.effects import chains, choice, jackknife
from jalon.attribution.effects.finding import DIGITS, Found, Material, base
from jalon.attribution.effects.removal import removal_effects
from jalon.attribution.groups import GROUPS


def find(material: Material, parameters: Mapping[str, Any]) -> Found:
    """Return the removal effects of chains of the order that is given, or of the one that is proposed."""
    rows = material.steps
    columns = {name: rows[name].to_numpy() for name in rows.column_names}
    history = np.column_stack([columns[name] for name in rows.column_names if name.startswith("before_")])
    steps = chains.Steps(history, *(columns[name] for name in ("code", "often", "ends", "converts")))
    compared = choice.choose(steps, columns["fold"])
    given = parameters["markov_order"]
    order = (compared.proposed or 1) if given == "auto" else given
    solved = chains.chain(chains.shortened(steps, order))
    effects = removal_effects(solved, len(material.names))
    told = {
        **base(steps.ends.sum(), steps.converts.sum()),
        "order": order,
        "states": len(solved.states),
        "sum_of_effects": round(float(effects.sum()), DIGITS),
        "order_proposed": compared.proposed,
        "loss_of_way": {str(k): round(v, 6) for k, v in compared.way.items()},
        "loss_of_outcome": {str(k): round(v, 6) for k, v in compared.outcome.items()},
    }
    return Found(effects, told, ends=jackknife.ends(effects, _without(material, steps, columns["fold"], order), 1.0))


def _without(material: Material, steps: chains.Steps, fold: np.ndarray, order: int) -> np.ndarray:
    """Return the effects without each group of persons; of a longer memory, without each fifth."""
    channels = len(material.names)
    if order > 1:
        kept = steps._replace(history=steps.history[:, steps.order - order :])
        return np.array(list(left_out(kept, fold, choice.FOLDS, channels)))
    rows = material.in_groups
    columns = [rows[name].to_numpy() for name in ("before_1", "code", "often", "ends", "converts")]
    in_groups = chains.Steps(columns[0][:, None], *columns[1:])
    return np.array(list(left_out(in_groups, rows["person_group"].to_numpy(), GROUPS, channels)))


def left_out(steps: chains.Steps, part: np.ndarray, parts: int, channels: int) -> Iterator[np.ndarray]:
    """Yield the effects that the journeys of all but one part have; zero where there are no others."""
    rows, place = chains.distinct([*steps.history.T, steps.channel])
    cells = place * parts + part
    own = [
        np.bincount(cells, column, len(rows) * parts).reshape(-1, parts)
        for column in (steps.often, steps.ends, steps.converts)
    ]
    left = [column.sum(axis=1, keepdims=True) - column for column in own]
    for number in range(parts):
        kept = left[0][:, number] > 0
        sums = (column[kept, number] for column in left)
        others = chains.Steps(rows[kept, :-1], rows[kept, -1], *sums)
        yield removal_effects(chains.chain(others), channels) if kept.any() else np.zeros(channels)
