"""Removal effects of Markov chains, and how well chains of each order tell what they have not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jalon.attribution.effects import chains, choice
from jalon.attribution.effects.counts import counted_steps
from jalon.attribution.effects.finding import DIGITS, Found, Material, base


def find(material: Material, parameters: Mapping[str, Any]) -> Found:
    """Return the removal effects of chains of the order that is given, or of the one that is proposed."""
    rows = counted_steps(material.engine, material.met)
    columns = {name: rows[name].to_numpy() for name in rows.column_names}
    history = np.column_stack([columns[name] for name in rows.column_names if name.startswith("before_")])
    steps = chains.Steps(history, *(columns[name] for name in ("code", "often", "ends", "converts")))
    compared = choice.choose(steps, columns["fold"])
    given = parameters["markov_order"]
    order = (compared.proposed or 1) if given == "auto" else given
    solved = chains.chain(chains.shortened(steps, order))
    effects = chains.removal_effects(solved, len(material.met.channels))
    told = {
        **base(steps.ends.sum(), steps.converts.sum()),
        "order": order,
        "states": len(solved.states),
        "sum_of_effects": round(float(effects.sum()), DIGITS),
        "order_proposed": compared.proposed,
        "loss_of_way": {str(k): round(v, 6) for k, v in compared.way.items()},
        "loss_of_outcome": {str(k): round(v, 6) for k, v in compared.outcome.items()},
    }
    return Found(effects, told)
