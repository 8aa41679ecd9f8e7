"""Which models people are shown, and which of them first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jalon.attribution.models import MODELS

Row = dict[str, Any]
PREFERRED = ("incremental", "last_non_direct")
"""Models that are shown first, the better one before the other; nothing is shown that was not learnt."""


def shown(card: Row) -> list[str]:
    """Return the names of the models that are shown: not those that have learnt nothing, unless there is no other."""
    untaught = {row["name"] for row in not_learnt(card)}
    return [name for name in MODELS if name in card["models"] and name not in untaught] or list(card["models"])


def preferred(models: Sequence[str]) -> str:
    """Return which of these models is shown first."""
    return next((name for name in PREFERRED if name in models), models[0])


def not_learnt(card: Row) -> list[Row]:
    """Return the models that learnt nothing, and so credit nobody, with the reason."""
    untaught = {name: told["because"] for name, told in card["learnt"].items() if told.get("learnt") is False}
    return [{"name": name, "title": MODELS[name].title, "because": because} for name, because in untaught.items()]


def chosen_model(told: Row) -> str:
    """Return the model of figures that page and summary show first."""
    return preferred([model["name"] for model in told["models"]])
