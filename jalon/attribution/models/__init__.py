"""Attribution models: how the credit for a sale is shared among the touchpoints of its journey.

A model is a row of the registry: its card (what it assumes, its formula, where that comes from) and a function that
gives each step of a journey whole-number `points`; a step's weight is its points by the sum of the journey's. Whole
numbers make weights exact and the same on every engine. `weighing` asks the functions, `money` turns weights into
credit. A model that `learns` weighs by its channels' `effects`, which are learnt from all journeys first.

The rows are in `rules` and `learners`.
"""

from __future__ import annotations

from jalon.attribution.models.card import Model
from jalon.attribution.models.learners import LEARNERS
from jalon.attribution.models.rules import RULES

__all__ = ["MODELS", "USUAL", "Model"]

MODELS: dict[str, Model] = {model.name: model for model in (*RULES, *LEARNERS)}
"""Name -> model."""

USUAL = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "markov", "shapley", "incremental")
"""Models that are computed when none is named."""
