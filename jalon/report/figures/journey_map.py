"""The journey map as figures: per stage model its stages, its channels in order, its cells and the credit in them."""

from __future__ import annotations

from typing import Any

from jalon.attribution.presets import PRESETS
from jalon.report.marts.channel_places import in_order, place

Row = dict[str, Any]


def by_preset(cells: list[Row], credit: list[Row]) -> Row:
    """Return the map of each stage model, of rows of `rpt_journey_map` and `rpt_journey_credit`."""
    return {preset: _one_map(preset, cells, credit) for preset in PRESETS}


def _one_map(preset: str, cells: list[Row], credit: list[Row]) -> Row:
    own = [cell for cell in cells if cell["preset"] == preset]
    stages: list[Row] = [
        {"id": stage.id, "english": stage.english, "french": stage.french} for stage in PRESETS[preset]
    ]
    if any(cell["stage"] == "unknown" for cell in own):
        stages.append({"id": "unknown", "english": "No rule fits", "french": "Sans étape"})
    return {
        "stages": stages,
        "channels": [{"id": channel, "group": place(channel)[0]} for channel in _in_order(own)],
        "cells": {f"{cell['channel']}/{cell['stage']}": cell for cell in own},
        "credit": [row for row in credit if row["preset"] == preset],
    }


def _in_order(cells: list[Row]) -> list[str]:
    """Order channels by their place; those without one of their own by touchpoints."""
    met: dict[str, int] = {}
    for cell in cells:
        met[cell["channel"]] = met.get(cell["channel"], 0) + cell["touchpoints"]
    return in_order(met, met)
